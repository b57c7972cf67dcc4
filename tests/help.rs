//! Help texts, by way of the definition of the command line: every command says what it does and shows examples that are commands
//! themselves, and fits a terminal of 80 columns and 24 lines where it is what people run most.

use gearmesh::cli::definition;
use std::process::Command;

/// Lines that are seen at once, in the smallest terminal that people have and in a common one.
const SMALL: usize = 24;
const SCREEN: usize = 40;

/// Every command with the words that name it.
fn commands() -> Vec<(Vec<String>, clap::Command)> {
    fn walk(command: &clap::Command, words: &[String], all: &mut Vec<(Vec<String>, clap::Command)>) {
        all.push((words.to_vec(), command.clone()));
        for inner in command.get_subcommands() {
            walk(inner, &[words, &[inner.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    walk(&definition(), &["gearmesh".to_owned()], &mut all);
    all
}

/// The lines below "Example:" or "Examples:".
fn examples(command: &clap::Command) -> Vec<String> {
    let below = [command.get_after_help(), command.get_after_long_help()].into_iter().flatten().map(ToString::to_string);
    let of = |below: String| {
        let lines = below.lines().skip_while(|line| !matches!(*line, "Example:" | "Examples:")).skip(1);
        lines.take_while(|line| line.starts_with("  ")).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    below.flat_map(of).collect()
}

#[test]
fn every_command_has_examples_that_it_understands() {
    let commands = commands();
    assert!(commands.len() > 7, "{}", commands.len());
    for (words, command) in commands {
        let examples = examples(&command);
        assert!(!examples.is_empty(), "{words:?} has no example");
        for example in examples {
            // One part of a pipe is ours; what a shell does with the output is not looked at.
            let part = example.split('|').map(str::trim).find(|part| part.starts_with(&words.join(" ")));
            let part = part.unwrap_or_else(|| panic!("{example:?} does not show {words:?}"));
            let ours: Vec<&str> = part.split(" > ").next().unwrap_or_default().split_whitespace().collect();
            assert!(
                !ours.iter().any(|word| word.starts_with(['\'', '"'])),
                "{example:?}: words in quotes are not taken apart here"
            );
            if let Err(problem) = definition().try_get_matches_from(&ours) {
                panic!("{example:?}: {problem}");
            }
        }
    }
}

#[test]
fn every_command_and_flag_says_what_it_is() {
    for (words, command) in commands() {
        assert!(command.get_about().is_some(), "{words:?}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{words:?}: {}", argument.get_id());
        }
    }
}

#[test]
fn every_help_fits_a_screen() {
    for (words, _) in commands() {
        for columns in [None, Some("80"), Some("200")] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
            command.args(&words[1..]).arg("--help").env_remove("COLUMNS").envs(columns.map(|columns| ("COLUMNS", columns)));
            let done = command.output().expect("gearmesh starts");
            let text = String::from_utf8(done.stdout).expect("help is UTF-8");
            assert!(done.status.success() && text.contains("Usage: "), "{words:?}: {text}");
            let most = if words.last().is_some_and(|word| word == "check") { SMALL } else { SCREEN };
            assert!(text.lines().count() <= most, "{words:?}: {} lines\n{text}", text.lines().count());
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
            assert!(widest <= 80, "{words:?}: {widest} columns\n{text}");
        }
    }
}

/// What the short help leaves out is told by the long one.
#[test]
fn the_long_help_has_every_flag_and_every_format() {
    let done = Command::new(env!("CARGO_BIN_EXE_gearmesh")).args(["help", "check"]).output().expect("gearmesh starts");
    let text = String::from_utf8(done.stdout).expect("help is UTF-8");
    let (_, check) =
        commands().into_iter().find(|(words, _)| words.last().is_some_and(|word| word == "check")).expect("it is there");
    for flag in check.get_arguments().filter_map(clap::Arg::get_long) {
        assert!(text.contains(&format!("--{flag}")), "{flag}: {text}");
    }
    for told in [
        "concise",
        "checkstyle",
        "markdown",
        "Exit status: 0",
        "[default: warning]",
        "[default: medium]",
        "nginx -T | gearmesh check -",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}
