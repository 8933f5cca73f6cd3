//! Servers that speak first and in lines: SSH (RFC 4253), FTP (RFC 959), SMTP (RFC 5321), POP3, IMAP, VNC, rsync, telnet,
//! and every other first line.

use super::bytes::{find_any_case, line, starts_any_case};
use super::facts::Facts;
use super::software::software;
use super::speech::{Speech, first_line};
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

/// A greeting of several lines is read to its end or to here.
const LONGEST_GREETING: usize = 2048;

/// Text of any kind.
pub(super) fn text(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let first = first_line(speech)?;
    let bytes = speech.bytes.trim_ascii_start();
    if bytes.starts_with(b"SSH-") {
        return Some(ssh(first, facts));
    }
    if let Some(version) = first.strip_prefix(b"RFB ") {
        // As it is sent: three digits, a dot, three digits.
        facts.join(FactKind::Protocol, &[b"RFB ", version]);
        facts.add(FactKind::Banner, first);
        return Some(Protocol::Vnc);
    }
    if let Some(version) = first.strip_prefix(b"@RSYNCD: ") {
        facts.join(FactKind::Protocol, &[b"rsync ", version]);
        facts.add(FactKind::Banner, first);
        return Some(Protocol::Rsync);
    }
    if let Some(version) = first.strip_prefix(b"VERSION ") {
        facts.join(FactKind::Software, &[b"memcached ", version]);
        facts.add(FactKind::Login, b"answers without a login");
        return Some(Protocol::Memcached);
    }
    if first.starts_with(b"STAT ") {
        return memcached_statistics(speech, facts);
    }
    if let [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..] = first {
        return numbered(speech, first, facts);
    }
    facts.add(FactKind::Banner, first);
    if let Some(found) = software(first) {
        facts.add(FactKind::Software, found);
    }
    if is_prompt(bytes) {
        facts.add(FactKind::Login, b"asks for a login");
    }
    Some(match first {
        [b'+', b'O', b'K', ..] => Protocol::Pop3,
        [b'*', b' ', b'O', b'K', ..]
        | [b'*', b' ', b'P', b'R', b'E', ..]
        | [b'*', b' ', b'B', b'Y', b'E', ..] => Protocol::Imap,
        b"ERROR" if matches!(speech.port, 11_211) => Protocol::Memcached,
        _ => Protocol::Unknown,
    })
}

/// `SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3`: protocol, then software and comment.
fn ssh(line: &[u8], facts: &mut Facts) -> Protocol {
    facts.add(FactKind::Banner, line);
    let mut parts = line.splitn(3, |b| *b == b'-');
    if let (Some(name), Some(version), Some(software)) = (parts.next(), parts.next(), parts.next()) {
        facts.join(FactKind::Protocol, &[name, b"-", version]);
        facts.add(FactKind::Software, software);
    }
    Protocol::Ssh
}

fn memcached_statistics(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let version = speech.bytes.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"STAT version "));
    let Some(version) = version else {
        let over = speech.ended || speech.bytes.len() > LONGEST_GREETING;
        return over.then_some(Protocol::Memcached);
    };
    facts.join(FactKind::Software, &[b"memcached ", version]);
    facts.add(FactKind::Login, b"answers without a login");
    Some(Protocol::Memcached)
}

/// A greeting with a number: FTP or SMTP, as its words, the client's or the port say. A line with a hyphen behind the number
/// is not the last.
fn numbered(speech: &Speech<'_>, first: &[u8], facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let last = bytes.split_inclusive(|b| *b == b'\n').any(|l| l.get(3) == Some(&b' ') && l.ends_with(b"\n"));
    if !last && !speech.ended && bytes.len() < LONGEST_GREETING {
        return None;
    }
    let said = |words: &[&[u8]]| words.iter().any(|word| find_any_case(bytes, word).is_some());
    let protocol = if said(&[b"SMTP", b"Postfix", b"Exim", b"Sendmail"]) || speech.other == Protocol::Smtp {
        Protocol::Smtp
    } else if said(&[b"FTP", b"FileZilla"]) || speech.other == Protocol::Ftp {
        Protocol::Ftp
    } else {
        match speech.port {
            21 | 990 | 2121 => Protocol::Ftp,
            25 | 465 | 587 | 2525 => Protocol::Smtp,
            _ => Protocol::Unknown,
        }
    };
    facts.add(FactKind::Banner, first);
    if let Some(found) = software(bytes).or_else(|| bracketed_version(first)) {
        facts.add(FactKind::Software, found);
    }
    // RFC 5321: the greeting's first word is the host's own name. FTP servers that name themselves do it the same way.
    let word = first.get(4..).and_then(|rest| rest.split(|b| *b == b' ').next()).unwrap_or_default();
    let is_name =
        word.contains(&b'.') && word.iter().all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(b));
    if is_name && first.starts_with(b"220") && word.iter().any(u8::is_ascii_alphabetic) {
        facts.add(FactKind::HostName, word);
    }
    if first.starts_with(b"530") || first.starts_with(b"331") {
        facts.add(FactKind::Login, b"asks for a login");
    }
    Some(protocol)
}

/// `(Version 6.4/OpenBSD/Linux-ftpd-0.17)`, as BSD's FTP server and its heirs have it.
fn bracketed_version(line: &[u8]) -> Option<&[u8]> {
    let inner = line.split(|b| matches!(b, b'(' | b')')).nth(1)?;
    starts_any_case(inner, b"version ").then(|| &inner[8..])
}

fn is_prompt(text: &[u8]) -> bool {
    let last = text.trim_ascii_end().rsplit(|b| *b == b'\n').next().unwrap_or_default();
    last.ends_with(b":")
        && [&b"login"[..], b"username", b"password"].iter().any(|w| find_any_case(last, w).is_some())
}

/// Telnet (RFC 854): what is negotiated falls out, what is left is text that ends with a prompt.
pub(super) fn telnet(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let text = without_negotiation(speech.bytes);
    let prompts = is_prompt(&text);
    if !prompts && !speech.ended && text.len() < LONGEST_GREETING {
        return None;
    }
    let first = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
    facts.add(FactKind::Banner, first.unwrap_or_default());
    if let Some(found) = software(&text) {
        facts.add(FactKind::Software, found);
    }
    if prompts {
        facts.add(FactKind::Login, b"asks for a login");
    }
    // `myhost login:` is how Unix systems ask.
    let (asked, _) = line(text.trim_ascii().rsplit(|b| *b == b'\n').next().unwrap_or_default());
    if let Some(at) = find_any_case(asked, b" login:")
        && starts_any_case(&asked[at..], b" login:")
        && !asked[..at].contains(&b' ')
    {
        facts.add(FactKind::HostName, &asked[..at]);
    }
    Some(Protocol::Telnet)
}

/// The text between telnet's commands: IAC and one byte, IAC and two bytes, or IAC SB ... IAC SE.
pub(super) fn without_negotiation(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (0xff, Some(0xfa)) => {
                let end = bytes[at..].windows(2).position(|pair| pair == [0xff, 0xf0]);
                at += end.map_or(bytes.len(), |end| end + 2);
            }
            (0xff, Some(0xfb..=0xfe)) => at += 3,
            (0xff, _) => at += 2,
            (0, _) => at += 1,
            _ => {
                text.push(byte);
                at += 1;
            }
        }
    }
    text
}
