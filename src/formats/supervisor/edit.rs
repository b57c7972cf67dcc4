//! Writes keys of programs.
//!
//! In: an order and a file of supervisor. Out: the edits, or why there are none. A key is changed where it stands; one that stands nowhere
//! goes behind the last one of its program, in the manner of that. Never touches what all programs share.

use crate::edit::{Edit, Operation, Order, Place, Refusal};
use crate::formats::ini::{Entry, Ini, Section};
use crate::formats::lines;
use crate::model::Kind;
use crate::source::{Document, Span};
use crate::value::{Duration, Known};

/// A launcher's facts and the keys that set them.
const KEYS: [(&str, &str); 7] = [
    ("user", "user"),
    ("working_directory", "directory"),
    ("stop_grace", "stopwaitsecs"),
    ("stop_signal", "stopsignal"),
    ("replicas", "numprocs"),
    ("stop_group", "stopasgroup"),
    ("kill_group", "killasgroup"),
];

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, ini: &Ini, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let file = File { document, ini };
    if order.kind == Kind::Oddity {
        return Err(Refusal::new("what was meant is not known"));
    }
    let key = KEYS.iter().find(|(name, _)| *name == &*order.name).map(|(_, key)| *key);
    let key = key.ok_or_else(|| Refusal::new("no key of a program sets it"))?;
    match order.place {
        Place::Home(span) => file.at_home(span, key, order),
        Place::Written(span) => {
            let (section, entry) = file.entry(span)?;
            if !section.name.starts_with("program:") {
                return Err(Refusal::new(format!("it stands in [{}] and holds for all programs", section.name)));
            }
            file.written(section, entry, key, order)
        }
    }
}

struct File<'d> {
    document: &'d Document,
    ini: &'d Ini,
}

impl File<'_> {
    fn entry(&self, span: Span) -> Result<(&Section, &Entry), Refusal> {
        let holds = |entry: &&Entry| entry.span().start <= span.start && span.start <= entry.span().end;
        let mut all = self.ini.sections.iter().flat_map(|section| section.entries.iter().map(move |entry| (section, entry)));
        all.find(|(_, entry)| holds(entry)).ok_or_else(|| Refusal::new("no key stands there any more"))
    }

    fn at_home(&self, span: Span, key: &str, order: &Order) -> Result<Vec<Edit>, Refusal> {
        if order.operation != Operation::Set {
            return Err(Refusal::new("nothing is written there"));
        }
        let section = self.ini.sections.iter().find(|section| section.span == span);
        let section = section.ok_or_else(|| Refusal::new("its section does not stand there any more"))?;
        Ok(vec![self.insert(section, section.entries.last(), key, &printed(order, "")?)])
    }

    fn written(&self, section: &Section, entry: &Entry, key: &str, order: &Order) -> Result<Vec<Edit>, Refusal> {
        let is_it = entry.key.eq_ignore_ascii_case(key);
        match order.operation {
            Operation::Set if is_it => Ok(vec![self.replace(entry.value.span(), printed(order, &entry.value.text)?)?]),
            // One key stands for two, and a line of its own changes one of them.
            Operation::Set => Ok(vec![self.insert(section, Some(entry), key, &printed(order, "")?)]),
            Operation::Unset if is_it => {
                let same = |other: &&Section| other.name == section.name;
                let all = self.ini.sections.iter().filter(same).flat_map(|section| &section.entries);
                Ok(all.filter(|other| other.key.eq_ignore_ascii_case(key)).map(|entry| self.without(entry)).collect())
            }
            Operation::Unset => Err(Refusal::new(format!("{} decides it", entry.key))),
            _ => Err(Refusal::new("a key of a program is set or taken away, and nothing else")),
        }
    }

    /// Replaces a part of a value.
    fn replace(&self, span: Span, text: String) -> Result<Edit, Refusal> {
        let inside = |comment: &&Span| span.start <= comment.start && comment.start < span.end;
        match self.ini.comments.iter().find(inside) {
            Some(_) => Err(Refusal::new("a comment stands among the lines of the value")),
            None => Ok(Edit { span, text }),
        }
    }

    fn without(&self, entry: &Entry) -> Edit {
        lines::remove(self.document, entry.key_span.start as usize, entry.value.span().end as usize)
    }

    /// A line behind a neighbour, or behind the header, in the neighbour's manner.
    fn insert(&self, section: &Section, neighbour: Option<&Entry>, key: &str, value: &str) -> Edit {
        let Some(near) = neighbour else {
            return lines::insert_after(self.document, section.span.end as usize, &format!("{key}={value}"));
        };
        let start = near.key_span.start as usize;
        let indentation = self.document.span(lines::at(&self.document.bytes, start).start, start);
        let between = self.document.text(self.document.span(near.key_span.end as usize, near.value.span().start as usize));
        let plain = near.value.text.is_empty() || between.contains(['\n', '\r']);
        let line = format!("{}{key}{}{value}", self.document.text(indentation), if plain { "=" } else { &*between });
        lines::insert_after(self.document, near.value.span().end as usize, &line)
    }
}

