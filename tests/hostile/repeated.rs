//! The same bytes in every run, on one processor or on all of them: on all stacks of testdata as one, in every format of every
//! command that reads a stack and asks no machine.

use super::commands;
use super::run::Repository;
use super::support::copy;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs of each in CI; HOSTILE_CASES says another number. 100 were the same on 2026-11-22.
const RUNS: usize = 4;

#[test]
fn every_output_is_the_same_in_every_run() {
    let runs = std::env::var("HOSTILE_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(RUNS);
    let has_taskset = Command::new("taskset").arg("-V").output().is_ok();
    if !has_taskset {
        println!("skipped: taskset is not installed; all runs have all processors");
    }
    let made = Repository::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/stacks"), &made.path());
    made.write("../errors.log", "[2026-11-21 10:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)\n");
    for words in commands::of_files(".") {
        let mut seen: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for run in 0..runs {
            // What lies there already is told, too.
            let written = made.path().join(commands::WRITTEN);
            let _ = fs::remove_dir_all(&written);
            fs::create_dir(&written).expect("the folder is made");
            let mut command = match run % 2 {
                1 if has_taskset => {
                    let mut command = Command::new("taskset");
                    command.args(["-c", "0", env!("CARGO_BIN_EXE_gearmesh")]);
                    command
                }
                _ => Command::new(env!("CARGO_BIN_EXE_gearmesh")),
            };
            let ended = made.finish(command.args(&words), &words.join(" "));
            ended.honest();
            *seen.entry([ended.out, ended.err].concat()).or_default() += 1;
        }
        assert_eq!(seen.len(), 1, "{words:?}: {:?}", seen.values());
        assert!(words[0] != "check" || seen.keys().all(|text| text.len() > 10_000), "{words:?}: there is much to tell");
    }
}
