//! How Dockerfiles are read, sentence by sentence of their reference.

use super::lower::copies;
use super::{Dockerfile, parse, wants};
use crate::expr::Word;
use crate::formats::{Forest, Format, lower, parse as parse_as};
use crate::model::piece::{Image, Piece, Stage};
use crate::source::paths::Paths;
use crate::source::{Document, DocumentId, Documents};
use std::collections::BTreeMap;
use std::sync::Arc;

fn document(text: &str) -> Document {
    Document::new(DocumentId(0), "shop/Dockerfile", text.as_bytes())
}

fn read(text: &str) -> Dockerfile {
    parse(&document(text))
}

fn told(text: &str) -> Vec<String> {
    read(text).instructions.iter().map(|one| format!("{} {}", one.name, one.rest.text)).collect()
}

fn image(text: &str) -> Image {
    let document = Arc::new(document(text));
    let parsed = BTreeMap::from([(document.id, parse_as(Format::Dockerfile, &document))]);
    let (documents, paths) = (Documents::new(vec![document.clone()]), Paths::new(None));
    let forest = Forest { documents: &documents, paths: &paths, parsed: &parsed };
    match lower(document.id, &parsed[&document.id], &forest).pieces.pop() {
        Some(Piece::Image(image)) => image,
        other => panic!("{other:?}"),
    }
}

fn last(text: &str) -> Stage {
    image(text).stages.pop().unwrap()
}

fn words(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.as_text().unwrap_or("?")).collect()
}

/// The words that are executed.
fn command(text: &str) -> Vec<String> {
    words(&last(&format!("FROM python:3\n{text}")).process.words()).into_iter().map(str::to_owned).collect()
}

fn variable(text: &str, name: &str) -> String {
    let stage = last(text);
    stage.process.environment.get(name).map_or("unset".into(), |variable| {
        let assuming = variable.assuming.iter().map(|why| format!(" if {why}")).collect::<String>();
        format!("{}{assuming}", variable.value)
    })
}

fn setting(text: &str, name: &str) -> String {
    last(&format!("FROM python:3\n{text}")).process.settings.get(name).map_or("none".into(), |setting| setting.value.to_string())
}

#[test]
fn lines_are_joined_over_comments_and_empty_lines() {
    assert_eq!(told("from a\nRUN x \\\n  # why\n\n  y\\  \n z # kept\n"), ["FROM a", "RUN x   y z # kept"]);
    assert_eq!(told("FROM a\r\nRUN x \\\r\n y\r\n"), ["FROM a", "RUN x  y"]);
    assert_eq!(told("# escape=`\nFROM a\nRUN c:\\ `\n b\n"), ["FROM a", "RUN c:\\  b"]);
    assert_eq!(told("# a comment first\n# escape=`\nRUN a `\nB c\n"), ["RUN a `", "B c"]);
    assert_eq!(told("RUN a \\\\\nB c"), ["RUN a \\\\", "B c"]);
    let text = "FROM a\nCMD gunicorn \\\n  # c\n  -w 4\n";
    let file = read(text);
    let rest = &file.instructions[1].rest;
    let at = rest.text.find('4').unwrap();
    assert_eq!(document(text).text(rest.span_of(at, at + 1)), "4");
}

#[test]
fn here_documents_are_skipped() {
    assert_eq!(told("RUN <<EOF\nCMD x\nEOF\nUSER a\n"), ["RUN <<EOF", "USER a"]);
    assert_eq!(told("COPY <<-'A' <<B /x/\nCMD x\n\tA\nENV y\nB\nUSER a\n"), ["COPY <<-'A' <<B /x/", "USER a"]);
    assert_eq!(
        told("RUN echo $((1<<2)) <<< x\nUSER a\nENV X <<EOF\nUSER b"),
        ["RUN echo $((1<<2)) <<< x", "USER a", "ENV X <<EOF", "USER b"]
    );
}

