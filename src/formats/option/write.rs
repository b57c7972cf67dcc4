//! What an order means for the words of a command: which bytes become others.
//!
//! In: a command and an order. Out: spellings of the edit, the best first, each with the words that must stand there afterwards; the
//! caller takes the first that reads so. Words go with what separates them from the word before, so joined lines stay joined.

use super::command::{Command, Word};
use super::lines::{line_of, lines, newline};
use super::place::Joint;
use crate::edit::{Edit, Operation, Order, Place, Refusal, Tongue};
use crate::source::{Document, Span};
use crate::value::{Duration, Known};
use crate::vocabulary::gunicorn::{self, Action, Form, Raw};

/// One way to write it.
pub struct Attempt {
    pub edits: Vec<Edit>,
    /// What the words say afterwards; none for one that is not known.
    pub expected: Vec<Option<String>>,
}

/// All ways to carry out an order.
///
/// # Errors
/// There is none.
pub fn attempts(command: &Command, document: &Document, order: &Order) -> Result<Vec<Attempt>, Refusal> {
    let writer = Writer { command, document, order };
    let to = order.to.as_ref();
    match (order.operation, order.place) {
        (Operation::Set | Operation::Add, Place::Home(anchor)) => writer.insert(anchor),
        (Operation::Set, Place::Written(span)) => match (writer.is_switch(), to) {
            (true, Some(to)) if *to == writer.opposite()? => writer.unset(span),
            (true, _) => Err(Refusal::new("the option takes no value")),
            (false, Some(to)) => writer.set(span, &writer.argument(to)?),
            (false, None) => Err(Refusal::new("there is no new value")),
        },
        (Operation::Unset, Place::Written(span)) => writer.unset(span),
        (Operation::Rename, Place::Written(span)) => writer.rename(span, to.and_then(text).unwrap_or_default()),
        _ => Err(Refusal::new("this cannot be done on a command line")),
    }
}

fn text(known: &Known) -> Option<&str> {
    match known {
        Known::Text(text) => Some(text),
        _ => None,
    }
}

struct Writer<'a> {
    command: &'a Command,
    document: &'a Document,
    order: &'a Order,
}

/// An option among the words.
struct Found {
    /// The word that it begins in.
    at: usize,
    /// The word with its value, which may be the same one.
    value: usize,
    /// What stands before the value in its word: "--timeout=", "-t".
    head: String,
}

