#!/usr/bin/env bash
# Times `gearmesh check` side by side with `nginx -t` on generated trees and prints ratios of time and of memory; then what reading the
# bytes of 10,000 sites takes (`cat`), what a hook takes there when one file was changed, and whether 100,000 sites take ten times as long.
# Needs cargo, nginx, hyperfine, python3 and GNU time, and 1.5 GB for the trees. Usage: benches/run.sh [RUNS], default 10; GEARMESH names
# another binary, LARGE=no leaves out the 100,000 sites.
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
if [ "${LARGE:-yes}" = yes ]; then
    python3 benches/generate.py "$work/sites-100000" 100000 --snippet --apps 0
fi

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

# beside NAME LEFT RIGHT [PREPARE]: one row of two commands in one run, the first in times of the second; PREPARE runs before each.
beside() {
    hyperfine --shell none --ignore-failure --warmup 2 --runs "$runs" --export-json "$work/times.json" \
        ${4:+--prepare "$4"} "$2" "$3" >/dev/null 2>&1
    python3 - "$1" "$work/times.json" <<'PYTHON'
import json
import sys

name, times = sys.argv[1:]
left, right = (result["min"] for result in json.load(open(times))["results"])
print(f"| {name} | {left * 1000:.1f} ms | {right * 1000:.1f} ms | {left / right:.2f} |")
PYTHON
}

check="$GEARMESH check --format concise"
find "$work/sites-10000/nginx" -type f -print0 >"$work/files"
touched=$work/sites-10000/nginx/sites/site5000.conf
echo
echo "| 10,000 sites: both in one run | left | right | ratio |"
echo "|---|---|---|---|"
beside "gearmesh and cat of the tree" "$check $work/sites-10000/nginx" "xargs -0 -a $work/files cat"
beside "one file changed, as the hook runs, and nginx -t" "$check $work/sites-10000/nginx" \
    "nginx -t -q -p $work/sites-10000/nginx/ -c nginx.conf" "sh -c 'echo \"# changed\" >>$touched'"
if [ "${LARGE:-yes}" = yes ]; then
    beside "100,000 sites and 10,000" "$check $work/sites-100000/nginx" "$check $work/sites-10000/nginx"
    echo
    echo "100,000 sites take $(($(memory "$GEARMESH" check --format concise "$work/sites-100000/nginx") / 1024)) MB."
fi
