//! What a scope allows, for people.

use jiff::Timestamp;
use watchpost_survey::control::{Proof, token};
use watchpost_survey::scope::{Ports, Scope};

use super::clean::clean;
use super::style::labelled;
use super::words::number;

/// Columns of the labels.
const INDENT: usize = 14;

/// A page, its lines broken to so many columns, where they are to be broken. `control` is what was looked for, if it was.
pub fn page(scope: &Scope, now: Timestamp, control: Option<&[Proof]>, columns: Option<usize>) -> String {
    let mut out = format!(
        "{}, authorised by {} until {}\n",
        clean(&scope.organisation),
        clean(&scope.authorised_by),
        scope.valid_until
    );
    let mut tell = |label: &str, text: &str| {
        if !text.is_empty() {
            out.push_str(&labelled(&format!("  {label}"), text, INDENT, columns));
        }
    };
    let list = |nets: &[ipnet::IpNet]| nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    tell("blocks", &list(&scope.blocks));
    tell("less", &list(&scope.exclude));
    tell("leaves", &leaves(scope));
    tell("TCP", &ports(&scope.tcp));
    tell("UDP", &ports(&scope.udp));
    tell("ICMP", if scope.icmp { "echo and timestamp requests" } else { "none" });
    let rate = scope.rate;
    let rates = [rate.all, rate.network, rate.host].map(|cap| number(cap.into()));
    tell(
        "at most",
        &format!("{} packets/s, {} to each /24 or /64, {} to each host", rates[0], rates[1], rates[2]),
    );
    let windows: Vec<String> = scope.windows().map(|window| clean(&window)).collect();
    let when = if windows.is_empty() { "at any time".to_owned() } else { windows.join("; ") };
    let open = match scope.open(now) {
        Ok(()) => "open now".to_owned(),
        Err(why) => format!("closed now: {why}"),
    };
    tell("when", &format!("{when}; {open}"));
    tell("about", &clean(&scope.about));
    tell("lab", if scope.lab { "yes: special-purpose space may be named" } else { "" });
    tell("registry", "not checked: no registry is asked whose blocks these are");
    match control {
        None if scope.lab => tell("control", "not asked for: a lab's blocks are nobody's"),
        None => tell(
            "control",
            "not looked for here. A survey looks for the token in a TXT record or on a host (--token-host), and without it sends nothing \
             but with --unproven; --prove looks now",
        ),
        Some(proofs) => proofs.iter().for_each(|proof| tell("control", &clean(&proof.to_string()))),
    }
    tell("token", &token(scope));
    tell("hash", &scope.hash());
    out
}

fn leaves(scope: &Scope) -> String {
    let v4 = match scope.count_v4() {
        0 => None,
        1 => Some("1 IPv4 address".to_owned()),
        many => Some(format!("{} IPv4 addresses", number(many))),
    };
    let v6 = match scope.count_v6() {
        0 => None,
        few if few < 1 << 20 => Some(format!("{few} IPv6 addresses")),
        many => Some(format!("some 2^{:.0} IPv6 addresses, asked by list and pattern", (many as f64).log2())),
    };
    v4.into_iter().chain(v6).collect::<Vec<_>>().join(" and ")
}

fn ports(ports: &Ports) -> String {
    if ports.count() == 0 { "none".to_owned() } else { ports.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_it_allows() {
        let text = r#"
            organisation = "Example\u001b University"
            authorised_by = "Jane Doe"
            valid_until = "2027-06-30"
            about = "https://scans.example.org/"
            blocks = ["203.0.113.0/24", "2001:db8:113::/48"]
            exclude = ["203.0.113.66"]
            tcp = "1-1024,8080"
            lab = true
            [[window]]
            from = "20:00"
            until = "06:00"
        "#;
        let text = text.replace("\\u001b", "");
        let told = page(&Scope::parse(&text).unwrap(), "2026-11-23T12:00:00Z".parse().unwrap(), None, None);
        for expected in [
            "Example University, authorised by Jane Doe until 2027-06-30\n",
            "  leaves      255 IPv4 addresses and some 2^80 IPv6 addresses",
            "  TCP         1-1024,8080\n  UDP         none\n  ICMP        none\n",
            "1,000 packets/s, 100 to each /24 or /64, 5 to each host",
            "daily 20:00 to 06:00 UTC; closed now: no window of the scope is open",
            "  registry    not checked",
            "  control     not asked for: a lab's blocks are nobody's\n",
        ] {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
    }

    #[test]
    fn lines_are_as_wide_as_the_screen() {
        let text = r#"
            organisation = "Example University"
            authorised_by = "Jane Doe"
            valid_until = "2027-06-30"
            about = "https://scans.example.org/"
            blocks = ["8.8.4.0/24"]
            tcp = "80"
        "#;
        let scope = Scope::parse(text).unwrap();
        let page = |columns| page(&scope, "2026-11-23T12:00:00Z".parse().unwrap(), None, columns);
        // The token and the hash are words, and stay whole.
        let widest = |page: String| {
            page.lines().filter(|l| l.contains(' ') && !l.contains("hash")).map(str::len).max()
        };
        let (narrow, wide) = (widest(page(Some(80))), widest(page(Some(160))));
        assert!(narrow <= Some(80) && Some(100) < wide && wide <= Some(160), "{narrow:?} {wide:?}");
        assert!(
            page(None)
                .lines()
                .any(|line| line.starts_with("  control ") && line.ends_with("--prove looks now"))
        );
    }
}
