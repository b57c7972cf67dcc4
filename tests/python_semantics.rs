//! What the evaluation of Python programs means, one piece at a time. The programs go through the real parser.

use gearmesh::expr::python::object::Object;
use gearmesh::expr::python::{BindingKind, Evaluation, Machine, World, evaluate, names_read};
use gearmesh::expr::{Environment, Variable};
use gearmesh::formats::gunicorn::parse;
use gearmesh::source::{Document, DocumentId};
use gearmesh::value::{Known, Origin, Value};

/// An environment with these variables.
fn environment(closed: bool, variables: &[(&str, &str)]) -> Environment {
    let mut environment = Environment::default();
    environment.closed = closed;
    for (name, value) in variables {
        environment.set(name, Variable::new(Value::text(*value), None));
    }
    environment
}

fn run(text: &str, environment: &Environment, cpu_count: Option<i64>) -> Evaluation {
    let document = Document::new(DocumentId(0), "gunicorn.conf.py", text.as_bytes().to_vec());
    let parsed = parse(&document);
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    evaluate(&parsed.program, environment, &Machine { cpu_count })
}

/// The only world in an open, empty environment.
fn open(text: &str) -> World {
    let mut worlds = run(text, &environment(false, &[]), None).worlds;
    assert_eq!(worlds.len(), 1, "{worlds:#?}");
    worlds.remove(0)
}

fn closed(text: &str, variables: &[(&str, &str)]) -> World {
    let mut worlds = run(text, &environment(true, variables), None).worlds;
    assert_eq!(worlds.len(), 1);
    worlds.remove(0)
}

/// A value as Python would write it, `?reason` when unknown, `-` when not bound.
fn shown(world: &World, name: &str) -> String {
    let Some(binding) = world.globals.get(name) else { return "-".to_owned() };
    match binding.value.to_value() {
        Value::Unknown(unknown) => match binding.value.representation() {
            Some(text) => text,
            None if unknown.depends_on_cpu_count => "?cpu".to_owned(),
            None => format!("?{}", unknown.reason),
        },
        _ => binding.value.representation().unwrap_or_default(),
    }
}

fn assuming(world: &World, name: &str) -> String {
    world.globals.get(name).map(|binding| binding.assuming.join(", ")).unwrap_or_default()
}

/// `branch: name=value` of each world.
fn worlds(text: &str, name: &str) -> Vec<String> {
    let evaluation = run(text, &environment(false, &[]), None);
    evaluation.worlds.iter().map(|world| format!("{}: {}", world.branch.join(", "), shown(world, name))).collect()
}

#[test]
fn an_absent_variable_is_unset_in_a_closed_environment_and_assumed_so_in_an_open_one() {
    let text = "import os\nworkers = int(os.environ.get('WEB_CONCURRENCY', 2)) * 2\n";
    let world = closed(text, &[]);
    assert_eq!((shown(&world, "workers"), assuming(&world, "workers")), ("4".into(), "".into()));
    let world = open(text);
    assert_eq!((shown(&world, "workers"), assuming(&world, "workers")), ("4".into(), "WEB_CONCURRENCY is not set".into()));
    assert_eq!(shown(&closed(text, &[("WEB_CONCURRENCY", "3")]), "workers"), "6");
}

#[test]
fn origins_tell_written_from_computed_from_read() {
    let text = "import os\nworkers = 4\ntimeout = -1\nthreads = workers\nbind = os.environ['BIND']\nloglevel = bind.lower()\n";
    let world = closed(text, &[("BIND", "X")]);
    let origin = |name: &str| world.globals[name].origin.clone();
    assert!(matches!(origin("workers"), Origin::Written { span } if &text[span.start as usize..span.end as usize] == "4"));
    assert!(matches!(origin("timeout"), Origin::Written { .. }));
    assert!(matches!(origin("threads"), Origin::Computed { from, .. } if matches!(from[..], [Origin::Written { .. }])));
    assert!(matches!(origin("bind"), Origin::Environment { name, span: None } if &*name == "BIND"));
    assert_eq!(origin("loglevel").variables(), ["BIND"]);
}

#[test]
fn items_of_a_list_have_origins_of_their_own() {
    let text = "bind = ['a:1', 'b:2']\n";
    let world = open(text);
    let Value::Known(Known::List(items)) = world.globals["bind"].value.to_value() else { panic!() };
    let span = items[1].origin.span().unwrap();
    assert_eq!(&text[span.start as usize..span.end as usize], "'b:2'");
}

