//! The control socket of gunicorn >= 25.1 (gunicorn/ctl/protocol.py and server.py of 27.0.1): asked, never told to do anything.
//!
//! In: the path of a listening socket. Out: what its `show` commands answer. A message is its length as four bytes, big-endian, and
//! that much JSON. Whoever answers is not trusted: answers are bounded in size and time, and anything but `show` cannot be said.

use serde_json::{Map, Value, json};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long each reading and writing may take, and all questions together: connecting alone waits without end when the queue of a
/// master that hangs is full.
const PATIENCE: Duration = Duration::from_secs(1);
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(3);
/// The longest answer, in bytes.
const LONGEST: u32 = 1 << 20;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Config,
    Stats,
    Workers,
}

impl Show {
    fn name(self) -> &'static str {
        match self {
            Show::Config => "config",
            Show::Stats => "stats",
            Show::Workers => "workers",
        }
    }
}

/// What a master tells of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub config: Option<Map<String, Value>>,
    pub stats: Map<String, Value>,
    /// Process and seconds since it last told its master that it is alive. What `show workers` says of booting is not reliable.
    pub heartbeats: Vec<(u64, f64)>,
}

/// Asks the master that listens on one of these paths, the first that answers.
pub fn ask(paths: Vec<PathBuf>) -> Option<Told> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        // Nobody listens any more when it took too long.
        let _ = send.send(paths.iter().find_map(|path| told(path).ok()));
    });
    receive.recv_timeout(PATIENCE_FOR_ALL).ok().flatten()
}

fn told(path: &Path) -> io::Result<Told> {
    let mut control = Control::connect(path)?;
    let stats = control.show(Show::Stats)?;
    let config = control.show(Show::Config).ok();
    let workers = control.show(Show::Workers).unwrap_or_default();
    let workers = workers.get("workers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let heartbeat = |worker: &Value| Some((worker.get("pid")?.as_u64()?, worker.get("last_heartbeat")?.as_f64()?));
    Ok(Told { config, stats, heartbeats: workers.iter().filter_map(heartbeat).collect() })
}

/// A connection to a master.
struct Control {
    stream: UnixStream,
    asked: u64,
}

impl Control {
    /// # Errors
    /// Nobody listens there, or permission is missing.
    fn connect(path: &Path) -> io::Result<Control> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Control { stream, asked: 0 })
    }

    /// # Errors
    /// There is no answer in time, or none of this protocol.
    fn show(&mut self, what: Show) -> io::Result<Map<String, Value>> {
        self.asked += 1;
        let question = json!({ "id": self.asked, "command": format!("show {}", what.name()), "args": [] }).to_string();
        let length = u32::try_from(question.len()).map_err(io::Error::other)?;
        self.stream.write_all(&[&length.to_be_bytes(), question.as_bytes()].concat())?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > LONGEST {
            return Err(io::Error::other("the answer is too long"));
        }
        let mut answer = Vec::new();
        (&self.stream).take(length.into()).read_to_end(&mut answer)?;
        self.data(&answer)
    }

    /// `{"id": 1, "status": "ok", "data": {...}}`.
    fn data(&self, answer: &[u8]) -> io::Result<Map<String, Value>> {
        let answer: Value = serde_json::from_slice(answer)?;
        let is_ours = answer.get("id") == Some(&self.asked.into()) && answer.get("status") == Some(&"ok".into());
        match answer.get("data") {
            Some(Value::Object(data)) if is_ours => Ok(data.clone()),
            _ => Err(io::Error::other("no answer to what was asked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::thread;

    /// A master that answers each question with a text, and tells what it was asked.
    fn asked(answer: &'static str) -> (io::Result<Map<String, Value>>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gunicorn.ctl");
        let listener = UnixListener::bind(&path).unwrap();
        let master = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut question = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut question).unwrap();
            let length = if answer == "long" { u32::MAX } else { answer.len() as u32 };
            // Who asked may have gone away already.
            let _ = stream.write_all(&[&length.to_be_bytes(), answer.as_bytes()].concat());
            String::from_utf8(question).unwrap()
        });
        let answer = Control::connect(&path).unwrap().show(Show::Config);
        (answer, master.join().unwrap())
    }

    #[test]
    fn an_answer_is_what_was_asked_for_or_an_error() {
        let (answer, question) = asked(r#"{"id": 1, "status": "ok", "data": {"workers": 2}}"#);
        assert_eq!(question, r#"{"id":1,"command":"show config","args":[]}"#);
        assert_eq!(answer.unwrap().get("workers"), Some(&2.into()));
        for strange in [
            r#"{"id": 2, "status": "ok", "data": {}}"#,
            r#"{"id": 1, "status": "error", "error": "no"}"#,
            r#"{"id": 1, "status": "ok", "data": []}"#,
            "[[[[",
            "",
            "long",
        ] {
            assert!(asked(strange).0.is_err(), "{strange}");
        }
    }
}
