use std::collections::BTreeMap;

use super::*;
use crate::scope::{Scope, Targets};

/// A network that exists in memory, with a clock of its own.
struct Net {
    now: Tick,
    /// Open places.
    open: Box<dyn Fn(IpAddr, u16) -> bool>,
    refuses: bool,
    /// One place that never answers.
    silent: Option<(IpAddr, u16)>,
    /// Lost answers come again after a second, as TCP has it.
    repeats: bool,
    loss: f64,
    /// Packets that it carries in a second; more are lost.
    limit: Option<u32>,
    carried: VecDeque<Tick>,
    dice: u64,
    on_the_way: VecDeque<(Tick, Answer)>,
    sent: Vec<(Tick, IpAddr, Ask, u8)>,
}

impl Net {
    fn new(open: impl Fn(IpAddr, u16) -> bool + 'static) -> Self {
        Self {
            now: 1_000,
            open: Box::new(open),
            refuses: false,
            silent: None,
            repeats: false,
            loss: 0.0,
            limit: None,
            carried: VecDeque::new(),
            dice: 12_345,
            on_the_way: VecDeque::new(),
            sent: Vec::new(),
        }
    }

    fn lost(&mut self) -> bool {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.dice >> 33) as f64) < self.loss * f64::from(1u32 << 31)
    }
}

impl Prober for Net {
    fn now(&self) -> Tick {
        self.now
    }

    fn send(&mut self, probes: &[Probe]) -> io::Result<usize> {
        for probe in probes {
            self.now += 2_000;
            let to = probe.target.get();
            self.sent.push((self.now, to, probe.ask, probe.slot));
            while self.carried.front().is_some_and(|at| at + 1_000_000_000 < self.now) {
                self.carried.pop_front();
            }
            let full = self.limit.is_some_and(|limit| self.carried.len() >= limit as usize);
            if full || self.lost() {
                continue;
            }
            let mut arrives = self.now + 20_000_000;
            if self.lost() {
                if !self.repeats {
                    continue;
                }
                arrives += 1_000_000_000;
            }
            self.carried.push_back(self.now);
            let Ask::Syn(port) = probe.ask else { continue };
            let kind = match (self.open)(to, port) {
                _ if self.silent == Some((to, port)) => continue,
                true => Kind::Open(None),
                false if self.refuses => Kind::Refused,
                false => continue,
            };
            let answer = Answer { target: probe.target, ask: probe.ask, slot: probe.slot, kind, ttl: 60 };
            let place = self.on_the_way.partition_point(|(at, _)| *at <= arrives);
            self.on_the_way.insert(place, (arrives, answer));
        }
        Ok(probes.len())
    }

    fn receive(&mut self, patience: Duration, into: &mut Vec<Answer>) -> io::Result<()> {
        let until = self.now + patience.as_nanos() as Tick;
        let first = self.on_the_way.front().map_or(until, |(at, _)| *at);
        self.now = self.now.max(first.min(until));
        while self.on_the_way.front().is_some_and(|(at, _)| *at <= self.now) {
            into.extend(self.on_the_way.pop_front().map(|(_, answer)| answer));
        }
        Ok(())
    }
}

