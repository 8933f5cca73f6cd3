//! Credential files of AWS on web servers: `/.aws/credentials` below a document root.
//!
//! Servers that answer everything with 200 are the trap, so a path that cannot exist is asked for as a control, and what came must have the
//! form of the file: a profile, the id of an access key, the name of the secret one (AWS CLI, "Configuration and credential file settings").
//! Nothing of the file is kept but its length, how many profiles it has, and a keyed hash by which the same file is known again elsewhere
//! and later. The key is made from the organisation's name, so other organisations' hashes do not compare; what is hashed holds 240 bits
//! that nobody knows, so it does not lead back. The buffers are overwritten; copies that the system's socket or TLS made are out of reach.

use std::hash::{BuildHasher, RandomState};

use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;
use watchpost_core::inventory::Rung;

use super::http::{Answer, Client};
use super::{Finding, Look, Remedy, Spec, find};
use crate::sha256;
use crate::talk::Failed;

const NGINX: Remedy = Remedy { place: "nginx.conf (server)", line: r"location ~ /\. { deny all; }" };
const APACHE: Remedy = Remedy { place: "apache2.conf", line: r#"RedirectMatch 404 "/\.""# };

pub(super) const SPEC: Spec = Spec {
    name: "aws-credentials",
    help: "AWS credential file served to anybody",
    asks: "GET /.aws/credentials (the first 2 KiB), and as a control GET /.aws/ and a random name",
    tcp: &[80, 443, 8000, 8080, 8443],
    udp: &[],
    protocols: &["http"],
    rungs: &[Rung::Sensitive],
    fixes: &[NGINX, APACHE],
    techniques: &["T1552.001"],
    look,
};

const PATH: &str = "/.aws/credentials";
/// Bytes of the file that are read at most.
const MOST: usize = 2_048;
/// Characters of an access key's id: four that name its kind and sixteen more.
const ID: usize = 20;

/// What is kept of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    profiles: usize,
    /// Ids of keys that stay valid (AKIA).
    lasting: usize,
    /// Ids of keys that run out (ASIA).
    passing: usize,
}

/// The shape of a credential file; none where it is not one.
fn shape(body: &[u8]) -> Option<Shape> {
    let mut shape = Shape { profiles: 0, lasting: 0, passing: 0 };
    let mut secret = false;
    for line in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        if let [b'[', name @ .., b']'] = line {
            shape.profiles += usize::from(!name.is_empty() && !name.contains(&b'<'));
        } else if let Some(at) = line.iter().position(|byte| *byte == b'=') {
            let (name, value) = (line.get(..at)?.trim_ascii(), line.get(at + 1..)?.trim_ascii());
            match name {
                b"aws_access_key_id" if is_id(value, b"AKIA") => shape.lasting += 1,
                b"aws_access_key_id" if is_id(value, b"ASIA") => shape.passing += 1,
                b"aws_secret_access_key" => secret |= !value.is_empty(),
                _ => {}
            }
        }
    }
    (secret && shape.profiles > 0 && shape.lasting + shape.passing > 0).then_some(shape)
}

fn is_id(value: &[u8], kind: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    value.len() == ID && value.starts_with(kind) && value.iter().all(fits)
}

fn is_page(answer: &Answer) -> bool {
    let html = answer.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    html || answer.body().trim_ascii_start().starts_with(b"<")
}

/// SipHash-2-4 of 128 bits under the organisation's key, the first 64 bits in hexadecimal digits.
fn keyed_hash(organisation: &str, body: &[u8]) -> String {
    let digest = sha256(&format!("watchpost aws-credentials {organisation}"));
    let mut key = [0; 16];
    for (byte, digit) in key.iter_mut().zip(digest.bytes()) {
        *byte = digit;
    }
    let mut hasher = SipHasher24::new_with_key(&key);
    hasher.write(body);
    format!("{:016x}", hasher.finish128().h1)
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let client = Client::new(look);
    let range = format!("Range: bytes=0-{}\r\n", MOST - 1);
    let file = client.ask("GET", PATH, &range, "", |answer| {
        answer.status != 200 && answer.status != 206 || answer.body().len() >= MOST
    })?;
    let Some(file) = file.answer().filter(|file| matches!(file.status, 200 | 206) && !is_page(file)) else {
        return Ok(Vec::new());
    };
    let body = file.body().get(..MOST).unwrap_or(file.body());
    let Some(shape) = shape(body) else { return Ok(Vec::new()) };
    let control = format!("/.aws/{:016x}", RandomState::new().hash_one(PATH));
    // No answer to the control proves nothing.
    let Some(control) = client.ask("GET", &control, &range, "", |_| true)?.answer() else {
        return Ok(Vec::new());
    };
    if matches!(control.status, 200 | 206) {
        return Ok(Vec::new());
    }
    let whole = file.header("content-range").and_then(|range| range.rsplit('/').next()?.parse::<u64>().ok());
    let length = whole.or_else(|| file.header("content-length")?.parse().ok()).unwrap_or(body.len() as u64);
    let count = |number: usize, what: &str| {
        (number > 0).then(|| format!("{number} {what}{}", if number == 1 { "" } else { "s" }))
    };
    let parts = [
        count(shape.profiles, "profile"),
        count(shape.lasting, "lasting access key"),
        count(shape.passing, "temporary access key"),
    ];
    let evidence = vec![
        format!("GET {PATH}: {}, {length} bytes", file.status),
        parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        format!("keyed hash {}", keyed_hash(&look.caller.governor().scope().organisation, body)),
        format!("control GET /.aws/ and a random name: {}", control.status),
    ];
    let apache = file.header("server").is_some_and(|server| find(server.as_bytes(), b"Apache").is_some());
    let remedy = if apache { APACHE } else { NGINX };
    Ok(vec![look.finding(
        Rung::Sensitive,
        "AWS credentials served to anybody; revoke the keys",
        evidence,
        remedy,
    )])
}

pub(super) fn read_anything(bytes: &[u8]) {
    let _ = shape(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_file_has_a_profile_an_id_and_a_secret() {
        let file = b"[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n[b]\naws_access_key_id=ASIAIOSFODNN7EXAMPLE\n";
        assert_eq!(shape(file), Some(Shape { profiles: 2, lasting: 1, passing: 1 }));
        for without in ["[default]", "aws_secret_access_key = x", "AKIAIOSFODNN7EXAMPLE"] {
            let text = String::from_utf8_lossy(file)
                .replace("ASIAIOSFODNN7EXAMPLE", "")
                .replace("[b]", "")
                .replace(without, "");
            assert_eq!(shape(text.as_bytes()), None, "without {without}");
        }
    }

    #[test]
    fn ids_have_their_form() {
        assert!(is_id(b"AKIAIOSFODNN7EXAMPLE", b"AKIA"));
        for id in
            ["AKIAIOSFODNN7EXAMPL", "AKIAIOSFODNN7EXAMPLEE", "AKIAIOSFODNN7EXAMPLe", "AROAIOSFODNN7EXAMPLE"]
        {
            assert!(!is_id(id.as_bytes(), b"AKIA"), "{id}");
        }
    }

    #[test]
    fn the_hash_tells_files_and_organisations_apart() {
        assert_eq!(keyed_hash("a", b"x"), keyed_hash("a", b"x"));
        assert_ne!(keyed_hash("a", b"x"), keyed_hash("a", b"y"));
        assert_ne!(keyed_hash("a", b"x"), keyed_hash("b", b"x"));
    }
}
