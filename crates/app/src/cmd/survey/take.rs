//! One survey: everything from the scope to the page.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use watchpost_core::contact::Time;
use watchpost_core::inventory::{Asked, Inventory, Policy, Previous, settle};
use watchpost_core::record::{Severity, Stamp};
use watchpost_survey::audit::{Event, Log};
use watchpost_survey::govern::Governor;
use watchpost_survey::identify::recog::Fingerprints;
use watchpost_survey::scope::Scope;
use watchpost_survey::take::{self, Discover, Failed, Found, Request, Sender};
use watchpost_survey::talk::{Caller, Patience};

use super::examine::{self, Shown};
use super::resume::{self, Kept};
use super::{dry, plan, progress, report, send};
use crate::args::Screen as Typed;
use crate::args::survey::Take;
use crate::cmd::audit::{self, note, unwritable};
use crate::cmd::control::{self, NOT_PROVEN};
use crate::exit::{Exit, Failure, output_failed, why};
use crate::inventory;
use crate::render::clean::clean;
use crate::render::survey as page;
use crate::render::words::plural;
use crate::render::{Screen, json};
use crate::stop;

/// Sentences of one kind, at most.
const SENTENCES: usize = 5;

/// A survey that was taken, and how it ended.
pub struct Taken {
    /// What it found, settled.
    pub inventory: Inventory,
    /// How the run ends.
    pub exit: Exit,
}

/// Runs the command.
///
/// # Errors
/// Nothing could be sent, or a file does not hold.
pub fn run(typed: &Take, screen: &Typed) -> Result<Exit, Failure> {
    let read = plan::scope(&typed.scope, typed.json)?;
    if typed.dry_run {
        return dry::run(typed, &read.scope, screen.quiet);
    }
    let previous = typed
        .previous
        .as_deref()
        .map(|name| Ok((inventory::read(name, screen.quiet)?, hash_of(Path::new(name)))));
    let previous = previous.transpose()?;
    let files = Files { resume: typed.resume.as_deref(), or_anew: false, out: typed.out.as_deref() };
    let before = previous.as_ref().map(|(inventory, hash)| (inventory, hash.clone()));
    let taken = take(typed, screen, &read, before, &files)?;
    show(typed.json, screen, &taken.inventory)?;
    Ok(taken.exit)
}

/// Prints it.
///
/// # Errors
/// It cannot be written.
pub fn show(as_json: bool, screen: &Typed, inventory: &Inventory) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if as_json {
        json::records(&mut out, inventory.records())
    } else {
        let text = page::page(inventory, &Screen::new(screen, true));
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    written.map_or_else(|error| output_failed(&error), |()| Ok(Exit::Done))
}

/// The survey before, and the hash of its file.
type Before<'a> = Option<(&'a Inventory, Option<String>)>;

/// The files of one survey.
pub struct Files<'a> {
    /// What a stop left, to go on with.
    pub resume: Option<&'a Path>,
    /// Begin anew where that was another survey.
    pub or_anew: bool,
    /// Where what it finds is written.
    pub out: Option<&'a Path>,
}

/// Takes one, writes its file, and keeps what a stop leaves.
///
/// # Errors
/// As [`run`].
pub fn take(
    typed: &Take,
    screen: &Typed,
    read: &plan::Read,
    before: Before<'_>,
    files: &Files<'_>,
) -> Result<Taken, Failure> {
    let say = |sentence: &str| {
        if !screen.quiet {
            // Where standard error is gone there is nobody left to tell.
            let _ = writeln!(io::stderr().lock(), "note: {}", clean(sentence));
        }
    };
    let mut ready = ready(typed, read, before.as_ref().map(|(inventory, _)| *inventory), files, &say)?;
    let sent = send(typed, screen, &mut ready)?;
    finish(typed, ready, sent, before, files, &say)
}

/// Everything that has to hold before the first packet.
struct Ready<'a> {
    scope: &'a Scope,
    /// With the hash of its file.
    policy: Option<(Policy, Option<String>)>,
    prints: Fingerprints,
    request: Request,
    /// What was wanted, before this machine's ways cut it: where they differ on the day it goes on, it is still the same survey.
    wanted: String,
    start: Stamp,
    found: Found,
    governor: Governor,
    log: Log<File>,
    control: String,
    sender: Sender,
}

