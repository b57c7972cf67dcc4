//! Replays recorded runs of real nginx and gunicorn (`testdata/tune/recorded`, made by `benches/queue/record.py`) and holds what the
//! simulator predicts for other settings against what was measured there. `-- --nocapture` prints the table.
//!
//! A row of one queue (sync, or a single process) holds when each percentile is within 10 %; a row of several processes with threads when
//! each measured percentile lies in the predicted range, which is as wide as that error at both ends.

use gearmesh::advise::queue::{Conditions, FLOOR_US, Pool, Prediction, Times, predict};
use gearmesh::evidence::traffic::{Source, Trace};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;

const TOLERANCE: f64 = 0.1;

/// Rows that are known not to hold, each with the reason; a row that begins to hold has to leave the list.
const BEYOND: &[(&str, &str, &str)] =
    &[("waiting-threads", "sync 12", "p50 41 ms for 36: requests waited for a processor, which others kept busy")];

#[derive(Deserialize)]
struct Recording {
    load: String,
    reference: String,
    processors: f64,
    cpu_share: f64,
    requests: Vec<(u64, u64)>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    pool: String,
    workers: u32,
    threads: u32,
    requests: usize,
    failed: u64,
    measured_ms: BTreeMap<String, f64>,
    processors_busy: f64,
}

fn recordings() -> Vec<Recording> {
    let mut paths: Vec<_> =
        fs::read_dir("testdata/tune/recorded").expect("recordings are there").flatten().map(|file| file.path()).collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).expect("a recording is read");
        serde_json::from_str(&text).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
    };
    paths.into_iter().map(read).collect()
}

/// The percentiles in milliseconds, with nearest rank as they were measured.
fn shares(times: &Times) -> [(&'static str, f64); 3] {
    [("p50", times.p50_us as f64 / 1e3), ("p95", times.p95_us as f64 / 1e3), ("p99", times.p99_us as f64 / 1e3)]
}

fn predicted(recording: &Recording, run: &Run) -> Prediction {
    let trace = Trace { begin: 0.0, source: Source::Service, requests: recording.requests.clone() };
    let conditions = Conditions {
        slots: None,
        cpu_share: Some(recording.cpu_share),
        processors: Some(recording.processors),
        others_busy: None,
        floor_us: FLOOR_US,
    };
    predict(&trace, &conditions, Pool { workers: run.workers, threads: run.threads }).expect("the recording carries a prediction")
}

/// What does not hold in a row.
fn beyond(run: &Run, prediction: &Prediction) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((name, least), (_, most)) in shares(&prediction.least).into_iter().zip(shares(&prediction.most)) {
        let measured = run.measured_ms[name];
        if measured < least * (1.0 - TOLERANCE) || measured > most * (1.0 + TOLERANCE) {
            wrong.push(format!("{name}: measured {measured}, predicted {least:.0} to {most:.0}"));
        }
    }
    wrong
}

#[test]
fn predictions_hold_in_recorded_runs() {
    let mut wrong = Vec::new();
    let mut settings = 0;
    println!("load | setting | measured ms | predicted ms | error % | processors busy");
    for recording in recordings() {
        for run in &recording.runs {
            let prediction = predicted(&recording, run);
            println!("{}", row(&recording, run, &prediction));
            assert_eq!(run.failed, 0, "{} {}", recording.load, run.pool);
            assert!(run.requests >= 1_000, "{} {}: {} requests", recording.load, run.pool, run.requests);
            settings += usize::from(run.pool != recording.reference);
            let known = BEYOND.iter().any(|(load, pool, _)| (*load, *pool) == (&*recording.load, &*run.pool));
            let found = beyond(run, &prediction);
            if found.is_empty() == known {
                wrong.push(format!("{}, {}: {found:?}, known: {known}", recording.load, run.pool));
            }
        }
    }
    assert!(settings >= 6, "{settings} settings besides the recorded ones");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn row(recording: &Recording, run: &Run, prediction: &Prediction) -> String {
    let join = |values: Vec<String>| values.join("/");
    let measured = join(shares(&prediction.least).iter().map(|(name, _)| format!("{:.0}", run.measured_ms[*name])).collect());
    let error = |times: &Times| {
        join(
            shares(times).iter().map(|(name, value)| format!("{:+.0}", 100.0 * (value / run.measured_ms[*name] - 1.0))).collect(),
        )
    };
    let values = |times: &Times| join(shares(times).iter().map(|(_, value)| format!("{value:.0}")).collect());
    let (least, most) = (&prediction.least, &prediction.most);
    let reference = if run.pool == recording.reference { " (recorded)" } else { "" };
    let (predicted, errors) = if least == most {
        (values(least), error(least))
    } else {
        (format!("{} .. {}", values(least), values(most)), format!("{} .. {}", error(least), error(most)))
    };
    format!("{} | {}{reference} | {measured} | {predicted} | {errors} | {:.2}", recording.load, run.pool, run.processors_busy)
}

/// The figures that were measured before the simulator was written (gunicorn 27.0.1, nginx 1.22.1), on arrivals of the same kind: 117
/// requests/s of 50 ms on 2 x 4 threads, three runs. A recording of the same rate carries the range.
#[test]
fn the_range_holds_what_was_measured_before() {
    let recording = recordings().into_iter().find(|recording| recording.load == "waiting-threads").expect("it is there");
    let run = recording.runs.iter().find(|run| run.pool == "gthread 2x4").expect("it was run");
    let prediction = predicted(&recording, run);
    for measured in [[98.0, 476.0, 561.0], [106.0, 339.0, 422.0], [86.0, 486.0, 580.0]] {
        for ((measured, (_, least)), (_, most)) in measured.iter().zip(shares(&prediction.least)).zip(shares(&prediction.most)) {
            assert!((least..=most).contains(measured), "{measured} in {least} to {most}");
        }
    }
}
