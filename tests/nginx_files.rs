//! nginx configurations as people keep them: in fragments, with files of the distribution that are not at hand, as templates, and
//! far too large. What is in force at a route is what nginx would make of the whole.

mod support;

use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Stack, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::value::{Known, Value};
use std::fs::File;
use support::Scratch;

fn check(files: &[(&str, &str)]) -> Outcome {
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
    Scratch::new(&files).check(&Facts::default())
}

fn routes(stack: &Stack) -> Vec<Subject> {
    stack.all(Kind::Route).map(|(route, _)| route).collect()
}

fn only_route(stack: &Stack) -> Subject {
    let routes = routes(stack);
    assert_eq!(routes.len(), 1, "there is one route");
    routes[0]
}

fn texts(stack: &Stack, route: Subject, name: &str) -> Vec<String> {
    stack.setting(route, name).value.items().iter().filter_map(|item| item.value.as_text()).map(str::to_owned).collect()
}

fn milliseconds(stack: &Stack, route: Subject, name: &str) -> Option<i64> {
    match stack.setting(route, name).value {
        Value::Known(Known::Duration(duration)) => Some(duration.milliseconds),
        _ => None,
    }
}

#[test]
fn a_fragment_stands_in_the_blocks_that_include_it() {
    let outcome = check(&[
        ("nginx.conf", "events {}\nhttp { proxy_set_header X-Outer 1; server { listen 80; include snippets/server.conf; } }\n"),
        ("snippets/server.conf", "proxy_read_timeout 10s;\nlocation / { include snippets/location.conf; }\n"),
        ("snippets/location.conf", "include common.inc;\nproxy_pass http://127.0.0.1:8000;\n"),
        ("common.inc", "proxy_set_header X-Inner 1;\n"),
    ]);
    let route = only_route(&outcome.stack);
    assert_eq!(milliseconds(&outcome.stack, route, "proxy_read_timeout"), Some(10_000));
    assert_eq!(texts(&outcome.stack, route, "proxy_set_header"), ["X-Inner 1"]);
    assert!(outcome.unread.is_empty());
}

#[test]
fn files_of_the_distribution_are_known_by_name() {
    for name in ["mime.types", "uwsgi_params", "fastcgi_params", "/etc/nginx/scgi_params"] {
        let site =
            format!("server {{ location / {{ include {name}; proxy_set_header X-Own 1; proxy_pass http://127.0.0.1:8000; }} }}");
        let stack = check(&[("nginx.conf", &format!("events {{}} http {{ {site} }}"))]).stack;
        assert_eq!(texts(&stack, only_route(&stack), "proxy_set_header"), ["X-Own 1"], "{name}");
    }
    let site = "server { location / { include proxy_params; proxy_pass http://127.0.0.1:8000; } }";
    let stack = check(&[("nginx.conf", &format!("events {{}} http {{ {site} }}"))]).stack;
    assert!(texts(&stack, only_route(&stack), "proxy_set_header").contains(&"Host $http_host".to_owned()));
    let site = site.replace("proxy_params", "shop_params");
    let stack = check(&[("nginx.conf", &format!("events {{}} http {{ {site} }}"))]).stack;
    assert!(matches!(stack.setting(only_route(&stack), "proxy_set_header").value, Value::Unknown(_)), "nobody knows shop_params");
}

#[test]
fn templates_are_known_as_such() {
    let site =
        |timeout: &str| format!("server {{ location / {{ proxy_read_timeout {timeout}; proxy_pass http://127.0.0.1:8000; }} }}");
    for (name, timeout, readable) in [
        ("site.conf", "{{ seconds }}", false),
        ("site.conf", "<%= seconds %>", true),
        ("site.conf", "${SECONDS}", true),
        ("site.conf", "__SECONDS__", true),
    ] {
        let outcome = check(&[(name, &site(timeout))]);
        let stack = &outcome.stack;
        let is_template = |file| stack.setting(file, "is_template").value == Value::Known(Known::Boolean(true));
        assert!(stack.all(Kind::File).all(|(file, _)| is_template(file)), "{timeout}");
        assert_eq!((routes(stack).len(), outcome.notes.len()), if readable { (1, 0) } else { (0, 1) }, "{timeout}");
        let known = routes(stack).into_iter().any(|route| milliseconds(stack, route, "proxy_read_timeout").is_some());
        assert!(!known && outcome.findings.is_empty(), "{timeout}");
    }
}

#[test]
fn a_file_of_200_megabytes_is_refused_with_a_message() {
    let scratch = Scratch::new(&[("site.conf".into(), "server { }".into())]);
    let large = File::create(scratch.path().join("nginx.conf")).expect("the file is made");
    large.set_len(200 << 20).expect("the file takes no room");
    let outcome = scratch.check(&Facts::default());
    let reasons: Vec<&str> = outcome.unread.iter().map(|unread| &*unread.reason).collect();
    assert!(matches!(reasons[..], [reason] if reason.contains("larger than")), "{reasons:?}");
}

#[test]
fn deep_nesting_costs_no_time() {
    // A route as deep as that would be read level by level for each of its settings; nobody means it.
    let depth = 30_000;
    let site = |depth: usize| {
        let pass = "proxy_pass http://127.0.0.1:8000;";
        ["events {} http { server {", &"location / {".repeat(depth), pass, &"}".repeat(depth), "}}"].concat()
    };
    assert_eq!(routes(&check(&[("nginx.conf", &site(depth))]).stack).len(), 0);
    assert_eq!(routes(&check(&[("nginx.conf", &site(50))]).stack).len(), 1);
}
