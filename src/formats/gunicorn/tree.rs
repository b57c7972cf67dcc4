//! Python's syntax through ruff's parser, turned into our own tree.
//!
//! In: text. Out: a program and the parser's errors with their spans. The only file that names ruff's types, whose interface is
//! not stable; an upgrade ends here. Expressions and statements nested deeper than a person writes become `Other`, so that nobody
//! after us needs a deep stack.

use crate::expr::python::syntax::{
    Alias, Argument, ArgumentKind, Binary, Boolean, Clause, Comparison, Comprehension, ComprehensionKind, Constant, Expression,
    Function, Handler, Identifier, Kind, Parameter, ParameterKind, Part, Program, Statement, Step, Unary,
};
use crate::formats::ignores::Layout;
use crate::source::{DocumentId, Span};
use ruff_python_ast as ast;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};
use std::sync::Arc;

/// Deepest nesting that is kept. A chain of 100 operators nests as deep; hand-written configurations stay below 20.
const MAX_DEPTH: usize = 100;

/// Parses a text; with errors, the program holds what could be read around them.
pub fn parse(text: &str, document: DocumentId) -> (Program, Vec<(Span, String)>, Layout) {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let mut tree = Tree { document, depth: 0 };
    let statements = match parsed.syntax() {
        ast::Mod::Module(module) => tree.block(&module.body),
        ast::Mod::Expression(_) => Vec::new(),
    };
    let describe = |error: &ruff_python_parser::ParseError| {
        let message = error.error.to_string();
        let mut characters = message.chars();
        let lowered: String = characters.next().into_iter().flat_map(char::to_lowercase).chain(characters).collect();
        (tree.span(error.location), lowered)
    };
    let errors = parsed.errors().iter().map(describe).collect();
    (Program { statements, text: text.into() }, errors, layout(parsed.tokens(), &tree))
}

/// Comments, and lines as Python counts them: over brackets and backslashes, without the comment at the end.
fn layout(tokens: &[Token], tree: &Tree) -> Layout {
    let mut layout = Layout::default();
    let mut open: Option<TextRange> = None;
    for token in tokens {
        match token.kind() {
            TokenKind::Comment => layout.comments.push(tree.span(token.range())),
            TokenKind::Newline => layout.statements.extend(open.take().map(|line| tree.span(line))),
            TokenKind::NonLogicalNewline | TokenKind::Indent | TokenKind::Dedent | TokenKind::EndOfFile => {}
            _ => open = Some(open.map_or(token.range(), |line| line.cover(token.range()))),
        }
    }
    layout.statements.extend(open.map(|line| tree.span(line)));
    layout
}

struct Tree {
    document: DocumentId,
    depth: usize,
}

impl Tree {
    fn span(&self, range: TextRange) -> Span {
        Span::new(self.document, range.start().to_usize(), range.end().to_usize())
    }

    fn identifier(&self, identifier: &ast::Identifier) -> Identifier {
        Identifier { name: identifier.as_str().into(), span: self.span(identifier.range) }
    }

    fn block(&mut self, body: &[ast::Stmt]) -> Vec<Statement> {
        if self.depth >= MAX_DEPTH {
            return Vec::new();
        }
        self.depth += 1;
        let statements = body.iter().map(|statement| self.statement(statement)).collect();
        self.depth -= 1;
        statements
    }

