//! What error logs say went wrong: which signature matched, how often, from when to when, with a few of the lines.

use super::Moment;
use serde::{Deserialize, Serialize};

/// How many lines are kept of each signature.
pub const EXAMPLES: usize = 3;

/// One signature's matches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Symptom {
    /// The signature's id: "gunicorn-worker-timeout".
    pub signature: String,
    pub count: u64,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    /// What the first match means, in a sentence with its values.
    pub meaning: String,
    pub examples: Vec<Example>,
    /// What else was in the logs at these times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<Together>,
}

/// A line that matched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Example {
    /// "/var/log/nginx/error.log:812".
    pub at: String,
    /// As it stands there, without what ends it.
    pub line: String,
}

/// Another signature's matches near these.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Together {
    pub signature: String,
    /// In seconds, before or after.
    pub within: f64,
    /// How many of the matches have one of the other near.
    pub count: u64,
    /// Of how many that were looked at.
    pub of: u64,
}

impl Symptom {
    pub fn merge(&mut self, other: Symptom) {
        self.count += other.count;
        self.first = [self.first, other.first].into_iter().flatten().min_by(f64::total_cmp);
        self.last = [self.last, other.last].into_iter().flatten().max_by(f64::total_cmp);
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES);
        for theirs in other.together {
            match self.together.iter_mut().find(|ours| ours.signature == theirs.signature) {
                Some(ours) => {
                    ours.count += theirs.count;
                    ours.of += theirs.of;
                }
                None => self.together.push(theirs),
            }
        }
    }
}
