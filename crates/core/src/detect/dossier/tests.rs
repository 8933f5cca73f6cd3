use super::*;
use crate::contact::{Phase, SECOND};
use crate::record::ProbeKind;

fn syn(number: u32, time: Time) -> Contact {
    Contact {
        time,
        source: Address::v4([198, 51, 100, 7]),
        target: Address::v4((0xcb00_0000 + number).to_be_bytes()),
        sequence: 1,
        weight: 1,
        port: 22,
        source_port: 40_000,
        window: 1024,
        ip_id: 7,
        sensor: 0,
        transport: Transport::Tcp,
        phase: Phase::Probe,
        outcome: Outcome::Unknown,
        flags: flags::SYN,
        ttl: 60,
        traits: 0,
    }
}

/// A scan of hosts one after the other, of which those that `open` says answer.
fn scan(from: u32, count: u32, open: impl Fn(u32) -> bool) -> Dossier {
    let first = syn(from, 0);
    let mut dossier = Dossier::new(Probe::new(&first, ProbeKind::TcpSyn, 0), Raw::new(&first));
    for step in 0..count {
        let contact = syn(from + step, Time::from(step) * SECOND);
        if step > 0 {
            dossier.probe(&contact, ProbeKind::TcpSyn, 0, None, SECOND);
        }
        if open(from + step) {
            dossier.learn(&Contact { phase: Phase::Reply, outcome: Outcome::Answered, ..contact }, 0, false);
        }
    }
    dossier
}

#[test]
fn a_trimmed_dossier_is_a_sample_of_what_was_probed_and_not_of_what_answered() {
    for count in [200, 1_000] {
        let mut dossier = scan(0, count, |host| host % 4 == 0);
        let before = dossier.trace(Address::default());
        dossier.trim(32);
        let after = dossier.trace(Address::default());
        assert_eq!((after.hosts, after.consecutive), (u64::from(count), 32));
        assert_eq!(after.hits[..32], before.hits[..32]);
        assert_eq!(after.hits[32..], before.hits[before.consecutive..]);
        assert_eq!(dossier.median_gap(), Some(SECOND));
        let answered = dossier.probes.iter().filter(|p| !p.failed()).count();
        assert!(answered > 32 && dossier.imprints.classes()[0].kept.len() == 4, "{answered}");
        // Again, as when a campaign goes on and closes again.
        dossier.trim(32);
        assert_eq!(dossier.trace(Address::default()).hosts, u64::from(count));
    }
}

#[test]
fn what_answers_two_parts_late_is_one_target_of_the_joined() {
    let (one, other) = (scan(0, 257, |host| host == 256), scan(1_000, 256, |_| false));
    let mut other = other;
    let late = syn(256, 300 * SECOND);
    other.probe(&late, ProbeKind::TcpSyn, 0, None, SECOND);
    other.learn(&Contact { phase: Phase::Reply, outcome: Outcome::Answered, ..late }, 0, false);
    let joined = Dossier::join(&[&one, &other], &crate::blocks::Blocks::default()).unwrap();
    assert_eq!(joined.probes.iter().filter(|p| p.target == late.target).count(), 1);
}
