//! Holds the language of rule conditions against CEL, whose spelling and meaning it shares, and tests what is its own: three-valued
//! truth, `none`, types with suggestions, a limit of depth, and errors of rule files that name their place.

mod condition {
    mod loader;
    mod oracle;
    mod own;
}

use gearmesh::model::{Kind, Stack};
use gearmesh::rules::condition::check::{Names, check};
use gearmesh::rules::condition::evaluate::{Bound, Evaluation};
use gearmesh::rules::condition::types::{Expr, Type};
use gearmesh::rules::condition::{Fault, parse};
use gearmesh::value::{Known, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The value of an expression about nothing, in a rule for apps.
fn evaluate(text: &str) -> Result<Value, Fault> {
    evaluate_with(text, &[])
}

/// As [`evaluate`], with values under the names that `let` would give them.
fn evaluate_with(text: &str, given: &[(&str, Value, Type)]) -> Result<Value, Fault> {
    let lets: BTreeMap<Arc<str>, (Expr, Type)> =
        given.iter().map(|(name, value, found)| ((*name).into(), (Expr::Constant(value.clone()), found.clone()))).collect();
    let (expr, _) = check(&parse(text)?, &Names { kind: Kind::App, lets: &lets })?;
    Ok(Evaluation::new(&Stack::default(), &Bound::new()).value(&expr).into_owned())
}

fn boolean(held: bool) -> Value {
    Value::Known(Known::Boolean(held))
}

#[test]
fn what_let_ranges_over_may_be_ranged_over_inside_another() {
    let names = |lets: &BTreeMap<Arc<str>, (Expr, Type)>, text: &str| {
        check(&parse(text).unwrap(), &Names { kind: Kind::App, lets }).unwrap()
    };
    let inner = names(&BTreeMap::new(), "[1, 2, 3].filter(one, one > 1)");
    let lets = BTreeMap::from([("inner".into(), inner)]);
    let value = |text: &str| Evaluation::new(&Stack::default(), &Bound::new()).value(&names(&lets, text).0).into_owned();
    assert_eq!(value("[7, 3].exists(port, inner.exists(one, one == port))"), boolean(true));
    assert_eq!(value("[7, 8].exists(port, inner.exists(one, one == port))"), boolean(false));
    assert_eq!(value("[7, 2].filter(a, [5].exists(b, inner.exists(one, one == a && b == 5))) == [2]"), boolean(true));
}
