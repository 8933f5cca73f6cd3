//! The XML form: `<fingerprints matches= protocol= preference=>` with `<fingerprint pattern= flags=>`, `<param pos= name= value=>`.
//!
//! What is wrong with one fingerprint costs that one alone; what is wrong with the XML costs the file. Each is told with its line.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::bytes::Captures;
use roxmltree::{Document, Node};

use super::pattern::{Pattern, Set};
use super::{Database, Trouble};

/// Nodes of a file.
const MOST_NODES: u32 = 1 << 20;

/// A fingerprint.
#[derive(Debug)]
pub(super) struct Print {
    pub description: Box<str>,
    params: Box<[Param]>,
}

#[derive(Debug)]
struct Param {
    name: Arc<str>,
    value: Value,
}

#[derive(Debug)]
enum Value {
    /// Of a group of the pattern.
    Captured(usize),
    /// As it stands.
    Constant(Arc<str>),
    /// With other fields' values within: `cpe:/a:openbsd:openssh:{service.version}`.
    Made(Arc<str>),
}

/// Gives equal texts the same memory: products and vendors stand in files hundreds of times.
#[derive(Default)]
struct Pool(std::collections::BTreeSet<Arc<str>>);

impl Pool {
    fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// Lines of offsets that rise.
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of a node, which comes behind those before.
    pub fn of(&mut self, node: Node<'_, '_>) -> usize {
        let to = node.range().start;
        let between = self.text.get(self.at..to).unwrap_or_default();
        self.line += between.bytes().filter(|b| *b == b'\n').count();
        self.at = self.at.max(to);
        self.line
    }
}

/// The document, bounded and without a DTD.
pub(super) fn document<'a>(file: &str, text: &'a str) -> Result<Document<'a>, Trouble> {
    let options = roxmltree::ParsingOptions { nodes_limit: MOST_NODES, ..Default::default() };
    let trouble = |line, why: String| Trouble { file: file.to_owned(), line, why };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let line = match error {
            // What ends too early is wrong at its end.
            roxmltree::Error::UnclosedRootNode | roxmltree::Error::UnexpectedEndOfStream => {
                text.lines().count()
            }
            _ => error.pos().row as usize,
        };
        trouble(line, format!("no sound XML: {error}"))
    })?;
    if document.root_element().has_tag_name("fingerprints") {
        Ok(document)
    } else {
        Err(trouble(1, "the outermost element is not <fingerprints>".into()))
    }
}

/// The file's name without folder and ending.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".xml").unwrap_or(name)
}

/// The fingerprints of a document, each with its pattern, in their order; what is wrong is told.
pub(super) fn prints<'a, 'i>(document: &'a Document<'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    document.root_element().children().filter(|node| node.has_tag_name("fingerprint"))
}

pub(super) fn database(
    file: &str,
    text: &str,
    is_users: bool,
    troubles: &mut Vec<Trouble>,
) -> Result<Database, Trouble> {
    let document = document(file, text)?;
    let root = document.root_element();
    let (mut lines, mut pool) = (Lines::new(text), Pool::default());
    let (mut all, mut patterns) = (Vec::new(), Vec::new());
    for node in prints(&document) {
        let line = lines.of(node);
        match print(node, &mut pool) {
            Ok((pattern, print)) => {
                patterns.push(pattern);
                all.push(print);
            }
            Err(why) => troubles.push(Trouble { file: file.to_owned(), line, why }),
        }
    }
    let preference = root.attribute("preference").and_then(|value| value.trim().parse().ok());
    Ok(Database {
        matches: root.attribute("matches").unwrap_or_else(|| stem(file)).to_owned(),
        protocol: root.attribute("protocol").map(Into::into),
        preference: preference.filter(|value: &f32| (0.0..=1.0).contains(value)).unwrap_or(0.5),
        is_users,
        set: Set::new(patterns),
        prints: all,
    })
}

