//! Files beside the repository that something in it names: nothing of them is in any output of any command, in any format, nor in
//! what a command writes.

use super::commands;
use super::run::{Ended, Repository};
use std::fs;
use std::path::Path;

/// What stands in every file beside the repository.
pub const SECRET: &str = "hostilesecret";

/// A unit that starts an app, so that there is a stack whatever else is wrong.
pub const UNIT: &str = "[Service]\nUser=shop\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\n";

/// Every file that something may be lured to, beside the repository: of every language one, and one like /etc/shadow.
const BESIDE: [(&str, &str); 17] = [
    ("shadow", "root:$6$hostilesecret$hostilesecret:19000:0:99999:7:::\nhostilesecret=hostilesecret\n"),
    (
        "nginx.conf",
        "user hostilesecret;\nhttp { server { server_name hostilesecret; location / { proxy_pass http://hostilesecret; } } }\n",
    ),
    ("conf.d/site.conf", "server { server_name hostilesecret; location / { proxy_pass http://hostilesecret; } }\n"),
    ("gunicorn.conf.py", "user = 'hostilesecret'\nwsgi_app = 'hostilesecret.py'\nworkers = 2\n"),
    ("a.service", "[Service]\nUser=hostilesecret\nExecStart=/bin/gunicorn hostilesecret.py\n"),
    ("a.service.d/x.conf", "[Service]\nUser=hostilesecret\nEnvironment=HOSTILESECRET=hostilesecret\n"),
    ("variables", "WEB_CONCURRENCY=hostilesecret\nhostilesecret=hostilesecret\n"),
    ("compose.yaml", "services:\n  hostilesecret:\n    image: hostilesecret\n    command: gunicorn hostilesecret.py\n"),
    ("Dockerfile", "FROM hostilesecret\nENV WEB_CONCURRENCY=hostilesecret\nCMD gunicorn hostilesecret.py\n"),
    ("requirements.txt", "gunicorn==20.0.hostilesecret\nhostilesecret==1\n"),
    ("Procfile", "hostilesecret: gunicorn hostilesecret.py\n"),
    ("supervisord.conf", "[program:hostilesecret]\ncommand=/bin/gunicorn hostilesecret.py\n"),
    ("start.sh", "#!/bin/sh\nexport WEB_CONCURRENCY=hostilesecret\nexec gunicorn hostilesecret.py\n"),
    ("k8s.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: hostilesecret\nspec:\n  ports: hostilesecret\n"),
    ("settings.py", "DATABASES = {'default': {'CONN_MAX_AGE': 'hostilesecret'}}\nhostilesecret = (\n"),
    ("rules/mine.yaml", "summary: hostilesecret\nseverity: hostilesecret\n"),
    (
        "error.log",
        "2026/11/21 10:00:00 [error] 1#1: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 1.1.1.1, server: hostilesecret, request: \"GET /hostilesecret HTTP/1.1\", upstream: \"http://127.0.0.1:8000/hostilesecret\"\n",
    ),
];

