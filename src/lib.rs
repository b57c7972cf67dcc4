//! gearmesh reads the configuration of a Python web stack as one model and says where its layers contradict each other.
//!
//! ```text
//! paths -> read (discover, parse, follow, lower) -> link (join, evaluate) -> judge -> suppress -> baseline -> report
//! ```
//!
//! **The idea that unifies everything:** a *setting* is a named value of a subject, with its origin. A rule reads settings, a fix
//! sets settings, a report points at where they were written. Whoever teaches a format to read a setting has taught all of them.
//!
//! # The map
//!
//! A room is a module of this file. Nouns know nouns above them. Verbs know nouns and never each other, but for reading, which
//! knows the formats. The spine calls the verbs in order; doors call the spine. `tests/house.rs` holds the table.
//!
//! | room | what it is |
//! |---|---|
//! | **nouns** | |
//! | `bug` | what happens when gearmesh itself is wrong: a panic is told with what was at work, and the rest goes on |
//! | `deep` | work that recurses as deep as an input says, on a stack with room for it |
//! | `source` | documents as bytes, texts cut out of them, spans, lines, excerpts that know where they stood; paths of the server matched to files; names of files that are our own |
//! | `value` | known, unknown or none, with origin, assumptions, and the values that lost |
//! | `expr` | what is not yet evaluated, and its evaluation in an environment: Python programs in worlds, shell scripts, systemd's variables |
//! | `vocabulary` | what the languages call things: tables from `grammar/*.toml`; types, units, defaults, versions |
//! | `arguments` | an argument vector, gunicorn found in it, and what gunicorn of some versions makes of it |
//! | `model` | pieces out of formats, the stack with every subject, nginx's levels, facts about the host and the programs' versions |
//! | `rule` | what a rule is to those who show it: id, severity, text |
//! | `edit` | a change (this setting of that subject becomes that), the order to write it into a document, and the edit of bytes |
//! | `evidence` | what machines and logs tell: measured facts with counts and time spans, which can be merged |
//! | `finding` | a finding with labels and a proposed fix: nothing that renders |
//! | `config` | `gearmesh.toml`: what a project says of its host, versions, paths and rules |
//! | `outcome` | what a run found: stack, findings, unread, undecided |
//! | `error` | what stops gearmesh itself, never a finding |
//! | **verbs** | |
//! | `formats` | one folder or file per language: recognise, parse, lower |
//! | `read` | the worklist over paths; what `nginx -T` prints becomes its files |
//! | `link` | joins pieces: location, upstream, address, gunicorn, launcher; precedence; evaluation per app and world |
//! | `rules` | loads rules, types their conditions, judges |
//! | `suppress` | takes out findings that a comment in the files passes over |
//! | `baseline` | parts findings that a project has accepted all at once from new ones |
//! | `report` | one file per output format; `show` draws the linked stack |
//! | `fix` | plans the edits of proposals, shows them as a diff, writes sets of files or none; formats know how a setting is written |
//! | `advise` | which numbers are right here: arithmetic on evidence, and a replay of requests through pools that are not there |
//! | `logs` | access logs and metrics into evidence: what requests came and how long they took; error logs, by signatures that are data, into symptoms and their causes |
//! | `host` | looks at a machine or a copy of one: processors, limits, the gunicorn and nginx that run; asks, never changes |
//! | **spine and doors** | |
//! | `check` | what `gearmesh check` does, in order, on one screen |
//! | `settle` | what `gearmesh fix` does: check, plan and lay over, until nothing changes |
//! | `tune` | applies what the numbers of a server say, with backups and a way back |
//! | `cli` | the commands |
//!
//! # What is absent, and stays so
//!
//! 1. Reading does not fail. A syntax error is a finding; a file that was recognised and could not be read is listed and makes the
//!    exit status 2.
//! 2. Nothing prints a tree. The text is the truth, a tree is an index into it.
//! 3. No setting is a bare number: every value has an origin.
//! 4. Unknown is no default. A rule whose condition comes out unknown is silent, and `--verbose` says what it missed.
//! 5. `model`, `link` and judging do no I/O and read no clock, no environment and no processor count. What a host is comes in.
//! 6. Rules see no span and no syntax; formats know no rule.
//! 7. Nothing outside the given paths is opened, but what they name below `--root` or by way of `[paths]`; never a device, a FIFO or
//!    a socket. `host` alone looks at /proc and /sys, runs programs that report, and asks gunicorn's control socket to `show`.
//! 8. Python, shell and Lua of a user's files are never run.
//! 9. A default has no place in a file: its label goes to the nearest written thing and says "by default".
//! 10. Nothing of a user's file is printed as it is: control characters are shown as such, secrets are masked.
//! 11. Nothing but `fix::write` changes a user's file, and it changes all files of a run or none. The program's own files (a baseline, a
//!     report, a first gearmesh.toml) never replace something else.
//!
//! # Where a new thing goes
//!
//! | new | touch |
//! |---|---|
//! | rule | `rules/<group>/<id>.yaml` and `testdata/rules/<id>.md`: no Rust, no list |
//! | signature of a log line | `rules/signatures/<id>.yaml`: no Rust, no list |
//! | setting | one row in `grammar/<language>.toml`, by way of `grammar/overlay.toml` |
//! | derived fact | one row in `grammar/model.toml`, computed in `link` |
//! | place where gunicorn is started | `src/formats/<name>.rs` and its line in `formats` |
//! | list of Python packages | `src/formats/dependencies/<name>.rs` and its `Kind` |
//! | output format | `src/report/<name>.rs` and its variant in `cli` |
//! | command | `src/cli/<name>.rs` and its variant |
//! | key of `gearmesh.toml` | its line in `src/config/read.rs`, and a test in `tests/config.rs` |
//!
//! Departures from the first plan: environment variables of a unit are expanded when it is lowered, because nothing that `link`
//! learns changes them; the vocabulary tables and the built-in rules are TOML and YAML for people and become constants when the program
//! is built (`build.rs`), and of a built-in rule a run compiles what it needs, because a small stack waits for nothing else; conditions
//! are parsed by hand, for the same reason; a fix makes the proposals of one rule at a time and judges anew.

#![forbid(unsafe_code)]

pub mod advise;
pub mod arguments;
pub mod baseline;
pub mod bug;
pub mod check;
pub mod cli;
pub mod config;
pub mod deep;
pub mod edit;
pub mod error;
pub mod evidence;
pub mod expr;
pub mod finding;
pub mod fix;
pub mod formats;
pub mod host;
pub mod link;
pub mod logs;
pub mod model;
pub mod outcome;
pub mod read;
pub mod report;
pub mod rule;
pub mod rules;
pub mod settle;
pub mod source;
pub mod suppress;
pub mod tune;
pub mod value;
pub mod vocabulary;