    fn statement(&mut self, statement: &ast::Stmt) -> Statement {
        let span = self.span(statement.range());
        let kind = match statement {
            ast::Stmt::Assign(it) => Step::Assign { targets: self.all(&it.targets), value: self.expression(&it.value) },
            ast::Stmt::AugAssign(it) => Step::AugAssign {
                target: self.expression(&it.target),
                operator: binary(it.op),
                value: self.expression(&it.value),
            },
            ast::Stmt::AnnAssign(it) => Step::AnnAssign {
                target: self.expression(&it.target),
                value: it.value.as_ref().map(|value| self.expression(value)),
            },
            ast::Stmt::If(it) => self.branches(it),
            ast::Stmt::For(it) if !it.is_async => Step::For {
                target: self.expression(&it.target),
                iterable: self.expression(&it.iter),
                body: self.block(&it.body),
                otherwise: self.block(&it.orelse),
            },
            ast::Stmt::While(it) => {
                Step::While { test: self.expression(&it.test), body: self.block(&it.body), otherwise: self.block(&it.orelse) }
            }
            ast::Stmt::Try(it) if !it.is_star => Step::Try {
                body: self.block(&it.body),
                handlers: it.handlers.iter().map(|handler| self.handler(handler)).collect(),
                otherwise: self.block(&it.orelse),
                finally: self.block(&it.finalbody),
            },
            ast::Stmt::With(it) => {
                Step::With { items: it.items.iter().map(|item| self.with_item(item)).collect(), body: self.block(&it.body) }
            }
            ast::Stmt::FunctionDef(it) => Step::FunctionDef(Arc::new(self.function(it))),
            ast::Stmt::ClassDef(it) => Step::ClassDef { name: self.identifier(&it.name), body: self.block(&it.body) },
            ast::Stmt::Import(it) => Step::Import(self.aliases(&it.names)),
            ast::Stmt::ImportFrom(it) => Step::ImportFrom {
                module: it.module.as_ref().map(|module| module.as_str().into()),
                level: it.level,
                names: self.aliases(&it.names),
            },
            ast::Stmt::Expr(it) => Step::Expression(self.expression(&it.value)),
            ast::Stmt::Return(it) => Step::Return(it.value.as_ref().map(|value| self.expression(value))),
            ast::Stmt::Raise(it) => Step::Raise(it.exc.as_ref().map(|raised| self.expression(raised))),
            ast::Stmt::Delete(it) => Step::Delete(self.all(&it.targets)),
            ast::Stmt::Global(it) => Step::Global(it.names.iter().map(|name| self.identifier(name)).collect()),
            ast::Stmt::Nonlocal(it) => Step::Nonlocal(it.names.iter().map(|name| self.identifier(name)).collect()),
            ast::Stmt::Assert(it) => Step::Assert(self.expression(&it.test)),
            ast::Stmt::Pass(_) => Step::Pass,
            ast::Stmt::Break(_) => Step::Break,
            ast::Stmt::Continue(_) => Step::Continue,
            other => self.other(other),
        };
        Statement { kind, span }
    }

    /// `elif` clauses become nested `if` statements; built from the last one, so that a long chain is not deep while converting.
    fn branches(&mut self, it: &ast::StmtIf) -> Step {
        let mut otherwise = Vec::new();
        let room = MAX_DEPTH.saturating_sub(self.depth);
        for (index, clause) in it.elif_else_clauses.iter().enumerate().rev() {
            let body = self.block(&clause.body);
            otherwise = match &clause.test {
                None => body,
                // A chain longer than the depth that is left keeps its names, not its tests.
                Some(_) if index >= room => {
                    let inner = body.into_iter().chain(otherwise).collect();
                    vec![Statement { kind: Step::Other { bound: Vec::new(), inner }, span: self.span(clause.range) }]
                }
                Some(test) => {
                    let kind = Step::If { test: self.expression(test), body, otherwise };
                    vec![Statement { kind, span: self.span(clause.range) }]
                }
            };
        }
        Step::If { test: self.expression(&it.test), body: self.block(&it.body), otherwise }
    }

    fn handler(&mut self, handler: &ast::ExceptHandler) -> Handler {
        let ast::ExceptHandler::ExceptHandler(it) = handler;
        Handler {
            kind: it.type_.as_ref().map(|kind| self.expression(kind)),
            name: it.name.as_ref().map(|name| self.identifier(name)),
            body: self.block(&it.body),
        }
    }

