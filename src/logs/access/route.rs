//! What route a request took: its path, with what looks like an identifier replaced.
//!
//! In: an address as a client sent it. Out: `/orders/:n/items`: numbers become `:n`, UUIDs `:uuid`, eight and more hexadecimal
//! digits `:hex`, long tokens `:token`; query and fragment are left out. It guesses by shape alone and knows no application.

/// The route of requests whose line names no path: garbage, or CONNECT.
pub const NONE: &str = "(no path)";
/// All routes that are not told apart.
pub const OTHER: &str = "(other)";

/// How many bytes of a path are looked at: longer ones are nobody's route.
const LONGEST: usize = 256;
/// From how many characters on letters with digits between them are no word.
const TOKEN: usize = 20;

/// Writes the route of an address into `route`, which is emptied first.
pub(super) fn of(address: Option<&[u8]>, route: &mut Vec<u8>) {
    route.clear();
    let Some(path) = address.and_then(path) else { return route.extend(NONE.as_bytes()) };
    let cut = path.get(..LONGEST);
    for (at, segment) in cut.unwrap_or(path).split(|byte| *byte == b'/').enumerate() {
        if at > 0 {
            route.push(b'/');
        }
        push(segment, route);
    }
    if cut.is_some_and(|cut| cut.len() < path.len()) {
        route.extend(b"...");
    }
}

/// The path of `/a/b?c`, of `http://host/a/b`, or `*`.
fn path(address: &[u8]) -> Option<&[u8]> {
    let end = address.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(address.len());
    let address = address.get(..end)?;
    match address {
        [b'/', ..] | b"*" => Some(address),
        _ => {
            let host = memchr::memmem::find(address, b"://")? + 3;
            let slash = memchr::memchr(b'/', address.get(host..)?)?;
            address.get(host + slash..)
        }
    }
}

fn push(segment: &[u8], route: &mut Vec<u8>) {
    // Most segments are words.
    if !segment.iter().any(u8::is_ascii_digit) {
        return route.extend(segment);
    }
    if segment.iter().all(|byte| byte.is_ascii_digit() || b"-_.,:+".contains(byte)) {
        return route.extend(b":n");
    }
    if is_uuid(segment) {
        return route.extend(b":uuid");
    }
    for (at, piece) in segment.split(|byte| *byte == b'.').enumerate() {
        if at > 0 {
            route.push(b'.');
        }
        match name(piece, at == 0) {
            Some(name) => route.extend(name),
            None => route.extend(piece),
        }
    }
}

/// What a piece of a segment without dots is called, if it is an identifier.
fn name(piece: &[u8], is_first: bool) -> Option<&'static [u8]> {
    let has = |is_kind: fn(&u8) -> bool| piece.iter().any(is_kind);
    let all = |is_kind: fn(&u8) -> bool| piece.iter().all(is_kind);
    if piece.is_empty() || !has(u8::is_ascii_digit) {
        return None;
    }
    if is_first && all(u8::is_ascii_digit) {
        return Some(b":n");
    }
    if is_uuid(piece) {
        return Some(b":uuid");
    }
    if piece.len() >= 8 && all(u8::is_ascii_hexdigit) {
        return Some(b":hex");
    }
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-~=%".contains(byte);
    // A slug has words between its hyphens; a token has letters and digits in one piece.
    let mixed = |part: &[u8]| part.len() >= 8 && part.iter().any(u8::is_ascii_digit) && part.iter().any(u8::is_ascii_alphabetic);
    let is_token = piece.len() >= TOKEN && all(is_of_token) && piece.split(|byte| *byte == b'-').any(mixed);
    is_token.then_some(b":token")
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text
            .iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_replaced_and_words_are_not() {
        let mut route = Vec::new();
        for (address, expected) in [
            ("/", "/"),
            ("/orders/812/items?page=2", "/orders/:n/items"),
            ("/orders/812/", "/orders/:n/"),
            ("/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301/x", "/u/:uuid/x"),
            ("/commit/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commit/:hex"),
            ("/static/app.3f2a9c1b.js", "/static/app.:hex.js"),
            ("/files/20240105.pdf", "/files/:n.pdf"),
            ("/log/2024-01-05", "/log/:n"),
            ("/api/v1/defaced", "/api/v1/defaced"),
            ("/blog/how-we-made-it-10-times-faster", "/blog/how-we-made-it-10-times-faster"),
            ("/reset/MTIzNDU2Nzg5MDEyMzQ1Njc4", "/reset/:token"),
            ("/static/jquery-3.6.0.min.js", "/static/jquery-3.6.0.min.js"),
            ("http://shop.example.com/cart/7", "/cart/:n"),
            ("*", "*"),
            ("shop.example.com:443", NONE),
            ("//a//1", "//a//:n"),
        ] {
            of(Some(address.as_bytes()), &mut route);
            assert_eq!(String::from_utf8_lossy(&route), expected, "{address}");
        }
        of(None, &mut route);
        assert_eq!(route, NONE.as_bytes());
        of(Some(&[b"/".to_vec(), vec![b'a'; 1000]].concat()), &mut route);
        assert_eq!(route.len(), LONGEST + 3);
    }
}
