//! HTTP/1 (RFC 9112), and what looks like it: RTSP and SIP.
//!
//! Of an answer the head, and as much of the body as tells a page's title or which control plane gives itself away; of a
//! request what is asked for, of whom, and by whom. Values of `Authorization` and `Cookie` are never looked at.

use super::bytes::{find, find_any_case, line, starts_any_case};
use super::facts::Facts;
use super::speech::Speech;
use super::windows;
use memchr::memchr;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

/// Methods of HTTP, WebDAV, RTSP, SIP and SSDP.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"MOVE",
    b"COPY",
    b"LOCK",
    b"UNLOCK",
    b"SEARCH",
    b"REPORT",
    b"DESCRIBE",
    b"SETUP",
    b"PLAY",
    b"TEARDOWN",
    b"INVITE",
    b"REGISTER",
    b"M-SEARCH",
    b"NOTIFY",
    b"SUBSCRIBE",
    b"PRI",
    b"DEBUG",
    b"PURGE",
    b"RPC_IN_DATA",
    b"INDEX",
];

/// Whether a request line of these protocols begins here: a known method and a path, or any method with a version behind.
pub(super) fn is_request(bytes: &[u8]) -> bool {
    let method =
        bytes.iter().take(20).take_while(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_')).count();
    if method == 0 || bytes.get(method) != Some(&b' ') {
        return false;
    }
    // `GET key` of other protocols has neither a path nor a version.
    let has_path = matches!(bytes.get(method + 1), Some(b'/' | b'*'));
    (has_path && METHODS.contains(&&bytes[..method])) || version(line(bytes).0).is_some()
}

pub(super) fn is_answer(bytes: &[u8]) -> bool {
    [&b"HTTP/"[..], b"RTSP/", b"SIP/", b"ICY "].iter().any(|start| bytes.starts_with(start))
}

/// The version at the end of a request line.
fn version(line: &[u8]) -> Option<&[u8]> {
    let last = line.rsplit(|b| *b == b' ').next()?;
    is_answer(last).then_some(last)
}

fn protocol_of(version: &[u8]) -> Protocol {
    match version {
        [b'R', ..] => Protocol::Rtsp,
        [b'S', ..] => Protocol::Sip,
        _ => Protocol::Http,
    }
}

/// The fields behind the first line, and where they end; read line by line, once.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The blank line was there.
    is_whole: bool,
}

impl<'a> Fields<'a> {
    /// Behind a first line.
    fn of(bytes: &'a [u8]) -> Self {
        let at = memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
        Self { bytes, at, is_whole: false }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    /// Name and value; a last line without an end is none. Lines without a colon are passed over.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = &self.bytes[self.at..];
            let end = memchr(b'\n', rest)?;
            self.at += end + 1;
            let line = &rest[..end];
            if matches!(line, [] | [b'\r']) {
                self.is_whole = true;
                return None;
            }
            if let Some(colon) = memchr(b':', line) {
                return Some((&line[..colon], line[colon + 1..].trim_ascii()));
            }
        }
    }
}

pub(super) fn client(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let (request, whole) = line(bytes);
    let version = version(request);
    let (mut host, mut agent) = (&[][..], &[][..]);
    let mut fields = Fields::of(bytes);
    for (name, value) in &mut fields {
        if name.eq_ignore_ascii_case(b"host") {
            host = value;
        } else if name.eq_ignore_ascii_case(b"user-agent") {
            agent = value;
        }
    }
    // HTTP/0.9 and sloppy probes have a request line and no more.
    let is_told = fields.is_whole || speech.ended || (whole && version.is_none());
    if !is_told {
        return None;
    }
    facts.add(FactKind::Request, request_of(request));
    if let Some(version) = version {
        facts.add(FactKind::Protocol, version);
    }
    facts.add(FactKind::AskedName, host);
    facts.add(FactKind::UserAgent, agent);
    Some(version.map_or(Protocol::Http, protocol_of))
}

/// Method and target.
pub(super) fn request_of(line: &[u8]) -> &[u8] {
    match version(line) {
        Some(version) => line[..line.len() - version.len()].trim_ascii_end(),
        None => line,
    }
}

pub(super) fn server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let (status, _) = line(bytes);
    let mut answer = Answer::default();
    let mut words = status.split(|b| *b == b' ');
    let version = words.next().unwrap_or_default();
    answer.status = words.next().and_then(|s| std::str::from_utf8(s).ok()?.parse().ok()).unwrap_or(0);
    let mut fields = Fields::of(bytes);
    for (name, value) in &mut fields {
        answer.field(name, value);
    }
    let body = &bytes[fields.at..];
    let is_told = speech.ended || (fields.is_whole && answer.is_told(body));
    if !is_told {
        return None;
    }
    facts.add(FactKind::Title, status);
    facts.add(FactKind::Protocol, version);
    for software in answer.software {
        facts.add(FactKind::Software, software);
    }
    for challenge in answer.challenges {
        if !challenge.is_empty() {
            login(challenge, facts);
        }
    }
    if answer.is_page
        && let Some(title) = title(body)
    {
        facts.add(FactKind::Title, title);
    }
    if answer.status == 200 && (answer.is_json || body.trim_ascii_start().first() == Some(&b'{')) {
        control_plane(body, facts);
    }
    Some(protocol_of(version))
}

