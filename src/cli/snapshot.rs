//! `gearmesh snapshot`: configuration and facts of a machine in one folder or archive, to be looked at elsewhere.

use super::facts::{Found, Look};
use super::{Ending, print};
use crate::error::Error;
use crate::host::snapshot::{FACTS, Snapshot};
use crate::report::facts;
use crate::report::untrusted::path;
use clap::Args;
use std::env;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh snapshot server.tar.gz\n  \
                        gearmesh snapshot copy/ /etc/nginx /etc/systemd/system\n\n\
                        gearmesh check --root server.tar.gz reads it elsewhere, as every command that has --root does.\n\
                        Values whose names sound like secrets are masked; look through it before you pass it on.\n\
                        Exit status: 0 written, 2 gearmesh could not do its work, or OUT is there already.")]
pub(super) struct Arguments {
    /// A folder to make, or an archive where the name ends in .tar.gz or .tgz
    #[arg(value_name = "OUT")]
    out: PathBuf,
    #[command(flatten)]
    look: Look,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    if arguments.out.symlink_metadata().is_ok() {
        let reason = "is there already, and is not overwritten".to_owned();
        return Err(Error::Path { path: arguments.out.clone(), reason });
    }
    let Found { evidence, outcome, input, .. } = arguments.look.find()?;
    let outcome = outcome.ok_or_else(|| Error::NothingToRead { paths: input.paths.clone() })?;
    let here = env::current_dir().unwrap_or_default();
    let mut snapshot = Snapshot::of(&outcome, input.root.as_deref(), &here);
    let facts = facts::json(&evidence).map_err(|problem| Error::Output { reason: problem.to_string() })?;
    snapshot.add(FACTS, &facts);
    super::sound()?;
    snapshot.write(&arguments.out)?;
    print(&format!("{}: {} files written; secrets are masked where their names tell\n", path(&arguments.out), snapshot.len()))?;
    Ok(Ending::of(&outcome, false))
}
