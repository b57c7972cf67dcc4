#!/usr/bin/env python3
"""Collects the seeds and dictionaries of the fuzz targets from testdata/, rules/ and grammar/ into fuzz/seeds/ and fuzz/seeds/<target>.dict.

In: the cases of the rules (Markdown with files in fences), the stacks, hosts and logs of testdata, the built-in rules, and the tables
of the vocabulary. Out: a folder for each target, one file an input. What a target reads besides a file's text (the name of a format,
the setting to write) stands in front of it as the target's own comment says.
"""

import hashlib
import io
import pathlib
import random
import re
import shutil
import tarfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
OUT = HERE / "seeds"
DATA = TOP / "testdata"
MOST = 16384


def put(target, data, prefix=b""):
    """Writes one input of a target, named by what is in it."""
    data = prefix + (data.encode() if isinstance(data, str) else data)
    if 0 < len(data) <= MOST:
        folder = OUT / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)


def cases():
    """The files of each case of each rule, with what it says of the host."""
    for path in sorted((DATA / "rules").glob("*.md")):
        for case in re.split(r"^## ", path.read_text(), flags=re.M)[1:]:
            files, host = {}, None
            for info, body in re.findall(r"^```(\S+(?: \S+)?)\n(.*?)^```$", case, flags=re.M | re.S):
                kind, _, name = info.partition(" ")
                if name:
                    files[name] = body.encode()
                elif kind == "host":
                    host = body.strip()
            if files:
                yield files, host


def folders(top):
    """The files of each folder below one, without those too long for a seed."""
    for folder in sorted(path for path in top.iterdir() if path.is_dir()):
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        yield {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.stat().st_size <= 4096}


def tree(files, host=None):
    """Files as one input."""
    said = dict(part.split("=") for part in (host or "").split(",") if "=" in part)
    text = b""
    if said:
        memory = int(said.get("memory", 0)) << 20
        text += f">>> host\n{said.get('cpus', 2)} {memory}\n".encode()
    for name, body in files.items():
        text += f">>> {name}\n".encode() + body + (b"" if body.endswith(b"\n") else b"\n")
    return text


def formats(name):
    """The targets that read a file of that name."""
    base, low = name.rsplit("/", 1)[-1], name.lower()
    if re.search(r"gunicorn.*\.py$|conf\.py$", base):
        yield "gunicorn_config", b""
    if base.endswith((".service", ".socket")) or ".service.d/" in low or ".socket.d/" in low:
        yield "systemd_unit", b""
    if "dockerfile" in base.lower():
        yield "dockerfile", b""
    if "compose" in low and low.endswith((".yaml", ".yml")):
        yield "compose", b""
    elif base in ("app.yaml",):
        yield "appengine", b""
    elif low.endswith((".yaml", ".yml")):
        yield "kubernetes", b""
    if base.lower().startswith("procfile") or base == "app.json":
        yield "procfile", b""
    if base.endswith((".sh", ".bash")) or base in ("entrypoint", "start"):
        yield "script", b""
    if base.endswith(".env") or base.startswith(".env") or "/default/" in "/" + name:
        yield "environment_file", b"0"
        yield "environment_file", b"1"
    if base.endswith(".ini") or "supervisor" in low:
        yield "supervisor", b""
    if low.endswith(".conf") and "supervisor" not in low and ".d/" not in low.replace("conf.d/", "").replace("nginx.d/", ""):
        yield "nginx", b""
    kinds = {"requirements": b"0", "pyproject.toml": b"1", "uv.lock": b"2", "poetry.lock": b"3", "Pipfile": b"4", "Pipfile.lock": b"5"}
    for stem, kind in kinds.items():
        if base == stem or stem == "requirements" and stem in base:
            yield "dependencies", kind
    if base == "gearmesh.toml":
        yield "config", b""


def trees():
    """Everything that reads files of stacks."""
    dice = random.Random(8)
    all_trees = list(cases()) + [(files, None) for files in folders(DATA / "stacks")] + [(files, None) for files in folders(DATA / "mutations")]
    for files, host in all_trees:
        for name, body in files.items():
            for target, prefix in formats(name):
                put(target, body, prefix)
            if b"gearmesh: ignore" in body:
                put("ignores", tree({name: body}, host))
        for target in ("check", "fix", "ignores"):
            put(target, tree(files, host))
        # Which subject, which setting, which value.
        put("write", tree(files, host), bytes(dice.randrange(256) for _ in range(3)))
        nginx = {name: body for name, body in files.items() if name.endswith(".conf")}
        if nginx:
            put("nginx_dump", b"".join(b"# configuration file /etc/nginx/" + name.encode() + b":\n" + body + b"\n" for name, body in nginx.items()))


def rules():
    for path in sorted((TOP / "rules").glob("*/*.yaml")):
        if path.parent.name == "signatures":
            continue
        text = path.read_text()
        put("rule", text)
        for texts in re.findall(r"^when: (?:>-\n)?((?:.+\n)(?:  .+\n)*)", text, flags=re.M):
            put("condition", " ".join(texts.split()).strip("'"), b"0")
        for value in re.findall(r"^  \w+: (.+)$", text, flags=re.M):
            put("condition", value.strip("'"), b"6")


def commands():
    """Command lines that stand in files."""
    for files, _ in cases():
        for body in files.values():
            for line in body.decode(errors="replace").splitlines():
                match = re.search(r"(?:ExecStart=|^web: |^command\s*=\s*|CMD |exec )(.*gunicorn.*)", line)
                if match:
                    put("command_line", match[1])


