//! Runs the servers' own programs: to look at what was written, to bring it into force, to ask for a page.
//!
//! In: a command as a vector, never a line for a shell, and how long it may take. Out: what it said and how it ended. A command gets
//! no input, and a process group of its own, so that Ctrl-C reaches gearmesh alone, which then puts back what it changed.

use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How much of what a command says is kept.
const MOST_SAID: u64 = 64 << 10;
const PAUSE: Duration = Duration::from_millis(10);

/// A process that is told apart from a later one of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    pub pid: u32,
    /// Clock ticks after the machine started (proc_pid_stat(5), field 22).
    pub started: u64,
}

impl Process {
    /// The process of that number; none when there is none, or when nothing tells.
    pub fn of(pid: u32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold blanks and brackets; the state follows it, and a process that has ended waits as a zombie.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        let started = fields.nth(18)?.parse().ok()?;
        (!matches!(state, "Z" | "X")).then_some(Process { pid, started })
    }

    /// Whether it still runs.
    pub fn runs(self) -> bool {
        Process::of(self.pid) == Some(self)
    }
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// None when it was ended by a signal, or did not end in time.
    pub status: Option<i32>,
    /// Standard output, then standard error.
    pub said: String,
}

impl Ran {
    pub fn succeeded(&self) -> bool {
        self.status == Some(0)
    }
}

/// Runs a command to its end, at most so long; one that takes longer is killed.
///
/// # Errors
/// It cannot be started: it is not installed, or may not be run.
pub fn run(command: &[String], longest: Duration) -> io::Result<Ran> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut prepared = Command::new(program);
    prepared.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut prepared, 0);
    let mut child = prepared.spawn()?;
    let (out, error) = (child.stdout.take(), child.stderr.take());
    let readers = [thread::spawn(|| heard(out)), thread::spawn(|| heard(error))];
    let status = wait(&mut child, longest)?;
    // A server that a reload starts may hold the pipes open; what it says later is not waited for.
    let said = if status.is_some() { readers.map(|reader| joined(reader, Duration::from_secs(1))) } else { Default::default() };
    Ok(Ran { status, said: said.concat() })
}

fn wait(child: &mut Child, longest: Duration) -> io::Result<Option<i32>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        if begun.elapsed() > longest {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

fn heard(from: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What was heard before an error is all there is to show.
        let _ = from.take(MOST_SAID).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn joined(reader: thread::JoinHandle<String>, longest: Duration) -> String {
    let begun = Instant::now();
    while !reader.is_finished() && begun.elapsed() < longest {
        thread::sleep(PAUSE);
    }
    if reader.is_finished() { reader.join().unwrap_or_default() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Vec<String> {
        ["sh", "-c", line].map(str::to_owned).to_vec()
    }

    #[test]
    fn says_what_was_said_and_how_it_ended() {
        let ran = run(&shell("echo one; echo two >&2; exit 3"), Duration::from_secs(20)).unwrap();
        assert_eq!(ran, Ran { status: Some(3), said: "one\ntwo\n".to_owned() });
        assert!(run(&["/nowhere/at/all".to_owned()], Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_process_is_its_number_and_when_it_started() {
        let own = Process::of(std::process::id()).unwrap();
        assert!(own.runs());
        assert!(!Process { started: own.started + 1, ..own }.runs());
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        thread::sleep(Duration::from_millis(200));
        assert_eq!(Process::of(pid), None, "it has ended, and nobody has asked how");
        child.wait().unwrap();
    }

    #[test]
    fn what_does_not_end_is_ended_and_its_children_are_not_waited_for() {
        assert_eq!(run(&shell("exec sleep 60"), Duration::from_millis(50)).unwrap().status, None);
        let ran = run(&shell("sleep 3 & echo started"), Duration::from_secs(20)).unwrap();
        assert_eq!(ran.status, Some(0));
    }
}
