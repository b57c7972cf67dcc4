//! "Did you mean": the one known name that is nearest to a name.

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
}
