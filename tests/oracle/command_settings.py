"""What the readers of real programs make of command lines before and after an edit: one JSON case per line in, one JSON answer out.

A case is {"place": NAME, "before": TEXT, "after": TEXT}, texts of whole files. Each is read by what reads it there: json for an exec
form, PyYAML and shlex for compose and Kubernetes, configparser and shlex for supervisor, sh itself for scripts; then gunicorn's own
parser reads the words. The answer is [SETTINGS, SETTINGS], or null for a place that has no reader here. Nothing is started.
"""

import configparser
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

try:
    import yaml
    from gunicorn.config import Config
except ImportError:
    sys.exit(3)

FOLDER = tempfile.mkdtemp()
# A pattern without quotes would become this name.
open(os.path.join(FOLDER, "a-file"), "w").close()


def by_shell(line):
    line = line.replace("exec ", "", 1) if line.startswith("exec ") else line
    printed = subprocess.run(["sh", "-c", "printf '%s\\0' " + line], cwd=FOLDER, capture_output=True, check=True, text=True)
    return printed.stdout.split("\0")[:-1]


def behind(text, start):
    return text[text.index(start) + len(start):].strip()


def joined(text):
    return text.replace("\\\r\n", "").replace("\\\n", "")


def docker(text):
    words = []
    for name in "ENTRYPOINT", "CMD":
        for line in joined(text).splitlines():
            if line.startswith(name + " ["):
                words += json.loads(line[len(name):])
    return words


def service(text):
    command = yaml.safe_load(text)["services"]["web"]["command"]
    return shlex.split(command) if isinstance(command, str) else command


def pod(text):
    container = yaml.safe_load(text)["spec"]["containers"][0]
    return container["command"] + container.get("args", [])


def supervisor(text):
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(text)
    return shlex.split(parser["program:web"]["command"] % {})


READERS = {
    "DockerExec": docker,
    "DockerShell": lambda text: by_shell(behind(joined(text), "CMD ")),
    "ComposeText": service,
    "ComposeFolded": service,
    "ComposeFlow": service,
    "ComposeBlock": service,
    "ComposeShell": lambda text: by_shell(behind(service(text)[-1], "&& ")),
    "ComposeShellText": lambda text: by_shell(behind(service(text)[-1], "&& ")),
    "KubernetesFlow": pod,
    "KubernetesBlock": pod,
    "Script": lambda text: by_shell(behind(text, "fi\n")),
    "Procfile": lambda text: by_shell(behind(text, "web: ")),
    "Supervisor": supervisor,
    "AppEngine": lambda text: by_shell(yaml.safe_load(text)["entrypoint"]),
}


def settings(reader, text):
    words = reader(text)
    assert all(isinstance(word, str) for word in words), words
    start = next(at for at, word in enumerate(words) if re.fullmatch(r"(.*/)?gunicorn", word))
    return {name: str(value) for name, value in vars(Config().parser().parse_args(words[start + 1:])).items() if value is not None}


for line in sys.stdin:
    case = json.loads(line)
    reader = READERS.get(case["place"])
    print(json.dumps(reader and [settings(reader, case["before"]), settings(reader, case["after"])]), flush=True)
