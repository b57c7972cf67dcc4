//! The hooks, run by pre-commit itself on a scratch repository that takes them out of another, as users do. `language: system` takes
//! the program that is tested in place of one that pre-commit would build for minutes.

use super::{FINE, HASTY, done, gate, path, project, said};
use gearmesh::check::check;
use gearmesh::config::Config;
use gearmesh::formats::recognise::{Guess, by_name};
use gearmesh::model::facts::Facts;
use gearmesh::source::Input;
use std::collections::BTreeSet;
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
    assert!(foreign.status.success() && said(&foreign).contains("Skipped"), "{}", said(&foreign));
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

/// What gearmesh would read starts the hook: all that the stacks of the tests read, and every name that it knows.
#[test]
fn whatever_is_read_starts_the_hook() {
    let Some(python) = gate("bin/python") else { return };
    let mut names: BTreeSet<PathBuf> = BTreeSet::new();
    for stack in fs::read_dir("testdata/stacks").expect("the stacks are there").flatten() {
        let input = Input { paths: vec![stack.path()], ..Input::default() };
        let outcome = check(&input, &Facts::default(), &Config::default()).expect("the stack is read");
        names.extend(
            outcome
                .stack
                .documents
                .iter()
                .filter_map(|document| document.path.strip_prefix(stack.path()).ok().map(Path::to_owned)),
        );
    }
    assert!(names.len() > 60, "{}", names.len());
    let known = [
        "a.service",
        "a.socket",
        "a.service.d/b.conf",
        "gunicorn.conf.py",
        "gunicorn.py.j2",
        "deploy.sh",
        "start.bash",
        "a.ini",
        "compose.yml",
        "k8s/web.yaml",
        "Dockerfile",
        "Dockerfile.prod",
        "web.dockerfile",
        "Containerfile",
        "Procfile",
        "Procfile.web",
        "fly.toml",
        "railway.json",
        "railway.toml",
        "nginx.conf",
        "nginx.conf.template",
        "site.vhost",
        "nginx/snippets/headers.inc",
        "sites-available/shop.example",
        "etc/nginx/mime.types",
        "conf.d/a.include",
        "requirements.txt",
        "requirements-dev.txt",
        "requirements/base.txt",
        "Pipfile",
        "Pipfile.lock",
        "pyproject.toml",
        "uv.lock",
        "poetry.lock",
        "tmpfiles.d/shop.conf",
        "start",
        "gearmesh.toml",
    ];
    names.extend(known.iter().map(PathBuf::from));
    let unknown: Vec<&&str> = known.iter().filter(|name| by_name(Path::new(name)) == Guess::No).collect();
    assert_eq!(unknown, [&"gearmesh.toml"], "names that gearmesh does not know prove nothing");
    let ask = "import sys, re, yaml\n\
               hooks = yaml.safe_load(open(sys.argv[1]))\n\
               for hook in hooks:\n  for name in sys.argv[2:]:\n    if not re.search(hook['files'], name): print(hook['id'], name)\n";
    let missed = done(Command::new(python).args(["-c", ask]).arg(project().join(MANIFEST)).args(&names));
    assert_eq!(missed, "");
}
