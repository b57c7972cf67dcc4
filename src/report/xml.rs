//! Text in XML 1.0, for the formats that are written in it: nothing of a text is markup, and what XML has no character for is replaced.

use super::untrusted::apart;
use crate::finding::Finding;

/// The first line of a document.
pub const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Text for an attribute in double quotes, or between tags. Line breaks and tabs are written as numbers, or a reader would make
/// them blanks (XML 1.0, section 3.3.3).
pub fn escaped(text: &str) -> String {
    apart(&without_markup(text), "#&#35;")
}

fn without_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' | '\r' => out.push_str(&format!("&#{};", u32::from(character))),
            // XML 1.0, section 2.2: these are no characters, not even as numbers.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// "warning", and "info" for advice.
pub fn severity(finding: &Finding) -> &'static str {
    use crate::rule::Severity;
    match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_is_markup_and_every_character_is_one() {
        assert_eq!(escaped("<a b=\"c\">&]]>\n\u{1}\u{ffff}é"), "&lt;a b=&quot;c&quot;&gt;&amp;]]&gt;&#10;\u{fffd}\u{fffd}é");
    }
}
