//! Texts in which no secret can be, told from the others in one pass: nearly all are, and each is read on the way of a packet.

use super::mask::{COMMANDS, INNER_COMMANDS, LONG, is_token};

/// A key by its form has this many characters at least.
const SHORTEST_KEY: usize = 13;

/// Whether a text is printable ASCII in which no secret can be: nothing that stands between a name and its value, no run of
/// characters that could be a key. Most texts are, and reading them once is much cheaper than [`super::mask::mask`], which agrees.
pub(super) fn is_plain(bytes: &[u8], request: bool) -> bool {
    let (mut run, mut blanks) = (0, 0);
    for (at, &byte) in bytes.iter().enumerate() {
        match CLASSES[usize::from(byte)] {
            Class::Token => {
                run += 1;
                // The first characters of all of PREFIXES.
                let limit = if b"Agxsren".contains(&bytes[at + 1 - run]) { SHORTEST_KEY } else { LONG };
                let is_ruled = byte == b'-' && at > 0 && bytes[at - 1] == b'-';
                if run >= limit || is_ruled {
                    return false;
                }
                continue;
            }
            Class::Blank => blanks += 1,
            Class::Other => {}
            // A name that ends in none of the letters in which the telling ones do has no secret behind it; nor has a URL
            // without a login.
            Class::Separator => {
                let before = bytes[..at].last().copied().unwrap_or(b' ');
                let is_url = bytes[..at].ends_with(b"https");
                if !is_url
                    && !before.is_ascii_digit()
                    && !b"abcfijkmopquvxz/&".contains(&before.to_ascii_lowercase())
                {
                    return false;
                }
            }
            Class::Unfit => return false,
        }
        run = 0;
    }
    // Commands hide what is behind them.
    !request || blanks == 0 || (blanks == 1 && !is_command(bytes))
}

fn is_command(bytes: &[u8]) -> bool {
    let word = bytes.split(|b| *b == b' ').next().unwrap_or_default();
    COMMANDS.iter().any(|command| word.eq_ignore_ascii_case(command.as_bytes()))
        || INNER_COMMANDS.iter().any(|command| word == command.as_bytes())
}

#[derive(Clone, Copy)]
enum Class {
    Token,
    Blank,
    Separator,
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
            // Query strings, logins, encoded characters, quotes and backslashes are for [`super::mask::mask`] to look at.
            b'?' | b'@' | b'%' | b'"' | b'\'' | b'\\' | b']' => Class::Unfit,
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
