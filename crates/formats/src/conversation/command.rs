//! Clients that speak in lines, and clients whose protocol is not known: the first line of what they send.

use super::bytes::starts_any_case;
use super::facts::Facts;
use super::http;
use super::speech::{Speech, first_line};
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

/// Bytes of an unknown binary message that are shown: enough to tell one probe from another.
const SHOWN: usize = 32;

const COMMANDS: &[(&[u8], Protocol)] = &[
    (b"EHLO", Protocol::Smtp),
    (b"HELO", Protocol::Smtp),
    (b"MAIL FROM", Protocol::Smtp),
    (b"STLS", Protocol::Pop3),
    (b"CAPA", Protocol::Pop3),
    (b"STARTTLS", Protocol::Smtp),
    (b"PING", Protocol::Redis),
    (b"INFO", Protocol::Redis),
    (b"version", Protocol::Memcached),
    (b"stats", Protocol::Memcached),
    (b"RFB 0", Protocol::Vnc),
    (b"@RSYNCD", Protocol::Rsync),
];

/// Commands that come later on a connection (RFC 5321, 959, 1939, 9051; memcached's protocol.txt).
const FURTHER: &[&[u8]] = &[
    b"EHLO",
    b"HELO",
    b"MAIL",
    b"RCPT",
    b"DATA",
    b"VRFY",
    b"EXPN",
    b"HELP",
    b"NOOP",
    b"RSET",
    b"QUIT",
    b"STARTTLS",
    b"AUTH",
    b"USER",
    b"PASS",
    b"ACCT",
    b"CWD",
    b"CDUP",
    b"PWD",
    b"XPWD",
    b"TYPE",
    b"PASV",
    b"EPSV",
    b"PORT",
    b"EPRT",
    b"LIST",
    b"NLST",
    b"MLSD",
    b"RETR",
    b"STOR",
    b"DELE",
    b"MKD",
    b"RMD",
    b"SIZE",
    b"MDTM",
    b"SYST",
    b"STAT",
    b"FEAT",
    b"OPTS",
    b"SITE",
    b"STLS",
    b"CAPA",
    b"UIDL",
    b"TOP",
    b"APOP",
    b"CAPABILITY",
    b"LOGIN",
    b"LOGOUT",
    b"AUTHENTICATE",
    b"ID",
    b"SELECT",
    b"EXAMINE",
    b"NAMESPACE",
    b"FETCH",
    b"SEARCH",
    b"stats",
    b"version",
    b"get",
    b"gets",
    b"set",
    b"add",
    b"delete",
    b"flush_all",
];

/// A line of text.
pub(super) fn text(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let Some(first) = first_line(speech) else {
        // A line that the other end is waiting for has an end; what never gets one is told when the end comes.
        return None;
    };
    if first.starts_with(b"SSH-") {
        facts.add(FactKind::Banner, first);
        let mut parts = first.splitn(3, |b| *b == b'-');
        if let (Some(name), Some(version), Some(software)) = (parts.next(), parts.next(), parts.next()) {
            facts.join(FactKind::Protocol, &[name, b"-", version]);
            facts.add(FactKind::UserAgent, software);
        }
        return Some(Protocol::Ssh);
    }
    if first.is_empty() {
        return Some(binary(speech.bytes, facts));
    }
    facts.add(FactKind::Request, first);
    let known =
        COMMANDS.iter().find(|(command, _)| starts_any_case(first, command)).map(|(_, protocol)| *protocol);
    let tagged = first.split(|b| *b == b' ').nth(1).is_some_and(|word| {
        [&b"CAPABILITY"[..], b"LOGIN", b"STARTTLS", b"LOGOUT"].iter().any(|w| word.eq_ignore_ascii_case(w))
    });
    Some(match known {
        Some(protocol) => protocol,
        None if tagged => Protocol::Imap,
        // USER, PASS and the like are spoken by several: the server's greeting has told which.
        None if speech.other.goes_on() => speech.other,
        None if matches!(speech.port, 21) => Protocol::Ftp,
        None if matches!(speech.port, 110) => Protocol::Pop3,
        None if matches!(speech.port, 6379) => Protocol::Redis,
        None => Protocol::Unknown,
    })
}

/// Whether a line begins with a command of these protocols; of IMAP's lines the second word is one.
fn is_command(protocol: Protocol, line: &[u8]) -> bool {
    let place = usize::from(protocol == Protocol::Imap);
    let word = line.split(|b| *b == b' ').nth(place).unwrap_or_default();
    FURTHER.iter().any(|command| word.eq_ignore_ascii_case(command))
}

/// The first bytes, escaped; the probes of a version scan are told apart by them.
pub(super) fn binary(bytes: &[u8], facts: &mut Facts) -> Protocol {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    facts.add(FactKind::Request, shown.escape_ascii().to_string().as_bytes());
    Protocol::Unknown
}

/// A further request on a connection whose client has been told, if one begins with these bytes.
pub(super) fn further(protocol: Protocol, bytes: &[u8], facts: &mut Facts) {
    let (line, whole) = super::bytes::line(bytes);
    match protocol {
        Protocol::Http | Protocol::Rtsp if http::is_request(bytes) => {
            facts.add(FactKind::Request, http::request_of(line));
        }
        Protocol::Http | Protocol::Rtsp => {}
        Protocol::Redis => {
            super::database::redis_request(bytes, facts);
        }
        // Mail and files are data as well as commands, and what answers a challenge is a secret: a command is a short line
        // by itself that begins with a known word.
        _ if whole && line.len() < 512 && line.len() + 2 >= bytes.len() && is_command(protocol, line) => {
            facts.add(FactKind::Request, line);
        }
        _ => {}
    }
}
