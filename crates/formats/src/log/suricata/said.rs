//! Events of types `http`, `ssh` and `tls`: what was said, on both sides.
//!
//! Suricata splits an SSH line into version and software and drops the comment behind them, so no banner is told; of
//! HTTP's answer it tells the status, and headers only where it was told to log them.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::event::{self, NO_OBJECT};
use super::instead::Instead;
use crate::log::Out;
use crate::log::flow::Flow;
use crate::log::text::Text;
use crate::log::words::{self, Talk};
use watchpost_core::contact::{Outcome, Transport};
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

#[derive(Deserialize)]
struct Line<'a, T> {
    #[serde(default)]
    flow_id: u64,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default)]
    src_ip: Text<'a>,
    #[serde(default)]
    src_port: u16,
    #[serde(borrow, default)]
    dest_ip: Text<'a>,
    #[serde(default)]
    dest_port: u16,
    #[serde(alias = "http", alias = "ssh", alias = "tls")]
    said: T,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Http {
    hostname: String,
    http_port: Option<u16>,
    url: String,
    http_user_agent: String,
    http_method: String,
    protocol: String,
    status: Option<u16>,
    server: String,
    response_headers: Vec<Header>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ssh {
    client: Side,
    server: Side,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Side {
    proto_version: String,
    software_version: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tls {
    version: String,
    sni: String,
    subject: String,
    issuerdn: String,
    subjectaltname: Vec<String>,
}

/// The line, and its ends. These events belong to a flow, and Suricata writes them from its client's side.
fn read<T: DeserializeOwned>(line: &[u8], protocol: Protocol) -> Result<(u64, Talk, T), &'static str> {
    let line: Line<'_, T> = serde_json::from_slice(line).map_err(|_| NO_OBJECT)?;
    let (client, server) = event::hosts(line.src_ip.bytes(), line.dest_ip.bytes())?;
    let time = event::time(line.timestamp.bytes())?;
    let talk = Talk { time, client: (client, line.src_port), server: (server, line.dest_port), protocol };
    Ok((line.flow_id, talk, line.said))
}

/// Where no flow is told, that something was said tells of one.
fn stands_in(id: u64, talk: &Talk, outcome: Outcome, instead: &mut Instead, out: &mut Out<'_>) {
    let flow = Flow { outcome, ..Flow::new(talk.time, Transport::Tcp, talk.client, talk.server) };
    instead.offer(id, talk.time, flow.contact(out.sensor), out);
}

pub(super) fn http(line: &[u8], instead: &mut Instead, out: &mut Out<'_>) -> Result<(), &'static str> {
    let (id, talk, said) = read::<Http>(line, Protocol::Http)?;
    let asked = !said.http_method.is_empty();
    stands_in(id, &talk, if asked { Outcome::Asked } else { Outcome::Told }, instead, out);
    let host = match said.http_port {
        Some(port) if !said.hostname.is_empty() => format!("{}:{port}", said.hostname),
        _ => said.hostname,
    };
    let status = said.status.map(|status| status.to_string()).unwrap_or_default();
    let header = said.response_headers.iter().find(|header| header.name.eq_ignore_ascii_case("server"));
    let software = header.map_or(&said.server, |header| &header.value);
    let told = words::Http {
        method: said.http_method.as_bytes(),
        target: said.url.as_bytes(),
        host: host.as_bytes(),
        agent: said.http_user_agent.as_bytes(),
        asked: said.protocol.as_bytes(),
        status: status.as_bytes(),
        software: software.as_bytes(),
        ..words::Http::default()
    };
    words::http(&talk, &told, out);
    Ok(())
}

pub(super) fn ssh(line: &[u8], instead: &mut Instead, out: &mut Out<'_>) -> Result<(), &'static str> {
    let (id, talk, said) = read::<Ssh>(line, Protocol::Ssh)?;
    let spoke = !said.client.proto_version.is_empty();
    stands_in(id, &talk, if spoke { Outcome::Asked } else { Outcome::Told }, instead, out);
    let facts = |side: &Side, software| {
        let version = match side.proto_version.is_empty() {
            true => String::new(),
            false => format!("SSH-{}", side.proto_version),
        };
        [
            (FactKind::Protocol, Cow::from(version.into_bytes())),
            (software, Cow::from(side.software_version.clone().into_bytes())),
        ]
    };
    talk.client(&facts(&said.client, FactKind::UserAgent), out);
    talk.server(&facts(&said.server, FactKind::Software), out);
    Ok(())
}

pub(super) fn tls(line: &[u8], instead: &mut Instead, out: &mut Out<'_>) -> Result<(), &'static str> {
    let (id, talk, said) = read::<Tls>(line, Protocol::Tls)?;
    stands_in(id, &talk, Outcome::Asked, instead, out);
    let told = words::Tls {
        version: said.version.as_bytes(),
        name: said.sni.as_bytes(),
        subject: said.subject.as_bytes(),
        issuer: said.issuerdn.as_bytes(),
        names: said.subjectaltname.iter().map(|name| name.as_bytes().into()).collect(),
    };
    words::tls(&talk, told, out);
    Ok(())
}
