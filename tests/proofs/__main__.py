"""Proves rules on real programs: `python3 tests/proofs [--quick] [--runs N] [--record] [NAME...]`.

In: `testdata/proofs`, nginx, the versions of gunicorn in `target/gunicorn`, and a built gearmesh. Out: one line for each proof and
version, and with `--record` the files of `record`. The exit status is 0 where all went as expected, 1 where something did not, and 2
where nothing could be run. What this machine cannot run is said in a line that begins with `skipped: `.

Python, because the programs under test are: clients, namespaces and applications are some lines here, and the standard library has all
of it. Needs Python 3.11; `make proofs` sets up the rest.
"""
import argparse
import concurrent.futures
import itertools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import box
import judge
import proof
import record
from stack import Failed, own_address

ROOT = pathlib.Path(__file__).resolve().parents[2]


def version_of(command):
    """The version that a program prints; empty where there is no such program."""
    try:
        text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    except FileNotFoundError:
        return ""
    found = re.search(r"\d+(\.\d+)*", text)
    return found[0] if found else ""


def certificate(scratch):
    """A new folder with `cert.pem` and `key.pem`, signed by nobody; empty where openssl is missing."""
    folder = scratch / "certificate"
    folder.mkdir()
    if shutil.which("openssl"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=shop.example.com", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       capture_output=True, check=True)
    return folder


class Tools:
    """What runs proofs: folders of programs, versions, and the booted systemd where one is needed."""

    def __init__(self, gearmesh, keep):
        self.gearmesh, self.keep = pathlib.Path(gearmesh).resolve(), keep
        self.target = (ROOT / "target").resolve()
        self.venv = self.target / "venv"
        self.packages = self.target / "proofs"
        # Not below /tmp: PrivateTmp= would hide it from what it runs.
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="gp-", dir="/srv" if os.access("/srv", os.W_OK) else None))
        self.scratch.chmod(0o755)
        self.lock, self.booted, self.stopped = threading.Lock(), None, False
        folders = (self.target / "gunicorn").iterdir() if (self.target / "gunicorn").exists() else []
        self.nginx_version = version_of(["nginx", "-v"])
        self.certificate = certificate(self.scratch)
        number = lambda name: tuple(map(int, name.split(".")))
        self.versions = sorted((each.name for each in folders if re.fullmatch(r"[\d.]+", each.name)), key=number)

    @property
    def python(self):
        return next(each for each in (self.packages / "bin/python", self.venv / "bin/python") if each.exists())

    def programs(self, version, boxed=False):
        """A folder with `gunicorn` of a version, `gunicornc` beside it, and `python` that runs them; `boxed`: that of the box."""
        folder = self.scratch / (f"box-{version}" if boxed else version)
        if version == "none":
            return folder
        with self.lock:
            if not folder.exists():
                folder.mkdir()
                python = self.python.resolve() if boxed else self.python
                top = box.TOOLS if boxed else self.target
                (folder / "python").symlink_to(python)
                paths = [str(top / "gunicorn" / version), str(top / "gunicorn/support"), *([str(top / "packages")] if boxed else [])]
                for name, module in (("gunicorn", "gunicorn.app.wsgiapp"), ("gunicornc", "gunicorn.ctl.cli")):
                    call = "run()" if name == "gunicorn" else "main()"
                    text = f"#!{python}\nimport sys\nsys.path[1:1] = {paths}\nfrom {module} import {call[:-2]}\nsys.exit({call})\n"
                    (folder / name).write_text(text)
                    (folder / name).chmod(0o755)
        return folder

    @property
    def box(self):
        """The booted systemd; boots it at its first use."""
        with self.lock:
            if self.booted is None:
                python = self.python.resolve().parents[1]
                self.booted = box.Box(self.scratch, {
                    python: python,
                    (self.target / "gunicorn").resolve(): box.TOOLS / "gunicorn",
                    next(self.python.parents[1].glob("lib/*/site-packages")): box.TOOLS / "packages",
                })
        return self.booted

    def has(self, package):
        done = subprocess.run([self.python, "-c", f"import {package}"], capture_output=True)
        return done.returncode == 0

    def missing(self, each):
        """Why a proof cannot run here; nothing where it can."""
        for need in each.text.get("needs", []):
            if need == "root" and os.geteuid() != 0:
                return "needs root"
            if need == "address" and own_address() == "127.0.0.1":
                return "needs an address that is not the loopback"
            if need not in ("root", "address") and not shutil.which(need) and not self.has(need):
                return f"needs {need}"
        if each.text.get("nginx", True) and not shutil.which("nginx"):
            return "needs nginx"
        launched = each.text.get("launch")
        if launched == "systemd":
            return box.possible()
        if launched == "container" and os.geteuid() != 0:
            return "needs root for a namespace of processes"
        if launched == "supervisor" and not (self.venv / "bin/supervisord").exists():
            return "needs supervisor in target/venv"
        return None

    def others(self):
        """Versions of what takes part besides gunicorn."""
        asked = {"nginx": ["nginx", "-v"], "systemd": ["systemctl", "--version"], "supervisor": [self.venv / "bin/supervisord", "--version"]}
        found = {}
        for name, command in asked.items():
            if version := version_of(command):
                found[name] = version
        for package in ("gevent", "uvicorn", "uvicorn_worker", "django", "sqlalchemy", "psycopg"):
            code = f"import importlib.metadata as m; print(m.version({package!r}))"
            done = subprocess.run([self.python, "-c", code], capture_output=True, text=True)
            if done.returncode == 0:
                found[package] = done.stdout.strip()
        return found

    def end(self):
        if self.booted:
            self.booted.end()
        if not self.keep:
            shutil.rmtree(self.scratch, ignore_errors=True)


