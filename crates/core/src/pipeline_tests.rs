use super::*;
use crate::contact::Transport;
use crate::net::Address;
use crate::record::FactKind;
use crate::utterance::{Facts, Protocol, Role};

fn said(time: Time, number: u32) -> Utterance {
    Utterance {
        time,
        speaker: Address::v4(number.to_be_bytes()),
        listener: Address::v4([192, 0, 2, 1]),
        sensor: 0,
        speaker_port: 40_000,
        listener_port: 161,
        transport: Transport::Udp,
        role: Role::Unclear,
        protocol: Protocol::Snmp,
        facts: Facts::new([(FactKind::Request, "SNMPv2c get")]),
    }
}

#[test]
fn words_of_one_and_the_same_time_do_not_pile_up() {
    let settings = Settings { blocks: Vec::new(), memory: 16 << 20, threads: 1, key: 1 };
    let mut pipeline = Pipeline::new(settings);
    let mut heard: Vec<Utterance> = (0..5_000).map(|number| said(7, number)).collect();
    heard.extend((0..100).map(|number| said(8 + Time::from(number), number)));
    pipeline.front.listen(&mut heard);
    assert_eq!(pipeline.front.pending.len(), AT_ONCE + 100);
    let mut batch = Batch::default();
    pipeline.front.release(8, &mut batch, 1);
    assert_eq!(pipeline.front.pending.len(), 100);
    assert!(batch.len >= AT_ONCE, "words count as contacts of their size do: {}", batch.len);
}
