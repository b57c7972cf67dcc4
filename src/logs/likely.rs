//! Which causes are likeliest, from what the logs say and from what is known of the stack.
//!
//! In: symptoms, the signatures, and for each rule whether it finds something here, is silent, or cannot tell. Out: causes in order. It
//! judges nothing itself: a cause without evidence keeps the place that its signature gives it.

use super::signatures::Signatures;
use super::signatures::shape::Level;
use crate::evidence::symptom::Symptom;

/// What is known of a rule on this stack. The likelier first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It finds something.
    Found,
    /// There is no stack, or too little of it is known.
    Unknown,
    /// It looked, and found nothing.
    Silent,
}

/// Something that may have caused symptoms.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    pub what: What,
    pub verdict: Verdict,
    /// Places in the list of symptoms, the clearest first.
    pub symptoms: Vec<usize>,
    /// Why the logs make it likelier: sentences of the signatures, with how often.
    pub reasons: Vec<Reason>,
    rank: Rank,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A rule's id.
    Rule(String),
    Advice {
        text: String,
        setting: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub signature: String,
    pub says: String,
    pub count: u64,
    pub of: u64,
    /// In seconds.
    pub within: f64,
}

/// The class of causes, at best, of what another symptom explains.
const EXPLAINED: u8 = 4;

/// The order of causes: evidence, then how bad, then how near the beginning of a signature's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    class: u8,
    level: Level,
    place: usize,
}

/// The causes of these symptoms, the likeliest first.
pub fn rank(symptoms: &[Symptom], signatures: &Signatures, verdict: impl Fn(&str) -> Verdict) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for (at, symptom) in symptoms.iter().enumerate() {
        let Some((_, signature)) = signatures.get(&symptom.signature) else { continue };
        let text = &signature.text;
        let named = text.causes.iter().enumerate().filter_map(|(place, cause)| Some((place, what(cause)?)));
        let raised = text.correlates.iter().filter_map(|correlate| correlate.raises.clone());
        let behind = text.causes.len();
        let explained = !explanations(symptom, symptoms, signatures).is_empty();
        for (place, what) in named.chain(raised.map(|rule| (behind, What::Rule(rule)))) {
            if explained && matches!(what, What::Advice { .. }) {
                continue;
            }
            let reasons = reasons(symptom, signatures, &what);
            if place == behind
                && (reasons.is_empty() || causes.iter().any(|cause| cause.what == what && cause.symptoms.contains(&at)))
            {
                continue;
            }
            let found = match &what {
                What::Rule(rule) => verdict(rule),
                What::Advice { .. } => Verdict::Unknown,
            };
            let class = class(found, !reasons.is_empty()).max(if explained { EXPLAINED } else { 0 });
            let rank = Rank { class, level: text.level, place };
            merge(&mut causes, Cause { what, verdict: found, symptoms: vec![at], reasons, rank });
        }
    }
    follow(&mut causes, symptoms, signatures);
    causes.sort_by(|left, right| left.rank.cmp(&right.rank).then_with(|| count(right, symptoms).cmp(&count(left, symptoms))));
    causes
}

/// Symptoms that others explain are those of what causes the others too.
fn follow(causes: &mut [Cause], symptoms: &[Symptom], signatures: &Signatures) {
    for (at, symptom) in symptoms.iter().enumerate() {
        for other in explanations(symptom, symptoms, signatures) {
            for cause in causes.iter_mut().filter(|cause| cause.symptoms.contains(&other) && !cause.symptoms.contains(&at)) {
                cause.symptoms.push(at);
            }
        }
    }
}

/// Which other symptoms are why most of this one's matches happened.
fn explanations(symptom: &Symptom, symptoms: &[Symptom], signatures: &Signatures) -> Vec<usize> {
    let Some((_, signature)) = signatures.get(&symptom.signature) else { return Vec::new() };
    let explaining = signature.text.correlates.iter().filter(|correlate| correlate.explains);
    let often = explaining.filter(|correlate| {
        symptom.together.iter().any(|together| together.signature == correlate.with && together.count * 2 >= together.of)
    });
    often.filter_map(|correlate| symptoms.iter().position(|other| other.signature == correlate.with)).collect()
}