/// Text that names each file beside the repository, absolutely and relatively. `OUT` stands for the absolute folder.
const NAMING: [(&str, &str); 44] = [
    (
        "nginx.conf",
        "events {}\nhttp { include OUT/shadow; include OUT/nginx.conf; include ../conf.d/*.conf; include OUT/conf.d/*; include OUT/*/*.conf; include ../../../../../../../../../etc/shadow; include /etc/shadow; include /proc/self/environ; }\n",
    ),
    (
        "nginx/logs.conf",
        "events {}\nerror_log OUT/error.log;\nhttp { error_log OUT/error.log; access_log OUT/error.log combined; server { access_log OUT/shadow; location / { proxy_pass http://unix:/run/shop.sock; } } }\n",
    ),
    (
        "nginx/files.conf",
        "events {}\nhttp { server { auth_basic_user_file OUT/shadow; ssl_certificate_key OUT/shadow; ssl_password_file OUT/shadow; content_by_lua_file OUT/shadow; location / { proxy_pass http://a; } } }\n",
    ),
    ("a.service", UNIT),
    (
        "variables.service",
        "[Service]\nEnvironmentFile=OUT/variables\nEnvironmentFile=-OUT/shadow\nEnvironmentFile=../variables\nEnvironmentFile=/etc/shadow\nExecStart=/bin/gunicorn a:b\n",
    ),
    ("config.service", "[Service]\nExecStart=/bin/gunicorn -c OUT/gunicorn.conf.py a:b\n"),
    ("shadow.service", "[Service]\nExecStart=/bin/gunicorn -c OUT/shadow a:b\n"),
    ("etc.service", "[Service]\nExecStart=/bin/gunicorn -c /etc/shadow a:b\n"),
    ("file.service", "[Service]\nExecStart=/bin/gunicorn --config file:OUT/gunicorn.conf.py a:b\n"),
    ("relative.service", "[Service]\nWorkingDirectory=OUT\nExecStart=/bin/gunicorn -c ../gunicorn.conf.py a:b\n"),
    ("folder.service", "[Service]\nWorkingDirectory=OUT\nExecStart=/bin/gunicorn a:b\n"),
    ("chdir.service", "[Service]\nExecStart=/bin/gunicorn --chdir OUT a:b\n"),
    ("script.service", "[Service]\nExecStart=OUT/start.sh\n"),
    ("shell.service", "[Service]\nExecStart=/bin/sh -c '. OUT/variables; exec gunicorn -c OUT/shadow a:b'\n"),
    ("old.service", ".include OUT/a.service\n[Service]\nExecStart=/bin/gunicorn a:b\n"),
    (
        "log.service",
        "[Service]\nExecStart=/bin/gunicorn --error-logfile OUT/error.log --access-logfile OUT/shadow --log-config OUT/shadow a:b\n",
    ),
    (
        "start.sh",
        "#!/bin/sh\n. OUT/start.sh\nsource ../variables\nset -a; . /etc/shadow\nexec gunicorn -c ../gunicorn.conf.py a:b\n",
    ),
    (
        "compose.yaml",
        "services:\n  a:\n    image: x\n    command: gunicorn -c OUT/gunicorn.conf.py a:b\n    env_file: OUT/variables\n  b:\n    command: gunicorn a:b\n    env_file: [../variables, OUT/shadow, {path: ../shadow, required: false}]\n  c:\n    extends: {file: ../compose.yaml, service: hostilesecret}\n  d:\n    build: ..\n  e:\n    build: {context: OUT, dockerfile: Dockerfile}\n  f:\n    build: {context: ., dockerfile: ../Dockerfile}\n  g:\n    image: nginx\n    volumes: ['../nginx.conf:/etc/nginx/nginx.conf', 'OUT/conf.d:/etc/nginx/conf.d']\n    configs: [h]\n    secrets: [i]\nconfigs:\n  h: {file: ../nginx.conf}\nsecrets:\n  i: {file: OUT/shadow}\n",
    ),
    (
        "include/compose.yaml",
        "include:\n  - ../../compose.yaml\n  - path: OUT/compose.yaml\n    env_file: OUT/variables\nservices:\n  a:\n    image: x\n    command: gunicorn a:b\n    label_file: OUT/shadow\n",
    ),
    (
        "Dockerfile",
        "FROM python\nCOPY ../nginx.conf /etc/nginx/nginx.conf\nCOPY OUT/gunicorn.conf.py gunicorn.conf.py\nCOPY ../start.sh /start.sh\nADD ../shadow /app/shadow\nENTRYPOINT [\"/start.sh\"]\nCMD [\"gunicorn\", \"-c\", \"OUT/shadow\", \"a:b\"]\n",
    ),
    (
        "requirements.txt",
        "-r OUT/requirements.txt\n-r ../requirements.txt\n-c ../shadow\n-c /etc/shadow\n--requirement=../../../../../../../etc/shadow\n-e OUT\n",
    ),
    (
        "pyproject.toml",
        "[project]\nname = 'a'\ndynamic = ['dependencies']\n[tool.setuptools.dynamic]\ndependencies = {file = ['../requirements.txt', 'OUT/requirements.txt']}\n",
    ),
    (
        "supervisord.conf",
        "[include]\nfiles = OUT/supervisord.conf ../*.conf OUT/conf.d/* /etc/shadow\n[program:a]\ndirectory=OUT\ncommand=/bin/gunicorn -c OUT/gunicorn.conf.py a:b\nstderr_logfile=OUT/error.log\n",
    ),
    ("Procfile", "web: gunicorn -c OUT/gunicorn.conf.py a:b\nother: gunicorn -c ../shadow a:b\n"),
    (
        "gunicorn.conf.py",
        "exec(open('OUT/gunicorn.conf.py').read())\nfrom pathlib import Path\nuser = Path('OUT/shadow').read_text()\nlogconfig = 'OUT/shadow'\nkeyfile = 'OUT/shadow'\nchdir = 'OUT'\nwsgi_app = open('/etc/shadow').readline()\n",
    ),
    (
        "k8s/all.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        image: x\n        command: [gunicorn, -c, OUT/gunicorn.conf.py, 'a:b']\n        volumeMounts: [{name: v, mountPath: /etc/nginx}]\n      volumes: [{name: v, hostPath: {path: OUT}}]\n",
    ),
    (
        "k8s/kustomization.yaml",
        "resources: [../../k8s.yaml, OUT/k8s.yaml]\nconfigMapGenerator:\n- name: a\n  files: [../../nginx.conf]\n  envs: [../../variables]\n",
    ),
    ("app.yaml", "runtime: python312\nentrypoint: gunicorn -c OUT/gunicorn.conf.py a:b\nincludes: [../k8s.yaml]\n"),
    ("tmpfiles.d/a.conf", "L+ /run/a - - - - OUT/shadow\nC /etc/a - - - - OUT/shadow\n"),
    ("dump.conf", "# configuration file OUT/nginx.conf:\nevents {}\nhttp { include OUT/conf.d/*.conf; include /etc/shadow; }\n"),
    ("app/settings.py", "from OUT.settings import *\nimport environ\nenviron.Env.read_env('OUT/variables')\nDATABASES = {}\n"),
    ("manage.py", "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = '...settings'\n"),
    (".gitignore", "!../shadow\n../\n"),
    (".git/HEAD", "ref: refs/heads/main\n"),
    (".git/config", "[core]\n\texcludesFile = OUT/shadow\n[include]\n\tpath = OUT/shadow\n"),
    ("railway.json", "{\"deploy\": {\"startCommand\": \"gunicorn -c OUT/gunicorn.conf.py\"}}"),
    ("deploy.yml", "- command: gunicorn -c OUT/gunicorn.conf.py a:b\n- include: OUT/k8s.yaml\n"),
    ("paste.ini", "[server:main]\nuse = egg:gunicorn#main\n[composite:x]\nuse = config:OUT/shadow\n"),
    ("Pipfile", "[packages]\ngunicorn = {path = 'OUT'}\n"),
    ("Pipfile.lock", "{\"default\": {\"gunicorn\": {\"path\": \"OUT\"}}}"),
    ("poetry.lock", "[[package]]\nname = 'gunicorn'\nversion = '23.0.0'\n[package.source]\ntype = 'directory'\nurl = 'OUT'\n"),
    ("uv.lock", "version = 1\n[[package]]\nname = 'gunicorn'\nversion = '23.0.0'\nsource = { editable = 'OUT' }\n"),
    ("b.socket", "[Socket]\nListenStream=OUT/shadow\n"),
    ("b.service", "[Service]\nExecStart=/bin/gunicorn -c OUT/../shadow --bind fd://3 a:b\n"),
];

