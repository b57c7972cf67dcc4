use super::*;
use crate::formats;
use crate::model::piece::{ImageOf, Launcher};
use crate::source::paths::Paths;
use crate::source::{DocumentId, Documents};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files that were read, texts in them included.
struct Project {
    documents: Documents,
    paths: Paths,
    parsed: BTreeMap<DocumentId, formats::Parsed>,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let (mut paths, mut parsed, mut list) = (Paths::new(None), BTreeMap::new(), Vec::new());
        let mut add = |document: Document, read: formats::Parsed| {
            paths.add(&document.path);
            paths.read_as(&document.path, document.id);
            parsed.insert(document.id, read);
            list.push(Arc::new(document));
        };
        let mut next = files.len() as u32;
        for (number, (path, text)) in files.iter().enumerate() {
            let document = Document::new(DocumentId(number as u32), *path, text.as_bytes().to_vec());
            let format = if path.contains("Dockerfile") { Format::Opaque("Dockerfile") } else { Format::Kubernetes };
            let mut read = formats::parse(format, &document);
            for cut in std::mem::take(&mut read.cuts) {
                let (cut, read) = cut.parse(DocumentId(next), Path::new(path));
                add(cut, read);
                next += 1;
            }
            add(document, read);
        }
        Project { documents: Documents::new(list), paths, parsed }
    }

    fn pieces(&self) -> Vec<Piece> {
        self.lowered().pieces
    }

    fn lowered(&self) -> formats::Lowered {
        lower_all(&Forest { documents: &self.documents, paths: &self.paths, parsed: &self.parsed })
    }

    fn launchers(&self) -> Vec<Launcher> {
        let launcher = |piece| match piece {
            Piece::Launcher(launcher) => Some(launcher),
            _ => None,
        };
        self.pieces().into_iter().filter_map(launcher).collect()
    }

    fn only(&self) -> Launcher {
        let mut launchers = self.launchers();
        assert_eq!(launchers.len(), 1);
        launchers.remove(0)
    }

    /// The files that are mounted, as path in the container and path here.
    fn files(&self) -> Vec<String> {
        let pods = self.pieces().into_iter().filter_map(|piece| match piece {
            Piece::Pod(pod) => Some(pod),
            _ => None,
        });
        let inside = pods.flat_map(|pod| pod.containers).flat_map(|inside| inside.files);
        inside.map(|file| format!("{} {}", file.path.display(), self.documents.path(file.document).display())).collect()
    }
}

/// A Deployment whose only container has these fields besides its name and image, and whose pod has those.
fn deployment(container: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec:\n  template:\n    metadata: {{labels: {{app: shop}}}}\n    \
         spec:\n      {pod}\n      containers:\n      - name: web\n        image: x/shop:1\n        {container}\n"
    )
}

fn one(container: &str, pod: &str) -> Launcher {
    Project::new(&[("a.yaml", &deployment(container, pod))]).only()
}

fn words(words: Option<&Vec<crate::expr::Word>>) -> String {
    let told = |word: &crate::expr::Word| word.as_text().map_or_else(|| format!("{}?", word.prefix), str::to_owned);
    words.map(|words| words.iter().map(told).collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

fn setting(launcher: &Launcher, name: &str) -> String {
    launcher.process.settings.get(name).map_or_else(String::new, |setting| setting.value.to_string())
}

#[test]
fn manifests_are_recognised() {
    assert!(is_manifest("apiVersion: apps/v1\nkind: Deployment\n"));
    assert!(is_manifest("items:\n- apiVersion: v1\n  kind: ConfigMap\n"));
    assert!(!is_manifest("kind: Deployment\nspec: x\n"));
    assert!(!is_manifest("apiVersion: v2\nname: chart\n"));
}

#[test]
fn every_kind_of_workload_leads_to_its_pod() {
    let pod = "{containers: [{name: a, image: x, command: [gunicorn, a]}]}";
    for (kind, version, spec) in [
        ("Pod", "v1", pod.to_owned()),
        ("StatefulSet", "apps/v1", format!("{{template: {{spec: {pod}}}}}")),
        ("DaemonSet", "apps/v1", format!("{{template: {{spec: {pod}}}}}")),
        ("Job", "batch/v1", format!("{{template: {{spec: {pod}}}}}")),
        ("CronJob", "batch/v1", format!("{{jobTemplate: {{spec: {{template: {{spec: {pod}}}}}}}}}")),
        ("Service", "serving.knative.dev/v1", format!("{{template: {{spec: {pod}}}}}")),
        ("Job", "run.googleapis.com/v1", format!("{{template: {{spec: {{template: {{spec: {pod}}}}}}}}}")),
    ] {
        let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: n}}\nspec: {spec}\n");
        let launcher = Project::new(&[("a.yaml", &text)]).only();
        assert_eq!((words(launcher.process.entrypoint.as_ref()).as_str(), &*launcher.name), ("gunicorn a", "n"), "{kind}");
        assert_eq!(setting(&launcher, "oneshot"), if kind.ends_with("Job") { "true" } else { "" }, "{kind}");
    }
}

