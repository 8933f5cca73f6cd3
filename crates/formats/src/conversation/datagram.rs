//! Datagrams that tell something by themselves: version questions to DNS, SNMP, NTP's control messages, SSDP, SIP, memcached.
//!
//! Only what arrives at or comes from these services' ports is looked at, and ordinary questions (a name's address, the time)
//! tell nothing: they are most of all datagrams.

use super::bytes::{Bytes, line};
use super::certificate::element;
use super::facts::Facts;
use super::http;
use super::speech::Speech;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

/// Whether datagrams of this service are looked at.
#[inline]
pub(crate) const fn is_told(port: u16) -> bool {
    matches!(port, 53 | 123 | 161 | 1900 | 5060 | 11_211)
}

/// What a datagram to (`asks`) or from a service tells; none if nothing.
pub(super) fn datagram(bytes: &[u8], port: u16, asks: bool, facts: &mut Facts) -> Option<Protocol> {
    match port {
        53 => dns(bytes, asks, facts),
        123 => ntp(bytes, asks, facts),
        161 => snmp(bytes, asks, facts),
        1900 | 5060 => {
            let speech = Speech { bytes, ended: true, port, other: Protocol::Unknown };
            let heard = match (http::is_request(bytes), http::is_answer(bytes)) {
                (true, _) => http::client(&speech, facts),
                (_, true) => http::server(&speech, facts),
                _ => None,
            }?;
            Some(if port == 1900 { Protocol::Ssdp } else { heard })
        }
        11_211 => {
            // Request, sequence, datagrams, and two bytes that are always zero.
            let text = bytes.get(8..).filter(|_| bytes[6..8] == [0, 0])?;
            let (first, _) = line(text);
            match first.strip_prefix(b"VERSION ") {
                Some(version) => facts.join(FactKind::Software, &[b"memcached ", version]),
                None => facts.add(if asks { FactKind::Request } else { FactKind::Banner }, first),
            }
            Some(Protocol::Memcached)
        }
        _ => None,
    }
}

/// Questions of class CHAOS (version.bind, hostname.bind, id.server) and the text that answers them.
fn dns(bytes: &[u8], asks: bool, facts: &mut Facts) -> Option<Protocol> {
    const CHAOS: usize = 3;
    const TEXT: usize = 16;
    let mut message = Bytes(bytes);
    message.skip(4)?;
    let questions = message.number(2)?;
    let answers = message.number(2)?;
    message.skip(4)?;
    if questions != 1 {
        return None;
    }
    let mut name = Vec::new();
    loop {
        let label = message.counted(1)?;
        match label.0 {
            [] => break,
            label if label.len() > 63 || name.len() > 255 => return None,
            label => {
                name.extend_from_slice(label);
                name.push(b'.');
            }
        }
    }
    name.pop();
    let kind = message.number(2)?;
    if message.number(2)? != CHAOS {
        return None;
    }
    if asks {
        facts.join(FactKind::Request, &[b"CHAOS ", if kind == TEXT { b"TXT " } else { b"" }, &name]);
    } else if answers > 0 {
        // Most answers refer back to the question's name with a pointer.
        while let Some(label) = message.number(1) {
            match label {
                0 => break,
                0xc0.. => {
                    message.skip(1)?;
                    break;
                }
                length => message.skip(length)?,
            }
        }
        message.skip(8)?;
        let text = message.counted(2)?.counted(1)?;
        let what = if name.to_ascii_lowercase().starts_with(b"version") {
            FactKind::Software
        } else {
            FactKind::HostName
        };
        facts.add(what, text.0);
    }
    Some(Protocol::Dns)
}

/// Control (6) and private (7) messages; the system variables that answer the former name the software.
fn ntp(bytes: &[u8], asks: bool, facts: &mut Facts) -> Option<Protocol> {
    let first = *bytes.first()?;
    match (first & 7, asks) {
        (6, true) => {
            let operation: &[u8] = if bytes.get(1)? & 31 == 2 { b"readvar" } else { b"control message" };
            facts.join(FactKind::Request, &[b"NTP ", operation]);
        }
        (7, true) => {
            let operation: &[u8] = if bytes.get(3) == Some(&42) { b"monlist" } else { b"private message" };
            facts.join(FactKind::Request, &[b"NTP ", operation]);
        }
        (6, false) => {
            let text = bytes.get(12..)?;
            let value = |name: &[u8]| {
                let at = super::bytes::find(text, name)? + name.len();
                text[at..].split(|b| *b == b'"').next()
            };
            facts.add(FactKind::Software, value(b"version=\"")?);
            facts.join(FactKind::Software, &[value(b"system=\"")?]);
        }
        (7, false) => facts.add(FactKind::Banner, b"NTP answers private messages"),
        _ => return None,
    }
    Some(Protocol::Ntp)
}

/// SNMP (RFC 1157, 3416): the version and what is asked; the community is a password and is masked. Of an answer the text
/// values: the description of the system comes first in most.
fn snmp(bytes: &[u8], asks: bool, facts: &mut Facts) -> Option<Protocol> {
    const INTEGER: usize = 2;
    const OCTETS: usize = 4;
    let (_, mut message) = element(&mut Bytes(bytes)).filter(|(tag, _)| *tag == 0x30)?;
    let (tag, version) = element(&mut message)?;
    let version: &[u8] = match (tag, version.0) {
        (INTEGER, [0]) => b"SNMPv1",
        (INTEGER, [1]) => b"SNMPv2c",
        (INTEGER, [3]) => b"SNMPv3",
        _ => return None,
    };
    facts.add(FactKind::Protocol, version);
    let (tag, _community) = element(&mut message)?;
    if tag != OCTETS {
        if asks {
            facts.join(FactKind::Request, &[version, b" discovery"]);
        }
        return Some(Protocol::Snmp);
    }
    let (kind, mut request) = element(&mut message)?;
    if asks {
        let kind: &[u8] = match kind {
            0xa0 => b"get",
            0xa1 => b"get-next",
            0xa3 => b"set",
            0xa5 => b"get-bulk",
            _ => b"message",
        };
        facts.join(FactKind::Request, &[version, b" ", kind, b" community=***"]);
        return Some(Protocol::Snmp);
    }
    for _ in 0..3 {
        element(&mut request)?;
    }
    let (_, mut variables) = element(&mut request)?;
    while let Some((_, mut variable)) = element(&mut variables) {
        element(&mut variable)?;
        if let Some((OCTETS, text)) = element(&mut variable)
            && super::bytes::is_text(text.0)
        {
            facts.add(FactKind::Banner, text.0);
        }
    }
    Some(Protocol::Snmp)
}
