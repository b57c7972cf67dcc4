//! Files that change, come and go while they are read: whatever a run sees, it ends and says so.

use super::outside::UNIT;
use super::run::Repository;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs in CI; HOSTILE_CASES says another number.
const RUNS: usize = 20;

#[test]
fn files_that_move_while_they_are_read_end() {
    let runs = std::env::var("HOSTILE_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(RUNS);
    let made = Repository::of(&[("a.service", UNIT), ("nginx.conf", "events {}\nhttp { include conf.d/*.conf; }\n")]);
    (0..200)
        .for_each(|at| made.write(&format!("conf.d/{at}.conf"), "server { location / { proxy_pass http://127.0.0.1:8000; } }\n"));
    let (path, stop) = (made.path().join("conf.d"), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // One grows, one goes and comes back, one becomes a pipe, one a folder, one a link that leads outside.
            let at = |number: usize| path.join(format!("{number}.conf"));
            for turn in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let number = turn % 40;
                let _ = fs::write(at(number), "server { }\n".repeat(turn % 1000));
                let _ = fs::remove_file(at(number + 40));
                let _ = fs::write(at(number + 40), "server {");
                let _ = fs::remove_file(at(number + 80));
                let _ = Command::new("mkfifo").arg(at(number + 80)).status();
                let _ = fs::remove_file(at(number + 80));
                let _ = fs::create_dir(at(number + 120));
                let _ = fs::remove_dir(at(number + 120));
                let _ = std::os::unix::fs::symlink("/etc/shadow", at(number + 120));
                let _ = fs::remove_file(at(number + 120));
            }
        });
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..runs {
                let ended = made.run(&["check", "--verbose", "--format", "concise"]);
                ended.honest();
                assert!(!ended.text().contains("root:"), "{}", ended.text());
            }
        }));
        stop.store(true, Ordering::Relaxed);
        done.unwrap_or_else(|fault| std::panic::resume_unwind(fault));
    });
}
