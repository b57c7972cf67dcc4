//! `gearmesh tune`: what the numbers of a server say about its configuration; talked over, applied with a way back.
//!
//! Without a terminal it prints the plan and changes nothing. Everything is asked before anything is written.

use super::facts::{self, Found, Look};
use super::fix::{diffs, explain, not_stopped};
use super::known;
use super::prompt::{self, Terminal};
use super::{Ending, output, print};
use crate::advise::Goal;
use crate::advise::queue::Pool;
use crate::config::Config;
use crate::edit::Change;
use crate::error::Error;
use crate::evidence::Evidence;
use crate::evidence::machine::Machine;
use crate::report::json::escaped;
use crate::report::untrusted::{line, path};
use crate::settle::changes::{End, Made, changes};
use crate::source::{Documents, Input};
use crate::tune::apply::{Ended, Probe, Steps, apply, shown};
use crate::tune::backup::{Store, usual};
use crate::tune::commands::{Commands, commands};
use crate::tune::plan::{Plan, plan, what_if};
use crate::tune::{dialogue, find, page, text};
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh tune --root /\n  gearmesh tune deploy/ --log access.log --plan\n  \
                        gearmesh tune --root / --yes --probe http://127.0.0.1/health\n\n\
                        Exit status: 0 nothing to do, or done; 1 something is recommended; 2 gearmesh could not do it, or went back.")]
pub(super) struct Arguments {
    #[command(flatten)]
    look: Look,
    /// What `gearmesh facts` wrote elsewhere, in place of this machine; several are added
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
    /// goal=latency, goal=memory or goal=throughput
    #[arg(long, value_name = "KEY=VALUE", value_parser = set)]
    set: Vec<Goal>,
    /// Only say how the recorded requests would fare with other workers
    #[arg(long, value_name = "WORKERSxTHREADS", value_parser = pool, conflicts_with_all = ["plan", "yes", "dry_run"])]
    what_if: Option<Pool>,
    /// Print the plan as text, json or html, and change nothing
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text",
        hide_possible_values = true
    )]
    plan: Option<Form>,
    /// Write the plan into a file
    #[arg(long, short, hide_short_help = true, value_name = "FILE", requires = "plan")]
    output: Option<PathBuf>,
    /// Apply what needs no judgement, reload and all, without asking
    #[arg(long, short, conflicts_with = "plan")]
    yes: bool,
    /// Ask and show what would change, and write nothing
    #[arg(long, conflicts_with = "plan")]
    dry_run: bool,
    /// Ask this before and after, and go back when it got worse
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "plan")]
    probe: Option<String>,
    /// How long it is asked after the reload
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = known::span, hide_short_help = true)]
    watch: std::time::Duration,
    /// Have gunicorn check its configuration as well, which runs the code of the app
    #[arg(long, hide_short_help = true)]
    check_config: bool,
    /// Where backups lie
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    backups: Option<PathBuf>,
}

/// More workers or threads than any machine runs.
const MOST: u32 = 10_000;

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
    Html,
}

fn set(text: &str) -> Result<Goal, String> {
    match text {
        "goal=latency" => Ok(Goal::Latency),
        "goal=memory" => Ok(Goal::Memory),
        "goal=throughput" => Ok(Goal::Throughput),
        _ => Err("goal=latency, goal=memory or goal=throughput is expected".to_owned()),
    }
}

