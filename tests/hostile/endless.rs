//! What never ends: pipes and devices that are waited for, links and includes that lead back to themselves.

use super::case::{all_end, case};
use super::outside::UNIT;
use super::run::Repository;

/// A unit whose app may be judged, beside what is hostile.
fn unit(made: &Repository) {
    made.write("a.service", UNIT);
}

const CHECK: &[&str] = &["check", "--verbose"];

#[test]
fn pipes_and_devices_are_not_waited_for() {
    all_end(&[
        case("a pipe as a path", |made| made.pipe("pipe"), &["check", "pipe"], 2, "neither a file nor a folder"),
        case("a device as a path", |_| {}, &["check", "/dev/zero"], 2, "neither a file nor a folder"),
        case("a pipe called like a unit as a path", |made| made.pipe("a.service"), &["check", "a.service"], 2, "neither a file"),
        case("a pipe as the root", |made| made.pipe("pipe"), &["check", "--root", "pipe"], 2, "pipe"),
        case("a pipe as an archive", |made| made.pipe("a.tar.gz"), &["check", "--root", "a.tar.gz"], 2, "a.tar.gz"),
        case(
            "pipes with telling names",
            |made| {
                unit(made);
                for name in [
                    "b.service",
                    "nginx.conf",
                    "gunicorn.conf.py",
                    "compose.yaml",
                    "Dockerfile",
                    "Procfile",
                    "requirements.txt",
                    "pyproject.toml",
                    "a.service.d/b.conf",
                ] {
                    made.pipe(name);
                }
            },
            CHECK,
            1,
            "a named pipe, which is not opened",
        ),
        case(
            "pipes with names that do not tell",
            |made| {
                unit(made);
                for name in ["site", "x.conf", "x.yaml", "x.sh", "x.ini"] {
                    made.pipe(name);
                }
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "pipes as lists for git",
            |made| {
                unit(made);
                for name in [
                    ".gitignore",
                    ".ignore",
                    ".git/info/exclude",
                    "sub/.gitignore",
                    "sub/.git",
                    "sub/pyvenv.cfg",
                    "other/.ignore",
                ] {
                    made.pipe(name);
                }
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "a pipe as variables",
            |made| {
                unit(made);
                made.pipe(".env");
                made.write("Procfile", "web: gunicorn a:b\n");
            },
            CHECK,
            2,
            "1 warning",
        ),
        case(
            "a pipe as an include",
            |made| {
                made.write("nginx.conf", "events {}\nhttp { include x.conf; include pipe; include p*; }\n");
                made.pipe("x.conf");
                made.pipe("pipe");
            },
            CHECK,
            2,
            "not a regular file",
        ),
        case(
            "a pipe as an environment file",
            |made| {
                made.write("a.service", format!("{UNIT}EnvironmentFile=/etc/shop/variables\n"));
                made.pipe("etc/shop/variables");
            },
            CHECK,
            2,
            "1 warning",
        ),
        case(
            "a pipe as -c",
            |made| {
                made.write("a.service", "[Service]\nExecStart=/bin/gunicorn -c /etc/shop/gunicorn.conf.py a:b\n");
                made.pipe("etc/shop/gunicorn.conf.py");
            },
            CHECK,
            2,
            "not a regular file",
        ),
        case(
            "a device below the root as an include",
            |made| {
                made.write("etc/nginx/nginx.conf", "events {}\nhttp { include /dev/zero; include /dev/z*; }\n");
                made.link("dev/zero", "/dev/zero");
            },
            &["check", "--root", ".", "--verbose"],
            0,
            "no findings",
        ),
        case(
            "a pipe below the root as an include",
            |made| {
                made.write("etc/nginx/nginx.conf", "events {}\nhttp { include /run/pipe; include /run/p*; }\n");
                made.pipe("run/pipe");
            },
            &["check", "--root", ".", "--verbose"],
            0,
            "no findings",
        ),
        case(
            "a pipe as a log below the root",
            |made| {
                made.write("etc/nginx/nginx.conf", "events {}\nerror_log /var/log/error.log;\nhttp { access_log /var/log/access.log; server { location / { proxy_pass http://127.0.0.1:8000; } } }\n");
                made.write("etc/systemd/system/a.service", UNIT);
                made.pipe("var/log/access.log");
                made.pipe("var/log/error.log");
            },
            &["facts", "--root", ".", "--format", "text", "--sample", "0s"],
            0,
            "not a regular file",
        ),
        case("a pipe as the log to diagnose", |made| made.pipe("log"), &["diagnose", "log"], 2, "not a regular file"),
        case(
            "a pipe as --log",
            |made| {
                unit(made);
                made.pipe("log");
            },
            &["facts", ".", "--log", "log", "--sample", "0s"],
            2,
            "not a regular file",
        ),
        case(
            "a pipe as --facts",
            |made| {
                unit(made);
                made.pipe("facts");
            },
            &["tune", ".", "--facts", "facts", "--sample", "0s"],
            2,
            "not a regular file",
        ),
        case(
            "a pipe as --histogram",
            |made| {
                unit(made);
                made.pipe("h");
            },
            &["facts", ".", "--histogram", "h", "--sample", "0s"],
            2,
            "not a regular file",
        ),
        case(
            "a pipe as gearmesh.toml",
            |made| {
                unit(made);
                made.pipe("gearmesh.toml");
            },
            CHECK,
            2,
            "gearmesh.toml: not a regular file",
        ),
        case(
            "a device as gearmesh.toml",
            |made| {
                unit(made);
                made.link("gearmesh.toml", "/dev/zero");
            },
            CHECK,
            2,
            "leads out of the project",
        ),
        case("a device as --config", unit, &["check", "--config", "/dev/zero"], 2, "not a regular file"),
        case(
            "a pipe as a folder of rules",
            |made| {
                unit(made);
                made.pipe("rules");
            },
            &["check", "--rules", "rules"],
            2,
            "rules: no folder",
        ),
        case(
            "a pipe as a rule",
            |made| {
                unit(made);
                made.pipe("rules/a.yaml");
            },
            &["check", "--rules", "rules"],
            1,
            "1 warning",
        ),
        case(
            "a link to a device as a rule",
            |made| {
                unit(made);
                made.link("rules/a.yaml", "/dev/zero");
            },
            &["check", "--rules", "rules"],
            1,
            "1 warning",
        ),
        case(
            "a pipe as a baseline",
            |made| {
                unit(made);
                made.pipe("base.json");
            },
            &["check", "--baseline", "base.json"],
            2,
            "not a regular file",
        ),
        case(
            "a pipe where a baseline is written",
            |made| {
                unit(made);
                made.pipe("gearmesh-baseline.json");
            },
            &["baseline"],
            2,
            "not a regular file",
        ),
        case(
            "a pipe as a journal",
            |made| {
                unit(made);
                made.pipe(".gearmesh-fix");
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "a link as a journal",
            |made| {
                unit(made);
                made.link(".gearmesh-fix", "/dev/zero");
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "a large journal",
            |made| {
                unit(made);
                std::fs::File::create(made.place(".gearmesh-fix")).and_then(|file| file.set_len(8 << 30)).expect("it is made");
            },
            &["fix"],
            2,
            "no journal that this version of gearmesh can read",
        ),
    ]);
}

#[test]
fn links_that_lead_to_themselves_end() {
    all_end(&[
        case("a link to itself as a path", |made| made.link("a", "a"), &["check", "a"], 2, "too many levels of symbolic links"),
        case(
            "a link to itself as the root",
            |made| made.link("a", "a"),
            &["check", "--root", "a"],
            2,
            "too many levels of symbolic links",
        ),
        case(
            "links to themselves with telling names",
            |made| {
                unit(made);
                for name in
                    ["b.service", "nginx.conf", "gunicorn.conf.py", "compose.yaml", ".env", ".gitignore", "requirements.txt"]
                {
                    made.link(name, name);
                }
                made.link("conf.d", "conf.d");
                made.link("x.service.d", "../repository/x.service.d");
            },
            CHECK,
            1,
            "a symbolic link to nginx.conf, which is no file inside",
        ),
        case(
            "links in a circle",
            |made| {
                made.write("a.service", format!("{UNIT}EnvironmentFile=/srv/one\n"));
                made.link("one", "two");
                made.link("two", "three");
                made.link("three", "one");
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "folders that hold themselves",
            |made| {
                unit(made);
                made.link("self", ".");
                made.link("nginx/up", "..");
                made.link("nginx/sites-enabled/again", "../../nginx");
                made.write(
                    "nginx/nginx.conf",
                    "events {}\nhttp { include */*/*/*.conf; include self/self/self/nginx/*.conf; include sites-enabled/*; }\n",
                );
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "a folder that holds itself below the root",
            |made| {
                made.link("etc/nginx/again", "/etc/nginx");
                made.write(
                    "etc/nginx/nginx.conf",
                    "events {}\nhttp { include again/again/again/*.conf; include /etc/nginx/again/again/nginx.conf; }\n",
                );
            },
            &["check", "--root", "."],
            1,
            "",
        ),
        case(
            "a thousand links in a row",
            |made| {
                unit(made);
                made.write("variables", "A=1\n");
                (0..1000).for_each(|at| {
                    made.link(
                        &format!("link{at}.conf"),
                        if at == 0 { "variables".into() } else { format!("link{}.conf", at - 1) },
                    )
                });
                made.write("nginx.conf", "events {}\nhttp { include link999.conf; }\n");
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "gearmesh.toml as a link to itself",
            |made| {
                unit(made);
                made.link("gearmesh.toml", "gearmesh.toml");
            },
            CHECK,
            2,
            "gearmesh.toml",
        ),
        case(
            "folders of rules in a circle",
            |made| {
                unit(made);
                made.link("rules/rules", "../rules");
                made.link("rules/a.yaml", "a.yaml");
            },
            &["check", "--rules", "rules"],
            1,
            "1 warning",
        ),
        case(
            "a drop-in folder that holds itself",
            |made| {
                unit(made);
                made.link("a.service.d/a.service.d", "../a.service.d");
                made.link("a.service.d/x.conf", "../a.service");
                made.link("service.d/y.conf", "../service.d/y.conf");
            },
            CHECK,
            1,
            "warning",
        ),
        case(
            "gunicorn's configuration by way of itself",
            |made| {
                made.write("a.service", "[Service]\nExecStart=/bin/gunicorn -c /srv/gunicorn.conf.py a:b\n");
                made.link("srv/gunicorn.conf.py", "../srv/../srv/gunicorn.conf.py");
            },
            CHECK,
            0,
            "",
        ),
    ]);
}

#[test]
fn files_that_name_themselves_end() {
    all_end(&[
        case(
            "an include of itself",
            |made| {
                made.write(
                    "nginx.conf",
                    "events {}\nhttp { include nginx.conf; include ./nginx.conf; include *.conf; include *; }\n",
                )
            },
            CHECK,
            1,
            "",
        ),
        case(
            "two files that include each other",
            |made| {
                made.write("nginx.conf", "events {}\nhttp { include a.conf; }\n");
                made.write("a.conf", "include b.conf; server { include b.conf; }\n");
                made.write("b.conf", "include a.conf; location / { include a.conf; proxy_pass http://127.0.0.1:8000; }\n");
            },
            CHECK,
            1,
            "",
        ),
        case(
            "requirements of themselves",
            |made| {
                unit(made);
                made.write("requirements.txt", "-r requirements.txt\n-r ./requirements.txt\n-c other.txt\ngunicorn==23.0.0\n");
                made.write("other.txt", "-r requirements.txt\n-c other.txt\n");
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "services that extend each other",
            |made| {
                made.write("compose.yaml", "services:\n  a:\n    extends: b\n    command: gunicorn a:b\n  b:\n    extends: {service: a}\n  c:\n    extends: {file: compose.yaml, service: c}\n    command: gunicorn a:b\n  d:\n    extends: {file: other.yaml, service: d}\n")
            },
            CHECK,
            1,
            "",
        ),
        case(
            "compose files that include each other",
            |made| {
                made.write("compose.yaml", "include: [other/compose.yaml, compose.yaml]\nservices:\n  a:\n    extends: {file: other/compose.yaml, service: a}\n    command: gunicorn a:b\n");
                made.write(
                    "other/compose.yaml",
                    "include: [../compose.yaml]\nservices:\n  a:\n    extends: {file: ../compose.yaml, service: a}\n",
                );
            },
            CHECK,
            1,
            "",
        ),
        case(
            "stages that are built from each other",
            |made| {
                made.write(
                    "Dockerfile",
                    "FROM b AS a\nCOPY --from=b / /\nFROM a AS b\nCOPY --from=a / /\nFROM b AS b\nFROM b\nCMD gunicorn a:b\n",
                )
            },
            CHECK,
            0,
            "",
        ),
        case(
            "a supervisor that includes itself",
            |made| {
                made.write(
                    "supervisord.conf",
                    "[include]\nfiles = supervisord.conf *.conf */*.conf\n[program:a]\ncommand=gunicorn a:b\n",
                )
            },
            CHECK,
            1,
            "",
        ),
        case(
            "a script that runs itself",
            |made| {
                made.write("start.sh", "#!/bin/sh\n. ./start.sh\nsource start.sh\n./start.sh &\nexec ./start.sh gunicorn a:b\n");
                made.write("a.service", "[Service]\nWorkingDirectory=/srv\nExecStart=/srv/start.sh\n");
                made.write(
                    "Dockerfile",
                    "FROM x\nCOPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\nCMD /start.sh /start.sh gunicorn a:b\n",
                );
            },
            CHECK,
            0,
            "",
        ),
        case(
            "variables of themselves",
            |made| {
                made.write("a.service", "[Service]\nEnvironment=A=$B B=$A A=${A}${A}\nExecStart=/bin/gunicorn -w $A ${B} a:b\n");
                made.write("compose.yaml", "services:\n  a:\n    command: gunicorn -w ${A:-${B:-${A}}} a:b\n    environment: {A: '${A}', B: '${B:-$A}'}\n");
                made.write(".env", "A=${B}\nB=${A}\nC=${C}${C}\n");
                made.write("nginx.conf", "events {}\nhttp { map $a $b { default $c; } map $b $c { default $a; } server { set $a $a$b; set $b $a; location / { proxy_pass http://$a$b; } } }\n");
            },
            CHECK,
            1,
            "",
        ),
        case(
            "a gunicorn configuration that imports itself",
            |made| {
                made.write("gunicorn.conf.py", "from gunicorn.conf import *\nimport gunicorn_conf\nexec(open('gunicorn.conf.py').read())\nworkers = workers\n");
                made.write(
                    "gunicorn_conf.py",
                    "from gunicorn_conf import *\nimport gunicorn_conf\nworkers = gunicorn_conf.workers\n",
                );
                made.write("a.service", "[Service]\nExecStart=/bin/gunicorn -c /srv/gunicorn_conf.py a:b\n");
            },
            CHECK,
            0,
            "",
        ),
    ]);
}
