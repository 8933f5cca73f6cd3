//! `docs/exposures.md` is made from the list of checks: `WATCHPOST_BLESS=1 cargo test -p watchpost-survey --test checks_reference` writes it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use watchpost_core::inventory::Rung;
use watchpost_survey::checks::{CHECKS, Spec};

const HEAD: &str = "\
# Exposure checks

Made from the list of checks that `watchpost survey` uses (`watchpost list checks` shows it, too).

A service lets a stranger climb a ladder: it is *reachable*, it can be *identified*, it *discloses* versions, distributions or names, it answers
*anonymous* requests, or it is *sensitive*: it gives control or data to anybody. Each finding names its rung, what shows it, and the one line of
configuration that takes it a rung down.

What holds for all of them: three requests and 4 KiB read at most, no redirect followed, no login tried, nothing written. Bodies are dropped
as soon as they are judged; of a secret only that it is there is told. A check looks at its ports, and at services of its protocols wherever
identification found them; where it found another protocol, it does not look. Where nobody knows whether TLS is spoken, the other way is
tried once.

In the lines, `PORT` is the port and `@own` the set of one's own networks (`nft add set inet filter own '{ type ipv4_addr; flags interval; }'`).
";

fn rung(rung: Rung) -> String {
    serde_json::to_value(rung).unwrap().as_str().unwrap().to_owned()
}

fn ports(spec: &Spec) -> String {
    let of = |name: &str, ports: &[u16]| {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        (!ports.is_empty()).then(|| format!("{name} {}", ports.join(", ")))
    };
    let parts: Vec<String> = [of("TCP", spec.tcp), of("UDP", spec.udp)].into_iter().flatten().collect();
    parts.join("; ")
}

#[test]
fn the_reference_of_checks() {
    let mut text = HEAD.to_owned();
    for spec in CHECKS {
        let rungs: Vec<String> = spec.rungs.iter().map(|step| rung(*step)).collect();
        let protocols = if spec.protocols.is_empty() {
            String::new()
        } else {
            format!("; wherever found: {}", spec.protocols.join(", "))
        };
        write!(
            text,
            "\n## {}\n\n{}.\n\n- looks at: {}{protocols}\n- asks: {}\n- rungs: {}\n- ATT&CK: {}\n\n| where | line |\n|---|---|\n",
            spec.name, spec.help, ports(spec), spec.asks, rungs.join(", "), spec.techniques.join(", "),
        )
        .unwrap();
        for fix in spec.fixes {
            // Backticks within code are fenced by two.
            let fence = if fix.line.contains('`') { "``" } else { "`" };
            writeln!(text, "| {} | {fence}{}{fence} |", fix.place, fix.line.replace('|', "\\|")).unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/exposures.md");
    if std::env::var_os("WATCHPOST_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/exposures.md is not what the code says; WATCHPOST_BLESS=1 writes it anew"
    );
}
