//! etcd: a cluster's whole state, secrets included, for whoever may ask. Keys are never read.
//!
//! Whether authentication is on is asked of the server itself: `POST /v3/auth/status` (3.5 and later; of `enabled` only `true` is written, as
//! protocol buffers leave out defaults). Releases 3.3 and 3.4 have no such method (404); there the list of roles, which needs the root role
//! once authentication is on, is asked for and thrown away: 3.4.23 answers it with a header alone while it is off, and refuses it with
//! "user name is empty" while it is on. The limit: where the JSON gateway is off (3.4 with a configuration file that does not say
//! `enable-grpc-gateway: true`), nothing of this can be asked, and the version is all that is found.

use watchpost_core::inventory::Rung;

use super::http::{Answer, Client, Reply};
use super::{Finding, Look, RESTRICT, Remedy, Spec, later};
use crate::talk::Failed;

const CERTIFICATES: Remedy =
    Remedy { place: "etcd (etcd.conf.yml: client-transport-security)", line: "client-cert-auth: true" };

pub(super) const SPEC: Spec = Spec {
    name: "etcd",
    help: "etcd without authentication: every key may be read and written",
    asks: "GET /version, POST /v3/auth/status {}, where that is missing POST /v3/auth/role/list {}",
    tcp: &[2379],
    udp: &[],
    protocols: &[],
    rungs: &[Rung::Reachable, Rung::Discloses, Rung::Sensitive],
    fixes: &[CERTIFICATES, RESTRICT],
    techniques: &["T1133", "T1552.007"],
    look,
};

/// What an answer says of authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Authentication {
    On,
    Off,
    Unknown,
}

fn status(answer: &Answer) -> Authentication {
    let json = answer.json();
    let Some(answered) = json.as_ref().filter(|_| answer.status == 200) else {
        let error = json.as_ref().and_then(|json| json.get("error")?.as_str());
        let refused = error.is_some_and(|error| {
            ["user name is empty", "permission denied", "invalid auth token"]
                .iter()
                .any(|why| error.contains(why))
        });
        return if refused { Authentication::On } else { Authentication::Unknown };
    };
    // A valid answer has a header that names the cluster.
    let valid = answered.get("header").is_some_and(|header| header.get("cluster_id").is_some());
    match answered.get("enabled").and_then(serde_json::Value::as_bool) {
        Some(true) => Authentication::On,
        _ if valid => Authentication::Off,
        _ => Authentication::Unknown,
    }
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let version = match client.get("/version")? {
        Reply::Answer(version) => version,
        Reply::CertificateDemanded => return Ok(vec![look.certificate_only("etcd")]),
        Reply::Nothing => return Ok(Vec::new()),
    };
    let Some(server) = version.json_text("etcdserver").filter(|_| version.status == 200) else {
        return Ok(Vec::new());
    };
    let mut evidence = vec![format!("GET /version: 200, etcdserver {server}")];
    let post = |path| {
        client.ask("POST", path, "Content-Type: application/json\r\nContent-Length: 2\r\n", "{}", |_| false)
    };
    let mut path = "/v3/auth/status";
    let mut answer = later(post(path))?.answer();
    if answer.as_ref().is_some_and(|answer| answer.status == 404) {
        path = "/v3/auth/role/list";
        answer = later(post(path))?.answer();
    }
    let authentication = answer.map_or(Authentication::Unknown, |answer| status(&answer));
    let finding = match authentication {
        Authentication::Off => {
            evidence.push(format!("POST {path}: authentication is off"));
            look.finding(Rung::Sensitive, "etcd without authentication", evidence, CERTIFICATES)
        }
        Authentication::On => {
            evidence.push(format!("POST {path}: authentication is on"));
            look.finding(Rung::Discloses, "etcd tells its version", evidence, CERTIFICATES)
        }
        Authentication::Unknown => {
            look.finding(Rung::Discloses, "etcd tells its version", evidence, CERTIFICATES)
        }
    };
    Ok(vec![finding])
}
