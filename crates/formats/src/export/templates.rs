//! NetFlow v9 (RFC 3954) and IPFIX (RFC 7011): sets of templates, of options and of data.

use std::collections::{HashMap, VecDeque};

use watchpost_core::contact::{SECOND, Time};
use watchpost_core::net::Address;

use super::domain::{Domains, steady};
use super::fields::{self, Around};
use super::{Flows, Reason, Record, number};

/// Templates kept.
const MOST: usize = 4_096;
/// Fields of one template.
const FIELDS: usize = 512;
/// Bytes of data that wait for their template.
const WAITING: usize = 1 << 20;
/// A field whose length stands in the record (RFC 7011 section 7).
const VARIABLE: u16 = u16::MAX;

/// Exporter, observation domain (or source id), template; v9 and IPFIX apart.
type Key = (Address, u32, u16, bool);

#[derive(Clone)]
struct Field {
    enterprise: u32,
    id: u16,
    length: u16,
}

#[derive(Clone)]
struct Template {
    fields: Vec<Field>,
    /// It describes options: what its records say is about the exporter.
    is_options: bool,
}

/// A data set that came before its template.
struct Waiting {
    key: Key,
    around: Around,
    bytes: Vec<u8>,
}

#[derive(Default)]
pub(super) struct Templates {
    known: HashMap<Key, Template>,
    waiting: VecDeque<Waiting>,
    held: usize,
}

impl Templates {
    /// A NetFlow v9 datagram: a header of 20 bytes, then sets.
    pub fn v9(
        &mut self,
        exporter: Address,
        bytes: &[u8],
        domains: &mut Domains,
        into: &mut Flows<'_>,
    ) -> Result<(), Reason> {
        let header = bytes.get(..20).ok_or("a NetFlow v9 datagram that is cut off")?;
        let (uptime, domain) = (number(&header[4..8]) as u32, number(&header[16..20]) as u32);
        let sent = steady(domains, (exporter, domain), number(&header[8..12]) as Time * SECOND, uptime);
        let around = Around { sent, uptime: Some(uptime), ..Around::default() };
        self.sets(&bytes[20..], (exporter, domain, 0, false), around, domains, into)
    }

    /// An IPFIX message: a header of 16 bytes with its length, then sets.
    pub fn ipfix(
        &mut self,
        exporter: Address,
        bytes: &[u8],
        domains: &mut Domains,
        into: &mut Flows<'_>,
    ) -> Result<(), Reason> {
        let header = bytes.get(..16).ok_or("an IPFIX message that is cut off")?;
        let length = (number(&header[2..4]) as usize).clamp(16, bytes.len());
        let around = Around { sent: number(&header[4..8]) as Time * SECOND, ..Around::default() };
        let key = (exporter, number(&header[12..16]) as u32, 0, true);
        self.sets(&bytes[16..length], key, around, domains, into)
    }

    fn sets(
        &mut self,
        mut bytes: &[u8],
        key: Key,
        around: Around,
        domains: &mut Domains,
        into: &mut Flows<'_>,
    ) -> Result<(), Reason> {
        while bytes.len() >= 4 {
            let (id, length) = (number(&bytes[..2]) as u16, number(&bytes[2..4]) as usize);
            // Zeros behind the last set are padding.
            if id == 0 && length == 0 {
                return Ok(());
            }
            let set = bytes.get(4..length).ok_or("a set that is cut off")?;
            bytes = &bytes[length..];
            match (id, key.3) {
                (0, false) | (2, true) => self.templates(set, key, false, domains, into)?,
                (1, false) | (3, true) => self.templates(set, key, true, domains, into)?,
                (256.., _) => self.data(set, (key.0, key.1, id, key.3), around, domains, into),
                _ => (into.skip)("a set of an unknown kind"),
            }
        }
        Ok(())
    }

