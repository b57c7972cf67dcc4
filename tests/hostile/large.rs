//! What is large, deep or many: files, lines, numbers, folders, archives, and lists that rules go through.

use super::case::{ANY, all_end, all_end_within, case};
use super::outside::UNIT;
use super::run::{MEMORY, Repository};
use std::fs;
use std::io::Write as _;

const CHECK: &[&str] = &["check", "--verbose"];

fn unit(made: &Repository) {
    made.write("a.service", UNIT);
}

fn sparse(made: &Repository, name: &str, gibibytes: u64) {
    fs::File::create(made.place(name)).and_then(|file| file.set_len(gibibytes << 30)).expect("it is made");
}

/// A file of a language of nothing but an opening, so many times, and the closing as often.
fn deep(made: &Repository, name: &str, before: &str, open: &str, close: &str, times: usize) {
    made.write(name, format!("{before}{}{}", open.repeat(times), close.repeat(times)));
}

#[test]
fn large_files_are_told_and_not_read() {
    all_end_within(
        4 * MEMORY,
        &[
            case("a sparse unit of a GiB", |made| sparse(made, "a.service", 1), CHECK, 2, "a.service: larger than 16 MiB"),
            case(
                "sparse files of a TiB with other names",
                |made| {
                    unit(made);
                    for name in ["site.conf", "x.yaml", "data", "requirements.txt", ".env", ".gitignore"] {
                        sparse(made, name, 1024);
                    }
                },
                CHECK,
                2,
                "larger than 16 MiB",
            ),
            case(
                "a sparse gearmesh.toml",
                |made| {
                    unit(made);
                    sparse(made, "gearmesh.toml", 1);
                },
                CHECK,
                2,
                "larger than 16 MiB",
            ),
            case(
                "a sparse rule",
                |made| {
                    unit(made);
                    sparse(made, "rules/a.yaml", 1);
                },
                &["check", "--rules", "rules"],
                2,
                "larger than 16 MiB",
            ),
            case(
                "a sparse baseline",
                |made| {
                    unit(made);
                    sparse(made, "b.json", 1);
                },
                &["check", "--baseline", "b.json"],
                2,
                "larger than 16 MiB",
            ),
            case(
                "sparse facts",
                |made| {
                    unit(made);
                    sparse(made, "f.json", 1);
                },
                &["tune", ".", "--facts", "f.json", "--sample", "0s"],
                2,
                "larger than 16 MiB",
            ),
            case("a sparse log", |made| sparse(made, "error.log", 1), &["diagnose", "--no-stack", "error.log"], 0, ""),
            case(
                "a sparse access log",
                |made| {
                    unit(made);
                    sparse(made, "access.log", 1);
                },
                &["facts", ".", "--log", "access.log", "--sample", "0s"],
                2,
                "",
            ),
            case(
                "a file of /proc without a size",
                |made| {
                    unit(made);
                    made.link("etc/nginx/nginx.conf", "/proc/kmsg");
                },
                &["check", "etc/nginx/nginx.conf"],
                2,
                "",
            ),
            case(
                "one line of nearly a MiB in a unit",
                |made| made.write("a.service", format!("{UNIT}Environment=A={}\n", "x".repeat(1_000_000))),
                CHECK,
                1,
                "1 warning",
            ),
            case(
                "one line of 3 MiB in nginx",
                |made| {
                    made.write(
                        "nginx.conf",
                        format!(
                            "events {{}}\nhttp {{ server {{ location / {{ proxy_pass http://127.0.0.1; }} }} }} # {}\n",
                            "x".repeat(15 << 20)
                        ),
                    )
                },
                CHECK,
                1,
                "",
            ),
            case(
                "one word of 3 MiB in nginx",
                |made| made.write("nginx.conf", format!("events {{}}\nhttp {{ server_name {}; }}\n", "x".repeat(3 << 20))),
                CHECK,
                1,
                "",
            ),
            case(
                "a finding on a line of nearly a MiB",
                |made| {
                    made.write(
                        "a.service",
                        format!(
                            "[Service]\nUser=shop\nExecStart=/bin/gunicorn -w 3 a.wsgi --env A={}\nTimeoutStopSec=5\n",
                            "x".repeat(1_000_000)
                        ),
                    )
                },
                &["check"],
                1,
                "stop-grace-below-graceful-timeout",
            ),
            case(
                "the same for a program",
                |made| {
                    made.write(
                        "a.service",
                        format!(
                            "[Service]\nUser=shop\nExecStart=/bin/gunicorn -w 3 a.wsgi --env A={}\nTimeoutStopSec=5\n",
                            "x".repeat(1_000_000)
                        ),
                    )
                },
                &["check", "--format", "sarif"],
                1,
                "stop-grace-below-graceful-timeout",
            ),
            case(
                "a large Python file",
                |made| {
                    made.write("gunicorn.conf.py", format!("bind = [{}]\n", "1,".repeat(1_100_000)));
                    unit(made);
                },
                CHECK,
                2,
                "the most that gearmesh reads of a Python file",
            ),
            case(
                "ten million elements",
                |made| {
                    made.write("gunicorn.conf.py", format!("bind = [{}]\n", "1,".repeat(10_000_000)));
                    unit(made);
                },
                CHECK,
                2,
                "larger than",
            ),
            case(
                "3 MiB of YAML",
                |made| {
                    made.write(
                        "compose.yaml",
                        format!("services:\n  a:\n    command: gunicorn a:b\n    environment: [{}]\n", "x,".repeat(1_100_000)),
                    )
                },
                CHECK,
                0,
                "",
            ),
            case(
                "3 MiB of a lock",
                |made| {
                    unit(made);
                    made.write("Pipfile.lock", format!("{{\"default\": [{}1]}}", "1,".repeat(1_100_000)));
                },
                CHECK,
                1,
                "1 warning",
            ),
            case(
                "3 MiB of TOML",
                |made| {
                    unit(made);
                    made.write("uv.lock", format!("a = [{}]", "1,".repeat(1_100_000)));
                },
                CHECK,
                1,
                "1 warning",
            ),
            case(
                "3 MiB of requirements",
                |made| {
                    unit(made);
                    made.write("requirements.txt", "gunicorn==23\n".repeat(300_000));
                },
                CHECK,
                1,
                "1 warning",
            ),
            case(
                "3 MiB of processes",
                |made| made.write("Procfile", "web: gunicorn a:b\n".repeat(200_000)),
                CHECK,
                2,
                "Procfile: larger than 1 MiB",
            ),
            case(
                "3 MiB of variables",
                |made| {
                    made.write("Procfile", "web: gunicorn a:b\n");
                    made.write(".env", "A=$A\n".repeat(100_000));
                },
                CHECK,
                0,
                "",
            ),
            case(
                "3 MiB of git's list",
                |made| {
                    unit(made);
                    made.write(".gitignore", "*a*b*c*\n".repeat(1_900_000));
                },
                CHECK,
                1,
                "1 warning",
            ),
        ],
    );
}

