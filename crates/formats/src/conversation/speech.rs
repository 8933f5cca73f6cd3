//! What one end said: the protocol by its first bytes, and its facts from the protocol's own file.

use super::bytes::{is_text, line};
use super::facts::Facts;
use super::{command, database, greeting, http, tls, windows};
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

/// What one end has said so far.
#[derive(Clone, Copy)]
pub(super) struct Speech<'a> {
    pub bytes: &'a [u8],
    /// No more comes, or no more is kept.
    pub ended: bool,
    /// The server's port: decides where the words do not.
    pub port: u16,
    /// What the other end was heard to speak.
    pub other: Protocol,
}

/// Bytes that tell a protocol without a line end; with fewer, more are waited for.
const ENOUGH: usize = 4;
/// A first line is not longer.
const LONGEST_LINE: usize = 1024;

/// What a server says; none if more of it is needed.
pub(super) fn server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    if speech.other == Protocol::Postgres {
        return database::postgres_server(speech, facts);
    }
    if waits_for_more(speech) {
        return None;
    }
    match bytes {
        [0x15 | 0x16, 3, ..] => tls::server(speech, facts),
        [3, 0, _, _, ..] => windows::rdp_server(speech, facts),
        [0, _, _, _, 0xfe | 0xff, b'S', b'M', b'B', ..] => windows::smb_server(speech, facts),
        [0xff, 0xf0..=0xfe, ..] => greeting::telnet(speech, facts),
        [0x30, ..] if windows::is_ldap(bytes) => Some(Protocol::Ldap),
        [_, _, _, 0, 10 | 0xff, ..] => database::mysql_server(speech, facts),
        [0, 0, _, 4, _, 0, 0, 0, 0, ..] => {
            facts.add(FactKind::Protocol, b"HTTP/2");
            Some(Protocol::Http)
        }
        [b'$', b'0'..=b'9' | b'-', ..] | [b'+' | b'-' | b':' | b'*', ..] if database::is_redis(speech) => {
            database::redis_server(speech, facts)
        }
        _ if database::is_mongo(bytes) => database::mongo_server(speech, facts),
        _ if http::is_answer(bytes) => http::server(speech, facts),
        _ if is_text(bytes) => greeting::text(speech, facts),
        _ => Some(binary(bytes, facts)),
    }
}

/// What a client says; none if more of it is needed.
pub(super) fn client(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    if waits_for_more(speech) {
        return None;
    }
    match bytes {
        [0x16, 3, ..] => tls::client(speech, facts),
        [3, 0, _, _, _, 0xe0, ..] => Some(windows::rdp_client(bytes, facts)),
        [0, _, _, _, 0xfe | 0xff, b'S', b'M', b'B', ..] => Some(windows::smb_client(bytes, facts)),
        [0, 0, _, _, 0, 3, 0, 0, ..] | [0, 0, 0, 8, 4, 210, 22, 47, ..] => {
            Some(database::postgres_client(bytes, facts))
        }
        [5, count @ 1..=8, ..] if bytes.len() == 2 + usize::from(*count) => {
            facts.add(FactKind::Request, b"SOCKS5 greeting");
            Some(Protocol::Socks)
        }
        [0x30, ..] if windows::is_ldap(bytes) => {
            facts.join(FactKind::Request, &[b"LDAP ", windows::ldap_operation(bytes).as_bytes()]);
            Some(Protocol::Ldap)
        }
        [b'*', b'0'..=b'9', ..] => database::redis_client(speech, facts),
        _ if database::is_mongo(bytes) => Some(database::mongo_client(bytes, facts)),
        _ if http::is_request(bytes) => http::client(speech, facts),
        _ if is_text(bytes) => command::text(speech, facts),
        _ => Some(command::binary(bytes, facts)),
    }
}

fn waits_for_more(speech: &Speech<'_>) -> bool {
    !speech.ended
        && speech.bytes.len() < ENOUGH
        && line(speech.bytes) == (speech.bytes.trim_ascii_end(), false)
}

/// The first line, if it is whole or no more is waited for.
pub(super) fn first_line<'a>(speech: &Speech<'a>) -> Option<&'a [u8]> {
    let blank = speech.bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let (line, whole) = line(&speech.bytes[blank..]);
    (whole || speech.ended || line.len() > LONGEST_LINE).then_some(line)
}

fn binary(bytes: &[u8], facts: &mut Facts) -> Protocol {
    facts.add(FactKind::Banner, format!("binary, {} bytes", bytes.len()).as_bytes());
    Protocol::Unknown
}