#[test]
fn variables_are_replaced_as_kubernetes_does() {
    let launcher = one(
        "args: ['-w', '$(N)', '$$(N)', '$(NOBODY)', 'a$b$', '$(open', '--bind=:$(SECRET)', '$(DB_SERVICE_HOST)', '$(TWICE)']\n        \
         env:\n        - {name: N, value: '3'}\n        - {name: TWICE, value: '$(N)$(N)'}\n        \
         - {name: SECRET, valueFrom: {secretKeyRef: {name: s, key: k}}}",
        "",
    );
    assert_eq!(words(launcher.process.command.as_ref()), "-w 3 $(N) $(NOBODY) a$b$ $(open --bind=:? ? 33");
    assert!(launcher.process.environment.closed);
}

#[test]
fn config_maps_give_variables_and_secrets_leave_the_environment_open() {
    let maps = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {A: '1', B: '2'}\n";
    let read =
        |container: &str| Project::new(&[("a.yaml", &deployment(container, "")), ("b/m.yaml", maps)]).only().process.environment;
    let told = |environment: &crate::expr::Environment| {
        let pair = |name: &Arc<str>| format!("{name}={}", environment.get(name).unwrap().value);
        (environment.names().map(pair).collect::<Vec<_>>().join(" "), environment.closed)
    };
    let by_map = read("envFrom: [{configMapRef: {name: m}, prefix: P_}]\n        env: [{name: P_B, value: '3'}]");
    assert_eq!(told(&by_map), ("P_A=1 P_B=3".into(), true));
    assert_eq!(told(&read("envFrom: [{secretRef: {name: m}}]")), (String::new(), false));
    assert_eq!(told(&read("envFrom: [{configMapRef: {name: other}}]")), (String::new(), false));
    let by_key = read(
        "resources: {limits: {cpu: 1500m}}\n        env:\n        - {name: X, valueFrom: {configMapKeyRef: {name: m, key: B}}}\n        \
         - {name: Y, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}",
    );
    assert_eq!(told(&by_key), ("X=2 Y=2".into(), true));
}

#[test]
fn limits_and_times_are_facts() {
    let launcher = one(
        "resources: {requests: {cpu: 1}, limits: {cpu: 500m, memory: 512Mi}}\n        workingDir: /srv\n        \
         securityContext: {runAsUser: 1000, readOnlyRootFilesystem: true}",
        "terminationGracePeriodSeconds: 60",
    );
    let told: Vec<String> =
        ["cpu_limit", "memory_limit", "stop_grace", "user", "working_directory", "tmp_is_writable", "read_only_root"]
            .map(|name| setting(&launcher, name))
            .into();
    assert_eq!(told, ["0.5", "512Mi", "60s", "1000", "/srv", "false", "true"]);
}

#[test]
fn probes_have_defaults_and_named_ports() {
    let launcher =
        one("ports: [{name: http, containerPort: 8000}]\n        livenessProbe: {httpGet: {port: http}, periodSeconds: 5}", "");
    let told: Vec<String> = [
        "liveness_http",
        "liveness_port",
        "liveness_period",
        "liveness_timeout",
        "liveness_failures",
        "liveness_delay",
        "has_startup_probe",
    ]
    .map(|name| setting(&launcher, name))
    .into();
    assert_eq!(told, ["true", "8000", "5s", "1s", "3", "0s", "false"]);
    assert_eq!(setting(&one("livenessProbe: {exec: {command: [x]}}", ""), "liveness_http"), "false");
    assert_eq!(setting(&one("livenessProbe: {httpGet: {port: other}}", ""), "liveness_port"), "unknown");
}

