//! The functions of conditions: their names, shapes and types. What they do is in `evaluate`.
//!
//! CEL's own: size, startsWith, endsWith, contains, replace, lowerAscii, upperAscii, int, string. Ours: what is known about a value
//! (known, explicit, inherited, has, source, at), versions (`app.version >= version("24.0")`), and a little arithmetic (min, max,
//! ceil, clearly_below).

use super::types::Type;
use super::{Fault, Form};
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Not unknown and not none.
    Known,
    /// Chosen by someone, not a default.
    Explicit,
    /// Taken over from an outer level of nginx.
    Inherited,
    /// Not none.
    Has,
    /// Where a value comes from, in words.
    Source,
    /// Path and line of a value.
    At,
    /// `a < b` by at least 2 s and 10 % of `b`; 0 and no limit are never compared.
    ClearlyBelow,
    /// The value follows from the processor count, known or not.
    DependsOnCpuCount,
    /// The value was read from that environment variable.
    ReadsVariable,
    Size,
    Min,
    Max,
    Ceil,
    Int,
    String,
    StartsWith,
    EndsWith,
    Contains,
    /// A text with every occurrence of a part put another way.
    Replace,
    LowerAscii,
    UpperAscii,
    /// A version written as text; the check makes a constant of it.
    Version,
}

const TABLE: &[(&str, Function, Form)] = &[
    ("known", Function::Known, Form::Function),
    ("explicit", Function::Explicit, Form::Function),
    ("inherited", Function::Inherited, Form::Function),
    ("has", Function::Has, Form::Function),
    ("source", Function::Source, Form::Function),
    ("at", Function::At, Form::Function),
    ("clearly_below", Function::ClearlyBelow, Form::Function),
    ("depends_on_cpu_count", Function::DependsOnCpuCount, Form::Function),
    ("reads_variable", Function::ReadsVariable, Form::Function),
    ("size", Function::Size, Form::Function),
    ("size", Function::Size, Form::Method),
    ("min", Function::Min, Form::Function),
    ("max", Function::Max, Form::Function),
    ("ceil", Function::Ceil, Form::Function),
    ("int", Function::Int, Form::Function),
    ("string", Function::String, Form::Function),
    ("startsWith", Function::StartsWith, Form::Method),
    ("endsWith", Function::EndsWith, Form::Method),
    ("contains", Function::Contains, Form::Method),
    ("replace", Function::Replace, Form::Method),
    ("lowerAscii", Function::LowerAscii, Form::Method),
    ("upperAscii", Function::UpperAscii, Form::Method),
    ("version", Function::Version, Form::Function),
];

impl Function {
    pub fn of(name: &str, form: Form) -> Option<Function> {
        TABLE.iter().find(|row| row.0 == name && row.2 == form).map(|row| row.1)
    }

    pub fn names(form: Form) -> impl Iterator<Item = &'static str> {
        TABLE.iter().filter(move |row| row.2 == form).map(|row| row.0)
    }

    /// The type of a call, or why these arguments do not fit. A method's receiver is its first argument.
    pub fn result(self, arguments: &[Type], span: &Range<usize>) -> Result<Type, Fault> {
        use Type::*;
        let misfit = |expected: &str| Err(Fault::new(format!("{expected} is expected here"), span.clone()));
        let text = |given: &Type| matches!(given, Text | Address | Any);
        match (self, arguments) {
            (Function::Known | Function::Explicit | Function::Inherited | Function::Has | Function::DependsOnCpuCount, [_]) => {
                Ok(Boolean)
            }
            (Function::Source | Function::At | Function::String, [_]) => Ok(Text),
            (Function::ReadsVariable, [_, Text]) => Ok(Boolean),
            (Function::ReadsVariable, _) => misfit("a value and the name of a variable"),
            (Function::ClearlyBelow, [Duration | Any, Duration | Any]) => Ok(Boolean),
            (Function::ClearlyBelow, _) => misfit("a pair of time spans"),
            (Function::Size, [List(_) | Text | Subjects(_) | Any]) => Ok(Integer),
            (Function::Size, _) => misfit("a list or text"),
            (Function::Min | Function::Max, [left, right]) if left.meets(right) => {
                Ok(if *left == Any || left == &Integer && right == &Number { right.clone() } else { left.clone() })
            }
            (Function::Min | Function::Max, _) => misfit("a pair of values of one type"),
            (Function::Ceil | Function::Int, [Integer | Number | Text | Any]) => Ok(Integer),
            (Function::Ceil | Function::Int, _) => misfit("one number"),
            (Function::StartsWith | Function::EndsWith | Function::Contains, [left, right]) if text(left) && text(right) => {
                Ok(Boolean)
            }
            (Function::StartsWith | Function::EndsWith | Function::Contains, _) => misfit("one text"),
            (Function::Replace, [receiver, from, to]) if [receiver, from, to].into_iter().all(text) => Ok(Text),
            (Function::Replace, _) => misfit("what is to be replaced, and by what"),
            (Function::LowerAscii | Function::UpperAscii, [left]) if text(left) => Ok(Text),
            (Function::LowerAscii | Function::UpperAscii, _) => misfit("text"),
            _ => misfit("one value"),
        }
    }
}
