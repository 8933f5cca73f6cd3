//! The kubelet's own API: pods with their environment, and with the right verbs commands within them.
//!
//! `GET /pods` at 10250 tells three configurations apart by its status (Kubernetes, "Kubelet authentication/authorization"): 401 where
//! anonymous requests are off, 403 that names `system:anonymous` where they are on and authorised elsewhere, 200 where everything is allowed.
//! Reading ends as soon as the list's kind is there. 10255, plain HTTP, is the read-only port that newer releases no longer have.

use watchpost_core::inventory::Rung;

use super::http::{Answer, Client, Reply};
use super::{Finding, Look, RESTRICT, Remedy, Spec, find};
use crate::talk::Failed;

const ANONYMOUS: Remedy =
    Remedy { place: "KubeletConfiguration", line: "authentication: {anonymous: {enabled: false}}" };
const READ_ONLY: Remedy = Remedy { place: "KubeletConfiguration", line: "readOnlyPort: 0" };

pub(super) const SPEC: Spec = Spec {
    name: "kubelet",
    help: "kubelet that answers strangers: pods, their secrets, commands within them",
    asks: "GET /pods, read no further than the list's kind",
    tcp: &[10_250, 10_255],
    udp: &[],
    protocols: &[],
    rungs: &[Rung::Reachable, Rung::Anonymous, Rung::Sensitive],
    fixes: &[ANONYMOUS, READ_ONLY, RESTRICT],
    techniques: &["T1133", "T1609", "T1613"],
    look,
};

/// Whether a list of pods began.
fn is_pod_list(answer: &Answer) -> bool {
    // The kind may stand behind a blank, as an indented document has it.
    let tight: Vec<u8> = answer.body().iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    find(&tight, br#""kind":"PodList""#).is_some()
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let answer = match client.ask("GET", "/pods", "", "", is_pod_list)? {
        Reply::Answer(answer) => answer,
        Reply::CertificateDemanded => return Ok(vec![look.certificate_only("kubelet")]),
        Reply::Nothing => return Ok(Vec::new()),
    };
    let finding = match answer.status {
        200 if is_pod_list(&answer) && look.subject.port() == 10_255 => {
            let evidence = vec!["GET /pods: 200, PodList, plain HTTP".to_owned()];
            look.finding(Rung::Anonymous, "kubelet's read-only port", evidence, READ_ONLY)
        }
        200 if is_pod_list(&answer) => {
            let evidence = vec!["GET /pods: 200, PodList".to_owned()];
            look.finding(Rung::Sensitive, "kubelet without a login", evidence, ANONYMOUS)
        }
        403 if answer.has(b"system:anonymous") => {
            let evidence = vec!["GET /pods: 403 for system:anonymous".to_owned()];
            look.finding(Rung::Anonymous, "kubelet takes anonymous requests", evidence, ANONYMOUS)
        }
        401 => {
            let evidence = vec!["GET /pods: 401".to_owned()];
            look.finding(Rung::Reachable, "kubelet, asks for a login", evidence, RESTRICT)
        }
        _ => return Ok(Vec::new()),
    };
    Ok(vec![finding])
}
