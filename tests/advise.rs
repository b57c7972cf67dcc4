//! Advice for stacks in files: what is recommended, that it can be written by the machinery of `gearmesh fix`, and that advice that was
//! taken is not given again.

mod support;

use gearmesh::advise::{Advice, Goal, Item, Question, advise};
use gearmesh::config::Database;
use gearmesh::edit;
use gearmesh::evidence::machine::{Limits, Listener, Machine, Master, Memory, Worker};
use gearmesh::evidence::symptom::Symptom;
use gearmesh::evidence::traffic::{Peak, Requests, Source, Trace, Traffic};
use gearmesh::finding::Fix;
use gearmesh::fix::plan::{Options, Plan, Planner};
use gearmesh::model::Kind;
use gearmesh::model::facts::Facts;
use gearmesh::outcome::Outcome;
use gearmesh::rule::Safety;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use support::Scratch;
use support::dice::Dice;

const MIB: u64 = 1 << 20;
const NOW: f64 = 1_790_000_000.0;

/// nginx in front of a unit; the location has a directive of its own.
fn stack(gunicorn: &str, location: &str) -> Scratch {
    let unit = "[Unit]\nDescription=The shop\n\n[Service]\nType=notify\nUser=shop\nRuntimeDirectory=shop\nWorkingDirectory=/srv/shop\n\
        ExecStart=/srv/shop/venv/bin/gunicorn -c /etc/shop/gunicorn.conf.py shop.wsgi:application\n\
        ExecReload=/bin/kill -s HUP $MAINPID\nTimeoutStopSec=20\nLimitNOFILE=1024\n\n[Install]\nWantedBy=multi-user.target\n";
    let nginx = format!(
        "worker_processes 1;\nevents {{ worker_connections 512; }}\nhttp {{\n    upstream shop {{\n        server unix:/run/shop/shop.sock;\n\
        keepalive 16;\n    }}\n    server {{\n        listen 80;\n        location / {{\n            proxy_pass http://shop;\n\
        proxy_http_version 1.1;\n            proxy_set_header Connection \"\";\n{location}        }}\n    }}\n}}\n"
    );
    Scratch::new(&[
        ("etc/systemd/system/shop.service".to_owned(), unit.to_owned()),
        ("etc/shop/gunicorn.conf.py".to_owned(), format!("bind = \"unix:/run/shop/shop.sock\"\n{gunicorn}")),
        ("etc/nginx/nginx.conf".to_owned(), nginx),
        ("requirements.txt".to_owned(), "gunicorn==27.0.1\n".to_owned()),
    ])
}

/// A minute of requests, all of it the trace.
fn traffic(per_second: f64, mean_us: f64, slowest_us: u64) -> Traffic {
    let (mut dice, mut at) = (Dice(7), 0.0);
    let mut drawn = |mean: f64| -((dice.below(1_000_000) as f64 + 0.5) / 1e6).ln() * mean;
    let (mut all, mut requests) = (Requests::default(), Vec::new());
    while at < 60e6 {
        at += drawn(1e6 / per_second);
        let took = drawn(mean_us) as u64;
        all.service.record(took);
        requests.push((at as u64, took));
    }
    all.service.record(slowest_us);
    all.slowest = Some(slowest_us);
    all.count = requests.len() as u64 + 1;
    all.status = BTreeMap::from([(200, all.count)]);
    Traffic {
        name: "shop".to_owned(),
        from: vec!["shop.log".to_owned()],
        lines: all.count,
        first: Some(NOW - 60.0),
        last: Some(NOW),
        routes: BTreeMap::from([("/".to_owned(), all.clone())]),
        all,
        peak: Some(Peak { at: NOW - 60.0, seconds: 60.0, rate: per_second }),
        trace: Some(Trace { begin: NOW - 60.0, source: Source::Service, requests }),
        ..Traffic::default()
    }
}

