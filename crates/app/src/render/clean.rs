//! Nothing raw reaches a terminal: file names and captures come from strangers, and a terminal obeys what it is sent.

use watchpost_formats::conversation::is_unfit;

/// The text with every control character and every character that turns the direction of writing made visible.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if is_treacherous(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// C1 controls, which terminals obey, and characters that reorder or hide the text around them.
pub fn is_treacherous(c: char) -> bool {
    !c.is_ascii_control() && is_unfit(c)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn controls_become_visible_and_the_rest_stays() {
        assert_eq!(clean("\x1b]0;x\x07\n"), "\\x1b]0;x\\x07\\x0a");
        assert_eq!(clean("\u{9b}2J\u{202e}gpj.exe"), "\\u{9b}2J\\u{202e}gpj.exe");
        assert_eq!(clean("a\u{61c}\u{e0041}b"), "a\\u{61c}\\u{e0041}b");
        assert_eq!(clean("Übung 東京.pcap"), "Übung 東京.pcap");
    }
}
