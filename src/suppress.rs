//! What a person has accepted in the files themselves: findings on lines with a comment `gearmesh: ignore[rule-id]`.
//!
//! In: findings, and the comments that the formats saw. Out: the findings that stay, those that do not, with the comment and its
//! reason, and remarks about comments that name no rule, pass over nothing, or have expired. Changes no finding, and judges none.

use crate::finding::{Finding, Suppressed};
use crate::model::date::Date;
use crate::model::ignore::{Ignore, Reach};
use crate::model::piece::File;
use crate::model::remark::{Remark, RemarkKind};
use crate::rule::Rule;
use crate::source::{DocumentId, Span};
use crate::vocabulary::suggest::suggest_id;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What judging gave, without what a comment passes over.
#[derive(Debug, Default)]
pub struct Kept {
    /// In the order in which they came.
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    /// Sorted by place.
    pub remarks: Vec<Remark>,
}

/// Takes out the findings that a comment passes over: those with a label that begins on a line it speaks of. `unsure` are ids of rules
/// that may have something to find another time: they are switched off, or could not be decided somewhere. Without a day no comment
/// expires.
pub fn apply(
    findings: Vec<Finding>,
    files: &[File],
    rules: &[Arc<Rule>],
    unsure: &BTreeSet<Arc<str>>,
    today: Option<Date>,
) -> Kept {
    let mut comments = Comments::of(files, today);
    let mut kept = Kept::default();
    for finding in findings {
        match comments.about(&finding) {
            Some(ignore) => {
                kept.suppressed.push(Suppressed { finding, comment: ignore.span, reason: ignore.reason.clone() });
            }
            None => kept.findings.push(finding),
        }
    }
    kept.remarks = files.iter().flat_map(|file| file.ignores.remarks.iter().cloned()).collect();
    kept.remarks.extend(comments.remarks(files, rules, unsure));
    kept.remarks.sort_by_key(|remark| (remark.span, remark.kind));
    kept
}

/// One rule of one comment.
#[derive(Clone, Copy)]
struct Entry<'a> {
    ignore: &'a Ignore,
    name: Span,
}

/// An entry about some lines.
#[derive(Clone, Copy)]
struct Lines<'a> {
    entry: Entry<'a>,
    start: u32,
    end: u32,
    /// The last end of this one and those before it.
    farthest: u32,
}

