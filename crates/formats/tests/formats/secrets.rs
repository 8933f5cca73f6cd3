//! Secrets never leave: in the forms in which they travel, whatever stands around them.

use proptest::prelude::*;
use std::borrow::Cow;
use watchpost_core::record::FactKind::{Banner, Request, Title};
use watchpost_core::utterance::FACT_BYTES;
use watchpost_formats::conversation::{fact, is_unfit};

fn shown(text: &str) -> String {
    fact(Request, text.as_bytes()).map(Cow::into_owned).unwrap_or_default()
}

#[test]
fn what_names_a_secret_stays_and_the_secret_goes() {
    for (said, shown_as) in [
        ("GET /login?user=bob&password=hunter2&x=1", "GET /login?user=bob&password=***&x=1"),
        ("GET /?api_key=abc&token=def", "GET /?api_key=***&token=***"),
        ("GET /a?db_password=x%20y&b=c", "GET /a?db_password=***&b=c"),
        ("GET /?token%3Dabcdef", "GET /?token%3D***"),
        ("{\"password\": \"hun\\\"ter2\", \"a\": 1}", "{\"password\": \"***\", \"a\": 1}"),
        ("Authorization: Basic cm9vdDpyb290", "Authorization: ***"),
        ("Cookie: PHPSESSID=abc; x=y", "Cookie: ***"),
        ("PASS hunter2", "PASS ***"),
        ("user root", "user ***"),
        ("AUTH PLAIN AHJvb3QAcm9vdA==", "AUTH ***"),
        ("a1 LOGIN bob hunter2", "a1 LOGIN ***"),
        ("HELLO 3 AUTH default hunter2", "HELLO 3 AUTH ***"),
        ("hello 3 auth bob hunter2", "hello 3 auth ***"),
        ("acl setuser bob on >hunter2 ~* +@all", "acl setuser ***"),
        ("CONFIG SET RequirePass hunter2", "CONFIG SET RequirePass ***"),
        ("migrate h 6379 k 0 5000 auth2 bob hunter2", "migrate h 6379 k 0 5000 auth2 ***"),
        ("CONFIG SET requirepass hunter2", "CONFIG SET requirepass ***"),
        ("GET http://bob:hunter2@192.0.2.1/x", "GET http://***@192.0.2.1/x"),
        ("key AKIAIOSFODNN7EXAMPLE end", "key *** end"),
        ("-----BEGIN RSA PRIVATE KEY----- MIIE", "***"),
        ("GET /?q=dGhpcyBpcyBhIHNlY3JldCBrZXkgMTIz", "GET /?q=***"),
        ("GET /?h=5f4dcc3b5aa765d61d8327deb882cf99", "GET /?h=***"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "***"),
    ] {
        assert_eq!(shown(said), shown_as, "{said}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for said in [
        "GET /.aws/credentials",
        "GET /passwords.txt",
        "GET /wp-login.php?action=register",
        "GET /nice%20ports%2C/Tri%6Eity.txt%2ebak",
        "OPTIONS sip:nm SIP/2.0",
        "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10",
        "GET /skins-1.5/common/images/icons/fileicon-ogg-2012-version-3.png",
        "MAIL FROM:<a@b.example>",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0",
        "ec2-203-0-113-25.eu-central-1.compute.amazonaws.com",
        "RDP connect mstshash=nmap",
    ] {
        assert_eq!(shown(said), said);
    }
    for (what, said) in
        [(Title, "Login to your router"), (Banner, "User Access Verification"), (Banner, "Password:")]
    {
        assert_eq!(fact(what, said.as_bytes()).unwrap(), said);
    }
}

const KEYS: &[&str] = &[
    "password=",
    "passwd: ",
    "token=",
    "client_secret=",
    "api_key=",
    "X-Api-Key: ",
    "Authorization: Bearer ",
    "Cookie: a=",
    "sig=",
];
const COMMANDS: &[&str] = &["PASS ", "AUTH ", "USER ", "a7 LOGIN bob ", "AUTH LOGIN ", "HELLO 2 AUTH "];

proptest! {
    #[test]
    fn any_bytes_become_short_clean_text(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        if let Some(fact) = fact(Request, &bytes) {
            prop_assert!(!fact.is_empty() && fact.len() <= FACT_BYTES && !fact.contains(is_unfit));
        }
    }

    #[test]
    fn any_text_becomes_short_clean_text(text in "[\\PC\u{202e}\u{200b}\u{85}\u{2028}\u{e0041}=:/?&%\"' ]{0,400}") {
        if let Some(fact) = fact(Title, text.as_bytes()) {
            prop_assert!(!fact.is_empty() && fact.len() <= FACT_BYTES && !fact.contains(is_unfit));
        }
    }

    #[test]
    fn a_named_secret_never_leaves(key in 0..KEYS.len(), secret in "[!#-%(-+.-9A-Z_a-z]{6,40}Q7q", before in "([a-z]{1,9}[ ?&;,])?", after in "([ &][a-z]{1,9})?") {
        let text = shown(&format!("{before}{}{secret}{after}", KEYS[key]));
        prop_assert!(!text.contains(&secret), "{text}");
    }

    #[test]
    fn a_command_hides_its_words(command in 0..COMMANDS.len(), secret in "\\PC{0,20}Q7q[a-z]{4}\\PC{0,20}") {
        let text = shown(&format!("{}{secret}", COMMANDS[command]));
        prop_assert!(!text.contains("Q7q"), "{text}");
    }

    #[test]
    fn a_key_by_its_form_never_leaves(secret in "(AKIA[A-Z2-7]{16}|ghp_[A-Za-z0-9]{36}|eyJ[A-Za-z0-9_-]{20,60})", before in "[a-z ]{0,20}[ /=\"]", after in "[ /\"&][a-z ]{0,20}") {
        let text = shown(&format!("{before}{secret}{after}"));
        prop_assert!(!text.contains(&secret), "{text}");
    }

    #[test]
    fn a_login_in_a_url_never_leaves(user in "[a-z]{1,8}", secret in "[!$%*-.0-9A-Z_a-z]{1,20}Q7q", scheme in "(http|ftp|redis|mongodb)") {
        let text = shown(&format!("GET {scheme}://{user}:{secret}@host.example/x"));
        prop_assert!(!text.contains("Q7q"), "{text}");
    }
}
