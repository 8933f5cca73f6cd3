use super::*;
use crate::contact::{SECOND, Transport, flags};
use crate::record::ProbeKind;

/// What the search has of a budget of 512 MiB.
const MEMORY: usize = 14 << 20;

const PORT: Service = Service { transport: Transport::Tcp, port: 23 };

fn address(number: u32) -> Address {
    Address::v4(number.to_be_bytes())
}

/// The `n`th number of a list without order or repeats among 256.
fn scattered(n: u32) -> u32 {
    ((n * 181 + 77) % 256) ^ 0x5a
}

fn lone(source: u32, target: u32, time: Time) -> Lone {
    let target = address(0x0a4d_0000 + target);
    let sequence = source.wrapping_mul(0x9e37_79b9) ^ 0x1234_5678;
    let imprint = Imprint {
        target,
        sequence,
        port: PORT.port,
        source_port: (sequence >> 7) as u16,
        window: 5_840,
        ip_id: sequence as u16,
        ttl: 50,
        traits: 0,
        flags: flags::SYN,
        transport: Transport::Tcp,
        kind: ProbeKind::TcpSyn,
    };
    let source = address(0x2d00_0000 + source.wrapping_mul(70_001) % 0x4000_0000);
    Lone { source, target, service: PORT, time: time * SECOND, outcome: Outcome::Silent, imprint }
}

fn found(lone: &[Lone]) -> Vec<Group> {
    groups(&[], lone, &Blocks::default(), MEMORY)
}

fn divided() -> Vec<Lone> {
    (0..200).map(|n| lone(n, scattered(n), i64::from(n))).collect()
}

#[test]
fn sources_that_never_repeat_each_other_are_one_scan() {
    let groups = found(&divided());
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].lone.len(), 200);
    let coordination = &groups[0].coordination;
    assert!(coordination.bits > 6.63 && coordination.chance_log10 < -45.0, "{coordination:?}");
    assert_eq!(coordination.networks, 200);
}

#[test]
fn the_order_of_the_input_does_not_show() {
    let mut turned = divided();
    turned.reverse();
    assert_eq!(found(&turned), found(&divided()));
}

#[test]
fn retransmissions_change_nothing_that_counts() {
    let mut all = divided();
    all.extend(divided().iter().map(|one| Lone { time: one.time + SECOND / 2, ..*one }));
    assert_eq!(found(&all)[0].lone, found(&divided())[0].lone);
}

#[test]
fn ordinary_clients_stay_outside() {
    let mut all = divided();
    for one in all.iter_mut().step_by(4) {
        one.outcome = Outcome::Asked;
    }
    let clients: Vec<Address> = all.iter().step_by(4).map(|one| one.source).collect();
    let groups = found(&all);
    assert_eq!(groups[0].lone.len(), 150);
    assert!(clients.iter().all(|client| !groups[0].lone.contains(client)));
    // A source that asked elsewhere, too.
    let mut all = divided();
    all.push(Lone { outcome: Outcome::Asked, target: address(1), ..all[7] });
    assert_eq!(found(&all)[0].lone.len(), 199);
}

#[test]
fn a_flood_from_forged_sources_is_no_scan() {
    let one: Vec<Lone> = (0..5_000).map(|n| lone(n, 7, i64::from(n))).collect();
    assert_eq!(found(&one), []);
    let round: Vec<Lone> = (0..9_000).map(|n| lone(n, scattered(n % 256), i64::from(n))).collect();
    assert_eq!(found(&round), []);
}

/// A budget that the floods below fill several times over.
const SCARCE: usize = 1 << 20;

#[test]
fn what_looks_otherwise_is_found_inside_a_flood() {
    let mut all = divided();
    all.iter_mut().for_each(|one| one.imprint.window = 1_234);
    let divided = found(&all);
    // Forged sources all over the Internet, over the whole block, at the same time and of the same service.
    for (n, at) in (1_000..151_000).zip((0..200).cycle()) {
        let source = address(keys::mix(3, u64::from(n)) as u32);
        all.push(Lone { source, ..lone(n, keys::mix(5, u64::from(n)) as u32 % 256, at) });
    }
    let group = |all: &[Lone]| groups(&[], all, &Blocks::default(), SCARCE);
    assert_eq!(group(&all[200..]), []);
    let groups = group(&all);
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].lone, divided[0].lone);
}

#[test]
fn a_multitude_of_one_size_leaves_room_for_others() {
    // Packets of ten thousand windows, a dozen of each; what is wanted stands behind them all by its size.
    let mut all = divided();
    for n in 1_000..121_000 {
        let mut one = lone(n, keys::mix(5, u64::from(n)) as u32 % 256, 0);
        (one.time, one.imprint.window) = (i64::from(n / 1_000) * SECOND, 10_000 + (n % 10_000) as u16);
        one.imprint.ttl = 100;
        all.push(Lone { source: address(keys::mix(3, u64::from(n)) as u32), ..one });
    }
    let groups = groups(&[], &all[..], &Blocks::default(), SCARCE);
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].lone.len(), 200);
}

