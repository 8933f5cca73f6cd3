//! MongoDB: whether a stranger may list its databases. Their names are counted and dropped.
//!
//! `hello`, which everybody may ask, and `listDatabases` with `nameOnly`, in OP_MSG (MongoDB Wire Protocol; 3.6 and later). Code 13 is
//! "Unauthorized" (MongoDB error codes).

use watchpost_core::inventory::Rung;

use super::bson::{Fields, Value, command};
use super::{Finding, Look, RESTRICT, Remedy, Spec, later};
use crate::talk::{Failed, Line};

const AUTHORIZATION: Remedy = Remedy { place: "mongod.conf (security)", line: "authorization: enabled" };

pub(super) const SPEC: Spec = Spec {
    name: "mongodb",
    help: "MongoDB that lists its databases to strangers",
    asks: "hello, listDatabases with nameOnly",
    tcp: &[27_017],
    udp: &[],
    protocols: &["mongodb"],
    rungs: &[Rung::Reachable, Rung::Sensitive],
    fixes: &[AUTHORIZATION, RESTRICT],
    techniques: &["T1213.006"],
    look,
};

const OP_MSG: u32 = 2013;
/// Header, flags, and the kind of the first section.
const BEFORE_BODY: usize = 16 + 4 + 1;

fn message(number: u32, document: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    for word in [(BEFORE_BODY + document.len()) as u32, number, 0, OP_MSG, 0] {
        message.extend(word.to_le_bytes());
    }
    message.push(0);
    message.extend(document);
    message
}

/// The length that a message gives itself.
fn length(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk::<4>().map(|length| u32::from_le_bytes(*length) as usize)
}

/// What an answer says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Answer {
    ok: Option<bool>,
    code: Option<i32>,
    /// The newest wire version that it speaks.
    wire: Option<i32>,
    /// Databases that were listed, as far as the answer was read.
    databases: Option<usize>,
}

fn read(bytes: &[u8]) -> Option<Answer> {
    let header = bytes.first_chunk::<BEFORE_BODY>()?;
    let kind = u32::from_le_bytes(*header.get(12..)?.first_chunk()?);
    if kind != OP_MSG || header.last() != Some(&0) {
        return None;
    }
    let mut answer = Answer::default();
    for (name, value) in Fields::of(bytes.get(BEFORE_BODY..)?) {
        match (name, value) {
            (b"ok", Value::Number(ok)) => answer.ok = Some(ok == 1.0),
            (b"code", Value::Number(code)) => answer.code = Some(code as i32),
            (b"maxWireVersion", Value::Number(wire)) => answer.wire = Some(wire as i32),
            (b"databases", Value::Inner(list)) => answer.databases = Some(Fields::of(list).count()),
            _ => {}
        }
    }
    Some(answer)
}

fn ask(line: &mut Line<'_>, number: u32, document: &[u8]) -> Result<Option<Answer>, Failed> {
    line.say(&message(number, document))?;
    let heard = line.hear(|bytes| length(bytes).is_some_and(|length| bytes.len() >= length))?;
    Ok(read(&heard))
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let visit = look.visit();
    let mut line = if look.subject.tls { visit.connect_tls(None)? } else { visit.connect()? };
    let Some(hello) = ask(&mut line, 1, &command("hello", &[]))? else { return Ok(Vec::new()) };
    let mut evidence = vec![match hello.wire {
        Some(wire) => format!("hello: ok, wire version {wire}"),
        None => "hello: answered".to_owned(),
    }];
    let list =
        later(ask(&mut line, 2, &command("listDatabases", &[("nameOnly", true)])))?.unwrap_or_default();
    Ok(match list {
        Answer { code: Some(13), .. } => {
            evidence.push("listDatabases: code 13, unauthorized".to_owned());
            vec![look.finding(Rung::Reachable, "MongoDB, asks for a login", evidence, RESTRICT)]
        }
        // A list that is too long to be read to its end was given all the same.
        Answer { ok, code: None, databases: Some(count), .. } if ok != Some(false) => {
            let more = if ok.is_none() { " and more" } else { "" };
            evidence.push(format!("listDatabases: {count}{more}"));
            vec![look.finding(Rung::Sensitive, "MongoDB without a login", evidence, AUTHORIZATION)]
        }
        _ => Vec::new(),
    })
}

pub(super) fn read_anything(bytes: &[u8]) {
    let _ = (read(bytes), length(bytes));
    let _ = Fields::of(bytes).count();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_can_be_read_as_what_it_is() {
        let document = command("listDatabases", &[("nameOnly", true)]);
        let fields: Vec<_> = Fields::of(&document).collect();
        let expected = [
            (&b"listDatabases"[..], Value::Number(1.0)),
            (b"nameOnly", Value::Number(1.0)),
            (b"$db", Value::Text(b"admin")),
        ];
        assert_eq!(fields, expected);
        let message = message(2, &document);
        assert_eq!(length(&message), Some(message.len()));
    }

    #[test]
    fn a_list_that_is_cut_off_is_still_a_list() {
        let mut inner = vec![0x02, b'0', 0];
        inner.extend(4_u32.to_le_bytes());
        inner.extend(b"abc\0");
        let mut list = 2_000_u32.to_le_bytes().to_vec();
        list.extend(inner);
        let mut document = 3_000_u32.to_le_bytes().to_vec();
        document.extend(b"\x04databases\0");
        document.extend(list);
        let answer = read(&message(1, &document)).unwrap();
        assert_eq!((answer.databases, answer.ok), (Some(1), None));
    }
}
