//! Rows of hostile input: what is made, what is run, how it ends and what it says. All rows of a table are run before one is a fault.

use super::run::{Ended, MEMORY, Repository};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// For inputs of which only counts that the run ends as runs end.
pub const ANY: i32 = -1;

pub struct Case {
    pub name: &'static str,
    pub make: fn(&Repository),
    pub run: &'static [&'static str],
    pub code: i32,
    /// On either output.
    pub says: &'static str,
}

/// A row of a table.
pub fn case(name: &'static str, make: fn(&Repository), run: &'static [&'static str], code: i32, says: &'static str) -> Case {
    Case { name, make, run, code, says }
}

pub fn all_end(cases: &[Case]) {
    all_end_within(MEMORY, cases);
}

/// `HOSTILE_ONLY=name` runs the rows whose names hold that.
pub fn all_end_within(memory: u64, cases: &[Case]) {
    let only = std::env::var("HOSTILE_ONLY").unwrap_or_default();
    let mut faults = String::new();
    for case in cases.iter().filter(|case| case.name.contains(&only)) {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let made = Repository::new();
            (case.make)(&made);
            made.run_named(case.name, memory, case.run)
        }));
        match ended {
            Ok(ended) if as_said(&ended, case) => {}
            Ok(ended) => {
                let _ = writeln!(
                    faults,
                    "{}: {:?}/{:?}, not {} with `{}`: {}",
                    case.name,
                    ended.code,
                    ended.signal,
                    case.code,
                    case.says,
                    ended.text().chars().take(600).collect::<String>()
                );
            }
            Err(_) => {
                let _ = writeln!(faults, "{}: could not be made, or hangs", case.name);
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

fn as_said(ended: &Ended, case: &Case) -> bool {
    let told = ended.err();
    let is_honest = !told.contains("panicked") && !told.contains("memory allocation");
    let is_as_told = ended.code == Some(case.code) || case.code == ANY && ended.code.is_some_and(|code| code <= 2);
    is_as_told && is_honest && ended.text().contains(case.says)
}
