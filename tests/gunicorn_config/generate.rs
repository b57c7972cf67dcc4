//! Configuration files by chance, the same in every run, out of the idioms that real ones are made of: look-ups of variables with
//! conversions and defaults, helper functions, processor counts, formatting, tables, loops over the environment, hooks.

pub fn files(count: usize) -> Vec<String> {
    let mut random = Random(88_172_645_463_325_252);
    (0..count).map(|_| file(&mut random)).collect()
}

const HEAD: &str = "import os\nimport sys\nimport multiprocessing\nfrom os import environ, getenv\nimport math\n\n";

/// Helper functions as people write them.
const HELPERS: &[&str] = &[
    "def env_int(name, default):\n    try:\n        return int(os.environ.get(name, default))\n    except ValueError:\n        return default\n",
    "def env_int(name: str, default: int, *, minimum: int = 0) -> int:\n    raw = os.getenv(name)\n    if raw is None or not raw.strip():\n        return default\n    try:\n        value = int(raw)\n    except (TypeError, ValueError):\n        return default\n    return max(value, minimum)\n",
    "def env_int(name, default, kind=int):\n    value = os.environ.get(name)\n    return kind(value) if value else default\n",
    "def env_int(name, default=1, *rest, **more):\n    text = str(os.getenv(name, '') or '').strip()\n    if text.isdigit():\n        return int(text)\n    else:\n        return default\n",
    "env_int = lambda name, default: int(os.getenv(name) or default)\n",
    "class Missing(Exception):\n    pass\n\n\ndef env_int(name, default):\n    try:\n        value = os.environ[name]\n        if not value:\n            raise Missing(name)\n        return int(float(value))\n    except (KeyError, Missing):\n        return default\n    except ValueError:\n        return default\n    finally:\n        pass\n",
];

const NAMES: &[&str] = &[
    "WEB_CONCURRENCY",
    "PORT",
    "GUNICORN_WORKERS",
    "GUNICORN_TIMEOUT",
    "GUNICORN_BIND",
    "LOG_LEVEL",
    "ENV",
    "DEBUG",
    "HOST",
    "MAX_WORKERS",
    "WORKERS_PER_CORE",
    "GUNICORN_THREADS",
    "NOWHERE",
    "GUNICORN_RELOAD",
    "EMPTY",
];
/// Variables that hold numbers, where they are set.
const NUMBERS: &[&str] =
    &["WEB_CONCURRENCY", "PORT", "GUNICORN_WORKERS", "GUNICORN_TIMEOUT", "MAX_WORKERS", "NOWHERE", "NOWHERE_ELSE"];
const INTEGERS: &[&str] = &[
    "workers",
    "threads",
    "timeout",
    "graceful_timeout",
    "keepalive",
    "backlog",
    "worker_connections",
    "max_requests",
    "max_requests_jitter",
    "limit_request_line",
    "limit_request_fields",
];
const BOOLEANS: &[&str] =
    &["preload_app", "reload", "daemon", "capture_output", "spew", "reuse_port", "enable_stdio_inheritance"];
const TEXTS: &[&str] = &["loglevel", "accesslog", "errorlog", "proc_name", "worker_class", "pidfile", "worker_tmp_dir", "user"];

fn file(random: &mut Random) -> String {
    let mut text = HEAD.to_owned();
    if random.below(4) == 0 {
        text.push_str(random.pick(&[
            "import psutil\n",
            "from decouple import config\n",
            "from app.settings import *\n",
            "import environ as envs\n",
            "from prometheus_client import multiprocess\n",
        ]));
    }
    text.push_str(random.pick(HELPERS));
    text.push_str("\n\nname = getenv('NAME', 'web')\ncores = multiprocessing.cpu_count()\nlimits = {'small': 2, 'large': 8, \"x\": [1, 2, 3]}\n");
    for _ in 0..4 + random.below(9) {
        text.push_str(&statement(random));
    }
    if random.below(5) == 0 {
        text.push_str(random.pick(LOOPS));
    }
    text
}

