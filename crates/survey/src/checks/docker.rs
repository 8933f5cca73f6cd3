//! Docker's and Podman's API: who reaches it without a certificate is root on the host.
//!
//! Known by what it says of itself, `HEAD /_ping` and `GET /version` (Docker Engine API reference, "System"); containers are never listed.
//! Where an authorisation plugin refuses `/version`, the API is reachable and answers nobody.

use watchpost_core::inventory::Rung;

use super::http::{Client, Reply};
use super::{Finding, Look, RESTRICT, Remedy, Spec, later, word};
use crate::talk::Failed;

const NO_TCP: Remedy = Remedy {
    place: "daemon.json (and no -H tcp:// in docker.service)",
    line: r#""hosts": ["unix:///var/run/docker.sock"]"#,
};
const VERIFY: Remedy = Remedy { place: "daemon.json", line: r#""tlsverify": true"# };
const PODMAN: Remedy = Remedy { place: "podman.socket", line: "ListenStream=%t/podman/podman.sock" };

pub(super) const SPEC: Spec = Spec {
    name: "docker",
    help: "Docker or Podman API that obeys strangers: root on the host",
    asks: "HEAD /_ping, GET /version",
    tcp: &[2375, 2376],
    udp: &[],
    protocols: &[],
    rungs: &[Rung::Reachable, Rung::Sensitive],
    fixes: &[NO_TCP, VERIFY, PODMAN, RESTRICT],
    techniques: &["T1133", "T1610"],
    look,
};

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let ping = match client.head("/_ping")? {
        Reply::Answer(ping) => ping,
        Reply::CertificateDemanded => return Ok(vec![look.certificate_only("Docker API")]),
        Reply::Nothing => return Ok(Vec::new()),
    };
    let Some(api) = ping.header("api-version").and_then(word) else { return Ok(Vec::new()) };
    let podman = ping.header("libpod-api-version").and_then(word);
    let mut evidence = vec![format!("HEAD /_ping: {}, Api-Version {api}", ping.status)];
    evidence.extend(podman.iter().map(|version| format!("Libpod-API-Version {version}")));
    let name = if podman.is_some() { "Podman" } else { "Docker" };
    let version = later(client.get("/version"))?.answer();
    let told = version.as_ref().filter(|_| ping.status == 200).filter(|version| version.status == 200);
    let told = told
        .and_then(|version| Some((version.json_text("ApiVersion")?, version.json_text("MinAPIVersion")?)));
    let Some((api, least)) = told else {
        let status = version.map_or("nothing".to_owned(), |version| version.status.to_string());
        evidence.push(format!("GET /version: {status}"));
        return Ok(vec![look.finding(Rung::Reachable, format!("{name} API, refused"), evidence, RESTRICT)]);
    };
    evidence.push(format!("GET /version: 200, ApiVersion {api}, MinAPIVersion {least}"));
    let remedy = match (podman.is_some(), client.tls()) {
        (true, _) => PODMAN,
        (false, true) => VERIFY,
        (false, false) => NO_TCP,
    };
    Ok(vec![look.finding(Rung::Sensitive, format!("{name} API without a login"), evidence, remedy)])
}