#[test]
fn many_of_everything_end() {
    all_end_within(
        4 * MEMORY,
        &[
            case(
                "a hundred thousand empty servers",
                |made| made.write("nginx.conf", format!("events {{}}\nhttp {{ {} }}\n", "server{}".repeat(100_000))),
                &["check"],
                ANY,
                "",
            ),
            case(
                "fifty thousand keys of a unit",
                |made| made.write("a.service", format!("{UNIT}{}", "Environment=A=b\nExecStartPre=/bin/true\n".repeat(25_000))),
                &["check"],
                ANY,
                "",
            ),
            case(
                "four thousand programs",
                |made| {
                    made.write(
                        "supervisord.conf",
                        (0..4_000).map(|at| format!("[program:p{at}]\ncommand=gunicorn a:b\n")).collect::<String>(),
                    )
                },
                &["check", "--format", "concise"],
                ANY,
                "",
            ),
            case(
                "four thousand documents",
                |made| {
                    made.write("k8s.yaml", (0..4_000).map(|at| format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{at}}}\nspec: {{ports: [{{port: {at}}}], selector: {{app: a}}}}\n")).collect::<String>())
                },
                &["check"],
                ANY,
                "",
            ),
            case(
                "ten thousand upstreams of one server",
                |made| {
                    let names: String = (0..5_000).map(|at| format!("upstream u{at} {{ server 127.0.0.1:8000; }} server {{ location / {{ proxy_pass http://u{at}; }} }}\n")).collect();
                    made.write("nginx.conf", format!("events {{}}\nhttp {{ {names} }}\n"));
                    unit(made);
                },
                &["check", "--format", "concise"],
                ANY,
                "",
            ),
            case(
                "an upstream of fifty thousand servers",
                |made| {
                    made.write(
                        "nginx.conf",
                        format!(
                            "events {{}}\nhttp {{ upstream u {{ {} }} server {{ location / {{ proxy_pass http://u; }} }} }}\n",
                            "server 127.0.0.1:8000;".repeat(50_000)
                        ),
                    );
                    unit(made);
                },
                &["check"],
                ANY,
                "",
            ),
            case(
                "a thousand binds",
                |made| {
                    made.write(
                        "a.service",
                        format!(
                            "[Service]\nUser=shop\nExecStart=/bin/gunicorn {} a.wsgi\nTimeoutStopSec=5\n",
                            (0..1_000).map(|at| format!("-b 127.0.0.1:{at} ")).collect::<String>()
                        ),
                    )
                },
                &["check"],
                ANY,
                "",
            ),
            case(
                "a unit of a hundred gunicorns",
                |made| {
                    made.write(
                        "a.service",
                        format!(
                            "[Service]\nUser=shop\nExecStart=/bin/sh -c '{}'\n",
                            (0..100).map(|at| format!("gunicorn -b :{at} a.wsgi & ")).collect::<String>()
                        ),
                    )
                },
                &["check"],
                ANY,
                "",
            ),
            case(
                "ten thousand drop-ins",
                |made| {
                    unit(made);
                    (0..10_000).for_each(|at| made.write(&format!("a.service.d/{at}.conf"), "[Service]\nEnvironment=A=b\n"));
                },
                &["check"],
                ANY,
                "",
            ),
        ],
    );
}

