//! Texts in which no secret can be, told from the others in one pass: nearly all are, and each is read on the way of a packet.

use super::bytes::find;
use super::mask::{COMMANDS, INNER_COMMANDS, LONG, is_key, is_token};

/// Whether a text is printable ASCII in which no secret can be: nothing that stands between a name and its value, no run of
/// characters that could be a key. Most texts are, and reading them once is much cheaper than [`super::mask::mask`], which agrees.
pub(super) fn is_plain(bytes: &[u8], request: bool) -> bool {
    let (mut at, mut blanks) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        match CLASSES[usize::from(byte)] {
            Class::Token => {
                let rest = &bytes[at..];
                let run = rest.iter().position(|b| !matches!(CLASSES[usize::from(*b)], Class::Token));
                let word = &rest[..run.unwrap_or(rest.len())];
                // Of two hyphens a PEM header could be made.
                if word.len() >= LONG || is_key(word) || (word.len() >= 5 && find(word, b"--").is_some()) {
                    return false;
                }
                at += word.len();
                continue;
            }
            Class::Blank => blanks += 1,
            Class::Other => {}
            Class::Separator if may_name_a_secret(&bytes[..at]) && !matches!(&bytes[at..], b"=***") => {
                return false;
            }
            Class::Separator => {}
            Class::At if find(&bytes[..at], b"://").is_some() => return false,
            Class::At => {}
            Class::Unfit => return false,
        }
        at += 1;
    }
    // Commands hide what is behind them.
    !request || blanks == 0 || (blanks == 1 && !is_command(bytes))
}

/// A name that ends in none of the letters in which the telling ones do has no secret behind it; nor has a URL's scheme.
fn may_name_a_secret(before: &[u8]) -> bool {
    let last = before.last().map_or(b' ', u8::to_ascii_lowercase);
    !last.is_ascii_digit() && !b"abcfijkmopquvxz/&".contains(&last) && !before.ends_with(b"https")
}

fn is_command(bytes: &[u8]) -> bool {
    let word = bytes.split(|b| *b == b' ').next().unwrap_or_default();
    COMMANDS.iter().any(|command| word.eq_ignore_ascii_case(command.as_bytes()))
        || INNER_COMMANDS.iter().any(|command| word.eq_ignore_ascii_case(command.as_bytes()))
}

#[derive(Clone, Copy)]
enum Class {
    Token,
    Blank,
    Separator,
    At,
    Other,
    Unfit,
}

/// What [`is_plain`] makes of each byte.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Unfit; 256];
    let mut byte = b' ';
    while byte < 0x7f {
        classes[byte as usize] = match byte {
            b' ' => Class::Blank,
            b':' | b'=' => Class::Separator,
            b'@' => Class::At,
            // Query strings, encoded characters, quotes and backslashes are for [`super::mask::mask`] to look at.
            b'?' | b'%' | b'"' | b'\'' | b'\\' | b']' => Class::Unfit,
            byte if is_token(byte as char) => Class::Token,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

#[cfg(test)]
mod tests {
    use super::is_plain;
    use crate::conversation::mask::mask;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Words that look like secrets, put together at random.
        #[test]
        fn what_is_plain_needs_no_mask(
            parts in prop::collection::vec(
                prop_oneof![
                    "[a-zA-Z0-9]{1,16}", "[ -~]{1,3}", Just("GET /".to_owned()), Just("://".to_owned()), Just(": ".to_owned()),
                    Just("=".to_owned()), Just("@".to_owned()), Just("pass".to_owned()), Just("Cookie".to_owned()), Just("token".to_owned()), Just("AUTH ".to_owned()),
                    Just("USER ".to_owned()), Just("AKIA".to_owned()), Just("eyJ".to_owned()), Just("xoxb-".to_owned()), Just("-----BEGIN PRIVATE".to_owned()),
                ],
                1..8,
            ),
            request in any::<bool>(),
        ) {
            let text = parts.concat();
            let text = text.trim();
            if is_plain(text.as_bytes(), request) {
                prop_assert_eq!(mask(text, request), text);
            }
        }
    }

    #[test]
    fn ordinary_texts_are_plain() {
        for text in [
            "HTTP/1.1 200 OK",
            "nginx/1.22.1",
            "www.example.test",
            "Mozilla/5.0 (X11; U; Linux x86_64; en-US; rv:1.9.2.15) Gecko/20110303 Firefox/3.6.15",
            "SSH-2.0-OpenSSH_9.2p1 Debian",
        ] {
            assert!(is_plain(text.as_bytes(), false), "{text}");
        }
        assert!(is_plain(b"GET /index.html", true));
        assert!(!is_plain(b"USER /x", true) && !is_plain(b"GET /?token=1", true));
    }
}
