//! Layouts as people write them: a file, what is to become of it, the file after that.

use super::support::{Scratch, edits};
use gearmesh::edit::{Edit, Operation, apply};
use gearmesh::formats::cut::at_home;
use gearmesh::model::Kind;
use gearmesh::model::facts::Facts;
use gearmesh::value::{Duration, Known, Size};

fn seconds(seconds: i64) -> Option<Known> {
    Some(Known::Duration(Duration::seconds(seconds)))
}

fn text(text: &str) -> Option<Known> {
    Some(Known::Text(text.into()))
}

/// Writes a setting of the launcher with that name; the file after that, or why not.
fn launcher(
    file: &str,
    before: &str,
    name: &str,
    operation: Operation,
    setting: &str,
    to: Option<Known>,
) -> Result<String, String> {
    let scratch = Scratch::new(&[(file.to_owned(), before.to_owned())]);
    let outcome = scratch.check(&Facts::default());
    let subject = edits::subject(&outcome, Kind::Launcher, name);
    let change = edits::change(&outcome, operation, subject, setting, to.clone());
    let mut texts = edits::write(&scratch, &outcome, vec![change])?;
    let again = scratch.check(&Facts::default());
    let subject = edits::subject(&again, Kind::Launcher, name);
    let read = again.stack.setting(subject, setting).value;
    if let (Some(to), Operation::Set) = (&to, operation) {
        let signal = |text: String| text.trim_start_matches("SIG").to_owned();
        let same = read.known() == Some(to) || signal(read.to_string()) == signal(to.to_string());
        assert!(same, "{setting} is {read} and not {to}:\n{before}");
        let change = edits::change(&again, operation, subject, setting, Some(to.clone()));
        assert!(edits::write(&scratch, &again, vec![change]).is_err(), "a second time changes something:\n{before}");
    }
    Ok(String::from_utf8(texts.remove(file).expect("the file is written")).expect("it is UTF-8"))
}

fn set(file: &str, before: &str, name: &str, setting: &str, to: Option<Known>) -> Result<String, String> {
    launcher(file, before, name, Operation::Set, setting, to)
}

/// A compose file with one service; `rest` goes below it.
fn service(rest: &str) -> String {
    format!("services:\n  web:\n    image: python:3.12\n    command: gunicorn -b :8000 shop:app\n{rest}")
}

#[test]
fn a_value_of_compose_is_replaced_in_its_own_style() {
    for (before, after) in [
        ("    stop_grace_period: 10s\n", "    stop_grace_period: 35s\n"),
        ("    stop_grace_period:   10s   # was 5s\n", "    stop_grace_period:   35s   # was 5s\n"),
        ("    stop_grace_period: '10s'\n", "    stop_grace_period: '35s'\n"),
        ("    stop_grace_period: \"10s\"\n    init: true\n", "    stop_grace_period: \"35s\"\n    init: true\n"),
        ("    stop_grace_period: !!str 10s\n", "    stop_grace_period: !!str 35s\n"),
        ("    stop_grace_period: >-\n      10s\n\n    init: true\n", "    stop_grace_period: >-\n      35s\n\n    init: true\n"),
        ("    stop_grace_period: |\n      10s\n", "    stop_grace_period: |\n      35s\n"),
        ("    stop_grace_period:\n      10s\n", "    stop_grace_period:\n      35s\n"),
        ("    \"stop_grace_period\": 10s", "    \"stop_grace_period\": 35s"),
        ("    stop_grace_period:\n    init: true\n", "    stop_grace_period: 35s\n    init: true\n"),
        ("    stop_grace_period: # none\n", "    stop_grace_period: 35s # none\n"),
        ("    stop_grace_period: &grace 10s\n", "    stop_grace_period: &grace 35s\n"),
    ] {
        let written = set("compose.yaml", &service(before), "web", "stop_grace", seconds(35));
        assert_eq!(written, Ok(service(after)), "{before}");
    }
    let flow = "services: {web: {image: 'a', command: [gunicorn, shop:app], stop_grace_period: 10s, init: true}}\n";
    assert_eq!(set("compose.yaml", flow, "web", "stop_grace", seconds(35)), Ok(flow.replace("10s", "35s")));
}

