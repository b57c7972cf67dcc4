//! The language of rule conditions.
//!
//! In: the text of a condition or of a message. Out: a tree with byte spans, for `check` to type. The spelling and the meaning of
//! operators are CEL's; durations, sizes and three-valued truth are ours. Nothing is evaluated here.

pub mod check;
pub mod evaluate;
pub mod functions;
mod operate;
mod parse;
mod syntax;
mod template;
pub mod types;

pub use self::parse::parse;
pub use self::syntax::{Fault, Form, Node, Operator, Syntax};
pub use self::template::{Part, parse_template};

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
        fn node(text: &str) -> Node<'_> {
            parse(text).unwrap().node
        }
        assert_eq!(node("1.5"), Node::Number(1.5));
        assert_eq!(node("90m"), Node::Duration(5_400_000));
        assert_eq!(node(" 2KiB "), Node::Size(2048));
        assert_eq!(node("'it\\'s\\n'"), Node::Text("it's\n".into()));
        assert_eq!(node("inner"), Node::Name("inner"));
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
