#!/usr/bin/env python3
"""Times whole processes of gearmesh and of other tools on the same generated files, and prints ratios.

In: a number of sites, what `tools.py` finds or installs (into a virtual environment that is deleted again), hyperfine. Out: a Markdown
table. Each tool is timed on the files that it reads, and beside it gearmesh on the same files, all in one run of hyperfine. The
least of the times counts, because other work on the machine only ever adds. Starts no service.

Usage: times.py [SITES] [--apps N] [--runs N] [--gearmesh PROGRAM], needs Python 3.11 and hyperfine.
"""
import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

from tools import Stack, Tool, install, tools, version

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

#: The tools that are timed, and the part of the stack that each reads.
PARTS = {
    "nginx -t": "nginx",
    "crossplane": "nginx",
    "gixy-ng": "nginx",
    "systemd-analyze verify": "systemd",
    "ruff, every rule": "srv",
}


def generated(folder, sites, apps):
    """A stack without faults that all tools read."""
    generate = [sys.executable, HERE.parent / "generate.py", folder, str(sites), "--snippet", "--apps", str(apps)]
    subprocess.run(generate, check=True)
    python = sorted((folder / "srv").rglob("*.py"))
    return Stack(folder, folder / "nginx/nginx.conf", sorted((folder / "systemd").iterdir()), python, [], [])


def measured(rows, runs):
    """(least, median) in seconds for each command line, and whether it ended as it should: findings are no failure."""
    with tempfile.NamedTemporaryFile() as out:
        lines = [shlex.join(map(str, command)) for command in rows]
        subprocess.run(
            ["hyperfine", "--shell", "none", "--ignore-failure", "--warmup", "1", "--runs", str(runs), "--style", "none",
             "--export-json", out.name, *lines],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        results = json.load(out)["results"]
    return [(result["min"], result["median"], set(result["exit_codes"])) for result in results]


def main():
    """Generates, times, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sites", type=int, nargs="?", default=2)
    parser.add_argument("--apps", type=int, help="how many of the sites have a unit and a gunicorn.conf.py, default all")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--gearmesh", default=ROOT / "target/release/gearmesh")
    chosen = parser.parse_args()
    gearmesh = shutil.which(chosen.gearmesh)
    if gearmesh is None or shutil.which("hyperfine") is None:
        sys.exit(f"{chosen.gearmesh} (cargo build --release, or --gearmesh) and hyperfine are needed")
    gearmesh = os.path.abspath(gearmesh)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "stack"
        stack = generated(folder, chosen.sites, chosen.sites if chosen.apps is None else chosen.apps)
        found = [tool for tool in tools(stack, gearmesh, install(f"{scratch}/venv")) if tool.name in PARTS]
        for absent in (tool for tool in found if tool.version is None):
            print(f"{absent.name} is not here", file=sys.stderr)
        found = [tool for tool in found if tool.version]
        ours = {part: [gearmesh, "check", "--format", "concise", folder / part] for part in dict.fromkeys(PARTS.values())}
        whole = Tool("gearmesh", "", version(gearmesh, "--version"), [([gearmesh, "check", "--format", "concise", folder], folder)])
        commands = [tool.calls[0][0] for tool in found] + list(ours.values()) + [whole.calls[0][0]]
        times = measured(commands, chosen.runs)
        ours = dict(zip(ours, times[len(found):]))
        print(f"| {chosen.sites} sites | version | files | least | median | gearmesh on the same files | ratio |")
        print("|---|---|---|---|---|---|---|")
        for tool, (least, median, codes) in zip(found, times):
            own, *_ = ours[PARTS[tool.name]]
            failed = f" (status {sorted(codes)})" if codes - {0, 1} or tool.name == "nginx -t" and codes != {0} else ""
            print(f"| {tool.name}{failed} | {tool.version} | {PARTS[tool.name]} | {least * 1000:.1f} ms | {median * 1000:.1f} ms "
                  f"| {own * 1000:.1f} ms | {least / own:.1f} |")
        least, median, _ = times[-1]
        print(f"| gearmesh | {whole.version} | all | {least * 1000:.1f} ms | {median * 1000:.1f} ms | | |")


if __name__ == "__main__":
    main()