    fn with_item(&mut self, item: &ast::WithItem) -> (Expression, Option<Expression>) {
        (self.expression(&item.context_expr), item.optional_vars.as_ref().map(|target| self.expression(target)))
    }

    fn function(&mut self, it: &ast::StmtFunctionDef) -> Function {
        Function {
            name: self.identifier(&it.name),
            parameters: self.parameters(&it.parameters),
            varargs: it.parameters.vararg.as_ref().map(|parameter| parameter.name.as_str().into()),
            keywords: it.parameters.kwarg.as_ref().map(|parameter| parameter.name.as_str().into()),
            body: self.block(&it.body),
            decorators: it.decorator_list.iter().map(|decorator| self.expression(&decorator.expression)).collect(),
            deferred: it.is_async || yields(&it.body),
        }
    }

    fn parameters(&mut self, parameters: &ast::Parameters) -> Vec<Parameter> {
        let mut list = Vec::new();
        let groups = [
            (&parameters.posonlyargs, ParameterKind::PositionalOnly),
            (&parameters.args, ParameterKind::Positional),
            (&parameters.kwonlyargs, ParameterKind::KeywordOnly),
        ];
        for (group, kind) in groups {
            for it in group.iter() {
                let default = it.default.as_ref().map(|default| self.expression(default));
                list.push(Parameter { name: it.parameter.name.as_str().into(), default, kind });
            }
        }
        list
    }

    fn aliases(&self, names: &[ast::Alias]) -> Vec<Alias> {
        let alias = |it: &ast::Alias| Alias {
            name: it.name.as_str().into(),
            bound: it.asname.as_ref().map(|name| self.identifier(name)),
            span: self.span(it.name.range),
        };
        names.iter().map(alias).collect()
    }

    /// Statements that are not evaluated keep what they contain, so that the names they bind are known.
    fn other(&mut self, statement: &ast::Stmt) -> Step {
        let mut bound = Vec::new();
        let mut inner = Vec::new();
        match statement {
            ast::Stmt::Match(it) => {
                for case in &it.cases {
                    self.captures(&case.pattern, &mut bound);
                    inner.extend(self.block(&case.body));
                }
            }
            ast::Stmt::For(it) => inner.extend(self.block(&it.body).into_iter().chain(self.block(&it.orelse))),
            ast::Stmt::Try(it) => {
                inner.extend(self.block(&it.body));
                for handler in &it.handlers {
                    inner.extend(self.handler(handler).body);
                }
                inner.extend(self.block(&it.orelse).into_iter().chain(self.block(&it.finalbody)));
            }
            ast::Stmt::TypeAlias(it) => {
                if let Kind::Name(name) = self.expression(&it.name).kind {
                    bound.push(Identifier { name, span: self.span(it.name.range()) });
                }
            }
            _ => {}
        }
        Step::Other { bound, inner }
    }

    fn captures(&self, pattern: &ast::Pattern, bound: &mut Vec<Identifier>) {
        match pattern {
            ast::Pattern::MatchAs(it) => {
                bound.extend(it.name.as_ref().map(|name| self.identifier(name)));
                it.pattern.iter().for_each(|inner| self.captures(inner, bound));
            }
            ast::Pattern::MatchStar(it) => bound.extend(it.name.as_ref().map(|name| self.identifier(name))),
            ast::Pattern::MatchSequence(it) => it.patterns.iter().for_each(|inner| self.captures(inner, bound)),
            ast::Pattern::MatchOr(it) => it.patterns.iter().for_each(|inner| self.captures(inner, bound)),
            ast::Pattern::MatchMapping(it) => {
                bound.extend(it.rest.as_ref().map(|name| self.identifier(name)));
                it.patterns.iter().for_each(|inner| self.captures(inner, bound));
            }
            ast::Pattern::MatchClass(it) => {
                it.arguments.patterns.iter().for_each(|inner| self.captures(inner, bound));
                it.arguments.keywords.iter().for_each(|keyword| self.captures(&keyword.pattern, bound));
            }
            ast::Pattern::MatchValue(_) | ast::Pattern::MatchSingleton(_) => {}
        }
    }