/// Names of files and folders that a repository may give to links, each with what it leads to beside the repository.
const LINKS: [(&str, &str); 45] = [
    ("links/nginx.conf", "nginx.conf"),
    ("links/shadow.conf", "shadow"),
    ("links/conf.d", "conf.d"),
    ("links/sites-enabled/site", "conf.d/site.conf"),
    ("links/gunicorn.conf.py", "gunicorn.conf.py"),
    ("links/gunicorn_shadow.conf.py", "shadow"),
    ("links/a.service", "a.service"),
    ("links/a.service.d", "a.service.d"),
    ("links/shadow.service", "shadow"),
    ("links/b.service.d/x.conf", "a.service.d/x.conf"),
    ("links/service.d/shadow.conf", "shadow"),
    ("links/c.socket", "shadow"),
    ("links/variables", "variables"),
    ("links/shadow", "shadow"),
    (".env", "variables"),
    ("links/.env", "shadow"),
    ("links/compose.yaml", "compose.yaml"),
    ("links/compose.override.yaml", "compose.yaml"),
    ("links/docker-compose.yml", "shadow"),
    ("links/Dockerfile", "Dockerfile"),
    ("links/b/Dockerfile", "shadow"),
    ("links/requirements.txt", "requirements.txt"),
    ("links/more/requirements.txt", "shadow"),
    ("links/pyproject.toml", "shadow"),
    ("links/uv.lock", "shadow"),
    ("links/poetry.lock", "shadow"),
    ("links/Pipfile.lock", "shadow"),
    ("links/Procfile", "Procfile"),
    ("links/b/Procfile", "shadow"),
    ("links/supervisord.conf", "supervisord.conf"),
    ("links/start.sh", "start.sh"),
    ("links/k8s.yaml", "k8s.yaml"),
    ("links/app.yaml", "shadow"),
    ("links/tmpfiles.d/x.conf", "shadow"),
    ("links/app/settings.py", "settings.py"),
    ("links/manage.py", "settings.py"),
    ("links/error.log", "error.log"),
    ("links/.gitignore", "shadow"),
    ("links/.ignore", "shadow"),
    ("links/out", "."),
    ("links/etc/shadow", "shadow"),
    ("etc", "."),
    ("links/runtime.txt", "shadow"),
    ("links/.python-version", "shadow"),
    ("links/railway.toml", "shadow"),
];

