//! memcached: no login by TCP, and by UDP a weapon against others: an answer thousands of times as long as its question goes to whoever
//! was named as the sender (CVE-2018-1000115).
//!
//! `version` is the smallest question that it answers (memcached, doc/protocol.txt). By UDP it is asked only where the scope allows the UDP port
//! too; the answer is shorter than what an abuser would ask for, and goes to ourselves.

use watchpost_core::contact::Transport;
use watchpost_core::inventory::Rung;

use super::{Finding, Look, Remedy, Spec, later, word};
use crate::talk::{Failed, Visit};

const NO_UDP: Remedy = Remedy { place: "memcached.conf", line: "-U 0" };
const LOCAL: Remedy = Remedy { place: "memcached.conf", line: "-l 127.0.0.1" };

pub(super) const SPEC: Spec = Spec {
    name: "memcached",
    help: "memcached that answers strangers, and amplifies by UDP",
    asks: "version by TCP, then by UDP where the scope allows the port",
    tcp: &[11_211],
    udp: &[11_211],
    protocols: &["memcached"],
    rungs: &[Rung::Anonymous, Rung::Sensitive],
    fixes: &[LOCAL, NO_UDP],
    techniques: &["T1213.006", "T1498.002"],
    look,
};

/// Frame header (request 1, datagram 0 of 1, reserved), then the command.
const DATAGRAM: &[u8] = b"\x57\x50\0\0\0\x01\0\0version\r\n";

/// The version of a whole line.
fn version(bytes: &[u8]) -> Option<String> {
    let line = bytes.strip_prefix(b"VERSION ")?;
    let end = line.iter().position(|byte| *byte == b'\n')?;
    word(std::str::from_utf8(line.get(..end)?).ok()?.trim_end())
}

/// The version of a datagram that answers ours.
fn datagram(bytes: &[u8]) -> Option<String> {
    let (header, body) = bytes.split_at_checked(8)?;
    header.starts_with(DATAGRAM.get(..2)?).then(|| version(body)).flatten()
}

fn by_udp(visit: &Visit<'_>) -> Result<Option<String>, Failed> {
    Ok(datagram(&visit.datagram(DATAGRAM)?))
}

fn by_tcp(look: &Look<'_>) -> Result<Option<String>, Failed> {
    let visit = look.visit();
    let mut line = if look.subject.tls { visit.connect_tls(None)? } else { visit.connect()? };
    line.say(b"version\r\n")?;
    Ok(version(&line.hear(|bytes| bytes.ends_with(b"\n"))?))
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let mut evidence = Vec::new();
    let udp = if look.subject.transport == Transport::Udp {
        later(by_udp(&look.visit()))?
    } else {
        let Some(version) = by_tcp(look)? else { return Ok(Vec::new()) };
        evidence.push(format!("version by TCP: {version}"));
        let scope = look.caller.governor().scope();
        match scope.service(look.subject.target.host(), Transport::Udp, look.subject.port()) {
            Ok(target) => later(by_udp(&look.caller.visit(target)))?,
            Err(_) => {
                evidence.push("by UDP: not asked, the scope does not allow the port".to_owned());
                None
            }
        }
    };
    if let Some(version) = udp {
        evidence.push(format!("version by UDP: {version}"));
        return Ok(vec![look.finding(Rung::Sensitive, "memcached by UDP, an amplifier", evidence, NO_UDP)]);
    }
    if evidence.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![look.finding(Rung::Anonymous, "memcached without a login", evidence, LOCAL)])
}

pub(super) fn read_anything(bytes: &[u8]) {
    let _ = (version(bytes), datagram(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_whole_lines_and_answers_are_ours() {
        assert_eq!(version(b"VERSION 1.6.18\r\n"), Some("1.6.18".into()));
        assert_eq!(version(b"VERSION 1.6.18"), None);
        assert_eq!(datagram(b"\x57\x50\0\0\0\x01\0\0VERSION 1.6.18\r\n"), Some("1.6.18".into()));
        assert_eq!(datagram(b"\x57\x51\0\0\0\x01\0\0VERSION 1.6.18\r\n"), None, "another's");
    }
}