impl Writer<'_> {
    fn words(&self) -> &[Word] {
        &self.command.words
    }

    fn word(&self, at: usize) -> Result<&Word, Refusal> {
        self.words().get(at).ok_or_else(|| Refusal::new("the command line ends there"))
    }

    fn text(&self, at: usize) -> Result<&str, Refusal> {
        self.word(at)?.as_text().ok_or_else(|| Refusal::new("there is a variable in it"))
    }

    /// The word that holds a place.
    fn holding(&self, span: Span) -> Result<usize, Refusal> {
        let holds = |word: &Word| word.span.start <= span.start && span.start < word.span.end;
        self.words().iter().position(holds).ok_or_else(|| Refusal::new("the command line does not stand there in one piece"))
    }

    fn is_switch(&self) -> bool {
        matches!(self.order.tongue, Tongue::Option { takes_value: false, .. })
    }

    fn flag(&self) -> &str {
        match &self.order.tongue {
            Tongue::Option { flag, .. } => flag,
            _ => "",
        }
    }

    /// All names of the option that the order is about; none for what is no setting.
    fn flags(&self) -> Vec<&'static str> {
        let row = gunicorn::setting(&self.order.name);
        row.map(|row| row.at(gunicorn::supported().max).flags.to_vec()).unwrap_or_default()
    }

    /// What a switch does not set.
    fn opposite(&self) -> Result<Known, Refusal> {
        let row = gunicorn::setting(&self.order.name).map(|row| &row.at(gunicorn::supported().max).action);
        match row {
            Some(Action::StoreConst(Raw::Boolean(value))) => Ok(Known::Boolean(!value)),
            _ => Err(Refusal::new("the option takes no value")),
        }
    }

    /// A value as an argument.
    fn argument(&self, known: &Known) -> Result<String, Refusal> {
        let joined = gunicorn::setting(&self.order.name).map(|row| row.at(gunicorn::supported().max).form) == Some(Form::Commas);
        argument(known, joined).ok_or_else(|| Refusal::new("an option cannot take this value"))
    }

    /// The option that begins at a place.
    fn option(&self, span: Span) -> Result<Found, Refusal> {
        let at = self.holding(span)?;
        let text = self.text(at)?;
        let flags = self.flags();
        let alone = |at| Ok(Found { at, value: at, head: String::new() });
        if !text.starts_with('-') || text == "-" {
            // An option that a variable may give is said to stand where the program does.
            return if flags.is_empty() { alone(at) } else { Err(Refusal::new("a variable may give the option")) };
        }
        let glued = match text.split_once('=').filter(|_| text.starts_with("--")) {
            Some((flag, _)) => Some(format!("{flag}=")),
            None if text.starts_with("--") => None,
            None => text.char_indices().nth(2).and_then(|(end, _)| text.get(..end)).map(str::to_owned),
        };
        match glued {
            Some(head) if head.len() == 2 && !flags.is_empty() && !flags.contains(&head.as_str()) => {
                Err(Refusal::new("several options stand in one word"))
            }
            Some(_) if self.is_switch() => Err(Refusal::new("several options stand in one word")),
            Some(head) => Ok(Found { at, value: at, head }),
            None if self.is_switch() => alone(at),
            None => Ok(Found { at, value: at + 1, head: String::new() }),
        }
    }

    fn set(&self, span: Span, to: &str) -> Result<Vec<Attempt>, Refusal> {
        let found = self.option(span)?;
        if self.times() > 1 && self.is_list() {
            return Err(Refusal::new("the option is given more than once"));
        }
        if found.value != found.at && to.starts_with('-') && to != "-" {
            return Err(Refusal::new("the value begins like an option"));
        }
        let word = self.word(found.value)?;
        self.text(found.value)?;
        let mut expected = self.expected();
        let whole = format!("{}{to}", found.head);
        *expected.get_mut(found.value).ok_or_else(|| Refusal::new("the command line ends there"))? = Some(whole.clone());
        let written = self.document.text(word.span).into_owned();
        let spelt = self.respelt(&written, &found.head, to, &whole);
        let attempt = |text: String| Attempt { edits: vec![Edit { span: word.span, text }], expected: expected.clone() };
        Ok(spelt.into_iter().map(attempt).collect())
    }

    /// A word with another value behind its head, with its quotes if that can be.
    fn respelt(&self, written: &str, head: &str, to: &str, whole: &str) -> Vec<String> {
        let joint = self.command.joint;
        let quote_of =
            |text: &str| text.chars().next().filter(|quote| text.len() > 1 && "'\"".contains(*quote) && text.ends_with(*quote));
        let own = quote_of(written).filter(|_| self.command.wraps.is_empty());
        let mut spelt = Vec::new();
        if let (Joint::Line(row), Some(rest), false) = (joint, written.strip_prefix(head), head.is_empty()) {
            spelt.extend(row.spellings(quote_of(rest), to).into_iter().map(|value| (head, value)));
        }
        spelt.extend(joint.spellings(own, whole).into_iter().map(|whole| ("", whole)));
        // A word without quotes keeps to that.
        if own.is_none() && joint != (Joint::Flow { json: true }) && !matches!(joint, Joint::Line(_)) && looks_plain(whole) {
            spelt.insert(0, ("", whole.to_owned()));
        }
        let wrapped = |(head, text): (&str, String)| Some(format!("{head}{}", self.wrapped(&text)?));
        self.simplest(spelt.into_iter().filter_map(wrapped).collect())
    }

    /// Inside of another text, what needs the fewest escapes goes first.
    fn simplest(&self, mut spelt: Vec<String>) -> Vec<String> {
        if !self.command.wraps.is_empty() {
            spelt.sort_by_key(|text| text.matches('\\').count());
        }
        spelt
    }

    /// A text of the command as it is written in the document.
    fn wrapped(&self, text: &str) -> Option<String> {
        self.command.wraps.iter().try_fold(text.to_owned(), |text, wrap| wrap.of(&text))
    }

    /// Whether the setting is made of all that is given.
    fn is_list(&self) -> bool {
        let row = gunicorn::setting(&self.order.name);
        row.is_some_and(|row| row.at(gunicorn::supported().max).action == Action::Append)
    }

    /// How often the option of the order is given.
    fn times(&self) -> usize {
        let flags = self.flags();
        let is = |word: &&Word| {
            let text = word.as_text().unwrap_or_default();
            let glued = |flag: &str| match flag.strip_prefix("--") {
                Some(_) => text.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')),
                None => text.starts_with(flag) && !text.starts_with("--"),
            };
            flags.iter().any(|flag| text == *flag || glued(flag))
        };
        self.words().iter().filter(is).count()
    }

    fn unset(&self, span: Span) -> Result<Vec<Attempt>, Refusal> {
        let found = self.option(span)?;
        if !self.text(found.at)?.starts_with('-') {
            return Err(Refusal::new("it is no option"));
        }
        if self.times() > 1 {
            return Err(Refusal::new("the option is given more than once"));
        }
        let (first, last) = (self.word(found.at)?, self.word(found.value)?);
        let mut expected = self.expected();
        expected.drain(found.at..=found.value);
        if expected.is_empty() {
            return Err(Refusal::new("nothing would be left of the list"));
        }
        let before = found.at.checked_sub(1).and_then(|before| self.words().get(before));
        let after = self.words().get(found.value + 1);
        let edit = match self.command.joint {
            Joint::Block => lines(self.document, first.span, last.span)?,
            _ => self.gap(before, first, last, after)?,
        };
        Ok(vec![Attempt { edits: vec![Edit { span: edit, text: String::new() }], expected }])
    }

    /// The words with what separates them from one of their neighbours.
    fn gap(&self, before: Option<&Word>, first: &Word, last: &Word, after: Option<&Word>) -> Result<Span, Refusal> {
        let is_plain = |gap: &Span| !self.document.slice(*gap).contains(&b'#');
        let back = before.map(|before| Span { start: before.span.end, end: first.span.start, ..first.span });
        let on = after.map(|after| Span { start: last.span.end, end: after.span.start, ..last.span });
        match (back.filter(is_plain), on.filter(is_plain)) {
            (Some(back), _) => Ok(back.to(last.span)),
            (None, Some(on)) => Ok(first.span.to(on)),
            (None, None) => Err(Refusal::new("a comment stands in between")),
        }
    }

    fn rename(&self, span: Span, to: &str) -> Result<Vec<Attempt>, Refusal> {
        let at = self.holding(span)?;
        let text = self.text(at)?;
        let old = text.split('=').next().unwrap_or(text);
        let word = self.word(at)?;
        let written = self.document.text(word.span).into_owned();
        let inner = written.trim_start_matches(['\\', '"', '\'']);
        if to.is_empty() || !looks_plain(to) || !inner.starts_with(old) || !old.starts_with('-') {
            return Err(Refusal::new("the option is written in another way"));
        }
        let start = word.span.start + (written.len() - inner.len()) as u32;
        let mut expected = self.expected();
        let renamed = format!("{to}{}", text.get(old.len()..).unwrap_or_default());
        expected.iter_mut().skip(at).take(1).for_each(|word| *word = Some(renamed.clone()));
        let edit = Edit { span: Span { start, end: start + old.len() as u32, ..word.span }, text: to.to_owned() };
        Ok(vec![Attempt { edits: vec![edit], expected }])
    }

    fn expected(&self) -> Vec<Option<String>> {
        self.words().iter().map(|word| word.as_text().map(str::to_owned)).collect()
    }

    /// Adds the option behind the word that starts gunicorn.
    fn insert(&self, anchor: Span) -> Result<Vec<Attempt>, Refusal> {
        let at = self.program(self.holding(anchor)?)?;
        let to = self.order.to.as_ref().ok_or_else(|| Refusal::new("there is no new value"))?;
        let flag = self.flag();
        if self.times() > 0 || flag.is_empty() {
            return Err(Refusal::new("the option stands there already"));
        }
        let new = match self.is_switch() {
            true if *to == self.opposite()? => return Err(Refusal::new("the option takes no value")),
            true => vec![flag.to_owned()],
            false => {
                let value = self.argument(to)?;
                let glued = self.glues() || (value.starts_with('-') && value != "-");
                if glued { vec![format!("{flag}={value}")] } else { vec![flag.to_owned(), value] }
            }
        };
        let mut expected = self.expected();
        expected.splice(at + 1..at + 1, new.iter().cloned().map(Some));
        let program = self.word(at)?;
        let quote = self.document.text(program.span).chars().next().filter(|quote| "'\"".contains(*quote));
        let quote = quote.filter(|_| !matches!(self.command.joint, Joint::Line(_)));
        let all: Vec<Vec<String>> = new.iter().map(|word| self.spelt(quote, word)).collect();
        let most = all.iter().map(Vec::len).max().unwrap_or_default();
        let attempt = |choice: usize| {
            let words: Option<Vec<&str>> =
                all.iter().map(|spelt| spelt.get(choice).or(spelt.last()).map(String::as_str)).collect();
            let edit = self.placed(program, &words?)?;
            Some(Attempt { edits: vec![edit], expected: expected.clone() })
        };
        Ok((0..most).filter_map(attempt).collect())
    }

    fn spelt(&self, quote: Option<char>, word: &str) -> Vec<String> {
        self.simplest(self.command.joint.spellings(quote, word).iter().filter_map(|text| self.wrapped(text)).collect())
    }

    /// New words behind a word.
    fn placed(&self, word: &Word, new: &[&str]) -> Option<Edit> {
        let end = word.span.end;
        let (at, text) = match self.command.joint {
            Joint::Line(_) => (end, new.iter().map(|word| format!(" {word}")).collect()),
            Joint::Flow { .. } => (end, new.iter().map(|word| format!(", {word}")).collect()),
            Joint::Block => {
                let line = line_of(self.document, word.span.start as usize);
                let prefix = self.document.text(self.document.span(line.0, word.span.start as usize)).into_owned();
                let marks = prefix.trim();
                if marks != "-" {
                    return None;
                }
                let end = line_of(self.document, end as usize).1;
                let newline = newline(self.document);
                (end as u32, new.iter().map(|word| format!("{newline}{prefix}{word}")).collect())
            }
        };
        Some(Edit { span: Span { start: at, end: at, ..word.span }, text })
    }

    /// Whether the options of a list stand in one item with their values.
    fn glues(&self) -> bool {
        let items = !matches!(self.command.joint, Joint::Line(_));
        items && self.words().iter().filter_map(Word::as_text).any(|text| text.starts_with("--") && text.contains('='))
    }

    /// Whether the word behind the program of a unit's command is the name that the process gets (systemd.service(5), "@").
    fn has_own_name(&self, at: usize) -> bool {
        let prefixes =
            |word: &Word| word.as_text().and_then(|text| text.split('/').next()).is_some_and(|marks| marks.contains('@'));
        at == 0 && self.words().first().is_some_and(prefixes)
    }

    /// The word that names gunicorn: behind an interpreter its module or script.
    fn program(&self, at: usize) -> Result<usize, Refusal> {
        let name = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
        if self.has_own_name(at) {
            return Err(Refusal::new("the unit gives the process a name of its own (@)"));
        }
        if name(self.text(at)?).starts_with("gunicorn") {
            return Ok(at);
        }
        let is_gunicorn = |word: &Word| {
            let text = word.as_text().unwrap_or_default();
            let module = text.strip_prefix('-').map_or(text, |options| options.split_once('m').map_or("", |(_, module)| module));
            name(module).split('.').next().is_some_and(|name| matches!(name, "gunicorn" | "gunicorn3"))
        };
        let found = self.words().iter().skip(at + 1).position(is_gunicorn).map(|found| at + 1 + found);
        found.ok_or_else(|| Refusal::new("gunicorn is not named there"))
    }
}

