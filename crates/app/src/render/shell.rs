//! Words as a POSIX shell takes them back.

use std::ffi::OsStr;

use super::clean::is_treacherous;

/// A word of the command line, whatever its bytes: those that are no text as `\xff`.
pub fn quoted_os(word: &OsStr) -> String {
    if let Some(text) = word.to_str() {
        return quoted(text);
    }
    let escape = |&byte: &u8| match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    };
    format!("$'{}'", word.as_encoded_bytes().iter().map(escape).collect::<String>())
}

/// `word` so that a shell gives exactly it: bare where that is safe, else in quotes; control characters as `$'\x1b'`.
pub fn quoted(word: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:,=+@%^".contains(c);
    if !word.is_empty() && word.chars().all(bare) {
        return word.to_owned();
    }
    if !word.chars().any(|c| c.is_ascii_control() || is_treacherous(c)) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let escape = |c: char| match c {
        '\'' | '\\' => format!("\\{c}"),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        c if is_treacherous(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("$'{}'", word.chars().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn bytes_that_are_no_text_come_back_too() {
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(quoted_os(OsStr::from_bytes(b"it's \xff")), r"$'it\'s \xff'");
        assert_eq!(quoted_os(OsStr::new("my file")), "'my file'");
    }

    #[test]
    fn a_shell_gives_the_word_back() {
        for (word, expected) in [
            ("border.pcap.zst", "border.pcap.zst"),
            ("192.0.2.0/24,2001:db8::/32", "192.0.2.0/24,2001:db8::/32"),
            ("my file.pcap", "'my file.pcap'"),
            ("*.pcap", "'*.pcap'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("a\x1b'b", r"$'a\x1b\'b'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
