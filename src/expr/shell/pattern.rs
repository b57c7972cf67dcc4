//! Patterns of `case`, `${NAME#...}` and `[[ a == b ]]`.
//!
//! In: a pattern whose quoted characters are escaped by backslashes, and text. Out: whether the whole text matches, and how much of
//! it a part that matches takes. Linear in the pattern for each start, and bounded in the text.

/// Longest text that is compared with patterns, in characters.
const MAX_TEXT: usize = 4096;

enum Token {
    One(char),
    Any,
    Many,
    Set { negated: bool, ranges: Vec<(char, char)> },
}

/// A pattern, ready to be compared.
pub(super) struct Pattern {
    tokens: Vec<Token>,
}

impl Pattern {
    /// Reads a pattern; none where shells differ (classes by name, a lone backslash).
    pub fn read(text: &str) -> Option<Pattern> {
        let characters: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(&c) = characters.get(at) {
            at += 1;
            tokens.push(match c {
                '\\' => {
                    at += 1;
                    Token::One(*characters.get(at - 1)?)
                }
                '?' => Token::Any,
                '*' => Token::Many,
                '[' => match set(characters.get(at..)?)? {
                    Some((token, length)) => {
                        at += length;
                        token
                    }
                    None => Token::One('['),
                },
                c => Token::One(c),
            });
        }
        Some(Pattern { tokens })
    }

    /// Whether the whole text matches; none when it is too long.
    pub fn matches(&self, text: &str) -> Option<bool> {
        let text: Vec<char> = text.chars().collect();
        (text.len() <= MAX_TEXT).then(|| self.matches_all(&text))
    }

    fn matches_all(&self, text: &[char]) -> bool {
        let (mut token, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match (self.tokens.get(token), text.get(at)) {
                (None, None) => return true,
                (Some(Token::Many), _) => {
                    retry = Some((token, at));
                    token += 1;
                }
                (Some(one), Some(c)) if one.takes(*c) => (token, at) = (token + 1, at + 1),
                _ => match retry {
                    // The last star takes one character more.
                    Some((star, from)) if from < text.len() => {
                        retry = Some((star, from + 1));
                        (token, at) = (star + 1, from + 1);
                    }
                    _ => return false,
                },
            }
        }
    }

    /// How many bytes a matching beginning of the text takes.
    pub fn prefix(&self, text: &str, longest: bool) -> Option<usize> {
        let characters: Vec<char> = text.chars().collect();
        let ends = 0..=characters.len();
        let fits = |end: &usize| self.matches_all(characters.get(..*end).unwrap_or_default());
        self.bounded(&characters)?;
        let end = if longest { ends.rev().find(fits) } else { ends.into_iter().find(fits) }?;
        Some(bytes(&characters, 0, end))
    }

    /// Where a matching end of the text begins.
    pub fn suffix(&self, text: &str, longest: bool) -> Option<usize> {
        let characters: Vec<char> = text.chars().collect();
        let starts = 0..=characters.len();
        let fits = |start: &usize| self.matches_all(characters.get(*start..).unwrap_or_default());
        self.bounded(&characters)?;
        let start = if longest { starts.into_iter().find(fits) } else { starts.rev().find(fits) }?;
        Some(bytes(&characters, 0, start))
    }

    fn bounded(&self, text: &[char]) -> Option<()> {
        (text.len() <= MAX_TEXT / 16).then_some(())
    }
}

/// Whether a text is short enough for [`Pattern::prefix`] and [`Pattern::suffix`].
pub(super) fn is_short(text: &str) -> bool {
    text.len() <= MAX_TEXT / 16
}

fn bytes(characters: &[char], from: usize, to: usize) -> usize {
    characters.get(from..to).unwrap_or_default().iter().map(|c| c.len_utf8()).sum()
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Token::One(one) => *one == c,
            Token::Any => true,
            Token::Many => false,
            Token::Set { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
        }
    }
}

/// The set behind an opening bracket, and its length; `Some(None)` when it is never closed.
fn set(characters: &[char]) -> Option<Option<(Token, usize)>> {
    let mut at = 0;
    let negated = matches!(characters.first(), Some('!' | '^'));
    at += usize::from(negated);
    let first = at;
    let mut ranges = Vec::new();
    loop {
        let Some(&c) = characters.get(at) else { return Some(None) };
        match c {
            ']' if at > first => return Some(Some((Token::Set { negated, ranges }, at + 1))),
            // Classes by name and what locales sort together.
            '[' if matches!(characters.get(at + 1), Some(':' | '.' | '=')) => return None,
            '\\' | '/' => return None,
            _ => {}
        }
        match (characters.get(at + 1), characters.get(at + 2)) {
            // What lies between letters depends on the locale.
            (Some('-'), Some(&end)) if end != ']' => {
                if !(c.is_ascii_digit() && end.is_ascii_digit()) {
                    return None;
                }
                ranges.push((c, end));
                at += 3;
            }
            _ => {
                ranges.push((c, c));
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_a_shell_matches() {
        let matches = |pattern: &str, text: &str| Pattern::read(pattern).and_then(|read| read.matches(text));
        for (pattern, text) in
            [("web", "web"), ("*", ""), ("a*b*c", "aXbbYc"), ("[0-9]?", "7x"), ("[!a]", "b"), ("\\*", "*"), ("[", "[")]
        {
            assert_eq!(matches(pattern, text), Some(true), "{pattern} {text}");
        }
        for (pattern, text) in [("web", "we"), ("a*b", "ab c"), ("?", ""), ("[!a]", "a"), ("\\*", "x")] {
            assert_eq!(matches(pattern, text), Some(false), "{pattern} {text}");
        }
        assert_eq!(matches("[[:digit:]]", "5"), None);
    }

    #[test]
    fn parts_are_cut_off() {
        let pattern = |text: &str| Pattern::read(text).unwrap();
        assert_eq!(pattern("*/").prefix("a/b/c", false), Some(2));
        assert_eq!(pattern("*/").prefix("a/b/c", true), Some(4));
        assert_eq!(pattern("/*").suffix("a/b/c", false), Some(3));
        assert_eq!(pattern("/*").suffix("a/b/c", true), Some(1));
        assert_eq!(pattern("-").prefix("w", false), None);
    }
}
