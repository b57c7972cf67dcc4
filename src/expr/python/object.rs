//! What Python expressions give: objects, and what is known about how they came to be.
//!
//! In: nothing. Out: objects, their truth, equality and text as Python has them, and the value a setting takes from one.
//! Lists and dictionaries carry a number, so that a change made through one name is seen through every other.

mod trace;

pub use trace::{Basis, Raised, Traced};

use super::syntax::Function as Definition;
use crate::value::{Item, Known, Unknown, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A Python object, as far as it is known.
#[derive(Clone, Debug)]
pub enum Object {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Sequence),
    Tuple(Sequence),
    Set(Sequence),
    Dict(Mapping),
    Function(Arc<Function>),
    /// A module, or something of the library, by its dotted name ("os.path.join", "builtins.int").
    Module(Arc<str>),
    Unknown(Unknown),
}

/// A function of the program itself.
#[derive(Clone, Debug)]
pub struct Function {
    pub definition: Arc<Definition>,
    /// The default of each parameter, evaluated where the function was defined.
    pub defaults: Vec<Option<Traced>>,
    /// Defined inside another function, whose variables it may use: it is not called.
    pub nested: bool,
}

/// Items of a list, tuple or set.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub identity: u32,
    pub items: Arc<Vec<Traced>>,
    size: Size,
}

/// Entries of a dictionary, in order.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub identity: u32,
    pub entries: Arc<Vec<(Traced, Traced)>>,
    size: Size,
}

/// How large a value is, all the way down: what walks it recurses and takes time.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    weight: usize,
    depth: usize,
}

/// Deepest nesting of lists and dictionaries that is kept.
const MAX_NESTING: usize = 40;

impl Size {
    fn of<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Size {
        let mut size = Size { weight: 1, depth: 1 };
        for object in objects {
            let inner = match object {
                Object::List(it) | Object::Tuple(it) | Object::Set(it) => it.size,
                Object::Dict(it) => it.size,
                Object::Str(text) => Size { weight: 1 + text.len() / 16, depth: 0 },
                _ => Size { weight: 1, depth: 0 },
            };
            size.weight = size.weight.saturating_add(inner.weight);
            size.depth = size.depth.max(inner.depth + 1);
        }
        size
    }

    fn is_too_large(self) -> bool {
        self.weight > MAX_SIZE || self.depth > MAX_NESTING
    }
}

/// An object, or the exception raised instead of it.
pub type Outcome = Result<Object, Raised>;

/// Largest text, in bytes, and largest list that is built; configurations stay far below.
pub const MAX_SIZE: usize = 1 << 16;

static IDENTITIES: AtomicU32 = AtomicU32::new(0);

fn new_identity() -> u32 {
    IDENTITIES.fetch_add(1, Ordering::Relaxed)
}

/// A list, tuple or set; unknown when it is too large.
fn sequence(identity: u32, items: Vec<Traced>, kind: impl Fn(Sequence) -> Object) -> Object {
    let size = Size::of(items.iter().map(|item| &item.object));
    if size.is_too_large() {
        return Object::unknown("a value that is very large");
    }
    kind(Sequence { identity, items: Arc::new(items), size })
}

fn mapping(identity: u32, entries: Vec<(Traced, Traced)>) -> Object {
    let size = Size::of(entries.iter().flat_map(|(key, value)| [&key.object, &value.object]));
    if size.is_too_large() {
        return Object::unknown("a value that is very large");
    }
    Object::Dict(Mapping { identity, entries: Arc::new(entries), size })
}

impl Object {
    pub fn text(text: impl Into<Arc<str>>) -> Object {
        Object::Str(text.into())
    }

    pub fn unknown(reason: impl Into<Arc<str>>) -> Object {
        Object::Unknown(Unknown { reason: reason.into(), depends_on_cpu_count: false })
    }

    pub fn list(items: Vec<Traced>) -> Object {
        sequence(new_identity(), items, Object::List)
    }

    pub fn tuple(items: Vec<Traced>) -> Object {
        sequence(new_identity(), items, Object::Tuple)
    }

