//! How many workers the memory carries: a table first, then a division.
//!
//! In: what a machine said of itself and of one gunicorn. Out: the rows of the table, what is taken whatever the number of workers,
//! what one more costs, and the most that fit. It never divides the limit by a worker's own pages alone: a preloaded 3 MB on 1 GiB
//! would give 273 workers.

use crate::evidence::machine::{Machine, Master, Memory, Worker};

/// The share of the limit that is planned with (CATALOGUE.md section 7): the rest is for growth, page cache and what was not seen.
pub const USABLE: f64 = 0.8;

/// The memory of a host as one gunicorn may use it. All sizes are bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    pub rows: Vec<Row>,
    pub limit_bytes: u64,
    /// What is taken whatever the number of workers: other services, the master, what workers share.
    pub fixed_bytes: u64,
    /// What one more worker costs.
    pub worker_bytes: u64,
    /// Whether that is only known from above: resident memory, which counts shared pages in every worker.
    pub overstated: bool,
    /// Whether workers of before and after run side by side at a reload.
    pub reloads: bool,
    /// The most workers that fit.
    pub workers: u64,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub bytes: u64,
    /// How it was found: "MemTotal", "USS of 4 workers, the largest".
    pub note: String,
}

/// The memory of one gunicorn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    pub master_bytes: u64,
    /// What workers share with each other and the master, counted once.
    pub shared_bytes: u64,
    pub worker_bytes: u64,
    pub workers: u64,
    pub overstated: bool,
}

/// What one gunicorn holds: shared pages once (PSS without USS, summed), own pages at the 95th percentile of its workers. RSS stands in
/// for both where they cannot be read, and overstates preloaded workers up to four times (measured: RSS 78 MB, USS 3 MB). None where a
/// worker tells neither, or there is none.
pub fn footprint(master: &Master) -> Option<Footprint> {
    let workers = &master.workers;
    let own: Option<Vec<u64>> = workers.iter().map(|worker| worker.memory.uss).collect();
    let resident: Option<Vec<u64>> = workers.iter().map(|worker| worker.memory.rss).collect();
    let overstated = own.is_none();
    let mut each = own.or(resident).filter(|sizes| !sizes.is_empty())?;
    each.sort_unstable();
    let shared = |worker: &Worker| worker.memory.pss?.checked_sub(worker.memory.uss?);
    Some(Footprint {
        master_bytes: held(&master.memory).unwrap_or_default(),
        shared_bytes: if overstated { 0 } else { workers.iter().filter_map(shared).sum() },
        worker_bytes: nearest_rank(&each, 0.95)?.max(1),
        workers: workers.len() as u64,
        overstated,
    })
}

impl Footprint {
    /// All of it, as it runs now.
    pub fn total_bytes(&self) -> u64 {
        self.master_bytes + self.shared_bytes + self.worker_bytes * self.workers
    }
}

/// The budget of one gunicorn on its machine. `reserved_bytes` is what advice for other apps of the host takes more than they do now;
/// `reloads` says whether HUP is used, where old and new workers run side by side. None where the limit or what a worker takes is not
/// known.
pub fn budget(machine: &Machine, master: &Master, reserved_bytes: u64, reloads: bool) -> Option<Budget> {
    let own = footprint(master)?;
    let cgroup = [master.limits.memory_max, master.limits.memory_high].into_iter().flatten().min();
    let inner = cgroup.map(|limit| table(limit, "its cgroup's", &own, Vec::new(), reloads));
    let outer = machine.memory.map(|limit| table(limit, "MemTotal", &own, others(machine, master, reserved_bytes), reloads));
    // Both limits hold; the one that leaves fewer workers decides.
    [outer, inner].into_iter().flatten().min_by_key(|budget| budget.workers)
}

/// The budget within a limit that is declared, or the launcher's, of a gunicorn that was measured.
pub fn within(limit_bytes: u64, own: &Footprint, reserved_bytes: u64, reloads: bool) -> Budget {
    table(limit_bytes, "as the files say", own, advised(reserved_bytes).into_iter().collect(), reloads)
}

