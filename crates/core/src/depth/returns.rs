//! Who used which service, and which of these visits came back to what a scan had revealed.

use hashbrown::HashSet;
use sha2::{Digest, Sha256};

use super::{Run, Scan, lessons, places};
use crate::campaign::base32;
use crate::contact::{Outcome, SECOND, Service, Time, Transport};
use crate::detect::dossier::Probe;
use crate::follow_up::{self, Return, Revealed, Scanner, Visit};
use crate::net::Address;
use crate::record::{ATTACK_VERSION, FollowUp, SCHEMA_VERSION, Severity};

/// Visits weighed at most.
const VISITS: usize = 1 << 20;
/// Targets listed of a follow-up.
const TARGETS: usize = 256;

impl Run<'_> {
    /// Finds returns, and notes them in the campaigns that revealed their targets. `None`: there are too many visits to weigh;
    /// with a part of them popular services would look quiet, and ordinary visitors like returns.
    pub(super) fn returns(&self, scans: &mut [Scan<'_>]) -> Option<Vec<FollowUp>> {
        let (mut scanners, mut revealed) = (Vec::new(), Vec::new());
        for (place, scan) in scans.iter().enumerate() {
            let open = scan.dossier.probes.iter().filter(|p| scan.stands() && lessons::is_open(p));
            let shown = open.map(|p| Revealed {
                campaign: place,
                host: p.target,
                service: p.service(),
                time: p.first,
            });
            let before = revealed.len();
            revealed.extend(shown);
            let mut sources = scan.sources.clone();
            sources.sort_unstable();
            scanners.push(Scanner {
                sources,
                start: scan.trace.start,
                end: scan.last_new(),
                gap: scan.dossier.median_gap().unwrap_or(0),
                hosts: scan.trace.hosts,
                open: (revealed.len() - before) as u64,
            });
        }
        let visits = self.visits(scans, &scanners, &revealed);
        if visits.len() > VISITS {
            return None;
        }
        let returns = follow_up::find(&scanners, &revealed, &visits, self.span);
        let mut records: Vec<FollowUp> = Vec::new();
        for found in returns {
            let scan = &mut scans[found.campaign];
            let record = record(&found, scan);
            scan.campaign.follow_ups.push(record.id.clone());
            records.push(record);
        }
        Some(records)
    }

    /// All visits of those who used something that was revealed: nobody else came back to it.
    fn visits(&self, scans: &[Scan<'_>], scanners: &[Scanner], revealed: &[Revealed]) -> Vec<Visit> {
        let shown: HashSet<(Address, Service)> = revealed.iter().map(|r| (r.host, r.service)).collect();
        let mut visits = Vec::new();
        if shown.is_empty() {
            return visits;
        }
        let places = places(scans);
        let used = |p: &&Probe| p.service().has_port() && (p.used() || p.talked());
        for source in self.shards.iter().flat_map(|shard| shard.table().iter()) {
            let campaign = places.get(&source.address).copied();
            let came = |p: &Probe| used(&p) && shown.contains(&(p.target, p.service()));
            if campaign.is_none() && !source.probes().any(came) {
                continue;
            }
            // Of a scanner only what it touched after its scan: a second sweep misses again, a return does not.
            let after = campaign
                .map_or(Time::MIN, |place| scanners[place].end.saturating_add(scanners[place].pause()));
            let counted = |p: &&Probe| p.first + Time::from(p.again) * SECOND > after;
            let answered =
                source.probes().filter(counted).filter(|p| p.outcome >= Outcome::Answered).count() as u32;
            let missed = source.probes().filter(counted).count() as u32 - answered;
            let visit = |probe: &Probe| Visit {
                source: source.address,
                host: probe.target,
                service: probe.service(),
                start: probe.first,
                end: probe.first + Time::from(probe.again) * SECOND,
                sessions: u64::from(probe.visits),
                spoke: probe.outcome >= Outcome::Told,
                answered,
                missed,
                campaign,
            };
            visits.extend(source.probes().filter(used).map(visit));
            let Some(more) = source.more.as_ref().filter(|_| campaign.is_some()) else { continue };
            // A scanner's own later sessions: the first touch of the target was the scan's.
            visits.extend(more.dossier.returns.iter().map(|r| Visit {
                start: r.first,
                end: r.last,
                sessions: u64::from(r.sessions),
                spoke: r.spoke,
                ..visit(&more.dossier.probes[usize::from(r.place)])
            }));
            if visits.len() > VISITS {
                break;
            }
        }
        visits.sort_by_key(|v| (v.start, v.source, v.host, v.service));
        visits
    }
}

fn record(found: &Return, scan: &Scan<'_>) -> FollowUp {
    let bits = (found.bits * 1024.0).round() / 1024.0;
    FollowUp {
        schema_version: SCHEMA_VERSION,
        id: id(found, &scan.campaign.id),
        scan: scan.campaign.id.clone(),
        scanner: scan.sources[0].to_string(),
        source: found.source.to_string(),
        link: found.link,
        targets: found.targets.iter().take(TARGETS).map(|(host, service)| name(*host, *service)).collect(),
        start: found.start.into(),
        end: found.end.into(),
        delay: ((found.start - found.revealed) as f64 / SECOND as f64 * 1e3).round() / 1e3,
        sessions: found.sessions,
        bits,
        confidence: crate::evidence::Bits::new(bits).confidence(),
        severity: Severity::Critical,
        techniques: if found.targets.iter().any(|(_, s)| is_remote_access(*s)) {
            vec!["T1133".into()]
        } else {
            Vec::new()
        },
        attack_version: ATTACK_VERSION.into(),
        text: found.text.clone(),
    }
}

/// The id: 80 bits over the visitor, its first visit and the campaign.
fn id(found: &Return, campaign: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(found.source.number().to_be_bytes());
    hash.update(found.start.to_be_bytes());
    hash.update(campaign);
    base32(&hash.finalize())
}

/// `192.0.2.1:22`, `[2001:db8::1]:22`.
fn name(host: Address, service: Service) -> String {
    if host.is_v4() { format!("{host}:{}", service.port) } else { format!("[{host}]:{}", service.port) }
}

/// What T1133 (External Remote Services) is about: all but what the public is meant to use.
fn is_remote_access(service: Service) -> bool {
    const PUBLIC: [u16; 8] = [25, 53, 80, 123, 443, 465, 587, 8080];
    service.transport != Transport::Icmp && !PUBLIC.contains(&service.port)
}
