//! What it resembles, what no sensor can see, and the techniques of MITRE ATT&CK.

use std::collections::BTreeMap;

use super::Page;
use crate::render::clean::clean;
use crate::render::style::{TIE, labelled};
use crate::render::words::percent;

/// Names of the techniques that records can carry, as ATT&CK 18.1 has them.
const NAMES: [(&str, &str); 7] = [
    ("T1018", "Remote System Discovery"),
    ("T1046", "Network Service Discovery"),
    ("T1133", "External Remote Services"),
    ("T1595", "Active Scanning"),
    ("T1595.001", "Scanning IP Blocks"),
    ("T1595.002", "Vulnerability Scanning"),
    ("T1595.003", "Wordlist Scanning"),
];

impl Page<'_> {
    pub(super) fn resembles(&self) -> String {
        let procedures = &self.campaign.procedures;
        if procedures.is_empty() {
            return String::new();
        }
        let told = procedures.iter().map(|procedure| {
            let references: Vec<String> = procedure.references.iter().map(|id| clean(id)).collect();
            let references = match references.join(", ") {
                none if none.is_empty() => none,
                some => format!(" (examples: {some})"),
            };
            self.item(&format!(
                "{}, {}: {}{references}",
                clean(&procedure.name),
                percent(procedure.confidence),
                clean(&procedure.text)
            ))
        });
        let body: String = told.collect();
        self.section("What it resembles", "a hint at the procedure, never at who is behind it", &body)
    }

    /// Preparation elsewhere leaves no packet here.
    pub(super) fn out_of_view(&self) -> String {
        if self.is_none() {
            return String::new();
        }
        let text = format!(
            "What was prepared elsewhere is out of view and nothing here is concluded about it: searches of websites and \
             databases (ATT&CK{TIE}T1593, T1596), tools made or bought (T1587, T1588)."
        );
        self.section("What no sensor can see", "", &self.paragraph(&text))
    }

    /// A paragraph of a section.
    fn paragraph(&self, text: &str) -> String {
        labelled("", text, 2, self.wrapped())
    }

    /// The campaign's techniques and those of the returns.
    pub(super) fn techniques(&self) -> String {
        if self.is_none() {
            return String::new();
        }
        let c = self.campaign;
        let mut ids: BTreeMap<&str, bool> = BTreeMap::new();
        for follow_up in self.records.returns(c) {
            ids.extend(follow_up.techniques.iter().map(|id| (id.as_str(), true)));
        }
        ids.extend(c.techniques.iter().map(|id| (id.as_str(), false)));
        let told: Vec<String> = ids
            .into_iter()
            .map(|(id, returned)| {
                let name = NAMES.iter().find(|(known, _)| *known == id).map(|(_, name)| format!(" {name}"));
                let whose = if returned { " (the return)" } else { "" };
                format!("{}{}{whose}", clean(id), name.unwrap_or_default()).replace(' ', &TIE.to_string())
            })
            .collect();
        if told.is_empty() {
            return String::new();
        }
        let version = format!("ATT&CK {}", clean(&c.attack_version));
        self.section(&version, "", &self.paragraph(&told.join(", ")))
    }
}
