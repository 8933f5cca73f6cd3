//! The firewall log of one busy public host: what the Internet sends to it week after week, and two scans that mean it.
//!
//! Lines are those of iptables' LOG target, all of denied packets. Most sources are worms and Internet-wide scanners that
//! send a few packets and are not seen again; some networks of survey companies come every week and ask for many ports; a few
//! addresses try ports at random. Among them one nmap-like scan of a thousand ports within a minute, and sixteen
//! addresses that share four thousand ports within the hour. The shares are modelled, not measured.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::frame::mix;

/// 2026-01-05 00:00 UTC, a Monday, seconds since 1970.
const MONDAY: u64 = 1_767_571_200;
const WEEK: u64 = 7 * 86_400;

/// What worms look for.
const WORMS: [u16; 16] = [23, 23, 23, 2323, 445, 445, 22, 22, 3389, 1433, 5555, 8080, 80, 37215, 52869, 6379];
/// What Internet-wide scanners look for, beside any port at all.
const COMMON: [u16; 20] =
    [21, 22, 23, 25, 53, 80, 110, 143, 443, 445, 1433, 2375, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200];
const UDP: [u16; 8] = [53, 123, 161, 389, 1900, 5060, 5683, 11_211];
/// Who means this host: one alone, and sixteen together.
pub const ALONE: [u8; 4] = [198, 51, 100, 77];
const TOGETHER: u64 = 16;

/// One line to be: microseconds since [`MONDAY`], and the packet.
struct Line {
    time: u64,
    source: u32,
    port: u16,
    udp: bool,
    dice: u32,
    look: Look,
}

/// How packets look.
#[derive(Clone, Copy)]
enum Look {
    Worm,
    Zmap,
    Masscan,
    Nmap,
    System,
}

/// Writes the log; the number of its lines.
///
/// # Errors
/// Those of writing.
pub fn make(out: &mut impl Write, weeks: u32, sources: u32) -> io::Result<u64> {
    let mut count = 0;
    for week in 0..u64::from(weeks) {
        let mut lines = week_of(week, sources);
        if week == u64::from(weeks) / 2 {
            lines.extend(alone(week));
            lines.extend(together(week));
        }
        lines.sort_by_key(|line| (line.time, line.source, line.port));
        for line in &lines {
            write_line(out, line)?;
        }
        count += lines.len() as u64;
    }
    Ok(count)
}

/// What comes in a week.
fn week_of(week: u64, sources: u32) -> Vec<Line> {
    let mut lines = Vec::new();
    for n in 0..sources {
        let dice = mix(mix(week as u32 ^ 0x5eed) ^ n);
        let anybody = address(mix(dice ^ 0xadd2));
        let begins = at(dice, WEEK - 3_600);
        match n % 100 {
            0..60 => worm(&mut lines, anybody, dice, week, begins),
            60..82 => {
                let look = if dice & 1 == 0 { Look::Zmap } else { Look::Masscan };
                ports(&mut lines, anybody, dice, week, 1 + dice % 3, look);
            }
            82..92 => {
                // The same addresses of some forty networks every week.
                let network = address(mix(0xfa2 + n % 41)) & !0xff;
                ports(&mut lines, network | (n / 100 % 250), dice, week, 3 + dice % 58, Look::Zmap);
            }
            92..95 => ports(&mut lines, anybody, dice, week, 50 + dice % 950, Look::Masscan),
            95..98 => {
                let port = UDP[dice as usize % UDP.len()];
                lines.push(Line {
                    time: week * WEEK * 1_000_000 + begins,
                    source: anybody,
                    port,
                    udp: true,
                    dice,
                    look: Look::System,
                });
            }
            _ => {
                // Somebody who mistyped, or an old name: tries a service a few times.
                for n in 0..3 {
                    let time = week * WEEK * 1_000_000 + begins + [0, 1_000_000, 3_000_000][n];
                    let port = COMMON[dice as usize % COMMON.len()];
                    lines.push(Line { time, source: anybody, port, udp: false, dice, look: Look::System });
                }
            }
        }
    }
    lines
}

/// One service, some packets.
fn worm(lines: &mut Vec<Line>, source: u32, dice: u32, week: u64, begins: u64) {
    let port = WORMS[dice as usize % WORMS.len()];
    for n in 0..1 + u64::from(dice >> 8) % 4 {
        let time = week * WEEK * 1_000_000 + begins + n * u64::from(mix(dice ^ n as u32) % 900_000_000);
        lines.push(Line { time, source, port, udp: false, dice: mix(dice ^ n as u32), look: Look::Worm });
    }
}

