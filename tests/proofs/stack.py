"""One stack that runs: writes the files of a variant into a scratch folder, starts gunicorn and then nginx, and ends both.

In: a proof, the name of a variant, a version of gunicorn. Out: a `Stack` to load and to look at. Waits for what it started by asking
it, never for a time alone, and leaves no process behind. How gunicorn is started is for `launch`.
"""
import collections
import http.client
import ipaddress
import itertools
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import launch

PATIENCE = 20


class Failed(Exception):
    """The stack could not be made ready; says what it said."""


def until(what, seconds=PATIENCE):
    """What `what()` gives, once that is true; or the last of it. Most of the time goes to those who are looked at."""
    end = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if (given := what()) or time.monotonic() >= end:
            return given
        time.sleep(max(0.02, 3 * (time.monotonic() - began)))


def own_address():
    """An address of this machine that other machines use; the loopback where it has none. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.254", 9))
            return one.getsockname()[0]
        except OSError:
            return "127.0.0.1"


# Below the ports that Linux gives to clients, so that none of them takes one; in an order of this process's own, and none again soon.
PORTS = itertools.cycle(random.sample(range(10000, 32000), 22000))
GIVING = threading.Lock()


def free_ports(count):
    """Ports that nobody listens on."""
    found = []
    with GIVING:
        while len(found) < count:
            with socket.socket() as one:
                try:
                    one.bind(("", port := next(PORTS)))
                    found.append(port)
                except OSError:
                    pass
    return found


def addresses(port):
    """Two addresses of a network that is there for measuring alone (RFC 2544), which no other stack has: this machine's, a container's."""
    first = int(ipaddress.ip_address("198.18.0.0")) + (port % 32768) * 4
    return str(ipaddress.ip_address(first + 1)), str(ipaddress.ip_address(first + 2))


class Answer:
    """What a client got: status (0 where there was no answer), seconds, body, headers, and the error that ended it."""

    def __init__(self, status, seconds, body=b"", headers=(), error=""):
        self.status, self.seconds, self.error = status, seconds, error
        self.text, self.headers = body.decode("latin-1"), {name.lower(): value for name, value in headers}

    def __repr__(self):
        return f"{self.status or self.error} after {self.seconds:.2f} s {self.text[:40]!r}"


class Unix(http.client.HTTPConnection):
    """A connection to a Unix socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


def ask(connection, path, method="GET", body=None, headers=None):
    began = time.monotonic()
    try:
        connection.request(method, path, body=body, headers={"Host": "shop.example.com", "Connection": "close"} | (headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, time.monotonic() - began, answer.read(), answer.getheaders())
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, time.monotonic() - began, error=type(error).__name__)
    finally:
        connection.close()


class Log:
    """Text that a program wrote: `"words" in log`, and how often a pattern stands in it."""

    def __init__(self, *paths, refresh=lambda: None):
        self.paths, self.refresh = paths, refresh

    @property
    def text(self):
        self.refresh()
        return "".join(path.read_text(errors="replace") for path in self.paths if path.exists())

    def __contains__(self, words):
        return words in self.text

    def count(self, pattern):
        return len(re.findall(pattern, self.text, re.MULTILINE))

    def all(self, pattern):
        return re.findall(pattern, self.text, re.MULTILINE)

    def __repr__(self):
        return "\n".join(self.text.splitlines()[-12:])