#[test]
fn a_key_of_compose_is_added_beside_its_kin() {
    let near = "    image: python:3.12\n";
    let grace = "    stop_grace_period: 35s\n";
    let inside = |rest: &str| service(rest).replace(near, &format!("{near}{grace}"));
    for rest in [
        "",
        "    environment:\n      A: 1\n      # B: 2\n",
        "  # the worker\n  worker:\n    image: x\n",
        "    # ports:\n    #  - 80\n",
    ] {
        assert_eq!(set("compose.yaml", &service(rest), "web", "stop_grace", seconds(35)), Ok(inside(rest)), "{rest}");
        let (crlf, after) = (service(rest).replace('\n', "\r\n"), inside(rest).replace('\n', "\r\n"));
        assert_eq!(set("compose.yaml", &crlf, "web", "stop_grace", seconds(35)), Ok(after), "{rest}");
    }
    let restart = service("    restart: always # or not\n    logging:\n      driver: x");
    let after = restart.replace("or not\n", &format!("or not\n{grace}"));
    assert_eq!(set("compose.yaml", &restart, "web", "stop_grace", seconds(35)), Ok(after));
    for (before, after) in [
        (
            "services:\n  web:\n    command: gunicorn a:a\n    image: x",
            "services:\n  web:\n    command: gunicorn a:a\n    image: x\n    stop_grace_period: 35s",
        ),
        (
            "services:\n  web: {image: x, command: gunicorn a:a}\n",
            "services:\n  web: {image: x, command: gunicorn a:a, stop_grace_period: 35s}\n",
        ),
        (
            "services:\n  web: {\n    image: x,\n    command: gunicorn a:a\n  }\n",
            "services:\n  web: {\n    image: x,\n    command: gunicorn a:a,\n    stop_grace_period: 35s\n  }\n",
        ),
        (
            "{\"services\": {\"web\": {\"image\": \"x\", \"command\": \"gunicorn a:a\"}}}",
            "{\"services\": {\"web\": {\"image\": \"x\", \"command\": \"gunicorn a:a\", \"stop_grace_period\": \"35s\"}}}",
        ),
        (
            "x-a: &a\n  image: x\nservices:\n  web:\n    <<: *a\n    command: gunicorn a:a\n",
            "x-a: &a\n  image: x\nservices:\n  web:\n    <<: *a\n    command: gunicorn a:a\n    stop_grace_period: 35s\n",
        ),
        (
            "services:\n  web:\n    build: .\n    command:\n    - gunicorn\n    - a:a\n    # - x\n  b: {image: x}\n",
            "services:\n  web:\n    build: .\n    stop_grace_period: 35s\n    command:\n    - gunicorn\n    - a:a\n    # - x\n  b: {image: x}\n",
        ),
    ] {
        assert_eq!(set("compose.yaml", before, "web", "stop_grace", seconds(35)), Ok(after.to_owned()), "{before}");
    }
}

#[test]
fn other_keys_of_compose_have_their_own_places() {
    let size = Some(Known::Size(Size { bytes: 512 << 20, written: "".into() }));
    let count = Some(Known::Integer(400));
    for (setting, to, before, after) in [
        ("stop_signal", text("SIGTERM"), "    stop_signal: SIGINT\n", "    stop_signal: SIGTERM\n"),
        ("stop_signal", text("SIGTERM"), "    stop_signal: \"INT\"\n", "    stop_signal: \"SIGTERM\"\n"),
        ("tasks_limit", count.clone(), "    pids_limit: '10'\n", "    pids_limit: '400'\n"),
        (
            "tasks_limit",
            count.clone(),
            "    deploy: {resources: {limits: {pids: 10}}}\n",
            "    deploy: {resources: {limits: {pids: 400}}}\n",
        ),
        (
            "memory_limit",
            size.clone(),
            "    deploy:\n      resources:\n        limits:\n          cpus: '1'\n",
            "    deploy:\n      resources:\n        limits:\n          cpus: '1'\n          memory: 512M\n",
        ),
        ("nofile_limit", count.clone(), "    ulimits:\n      nofile: 100\n", "    ulimits:\n      nofile: 400\n"),
        (
            "nofile_limit",
            count.clone(),
            "    ulimits:\n      nofile:\n        soft: 100\n        hard: 200\n",
            "    ulimits:\n      nofile:\n        soft: 400\n        hard: 400\n",
        ),
        (
            "nofile_limit",
            count,
            "    ulimits:\n      nofile: {soft: 100, hard: 500}\n",
            "    ulimits:\n      nofile: {soft: 400, hard: 500}\n",
        ),
        ("has_init", Some(Known::Boolean(true)), "    init: no\n", "    init: true\n"),
        ("user", text("1000"), "    user: root\n", "    user: \"1000\"\n"),
        ("working_directory", text("/srv/a b"), "    working_dir: /x\n", "    working_dir: /srv/a b\n"),
    ] {
        assert_eq!(set("compose.yaml", &service(before), "web", setting, to), Ok(service(after)), "{before}");
    }
    let added = set("compose.yaml", &service(""), "web", "nofile_limit", Some(Known::Integer(400))).unwrap();
    assert!(added.contains("    image: python:3.12\n    ulimits:\n      nofile: 400\n"), "{added}");
}

