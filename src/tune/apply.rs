//! Brings a plan into force without fear: keep the old texts, write the new ones, have the servers' own programs look at them, bring
//! them into force, watch; and go back by itself when any of that fails.
//!
//! In: files before and after, the commands, where to ask. Out: it is kept, or everything is as it was and why. Signals wait until
//! the end of a step; one that came makes it go back. Nothing is run that was not shown before.

use super::backup::{Backup, Store};
use super::commands::Reload;
use super::probe::{self, Seen};
use super::run::{Process, Ran, run};
use crate::bug;
use crate::edit::Changed;
use crate::error::Error;
use crate::fix::write::{self, Held};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// A server that reloads ten thousand sites takes its time.
const LONGEST_CHECK: Duration = Duration::from_secs(120);
/// systemctl waits for the service; a drain may take minutes.
const LONGEST_RELOAD: Duration = Duration::from_secs(600);

/// What is run, and asked.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// Look at the written files and say whether they are right: `nginx -t`.
    pub checks: Vec<Vec<String>>,
    /// Bring them into force.
    pub reloads: Vec<Reload>,
    pub probe: Option<Probe>,
}

/// Where to ask, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub url: String,
    /// After the reload.
    pub seconds: f64,
}

/// The most seconds that the site is watched before anything is changed.
const BEFORE: f64 = 10.0;

/// How it ended.
#[derive(Debug)]
pub enum Ended {
    Kept {
        backup: Backup,
        /// Before and after.
        seen: Option<Box<(Seen, Seen)>>,
    },
    /// Everything is as it was, and runs as it did.
    WentBack { why: String },
}

/// How a command is written when it is shown.
pub fn shown(command: &[String]) -> String {
    let plain = |word: &String| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./:=@%+,".contains(c));
    let words = command.iter().map(|word| if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) });
    words.collect::<Vec<_>>().join(" ")
}

/// Applies a plan; `say` is told each step before it is made.
///
/// # Errors
/// Nothing was changed: a check fails already, no backup can be kept, files cannot be written. Or going back failed, and the error
/// says what has to be put back by hand, and from where.
pub fn apply(
    store: &Store,
    now: u64,
    paths: &[PathBuf],
    files: &[Changed],
    changes: Vec<String>,
    steps: &Steps,
    say: &mut dyn FnMut(&str),
) -> Result<Ended, Error> {
    let before = looked(steps, say)?;
    let held = Held::new();
    let stop = || held.is_wanted_to_end();
    let asked = steps.probe.as_ref().map(|probe| asked(probe, &stop, say)).transpose()?;
    if stop() {
        return Ok(Ended::WentBack { why: "it was interrupted before anything was changed".to_owned() });
    }
    let backup = store.keep(now, files, changes, steps.reloads.clone())?;
    say(&format!("keep the old texts in {}", backup.folder().display()));
    // Who looks at the files sees them all; a signal that comes while they are written waits with the others.
    if let Err(error) = write::write(paths, files).map(drop) {
        backup.forget();
        return Err(error);
    }
    let mut reloaded = false;
    let in_force =
        || in_force(steps, &before, &stop, &mut reloaded, say).and_then(|()| watched(steps, asked.as_ref(), &stop, say));
    let outcome = bug::contained(|| "what was written was brought into force".to_owned(), in_force);
    match outcome.unwrap_or_else(|| Err("gearmesh itself went wrong".to_owned())) {
        Ok(after) => Ok(Ended::Kept { backup, seen: asked.zip(after).map(Box::new) }),
        Err(why) => {
            say(&format!("go back, because {why}"));
            go_back(&backup, false, if reloaded { &steps.reloads } else { &[] }, say)?;
            backup.forget();
            Ok(Ended::WentBack { why })
        }
    }
}

/// What is seen before anything is changed.
fn asked(probe: &Probe, stop: &dyn Fn() -> bool, say: &mut dyn FnMut(&str)) -> Result<Seen, Error> {
    let Probe { url, seconds } = probe;
    say(&format!("watch {url}, before"));
    let curl = ["curl".to_owned()];
    let seen = probe::watch(url, seconds.min(BEFORE), stop).map_err(|problem| unable(&curl, &problem.to_string()))?;
    if seen.failures == seen.requests && !stop() {
        return Err(Error::Command {
            command: url.clone(),
            reason: format!("{}; that is so before any change, and nothing was changed", seen.told()),
        });
    }
    Ok(seen)
}

/// Puts the files of a backup back, those that were changed since only `anyway`, and has the commands run that bring them into force.
///
/// # Errors
/// A file was changed since or cannot be written; a command fails, with the files back.
pub fn go_back(backup: &Backup, anyway: bool, reloads: &[Reload], say: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let held = Held::new();
    drop(Backup::put_back(&backup.going_back(anyway)?)?);
    for reload in reloads {
        say(&shown(&reload.command));
        if let Err(why) = reloads_well(reload) {
            return Err(unable(&reload.command, &format!("{why}; the files are back, what runs may not be: see to it by hand")));
        }
    }
    drop(held);
    Ok(())
}

