//! The table of places in which a command line stands: how words are told apart there, and how a value is quoted.
//!
//! In: a text that is to be one word, or a part of one. Out: how it is written, the best spelling first. Whether a spelling means what
//! it should is for the reader of the place to say: whoever writes reads again.

/// Characters that no place gives a meaning of its own.
const PLAIN: &str = "._:/@+,=-";

/// How a command's words stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// In a row, separated by blanks; the row tells of quotes.
    Line(&'static Row),
    /// Items of a list in brackets. JSON knows double quotes only.
    Flow { json: bool },
    /// Items of a list of YAML, one to a line.
    Block,
}

/// How one place quotes.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// What stands for itself beside letters, digits and the characters that do so everywhere.
    pub bare: &'static str,
    /// Quotes, and what has to be done to a text between them; the usual ones first.
    pub quotes: [(char, Wrap); 2],
    /// What is done to every text before it is quoted.
    pub before: &'static [Wrap],
}

/// What becomes of a text on its way into another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// A backslash goes before these.
    Escape(&'static str),
    /// These stand twice.
    Twice(char),
    /// These cannot be written.
    Never(&'static str),
}

/// sh, bash, dash.
pub static SHELL: Row =
    Row { bare: "", quotes: [('\'', Wrap::Never("'")), ('"', Wrap::Escape("\"\\$`"))], before: &[Wrap::Never("$`")] };
/// `ExecStart=` (systemd.service(5), Command lines).
pub static SYSTEMD: Row = Row {
    bare: "*?()[]{}<>&|~#%",
    quotes: [('"', Wrap::Escape("\"\\")), ('\'', Wrap::Escape("'\\"))],
    before: &[Wrap::Never("$"), Wrap::Twice('%')],
};
/// A text that compose splits.
pub static COMPOSE: Row =
    Row { bare: "*?()[]<>&|~%", quotes: [('"', Wrap::Escape("\"\\")), ('\'', Wrap::Never("'"))], before: &[Wrap::Never("$")] };
/// `command=` of supervisor, which Python formats and then splits.
pub static SUPERVISOR: Row = Row {
    bare: "*?()[]<>&|~%",
    quotes: [('"', Wrap::Escape("\"\\")), ('\'', Wrap::Never("'"))],
    before: &[Wrap::Never("$"), Wrap::Twice('%')],
};
/// An item of a list, which is a word whatever it holds.
pub static ITEM: Row =
    Row { bare: "", quotes: [('"', Wrap::Escape("\"\\")), ('\'', Wrap::Twice('\''))], before: &[Wrap::Never("$")] };

impl Wrap {
    /// The text as it is written; none when it cannot be.
    pub fn of(self, text: &str) -> Option<String> {
        let before = |c: char| match self {
            Wrap::Escape(set) if set.contains(c) => Some('\\'),
            Wrap::Twice(twice) if twice == c => Some(c),
            _ => None,
        };
        let never = matches!(self, Wrap::Never(set) if text.contains(|c: char| set.contains(c)));
        (!never).then(|| text.chars().flat_map(|c| before(c).into_iter().chain([c])).collect())
    }
}

impl Row {
    /// Whether the text may stand without quotes.
    fn is_bare(&self, text: &str) -> bool {
        let is = |c: char| c.is_ascii_alphanumeric() || PLAIN.contains(c) || self.bare.contains(c);
        !text.is_empty() && text.chars().all(is)
    }

    /// The text as far as it has to be changed whatever the quotes.
    fn prepared(&self, text: &str) -> Option<String> {
        let printable = !text.contains(|c: char| c.is_control());
        let first = printable.then(|| text.to_owned());
        self.before.iter().fold(first, |text, wrap| wrap.of(&text?))
    }

    /// The text inside of these quotes.
    pub fn inside(&self, quote: char, text: &str) -> Option<String> {
        let (_, wrap) = self.quotes.iter().find(|(own, _)| *own == quote)?;
        wrap.of(&self.prepared(text)?)
    }

    /// The text as a word: in these quotes if they are given, then without any, then in the usual ones.
    pub fn spellings(&self, quote: Option<char>, text: &str) -> Vec<String> {
        let quoted = |quote: char| self.inside(quote, text).map(|inside| format!("{quote}{inside}{quote}"));
        let bare = self.prepared(text).filter(|_| self.is_bare(text));
        let usual = self.quotes.iter().filter_map(|(quote, _)| quoted(*quote));
        quote.and_then(quoted).into_iter().chain(bare).chain(usual).collect()
    }
}

impl Joint {
    pub fn row(self) -> &'static Row {
        match self {
            Joint::Line(row) => row,
            Joint::Flow { .. } | Joint::Block => &ITEM,
        }
    }

    /// The text as a word of its own.
    pub fn spellings(self, quote: Option<char>, text: &str) -> Vec<String> {
        let mut all = self.row().spellings(quote, text);
        match self {
            Joint::Line(_) => {}
            Joint::Flow { json: true } => all.retain(|text| text.starts_with('"')),
            // Without quotes it may be a number.
            Joint::Flow { json: false } | Joint::Block => {
                let is_word =
                    |text: &str| text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
                all.retain(|text| text.starts_with(['"', '\'']) || (is_word(text) && !text.contains(',') && !is_constant(text)));
            }
        }
        all
    }
}

/// Words that YAML 1.1 takes for something else.
fn is_constant(text: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_as_its_place_wants_it() {
        let first = |joint: Joint, text: &str| joint.spellings(None, text).into_iter().next().unwrap_or_default();
        for (joint, star, percent) in [
            (Joint::Line(&SHELL), "'*'", "'%(h)s \"%(r)s\"'"),
            (Joint::Line(&SYSTEMD), "*", "\"%%(h)s \\\"%%(r)s\\\"\""),
            (Joint::Line(&COMPOSE), "*", "\"%(h)s \\\"%(r)s\\\"\""),
            (Joint::Line(&SUPERVISOR), "*", "\"%%(h)s \\\"%%(r)s\\\"\""),
            (Joint::Flow { json: true }, "\"*\"", "\"%(h)s \\\"%(r)s\\\"\""),
            (Joint::Block, "\"*\"", "\"%(h)s \\\"%(r)s\\\"\""),
        ] {
            assert_eq!(first(joint, "*"), star);
            assert_eq!(first(joint, "%(h)s \"%(r)s\""), percent);
            assert_eq!(first(joint, "$HOME"), "");
        }
        assert_eq!(first(Joint::Line(&SHELL), "unix:/run/a-b.sock"), "unix:/run/a-b.sock");
        assert_eq!(first(Joint::Block, "30"), "\"30\"");
        assert_eq!(first(Joint::Block, "--timeout"), "--timeout");
        assert_eq!(Joint::Line(&SHELL).spellings(Some('"'), "4")[0], "\"4\"");
    }
}
