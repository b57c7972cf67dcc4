//! How many requests have to be worked on at once: Little's law.
//!
//! In: requests per second and what one occupies a slot for, in seconds. Out: slots, as a band: fewer and requests queue, more and
//! most of them idle. It knows nothing of processors or memory.

/// The share of time that a slot may be busy at the peak (CATALOGUE.md section 7). What is left keeps queues short.
pub const UTILISATION: f64 = 0.7;
/// Below this share at the peak there are more slots than the load needs (CATALOGUE.md section 7).
pub const IDLE: f64 = 0.3;

/// The busiest time of an app.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub peak_per_second: f64,
    /// How long one request occupies a slot: gunicorn's D, not nginx's upstream time, which has the queue in it.
    pub mean_seconds: f64,
}

impl Load {
    /// Slots that are busy on average at the peak.
    pub fn busy(&self) -> f64 {
        (self.peak_per_second * self.mean_seconds).max(0.0)
    }

    /// The share of time that each of so many slots is busy; above 1 there is no steady state.
    pub fn utilisation(&self, slots: u64) -> f64 {
        self.busy() / slots.max(1) as f64
    }

    /// The fewest slots: peak x mean / 0.7, rounded up.
    pub fn needed(&self) -> u64 {
        (self.busy() / UTILISATION - 1e-9).ceil().max(1.0) as u64
    }

    /// The most slots of which each is still busy for 0.3 of the time; never fewer than are needed.
    pub fn most(&self) -> u64 {
        ((self.busy() / IDLE + 1e-9) as u64).max(self.needed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(peak_per_second: f64, mean_seconds: f64) -> Load {
        Load { peak_per_second, mean_seconds }
    }

    #[test]
    fn slots_by_littles_law() {
        // 32/s x 50 ms = 1.6 busy; / 0.7 = 2.29 -> 3; / 0.3 = 5.3 -> 5. Measured: 2 slots (0.8) queue, 4 do not.
        assert_eq!(load(32.0, 0.05).needed(), 3);
        assert_eq!(load(32.0, 0.05).most(), 5);
        // 117/s x 50 ms = 5.85; / 0.7 = 8.36 -> 9.
        assert_eq!(load(117.0, 0.05).needed(), 9);
        // An exact quotient is not rounded up by what floats leave behind: 14/s x 0.05 / 0.7 = 1.
        assert_eq!(load(14.0, 0.05).needed(), 1);
        assert_eq!(load(0.1, 0.01).needed(), 1);
    }

    #[test]
    fn utilisation_says_what_is_idle() {
        assert!((load(32.0, 0.05).utilisation(2) - 0.8).abs() < 1e-9);
        assert!(load(32.0, 0.05).utilisation(8) < IDLE);
        assert!(load(32.0, 0.05).utilisation(1) > 1.0);
    }
}