/// Text that names links of the repository, which lead out of it.
const THROUGH: [(&str, &str); 8] = [
    (
        "through/nginx.conf",
        "events {}\nhttp { include ../links/shadow.conf; include ../links/conf.d/*.conf; include ../links/sites-enabled/*; include ../links/out/nginx.conf; include shadow.conf; include ../etc/shadow; }\n",
    ),
    (
        "through/a.service",
        "[Service]\nEnvironmentFile=/srv/links/variables\nEnvironmentFile=/etc/shadow\nEnvironmentFile=/srv/links/out/variables\nExecStart=/bin/gunicorn -c /srv/links/gunicorn_shadow.conf.py a:b\n",
    ),
    ("through/b.service", "[Service]\nWorkingDirectory=/srv/links/out\nExecStart=/bin/gunicorn -c gunicorn.conf.py a:b\n"),
    ("through/c.service", "[Service]\nWorkingDirectory=/srv/links\nExecStart=/srv/links/start.sh\n"),
    (
        "through/compose.yaml",
        "services:\n  a:\n    command: gunicorn a:b\n    env_file: [../links/variables, ../links/shadow, ../links/out/variables]\n  b:\n    extends: {file: ../links/compose.yaml, service: hostilesecret}\n  c:\n    build: ../links\n  d:\n    build: ../links/out\n  e:\n    image: nginx\n    volumes: ['../links/nginx.conf:/etc/nginx/nginx.conf', '../links/out/conf.d:/etc/nginx/conf.d']\n",
    ),
    ("through/requirements.txt", "-r ../links/requirements.txt\n-r ../links/shadow\n-c ../links/out/requirements.txt\n"),
    (
        "through/Dockerfile",
        "FROM python\nCOPY links/start.sh /start.sh\nCOPY ../links/nginx.conf /etc/nginx/nginx.conf\nCOPY links/out/gunicorn.conf.py .\nENTRYPOINT [\"/start.sh\"]\n",
    ),
    (
        "through/supervisord.conf",
        "[include]\nfiles = ../links/supervisord.conf ../links/out/*.conf ../links/shadow\n[program:a]\ncommand=gunicorn a:b\n",
    ),
];

/// A repository with all of that.
pub fn everything() -> Repository {
    let made = with_beside();
    let out = made.beside().display().to_string();
    for (path, text) in NAMING.iter().chain(&THROUGH) {
        made.write(path, text.replace("OUT", &out));
    }
    LINKS.iter().for_each(|(path, to)| made.link(path, made.beside().join(to)));
    made.link("links/relative.conf", "../../shadow");
    made.link("links/again.conf", "relative.conf");
    made
}

/// An empty repository with the files beside it.
pub fn with_beside() -> Repository {
    let made = Repository::new();
    BESIDE.iter().for_each(|(path, text)| made.write(&format!("../{path}"), text));
    made.write("../errors.log", "[2026-11-21 10:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)\n");
    made
}

