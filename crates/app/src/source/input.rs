//! One input, opened when its time has come: of a thousand rotated files only those are open that the merge is reading.

use std::cell::Cell;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::rc::Rc;

use watchpost_core::contact::{Contact, Time};
use watchpost_core::merge::{ContactSource, DISORDER};
use watchpost_core::record::{self, Damage};
use watchpost_core::utterance::Utterance;
use watchpost_formats::log::Assume;
use watchpost_formats::reader;
use watchpost_formats::report::Report;

use crate::stop;

type Reader = reader::Reader<Box<dyn Read>>;

/// Packets taken at a time: their contacts stay in the processor's cache.
const ROUND: usize = 2048;

/// How far the reading of all inputs is.
#[derive(Debug, Default)]
pub struct Tally {
    /// Bytes taken from the inputs, before decompression.
    pub bytes: Cell<u64>,
    /// Packets read.
    pub packets: Cell<u64>,
}

/// An input to be read, being read, or read.
pub struct Input {
    /// As the user named it, or as it was found; `-` is standard input.
    pub name: String,
    /// e.g. `pcap.zst`.
    pub format: String,
    /// Bytes to be read, before decompression; `None` where nobody knows.
    pub size: Option<u64>,
    state: State,
    starts: Option<Time>,
    sensor: u16,
    assume: Assume,
    disorder: Time,
    tally: Rc<Tally>,
    /// What was heard last, once the capture is closed.
    heard: Vec<Utterance>,
}

enum State {
    Waiting(PathBuf),
    Open(Reader),
    Ended(Box<Report>),
    /// It could be opened once, and could not again.
    Lost(String),
}

impl Input {
    /// One that is open already.
    pub fn open(name: String, capture: Reader, size: Option<u64>) -> Self {
        let (format, disorder) = (capture.format(), capture.disorder());
        let state = State::Open(capture);
        Self { state, disorder, ..Self::new(name, format, size) }
    }

    /// A file to be opened later, as it was when it was looked at; its first contact is from `starts`.
    pub fn waiting(
        (name, path): (String, PathBuf),
        looked_at: &Reader,
        size: u64,
        starts: Option<Time>,
        sensor: u16,
        assume: Assume,
    ) -> Self {
        let disorder = looked_at.disorder();
        let state = State::Waiting(path);
        Self { state, starts, sensor, assume, disorder, ..Self::new(name, looked_at.format(), Some(size)) }
    }

    fn new(name: String, format: String, size: Option<u64>) -> Self {
        Self {
            name,
            format,
            size,
            state: State::Lost("never opened".to_owned()),
            starts: None,
            sensor: 0,
            assume: Assume::default(),
            disorder: DISORDER,
            tally: Rc::default(),
            heard: Vec::new(),
        }
    }

    /// Counts what is read of it into `tally` from now on.
    pub fn count_into(&mut self, tally: &Rc<Tally>) {
        self.tally = Rc::clone(tally);
    }

    /// What was read; `None` where nothing was.
    pub fn report(&self) -> Option<&Report> {
        match &self.state {
            State::Open(capture) => Some(capture.report()),
            State::Ended(report) => Some(report),
            State::Waiting(_) | State::Lost(_) => None,
        }
    }

    /// Its line in the `run` record.
    pub fn record(&self) -> record::Input {
        let damage = match (&self.state, self.report()) {
            (State::Lost(why), _) => vec![Damage { offset: 0, packet: 1, what: why.clone(), resumed: None }],
            (_, report) => report.map(|report| report.damage.clone()).unwrap_or_default(),
        };
        record::Input {
            name: self.name.clone(),
            format: self.format.clone(),
            assumed: self.report().map(|report| report.assumed.clone()).unwrap_or_default(),
            packets: self.report().map_or(0, |report| report.packets),
            bytes: self.report().map_or(0, |report| report.bytes),
            damage,
        }
    }

    /// Opens a waiting file.
    fn ready(&mut self) -> Option<&mut Reader> {
        if let State::Waiting(path) = &self.state {
            let opened = File::open(path).map_err(|error| error.to_string()).and_then(|file| {
                Reader::open(Box::new(file), self.sensor, &self.assume).map_err(|error| error.to_string())
            });
            self.state = match opened {
                Ok(capture) => State::Open(capture),
                Err(why) => State::Lost(format!("it cannot be opened any more: {why}")),
            };
        }
        match &mut self.state {
            State::Open(capture) => Some(capture),
            _ => None,
        }
    }
}

impl ContactSource for Input {
    /// False also when the user asked to stop: what was read until then still goes its way.
    fn fill(&mut self, into: &mut Vec<Contact>) -> bool {
        if stop::asked() {
            return false;
        }
        let tally = Rc::clone(&self.tally);
        let Some(capture) = self.ready() else { return false };
        let before = (capture.report().bytes_raw, capture.report().packets);
        let more = capture.fill(into, ROUND);
        let report = capture.report();
        tally.bytes.set(tally.bytes.get() + report.bytes_raw - before.0);
        tally.packets.set(tally.packets.get() + report.packets - before.1);
        if !more {
            // The buffers and the open file go, the counts and what was heard stay.
            let ended = State::Ended(Box::new(report.clone()));
            let mut heard = Vec::new();
            capture.heard(&mut heard);
            self.state = ended;
            self.heard = heard;
        }
        more
    }

    fn heard(&mut self, into: &mut Vec<Utterance>) {
        into.append(&mut self.heard);
        if let State::Open(capture) = &mut self.state {
            capture.heard(into);
        }
    }

    fn reached(&self) -> Option<Time> {
        self.report().map(|report| report.reached).filter(|time| *time > Time::MIN)
    }

    fn disorder(&self) -> Time {
        match &self.state {
            State::Open(capture) => capture.disorder(),
            _ => self.disorder,
        }
    }

    fn starts(&self) -> Option<Time> {
        self.starts
    }
}
