//! The published schemas against what is really written and read.

use super::{all_stacks, gearmesh, read_as, valid};
use std::fs;
use std::path::{Path, PathBuf};

/// A schema as a file, with its folder.
fn schema(what: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let done = gearmesh(Path::new("."), &["schema", what]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let path = folder.path().join("schema.json");
    fs::write(&path, done.stdout).expect("the schema is written");
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn json_reports_are_as_published() {
    let (_folder, schema) = schema("output");
    let (_reports, files) = all_stacks("json");
    valid("schema", &schema, &files);
    let (_lines, files) = all_stacks("jsonl");
    valid("lines", &format!("{schema}#/definitions/line"), &files);
    let first = fs::read_to_string(&files[0]).expect("it is read");
    let bad = [
        ("a key more", first.replace("\"rule\":", "\"rules\":1,\"rule\":")),
        ("a word", first.replace("\"error\",", "\"bad\",")),
    ];
    refused("lines", &format!("{schema}#/definitions/line"), &bad);
}

#[test]
fn every_rule_is_as_published() {
    let (_folder, schema) = schema("rule");
    let groups = fs::read_dir("rules").expect("the rules are there").flatten();
    // Signatures of log lines are no rules.
    let groups = groups.filter(|group| group.path().is_dir() && group.file_name() != "signatures");
    let rules = groups.flat_map(|group| fs::read_dir(group.path()).expect("the group is read").flatten());
    let files: Vec<PathBuf> = rules.map(|rule| rule.path()).collect();
    assert!(files.len() > 100);
    valid("yaml", &schema, &files);
    let rule = fs::read_to_string("rules/timeouts/stop-grace-below-graceful-timeout.yaml").expect("a rule");
    let bad = [
        ("a word", rule.replace("severity: ", "severity: x")),
        ("too little", "summary: a\n".to_owned()),
        ("a key more", rule.clone() + "\nextra: 1\n"),
        ("two operations", rule.replace("- set: ", "- unset: a\n      set: ")),
    ];
    refused("yaml", &schema, &bad);
}

/// Whether the schema says of each what gearmesh says.
#[test]
fn configurations_are_valid_where_gearmesh_reads_them() {
    let good = [
        "",
        "[host]\ncpus = 4\nmemory = \"8G\"\nmemory-per-worker = 200000000\n",
        "[database]\nmax_connections = 100\npool_size = 5\n",
        "[paths]\n\"/etc/shop\" = \"deploy/etc\"\n",
        "[versions]\ngunicorn = \"23.0.0\"\nnginx = \">=1.22,<1.27\"\n",
        "[rules]\npaths = []\nmax-requests-without-jitter = \"off\"\nstop-grace-below-graceful-timeout = \"advice\"\n",
        "[check]\nexclude = [\"vendor/**\"]\nmin-severity = \"advice\"\nmin-confidence = \"low\"\n",
    ];
    let bad = [
        "[hosts]\ncpus = 4\n",
        "[host]\ncpu = 4\n",
        "[host]\ncpus = 0\n",
        "[host]\ncpus = \"4\"\n",
        "[host]\nmemory = true\n",
        "[database]\nmax-connections = 100\n",
        "[database]\npool_size = 0\n",
        "[paths]\n\"etc/shop\" = \"deploy/etc\"\n",
        "[paths]\n\"/etc/shop\" = 1\n",
        "[versions]\ngunicorn = 23\n",
        "[versions]\nruby = \"3\"\n",
        "[rules]\npaths = \"lint\"\n",
        "[rules]\nmax-requests-without-jitter = \"loud\"\n",
        "[check]\nexclude = \"vendor/**\"\n",
        "[check]\nmin-severity = \"high\"\n",
        "[check]\nmin-confidence = 1\n",
        "host = 1\n",
    ];
    let (_folder, schema) = schema("config");
    let named = |text: &&str| ((*text).to_owned(), (*text).to_owned());
    let (folder, files) = written(&good.iter().map(named).collect::<Vec<_>>());
    valid("toml", &schema, &files);
    files.iter().for_each(|file| assert!(is_read(folder.path(), file), "{}", file.display()));
    let (folder, files) = refused("toml", &schema, &bad.iter().map(named).collect::<Vec<_>>());
    files.iter().for_each(|file| assert!(!is_read(folder.path(), file), "{}", fs::read_to_string(file).unwrap_or_default()));
}

/// Whether gearmesh takes a configuration.
fn is_read(folder: &Path, config: &Path) -> bool {
    fs::write(folder.join("a.service"), "[Service]\nExecStart=/bin/gunicorn a:b\n").expect("a unit is written");
    gearmesh(folder, &["check", "a.service", "--config", &config.display().to_string()]).status.code() != Some(2)
}

fn written<T>(texts: &[(T, String)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let files = texts.iter().enumerate().map(|(at, (_, text))| {
        let path = folder.path().join(format!("{at}.txt"));
        fs::write(&path, text).expect("the file is written");
        path
    });
    let files = files.collect();
    (folder, files)
}

/// Holds that the schema finds a fault in each text.
fn refused<T: std::fmt::Display>(how: &str, schema: &str, texts: &[(T, String)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let (folder, files) = written(texts);
    if let Some(faults) = read_as(Path::new("."), &[how, schema], &files) {
        for (file, (name, _)) in files.iter().zip(texts) {
            let found = faults[file.display().to_string()].as_array().map_or(0, Vec::len);
            assert!(found > 0, "{name} is taken for valid");
        }
    }
    (folder, files)
}
