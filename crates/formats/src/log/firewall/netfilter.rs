//! What the LOG targets of iptables and nftables write, UFW's, Proxmox's and UniFi's lines among them.
//!
//! `PREFIX IN=eth0 OUT= MAC=.. SRC=.. DST=.. LEN=40 TOS=0x00 PREC=0x00 TTL=240 ID=54321 PROTO=TCP SPT=.. DPT=.. WINDOW=1024
//! RES=0x00 SYN URGP=0`: the first of two equal keys is the outer header's. What the rule does stands in the prefix alone,
//! in the words of whoever wrote the rule. A line without such a word is taken for a denied packet, and the run says so.
//! The limit: the options stand there only with `--log-tcp-options`; else their length alone is known.

use memchr::memmem;

use super::packet::{Options, Packet, Verdict, by_name, words};
use super::syslog::{self, Clock};
use super::{NETFILTER_BLIND, PACKETS_LATE};
use crate::Spec;
use crate::log::field::{address, number};
use crate::log::{Assume, Lines, LogFormat, Out};
use watchpost_core::contact::flags::{ACK, CWR, ECE, FIN, PSH, RST, SYN, URG};

/// iptables, nftables, UFW, Proxmox, UniFi.
pub const NETFILTER: LogFormat = LogFormat {
    spec: Spec {
        name: "netfilter",
        help: "LOG lines of iptables, nftables and UFW behind any syslog header or in journald's JSON; also of Proxmox \
               and UniFi",
        extensions: &["log", "json"],
        recognised: &[b"IN= SRC= DST= PROTO="],
    },
    recognises: |head| super::any_line(head, |line| body(&syslog::open(line).text).is_some()),
    lines: |assume: &Assume| Box::new(Netfilter::new(assume)),
    disorder: PACKETS_LATE,
    blind: NETFILTER_BLIND,
};

struct Netfilter {
    clock: Clock,
    /// Lines whose prefix does not say what was done.
    untold: u64,
    /// Lines of UFW, which limits how many it writes.
    ufw: bool,
    limits: super::limit::Limits,
}

impl Netfilter {
    fn new(assume: &Assume) -> Self {
        Self { clock: Clock::new(assume), untold: 0, ufw: false, limits: Default::default() }
    }
}

impl Lines for Netfilter {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let line = syslog::open(line);
        let Some((prefix, fields)) = body(&line.text) else { return Err(self.limits.other(&line.text)) };
        let time = self.clock.time(line.stamp)?;
        let mut packet = parse(fields, time)?;
        packet.verdict = verdict(prefix);
        let contact = packet.contact(out.sensor)?;
        self.ufw |= memmem::find(prefix, b"[UFW ").is_some();
        self.untold += u64::from(packet.verdict == Verdict::Untold);
        out.contact(contact);
        Ok(())
    }

    fn assumed(&self) -> Vec<String> {
        let mut said = self.clock.assumed();
        if self.untold > 0 {
            let lines = if self.untold == 1 { "line is" } else { "lines are" };
            said.push(format!(
                "{} {lines} taken for denied packets: the prefix does not say what was done",
                self.untold
            ));
        }
        if self.ufw {
            said.push(
                "UFW limits what it writes (three lines a minute after the first ten): all counts are at least"
                    .into(),
            );
        }
        said.extend(self.limits.said());
        said
    }
}

/// What stands before `IN=`, and the fields.
fn body(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memmem::find(text, b"IN=")?;
    let (prefix, fields) = text.split_at(at);
    memmem::find(fields, b" SRC=")?;
    memmem::find(fields, b" DST=")?;
    Some((prefix, fields))
}

/// What the words of a prefix say was done.
fn verdict(prefix: &[u8]) -> Verdict {
    // UniFi: [chain-D-rule], and a description in the rule's author's words.
    let described = memmem::find(prefix, b"DESCR=");
    let own = &prefix[..described.unwrap_or(prefix.len())];
    for (tag, verdict) in [
        (b"-A-".as_slice(), Verdict::Passed),
        (b"-RET-", Verdict::Passed),
        (b"-D-", Verdict::Denied),
        (b"-R-", Verdict::Denied),
    ] {
        if described.is_some() && memmem::find(own, tag).is_some() {
            return verdict;
        }
    }
    let own = match memmem::rfind(own, b"kernel:") {
        Some(at) => &own[at + 7..],
        None => own,
    };
    words(own)
}

