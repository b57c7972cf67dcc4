//! The shape of a statement: its text with one letter for every word, every run of blanks and every comment, and two for a quoted text.
//!
//! In: bytes. Out: the letters, and where each of them stands. The grammar cannot tell a word from another one, so what it makes of the
//! letters it makes of the text. A text with anything that is not as simple has no shape: escapes, `${`, quotes that are not closed or
//! have text behind them, and marks that mean something else within a word than before it.

/// Letters of a statement, and for each its offset in the text, with one more for the end.
pub struct Shape {
    pub letters: String,
    pub places: Vec<usize>,
}

/// A statement with more letters has no shape that anyone remembers.
const MOST_LETTERS: usize = 64;

/// The shape of the statement that a text begins with; none where it is not simple.
pub fn of(text: &[u8]) -> Option<Shape> {
    let mut shape = Shape { letters: String::with_capacity(16), places: Vec::with_capacity(16) };
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if shape.letters.len() > MOST_LETTERS {
            return None;
        }
        let rest = text.get(at..).unwrap_or_default();
        // A line feed ends a comment, and is a blank like others everywhere else.
        let (letters, length) = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => ("\n", run(rest, is_blank)),
            b'#' => ("#", memchr::memchr(b'\n', rest).unwrap_or(rest.len())),
            b'"' | b'\'' => ("\"\"", quoted(rest, *byte)?),
            b';' => (";", 1),
            b'{' => ("{", 1),
            b'}' => ("}", 1),
            _ => ("a", word(rest)?),
        };
        shape.places.push(at);
        if letters.len() == 2 {
            shape.places.push(at + length - 1);
        }
        shape.letters.push_str(letters);
        at += length;
        if matches!(byte, b';' | b'{' | b'}') {
            break;
        }
    }
    shape.places.push(at);
    Some(shape)
}

/// The length of a short statement in which nothing is quoted, escaped or commented: up to the first `;`, or the first `{` that does not
/// belong to a word; or up to a `}` that stands alone. Whatever follows it, the grammar makes the same of it.
pub fn plain_length(text: &[u8], longest: usize) -> Option<usize> {
    let mut is_empty = true;
    let mut last = b' ';
    for (at, byte) in text.iter().take(longest).enumerate() {
        match byte {
            b';' => return Some(at + 1),
            b'{' if last != b'$' => return Some(at + 1),
            b'}' if is_empty => return Some(at + 1),
            b'"' | b'\'' | b'\\' | b'#' | b'{' | b'}' => return None,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => is_empty = false,
        }
        last = *byte;
    }
    None
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// How many bytes at the beginning are of a kind.
fn run(bytes: &[u8], is: fn(&u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is(byte)).unwrap_or(bytes.len())
}

/// The length of a quoted text without escapes, with its quotes, if only a blank or an end stands behind it.
fn quoted(bytes: &[u8], quote: u8) -> Option<usize> {
    let inside = bytes.get(1..)?;
    let length = memchr::memchr2(quote, b'\\', inside)?;
    let is_end = |byte: &u8| is_blank(byte) || matches!(byte, b';' | b'{');
    (inside.get(length) == Some(&quote) && inside.get(length + 1).is_none_or(is_end)).then_some(length + 2)
}

/// The length of a word without escapes and without `${`.
fn word(bytes: &[u8]) -> Option<usize> {
    let is_part = |byte: &u8| !is_blank(byte) && !matches!(byte, b';' | b'{' | b'\\');
    let length = run(bytes, is_part);
    let last = length.checked_sub(1).and_then(|last| bytes.get(last));
    let is_odd = match bytes.get(length) {
        Some(b'\\') => true,
        Some(b'{') => last == Some(&b'$'),
        _ => false,
    };
    (!is_odd && length > 0).then_some(length)
}
