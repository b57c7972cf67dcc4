//! Times the rooms of gearmesh one by one: `cargo bench`, or `cargo bench -- parse` for some.
//!
//! In: texts of a fixed size that are made here, and a tree and a log that `generate.py` and `access_log.py` write below target/.
//! Out: criterion's times, each with bytes, subjects or requests a second. What is timed is checked once: a parser that gave up
//! would be fast.

#[path = "rooms/inputs.rs"]
mod inputs;
#[path = "rooms/queue.rs"]
mod queue;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use gearmesh::config::Config;
use gearmesh::expr::Environment;
use gearmesh::expr::python::{self, Machine};
use gearmesh::finding::Finding;
use gearmesh::formats::{self, Format, Tree};
use gearmesh::logs::access::{self, Log, Logs};
use gearmesh::model::Kind;
use gearmesh::model::facts::Facts;
use gearmesh::report::{concise, full};
use gearmesh::source::{Document, DocumentId, Input};
use gearmesh::{link, read, rules};
use std::hint::black_box;

/// Bytes of each text for a parser.
const BYTES: usize = 200_000;

fn document(name: &str, text: String) -> Document {
    Document::new(DocumentId(0), name, text.into_bytes())
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, format, text) in inputs::texts(BYTES) {
        let document = document(name, text);
        let parsed = formats::parse(format, &document);
        assert!(parsed.unread.is_none() && parsed.problems.is_empty(), "{name}: {:?} {:?}", parsed.unread, parsed.problems);
        group.throughput(Throughput::Bytes(document.bytes.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| formats::parse(format, black_box(&document))));
    }
    group.finish();
}

fn evaluate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("evaluate");
    let document = document("gunicorn.conf.py", inputs::python(20_000));
    let Tree::Config(program) = formats::parse(Format::Gunicorn, &document).tree else { panic!("it is a program") };
    let machine = Machine { cpu_count: Some(4) };
    group.throughput(Throughput::Bytes(document.bytes.len() as u64));
    group.bench_function("gunicorn.conf.py", |bencher| {
        bencher.iter(|| python::evaluate(black_box(&program), &Environment::default(), &machine));
    });
    group.finish();
}

/// A thousand sites, a hundred of them with apps: what a check does, in its order.
fn check(criterion: &mut Criterion) {
    let folder = inputs::tree(1000, 100);
    let bytes = inputs::size(&folder);
    let (input, config, facts) = (Input { paths: vec![folder], ..Input::default() }, Config::default(), Facts::default());
    let read = || read::read(&input, &config).expect("it is read");
    let mut group = criterion.benchmark_group("check");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("read", |bencher| bencher.iter_with_large_drop(read));
    let mut reading = read();
    assert!(reading.unread.is_empty(), "{:?}", reading.unread);
    let stack = link::link(&mut reading.pieces, &facts);
    let subjects: usize = Kind::ALL.iter().map(|kind| stack.subjects(*kind).len()).sum();
    group.throughput(Throughput::Elements(subjects as u64));
    group.bench_function("link", |bencher| {
        bencher.iter_batched_ref(read, |reading| link::link(&mut reading.pieces, &facts), BatchSize::LargeInput);
    });
    let rules = rules::load();
    group.bench_function("judge", |bencher| {
        bencher.iter_with_large_drop(|| rules::judge(&rules, black_box(&stack)).expect("the rules are sound"));
    });
    let judged = rules::judge(&rules, &stack).expect("the rules are sound");
    let findings: Vec<&Finding> = judged.findings.iter().collect();
    assert!(findings.len() > 100, "{}", findings.len());
    group.throughput(Throughput::Elements(findings.len() as u64));
    group.bench_function("report, concise", |bencher| bencher.iter(|| concise::render(black_box(&findings), &stack.documents)));
    let look = full::Look { color: true, width: 100 };
    group.bench_function("report, full", |bencher| bencher.iter(|| full::render(black_box(&findings), &stack.documents, look)));
    group.finish();
}

fn access_log(criterion: &mut Criterion) {
    let path = inputs::access_log(20);
    let mut group = criterion.benchmark_group("logs");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(inputs::size(&path)));
    let logs = Logs { nginx: Some(Log { paths: vec![path], format: None }), ..Logs::default() };
    let lines = access::read(&logs, &mut |_| ()).expect("it is read").traffic.lines;
    assert!(lines > 50_000, "{lines}");
    group.bench_function("access", |bencher| bencher.iter(|| access::read(black_box(&logs), &mut |_| ())));
    group.finish();
}

criterion_group!(benches, parse, evaluate, check, access_log, queue::replay);
criterion_main!(benches);
