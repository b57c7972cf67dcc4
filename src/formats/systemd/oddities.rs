//! What a unit file says in vain: keys that nobody knows, keys in the wrong section, values that are ignored, comments behind values,
//! lines lost behind a backslash.
//!
//! In: a file as parsed, alone. Out: oddities, and values that make systemd refuse the unit. As `systemd-analyze verify` of systemd
//! 252 tells them; never judges a text that is filled in later.

use super::{Assignment, ProblemKind, UnitFile, values};
use crate::formats::ration::MAX_ODD;
use crate::model::piece::{Oddity, Problem};
use crate::source::{Document, STDIN, Span};
use crate::vocabulary::suggest::suggest;
use crate::vocabulary::systemd as keys;
use std::path::Path;

/// What is odd in one file, in order of place.
pub fn oddities(document: &Document, file: &UnitFile) -> Vec<Oddity> {
    let Some(own) = own_section(&document.path, file) else { return Vec::new() };
    let lost = lost(document, file, own);
    let mut odd: Vec<Oddity> = lost.iter().map(|lost| lost.oddity(document, file)).collect();
    let is_lost = |span: Span| {
        let next = lost.partition_point(|lost| lost.to <= span.start);
        lost.get(next).is_some_and(|lost| lost.from <= span.start)
    };
    odd.extend(file.sections.iter().filter_map(|found| section(&found.name, found.span, own)));
    let mine = |assignment: &&Assignment| [own, "Unit", "Install"].contains(&&*assignment.section);
    let known = file.assignments.iter().filter(mine).filter(|assignment| !is_lost(assignment.span));
    // What is meant is looked for no more often than it is told.
    odd.extend(known.flat_map(|assignment| judge(assignment, own, file)).take(MAX_ODD + 1));
    odd.extend(file.problems.iter().filter(|problem| !is_lost(problem.span)).filter_map(|problem| {
        let name = document.text(problem.span).lines().next().unwrap_or_default().trim().to_owned();
        let ignored =
            matches!(problem.kind, ProblemKind::MissingEquals | ProblemKind::MissingKey | ProblemKind::AssignmentOutsideSection);
        (ignored && !is_filled_in(&name)).then(|| Oddity::new("ignored-unit-line", name, problem.span, problem.message.clone()))
    }));
    odd.sort_by_key(|oddity| oddity.span);
    odd
}

/// Whether systemd reads a text as it stands: what a template or a unit inside a script says is odd only once it is filled in.
pub fn is_as_it_stands(path: &Path, template: Option<&str>) -> bool {
    template.is_none() && !path.extension().is_some_and(|extension| extension == "sh" || extension == "bash")
}

/// Values for which systemd refuses the whole unit.
pub fn refused_values(file: &UnitFile) -> Vec<Problem> {
    let folders = file.assignments.iter().filter(|line| &*line.section == "Service" && &*line.key == "WorkingDirectory");
    let refused = folders.filter_map(|line| {
        let text = line.value.text.as_str();
        let known =
            text.is_empty() || text == "~" || text.starts_with(['-', '%']) || (is_filled_in(text) && !text.starts_with('$'));
        let message = match text.starts_with('/') {
            _ if known => return None,
            true if text.split('/').all(|part| part != "..") => return None,
            true => format!("WorkingDirectory={text} goes up by \"..\", and systemd refuses the unit"),
            false if text.starts_with(['"', '\'']) => {
                format!("quotes are a part of WorkingDirectory={text}, which is no absolute path then; systemd refuses the unit")
            }
            false => format!("WorkingDirectory={text} is no absolute path, and systemd refuses the unit"),
        };
        Some(Problem { span: line.value.span(), message })
    });
    refused.collect()
}

/// The section that belongs to the type of unit: by the file's name, the name of its folder of drop-ins, else what it has.
fn own_section(path: &Path, file: &UnitFile) -> Option<&'static str> {
    let of = |name: &str| match name {
        name if name.contains(".service") || name == "service.d" => Some("Service"),
        name if name.contains(".socket") || name == "socket.d" => Some("Socket"),
        _ => None,
    };
    let name = |path: Option<&Path>| path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let own = name(Some(path)).filter(|_| path != Path::new(STDIN));
    let has = |wanted: &'static str| file.sections.iter().any(|section| &*section.name == wanted).then_some(wanted);
    own.and_then(|name| of(&name))
        .or_else(|| name(path.parent()).filter(|folder| folder.ends_with(".d")).and_then(|folder| of(&folder)))
        .or_else(|| has("Service"))
        .or_else(|| has("Socket"))
}

