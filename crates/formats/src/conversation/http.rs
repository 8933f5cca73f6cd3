//! HTTP/1 (RFC 9112), and what looks like it: RTSP and SIP.
//!
//! Of an answer the head, and as much of the body as tells a page's title or which control plane gives itself away; of a
//! request what is asked for, of whom, and by whom. Values of `Authorization` and `Cookie` are never looked at.

use super::bytes::{find, find_any_case, line, starts_any_case};
use super::facts::Facts;
use super::speech::{Protocol, Speech};
use super::windows;
use watchpost_core::record::FactKind;

/// Methods of HTTP, WebDAV, RTSP, SIP and SSDP.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"MOVE",
    b"COPY",
    b"LOCK",
    b"UNLOCK",
    b"SEARCH",
    b"REPORT",
    b"DESCRIBE",
    b"SETUP",
    b"PLAY",
    b"TEARDOWN",
    b"INVITE",
    b"REGISTER",
    b"M-SEARCH",
    b"NOTIFY",
    b"SUBSCRIBE",
    b"PRI",
    b"DEBUG",
    b"PURGE",
    b"RPC_IN_DATA",
    b"INDEX",
];

/// Whether a request line of these protocols begins here: a known method and a path, or any method with a version behind.
pub(super) fn is_request(bytes: &[u8]) -> bool {
    let method =
        bytes.iter().take(20).take_while(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_')).count();
    if method == 0 || bytes.get(method) != Some(&b' ') {
        return false;
    }
    // `GET key` of other protocols has neither a path nor a version.
    let has_path = matches!(bytes.get(method + 1), Some(b'/' | b'*'));
    (has_path && METHODS.contains(&&bytes[..method])) || version(line(bytes).0).is_some()
}

pub(super) fn is_answer(bytes: &[u8]) -> bool {
    [&b"HTTP/"[..], b"RTSP/", b"SIP/", b"ICY "].iter().any(|start| bytes.starts_with(start))
}

/// The version at the end of a request line.
fn version(line: &[u8]) -> Option<&[u8]> {
    let last = line.rsplit(|b| *b == b' ').next()?;
    is_answer(last).then_some(last)
}

fn protocol_of(version: &[u8]) -> Protocol {
    match version {
        [b'R', ..] => Protocol::Rtsp,
        [b'S', ..] => Protocol::Sip,
        _ => Protocol::Http,
    }
}

/// The lines of the head behind the first, and where the body begins; none if the head is not whole.
fn head(bytes: &[u8]) -> Option<usize> {
    let crlf = find(bytes, b"\r\n\r\n").map(|at| at + 4);
    let lf = find(bytes, b"\n\n").map(|at| at + 2);
    crlf.into_iter().chain(lf).min()
}

fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|b| *b == b'\n').skip(1).filter_map(|line| {
        let colon = line.iter().position(|b| *b == b':')?;
        Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
    })
}

pub(super) fn client(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let (request, whole) = line(bytes);
    // HTTP/0.9 and sloppy probes have a request line and no more.
    let version = version(request);
    let end = match head(bytes) {
        Some(end) => end,
        None if speech.ended || (whole && version.is_none()) => bytes.len(),
        None => return None,
    };
    facts.add(FactKind::Request, request_of(request));
    if let Some(version) = version {
        facts.add(FactKind::Protocol, version);
    }
    for (name, value) in fields(&bytes[..end]) {
        if name.eq_ignore_ascii_case(b"host") {
            facts.add(FactKind::AskedName, value);
        } else if name.eq_ignore_ascii_case(b"user-agent") {
            facts.add(FactKind::UserAgent, value);
        }
    }
    Some(version.map_or(Protocol::Http, protocol_of))
}

/// Method and target.
pub(super) fn request_of(line: &[u8]) -> &[u8] {
    match version(line) {
        Some(version) => line[..line.len() - version.len()].trim_ascii_end(),
        None => line,
    }
}

pub(super) fn server(speech: &Speech<'_>, facts: &mut Facts) -> Option<Protocol> {
    let bytes = speech.bytes;
    let end = match head(bytes) {
        Some(end) => end,
        None if speech.ended => bytes.len(),
        None => return None,
    };
    let (head, body) = bytes.split_at(end);
    let answer = Answer::read(head);
    if !speech.ended && !answer.is_told(body) {
        return None;
    }
    let (status, _) = line(head);
    let version = status.split(|b| *b == b' ').next().unwrap_or_default();
    facts.add(FactKind::Title, status);
    facts.add(FactKind::Protocol, version);
    for (name, value) in fields(head) {
        match name.to_ascii_lowercase().as_slice() {
            b"server" | b"x-powered-by" | b"user-agent" => facts.add(FactKind::Software, value),
            b"www-authenticate" | b"proxy-authenticate" => login(value, facts),
            _ => {}
        }
    }
    if let Some(title) = title(body) {
        facts.add(FactKind::Title, title);
    }
    if answer.status == 200 && body.trim_ascii_start().first() == Some(&b'{') || answer.is_chunked {
        control_plane(body, facts);
    }
    Some(protocol_of(version))
}

