//! Places, rungs and services in words.

use watchpost_core::inventory::{Exposure, Rung, Service};
use watchpost_core::record::Severity;

use crate::render::campaign::learned::protocol;
use crate::render::clean::clean;

/// `203.0.113.9:22`, `[2001:db8::1]:22`, `203.0.113.9:53/udp`, `203.0.113.9 (every port)`, `203.0.113.9 icmp/echo`.
pub fn place(host: &str, service: &str) -> String {
    let (host, service) = (clean(host), clean(service));
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    match service.split_once('/') {
        Some(("tcp", "*")) => format!("{host} (every port)"),
        Some(("udp", "*")) => format!("{host} (every UDP port)"),
        Some(("tcp", port)) => format!("{bracketed}:{port}"),
        Some((transport @ ("udp" | "sctp"), port)) => format!("{bracketed}:{port}/{transport}"),
        _ => format!("{host} {service}"),
    }
}

/// The severity whose shape and colour stand for an exposure. What a policy forbids is never mere information.
pub fn weight(exposure: &Exposure) -> Severity {
    let forbidden = exposure.check == "policy";
    match exposure.rung {
        Rung::Sensitive => Severity::Critical,
        Rung::Anonymous => Severity::High,
        _ if forbidden => Severity::Medium,
        Rung::Discloses => Severity::Low,
        Rung::Identified | Rung::Reachable => Severity::Info,
    }
}

/// `sshd_config: DebianBanner no`; nothing where no fix is known.
pub fn fix(exposure: &Exposure) -> String {
    let (place, line) = (clean(&exposure.fix.place), clean(&exposure.fix.line));
    match (place.is_empty(), line.is_empty()) {
        (_, true) => String::new(),
        (true, false) => line,
        (false, false) => format!("{place}: {line}"),
    }
}

/// What runs there, or what is spoken.
pub fn name(service: &Service) -> Option<String> {
    if let Some(product) = &service.product {
        let version = product.version.as_deref().map(|version| format!(" {}", clean(version)));
        return Some(format!("{}{}", clean(&product.name), version.unwrap_or_default()));
    }
    let spoken = service.protocol.as_deref().filter(|name| !name.is_empty())?;
    Some(protocol(spoken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_people_write_them() {
        assert_eq!(place("203.0.113.9", "tcp/22"), "203.0.113.9:22");
        assert_eq!(place("2001:db8::1", "tcp/22"), "[2001:db8::1]:22");
        assert_eq!(place("203.0.113.9", "udp/53"), "203.0.113.9:53/udp");
        assert_eq!(place("2001:db8::1", "tcp/*"), "2001:db8::1 (every port)");
        assert_eq!(place("203.0.113.9", "udp/*"), "203.0.113.9 (every UDP port)");
        assert_eq!(place("203.0.113.9", "icmp/echo"), "203.0.113.9 icmp/echo");
    }
}
