//! One answer, as whoever asked it reads it: the same readers that hear connections on the wire, for those who are on one end.

use super::facts::Facts;
use super::speech::{self, Speech};
use super::{certificate, datagram, greeting};
use watchpost_core::utterance::{self, Protocol};

/// What an answer tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What is spoken.
    pub protocol: Protocol,
    /// What it tells, short, clean, secrets masked.
    pub facts: utterance::Facts,
}

/// What a server on this port says, by TCP, to whoever said `asked` before (nothing, where it speaks first). None: more of it is needed,
/// or nothing was said. `ended`: no more comes.
pub fn server(port: u16, asked: &[u8], bytes: &[u8], ended: bool) -> Option<Answer> {
    if bytes.is_empty() {
        return None;
    }
    let mut facts = Facts::default();
    let other = if asked.is_empty() {
        Protocol::Unknown
    } else {
        let question = Speech { bytes: asked, ended: true, port, other: Protocol::Unknown };
        speech::client(&question, &mut facts).unwrap_or_default()
    };
    facts.clear();
    let protocol = speech::server(&Speech { bytes, ended, port, other }, &mut facts)?;
    Some(Answer { protocol, facts: facts.told() })
}

/// What a datagram from a service tells. None: its port or form is not known.
pub fn datagram(port: u16, bytes: &[u8]) -> Option<Answer> {
    let mut facts = Facts::default();
    let protocol = datagram::datagram(bytes, port, false, &mut facts)?;
    Some(Answer { protocol, facts: facts.told() })
}

/// The names in a certificate (DER), and who issued it.
pub fn certificate(der: &[u8]) -> utterance::Facts {
    let mut facts = Facts::default();
    certificate::read(der, &mut facts);
    facts.told()
}

/// Subject and issuer of a certificate (DER) as one line each, e.g. `CN=host,O=Company,C=DE`, bytes as they came; none of one that is not
/// sound.
pub fn distinguished_names(der: &[u8]) -> Option<[Vec<u8>; 2]> {
    certificate::distinguished(der)
}

/// Telnet's text (RFC 854) without what is negotiated between.
pub fn telnet_text(bytes: &[u8]) -> Vec<u8> {
    greeting::without_negotiation(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchpost_core::record::FactKind;

    #[test]
    fn an_answer_is_read_by_what_was_asked() {
        let ssl_request = [0, 0, 0, 8, 4, 210, 22, 47];
        let answer = server(15_432, &ssl_request, b"S", true).unwrap();
        assert_eq!(answer.protocol, Protocol::Postgres);
        assert_eq!(server(15_432, b"", b"S", true).unwrap().protocol, Protocol::Unknown);
        let ssh = server(2222, b"", b"SSH-2.0-OpenSSH_9.2p1\r\n", false).unwrap();
        assert_eq!(ssh.facts.of(FactKind::Software).collect::<Vec<_>>(), ["OpenSSH_9.2p1"]);
        assert_eq!(server(22, b"", b"SSH-2.0-Op", false), None);
        assert_eq!(server(22, b"", b"", true), None);
        assert_eq!(datagram(9, b"x"), None);
        assert!(certificate(b"\x30\x82").is_empty());
    }
}