fn plan(block: &str, ports: std::ops::RangeInclusive<u16>, rate: Rate) -> Plan {
    let text = format!(
        "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
         blocks = [\"{block}\"]\nlab = true\nicmp = true\n"
    );
    Plan {
        space: Space::new(
            Targets::all(&Scope::parse(&text).unwrap()),
            ports.map(Ask::Syn).collect(),
            Vec::new(),
        ),
        key: 99,
        shard: (0, NonZeroU64::MIN),
        rate,
        passes: Passes::default(),
        wait: Duration::from_millis(500),
        most_open: u32::MAX,
        from: Position::default(),
    }
}

const FAST: Rate = Rate { all: 100_000, network: 100_000, host: 100_000 };

fn go(plan: &Plan, net: &mut Net) -> (Outcome, Vec<(IpAddr, Ask)>) {
    let mut found = Vec::new();
    let outcome = run(plan, net, &mut || Ok(()), &mut |event| {
        if let Event::Answer(answer) = event {
            found.push((answer.target.get(), answer.ask));
        }
    });
    (outcome.unwrap(), found)
}

fn some(address: IpAddr, port: u16) -> bool {
    let IpAddr::V4(address) = address else { return false };
    (address.to_bits().wrapping_mul(2_654_435_761) >> 16).wrapping_add(u32::from(port)) % 10 == 0
}

#[test]
fn without_loss_every_place_is_asked_twice_at_most_and_every_open_one_is_told_once() {
    let plan = plan("10.0.0.0/22", 1..=20, FAST);
    let mut net = Net::new(some);
    let (outcome, mut found) = go(&plan, &mut net);
    let open = plan.space.targets().iter().flat_map(|target| (1..=20).map(move |port| (target.get(), port)));
    let mut expected: Vec<_> =
        open.filter(|(to, port)| some(*to, *port)).map(|(to, port)| (to, Ask::Syn(port))).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(outcome.canaries.len(), 2);
    assert_eq!(outcome.canaries[1].asked, outcome.canaries[1].answered);
    let mut asked: BTreeMap<_, u32> = BTreeMap::new();
    for (_, to, ask, slot) in net.sent.iter().filter(|(.., slot)| *slot != CANARY_SLOT) {
        *asked.entry((*to, *ask, *slot)).or_default() += 1;
    }
    assert!(asked.values().all(|times| *times == 1));
    assert_eq!(asked.keys().filter(|(.., slot)| *slot == 0).count(), 20_480);
    assert_eq!(outcome.sent.iter().map(|(_, sent)| sent).sum::<u64>(), net.sent.len() as u64);
    assert_eq!(outcome.sent.len(), 4);
}

#[test]
fn loss_is_made_up_for_by_further_passes_at_least_a_second_apart() {
    for (loss, passes) in [(0.02, 2), (0.10, 4)] {
        let plan = plan("10.0.0.0/22", 1..=30, FAST);
        let mut net = Net::new(some);
        net.loss = loss;
        let (outcome, found) = go(&plan, &mut net);
        let open =
            plan.space.targets().iter().flat_map(|target| (1..=30).map(move |port| (target.get(), port)));
        let open = open.filter(|(to, port)| some(*to, *port)).count();
        assert!(found.len() as f64 >= 0.999 * open as f64, "{} of {open} at {loss}", found.len());
        assert!(outcome.canaries.len() >= passes, "{} passes at {loss}", outcome.canaries.len());
        let first = |slot: u8| net.sent.iter().find(|sent| sent.3 == slot).unwrap().0;
        assert!(first(1) - first(0) >= APART);
    }
}

#[test]
fn refusals_are_not_asked_again_but_for_canaries() {
    let plan = plan("10.0.0.0/22", 1..=10, FAST);
    let mut net = Net::new(|_, _| false);
    net.refuses = true;
    let (outcome, found) = go(&plan, &mut net);
    assert_eq!(found.len(), 10_240);
    let again = net.sent.iter().filter(|sent| sent.3 == 1).count();
    assert!((100..2_000).contains(&again), "{again}");
    assert_eq!(outcome.canaries[1].asked, again as u64);
}

#[test]
fn a_border_that_drops_what_is_too_fast_is_asked_more_slowly() {
    let rate = Rate { all: 4_000, network: 4_000, host: 4_000 };
    let plan = plan("10.0.0.0/22", 1..=100, rate);
    let mut net = Net::new(some);
    net.limit = Some(500);
    let mut rates = Vec::new();
    let outcome = run(&plan, &mut net, &mut || Ok(()), &mut |event| {
        if let Event::Rate(change) = event {
            rates.push(change.to);
        }
    });
    let progress = outcome.unwrap().progress;
    assert!(rates.iter().any(|rate| *rate <= 1_000), "{rates:?}");
    assert!(progress.open > 8_000, "{progress:?}");
}

#[test]
fn caps_on_hosts_hold_over_passes_and_canaries() {
    let rate = Rate { all: 1_000, network: 100, host: 5 };
    let plan = plan("10.0.0.0/28", 1..=40, rate);
    let mut net = Net::new(some);
    net.refuses = true;
    go(&plan, &mut net);
    for target in plan.space.targets().iter() {
        let times: Vec<Tick> =
            net.sent.iter().filter(|sent| sent.1 == target.get()).map(|sent| sent.0).collect();
        // Six packets are five intervals of a fifth of a second, less what a batch takes to be written.
        assert!(times.windows(6).all(|six| six[5] - six[0] > 999_000_000));
    }
}

#[test]
fn canaries_that_wait_for_their_host_are_counted_once() {
    let mut plan = plan("10.0.0.0/28", 1..=40, Rate { all: 1_000, network: 100, host: 5 });
    plan.passes.most = 3;
    let mut net = Net::new(some);
    net.refuses = true;
    let (outcome, _) = go(&plan, &mut net);
    let (asked, answered) = outcome
        .canaries
        .iter()
        .fold((0, 0), |(asked, answered), one| (asked + one.asked, answered + one.answered));
    assert!(
        asked > 0 && asked == answered,
        "without loss all of them answer: {asked} asked, {answered} answered"
    );
    let again = net.sent.iter().filter(|sent| sent.3 != CANARY_SLOT).count() as u64 - plan.space.count();
    assert_eq!(asked, again);
}

#[test]
fn a_stopped_run_goes_on_where_it_was_and_shards_divide_it() {
    let plan = plan("10.0.0.0/24", 1..=40, Rate { all: 2_000, network: 2_000, host: 2_000 });
    let first_pass = |net: &Net| -> Vec<(IpAddr, Ask)> {
        net.sent.iter().filter(|sent| sent.3 == 0).map(|sent| (sent.1, sent.2)).collect()
    };
    let mut looks = 0;
    let mut net = Net::new(|_, _| false);
    let stopped = run(
        &plan,
        &mut net,
        &mut || {
            looks += 1;
            if looks > 20 { Err(Stopped::Asked("test".into())) } else { Ok(()) }
        },
        &mut |_| {},
    );
    let (_, position) = stopped.unwrap().stopped.unwrap();
    let mut asked = first_pass(&net);
    assert!(position.turn > 1_000 && asked.len() as u64 <= position.turn);
    let mut net = Net::new(|_, _| false);
    go(&Plan { from: position, ..plan.clone() }, &mut net);
    asked.extend(first_pass(&net));
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 256 * 40);

    let mut all = Vec::new();
    for number in 0..3 {
        let mut net = Net::new(|_, _| false);
        go(&Plan { shard: (number, NonZeroU64::new(3).unwrap()), ..plan.clone() }, &mut net);
        all.extend(first_pass(&net));
    }
    assert_eq!(all.len(), 256 * 40);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 256 * 40);
}