    /// A set of items that are known to differ.
    pub fn set(items: Vec<Traced>) -> Object {
        sequence(new_identity(), items, Object::Set)
    }

    pub fn dict(entries: Vec<(Traced, Traced)>) -> Object {
        mapping(new_identity(), entries)
    }

    /// What a list becomes by a change; unknown when it would hold itself.
    pub fn changed_list(identity: u32, items: Vec<Traced>) -> Object {
        if items.iter().any(|item| item.object.holds(identity)) {
            return Object::unknown("a list that holds itself");
        }
        sequence(identity, items, Object::List)
    }

    /// What a dictionary becomes by a change; unknown when it would hold itself.
    pub fn changed_dict(identity: u32, entries: Vec<(Traced, Traced)>) -> Object {
        if entries.iter().any(|(_, value)| value.object.holds(identity)) {
            return Object::unknown("a dictionary that holds itself");
        }
        mapping(identity, entries)
    }

    /// Whether a list or dictionary is this object or somewhere inside it.
    pub fn holds(&self, identity: u32) -> bool {
        match self {
            Object::List(it) | Object::Set(it) | Object::Tuple(it) => {
                it.identity == identity || it.items.iter().any(|item| item.object.holds(identity))
            }
            Object::Dict(it) => it.identity == identity || it.entries.iter().any(|(_, value)| value.object.holds(identity)),
            _ => false,
        }
    }

    /// About how long it takes to walk the object.
    pub fn weight(&self) -> usize {
        Size::of([self]).weight
    }

    /// The unknown that follows from unknown operands: the first one's reason, and the processor count when any depends on it.
    pub fn unknown_among<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Option<Object> {
        let mut found: Option<Unknown> = None;
        for unknown in objects.into_iter().filter_map(Object::as_unknown) {
            match &mut found {
                Some(known) => known.depends_on_cpu_count |= unknown.depends_on_cpu_count,
                None => found = Some(unknown.clone()),
            }
        }
        found.map(Object::Unknown)
    }

    pub fn as_unknown(&self) -> Option<&Unknown> {
        match self {
            Object::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Object::Str(text) => Some(text),
            _ => None,
        }
    }

    /// An integer; True and False count as 1 and 0, as in Python.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Object::Int(value) => Some(*value),
            Object::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    pub fn as_float(&self) -> Option<f64> {
        match self {
            Object::Float(value) => Some(*value),
            other => exact(other.as_int()?),
        }
    }

    /// The items of a list, tuple or set.
    pub fn items(&self) -> Option<&Arc<Vec<Traced>>> {
        match self {
            Object::List(sequence) | Object::Tuple(sequence) | Object::Set(sequence) => Some(&sequence.items),
            _ => None,
        }
    }