/// The budget of a gunicorn of which only is known what a worker takes, as somebody declared it. What else runs on the host is not
/// known: it has to fit into the fifth that is never planned with.
pub fn declared(limit_bytes: u64, worker_bytes: u64, reserved_bytes: u64, reloads: bool) -> Budget {
    let worker_bytes = worker_bytes.max(1);
    let mut rows = vec![row("limit", limit_bytes, "as the files say".to_owned())];
    rows.extend(advised(reserved_bytes));
    rows.push(row("each worker", worker_bytes, "declared".to_owned()));
    rows.push(row("free", limit_bytes.saturating_sub(reserved_bytes), "without workers".to_owned()));
    Budget {
        rows,
        limit_bytes,
        fixed_bytes: reserved_bytes,
        worker_bytes,
        overstated: false,
        reloads,
        workers: fitting(limit_bytes, reserved_bytes, worker_bytes, reloads),
    }
}

/// What else takes memory on the machine: each other gunicorn, what the advice for others adds, and all the rest that is not available.
fn others(machine: &Machine, master: &Master, reserved_bytes: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut gunicorns = footprint(master).map_or(0, |own| own.total_bytes());
    for other in machine.masters.iter().filter(|other| other.pid != master.pid) {
        let bytes = footprint(other).map_or_else(|| held(&other.memory).unwrap_or_default(), |other| other.total_bytes());
        gunicorns += bytes;
        let name = other.unit.as_deref().or(other.application.as_deref()).unwrap_or("another gunicorn");
        rows.push(Row { name: name.to_owned(), bytes, note: format!("{} workers", other.workers.len()) });
    }
    let used = machine.memory.zip(machine.available).map(|(total, available)| total.saturating_sub(available));
    if let Some(used) = used {
        let bytes = used.saturating_sub(gunicorns);
        rows.push(Row { name: "other services".to_owned(), bytes, note: "MemTotal - MemAvailable, without gunicorn".to_owned() });
    }
    rows.extend(advised(reserved_bytes));
    rows
}

fn advised(reserved_bytes: u64) -> Option<Row> {
    (reserved_bytes > 0).then(|| row("advice for others", reserved_bytes, "what this advice gives to other apps".to_owned()))
}

fn table(limit_bytes: u64, limit: &str, own: &Footprint, others: Vec<Row>, reloads: bool) -> Budget {
    let fixed_bytes = others.iter().map(|row| row.bytes).sum::<u64>() + own.master_bytes + own.shared_bytes;
    let measure = if own.overstated { "RSS" } else { "USS" };
    let mut rows = vec![row("limit", limit_bytes, limit.to_owned())];
    rows.extend(others);
    rows.push(row("master", own.master_bytes, "PSS".to_owned()));
    rows.push(row("shared by workers", own.shared_bytes, "PSS - USS, summed".to_owned()));
    rows.push(row("each worker", own.worker_bytes, format!("{measure} of {} workers, 95th percentile", own.workers)));
    let taken = fixed_bytes + own.worker_bytes * own.workers;
    rows.push(row("free", limit_bytes.saturating_sub(taken), format!("with {} workers", own.workers)));
    Budget {
        rows,
        limit_bytes,
        fixed_bytes,
        worker_bytes: own.worker_bytes,
        overstated: own.overstated,
        reloads,
        workers: fitting(limit_bytes, fixed_bytes, own.worker_bytes, reloads),
    }
}

fn row(name: &str, bytes: u64, note: String) -> Row {
    Row { name: name.to_owned(), bytes, note }
}

/// floor((0.8 x limit - fixed) / worker); where HUP is used, no more than half of what the whole limit carries, because the old workers
/// leave only after the new ones have come (CORRECTIONS.md C6).
pub fn fitting(limit_bytes: u64, fixed_bytes: u64, worker_bytes: u64, reloads: bool) -> u64 {
    let usable = (limit_bytes as f64 * USABLE) as u64;
    let steady = usable.saturating_sub(fixed_bytes) / worker_bytes.max(1);
    let peak = limit_bytes.saturating_sub(fixed_bytes) / worker_bytes.max(1) / 2;
    if reloads { steady.min(peak) } else { steady }
}

impl Budget {
    /// What so many workers take at most: at a reload, where there is one.
    pub fn peak_bytes(&self, workers: u64) -> u64 {
        self.fixed_bytes + self.worker_bytes * workers * if self.reloads { 2 } else { 1 }
    }

    /// What so many workers take while they serve.
    pub fn bytes(&self, workers: u64) -> u64 {
        self.fixed_bytes + self.worker_bytes * workers
    }
}

fn held(memory: &Memory) -> Option<u64> {
    memory.pss.or(memory.rss)
}

