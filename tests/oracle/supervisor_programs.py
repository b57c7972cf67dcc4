"""What supervisor itself makes of configurations: one JSON case per line in, one JSON answer per line out.

A case is {"files": {NAME: TEXT}, "main": NAME}. supervisor's own ServerOptions reads the main file and what it includes; nothing is
started. What would depend on the machine is taken away: every folder and every user exists. An answer is {"refused": WHY} or
{"programs": [...]}, one for each process. Exits with 3 where supervisor is not installed.
"""

import json
import os
import shlex
import signal
import sys
import tempfile

try:
    from supervisor import datatypes, options
except ImportError:
    sys.exit(3)

for module in (datatypes, options):
    module.existing_directory = lambda path: path
    module.existing_dirpath = lambda path: path
options.name_to_uid = lambda name: name


def words(command):
    try:
        return shlex.split(command)
    except ValueError:
        return None


def told(group, process):
    return {
        "name": process.name,
        "group": group.name,
        "command": words(process.command),
        "environment": process.environment,
        "directory": process.directory,
        "user": process.uid,
        "stopwaitsecs": process.stopwaitsecs,
        "stopsignal": signal.Signals(process.stopsignal).name.removeprefix("SIG"),
        "stopasgroup": process.stopasgroup,
        "killasgroup": process.killasgroup,
    }


def answer(case):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in case["files"].items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", newline="") as file:
                file.write(text)
        server = options.ServerOptions()
        server.configfile = os.path.join(folder, case["main"])
        server.here = folder
        try:
            section = server.read_config(server.configfile)
        except Exception as why:
            return {"refused": "%s: %s" % (type(why).__name__, why)}
        # Event listeners and FastCGI programs are nothing for a web server.
        groups = [group for group in section.process_group_configs if type(group) is options.ProcessGroupConfig]
        return {"programs": [told(group, process) for group in groups for process in group.process_configs]}


os.environ.clear()
os.environ.update({"HOME": "/home/x", "SITE": "shop"})
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
