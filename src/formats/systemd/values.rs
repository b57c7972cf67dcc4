//! Values that systemd ignores, and comments that became a part of one.
//!
//! In: an assignment of a key that its section knows. Out: at most one oddity per word. As measured with systemd 252; silent where a
//! specifier or a template decides the text.

use super::oddities::is_filled_in;
use super::words::{Word, words};
use super::{Assignment, BLANKS, ProblemKind, UnitFile, environment};
use crate::model::piece::Oddity;
use crate::source::{Excerpt, Span};
use crate::vocabulary::systemd as keys;
use crate::vocabulary::systemd::Key;

/// Judges one value.
pub fn oddities(key: &Key, line: &Assignment, file: &UnitFile) -> Vec<Oddity> {
    let text = line.value.text.as_str();
    if text.is_empty() || is_filled_in(text) && !is_command(key.name()) {
        return Vec::new();
    }
    if let Some(comment) = comment(key, line, file) {
        return vec![comment];
    }
    match key.name() {
        name if is_command(name) => Vec::new(),
        _ if has_specifier(text) => Vec::new(),
        "Environment" => assignments(line),
        "EnvironmentFile" => environment_file(line).into_iter().collect(),
        name if DIRECTORIES.iter().any(|(key, _)| *key == name) => words_of(line, |word| directory(name, word)),
        name if PATHS.contains(&name) => words_of(line, path),
        name if DEPENDENCIES.contains(&name) => dependency(line).into_iter().collect(),
        "RestrictAddressFamilies" => words_of(line, address_family),
        // What else adds up is judged by nobody here; addresses have a rule of their own.
        _ if key.list || keys::values::takes(key, text) => Vec::new(),
        _ => vec![ignored(line.value.span(), key, text, keys::values::meant(key, text))],
    }
}

/// Keys of directories below a base, and that base: what is absolute is ignored.
const DIRECTORIES: [(&str, &str); 5] = [
    ("RuntimeDirectory", "/run/"),
    ("StateDirectory", "/var/lib/"),
    ("CacheDirectory", "/var/cache/"),
    ("LogsDirectory", "/var/log/"),
    ("ConfigurationDirectory", "/etc/"),
];
const PATHS: [&str; 5] = ["ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths"];
const DEPENDENCIES: [&str; 11] =
    ["After", "Before", "Wants", "Requires", "Requisite", "BindsTo", "PartOf", "Upholds", "Conflicts", "OnFailure", "OnSuccess"];
/// Types of units.
const TYPES: [&str; 11] =
    [".service", ".socket", ".target", ".mount", ".automount", ".swap", ".timer", ".path", ".slice", ".scope", ".device"];
/// Targets that people name without their ending.
const TARGETS: [&str; 9] =
    ["network", "network-online", "multi-user", "remote-fs", "local-fs", "syslog", "time-sync", "nss-lookup", "graphical"];

/// Keys whose text is free, so that a `#` in it is nobody's mistake.
const FREE: [&str; 6] = ["Description", "SyslogIdentifier", "StandardInputText", "RebootArgument", "StatusText", "Environment"];

fn is_command(name: &str) -> bool {
    name.starts_with("Exec") && !matches!(name, "ExecSearchPath" | "ExecPaths")
}

/// Whether a specifier is in the text; `50%` holds none.
fn has_specifier(text: &str) -> bool {
    text.split('%').skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '%'))
}

fn ignored(span: Span, key: &Key, text: &str, meant: Option<String>) -> Oddity {
    let stands = keys::default_of(key).filter(|_| !key.list).map(|default| default.to_string());
    let stands = stands.filter(|default| !default.is_empty() && default != "none");
    let reason = match stands {
        Some(default) => format!("the default {default} stays in force"),
        None => "it has no effect".to_owned(),
    };
    Oddity::new("ignored-unit-value", key.name(), span, reason).with_value(text).meant(meant)
}

/// A comment behind a value, where it does harm: words too many in a list of units or variables are ignored one by one.
fn comment(key: &Key, line: &Assignment, file: &UnitFile) -> Option<Oddity> {
    if is_command(key.name()) {
        return comment_in_command(line, file);
    }
    let harmed = !key.list
        || matches!(key.name(), "EnvironmentFile" | "SupplementaryGroups")
        || key.name().starts_with("Listen")
        || DIRECTORIES.iter().any(|(name, _)| *name == key.name());
    let text = line.value.text.as_str();
    let start = comment_start(text).filter(|_| harmed && !FREE.contains(&key.name()))?;
    let before = text.get(..start)?.trim_end_matches(BLANKS);
    let told = text.get(start..)?;
    let reason = "systemd knows no comments behind a value";
    let span = line.value.span_of(start, text.len());
    Some(Oddity::new("comment-after-unit-value", key.name(), span, reason).with_value(told).meant(Some(before)))
}

