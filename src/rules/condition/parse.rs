//! Reads the text of a condition: CEL's spelling, with literals for time spans (`30s`, `5m`) and sizes (`64MiB`).
//!
//! In: text. Out: a tree with byte spans, or what is wrong and where. Written by hand, because every run reads many rules, and a parser
//! made from a grammar took longer for that than all the rest of a small run. Nothing is typed or evaluated here. Shared with the build
//! script.
//!
//! ```text
//! expression = binary ( "?" expression ":" expression )?
//! binary     = operand ( operator operand )*      operators bind as Operator::strength says, to the left
//! operand    = ( "!" | "-" )* primary ( "." name | "." name "(" list ")" | "[" expression "]" )*
//! primary    = literal | name | name "(" list ")" | "(" expression ")" | "[" list "]"
//! ```

use super::syntax::{Fault, Form, Node, Operator, Syntax};
use std::ops::Range;
use std::sync::Arc;

/// How deep a tree may become, counted on every path as operators, prefixes, suffixes and brackets. What walks trees calls itself, and
/// must stay on the stack; the conditions of the built-in rules stay below 40.
const DEEPEST: usize = 400;

/// How many brackets may be open at once: each takes several calls.
const OPEN: usize = 150;

const TOO_DEEP: &str = "the condition is nested too deeply";
const EXPECTED: &str = "this is not a condition: an operator, a name or a value is expected here";

/// Parses a condition.
pub fn parse(text: &str) -> Result<Syntax<'_>, Fault> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let tree = reader.expression()?;
    reader.blanks();
    match reader.at == text.len() {
        true => Ok(tree.syntax),
        false => Err(reader.expected()),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// The next byte.
    at: usize,
    /// How many brackets are open.
    depth: usize,
}

/// A tree, and how deep it is.
struct Tree<'a> {
    syntax: Syntax<'a>,
    depth: usize,
}

impl<'a> Tree<'a> {
    fn leaf(node: Node<'a>, span: Range<usize>) -> Tree<'a> {
        Tree { syntax: Syntax { node, span }, depth: 1 }
    }

    /// A node over parts of that depth.
    fn over(depth: usize, node: Node<'a>, span: Range<usize>) -> Result<Tree<'a>, Fault> {
        if depth >= DEEPEST {
            return Err(Fault::new(TOO_DEEP, span));
        }
        Ok(Tree { syntax: Syntax { node, span }, depth: depth + 1 })
    }
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The byte so many places further on.
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.byte(0), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes a sign, blanks before it too.
    fn takes(&mut self, sign: u8) -> bool {
        self.blanks();
        let found = self.byte(0) == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn expected(&self) -> Fault {
        self.fault(EXPECTED)
    }

    /// A fault at the next character, or at the end.
    fn fault(&self, message: &str) -> Fault {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        Fault::new(message, self.at..self.at + length)
    }

    fn need(&mut self, sign: u8) -> Result<(), Fault> {
        if self.takes(sign) { Ok(()) } else { Err(self.expected()) }
    }

    /// Goes one level down, as far as the stack is sure to carry.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > OPEN {
            return Err(self.fault(TOO_DEEP));
        }
        let found = read(self);
        self.depth -= 1;
        found
    }

    fn expression(&mut self) -> Result<Tree<'a>, Fault> {
        self.deeper(|reader| {
            let test = reader.binary(0)?;
            if !reader.takes(b'?') {
                return Ok(test);
            }
            let yes = reader.expression()?;
            reader.need(b':')?;
            let no = reader.expression()?;
            let depth = test.depth.max(yes.depth).max(no.depth);
            let span = test.syntax.span.start..no.syntax.span.end;
            Tree::over(depth, Node::Choice(Box::new(test.syntax), Box::new(yes.syntax), Box::new(no.syntax)), span)
        })
    }