/// A value as gunicorn's command line takes it.
pub fn argument(known: &Known, joined: bool) -> Option<String> {
    Some(match known {
        Known::Duration(Duration { milliseconds, .. }) if milliseconds % 1000 == 0 && *milliseconds != Duration::INFINITE => {
            (milliseconds / 1000).to_string()
        }
        Known::Integer(value) => value.to_string(),
        Known::Number(value) if value.fract() == 0.0 => value.to_string(),
        Known::Size(size) => size.bytes.to_string(),
        Known::Text(text) if !text.contains(char::is_control) => text.to_string(),
        Known::Address(address) => address.to_string(),
        Known::List(items) => {
            let one = |item: &crate::value::Item| argument(item.value.known()?, false);
            let items: Vec<String> = items.iter().map(one).collect::<Option<_>>()?;
            match items.as_slice() {
                [only] => only.clone(),
                several if joined => several.join(","),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// Whether a text of YAML needs no quotes for sure.
fn looks_plain(text: &str) -> bool {
    let body = text.trim_start_matches('-');
    body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && body.chars().all(|c| c.is_ascii_alphanumeric() || "._:/@+=-".contains(c))
        && !text.ends_with(':')
        && body.len() + 2 >= text.len()
        && (text.starts_with("--") || body.contains(['.', ':', '/', '_', '-', '=']))
}
