//! Packets, as tcpdump saw them.

use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::lab::{Lab, Place, signal};

/// An IP packet.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Nanoseconds since 1970.
    pub time: u64,
    pub source: IpAddr,
    pub target: IpAddr,
    /// IPv4's identification.
    pub id: Option<u16>,
    pub protocol: u8,
    /// The port that it goes to; ICMP's type.
    pub port: u16,
    /// TCP's flags.
    pub flags: u8,
}

pub const TCP: u8 = 6;
pub const UDP: u8 = 17;

impl Packet {
    /// A SYN and nothing else.
    pub fn is_syn(&self) -> bool {
        self.protocol == TCP && self.flags & 0x17 == 0x02
    }
}

/// A capture that runs.
pub struct Capture {
    child: Child,
    said: BufReader<ChildStderr>,
    path: PathBuf,
}

impl Capture {
    /// Of what goes out of the scanner's interface and passes the filter.
    pub fn start(lab: &Lab, place: &Place, filter: &str) -> Self {
        Self::of(lab, place, "capture.pcap", &["-Q", "out"], filter)
    }

    /// Of both directions, to a file of this name.
    pub fn both(lab: &Lab, place: &Place, name: &str, filter: &str) -> Self {
        Self::of(lab, place, name, &[], filter)
    }

    fn of(lab: &Lab, place: &Place, name: &str, options: &[&str], filter: &str) -> Self {
        let path = place.path().join(name);
        let mut command = lab.at("outside", "tcpdump");
        command.args(["-i", "border", "-n", "-p", "-Z", "root", "-B", "65536", "--immediate-mode", "--nano"]);
        command.args(options).arg("-w").arg(&path).arg(filter);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "tcpdump does not listen");
        }
        Self { child, said, path }
    }

    /// Ends it; it must have seen everything.
    pub fn stop(mut self) -> Vec<Packet> {
        // What is on its way to it.
        sleep(Duration::from_millis(300));
        signal(self.child.id(), "INT");
        let mut told = String::new();
        self.said.read_to_string(&mut told).unwrap();
        self.child.wait().unwrap();
        assert!(told.contains("\n0 packets dropped by kernel"), "{told}");
        read(&std::fs::read(&self.path).unwrap())
    }
}

fn read(file: &[u8]) -> Vec<Packet> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!((word(0), word(20)), (0xa1b2_3c4d, 1), "not a capture with nanoseconds, of Ethernet");
    let mut packets = Vec::new();
    let mut at = 24;
    while at + 16 <= file.len() {
        let length = word(at + 8) as usize;
        let time = u64::from(word(at)) * 1_000_000_000 + u64::from(word(at + 4));
        packets.extend(packet(time, &file[at + 16..at + 16 + length]));
        at += 16 + length;
    }
    packets
}

fn packet(time: u64, frame: &[u8]) -> Option<Packet> {
    let two =
        |bytes: &[u8], at: usize| bytes.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]));
    let ip = &frame[14..];
    let (source, target, id, protocol, rest) = match two(frame, 12) {
        0x0800 => {
            let address =
                |at: usize| IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(&ip[at..at + 4]).unwrap()));
            (address(12), address(16), Some(two(ip, 4)), ip[9], &ip[usize::from(ip[0] & 15) * 4..])
        }
        0x86dd => {
            let address =
                |at: usize| IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(&ip[at..at + 16]).unwrap()));
            (address(8), address(24), None, ip[6], &ip[40..])
        }
        _ => return None,
    };
    let port = if matches!(protocol, TCP | UDP) { two(rest, 2) } else { u16::from(rest[0]) };
    let flags = if protocol == TCP { rest[13] } else { 0 };
    Some(Packet { time, source, target, id, protocol, port, flags })
}
