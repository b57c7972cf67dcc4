//! What machines and logs tell: measured facts, with how many there are and over which time.
//!
//! In: what `host` and `logs` found, or a facts file of another machine. Out: one value that several machines' facts are merged
//! into. It measures nothing, knows no clock, and holds no recommendation.

pub mod histogram;
pub mod machine;
pub mod symptom;
pub mod traffic;

use self::machine::Machine;
use self::symptom::Symptom;
use self::traffic::Traffic;
use serde::{Deserialize, Serialize};

/// The version of the facts file's form.
pub const FORMAT: u32 = 1;

/// Seconds since the beginning of 1970, UTC.
pub type Moment = f64;

/// All evidence of a run: what `gearmesh facts` writes and `gearmesh tune --facts` reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub format: u32,
    /// One for each machine that was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<Machine>,
    /// One for each program whose access logs were read, by the name of its app or server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<Traffic>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symptoms: Vec<Symptom>,
    /// What could not be looked at, and what would help.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// Evidence that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// "memory of each worker (PSS, USS)".
    pub what: String,
    /// "/proc/812/smaps_rollup: permission denied".
    pub why: String,
    /// What would give it: "run as root", "add %(D)s to access_log_format".
    pub remedy: String,
}

impl Evidence {
    /// Adds the facts of another machine, or of other logs.
    pub fn merge(&mut self, other: Evidence) {
        self.format = self.format.max(other.format);
        self.machines.extend(other.machines);
        for traffic in other.traffic {
            match self.traffic.iter_mut().find(|known| known.name == traffic.name) {
                Some(known) => known.merge(traffic),
                None => self.traffic.push(traffic),
            }
        }
        for symptom in other.symptoms {
            match self.symptoms.iter_mut().find(|known| known.signature == symptom.signature) {
                Some(known) => known.merge(symptom),
                None => self.symptoms.push(symptom),
            }
        }
        self.missing.extend(other.missing);
        self.missing.sort();
        self.missing.dedup();
    }
}
