//! Lines from crowdsecurity/hub's samples (MIT), and made after them.

use proptest::prelude::*;
use watchpost_core::contact::{Contact, Outcome, Phase, Transport, traits};
use watchpost_core::net::Address;

use super::*;
use crate::log::firewall::taken;

const SYN_LINE: &str = "Jun  8 14:34:33 sd-126005 kernel: [50028442.088484] IN=enp1s0 OUT= \
    MAC=00:08:a2:0c:1f:12:00:c8:8b:e2:d6:87:08:00 SRC=195.54.160.107 DST=51.15.166.67 LEN=40 TOS=0x00 PREC=0x00 TTL=245 \
    ID=37308 PROTO=TCP SPT=8080 DPT=8123 WINDOW=1024 RES=0x00 SYN URGP=0 ";

fn one(line: &str) -> Result<Contact, &'static str> {
    taken(&NETFILTER, line).map(|contacts| contacts[0])
}

#[test]
fn a_syn_has_its_header() {
    let contact = one(SYN_LINE).unwrap();
    assert_eq!(contact.source, Address::v4([195, 54, 160, 107]));
    assert_eq!((contact.port, contact.source_port, contact.transport), (8123, 8080, Transport::Tcp));
    assert_eq!((contact.ttl, contact.ip_id, contact.window), (245, 37_308, 1024));
    assert_eq!((contact.flags, contact.phase, contact.traits), (SYN, Phase::Probe, 0));
    let ordinary = SYN_LINE.replace("LEN=40", "LEN=60").replace(" PROTO=TCP", " DF PROTO=TCP");
    let contact = one(&ordinary).unwrap();
    assert!(contact.is_partly_told() && contact.has(traits::DONT_FRAGMENT), "{contact:?}");
    assert_eq!(one(&SYN_LINE.replace("LEN=40", "LEN=44")).unwrap().traits, traits::MSS);
    let told = ordinary.replace("SYN URGP=0", "SYN URGP=0 OPT (020405B40402080A1B2C3D4E0000000001030307)");
    let all = traits::TCP_OPTIONS | traits::DONT_FRAGMENT;
    assert_eq!(one(&told).unwrap().traits, all);
}

#[test]
fn prefixes_say_what_was_done() {
    for (prefix, wanted) in [
        ("", Verdict::Untold),
        ("host kernel: [UFW BLOCK] ", Verdict::Denied),
        ("host kernel: [UFW LIMIT BLOCK] ", Verdict::Denied),
        ("host kernel: [UFW ALLOW] ", Verdict::Passed),
        ("host kernel: [UFW AUDIT INVALID] ", Verdict::Passed),
        ("kernel: IPTABLES-DROP: ", Verdict::Denied),
        ("kernel: iptables_dropped", Verdict::Denied),
        ("dropbox kernel: [  1.5] bypass: ", Verdict::Untold),
        ("policy DROP: ", Verdict::Denied),
        ("ACCEPT: ", Verdict::Passed),
        ("[WAN_LOCAL-D-2147483647] DESCR=\"Allow\" ", Verdict::Denied),
        ("UDMP-DTC [WAN_LOCAL-A-2147483647] DESCR=\"[WAN_LOCAL]Block All Traffic\" ", Verdict::Passed),
    ] {
        assert_eq!(verdict(prefix.as_bytes()), wanted, "{prefix}");
    }
}

#[test]
fn what_passed_is_untold_and_what_is_late_is_no_contact() {
    let passed = one(&SYN_LINE.replace("IN=", "[UFW ALLOW] IN=")).unwrap();
    assert_eq!((passed.phase, passed.outcome), (Phase::Flow, Outcome::Unknown));
    let outwards = SYN_LINE.replace("SRC=195.54.160.107", "SRC=192.168.1.9");
    assert_eq!(one(&outwards).unwrap().phase, Phase::Flow);
    assert_eq!(one(&SYN_LINE.replace("SYN", "ACK")).unwrap().phase, Phase::Stray);
    assert_eq!(one(&SYN_LINE.replace("SYN", "RST")).unwrap().phase, Phase::Stray);
    assert_eq!(one(&SYN_LINE.replace("SYN", "ACK SYN")).unwrap().phase, Phase::Stray);
    let late = "a packet of a connection that the filter does not know any more";
    assert_eq!(one(&SYN_LINE.replace("SYN", "ACK FIN")), Err(late));
    assert_eq!(one(&SYN_LINE.replace("SYN", "ACK").replace("LEN=40", "LEN=52")), Err(late));
    assert_eq!(one(&SYN_LINE.replace("SYN ", "")).unwrap().phase, Phase::Probe, "a NULL probe");
}

