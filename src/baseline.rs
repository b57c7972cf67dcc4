//! What a project accepted all at once: the findings of one day, so that only new ones fail.
//!
//! In: findings with the stack they are about, and the entries of a baseline. Out: the findings that are new, those that are known, and
//! the entries that match nothing any more. An entry is a rule, a subject and the values in the message; it has no line and no path, so
//! what only moves stays known. The files of an entry only tell which of several equal findings it was. Opens no file, judges nothing, and changes no finding.

mod text;

use crate::finding::{Finding, Said};
use crate::model::{Kind, Stack};
use crate::outcome::Outcome;
use crate::source::paths::plain;
use crate::value::Setting;
use crate::vocabulary::secrets::mask;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// What has been accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What was looked at, relative to the baseline's folder.
    pub paths: BTreeSet<PathBuf>,
    /// How often each is accepted, at least once.
    pub entries: BTreeMap<Entry, usize>,
    /// The files with the primary places of each, relative to the baseline's folder.
    pub files: BTreeMap<Entry, BTreeSet<PathBuf>>,
}

/// What a finding is without its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    pub rule: String,
    /// "app shop"; a file without its folder.
    pub subject: String,
    /// The values in the message, but for names that may come from a file's.
    pub values: Vec<String>,
}

/// Absolute folders that paths are seen from.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// Where gearmesh was started, which the paths of a run are relative to.
    pub here: &'a Path,
    /// Where the baseline lies.
    pub folder: &'a Path,
}

impl Home<'_> {
    /// The file with the primary place of a finding, relative to the baseline's folder.
    fn file(&self, finding: &Finding, stack: &Stack) -> Option<PathBuf> {
        let (document, _) = stack.documents.place(finding.labels.first()?.span)?;
        Some(relative(&plain(&self.here.join(&document.path)), self.folder))
    }
}

/// What a baseline made of findings.
#[derive(Debug, Default, PartialEq)]
pub struct Sorted {
    pub new: Vec<Finding>,
    pub known: Vec<Finding>,
    /// Entries that match nothing any more, and how often.
    pub stale: BTreeMap<Entry, usize>,
}

/// Subjects that are called after a file or a folder where nothing else gives them a name.
const CALLED_AFTER_FILES: [Kind; 5] = [Kind::App, Kind::Launcher, Kind::Service, Kind::Socket, Kind::File];

impl Baseline {
    /// Accepts all findings of a run over absolute `paths`.
    pub fn of(outcome: &Outcome, paths: &[PathBuf], home: Home<'_>) -> Baseline {
        let names = Names::of(&outcome.stack);
        let paths = paths.iter().map(|path| relative(path, home.folder)).collect();
        let mut baseline = Baseline { paths, ..Baseline::default() };
        for finding in &outcome.findings {
            let entry = names.entry(finding);
            if let Some(file) = home.file(finding, &outcome.stack) {
                baseline.files.entry(entry.clone()).or_default().insert(file);
            }
            *baseline.entries.entry(entry).or_default() += 1;
        }
        baseline
    }

    /// Sorts the findings of a run into known and new ones.
    ///
    /// A finding whose subject the baseline does not speak of stands for an entry whose subject is gone, where rule and values are the
    /// same: the file was renamed that the subject is called after. Of more equal findings than are accepted, those in the files that
    /// the baseline was made from are the known ones.
    pub fn sort(&self, findings: Vec<Finding>, stack: &Stack, home: Home<'_>) -> Sorted {
        let names = Names::of(stack);
        let mut sorted = Sorted { stale: self.entries.clone(), ..Sorted::default() };
        let (mut elsewhere, mut rest) = (Vec::new(), Vec::new());
        for finding in findings {
            let entry = names.entry(&finding);
            let files = self.files.get(&entry);
            let is_there = home.file(&finding, stack).is_some_and(|file| files.is_some_and(|files| files.contains(&file)));
            let is_known = is_there && take(&mut sorted.stale, &entry);
            if is_known { sorted.known.push(finding) } else { elsewhere.push((entry, finding)) }
        }
        for (entry, finding) in elsewhere {
            if take(&mut sorted.stale, &entry) { sorted.known.push(finding) } else { rest.push((entry, finding)) }
        }
        let spoken_of: HashSet<&str> = self.entries.keys().map(|entry| &*entry.subject).collect();
        let mut renamed: HashMap<Entry, Vec<Entry>> = HashMap::new();
        for entry in sorted.stale.keys().filter(|entry| entry.may_be_renamed() && !names.titles.contains(&entry.subject)) {
            renamed.entry(entry.nameless()).or_default().push(entry.clone());
        }
        for (entry, finding) in rest {
            let before =
                renamed.get(&entry.nameless()).filter(|_| entry.may_be_renamed() && !spoken_of.contains(&*entry.subject));
            let is_known = before.is_some_and(|before| before.iter().any(|before| take(&mut sorted.stale, before)));
            if is_known { sorted.known.push(finding) } else { sorted.new.push(finding) }
        }
        sorted.known.sort_by(|left, right| left.order().cmp(&right.order()));
        sorted
    }