#[test]
fn processor_counts_are_known_when_the_host_is() {
    let text = "import multiprocessing as mp\nfrom os import cpu_count, sched_getaffinity\nimport os\n\
        workers = max(mp.cpu_count() * 2 + 1, 3)\nthreads = min(len(os.sched_getaffinity(0)), 4)\nbacklog = int((cpu_count() or 1) / 2)\n";
    let unknown = open(text);
    let known = run(text, &environment(true, &[]), Some(8)).worlds.remove(0);
    for (name, value) in [("workers", "17"), ("threads", "4"), ("backlog", "4")] {
        assert_eq!(shown(&unknown, name), "?cpu");
        assert_eq!(shown(&known, name), value);
    }
    assert!(matches!(&known.globals["workers"].origin, Origin::Computed { from, .. }
        if from.iter().any(|origin| matches!(origin, Origin::Host { probe } if probe == "cpu_count"))));
}

#[test]
fn a_guard_on_the_processor_count_makes_no_world() {
    let text = "import os\ncores = os.cpu_count()\nworkers = 2 if cores <= 2 else 4\nif cores > 4:\n    threads = 2\n";
    let world = open(text);
    assert_eq!((shown(&world, "workers"), shown(&world, "threads")), ("?cpu".into(), "?cpu".into()));
}

#[test]
fn asking_whether_a_variable_is_set_takes_the_assumption() {
    let text = "import os\nworkers = 4\nif os.getenv('BIG'):\n    workers = 8\n    threads = 2\n\
        if 'X' in os.environ:\n    timeout = 1\nelse:\n    timeout = 2\n";
    let world = open(text);
    assert_eq!((shown(&world, "workers"), assuming(&world, "workers")), ("4".into(), "BIG is not set".into()));
    assert_eq!(world.unbound["threads"][0].as_ref(), "BIG is not set");
    assert_eq!((shown(&world, "timeout"), assuming(&world, "timeout")), ("2".into(), "X is not set".into()));
}

#[test]
fn comparing_the_text_of_an_open_variable_makes_worlds() {
    let text = "import os\nENV = os.environ.get('ENV', 'dev').lower()\nif ENV == 'production':\n    workers = 8\n\
        elif ENV in ('staging', 'stage'):\n    workers = 4\nelse:\n    workers = 1\nbind = 'a' if ENV != 'production' else 'b'\n";
    let expected = ["ENV is not set: 1", "ENV = \"staging\": 4", "ENV = \"production\": 8"];
    assert_eq!(worlds(text, "workers"), expected);
    assert_eq!(worlds(text, "bind"), ["ENV is not set: 'a'", "ENV = \"staging\": 'a'", "ENV = \"production\": 'b'"]);
    assert_eq!(shown(&closed(text, &[("ENV", "Production")]), "workers"), "8");
}

#[test]
fn a_name_may_hold_the_comparison() {
    let text = "import os\nDEBUG = os.getenv('DEBUG', '0') == '1'\nreload = DEBUG\nif not DEBUG:\n    workers = 4\n";
    assert_eq!(worlds(text, "workers"), ["DEBUG is not set: 4", "DEBUG = \"1\": -"]);
    // A value alone makes no world.
    let world = open("import os\nreload = os.getenv('DEBUG', '0') == '1'\n");
    assert_eq!((shown(&world, "reload"), assuming(&world, "reload")), ("False".into(), "DEBUG is not set".into()));
}

#[test]
fn a_truth_that_rests_on_the_text_of_an_open_variable_makes_worlds() {
    let text = "import os\npreload_app = os.getenv('STAGE') == 'production'\n";
    assert_eq!(worlds(text, "preload_app"), ["STAGE is not set: False", "STAGE = \"production\": True"]);
    let world = &run(text, &environment(false, &[]), None).worlds[0];
    assert_eq!(assuming(world, "preload_app"), "");
    assert_eq!(shown(&closed(text, &[("STAGE", "production")]), "preload_app"), "True");
    // Equal tests are one choice.
    let both = format!(
        "{text}daemon = not os.getenv('STAGE') == 'production'\nif os.getenv('STAGE') == 'production':\n    workers = 4\n"
    );
    assert_eq!(worlds(&both, "daemon"), ["STAGE is not set: True", "STAGE = \"production\": False"]);
    assert_eq!(worlds(&both, "workers"), ["STAGE is not set: -", "STAGE = \"production\": 4"]);
    let prefix = "import os\nreload = os.environ.get('ENV', 'prod').lower().startswith('dev')\n";
    assert_eq!(worlds(prefix, "reload"), ["ENV is not set: False", "ENV = \"dev\": True"]);
    let listed = "import os\npreload_app = os.environ.get('ENV', 'dev') in ('staging', 'production')\n";
    assert_eq!(worlds(listed, "preload_app"), ["ENV is not set: False", "ENV = \"staging\": True"]);
}