/// A section that systemd does not know and that is near one that it does; what belongs to other programs is none of our business.
fn section(name: &str, span: Span, own: &'static str) -> Option<Oddity> {
    let known = [own, "Unit", "Install"];
    if known.contains(&name) || keys::sections().any(|other| other == name) {
        return None;
    }
    let same = known.into_iter().find(|known| known.eq_ignore_ascii_case(name.trim()));
    let meant = same.or_else(|| suggest(name, known))?;
    let reason = format!("systemd has no section [{name}] and ignores everything in it");
    Some(Oddity::new("ignored-unit-line", format!("[{name}]"), span, reason).meant(Some(format!("[{meant}]"))))
}

fn judge(assignment: &Assignment, own: &'static str, file: &UnitFile) -> Vec<Oddity> {
    let (section, name) = (&*assignment.section, &*assignment.key);
    let Some(key) = keys::key(section, name) else {
        return if name.starts_with("X-") || is_filled_in(name) { Vec::new() } else { vec![unknown(assignment, own)] };
    };
    let mut odd = values::oddities(key, assignment, file);
    if let Some(since) = key.since {
        let reason = format!("systemd before {since} does not know {name} and ignores it");
        odd.push(Oddity { before: Some(since), ..Oddity::new("unknown-unit-key", name, assignment.key_span, reason) });
    }
    odd
}

/// A key that its section does not know: it belongs to another one, or to none.
fn unknown(assignment: &Assignment, own: &'static str) -> Oddity {
    let (section, name) = (&*assignment.section, &*assignment.key);
    let homes = keys::sections_of(name);
    let Some(first) = homes.first() else {
        let same = keys::keys(section).find(|known| known.eq_ignore_ascii_case(name));
        let meant = same.or_else(|| suggest(name, sorted(section)));
        let reason = format!("systemd knows no key {name} in [{section}] and ignores it");
        return Oddity::new("unknown-unit-key", name, assignment.key_span, reason).meant(meant);
    };
    let home = [own, "Unit", "Install"].into_iter().find(|home| homes.contains(home));
    let elsewhere = if home.is_some() { "" } else { " of another type of unit" };
    let reason = format!("{name} belongs in [{}]{elsewhere}; in [{section}] systemd ignores it", home.unwrap_or(first));
    Oddity::new("unit-key-in-wrong-section", name, assignment.key_span, reason).with_value(section).meant(home)
}

fn sorted(section: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = keys::keys(section).collect();
    names.sort_unstable();
    names
}

/// Whether a text is filled in before systemd reads it.
pub(super) fn is_filled_in(text: &str) -> bool {
    ["{{", "{%", "${", "$(", "<", "@@", "template"].iter().any(|mark| text.contains(mark))
        || text.starts_with(['$', '{'])
        || (text.starts_with('@') && text.trim_end().ends_with('@') && text.len() > 1)
}

/// Lines behind a backslash that a blank follows: they look continued and are not.
struct Lost {
    backslash: Span,
    from: u32,
    to: u32,
    lines: usize,
}

impl Lost {
    fn oddity(&self, document: &Document, file: &UnitFile) -> Oddity {
        let at = |assignment: &&Assignment| {
            assignment.span.start <= self.backslash.start && self.backslash.start <= assignment.span.end
        };
        let key = file.assignments.iter().find(at).map_or("", |assignment| &*assignment.key);
        let many = if self.lines == 1 { "line is" } else { "lines are" };
        let reason = format!("a blank follows the backslash, so the next {}{many} lost", Lost::count(self.lines));
        let written = document.text(self.backslash).into_owned();
        Oddity::new("backslash-before-blank", key, self.backslash, reason).with_value(written).meant(Some("\\"))
    }

    fn count(lines: usize) -> String {
        if lines == 1 { String::new() } else { format!("{lines} ") }
    }
}

