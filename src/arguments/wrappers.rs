//! Programs that start the command in their arguments: which words are theirs, and what they change for it.
//!
//! In: the words behind such a program's name. Out: the command, or the script that a shell gets, and what the options do to
//! environment and folder. From the programs' manual pages and documentation; an option that is not listed takes no value.

use super::find::basename;
use crate::expr::Word;

/// A program that starts the command in its arguments.
pub struct Wrapper {
    names: &'static [&'static str],
    /// A word that must come before the command (`poetry run`).
    subcommand: Option<&'static str>,
    /// Words of its own between its options and the command.
    operands: usize,
    /// Options that take the next word as their value.
    valued: &'static [&'static str],
    /// What options do, or, under the name "", what it does always.
    effects: &'static [(&'static str, Effect)],
    /// Where the command is.
    command: Place,
}

/// What an option, or the program itself, changes for the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Empties the environment.
    Clears,
    /// Keeps of the environment what the machine's configuration says.
    Resets,
    /// Leaves the environment as it is, where it would be reset.
    Preserves,
    /// Sets variables that are written elsewhere.
    Loads,
    /// Takes a variable away.
    Unsets,
    /// Changes the folder.
    Enters,
    /// Splits its value into words of the command.
    Splits,
    /// Sends another signal than the one it gets: `15:3`.
    Rewrites,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Behind options and operands.
    Behind,
    /// Behind `--`, wherever that is.
    BehindDashes,
    /// The script of `-c`, which a shell runs; options stand before and behind the user's name (su, runuser).
    Script,
}

/// What a wrapper is given.
pub struct Given<'a> {
    /// The words of the command it starts.
    pub command: &'a [Word],
    pub effects: Vec<(Effect, Option<Word>)>,
    /// The script of su, and the shell that runs it.
    pub script: Option<&'a Word>,
    pub shell: Option<&'a str>,
    /// Text of which the command's first words are made (`env -S`).
    pub split: Option<Word>,
}

/// The wrapper of that name.
pub fn called(name: &str) -> Option<&'static Wrapper> {
    WRAPPERS.iter().find(|wrapper| wrapper.names.contains(&name))
}

const fn wrapper(names: &'static [&'static str], operands: usize, valued: &'static [&'static str]) -> Wrapper {
    Wrapper { names, subcommand: None, operands, valued, effects: &[], command: Place::Behind }
}

const fn runner(names: &'static [&'static str], subcommand: &'static str, valued: &'static [&'static str]) -> Wrapper {
    Wrapper { subcommand: Some(subcommand), ..wrapper(names, 0, valued) }
}

