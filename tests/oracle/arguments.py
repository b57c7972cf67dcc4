"""What one gunicorn makes of command lines: one JSON case per line in, one JSON answer per line out.

Usage: arguments.py FOLDER [FOLDER...], the first with the gunicorn to ask, the others with what it imports.

A case is {"line": TEXT, "variable": TEXT or null}: the words behind `gunicorn` and GUNICORN_CMD_ARGS, both quoted as in a shell.
gunicorn's own Application.load_config reads them; no configuration file is loaded and nothing is started. What would depend on
the machine is taken away: every path exists, every user and group does, and changing the folder does nothing.
"""

import contextlib
import grp
import json
import os
import pwd
import shlex
import sys
import types

sys.path[:0] = sys.argv[1:]

from gunicorn import config, util  # noqa: E402
from gunicorn.app import base, wsgiapp  # noqa: E402


def take_the_machine_away():
    def account(name, field):
        if not name:
            raise KeyError(name)
        return types.SimpleNamespace(**{field: name})

    os.chdir = lambda path: None
    os.path.exists = lambda path: True
    pwd.getpwnam = lambda name: account(name, "pw_uid")
    grp.getgrnam = lambda name: account(name, "gr_gid")
    base.get_default_config_file = lambda: None
    sys.modules["gunicorn.app.pasterapp"] = types.SimpleNamespace(has_logging_config=lambda path: False)
    # Which names it takes is up to Python's ssl module.
    config.SSLVersion.validator = staticmethod(lambda value: value)
    # Whether the h2 package is installed.
    config.Config.validate = lambda self: None
    # Up to 26.0 a pattern is a path that exists like any other.
    if hasattr(util, "is_glob_pattern"):
        util.is_glob_pattern = lambda entry: False


class Remembered:
    """The parser is the same for every case, and slow to build. What it parsed last is kept."""

    def __init__(self, parser):
        self.parser = parser
        self.read = []

    def parse_args(self, words=None):
        given = self.parser.parse_args(words)
        self.read.append(given)
        return given


class Application(wsgiapp.WSGIApplication):
    parser = None

    def __init__(self):
        self.usage = self.prog = self.callable = self.logger = None
        self.loaded = []

    def load_default_config(self):
        super().load_default_config()
        if Application.parser is None:
            Application.parser = self.cfg.parser()
        self.remembered = Remembered(Application.parser)
        self.cfg.parser = lambda: self.remembered

    def load_config(self):
        # Not WSGIApplication's, which refuses when there is no application.
        base.Application.load_config(self)

    def load_config_from_file(self, filename):
        self.loaded.append(filename)


def plain(name, setting, given):
    value = setting.get()
    if name == "bind":
        return [address(item) for item in value]
    # Absolute, and taken apart: compared as they were written.
    if name in ("chdir", "statsd_host"):
        return given.strip()
    if name in ("user", "group"):
        return str(value)
    return value


def address(text):
    parsed = util.parse_address(text)
    if isinstance(parsed, int):
        return "fd://%d" % parsed
    if isinstance(parsed, tuple):
        return "%s %d" % parsed
    # The same folder, which gearmesh spells one way.
    return "unix " + ("/run/" + parsed[9:] if parsed.startswith("/var/run/") else parsed)


def answer(case):
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    if case["variable"] is not None:
        os.environ["GUNICORN_CMD_ARGS"] = case["variable"]
    try:
        sys.argv = ["gunicorn"] + shlex.split(case["line"])
        application = Application()
        application.do_load_config()
        given, variable = application.remembered.read
        layers = [{k: v for k, v in vars(of).items() if v is not None and k != "args"} for of in (variable, given)]
        written = {**layers[0], **layers[1]}
        settings = {k: plain(k, application.cfg.settings[k], v) for k, v in written.items()}
        return {"words": given.args, "loads": (application.loaded or [None])[0], "given": layers[1], "settings": settings}
    except SystemExit as status:
        return "exits" if not status.code else "refused"
    except (ValueError, RuntimeError):
        return "refused"


take_the_machine_away()
out = sys.stdout
for line in sys.stdin:
    with open(os.devnull, "w") as null, contextlib.redirect_stderr(null), contextlib.redirect_stdout(null):
        told = answer(json.loads(line))
    out.write(json.dumps(told, sort_keys=True) + "\n")
    out.flush()
