//! Reading real configuration files, and comparing our evaluation with Python's own.
//!
//! The first test skips when the shared corpus is absent, the second when there is no python3.

mod support;

use gearmesh::expr::python::object::Object;
use gearmesh::expr::python::{BindingKind, Evaluation, Machine, World, evaluate, names_read};
use gearmesh::expr::{Environment, Variable};
use gearmesh::formats::gunicorn::parse;
use gearmesh::source::{Document, DocumentId};
use gearmesh::value::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_real_file_is_read_and_evaluated() {
    let Some(corpus) = support::shared("corpus") else { return };
    let mut paths = Vec::new();
    files(&corpus.join("singles/gunicorn"), &mut paths);
    let mut stacks = Vec::new();
    files(&corpus.join("stacks"), &mut stacks);
    let is_configuration = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("gunicorn") && name.ends_with(".py")
    };
    paths.extend(stacks.into_iter().filter(is_configuration));
    assert!(!paths.is_empty(), "the corpus is there and empty");
    paths.sort();
    let mut parsed_well = 0;
    let mut known = 0;
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        let document = Document::new(DocumentId(0), path, std::fs::read(path).unwrap());
        let parsed = parse(&document);
        parsed_well += usize::from(parsed.problems.is_empty());
        names_read(&parsed.program);
        for (closed, cpu_count) in [(false, None), (true, Some(4))] {
            let mut environment = Environment::default();
            environment.closed = closed;
            let evaluation = evaluate(&parsed.program, &environment, &Machine { cpu_count });
            assert!(!evaluation.worlds.is_empty(), "{}", path.display());
            for world in evaluation.worlds.iter().filter(|_| !closed) {
                for binding in world.globals.values() {
                    match binding.value.to_value() {
                        Value::Unknown(unknown) => *reasons.entry(unknown.reason.to_string()).or_default() += 1,
                        _ => known += 1,
                    }
                }
            }
        }
    }
    eprintln!("{} files, {parsed_well} without problems, {known} values known", paths.len());
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons.iter().take(40) {
        eprintln!("{count:5} {reason}");
    }
    assert!(parsed_well * 10 >= paths.len() * 9);
}

/// A small generator with a fixed sequence (Knuth's MMIX constants), so that failures can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }
}

/// Variables that may be set, with what they may be set to.
const VARIABLES: [(&str, &[&str]); 10] = [
    ("WEB_CONCURRENCY", &["3", " 12 ", "", "auto", "0x4"]),
    ("PORT", &["8080", "80", ""]),
    ("ENV", &["production", "PRODUCTION", "dev", "", "prod-eu"]),
    ("DEBUG", &["1", "true", "True", "no", "0"]),
    ("TIMEOUT", &["30", "1_000", "30.5", "-1"]),
    ("RATIO", &["0.5", "2", "1e1", "nan", "x"]),
    ("LOG_LEVEL", &["INFO", "debug ", "Warning"]),
    ("GUNICORN_WORKERS", &["7", "2"]),
    ("GUNICORN_BIND", &["0.0.0.0:9000", "unix:/run/x.sock"]),
    ("HOSTS", &["a,b, c", "", ",", "one"]),
];

