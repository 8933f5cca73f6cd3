//! What logs tell of conversations: the same facts, in the same words, as [`crate::conversation`] reads them from packets.
//!
//! A log tells a part of what was said. What it leaves out is not made up: a status without the answer's version gives a
//! title without one. Every text goes through [`fact`], as all words of strangers do.

use std::borrow::Cow;

use watchpost_core::contact::{Time, Transport};
use watchpost_core::net::Address;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::{FACTS, Facts, Protocol, Role, Utterance};

use super::Out;
use crate::conversation::fact;

/// One conversation over TCP that a line tells of.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    /// When.
    pub time: Time,
    /// Who started it.
    pub client: (Address, u16),
    /// Who was asked.
    pub server: (Address, u16),
    /// What is spoken.
    pub protocol: Protocol,
}

/// A kind and its text.
pub type Told<'a> = (FactKind, Cow<'a, [u8]>);

impl Talk {
    /// Hands on what the client said, if anything.
    pub fn client(&self, told: &[Told<'_>], out: &mut Out<'_>) {
        self.said(Role::Client, told, out);
    }

    /// Hands on what the server said, if anything.
    pub fn server(&self, told: &[Told<'_>], out: &mut Out<'_>) {
        self.said(Role::Server, told, out);
    }

    fn said(&self, role: Role, told: &[Told<'_>], out: &mut Out<'_>) {
        let clean = told.iter().filter_map(|(what, bytes)| Some((*what, fact(*what, bytes)?)));
        let facts = Facts::new(clean.take(FACTS));
        if facts.is_empty() {
            return;
        }
        let (speaker, listener) =
            if role == Role::Client { (self.client, self.server) } else { (self.server, self.client) };
        out.said(Utterance {
            time: self.time,
            speaker: speaker.0,
            listener: listener.0,
            sensor: out.sensor,
            speaker_port: speaker.1,
            listener_port: listener.1,
            transport: Transport::Tcp,
            role,
            protocol: self.protocol,
            facts,
        });
    }
}

/// An HTTP request and its answer; empty where not told.
#[derive(Debug, Default)]
pub struct Http<'a> {
    /// What is asked for: `GET`.
    pub method: &'a [u8],
    /// Path and query.
    pub target: &'a [u8],
    /// As asked for.
    pub host: &'a [u8],
    /// How the client calls itself.
    pub agent: &'a [u8],
    /// `HTTP/1.1`, of the request.
    pub asked: &'a [u8],
    /// Of the answer: `200`.
    pub status: &'a [u8],
    /// `OK`.
    pub reason: &'a [u8],
    /// `HTTP/1.1`, of the answer.
    pub answered: &'a [u8],
    /// What the answer calls its software.
    pub software: &'a [u8],
}

/// Both sides of HTTP.
pub fn http(talk: &Talk, said: &Http<'_>, out: &mut Out<'_>) {
    if !said.method.is_empty() {
        talk.client(
            &[
                (FactKind::Request, joined(&[said.method, said.target])),
                (FactKind::Protocol, said.asked.into()),
                (FactKind::AskedName, said.host.into()),
                (FactKind::UserAgent, said.agent.into()),
            ],
            out,
        );
    }
    if !said.status.is_empty() {
        let version = if said.answered.is_empty() { b"HTTP" } else { said.answered };
        let login = if said.status == b"401" { &b"asks for a login"[..] } else { b"" };
        talk.server(
            &[
                (FactKind::Title, joined(&[version, said.status, said.reason])),
                (FactKind::Protocol, said.answered.into()),
                (FactKind::Software, said.software.into()),
                (FactKind::Login, login.into()),
            ],
            out,
        );
    }
}

/// Both sides of SSH, each by its first line: `SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3`. A client that said something else
/// spoke no SSH; which words it used is not told.
pub fn ssh(talk: &Talk, client: &[u8], server: &[u8], out: &mut Out<'_>) {
    if client.starts_with(b"SSH-") {
        talk.client(&ssh_line(client, FactKind::UserAgent), out);
    }
    if server.starts_with(b"SSH-") {
        talk.server(&ssh_line(server, FactKind::Software), out);
    }
}

fn ssh_line(line: &[u8], software: FactKind) -> [Told<'_>; 3] {
    let mut dashes = line.iter().enumerate().filter(|(_, byte)| **byte == b'-').map(|(at, _)| at);
    let (_, second) = (dashes.next(), dashes.next().unwrap_or(line.len()));
    [
        (FactKind::Banner, line.into()),
        (FactKind::Protocol, line[..second].into()),
        (software, line.get(second + 1..).unwrap_or_default().into()),
    ]
}

/// A TLS handshake; empty where not told.
#[derive(Debug, Default)]
pub struct Tls<'a> {
    /// That was agreed on, in any of the forms in which logs write it.
    pub version: &'a [u8],
    /// That the client asked for.
    pub name: &'a [u8],
    /// Distinguished name in the server's certificate.
    pub subject: &'a [u8],
    /// Of whoever signed it.
    pub issuer: &'a [u8],
    /// Its alternative names.
    pub names: Vec<Cow<'a, [u8]>>,
}

/// Both sides of TLS.
pub fn tls(talk: &Talk, said: Tls<'_>, out: &mut Out<'_>) {
    let asked =
        [(FactKind::Request, Cow::from(&b"ClientHello"[..])), (FactKind::AskedName, said.name.into())];
    talk.client(&asked, out);
    let subject = attribute(said.subject, b"CN").or_else(|| attribute(said.subject, b"O"));
    let issuer: Vec<_> = [b"CN", &b"O"[..]].iter().filter_map(|key| attribute(said.issuer, key)).collect();
    let mut told = vec![
        (FactKind::Protocol, Cow::from(tls_version(said.version))),
        (FactKind::CertificateName, subject.unwrap_or_default().into()),
        (FactKind::CertificateIssuer, issuer.join(&b", "[..]).into()),
    ];
    told.extend(said.names.into_iter().map(|name| (FactKind::CertificateName, name)));
    talk.server(&told, out);
}

/// `TLSv12`, `TLSv1.2` and `TLS 1.2` are the same.
fn tls_version(text: &[u8]) -> &'static [u8] {
    match text {
        b"SSLv3" | b"SSL 3.0" => b"SSL 3.0",
        b"TLSv1" | b"TLSv10" | b"TLSv1.0" | b"TLS 1.0" => b"TLS 1.0",
        b"TLSv11" | b"TLSv1.1" | b"TLS 1.1" => b"TLS 1.1",
        b"TLSv12" | b"TLSv1.2" | b"TLS 1.2" => b"TLS 1.2",
        b"TLSv13" | b"TLSv1.3" | b"TLS 1.3" => b"TLS 1.3",
        _ => b"",
    }
}

