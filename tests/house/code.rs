//! Rust code as far as a test of its order needs it: without comments, without what stands in quotes, without tests.

/// A file's code, line for line.
pub struct Code {
    lines: Vec<String>,
    /// Modules that are files of tests: `#[cfg(test)] mod tests;`.
    pub test_modules: Vec<String>,
}

impl Code {
    pub fn new(text: &str) -> Code {
        let (code, test_modules) = without_tests(&plain(text));
        Code { lines: code.lines().map(str::to_owned).collect(), test_modules }
    }

    /// Every room named with `crate::`, by line; `crate::{a, b}` names nothing and is shown as such.
    pub fn names(&self) -> Vec<(usize, String)> {
        let mut names = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            for after in line.split("crate::").skip(1) {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
                names.push((at + 1, after[..end.max(1)].to_owned()));
            }
        }
        names
    }

    pub fn lines_with(&self, word: &str) -> Vec<usize> {
        let is_word = word.chars().all(char::is_alphanumeric);
        let has = |line: &String| match is_word {
            true => line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word),
            false => line.contains(word),
        };
        self.lines.iter().enumerate().filter(|(_, line)| has(line)).map(|(at, _)| at + 1).collect()
    }

    /// Lines on which a chain of `super::` leaves the room of a file that lies so deep.
    pub fn lines_above_the_crate(&self, depth: usize) -> Vec<usize> {
        self.lines_with(&"super::".repeat(depth))
    }

    /// Whether the file takes other files into the program.
    pub fn embeds(&self) -> bool {
        ["include_str!", "include_bytes!", "#[grammar"].iter().any(|word| !self.lines_with(word).is_empty())
    }
}

/// The text with comments and what stands in quotes blanked out.
fn plain(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest);
        let (part, after) = rest.split_at(length.max(first.len_utf8()));
        match length {
            0 => code.push_str(part),
            _ => code.extend(part.chars().filter(|c| *c == '\n').chain([' '])),
        }
        // A name that ends in r or b does not open a raw text.
        if length == 0 && (first.is_alphanumeric() || first == '_') {
            let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
            code.push_str(&after[..end]);
            rest = &after[end..];
        } else {
            rest = after;
        }
    }
    code
}

/// How long the comment or quoted text is that begins here; 0 when none does.
fn skipped(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    let opening = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - opening.len();
    if let Some(raw) = opening.strip_prefix('r').filter(|_| prefix <= 1) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let from = prefix + 1 + hashes + 1;
            return text[from..].find(&close).map_or(text.len(), |end| from + end + close.len());
        }
    }
    match opening.chars().next() {
        Some('"') if prefix <= 1 => prefix + closed(opening, '"'),
        // A lifetime has no closing quote after one character.
        Some('\'') if prefix <= 1 && is_character(opening) => prefix + closed(opening, '\''),
        _ => 0,
    }
}

fn is_character(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    matches!((characters.next(), characters.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

/// The length of a quoted text, escapes passed over.
fn closed(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Blanks out what is marked `#[cfg(test)]`, and lists the modules among it that are files.
fn without_tests(code: &str) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let (mut out, mut modules, mut rest) = (String::with_capacity(code.len()), Vec::new(), code);
    while let Some(at) = rest.find(MARK) {
        let (before, marked) = rest.split_at(at);
        out.push_str(before);
        let opens = marked.find(['{', ';']).unwrap_or(marked.len());
        let header = marked[MARK.len()..opens].trim();
        let end = if marked[opens..].starts_with('{') { opens + braces(&marked[opens..]) } else { opens };
        modules.extend(header.strip_prefix("mod ").filter(|_| end == opens).map(str::to_owned));
        out.extend(marked[..end].chars().filter(|c| *c == '\n'));
        rest = &marked[end..];
    }
    out.push_str(rest);
    (out, modules)
}

/// The length of a block with all that it holds.
fn braces(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

#[test]
fn comments_quotes_and_tests_are_left_out() {
    let text = "//! crate::a\nuse crate::b::c; // crate::d\nlet x = \"crate::e\"; let y = r#\"\"crate::f\"#;\nfn f<'a>(c: char) { c == '\"' }\n\
                super::super::g();\n#[cfg(test)]\nmod tests {\n    use crate::h; fn x() { y.unwrap() }\n}\n\
                #[cfg(test)]\nmod far;\nuse crate::{i, j};\n";
    let code = Code::new(text);
    assert_eq!(code.names(), [(2, "b".to_owned()), (12, "{".to_owned())]);
    assert_eq!(code.test_modules, ["far"]);
    assert_eq!(code.lines_with(".unwrap()"), [0_usize; 0]);
    assert_eq!((code.lines_above_the_crate(2), code.lines_above_the_crate(3)), (vec![5], vec![]));
}
