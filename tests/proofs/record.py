"""What was proven: `testdata/proofs/proven.toml`, which `gearmesh explain` prints from, and `docs/proofs.md`, which is made from it.

In: the results of a whole run. Out: those two files, in an order that does not change. Proofs that did not run keep what
they had.
"""
import datetime
import json
import pathlib
import tomllib

import proof

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROVEN = ROOT / "testdata/proofs/proven.toml"
PAGE = ROOT / "docs/proofs.md"
HEAD = "# Written by `make proofs`: which rules were proven with which programs, and how often out of how many runs.\n"


def known():
    return tomllib.loads(PROVEN.read_text()).get("proof", {}) if PROVEN.exists() else {}


def write(results, programs):
    """`results`: title -> version -> (runs that went as expected, runs); `programs`: name -> version of what else took part."""
    rows, proofs = known(), {each.title: each for each in proof.proofs()}
    for title, versions in results.items():
        parts = proofs[title]
        # Versions that did not run this time keep what they had on the same day.
        before, today = rows.get(title, {}), datetime.date.today().isoformat()
        runs = before["gunicorn"] if before.get("date") == today and before["shows"] == parts.text["shows"] else {}
        runs = runs | {version: f"{went} of {runs}" for version, (went, runs) in versions.items() if version != "none"}
        rows[title] = {
            "rule": parts.rule, "negative": parts.negative, "date": today, "shows": parts.text["shows"],
            "gunicorn": dict(sorted(runs.items(), key=lambda run: [int(part) for part in run[0].split(".")])),
            "others": {name: programs[name] for name in takes_part(parts) if name in programs},
        }
        if "none" in versions:
            rows[title]["runs"] = "{} of {}".format(*versions["none"])
    rows = {title: rows[title] for title in proofs if title in rows}
    text = HEAD
    for title, row in rows.items():
        text += f"\n[proof.{json.dumps(title)}]\n"
        for key, value in row.items():
            if isinstance(value, dict):
                value = "{ " + ", ".join(f"{json.dumps(name)} = {json.dumps(one)}" for name, one in value.items()) + " }" if value else "{}"
                text += f"{key} = {value}\n"
            else:
                text += f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
    PROVEN.write_text(text)
    PAGE.write_text(page())


def takes_part(parts):
    """The programs besides gunicorn that a proof starts."""
    if parts.text.get("nginx", True):
        yield "nginx"
    if parts.text.get("launch") == "systemd":
        yield "systemd"
    if parts.text.get("launch") == "supervisor":
        yield "supervisor"
    yield from parts.text.get("needs", [])


def page():
    """docs/proofs.md."""
    rows = known()
    rules = {row["rule"] for row in rows.values() if not row["negative"]}
    text = f"""# Proofs

Each row is a stack that was run: real gunicorn, and nginx or systemd where they take part. The bad variant shows what the rule warns
of and gearmesh finds it there; the good one differs in what the rule is about alone, works, and is not found. "5 of 5" counts runs of
which both variants went so. How a proof is written down, and how to run them: [testdata/proofs](../testdata/proofs/README.md).

{len(rules)} rules are proven. This page is written by `make proofs`.

"""
    text += table([row for row in rows.values() if not row["negative"]])
    text += """
## What turned out to be harmless

Here the supposed hazard was provoked and did nothing, so the rule has to stay silent on both variants.

"""
    return text + table([row for row in rows.values() if row["negative"]])


def table(rows):
    lines = ["| rule | what was seen | gunicorn | with | date |", "|---|---|---|---|---|"]
    for row in rows:
        versions = {}
        for version, runs in row["gunicorn"].items():
            versions.setdefault(runs, []).append(version)
        runs = "; ".join(f"{', '.join(each)}: {how}" for how, each in versions.items()) or row.get("runs", "")
        others = ", ".join(f"{name} {version}" for name, version in row["others"].items())
        lines.append(f"| [{row['rule']}](rules/{group(row['rule'])}.md#{row['rule']}) | {row['shows'].replace('|', chr(92) + '|')} | {runs} | {others} | {row['date']} |")
    return "\n".join(lines) + "\n"


def group(rule):
    """The group of a rule: the folder of its file, and the page that explains it."""
    return next(ROOT.glob(f"rules/*/{rule}.yaml")).parent.name