fn lost(document: &Document, file: &UnitFile, own: &str) -> Vec<Lost> {
    let backslashes = file.problems.iter().filter(|problem| problem.kind == ProblemKind::BackslashBeforeBlank);
    let mut all: Vec<Lost> = Vec::new();
    for problem in backslashes {
        // A lost line may end in the same way.
        if all.last().is_some_and(|last| problem.span.start < last.to) {
            continue;
        }
        let (mut from, mut to, mut lines) = (None, problem.span.end, 0);
        let behind = problem.span.end as usize;
        let rest = document.bytes.get(behind..).unwrap_or_default();
        let is_whole = document.bytes.get(..behind).is_some_and(|before| before.ends_with(b"\n") || before.ends_with(b"\r"));
        for (start, end, next) in super::physical_lines(rest).skip(usize::from(!is_whole)) {
            let (start, end, next) = (behind + start, behind + end, behind + next);
            let bytes = document.bytes.get(start..end).unwrap_or_default();
            let text = String::from_utf8_lossy(bytes);
            if !super::is_comment(bytes) {
                if text.trim().is_empty() || text.trim_start().starts_with('[') || begins_anew(&text, own) {
                    break;
                }
                from = from.or(Some(start as u32));
                lines += 1;
            }
            to = next as u32;
        }
        if let Some(from) = from {
            all.push(Lost { backslash: problem.span, from, to, lines });
        }
    }
    all
}

/// Whether a line sets a key that a unit of this type has.
fn begins_anew(line: &str, own: &str) -> bool {
    let name = line.split_once('=').map(|(name, _)| name.trim());
    name.is_some_and(|name| keys::unit_key(own, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    fn odd(path: &str, text: &str) -> Vec<String> {
        let document = Document::new(DocumentId(0), path, text.as_bytes().to_vec());
        let file = super::super::parse(&document);
        let read = oddities(&document, &file).into_iter().filter(|oddity| oddity.before.is_none());
        read.map(|oddity| {
            format!("{} {} {}", oddity.kind, oddity.name, oddity.suggestion.unwrap_or_default()).trim_end().to_owned()
        })
        .collect()
    }

    #[test]
    fn keys_are_held_against_their_section() {
        let text = "[Unit]\nTimeoutStopSec=5\nX-A=1\n[Service]\nStartLimitIntervalSec=0\nStartLimitInterval=0\nTimoutStopSec=3\n\
                    execstart=/bin/a\nListenStream=80\nFooBar=1\n{{ a }}=b\n[Timer]\nX=1\n[service]\nUser=a\n[Sevice]\n[Foo]\n";
        let found = [
            "unit-key-in-wrong-section TimeoutStopSec Service",
            "unit-key-in-wrong-section StartLimitIntervalSec Unit",
            "unknown-unit-key TimoutStopSec TimeoutStopSec",
            "unknown-unit-key execstart ExecStart",
            "unit-key-in-wrong-section ListenStream",
            "unknown-unit-key FooBar",
            "ignored-unit-line [service] [Service]",
            "ignored-unit-line [Sevice] [Service]",
        ];
        assert_eq!(odd("a.service", text), found);
        assert_eq!(odd("a.service.d/b.conf", "[Service]\nUsr=a\n"), ["unknown-unit-key Usr User"]);
    }

    #[test]
    fn lines_behind_a_blank_after_a_backslash_are_lost() {
        let text = "[Service]\nExecStart=/bin/a \\ \n  --bind=b \\\n  c\n\n";
        assert_eq!(odd("a.service", text), ["backslash-before-blank ExecStart \\"]);
        assert_eq!(odd("a.service", "[Service]\nExecStart=/bin/a \\ \nUser=b\n"), Vec::<String>::new());
        assert_eq!(odd("a.service", "[Service]\nExecStart=/bin/a\n  --bind b\n"), ["ignored-unit-line --bind b"]);
    }

    #[test]
    fn a_folder_is_an_absolute_path() {
        let refused = |text: &str| {
            let document =
                Document::new(DocumentId(0), "a.service", format!("[Service]\nWorkingDirectory={text}\n").into_bytes());
            !refused_values(&super::super::parse(&document)).is_empty()
        };
        assert!(["a", "\"/a\"", "~/a", "$A", "/a/../b"].into_iter().all(refused));
        assert!(!["/a", "-a", "~", "%h/a", "", "{{ a }}", "/a b"].into_iter().any(refused));
    }
}
