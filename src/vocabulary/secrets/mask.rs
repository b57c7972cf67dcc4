//! Secrets in text that is going to be printed, replaced by asterisks of the same length, so that offsets stay right.
//!
//! In: text of a user's file, one value of it, or a sentence of our own that speaks of one. Out: the same text, without what is written
//! as the value of a name that sounds like a secret and without passwords in URLs. A name alone hides nothing: an app may well be
//! called auth-token, so that a word behind it counts only where a file would have a value there.

use super::WORDS;
use std::ops::Range;

/// Names of headers that hold a secret and do not sound like one.
const COOKIES: [&str; 3] = ["COOKIE", "SET_COOKIE", "HTTP_COOKIE"];

/// Masks text as it stands in a file: assignments, fields, options, headers.
pub fn written(text: &str) -> String {
    masked(text, url_passwords(text).into_iter().chain(values(text)))
}

/// Masks a sentence of our own: what is assigned without blanks, and what stands between backquotes as in a file.
pub fn told(text: &str) -> String {
    let assigned =
        names(text).filter(|name| text.as_bytes().get(name.end) == Some(&b'=')).filter_map(|name| value_of(text, name));
    let quoted = backquoted(text).into_iter().flat_map(|quoted| {
        let inner = text.get(quoted.clone()).unwrap_or_default();
        values(inner).into_iter().map(move |value| quoted.start + value.start..quoted.start + value.end)
    });
    masked(text, url_passwords(text).into_iter().chain(assigned).chain(quoted))
}

/// Masks one value of its own: of a variable with its text, or of a header with its value, nothing is left.
pub fn value(text: &str) -> String {
    let end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let is_value = rest.starts_with('=') || rest.starts_with(' ') && is_header(name);
    match rest.get(1..).filter(|_| is_value && sounds_secret(name)) {
        Some(value) => format!("{}{}", text.get(..=end).unwrap_or_default(), literal_words(value, rest.starts_with('='))),
        None => written(text),
    }
}

/// Masks the words of one directive or key, which the name of it does not tell: `proxy_set_header`'s header with its value.
pub fn directive(name: &str, words: &str) -> String {
    /// They hold the secret itself.
    const SECRET: [&str; 3] = ["secure_link_secret", "SetCredential", "SetCredentialEncrypted"];
    let header = words.split(' ').next().unwrap_or_default();
    match words.get(header.len() + 1..) {
        _ if SECRET.contains(&name) => "*".repeat(words.len()),
        Some(rest) if gives_value(name) && (sounds_secret(header) || is_cookie(header)) => {
            format!("{header} {}", literal_words(rest, false))
        }
        _ => value(words),
    }
}

/// Asterisks for a value; words that are a variable of nginx are none, unless all is to go.
fn literal_words(value: &str, whole: bool) -> String {
    let stars = |word: &str| if word.starts_with('$') { word.to_owned() } else { "*".repeat(word.len()) };
    if whole { "*".repeat(value.len()) } else { value.split(' ').map(stars).collect::<Vec<_>>().join(" ") }
}

fn masked(text: &str, ranges: impl Iterator<Item = Range<usize>>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        bytes.get_mut(range).into_iter().flatten().for_each(|byte| *byte = b'*');
    }
    String::from_utf8(bytes).unwrap_or_else(|_| "*".repeat(text.len()))
}

/// `scheme://user:PASSWORD@host`.
fn url_passwords(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let from = at + 3;
        let rest = text.get(from..).unwrap_or_default();
        let authority = rest.split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | ';')).next().unwrap_or_default();
        if let Some((credentials, _)) = authority.rsplit_once('@')
            && let Some(colon) = credentials.find(':')
        {
            found.push(from + colon + 1..from + credentials.len());
        }
    }
    found
}

fn backquoted(text: &str) -> Vec<Range<usize>> {
    let marks: Vec<usize> = text.match_indices('`').map(|(at, _)| at).collect();
    marks.chunks_exact(2).filter_map(|pair| Some(pair.first()? + 1..*pair.last()?)).collect()
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '-'
}

