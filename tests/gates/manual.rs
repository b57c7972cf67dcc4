//! Manual pages: one for every command, rendered without a warning by what shows them.

use super::{GEARMESH, done, installed, said};
use gearmesh::cli::definition;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn pages() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    // A folder that is not there yet is made.
    let output = folder.path().join("share/man1");
    done(Command::new(GEARMESH).args(["man", "--output"]).arg(&output));
    let mut pages: Vec<PathBuf> = fs::read_dir(&output).expect("the folder is made").flatten().map(|page| page.path()).collect();
    pages.sort();
    (folder, pages)
}

#[test]
fn every_command_has_a_page() {
    let (_folder, pages) = pages();
    let names: Vec<String> = pages.iter().filter_map(|page| Some(page.file_name()?.to_str()?.to_owned())).collect();
    let mut expected: Vec<String> =
        definition().get_subcommands().map(|command| format!("gearmesh-{}.1", command.get_name())).collect();
    expected.push("gearmesh.1".to_owned());
    expected.sort();
    assert_eq!(names, expected);
    let printed = done(Command::new(GEARMESH).arg("man"));
    assert_eq!(fs::read_to_string(pages.last().expect("there are pages")).expect("the page is read"), printed);
}

#[test]
fn groff_renders_the_pages_without_a_warning() {
    let Some(groff) = installed("groff") else { return };
    for page in pages().1 {
        let shown = Command::new(&groff).args(["-man", "-Tutf8", "-ww", "-P-c"]).arg(&page).output().expect("groff starts");
        assert!(shown.status.success() && shown.stderr.is_empty(), "{}: {}", page.display(), said(&shown));
        // A heading is bold: every letter twice, with a step back between.
        let text = said(&shown).replace(['\u{8}', '\u{1b}'], "");
        assert!(text.contains("EEXXAAMMPPLLEE"), "{text}");
        assert!(text.contains("gearmesh 0.") && text.contains("\n       gearmesh "), "examples keep their lines: {text}");
    }
}

#[test]
fn mandoc_finds_nothing_to_warn_of() {
    let Some(mandoc) = installed("mandoc") else { return };
    for page in pages().1 {
        let said = said(&Command::new(&mandoc).args(["-Tlint", "-Wwarning"]).arg(&page).output().expect("mandoc starts"));
        // The day of its release is not known to a build.
        let warnings: Vec<&str> = said.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}
