//! The words of a command line as they are written, wherever it stands.
//!
//! In: a document, the name of its format, and a span in one of the words. Out: all words of that command with their places and what they
//! say, how they stand next to each other, and what lies between them and the document: quotes of a string, escapes. A script in
//! a word (`sh -c "..."`) is a command line of its own. Follows no variable: a word with one says nothing.

use super::lines::{line_of, whole_lines};
use super::place::{self, Joint, Wrap};
use crate::arguments::shlex;
use crate::edit::Refusal;
use crate::expr::shell::Script;
use crate::formats::yaml::{Content, Entry, Node, Style};
use crate::formats::{dockerfile, procfile, supervisor, systemd, yaml};
use crate::source::{Document, Excerpt, Span};

/// A command.
#[derive(Debug)]
pub struct Command {
    pub words: Vec<Word>,
    pub joint: Joint,
    /// What happens to a text of the command on its way into the document, in that order.
    pub wraps: Vec<Wrap>,
}

/// A word as it is written.
#[derive(Clone, Debug)]
pub struct Word {
    /// With its quotes.
    pub span: Span,
    /// None where something in it is not known, or filled in.
    pub text: Option<Excerpt>,
    /// Without quotes, and with what is to be filled in.
    script: Option<Excerpt>,
}

impl Word {
    fn new(span: Span, decoded: Option<Excerpt>, filled_in: impl Fn(&str) -> bool) -> Word {
        Word { span, text: decoded.clone().filter(|text| !filled_in(&text.text)), script: decoded }
    }

    pub fn as_text(&self) -> Option<&str> {
        self.text.as_ref().map(|text| text.text.as_str())
    }

    fn holds(&self, span: Span) -> bool {
        self.span.document == span.document && self.span.start <= span.start && span.start < self.span.end
    }
}

/// Finds the command.
///
/// # Errors
/// It does not stand in this document in one piece.
pub fn find(kind: &str, document: &Document, span: Span) -> Result<Command, Refusal> {
    let found = match kind {
        "systemd" => in_unit(document, span),
        "dockerfile" => in_dockerfile(document, span),
        "compose" | "kubernetes" | "appengine" => return in_yaml(kind, document, span),
        "script" => shell(&Excerpt::of(document, document.span(0, document.bytes.len())), span, Vec::new()),
        "procfile" => {
            let read = procfile::parse(document);
            let line = read.lines.iter().find(|line| covers(line.command.span(), span));
            line.and_then(|line| shell(&line.command, span, Vec::new()))
        }
        "supervisor" => in_supervisor(document, span),
        _ => None,
    };
    found.and_then(|command| nested(command, document, span)).ok_or_else(elsewhere)
}

fn elsewhere() -> Refusal {
    Refusal::new("the command line does not stand there in one piece")
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.document == inner.document && outer.start <= inner.start && inner.start <= outer.end
}

fn in_unit(document: &Document, span: Span) -> Option<Command> {
    let unit = systemd::parse(document);
    let assignment = unit.assignments.iter().find(|assignment| covers(assignment.value.span(), span))?;
    let read = systemd::words::words(&assignment.value);
    let commands = read.list.split(|word| word.separator);
    let own = commands.into_iter().find(|words| words.iter().any(|word| covers(word.span, span)))?;
    let words = own.iter().map(|word| expanded(word.span, &word.text, &['%', '$']));
    Some(Command { words: words.collect(), joint: Joint::Line(&place::SYSTEMD), wraps: Vec::new() })
}

fn in_dockerfile(document: &Document, span: Span) -> Option<Command> {
    let file = dockerfile::parse(document);
    let one = file.instructions.iter().find(|one| covers(one.rest.span(), span))?;
    if !matches!(one.name.as_str(), "CMD" | "ENTRYPOINT") {
        return None;
    }
    let Some(items) = dockerfile::exec_form(&one.rest) else { return shell(&one.rest, span, Vec::new()) };
    let quoted = strings(&one.rest);
    let words = items.into_iter().zip(quoted).map(|(item, span)| Word::new(span, item.excerpt.as_deref().cloned(), |_| false));
    Some(Command { words: words.collect(), joint: Joint::Flow { json: true }, wraps: Vec::new() })
}

