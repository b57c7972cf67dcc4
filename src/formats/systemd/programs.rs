//! What is odd about the commands of a unit: programs that systemd cannot find, and words that only a shell would understand.
//!
//! In: a value of `ExecStart=` and its kin, with the unit around it. Out: oddities, and what makes systemd refuse the unit for its
//! syntax. Never looks whether a program exists. As measured with systemd 252.

use super::command::{Command, commands};
use super::oddities::is_filled_in;
use super::unit::Unit;
use super::{ProblemKind, words::Word};
use crate::expr::Environment;
use crate::model::piece::{Oddity, Problem};
use crate::source::Excerpt;

/// Judges one value: what is odd, and why systemd does not start the unit at all.
pub fn judge(value: &Excerpt, key: &str, unit: &Unit, environment: &Environment) -> (Vec<Oddity>, Vec<Problem>) {
    let read = commands(value);
    let programs = read.list.iter().filter_map(|command| program(command, key, unit, environment));
    let syntax = read.list.iter().filter_map(|command| shell_syntax(command, key));
    // A path that is none is told as a program that cannot be found.
    let refused = read.problems.iter().filter(|problem| problem.fatal && problem.kind != ProblemKind::InvalidExecutable);
    let refused = refused.filter(|_| !is_filled_in(&value.text));
    (
        programs.chain(syntax).collect(),
        refused.map(|found| Problem { span: found.span, message: found.message.clone() }).collect(),
    )
}

/// Where systemd looks for a program that is named without a path, whatever PATH is (`systemd-path search-binaries-default`).
const SEARCHED: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// What only a shell knows.
const BUILTINS: [&str; 7] = ["source", "cd", "export", "exec", "eval", "set", "ulimit"];
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "fish"];
/// Programs for which such words may be arguments of their own.
const TAKING_THEM: [&str; 7] = ["test", "[", "expr", "ssh", "find", "jq", "awk"];

/// A program that systemd does not find.
fn program(command: &Command, key: &str, unit: &Unit, environment: &Environment) -> Option<Oddity> {
    let name = command.path.text.text.as_str();
    let odd = |reason: &str| Oddity::new("program-not-found", name, command.path.span, reason).with_value(key);
    if name.is_empty() || name.starts_with(['/', '%']) || ["{{", "<", "template"].iter().any(|mark| name.contains(mark)) {
        return None;
    }
    if name.starts_with('$') {
        return Some(odd("variables are not expanded in the name of a program"));
    }
    if name.starts_with('~') {
        return Some(odd("only a shell knows ~, and a path has to be absolute"));
    }
    if name.split_once('=').is_some_and(|(name, _)| crate::expr::systemd::is_name(name)) {
        return Some(odd("a variable is set by Environment= and not in front of the program"));
    }
    if name.contains('/') {
        let meant = folder(unit).map(|folder| format!("{}/{}", folder.trim_end_matches('/'), name.trim_start_matches("./")));
        return Some(odd("a path has to be absolute").meant(meant.filter(|_| !name.starts_with("../"))));
    }
    if BUILTINS.contains(&name) {
        return Some(odd("it is a command of the shell and no program"));
    }
    let elsewhere = search_path(environment).filter(|path| path.split(':').any(|entry| !SEARCHED.contains(&entry)));
    let first =
        elsewhere.as_ref().and_then(|path| path.split(':').find(|entry| entry.starts_with('/') && !SEARCHED.contains(entry)));
    let bare = matches!(name, "gunicorn" | "gunicorn3") && unit.live("Service", "ExecSearchPath").next().is_none();
    let meant = first.map(|folder| format!("{}/{name}", folder.trim_end_matches('/')));
    meant
        .filter(|_| bare)
        .map(|meant| odd("it looks in /usr/local/bin, /usr/bin and the like, and not in the PATH of the unit").meant(Some(meant)))
}

fn folder(unit: &Unit) -> Option<String> {
    let folder = unit.live("Service", "WorkingDirectory").next_back()?.value.text.clone();
    (folder.starts_with('/') && !folder.contains('%')).then_some(folder)
}

