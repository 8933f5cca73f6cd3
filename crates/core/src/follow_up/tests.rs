//! Stories with known ends.

use super::*;
use crate::record::Link;

pub(super) const MINUTE: Time = 60 * SECOND;
pub(super) const HOUR: Time = 60 * MINUTE;
pub(super) const DAY: Time = 24 * HOUR;
const SCANNER: [u8; 4] = [203, 0, 113, 9];
const STRANGER: [u8; 4] = [198, 51, 100, 77];

pub(super) fn tcp(port: u16) -> Service {
    Service { transport: Transport::Tcp, port }
}

/// 192.0.2.0/24: the network that is watched.
pub(super) fn ours(host: u8) -> Address {
    Address::v4([192, 0, 2, host])
}

#[derive(Default)]
pub(super) struct Story {
    pub(super) scanners: Vec<Scanner>,
    pub(super) revealed: Vec<Revealed>,
    pub(super) visits: Vec<Visit>,
    pub(super) span: (Time, Time),
}

impl Story {
    /// A sweep of 256 hosts at 100 probes a second that was shown these services.
    pub(super) fn scan(&mut self, source: Address, start: Time, open: &[(u8, u16)]) -> usize {
        let campaign = self.scanners.len();
        let gap = SECOND / 100;
        self.scanners.push(Scanner {
            sources: vec![source],
            start,
            end: start + 256 * gap,
            gap,
            hosts: 256,
            open: open.len() as u64,
        });
        let shown = |(host, port): &(u8, u16)| Revealed {
            campaign,
            host: ours(*host),
            service: tcp(*port),
            time: start + Time::from(*host) * gap,
        };
        self.revealed.extend(open.iter().map(shown));
        campaign
    }

    pub(super) fn visit(&mut self, source: Address, start: Time, (host, port): (u8, u16)) -> &mut Visit {
        self.visits.push(Visit {
            source,
            host: ours(host),
            service: tcp(port),
            start,
            end: start + 5 * SECOND,
            sessions: 1,
            spoke: true,
            answered: 0,
            missed: 0,
            campaign: None,
        });
        self.visits.last_mut().expect("just pushed")
    }

    pub(super) fn find(&mut self) -> Vec<Return> {
        self.visits.sort_by_key(|v| v.start);
        let first = self.scanners.iter().map(|s| s.start).chain(self.visits.iter().map(|v| v.start)).min();
        let last = self.scanners.iter().map(|s| s.end).chain(self.visits.iter().map(|v| v.end)).max();
        self.span = match self.span {
            (0, 0) => (first.unwrap_or(0), last.unwrap_or(0)),
            given => given,
        };
        find(&self.scanners, &self.revealed, &self.visits, self.span)
    }
}

/// A capture that begins with a scan of a /24: two SSH and two web servers are open.
fn small() -> Story {
    let mut story = Story::default();
    story.scan(Address::v4(SCANNER), 0, &[(5, 22), (9, 22), (20, 80), (21, 443)]);
    story
}

#[test]
fn a_stranger_who_opens_exactly_the_two_ssh_servers_is_reported() {
    let mut story = small();
    let stranger = Address::v4(STRANGER);
    story.visit(stranger, 5 * MINUTE, (5, 22));
    story.visit(stranger, 5 * MINUTE + 3 * SECOND, (9, 22));
    let found = story.find();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].campaign, found[0].link, found[0].source), (0, Link::Knowledge, stranger));
    assert_eq!(found[0].targets, [(ours(5), tcp(22)), (ours(9), tcp(22))]);
    assert_eq!((found[0].start, found[0].sessions), (5 * MINUTE, 2));
    assert!(found[0].text.contains("tcp/22 of 192.0.2.5 5 min after"), "{}", found[0].text);
    assert!(
        found[0].text.contains("besides it went to 1 of the revealed, 0 not revealed"),
        "{}",
        found[0].text
    );
}

#[test]
fn dead_targets_and_other_services_speak_against_it() {
    for (answered, missed) in [(2, 3), (8, 0)] {
        let mut story = small();
        for host in [5, 9] {
            let visit = story.visit(Address::v4(STRANGER), 5 * MINUTE, (host, 22));
            (visit.answered, visit.missed) = (answered, missed);
        }
        assert_eq!(story.find(), [], "{answered} answered, {missed} missed");
    }
}

#[test]
fn one_visit_to_a_revealed_web_server_by_someone_unknown_is_nothing() {
    for (delay, end) in
        [(SECOND, MINUTE), (5 * MINUTE, 6 * MINUTE), (5 * MINUTE, DAY), (5 * MINUTE, 60 * DAY)]
    {
        let mut story = Story::default();
        story.scan(Address::v4(SCANNER), 0, &[(20, 80)]);
        story.visit(Address::v4(STRANGER), delay, (20, 80));
        story.span = (0, end);
        assert_eq!(story.find(), [], "{delay}, {end}");
    }
}

