//! `gearmesh man`: manual pages, drawn from the definition of the command line. The examples and exit statuses that stand below a
//! help text become sections of their own, because a page would run their lines together.

use super::{Ending, definition, print_bytes};
use crate::error::Error;
use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh man | man -l -\n  gearmesh man --output ~/.local/share/man/man1")]
pub(super) struct Arguments {
    /// Write the pages of all commands into this folder: gearmesh.1, gearmesh-check.1 and so on
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let mut command = definition().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &arguments.output else {
        print_bytes(page(&command).map_err(|problem| Error::Output { reason: problem.to_string() })?.as_bytes())?;
        return Ok(Ending::Clean);
    };
    fs::create_dir_all(folder).map_err(|problem| fault(folder, &problem))?;
    write(&command, folder)?;
    for command in command.get_subcommands() {
        write(command, folder)?;
    }
    Ok(Ending::Clean)
}

fn write(command: &Command, folder: &Path) -> Result<(), Error> {
    let path = folder.join(Man::new(command.clone()).get_filename());
    page(command).and_then(|page| fs::write(&path, page)).map_err(|problem| fault(&path, &problem))
}

fn fault(path: &Path, problem: &io::Error) -> Error {
    Error::Path { path: path.to_owned(), reason: problem.to_string() }
}

fn page(command: &Command) -> io::Result<String> {
    let man = Man::new(command.clone());
    let name = command.get_display_name().unwrap_or(command.get_name());
    // Without a date: a build does not know the day of its release. The generator would drop the empty word, and shift the others.
    let mut out = format!(".TH {name} 1 \"\" \"gearmesh {}\" \"gearmesh\"\n", env!("CARGO_PKG_VERSION")).into_bytes();
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    let below = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string).unwrap_or_default();
    for part in below.split("\n\n") {
        section(part).to_writer(&mut out)?;
    }
    // An empty line between two breaks is a space, and mandoc says so.
    Ok(String::from_utf8_lossy(&out).replace("\n.br\n\n.br\n", "\n.sp\n"))
}

/// "Examples:" above lines, and "Exit status: 0 ..." in one; what has no heading is a note.
fn section(part: &str) -> Roff {
    let mut roff = Roff::new();
    match part.split_once(':') {
        Some((heading, lines)) if lines.starts_with('\n') => {
            roff.control("SH", [&*heading.to_uppercase()]).control("nf", []);
            for line in lines.trim().lines() {
                roff.text([roman(line.trim())]);
            }
            roff.control("fi", []);
        }
        Some((heading, text)) if !heading.contains(' ') || heading == "Exit status" => {
            roff.control("SH", [&*heading.to_uppercase()]).text([roman(text.trim())]);
        }
        _ => {
            roff.control("SH", ["NOTES"]).text([roman(part)]);
        }
    }
    roff
}
