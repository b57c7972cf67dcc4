//! How many workers of which class with how many threads.
//!
//! In: the load, processors, how much of a request is processor time, and the ceilings that memory and a database set. Out: a pool, or
//! that the present one fits, or what is missing to say. It never changes a number inside its band, so that advice that was taken is
//! not given again.

use super::queue::{CPU_BOUND, Pool};
use super::slots::Load;
use super::{Class, Goal};

/// No more than this many workers for each processor: gunicorn's own documentation ends there ("workers").
pub const WORKERS_PER_CPU: f64 = 4.0;
/// Threads of each worker to start with: 2 to 4 (CATALOGUE.md section 7).
pub const THREADS: u32 = 4;
/// Where the processors are in use to this share, more workers only wait for each other.
pub const SATURATED: f64 = 0.9;

/// What decides about a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Situation {
    pub class: Class,
    pub now: Pool,
    pub load: Load,
    pub cpus: f64,
    /// The share of a request that is processor time, 0 to 1.
    pub cpu_share: Option<f64>,
    /// The most workers by memory: without that there may be fewer than there are, never more; and whether it is only known from above,
    /// so that it is no reason for fewer.
    pub memory_workers: Option<u64>,
    pub memory_overstated: bool,
    /// The most workers by connections to the database.
    pub database_workers: Option<u64>,
    pub goal: Goal,
    /// Workers from which on more are not quicker, by replay.
    pub quick_workers: Option<u32>,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Fits,
    /// Another pool; `threaded` where the class has to change to gthread, which the application has to bear.
    Change {
        to: Pool,
        threaded: bool,
        why: Vec<String>,
    },
    /// Nothing can be said: why, and what would help.
    Refused(String, &'static str),
}

impl Situation {
    /// The most workers that processors, memory and database allow, at least one.
    pub fn bound(&self) -> u32 {
        let by_cpu = match self.cpu_share {
            Some(share) if share < CPU_BOUND => (self.cpus * WORKERS_PER_CPU).floor(),
            Some(_) => (self.cpus * 2.0).floor() + 1.0,
            // It may be CPU-bound: no more than that, but no reason for fewer than there are.
            None => ((self.cpus * 2.0).floor() + 1.0).max(f64::from(self.now.workers)),
        };
        let now = u64::from(self.now.workers);
        let memory = match self.memory_workers {
            Some(most) if self.memory_overstated => most.max(now),
            most => most.unwrap_or(now),
        };
        let ceilings = [Some(by_cpu as u64), Some(memory), self.database_workers];
        ceilings.into_iter().flatten().min().unwrap_or(1).clamp(1, u64::from(u32::MAX)) as u32
    }

    /// The share of the processors that the load takes at its peak.
    fn cpu_use(&self) -> Option<f64> {
        Some(self.load.busy() * self.cpu_share? / self.cpus.max(0.01))
    }

    /// What to do about the pool.
    pub fn verdict(&self) -> Verdict {
        let saturated = self.cpu_use().is_some_and(|share| share > SATURATED);
        if saturated && u64::from(self.now.workers) >= self.cpus.ceil() as u64 && self.now.workers <= self.bound() {
            let share = self.cpu_use().unwrap_or_default() * 100.0;
            let why = format!("the peak takes {share:.0} % of {} processors: more workers do not help", number(self.cpus));
            return Verdict::Refused(why, "more processors, or less work for each request");
        }
        match self.class {
            Class::Sync | Class::Gthread => self.of_slots(),
            Class::Async => self.of_processors(),
            Class::Unknown => Verdict::Refused("the worker class is not known".to_owned(), "name one that gunicorn has"),
        }
    }