/// The value of an attribute in a distinguished name (RFC 4514, and with blanks behind the commas).
fn attribute(name: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let mut part = Vec::new();
    let mut bytes = name.iter().copied();
    loop {
        let byte = bytes.next();
        match byte {
            // An escaped comma is part of the value.
            Some(b'\\') => part.extend(bytes.next()),
            Some(byte) if byte != b',' => part.push(byte),
            _ => {
                let value = part.trim_ascii().strip_prefix(key).and_then(|rest| rest.strip_prefix(b"="));
                if let Some(value) = value {
                    return Some(value.to_vec());
                }
                part.clear();
                byte?;
            }
        }
    }
}

/// Parts with blanks between, without empty ones.
fn joined<'a>(parts: &[&[u8]]) -> Cow<'a, [u8]> {
    let there: Vec<&[u8]> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    there.join(&b" "[..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let zeek = br"CN=*.cloudfront.net,O=Amazon.com\, Inc.,L=Seattle,C=US";
        assert_eq!(attribute(zeek, b"CN").as_deref(), Some(&b"*.cloudfront.net"[..]));
        assert_eq!(attribute(zeek, b"O").as_deref(), Some(&b"Amazon.com, Inc."[..]));
        assert_eq!(attribute(b"C=US, O=Example, CN=a", b"CN").as_deref(), Some(&b"a"[..]));
        assert_eq!((attribute(b"", b"CN"), attribute(br"C=US\", b"CN")), (None, None));
    }

    #[test]
    fn an_ssh_line_is_taken_apart_as_in_packets() {
        let texts =
            |line: &'static [u8]| ssh_line(line, FactKind::Software).map(|(_, text)| text.into_owned());
        assert_eq!(
            texts(b"SSH-2.0-OpenSSH_9.2p1 Debian-2"),
            [&b"SSH-2.0-OpenSSH_9.2p1 Debian-2"[..], b"SSH-2.0", b"OpenSSH_9.2p1 Debian-2"]
        );
        assert_eq!(texts(b"SSH-"), [&b"SSH-"[..], b"SSH-", b""]);
    }
}
