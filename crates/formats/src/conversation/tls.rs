//! TLS (RFC 5246, 8446): versions, names that are asked for, and the server's certificate where it is not encrypted.

use super::bytes::Bytes;
use super::certificate;
use super::facts::Facts;
use super::speech::Speech;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

const ALERT: u8 = 0x15;
const HANDSHAKE: u8 = 0x16;
const CLIENT_HELLO: usize = 1;
const SERVER_HELLO: usize = 2;
const CERTIFICATE: usize = 11;

const SERVER_NAME: usize = 0;
const SUPPORTED_VERSIONS: usize = 43;

fn version_name(version: usize) -> Option<&'static [u8]> {
    Some(match version {
        0x0300 => b"SSL 3.0",
        0x0301 => b"TLS 1.0",
        0x0302 => b"TLS 1.1",
        0x0303 => b"TLS 1.2",
        0x0304 => b"TLS 1.3",
        _ => return None,
    })
}

/// The handshake messages in the records so far, and whether an alert or anything but a handshake ended them.
fn handshake(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut records = Bytes(bytes);
    let mut messages = Vec::new();
    while let Some(&kind) = records.0.first() {
        if kind != HANDSHAKE {
            return (messages, true);
        }
        let mut record = records;
        if record.skip(3).is_none() {
            break;
        }
        let Some(length) = record.number(2) else { break };
        let there = record.0.len().min(length);
        messages.extend_from_slice(&record.0[..there]);
        records.0 = &record.0[there..];
    }
    (messages, false)
}

/// Kind and content of a message, as much of it as is there, and whether that is all.
fn message<'a>(messages: &mut Bytes<'a>) -> Option<(usize, &'a [u8], bool)> {
    let kind = messages.number(1)?;
    let length = messages.number(3)?;
    let there = length.min(messages.0.len());
    Some((kind, messages.take(there)?, there == length))
}

pub(super) fn client(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let (messages, over) = handshake(speech.bytes);
    let hello = message(&mut Bytes(&messages));
    match hello {
        Some((CLIENT_HELLO, content, whole)) if whole || speech.ended || over => {
            facts.add(FactKind::Request, b"ClientHello");
            let _ = client_hello(content, facts);
        }
        Some((CLIENT_HELLO, ..)) | None if !speech.ended && !over => return None,
        _ => {}
    }
    Some(Protocol::Tls)
}

fn client_hello(content: &[u8], facts: &mut Facts) -> Option<()> {
    let mut hello = Bytes(content);
    let mut newest = hello.number(2)?;
    hello.skip(32)?;
    hello.counted(1)?;
    hello.counted(2)?;
    hello.counted(1)?;
    let mut extensions = hello.counted(2).unwrap_or(Bytes(&[]));
    let mut asked = None;
    while let Some((kind, mut extension)) = extension(&mut extensions) {
        match kind {
            SERVER_NAME => {
                let mut names = extension.counted(2)?;
                // Only host names were ever defined.
                if names.number(1)? == 0 {
                    asked = names.counted(2);
                }
            }
            SUPPORTED_VERSIONS => {
                let mut versions = extension.counted(1)?;
                // GREASE values (RFC 8701) are no versions.
                while let Some(version) = versions.number(2) {
                    newest = if version_name(version).is_some() { newest.max(version) } else { newest };
                }
            }
            _ => {}
        }
    }
    facts.add(FactKind::Protocol, version_name(newest)?);
    facts.add(FactKind::AskedName, asked?.0);
    Some(())
}

fn extension<'a>(extensions: &mut Bytes<'a>) -> Option<(usize, Bytes<'a>)> {
    Some((extensions.number(2)?, extensions.counted(2)?))
}

pub(super) fn server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    if speech.bytes[0] == ALERT {
        let alert = speech.bytes.get(6);
        if alert.is_none() && !speech.ended {
            return None;
        }
        facts.add(FactKind::Banner, format!("TLS alert {}", alert.copied().unwrap_or_default()).as_bytes());
        return Some(Protocol::Tls);
    }
    let (messages, over) = handshake(speech.bytes);
    let mut messages = Bytes(&messages);
    let (mut version, mut leaf) = (None, None);
    let mut is_told = over || speech.ended;
    while let Some((kind, content, whole)) = message(&mut messages) {
        match kind {
            SERVER_HELLO if whole => {
                version = server_hello(content);
                // From here on TLS 1.3 is encrypted.
                is_told |= version == Some(0x0304);
            }
            CERTIFICATE => {
                leaf = first_certificate(content);
                is_told |= leaf.is_some() || whole;
            }
            SERVER_HELLO => {}
            _ => is_told |= whole,
        }
    }
    if !is_told {
        return None;
    }
    if let Some(name) = version.and_then(version_name) {
        facts.add(FactKind::Protocol, name);
    }
    if let Some(leaf) = leaf {
        certificate::read(leaf, facts);
    }
    Some(Protocol::Tls)
}

/// The version chosen: the extension's, else the old field's.
fn server_hello(content: &[u8]) -> Option<usize> {
    let mut hello = Bytes(content);
    let old = hello.number(2)?;
    hello.skip(32)?;
    hello.counted(1)?;
    hello.skip(3)?;
    let mut extensions = hello.counted(2).unwrap_or(Bytes(&[]));
    while let Some((kind, mut extension)) = extension(&mut extensions) {
        if kind == SUPPORTED_VERSIONS {
            return extension.number(2);
        }
    }
    Some(old)
}

/// The server's own certificate, which comes first, once it is there.
fn first_certificate(content: &[u8]) -> Option<&[u8]> {
    let mut chain = Bytes(content);
    chain.skip(3)?;
    Some(chain.counted(3)?.0)
}
