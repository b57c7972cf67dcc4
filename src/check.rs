//! The spine: what `gearmesh check` does, in order; and its first half, for `gearmesh show`.

use crate::bug;
use crate::config::Config;
use crate::error::Error;
use crate::link;
use crate::model::facts::Facts;
use crate::outcome::Outcome;
use crate::read::{self, Reading};
use crate::rule::Rule;
use crate::rules::{self, Loaded};
use crate::source::Input;
use crate::suppress;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Reads everything under the input's paths and says what is wrong with it.
///
/// # Errors
/// When gearmesh cannot do its work: a named path is missing, nothing is there to read, a rule is broken.
pub fn check(input: &Input, facts: &Facts, config: &Config) -> Result<Outcome, Error> {
    // Rules are made ready while files are read and linked, and no longer.
    let linked = AtomicBool::new(false);
    let (rules, read) = std::thread::scope(|scope| {
        let rules = scope.spawn(|| rules::load_with(config).inspect(|rules| rules::make_ready(rules, &linked)));
        let read = read::read(input, config).map(|mut read| (link::link(&mut read.pieces, facts), read));
        linked.store(true, Ordering::Relaxed);
        (bug::of_thread(rules.join()), read)
    });
    let (rules, (mut stack, read)) = (rules?, read?);
    let (about_comments, about_stack): (Vec<Loaded>, Vec<Loaded>) =
        rules.iter().cloned().partition(|loaded| loaded.rule.is_about_comments());
    let mut judged = rules::judge(&about_stack, &stack)?;
    let off = rules.iter().filter(|loaded| loaded.off).map(|loaded| loaded.rule.id.clone());
    let unsure = off.chain(judged.undecided.iter().map(|undecided| undecided.rule.clone())).collect();
    let rules: Vec<Arc<Rule>> = rules.into_iter().map(|loaded| loaded.rule).collect();
    let kept = suppress::apply(judged.findings, &read.pieces.files, &rules, &unsure, facts.today);
    link::comments(&mut stack, &kept.remarks);
    let comments = rules::judge(&about_comments, &stack)?;
    judged.undecided.extend(comments.undecided);
    let mut findings = [kept.findings, comments.findings].concat();
    findings.sort_by(|left, right| left.order().cmp(&right.order()));
    let mut remarks = std::mem::take(&mut stack.remarks);
    remarks.sort_by_key(|remark| (remark.span, remark.kind));
    Ok(Outcome {
        stack,
        findings,
        suppressed: kept.suppressed,
        accepted: 0,
        stale: Vec::new(),
        remarks,
        undecided: judged.undecided,
        unread: read.unread,
        notes: read.notes,
        configurations: read.configurations,
        matched: read.matched,
        links: read.pieces.paths.links(),
        rules,
    })
}

/// Reads and links everything under the input's paths, and judges nothing.
///
/// # Errors
/// When gearmesh cannot do its work: a named path is missing, nothing is there to read.
pub fn survey(input: &Input, facts: &Facts, config: &Config) -> Result<Outcome, Error> {
    let mut read = read::read(input, config)?;
    let stack = link::link(&mut read.pieces, facts);
    let Reading { pieces, unread, notes, configurations, matched } = read;
    Ok(Outcome { stack, unread, notes, configurations, matched, links: pieces.paths.links(), ..Outcome::default() })
}