/// Two processors and 4 GiB, with workers of 60 MiB that use so much of a processor each.
fn machine(workers: u32, cpu_each: f64, growth: Option<f64>) -> Machine {
    let worker = |number| Worker {
        pid: 100 + number,
        started: Some(NOW - 60.0),
        memory: Memory { rss: Some(80 * MIB), pss: Some(66 * MIB), uss: Some(60 * MIB) },
        cpu: Some(cpu_each),
        cpu_seconds: Some(cpu_each * 60.0),
        growth,
        ..Worker::default()
    };
    let master = Master {
        pid: 99,
        unit: Some("shop.service".to_owned()),
        memory: Memory { rss: Some(30 * MIB), pss: Some(20 * MIB), uss: Some(10 * MIB) },
        workers: (0..workers).map(worker).collect(),
        listeners: vec![Listener { address: "unix:/run/shop/shop.sock".to_owned(), backlog: Some(2048), queued: Some(0) }],
        limits: Limits { files: Some(1024), ..Limits::default() },
        ..Master::default()
    };
    Machine {
        name: "web1".to_owned(),
        taken: Some(NOW),
        cpus: Some(2),
        busy: Some(0.2),
        window: Some(60.0),
        memory: Some(4096 * MIB),
        available: Some((4096 - 500 - 66 * u64::from(workers)) * MIB),
        somaxconn: Some(4096),
        masters: vec![master],
        ..Machine::default()
    }
}

/// What is asked with, apart from the files.
#[derive(Default)]
struct Evidence {
    machine: Option<Machine>,
    traffic: Option<Traffic>,
    symptoms: Vec<Symptom>,
    database: Database,
    boot_seconds: Option<f64>,
    goal: Goal,
}

fn asked(outcome: &Outcome, evidence: &Evidence) -> Advice {
    let app = *outcome.stack.subjects(Kind::App).first().expect("there is an app");
    advise(&Question {
        stack: &outcome.stack,
        app,
        machine: evidence.machine.as_ref(),
        master: evidence.machine.as_ref().and_then(|machine| machine.masters.first()),
        traffic: evidence.traffic.as_ref(),
        symptoms: &evidence.symptoms,
        database: evidence.database,
        boot_seconds: evidence.boot_seconds,
        reserved_bytes: 0,
        goal: evidence.goal,
    })
}

/// The same load on a gunicorn that was restarted: it runs as many workers as the files say now, which share the work and what they
/// shared before.
fn restarted(outcome: &Outcome, evidence: &Evidence) -> Evidence {
    let app = *outcome.stack.subjects(Kind::App).first().expect("there is an app");
    let workers = outcome.stack.setting(app, "workers").value.as_integer().expect("workers are known") as usize;
    let mut machine = evidence.machine.clone();
    if let Some(machine) = &mut machine
        && let Some(pattern) = machine.masters[0].workers.first().cloned()
    {
        let before = machine.masters[0].workers.len();
        let part = before as f64 / workers as f64;
        let held = |workers: usize| 60 * MIB * workers as u64;
        let less = |value: Option<f64>| value.map(|value| value * part);
        let pss = Some(60 * MIB + 6 * MIB * before as u64 / workers as u64);
        let memory = Memory { pss, ..pattern.memory };
        let (cpu, cpu_seconds, growth) = (less(pattern.cpu), less(pattern.cpu_seconds), less(pattern.growth));
        machine.masters[0].workers = vec![Worker { memory, cpu, cpu_seconds, growth, ..pattern }; workers];
        machine.available = machine.available.map(|bytes| bytes + held(before) - held(workers));
    }
    Evidence {
        machine,
        traffic: evidence.traffic.clone(),
        symptoms: evidence.symptoms.clone(),
        database: evidence.database,
        boot_seconds: evidence.boot_seconds,
        goal: evidence.goal,
    }
}

fn items(advice: &Advice) -> Vec<&Item> {
    advice.groups.iter().flat_map(|group| &group.items).collect()
}

