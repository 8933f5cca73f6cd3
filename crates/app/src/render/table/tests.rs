//! The table at several widths.

use super::*;
use crate::render::sample::{Sample, golden, port_scan, run, screen, syn_sweep, withdrawn};
use crate::render::style::width;
use watchpost_core::record::Stamp;

/// The table of these campaigns.
fn told(campaigns: &[Campaign], screen: &Screen) -> String {
    table(&Sample::of(campaigns.to_vec()).records(), screen)
}

fn all(screen: &Screen) -> String {
    table(&Sample::all().records(), screen)
}

#[test]
fn at_80_and_160_columns() {
    golden("table-80.txt", &all(&screen(80)));
    golden("table-160.txt", &all(&screen(160)));
}

#[test]
fn a_scan_takes_three_lines_at_most() {
    for columns in [80, 100, 160] {
        let text = all(&screen(columns));
        let rows: Vec<usize> =
            text.lines().enumerate().filter(|(_, line)| !line.starts_with(' ')).map(|(n, _)| n).collect();
        assert!(rows.windows(2).all(|pair| pair[1] - pair[0] <= 3), "{columns}:\n{text}");
    }
}

#[test]
fn joined_scans_are_rows_of_their_own_only_where_all_are_asked_for() {
    assert!(!all(&screen(80)).contains("n3uu"));
    assert!(!all(&Screen { all: true, ..screen(80) }).contains("n3uu"));
    let text = all(&Screen { all: true, everything: true, ..screen(100) });
    let below = text.split_once("n3uu").unwrap().1.lines().nth(1).unwrap();
    assert_eq!(below.trim(), "joined into m2zz");
    let coloured = all(&Screen { everything: true, colour: true, ..screen(100) });
    let row = coloured.lines().find(|line| line.contains("n3uu")).unwrap();
    assert!(row.starts_with("\x1b[2m") && !row.contains("\x1b[33m"), "{row:?}");
}

#[test]
fn a_tool_that_finds_no_column_stands_below() {
    let long = Campaign { tools: vec![crate::render::sample::tool("unicornscan", 0.99)], ..port_scan() };
    let text = told(std::slice::from_ref(&long), &screen(100));
    assert!(text.contains("connect scan, unicornscan"), "{text}");
    let text = told(&[long, syn_sweep()], &screen(80));
    assert!(text.contains("with unicornscan; only 198.51.100.23"), "{text}");
    assert!(text.contains("SYN sweep, masscan"), "{text}");
}

#[test]
fn no_line_is_wider_than_the_screen() {
    for columns in [60, 72, 80, 100, 132, 160] {
        for line in all(&screen(columns)).lines() {
            assert!(width(line) <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn a_time_shows_as_much_of_its_date_as_it_must() {
    let text = |start: &str| {
        let other = Campaign { start: Stamp(start.into()), ..port_scan() };
        told(&[syn_sweep(), other], &screen(100))
    };
    assert!(text("2026-11-23T09:00:00.000000000Z").contains("  14:02\n"));
    assert!(text("2026-11-24T09:00:00.000000000Z").contains("  11-23 14:02\n"));
    assert!(text("2025-11-23T09:00:00.000000000Z").contains("  2026-11-23\n"));
}

#[test]
fn what_finds_no_column_stands_in_the_line_below() {
    let later = Campaign { start: Stamp("2026-11-24T09:00:00.000000000Z".into()), ..port_scan() };
    let rows = [syn_sweep(), later];
    let one_line = |columns| Screen { wrap: false, ..screen(columns) };
    assert!(told(&rows, &one_line(76)).contains("11-24 09:00 UTC; only 198.51.100.23"));
    assert!(told(&rows, &one_line(60)).contains("11-24 09:00 UTC; ports 1-1024; only 198.51.100.23"));
}

#[test]
fn addresses_are_never_cut() {
    let text = all(&screen(80));
    assert!(text.contains("2001:db8:5:1234:5678:9abc:def0:1234\n"), "{text}");
}

#[test]
fn many_scans_are_listed_most_severe_first_and_the_rest_counted() {
    let many: Vec<Campaign> = (0..50)
        .map(|n| Campaign {
            id: format!("{n:04}aaaaaaaaaaaa"),
            severity: if n < 5 { Severity::High } else { Severity::Low },
            ..syn_sweep()
        })
        .collect();
    let text = told(&many, &screen(80));
    assert!(text.ends_with("+ 10 more of severity low: 10 SYN sweep (--all lists them)\n"), "{text}");
    let text = told(&many, &Screen { all: true, ..screen(80) });
    assert_eq!(text.matches("SYN sweep").count(), 50);
}

#[test]
fn nothing_found_is_said_plainly() {
    let text = told(&[withdrawn()], &Screen { wrap: false, ..screen(80) });
    assert_eq!(
        text,
        "No scans found: in 3,525,240 packets, 421 sources began something, and none of it looks like a scan. \
         Not visible here: banners, outbound.\n"
    );
    let empty = Run { packets: 0, sources: 0, ..run() };
    assert!(nothing(&empty, &screen(80)).starts_with("No scans found, and nothing to find them in"));
}
