//! Copies of machines below testdata/hosts, each with what `host` makes of it in `expected.json`; UPDATE=1 writes that anew.

mod support;

use gearmesh::host;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn hosts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/hosts");
    let mut hosts: Vec<PathBuf> = fs::read_dir(folder).expect("there are hosts").flatten().map(|entry| entry.path()).collect();
    hosts.sort();
    hosts
}

#[test]
fn copies_of_machines_tell_what_is_in_them() {
    let hosts = hosts();
    assert!(hosts.len() >= 5, "{}", hosts.len());
    let mut wrong = Vec::new();
    for host in hosts {
        let copy = support::host(&host.file_name().expect("it has a name").to_string_lossy());
        let (machine, missing) = host::look(copy.path(), Duration::from_secs(60));
        let told = serde_json::json!({ "machine": machine, "missing": missing });
        let text = serde_json::to_string_pretty(&told).expect("it is JSON") + "\n";
        let expected = host.join("expected.json");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &text).expect("it is written");
        }
        if fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", host.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn a_folder_that_is_no_machine_says_so() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let (machine, missing) = host::look(folder.path(), Duration::ZERO);
    assert_eq!(machine, gearmesh::evidence::machine::Machine::default());
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].what, "running processes");
}
