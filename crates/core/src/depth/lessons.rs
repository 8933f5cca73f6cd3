//! What each campaign learned: by host, which services answered, what they gave away, and whether anybody knew before.

use hashbrown::HashMap;

use super::Scan;
use crate::contact::{Outcome, Service, Time, traits};
use crate::detect::dossier::{Probe, Stack};
use crate::inventory::{Known as Surveyed, LearnedExposure};
use crate::net::Address;
use crate::record::{
    FactKind, Lesson, LessonCounts, LessonFact, SCHEMA_VERSION, ServiceLesson, ServiceState,
};
use crate::utterance::Utterance;

/// Hosts told of a campaign.
const HOSTS: usize = 1_000;
/// Services told of a host.
const SERVICES: usize = 64;
/// Facts told of a service.
const FACTS: usize = 16;

/// Draws the lessons of all standing campaigns, and counts them in their records.
pub(super) fn draw(scans: &mut [Scan<'_>], surveyed: Option<&Surveyed>) -> Vec<Lesson> {
    let known = learners(scans);
    let kin = kin(scans);
    let mut lessons = Vec::new();
    for place in 0..scans.len() {
        if !scans[place].stands() {
            continue;
        }
        let (mine, counts) = of_one(scans, place, &known, &kin[place], surveyed);
        scans[place].campaign.lessons = counts;
        lessons.extend(mine);
    }
    lessons
}

/// When a service was first shown open to a campaign, and to which.
type Known = HashMap<(Address, Service), (Time, usize)>;

/// The services that campaigns were shown open.
fn learners(scans: &[Scan<'_>]) -> Known {
    let mut known = Known::new();
    for (place, scan) in scans.iter().enumerate().filter(|(_, s)| s.stands()) {
        for probe in scan.dossier.probes.iter().filter(|p| is_open(p)) {
            let first = known.entry((probe.target, probe.service())).or_insert((probe.first, place));
            *first = (*first).min((probe.first, place));
        }
    }
    known
}

/// For each campaign the others that stand and have a source in common with it.
fn kin(scans: &[Scan<'_>]) -> Vec<Vec<usize>> {
    let mut of_source: HashMap<Address, Vec<usize>> = HashMap::new();
    for (place, scan) in scans.iter().enumerate().filter(|(_, s)| s.stands()) {
        scan.sources.iter().for_each(|source| of_source.entry(*source).or_default().push(place));
    }
    let others = |(place, scan): (usize, &Scan<'_>)| {
        let of = |source| of_source.get(source).into_iter().flatten().copied();
        let mut kin: Vec<usize> = scan.sources.iter().flat_map(of).filter(|other| *other != place).collect();
        kin.sort_unstable();
        kin.dedup();
        kin
    };
    scans.iter().enumerate().map(others).collect()
}

fn of_one(
    scans: &[Scan<'_>],
    place: usize,
    known: &Known,
    kin: &[usize],
    surveyed: Option<&Surveyed>,
) -> (Vec<Lesson>, LessonCounts) {
    let scan = &scans[place];
    let mut told: HashMap<(Address, Service), Vec<&Utterance>> = HashMap::new();
    for heard in scan.heard.iter().filter(|h| !h.by_source()) {
        told.entry(heard.target()).or_default().push(&heard.utterance);
    }
    let mut probes: Vec<(usize, &Probe)> = scan.dossier.probes.iter().enumerate().collect();
    probes.sort_by_key(|(_, p)| (p.target, p.service()));
    let mut counts = LessonCounts::default();
    let mut lessons = Vec::new();
    for host in probes.chunk_by(|a, b| a.1.target == b.1.target) {
        let answered = |p: &Probe| p.outcome >= Outcome::Refused;
        let Some(time) = host.iter().filter(|(_, p)| answered(p)).map(|(_, p)| p.first).min() else {
            continue;
        };
        let mut services: Vec<ServiceLesson> = Vec::new();
        // Open ones first, so that the bound leaves out none of them for a closed one.
        let open = host.iter().filter(|(_, p)| is_open(p));
        let closed = host.iter().filter(|(_, p)| p.service().has_port() && p.outcome == Outcome::Refused);
        for (_, probe) in open.chain(closed) {
            let before = Before::of(scans, place, kin, probe, known);
            let told = told.get(&(probe.target, probe.service())).map_or(&[][..], Vec::as_slice);
            let mut lesson = service(probe, told, before);
            if lesson.state == ServiceState::Open {
                let tells = |f: &LessonFact| matches!(f.what, FactKind::Software | FactKind::Banner);
                counts.open += 1;
                counts.versions += u64::from(lesson.facts.iter().any(tells));
                counts.new_to_anyone += u64::from(lesson.known_since.is_none());
                lesson.exposures = surveyed.map(|s| exposed(s, probe)).unwrap_or_default();
            }
            services.push(lesson);
        }
        services.truncate(SERVICES);
        let stack =
            scan.dossier.stacks.iter().find(|s| host.iter().any(|(at, _)| *at == usize::from(s.place)));
        if lessons.len() < HOSTS {
            lessons.push(Lesson {
                schema_version: SCHEMA_VERSION,
                campaign: scan.campaign.id.clone(),
                host: host[0].1.target.to_string(),
                time: time.into(),
                alive_only: !host.iter().any(|(_, p)| is_open(p)),
                services,
                filtered: host.iter().filter(|(_, p)| p.outcome < Outcome::Refused).count() as u64,
                stack: stack.map(stack_words),
            });
        }
    }
    (lessons, counts)
}

/// What was known of a service before this campaign learned it.
struct Before {
    campaign: Option<String>,
    to_scanner: bool,
}

impl Before {
    fn of(scans: &[Scan<'_>], place: usize, kin: &[usize], probe: &Probe, known: &Known) -> Self {
        let mine = (probe.first, place);
        let first = known.get(&(probe.target, probe.service())).filter(|first| **first < mine);
        let knew = |other: &usize| {
            let dossier = &scans[*other].dossier;
            let kept = dossier.place(probe.target, probe.service()).map(|at| &dossier.probes[at]);
            kept.is_some_and(|p| is_open(p) && (p.first, *other) < mine)
        };
        Self {
            campaign: first.map(|(_, other)| scans[*other].campaign.id.clone()),
            to_scanner: kin.iter().any(knew),
        }
    }
}

fn service(probe: &Probe, told: &[&Utterance], before: Before) -> ServiceLesson {
    let mut protocol = None;
    let mut facts: Vec<LessonFact> = Vec::new();
    for utterance in told {
        protocol = protocol.or_else(|| Some(utterance.protocol.name()).filter(|name| !name.is_empty()));
        for fact in utterance.facts.iter() {
            let fact = LessonFact { what: fact.what, text: fact.text.into() };
            if facts.len() < FACTS && !facts.contains(&fact) {
                facts.push(fact);
            }
        }
    }
    ServiceLesson {
        service: probe.service().to_string(),
        state: if probe.failed() { ServiceState::Closed } else { ServiceState::Open },
        protocol: protocol.map(Into::into),
        facts,
        new_to_scanner: !before.to_scanner,
        known_since: before.campaign,
        exposures: Vec::new(),
    }
}

/// What a survey found exposed at a target.
fn exposed(surveyed: &Surveyed, probe: &Probe) -> Vec<LearnedExposure> {
    let places = surveyed.exposed(probe.target, probe.service());
    let exposures = places.iter().filter_map(|place| surveyed.exposures().get(*place));
    exposures
        .map(|e| LearnedExposure { check: e.check.clone(), rung: e.rung, what: e.what.clone() })
        .collect()
}

/// Whether a service, not only a host, was shown to be there.
pub(super) fn is_open(probe: &Probe) -> bool {
    probe.service().has_port() && probe.answered()
}

/// What a SYN-ACK's headers tell: initial values of the time to live are 32, 64, 128 and 255, and routes are shorter
/// than 32 hops. Options answer those of the SYN, so their absence proves nothing.
fn stack_words(stack: &Stack) -> String {
    let initial = [32u8, 64, 128, 255].into_iter().find(|t| stack.ttl <= *t).unwrap_or(255);
    let family = match (initial, stack.window) {
        (128, _) => "as Windows sends it",
        (64, 65_160 | 64_240 | 28_960 | 29_200 | 14_480 | 14_600 | 5_792 | 5_840 | 43_440 | 43_690) => {
            "as Linux sends it"
        }
        (64, 65_535) => "as BSD and macOS send it",
        (64, _) => "as Unix-like systems send it",
        _ => "as network equipment sends it",
    };
    let options: Vec<&str> = [
        (traits::MSS, "MSS"),
        (traits::SACK_PERMITTED, "SACK"),
        (traits::TIMESTAMP, "timestamps"),
        (traits::WINDOW_SCALE, "window scale"),
    ]
    .into_iter()
    .filter(|(bit, _)| stack.traits & bit != 0)
    .map(|(_, name)| name)
    .collect();
    let options = if options.is_empty() { "no options".to_owned() } else { options.join(", ") };
    format!("TTL {} of {initial}, window {}, {options}: {family}", stack.ttl, stack.window)
}
