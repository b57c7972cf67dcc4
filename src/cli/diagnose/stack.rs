//! The stack that a diagnosis is held against: checked once, then asked what each rule makes of it and which logs it names.
//!
//! A rule that is silent says something only where there is what it looks at: that nginx's timeouts are fine is not known from a unit.

use crate::check::check;
use crate::cli::format;
use crate::cli::reach::Reach;
use crate::config::Config;
use crate::error::Error;
use crate::finding::Finding;
use crate::logs::likely::Verdict;
use crate::model::facts::{Declared, Facts};
use crate::model::{Kind, Stack};
use crate::outcome::Outcome;
use crate::rules;
use crate::source::Input;
use crate::value::Origin;
use crate::vocabulary::version::VersionRange;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where Debian's nginx logs when its configuration does not say (error_log of its package).
const USUAL: [&str; 1] = ["/var/log/nginx/error.log"];

pub(super) struct Seen {
    pub(super) outcome: Outcome,
    /// The rules that had something to look at, and were not left undecided.
    decided: BTreeSet<String>,
    summaries: BTreeMap<String, String>,
}

impl Seen {
    /// # Errors
    /// As [`check`].
    pub(super) fn new(input: &Input, facts: &Facts, config: &Config) -> Result<Seen, Error> {
        let outcome = check(input, facts, config)?;
        let has = |kind: Kind| outcome.stack.all(kind).next().is_some();
        let loaded = rules::load_with(config)?;
        let undecided: BTreeSet<&str> = outcome.undecided.iter().map(|undecided| &*undecided.rule).collect();
        let able =
            loaded.iter().filter(|loaded| !loaded.off && loaded.subjects().all(has) && !undecided.contains(&*loaded.rule.id));
        let decided = able.map(|loaded| loaded.rule.id.to_string()).collect();
        let summaries = loaded.iter().map(|loaded| (loaded.rule.id.to_string(), loaded.rule.summary.to_string())).collect();
        Ok(Seen { outcome, decided, summaries })
    }

    /// What a rule finds, accepted by a comment or not.
    pub(super) fn findings(&self, rule: &str) -> impl Iterator<Item = &Finding> {
        let suppressed = self.outcome.suppressed.iter().map(|suppressed| &suppressed.finding);
        self.outcome.findings.iter().chain(suppressed).filter(move |finding| &*finding.rule == rule)
    }

    /// Whether `gearmesh fix` writes what a finding proposes.
    pub(super) fn can_fix(&self, finding: &Finding) -> bool {
        format::edits(&self.outcome, &[finding]).edits.iter().any(|edits| !edits.is_empty())
    }

    pub(super) fn unread(&self) -> impl Iterator<Item = (String, String)> {
        self.outcome.unread.iter().map(|unread| (unread.path.display().to_string(), unread.reason.clone()))
    }
}

/// The error logs that nginx and gunicorn are told to write and that may be opened.
pub(in crate::cli) fn logs(stack: &Stack, reach: &Reach<'_>) -> Vec<PathBuf> {
    let nginx = stack.scopes.iter().flat_map(|(_, scope)| &scope.directives).filter(|directive| &*directive.name == "error_log");
    let nginx = nginx.filter_map(|directive| Some(directive.args.first()?.text.to_string()));
    let apps = stack.subjects(Kind::App).iter().filter_map(|app| {
        let setting = stack.setting(*app, "errorlog");
        setting.value.as_text().map(str::to_owned)
    });
    let named: BTreeSet<String> = nginx.chain(apps).chain(USUAL.map(str::to_owned)).collect();
    let absolute = named.iter().map(Path::new).filter(|path| path.is_absolute());
    absolute.filter_map(|path| reach.file(path).ok()).filter(|path| path.is_file()).collect()
}

/// What is known of a rule here.
pub(super) fn verdict(seen: Option<&Seen>, rule: &str) -> Verdict {
    match seen {
        Some(seen) if seen.findings(rule).next().is_some() => Verdict::Found,
        Some(seen) if seen.decided.contains(rule) => Verdict::Silent,
        _ => Verdict::Unknown,
    }
}

/// What a rule finds in general, in a line.
pub(super) fn summary(seen: Option<&Seen>, rule: &str) -> Option<String> {
    match seen {
        Some(seen) => seen.summaries.get(rule).cloned(),
        None => rules::load().into_iter().find(|loaded| *loaded.rule.id == *rule).map(|loaded| loaded.rule.summary.to_string()),
    }
}

/// A version that a flag says.
pub(super) fn declared(range: VersionRange) -> Declared {
    Declared { range, origin: Origin::Default { source: "--gunicorn-version".into() } }
}
