//! Thousands of well-typed expressions without names, made from fixed seeds, are given to both languages.
//!
//! Where CEL has a value, ours must be the same. Where CEL has an error (overflow, division by zero, a place behind the end of a
//! list) ours must not be a value made of nothing: it is unknown or none, or rests on parts that are sound.

use crate::evaluate;
use gearmesh::value::{Known, Value};

/// xorshift64*: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Sort {
    Boolean,
    Integer,
    Text,
    Integers,
    Texts,
}

use Sort::*;

const INTEGERS: &[&str] = &["0", "1", "2", "3", "7", "10", "60", "-1", "-2", "-7", "4611686018427387904", "9223372036854775807"];
const TEXTS: &[&str] =
    &["''", "'a'", "\"ab\"", "'abc'", "'b'", "'é'", "'日本'", "'A'", "'10'", "'it\\'s'", "\"q\\\"\"", "'\\\\'", "'\\n'", "'x y'"];

struct Generator {
    dice: Dice,
    /// Variables of the comprehensions around.
    names: Vec<(String, Sort)>,
    /// Whether expressions may hold lists, whose members may be unsound without harm.
    lists: bool,
}

impl Generator {
    fn make(&mut self, sort: Sort, depth: usize) -> String {
        let named: Vec<String> = self.names.iter().filter(|(_, found)| *found == sort).map(|(name, _)| name.clone()).collect();
        if !named.is_empty() && self.dice.roll(3) == 0 {
            return named[self.dice.roll(named.len())].clone();
        }
        if depth == 0 || self.dice.roll(8) == 0 {
            return self.leaf(sort);
        }
        if self.dice.roll(7) == 0 {
            let (test, yes, no) = (self.make(Boolean, depth - 1), self.make(sort, depth - 1), self.make(sort, depth - 1));
            return format!("({test} ? {yes} : {no})");
        }
        match sort {
            Boolean => self.truth(depth - 1),
            Integer => self.integer(depth - 1),
            Text => self.text(depth - 1),
            Integers | Texts => self.list(sort, depth - 1),
        }
    }