#[test]
fn answers_that_come_again_do_not_make_the_loss_look_smaller() {
    let passes = Passes { least: 2, most: 2, aim: 0.0 };
    let plan = Plan { passes, ..plan("10.0.0.0/22", 1..=20, FAST) };
    let mut net = Net::new(some);
    (net.loss, net.repeats) = (0.2, true);
    let (outcome, found) = go(&plan, &mut net);
    // Each canary was asked once, in the last pass, and its answer, if it was lost, came again when all was over: 0.8 of 0.8 came in time.
    let Canaries { asked, answered } = outcome.canaries[1];
    assert!(asked > 1_200, "{asked}");
    let share = answered as f64 / asked as f64;
    assert!((0.59..0.69).contains(&share), "{share}");
    // What came again was found all the same.
    assert!(found.len() as f64 > 0.88 * 2_048.0, "{}", found.len());
}

#[test]
fn who_has_all_answers_waits_for_none() {
    let plan = Plan { wait: Duration::from_secs(60), ..plan("10.0.0.0/24", 1..=20, FAST) };
    let mut net = Net::new(some);
    net.refuses = true;
    let began = net.now;
    let (outcome, _) = go(&plan, &mut net);
    assert_eq!(outcome.canaries.len(), 2);
    // The second between passes, and no minute behind the last.
    assert!((1_000_000_000..3_000_000_000).contains(&(net.now - began)), "{}", net.now - began);
    // One is silent.
    let mut net = Net::new(some);
    net.refuses = true;
    let silent: IpAddr = [10, 0, 0, 7].into();
    net.silent = Some((silent, 9));
    let began = net.now;
    go(&plan, &mut net);
    assert!(net.now - began > 60_000_000_000);
}

#[test]
fn where_nobody_is_two_passes_are_enough() {
    let nobody = |block| go(&plan(block, 1..=20, FAST), &mut Net::new(|_, _| false)).0.canaries.len();
    assert_eq!(nobody("10.0.0.0/22"), 2);
    // Few questions cost little: whoever is there may have been lost.
    assert_eq!(nobody("10.0.0.0/28"), 6);
}

#[test]
fn who_opens_much_is_left_alone_and_named() {
    let wall: IpAddr = [10, 0, 0, 9].into();
    let plan = Plan { most_open: 32, ..plan("10.0.0.0/28", 1..=2_000, FAST) };
    let mut net = Net::new(|address, port| address == IpAddr::from([10, 0, 0, 9]) || port <= 31);
    let (outcome, found) = go(&plan, &mut net);
    assert_eq!(outcome.many, [wall]);
    assert_eq!(found.iter().filter(|(host, _)| *host == wall).count(), 32);
    assert_eq!(found.iter().filter(|(host, _)| *host != wall).count(), 15 * 31);
    // What was under way when it was found out, and the running canaries.
    let asked = net.sent.iter().filter(|(_, to, ..)| *to == wall).count();
    assert!(asked < 400, "{asked}");
    // What it said counts as said: no loss is seen.
    assert_eq!(outcome.canaries[1].asked, outcome.canaries[1].answered);
    // With fewer questions than that nobody can be told.
    let few = Plan {
        space: Space::new(plan.space.targets().clone(), (1..=32).map(Ask::Syn).collect(), Vec::new()),
        ..plan
    };
    assert!(go(&few, &mut Net::new(|_, _| true)).0.many.is_empty());
}

#[test]
fn whoever_is_told_to_wait_for_ever_waits() {
    let mut net = Net::new(|_, _| false);
    net.now = 2_000_000_000;
    let rate = Rate { all: 1_000, network: 1_000, host: 1_000 };
    let plan = Plan { wait: Duration::MAX, ..plan("203.0.113.0/30", 1..=2, rate) };
    let mut looks = 0;
    let mut leave = || {
        looks += 1;
        if looks < 100 { Ok(()) } else { Err(Stopped::Asked("enough".into())) }
    };
    let outcome = run(&plan, &mut net, &mut leave, &mut |_| {}).unwrap();
    assert!(outcome.stopped.is_some() && outcome.progress.sent >= 8);
}
