//! Campaigns as CSV (RFC 4180, but lines end in a line feed): a header, then a line for each scan that stands.
//! Lists are joined with spaces, names of several words with semicolons. Nothing in it comes from packets but numbers and
//! addresses; new columns come at the end.

use watchpost_core::record::Campaign;

use super::clean::clean;
use super::stands;

type Column = (&'static str, fn(&Campaign) -> String);

/// A word of the record's vocabulary, as JSON spells it.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn optional(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

const COLUMNS: &[Column] = &[
    ("id", |c| c.id.clone()),
    ("status", |c| word(&c.status)),
    ("severity", |c| word(&c.severity)),
    ("severity_rule", |c| c.severity_rule.clone()),
    ("confidence", |c| c.confidence.to_string()),
    ("bits", |c| c.bits.to_string()),
    ("direction", |c| word(&c.direction)),
    ("techniques", |c| c.techniques.join(" ")),
    ("start", |c| c.start.0.clone()),
    ("end", |c| c.end.0.clone()),
    ("decided", |c| c.decided.0.clone()),
    ("shape", |c| word(&c.shape)),
    ("probes", |c| c.probes.iter().map(word).collect::<Vec<_>>().join(" ")),
    ("probe_count", |c| c.probe_count.to_string()),
    ("sources", |c| c.sources.join(" ")),
    ("source_count", |c| c.source_count.to_string()),
    ("hosts", |c| c.hosts.count.to_string()),
    ("hosts_exact", |c| c.hosts.exact.to_string()),
    ("services", |c| c.services.count.to_string()),
    ("services_exact", |c| c.services.exact.to_string()),
    ("top_services", |c| c.top_services.join(" ")),
    ("service_ranges", |c| c.service_ranges.join(" ")),
    ("targets", |c| c.targets.join(" ")),
    ("prefixes", |c| c.prefixes.iter().map(|prefix| prefix.prefix.as_str()).collect::<Vec<_>>().join(" ")),
    ("prefix_count", |c| c.prefix_count.to_string()),
    ("open_hosts", |c| c.learned.open_hosts.count.to_string()),
    ("alive_hosts", |c| c.learned.alive_hosts.count.to_string()),
    ("refused_hosts", |c| c.learned.refused_hosts.count.to_string()),
    ("rate", |c| optional(c.rate)),
    ("median_gap", |c| optional(c.median_gap)),
    ("order", |c| word(&c.order)),
    ("at_least", |c| c.at_least.to_string()),
    ("attack_version", |c| c.attack_version.clone()),
    ("nesting", |c| c.nesting.as_ref().map(word).unwrap_or_default()),
    ("tools", |c| named(c.tools.iter().map(|tool| tool.name.as_str()))),
    ("tool_confidence", |c| optional(c.tools.first().map(|tool| tool.confidence))),
    ("target_list", |c| word(&c.target_list.kind)),
    ("list_confidence", |c| c.target_list.confidence.to_string()),
    ("generator", |c| c.permutation.as_ref().map(|walk| walk.generator.to_string()).unwrap_or_default()),
    ("prime", |c| c.permutation.as_ref().map(|walk| walk.prime.to_string()).unwrap_or_default()),
    ("walk_done", |c| optional(c.permutation.as_ref().map(|walk| walk.done))),
    ("lessons_open", |c| c.lessons.open.to_string()),
    ("lessons_versions", |c| c.lessons.versions.to_string()),
    ("lessons_new", |c| c.lessons.new_to_anyone.to_string()),
    ("follow_ups", |c| c.follow_ups.join(" ")),
    ("follow_up_count", |c| c.follow_ups.len().to_string()),
    ("coordination_sources", |c| {
        c.coordination.as_ref().map(|_| c.source_count.to_string()).unwrap_or_default()
    }),
    ("coordination_bits", |c| optional(c.coordination.as_ref().map(|coordination| coordination.bits))),
    ("procedures", |c| named(c.procedures.iter().map(|procedure| procedure.name.as_str()))),
];

/// Names, cleaned, and harmless at the beginning of a cell.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names = names.map(clean).collect::<Vec<_>>().join("; ");
    if names.starts_with(['=', '+', '-', '@', '\t']) { format!("'{names}") } else { names }
}

/// The whole file.
pub fn csv(campaigns: &[Campaign]) -> String {
    let mut out = COLUMNS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",") + "\n";
    for campaign in campaigns.iter().filter(|campaign| stands(campaign)) {
        let fields: Vec<String> = COLUMNS.iter().map(|(_, value)| quoted(&value(campaign))).collect();
        out.push_str(&fields.join(","));
        out.push('\n');
    }
    out
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{all, golden};

    #[test]
    fn a_line_for_each_scan_that_stands() {
        let text = csv(&all());
        assert_eq!(text.lines().count(), 6);
        golden("campaigns.csv", &text);
    }

    #[test]
    fn no_field_begins_a_formula_of_a_spreadsheet() {
        for campaign in all() {
            for (name, value) in COLUMNS {
                assert!(!value(&campaign).starts_with(['=', '+', '-', '@', '\t']), "{name}");
            }
        }
    }

    #[test]
    fn names_are_cleaned_and_begin_no_formula() {
        assert_eq!(named(["=1+1", "a\x1b"].into_iter()), "'=1+1; a\\x1b");
        assert_eq!(named(["masscan", "nmap"].into_iter()), "masscan; nmap");
    }

    #[test]
    fn quotes_where_needed() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
