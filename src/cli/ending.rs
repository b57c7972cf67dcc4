//! How a run ends: the exit status, and what standard error says of errors and of faults of gearmesh itself.
//!
//! 0: nothing to show, or nothing that fails. 1: findings are shown. 2: gearmesh could not do its work, or part of it; that beats 1.

use crate::bug;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::report::untrusted::{excerpt, inert, unmasked};
use std::io::{self, Write as _};

/// How a command ended, apart from errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Clean,
    Findings,
    /// Something recognised could not be read.
    Incomplete,
}

impl Ending {
    /// How a command ends that found this; `fails`: whether what it shows makes it end with 1.
    pub(super) fn of(outcome: &Outcome, fails: bool) -> Ending {
        match (outcome.unread.is_empty(), fails) {
            (false, _) => Ending::Incomplete,
            (true, true) => Ending::Findings,
            (true, false) => Ending::Clean,
        }
    }
}

/// The exit status of some work. When anything went wrong in gearmesh itself, on any thread, it is 2.
pub(super) fn ended(work: impl FnOnce() -> Result<Ending, Error>) -> u8 {
    let asked = || std::env::args_os().skip(1).map(|word| format!(" {}", word.to_string_lossy())).collect::<String>();
    let status = match bug::contained(|| format!("`gearmesh{}` ran", asked()), work) {
        Some(Ok(Ending::Clean)) => 0,
        Some(Ok(Ending::Findings)) => 1,
        Some(Ok(Ending::Incomplete)) | None => 2,
        Some(Err(error)) => {
            // Nobody is left to tell when standard error is closed.
            let excerpt: String = error.excerpt().iter().map(|text| format!("{}\n", excerpt(text))).collect();
            let text = format!("gearmesh: {}\n{excerpt}", unmasked(&error.to_string()));
            let _ = io::stderr().lock().write_all(inert(&text).as_bytes());
            2
        }
    };
    if !bug::seen() {
        return status;
    }
    complain(&format!(
        "this is a fault of gearmesh {}, not of your files, and what it shows is not all there is; please report it with these \
         lines and, if you may, with the file",
        env!("CARGO_PKG_VERSION")
    ));
    2
}

/// What went wrong in gearmesh itself, a line at a time.
pub(super) fn complain(line: &str) {
    let _ = io::stderr().lock().write_all(inert(&format!("gearmesh: {}\n", unmasked(line))).as_bytes());
}

/// What a run says in which gearmesh itself went wrong is no ground to write anything.
pub(super) fn sound() -> Result<(), Error> {
    if bug::seen() { Err(Error::Internal) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::thread;

    const CHILD: &str = "GEARMESH_TEST_CHILD";

    /// Panics on a thread that is contained, on one that is not, and on the thread of the run.
    fn goes_wrong(here: bool) -> Result<Ending, Error> {
        thread::scope(|scope| {
            scope.spawn(|| bug::contained(|| "/srv/\u{1b}[31m.conf was read".to_owned(), || panic!("on purpose")));
        });
        if here {
            let text = "`secret`".to_owned();
            thread::scope(|scope| _ = scope.spawn(|| panic!("with {text}")));
        }
        Ok(Ending::Findings)
    }

    #[test]
    fn what_goes_wrong_on_any_thread_is_told_with_its_file_and_ends_with_2() {
        if let Some(here) = std::env::var_os(CHILD) {
            bug::watch(complain);
            std::process::exit(ended(|| goes_wrong(here == "here")).into());
        }
        for (here, lines) in [("", 3), ("here", 5)] {
            let name = "cli::ending::tests::what_goes_wrong_on_any_thread_is_told_with_its_file_and_ends_with_2";
            let mut child = Command::new(std::env::current_exe().unwrap());
            // A hook is the whole process's, and other tests panic on purpose.
            let out = child.args(["--exact", name, "--nocapture"]).env(CHILD, here).env("RUST_BACKTRACE", "0").output().unwrap();
            let said = String::from_utf8_lossy(&out.stderr);
            assert_eq!(out.status.code(), Some(2), "{said}");
            assert_eq!(said.lines().count(), lines, "{said}");
            assert!(said.starts_with("gearmesh: internal error at src/cli/ending.rs:"), "{said}");
            assert!(said.contains("gearmesh: it happened while /srv/?[31m.conf was read\n"), "{said}");
            assert_eq!(said.contains("it happened while `gearmesh --exact"), here == "here", "{said}");
            assert!(said.contains("please report it") && !said.contains("secret"), "{said}");
        }
    }
}
