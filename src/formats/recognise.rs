//! Which language a file is written in: by its name where that is telling, else by a look at its first lines.

use super::{Format, appengine, dependencies, kubernetes, nginx, tmpfiles};
use crate::model::piece::CLOUD_RUN;
use crate::source::Document;
use crate::vocabulary;
use std::path::Path;

/// What a path alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    Sure(Format),
    /// The content decides.
    Look,
    /// Nothing for gearmesh.
    No,
}

/// How much of a file is looked at.
const HEAD: usize = 64 * 1024;

/// Endings of copies that no program reads.
const BACKUPS: [&str; 8] = [".save", ".bak", ".orig", ".old", ".backup", ".swp", ".dpkg-old", ".dpkg-dist"];
/// Endings of files that are filled in before use.
const TEMPLATES: [&str; 8] = [".j2", ".jinja2", ".jinja", ".tmpl", ".template", ".tpl", ".erb", ".in"];
/// Endings of files that are filled in or renamed before use; the name before them counts.
const DRAFTS: [&str; 10] = [".j2", ".jinja2", ".jinja", ".tmpl", ".template", ".tpl", ".erb", ".in", ".example", ".sample"];
/// Endings of files that are never nginx configuration.
const FOREIGN: [&str; 36] = [
    "py", "pyc", "md", "rst", "txt", "html", "js", "mjs", "ts", "css", "json", "yml", "yaml", "toml", "xml", "svg", "png", "jpg",
    "gif", "ico", "lock", "rb", "pp", "tf", "log", "pem", "crt", "key", "gz", "zip", "sql", "service", "socket", "timer", "sh",
    "map",
];

/// Endings of Procfiles that no server runs.
const DEVELOPMENT: [&str; 9] = ["dev", "development", "local", "test", "testing", "tests", "ci", "debug", "windows"];

/// Names of files that tell a CI system or a hook what to do with the repository; they start nothing on a server.
const PIPELINES: [&str; 9] = [
    ".gitlab-ci",
    ".pre-commit-config",
    ".pre-commit-hooks",
    ".travis",
    ".drone",
    ".woodpecker",
    ".cirrus",
    "bitbucket-pipelines",
    "azure-pipelines",
];
/// Folders of such files.
const PIPELINE_FOLDERS: [&str; 8] =
    [".github", ".gitlab", ".circleci", ".woodpecker", ".buildkite", ".azure-pipelines", ".forgejo", ".gitea"];
/// Keys that together only a rule of gearmesh has, each at the beginning of a line.
const RULE_KEYS: [&str; 4] = ["summary:", "severity:", "when:", "message:"];

/// Sections that no other program's configuration has.
const SUPERVISOR_SECTIONS: [&str; 6] =
    ["[program:", "[supervisord]", "[supervisorctl]", "[fcgi-program:", "[eventlistener:", "[group:"];

/// Directives that no other program's configuration has.
const NGINX_NAMES: [&str; 12] = [
    "proxy_pass",
    "proxy_set_header",
    "proxy_read_timeout",
    "server_name",
    "ssl_certificate",
    "log_format",
    "limit_req_zone",
    "uwsgi_pass",
    "fastcgi_pass",
    "worker_processes",
    "client_max_body_size",
    "add_header",
];

