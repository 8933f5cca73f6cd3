//! What is wanted: the command line and the scope, checked against each other. What the scope cuts off is told, never dropped in silence.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read as _};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use watchpost_core::record::Record;
use watchpost_formats::input::Plain;
use watchpost_survey::engine::Passes;
use watchpost_survey::plan::pattern::candidates;
use watchpost_survey::plan::ports::TOP_TCP;
use watchpost_survey::raw::route;
use watchpost_survey::scope::{Ports, Rate, Scope, Targets};
use watchpost_survey::take::{Discover, Request};
use watchpost_survey::wire::UDP_PORTS;

use crate::args::survey::{Discovery, Take};
use crate::exit::{Failure, why};
use crate::render::words::{number, plural};

/// IPv6 addresses of a survey, at most.
const MOST_V6: usize = 65_536;
/// More ports than this are asked only of hosts that are there.
const MANY: usize = 32;
/// TCP ports where nothing is said.
const USUAL: usize = 100;
/// Addresses of a hitlist, at most.
const MOST_LISTED: usize = 1 << 20;
/// Bytes of one, unpacked, and of one of its lines: what is larger was made to fill the memory.
const LARGEST: u64 = 1 << 30;
const LONGEST: u64 = 1 << 20;
/// Ends of blocks that are looked up to tell whether all targets are on a link of this machine.
const MOST_ENDS: usize = 8_192;

/// A scope, and the text that it was read from.
pub struct Read {
    /// What it says.
    pub scope: Scope,
    /// Its text, for the helper.
    pub text: String,
}

/// Reads a scope file; every mistake but the last is already told.
///
/// # Errors
/// It cannot be read, or does not hold.
pub fn scope(path: &Path, json: bool) -> Result<Read, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let hint = "`watchpost scope check --help` shows a whole scope file.";
        Failure::unreadable(format!("{name}: {}", why(&error)), hint)
    })?;
    let scope = Scope::parse(&text).map_err(|mistakes| {
        let told =
            mistakes.iter().map(|wrong| Failure::configuration(format!("{name}: {wrong}"), &wrong.fix));
        let mut told: Vec<Failure> = told.collect();
        let last = told.pop().unwrap_or_else(|| Failure::configuration(name.to_string(), ""));
        told.iter().for_each(|failure| {
            failure.report(json);
        });
        last
    })?;
    Ok(Read { scope, text })
}

/// What is to be asked, and what of the wish was cut off, in sentences.
///
/// # Errors
/// Nothing is left, or a value makes no sense.
pub fn request(typed: &Take, scope: &Scope, seed: [u64; 3]) -> Result<(Request, Vec<String>), Failure> {
    let mut cut = Vec::new();
    let targets = targets(typed, scope, &mut cut)?;
    if targets.count() == 0 {
        return Err(Failure::usage(
            "nothing is left to ask: no target lies in the scope".to_owned() + &reasons(&cut),
            "`watchpost scope check` says what the scope holds.",
        ));
    }
    let (tcp, udp) = ports(typed, scope, &mut cut)?;
    let discover = match typed.discover {
        Discovery::Auto if tcp.len() + udp.len() > MANY => Discover::First,
        Discovery::Auto | Discovery::Off => Discover::Off,
        Discovery::First => Discover::First,
        Discovery::Only => Discover::Only,
    };
    if tcp.is_empty() && udp.is_empty() && discover != Discover::Only {
        return Err(Failure::usage(
            "nothing is left to ask: the scope allows none of these ports".to_owned() + &reasons(&cut),
            "Allow them in the scope (tcp = \"1-65535\"), or ask others.",
        ));
    }
    let rate = match typed.rate {
        Some(rate) if rate > scope.rate.all => {
            cut.push(format!("--rate {rate} is more than the scope allows: {} packets/s", scope.rate.all));
            scope.rate
        }
        Some(all) => Rate { all, ..scope.rate },
        None => scope.rate,
    };
    let passes = match typed.passes {
        Some(most) => Passes { least: most.min(Passes::default().least), most, ..Passes::default() },
        None => Passes::default(),
    };
    let on_link = on_link(&targets);
    // On a link it costs least to ask first who is there, and asking those who are not keeps the kernel waiting.
    let discover = if on_link && typed.discover == Discovery::Auto { Discover::First } else { discover };
    let request = Request {
        targets,
        tcp,
        udp,
        discover,
        known: Vec::new(),
        on_link,
        connects: typed.connect,
        rate,
        passes,
        wait: Duration::from_secs_f64(typed.wait),
        shard: typed.shard.as_deref().map_or(Ok((0, NonZeroU64::MIN)), shard)?,
        seed,
    };
    Ok((request, cut))
}