/// "app.workers 1 -> 3, app.timeout 30s -> 62s".
fn shown(advice: &Advice) -> String {
    let one = |item: &&Item| {
        let also: String = item.also.iter().map(|change| format!(" and {change}")).collect();
        format!("{} {} -> {}{also}", item.setting, item.current, item.recommended)
    };
    items(advice).iter().map(one).collect::<Vec<_>>().join("\n")
}

fn refused(advice: &Advice) -> String {
    advice.refused.iter().map(|missing| format!("{}: {} ({})\n", missing.what, missing.why, missing.remedy)).collect()
}

/// Writes all advice into the files.
fn take(outcome: &Outcome, advice: &Advice) {
    let mut planner = Planner::new(&outcome.stack, Options::default());
    let mut edits: BTreeMap<PathBuf, Vec<edit::Edit>> = BTreeMap::new();
    for item in items(advice) {
        let fix = Fix { safety: Safety::Unsafe, because: String::new(), changes: item.changes().cloned().collect() };
        match planner.plan(&fix) {
            Plan::Edits { edits: made, files } => {
                assert!(files.is_empty());
                for edit in made {
                    edits.entry(outcome.stack.documents.path(edit.span.document).to_owned()).or_default().push(edit);
                }
            }
            Plan::Advice(advice) => panic!("{} is not written: {advice:?}", item.setting),
        }
    }
    for (path, mut edits) in edits {
        edits.dedup();
        let before = fs::read(&path).expect("the file is read");
        // Several lines may come to the same place.
        let mut merged: Vec<edit::Edit> = Vec::new();
        for edit in edits {
            match merged.iter_mut().find(|known| known.span == edit.span && known.span.start == known.span.end) {
                Some(known) => known.text.push_str(&edit.text),
                None => merged.push(edit),
            }
        }
        let after = edit::apply(&before, &merged).expect("the edits do not overlap");
        fs::write(&path, after).expect("the file is written");
    }
}

/// Asks, takes the advice, and asks again: nothing may be left.
fn settled(scratch: &Scratch, evidence: &Evidence) -> Advice {
    let outcome = scratch.check(&Facts::default());
    let advice = asked(&outcome, evidence);
    for item in items(&advice) {
        assert!(
            !item.why.is_empty() && !item.evidence.is_empty() && !item.current.is_empty() && !item.origin.is_empty(),
            "{item:?}"
        );
        assert_ne!(item.current, item.recommended);
    }
    assert_eq!(shown(&advice), shown(&asked(&outcome, evidence)), "the same evidence, the same advice");
    take(&outcome, &advice);
    let outcome = scratch.check(&Facts::default());
    let after = asked(&outcome, &restarted(&outcome, evidence));
    assert_eq!(shown(&after), "", "after\n{}", shown(&advice));
    advice
}

#[test]
fn a_single_worker_under_load_gets_company_and_a_consistent_ladder() {
    let scratch = stack("workers = 1\ntimeout = 30\n", "");
    let evidence = Evidence {
        machine: Some(machine(1, 0.03, None)),
        traffic: Some(traffic(32.0, 50_000.0, 41_300_000)),
        ..Evidence::default()
    };
    let advice = settled(&scratch, &evidence);
    let shown = shown(&advice);
    // 1.5 x 41.3 s = 62 s; the longest of 99.9 % is far below 30 s; nginx waits 5 s longer than the worker may be busy.
    assert!(shown.contains("app.timeout 30s -> 62s"), "{shown}");
    assert!(shown.contains("launcher.stop_grace 20s -> 35s"), "{shown}");
    assert!(!shown.contains("proxy_read_timeout"), "60 s are not clearly below 62 s: {shown}");
    // 32/s x 74 ms, the slowest one among them, are 2.4 slots busy: 4 by Little's law; the replay may want more, 8 are the most.
    let workers = items(&advice).into_iter().find(|item| item.setting == "app.workers").expect("workers are recommended");
    assert!((4..=8).contains(&workers.recommended.parse::<u32>().unwrap()), "{shown}");
    assert!(workers.origin.ends_with("gunicorn.conf.py:2"), "{}", workers.origin);
    assert!(workers.why.iter().any(|line| line.contains("/ 0.7 = 4 slots")), "{:?}", workers.why);
    assert!(workers.evidence.iter().any(|line| line.contains("shop.log")), "{:?}", workers.evidence);
    assert!(advice.more_bytes >= 2 * 60 * MIB);
    let frugal = Evidence { goal: Goal::Throughput, ..evidence };
    let advice = settled(&stack("workers = 1\n", ""), &frugal);
    assert!(recommends(&advice, "app.workers 1 -> 4"));
}

