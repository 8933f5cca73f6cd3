//! With what: each tool that the packets show, how sure that is, and by which marks.

use super::Page;
use super::opening::kinds;
use crate::render::clean::clean;
use crate::render::words;

impl Page<'_> {
    pub(super) fn tools(&self) -> String {
        let c = self.campaign;
        if c.tools.is_empty() {
            return String::new();
        }
        let mut out = String::new();
        for tool in &c.tools {
            let version = tool.version.as_deref().map(|version| format!(" {}", clean(version)));
            let (name, sure) = (clean(&tool.name), words::sure(tool.confidence));
            let why = clean(&tool.text);
            out.push_str(&self.item(&format!("{name}{}, {sure}: {why}", version.unwrap_or_default())));
        }
        let kinds = kinds(c);
        let note = if kinds.is_empty() { String::new() } else { format!("{kinds} probes") };
        self.section("With what", &note, &out)
    }
}
