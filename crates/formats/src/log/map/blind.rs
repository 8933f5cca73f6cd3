//! What a map cannot show: it follows from the fields that it does not name.

use super::field::Field;
use super::file::Records;

/// What cannot be seen, and why; `known` says whether a field is mapped, or the same for all lines.
pub(super) fn of(
    map: &str,
    records: Records,
    sampled: bool,
    known: impl Fn(Field) -> bool,
) -> Vec<(String, String)> {
    let any = |fields: &[Field]| fields.iter().any(|field| known(*field));
    let answers = match records {
        Records::Flows => (!known(Field::Outcome) && !any(&Field::BACK))
            .then_some("no field tells what came back: who answered is unknown"),
        Records::Packets => {
            Some("the log has no answers: a denied packet counts as unanswered, one let through as untold")
        }
        Records::Halves => None,
    };
    let told = [
        ("answers", answers),
        (
            "flags",
            (!known(Field::Flags)).then_some("no field has TCP flags: crafted packets look like others"),
        ),
        (
            "tools",
            (!known(Field::Ttl)).then_some("no header fields (window, TTL, IP id) that tools are told by"),
        ),
        (
            "pings",
            (!any(&[Field::Icmp, Field::IcmpType]))
                .then_some("no field has ICMP's type: such lines are left out"),
        ),
        (
            "counts",
            (records != Records::Packets && !known(Field::Packets))
                .then_some("no field counts packets: a line counts as one"),
        ),
        (
            "sampling",
            sampled.then_some(
                "only some packets or flows are told: counts are floors, and silence proves nothing",
            ),
        ),
        ("words", Some("maps do not tell what was said")),
    ];
    told.into_iter()
        .filter_map(|(what, why)| Some((what.to_owned(), format!("map {map}: {}", why?))))
        .collect()
}