fn recommends(advice: &Advice, text: &str) -> bool {
    let shown = shown(advice);
    assert!(shown.contains(text), "{shown}\n{}", refused(advice));
    true
}

#[test]
fn advice_goes_down_as_well() {
    let scratch = stack("workers = 8\ntimeout = 600\n", "            proxy_read_timeout 600s;\n");
    let evidence = Evidence {
        machine: Some(machine(8, 0.001, None)),
        traffic: Some(traffic(20.0, 10_000.0, 900_000)),
        ..Evidence::default()
    };
    let advice = settled(&scratch, &evidence);
    assert!(recommends(&advice, "app.workers 8 -> 2"));
    assert!(recommends(&advice, "app.timeout 600s -> 60s"));
    let timeout = items(&advice).into_iter().find(|item| item.setting == "app.timeout").unwrap();
    assert!(timeout.needs_yes.is_some(), "no log is long enough to be sure");
}

#[test]
fn a_timeout_is_not_lowered_over_requests_that_were_cut() {
    let scratch = stack("workers = 4\ntimeout = 90\n", "");
    let mut evidence = Evidence {
        machine: Some(machine(4, 0.01, None)),
        traffic: Some(traffic(32.0, 50_000.0, 900_000)),
        ..Evidence::default()
    };
    evidence.symptoms.push(Symptom { signature: "gunicorn-worker-timeout".to_owned(), count: 3, ..Symptom::default() });
    let advice = asked(&scratch.check(&Facts::default()), &evidence);
    assert!(!shown(&advice).contains("app.timeout"), "{}", shown(&advice));
    assert!(refused(&advice).contains("given up"), "{}", refused(&advice));
    evidence.symptoms.clear();
    assert!(recommends(&settled(&scratch, &evidence), "app.timeout 90s -> 60s"));
}

#[test]
fn more_slots_than_workers_become_threads_on_a_yes() {
    let scratch = stack("workers = 4\n", "");
    let evidence = Evidence {
        machine: Some(machine(4, 0.03, None)),
        traffic: Some(traffic(117.0, 50_000.0, 900_000)),
        goal: Goal::Throughput,
        ..Evidence::default()
    };
    let advice = settled(&scratch, &evidence);
    assert!(recommends(&advice, "app.workers 4 -> 3 and set app.threads to 4 and set app.worker_class to gthread"));
    let item = items(&advice).into_iter().find(|item| item.setting == "app.workers").unwrap();
    assert!(item.needs_yes.as_deref().is_some_and(|yes| yes.contains("thread-safe")));
}

#[test]
fn nginx_closes_idle_connections_before_gunicorn() {
    let evidence = Evidence::default();
    let gthread = settled(&stack("workers = 2\nthreads = 4\nworker_class = \"gthread\"\n", ""), &evidence);
    assert!(recommends(&gthread, "app.keepalive 2s -> 65s"));
    assert!(recommends(&gthread, "launcher.nofile_limit 1024 -> 4096"));
    let gevent = settled(&stack("workers = 2\nworker_class = \"gevent\"\nkeepalive = 5\n", ""), &evidence);
    assert!(recommends(&gevent, "upstream.keepalive_timeout 60s -> 4s"));
    let sync = settled(&stack("workers = 2\n", ""), &evidence);
    assert!(!shown(&sync).contains("keepalive"));
}

