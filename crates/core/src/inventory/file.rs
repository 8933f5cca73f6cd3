//! The content of a survey's file: one record a line, the survey first, then services, then exposures.
//!
//! A file may have been cut off, edited, or joined with others. What is sound in it counts; every line that is not is named
//! with what is wrong with it. Only without a survey's record there is nothing to go by, for nothing tells what was asked.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::names::{Named, Services, order};
use super::record::{Exposure, Service, State};
use super::settle::Asked;
use super::survey::Survey;
use crate::blocks::Blocks;
use crate::mistake::Mistake;
use crate::record::{Record, SCHEMA_VERSION};

/// Mistakes told one by one.
const TOLD: usize = 1_000;

/// One survey and what it found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// What was asked.
    pub survey: Survey,
    /// What answered, in the order of host and service.
    pub services: Vec<Service>,
    /// What is exposed, in the order of host, service and check.
    pub exposures: Vec<Exposure>,
}

impl Inventory {
    /// Brings records into their order.
    pub fn sort(&mut self) {
        self.services.sort_by_cached_key(|s| order(&s.host, &s.service));
        self.exposures.sort_by_cached_key(|e| (order(&e.host, &e.service), e.check.clone(), e.what.clone()));
    }

    /// What its file holds, in order. The first says how many follow: a file that was cut off looks as if services were gone.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let follow = (self.services.len() + self.exposures.len()) as u64;
        let survey = Survey { records: Some(follow), ..self.survey.clone() };
        let services = self.services.iter().map(|s| Record::Service(Box::new(s.clone())));
        let exposures = self.exposures.iter().map(|e| Record::Exposure(Box::new(e.clone())));
        std::iter::once(Record::Survey(Box::new(survey))).chain(services).chain(exposures)
    }

    /// Reads lines, each a record, without their ends.
    ///
    /// # Errors
    /// No survey's record among them; what was wrong with other lines goes before it.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Result<(Self, Told), Vec<Mistake>> {
        let mut reading = Reading::default();
        lines.into_iter().for_each(|line| reading.take(line));
        reading.finish()
    }

    /// The lines of its file, without their ends.
    pub fn write(&self) -> impl Iterator<Item = String> + '_ {
        // Records are plain data: there is nothing in them that JSON has no words for.
        self.records().map(|record| serde_json::to_string(&record).unwrap_or_default())
    }

    /// Services that count as there: open ones, and suspects until they are confirmed closed.
    pub fn standing(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|s| s.state != State::Closed)
    }

    /// Whether this survey asked a service, as its record tells: one that was stopped may have asked anything, and who did not
    /// show that he is there got no question but that.
    pub fn asked(&self) -> impl Fn(&str, &str) -> Asked + use<> {
        let survey = &self.survey;
        let blocks = |texts: &[String]| {
            Blocks::new(texts.iter().filter_map(|net| net.parse::<IpNet>().ok()).collect())
        };
        let sets = |texts: &[String]| -> Vec<Services> {
            texts.iter().filter_map(|set| Services::parse(set).ok()).collect()
        };
        let (targets, hosts) = (blocks(&survey.targets), survey.hosts_asked.as_deref().map(blocks));
        let (all, knocks) = (sets(&survey.asked), sets(&survey.knocks));
        let whole = survey.is_whole();
        move |host, service| {
            let (Ok(host), Some(named)) = (host.parse::<IpAddr>(), Named::parse(service)) else {
                return Asked::No;
            };
            let is_in = |blocks: &Blocks| blocks.find(host.into()).is_some();
            let sets = if hosts.as_ref().is_none_or(is_in) { &all } else { &knocks };
            if whole && is_in(&targets) && sets.iter().any(|set| set.holds(named)) {
                Asked::Once
            } else {
                Asked::No
            }
        }
    }

    /// That hosts which open or answer everything hide what they have, a sentence for each transport.
    pub fn behind_walls(&self) -> Vec<String> {
        let count =
            |name: &str| self.services.iter().filter(|s| s.service == name && s.state == State::Open).count();
        let sentence = |count, kind, does: [&str; 2]| match count {
            0 => None,
            1 => Some(format!("{kind} of the host that {}, unless they speak on a usual one", does[0])),
            many => {
                Some(format!("{kind} of the {many} hosts that {}, unless they speak on a usual one", does[1]))
            }
        };
        let tcp = sentence(count("tcp/*"), "services", ["opens every port", "open every port"]);
        let udp = sentence(
            count("udp/*"),
            "UDP services",
            ["answers on every UDP port", "answer on every UDP port"],
        );
        tcp.into_iter().chain(udp).collect()
    }
}