#[test]
fn truths_that_make_too_many_worlds_keep_the_assumption() {
    let flags: String = ["A", "B", "C", "D"].map(|name| format!("x{name} = os.getenv('{name}') == 'production'\n")).concat();
    let world = open(&format!("import os\n{flags}"));
    assert_eq!((shown(&world, "xA"), assuming(&world, "xA")), ("False".into(), "A is not set".into()));
    // Guards that select a way still make worlds.
    let guarded = format!("import os\n{flags}if os.getenv('E') == 'x':\n    workers = 4\n");
    assert_eq!(worlds(&guarded, "workers"), ["E is not set: -", "E = \"x\": 4"]);
}

#[test]
fn a_helper_that_reads_variables_makes_no_world_unless_its_result_is_a_guard() {
    let helper = "import os\ndef flag(name):\n    text = os.getenv(name, '').lower()\n    if text in ('1', 'true'):\n        return True\n    return False\n";
    let world = open(&format!("{helper}reload = flag('RELOAD')\n"));
    assert_eq!((shown(&world, "reload"), assuming(&world, "reload")), ("False".into(), "RELOAD is not set".into()));
    let expected = ["RELOAD is not set: 4", "RELOAD = \"1\": 1"];
    assert_eq!(worlds(&format!("{helper}workers = 1 if flag('RELOAD') else 4\n"), "workers"), expected);
}

#[test]
fn an_unknown_guard_makes_worlds_and_equal_guards_agree() {
    let text = "from django.conf import settings\nif settings.DEBUG:\n    workers = 1\n    reload = True\nelse:\n    workers = 4\n\
        threads = 1 if settings.DEBUG else 2\nif settings.OTHER:\n    print('x')\n";
    assert_eq!(worlds(text, "workers"), ["not settings.DEBUG: 4", "if settings.DEBUG: 1"]);
    assert_eq!(worlds(text, "threads"), ["not settings.DEBUG: 2", "if settings.DEBUG: 1"]);
    assert_eq!(worlds(text, "reload"), ["not settings.DEBUG: -", "if settings.DEBUG: True"]);
}

#[test]
fn too_many_worlds_become_one_in_which_differences_are_unknown() {
    let mut text = "import os\ntimeout = 30\n".to_owned();
    for name in ["A", "B", "C", "D"] {
        text.push_str(&format!(
            "if os.getenv('{name}') == 'x':\n    {} = 1\nelse:\n    {} = 2\n",
            name.to_lowercase(),
            name.to_lowercase()
        ));
    }
    let world = open(&text);
    assert_eq!(shown(&world, "timeout"), "30");
    assert!(shown(&world, "a").starts_with("?depends on `os.getenv('A') == 'x'`"));
    assert!(world.branch.is_empty());
}

#[test]
fn a_variable_without_which_the_program_ends_is_set() {
    let text = "import os\nif not os.getenv('TOKEN'):\n    raise RuntimeError('TOKEN')\nbind = os.environ['BIND']\nworkers = 2\n";
    let world = open(text);
    assert_eq!(shown(&world, "bind"), "?the environment variable BIND");
    assert_eq!((shown(&world, "workers"), assuming(&world, "workers")), ("2".into(), "".into()));
    assert!(world.raised.is_empty());
    let world = closed(text, &[("TOKEN", "x")]);
    assert_eq!(world.raised[0].class.as_ref(), "KeyError");
    assert_eq!(shown(&world, "workers"), "2");
    assert_eq!(shown(&world, "bind"), "?KeyError is raised here");
}

#[test]
fn handlers_run_when_python_would_run_them() {
    let text = "import os\ntry:\n    workers = int(os.environ['X'])\nexcept (KeyError, ValueError):\n    workers = 4\n";
    let world = open(text);
    assert_eq!((shown(&world, "workers"), assuming(&world, "workers")), ("4".into(), "X is not set".into()));
    assert_eq!(shown(&closed(text, &[("X", "7")]), "workers"), "7");
    assert_eq!(shown(&closed(text, &[("X", "many")]), "workers"), "4");
    let text = "try:\n    import gevent\n    worker_class = 'gevent'\n    threads = 4\nexcept ImportError:\n    worker_class = 'sync'\n    threads = 4\n";
    let world = open(text);
    assert_eq!(shown(&world, "worker_class"), "?depends on whether an exception is raised");
    assert_eq!(shown(&world, "threads"), "4");
}