#[test]
fn what_is_shared_or_computed_is_left_to_people() {
    for (before, why) in [
        ("    stop_grace_period: ${GRACE:-10s}\n", "a variable is replaced in it"),
        ("    stop_grace_period: *grace\nx-a: {a: 1}\n", "it stands behind the alias *grace"),
    ] {
        let before = format!("x-grace: &grace 10s\n{}", service(before));
        let told = set("compose.yaml", &before, "web", "stop_grace", seconds(35)).expect_err("it is not written");
        assert_eq!(told, format!("stop_grace_period: 35s: {why}"));
    }
    let merged = "x-a: &a {stop_grace_period: 10s}\nservices:\n  web:\n    <<: *a\n    image: x\n    command: gunicorn a:a\n";
    let told = set("compose.yaml", merged, "web", "stop_grace", seconds(35)).expect_err("it is not written");
    assert!(told.ends_with("it stands behind the alias *a"), "{told}");
    let base =
        "services:\n  web: &web\n    image: x\n    stop_grace_period: 10s\n    command: gunicorn a:a\n  other:\n    <<: *web\n";
    let told = set("compose.yaml", base, "web", "stop_grace", seconds(35)).expect_err("it is not written");
    assert!(told.ends_with("other places take it over through the alias *web"), "{told}");
}

/// A Deployment; `pod` stands at the pod's keys, `container` at the container's.
fn deployment(pod: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: shop}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  template:\n    spec:\n{pod}      containers:\n        - name: shop\n          image: python:3.12\n          command: [gunicorn, 'shop:app']\n{container}"
    )
}

#[test]
fn manifests_get_whole_seconds() {
    for (before, after) in [
        ("      terminationGracePeriodSeconds: 20\n", "      terminationGracePeriodSeconds: 35\n"),
        ("      terminationGracePeriodSeconds: \"20\" # a text\n", "      terminationGracePeriodSeconds: 35 # a text\n"),
        ("      restartPolicy: Always\n", "      restartPolicy: Always\n      terminationGracePeriodSeconds: 35\n"),
    ] {
        let written = set("k8s.yaml", &deployment(before, ""), "shop", "stop_grace", seconds(35));
        assert_eq!(written, Ok(deployment(after, "")), "{before}");
    }
    let written = set("k8s.yaml", &deployment("", ""), "shop", "stop_grace", seconds(35));
    assert_eq!(written, Ok(deployment("", "      terminationGracePeriodSeconds: 35\n")));
    let two =
        deployment("", "          ports:\n          - containerPort: 80\n          # no more\n---\nkind: x\napiVersion: v1\n");
    let after = two.replace("no more\n", "no more\n      terminationGracePeriodSeconds: 35\n");
    assert_eq!(set("k8s.yaml", &two, "shop", "stop_grace", seconds(35)), Ok(after));
}

