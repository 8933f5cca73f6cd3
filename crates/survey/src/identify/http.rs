//! Web servers: who asks, which parts of an answer tell most, and where a page's icon lies.

use md5::{Digest, Md5};

use super::words::Words;
use crate::scope::Scope;

/// Of a body that much is held against fingerprints.
const BODY: usize = 2_048;
/// Header lines that are held against fingerprints.
const MOST_LINES: usize = 48;

/// How the survey calls itself: product, version, and where the scanned find out who scans them.
pub fn user_agent(scope: &Scope) -> String {
    let about: String = scope.about.chars().filter(char::is_ascii_graphic).collect();
    format!("watchpost/{} (+{about})", env!("CARGO_PKG_VERSION"))
}

/// The host of the scope's URL: the name by which the survey greets mail servers.
pub(super) fn own_name(scope: &Scope) -> String {
    let about = scope.about.split_once("://").map_or(scope.about.as_str(), |(_, rest)| rest);
    let host = about.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let name: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
    if name.is_empty() { "watchpost.invalid".into() } else { name }
}

/// Head and body.
fn split(answer: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in answer.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if line.trim_ascii().is_empty() {
            break;
        }
    }
    answer.split_at_checked(at).unwrap_or((answer, &[]))
}

/// Name and value of the header lines.
fn lines(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|byte| *byte == b'\n').skip(1).take(MOST_LINES).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((line.get(..colon)?.trim_ascii(), line.get(colon + 1..)?.trim_ascii()))
    })
}

/// The status.
pub(super) fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    std::str::from_utf8(line.split(|byte| *byte == b' ').nth(1)?.trim_ascii()).ok()?.parse().ok()
}

/// Whether a web server says that it wants TLS.
pub(super) fn wants_tls(answer: &[u8]) -> bool {
    // nginx, Go and Apache, in this order.
    const SAID: [&[u8]; 3] = [
        b"plain HTTP request was sent to HTTPS",
        b"HTTP request to an HTTPS server",
        b"plain HTTP to an SSL",
    ];
    status(answer) == Some(400) && SAID.iter().any(|words| contains(answer, words))
}

fn contains(bytes: &[u8], words: &[u8]) -> bool {
    regex::bytes::Regex::new(&regex::escape(&String::from_utf8_lossy(words)))
        .is_ok_and(|words| words.is_match(bytes))
}

/// The parts of an answer that fingerprints are for, the most telling first.
pub(super) fn words(answer: &[u8], title: Option<&str>, words: &mut Words) {
    let (head, body) = split(answer);
    for (name, value) in lines(head) {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        // A cookie's value is a secret; fingerprints go by its name.
        if !is("set-cookie") && !is("date") && !is("content-length") {
            words.add("http_header.line", &[name, b": ", value].concat());
        }
    }
    if let Some(title) = title {
        words.add("html_title", title.as_bytes());
    }
    words.add("http.body", body.get(..BODY).unwrap_or(body));
    for (wanted, kind) in [
        ("set-cookie", "http_header.cookie"),
        ("server", "http_header.server"),
        ("server", "apache_os"),
        ("server", "apache_modules"),
        ("x-powered-by", "http_header.x-powered-by"),
        ("www-authenticate", "http_header.wwwauth"),
    ] {
        for (_, value) in lines(head).filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes())) {
            words.add(kind, value);
        }
    }
}

/// The value of a header line.
pub(super) fn header<'a>(answer: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    lines(split(answer).0)
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()))
        .map(|(_, value)| value)
}

/// Where the icon of a page lies on this very server.
pub(super) fn icon_path(answer: &[u8]) -> String {
    const DEFAULT: &str = "/favicon.ico";
    let page = String::from_utf8_lossy(split(answer).1);
    let links =
        page.split('<').filter(|tag| tag.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("link")));
    let named = links.filter_map(|tag| {
        let tag = tag.split('>').next()?;
        let lower = tag.to_ascii_lowercase();
        if !lower.contains("icon") || lower.contains("apple-touch") || lower.contains("mask-icon") {
            return None;
        }
        let value = tag.get(lower.find("href=")? + 5..)?;
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = quote.map_or(value, |quote| value.trim_start_matches(quote));
        let end = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>'));
        value.get(..end.unwrap_or(value.len()))
    });
    let path = named.take(1).next().unwrap_or(DEFAULT).trim_start_matches("./");
    // Elsewhere is out of bounds, and what would not stand in a request line is no path.
    let fit = path.len() <= 256 && path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains(':');
    match path {
        path if path.starts_with("//") || path.is_empty() || !fit => DEFAULT.into(),
        path if path.starts_with('/') => path.into(),
        path => format!("/{path}"),
    }
}

/// MD5 of an icon, if all of it is there and it is no page.
pub(super) fn icon_hash(answer: &[u8]) -> Option<String> {
    let (_, body) = split(answer);
    let length: usize = std::str::from_utf8(header(answer, "content-length")?).ok()?.parse().ok()?;
    let is_page = header(answer, "content-type").is_some_and(|kind| kind.starts_with(b"text/html"));
    if status(answer) != Some(200) || is_page || body.is_empty() || body.len() != length {
        return None;
    }
    Some(Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_lie_on_the_same_server_only() {
        let page = |link: &str| format!("HTTP/1.1 200 OK\r\n\r\n<html><head>{link}</head>").into_bytes();
        for (link, path) in [
            ("", "/favicon.ico"),
            ("<link rel=\"shortcut icon\" href=\"/a/b.png\">", "/a/b.png"),
            ("<LINK REL=icon HREF=img/x.ico>", "/img/x.ico"),
            ("<link rel='icon' href='./x.ico'/>", "/x.ico"),
            ("<link rel=icon href=\"https://elsewhere.example/x.ico\">", "/favicon.ico"),
            ("<link rel=icon href=\"//elsewhere.example/x.ico\">", "/favicon.ico"),
            ("<link rel=icon href=\"data:image/png;base64,AAAA\">", "/favicon.ico"),
            ("<link rel=icon href=\"/x\r\nHost: y\">", "/x"),
            ("<link rel=stylesheet href=/x.css>", "/favicon.ico"),
        ] {
            assert_eq!(icon_path(&page(link)), path, "{link}");
        }
    }

    #[test]
    fn an_icon_counts_when_all_of_it_came() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        // RFC 1321, A.5.
        assert_eq!(icon_hash(whole).unwrap(), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(icon_hash(&whole[..whole.len() - 1]), None);
        assert_eq!(icon_hash(b"HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc"), None);
        assert_eq!(
            icon_hash(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nabc"),
            None
        );
    }

    #[test]
    fn nothing_of_the_scope_breaks_out_of_a_request() {
        let text = "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\n\
                    about = \"https://who.example:8443/x\"\nblocks = [\"127.0.0.1/32\"]\nlab = true\ntcp = \"80\"\n";
        let mut scope = Scope::parse(text).unwrap();
        scope.about += "\r\nEvil: 1";
        assert!(
            user_agent(&scope).ends_with("(+https://who.example:8443/xEvil:1)"),
            "{}",
            user_agent(&scope)
        );
        assert_eq!(own_name(&scope), "who.example");
    }
}