fn ready<'a>(
    typed: &Take,
    read: &'a plan::Read,
    before: Option<&Inventory>,
    files: &Files<'_>,
    say: &dyn Fn(&str),
) -> Result<Ready<'a>, Failure> {
    let scope = &read.scope;
    scope.open(Timestamp::now()).map_err(|closed| {
        let hint = "Nothing was sent. `watchpost scope check` says when it is open.";
        Failure::configuration(format!("{}: {closed}", typed.scope.display()), hint)
    })?;
    let policy = typed.policy.as_deref().map(|path| Ok((policy(path)?, hash_of(path)))).transpose()?;
    let prints = prints(typed)?;
    few(prints.troubles().iter().map(ToString::to_string)).iter().for_each(|trouble| say(trouble));
    let kept = files.resume.map(Kept::read).transpose()?;
    let seed = kept.as_ref().map_or_else(|| plan::seed(typed.seed), |kept| Ok(kept.seed))?;
    let (mut request, cut) = plan::request(typed, scope, seed)?;
    let standing = before.into_iter().flat_map(Inventory::standing);
    request.known = standing.filter_map(|service| service.host.parse().ok()).collect();
    let wanted = resume::fingerprint(&request);
    let (mut start, mut found) = (now().into(), Found::default());
    if let (Some(kept), Some(path)) = (kept, files.resume) {
        match kept.fits(path, &scope.hash(), &wanted) {
            Ok(()) => (start, found) = (kept.start, kept.found),
            Err(other) if files.or_anew => {
                say(&format!("{}; begun anew", other.message));
                request.seed = plan::seed(typed.seed)?;
            }
            Err(other) => return Err(other),
        }
    }
    cut.iter().for_each(|sentence| say(sentence));
    let governor = Governor::new(scope.clone(), Some(typed.safeguards.stop_file.clone()))
        .at_most(request.rate)
        .interrupted_by(stop::asked);
    governor.open().map_err(|why| {
        Failure::usage(
            format!("nothing was sent: {why}"),
            "Take the stop file away when surveys may be taken again.",
        )
    })?;
    stop::listen();
    let mut log = audit::open(&typed.safeguards.audit, scope)?;
    let control = proof(typed, &governor, &mut log)?;
    if control.contains(NOT_PROVEN) {
        let answers = "and you answer for it (--unproven)";
        say(&format!("that you run these blocks is not proven, {answers}: {control}"));
    }
    let (sender, notes) = send::sender(typed, read, &request.targets)?;
    notes.iter().for_each(|sentence| say(sentence));
    send::reachable(typed, &mut request, &sender, say);
    if request.targets.count() == 0 {
        return Err(Failure::configuration(
            "nothing is left to ask: no target is reached from here",
            "Name an own address of the targets' family with --source, or the way with --interface and --gateway-mac.",
        ));
    }
    // Ordinary sockets send no ARP.
    request.connects = matches!(sender, Sender::Connect(_));
    request.on_link &= !request.connects;
    Ok(Ready { scope, policy, prints, request, wanted, start, found, governor, log, control, sender })
}

/// What came of sending.
struct Sent {
    looked: Vec<Shown>,
    failed: Option<Failed>,
    audit_end: String,
}

/// Sends, until all is asked or something stops it; what was found is in `ready`.
fn send(typed: &Take, screen: &Typed, ready: &mut Ready<'_>) -> Result<Sent, Failure> {
    let Ready { scope, prints, request, found, governor, log, sender, .. } = ready;
    let what = format!("{}, by {}", plan::words(request), sender.name());
    note(log, &typed.safeguards.audit, Event::Start { what })?;
    let blocks = match scope.blocks.as_slice() {
        [only] => only.to_string(),
        all => format!("{} blocks", all.len()),
    };
    let shown = progress::Shown::new(blocks, request.rate.all, screen.quiet);
    let ran_before = found.ran.len();
    let (mut told, mut stage) = (0_u64, 0);
    let (now_found, failed) = take::take(request, std::mem::take(found), sender, governor, &mut |news| {
        match &news {
            take::News::Stage(..) => (told, stage) = (told.saturating_add(stage), 0),
            take::News::Progress(progress) => stage = progress.sent,
            _ => {}
        }
        shown.tell(&news);
    });
    *found = now_found;
    let (looked, stopped) = look(typed, found, sender, governor, prints, &shown)?;
    shown.done();
    found.stopped = found.stopped.take().or(stopped);
    let audit_end = match &failed {
        None => audit_end(log, &typed.safeguards.audit, found, ran_before, governor)?,
        Some(failed) => {
            let how = format!("{failed}; counted as far as was told");
            note(log, &typed.safeguards.audit, Event::End { how, packets: told.saturating_add(stage) })?;
            log.end().hash.clone()
        }
    };
    Ok(Sent { looked, failed, audit_end })
}