/// Loops over the environment, which set what they find.
const LOOPS: &[&str] = &[
    "for k, v in os.environ.items():\n    if k.startswith('GUNICORN_'):\n        key = k.split('_', 1)[1].lower()\n        locals()[key] = v\n",
    "for key, value in environ.items():\n    if key.startswith(\"GUNICORN_\"):\n        globals()[key[9:].lower()] = int(value) if value.isdigit() else value\n",
    "options = {k.replace('GUNICORN_', '').lower(): v for k, v in os.environ.items() if k.startswith('GUNICORN_')}\nfor k in options:\n    locals()[k] = options[k]\n",
    "globals().update({k[len('GUNICORN_'):].lower(): v for k, v in os.environ.items() if k.startswith('GUNICORN_') and v.isdigit()})\n",
    "for setting in ['WORKERS', 'THREADS', 'TIMEOUT']:\n    found = os.environ.get(f'GUNICORN_{setting}')\n    if found is not None:\n        globals()[setting.lower()] = found\n",
];

fn statement(random: &mut Random) -> String {
    let (integer, boolean, text) = (random.pick(INTEGERS), random.pick(BOOLEANS), random.pick(TEXTS));
    let name = random.pick(NAMES);
    match random.below(20) {
        0..=4 => format!("{integer} = {}\n", number(random, 3)),
        5 | 6 => format!("{boolean} = {}\n", truth(random)),
        7 | 8 => format!("{text} = {}\n", string(random, 2)),
        9 | 10 => format!("bind = {}\n", address(random)),
        11 => {
            format!("if {}:\n    {integer} = {}\nelse:\n    {text} = {}\n", truth(random), number(random, 1), string(random, 1))
        }
        12 => format!(
            "{integer} = {}\n{integer} {}= {}\n",
            number(random, 1),
            random.pick(&["+", "*", "-", "//"]),
            number(random, 0)
        ),
        13 => format!("if getenv('{name}'):\n    {integer} = env_int('{name}', {})\n", number(random, 1)),
        14 => format!(
            "try:\n    {integer} = int(os.environ['{name}'])\nexcept {}:\n    {integer} = {}\n",
            random.pick(&["KeyError", "(KeyError, ValueError)", "Exception", "ValueError"]),
            number(random, 1)
        ),
        15 => random.pick(HOOKS).to_owned(),
        16 => format!(
            "for n in [{}, {}]:\n    {integer} = n\n    if n > {}:\n        break\n",
            number(random, 1),
            number(random, 0),
            number(random, 0)
        ),
        17 => random
            .pick(&[
                "def apply(g):\n    g['timeout'] = 44\n    g.setdefault('threads', 2)\n\n\napply(globals())\n",
                "def _limit():\n    global threads\n    threads = 6\n\n\n_limit()\n",
                "raw_env = ['A=1', f'NAME={name}', 'B=' + str(cores)]\n",
                "forwarded_allow_ips = ','.join(['127.0.0.1', '::1'])\n",
                "secure_scheme_headers = {'X-FORWARDED-PROTO': 'https'}\n",
                "globals().setdefault('backlog', 1024)\n",
                "globals()['keepalive'] = globals().get('timeout', 5)\n",
                "globals().__setitem__('timeout', 61)\n",
                "setattr(sys.modules[__name__], 'threads', 5)\n",
                "vars()['timeout'] = 62\n",
                "def _outer(g):\n    def inner():\n        g['backlog'] = 77\n    inner()\n\n\n_outer(globals())\n",
                "def _later(*args, **more):\n    more['names'].update(keepalive=4)\n\n\n_later(1, names=globals())\n",
                "os.environ.update(NOWHERE='6')\n",
                "os.environ.setdefault('NOWHERE_ELSE', '9')\n",
                "os.environ['PORT'] = str(8100 + cores)\n",
                "exec('timeout = 63')\n",
                "for _name in ('threads', 'backlog'):\n    globals()[_name] = 12\nelse:\n    timeout = 64\n",
                "raw_env = []\nraw_env.append('B=2')\nraw_env += ['C=3']\n_alias = raw_env\n_alias.insert(0, 'D=4')\n",
                "assert cores >= 1, 'no processor'\n",
                "accesslog = errorlog = '-'\n",
                "workers, threads = (2, 4)\n",
                "worker_class, *_rest = 'gthread sync'.split()\n",
                "if (n := env_int('MAX_WORKERS', 3)) > 2:\n    workers = n\n",
                "with open(os.devnull) as f:\n    pidfile = None\n",
                "timeout: int = 31\nkeepalive: int\n",
                "if __name__ == '__main__':\n    timeout = 1\n",
                "del name\nname = 'x'\n",
                "match getenv('ENV'):\n    case 'production':\n        workers = 9\n    case _:\n        workers = 1\n",
                "i = 0\nwhile i < 5:\n    i += 2\nworkers = i\n",
                "threads = sorted([3, 1, 2], reverse=True)[0]\n",
                "workers = max(limits, key=limits.get) and min([5, 4], key=lambda n: -n)\n",
                "from pathlib import Path\npidfile = str(Path('/run') / name / 'web.pid')\n",
                "class Defaults:\n    workers = 3\n    timeout = 60\n\n\ntimeout = Defaults.timeout\n",
            ])
            .to_owned(),
        18 => match random.below(3) {
            0 => format!("from decouple import config\n{text} = config('LOG', default='x')\n"),
            1 => format!("import psutil\n{integer} = psutil.cpu_count()\n"),
            _ => format!("{text} = getattr(sys, 'nothing', 'info')\n"),
        },
        _ => format!(
            "{integer} = limits{}\n",
            random.pick(&["['small']", ".get('large')", "['x'][-1]", ".get('none', 7)", "['x'][env_int('NOWHERE', 1)]"])
        ),
    }
}