#[test]
fn only_a_sleep_has_a_length() {
    let sleep = |hook: &str| setting(&one(&format!("lifecycle: {{preStop: {hook}}}"), ""), "prestop_sleep");
    for (hook, time) in [
        ("{sleep: {seconds: 7}}", "7s"),
        ("{exec: {command: [sleep, '5']}}", "5s"),
        ("{exec: {command: [/bin/sleep, 1m]}}", "1m"),
        ("{exec: {command: [sh, -c, sleep 15]}}", "15s"),
        ("{exec: {command: [/bin/sh, -c, 'exec sleep 0.5s;']}}", "0.5s"),
        ("{exec: {command: [sh, -c, sleep 5 && nginx -s quit]}}", "unknown"),
        ("{exec: {command: [/app/drain]}}", "unknown"),
        ("{httpGet: {path: /drain, port: 80}}", "unknown"),
    ] {
        assert_eq!(sleep(hook), time, "{hook}");
    }
    assert_eq!(setting(&one("tty: false", ""), "prestop_sleep"), "0s");
}

#[test]
fn services_publish_ports_of_the_container_that_lists_them() {
    let service = |name: &str, selector: &str, target: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {selector}, ports: [{{port: 80, targetPort: {target}}}]}}\n"
        )
    };
    let text = deployment("ports: [{name: http, containerPort: 8000}]", "")
        + &service("web", "{app: shop}", "http")
        + &service("no", "{app: other}", "http")
        + &service("none", "{}", "http");
    let launcher = Project::new(&[("a.yaml", &text)]).only();
    assert_eq!(
        setting(&launcher, "published_ports"),
        "web:80:8000, web.default:80:8000, web.default.svc:80:8000, web.default.svc.cluster.local:80:8000"
    );
    let text = deployment("tty: true\n      - {name: nginx, image: nginx, ports: [{containerPort: 8080}]}", "")
        + &service("web", "{app: shop}", "8080");
    let launchers = Project::new(&[("a.yaml", &text)]).launchers();
    assert_eq!((&*launchers[0].name, setting(&launchers[0], "published_ports").as_str()), ("shop/web", ""));
    assert!(setting(&launchers[1], "published_ports").starts_with("web:80:8080"));
}

#[test]
fn config_maps_are_files_where_they_are_mounted() {
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  nginx.conf: |\n    events {}\n    http {}\n  gunicorn.conf.py: workers = 2\n  other.txt: x\n";
    let volumes = "volumes: [{name: v, configMap: {name: m}}, {name: w, configMap: {name: m, items: [{key: gunicorn.conf.py, path: g/conf.py}]}}]";
    let read =
        |mounts: &str| Project::new(&[("k/a.yaml", &(deployment(&format!("volumeMounts: {mounts}"), volumes) + map))]).files();
    assert_eq!(
        read("[{name: v, mountPath: /etc/x}]"),
        ["/etc/x/nginx.conf k/a.yaml:m/nginx.conf", "/etc/x/gunicorn.conf.py k/a.yaml:m/gunicorn.conf.py"]
    );
    assert_eq!(
        read("[{name: v, mountPath: /etc/nginx/nginx.conf, subPath: nginx.conf}]"),
        ["/etc/nginx/nginx.conf k/a.yaml:m/nginx.conf"]
    );
    assert_eq!(read("[{name: w, mountPath: /srv}]"), ["/srv/g/conf.py k/a.yaml:m/gunicorn.conf.py"]);
}

#[test]
fn memory_and_read_only_volumes_tell_what_may_be_written() {
    let volumes = "volumes: [{name: m, emptyDir: {medium: Memory}}, {name: e, emptyDir: {}}, {name: c, configMap: {name: c}}]";
    let told = |mounts: &str| {
        let launcher = one(
            &format!(
                "securityContext: {{readOnlyRootFilesystem: true}}\n        workingDir: /srv\n        volumeMounts: {mounts}"
            ),
            volumes,
        );
        ["tmp_is_tmpfs", "tmp_is_writable", "working_directory_is_writable"].map(|name| setting(&launcher, name)).join(" ")
    };
    assert_eq!(told("[{name: m, mountPath: /tmp}]"), "true true false");
    assert_eq!(told("[{name: e, mountPath: /tmp}, {name: c, mountPath: /srv}]"), "false true false");
    assert_eq!(told("[{name: e, mountPath: /}, {name: m, mountPath: /tmp, readOnly: true}]"), "true false true");
}

