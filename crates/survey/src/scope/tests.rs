//! Scopes as users write them, right and wrong.

use super::*;
use proptest::prelude::*;

const LAB: &str = r#"
# The lab's own.
organisation = "Example University"
authorised_by = "Jane Doe, head of IT security"
valid_until = "2027-06-30"
about = "https://scans.example.org/"
blocks = ["203.0.113.0/24", "2001:db8:113::/48"]
exclude = ["203.0.113.66", "203.0.113.128/25"]
tcp = "1-65535"
udp = "53,123,161"
icmp = true
lab = true
"#;

fn mistakes(text: &str) -> Vec<String> {
    Scope::parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn exclusions_win() {
    let scope = Scope::parse(LAB).unwrap();
    let admit = |text: &str| scope.admit(text.parse().unwrap()).map(|target| target.get().to_string());
    assert_eq!(admit("203.0.113.9"), Ok("203.0.113.9".into()));
    assert_eq!(admit("203.0.113.66"), Err(Refusal::Excluded));
    assert_eq!(admit("203.0.113.200"), Err(Refusal::Excluded));
    assert_eq!(admit("203.0.112.9"), Err(Refusal::Outside));
    assert_eq!(admit("2001:db8:113::9"), Ok("2001:db8:113::9".into()));
    assert_eq!(admit("2001:db8:114::9"), Err(Refusal::Outside));
    // The same bits in another family are another address.
    assert_eq!(admit("::ffff:203.0.113.9"), Err(Refusal::Outside));
    assert_eq!((scope.count_v4(), scope.count_v6()), (127, 1 << 80));
    assert_eq!(scope.at(66).unwrap().get().to_string(), "203.0.113.67");
    assert!(scope.at(127).is_none());
    assert_eq!(scope.rate, Rate { all: 1_000, network: 100, host: 5 });
}

#[test]
fn special_space_is_refused_but_in_a_lab() {
    let text = LAB.replace("lab = true", "");
    assert_eq!(
        mistakes(&text),
        [
            "line 7: blocks: 203.0.113.0/24 is nobody's own: documentation",
            "line 7: blocks: 2001:db8:113::/48 is nobody's own: documentation"
        ]
    );
    let everything = LAB.replace("203.0.113.0/24", "0.0.0.0/0");
    assert!(mistakes(&everything)[0].contains("0.0.0.0/0 holds space that is nobody's own"), "even in a lab");
    let own = text
        .replace("203.0.113.0/24", "8.8.8.0/24")
        .replace("2001:db8:113::/48", "2a00:1450::/32")
        .replace("203.0.113.66", "8.8.8.66")
        .replace("203.0.113.128/25", "8.8.8.128/25");
    assert!(Scope::parse(&own).is_ok());
}

#[test]
fn every_mistake_is_told_at_once_with_its_line() {
    let text = r#"organisation = ""
authorised_by = "x"
valid_until = "30.6.2027"
about = "example.org"
blocks = ["203.0.113.5/24", "nonsense"]
exclude = ["203.0.113.0/33"]
tcp = "0-5"
lab = true
[rate]
host = 0
[[window]]
days = ["monday"]
from = "8:00"
until = "06:00"
zone = "Berlin"
"#;
    let told = mistakes(text);
    let expected = [
        "rate.host is 0: nothing could ever be sent",
        "line 1: organisation is empty",
        "line 3: valid_until: \"30.6.2027\" is no day",
        "line 4: about: \"example.org\" is no URL",
        "line 5: blocks: 203.0.113.5/24: there are bits behind the /24",
        "line 5: blocks: \"nonsense\" is no address prefix",
        "line 6: exclude: \"203.0.113.0/33\" is no address prefix",
        "line 7: tcp: \"0\" is no port from 1 to 65535",
        "line 12: window: \"monday\" is no day",
        "line 13: window: \"8:00\" is no time of day",
        "line 15: window: \"Berlin\" is no time zone",
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_would_not_do_what_it_seems_to_is_a_mistake() {
    let mapped = LAB.replace("2001:db8:113::/48", "::ffff:8.8.8.0/120");
    assert_eq!(
        mistakes(&mapped),
        ["line 7: blocks: ::ffff:8.8.8.0/120 stands for IPv4 addresses"],
        "even in a lab"
    );
    let offset = LAB.replace("2027-06-30", "2027-06-30T23:00+14:00");
    assert!(mistakes(&offset)[0].contains("is no day"));
    let empty = LAB.replace("1-65535", "").replace("53,123,161", "").replace("icmp = true", "");
    assert_eq!(mistakes(&empty), ["nothing is allowed: neither tcp, udp nor icmp"]);
    assert!(mistakes(&LAB.replace("https://scans.example.org/", "https://"))[0].contains("is no URL"));
    let typed = LAB.replace("203.0.113.66", "203.0.131.66");
    assert_eq!(
        mistakes(&typed),
        ["line 8: exclude: 203.0.131.66/32 lies in no block, so it excludes nothing"]
    );
    let rates = format!("{LAB}[rate]\nhost = 500\n");
    assert_eq!(mistakes(&rates), ["rate: host 500, network 100 and all 1000 do not rise in this order"]);
}

#[test]
fn what_is_left_out_or_unknown_is_named() {
    assert!(
        mistakes(&LAB.replace("authorised_by", "authorized_by"))[0]
            .starts_with("line 4: unknown field `authorized_by`")
    );
    assert!(
        mistakes(&LAB.replace("about = \"https://scans.example.org/\"", ""))[0]
            .contains("missing field `about`")
    );
    let nothing =
        LAB.replace("tcp = \"1-65535\"", "").replace("udp = \"53,123,161\"", "").replace("icmp = true", "");
    assert_eq!(mistakes(&nothing), ["nothing is allowed: neither tcp, udp nor icmp"]);
    let all = LAB.replace("\"203.0.113.66\"", "\"203.0.113.0/24\", \"2001:db8::/32\"");
    assert_eq!(mistakes(&all), ["every address of the blocks is excluded"]);
    assert!(mistakes("not toml").len() == 1);
}

#[test]
fn it_is_open_to_its_last_day_and_in_its_windows() {
    let scope = Scope::parse(&format!("{LAB}[[window]]\nfrom = \"20:00\"\nuntil = \"06:00\"\n")).unwrap();
    let open = |at: &str| scope.open(at.parse().unwrap());
    assert_eq!(open("2027-06-30T23:59:59Z"), Ok(()));
    assert_eq!(open("2027-07-01T00:00:00Z"), Err(Closed::Expired("2027-06-30".parse().unwrap())));
    assert_eq!(open("2026-11-23T12:00:00Z"), Err(Closed::OutsideWindows));
}

#[test]
fn its_hash_is_of_what_it_says() {
    let hash = |text: &str| Scope::parse(text).unwrap().hash();
    assert_eq!(hash(LAB), hash(&LAB.replace("# The lab's own.", "# another comment\n")));
    assert_eq!(hash(LAB).len(), 64);
    for (from, to) in [
        ("Jane", "John"),
        ("53,123", "53,124"),
        ("203.0.113.66", "203.0.113.67"),
        ("2027", "2028"),
        ("icmp = true", "icmp = false"),
    ] {
        assert_ne!(hash(LAB), hash(&LAB.replace(from, to)), "{from}");
    }
}

proptest! {
    /// Whatever the file says: what is admitted lies in a block and in no exclusion, and every place is such an address.
    #[test]
    fn nothing_outside_is_ever_admitted(
        blocks in prop::collection::vec((0u32..1 << 10, 22u8..=32), 1..5),
        exclude in prop::collection::vec((0u32..1 << 10, 22u8..=32), 0..5),
        asked in prop::collection::vec(0u32..1 << 11, 50),
    ) {
        let base = u32::from_be_bytes([203, 0, 112, 0]);
        let net = |&(bits, length): &(u32, u8)| {
            ipnet::Ipv4Net::new((base + bits).into(), length).unwrap().trunc()
        };
        let own: Vec<ipnet::Ipv4Net> = blocks.iter().map(net).filter(|net| special::of(&(*net).into()).is_some()).collect();
        let meets = |net: &ipnet::Ipv4Net| own.iter().any(|block| block.contains(net) || net.contains(block));
        let not: Vec<ipnet::Ipv4Net> = exclude.iter().map(net).filter(meets).collect();
        let list = |nets: &[ipnet::Ipv4Net]| nets.iter().map(|net| format!("\"{net}\"")).collect::<Vec<_>>().join(",");
        let text = LAB
            .replace("\"203.0.113.0/24\", \"2001:db8:113::/48\"", &list(&own))
            .replace("\"203.0.113.66\", \"203.0.113.128/25\"", &list(&not));
        if let Ok(scope) = Scope::parse(&text) {
            let within = |address: IpAddr| {
                let IpAddr::V4(address) = address else { return false };
                own.iter().any(|net| net.contains(&address)) && !not.iter().any(|net| net.contains(&address))
            };
            for bits in asked {
                let address = IpAddr::V4((base + bits).into());
                prop_assert_eq!(scope.admit(address).is_ok(), within(address));
            }
            for place in 0..scope.count_v4() {
                prop_assert!(scope.at(place).is_some_and(|target| within(target.get())));
            }
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = Scope::parse(&text);
        let _ = Scope::parse(&LAB.replace("2027-06-30", &text));
    }
}
