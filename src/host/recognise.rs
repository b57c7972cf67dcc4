//! Which processes are gunicorn, and which of them is whose master.
//!
//! In: processes with their command lines. Out: families of a master and its workers. A shell, an editor or gunicornc that have
//! gunicorn in their words are none.

use super::process::Process;
use std::collections::BTreeSet;

/// What a process is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By setproctitle, in place of the command line: "gunicorn: master [shop.wsgi]".
    Title { role: String, application: String },
    /// By its command line; the words behind the program begin here.
    Command { arguments: usize },
}

/// A master and the processes that it has started.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    pub master: Process,
    pub workers: Vec<Process>,
}

/// How a process is known to be gunicorn; none when it is something else.
pub fn named(arguments: &[String]) -> Option<Named> {
    let first = arguments.first()?;
    if let Some(title) = first.strip_prefix("gunicorn: ") {
        let (role, rest) = title.split_once(" [")?;
        let application = rest.trim_end().strip_suffix(']').unwrap_or(rest).to_owned();
        return Some(Named::Title { role: role.to_owned(), application });
    }
    if is_gunicorn(first) {
        return Some(Named::Command { arguments: 1 });
    }
    is_python(first).then(|| of_python(arguments)).flatten().map(|arguments| Named::Command { arguments })
}

/// Where the words for gunicorn begin on python's command line.
fn of_python(arguments: &[String]) -> Option<usize> {
    let mut words = arguments.iter().enumerate().skip(1);
    while let Some((at, word)) = words.next() {
        match word.as_str() {
            "-m" => return words.next().filter(|(_, module)| is_module(module)).map(|(at, _)| at + 1),
            "-c" | "-" => return None,
            "-W" | "-X" | "-Q" | "--check-hash-based-pycs" => drop(words.next()),
            attached if attached.starts_with("-m") => return is_module(attached.get(2..)?).then_some(at + 1),
            option if option.starts_with('-') => {}
            script => return is_gunicorn(script).then_some(at + 1),
        }
    }
    None
}

fn is_module(module: &str) -> bool {
    matches!(module, "gunicorn" | "gunicorn.__main__" | "gunicorn.app.wsgiapp")
}

/// The program, under the names that distributions give it.
fn is_gunicorn(path: &str) -> bool {
    matches!(name(path), "gunicorn" | "gunicorn3")
}

/// "python", "python3.11", "pypy3".
fn is_python(path: &str) -> bool {
    let is_version = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    ["python", "pypy"].iter().any(|program| name(path).strip_prefix(program).is_some_and(is_version))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The families among processes that are all gunicorn. `replaces` tells of a child of gunicorn whether it is a master of its own, as
/// the new one is after SIGUSR2; where neither that nor a title tells, a child is a worker.
pub fn families(processes: Vec<Process>, replaces: impl Fn(&Process) -> bool) -> Vec<Family> {
    let numbers: BTreeSet<u32> = processes.iter().map(|process| process.pid).collect();
    let is_master = |process: &Process| match named(&process.arguments) {
        Some(Named::Title { role, .. }) => role == "master",
        _ => !numbers.contains(&process.parent) || replaces(process),
    };
    let (masters, others): (Vec<Process>, Vec<Process>) = processes.into_iter().partition(is_master);
    let family = |master: Process| {
        let is_own = |process: &&Process| process.parent == master.pid && is_worker(process);
        Family { workers: others.iter().filter(is_own).cloned().collect(), master }
    };
    masters.into_iter().map(family).collect()
}

fn is_worker(process: &Process) -> bool {
    match named(&process.arguments) {
        Some(Named::Title { role, .. }) => role == "worker",
        other => other.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn gunicorn_is_known_by_its_program() {
        let begins = |line: &str| match named(&words(line)) {
            Some(Named::Command { arguments }) => Some(arguments),
            _ => None,
        };
        assert_eq!(begins("/srv/venv/bin/python3.11 /srv/venv/bin/gunicorn -w 2 shop:app"), Some(2));
        assert_eq!(begins("python -u -W ignore -m gunicorn shop:app"), Some(6));
        assert_eq!(begins("python -mgunicorn.app.wsgiapp shop:app"), Some(2));
        assert_eq!(begins("/usr/bin/gunicorn3 shop:app"), Some(1));
        assert_eq!(begins("pypy3 -B gunicorn shop:app"), Some(3));
        for other in [
            "vim gunicorn.conf.py",
            "sh -c gunicorn shop:app",
            "timeout 20 gunicorn shop:app",
            "python /srv/venv/bin/gunicornc -s a.ctl",
            "python -c import gunicorn",
            "python -m pytest gunicorn",
            "python manage.py gunicorn",
            "pythonic gunicorn",
            "grep gunicorn",
        ] {
            assert_eq!(named(&words(other)), None, "{other}");
        }
    }

    #[test]
    fn a_title_tells_role_and_application() {
        let title = ["gunicorn: master [shop.wsgi:application]".to_owned()];
        let (role, application) = ("master".to_owned(), "shop.wsgi:application".to_owned());
        assert_eq!(named(&title), Some(Named::Title { role, application }));
        assert_eq!(named(&["gunicorn: ".to_owned()]), None);
    }

    #[test]
    fn masters_are_parents_and_what_replaces_them() {
        let process = |pid, parent| Process { pid, parent, arguments: words("gunicorn a:b"), ..Process::default() };
        // 30 is a process of worker 20's own, 40 the master after SIGUSR2, 50 its worker.
        let all = vec![process(10, 1), process(20, 10), process(30, 20), process(40, 10), process(50, 40), process(60, 1)];
        let found = families(all, |process| process.pid == 40);
        let found: Vec<(u32, Vec<u32>)> =
            found.into_iter().map(|f| (f.master.pid, f.workers.iter().map(|worker| worker.pid).collect())).collect();
        assert_eq!(found, [(10, vec![20]), (40, vec![50]), (60, vec![])]);
    }
}
