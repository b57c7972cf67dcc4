//! A replay of a million requests through pools of workers, for `benches/queue/README.md`.

use criterion::{BenchmarkId, Criterion, Throughput};
use gearmesh::advise::queue::{Conditions, FLOOR_US, Pool, predict};
use gearmesh::evidence::traffic::Trace;
use std::hint::black_box;

const REQUESTS: u64 = 1_000_000;

pub fn replay(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue");
    group.sample_size(10);
    group.throughput(Throughput::Elements(REQUESTS));
    let trace = trace();
    for (name, cpu_share) in [("waiting only", 0.0), ("2 % computing", 0.02), ("20 % computing", 0.2)] {
        let conditions = Conditions {
            slots: None,
            cpu_share: Some(cpu_share),
            processors: Some(2.0),
            others_busy: Some(0.0),
            floor_us: FLOOR_US,
        };
        for (workers, threads) in [(8, 1), (4, 1), (2, 4), (4, 8)] {
            let pool = Pool { workers, threads };
            assert!(predict(&trace, &conditions, pool).is_ok_and(|found| found.least.p99_us > 50_000));
            group.bench_with_input(BenchmarkId::new(name, format!("{workers} x {threads}")), &pool, |bencher, pool| {
                bencher.iter(|| predict(black_box(&trace), &conditions, *pool));
            });
        }
    }
    group.finish();
}

/// Requests of 50 ms, one every 9 ms, both exponential; the same ones every time.
fn trace() -> Trace {
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
    Trace { requests: (0..REQUESTS).map(request).collect(), ..Trace::default() }
}