#[test]
fn a_hook_is_added_or_its_time_changed() {
    let hook = "          lifecycle:\n            preStop:\n              exec:\n                command: [\"sleep\", \"5\"]\n";
    let written = set("k8s.yaml", &deployment("", ""), "shop", "prestop_sleep", seconds(5));
    assert_eq!(written, Ok(deployment("", "").replace("3.12\n", &format!("3.12\n{hook}"))));
    for (before, after) in [
        ("          lifecycle: {preStop: {sleep: {seconds: 3}}}\n", "          lifecycle: {preStop: {sleep: {seconds: 5}}}\n"),
        (
            "          lifecycle: {preStop: {exec: {command: [sleep, '3']}}}\n",
            "          lifecycle: {preStop: {exec: {command: [sleep, '5']}}}\n",
        ),
        (
            "          lifecycle: {preStop: {exec: {command: [sh, -c, sleep 3;]}}}\n",
            "          lifecycle: {preStop: {exec: {command: [sh, -c, sleep 5;]}}}\n",
        ),
        (
            "          lifecycle:\n            postStart:\n              exec: {command: [\"true\"]}\n",
            "          lifecycle:\n            postStart:\n              exec: {command: [\"true\"]}\n            preStop:\n              exec:\n                command: [\"sleep\", \"5\"]\n",
        ),
    ] {
        let written = set("k8s.yaml", &deployment("", before), "shop", "prestop_sleep", seconds(5));
        assert_eq!(written, Ok(deployment("", after)), "{before}");
    }
    let memory = Some(Known::Size(Size { bytes: 1 << 30, written: "1g".into() }));
    let empty = deployment("", "          resources: {}\n");
    let after = empty.replace("{}", "{limits: {memory: 1Gi}}");
    assert_eq!(set("k8s.yaml", &empty, "shop", "memory_limit", memory), Ok(after));
    let knative = deployment("", "").replace("apps/v1", "serving.knative.dev/v1").replace("Deployment", "Service");
    let told = set("k8s.yaml", &knative, "shop", "stop_grace", seconds(35)).expect_err("it is not written");
    assert!(told.ends_with("the platform stops after a time of its own"), "{told}");
}

#[test]
fn keys_are_taken_away_with_their_lines() {
    for (before, after) in [
        ("    stop_grace_period: 10s # long\n    init: true\n", "    init: true\n"),
        ("    init: true\n    stop_grace_period: 10s", "    init: true"),
        ("    stop_grace_period: >\n      10s\n\n    init: true\n", "\n    init: true\n"),
    ] {
        let written = launcher("compose.yaml", &service(before), "web", Operation::Unset, "stop_grace", None);
        assert_eq!(written, Ok(service(after)), "{before}");
    }
    let flow = "services: {web: {stop_grace_period: 10s, image: x, command: gunicorn a:a}}\n";
    let written = launcher("compose.yaml", flow, "web", Operation::Unset, "stop_grace", None);
    assert_eq!(written, Ok(flow.replace("stop_grace_period: 10s, ", "")));
}

#[test]
fn a_dockerfile_names_another_signal() {
    let file =
        |signal: &str, end: &str| format!("FROM python:3.12 AS base\n{signal}ENTRYPOINT [\"gunicorn\"]{end}CMD [\"a:a\"]{end}");
    for (before, after) in [
        ("STOPSIGNAL SIGINT\n", "STOPSIGNAL SIGTERM\n"),
        ("stopsignal  \"SIGQUIT\"\n", "stopsignal  \"SIGTERM\"\n"),
        ("STOPSIGNAL 2\n", "STOPSIGNAL SIGTERM\n"),
        ("", "STOPSIGNAL SIGTERM\n"),
    ] {
        let written = set("Dockerfile", &file(before, "\n"), "project", "stop_signal", text("SIGTERM"));
        assert_eq!(written, Ok(file(after, "\n")), "{before}");
    }
    let told = set("Dockerfile", &file("ARG S=SIGINT\nSTOPSIGNAL $S\n", "\n"), "project", "stop_signal", text("SIGTERM"));
    assert!(told.clone().is_err_and(|told| told.ends_with("a variable is replaced in it")), "{told:?}");
}

/// A ConfigMap with an nginx.conf in a scalar of some style.
fn config_map(header: &str, body: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  nginx.conf: {header}\n{body}  other: x\n")
}

/// Replaces a part of the text that a ConfigMap holds; the file after that.
fn within(file: &str, old: &str, new: &str) -> Result<String, String> {
    within_file("k8s.yaml", "k8s.yaml:web/nginx.conf", file, old, new)
}