class Stack:
    """A variant that runs. `folder` has its files and logs, `master` is gunicorn's first process."""

    def __init__(self, proof, variant, tools, version):
        self.proof, self.variant, self.tools, self.version = proof, variant, tools, version
        # The folder's path is short: a path of a Unix socket has to be.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="proof-", dir=tools.scratch))
        # Services of other users write there.
        self.folder.chmod(0o777)
        self.port, self.tcp, second = free_ports(3)
        host, container = addresses(self.port)
        self.filled = {"dir": str(self.folder), "name": self.folder.name, "port": self.port, "tcp": self.tcp, "second": second,
                       "host": host, "container": container,
                       "venv": str(tools.venv), "programs": str(tools.programs(version, self.boxed)), "version": version,
                       "address": own_address(), "nginx_version": tools.nginx_version, "certificate": str(tools.certificate)}
        self.log = Log(self.folder / "gunicorn.out", self.folder / "gunicorn.log", refresh=lambda: self.launched and self.launched.follow())
        self.access = Log(self.folder / "access.log")
        self.nginx_errors = Log(self.folder / "nginx-error.log", self.folder / "nginx.out")
        self.nginx_access = Log(self.folder / "nginx-access.log")
        self.launched = self.nginx = None
        self.steps = collections.OrderedDict()
        self.threads = []

    def __enter__(self):
        try:
            for path, text in self.proof.files(self.variant, self.filled).items():
                path = self.folder / path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                if path.suffix == ".sh":
                    path.chmod(0o755)
                if path.name in self.proof.text.get("private", []):
                    path.chmod(0o600)
            self.launched = launch.start(self)
            self.wait_until_ready()
            if self.proof.text.get("nginx", True) is True:
                self.start_nginx()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.nginx:
            # nsenter, through which it is started inside, hands no signal on.
            for process in launch.children(self.nginx.pid) if self.boxed else [self.nginx.pid]:
                os.kill(process, signal.SIGTERM)
            try:
                self.nginx.wait(5)
            except subprocess.TimeoutExpired:
                self.nginx.kill()
                self.nginx.wait()
        if self.launched:
            self.launched.end()
        if not self.tools.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # What runs.

    @property
    def boxed(self):
        """Whether it runs in the booted systemd."""
        return self.proof.text.get("launch") == "systemd"

    @property
    def master(self):
        return self.launched.master()

    @property
    def workers(self):
        """Process numbers of the workers: the children of the master."""
        return launch.children(self.master) if self.master else []

    @property
    def thread_counts(self):
        """How many threads each worker has."""
        return [len(os.listdir(f"/proc/{worker}/task")) for worker in self.workers]

    @property
    def exit(self):
        """The exit status of what was started; none while it runs."""
        return self.launched.exit()

    # Readiness.

    def wait_until_ready(self):
        """`ready = "answers"` (the default), "listens", "ended", or "nothing" to wait for."""
        wanted = self.proof.text.get("ready", "nothing" if self.version == "none" else "answers")
        if isinstance(wanted, dict):
            wanted = wanted[self.variant]
        told = {
            "answers": lambda: self.exit is not None or self.direct("/ok", timeout=2).status,
            "listens": lambda: self.exit is not None or "Listening at" in self.log,
            "ended": lambda: self.exit is not None,
            "nothing": lambda: True,
        }[wanted]
        if not until(told) or (self.exit is not None and wanted in ("answers", "listens")):
            raise Failed(f"gunicorn never was ready (exit {self.exit}):\n{self.log!r}")

    def listens_on(self):
        """Where gunicorn says that it listens: a path, or an address and a port."""
        found = self.log.all(r"Listening at: (?:unix:([^\s,]+)|https?://([^\s,]+):(\d+))\S* \(")
        if not found:
            return None
        path, host, port = found[-1]
        return path or (host.replace("0.0.0.0", "127.0.0.1").strip("[]"), int(port))

    def start_nginx(self):
        command = ["nginx", "-p", str(self.folder), "-e", str(self.folder / "nginx-error.log"), "-c", str(self.folder / "nginx.conf"),
                   "-g", "daemon off;"]
        if self.boxed:
            command = self.tools.box.inside(command)
        with open(self.folder / "nginx.out", "ab") as out:
            self.nginx = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        if not until(lambda: self.nginx.poll() is not None or self.reached(self.port)) or self.nginx.poll() is not None:
            raise Failed(f"nginx did not start:\n{self.nginx_errors!r}")

    def reached(self, port):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    # Clients.

    def through_nginx(self, path, timeout=20, tls=False, **request):
        """Asks nginx; with `tls` at the second port, whatever the certificate."""
        if tls:
            connection = http.client.HTTPSConnection("127.0.0.1", self.filled["second"], timeout=timeout, context=ssl._create_unverified_context())
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        return ask(connection, path, **request)

    def direct(self, path, timeout=20, **request):
        """Asks gunicorn itself, where it says that it listens."""
        place = self.listens_on()
        if place is None:
            return Answer(0, 0, error="gunicorn does not listen")
        if self.boxed and isinstance(place, str):
            place = self.tools.box.path(place)
        connection = Unix(place, timeout=timeout) if isinstance(place, str) else http.client.HTTPConnection(*place, timeout=timeout)
        return ask(connection, path, **request)

    def signal(self, name, process):
        os.kill(process, getattr(signal, f"SIG{name}"))