    /// Classes whose slots are counted.
    fn of_slots(&self) -> Verdict {
        let (bound, threads) = (self.bound(), self.now.threads.max(1));
        // A replay of private queues is a range: it says nothing exact enough for a number.
        let quick = self.quick_workers.filter(|_| self.class == Class::Sync).map_or(1, |quick| quick.min(bound));
        let least = per(self.load.needed(), threads).max(quick).max(self.least_by_cpu());
        let waits = self.cpu_share.is_some_and(|share| share < CPU_BOUND);
        let frugal = self.goal == Goal::Memory;
        if least > bound || frugal && waits && self.class == Class::Sync && least > THREADS {
            return self.threaded(bound);
        }
        // Two at least where it goes down: while one worker restarts, the other answers.
        let idle = if frugal { least } else { (self.load.most() / u64::from(threads)) as u32 };
        let most = idle.max(least).max(2.min(bound)).min(bound);
        match self.now.workers {
            now if now < least => self.change(least, threads, false),
            now if now > most => self.change(most, threads, false),
            _ => Verdict::Fits,
        }
    }

    /// What keeps workers from being more; without memory's word there is no number that would be possible.
    fn bounded(&self, bound: u32) -> String {
        match self.memory_workers {
            Some(_) => format!("{bound} workers are possible"),
            None => format!("whether the memory carries more than {bound} workers is not known"),
        }
    }

    /// CPU-bound code keeps every processor busy.
    fn least_by_cpu(&self) -> u32 {
        let is_bound = self.cpu_share.is_some_and(|share| share >= CPU_BOUND);
        let loaded = self.load.needed() as f64 >= self.cpus;
        if is_bound && loaded { (self.cpus.ceil() as u32).max(1).min(self.bound()) } else { 1 }
    }

    /// More slots than workers are possible: threads, where requests wait rather than compute.
    fn threaded(&self, bound: u32) -> Verdict {
        let needed = self.load.needed();
        let stuck = || {
            let share = self.cpu_share.map_or("whether requests wait or compute is not known", |_| "the work is CPU-bound");
            format!("{needed} slots are needed and {}; {share}, so threads are no remedy", self.bounded(bound))
        };
        if self.cpu_share.is_none_or(|share| share >= CPU_BOUND) {
            return match self.now.workers {
                now if now == bound => Verdict::Refused(stuck(), "logs since the last restart, more processors or more memory"),
                _ => self.change(bound, self.now.threads.max(1), false),
            };
        }
        let threads = self.now.threads.max(THREADS);
        // Two workers at least, so that one restarts while the other answers.
        let workers = per(needed, threads).max(2).min(bound);
        let idle = if self.goal == Goal::Memory { workers } else { (self.load.most() / u64::from(threads)) as u32 };
        let most = idle.max(workers).min(bound);
        let fits = self.class == Class::Gthread && self.now.threads == threads;
        match self.now.workers {
            now if fits && now >= workers && now <= most => match u64::from(now) * u64::from(threads) < needed {
                true => {
                    let why = match self.memory_workers {
                        Some(_) => format!("{needed} slots are needed, and {now} workers with {threads} threads are what fits"),
                        None => format!("{needed} slots are needed, and {}", self.bounded(bound)),
                    };
                    Verdict::Refused(why, "more memory or processors, or shorter requests")
                }
                false => Verdict::Fits,
            },
            _ => self.change(workers, threads, self.class == Class::Sync),
        }
    }

    /// Classes that work on many requests in one process: one for each processor that the load takes.
    fn of_processors(&self) -> Verdict {
        let Some(cpu_use) = self.cpu_use() else {
            let why = "how much of a request is processor time is not known";
            return Verdict::Refused(why.to_owned(), "give logs since the last restart, and run where gunicorn runs");
        };
        let bound = self.bound();
        let wanted = (cpu_use * self.cpus / super::slots::UTILISATION - 1e-9).ceil().max(1.0) as u32;
        let least = wanted.min(bound);
        let idle = (cpu_use * self.cpus / super::slots::IDLE) as u32;
        let most = idle.max(self.cpus.ceil() as u32).max(2).max(least).min(bound);
        match self.now.workers {
            now if now < least => self.change(least, self.now.threads, false),
            now if now > most => self.change(most, self.now.threads, false),
            _ => Verdict::Fits,
        }
    }

    fn change(&self, workers: u32, threads: u32, threaded: bool) -> Verdict {
        let to = Pool { workers, threads };
        Verdict::Change { to, threaded, why: self.why(to) }
    }

