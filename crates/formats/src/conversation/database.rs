//! Databases and caches: MySQL, PostgreSQL, Redis, MongoDB, as far as their greetings tell versions and logins.

use super::bytes::{Bytes, find, line};
use super::facts::Facts;
use super::speech::Speech;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

/// Redis' `INFO` names its version near the beginning.
const LONGEST_INFO: usize = 1024;
/// Words of one Redis command that are told.
const MOST_WORDS: usize = 8;

/// MySQL's first packet: length in three bytes, number 0, then protocol version and server version, or an error.
pub(super) fn mysql_server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let length = usize::from(bytes[0]) | usize::from(bytes[1]) << 8 | usize::from(bytes[2]) << 16;
    if !(4..2048).contains(&length) {
        facts.add(FactKind::Banner, format!("binary, {} bytes", bytes.len()).as_bytes());
        return Some(Protocol::Unknown);
    }
    if bytes.len() < 4 + length && !speech.ended {
        return None;
    }
    let body = &bytes[5..bytes.len().min(4 + length)];
    if bytes[4] == 0xff {
        // Two bytes of number, then perhaps `#` and a state of five characters.
        let text = body.get(2..).unwrap_or_default();
        facts.add(
            FactKind::Banner,
            if text.first() == Some(&b'#') { text.get(6..).unwrap_or_default() } else { text },
        );
        return Some(Protocol::Mysql);
    }
    let version = body.split(|b| *b == 0).next().unwrap_or_default();
    let name: &[u8] = if find(version, b"MariaDB").is_some() { b"MariaDB " } else { b"MySQL " };
    facts.join(FactKind::Software, &[name, version]);
    facts.add(FactKind::Protocol, b"MySQL 10");
    facts.add(FactKind::Login, b"asks for a login");
    Some(Protocol::Mysql)
}

/// The start message: an SSL request, or names and values.
pub(super) fn postgres_client(bytes: &[u8], facts: &mut Facts) -> Protocol {
    if bytes[4] == 4 {
        facts.add(FactKind::Request, b"SSLRequest");
        return Protocol::Postgres;
    }
    let mut parts = bytes[8..].split(|b| *b == 0);
    let mut text = b"startup".to_vec();
    while let (Some(name), Some(value)) = (parts.next(), parts.next())
        && !name.is_empty()
        && text.len() < 256
    {
        text.extend([b" ", name, b"=", value].concat());
    }
    facts.add(FactKind::Request, &text);
    Protocol::Postgres
}

/// PostgreSQL's answer to a start message: `S` or `N` to an SSL request, authentication, or an error.
pub(super) fn postgres_server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    match bytes {
        [b'S', ..] if bytes.len() == 1 => facts.add(FactKind::Protocol, b"PostgreSQL over TLS"),
        [b'N', ..] if bytes.len() == 1 => facts.add(FactKind::Protocol, b"PostgreSQL without TLS"),
        [b'R', _, _, _, _, _, _, _, kind, ..] => {
            let login: &[u8] = match kind {
                0 => b"answers without a login",
                3 => b"asks for a login: password",
                5 => b"asks for a login: MD5",
                10 => b"asks for a login: SASL",
                _ => b"asks for a login",
            };
            facts.add(FactKind::Login, login);
        }
        [b'R' | b'E', ..] if !speech.ended && bytes.len() < 9 => return None,
        [b'E', _, _, _, _, fields @ ..] => {
            // Each field is a letter and a text that ends with NUL; M is the message.
            let message = fields.split(|b| *b == 0).find_map(|field| field.strip_prefix(b"M"));
            facts.add(FactKind::Banner, message.unwrap_or_default());
        }
        _ => {}
    }
    Some(Protocol::Postgres)
}

/// Whether these bytes, which begin as Redis' answers do, are Redis' and not POP3's.
pub(super) fn is_redis(speech: &Speech<'_>) -> bool {
    let bytes = speech.bytes;
    speech.other == Protocol::Redis
        || speech.port == 6379
        || [&b"+PONG"[..], b"-NOAUTH", b"-DENIED", b"-ERR unknown command", b"-MISCONF"]
            .iter()
            .any(|s| bytes.starts_with(s))
        || (bytes[0] == b'$' && find(bytes, b"redis_version").is_some())
}

