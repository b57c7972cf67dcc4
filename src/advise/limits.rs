//! Limits that only have to be wide enough: queues, open files, connections, memory of a unit.
//!
//! In: what the app needs at its peak. Out: the least that is enough, each rounded so that the same evidence gives the same number.

/// Files that an application opens besides connections, threads and its database pool (CATALOGUE.md section 7).
pub const OTHER_FILES: u64 = 64;
/// The least limit of open files that is recommended (CATALOGUE.md section 7).
pub const LEAST_FILES: u64 = 4096;
/// nginx's default of worker_connections, and the least that is recommended.
pub const LEAST_CONNECTIONS: u64 = 512;
/// gunicorn's default backlog.
pub const BACKLOG: u64 = 2048;
/// MemoryMax goes up in steps of 64 MiB.
pub const MEMORY_STEP: u64 = 64 << 20;

/// Files of one worker: worker_connections + threads + database pool + 64, at least 4096.
pub fn files(worker_connections: u64, threads: u64, database_pool: u64) -> u64 {
    (worker_connections + threads + database_pool + OTHER_FILES).max(LEAST_FILES)
}

/// Files of one nginx process: a request that is passed on takes two connections (measured, facts/live.md).
pub fn nginx_files(worker_connections: u64) -> u64 {
    2 * worker_connections
}

/// Connections of one nginx process: 2 x (slots + expected queue) / processes, at least 512.
pub fn nginx_connections(slots: u64, queue: u64, processes: u64) -> u64 {
    (2 * (slots + queue)).div_ceil(processes.max(1)).max(LEAST_CONNECTIONS)
}

/// What a listen queue really holds: the kernel cuts it to net.core.somaxconn.
pub fn effective_backlog(backlog: u64, somaxconn: Option<u64>) -> u64 {
    somaxconn.map_or(backlog, |most| backlog.min(most))
}

/// The queue for a burst of so many requests at once: the next power of two, at least gunicorn's own default.
pub fn backlog(burst: u64) -> u64 {
    burst.checked_next_power_of_two().unwrap_or(burst).max(BACKLOG)
}

/// MemoryMax of a unit for what it takes at its peak: that peak is 0.8 of it, in steps of 64 MiB.
pub fn memory_max(peak_bytes: u64) -> u64 {
    let wanted = (peak_bytes as f64 / super::budget::USABLE).ceil() as u64;
    wanted.div_ceil(MEMORY_STEP) * MEMORY_STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_for_connections() {
        assert_eq!(files(1000, 4, 5), 4096);
        assert_eq!(files(10_000, 8, 20), 10_092);
        assert_eq!(nginx_files(4096), 8192);
    }

    #[test]
    fn connections_for_slots_and_queue() {
        assert_eq!(nginx_connections(8, 100, 1), 512);
        // 2 x (64 + 1000) / 2.
        assert_eq!(nginx_connections(64, 1000, 2), 1064);
    }

    #[test]
    fn the_kernel_cuts_queues() {
        assert_eq!(effective_backlog(2048, Some(128)), 128);
        assert_eq!(effective_backlog(2048, None), 2048);
        assert_eq!((backlog(10), backlog(3000)), (2048, 4096));
    }

    #[test]
    fn a_unit_gets_a_quarter_more_than_its_peak() {
        // 500 MiB / 0.8 = 625 -> 640.
        assert_eq!(memory_max(500 << 20), 640 << 20);
    }
}
