//! Reads a shell script into its tree: POSIX's grammar, and what bash adds as far as scripts that start servers use it.
//!
//! In: an excerpt. Out: lists of commands, and the first thing that no shell would read. Depth is bounded, every character is looked
//! at a few times at most, and nothing is expanded.

use super::syntax::{Arm, Assignment, Command, Connector, Item, Kind, List, Part, Pipeline, Raw, Simple};
use crate::expr::systemd::is_name;
use crate::source::{Excerpt, Span};
use std::sync::Arc;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// Most `elif` in a row.
const MAX_BRANCHES: usize = 100;

/// Words that end a list where a command could begin.
const CLOSING: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}"];

/// Where a script is being read.
pub(super) struct Reader<'a> {
    pub text: &'a Excerpt,
    pub at: usize,
    pub retries: usize,
    depth: usize,
    /// Ends of here-documents whose text begins on the next line, and whether its lines may be indented by tabs.
    here: Vec<(String, bool)>,
    pub problem: Option<(Span, &'static str)>,
}

/// Reads a whole script. What stands before a mistake is read.
pub(super) fn read(text: &Excerpt) -> (List, Option<(Span, &'static str)>) {
    let mut reader = Reader { text, at: 0, retries: 0, depth: 0, here: Vec::new(), problem: None };
    let list = reader.list();
    if reader.problem.is_none() && reader.at < text.text.len() {
        reader.stop(reader.at, "no command begins like this");
    }
    (list, reader.problem)
}

impl Reader<'_> {
    pub(super) fn rest(&self) -> &str {
        self.text.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Notes what is wrong, once; nothing is read after it.
    pub(super) fn stop(&mut self, from: usize, message: &'static str) {
        let span = self.text.span_of(from, (from + 1).min(self.text.text.len()));
        self.problem.get_or_insert((span, message));
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.problem.is_some()
    }

    /// Reads something nested; none where it is too deep.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth == MAX_DEPTH {
            self.stop(self.at, "this is nested too deeply to be read");
            return None;
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        Some(done)
    }

    /// Reads a list that stands in another text.
    pub(super) fn inner(&mut self, text: &Excerpt) -> List {
        let mut reader = Reader { text, at: 0, retries: self.retries, depth: self.depth, here: Vec::new(), problem: None };
        let list = reader.list();
        self.retries = reader.retries;
        self.problem = self.problem.or(reader.problem);
        list
    }

    /// Commands up to a closing word or bracket, or the end.
    pub(super) fn list(&mut self) -> List {
        let mut list = List::new();
        loop {
            self.skip_lines();
            if self.is_stopped() || self.is_closing() {
                return list;
            }
            let start = self.at;
            let item = self.item();
            if self.at == start {
                self.stop(start, "no command begins like this");
                return list;
            }
            list.extend(item);
        }
    }

    fn is_closing(&self) -> bool {
        let ends_arm = || self.rest().starts_with(";;") || self.rest().starts_with(";&");
        matches!(self.peek(), None | Some(')')) || ends_arm() || CLOSING.contains(&self.reserved())
    }

    /// The plain word that begins here, as reserved words are read.
    fn reserved(&self) -> &str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || ";&|<>()'\"\\$`#".contains(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.reserved() == word;
        if there {
            self.at += word.len();
        }
        there
    }

    fn require(&mut self, word: &'static str, message: &'static str) {
        self.skip_lines();
        if !self.take(word) {
            self.stop(self.at, message);
        }
    }

    /// Skips blanks, joined lines and comments.
    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t') => self.at += 1,
                Some('\\') if self.rest().starts_with("\\\n") => self.at += 2,
                Some('#') => {
                    let rest = self.rest();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Skips blanks and newlines, with the here-documents that begin behind them.
    fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            match self.peek() {
                Some('\n') => {
                    self.at += 1;
                    self.skip_here();
                }
                // A lone separator ends nothing; shells refuse it, and nothing depends on it.
                Some(';') if !self.rest().starts_with(";;") && !self.rest().starts_with(";&") => self.at += 1,
                _ => return,
            }
        }
    }

    fn skip_here(&mut self) {
        for (end, tabs) in std::mem::take(&mut self.here) {
            loop {
                let rest = self.rest();
                if rest.is_empty() {
                    return;
                }
                let length = rest.find('\n').unwrap_or(rest.len());
                let line = rest.get(..length).unwrap_or_default();
                let is_end = (if tabs { line.trim_start_matches('\t') } else { line }) == end;
                self.at = (self.at + length + 1).min(self.text.text.len());
                if is_end {
                    break;
                }
            }
        }
    }

    fn item(&mut self) -> Option<Item> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let connector = match self.rest() {
                text if text.starts_with("&&") => Connector::And,
                text if text.starts_with("||") => Connector::Or,
                _ => break,
            };
            self.at += 2;
            self.skip_lines();
            match self.pipeline() {
                Some(pipeline) => rest.push((connector, pipeline)),
                None => self.stop(self.at, "a command is missing here"),
            }
        }
        let background = self.peek() == Some('&');
        if background {
            self.at += 1;
        }
        Some(Item { first, rest, background })
    }

    fn pipeline(&mut self) -> Option<Pipeline> {
        let mut negated = false;
        while self.take("!") {
            negated = !negated;
            self.skip_blanks();
        }
        let mut commands = vec![self.deeper(Reader::command)??];
        loop {
            self.skip_blanks();
            if self.peek() != Some('|') || self.rest().starts_with("||") {
                return Some(Pipeline { negated, commands });
            }
            self.at += if self.rest().starts_with("|&") { 2 } else { 1 };
            self.skip_lines();
            commands.push(self.deeper(Reader::command)??);
        }
    }

    fn command(&mut self) -> Option<Command> {
        let start = self.at;
        let kind = match self.reserved() {
            "if" => self.branches(),
            "while" | "until" => self.repetition(),
            "for" => self.for_each(),
            "case" => self.case(),
            "{" => {
                self.at += 1;
                let list = self.list();
                self.require("}", "this group is never closed");
                Kind::Group(list)
            }
            "[[" => self.test(),
            "function" => {
                self.at += "function".len();
                self.skip_blanks();
                let name = self.word()?.literal()?;
                self.skip_blanks();
                if self.rest().starts_with('(') {
                    self.brackets_of_function();
                }
                self.function(name.into())?
            }
            "select" | "coproc" => {
                self.stop(start, "gearmesh does not read this construct of bash");
                return None;
            }
            word if word.is_empty() && self.rest().starts_with("((") => self.sum(),
            word if word.is_empty() && self.rest().starts_with('(') => {
                self.at += 1;
                let list = self.list();
                self.close_bracket(start);
                Kind::Subshell(list)
            }
            _ => return self.simple(),
        };
        let mut redirected = false;
        loop {
            self.skip_blanks();
            if !self.redirection() {
                break;
            }
            redirected = true;
        }
        Some(Command { kind, redirected, span: self.text.span_of(start, self.at) })
    }

    fn close_bracket(&mut self, open: usize) {
        self.skip_lines();
        if self.peek() == Some(')') {
            self.at += 1;
        } else {
            self.stop(open, "this bracket is never closed");
        }
    }

    fn branches(&mut self) -> Kind {
        self.at += 2;
        let mut branches = Vec::new();
        loop {
            let condition = self.list();
            self.require("then", "`then` is missing here");
            branches.push((condition, self.list()));
            if branches.len() == MAX_BRANCHES {
                self.stop(self.at, "these are too many branches to be read");
            }
            if self.is_stopped() || !self.take("elif") {
                break;
            }
        }
        let otherwise = if self.take("else") { self.list() } else { List::new() };
        self.require("fi", "`fi` is missing here");
        Kind::If { branches, otherwise }
    }

    fn repetition(&mut self) -> Kind {
        self.at += "while".len();
        let condition = self.list();
        Kind::Loop { condition, body: self.loop_body() }
    }

    fn loop_body(&mut self) -> List {
        self.require("do", "`do` is missing here");
        let body = self.list();
        self.require("done", "`done` is missing here");
        body
    }

    fn for_each(&mut self) -> Kind {
        self.at += "for".len();
        self.skip_blanks();
        if self.rest().starts_with("((") {
            self.sum();
            let body = self.loop_body();
            return Kind::Loop { condition: List::new(), body };
        }
        let name = self.word().and_then(|word| word.literal()).unwrap_or_default().into();
        self.skip_lines();
        let mut words = None;
        if self.take("in") {
            let mut list = Vec::new();
            loop {
                self.skip_blanks();
                let Some(word) = self.word() else { break };
                list.push(word);
            }
            words = Some(list);
        }
        Kind::For { name, words, body: self.loop_body() }
    }

    fn case(&mut self) -> Kind {
        self.at += "case".len();
        self.skip_blanks();
        let empty = Raw { parts: Vec::new(), span: self.text.span_of(self.at, self.at) };
        let subject = self.word().unwrap_or(empty);
        self.require("in", "`in` is missing here");
        let mut arms = Vec::new();
        loop {
            self.skip_lines();
            if self.is_stopped() || self.take("esac") {
                return Kind::Case { subject, arms };
            }
            if self.peek() == Some('(') {
                self.at += 1;
            }
            arms.push(self.arm());
        }
    }

    fn arm(&mut self) -> Arm {
        let mut patterns = Vec::new();
        loop {
            self.skip_blanks();
            match self.word() {
                Some(pattern) => patterns.push(pattern),
                None => self.stop(self.at, "a pattern is missing here"),
            }
            self.skip_blanks();
            match self.peek() {
                Some('|') => self.at += 1,
                Some(')') => break self.at += 1,
                _ => break self.stop(self.at, "a pattern ends in a closing bracket"),
            }
        }
        let body = self.list();
        let rest = self.rest();
        let end = [";;&", ";&", ";;"].into_iter().find(|end| rest.starts_with(end));
        match end {
            Some(end) => self.at += end.len(),
            None if self.reserved() == "esac" => {}
            None => self.stop(self.at, "`esac` is missing here"),
        }
        Arm { patterns, body, falls_through: end.is_some_and(|end| end.ends_with('&')) }
    }

    fn test(&mut self) -> Kind {
        let start = self.at;
        self.at += 2;
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            if self.take("]]") {
                return Kind::Test(words);
            }
            let at = self.at;
            let matching = words.last().is_some_and(|word: &Raw| word.bare() == Some("=~"));
            let word = if matching { self.pattern() } else { self.word() };
            match word {
                Some(word) => words.push(word),
                // Operators of its own: `&&`, `||`, `(`, `)`, `<`, `>`.
                None if matches!(self.peek(), Some('&' | '|' | '(' | ')' | '<' | '>' | '\n')) => {
                    let length = if self.rest().starts_with("&&") || self.rest().starts_with("||") { 2 } else { 1 };
                    self.at += length;
                    if self.text.text.get(at..self.at) != Some("\n") {
                        let text = self.text.part(at, self.at);
                        let span = text.span();
                        words.push(Raw { parts: vec![Part::Text { text, quoted: false }], span });
                    }
                }
                None => {
                    self.stop(start, "`]]` is missing");
                    return Kind::Test(words);
                }
            }
        }
    }

    /// `(( ... ))`, without a look inside.
    fn sum(&mut self) -> Kind {
        let start = self.at;
        let mut depth = 0usize;
        while let Some(c) = self.next() {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return Kind::Arithmetic;
            }
        }
        self.stop(start, "this bracket is never closed");
        Kind::Arithmetic
    }

    fn simple(&mut self) -> Option<Command> {
        let start = self.at;
        let mut simple = Simple::default();
        let mut redirected = false;
        let mut end = start;
        loop {
            self.skip_blanks();
            if self.is_stopped() {
                return None;
            }
            let before = self.at;
            if self.rest().starts_with("<(") || self.rest().starts_with(">(") {
                self.process(before);
                let span = self.text.span_of(before, self.at);
                simple.words.push(Raw { parts: vec![Part::Other { quoted: true, span }], span });
            } else if self.redirection() {
                redirected = true;
            } else if simple.words.is_empty()
                && let Some(assignment) = self.assignment()
            {
                simple.assignments.push(assignment);
            } else if let Some(word) = self.word() {
                simple.words.push(word);
            } else if self.peek() == Some('(') && simple.assignments.is_empty() && simple.words.len() == 1 {
                let name = simple.words.first()?.literal()?;
                self.brackets_of_function();
                let kind = self.function(name.into())?;
                return Some(Command { kind, redirected, span: self.text.span_of(start, self.at) });
            }
            if self.at == before {
                break;
            }
            end = self.at;
        }
        if end == start {
            return None;
        }
        Some(Command { kind: Kind::Simple(simple), redirected, span: self.text.span_of(start, end) })
    }

    fn brackets_of_function(&mut self) {
        let open = self.at;
        self.at += 1;
        self.skip_blanks();
        if self.peek() == Some(')') {
            self.at += 1;
        } else {
            self.stop(open, "a bracket has no meaning here");
        }
    }

    fn function(&mut self, name: Arc<str>) -> Option<Kind> {
        self.skip_lines();
        let body = self.deeper(Reader::command)??;
        Some(Kind::Function { name, body: Arc::new(body) })
    }

    /// `NAME=value`, `NAME+=value` or `NAME=( ... )`.
    fn assignment(&mut self) -> Option<Assignment> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest.get(..length).filter(|name| is_name(name))?;
        let after = rest.get(length..).unwrap_or_default();
        let sign = if after.starts_with('=') { 1 } else { 2 };
        if sign == 2 && !after.starts_with("+=") {
            return None;
        }
        let name = name.into();
        self.at += length + sign;
        let value = match self.peek() {
            Some('(') => {
                self.list_value(start);
                None
            }
            _ => Some(self.word().unwrap_or(Raw { parts: Vec::new(), span: self.text.span_of(self.at, self.at) })),
        };
        Some(Assignment { name, append: sign == 2, value, span: self.text.span_of(start, self.at) })
    }

    /// A list of bash in brackets, whose words are not kept.
    fn list_value(&mut self, start: usize) {
        self.at += 1;
        loop {
            self.skip_lines();
            match self.word() {
                Some(_) if self.is_stopped() => return,
                Some(_) => {}
                None if self.peek() == Some(')') => return self.at += 1,
                None => return self.stop(start, "this bracket is never closed"),
            }
        }
    }

    /// Skips one redirection with its target, if one begins here.
    fn redirection(&mut self) -> bool {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let operator = rest.get(digits..).unwrap_or_default();
        let both = digits == 0 && operator.starts_with("&>");
        if !operator.starts_with(['<', '>']) && !both {
            return false;
        }
        let start = self.at;
        self.at += digits;
        let operators = ["&>>", "<<<", "<<-", "&>", "<<", ">>", "<&", ">&", "<>", ">|", "<", ">"];
        let Some(operator) = operators.into_iter().find(|operator| self.rest().starts_with(operator)) else { return false };
        self.at += operator.len();
        self.skip_blanks();
        if self.rest().starts_with("<(") || self.rest().starts_with(">(") {
            return self.process(start);
        }
        let target = self.word();
        match (operator, target) {
            ("<<" | "<<-", Some(end)) => {
                let text = end.literal().unwrap_or_else(|| self.text.text.get(start..self.at).unwrap_or_default().to_owned());
                self.here.push((text, operator == "<<-"));
            }
            (_, None) => self.stop(start, "this redirection has no target"),
            _ => {}
        }
        true
    }

    /// `<( ... )`: what it starts is not looked at.
    fn process(&mut self, start: usize) -> bool {
        self.at += 2;
        let _ = self.deeper(Reader::list);
        self.close_bracket(start);
        true
    }
}