/// Judges and settles what was found, and writes it.
fn finish(
    typed: &Take,
    ready: Ready<'_>,
    sent: Sent,
    before: Before<'_>,
    files: &Files<'_>,
    say: &dyn Fn(&str),
) -> Result<Taken, Failure> {
    let Ready { scope, policy, request, wanted, start, found, control, sender, .. } = ready;
    let about = report::About {
        scope,
        request: &request,
        start: start.clone(),
        end: now().into(),
        method: sender.name(),
        sources: sources(&sender),
        control,
        unseen: unseen(&request, &sender, scope),
    };
    let mut fresh = report::inventory(&about, &found, sent.looked);
    fresh.survey.audit_end = Some(sent.audit_end);
    if let Some((policy, hash)) = &policy {
        fresh.survey.policy.clone_from(hash);
        policy.judge(&mut fresh);
        few(policy.over(&fresh).into_iter()).iter().for_each(|over| say(over));
    }
    let previous =
        before.as_ref().map(|(before, hash)| Previous { id: before.survey.id.clone(), hash: hash.clone() });
    fresh.survey.previous = previous;
    let inventory = settled(fresh, before.map(|(before, _)| before), &found);
    if let Some(path) = files.out {
        inventory::write(path, &inventory).map_err(|error| unwritable(path, &error))?;
    }
    match (found.stopped.clone(), files.resume) {
        (Some(why), _) => {
            let path = resume::beside(files.out);
            let kept = Kept::new(scope.hash(), wanted, request.seed, start, found);
            kept.write(&path).map_err(|error| unwritable(&path, &error))?;
            let first = if typed.safeguards.stop_file.exists() { "take it away, and " } else { "" };
            say(&format!("{why}: {first}go on with the same command and --resume {}", path.display()));
        }
        (None, Some(done)) => resume::remove(done),
        (None, None) => {}
    }
    let exit = match sent.failed {
        None => exit(typed, &inventory),
        Some(failed) => Failure::internal(
            failed.to_string(),
            "What was found until then is kept. Of what was sent last the audit log says as much as was told.",
        )
        .report(typed.json),
    };
    Ok(Taken { exit, inventory })
}

/// Whether control is proved, in words. Hosts that are asked for the token are a run of their own in the audit log.
fn proof(typed: &Take, governor: &Governor, log: &mut Log<File>) -> Result<String, Failure> {
    if typed.proof.token_host.is_empty() {
        return control::needed(governor, &typed.proof, typed.unproven);
    }
    let own = Governor::new(governor.scope().clone(), Some(typed.safeguards.stop_file.clone()))
        .at_most(governor.rate())
        .interrupted_by(stop::asked);
    let control = control::noted(log, &typed.safeguards.audit, &own, |own| {
        control::needed(own, &typed.proof, typed.unproven)
    });
    // What it sent is within the caps of the survey, too.
    thread::sleep(Duration::from_secs(1));
    control
}

/// What runs at what was found.
fn look(
    typed: &Take,
    found: &Found,
    sender: &Sender,
    governor: &Governor,
    prints: &Fingerprints,
    shown: &progress::Shown,
) -> Result<(Vec<Shown>, Option<String>), Failure> {
    if typed.no_identify || found.stopped.is_some() {
        return Ok((Vec::new(), None));
    }
    let caller = Caller::new(governor, sender.source(), Patience::default())
        .map_err(|error| Failure::internal(error.to_string(), "This is a bug. Please report it."))?;
    let (looked, stopped) = examine::all(found, &caller, prints, &|done, of| shown.looked(done, of));
    Ok((looked, stopped.map(|why| why.to_string())))
}

/// States are settled against the survey before.
fn settled(fresh: Inventory, previous: Option<&Inventory>, found: &Found) -> Inventory {
    let passes = found.ran.iter().map(|ran| ran.done.canaries.len()).max().unwrap_or(0);
    let asked = fresh.asked();
    settle(fresh, previous, |host, service| match asked(host, service) {
        // Passes of one survey are one look: an hour's outage of a host takes them all.
        Asked::Once if passes > 0 => Asked::Once,
        _ => Asked::No,
    })
}

