//! `environment=` of supervisor: KEY=value pairs with quotes of its own (supervisor 4.3.0, datatypes.py, `dict_of_key_value_pairs`).
//!
//! In: the text after expansion. Out: names and values with their places. Values with anything but letters, digits and `_/.+-():`
//! in them need quotes; the quotes at both ends go, in whatever number; a backslash is itself.

use crate::formats::shlex::Lexer;
use crate::source::Excerpt;

/// The mark of text that is not known counts as a part of a word.
const WORDS: Lexer = Lexer { posix: false, extra: "/.+-():\u{fffc}" };

/// One variable that is set.
#[derive(Clone, Debug)]
pub struct Pair {
    pub name: Excerpt,
    pub value: Excerpt,
}

/// Reads the pairs; none when supervisord refuses the text.
pub fn pairs(text: &Excerpt) -> Option<Vec<Pair>> {
    let tokens = WORDS.tokens(text).ok()?;
    // What stands between two pairs is not looked at; usually it is a comma.
    tokens.chunks(4).map(pair).collect()
}

fn pair(tokens: &[Excerpt]) -> Option<Pair> {
    let [name, equals, value, ..] = tokens else { return None };
    let inner = value.text.trim_start_matches(['\'', '"']);
    let start = value.text.len() - inner.len();
    let end = start + inner.trim_end_matches(['\'', '"']).len();
    (equals.text == "=").then(|| Pair { name: name.clone(), value: value.part(start, end) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn read(text: &str) -> Option<Vec<String>> {
        let document = Document::new(DocumentId(0), "a", text.as_bytes());
        let pairs = pairs(&Excerpt::of(&document, document.span(0, text.len())))?;
        Some(pairs.into_iter().map(|pair| format!("{}={}", pair.name.text, pair.value.text)).collect())
    }

    #[test]
    fn values_as_supervisor_reads_them() {
        assert_eq!(read("A=\"x, y\",B='z',\n  C=/srv/app:/b"), Some(vec!["A=x, y".into(), "B=z".into(), "C=/srv/app:/b".into()]));
        assert_eq!(read("A=1, B=2,"), Some(vec!["A=1".into(), "B=2".into()]));
        assert_eq!(read(""), Some(Vec::new()));
        assert_eq!(read("A=a@b"), None);
        assert_eq!(read("A="), None);
        assert_eq!(read("A=\"x"), None);
    }
}
