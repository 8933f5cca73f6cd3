//! One HTTP request, one bounded answer. Nothing is followed, no cookie is kept, and what was read is overwritten when it is dropped.
//!
//! Each request opens a connection of its own, so that the answer ends where the connection does: no server's view of where a body ends
//! has to be believed.

use std::cell::Cell;
use std::fmt;

use super::{Look, find};
use crate::identify::user_agent;
use crate::talk::{Failed, Visit};

/// Ports where TLS is likely, for services that nobody has identified.
const TLS_PORTS: [u16; 8] = [443, 2376, 4443, 5986, 6443, 8443, 10_250, 10_443];
/// How servers tell a client that it should have spoken TLS: Go, nginx, Apache.
const SHOULD_BE_TLS: [&[u8]; 3] = [
    b"HTTP request to an HTTPS server",
    b"plain HTTP request was sent to HTTPS port",
    b"speaking plain HTTP to an SSL",
];

/// Bytes that are overwritten when they are dropped. Never shown.
#[derive(Default)]
pub(super) struct Wiped(Vec<u8>);

impl Wiped {
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the compiler from leaving out a write that nobody reads.
        std::hint::black_box(&self.0);
    }
}

/// An answer. Its debug form shows no content.
#[derive(Default)]
pub(super) struct Answer {
    pub status: u16,
    head: Wiped,
    body: Wiped,
    whole: bool,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.0.len())
    }
}

impl Answer {
    /// From what came; none where it is not HTTP, or not yet.
    pub fn parse(bytes: &[u8], head_only: bool) -> Option<Self> {
        let rest = bytes.strip_prefix(b"HTTP/1.")?;
        let digits = rest.get(2..5).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        let status = digits.iter().fold(0_u16, |status, digit| status * 10 + u16::from(digit - b'0'));
        let (head, body) = match find(bytes, b"\r\n\r\n") {
            Some(end) => (bytes.get(..end)?, Some(bytes.get(end + 4..)?)),
            None => (bytes, None),
        };
        let mut answer = Self { status, head: Wiped(head.to_vec()), body: Wiped::default(), whole: false };
        let Some(body) = body else { return Some(answer) };
        if answer.header("transfer-encoding").is_some_and(|how| how.eq_ignore_ascii_case("chunked")) {
            let (body, whole) = unchunk(body);
            answer.body = Wiped(body);
            answer.whole = whole;
        } else {
            answer.body = Wiped(body.to_vec());
            let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
            answer.whole = length.is_some_and(|length| body.len() >= length);
        }
        answer.whole |= head_only || matches!(status, 204 | 304);
        Some(answer)
    }

    /// A header's value; the first, where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.0.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
            let line = std::str::from_utf8(line).ok()?;
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn body(&self) -> &[u8] {
        self.body.bytes()
    }

    /// The body as JSON, where it is all there.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(self.body()).ok()
    }

    /// A text of the top level of a JSON object.
    pub fn json_text(&self, key: &str) -> Option<String> {
        super::word(self.json()?.get(key)?.as_str()?)
    }

    /// Whether the body holds these bytes.
    pub fn has(&self, what: &[u8]) -> bool {
        find(self.body(), what).is_some()
    }

    /// What the page calls itself.
    pub fn title(&self) -> Option<String> {
        let body = self.body();
        let from = find(body, b"<title>")? + 7;
        let rest = body.get(from..)?;
        let title = rest.get(..find(rest, b"</title>")?)?;
        Some(super::told(title)).filter(|title| !title.is_empty())
    }

    fn wants_tls(&self) -> bool {
        self.status == 400 && SHOULD_BE_TLS.iter().any(|hint| self.has(hint))
    }
}

/// The chunks put together (RFC 9112, 7.1), and whether the last was there.
fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::with_capacity(rest.len());
    loop {
        let Some(end) = find(rest, b"\r\n") else { return (body, false) };
        let (line, after) = rest.split_at(end);
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let (Some(size), Some(after)) = (size, after.get(2..)) else { return (body, false) };
        if size == 0 {
            return (body, true);
        }
        let part = after.get(..size).unwrap_or(after);
        body.extend_from_slice(part);
        match after.get(size.saturating_add(2)..) {
            Some(next) => rest = next,
            None => return (body, false),
        }
    }
}

/// What came of a request.
#[derive(Debug, Default)]
pub(super) enum Reply {
    Answer(Answer),
    /// TLS, and only for those who have a certificate.
    CertificateDemanded,
    /// Nothing, or no HTTP.
    #[default]
    Nothing,
}

impl Reply {
    pub fn answer(self) -> Option<Answer> {
        if let Self::Answer(answer) = self { Some(answer) } else { None }
    }
}