    /// The arithmetic behind a change, in words.
    fn why(&self, to: Pool) -> Vec<String> {
        let (rate, mean) = (self.load.peak_per_second, self.load.mean_seconds * 1000.0);
        let slots = |pool: Pool| u64::from(pool.workers) * u64::from(pool.threads.max(1));
        let mut why = Vec::new();
        if self.class != Class::Async {
            let needed = self.load.needed();
            why.push(format!("{rate:.1} requests/s x {mean:.0} ms / 0.7 = {needed} slots at the peak"));
            let (before, after) = (self.load.utilisation(slots(self.now)), self.load.utilisation(slots(to)));
            let now = match slots(self.now) {
                0 => "no slots now".to_owned(),
                slots => format!("{:.0} % of {slots} slots now", before * 100.0),
            };
            why.push(format!("busy at the peak: {now}, {:.0} % of {} then", after * 100.0, slots(to)));
        }
        if let Some(quick) = self.quick_workers.filter(|quick| *quick == to.workers) {
            why.push(format!(
                "replayed: with {quick} workers 99 % of requests are as quick as with {}, within 10 %",
                self.bound()
            ));
        }
        if let Some(share) = self.cpu_share {
            why.push(format!("{:.0} % of a request is processor time, {} processors", share * 100.0, number(self.cpus)));
        }
        let bounds = [(self.memory_workers, "memory"), (self.database_workers, "database connections")];
        for (most, name) in bounds.into_iter().filter_map(|(most, name)| Some((most?, name))) {
            why.push(format!("{name}: {most} workers at most"));
        }
        why
    }
}

/// Workers by connections of the database: (max_connections - 3) / pool_size of each process, halved where workers of before and after
/// run side by side. PostgreSQL keeps three connections for its administrators (superuser_reserved_connections).
pub fn by_database(max_connections: u64, pool_size: u64, instances: u64, reloads: bool) -> u64 {
    const RESERVED: u64 = 3;
    let each = pool_size.max(1) * instances.max(1) * if reloads { 2 } else { 1 };
    (max_connections.saturating_sub(RESERVED) / each).max(1)
}

fn per(slots: u64, threads: u32) -> u32 {
    slots.div_ceil(u64::from(threads.max(1))).clamp(1, u64::from(u32::MAX)) as u32
}

