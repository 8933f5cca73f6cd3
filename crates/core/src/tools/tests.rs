use proptest::prelude::*;

use super::file::TcpOption;
use super::predicate::Predicate;
use super::*;
use crate::contact::{Transport, flags, traits};
use crate::imprint::Imprint;
use crate::net::Address;
use crate::record::{FactKind, ProbeKind};
use crate::utterance::{Facts, Protocol, Role};

/// Numbers that look drawn, the same in each run.
fn drawn(n: u32, salt: u32) -> u32 {
    let x = u64::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(salt) << 17;
    (x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 23) as u32
}

/// A SYN of nobody in particular: no options, no DF.
fn bare(n: u32) -> Imprint {
    Imprint {
        target: Address::v4((0xcb00_7100 | (n * 37 + 5) & 0xff).to_be_bytes()),
        sequence: drawn(n, 1),
        port: 23,
        source_port: 32_768 + (drawn(n, 2) % 28_000) as u16,
        window: 5840,
        ip_id: drawn(n, 3) as u16,
        ttl: 50,
        traits: 0,
        flags: flags::SYN,
        transport: Transport::Tcp,
        kind: ProbeKind::TcpSyn,
    }
}

fn imprints(packets: impl IntoIterator<Item = Imprint>) -> Imprints {
    let mut imprints = Imprints::default();
    packets.into_iter().for_each(|p| imprints.add(p, 1));
    imprints
}

fn of(count: u32, packet: impl Fn(u32) -> Imprint) -> Vec<Tool> {
    named(&imprints((0..count).map(packet)), &[])
}

fn names(tools: &[Tool]) -> Vec<&str> {
    tools.iter().map(|t| &*t.name).collect()
}

fn masscan(n: u32) -> Imprint {
    let packet = Imprint { window: 1024, ttl: 244, source_port: 61_000, ..bare(n) };
    let target = packet.target.as_v4().unwrap();
    Imprint { ip_id: (target ^ u32::from(packet.port) ^ packet.sequence) as u16, ..packet }
}

fn zmap(n: u32) -> Imprint {
    let options = traits::MSS | traits::WINDOW_SCALE | traits::SACK_PERMITTED;
    Imprint { window: 65_535, traits: options, ..bare(n) }
}

fn mirai(n: u32) -> Imprint {
    let packet = bare(n);
    Imprint { sequence: packet.target.as_v4().unwrap(), window: drawn(n, 9) as u16, ..packet }
}

