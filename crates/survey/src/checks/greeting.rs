//! What greetings and headers give away beyond the name of the product, and the line that ends it.
//!
//! A bare name is no finding: what a server is shows in how it behaves. A version, a distribution, a build is one, for it tells at once which
//! flaws to try. What cannot be configured is not asked for: SSH's protocol version and OpenSSH's own version are compiled in (RFC 4253, 4.2
//! wants both), and a mail server's host name belongs into its greeting (RFC 5321, 4.3.1).

use super::{Remedy, find};

pub(super) const APACHE: Remedy = Remedy { place: "apache2.conf", line: "ServerTokens Prod" };
pub(super) const NGINX: Remedy = Remedy { place: "nginx.conf (http)", line: "server_tokens off;" };
pub(super) const IIS: Remedy = Remedy {
    place: "web.config (system.webServer/security)",
    line: r#"<requestFiltering removeServerHeader="true" />"#,
};
pub(super) const HTTP_SYS: Remedy = Remedy {
    place: r"registry, HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters",
    line: "DisableServerHeader = 2",
};
pub(super) const LIGHTTPD: Remedy = Remedy { place: "lighttpd.conf", line: r#"server.tag = "lighttpd""# };
pub(super) const PHP: Remedy = Remedy { place: "php.ini", line: "expose_php = Off" };
pub(super) const SSHD: Remedy = Remedy { place: "sshd_config", line: "DebianBanner no" };
pub(super) const ADDENDUM: Remedy = Remedy { place: "sshd_config", line: "VersionAddendum none" };
pub(super) const POSTFIX: Remedy = Remedy { place: "main.cf", line: "smtpd_banner = $myhostname ESMTP" };
pub(super) const EXIM: Remedy =
    Remedy { place: "exim4.conf", line: "smtp_banner = $smtp_active_hostname ESMTP" };
pub(super) const SENDMAIL: Remedy =
    Remedy { place: "sendmail.mc", line: "define(`confSMTP_LOGIN_MSG', `$j ESMTP')dnl" };
pub(super) const VSFTPD: Remedy = Remedy { place: "vsftpd.conf", line: "ftpd_banner=Welcome" };
pub(super) const PROFTPD: Remedy = Remedy { place: "proftpd.conf", line: "ServerIdent off" };
pub(super) const DOVECOT: Remedy = Remedy { place: "dovecot.conf", line: "login_greeting = Ready" };
pub(super) const CYRUS: Remedy = Remedy { place: "imapd.conf", line: "serverinfo: off" };
pub(super) const OTHER: Remedy =
    Remedy { place: "the server's configuration", line: "(a greeting or header without version)" };

pub(super) const ALL: &[Remedy] = &[
    APACHE, NGINX, IIS, HTTP_SYS, LIGHTTPD, PHP, SSHD, ADDENDUM, POSTFIX, EXIM, SENDMAIL, VSFTPD, PROFTPD,
    DOVECOT, CYRUS, OTHER,
];

/// Servers that speak first, by the name in their greeting.
const GREETERS: [(&str, Remedy); 7] = [
    ("Postfix", POSTFIX),
    ("Exim", EXIM),
    ("Sendmail", SENDMAIL),
    ("vsFTPd", VSFTPD),
    ("ProFTPD", PROFTPD),
    ("Dovecot", DOVECOT),
    ("Cyrus", CYRUS),
];
/// Web servers, by how their header begins.
const WEB: [(&str, Remedy); 5] = [
    ("Apache", APACHE),
    ("nginx", NGINX),
    ("Microsoft-IIS", IIS),
    ("Microsoft-HTTPAPI", HTTP_SYS),
    ("lighttpd", LIGHTTPD),
];

/// Whether what follows a product's name goes beyond it: a version, or something in brackets.
fn beyond(rest: &str) -> bool {
    let rest = rest.trim_start();
    let version =
        rest.trim_start_matches(['/', '_', '-', ' ', 'v']).starts_with(|c: char| c.is_ascii_digit());
    version || rest.starts_with('(')
}

/// Whether there is a version in a word: numbers with a dot between them, and no address, no date.
fn is_version(word: &str) -> bool {
    let number = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if word.parse::<std::net::IpAddr>().is_ok() {
        return false;
    }
    word.split(['/', '_', '-', '(']).any(|piece| {
        let piece = piece.strip_prefix(['v', 'V']).unwrap_or(piece);
        let mut parts = piece.split('.');
        let major = parts.next().is_some_and(|major| number(major, 3));
        // In a host's name a part begins with a letter.
        let minor = parts.clone().next().is_some()
            && parts.all(|part| part.starts_with(|c: char| c.is_ascii_digit()));
        // 24.11.2026 is a day.
        major && minor && !piece.split('.').any(|part| part.len() == 4 && number(part, 4))
    })
}

/// The line that takes away what a greeting of FTP, SMTP, IMAP or POP3 gives away; none where it gives nothing away.
pub(super) fn greeting(text: &str) -> Option<Remedy> {
    for (name, remedy) in GREETERS {
        if let Some(at) = find(text.as_bytes(), name.as_bytes()) {
            let rest = text.get(at + name.len()..)?;
            return (beyond(rest) || rest.split_ascii_whitespace().any(is_version)).then_some(remedy);
        }
    }
    // The first word is a number or a mark, the second often the host's own name.
    text.split_ascii_whitespace().skip(1).any(is_version).then_some(OTHER)
}

/// The same of an SSH identification: its comment. Before it stand the versions that cannot be taken away.
pub(super) fn ssh(text: &str) -> Option<Remedy> {
    let comment = text.strip_prefix("SSH-")?.split_once(' ')?.1.trim();
    let debian = ["Debian", "Ubuntu", "Raspbian", "Kali"].iter().any(|name| comment.starts_with(name));
    (!comment.is_empty()).then_some(if debian { SSHD } else { ADDENDUM })
}

/// The same of a Server header.
pub(super) fn server(text: &str) -> Option<Remedy> {
    for (name, remedy) in WEB {
        if let Some(rest) = text.strip_prefix(name).filter(|rest| !rest.starts_with("-Coyote")) {
            return beyond(rest).then_some(remedy);
        }
    }
    let mut words = text.split_ascii_whitespace();
    let numbered = |word: &str| word.split_once('/').is_some_and(|(_, version)| beyond(version));
    words.any(|word| numbered(word) || is_version(word)).then_some(OTHER)
}

/// The same of an X-Powered-By header.
pub(super) fn powered(text: &str) -> Option<Remedy> {
    let rest = text.strip_prefix("PHP")?;
    beyond(rest).then_some(PHP)
}

pub(super) fn read_anything(bytes: &[u8]) {
    let text = super::told(bytes);
    let _ = (greeting(&text), ssh(&text), server(&text), powered(&text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_beyond_the_bare_product() {
        for (text, remedy) in [
            ("220 mail.example ESMTP Postfix (Debian/GNU)", Some(POSTFIX)),
            ("220 mail.example ESMTP Postfix", None),
            ("220 mail.example ESMTP", None),
            ("220 mail.example ESMTP Exim 4.96 Tue, 24 Nov 2026 03:00:00 +0000", Some(EXIM)),
            ("220 192.0.2.7 ESMTP Tue, 24 Nov 2026 03:00:00 +0000", None),
            ("220 mail-2.0.example ESMTP Sendmail 8.17.1/8.17.1; Tue", Some(SENDMAIL)),
            ("220 (vsFTPd 3.0.3)", Some(VSFTPD)),
            ("220 Welcome", None),
            ("220 ProFTPD Server (Debian) [::ffff:192.0.2.7]", None),
            ("220 ProFTPD 1.3.8 Server (Debian)", Some(PROFTPD)),
            ("220-FileZilla Server 1.7.0", Some(OTHER)),
            ("220 ftp.example FTP server (Version 6.4/OpenBSD) ready.", Some(OTHER)),
            ("220 192.0.2.7 FTP server ready since 24.11.2026", None),
            ("* OK [CAPABILITY IMAP4rev1 SASL-IR] Dovecot (Debian) ready.", Some(DOVECOT)),
            ("* OK [CAPABILITY IMAP4rev1 SASL-IR] Dovecot ready.", None),
            ("+OK Dovecot (Debian) ready.", Some(DOVECOT)),
            ("220 mail-2.0.example ESMTP", None),
            ("* OK imap.example Cyrus IMAP 3.6.1-Debian-3.6.1-4 server ready", Some(CYRUS)),
        ] {
            assert_eq!(greeting(text), remedy, "{text}");
        }
    }

    #[test]
    fn of_ssh_only_the_comment() {
        assert_eq!(ssh("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"), Some(SSHD));
        assert_eq!(ssh("SSH-2.0-OpenSSH_9.6 FreeBSD-20240701"), Some(ADDENDUM));
        assert_eq!(ssh("SSH-2.0-OpenSSH_9.2p1"), None);
        assert_eq!(ssh("SSH-2.0-dropbear_2022.83"), None);
    }

    #[test]
    fn servers_beyond_the_bare_product() {
        for (text, remedy) in [
            ("Apache/2.4.57 (Debian)", Some(APACHE)),
            ("Apache", None),
            ("nginx/1.22.1", Some(NGINX)),
            ("nginx", None),
            ("nginx (Ubuntu)", Some(NGINX)),
            ("Microsoft-IIS/10.0", Some(IIS)),
            ("Microsoft-HTTPAPI/2.0", Some(HTTP_SYS)),
            ("lighttpd/1.4.69", Some(LIGHTTPD)),
            ("Apache-Coyote/1.1", Some(OTHER)),
            ("Jetty(10.0.18)", Some(OTHER)),
            ("Werkzeug/2.2.2 Python/3.11.2", Some(OTHER)),
            ("Caddy", None),
            ("cloudflare", None),
        ] {
            assert_eq!(server(text), remedy, "{text}");
        }
        assert_eq!((powered("PHP/8.2.7"), powered("PHP"), powered("Express")), (Some(PHP), None, None));
    }
}
