//! Specifiers: `%n` and the like, which stand for something that the unit's name or the machine knows.
//!
//! In: decoded text and the unit's name. Out: the text with specifiers replaced. What only the running machine knows (`%H`, `%m`,
//! the instance of a template) becomes the character `UNKNOWN_PIECE`. Values are those of the system manager, which runs as root.

use crate::expr::systemd::UNKNOWN_PIECE;
use crate::source::{Excerpt, Span};

/// Specifiers that are known, but whose text only the machine knows.
const OF_THE_MACHINE: &str = "AabBcDHlmMoqrRsvwWyY";

/// Replaces specifiers; those that systemd does not know stay as they are.
pub fn specifiers(text: &Excerpt, unit: &str) -> Excerpt {
    let mut expanded = text.part(0, 0);
    let mut done = 0;
    for (at, letter) in percents(&text.text) {
        let Some(replacement) = replacement(letter, unit) else { continue };
        expanded.push_part(text, done, at);
        let span = text.span_of(at, at + 2);
        if !expanded.put(&replacement, span) {
            expanded.push(UNKNOWN_PIECE, span.start as usize, span.end as usize);
        }
        done = at + 2;
    }
    expanded.push_part(text, done, text.text.len());
    expanded
}

/// Where the text holds a letter or digit after `%` that is no specifier: systemd refuses such a word. Other characters after `%` pass
/// unchanged, so `%(h)s` is fine.
pub fn unknown(text: &Excerpt) -> Vec<Span> {
    percents(&text.text)
        .filter(|&(_, letter)| letter.is_ascii_alphanumeric() && replacement(letter, "a.service").is_none())
        .map(|(at, _)| text.span_of(at, at + 2))
        .collect()
}

/// Offsets of `%` with the character after each; `%%` counts once.
fn percents(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut characters = text.char_indices();
    std::iter::from_fn(move || {
        let (at, _) = characters.find(|(_, character)| *character == '%')?;
        characters.next().map(|(_, letter)| (at, letter))
    })
}

/// What `%letter` stands for in a unit; none when it is no specifier.
fn replacement(letter: char, unit: &str) -> Option<String> {
    let name = Name::of(unit);
    let instance = || name.instance.map_or(String::new(), known_or_marker);
    Some(match letter {
        '%' => "%".into(),
        'n' if name.is_template() => name.of_template(unit),
        'n' => unit.into(),
        'N' if name.is_template() => name.of_template(name.stem),
        'N' => name.stem.into(),
        'p' => name.prefix.into(),
        'P' => unescape(name.prefix),
        'i' => instance(),
        'I' => unescape(&instance()),
        'j' => name.last_part().into(),
        'J' => unescape(name.last_part()),
        'f' => match name.instance {
            Some(_) => format!("/{}", unescape(&instance()).trim_start_matches('/')),
            None => format!("/{}", unescape(name.prefix).trim_start_matches('/')),
        },
        'd' => format!("/run/credentials/{unit}"),
        'u' | 'g' => "root".into(),
        'U' | 'G' => "0".into(),
        'h' => "/root".into(),
        't' => "/run".into(),
        'S' => "/var/lib".into(),
        'C' => "/var/cache".into(),
        'L' => "/var/log".into(),
        'E' => "/etc".into(),
        'T' => "/tmp".into(),
        'V' => "/var/tmp".into(),
        letter if OF_THE_MACHINE.contains(letter) => UNKNOWN_PIECE.into(),
        _ => return None,
    })
}

fn known_or_marker(instance: &str) -> String {
    if instance.is_empty() { UNKNOWN_PIECE.into() } else { instance.into() }
}

/// The parts of `prefix@instance.type`.
struct Name<'u> {
    stem: &'u str,
    prefix: &'u str,
    /// Empty for the template itself, none for a plain unit.
    instance: Option<&'u str>,
}

impl<'u> Name<'u> {
    fn of(unit: &'u str) -> Name<'u> {
        let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
        match stem.split_once('@') {
            Some((prefix, instance)) => Name { stem, prefix, instance: Some(instance) },
            None => Name { stem, prefix: stem, instance: None },
        }
    }

    fn is_template(&self) -> bool {
        self.instance == Some("")
    }

    /// A full name in which the instance that is not there stands as unknown.
    fn of_template(&self, name: &str) -> String {
        name.replacen('@', &format!("@{UNKNOWN_PIECE}"), 1)
    }

    fn last_part(&self) -> &'u str {
        self.prefix.rsplit_once('-').map_or(self.prefix, |(_, last)| last)
    }
}

/// Undoes the escaping of unit names: `-` is a slash, `\x2d` a byte.
fn unescape(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.bytes().next() {
        let hexadecimal = rest.strip_prefix("\\x").and_then(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
        let (byte, length) = match (first, hexadecimal) {
            (_, Some(byte)) => (byte, 4),
            (b'-', None) => (b'/', 1),
            (_, None) => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                bytes.extend(rest.as_bytes().get(..length).unwrap_or_default());
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
        };
        bytes.push(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn excerpt(text: &str) -> (Document, Excerpt) {
        let document = Document::new(DocumentId(0), "a", text.as_bytes().to_vec());
        let whole = Excerpt::of(&document, document.span(0, text.len()));
        (document, whole)
    }

    fn expand(text: &str, unit: &str) -> String {
        specifiers(&excerpt(text).1, unit).text
    }

    #[test]
    fn names_come_apart() {
        let all = "%n|%N|%p|%P|%i|%I|%j|%J|%f";
        // Measured with systemd 252.
        let expected = r"a-b\x2dc@x-y.service|a-b\x2dc@x-y|a-b\x2dc|a/b-c|x-y|x/y|b\x2dc|b-c|/x/y";
        assert_eq!(expand(all, r"a-b\x2dc@x-y.service"), expected);
        assert_eq!(expand(all, "web.service"), "web.service|web|web|web|||web|web|/web");
    }

    #[test]
    fn what_is_not_known_is_marked() {
        assert_eq!(expand("%p %i %n", "a@.service"), "a \u{fffc} a@\u{fffc}.service");
        assert_eq!(expand("%H", "a.service"), "\u{fffc}");
    }

    #[test]
    fn percent_signs_survive() {
        assert_eq!(expand("%(h)s %%(h)s 100%% %%n %", "a.service"), "%(h)s %(h)s 100% %n %");
        assert_eq!(expand("%z é%é", "a.service"), "%z é%é");
        assert_eq!(unknown(&excerpt("%z %5 %( %%z %n %").1).len(), 2);
    }

    #[test]
    fn replaced_text_stands_where_the_specifier_stood() {
        let (document, text) = excerpt("a%tb");
        let expanded = specifiers(&text, "a.service");
        assert_eq!(document.text(expanded.span_of(1, 5)), "%t");
        assert_eq!(document.text(expanded.span_of(5, 6)), "b");
    }
}