/// Where ` # text` or ` ; text` begins in a text, in front of any quote.
fn comment_start(text: &str) -> Option<usize> {
    let bare = text.find(['"', '\'']).and_then(|quote| text.get(..quote)).unwrap_or(text);
    let mut marks = bare.match_indices([' ', '\t']).map(|(at, _)| at + 1);
    marks.find(|at| {
        let rest = text.get(*at..).unwrap_or_default();
        rest.strip_prefix(['#', ';']).is_some_and(|told| !told.trim().is_empty() && *at > 1)
    })
}

/// In a command a `#` begins words for the program, which gunicorn ignores; after a `;` systemd expects another program.
fn comment_in_command(line: &Assignment, file: &UnitFile) -> Option<Oddity> {
    let text = line.value.text.as_str();
    let odd = |word: &Word, reason: &str| {
        let start = offset_of(&line.value, word.span.start);
        let told = text.get(start..).unwrap_or_default();
        Oddity::new("comment-after-unit-value", &*line.key, line.value.span_of(start, text.len()), reason).with_value(told)
    };
    let mut words = words(&line.value).list.into_iter().skip(1).peekable();
    while let Some(word) = words.next() {
        let unquoted = (word.span.end - word.span.start) as usize == word.text.text.len();
        if word.text.text.starts_with('#') && unquoted && !text.contains("gunicorn") {
            return Some(odd(&word, "systemd knows no comments behind a value and hands it to the program"));
        }
        let next = words.peek().map(|next| next.text.text.trim_start_matches(['-', '@', ':', '+', '!']));
        let told = |next: &str| !next.starts_with(['/', '%', '$']) && !next.contains("gunicorn");
        if word.separator && &*line.key == "ExecStart" && next.is_some_and(told) && !is_oneshot(file) {
            let reason = "systemd knows no comments behind a value, takes it for another command and refuses the unit";
            return Some(odd(&word, reason));
        }
    }
    None
}

