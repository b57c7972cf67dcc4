//! Texts that a file holds for another program: an nginx.conf and a gunicorn.conf.py in ConfigMaps. Whatever is printed of them has its
//! place in the YAML, in all output formats, and comments for gearmesh count where they stand.

use serde_json::Value;
use std::fs;
use std::process::Command;

/// An nginx with a doubled header, a gunicorn whose option has a wrong name, and a pod that uses both.
const MANIFEST: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: { name: web }
data:
  nginx.conf: |
    events {}
    http {
        server {
            server_name shop.example.com;
            location / {
                proxy_set_header Host $host;
                proxy_set_header Host $http_host;
                proxy_pass http://127.0.0.1:8000;
            }
        }
    }
  gunicorn.conf.py: "workers = 2\nworker_clas = 'gthread'\n"
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  template:
    spec:
      containers:
        - name: nginx
          image: nginx:1.26
          volumeMounts:
            - { name: web, mountPath: /etc/nginx/nginx.conf, subPath: nginx.conf }
        - name: gunicorn
          image: example/shop:1
          args: [gunicorn, -c, /etc/gunicorn/gunicorn.conf.py, shop.wsgi]
          volumeMounts:
            - { name: web, mountPath: /etc/gunicorn }
      volumes:
        - name: web
          configMap: { name: web }
"#;

/// What gearmesh prints about one manifest, and its exit status.
fn gearmesh(manifest: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("k8s")).expect("the folder is made");
    fs::write(folder.path().join("k8s/web.yaml"), manifest).expect("the file is written");
    let done =
        Command::new(env!("CARGO_BIN_EXE_gearmesh")).args(arguments).current_dir(&folder).output().expect("gearmesh starts");
    (String::from_utf8(done.stdout).expect("the report is UTF-8") + &String::from_utf8_lossy(&done.stderr), done.status.code())
}

#[test]
fn places_are_those_of_the_yaml() {
    let (concise, status) = gearmesh(MANIFEST, &["check", "--format", "concise"]);
    assert_eq!(status, Some(1), "{concise}");
    let line =
        |rule: &str| concise.lines().find(|line| line.contains(rule)).unwrap_or_else(|| panic!("{rule} in {concise}")).to_owned();
    assert!(line("[proxy-header-sent-twice]").starts_with("k8s/web.yaml:12:17: "), "{concise}");
    assert!(line("[unknown-setting]").starts_with("k8s/web.yaml:17:35: "), "{concise}");
    let (full, _) = gearmesh(MANIFEST, &["check"]);
    assert!(full.contains("k8s/web.yaml:12:17") && full.contains("proxy_set_header Host $http_host;"), "{full}");
    assert!(full.contains("gunicorn.conf.py: \"workers = 2\\nworker_clas"), "{full}");
}

#[test]
fn programs_get_the_same_places() {
    let (json, _) = gearmesh(MANIFEST, &["check", "--format", "json"]);
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let paths: Vec<&str> = findings
        .iter()
        .flat_map(|finding| finding["labels"].as_array().expect("labels"))
        .filter_map(|label| label["path"].as_str().or(label["place"]["path"].as_str()))
        .collect();
    assert!(!paths.is_empty() && paths.iter().all(|path| *path == "k8s/web.yaml"), "{json}");
}

#[test]
fn the_stack_is_shown_with_them() {
    let (show, status) = gearmesh(MANIFEST, &["show"]);
    assert_eq!(status, Some(0), "{show}");
    assert!(show.contains("web.yaml:17") && !show.contains("web.yaml:web/gunicorn.conf.py:"), "{show}");
}

#[test]
fn comments_count_where_they_stand() {
    let inside = MANIFEST.replace("Host $http_host;", "Host $http_host; # gearmesh: ignore[proxy-header-sent-twice] known");
    let above = MANIFEST.replace("  nginx.conf: |", "  # gearmesh: ignore[proxy-header-sent-twice] known\n  nginx.conf: |");
    let whole = MANIFEST.replace("    events {}", "    # gearmesh: ignore-file[proxy-header-sent-twice] known\n    events {}");
    for manifest in [inside, above, whole] {
        let (concise, _) = gearmesh(&manifest, &["check", "--format", "concise", "--verbose"]);
        assert!(!concise.lines().any(|line| line.contains("[proxy-header-sent-twice]")), "{concise}");
        assert!(concise.contains("ignored: k8s/web.yaml:") && concise.contains("[unknown-setting]"), "{concise}");
    }
}

#[test]
fn what_is_broken_is_broken_there() {
    let broken = MANIFEST.replace("            }\n        }\n    }\n  gun", "            }\n        }\n  gun");
    let (concise, _) = gearmesh(&broken, &["check", "--format", "concise"]);
    let line = concise.lines().find(|line| line.contains("[file-does-not-parse]")).expect("it is found");
    assert!(line.starts_with("k8s/web.yaml:"), "{line}");
}

#[test]
fn bombs_are_refused() {
    let bomb = format!(
        "apiVersion: v1\nkind: Pod\na: &a [x,x,x,x,x,x,x,x,x,x]\n{}",
        (1..12)
            .map(|n| {
                let (name, before) = ((b'a' + n) as char, (b'a' + n - 1) as char);
                format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(","))
            })
            .collect::<String>()
    );
    let deep = format!("apiVersion: v1\nkind: Pod\nspec: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    for text in [bomb, deep] {
        let (told, status) = gearmesh(&text, &["check", "--format", "concise"]);
        assert!(status.is_some_and(|status| status > 0) && told.contains("web.yaml"), "{told}");
    }
}