pub(super) fn redis_server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let (first, whole) = line(bytes);
    if !whole && !speech.ended {
        return None;
    }
    match first {
        [b'$', ..] => {
            let version = find(bytes, b"redis_version:").map(|at| line(&bytes[at + 14..]));
            let looks_like_info = find(bytes, b"# Server").is_some() || bytes.len() < first.len() + 12;
            match version {
                Some((version, true)) => facts.join(FactKind::Software, &[b"Redis ", version]),
                _ if looks_like_info && !speech.ended && bytes.len() < LONGEST_INFO => return None,
                _ => {}
            }
            facts.add(FactKind::Login, b"answers without a login");
        }
        [b'-', rest @ ..] => {
            facts.add(FactKind::Banner, first);
            if rest.starts_with(b"NOAUTH") || rest.starts_with(b"WRONGPASS") {
                facts.add(FactKind::Login, b"asks for a login");
            } else if rest.starts_with(b"DENIED") {
                facts.add(FactKind::Login, b"answers its own host only");
            }
        }
        _ => {
            facts.add(FactKind::Banner, first);
            // `+OK` may be the answer to a password.
            if first != b"+OK" {
                facts.add(FactKind::Login, b"answers without a login");
            }
        }
    }
    Some(Protocol::Redis)
}

/// A command as an array of strings (RESP).
pub(super) fn redis_client(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    if redis_request(speech.bytes, facts) || speech.ended {
        return Some(Protocol::Redis);
    }
    None
}

/// Tells one command, inline or as an array; false if it is not whole.
pub(super) fn redis_request(bytes: &[u8], facts: &mut Facts) -> bool {
    let (first, whole) = line(bytes);
    let Some(count) = first.strip_prefix(b"*") else {
        facts.add(FactKind::Request, first);
        return whole;
    };
    let Some(count) = number(count) else {
        facts.add(FactKind::Request, first);
        return true;
    };
    let mut rest = Bytes(bytes);
    let mut words: Vec<&[u8]> = Vec::new();
    let mut next_line = || {
        let end = rest.0.iter().position(|b| *b == b'\n')?;
        rest.take(end + 1).map(<[u8]>::trim_ascii_end)
    };
    next_line();
    for _ in 0..count.min(MOST_WORDS) {
        let Some(length) = next_line() else { return false };
        if !length.starts_with(b"$") {
            break;
        }
        let Some(word) = next_line() else { return false };
        words.push(word);
    }
    facts.add(FactKind::Request, &words.join(&b" "[..]));
    true
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// MongoDB's header: length, request, answer to, kind, all little-endian.
pub(super) fn is_mongo(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<16>() else { return false };
    let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    (26..48 << 20).contains(&number(0)) && matches!(number(12), 1 | 2004 | 2012 | 2013)
}

pub(super) fn mongo_server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let length = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    if bytes.len() < length && !speech.ended {
        return None;
    }
    // BSON: a string is its kind (2), its name, NUL, its length, its bytes, NUL.
    if let Some(at) = find(bytes, b"\x02version\0") {
        let version = bytes[at + 9..].get(4..).and_then(|rest| rest.split(|b| *b == 0).next());
        facts.join(FactKind::Software, &[b"MongoDB ", version.unwrap_or_default()]);
    }
    if find(bytes, b"\x04databases\0").is_some() {
        facts.add(FactKind::Login, b"answers without a login");
    } else if find(bytes, b"requires authentication").is_some() {
        facts.add(FactKind::Login, b"asks for a login");
    }
    Some(Protocol::Mongo)
}

pub(super) fn mongo_client(bytes: &[u8], facts: &mut Facts) -> Protocol {
    const COMMANDS: [&[u8]; 6] =
        [b"isMaster", b"ismaster", b"hello", b"buildInfo", b"listDatabases", b"serverStatus"];
    let named = COMMANDS.iter().find(|command| find(bytes, command).is_some());
    facts.add(FactKind::Request, named.copied().unwrap_or(b"MongoDB message"));
    Protocol::Mongo
}
