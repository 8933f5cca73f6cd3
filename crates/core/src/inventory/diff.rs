//! Two inventories compared.
//!
//! The problem: three surveys give three comparisons, and they must not contradict each other. The way: an inventory is a map
//! from keys (host, service, aspect) to values, a difference holds what was and what is of each key whose value differs, and
//! nothing of the surveys themselves. Then `compose(diff(a, b), diff(b, c)) == diff(a, c)` and `apply(view(a), diff(a, b)) ==
//! view(b)` hold for all inventories; tests hold them. States are settled before ([`super::settle()`]): nothing is
//! judged here. The limit: what two surveys did not both ask is compared as the later one carried it over.

use std::collections::BTreeMap;

use super::change::{Aspect, Change, Key, Value};
use super::file::Inventory;
use super::names::order;
use super::record::{Exposure, Service, State};
use crate::record::FactKind;

/// What an inventory says, key by key.
pub type View = BTreeMap<Key, Value>;

/// What an inventory says, key by key: of a closed service nothing but that it is closed.
pub fn view(inventory: &Inventory) -> View {
    let mut view = View::new();
    for service in &inventory.services {
        let mut put = |aspect, value: Option<Value>| {
            let key = (service.host.clone(), service.service.clone(), aspect, None);
            value.into_iter().for_each(|value| {
                view.insert(key.clone(), value);
            });
        };
        put(Aspect::State, Some(Value::state(service.state, service.confidence)));
        if service.state != State::Closed {
            put(Aspect::Product, product(service));
            put(Aspect::Certificate, facts(service, FactKind::CertificateName, str::to_owned));
            put(Aspect::Banner, facts(service, FactKind::Banner, lasting));
            put(Aspect::System, service.os.as_ref().map(|os| Value::new(&*os.name)));
        }
    }
    let mut exposures: Vec<&Exposure> = inventory.exposures.iter().collect();
    exposures.sort_by_key(|e| (std::cmp::Reverse(e.rung), &e.what));
    for exposure in exposures {
        let check = Some(exposure.check.clone());
        let text = format!("{}: {}", exposure.rung.name(), exposure.what);
        let key = (exposure.host.clone(), exposure.service.clone(), Aspect::Exposure, check);
        // Several of one check: the worst begins.
        let value = view.entry(key).or_insert_with(|| Value::new(""));
        if !value.text.is_empty() {
            value.text.push_str("; ");
        }
        value.text.push_str(&text);
    }
    view
}

fn product(service: &Service) -> Option<Value> {
    let product = service.product.as_ref()?;
    let version = product.version.as_deref().unwrap_or_default();
    Some(Value::new(format!("{} {version}", product.name).trim_end()))
}

/// The facts of one kind, sorted.
fn facts(service: &Service, what: FactKind, text: fn(&str) -> String) -> Option<Value> {
    let mut texts: Vec<String> =
        service.facts.iter().filter(|f| f.what == what).map(|f| text(&f.text)).collect();
    texts.sort_unstable();
    texts.dedup();
    (!texts.is_empty()).then(|| Value::new(texts.join(", ")))
}

/// A greeting without the date and time that many servers put into it: words with a time of day, and what stands around it
/// (day, month, year, zone) go.
fn lasting(banner: &str) -> String {
    let words: Vec<&str> = banner.split_whitespace().collect();
    let is_time = |word: &&str| {
        let parts: Vec<&str> = word.trim_matches(|c: char| !c.is_ascii_digit()).split(':').collect();
        matches!(parts.len(), 2 | 3)
            && parts.iter().all(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()))
    };
    if !words.iter().any(is_time) {
        return banner.to_owned();
    }
    const NAMES: [&str; 19] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul",
        "aug", "sep", "oct", "nov", "dec",
    ];
    let is_date = |word: &&str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
        let number = !bare.is_empty() && bare.len() <= 4 && bare.bytes().all(|b| b.is_ascii_digit());
        let zone = matches!(
            bare.as_str(),
            "gmt" | "utc" | "cet" | "cest" | "est" | "edt" | "pst" | "pdt" | "am" | "pm"
        );
        let name = bare.get(..3).is_some_and(|start| NAMES.contains(&start)) && bare.len() <= 9;
        number || zone || name
    };
    words.into_iter().filter(|word| !is_time(word) && !is_date(word)).collect::<Vec<_>>().join(" ")
}