fn search_path(environment: &Environment) -> Option<String> {
    environment.get("PATH")?.value.as_text().map(str::to_owned)
}

/// The first word of a command that looks like one of a shell.
fn shell_syntax(command: &Command, key: &str) -> Option<Oddity> {
    let path = command.path.text.text.as_str();
    let program = path.rsplit('/').next().unwrap_or(path);
    if command.prefixes.contains('|') || SHELLS.contains(&program) || TAKING_THEM.contains(&program) {
        return None;
    }
    let words = command.args.iter().map(|word| (word, word.text.text.as_str()));
    let shell = words.clone().any(|(_, text)| SHELLS.contains(&text.rsplit('/').next().unwrap_or(text)));
    let (word, text) = words.filter(|_| !shell).find(|(word, text)| is_shell_syntax(word, text))?;
    let reason = format!("systemd runs no shell, so {program} gets it as an argument");
    Some(Oddity::new("shell-syntax", text, word.span, reason).with_value(key))
}

/// Operators and redirections as words of their own, and substitutions of commands.
fn is_shell_syntax(word: &Word, text: &str) -> bool {
    let unquoted = (word.span.end - word.span.start) as usize == text.len();
    let operator = matches!(text, "&&" | "||" | "|" | "&" | ">" | ">>" | "<" | "2>" | "2>&1" | "&>");
    let redirection = [">", "2>", "1>", "&>"].iter().any(|mark| text.starts_with(mark) && text.len() > mark.len());
    (unquoted && (operator || redirection)) || text.contains("$(") && text.contains(')') || text.starts_with('`')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::systemd::{parse, unit::merge};
    use crate::source::{Document, DocumentId};

    fn odd(text: &str) -> Vec<String> {
        let document =
            Document::new(DocumentId(0), "a.service", format!("[Service]\nWorkingDirectory=/srv/a\n{text}\n").into_bytes());
        let unit = merge("a.service", Some(&parse(&document)), &[], &|_, key| key.starts_with("Exec") || key == "Environment");
        let environment = crate::formats::systemd::environment::environment(&unit, &mut |_| None);
        let lines = unit.live("Service", "ExecStart").map(|line| judge(&line.value, "ExecStart", &unit, &environment).0);
        lines.flatten().map(|odd| format!("{} {}", odd.name, odd.suggestion.unwrap_or_default()).trim_end().to_owned()).collect()
    }

    #[test]
    fn programs_that_systemd_does_not_find() {
        assert_eq!(odd("ExecStart=venv/bin/gunicorn a"), ["venv/bin/gunicorn /srv/a/venv/bin/gunicorn"]);
        assert_eq!(odd("ExecStart=$VENV/gunicorn a"), ["$VENV/gunicorn"]);
        assert_eq!(odd("ExecStart=source /a/activate"), ["source"]);
        assert_eq!(odd("ExecStart=A=1 /bin/true"), ["A=1"]);
        assert_eq!(odd("Environment=PATH=/v/bin:/bin\nExecStart=gunicorn a"), ["gunicorn /v/bin/gunicorn"]);
        for fine in ["ExecStart=gunicorn a", "Environment=PATH=/usr/bin\nExecStart=gunicorn a", "ExecStart=%h/a", "ExecStart=-/a"]
        {
            assert_eq!(odd(fine), Vec::<String>::new(), "{fine}");
        }
    }

    #[test]
    fn words_of_a_shell() {
        assert_eq!(odd("ExecStart=/v/gunicorn a > /tmp/log 2>&1"), [">"]);
        assert_eq!(odd("ExecStart=/v/gunicorn -w $(nproc) a"), ["$(nproc)"]);
        assert_eq!(odd("ExecStart=/v/gunicorn a 2>>/tmp/log"), ["2>>/tmp/log"]);
        for fine in ["ExecStart=/bin/sh -c 'a && b'", "ExecStart=/usr/bin/env bash -c \"a | b\"", "ExecStart=/v/a '>' b&c"] {
            assert_eq!(odd(fine), Vec::<String>::new(), "{fine}");
        }
    }
}
