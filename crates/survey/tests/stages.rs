//! The stages of a survey over ordinary connections on loopback: wherever it is stopped, it goes on as what it was.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::thread;
use std::time::Duration;

use watchpost_survey::connect::Connect;
use watchpost_survey::engine::{Passes, Position};
use watchpost_survey::govern::Governor;
use watchpost_survey::scope::{Scope, Targets};
use watchpost_survey::take::{Discover, Found, Host, News, Request, Sender, Stage, UnderWay, take};

/// A host with two services, and one with more than anybody expects.
const FEW: &str = "127.66.0.1";
const MANY: &str = "127.66.0.2";

fn scope() -> Scope {
    Scope::parse(
        "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
         blocks = [\"127.66.0.0/30\"]\nlab = true\ntcp = \"1-65535\"\nudp = \"1-65535\"\n[rate]\nall = 100000\nnetwork = 100000\nhost = 100000\n",
    )
    .unwrap()
}

/// Listens at a port of a host, and greets.
fn greeter(host: &str, port: u16) -> SocketAddr {
    let listener = TcpListener::bind((host.parse::<IpAddr>().unwrap(), port)).unwrap();
    let at = listener.local_addr().unwrap();
    let greet = |mut line: TcpStream| std::io::Write::write_all(&mut line, b"220 lab\r\n");
    thread::spawn(move || listener.incoming().flatten().for_each(|line| drop(greet(line))));
    at
}

fn request(scope: &Scope, tcp: Vec<u16>, udp: Vec<u16>) -> Request {
    Request {
        targets: Targets::all(scope),
        tcp,
        udp,
        discover: Discover::Off,
        known: Vec::new(),
        on_link: false,
        connects: true,
        rate: scope.rate,
        passes: Passes { least: 1, most: 1, aim: 1.0 },
        wait: Duration::from_millis(50),
        shard: (0, NonZeroU64::MIN),
        seed: [5, 6, 7],
    }
}

/// Takes a part: it stops when a stage has told so many times how far it is, or what it found.
fn part(request: &Request, found: Found, stop: Option<(Stage, u32)>) -> Found {
    let governor = Governor::new(scope(), None);
    let (stage, left) = (Cell::new(None), Cell::new(stop.map_or(0, |(_, times)| times)));
    let (found, failed) =
        take(request, found, &mut Sender::Connect(Connect::new(None, None)), &governor, &mut |news| {
            if let News::Stage(begun, ..) = news {
                stage.set(Some(begun));
            }
            if stop.is_some_and(|(at, _)| stage.get() == Some(at)) {
                left.set(left.get().saturating_sub(1));
                if left.get() == 0 {
                    governor.stop();
                }
            }
        });
    assert!(failed.is_none(), "{failed:?}");
    found
}

fn open(found: &Found) -> BTreeMap<IpAddr, BTreeSet<u16>> {
    let ports = found.hosts.iter().map(|(host, said)| (*host, said.open().map(|(port, _)| port).collect()));
    ports.filter(|(_, ports): &(_, BTreeSet<u16>)| !ports.is_empty()).collect()
}

#[test]
fn wherever_it_is_stopped_it_goes_on_as_what_it_was() {
    let mut truth: BTreeMap<IpAddr, BTreeSet<u16>> = BTreeMap::new();
    let mut served = |host: &str, port: u16| {
        let at = greeter(host, port);
        truth.entry(at.ip()).or_default().insert(at.port());
    };
    // More than are asked before a host's unused ports are.
    (0..60).for_each(|_| served(MANY, 0));
    (0..2).for_each(|_| served(FEW, 0));
    let scope = scope();
    let mut ports: BTreeSet<u16> = truth.values().flatten().copied().collect();
    ports.extend(40_000..40_200);
    let request = request(&scope, ports.into_iter().collect(), vec![9, 53]);

    let whole = part(&request, Found::default(), None);
    assert_eq!((open(&whole), &whole.stopped, &whole.under_way), (truth.clone(), &None, &None));
    assert_eq!(whole.many, BTreeSet::from([MANY.parse().unwrap()]));

    // Side by side: most of each is waiting.
    thread::scope(|threads| {
        for stage in [Stage::Tcp, Stage::Controls, Stage::Rest, Stage::Udp, Stage::Look] {
            for times in [2, 20] {
                let (request, whole) = (&request, &whole);
                threads.spawn(move || goes_on(request, whole, stage, times));
            }
        }
    });
}

/// Stopped there and gone on with, it finds what one run found, and asks nothing anew.
fn goes_on(request: &Request, whole: &Found, stage: Stage, times: u32) {
    let stopped = part(request, Found::default(), Some((stage, times)));
    // A stage may be over before.
    if stopped.stopped.is_some() {
        let under_way = stopped.under_way.as_ref().map(|begun| begun.stage);
        assert!(under_way.is_none_or(|begun| begun >= stage), "{stage} {times}: {under_way:?}");
    }
    // As its file keeps it.
    let kept = serde_json::from_str(&serde_json::to_string(&stopped).unwrap()).unwrap();
    let gone_on: Found = part(request, kept, None);
    assert_eq!(open(&gone_on), open(whole), "stopped in {stage} after {times}: {:?}", stopped.under_way);
    assert_eq!((&gone_on.stopped, &gone_on.under_way, &gone_on.whole), (&None, &None, &whole.whole));
    // But for a canary among 64.
    let parts = gone_on.ran.iter().filter(|ran| ran.stage == stage);
    let sent: u64 = parts.map(|ran| ran.done.progress.sent).sum();
    let questions = whole.ran.iter().find(|ran| ran.stage == stage).unwrap().questions;
    assert!(sent <= questions + questions / 32 + 2, "{stage} {times}: {sent} sent, of {questions}");
}

#[test]
fn what_a_file_says_of_a_survey_breaks_nothing_and_reaches_nobody_else() {
    let all = |net: &str| net.parse().unwrap();
    let begun = |stage, blocks| Found {
        under_way: Some(UnderWay { stage, blocks, pairs: Vec::new(), at: Position::default() }),
        ..Found::default()
    };
    let request = request(&scope(), vec![40_300, 40_301], Vec::new());
    // More addresses than can be counted, none of which is asked as a block.
    let found = part(&request, begun(Stage::Tcp, vec![all("::/0"), all("::/0"), all("2001:db8::/32")]), None);
    assert_eq!((found.sent().len(), &found.stopped), (0, &None));
    // A host that refused as often as can be counted, and all of IPv4, which is cut to the scope.
    let mut found = begun(Stage::Tcp, vec![all("0.0.0.0/0")]);
    let refused = Host { refused: u32::MAX, ..Host::default() };
    found.hosts.insert(FEW.parse().unwrap(), refused);
    let found = part(&request, found, None);
    let sent: Vec<String> = found.sent().keys().map(ToString::to_string).collect();
    assert_eq!(sent, ["127.66.0.0/24"]);
    assert_eq!(found.hosts[&FEW.parse().unwrap()].refused, u32::MAX);
    // A place behind every end.
    let mut found = begun(Stage::Tcp, vec![all("127.66.0.0/30")]);
    found.under_way.as_mut().unwrap().at = Position { pass: 0, turn: u64::MAX };
    assert_eq!(part(&request, found, None).sent().len(), 0);
}
