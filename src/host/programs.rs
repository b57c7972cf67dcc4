//! Programs of this machine that are asked: ss, nginx, systemctl. Only ones that report; nothing is changed.
//!
//! In: a program's name and arguments. Out: what it printed, or none when it is not there, fails or takes too long. Of a copy none.

use super::tree::Tree;
use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a program is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most that is read of an answer, in bytes.
const MOST: u64 = 16 << 20;

/// What a program prints on standard output and, behind that, on standard error.
pub fn run(tree: &Tree, program: &str, arguments: &[&str]) -> Option<String> {
    if !tree.is_live() {
        return None;
    }
    let mut command = Command::new(find(program)?);
    command.args(arguments).env("LC_ALL", "C").env("SYSTEMD_PAGER", "").current_dir("/");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let (out, errors) = (collect(child.stdout.take()?), collect(child.stderr.take()?));
    let end = Instant::now() + PATIENCE;
    let answers = [out, errors].map(|answer| answer.recv_timeout(end.saturating_duration_since(Instant::now())));
    let succeeded = finish(&mut child, end);
    let [out, errors] = answers;
    Some(out.ok()? + &errors.ok()?).filter(|_| succeeded)
}

/// Reads a pipe to its end on a thread of its own, so that no pipe fills up.
fn collect(pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.take(MOST).read_to_end(&mut bytes);
        // Nobody listens any more when it took too long.
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}

/// Waits until the program ends, or ends it. Whether it succeeded.
fn finish(child: &mut Child, end: Instant) -> bool {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
            _ => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// A program in the folders of PATH that are absolute, and where those of the system are, which PATH of a user may leave out.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    let folders = env::split_paths(&path).filter(|folder| folder.is_absolute()).chain(usual);
    folders.map(|folder| folder.join(program)).find(|file| Path::is_file(file))
}