/// What an order comes to, for a person to write: "stopwaitsecs=35".
pub fn spell(order: &Order) -> Option<String> {
    let (_, key) = KEYS.iter().find(|(name, _)| *name == &*order.name)?;
    match &order.to {
        Some(to) => Some(format!("{key}={}", printed(order, "").unwrap_or_else(|_| to.to_string()))),
        None => Some(format!("no {key}=")),
    }
}

/// The new value as supervisor takes it.
fn printed(order: &Order, old: &str) -> Result<String, Refusal> {
    let to = order.to.as_ref().ok_or_else(|| Refusal::new("there is no new value"))?;
    match (&*order.name, to) {
        ("stop_grace", Known::Duration(duration)) => seconds(duration),
        ("stop_signal", Known::Text(signal)) => {
            let bare = signal.strip_prefix("SIG").unwrap_or(signal);
            let long = old.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("SIG"));
            Ok(if long { format!("SIG{bare}") } else { bare.to_owned() })
        }
        (_, Known::Boolean(on)) => Ok(truth(*on, old).to_owned()),
        (_, Known::Integer(number)) => Ok(number.to_string()),
        (_, Known::Text(text)) => plain(text),
        _ => Err(Refusal::new("supervisor has no such value")),
    }
}

/// Whole seconds, as a bare number.
fn seconds(duration: &Duration) -> Result<String, Refusal> {
    match duration.milliseconds {
        Duration::INFINITE => Err(Refusal::new("supervisor waits for no endless time")),
        milliseconds => Ok(milliseconds.saturating_add(999).div_euclid(1000).to_string()),
    }
}

/// true or false in the words of the old value.
fn truth(on: bool, old: &str) -> &'static str {
    let pairs = [("yes", "no"), ("on", "off"), ("1", "0"), ("true", "false")];
    let pair = pairs.into_iter().find(|(yes, no)| old.eq_ignore_ascii_case(yes) || old.eq_ignore_ascii_case(no));
    let (yes, no) = pair.unwrap_or(("true", "false"));
    if on { yes } else { no }
}

