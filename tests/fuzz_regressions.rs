//! What the fuzzers found once: every file below `fuzz/regressions/<target>/` through the same function that its fuzz target calls, so
//! that a stable toolchain holds it.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use targets::TARGETS;

/// Without optimisation, frames are larger than those of any program that people run.
const STACK_BYTES: usize = 64 << 20;

#[test]
fn what_was_found_once_stays_mended() {
    // A panic that is contained is one all the same.
    gearmesh::bug::watch(|line| eprintln!("{line}"));
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        for path in files(&Path::new("fuzz/regressions").join(name)) {
            let data = fs::read(&path).expect("the file is read");
            let run = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || target(&data)).expect("a thread starts");
            if run.join().is_err() {
                failed.push(path);
            }
        }
    }
    assert!(failed.is_empty() && !gearmesh::bug::seen(), "{failed:?}");
}

#[test]
fn each_target_is_built_and_has_its_place() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stem = |path: PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let programs: BTreeSet<String> = files(Path::new("fuzz/fuzz_targets")).into_iter().map(stem).collect();
    assert_eq!(programs, known, "fuzz_targets/ and TARGETS");
    let manifest = fs::read_to_string("fuzz/Cargo.toml").expect("there is a manifest");
    let bins: BTreeSet<String> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""))
        .map(str::to_owned)
        .collect();
    assert_eq!(bins, known, "Cargo.toml and TARGETS");
    let folders: BTreeSet<String> =
        entries(Path::new("fuzz/regressions")).into_iter().filter(|path| path.is_dir()).map(stem).collect();
    assert!(folders.is_subset(&known), "regressions of no target: {:?}", folders.difference(&known));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_file()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