/// "2", "1.5".
fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(workers: u32, threads: u32) -> Pool {
        Pool { workers, threads }
    }

    fn waiting(now: Pool, peak_per_second: f64) -> Situation {
        Situation {
            class: if now.threads > 1 { Class::Gthread } else { Class::Sync },
            now,
            load: Load { peak_per_second, mean_seconds: 0.05 },
            cpus: 2.0,
            cpu_share: Some(0.02),
            memory_workers: Some(147),
            memory_overstated: false,
            database_workers: None,
            goal: Goal::Throughput,
            quick_workers: None,
        }
    }

    fn to(situation: &Situation) -> Option<(Pool, bool)> {
        match situation.verdict() {
            Verdict::Change { to, threaded, .. } => Some((to, threaded)),
            _ => None,
        }
    }

    #[test]
    fn waiting_code_gets_the_slots_it_needs() {
        // 32/s x 50 ms / 0.7 -> 3 workers, 3 to 5 fit.
        assert_eq!(to(&waiting(pool(1, 1), 32.0)), Some((pool(3, 1), false)));
        assert_eq!(to(&waiting(pool(4, 1), 32.0)), None);
        assert_eq!(to(&waiting(pool(8, 1), 32.0)), Some((pool(5, 1), false)));
        // 117/s ask for 9, four for each of 2 processors are 8: threads, three workers of four.
        assert_eq!(to(&waiting(pool(4, 1), 117.0)), Some((pool(3, 4), true)));
        assert_eq!(to(&waiting(pool(2, 4), 117.0)), Some((pool(3, 4), false)));
        assert_eq!(to(&waiting(pool(3, 4), 117.0)), None);
    }

    #[test]
    fn memory_that_would_carry_hundreds_gives_no_hundreds() {
        // A preloaded 3 MB worker: memory allows 147, processors 8.
        assert_eq!(waiting(pool(1, 1), 32.0).bound(), 8);
        let small = Situation { memory_workers: Some(2), ..waiting(pool(1, 1), 32.0) };
        // Three slots on two workers: threads.
        assert_eq!(to(&small), Some((pool(2, 4), true)));
        let stated = Situation { memory_overstated: true, ..Situation { now: pool(4, 1), ..small } };
        assert_eq!(to(&stated), None, "resident memory is no reason for fewer");
    }

    #[test]
    fn code_that_computes_stays_between_one_and_two_for_each_processor() {
        let computing = |workers, rate| Situation { cpu_share: Some(0.9), ..waiting(pool(workers, 1), rate) };
        assert_eq!(computing(1, 30.0).bound(), 5);
        assert_eq!(to(&computing(1, 30.0)), Some((pool(3, 1), false)));
        assert_eq!(to(&computing(9, 30.0)), Some((pool(5, 1), false)));
        // 60/s x 50 ms x 0.9 are 2.7 processors of 2.
        assert!(matches!(computing(4, 60.0).verdict(), Verdict::Refused(why, _) if why.contains("135 %")));
        // Unknown: no more than 2 x processors + 1, and no fewer than there are.
        for workers in [5, 8] {
            let unknown = Situation { cpu_share: None, ..waiting(pool(workers, 1), 117.0) };
            assert!(matches!(unknown.verdict(), Verdict::Refused(why, _) if why.contains("not known")));
        }
    }

    #[test]
    fn async_classes_follow_the_processors() {
        // 100/s x 50 ms x 0.4 = 2 of 4 processors; / 0.7 = 2.86 -> 3.
        let asgi = Situation { class: Class::Async, cpus: 4.0, cpu_share: Some(0.4), ..waiting(pool(1, 1), 100.0) };
        assert_eq!(to(&asgi), Some((pool(3, 1), false)));
        assert_eq!(to(&Situation { now: pool(16, 1), ..asgi }), Some((pool(6, 1), false)));
        assert!(matches!(Situation { cpu_share: None, ..asgi }.verdict(), Verdict::Refused(..)));
    }

    #[test]
    fn a_database_is_a_ceiling() {
        // (100 - 3) / (5 x 2 instances) = 9; 4 with a reload.
        assert_eq!(by_database(100, 5, 2, false), 9);
        assert_eq!(by_database(100, 5, 2, true), 4);
        assert_eq!(Situation { database_workers: Some(4), ..waiting(pool(1, 1), 32.0) }.bound(), 4);
    }

    #[test]
    fn advice_that_was_taken_is_not_given_again() {
        for class in [Class::Sync, Class::Gthread, Class::Async] {
            for share in [None, Some(0.02), Some(0.4), Some(0.6), Some(1.0)] {
                for rate in [0.5, 5.0, 14.0, 32.0, 60.0, 117.0, 500.0, 3000.0] {
                    for memory in [None, Some(1), Some(2), Some(7), Some(400)] {
                        for now in [pool(1, 1), pool(2, 1), pool(3, 2), pool(9, 1), pool(2, 4), pool(4, 8), pool(40, 1)] {
                            for (overstated, quick, goal) in [
                                (false, None, Goal::Throughput),
                                (true, None, Goal::Throughput),
                                (false, Some(6), Goal::Latency),
                                (false, None, Goal::Memory),
                                (true, None, Goal::Memory),
                            ] {
                                let (class, now) =
                                    if class == Class::Gthread { (class, now) } else { (class, pool(now.workers, 1)) };
                                let mut situation =
                                    Situation { class, cpu_share: share, memory_workers: memory, ..waiting(now, rate) };
                                (situation.memory_overstated, situation.quick_workers, situation.goal) =
                                    (overstated, quick, goal);
                                let Some((to, threaded)) = super::tests::to(&situation) else { continue };
                                assert_ne!(to, now, "{situation:?}");
                                situation.now = to;
                                if threaded {
                                    situation.class = Class::Gthread;
                                }
                                assert_eq!(super::tests::to(&situation), None, "{situation:?} after {now:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}