/// A text that comes back as it is: a percent sign begins a name, and a `;` behind a blank a comment.
fn plain(text: &str) -> Result<String, Refusal> {
    let is_comment = text.starts_with([';', '#']) || [" ;", " #", "\t;", "\t#"].iter().any(|mark| text.contains(mark));
    if is_comment || text.is_empty() || text.trim() != text || text.contains(char::is_control) {
        return Err(Refusal::new("supervisor would read the value otherwise"));
    }
    Ok(text.replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Tongue, apply};
    use crate::source::DocumentId;

    fn made(text: &str, operation: Operation, kind: Kind, name: &str, needle: &str, to: Option<Known>) -> Result<String, String> {
        let document = Document::new(DocumentId(0), "a.conf", text.as_bytes());
        let at = text.find(needle).unwrap_or_else(|| panic!("{needle:?} is not in {text:?}"));
        let span = document.span(at, at + needle.len());
        let place = if needle.starts_with('[') { Place::Home(span) } else { Place::Written(span) };
        let order = Order { operation, tongue: Tongue::Own, kind, name: name.into(), place, was: None, to };
        let edits = edit(&document, &crate::formats::supervisor::parse(&document), &order).map_err(|refused| refused.0)?;
        Ok(String::from_utf8(apply(&document.bytes, &edits).expect("edits do not overlap")).expect("text"))
    }

    fn set(text: &str, name: &str, needle: &str, to: Known) -> Result<String, String> {
        made(text, Operation::Set, Kind::Launcher, name, needle, Some(to))
    }

    fn grace(seconds: i64) -> Known {
        Known::Duration(Duration::seconds(seconds))
    }

    fn ok(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    #[test]
    fn a_value_is_replaced_where_it_stands() {
        let text = "[program:a]\r\n StopWaitSecs : 10 ; why\r\nuser=x\r\n";
        let expected = "[program:a]\r\n StopWaitSecs : 35 ; why\r\nuser=x\r\n";
        assert_eq!(set(text, "stop_grace", "StopWaitSecs", grace(35)), ok(expected));
        assert_eq!(
            set("[program:a]\nstopsignal=SIGQUIT", "stop_signal", "stopsignal", Known::Text("SIGTERM".into())),
            ok("[program:a]\nstopsignal=SIGTERM")
        );
        assert_eq!(
            set("[program:a]\nstopsignal=QUIT", "stop_signal", "stopsignal", Known::Text("SIGTERM".into())),
            ok("[program:a]\nstopsignal=TERM")
        );
        assert!(set("[DEFAULT]\nstopwaitsecs=5\n[program:a]\n", "stop_grace", "stopwaitsecs", grace(35)).is_err());
    }

    #[test]
    fn a_new_key_stands_behind_the_last_one() {
        let text = "[program:a]\ncommand = x\n    y ; note\n\n# b\n[program:b]\ncommand=z\n";
        let expected = "[program:a]\ncommand = x\n    y ; note\nstopwaitsecs = 35\n\n# b\n[program:b]\ncommand=z\n";
        assert_eq!(set(text, "stop_grace", "[program:a]", grace(35)), ok(expected));
        assert_eq!(set("[program:a]", "stop_grace", "[program:a]", grace(35)), ok("[program:a]\nstopwaitsecs=35"));
        let text = "[program:a]\n  stopasgroup: yes\n  user: x\n";
        let expected = "[program:a]\n  stopasgroup: yes\n  killasgroup: true\n  user: x\n";
        assert_eq!(set(text, "kill_group", "stopasgroup", Known::Boolean(true)), ok(expected));
    }

    #[test]
    fn keys_go() {
        let text = "[program:a]\nstopwaitsecs=5 ; c\nuser=x\n[program:a]\nstopwaitsecs=6\n";
        assert_eq!(
            made(text, Operation::Unset, Kind::Launcher, "stop_grace", "stopwaitsecs=6", None),
            ok("[program:a]\nuser=x\n[program:a]\n")
        );
    }

    #[test]
    fn a_person_is_told_the_key() {
        let order = |operation, name: &str, to| {
            let place = Place::Home(Span::new(DocumentId(0), 0, 0));
            Order { operation, tongue: Tongue::Own, kind: Kind::Launcher, name: name.into(), place, was: None, to }
        };
        assert_eq!(spell(&order(Operation::Set, "stop_grace", Some(grace(35)))).as_deref(), Some("stopwaitsecs=35"));
        assert_eq!(spell(&order(Operation::Unset, "stop_signal", None)).as_deref(), Some("no stopsignal="));
        assert_eq!(spell(&order(Operation::Unset, "memory_limit", None)), None);
    }

    #[test]
    fn what_supervisor_would_read_otherwise_is_escaped_or_refused() {
        let directory = |to: &str| set("[program:a]\ndirectory=/a\n", "working_directory", "directory", Known::Text(to.into()));
        assert_eq!(directory("/a%b"), ok("[program:a]\ndirectory=/a%%b\n"));
        for wrong in ["/a ;b", "#a", "a\nb", " a", ""] {
            assert!(directory(wrong).is_err(), "{wrong:?}");
        }
        assert!(
            set("[program:a]\ndirectory=/a\n # c\n /b\n", "working_directory", "directory", Known::Text("/c".into())).is_err()
        );
    }
}