    /// A set of templates, or of templates of options.
    fn templates(
        &mut self,
        mut set: &[u8],
        key: Key,
        is_options: bool,
        domains: &mut Domains,
        into: &mut Flows<'_>,
    ) -> Result<(), Reason> {
        const CUT: Reason = "a template that is cut off";
        while set.len() >= 4 {
            let (id, count) = (number(&set[..2]) as u16, number(&set[2..4]) as usize);
            if id < 256 {
                return Ok(());
            }
            let key = (key.0, key.1, id, key.3);
            set = &set[4..];
            // v9 counts bytes of scopes and of options, IPFIX fields.
            let count = match (is_options, key.3) {
                (false, _) => count,
                (true, true) if count == 0 => 0,
                (true, _) => {
                    let (second, rest) = set.split_at_checked(2).ok_or(CUT)?;
                    set = rest;
                    if key.3 { count } else { (count + number(second) as usize) / 4 }
                }
            };
            if count == 0 {
                // A withdrawal.
                self.known.remove(&key);
                continue;
            }
            if count > FIELDS {
                return Err("a template of too many fields");
            }
            let mut fields = Vec::with_capacity(count);
            for _ in 0..count {
                let (field, rest) = set.split_at_checked(4).ok_or(CUT)?;
                set = rest;
                let (mut id, length) = (number(&field[..2]) as u16, number(&field[2..]) as u16);
                let mut enterprise = 0;
                if key.3 && id & 0x8000 != 0 {
                    let (number_of, rest) = set.split_at_checked(4).ok_or(CUT)?;
                    (id, enterprise, set) = (id & 0x7fff, number(number_of) as u32, rest);
                }
                fields.push(Field { enterprise, id, length });
            }
            if self.known.len() >= MOST && !self.known.contains_key(&key) {
                return Err("more templates than are kept");
            }
            self.known.insert(key, Template { fields, is_options });
            self.release(key, domains, into);
        }
        Ok(())
    }

    fn data(&mut self, set: &[u8], key: Key, around: Around, domains: &mut Domains, into: &mut Flows<'_>) {
        match self.known.get(&key) {
            Some(template) => records(template, set, key, around, domains, into),
            None if set.len() <= WAITING => {
                self.held += set.len();
                self.waiting.push_back(Waiting { key, around, bytes: set.to_vec() });
                while self.held > WAITING
                    && let Some(oldest) = self.waiting.pop_front()
                {
                    self.held -= oldest.bytes.len();
                    (into.skip)("data whose template did not come");
                }
            }
            None => (into.skip)("data whose template did not come"),
        }
    }

    /// What waited for this template.
    fn release(&mut self, key: Key, domains: &mut Domains, into: &mut Flows<'_>) {
        if !self.waiting.iter().any(|waiting| waiting.key == key) {
            return;
        }
        let Some(template) = self.known.get(&key) else { return };
        for waiting in std::mem::take(&mut self.waiting) {
            if waiting.key == key {
                self.held -= waiting.bytes.len();
                records(template, &waiting.bytes, key, waiting.around, domains, into);
            } else {
                self.waiting.push_back(waiting);
            }
        }
    }

    /// The input has ended: what still waits is lost.
    pub fn end(&mut self, skip: &mut dyn FnMut(Reason)) {
        self.waiting.drain(..).for_each(|_| skip("data whose template did not come"));
        self.held = 0;
    }
}

/// The records of a data set; bytes too few for another are padding.
fn records(
    template: &Template,
    mut set: &[u8],
    key: Key,
    around: Around,
    domains: &mut Domains,
    into: &mut Flows<'_>,
) {
    let domain = (key.0, key.1);
    loop {
        let known = domains.get(&domain).copied().unwrap_or_default();
        let mut record = Record { sampling: known.sampling, ..Record::default() };
        let mut around = Around { started: known.started, ..around };
        let before = set.len();
        for field in &template.fields {
            let Some((bytes, rest)) = value(field, set) else { return };
            set = rest;
            fields::take(&mut record, &mut around, field.enterprise, field.id, bytes);
        }
        // A template of no bytes would stand still.
        if set.len() == before {
            return;
        }
        let told = around.sampling.map(|interval| match around.space {
            0 => interval,
            space => interval.saturating_add(space) / interval.max(1),
        });
        if template.is_options {
            if told.is_some() || around.started.is_some() {
                let sampling = told.unwrap_or(known.sampling);
                let domain = domains.entry(domain).or_default();
                (domain.sampling, domain.started) = (sampling, around.started);
            }
            continue;
        }
        record.sampling = told.unwrap_or(record.sampling).max(1);
        fields::finish(&mut record, &around);
        into.record(&record);
        if around.is_biflow && around.reverse_packets > 0 {
            into.record(&Record {
                source: record.target,
                target: record.source,
                source_port: record.port,
                port: record.source_port,
                flags: around.reverse_flags,
                packets: around.reverse_packets,
                ..record
            });
        }
    }
}

/// The bytes of one field, and what follows.
fn value<'a>(field: &Field, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    if field.length != VARIABLE {
        return bytes.split_at_checked(usize::from(field.length));
    }
    let (&short, rest) = bytes.split_first()?;
    if short < 255 {
        return rest.split_at_checked(usize::from(short));
    }
    let (long, rest) = rest.split_at_checked(2)?;
    rest.split_at_checked(number(long) as usize)
}
