//! Paths as POSIX has them: os.path without looking at any disk.
//!
//! In: paths as text. Out: what posixpath gives for them.

/// posixpath.join: an absolute part discards what is before it.
pub fn join(parts: &[&str]) -> Option<String> {
    let (first, rest) = parts.split_first()?;
    let mut path = (*first).to_owned();
    for part in rest {
        if part.starts_with('/') {
            path = (*part).to_owned();
        } else {
            if !path.is_empty() && !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(part);
        }
    }
    Some(path)
}

/// posixpath.split: directory without trailing slashes, unless it is nothing else.
pub fn split(path: &str) -> (&str, &str) {
    let at = path.rfind('/').map_or(0, |at| at + 1);
    let (head, tail) = path.split_at(at);
    let trimmed = head.trim_end_matches('/');
    (if trimmed.is_empty() { head } else { trimmed }, tail)
}

/// posixpath.normpath.
pub fn normalised(path: &str) -> String {
    let lead = if path.starts_with("//") && !path.starts_with("///") {
        "//"
    } else if path.starts_with('/') {
        "/"
    } else {
        ""
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match parts.last() {
            Some(last) if part == ".." && *last != ".." => {
                parts.pop();
            }
            None if part == ".." && !lead.is_empty() => {}
            _ => parts.push(part),
        }
    }
    let joined = format!("{lead}{}", parts.join("/"));
    if joined.is_empty() { ".".to_owned() } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_put_together_and_taken_apart_as_in_posixpath() {
        assert_eq!(join(&["/srv", "a/", "b"]).as_deref(), Some("/srv/a/b"));
        assert_eq!(join(&["/srv", "/etc"]).as_deref(), Some("/etc"));
        assert_eq!(join(&["", "a"]).as_deref(), Some("a"));
        assert_eq!(split("/a/b//c"), ("/a/b", "c"));
        assert_eq!(split("//c"), ("//", "c"));
        assert_eq!(normalised("/a/./b/../../c/"), "/c");
        assert_eq!(normalised("../a/../.."), "../..");
        assert_eq!(normalised("//a"), "//a");
        assert_eq!(normalised(""), ".");
    }
}
