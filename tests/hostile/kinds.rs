//! Files of one language with nothing but one thing in them, as large as they may be: they end in little memory, or it is told why
//! they are not read.

use super::case::{all_end, case};
use super::outside::UNIT;

const CHECK: &[&str] = &["check", "--verbose"];

/// Less than what a file of one language may have.
const NEARLY: usize = 1_000_000;

const PROCESSES: &str = "it starts more than 4096 processes";
const VARIABLES: &str = "500000 variables";
const CONTAINERS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n";

/// As many lines as fit.
fn nearly(line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for line in (0..).map(line) {
        if text.len() + line.len() > NEARLY {
            break;
        }
        text += &line;
    }
    text
}

/// A variable that doubles, and many that hold it.
fn doubled(first: &str, twice: &str, held: impl Fn(usize) -> String) -> String {
    format!("{first}{}{}", twice.repeat(16), nearly(held))
}

#[test]
fn more_processes_than_anybody_runs_are_told() {
    all_end(&[
        case("a MiB of processes", |made| made.write("Procfile", nearly(|at| format!("w{at}: x\n"))), CHECK, 2, PROCESSES),
        case(
            "a MiB of programs",
            |made| made.write("supervisord.conf", nearly(|at| format!("[program:p{at}]\ncommand=gunicorn a:b\n"))),
            CHECK,
            2,
            PROCESSES,
        ),
        case(
            "a MiB of services",
            |made| made.write("compose.yaml", format!("services:\n{}", nearly(|at| format!("  a{at}: {{image: x}}\n")))),
            CHECK,
            2,
            PROCESSES,
        ),
        case(
            "a MiB of containers",
            |made| {
                let containers = nearly(|at| format!("  - {{name: a{at}, image: x, command: [gunicorn, a:b]}}\n"));
                made.write("k.yaml", format!("{CONTAINERS}{containers}"));
            },
            CHECK,
            2,
            PROCESSES,
        ),
        case(
            "a long command that five hundred services share",
            |made| {
                let services: String = (0..500).map(|at| format!("  v{at}: {{image: x, command: *a}}\n")).collect();
                let command = format!("gunicorn --timeout 60 {}", "a".repeat(NEARLY));
                made.write("compose.yaml", format!("services:\n  w: {{image: x, command: &a '{command}'}}\n{services}"));
            },
            CHECK,
            2,
            "8 MiB of commands",
        ),
        case(
            "four thousand processes with many variables each",
            |made| {
                made.write("Procfile", (0..4_000).map(|at| format!("a{at}: gunicorn a:b\n")).collect::<String>());
                made.write(".env", nearly(|at| format!("A{at}=1\n")));
            },
            CHECK,
            2,
            VARIABLES,
        ),
        case(
            "four thousand services with the same long file of variables",
            |made| {
                let service = |at| format!("  a{at}: {{image: x, command: gunicorn a:b, env_file: x.env}}\n");
                made.write("compose.yaml", format!("services:\n{}", (0..4_000).map(service).collect::<String>()));
                made.write("x.env", nearly(|at| format!("A{at}=1\n")));
            },
            CHECK,
            2,
            VARIABLES,
        ),
    ]);
}

#[test]
fn one_thing_again_and_again_ends() {
    all_end(&[
        case("a Procfile of more than a MiB", |made| made.write("Procfile", "web: x\n".repeat(200_000)), CHECK, 2, "than 1 MiB"),
        case("a MiB of stages", |made| made.write("Dockerfile", nearly(|_| "FROM x\n".to_owned())), CHECK, 0, ""),
        case(
            "stages that take over many variables",
            |made| {
                let variables: String = (0..50_000).map(|at| format!("ENV A{at}=1\n")).collect();
                let stages: String = (0..4_000).map(|at| format!("FROM a{at} AS a{}\n", at + 1)).collect();
                made.write("Dockerfile", format!("FROM x AS a0\n{variables}{stages}CMD gunicorn a:b\n"));
            },
            CHECK,
            2,
            "its stages take over more than",
        ),
        case(
            "a MiB of keys that systemd does not know",
            |made| made.write("a.service", format!("{UNIT}{}", nearly(|_| "X=b\n".to_owned()))),
            CHECK,
            1,
            "more oddities are left out: of one file the first 1000 are told",
        ),
        case(
            "a MiB of lines that end in a backslash and a blank",
            |made| made.write("a.service", format!("{UNIT}{}", nearly(|_| "User=b \\ \n".to_owned()))),
            CHECK,
            1,
            "",
        ),
        case(
            "a list for git of nothing but patterns",
            |made| {
                made.write("a.service", UNIT);
                made.write(".gitignore", nearly(|_| "*a*b*c*\n".to_owned()));
            },
            CHECK,
            1,
            "1 warning",
        ),
        case(
            "ten thousand binds",
            |made| {
                let binds: String = (0..10_000).map(|at| format!("-b 127.0.0.1:{at} ")).collect();
                made.write("a.service", UNIT.replace("gunicorn ", &format!("gunicorn {binds}")));
            },
            &["check"],
            1,
            "",
        ),
    ]);
}

#[test]
fn variables_that_hold_what_has_doubled_end() {
    all_end(&[
        case(
            "in a file of variables",
            |made| {
                made.write("compose.yaml", "services:\n  a: {image: x, command: gunicorn a:b, env_file: x.env}\n");
                made.write("x.env", doubled("A=xx\n", "A=$A$A\n", |at| format!("B{at}=$A\n")));
            },
            CHECK,
            0,
            "",
        ),
        case(
            "in a compose file",
            |made| {
                let held = doubled("", "", |at| format!("      B{at}: $A\n"));
                let head = "services:\n  a:\n    image: x\n    command: gunicorn a:b\n    environment:\n";
                made.write("compose.yaml", format!("{head}{held}"));
                made.write(".env", doubled("A=xx\n", "A=$A$A\n", |_| " ".repeat(NEARLY + 1)));
            },
            CHECK,
            0,
            "",
        ),
        case(
            "in a Dockerfile",
            |made| {
                let variables = doubled("ENV A=xx\n", "ENV A=$A$A\n", |at| format!("ENV B{at}=$A\n"));
                made.write("Dockerfile", format!("FROM x\n{variables}CMD gunicorn a:b\n"));
            },
            CHECK,
            2,
            "its variables stand for more than 8 MiB",
        ),
        case(
            "in a pod",
            |made| {
                let first = "    - {name: A, value: xx}\n";
                let variables =
                    doubled(first, "    - {name: A, value: $(A)$(A)}\n", |at| format!("    - {{name: B{at}, value: $(A)}}\n"));
                made.write(
                    "k.yaml",
                    format!("{CONTAINERS}  - name: a\n    image: x\n    command: [gunicorn, a:b]\n    env:\n{variables}"),
                );
            },
            CHECK,
            0,
            "",
        ),
    ]);
}