    fn leaf(&mut self, sort: Sort) -> String {
        match sort {
            Boolean => self.dice.pick(&["true", "false"]).to_owned(),
            Integer => self.dice.pick(INTEGERS).to_owned(),
            Text => self.dice.pick(TEXTS).to_owned(),
            Integers | Texts => {
                let element = if sort == Integers { Integer } else { Text };
                let items: Vec<String> = (0..self.dice.roll(4)).map(|_| self.leaf(element)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        match self.dice.roll(if self.lists { 12 } else { 8 }) {
            0 => format!("!{}", self.closed(Boolean, depth)),
            // Without brackets, so that precedence is tested as well.
            1 => format!("{} && {}", self.make(Boolean, depth), self.make(Boolean, depth)).bracketed(self.dice.roll(2)),
            2 => format!("{} || {}", self.make(Boolean, depth), self.make(Boolean, depth)).bracketed(self.dice.roll(2)),
            3 => {
                let method = self.dice.pick(&["startsWith", "endsWith", "contains"]);
                format!("{}.{method}({})", self.closed(Text, depth), self.make(Text, depth))
            }
            4 => self.compared(Boolean, &["==", "!="], depth),
            5 | 6 => self.compared(Integer, &["==", "!=", "<", "<=", ">", ">="], depth),
            7 => self.compared(Text, &["==", "!=", "<", "<=", ">", ">="], depth),
            8 => {
                let sort = if self.dice.roll(2) == 0 { Integers } else { Texts };
                self.compared(sort, &["==", "!="], depth)
            }
            9 => {
                let (element, list) = self.pair();
                format!("({} in {})", self.make(element, depth), self.make(list, depth))
            }
            _ => {
                let over = self.dice.pick(&["exists", "all"]);
                let (element, list) = self.pair();
                self.comprehension(over, element, list, Boolean, depth)
            }
        }
    }

    fn integer(&mut self, depth: usize) -> String {
        match self.dice.roll(if self.lists { 9 } else { 7 }) {
            0 => format!("size({})", self.make(Text, depth)),
            1 => format!("-{}", self.closed(Integer, depth)),
            2 => format!("int({})", self.dice.pick(&["'12'", "'-3'", "'0'", "5", "'x'"])),
            7 => {
                let (_, list) = self.pair();
                format!("{}.size()", self.closed(list, depth))
            }
            8 => format!("{}[{}]", self.closed(Integers, depth), self.dice.pick(&["0", "1", "2"])),
            _ => {
                let operator = self.dice.pick(&["+", "-", "*", "/", "%"]);
                let (left, right) = (self.make(Integer, depth), self.make(Integer, depth));
                format!("{left} {operator} {right}").bracketed(self.dice.roll(2))
            }
        }
    }

    fn text(&mut self, depth: usize) -> String {
        match self.dice.roll(3) {
            0 => format!("string({})", self.make(Integer, depth)),
            _ => format!("({} + {})", self.make(Text, depth), self.make(Text, depth)),
        }
    }

    fn list(&mut self, sort: Sort, depth: usize) -> String {
        let element = if sort == Integers { Integer } else { Text };
        match self.dice.roll(3) {
            0 => self.comprehension("filter", element, sort, Boolean, depth),
            1 => {
                let (from, list) = self.pair();
                self.comprehension("map", from, list, element, depth)
            }
            _ => {
                let items: Vec<String> = (0..self.dice.roll(4)).map(|_| self.make(element, depth)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    fn compared(&mut self, sort: Sort, operators: &[&str], depth: usize) -> String {
        let operator = self.dice.pick(operators);
        format!("({} {operator} {})", self.make(sort, depth), self.make(sort, depth))
    }

    fn comprehension(&mut self, over: &str, element: Sort, list: Sort, body: Sort, depth: usize) -> String {
        let list = self.closed(list, depth);
        // Few names, so that inner ones hide outer ones.
        let name = self.dice.pick(&["x", "y", "in_x"]).to_owned();
        let outer = self.names.clone();
        self.names.retain(|(other, _)| *other != name);
        self.names.push((name.clone(), element));
        let body = self.make(body, depth);
        self.names = outer;
        format!("{list}.{over}({name}, {body})")
    }

    /// An expression that a prefix or a method may stand beside.
    fn closed(&mut self, sort: Sort, depth: usize) -> String {
        format!("({})", self.make(sort, depth))
    }

    /// An element and a list of it.
    fn pair(&mut self) -> (Sort, Sort) {
        if self.dice.roll(2) == 0 { (Integer, Integers) } else { (Text, Texts) }
    }
}

trait Bracketed {
    fn bracketed(self, how: usize) -> String;
}

impl Bracketed for String {
    fn bracketed(self, how: usize) -> String {
        if how == 0 { self } else { format!("({self})") }
    }
}

/// CEL's answer; none for an error of evaluation.
fn cel_says(text: &str) -> Option<cel::Value> {
    let program = cel::Program::compile(text).unwrap_or_else(|fault| panic!("CEL does not read {text}: {fault}"));
    program.execute(&cel::Context::default()).ok()
}

fn agree(theirs: &cel::Value, ours: &Value) -> bool {
    match (theirs, ours) {
        (cel::Value::Bool(left), Value::Known(Known::Boolean(right))) => left == right,
        (cel::Value::Int(left), Value::Known(Known::Integer(right))) => left == right,
        (cel::Value::String(left), Value::Known(Known::Text(right))) => **left == **right,
        (cel::Value::List(left), Value::Known(Known::List(right))) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| agree(left, &right.value))
        }
        _ => false,
    }
}

/// Compares `count` expressions. Returns how many had a value in CEL.
fn compare(count: usize, seed: u64, lists: bool) -> usize {
    let mut generator = Generator { dice: Dice(seed), names: Vec::new(), lists };
    let mut with_value = 0;
    let mut wrong = Vec::new();
    for round in 0..count {
        let sorts: &[Sort] = if lists { &[Boolean, Boolean, Integer, Text, Integers, Texts] } else { &[Boolean, Integer, Text] };
        let sort = sorts[round % sorts.len()];
        let text = generator.make(sort, 1 + round % 4);
        let ours = evaluate(&text).unwrap_or_else(|fault| panic!("ours does not read {text}: {fault:?}"));
        match cel_says(&text) {
            Some(theirs) if agree(&theirs, &ours) => with_value += 1,
            Some(theirs) => wrong.push(format!("{text}\n  CEL: {theirs:?}\n  ours: {ours:?}")),
            // A list of unsound members still has a size, and may hold what is asked for.
            None if lists || matches!(ours, Value::Unknown(_)) => {}
            None => wrong.push(format!("{text}\n  CEL: an error\n  ours: {ours:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ, for example\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    with_value
}

#[test]
fn logic_integers_and_text_are_those_of_cel() {
    let with_value = compare(4000, 0x5EED_0001, false);
    println!("{with_value} of 4000 expressions have a value in CEL");
    assert!(with_value > 2000, "the expressions are hardly ever sound: {with_value}");
}

#[test]
fn lists_and_comprehensions_are_those_of_cel() {
    let with_value = compare(4000, 0x5EED_0002, true);
    println!("{with_value} of 4000 expressions have a value in CEL");
    assert!(with_value > 2000, "the expressions are hardly ever sound: {with_value}");
}

#[test]
fn what_is_easily_got_wrong_is_as_in_cel() {
    for text in [
        "1 < 2 == true",
        "1 - 2 - 3",
        "100 / 7 / 2 * 3 % 5",
        "-7 / 2",
        "-7 % 3",
        "true || false && false",
        "false ? 1 : true ? 2 : 3",
        "!true == false",
        "1 + 2 * 3 == 7 && !(2 > 3)",
        "[[1, 2], []] == [[1, 2], []]",
        "[1, 2].exists(x, [x].all(x, x > 1))",
        "[1, 2].map(x, [3, 4].map(y, x * y))",
        "[[1], [2]].exists(in_, 2 in in_)",
        "[].all(x, x == 1) && ![].exists(x, x == 1)",
        "'é' < 'z' || 'Z' < 'a'",
        "'' in ['']",
        "''.startsWith('') && 'a'.endsWith('') && 'a'.contains('')",
        "size('日本') == 2",
        "1 in [] || 2 in [1, 2]",
    ] {
        let ours = evaluate(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        let theirs = cel_says(text).unwrap_or_else(|| panic!("{text} has no value in CEL"));
        assert!(agree(&theirs, &ours), "{text}\n  CEL: {theirs:?}\n  ours: {ours:?}");
    }
}
