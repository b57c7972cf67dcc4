//! What supervisord refuses in a configuration, and how it reads single values (supervisor 4.3.0, options.py and datatypes.py).
//!
//! In: the sections of one file. Out: problems with their places. Only what is certain from this file: a variable of the environment
//! may be set by whoever starts supervisord, and a section may go on in another file.

use super::environment::pairs;
use super::expansion::{Meaning, Names};
use super::program::programs;
use crate::arguments::shlex;
use crate::expr::systemd::UNKNOWN_PIECE;
use crate::formats::ini::{Entry, Index, Ini};
use crate::formats::placeholder::blank;
use crate::model::piece::Problem;
use crate::value::{Known, Value};

/// A key of a program, what is expected of its value, and the test that the value has to pass.
type Typed = (&'static str, &'static str, fn(&str) -> bool);

const TYPED: [Typed; 16] = [
    ("priority", INTEGER, is_integer),
    ("startsecs", INTEGER, is_integer),
    ("startretries", INTEGER, is_integer),
    ("stopwaitsecs", INTEGER, is_integer),
    ("numprocs", INTEGER, is_integer),
    ("numprocs_start", INTEGER, is_integer),
    ("autostart", BOOLEAN, is_boolean),
    ("stopasgroup", BOOLEAN, is_boolean),
    ("killasgroup", BOOLEAN, is_boolean),
    ("redirect_stderr", BOOLEAN, is_boolean),
    ("autorestart", "true, false or unexpected", is_restart),
    ("stopsignal", "a signal: TERM, HUP, INT, QUIT, KILL, USR1, USR2, ...", is_signal),
    ("exitcodes", "a list of numbers from 0 to 255", is_exit_codes),
    ("umask", "an octal number", is_octal),
    ("user", "", |_| true),
    ("directory", "", |_| true),
];
const INTEGER: &str = "a whole number";
const BOOLEAN: &str = "true or false";

/// What supervisord refuses beside the syntax.
pub fn refusals(ini: &Ini) -> Vec<Problem> {
    let index = Index::of(&ini.sections);
    programs(&index).into_iter().flat_map(|section| of_program(&index, section)).collect()
}

fn of_program(index: &Index<'_>, section: &str) -> Vec<Problem> {
    let mut names = common_names();
    let name = section.split_once(':').map_or(section, |(_, name)| name.trim());
    names.set("program_name", Meaning::Text(name.into()));
    names.set("group_name", Meaning::Unknown);
    let mut problems: Vec<Problem> =
        TYPED.iter().filter_map(|(key, expected, fits)| mistyped(index.get(section, key)?, &names, expected, *fits)).collect();
    names.set("process_num", Meaning::Number(0));
    names.set("numprocs", Meaning::Number(1));
    problems.extend(index.get(section, "command").and_then(|entry| bad_command(entry, &names)));
    problems.extend(index.get(section, "environment").and_then(|entry| bad_environment(entry, &names)));
    problems.extend(bad_name(index, section));
    problems.extend(unnumbered(index, section));
    problems.extend(half_a_group(index, section));
    problems
}

/// The names that every value may use; those of the environment need no entry.
pub fn common_names() -> Names {
    let mut names = Names::default();
    names.set("here", Meaning::Unknown);
    names.set("host_node_name", Meaning::Unknown);
    names
}

fn refused(entry: &Entry, why: &str) -> Problem {
    Problem { span: entry.span(), message: format!("supervisord refuses the file: {why}") }
}

fn mistyped(entry: &Entry, names: &Names, expected: &str, fits: fn(&str) -> bool) -> Option<Problem> {
    match names.expand(&blank(&entry.value)) {
        Err(problem) => Some(problem),
        Ok(text) if text.text.contains(UNKNOWN_PIECE) || fits(&text.text) => None,
        Ok(text) => Some(refused(entry, &format!("{} = {} is not {expected}", entry.key, text.text))),
    }
}

fn bad_command(entry: &Entry, names: &Names) -> Option<Problem> {
    match names.expand(&blank(&entry.value)) {
        Err(problem) => Some(problem),
        Ok(text) if shlex(&text).is_err() => {
            let message = "supervisord cannot split this command: a quote or a backslash has no other half".to_owned();
            Some(Problem { span: entry.span(), message })
        }
        Ok(_) => None,
    }
}

fn bad_environment(entry: &Entry, names: &Names) -> Option<Problem> {
    match names.expand(&blank(&entry.value)) {
        Err(problem) => Some(problem),
        Ok(text) if pairs(&text).is_none() => {
            let why = "environment is not KEY=\"value\",KEY2=\"value\"; values with other characters than letters, digits and _/.+-(): need quotes";
            Some(refused(entry, why))
        }
        Ok(_) => None,
    }
}

