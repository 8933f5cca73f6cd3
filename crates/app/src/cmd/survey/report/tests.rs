use std::num::NonZeroU64;
use std::time::Duration;

use watchpost_survey::engine::{Canaries, Passes, Position};
use watchpost_survey::probe::Done;
use watchpost_survey::scope::{Rate, Targets};
use watchpost_survey::take::{Discover, Ran, UnderWay};

use super::*;

const SCOPE: &str = "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\n\
    about = \"https://lab.example/\"\nblocks = [\"10.0.0.0/24\"]\nlab = true\nicmp = true\ntcp = \"1-1024\"\nudp = \"53\"\n";

/// A survey of TCP 1 to 100 and UDP 53 at 256 addresses.
fn wanted(scope: &Scope, discover: Discover) -> Request {
    Request {
        targets: Targets::all(scope),
        tcp: (1..=100).collect(),
        udp: vec![53],
        discover,
        known: Vec::new(),
        on_link: false,
        connects: false,
        rate: Rate::default(),
        passes: Passes::default(),
        wait: Duration::ZERO,
        shard: (0, NonZeroU64::MIN),
        seed: [7, 8, 9],
    }
}

fn told(request: &Request, method: &'static str, found: &Found) -> Inventory {
    let request = &Request { connects: method == "connect", ..request.clone() };
    let scope = Scope::parse(SCOPE).unwrap();
    let stamp = || Stamp("2026-11-24T01:00:00.000000000Z".into());
    let about = About {
        scope: &scope,
        request,
        start: stamp(),
        end: stamp(),
        method,
        sources: Vec::new(),
        control: String::new(),
        unseen: Vec::new(),
    };
    inventory(&about, found, Vec::new())
}

fn survey_of(discover: Discover, method: &'static str, found: &Found) -> Survey {
    told(&wanted(&Scope::parse(SCOPE).unwrap(), discover), method, found).survey
}