/// Where strings in double quotes stand.
fn strings(text: &Excerpt) -> Vec<Span> {
    let (mut found, mut open, mut escaped) = (Vec::new(), None, false);
    for (at, c) in text.text.char_indices() {
        match (open, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (None, '"') => open = Some(text.span_of(at, at + 1)),
            (Some(start), '"') => {
                // A line that is joined may follow the quote.
                let end = text.span_of(at, at + 1).start + 1;
                found.push(Span { end, ..start });
                open = None;
            }
            _ => {}
        }
    }
    found
}

fn in_supervisor(document: &Document, span: Span) -> Option<Command> {
    let ini = supervisor::parse(document);
    let entries = ini.sections.iter().flat_map(|section| &section.entries);
    let entry =
        entries.filter(|entry| covers(entry.value.span(), span)).find(|entry| entry.key.eq_ignore_ascii_case("command"))?;
    Some(Command { words: split(&entry.value, '%'), joint: Joint::Line(&place::SUPERVISOR), wraps: Vec::new() })
}

/// The words of a text as Python's shlex splits it; a word in which `mark` does not stand for itself says nothing.
fn split(text: &Excerpt, mark: char) -> Vec<Word> {
    let (mut words, mut start, mut quote, mut escaped, mut depth) = (Vec::new(), None, None, false, 0_usize);
    let mut end = |start: usize, end: usize| {
        let part = text.part(start, end);
        let one = shlex(&part).ok().and_then(|words| <[Excerpt; 1]>::try_from(words).ok());
        words.push(match one {
            Some([word]) => expanded(part.span(), &word, &[mark]),
            None => Word::new(part.span(), None, |_| false),
        });
    };
    let mut before = ' ';
    for (at, c) in text.text.char_indices() {
        let filled_in = matches!((before, c), ('$', '{')) || (mark == '%' && matches!((before, c), ('%', '(')));
        before = c;
        match (quote, c) {
            _ if escaped => escaped = false,
            _ if filled_in => depth += 1,
            (_, '}' | ')') if depth > 0 => depth -= 1,
            (None, ' ' | '\t' | '\r' | '\n') if depth == 0 => {
                if let Some(start) = start.take() {
                    end(start, at);
                }
                continue;
            }
            (None | Some('"'), '\\') => escaped = true,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        start.get_or_insert(at);
    }
    if let Some(start) = start {
        end(start, text.text.len());
    }
    words
}

/// A word in which these marks stand for something to be filled in, where they do not stand twice.
fn expanded(span: Span, decoded: &Excerpt, marks: &[char]) -> Word {
    let known = marks.iter().try_fold(decoded.clone(), |text, mark| without_doubles(&text, *mark));
    let script = known.clone().unwrap_or_else(|| decoded.clone());
    Word { span, text: known, script: Some(script) }
}

/// The text with one mark for two; none when one stands alone.
fn without_doubles(text: &Excerpt, mark: char) -> Option<Excerpt> {
    let (mut plain, mut at) = (text.part(0, 0), 0);
    while let Some(found) = text.text.get(at..)?.find(mark).map(|found| at + found) {
        plain.push_part(text, at, found + mark.len_utf8());
        at = found + 2 * mark.len_utf8();
        text.text.get(found + mark.len_utf8()..)?.starts_with(mark).then_some(())?;
    }
    plain.push_part(text, at, text.text.len());
    Some(plain)
}

/// A command of a script.
fn shell(text: &Excerpt, span: Span, wraps: Vec<Wrap>) -> Option<Command> {
    let written = Script::read(text).words_at(span)?;
    let words = written.into_iter().map(|word| Word::new(word.span, word.text, |_| false));
    Some(Command { words: words.collect(), joint: Joint::Line(&place::SHELL), wraps })
}

/// The command in a word, where the word is a script and the span stands inside of it.
fn nested(mut command: Command, document: &Document, span: Span) -> Option<Command> {
    for word in &mut command.words {
        word.span = tight(document, word.span);
    }
    let (index, word) = command.words.iter().enumerate().find(|(_, word)| word.holds(span))?;
    let before = index.checked_sub(1).and_then(|before| command.words.get(before)).and_then(Word::as_text);
    let is_told = before.is_some_and(|text| text.starts_with('-') && !text.starts_with("--") && text.ends_with('c'))
        && command.words.iter().take(index).any(|word| word.as_text().is_some_and(is_shell));
    let has_blanks = word.script.as_ref().is_some_and(|script| script.text.contains(char::is_whitespace));
    let inside = span.start > word.span.start + 1 || span.end + 1 < word.span.end;
    if !(is_told || has_blanks && inside) {
        return Some(command);
    }
    let quote = document.slice(word.span).first().map(|byte| char::from(*byte)).filter(|quote| matches!(quote, '"' | '\''));
    let row = command.joint.row();
    let own = match (command.joint, quote.and_then(|quote| row.quotes.iter().find(|(own, _)| *own == quote))) {
        (_, Some((_, wrap))) => vec![*wrap],
        (Joint::Line(_), None) => return None,
        // A block of text, or a word of YAML without quotes.
        _ => Vec::new(),
    };
    let wraps = row.before.iter().copied().chain(own).chain(command.wraps.iter().copied()).collect();
    let inner = shell(word.script.as_ref()?, span, wraps)?;
    nested(inner, document, span)
}

fn is_shell(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "su" | "runuser")
}

