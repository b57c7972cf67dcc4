//! Files whose names and lines say what a report would have to say to forge a finding, a link, markup or a command.

use super::{ALL, FORMATS, gearmesh, read_as, report, sarif, valid};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A unit's name; what of it would do harm is at the start of a line of its own, too.
const NAME: &str = "a,b:c%0A%25[x](javascript:y)<img src=x>&\"'`@root`#1 \u{202e}é𝄞]]>##[error]z\n::error ::forged.service";
/// What stands in the files.
const TEXT: &str = "::error file=x,line=1::forged%0A##[error]forged <script>alert(1)</script> [c](http://e.example) ]]> &amp; {0} \
                    `@root` #1 www.e.example a@e.example http://e.example \u{202e} é𝄞";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("the file is written");
    let key = TEXT.replace('=', "");
    let unit = format!(
        "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nUser=shop\n{key}=5\nRestartSec={TEXT}\n"
    );
    write(NAME, unit);
    write("site.conf", format!("server {{ listen 80;\n location \"/{TEXT}\" {{ proxy_pass http://127.0.0.1:9999; }}\n}}\n"));
    write("gunicorn.conf.py", format!("# x\ntimout = \"{TEXT}\"\nworker_class = \"{TEXT}\"\n"));
    folder
}

/// The name as it may be shown.
fn shown() -> String {
    NAME.replace('\n', "?").replace('\u{202e}', "\u{fffd}")
}

/// A command as GitHub's runner reads it (actions/runner, src/Runner.Common/ActionCommand.cs): name, properties, data.
pub type Read = (String, Vec<(String, String)>, String);

pub fn command_of(line: &str) -> Option<Read> {
    let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    let unescaped = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n");
    let property = |text: &str| unescaped(text).replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
    let pairs = properties.trim().split(',').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.to_owned(), property(value)));
    Some((name.to_owned(), pairs.collect(), unescaped(data).replace("%25", "%")))
}