fn what(cause: &super::signatures::shape::CauseText) -> Option<What> {
    match (&cause.rule, &cause.advice) {
        (Some(rule), _) => Some(What::Rule(rule.clone())),
        (None, Some(text)) => Some(What::Advice { text: text.clone(), setting: cause.setting.clone() }),
        (None, None) => None,
    }
}

/// A finding comes first, and what happened at the same time before what only may be.
fn class(verdict: Verdict, raised: bool) -> u8 {
    match (verdict, raised) {
        (Verdict::Found, true) => 0,
        (Verdict::Unknown, true) => 1,
        (Verdict::Found, false) => 2,
        (Verdict::Unknown, false) => 3,
        (Verdict::Silent, true) => 5,
        (Verdict::Silent, false) => 6,
    }
}

/// What happened near at least half of the matches and speaks for a cause.
fn reasons(symptom: &Symptom, signatures: &Signatures, what: &What) -> Vec<Reason> {
    let What::Rule(rule) = what else { return Vec::new() };
    let Some((_, signature)) = signatures.get(&symptom.signature) else { return Vec::new() };
    let speaks = signature.text.correlates.iter().filter(|correlate| correlate.raises.as_ref() == Some(rule));
    let reason = |correlate: &super::signatures::shape::Correlate| {
        let together = symptom.together.iter().find(|together| together.signature == correlate.with)?;
        let (signature, says) = (correlate.with.clone(), correlate.says.clone());
        let often = together.count * 2 >= together.of;
        often.then_some(Reason { signature, says, count: together.count, of: together.of, within: correlate.within })
    };
    speaks.filter_map(reason).collect()
}

fn merge(causes: &mut Vec<Cause>, cause: Cause) {
    let Some(same) = causes.iter_mut().find(|known| known.what == cause.what) else { return causes.push(cause) };
    if cause.rank < same.rank {
        same.symptoms.splice(0..0, cause.symptoms);
        same.rank = cause.rank;
    } else {
        same.symptoms.extend(cause.symptoms);
    }
    for reason in cause.reasons {
        if !same.reasons.iter().any(|known| known.signature == reason.signature && known.says == reason.says) {
            same.reasons.push(reason);
        }
    }
}

fn count(cause: &Cause, symptoms: &[Symptom]) -> u64 {
    cause.symptoms.iter().filter_map(|at| symptoms.get(*at)).map(|symptom| symptom.count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::symptom::Together;
    use crate::logs::signatures::load;

    fn timeout(together: &[(&str, u64)]) -> Symptom {
        let near =
            |(signature, count): &(&str, u64)| Together { signature: (*signature).into(), within: 5.0, count: *count, of: 4 };
        let together = together.iter().map(near).collect();
        Symptom { signature: "gunicorn-worker-timeout".into(), count: 4, together, ..Symptom::default() }
    }

    fn first(symptom: Symptom, verdict: impl Fn(&str) -> Verdict) -> What {
        rank(&[symptom], load().expect("they load"), verdict).remove(0).what
    }

    #[test]
    fn a_finding_comes_first() {
        let rule = "preload-before-gevent-patch";
        let verdict = |id: &str| if id == rule { Verdict::Found } else { Verdict::Unknown };
        assert_eq!(first(timeout(&[]), verdict), What::Rule(rule.into()));
    }

    #[test]
    fn the_kernel_beats_the_timeout_when_it_killed_at_the_same_time() {
        let memory = What::Rule("workers-exceed-memory-limit".into());
        assert_eq!(first(timeout(&[("kernel-oom-kill", 3)]), |_| Verdict::Unknown), memory);
        assert_ne!(first(timeout(&[("kernel-oom-kill", 1)]), |_| Verdict::Unknown), memory, "once in four times is chance");
    }

    #[test]
    fn a_silent_rule_comes_last() {
        let symptom = timeout(&[]);
        let silent = "proxy-read-timeout-beyond-worker-timeout";
        let verdict = |id: &str| if id == silent { Verdict::Silent } else { Verdict::Unknown };
        let causes = rank(&[symptom], load().expect("they load"), verdict);
        assert_eq!(causes.last().map(|cause| &cause.what), Some(&What::Rule(silent.into())));
    }
}
