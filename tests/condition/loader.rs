//! A broken rule file is an error that names path, line and column, and the word that was probably meant.

use gearmesh::rules::compile;
use std::path::Path;

const SOUND: &str = "\
summary: workers wait
severity: warning
confidence: high
since: 0.1.0
for: app
let:
  limit: app.timeout
when: limit > 30s && app.workers == 1
message: 'a request of {app.name} may take {limit}'
labels:
  limit: this long
why: |
  Because.
fix:
  safety: safe
  because: it only shortens
  changes:
    - set: limit
      to: 30s
";

/// What loading says of the sound rule with one part replaced.
fn broken(part: &str, by: &str) -> String {
    assert!(SOUND.contains(part), "{part} is in the sound rule");
    match compile(Path::new("rules/workers/waiting.yaml"), &SOUND.replacen(part, by, 1)) {
        Ok(_) => panic!("{by} is accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_sound_rule_loads() {
    let loaded = compile(Path::new("rules/workers/waiting.yaml"), SOUND).expect("the rule is sound");
    assert_eq!((&*loaded.rule.id, &*loaded.rule.group), ("waiting", "workers"));
}

#[test]
fn errors_name_path_line_and_column() {
    let rows = [
        ("severity: warning", "severity: warnin", "2:11: `warnin` is not known here; did you mean `warning`?"),
        ("severity: warning", "severity: fatal", "2:11: `fatal` is not known here; one of error, warning, advice"),
        ("confidence: high", "confidence: hihg", "3:13: `hihg` is not known here; did you mean `high`?"),
        ("for: app", "for: aap", "5:6: `aap` is not known here; did you mean `app`?"),
        ("limit: app.timeout", "limit: app.timeut", "7:10: there is no setting `app.timeut`; did you mean `app.timeout`?"),
        ("limit > 30s", "limit > 30", "8:7: a time span cannot be compared with an integer; write `30s` for a time span"),
        ("limit > 30s", "true && limt > 30s", "8:15: `limt` means nothing in a rule for app; did you mean `limit`?"),
        (
            "when: limit > 30s",
            "when: limit >> 30s",
            "8:14: this is not a condition: an operator, a name or a value is expected here",
        ),
        ("may take {limit}", "may take {limt}", "9:45: `limt` means nothing in a rule for app; did you mean `limit`?"),
        ("may take {limit}", "may take {limit", "9:44: a brace stands alone; write `{{` or `}}` for one"),
        ("safety: safe", "safety: saef", "15:11: `saef` is not known here; did you mean `safe`?"),
        ("set: limit", "set: app.timeut", "18:12: there is no setting `app.timeut`; did you mean `app.timeout`?"),
        ("set: limit", "set: 30s", "18:12: only a setting can be changed"),
        ("to: 30s", "to: 30s +", "19:16: this is not a condition: an operator, a name or a value is expected here"),
    ];
    let wrong: Vec<String> = rows
        .into_iter()
        .filter_map(|(part, by, expected)| {
            let (found, expected) = (broken(part, by), format!("rules/workers/waiting.yaml:{expected}"));
            (found != expected).then(|| format!("{by}\n  expected {expected}\n  found    {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn errors_of_yaml_and_of_its_shape_have_a_place() {
    let rows = [
        ("summary: workers wait", "summary: [workers", "rules/workers/waiting.yaml:1:10: "),
        ("since: 0.1.0", "since: 0.1.0\nsinze: 1", "rules/workers/waiting.yaml:5:1: "),
        ("because: it only shortens", "becuase: it only shortens", "rules/workers/waiting.yaml:16:3: "),
        ("when: limit", "wehn: limit", "rules/workers/waiting.yaml:8:1: "),
        ("    - set: limit\n      to: 30s", "    - to: 30s", "rules/workers/waiting.yaml:18:7: "),
        ("      to: 30s", "      add: limit", "rules/workers/waiting.yaml:18:7: a change has one of"),
        ("severity: warning", "severity:\n  - warning", "rules/workers/waiting.yaml:3:"),
    ];
    for (part, by, expected) in rows {
        let found = broken(part, by);
        assert!(found.starts_with(expected), "{by}\n  expected {expected}\n  found {found}");
    }
    assert!(broken("since: 0.1.0", "sinze: 0.1.0").contains("sinze"));
    assert!(compile(Path::new("rules/a/b.yaml"), "").is_err());
    assert!(compile(Path::new("rules/a/b.yaml"), "\u{0}\u{1}").is_err());
    assert!(compile(Path::new("rules/a/b.yaml"), &"[".repeat(100_000)).is_err());
}
