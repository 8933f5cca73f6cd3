//! Elasticsearch and OpenSearch: `GET /` answers with a tagline of its own where no login is asked for.

use watchpost_core::inventory::Rung;

use super::http::{Client, Reply};
use super::{Finding, Look, RESTRICT, Remedy, Spec, find, word};
use crate::talk::Failed;

const ELASTIC: Remedy = Remedy { place: "elasticsearch.yml", line: "xpack.security.enabled: true" };
const OPENSEARCH: Remedy = Remedy { place: "opensearch.yml", line: "plugins.security.disabled: false" };

pub(super) const SPEC: Spec = Spec {
    name: "elasticsearch",
    help: "Elasticsearch or OpenSearch that answers without a login",
    asks: "GET /",
    tcp: &[9200],
    udp: &[],
    protocols: &[],
    rungs: &[Rung::Reachable, Rung::Anonymous],
    fixes: &[ELASTIC, OPENSEARCH, RESTRICT],
    techniques: &["T1213.006"],
    look,
};

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let Reply::Answer(answer) = client.get("/")? else { return Ok(Vec::new()) };
    if answer.status == 401 {
        let realm = answer.header("www-authenticate").unwrap_or_default();
        let name = if answer.header("x-elastic-product").is_some() || realm.contains("realm=\"security\"") {
            "Elasticsearch"
        } else if realm.contains("OpenSearch") {
            "OpenSearch"
        } else {
            "a web service"
        };
        let evidence = vec!["GET /: 401".to_owned()];
        return Ok(vec![look.finding(
            Rung::Reachable,
            format!("{name}, asks for a login"),
            evidence,
            RESTRICT,
        )]);
    }
    let Some(json) = answer.json().filter(|_| answer.status == 200) else { return Ok(Vec::new()) };
    let tagline = json.get("tagline").and_then(serde_json::Value::as_str).unwrap_or_default();
    let (name, remedy) = if tagline == "You Know, for Search" {
        ("Elasticsearch", ELASTIC)
    } else if find(tagline.as_bytes(), b"The OpenSearch Project").is_some() {
        ("OpenSearch", OPENSEARCH)
    } else {
        return Ok(Vec::new());
    };
    let number = json.get("version").and_then(|version| word(version.get("number")?.as_str()?));
    let version = number.map_or(String::new(), |number| format!(", version {number}"));
    let evidence = vec![format!("GET /: 200, tagline of {name}{version}")];
    Ok(vec![look.finding(Rung::Anonymous, format!("{name} without a login"), evidence, remedy)])
}
