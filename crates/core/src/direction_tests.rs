use super::*;
use crate::net::Address;

const CLIENT: [u8; 4] = [192, 0, 2, 1];
const SERVER: [u8; 4] = [198, 51, 100, 9];

fn packet(from: [u8; 4], from_port: u16, to: [u8; 4], port: u16, set: u8, traits: u8) -> Contact {
    let phase = if set == flags::SYN { Phase::Probe } else { Phase::Unclear };
    let contact = Contact {
        time: 1_000 * SECOND,
        source: Address::v4(from),
        target: Address::v4(to),
        sequence: 0,
        weight: 1,
        port,
        source_port: from_port,
        window: 64_240,
        ip_id: 0,
        sensor: 0,
        transport: Transport::Tcp,
        phase,
        outcome: Outcome::Unknown,
        flags: set,
        ttl: 64,
        traits,
    };
    if set == flags::SYN | flags::ACK { answer(contact, Outcome::Answered) } else { contact }
}

fn client(set: u8, traits: u8) -> Contact {
    packet(CLIENT, 40_000, SERVER, 22, set, traits)
}

fn server(set: u8, traits: u8) -> Contact {
    packet(SERVER, 22, CLIENT, 40_000, set, traits)
}

fn one(memory: &mut PairMemory, contact: Contact) -> Option<Contact> {
    let mut resolved = None;
    memory.resolve(&[contact], |c| resolved = Some(c));
    resolved
}

fn steps(packets: &[Contact]) -> Vec<Option<(Phase, Outcome, Address)>> {
    let mut memory = PairMemory::new(1 << 16, 7);
    packets.iter().map(|p| one(&mut memory, *p).map(|c| (c.phase, c.outcome, c.source))).collect()
}