    /// Python's name for the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Object::None => "NoneType",
            Object::Bool(_) => "bool",
            Object::Int(_) => "int",
            Object::Float(_) => "float",
            Object::Str(_) => "str",
            Object::Bytes(_) => "bytes",
            Object::List(_) => "list",
            Object::Tuple(_) => "tuple",
            Object::Set(_) => "set",
            Object::Dict(_) => "dict",
            Object::Function(_) => "function",
            Object::Module(_) => "module",
            Object::Unknown(_) => "unknown",
        }
    }

    /// Whether the object counts as true; none when that is unknown.
    pub fn truth(&self) -> Option<bool> {
        Some(match self {
            Object::None => false,
            Object::Bool(value) => *value,
            Object::Int(value) => *value != 0,
            Object::Float(value) => *value != 0.0,
            Object::Str(text) => !text.is_empty(),
            Object::Bytes(bytes) => !bytes.is_empty(),
            Object::List(sequence) | Object::Tuple(sequence) | Object::Set(sequence) => !sequence.items.is_empty(),
            Object::Dict(mapping) => !mapping.entries.is_empty(),
            Object::Function(_) => true,
            Object::Module(name) => return (!name.ends_with("()") && &**name != "os.environ").then_some(true),
            Object::Unknown(_) => return None,
        })
    }

    /// Python's `==`; none when that is unknown.
    pub fn equals(&self, other: &Object) -> Option<bool> {
        use Object::{Bool, Bytes, Dict, Float, Function, Int, List, Module, None as Nothing, Set, Str, Tuple, Unknown};
        match (self, other) {
            (Unknown(_), _) | (_, Unknown(_)) => None,
            (Module(left), Module(right)) if left == right => Some(true),
            (Module(_) | Function(_), _) | (_, Module(_) | Function(_)) => match (self, other) {
                (_, Nothing | Bool(_) | Int(_) | Float(_) | Str(_)) | (Nothing | Bool(_) | Int(_) | Float(_) | Str(_), _) => {
                    Some(false)
                }
                _ => None,
            },
            (Nothing, Nothing) => Some(true),
            (Str(left), Str(right)) => Some(left == right),
            (Bytes(left), Bytes(right)) => Some(left == right),
            (Int(_) | Bool(_), Int(_) | Bool(_)) => Some(self.as_int() == other.as_int()),
            (Int(_) | Bool(_) | Float(_), Int(_) | Bool(_) | Float(_)) => Some(self.as_float()? == other.as_float()?),
            (List(left), List(right)) | (Tuple(left), Tuple(right)) => all_equal(&left.items, &right.items),
            (Set(left), Set(right)) => same_members(&left.items, &right.items),
            (Dict(left), Dict(right)) => same_entries(&left.entries, &right.entries),
            _ => Some(false),
        }
    }

    /// Whether two objects are the same in type and value, all the way down.
    pub fn is_same(&self, other: &Object) -> bool {
        match (self, other) {
            (Object::Unknown(left), Object::Unknown(right)) => left == right,
            (Object::Function(left), Object::Function(right)) => Arc::ptr_eq(&left.definition, &right.definition),
            (Object::Float(left), Object::Float(right)) => left.to_bits() == right.to_bits(),
            (Object::List(left), Object::List(right))
            | (Object::Tuple(left), Object::Tuple(right))
            | (Object::Set(left), Object::Set(right)) => {
                left.items.len() == right.items.len()
                    && left.items.iter().zip(right.items.iter()).all(|(left, right)| left.object.is_same(&right.object))
            }
            (Object::Dict(left), Object::Dict(right)) => {
                left.entries.len() == right.entries.len()
                    && left
                        .entries
                        .iter()
                        .zip(right.entries.iter())
                        .all(|(left, right)| left.0.object.is_same(&right.0.object) && left.1.object.is_same(&right.1.object))
            }
            _ => self.type_name() == other.type_name() && self.equals(other) == Some(true),
        }
    }

    /// Python's `str()`.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Object::Str(text) => Some(text.to_string()),
            other => other.representation(),
        }
    }

    /// Python's `repr()`; none where it depends on the run or on an unknown.
    pub fn representation(&self) -> Option<String> {
        Some(match self {
            Object::None => "None".to_owned(),
            Object::Bool(true) => "True".to_owned(),
            Object::Bool(false) => "False".to_owned(),
            Object::Int(value) => value.to_string(),
            Object::Float(value) => float_text(*value),
            Object::Str(text) => quoted(text)?,
            Object::List(sequence) => format!("[{}]", joined(&sequence.items)?),
            Object::Tuple(sequence) if sequence.items.len() == 1 => format!("({},)", joined(&sequence.items)?),
            Object::Tuple(sequence) => format!("({})", joined(&sequence.items)?),
            Object::Dict(mapping) => {
                let entry = |(key, value): &(Traced, Traced)| {
                    Some(format!("{}: {}", key.object.representation()?, value.object.representation()?))
                };
                format!("{{{}}}", mapping.entries.iter().map(entry).collect::<Option<Vec<_>>>()?.join(", "))
            }
            Object::Bytes(_) | Object::Set(_) | Object::Function(_) | Object::Module(_) | Object::Unknown(_) => return None,
        })
    }

    /// What a setting that is given this object holds.
    pub fn to_value(&self) -> Value {
        match self {
            Object::None => Value::Known(Known::Null),
            Object::Bool(value) => Value::Known(Known::Boolean(*value)),
            Object::Int(value) => Value::Known(Known::Integer(*value)),
            Object::Float(value) => Value::Known(Known::Number(*value)),
            Object::Str(text) => Value::Known(Known::Text(text.clone())),
            Object::List(sequence) | Object::Tuple(sequence) => {
                let item = |item: &Traced| Item { value: item.object.to_value(), origin: item.origin.clone() };
                Value::Known(Known::List(sequence.items.iter().map(item).collect()))
            }
            Object::Bytes(_) => Value::unknown("a bytes object"),
            Object::Set(_) => Value::unknown("a set"),
            Object::Dict(_) => Value::unknown("a dictionary"),
            Object::Function(_) => Value::unknown("a function"),
            Object::Module(name) if name.starts_with("builtins.") => Value::unknown("a function"),
            Object::Module(_) => Value::unknown("a module"),
            Object::Unknown(unknown) => Value::Unknown(unknown.clone()),
        }
    }
}