#[test]
fn growth_that_was_measured_bounds_the_life_of_a_worker() {
    let growing = |bytes_per_second: f64| {
        let mut machine = machine(4, 0.01, Some(bytes_per_second));
        machine.window = Some(20_000.0);
        machine.masters[0].workers.iter_mut().for_each(|worker| worker.started = Some(NOW - 40_000.0));
        machine
    };
    let traffic = traffic(32.0, 50_000.0, 900_000);
    let each = traffic.all.count as f64 / 60.0 / 4.0;
    let evidence = |bytes_per_second, boot| Evidence {
        machine: Some(growing(bytes_per_second)),
        traffic: Some(traffic.clone()),
        boot_seconds: boot,
        ..Evidence::default()
    };
    // A leak of 1 MB with each request, and about 650 MB for each worker: (0.8 x 4096 - 500 - 20 - 4 x 66) MiB / 4. About 8 requests/s for
    // each of 4 workers that boot in half a second ask for a jitter of about 160, which a tenth is not.
    let advice = settled(&stack("workers = 4\n", ""), &evidence(1e6 * each, Some(0.5)));
    let item = items(&advice)
        .into_iter()
        .find(|item| item.setting == "app.max_requests")
        .unwrap_or_else(|| panic!("{}", refused(&advice)));
    let to = |text: &str| text.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    let (most, jitter) = (to(&item.recommended), to(&item.also[0].to_string()));
    assert!((600..700).contains(&(most + jitter)) && (140..180).contains(&jitter), "{most} {jitter}");
    assert!(item.why.iter().any(|line| line.contains("lowered")), "{:?}", item.why);
    // With 5 s to boot restarts cannot be spread.
    let slow = settled(&stack("workers = 4\n", ""), &evidence(1e6 * each, Some(5.0)));
    assert!(!shown(&slow).contains("max_requests") && refused(&slow).contains("cannot be spread"), "{}", refused(&slow));
    // 100 bytes/s: the memory lasts longer than anybody waits with a deployment.
    let calm = settled(&stack("workers = 4\n", ""), &evidence(100.0, Some(5.0)));
    assert!(!shown(&calm).contains("max_requests"), "{}", shown(&calm));
    // Restarts that are set without jitter are spread.
    let set = settled(&stack("workers = 4\nmax_requests = 10000\n", ""), &evidence(0.0, None));
    assert!(recommends(&set, "app.max_requests_jitter 0 -> 1000"));
}

#[test]
fn without_evidence_nothing_is_said_about_capacity() {
    let outcome = stack("workers = 1\n", "").check(&Facts::default());
    let none = asked(&outcome, &Evidence::default());
    assert!(!shown(&none).contains("workers"), "{}", shown(&none));
    assert!(refused(&none).contains("workers: no access log"), "{}", refused(&none));
    let mut few = traffic(32.0, 50_000.0, 900_000);
    few.all.count = 999;
    let evidence = Evidence { machine: Some(machine(1, 0.01, None)), traffic: Some(few.clone()), ..Evidence::default() };
    assert!(refused(&asked(&outcome, &evidence)).contains("999 requests"));
    few.all.count = 1_000;
    few.peak = None;
    let evidence = Evidence { traffic: Some(few), ..evidence };
    let advice = asked(&outcome, &evidence);
    assert!(refused(&advice).contains("no peak") && !shown(&advice).contains("app.workers"), "{}", shown(&advice));
}

#[test]
fn a_short_queue_is_widened_as_far_as_the_kernel_lets_it() {
    // 200 requests/s of 100 ms: more than 16 are under way at once.
    let evidence = Evidence {
        machine: Some(machine(4, 0.01, None)),
        traffic: Some(traffic(200.0, 100_000.0, 900_000)),
        ..Evidence::default()
    };
    let advice = settled(&stack("workers = 4\nbacklog = 16\n", ""), &evidence);
    assert!(recommends(&advice, "app.backlog 16 -> 2048"));
    let mut narrow = Evidence { machine: Some(machine(4, 0.01, None)), ..evidence };
    narrow.machine.iter_mut().for_each(|machine| machine.somaxconn = Some(8));
    let advice = settled(&stack("workers = 4\nbacklog = 16\n", ""), &narrow);
    assert!(!shown(&advice).contains("backlog") && refused(&advice).contains("somaxconn"), "{}", refused(&advice));
}

