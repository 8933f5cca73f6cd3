//! Depth: what is read from scans once they stand, at the end of a run. With which tool, in which order, together with
//! whom, from which list, what each learned, and who came back to use it.
//!
//! The problem: each of these questions needs more than one source's memory, and none may slow the line. The way: they
//! are asked once, of the campaigns that stand, in the order in which the answers build on each other. The limit: what
//! is remembered of each campaign is bounded (the first 256 targets and 64 later ones), and so are the numbers here.

mod background; // what is like many others
mod exposed; // who has seen what a survey found exposed
mod joins; // coordinated sources become one campaign
mod lessons; // what each campaign learned, by host
mod returns; // visits, and which of them came back
mod severity; // how much it matters, with all that is known
mod view; // what is known of the scanned side

use std::borrow::Cow;

use hashbrown::HashMap;
use std::collections::HashMap as Worst;

use crate::blocks::Blocks;
use crate::campaign::Standing;
use crate::contact::{SECOND, Time, traits};
use crate::detect::Sense;
use crate::detect::dossier::Dossier;
use crate::heard::Heard;
use crate::imprint::Imprints;
use crate::inventory::{Exposure, Rung};
use crate::net::Address;
use crate::permutation::{self, Tables};
use crate::record::{Blind, Campaign, FollowUp, Lesson, Order, Status};
use crate::shard::{Finding, Shard};
use crate::trace::Trace;
use crate::utterance::Utterance;
use crate::world::World;
use crate::{procedures, target_list, tools};

/// Scans in which a permutation is sought, at most.
const SEARCHES: usize = 64;
/// Lists and orders of ports tried in all of them: each takes some ten milliseconds.
const TRIED: usize = 1_024;
/// Fewer hits show no permutation.
const FEWEST_HITS: usize = 6;

/// A pause in discovery after which it is over: this long, and so many of its own gaps.
const LONG_PAUSE: Time = 600 * SECOND;
const LONG_GAPS: Time = 50;

/// The run whose scans are looked into.
pub struct Run<'a> {
    /// All sources.
    pub shards: &'a [Shard],
    /// What spans sources.
    pub world: &'a World,
    /// The own blocks.
    pub blocks: &'a Blocks,
    /// First and last contact.
    pub span: (Time, Time),
    /// Which targets were left out is not known: the inputs are a sample.
    pub is_sampled: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Depth {
    /// All campaigns, those joined into others included.
    pub campaigns: Vec<Campaign>,
    /// What they learned.
    pub lessons: Vec<Lesson>,
    /// Who came back.
    pub follow_ups: Vec<FollowUp>,
    /// What a survey found exposed, and who has seen it.
    pub exposures: Vec<Exposure>,
    /// The highest rung that each campaign was shown, where the policy does not allow it.
    pub worst: Worst<String, Rung>,
    /// What could not be asked.
    pub blind: Vec<Blind>,
}

/// A campaign with what it is made from.
struct Scan<'a> {
    campaign: Campaign,
    /// The one that began first, then the others.
    sources: Vec<Address>,
    standing: Standing,
    dossier: Cow<'a, Dossier>,
    heard: Vec<&'a Heard>,
    trace: Trace,
    /// What of a survey's exposures it was shown, worst first.
    shown: Vec<exposed::Shown>,
}

impl<'a> Scan<'a> {
    fn of(finding: Finding<'a>) -> Self {
        let Finding { source, campaign, standing, dossier, heard } = finding;
        let trace = dossier.trace(source);
        let dossier = Cow::Borrowed(dossier);
        Self { campaign, sources: vec![source], standing, dossier, heard, trace, shown: Vec::new() }
    }

    /// Neither withdrawn nor joined into another.
    fn stands(&self) -> bool {
        self.campaign.status != Status::Withdrawn && self.campaign.merged_into.is_none()
    }