/// What was wrong in a file that could be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The mistakes, in the order of lines; at most 1,000.
    pub mistakes: Vec<Mistake>,
    /// How many lines were left out in all.
    pub skipped: u64,
}

/// Reads a survey's file line by line.
#[derive(Debug, Default)]
pub struct Reading {
    lines: usize,
    survey: Option<Survey>,
    services: Vec<Service>,
    exposures: Vec<Exposure>,
    known: BTreeSet<(String, String)>,
    told: Told,
    /// The last line could not be taken: half of one, where the file was cut off.
    is_half: bool,
}

impl Reading {
    /// Takes the next line, without its end. An empty one is nothing.
    pub fn take(&mut self, line: &[u8]) {
        self.lines += 1;
        if line.trim_ascii().is_empty() {
            return;
        }
        let taken = self.record(line);
        self.is_half = taken.is_err();
        if let Err((what, fix)) = taken {
            self.skip(what, fix);
        }
    }

    /// Notes a line that could not be taken, such as one that was too long to be read.
    pub fn skip(&mut self, what: impl Into<String>, fix: &str) {
        self.told.skipped += 1;
        if self.told.mistakes.len() < TOLD {
            self.told.mistakes.push(Mistake { line: self.lines, what: what.into(), fix: fix.into() });
        }
    }

    /// Counts a line of which [`Reading::take`] was not told.
    pub fn next_line(&mut self) {
        self.lines += 1;
    }

    fn record(&mut self, line: &[u8]) -> Result<(), (String, &'static str)> {
        const WRITTEN: &str = "Give the file as `watchpost survey` wrote it.";
        let record: Record =
            serde_json::from_slice(line).map_err(|error| (format!("no record: {error}"), WRITTEN))?;
        let version = |version: u32| {
            let fix = "Read it with the Watchpost that wrote it, or a newer one.";
            let newer = version > SCHEMA_VERSION;
            if newer {
                Err((format!("a record of version {version}, newer than {SCHEMA_VERSION}"), fix))
            } else {
                Ok(())
            }
        };
        match record {
            Record::Survey(survey) => {
                version(survey.schema_version)?;
                if self.survey.is_some() {
                    return Err(("a second survey in one file".to_owned(), "Keep one survey in each file."));
                }
                self.survey = Some(*survey);
            }
            Record::Service(service) => {
                version(service.schema_version)?;
                named(&service.host, &service.service)?;
                if !self.known.insert((service.host.clone(), service.service.clone())) {
                    let what = format!("{} {} stands here twice", service.host, service.service);
                    return Err((what, "The first one counts."));
                }
                self.services.push(*service);
            }
            Record::Exposure(exposure) => {
                version(exposure.schema_version)?;
                named(&exposure.host, &exposure.service)?;
                self.exposures.push(*exposure);
            }
            _ => return Err(("a record of another kind: no part of a survey".to_owned(), WRITTEN)),
        }
        Ok(())
    }

    /// What was read.
    ///
    /// # Errors
    /// No survey's record among the lines, or fewer records than it says; what was wrong with other lines goes before it.
    pub fn finish(self) -> Result<(Inventory, Told), Vec<Mistake>> {
        let Self { survey, services, exposures, mut told, is_half, .. } = self;
        let Some(mut survey) = survey else {
            let what = "there is no survey in it: nothing tells what was asked".to_owned();
            let fix = "Give a file that `watchpost survey` wrote, from its first line on.".to_owned();
            told.mistakes.push(Mistake { line: 0, what, fix });
            return Err(told.mistakes);
        };
        let read = (services.len() + exposures.len()) as u64 + told.skipped.saturating_sub(is_half.into());
        if let Some(all) = survey.records.take().filter(|all| read < *all) {
            let what = format!("it was cut off: {read} of its {all} records are there");
            let fix = "Give the whole file: what is missing would look as if it were gone.".to_owned();
            told.mistakes.push(Mistake { line: 0, what, fix });
            return Err(told.mistakes);
        }
        let mut inventory = Inventory { survey, services, exposures };
        inventory.sort();
        Ok((inventory, told))
    }
}

