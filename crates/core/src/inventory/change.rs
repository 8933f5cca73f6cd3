//! What differs between two surveys: one thing of one service, before and after.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::State;
use crate::record::SCHEMA_VERSION;

/// Something of a service that differs between two surveys.
///
/// It is a function of what was and what is: changes follow upon each other, and what comes of two is the change from the
/// first to the last. So no field tells of the surveys themselves, such as their times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Version of this form.
    pub schema_version: u32,
    /// The host.
    pub host: String,
    /// e.g. `tcp/22`.
    pub service: String,
    /// What of the service it is.
    pub aspect: Aspect,
    /// Of an exposure: the check that found it.
    pub check: Option<String>,
    /// In which way it differs.
    pub kind: ChangeKind,
    /// What it was; null where there was nothing.
    pub before: Option<Value>,
    /// What it is; null where there is nothing.
    pub after: Option<Value>,
    /// The probability that a service which is suspect or closed is no longer there; null where the answer itself tells.
    pub confidence: Option<f64>,
}

/// What of a service changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// Whether it is there.
    State,
    /// What is exposed, and how far.
    Exposure,
    /// What runs there.
    Product,
    /// The names in its certificate.
    Certificate,
    /// Its greeting.
    Banner,
    /// The operating system.
    System,
}

/// In which way something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is there and was not.
    Added,
    /// It is no longer there.
    Removed,
    /// It did not answer; not confirmed yet.
    Suspect,
    /// It is another one.
    Changed,
}

/// A side of a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Value {
    /// In words, e.g. `open`, `closed`, `sensitive: Docker API without a login`.
    pub text: String,
    /// Of a service that is suspect or closed: the probability of it.
    pub confidence: Option<f64>,
}

impl Value {
    /// Words alone.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), confidence: None }
    }

    /// A state.
    pub(super) fn state(state: State, confidence: f64) -> Self {
        match state {
            State::Open => Self::new("open"),
            State::Suspect => Self { text: "suspect".into(), confidence: Some(confidence) },
            State::Closed => Self { text: "closed".into(), confidence: Some(confidence) },
        }
    }
}

/// What a change is of: host, service, aspect, and of an exposure its check.
pub type Key = (String, String, Aspect, Option<String>);

impl Change {
    /// From what was to what is.
    pub(super) fn new(key: Key, before: Option<Value>, after: Option<Value>) -> Self {
        let (host, service, aspect, check) = key;
        let kind = kind(aspect, before.as_ref(), after.as_ref());
        let confidence = after.as_ref().and_then(|value| value.confidence);
        Self { schema_version: SCHEMA_VERSION, host, service, aspect, check, kind, before, after, confidence }
    }

    /// What it is of.
    pub fn key(&self) -> Key {
        (self.host.clone(), self.service.clone(), self.aspect, self.check.clone())
    }

    /// Whether it is news of the network, not of the file: that a closed service is remembered, or forgotten, is none.
    pub fn is_news(&self) -> bool {
        self.aspect != Aspect::State || is_there(self.before.as_ref()) || is_there(self.after.as_ref())
    }
}

/// Whether a service of this state counts as there.
fn is_there(state: Option<&Value>) -> bool {
    state.is_some_and(|value| value.text != "closed")
}

fn kind(aspect: Aspect, before: Option<&Value>, after: Option<&Value>) -> ChangeKind {
    if aspect != Aspect::State {
        return match (before, after) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        };
    }
    match (is_there(before), is_there(after)) {
        (false, true) => ChangeKind::Added,
        (true, false) => ChangeKind::Removed,
        (true, true) if after.is_some_and(|value| value.text == "suspect") => ChangeKind::Suspect,
        _ => ChangeKind::Changed,
    }
}
