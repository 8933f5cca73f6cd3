//! Events of type `drop`: one packet that Suricata kept from going on, with what stood in its headers.
//!
//! It got no answer. Its flow, if flows are told, is another contact with the same target: that is one probe more in the
//! count of packets, never one target more.

use serde::Deserialize;

use super::event::{self, NO_OBJECT};
use crate::log::flow::Flow;
use crate::log::text::Text;
use watchpost_core::contact::flags::{ACK, FIN, PSH, RST, SYN, URG};
use watchpost_core::contact::{Contact, Phase, Transport};

#[derive(Deserialize)]
struct Line<'a> {
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
    #[serde(borrow, default)]
    proto: Text<'a>,
    icmp_type: Option<u8>,
    icmp_code: Option<u8>,
    drop: Headers,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Headers {
    ttl: u8,
    ipid: u16,
    tcpseq: u32,
    tcpwin: u16,
    syn: bool,
    ack: bool,
    psh: bool,
    rst: bool,
    urg: bool,
    fin: bool,
}

pub(super) fn contact(line: &[u8], sensor: u16) -> Result<Contact, &'static str> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|_| NO_OBJECT)?;
    let (transport, number) = event::protocol(line.proto.bytes())?;
    let (source, target) = event::hosts(line.src_ip.bytes(), line.dest_ip.bytes())?;
    let time = event::time(line.timestamp.bytes())?;
    let mut flow = Flow::new(time, transport, (source, line.src_port), (target, line.dest_port));
    let drop = &line.drop;
    let mut phase = Phase::Unclear;
    match transport {
        Transport::Tcp => {
            let bits = [
                (drop.fin, FIN),
                (drop.syn, SYN),
                (drop.rst, RST),
                (drop.psh, PSH),
                (drop.ack, ACK),
                (drop.urg, URG),
            ];
            flow.flags = bits.iter().filter(|(set, _)| *set).fold(0, |sum, (_, bit)| sum | bit);
            // Others are of connections, or of answers; those that went on before tell of themselves.
            let starts = flow.flags & (ACK | RST) == 0;
            if !starts {
                return Err("a dropped packet of a connection");
            }
            phase = Phase::Probe;
        }
        Transport::Icmp | Transport::Icmp6 => {
            flow.port = event::icmp(transport, line.icmp_type, line.icmp_code)?;
            flow.source_port = 0;
            phase = Phase::Probe;
        }
        Transport::Ip => flow.port = number,
        _ => {}
    }
    let (ttl, ip_id) = (drop.ttl, drop.ipid);
    let window = if transport == Transport::Tcp { drop.tcpwin } else { 0 };
    Ok(Contact { phase, ttl, ip_id, window, sequence: drop.tcpseq, ..flow.contact(sensor) })
}