/// How long a process that has read its files again has to live on: gunicorn ends when a worker cannot boot.
const LIVES: Duration = Duration::from_secs(3);

/// Runs what brings files into force, and sees whether it did.
fn reloads_well(reload: &Reload) -> Result<(), String> {
    if reload.process.is_some_and(|process| !process.runs()) {
        return Err("the process that was to read its files again has ended or was replaced".to_owned());
    }
    let ran = run(&reload.command, LONGEST_RELOAD).map_err(|problem| format!("cannot be run: {problem}"))?;
    if !ran.succeeded() {
        return Err(failed(&ran));
    }
    match reload.process {
        Some(process) if !lives_on(process) => Err(format!("process {} ended when it read its files again", process.pid)),
        _ => Ok(()),
    }
}

fn lives_on(process: Process) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LIVES && process.runs() {
        thread::sleep(Duration::from_millis(50));
    }
    process.runs()
}

/// What each check says of the files as they are.
fn looked(steps: &Steps, say: &mut dyn FnMut(&str)) -> Result<Vec<Ran>, Error> {
    let mut all = Vec::new();
    for command in &steps.checks {
        say(&format!("{}, before", shown(command)));
        let ran = run(command, LONGEST_CHECK).map_err(|problem| unable(command, &problem.to_string()))?;
        if !ran.succeeded() {
            return Err(unable(command, &format!("{}; that is so before any change, and nothing was changed", failed(&ran))));
        }
        all.push(ran);
    }
    Ok(all)
}

fn in_force(
    steps: &Steps,
    before: &[Ran],
    stop: &dyn Fn() -> bool,
    reloaded: &mut bool,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    for (command, before) in steps.checks.iter().zip(before) {
        say(&shown(command));
        let ran = run(command, LONGEST_CHECK).map_err(|problem| format!("{} cannot be run: {problem}", shown(command)))?;
        if !ran.succeeded() {
            return Err(format!("{} {}", shown(command), failed(&ran)));
        }
        // systemd-analyze verify says what is ignored and succeeds.
        let known: BTreeSet<&str> = before.said.lines().collect();
        if let Some(new) = ran.said.lines().find(|line| !known.contains(line)) {
            return Err(format!("{} says what it did not say before: {new}", shown(command)));
        }
    }
    for reload in &steps.reloads {
        if stop() {
            return Err("it was interrupted".to_owned());
        }
        *reloaded = true;
        say(&shown(&reload.command));
        reloads_well(reload).map_err(|why| format!("{}: {why}", shown(&reload.command)))?;
    }
    Ok(())
}

fn watched(
    steps: &Steps,
    before: Option<&Seen>,
    stop: &dyn Fn() -> bool,
    say: &mut dyn FnMut(&str),
) -> Result<Option<Seen>, String> {
    let (Some(Probe { url, seconds }), Some(before)) = (&steps.probe, before) else {
        return if stop() { Err("it was interrupted".to_owned()) } else { Ok(None) };
    };
    say(&format!("watch {url} for {seconds} s"));
    let after = probe::watch(url, *seconds, stop).map_err(|problem| format!("curl cannot be run: {problem}"))?;
    if stop() {
        return Err("it was interrupted".to_owned());
    }
    probe::worse(before, &after).map_or(Ok(Some(after)), Err)
}

fn failed(ran: &Ran) -> String {
    let last: Vec<&str> = ran.said.lines().rev().take(4).collect();
    let said = last.into_iter().rev().collect::<Vec<_>>().join("; ");
    match ran.status {
        Some(status) => format!("failed with status {status}: {said}"),
        None => "did not end in time, or was ended by a signal".to_owned(),
    }
}