/// Whether host and service can be read back.
fn named(host: &str, service: &str) -> Result<(), (String, &'static str)> {
    if host.parse::<IpAddr>().is_err() {
        return Err((format!("{host:?} is no address"), "A host is an address, such as 192.0.2.10."));
    }
    if Named::parse(service).is_none() {
        return Err((format!("{service:?} is no service"), "Write it as tcp/22, udp/53 or icmp/echo."));
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::inventory::{Rung, State};

    /// A survey of 192.0.2.0/28, TCP 1 to 1024, with these open services.
    pub fn taken(day: u32, open: &[(&str, &str)]) -> Inventory {
        let stamp = |hour: u32| crate::record::Stamp(format!("2026-11-{day:02}T{hour:02}:00:00.000000000Z"));
        let survey = Survey {
            schema_version: SCHEMA_VERSION,
            id: format!("survey{day:02}"),
            blocks: vec!["192.0.2.0/28".into()],
            asked: vec!["tcp/1-1024".into()],
            targets: vec!["192.0.2.0/28".into()],
            target_count: 16,
            start: stamp(1),
            end: stamp(2),
            coverage: 1.0,
            miss: Some(crate::inventory::Miss { rate: 0.01, low: 0.001, high: 0.05, canaries: 200 }),
            ..Survey::default()
        };
        let service = |(host, service): &(&str, &str)| Service {
            schema_version: SCHEMA_VERSION,
            host: (*host).into(),
            service: (*service).into(),
            state: State::Open,
            confidence: 0.999,
            first_seen: stamp(1),
            last_seen: stamp(1),
            protocol: Some("ssh".into()),
            ..Service::default()
        };
        let mut inventory =
            Inventory { survey, services: open.iter().map(service).collect(), exposures: Vec::new() };
        inventory.sort();
        inventory
    }

    /// An exposure of a service.
    pub fn exposed(host: &str, service: &str, rung: Rung, what: &str) -> Exposure {
        Exposure {
            schema_version: SCHEMA_VERSION,
            host: host.into(),
            service: service.into(),
            check: "docker".into(),
            rung,
            what: what.into(),
            ..Exposure::default()
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut inventory =
            taken(20, &[("192.0.2.9", "tcp/22"), ("192.0.2.10", "tcp/443"), ("192.0.2.9", "tcp/*")]);
        inventory.exposures = vec![exposed("192.0.2.9", "tcp/22", Rung::Discloses, "OpenSSH")];
        let lines: Vec<String> = inventory.write().collect();
        assert!(lines[0].starts_with(r#"{"record":"survey""#), "{}", lines[0]);
        let (read, told) = Inventory::read(lines.iter().map(String::as_bytes)).unwrap();
        assert_eq!((read, told), (inventory, Told::default()));
    }

    #[test]
    fn every_mistake_is_named_by_its_line_and_nothing_else_is_lost() {
        let good: Vec<String> =
            taken(20, &[("192.0.2.9", "tcp/22"), ("192.0.2.10", "tcp/443")]).write().collect();
        let wrong_host = good[1].replace("192.0.2.9", "192.0.2.999");
        let wrong_service = good[1].replace("tcp/22", "tcp/99999");
        let lines = [
            "{",
            &wrong_host,
            &good[0],
            &good[1],
            "",
            "\u{0}\u{1}",
            &good[1],
            &wrong_service,
            &good[0],
            &good[2],
            r#"{"record":"service"}"#,
        ];
        let (read, told) = Inventory::read(lines.iter().map(|line| line.as_bytes())).unwrap();
        assert_eq!(read.services.len(), 2);
        let places: Vec<usize> = told.mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!((places, told.skipped), (vec![1, 2, 6, 7, 8, 9, 11], 7));
    }

    #[test]
    fn without_a_survey_there_is_nothing_to_go_by() {
        let lines: Vec<String> = taken(20, &[("192.0.2.9", "tcp/22")]).write().skip(1).collect();
        let mistakes = Inventory::read(lines.iter().map(String::as_bytes)).unwrap_err();
        assert_eq!(mistakes.len(), 1);
        assert!(mistakes[0].what.contains("no survey"));
    }

    #[test]
    fn what_was_asked_is_what_the_record_says() {
        let mut inventory = taken(20, &[]);
        let asked = inventory.asked();
        assert_eq!(asked("192.0.2.3", "tcp/22"), Asked::Once);
        assert_eq!(asked("192.0.2.3", "tcp/*"), Asked::Once);
        assert_eq!(asked("192.0.2.16", "tcp/22"), Asked::No);
        assert_eq!(asked("192.0.2.3", "udp/53"), Asked::No);
        inventory.survey.coverage = 0.7;
        assert_eq!(inventory.asked()("192.0.2.3", "tcp/22"), Asked::No);
        // Whatever a survey that stopped left out may be just this.
        (inventory.survey.coverage, inventory.survey.stopped) = (0.999_9, Some("Ctrl-C".into()));
        assert_eq!(inventory.asked()("192.0.2.3", "tcp/22"), Asked::No);
        inventory.survey.coverage = 1.0;
        assert_eq!(inventory.asked()("192.0.2.3", "tcp/22"), Asked::Once);
    }

    #[test]
    fn who_did_not_show_himself_was_asked_nothing_but_that() {
        let mut inventory = taken(20, &[]);
        inventory.survey.hosts_asked = Some(vec!["192.0.2.8/30".into()]);
        inventory.survey.knocks = vec!["icmp/echo".into(), "tcp/443".into()];
        let asked = inventory.asked();
        assert_eq!([asked("192.0.2.9", "tcp/22"), asked("192.0.2.9", "tcp/443")], [Asked::Once; 2]);
        assert_eq!([asked("192.0.2.3", "tcp/443"), asked("192.0.2.3", "icmp/echo")], [Asked::Once; 2]);
        assert_eq!(asked("192.0.2.3", "tcp/22"), Asked::No);
        // Of one that answered, a knock tells that it is there, and no more.
        assert_eq!(asked("192.0.2.9", "icmp/echo"), Asked::No);
        assert_eq!(inventory.survey.hosts_asked_count(), Some(4));
        // Nobody showed himself: that is not everybody.
        inventory.survey.hosts_asked = Some(vec![]);
        assert_eq!(inventory.asked()("192.0.2.9", "tcp/22"), Asked::No);
    }

    #[test]
    fn a_file_of_before_reads_as_one_that_asked_all() {
        let line = taken(20, &[]).write().next().unwrap();
        let old = line.replace(r#""hosts_asked":null,"knocks":[],"shard":null,"#, "");
        assert_ne!(old, line);
        let (read, told) = Inventory::read([old.as_bytes()]).unwrap();
        assert_eq!((read, told), (taken(20, &[]), Told::default()));
    }

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_stands_beside_them_is_read(
            noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..6),
            cut in 0usize..400, place in 0usize..400, byte: u8
        ) {
            let good: Vec<String> = taken(20, &[("192.0.2.9", "tcp/22")]).write().collect();
            let mut bent = good[1].clone().into_bytes();
            let at = place % bent.len();
            bent[at] = byte;
            bent.truncate(cut.max(1));
            let lines = noise.iter().map(Vec::as_slice).chain([bent.as_slice()]).chain(good.iter().map(String::as_bytes));
            let (read, told) = Inventory::read(lines).unwrap();
            prop_assert!(!read.services.is_empty() && read.services.len() <= 2);
            prop_assert!(told.skipped as usize <= noise.len() + 2);
        }
    }
}
