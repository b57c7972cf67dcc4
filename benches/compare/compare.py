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
import sys
import tempfile
import tomllib

from tools import Stack, install, said, tools

HERE = pathlib.Path(__file__).resolve().parent
STACK = HERE / "stack"


def stack():
    """The stack with the faults, by the programs that read it."""
    units, apps = sorted((STACK / "etc/systemd/system").iterdir()), sorted((STACK / "srv").iterdir())
    python, scripts = sorted((STACK / "srv").rglob("*.py")), sorted((STACK / "srv").rglob("*.sh"))
    return Stack(STACK, STACK / "etc/nginx/nginx.conf", units, python, scripts, apps)


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
        for tool in tools(stack(), os.path.abspath(gearmesh), install(scratch)):
            name, purpose, number = tool.name, tool.purpose, tool.version
            outputs = [said(*command, cwd=folder) for command, folder in tool.calls]
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
