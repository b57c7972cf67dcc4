//! The running nginx: its master and what belongs to it, told by the titles it gives its processes (ngx_setproctitle).

use super::memory::memory;
use super::mounts::Groups;
use super::process::Process;
use super::programs;
use super::tree::Tree;
use crate::evidence::Moment;
use crate::evidence::machine::Nginx;
use std::path::Path;

const MASTER: &str = "nginx: master process";
const WORKER: &str = "nginx: worker process";

/// Whether a process is one of nginx's.
pub fn is_one(arguments: &[String]) -> bool {
    arguments.first().is_some_and(|title| title.starts_with("nginx: "))
}

/// Every nginx of the processes that are nginx, by process.
pub fn look(tree: &Tree, processes: &[Process], started: impl Fn(&Process) -> Option<Moment>) -> Vec<Nginx> {
    let masters = processes.iter().filter(|process| has(process, MASTER));
    let mut all: Vec<Nginx> = masters.map(|master| seen(tree, master, processes, started(master))).collect();
    all.sort_by_key(|nginx| nginx.pid);
    all
}

fn has(process: &Process, title: &str) -> bool {
    process.arguments.first().is_some_and(|words| words.starts_with(title))
}

fn seen(tree: &Tree, master: &Process, processes: &[Process], started: Option<Moment>) -> Nginx {
    let own: Vec<&Process> =
        processes.iter().filter(|process| process.parent == master.pid || process.pid == master.pid).collect();
    let held = |process: &&Process| {
        let (memory, _) = memory(tree, process);
        memory.pss.or(memory.rss)
    };
    // What one holds may be unknown because it has ended meanwhile.
    let held: Vec<u64> = own.iter().filter_map(held).collect();
    let arguments = arguments(tree, master);
    Nginx {
        pid: master.pid,
        config: config(&arguments),
        arguments,
        unit: Groups::of(tree, master.pid).unit(),
        version: programs::run(tree, "nginx", &["-v"]).and_then(|text| version(&text)),
        workers: u32::try_from(own.iter().filter(|process| has(process, WORKER)).count()).unwrap_or(u32::MAX),
        started,
        memory: (!held.is_empty()).then(|| held.iter().fold(0, |all: u64, held| all.saturating_add(*held))),
    }
}

/// What -c names, below what -p names.
fn config(arguments: &[String]) -> Option<String> {
    let behind = |option: &str| arguments.iter().skip_while(|word| *word != option).nth(1).cloned();
    let path = Path::new(&behind("-p").unwrap_or_default()).join(behind("-c")?);
    path.is_absolute().then(|| path.display().to_string())
}

/// How a master was started: by its binary, with the options that its title repeats.
fn arguments(tree: &Tree, master: &Process) -> Vec<String> {
    let title = master.arguments.join(" ");
    let mut words = options(title.trim_start_matches(MASTER));
    if let (Some(first), Ok(binary)) = (words.first_mut(), tree.link(format!("/proc/{}/exe", master.pid))) {
        // After an upgrade the old binary runs on, and the new one has its name.
        let binary = binary.display().to_string();
        *first = binary.strip_suffix(" (deleted)").unwrap_or(&binary).to_owned();
    }
    words
}

/// The title has blanks between arguments and within them. What -g takes are directives, which go on until the next option.
fn options(title: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut directives = false;
    for word in title.split_whitespace() {
        let goes_on = directives && !word.starts_with('-') && words.last().is_some_and(|last| last != "-g");
        match words.last_mut().filter(|_| goes_on) {
            Some(last) => last.extend([" ", word]),
            None => words.push(word.to_owned()),
        }
        directives = if word.starts_with('-') { word == "-g" } else { directives };
    }
    words
}

/// `nginx version: nginx/1.22.1 (Ubuntu)`.
fn version(text: &str) -> Option<String> {
    let rest = text.split_once("nginx version: ")?.1.split_once('/')?.1;
    let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    (!version.is_empty()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_g_is_one_argument() {
        let words = options(" /usr/sbin/nginx -g daemon on; master_process on; -c /srv/nginx.conf");
        assert_eq!(words, ["/usr/sbin/nginx", "-g", "daemon on; master_process on;", "-c", "/srv/nginx.conf"]);
        assert_eq!(config(&words).as_deref(), Some("/srv/nginx.conf"));
        assert_eq!(config(&options(" nginx -c nginx.conf -p /tmp/a")).as_deref(), Some("/tmp/a/nginx.conf"));
        assert_eq!(config(&options(" nginx -c nginx.conf")), None);
    }

    #[test]
    fn the_version_is_what_stands_behind_the_name() {
        assert_eq!(version("nginx version: nginx/1.22.1\n").as_deref(), Some("1.22.1"));
        assert_eq!(version("nginx version: openresty/1.25.3.1 (x)").as_deref(), Some("1.25.3.1"));
        assert_eq!(version("nginx: command not found"), None);
    }
}
