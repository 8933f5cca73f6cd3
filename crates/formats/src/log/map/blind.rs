//! What a map cannot show: it follows from the fields that it does not name.

use watchpost_core::detect::Sense;

use super::field::Field;
use super::file::Records;

/// What a map may say of itself that it cannot show.
pub(super) const SENSES: [Sense; 15] = [
    Sense::Probes,
    Sense::Replies,
    Sense::Answers,
    Sense::Outcomes,
    Sense::Denied,
    Sense::Accepted,
    Sense::Everything,
    Sense::Counts,
    Sense::Flags,
    Sense::Strays,
    Sense::Options,
    Sense::Headers,
    Sense::Stacks,
    Sense::Pings,
    Sense::Words,
];

/// What cannot be seen, and why; `known` says whether a field is mapped, or the same for all lines.
pub(super) fn of(
    map: &str,
    records: Records,
    sampled: bool,
    known: impl Fn(Field) -> bool,
) -> Vec<(Sense, String)> {
    let any = |fields: &[Field]| fields.iter().any(|field| known(*field));
    let goes = match records {
        Records::Flows if known(Field::Outcome) || any(&Field::BACK) => None,
        Records::Flows => Some((Sense::Outcomes, "no field tells how a contact went")),
        Records::Halves => None,
        Records::Packets => Some((
            Sense::Answers,
            "the log has no answers: a denied packet counts as unanswered, one let through as untold",
        )),
    };
    let lacks = [
        (!known(Field::Flags))
            .then_some((Sense::Flags, "no field has TCP flags: crafted packets look like others")),
        (!known(Field::Ttl)).then_some((
            Sense::Headers,
            "no header fields (window, TTL, IP id, options) that tools are told by",
        )),
        (!any(&[Field::Icmp, Field::IcmpType]))
            .then_some((Sense::Pings, "no field has ICMP's type: such lines are left out")),
        (records != Records::Packets && !known(Field::Packets))
            .then_some((Sense::Counts, "no field counts packets: a line counts as one")),
        sampled.then_some((
            Sense::Everything,
            "only some packets or flows are told: counts are floors, and silence proves nothing",
        )),
        Some((Sense::Words, "maps do not tell what was said")),
    ];
    let all = std::iter::once(goes).chain(lacks).flatten();
    all.map(|(sense, why)| (sense, format!("map {map}: {why}"))).collect()
}