#[test]
fn apps_share_their_host() {
    let mut two = machine(2, 0.03, None);
    let mut blog = two.masters[0].clone();
    (blog.pid, blog.unit) = (999, Some("blog.service".to_owned()));
    two.masters.push(blog);
    two.available = two.available.map(|available| available - 152 * MIB);
    let evidence =
        Evidence { machine: Some(two.clone()), traffic: Some(traffic(32.0, 50_000.0, 900_000)), ..Evidence::default() };
    let advice = settled(&stack("workers = 2\n", ""), &evidence);
    let rows = advice.budget.as_ref().expect("there is a budget").rows.iter();
    let rows: Vec<(&str, u64)> = rows.map(|row| (row.name.as_str(), row.bytes / MIB)).collect();
    // The blog: master 20, shared 2 x 6, own 2 x 60.
    assert!(rows.contains(&("blog.service", 152)), "{rows:?}");
    assert!(rows.contains(&("each worker", 60)), "{rows:?}");
    assert_eq!(advice.budget.as_ref().map(|budget| budget.workers), Some(28));
    // (20 + 12 + 2 x 60 x workers) / 0.8, in steps of 64 MiB, if it is agreed to.
    let limit = items(&advice)
        .into_iter()
        .find(|item| item.setting == "service.MemoryMax")
        .unwrap_or_else(|| panic!("{}", shown(&advice)));
    assert!(limit.needs_yes.is_some() && limit.recommended.ends_with('M'), "{limit:?}");
    // What other advice has given away is gone.
    let outcome = stack("workers = 2\n", "").check(&Facts::default());
    let advice = advise(&Question {
        stack: &outcome.stack,
        app: *outcome.stack.subjects(Kind::App).first().expect("there is an app"),
        machine: Some(&two),
        master: two.masters.first(),
        traffic: evidence.traffic.as_ref(),
        symptoms: &[],
        database: Database::default(),
        boot_seconds: None,
        reserved_bytes: 2_300 * MIB,
        goal: Goal::Throughput,
    });
    // MiB: 152 of the blog, 480 of others, 2300 reserved, 20 + 12 of its own: (3276 - 2964) / 60 = 5; without what is reserved a reload
    // decides: (4096 - 664) / 60 / 2 = 28.
    assert_eq!(advice.budget.as_ref().map(|budget| budget.workers), Some(5));
}

#[test]
fn a_database_keeps_workers_few() {
    let evidence = Evidence {
        machine: Some(machine(1, 0.03, None)),
        traffic: Some(traffic(60.0, 50_000.0, 900_000)),
        // (23 - 3) / 5 / 2 generations at HUP = 2.
        database: Database { max_connections: Some(23), pool_size: Some(5) },
        ..Evidence::default()
    };
    let advice = settled(&stack("workers = 1\n", ""), &evidence);
    assert!(recommends(&advice, "app.workers 1 -> 2 and set app.threads to 4"));
}

#[test]
fn every_goal_and_load_settles_after_one_round() {
    for goal in Goal::ALL {
        for (per_second, mean_us, cpu_each) in
            [(5.0, 20_000.0, 0.001), (32.0, 50_000.0, 0.05), (60.0, 30_000.0, 0.3), (200.0, 40_000.0, 0.02)]
        {
            for (workers, gunicorn) in [
                (1, "workers = 1\n"),
                (12, "workers = 12\ntimeout = 300\n"),
                (2, "workers = 2\nthreads = 2\n"),
                (3, "workers = 3\nworker_class = \"uvicorn.workers.UvicornWorker\"\nmax_requests = 500\n"),
            ] {
                let cpu_each = cpu_each * 3.0 / f64::from(workers);
                let evidence = Evidence {
                    machine: Some(machine(workers, cpu_each, Some(0.0))),
                    traffic: Some(traffic(per_second, mean_us, 25_000_000)),
                    goal,
                    boot_seconds: Some(3.0),
                    ..Evidence::default()
                };
                settled(&stack(gunicorn, "            proxy_read_timeout 20s;\n"), &evidence);
            }
        }
    }
}

