//! The replay against what is computed by hand, by a slower model, and by queueing theory.

use super::*;

fn trace(requests: &[(u64, u64)]) -> Trace {
    Trace { requests: requests.to_vec(), ..Trace::default() }
}

fn waiting() -> Conditions {
    Conditions { slots: None, cpu_share: Some(0.0), processors: Some(2.0), others_busy: None, floor_us: 0 }
}

fn pool(workers: u32, threads: u32) -> Pool {
    Pool { workers, threads }
}

/// Poisson arrivals and exponential durations.
fn poisson(count: usize, per_second: f64, mean_us: f64) -> Trace {
    let mut state = 7_u64;
    let mut dice = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        -(((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64).ln()
    };
    let mut at = 0.0;
    let request = |_| {
        at += dice() / per_second * 1e6;
        (at as u64, (dice() * mean_us) as u64)
    };
    trace(&(0..count).map(request).collect::<Vec<_>>())
}

#[test]
fn one_worker_serves_one_after_the_other() {
    // Three at once, 10 ms each: 10, 20, 30 ms; with two workers 10, 10, 20.
    let three = trace(&[(0, 10_000), (0, 10_000), (0, 10_000)]);
    let one = predict(&three, &waiting(), pool(1, 1)).unwrap();
    assert_eq!((one.least.p50_us, one.least.p99_us), (20_000, 30_000));
    assert_eq!(one.least, one.most);
    let two = predict(&three, &waiting(), pool(2, 1)).unwrap();
    assert_eq!((two.least.p50_us, two.least.p99_us), (10_000, 20_000));
    assert!((one.least.per_second - 100.0).abs() < 1e-6);
}

#[test]
fn computing_is_shared_by_processes_and_threads() {
    let busy = Conditions { cpu_share: Some(1.0), processors: Some(1.0), others_busy: Some(0.0), ..waiting() };
    // Two processes on one processor: 10 ms of work each end after 20 ms both.
    let two = trace(&[(0, 10_000), (0, 10_000)]);
    assert_eq!(predict(&two, &busy, pool(2, 1)).unwrap().least.p50_us, 20_000);
    // Two processors: both after 10 ms; two threads of one process share one processor all the same.
    let wide = Conditions { processors: Some(2.0), ..busy };
    assert_eq!(predict(&two, &wide, pool(2, 1)).unwrap().least.p99_us, 10_000);
    assert_eq!(predict(&two, &wide, pool(1, 2)).unwrap().least.p50_us, 20_000);
    // 10 and 4 ms at once: the short one ends at 8, the long one at 14.
    let uneven = trace(&[(0, 10_000), (0, 4_000)]);
    let found = predict(&uneven, &busy, pool(2, 1)).unwrap().least;
    assert_eq!((found.p50_us, found.p99_us), (8_000, 14_000));
    assert!(!predict(&two, &wide, pool(2, 1)).unwrap().validated);
}

#[test]
fn both_replays_agree_where_nothing_is_computed() {
    let requests = poisson(3_000, 100.0, 50_000.0);
    let works = works(&requests, 0.0, 700);
    for pool in [pool(1, 1), pool(6, 1), pool(3, 2)] {
        assert_eq!(delay::replay(&works, pool, None), sharing::replay(&works, pool, None, 2.0));
        let runs = clusters::runs(works.len(), pool.workers);
        assert_eq!(delay::replay(&works, pool, Some(&runs)), sharing::replay(&works, pool, Some(&runs), 2.0));
    }
}

#[test]
fn sharing_agrees_with_small_steps() {
    let requests = poisson(120, 150.0, 20_000.0);
    let works = works(&requests, 0.6, 0);
    for (pool, processors) in [(pool(3, 1), 2.0), (pool(2, 3), 1.5), (pool(4, 2), 2.0)] {
        let quick = sharing::replay(&works, pool, None, processors);
        let slow = stepwise(&works, pool, processors);
        for (at, (quick, slow)) in quick.iter().zip(&slow).enumerate() {
            assert!(quick.abs_diff(*slow) <= 300, "request {at} of {pool:?}: {quick} and {slow}");
        }
    }
}

/// The same model in steps of 5 microseconds, without heaps or clocks.
fn stepwise(works: &[Work], pool: Pool, processors: f64) -> Vec<u64> {
    #[derive(Clone)]
    struct Busy(usize, usize, f64, f64);
    let mut done = vec![0; works.len()];
    let mut free = vec![pool.threads; pool.workers as usize];
    let (mut queue, mut busy) = (std::collections::VecDeque::new(), Vec::<Busy>::new());
    let (mut next, mut now, mut left) = (0, 0_u64, works.len());
    while left > 0 {
        while works.get(next).is_some_and(|work| work.arrival <= now) {
            queue.push_back(next);
            next += 1;
        }
        while let Some(process) = (0..free.len()).rev().max_by_key(|process| free[*process]).filter(|process| free[*process] > 0)
        {
            let Some(at) = queue.pop_front() else { break };
            free[process] -= 1;
            busy.push(Busy(at, process, works[at].wait as f64, works[at].cpu as f64));
        }
        let mut threads = vec![0; free.len()];
        busy.iter().filter(|job| job.2 <= 0.0).for_each(|job| threads[job.1] += 1);
        let computing = threads.iter().filter(|threads| **threads > 0).count();
        let share = (processors / computing.max(1) as f64).min(1.0);
        for job in &mut busy {
            if job.2 > 0.0 {
                job.2 -= 5.0;
            } else {
                job.3 -= 5.0 * share / f64::from(threads[job.1]);
            }
        }
        now += 5;
        busy.retain(|job| {
            let ended = job.2 <= 0.0 && job.3 <= 0.0;
            if ended {
                done[job.0] = now;
                free[job.1] += 1;
                left -= 1;
            }
            !ended
        });
    }
    done
}

#[test]
fn waits_are_those_of_queueing_theory() {
    // M/M/1 at 0.5: times until the answer are exponential with mean 1 / (mu - lambda) = 20 ms; p50 13.9, p95 59.9, p99 92.1 ms.
    let found = predict(&poisson(400_000, 50.0, 10_000.0), &waiting(), pool(1, 1)).unwrap().least;
    for (found, theory) in [(found.p50_us, 13_863.0), (found.p95_us, 59_915.0), (found.p99_us, 92_103.0)] {
        assert!((found as f64 / theory - 1.0).abs() < 0.03, "{found} for {theory}");
    }
}

#[test]
fn processor_sharing_is_that_of_queueing_theory() {
    // M/M/1 with processor sharing at 0.5: the mean time until the answer is that of the queue, 20 ms, and so is the rate.
    let requests = poisson(100_000, 50.0, 10_000.0);
    let works = works(&requests, 1.0, 0);
    let ends = sharing::replay(&works, pool(1, 1_000), None, 1.0);
    let total: u64 = works.iter().zip(&ends).map(|(work, end)| end - work.arrival).sum();
    let mean = total as f64 / works.len() as f64;
    assert!((mean / 20_000.0 - 1.0).abs() < 0.03, "{mean}");
}

#[test]
fn private_queues_are_never_better() {
    let requests = poisson(5_000, 110.0, 50_000.0);
    let found = predict(&requests, &waiting(), pool(2, 4)).unwrap();
    assert!(found.most.p95_us > found.least.p95_us * 2);
    let single = predict(&requests, &waiting(), pool(1, 8)).unwrap();
    assert_eq!(single.least, single.most);
    assert_eq!(found.least, single.least);
}

#[test]
fn what_a_recording_does_not_carry_is_refused() {
    // Ten at once on two slots, as nginx sees them.
    let mut queued = trace(&[(0, 100_000); 10]);
    queued.source = Source::Upstream;
    assert_eq!(unfit(&queued, &waiting()), Some(Unfit::UnknownPool));
    assert_eq!(unfit(&queued, &Conditions { slots: Some(2), ..waiting() }), Some(Unfit::Queued));
    assert_eq!(unfit(&queued, &Conditions { slots: Some(16), ..waiting() }), None);
    queued.source = Source::Service;
    assert_eq!(unfit(&queued, &waiting()), None);
    assert_eq!(unfit(&queued, &Conditions { cpu_share: None, ..waiting() }), Some(Unfit::UnknownCpuShare));
    assert_eq!(unfit(&queued, &Conditions { processors: None, ..waiting() }), Some(Unfit::UnknownProcessors));
    let bound = Conditions { cpu_share: Some(0.8), ..waiting() };
    assert_eq!(unfit(&queued, &bound), Some(Unfit::UnknownHost));
    assert_eq!(unfit(&queued, &Conditions { others_busy: Some(0.5), ..bound }), Some(Unfit::BusyHost));
    assert_eq!(unfit(&queued, &Conditions { others_busy: Some(0.1), ..bound }), None);
    assert_eq!(unfit(&trace(&[]), &waiting()), Some(Unfit::Empty));
}

#[test]
fn a_burst_is_what_was_under_way_at_once() {
    assert_eq!(burst(&trace(&[(0, 10), (5, 10), (9, 1), (10, 5), (30, 1)])), 3);
    assert_eq!(burst(&trace(&[])), 0);
}

#[test]
fn the_fewest_workers_that_are_as_quick() {
    // 110/s of 50 ms: 5.5 busy. Eight workers still queue now and then, twelve hardly ever.
    let requests = poisson(20_000, 110.0, 50_000.0);
    let found = curve::fewest(&requests, &waiting(), 1, 6, 16).unwrap();
    let p99 = |workers| predict(&requests, &waiting(), pool(workers, 1)).unwrap().least.p99_us as f64;
    assert!(p99(found) <= p99(16) * curve::AS_GOOD && p99(found - 1) > p99(16) * curve::AS_GOOD);
    let curve = curve::curve(&requests, &waiting(), 1, 10, None).unwrap();
    assert!(curve.windows(2).all(|pair| pair[1].prediction.least.p99_us <= pair[0].prediction.least.p99_us));
}
