//! Completions, asked of a real bash through the function that the script defines, and read by the other shells where they are there.

use super::{GEARMESH, done, installed};
use std::fs;
use std::process::Command;

/// Prints what the words complete to, the last of them being the one under the cursor.
const ASK: &str = r#"
source "$1"; shift
complete -p gearmesh > /dev/null || exit
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_gearmesh gearmesh "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

fn script(shell: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a scratch file");
    fs::write(file.path(), done(Command::new(GEARMESH).args(["completions", shell]))).expect("the script is written");
    file
}

#[test]
fn bash_completes_commands_flags_values_and_rules() {
    let Some(bash) = installed("bash") else { return };
    let script = script("bash");
    let complete = |words: &[&str]| -> Vec<String> {
        let asked = done(Command::new(&bash).args(["--norc", "-c", ASK, "bash"]).arg(script.path()).arg("gearmesh").args(words));
        asked.lines().map(str::to_owned).collect()
    };
    assert_eq!(complete(&["che"]), ["check"]);
    assert_eq!(complete(&["check", "--min-s"]), ["--min-severity"]);
    assert!(complete(&["check", "--format", ""]).contains(&"concise".to_owned()));
    assert_eq!(complete(&["check", "--fail-on", ""]), ["error", "warning", "advice"]);
    assert_eq!(complete(&["fix", "--min-confidence", "m"]), ["medium"]);
    // As bash parts the words itself.
    assert_eq!(complete(&["check", "--format", "=", "sa"]), ["sarif"]);
    assert!(complete(&["check", "--format", "="]).contains(&"concise".to_owned()));
    let rules = complete(&["explain", "max-requests-wi"]);
    assert!(rules.contains(&"max-requests-without-jitter".to_owned()), "{rules:?}");
    assert_eq!(complete(&["fix", "--rule", "max-requests-wi"]), rules);
    assert_eq!(complete(&["nothing-of-that-name"]), [""]);
}

#[test]
fn fish_completes_rules_and_other_words() {
    let script = script("fish");
    let text = fs::read_to_string(script.path()).expect("the script is there");
    for (command, word) in [("explain", "max-requests-without-jitter"), ("schema", "output"), ("completions", "bash")] {
        let begins = format!("complete -c gearmesh -n \"__fish_gearmesh_using_subcommand {command}\" -f -a \"");
        let line = text.lines().find(|line| line.starts_with(&begins));
        assert!(line.is_some_and(|line| line.contains(word)), "{command}: {line:?}");
    }
    let Some(fish) = installed("fish") else { return };
    let ask = format!("source {}; complete -C 'gearmesh explain max-requests-wi'", script.path().display());
    assert!(done(Command::new(fish).args(["--no-config", "-c", &ask])).contains("max-requests-without-jitter"));
}

#[test]
fn other_shells_read_their_scripts() {
    for (shell, flag) in [("zsh", "-n"), ("fish", "--no-execute")] {
        let Some(program) = installed(shell) else { continue };
        done(Command::new(program).arg(flag).arg(script(shell).path()));
    }
}
