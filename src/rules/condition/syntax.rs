//! What the text of a condition says: a tree with byte spans, not yet typed, or what is wrong and where.
//!
//! Shared with the build script, which reads by it of what the built-in rules speak; so it names nothing else of the program.

use std::ops::Range;
use std::sync::Arc;

/// A parsed expression, not yet typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Syntax<'a> {
    pub node: Node<'a>,
    pub span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Node<'a> {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    /// In milliseconds.
    Duration(i64),
    /// In bytes.
    Size(i64),
    Text(Arc<str>),
    Name(&'a str),
    List(Vec<Syntax<'a>>),
    Select(Box<Syntax<'a>>, &'a str),
    Index(Box<Syntax<'a>>, Box<Syntax<'a>>),
    /// A function, or a method with its receiver first.
    Call(&'a str, Vec<Syntax<'a>>, Form),
    Not(Box<Syntax<'a>>),
    Negative(Box<Syntax<'a>>),
    Binary(Operator, Box<Syntax<'a>>, Box<Syntax<'a>>),
    Choice(Box<Syntax<'a>>, Box<Syntax<'a>>, Box<Syntax<'a>>),
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
    pub(super) fn strength(self) -> u8 {
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

pub(super) fn shift_fault(fault: Fault, by: usize) -> Fault {
    Fault { span: fault.span.start + by..fault.span.end + by, ..fault }
}

/// Moves an expression to where it stands in a longer text.
pub(super) fn shift(syntax: &mut Syntax<'_>, by: usize) {
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