/// Whether all targets are on a link of this machine, but for its own addresses.
fn on_link(targets: &Targets) -> bool {
    let ends = targets.blocks().into_iter().flat_map(|block| [block.network(), block.broadcast()]);
    let ends: Vec<IpAddr> = ends.take(MOST_ENDS).filter(|end| !route::is_own(*end)).collect();
    !ends.is_empty() && ends.into_iter().all(route::on_link)
}

/// `256 addresses; 100 TCP and 3 UDP ports each, where discovery finds somebody; at most 1,000 packets/s; part 1 of 3`.
pub fn words(request: &Request) -> String {
    let ports = |transport: &str, ports: &[u16]| match ports {
        [] => None,
        [only] => Some(format!("{transport} port {only}")),
        many => Some(format!("{} {transport} ports", number(many.len() as u64))),
    };
    let asked: Vec<String> =
        [ports("TCP", &request.tcp), ports("UDP", &request.udp)].into_iter().flatten().collect();
    let asked = match (request.discover, asked.join(" and ")) {
        (Discover::Only, _) => "who is there".to_owned(),
        (Discover::First, asked) => format!("who is there, and {asked} of those"),
        (Discover::Off, asked) => format!("{asked} of each"),
    };
    let mut text = format!(
        "{}: {asked}; at most {} packets/s",
        plural(request.targets.count(), "address", "addresses"),
        number(request.rate.all.into())
    );
    if request.shard.1.get() > 1 {
        text.push_str(&format!("; part {} of {}", request.shard.0 + 1, request.shard.1));
    }
    text
}

/// Three numbers that nobody guesses; with a number given the order is always the same, and the hashes are not.
///
/// # Errors
/// This machine has no chance to give.
pub fn seed(given: Option<u64>) -> Result<[u64; 3], Failure> {
    let mut bytes = [0; 24];
    let read = std::fs::File::open("/dev/urandom")
        .and_then(|mut random| std::io::Read::read_exact(&mut random, &mut bytes));
    read.map_err(|error| {
        Failure::internal(format!("/dev/urandom: {error}"), "Without chance there are no keys.")
    })?;
    let (words, _) = bytes.as_chunks::<8>();
    let mut seed = [0; 3];
    for (seed, word) in seed.iter_mut().zip(words) {
        *seed = u64::from_le_bytes(*word);
    }
    seed[0] = given.unwrap_or(seed[0]);
    Ok(seed)
}

fn reasons(cut: &[String]) -> String {
    cut.iter().take(3).map(|reason| format!("; {reason}")).collect()
}

/// Whom.
fn targets(typed: &Take, scope: &Scope, cut: &mut Vec<String>) -> Result<Targets, Failure> {
    let lists = typed.hitlist.iter().map(|name| listed(name, cut)).collect::<Result<Vec<_>, _>>()?;
    let listed = lists.concat();
    let mut wanted: Vec<IpNet> = listed.iter().map(|address| IpNet::from(*address)).collect();
    if typed.targets.is_empty() {
        wanted.extend(scope.blocks.iter().filter(|block| matches!(block, IpNet::V4(_))));
        let known: Vec<Ipv6Addr> = listed
            .iter()
            .filter_map(|address| if let IpAddr::V6(v6) = address { Some(*v6) } else { None })
            .collect();
        wanted.extend(candidates(scope, &known, MOST_V6).into_iter().map(|target| IpNet::from(target.get())));
    }
    for text in &typed.targets {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let block = address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
            Failure::usage(
                format!("{text:?} is neither an address nor a prefix"),
                "For example 192.0.2.7 or 192.0.2.0/24; names are not looked up.",
            )
        })?;
        if let IpNet::V6(v6) = block
            && v6.prefix_len() < 128
        {
            let inside = candidates(scope, &[], MOST_V6).into_iter().map(|target| IpNet::from(target.get()));
            wanted.extend(inside.filter(|one| v6.contains(&one.addr_v6())));
        }
        wanted.push(block.trunc());
    }
    let (targets, refused) = Targets::of(scope, &wanted);
    // Of hitlists, what lies elsewhere is nobody's mistake.
    let asked_for = |net: &IpNet| {
        typed.targets.iter().any(|text| text.parse() == Ok(*net) || text.parse() == Ok(net.addr()))
    };
    cut.extend(refused.iter().filter(|(net, _)| asked_for(net)).map(|(net, why)| format!("{net} is {why}")));
    Ok(targets)
}