const HOOKS: &[&str] = &[
    "def on_starting(server):\n    server.log.info('starting')\n",
    "def post_fork(server, worker):\n    worker.log.info('%s', worker.pid)\n",
    "def when_ready(server):\n    pass\n\n\ndef worker_exit(server, worker):\n    import gc\n    gc.collect()\n",
    "child_exit = lambda server, worker: None\n",
];

/// An expression for an integer.
fn number(random: &mut Random, depth: usize) -> String {
    let name = if random.below(12) == 0 { random.pick(NAMES) } else { random.pick(NUMBERS) };
    if depth == 0 {
        return random.pick(&["1", "2", "5", "30", "0x10", "1_000", "0o17", "cores"]).to_owned();
    }
    let (one, other) = (number(random, depth - 1), number(random, depth - 1));
    match random.below(27) {
        0 => format!("int(os.environ.get('{name}', {one}))"),
        1 => format!("int(os.environ.get('{name}', '{}'))", 1 + random.below(9)),
        2 => format!("int(getenv(\"{name}\", str({one})))"),
        3 => format!("env_int('{name}', {one})"),
        4 => "multiprocessing.cpu_count() * 2 + 1".into(),
        5 => format!("(os.cpu_count() or 1) + {one}"),
        6 => format!("min({one}, {other})"),
        7 => format!("max({one}, {other}, 1)"),
        8 => format!("int({one} * {})", random.pick(&["0.5", "1.5", "2"])),
        9 => format!("{one} if {} else {other}", truth(random)),
        10 => format!("int(float(os.environ.get('{name}', '1')) * cores)"),
        11 => format!("{one} or {other}"),
        12 => format!("len(os.sched_getaffinity(0)) // {}", 1 + random.below(3)),
        13 => format!("sum([{one}, {other}])"),
        14 => format!("len({})", string(random, 1)),
        15 => format!("int(os.getenv('{name}') or {one})"),
        16 => format!("({one}, {other})[{}]", random.below(2)),
        17 => format!("round({one} / 2)"),
        18 => format!("{{'a': {one}, 'b': {other}}}[{}]", random.pick(&["'a'", "'b'", "'ab'[0]"])),
        19 => format!("math.ceil({one} / {})", 1 + random.below(4)),
        20 => format!("abs({one} - {other})"),
        21 => format!("{one} % {} ** 2", 2 + random.below(3)),
        22 => format!("[n for n in range({})][-1]", 1 + random.below(6)),
        23 => format!("{one} << 1 | 1"),
        _ => one,
    }
}

