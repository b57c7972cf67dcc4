#!/usr/bin/env python3
"""Writes inputs for the benchmarks: stacks of any size that both gearmesh and nginx read.

In: a folder, a number of sites, and whether the sites stand in one file. Out: nginx.conf with its sites, a unit and a
configuration for every tenth app, or for as many as asked. Equal arguments give equal files. Nothing is read or measured here.

    benches/generate.py FOLDER SITES [--one-file] [--snippet] [--apps N]
"""
import argparse
import pathlib

MAIN = """worker_processes auto;
pid logs/nginx.pid;
error_log stderr;

events {{ worker_connections 1024; }}

http {{
    access_log off;
    sendfile on;
    keepalive_timeout 65s;
    server_names_hash_max_size 131072;
    server_names_hash_bucket_size 128;
    proxy_headers_hash_max_size 1024;
    proxy_read_timeout 60s;
    include {sites};
}}
"""

SITE = """# Site {n}: an application behind gunicorn, with files of its own.
upstream app{n} {{
    server unix:/run/app{n}/gunicorn.sock fail_timeout=0;
    keepalive 16;
}}

server {{
    listen 80;
    server_name site{n}.example.com www.site{n}.example.com;
    client_max_body_size 10m;

    location /static/ {{
        alias /srv/app{n}/static/;
        expires 30d;
    }}

    location /reports/ {{
        proxy_pass http://app{n};
        proxy_http_version 1.1;
        proxy_read_timeout {slow}s;
        proxy_set_header Host $host;
        proxy_set_header Connection "";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }}

    location / {{
        proxy_pass http://app{n};
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }}
}}
"""

UNIT = """[Unit]
Description=Application {n}
After=network.target

[Service]
Type=notify
User=app{n}
RuntimeDirectory=app{n}
WorkingDirectory=/srv/app{n}
ExecStart=/srv/app{n}/venv/bin/gunicorn --config /srv/app{n}/gunicorn.conf.py app{n}.wsgi
ExecReload=/bin/kill -s HUP $MAINPID
TimeoutStopSec=45

[Install]
WantedBy=multi-user.target
"""

CONFIG = """import multiprocessing
import os

bind = "unix:/run/app{n}/gunicorn.sock"
workers = int(os.environ.get("WEB_CONCURRENCY", 4))
timeout = {timeout}
graceful_timeout = 30
max_requests = 1000
max_requests_jitter = 100
accesslog = "-"
"""

FORWARD = """proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
"""


def with_snippet(text: str) -> str:
    """The site with the headers of its locations included rather than written out."""
    headers = FORWARD.splitlines()
    kept = [line for line in text.splitlines() if line.strip() not in headers[:2]]
    last = headers[2]
    return "\n".join(line.replace(last, "include snippets/forward.conf;") for line in kept) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("sites", type=int)
    parser.add_argument("--one-file", action="store_true", help="all sites in sites.conf, and no apps")
    parser.add_argument("--snippet", action="store_true", help="locations include their headers from one file")
    parser.add_argument("--apps", type=int, metavar="N", help="apps for the first N sites rather than for every tenth")
    arguments = parser.parse_args()
    nginx = arguments.folder / "nginx"
    (nginx / "logs").mkdir(parents=True, exist_ok=True)
    texts = [SITE.format(n=n, slow=120 + n % 7) for n in range(arguments.sites)]
    if arguments.snippet:
        texts = [with_snippet(text) for text in texts]
        (nginx / "snippets").mkdir(exist_ok=True)
        (nginx / "snippets" / "forward.conf").write_text(FORWARD)
    if arguments.one_file:
        (nginx / "nginx.conf").write_text(MAIN.format(sites="sites.conf"))
        (nginx / "sites.conf").write_text("\n".join(texts))
        return
    (nginx / "nginx.conf").write_text(MAIN.format(sites="sites/*.conf"))
    (nginx / "sites").mkdir(exist_ok=True)
    for n, text in enumerate(texts):
        (nginx / "sites" / f"site{n}.conf").write_text(text)
    for n in range(0, arguments.sites, 10) if arguments.apps is None else range(arguments.apps):
        units, app = arguments.folder / "systemd", arguments.folder / "srv" / f"app{n}"
        units.mkdir(exist_ok=True)
        app.mkdir(parents=True, exist_ok=True)
        (units / f"app{n}.service").write_text(UNIT.format(n=n))
        (app / "gunicorn.conf.py").write_text(CONFIG.format(n=n, timeout=30 + n % 3 * 30))


main()