/// An IPv6 prefix's address, or none that any prefix holds.
trait AddrV6 {
    fn addr_v6(&self) -> Ipv6Addr;
}

impl AddrV6 for IpNet {
    fn addr_v6(&self) -> Ipv6Addr {
        match self {
            IpNet::V6(v6) => v6.addr(),
            IpNet::V4(_) => Ipv6Addr::UNSPECIFIED,
        }
    }
}

/// Addresses of a file: one a line, or of records the hosts that answered. Lines that are neither are told.
fn listed(name: &OsStr, cut: &mut Vec<String>) -> Result<Vec<IpAddr>, Failure> {
    let shown = name.to_string_lossy();
    let unreadable = |error: &std::io::Error| {
        Failure::unreadable(
            format!("{shown}: {}", why(error)),
            "Name a file with one address a line, or with records.",
        )
    };
    let file = std::fs::File::open(name).map_err(|error| unreadable(&error))?;
    let mut out = Vec::new();
    let (mut number, mut unread, mut first) = (0u64, 0u64, None);
    let plain = Plain::open(file).map_err(|error| unreadable(&error))?.take(LARGEST);
    let mut reader = BufReader::new(plain);
    let mut line = Vec::new();
    loop {
        line.clear();
        number += 1;
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return Err(unreadable(&error)),
        }
        let line = String::from_utf8_lossy(&line);
        let text = line.split('#').next().unwrap_or_default().trim();
        let host = if text.starts_with('{') {
            match serde_json::from_str::<Record>(&line) {
                Ok(Record::Lesson(lesson)) => lesson.host.parse().ok(),
                Ok(Record::Service(service)) => service.host.parse().ok(),
                Ok(_) => continue,
                Err(_) => None,
            }
        } else if text.is_empty() {
            continue;
        } else {
            text.parse().ok()
        };
        match host {
            Some(host) if out.len() < MOST_LISTED => out.push(host),
            Some(_) => {
                cut.push(format!("{shown}: only its first {MOST_LISTED} addresses are asked"));
                break;
            }
            None => {
                unread += 1;
                first.get_or_insert(number);
            }
        }
    }
    if out.is_empty() && unread > 0 {
        return Err(Failure::unreadable(
            format!("{shown}: none of its {unread} lines is an address or a record"),
            "Name a file with one address a line, or the output of `watchpost detect --json`.",
        ));
    }
    if let Some(first) = first {
        let lines = plural(unread, "line is no address and", "lines are no addresses and");
        cut.push(format!("{shown}: {lines} left out, the first is line {first}"));
    }
    Ok(out)
}

/// TCP and UDP ports.
fn ports(typed: &Take, scope: &Scope, cut: &mut Vec<String>) -> Result<(Vec<u16>, Vec<u16>), Failure> {
    let wrong = |option: &str, why: String| {
        Failure::usage(format!("--{option}: {why}"), "For example 22,80,8000-8100, or all.")
    };
    let tcp = match (typed.tcp.as_deref(), typed.top_ports) {
        (Some("all"), _) => scope.tcp.iter().collect(),
        (Some(text), _) => {
            let wanted = Ports::parse(text).map_err(|why| wrong("tcp", why))?;
            allowed("TCP", wanted.iter(), &scope.tcp, cut)
        }
        (None, None) if typed.udp.is_some() => Vec::new(),
        (None, top) => {
            let top = top.map_or(USUAL, usize::from);
            TOP_TCP.iter().take(top).copied().filter(|port| scope.tcp.contains(*port)).collect()
        }
    };
    let udp = match typed.udp.as_deref() {
        Some("all") => UDP_PORTS.into_iter().filter(|port| scope.udp.contains(*port)).collect(),
        Some(text) => {
            let wanted = Ports::parse(text).map_err(|why| wrong("udp", why))?;
            allowed("UDP", wanted.iter(), &scope.udp, cut)
        }
        None => Vec::new(),
    };
    Ok((tcp, udp))
}