/// A span without the join of lines behind it.
fn tight(document: &Document, span: Span) -> Span {
    let bytes = document.slice(span);
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(last) = bytes.iter().rposition(|byte| !blank(byte)) else { return span };
    let text = bytes.get(..=last).unwrap_or_default();
    let Some(text) = text.strip_suffix(b"\n") else { return span };
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let text = text.strip_suffix(b"\\").unwrap_or(text);
    let length = text.iter().rposition(|byte| !blank(byte)).map_or(0, |last| last + 1);
    tight(document, Span { end: span.start + length as u32, ..span })
}

/// The command that a text or a list of YAML is.
fn in_yaml(kind: &str, document: &Document, span: Span) -> Result<Command, Refusal> {
    let stream = yaml::parse(document);
    let mut search = Search { span, found: None, shared: false };
    stream.documents.iter().for_each(|root| search.node(root, None));
    if search.shared {
        return Err(Refusal::new("the text has an anchor, so it stands in several places"));
    }
    let found = search.found.and_then(|(node, list)| match list {
        Some(list) => items(kind, document, &list),
        None => text(kind, &node, span),
    });
    found.and_then(|command| nested(command, document, span)).ok_or_else(elsewhere)
}

struct Search {
    span: Span,
    /// The scalar, and the list that it is an item of.
    found: Option<(Node, Option<Node>)>,
    /// It is reached through an alias.
    shared: bool,
}

impl Search {
    fn node(&mut self, node: &Node, list: Option<&Node>) {
        if node.alias.is_some() {
            self.shared |= covers(node.span(), self.span);
            return;
        }
        match node.content() {
            Content::Scalar(_) if covers(node.span(), self.span) && self.span.start < node.span().end => {
                self.found = Some((node.clone(), list.cloned()))
            }
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(|item| self.node(item, Some(node))),
            Content::Mapping(mapping) => mapping.own.iter().for_each(|entry: &Entry| self.node(&entry.value, None)),
        }
    }
}