    /// Whether a run over absolute `paths` looks at all that the baseline in the absolute `folder` was made from. A run that looks at
    /// less does not know what is stale.
    pub fn is_covered(&self, paths: &[PathBuf], folder: &Path) -> bool {
        self.paths.iter().map(|path| plain(&folder.join(path))).all(|path| paths.iter().any(|looked| path.starts_with(looked)))
    }

    /// How many findings are accepted.
    pub fn count(&self) -> usize {
        self.entries.values().fold(0, |all, count| all.saturating_add(*count))
    }

    /// How many findings are accepted here and not there.
    pub fn beyond(&self, other: &Baseline) -> usize {
        let there = |entry| other.entries.get(entry).copied().unwrap_or_default();
        self.entries.iter().fold(0, |all, (entry, count)| all.saturating_add(count.saturating_sub(there(entry))))
    }
}

impl Sorted {
    /// Takes entries out of the stale ones that a run could not decide about: all of them while a program refuses one of the files, and
    /// those of rules that were undecided for their subject, or for any while their subject is not there.
    pub fn keep_decided(&mut self, outcome: &Outcome) {
        let is_refused = |count: &Setting| count.value.as_integer() != Some(0);
        let mut files = outcome.stack.all(Kind::File);
        if files.any(|(_, file)| file.settings.get("syntax_errors").is_some_and(is_refused)) {
            return self.stale.clear();
        }
        let names = Names::of(&outcome.stack);
        let mut undecided: HashMap<&str, HashSet<String>> = HashMap::new();
        for one in &outcome.undecided {
            undecided.entry(&one.rule).or_default().insert(subject(&one.subject));
        }
        self.stale.retain(|entry, _| {
            let is_there = names.titles.contains(&entry.subject);
            undecided.get(&*entry.rule).is_none_or(|subjects| is_there && !subjects.contains(&entry.subject))
        });
    }
}

impl Entry {
    fn may_be_renamed(&self) -> bool {
        let (kind, _) = self.subject.split_once(' ').unwrap_or_default();
        CALLED_AFTER_FILES.into_iter().any(|other| other.name() == kind)
    }

    /// The entry with the kind of its subject alone.
    fn nameless(&self) -> Entry {
        let (kind, _) = self.subject.split_once(' ').unwrap_or_default();
        Entry { subject: kind.to_owned(), ..self.clone() }
    }
}

impl fmt::Display for Entry {
    /// "stop-grace-below-graceful-timeout: launcher shop (5s, default 30s)"
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.subject)?;
        if self.values.is_empty() { Ok(()) } else { write!(f, " ({})", self.values.join(", ")) }
    }
}

/// Takes one of an entry's findings out; false when there is none left.
fn take(left: &mut BTreeMap<Entry, usize>, entry: &Entry) -> bool {
    match left.get_mut(entry) {
        Some(count) if *count > 1 => *count -= 1,
        Some(_) => drop(left.remove(entry)),
        None => return false,
    }
    true
}

/// What the subjects of a stack are called.
struct Names {
    /// As entries have them.
    titles: HashSet<String>,
    /// Those that may come from a file's name.
    after_files: HashSet<String>,
}

impl Names {
    fn of(stack: &Stack) -> Names {
        let all = Kind::ALL.into_iter().flat_map(|kind| stack.all(kind));
        let titles = all.map(|(_, node)| title(node.kind.name(), &node.name)).collect();
        let called = CALLED_AFTER_FILES.into_iter().flat_map(|kind| stack.all(kind));
        Names { titles, after_files: called.map(|(_, node)| node.name.to_string()).collect() }
    }

    fn entry(&self, finding: &Finding) -> Entry {
        let is_one = |value: &&Said| value.may_name && self.after_files.contains(&value.text);
        let values = finding.values.iter().filter(|value| !is_one(value)).map(|value| value.text.clone()).collect();
        Entry { rule: finding.rule.to_string(), subject: subject(&finding.subject), values }
    }
}

/// How an entry calls a subject, "file deploy/a.conf".
fn subject(text: &str) -> String {
    let (kind, name) = text.split_once(' ').unwrap_or((text, ""));
    mask::told(&title(kind, name))
}

/// How a subject is called wherever its file lies, and from wherever it is looked at.
fn title(kind: &str, name: &str) -> String {
    let name = if kind == Kind::File.name() { name.rsplit('/').next().unwrap_or(name) } else { name };
    format!("{kind} {name}")
}

/// An absolute path as it is reached from an absolute folder.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let shared = path.components().zip(folder.components()).take_while(|(left, right)| left == right).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let found: PathBuf = up.chain(path.components().skip(shared)).collect();
    if found.as_os_str().is_empty() { PathBuf::from(".") } else { found }
}

#[cfg(test)]
mod tests;