/// So many ports over the week.
fn ports(lines: &mut Vec<Line>, source: u32, dice: u32, week: u64, many: u32, look: Look) {
    for n in 0..many {
        let dice = mix(dice ^ n.wrapping_mul(0x9e37));
        let port = if dice.is_multiple_of(3) {
            (mix(dice) >> 8) as u16 | 1
        } else {
            COMMON[dice as usize % COMMON.len()]
        };
        let time = week * WEEK * 1_000_000 + at(mix(dice ^ 0x71), WEEK);
        lines.push(Line { time, source, port, udp: false, dice, look });
    }
}

/// The thousand ports that an nmap asks first, in no order, within a minute.
fn alone(week: u64) -> Vec<Line> {
    let begins = (week * WEEK + 3 * 86_400 + 14 * 3_600) * 1_000_000;
    let line = |n: u32| Line {
        time: begins + u64::from(n) * 21_000,
        source: u32::from_be_bytes(ALONE),
        port: 1 + (n * 7 % 1_000) as u16,
        udp: false,
        dice: mix(n ^ 0xa10e),
        look: Look::Nmap,
    };
    (0..1_000).map(line).collect()
}

/// Four thousand ports, each asked by one of sixteen, within the hour.
fn together(week: u64) -> Vec<Line> {
    let begins = (week * WEEK + 4 * 86_400 + 2 * 3_600) * 1_000_000;
    let line = |n: u64| Line {
        time: begins + n * 800_000 + u64::from(mix(n as u32)) % 300_000,
        source: address(mix(0x7e4 + (n % TOGETHER) as u32)),
        port: (1 + n * 1_597 % 4_096) as u16,
        udp: false,
        dice: mix(n as u32 ^ 0x6e7),
        look: Look::Masscan,
    };
    (0..4_096).map(line).collect()
}

/// Microseconds within so many seconds.
fn at(dice: u32, seconds: u64) -> u64 {
    u64::from(mix(dice ^ 0x714e)) * seconds / 4_295
}

/// A unicast address outside the networks for documentation and private use.
fn address(dice: u32) -> u32 {
    let first =
        [1 + dice % 9, 11 + dice % 89, 101 + dice % 25, 128 + dice % 40, 193 + dice % 4][dice as usize % 5];
    first << 24 | mix(dice) >> 8
}

fn write_line(out: &mut impl Write, line: &Line) -> io::Result<()> {
    let micros = 1_000_000 * MONDAY as i64 + line.time as i64;
    let time = Timestamp::from_microsecond(micros).map_err(io::Error::other)?;
    let source = line.source.to_be_bytes();
    let [a, b, c, d] = source;
    let own = mix(line.source);
    // Hops between 8 and 23.
    let hops = 8 + own % 16;
    write!(
        out,
        "{time:.6} www kernel: DENY IN=eth0 OUT= \
         MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC={a}.{b}.{c}.{d} DST=203.0.113.10 "
    )?;
    let (length, ttl, id, window) = match line.look {
        Look::Worm => (40, 64 - hops, line.dice >> 16, line.dice & 0xffff),
        Look::Zmap => (40, 255 - hops, 54_321, 65_535),
        Look::Masscan => (40, 255 - hops, line.dice >> 16, 1_024),
        Look::Nmap => (44, 64 - line.dice % 20, line.dice >> 16, 1_024),
        Look::System => (60, 64 - hops, line.dice >> 16, 64_240),
    };
    let sport = 1_024 + (mix(line.dice) % 64_000);
    let (port, zero) = (line.port, "TOS=0x00 PREC=0x00");
    if line.udp {
        return writeln!(out, "LEN=56 {zero} TTL={ttl} ID={id} PROTO=UDP SPT={sport} DPT={port} LEN=36");
    }
    writeln!(
        out,
        "LEN={length} {zero} TTL={ttl} ID={id} PROTO=TCP SPT={sport} DPT={port} WINDOW={window} RES=0x00 SYN URGP=0"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_rise_and_hold_both_scans() {
        let mut out = Vec::new();
        let lines = make(&mut out, 2, 200).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count() as u64, lines);
        assert!(text.lines().map(|line| &line[..26]).is_sorted());
        assert_eq!(text.matches("SRC=198.51.100.77 ").count(), 1_000);
    }
}