#[test]
fn a_patch_starts_the_container_otherwise_and_makes_unknown_what_else_it_changes() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  replicas: 5\n  template:\n    spec:\n      containers:\n      - name: web\n        args: [gunicorn, other]\n        resources: {limits: {cpu: 4}}\n";
    let base = deployment("args: [gunicorn, shop]\n        resources: {limits: {cpu: 1}}", "");
    let launchers = Project::new(&[("base/a.yaml", &base), ("overlays/x/patch.yaml", patch)]).launchers();
    let told: Vec<String> = launchers
        .iter()
        .map(|launcher| {
            let limits = [setting(launcher, "cpu_limit"), setting(launcher, "replicas")].join(" ");
            format!("{} {} {limits}", launcher.document.0, words(launcher.process.command.as_ref()))
        })
        .collect();
    assert_eq!(told, ["0 gunicorn shop unknown unknown", "1 gunicorn other unknown unknown"]);
    let alone = Project::new(&[("patch.yaml", patch)]).lowered();
    assert!(matches!(alone.pieces.as_slice(), [Piece::Opaque { what: PATCH, .. }]));
    assert_eq!(alone.notes[0].1, "a patch of Deployment shop, whose own manifest was not read");
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: s}\nspec: {scaleTargetRef: {kind: Deployment, name: shop}}\n";
    assert_eq!(setting(&Project::new(&[("a.yaml", &base), ("b.yaml", scaler)]).only(), "replicas"), "unknown");
}

#[test]
fn an_image_leads_to_a_dockerfile_where_only_one_can_be_meant() {
    let built = |files: &[(&str, &str)]| {
        let base = deployment("tty: true", "");
        let files: Vec<(&str, &str)> = std::iter::once(("k/a.yaml", base.as_str())).chain(files.iter().copied()).collect();
        let project = Project::new(&files);
        match project.launchers().first().and_then(|launcher| launcher.image.clone()) {
            Some(ImageOf::Built { document, .. }) => Some(project.documents.path(document).display().to_string()),
            _ => None,
        }
    };
    let other = deployment("tty: true", "").replace("x/shop:1", "x/api:1");
    assert_eq!(built(&[("Dockerfile", "FROM x")]).as_deref(), Some("Dockerfile"));
    assert_eq!(built(&[("Dockerfile", "FROM x"), ("k/b.yaml", &other)]), None);
    assert_eq!(built(&[("api/Dockerfile", "FROM x"), ("shop/Dockerfile", "FROM x")]).as_deref(), Some("shop/Dockerfile"));
    assert_eq!(built(&[("a/Dockerfile", "FROM x"), ("b/Dockerfile", "FROM x")]), None);
}

#[test]
fn helm_templates_are_left_alone() {
    let read = |text: &str| {
        let document = Document::new(DocumentId(0), "t/a.yaml", text.as_bytes().to_vec());
        let parsed = formats::parse(Format::Kubernetes, &document);
        (parsed.format, parsed.template)
    };
    let plain = (Format::Kubernetes, None);
    let helm = (Format::Opaque(HELM), Some("Helm"));
    assert_eq!(read("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n"), helm);
    assert_eq!(read("apiVersion: v1\nkind: Pod\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n"), helm);
    assert_eq!(read("apiVersion: v1\nkind: Pod\nspec: {image: '{{ .Values.image }}'}\n"), helm);
    assert_eq!(read("# {{ nothing }}\napiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    {{ of somebody else }}\n"), plain);
}

#[test]
fn cloud_run_tells_the_port_and_stops_soon() {
    let text = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\nspec:\n  template:\n    spec:\n      containerConcurrency: 8\n      timeoutSeconds: 60\n      containers:\n      - image: x/y\n";
    let launcher = Project::new(&[("a.yaml", text)]).only();
    let told: Vec<String> =
        ["platform", "stop_grace", "cpu_limit", "memory_limit", "request_timeout", "concurrency_limit", "replicas"]
            .map(|name| setting(&launcher, name))
            .into();
    assert_eq!(told, ["cloudrun", "10s", "1", "512Mi", "60s", "8", "unknown"]);
    assert_eq!(launcher.process.environment.get("PORT").and_then(|port| port.value.as_text()), Some("8080"));
}