#[test]
fn commands_combine_as_docker_combines_them() {
    assert_eq!(command(r#"CMD ["a", "b \u0041"]"#), ["a", "b A"]);
    assert_eq!(command("CMD ['a', 'b']"), ["/bin/sh", "-c", "['a', 'b']"]);
    assert_eq!(command("CMD [\"a\",]\n"), ["/bin/sh", "-c", "[\"a\",]"]);
    assert_eq!(command("SHELL [\"/bin/bash\", \"-c\"]\nCMD a $X"), ["/bin/bash", "-c", "a $X"]);
    assert_eq!(command("CMD [\"b\"]\nENTRYPOINT [\"a\"]"), ["a", "b"]);
    assert_eq!(command("CMD a\nCMD [\"b\"]"), ["b"]);
    assert_eq!(command("ENTRYPOINT a"), ["/bin/sh", "-c", "a"]);
    // A command from below does not survive an entry point of the stage itself.
    assert!(last("FROM x AS y\nCMD [\"b\"]\nFROM y\nENTRYPOINT [\"a\"]").process.command.is_none());
    assert_eq!(words(&last("FROM x AS y\nENTRYPOINT [\"a\"]\nFROM y\nCMD [\"b\"]").process.words()), ["a", "b"]);
    assert_eq!(command("ONBUILD CMD x\nCMD [\"a\"]"), ["a"]);
}

#[test]
fn variables_are_put_in() {
    let base = "FROM python:3\n";
    assert_eq!(variable(&format!("{base}ENV A=1 B=\"x y\" C='$A' D=a\\ b"), "B"), "x y");
    assert_eq!(variable(&format!("{base}ENV A=1 B=\"x y\" C='$A' D=a\\ b"), "C"), "$A");
    assert_eq!(variable(&format!("{base}ENV A=1 B=\"x y\" C='$A' D=a\\ b"), "D"), "a b");
    assert_eq!(variable(&format!("{base}ENV A 1 2 3"), "A"), "1 2 3");
    assert_eq!(variable(&format!("{base}ENV abc=hello\nENV abc=bye def=$abc"), "def"), "hello");
    assert_eq!(variable(&format!("{base}ENV A=${{B:-d}} C=\\$x"), "A"), "d");
    assert_eq!(variable(&format!("{base}ENV B=\nENV A=${{B-d}}x${{B:+y}}${{B+z}}"), "A"), "xz");
    assert_eq!(variable(&format!("{base}ENV A=/x:$PATH"), "A"), "unknown");
    assert_eq!(variable("FROM acme\nENV A=${B:-d}", "A"), "d if B is not set");
    assert_eq!(variable("FROM acme\nENV A=$B", "A"), "unknown");
    assert_eq!(variable(&format!("{base}ARG B=2\nENV A=$B"), "A"), "2 if the build argument B is not given");
    assert_eq!(variable("ARG B=2\nFROM python:3\nARG B\nENV A=$B", "A"), "2 if the build argument B is not given");
    assert_eq!(variable("ARG B=2\nFROM python:3\nENV A=x$B", "A"), "x");
    assert_eq!(variable(&format!("{base}ARG B\nENV A=$B"), "A"), "unknown");
    assert_eq!(variable(&format!("{base}ENV B=1\nARG B=2\nENV A=$B"), "A"), "1");
}

#[test]
fn stages_stand_on_each_other() {
    let text = "ARG V=3.12\nFROM python:${V}-slim AS Base\nENV A=1\nWORKDIR /srv\nFROM base AS web\nWORKDIR app\nFROM web\nUSER shop:shop\n";
    let image = image(text);
    let told: Vec<(Option<&str>, &str)> =
        image.stages.iter().map(|stage| (stage.name.as_deref(), stage.base.as_text().unwrap_or("?"))).collect();
    assert_eq!(told, [(Some("base"), "python:3.12-slim"), (Some("web"), "python:3.12-slim"), (None, "python:3.12-slim")]);
    let last = image.stages.last().unwrap();
    assert_eq!(last.process.settings.get("working_directory").unwrap().value.as_text(), Some("/srv/app"));
    assert_eq!(last.process.settings.get("user").unwrap().value.as_text(), Some("shop"));
    assert!(last.process.environment.closed && last.process.environment.get("A").is_some());
    assert_eq!(&*image.name, "shop");
    assert!(!self::last("FROM acme").process.environment.closed);
    assert_eq!(self::last("FROM $X").base.as_text(), None);
}

#[test]
fn settings_of_a_launcher_are_read() {
    assert_eq!(setting("STOPSIGNAL SIGQUIT", "stop_signal"), "QUIT");
    assert_eq!(setting("STOPSIGNAL 15", "stop_signal"), "TERM");
    assert_eq!(setting("EXPOSE 80 443/tcp\nEXPOSE 53/udp", "expose"), "80, 443, 53/udp");
    assert_eq!(setting("WORKDIR a\nWORKDIR b", "working_directory"), "/a/b");
    assert_eq!(setting("ENV D=/x\nWORKDIR $D/y", "working_directory"), "/x/y");
    assert_eq!(last("FROM acme\nWORKDIR a").process.settings.get("working_directory").unwrap().value.as_text(), None);
}

#[test]
fn what_is_copied_is_found_again() {
    let stage = last(
        "FROM python:3\nWORKDIR /app\nCOPY --chmod=755 docker/start.sh /usr/local/bin/start\nCOPY a.py conf.py ./\nCOPY . .\nCOPY --from=x /y /z\nCOPY [\"s p\", \"/q\"]\n",
    );
    let source = |path: &str| stage.copies.iter().filter_map(|copied| copied.source(path)).collect::<Vec<_>>();
    assert_eq!(source("/usr/local/bin/start"), ["docker/start.sh"]);
    assert_eq!(source("/app/conf.py"), ["a.py/conf.py", "conf.py", "./conf.py"]);
    assert_eq!(source("/q"), ["s p"]);
    assert!(source("/z").is_empty());
    let file = read("FROM a\nCOPY x/run.sh /\nCMD [\"/run.sh\", \"-c\", \"/etc/g.py\"]\n");
    assert_eq!(
        wants(&file).iter().map(|want| want.path.as_str()).collect::<Vec<_>>(),
        ["/etc/g.py", "x/run.sh/etc/g.py", "/run.sh", "x/run.sh"]
    );
    assert_eq!(copies(&file.instructions[1], '\\').len(), 1);
}

#[test]
fn what_buildkit_refuses_is_a_problem() {
    let problems = |text: &str| read(text).problems().into_iter().map(|problem| problem.message).collect::<Vec<_>>();
    assert_eq!(problems("FROM a\nRNU x\n"), ["RNU is no instruction of a Dockerfile"]);
    assert_eq!(problems("ARG a\nRUN x\nFROM a\n"), ["RUN comes before any FROM"]);
    assert_eq!(problems("FROM a\nCMD\n"), ["CMD needs an argument"]);
    assert!(problems("# syntax=acme/front:1\nINCLUDE x\n").is_empty());
    assert!(problems("# syntax=docker/dockerfile:1.7-labs\nFROM a\nVOLUME /x\nMAINTAINER me\n").is_empty());
}
