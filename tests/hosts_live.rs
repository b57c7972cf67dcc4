//! Real gunicorns that run while this machine is looked at: the right processes, files, versions and listeners, memory in a sane
//! relation, control sockets that answer. A version that is not in target/gunicorn is skipped with a message.

mod support;

use gearmesh::evidence::machine::{Machine, Master};
use gearmesh::host;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::gunicorn::is_there;

/// How long gunicorn may take to boot on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the application holds, in bytes, on pages of its own.
const BALLAST: u64 = 40 << 20;

/// A running gunicorn, which ends with its owner.
struct Gunicorn {
    child: Child,
    folder: tempfile::TempDir,
    workers: Vec<u32>,
}

impl Gunicorn {
    /// Starts one with two workers, and waits for both.
    fn start(version: &str, arguments: &[&str], titles: bool) -> Gunicorn {
        let folder = tempfile::tempdir().expect("a scratch folder");
        Gunicorn::start_in(folder, version, arguments, titles)
    }

    fn start_in(folder: tempfile::TempDir, version: &str, arguments: &[&str], titles: bool) -> Gunicorn {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
        let here = fs::canonicalize(folder.path()).expect("the folder is there");
        let app = format!(
            "ballast = bytearray({BALLAST})\n\
             def app(environ, start):\n    start('200 OK', [('Content-Length', '2')])\n    return [b'ok']\n"
        );
        fs::write(here.join("held.py"), app).expect("the app is written");
        fs::write(here.join("own.conf.py"), "workers = 2\n").expect("the configuration is written");
        let packages = target.join("gunicorn").join(version);
        let mut paths = vec![packages.clone(), target.join("gunicorn/support")];
        if titles {
            paths.push(target.join("gunicorn/titles"));
        }
        let mut command = Command::new(target.join("venv/bin/python"));
        command.env_clear().env("HOME", &here).env("PATH", "/usr/bin:/bin");
        command.env("PYTHONPATH", std::env::join_paths(paths).expect("paths without colons"));
        command.arg("-B").arg(packages.join("bin/gunicorn")).args(["-b", "unix:own.sock", "--backlog", "77"]);
        command.args(arguments).arg("held:app").current_dir(&here);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(here.join("log")).expect("a log"));
        let mut gunicorn = Gunicorn { child: command.spawn().expect("python starts"), folder, workers: Vec::new() };
        gunicorn.wait_for_workers();
        gunicorn
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn folder(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).expect("the folder is there")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Until each of two workers has said that it boots and holds the ballast (a preloading master does, before).
    fn wait_for_workers(&mut self) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.workers = children(self.pid());
            let is_loaded = |pid: &u32| resident(*pid) > BALLAST;
            if self.workers.len() == 2 && self.workers.iter().all(is_loaded) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("gunicorn did not start: {}", self.log());
    }

    fn found(&self, machine: &Machine) -> Master {
        let found: Vec<&Master> = machine.masters.iter().filter(|master| master.pid == self.pid()).collect();
        assert_eq!(found.len(), 1, "{:?}", machine.masters);
        found[0].clone()
    }
}