fn bad_name(index: &Index<'_>, section: &str) -> Option<Problem> {
    let name = section.split_once(':')?.1.trim();
    let message = format!("supervisord refuses the file: the name {name:?} has a blank, a colon or a slash in it");
    let is_template = name.contains(['{', '<']);
    (name.contains([' ', ':', '/']) && !is_template).then_some(Problem { span: index.first(section)?.span, message })
}

/// Several processes need names of their own.
fn unnumbered(index: &Index<'_>, section: &str) -> Option<Problem> {
    let count = index.get(section, "numprocs").filter(|entry| integer(&entry.value.text).is_some_and(|count| count > 1))?;
    let numbered = index.get(section, "process_name").is_some_and(|name| name.value.text.contains("%(process_num)"));
    (!numbered).then(|| refused(count, "with numprocs above 1, process_name has to contain %(process_num)s"))
}

fn half_a_group(index: &Index<'_>, section: &str) -> Option<Problem> {
    let truth = |key| boolean(&index.get(section, key)?.value.text)?.as_boolean();
    let killed = index.get(section, "killasgroup")?;
    (truth("stopasgroup") == Some(true) && truth("killasgroup") == Some(false))
        .then(|| refused(killed, "stopasgroup=true does not go with killasgroup=false"))
}

/// Python's `int`, as far as people write numbers.
pub fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let grouped = !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
    text.replace('_', "").parse().ok().filter(|_| grouped)
}

fn is_integer(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    integer(text).is_some() || !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

pub fn boolean(text: &str) -> Option<Value> {
    let held = match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => true,
        "no" | "false" | "off" | "0" => false,
        _ => return None,
    };
    Some(Value::Known(Known::Boolean(held)))
}

fn is_boolean(text: &str) -> bool {
    boolean(text).is_some()
}

fn is_restart(text: &str) -> bool {
    is_boolean(text) || text.eq_ignore_ascii_case("unexpected")
}

/// Signals by name and number on Linux.
const SIGNALS: [(&str, i64); 31] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("PWR", 30),
    ("SYS", 31),
];

/// The signal of that name or number, without SIG.
pub fn signal(text: &str) -> Option<Value> {
    if let Some(number) = integer(text) {
        return SIGNALS.iter().find(|(_, found)| *found == number).map(|(name, _)| Value::text(*name));
    }
    let name = text.trim().to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    SIGNALS.iter().find(|(found, _)| *found == name).map(|(name, _)| Value::text(*name))
}

/// Names that are rare are let through.
fn is_signal(text: &str) -> bool {
    let name = text.trim();
    let rare = ["RTMIN", "RTMAX", "CLD", "POLL", "IOT"].iter().any(|rare| name.to_ascii_uppercase().ends_with(rare));
    signal(name).is_some() || rare || integer(name).is_some_and(|number| (32..65).contains(&number))
}

fn is_exit_codes(text: &str) -> bool {
    text.is_empty() || text.split(',').all(|code| integer(code).is_some_and(|code| (0..256).contains(&code)))
}

fn is_octal(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix("0o").unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'))
}

#[cfg(test)]
mod tests {
    use crate::source::{Document, DocumentId};

    fn refused(body: &str) -> Vec<String> {
        let text = format!("[program:web]\ncommand=gunicorn\n{body}");
        let document = Document::new(DocumentId(0), "a.conf", text.as_bytes());
        let problems = super::super::parse(&document).problems;
        problems.iter().map(|problem| document.text(problem.span).into_owned()).collect()
    }

    #[test]
    fn what_supervisord_refuses() {
        assert_eq!(refused("stopwaitsecs=30s"), ["stopwaitsecs=30s"]);
        assert_eq!(refused("stopasgroup=maybe\nautorestart=always"), ["stopasgroup=maybe", "autorestart=always"]);
        assert_eq!(refused("command=gunicorn --access-logformat '%(h)s'"), ["%(h)s"]);
        assert_eq!(refused("command=gunicorn 'a"), ["command=gunicorn 'a"]);
        assert_eq!(refused("numprocs=2"), ["numprocs=2"]);
        assert_eq!(refused("stopasgroup=true\nkillasgroup=false"), ["killasgroup=false"]);
        assert_eq!(refused("environment=A=x@y"), ["environment=A=x@y"]);
        assert_eq!(refused("stopsignal=STOPIT"), ["stopsignal=STOPIT"]);
    }

    #[test]
    fn what_it_takes() {
        let fine = "stopwaitsecs=%(ENV_GRACE)s\nstopsignal=sigquit\nexitcodes=0,2\numask=022\nautorestart=unexpected\n\
                    directory=%(here)s\nnumprocs=2\nprocess_name=%(program_name)s_%(process_num)02d\nenvironment=A=\"%(ENV_B)s\",C=1\n\
                    ; command=%(h)s\nserverurl=AUTO\n";
        assert_eq!(refused(fine), Vec::<String>::new());
    }
}