    fn all(&mut self, expressions: &[ast::Expr]) -> Vec<Expression> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    fn boxed(&mut self, expression: &ast::Expr) -> Box<Expression> {
        Box::new(self.expression(expression))
    }

    fn optional(&mut self, expression: &Option<Box<ast::Expr>>) -> Option<Box<Expression>> {
        expression.as_ref().map(|expression| self.boxed(expression))
    }

    fn expression(&mut self, expression: &ast::Expr) -> Expression {
        let span = self.span(expression.range());
        if self.depth >= MAX_DEPTH {
            return Expression { kind: Kind::Other(Vec::new()), span };
        }
        self.depth += 1;
        let kind = self.kind(expression);
        self.depth -= 1;
        Expression { kind, span }
    }

    fn kind(&mut self, expression: &ast::Expr) -> Kind {
        match expression {
            ast::Expr::Name(it) => Kind::Name(it.id.as_str().into()),
            ast::Expr::NoneLiteral(_) => Kind::Constant(Constant::None),
            ast::Expr::BooleanLiteral(it) => Kind::Constant(Constant::Bool(it.value)),
            ast::Expr::StringLiteral(it) => Kind::Constant(Constant::Str(it.value.to_str().into())),
            ast::Expr::BytesLiteral(it) => Kind::Constant(Constant::Bytes(it.value.bytes().collect())),
            ast::Expr::EllipsisLiteral(_) => Kind::Constant(Constant::Unsupported),
            ast::Expr::NumberLiteral(it) => Kind::Constant(match &it.value {
                ast::Number::Int(value) => value.as_i64().map_or(Constant::Unsupported, Constant::Int),
                ast::Number::Float(value) => Constant::Float(*value),
                ast::Number::Complex { .. } => Constant::Unsupported,
            }),
            ast::Expr::BinOp(it) => {
                Kind::Binary { left: self.boxed(&it.left), operator: binary(it.op), right: self.boxed(&it.right) }
            }
            ast::Expr::UnaryOp(it) => Kind::Unary { operator: unary(it.op), operand: self.boxed(&it.operand) },
            ast::Expr::BoolOp(it) => {
                let operator = if it.op == ast::BoolOp::And { Boolean::And } else { Boolean::Or };
                Kind::Boolean { operator, values: self.all(&it.values) }
            }
            ast::Expr::Compare(it) => {
                let rest = it.ops.iter().zip(&it.comparators).map(|(op, right)| (comparison(*op), self.expression(right)));
                let rest = rest.collect();
                Kind::Compare { left: self.boxed(&it.left), rest }
            }
            ast::Expr::Call(it) => Kind::Call { callee: self.boxed(&it.func), arguments: self.arguments(&it.arguments) },
            ast::Expr::Attribute(it) => Kind::Attribute { value: self.boxed(&it.value), name: it.attr.as_str().into() },
            ast::Expr::Subscript(it) => Kind::Subscript { value: self.boxed(&it.value), index: self.boxed(&it.slice) },
            ast::Expr::Slice(it) => {
                Kind::Slice { lower: self.optional(&it.lower), upper: self.optional(&it.upper), step: self.optional(&it.step) }
            }
            ast::Expr::If(it) => {
                Kind::Conditional { test: self.boxed(&it.test), body: self.boxed(&it.body), otherwise: self.boxed(&it.orelse) }
            }
            ast::Expr::List(it) => Kind::List(self.all(&it.elts)),
            ast::Expr::Tuple(it) => Kind::Tuple(self.all(&it.elts)),
            ast::Expr::Set(it) => Kind::Set(self.all(&it.elts)),
            ast::Expr::Dict(it) => {
                let entry = |item: &ast::DictItem| {
                    let key = item.key.as_ref().map(|key| self.expression(key));
                    (key, self.expression(&item.value))
                };
                Kind::Dict(it.items.iter().map(entry).collect())
            }
            ast::Expr::FString(it) => Kind::Format(self.format(&it.value)),
            ast::Expr::Lambda(it) => Kind::Lambda(Arc::new(self.lambda(it))),
            ast::Expr::ListComp(it) => self.comprehension(ComprehensionKind::List, &it.elt, None, &it.generators),
            ast::Expr::SetComp(it) => self.comprehension(ComprehensionKind::Set, &it.elt, None, &it.generators),
            ast::Expr::Generator(it) => self.comprehension(ComprehensionKind::Generator, &it.elt, None, &it.generators),
            ast::Expr::DictComp(it) => match &it.key {
                Some(key) => self.comprehension(ComprehensionKind::Dict, key, Some(&it.value), &it.generators),
                None => Kind::Other(vec![self.expression(&it.value)]),
            },
            ast::Expr::Starred(it) => Kind::Starred(self.boxed(&it.value)),
            ast::Expr::Named(it) => match &*it.target {
                ast::Expr::Name(name) => {
                    let target = Identifier { name: name.id.as_str().into(), span: self.span(name.range) };
                    Kind::Named { target, value: self.boxed(&it.value) }
                }
                _ => Kind::Other(vec![self.expression(&it.value)]),
            },
            ast::Expr::Await(it) => Kind::Other(vec![self.expression(&it.value)]),
            ast::Expr::YieldFrom(it) => Kind::Other(vec![self.expression(&it.value)]),
            ast::Expr::Yield(it) => Kind::Other(it.value.iter().map(|value| self.expression(value)).collect()),
            ast::Expr::TString(_) | ast::Expr::IpyEscapeCommand(_) => Kind::Other(Vec::new()),
        }
    }

