//! Lua code in a configuration: where it ends.
//!
//! In: bytes that follow the `{` of a `..._by_lua_block`. Out: the place of the `}` that closes it. Braces in strings, long brackets
//! and comments do not count, as in lua-nginx-module. One pass: an unclosed long bracket takes the rest of the file at once.

/// Whether a directive of this name has Lua code for its block.
pub fn is_lua(name: &str) -> bool {
    name.ends_with("_by_lua_block")
}

/// The offset of the closing brace of a body that begins at `start`.
pub fn closing_brace(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        let found = bytes.get(at..)?.iter().position(|byte| b"{}[-\"'".contains(byte))?;
        at += found;
        match bytes.get(at)? {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'[' => {
                at = after_long_bracket(bytes, at)?;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = after_comment(bytes, at + 2)?;
                continue;
            }
            quote @ (b'"' | b'\'') => {
                at = after_string(bytes, at + 1, *quote);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// The offset after `[[ ... ]]` or `[==[ ... ]==]` at `at`, or after the plain `[` that stands there; none when it is unclosed.
fn after_long_bracket(bytes: &[u8], at: usize) -> Option<usize> {
    let level = bytes.get(at + 1..)?.iter().take_while(|byte| **byte == b'=').count();
    let inside = at + 1 + level;
    if bytes.get(inside) != Some(&b'[') {
        return Some(inside);
    }
    let close = format!("]{}]", "=".repeat(level));
    let found = memchr::memmem::find(bytes.get(inside + 1..)?, close.as_bytes())?;
    Some(inside + 1 + found + close.len())
}

/// A comment is a long bracket, or runs to the end of its line.
fn after_comment(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) == Some(&b'[') {
        let after = after_long_bracket(bytes, at)?;
        if bytes.get(after.saturating_sub(1)) == Some(&b']') {
            return Some(after);
        }
    }
    memchr::memchr(b'\n', bytes.get(at..)?).map(|length| at + length)
}

/// A string ends at its quote. Lua knows no strings over line ends but escaped ones, so a bare line end stops it too.
fn after_string(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' => return at,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn closes_at_the_end(code: &str) {
        assert_eq!(closing_brace(format!("{code}}} rest }}").as_bytes(), 0), Some(code.len()), "{code}");
    }

    #[test]
    fn braces_count_in_code_only() {
        closes_at_the_end(" local t = { a = { 1 } } ");
        closes_at_the_end(r#" say("}", '}', "\"}") "#);
        closes_at_the_end(" say([[ } ]] .. [==[ ]] } ]==]) ");
        closes_at_the_end(" t[1] = a[b[2]] - 1 ");
        closes_at_the_end("\n -- } it's\n --[[ }\n } ]] x = 1 --[=[ } ]=]\n --[= }\n");
        closes_at_the_end("\n s = #t # '}'\n");
    }

    #[test]
    fn what_is_unclosed_has_no_end() {
        for code in ["", "{", "{ }", "[[ }", "--[[ }", "-- }", "'}'", "[=", "'\\"] {
            assert_eq!(closing_brace(code.as_bytes(), 0), None, "{code}");
        }
    }

    #[test]
    fn a_string_stops_at_its_line_end() {
        assert_eq!(closing_brace(b" it's\n }", 0), Some(7));
    }
}
