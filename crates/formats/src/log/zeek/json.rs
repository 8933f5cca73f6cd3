//! conn.log as JSON: one object on each line, flat keys, perhaps within `{"conn": ...}` (Kafka plugin, `tag_json`).

use std::borrow::Cow;

use serde::Deserialize;

use super::conn::Conn;
use crate::log::field::address;
use crate::log::stamp::{epoch, iso};
use crate::log::{Lines, Out};
use watchpost_core::contact::Time;

pub(super) struct Json;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    ts: Option<&'a serde_json::value::RawValue>,
    #[serde(borrow, rename = "id.orig_h")]
    orig_h: Option<Cow<'a, str>>,
    #[serde(rename = "id.orig_p")]
    orig_p: Option<u16>,
    #[serde(borrow, rename = "id.resp_h")]
    resp_h: Option<Cow<'a, str>>,
    #[serde(rename = "id.resp_p")]
    resp_p: Option<u16>,
    #[serde(borrow)]
    proto: Option<Cow<'a, str>>,
    #[serde(borrow)]
    conn_state: Option<Cow<'a, str>>,
    #[serde(borrow)]
    history: Option<Cow<'a, str>>,
    orig_bytes: Option<u64>,
    resp_bytes: Option<u64>,
    orig_pkts: Option<u64>,
    resp_pkts: Option<u64>,
    ip_proto: Option<u8>,
    #[serde(borrow, rename = "_path")]
    path: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Tagged<'a> {
    #[serde(borrow)]
    conn: &'a serde_json::value::RawValue,
}

impl Lines for Json {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let tagged = || Some(serde_json::from_slice::<Tagged<'_>>(line).ok()?.conn.get().as_bytes());
        let begins = line.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        let object = match begins {
            Some(rest) if rest.starts_with(b"\"conn\"") => tagged().ok_or("no JSON object")?,
            _ => line,
        };
        let line: Line<'_> =
            serde_json::from_slice(object).map_err(|_| "no JSON object of conn.log's form")?;
        if line.path.as_deref().is_some_and(|path| !path.starts_with("conn")) {
            return Err("a Zeek log that holds no connections");
        }
        let text = |value: &'_ Option<Cow<'_, str>>| value.as_ref().map(|v| v.as_bytes().to_vec());
        let (proto, state, history) = (text(&line.proto), text(&line.conn_state), text(&line.history));
        let host = |value: &Option<Cow<'_, str>>| value.as_ref().and_then(|v| address(v.as_bytes()));
        let conn = Conn {
            time: line.ts.and_then(|ts| time(ts.get())).ok_or("its time has no known form")?,
            source: host(&line.orig_h).ok_or("id.orig_h is no address")?,
            source_port: line.orig_p.ok_or("id.orig_p is no port")?,
            target: host(&line.resp_h).ok_or("id.resp_h is no address")?,
            port: line.resp_p.ok_or("id.resp_p is no port")?,
            proto: proto.as_deref().unwrap_or_default(),
            state: state.as_deref().unwrap_or_default(),
            history: history.as_deref().unwrap_or_default(),
            source_bytes: line.orig_bytes.unwrap_or(0),
            target_bytes: line.resp_bytes.unwrap_or(0),
            source_packets: line.orig_pkts,
            target_packets: line.resp_pkts,
            protocol: line.ip_proto,
        };
        out.contact(conn.contact(out.sensor)?);
        Ok(())
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

/// Whether the first line is one of conn.log's.
pub(super) fn is_read(head: &[u8]) -> bool {
    let first =
        head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let has = |what: &[u8]| memchr::memmem::find(first, what).is_some();
    first.trim_ascii_start().starts_with(b"{") && has(b"\"id.orig_h\"") && has(b"\"conn_state\"")
}
