//! A repository on disk with something beside it, and runs of the program in it: bounded in memory, and ended if they never end.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The address space of a run, in KiB: less than one careless table of a million entries, more than threads and the largest file need.
pub const MEMORY: u64 = 1 << 20;

/// When a run is taken for one that hangs. Nothing is timed: on a machine that does something else, too, a run may take long.
const HANGS: Duration = Duration::from_secs(300);

/// A folder `repository`, beside which there may be files of somebody else.
pub struct Repository {
    folder: tempfile::TempDir,
}

/// How a run ended.
pub struct Ended {
    /// What was run, for messages.
    pub command: String,
    /// None when a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Repository {
    pub fn new() -> Repository {
        let folder = tempfile::tempdir().expect("a scratch folder");
        fs::create_dir(folder.path().join("repository")).expect("the folder is made");
        Repository { folder }
    }

    /// With these files: path and text.
    pub fn of(files: &[(&str, &str)]) -> Repository {
        let made = Repository::new();
        files.iter().for_each(|(path, text)| made.write(path, text));
        made
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// What lies beside the repository, and is not given to the program.
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// A file; `../secret` lies beside the repository.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.place(path);
        fs::write(&path, text).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
    }

    pub fn link(&self, path: &str, to: impl AsRef<Path>) {
        symlink(to, self.place(path)).unwrap_or_else(|problem| panic!("{path}: {problem}"));
    }

    pub fn pipe(&self, path: &str) {
        let path = self.place(path);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success(), "{}", path.display());
    }

    /// The path, whose folder is there.
    pub fn place(&self, path: &str) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
        path
    }

    /// Runs the program in the repository.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.run_named("", MEMORY, arguments)
    }

    /// The same with an address space, in KiB, and a name for the table.
    pub fn run_named(&self, name: &str, memory: u64, arguments: &[&str]) -> Ended {
        let mut command = Command::new("sh");
        let measure = std::env::var_os("HOSTILE_TABLE").map(|_| self.folder.path().join("measured"));
        let timed =
            measure.as_ref().map_or(String::new(), |file| format!("/usr/bin/time -o '{}' -f '%e s | %M KiB' ", file.display()));
        command.args(["-c", &format!("ulimit -v {memory} && exec {timed}\"$@\""), "sh", env!("CARGO_BIN_EXE_gearmesh")]);
        command.args(arguments);
        let ended = self.finish(&mut command, &arguments.join(" "));
        if let Some(measured) = measure.and_then(|file| fs::read_to_string(file).ok()) {
            let told = measured.lines().last().unwrap_or_default();
            let code = ended.code.map_or_else(|| "signal".to_owned(), |code| code.to_string());
            println!("measured | {name} | {} | {told} | {code} | {}", ended.command, ended.message());
        }
        ended
    }

    /// Runs a command in the repository to its end.
    pub fn finish(&self, command: &mut Command, name: &str) -> Ended {
        let (out, err) = (self.folder.path().join("out"), self.folder.path().join("err"));
        let made = |path: &Path| File::create(path).expect("the file is made");
        command.current_dir(self.path()).stdin(Stdio::null()).stdout(made(&out)).stderr(made(&err));
        // Nothing of the person who runs the tests: no configuration of git, no width.
        command.env("HOME", self.folder.path()).env_remove("XDG_CONFIG_HOME").env_remove("COLUMNS");
        let mut child = command.spawn().expect("it starts");
        let begun = Instant::now();
        let status = loop {
            match child.try_wait().expect("it is waited for") {
                Some(status) => break status,
                None if begun.elapsed() > HANGS => {
                    let _ = child.kill();
                    panic!("{name} hangs");
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let read = |path: &Path| fs::read(path).expect("it is read");
        let ended =
            Ended { command: name.to_owned(), code: status.code(), signal: status.signal(), out: read(&out), err: read(&err) };
        let _ = (fs::remove_file(out), fs::remove_file(err));
        ended
    }
}

impl Ended {
    /// Both outputs, with bytes that are not UTF-8 replaced.
    pub fn text(&self) -> String {
        format!("{}{}", self.out(), self.err())
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.err).into_owned()
    }

    /// The first line that tells what is wrong, or else the last one.
    pub fn message(&self) -> String {
        let (err, out) = (self.err(), self.out());
        let line = err.lines().next().or(out.lines().last()).unwrap_or_default();
        line.chars().take(160).collect()
    }

    /// Holds that it ended as a program ends that did its work or says why not: no signal, no panic, no failed allocation.
    pub fn honest(&self) -> &Ended {
        let told = self.err();
        assert!(self.code.is_some_and(|code| code <= 2), "{}: {:?} {:?}: {told}", self.command, self.code, self.signal);
        assert!(!told.contains("panicked") && !told.contains("memory allocation"), "{}: {told}", self.command);
        self
    }
}