fn unable(command: &[String], reason: &str) -> Error {
    Error::Command { command: shown(command), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn shell(line: String) -> Vec<String> {
        vec!["sh".to_owned(), "-c".to_owned(), line]
    }

    struct Try {
        folder: tempfile::TempDir,
        file: PathBuf,
    }

    impl Try {
        fn new() -> Try {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("app.conf");
            fs::write(&file, "old\n").unwrap();
            Try { folder, file }
        }

        fn apply(&self, steps: &Steps) -> Result<Ended, Error> {
            let changed =
                Changed { path: self.file.clone(), before: Some(b"old\n".as_slice().into()), after: b"new\n".as_slice().into() };
            let store = Store::new(self.folder.path().join("store"));
            apply(&store, 7, &[self.folder.path().to_owned()], &[changed], Vec::new(), steps, &mut |_| {})
        }

        fn text(&self) -> String {
            fs::read_to_string(&self.file).unwrap()
        }
    }

    fn reload(command: Vec<String>) -> Reload {
        Reload { command, process: None }
    }

    fn grep(word: &str, path: &Path) -> Vec<String> {
        shell(format!("grep -q '{word}' {}", path.display()))
    }

    #[test]
    fn what_passes_its_checks_is_kept() {
        let one = Try::new();
        let steps = Steps { checks: vec![grep("[on]", &one.file)], reloads: vec![reload(grep("new", &one.file))], probe: None };
        assert!(matches!(one.apply(&steps), Ok(Ended::Kept { .. })));
        assert_eq!(one.text(), "new\n");
    }

    #[test]
    fn a_check_that_fails_after_puts_everything_back() {
        let one = Try::new();
        let steps = Steps { checks: vec![grep("old", &one.file)], ..Steps::default() };
        assert!(matches!(one.apply(&steps), Ok(Ended::WentBack { .. })));
        assert_eq!(one.text(), "old\n");
    }

    #[test]
    fn a_step_in_which_gearmesh_goes_wrong_puts_everything_back() {
        // When it looks at what was written, and when it has the server read it.
        for (at, was_read) in [(3, ""), (4, "old\n")] {
            let one = Try::new();
            let changed =
                Changed { path: one.file.clone(), before: Some(b"old\n".as_slice().into()), after: b"new\n".as_slice().into() };
            let store = Store::new(one.folder.path().join("store"));
            let log = one.folder.path().join("log");
            let reads = shell(format!("cat {} >> {}", one.file.display(), log.display()));
            let steps = Steps { checks: vec![shell("true".to_owned())], reloads: vec![reload(reads)], probe: None };
            let mut said = 0;
            let mut say = |step: &str| {
                said += 1;
                assert!(said != at, "on purpose, at {step}");
            };
            let ended = apply(&store, 7, &[one.folder.path().to_owned()], &[changed], Vec::new(), &steps, &mut say);
            assert!(matches!(&ended, Ok(Ended::WentBack { why }) if why.contains("itself")), "{ended:?}");
            assert_eq!((one.text().as_str(), fs::read_to_string(log).unwrap_or_default().as_str()), ("old\n", was_read));
            assert!(store.all().unwrap().0.is_empty());
        }
    }

    #[test]
    fn a_check_that_says_something_new_puts_everything_back() {
        let one = Try::new();
        let steps = Steps { checks: vec![vec!["cat".to_owned(), one.file.display().to_string()]], ..Steps::default() };
        assert!(matches!(one.apply(&steps), Ok(Ended::WentBack { .. })));
        assert_eq!(one.text(), "old\n");
    }

    #[test]
    fn a_check_that_fails_before_stops_everything() {
        let one = Try::new();
        let steps = Steps { checks: vec![grep("new", &one.file)], ..Steps::default() };
        assert!(matches!(one.apply(&steps), Err(Error::Command { .. })));
        assert_eq!((one.text().as_str(), one.folder.path().join("store").exists()), ("old\n", false));
    }

    #[test]
    fn a_reload_that_fails_is_made_again_with_the_old_texts() {
        let one = Try::new();
        let log = one.folder.path().join("log");
        let line = format!("cat {} >> {}; grep -q old {0}", one.file.display(), log.display());
        let steps = Steps { reloads: vec![reload(shell(line))], ..Steps::default() };
        assert!(matches!(one.apply(&steps), Ok(Ended::WentBack { .. })));
        assert_eq!((one.text().as_str(), fs::read_to_string(log).unwrap().as_str()), ("old\n", "new\nold\n"));
    }

    #[test]
    fn a_process_that_ends_when_it_reads_its_files_is_no_success() {
        let one = Try::new();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let command = ["kill", &child.id().to_string()].map(str::to_owned).to_vec();
        let steps = Steps { reloads: vec![Reload { command, process: Process::of(child.id()) }], ..Steps::default() };
        let ended = one.apply(&steps);
        assert!(matches!(&ended, Err(Error::Command { reason, .. }) if reason.contains("the files are back")), "{ended:?}");
        assert_eq!(one.text(), "old\n");
        child.wait().unwrap();
    }

    #[test]
    fn what_fails_before_is_no_reason_to_go_on() {
        let one = Try::new();
        let probe = Some(Probe { url: "http://127.0.0.1:1/".to_owned(), seconds: 0.0 });
        assert!(matches!(one.apply(&Steps { probe, ..Steps::default() }), Err(Error::Command { .. })));
        assert_eq!((one.text().as_str(), one.folder.path().join("store").exists()), ("old\n", false));
    }

    #[test]
    fn what_went_back_leaves_no_backup() {
        let one = Try::new();
        let steps = Steps { checks: vec![grep("old", &one.file)], ..Steps::default() };
        assert!(matches!(one.apply(&steps), Ok(Ended::WentBack { .. })));
        assert_eq!(Store::new(one.folder.path().join("store")).all().unwrap().0.len(), 0);
    }

    #[test]
    fn commands_are_shown_as_a_shell_would_take_them() {
        let command = ["nginx", "-g", "daemon off;", "it's"].map(str::to_owned);
        assert_eq!(shown(&command), r"nginx -g 'daemon off;' 'it'\''s'");
    }
}
