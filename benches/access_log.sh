#!/usr/bin/env bash
# Reads one large access log with `gearmesh facts` and with GoAccess, in turn, and prints times, their ratio and the peaks of memory.
# Needs cargo, goaccess (apt-get install goaccess), python3, GNU time, and twice the log's size of room on disk.
# Usage: benches/access_log.sh [MEGABYTES] [RUNS], default 1000 and 3; GEARMESH names another binary.
set -euo pipefail
cd "$(dirname "$0")/.."
megabytes=${1:-1000}
runs=${2:-3}
if [ -z "${GEARMESH:-}" ]; then
    cargo build --release --quiet
    GEARMESH=$PWD/target/release/gearmesh
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A machine of which there is nothing to see but the log.
mkdir "$work/root"

python3 benches/access_log.py "$megabytes" >"$work/access.log"

# measured NAME COMMAND...: seconds and kB of each run, one line each.
measured() {
    local name=$1
    shift
    /usr/bin/time -f '%e %M' -o "$work/time" "$@" >"$work/$name.out" 2>"$work/$name.err"
    cat "$work/time" >>"$work/$name.times"
}

# The first reading puts the log into memory, for both.
cat "$work/access.log" >/dev/null
for _ in $(seq "$runs"); do
    measured gearmesh "$GEARMESH" facts --root "$work/root" --log "$work/access.log" --format json
    measured goaccess goaccess "$work/access.log" --no-global-config --log-format=COMBINED --no-progress -o "$work/report.json"
done
python3 - "$work" <<'PYTHON'
import sys

def least(name):
    rows = [line.split() for line in open(f"{sys.argv[1]}/{name}.times")]
    return min(float(row[0]) for row in rows), max(int(row[1]) for row in rows) / 1024

ours = least("gearmesh")
print("| program | seconds | memory | time of gearmesh |\n|---|---|---|---|")
print(f"| gearmesh | {ours[0]:.1f} | {ours[1]:.0f} MB | 1 |")
seconds, memory = least("goaccess")
print(f"| goaccess | {seconds:.1f} | {memory:.0f} MB | {seconds / ours[0]:.1f} |")
PYTHON