/// Runs every command and holds that each tells nothing; how they ended.
fn tell_nothing(made: &Repository, lines: &[Vec<String>]) -> Vec<Ended> {
    let run = |words: &Vec<String>| {
        let written = made.path().join(commands::WRITTEN);
        let _ = fs::remove_dir_all(&written);
        fs::create_dir(&written).expect("the folder is made");
        let ended = made.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        ended.honest();
        holds_nothing(&ended.command, &ended.text());
        texts_below(&written).iter().for_each(|text| holds_nothing(&ended.command, text));
        ended
    };
    lines.iter().map(run).collect()
}

fn holds_nothing(command: &str, text: &str) {
    // What the files in the repository say of it themselves is no secret.
    let told =
        text.replace("service: hostilesecret", "").replace("'hostilesecret'", "").replace("\"service\":\"hostilesecret\"", "");
    let at = told.lines().find(|line| line.contains(SECRET));
    assert_eq!(at, None, "{command}: {told}");
}

fn texts_below(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is read").flatten();
    let texts = entries.flat_map(|entry| match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
        true => texts_below(&entry.path()),
        false => vec![String::from_utf8_lossy(&fs::read(entry.path()).unwrap_or_default()).into_owned()],
    });
    texts.collect()
}

#[test]
fn nothing_beside_the_repository_is_told_by_any_command() {
    let ended = tell_nothing(&everything(), &commands::on("."));
    // All of them did their work.
    assert!(ended.iter().any(|ended| ended.out().contains("gunicorn")), "{}", ended[0].text());
    assert!(ended.len() > 15, "{}", ended.len());
}

#[test]
fn each_link_by_itself_tells_nothing() {
    for (path, to) in LINKS {
        let made = with_beside();
        made.write("a.service", UNIT);
        made.link(path, made.beside().join(to));
        for words in [["check", ".", "--verbose"], ["show", ".", "--all"]] {
            let ended = made.run(&words);
            ended.honest();
            holds_nothing(&format!("{path}: {}", ended.command), &ended.text());
        }
    }
}

/// What a repository's own gearmesh.toml may say.
const CONFIGURATIONS: [&str; 8] = [
    "[rules]\npaths = ['..']\n",
    "[rules]\npaths = ['../rules']\n",
    "[rules]\npaths = ['OUT/rules']\n",
    "[rules]\npaths = ['links']\n",
    "[check]\nbaseline = '../shadow'\n",
    "[check]\nbaseline = 'OUT/shadow'\n",
    "[paths]\n'/' = 'OUT'\n",
    "[paths]\n'/etc' = '..'\n'/srv' = '/'\n",
];

#[test]
fn a_repository_that_configures_gearmesh_itself_opens_nothing_else() {
    let unit = "[Service]\nEnvironmentFile=/variables\nEnvironmentFile=/etc/variables\nEnvironmentFile=/srv/etc/shadow\nExecStart=/bin/gunicorn -c /etc/gunicorn.conf.py a:b\n";
    for text in CONFIGURATIONS {
        let made = with_beside();
        made.write("a.service", unit);
        made.write("nginx.conf", "events {}\nhttp { include /conf.d/*; include /etc/conf.d/*.conf; include /etc/shadow; }\n");
        made.link("links/mine.yaml", made.beside().join("shadow"));
        made.write("gearmesh.toml", text.replace("OUT", &made.beside().display().to_string()));
        tell_nothing(&made, &commands::of_files("."));
    }
    for link in ["gearmesh.toml", "rules", "base.json"] {
        let made = with_beside();
        made.write("a.service", unit);
        made.write("gearmesh.toml", "[rules]\npaths = ['rules']\n[check]\nbaseline = 'base.json'\n");
        if link == "gearmesh.toml" {
            fs::remove_file(made.path().join(link)).expect("it is removed");
        } else {
            let other = if link == "rules" { "base.json" } else { "rules/mine.yaml" };
            made.write(other, "");
        }
        made.link(link, made.beside().join(if link == "rules" { "rules" } else { "shadow" }));
        tell_nothing(&made, &commands::of_files("."));
    }
}