/// Idioms; `$V` is a variable, `$I` an integer expression, `$T` a text expression, `$B` a condition, `$N` a fresh name, `$M` one name for the idiom.
const STATEMENTS: [&str; 48] = [
    "$N = $I",
    "$N = $T",
    "$N = $B",
    "$N = int(os.environ.get('$V', '$D'))",
    "$N = int(os.getenv('$V', $D))",
    "$N = float(os.getenv('$V') or $F) * $I",
    "$N = [$T, $T]\n$N.append($T)",
    "$N = ($I, $T)\n$N, $N = $I, $T",
    "$N = {'a': $I, 'b': $T, **{'c': $B}}",
    "if $B:\n    $M = $I\nelif $B:\n    $M = $T\nelse:\n    $M = None",
    "$N = $I if $B else $T",
    "try:\n    $M = int(os.environ['$V'])\nexcept KeyError:\n    $M = $D\nexcept ValueError as error:\n    $M = -$D",
    "try:\n    $M = $I // ($I - $D)\nexcept (ZeroDivisionError, TypeError):\n    $M = 'none'\nelse:\n    $M = 'some'\nfinally:\n    $M = 1",
    "def $M(name, default=$D, *, minimum=None):\n    try:\n        value = int(os.environ[name])\n    except (KeyError, ValueError):\n        return default\n    if minimum is not None and value < minimum:\n        return minimum\n    return value\n$N = $M('$V')\n$N = $M('$V', $D, minimum=$D)",
    "def $M(name, default):\n    raw = os.getenv(name, '').strip().lower()\n    if not raw:\n        return default\n    return raw in {'1', 'true', 'yes'}\n$N = $M('$V', $B)",
    "for key, value in os.environ.items():\n    if key.startswith('GUNICORN_'):\n        locals()[key.split('_', 1)[1].lower()] = value",
    "for key in sorted(os.environ):\n    if key.startswith('GUNICORN_'):\n        globals()[key[9:].lower()] = os.environ[key]",
    "globals().update({k[9:].lower(): v for k, v in os.environ.items() if k.startswith('GUNICORN_')})",
    "$N = [part.strip() for part in os.getenv('HOSTS', 'x, y').split(',') if part]",
    "$N = ','.join(str(n) for n in range($D))",
    "$M = 0\nfor $M in range(1, 5):\n    if $M % 2:\n        continue\n    if $M > 3:\n        break\nelse:\n    $M = 'end'",
    "$M = $I\n$M += $D\n$M *= 2",
    "$M = 'x'\n$M += $T",
    "$N = '%s:%d' % ($T, $D)",
    "$N = '%(a)s-%(b)05.1f' % {'a': $I, 'b': $F}",
    "$N = '{}:{:>6}:{name!r}'.format($T, $D, name=$T)",
    "$N = f'''{$I:04d}|{$F:.2f}|{$T!r}|{$D:,}'''",
    "$N = $T.split('a')[0] + $T[1:-1] + $T[::-1]",
    "$M = os.path.join('/srv', $T, 'x')\n$N = os.path.dirname($M)\n$N = os.path.basename($M)",
    "$N = os.path.abspath(os.path.join('/var/www/site', '..', $T))",
    "$N = $I / $D\n$N = $I // -$D\n$N = -$I % $D\n$N = $F // $D\n$N = -$F % $D\n$N = 2 ** -$D",
    "$N = round($F * $I, 2)\n$N = round($F * $D)\n$N = math.ceil($F * $I)\n$N = math.floor(-$F)",
    "$N = max($I, $D)\n$N = min([$I, $D, 3])\n$N = sum([$I, $D])\n$N = abs(-$I)\n$N = sorted([$I, $D, 1], reverse=True)",
    "$N = $B and $T or $I",
    "$N = not $B\n$N = 1 < $I <= $D\n$N = $T in ('production', 'x')\n$N = $T is None",
    "$N = [i * j for i in range(3) for j in range(i) if j]\n$N = {k: len(k) for k in ('a', 'bb')}\n$N = sorted({$D, 1, 2})",
    "class $N:\n    x = 1\n$N = 4",
    "import os.path as $M\n$N = $M.join('a', $T)",
    "$M = []\n$N = $M\n$M.extend([$I, $T])\n$M += [1]",
    "$M = {'x': {'y': [1]}}\n$M['x']['y'].append($I)\n$M['x']['z'] = $T",
    "$M = $I\ndel $M",
    "def $M():\n    global shared\n    shared = $I\n    return\n$N = $M()",
    "os.environ['PORT'] = str($I)\n$N = os.getenv('PORT')\nos.environ.setdefault('ENV', 'test')\n$N = os.environ['ENV']",
    "$N = (lambda a, b=$D, *rest, **more: a + b)($I)",
    "with open(os.devnull) as $N:\n    $N = $I",
    "$N = $N = $I\n$N: int = $D\n$N: str",
    "while False:\n    $N = 1\n$N = $T",
    "if os.getenv('$V'):\n    $N = os.environ['$V']\nif '$V' not in os.environ:\n    $N = 'absent'",
];

const INTEGERS: [&str; 11] = [
    "$D",
    "multiprocessing.cpu_count() * 2 + 1",
    "(os.cpu_count() or 1)",
    "len(os.sched_getaffinity(0))",
    "len($T)",
    "int($F * $D)",
    "int('0x1f', 0)",
    "int('17', 8)",
    "min(multiprocessing.cpu_count(), $D)",
    "(cpus() + $D)",
    "True + $D",
];

