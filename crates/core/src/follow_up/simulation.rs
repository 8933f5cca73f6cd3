//! Rates over many constructed networks: how many returns are found, and how many ordinary visitors are taken for one.
//!
//! A network of 256 addresses has public sites and quiet services, each with a popularity of its own, spread over two
//! orders of magnitude and drawn from other distributions than the ones the weighing assumes. Ordinary visitors are guests
//! of one service, customers who come again, crawlers of all sites, administrators of several quiet services from new
//! addresses, and robots that sweep and talk to what they meet. Scans begin at the start of the input or some days into it.
//! `cargo test -p watchpost-core --lib follow_up::simulation -- --nocapture` prints the rates.

use std::collections::BTreeMap;

use super::tests::{DAY, HOUR, MINUTE, Story};
use super::*;

const NETWORKS: u64 = 500;

/// xorshift64*: a fixed sequence of pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Log-uniform.
    fn scale(&mut self, least: f64, most: f64) -> f64 {
        least * (most / least).powf(self.unit())
    }

    fn moment(&mut self, span: (Time, Time)) -> Time {
        span.0 + (self.unit() * (span.1 - span.0) as f64) as Time
    }

    fn address(&mut self) -> Address {
        let number = self.next();
        Address::v4([
            1 + (number % 90) as u8,
            (number >> 8) as u8,
            (number >> 16) as u8,
            (number >> 24) as u8,
        ])
    }
}

/// Who a visitor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// One service, once; whether it is a quiet one, and whether a scan had revealed it before.
    Guest(bool, bool),
    /// One service, again and again.
    Customer(bool, bool),
    Crawler,
    Administrator,
    Robot,
    Returned(Link, Delay),
    /// An informed stranger who takes one service only: found where it is quiet enough.
    Untold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Delay {
    Minutes,
    Days,
    Weeks,
}

fn network(seed: u64) -> (Story, BTreeMap<Address, Role>) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let dice = &mut dice;
    let mut story = Story::default();
    let mut roles = BTreeMap::new();
    let days = dice.scale(0.05, 40.0);
    story.span = (0, (days * DAY as f64) as Time);
    let scan_at = if dice.below(2) == 0 { MINUTE } else { dice.moment((MINUTE, story.span.1 / 2)) };

    let sites: Vec<(u8, u16)> =
        (0..1 + dice.below(8)).map(|i| (20 + i as u8, [80, 443][(i % 2) as usize])).collect();
    let quiet_ports = [22, 22, 22, 3389, 2375, 6379];
    let quiet: Vec<(u8, u16)> =
        (0..2 + dice.below(5)).map(|i| (100 + i as u8, quiet_ports[dice.below(6) as usize])).collect();
    let open: Vec<(u8, u16)> = sites.iter().chain(&quiet).copied().collect();

    let mut arrive = |dice: &mut Dice, story: &mut Story, a_day: f64, service: (u8, u16)| {
        for _ in 0..poisson(dice, a_day * days) {
            let (source, time) = (dice.address(), dice.moment(story.span));
            story.visit(source, time, service);
            let (hidden, after) = (service.0 >= 100, time > scan_at);
            let customer = dice.below(4) == 0;
            let role = if customer { Role::Customer(hidden, after) } else { Role::Guest(hidden, after) };
            if customer {
                for _ in 0..1 + dice.below(5) {
                    let time = dice.moment((time, story.span.1));
                    story.visit(source, time, service);
                }
            }
            roles.insert(source, role);
        }
    };
    for site in &sites {
        let a_day = dice.scale(1.0, 200.0).min(800.0 / days);
        arrive(dice, &mut story, a_day, *site);
    }
    for service in &quiet {
        let a_day = dice.scale(0.002, 3.0);
        arrive(dice, &mut story, a_day, *service);
    }
    for _ in 0..poisson(dice, days * 2.0) {
        let (source, time) = (dice.address(), dice.moment(story.span));
        for site in &sites {
            story.visit(source, time + dice.below(60) as Time * SECOND, *site);
        }
        roles.insert(source, Role::Crawler);
    }
    for _ in 0..poisson(dice, days * 0.02) {
        let (source, time) = (dice.address(), dice.moment(story.span));
        for service in quiet.iter().filter(|_| dice.below(2) == 0) {
            story.visit(source, time, *service);
            roles.insert(source, Role::Administrator);
        }
    }
    for _ in 0..poisson(dice, days * 3.0) {
        let (source, time, reach) = (dice.address(), dice.moment(story.span), 1 + dice.below(40));
        let met: Vec<_> =
            (0..reach).filter_map(|_| open.iter().find(|o| u64::from(o.0) == dice.below(256))).collect();
        for service in &met {
            let visit = story.visit(source, time, **service);
            (visit.answered, visit.missed) = (met.len() as u32, reach as u32 - met.len() as u32);
            roles.insert(source, Role::Robot);
        }
    }

    let scanner = Address::v4([203, 0, 113, 9]);
    let campaign = story.scan(scanner, scan_at, &open);
    let (delay, after) = match dice.below(3) {
        0 => (Delay::Minutes, dice.scale(1.5, 60.0) * MINUTE as f64),
        1 => (Delay::Days, dice.scale(2.0, 72.0) * HOUR as f64),
        _ => (Delay::Weeks, dice.scale(3.0, 30.0) * DAY as f64),
    };
    let time = story.scanners[campaign].end + after as Time;
    if time < story.span.1 {
        let link = [Link::SameSource, Link::SameNetwork, Link::Knowledge][dice.below(3) as usize];
        let source = match link {
            Link::SameSource => scanner,
            Link::SameNetwork => Address::v4([203, 0, 113, 77]),
            Link::Knowledge => Address::v4([198, 51, 100, 77]),
        };
        let wanted = 1 + dice.below(quiet.len() as u64) as usize;
        let site = link == Link::SameSource && dice.below(3) == 0;
        let targets = if site { &sites[..1] } else { &quiet[..wanted] };
        for (i, service) in targets.iter().enumerate() {
            story.visit(source, time + i as Time * SECOND, *service).campaign =
                (link == Link::SameSource).then_some(campaign);
        }
        let tellable = link != Link::Knowledge || targets.len() > 1;
        roles.insert(source, if tellable { Role::Returned(link, delay) } else { Role::Untold });
    }
    (story, roles)
}

