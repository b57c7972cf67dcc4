//! Small texts that would become large: values that double, files that are included over and over, programs that never end.

use super::case::{all_end, case};
use super::outside::UNIT;
use super::run::Repository;
use std::fmt::Write as _;

const CHECK: &[&str] = &["check", "--verbose"];
const SHOW: &[&str] = &["show", "--all"];

/// A configuration in Python that a unit loads.
fn python(made: &Repository, text: &str) {
    made.write("gunicorn.conf.py", text);
    made.write("a.service", "[Service]\nUser=shop\nWorkingDirectory=/srv\nExecStart=/srv/bin/gunicorn -c /srv/gunicorn.conf.py a.wsgi\nTimeoutStopSec=5\n");
}

/// The script that a unit starts.
fn script(made: &Repository, text: &str) {
    made.write("start.sh", format!("#!/bin/bash\n{text}\nexec gunicorn -w \"$A\" -b \"$B\" a.wsgi\n"));
    made.write("a.service", "[Service]\nUser=shop\nExecStart=/srv/start.sh\nTimeoutStopSec=5\n");
}

/// Python whose value nobody needs; after each the setting of a timeout stands, which is found nevertheless or not.
const PYTHON: [(&str, &str); 58] = [
    ("power", "import multiprocessing\nworkers = multiprocessing.cpu_count()**10**9\n"),
    ("power of powers", "workers = 10**10**10\n"),
    ("negative power", "workers = 2**-10**9\nthreads = 0**-1\n"),
    ("shift", "workers = 1 << 10**10\nthreads = 1 >> -1\n"),
    ("product", "x = 10**9\nfor _ in range(100):\n    x = x * x\nworkers = x\n"),
    ("text times", "bind = 'a' * 10**10\n"),
    ("text times, doubled", "x = 'a' * 10**6\nx = x * 10**6\nbind = x\n"),
    ("bytes times", "bind = b'a' * 10**10\n"),
    ("list times", "bind = ['a'] * 10**10\n"),
    ("tuple times", "bind = ('a',) * 10**10\n"),
    ("text doubled in a loop", "x = 'aaaaaaaaaa'\nfor _ in range(64):\n    x = x + x\nbind = x\n"),
    ("text doubled in place", "x = 'aaaaaaaaaa'\nfor _ in range(64):\n    x += x\nbind = x\n"),
    ("text doubled by hand", "X"),
    ("text doubled by format", "x = 'a'\nfor _ in range(64):\n    x = f'{x}{x}'\nbind = x\n"),
    ("text doubled by percent", "x = 'a'\nfor _ in range(64):\n    x = '%s%s' % (x, x)\nbind = x\n"),
    ("text doubled by join", "x = 'a'\nfor _ in range(64):\n    x = x.join([x, x, x])\nbind = x\n"),
    ("text doubled by replace", "x = 'a'\nfor _ in range(64):\n    x = x.replace('a', 'aa')\nbind = x\n"),
    ("list doubled", "x = ['a']\nfor _ in range(64):\n    x = x + x\nbind = x\n"),
    ("list extended by itself", "x = ['a']\nfor _ in range(64):\n    x.extend(x)\nbind = x\n"),
    ("list that holds itself", "x = ['a']\nx.append(x)\nx[0] = x\nbind = x\nworkers = x == x\n"),
    ("lists that hold the one before twice", "x = ['a']\nfor _ in range(64):\n    x = [x, x]\nbind = x\nraw_env = str(x)\n"),
    ("the same by hand", "Y"),
    (
        "mappings that hold the one before twice",
        "x = {}\nfor _ in range(64):\n    x = {'a': x, 'b': x}\nlogconfig_dict = x\nraw_env = [str(x)]\n",
    ),
    (
        "tuples compared",
        "x = ()\nfor _ in range(64):\n    x = (x, x)\ny = ()\nfor _ in range(64):\n    y = (y, y)\nworkers = 1 if x == y else 2\n",
    ),
    ("width of a format", "bind = '%1000000000d' % 1\nraw_env = ['{:>1000000000}'.format(1), f'{1:1000000000}']\n"),
    ("width of a method", "bind = 'a'.ljust(10**10)\nx = 'a'.rjust(10**10)\ny = 'a'.center(10**10)\nz = '1'.zfill(10**10)\n"),
    ("precision", "x = '%.1000000000f' % 1.5\ny = f'{1.5:.1000000000f}'\nz = round(1.5, 10**10)\nbind = x\n"),
    ("tabs", "bind = ('\\t' * 1000).expandtabs(10**9)\n"),
    ("replace", "bind = ('a' * 10**6).replace('a', 'b' * 10**6)\nx = 'a'.replace('', 'b' * 10**6)\n"),
    ("split", "x = ('a ' * 10**6).split()\ny = [z.split() for z in x]\nbind = y\n"),
    ("range as a list", "bind = list(range(10**12))\n"),
    ("range summed", "workers = sum(range(10**12))\nthreads = max(range(10**12))\n"),
    ("range in a loop", "x = 0\nfor i in range(10**12):\n    x += 1\nworkers = x\n"),
    (
        "loops in loops",
        "x = 0\nfor a in range(10**4):\n    for b in range(10**4):\n        for c in range(10**4):\n            x += 1\nworkers = x\n",
    ),
    ("comprehension", "bind = [str(a) for a in range(10**9)]\n"),
    ("comprehensions in comprehensions", "bind = [a for a in range(10**4) for b in range(10**4) for c in range(10**4)]\n"),
    ("mapping of a range", "x = {a: [a] * 1000 for a in range(10**8)}\nlogconfig_dict = x\n"),
    ("while true", "while True:\n    pass\nworkers = 2\n"),
    ("while true with a counter", "x = 0\nwhile True:\n    x += 1\nworkers = x\n"),
    ("a function that calls itself", "def f(n):\n    return f(n + 1)\nworkers = f(0)\n"),
    ("a function that calls itself twice", "def f(n):\n    return 1 if n == 0 else f(n - 1) + f(n - 1)\nworkers = f(64)\n"),
    ("functions that call each other", "def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nworkers = f(1)\n"),
    ("a lambda that calls itself", "f = lambda n: f(n)\nworkers = f(1)\n"),
    (
        "a class of itself",
        "class A:\n    def __init__(self):\n        self.a = A()\n    def __getattr__(self, name):\n        return getattr(self, name)\nworkers = A().b\n",
    ),
    ("generators", "def f():\n    while True:\n        yield 1\nworkers = sum(f())\nthreads = list(f())\n"),
    ("zip and map", "workers = len(list(zip(range(10**10), range(10**10))))\nthreads = len(list(map(str, range(10**10))))\n"),
    (
        "itertools",
        "import itertools\nworkers = len(list(itertools.product(range(1000), repeat=10)))\nx = list(itertools.count())\n",
    ),
    ("sorted", "bind = sorted(range(10**9), reverse=True)\nx = list(reversed(range(10**10)))\n"),
    ("digits", "workers = int('9' * 10**7)\nx = str(10**10000)\ny = int('9' * 4000)**400\n"),
    (
        "floats",
        "timeout = 1e400\nworkers = int(1e400)\nthreads = int(float('nan'))\nx = 1e308 * 10\nbacklog = 5 // 0\nkeepalive = -7 % 0.0\n",
    ),
    (
        "huge integers",
        "timeout = 99999999999999999999999999999999999\nworkers = -170141183460469231731687303715884105728 - 1\nthreads = 9223372036854775807 + 1\nbacklog = -9223372036854775808 // -1\nkeepalive = abs(-9223372036854775808)\n",
    ),
    ("guards", "G"),
    ("worlds in worlds", "W"),
    (
        "slices",
        "x = 'abc' * 1000\nbind = x[::10**18] + x[-10**18:10**18:1] + x[10**30:]\ny = [1] * 5\ny[10**18:10**18] = y\nworkers = y[-10**18]\n",
    ),
    ("decoration", "def d(f):\n    return d(f)\n@d\ndef post_fork(server, worker):\n    pass\nworkers = 2\n"),
    (
        "environment in itself",
        "import os\nfor i in range(64):\n    os.environ['A'] = os.environ.get('A', 'a') * 2\nbind = os.environ['A']\n",
    ),
    ("text in bytes", "bind = ('é' * 10**6).encode().decode('latin1').encode().decode('latin1') * 100\n"),
    ("ten million elements", "T"),
];