/// What differs between two surveys, in the order of host and service.
pub fn diff(a: &Inventory, b: &Inventory) -> Vec<Change> {
    between(&view(a), &view(b))
}

fn between(a: &View, b: &View) -> Vec<Change> {
    let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
    let differ = keys.filter(|key| a.get(*key) != b.get(*key));
    let mut changes: Vec<Change> =
        differ.map(|key| Change::new(key.clone(), a.get(key).cloned(), b.get(key).cloned())).collect();
    sort(&mut changes);
    changes
}

fn sort(changes: &mut [Change]) {
    changes.sort_by_cached_key(|c| (order(&c.host, &c.service), c.aspect, c.check.clone()));
}

/// What comes of changes and, after them, of others. What cancels vanishes.
pub fn compose(first: &[Change], then: &[Change]) -> Vec<Change> {
    let mut all: BTreeMap<Key, (Option<Value>, Option<Value>)> =
        first.iter().map(|c| (c.key(), (c.before.clone(), c.after.clone()))).collect();
    for change in then {
        let known = all.entry(change.key()).or_insert_with(|| (change.before.clone(), None));
        known.1 = change.after.clone();
    }
    let differ = all.into_iter().filter(|(_, (before, after))| before != after);
    let mut changes: Vec<Change> =
        differ.map(|(key, (before, after))| Change::new(key, before, after)).collect();
    sort(&mut changes);
    changes
}

/// What a view becomes by changes.
pub fn apply(mut view: View, changes: &[Change]) -> View {
    for change in changes {
        match &change.after {
            Some(value) => view.insert(change.key(), value.clone()),
            None => view.remove(&change.key()),
        };
    }
    view
}

#[cfg(test)]
mod tests {
    use crate::inventory::Rung;
    use proptest::prelude::*;

    use super::*;
    use crate::inventory::file::tests::{exposed, taken};
    use crate::inventory::{Asked, ChangeKind, OsGuess, Product, settle};
    use crate::record::LessonFact;

    const HOSTS: [&str; 4] = ["192.0.2.9", "192.0.2.10", "2001:db8::1", "192.0.2.100"];
    const SERVICES: [&str; 4] = ["tcp/22", "tcp/443", "udp/53", "tcp/*"];

    prop_compose! {
        /// Any service, also such as no survey gives.
        fn service()(
            host in 0..4usize, name in 0..4usize, state in 0..3u8, confidence in 0..3u8, product in 0..3u8, facts in 0..4u8,
            system in 0..3u8
        ) -> Service {
            let fact = |what, text: &str| LessonFact { what, text: text.into() };
            let mut facts_of = Vec::new();
            if facts & 1 != 0 { facts_of.push(fact(FactKind::Banner, "220 ready at 12:30:01")); }
            if facts & 2 != 0 { facts_of.push(fact(FactKind::CertificateName, ["a.example", "b.example"][host % 2])); }
            Service {
                host: HOSTS[host].into(),
                service: SERVICES[name].into(),
                state: [State::Open, State::Suspect, State::Closed][usize::from(state)],
                confidence: [0.9, 0.99, 0.999][usize::from(confidence)],
                product: (product > 0).then(|| Product { name: format!("p{product}"), ..Product::default() }),
                os: (system > 0).then(|| OsGuess { name: format!("o{system}"), because: String::new() }),
                facts: facts_of,
                ..Service::default()
            }
        }
    }

    prop_compose! {
        fn exposure()(host in 0..4usize, name in 0..4usize, rung in 0..5usize, what in 0..2usize) -> Exposure {
            let rungs = [Rung::Reachable, Rung::Identified, Rung::Discloses, Rung::Anonymous, Rung::Sensitive];
            exposed(HOSTS[host], SERVICES[name], rungs[rung], ["x", "y"][what])
        }
    }

    prop_compose! {
        fn inventory()(
            services in proptest::collection::vec(service(), 0..10), exposures in proptest::collection::vec(exposure(), 0..6)
        ) -> Inventory {
            Inventory { services, exposures, ..Inventory::default() }
        }
    }