#[test]
fn every_predicate_is_used_and_every_named_one_is_known() {
    let marks = Marks::shipped();
    for predicate in Predicate::ALL {
        assert!(marks.mark.iter().any(|m| m.holds.contains(&predicate)), "no mark uses {predicate:?}");
    }
    for tool in ["zmap", "masscan", "nmap", "hping3", "mirai", "unicornscan"] {
        assert!(marks.tools().contains(tool), "{tool}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_an_error() {
    let good = r#"
        [[mark]]
        tool = "zmap"
        known-from = "here"
        says = "a mark"
        kinds = ["tcp-syn"]
        windows = [65535]
        holds = ["ip-id-is-54321"]
        least = 2
        confidence = 0.8
        up-to = 0.9
        [[word]]
        tool = "nikto"
        known-from = "here"
        facts = ["user-agent"]
        contains = ["Nikto"]
        confidence = 0.9
    "#;
    assert!(Marks::parse(good).is_ok());
    let broken = [
        ("windows = [65535]", "window = [65535]", "unknown field"),
        ("ip-id-is-54321", "ip-id-is-54322", "unknown variant"),
        ("windows = [65535]\n        holds = [\"ip-id-is-54321\"]", "", "any packet would match"),
        ("known-from = \"here\"\n        says", "says", "where it is known from"),
        ("least = 2", "least = 0", "between 1 and 16"),
        ("least = 2", "least = 2\n        share = 1.5", "a share lies"),
        ("holds = [\"ip-id-is-54321\"]", "holds = [\"ttl-random\"]", "fewer than 5 packets"),
        ("up-to = 0.9", "up-to = 0.7", "less certain"),
        ("up-to = 0.9", "up-to = 1.0", "between 0 and 1"),
        ("up-to = 0.9", "up-to = 0.9\n        excludes = [\"nobody\"]", "no other mark names"),
        ("windows = [65535]", "windows = [[9, 3]]", "does not rise"),
        ("tool = \"zmap\"", "tool = \"ZMap 4\"", "lower case"),
        ("contains = [\"Nikto\"]", "contains = [\"Nik\"]", "four bytes"),
        (
            "[[word]]\n        tool = \"nikto\"",
            "[[word]]\n        tool = \"nikto\"\n        regex = \".*\"",
            "unknown field",
        ),
    ];
    for (this, by, why) in broken {
        assert!(good.contains(this), "{this}");
        let error = Marks::parse(&good.replacen(this, by, 1)).expect_err(by);
        assert!(error.contains(why), "{by}: {error}");
    }
}

#[test]
fn an_ordinary_source_shows_no_tool() {
    let stack = traits::MSS | traits::SACK_PERMITTED | traits::WINDOW_SCALE | traits::DONT_FRAGMENT;
    let ordinary = |n| Imprint { traits: stack, kind: ProbeKind::TcpConnect, ..bare(n) };
    assert!(of(200, |n| Imprint { window: 64_240, ..ordinary(n) }).is_empty());
    assert!(of(200, |n| Imprint { window: 65_535, ttl: 117, ..ordinary(n) }).is_empty());
    // A firewall cleared DF; the counter and the retransmissions of a stack remain.
    let cleared = |n: u32| Imprint { traits: stack & !traits::DONT_FRAGMENT, window: 65_535, ..ordinary(n) };
    assert!(of(16, |n| Imprint { ip_id: 4_000 + 3 * n as u16, ..cleared(n) }).is_empty());
    assert!(of(16, |n| Imprint { ip_id: drawn(n, 4) as u16, ..cleared(n / 3) }).is_empty());
    assert!(of(200, bare).is_empty());
    assert!(named(&Imprints::default(), &[]).is_empty());
}

#[test]
fn several_tools_of_one_source_are_all_named() {
    let hping = |n: u32| Imprint { window: 512, source_port: 2000 + n as u16, ..bare(n) };
    let both = imprints((0..40).map(hping).chain((0..40).map(masscan)).chain((0..9).map(mirai)));
    let tools = named(&both, &[]);
    assert_eq!(names(&tools), ["masscan", "mirai", "hping3"]);
    assert!(tools.windows(2).all(|w| w[0].confidence >= w[1].confidence));
}

#[test]
fn every_packet_kept_of_a_class_must_agree_and_more_say_more() {
    let two = of(2, masscan)[0].confidence;
    let many = of(300, masscan);
    assert_eq!((many[0].name.as_str(), many[0].version.as_deref()), ("masscan", Some("1.x")));
    assert!(many[0].confidence > two && two >= 0.97, "{many:?}");
    assert!(many[0].text.ends_with("in all 16 packets kept of this kind"), "{}", many[0].text);
    // One alone may be chance; one among others that does not agree voids the class.
    assert!(of(1, masscan).is_empty());
    let stranger = |n| if n == 5 { Imprint { ip_id: 1, source_port: 7, ..masscan(n) } } else { masscan(n) };
    assert!(of(16, stranger).is_empty());
}

#[test]
fn a_bot_is_told_among_strangers_behind_one_address() {
    assert_eq!(names(&of(1, mirai)), ["mirai"]);
    assert!(of(12, mirai)[0].confidence > of(1, mirai)[0].confidence);
    let third = |n: u32| if n.is_multiple_of(3) { Imprint { window: 8192, ..bare(n) } } else { mirai(n) };
    assert_eq!(names(&of(12, third)), ["mirai"]);
    // Windows drawn at random leave room for what comes later.
    let later = imprints((0..100).map(mirai).chain((0..20).map(zmap)));
    assert_eq!(names(&named(&later, &[])), ["mirai", "zmap"]);
    let behind = |n: u32| Imprint { sequence: mirai(n).sequence ^ 0x0a5c_0000, ..mirai(n) };
    assert!(of(10, behind)[0].confidence < 0.5, "half a mark is a weak one");
}

#[test]
fn unicornscan_is_told_by_its_key_and_equal_steps_are_not() {
    let ports = |p: &Imprint| u32::from(p.source_port) << 16 | u32::from(p.port);
    let unicorn = |n| {
        let packet = bare(n);
        Imprint { sequence: 0x5eed_cafe ^ packet.target.as_v4().unwrap() ^ ports(&packet), ..packet }
    };
    assert_eq!(names(&of(16, unicorn)), ["unicornscan"]);
    assert!(of(2, unicorn).is_empty());
    // Addresses and source ports that rise together, and sequence number 0: the sum is constant, but nothing was computed.
    let together = |n: u32| Imprint {
        target: Address::v4([10, 0, 0, n as u8]),
        source_port: 32_000 + n as u16,
        sequence: 0,
        ..bare(n)
    };
    assert!(of(16, together).is_empty());
}

fn nmap(n: u32) -> Imprint {
    let sequence = 0xdd52_8318 ^ if n % 5 == 4 { 0x0001_0001 } else { 0 };
    let ttl = 37 + (drawn(n, 6) % 23) as u8 - 11;
    Imprint {
        window: 1024,
        traits: traits::MSS,
        sequence,
        ttl,
        source_port: 40_000 + (n % 5 / 4) as u16,
        ..bare(n)
    }
}

#[test]
fn nmap_is_told_by_its_rounds_or_by_its_times_to_live() {
    assert_eq!(names(&of(3, nmap)), ["nmap"]);
    assert_eq!(names(&of(16, nmap)), ["nmap"]);
    // Sequence numbers drawn anew on the way; then the hops as well.
    let anew = |n| Imprint { sequence: drawn(n, 7), ..nmap(n) };
    assert_eq!(names(&of(16, anew)), ["nmap"]);
    assert!(of(16, |n| Imprint { ttl: 50, ..anew(n) }).is_empty());
    // Retransmissions of a stack share a number too, but go to one target.
    let again = |n: u32| Imprint { ttl: 50, ip_id: n as u16, ..nmap(0) };
    assert!(of(5, again).is_empty());
}

#[test]
fn a_traceroute_and_changing_routes_draw_no_time_to_live() {
    let udp = |n: u32, ttl: u8| Imprint {
        ttl,
        transport: Transport::Udp,
        kind: ProbeKind::Udp,
        window: 0,
        flags: 0,
        ..bare(n)
    };
    assert!(of(16, |n| udp(n, 5 + n as u8)).is_empty());
    assert!(of(16, |n| udp(n, 5 + n as u8 / 3)).is_empty());
    assert!(of(16, |n| udp(n, [52, 54, 53][n as usize % 3])).is_empty());
    assert_eq!(names(&of(16, |n| udp(n, nmap(n).ttl))), ["nmap"]);
}

#[test]
fn zmap_is_told_by_any_options_and_origin() {
    assert_eq!(names(&of(4, zmap)), ["zmap"]);
    assert_eq!(
        names(&of(16, |n| Imprint { traits: zmap(n).traits | traits::TIMESTAMP, ttl: 117, ..zmap(n) })),
        ["zmap"]
    );
    assert_eq!(names(&of(16, |n| Imprint { traits: traits::MSS, ..zmap(n) })), ["zmap"]);
    assert_eq!(
        names(&of(16, |n| Imprint { source_port: 40_000 + (drawn(n, 2) % 16) as u16, ..zmap(n) })),
        ["zmap"]
    );
    assert_eq!(names(&of(16, |n| Imprint { source_port: 40_000, ..zmap(n) })), ["zmap"]);
    let older = |n| Imprint { window: 65_535, ip_id: 54_321, ..bare(n) };
    assert_eq!(of(16, older)[0].version.as_deref(), Some("before 2024-03 (2.x to 4.0)"));
    // Each target twice, from two source ports: the number is the target's.
    let twice = |n: u32| Imprint {
        source_port: bare(n).source_port,
        ip_id: n as u16,
        sequence: drawn(n / 2, 1),
        target: bare(n / 2).target,
        traits: 0,
        ..zmap(n)
    };
    assert_eq!(names(&of(16, twice)), ["zmap"]);
}

#[test]
fn a_packet_that_a_tap_saw_twice_counts_once() {
    let packets = (0..3).flat_map(|n| [masscan(n), Imprint { ttl: 243, ..masscan(n) }]);
    let tools = named(&imprints(packets), &[]);
    assert!(tools[0].text.contains("all 3 packets"), "{}", tools[0].text);
}

#[test]
fn a_client_is_told_by_its_words() {
    let host = Address::v4([203, 0, 113, 9]);
    let says = |what, text: &str| Utterance {
        time: 0,
        sensor: 0,
        speaker: Address::v4([198, 51, 100, 7]),
        speaker_port: 40_000,
        listener: host,
        listener_port: 80,
        transport: Transport::Tcp,
        role: Role::Client,
        protocol: Protocol::Http,
        facts: Facts::new([(what, text)]),
    };
    let tools = |utterance: Utterance| named(&Imprints::default(), &[&utterance]);
    let nse = says(
        FactKind::UserAgent,
        "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
    );
    let named_nmap = tools(nse);
    assert_eq!(names(&named_nmap), ["nmap"]);
    assert!(named_nmap[0].text.ends_with("to 203.0.113.9 on port 80"), "{}", named_nmap[0].text);
    assert_eq!(names(&tools(says(FactKind::Request, "GET /nice%20ports%2C/Tri%6Eity.txt%2ebak"))), ["nmap"]);
    assert_eq!(
        names(&tools(says(
            FactKind::UserAgent,
            "masscan/1.3 (https://github.com/robertdavidgraham/masscan)"
        ))),
        ["masscan"]
    );
    assert_eq!(names(&tools(says(FactKind::UserAgent, "Mozilla/5.0 zgrab/0.x"))), ["zgrab"]);
    for ordinary in
        ["curl/7.88.1", "Go-http-client/1.1", "python-requests/2.28", "Mozilla/5.0 (Windows NT 10.0)"]
    {
        assert!(tools(says(FactKind::UserAgent, ordinary)).is_empty(), "{ordinary}");
    }
    // A page about a tool is not the tool.
    assert!(tools(says(FactKind::Request, "GET /docs/nikto/wpscan")).is_empty());
    // Packets and words of one tool are one tool.
    let word = says(FactKind::UserAgent, "masscan/1.3");
    assert_eq!(names(&named(&imprints((0..16).map(masscan)), &[&word])), ["masscan"]);
}

#[test]
fn all_ones_are_a_timestamp_too() {
    assert_eq!(TcpOption::TimestampAllOnes.bits() & traits::TIMESTAMP, traits::TIMESTAMP);
}

proptest! {
    /// No input panics, and whatever is named has a confidence and a sentence; the strongest stands first.
    #[test]
    fn any_packets_are_judged(fields in prop::collection::vec(any::<(u32, u32, u16, u16, u16, u16, (u8, u8, u8))>(), 0..60)) {
        let packets = fields.iter().map(|&(target, sequence, port, source_port, window, ip_id, (ttl, bits, rest))| Imprint {
            target: if rest & 1 == 0 { Address::v4(target.to_be_bytes()) } else { Address::v6([rest; 16]) },
            sequence, port, source_port, window, ip_id, ttl,
            traits: bits,
            flags: rest,
            transport: if rest & 2 == 0 { Transport::Tcp } else { Transport::Icmp },
            kind: ProbeKind::ALL[usize::from(rest) % ProbeKind::ALL.len()],
        });
        let tools = named(&imprints(packets), &[]);
        for tool in &tools {
            prop_assert!(0.0 < tool.confidence && tool.confidence < 1.0 && !tool.text.is_empty());
        }
        prop_assert!(tools.windows(2).all(|w| w[0].confidence >= w[1].confidence));
    }

    /// The same sixteen packets in another order of classes name the same tools.
    #[test]
    fn what_is_shown_does_not_depend_on_which_tool_came_first(swap in any::<bool>(), count in 4u32..40) {
        let (a, b): (Vec<_>, Vec<_>) = ((0..count).map(masscan).collect(), (0..count).map(zmap).collect());
        let (first, second) = if swap { (b, a) } else { (a, b) };
        let tools = named(&imprints(first.into_iter().chain(second)), &[]);
        prop_assert_eq!(names(&tools), ["masscan", "zmap"]);
    }
}
