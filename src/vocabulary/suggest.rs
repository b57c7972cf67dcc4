//! "Did you mean": the one known name that is nearest to a name.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use strsim::damerau_levenshtein;

/// The candidate at Damerau-Levenshtein distance 1, or at distance 2 from a name of at least 6 letters; the nearest wins, then
/// the first. Names of one or two letters are near everything and get no suggestion.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let allowed = match length {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    let near = candidates.into_iter().filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed);
    let measured = near.map(|candidate| (damerau_levenshtein(name, candidate), candidate));
    let (_, nearest) = measured.filter(|(distance, _)| (1..=allowed).contains(distance)).min_by_key(|(distance, _)| *distance)?;
    Some(nearest)
}

/// As [`suggest`] for ids of several words, `max-requests-without-jitter`: else the one that has most words in common with the name,
/// when these are more than half of all and no other has as many.
pub fn suggest_id<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    suggest(name, candidates.clone()).or_else(|| {
        let words: BTreeSet<&str> = name.split('-').collect();
        let common = |candidate: &str| {
            let other: BTreeSet<&str> = candidate.split('-').collect();
            let both = words.intersection(&other).count();
            // In thousandths of all words of both.
            (both > 1).then(|| 2000 * both / (words.len() + other.len())).filter(|share| *share > 500)
        };
        let mut rated: Vec<(usize, &str)> = candidates.into_iter().filter_map(|one| Some((common(one)?, one))).collect();
        rated.sort_by_key(|(share, _)| Reverse(*share));
        match rated.as_slice() {
            [(best, _), (second, _), ..] if best == second => None,
            [(_, candidate), ..] => Some(*candidate),
            [] => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["workers", "worker_class", "threads", "bind", "timeout"];
        assert_eq!(suggest("wokrers", names), Some("workers"));
        assert_eq!(suggest("timeot", names), Some("timeout"));
        assert_eq!(suggest("timout_", names), Some("timeout"));
        assert_eq!(suggest("bnid", names), Some("bind"));
        assert_eq!(suggest("bid_x", names), None);
        assert_eq!(suggest("bi", names), None);
        assert_eq!(suggest("workers", names), None);
    }

    #[test]
    fn ids_are_near_by_their_words_too() {
        let ids = ["max-requests-without-jitter", "max-requests-too-low", "workers-far-above-cpus"];
        assert_eq!(suggest_id("max-request-without-jitter", ids), Some("max-requests-without-jitter"));
        assert_eq!(suggest_id("max-requests-jitter", ids), Some("max-requests-without-jitter"));
        assert_eq!(suggest_id("cpus-above-workers", ids), Some("workers-far-above-cpus"));
        assert_eq!(suggest_id("max-requests", ids), None, "two are as near");
        assert_eq!(suggest_id("jitter", ids), None);
    }
}