/// What the name of a file says.
pub fn by_name(path: &Path) -> Guess {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().to_lowercase()) else { return Guess::No };
    if name.ends_with('~') || BACKUPS.iter().any(|ending| name.ends_with(ending)) {
        return Guess::No;
    }
    if let Some(kind) = dependencies::recognise(path) {
        return Guess::Sure(Format::Dependencies(kind));
    }
    if tmpfiles::recognise(path) {
        return Guess::Sure(Format::TmpFiles);
    }
    let name = DRAFTS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let folder = path.parent().and_then(Path::file_name).map(|folder| folder.to_string_lossy()).unwrap_or_default();
    match extension {
        "service" | "socket" => return Guess::Sure(Format::Unit),
        "conf" if is_drop_in_folder(&folder) => return Guess::Sure(Format::DropIn),
        "py" if is_gunicorn(name) => return Guess::Sure(Format::Gunicorn),
        "sh" | "bash" | "ini" => return Guess::Look,
        "yml" | "yaml" if name.contains("compose") => return Guess::Sure(Format::Compose),
        "yml" | "yaml" => return Guess::Look,
        _ => {}
    }
    if name.starts_with("dockerfile") || name.starts_with("containerfile") || extension == "dockerfile" {
        return if extension == "dockerignore" { Guess::No } else { Guess::Sure(Format::Dockerfile) };
    }
    match name {
        "procfile" => return Guess::Sure(Format::Procfile),
        "fly.toml" | "railway.json" | "railway.toml" => return Guess::Sure(Format::Opaque("platform file")),
        "nginx.conf" => return Guess::Sure(Format::Nginx),
        _ if name.starts_with("procfile.") && DEVELOPMENT.contains(&extension) => {
            return Guess::Sure(Format::Opaque("Procfile for development"));
        }
        _ if name.starts_with("procfile.") => return Guess::Sure(Format::Procfile),
        _ => {}
    }
    if FOREIGN.contains(&extension) {
        return Guess::No;
    }
    if matches!(extension, "conf" | "vhost" | "") || is_in_nginx_folder(path) { Guess::Look } else { Guess::No }
}

fn is_in_nginx_folder(path: &Path) -> bool {
    path.components().any(|part| {
        let part = part.as_os_str().to_string_lossy().to_lowercase();
        part.contains("nginx") || matches!(&*part, "sites-available" | "sites-enabled" | "conf.d")
    })
}

fn is_drop_in_folder(folder: &str) -> bool {
    folder
        .strip_suffix(".d")
        .is_some_and(|unit| unit.ends_with(".service") || unit.ends_with(".socket") || matches!(unit, "service" | "socket"))
}

/// gunicorn.conf.py, gunicorn_config.py, prod_gunicorn_conf.py, gunicorn.py, ...
fn is_gunicorn(name: &str) -> bool {
    let is_test = name.starts_with("test_") || name.ends_with("_test.py");
    name == "gunicorn.py"
        || !is_test && name.contains("gunicorn") && ["conf", "cfg", "settings"].iter().any(|word| name.contains(word))
}

/// What the first lines of a file say.
pub fn by_content(path: &Path, bytes: &[u8]) -> Option<Format> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(HEAD)).unwrap_or_default());
    if head.contains('\0') {
        return None;
    }
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    let lines = || head.lines().map(str::trim);
    if matches!(&*extension, "yml" | "yaml") {
        if kubernetes::is_manifest(&head) {
            return Some(Format::Kubernetes);
        }
        if appengine::is_app(&head) {
            return Some(Format::AppEngine);
        }
        if deploys_to_cloud_run(&head) {
            return Some(Format::Opaque(CLOUD_RUN));
        }
        if is_compose(&head) {
            return Some(Format::Compose);
        }
        let code: String = head.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let may_start = starts_programs(&code) && !is_pipeline(path, &head) && !is_own(&head);
        return may_start.then_some(Format::Opaque("YAML file that starts programs"));
    }
    // Most texts have no section at all.
    let has_sections = memchr::memchr(b'[', head.as_bytes()).is_some();
    if has_sections && lines().any(|line| SUPERVISOR_SECTIONS.iter().any(|section| line.starts_with(section))) {
        return Some(Format::Supervisor);
    }
    // Paste Deployment: pserve starts gunicorn with the settings of its server section.
    if extension == "ini" && head.contains("egg:gunicorn") {
        return Some(Format::Opaque("paste configuration"));
    }
    if has_sections && lines().any(|line| matches!(line, "[Unit]" | "[Service]" | "[Socket]")) {
        return Some(Format::Unit);
    }
    if matches!(&*extension, "sh" | "bash") || head.starts_with("#!") {
        return (starts_programs(&head) || execs_its_words(&head)).then_some(Format::Script);
    }
    if extension == "py" {
        return Some(Format::Gunicorn);
    }
    lines().any(is_nginx_line).then_some(Format::Nginx)
}