/// What a head says.
#[derive(Default)]
struct Answer<'a> {
    status: u16,
    length: Option<usize>,
    is_chunked: bool,
    is_page: bool,
    is_json: bool,
    software: [&'a [u8]; 2],
    /// Logins asked for: a server may offer several.
    challenges: [&'a [u8]; 4],
}

impl<'a> Answer<'a> {
    fn field(&mut self, name: &[u8], value: &'a [u8]) {
        // Most fields differ in length from all of these.
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        match name.len() {
            6 if is(b"server") => self.software[0] = value,
            10 if is(b"user-agent") => self.software[0] = value,
            12 if is(b"x-powered-by") => self.software[1] = value,
            12 if is(b"content-type") => {
                self.is_page = find_any_case(value, b"html").is_some();
                self.is_json = find_any_case(value, b"json").is_some();
            }
            14 if is(b"content-length") => {
                self.length = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
            }
            16 if is(b"www-authenticate") => self.challenge(value),
            17 if is(b"transfer-encoding") => self.is_chunked = starts_any_case(value, b"chunked"),
            18 if is(b"proxy-authenticate") => self.challenge(value),
            _ => {}
        }
    }

    fn challenge(&mut self, value: &'a [u8]) {
        if let Some(free) = self.challenges.iter_mut().find(|challenge| challenge.is_empty()) {
            *free = value;
        }
    }

    /// Whether more of the body would tell no more.
    fn is_told(&self, body: &[u8]) -> bool {
        let has_body = !matches!(self.status, 100..200 | 204 | 304) && self.length != Some(0);
        !has_body
            || !(self.is_page || self.is_json)
            || self.length.is_some_and(|length| body.len() >= length)
            || (self.is_chunked && body.ends_with(b"0\r\n\r\n"))
            || (self.is_page && title(body).is_some())
    }
}

/// Which login is asked for: the scheme, and the realm where there is one.
fn login(challenge: &[u8], facts: &mut Facts) {
    let scheme = challenge.split(|b| *b == b' ').next().unwrap_or_default();
    let realm = find_any_case(challenge, b"realm=").map(|at| {
        let value = &challenge[at..];
        let quote = value.iter().position(|b| *b == b'"');
        let close = quote.and_then(|q| Some(q + 1 + value[q + 1..].iter().position(|b| *b == b'"')? + 1));
        &value[..close.unwrap_or_else(|| value.iter().position(|b| *b == b',').unwrap_or(value.len()))]
    });
    facts.join(FactKind::Login, &[b"asks for a login: ", scheme, b" ", realm.unwrap_or_default()]);
    if let Some(blob) = challenge.strip_prefix(b"NTLM ").or_else(|| challenge.strip_prefix(b"Negotiate ")) {
        windows::ntlm(&base64(blob), facts);
    }
}

/// Decodes what is sound of a short base64 text.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in text.iter().take(4096) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    out
}

fn title(body: &[u8]) -> Option<&[u8]> {
    let from = find_any_case(body, b"<title")?;
    let from = from + body[from..].iter().position(|b| *b == b'>')? + 1;
    let to = from + find_any_case(&body[from..], b"</title")?;
    Some(body[from..to].trim_ascii())
}

/// Control planes that answer a stranger, by the names in their JSON.
fn control_plane(body: &[u8], facts: &mut Facts) {
    const PLANES: &[(&str, &[u8], &[u8])] = &[
        ("Kubernetes", b"gitVersion", b"gitTreeState"),
        ("Docker", b"Version", b"ApiVersion"),
        ("Docker", b"ServerVersion", b"Containers"),
        ("etcd", b"etcdserver", b"etcdcluster"),
        ("Elasticsearch", b"number", b"lucene_version"),
        ("Consul", b"Version", b"Datacenter"),
    ];
    for (name, version, beside) in PLANES {
        if value_of(body, beside).is_some()
            && let Some(version) = value_of(body, version)
        {
            facts.join(FactKind::Software, &[name.as_bytes(), b" ", version]);
            facts.add(FactKind::Login, b"answers without a login");
            return;
        }
    }
    let lists: [&[u8]; 3] = [b"PodList", b"NodeList", b"NamespaceList"];
    if let Some(kind) = value_of(body, b"kind")
        && lists.contains(&kind)
    {
        facts.join(FactKind::Software, &[b"Kubernetes ", kind]);
        facts.add(FactKind::Login, b"answers without a login");
    }
}

/// The value of a name in JSON, as it stands there.
fn value_of<'a>(body: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let quoted = [b"\"", name, b"\""].concat();
    let rest =
        body[find(body, &quoted)? + quoted.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let (rest, end): (_, fn(&u8) -> bool) = match rest.split_first()? {
        (b'"', rest) => (rest, |b| *b == b'"'),
        _ => (rest, |b| matches!(*b, b',' | b'}' | b' ' | b'\n' | b'\r')),
    };
    Some(&rest[..rest.iter().position(end)?])
}