fn plain(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

fn sounds_secret(name: &str) -> bool {
    let plain = plain(name);
    WORDS.iter().any(|word| plain.contains(word))
}

fn is_cookie(name: &str) -> bool {
    COOKIES.contains(&&*plain(name))
}

/// Whether a name is written as headers are, `X-Api-Key` or `authorization`, rather than as apps and variables.
fn is_header(name: &str) -> bool {
    let plain = plain(name);
    plain.starts_with("X_") || plain.contains("AUTHORIZATION") || name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Every name in which a word of a secret stands, once each, in order.
fn names(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let upper = plain(text);
    let words = WORDS.iter().chain(["COOKIE"].iter());
    let mut found: Vec<usize> = words.flat_map(|word| upper.match_indices(word).map(|(at, _)| at)).collect();
    found.sort_unstable();
    let mut done = 0;
    found.into_iter().filter_map(move |at| {
        if at < done {
            return None;
        }
        let length = |part: &str| part.find(|c| !is_name(c)).unwrap_or(part.len());
        let end = at + length(text.get(at..)?);
        let start = text.get(done..at)?.trim_end_matches(is_name).len() + done;
        done = end;
        Some(start..end)
    })
}

/// The values of all names; what stands in a value is no name.
fn values(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for name in names(text) {
        if found.last().is_none_or(|last| name.start >= last.end) {
            found.extend(value_of(text, name));
        }
    }
    found
}

/// The longest value that is looked for, in characters: a private key takes some 3000.
const LONGEST: usize = 8192;

/// How far an unquoted value goes.
#[derive(Clone, Copy, PartialEq)]
enum Until {
    Word,
    /// As far as the line or the quotes around it.
    Line,
    /// As far as the directive.
    Semicolon,
}

/// The literal value of a name, where a file would have one.
fn value_of(text: &str, name: Range<usize>) -> Option<Range<usize>> {
    let (before, after) = (text.get(..name.start)?, text.get(name.end..)?);
    let name = text.get(name)?;
    let (value, until) = if is_cookie(name) {
        field(before, name, after).or_else(|| argument(before, after))?
    } else if sounds_secret(name) {
        assigned(after)
            .or_else(|| field(before, name, after))
            .or_else(|| option(name, after))
            .or_else(|| argument(before, after))
            .or_else(|| statement(before, after))
            .or_else(|| pair(before, after))
            .or_else(|| call(before, after))?
    } else {
        return None;
    };
    let value = literal(value).unwrap_or(value);
    // `"NAME=VALUE"`: the quote before the name ends the value.
    let around = before.chars().next_back().filter(|c| matches!(c, '"' | '\'') && !after.starts_with(*c));
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'')).or(around);
    let opened = value.strip_prefix(['"', '\'']).unwrap_or(value);
    // Python's text of several lines.
    let inner = opened.strip_prefix("\"\"").or_else(|| opened.strip_prefix("''")).filter(|_| quote != around).unwrap_or(opened);
    let is_long = inner.len() < opened.len();
    let ends = |c: char| match (quote, until) {
        (Some(quote), _) => c == quote || c == '\n' && !is_long,
        (None, Until::Word) => c.is_whitespace() || matches!(c, '"' | '\'' | ';' | ','),
        (None, Until::Line) => matches!(c, '\n' | '"' | '\''),
        (None, Until::Semicolon) => matches!(c, '\n' | ';'),
    };
    let within = inner.char_indices().take(LONGEST).take_while(|(_, c)| !ends(*c));
    let literal = inner.get(..within.last().map_or(0, |(at, c)| at + c.len_utf8()))?.trim_end();
    // A call or a reference is no secret: only what stands there literally is.
    let is_reference = literal.starts_with(['$', '{', '=']) || quote.is_none() && literal.contains(['(', '[']);
    // `inner` is a suffix of `text`.
    let start = text.len() - inner.len();
    (!literal.is_empty() && !is_reference).then(|| start..start + literal.len())
}

const BLANK: [char; 2] = [' ', '\t'];

