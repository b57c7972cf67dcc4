#!/usr/bin/env python3
"""Runs fuzz targets one after the other and tells what came of it, as a row of a table for each.

In: targets (all, if none is named), seconds for each, the programs that `cargo fuzz build` made, the seeds. Out: rows, and below
artifacts/<target>/ the inputs that broke a promise, with exit status 1 where there is one. `--programs` names another folder of programs.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TRIPLE = next(line.split()[1] for line in subprocess.run(["rustc", "-vV"], capture_output=True, text=True).stdout.splitlines() if line.startswith("host:"))
BUILT = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
# Trees of files need more room than one file.
LONGEST = {"check": 8192, "fix": 8192, "ignores": 8192, "write": 8192, "host": 16384, "snapshot": 16384, "number": 64}


def targets():
    return re.findall(r'^name = "(\w+)"\npath', (HERE / "Cargo.toml").read_text(), flags=re.M)


def run(target, seconds, timeout, programs):
    """Fuzzes one target; the seconds, executions and files of findings."""
    corpus, artifacts = HERE / "corpus" / target, HERE / "artifacts" / target
    read_only = [folder for folder in (HERE / "seeds" / target, HERE / "regressions" / target) if folder.is_dir()]
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(artifacts.iterdir())
    command = ["nice", "-n", "19", programs / target, corpus, *read_only, f"-max_total_time={seconds}", f"-timeout={timeout}", "-rss_limit_mb=2048"]
    command += [f"-max_len={LONGEST.get(target, 4096)}", f"-artifact_prefix={artifacts}/", "-print_final_stats=1", "-verbosity=1"]
    words = HERE / "seeds" / f"{target}.dict"
    command += [f"-dict={words}"] if words.is_file() else []
    log = HERE / "artifacts" / f"{target}.log"
    with log.open("wb") as out:
        # Where a panic comes from takes seconds to be found out, which would count as a timeout.
        environment = {**os.environ, "RUST_BACKTRACE": "0"}
        subprocess.run(list(map(str, command)), stdout=out, stderr=subprocess.STDOUT, env=environment, check=False)
    text = log.read_text(errors="replace")
    count = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    took = re.search(r"Done \d+ runs in (\d+) second", text)
    found = sorted(set(artifacts.iterdir()) - before)
    return int(took[1]) if took else None, int(count[1]) if count else 0, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    # Of the clock on the wall, so a busy machine needs more.
    parser.add_argument("--timeout", type=int, default=5)
    parser.add_argument("--programs", type=pathlib.Path, default=BUILT / TRIPLE / "release")
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    chosen = arguments.targets or targets()
    unknown = [target for target in chosen if target not in targets()]
    if unknown:
        sys.exit(f"no target {', '.join(unknown)}; there are {', '.join(targets())}")
    print("| target | seconds | executions | a second | found |\n|---|---:|---:|---:|---|", flush=True)
    broken = False
    for target in chosen:
        took, count, found = run(target, arguments.seconds, arguments.timeout, arguments.programs)
        broken = broken or bool(found)
        names = ", ".join(path.name for path in found) or "-"
        print(f"| {target} | {took if took is not None else 'stopped'} | {count} | {count // took if took else ''} | {names} |", flush=True)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
