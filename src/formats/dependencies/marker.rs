//! Environment markers: whether a requirement counts on a Linux server (PEP 508).
//!
//! In: the text behind `;`. Out: true, false, or none where it depends on what is not known here: Python's version, extras. Only
//! what names the operating system is decided.

/// Deepest nesting of parentheses that is looked into.
const MAX_DEPTH: usize = 32;

/// Whether a marker holds on Linux.
pub fn holds(text: &str) -> Option<bool> {
    let mut reader = Reader { rest: text, depth: 0 };
    reader.either().filter(|_| reader.rest.trim().is_empty())
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn either(&mut self) -> Option<bool> {
        let mut held = self.both();
        while self.word("or") {
            let other = self.both();
            held = if held == Some(true) || other == Some(true) { Some(true) } else { held.and(other).and(Some(false)) };
        }
        held
    }

    fn both(&mut self) -> Option<bool> {
        let mut held = self.one();
        while self.word("and") {
            let other = self.one();
            held = if held == Some(false) || other == Some(false) { Some(false) } else { held.and(other).and(Some(true)) };
        }
        held
    }

    fn one(&mut self) -> Option<bool> {
        self.rest = self.rest.trim_start();
        if let Some(inner) = self.rest.strip_prefix('(') {
            self.rest = inner;
            self.depth += 1;
            let held = if self.depth > MAX_DEPTH { None } else { self.either() };
            self.rest = self.rest.trim_start();
            self.rest = self.rest.strip_prefix(')').unwrap_or(self.rest);
            return held;
        }
        let left = self.operand()?;
        let operator = self.operator()?;
        let right = self.operand()?;
        match (known(left), operator, known(right)) {
            (Some(left), "==", Some(right)) => Some(left == right),
            (Some(left), "!=", Some(right)) => Some(left != right),
            (Some(left), "in", Some(right)) => Some(right.contains(left)),
            (Some(left), "not in", Some(right)) => Some(!right.contains(left)),
            _ => None,
        }
    }

    /// A name or a text in quotes, which it keeps.
    fn operand(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let length = match rest.chars().next()? {
            quote @ ('"' | '\'') => rest.get(1..)?.find(quote)? + 2,
            _ => rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len()),
        };
        let (operand, rest) = rest.split_at_checked(length).filter(|(operand, _)| !operand.is_empty())?;
        self.rest = rest;
        Some(operand)
    }

    fn operator(&mut self) -> Option<&'static str> {
        let rest = self.rest.trim_start();
        let found =
            ["===", "==", "!=", "<=", ">=", "~=", "<", ">", "in "].into_iter().find(|operator| rest.starts_with(operator));
        if let Some(operator) = found {
            self.rest = rest.get(operator.len()..)?;
            return Some(operator.trim_end());
        }
        self.rest = rest.strip_prefix("not")?.trim_start().strip_prefix("in ")?;
        Some("not in")
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(word).filter(|rest| rest.starts_with([' ', '\t', '(', '"', '\'']));
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }
}

/// What an operand stands for on a Linux server.
fn known(operand: &str) -> Option<&str> {
    match operand {
        "sys_platform" => Some("linux"),
        "platform_system" => Some("Linux"),
        "os_name" | "os.name" => Some("posix"),
        _ => operand.strip_prefix(['"', '\'']).and_then(|text| text.strip_suffix(['"', '\''])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_operating_system_decides() {
        for (text, expected) in [
            ("sys_platform == 'win32'", Some(false)),
            ("sys_platform != \"win32\"", Some(true)),
            ("'linux' in sys_platform", Some(true)),
            ("platform_system not in 'Windows Darwin'", Some(true)),
            ("python_version < '3.8'", None),
            ("python_version < '3.8' and os_name == 'nt'", Some(false)),
            ("python_version < '3.8' or os_name == 'posix'", Some(true)),
            ("(extra == 'a' and sys_platform == 'win32') or os_name == \"nt\"", Some(false)),
            ("sys_platform == 'win32' or python_version < '3.8' and os_name == 'posix'", None),
            ("(((sys_platform == 'linux')))", Some(true)),
            ("sys_platform =", None),
            ("", None),
            ("sys_platform == 'linux' )", None),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
        assert_eq!(holds(&"(".repeat(100_000)), None);
    }
}
