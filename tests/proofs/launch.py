"""Starts gunicorn the way a file of the stack says: by a Procfile, as a container's first process, or by supervisor.

In: a stack whose files are written. Out: something with a master, an exit status and an end. Units of systemd are for `box`.
Runs what the file says, word for word; only where `gunicorn` itself lies is chosen here, by PATH.
"""
import json
import os
import re
import shlex
import signal
import subprocess
import time


def children(process):
    """The process numbers of the children of a process, where it lives."""
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            return [int(number) for number in file.read().split()]
    except OSError:
        return []


def below(process):
    """A process and all that descend from it."""
    return [process] + [each for child in children(process) for each in below(child)]


def environment(stack):
    """The environment of gunicorn: its version by PATH, and what the proof gives its application."""
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    path = f"{stack.tools.programs(stack.version)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    given = stack.proof.text.get("environment", {})
    return {**kept, "PATH": path, "HOME": str(stack.folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **given}


class Launched:
    """A process of our own, in a session of its own."""

    def __init__(self, stack, command):
        self.folder = str(stack.folder)
        with open(stack.folder / "gunicorn.out", "ab") as out:
            self.process = subprocess.Popen(
                command, cwd=stack.folder, env=environment(stack), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )

    def master(self):
        return self.process.pid if self.process.poll() is None else None

    def exit(self):
        return self.process.poll()

    def follow(self):
        """Its output stands in the log already."""

    def stop_target(self):
        """The process that a stop of the platform signals."""
        return self.process.pid

    def end(self):
        # Once is not enough: a master may start one more worker before its turn comes.
        for _ in range(3):
            for one in {*below(self.process.pid), *left_behind(self.process.pid, self.folder)}:
                try:
                    os.kill(one, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.process.wait()


def left_behind(session, folder):
    """Processes of a session, and those that work in a folder: a daemon has left its session."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.getsid(int(name)) == session or os.readlink(f"/proc/{name}/cwd") == folder:
                    found.append(int(name))
            except OSError:
                pass
    return found


# What a container's namespaces have before its first process: $1 is what the files and the proof ask for.
CONTAINER = r"""
set -eu
asked=$1; shift
mount --make-rprivate /
mount -t tmpfs tmpfs /dev/shm
case $asked in *network*) ip link set lo up ;; esac
case $asked in *disk*)
    mkdir tmp; truncate -s 8M disk; mkfs.ext4 -q disk; mount -o loop disk tmp; export TMPDIR="$PWD/tmp" ;;
esac
case $asked in *read-only*)
    for place in / /tmp /var/tmp "$PWD"; do mount -o remount,bind,ro "$(stat -c %m "$place")"; done ;;
esac
exec "$@"
"""


class Container(Launched):
    """CMD of a Dockerfile as the first process of its namespaces; in shell form below `/bin/sh -c`, as Docker does.

    `read_only: true` of compose.yaml is done; with `ports:` it has a network of its own, which nginx reaches at `@{container}`. A proof
    with `container.disk = true` gives its temporary files a disk of its own. Paths, users and images are those of this machine.
    """

    def __init__(self, stack):
        compose = stack.folder / "compose.yaml"
        written = compose.read_text() if compose.exists() else ""
        asked = ["disk"] if stack.proof.text.get("container", {}).get("disk") else []
        asked += [word for word, key in (("read-only", "read_only: true"), ("network", "ports:")) if key in written]
        text = (stack.folder / "Dockerfile").read_text()
        words = {}
        for name, value in re.findall(r"(?m)^(SHELL|ENTRYPOINT|CMD)\s+(.*)$", text):
            words[name] = value
        shell = json.loads(words["SHELL"]) if "SHELL" in words else ["/bin/sh", "-c"]
        parts = lambda value: json.loads(value) if value.startswith("[") else [*shell, value]
        entry = words.get("ENTRYPOINT")
        command = parts(entry) if entry else []
        if "CMD" in words and (not entry or entry.startswith("[")):
            command += parts(words["CMD"])
        namespaces = ["--pid", "--mount-proc", *(["--net"] if "network" in asked else [])]
        super().__init__(stack, ["unshare", "--fork", "--kill-child=SIGKILL", *namespaces,
                                 "/bin/sh", "-c", CONTAINER, "container", " ".join(asked), *command])
        if "network" in asked:
            self.connect(stack)

    def connect(self, stack):
        """Gives the container an address, and this machine one beside it; both are gone with the container."""
        near, far, name = stack.filled["host"], stack.filled["container"], f"gp{stack.port}"
        while not (first := self.first()) and self.process.poll() is None:
            time.sleep(0.01)
        for command in (f"link add {name} type veth peer name eth0 netns {first}", f"addr add {near}/30 dev {name}", f"link set {name} up"):
            subprocess.run(["ip", *command.split()], check=True)
        inside = f"ip addr add {far}/30 dev eth0; ip link set eth0 up"
        subprocess.run(["nsenter", "-t", str(first), "-n", "sh", "-c", inside], check=True)

    def first(self):
        """The process that has the number 1 inside."""
        return next(iter(children(self.process.pid)), None)

    def master(self):
        """The process whose children are workers; the shell is above it."""
        found = self.first()
        while found and len(children(found)) == 1 and children(children(found)[0]):
            found = children(found)[0]
        return found

    def stop_target(self):
        return self.first()


class Supervised(Launched):
    """A program of supervisord.conf; supervisor itself is of target/venv."""

    def __init__(self, stack):
        self.stack = stack
        super().__init__(stack, [stack.tools.venv / "bin/supervisord", "-n", "-c", stack.folder / "supervisord.conf"])

    def master(self):
        return next(iter(children(self.process.pid)), None)

    def control(self, *words):
        """What supervisorctl says."""
        command = [self.stack.tools.venv / "bin/supervisorctl", "-c", self.stack.folder / "supervisord.conf", *words]
        return subprocess.run(command, cwd=self.stack.folder, capture_output=True, text=True, timeout=60).stdout.strip()


class Nothing:
    """No gunicorn at all: the proof is about nginx alone, or about what a command says of the files."""

    def master(self):
        return None

    def exit(self):
        return None

    def follow(self):
        """There is no output."""

    def end(self):
        """Ends nothing."""


def from_procfile(stack):
    command = re.search(r"(?m)^web:\s*(.*)$", (stack.folder / "Procfile").read_text())[1]
    # bash becomes what it runs, if that is one command; so the process is gunicorn's master.
    return Launched(stack, ["bash", "-c", command])


def start(stack):
    kind = stack.proof.text.get("launch", "procfile")
    if kind == "systemd":
        return stack.tools.box.start(stack)
    if kind == "none":
        return Nothing()
    return {"procfile": from_procfile, "container": Container, "supervisor": Supervised}[kind](stack)


def stop(stack, grace, name="TERM"):
    """What a platform does: a signal, and SIGKILL for all that is left after `grace` seconds. Seconds, and whether it was killed."""
    began = time.monotonic()
    os.kill(stack.launched.stop_target(), getattr(signal, f"SIG{name}"))
    while stack.exit is None and time.monotonic() - began < grace:
        time.sleep(0.02)
    killed = stack.exit is None
    if killed:
        stack.launched.end()
    return time.monotonic() - began, killed