#[test]
fn the_environment_loop_applies_variables_that_are_known() {
    let text = "import os\ntimeout = 30\nworkers = 2\nfor k, v in os.environ.items():\n    if k.startswith('GUNICORN_'):\n        \
        key = k.split('_', 1)[1].lower()\n        locals()[key] = v\nthreads = 3\n";
    let mut worlds = run(text, &environment(false, &[("GUNICORN_WORKERS", "9"), ("HOME", "/")]), None).worlds;
    let world = worlds.remove(0);
    assert_eq!(shown(&world, "workers"), "'9'");
    assert!(matches!(&world.globals["workers"].origin, Origin::Environment { name, .. } if &**name == "GUNICORN_WORKERS"));
    assert_eq!((shown(&world, "timeout"), assuming(&world, "timeout")), ("30".into(), "no GUNICORN_* variable is set".into()));
    assert_eq!(assuming(&world, "threads"), "");
    assert_eq!(world.assuming[0].as_ref(), "no GUNICORN_* variable is set");
    let world = closed(text, &[("GUNICORN_WORKERS", "9")]);
    assert_eq!((shown(&world, "workers"), assuming(&world, "timeout")), ("'9'".into(), "".into()));
    let text = "import os\nworkers = 1\nglobals().update({k[9:].lower(): v for k, v in os.environ.items() if k.startswith('GUNICORN_')})\n";
    assert_eq!(shown(&closed(text, &[("GUNICORN_BIND", "x:1")]), "bind"), "'x:1'");
    assert_eq!(assuming(&open(text), "workers"), "no GUNICORN_* variable is set");
}

#[test]
fn names_from_elsewhere_are_unknown_and_spoil_nothing() {
    let text = "workers = 4\nfrom defaults import *\nfrom app import timeout, logger as log\nimport sentry_sdk\n\
        sentry_sdk.init(log)\nthreads = 2\nbind = unheard_of\n";
    let world = open(text);
    assert_eq!(world.opaque.as_deref(), Some("`from defaults import *`"));
    assert!(shown(&world, "workers").starts_with("?may have been replaced"));
    assert_eq!(shown(&world, "timeout"), "?timeout is imported from app");
    assert_eq!(world.globals["timeout"].kind, BindingKind::Imported);
    assert_eq!(shown(&world, "threads"), "2");
    assert!(shown(&world, "bind").starts_with('?'));
    assert!(open("workers = 4\nexec(open('x').read())\n").opaque.is_some());
    assert!(open("from lib import setup\nsetup(globals())\n").opaque.is_some());
}

#[test]
fn lists_and_dictionaries_are_shared_between_names() {
    let text = "a = [1]\nb = a\nb.append(2)\na += [3]\nc = {'x': a}\nc['x'].extend((4, 5))\nd = a + []\nd.append(6)\n";
    let world = open(text);
    assert_eq!(
        (shown(&world, "a"), shown(&world, "b"), shown(&world, "d")),
        ("[1, 2, 3, 4, 5]".into(), "[1, 2, 3, 4, 5]".into(), "[1, 2, 3, 4, 5, 6]".into())
    );
    let world = open("from lib import f\na = [1]\nb = [1]\nf(a)\n");
    assert!(shown(&world, "a").starts_with('?'));
    assert_eq!(shown(&world, "b"), "[1]");
}

#[test]
fn functions_run_with_defaults_names_and_globals() {
    let text = "limit = 3\ndef f(a, b=2, *rest, c, **more):\n    global seen\n    seen = rest\n    for n in range(10):\n        if n == limit:\n            \
        return a * b + c + n\nx = f(4, c=1)\ny = f(1, 2, 3, c=4, d=5)\ng = lambda n: n + limit\nz = g(1)\ndef loop(n):\n    return loop(n)\nw = loop(1)\n";
    let world = open(text);
    assert_eq!(
        (shown(&world, "x"), shown(&world, "y"), shown(&world, "z"), shown(&world, "seen")),
        ("12".into(), "9".into(), "4".into(), "(3,)".into())
    );
    assert!(shown(&world, "w").starts_with('?'));
}

