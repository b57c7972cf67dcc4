//! `gearmesh rollback`: lists what `gearmesh tune` has changed, and puts files back as they were.

use super::fix::explain;
use super::{Ending, print, prompt};
use crate::error::Error;
use crate::report::untrusted::{line, path, unmasked};
use crate::tune::apply::{go_back, shown};
use crate::tune::backup::{Backup, Store, usual};
use clap::Args;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh rollback\n  gearmesh rollback latest\n  \
                        gearmesh rollback 2026-11-21T16-05-09Z --yes\n\n\
                        Exit status: 0 listed, or everything is as it was; 2 gearmesh could not do its work.")]
pub(super) struct Arguments {
    /// Which backup to go back to: its name, or latest; without one, all are listed
    #[arg(value_name = "BACKUP")]
    name: Option<String>,
    /// Where backups lie
    #[arg(long, value_name = "DIR")]
    backups: Option<PathBuf>,
    /// Put the old text back although a file was changed since
    #[arg(long)]
    force: bool,
    /// Also run, without asking, what brings the old files into force
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let store = Store::new(arguments.backups.clone().map_or_else(usual, Ok)?);
    let (all, broken) = store.all()?;
    for error in &broken {
        explain(&format!("gearmesh: {}\n", unmasked(&error.to_string())));
    }
    let Some(name) = &arguments.name else {
        let text: String = all.iter().map(listed).collect();
        print(if text.is_empty() { "no backup: gearmesh tune has changed nothing here\n" } else { &text })?;
        return Ok(Ending::Clean);
    };
    let found = all.iter().find(|backup| name == "latest" || backup.name() == *name);
    let Some(backup) = found else {
        let reason = "there is no such backup; `gearmesh rollback` lists them".to_owned();
        return Err(Error::Path { path: name.into(), reason });
    };
    back(backup, arguments)?;
    Ok(Ending::Clean)
}

/// Puts the files back; what brings them into force is shown, and run on a yes.
fn back(backup: &Backup, arguments: &Arguments) -> Result<(), Error> {
    let files = backup.going_back(arguments.force)?;
    let mut text = String::new();
    for file in &files {
        text.push_str(&format!("to be put back: {}\n", path(&file.path)));
    }
    if files.is_empty() {
        text.push_str("every file is as it was already\n");
    }
    let commands: Vec<String> = backup.commands().iter().map(|reload| shown(&reload.command)).collect();
    if !commands.is_empty() {
        text.push_str(&format!(
            "what brings them into force:\n{}",
            commands.iter().map(|one| format!("  {}\n", line(one))).collect::<String>()
        ));
    }
    print(&text)?;
    let asked = !commands.is_empty() && !arguments.yes && io::stdin().is_terminal();
    // Asked before anything is written, so that Ctrl-C leaves everything as it is.
    let answer = if asked { prompt::ask("run that afterwards?", &["[y]es", "[n]o", "[q]uit"]) } else { Some("no".to_owned()) };
    if !matches!(answer.as_deref(), Some("yes" | "no")) {
        return print("nothing was changed\n");
    }
    let run = if arguments.yes || answer.as_deref() == Some("yes") { backup.commands() } else { &[] };
    go_back(backup, arguments.force, run, &mut |step| drop(print(&format!("{}\n", line(step)))))?;
    print(if run.is_empty() && !commands.is_empty() {
        "the files are back; run the commands to bring them into force\n"
    } else {
        "done\n"
    })
}

fn listed(backup: &Backup) -> String {
    let files: String = backup.files().map(|file| format!("  {}\n", path(file))).collect();
    let changes: String = backup.changes().iter().map(|change| format!("    {}\n", line(change))).collect();
    format!("{}\n{files}{changes}", backup.name())
}