#[test]
fn a_connection_gives_each_step_once() {
    use flags::{ACK, FIN, PSH, SYN};
    let me = Address::v4(CLIENT);
    let seen = steps(&[
        client(SYN, 0),
        server(SYN | ACK, 0),
        server(SYN | ACK, 0),
        client(ACK, 0),
        server(PSH | ACK, traits::PAYLOAD),
        client(PSH | ACK, traits::PAYLOAD),
        client(PSH | ACK, traits::PAYLOAD),
        server(PSH | ACK, traits::PAYLOAD),
        server(FIN | ACK, 0),
        client(FIN | ACK, 0),
    ]);
    let reply = |outcome| Some((Phase::Reply, outcome, me));
    let expected = vec![
        Some((Phase::Probe, Outcome::Unknown, me)),
        reply(Outcome::Answered),
        None,
        reply(Outcome::Completed),
        reply(Outcome::Told),
        reply(Outcome::Asked),
        None,
        None,
        None,
        None,
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_refusal_is_a_reply_and_a_half_open_reset_is_none() {
    use flags::{ACK, RST, SYN};
    let me = Address::v4(CLIENT);
    assert_eq!(steps(&[client(SYN, 0), server(RST | ACK, 0)])[1], Some((Phase::Reply, Outcome::Refused, me)));
    assert_eq!(steps(&[client(SYN, 0), server(SYN | ACK, 0), client(RST, 0)])[2], None);
}

#[test]
fn an_ack_out_of_nowhere_is_a_probe_until_the_connection_shows_life() {
    use flags::{ACK, PSH, RST};
    let me = Address::v4(CLIENT);
    let refused = steps(&[client(ACK, 0), server(RST, 0)]);
    assert_eq!(refused[0], Some((Phase::Probe, Outcome::Unknown, me)));
    assert_eq!(refused[1], Some((Phase::Reply, Outcome::Refused, me)));
    let alive = steps(&[client(ACK, 0), server(PSH | ACK, traits::PAYLOAD)]);
    assert_eq!(alive[1], Some((Phase::Reply, Outcome::Told, me)));
    assert_eq!(steps(&[client(PSH | ACK, traits::PAYLOAD), server(ACK, 0)]), vec![None, None]);
}

#[test]
fn answers_that_nobody_asked_for_are_stray() {
    use flags::{ACK, RST, SYN};
    let them = Address::v4(SERVER);
    let seen = steps(&[server(SYN | ACK, 0)]);
    assert_eq!(seen[0], Some((Phase::Stray, Outcome::Unknown, them)));
    assert_eq!(steps(&[server(RST | ACK, 0)])[0], Some((Phase::Stray, Outcome::Unknown, them)));
}

#[test]
fn only_inbound_a_handshake_still_shows() {
    use flags::{ACK, SYN};
    let me = Address::v4(CLIENT);
    let seen = steps(&[client(SYN, 0), client(ACK, 0)]);
    assert_eq!(seen[1], Some((Phase::Reply, Outcome::Completed, me)));
}

#[test]
fn datagrams_are_questions_and_answers() {
    let me = Address::v4(CLIENT);
    let question = Contact { transport: Transport::Udp, ..packet(CLIENT, 40_000, SERVER, 53, flags::ACK, 0) };
    let answer = Contact { transport: Transport::Udp, ..packet(SERVER, 53, CLIENT, 40_000, flags::ACK, 0) };
    let later = Contact { time: question.time + 300 * SECOND, ..question };
    let seen = steps(&[question, question, answer, answer, question, later]);
    let probe = Some((Phase::Probe, Outcome::Unknown, me));
    let reply = |outcome| Some((Phase::Reply, outcome, me));
    assert_eq!(seen, vec![probe, probe, reply(Outcome::Answered), None, reply(Outcome::Asked), probe]);
    assert_eq!(steps(&[answer])[0].unwrap().0, Phase::Stray);
}

#[test]
fn an_ip_protocol_keeps_its_number_both_ways() {
    let there = Contact { transport: Transport::Ip, ..packet(CLIENT, 0, SERVER, 50, 0, 0) };
    let back = Contact { transport: Transport::Ip, ..packet(SERVER, 0, CLIENT, 50, 0, 0) };
    let mut memory = PairMemory::new(1 << 16, 7);
    assert_eq!(one(&mut memory, there).unwrap().phase, Phase::Probe);
    let reply = one(&mut memory, back).unwrap();
    assert_eq!((reply.phase, reply.source, reply.port), (Phase::Reply, Address::v4(CLIENT), 50));
}

#[test]
fn a_flood_of_starts_does_not_displace_a_conversation() {
    let mut memory = PairMemory::new(2048, 7);
    one(&mut memory, client(flags::SYN, 0));
    one(&mut memory, server(flags::SYN | flags::ACK, 0));
    for i in 0..10_000u32 {
        one(&mut memory, packet([10, (i >> 8) as u8, i as u8, 1], 1_024, SERVER, 22, flags::SYN, 0));
    }
    let data = one(&mut memory, client(flags::ACK | flags::PSH, traits::PAYLOAD)).unwrap();
    assert_eq!((data.phase, data.outcome), (Phase::Reply, Outcome::Asked));
}

#[test]
fn a_sampled_answer_proves_its_question_and_is_no_stray() {
    use flags::{ACK, RST, SYN};
    let half = |outcome, set| Contact { phase: Phase::Half, outcome, flags: set, ..server(RST, 0) };
    let (me, them) = (Address::v4(CLIENT), Address::v4(SERVER));
    for (set, told) in [(SYN | ACK, Outcome::Answered), (RST | ACK, Outcome::Refused)] {
        assert_eq!(steps(&[half(Outcome::Unknown, set)])[0], Some((Phase::Flow, told, me)));
        assert_eq!(steps(&[half(Outcome::Silent, set)])[0], Some((Phase::Stray, Outcome::Unknown, them)));
    }
    let mut memory = PairMemory::new(1 << 16, 7);
    let flow = one(&mut memory, half(Outcome::Unknown, SYN | ACK)).unwrap();
    assert_eq!((flow.port, flow.source_port, flow.flags), (22, 40_000, SYN));
    // The question comes late: it is of the same pair, and was answered.
    let late = one(&mut memory, Contact { phase: Phase::Half, ..client(SYN, 0) }).unwrap();
    assert_eq!((late.phase, late.outcome, late.source), (Phase::Flow, Outcome::Answered, me));
}
