//! What is written into files: proposals of rules, and single settings.

use super::everything::Everything;
use super::hold;
use super::tree::Tree;
use gearmesh::config::Config;
use gearmesh::edit::{self, Change, Changed, Edit, Operation};
use gearmesh::finding::Fix;
use gearmesh::fix::plan::{Options, Plan, Planner};
use gearmesh::model::{Kind, Stack, Subject};
use gearmesh::outcome::Settled;
use gearmesh::rule::Safety;
use gearmesh::settle::settle;
use gearmesh::source::{DocumentId, Input};
use gearmesh::value::{Duration, Known, Size, Value};
use gearmesh::vocabulary::gunicorn;
use gearmesh::vocabulary::types::Type;
use std::collections::BTreeMap;

/// A tree of files, with all proposals written until nothing changes any more.
pub fn fix(data: &[u8]) {
    let tree = Tree::read(data, "gunicorn.conf.py");
    let Some(outcome) = tree.check() else { return };
    for drop_in in [false, true] {
        let mut planner = Planner::new(&outcome.stack, Options { drop_in });
        for fix in outcome.findings.iter().filter_map(|finding| finding.fix.as_ref()) {
            if let Plan::Edits { edits, .. } = planner.plan(fix) {
                hold::edits(&edits, &outcome.stack.documents);
            }
        }
    }
    if !outcome.findings.iter().any(|finding| finding.fix.is_some()) {
        return;
    }
    let settled = settled(&tree, &tree.input());
    let again = Input { overlay: laid_over(&tree, &settled), ..tree.input() };
    let twice = self::settled(&tree, &again);
    assert!(twice.files.is_empty(), "fixing twice changes {:?}", twice.files.first().map(said));
}

fn settled(tree: &Tree, input: &Input) -> Settled {
    settle(input, &tree.facts, &Config::default(), &mut Everything).expect("what was checked is fixed")
}

fn laid_over(tree: &Tree, settled: &Settled) -> BTreeMap<std::path::PathBuf, std::sync::Arc<[u8]>> {
    let mut overlay = tree.input().overlay;
    overlay.extend(settled.files.iter().map(|file| (file.path.clone(), file.after.clone())));
    overlay
}

fn said(file: &Changed) -> String {
    let before = String::from_utf8_lossy(file.before.as_deref().unwrap_or_default()).into_owned();
    format!("{}:\n{before}\nto\n{}", file.path.display(), String::from_utf8_lossy(&file.after))
}

/// A setting of some subject in a tree of files, written as the first bytes say: what is written is what is read, and written again
/// it changes nothing.
pub fn write(data: &[u8]) {
    let Some(([subject, setting, value], data)) = data.split_first_chunk() else { return };
    let tree = Tree::read(data, "gunicorn.conf.py");
    let Some(before) = tree.survey() else { return };
    let Some((subject, name, to)) = chosen(&before.stack, *subject, *setting, *value) else { return };
    let was = before.stack.setting(subject, name).value;
    let Some(texts) = written(&before.stack, subject, name, &to) else { return };
    let mut overlay = tree.input().overlay;
    overlay.extend(texts);
    let after = tree.laid_over(overlay).survey().expect("what was written is read");
    let title = before.stack.title(subject);
    let shown = || {
        let files = after.stack.documents.iter().map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        files.collect::<Vec<_>>().join("\n---\n")
    };
    let found: Vec<Subject> = of_title(&after.stack, &title);
    let [subject] = found[..] else { panic!("of {title} there are {} after writing {name} = {to}:\n{}", found.len(), shown()) };
    let is = after.stack.setting(subject, name).value;
    // A number out of its range is the chosen one's fault.
    let is_refused = matches!(&is, Value::Unknown(unknown) if unknown.reason.starts_with("gunicorn refuses"));
    assert!(is_refused || is.known() == Some(&to), "{title}: {name} was {was:?}, is to be {to:?}, and is {is:?} in\n{}", shown());
    if is_refused {
        return;
    }
    let again = written(&after.stack, subject, name, &to);
    assert!(again.is_none(), "{title}: written a second time, {name} = {to} changes\n{}", shown());
}

