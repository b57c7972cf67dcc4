//! Requirement lines against the `packaging` library, which pip itself uses: names, extras, and which versions are allowed.

use gearmesh::formats::dependencies::{Kind, parse};
use gearmesh::source::{Document, DocumentId};
use gearmesh::vocabulary::gunicorn;
use gearmesh::vocabulary::version::Version;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

const PYTHON: &str = "target/venv/bin/python";

/// Reads lines from standard input: the versions, then requirements. Prints name, extras and allowed versions of each.
const ORACLE: &str = r#"
import sys
from packaging.requirements import Requirement, InvalidRequirement
from packaging.utils import canonicalize_name
versions, *lines = sys.stdin.read().splitlines()
versions = versions.split()
for line in lines:
    try:
        found = Requirement(line)
        allowed = [version for version in versions if found.specifier.contains(version)]
        print(canonicalize_name(found.name), ",".join(sorted(canonicalize_name(extra) for extra in found.extras)), " ".join(allowed), sep="|")
    except InvalidRequirement:
        print("invalid")
"#;

/// Versions besides those of the table: older, between and newer ones.
const MORE: [&str; 14] = [
    "0.17.4",
    "19.9.0",
    "19.10.0",
    "20.0",
    "20.0.1",
    "20.0.2",
    "20.0.3",
    "20.1.1",
    "21.1.1",
    "21.3",
    "22.1",
    "23.0.1",
    "28.0",
    "100.0.0.1",
];

/// Names, extras and markers around a specifier.
const SHAPES: [(&str, &str); 5] = [
    ("gunicorn", ""),
    ("Gunicorn[gevent, Setproctitle] ", " ; python_version >= '3.8'"),
    ("my_Pack.-age (", ")"),
    ("a", "  "),
    ("x[y]", ";os_name!='nt'"),
];

const SPECIFIERS: [&str; 50] = [
    "",
    "==23.0.0",
    "== 23.0",
    "==23",
    "==23.*",
    "==21.1.*",
    "!=22.0.0",
    "!=20.*",
    ">=20",
    ">= 20.0.4",
    ">20.0.4",
    "<23",
    "<=23.0",
    "<= 21.2.0,>=20.1",
    "~=20.0",
    "~=20.0.2",
    "~=21.1.0",
    "~= 23.0",
    "===23.0.0",
    ">=20,<22,!=21.0.1",
    ">20,<21",
    ">=20.0.0rc1",
    ">20.1rc1",
    "<20.1rc1",
    "<=20.1a2",
    "<21.0.dev0",
    ">=21.0.post1",
    ">20.1.post2",
    "<20.1.post1",
    "<=23.0.0.post3",
    "!=21.2.0.post1",
    "==20.1.0rc1",
    "==v23.0.0",
    ">=20.00.4",
    "<=020.1",
    "~=20",
    "==20.1.*,!=20.1.0",
    ">=20.*",
    "=23",
    "=>23",
    "==",
    "23.0.0",
    "^23.0",
    "~23",
    ">=20 <22",
    "==a",
    "== 20..1",
    ">=1.2.3.4",
    "~=100.0.0.0",
    "==23.0.0,",
];

#[test]
fn requirement_lines_mean_what_packaging_says() {
    let versions: Vec<String> = gunicorn::versions().iter().map(Version::to_string).chain(MORE.map(str::to_owned)).collect();
    let lines: Vec<String> =
        SHAPES.iter().flat_map(|(before, after)| SPECIFIERS.map(|specifier| format!("{before}{specifier}{after}"))).collect();
    let Some(expected) = oracle(&versions, &lines) else { return };
    assert_eq!(expected.len(), lines.len());
    let (mut wrong, mut valid) = (String::new(), 0);
    for (line, expected) in lines.iter().zip(&expected) {
        let found = ours(line, &versions);
        // pip refuses the whole file because of such a line; the package is known all the same, its version is not.
        let agrees = match expected.as_str() {
            "invalid" => {
                found.is_none() || found.as_deref().is_some_and(|found| found.ends_with(&format!("|{}", versions.join(" "))))
            }
            expected => found.as_deref() == Some(expected),
        };
        valid += usize::from(expected != "invalid");
        if !agrees {
            let _ = writeln!(wrong, "{line}\n  packaging: {expected}\n  gearmesh:  {found:?}");
        }
    }
    println!("{} requirement lines, {valid} of them valid, {} versions", lines.len(), versions.len());
    assert!(valid > 150, "the oracle takes most of the lines");
    assert!(wrong.is_empty(), "{wrong}");
}

fn ours(line: &str, versions: &[String]) -> Option<String> {
    let listing = parse(Kind::Requirements, &Document::new(DocumentId(0), "requirements.txt", line.as_bytes().to_vec()));
    let package = listing.packages.first()?;
    let mut extras: Vec<&str> = package.extras.iter().map(|extra| &**extra).collect();
    extras.sort_unstable();
    let allowed = |version: &&String| package.allowed.contains(Version::parse(version).expect("a version is read"));
    let allowed: Vec<&str> = versions.iter().filter(allowed).map(String::as_str).collect();
    Some(format!("{}|{}|{}", package.name, extras.join(","), allowed.join(" ")))
}

fn oracle(versions: &[String], lines: &[String]) -> Option<Vec<String>> {
    let there = Command::new(PYTHON).args(["-c", "import packaging"]).output().is_ok_and(|done| done.status.success());
    if !there {
        eprintln!("skipped: {PYTHON} with the library packaging is absent (make setup)");
        return None;
    }
    let mut child =
        Command::new(PYTHON).args(["-c", ORACLE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
    let text = format!("{}\n{}\n", versions.join(" "), lines.join("\n"));
    child.stdin.take().expect("standard input is piped").write_all(text.as_bytes()).expect("the lines are written");
    let done = child.wait_with_output().expect("python ends");
    assert!(done.status.success(), "the oracle fails");
    Some(String::from_utf8(done.stdout).expect("python writes UTF-8").lines().map(str::to_owned).collect())
}