fn host(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

/// Hosts at .8 to .11 with TCP 22 open, by one answer.
fn four() -> Found {
    let open = Host { tcp: BTreeMap::from([(22, Tcp::default())]), ..Host::default() };
    Found { hosts: (8..12).map(|last| (host(last), open.clone())).collect(), ..Found::default() }
}

fn ran(stage: Stage, questions: u64, stopped: Option<(u8, u64)>) -> Ran {
    let stopped = stopped.map(|(pass, turn)| ("Ctrl-C".to_owned(), Position { pass, turn }));
    Ran { stage, questions, done: Done { stopped, ..Done::default() } }
}

/// Stopped when these stages were whole, and another stood there.
fn stopped(found: Found, whole: &[Stage], at: Option<(Stage, u8, u64)>) -> Found {
    let under_way = at.map(|(stage, pass, turn)| UnderWay {
        stage,
        blocks: Vec::new(),
        pairs: Vec::new(),
        at: Position { pass, turn },
    });
    Found { whole: whole.iter().copied().collect(), under_way, stopped: Some("Ctrl-C".into()), ..found }
}

#[test]
fn the_record_says_what_was_asked_of_whom() {
    let off = survey_of(Discover::Off, "raw", &four());
    assert_eq!((off.hosts_asked, off.knocks), (None, vec![]));
    assert_eq!(off.asked, ["tcp/1-100", "udp/53"]);
    let first = survey_of(Discover::First, "raw", &four());
    assert_eq!(first.hosts_asked, Some(vec!["10.0.0.8/30".into()]));
    assert_eq!(first.knocks, ["icmp/echo", "icmp/timestamp", "tcp/443", "tcp/22", "tcp/80", "udp/53"]);
    assert_eq!(first.asked, ["tcp/1-100", "udp/53", "icmp/echo"]);
    // Who was known is asked whether it answers or not, as far as it is a target.
    let mut request = wanted(&Scope::parse(SCOPE).unwrap(), Discover::First);
    request.known = vec![host(12), IpAddr::from([10, 0, 1, 1])];
    let known = told(&request, "raw", &four()).survey.hosts_asked.unwrap();
    assert_eq!(known, ["10.0.0.8/30", "10.0.0.12/32"]);
}

#[test]
fn echo_was_asked_only_where_it_was_sent() {
    let connect = survey_of(Discover::First, "connect", &four());
    assert_eq!(connect.knocks, ["tcp/443", "tcp/22", "tcp/80", "udp/53"]);
    assert_eq!(connect.asked, ["tcp/1-100", "udp/53"]);
    let mut request = wanted(&Scope::parse(SCOPE).unwrap(), Discover::First);
    request.on_link = true;
    let link = told(&request, "raw", &four()).survey;
    assert_eq!((link.knocks, link.asked), (vec!["arp".into()], vec!["tcp/1-100".into(), "udp/53".into()]));
}

#[test]
fn a_part_says_which_it_is() {
    let mut request = wanted(&Scope::parse(SCOPE).unwrap(), Discover::Off);
    assert_eq!(told(&request, "raw", &four()).survey.shard, None);
    request.shard = (1, NonZeroU64::new(3).unwrap());
    assert_eq!(told(&request, "raw", &four()).survey.shard, Some(Shard { number: 2, of: 3, seed: 7 }));
}

fn looked(stage: Stage, canaries: &[(u64, u64)], stopped: Option<(u8, u64)>) -> Ran {
    let mut ran = ran(stage, 1_000, stopped);
    ran.done.canaries =
        canaries.iter().map(|(asked, answered)| Canaries { asked: *asked, answered: *answered }).collect();
    let sum = ran.done.canaries.iter().fold((0, 0), |sum, one| (sum.0 + one.asked, sum.1 + one.answered));
    let sum = Canaries { asked: sum.0, answered: sum.1 };
    ran.done.by_network = vec![("10.0.0.0/24".parse().unwrap(), sum)];
    ran
}

#[test]
fn what_is_missed_follows_from_the_canaries() {
    let miss = |ran| survey_of(Discover::Off, "raw", &Found { ran, ..four() }).miss;
    let whole = miss(vec![looked(Stage::Tcp, &[(0, 0), (1_000, 900)], None)]).unwrap();
    assert!(whole.low < 0.01 && 0.01 < whole.high && (0.009..0.011).contains(&whole.rate), "{whole:?}");
    assert_eq!(miss(vec![]), None);
}

#[test]
fn a_stage_that_was_gone_on_with_counts_the_passes_of_all_its_parts() {
    let whole = vec![looked(Stage::Tcp, &[(0, 0), (1_000, 900)], None)];
    let of = |ran| survey_of(Discover::Off, "raw", &Found { ran, ..four() });
    let expected = of(whole);
    // Stopped in the first pass; in the second; while the answers to the first were waited for.
    for (first, at, then) in [
        (&[][..], (0, 500), &[(0, 0), (1_000, 900)][..]),
        (&[(0, 0)], (1, 20), &[(1_000, 900)]),
        (&[], (1, 0), &[(1_000, 900)]),
    ] {
        let parts = of(vec![looked(Stage::Tcp, first, Some(at)), looked(Stage::Tcp, then, None)]);
        assert_eq!((parts.miss, &parts.miss_by_prefix), (expected.miss, &expected.miss_by_prefix), "{at:?}");
    }
    // Another stage had but one pass, and what it misses nobody else finds.
    let two = vec![looked(Stage::Tcp, &[(0, 0), (1_000, 900)], None), looked(Stage::Udp, &[(0, 0)], None)];
    assert!(of(two).miss.unwrap().rate > 0.09);
}

#[test]
fn coverage_is_of_what_was_planned_for_those_who_are_there() {
    use Stage::{Controls, Discover as Seek, Look, Rest, Tcp, Udp};
    let share =
        |discover, whole: &[Stage], at| survey_of(discover, "raw", &stopped(four(), whole, at)).coverage;
    let knocks = 256 * 9;
    // 4 hosts with 100 TCP ports and one of UDP: all TCP is asked, no UDP; or all of it, in a second pass.
    let at_udp = |pass, turn| share(Discover::First, &[Seek, Tcp, Controls, Rest], Some((Udp, pass, turn)));
    assert_eq!(at_udp(0, 0), f64::from(knocks + 400) / f64::from(knocks + 404));
    assert_eq!(at_udp(1, 2), 1.0);
    assert_eq!(share(Discover::First, &[Seek, Tcp, Controls, Rest, Udp], Some((Look, 0, 3))), 1.0);
    // Before it is known who is there, anybody may be.
    assert!(share(Discover::First, &[], Some((Seek, 0, 1_152))) < 0.05);
    assert_eq!(share(Discover::Only, &[], Some((Seek, 0, 1_152))), 0.5);
    assert_eq!(share(Discover::Off, &[], Some((Tcp, 0, 12_928))), 0.5);
    // Hosts that opened many have not been asked the rest yet.
    let mut many = stopped(four(), &[Tcp, Controls], Some((Rest, 0, 3)));
    many.many.insert(host(8));
    let found = survey_of(Discover::Off, "raw", &many).coverage;
    assert_eq!(found, f64::from(25_600 - 100) / f64::from(25_600 + 256));
}

#[test]
fn what_a_stop_left_unconfirmed_is_told_apart() {
    use Stage::{Controls, Look, Rest, Tcp, Udp};
    let sure = |found: &Found| {
        let request = wanted(&Scope::parse(SCOPE).unwrap(), Discover::Off);
        told(&request, "raw", found).services[0].confidence
    };
    assert_eq!(sure(&four()), 0.99);
    assert_eq!(sure(&stopped(four(), &[], Some((Tcp, 1, 3)))), 0.5);
    assert_eq!(sure(&stopped(four(), &[Tcp, Controls, Rest, Udp], Some((Look, 0, 3)))), 0.5);
    // It stopped when all that was open had been looked at again.
    assert_eq!(sure(&stopped(four(), &[Tcp, Controls, Rest, Udp, Look], None)), 0.99);
    let mut twice = stopped(four(), &[Tcp, Controls, Rest, Udp], Some((Look, 0, 3)));
    twice.hosts.values_mut().flat_map(|host| host.tcp.values_mut()).for_each(|tcp| tcp.proof = Proof::Twice);
    assert_eq!(sure(&twice), 0.999_9);
}

#[test]
fn a_host_that_answers_on_every_udp_port_is_one_finding() {
    let mut found = four();
    let wall = found.hosts.get_mut(&host(8)).unwrap();
    wall.udp = (1..=256).map(|port| (port, vec![1])).collect();
    wall.udp_wall = true;
    found.hosts.get_mut(&host(9)).unwrap().udp = BTreeMap::from([(53, vec![1])]);
    let inventory = told(&wanted(&Scope::parse(SCOPE).unwrap(), Discover::Off), "raw", &found);
    let udp = inventory.services.iter().filter(|one| one.service.starts_with("udp"));
    let udp: Vec<(&str, &str)> = udp.map(|one| (one.host.as_str(), one.service.as_str())).collect();
    assert_eq!(udp, [("10.0.0.8", "udp/*"), ("10.0.0.9", "udp/53")]);
    assert!(inventory.survey.unseen[0].contains("the host that answers on every UDP port"));
}