fn items(kind: &str, document: &Document, list: &Node) -> Option<Command> {
    let word = |item: Node| {
        let text = item.scalar().map(|scalar| Excerpt::clone(&scalar.text));
        Word::new(item.span(), text, |text| is_filled_in(kind, text))
    };
    let is_flow = document.slice(list.span()).first() == Some(&b'[');
    let joint = if is_flow { Joint::Flow { json: false } } else { Joint::Block };
    Some(Command { words: list.items().map(word).collect(), joint, wraps: Vec::new() })
}

/// Whether something is put into a text before it is used.
fn is_filled_in(kind: &str, text: &str) -> bool {
    match kind {
        "kubernetes" => text.contains("$("),
        _ => text.contains('$'),
    }
}

fn text(kind: &str, node: &Node, span: Span) -> Option<Command> {
    let scalar = node.scalar()?;
    let wraps = match scalar.style {
        Style::DoubleQuoted => vec![Wrap::Escape("\"\\")],
        Style::SingleQuoted => vec![Wrap::Twice('\'')],
        Style::Plain | Style::Literal | Style::Folded => Vec::new(),
    };
    let mut command = match kind {
        "appengine" => shell(&scalar.text, span, Vec::new())?,
        "compose" => Command { words: split(&scalar.text, '$'), joint: Joint::Line(&place::COMPOSE), wraps: Vec::new() },
        _ => return None,
    };
    command.wraps.extend(wraps);
    Some(command)
}

/// An entry of a mapping or an item of a list.
pub struct Child {
    span: Span,
    /// How many the mapping or list has.
    among: usize,
}

impl Child {
    /// The lines that it stands on, if nothing else does and others are left.
    ///
    /// # Errors
    /// Something else does, or there are none.
    pub fn lines(&self, document: &Document) -> Result<Span, Refusal> {
        if self.among < 2 {
            return Err(Refusal::new("nothing would be left of the mapping or list"));
        }
        let (start, _) = line_of(document, self.span.start as usize);
        let before = document.text(document.span(start, self.span.start as usize)).into_owned();
        let (_, end) = line_of(document, self.span.end as usize);
        let after = document.text(document.span(self.span.end as usize, end.max(self.span.end as usize))).into_owned();
        let behind = after.trim();
        if !matches!(before.trim(), "" | "-") || !(behind.is_empty() || behind.starts_with('#')) {
            return Err(Refusal::new("something else stands on the same line"));
        }
        Ok(whole_lines(document, start, self.span.end as usize))
    }
}

/// The entry or item of YAML that begins at a place; of Kubernetes, the item whose value that is.
///
/// # Errors
/// It has an anchor.
pub fn child(document: &Document, span: Span) -> Result<Option<Child>, Refusal> {
    let stream = yaml::parse(document);
    let mut search = Search { span, found: None, shared: false };
    stream.documents.iter().for_each(|root| search.node(root, None));
    match search.shared {
        true => Err(Refusal::new("the text has an anchor, so it stands in several places")),
        false => Ok(stream.documents.iter().find_map(|root| child_of(root, span))),
    }
}

fn child_of(node: &Node, span: Span) -> Option<Child> {
    let begins = |own: Span| own.start == span.start;
    match node.content() {
        Content::Scalar(_) => None,
        Content::Sequence(items) => items.iter().find_map(|item| {
            let is_value = |entry: &Entry| matches!(entry.name(), Some("value")) && begins(entry.span());
            let holds = item.mapping().is_some_and(|mapping| mapping.own.iter().any(is_value));
            let is_own = holds || (item.scalar().is_some() && begins(item.span()));
            if is_own { Some(Child { span: item.span(), among: items.len() }) } else { child_of(item, span) }
        }),
        Content::Mapping(mapping) => {
            mapping.own.iter().find_map(|entry| match begins(entry.span()) && entry.value.scalar().is_some() {
                true => Some(Child { span: entry.span(), among: mapping.own.len() }),
                false => child_of(&entry.value, span),
            })
        }
    }
}