/// `NAME=VALUE`, `NAME = VALUE`, `x["NAME"] = VALUE`.
fn assigned(after: &str) -> Option<(&str, Until)> {
    let value = after.trim_start_matches(['"', '\'', ')', ']', ' ']).strip_prefix('=')?;
    Some((value.trim_start_matches(BLANK), Until::Word))
}

/// `NAME: VALUE`. Without a blank it may be a host's port or an image's tag: then only a header or a quoted name counts.
fn field<'a>(before: &str, name: &str, after: &'a str) -> Option<(&'a str, Until)> {
    let closed = after.trim_start_matches(['"', '\'', ')', ']', ' ']);
    let value = closed.strip_prefix(':')?;
    let is_tight = !value.starts_with(BLANK) && closed.len() == after.len();
    let is_port = value.starts_with(|c: char| c.is_ascii_digit());
    if is_tight && (is_port || before.ends_with('/') || !(is_header(name) || before.ends_with('='))) {
        return None;
    }
    let starts_line = before.trim_end_matches([' ', '\t', '-']).chars().next_back().is_none_or(|c| c == '\n');
    let whole = starts_line && closed.len() == after.len() || is_cookie(name) || plain(name).contains("AUTHORIZATION");
    Some((value.trim_start_matches(BLANK), if whole { Until::Line } else { Until::Word }))
}

/// `--NAME VALUE`, also as items of a list: `"--NAME", "VALUE"`, or on the next line behind a hyphen.
fn option<'a>(name: &str, after: &'a str) -> Option<(&'a str, Until)> {
    let closed = after.strip_prefix(['"', '\'']).unwrap_or(after);
    let next = closed.trim_start_matches([' ', '\t', ',', '\r', '\n']);
    let gap = closed.get(..closed.len() - next.len()).filter(|gap| name.starts_with('-') && !gap.is_empty())?;
    let value = if gap.contains('\n') && !gap.contains(',') { next.strip_prefix("- ")?.trim_start() } else { next };
    (!value.starts_with('-')).then_some((value, Until::Word))
}

/// A text of Python from its quote on, without the parenthesis and the letters that may stand before it: `b"x"`, `("x")`.
fn literal(value: &str) -> Option<&str> {
    let value = value.trim_start_matches(['(', ' ', '\t', '\r', '\n']);
    let letters = value.bytes().take(3).take_while(|byte| b"rRbBuUfF".contains(byte)).count();
    value.get(letters..).filter(|rest| letters < 3 && rest.starts_with(['"', '\'']))
}

/// `setdefault("NAME", "VALUE")`, `config("NAME", default="VALUE")`, `environ.get("NAME") or "VALUE"`: a call with a text.
fn call<'a>(before: &str, after: &'a str) -> Option<(&'a str, Until)> {
    let opened = before.strip_suffix(['"', '\''])?.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    opened.trim_end().ends_with(['(', '=']).then_some(())?;
    let rest = after.strip_prefix(['"', '\''])?.trim_start();
    let value = match rest.strip_prefix(')') {
        Some(rest) => rest.trim_start().strip_prefix("or ")?,
        None => rest.strip_prefix(',')?.trim_start(),
    };
    let keyword = value.find(|c: char| !is_name(c)).unwrap_or(value.len());
    let named = value.get(keyword..).and_then(|rest| rest.trim_start().strip_prefix('='));
    Some((literal(named.filter(|_| keyword > 0).unwrap_or(value))?, Until::Word))
}

/// Whether a directive gives the header, parameter or variable that follows it a value.
fn gives_value(directive: &str) -> bool {
    let lower = directive.to_ascii_lowercase();
    ["set_header", "add_header", "add_trailer", "_param"].iter().any(|end| lower.ends_with(end))
        || matches!(&*lower, "set" | "env" | "setenv")
}

/// `proxy_set_header NAME VALUE;`, `set $NAME VALUE;`, `ENV NAME VALUE`.
fn argument<'a>(before: &str, after: &'a str) -> Option<(&'a str, Until)> {
    let outer = before.trim_end_matches(['"', '\'', '$']);
    let words = outer.trim_end_matches(BLANK);
    let start = words.trim_end_matches(is_name).len();
    let directive = words.get(start..).filter(|_| words.len() < outer.len())?;
    let value = after.strip_prefix(['"', '\'']).unwrap_or(after).strip_prefix(BLANK)?;
    gives_value(directive).then(|| (value.trim_start_matches(BLANK), Until::Semicolon))
}

