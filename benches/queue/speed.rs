//! How long a replay of a million requests takes: `cargo bench --bench queue`. Nothing is judged; the figures are for README.md.

use gearmesh::advise::queue::{Conditions, FLOOR_US, Pool, predict};
use gearmesh::evidence::traffic::Trace;
use std::time::Instant;

fn main() {
    let mut state = 7_u64;
    let mut drawn = move |mean: f64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        -(((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64).ln() * mean
    };
    let mut at = 0.0;
    let request = |_| {
        at += drawn(9_000.0);
        (at as u64, drawn(50_000.0) as u64)
    };
    let trace = Trace { requests: (0..1_000_000).map(request).collect(), ..Trace::default() };
    for (name, cpu_share) in [("waiting only", 0.0), ("2 % computing", 0.02), ("20 % computing", 0.2)] {
        let conditions = Conditions {
            slots: None,
            cpu_share: Some(cpu_share),
            processors: Some(2.0),
            others_busy: Some(0.0),
            floor_us: FLOOR_US,
        };
        for (workers, threads) in [(8, 1), (4, 1), (2, 4), (4, 8)] {
            let begin = Instant::now();
            let found = predict(&trace, &conditions, Pool { workers, threads }).expect("it is predicted");
            let took = begin.elapsed().as_secs_f64();
            println!("{name}, {workers} x {threads}: {took:.2} s, p99 {} ms", found.least.p99_us / 1000);
        }
    }
}