fn poisson(dice: &mut Dice, mean: f64) -> u64 {
    let (mut count, mut left) = (0, mean.min(5_000.0));
    loop {
        left += dice.unit().max(f64::MIN_POSITIVE).ln();
        if left < 0.0 {
            return count;
        }
        count += 1;
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "the rates are for people")]
fn returns_are_found_and_ordinary_visitors_left_alone() {
    let mut rates: BTreeMap<Role, (u32, u32)> = BTreeMap::new();
    for seed in 1..=NETWORKS {
        let (mut story, roles) = network(seed);
        let found = story.find();
        for (source, role) in &roles {
            let reported = found.iter().any(|r| r.source == *source);
            let rate = rates.entry(*role).or_default();
            *rate = (rate.0 + u32::from(reported), rate.1 + 1);
        }
    }
    for (role, (reported, all)) in &rates {
        let share = 100.0 * f64::from(*reported) / f64::from(*all);
        eprintln!("{role:?}: {reported} of {all} reported, {share:.2} %");
    }
    let sum = |which: fn(&Role) -> bool| {
        let some = rates.iter().filter(|(role, _)| which(role)).map(|(_, r)| *r);
        some.fold((0, 0), |sum, r| (sum.0 + r.0, sum.1 + r.1))
    };
    let (false_ones, _) = sum(|r| !matches!(r, Role::Returned(..) | Role::Untold));
    let (tied, all_tied) = sum(|r| matches!(r, Role::Returned(Link::SameSource | Link::SameNetwork, _)));
    let (soon, all_soon) = sum(|r| matches!(r, Role::Returned(Link::Knowledge, Delay::Minutes)));
    let (true_ones, _) = sum(|r| matches!(r, Role::Returned(..) | Role::Untold));
    eprintln!("{true_ones} right, {false_ones} wrong");
    for (role, (reported, all)) in &rates {
        match role {
            // New addresses on several quiet services, soon after a scan: nobody could tell them apart.
            Role::Administrator => assert!(reported * 6 < *all, "{role:?}: {reported} of {all}"),
            Role::Returned(..) | Role::Untold => {}
            _ => assert!(reported * 100 < *all || *all < 100, "{role:?}: {reported} of {all}"),
        }
    }
    assert!(false_ones * 10 < true_ones);
    assert!(tied * 100 >= all_tied * 95);
    assert!(soon * 100 >= all_soon * 80);
}
