//! What a client is after, asked of everything that any client says.
//!
//! Nearly nothing is worth a second look. So one pass over a text answers first whether any listed word stands in it; only then
//! is it brought into the form that compares, and held against the lists as they are meant.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::asked::{Asked, plain};
use super::profile::{Asks, Book};
use crate::record::FactKind;
use crate::utterance::Utterance;

/// What a request is after that visitors do not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hunt {
    /// Nobody asks a host for this but to find something to take or to exploit.
    Prizes,
    /// Only those who run the host ask for this, the same few hosts again and again.
    Controls,
}

/// What a client is after, by its requests and by what it calls itself.
pub fn hunts(said: &Utterance) -> Option<Hunt> {
    static WORDS: LazyLock<Words> = LazyLock::new(|| Words::of(Book::shipped()));
    WORDS.may_stand_in(said).then(|| looked_up(said)).flatten()
}

fn looked_up(said: &Utterance) -> Option<Hunt> {
    let lists = &Book::shipped().hunt;
    let asked = Asked::of(&[said]);
    let holds = |asks| asked.first(asks).is_some();
    match (holds(&lists.prizes), holds(&lists.controls)) {
        (true, _) => Some(Hunt::Prizes),
        (false, true) => Some(Hunt::Controls),
        (false, false) => None,
    }
}

/// All listed words, in either case.
struct Words {
    of_requests: AhoCorasick,
    of_agents: AhoCorasick,
}

impl Words {
    fn of(book: &Book) -> Self {
        let lists = [&book.hunt.prizes, &book.hunt.controls];
        let requests = |asks: &&Asks<'static>| [asks.requests.to_vec(), asks.inside.to_vec()].concat();
        let of_requests: Vec<String> = lists.iter().flat_map(requests).collect();
        let of_agents: Vec<String> = lists.iter().flat_map(|asks| asks.agents.to_vec()).collect();
        let any_case = |words: &[String]| {
            AhoCorasick::builder().ascii_case_insensitive(true).build(words).expect("a few short words")
        };
        Self { of_requests: any_case(&of_requests), of_agents: any_case(&of_agents) }
    }

    /// No means that [`looked_up`] finds nothing.
    fn may_stand_in(&self, said: &Utterance) -> bool {
        said.facts.iter().any(|fact| match fact.what {
            // A path may be written otherwise than it reads.
            FactKind::Request if fact.text.contains('%') || fact.text.contains("//") => {
                self.of_requests.is_match(fact.text) || self.of_requests.is_match(&plain(fact.text))
            }
            FactKind::Request => self.of_requests.is_match(fact.text),
            FactKind::UserAgent => self.of_agents.is_match(fact.text),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;
    use super::*;
    use proptest::prelude::*;

    fn listed() -> Vec<String> {
        let lists = &Book::shipped().hunt;
        let of = |asks: &Asks<'static>| [&asks.requests[..], &asks.inside, &asks.agents].concat();
        [of(&lists.prizes), of(&lists.controls)].concat()
    }

    proptest! {
        #[test]
        fn the_first_pass_misses_nothing(
            word in prop::sample::select(listed()),
            before in "[A-Z]{1,4} |GET http://h|GET /v1\\.[0-9]{1,2}||GET /",
            after in "[a-z/.%]{0,6}",
            encode in any::<bool>(),
            agent in any::<bool>(),
        ) {
            let word = if encode { word.replacen('e', "%65", 1) } else { word };
            let kind = if agent { FactKind::UserAgent } else { FactKind::Request };
            let said = said(&[(kind, &format!("{before}{word}{after}"))]);
            prop_assert_eq!(hunts(&said), looked_up(&said));
        }
    }

    #[test]
    fn what_is_asked_of_everybody_is_passed_over() {
        let words = Words::of(Book::shipped());
        for ordinary in ["GET /", "GET /index.html?a=b", "EHLO mail.example.test", "GET key"] {
            assert!(!words.may_stand_in(&said(&[(FactKind::Request, ordinary)])), "{ordinary}");
        }
        assert_eq!(hunts(&said(&[(FactKind::Request, "GET /a/.%65nv")])), Some(Hunt::Prizes));
        assert_eq!(hunts(&said(&[(FactKind::Request, "GET /v1.24//containers/json")])), Some(Hunt::Controls));
    }
}