#[test]
fn a_crawler_that_reads_every_revealed_site_is_nothing() {
    let mut story = Story::default();
    let sites: Vec<(u8, u16)> = (1..=60).map(|host| (host, 443)).collect();
    story.scan(Address::v4(SCANNER), 0, &sites);
    for (i, site) in sites.iter().enumerate() {
        story.visit(Address::v4(STRANGER), MINUTE + i as Time * SECOND, *site);
    }
    assert_eq!(story.find(), []);
}

#[test]
fn the_scanner_itself_comes_back_after_three_days() {
    for customers in [0, 3_000] {
        let mut story = small();
        for i in 0..customers {
            let source = Address::v4([100, (i >> 8) as u8, i as u8, 1]);
            story.visit(source, i * 86 * SECOND, (20, 80));
        }
        story.visit(Address::v4(SCANNER), 3 * DAY, (20, 80)).campaign = Some(0);
        let found = story.find();
        assert_eq!(found.len(), 1, "{customers}");
        assert_eq!((found[0].link, found[0].start), (Link::SameSource, 3 * DAY));
    }
}

#[test]
fn a_probe_and_a_return_given_as_one_visit_are_told_apart() {
    let mut story = small();
    let visit = story.visit(Address::v4(SCANNER), SECOND, (5, 22));
    (visit.end, visit.sessions, visit.campaign) = (3 * DAY, 2, Some(0));
    let found = story.find();
    assert_eq!((found.len(), found[0].start, found[0].sessions), (1, 3 * DAY, 1));
    // Where the later sessions are given too, they alone count: these said nothing.
    story.visit(Address::v4(SCANNER), 2 * DAY, (5, 22)).campaign = Some(0);
    story.visits[1].spoke = false;
    assert_eq!(story.find(), []);
}

#[test]
fn a_return_that_says_nothing_or_misses_is_another_scan() {
    for (spoke, missed, reported) in [(true, 0, 1), (false, 0, 0), (true, 250, 0)] {
        let mut story = small();
        for host in [5, 9] {
            let visit = story.visit(Address::v4(SCANNER), DAY, (host, 22));
            (visit.spoke, visit.missed, visit.campaign) = (spoke, missed, Some(0));
        }
        assert_eq!(story.find().len(), reported, "spoke {spoke}, missed {missed}");
    }
}

#[test]
fn version_probes_right_after_discovery_are_the_scan_however_long_they_take() {
    let mut story = Story::default();
    let open: Vec<(u8, u16)> = (1..=40).map(|host| (host, 22)).collect();
    story.scan(Address::v4(SCANNER), 0, &open);
    for (i, target) in open.iter().enumerate() {
        story.visit(Address::v4(SCANNER), 20 * SECOND + i as Time * 45 * SECOND, *target).campaign = Some(0);
    }
    assert_eq!(story.find(), []);
    story.visit(Address::v4(SCANNER), 40 * 45 * SECOND + HOUR, (7, 22)).campaign = Some(0);
    let found = story.find();
    assert_eq!((found.len(), found[0].targets.len()), (1, 1));
}

#[test]
fn retries_of_a_slow_scan_are_the_scan() {
    let mut story = small();
    story.scanners[0].gap = 6 * HOUR;
    story.visit(Address::v4(SCANNER), 2 * DAY, (5, 22)).campaign = Some(0);
    assert_eq!(story.find(), []);
}

#[test]
fn another_sweep_by_the_same_source_is_not_a_return_and_a_session_after_it_is() {
    let mut story = small();
    let again = story.scan(Address::v4(SCANNER), DAY, &[(5, 22), (9, 22), (20, 80), (21, 443)]);
    for (host, port) in [(5, 22), (9, 22), (20, 80)] {
        story.visit(Address::v4(SCANNER), DAY + SECOND, (host, port)).campaign = Some(again);
    }
    assert_eq!(story.find(), []);
    story.visit(Address::v4(SCANNER), DAY + HOUR, (9, 22)).campaign = Some(again);
    let found = story.find();
    assert_eq!((found.len(), found[0].campaign), (1, again), "the later of two scans explains it");
}

#[test]
fn a_session_of_a_neighbour_of_the_scanner_is_tied_by_its_network() {
    let mut story = small();
    story.visit(Address::v4([203, 0, 113, 200]), 6 * HOUR, (5, 22));
    let found = story.find();
    assert_eq!((found.len(), found[0].link), (1, Link::SameNetwork));
    assert!(found[0].text.contains("from the scanner's own network"), "{}", found[0].text);
}

#[test]
fn neighbours_within_a_local_network_are_the_rule() {
    let mut story = small();
    story.scanners[0].sources = vec![ours(200)];
    story.visit(ours(201), HOUR, (20, 80));
    story.visit(ours(202), 2 * HOUR, (5, 22));
    assert_eq!(story.find(), []);
}