/// An expression for a boolean.
fn truth(random: &mut Random) -> String {
    let name = random.pick(NAMES);
    match random.below(14) {
        0 => format!("os.environ.get('{name}', 'false').lower() == 'true'"),
        1 => format!("getenv('{name}', '') in ('1', 'true', 'yes', 'production')"),
        2 => format!("bool(int(os.getenv('MAX_WORKERS', {})))", random.below(2)),
        3 => format!("os.getenv('{name}') is not None"),
        4 => format!("'{name}' in os.environ"),
        5 => format!("not {}", random.pick(&["getenv('DEBUG')", "cores", "name", "os.environ.get('EMPTY')"])),
        6 => "cores > 4".into(),
        7 => "os.environ.get('ENV', 'dev').strip().upper().startswith('PROD')".into(),
        8 => "getenv('ENV') == 'production' and cores > 1".into(),
        9 => "1 < cores <= 8 or 'x' in limits".into(),
        10 => "any(v == 'production' for v in (getenv('ENV'), getenv('HOST')))".into(),
        11 => "isinstance(cores, int)".into(),
        _ => random.pick(&["True", "False", "'True'", "'false'"]).to_owned(),
    }
}

/// An expression for a text.
fn string(random: &mut Random, depth: usize) -> String {
    let name = random.pick(NAMES);
    if depth == 0 {
        return random.pick(&["'info'", "\"-\"", "'/run/web.pid'", "name", "'gthread'", "''", "r'a\\b'", "'a' 'b'"]).to_owned();
    }
    let one = string(random, depth - 1);
    match random.below(16) {
        0 => format!("os.environ.get('{name}', {one})"),
        1 => format!("getenv('{name}', {one}).lower()"),
        2 => format!("f\"{{name}}-{{getenv('{name}', 'none')!r}}\""),
        3 => format!("'{{}}-{{:>4}}'.format({one}, 7)"),
        4 => format!("'{{0}}/{{x}}'.format({one}, x=cores)"),
        5 => format!("'%s:%05.1f' % ({one}, 2.25)"),
        6 => format!("{one} + '.' + str(cores)"),
        7 => format!("{one}.upper().strip().replace('A', 'b')"),
        8 => format!("os.path.join('/var/log', {one}, 'access.log')"),
        9 => format!("{one} if {} else None", truth(random)),
        10 => format!("'-'.join([{one}, 'z'])[0:{}]", 1 + random.below(9)),
        11 => format!("{one}.split('-')[0] or 'none'"),
        12 => format!("{one}.title().ljust(6, '.')"),
        13 => format!("os.getenv('{name}') or {one}"),
        14 => format!("f'{{cores:03d}}{{{{x}}}}' + {one}.rstrip('-')"),
        _ => one,
    }
}

fn address(random: &mut Random) -> String {
    let name = random.pick(NAMES);
    match random.below(8) {
        0 => "f\"0.0.0.0:{os.getenv('PORT', '8000')}\"".into(),
        1 => "'{}:{}'.format(getenv('HOST', '0.0.0.0'), os.environ.get('PORT', 5000))".into(),
        2 => "['127.0.0.1:8000', 'unix:/run/web.sock']".into(),
        3 => "':%s' % os.environ.get('PORT', 8080)".into(),
        4 => format!("os.environ.get('GUNICORN_BIND') or f'[::]:{{env_int(\"{name}\", 80) % 60000}}'"),
        5 => "'unix:' + os.path.join('/run', 'web', 'web.sock')".into(),
        6 => "getenv('HOST', '') + ':' + str(8000 + cores)".into(),
        _ => "'0.0.0.0:$PORT'".into(),
    }
}

/// xorshift; the same files in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}
