//! The language of rule conditions.
//!
//! In: the text of a condition or of a message. Out: a tree with byte spans, for `check` to type. The spelling and the meaning of
//! operators are CEL's; durations, sizes and three-valued truth are ours. Nothing is evaluated here.

pub mod check;
pub mod evaluate;
pub mod functions;
mod operate;
mod parse;
pub mod types;

pub use self::parse::parse;

use std::ops::Range;
use std::sync::Arc;

/// A parsed expression, not yet typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Syntax {
    pub node: Node,
    pub span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    /// In milliseconds.
    Duration(i64),
    /// In bytes.
    Size(i64),
    Text(Arc<str>),
    Name(Arc<str>),
    List(Vec<Syntax>),
    Select(Box<Syntax>, Arc<str>),
    Index(Box<Syntax>, Box<Syntax>),
    /// A function, or a method with its receiver first.
    Call(Arc<str>, Vec<Syntax>, Form),
    Not(Box<Syntax>),
    Negative(Box<Syntax>),
    Binary(Operator, Box<Syntax>, Box<Syntax>),
    Choice(Box<Syntax>, Box<Syntax>, Box<Syntax>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Function,
    Method,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What is wrong with a condition, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub span: Range<usize>,
}

impl Operator {
    /// How strongly it binds; equals bind to the left.
    fn strength(self) -> u8 {
        use Operator::*;
        match self {
            Or => 0,
            And => 1,
            Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual | In => 2,
            Add | Subtract => 3,
            Multiply | Divide | Remainder => 4,
        }
    }
}

impl Fault {
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Fault {
        Fault { message: message.into(), span }
    }
}

/// A part of a message: plain text, or an expression whose value goes there.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Plain(String),
    Hole(Syntax),
}

/// Parses a message with `{expressions}` in it; `{{` and `}}` stand for braces.
pub fn parse_template(text: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let offset = text.len() - from.len();
        if from.starts_with("{{") || from.starts_with("}}") {
            plain.extend(from.chars().next());
            rest = from.get(2..).unwrap_or_default();
            continue;
        }
        let Some(end) = from.find('}').filter(|_| from.starts_with('{')) else {
            return Err(Fault::new("a brace stands alone; write `{{` or `}}` for one", offset..offset + 1));
        };
        let inner = from.get(1..end).unwrap_or_default();
        let mut hole = parse(inner).map_err(|fault| shift_fault(fault, offset + 1))?;
        shift(&mut hole, offset + 1);
        parts.push(Part::Plain(std::mem::take(&mut plain)));
        parts.push(Part::Hole(hole));
        rest = from.get(end + 1..).unwrap_or_default();
    }
    plain.push_str(rest);
    parts.push(Part::Plain(plain));
    Ok(parts)
}

fn shift_fault(fault: Fault, by: usize) -> Fault {
    Fault { span: fault.span.start + by..fault.span.end + by, ..fault }
}

fn shift(syntax: &mut Syntax, by: usize) {
    syntax.span = syntax.span.start + by..syntax.span.end + by;
    match &mut syntax.node {
        Node::List(items) | Node::Call(_, items, _) => items.iter_mut().for_each(|item| shift(item, by)),
        Node::Select(inner, _) | Node::Not(inner) | Node::Negative(inner) => shift(inner, by),
        Node::Index(left, right) | Node::Binary(_, left, right) => [left, right].into_iter().for_each(|inner| shift(inner, by)),
        Node::Choice(test, yes, no) => [test, yes, no].into_iter().for_each(|inner| shift(inner, by)),
        Node::Boolean(_)
        | Node::Integer(_)
        | Node::Number(_)
        | Node::Duration(_)
        | Node::Size(_)
        | Node::Text(_)
        | Node::Name(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_in_cel() {
        let tree = parse("a || b && !c == d + 2 * 3s").unwrap();
        let Node::Binary(Operator::Or, _, and) = tree.node else { panic!("{tree:?}") };
        let Node::Binary(Operator::And, _, equal) = and.node else { panic!() };
        let Node::Binary(Operator::Equal, not, sum) = equal.node else { panic!() };
        assert!(matches!(not.node, Node::Not(_)));
        let Node::Binary(Operator::Add, _, product) = sum.node else { panic!() };
        let Node::Binary(Operator::Multiply, _, seconds) = product.node else { panic!() };
        assert_eq!(seconds.node, Node::Duration(3000));
    }

    #[test]
    fn literals_and_names_end_where_letters_end() {
        let node = |text: &str| parse(text).unwrap().node;
        assert_eq!(node("1.5"), Node::Number(1.5));
        assert_eq!(node("90m"), Node::Duration(5_400_000));
        assert_eq!(node(" 2KiB "), Node::Size(2048));
        assert_eq!(node("'it\\'s\\n'"), Node::Text("it's\n".into()));
        assert_eq!(node("inner"), Node::Name("inner".into()));
        assert!(matches!(node("a . b ( ) [ 0 ]"), Node::Index(..)));
        for text in [
            "",
            "true(1)",
            "in",
            "a.in",
            "30x",
            "1.5s",
            "a b",
            "'a",
            "\"\\q\"",
            "f(a,)",
            "[1",
            "a ? b",
            "99999999999999999999",
            "a = b",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused_in_a_small_stack() {
        let deep = |open: &str, close: &str, depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
        let tried = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
            for (open, close) in
                [("(", ")"), ("!", ""), ("-", ""), ("[", "]"), ("f(", ")"), ("", ".b"), ("a + ", ""), ("a[", "]")]
            {
                assert!(parse(&deep(open, close, 50)).is_ok(), "{open}");
                assert_eq!(parse(&deep(open, close, 100_000)).unwrap_err().message, "the condition is nested too deeply");
            }
        });
        tried.unwrap().join().unwrap();
    }

    #[test]
    fn faults_point_into_the_text() {
        assert_eq!(parse("a >").unwrap_err().span.start, 3);
        assert_eq!(parse_template("x {a b}").unwrap_err().span.start, 5);
        assert!(parse_template("lone }").is_err());
    }

    #[test]
    fn a_template_keeps_its_blanks_and_braces() {
        let parts = parse_template("in {{x}} {a.b} s").unwrap();
        assert_eq!(parts[0], Part::Plain("in {x} ".into()));
        assert_eq!(parts[2], Part::Plain(" s".into()));
    }
}