/// How far into an excerpt a place of the document is.
pub(super) fn offset_of(excerpt: &Excerpt, place: u32) -> usize {
    let (mut low, mut high) = (0, excerpt.text.len());
    while low < high {
        let middle = (low + high) / 2;
        match excerpt.span_of(middle, middle).start < place {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

fn is_oneshot(file: &UnitFile) -> bool {
    file.assignments.iter().any(|line| &*line.key == "Type" && line.value.text == "oneshot")
}

/// Words of `Environment=` that assign nothing; a comment among them is ignored word by word and does no harm.
fn assignments(line: &Assignment) -> Vec<Oddity> {
    let read = environment::split_environment(&line.value, "a.service");
    let word = |span: Span| {
        let (start, end) = (offset_of(&line.value, span.start), offset_of(&line.value, span.end));
        line.value.text.get(start..end).unwrap_or_default().to_owned()
    };
    let problems = read.problems.into_iter().map(|problem| (word(problem.span), problem));
    problems
        .take_while(|(word, _)| !word.starts_with('#'))
        // A backslash before a blank is told where it stands.
        .filter(|(word, _)| word != "\\")
        .map(|(word, problem)| {
            let reason = match problem.kind {
                ProblemKind::InvalidEnvironmentAssignment => "it is not NAME=VALUE".to_owned(),
                _ => problem.message,
            };
            Oddity::new("ignored-unit-value", "Environment", problem.span, reason).with_value(word)
        })
        .collect()
}

fn environment_file(line: &Assignment) -> Option<Oddity> {
    let text = line.value.text.as_str();
    let path = text.strip_prefix('-').unwrap_or(text);
    let bare = path.trim_matches(['"', '\'']);
    let meant = (bare.starts_with('/') && !text.contains('#')).then(|| text.replace(['"', '\''], ""));
    let reason = "it is no absolute path, so no variable of the file is set";
    let odd = || Oddity::new("ignored-unit-value", "EnvironmentFile", line.value.span(), reason).with_value(text).meant(meant);
    (!path.starts_with('/')).then(odd)
}

/// Judges a list word by word.
fn words_of(line: &Assignment, judge: impl Fn(&str) -> Option<(&'static str, Option<String>)>) -> Vec<Oddity> {
    let odd = |word: &Excerpt, span: Span| {
        let (reason, meant) = judge(&word.text)?;
        Some(Oddity::new("ignored-unit-value", &*line.key, span, reason).with_value(word.text.as_str()).meant(meant))
    };
    words(&line.value).list.iter().filter_map(|word| odd(&word.text, word.span)).collect()
}

fn directory(key: &str, word: &str) -> Option<(&'static str, Option<String>)> {
    let base = DIRECTORIES.iter().find(|(name, _)| *name == key).map_or("/", |(_, base)| base);
    if word.starts_with('/') {
        let inside = word.strip_prefix(base).filter(|inside| !inside.is_empty());
        return Some((
            "it takes a name below its own base and no absolute path, so no directory is made",
            inside.map(str::to_owned),
        ));
    }
    word.split('/').any(|part| part == "..").then_some(("it goes up by \"..\", so no directory is made", None))
}

fn path(word: &str) -> Option<(&'static str, Option<String>)> {
    let bare = word.trim_start_matches(['-', '+']);
    // A comment behind a list of paths is ignored word by word.
    (!bare.starts_with(['/', '#'])).then_some(("it is no absolute path", None))
}

fn address_family(word: &str) -> Option<(&'static str, Option<String>)> {
    word.contains(',').then(|| ("names are separated by blanks", Some(word.replace(',', " "))))
}

/// Names that are no units: with a comma, or without a type.
fn dependency(line: &Assignment) -> Option<Oddity> {
    let text = line.value.text.as_str();
    let words = || text.split_ascii_whitespace().take_while(|word| !word.starts_with('#'));
    let is_unit = |word: &str| !word.contains(',') && TYPES.iter().any(|ending| word.ends_with(ending));
    let wrong = words().find(|word| !is_unit(word))?;
    let completed = words().flat_map(|word| word.split(',')).filter(|word| !word.is_empty()).map(|word| match word {
        unit if is_unit(unit) => unit.to_owned(),
        target if TARGETS.contains(&target) => format!("{target}.target"),
        service => format!("{service}.service"),
    });
    let meant = completed.collect::<Vec<_>>().join(" ");
    let reason = match wrong.contains(',') {
        true => "units are separated by blanks, so it names none",
        false => "it is no name of a unit, which ends in its type",
    };
    Some(Oddity::new("ignored-unit-value", &*line.key, line.value.span(), reason).with_value(wrong).meant(Some(meant)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn odd(text: &str) -> Vec<String> {
        let document = Document::new(DocumentId(0), "a.service", format!("[Service]\n{text}\n").into_bytes());
        let file = super::super::parse(&document);
        let read = file.assignments.iter().filter_map(|line| Some((keys::unit_key("Service", &line.key)?, line)));
        let odd = read.flat_map(|(key, line)| oddities(key, line, &file));
        odd.map(|found| {
            [Some(found.kind.to_owned()), found.value, found.suggestion].into_iter().flatten().collect::<Vec<_>>().join("|")
        })
        .collect()
    }

    fn silent(text: &str) {
        assert_eq!(odd(text), Vec::<String>::new(), "{text}");
    }

    #[test]
    fn values_that_systemd_ignores() {
        assert_eq!(odd("Restart=Always"), ["ignored-unit-value|Always|always"]);
        assert_eq!(odd("MemoryMax=1gb"), ["ignored-unit-value|1gb|1G"]);
        assert_eq!(odd("After=a.service,b.service"), ["ignored-unit-value|a.service,b.service|a.service b.service"]);
        assert_eq!(odd("After=network"), ["ignored-unit-value|network|network.target"]);
        assert_eq!(odd("EnvironmentFile=\"/a/b\""), ["ignored-unit-value|\"/a/b\"|/a/b"]);
        assert_eq!(odd("RuntimeDirectory=a /run/b"), ["ignored-unit-value|/run/b|b"]);
        assert_eq!(odd("ReadWritePaths=/a -b"), ["ignored-unit-value|-b"]);
        assert_eq!(odd("Environment=A=1 B C=2"), ["ignored-unit-value|B"]);
        for fine in
            ["Restart=%i", "TimeoutStopSec=", "Environment=A=1 # c", "After=a.service # c", "After=%i.service", "User={{ a }}"]
        {
            silent(fine);
        }
    }

    #[test]
    fn comments_behind_values() {
        assert_eq!(odd("TimeoutStopSec=30 # s"), ["comment-after-unit-value|# s|30"]);
        assert_eq!(odd("WorkingDirectory=/a ; b"), ["comment-after-unit-value|; b|/a"]);
        assert_eq!(odd("ExecStart=/bin/a ; start it"), ["comment-after-unit-value|; start it"]);
        assert_eq!(odd("ExecStartPre=/bin/mkdir a # b"), ["comment-after-unit-value|# b"]);
        for fine in [
            "Description=a # b",
            "ExecStart=/bin/a ; /bin/b",
            "ExecStart=/v/gunicorn a # b",
            "Environment=\"A=b # c\"",
            "User=a#b",
            "ExecStart=/bin/sh -c 'a # b'",
        ] {
            silent(fine);
        }
    }
}