fn print(node: Node<'_, '_>, pool: &mut Pool) -> Result<(Pattern, Print), String> {
    let pattern = node.attribute("pattern").ok_or("a fingerprint without a pattern")?;
    let pattern = Pattern::read(pattern, node.attribute("flags").unwrap_or_default())?;
    let description = node.children().find(|child| child.has_tag_name("description"));
    let mut params = Vec::new();
    for child in node.children().filter(|child| child.has_tag_name("param")) {
        params.push(param(child, pattern.groups, pool)?);
    }
    // How sure the fingerprint itself is stands beside what it says of services.
    if let Some(certainty) = node.attribute("certainty") {
        let value = Value::Constant(pool.get(certainty));
        params.push(Param { name: pool.get("fp.certainty"), value });
    }
    let description = description.and_then(|node| node.text()).unwrap_or_default().trim().into();
    Ok((pattern, Print { description, params: params.into() }))
}

fn param(node: Node<'_, '_>, groups: usize, pool: &mut Pool) -> Result<Param, String> {
    let name = node.attribute("name").ok_or("a param without a name")?;
    let pos = node.attribute("pos").ok_or_else(|| format!("param {name}: no pos"))?;
    let pos: usize = pos.trim().parse().map_err(|_| format!("param {name}: pos {pos:?} is no number"))?;
    let value = match (pos, node.attribute("value")) {
        (0, Some(value)) if value.contains('{') => Value::Made(pool.get(value)),
        (0, Some(value)) => Value::Constant(pool.get(value)),
        (0, None) => return Err(format!("param {name}: pos 0 needs a value")),
        (_, Some(value)) if !value.is_empty() => {
            return Err(format!("param {name}: a value beside pos {pos}, which takes the pattern's group"));
        }
        (group, _) if group > groups => {
            return Err(format!("param {name}: pos {group}, but the pattern has {groups} groups"));
        }
        (group, _) => Value::Captured(group),
    };
    Ok(Param { name: pool.get(name), value })
}

impl Print {
    /// What it says of words whose groups these are. A group that took no part gives no field.
    pub fn fields(&self, groups: &Captures<'_>) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        for param in &self.params {
            let value = match &param.value {
                Value::Captured(group) => {
                    groups.get(*group).map(|group| String::from_utf8_lossy(group.as_bytes()).into_owned())
                }
                Value::Constant(value) => Some(value.to_string()),
                Value::Made(_) => None,
            };
            if let Some(value) = value {
                fields.insert(param.name.to_string(), value);
            }
        }
        let made: Vec<(String, String)> = self
            .params
            .iter()
            .filter_map(|param| match &param.value {
                Value::Made(template) => {
                    Some((param.name.to_string(), fill(&param.name, template, &fields)?))
                }
                _ => None,
            })
            .collect();
        fields.extend(made);
        fields.retain(|name, _| !name.starts_with("_tmp."));
        fields
    }
}

/// A template with its fields put in, once: what was said is not looked through again. Of a CPE a missing version is `-`; any other
/// missing field makes none of it.
fn fill(name: &str, template: &str, fields: &BTreeMap<String, String>) -> Option<String> {
    let is_cpe = name.ends_with(".cpe23");
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, behind) = rest.split_at(open);
        out.push_str(before);
        let close = behind.find('}').filter(|close| *close > 1);
        let Some((wanted, after)) =
            close.and_then(|close| Some((behind.get(1..close)?, behind.get(close + 1..)?)))
        else {
            out.push('{');
            rest = &behind[1..];
            continue;
        };
        match fields.get(wanted).filter(|value| !value.is_empty()) {
            Some(value) if is_cpe => value.chars().for_each(|c| cpe(c, &mut out)),
            Some(value) => out.push_str(value),
            None if is_cpe && wanted.ends_with("version") => out.push('-'),
            None => return None,
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// A character within a CPE's part, percent-encoded where it would end the part (NISTIR 7695, URI binding).
fn cpe(c: char, out: &mut String) {
    use std::fmt::Write;
    if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~') {
        out.push(c.to_ascii_lowercase());
    } else {
        let mut bytes = [0; 4];
        for byte in c.encode_utf8(&mut bytes).bytes() {
            let _ = write!(out, "%{byte:02x}");
        }
    }
}