def logs():
    for path in sorted((DATA / "logs").rglob("*")):
        if path.is_file():
            data = path.read_bytes()[:6000]
            put("error_log", data)
            put("access_log", data, b"\n")
    combined = b'10.0.0.1 - - [12/Nov/2026:06:25:01 +0100] "GET /a?b=c HTTP/1.1" 200 153 "-" "curl/8.0" 0.012\n'
    for form in [
        b'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time',
        b'%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(L)s',
        b'escape=json {"time":"$time_iso8601","status":$status,"rt":"$request_time","urt":"$upstream_response_time"}',
    ]:
        put("access_log", form + b"\n" + combined * 3)
    put("metrics_text", "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} 1027\nhttp_request_duration_seconds_bucket{le=\"0.05\"} 24054\nhttp_request_duration_seconds_bucket{le=\"+Inf\"} 144320\nhttp_request_duration_seconds_sum 53423\nhttp_request_duration_seconds_count 144320\n")


def hosts():
    for files in folders(DATA / "hosts"):
        files.pop("expected.json", None)
        for chosen in (files, {name: body for name, body in files.items() if name.startswith("proc/")}):
            put("host", tree(chosen))


def archives():
    for files in list(folders(DATA / "stacks"))[:8]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, body in files.items():
                info = tarfile.TarInfo("snapshot/" + name)
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
        put("snapshot", packed.getvalue())


def dictionaries():
    """Words of the languages, for the targets that read them."""
    tables = {name: tomllib.loads((TOP / "grammar" / f"{name}.toml").read_text()) for name in ("gunicorn", "nginx", "systemd", "model")}
    gunicorn = list(tables["gunicorn"]["settings"])
    flags = [flag for row in tables["gunicorn"]["settings"].values() for flag in row.get("flags", "").split()]
    nginx = [name for module in tables["nginx"]["directives"].values() for name in module]
    systemd = [f"{key}=" for section in ("Service", "Socket", "Unit", "Install") for key in tables["systemd"]["keys"].get(section, {})]
    systemd += [f"[{section}]" for section in ("Service", "Socket", "Unit", "Install")]
    model = sorted({key for rows in tables["model"].values() if isinstance(rows, dict) for key in rows} | set(tables["model"]))
    kernel = ["for", "in", "exists", "filter", "when:", "let:", "labels:", "fix:", "changes:", "set:", "to:", "severity:", "message:"]
    python = ["import os", "os.environ.get(", "os.getenv(", "int(", "multiprocessing.cpu_count()", "def ", "lambda ", "if ", "else:", "for ", " in ", "while ", "try:", "except ", "return ", "yield ", "class ", "**", "//", "f'{", "%s", ".format(", ".join(", ".split(", "range(", "[x for x in "]
    nginx_words = ["server {", "location ", "http {", "upstream ", "proxy_pass http://", "include ", "map $a $b {", "if ($x = y) {", "${", "\\\\", "lua_block {", "{{ x }}", "{% if %}"]
    unit = ["\\\\\\n", "%i", "${X}", "$X", "@", "-", "!!", "; ", "EnvironmentFile=-", "Environment=\\\"A=b c\\\""]
    shell = ["exec ", "${X:-y}", "$(", "`", "<<EOF\\n", "case ", "esac", "if ", "then", "fi", "for ", "do", "done", "while ", "set -e", "&&", "||", ";;", "$((", "trap ", "source ", "function "]
    yaml = ["services:", "command:", "environment:", "&a", "*a", "<<: *a", "!!str", "|-\\n", ">-\\n", "---\\n", "? ", "- ", "kind: Deployment", "apiVersion: v1", "spec:", "containers:", "args:"]
    files = [">>> gunicorn.conf.py\\n", ">>> nginx.conf\\n", ">>> a.service\\n", ">>> compose.yaml\\n", ">>> Dockerfile\\n", ">>> k8s.yaml\\n", ">>> Procfile\\n", ">>> start.sh\\n", ">>> supervisord.conf\\n", ">>> .env\\n", ">>> a.service.d/x.conf\\n", ">>> requirements.txt\\n", ">>> host\\n4 1073741824\\n", "gearmesh: ignore[", "gearmesh: ignore-file["]
    words = {
        "nginx": nginx + nginx_words,
        "nginx_dump": nginx_words + ["# configuration file /etc/nginx/nginx.conf:\\n"],
        "gunicorn_config": gunicorn + python,
        "systemd_unit": systemd + unit,
        "rule": model + kernel + gunicorn,
        "condition": model + gunicorn + ["&&", "||", "!=", "==", "?", ":", ".exists(", ".all(", ".filter(", "30s", "64MiB", "version(", "none", "in", "explicit("],
        "command_line": flags + ["gunicorn ", "app:app", "sh -c ", "exec ", "env A=b ", "python -m gunicorn"],
        "script": shell + flags,
        "compose": yaml,
        "kubernetes": yaml,
        "appengine": yaml,
    }
    words["check"] = files + nginx_words + gunicorn + systemd + python + flags + yaml
    for target in ("fix", "write", "ignores"):
        words[target] = words["check"]
    for target, all_words in words.items():
        lines = ('"' + (word if "\\" in word else word.replace('"', '\\"')) + '"\n' for word in dict.fromkeys(all_words))
        quoted = (re.sub(r"\\n", r"\\x0a", line) for line in lines)
        (OUT / f"{target}.dict").write_text("".join(quoted))


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for step in (trees, rules, commands, logs, hosts, archives, dictionaries):
        step()
    for folder in sorted(path for path in OUT.iterdir() if path.is_dir()):
        print(folder.name, len(list(folder.iterdir())))