fn within_file(name: &str, inside: &str, file: &str, old: &str, new: &str) -> Result<String, String> {
    let scratch = Scratch::new(&[(name.to_owned(), file.to_owned())]);
    let outcome = scratch.check(&Facts::default());
    let documents = &outcome.stack.documents;
    let is_text = |path: &std::path::Path| path.display().to_string().ends_with(inside);
    let text = documents.iter().find(|document| is_text(&document.path)).expect("the text is read");
    let home = documents.iter().find(|document| document.path.ends_with(name)).expect("the file is read");
    let whole = text.as_text();
    let at = if old.is_empty() { whole.len() } else { whole.find(old).expect("it is in the text") };
    let edit = Edit { span: text.span(at, at + old.len()), text: new.to_owned() };
    let kind = match name {
        name if name.contains("Dockerfile") => "dockerfile",
        name if name.contains("compose") => "compose",
        _ => "kubernetes",
    };
    let edit = at_home(&edit, text, home, kind).map_err(|refusal| refusal.0)?;
    Ok(String::from_utf8(apply(&home.bytes, &[edit]).expect("one edit")).expect("it is UTF-8"))
}

#[test]
fn texts_inside_of_a_file_keep_their_indentation() {
    let body = "    events {}\n    http {\n      server_tokens off;\n\n      gzip on;\n    }\n";
    for (old, new, after) in [
        ("off;", "on;", body.replace("off;", "on;")),
        ("  server", "  a 1;\n  server", body.replace("      server", "      a 1;\n      server")),
        ("off;\n", "off;\n  a 1;\n", body.replace("off;\n", "off;\n      a 1;\n")),
        ("  server_tokens off;\n", "", body.replace("      server_tokens off;\n", "")),
        ("\n\n", "\n  a 1;\n\n  b 1;\n", body.replace("\n\n", "\n      a 1;\n\n      b 1;\n")),
        ("", "# end\n", format!("{body}    # end\n")),
        (
            "}\n",
            "}\n# end\n",
            format!("{}    # end\n", body).replacen("    events {}\n", "    events {}\n    # end\n", 1).replacen(
                "    }\n    # end\n",
                "    }\n",
                1,
            ),
        ),
        ("  gzip on;\n}\n", "}\n", body.replace("      gzip on;\n", "")),
        ("events {}\n", "events {}\nuser x;\n", body.replace("{}\n", "{}\n    user x;\n")),
    ] {
        for header in ["|", "|-", "|+", "| # config"] {
            if header == "|-" && (old.is_empty() || old.ends_with("}\n")) {
                continue;
            }
            let (before, after) = (config_map(header, body), config_map(header, &after));
            assert_eq!(within(&before, old, new), Ok(after.clone()), "{header} {old:?}");
            let crlf = within(&before.replace('\n', "\r\n"), old, new);
            assert_eq!(crlf, Ok(after.replace('\n', "\r\n")), "{header} {old:?}");
        }
    }
}

#[test]
fn texts_in_quotes_take_what_needs_no_escape() {
    for (scalar, new, can) in [
        ("\"events {}\\nhttp { gzip on; }\"", "off", true),
        ("\"events {}\\nhttp { gzip on; }\"", "\"off\"", false),
        ("\"events {}\\nhttp { gzip on; }\"", "off;\n a 1", false),
        ("'events {} http { gzip on; }'", "off", true),
        ("'events {} http { gzip on; }'", "it's", false),
        ("events {} http { gzip on; }", "off", true),
        ("events {} http { gzip on; }", "off #", false),
        (">\n    events {}\n    http { gzip on; }", "off", true),
        (">\n    events {}\n    http { gzip on; }", "off;\na 1", false),
    ] {
        let before = config_map(scalar, "");
        let after = within(&before, "on", new);
        assert_eq!(after.ok(), can.then(|| before.replacen("gzip on", &format!("gzip {new}"), 1)), "{scalar} {new:?}");
    }
}

#[test]
fn files_inside_of_a_dockerfile_are_written_as_they_stand() {
    let file = |end: &str, body: &str| {
        format!(
            "FROM python:3.12\nCOPY <<{end} /app/gunicorn.conf.py\n{body}EOF\nCMD [\"gunicorn\", \"-c\", \"/app/gunicorn.conf.py\", \"a:a\"]\n"
        )
    };
    for (end, new, can) in [
        ("EOF", "timeout = 20\nworkers = 2\n", true),
        ("EOF", "timeout = 20\nEOF\n", false),
        ("EOF", "accesslog = '$x'\n", false),
        ("'EOF'", "accesslog = '$x'\n", true),
    ] {
        let before = file(end, "bind = ':80'\ntimeout = 10\n");
        let after = within_file("Dockerfile", "gunicorn.conf.py", &before, "timeout = 10\n", new);
        assert_eq!(after.ok(), can.then(|| before.replace("timeout = 10\n", new)), "{end} {new:?}");
    }
}