impl Gunicorn {
    /// As it is found when its control socket answers, which may be after its workers boot.
    fn told(&self) -> Master {
        let end = Instant::now() + PATIENCE;
        loop {
            let master = self.found(&look());
            if master.settings.is_some() || Instant::now() > end {
                return master;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Gunicorn {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.pid().to_string()).status();
        let _ = self.child.wait();
    }
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let mut children: Vec<u32> = text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    children.sort_unstable();
    children
}

fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

fn look() -> Machine {
    host::look(Path::new("/"), Duration::ZERO).0
}

/// What holds however it was started.
fn is_right(gunicorn: &Gunicorn, master: &Master, version: &str) {
    let here = gunicorn.folder();
    assert_eq!(master.workers.iter().map(|worker| worker.pid).collect::<Vec<_>>(), gunicorn.workers);
    assert_eq!(master.application.as_deref(), Some("held:app"));
    assert_eq!(master.folder.as_deref(), here.to_str());
    assert_eq!(master.version.as_deref(), Some(version));
    let addresses: Vec<&str> = master.listeners.iter().map(|listener| listener.address.as_str()).collect();
    assert_eq!(addresses, [format!("unix:{}/own.sock", here.display())], "without the control socket");
    if Command::new("ss").arg("-V").output().is_ok() {
        assert_eq!(master.listeners[0].backlog, Some(77));
        assert_eq!(master.listeners[0].queued, Some(0));
    }
    for worker in &master.workers {
        let (uss, pss, rss) = (worker.memory.uss.unwrap(), worker.memory.pss.unwrap(), worker.memory.rss.unwrap());
        assert!(0 < uss && uss <= pss && pss <= rss, "{worker:?}");
        assert!(rss > BALLAST && worker.threads == Some(1), "{worker:?}");
        assert!(worker.started >= master.started && master.started.is_some(), "{worker:?}");
    }
}

#[test]
fn masters_and_workers_are_found_with_what_they_are_started_from() {
    for version in ["20.1.0", "23.0.0", "27.0.1"] {
        if !is_there(version) {
            continue;
        }
        let gunicorn = Gunicorn::start(version, &["-c", "own.conf.py"], false);
        let master = gunicorn.found(&look());
        is_right(&gunicorn, &master, version);
        assert_eq!(master.config.as_deref(), gunicorn.folder().join("own.conf.py").to_str());
        assert!(master.arguments.unwrap().contains(&"own.conf.py".to_owned()));
        assert!(master.workers.iter().all(|worker| worker.memory.uss.unwrap() > BALLAST), "each has its own");
    }
}

#[test]
fn preloaded_pages_are_no_workers_own() {
    let version = "23.0.0";
    if !is_there(version) {
        return;
    }
    let gunicorn = Gunicorn::start(version, &["-w", "2", "--preload"], false);
    let master = gunicorn.found(&look());
    is_right(&gunicorn, &master, version);
    assert_eq!(master.config, None, "there is no gunicorn.conf.py");
    for worker in &master.workers {
        assert!(worker.memory.uss.unwrap() < BALLAST / 2 && worker.memory.pss.unwrap() < BALLAST, "{worker:?}");
    }
}

#[test]
fn titles_hide_arguments_and_nothing_else() {
    let version = "27.0.1";
    if !is_there(version) || !is_there("titles") {
        return;
    }
    let gunicorn = Gunicorn::start(version, &["-w", "2"], true);
    let title = fs::read_to_string(format!("/proc/{}/cmdline", gunicorn.pid())).expect("it runs");
    assert!(title.starts_with("gunicorn: master [held:app]"), "{title}");
    let master = gunicorn.told();
    assert_eq!((master.arguments.as_ref(), master.config.as_ref()), (None, None));
    let workers: Vec<u32> = master.workers.iter().map(|worker| worker.pid).collect();
    assert_eq!(workers, gunicorn.workers);
    assert_eq!(master.application.as_deref(), Some("held:app"));
    // The package path of gunicorn itself was in the environment, which the title has overwritten.
    assert!(master.version.is_none() || master.version.as_deref() == Some(version), "{:?}", master.version);
    assert_eq!(master.settings.expect("the control socket answers")["workers"], json!(2));
}

#[test]
fn control_sockets_tell_what_is_in_force() {
    let version = "27.0.1";
    if !is_there(version) {
        return;
    }
    let arguments = ["-w", "2", "--timeout", "41", "--worker-class", "gthread", "--threads", "3"];
    let first = Gunicorn::start(version, &arguments, false);
    let master = first.told();
    let settings = master.settings.expect("the control socket answers");
    assert_eq!((&settings["workers"], &settings["timeout"], &settings["threads"]), (&json!(2), &json!(41), &json!(3)));
    let stats = master.stats.expect("it counts");
    assert_eq!((&stats["pid"], &stats["workers_target"]), (&json!(first.pid()), &json!(2)));
    assert!(master.workers.iter().all(|worker| worker.heartbeat.is_some()), "{:?}", master.workers);
    // Looking has changed nothing.
    assert_eq!(children(first.pid()), first.workers);
    let log = first.log();
    assert!(!log.contains("Handling signal") && !log.contains("Error"), "{log}");
}

#[test]
fn a_control_socket_that_another_has_taken_over_tells_nothing() {
    let version = "27.0.1";
    if !is_there(version) {
        return;
    }
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("shared.ctl");
    let arguments = |timeout| ["-w", "2", "--timeout", timeout, "--control-socket", path.to_str().expect("UTF-8")];
    let first = Gunicorn::start(version, &arguments("41"), false);
    let second = Gunicorn::start(version, &arguments("42"), false);
    assert_eq!(second.told().settings.expect("it answers")["timeout"], json!(42));
    assert_eq!(first.found(&look()).settings, None, "it would be the other one's");
}

#[test]
fn a_worker_that_computes_is_told_from_one_that_does_not() {
    let version = "23.0.0";
    if !is_there(version) {
        return;
    }
    let folder = tempfile::tempdir().expect("a scratch folder");
    // Only one of the two gets the lock, and computes.
    let hook = "import fcntl, threading\nworkers = 2\ndef compute(lock):\n    while True: sum(range(1000))\n\
                def post_worker_init(worker):\n    worker.lock = open('lock', 'w')\n    try:\n        \
                fcntl.flock(worker.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n    except OSError:\n        return\n    \
                threading.Thread(target=compute, args=(worker.lock,), daemon=True).start()\n";
    fs::write(folder.path().join("gunicorn.conf.py"), hook).expect("the configuration is written");
    let gunicorn = Gunicorn::start_in(folder, version, &[], false);
    let (machine, _) = host::look(Path::new("/"), Duration::from_secs(1));
    let master = gunicorn.found(&machine);
    assert_eq!(master.config.as_deref(), gunicorn.folder().join("gunicorn.conf.py").to_str());
    let mut shares: Vec<f64> = master.workers.iter().map(|worker| worker.cpu.expect("it was watched")).collect();
    shares.sort_by(f64::total_cmp);
    assert!(shares[0] < shares[1], "{shares:?}");
    assert!(master.workers.iter().all(|worker| worker.growth.is_some()));
    assert!(machine.window.expect("it was watched") >= 1.0 && machine.busy.expect("it was watched") > 0.0);
}

#[test]
fn processes_that_come_and_go_meanwhile_are_no_error() {
    let churn = std::thread::spawn(|| {
        for _ in 0..200 {
            // Its name is all that makes it gunicorn.
            let _ = Command::new("bash").args(["-c", "exec -a gunicorn true"]).status();
        }
    });
    while !churn.is_finished() {
        let (machine, missing) = host::look(Path::new("/"), Duration::from_millis(1));
        assert!(machine.cpus.is_some() && machine.memory.is_some());
        let about_files: Vec<_> = missing.iter().filter(|missing| missing.why.contains("no such")).collect();
        assert!(about_files.is_empty(), "{about_files:?}");
    }
    churn.join().expect("it ends");
}

#[test]
fn who_may_not_look_sees_less_and_is_told_what_would_help() {
    let version = "23.0.0";
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_there(version) {
        return;
    }
    if !is_root || Command::new("setpriv").arg("--version").output().is_err() {
        println!("skipped: another user can only be tried as root, with setpriv");
        return;
    }
    let gunicorn = Gunicorn::start(version, &["-w", "2"], false);
    // Where everybody may run it.
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is opened");
    let program = folder.path().join("gearmesh");
    fs::copy(env!("CARGO_BIN_EXE_gearmesh"), &program).expect("it is copied");
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    command.args(["facts", "--sample", "10ms", "--format", "json"]).current_dir(folder.path());
    let output = command.output().expect("setpriv runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let evidence: gearmesh::evidence::Evidence = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let master = gunicorn.found(&evidence.machines[0]);
    assert_eq!(master.workers.iter().map(|worker| worker.pid).collect::<Vec<_>>(), gunicorn.workers);
    assert_eq!((master.application.as_deref(), master.user.as_deref()), (Some("held:app"), Some("root")));
    assert!(master.workers.iter().all(|worker| worker.memory.uss.is_none() && worker.memory.rss > Some(BALLAST)));
    assert_eq!((&master.folder, &master.settings), (&None, &None));
    let own = |missing: &&gearmesh::evidence::Missing| missing.what.contains(&gunicorn.pid().to_string());
    let missing: Vec<_> = evidence.missing.iter().filter(own).collect();
    assert_eq!(missing.len(), 3, "memory, listeners, folder: {:?}", evidence.missing);
    for missing in missing {
        assert!(missing.why.ends_with("permission denied") && missing.remedy == "run as root", "{missing:?}");
    }
}

#[test]
fn an_empty_group_below_a_quota_has_that_quota() {
    let top = Path::new("/sys/fs/cgroup/cpu").join(format!("gearmesh-test-{}", std::process::id()));
    let child = top.join("child");
    if fs::create_dir_all(&child).is_err() || fs::write(top.join("cpu.cfs_quota_us"), "50000").is_err() {
        let _ = fs::remove_dir(&child).and_then(|()| fs::remove_dir(&top));
        println!("skipped: there is no control group of version 1 for processors that may be written to");
        return;
    }
    let version = "23.0.0";
    if is_there(version) {
        let gunicorn = Gunicorn::start(version, &["-w", "2"], false);
        for pid in [gunicorn.pid()].iter().chain(&gunicorn.workers) {
            fs::write(child.join("cgroup.procs"), pid.to_string()).expect("it is moved");
        }
        assert_eq!(gunicorn.found(&look()).limits.quota, Some(0.5));
    }
    fs::remove_dir(&child).and_then(|()| fs::remove_dir(&top)).expect("nobody is left in it");
}

#[test]
fn a_configuration_that_was_written_after_the_start_wants_a_reload() {
    let version = "23.0.0";
    if !is_there(version) {
        return;
    }
    let gunicorn = Gunicorn::start(version, &["-c", "own.conf.py"], false);
    let config = gunicorn.folder().join("own.conf.py");
    let elsewhere = tempfile::tempdir().expect("a scratch folder");
    let drift = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
        command.args(["facts", "--sample", "0", "--format", "json"]).arg(elsewhere.path());
        let output = command.output().expect("gearmesh starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let evidence: gearmesh::evidence::Evidence = serde_json::from_slice(&output.stdout).expect("it is JSON");
        gunicorn.found(&evidence.machines[0]).drift
    };
    assert_eq!(drift(), Vec::<String>::new());
    let file = fs::File::options().append(true).open(&config).expect("it is opened");
    file.set_modified(std::time::SystemTime::now() + Duration::from_secs(60)).expect("its time is set");
    assert_eq!(drift(), [format!("{} is newer than the processes: reload needed", config.display())]);
}
