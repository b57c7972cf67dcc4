//! The hooks, run by pre-commit itself on a scratch repository that takes them out of another, as users do. `language: system` takes
//! the program that is tested in place of one that pre-commit would build for minutes.

use super::{FINE, HASTY, done, gate, path, project, said};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MANIFEST: &str = ".pre-commit-hooks.yaml";

/// A repository with hooks and one that uses them, which go away with this.
struct Repositories {
    folder: tempfile::TempDir,
}

impl Repositories {
    fn new(tool: &Path, hook: &str) -> Repositories {
        let repositories = Repositories { folder: tempfile::tempdir().expect("a scratch folder") };
        let (hooks, stack) = (repositories.at("hooks"), repositories.at("stack"));
        for folder in [&hooks, &stack] {
            fs::create_dir(folder).expect("the folder is made");
            done(repositories.command("git", folder).args(["init", "--quiet"]));
        }
        fs::copy(project().join(MANIFEST), hooks.join(MANIFEST)).expect("the manifest is copied");
        repositories.add(&hooks, &[MANIFEST]);
        done(repositories.command("git", &hooks).args(["commit", "--quiet", "-m", "hooks"]));
        let revision = done(repositories.command("git", &hooks).args(["rev-parse", "HEAD"]));
        let config = format!(
            "repos:\n- repo: {}\n  rev: {}\n  hooks:\n  - id: {hook}\n    language: system\n",
            hooks.display(),
            revision.trim()
        );
        fs::write(stack.join(".pre-commit-config.yaml"), config).expect("the configuration is written");
        repositories.add(&stack, &[".pre-commit-config.yaml"]);
        done(repositories.command(tool, &stack).arg("install"));
        repositories
    }

    fn at(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A command that sees no settings of whoever runs the tests.
    fn command(&self, program: impl AsRef<Path>, folder: &Path) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(folder).env_clear().env("PATH", path()).env("HOME", self.folder.path());
        command.env("PRE_COMMIT_HOME", self.at("cache")).env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "a").env(format!("GIT_{role}_EMAIL"), "a@example.org");
        }
        command
    }

    fn add(&self, folder: &Path, files: &[&str]) {
        done(self.command("git", folder).arg("add").args(files));
    }

    /// Writes a file of the stack and tries to commit it.
    fn commit(&self, file: &str, text: &str) -> Output {
        let stack = self.at("stack");
        fs::write(stack.join(file), text).expect("the file is written");
        self.add(&stack, &[file]);
        self.command("git", &stack).args(["commit", "-m", file]).output().expect("git starts")
    }
}

#[test]
fn the_manifest_is_one() {
    let Some(tool) = gate("bin/pre-commit") else { return };
    done(Command::new(tool).arg("validate-manifest").arg(project().join(MANIFEST)));
}

#[test]
fn a_bad_commit_is_blocked_and_a_good_one_passes() {
    let Some(tool) = gate("bin/pre-commit") else { return };
    let repositories = Repositories::new(&tool, "gearmesh");
    let blocked = repositories.commit("shop.service", HASTY);
    assert!(!blocked.status.success(), "{}", said(&blocked));
    assert!(said(&blocked).contains("stop-grace-below-graceful-timeout"), "{}", said(&blocked));
    let passed = repositories.commit("shop.service", FINE);
    assert!(passed.status.success(), "{}", said(&passed));
    assert!(said(&passed).contains("gearmesh check") && said(&passed).contains("Passed"), "{}", said(&passed));
    // The rest of the stack counts, whichever file changes.
    let other = repositories.commit("gunicorn.conf.py", "graceful_timeout = 300\n");
    assert!(!other.status.success() && said(&other).contains("shop.service:1:1"), "{}", said(&other));
    done(repositories.command("git", &repositories.at("stack")).args(["rm", "--quiet", "--force", "gunicorn.conf.py"]));
    let foreign = repositories.commit("notes.md", "hello\n");
    assert!(foreign.status.success() && said(&foreign).contains("Passed"), "{}", said(&foreign));
}

#[test]
fn the_fixing_hook_changes_the_file_and_the_next_commit_passes() {
    let Some(tool) = gate("bin/pre-commit") else { return };
    let repositories = Repositories::new(&tool, "gearmesh-fix");
    let blocked = repositories.commit("shop.service", HASTY);
    assert!(!blocked.status.success(), "{}", said(&blocked));
    assert!(said(&blocked).contains("files were modified by this hook"), "{}", said(&blocked));
    let fixed = fs::read_to_string(repositories.at("stack/shop.service")).expect("the unit is there");
    assert!(fixed.contains("TimeoutStopSec=35"), "{fixed}");
    let passed = repositories.commit("shop.service", &fixed);
    assert!(passed.status.success(), "{}", said(&passed));
}

/// No list of names would hold all that is read: an include of nginx and `-c` of gunicorn name any file.
#[test]
fn whatever_is_committed_starts_the_hooks() {
    let Some(tool) = gate("bin/pre-commit") else { return };
    let manifest = fs::read_to_string(project().join(MANIFEST)).expect("the manifest is there");
    assert_eq!(manifest.matches("\n  always_run: true").count(), manifest.matches("- id: ").count());
    assert!(!manifest.contains("files:") && !manifest.contains("types"), "{manifest}");
    let repositories = Repositories::new(&tool, "gearmesh");
    let unit = FINE.replace("gunicorn -w", "gunicorn -c /srv/a/server.settings -w");
    assert!(repositories.commit("shop.service", &unit).status.success());
    for (name, text) in [("server.settings", "graceful_timeout = 300\n"), ("notes.md", "hello\n")] {
        let blocked = repositories.commit(name, text);
        assert!(!blocked.status.success() && said(&blocked).contains("stop-grace-below-graceful-timeout"), "{}", said(&blocked));
    }
}
