//! Which parts of an answer are the words that a kind of fingerprints is for, in the form in which Recog's files expect them.

use watchpost_core::record::FactKind;
use watchpost_core::utterance::{Facts, Protocol};
use watchpost_formats::conversation::said;

use super::http;
use super::recog::LONGEST;

/// Words that are held against fingerprints.
const MOST: usize = 128;
/// Lines of a greeting.
const MOST_LINES: usize = 4;

/// Kinds of words, and the words: what tells of an application before what tells of a server.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<(&'static str, Vec<u8>)>);

impl Words {
    pub fn add(&mut self, kind: &'static str, words: &[u8]) {
        let words = words.get(..LONGEST).unwrap_or(words);
        if !words.is_empty() && self.0.len() < MOST {
            self.0.push((kind, words.to_vec()));
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.0.iter().map(|(kind, words)| (*kind, words.as_slice()))
    }
}

/// Of what a server said by TCP.
pub(super) fn of_answer(protocol: Protocol, facts: &Facts, answer: &[u8]) -> Words {
    let mut words = Words::default();
    match protocol {
        Protocol::Ssh => {
            let line = first_line(answer);
            // Behind `SSH-2.0-`.
            words.add("ssh.banner", line.splitn(3, |byte| *byte == b'-').nth(2).unwrap_or_default());
        }
        Protocol::Ftp => greeting("ftp.banner", answer, &mut words),
        Protocol::Smtp => greeting("smtp.banner", answer, &mut words),
        Protocol::Pop3 => {
            let line = first_line(answer);
            words.add("pop3.banner", line.strip_prefix(b"+OK").unwrap_or(line).trim_ascii_start());
        }
        Protocol::Imap => {
            let line = first_line(answer);
            let text =
                [&b"* OK"[..], b"* PREAUTH", b"* BYE"].iter().find_map(|start| line.strip_prefix(*start));
            words.add("imap4.banner", text.unwrap_or(line).trim_ascii_start());
        }
        Protocol::Telnet => words.add("telnet_banners", &said::telnet_text(answer)),
        Protocol::Mysql => {
            for software in facts.of(FactKind::Software) {
                let version = software.split_once(' ').map_or(software, |(_, version)| version);
                words.add("mysql.banners", version.as_bytes());
            }
            for error in facts.of(FactKind::Banner) {
                words.add("mysql.error", error.as_bytes());
            }
        }
        Protocol::Http => http::words(answer, title(facts), &mut words),
        Protocol::Rtsp => words.add("rtsp_header.server", http::header(answer, "server").unwrap_or_default()),
        Protocol::Sip => sip(answer, &mut words),
        Protocol::Redis => words.add("redis.info", answer),
        Protocol::Ldap => words.add("ldap.search_result", answer),
        _ => {}
    }
    // What the readers themselves named: the own files know it.
    if !matches!(protocol, Protocol::Ssh | Protocol::Http | Protocol::Mysql | Protocol::Redis) {
        facts.of(FactKind::Software).for_each(|software| words.add("software", software.as_bytes()));
    }
    if protocol == Protocol::Unknown {
        words.add("banner", first_line(answer));
    }
    words
}

/// Of what a datagram holds.
pub(super) fn of_datagram(protocol: Protocol, facts: &Facts, answer: &[u8]) -> Words {
    let mut words = Words::default();
    match protocol {
        Protocol::Dns => {
            facts.of(FactKind::Software).for_each(|text| words.add("dns.versionbind", text.as_bytes()));
        }
        Protocol::Snmp => {
            facts.of(FactKind::Banner).for_each(|text| words.add("snmp.sys_description", text.as_bytes()));
        }
        // The variables stand behind twelve bytes of header (RFC 9327).
        Protocol::Ntp => words.add("ntp.readvar", answer.get(12..).unwrap_or_default()),
        Protocol::Sip => sip(answer, &mut words),
        Protocol::Ssdp => words.add("http_header.server", http::header(answer, "server").unwrap_or_default()),
        _ => facts.of(FactKind::Software).for_each(|text| words.add("software", text.as_bytes())),
    }
    words
}

/// Of a certificate: who it is for, who made it.
pub(super) fn of_certificate(der: &[u8]) -> Words {
    let mut words = Words::default();
    if let Some([subject, issuer]) = said::distinguished_names(der) {
        words.add("x509.subject", &subject);
        words.add("x509.issuer", &issuer);
    }
    words
}

fn sip(answer: &[u8], words: &mut Words) {
    words.add("sip_header.server", http::header(answer, "server").unwrap_or_default());
    words.add("sip_header.user_agent", http::header(answer, "user-agent").unwrap_or_default());
}

/// A page's title: the first that is not the status line.
fn title(facts: &Facts) -> Option<&str> {
    facts.of(FactKind::Title).find(|title| !title.starts_with("HTTP/"))
}

fn first_line(answer: &[u8]) -> &[u8] {
    answer.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end()
}

/// A greeting without its numbers: all of it, then line by line.
fn greeting(kind: &'static str, answer: &[u8], words: &mut Words) {
    let lines: Vec<&[u8]> = answer
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end)
        .filter(|line| !line.is_empty())
        .map(|line| match line {
            [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', text @ ..] => text,
            text => text,
        })
        .collect();
    words.add(kind, &lines.join(&b'\n'));
    if lines.len() > 1 {
        lines.iter().take(MOST_LINES).for_each(|line| words.add(kind, line));
    }
}
