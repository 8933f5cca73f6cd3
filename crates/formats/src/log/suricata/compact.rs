//! Flow events in the form that Suricata writes, read in one walk over the line.
//!
//! A parser of all of JSON spends most of its time on what is not wanted. Suricata writes without blanks and without
//! escapes in what is read here, so a walk from key to key is enough. Whatever is not of that form (an escape, a blank, a
//! value of another kind) ends the walk, and the line goes to serde_json: the walk never decides that a line is wrong. The
//! limit: values that are not read are passed over, not checked.

use memchr::memchr2;

use super::flow::Told;
use crate::log::field::{equal, number};

/// Where a key stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    Flow,
    Tcp,
}

/// What the line tells; none where it is not in that form, or lacks what every flow event has.
#[inline]
pub(super) fn walk(line: &[u8]) -> Option<Told<'_>> {
    let mut told = Told::default();
    let (mut place, mut sent, mut got) = (Place::Top, None, None);
    let mut rest = line.strip_prefix(b"{")?;
    loop {
        let (key, behind) = text(rest)?;
        let value = behind.strip_prefix(b":")?;
        let after = match *value.first()? {
            b'"' => {
                let (text, after) = text(value)?;
                match (place, key) {
                    (Place::Top, b"src_ip") => told.src_ip = text,
                    (Place::Top, b"dest_ip") => told.dest_ip = text,
                    (Place::Top, b"proto") => told.proto = text,
                    (Place::Flow, b"start") => told.start = text,
                    (Place::Flow, b"state") => told.state = text,
                    (Place::Tcp, b"tcp_flags_ts") => told.ts = text,
                    (Place::Tcp, b"tcp_flags_tc") => told.tc = text,
                    _ if is_number(place, key) => return None,
                    _ => {}
                }
                after
            }
            b'{' if place == Place::Top && matches!(key, b"flow" | b"tcp") && value.get(1)? != &b'}' => {
                place = if key == b"flow" { Place::Flow } else { Place::Tcp };
                rest = &value[1..];
                continue;
            }
            b'{' | b'[' => {
                if is_number(place, key) || is_text(place, key) {
                    return None;
                }
                nested(value)?
            }
            _ => {
                let length = value.iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?;
                let (value, after) = value.split_at(length);
                match (place, key) {
                    (Place::Top, b"src_port") => told.src_port = number(value)?,
                    (Place::Top, b"dest_port") => told.dest_port = number(value)?,
                    (Place::Top, b"icmp_type") => told.icmp_type = Some(number(value)?),
                    (Place::Top, b"icmp_code") => told.icmp_code = Some(number(value)?),
                    (Place::Flow, b"pkts_toserver") => sent = Some(number(value)?),
                    (Place::Flow, b"pkts_toclient") => got = Some(number(value)?),
                    _ if is_text(place, key) => return None,
                    _ => {}
                }
                after
            }
        };
        rest = after;
        while let Some(closed) = rest.strip_prefix(b"}") {
            if place == Place::Top {
                told.sent = sent?;
                told.got = got?;
                return closed.is_empty().then_some(told);
            }
            place = Place::Top;
            rest = closed;
        }
        rest = rest.strip_prefix(b",")?;
    }
}

fn is_number(place: Place, key: &[u8]) -> bool {
    match place {
        Place::Top => matches!(key, b"src_port" | b"dest_port" | b"icmp_type" | b"icmp_code"),
        Place::Flow => matches!(key, b"pkts_toserver" | b"pkts_toclient"),
        Place::Tcp => false,
    }
}

fn is_text(place: Place, key: &[u8]) -> bool {
    match place {
        Place::Top => matches!(key, b"src_ip" | b"dest_ip" | b"proto" | b"flow" | b"tcp"),
        Place::Flow => matches!(key, b"start" | b"state"),
        Place::Tcp => matches!(key, b"tcp_flags_ts" | b"tcp_flags_tc"),
    }
}

/// A string without escapes, and what stands behind it. Most are shorter than a call of a vector search is worth.
#[inline]
fn text(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let from = from.strip_prefix(b"\"")?;
    let mut end = 0;
    while let Some(eight) = from.get(end..).and_then(<[u8]>::first_chunk) {
        let ends = equal(eight, b'"') | equal(eight, b'\\');
        if ends != 0 {
            end += ends.trailing_zeros() as usize / 8;
            return (from[end] == b'"').then(|| (&from[..end], &from[end + 1..]));
        }
        end += 8;
    }
    end += from[end..].iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    (from[end] == b'"').then(|| (&from[..end], &from[end + 1..]))
}

/// What stands behind an object or a list, whatever is in it.
#[cold]
fn nested(value: &[u8]) -> Option<&[u8]> {
    let (mut depth, mut at) = (0_u32, 0);
    loop {
        match *value.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                at += 1;
                loop {
                    at += memchr2(b'"', b'\\', value.get(at..)?)?;
                    if value[at] == b'"' {
                        break;
                    }
                    at += 2;
                }
            }
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(&value[at..]);
        }
    }
}
