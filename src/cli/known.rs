//! The flags about what is known besides the files, which several commands share: the machine, and the day. The clock is read here and
//! nowhere else.

use crate::config::Config;
use crate::model::date::Date;
use crate::model::facts::Facts;
use crate::vocabulary::time;
use clap::Args;
use std::time::{SystemTime, UNIX_EPOCH};

/// In milliseconds.
const DAY: u64 = 86_400_000;

#[derive(Args)]
pub(super) struct Known {
    /// What the host has, where it is known: cpus=4,memory=8G
    #[arg(long, value_name = "FACTS", value_parser = host, hide_short_help = true)]
    host: Option<Facts>,
    /// The day that `until=` of comments is held against, instead of today in UTC: 2027-03-01
    #[arg(long, value_name = "DATE", value_parser = date, hide_short_help = true)]
    today: Option<Date>,
}

impl Known {
    /// The facts of a run, the flags laid over `gearmesh.toml`.
    pub(super) fn over(&self, config: &Config) -> Facts {
        Facts { today: self.today.or_else(now), ..config.facts(self.host.clone()) }
    }
}

/// The day of the clock; none for a clock that stands before 1970.
pub(super) fn now() -> Option<Date> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|time| Date::of_unix(time.as_secs()))
}

/// Seconds since 1970.
pub(super) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// A length of time of a flag: 60s, 2min; a bare number is seconds.
pub(super) fn span(text: &str) -> Result<std::time::Duration, String> {
    let span = time::systemd_time(text).and_then(|span| u64::try_from(span.milliseconds).ok());
    span.filter(|milliseconds| *milliseconds <= DAY)
        .map(std::time::Duration::from_millis)
        .ok_or_else(|| "a time of at most a day is expected, as in 60s or 2min".to_owned())
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "a day is expected, as in 2027-03-01".to_owned())
}

/// `cpus=4,memory=8G,memory-per-worker=200M`: processors, and memory in bytes or with K, M, G, T of 1024.
fn host(text: &str) -> Result<Facts, String> {
    let mut facts = Facts { source: "--host".into(), ..Facts::default() };
    for part in text.split(',') {
        match part.split_once('=') {
            Some(("cpus", value)) => {
                let cpus = value.parse().ok().filter(|cpus| *cpus > 0);
                facts.cpus = Some(cpus.ok_or_else(|| format!("cpus={value}: a number of processors from 1 is expected"))?);
            }
            Some((name @ ("memory" | "memory-per-worker"), value)) => {
                let Some(time::Limit::Size(size)) = time::systemd_size(value).filter(|limit| !is_nothing(limit)) else {
                    return Err(format!("{name}={value}: bytes are expected, as in 512M or 8G"));
                };
                let slot = if name == "memory" { &mut facts.memory } else { &mut facts.memory_per_worker };
                *slot = Some(size.bytes);
            }
            _ => return Err(format!("`{part}`: cpus=NUMBER, memory=SIZE or memory-per-worker=SIZE is expected")),
        }
    }
    Ok(facts)
}

fn is_nothing(limit: &time::Limit) -> bool {
    matches!(limit, time::Limit::Size(size) if size.bytes <= 0)
}
