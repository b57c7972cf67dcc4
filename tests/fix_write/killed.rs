//! Processes that write are killed, told to end, or meet each other. The process is this test itself, called again for one test that
//! does nothing unless a variable names a folder.

use super::tree::{Texts, texts_below};
use crate::support::dice::Dice;
use gearmesh::edit::Changed;
use gearmesh::fix::write::{Ended, recover, write};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const FOLDER: &str = "GEARMESH_TEST_FOLDER";
const ROUNDS: &str = "GEARMESH_TEST_ROUNDS";
const FILES: usize = 30;
const KILLS: usize = 200;
const AIMED: usize = 50;

fn stack(folder: &Path) {
    for number in 0..FILES {
        let path = folder.join(["nginx", "gunicorn", "systemd"][number % 3]).join(format!("{number}.conf"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text(0, number)).expect("the file is written");
    }
}

fn text(generation: usize, number: usize) -> String {
    format!("generation {generation}\n{}", format!("# file {number}\n").repeat(1 + number * 7))
}

/// All files, one generation on.
fn next(folder: &Path) -> Vec<Changed> {
    let one_on = |(path, before): (PathBuf, Vec<u8>)| {
        let old = String::from_utf8(before.clone()).expect("text");
        let (first, rest) = old.split_once('\n').expect("lines");
        let generation: usize = first.trim_start_matches("generation ").parse().expect("a number");
        let after = format!("generation {}\n{rest}", generation + 1);
        Changed { path: folder.join(path), before: Some(before.into()), after: after.into_bytes().into() }
    };
    texts_below(folder).into_iter().map(one_on).collect()
}

/// The generations of all files; what else lies about fails the test.
fn generations(texts: &Texts) -> BTreeSet<String> {
    assert_eq!(texts.len(), FILES, "{:?}", texts.keys());
    let first = |text: &Vec<u8>| String::from_utf8_lossy(text).lines().next().unwrap_or_default().to_owned();
    texts.values().map(first).collect()
}

/// Not a test by itself: what the other tests call in a process of its own.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let rounds: usize = std::env::var(ROUNDS).expect("how often").parse().expect("a number");
    for round in 0..rounds {
        let files = next(&folder);
        if round == 0 {
            say("ready");
            let mut go = [0];
            std::io::stdin().read_exact(&mut go).expect("the word to go");
        }
        match write(std::slice::from_ref(&folder), &files) {
            Ok(_) => say("written"),
            Err(error) => say(&format!("{error} {}", error.excerpt().join(" "))),
        }
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "child: {text}").and_then(|()| out.flush()).expect("the parent listens");
}

/// A child that is ready to go, and its words.
fn begin(folder: &Path, rounds: usize) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "killed::child", "--nocapture"]).env(FOLDER, folder).env(ROUNDS, rounds.to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("its words")).lines().map_while(Result::ok);
    let mut words = lines.filter_map(|line| line.split_once("child: ").map(|(_, word)| word.to_owned()));
    assert_eq!(words.next().as_deref(), Some("ready"));
    (child, words)
}

fn go(child: &mut Child) {
    child.stdin.as_mut().expect("its ear").write_all(b"!").expect("it listens");
}

/// Where a run was when it was killed.
fn phase(folder: &Path) -> &'static str {
    let Ok(journal) = fs::read(folder.join(".gearmesh-fix")) else { return "between runs" };
    let text = String::from_utf8_lossy(&journal);
    let litter = texts_below(folder).keys().filter(|path| path.to_string_lossy().ends_with(".gearmesh-new")).count();
    match text.lines().nth(1) {
        Some("P") if text.contains("\nend ") && litter == 0 => "journal written",
        Some("P") if text.contains("\nend ") => "new texts being made",
        Some("C") if litter == FILES => "committed",
        Some("C") if litter > 0 => "some files replaced",
        Some("C") => "all files replaced",
        _ => "journal begun",
    }
}

