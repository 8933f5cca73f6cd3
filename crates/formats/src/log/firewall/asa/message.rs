//! What one message of an ASA says.

use memchr::{memchr, memmem};

use crate::log::field::{address, number};
use crate::log::firewall::packet::{self, by_name};
use crate::log::flow::{Flow, transport};
use watchpost_core::contact::flags::{ACK, FIN, PSH, RST, SYN, URG};
use watchpost_core::contact::{Outcome, Transport};
use watchpost_core::net::Address;

/// A message that tells of a connection or a packet; its time is not set.
#[derive(Debug)]
pub(super) enum Message {
    Denied(Flow),
    Built(u64, Flow),
    /// As the line has it: the side that is called first as the source.
    TornDown(u64, Flow),
}

type End = (Address, u16);

/// The number of a message: the digits before the first colon behind `%ASA-`, and what follows.
pub(super) fn number_of(text: &[u8]) -> Option<(u32, &[u8])> {
    let at = [b"%ASA-".as_slice(), b"%FTD-", b"%PIX-", b"%FWSM-"]
        .iter()
        .find_map(|tag| memmem::find(text, tag).map(|at| at + tag.len()))?;
    let rest = &text[at..];
    let colon = memchr(b':', &rest[..rest.len().min(40)])?;
    let digits = rest[..colon].rsplit(|byte| *byte == b'-').next()?;
    Some((number(digits)?, rest[colon + 1..].trim_ascii()))
}

pub(super) fn parse(text: &[u8]) -> Result<Message, &'static str> {
    const FORM: &str = "a message whose form is not known";
    let (id, body) = number_of(text).ok_or("a message of something else")?;
    match id {
        106_001 | 106_006 | 106_007 | 106_015 => from_to(body, id).ok_or(FORM).map(Message::Denied),
        106_014 | 106_023 => src_dst(body).ok_or(FORM)?.map(Message::Denied),
        106_100 => access_list(body).ok_or(FORM)?.map(Message::Denied),
        302_013 | 302_015 => built(body).ok_or(FORM),
        302_014 | 302_016 => torn_down(body).ok_or(FORM),
        302_020 => icmp(body).ok_or(FORM)?.map(Message::Denied),
        _ => Err("an ASA message of another kind"),
    }
}

/// A denied packet. What a private source may not send outwards says nothing of its target.
fn denied(protocol: u8, source: End, target: End) -> Flow {
    let outcome = packet::denied(source.0, target.0);
    Flow { outcome, ..Flow::new(0, transport(protocol), source, target) }
}

/// What stands behind `words`.
fn behind<'a>(text: &'a [u8], words: &str) -> Option<&'a [u8]> {
    memmem::find(text, words.as_bytes()).map(|at| &text[at + words.len()..])
}

fn word(text: &[u8]) -> &[u8] {
    &text[..memchr(b' ', text).unwrap_or(text.len())]
}

/// `192.0.2.1/1234`, perhaps with `outside:` before it and a user in brackets behind it.
fn end(text: &[u8]) -> Option<End> {
    let text = word(text);
    let text = &text[..memchr(b'(', text).unwrap_or(text.len())];
    let slash = text.iter().rposition(|byte| *byte == b'/')?;
    Some((host(&text[..slash])?, number(&text[slash + 1..])?))
}

/// An address, perhaps behind its interface.
fn host(text: &[u8]) -> Option<Address> {
    address(text).or_else(|| address(&text[memchr(b':', text)? + 1..]))
}

/// `Inbound TCP connection denied from IP/port to IP/port flags SYN on interface outside` and its kin.
fn from_to(body: &[u8], id: u32) -> Option<Flow> {
    let protocol = if id == 106_006 || id == 106_007 { 17 } else { 6 };
    let mut flow = denied(protocol, end(behind(body, " from ")?)?, end(behind(body, " to ")?)?);
    let Some(names) = behind(body, " flags ") else { return Some(flow) };
    for name in names.split(|byte| *byte == b' ') {
        flow.flags |= match name {
            b"SYN" => SYN,
            b"ACK" => ACK,
            b"FIN" => FIN,
            b"RST" => RST,
            b"PSH" => PSH,
            b"URG" => URG,
            _ => 0,
        };
    }
    Some(flow)
}

/// `Deny tcp src outside:IP/port dst inside:IP/port [(type 3, code 0)] by access-group "x"`.
fn src_dst(body: &[u8]) -> Option<Result<Flow, &'static str>> {
    let (source, target) = (behind(body, " src ")?, behind(body, " dst ")?);
    let name = behind(body, "Deny inbound ").or_else(|| behind(body, "Deny "))?;
    let name = name.strip_prefix(b"protocol ").unwrap_or(name);
    let protocol = by_name(word(name))?;
    match transport(protocol) {
        Transport::Icmp | Transport::Icmp6 => {
            let kind = memmem::find(target, b"(type ").map(|at| &target[at + 6..])?;
            let kind: u8 = number(&kind[..memchr(b',', kind)?])?;
            let code = behind(target, ", code ")?;
            let code: u8 = number(&code[..memchr(b')', code)?])?;
            Some(asks(protocol, kind, code, host(word(source))?, host(word(target))?))
        }
        Transport::Ip => {
            let port = u16::from(protocol);
            Some(Ok(denied(protocol, (host(word(source))?, 0), (host(word(target))?, port))))
        }
        _ => Some(Ok(denied(protocol, end(source)?, end(target)?))),
    }
}

