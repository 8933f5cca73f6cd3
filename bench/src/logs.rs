//! The connections of [`crate::traffic`] as sensors write them: Suricata's eve.json and Zeek's conn.log.
//!
//! Fields, their order and the length of lines are those of Suricata 8 and Zeek 6.

use std::io::Write;
use std::net::Ipv4Addr;

use crate::frame::mix;
use crate::traffic::{Connection, How};

/// Flow events, one a connection.
pub fn eve(out: &mut impl Write, lines: u32) -> anyhow::Result<()> {
    for n in 0..lines {
        let c = Connection::number(n);
        let id = u64::from(mix(n)) << 19 | u64::from(mix(n ^ 0x1d) >> 13);
        let (ts, tc) = c.flags();
        let proto = if c.is_tcp { "TCP" } else { "UDP" };
        write!(
            out,
            r#"{{"timestamp":"{}","flow_id":{id},"event_type":"flow","src_ip":"{}","src_port":{},"dest_ip":"{}","dest_port":{},"ip_v":4,"proto":"{proto}""#,
            Stamp(c.ended + 2_000_000),
            Ipv4Addr::from(c.source),
            c.source_port,
            Ipv4Addr::from(c.target),
            c.port,
        )?;
        if let Some(service) = c.service() {
            write!(out, r#","app_proto":"{service}""#)?;
        }
        let state = match (c.is_tcp, c.how) {
            (_, How::Silent) => "new",
            (true, _) => "closed",
            (false, _) => "established",
        };
        let octets = |(packets, payload): (u32, u32)| u64::from(packets) * 54 + u64::from(payload);
        write!(
            out,
            r#","flow":{{"pkts_toserver":{},"pkts_toclient":{},"bytes_toserver":{},"bytes_toclient":{},"start":"{}","end":"{}","age":{},"state":"{state}","reason":"timeout","alerted":false"#,
            c.sent.0,
            c.got.0,
            octets(c.sent),
            octets(c.got),
            Stamp(c.began),
            Stamp(c.ended),
            (c.ended - c.began) / 1_000_000,
        )?;
        if c.how == How::Used {
            out.write_all(br#","tx_cnt":1"#)?;
        }
        out.write_all(b"}")?;
        if c.is_tcp {
            write!(
                out,
                r#","tcp":{{"tcp_flags":"{:02x}","tcp_flags_ts":"{ts:02x}","tcp_flags_tc":"{tc:02x}","#,
                ts | tc
            )?;
            out.write_all(match c.how {
                How::Silent => br#""syn":true,"state":"syn_sent""#,
                How::Refused => br#""syn":true,"rst":true,"ack":true,"state":"closed""#,
                How::Used => br#""syn":true,"fin":true,"psh":true,"ack":true,"state":"closed""#,
            })?;
            out.write_all(br#","ts_max_regions":1,"tc_max_regions":1}"#)?;
        }
        out.write_all(b"}\n")?;
    }
    Ok(())
}

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2026-06-04-00-00-00
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]
";

/// conn.log, tab-separated.
pub fn zeek(out: &mut impl Write, lines: u32) -> anyhow::Result<()> {
    out.write_all(HEADER.as_bytes())?;
    for n in 0..lines {
        let c = Connection::number(n);
        let local = |address: u32| if address >> 24 == 10 { 'T' } else { 'F' };
        write!(
            out,
            "{}.{:06}\tC{}\t{}\t{}\t{}\t{}\t{}\t{}\t",
            c.began / 1_000_000,
            c.began % 1_000_000,
            Uid(n),
            Ipv4Addr::from(c.source),
            c.source_port,
            Ipv4Addr::from(c.target),
            c.port,
            if c.is_tcp { "tcp" } else { "udp" },
            c.service().map_or("-", |service| if service == "tls" { "ssl" } else { service }),
        )?;
        let took = c.ended - c.began;
        match c.how {
            How::Silent if c.sent.0 == 1 => out.write_all(b"-\t-\t-")?,
            _ => write!(out, "{}.{:06}\t{}\t{}", took / 1_000_000, took % 1_000_000, c.sent.1, c.got.1)?,
        }
        let (state, history) = match (c.is_tcp, c.how) {
            (true, How::Used) => ("SF", "ShADadFf"),
            (true, How::Refused) => ("REJ", "Sr"),
            (true, How::Silent) => ("S0", "S"),
            (false, How::Silent) => ("S0", "D"),
            (false, _) => ("SF", "Dd"),
        };
        let head = if c.is_tcp { 40 } else { 28 };
        writeln!(
            out,
            "\t{state}\t{}\t{}\t0\t{history}\t{}\t{}\t{}\t{}\t-",
            local(c.source),
            local(c.target),
            c.sent.0,
            u64::from(c.sent.0) * head + u64::from(c.sent.1),
            c.got.0,
            u64::from(c.got.0) * head + u64::from(c.got.1),
        )?;
    }
    Ok(())
}

/// As Suricata writes times: microseconds, the offset without a colon. Within June 2026.
struct Stamp(u64);

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Before the 4th lies May's end; nothing reaches so far back.
        let seconds = self.0 / 1_000_000 - 1_780_272_000;
        let (day, hour, minute) = (1 + seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        write!(f, "2026-06-{day:02}T{hour:02}:{minute:02}:{:02}.{:06}+0000", seconds % 60, self.0 % 1_000_000)
    }
}

/// Seventeen letters and digits.
struct Uid(u32);

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut dice =
            u128::from(mix(self.0)) << 64 | u128::from(mix(self.0 ^ 1)) << 32 | u128::from(mix(self.0 ^ 2));
        for _ in 0..17 {
            write!(f, "{}", char::from(LETTERS[(dice % 62) as usize]))?;
            dice /= 62;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_real_ones_and_one_a_connection() {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        eve(&mut one, 1_000).unwrap();
        zeek(&mut other, 1_000).unwrap();
        let lines = |text: &[u8]| text.split(|byte| *byte == b'\n').count() - 1;
        assert_eq!((lines(&one), lines(&other)), (1_000, 1_008));
        assert!((500..580).contains(&(one.len() / 1_000)), "{}", one.len() / 1_000);
        assert!((105..135).contains(&(other.len() / 1_000)), "{}", other.len() / 1_000);
        assert_eq!(Stamp(1_780_531_200_000_001).to_string(), "2026-06-04T00:00:00.000001+0000");
    }
}
