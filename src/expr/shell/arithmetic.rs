//! `$(( ... ))`: whole numbers with `+ - * / %` and brackets, and variables by name.
//!
//! In: the expanded text. Out: its value, or nothing where it is anything else or goes beyond 64 bits.

/// Deepest nesting of brackets.
const MAX_DEPTH: usize = 50;

struct Sum<'a> {
    rest: &'a str,
    variable: &'a mut dyn FnMut(&str) -> Option<i64>,
    depth: usize,
}

/// The value of an expression.
pub(super) fn evaluate(text: &str, variable: &mut dyn FnMut(&str) -> Option<i64>) -> Option<i64> {
    let mut sum = Sum { rest: text, variable, depth: 0 };
    let value = sum.terms()?;
    sum.rest.trim_start().is_empty().then_some(value)
}

impl Sum<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn terms(&mut self) -> Option<i64> {
        let mut value = self.factors()?;
        while let Some(operator @ ('+' | '-')) = self.peek() {
            self.skip(1);
            let next = self.factors()?;
            value = if operator == '+' { value.checked_add(next)? } else { value.checked_sub(next)? };
        }
        Some(value)
    }

    fn factors(&mut self) -> Option<i64> {
        let mut value = self.number()?;
        while let Some(operator @ ('*' | '/' | '%')) = self.peek() {
            self.skip(1);
            let next = self.number()?;
            value = match operator {
                '*' => value.checked_mul(next)?,
                '/' => value.checked_div(next)?,
                _ => value.checked_rem(next)?,
            };
        }
        Some(value)
    }

    fn number(&mut self) -> Option<i64> {
        match self.peek()? {
            '(' if self.depth < MAX_DEPTH => {
                self.skip(1);
                self.depth += 1;
                let value = self.terms()?;
                self.depth -= 1;
                (self.peek()? == ')').then(|| self.skip(1))?;
                Some(value)
            }
            c if c.is_ascii_digit() => {
                let length = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                // A leading zero makes it octal, and `0x` hexadecimal.
                (digits == "0" || !digits.starts_with('0')).then(|| digits.parse().ok())?
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
                let (name, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                (self.variable)(name)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_computed() {
        let value = |text: &str| evaluate(text, &mut |name| (name == "CPUS").then_some(4));
        assert_eq!(value(" 2 * CPUS + 1 "), Some(9));
        assert_eq!(value("(1+2)*3-7/2%2"), Some(8));
        for other in ["", "1 +", "x", "010", "1 << 2", "5/0", "9223372036854775807+1", "1 2", "a=1", "-1"] {
            assert_eq!(value(other), None, "{other}");
        }
    }
}
