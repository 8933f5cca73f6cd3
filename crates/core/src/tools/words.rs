//! Marks in what a client says: how it calls itself, and questions that only one tool asks.

use super::file::Word;
use super::rounded;
use crate::record::Tool;
use crate::utterance::Utterance;

/// The most of a client's own words that a record repeats.
const QUOTED: usize = 80;

/// The tools that a client's words name; one tool may stand there several times.
pub(super) fn by_words(words: &[Word], said: &[&Utterance]) -> Vec<Tool> {
    let mut found = Vec::new();
    for word in words {
        // The first that says it is quoted: what comes later adds nothing.
        let first = said.iter().find_map(|utterance| {
            let fact = utterance.facts.iter().find(|f| word.facts.contains(&f.what) && word.is_in(f.text))?;
            Some((utterance, fact.text))
        });
        if let Some((utterance, text)) = first {
            let quote: String = text.chars().take(QUOTED).collect();
            let service = utterance.listener_port;
            found.push(Tool {
                name: word.tool.clone(),
                version: word.versions.clone(),
                confidence: rounded(word.confidence),
                text: format!("it said \"{quote}\" to {} on port {service}", utterance.listener),
            });
        }
    }
    found
}

impl Word {
    fn is_in(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.contains.iter().any(|word| text.contains(&word.to_ascii_lowercase()))
    }
}