/// A hundred thousand with HOSTILE_TABLE; a fifth of them otherwise, because the minutes of CI are counted.
fn many() -> usize {
    if std::env::var_os("HOSTILE_TABLE").is_some() { 100_000 } else { 20_000 }
}

#[test]
fn a_hundred_thousand_files_end() {
    all_end_within(
        2 * MEMORY,
        &[
            case(
                "a hundred thousand files of nobody",
                |made| {
                    unit(made);
                    (0..many()).for_each(|at| made.write(&format!("d{}/f{at}.conf", at % 100), "x\n"));
                },
                CHECK,
                ANY,
                "",
            ),
            case(
                "a hundred thousand folders of one file",
                |made| {
                    unit(made);
                    (0..many())
                        .for_each(|at| fs::create_dir_all(made.path().join(format!("{}/{at}", at % 300))).expect("it is made"));
                },
                CHECK,
                ANY,
                "",
            ),
            case(
                "a deep folder",
                |made| {
                    unit(made);
                    let path = "d/".repeat(1_500);
                    made.write(&format!("{path}a.service"), UNIT);
                },
                CHECK,
                ANY,
                "",
            ),
            case(
                "a thousand lists for git",
                |made| {
                    unit(made);
                    (0..1_000).for_each(|at| {
                        made.write(&format!("{}.gitignore", "d/".repeat(at)), "*.x\n!*.y\n");
                    });
                },
                CHECK,
                ANY,
                "",
            ),
        ],
    );
}