#[test]
fn hooks_are_described() {
    let text = "from signal import signal\ndef post_fork(server, worker, *more):\n    server.log.info('x')\n    \
        if worker:\n        engine.dispose()\n    db().engine.dispose()\n    def inner():\n        never()\npre_fork = lambda server, worker: None\n\
        class Thing:\n    workers = 4\n";
    let world = open(text);
    let BindingKind::Function { positional, has_varargs } = &world.globals["post_fork"].kind else { panic!() };
    assert_eq!((*positional, *has_varargs), (2, true));
    let Object::Function(function) = &world.globals["post_fork"].value else { panic!() };
    let calls: Vec<String> = gearmesh::expr::python::calls(&function.definition).into_iter().map(|call| call.name).collect();
    assert_eq!(calls, ["server.log.info", "engine.dispose", "db().engine.dispose", "db"]);
    assert!(matches!(world.globals["pre_fork"].kind, BindingKind::Function { positional: 2, .. }));
    assert_eq!(world.globals["Thing"].kind, BindingKind::Class);
    assert_eq!(shown(&world, "workers"), "-");
}

#[test]
fn values_that_lost_are_kept() {
    let world = open("timeout = 30\nworkers = 2\ntimeout = 120\nworkers = workers * 2\n");
    let earlier = &world.globals["timeout"].earlier;
    assert_eq!(earlier.len(), 1);
    assert_eq!((earlier[0].0.representation().unwrap(), earlier[0].1.start), ("30".into(), 0));
    assert!(world.globals["workers"].earlier.is_empty());
}

#[test]
fn what_is_not_evaluated_is_unknown_with_a_reason() {
    let text = "import os\nwith open('x') as f:\n    text = f.read()\nwhile text:\n    workers = 1\nn = 0\nfor line in text:\n    n += 1\n\
        match text:\n    case 'a':\n        timeout = 1\npath = os.path.abspath(__file__)\nthreads = 2 ** 80\nbacklog = 2\n";
    let world = open(text);
    for name in ["text", "workers", "n", "timeout", "path", "threads"] {
        assert!(shown(&world, name).starts_with('?'), "{name}");
    }
    assert_eq!(shown(&world, "backlog"), "2");
}

#[test]
fn names_read_tell_helpers_from_settings() {
    let document =
        Document::new(DocumentId(0), "x", &b"a = 1\nb = a\nc = 2\ndef f():\n    return c + d\nd = f'{e}'\ng[h] = 1\n"[..]);
    let names = names_read(&parse(&document).program);
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    assert_eq!(names, ["a", "c", "d", "e", "g", "h"]);
}

#[test]
fn evaluation_always_ends() {
    let nested = format!("x = {}1{}\ny = 2\n", "(".repeat(150), ")".repeat(150));
    let chain = format!("x = 1{}\ny = 2\n", " + 1".repeat(5000));
    let calls = format!("def f(n):\n    return {}f(n){}\nx = f(1)\ny = 2\n", "[".repeat(80), "]".repeat(80));
    let programs = [
        nested.as_str(),
        chain.as_str(),
        calls.as_str(),
        "x = 1\nfor a in range(10000):\n    for b in range(10000):\n        x = x + 1\ny = 2\n",
        "x = []\nfor a in range(5000):\n    x = [x, x]\ny = 2\n",
        "x = 'a' * 60000\nfor a in range(9000):\n    x = x.replace('a', x)\ny = 2\n",
        "x = 'a' * 60000\nx = x.join([x] * 60000)\ny = 2\n",
        "x = '{0}' * 20000\nx = x.format('a' * 60000)\ny = 2\n",
        "x = []\nx.append(x)\nfor a in range(9999):\n    x.append(x)\ny = 2\n",
        "x = [['b'] * 9000] * 5\nz = []\nfor a in range(9999):\n    z.append(a)\n    x[0][0] = a\ny = 2\n",
        "x = 10 ** 10 ** 10\nx = 1 << 10 ** 10\nx = 'a' * 10 ** 12\nx = range(10 ** 12)\ny = 2\n",
        "while True:\n    x = 1\ny = 2\n",
        "x = {a: b for a in range(9000) for b in range(9000)}\ny = 2\n",
    ];
    for text in programs {
        let world = open(text);
        assert!(
            ["2", "?the program takes too many steps to evaluate"].contains(&shown(&world, "y").as_str()),
            "{}",
            shown(&world, "y")
        );
    }
}
