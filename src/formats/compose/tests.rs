//! What projects of several files become.

use super::*;
use crate::formats::{self, Parsed, yaml};
use crate::model::piece::{ImageOf, Launcher};
use crate::source::Documents;
use crate::source::paths::Paths;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

struct Project {
    documents: Documents,
    paths: Paths,
    parsed: BTreeMap<DocumentId, Parsed>,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let mut paths = Paths::new(None);
        let mut parsed = BTreeMap::new();
        let mut list = Vec::new();
        for (number, (path, text)) in files.iter().enumerate() {
            let id = DocumentId(number as u32);
            let document = Arc::new(Document::new(id, *path, text.as_bytes().to_vec()));
            let format = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
                Some("yml" | "yaml") => Format::Compose,
                _ if path.contains("Dockerfile") => DOCKERFILE,
                _ => Format::ComposeVariables,
            };
            paths.add(Path::new(path));
            paths.read_as(Path::new(path), id);
            parsed.insert(id, formats::parse(format, &document));
            list.push(document);
        }
        Project::cut(&mut paths, &mut parsed, &mut list);
        Project { documents: Documents::new(list), paths, parsed }
    }

    /// The texts in files become documents after them.
    fn cut(paths: &mut Paths, parsed: &mut BTreeMap<DocumentId, Parsed>, list: &mut Vec<Arc<Document>>) {
        for file in list.clone() {
            for cut in std::mem::take(&mut parsed.get_mut(&file.id).unwrap().cuts) {
                let id = DocumentId(list.len() as u32);
                let (document, read) = cut.parse(id, &file.path);
                paths.add(&document.path);
                paths.read_as(&document.path, id);
                parsed.insert(id, read);
                list.push(Arc::new(document));
            }
        }
    }

    /// The texts that were cut out: path, format and text.
    fn texts(&self) -> Vec<String> {
        let cut = self.documents.iter().filter(|document| document.is_cut());
        let line = |document: &Arc<Document>| {
            let format = self.parsed[&document.id].format.name();
            format!("{} {format} {}", document.path.display(), String::from_utf8_lossy(&document.bytes).trim_end())
        };
        cut.map(line).collect()
    }

    fn pieces(&self, file: u32) -> Vec<Piece> {
        let forest = Forest { documents: &self.documents, paths: &self.paths, parsed: &self.parsed };
        formats::lower(DocumentId(file), &self.parsed[&DocumentId(file)], &forest).pieces
    }

    fn launchers(&self, file: u32) -> Vec<Launcher> {
        let launcher = |piece| match piece {
            Piece::Launcher(launcher) => Some(launcher),
            _ => None,
        };
        self.pieces(file).into_iter().filter_map(launcher).collect()
    }

    fn only(&self) -> Launcher {
        let mut launchers = self.launchers(0);
        assert_eq!(launchers.len(), 1);
        launchers.remove(0)
    }
}

fn one(text: &str) -> Launcher {
    Project::new(&[("compose.yaml", text)]).only()
}

fn words(words: Option<&Vec<crate::expr::Word>>) -> Option<Vec<String>> {
    let told = |word: &crate::expr::Word| word.as_text().map_or_else(|| format!("{}?", word.prefix), str::to_owned);
    words.map(|words| words.iter().map(told).collect())
}

