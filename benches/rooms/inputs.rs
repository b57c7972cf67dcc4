//! What is read: texts of any size for each parser, and what the generators write below target/bench, once.

use gearmesh::formats::Format;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Name, format and text, each of about so many bytes.
pub fn texts(bytes: usize) -> Vec<(&'static str, Format, String)> {
    vec![
        ("nginx", Format::Nginx, format!("http {{\n{}}}\n", repeated(bytes, site))),
        ("gunicorn.conf.py", Format::Gunicorn, python(bytes)),
        ("unit", Format::Unit, format!("{UNIT}{}", repeated(bytes, variable_of_unit))),
        ("environment file", Format::Variables, repeated(bytes, |n| format!("# Key {n}\nAPP_KEY_{n}=\"value {n} of $APP\"\n"))),
        ("supervisor", Format::Supervisor, repeated(bytes, program)),
        ("compose", Format::Compose, format!("services:\n{}", repeated(bytes, service))),
        ("kubernetes", Format::Kubernetes, repeated(bytes, deployment)),
        ("Dockerfile", Format::Dockerfile, repeated(bytes, stage)),
        ("shell script", Format::Script, format!("#!/bin/sh\nset -eu\n{}", repeated(bytes, lines_of_shell))),
        ("Procfile", Format::Procfile, repeated(bytes, |n| format!("web{n}: gunicorn --workers 4 --timeout 60 app{n}.wsgi\n"))),
    ]
}

/// A configuration that computes a little, as real ones do.
pub fn python(bytes: usize) -> String {
    let text = repeated(bytes, |n| {
        format!(
            "# Setting {n}\nlimit_{n} = int(os.environ.get(\"LIMIT_{n}\", {n} * 2 + 1))\nif limit_{n} > 1000:\n    \
             names_{n} = [f\"app-{{i}}\" for i in range(3)]\nelse:\n    names_{n} = [\"app\", 'site{n}.example.com']\n"
        )
    });
    format!("import multiprocessing\nimport os\n\n{text}\nworkers = multiprocessing.cpu_count() * 2 + 1\ntimeout = limit_1\n")
}

fn repeated(bytes: usize, one: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes + 2000);
    for n in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&one(n));
    }
    text
}

fn site(n: usize) -> String {
    format!(
        "# Site {n}\nupstream app{n} {{\n    server unix:/run/app{n}.sock fail_timeout=0;\n}}\nserver {{\n    listen 80;\n    \
         server_name site{n}.example.com;\n    client_max_body_size 10m;\n    location ~ ^/(static|media)/ {{\n        \
         root /srv/app{n};\n        expires 30d;\n    }}\n    location / {{\n        proxy_pass http://app{n};\n        \
         proxy_set_header Host $host;\n        proxy_set_header X-Forwarded-For \"$proxy_add_x_forwarded_for\";\n    }}\n}}\n"
    )
}

const UNIT: &str = "[Unit]\nDescription=An app\nAfter=network.target\n\n[Service]\nType=notify\nUser=app\n\
                    ExecStart=/srv/app/venv/bin/gunicorn --workers 4 app.wsgi\nTimeoutStopSec=45\n";

fn variable_of_unit(n: usize) -> String {
    format!(
        "# Key {n}\nEnvironment=\"APP_KEY_{n}=value {n}\" APP_OTHER_{n}=%i-\\x41\nReadWritePaths=-/srv/app/{n} \\\n    /var/lib/app/{n}\n"
    )
}

fn program(n: usize) -> String {
    format!(
        "[program:app{n}]\ncommand=/srv/app{n}/venv/bin/gunicorn --workers 4 --bind unix:/run/app{n}.sock app{n}.wsgi ; app {n}\n\
         directory=/srv/app{n}\nuser=app{n}\nenvironment=KEY=\"value {n}\",OTHER=%(program_name)s\nstopwaitsecs=30\nautorestart=true\n\n"
    )
}

fn service(n: usize) -> String {
    format!(
        "  app{n}: # app {n}\n    image: registry.example.com/app:{n}\n    command: [\"gunicorn\", \"--workers\", \"4\", 'app{n}.wsgi']\n    \
         environment:\n      KEY: value {n}\n      OTHER: \"${{OTHER:-{n}}}\"\n    ports:\n      - \"{port}:8000\"\n    \
         stop_grace_period: 30s\n    restart: unless-stopped\n",
        port = 1024 + n % 60000
    )
}

fn deployment(n: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app{n}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {{app: app{n}}}\n  \
         template:\n    metadata:\n      labels: {{app: app{n}}}\n    spec:\n      terminationGracePeriodSeconds: 45\n      containers:\n        \
         - name: web\n          image: registry.example.com/app:{n}\n          args: [gunicorn, --workers=4, app{n}.wsgi]\n          \
         resources:\n            limits: {{cpu: \"2\", memory: 512Mi}}\n---\n"
    )
}

fn stage(n: usize) -> String {
    format!(
        "FROM python:3.12-slim AS app{n}\nENV KEY=\"value {n}\" OTHER=${{OTHER:-{n}}}\nWORKDIR /srv/app{n}\nCOPY . .\n\
         RUN pip install --no-cache-dir -r requirements.txt \\\n    && python -m compileall .\nEXPOSE 8000\n\
         CMD [\"gunicorn\", \"--workers\", \"4\", \"app{n}.wsgi\"]\n\n"
    )
}

fn lines_of_shell(n: usize) -> String {
    format!(
        "# Step {n}\nKEY_{n}=\"${{KEY_{n}:-value {n}}}\"\nif [ -n \"$KEY_{n}\" ] && test -d '/srv/app{n}'; then\n    \
         cd \"/srv/app{n}\" || exit 1\n    echo \"starting $KEY_{n}\" >&2\nfi\n"
    )
}

/// A tree of sites with apps, as `generate.py` writes it.
pub fn tree(sites: usize, apps: usize) -> PathBuf {
    made(&format!("sites-{sites}-{apps}"), |folder| {
        let mut generate = Command::new("python3");
        generate.arg("benches/generate.py").arg(folder).args([&sites.to_string(), "--snippet", "--apps", &apps.to_string()]);
        generate
    })
}

/// An access log of so many megabytes, as `access_log.py` writes it.
pub fn access_log(megabytes: usize) -> PathBuf {
    made(&format!("access-{megabytes}.log"), |file| {
        let mut generate = Command::new("python3");
        generate.args(["benches/access_log.py", &megabytes.to_string()]);
        generate.stdout(Stdio::from(fs::File::create(file).expect("a file is made")));
        generate
    })
}

/// What a generator writes is moved into place when it is whole.
fn made(name: &str, generator: impl Fn(&Path) -> Command) -> PathBuf {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench").join(name);
    if !place.exists() {
        let new = place.with_extension("new");
        let _ = fs::remove_dir_all(&new);
        fs::create_dir_all(place.parent().expect("it has a folder")).expect("a folder is made");
        let status = generator(&new).current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("python3 is there");
        assert!(status.success(), "{name} is not written");
        fs::rename(&new, &place).expect("it is moved");
    }
    place
}

/// The bytes of all files of a tree.
pub fn size(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| size(&entry.path())).sum(),
        Err(_) => fs::metadata(path).map_or(0, |file| file.len()),
    }
}
