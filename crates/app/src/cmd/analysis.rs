//! Inputs in, campaigns and the `run` record out; on the way, everything that the user must be told.

use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use watchpost_core::contact::Time;
use watchpost_core::detect::Sense;
use watchpost_core::inventory::{Exposure, Known, Survey};
use watchpost_core::merge::Merge;
use watchpost_core::pipeline::{Findings, Pipeline};
use watchpost_core::record::{Blind, Campaign, FollowUp, Lesson, Run, SCHEMA_VERSION, Skipped, Stamp};
use watchpost_formats::report::Report;

use crate::args;
use crate::config;
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::render::clean::clean;
use crate::render::words;
use crate::source::{self, Found, Input, Tally};
use crate::stop;
use crate::tables;

/// Files of folders that are told one by one without `--verbose`.
const MOST_NOTES: usize = 3;

/// What came of the inputs.
pub struct Analysis {
    /// Final revisions, most severe first.
    pub campaigns: Vec<Campaign>,
    /// What they learned.
    pub lessons: Vec<Lesson>,
    /// Who came back to use it.
    pub follow_ups: Vec<FollowUp>,
    /// What a survey found exposed, with who has seen it.
    pub exposures: Vec<Exposure>,
    /// What was read.
    pub run: Run,
    /// How long it took.
    pub elapsed: Duration,
    /// The user stopped it.
    pub interrupted: bool,
    /// Files of folders that are no captures.
    pub not_captures: u64,
    /// How the run ends because of its inputs, if they say anything about it.
    pub exit: Option<Exit>,
}

/// How to talk while analysing.
#[derive(Clone, Copy)]
pub struct Voice {
    /// Errors are JSON.
    pub json: bool,
    /// Only errors.
    pub quiet: bool,
    /// Everything.
    pub verbose: bool,
}

impl Voice {
    /// From what was typed.
    pub fn new(typed: &args::Screen, json: bool) -> Self {
        Self { json, quiet: typed.quiet, verbose: typed.verbose }
    }

    fn note(self, text: &str) {
        if !self.quiet {
            // Where standard error is gone there is nobody left to tell.
            let _ = writeln!(io::stderr().lock(), "note: {}", clean(text));
        }
    }
}

/// Reads and judges.
///
/// # Errors
/// Options that make no sense, or not one input that can be read.
pub fn analyse(typed: &args::Analysis, voice: Voice) -> Result<Analysis, Failure> {
    let config = config::Analysis::new(typed, voice.quiet)?;
    stop::listen();
    let found = source::find(&typed.inputs, &config.assume);
    let mut exit = tell(&found, voice)?;
    let not_captures = found.not_captures.len() as u64;

    let (inputs, findings, elapsed) = judge(&config, found.inputs, voice);

    for input in &inputs {
        for failure in spoiled(input, config.strict) {
            exit = Some(failure.report(voice.json));
        }
    }
    let interrupted = stop::asked();
    let run = run_record(&config, &inputs, &findings);
    let exit = if interrupted { Some(Exit::Interrupted) } else { exit };
    if let Some(gap) = config.survey.as_ref().and_then(|survey| apart(&survey.survey, &run)) {
        voice.note(&gap);
    }
    let Findings { campaigns, lessons, follow_ups, exposures, .. } = findings;
    Ok(Analysis { campaigns, lessons, follow_ups, exposures, run, elapsed, interrupted, not_captures, exit })
}

/// Tells what was found among the names; the status that follows from what cannot be read.
fn tell(found: &Found, voice: Voice) -> Result<Option<Exit>, Failure> {
    found.notes.iter().for_each(|note| voice.note(note));
    let most = if voice.verbose { usize::MAX } else { MOST_NOTES };
    found.not_captures.iter().take(most).for_each(|what| voice.note(&format!("{what}; skipped")));
    let others = found.not_captures.len().saturating_sub(most);
    if others > 0 {
        voice.note(&format!("{others} more files in folders are neither captures nor logs (-v lists them)"));
    }
    if let (true, Some((last, before))) = (found.inputs.is_empty(), found.failures.split_last()) {
        before.iter().for_each(|failure| {
            failure.report(voice.json);
        });
        return Err(last.clone());
    }
    if found.inputs.is_empty() {
        return Err(Failure::unreadable(
            "none of the files in these folders can be read",
            "Captures and logs can be read, also compressed with gzip or zstd: `watchpost list formats`.",
        ));
    }
    if voice.verbose {
        for input in &found.inputs {
            voice.note(&format!("{}: {}", input.name, input.format));
        }
    }
    let exits: Vec<Exit> = found.failures.iter().map(|failure| failure.report(voice.json)).collect();
    Ok(exits.last().copied())
}

