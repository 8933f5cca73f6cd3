//! Who comes to a service unasked (`data/visits.toml`).

use std::sync::LazyLock;

use serde::Deserialize;

use crate::contact::Service;
use crate::procedures::ports::Ports;

/// What an ordinary visitor of one kind of service does; the file explains each key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    pub(super) name: String,
    #[serde(default)]
    on: Vec<Ports>,
    outside: f64,
    inside: f64,
    certainty: f64,
    pub(super) least: f64,
    pub(super) further: f64,
    pub(super) alike: f64,
}

/// All kinds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kinds {
    default: Kind,
    kind: Vec<Kind>,
}

impl Kinds {
    /// The table in `data/visits.toml`.
    pub(super) fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Kinds> = LazyLock::new(|| {
            Kinds::parse(include_str!("../../../../data/visits.toml")).expect("the shipped table is tested")
        });
        &SHIPPED
    }

    /// From the text of such a file.
    ///
    /// # Errors
    /// A sentence that names the kind and what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let table: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        for (i, kind) in table.kind.iter().enumerate() {
            let mut others = table.kind[i + 1..].iter().flat_map(|k| &k.on);
            if let Some(twice) = others.find(|o| kind.on.iter().any(|p| p.shared(o) > 0)) {
                return Err(format!("{twice} stands in {} and in another kind", kind.name));
            }
        }
        for kind in table.kind.iter().chain([&table.default]) {
            let rates = [kind.outside, kind.inside, kind.certainty, kind.least, kind.alike, kind.further];
            if !(rates.iter().all(|x| *x > 0.0) && kind.further < 1.0) {
                return Err(format!("{}: rates are positive, `further` lies between 0 and 1", kind.name));
            }
        }
        Ok(table)
    }

    /// What is normal for this service.
    pub(super) fn of(&self, service: Service) -> &Kind {
        self.kind.get(self.place(service)).unwrap_or(&self.default)
    }

    /// The place of a service's kind; beyond the last for services of no known kind.
    pub(super) fn place(&self, service: Service) -> usize {
        let named = self.kind.iter().position(|k| k.on.iter().any(|p| p.holds(service)));
        named.unwrap_or(self.kind.len())
    }
}

impl Kind {
    /// New visitors a day, `seen` of them having come in `days`: the mean of a gamma prior with the file's rate, after
    /// Poisson arrivals.
    pub(super) fn rate(&self, inside: bool, seen: f64, days: f64) -> f64 {
        let prior = if inside { self.inside } else { self.outside };
        ((self.certainty + seen) / (self.certainty / prior + days)).max(self.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::Transport;

    #[test]
    fn the_shipped_table_reads_and_quiet_services_are_quiet() {
        let kinds = Kinds::shipped();
        let of = |port| kinds.of(Service { transport: Transport::Tcp, port });
        assert_eq!(of(4444).name, kinds.default.name);
        assert!(of(22).rate(false, 0.0, 0.0) < of(443).rate(false, 0.0, 0.0) / 100.0);
        assert!(of(2375).rate(false, 0.0, 0.0) < of(22).rate(false, 0.0, 0.0));
        // One visitor within the hour overrules the prior.
        assert!(of(22).rate(false, 1.0, 1.0 / 24.0) > 30.0 * of(22).rate(false, 0.0, 0.0));
        assert!(of(445).rate(true, 0.0, 0.0) > of(445).rate(false, 0.0, 0.0));
        assert!(of(443).rate(false, 0.0, 1e6) >= of(443).least);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = include_str!("../../../../data/visits.toml");
        let with = |from: &str, to: &str| Kinds::parse(&text.replacen(from, to, 1)).unwrap_err();
        assert!(with("certainty = ", "certitude = ").contains("certitude"));
        assert!(with("\"tcp/80\"", "\"tpc/80\"").contains("tpc/80"));
        assert!(with("\"tcp/21\"", "\"tcp/22\"").contains("tcp/22 stands in"));
        assert!(with("further = 0.25", "further = 1").contains("services of no known kind"));
    }
}
