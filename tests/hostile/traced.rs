//! Which files a run opens, as strace tells: below what was named, and what any program opens to start.

use super::outside::everything;
use super::run::Repository;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the loader, the standard library and the count of processors open; nothing of it is shown.
const OF_THE_SYSTEM: [&str; 5] = ["/etc/ld.so", "/lib", "/usr/lib", "/sys/fs/cgroup", "/sys/devices/system/cpu"];
/// And of /proc.
const OF_PROC: [&str; 5] = ["maps", "mountinfo", "cgroup", "stat", "cpuinfo"];

fn is_there() -> bool {
    let there = Command::new("strace").arg("-V").output().is_ok();
    if !there {
        println!("skipped: strace is not installed");
    }
    there
}

/// The files that a run opened, absolute; what could not be opened does not count.
fn opened(made: &Repository, arguments: &[&str]) -> Vec<PathBuf> {
    let log = made.beside().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-s", "4096", "-e", "trace=open,openat,openat2,creat", "-o"]).arg(&log);
    command.arg(env!("CARGO_BIN_EXE_gearmesh")).args(arguments);
    made.finish(&mut command, &arguments.join(" ")).honest();
    let text = String::from_utf8_lossy(&fs::read(&log).expect("the trace is there")).into_owned();
    let lines = text.lines().filter(|line| !line.contains(" = -1 "));
    let named = lines.filter_map(|line| line.split('"').nth(1)).map(|name| made.path().join(name));
    let mut found: Vec<PathBuf> = named.map(|path| fs::canonicalize(&path).unwrap_or(path)).collect();
    found.sort();
    found.dedup();
    found
}

fn is_of_the_system(path: &Path) -> bool {
    let is_of_proc = path.starts_with("/proc") && path.file_name().is_some_and(|name| OF_PROC.iter().any(|own| name == *own));
    is_of_proc || OF_THE_SYSTEM.iter().any(|own| path.display().to_string().starts_with(own))
}

#[test]
fn nothing_beside_the_repository_is_opened() {
    if !is_there() {
        return;
    }
    let made = everything();
    let inside = fs::canonicalize(made.path()).expect("it is there");
    for arguments in [
        &["check", ".", "--verbose"][..],
        &["check", "a.service"],
        &["check", "nginx.conf", "through/nginx.conf", "compose.yaml", "through/compose.yaml"],
        &["check", "links", "through"],
        &["show", ".", "--all"],
        &["fix", ".", "--diff", "--unsafe"],
        &["init", ".", "--stdout"],
        &["diagnose", "--stack", ".", "a.service"],
    ] {
        let found = opened(&made, arguments);
        let outside: Vec<&PathBuf> = found.iter().filter(|path| !path.starts_with(&inside) && !is_of_the_system(path)).collect();
        assert_eq!(outside, Vec::<&PathBuf>::new(), "{arguments:?}");
        assert!(found.iter().any(|path| path.starts_with(&inside)), "{arguments:?}");
    }
}