fn settings(launcher: &Launcher) -> String {
    let told = |(name, setting): (&&str, &crate::value::Setting)| format!("{name}={}", setting.value);
    launcher.process.settings.iter().map(told).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_service_is_a_launcher_with_its_limits() {
    let launcher = one(concat!(
        "services:\n  web:\n    image: shop:1\n    container_name: shop-web\n    init: true\n    stop_signal: SIGINT\n",
        "    stop_grace_period: 1m30s\n    user: '1000:1000'\n    working_dir: /app\n    read_only: true\n    tmpfs: /tmp:size=64m\n",
        "    volumes: [data:/app:ro]\n    ports: ['8080:8000']\n    expose: [8000]\n    ulimits: {nofile: {soft: 1024, hard: 4096}}\n",
        "    networks: {back: {aliases: [app, web]}}\n",
        "    deploy: {replicas: 3, resources: {limits: {cpus: '0.50', memory: 512M, pids: 50}}}\n",
    ));
    assert_eq!(
        settings(&launcher),
        "cpu_limit=0.5 expose=8000 has_init=true memory_limit=512M nofile_limit=1024 published_ports=8080:8000 read_only_root=true \
         replicas=3 stop_grace=1m30s stop_signal=INT tasks_limit=50 tmp_is_tmpfs=true tmp_is_writable=true user=1000:1000 \
         working_directory=/app working_directory_is_writable=false"
    );
    assert_eq!(launcher.hosts.iter().map(|host| &**host).collect::<Vec<_>>(), ["web", "shop-web", "app"]);
    assert!(matches!(&launcher.image, Some(ImageOf::Named(name)) if name.as_text() == Some("shop:1")));
}

#[test]
fn settings_stand_at_their_keys() {
    let text = "services:\n  web:\n    image: a\n    stop_grace_period: 20s\n";
    let project = Project::new(&[("compose.yaml", text)]);
    let launcher = project.only();
    let grace = launcher.process.settings.get("stop_grace").expect("it is set");
    let span = grace.origin.span().expect("it is written");
    assert_eq!(project.documents.of(span).expect("a document").text(span), "stop_grace_period: 20s");
}

#[test]
fn commands_are_split_without_a_shell_and_may_be_emptied() {
    let command =
        |yaml: &str| words(one(&format!("services:\n  web:\n    image: a\n    command: {yaml}\n")).process.command.as_ref());
    let list = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!(command("gunicorn -b :80 'a b'"), list(&["gunicorn", "-b", ":80", "a b"]));
    assert_eq!(command("[gunicorn, '--bind=:80']"), list(&["gunicorn", "--bind=:80"]));
    assert_eq!(command(">\n      gunicorn\n      app:app\n"), list(&["gunicorn", "app:app"]));
    assert_eq!(command("gunicorn --workers ${WORKERS:-3} --bind=:${PORT}"), list(&["gunicorn", "--workers", "3", "--bind=:?"]));
    assert_eq!(command("sh -c 'echo $$HOME'"), list(&["sh", "-c", "echo $HOME"]));
    assert_eq!(command("[]"), list(&[]));
    assert_eq!(command("''"), list(&[]));
    assert_eq!(command("null"), None);
    assert_eq!(command("gunicorn 'open"), list(&["gunicorn '"]).map(|_| vec!["?".to_owned()]));
}

#[test]
fn variables_come_from_the_file_beside() {
    let text = "services:\n  web:\n    image: a:${TAG}\n    stop_grace_period: ${GRACE:-40s}\n    environment:\n      - WORKERS=${N}\n      - TAG\n";
    let project = Project::new(&[("x/compose.yaml", text), ("x/.env", "TAG=7 # c\nN=\"4\"\n"), (".env", "N=5\n")]);
    let launcher = project.only();
    assert!(matches!(&launcher.image, Some(ImageOf::Named(name)) if name.as_text() == Some("a:7")));
    let variable =
        |name: &str| launcher.process.environment.get(name).and_then(|variable| variable.value.as_text().map(str::to_owned));
    assert_eq!((variable("WORKERS").as_deref(), variable("TAG").as_deref()), (Some("4"), Some("7")));
    let grace = launcher.process.settings.get("stop_grace").expect("it is set");
    assert_eq!(
        (grace.value.to_string(), grace.assuming.iter().map(|text| &**text).collect::<Vec<_>>()),
        ("40s".into(), vec!["GRACE is not set"])
    );
}

#[test]
fn a_word_assumes_what_its_own_variables_do() {
    let launcher = one("services:\n  web:\n    image: a\n    command: gunicorn -w ${W:-4} --bind :80 ${X:-a b}\n");
    let words = launcher.process.command.unwrap_or_default();
    let assumptions: Vec<String> =
        words.iter().map(|word| word.assuming.iter().map(|text| &**text).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(assumptions, ["", "", "W is not set", "", "", "X is not set", "X is not set"]);
}

#[test]
fn environment_beats_env_files_and_a_missing_one_leaves_it_open() {
    let text = "services:\n  web:\n    image: a\n    env_file:\n      - a.env\n      - path: b.env\n        required: false\n    environment: {C: '3'}\n";
    let files = [("compose.yaml", text), ("a.env", "A=1\nB=1\nC=1\n"), ("b.env", "export B='2'\n")];
    let told = |launcher: &Launcher| {
        let environment = &launcher.process.environment;
        let pair = |name: &Arc<str>| format!("{name}={}", environment.get(name).expect("it is set").value);
        (environment.names().map(pair).collect::<Vec<_>>().join(" "), environment.closed)
    };
    assert_eq!(told(&Project::new(&files).only()), ("A=1 B=2 C=3".into(), true));
    assert_eq!(told(&Project::new(&files[..2]).only()), ("A=1 B=1 C=3".into(), false));
}

#[test]
fn an_override_is_laid_over_its_base() {
    let base = "services:\n  web:\n    image: a\n    command: gunicorn base\n    ports: ['80:8000']\n    environment: [A=1, B=1]\n    tmpfs: /tmp\n";
    let over = "services:\n  web:\n    command: gunicorn over\n    ports: ['81:8000']\n    environment: {B: '2'}\n    tmpfs: !reset null\n";
    let project = Project::new(&[("docker-compose.yml", base), ("docker-compose.override.yml", over)]);
    let launcher = project.only();
    assert_eq!(words(launcher.process.command.as_ref()).unwrap_or_default(), ["gunicorn", "over"]);
    assert!(settings(&launcher).contains("published_ports=80:8000, 81:8000"));
    assert!(settings(&launcher).contains("tmp_is_tmpfs=false"));
    assert_eq!(launcher.process.environment.names().count(), 2);
    assert!(project.pieces(1).is_empty());
    let replaced = over.replace("ports: [", "ports: !override [");
    let project = Project::new(&[("docker-compose.yml", base), ("docker-compose.override.yml", &replaced)]);
    assert!(settings(&project.only()).contains("published_ports=81:8000 "));
}

#[test]
fn a_file_that_does_not_stand_alone_is_laid_over_the_usual_one() {
    let base = "services:\n  web:\n    image: a\n    command: gunicorn base\n";
    let over = "services:\n  web:\n    command: gunicorn production\n";
    let project = Project::new(&[("compose.yaml", base), ("compose.prod.yaml", over), ("x/compose.prod.yaml", over)]);
    let command = |file| words(project.launchers(file)[0].process.command.as_ref()).unwrap_or_default().join(" ");
    assert_eq!((command(0).as_str(), command(1).as_str()), ("gunicorn base", "gunicorn production"));
    assert!(matches!(project.pieces(2).as_slice(), [Piece::Opaque { what: OVERLAY, .. }]));
}

#[test]
fn services_extend_others_here_and_elsewhere() {
    let text = concat!(
        "x-common: &common\n  stop_grace_period: 45s\n",
        "services:\n  web:\n    extends: base\n    command: gunicorn web\n",
        "  base:\n    <<: *common\n    extends: {file: common/app.yml, service: app}\n    init: true\n",
        "  loop:\n    image: x\n    extends: loop\n",
    );
    let common = "services:\n  app:\n    build: .\n    command: gunicorn app\n    env_file: app.env\n";
    let files =
        [("compose.yaml", text), ("common/app.yml", common), ("common/app.env", "A=1\n"), ("common/Dockerfile", "FROM x\n")];
    let project = Project::new(&files);
    let launchers = project.launchers(0);
    let web = launchers.iter().find(|launcher| &*launcher.name == "web").expect("web is there");
    assert_eq!(words(web.process.command.as_ref()).unwrap_or_default().join(" "), "gunicorn web");
    assert!(settings(web).contains("has_init=true") && settings(web).contains("stop_grace=45s"));
    assert_eq!(web.process.environment.get("A").map(|variable| variable.value.to_string()).as_deref(), Some("1"));
    assert!(matches!(web.image, Some(ImageOf::Built { document: DocumentId(3), .. })));
    // Compose refuses the one that extends itself.
    assert_eq!(launchers.len(), 2);
}

#[test]
fn a_build_leads_to_its_dockerfile() {
    let built = |build: &str, dockerfile: &str| {
        let text = format!("services:\n  web:\n    build: {build}\n");
        let project = Project::new(&[("deploy/compose.yaml", &text), (dockerfile, "FROM x\n")]);
        match project.only().image {
            Some(ImageOf::Built { target, .. }) => Some(target.map(|target| target.to_string()).unwrap_or_default()),
            _ => None,
        }
    };
    assert_eq!(built(".", "deploy/Dockerfile").as_deref(), Some(""));
    assert_eq!(
        built("{context: .., dockerfile: docker/web.Dockerfile, target: prod}", "docker/web.Dockerfile").as_deref(),
        Some("prod")
    );
    assert_eq!(built("{dockerfile: ../Dockerfile}", "Dockerfile").as_deref(), Some(""));
    assert_eq!(built("https://example.org/x.git", "deploy/Dockerfile"), None);
}

#[test]
fn a_dockerfile_in_the_file_is_what_is_built() {
    let inline = "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM python\n        RUN echo $$HOME\n";
    let project = Project::new(&[("compose.yaml", inline), ("Dockerfile", "FROM debian\n")]);
    assert_eq!(project.texts(), ["compose.yaml:build@5:9/Dockerfile dockerfile FROM python\nRUN echo $HOME"]);
    let built = DocumentId(2);
    assert!(matches!(project.only().image, Some(ImageOf::Built { document, .. }) if document == built));
    // What a variable makes of it is not known, and the Dockerfile beside it is not built.
    let project = Project::new(&[("compose.yaml", &inline.replace("$$", "$")), ("Dockerfile", "FROM debian\n")]);
    assert!(project.texts().is_empty());
    assert!(matches!(project.only().image, Some(ImageOf::Named(crate::value::Value::Unknown(_)))));
    // What a merge key repeats is one.
    let merged = inline.replace("  a:\n", "  a: &a\n") + "  b: {<<: *a}\n";
    let project = Project::new(&[("compose.yaml", &merged)]);
    let images: Vec<_> = project.launchers(0).into_iter().map(|launcher| launcher.image).collect();
    let is_built = |image: &Option<ImageOf>| matches!(image, Some(ImageOf::Built { document: DocumentId(1), .. }));
    assert!(images.len() == 2 && images.iter().all(is_built));
    // Two on one line are two.
    let line = "services: {a: {build: {dockerfile_inline: FROM a}}, b: {build: {dockerfile_inline: FROM b}}}";
    assert_eq!(Project::new(&[("compose.yaml", line)]).texts().len(), 2);
}

#[test]
fn configs_are_files_of_the_services_that_have_them() {
    let text = "services:\n  a:\n    image: x\n    configs: [gunicorn.conf.py, {source: n, target: /etc/nginx/nginx.conf}, {source: n, target: /x}]\n\
                configs:\n  gunicorn.conf.py: {content: workers = 2}\n  n:\n    content: |\n      events {}\n      # $$host\n";
    let project = Project::new(&[("compose.yaml", text)]);
    let texts = [
        "compose.yaml:gunicorn.conf.py/gunicorn.conf.py gunicorn workers = 2",
        "compose.yaml:n/nginx.conf nginx events {}\n# $host",
    ];
    assert_eq!(project.texts(), texts);
    let pods = project.pieces(0).into_iter().filter_map(|piece| match piece {
        Piece::Pod(pod) => Some(pod),
        _ => None,
    });
    let files: Vec<String> = pods
        .flat_map(|pod| pod.containers)
        .flat_map(|container| container.files)
        .map(|file| file.path.display().to_string())
        .collect();
    assert_eq!(files, ["/gunicorn.conf.py", "/etc/nginx/nginx.conf"]);
}

#[test]
fn an_edit_of_a_text_doubles_its_dollar_signs() {
    let text = "configs:\n  n:\n    content: |\n      set $$a $$b;\n      x y;\nservices: {a: {configs: [{source: n, target: /etc/nginx/nginx.conf}]}}\n";
    let project = Project::new(&[("compose.yaml", text)]);
    let (file, cut) = (project.documents.get(DocumentId(0)).unwrap(), project.documents.get(DocumentId(1)).unwrap());
    let edit = |start, end, text: &str| {
        let edit = crate::edit::Edit { span: cut.span(start, end), text: text.to_owned() };
        let made = within(&edit, cut, file).map_err(|refusal| refusal.0)?;
        Ok::<_, String>(String::from_utf8(crate::edit::apply(&file.bytes, &[made]).unwrap()).unwrap())
    };
    assert_eq!(edit(7, 9, "$c\nset $d"), Ok(text.replace("$$b;", "$$c\n      set $$d;")));
    assert_eq!(edit(13, 14, "z"), Ok(text.replace("x y", "x z")));
}

#[test]
fn what_a_variable_decides_is_unknown() {
    let launcher = one(
        "services:\n  web:\n    image: a\n    user: ${UID}\n    scale: ${N}\n    ports: ['${P}:8000']\n    init: ${I:-true}\n",
    );
    assert!(settings(&launcher).contains("replicas=unknown") && settings(&launcher).contains("user=unknown"));
    assert!(settings(&launcher).contains("published_ports=unknown") && settings(&launcher).contains("has_init=true"));
}

#[test]
fn on_the_network_of_the_host_a_service_has_no_name() {
    let launcher = one("services:\n  web:\n    image: a\n    network_mode: host\n    ports: ['80:80']\n");
    assert!(launcher.hosts.is_empty());
    assert!(!settings(&launcher).contains("published_ports"));
}

#[test]
fn all_wanted_files_are_named() {
    let text = concat!(
        "include: [db/compose.yml, {path: [a.yml, b.yml]}]\nservices:\n  web:\n    env_file: [a.env, {path: b.env}]\n",
        "    extends: {file: common.yml, service: x}\n    build: {context: ./app/, dockerfile: ../Dockerfile}\n  db:\n    build: ${DIR}\n",
    );
    let document = Document::new(DocumentId(0), "compose.yaml", text.as_bytes().to_vec());
    let wants = wants(&yaml::parse(&document));
    let names: Vec<&str> = wants.iter().map(|want| want.path.as_str()).collect();
    assert_eq!(names, [".env", "a.env", "b.env", "common.yml", "./app/../Dockerfile", "db/compose.yml", "a.yml", "b.yml"]);
}

/// The containers of each pod, as network, files of nginx, and volumes.
fn pods(files: &[(&str, &str)]) -> Vec<String> {
    let pods = Project::new(files).pieces(0).into_iter().filter_map(|piece| match piece {
        Piece::Pod(pod) => Some(pod),
        _ => None,
    });
    let volume = |volume: &crate::model::piece::Volume| {
        format!("{}={}", volume.path.display(), volume.source.as_deref().unwrap_or("nothing"))
    };
    let inside = |inside: &crate::model::piece::Inside| {
        let volumes: Vec<String> = inside.volumes.iter().map(volume).collect();
        format!("[{}]{}", volumes.join(" "), if inside.knows_volumes { "" } else { "?" })
    };
    pods.map(|pod| format!("{:?} {}", pod.network, pod.containers.iter().map(inside).collect::<Vec<_>>().join(" "))).collect()
}

#[test]
fn services_share_a_loopback_by_their_network_mode() {
    let text = |modes: [&str; 3]| {
        let service = |(name, mode): (&str, &str)| format!("  {name}: {{image: x, network_mode: '{mode}'}}\n");
        format!("services:\n{}", ["a", "b", "c"].into_iter().zip(modes).map(service).collect::<String>())
    };
    let told = |modes: [&str; 3]| pods(&[("compose.yaml", &text(modes))]);
    assert_eq!(told(["bridge", "service:a", "service:b"]), ["Own [] [] []"]);
    assert_eq!(told(["bridge", "bridge", "host"]), ["Own []", "Own []", "Host []"]);
    assert_eq!(told(["service:b", "service:a", "container:x"]), ["Unknown []", "Unknown []", "Unknown []"]);
    assert_eq!(told(["service:gone", "${MODE}", "service:c"]), ["Unknown []", "Unknown []", "Unknown []"]);
    let hosts = |modes: [&str; 3]| {
        let launchers = Project::new(&[("compose.yaml", &text(modes))]).launchers(0);
        launchers.iter().map(|launcher| launcher.hosts.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(hosts(["bridge", "service:a", "host"]), ["a", "a", ""]);
}

#[test]
fn volumes_have_one_name_for_all_who_mount_them() {
    let one = |volumes: &str, top: &str| {
        pods(&[("shop/compose.yaml", &format!("services:\n  a:\n    image: x\n    volumes: {volumes}\nvolumes: {top}\n"))])
            .remove(0)
    };
    assert_eq!(one("['sock:/run/a']", "{sock: }"), "Own [/run/a=volume sock of shop]");
    assert_eq!(one("['sock:/run/a']", "{sock: {external: true}}"), "Own [/run/a=volume sock]");
    assert_eq!(one("['sock:/run/a']", "{sock: {name: other}}"), "Own [/run/a=volume other]");
    assert_eq!(one("['sock:/run/a']", "{sock: {name: '${NAME}'}}"), "Own []?");
    assert_eq!(one("['./run:/a', '../b:/b', '/srv/c:/c', '/d']", "{}"), "Own [/a=shop/run /b=b /c=/srv/c /d=nothing]");
    assert_eq!(one("[{type: bind, source: run, target: /a}]", "{}"), "Own [/a=shop/run]");
    assert_eq!(one("[{type: volume, source: v, target: /a, volume: {subpath: x}}]", "{v: }"), "Own []?");
    assert_eq!(one("['${WHERE}:/a']", "{}"), "Own []?");
}

#[test]
fn what_a_service_extends_must_be_there() {
    let lower = |files: &[(&str, &str)]| {
        let project = Project::new(files);
        let forest = Forest { documents: &project.documents, paths: &project.paths, parsed: &project.parsed };
        let lowered = formats::lower(DocumentId(0), &project.parsed[&DocumentId(0)], &forest);
        let name = |piece: &Piece| if let Piece::Launcher(launcher) = piece { Some(launcher.name.to_string()) } else { None };
        let names: Vec<String> = lowered.pieces.iter().filter_map(name).collect();
        let is_opaque = lowered.pieces.iter().any(|piece| matches!(piece, Piece::Opaque { .. }));
        let problems: Vec<String> = lowered.problems.into_iter().map(|problem| problem.message).collect();
        (names.join(" "), is_opaque, problems.join(", "), lowered.notes.into_iter().map(|(_, note)| note).collect())
    };
    let told = |names: &str, problems: &str, notes: &str| (names.into(), true, problems.into(), notes.into());
    let one = |services: &str| lower(&[("compose.yaml", &format!("services:\n  web: {{image: x}}\n{services}"))]);
    assert_eq!(
        one("  w2: {extends: {file: gone.yml, service: z}}\n"),
        told("web", "", "service w2 is left out: it extends one of gone.yml, which was not read")
    );
    assert_eq!(one("  w2: {extends: z}\n"), told("web", "service w2 extends z, which is not there", ""));
    assert_eq!(one("  w2: {extends: w2}\n"), told("web", "service w2 extends itself", ""));
    assert_eq!(
        one("  w2: {extends: {file: compose.yaml, service: w2}}\n  w3: {extends: w2}\n"),
        told("web", "service w2 extends itself", "")
    );
    assert_eq!(one("  a: {extends: b}\n  b: {extends: a}\n"), told("web", "service b extends itself, by way of a", ""));
    assert_eq!(one("  w2: {extends: '${WHAT}'}\n"), told("web", "", "service w2 is left out: what it extends is not known"));
    assert_eq!(one("  w2: {extends: web}\n"), ("w2 web".into(), false, String::new(), String::new()));
}
