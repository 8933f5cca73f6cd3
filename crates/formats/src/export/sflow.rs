//! sFlow v5 (sflow.org): samples of packets, each with the beginning of the packet itself.

use watchpost_core::contact::Time;

use super::{Flows, Reason, number};
use crate::packet::{self, LinkType};

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
        match format {
            1 => flow_sample(time, sample, 8, into)?,
            3 => flow_sample(time, sample, 12, into)?,
            _ => {}
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
            match packet::decode(link, time, header, length, into.sensor) {
                Ok(mut contact) => {
                    contact.weight = rate;
                    into.contacts.push(contact);
                }
                Err(skip) => (into.skip)(skip.reason()),
            }
        }
    }
    Ok(())
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
