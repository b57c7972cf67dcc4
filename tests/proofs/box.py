"""A real systemd as the first process of namespaces of its own, over a copy-on-write view of this machine.

In: the scratch folder, which is seen inside at the same path, and stacks with units. Out: a `Box` that runs commands inside and starts
`app.service` of a stack (or its `start`) as a server would. Needs root, and shares only the network with this machine: what is written
inside is gone with it.
"""
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import launch
from stack import Failed, until

UNITS = (".service", ".socket", ".timer", ".target", ".slice")
# Run inside of the new namespaces; $1 is the folder of the box, the others are bound at their own paths.
BOOT = r"""
set -eu
box=$1; shift
root=$box/root
mount --make-rprivate /
mount -t tmpfs tmpfs "$box"
mkdir -p "$root" "$box/upper" "$box/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/upper,workdir=$box/work" "$root"
mount -t tmpfs tmpfs "$root/tmp" -o mode=1777
mount -t tmpfs tmpfs "$root/run" -o mode=755
for folder in "$@"; do mkdir -p "$root$folder"; mount --rbind "$folder" "$root$folder"; done
mount -t tmpfs tmpfs "$root/dev" -o mode=755
for device in null zero full random urandom tty; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666,mode=620
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"; ln -s /proc/self/fd "$root/dev/fd"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys" -o ro
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
    mount -t tmpfs tmpfs "$root/sys/fs/cgroup" -o mode=755
    mkdir "$root/sys/fs/cgroup/unified" "$root/sys/fs/cgroup/systemd"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
    mount -t cgroup cgroup "$root/sys/fs/cgroup/systemd" -o none,name=systemd
    for one in cpu cpuacct cpuset memory devices freezer blkio pids; do
        mkdir "$root/sys/fs/cgroup/$one"; mount -t cgroup cgroup "$root/sys/fs/cgroup/$one" -o "$one"
    done
fi
mount --bind "$root/proc/sys" "$root/proc/sys"; mount -o remount,ro,bind "$root/proc/sys"
rm -rf "$root"/etc/systemd/system/*.wants "$root"/usr/lib/systemd/system/*.wants "$root"/usr/lib/systemd/system-generators
mkdir -p "$root/usr/lib/systemd/system-generators"
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\nWants=systemd-journald.service\nAllowIsolate=yes\n' > "$root/etc/systemd/system/default.target"
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
: > "$root/etc/fstab"
cd "$root"; mkdir -p .old; pivot_root . .old; umount -l /.old
exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    /lib/systemd/systemd --system --log-target=journal --show-status=false </dev/null >/dev/null 2>&1
"""
HIERARCHIES = ("unified", "systemd", "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")


def possible():
    """Why systemd cannot be booted here; nothing where it can."""
    if os.geteuid() != 0:
        return "needs root"
    if not pathlib.Path("/lib/systemd/systemd").exists() or not shutil.which("unshare"):
        return "needs systemd and unshare"
    return None


def groups():
    """The control groups to be made for the box, one of each hierarchy."""
    top = pathlib.Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists():
        return [top / f"gearmesh-{os.getpid()}"]
    return [top / each / f"gearmesh-{os.getpid()}" for each in HIERARCHIES if (top / each).is_dir()]


def enter_groups():
    for group in groups():
        group.mkdir(exist_ok=True)
        if group.parent.name == "cpuset":
            for file in ("cpuset.cpus", "cpuset.mems"):
                (group / file).write_text((group.parent / file).read_text())
        (group / "cgroup.procs").write_text(str(os.getpid()))


class Box:
    """A booted systemd. Stacks run in it one at a time, because their units have the same names."""

    def __init__(self, scratch, shown):
        # Not in the scratch folder, which is bound into it.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="box-"))
        command = ["unshare", "-m", "-p", "-u", "-i", "-C", "-f", "--kill-child=SIGKILL", "bash", "-c", BOOT, "boot", self.folder, scratch, *shown]
        self.text = pathlib.Path(scratch) / "box.log"
        self.log = open(self.text, "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=enter_groups)
        if not until(lambda: self.process.poll() is not None or "running" in self.run("systemctl is-system-running").stdout, 60) \
                or self.process.poll() is not None:
            raise Failed("systemd does not boot: " + self.text.read_text())

    @functools.cached_property
    def first(self):
        """The number that its first process has outside."""
        return until(lambda: next(iter(launch.children(self.process.pid)), None), 5)

    def inside(self, command):
        return ["nsenter", "-t", str(self.first), "-m", "-p", "-u", "-i", "-C", "-r", "-w", "env", "-i", "HOME=/root", "LANG=C.UTF-8",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *map(str, command)]

    def run(self, text, seconds=60):
        """What bash does with it inside."""
        return subprocess.run(self.inside(["bash", "-c", text]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=seconds)

    def outside(self, process):
        """The number outside of a process inside; none where there is none."""
        for each in launch.below(self.first):
            try:
                numbers = re.search(r"(?m)^NSpid:\s+(.*)$", pathlib.Path(f"/proc/{each}/status").read_text())[1].split()
            except (FileNotFoundError, TypeError):
                continue
            if int(numbers[-1]) == process and len(numbers) > 1:
                return each
        return None

    def start(self, stack):
        return Unit(self, stack)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.folder.rmdir()
        for group in groups():
            until(lambda: removed(group), 5)


def removed(group):
    """Whether a control group, with those below it, is gone."""
    for below in sorted(group.glob("**/"), reverse=True):
        try:
            below.rmdir()
        except OSError:
            pass
    return not group.exists()


class Unit:
    """`app.service` of a stack, or the units that `start = "app.socket"` names, as installed and started units."""

    def __init__(self, box, stack):
        self.box, self.stack = box, stack
        self.units = [path.relative_to(stack.folder) for path in sorted(stack.folder.rglob("*"))
                      if path.suffix in UNITS or path.parent.name.endswith(".d")]
        for path in self.units:
            to = f"/etc/systemd/system/{path}"
            box.run(f"mkdir -p $(dirname {to}) && cp {stack.folder / path} {to}")
        self.names = [str(path) for path in self.units if path.suffix in (".service", ".socket")]
        self.wanted = stack.proof.text.get("box", {}).get("start", "app.service")
        self.started = box.run(f"systemctl daemon-reload; systemctl start {self.wanted}; echo status $?")
        self.follow()

    def follow(self):
        """Writes the journal of the units into the log that a stack reads."""
        text = self.box.run(f"journalctl --no-pager -o cat -u app.service; echo {self.started.stdout!r}").stdout
        (self.stack.folder / "gunicorn.out").write_text(text)

    def show(self, property, unit="app.service"):
        return self.box.run(f"systemctl show {unit} --value -p {property}").stdout.strip()

    def master(self):
        process = int(self.show("MainPID") or 0)
        return self.box.outside(process) if process else None

    def stop_target(self):
        return self.master()

    def exit(self):
        """Nothing while the unit is active or becomes so; then the exit status of its main process."""
        self.follow()
        state = self.show("ActiveState")
        return None if state in ("active", "activating", "reloading", "deactivating") else int(self.show("ExecMainStatus") or 0)

    def end(self):
        names = " ".join(self.names)
        self.box.run(f"systemctl kill -s KILL {names}; systemctl stop {names}; systemctl reset-failed {names}; "
                     + "; ".join(f"rm -f /etc/systemd/system/{path}" for path in self.units)
                     + "; systemctl daemon-reload; journalctl --rotate -q; journalctl --vacuum-time=1s -q", 120)