const TEXTS: [&str; 14] = [
    "'production'",
    "'a.b-C'",
    "os.getenv('$V', 'dev')",
    "os.environ.get('$V', '').lower()",
    "os.environ.get('$V', ' x ').strip()",
    "str($I)",
    "f\"0.0.0.0:{os.getenv('PORT', '8000')}\"",
    "'Aä'.upper()",
    "'a-b'.replace('-', '_').title()",
    "str($F)",
    "('x' 'y' * 2)",
    "'k=v=w'.partition('=')[2]",
    "repr($T)",
    "environ.get('$V', 'd').rstrip('d')",
];

const CONDITIONS: [&str; 12] = [
    "os.getenv('$V')",
    "os.getenv('ENV', 'dev') == 'production'",
    "os.getenv('ENV', 'dev').lower() != 'production'",
    "os.environ.get('DEBUG', 'false').lower() in ('1', 'true')",
    "$I > $D",
    "'$V' in os.environ",
    "$T.startswith('prod')",
    "bool($T)",
    "os.getenv('$V') is None",
    "($I == $D or $T == 'dev')",
    "not $I % 2",
    "isinstance($T, str)",
];

/// Fills one template in.
fn fill(dice: &mut Dice, template: &str, names: &mut usize, depth: usize) -> String {
    let mut out = String::new();
    let first = *names;
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let kind = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        match kind {
            b'M' => out.push_str(&format!("m{first}")),
            b'N' => {
                *names += 1;
                out.push_str(&format!("n{names}"));
            }
            b'V' => out.push_str(VARIABLES[dice.roll(VARIABLES.len())].0),
            b'D' => out.push_str(&(1 + dice.roll(9)).to_string()),
            b'F' => out.push_str(dice.pick(&["0.5", "2.5", "1.0", "0.1", "3.14159", "1e16", "100.0"])),
            kind => {
                let choice = match (kind, depth) {
                    (b'I', 0) => "4",
                    (b'T', 0) => "'text'",
                    (b'B', 0) => "True",
                    (b'I', _) => dice.pick(&INTEGERS),
                    (b'T', _) => dice.pick(&TEXTS),
                    _ => dice.pick(&CONDITIONS),
                };
                let filled = fill(dice, choice, names, depth.saturating_sub(1));
                out.push_str(&filled);
            }
        }
    }
    out.push_str(rest);
    out
}

fn program(dice: &mut Dice) -> String {
    let mut text =
        "import math, multiprocessing, os\nfrom os import environ\nfrom multiprocessing import cpu_count as cpus\n".to_owned();
    let mut names = 0;
    for _ in 0..5 {
        let template = dice.pick(&STATEMENTS);
        names += 1;
        text.push_str(&fill(dice, template, &mut names, 2));
        text.push('\n');
    }
    text
}

const HARNESS: &str = r#"
import json, multiprocessing, os, sys
os.cpu_count = multiprocessing.cpu_count = lambda: 6
os.sched_getaffinity = lambda pid: set(range(6))
def plain(value):
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, str):
        return value
    if type(value) in (list, tuple):
        items = [plain(item) for item in value]
        return None if any(item == {"skip": 1} for item in items) else {type(value).__name__: items}
    if type(value) is dict:
        return {"dict": [[plain(k), plain(v)] for k, v in value.items()]}
    return {"skip": 1}
results = []
for case in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(case["environment"])
    names = {"__name__": "__config__"}
    raised = None
    try:
        exec(compile(case["program"], "gunicorn.conf.py", "exec"), names)
    except BaseException as error:
        raised = type(error).__name__
    results.append({"raised": raised, "names": {k: plain(v) for k, v in names.items() if not k.startswith("__")}})
json.dump(results, sys.stdout)
"#;

/// Our object as the harness writes Python's; none where a part of it is not known.
fn plain(object: &Object) -> Option<Json> {
    let items = |list: &[gearmesh::expr::python::object::Traced]| -> Option<Vec<Json>> {
        list.iter().map(|item| plain(&item.object)).collect()
    };
    Some(match object {
        Object::None => Json::Null,
        Object::Bool(value) => json!(value),
        Object::Int(value) => json!(value),
        Object::Float(_) => json!({"float": object.representation()?}),
        Object::Str(text) => json!(&**text),
        Object::List(list) => json!({"list": items(&list.items)?}),
        Object::Tuple(list) => json!({"tuple": items(&list.items)?}),
        Object::Dict(mapping) => {
            let pairs: Option<Vec<Json>> =
                mapping.entries.iter().map(|(key, value)| Some(json!([plain(&key.object)?, plain(&value.object)?]))).collect();
            json!({"dict": pairs?})
        }
        _ => return None,
    })
}

