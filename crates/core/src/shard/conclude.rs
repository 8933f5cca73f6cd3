//! The end of a shard: every source is weighed with all that is known. And the end of one source's memory, when it was
//! quiet for too long or must make room.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Shard, Surroundings, Tally};
use crate::campaign::{Draft, Standing};
use crate::contact::Time;
use crate::detect::dossier::Dossier;
use crate::detect::{Case, decided, weigh};
use crate::heard::Heard;
use crate::net::Address;
use crate::record::Campaign;
use crate::table::More;

/// Targets kept of a campaign whose memory goes; of those that answered as many again.
const REMAINS: usize = 32;
/// Utterances kept of it.
const LAST_WORDS: usize = 16;
/// ... within so many bytes.
const LAST_BYTES: usize = 4_096;

/// A campaign, and what it was made from.
#[derive(Debug)]
pub struct Finding<'a> {
    /// Its source.
    pub source: Address,
    /// The record, final revision.
    pub campaign: Campaign,
    /// Where it stands.
    pub standing: Standing,
    /// What is remembered of the source.
    pub dossier: &'a Dossier,
    /// What was said to and by the source, in the order of time.
    pub heard: Vec<&'a Heard>,
}

/// A campaign whose memory went: its record, and what still matters of the rest.
#[derive(Debug, Serialize, Deserialize)]
pub struct Finished {
    source: Address,
    campaign: Campaign,
    standing: Standing,
    dossier: Dossier,
    heard: Vec<Heard>,
}

/// What came of one shard.
#[derive(Debug, Default)]
pub struct Concluded<'a> {
    /// The campaigns.
    pub findings: Vec<Finding<'a>>,
    /// What looked like a scan and is something else.
    pub instead: Vec<(&'static str, Tally)>,
    /// Campaigns for whose records there was no memory.
    pub unreported: u64,
}

impl Concluded<'_> {
    /// The tally of one kind.
    pub fn tally(&mut self, what: &'static str) -> &mut Tally {
        let place = self.instead.iter().position(|(w, _)| *w == what).unwrap_or_else(|| {
            self.instead.push((what, Tally::default()));
            self.instead.len() - 1
        });
        &mut self.instead[place].1
    }
}

impl Shard {
    /// The end: every source is weighed with all that is known.
    pub fn conclude(&self, now: Time, around: &Surroundings<'_>) -> Concluded<'_> {
        let finished = self.finished.iter().map(|f| Finding {
            source: f.source,
            campaign: f.campaign.clone(),
            standing: f.standing.clone(),
            dossier: &f.dossier,
            heard: f.heard.iter().collect(),
        });
        let mut concluded =
            Concluded { findings: finished.collect(), unreported: self.unreported, ..Concluded::default() };
        for source in self.table.iter() {
            let Some(more) = &source.more else { continue };
            let (judged, instead) = judge(source.address, more, now, around);
            if let Some(what) = instead {
                concluded.tally(what).add(source.address, more.dossier.probe_count);
            }
            let Some((campaign, standing)) = judged else { continue };
            let mut heard: Vec<&Heard> = more.heard.iter().chain(self.ring.of(source.address)).collect();
            heard.sort_by_key(|h| h.time());
            let dossier = &more.dossier;
            concluded.findings.push(Finding { source: source.address, campaign, standing, dossier, heard });
            if concluded.findings.len() > 2 * self.records {
                concluded.unreported +=
                    keep_strongest(&mut concluded.findings, self.records, |f| &f.campaign);
            }
        }
        concluded.unreported += keep_strongest(&mut concluded.findings, self.records, |f| &f.campaign);
        let mut backscatter: Vec<(Address, u64)> = self.backscatter.iter().map(|(a, n)| (*a, *n)).collect();
        backscatter.sort_unstable();
        for (source, packets) in backscatter {
            concluded.tally("backscatter").add(source, packets);
        }
        if self.backscatter_uncounted > 0 {
            concluded.tally("backscatter").packets += self.backscatter_uncounted;
        }
        concluded
    }

    /// Keeps the record of a campaign whose memory goes.
    pub(super) fn finish(&mut self, source: Address, mut more: More, around: &Surroundings<'_>) {
        let Some((campaign, standing)) = judge(source, &more, self.clock, around).0 else { return };
        more.heard.extend(self.ring.claim(source));
        more.cut_words(LAST_WORDS, LAST_BYTES);
        more.dossier.trim(REMAINS);
        self.finished.push(Finished { source, campaign, standing, dossier: more.dossier, heard: more.heard });
        // A little more than there is room for, so that not every one costs a sort.
        if self.finished.len() > self.records + self.records / 8 {
            self.unreported += keep_strongest(&mut self.finished, self.records, |f| &f.campaign);
        }
    }
}

/// Keeps the most severe, and of these the ones with most evidence; gives how many went.
fn keep_strongest<T>(all: &mut Vec<T>, most: usize, campaign: fn(&T) -> &Campaign) -> u64 {
    let gone = all.len().saturating_sub(most);
    if gone > 0 {
        let worth = |of: &T| (campaign(of).severity, campaign(of).bits);
        all.sort_by(|a, b| worth(b).partial_cmp(&worth(a)).unwrap_or(Ordering::Equal));
        all.truncate(most);
    }
    gone as u64
}

type Judged = (Campaign, Standing);

/// The last judgement on a source: its campaign if there is one, and what it is instead if it only looked like one.
fn judge(
    source: Address,
    more: &More,
    now: Time,
    around: &Surroundings<'_>,
) -> (Option<Judged>, Option<&'static str>) {
    let case = Case::new(source, &more.dossier, around.world, Time::MAX);
    let ledger = weigh(&case);
    let looked_like_one = ledger.bits_without_setting_aside() >= crate::evidence::THRESHOLD;
    let instead = ledger.instead().filter(|_| !ledger.decides() && looked_like_one).map(|(what, _)| what);
    let standing = match &more.campaign {
        Some(standing) => {
            let mut standing = standing.clone();
            standing.judge(&ledger);
            standing
        }
        None if ledger.decides() => Standing::open(decided(source, &more.dossier, around.world, Time::MAX)),
        None => return (None, instead),
    };
    let sources = &[source];
    let draft =
        Draft { sources, case: &case, ledger: &ledger, standing: &standing, blocks: around.blocks, now };
    (Some((draft.record(), standing)), instead)
}
