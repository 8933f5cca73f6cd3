//! TCP flags in the forms in which products write them.

use watchpost_core::contact::flags::{ACK, CWR, ECE, FIN, PSH, RST, SYN, URG};

use super::file::FlagsForm;
use crate::log::field::number;

/// TCP flags: `0x12`, `18`, `...A..S.`, `SA`, `SYN,ACK`.
pub(super) fn flags(form: FlagsForm, text: &[u8]) -> Option<u8> {
    let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    if let Some(digits) = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")) {
        return hex(digits);
    }
    if form == FlagsForm::Hex {
        return hex(text);
    }
    if text.first()?.is_ascii_digit() {
        // The ninth bit, of an experiment with ECN, is not read.
        return number::<u16>(text).map(|all| all as u8);
    }
    named(text).or_else(|| letters(text))
}

fn named(text: &[u8]) -> Option<u8> {
    const NAMES: [(&[u8], u8); 8] = [
        (b"FIN", FIN),
        (b"SYN", SYN),
        (b"RST", RST),
        (b"PSH", PSH),
        (b"ACK", ACK),
        (b"URG", URG),
        (b"ECE", ECE),
        (b"CWR", CWR),
    ];
    let words = text.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let all = words.map(|word| NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|n| n.1));
    let mut all = all.peekable();
    all.peek()?;
    all.try_fold(0, |set, flag| Some(set | flag?))
}

fn letters(text: &[u8]) -> Option<u8> {
    text.iter().try_fold(0, |set, letter| {
        Some(
            set | match letter.to_ascii_uppercase() {
                b'F' => FIN,
                b'S' => SYN,
                b'R' => RST,
                b'P' => PSH,
                b'A' => ACK,
                b'U' => URG,
                b'E' => ECE,
                b'C' | b'W' => CWR,
                b'.' | b'*' | b'_' | b'-' | b' ' => 0,
                _ => return None,
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_in_every_form() {
        for text in ["0x12", "18", "...A..S.", "SA", "syn,ack", "SYN ACK", "S-A"] {
            assert_eq!(flags(FlagsForm::Auto, text.as_bytes()), Some(SYN | ACK), "{text}");
        }
        assert_eq!(flags(FlagsForm::Hex, b"12"), Some(SYN | ACK));
        assert_eq!(
            (flags(FlagsForm::Auto, b"........"), flags(FlagsForm::Auto, b"ack")),
            (Some(0), Some(ACK))
        );
        assert_eq!((flags(FlagsForm::Auto, b"xyz"), flags(FlagsForm::Auto, b"")), (None, None));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = (flags(FlagsForm::Auto, &text), flags(FlagsForm::Hex, &text));
        }
    }
}