/// What a head says of the body.
#[derive(Default)]
struct Answer {
    status: u16,
    length: Option<usize>,
    is_chunked: bool,
    is_page: bool,
    is_json: bool,
}

impl Answer {
    fn read(head: &[u8]) -> Self {
        let status = line(head).0.split(|b| *b == b' ').nth(1).and_then(|s| std::str::from_utf8(s).ok());
        let mut answer = Self { status: status.and_then(|s| s.parse().ok()).unwrap_or(0), ..Self::default() };
        for (name, value) in fields(head) {
            if name.eq_ignore_ascii_case(b"content-length") {
                answer.length = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                answer.is_chunked = starts_any_case(value, b"chunked");
            } else if name.eq_ignore_ascii_case(b"content-type") {
                answer.is_page = find_any_case(value, b"html").is_some();
                answer.is_json = find_any_case(value, b"json").is_some();
            }
        }
        answer
    }

    /// Whether more of the body would tell no more.
    fn is_told(&self, body: &[u8]) -> bool {
        let has_body = !matches!(self.status, 100..200 | 204 | 304) && self.length != Some(0);
        !has_body
            || !(self.is_page || self.is_json)
            || self.length.is_some_and(|length| body.len() >= length)
            || (self.is_chunked && body.ends_with(b"0\r\n\r\n"))
            || (self.is_page && title(body).is_some())
    }
}

/// Which login is asked for: the scheme, and the realm where there is one.
fn login(challenge: &[u8], facts: &mut Facts) {
    let scheme = challenge.split(|b| *b == b' ').next().unwrap_or_default();
    let realm = find_any_case(challenge, b"realm=").map(|at| {
        let value = &challenge[at..];
        let quote = value.iter().position(|b| *b == b'"');
        let close = quote.and_then(|q| Some(q + 1 + value[q + 1..].iter().position(|b| *b == b'"')? + 1));
        &value[..close.unwrap_or_else(|| value.iter().position(|b| *b == b',').unwrap_or(value.len()))]
    });
    facts.join(FactKind::Login, &[b"asks for a login: ", scheme, b" ", realm.unwrap_or_default()]);
    if let Some(blob) = challenge.strip_prefix(b"NTLM ").or_else(|| challenge.strip_prefix(b"Negotiate ")) {
        windows::ntlm(&base64(blob), facts);
    }
}

/// Decodes what is sound of a short base64 text.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in text.iter().take(4096) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    out
}

fn title(body: &[u8]) -> Option<&[u8]> {
    let from = find_any_case(body, b"<title")?;
    let from = from + body[from..].iter().position(|b| *b == b'>')? + 1;
    let to = from + find_any_case(&body[from..], b"</title")?;
    Some(body[from..to].trim_ascii())
}

/// Control planes that answer a stranger, by the names in their JSON.
fn control_plane(body: &[u8], facts: &mut Facts) {
    const PLANES: &[(&str, &[u8], &[u8])] = &[
        ("Kubernetes", b"gitVersion", b"gitTreeState"),
        ("Docker", b"Version", b"ApiVersion"),
        ("Docker", b"ServerVersion", b"Containers"),
        ("etcd", b"etcdserver", b"etcdcluster"),
        ("Elasticsearch", b"number", b"lucene_version"),
        ("Consul", b"Version", b"Datacenter"),
    ];
    for (name, version, beside) in PLANES {
        if value_of(body, beside).is_some()
            && let Some(version) = value_of(body, version)
        {
            facts.join(FactKind::Software, &[name.as_bytes(), b" ", version]);
            facts.add(FactKind::Login, b"answers without a login");
            return;
        }
    }
    let lists: [&[u8]; 3] = [b"PodList", b"NodeList", b"NamespaceList"];
    if let Some(kind) = value_of(body, b"kind")
        && lists.contains(&kind)
    {
        facts.join(FactKind::Software, &[b"Kubernetes ", kind]);
        facts.add(FactKind::Login, b"answers without a login");
    }
}

/// The value of a name in JSON, as it stands there.
fn value_of<'a>(body: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let quoted = [b"\"", name, b"\""].concat();
    let rest =
        body[find(body, &quoted)? + quoted.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let (rest, end): (_, fn(&u8) -> bool) = match rest.split_first()? {
        (b'"', rest) => (rest, |b| *b == b'"'),
        _ => (rest, |b| matches!(*b, b',' | b'}' | b' ' | b'\n' | b'\r')),
    };
    Some(&rest[..rest.iter().position(end)?])
}
