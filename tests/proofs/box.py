"""A real systemd as the first process of namespaces of its own, over a copy-on-write view of this machine.

In: the scratch folder, which is seen inside at the same path, and stacks with units. Out: a `Box` that runs commands inside and starts
a stack's service (or what its `box.start` names) as a server would; several stacks may run in it, because units are named after them.
Needs root, and shares only the network with this machine: what is written inside is gone with it.
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
import proof
from stack import Failed, until

UNITS = (".service", ".socket", ".timer", ".target", ".slice")
# Where the box has what runs in it: neither below /tmp nor /home, which PrivateTmp= and ProtectHome= hide.
TOOLS = pathlib.Path("/opt/proofs")
# Run inside of the new namespaces; $1 is the folder of the box, the others are folders and where they are bound. Users besides root
# reach all of them.
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
while [ $# -gt 0 ]; do
    mkdir -p "$root$2"; mount --rbind "$1" "$root$2"
    above=$(dirname "$2")
    while [ "$above" != / ]; do chmod a+x "$root$above"; above=$(dirname "$above"); done
    shift 2
done
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
# As Debian's installer writes it; this machine may know less.
printf '127.0.0.1 localhost\n127.0.1.1 box\n::1 localhost ip6-localhost ip6-loopback\n' > "$root/etc/hosts"
: > "$root/etc/fstab"
rm -f "$root"/usr/bin/gunicorn "$root"/usr/local/bin/gunicorn
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


def enter(found):
    """Puts this process into the groups."""
    for group in found:
        group.mkdir(exist_ok=True)
        if group.parent.name == "cpuset":
            for file in ("cpuset.cpus", "cpuset.mems"):
                (group / file).write_text((group.parent / file).read_text())
        for file, weight in (("cpu.shares", "8192"), ("cpu.weight", "800")):
            # A group competes as one process does, and in the box there are several.
            if (group / file).exists():
                (group / file).write_text(weight)
        (group / "cgroup.procs").write_text(str(os.getpid()))


class Box:
    """A booted systemd. `shown`: folders outside, and where they are inside."""

    def __init__(self, scratch, shown):
        remove_old_groups()
        # Not in the scratch folder, which is bound into it.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="box-"))
        pairs = [path for pair in ((scratch, scratch), *shown.items()) for path in pair]
        command = ["unshare", "-m", "-p", "-u", "-i", "-C", "-f", "--kill-child=SIGKILL", "bash", "-c", BOOT, "boot", self.folder, *pairs]
        self.text = pathlib.Path(scratch) / "box.log"
        self.log = open(self.text, "wb")
        # The child makes the groups; their names are of this process, which removes them.
        self.groups = groups()
        # A session of its own: Ctrl-C is for the harness, which then ends the box.
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
                                        preexec_fn=functools.partial(enter, self.groups))
        try:
            up = until(lambda: self.process.poll() is not None or "running" in self.run("systemctl is-system-running").stdout, 60)
            if not up or self.process.poll() is not None:
                raise Failed("systemd does not boot: " + self.text.read_text())
        except BaseException:
            self.end()
            raise

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

    def path(self, inside):
        """A path outside that leads to one inside."""
        return f"/proc/{self.first}/root{inside}"

    def start(self, stack):
        return Unit(self, stack)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        until(lambda: removed_folder(self.folder), 5)
        for group in self.groups:
            until(lambda: removed(group), 5)


def removed_folder(folder):
    """Whether the folder of a box is gone, which it cannot be while namespaces end."""
    try:
        folder.rmdir()
        return True
    except OSError:
        return False


def remove_old_groups():
    """Removes what harnesses left that were killed."""
    for group in groups():
        for old in group.parent.glob("gearmesh-*"):
            if not pathlib.Path("/proc", old.name.removeprefix("gearmesh-")).exists():
                removed(old)


def removed(group):
    """Whether a control group, with those below it, is gone."""
    for below in sorted(group.glob("**/"), reverse=True):
        try:
            below.rmdir()
        except OSError:
            pass
    return not group.exists()


class Unit:
    """A stack's `NAME.service`, or the units that `start = "@{name}.socket"` of its `box` names, as installed and started units."""

    def __init__(self, box, stack):
        self.box, self.stack = box, stack
        self.service = f"{stack.folder.name}.service"
        units = [path.relative_to(stack.folder) for path in sorted(stack.folder.rglob("*"))
                 if path.suffix in UNITS or path.parent.name.endswith(".d")]
        self.files = " ".join(f"/etc/systemd/system/{path}" for path in units)
        self.names = " ".join(str(path) for path in units if path.suffix in UNITS)
        wanted = proof.fill(stack.proof.text.get("box", {}).get("start", self.service), stack.filled, stack.proof)
        copy = " && ".join(f"install -D -m 644 {stack.folder / path} /etc/systemd/system/{path}" for path in units)
        # Names are new, so there is nothing to reload, which would reset what systemd counts for other stacks.
        self.started = box.run(f"{copy}; systemctl start {wanted}; echo status $?").stdout

    def follow(self):
        """Writes the journal of the units into the log that a stack reads, and what `systemctl start` said behind it."""
        asked = " ".join(f"-u {name}" for name in self.names.split())
        text = self.box.run(f"journalctl --sync; journalctl --no-pager -o cat {asked}").stdout
        (self.stack.folder / "gunicorn.out").write_text(text + self.started)

    def show(self, *properties):
        """What systemd says of the service."""
        lines = self.box.run(f"systemctl show {self.service} -p {','.join(properties)}").stdout.splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        return [found.get(each, "") for each in properties]

    def master(self):
        process = int(self.show("MainPID")[0] or 0)
        return self.box.outside(process) if process else None

    def stop_target(self):
        return self.master()

    def exit(self):
        """Nothing while the unit is active or becomes so; then the exit status of its main process."""
        state, status = self.show("ActiveState", "ExecMainStatus")
        return None if state in ("active", "activating", "reloading", "deactivating") else int(status or 0)

    def end(self):
        self.box.run(f"systemctl kill -s KILL {self.names}; systemctl stop {self.names}; systemctl reset-failed {self.names}; "
                     f"rm -f {self.files}", 120)