    /// A chain of operators that bind at least as strongly as that.
    fn binary(&mut self, least: u8) -> Result<Tree<'a>, Fault> {
        let mut left = self.operand()?;
        while let Some((operator, length)) = self.operator().filter(|(operator, _)| operator.strength() >= least) {
            self.at += length;
            let right = self.deeper(|reader| reader.binary(operator.strength() + 1))?;
            let span = left.syntax.span.start..right.syntax.span.end;
            let depth = left.depth.max(right.depth);
            left = Tree::over(depth, Node::Binary(operator, Box::new(left.syntax), Box::new(right.syntax)), span)?;
        }
        Ok(left)
    }

    /// The operator that follows, and how long it is.
    fn operator(&mut self) -> Option<(Operator, usize)> {
        self.blanks();
        Some(match (self.byte(0)?, self.byte(1)) {
            (b'|', Some(b'|')) => (Operator::Or, 2),
            (b'&', Some(b'&')) => (Operator::And, 2),
            (b'<', Some(b'=')) => (Operator::LessEqual, 2),
            (b'>', Some(b'=')) => (Operator::GreaterEqual, 2),
            (b'=', Some(b'=')) => (Operator::Equal, 2),
            (b'!', Some(b'=')) => (Operator::NotEqual, 2),
            (b'i', Some(b'n')) if !self.byte(2).is_some_and(is_letter) => (Operator::In, 2),
            (b'<', _) => (Operator::Less, 1),
            (b'>', _) => (Operator::Greater, 1),
            (b'+', _) => (Operator::Add, 1),
            (b'-', _) => (Operator::Subtract, 1),
            (b'*', _) => (Operator::Multiply, 1),
            (b'/', _) => (Operator::Divide, 1),
            (b'%', _) => (Operator::Remainder, 1),
            _ => return None,
        })
    }

    fn operand(&mut self) -> Result<Tree<'a>, Fault> {
        self.blanks();
        let mut prefixes = Vec::new();
        while let Some(sign @ (b'-' | b'!')) = self.byte(0).filter(|sign| *sign == b'-' || self.byte(1) != Some(b'=')) {
            prefixes.push((self.at, sign == b'!'));
            self.at += 1;
            self.blanks();
        }
        let mut value = self.suffixed()?;
        for (at, is_not) in prefixes.into_iter().rev() {
            let span = at..value.syntax.span.end;
            let of = Box::new(value.syntax);
            value = Tree::over(value.depth, if is_not { Node::Not(of) } else { Node::Negative(of) }, span)?;
        }
        Ok(value)
    }

    fn suffixed(&mut self) -> Result<Tree<'a>, Fault> {
        self.blanks();
        let start = self.at;
        let mut value = self.primary()?;
        loop {
            let depth = value.depth;
            if self.takes(b'.') {
                self.blanks();
                let name = self.name().ok_or_else(|| self.expected())?;
                let end = self.at;
                if self.takes(b'(') {
                    let (arguments, deepest) = self.list(b')')?;
                    let all = std::iter::once(value.syntax).chain(arguments).collect();
                    value = Tree::over(depth.max(deepest), Node::Call(name, all, Form::Method), start..self.at)?;
                } else {
                    value = Tree::over(depth, Node::Select(Box::new(value.syntax), name), start..end)?;
                }
            } else if self.takes(b'[') {
                let index = self.expression()?;
                self.need(b']')?;
                let node = Node::Index(Box::new(value.syntax), Box::new(index.syntax));
                value = Tree::over(depth.max(index.depth), node, start..self.at)?;
            } else {
                return Ok(value);
            }
        }
    }

    /// Expressions with commas between them, as far as the closing sign; and how deep the deepest is.
    fn list(&mut self, close: u8) -> Result<(Vec<Syntax<'a>>, usize), Fault> {
        let (mut items, mut depth) = (Vec::new(), 0);
        if self.takes(close) {
            return Ok((items, depth));
        }
        loop {
            let item = self.expression()?;
            depth = depth.max(item.depth);
            items.push(item.syntax);
            if self.takes(close) {
                return Ok((items, depth));
            }
            self.need(b',')?;
        }
    }

    fn primary(&mut self) -> Result<Tree<'a>, Fault> {
        self.blanks();
        let start = self.at;
        match self.byte(0) {
            Some(b'(') => {
                self.at += 1;
                let inner = self.expression()?;
                self.need(b')')?;
                Ok(inner)
            }
            Some(b'[') => {
                self.at += 1;
                let (items, depth) = self.list(b']')?;
                Tree::over(depth, Node::List(items), start..self.at)
            }
            Some(quote @ (b'"' | b'\'')) => {
                let text = self.quoted(quote)?;
                Ok(Tree::leaf(Node::Text(text), start..self.at))
            }
            Some(b'0'..=b'9') => {
                let node = self.number()?;
                Ok(Tree::leaf(node, start..self.at))
            }
            _ => self.named(start),
        }
    }

    /// A name, a truth, or the call of a function.
    fn named(&mut self, start: usize) -> Result<Tree<'a>, Fault> {
        if let word @ ("true" | "false") = self.word() {
            self.at += word.len();
            return Ok(Tree::leaf(Node::Boolean(word == "true"), start..self.at));
        }
        let name = self.name().ok_or_else(|| self.expected())?;
        let end = self.at;
        if !self.takes(b'(') {
            return Ok(Tree::leaf(Node::Name(name), start..end));
        }
        let (arguments, depth) = self.list(b')')?;
        Tree::over(depth, Node::Call(name, arguments, Form::Function), start..self.at)
    }

    /// The letters that follow.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !is_letter(byte)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn name(&mut self) -> Option<&'a str> {
        let word = self.word();
        let begins_well = word.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        let is_name = begins_well && !matches!(word, "true" | "false" | "in");
        self.at += if is_name { word.len() } else { 0 };
        is_name.then_some(word)
    }

    /// Digits, with a fraction or a unit.
    fn number(&mut self) -> Result<Node<'a>, Fault> {
        let start = self.at;
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let whole = digits(self.rest());
        let fraction = self.rest().get(whole..).and_then(|rest| rest.strip_prefix('.')).map_or(0, digits);
        let length = if fraction > 0 { whole + 1 + fraction } else { whole };
        let text = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        let unit = self.word();
        self.at += unit.len();
        let span = start..self.at;
        let too_large = || Fault::new("this number is too large", span.clone());
        let node = match (unit, fraction > 0) {
            ("", true) => Node::Number(text.parse().map_err(|_| Fault::new("this is no number", span.clone()))?),
            ("", false) => Node::Integer(text.parse().map_err(|_| too_large())?),
            (unit, false) => {
                let (factor, is_time) = scale(unit).ok_or_else(|| Fault::new(EXPECTED, span.clone()))?;
                let number = text.parse::<i64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(too_large)?;
                if is_time { Node::Duration(number) } else { Node::Size(number) }
            }
            (_, true) => return Err(Fault::new(EXPECTED, span)),
        };
        Ok(node)
    }

    /// Text between quotes, with escapes.
    fn quoted(&mut self, quote: u8) -> Result<Arc<str>, Fault> {
        let start = self.at;
        let mut plain = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => {
                    let Some((_, escaped)) = characters.next() else { break };
                    plain.push(match escaped {
                        'n' => '\n',
                        't' => '\t',
                        quoted @ ('\\' | '"' | '\'') => quoted,
                        other => {
                            let what = format!("`\\{other}` stands for nothing in text");
                            return Err(Fault::new(what, start..start + at + 1 + other.len_utf8()));
                        }
                    });
                }
                end if end == char::from(quote) => {
                    self.at = start + at + 1;
                    return Ok(plain.into());
                }
                other => plain.push(other),
            }
        }
        Err(Fault::new("the text does not end", start..self.text.len()))
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What a unit multiplies with, and whether it is one of time: milliseconds, else bytes.
fn scale(unit: &str) -> Option<(i64, bool)> {
    Some(match unit {
        "ms" => (1, true),
        "s" => (1000, true),
        "m" => (60_000, true),
        "h" => (3_600_000, true),
        "d" => (86_400_000, true),
        "B" => (1, false),
        "KiB" => (1 << 10, false),
        "MiB" => (1 << 20, false),
        "GiB" => (1 << 30, false),
        _ => return None,
    })
}