fn member(source: u32, targets: impl Iterator<Item = u32>, start: Time) -> Member {
    let mut targets: Vec<Address> = targets.map(|target| address(0x0a4d_0000 + target)).collect();
    targets.sort_unstable();
    Member {
        source: address(source),
        imprints: vec![lone(source, 0, 0).imprint],
        tool: None,
        generator: None,
        services: vec![PORT],
        hosts: targets.len() as u64,
        pairs: targets.iter().map(|host| (*host, PORT)).collect(),
        targets,
        complete: true,
        start: start * SECOND,
        end: (start + 100) * SECOND,
    }
}

fn joined(members: &[Member]) -> usize {
    let groups = groups(members, &[][..], &Blocks::default(), MEMORY);
    groups.iter().map(|group| group.members.len()).sum()
}

#[test]
fn generators_bring_together_and_keep_apart() {
    let mut shards: Vec<Member> =
        (0..4).map(|n| member(n << 24 | 9, (0..20).map(|k| k * 4 + n), 0)).collect();
    shards.iter_mut().for_each(|shard| shard.generator = Some((77, 65_537)));
    assert_eq!(joined(&shards), 4);
    shards.iter_mut().zip(3..).for_each(|(shard, n)| shard.generator = Some((n, 65_537)));
    assert_eq!(joined(&shards), 0);
}

#[test]
fn halves_are_no_agreement_unless_they_come_from_one_network_at_once() {
    let halves = |second: u32, start| [member(0x2d01_0105, 0..128, 0), member(second, 128..256, start)];
    assert_eq!(joined(&halves(0x2d01_0106, 1)), 2);
    assert_eq!(joined(&halves(0x4e20_0106, 1)), 0);
    assert_eq!(joined(&halves(0x2d01_0106, 90_000)), 0);
}

/// Quarters of a /24 from as many networks, each begun `gap` after the one before.
fn quarters(gap: Time) -> Vec<Member> {
    let quarter = |n: u32| {
        let mut quarter = member((45 + 16 * n) << 24 | 9, 64 * n..64 * n + 64, 0);
        (quarter.start, quarter.end) = (gap * i64::from(n), gap * i64::from(n) + 10 * SECOND);
        quarter
    };
    (0..4).map(quarter).collect()
}

#[test]
fn equal_parts_begun_at_once_are_one_scan_wherever_they_come_from() {
    assert_eq!(joined(&quarters(SECOND / 8)), 4);
    assert_eq!(joined(&quarters(20 * SECOND)), 0);
    // Other packets, or parts of other sizes.
    let mut other = quarters(SECOND / 8);
    other.iter_mut().step_by(2).for_each(|member| member.imprints[0].window = 1_024);
    assert_eq!(joined(&other), 0);
    // Two are never enough, nor whole networks side by side that begin within a few seconds.
    assert_eq!(joined(&quarters(SECOND / 8)[..2]), 0);
    let side_by_side: Vec<Member> =
        (0..3).map(|n: u32| member((45 + n) << 24 | 9, 256 * n..256 * n + 256, i64::from(n))).collect();
    assert_eq!(joined(&side_by_side), 0);
}

const PORTS: u32 = 4;

/// A source of several ports; a task is a host and one of the ports.
fn of_ports(source: u32, tasks: impl Iterator<Item = u32>) -> Member {
    let service = |task: u32| Service { port: 80 + (task % PORTS) as u16, ..PORT };
    let mut pairs: Vec<(Address, Service)> =
        tasks.map(|task| (address(0x0a4d_0000 + task / PORTS), service(task))).collect();
    pairs.sort_unstable();
    let mut targets: Vec<Address> = pairs.iter().map(|(host, _)| *host).collect();
    targets.dedup();
    Member {
        hosts: targets.len() as u64,
        targets,
        services: (0..PORTS).map(service).collect(),
        pairs,
        ..member(source << 24 | 9, 0..1, 0)
    }
}

/// The `n`th of many orders of 1,024 tasks.
fn shuffled(n: u32) -> Vec<u32> {
    let mut tasks: Vec<u32> = (0..1_024).collect();
    tasks.sort_by_key(|task| keys::mix(keys::mix(7, u64::from(n)), u64::from(*task)));
    tasks
}

#[test]
fn services_of_the_same_hosts_can_be_divided() {
    let tasks = shuffled(1);
    let team: Vec<Member> =
        (0..8).map(|n| of_ports(n * 8 + 3, tasks.iter().copied().skip(n as usize).step_by(8))).collect();
    assert_eq!(joined(&team), 8);
    // Strangers who take pairs at random, or hosts at random with all their services.
    let strangers = |n: u32| of_ports(n % 2 * 8 + 40, shuffled(n).into_iter().take(128));
    let whole = |n: u32| {
        let hosts = shuffled(n).into_iter().filter(|host| host % PORTS == 0).take(60);
        of_ports(n % 2 * 8 + 40, hosts.flat_map(|host| host..host + PORTS))
    };
    for first in (0..200).step_by(2) {
        assert_eq!(joined(&[strangers(first), strangers(first + 1)]), 0, "{first}");
        assert_eq!(joined(&[whole(first), whole(first + 1)]), 0, "{first}");
    }
}
