"""The tools that gearmesh is compared with: how to get them, which version it is, and how each is called on a stack.

In: PyPI (into a virtual environment of the caller's), and what the machine has of nginx, systemd and shellcheck. Out: command lines,
each with the strictest settings that make sense. Runs nothing but `--version`.
"""
import dataclasses
import os
import pathlib
import re
import subprocess
import sys

PACKAGES = ["gunicorn", "gixy-ng", "crossplane", "ruff"]


def install(folder):
    """A virtual environment with what PyPI has; what it does not have is absent later. The folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    bin = pathlib.Path(folder) / "bin"
    for package in PACKAGES:
        subprocess.run([bin / "pip", "install", "--quiet", "--disable-pip-version-check", package], check=False)
    return bin


def said(*command, cwd=None):
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


@dataclasses.dataclass
class Stack:
    """Where the files of each program stand."""

    folder: pathlib.Path
    #: nginx.conf, whose folder is nginx's prefix.
    nginx: pathlib.Path
    units: list
    python: list
    scripts: list
    #: Folders with a gunicorn.conf.py and a package of their name.
    apps: list


@dataclasses.dataclass
class Tool:
    """A program, and its calls on one stack: command line and folder."""

    name: str
    purpose: str
    version: str
    calls: list


def tools(stack, gearmesh, bin):
    """Every tool; one without a version is absent."""
    nginx_version = version("nginx", "-v")
    told = ["--nginx-version", nginx_version] if nginx_version else []
    here = stack.folder
    yield Tool("nginx -t", "whether nginx starts", nginx_version,
               [(["nginx", "-t", "-p", f"{stack.nginx.parent}/", "-c", stack.nginx.name], here)])
    yield Tool("gixy-ng", "security of nginx files", version(bin / "gixy", "--version"),
               [([bin / "gixy", "-l", *told, stack.nginx], here)])
    yield Tool("crossplane", "parsing nginx files", version(bin / "crossplane", "--version"),
               [([bin / "crossplane", "parse", "--strict", "--no-catch", stack.nginx], here)])
    yield Tool("systemd-analyze verify", "whether units load", version("systemd-analyze", "--version"),
               [(["systemd-analyze", "verify", "--man=no", *stack.units], here)])
    yield Tool("gunicorn --check-config", "whether gunicorn starts", version(bin / "gunicorn", "--version"),
               [([bin / "gunicorn", "--check-config", "-c", app / "gunicorn.conf.py", f"{app.name}.wsgi:application"], app)
                for app in stack.apps])
    yield Tool("ruff, every rule", "Python", version(bin / "ruff", "--version"),
               [([bin / "ruff", "check", "--isolated", "--no-cache", "--preview", "--select", "ALL",
                  "--output-format", "concise", *stack.python], here)])
    yield Tool("shellcheck, every check", "shell scripts", version("shellcheck", "--version"),
               [(["shellcheck", "-o", "all", *stack.scripts], here)])
    yield Tool("gearmesh", "the three together", version(gearmesh, "--version"),
               [([gearmesh, "check", "--format", "concise", here], here)])