/// A gunicorn of 8 workers that was started with these words, on the load of one that has too few.
fn started(workers: u32, words: &str) -> Evidence {
    let mut machine = machine(workers, 0.03, None);
    machine.masters[0].arguments = Some(words.split(' ').map(str::to_owned).collect());
    Evidence { machine: Some(machine), traffic: Some(traffic(32.0, 50_000.0, 41_300_000)), ..Evidence::default() }
}

#[test]
fn workers_that_run_and_no_file_names_are_not_advised_against() {
    let outcome = stack("timeout = 30\n", "").check(&Facts::default());
    let advice = asked(&outcome, &started(8, "/srv/venv/bin/gunicorn shop:app"));
    assert!(!shown(&advice).contains("workers"), "{}", shown(&advice));
    let told = refused(&advice);
    assert!(told.contains("workers: gunicorn runs with 8 workers, the files say 1 (by default"), "{told}");
    assert!(told.contains("read the unit or script that starts it too, or restart it"), "{told}");
    assert_eq!(advice.more_bytes, 0);
    // The times of the files are in force all the same.
    assert!(recommends(&advice, "app.timeout 30s -> 62s"));
    // A worker too few, as after a crash.
    let four = stack("workers = 4\n", "").check(&Facts::default());
    assert!(refused(&asked(&four, &started(3, "gunicorn shop:app"))).contains("runs with 3 workers, the files say 4"));
    assert!(!refused(&asked(&four, &started(4, "gunicorn -w 4 -t 30 shop:app"))).contains("the files say"));
    // The arbiter of dirty workers is none, whom only a control socket tells apart.
    let dirty = stack("workers = 4\ndirty_workers = 2\ndirty_apps = [\"shop:Dirty\"]\n", "").check(&Facts::default());
    let mut five = started(5, "gunicorn shop:app");
    assert!(!refused(&asked(&dirty, &five)).contains("the files say"));
    five.machine.iter_mut().for_each(|machine| machine.masters[0].stats = Some(BTreeMap::new()));
    assert!(refused(&asked(&dirty, &five)).contains("runs with 5 workers, the files say 4"));
}