const WRAPPERS: &[Wrapper] = &[
    wrapper(&["exec"], 0, &["-a"]),
    Wrapper { effects: ENV, ..wrapper(&["env"], 0, &["-u", "--unset", "-C", "--chdir", "-S", "--split-string"]) },
    wrapper(&["nohup", "setsid", "eatmydata", "catatonit", "ddtrace-run", "unbuffer"], 0, &[]),
    wrapper(&["time"], 0, &["-o", "--output", "-f", "--format"]),
    wrapper(&["nice"], 0, &["-n", "--adjustment"]),
    wrapper(&["ionice"], 0, &["-c", "--class", "-n", "--classdata"]),
    wrapper(&["stdbuf"], 0, &["-i", "-o", "-e", "--input", "--output", "--error"]),
    wrapper(&["timeout"], 1, &["-k", "--kill-after", "-s", "--signal"]),
    wrapper(&["flock"], 1, &["-w", "--wait", "--timeout", "-E", "--conflict-exit-code"]),
    wrapper(&["taskset", "chrt"], 1, &["-T", "-P", "-D"]),
    wrapper(&["numactl"], 0, &["-N", "-m", "-C", "-i", "-p", "-w"]),
    wrapper(&["prlimit", "catchsegv", "authbind"], 0, &[]),
    wrapper(&["chroot"], 1, &[]),
    wrapper(&["setpriv"], 0, SETPRIV),
    wrapper(&["gosu", "su-exec", "setuidgid", "s6-setuidgid"], 1, &[]),
    Wrapper { effects: &[("-e", Effect::Loads)], ..wrapper(&["chpst"], 0, CHPST) },
    Wrapper { effects: &[("", Effect::Loads)], ..wrapper(&["envdir", "s6-envdir"], 1, &[]) },
    Wrapper { effects: &[("", Effect::Loads)], ..wrapper(&["with-contenv"], 0, &[]) },
    Wrapper { effects: SUDO, ..wrapper(&["sudo"], 0, SUDO_VALUED) },
    Wrapper { effects: &[("", Effect::Resets)], ..wrapper(&["doas"], 0, &["-C", "-u"]) },
    Wrapper { effects: SU, command: Place::Script, ..wrapper(&["su", "runuser"], 1, SU_VALUED) },
    wrapper(&["tini"], 0, &["-p", "-e"]),
    Wrapper {
        effects: &[("-r", Effect::Rewrites), ("--rewrite", Effect::Rewrites)],
        ..wrapper(&["dumb-init"], 0, &["-r", "--rewrite"])
    },
    wrapper(
        &["opentelemetry-instrument"],
        0,
        &["--traces_exporter", "--metrics_exporter", "--logs_exporter", "--service_name", "--exporter_otlp_endpoint"],
    ),
    Wrapper { command: Place::BehindDashes, ..wrapper(&["wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh"], 0, &[]) },
    // Heroku's buildpacks put such programs into bin/.
    wrapper(
        &["start-nginx", "start-nginx-solo", "start-pgbouncer", "start-pgbouncer-stunnel", "start-stunnel", "qgtunnel"],
        0,
        &[],
    ),
    wrapper(&["dockerize"], 0, &["-wait", "-timeout", "-template", "-stdout", "-stderr", "-wait-http-header"]),
    runner(&["newrelic-admin"], "run-program", &[]),
    Wrapper {
        effects: &[("-C", Effect::Enters), ("--directory", Effect::Enters)],
        ..runner(&["poetry"], "run", &["-C", "--directory", "-P", "--project"])
    },
    Wrapper {
        effects: &[("--directory", Effect::Enters), ("--env-file", Effect::Loads)],
        ..runner(
            &["uv"],
            "run",
            &["--with", "--extra", "--group", "--python", "-p", "--project", "--directory", "--env-file", "--package"],
        )
    },
    // Both read `.env`.
    Wrapper { effects: &[("", Effect::Loads)], ..runner(&["pipenv", "honcho"], "run", &["-e", "--env"]) },
    Wrapper { effects: &[("", Effect::Loads)], ..runner(&["dotenv"], "run", &["-f", "--file"]) },
    Wrapper {
        effects: &[("", Effect::Loads)],
        command: Place::BehindDashes,
        ..runner(&["doppler", "infisical", "op"], "run", &[])
    },
    runner(&["hatch"], "run", &["-e", "--env"]),
    runner(&["pdm"], "run", &["-p", "--project"]),
    runner(&["rye", "pixi"], "run", &[]),
    Wrapper {
        effects: &[("--cwd", Effect::Enters), ("", Effect::Loads)],
        ..runner(&["conda", "mamba", "micromamba"], "run", &["-n", "--name", "-p", "--prefix", "--cwd"])
    },
];

const ENV: &[(&str, Effect)] = &[
    ("-i", Effect::Clears),
    ("-", Effect::Clears),
    ("--ignore-environment", Effect::Clears),
    ("-u", Effect::Unsets),
    ("--unset", Effect::Unsets),
    ("-C", Effect::Enters),
    ("--chdir", Effect::Enters),
    ("-S", Effect::Splits),
    ("--split-string", Effect::Splits),
];
const SETPRIV: &[&str] =
    &["--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set", "--securebits", "--pdeathsig"];
