//! Durations, counted: percentiles within one per cent over logs of any length, in a few kilobytes.
//!
//! In: durations in microseconds. Out: percentiles, sums, and pairs of value and count, by which histograms of several machines are
//! written down and added. It keeps no single duration.

use hdrhistogram::Histogram as Hdr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest duration that is told apart, in microseconds: one day. What is longer counts as that.
const LONGEST: u64 = 86_400_000_000;
/// Two significant figures: every percentile is within 1 % of the true one.
const FIGURES: u8 = 2;

/// How often which duration was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram(Option<Hdr<u64>>);

impl Histogram {
    /// Counts one duration, in microseconds.
    pub fn record(&mut self, microseconds: u64) {
        self.record_many(microseconds, 1);
    }

    /// Counts a duration several times.
    pub fn record_many(&mut self, microseconds: u64, times: u64) {
        if self.0.is_none() {
            self.0 = Hdr::new(FIGURES).ok();
        }
        if let Some(counts) = &mut self.0 {
            counts.auto(true);
            // It grows up to the longest duration, so that nothing is refused.
            let _ = counts.record_n(microseconds.min(LONGEST), times);
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Hdr::len)
    }

    /// The duration in microseconds that `share` of all (0.0 to 1.0) do not exceed; none when nothing was counted.
    pub fn percentile(&self, share: f64) -> Option<u64> {
        self.counted().map(|counts| counts.value_at_quantile(share))
    }

    /// The mean in microseconds.
    pub fn mean(&self) -> Option<f64> {
        self.counted().map(Hdr::mean)
    }

    /// The longest, in microseconds.
    pub fn longest(&self) -> Option<u64> {
        self.counted().map(Hdr::max)
    }

    /// Adds everything that another one counted.
    pub fn merge(&mut self, other: &Histogram) {
        for (value, count) in other.pairs() {
            self.record_many(value, count);
        }
    }

    /// Value in microseconds and count, ascending, without what was never seen.
    pub fn pairs(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let recorded = self.0.iter().flat_map(Hdr::iter_recorded);
        recorded.map(|step| (step.value_iterated_to(), step.count_at_value()))
    }

    fn counted(&self) -> Option<&Hdr<u64>> {
        self.0.as_ref().filter(|counts| !counts.is_empty())
    }
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.pairs())
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Histogram, D::Error> {
        let mut histogram = Histogram::default();
        for (value, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            histogram.record_many(value, count);
        }
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_one_per_cent_and_survive_being_written_down() {
        let mut histogram = Histogram::default();
        (1..=100_000).for_each(|value| histogram.record(value));
        for share in [0.5, 0.95, 0.99] {
            let found = histogram.percentile(share).unwrap() as f64;
            let exact = share * 100_000.0;
            assert!((found / exact - 1.0).abs() < 0.01, "{share}: {found} for {exact}");
        }
        let text = serde_json::to_string(&histogram).unwrap();
        let back: Histogram = serde_json::from_str(&text).unwrap();
        assert_eq!(back.count(), histogram.count());
        assert_eq!(back.percentile(0.99), histogram.percentile(0.99));
    }

    #[test]
    fn histograms_of_two_machines_are_added() {
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        one.record_many(1_000, 90);
        other.record_many(50_000, 10);
        one.merge(&other);
        assert_eq!(one.count(), 100);
        assert!(one.percentile(0.5).unwrap() < 1_010 && one.percentile(0.99).unwrap() >= 50_000);
        assert_eq!(Histogram::default().percentile(0.5), None);
    }

    #[test]
    fn a_duration_of_a_century_counts_as_a_day() {
        let mut histogram = Histogram::default();
        histogram.record(u64::MAX);
        assert_eq!(histogram.count(), 1);
        assert!(histogram.longest().unwrap() >= LONGEST);
    }
}
