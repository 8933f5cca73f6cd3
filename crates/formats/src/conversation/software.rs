//! Names of servers in free text, with their versions.

use super::bytes::find_any_case;

/// Servers of mail, files and remote shells as their greetings call them. Longer names stand before those that they contain.
const NAMES: &[&[u8]] = &[
    b"vsFTPd",
    b"ProFTPD",
    b"Pure-FTPd",
    b"FileZilla Server",
    b"Microsoft FTP Service",
    b"Serv-U FTP Server",
    b"wu-",
    b"bftpd",
    b"glFTPd",
    b"Titan FTP Server",
    b"CrushFTP",
    b"Postfix",
    b"Exim",
    b"Sendmail",
    b"OpenSMTPD",
    b"qmail",
    b"Microsoft ESMTP MAIL Service",
    b"Haraka",
    b"Exchange",
    b"MailEnable",
    b"hMailServer",
    b"Zimbra",
    b"Dovecot",
    b"Cyrus",
    b"Courier",
    b"UW IMAP",
    b"Cisco",
    b"BusyBox",
    b"MikroTik",
    b"Kerio",
    b"MDaemon",
    b"Lotus Domino",
];

/// The name, and the version that follows it, as they stand there; none if no name is known.
pub(super) fn software(text: &[u8]) -> Option<&[u8]> {
    NAMES.iter().find_map(|name| {
        let from = find_any_case(text, name)?;
        // Part of another word: `eximious.example`.
        if from > 0 && text[from - 1].is_ascii_alphanumeric() {
            return None;
        }
        let end = from + name.len();
        let rest = &text[end..];
        if rest.first().is_some_and(|b| b.is_ascii_lowercase() || matches!(b, b'.' | b'@')) {
            return None;
        }
        Some(&text[from..end + version(rest)])
    })
}

/// Bytes of what follows a name and is its version: `/1.2`, ` v1.2.3`, ` 4.96-58`, `, Version: 10.0`, `-2.6.0`.
fn version(rest: &[u8]) -> usize {
    const BETWEEN: [&[u8]; 6] = [b", Version: ", b" version ", b" v", b"/", b" ", b"-"];
    let gap = BETWEEN
        .iter()
        .find(|between| rest.starts_with(between) && rest.get(between.len()).is_some_and(u8::is_ascii_digit));
    let Some(gap) = gap else { return 0 };
    let digits =
        rest[gap.len()..].iter().take_while(|b| !b.is_ascii_whitespace() && !b")],;".contains(b)).count();
    gap.len() + digits
}