def arguments():
    parser = argparse.ArgumentParser(prog="tests/proofs", description="Proves rules on real programs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="rules, or rule/proof; all without")
    parser.add_argument("--gearmesh", default=str(ROOT / "target/debug/gearmesh"), help="the program")
    parser.add_argument("--gunicorn", action="append", metavar="VERSION", help="only these versions; may be given several times")
    parser.add_argument("--quick", action="store_true", help="only proofs that say so, with the newest gunicorn")
    parser.add_argument("--runs", type=int, default=1, help="how often each variant runs")
    parser.add_argument("--jobs", type=int, default=4, help="how many stacks run at the same time")
    parser.add_argument("--record", action="store_true", help="write testdata/proofs/proven.toml and docs/proofs.md")
    parser.add_argument("--page", action="store_true", help="print what docs/proofs.md has to be, and run nothing")
    parser.add_argument("--keep", action="store_true", help="keep the folders of stacks")
    return parser.parse_args()


def prove(each, version, tools, runs):
    """How many of the runs went as expected, and what the others said."""
    said = []
    for _ in range(runs):
        if tools.stopped:
            break
        try:
            for variant in ("bad", "good"):
                judge.run(each, variant, tools, version)
        except (judge.Differs, Failed, proof.Wrong, OSError, subprocess.SubprocessError) as error:
            said.append(f"{type(error).__name__}: {error}")
    return runs - len(said), said


def main():
    asked = arguments()
    if asked.page:
        print(record.page(), end="")
        return 0
    chosen = [each for each in proof.proofs() if not asked.names or each.title in asked.names or each.rule in asked.names]
    if asked.quick:
        chosen = [each for each in chosen if each.text.get("quick")]
    if not pathlib.Path(asked.gearmesh).exists() or not chosen:
        print(f"{asked.gearmesh} is not built" if chosen else "no proof has such a name", file=sys.stderr)
        return 2
    # To be stopped is Ctrl-C: stacks that run come to their end, and nothing is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tools = Tools(asked.gearmesh, asked.keep)
    try:
        return prove_all(asked, chosen, tools)
    except KeyboardInterrupt:
        return 130
    finally:
        tools.end()


def prove_all(asked, chosen, tools):
    versions = asked.gunicorn or (tools.versions[-1:] if asked.quick else tools.versions)
    if not versions:
        print("skipped: all proofs: gunicorn is not in target/gunicorn; `make setup` puts it there")
        return 0
    alone, beside = [], []
    for each in chosen:
        if why := tools.missing(each):
            print(f"skipped: proof {each.title}: {why}")
            continue
        # A proof that measures wants the processors for itself.
        one_at_a_time = each.text.get("alone")
        asks = ["none"] if each.text.get("launch") == "none" else versions
        pairs = [(each, version) for version in asks if each.holds_for(version)]
        (alone if one_at_a_time else beside).extend(pairs)
    results, failed = {}, 0
    began = time.monotonic()

    def told(pair):
        return pair, prove(*pair, tools, asked.runs)

    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        try:
            for (each, version), (went, said) in itertools.chain(pool.map(told, beside), map(told, alone)):
                results.setdefault(each.title, {})[version] = (went, asked.runs)
                print(f"{'ok  ' if not said else 'FAIL'} {each.title}, gunicorn {version}: {went} of {asked.runs}", flush=True)
                for text in said[:2]:
                    print("    " + text.replace("\n", "\n    "), flush=True)
                failed += bool(said)
        except KeyboardInterrupt:
            # What runs comes to its end, and nothing else begins.
            tools.stopped = True
            raise
    print(f"{len(results)} proofs, {sum(map(len, results.values()))} pairs of proof and version, {failed} of them failed, "
          f"{time.monotonic() - began:.0f} s")
    if asked.record:
        record.write(results, tools.others())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
