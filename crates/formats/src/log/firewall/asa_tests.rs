//! Messages in the forms of Cisco's syslog reference, with addresses of documentation.

use proptest::prelude::*;
use watchpost_core::contact::{Contact, Outcome, Transport};
use watchpost_core::net::Address;

use super::*;
use crate::log::firewall::taken;
use crate::report::Report;

fn one(message: &str) -> Result<Contact, &'static str> {
    taken(&ASA, &format!("<166>Jun 08 2025 12:00:00 asa : {message}")).map(|contacts| contacts[0])
}

/// Source, port, outcome.
fn told(message: &str) -> (Address, u16, Outcome) {
    let contact = one(message).unwrap_or_else(|reason| panic!("{message}: {reason}"));
    (contact.source, contact.port, contact.outcome)
}

#[test]
fn denied_packets() {
    let from = Address::v4([203, 0, 113, 9]);
    let silent = |port| (from, port, Outcome::Silent);
    for (message, wanted) in [
        (
            "%ASA-2-106001: Inbound TCP connection denied from 203.0.113.9/1234 to 192.0.2.5/23 flags SYN  on interface outside",
            silent(23),
        ),
        (
            "%ASA-2-106006: Deny inbound UDP from 203.0.113.9/1234 to 192.0.2.5/161 on interface outside",
            silent(161),
        ),
        (
            "%ASA-2-106007: Deny inbound UDP from 203.0.113.9/5353 to 192.0.2.5/53 due to DNS Query",
            silent(53),
        ),
        (
            "%ASA-3-106014: Deny inbound icmp src outside:203.0.113.9 dst inside:192.0.2.5 (type 8, code 0)",
            silent(0x800),
        ),
        (
            "%ASA-6-106015: Deny TCP (no connection) from 203.0.113.9/4000 to 192.0.2.5/22 flags ACK  on interface outside",
            silent(22),
        ),
        (
            "%ASA-4-106023: Deny tcp src outside:203.0.113.9/53638 dst inside:10.0.0.132/8111 by access-group \"acl_out\" [0x71761f18, 0x0]",
            silent(8111),
        ),
        (
            "%FTD-4-106023: Deny tcp src outside:203.0.113.9/53638(LOCAL\\user) dst inside:10.0.0.132/8111 by access-group \"acl_out\"",
            silent(8111),
        ),
        (
            "%ASA-4-106023: Deny protocol 47 src outside:203.0.113.9 dst inside:10.0.0.132 by access-group \"acl_out\"",
            silent(47),
        ),
        (
            "%ASA-session-5-106100: access-list acl_in denied tcp outside/203.0.113.9(1234) -> inside/10.0.0.1(445) hit-cnt 1 first hit [0x1, 0x0]",
            silent(445),
        ),
        (
            "%ASA-6-106100: access-list acl_in permitted tcp outside/203.0.113.9(1234) -> inside/10.0.0.1(443) hit-cnt 7 300-second interval",
            (from, 443, Outcome::Unknown),
        ),
        (
            "%ASA-4-106023: Deny tcp src inside:10.0.0.132/5000 dst outside:203.0.113.9/25 by access-group \"x\"",
            (Address::v4([10, 0, 0, 132]), 25, Outcome::Unknown),
        ),
        (
            "%ASA-6-302020: Built inbound ICMP connection for faddr 203.0.113.9/7 gaddr 192.0.2.5/0 laddr 10.0.0.5/0 type 8 code 0",
            (from, 0x800, Outcome::Unknown),
        ),
    ] {
        assert_eq!(told(message), wanted, "{message}");
    }
    let hits = one(
        "%ASA-6-106100: access-list a denied udp outside/203.0.113.9(12) -> inside/10.0.0.1(161) hit-cnt 7 300-second interval",
    );
    assert_eq!((hits.unwrap().weight, hits.unwrap().transport), (7, Transport::Udp));
    assert_eq!(one("%ASA-6-305011: Built dynamic TCP translation"), Err("an ASA message of another kind"));
    let late = "%ASA-6-106015: Deny TCP (no connection) from 203.0.113.9/443 to 192.0.2.5/50000 flags RST  on interface outside";
    assert_eq!(one(late), Err(ANSWERED));
}

fn all(lines: &[&str]) -> Vec<(Address, u16, Outcome)> {
    let (mut contacts, mut heard, mut report) = (Vec::new(), Vec::new(), Report::new());
    let mut out = Out::new(0, &mut contacts, &mut heard, &mut report);
    let mut format = (ASA.lines)(&Assume { year: Some(2025), ..Assume::default() });
    for line in lines {
        format.take(format!("Jun  8 12:00:00 asa {line}").as_bytes(), &mut out).unwrap();
    }
    format.end(&mut out);
    contacts.iter().map(|c| (c.source, c.port, c.outcome)).collect()
}

#[test]
fn what_was_built_is_told_when_it_is_torn_down() {
    let (out, client) = (Address::v4([203, 0, 113, 9]), Address::v4([10, 0, 0, 5]));
    let built = "%ASA-6-302013: Built inbound TCP connection 77 for outside:203.0.113.9/1234 (203.0.113.9/1234) to inside:10.0.0.5/80 (192.0.2.5/80)";
    let down = "%ASA-6-302014: Teardown TCP connection 77 for outside:203.0.113.9/1234 to inside:10.0.0.5/80 duration 0:00:30 bytes 0 SYN Timeout";
    assert_eq!(all(&[built, down]), [(out, 80, Outcome::Silent)]);
    assert_eq!(
        all(&[built, &down.replace("bytes 0 SYN Timeout", "bytes 99 TCP FINs")]),
        [(out, 80, Outcome::Asked)]
    );
    assert_eq!(all(&[built, &down.replace("SYN Timeout", "TCP Reset-I")]), [(out, 80, Outcome::Refused)]);
    assert_eq!(all(&[built]), [(out, 80, Outcome::Unknown)], "still open");
    assert_eq!(all(&[down]), [(out, 80, Outcome::Silent)], "its ports tell who began");
    let outbound = "%ASA-6-302015: Built outbound UDP connection 8 for outside:203.0.113.9/5060 (203.0.113.9/5060) to inside:10.0.0.5/50000 (192.0.2.5/50000)";
    assert_eq!(all(&[outbound]), [(client, 5060, Outcome::Unknown)]);
    let other = built.replace("77", "32845").replace("1234", "1235");
    assert_eq!(all(&[built, &other]).len(), 2, "pushed out, not lost");
}

proptest! {
    #[test]
    fn no_bytes_panic(
        number in prop::sample::select(vec![106_001, 106_007, 106_014, 106_023, 106_100, 302_013, 302_014, 302_020]),
        words in proptest::collection::vec("( src | dst | from | to | for | -> |connection |Built |faddr |laddr |tcp|Deny |icmp|access-list | bytes )?[a-z0-9:./()]{0,8}", 0..10),
    ) {
        let _ = one(&format!("%ASA-6-{number}: {}", words.concat()));
    }
}