/// An integer as a float, when that is exact.
pub fn exact(value: i64) -> Option<f64> {
    (value.unsigned_abs() <= 1 << 53).then_some(value as f64)
}

fn all_equal(left: &[Traced], right: &[Traced]) -> Option<bool> {
    if left.len() != right.len() {
        return Some(false);
    }
    let mut known = true;
    for (left, right) in left.iter().zip(right) {
        match left.object.equals(&right.object) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

/// Whether a collection holds an object.
pub fn contains(items: &[Traced], object: &Object) -> Option<bool> {
    let mut known = true;
    for item in items {
        match item.object.equals(object) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = false,
        }
    }
    known.then_some(false)
}

fn same_members(left: &[Traced], right: &[Traced]) -> Option<bool> {
    let mut same = left.len() == right.len();
    for item in left {
        same &= contains(right, &item.object)?;
    }
    Some(same)
}

fn same_entries(left: &[(Traced, Traced)], right: &[(Traced, Traced)]) -> Option<bool> {
    let mut same = left.len() == right.len();
    for (key, value) in left {
        same &= match look_up(right, &key.object)? {
            Some((_, other)) => value.object.equals(&other.object)?,
            None => false,
        };
    }
    Some(same)
}

/// The entry of a key; the outer none when a key is unknown.
pub fn look_up<'a>(entries: &'a [(Traced, Traced)], key: &Object) -> Option<Option<&'a (Traced, Traced)>> {
    for entry in entries {
        if entry.0.object.equals(key)? {
            return Some(Some(entry));
        }
    }
    Some(None)
}

fn joined(items: &[Traced]) -> Option<String> {
    Some(items.iter().map(|item| item.object.representation()).collect::<Option<Vec<_>>>()?.join(", "))
}

/// A float as Python writes it: the shortest digits that read back the same, an exponent from 1e16 on and below 1e-4.
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    let text = format!("{value:?}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{}e{sign}{exponent:0>2}", digits.strip_suffix(".0").unwrap_or(digits))
        }
        None => text,
    }
}

/// A string as `repr` quotes it; none for characters whose escaping we do not decide.
fn quoted(text: &str) -> Option<String> {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            same if same == quote => out.extend(['\\', same]),
            plain if plain.is_ascii_graphic() || plain == ' ' => out.push(plain),
            control if control.is_ascii_control() => out.push_str(&format!("\\x{:02x}", control as u32)),
            _ => return None,
        }
    }
    out.push(quote);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_does() {
        let cases = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (123456789012345.0, "123456789012345.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5, "-2.5"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn strings_are_quoted_as_python_does() {
        assert_eq!(quoted("a'b").as_deref(), Some("\"a'b\""));
        assert_eq!(quoted("a\nb\\").as_deref(), Some("'a\\nb\\\\'"));
        assert_eq!(quoted("a'\"").as_deref(), Some("'a\\'\"'"));
    }

    #[test]
    fn equality_crosses_number_types() {
        assert_eq!(Object::Bool(true).equals(&Object::Float(1.0)), Some(true));
        assert_eq!(Object::Int(1).equals(&Object::text("1")), Some(false));
        assert!(!Object::Int(1).is_same(&Object::Bool(true)));
        assert_eq!(Object::unknown("x").equals(&Object::None), None);
    }
}