/// An ICMP request that was denied.
fn asks(protocol: u8, kind: u8, code: u8, source: Address, target: Address) -> Result<Flow, &'static str> {
    if !matches!(kind, 8 | 13 | 15 | 17 | 128) {
        return Err("an ICMP message that asks nobody");
    }
    Ok(denied(protocol, (source, 0), (target, u16::from_be_bytes([kind, code]))))
}

/// `access-list NAME denied tcp outside/IP(port) -> inside/IP(port) hit-cnt 1 first hit [..]`.
fn access_list(body: &[u8]) -> Option<Result<Flow, &'static str>> {
    let rest = behind(body, "access-list ")?;
    let rest = behind(rest, " ")?;
    let verdict = word(rest);
    let rest = rest[verdict.len()..].trim_ascii_start();
    let protocol = by_name(word(rest))?;
    let rest = rest[word(rest).len()..].trim_ascii_start();
    let arrow = memmem::find(rest, b" -> ")?;
    let (source, target) = (in_brackets(&rest[..arrow])?, in_brackets(&rest[arrow + 4..])?);
    let mut flow = match transport(protocol) {
        Transport::Icmp | Transport::Icmp6 => {
            let (kind, code) = (u8::try_from(source.1).ok()?, u8::try_from(target.1).ok()?);
            match asks(protocol, kind, code, source.0, target.0) {
                Ok(flow) => flow,
                Err(reason) => return Some(Err(reason)),
            }
        }
        Transport::Ip => denied(protocol, (source.0, 0), (target.0, u16::from(protocol))),
        _ => denied(protocol, source, target),
    };
    if verdict != b"denied" {
        flow.outcome = Outcome::Unknown;
    }
    flow.packets = behind(rest, "hit-cnt ").and_then(|count| number(word(count))).unwrap_or(1);
    Some(Ok(flow))
}

/// `outside/192.0.2.1(1234)`; a user may follow in further brackets.
fn in_brackets(text: &[u8]) -> Option<End> {
    let slash = memchr(b'/', text)?;
    let open = slash + memchr(b'(', &text[slash..])?;
    let close = open + memchr(b')', &text[open..])?;
    Some((address(&text[slash + 1..open])?, number(&text[open + 1..close])?))
}

fn protocol_of(body: &[u8]) -> u8 {
    if memmem::find(&body[..body.len().min(40)], b"UDP").is_some() { 17 } else { 6 }
}

/// `Built inbound TCP connection ID for IF:IP/port (IP/port) to IF:IP/port (IP/port)`: the side of lower security first,
/// whoever began.
fn built(body: &[u8]) -> Option<Message> {
    let inbound = body.starts_with(b"Built inbound");
    let id = number(word(behind(body, "connection ")?))?;
    let (first, second) = (end(behind(body, " for ")?)?, end(behind(body, " to ")?)?);
    let (source, target) = if inbound { (first, second) } else { (second, first) };
    let mut flow = Flow::new(0, transport(protocol_of(body)), source, target);
    flow.flags = if flow.transport == Transport::Tcp { SYN } else { 0 };
    Some(Message::Built(id, flow))
}

/// `Teardown TCP connection ID for IF:IP/port to IF:IP/port duration h:mm:ss bytes N REASON`.
fn torn_down(body: &[u8]) -> Option<Message> {
    let id = number(word(behind(body, "connection ")?))?;
    let (first, second) = (end(behind(body, " for ")?)?, end(behind(body, " to ")?)?);
    let mut flow = Flow::new(0, transport(protocol_of(body)), first, second);
    let count = behind(body, " bytes ")?;
    let bytes: u64 = number(word(count))?;
    let reason = count[word(count).len()..].trim_ascii();
    if flow.transport == Transport::Tcp {
        flow.flags = SYN;
        flow.outcome = match reason {
            _ if reason.starts_with(b"SYN Timeout") => Outcome::Silent,
            // Both sides' bytes are one sum. That only the target spoke is rare, and cannot be told.
            _ if bytes > 0 => Outcome::Asked,
            _ if reason.starts_with(b"TCP Reset") => Outcome::Refused,
            _ if reason.starts_with(b"TCP FINs") => Outcome::Completed,
            _ => Outcome::Unknown,
        };
    }
    Some(Message::TornDown(id, flow))
}

/// `Built inbound ICMP connection for faddr IP/id gaddr IP/0 laddr IP/0 [type 8 code 0]`: only a request builds one, and
/// where the type is not told it is an echo's.
fn icmp(body: &[u8]) -> Option<Result<Flow, &'static str>> {
    let ip = |words| {
        let text = word(behind(body, words)?);
        address(&text[..memchr(b'/', text).unwrap_or(text.len())])
    };
    let (foreign, local) = (ip("faddr ")?, ip("laddr ")?);
    let (source, target) =
        if body.starts_with(b"Built inbound") { (foreign, local) } else { (local, foreign) };
    let protocol = if source.is_v4() { 1 } else { 58 };
    let told = behind(body, " type ").and_then(|kind| number::<u8>(word(kind)));
    let kind = told.unwrap_or(if protocol == 1 { 8 } else { 128 });
    let built = |flow| Flow { outcome: Outcome::Unknown, ..flow };
    Some(asks(protocol, kind, 0, source, target).map(built))
}