/// The inputs, read; what came of them; and how long it took.
fn judge(
    config: &config::Analysis,
    mut inputs: Vec<Input>,
    voice: Voice,
) -> (Vec<Input>, Findings, Duration) {
    let tally = Rc::new(Tally::default());
    inputs.iter_mut().for_each(|input| input.count_into(&tally));
    let total = inputs.iter().map(|input| input.size).sum();
    let mut progress = Progress::new(total, voice.quiet);
    let mut merge = Merge::new(inputs);
    let mut pipeline = Pipeline::new(config.settings());
    if let Some(survey) = &config.survey {
        pipeline.informed(Arc::new(Known::new(survey)));
    }
    pipeline.run_hearing(|contacts, heard| {
        progress.tick(&tally);
        let more = merge.fill(contacts);
        merge.heard(heard);
        more
    });
    let inputs = merge.into_sources();
    let lacks = |sense| move |report: &Report| report.blind.iter().any(|(lacking, _)| *lacking == sense);
    if inputs.iter().filter_map(Input::report).any(lacks(Sense::Everything)) {
        pipeline.sampled();
    }
    let mut logarithms = tables::kept();
    let findings = pipeline.finish_with(&mut logarithms);
    tables::keep(&logarithms);
    (inputs, findings, progress.done())
}

/// What makes an input a failure after it was opened: it was gone when its time came, or it is damaged and `strict`.
fn spoiled(input: &Input, strict: bool) -> Vec<Failure> {
    let record = input.record();
    let lost = input.report().is_none() && !stop::asked();
    let failure = |damage: watchpost_core::record::Damage| {
        if lost {
            return Failure::unreadable(
                format!("{}: {}", record.name, damage.what),
                "It was there when the run began. Run again when nobody moves the files.",
            );
        }
        Failure::unreadable(
            format!(
                "{}: damaged at byte {} (packet {}): {}",
                record.name, damage.offset, damage.packet, damage.what
            ),
            "What is sound was read and reported. Without --strict this would be no error.",
        )
    };
    let unused = input
        .report()
        .filter(|report| strict && report.packets > 0 && report.reached == Time::MIN && report.damages == 0);
    if let Some(report) = unused
        && let Some((reason, skipped)) = report.skipped().max_by_key(|(_, skipped)| skipped.count)
    {
        let what = format!(
            "{}: nothing of it could be used: {} of {} {reason}",
            record.name, skipped.count, report.packets
        );
        return vec![Failure::unreadable(what, "Without --strict this would be no error.")];
    }
    if lost || strict { record.damage.iter().cloned().map(failure).collect() } else { Vec::new() }
}

fn run_record(config: &config::Analysis, inputs: &[Input], findings: &Findings) -> Run {
    let reports = || inputs.iter().filter_map(Input::report);
    let withdrawn =
        findings.campaigns.iter().filter(|c| c.status == watchpost_core::record::Status::Withdrawn);
    Run {
        schema_version: SCHEMA_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        shard_key: format!("{:016x}", config.key),
        blocks: config.blocks.iter().map(ToString::to_string).collect(),
        survey: config.survey.as_ref().map(|survey| survey.survey.id.clone()),
        inputs: inputs.iter().map(Input::record).collect(),
        packets: reports().map(|report| report.packets).sum(),
        contacts: findings.contacts,
        unreported: findings.unreported,
        start: reports().filter_map(|report| report.first()).min().map(Stamp::from),
        end: reports().filter_map(|report| report.last()).max().map(Stamp::from),
        skipped: skipped(inputs, findings),
        not_scans: findings.not_scans.clone(),
        blind: blind(inputs, findings),
        memory: findings.memory,
        campaigns: findings.campaigns.iter().filter(|campaign| crate::render::stands(campaign)).count()
            as u64,
        withdrawn: withdrawn.count() as u64,
        sources: findings.sources,
    }
}

/// Days between survey and traffic from which on it is said.
const FAR: f64 = 30.0 * 86_400.0;

/// What is to be said where a survey is of another time than the traffic.
fn apart(survey: &Survey, run: &Run) -> Option<String> {
    let (start, end) = (run.start.as_ref()?, run.end.as_ref()?);
    let gap = words::seconds(&survey.end, start).max(words::seconds(end, &survey.start));
    let (of_survey, of_traffic) = (words::day(&survey.start), words::day(start));
    (gap > FAR).then(|| {
        format!("the survey is of {of_survey}, the traffic of {of_traffic}: what changed between them is judged by the survey")
    })
}

/// What the traffic shows that cannot be seen, then what each format leaves out.
fn blind(inputs: &[Input], findings: &Findings) -> Vec<Blind> {
    let mut blind = findings.blind.clone();
    let of_formats = inputs.iter().filter_map(Input::report).flat_map(|report| &report.blind);
    for (sense, why) in of_formats {
        let told = sense.blind(why.as_ref());
        if !blind.contains(&told) {
            blind.push(told);
        }
    }
    blind
}

/// Packets that gave no contact, then contacts that are no host's; the latter have no place.
fn skipped(inputs: &[Input], findings: &Findings) -> Vec<Skipped> {
    let mut of_inputs: Vec<Skipped> = Vec::new();
    for input in inputs {
        for (reason, skipped) in input.report().into_iter().flat_map(|report| report.skipped()) {
            match of_inputs.iter_mut().find(|known| known.reason == reason) {
                Some(known) => known.count += skipped.count,
                None => of_inputs.push(Skipped {
                    reason: reason.to_owned(),
                    count: skipped.count,
                    first_input: input.name.clone(),
                    first_offset: skipped.first_offset,
                }),
            }
        }
    }
    let of_contacts = findings.dropped.iter().filter(|(_, count)| *count > 0).map(|&(reason, count)| {
        Skipped { reason: reason.to_owned(), count, first_input: String::new(), first_offset: 0 }
    });
    of_inputs.into_iter().chain(of_contacts).collect()
}