fn of_title(stack: &Stack, title: &str) -> Vec<Subject> {
    let all = Kind::ALL.into_iter().flat_map(|kind| stack.subjects(kind).iter().copied());
    all.filter(|subject| stack.title(*subject) == title).collect()
}

/// The subject, the setting and the value that bytes choose; none where the subject is one of several of its name.
fn chosen(stack: &Stack, subject: u8, setting: u8, value: u8) -> Option<(Subject, &'static str, Known)> {
    let kinds = [Kind::App, Kind::Launcher, Kind::Service, Kind::Route, Kind::Server];
    let all: Vec<Subject> = kinds.into_iter().flat_map(|kind| stack.subjects(kind).iter().copied()).collect();
    let subject = *all.get(usize::from(subject) % all.len().max(1))?;
    let node = stack.node(subject)?;
    if of_title(stack, &stack.title(subject)).len() != 1 {
        return None;
    }
    let number = i64::from(value) + 1;
    let (seconds, bytes) =
        (Known::Duration(Duration::seconds(number)), Known::Size(Size { bytes: number << 20, written: "".into() }));
    let (setting, boolean) = (usize::from(setting), Known::Boolean(value.is_multiple_of(2)));
    let pick = |list: &[(&'static str, Known)]| list.get(setting % list.len()).cloned();
    let (name, to) = match node.kind {
        Kind::App => {
            let row = gunicorn::settings().get(setting % gunicorn::settings().len())?;
            // Another configuration file is another app, and what not every version knows is unknown.
            if row.name == "config" || gunicorn::exists_in(row, &gunicorn::supported()) != Some(true) {
                return None;
            }
            let kind = row.kind(&gunicorn::supported());
            let to = match kind {
                Type::Boolean => boolean,
                Type::Integer => Known::Integer(number),
                Type::Duration => seconds,
                Type::Text => Known::Text(TEXTS[usize::from(value) % TEXTS.len()].into()),
                _ => return None,
            };
            (row.name, to)
        }
        Kind::Launcher => {
            pick(&[("stop_grace", seconds), ("memory_limit", bytes), ("has_init", boolean.clone()), ("read_only_root", boolean)])?
        }
        Kind::Service => pick(&[
            ("TimeoutStopSec", seconds.clone()),
            ("TimeoutStartSec", seconds),
            ("MemoryMax", bytes),
            ("LimitNOFILE", Known::Text(number.to_string().into())),
            ("KillMode", Known::Text("mixed".into())),
        ])?,
        _ => {
            pick(&[("proxy_read_timeout", seconds.clone()), ("client_max_body_size", bytes), ("proxy_connect_timeout", seconds)])?
        }
    };
    Some((subject, name, to))
}

const TEXTS: [&str; 6] = ["x", "it's", "a b", "a\"b\\", "naïve", "#1"];

/// The texts of the files that a setting is written into; none where it is left to a person, or nothing changes.
fn written(
    stack: &Stack,
    subject: Subject,
    name: &str,
    to: &Known,
) -> Option<BTreeMap<std::path::PathBuf, std::sync::Arc<[u8]>>> {
    let change = Change {
        operation: Operation::Set,
        subject,
        title: stack.title(subject),
        setting: format!("{}.{name}", stack.node(subject)?.kind),
        to: Some(to.clone()),
        origin: stack.setting(subject, name).origin,
    };
    let fix = Fix { safety: Safety::Safe, because: String::new(), changes: vec![change] };
    let Plan::Edits { edits, .. } = Planner::new(stack, Options::default()).plan(&fix) else { return None };
    hold::edits(&edits, &stack.documents);
    let mut by_document: BTreeMap<DocumentId, Vec<Edit>> = BTreeMap::new();
    edits.into_iter().for_each(|edit| by_document.entry(edit.span.document).or_default().push(edit));
    let made = by_document.into_iter().map(|(id, edits)| {
        let document = stack.documents.get(id).expect("the document is there");
        (document.path.clone(), edit::apply(&document.bytes, &edits).expect("edits are beside each other").into())
    });
    Some(made.collect())
}