#[test]
fn options_that_no_file_shows_hold_over_the_files() {
    let outcome = stack("workers = 4\ntimeout = 30\n", "").check(&Facts::default());
    let words =
        "/srv/venv/bin/python3 /srv/venv/bin/gunicorn -c /etc/shop/gunicorn.conf.py -t 300 -k gthread --threads=8 shop:app";
    let advice = asked(&outcome, &started(4, words));
    assert!(!shown(&advice).contains("app."), "{}", shown(&advice));
    let told = refused(&advice);
    for line in [
        "timeouts: gunicorn was started with -t 300, the files say 30s (",
        "gunicorn was started with -k gthread, the files say sync (by default",
        "workers: gunicorn was started with --threads 8, the files say 1 (by default",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert_eq!(advice.differing, ["threads", "worker_class", "timeout"]);
    // The same words in GUNICORN_CMD_ARGS, over which the command line holds.
    let mut variable = started(4, "gunicorn --timeout 30 shop:app");
    let words = ["-t", "300", "--max-requests", "1000"].map(str::to_owned).to_vec();
    variable.machine.iter_mut().for_each(|machine| machine.masters[0].command_args.clone_from(&words));
    let told = refused(&asked(&outcome, &variable));
    assert!(told.contains("recycling: gunicorn was started with --max-requests 1000, the files say 0"), "{told}");
    assert!(!told.contains("300"), "{told}");
    // What the control socket says is in force decides.
    let mut socket = started(4, "gunicorn -t 300 shop:app");
    let settings = |seconds: u64| Some(BTreeMap::from([("timeout".to_owned(), seconds.into())]));
    socket.machine.iter_mut().for_each(|machine| machine.masters[0].settings = settings(30));
    assert!(!refused(&asked(&outcome, &socket)).contains("the files say"));
    socket.machine.iter_mut().for_each(|machine| machine.masters[0].settings = settings(90));
    assert!(refused(&asked(&outcome, &socket)).contains("timeouts: gunicorn runs with timeout 90, the files say 30s"));
}

#[test]
fn without_workers_there_are_no_slots_to_be_busy() {
    let advice = asked(&stack("workers = 0\n", "").check(&Facts::default()), &started(0, "gunicorn shop:app"));
    let why: String = items(&advice).iter().flat_map(|item| item.why.clone()).collect();
    assert!(!why.contains("0 slots"), "{why}");
}

#[test]
fn a_host_that_is_declared_stands_for_one_that_was_not_looked_at() {
    let scratch = stack("workers = 3\n", "");
    let told = Evidence { traffic: Some(traffic(200.0, 50_000.0, 900_000)), ..Evidence::default() };
    let nothing = refused(&asked(&scratch.check(&Facts::default()), &told));
    assert!(nothing.contains("how many processors"), "{nothing}");
    let cpus = Facts { cpus: Some(2), ..Facts::default() };
    let refusals = refused(&asked(&scratch.check(&cpus), &told));
    assert!(refusals.contains("how much memory the app may use is not known (declare memory in [host]"), "{refusals}");
    assert!(refusals.contains("whether the memory carries more than 3 workers is not known"), "{refusals}");
    assert!(!refusals.contains("3 workers are possible"), "{refusals}");
    let memory = Facts { memory: Some(1 << 30), ..cpus };
    let refusals = refused(&asked(&scratch.check(&memory), &told));
    assert!(refusals.contains("declare memory-per-worker in [host]"), "{refusals}");
    let all = Facts { memory_per_worker: Some(100 << 20), ..memory };
    let outcome = scratch.check(&all);
    let advice = asked(&outcome, &told);
    // 1024 / 100 / 2 at a reload; 2 x 2 + 1 by processors, as long as nobody knows what a request computes.
    assert_eq!(advice.budget.as_ref().map(|budget| (budget.workers, budget.limit_bytes)), Some((5, 1 << 30)));
    assert!(recommends(&advice, "app.workers 3 -> 5"));
    // A root that was copied has files of a machine, and no facts.
    let empty = Evidence { machine: Some(Machine::default()), ..told };
    assert!(recommends(&asked(&outcome, &empty), "app.workers 3 -> 5"));
}

#[test]
fn what_was_given_is_not_asked_for() {
    let outcome = stack("workers = 1\n", "").check(&Facts::default());
    let asked_for = |change: &dyn Fn(&mut Traffic)| {
        let mut traffic = traffic(32.0, 50_000.0, 900_000);
        change(&mut traffic);
        refused(&asked(
            &outcome,
            &Evidence { machine: Some(machine(1, 0.03, None)), traffic: Some(traffic), ..Evidence::default() },
        ))
    };
    let few = asked_for(&|traffic| traffic.all.count = 40);
    assert!(few.contains("timeout: the slowest request that was answered well is not known: 40 requests were logged"), "{few}");
    assert!(!few.contains("%(D)s"), "{few}");
    let part = asked_for(&|traffic| {
        traffic.all.service = Default::default();
        traffic.all.service.record(5_000);
    });
    assert!(part.contains("requests tell how long a worker was busy, 1000 are the least") && !part.contains("%(D)s"), "{part}");
    let plain = asked_for(&|traffic| {
        traffic.all.slowest = None;
        traffic.routes.values_mut().for_each(|route| route.slowest = None);
    });
    assert!(plain.contains("log %(s)s beside %(D)s"), "{plain}");
    let none = asked_for(&|traffic| traffic.all.service = Default::default());
    assert!(none.contains("add %(D)s"), "{none}");
}
