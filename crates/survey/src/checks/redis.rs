//! Redis (and what speaks like it): without a password it gives and takes everything, and its configuration commands write files.
//!
//! `INFO server` (Redis commands reference) is read until its version; `-NOAUTH` and `-NOPERM` are a login, `-DENIED` is protected mode.

use watchpost_core::inventory::Rung;

use super::{Finding, Look, RESTRICT, Remedy, Spec, find, told, word};
use crate::talk::Failed;

const PASSWORD: Remedy = Remedy { place: "redis.conf", line: "requirepass <a long random password>" };

pub(super) const SPEC: Spec = Spec {
    name: "redis",
    help: "Redis without a password: its data, and often the host",
    asks: "INFO server",
    tcp: &[6379],
    udp: &[],
    protocols: &["redis"],
    rungs: &[Rung::Reachable, Rung::Sensitive],
    fixes: &[PASSWORD, RESTRICT],
    techniques: &["T1213.006"],
    look,
};

/// What an answer to `INFO server` says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Info {
    /// It told its version.
    Open(String),
    /// It wants a login; how it says so.
    Login(String),
    /// It answers its own host alone.
    Protected,
}

fn read(bytes: &[u8]) -> Option<Info> {
    match bytes {
        [b'-', rest @ ..] => {
            let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\r' | b'\n')).unwrap_or(rest.len());
            match rest.get(..end)? {
                b"NOAUTH" | b"NOPERM" | b"WRONGPASS" => Some(Info::Login(told(bytes.get(..=end)?))),
                b"DENIED" => Some(Info::Protected),
                _ => None,
            }
        }
        [b'$' | b'=', ..] => {
            let from = find(bytes, b"redis_version:")? + 14;
            let rest = bytes.get(from..)?;
            let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
            Some(Info::Open(word(std::str::from_utf8(rest.get(..end)?).ok()?)?))
        }
        _ => None,
    }
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let visit = look.visit();
    let mut line = if look.subject.tls { visit.connect_tls(None)? } else { visit.connect()? };
    line.say(b"INFO server\r\n")?;
    let heard =
        line.hear(|bytes| read(bytes).is_some() || (bytes.starts_with(b"-") && bytes.ends_with(b"\n")))?;
    Ok(match read(&heard) {
        Some(Info::Open(version)) => {
            let evidence = vec![format!("INFO server: redis_version {version}")];
            vec![look.finding(Rung::Sensitive, "Redis without a login", evidence, PASSWORD)]
        }
        Some(Info::Login(how)) => {
            let evidence = vec![format!("INFO server: {how}")];
            vec![look.finding(Rung::Reachable, "Redis, asks for a login", evidence, RESTRICT)]
        }
        Some(Info::Protected) => {
            let evidence = vec!["INFO server: -DENIED, protected mode".to_owned()];
            vec![look.finding(Rung::Reachable, "Redis in protected mode", evidence, RESTRICT)]
        }
        None => Vec::new(),
    })
}

pub(super) fn read_anything(bytes: &[u8]) {
    let _ = read(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_tell_who_may_ask() {
        assert_eq!(read(b"$40\r\n# Server\r\nredis_version:7.0.15\r\n"), Some(Info::Open("7.0.15".into())));
        assert_eq!(read(b"$40\r\n# Server\r\nredis_version:7.0"), None, "may go on");
        assert_eq!(read(b"-NOAUTH Authentication required.\r\n"), Some(Info::Login("-NOAUTH".into())));
        assert_eq!(read(b"-NOPERM this user has no permissions\r\n"), Some(Info::Login("-NOPERM".into())));
        assert_eq!(read(b"-DENIED Redis is running in protected mode"), Some(Info::Protected));
        assert_eq!(read(b"+PONG\r\n"), None);
    }
}