/// A file that the user named and whose lines tell nothing: nginx's, when it reads as whole statements of a known name.
pub fn by_statements(document: &Document) -> Option<Format> {
    let tree = nginx::parse(document);
    let known = |statement: &nginx::Statement| !vocabulary::nginx::directives(&statement.name.text).is_empty();
    (tree.problems.is_empty() && tree.children(None).any(|(_, statement)| known(statement))).then_some(Format::Nginx)
}

/// A text without a telling name that the user handed over: gunicorn's, when it assigns to a setting at the beginning of a line.
pub fn by_settings(document: &Document) -> Option<Format> {
    let assigns = |line: &str| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        !value.is_empty() && !value.starts_with('=') && vocabulary::gunicorn::setting(name.trim_end()).is_some()
    };
    let nameless = document.path.extension().is_none();
    (nameless && document.as_text().lines().any(assigns)).then_some(Format::Gunicorn)
}

/// Services at the outermost level, with images: a compose file of whatever name.
fn is_compose(text: &str) -> bool {
    let within = |line: &str| {
        let inner = line.trim_start();
        inner.len() < line.len() && (inner.starts_with("image:") || inner.starts_with("build:"))
    };
    text.lines().any(|line| line.trim_end() == "services:") && text.lines().any(within)
}

/// A definition for a CI system or a hook: by where it lies, or as an action of GitHub's is made.
fn is_pipeline(path: &Path, text: &str) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut folders = path.parent().into_iter().flat_map(Path::components);
    let is_action = name == "action" && text.lines().any(|line| line.trim_end() == "runs:");
    is_action
        || PIPELINES.iter().any(|known| name.ends_with(known) || name.starts_with(known))
        || folders.any(|folder| PIPELINE_FOLDERS.iter().any(|known| folder.as_os_str() == *known))
}

/// How reports and baselines of gearmesh begin.
const OWN: [&str; 6] =
    ["{\"version\":", "{\"type\":\"", "{\n  \"gearmesh-baseline\"", "{\n  \"$schema\"", "<?xml", "## gearmesh:"];

/// A file for gearmesh, or by it: a rule, a baseline, a report that was given this name.
fn is_own(text: &str) -> bool {
    let is_rule = RULE_KEYS.iter().all(|key| text.lines().any(|line| line.starts_with(key)));
    let is_list = text.starts_with('[') && text.contains("\"check_name\"");
    is_rule || is_list || OWN.iter().any(|head| text.starts_with(head))
}

/// A service definition of Cloud Run, or a build that deploys one: `gcloud run deploy`, also as a list of words.
fn deploys_to_cloud_run(text: &str) -> bool {
    let gcloud = || text.split_once("gcloud").is_some_and(|(_, rest)| rest.contains("run") && rest.contains("deploy"));
    text.contains("serving.knative.dev") || text.contains("deploy-cloudrun") || gcloud()
}

/// Whether a script becomes the program in its arguments, as entry points of containers do.
fn execs_its_words(text: &str) -> bool {
    text.contains("exec \"$@\"") || text.contains("exec $@")
}

/// Whether a text names a program that listens for HTTP.
fn starts_programs(text: &str) -> bool {
    [
        "gunicorn",
        "uvicorn",
        "daphne",
        "hypercorn",
        "uwsgi",
        "waitress",
        "runserver",
        "flask run",
        "docker run",
        "docker compose",
        "docker-compose",
    ]
    .iter()
    .any(|program| text.contains(program))
}

/// Whether a line can only be nginx's. Words that other daemons use in the same way (`include "x";`) are not enough.
fn is_nginx_line(line: &str) -> bool {
    let word = line.split(|c: char| c.is_whitespace() || c == '{').next().unwrap_or_default();
    let opens = matches!(word, "server" | "location" | "upstream" | "http" | "events" | "map" | "stream") && line.contains('{');
    opens || NGINX_NAMES.contains(&word) && line.contains(';')
}

/// Whether the name of a file says that it is a template.
pub fn template_by_name(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    TEMPLATES.iter().find(|ending| name.ends_with(**ending)).copied()
}

