//! What CEL does not have: unknown values, `none`, time spans and sizes, and faults found before anything is evaluated.

use crate::{boolean, evaluate, evaluate_with};
use gearmesh::model::Kind;
use gearmesh::rules::condition::check::{Names, check};
use gearmesh::rules::condition::types::{Expr, Type};
use gearmesh::rules::condition::{parse, parse_template};
use gearmesh::value::{Known, Value};
use gearmesh::vocabulary::version::{Version, VersionRange};
use std::collections::BTreeMap;

/// `u` is an unknown truth value, `n` an unknown integer, `l` an unknown list.
fn with_unknown(text: &str) -> Value {
    let unknown = || Value::unknown("nobody says");
    let given =
        [("u", unknown(), Type::Boolean), ("n", unknown(), Type::Integer), ("l", unknown(), Type::List(Box::new(Type::Integer)))];
    evaluate_with(text, &given).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

fn fault(text: &str) -> String {
    match evaluate(text) {
        Ok(value) => panic!("{text} is no fault, but {value:?}"),
        Err(fault) => format!("{}..{}: {}", fault.span.start, fault.span.end, fault.message),
    }
}

#[test]
fn truth_is_three_valued() {
    let rows = [
        ("u && false", Some(false)),
        ("false && u", Some(false)),
        ("u && true", None),
        ("true && u", None),
        ("u || true", Some(true)),
        ("true || u", Some(true)),
        ("u || false", None),
        ("u && u", None),
        ("u || !u", None),
        ("!u", None),
        ("u == u", None),
        ("n > 1", None),
        ("n + 1 == 2", None),
        ("n * 0 == 0", None),
        ("u ? true : false", None),
        ("true ? false : u", Some(false)),
        ("n in [1, 2]", None),
        ("n in []", Some(false)),
        ("1 in [n, 1]", Some(true)),
        ("2 in [n, 1]", None),
        ("1 in l", None),
        ("l.exists(x, true)", None),
        ("size(l) > 0", None),
        ("[1, 2].exists(x, x == n)", None),
        ("[1, 2].exists(x, x == n || x == 2)", Some(true)),
        ("[1, 2].all(x, x < n)", None),
        ("[1, 2].all(x, x < n && x < 2)", Some(false)),
        ("size([1, 2].filter(x, x < n)) == 1", None),
        ("[n, 1].exists(x, x == 1)", Some(true)),
        ("has(n)", Some(true)),
        ("known(n)", Some(false)),
        ("known(1)", Some(true)),
        ("min(n, 1) == 1", None),
        ("string(n) == ''", None),
        ("9223372036854775807 + 1 > 0", None),
        ("1 / 0 == 1 && false", Some(false)),
    ];
    for (text, expected) in rows {
        let found = with_unknown(text);
        match expected {
            Some(held) => assert_eq!(found, boolean(held), "{text}"),
            None => assert!(matches!(found, Value::Unknown(_)), "{text}: {found:?}"),
        }
    }
}

#[test]
fn none_is_equal_to_itself_alone_and_false_elsewhere() {
    let rows = [
        ("none == none", true),
        ("none != none", false),
        ("none == 0", false),
        ("none == false", false),
        ("none == ''", false),
        ("none != 1", true),
        ("none < 1", false),
        ("none >= 1", false),
        ("1 > none", false),
        ("none <= none", false),
        ("!none", true),
        ("none && true", false),
        ("none || true", true),
        ("none ? false : true", true),
        ("none in [1]", false),
        ("1 in [none]", false),
        ("[1][5] == none", true),
        ("[1][-1] == none", true),
        ("has(none)", false),
        ("known(none)", false),
        // No app is bound here, so every path through it is none.
        ("app.timeout == none", true),
        ("app.timeout > 0s", false),
        ("app.timeout + 5s == none", true),
        ("!app.preload_app", true),
        ("has(app)", false),
        ("app.launcher.apps.exists(other, true)", false),
        ("app.launcher.apps.all(other, false)", true),
    ];
    for (text, expected) in rows {
        assert_eq!(evaluate(text), Ok(boolean(expected)), "{text}");
    }
}

#[test]
fn time_spans_and_sizes_are_compared_whatever_their_unit() {
    for text in [
        "90s == 1m + 30s",
        "1h == 60m && 1d == 24h && 1500ms > 1s",
        "2 * 30s == 1m && 1m / 2 == 30s && 1m / 25s == 2 && 1GiB / 300MiB == 3",
        "-5s < 0s",
        "1GiB == 1024MiB && 1MiB == 1024 * 1KiB && 10B < 1KiB",
        "max(10s, 1m) == 60s && min(1, 2) == 1",
        "clearly_below(10s, 30s) && !clearly_below(29s, 30s) && !clearly_below(0s, 30s)",
        "clearly_below(58s, 60s) == false && clearly_below(54s, 60s)",
        "ceil(1.2) == 2 && int(1.9) == 1",
        "'ABC'.lowerAscii() == 'abc' && 'é'.upperAscii() == 'é'",
    ] {
        assert_eq!(evaluate(text), Ok(boolean(true)), "{text}");
    }
}

#[test]
fn types_are_checked_before_anything_is_evaluated() {
    let rows = [
        ("app.timeout > 30", "0..16: a time span cannot be compared with an integer; write `30s` for a time span"),
        ("30 == app.timeout", "0..17: an integer cannot be compared with a time span; write `30s` for a time span"),
        ("app.timeut > 30s", "0..10: there is no setting `app.timeut`; did you mean `app.timeout`?"),
        ("app.launcher.stop_grase > 1s", "0..23: there is no setting `launcher.stop_grase`; did you mean `launcher.stop_grace`?"),
        ("aap.timeout > 30s", "0..3: `aap` means nothing in a rule for app; did you mean `app`?"),
        ("route.path == '/'", "0..5: `route` means nothing in a rule for app"),
        ("'a'.startswith('b')", "0..19: there is no function `startswith`; did you mean `startsWith`?"),
        ("clearly_blow(1s, 2s)", "0..20: there is no function `clearly_blow`; did you mean `clearly_below`?"),
        ("app.bind.exists(x > 1)", "0..22: a name and a condition are expected, as in `list.exists(x, x > 0)`"),
        ("1 && true", "0..1: a truth value is expected, this is an integer"),
        ("!'a'", "1..4: a truth value is expected, this is text"),
        ("-'a'", "1..4: a number is expected, this is text"),
        ("1 + 'a'", "0..7: an integer and text cannot be combined so"),
        ("none + 1", "0..8: none and an integer cannot be combined so"),
        ("30s + 1", "0..7: a time span and an integer cannot be combined so"),
        ("30s * 30s", "0..9: a time span and a time span cannot be combined so"),
        ("1 in ['a']", "0..10: an integer cannot be in a list of which each is text"),
        ("1 in 2", "0..6: an integer cannot be in an integer"),
        ("[1, 'a']", "4..7: the list holds an integer before, this is text"),
        ("[1, none, 'a']", "10..13: the list holds an integer before, this is text"),
        ("true ? 1 : 'a'", "11..14: the two sides of `?:` are an integer and text"),
        ("[1]['a']", "4..7: an integer is expected, this is text"),
        ("1[0]", "0..1: a list is expected, this is an integer"),
        ("size(1)", "0..7: a list or text is expected here"),
        ("size('a', 'b')", "0..14: a list or text is expected here"),
        ("'a'.contains(1)", "0..15: one text is expected here"),
        ("1.app", "0..1: only a subject has settings, this is an integer"),
        ("99999999999999999999", "0..20: this number is too large"),
        ("99999999999999999d", "0..18: this number is too large"),
        ("'a\\x41'", "0..4: `\\x` stands for nothing in text"),
        ("", "0..0: this is not a condition: an operator, a name or a value is expected here"),
        ("1 = 1", "2..3: this is not a condition: an operator, a name or a value is expected here"),
        ("'open", "0..5: the text does not end"),
    ];
    let wrong: Vec<String> = rows
        .into_iter()
        .filter_map(|(text, expected)| {
            let found = fault(text);
            (found != expected).then(|| format!("{text}\n  expected {expected}\n  found    {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn depth_is_limited_and_what_is_allowed_can_be_evaluated() {
    let nested =
        |open: &str, inner: &str, close: &str, times: usize| format!("{}{inner}{}", open.repeat(times), close.repeat(times));
    let deep: [(&str, &str, &str); 9] = [
        ("(", "true", ")"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("[", "1", "]"),
        ("true && ", "true", ""),
        ("true ? 1 : ", "1", ""),
        ("string(", "1", ")"),
        ("(", "", ""),
        ("", "app", ".launcher"),
    ];
    for (open, inner, close) in deep {
        let text = nested(open, inner, close, 10_000);
        let fault = parse(&text).expect_err(&format!("{open}{inner}{close}"));
        assert_eq!(fault.message, "the condition is nested too deeply", "{open}{inner}{close}");
        let template = format!("{{{text}}}");
        assert!(parse_template(&template).is_err(), "{open}{inner}{close}");
    }
    for (open, inner, close) in [("(", "true", ")"), ("!!", "true", ""), ("true && ", "true", "")] {
        assert_eq!(evaluate(&nested(open, inner, close, 100)), Ok(boolean(true)), "{open}");
    }
}

#[test]
fn versions_compare_only_where_the_whole_range_agrees() {
    let supported = VersionRange::new(Version::parse("20.0").unwrap(), Version::parse("27.0.1").unwrap());
    let held = |range: &str, condition: &str| {
        let version = Value::Known(VersionRange::declared(range, &supported).unwrap().known());
        match evaluate_with(condition, &[("v", version, Type::Version)]).unwrap() {
            Value::Known(Known::Boolean(held)) => Some(held),
            Value::Unknown(_) => None,
            other => panic!("{other:?}"),
        }
    };
    for (range, condition, expected) in [
        ("23.0.0", "v >= version('21.0') && v < version('24.0')", Some(true)),
        ("23", "v < version('24.0')", Some(true)),
        (">=21,<24", "v < version('24.0')", Some(true)),
        (">=21,<=24", "v < version('24.0')", None),
        (">=21,<=24", "v <= version('24.0')", Some(true)),
        (">=21", "v > version('21.0')", None),
        (">=24", "v < version('24.0')", Some(false)),
        (">=24", "v == version('25.0')", None),
        (">=24", "v != version('23.0')", Some(true)),
        ("24.0.0", "v == version('24.0')", Some(true)),
        ("24.0.0", "v in [version('23.0'), version('24')]", Some(true)),
        (">=24", "v in [version('23.0'), version('24')]", None),
        (">=25", "v in [version('23.0'), version('24')]", Some(false)),
    ] {
        assert_eq!(held(range, condition), expected, "{range}: {condition}");
    }
    let fault = |text: &str| evaluate(text).unwrap_err().message;
    assert!(fault("app.version >= 24").contains("a version cannot be compared with an integer; write `version(\"24.0\")`"));
    assert!(fault("app.version >= version('newest')").contains("a version is expected"));
    assert!(fault("app.version >= version(24)").contains("a version is expected"));
}

#[test]
fn neither_texts_nor_what_let_names_grow_without_end() {
    let text = format!("'a'{} == 'b'", ".replace('a', 'aaaaaaaaaa')".repeat(30));
    assert!(matches!(evaluate(&text), Ok(Value::Unknown(_))));
    let text = format!("size('{}'.replace('a', 'bb'))", "a".repeat(1000));
    assert_eq!(evaluate(&text).unwrap(), Value::Known(Known::Integer(2000)));
    let mut lets = BTreeMap::from([("a0".into(), (Expr::Constant(Value::Known(Known::Integer(1))), Type::Integer))]);
    let fault = (1..40).find_map(|at| {
        let twice = format!("a{0} + a{0}", at - 1);
        let checked = check(&parse(&twice).unwrap(), &Names { kind: Kind::App, lets: &lets });
        checked.map(|found| lets.insert(format!("a{at}").into(), found)).err()
    });
    assert_eq!(fault.unwrap().message, "`a12` stands for so much here that it would take too long");
}
