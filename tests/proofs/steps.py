"""The steps of a load: each is a table of `[[load]]`, and its first key says which step it is.

In: a stack that runs, and a step. Out: what the step saw, which `as = "name"` gives a name for `[seen]`; `background = true` goes on
beside the next steps. Judges nothing.
"""
import base64
import http.client
import os
import pathlib
import socket
import struct
import subprocess
import threading
import time

import launch
from stack import Answer, Failed, until


class Answers(list):
    """Answers of clients that asked at the same time."""

    @property
    def statuses(self):
        return sorted({answer.status for answer in self})

    def count(self, status):
        return sum(answer.status == status for answer in self)

    @property
    def slowest(self):
        return max(answer.seconds for answer in self)


class Stopped:
    """How a stop went."""

    def __init__(self, seconds, killed, exit):
        self.seconds, self.killed, self.exit = seconds, killed, exit

    def __repr__(self):
        return f"stopped after {self.seconds:.2f} s, killed {self.killed}, exit {self.exit}"


class Ran:
    """A command that ran: its exit status and what it printed."""

    def __init__(self, done):
        self.exit, self.text = done.returncode, done.stdout

    def __repr__(self):
        return f"exit {self.exit}: {self.text[-300:]}"


def asking(stack, step, path, **more):
    """One request, or `times` of them at once; `direct = true` asks gunicorn itself, `tls = true` nginx at the second port."""
    client = stack.direct if step.get("direct") else stack.through_nginx
    wanted = {"timeout": step.get("timeout", 20), "headers": step.get("headers"), **more}
    if step.get("tls"):
        wanted["tls"] = True
    if "times" not in step:
        return client(path, **wanted)
    answers = Answers()
    at_once(step["times"], lambda: answers.append(client(path, **wanted)))
    return answers