/// `secure_link_secret VALUE;`: a directive of one word that is no path.
fn statement<'a>(before: &str, after: &'a str) -> Option<(&'a str, Until)> {
    let starts = before.trim_end_matches(BLANK).chars().next_back().is_none_or(|c| matches!(c, '\n' | '{' | ';' | '}'));
    let value = after.strip_prefix(BLANK)?.trim_start_matches(BLANK);
    let end = value.find(|c: char| c.is_whitespace() || c == ';')?;
    let ends = value.get(end..).is_some_and(|rest| rest.starts_with(';'));
    (starts && ends && !value.starts_with('/')).then_some((value, Until::Word))
}

/// `name: NAME` with `value: VALUE` behind it, as Kubernetes writes variables.
fn pair<'a>(before: &str, after: &'a str) -> Option<(&'a str, Until)> {
    let key = before.trim_end_matches(['"', '\'']).trim_end_matches(BLANK).strip_suffix(':')?;
    let is_key = key.trim_end_matches(['"', '\'']).ends_with("name");
    let next = after.trim_start_matches(['"', '\'', ',', ' ', '\t', '\r', '\n']);
    let value = next.strip_prefix("value")?.trim_start_matches(['"', '\'']).strip_prefix(':')?;
    is_key.then(|| (value.trim_start_matches(BLANK), Until::Word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_gives_a_secret_name_is_masked() {
        for (text, expected) in [
            ("Environment=\"SECRET_KEY=abc def\"", "Environment=\"SECRET_KEY=*******\""),
            ("DB_PASSWORD = 'x y'", "DB_PASSWORD = '***'"),
            ("proxy_pass http://me:pw@host/;", "proxy_pass http://me:**@host/;"),
            ("proxy_set_header X-Auth-Token abc;", "proxy_set_header X-Auth-Token ***;"),
            ("proxy_set_header Authorization \"Basic abc\";", "proxy_set_header Authorization \"*********\";"),
            ("{ proxy_set_header X_API_KEY abc; x on; }", "{ proxy_set_header X_API_KEY ***; x on; }"),
            ("proxy_set_header Cookie \"sid=abc\";", "proxy_set_header Cookie \"*******\";"),
            ("uwsgi_param HTTP_COOKIE abc;", "uwsgi_param HTTP_COOKIE ***;"),
            ("set $api_token abc;", "set $api_token ***;"),
            ("  secure_link_secret abc;", "  secure_link_secret ***;"),
            ("ENV API_TOKEN abc def\nRUN x", "ENV API_TOKEN *******\nRUN x"),
            ("    API_TOKEN: abc def\n", "    API_TOKEN: *******\n"),
            ("{API_TOKEN: abc, x: y}", "{API_TOKEN: ***, x: y}"),
            ("{\"token\":\"abc\"}", "{\"token\":\"***\"}"),
            ("gunicorn --api-token abc app:app", "gunicorn --api-token *** app:app"),
            ("[\"x\", \"--api-token\", \"abc\"]", "[\"x\", \"--api-token\", \"***\"]"),
            ("- --api-token\n- abc\n", "- --api-token\n- ***\n"),
            ("curl -H 'Authorization: Bearer abc' x", "curl -H 'Authorization: **********' x"),
            ("curl -H X-Api-Key:abc x", "curl -H X-Api-Key:*** x"),
            ("SetCredential=id:abc", "SetCredential=******"),
            ("- name: API_TOKEN\n  value: abc\n", "- name: API_TOKEN\n  value: ***\n"),
            ("os.environ.setdefault(\"API_KEY\", \"abc\")", "os.environ.setdefault(\"API_KEY\", \"***\")"),
            ("environ.get('API_KEY','abc')", "environ.get('API_KEY','***')"),
            ("os.putenv(b\"API_KEY\", b\"abc\")", "os.putenv(b\"API_KEY\", b\"***\")"),
            ("config(\n    \"API_KEY\",\n    default=\"abc\",\n)", "config(\n    \"API_KEY\",\n    default=\"***\",\n)"),
            ("setdefault(key=\"API_KEY\", value = \"abc\")", "setdefault(key=\"API_KEY\", value = \"***\")"),
            ("setenv(\"API_KEY\", r'abc')", "setenv(\"API_KEY\", r'***')"),
            ("k = os.getenv(\"API_KEY\") or \"abc\"", "k = os.getenv(\"API_KEY\") or \"***\""),
            ("[(\"API_KEY\", \"abc\")]", "[(\"API_KEY\", \"***\")]"),
            ("API_KEY = b\"abc\"", "API_KEY = b\"***\""),
            ("API_KEY = (\n    \"abc\"\n)", "API_KEY = (\n    \"***\"\n)"),
            ("API_KEY = \"\"\"a\nb\"\"\"", "API_KEY = \"\"\"***\"\"\""),
            ("{\"name\": \"API_TOKEN\", \"value\": \"abc\"}", "{\"name\": \"API_TOKEN\", \"value\": \"***\"}"),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn words_references_and_addresses_stay() {
        for text in [
            "SECRET_KEY = os.environ['K']",
            "SECRET_KEY = os.environ.get(\"API_KEY\", FALLBACK)",
            "API_KEY = os.getenv(\"API_KEY\", \"\")",
            "os.environ[\"API_KEY\"]",
            "read(\"api-token\", 3, \"utf-8\")",
            "token=${TOKEN}",
            "proxy_set_header Authorization $http_authorization;",
            "# the token is here",
            "Description=the auth-token service",
            "systemctl reload auth-token nginx",
            "proxy_pass http://api-token:8000;",
            "image: registry/api-token:latest",
            "server auth-token:8000 max_fails=0;",
            "  auth-token:\n    image: x",
            "ssl_password_file /etc/ssl/pass;",
            "- --print-token\n- --workers\n",
        ] {
            assert_eq!(written(text), text);
        }
    }

    #[test]
    fn our_own_words_stay_and_secrets_in_them_go() {
        for text in [
            "systemd kills auth-token 45s after the stop signal",
            "gunicorn drops the header x_api_key that / sends",
            "auth-token: workers = 2",
            "set secret to 5",
        ] {
            assert_eq!(told(text), text);
        }
        assert_eq!(told("set app.raw_env to [API_TOKEN=abc]"), "set app.raw_env to [API_TOKEN=****");
        assert_eq!(told("auth-token has `--api-token abc` in"), "auth-token has `--api-token ***` in");
        assert_eq!(told("connects to http://u:pw@h/"), "connects to http://u:**@h/");
    }

    #[test]
    fn of_one_value_nothing_is_left() {
        assert_eq!(value("API_TOKEN=q8z0 k2h4 x"), "API_TOKEN=***********");
        assert_eq!(value("GREETING=hello = you"), "GREETING=hello = you");
        assert_eq!(value("API_TOKEN"), "API_TOKEN");
        assert_eq!(value("X-Api-Key abc def"), "X-Api-Key *** ***");
        assert_eq!(value("SMTP_PASS=q8z0"), "SMTP_PASS=****");
        assert_eq!(value("JWT_KEY=q8z0"), "JWT_KEY=****");
        assert_eq!(
            written("proxy_pass http://app; ssl_certificate_key a.key;"),
            "proxy_pass http://app; ssl_certificate_key a.key;"
        );
        assert_eq!(value("auth-token serve"), "auth-token serve");
        assert_eq!(directive("proxy_set_header", "Authorization Basic abc"), "Authorization ***** ***");
        assert_eq!(directive("proxy_set_header", "Authorization $http_x"), "Authorization $http_x");
        assert_eq!(directive("proxy_set_header", "Cookie a=b"), "Cookie ***");
        assert_eq!(directive("secure_link_secret", "abc"), "***");
        assert_eq!(directive("server_name", "api-token web"), "api-token web");
    }
}