    fn arguments(&mut self, arguments: &ast::Arguments) -> Vec<Argument> {
        let mut list: Vec<Argument> = Vec::with_capacity(arguments.args.len() + arguments.keywords.len());
        for it in &arguments.args {
            list.push(match it {
                ast::Expr::Starred(starred) => Argument { kind: ArgumentKind::Star, value: self.expression(&starred.value) },
                plain => Argument { kind: ArgumentKind::Positional, value: self.expression(plain) },
            });
        }
        for it in &arguments.keywords {
            let kind = it.arg.as_ref().map_or(ArgumentKind::DoubleStar, |name| ArgumentKind::Keyword(name.as_str().into()));
            list.push(Argument { kind, value: self.expression(&it.value) });
        }
        list
    }

    fn lambda(&mut self, it: &ast::ExprLambda) -> Function {
        let span = self.span(it.range);
        let value = self.expression(&it.body);
        let body = vec![Statement { span: value.span, kind: Step::Return(Some(value)) }];
        let parameters = it.parameters.as_ref();
        Function {
            name: Identifier { name: "<lambda>".into(), span },
            parameters: parameters.map(|list| self.parameters(list)).unwrap_or_default(),
            varargs: parameters.and_then(|list| list.vararg.as_ref()).map(|parameter| parameter.name.as_str().into()),
            keywords: parameters.and_then(|list| list.kwarg.as_ref()).map(|parameter| parameter.name.as_str().into()),
            body,
            decorators: Vec::new(),
            deferred: false,
        }
    }

    fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        element: &ast::Expr,
        value: Option<&ast::Expr>,
        generators: &[ast::Comprehension],
    ) -> Kind {
        let element = self.expression(element);
        let value = value.map(|value| self.expression(value));
        if generators.iter().any(|generator| generator.is_async) {
            return Kind::Other(std::iter::once(element).chain(value).collect());
        }
        let clause = |it: &ast::Comprehension| Clause {
            target: self.expression(&it.target),
            iterable: self.expression(&it.iter),
            conditions: self.all(&it.ifs),
        };
        let clauses = generators.iter().map(clause).collect();
        Kind::Comprehension(Box::new(Comprehension { kind, element, value, clauses }))
    }

    fn format(&mut self, value: &ast::FStringValue) -> Vec<Part> {
        let mut parts = Vec::new();
        for part in value {
            match part {
                ast::FStringPart::Literal(literal) => parts.push(Part::Text(literal.as_str().into())),
                ast::FStringPart::FString(string) => parts.extend(self.elements(&string.elements)),
            }
        }
        parts
    }

    fn elements(&mut self, elements: &ast::InterpolatedStringElements) -> Vec<Part> {
        let part = |element: &ast::InterpolatedStringElement| match element {
            ast::InterpolatedStringElement::Literal(literal) => Part::Text((&*literal.value).into()),
            ast::InterpolatedStringElement::Interpolation(it) => Part::Value {
                value: self.expression(&it.expression),
                conversion: it.conversion.to_char(),
                specification: it.format_spec.as_ref().map(|format| self.elements(&format.elements)).unwrap_or_default(),
                debug: it.debug_text.as_ref().map(|debug| debug.as_str().into()),
            },
        };
        elements.iter().map(part).collect()
    }
}

/// Whether a body yields, which makes its function a generator; nested functions do not count.
fn yields(body: &[ast::Stmt]) -> bool {
    use ast::visitor::Visitor;
    struct Search(bool);
    impl<'a> Visitor<'a> for Search {
        fn visit_stmt(&mut self, statement: &'a ast::Stmt) {
            if !matches!(statement, ast::Stmt::FunctionDef(_) | ast::Stmt::ClassDef(_)) && !self.0 {
                ast::visitor::walk_stmt(self, statement);
            }
        }
        fn visit_expr(&mut self, expression: &'a ast::Expr) {
            match expression {
                ast::Expr::Yield(_) | ast::Expr::YieldFrom(_) => self.0 = true,
                ast::Expr::Lambda(_) => {}
                _ if self.0 => {}
                _ => ast::visitor::walk_expr(self, expression),
            }
        }
    }
    let mut search = Search(false);
    search.visit_body(body);
    search.0
}

fn binary(operator: ast::Operator) -> Binary {
    match operator {
        ast::Operator::Add => Binary::Add,
        ast::Operator::Sub => Binary::Subtract,
        ast::Operator::Mult => Binary::Multiply,
        ast::Operator::MatMult => Binary::MatrixMultiply,
        ast::Operator::Div => Binary::Divide,
        ast::Operator::Mod => Binary::Modulo,
        ast::Operator::Pow => Binary::Power,
        ast::Operator::LShift => Binary::ShiftLeft,
        ast::Operator::RShift => Binary::ShiftRight,
        ast::Operator::BitOr => Binary::Or,
        ast::Operator::BitXor => Binary::Xor,
        ast::Operator::BitAnd => Binary::And,
        ast::Operator::FloorDiv => Binary::FloorDivide,
    }
}

fn unary(operator: ast::UnaryOp) -> Unary {
    match operator {
        ast::UnaryOp::Invert => Unary::Invert,
        ast::UnaryOp::Not => Unary::Not,
        ast::UnaryOp::UAdd => Unary::Plus,
        ast::UnaryOp::USub => Unary::Minus,
    }
}

fn comparison(operator: ast::CmpOp) -> Comparison {
    match operator {
        ast::CmpOp::Eq => Comparison::Equal,
        ast::CmpOp::NotEq => Comparison::NotEqual,
        ast::CmpOp::Lt => Comparison::Less,
        ast::CmpOp::LtE => Comparison::LessEqual,
        ast::CmpOp::Gt => Comparison::Greater,
        ast::CmpOp::GtE => Comparison::GreaterEqual,
        ast::CmpOp::Is => Comparison::Is,
        ast::CmpOp::IsNot => Comparison::IsNot,
        ast::CmpOp::In => Comparison::In,
        ast::CmpOp::NotIn => Comparison::NotIn,
    }
}
