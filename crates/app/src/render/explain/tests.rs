//! Whole pages.

use super::*;
use crate::render::sample::{
    Sample, golden, hunt, joined, ping_sweep_v6, port_scan, screen, shared_sweep, syn_sweep, withdrawn,
};
use watchpost_core::record::{FactKind, Lesson, LessonFact};

#[test]
fn pages_at_80_columns() {
    let sample = Sample::all();
    for (name, campaign) in [
        ("explain-sweep.txt", syn_sweep()),
        ("explain-ports.txt", port_scan()),
        ("explain-shared.txt", shared_sweep()),
        ("explain-ping-v6.txt", ping_sweep_v6()),
        ("explain-withdrawn.txt", withdrawn()),
        ("explain-joined.txt", joined()),
        ("explain-hunt.txt", hunt()),
    ] {
        let text = explain(&campaign, &sample.records(), &screen(80));
        golden(name, &text);
        for line in text.lines() {
            assert!(width(line) <= 80, "{name}: {line}");
        }
    }
}

#[test]
fn a_page_for_a_wide_screen() {
    golden("explain-hunt-160.txt", &explain(&hunt(), &Sample::all().records(), &screen(160)));
}

#[test]
fn sections_without_anything_to_say_are_left_out() {
    let text = explain(&port_scan(), &Sample::all().records(), &screen(80));
    for title in
        ["With what", "From which list", "Together", "What it learned", "Came back", "resembles", "to do"]
    {
        assert!(!text.contains(title), "{title}: {text}");
    }
}

#[test]
fn long_lists_are_counted_and_whole_on_request() {
    let mut sample = Sample::all();
    let first = sample.lessons[0].clone();
    sample.lessons.extend((100..140).map(|n| Lesson { host: format!("203.0.113.{n}"), ..first.clone() }));
    let text = explain(&syn_sweep(), &sample.records(), &screen(80));
    assert!(text.contains("  32 more hosts (--no-trunc lists them)\n"), "{text}");
    let whole = Screen { whole_lists: true, ..screen(80) };
    let text = explain(&syn_sweep(), &sample.records(), &whole);
    assert!(text.contains("203.0.113.139") && !text.contains("more hosts"), "{text}");
}

#[test]
fn nothing_that_strangers_send_reaches_the_terminal_raw() {
    let evil = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}\r\n";
    let mut sample = Sample::all();
    for lesson in &mut sample.lessons {
        lesson.host.push_str(evil);
        lesson.stack = Some(evil.into());
        for service in &mut lesson.services {
            service.protocol = Some(evil.into());
            service.known_since = Some(evil.into());
            let kinds = [FactKind::Banner, FactKind::Software, FactKind::CertificateName, FactKind::HostName];
            service.facts = kinds.map(|what| LessonFact { what, text: evil.into() }).to_vec();
        }
    }
    for follow_up in &mut sample.follow_ups {
        follow_up.source.push_str(evil);
        follow_up.text.push_str(evil);
        follow_up.targets[0].push_str(evil);
        follow_up.techniques[0].push_str(evil);
    }
    for mut campaign in [syn_sweep(), shared_sweep(), hunt()] {
        for tool in &mut campaign.tools {
            tool.name.push_str(evil);
            tool.text.push_str(evil);
            tool.version = Some(evil.into());
        }
        for term in &mut campaign.target_list.terms {
            term.name.push_str(evil);
            term.text.push_str(evil);
        }
        for procedure in &mut campaign.procedures {
            procedure.name.push_str(evil);
            procedure.text.push_str(evil);
            procedure.references.push(evil.into());
        }
        if let Some(coordination) = &mut campaign.coordination {
            coordination.reasons.push(evil.into());
        }
        if let Some(walk) = &mut campaign.permutation {
            walk.text.push_str(evil);
            walk.list.push_str(evil);
            walk.next.push(evil.into());
        }
        let text = explain(&campaign, &sample.records(), &screen(80));
        let raw = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(raw), "{text:?}");
        assert!(text.contains("\\x1b]0;owned"), "{text}");
    }
}