/// Whether a text other than nginx's is a template, and of which kind.
pub fn template(document: &Document) -> Option<&'static str> {
    let text = document.as_text();
    let code = || text.lines().map(str::trim_start).filter(|line| !line.starts_with(['#', ';']));
    if code().any(|line| line.contains("{{ ") && line.contains(" }}") || line.starts_with("{%")) {
        return Some("Jinja");
    }
    if code().any(|line| line.contains("<%=") || line.contains("<% ")) {
        return Some("ERB");
    }
    code()
        .any(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(is_marker))
        .then_some("__NAME__ placeholders")
}

/// `__NAME__`, in upper case: Python's own names of that shape are in lower case.
fn is_marker(word: &str) -> bool {
    word.len() > 4
        && word.strip_prefix("__").and_then(|rest| rest.strip_suffix("__")).is_some_and(|name| {
            name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(path: &str) -> Guess {
        by_name(Path::new(path))
    }

    #[test]
    fn names_tell() {
        assert_eq!(guess("etc/systemd/system/shop.service"), Guess::Sure(Format::Unit));
        assert_eq!(guess("shop.service.d/override.conf"), Guess::Sure(Format::DropIn));
        assert_eq!(guess("deploy/gunicorn_config.py"), Guess::Sure(Format::Gunicorn));
        assert_eq!(guess("gunicorn_app.py"), Guess::No);
        assert_eq!(guess("tests/test_gunicorn_config.py"), Guess::No);
        assert_eq!(guess("etc/nginx/sites-enabled/shop.example"), Guess::Look);
        assert_eq!(guess("nginx/entrypoint.py"), Guess::No);
        assert_eq!(guess("shop.service.save"), Guess::No);
        assert_eq!(guess("Dockerfile.prod"), Guess::Sure(Format::Dockerfile));
    }

    #[test]
    fn contents_tell() {
        let look = |path: &str, text: &str| by_content(Path::new(path), text.as_bytes());
        assert_eq!(look("shop", "# a site\nserver {\n listen 80;\n}\n"), Some(Format::Nginx));
        assert_eq!(look("a.conf", "[program:web]\ncommand=x\n"), Some(Format::Supervisor));
        assert_eq!(look("production.ini", "[server:main]\nuse = egg:gunicorn\n"), Some(Format::Opaque("paste configuration")));
        assert_eq!(look("deploy.sh", "git pull\n"), None);
        assert_eq!(look("deploy.sh", "exec gunicorn app\n"), Some(Format::Script));
        assert_eq!(look("named.conf", "include \"/etc/bind/named.conf.options\";\noptions { directory \"/var\"; };\n"), None);
        assert_eq!(look("LICENSE", "Permission is granted\n"), None);
    }

    #[test]
    fn what_only_a_pipeline_reads_starts_nothing() {
        let look = |path: &str, text: &str| by_content(Path::new(path), text.as_bytes());
        let unknown = Some(Format::Opaque("YAML file that starts programs"));
        let text = "jobs:\n  test:\n    script: gunicorn --check-config app\n";
        assert_eq!(look("deploy/site.yml", text), unknown);
        assert_eq!(look("deploy/site.yml", "# gunicorn is started elsewhere\na: b\n"), None);
        for path in [
            ".gitlab-ci.yml",
            "ci/test.gitlab-ci.yml",
            ".github/workflows/a.yml",
            "a/.pre-commit-config.yaml",
            "azure-pipelines-test.yml",
        ] {
            assert_eq!(look(path, text), None, "{path}");
        }
        assert_eq!(look("action.yml", "runs:\n  using: composite\n  steps:\n    - run: gunicorn app\n"), None);
        assert_eq!(look("action.yml", text), unknown);
        assert_eq!(look("lint/mine.yaml", "summary: gunicorn\nseverity: error\nwhen: 'true'\nmessage: x\n"), None);
        assert_eq!(look("report.yaml", "{\"version\":1,\"findings\":[{\"rule\":\"gunicorn\"}]}\n"), None);
        // A job that deploys there is told from one that tests.
        assert_eq!(look(".github/workflows/a.yml", "run: gcloud run deploy x\n"), Some(Format::Opaque(CLOUD_RUN)));
    }
}