#[test]
fn regular_customers_and_busy_servers_are_left_alone() {
    // A customer of both servers, before and after.
    let mut story = small();
    for (host, time) in [(5, -HOUR), (9, -HOUR), (5, 5 * MINUTE), (9, 5 * MINUTE)] {
        story.visit(Address::v4(STRANGER), time, (host, 22));
    }
    assert_eq!(story.find(), []);
    // A customer of one, who now opens the other.
    let mut story = small();
    story.visit(Address::v4(STRANGER), -HOUR, (5, 22));
    story.visit(Address::v4(STRANGER), 5 * MINUTE, (9, 22));
    assert_eq!(story.find(), []);
    // Two servers that everybody uses.
    let mut story = small();
    for i in 1..=50 {
        let source = Address::v4([100, 64, i, 1]);
        story.visit(source, Time::from(i) * MINUTE, (5, 22));
        story.visit(source, Time::from(i) * MINUTE + SECOND, (9, 22));
    }
    assert_eq!(story.find(), []);
}

#[test]
fn a_crowd_that_comes_after_a_quiet_week_is_judged_by_the_week() {
    let mut story = small();
    story.span = (-10 * DAY, DAY);
    for i in 1..=20 {
        let source = Address::v4([100, 64, i, 1]);
        story.visit(source, Time::from(i) * MINUTE, (5, 22));
        story.visit(source, Time::from(i) * MINUTE + SECOND, (9, 22));
    }
    assert_eq!(story.find().len(), 20);
    story.span = (-HOUR, DAY);
    assert_eq!(story.find(), [], "an hour of quiet may be the night");
}

#[test]
fn weeks_later_many_quiet_targets_still_tell() {
    let mut story = Story::default();
    let open: Vec<(u8, u16)> = (1..=8).map(|host| (host, 2375)).collect();
    story.scan(Address::v4(SCANNER), 0, &open);
    for target in &open[..5] {
        story.visit(Address::v4(STRANGER), 20 * DAY, *target);
    }
    let found = story.find();
    assert_eq!((found.len(), found[0].targets.len()), (1, 5));
}

#[test]
fn what_a_hundred_scans_revealed_ties_nobody_to_one_of_them() {
    let mut story = Story::default();
    for i in 0..100 {
        let source = Address::v4([203, 0, i, 9]);
        story.scan(source, Time::from(i) * 10 * MINUTE, &[(5, 22), (9, 22), (20, 80), (21, 443)]);
    }
    let late = 100 * 10 * MINUTE;
    story.visit(Address::v4(STRANGER), late, (5, 22));
    story.visit(Address::v4(STRANGER), late, (9, 22));
    assert_eq!(story.find(), []);
}

#[test]
fn a_visit_before_the_answer_is_no_return_and_echoes_are_no_service() {
    let mut story = small();
    story.visit(Address::v4(STRANGER), 0, (5, 22));
    story.visit(Address::v4(STRANGER), 0, (9, 22));
    story.revealed.push(Revealed {
        campaign: 0,
        host: ours(5),
        service: Service { transport: Transport::Icmp, port: 0x0800 },
        time: 0,
    });
    story.visit(Address::v4([203, 0, 113, 10]), HOUR, (5, 0)).service.transport = Transport::Icmp;
    story.revealed.push(Revealed { campaign: 7, host: ours(5), service: tcp(22), time: 0 });
    assert_eq!(story.find(), []);
}

#[test]
fn the_order_of_the_input_does_not_show() {
    let mut story = small();
    story.visit(Address::v4(STRANGER), 5 * MINUTE, (5, 22));
    story.visit(Address::v4(STRANGER), 6 * MINUTE, (9, 22));
    story.visit(Address::v4(SCANNER), DAY, (20, 80)).campaign = Some(0);
    let found = story.find();
    assert_eq!(found.len(), 2);
    story.visits.reverse();
    story.revealed.reverse();
    assert_eq!(find(&story.scanners, &story.revealed, &story.visits, story.span), found);
}

#[test]
fn times_at_the_ends_of_the_scale_do_no_harm() {
    let mut story = small();
    story.scanners[0].gap = Time::MAX;
    story.revealed[0].time = Time::MIN;
    for (start, end) in [(Time::MIN, Time::MAX), (Time::MAX, Time::MIN)] {
        let visit = story.visit(Address::v4(STRANGER), 0, (5, 22));
        (visit.start, visit.end, visit.sessions) = (start, end, u64::MAX);
        let own = story.visit(Address::v4(SCANNER), 0, (5, 22));
        (own.start, own.end, own.sessions, own.campaign) = (start, end, u64::MAX, Some(0));
    }
    let _ = find(&story.scanners, &story.revealed, &story.visits, (Time::MIN, Time::MAX));
}