#[test]
fn killed_at_200_moments_the_tree_is_wholly_old_or_wholly_new() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path().canonicalize().expect("it is there");
    stack(&folder);
    let mut dice = Dice(0x5165);
    let mut phases: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut undone, mut completed, mut half) = (0, 0, 0);
    // Replacing takes a small part of a run, so that some are aimed at it.
    for kill in 0..KILLS + AIMED {
        let (mut child, _words) = begin(&folder, usize::MAX);
        go(&mut child);
        if kill < KILLS {
            sleep(Duration::from_micros(dice.below(60_000) as u64));
        } else {
            // The first to be replaced, or the tenth.
            let file = folder.join(["gunicorn/1.conf", "gunicorn/7.conf"][kill % 2]);
            let before = fs::read(&file).expect("it is there");
            while fs::read(&file).is_ok_and(|text| text == before) {}
        }
        child.kill().expect("it is killed");
        child.wait().expect("it has ended");
        let phase = phase(&folder);
        *phases.entry(phase).or_default() += 1;
        half += usize::from(phase == "some files replaced");
        let found = recover(std::slice::from_ref(&folder)).expect("it is ended");
        match found.first().map(|found| found.ended) {
            Some(Ended::Undone(FILES)) => undone += 1,
            Some(Ended::Completed(FILES)) => completed += 1,
            None => assert!(matches!(phase, "between runs" | "journal begun"), "kill {kill}: nothing was said, {phase}"),
            other => panic!("kill {kill}: {other:?}"),
        }
        let generations = generations(&texts_below(&folder));
        assert_eq!(generations.len(), 1, "kill {kill}, {phase}: {generations:?}");
    }
    eprintln!(
        "{KILLS} kills at random and {AIMED} aimed: {phases:?}; {undone} undone, {completed} completed, {half} found half-written"
    );
    assert!(undone + completed >= KILLS / 4 + AIMED / 2, "too few kills hit a run: {phases:?}");
    assert!(undone > 0 && completed > 0 && half > 0, "{phases:?}");
}

#[cfg(unix)]
#[test]
fn told_to_end_it_leaves_all_or_nothing_without_another_run() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::os::unix::process::ExitStatusExt as _;
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path().canonicalize().expect("it is there");
    stack(&folder);
    let mut dice = Dice(0x7e57);
    for round in 0..60 {
        let (mut child, _words) = begin(&folder, usize::MAX);
        go(&mut child);
        sleep(Duration::from_micros(dice.below(40_000) as u64));
        let signal = [Signal::TERM, Signal::INT, Signal::HUP][round % 3];
        kill_process(Pid::from_child(&child), signal).expect("it is there");
        let status = child.wait().expect("it has ended");
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        let generations = generations(&texts_below(&folder));
        assert_eq!(generations.len(), 1, "round {round}: {generations:?}");
    }
}

#[test]
fn of_two_runs_at_once_one_wins_and_the_other_says_so() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path().canonicalize().expect("it is there");
    stack(&folder);
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..30 {
        let (mut one, mut words_of_one) = begin(&folder, 1);
        let (mut two, mut words_of_two) = begin(&folder, 1);
        go(&mut one);
        go(&mut two);
        let words = [words_of_one.next().expect("a word"), words_of_two.next().expect("a word")];
        one.wait().and_then(|_| two.wait()).expect("both have ended");
        assert_eq!(words.iter().filter(|word| *word == "written").count(), 1, "round {round}: {words:?}");
        let loser = words.iter().find(|word| *word != "written").expect("one loses");
        let is_told = loser.contains("another gearmesh fix is at work in") || loser.contains("changed since it was read");
        assert!(is_told, "{loser}");
        *said.entry(if loser.contains("at work") { "at work" } else { "changed" }.to_owned()).or_default() += 1;
        let generations = generations(&texts_below(&folder));
        assert_eq!(generations, BTreeSet::from([format!("generation {}", round + 1)]));
    }
    eprintln!("30 rounds, the other said: {said:?}");
}
