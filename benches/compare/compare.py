#!/usr/bin/env python3
"""Runs gearmesh and other tools on `stack/`, whose faults `faults.toml` lists, and prints which tool names how many of them.

In: the stack, the list, PyPI (into a virtual environment that is deleted again), and what the machine has of nginx, systemd and
shellcheck. Out: a Markdown table, and one line per fault. A tool that cannot be had is listed as absent. Starts no service.

Usage: compare.py [--gearmesh PROGRAM] [--outputs FOLDER], needs Python 3.11.
"""
import argparse
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
STACK = HERE / "stack"
PACKAGES = ["gunicorn", "gixy-ng", "crossplane", "ruff"]


def said(*command, cwd=STACK):
    """What a program prints on both streams, or nothing when it is not there."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            list(map(str, command)), cwd=cwd, env=environment, text=True, timeout=300,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
    except FileNotFoundError:
        return None
    return done.stdout


def version(*command):
    """The first number with dots that a program says of itself."""
    found = re.search(r"\d+(\.\d+)+|(?<=systemd )\d+", said(*command) or "")
    return found and found[0]


def tools(gearmesh, bin):
    """(name, what it is for, version, outputs): each with the strictest settings that make sense for it."""
    nginx = STACK / "etc/nginx/nginx.conf"
    units = sorted((STACK / "etc/systemd/system").iterdir())
    python = sorted((STACK / "srv").rglob("*.py"))
    scripts = sorted((STACK / "srv").rglob("*.sh"))
    nginx_version = version("nginx", "-v")
    told = ["--nginx-version", nginx_version] if nginx_version else []
    yield ("nginx -t", "whether nginx starts", nginx_version,
           [said("nginx", "-t", "-p", f"{nginx.parent}/", "-c", "nginx.conf")])
    yield ("gixy-ng", "security of nginx files", version(bin / "gixy", "--version"),
           [said(bin / "gixy", "-l", *told, nginx)])
    yield ("crossplane", "parsing nginx files", version(bin / "crossplane", "--version"),
           [said(bin / "crossplane", "parse", "--strict", "--no-catch", nginx)])
    yield ("systemd-analyze verify", "whether units load", version("systemd-analyze", "--version"),
           [said("systemd-analyze", "verify", "--man=no", *units)])
    yield ("gunicorn --check-config", "whether gunicorn starts", version(bin / "gunicorn", "--version"),
           [said(bin / "gunicorn", "--check-config", "-c", app / "gunicorn.conf.py", f"{app.name}.wsgi:application", cwd=app)
            for app in sorted((STACK / "srv").iterdir())])
    yield ("ruff, every rule", "Python", version(bin / "ruff", "--version"),
           [said(bin / "ruff", "check", "--isolated", "--no-cache", "--preview", "--select", "ALL",
                 "--output-format", "concise", *python)])
    yield ("shellcheck, every check", "shell scripts", version("shellcheck", "--version"),
           [said("shellcheck", "-o", "all", *scripts)])
    yield ("gearmesh", "the three together", version(gearmesh, "--version"),
           [said(gearmesh, "check", "--format", "concise", STACK)])


def findings(name, output):
    """What of an output are findings: crossplane prints the files themselves."""
    if name == "crossplane" and output.lstrip().startswith("{"):
        return "\n".join(re.findall(r'"error": ?"[^"]*"', output))
    return output


def main():
    """Installs, runs, matches, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gearmesh", default=HERE.parents[1] / "target/release/gearmesh")
    parser.add_argument("--outputs", type=pathlib.Path, help="folder for what each tool printed")
    chosen = parser.parse_args()
    gearmesh = shutil.which(chosen.gearmesh)
    if gearmesh is None:
        sys.exit(f"there is no {chosen.gearmesh}: run cargo build --release, or name another by --gearmesh")
    faults = tomllib.loads((HERE / "faults.toml").read_text())["fault"]
    total = {kind: sum(fault["kind"] == kind for fault in faults) for kind in ("between", "within")}
    named_by = {fault["id"]: [] for fault in faults}
    print(f"| {datetime.date.today()} | version | made for | between files (of {total['between']}) | within one file (of {total['within']}) |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)
        bin = pathlib.Path(scratch) / "bin"
        for package in PACKAGES:
            subprocess.run([bin / "pip", "install", "--quiet", "--disable-pip-version-check", package], check=False)
        for name, purpose, number, outputs in tools(os.path.abspath(gearmesh), bin):
            if None in outputs:
                print(f"| {name} | absent | {purpose} | | |")
                continue
            text = "\n".join(findings(name, output) for output in outputs)
            if chosen.outputs:
                chosen.outputs.mkdir(parents=True, exist_ok=True)
                (chosen.outputs / f"{name.split(',')[0].replace(' ', '-')}.txt").write_text(text)
            named = [fault for fault in faults if re.search(fault["pattern"], text)]
            for fault in named:
                named_by[fault["id"]].append(name)
            counts = [sum(fault["kind"] == kind for fault in named) for kind in ("between", "within")]
            print(f"| {name} | {number} | {purpose} | {counts[0]} | {counts[1]} |")
    print()
    for fault in faults:
        print(f"{fault['kind']:8} {fault['id']:21} {', '.join(named_by[fault['id']]) or 'nobody'}")


if __name__ == "__main__":
    main()