/// Asks one service, within one visit.
#[derive(Debug)]
pub(super) struct Client<'a> {
    visit: Visit<'a>,
    /// Spoken with TLS.
    tls: Cell<bool>,
    /// Whether nobody knows, so that the other way is tried too.
    guessed: Cell<bool>,
    common: String,
}

impl<'a> Client<'a> {
    pub fn new(look: &Look<'a>) -> Self {
        let known = look.subject.spoken().is_some() || look.subject.tls;
        let tls = look.subject.tls || (!known && TLS_PORTS.contains(&look.subject.port()));
        let common = format!(
            "Host: {}\r\nUser-Agent: {}\r\nAccept: */*\r\nConnection: close\r\n",
            look.subject.target.get(),
            user_agent(look.caller.governor().scope()),
        );
        Self { visit: look.visit(), tls: Cell::new(tls), guessed: Cell::new(!known), common }
    }

    /// Whether TLS was spoken at last.
    pub fn tls(&self) -> bool {
        self.tls.get()
    }

    pub fn get(&self, path: &str) -> Result<Reply, Failed> {
        self.ask("GET", path, "", "", |_| false)
    }

    pub fn head(&self, path: &str) -> Result<Reply, Failed> {
        self.ask("HEAD", path, "", "", |_| false)
    }

    /// Asks; `headers` end with a line break each; reading ends when `enough` says so. Where nobody knows whether TLS is spoken there, and
    /// the guess was wrong, it is asked once more the other way.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
        enough: impl Fn(&Answer) -> bool,
    ) -> Result<Reply, Failed> {
        let request = format!("{method} {path} HTTP/1.1\r\n{}{headers}\r\n{body}", self.common);
        let once = || self.once(&request, method == "HEAD", &enough);
        let first = once();
        if !self.guessed.replace(false) {
            return first;
        }
        let wrong = match &first {
            Ok(Reply::Answer(answer)) => answer.wants_tls(),
            Ok(Reply::Nothing) | Err(Failed::Tls(_)) => true,
            _ => false,
        };
        if !wrong {
            return first;
        }
        let was = self.tls.get();
        self.tls.set(!was);
        match once() {
            // It speaks TLS or it does not, but not HTTP.
            Ok(Reply::Nothing) | Err(Failed::Tls(_) | Failed::Silent) => {
                self.tls.set(was);
                if matches!(first, Err(Failed::Tls(_))) { Ok(Reply::Nothing) } else { first }
            }
            other => other,
        }
    }

    fn once(
        &self,
        request: &str,
        head_only: bool,
        enough: impl Fn(&Answer) -> bool,
    ) -> Result<Reply, Failed> {
        let mut line = if self.tls.get() {
            match self.visit.connect_tls(None) {
                Err(Failed::Tls(why)) if demands_certificate(&why) => return Ok(Reply::CertificateDemanded),
                line => line?,
            }
        } else {
            self.visit.connect()?
        };
        let asked = line.seen().is_some_and(|seen| seen.wants_certificate);
        let heard = line.say(request.as_bytes()).and_then(|()| {
            line.hear(|bytes| {
                Answer::parse(bytes, head_only).is_some_and(|answer| answer.whole || enough(&answer))
            })
        });
        // TLS 1.3 lets a client without a certificate speak before it refuses.
        let heard = match heard {
            Err(Failed::Stopped(why)) => return Err(Failed::Stopped(why)),
            Err(Failed::Spent) => return Err(Failed::Spent),
            Err(_) if asked => return Ok(Reply::CertificateDemanded),
            Err(Failed::Broken(why)) if demands_certificate(&why.to_string()) => {
                return Ok(Reply::CertificateDemanded);
            }
            Err(_) => return Ok(Reply::Nothing),
            Ok(heard) => Wiped(heard),
        };
        Ok(match Answer::parse(heard.bytes(), head_only) {
            Some(answer) => Reply::Answer(answer),
            None if asked => Reply::CertificateDemanded,
            None => Reply::Nothing,
        })
    }
}

/// Whether a handshake ended for want of a client's certificate: it was asked for, or an alert says so (116 of TLS 1.3, 42 before), as rustls
/// names them.
fn demands_certificate(why: &str) -> bool {
    ["a client certificate was asked for", "CertificateRequired", "BadCertificate"]
        .iter()
        .any(|sign| why.contains(sign))
}

pub(super) fn read_anything(bytes: &[u8]) {
    for head_only in [false, true] {
        if let Some(answer) = Answer::parse(bytes, head_only) {
            let _ = (answer.json(), answer.title(), answer.header("server").is_some(), answer.wants_tls());
        }
    }
    unchunk(bytes);
}