    proptest! {
        #[test]
        fn differences_compose(a in inventory(), b in inventory(), c in inventory()) {
            prop_assert_eq!(compose(&diff(&a, &b), &diff(&b, &c)), diff(&a, &c));
            prop_assert_eq!(compose(&diff(&a, &b), &diff(&b, &a)), vec![]);
            prop_assert_eq!(diff(&a, &a), vec![]);
            prop_assert_eq!(apply(view(&a), &diff(&a, &b)), view(&b));
            let d = diff(&a, &b);
            prop_assert_eq!(compose(&compose(&d, &diff(&b, &c)), &diff(&c, &a)), compose(&d, &compose(&diff(&b, &c), &diff(&c, &a))));
        }

        #[test]
        fn settled_surveys_of_the_same_net_do_not_differ(found in inventory()) {
            let mut found = found;
            found.services.iter_mut().for_each(|s| s.state = State::Open);
            found.services.sort_by_cached_key(|s| order(&s.host, &s.service));
            found.services.dedup_by(|a, b| (&a.host, &a.service) == (&b.host, &b.service));
            let first = settle(found.clone(), None, |_, _| Asked::No);
            let mut later = found;
            later.services.iter_mut().for_each(|s| s.confidence = 0.5);
            let second = settle(later, Some(&first), |_, _| Asked::Once);
            prop_assert_eq!(diff(&first, &second), vec![]);
        }
    }

    #[test]
    fn what_changed_and_how() {
        let ssh = ("192.0.2.9", "tcp/22");
        let mut a = settle(taken(1, &[ssh, ("192.0.2.10", "tcp/443")]), None, |_, _| Asked::No);
        a.services[1].facts =
            vec![LessonFact { what: FactKind::CertificateName, text: "mail.example.org".into() }];
        let mut fresh = taken(2, &[("192.0.2.10", "tcp/443"), ("192.0.2.14", "tcp/80")]);
        fresh.services[0].facts =
            vec![LessonFact { what: FactKind::CertificateName, text: "www.example.org".into() }];
        fresh.exposures =
            vec![exposed("192.0.2.14", "tcp/80", Rung::Sensitive, "Docker API without a login")];
        let asked = fresh.asked();
        let b = settle(fresh, Some(&a), asked);
        let told: Vec<_> =
            diff(&a, &b).into_iter().map(|c| (c.host, c.aspect, c.kind, c.confidence)).collect();
        assert_eq!(
            told,
            [
                ("192.0.2.9".into(), Aspect::State, ChangeKind::Suspect, Some(0.99)),
                ("192.0.2.10".into(), Aspect::Certificate, ChangeKind::Changed, None),
                ("192.0.2.14".into(), Aspect::State, ChangeKind::Added, None),
                ("192.0.2.14".into(), Aspect::Exposure, ChangeKind::Added, None),
            ]
        );
        let fresh = taken(3, &[]);
        let asked = fresh.asked();
        let c = settle(fresh, Some(&b), asked);
        let closed = diff(&a, &c).into_iter().find(|c| c.host == "192.0.2.9").unwrap();
        assert_eq!((closed.kind, closed.confidence), (ChangeKind::Removed, Some(0.9999)));
    }

    #[test]
    fn that_a_closed_service_is_forgotten_is_no_news() {
        let key = || ("192.0.2.9".to_owned(), "tcp/22".to_owned(), Aspect::State, None);
        let closed = || Some(Value::state(State::Closed, 0.99));
        assert!(!Change::new(key(), closed(), None).is_news());
        assert!(!Change::new(key(), None, closed()).is_news());
        assert!(Change::new(key(), closed(), Some(Value::new("open"))).is_news());
    }

    #[test]
    fn a_greeting_s_date_is_no_change() {
        let at = |time: &str| lasting(&format!("220 mail.example.org ESMTP Exim 4.96 {time}"));
        assert_eq!(at("Mon, 23 Nov 2026 12:00:01 +0100"), at("Tue, 24 Nov 2026 13:07:09 +0100"));
        assert_eq!(lasting("SSH-2.0-OpenSSH_9.2p1 Debian-2"), "SSH-2.0-OpenSSH_9.2p1 Debian-2");
        assert_ne!(at("12:00:01"), lasting("220 mail.example.org ESMTP Exim 4.97 12:00:01"));
    }
}