def at_once(times, call):
    """Calls so many times at the same time, and waits for all."""
    threads = [threading.Thread(target=call) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def get(stack, step):
    """`get = "/path"`, through nginx."""
    return asking(stack, step, step["get"])


def post(stack, step):
    """`post = "/path"` with `bytes = 9` of a body."""
    return asking(stack, step, step["post"], method="POST", body=b"x" * step.get("bytes", 3))


def send(stack, step):
    """`send = "GET / HTTP/1.1\\r\\n..."`, these very bytes, to gunicorn itself, and `then` others after a `pause` in seconds; the status
    of the answer, and all of it as text, when gunicorn closes the connection."""
    with raw(stack, {**step, "direct": True}) as connection:
        connection.settimeout(step.get("timeout", 20))
        connection.sendall(step["send"].encode("latin-1"))
        text = b""
        try:
            if "then" in step:
                time.sleep(step["pause"])
                connection.sendall(step["then"].encode("latin-1"))
            while more := connection.recv(65536):
                text += more
        except OSError as error:
            return Answer(0, 0, text, error=type(error).__name__)
    status = text.split(b" ")[1] if text.startswith(b"HTTP/") else b"0"
    return Answer(int(status), 0, text)


def series(stack, step):
    """`series = "/path"`, `times` requests, one after the other."""
    single = {key: value for key, value in step.items() if key != "times"}
    return Answers(asking(stack, single, step["series"]) for _ in range(step["times"]))


def clients(stack, step):
    """`clients = 8` that ask `path` again and again for so many `seconds`."""
    answers, end = Answers(), time.monotonic() + step["seconds"]

    def client():
        while time.monotonic() < end:
            answers.append(stack.through_nginx(step["path"]))

    at_once(step["clients"], client)
    return answers


def raw(stack, step):
    """A socket to nginx, or to gunicorn with `direct = true`."""
    place = stack.listens_on() if step.get("direct") else ("127.0.0.1", stack.port)
    if isinstance(place, str):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(place)
        return connection
    return socket.create_connection(place, timeout=20)


def slow_upload(stack, step):
    """`slow_upload = "/path"`: `bytes` one by one, each 0.1 s."""
    with raw(stack, step) as connection:
        head = f"POST {step['slow_upload']} HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: {step['bytes']}\r\n\r\n"
        connection.sendall(head.encode())
        try:
            for _ in range(step["bytes"]):
                connection.sendall(b"x")
                time.sleep(0.1)
            return connection.recv(4096).decode("latin-1")
        except OSError as error:
            return type(error).__name__


def slow_read(stack, step):
    """`slow_read = "/path"`: asks, and reads nothing for so many `seconds`."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    with connection:
        connection.connect(("127.0.0.1", stack.port))
        connection.sendall(f"GET {step['slow_read']} HTTP/1.1\r\nHost: shop.example.com\r\n\r\n".encode())
        time.sleep(step["seconds"])


def first(stack, step):
    """`first = "/path"`: seconds until `words` came, of an answer that takes longer."""
    began = time.monotonic()
    with raw(stack, step) as connection:
        connection.sendall(f"GET {step['first']} HTTP/1.1\r\nHost: shop.example.com\r\n\r\n".encode())
        text = b""
        while step["words"].encode() not in text and (more := connection.recv(4096)):
            text += more
    return time.monotonic() - began


def websocket(stack, step):
    """`websocket = "/path"`: opens one, stays silent for `idle` seconds, sends a word, and gives the answer or how it ended."""
    key = base64.b64encode(os.urandom(16)).decode()
    head = (f"GET {step['websocket']} HTTP/1.1\r\nHost: shop.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n")
    with raw(stack, step) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096).decode("latin-1")
        status = int(answer.split()[1]) if answer else 0
        if status != 101:
            return Answer(status, 0, error="no websocket")
        time.sleep(step.get("idle", 0))
        mask, word = os.urandom(4), b"hello"
        try:
            connection.sendall(struct.pack("!BB", 0x81, 0x80 | len(word)) + mask + bytes(letter ^ mask[place % 4] for place, letter in enumerate(word)))
            frame = connection.recv(4096)
        except OSError as error:
            return Answer(status, 0, error=type(error).__name__)
        return Answer(status, 0, frame[2:] if frame[:1] == b"\x81" else b"", error="" if frame else "closed")


def reuse(stack, step):
    """`reuse = "/path"`: so many `connections` POST at once, and again when what nginx keeps has been idle for `idle` seconds.

    nginx is stopped for `held` seconds before it reads the second ones, as on a machine that has no time for it: the moment between a
    close of the other side and nginx's learning of it is else too short to be hit by intent. Answers of the second ones.
    """
    request = f"POST {step['reuse']} HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 3\r\n\r\nx=1".encode()
    connections = [raw(stack, step) for _ in range(step["connections"])]

    def answers():
        given = Answers()
        for connection in connections:
            try:
                answer = http.client.HTTPResponse(connection, method="POST")
                answer.begin()
                given.append(Answer(answer.status, 0, answer.read()))
            except (OSError, http.client.HTTPException) as error:
                given.append(Answer(0, 0, error=type(error).__name__))
        return given

    def ask_all():
        for connection in connections:
            connection.sendall(request)

    ask_all()
    answers()
    time.sleep(step["idle"])
    held = launch.children(stack.nginx.pid)
    for process in held:
        stack.signal("STOP", process)
    try:
        ask_all()
        time.sleep(step["held"])
    finally:
        for process in held:
            stack.signal("CONT", process)
    second = answers()
    for connection in connections:
        connection.close()
    return second


def wait(stack, step):
    """`wait = 0.3` seconds: only for what nothing tells, as that a request has begun."""
    time.sleep(step["wait"])


def until_log(stack, step):
    """`until_log = "pattern"`, `times` often, within so many `seconds`, in what gunicorn says, or in its `access` log; whether it came."""
    log = stack.access if step.get("access") else stack.log
    return bool(until(lambda: log.count(step["until_log"]) >= step.get("times", 1), step.get("seconds", 20)))


def until_ready(stack, step):
    """`until_ready = "/path"` answers 200 at gunicorn itself; `text` has to be in it."""
    wanted = step.get("text", "")
    answers = lambda: (answer := stack.direct(step["until_ready"], timeout=2)).status == 200 and wanted in answer.text
    return bool(until(answers, step.get("seconds", 20)))


def signal(stack, step):
    """`signal = "HUP"` to the master, or to all `workers`."""
    for process in stack.workers if step.get("to") == "workers" else [stack.master]:
        stack.signal(step["signal"], process)


def stop(stack, step):
    """`stop = 3.0`: what the platform does, with SIGKILL after so many seconds; `signal` is TERM."""
    seconds, killed = launch.stop(stack, float(step["stop"]), step.get("signal", "TERM"))
    return Stopped(seconds, killed, stack.exit)


def edit(stack, step):
    """`edit = "file"`: puts `to` for `from`. Its time of change is a later one."""
    path = stack.folder / step["edit"]
    text = path.read_text()
    if step["from"] not in text:
        raise Failed(f"{step['edit']} has no {step['from']!r}")
    path.write_text(text.replace(step["from"], step["to"]))
    later = path.stat().st_mtime + 2
    os.utime(path, (later, later))


def start_again(stack, step):
    """`start_again = true`: gunicorn anew, as the file says."""
    stack.launched.end()
    stack.launched = launch.start(stack)
    stack.wait_until_ready()


def run(stack, step):
    """`run = "command"` by bash in the folder of the stack, with its gunicorn in PATH."""
    done = subprocess.run(["bash", "-c", step["run"]], cwd=stack.folder, env=launch.environment(stack), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=step.get("seconds", 60))
    return Ran(done)


def inside(stack, step):
    """`inside = "command"` by bash in the booted systemd; with `until = "text"` again and again, until it prints that."""
    ran = lambda: Ran(stack.tools.box.run(step["inside"], step.get("seconds", 60)))
    if "until" not in step:
        return ran()
    tries = []
    until(lambda: tries.append(ran()) or step["until"] in tries[-1].text)
    return tries[-1]


def stall(stack, step):
    """`stall = 3`: so many seconds the disk that `container.disk` gives a container answers nobody; goes on meanwhile."""
    inside = ["nsenter", "-t", str(stack.launched.first()), "-m", "sh", "-c",
              f"cd {stack.folder}/tmp && fsfreeze -f . && sleep {step['stall']}; fsfreeze -u ."]
    # Of its own, so that it thaws whatever becomes of the harness.
    subprocess.Popen(inside, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def control(stack, step):
    """`control = "stop app"`: what supervisorctl says."""
    return stack.launched.control(*step["control"].split())


def count(stack, step):
    """`count = "workers"`: how many there are, once it does not change for half a second; `of = 6` waits for so many or the end."""
    last, since = -1, time.monotonic()
    end = since + 20
    enough = lambda: last >= int(step.get("of", 0)) or stack.exit is not None
    while time.monotonic() < end and not (time.monotonic() - since >= 0.5 and enough()):
        now = len(stack.workers)
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.1)
    return last


def fewest(stack, step):
    """`fewest = 6`: the least number of workers that answer (an event file of hooks tells) in so many seconds."""
    path = pathlib.Path(stack.folder / "events")
    time.sleep(step["fewest"])
    alive, least = 0, None
    for line in sorted(path.read_text().splitlines(), key=lambda line: float(line.split()[0])):
        alive += 1 if line.split()[1] == "up" else -1
        if alive >= step["workers"]:
            least = alive if least is None else least
        if least is not None:
            least = min(least, alive)
    return least


STEPS = {each.__name__: each for each in (
    get, post, send, series, clients, slow_upload, slow_read, first, websocket, reuse, wait, until_log, until_ready, signal, stop, edit,
    start_again, run, inside, stall, control, count, fewest,
)}


def take(stack, steps):
    """Runs all steps; what those with a name saw, by that name."""
    seen, running = {}, []

    def one(step):
        kind = next(key for key in step if key in STEPS)
        given = STEPS[kind](stack, step)
        if "as" in step:
            seen[step["as"]] = given

    for step in steps:
        if not any(key in STEPS for key in step):
            raise Failed(f"no step is called by any of {', '.join(step)}")
        if step.get("background"):
            thread = threading.Thread(target=one, args=(step,))
            thread.start()
            running.append(thread)
        else:
            one(step)
    for thread in running:
        thread.join()
    return seen