/// All comments, by the file and the rule that they speak of.
struct Comments<'a> {
    /// In order of the lines.
    lines: HashMap<(DocumentId, &'a str), Vec<Lines<'a>>>,
    /// The first about the whole file.
    whole: HashMap<(DocumentId, &'a str), Entry<'a>>,
    /// Places of names that passed over something.
    used: BTreeSet<Span>,
    /// Answers given: many findings may have a label at one place.
    known: HashMap<(Arc<str>, Span), Option<&'a Ignore>>,
    today: Option<Date>,
}

/// The last day of a comment that has expired.
fn expired(ignore: &Ignore, today: Option<Date>) -> Option<Date> {
    ignore.until.filter(|until| today.is_some_and(|today| *until < today))
}

impl<'a> Comments<'a> {
    fn of(files: &'a [File], today: Option<Date>) -> Comments<'a> {
        let (lines, whole, known) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut comments = Comments { lines, whole, used: BTreeSet::new(), known, today };
        let all = files.iter().flat_map(|file| &file.ignores.list);
        for ignore in all.filter(|ignore| expired(ignore, today).is_none()) {
            for (rule, name) in &ignore.rules {
                let (key, entry) = ((ignore.span.document, &**rule), Entry { ignore, name: *name });
                match ignore.reach {
                    Reach::Lines(Span { start, end, .. }) => {
                        comments.lines.entry(key).or_default().push(Lines { entry, start, end, farthest: end });
                    }
                    Reach::File => {
                        comments.whole.entry(key).or_insert(entry);
                    }
                    Reach::Nothing => {}
                }
            }
        }
        for lines in comments.lines.values_mut() {
            lines.sort_by_key(|lines| lines.start);
            let mut farthest = 0;
            for lines in lines {
                farthest = farthest.max(lines.end);
                lines.farthest = farthest;
            }
        }
        comments
    }

    /// The first comment that passes over a finding, by its labels in order.
    fn about(&mut self, finding: &Finding) -> Option<&'a Ignore> {
        if self.lines.is_empty() && self.whole.is_empty() {
            return None;
        }
        let found: Vec<&Ignore> = finding.labels.iter().filter_map(|label| self.at(&finding.rule, label.span)).collect();
        found.first().copied()
    }

    /// The nearest comment about a rule that speaks of a place: of the lines around it, else of the file.
    fn at(&mut self, rule: &Arc<str>, place: Span) -> Option<&'a Ignore> {
        if let Some(known) = self.known.get(&(rule.clone(), place)) {
            return *known;
        }
        let key = (place.document, &**rule);
        let lines = self.lines.get(&key).map(Vec::as_slice).unwrap_or_default();
        let before = lines.get(..lines.partition_point(|lines| lines.start <= place.start)).unwrap_or_default();
        let reaching = before.iter().rev().take_while(|lines| lines.farthest >= place.start);
        let around = reaching.filter(|lines| lines.end >= place.start).map(|lines| lines.entry);
        let all: Vec<Entry<'_>> = around.chain(self.whole.get(&key).copied()).collect();
        self.used.extend(all.iter().map(|entry| entry.name));
        let found = all.first().map(|entry| entry.ignore);
        self.known.insert((rule.clone(), place), found);
        found
    }

    fn remarks(&self, files: &[File], rules: &[Arc<Rule>], unsure: &BTreeSet<Arc<str>>) -> Vec<Remark> {
        let names: BTreeSet<&str> = rules.iter().map(|rule| &*rule.id).collect();
        let about_comments: BTreeSet<&str> = rules.iter().filter(|rule| rule.is_about_comments()).map(|rule| &*rule.id).collect();
        let mut remarks = Vec::new();
        for (file, ignore) in files.iter().flat_map(|file| file.ignores.list.iter().map(move |ignore| (file, ignore))) {
            let expired = expired(ignore, self.today);
            if let Some(until) = expired {
                let message = format!("this was to end after {until}, and what it ignored is shown again").into();
                remarks.push(Remark { kind: RemarkKind::ExpiredIgnore, span: ignore.span, message });
            }
            for (rule, span) in &ignore.rules {
                if !names.contains(&**rule) {
                    let close = suggest_id(rule, names.iter().copied());
                    let close = close.map_or_else(String::new, |close| format!("; did you mean `{close}`?"));
                    let message = format!("there is no rule `{rule}`{close}").into();
                    remarks.push(Remark { kind: RemarkKind::UnknownRuleInIgnore, span: *span, message });
                } else if about_comments.contains(&**rule) {
                    let message =
                        format!("no comment ignores `{rule}`, which is about comments; gearmesh.toml can switch it off");
                    remarks.push(Remark { kind: RemarkKind::UnusedIgnore, span: *span, message: message.into() });
                } else if expired.is_none() && !self.used.contains(span) && !unsure.contains(rule) && file.problems.is_empty() {
                    // In a file that its program refuses nothing else is looked at.
                    let message = format!("`{rule}` finds nothing here, so there is nothing to ignore").into();
                    remarks.push(Remark { kind: RemarkKind::UnusedIgnore, span: *span, message });
                }
            }
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Label;
    use crate::model::ignore::Ignores;
    use crate::rule::{Confidence, Severity};

    fn span(start: usize, end: usize) -> Span {
        Span::new(DocumentId(0), start, end)
    }

    fn finding(rule: &str, labels: &[usize]) -> Finding {
        Finding {
            rule: rule.into(),
            subject: "app a".into(),
            severity: Severity::Warning,
            confidence: Confidence::High,
            message: String::new(),
            values: Vec::new(),
            labels: labels.iter().map(|at| Label { span: span(*at, *at + 1), text: String::new() }).collect(),
            help: None,
            fix: None,
        }
    }

    /// A comment at `at` about lines from `start` to `end`.
    fn ignore(rule: &str, at: usize, start: usize, end: usize) -> Ignore {
        let rules = vec![(rule.into(), span(at, at + rule.len()))];
        Ignore { span: span(at, at + 1), rules, reason: None, until: None, reach: Reach::Lines(span(start, end)) }
    }

    /// Where the comments stand that passed over each finding, for findings of the rule "a" at these places.
    fn passed_over(comments: &[Ignore], places: &[usize]) -> Vec<Option<u32>> {
        let ignores = Ignores { list: comments.to_vec(), remarks: Vec::new() };
        let file =
            File { document: DocumentId(0), kind: "nginx", template: None, problems: Vec::new(), oddities: Vec::new(), ignores };
        let one = |place: &usize| {
            let kept = apply(vec![finding("a", &[*place])], std::slice::from_ref(&file), &[], &BTreeSet::new(), None);
            kept.suppressed.first().map(|suppressed| suppressed.comment.start)
        };
        places.iter().map(one).collect()
    }

    #[test]
    fn the_nearest_comment_counts_and_long_ones_reach_over_short_ones() {
        let comments = [ignore("a", 900, 0, 500), ignore("a", 901, 10, 19), ignore("a", 902, 30, 39), ignore("b", 903, 40, 49)];
        let found = passed_over(&comments, &[0, 9, 10, 19, 20, 35, 45, 500, 501]);
        assert_eq!(found, [900, 900, 901, 901, 900, 902, 900, 900, 0].map(|at| (at > 0).then_some(at)));
    }

    #[test]
    fn the_primary_label_comes_first_and_every_comment_that_would_do_is_used() {
        let ignores = Ignores { list: vec![ignore("a", 900, 0, 9), ignore("a", 901, 10, 19)], remarks: Vec::new() };
        let files = [File {
            document: DocumentId(0),
            kind: "nginx",
            template: None,
            problems: Vec::new(),
            oddities: Vec::new(),
            ignores,
        }];
        let kept = apply(vec![finding("a", &[50, 12, 3]), finding("b", &[3])], &files, &[], &BTreeSet::new(), None);
        assert_eq!(kept.suppressed.iter().map(|found| found.comment.start).collect::<Vec<_>>(), [901]);
        assert_eq!(kept.findings.iter().map(|found| &*found.rule).collect::<Vec<_>>(), ["b"]);
        assert!(kept.remarks.iter().all(|remark| remark.kind == RemarkKind::UnknownRuleInIgnore));
    }
}