const CHPST: &[&str] =
    &["-u", "-U", "-b", "-e", "-/", "-C", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t", "-s", "-a"];
const SUDO: &[(&str, Effect)] = &[
    ("", Effect::Resets),
    ("-E", Effect::Preserves),
    ("--preserve-env", Effect::Preserves),
    ("-D", Effect::Enters),
    ("--chdir", Effect::Enters),
];
const SUDO_VALUED: &[&str] =
    &["-u", "--user", "-g", "--group", "-C", "-D", "--chdir", "-h", "-p", "--prompt", "-R", "-r", "-t", "-T", "-U"];
const SU: &[(&str, Effect)] = &[("-", Effect::Resets), ("-l", Effect::Resets), ("--login", Effect::Resets)];
const SU_VALUED: &[&str] =
    &["-c", "--command", "-s", "--shell", "-g", "--group", "-G", "--supp-group", "-u", "--user", "-w", "--whitelist-environment"];

impl Wrapper {
    /// What its arguments are; none when it starts no command.
    pub fn read<'a>(&self, words: &'a [Word]) -> Option<Given<'a>> {
        let mut given = Given { command: &[], effects: Vec::new(), script: None, shell: None, split: None };
        given.effects.extend(self.effects.iter().filter(|(option, _)| option.is_empty()).map(|(_, effect)| (*effect, None)));
        match self.command {
            Place::Script => self.script(words, &mut given)?,
            Place::BehindDashes => {
                let dashes = words.iter().position(|word| word.as_text() == Some("--"))?;
                self.behind(words.get(..dashes)?, &mut given);
                given.command = words.get(dashes + 1..)?;
            }
            Place::Behind => given.command = self.behind(words, &mut given)?,
        }
        if given.effects.iter().any(|(effect, _)| *effect == Effect::Preserves) {
            given.effects.retain(|(effect, _)| *effect != Effect::Resets);
        }
        Some(given)
    }

    /// The words behind options, subcommand and operands.
    fn behind<'a>(&self, words: &'a [Word], given: &mut Given<'a>) -> Option<&'a [Word]> {
        let mut rest = self.options(words, given)?;
        if let Some(subcommand) = self.subcommand {
            let (word, after) = rest.split_first()?;
            if word.as_text() != Some(subcommand) {
                return None;
            }
            rest = self.options(after, given)?;
        }
        rest.get(self.operands..)
    }

    fn options<'a>(&self, mut words: &'a [Word], given: &mut Given<'a>) -> Option<&'a [Word]> {
        loop {
            let Some((word, after)) = words.split_first() else { return given.split.is_some().then_some(words) };
            let text = word.as_text().unwrap_or(&word.prefix);
            match text {
                "--" => return Some(after),
                "-" if !self.has("-") => return Some(words),
                _ if !text.starts_with('-') => return Some(words),
                _ => words = self.option(word, text, after, given)?,
            }
        }
    }

    /// Reads one option word, with its value where it takes one, and gives what follows.
    fn option<'a>(&self, word: &'a Word, text: &'a str, after: &'a [Word], given: &mut Given<'a>) -> Option<&'a [Word]> {
        for (name, end) in spelt(text, |name| self.valued.contains(&name) || self.has(name)) {
            let takes = self.valued.contains(&&*name);
            let (value, rest) = match (takes, end == text.len()) {
                (true, true) => (Some(after.first()?.clone()), after.get(1..)?),
                (true, false) => (Some(word.after(end)), after),
                (false, _) => (None, after),
            };
            for (_, effect) in self.effects.iter().filter(|(option, _)| *option == name) {
                match effect {
                    Effect::Splits => given.split = value.clone(),
                    effect => given.effects.push((*effect, value.clone())),
                }
            }
            if takes {
                return Some(rest);
            }
        }
        Some(after)
    }

    fn has(&self, option: &str) -> bool {
        self.effects.iter().any(|(name, _)| *name == option)
    }

    /// su and runuser: options in any place, `-c` with a script, or a command behind `runuser -u USER`.
    fn script<'a>(&self, mut words: &'a [Word], given: &mut Given<'a>) -> Option<()> {
        let mut by_option = false;
        while let Some((word, after)) = words.split_first() {
            let text = word.as_text()?;
            match text {
                "-c" | "--command" => given.script = Some(after.first()?),
                // A script that is glued to its option keeps no place of its own.
                _ if text.starts_with("-c") || text.starts_with("--command=") => return None,
                "-s" | "--shell" => given.shell = after.first()?.as_text().map(basename),
                "-u" | "--user" => by_option = true,
                _ => {}
            }
            if by_option && (text == "--" || !text.starts_with('-')) {
                given.command = if text == "--" { after } else { words };
                return Some(());
            }
            words = if text.starts_with('-') { self.option(word, text, after, given)? } else { after };
        }
        given.script.map(|_| ())
    }
}

/// The options in a word, each with the place in it where its value would begin: one that is known or long, with or without
/// `=`, or single letters glued together (`-Hu`).
fn spelt(text: &str, known: impl Fn(&str) -> bool) -> Vec<(String, usize)> {
    if known(text) {
        return vec![(text.to_owned(), text.len())];
    }
    if text.starts_with("--") {
        let name = text.split('=').next().unwrap_or(text);
        return vec![(name.to_owned(), (name.len() + 1).min(text.len()))];
    }
    text.char_indices().skip(1).map(|(at, letter)| (format!("-{letter}"), at + letter.len_utf8())).collect()
}
