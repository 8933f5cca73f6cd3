//! The names in an X.509 certificate (RFC 5280): subject, alternative names, issuer.
//!
//! Read by hand: three fields are wanted of a structure whose parsers bring a dozen crates with them. The walk only goes
//! forward through lengths that must fit what holds them, so it ends on any bytes. Nothing is verified.

use super::bytes::Bytes;
use super::facts::Facts;
use std::net::{Ipv4Addr, Ipv6Addr};
use watchpost_core::record::FactKind;

const SEQUENCE: usize = 0x30;
const EXPLICIT_VERSION: usize = 0xa0;
const EXPLICIT_EXTENSIONS: usize = 0xa3;
const OCTET_STRING: usize = 0x04;
const OBJECT_ID: usize = 0x06;
const BMP_STRING: usize = 0x1e;
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANISATION: &[u8] = &[0x55, 4, 10];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const DNS_NAME: usize = 0x82;
const IP_ADDRESS: usize = 0x87;
/// Alternative names that are told.
const MOST_NAMES: usize = 8;

/// Tag and content of the next element.
pub(super) fn element<'a>(from: &mut Bytes<'a>) -> Option<(usize, Bytes<'a>)> {
    let tag = from.number(1)?;
    let length = match from.number(1)? {
        length @ 0..=0x7f => length,
        // Lengths of one to three bytes; no certificate has 16 MiB.
        long if (0x81..=0x83).contains(&long) => from.number(long & 0x7f)?,
        _ => return None,
    };
    Some((tag, Bytes(from.take(length)?)))
}

/// The content of the next element if it has this tag.
fn expect<'a>(from: &mut Bytes<'a>, tag: usize) -> Option<Bytes<'a>> {
    element(from).filter(|(is, _)| *is == tag).map(|(_, content)| content)
}

/// Tells the names of a certificate in DER, as far as it is sound.
pub(super) fn read(der: &[u8], facts: &mut Facts) {
    let _ = walk(der, facts);
}

/// Subject and issuer of a certificate, and what is behind them, from the public key on.
fn names(der: &[u8]) -> Option<(Bytes<'_>, Bytes<'_>, Bytes<'_>)> {
    let mut certificate = expect(&mut Bytes(der), SEQUENCE)?;
    let mut body = expect(&mut certificate, SEQUENCE)?;
    if body.0.first() == Some(&(EXPLICIT_VERSION as u8)) {
        element(&mut body)?;
    }
    element(&mut body)?; // serial number
    element(&mut body)?; // algorithm
    let issuer = expect(&mut body, SEQUENCE)?;
    element(&mut body)?; // validity
    let subject = expect(&mut body, SEQUENCE)?;
    Some((subject, issuer, body))
}

fn walk(der: &[u8], facts: &mut Facts) -> Option<()> {
    let (subject, issuer, mut body) = names(der)?;
    if let Some(name) = attribute(subject, COMMON_NAME).or_else(|| attribute(subject, ORGANISATION)) {
        facts.add(FactKind::CertificateName, &name);
    }
    let parts: Vec<_> = [COMMON_NAME, ORGANISATION].iter().filter_map(|id| attribute(issuer, id)).collect();
    facts.add(FactKind::CertificateIssuer, &parts.join(&b", "[..]));
    element(&mut body)?; // public key
    while let Some((tag, mut content)) = element(&mut body) {
        if tag == EXPLICIT_EXTENSIONS {
            alternative_names(expect(&mut content, SEQUENCE)?, facts);
        }
    }
    Some(())
}

/// Subject and issuer as one line each, most telling part first: `CN=host,OU=Unit,O=Company,L=Town,C=DE` (RFC 4514, without what is
/// seldom there); none of a certificate that is not sound.
pub(super) fn distinguished(der: &[u8]) -> Option<[Vec<u8>; 2]> {
    const PARTS: [(&[u8], &[u8]); 7] = [
        (b"SERIALNUMBER=", &[0x55, 4, 5]),
        (b"CN=", COMMON_NAME),
        (b"OU=", &[0x55, 4, 11]),
        (b"O=", ORGANISATION),
        (b"L=", &[0x55, 4, 7]),
        (b"ST=", &[0x55, 4, 8]),
        (b"C=", &[0x55, 4, 6]),
    ];
    let line = |name: Bytes<'_>| {
        let mut line = Vec::new();
        for (label, id) in PARTS {
            let Some(value) = attribute(name, id) else { continue };
            if !line.is_empty() {
                line.push(b',');
            }
            line.extend_from_slice(label);
            for byte in value {
                if byte == b',' {
                    line.push(b'\\');
                }
                line.push(byte);
            }
        }
        line
    };
    let (subject, issuer, _) = names(der)?;
    Some([line(subject), line(issuer)])
}

/// The value of an attribute in a distinguished name.
fn attribute(mut name: Bytes<'_>, wanted: &[u8]) -> Option<Vec<u8>> {
    while let Some((_, mut set)) = element(&mut name) {
        while let Some((_, mut pair)) = element(&mut set) {
            let id = expect(&mut pair, OBJECT_ID)?;
            let (tag, value) = element(&mut pair)?;
            if id.0 == wanted {
                return Some(if tag == BMP_STRING {
                    from_utf16(value.0, u16::from_be_bytes)
                } else {
                    value.0.to_vec()
                });
            }
        }
    }
    None
}

fn alternative_names(mut extensions: Bytes<'_>, facts: &mut Facts) {
    while let Some((_, mut extension)) = element(&mut extensions) {
        if expect(&mut extension, OBJECT_ID).is_none_or(|id| id.0 != ALTERNATIVE_NAMES) {
            continue;
        }
        // A boolean "critical" may stand before the value.
        while let Some((tag, mut value)) = element(&mut extension) {
            if tag == OCTET_STRING
                && let Some(mut names) = expect(&mut value, SEQUENCE)
            {
                for _ in 0..MOST_NAMES {
                    let Some((tag, name)) = element(&mut names) else { break };
                    match (tag, name.0) {
                        (DNS_NAME, name) => facts.add(FactKind::CertificateName, name),
                        (IP_ADDRESS, ip) => facts.add(FactKind::CertificateName, address(ip).as_bytes()),
                        _ => {}
                    }
                }
            }
        }
    }
}

fn address(bytes: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        Ipv4Addr::from(v4).to_string()
    } else if let Ok(v6) = <[u8; 16]>::try_from(bytes) {
        Ipv6Addr::from(v6).to_string()
    } else {
        String::new()
    }
}

/// UTF-16 as UTF-8.
pub(super) fn from_utf16(bytes: &[u8], order: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| order([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units).into_bytes()
}
