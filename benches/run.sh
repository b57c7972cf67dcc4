#!/usr/bin/env bash
# Times `gearmesh check` side by side with `nginx -t` on generated trees and prints ratios of time and of memory.
# Needs cargo, nginx, hyperfine, python3 and GNU time. Usage: benches/run.sh [RUNS], default 10; GEARMESH names another binary.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-10}
if [ -z "${GEARMESH:-}" ]; then
    cargo build --release --quiet
    GEARMESH=$PWD/target/release/gearmesh
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 benches/generate.py "$work/small" 2 --snippet --apps 0
python3 benches/generate.py "$work/small-apps" 2 --apps 2 --snippet
python3 benches/generate.py "$work/one-file" 250 --one-file
python3 benches/generate.py "$work/sites-1000" 1000 --snippet --apps 0
python3 benches/generate.py "$work/sites-10000" 10000 --snippet --apps 0
python3 benches/generate.py "$work/apps-1000" 1000 --apps 1000 --snippet

# The peak of resident memory in kB; findings make the exit status 1.
memory() {
    { /usr/bin/time -f '%M' "$@" >/dev/null 2>"$work/log" || true; }
    tail -n 1 "$work/log"
}

# compare NAME FOLDER-FOR-GEARMESH FOLDER-FOR-NGINX: one row. Both programs are timed in one run of hyperfine, and the least of
# the times counts, because other work on the machine only ever adds.
compare() {
    local gearmesh=("$GEARMESH" check --format concise "$2")
    local nginx=(nginx -t -q -p "$3/nginx/" -c nginx.conf)
    hyperfine --shell none --ignore-failure --warmup 3 --runs "$runs" --export-json "$work/times.json" \
        "${gearmesh[*]}" "${nginx[*]}" >/dev/null 2>&1
    python3 - "$1" "$work/times.json" "$(memory "${gearmesh[@]}")" "$(memory "${nginx[@]}")" <<'PYTHON'
import json
import sys

name, times, ours, theirs = sys.argv[1:]
gearmesh, nginx = (result["min"] for result in json.load(open(times))["results"])
ours, theirs = int(ours) / 1024, int(theirs) / 1024
print(f"| {name} | {gearmesh * 1000:.1f} ms | {nginx * 1000:.1f} ms | {gearmesh / nginx:.2f}"
      f" | {ours:.0f} MB | {theirs:.0f} MB | {ours / theirs:.2f} |")
PYTHON
}

echo "| input | gearmesh | nginx -t | time | gearmesh | nginx -t | memory |"
echo "|---|---|---|---|---|---|---|"
compare "2 sites" "$work/small/nginx" "$work/small"
compare "2 sites with apps" "$work/small-apps" "$work/small-apps"
compare "250 sites in one file" "$work/one-file/nginx" "$work/one-file"
compare "1,000 sites" "$work/sites-1000/nginx" "$work/sites-1000"
compare "10,000 sites" "$work/sites-10000/nginx" "$work/sites-10000"
compare "1,000 sites with apps" "$work/apps-1000" "$work/apps-1000"