/// The value that a share of a sorted list does not exceed, by nearest rank: of fewer than twenty values the 95th percentile is the largest.
pub fn nearest_rank(sorted: &[u64], share: f64) -> Option<u64> {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::machine::Limits;

    const MIB: u64 = 1 << 20;

    fn gunicorn(pid: u32, master: u64, workers: u64, pss: u64, uss: u64) -> Master {
        let worker = |_| Worker {
            memory: Memory { rss: Some(78 * MIB), pss: Some(pss * MIB), uss: Some(uss * MIB) },
            ..Worker::default()
        };
        let memory = Memory { rss: Some(80 * MIB), pss: Some(master * MIB), uss: None };
        Master { pid, memory, workers: (0..workers).map(worker).collect(), ..Master::default() }
    }

    #[test]
    fn preloaded_workers_are_not_the_limit_through_their_own_pages() {
        // Measured: master 24, workers PSS 21 and USS 3 MB each (facts/live.md section 6); a host of 1 GiB of which 300 MiB are others'.
        let master = gunicorn(1, 24, 3, 21, 3);
        let used = 300 + 24 + 3 * 21;
        let machine = Machine {
            memory: Some(1024 * MIB),
            available: Some((1024 - used) * MIB),
            masters: vec![master.clone()],
            ..Machine::default()
        };
        let budget = budget(&machine, &master, 0, false).unwrap();
        // 24 + 3 x 18 + 300 = 378 fixed; (819.2 - 378) / 3 = 147, not 273.
        assert_eq!(budget.fixed_bytes, 378 * MIB);
        assert_eq!(budget.workers, 147);
        assert_eq!(1024 * 8 / 10 / 3, 273);
        // At HUP both generations: (1024 - 378) / 3 / 2 = 107.
        assert_eq!(super::budget(&machine, &master, 0, true).unwrap().workers, 107);
    }

    #[test]
    fn without_preload_each_worker_costs_all_of_itself() {
        // USS 64, PSS 67, master 24: 0.8 x 1024 = 819; 819 - 24 - 3 x 3 = 786; / 64 = 12; at HUP (1024 - 33) / 64 / 2 = 7.
        let (limit, fixed) = (1024 * MIB, 33 * MIB);
        assert_eq!(fitting(limit, fixed, 64 * MIB, false), 12);
        assert_eq!(fitting(limit, fixed, 64 * MIB, true), 7);
    }

    #[test]
    fn the_memory_of_all_apps_of_the_host_is_counted() {
        let (shop, blog) = (gunicorn(1, 20, 2, 70, 60), gunicorn(2, 20, 4, 70, 60));
        let used = 2 * 20 + 6 * 70 + 100;
        let mut machine = Machine { memory: Some(2048 * MIB), available: Some((2048 - used) * MIB), ..Machine::default() };
        machine.masters = vec![shop.clone(), blog];
        let alone = budget(&machine, &shop, 0, false).unwrap();
        // The blog: 20 + 4 x 10 + 4 x 60 = 300; the rest of the host 100; own: 20 + 2 x 10. 1638.4 - 440 = 1198 / 60 = 19.
        assert_eq!(alone.fixed_bytes, 440 * MIB);
        assert_eq!(alone.workers, 19);
        assert_eq!(budget(&machine, &shop, 600 * MIB, false).unwrap().workers, 9);
    }

    #[test]
    fn the_narrower_of_cgroup_and_machine_decides() {
        let mut master = gunicorn(1, 20, 2, 70, 60);
        master.limits = Limits { memory_max: Some(512 * MIB), ..Limits::default() };
        let machine = Machine { memory: Some(16384 * MIB), available: Some(15000 * MIB), ..Machine::default() };
        let budget = budget(&machine, &master, 0, false).unwrap();
        // 409.6 - 40 = 369 / 60 = 6.
        assert_eq!((budget.limit_bytes, budget.workers), (512 * MIB, 6));
    }

    #[test]
    fn resident_memory_stands_in_and_is_marked() {
        let mut master = gunicorn(1, 20, 3, 21, 3);
        master.workers.iter_mut().for_each(|worker| worker.memory = Memory { pss: None, uss: None, ..worker.memory.clone() });
        let found = footprint(&master).unwrap();
        assert!(found.overstated);
        assert_eq!((found.worker_bytes, found.shared_bytes), (78 * MIB, 0));
        assert_eq!(footprint(&Master::default()), None);
    }

    #[test]
    fn percentiles_by_nearest_rank() {
        assert_eq!(nearest_rank(&[1, 2, 3], 0.95), Some(3));
        assert_eq!(nearest_rank(&(1..=100).collect::<Vec<_>>(), 0.95), Some(95));
        assert_eq!(nearest_rank(&[], 0.95), None);
    }
}
