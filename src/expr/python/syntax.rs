//! The part of Python that configuration files are made of, as a tree of our own.
//!
//! In: nothing; a format builds these. Out: statements and expressions with the spans they have in their document.
//! Never holds what the parser of the day calls things, so a new parser touches one file. What has no place here is `Other`,
//! which still tells the names it may bind.

use crate::source::Span;
use std::sync::Arc;

/// One file.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub statements: Vec<Statement>,
    /// The whole file, of the same length as its bytes; guards are named by their text.
    pub text: Arc<str>,
}

impl Program {
    /// The source text of a span, with runs of white space made one space.
    pub fn excerpt(&self, span: Span) -> String {
        let text = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub kind: Step,
    pub span: Span,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub enum Step {
    Assign {
        targets: Vec<Expression>,
        value: Expression,
    },
    AugAssign {
        target: Expression,
        operator: Binary,
        value: Expression,
    },
    AnnAssign {
        target: Expression,
        value: Option<Expression>,
    },
    /// `elif` is an `if` within `otherwise`.
    If {
        test: Expression,
        body: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    For {
        target: Expression,
        iterable: Expression,
        body: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    While {
        test: Expression,
        body: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Try {
        body: Vec<Statement>,
        handlers: Vec<Handler>,
        otherwise: Vec<Statement>,
        finally: Vec<Statement>,
    },
    With {
        items: Vec<(Expression, Option<Expression>)>,
        body: Vec<Statement>,
    },
    FunctionDef(Arc<Function>),
    ClassDef {
        name: Identifier,
        body: Vec<Statement>,
    },
    Import(Vec<Alias>),
    ImportFrom {
        /// Dotted; none for `from . import x`.
        module: Option<Arc<str>>,
        /// Leading dots.
        level: u32,
        names: Vec<Alias>,
    },
    Expression(Expression),
    Return(Option<Expression>),
    Raise(Option<Expression>),
    Delete(Vec<Expression>),
    Global(Vec<Identifier>),
    Nonlocal(Vec<Identifier>),
    Assert(Expression),
    Pass,
    Break,
    Continue,
    /// What is not evaluated, with the statements inside it.
    Other {
        bound: Vec<Identifier>,
        inner: Vec<Statement>,
    },
}

/// A name where it is bound.
#[derive(Clone, Debug)]
pub struct Identifier {
    pub name: Arc<str>,
    pub span: Span,
}

/// `name as bound`; a star import has the name `*`.
#[derive(Clone, Debug)]
pub struct Alias {
    pub name: Arc<str>,
    pub bound: Option<Identifier>,
    pub span: Span,
}

/// `except kind as name:`; no kind catches everything.
#[derive(Clone, Debug)]
pub struct Handler {
    pub kind: Option<Expression>,
    pub name: Option<Identifier>,
    pub body: Vec<Statement>,
}

/// A `def`, or a lambda (whose body is one `return`).
#[derive(Clone, Debug)]
pub struct Function {
    pub name: Identifier,
    pub parameters: Vec<Parameter>,
    /// `*args`; none also for a bare `*`.
    pub varargs: Option<Arc<str>>,
    /// `**kwargs`.
    pub keywords: Option<Arc<str>>,
    pub body: Vec<Statement>,
    pub decorators: Vec<Expression>,
    /// `async def`, or a body that yields: calling it does not run it.
    pub deferred: bool,
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: Arc<str>,
    pub default: Option<Expression>,
    pub kind: ParameterKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    PositionalOnly,
    Positional,
    KeywordOnly,
}

#[derive(Clone, Debug)]
pub struct Expression {
    pub kind: Kind,
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum Kind {
    Name(Arc<str>),
    Constant(Constant),
    Binary {
        left: Box<Expression>,
        operator: Binary,
        right: Box<Expression>,
    },
    Unary {
        operator: Unary,
        operand: Box<Expression>,
    },
    Boolean {
        operator: Boolean,
        values: Vec<Expression>,
    },
    Compare {
        left: Box<Expression>,
        rest: Vec<(Comparison, Expression)>,
    },
    Call {
        callee: Box<Expression>,
        arguments: Vec<Argument>,
    },
    Attribute {
        value: Box<Expression>,
        name: Arc<str>,
    },
    Subscript {
        value: Box<Expression>,
        index: Box<Expression>,
    },
    Slice {
        lower: Option<Box<Expression>>,
        upper: Option<Box<Expression>>,
        step: Option<Box<Expression>>,
    },
    Conditional {
        test: Box<Expression>,
        body: Box<Expression>,
        otherwise: Box<Expression>,
    },
    List(Vec<Expression>),
    Tuple(Vec<Expression>),
    Set(Vec<Expression>),
    /// An entry without key is `**value`.
    Dict(Vec<(Option<Expression>, Expression)>),
    Format(Vec<Part>),
    Lambda(Arc<Function>),
    Comprehension(Box<Comprehension>),
    Starred(Box<Expression>),
    Named {
        target: Identifier,
        value: Box<Expression>,
    },
    /// What is not evaluated, with the expressions inside it.
    Other(Vec<Expression>),
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub kind: ArgumentKind,
    pub value: Expression,
}

#[derive(Clone, Debug)]
pub enum ArgumentKind {
    Positional,
    /// `*value`
    Star,
    Keyword(Arc<str>),
    /// `**value`
    DoubleStar,
}

#[derive(Clone, Debug)]
pub enum Constant {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits, an imaginary number or `...`.
    Unsupported,
    Float(f64),
    Str(Arc<str>),
    Bytes(Arc<[u8]>),
}

/// A piece of an f-string.
#[derive(Clone, Debug)]
pub enum Part {
    Text(Arc<str>),
    Value {
        value: Expression,
        conversion: Option<char>,
        specification: Vec<Part>,
        /// `{name=}`: the text before the value.
        debug: Option<Arc<str>>,
    },
}

#[derive(Clone, Debug)]
pub struct Comprehension {
    pub kind: ComprehensionKind,
    pub element: Expression,
    /// The value of a dictionary comprehension, whose key is `element`.
    pub value: Option<Expression>,
    pub clauses: Vec<Clause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

/// `for target in iterable if conditions`
#[derive(Clone, Debug)]
pub struct Clause {
    pub target: Expression,
    pub iterable: Expression,
    pub conditions: Vec<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    ShiftLeft,
    ShiftRight,
    Or,
    Xor,
    And,
    MatrixMultiply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    Not,
    Minus,
    Plus,
    Invert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boolean {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Is,
    IsNot,
    In,
    NotIn,
}
