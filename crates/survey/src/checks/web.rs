//! Jenkins and Grafana: what they show before a login.

use watchpost_core::inventory::Rung;

use super::http::Client;
use super::{Finding, Look, Remedy, Spec, later, word};
use crate::talk::Failed;

const DENY_READ: Remedy = Remedy {
    place: "Jenkins' config.xml (authorizationStrategy)",
    line: "<denyAnonymousReadAccess>true</denyAnonymousReadAccess>",
};
const HIDE_HEADER: Remedy =
    Remedy { place: "the proxy before Jenkins (nginx)", line: "proxy_hide_header X-Jenkins;" };
const NO_ANONYMOUS: Remedy = Remedy { place: "grafana.ini [auth.anonymous]", line: "enabled = false" };
const HIDE_VERSION: Remedy = Remedy { place: "grafana.ini [auth.anonymous]", line: "hide_version = true" };

pub(super) const JENKINS: Spec = Spec {
    name: "jenkins",
    help: "Jenkins that shows its jobs without a login",
    asks: "HEAD /login (X-Jenkins), then GET /api/json?tree=mode",
    tcp: &[80, 443, 8080, 8443],
    udp: &[],
    protocols: &["http"],
    rungs: &[Rung::Discloses, Rung::Anonymous],
    fixes: &[DENY_READ, HIDE_HEADER],
    techniques: &["T1213", "T1592.002"],
    look: jenkins,
};

fn jenkins(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let login = client.head("/login")?.answer();
    let Some(version) = login.and_then(|login| word(login.header("x-jenkins")?)) else {
        return Ok(Vec::new());
    };
    let mut evidence = vec![format!("HEAD /login: X-Jenkins {version}")];
    let api = later(client.get("/api/json?tree=mode"))?.answer();
    if api.is_some_and(|api| api.status == 200 && api.json().is_some_and(|json| json.get("mode").is_some())) {
        evidence.push("GET /api/json?tree=mode: 200".to_owned());
        return Ok(vec![look.finding(Rung::Anonymous, "Jenkins without a login", evidence, DENY_READ)]);
    }
    Ok(vec![look.finding(Rung::Discloses, "Jenkins tells its version", evidence, HIDE_HEADER)])
}

pub(super) const GRAFANA: Spec = Spec {
    name: "grafana",
    help: "Grafana that shows its dashboards without a login",
    asks: "GET /api/health, then GET /api/org",
    tcp: &[80, 443, 3000],
    udp: &[],
    protocols: &["http"],
    rungs: &[Rung::Discloses, Rung::Anonymous],
    fixes: &[NO_ANONYMOUS, HIDE_VERSION],
    techniques: &["T1213", "T1592.002"],
    look: grafana,
};

fn grafana(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let health = client.get("/api/health")?.answer();
    // {"database":"ok"}, with commit and version unless they are hidden.
    let json = health.filter(|health| health.status == 200).and_then(|health| health.json());
    let Some(json) = json.filter(|json| json.get("database").is_some_and(serde_json::Value::is_string))
    else {
        return Ok(Vec::new());
    };
    let version = json.get("version").and_then(|version| word(version.as_str()?));
    let mut evidence = match &version {
        Some(version) => vec![format!("GET /api/health: 200, version {version}")],
        None => vec!["GET /api/health: 200".to_owned()],
    };
    let org = later(client.get("/api/org"))?.answer();
    let open = org.filter(|org| org.status == 200).and_then(|org| org.json());
    if open.is_some_and(|org| org.get("id").is_some() && org.get("name").is_some()) {
        evidence.push("GET /api/org: 200".to_owned());
        return Ok(vec![look.finding(Rung::Anonymous, "Grafana without a login", evidence, NO_ANONYMOUS)]);
    }
    if version.is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![look.finding(Rung::Discloses, "Grafana tells its version", evidence, HIDE_VERSION)])
}
