//! The Kubernetes API server and the Dashboard.
//!
//! `/version` is open by default (`system:public-info-viewer`), so it discloses and no more; calling it critical is a false alarm. `/api` needs
//! `system:discovery`, which strangers have had only before 1.14 or by a binding; a list of namespaces needs a real grant.

use watchpost_core::inventory::Rung;

use super::http::{Client, Reply};
use super::{Finding, Look, RESTRICT, Remedy, Spec, later, word};
use crate::talk::Failed;

const ANONYMOUS: Remedy = Remedy { place: "kube-apiserver", line: "--anonymous-auth=false" };
const SKIP: Remedy =
    Remedy { place: "kubernetes-dashboard, arguments of the container", line: "--enable-skip-login=false" };
const CLUSTER: Remedy = Remedy { place: "Service kubernetes-dashboard", line: "type: ClusterIP" };

pub(super) const API: Spec = Spec {
    name: "kubernetes-api",
    help: "Kubernetes API server that lets strangers look into the cluster",
    asks: "GET /version, /api, /api/v1/namespaces?limit=1",
    tcp: &[6443],
    udp: &[],
    protocols: &[],
    rungs: &[Rung::Reachable, Rung::Discloses, Rung::Anonymous, Rung::Sensitive],
    fixes: &[ANONYMOUS, RESTRICT],
    techniques: &["T1133", "T1613"],
    look: api,
};

fn api(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let version = match client.get("/version")? {
        Reply::Answer(version) => version,
        Reply::CertificateDemanded => return Ok(vec![look.certificate_only("Kubernetes API")]),
        Reply::Nothing => return Ok(Vec::new()),
    };
    let refused = matches!(version.status, 401 | 403) && version.has(br#""Status""#);
    let told = version.json_text("gitVersion").filter(|_| version.status == 200);
    let mut evidence = match &told {
        Some(git) => vec![format!("GET /version: 200, {git}")],
        None if refused => vec![format!("GET /version: {}", version.status)],
        None => return Ok(Vec::new()),
    };
    // Who turns strangers away turns them away everywhere.
    if version.status == 401 {
        return Ok(vec![look.finding(
            Rung::Reachable,
            "Kubernetes API, asks for a login",
            evidence,
            RESTRICT,
        )]);
    }
    let api = later(client.get("/api"))?.answer();
    let anonymous = api.is_some_and(|api| api.status == 200 && api.has(b"APIVersions"));
    if anonymous {
        evidence.push("GET /api: 200, APIVersions".to_owned());
    }
    let list = later(client.get("/api/v1/namespaces?limit=1"))?.answer();
    if list.is_some_and(|list| list.status == 200 && list.has(b"NamespaceList")) {
        evidence.push("GET /api/v1/namespaces?limit=1: 200, NamespaceList".to_owned());
        return Ok(vec![look.finding(
            Rung::Sensitive,
            "Kubernetes API without a login",
            evidence,
            ANONYMOUS,
        )]);
    }
    let finding = match (anonymous, told) {
        (true, _) => {
            look.finding(Rung::Anonymous, "Kubernetes API lists its parts to strangers", evidence, ANONYMOUS)
        }
        (false, Some(_)) => {
            look.finding(Rung::Discloses, "Kubernetes API tells its version", evidence, ANONYMOUS)
        }
        (false, None) => look.finding(Rung::Reachable, "Kubernetes API, refused", evidence, RESTRICT),
    };
    Ok(vec![finding])
}

pub(super) const DASHBOARD: Spec = Spec {
    name: "kubernetes-dashboard",
    help: "Kubernetes Dashboard that strangers reach, or use without a login",
    asks: "GET /, GET /api/v1/login/skippable",
    tcp: &[80, 443, 8001, 8080, 8443, 9090, 30_000, 30_443],
    udp: &[],
    protocols: &["http"],
    rungs: &[Rung::Anonymous, Rung::Sensitive],
    fixes: &[SKIP, CLUSTER],
    techniques: &["T1133", "T1613"],
    look: dashboard,
};

fn dashboard(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let page = client.ask("GET", "/", "", "", |page| page.title().is_some())?.answer();
    let title = page.filter(|page| page.status == 200).and_then(|page| page.title());
    if title.as_deref().and_then(|title| word(&title.replace(' ', "-"))).as_deref()
        != Some("Kubernetes-Dashboard")
    {
        return Ok(Vec::new());
    }
    let mut evidence = vec!["GET /: 200, title \"Kubernetes Dashboard\"".to_owned()];
    let skippable = later(client.get("/api/v1/login/skippable"))?.answer();
    let skippable = skippable.filter(|answer| answer.status == 200).and_then(|answer| answer.json());
    if skippable.and_then(|answer| answer.get("skippable")?.as_bool()) == Some(true) {
        evidence.push("GET /api/v1/login/skippable: true".to_owned());
        return Ok(vec![look.finding(
            Rung::Sensitive,
            "Kubernetes Dashboard, login can be skipped",
            evidence,
            SKIP,
        )]);
    }
    Ok(vec![look.finding(Rung::Anonymous, "Kubernetes Dashboard", evidence, CLUSTER)])
}