fn exit(typed: &Take, inventory: &Inventory) -> Exit {
    if inventory.survey.stopped.is_some() && stop::asked() {
        return Exit::Interrupted;
    }
    let level = typed.fail_on.map(Severity::from);
    let outside = inventory.exposures.iter().filter(|exposure| exposure.within_policy != Some(true));
    let worst = outside.map(page::weight).max();
    if level.is_some() && worst >= level { Exit::Found } else { Exit::Done }
}

/// What such a survey cannot see, a sentence each.
fn unseen(request: &Request, sender: &Sender, scope: &Scope) -> Vec<String> {
    let mut out = Vec::new();
    if matches!(sender, Sender::Connect(_)) {
        out.push(
            "ICMP, and what header fields tell of operating systems: it was sent by ordinary connections"
                .to_owned(),
        );
    }
    let left = scope.tcp.iter().count().saturating_sub(request.tcp.len()) as u64;
    if left > 0 && request.discover != Discover::Only {
        let ports = plural(left, "TCP port", "TCP ports");
        out.push(format!("{ports} that the scope allows and were not asked (--tcp all asks them)"));
    }
    if request.udp.is_empty() {
        out.push("UDP services: none was asked".to_owned());
    }
    if scope.count_v6() > 1 << 16 {
        out.push("IPv6 hosts whose addresses nobody knows and no pattern has".to_owned());
    }
    out
}

fn sources(sender: &Sender) -> Vec<String> {
    match sender {
        Sender::Raw(raw) => {
            let (v4, v6) = (raw.1.v4.map(|own| own.to_string()), raw.1.v6.map(|own| own.to_string()));
            v4.into_iter().chain(v6).collect()
        }
        Sender::Connect(connect) => connect.source().iter().map(ToString::to_string).collect(),
    }
}

fn policy(path: &Path) -> Result<Policy, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::unreadable(
            format!("{name}: {}", why(&error)),
            "Name a policy file; docs/survey.md shows one.",
        )
    })?;
    Policy::parse(&text).map_err(|mistakes| {
        let all: Vec<String> = mistakes.iter().map(|mistake| format!("{name}: {mistake}")).collect();
        Failure::configuration(all.join("; "), mistakes.last().map_or("", |mistake| mistake.fix.as_str()))
    })
}

fn prints(typed: &Take) -> Result<Fingerprints, Failure> {
    let Some(folder) = &typed.recog else { return Ok(Fingerprints::shipped()) };
    Fingerprints::load(folder).map_err(|error| {
        Failure::unreadable(
            format!("--recog {}: {}", folder.display(), why(&error)),
            "Name the folder `xml` of a copy of Recog.",
        )
    })
}

fn now() -> Time {
    Time::try_from(Timestamp::now().as_nanosecond()).unwrap_or(Time::MAX)
}

/// The first of many sentences, and how many more there are.
fn few(sentences: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = sentences.collect();
    let more = all.len().saturating_sub(SENTENCES);
    if more > 0 {
        all.truncate(SENTENCES);
        all.push(format!("and {more} more like these"));
    }
    all
}

/// SHA-256 of a file, where there is one.
pub fn hash_of(path: &Path) -> Option<String> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    let mut file = File::open(path).ok()?;
    let mut part = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut part) {
            Ok(0) => break,
            Ok(length) => hash.update(part.get(..length)?),
            Err(_) => return None,
        }
    }
    Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Notes what was sent and how it ended; gives the end of the chain.
fn audit_end(
    log: &mut Log<File>,
    path: &Path,
    found: &Found,
    before: usize,
    governor: &Governor,
) -> Result<String, Failure> {
    // What an earlier run sent it has noted itself.
    let ran = found.ran.get(before..).unwrap_or_default();
    // What confirmations sent the governor has counted.
    let asked = ran.iter().filter(|ran| ran.stage != take::Stage::Confirm);
    let mut sent: BTreeMap<ipnet::IpNet, u64> = BTreeMap::new();
    // What a helper tells of itself is no sure number.
    let mut add = |network, packets: u64| {
        let all = sent.entry(network).or_default();
        *all = all.saturating_add(packets);
    };
    for (network, packets) in asked.flat_map(|ran| &ran.done.sent) {
        add(*network, *packets);
    }
    for (network, packets) in governor.sent() {
        add(network, packets);
    }
    audit::end(log, path, found.stopped.clone(), &sent)
}