#[derive(Default)]
struct Score {
    agree: usize,
    unknown: usize,
    wrong: Vec<String>,
}

fn compare(world: &World, expected: &Map<String, Json>, raised: bool) -> Score {
    let mut score = Score::default();
    for (name, binding) in &world.globals {
        let Some(ours) = plain(&binding.value) else {
            score.unknown += usize::from(binding.kind == BindingKind::Assigned);
            continue;
        };
        match expected.get(&**name) {
            Some(theirs) if *theirs == json!({"skip": 1}) => {
                score.wrong.push(format!("{name}: ours {ours}, Python has another type"))
            }
            Some(theirs) if *theirs == ours => score.agree += 1,
            Some(theirs) => score.wrong.push(format!("{name}: ours {ours}, Python {theirs}")),
            // Python stopped at an exception; we went on.
            None if raised => {}
            None => score.wrong.push(format!("{name}: ours {ours}, not bound in Python")),
        }
    }
    for name in expected.keys().filter(|name| !world.globals.contains_key(name.as_str())) {
        if world.opaque.is_none() {
            score.wrong.push(format!("{name}: not bound, but Python has {}", expected[name]));
        }
    }
    score
}

#[test]
fn known_values_are_those_of_python() {
    let mut dice = Dice(20260101);
    let mut cases = Vec::new();
    for _ in 0..150 {
        let text = program(&mut dice);
        let mut variables = BTreeMap::new();
        for (name, values) in VARIABLES {
            if dice.roll(3) == 0 {
                variables.insert(name, dice.pick(values));
            }
        }
        cases.push((text, variables));
    }
    let input: Vec<Json> = cases.iter().map(|(text, variables)| json!({"program": text, "environment": variables})).collect();
    let Ok(mut python) = Command::new("python3").arg("-c").arg(HARNESS).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    else {
        eprintln!("skipped: no python3");
        return;
    };
    let mut pipe = python.stdin.take().unwrap();
    let text = serde_json::to_vec(&input).unwrap();
    let writer = std::thread::spawn(move || pipe.write_all(&text));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let results: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap();
    let (mut agree, mut unknown, mut crashes) = (0, 0, 0);
    let mut failures = Vec::new();
    for ((text, variables), result) in cases.iter().zip(&results) {
        let expected = result["names"].as_object().unwrap();
        let raised = result["raised"].as_str();
        let document = Document::new(DocumentId(0), "gunicorn.conf.py", text.as_bytes().to_vec());
        let parsed = parse(&document);
        assert!(parsed.problems.is_empty(), "{text}\n{:?}", parsed.problems);
        for closed in [true, false] {
            let mut environment = Environment::default();
            environment.closed = closed;
            for (name, value) in variables {
                environment.set(name, Variable::new(Value::text(*value), None));
            }
            let evaluation: Evaluation = evaluate(&parsed.program, &environment, &Machine { cpu_count: Some(6) });
            let scores: Vec<Score> = evaluation.worlds.iter().map(|world| compare(world, expected, raised.is_some())).collect();
            // In an open environment, one of the worlds is Python's.
            let best = scores.into_iter().min_by_key(|score| score.wrong.len()).unwrap();
            if closed {
                agree += best.agree;
                unknown += best.unknown;
                let ours = evaluation.worlds[0].raised.first().map(|uncaught| uncaught.class.to_string());
                crashes += usize::from(raised.is_some());
                if raised.is_none() && ours.is_some() || raised.is_some() && ours.as_deref() != raised {
                    failures.push(format!("{text}\nours raises {ours:?}, Python {raised:?}\n"));
                }
            }
            // An open environment is taken to be one in which the program does not end early.
            if !best.wrong.is_empty() && (closed || raised.is_none()) {
                failures.push(format!("{text}\n{variables:?} closed: {closed}, raised {raised:?}\n{}\n", best.wrong.join("\n")));
            }
        }
    }
    eprintln!("{agree} values agree, {unknown} unknown, {crashes} programs raise, {} failures", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n------\n"));
    assert!(agree > unknown);
}
