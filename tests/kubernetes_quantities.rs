//! Quantities against the Kubernetes client of PyPI: texts made of numbers and suffixes, the same in every run.
//!
//! Where both take a text, the amounts are equal: processors to nine digits, bytes rounded up. The client takes `K`, `mi`, blanks and what
//! else Python's numbers may look like, which the API server refuses. Skipped with a message where the client is missing.

mod support;

use gearmesh::vocabulary::kubernetes;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use support::dice::Dice;

const PYTHON: &str = "target/venv/bin/python";
/// How many texts are made.
const MADE: usize = 4000;

#[test]
fn amounts_are_those_of_the_client() {
    let texts = texts();
    let Some(answers) = oracle(&texts) else { return };
    let (mut equal, mut refused, mut differ, mut only_here, mut only_there) = (0, 0, Vec::new(), Vec::new(), Vec::new());
    for (text, answer) in texts.iter().zip(&answers) {
        match (kubernetes::size(text), fraction(answer)) {
            (Some(size), Some((above, below))) => {
                let bytes = above.div_euclid(below) + i128::from(above.rem_euclid(below) > 0);
                let cpus = kubernetes::cpus(text).expect("it is a quantity");
                let expected = above as f64 / below as f64;
                // Beyond what the API server keeps, both ends are cut.
                let fits = bytes.abs() < i128::from(i64::MAX) && expected.abs() > 1e-8;
                match i128::from(size.bytes) == bytes && (cpus - expected).abs() <= 1e-8_f64.max(expected.abs() * 1e-9) || !fits {
                    true => equal += 1,
                    false => differ.push(format!("{text:?}: {} here, {bytes} there", size.bytes)),
                }
            }
            (None, None) => refused += 1,
            (Some(_), None) => only_here.push(text),
            (None, Some(_)) => only_there.push(text),
        }
    }
    println!(
        "{equal} equal, {} differ, {refused} refused by both, {} taken by gearmesh alone, {} by the client alone",
        differ.len(),
        only_here.len(),
        only_there.len()
    );
    assert_eq!(differ, [""; 0]);
    assert_eq!(only_here, [""; 0]);
    // Decimal exponents beyond 18 digits and the client's own liberties.
    let is_liberty = |text: &&&String| {
        text.contains('K') && !text.contains("Ki") || ["mi", "ni", "ui"].iter().any(|suffix| text.ends_with(suffix))
    };
    assert_eq!(only_there.iter().find(|text| !is_liberty(text)), None);
    assert!(equal * 2 > MADE, "most texts are quantities");
}

fn texts() -> Vec<String> {
    let mut dice = Dice(7);
    let suffixes = [
        "", "m", "u", "n", "k", "K", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "mi", "e3", "E2", "e-2", "B", "MB",
        "ki", "x",
    ];
    let mut texts = Vec::new();
    while texts.len() < MADE {
        let mut text = String::from(dice.pick(&["", "", "", "", "-", "+"]));
        (0..1 + dice.below(6)).for_each(|_| text.push_str(dice.pick(&["0", "1", "2", "5", "9"])));
        if dice.below(2) == 0 {
            text.push('.');
            (0..dice.below(7)).for_each(|_| text.push_str(dice.pick(&["0", "1", "5"])));
        }
        let _ = write!(text, "{}", dice.pick(&suffixes));
        texts.push(text);
    }
    texts
}

/// "3/2" or "5".
fn fraction(text: &str) -> Option<(i128, i128)> {
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    Some((above.parse().ok()?, below.parse().ok()?))
}

fn oracle(texts: &[String]) -> Option<Vec<String>> {
    let has = |module: &str| Command::new(PYTHON).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
    if !has("kubernetes").is_ok_and(|status| status.success()) {
        eprintln!("skipped: {PYTHON} has no Kubernetes client");
        return None;
    }
    let mut python = Command::new(PYTHON)
        .arg("tests/oracle/kubernetes_quantities.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let input = texts.join("\n") + "\n";
    let mut pipe = python.stdin.take().expect("it reads");
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let done = python.wait_with_output().expect("Python ends");
    writer.join().expect("the writer ends").expect("Python reads all");
    let text = String::from_utf8(done.stdout).expect("the answer is text");
    let answers: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), texts.len(), "one answer a line");
    Some(answers)
}
