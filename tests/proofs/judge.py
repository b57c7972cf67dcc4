"""Runs one variant of a proof and judges what was seen, by the programs and by gearmesh, on the same files.

In: a proof, a variant, a version of gunicorn. Out: nothing, or `Differs` with what was expected and what was there instead. A finding
that names a status of HTTP has to name one that a client really got.
"""
import json
import re
import subprocess

import steps
from stack import Failed, Stack


class Differs(Exception):
    """What was expected was not seen; says all that was."""


def run(proof, variant, tools, version):
    """One run of a variant: raises `Differs` or `Failed`."""
    with Stack(proof, variant, tools, version) as stack:
        findings = lint(proof, stack, tools)
        seen = steps.take(stack, proof.load(variant, stack.filled))
        names = {**seen, "log": stack.log, "access": stack.access, "nginx": stack.nginx_errors, "nginx_access": stack.nginx_access,
                 "threads": stack.thread_counts, "workers": len(stack.workers), "exit": stack.exit, "variant": variant,
                 "folder": stack.folder}
        wrong = [each for each in proof.text["seen"].get(variant, []) if not holds(each, names)]
        if wrong:
            there = "\n".join(f"{name}: {value!r}" for name, value in names.items())
            raise Differs(f"{proof.title} {variant}, gunicorn {version}: not so: {'; '.join(wrong)}\n{there}")
        agree(proof, variant, version, findings, seen)


def holds(expression, names):
    """Whether an expression of [seen], Python over what was seen, is true."""
    try:
        return eval(expression, {"__builtins__": {"len": len, "max": max, "min": min, "any": any, "all": all, "set": set, "sum": sum,
                                                  "sorted": sorted, "int": int, "float": float, "isinstance": isinstance}}, names)
    except (AttributeError, KeyError, NameError, TypeError, ValueError, IndexError) as error:
        raise Differs(f"{expression}: {error}") from None


def lint(proof, stack, tools):
    """What gearmesh finds with this rule in the files that run."""
    config = [] if (stack.folder / "gearmesh.toml").exists() else ["--no-config"]
    command = [tools.gearmesh, "check", *config, "--format", "json", "--min-severity", "advice", "--min-confidence", "low",
               *proof.text.get("check", []), "."]
    done = subprocess.run(command, cwd=stack.folder, capture_output=True, text=True, timeout=60)
    if done.returncode not in (0, 1):
        raise Failed(f"{proof.title}: gearmesh ended with {done.returncode}: {done.stderr}")
    return [finding for finding in json.loads(done.stdout)["findings"] if finding["rule"] == proof.rule]


def agree(proof, variant, version, findings, seen):
    """The rule has to find the bad variant, and only that; of a negative proof, none."""
    wanted = variant == "bad" and not proof.negative
    if wanted != bool(findings):
        raise Differs(f"{proof.title} {variant}, gunicorn {version}: gearmesh says {[each['message'] for each in findings]}")
    got = set()
    for each in seen.values():
        got.update(each.statuses if isinstance(each, steps.Answers) else [getattr(each, "status", 0)])
    for finding in findings:
        named = {int(status) for status in re.findall(r"\b[45]\d\d\b", finding["message"])}
        if not named <= got:
            raise Differs(f"{proof.title}: the finding names {sorted(named - got)}, clients got {sorted(got)}: {finding['message']}")
