//! What is wrong with a text, in words: one function for each way nginx would refuse it.
//!
//! Texts from the file are clipped, never escaped: whoever prints a message escapes it.

/// Names that begin a directive so often that one of them first on a line, among arguments, means a `;` is missing before it.
const COMMON: &[&str] = &[
    "access_log",
    "add_header",
    "alias",
    "allow",
    "autoindex",
    "charset",
    "client_max_body_size",
    "default_type",
    "deny",
    "error_log",
    "error_page",
    "expires",
    "fastcgi_param",
    "fastcgi_pass",
    "gzip",
    "if",
    "include",
    "index",
    "internal",
    "keepalive",
    "keepalive_timeout",
    "limit_req",
    "listen",
    "location",
    "log_format",
    "map",
    "proxy_buffering",
    "proxy_connect_timeout",
    "proxy_http_version",
    "proxy_pass",
    "proxy_read_timeout",
    "proxy_redirect",
    "proxy_send_timeout",
    "proxy_set_header",
    "return",
    "rewrite",
    "root",
    "sendfile",
    "server",
    "server_name",
    "set",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_protocols",
    "try_files",
    "upstream",
    "uwsgi_param",
    "uwsgi_pass",
];

/// Longest piece of a file that a message repeats, in characters.
const CLIP: usize = 40;

pub fn is_common_name(text: &str) -> bool {
    COMMON.binary_search(&text).is_ok()
}

pub const BYTE_ORDER_MARK: &str =
    "the file begins with a byte order mark, which nginx takes for a part of the first name; save it as UTF-8 without one";
pub const LONE_SEMICOLON: &str = "`;` ends nothing here: a directive is expected before it";
pub const LONE_OPEN: &str = "`{` has no name before it: a directive such as `location /` is expected";
pub const OPEN_IN_TABLE: &str = "no block can begin here: this one holds rows only, each ended by `;`";
pub const CUT_IN_TABLE: &str =
    "nginx ends this value at its `{`, and a row must not hold one: a regular expression with braces has to be quoted";
pub const LONE_CLOSE: &str = "`}` closes no block: all blocks above it are closed already";
pub const LONG_COMMENT: &str = "this comment is too long: nginx reads no more than 4095 bytes of one";
pub const LONG_WORD: &str = "this value is too long: nginx reads no more than 4095 bytes of one";
pub const LONG_LINES: &str =
    "this quoted text is too long for nginx (4096 bytes); the closing quote is probably missing on this line";
pub const CUT_AT_BRACE: &str = "nginx ends this value at its `{` and opens a block there, which is not closed: \
     a regular expression with braces has to be quoted";
pub const UNREAD: &str = "gearmesh cannot read the text from here on";

pub fn conflict_marker(marker: &str) -> String {
    format!("`{marker}` is left over from a merge conflict: one of the two versions has to go, and the markers too")
}

pub fn missing_semicolon(after: &str) -> String {
    format!("`;` is missing after `{}`", clip(after))
}

pub fn missing_open(after: &str) -> String {
    format!("`{{` is missing after `{}`", clip(after))
}

pub fn wrong_end(name: &str, with_block: bool) -> String {
    let name = clip(name);
    match with_block {
        true => format!("`{name}` takes no block: `;` is expected, not `{{`"),
        false => format!("`{name}` needs a block in `{{` and `}}`, but ends with `;`"),
    }
}

pub fn missing_before_brace(after: &str) -> String {
    format!("`;` is expected after `{}`, before `}}`", clip(after))
}

pub fn missing_at_end(name: &str) -> String {
    format!("the file ends inside `{}`: `;` is expected, or a block in `{{` and `}}`", clip(name))
}

pub fn swallowed_brace(word: &str) -> String {
    format!("nginx takes `}}` for a part of the value `{}`: `;` is expected before it", clip(word))
}

pub fn unclosed_block(name: &str, swallowed: Option<(&str, usize)>) -> String {
    let name = clip(name);
    match swallowed {
        None => format!("block `{name}` is not closed: `}}` is expected before the end of the file"),
        Some((word, line)) => {
            format!(
                "block `{name}` is not closed: `}}` is expected; the one in `{}` (line {line}) is part of the value",
                clip(word)
            )
        }
    }
}

pub fn unclosed_lua(name: &str) -> String {
    format!("the Lua code of `{}` is not closed: `}}` is expected, or the end of a string or comment before it", clip(name))
}

pub fn unclosed_quote(quote: char) -> String {
    format!("this {quote} has no closing {quote} on its line, and none further down that ends a value")
}

pub fn text_after_quote(text: char) -> String {
    let text = text.escape_debug();
    format!("`{text}` follows a closing quote directly: a blank, `;` or `{{` is expected")
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(CLIP) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_are_sorted() {
        assert!(COMMON.is_sorted());
    }

    #[test]
    fn long_texts_are_clipped() {
        assert_eq!(missing_semicolon(&"é".repeat(1000)).chars().count(), missing_semicolon("").chars().count() + CLIP + 3);
    }
}
