//! Zeek's logs as JSON: one object on each line, flat keys, perhaps within `{"conn": ...}` (Kafka plugin, `tag_json`).
//!
//! Several logs may come in one stream: `_path`, the tag, or fields that no other log has say which a line is of.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem::find;
use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::conn::{self, Conn};
use super::header::{KINDS, Kind, of_path};
use super::words;
use crate::log::field::address;
use crate::log::stamp::{epoch, iso};
use crate::log::text::Text;
use crate::log::{Lines, Out};
use watchpost_core::contact::{Contact, Time};

const NO_OBJECT: &str = "no JSON object of a Zeek log's form";

pub(super) struct Json;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    ts: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "id.orig_h")]
    orig_h: Text<'a>,
    #[serde(rename = "id.orig_p")]
    orig_p: Option<u16>,
    #[serde(borrow, default, rename = "id.resp_h")]
    resp_h: Text<'a>,
    #[serde(rename = "id.resp_p")]
    resp_p: Option<u16>,
    #[serde(borrow, default)]
    proto: Text<'a>,
    #[serde(borrow, default)]
    conn_state: Text<'a>,
    #[serde(borrow, default)]
    history: Text<'a>,
    orig_bytes: Option<u64>,
    resp_bytes: Option<u64>,
    orig_pkts: Option<u64>,
    resp_pkts: Option<u64>,
    ip_proto: Option<u8>,
}

impl Lines for Json {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let (kind, object) = kind(line)?;
        if kind.path == conn::KIND.path {
            out.contact(connection(object, out.sensor)?);
            return Ok(());
        }
        let mut from = serde_json::Deserializer::from_slice(object);
        let values = Values(kind).deserialize(&mut from).map_err(|_| NO_OBJECT)?;
        words::told(kind, time(std::str::from_utf8(&values[0]).unwrap_or_default()), &values, out)
    }
}

fn connection(object: &[u8], sensor: u16) -> Result<Contact, &'static str> {
    let line: Line<'_> = serde_json::from_slice(object).map_err(|_| NO_OBJECT)?;
    let conn = Conn {
        time: line.ts.and_then(|ts| time(ts.get())).ok_or("its time has no known form")?,
        source: address(line.orig_h.bytes()).ok_or("id.orig_h is no address")?,
        source_port: line.orig_p.ok_or("id.orig_p is no port")?,
        target: address(line.resp_h.bytes()).ok_or("id.resp_h is no address")?,
        port: line.resp_p.ok_or("id.resp_p is no port")?,
        proto: line.proto.bytes(),
        state: line.conn_state.bytes(),
        history: line.history.bytes(),
        source_bytes: line.orig_bytes.unwrap_or(0),
        target_bytes: line.resp_bytes.unwrap_or(0),
        source_packets: line.orig_pkts,
        target_packets: line.resp_pkts,
        protocol: line.ip_proto,
    };
    conn.contact(sensor)
}

/// Which log's a line is, and its object.
#[inline]
fn kind(line: &[u8]) -> Result<(&'static Kind, &[u8]), &'static str> {
    let object = line.trim_ascii_start();
    // The tag is the first key, and its value an object.
    let tag = object.strip_prefix(b"{").map(<[u8]>::trim_ascii_start).and_then(|rest| {
        let (tag, behind) = rest.strip_prefix(b"\"")?.split_at_checked(memchr::memchr(b'"', &rest[1..])?)?;
        let value = behind[1..].trim_ascii_start().strip_prefix(b":")?.trim_ascii();
        Some((tag, value.strip_suffix(b"}")?.trim_ascii_end())).filter(|_| value.starts_with(b"{"))
    });
    if let Some((tag, value)) = tag {
        return Ok((of_path(tag).ok_or("a Zeek log that is not read")?, value));
    }
    let path = find(object, b"\"_path\"").and_then(|at| {
        let value = object[at + 7..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let value = value.strip_prefix(b"\"")?;
        Some(&value[..memchr::memchr(b'"', value)?])
    });
    if let Some(path) = path {
        return Ok((of_path(path).ok_or("a Zeek log that is not read")?, object));
    }
    // Unset fields are left out, so one is enough.
    let own = |kind: &&&Kind| marks(kind).iter().any(|mark| find(object, mark).is_some());
    KINDS.iter().find(own).map(|kind| (*kind, object)).ok_or("a Zeek log that is not read")
}

/// Fields that are never left out of a log and stand in no other.
fn marks(kind: &Kind) -> &'static [&'static [u8]] {
    match kind.path {
        b"conn" => &[b"\"conn_state\""],
        b"http" => &[b"\"request_body_len\"", b"\"response_body_len\""],
        b"ssh" => &[b"\"auth_attempts\"", b"\"kex_alg\""],
        b"ssl" => &[b"\"established\"", b"\"ssl_history\""],
        b"ftp" => &[b"\"reply_code\"", b"\"data_channel."],
        b"smtp" => &[b"\"last_reply\"", b"\"helo\""],
        b"notice" => &[b"\"note\""],
        _ => &[],
    }
}

/// The values of a kind's fields; numbers as they stand there.
struct Values(&'static Kind);

impl<'de> DeserializeSeed<'de> for Values {
    type Value = [Cow<'de, [u8]>; words::COUNT];

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Values {
    type Value = [Cow<'de, [u8]>; words::COUNT];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut values: Self::Value = std::array::from_fn(|_| Cow::Borrowed(&[][..]));
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let place = self.0.fields.iter().position(|field| *field == key.bytes());
            let Some(slot) = place.and_then(|place| values.get_mut(place)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&'de RawValue>()?.get();
            *slot = match value.as_bytes() {
                // Times are told apart by their quotes.
                [b'"', ..] if place != Some(0) => serde_json::from_str::<String>(value)
                    .map_err(serde::de::Error::custom)?
                    .into_bytes()
                    .into(),
                b"null" => Cow::default(),
                other => other.into(),
            };
        }
        Ok(values)
    }
}

/// Seconds with decimals, milliseconds without, or ISO 8601 as a string.
fn time(text: &str) -> Option<Time> {
    /// Seconds do not reach this before the year 5000, milliseconds passed it in 1973.
    const MILLISECONDS: i64 = 100_000_000_000;
    if let Some(text) = text.strip_prefix('"') {
        return iso(text.strip_suffix('"')?.as_bytes()).map(|(time, _)| time);
    }
    match text.parse::<i64>() {
        Ok(number) if number >= MILLISECONDS => number.checked_mul(1_000_000),
        _ => epoch(text.as_bytes()),
    }
}

/// Whether the first line is one of a log that is read.
pub(super) fn is_read(head: &[u8]) -> bool {
    let first =
        head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let ends = [&b"\"id.orig_h\""[..], b"\"id.resp_h\""];
    // A notice may name no connection.
    let is_log =
        |kind: &Kind| kind.path == words::NOTICE.path || ends.iter().all(|end| find(first, end).is_some());
    first.trim_ascii_start().starts_with(b"{")
        && find(first, b"\"ts\"").is_some()
        && kind(first).is_ok_and(|(kind, _)| is_log(kind))
}