#[test]
fn deep_texts_end() {
    all_end(&[
        case("a deep nginx", |made| deep(made, "nginx.conf", "events {}\n", "http{", "}", 100_000), CHECK, 0, ""),
        case(
            "a deep nginx without an end",
            |made| deep(made, "nginx.conf", "events {}\n", "location / {", "", 100_000),
            CHECK,
            1,
            "",
        ),
        case(
            "deep locations",
            |made| deep(made, "nginx.conf", "events {}\nhttp { server {", "location /a { if ($a) { ", "} }", 10_000),
            CHECK,
            1,
            "",
        ),
        case(
            "deep brackets in Python",
            |made| {
                unit(made);
                deep(made, "gunicorn.conf.py", "bind = ", "[", "]", 100_000)
            },
            CHECK,
            2,
            "",
        ),
        case(
            "deep parentheses in Python",
            |made| {
                unit(made);
                deep(made, "gunicorn.conf.py", "bind = ", "(", ")", 100_000)
            },
            CHECK,
            2,
            "",
        ),
        case(
            "deep operators in Python",
            |made| {
                unit(made);
                deep(made, "gunicorn.conf.py", "workers = ", "-", "1", 100_000)
            },
            CHECK,
            1,
            "",
        ),
        case(
            "long sums in Python",
            |made| {
                unit(made);
                deep(made, "gunicorn.conf.py", "workers = 1", " + 1", "", 100_000)
            },
            CHECK,
            1,
            "",
        ),
        case(
            "long chains in Python",
            |made| {
                unit(made);
                deep(made, "gunicorn.conf.py", "workers = a", ".a", "", 100_000)
            },
            CHECK,
            1,
            "",
        ),
        case(
            "long calls in Python",
            |made| {
                unit(made);
                deep(made, "gunicorn.conf.py", "workers = a", "()", "", 100_000)
            },
            CHECK,
            1,
            "",
        ),
        case(
            "long conditions in Python",
            |made| {
                unit(made);
                made.write("gunicorn.conf.py", format!("workers = {}1\n", "1 if a else ".repeat(50_000)))
            },
            CHECK,
            1,
            "",
        ),
        case(
            "deep blocks in Python",
            |made| {
                unit(made);
                made.write(
                    "gunicorn.conf.py",
                    (0..2_000).map(|at| format!("{}if a:\n", " ".repeat(at))).collect::<String>()
                        + &" ".repeat(2_000)
                        + "workers = 1\n",
                )
            },
            CHECK,
            2,
            "",
        ),
        case(
            "deep formats in Python",
            |made| {
                unit(made);
                deep(made, "gunicorn.conf.py", "bind = ", "f'{", "1}'", 10_000)
            },
            CHECK,
            2,
            "",
        ),
        case(
            "a long elif",
            |made| {
                unit(made);
                made.write("gunicorn.conf.py", format!("if a:\n    workers = 1\n{}", "elif b:\n    workers = 2\n".repeat(40_000)))
            },
            CHECK,
            2,
            "",
        ),
        case(
            "deep shell",
            |made| {
                made.write(
                    "a.service",
                    format!("[Service]\nExecStart=/bin/sh -c '{}gunicorn a:b{}'\n", "( ".repeat(50_000), " )".repeat(50_000)),
                )
            },
            CHECK,
            0,
            "",
        ),
        case(
            "deep conditions in a shell",
            |made| {
                made.write(
                    "start.sh",
                    format!("#!/bin/sh\n{}gunicorn a:b\n{}", "if true; then\n".repeat(20_000), "fi\n".repeat(20_000)),
                );
                made.write("a.service", "[Service]\nExecStart=/srv/start.sh\n");
            },
            CHECK,
            0,
            "",
        ),
        case(
            "deep substitutions",
            |made| {
                made.write(
                    "a.service",
                    format!(
                        "[Service]\nExecStart=/bin/sh -c 'A={}1{}; gunicorn -w $A a:b'\n",
                        "${A:-".repeat(50_000),
                        "}".repeat(50_000)
                    ),
                )
            },
            CHECK,
            0,
            "",
        ),
        case(
            "deep arithmetic",
            |made| {
                made.write(
                    "a.service",
                    format!(
                        "[Service]\nExecStart=/bin/sh -c 'A=$(({}1{})); gunicorn -w $A a:b'\n",
                        "(".repeat(50_000),
                        ")".repeat(50_000)
                    ),
                )
            },
            CHECK,
            1,
            "",
        ),
        case(
            "shells in shells",
            |made| {
                made.write(
                    "a.service",
                    format!("[Service]\nExecStart={}gunicorn a:b\n", "env -S exec sudo nice sh -c ".repeat(10_000)),
                )
            },
            CHECK,
            0,
            "",
        ),
        case(
            "a long pipe",
            |made| {
                made.write(
                    "a.service",
                    format!("[Service]\nExecStart=/bin/sh -c '{}gunicorn a:b'\n", "a | b && c || d; ".repeat(50_000)),
                )
            },
            CHECK,
            0,
            "",
        ),
        case(
            "deep JSON",
            |made| {
                unit(made);
                deep(made, "Pipfile.lock", "", "{\"default\":", "}", 100_000)
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "deep TOML",
            |made| {
                unit(made);
                deep(made, "pyproject.toml", "a = ", "[", "]", 100_000)
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "deep tables of TOML",
            |made| {
                unit(made);
                deep(made, "uv.lock", "", "a = {", "}", 100_000)
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "long keys of TOML",
            |made| {
                unit(made);
                deep(made, "poetry.lock", "[a", ".a", "]", 100_000)
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "a deep gearmesh.toml",
            |made| {
                unit(made);
                deep(made, "gearmesh.toml", "a = ", "[", "]", 100_000)
            },
            CHECK,
            2,
            "gearmesh.toml:1:",
        ),
        case(
            "a deep baseline",
            |made| {
                unit(made);
                deep(made, "b.json", "", "[", "]", 100_000)
            },
            &["check", "--baseline", "b.json"],
            2,
            "b.json",
        ),
        case(
            "deep facts",
            |made| {
                unit(made);
                deep(made, "f.json", "", "{\"a\":", "}", 100_000)
            },
            &["tune", ".", "--facts", "f.json", "--sample", "0s"],
            2,
            "f.json",
        ),
        case(
            "a deep rule",
            |made| {
                unit(made);
                deep(made, "rules/a.yaml", "summary: ", "[", "]", 100_000)
            },
            &["check", "--rules", "rules"],
            2,
            "rules/a.yaml",
        ),
        case("deep JSON in a Dockerfile", |made| deep(made, "Dockerfile", "FROM x\nCMD ", "[", "]", 100_000), CHECK, 0, ""),
        case(
            "a deep JSON line in a log",
            |made| deep(made, "x.log", "", "{\"MESSAGE\":", "}", 100_000),
            &["diagnose", "--no-stack", "x.log"],
            0,
            "",
        ),
        case(
            "brackets in requirements",
            |made| {
                unit(made);
                made.write(
                    "requirements.txt",
                    format!(
                        "gunicorn[{}]; {}python_version > '3'{}\n",
                        "a,".repeat(100_000),
                        "(".repeat(100_000),
                        ")".repeat(100_000)
                    ),
                )
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "continued lines",
            |made| made.write("a.service", format!("{UNIT}Environment={}A=b\n", "\\\n".repeat(500_000))),
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "quotes without an end",
            |made| {
                made.write("a.service", format!("{UNIT}Environment=\"{}\n", "'\"".repeat(500_000)));
                made.write("nginx.conf", "\"'".repeat(1_000_000));
            },
            CHECK,
            1,
            "",
        ),
    ]);
}

#[test]
fn huge_numbers_are_no_numbers() {
    all_end(&[
        case(
            "in nginx",
            |made| {
                let numbers = [
                    "99999999999999999999s",
                    "9223372036854775807y",
                    "-1",
                    "1e999",
                    "0x7fffffffffffffff",
                    "18446744073709551616m",
                    "2147483648",
                    "9223372036854775807k",
                    "106751991167300d 1y",
                    "1y1M1w1d1h1m1s1ms",
                ];
                let lines: String = numbers.iter().map(|number| format!("server {{ listen {number}; keepalive_timeout {number}; client_max_body_size {number}; location / {{ proxy_read_timeout {number}; proxy_connect_timeout {number}; proxy_buffers {number} {number}; proxy_pass http://127.0.0.1:{number}; }} }}\n")).collect();
                made.write("nginx.conf", format!("worker_processes 99999999999999999999;\nworker_rlimit_nofile 99999999999999999999;\nevents {{ worker_connections 9223372036854775807; }}\nhttp {{ {lines} }}\n"));
                unit(made);
            },
            CHECK,
            1,
            "",
        ),
        case(
            "in units",
            |made| {
                let times = [
                    "99999999999999999999y",
                    "9223372036854775807",
                    "18446744073709551615us",
                    "584542y",
                    "584543y",
                    "infinity infinity",
                    "1e400",
                    "-5",
                    "0.00000000000000000001",
                    "999999999999999999999999999999.9999999999999999999s",
                ];
                let lines: String = times.iter().map(|time| format!("TimeoutStopSec={time}\nTimeoutStartSec={time}\nRestartSec={time}\nWatchdogSec={time}\nMemoryMax={time}\nLimitNOFILE={time}:{time}\nTasksMax={time}%\nCPUQuota={time}%\nStartLimitBurst={time}\nStartLimitIntervalSec={time}\n")).collect();
                made.write("a.service", format!("{UNIT}{lines}"));
            },
            CHECK,
            1,
            "",
        ),
        case(
            "on command lines",
            |made| {
                let numbers = [
                    "9223372036854775807",
                    "9223372036854775808",
                    "-9223372036854775809",
                    "99999999999999999999999999999999999999",
                    "1e9",
                    "0x10",
                    "1_000",
                    "٣",
                ];
                numbers.iter().enumerate().for_each(|(at, number)| made.write(&format!("a{at}.service"), format!("[Service]\nUser=shop\nExecStart=/bin/gunicorn -w {number} --threads {number} -t {number} --graceful-timeout {number} --keep-alive {number} --max-requests {number} --max-requests-jitter {number} --backlog {number} --worker-connections {number} -b :{number} a.wsgi\nTimeoutStopSec={number}\n")));
                made.write("nginx.conf", "events { worker_connections 9223372036854775807; }\nhttp { upstream a { server 127.0.0.1:8000 max_conns=9223372036854775807 weight=9223372036854775807; keepalive 9223372036854775807; } server { location / { proxy_pass http://a; } } }\n");
            },
            &["check", "--verbose", "--host", "cpus=9223372036854775807,memory=9223372036854775807"],
            1,
            "",
        ),
        case(
            "in compose and Kubernetes",
            |made| {
                made.write("compose.yaml", "services:\n  a:\n    command: gunicorn -w 9223372036854775807 a:b\n    stop_grace_period: 99999999999999999999h99999999999999999999m\n    mem_limit: 99999999999999999999g\n    cpus: 1e308\n    deploy: {replicas: 9223372036854775807, resources: {limits: {memory: 1e999, cpus: '1e999'}}}\n    ports: ['1-99999999999:1-99999999999', '0-65535:0-65535', '8000-70000']\n    healthcheck: {interval: 1e9h, retries: 99999999999999999999}\n");
                made.write("k8s.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: 9223372036854775807\n  template:\n    spec:\n      terminationGracePeriodSeconds: 99999999999999999999\n      containers:\n      - name: a\n        command: [gunicorn, '-w', '9223372036854775807', 'a:b']\n        resources: {limits: {memory: 99999999999999999999Ei, cpu: 1e400m}, requests: {memory: 0.0000000000000000001n, cpu: -1}}\n        readinessProbe: {periodSeconds: 9223372036854775807, failureThreshold: 9223372036854775807, timeoutSeconds: 9223372036854775807, initialDelaySeconds: 9223372036854775807}\n");
            },
            CHECK,
            0,
            "",
        ),
        case(
            "in gearmesh.toml",
            |made| {
                unit(made);
                made.write("gearmesh.toml", "[host]\ncpus = 9223372036854775807\nmemory = '16E'\nmemory-per-worker = 9223372036854775807\n[database]\nmax_connections = 9223372036854775807\npool_size = 9223372036854775807\n");
            },
            CHECK,
            2,
            "",
        ),
        case(
            "in gearmesh.toml, larger",
            |made| {
                unit(made);
                made.write("gearmesh.toml", "[host]\ncpus = 99999999999999999999\n");
            },
            CHECK,
            2,
            "gearmesh.toml:2:",
        ),
        case(
            "versions",
            |made| {
                unit(made);
                made.write("requirements.txt", format!("gunicorn=={}\n", "9.".repeat(100_000)));
                made.write(
                    "pyproject.toml",
                    "[project]\nname='a'\ndependencies = ['gunicorn>=99999999999999999999999999,<1e9,!=*,~=0']\n",
                );
                made.write("gearmesh.toml", "[versions]\nnginx = '99999999999999999999.1'\n");
            },
            CHECK,
            2,
            "gearmesh.toml:2:",
        ),
    ]);
}

/// A rule that asks each item of a list about all others, three deep.
const NESTED: &str = "summary: x\nseverity: advice\nconfidence: high\nsince: 0.1.0\nfor: app\nwhen: app.binds.exists(a, app.binds.exists(b, app.binds.exists(c, a == b && b == c && a != c)))\nmessage: x\nwhy: x\n";

#[test]
fn rules_over_large_lists_end() {
    all_end(&[
        case(
            "exists in exists in exists over a thousand binds",
            |made| {
                made.write("rules/nested.yaml", NESTED);
                made.write(
                    "a.service",
                    format!(
                        "[Service]\nUser=shop\nExecStart=/bin/gunicorn {} a.wsgi\nTimeoutStopSec=5\n",
                        (0..1_000).map(|at| format!("-b 127.0.0.1:{at} ")).collect::<String>()
                    ),
                );
            },
            &["check", "--rules", "rules", "--verbose"],
            1,
            "not decided: nested for app a",
        ),
        case(
            "a rule of a hundred thousand conditions",
            |made| {
                unit(made);
                made.write(
                    "rules/long.yaml",
                    NESTED.replace(
                        "app.binds.exists(a, app.binds.exists(b, app.binds.exists(c, a == b && b == c && a != c)))",
                        &format!("{}true", "app.workers == 3 && ".repeat(100_000)),
                    ),
                );
            },
            &["check", "--rules", "rules"],
            2,
            "",
        ),
        case(
            "a rule of a hundred thousand parentheses",
            |made| {
                unit(made);
                made.write(
                    "rules/deep.yaml",
                    NESTED.replace(
                        "app.binds.exists(a, app.binds.exists(b, app.binds.exists(c, a == b && b == c && a != c)))",
                        &format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000)),
                    ),
                );
            },
            &["check", "--rules", "rules"],
            2,
            "",
        ),
        case(
            "a rule of a hundred thousand negations",
            |made| {
                unit(made);
                made.write(
                    "rules/deep.yaml",
                    NESTED.replace(
                        "app.binds.exists(a, app.binds.exists(b, app.binds.exists(c, a == b && b == c && a != c)))",
                        &format!("'{}true'", "!".repeat(100_000)),
                    ),
                );
            },
            &["check", "--rules", "rules"],
            2,
            "",
        ),
        case(
            "a pattern that grows",
            |made| {
                unit(made);
                made.write(
                    "rules/pattern.yaml",
                    NESTED.replace(
                        "app.binds.exists(a, app.binds.exists(b, app.binds.exists(c, a == b && b == c && a != c)))",
                        "app.name.matches('((((a{1,100}){1,100}){1,100}){1,100}){1,100}')",
                    ),
                );
            },
            &["check", "--rules", "rules"],
            2,
            "",
        ),
        case(
            "ten thousand rules",
            |made| {
                unit(made);
                (0..10_000).for_each(|at| made.write(&format!("rules/r{at}.yaml"), NESTED));
            },
            &["check", "--rules", "rules"],
            1,
            "",
        ),
    ]);
}

/// Packs entries as tar does; a size may be another than that of the text.
fn packed(made: &Repository, entries: &[(&str, tar::EntryType, &str, u64)]) {
    let file = fs::File::create(made.place("a.tar.gz")).expect("it is made");
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    for (name, kind, text, zeros) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        let is_link = matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link);
        if is_link {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        let size = if is_link { 0 } else { text.len() as u64 + zeros };
        header.set_size(size);
        header.set_cksum();
        gzip.write_all(header.as_bytes()).expect("it is written");
        if !is_link {
            gzip.write_all(text.as_bytes()).expect("it is written");
            let padded = (size.div_ceil(512) * 512 - text.len() as u64) as usize;
            let block = vec![0; 1 << 20];
            (0..padded)
                .step_by(1 << 20)
                .for_each(|at| gzip.write_all(&block[..(padded - at).min(1 << 20)]).expect("it is written"));
        }
    }
    gzip.write_all(&[0; 1024]).expect("it is written");
    gzip.finish().expect("it is written");
}

const ARCHIVE: &[&str] = &["check", "--root", "a.tar.gz", "--verbose"];
const SITE: &str = "events {}\nhttp { include /etc/shadow; include /etc/out/*; include ../../../../etc/shadow; server { location / { proxy_pass http://127.0.0.1:8000; } } }\n";

#[test]
fn archives_are_no_bombs() {
    use tar::EntryType::{Block, Directory, Fifo, Link, Regular, Symlink};
    all_end(&[
        case(
            "an archive of a GiB of zeros",
            |made| packed(made, &[("etc/nginx/nginx.conf", Regular, "", 1 << 30)]),
            ARCHIVE,
            2,
            "it holds more than 256 MiB",
        ),
        case(
            "an archive of forty files of 15 MiB",
            |made| {
                let names: Vec<String> = (0..40).map(|at| format!("etc/nginx/{at}.conf")).collect();
                packed(made, &names.iter().map(|name| (name.as_str(), Regular, "", 15 << 20)).collect::<Vec<_>>());
            },
            ARCHIVE,
            2,
            "it holds more than 256 MiB",
        ),
        case(
            "a name that leaves the archive",
            |made| packed(made, &[("../../etc/shadow", Regular, "x", 0)]),
            ARCHIVE,
            2,
            "leaves it",
        ),
        case("an absolute name", |made| packed(made, &[("/etc/nginx/nginx.conf", Regular, "x", 0)]), ARCHIVE, 2, "leaves it"),
        case(
            "a hard link that leaves the archive",
            |made| packed(made, &[("etc/nginx/nginx.conf", Link, "../../../etc/shadow", 0)]),
            ARCHIVE,
            2,
            "leaves it",
        ),
        case(
            "links that leave the archive",
            |made| {
                packed(
                    made,
                    &[
                        ("etc/nginx/nginx.conf", Regular, SITE, 0),
                        ("etc/shadow", Symlink, "/../../../etc/shadow", 0),
                        ("etc/out", Symlink, "../../../../../etc", 0),
                        ("etc/loop", Symlink, "loop", 0),
                    ],
                )
            },
            ARCHIVE,
            0,
            "",
        ),
        case(
            "devices and pipes in an archive",
            |made| {
                packed(
                    made,
                    &[
                        ("etc/nginx/nginx.conf", Regular, SITE, 0),
                        ("etc/shadow", Fifo, "", 0),
                        ("etc/nginx/b.conf", Block, "", 0),
                        ("etc/nginx/c.conf", Directory, "", 0),
                    ],
                )
            },
            ARCHIVE,
            0,
            "",
        ),
        case(
            "two hundred thousand entries",
            |made| {
                let names: Vec<String> = (0..200_000).map(|at| format!("etc/{at}")).collect();
                packed(made, &names.iter().map(|name| (name.as_str(), Regular, "", 0)).collect::<Vec<_>>());
            },
            ARCHIVE,
            2,
            "it has more than 100000 entries",
        ),
        case(
            "links in links in an archive",
            |made| {
                let names: Vec<(String, String)> =
                    (0..4_000).map(|at| (format!("etc/nginx/l{at}"), format!("l{}/a", at + 1))).collect();
                let mut entries: Vec<(&str, tar::EntryType, &str, u64)> =
                    names.iter().map(|(name, to)| (name.as_str(), Symlink, to.as_str(), 0)).collect();
                entries.push(("etc/nginx/nginx.conf", Regular, SITE, 0));
                packed(made, &entries);
            },
            ARCHIVE,
            0,
            "",
        ),
        case("gzip of nothing", |made| made.write("a.tar.gz", [0x1f, 0x8b, 8, 0]), ARCHIVE, 2, "no archive for --root"),
        case("no gzip", |made| made.write("a.tar.gz", "no archive"), ARCHIVE, 2, "no archive for --root"),
        case(
            "gzip in gzip as a log",
            |made| {
                let mut bytes = vec![0; 64 << 20];
                for _ in 0..2 {
                    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                    gzip.write_all(&bytes).expect("it is written");
                    bytes = gzip.finish().expect("it is written");
                }
                made.write("error.log.gz", &bytes);
            },
            &["diagnose", "--no-stack", "error.log.gz"],
            0,
            "",
        ),
        case(
            "a log of one line of a GiB, packed",
            |made| {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                let block = vec![b'x'; 1 << 20];
                (0..1024).for_each(|_| gzip.write_all(&block).expect("it is written"));
                made.write("error.log.gz", gzip.finish().expect("it is written"));
            },
            &["diagnose", "--no-stack", "error.log.gz"],
            0,
            "",
        ),
        case(
            "the same as an access log",
            |made| {
                unit(made);
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                let block = vec![b'x'; 1 << 20];
                (0..1024).for_each(|_| gzip.write_all(&block).expect("it is written"));
                made.write("access.log.gz", gzip.finish().expect("it is written"));
            },
            &["facts", ".", "--log", "access.log.gz", "--sample", "0s"],
            2,
            "",
        ),
        case(
            "facts that lie in an archive",
            |made| {
                packed(
                    made,
                    &[
                        ("etc/nginx/nginx.conf", Regular, SITE, 0),
                        ("gearmesh/facts.json", Regular, "{\"format\": 99999999999999999999}", 0),
                    ],
                )
            },
            &["facts", "--root", "a.tar.gz"],
            2,
            "is no facts file",
        ),
    ]);
}
