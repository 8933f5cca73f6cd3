//! sFlow v5 (sflow.org): samples of packets, each with the beginning of the packet itself.
//!
//! Where every packet is reported, each gives the contact that it would give in a capture. Of sampled ones the packets before
//! and after are missing, so nothing may follow from their absence: each is judged by itself, as a flow whose outcome is
//! what this packet proves (an answer proves that somebody asked, data that somebody spoke), or unknown. Limits: a segment from
//! the midst of a connection is told by its ports alone who began it, and without data counted, not taken, so ACK scans
//! are not seen. Samples bear no time of their own: those of one datagram share its time.

use watchpost_core::contact::flags::{ACK, RST, SYN};
use watchpost_core::contact::{Contact, Outcome, Phase, Time, Transport, traits};
use watchpost_core::direction::{is_answer, turned};

use super::{Flows, Reason, number};
use crate::packet::{self, LinkType};

const MIDST: Reason = "a sampled packet from the midst of a connection";
const CUT: Reason = "an sFlow datagram that is cut off";

pub(super) fn take(time: Time, bytes: &[u8], into: &mut Flows<'_>) -> Result<(), Reason> {
    let agent = match number(bytes.get(4..8).ok_or(CUT)?) {
        1 => 4,
        2 => 16,
        _ => return Err("an sFlow datagram of an unknown kind of agent"),
    };
    // Version, kind and address of the agent, its part, sequence, uptime.
    let mut rest = bytes.get(8 + agent + 12..).ok_or(CUT)?;
    let samples = word(&mut rest)?;
    for _ in 0..samples.min(1_024) {
        let format = word(&mut rest)?;
        let sample = part(&mut rest)?;
        // Counters and samples of vendors tell of no packet.
        let taken = match format {
            1 => flow_sample(time, sample, 8, into),
            3 => flow_sample(time, sample, 12, into),
            _ => Ok(()),
        };
        // Where the next one begins is known.
        if let Err(reason) = taken {
            (into.skip)(reason);
        }
    }
    Ok(())
}

/// A flow sample: `ahead` bytes of sequence number and source id, then the sampling rate.
fn flow_sample(time: Time, mut sample: &[u8], ahead: usize, into: &mut Flows<'_>) -> Result<(), Reason> {
    sample = sample.get(ahead..).ok_or(CUT)?;
    let rate = word(&mut sample)?.max(1);
    // Pool, drops, and the interfaces (twice as long in the expanded form).
    sample = sample.get(if ahead == 8 { 16 } else { 24 }..).ok_or(CUT)?;
    let records = word(&mut sample)?;
    for _ in 0..records.min(1_024) {
        let format = word(&mut sample)?;
        let mut record = part(&mut sample)?;
        if format == 1 {
            let (protocol, length) = (word(&mut record)?, word(&mut record)?);
            word(&mut record)?;
            let header = part(&mut record)?;
            let link = match protocol {
                1 => LinkType::ETHERNET,
                11 | 12 => LinkType::RAW,
                _ => continue,
            };
            into.sampling = into.sampling.max(rate);
            let decoded = packet::decode(link, time, header, length, into.sensor);
            match decoded.map_err(|skip| skip.reason()).and_then(|contact| sampled(contact, rate)) {
                Ok(contact) => into.contacts.push(contact),
                Err(reason) => (into.skip)(reason),
            }
        }
    }
    Ok(())
}

/// The contact of a packet of which so many others stand for one.
fn sampled(contact: Contact, rate: u32) -> Result<Contact, Reason> {
    let contact = Contact { weight: rate, ..contact };
    if rate == 1 {
        return Ok(contact);
    }
    // What an answer tells of whoever asked: nothing of the headers is its own.
    let asked = |contact: Contact, outcome, flags| Contact {
        phase: Phase::Flow,
        outcome,
        flags,
        sequence: 0,
        window: 0,
        ip_id: 0,
        ttl: 0,
        traits: 0,
        ..contact
    };
    match (contact.phase, contact.transport) {
        (Phase::Probe, _) => Ok(Contact { phase: Phase::Flow, ..contact }),
        (Phase::Reply, Transport::Tcp) => Ok(asked(contact, contact.outcome, SYN)),
        (Phase::Reply, _) => Ok(asked(contact, contact.outcome, 0)),
        // A host that refuses a segment without ACK has no sequence number of its own (RFC 9293, 3.10.7.1).
        (_, Transport::Tcp) if contact.flags & (ACK | RST) == ACK | RST && contact.sequence == 0 => {
            Ok(asked(turned(contact), Outcome::Refused, 0))
        }
        (_, Transport::Tcp) if contact.has(traits::PAYLOAD) => {
            let (from, to) = (contact.source_port, contact.port);
            match (is_answer(Transport::Tcp, from, to), is_answer(Transport::Tcp, to, from)) {
                (true, _) => Ok(asked(turned(contact), Outcome::Told, 0)),
                (_, true) => Ok(asked(contact, Outcome::Asked, 0)),
                _ => Err(MIDST),
            }
        }
        (_, Transport::Tcp | Transport::Sctp) => Err(MIDST),
        // Core finds out who asks.
        _ => Ok(Contact { phase: Phase::Half, flags: 0, ..contact }),
    }
}

fn word(bytes: &mut &[u8]) -> Result<u32, Reason> {
    let (word, rest) = bytes.split_at_checked(4).ok_or(CUT)?;
    *bytes = rest;
    Ok(number(word) as u32)
}

/// Bytes that say how many they are, padded to four.
fn part<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Reason> {
    let length = word(bytes)? as usize;
    let (part, rest) = bytes.split_at_checked(length).ok_or(CUT)?;
    *bytes = rest.get(length.wrapping_neg() % 4..).unwrap_or_default();
    Ok(part)
}
