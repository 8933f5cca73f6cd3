//! RDP and WinRM, before a login.
//!
//! RDP ([MS-RDPBCGR] 2.2.1.1, 2.2.1.2): TLS without CredSSP is offered. Who refuses it with HYBRID_REQUIRED_BY_SERVER wants network-level
//! authentication; who takes it, or falls back to RDP's own encryption, shows a login screen to anybody. WinRM (DSP0226, 11; [MS-WSMV]):
//! `Identify`, which may be asked without a login.

use watchpost_core::inventory::Rung;

use super::http::Client;
use super::{Finding, Look, RESTRICT, Remedy, Spec, find, told};
use crate::talk::Failed;

const NLA: Remedy = Remedy {
    place: r"registry, HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp",
    line: "UserAuthentication = 1",
};
const WINRM_FIREWALL: Remedy = Remedy {
    place: "PowerShell",
    line: "Set-NetFirewallRule -Name WINRM-HTTP-In-TCP -RemoteAddress LocalSubnet",
};

pub(super) const RDP: Spec = Spec {
    name: "rdp",
    help: "RDP that strangers reach, or whose login screen they see (no network-level authentication)",
    asks: "an X.224 connection request that offers TLS",
    tcp: &[3389],
    udp: &[],
    protocols: &["rdp"],
    rungs: &[Rung::Identified, Rung::Anonymous],
    fixes: &[NLA, RESTRICT],
    techniques: &["T1133"],
    look: rdp,
};

/// TPKT of 19 bytes, X.224 connection request, RDP_NEG_REQ with PROTOCOL_SSL.
const CONNECT: [u8; 19] = [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 1, 0, 0, 0];

/// What a server wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// Network-level authentication.
    Nla,
    /// TLS, and the login on the screen.
    Tls,
    /// RDP's own encryption.
    Old,
}

fn security(bytes: &[u8]) -> Option<Security> {
    let [3, 0, high, low, _, 0xd0, ..] = *bytes else { return None };
    let whole = bytes.get(..usize::from(u16::from_be_bytes([high, low])))?;
    Some(match (whole.get(11), whole.get(15)) {
        (Some(2), Some(1)) => Security::Tls,
        // RDP_NEG_FAILURE: HYBRID_REQUIRED_BY_SERVER.
        (Some(3), Some(5)) | (Some(2), Some(2 | 8)) => Security::Nla,
        // SSL_NOT_ALLOWED_BY_SERVER, SSL_CERT_NOT_ON_SERVER; no negotiation; PROTOCOL_RDP.
        (Some(3), Some(2 | 3)) | (None, _) | (Some(2), Some(0)) => Security::Old,
        _ => return None,
    })
}

fn rdp(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let visit = look.visit();
    let mut line = visit.connect()?;
    line.say(&CONNECT)?;
    let heard = line.hear(|bytes| security(bytes).is_some())?;
    let Some(security) = security(&heard) else { return Ok(Vec::new()) };
    let evidence = match security {
        Security::Nla => "offered TLS: network-level authentication is demanded",
        Security::Tls => "offered TLS without network-level authentication: taken",
        Security::Old => "offered TLS: RDP's own encryption is all there is",
    };
    let evidence = vec![evidence.to_owned()];
    Ok(vec![if security == Security::Nla {
        look.finding(Rung::Identified, "RDP within reach", evidence, RESTRICT)
    } else {
        look.finding(Rung::Anonymous, "RDP without network-level authentication", evidence, NLA)
    }])
}

pub(super) const WINRM: Spec = Spec {
    name: "winrm",
    help: "Windows Remote Management that strangers reach",
    asks: "POST /wsman: Identify, without a login",
    tcp: &[5985, 5986],
    udp: &[],
    protocols: &[],
    rungs: &[Rung::Identified, Rung::Discloses],
    fixes: &[WINRM_FIREWALL],
    techniques: &["T1133"],
    look: winrm,
};

const IDENTIFY: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:i=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\">\
    <s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>";

/// The text of an element whose name ends so.
fn element<'a>(body: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = body.get(find(body, name)? + name.len()..)?.strip_prefix(b">")?;
    rest.get(..find(rest, b"<")?)
}

fn winrm(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let headers = format!(
        "WSMANIDENTIFY: unauthenticated\r\nContent-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: {}\r\n",
        IDENTIFY.len()
    );
    let Some(answer) = client.ask("POST", "/wsman", &headers, IDENTIFY, |_| false)?.answer() else {
        return Ok(Vec::new());
    };
    if answer.status == 200 && answer.has(b"IdentifyResponse") {
        let version = element(answer.body(), b":ProductVersion").map(told).unwrap_or_default();
        let evidence = vec![format!("Identify: 200, {version}")];
        // Newer ones answer strangers with `OS: 0.0.0`.
        let hidden = version.is_empty() || version.starts_with("OS: 0.0.0");
        let (rung, what) = if hidden {
            (Rung::Identified, "WinRM within reach")
        } else {
            (Rung::Discloses, "WinRM tells the version of Windows")
        };
        return Ok(vec![look.finding(rung, what, evidence, WINRM_FIREWALL)]);
    }
    let asks = answer
        .header("www-authenticate")
        .is_some_and(|how| ["Negotiate", "Kerberos", "Basic"].iter().any(|scheme| how.starts_with(scheme)));
    if answer.status == 401 && asks {
        let evidence = vec!["Identify: 401".to_owned()];
        return Ok(vec![look.finding(Rung::Identified, "WinRM within reach", evidence, WINRM_FIREWALL)]);
    }
    Ok(Vec::new())
}

pub(super) fn read_anything(bytes: &[u8]) {
    let _ = (security(bytes), element(bytes, b":ProductVersion"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_the_offer_of_tls() {
        let answer =
            |kind: u8, value: u8| [3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, kind, 0, 8, 0, value, 0, 0, 0];
        assert_eq!(security(&answer(2, 1)), Some(Security::Tls));
        assert_eq!(security(&answer(3, 5)), Some(Security::Nla));
        assert_eq!(security(&answer(3, 2)), Some(Security::Old));
        assert_eq!(security(&[3, 0, 0, 11, 6, 0xd0, 0, 0, 0x12, 0x34, 0]), Some(Security::Old));
        assert_eq!(security(&answer(2, 1)[..18]), None, "cut off");
        assert_eq!(security(&[3, 0, 0, 0, 0, 0xd0]), Some(Security::Old));
    }
}
