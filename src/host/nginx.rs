//! The running nginx: its master and what belongs to it, told by the titles it gives its processes (ngx_setproctitle).

use super::memory::memory;
use super::process::Process;
use super::programs;
use super::tree::Tree;
use crate::evidence::Moment;
use crate::evidence::machine::Nginx;

const MASTER: &str = "nginx: master process";
const WORKER: &str = "nginx: worker process";

/// Whether a process is one of nginx's.
pub fn is_one(arguments: &[String]) -> bool {
    arguments.first().is_some_and(|title| title.starts_with("nginx: "))
}

/// The nginx that was started first, of the processes that are nginx.
pub fn look(tree: &Tree, processes: &[Process], started: impl Fn(&Process) -> Option<Moment>) -> Option<Nginx> {
    let has = |process: &&Process, title: &str| process.arguments.first().is_some_and(|words| words.starts_with(title));
    let master = processes.iter().filter(|process| has(process, MASTER)).min_by_key(|process| (process.started, process.pid))?;
    let own: Vec<&Process> =
        processes.iter().filter(|process| process.parent == master.pid || process.pid == master.pid).collect();
    let held = |process: &&Process| {
        let (memory, _) = memory(tree, process);
        memory.pss.or(memory.rss)
    };
    // What one holds may be unknown because it has ended meanwhile.
    let held: Vec<u64> = own.iter().filter_map(held).collect();
    Some(Nginx {
        pid: master.pid,
        version: programs::run(tree, "nginx", &["-v"]).and_then(|text| version(&text)),
        workers: u32::try_from(own.iter().filter(|process| has(process, WORKER)).count()).unwrap_or(u32::MAX),
        started: started(master),
        memory: (!held.is_empty()).then(|| held.iter().sum()),
    })
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
    fn the_version_is_what_stands_behind_the_name() {
        assert_eq!(version("nginx version: nginx/1.22.1\n").as_deref(), Some("1.22.1"));
        assert_eq!(version("nginx version: openresty/1.25.3.1 (x)").as_deref(), Some("1.25.3.1"));
        assert_eq!(version("nginx: command not found"), None);
    }
}
