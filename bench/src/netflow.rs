//! The connections of [`crate::traffic`] as NetFlow v5: datagrams of 30 records on their way to a collector, in a pcap.
//!
//! A connection is a record of what its source sent, and another of what came back, as exporters report it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::benign::START;
use crate::capture::Writer;
use crate::frame;
use crate::traffic::{Connection, STEP};

const RECORDS: usize = 30;
/// Ethernet, IPv4 and UDP.
const HEADERS: usize = 14 + 20 + 8;
/// The exporter began a day before.
const BOOT: u64 = START - 86_400_000_000;

/// Writes at least so many records, in whole datagrams.
pub fn make(out: &mut Writer, records: u32) -> anyhow::Result<()> {
    let (mut body, mut sent, mut connection) = (Vec::with_capacity(RECORDS * 48), 0, 0);
    while sent < records {
        let c = Connection::number(connection);
        let time = START + u64::from(connection) * STEP;
        connection += 1;
        let (source, target) = ((c.source, c.source_port), (c.target, c.port));
        let (ts, tc) = c.flags();
        let both = [(source, target, c.sent, ts), (target, source, c.got, tc)];
        for (from, to, (packets, payload), flags) in both {
            if packets == 0 {
                continue;
            }
            record(&mut body, &c, from, to, packets, payload, flags);
            if body.len() == RECORDS * 48 {
                let frame = datagram(&body, time, sent);
                out.packet(time, frame.len() as u32, &frame)?;
                sent += RECORDS as u32;
                body.clear();
            }
        }
    }
    Ok(())
}

fn record(
    body: &mut Vec<u8>,
    c: &Connection,
    from: (u32, u16),
    to: (u32, u16),
    packets: u32,
    payload: u32,
    flags: u8,
) {
    let uptime = |time: u64| ((time - BOOT) / 1_000) as u32;
    body.extend(from.0.to_be_bytes());
    body.extend(to.0.to_be_bytes());
    body.extend([0; 4]); // next hop
    body.extend([0, 1, 0, 2]); // interfaces
    body.extend(packets.to_be_bytes());
    body.extend((packets * 40 + payload).to_be_bytes());
    body.extend(uptime(c.began).to_be_bytes());
    body.extend(uptime(c.ended).to_be_bytes());
    body.extend(from.1.to_be_bytes());
    body.extend(to.1.to_be_bytes());
    body.extend([0, flags, if c.is_tcp { 6 } else { 17 }, 0]);
    body.extend([0; 8]); // autonomous systems, masks, padding
}

/// A whole frame; `before` is how many records were sent before it.
fn datagram(body: &[u8], time: u64, before: u32) -> Vec<u8> {
    let length = (8 + 24 + body.len()) as u16;
    let mut f = vec![2, 0, 0x5e, 0, 0, 2, 2, 0, 0x5e, 0, 0, 1, 8, 0];
    f.extend([0x45, 0]);
    f.extend((length + 20).to_be_bytes());
    f.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
    f.extend([192, 0, 2, 1, 192, 0, 2, 2]);
    let head = frame::checksum(&f[14..34], 0).to_be_bytes();
    f[24..26].copy_from_slice(&head);
    for part in [50_000, 2_055, length, 0] {
        f.extend(part.to_be_bytes());
    }
    f.extend([0, 5, 0, (body.len() / 48) as u8]);
    f.extend((((time - BOOT) / 1_000) as u32).to_be_bytes());
    f.extend(((time / 1_000_000) as u32).to_be_bytes());
    f.extend(((time % 1_000_000) as u32 * 1_000).to_be_bytes());
    f.extend(before.to_be_bytes());
    f.extend([0; 4]); // engine, no sampling
    f.extend_from_slice(body);
    f
}

/// Sends the UDP payloads of a capture made here to a collector on this machine, so many a second at most; how many.
///
/// # Errors
/// An address that is not a loopback one, or as files and sockets give them.
pub fn send(path: &Path, to: SocketAddr, rate: u32) -> anyhow::Result<u64> {
    ensure!(to.ip().is_loopback(), "{to} is not on the loopback: nothing is sent anywhere else");
    let socket = UdpSocket::bind((to.ip(), 0))?;
    socket.connect(to)?;
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    file.seek_relative(24)?;
    let (began, mut sent, mut frame) = (Instant::now(), 0, Vec::new());
    let mut head = [0; 16];
    while !file.fill_buf()?.is_empty() {
        file.read_exact(&mut head)?;
        frame.resize(u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize, 0);
        file.read_exact(&mut frame)?;
        let payload = frame.get(HEADERS..).context("no datagram of an export")?;
        socket.send(payload).with_context(|| format!("nobody listens on {to}"))?;
        sent += 1;
        // In bursts that fit a socket's buffer of the usual size.
        if sent % 32 == 0 {
            let due = Duration::from_secs_f64(sent as f64 / f64::from(rate));
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_hold_thirty_records_and_count_them() {
        let path = std::env::temp_dir().join(format!("watchpost-netflow-{}.pcap", std::process::id()));
        let mut out = Writer::create(&path).unwrap();
        make(&mut out, 100).unwrap();
        assert_eq!(out.finish().unwrap(), 4, "whole datagrams, until 100 are there");
        let packets = crate::capture::read(&path);
        let elsewhere = send(&path, "192.0.2.1:2055".parse().unwrap(), 1);
        std::fs::remove_file(&path).unwrap();
        for (n, packet) in packets.unwrap().iter().enumerate() {
            let export = &packet.frame[HEADERS..];
            assert_eq!((export.len(), &export[..4]), (24 + 30 * 48, &[0, 5, 0, 30][..]));
            assert_eq!(export[16..20], (30 * n as u32).to_be_bytes());
            assert_eq!(frame::checksum(&packet.frame[14..34], 0), 0);
        }
        assert!(elsewhere.is_err());
    }
}
