//! What Windows hosts speak: RDP ([MS-RDPBCGR]), SMB ([MS-SMB2]), LDAP (RFC 4511), and the names within NTLM ([MS-NLMP]).

use super::bytes::{Bytes, find, line};
use super::certificate::{element, from_utf16};
use super::facts::Facts;
use super::speech::Speech;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

/// X.224's connection confirm within TPKT, with the negotiated security behind it.
pub(super) fn rdp_server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let length = usize::from(bytes[2]) << 8 | usize::from(bytes[3]);
    if bytes.len() < length && !speech.ended {
        return None;
    }
    if bytes.get(5) != Some(&0xd0) {
        facts.add(FactKind::Banner, format!("binary, {} bytes", bytes.len()).as_bytes());
        return Some(Protocol::Unknown);
    }
    match (bytes.get(11), bytes.get(15)) {
        (Some(2), Some(1)) => facts.add(FactKind::Protocol, b"RDP over TLS"),
        (Some(2), Some(2 | 8)) => {
            facts.add(FactKind::Protocol, b"RDP over TLS");
            facts.add(FactKind::Login, b"asks for a login: CredSSP");
        }
        _ => facts.add(FactKind::Protocol, b"RDP"),
    }
    Some(Protocol::Rdp)
}

pub(super) fn rdp_client(bytes: &[u8], facts: &mut Facts) -> Protocol {
    let cookie = find(bytes, b"Cookie: mstshash=").map(|at| line(&bytes[at + 8..]).0);
    facts.join(FactKind::Request, &[b"RDP connect ", cookie.unwrap_or_default()]);
    Protocol::Rdp
}

/// SMB: the dialect of the first answer, the names in the second where it has any.
pub(super) fn smb_server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let mut messages = Bytes(bytes);
    let mut next = || messages.skip(1).and_then(|()| messages.counted(3)).is_some();
    let two = next() && next();
    let challenge = find(bytes, b"NTLMSSP\0\x02\0\0\0");
    // The names lie at the end of a challenge: it is whole when its message is.
    if !speech.ended && !two {
        return None;
    }
    facts.add(FactKind::Protocol, dialect(bytes).as_bytes());
    if let Some(at) = challenge {
        ntlm(&bytes[at..], facts);
    }
    Some(Protocol::Smb)
}

fn dialect(bytes: &[u8]) -> String {
    if bytes[4] == 0xff {
        return "SMB 1".into();
    }
    // Behind four bytes of length and the header of 64: structure size, security mode, dialect.
    match bytes.get(72..74) {
        Some([0xff, 2]) => "SMB 2".into(),
        // 0x0210 is 2.1, 0x0302 is 3.0.2.
        Some([low, high]) if low & 15 == 0 => format!("SMB {high}.{}", low >> 4),
        Some([low, high]) => format!("SMB {high}.{}.{}", low >> 4, low & 15),
        _ => "SMB".into(),
    }
}

pub(super) fn smb_client(bytes: &[u8], facts: &mut Facts) -> Protocol {
    let version: &[u8] = if bytes[4] == 0xff { b"SMB1 negotiate" } else { b"SMB2 negotiate" };
    facts.add(FactKind::Request, version);
    Protocol::Smb
}

/// The names in an NTLM challenge: the host's, and its domain's in DNS.
pub(super) fn ntlm(bytes: &[u8], facts: &mut Facts) {
    let _ = challenge(bytes, facts);
}

fn challenge(bytes: &[u8], facts: &mut Facts) -> Option<()> {
    const END: u16 = 0;
    const COMPUTER: u16 = 1;
    const DNS_COMPUTER: u16 = 3;
    let little = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    if !bytes.starts_with(b"NTLMSSP\0\x02\0\0\0") {
        return None;
    }
    let (length, from) = (usize::from(little(40)?), usize::from(little(44)?));
    let mut pairs = Bytes(bytes.get(from..)?.get(..length)?);
    let mut next = || {
        let [a, b, c, d] = *pairs.take(4)?.first_chunk()?;
        let value = pairs.take(usize::from(u16::from_le_bytes([c, d])))?;
        Some((u16::from_le_bytes([a, b]), value))
    };
    while let Some((kind, value)) = next() {
        match kind {
            END => break,
            COMPUTER | DNS_COMPUTER => facts.add(FactKind::HostName, &from_utf16(value, u16::from_le_bytes)),
            _ => {}
        }
    }
    Some(())
}

/// A message of LDAP: a sequence of a small number and an operation.
pub(super) fn is_ldap(bytes: &[u8]) -> bool {
    operation(bytes).is_some()
}

fn operation(bytes: &[u8]) -> Option<u8> {
    const INTEGER: usize = 2;
    let (_, mut message) = element(&mut Bytes(bytes))?;
    element(&mut message).filter(|(tag, number)| *tag == INTEGER && (1..=4).contains(&number.0.len()))?;
    message
        .0
        .first()
        .copied()
        .filter(|tag| matches!(tag, 0x42 | 0x60 | 0x61 | 0x63 | 0x64 | 0x65 | 0x73 | 0x77 | 0x78))
}

pub(super) fn ldap_operation(bytes: &[u8]) -> &'static str {
    match operation(bytes) {
        Some(0x60) => "bind",
        Some(0x63) => "search",
        Some(0x77) => "extended request",
        _ => "message",
    }
}