fn url(text: &str) -> Result<String, String> {
    let is_one = ["http://", "https://"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if is_one { Ok(text.to_owned()) } else { Err("an address that begins with http:// or https:// is expected".to_owned()) }
}

fn pool(text: &str) -> Result<Pool, String> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| (1..=MOST).contains(number));
    let (workers, threads) = text.split_once('x').unwrap_or((text, "1"));
    let pool = number(workers).zip(number(threads)).map(|(workers, threads)| Pool { workers, threads });
    pool.ok_or_else(|| format!("workers and threads from 1 to {MOST} are expected, as in 4x8"))
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let Found { mut evidence, outcome, input, config, facts: known } = arguments.look.find()?;
    not_stopped(&input)?;
    let Some(outcome) = outcome else { return Err(Error::NothingToRead { paths: input.paths }) };
    super::check::tell(&outcome, false);
    if !arguments.facts.is_empty() {
        evidence = added(&arguments.facts)?;
    }
    if let Some(pool) = arguments.what_if {
        let told = what_if(&outcome.stack, &evidence, &config, pool);
        print(&told.iter().map(|(app, words)| format!("app {}: {}\n", line(app), line(words))).collect::<String>())?;
        return Ok(Ending::of(&outcome, false));
    }
    let goal = arguments.set.last().copied().unwrap_or_default();
    let plan = plan(&outcome.stack, &evidence, &config, goal);
    let talks = arguments.plan.is_none() && io::stdin().is_terminal() && io::stdout().is_terminal();
    if let Some(form) = arguments.plan.or((!talks && !arguments.yes && !arguments.dry_run).then_some(Form::Text)) {
        arguments.write(form, &plan, &outcome.stack.documents, &config)?;
        return Ok(Ending::of(&outcome, !plan.proposals.is_empty()));
    }
    print(&(text::found(&plan.view) + &text::refused(&plan.view)))?;
    let chosen = match arguments.yes {
        true => plan.proposals.iter().filter(|one| one.item.needs_yes.is_none()).flat_map(|one| one.changes.clone()).collect(),
        false => match dialogue::talk(&plan.proposals, &mut Terminal) {
            Some(chosen) => chosen,
            None => return left("left: nothing was changed\n"),
        },
    };
    for open in plan.proposals.iter().filter(|one| arguments.yes && one.item.needs_yes.is_some()) {
        let why = open.item.needs_yes.as_deref().unwrap_or_default();
        print(&format!("left alone: {} to {}: {}\n", line(&open.item.setting), line(&open.item.recommended), line(why)))?;
    }
    if plan.proposals.is_empty() {
        print("\nnothing to change\n")?;
        return Ok(Ending::of(&outcome, false));
    }
    if chosen.is_empty() {
        return left("nothing was chosen, nothing was changed\n");
    }
    let made = changes(&input, &known, &config, &chosen)?;
    super::sound()?;
    print(&told(&chosen, &made))?;
    super::print_bytes(&diffs(&made.files))?;
    if made.files.is_empty() || arguments.dry_run {
        return left("nothing was written\n");
    }
    let machine = evidence.machines.first().cloned().unwrap_or_default();
    let apps = find::masters(&made.after.stack, &machine.masters);
    let is_here = input.root.as_deref().is_none_or(|root| root == Path::new("/")) && arguments.facts.is_empty();
    let around = if is_here {
        commands(&made.files, &made.after.stack, &machine, &apps, arguments.check_config)
    } else {
        Commands::default()
    };
    arguments.apply(&input, &chosen, &made, around)
}

/// The facts of several files. A look at a machine that is given twice would double its traffic.
fn added(paths: &[PathBuf]) -> Result<Evidence, Error> {
    let mut all: Vec<(&Path, Evidence)> = Vec::new();
    for path in paths {
        let evidence = facts::written(path)?;
        if let Some((first, _)) = all.iter().find(|(_, known)| is_same_look(known, &evidence)) {
            let reason = format!("the same facts as in {}; give every look at a machine once", first.display());
            return Err(Error::Path { path: path.clone(), reason });
        }
        all.push((path, evidence));
    }
    let mut evidence = Evidence::default();
    all.into_iter().for_each(|(_, one)| evidence.merge(one));
    Ok(evidence)
}

/// Whether two files tell of one look: they say the same, or of a machine at the same moment.
fn is_same_look(known: &Evidence, new: &Evidence) -> bool {
    let is_known = |machine: &Machine| {
        machine.taken.is_some() && known.machines.iter().any(|one| (&one.name, one.taken) == (&machine.name, machine.taken))
    };
    known == new || new.machines.iter().any(is_known)
}