fn allowed(
    transport: &str,
    wanted: impl Iterator<Item = u16>,
    allowed: &Ports,
    cut: &mut Vec<String>,
) -> Vec<u16> {
    let (allowed, refused): (Vec<u16>, Vec<u16>) = wanted.partition(|port| allowed.contains(*port));
    if let Some(first) = refused.first() {
        let others =
            if refused.len() > 1 { format!(" and {} others", refused.len() - 1) } else { String::new() };
        cut.push(format!("{transport} port {first}{others} is not allowed by the scope"));
    }
    allowed
}

fn shard(typed: &str) -> Result<(u64, NonZeroU64), Failure> {
    let wrong = || {
        Failure::usage(
            format!("--shard {typed}: not a part of a number"),
            "For example --shard 1/3, 2/3 and 3/3.",
        )
    };
    let (number, shards) = typed.split_once('/').ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let shards: NonZeroU64 = shards.parse().map_err(|_| wrong())?;
    if number == 0 || number > shards.get() { Err(wrong()) } else { Ok((number - 1, shards)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn typed(line: &str) -> Take {
        let cli = crate::args::Cli::try_parse_from(line.split_whitespace()).unwrap();
        let crate::args::Command::Survey(survey) = cli.command else { panic!("not a survey") };
        survey.take
    }

    fn scope() -> Scope {
        Scope::parse(
            "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
             blocks = [\"192.0.2.0/28\", \"2001:db8::/64\"]\nlab = true\ntcp = \"1-1024\"\nudp = \"53\"\n",
        )
        .unwrap()
    }

    fn asked(line: &str) -> Result<(Request, Vec<String>), Failure> {
        request(&typed(line), &scope(), [1, 2, 3])
    }

    #[test]
    fn what_is_wished_is_cut_to_the_scope_and_the_cut_is_told() {
        let (request, cut) =
            asked("watchpost survey 192.0.2.1 198.51.100.0/24 --tcp 80,8080,9090 --rate 5000").unwrap();
        assert_eq!((request.targets.count(), request.tcp), (1, vec![80]));
        assert_eq!(request.rate.all, 1_000);
        assert_eq!(
            cut,
            [
                "198.51.100.0/24 is in no block of the scope",
                "TCP port 8080 and 1 others is not allowed by the scope",
                "--rate 5000 is more than the scope allows: 1000 packets/s"
            ]
        );
    }

    #[test]
    fn without_a_wish_it_is_the_whole_scope_and_ipv6_by_pattern() {
        let (request, cut) = asked("watchpost survey").unwrap();
        assert!(cut.is_empty() && request.tcp.contains(&443) && !request.tcp.contains(&3389));
        assert!(request.targets.count() > 16 + 255);
        assert_eq!(asked("watchpost survey --tcp all --udp all").unwrap().0.udp, [53]);
        assert_eq!(asked("watchpost survey 2001:db8::/120 --tcp 22").unwrap().0.targets.count(), 255);
    }

    #[test]
    fn nothing_left_is_an_error_that_says_why() {
        let failed = asked("watchpost survey 198.51.100.1").unwrap_err();
        assert!(failed.message.contains("198.51.100.1/32 is in no block"), "{}", failed.message);
        let failed = asked("watchpost survey --tcp 8080").unwrap_err();
        assert!(failed.message.contains("port 8080 is not allowed"), "{}", failed.message);
        for line in
            ["--shard 0/3 --seed 1", "--shard 4/3 --seed 1", "--shard x --seed 1", "--tcp 0", "example.org"]
        {
            assert!(asked(&format!("watchpost survey {line}")).is_err(), "{line}");
        }
    }
}