#[test]
fn the_runner_sees_one_command_a_finding() {
    let folder = folder();
    let lines = report(folder.path(), ".", "jsonl");
    let findings = lines.lines().filter(|line| line.starts_with(r#"{"type":"finding""#)).count();
    let text = report(folder.path(), ".", "github");
    let commands: Vec<Read> = text.lines().map(|line| command_of(line).unwrap_or_else(|| panic!("no command: {line}"))).collect();
    assert_eq!(commands.len(), findings);
    assert!(findings > 3);
    for (name, properties, data) in &commands {
        assert!(["error", "warning", "notice"].contains(&&**name), "{name}");
        let keys: Vec<&str> = properties.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["file", "line", "endLine", "col", "endColumn", "title"]);
        assert!([&*shown(), "site.conf", "gunicorn.conf.py"].contains(&&*properties[0].1), "{}", properties[0].1);
        assert!(properties[1..5].iter().all(|(_, number)| number.parse::<u32>().is_ok()), "{properties:?}");
        assert!(!data.is_empty());
    }
    let told = "/::error file=x,line=1::forged%0A##[error]forged";
    assert!(commands.iter().any(|(_, _, data)| data.contains(told)), "{text}");
}

#[test]
fn the_runner_sees_no_command_beside_the_report() {
    let folder = folder();
    fs::write(folder.path().join("##[error]x.service"), vec![b'#'; 17 << 20]).expect("the file is written");
    let arguments = [&["check", "--format", "github", "--verbose", "--statistics"][..], &ALL].concat();
    let done = gearmesh(folder.path(), &arguments);
    assert_eq!(done.status.code(), Some(2));
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(out.contains("::error file=##[error]x.service,title=gearmesh::could not be read: larger than 16 MiB"), "{out}");
    assert!(err.contains("x.service: larger than 16 MiB"), "{err}");
    // The runner's older commands may begin anywhere in a line that is no newer one.
    assert!(out.lines().chain(err.lines()).all(|line| command_of(line).is_some() || !line.contains("##[")), "{err}");
    assert!(err.lines().all(|line| command_of(line).is_none()), "{err}");
}

/// A value that begins lines of its own where it is shown as it is, or wrapped.
const LINES: &str = "shop/app.py:a\\n::error file=a.py,line=1::forged\\n ##vso[task.x]forged";

/// A folder where names, values, comments and every file for gearmesh itself hold commands.
fn commands() -> tempfile::TempDir {
    let folder = folder();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("the file is written");
    let unit = fs::read_to_string(folder.path().join(NAME)).expect("it is read");
    write("::error ::b.service", unit);
    write("app.service", "[Service]\nExecStart=/srv/a/bin/gunicorn -c /srv/a/prod_gunicorn.conf.py\nTimeoutStopSec=5\n".into());
    write(
        "prod_gunicorn.conf.py",
        format!(
            "wsgi_app = \"{LINES}\"\nmax_requests = 10  ##[warning]forged\nworkers = 3\nuser = \"{}\"\n# gearmesh: ignore[::error ::forged]\n",
            "word ".repeat(30) + "::error ::forged " + &"word ".repeat(30)
        ),
    );
    folder
}

fn starts_no_command(what: &str, text: &str) {
    let older = ["##[", "##vso[", "##teamcity["];
    let is_command = |line: &&str| line.trim_start().starts_with("::") || older.iter().any(|older| line.contains(older));
    assert_eq!(text.lines().find(is_command), None, "{what}: {text}");
}

#[test]
fn the_runner_sees_no_command_in_what_people_read() {
    let folder = commands();
    let run = |arguments: &[&str]| {
        let done = gearmesh(folder.path(), arguments);
        let text = String::from_utf8([done.stdout, done.stderr].concat()).expect("it is UTF-8");
        starts_no_command(&arguments.join(" "), &text);
        text
    };
    for format in ["full", "concise", "markdown"] {
        let text = run(&[&["check", "--format", format, "--verbose", "--statistics"][..], &ALL].concat());
        assert!(text.contains("forged") && text.contains("application-spec-names-file"), "{text}");
        assert!(format != "concise" || text.contains("\n: :error ::b.service:1:1:"), "{text}");
        let file = format!("report.{format}");
        run(&[&["check", "--format", format, "--output", &file][..], &ALL].concat());
        starts_no_command(&file, &fs::read_to_string(folder.path().join(&file)).expect("it is read"));
        fs::remove_file(folder.path().join(&file)).expect("it is removed");
    }
    assert!(run(&["show", "--all", "--verbose"]).contains("forged"));
    run(&["show", "--setting", "app.wsgi_app"]);
    run(&["init", "--stdout"]);
    run(&["baseline"]);
    let baseline = fs::read_to_string(folder.path().join("gearmesh-baseline.json")).expect("it is read");
    let stale = baseline
        .replace("\"values\": [", "\"values\": [\"::error ::stale\",")
        .replace("\"values\":[", "\"values\":[\"##[error]stale\",");
    fs::write(folder.path().join("gearmesh-baseline.json"), stale).expect("it is written");
    assert!(run(&["check", "--baseline", "gearmesh-baseline.json", "--verbose"]).contains("stale"));
    fs::write(folder.path().join("gearmesh.toml"), "\n::error ::forged ##[error]forged\n").expect("it is written");
    assert!(run(&["check"]).contains("forged ## [error]forged"));
    fs::write(folder.path().join("gearmesh.toml"), "[rules]\n\"::error ::forged\" = \"off\"\n").expect("it is written");
    run(&["check"]);
    fs::remove_file(folder.path().join("gearmesh.toml")).expect("it is removed");
    assert!(run(&["fix", "--unsafe"]).contains("forged"));
}

#[test]
fn the_runner_sees_no_command_in_what_programs_read() {
    let folder = commands();
    for format in ["json", "jsonl", "sarif", "gitlab", "junit", "checkstyle"] {
        let text = report(folder.path(), ".", format);
        starts_no_command(format, &text);
        assert!(text.contains("forged"), "{format}: {text}");
    }
    let lines = report(folder.path(), ".", "jsonl");
    let messages: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    // What was written is what is read.
    assert!(messages.iter().any(|row| row["message"].as_str().is_some_and(|told| told.contains("##[error]forged"))), "{lines}");
}

#[test]
fn a_diff_on_a_terminal_holds_no_command() {
    let folder = commands();
    let Ok(done) = Command::new("script")
        .args(["-qec", &format!("'{}' fix --diff --unsafe", env!("CARGO_BIN_EXE_gearmesh")), "/dev/null"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::null())
        .output()
    else {
        println!("skipped: script is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(text.contains("-max_requests = 10  ## [warning]forged") || text.contains("+++"), "{text}");
    starts_no_command("fix --diff", &text);
}

#[test]
fn markdown_has_no_markup_but_our_own() {
    let folder = folder();
    let file = folder.path().join("report.md");
    fs::write(&file, report(folder.path(), ".", "markdown")).expect("the report is written");
    let Some(read) = read_as(folder.path(), &["markdown"], std::slice::from_ref(&file)) else { return };
    assert_eq!(read["tags"], serde_json::json!(["code", "h2", "li", "strong", "ul"]), "{read}");
    assert_eq!(read["attributes"], serde_json::json!([]));
    let text = read["text"].as_str().expect("there is text");
    // What was written is what is read.
    let location = TEXT.split(" \u{202e}").next().unwrap_or_default();
    assert!(text.contains(location) && text.contains(&shown().replace("##[", "## [")), "{text}");
    // A mention or a reference is none in code.
    let source = fs::read_to_string(&file).expect("it is read");
    assert!(!source.contains("\\@") && !source.contains("\\#"), "{source}");
}

#[test]
fn xml_is_read_as_it_was_meant() {
    let folder = folder();
    for format in ["junit", "checkstyle"] {
        let file = folder.path().join("report.xml");
        fs::write(&file, report(folder.path(), ".", format)).expect("the report is written");
        let Some(read) = read_as(folder.path(), &[format], std::slice::from_ref(&file)) else { return };
        let files: Vec<&str> = read.as_array().expect("files").iter().filter_map(|file| file[0].as_str()).collect();
        assert_eq!(files, [&*shown(), "gunicorn.conf.py", "site.conf"], "{format}");
        assert!(read.to_string().contains("<script>alert(1)</script> [c](http://e.example) ]]> &amp;"), "{read}");
    }
}

#[test]
fn sarif_has_no_link_but_our_own_and_addresses_of_any_name() {
    let folder = folder();
    let file = folder.path().join("log.json");
    let text = report(folder.path(), ".", "sarif");
    fs::write(&file, &text).expect("the report is written");
    if let Some(schema) = sarif::schema() {
        valid("schema", &schema, std::slice::from_ref(&file));
    }
    let log: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    for result in log["runs"][0]["results"].as_array().expect("results") {
        let message = result["message"]["text"].as_str().expect("a message");
        let related = result["relatedLocations"].as_array().map_or(0, Vec::len);
        assert_eq!(message.matches("](").count(), related, "{message}");
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("an address");
        assert!(folder.path().join(Path::new(&decoded(uri))).exists(), "{uri}");
    }
}

fn decoded(uri: &str) -> String {
    let mut parts = uri.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).expect("it was UTF-8")
}

#[test]
fn secrets_are_in_no_report() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let unit = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nEnvironment=DB_PASSWORD=hunter2hunter2\n\
                Environment=DATABASE_URL=postgres://shop:hunter3hunter3@db/shop\n";
    fs::write(folder.path().join("a.service"), unit).expect("the unit is written");
    for format in FORMATS.map(|(format, _)| format).into_iter().chain(["full"]) {
        let text = report(folder.path(), ".", format);
        assert!(!text.contains("hunter") && text.contains("secret-in-configuration"), "{format}: {text}");
    }
}