#[test]
fn other_products_and_protocols() {
    let proxmox = "101 1 tap101i0-IN 20/Jun/2022:13:13:32 +0200 PVEFW-reject: IN=fwbr101i0 OUT=fwbr101i0 \
        PHYSIN=fwln101i0 PHYSOUT=tap101i0 MAC=24:8a:07 SRC=2a0a:1580::a DST=2a0a:1580::17 LEN=40 TC=0 FLOWLBL=634336 \
        HOPLIMIT=64 PROTO=TCP SPT=59368 DPT=22 SEQ=3146558957 ACK=0 WINDOW=64800 SYN ";
    let contact = one(proxmox).unwrap();
    assert_eq!((contact.port, contact.sequence, contact.flags), (22, 3_146_558_957, SYN));
    assert!(contact.is_partly_told() && contact.phase == Phase::Probe, "{contact:?}");
    assert_eq!(contact.time, 1_655_723_612_000_000_000);
    let unifi = "Jun 13 23:29:15 UDMP-DTC UDMP-DTC [WAN_LOCAL-D-2147483647] DESCR=\"[WAN_LOCAL]Block All Traffic\" \
        IN=eth8 OUT= MAC=74:ac SRC=203.0.113.1 DST=192.168.1.25 LEN=122 TOS=00 PREC=0x00 TTL=49 ID=45366 DF PROTO=UDP \
        SPT=38451 DPT=54329 LEN=102 MARK=1a0000";
    let contact = one(unifi).unwrap();
    assert_eq!((contact.transport, contact.window, contact.phase), (Transport::Udp, 94, Phase::Unclear));
    let echo = "2025-06-08T14:34:33+00:00 h kernel: [1.0] IN=e OUT= SRC=203.0.113.1 DST=192.0.2.1 LEN=84 TOS=0x00 \
        PREC=0x00 TTL=49 ID=45366 DF PROTO=ICMP TYPE=8 CODE=0 ID=99 SEQ=1 ";
    let contact = one(echo).unwrap();
    assert_eq!((contact.port, contact.ip_id, contact.window), (0x0800, 45_366, 56));
    let error = echo.replace(
        "TYPE=8 CODE=0 ID=99 SEQ=1",
        "TYPE=3 CODE=3 [SRC=192.0.2.1 DST=203.0.113.1 LEN=60 PROTO=UDP SPT=1 DPT=2 ]",
    );
    assert_eq!(one(&error), Err("an ICMP message that asks nobody"));
}

#[test]
fn lines_without_time_year_or_packet_are_counted() {
    let from = SYN_LINE.find('[').unwrap();
    assert_eq!(one(&SYN_LINE[from..]), Err("its stamp has no date"));
    assert_eq!(one("Jun  8 14:34:33 h sshd[1]: hello"), Err("a message of something else"));
    let journal = format!(
        r#"{{"__REALTIME_TIMESTAMP":"1749384000000000","MESSAGE":"[UFW BLOCK] {}"}}"#,
        &SYN_LINE[from..]
    );
    assert_eq!(one(&journal).unwrap().time, 1_749_384_000_000_000_000);
    assert_eq!(taken(&NETFILTER, &SYN_LINE.replace("SRC=195.54.160.107", "SRC=x")), Err("SRC is no address"));
}

proptest! {
    #[test]
    fn no_bytes_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
        tokens in proptest::collection::vec("(SRC|DST|LEN|PROTO|SPT|DPT|TYPE|CODE|TTL|ID|OPT|WINDOW)[= ]([0-9A-Z.:()\\[]{0,9})", 0..12),
    ) {
        let line = format!("Jun  8 14:34:33 h IN= SRC=1.2.3.4 DST=1.2.3.5 {}", tokens.join(" "));
        let _ = (taken(&NETFILTER, &line), parse(&bytes, 0), verdict(&bytes), (NETFILTER.recognises)(&bytes));
    }
}