impl Arguments {
    fn write(&self, form: Form, plan: &Plan, documents: &Documents, config: &Config) -> Result<(), Error> {
        let text = match form {
            Form::Text => text::plan(&plan.view),
            Form::Json => {
                serde_json::to_string_pretty(&plan.view).map_or_else(|problem| problem.to_string(), |text| escaped(&text) + "\n")
            }
            Form::Html => page::page(&plan.view),
        };
        match self.output.as_ref().filter(|file| *file != Path::new("-")) {
            Some(file) => output::write(file, &text, documents, config),
            None => print(&text),
        }
    }

    /// Asks the last question, then writes.
    fn apply(&self, input: &Input, chosen: &[Change], made: &Made, around: Commands) -> Result<Ending, Error> {
        let mut text = format!("\n{} would be written:\n", if made.files.len() == 1 { "this file" } else { "these files" });
        for file in &made.files {
            let _ = writeln!(text, "  {}", path(&file.path));
        }
        let reloads: Vec<Vec<String>> = around.reloads.iter().map(|reload| reload.command.clone()).collect();
        for (title, commands) in [("looked at by", &around.checks), ("brought into force by", &reloads)] {
            if !commands.is_empty() {
                let _ = writeln!(text, "{title}");
            }
            for command in commands {
                let _ = writeln!(text, "  {}", line(&shown(command)));
            }
        }
        for what in &around.by_hand {
            let _ = writeln!(text, "by hand: {}", line(what));
        }
        print(&text)?;
        let mut steps = Steps { checks: around.checks, reloads: around.reloads, probe: None };
        steps.probe = self.probe.as_ref().map(|url| Probe { url: url.clone(), seconds: self.watch.as_secs_f64() });
        if !self.yes {
            let words = ["[y]es", "[w]rite, and run nothing", "[n]o"];
            match prompt::ask("do it?", &words).as_deref() {
                Some("yes") => {}
                // What looks at the files still does.
                Some("write, and run nothing") => (steps.reloads, steps.probe) = (Vec::new(), None),
                _ => return left("nothing was changed\n"),
            }
        }
        let store = Store::new(self.backups.clone().map_or_else(usual, Ok)?);
        let lines =
            chosen.iter().zip(&made.ends).filter(|(_, end)| **end == End::Holds).map(|(change, _)| change.to_string()).collect();
        let mut say = |step: &str| drop(print(&format!("{}\n", line(step))));
        match apply(&store, known::seconds(), &input.paths, &made.files, lines, &steps, &mut say)? {
            Ended::Kept { backup, seen } => {
                if let Some(seen) = seen {
                    print(&format!("before: {}\nafter:  {}\n", seen.0.told(), seen.1.told()))?;
                }
                let waiting = if steps.reloads.is_empty() { &reloads[..] } else { &[] };
                for command in waiting {
                    print(&format!("not in force yet: {}\n", line(&shown(command))))?;
                }
                let place = self.backups.as_ref().map_or_else(String::new, |folder| format!(" --backups {}", path(folder)));
                print(&format!("done; `gearmesh rollback {}{place}` goes back\n", backup.name()))?;
                Ok(Ending::Clean)
            }
            Ended::WentBack { why } => {
                explain(&format!("gearmesh: went back, everything is as it was: {}\n", line(&why)));
                Ok(Ending::Incomplete)
            }
        }
    }
}

/// Something is recommended, and was not done.
fn left(words: &str) -> Result<Ending, Error> {
    print(words)?;
    Ok(Ending::Findings)
}

/// What is not in the files, and why.
fn told(chosen: &[Change], made: &Made) -> String {
    let mut text = String::new();
    for (change, end) in chosen.iter().zip(&made.ends) {
        match end {
            End::Holds => {}
            End::ByHand(advice) => {
                let at = advice.at.map_or_else(String::new, |span| format!(" at {}", made.before.stack.documents.at(span)));
                let _ = writeln!(text, "by hand{}: {}: not done, because {}", line(&at), line(&advice.write), line(&advice.why));
            }
            End::TakenBack(why) => {
                let _ = writeln!(text, "not done: {change}: {}", line(why));
            }
        }
    }
    text
}