fn python_text(text: &str) -> String {
    match text {
        "X" => {
            (0..64).fold("x0 = 'aaaaaaaaaa'\n".to_owned(), |all, at| format!("{all}x{} = x{at} + x{at}\n", at + 1))
                + "bind = x64\n"
        }
        "Y" => (0..64).fold("x0 = ['a']\n".to_owned(), |all, at| format!("{all}x{} = [x{at}, x{at}]\n", at + 1)) + "bind = x64\n",
        "G" => (0..64).fold("import os\nworkers = 1\n".to_owned(), |all, at| {
            format!("{all}if os.getenv('A{at}') == 'x':\n    workers = workers + {at}\n")
        }),
        "W" => (0..64).fold("import os, a\nworkers = 1\n".to_owned(), |all, at| {
            format!("{all}{}if a.b{at} > os.environ['B{at}']:\n{}workers = {at}\n", " ".repeat(at), " ".repeat(at + 1))
        }),
        "T" => format!("bind = [{}]\n", "1,".repeat(1_000_000)),
        text => text.to_owned(),
    }
}

#[test]
fn python_that_would_grow_or_never_end_is_unknown() {
    let mut faults = Vec::new();
    for (name, text) in PYTHON {
        let made = Repository::new();
        python(&made, &(python_text(text) + "timeout = 77\n"));
        for words in [CHECK, SHOW] {
            let ended = made.run_named(name, super::run::MEMORY, words);
            if ended.code.is_none_or(|code| code > 2) || ended.err().contains("panicked") {
                faults.push(format!("{name}: {words:?}: {:?} {:?} {}", ended.code, ended.signal, ended.message()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn shell_that_would_grow_or_never_end_is_unknown() {
    let doubled = (0..64).fold("A=aaaaaaaaaa\n".to_owned(), |all, _| all + "A=$A$A\n");
    let nested = format!("A={}1{}\n", "$(echo ".repeat(5000), ")".repeat(5000));
    let braces = format!("A={}\n", "{a,b}".repeat(64));
    let conditions = (0..64).fold(String::new(), |all, at| format!("{all}if [ \"$X{at}\" = y ]; then A=\"${{A}}{at}\"; fi\n"));
    let texts = [
        ("a loop without end", "while :; do A=$((A+1)); done"),
        ("until false", "until false; do :; done"),
        ("a long sequence", "for i in $(seq 1000000000); do A=$i; done"),
        ("a long range", "for i in {1..1000000000}; do A=$i; done; B={1..1000000000}"),
        ("a long count", "for ((i=0;i<1000000000;i++)); do A=$i; done"),
        ("doubled", &doubled),
        (
            "doubled in a loop",
            "A=a; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do A=$A$A; done",
        ),
        (
            "doubled by replacing",
            "A=a; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36; do A=${A//a/aa}; done",
        ),
        ("a function that calls itself", "f() { f; }; f; A=$(f)"),
        ("a function that calls itself twice", "f() { [ $1 = 0 ] || { f $(($1-1)); f $(($1-1)); }; }; f 64"),
        ("a fork bomb", ":(){ :|:& };:"),
        ("eval in itself", "A='eval \"$A\"'; eval \"$A\""),
        ("substitutions in substitutions", &nested),
        ("braces", &braces),
        ("conditions", &conditions),
        (
            "numbers",
            "A=$((9223372036854775807+1)); B=$((1/0)); A=$((2**63)); B=$((1<<64)); A=$((-9223372036854775808/-1)); B=$((-9223372036854775808%-1)); A=${#A}; B=${A:99999999999999999999}; A=${A:-1:-1}",
        ),
        ("width of printf", "A=$(printf '%1000000000d' 1); B=$(printf '%0.1000000000f' 1); A=$(printf 'a%.0s' {1..100000000})"),
        ("traps and arrays", "A=(a b c); A+=(\"${A[@]}\" \"${A[@]}\"); A[99999999999]=1; B=${A[@]}"),
        ("a source of itself", ". /srv/start.sh; . \"$0\"; source \"${BASH_SOURCE[0]}\""),
        (
            "arguments that double",
            "set -- a b; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32; do set -- \"$@\" \"$@\"; done; A=$#; B=$*",
        ),
        (
            "a variable that grows in place",
            "A=a; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36; do A+=$A; done",
        ),
        ("a text of itself", "cat <<A\n$(cat <<B\n$(cat <<C\nx\nC\n)\nB\n)\nA"),
    ];
    let mut faults = Vec::new();
    for (name, text) in texts {
        let made = Repository::new();
        script(&made, text);
        let ended = made.run_named(name, super::run::MEMORY, CHECK);
        if ended.code.is_none_or(|code| code > 2) || ended.err().contains("panicked") {
            faults.push(format!("{name}: {:?} {:?} {}", ended.code, ended.signal, ended.message()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Files that include the next one twice, so many.
fn twice(
    made: &Repository,
    files: usize,
    first: &str,
    name: impl Fn(usize) -> String,
    line: impl Fn(&str) -> String,
    last: &str,
) {
    for at in 0..files {
        let next = line(&name(at + 1));
        made.write(&name(at), format!("{}{next}{next}", if at == 0 { first } else { "" }));
    }
    made.write(&name(files), last);
}

fn nginx_twice(made: &Repository) {
    made.write("nginx.conf", "events {}\nhttp { server { include f0.conf; } }\n");
    twice(
        made,
        40,
        "",
        |at| format!("f{at}.conf"),
        |name| format!("include {name};\n"),
        "location / { proxy_pass http://127.0.0.1:8000; }\n",
    );
}

#[test]
fn includes_of_includes_end() {
    all_end(&[
        case("nginx files that include the next one twice", nginx_twice, CHECK, 2, "lay 42 files in over and over"),
        case(
            "ten thousand includes of one file",
            |made| {
                made.write(
                    "nginx.conf",
                    format!("events {{}}\nhttp {{ server {{\n{}}} }}\n", "include a.conf;\n".repeat(10_000)),
                );
                made.write("a.conf", "location / { proxy_pass http://127.0.0.1:8000; }\n");
            },
            CHECK,
            0,
            "",
        ),
        case(
            "a hundred includes of a hundred includes of a hundred",
            |made| {
                made.write("nginx.conf", format!("events {{}}\nhttp {{ server {{\n{}}} }}\n", "include a.conf;\n".repeat(100)));
                made.write("a.conf", "include b.conf;\n".repeat(100));
                made.write("b.conf", "include c.conf;\n".repeat(100));
                made.write("c.conf", "location / { proxy_pass http://127.0.0.1:8000; }\n".repeat(100));
            },
            CHECK,
            2,
            "over and over",
        ),
        case(
            "ten thousand files in a row",
            |made| {
                made.write("nginx.conf", "events {}\nhttp { server { include f0.conf; } }\n");
                (0..10_000).for_each(|at| made.write(&format!("f{at}.conf"), format!("include f{}.conf;\n", at + 1)));
                made.write("f10000.conf", "location / { proxy_pass http://127.0.0.1:8000; }\n");
            },
            CHECK,
            2,
            "more than 500 files include each other in a row",
        ),
        case(
            "patterns that match in many ways",
            |made| {
                let stars = "*a".repeat(50);
                let sets = "[a-z]*".repeat(50);
                made.write("nginx.conf", format!("events {{}}\nhttp {{ include {stars}b; include {sets}1; include */*/*/*/*/*/*/*/*; include {}.conf; include {}; }}\n", "{a,b}".repeat(50), "[".repeat(10_000)));
                (0..200).for_each(|at| made.write(&format!("{}{at}", "a".repeat(200)), "x"));
            },
            CHECK,
            1,
            "",
        ),
        case(
            "requirements that include the next one twice",
            |made| {
                made.write("a.service", UNIT);
                made.write("requirements.txt", "-r f0.txt\n");
                twice(made, 40, "", |at| format!("f{at}.txt"), |name| format!("-r {name}\n"), "gunicorn==23.0.0\n");
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "ten thousand requirements in a row",
            |made| {
                made.write("a.service", UNIT);
                made.write("requirements.txt", "-r f0.txt\n");
                (0..10_000).for_each(|at| made.write(&format!("f{at}.txt"), format!("-r f{}.txt\n", at + 1)));
                made.write("f10000.txt", "gunicorn==23.0.0\n");
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "services that extend the next one",
            |made| {
                let services: String = (0..20_000).fold(String::new(), |mut all, at| {
                    let _ = writeln!(all, "  s{at}: {{extends: s{}, command: gunicorn -w {at} a:b}}", at + 1);
                    all
                });
                made.write("compose.yaml", format!("services:\n{services}"));
            },
            CHECK,
            1,
            "",
        ),
        case(
            "compose files that include the next one twice",
            |made| {
                made.write("compose.yaml", "include: [f0/compose.yaml, f0/compose.yaml]\n");
                twice(
                    made,
                    40,
                    "",
                    |at| format!("f{at}/compose.yaml"),
                    |name| format!("# {name}\n"),
                    "services:\n  a:\n    command: gunicorn a:b\n",
                );
                (0..40).for_each(|at| {
                    made.write(
                        &format!("f{at}/compose.yaml"),
                        format!("include: [../f{0}/compose.yaml, ../f{0}/compose.yaml]\n", at + 1),
                    )
                });
            },
            CHECK,
            0,
            "",
        ),
        case(
            "a supervisor that includes many",
            |made| {
                made.write(
                    "supervisord.conf",
                    format!("[include]\nfiles = {}\n[program:a]\ncommand=gunicorn a:b\n", "*.conf conf.d/*.conf ".repeat(10_000)),
                );
                (0..100)
                    .for_each(|at| made.write(&format!("conf.d/{at}.conf"), format!("[program:p{at}]\ncommand=gunicorn a:b\n")));
            },
            CHECK,
            1,
            "",
        ),
        case(
            "variables of variables in compose",
            |made| {
                let deep = (0..5_000).fold("x".to_owned(), |all, at| format!("${{A{at}:-{all}}}"));
                let env: String =
                    (0..64).fold("A0=aaaaaaaaaa\n".to_owned(), |all, at| format!("{all}A{}=${{A{at}}}${{A{at}}}\n", at + 1));
                made.write(".env", env);
                made.write("compose.yaml", format!("services:\n  a:\n    image: '{deep}'\n    command: gunicorn -b $A64 a:b\n"));
            },
            CHECK,
            0,
            "",
        ),
        case(
            "variables of variables in a Dockerfile",
            |made| {
                let env: String = (0..64).fold("FROM x\nARG A0=aaaaaaaaaa\n".to_owned(), |all, at| {
                    format!("{all}ENV A{}=${{A{at}}}${{A{at}}}\n", at + 1)
                });
                made.write("Dockerfile", format!("{env}CMD gunicorn -b $A64 a:b\nENTRYPOINT [\"gunicorn\", \"$A64\"]\n"));
            },
            CHECK,
            0,
            "",
        ),
        case(
            "variables of variables in a unit",
            |made| {
                let env: String =
                    (0..64).fold(String::new(), |all, at| format!("{all}Environment=A{}=%n%n%n${{A{at}}}${{A{at}}}\n", at + 1));
                made.write(
                    "a.service",
                    format!(
                        "[Service]\nEnvironment=A0=aaaaaaaaaa\n{env}ExecStart=/bin/gunicorn -b ${{A64}} {} a:b\n",
                        "${A64} ".repeat(1000)
                    ),
                );
            },
            CHECK,
            1,
            "",
        ),
        case(
            "expansions in a supervisor",
            |made| {
                let env: String = (0..64).map(|at| format!("A{}=%(ENV_A{at})s%(ENV_A{at})s,", at + 1)).collect();
                made.write("supervisord.conf", format!("[supervisord]\nenvironment=A0=a,{env}\n[program:a]\nenvironment={env}\ncommand=gunicorn -b %(ENV_A64)s %(process_num)1000000000d a:b\nnumprocs=1000000000\nprocess_name=%(program_name)s_%(process_num)02d\n"));
            },
            CHECK,
            0,
            "",
        ),
        case(
            "a word that grows in a command",
            |made| {
                made.write(
                    "Procfile",
                    format!("web: A=a{} gunicorn -b ${{A//a/{}}} a:b\n", "a".repeat(10_000), "b".repeat(10_000)),
                )
            },
            CHECK,
            0,
            "",
        ),
    ]);
}

const ALIASES: &str = "a: &a [x, x, x, x, x, x, x, x, x]\n";

/// A billion words by way of aliases.
fn laughs(key: &str) -> String {
    let names: Vec<char> = ('a'..='j').collect();
    let lines = names.windows(2).map(|pair| {
        let inner = format!("*{}, ", pair[0]).repeat(9);
        format!("{0}: &{0} [{1}]\n", pair[1], inner.trim_end_matches(", "))
    });
    format!("{ALIASES}{}{key}", lines.collect::<String>())
}

/// The same with mappings that are merged.
fn merges() -> String {
    let mut text = "x-0: &m0 {a0: 1, b0: 2}\n".to_owned();
    for at in 1..64 {
        let _ = writeln!(text, "x-{at}: &m{at}\n  <<: [*m{0}, *m{0}]\n  a{at}: *m{0}\n  b{at}: *m{0}", at - 1);
    }
    text + "services:\n  a:\n    <<: *m63\n    command: gunicorn a:b\n    environment: *m63\n"
}

#[test]
fn aliases_end() {
    all_end(&[
        case(
            "a billion laughs in compose",
            |made| {
                made.write(
                    "compose.yaml",
                    laughs("services:\n  a:\n    command: [gunicorn, *j]\n    environment: *j\n    volumes: *j\n"),
                )
            },
            CHECK,
            1,
            "the aliases of this file stand for more than 500000 nodes",
        ),
        case(
            "a billion laughs in Kubernetes",
            |made| {
                made.write(
                    "k8s.yaml",
                    format!(
                        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\n{}",
                        laughs("spec:\n  template:\n    spec:\n      containers: *j\n")
                    ),
                )
            },
            CHECK,
            1,
            "the aliases of this file stand for more than 500000 nodes",
        ),
        case(
            "a billion laughs in App Engine",
            |made| made.write("app.yaml", laughs("runtime: python312\nentrypoint: gunicorn a:b\nenv_variables: *j\n")),
            CHECK,
            1,
            "the aliases of this file stand for more than 500000 nodes",
        ),
        case(
            "a billion laughs in a rule",
            |made| {
                made.write("a.service", UNIT);
                made.write("rules/a.yaml", laughs("summary: *j\n"));
            },
            &["check", "--rules", "rules"],
            2,
            "rules/a.yaml:1:1",
        ),
        case(
            "mappings merged twice each",
            |made| made.write("compose.yaml", merges()),
            CHECK,
            1,
            "the aliases of this file stand for more than 500000 nodes",
        ),
        case(
            "an alias of itself",
            |made| made.write("compose.yaml", "services: &a\n  a:\n    command: gunicorn a:b\n    <<: *a\n    environment: *a\n"),
            CHECK,
            1,
            "this alias stands inside of what it stands for",
        ),
        case(
            "a hundred thousand aliases",
            |made| {
                made.write(
                    "compose.yaml",
                    format!(
                        "x: &x {{A: b}}\nservices:\n  a:\n    image: x\n    command: gunicorn a:b\n    environment:\n{}",
                        "      - *x\n".repeat(100_000)
                    ),
                )
            },
            CHECK,
            0,
            "",
        ),
        case(
            "a hundred thousand anchors",
            |made| {
                made.write(
                    "compose.yaml",
                    format!(
                        "services:\n  a:\n    image: x\n    command: gunicorn a:b\n    environment:\n{}",
                        (0..100_000).fold(String::new(), |all, at| all + &format!("      - &a{at} A=b\n"))
                    ),
                )
            },
            CHECK,
            0,
            "",
        ),
        case(
            "a deep document",
            |made| made.write("compose.yaml", format!("services:\n  a: {}{}\n", "[".repeat(100_000), "]".repeat(100_000))),
            CHECK,
            1,
            "file-does-not-parse",
        ),
        case(
            "a deep block",
            |made| made.write("compose.yaml", (0..2_500).fold(String::new(), |all, at| all + &" ".repeat(at) + "a:\n")),
            CHECK,
            1,
            "file-does-not-parse",
        ),
        case(
            "a deep list",
            |made| made.write("compose.yaml", format!("services:\n  {}x\n", "- ".repeat(100_000))),
            CHECK,
            1,
            "file-does-not-parse",
        ),
        case(
            "deep keys",
            |made| made.write("compose.yaml", format!("services:\n  {}x\n", "? ".repeat(100_000))),
            CHECK,
            1,
            "file-does-not-parse",
        ),
    ]);
}
