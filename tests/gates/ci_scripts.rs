//! The scripts in what is written for CI, run as the services run them, with the program that is tested in place of one they would build.

use super::ci::{ACTION, JOB, read};
use super::{FINE, GEARMESH, HASTY, installed, path, project, said};
use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

/// A runner of GitHub: a folder for the job, one for the action, and the files that steps write to.
struct Runner {
    folder: tempfile::TempDir,
}

impl Runner {
    /// As the action stands after its build came out of the cache.
    fn new(unit: &str) -> Runner {
        let runner = Runner { folder: tempfile::tempdir().expect("a scratch folder") };
        for below in ["temp/gearmesh/bin", "work/deploy here"] {
            fs::create_dir_all(runner.folder.path().join(below)).expect("the folder is made");
        }
        symlink(GEARMESH, runner.folder.path().join("temp/gearmesh/bin/gearmesh")).expect("the program is linked");
        fs::write(runner.folder.path().join("work/deploy here/a.service"), unit).expect("the unit is written");
        runner
    }

    /// Runs a step's script as GitHub does; `STATUS` is what an earlier step left.
    fn run(&self, step: &Json, variables: &[(&str, &str)]) -> Output {
        let at = |below: &str| self.folder.path().join(below);
        let script = step["run"].as_str().expect("the step has a script");
        fs::write(at("script.sh"), script).expect("the script is written");
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(at("script.sh")).current_dir(at("work"));
        command.env("RUNNER_TEMP", at("temp")).env("GITHUB_OUTPUT", at("output")).env("GITHUB_ACTION_PATH", project());
        command.envs(variables.iter().copied()).output().expect("bash starts")
    }

    fn outputs(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap_or_default()
    }
}

fn step<'a>(action: &'a Json, key: &str, value: &str) -> &'a Json {
    let steps = action["runs"]["steps"].as_array().expect("there are steps");
    steps.iter().find(|step| step[key] == value).expect("there is such a step")
}

#[test]
fn the_actions_scripts_check_and_tell_the_status() {
    if installed("bash").is_none() {
        return;
    }
    let action = read(ACTION);
    let (check, verdict) = (step(&action, "id", "check"), step(&action, "name", "Verdict"));
    for (unit, status) in [(HASTY, "1"), (FINE, "0")] {
        let runner = Runner::new(unit);
        // A path with a blank, and one input that no shell may take for code.
        let inputs = [("PATHS", "deploy here\n"), ("ARGUMENTS", "--host cpus=2"), ("UPLOAD", "true")];
        let checked = runner.run(check, &inputs);
        assert!(checked.status.success(), "{}", said(&checked));
        assert_eq!(said(&checked).contains("stop-grace-below-graceful-timeout"), status == "1", "{}", said(&checked));
        let outputs = runner.outputs();
        assert!(outputs.contains(&format!("status={status}\n")), "{outputs}");
        let sarif = outputs.lines().find_map(|line| line.strip_prefix("sarif=")).expect("there is a file with findings");
        let sarif: Json = serde_json::from_str(&fs::read_to_string(sarif).expect("the file is there")).expect("SARIF is JSON");
        assert_eq!(sarif["version"], "2.1.0");
        assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(usize::from(status == "1")));
        let ended = runner.run(verdict, &[("STATUS", status)]);
        assert_eq!(ended.status.code(), status.parse().ok());
        let annotated = runner.run(check, &[("PATHS", "."), ("ARGUMENTS", ""), ("UPLOAD", "false")]);
        assert_eq!(said(&annotated).contains("::warning "), status == "1", "{}", said(&annotated));
    }
    let lines = Runner::new(HASTY);
    let checked =
        lines.run(check, &[("PATHS", "."), ("ARGUMENTS", "--fail-on error\n--min-severity\n  error\n"), ("UPLOAD", "true")]);
    assert!(lines.outputs().contains("status=0\n") && !said(&checked).contains("stop-grace"), "{}", said(&checked));
    for refused in ["--format json", "--fail-on error\n--format=json", "-o x", "-ox", "--output=x", "-vo x"] {
        let runner = Runner::new(HASTY);
        let checked = runner.run(check, &[("PATHS", "."), ("ARGUMENTS", refused), ("UPLOAD", "true")]);
        assert!(said(&checked).contains("::error title=gearmesh::arguments may not hold -"), "{refused}: {}", said(&checked));
        assert_eq!(runner.outputs(), "status=2\n", "{refused}");
        assert!(checked.status.success() && !runner.folder.path().join("work/x").exists());
    }
    let nothing = Runner::new(FINE);
    let injected = nothing.run(check, &[("PATHS", "$(touch injected)\n"), ("ARGUMENTS", "; touch injected"), ("UPLOAD", "true")]);
    assert!(nothing.outputs().contains("status=2\n"), "{}", said(&injected));
    assert!(!nothing.folder.path().join("work/injected").exists());
}

#[test]
fn the_actions_build_is_named_by_its_source_and_skipped_when_it_is_there() {
    if installed("bash").is_none() || installed("git").is_none() {
        return;
    }
    let (action, runner) = (read(ACTION), Runner::new(FINE));
    let named = runner.run(step(&action, "id", "source"), &[]);
    assert!(named.status.success() && runner.outputs().trim().len() == "sum=".len() + 40, "{}{}", runner.outputs(), said(&named));
    // It would fail: nothing of that name is on the path.
    let built = runner.run(step(&action, "name", "Build gearmesh, unless it is in the cache"), &[("PATH", "/usr/bin:/bin")]);
    assert!(built.status.success(), "{}", said(&built));
}

#[test]
fn the_job_for_gitlab_reports_and_fails() {
    let Some(bash) = installed("bash") else { return };
    let job = read(JOB);
    let lines = |key: &str| job["gearmesh"][key].as_array().into_iter().flatten().filter_map(Json::as_str).collect::<Vec<_>>();
    let script = [lines("before_script"), lines("script")].concat().join("\n");
    let variables = job["gearmesh"]["variables"].as_object().expect("there are variables");
    for (unit, status) in [(HASTY, 1), (FINE, 0)] {
        let folder = tempfile::tempdir().expect("a scratch folder");
        fs::write(folder.path().join("a.service"), unit).expect("the unit is written");
        let mut command = Command::new(&bash);
        command.args(["-eo", "pipefail", "-c", &script]).current_dir(folder.path());
        command.envs(variables.iter().filter_map(|(name, value)| Some((name, value.as_str()?))));
        let output = command.env("PATH", path()).env("CI_PROJECT_DIR", folder.path()).output().expect("bash starts");
        assert_eq!(output.status.code(), Some(status), "{}", said(&output));
        let report = job["gearmesh"]["artifacts"]["reports"]["codequality"].as_str().expect("the job names its report");
        let report = fs::read_to_string(folder.path().join(report)).expect("the report is there");
        let report: Json = serde_json::from_str(&report).expect("the report is JSON");
        assert_eq!(report.as_array().map(Vec::len), Some(usize::from(status == 1)), "{report}");
    }
}
