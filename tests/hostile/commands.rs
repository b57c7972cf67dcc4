//! Every command that reads a repository, in every format that it has. Both come from the definition of the command line: a new
//! command without a line here is a fault, and a new format is run without one.

use gearmesh::cli::definition;

/// What shows everything.
const ALL: [&str; 4] = ["--min-severity", "advice", "--min-confidence", "low"];

/// Commands that read no repository.
const NONE: [&str; 6] = ["rollback", "explain", "rules", "completions", "man", "schema"];

/// Commands that look at the machine as well, which takes a while and gives another answer each time.
pub const OF_THE_MACHINE: [&str; 3] = ["facts", "tune", "snapshot"];

/// Where commands write.
pub const WRITTEN: &str = "../written";

/// The flag that chooses a format, and its values; one empty choice where there is none.
fn formats(command: &clap::Command) -> Vec<Vec<String>> {
    let choices = command.get_arguments().filter(|argument| ["format", "plan"].contains(&argument.get_id().as_str()));
    let values = |argument: &clap::Arg| {
        let name = format!("--{}", argument.get_long().expect("a flag"));
        argument.get_possible_values().iter().map(|value| vec![format!("{name}={}", value.get_name())]).collect::<Vec<_>>()
    };
    let found: Vec<Vec<String>> = choices.flat_map(values).collect();
    if found.is_empty() { vec![Vec::new()] } else { found }
}

/// All commands on a path.
pub fn on(path: &str) -> Vec<Vec<String>> {
    let all = definition();
    let mut lines = Vec::new();
    for command in all.get_subcommands().filter(|command| !NONE.contains(&command.get_name())) {
        for format in formats(command) {
            for rest in rest(command.get_name(), path) {
                let words = rest.iter().map(|word| (*word).to_owned());
                lines.push([command.get_name().to_owned()].into_iter().chain(format.iter().cloned()).chain(words).collect());
            }
        }
    }
    lines
}

/// Those that look at nothing but the path.
pub fn of_files(path: &str) -> Vec<Vec<String>> {
    on(path).into_iter().filter(|words| !OF_THE_MACHINE.contains(&&*words[0])).collect()
}

/// What follows a command's name and format.
fn rest<'a>(name: &str, path: &'a str) -> Vec<Vec<&'a str>> {
    match name {
        "check" => vec![[&[path, "--verbose", "--statistics"][..], &ALL].concat()],
        "fix" => {
            vec![[&[path, "--diff", "--unsafe", "--verbose"][..], &ALL].concat(), vec![path, "--diff", "--unsafe", "--drop-in"]]
        }
        "show" => vec![vec![path, "--all", "--verbose"]],
        "diagnose" => vec![vec!["--stack", path, "../errors.log"]],
        "baseline" => vec![vec![path, "--output", "../written/baseline.json"]],
        "init" => vec![vec![path, "--stdout"]],
        "tune" => vec![vec![path, "--sample", "0s"]],
        "facts" => vec![vec![path, "--sample", "0s"]],
        "snapshot" => vec![vec!["../written/copy", path, "--sample", "0s"]],
        new => panic!("{new} is a new command: say here how it is run on a repository"),
    }
}