    /// What its sources said, as clients.
    fn said(&self) -> Vec<&'a Utterance> {
        self.heard.iter().filter(|h| h.by_source()).map(|h| &h.utterance).collect()
    }

    /// The last new target before the first long pause: what comes later is no discovery any more, and a source that
    /// comes back may touch something new.
    fn last_new(&self) -> Time {
        let pause = LONG_PAUSE.max(self.dossier.median_gap().unwrap_or(0).saturating_mul(LONG_GAPS));
        let mut last = self.trace.start;
        for hit in &self.trace.hits {
            if hit.time - last > pause {
                break;
            }
            last = last.max(hit.time);
        }
        last
    }
}

impl Run<'_> {
    /// Looks into the scans.
    pub fn fathom(&self, findings: Vec<Finding<'_>>, tables: &mut Tables) -> Depth {
        let mut scans: Vec<Scan<'_>> = findings.into_iter().map(Scan::of).collect();
        scans.sort_by(|a, b| (a.trace.start, &a.campaign.id).cmp(&(b.trace.start, &b.campaign.id)));
        for scan in &mut scans {
            scan.campaign.tools = tools::named(&scan.dossier.imprints, &scan.said());
        }
        self.recover(&mut scans, tables);
        self.join(&mut scans);
        let holdings = self.holdings();
        for scan in scans.iter_mut().filter(|s| s.stands() && !self.is_sampled) {
            let coverage = view::coverage(&scan.campaign, self.blocks);
            let view = target_list::View {
                trace: &scan.trace,
                coverage: &coverage,
                holdings: &holdings,
                permutation: scan.campaign.permutation.as_ref(),
                replies_seen: !self.world.is_one_way(),
            };
            scan.campaign.target_list = target_list::judge(&view);
        }
        let lessons = lessons::draw(&mut scans, self.world.known());
        exposed::show(&mut scans, self.world.known());
        let mut blind = Vec::new();
        let follow_ups = self.returns(&mut scans).unwrap_or_else(|| {
            let why = "more visits to what scans revealed than can be weighed at once: give a shorter time";
            blind.push(Sense::Returns.blind(why));
            Vec::new()
        });
        for scan in scans.iter_mut().filter(|s| s.stands()) {
            let said = scan.said();
            scan.campaign.procedures = procedures::resembled(&scan.campaign, &said);
            severity::judge(scan, &said, self.world.known());
        }
        background::fold(&mut scans);
        let (exposures, worst) = exposed::seen_by(&scans, self.world.known());
        let campaigns = scans.into_iter().map(|scan| scan.campaign).collect();
        Depth { campaigns, lessons, follow_ups, exposures, worst, blind }
    }

    /// Recovers permutations: of scans that look like ZMap's first, then of others without a visible order.
    fn recover(&self, scans: &mut [Scan<'_>], tables: &mut Tables) {
        let tool = |scan: &Scan<'_>| scan.campaign.tools.first().map(|t| t.name.clone());
        let mut places: Vec<(bool, usize)> = Vec::new();
        for (place, scan) in scans.iter().enumerate() {
            let zmap = tool(scan).as_deref() == Some("zmap");
            let open = tool(scan).is_none()
                && may_be_zmap(&scan.dossier.imprints)
                && matches!(scan.campaign.order, Order::Permutation | Order::Random | Order::Unknown);
            if scan.stands() && scan.trace.hits.len() >= FEWEST_HITS && (zmap || open) {
                places.push((!zmap, place));
            }
        }
        places.sort_unstable();
        let mut left = TRIED;
        for (_, place) in places.into_iter().take(SEARCHES) {
            let scan = &mut scans[place];
            scan.campaign.permutation =
                permutation::recover(&scan.trace, self.blocks, tables, &mut left).ok();
        }
    }
}

/// Whether raw packets like ZMap's are among them: it never sets "don't fragment", as stacks do.
fn may_be_zmap(imprints: &Imprints) -> bool {
    imprints.classes().iter().flat_map(|class| &class.kept).any(|i| i.traits & traits::DONT_FRAGMENT == 0)
}

/// The place of the campaign that each source belongs to now.
fn places(scans: &[Scan<'_>]) -> HashMap<Address, usize> {
    let mut places = HashMap::new();
    for (place, scan) in scans.iter().enumerate().filter(|(_, s)| s.stands()) {
        places.extend(scan.sources.iter().map(|source| (*source, place)));
    }
    places
}
