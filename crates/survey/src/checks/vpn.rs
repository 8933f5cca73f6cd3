//! Portals of VPN gateways: a login page, named by where it leads to.
//!
//! One `GET /`; the redirect that most of them answer with is read and not followed. Gateways that speak no HTTP (IKE, WireGuard, OpenVPN by
//! UDP) are not seen by this check.

use watchpost_core::inventory::Rung;

use super::http::{Answer, Client};
use super::{Finding, Look, RESTRICT, Spec, find};
use crate::talk::Failed;

pub(super) const SPEC: Spec = Spec {
    name: "vpn-portal",
    help: "login page of a VPN gateway that strangers reach",
    asks: "GET /",
    tcp: &[443, 4443, 8443, 10_443],
    udp: &[],
    protocols: &["http"],
    rungs: &[Rung::Identified],
    fixes: &[RESTRICT],
    techniques: &["T1133"],
    look,
};

/// Gateways by paths of theirs, as their vendors' manuals and login pages have them.
const PATHS: [(&str, &str); 9] = [
    ("/remote/login", "Fortinet SSL VPN"),
    ("/dana-na/", "Ivanti Connect Secure"),
    ("/+CSCOE+/", "Cisco Secure Client (AnyConnect)"),
    ("/global-protect/", "Palo Alto GlobalProtect"),
    ("/logon/LogonPoint/", "Citrix Gateway"),
    ("/vpn/index.html", "Citrix Gateway"),
    ("/my.policy", "F5 BIG-IP APM"),
    ("/sslvpn/Login", "Check Point Mobile Access"),
    ("/userportal/webpages/", "Sophos user portal"),
];
/// By the Server header.
const SERVERS: [(&str, &str); 2] =
    [("OpenVPN-AS", "OpenVPN Access Server"), ("SonicWALL SSL-VPN", "SonicWall SSL VPN")];

/// The gateway, and what shows it.
fn gateway(answer: &Answer) -> Option<(&'static str, String)> {
    let server = answer.header("server").unwrap_or_default();
    if let Some((name, what)) = SERVERS.iter().find(|(name, _)| server.starts_with(name)) {
        return Some((what, format!("GET /: Server {name}")));
    }
    let location = answer.header("location").unwrap_or_default();
    let leads = PATHS.iter().find(|(path, _)| find(location.as_bytes(), path.as_bytes()).is_some());
    if let Some((path, what)) = leads {
        return Some((what, format!("GET /: {} to {path}", answer.status)));
    }
    let (path, what) = PATHS.iter().find(|(path, _)| answer.has(path.as_bytes()))?;
    Some((what, format!("GET /: {}, the page leads to {path}", answer.status)))
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    // They all speak TLS.
    if look.subject.spoken().is_some() && !look.subject.tls {
        return Ok(Vec::new());
    }
    let Some(answer) = Client::new(look).get("/")?.answer() else { return Ok(Vec::new()) };
    let Some((what, evidence)) = gateway(&answer) else { return Ok(Vec::new()) };
    Ok(vec![look.finding(Rung::Identified, format!("{what} within reach"), vec![evidence], RESTRICT)])
}

pub(super) fn read_anything(bytes: &[u8]) {
    let _ = Answer::parse(bytes, false).as_ref().map(gateway);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_known_by_where_they_lead_to() {
        let of = |text: &str| gateway(&Answer::parse(text.as_bytes(), false).unwrap()).map(|(what, _)| what);
        assert_eq!(
            of("HTTP/1.1 302 Found\r\nLocation: https://a/remote/login?lang=en\r\n\r\n"),
            Some("Fortinet SSL VPN")
        );
        assert_eq!(of("HTTP/1.1 200 OK\r\nServer: OpenVPN-AS\r\n\r\n"), Some("OpenVPN Access Server"));
        assert_eq!(
            of("HTTP/1.1 200 OK\r\n\r\n<script>location='/+CSCOE+/logon.html'</script>"),
            Some("Cisco Secure Client (AnyConnect)")
        );
        assert_eq!(of("HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"), None);
    }
}
