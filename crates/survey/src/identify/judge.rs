//! From words that fitted fingerprints to a product and an operating system.
//!
//! An application is told before the server in front of it, and a version is taken from whichever words have one for the same product. Of
//! systems the first that has a version, else the first. The user's own fingerprints come before those that are built in.

use watchpost_core::inventory::{OsGuess, Product};
use watchpost_core::record::FactKind;
use watchpost_formats::conversation::fact;

use super::Identified;
use super::recog::{Fingerprints, Match};
use super::words::Words;

/// Products of one service that are told.
const MOST_PRODUCTS: usize = 6;
/// Characters of the words that a reason quotes.
const QUOTED: usize = 100;

/// Kinds of words about what is only the ground on which an application stands.
const GROUND: &[&str] = &[
    "http_header.server",
    "http_header.x-powered-by",
    "apache_modules",
    "apache_os",
    "http_header.cookie",
    "x509.subject",
    "x509.issuer",
];

/// Adds what the words tell.
pub(super) fn judge(found: &mut Identified, words: &Words, prints: &Fingerprints) {
    let mut os: Option<(bool, OsGuess)> = None;
    for (kind, said) in words.iter() {
        let matches = prints.find(kind, said);
        // The first that says anything: the user's, else the built-in.
        if let Some(product) = matches.iter().find_map(product) {
            place(found, product, kind);
        }
        for matched in matches.iter().filter(|matched| matched.asserts("os")) {
            let has_version = matched.get("os.version").is_some();
            if os.as_ref().is_none_or(|(had, _)| has_version && !had)
                && let Some(name) = system(matched)
            {
                os = Some((has_version, OsGuess { name, because: because(kind, said) }));
            }
        }
    }
    if found.os.is_none() {
        found.os = os.map(|(_, guess)| guess);
    }
    found.product = found.products.first().cloned();
}

/// A product joins one of the same name, or stands behind those before; an application stands before its ground.
fn place(found: &mut Identified, new: Product, kind: &str) {
    if let Some(same) = found.products.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&new.name)) {
        if same.version.is_none() && new.version.is_some() {
            *same = Product { vendor: new.vendor.or_else(|| same.vendor.take()), ..new };
        }
        return;
    }
    if found.products.len() >= MOST_PRODUCTS {
        return;
    }
    if GROUND.contains(&kind) {
        found.products.push(new);
        found.ground += 1;
    } else {
        let at = found.products.len().saturating_sub(found.ground);
        found.products.insert(at, new);
    }
}

/// Clean, and without secrets.
fn clean(text: &str) -> Option<String> {
    fact(FactKind::Software, text.as_bytes()).map(|text| text.into_owned())
}

/// A run of letters and digits this long, with both in it, is rather a key than a version.
const LONGEST_RUN: usize = 20;

/// Whether a text may be a version.
fn is_version(text: &str) -> bool {
    let is_key = |run: &str| {
        run.len() >= LONGEST_RUN
            && run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    text != "-" && text.len() <= 64 && !text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_key)
}

fn product(matched: &Match) -> Option<Product> {
    let field = |name: &str| matched.get(name).and_then(clean);
    if matched.asserts("service") {
        let name = field("service.product").or_else(|| field("service.family"));
        return Some(Product {
            vendor: field("service.vendor"),
            name: name.or_else(|| field("service.vendor"))?,
            version: field("service.version").filter(|version| is_version(version)),
            // It has the version within.
            cpe: field("service.cpe23")
                .filter(|cpe| is_version(cpe.rsplit(':').next().unwrap_or_default()) || cpe.ends_with(":-")),
        });
    }
    // Of devices nothing but the hardware may be told.
    if matched.asserts("hw") {
        let name = field("hw.product").or_else(|| field("hw.family")).or_else(|| field("hw.device"));
        return Some(Product {
            vendor: field("hw.vendor"),
            name: name.or_else(|| field("hw.vendor"))?,
            version: None,
            cpe: field("hw.cpe23"),
        });
    }
    None
}

/// `Debian 12`, `Windows Server 2019`, `Cisco IOS 15.2`.
fn system(matched: &Match) -> Option<String> {
    let field = |name: &str| matched.get(name).and_then(clean);
    let vendor = field("os.vendor");
    let product = field("os.product").or_else(|| field("os.family"));
    let mut name = match (vendor, product) {
        // Distributions are told by their vendors.
        (Some(vendor), Some(product)) if product == "Linux" && vendor != "Linux" => vendor,
        (Some(vendor), Some(product)) if vendor == "Microsoft" || product.starts_with(&vendor) => product,
        (Some(vendor), Some(product)) => format!("{vendor} {product}"),
        (None, Some(name)) | (Some(name), None) => name,
        (None, None) => return None,
    };
    if let Some(version) =
        field("os.version").filter(|version| is_version(version) && !name.ends_with(version.as_str()))
    {
        name = format!("{name} {version}");
    }
    Some(name)
}

fn because(kind: &str, said: &[u8]) -> String {
    let what = match kind {
        "ssh.banner" => "SSH banner",
        "http_header.server" | "apache_os" => "Server header",
        "snmp.sys_description" => "SNMP sysDescr",
        "ntp.readvar" => "NTP variables",
        "dns.versionbind" => "version.bind",
        "redis.info" => return "words of redis.info".into(),
        // Cookies and pages may hold more than a name.
        "http_header.cookie" => return "a cookie's name".into(),
        "http.body" => return "words of the page".into(),
        kind => kind,
    };
    let said = fact(FactKind::Banner, said).unwrap_or_default();
    let short: String = said.chars().take(QUOTED).collect();
    format!("{what}: {short}")
}