/// The fields of a line.
fn parse(fields: &[u8], time: i64) -> Result<Packet, &'static str> {
    let (mut source, mut target, mut protocol) = (None, None, None);
    let (mut length, mut transport_length) = (None, None);
    let (mut from, mut to, mut kind, mut code) = (None, None, None, None);
    let (mut ttl, mut id, mut window, mut sequence) = (0, 0, None, None);
    let (mut set, mut flags_told, mut dont_fragment, mut options, mut fragment) =
        (0_u8, false, false, None, false);
    let mut rest = fields;
    while let Some((token, after)) = next(rest) {
        rest = after;
        let (key, value) = match memchr::memchr(b'=', token) {
            Some(at) => (&token[..at], Some(&token[at + 1..])),
            None => (token, None),
        };
        match (key, value) {
            (b"SRC", Some(value)) if source.is_none() => source = address(value),
            (b"DST", Some(value)) if target.is_none() => target = address(value),
            (b"LEN", Some(value)) if length.is_none() => length = number::<u16>(value),
            (b"LEN", Some(value)) => transport_length = number::<u16>(value),
            (b"TTL" | b"HOPLIMIT", Some(value)) => ttl = number(value).unwrap_or(0),
            // After the protocol it is ICMP's.
            (b"ID", Some(value)) if protocol.is_none() => id = number(value).unwrap_or(0),
            (b"PROTO", Some(value)) => protocol = by_name(value),
            (b"SPT", Some(value)) => from = number::<u16>(value),
            (b"DPT", Some(value)) => to = number::<u16>(value),
            (b"TYPE", Some(value)) => kind = number::<u8>(value),
            (b"CODE", Some(value)) => code = number::<u8>(value),
            (b"SEQ", Some(value)) => sequence = number::<u32>(value),
            (b"WINDOW", Some(value)) => window = number::<u16>(value),
            (b"RES" | b"URGP", Some(_)) => flags_told = true,
            (b"DF", None) => dont_fragment = true,
            (b"OPT", None) => {
                let (list, after) = next(rest).unwrap_or_default();
                (options, rest) = (listed(list), after);
            }
            (b"SYN", None) => set |= SYN,
            (b"ACK", None) => set |= ACK,
            (b"FIN", None) => set |= FIN,
            (b"RST", None) => set |= RST,
            (b"PSH", None) => set |= PSH,
            (b"URG", None) => set |= URG,
            (b"ECE", None) => set |= ECE,
            (b"CWR", None) => set |= CWR,
            _ if key.starts_with(b"FRAG:") => fragment = true,
            // The packet that an error quotes.
            _ if key.starts_with(b"[") => break,
            _ => {}
        }
    }
    let source = source.ok_or("SRC is no address")?;
    let target = target.ok_or("DST is no address")?;
    let protocol = protocol.ok_or("PROTO is no protocol that is known")?;
    let mut packet = Packet::new(time, source, target, protocol);
    // Of IPv6 it counts the header too; Proxmox does not, so that nothing is known of its options.
    let ip_header = if source.is_v4() { 20 } else { 40 };
    let behind = |header: u16| length.and_then(|l| l.checked_sub(ip_header + header));
    (packet.ttl, packet.ip_id, packet.sequence) = (ttl, id, sequence);
    packet.dont_fragment = dont_fragment;
    match protocol {
        6 | 17 | 132 | 136 => {
            if fragment && to.is_none() {
                return Err("a fragment without ports");
            }
            packet.source_port = from.ok_or("SPT is no port")?;
            packet.port = to.ok_or("DPT is no port")?;
        }
        1 | 58 => {
            let (kind, code) = (kind.ok_or("TYPE is no number")?, code.ok_or("CODE is no number")?);
            packet.port = u16::from_be_bytes([kind, code]);
        }
        _ => {}
    }
    match protocol {
        6 => {
            packet.window = window.unwrap_or(0);
            packet.flags = (flags_told || window.is_some()).then_some(set);
            packet.options = match (options, behind(20)) {
                (Some(told), _) => Options::Told(told),
                (None, Some(bytes)) => Options::Behind(bytes),
                (None, None) => Options::Untold,
            };
        }
        17 | 136 => packet.data = transport_length.or(behind(0)).and_then(|l| l.checked_sub(8)),
        1 | 58 => packet.data = behind(8),
        _ => packet.data = behind(0),
    }
    Ok(packet)
}

/// The next token.
fn next(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    if text.is_empty() {
        return None;
    }
    Some(text.split_at(memchr::memchr(b' ', text).unwrap_or(text.len())))
}

/// `(020405B40402080A...)`: TCP options in hexadecimal, as bits of `contact::traits`.
fn listed(list: &[u8]) -> Option<u8> {
    let hex = list.strip_prefix(b"(")?.strip_suffix(b")")?;
    let mut bytes = [0_u8; 40];
    let length = hex.len() / 2;
    for (byte, pair) in bytes.get_mut(..length)?.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(crate::packet::tcp_options(&bytes[..length]))
}

#[cfg(test)]
#[path = "netfilter_tests.rs"]
mod tests;
