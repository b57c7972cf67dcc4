"""What gunicorn makes of configuration files: one JSON case per line in, one JSON answer per line out.

Usage: config.py FOLDER [FOLDER...], the first with the gunicorn to ask, the others with what it imports. The environment of this
process is the environment of all cases; gunicorn reads some of it while it is imported.

A case is {"file": PATH, "arguments": [WORD], "cpus": N, "stub": 0 or 1}. Each is loaded in a process of its own, in an empty
folder, by gunicorn's own code, without a limit on what gunicorn checks but with limits on what the file may do: no network, no
process, no file outside its folder, five seconds. Modules that are neither Python's nor gunicorn's are stubs whose members are
opaque objects. Opaque numbers, texts and truths are of one sort or the other, as the case says: a value that differs between
the two went through a stub.
"""

import json
import os
import sys
import tempfile

sys.path[:0] = sys.argv[1:]
# Python itself adds this where there is no locale.
os.environ.pop("LC_CTYPE", None)

import gunicorn.app.wsgiapp  # noqa: E402
import gunicorn.glogging  # noqa: E402,F401
import gunicorn.util  # noqa: E402
import grp  # noqa: E402
import importlib.abc  # noqa: E402
import importlib.machinery  # noqa: E402
import inspect  # noqa: E402
import multiprocessing  # noqa: E402,F401
import pathlib  # noqa: E402,F401
import pwd  # noqa: E402
import resource  # noqa: E402
import select  # noqa: E402
import shutil  # noqa: E402
import signal  # noqa: E402
import types  # noqa: E402
from gunicorn import config  # noqa: E402
from gunicorn.app import base, wsgiapp  # noqa: E402

SECONDS = 5
# What depends on the machine, or is no value of its own.
LEFT_OUT = {"config", "ssl_version", "control_socket"}
stub = 0
stubbed = []


class Opaque:
    """Anything: called, indexed, compared, counted and printed, always of the same sort."""

    def __init__(self, *_, **__):
        pass

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Opaque()

    def __call__(self, *_, **__):
        return Opaque()

    def __bool__(self):
        return not stub

    def __int__(self):
        return (7001, 9013)[stub]

    __index__ = __len__ = __hash__ = __int__

    def __float__(self):
        return (7001.5, 9013.5)[stub]

    def __str__(self):
        return ("opaque-a", "opaque-b")[stub]

    __repr__ = __str__

    def __format__(self, _):
        return str(self)

    def __iter__(self):
        return iter([])

    def __contains__(self, _):
        return bool(self)

    def __enter__(self):
        return Opaque()

    def __exit__(self, *_):
        return False

    def __mro_entries__(self, _):
        return (Opaque,)


def opaquely(*_, **__):
    return Opaque()


for name in ("add sub mul truediv floordiv mod pow and or xor lt le gt ge eq ne getitem neg abs round "
             "radd rsub rmul rtruediv rfloordiv rmod setitem delitem").split():
    setattr(Opaque, "__%s__" % name, opaquely)
Opaque.__hash__ = Opaque.__int__


class Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    cpus = 1

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.stdlib_module_names or name.split(".")[0] in ("gunicorn", "__config__"):
            return None
        stubbed.append(name)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__path__ = []

        def member(name):
            if name.startswith("__"):
                raise AttributeError(name)
            return Opaque()

        module.__getattr__ = member
        if spec.name == "psutil":
            module.cpu_count = lambda logical=True: self.cpus if logical else Opaque()
        return module

    def exec_module(self, module):
        pass


FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.kill", "os.chown", "os.link",
             "os.symlink", "os.truncate", "ctypes.", "ftplib.", "smtplib.", "urllib.", "pty.", "shutil.", "os.setxattr",
             "os.chroot", "signal.pthread_kill", "webbrowser.")
INSIDE = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.utime")


def confine(folder):
    def inside(path):
        return isinstance(path, (str, bytes)) and os.path.abspath(os.fsdecode(path)).startswith(folder + "/")

    def hook(event, arguments):
        if event.startswith(FORBIDDEN):
            raise PermissionError(event)
        if event in INSIDE and not all(inside(path) for path in arguments[:2 if event == "os.rename" else 1]):
            raise PermissionError(event)
        if event == "open" and not isinstance(arguments[0], int):
            path, mode, flags = arguments
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND) if flags else False
            writes = writes or bool(mode and set(mode) & set("wax+"))
            if writes and path != os.devnull and not inside(path):
                raise PermissionError(event)
            if writes and inside(path):
                os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)

    sys.addaudithook(hook)


def prepare(case):
    global stub
    stub = case["stub"]
    folder = os.path.realpath(os.getcwd())
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    cpus = Stubs.cpus = case["cpus"]
    os.cpu_count = multiprocessing.cpu_count = multiprocessing.context.BaseContext.cpu_count = lambda *_: cpus
    os.sched_getaffinity = lambda _: set(range(cpus))
    # Whoever is named, exists.
    pwd.getpwnam = lambda name: types.SimpleNamespace(pw_uid=named(name))
    grp.getgrnam = lambda name: types.SimpleNamespace(gr_gid=named(name))
    os.geteuid = os.getegid = lambda: None
    config.Config.validate = lambda self: None
    sys.meta_path.insert(0, Stubs())
    confine(folder)


def named(name):
    if not name:
        raise KeyError(name)
    return name


def opaque(value):
    if isinstance(value, Opaque) or (inspect.isclass(value) and issubclass(value, Opaque)):
        return True
    if isinstance(value, dict):
        return any(opaque(item) for pair in value.items() for item in pair)
    return isinstance(value, (list, tuple, set, frozenset)) and any(opaque(item) for item in value)


def plain(name, value, default=None):
    if callable(value):
        return {"called": value is not default}
    if name == "bind":
        return [address(item) for item in value]
    if name == "statsd_host" and isinstance(value, tuple):
        return "%s:%s" % value
    if name in ("user", "group"):
        return None if value is None else str(value)
    if isinstance(value, (list, tuple)):
        return [plain("", item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else {"other": type(value).__name__}


def address(text):
    parsed = gunicorn.util.parse_address(text)
    if isinstance(parsed, int):
        return "fd://%d" % parsed
    if isinstance(parsed, tuple):
        return "%s %d" % parsed
    return "unix " + ("/run/" + parsed[9:] if parsed.startswith("/var/run/") else parsed)


class Application(wsgiapp.WSGIApplication):
    def __init__(self):
        self.usage = self.prog = self.callable = self.logger = None


def load(case):
    """What gunicorn has for each setting in the end, or why it refuses; and which the file gave."""
    application = Application()
    application.load_default_config()
    cfg = application.cfg
    # Whoever starts it.
    cfg.set("user", None)
    cfg.set("group", None)
    # Wherever that is; paths are kept as they are written.
    config.Chdir.validator = staticmethod(config.validate_string)
    cfg.set("chdir", ".")
    answer = {"settings": {}, "written": [], "refused": []}
    defaults = {k: setting.get() for k, setting in cfg.settings.items()}
    parser = PARSER
    line = parser.parse_args(case["arguments"])
    application.init(parser, line, line.args)
    variable = parser.parse_args(cfg.get_cmd_args_from_env())
    given = [(k, v) for k, v in application.get_config_from_filename(case["file"]).items() if k in cfg.settings]
    answer["written"] = [k for k, _ in given]
    for layer in (given, vars(variable).items(), vars(line).items()):
        for k, v in layer:
            if layer is not given and (v is None or k == "args"):
                continue
            if opaque(v):
                answer["settings"][k] = {"stubbed": True}
                continue
            try:
                cfg.set(k.lower(), v)
                answer["settings"].pop(k, None)
            except Exception as error:
                answer["settings"][k] = {"refused": str(error)[:200]}
                answer["refused"].append(k)
    for k, setting in cfg.settings.items():
        if k not in LEFT_OUT and k not in answer["settings"]:
            try:
                answer["settings"][k] = plain(k, setting.get(), defaults[k])
            except Exception as error:
                answer["settings"][k] = {"refused": str(error)[:200]}
    return answer


def loaded(case):
    try:
        answer = load(case)
    except SystemExit as status:
        reason = sys.__dict__.get("last_reason")
        answer = {"raised": reason or "exit %s" % status.code}
    except BaseException as error:
        answer = {"raised": repr(error)[:200]}
    answer["stubs"] = sorted(set(stubbed))
    return answer


def remember(*_, **__):
    sys.last_reason = repr(sys.exc_info()[1])[:200]


def alone(case):
    """Loads in a process of its own."""
    folder = tempfile.mkdtemp()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.chdir(folder)
        prepare(case)
        base.traceback.print_exc = remember
        text = json.dumps(loaded(case), sort_keys=True, default=str)
        with os.fdopen(writing, "w") as out:
            out.write(text)
        os._exit(0)
    os.close(writing)
    parts = []
    while True:
        if not select.select([reading], [], [], 2 * SECONDS)[0]:
            os.kill(child, signal.SIGKILL)
            break
        part = os.read(reading, 65536)
        if not part:
            break
        parts.append(part)
    os.close(reading)
    os.waitpid(child, 0)
    shutil.rmtree(folder, ignore_errors=True)
    return b"".join(parts).decode() or '{"raised": "it did not end"}'


# The same for every case, and slow to build.
PARSER = config.Config().parser()
for line in sys.stdin:
    sys.stdout.write(alone(json.loads(line)) + "\n")
    sys.stdout.flush()
