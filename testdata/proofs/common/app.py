"""What the proofs serve: the path of a request chooses what its worker does, and no file of a configuration decides it.

/ok answers, /sleep?s=1 waits, /freeze stops the process as a deadlock would, /upload counts what it reads, /big?n=9 answers so much,
/environ tells what the application is told, /version answers VERSION, /ticks how often a thread of the import has ticked lately,
/header?n=9 answers with a header so long, /events sends one event each 0.4 s, /spin works without the interpreter.
BOOT_SECONDS, BALLAST_MB, TICKING and TERM_AT_IMPORT in the environment change what an import does.
"""
import hashlib
import json
import os
import signal
import threading
import time
from urllib.parse import parse_qsl

VERSION = "v1"
time.sleep(float(os.environ.get("BOOT_SECONDS", "0")))
ballast = bytearray(int(os.environ.get("BALLAST_MB", "0")) << 20)
for place in range(0, len(ballast), 4096):
    ballast[place] = 1
ticks = 0
if "TERM_AT_IMPORT" in os.environ:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.05)


if "TICKING" in os.environ:
    threading.Thread(target=tick, daemon=True).start()


def events():
    for number in range(4):
        yield b"data: %d\n\n" % number
        time.sleep(0.4)


def body(path, query, environ):
    if path == "/sleep":
        time.sleep(float(query["s"]))
    elif path == "/spin":
        hashlib.pbkdf2_hmac("sha256", b"a", b"b", int(query["n"]))
    elif path == "/freeze":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif path == "/environ":
        return json.dumps({name: value for name, value in environ.items() if isinstance(value, str)}).encode()
    elif path == "/upload":
        length = 0
        while read := environ["wsgi.input"].read(65536):
            length += len(read)
        return b"%d" % length
    elif path == "/big":
        return b"x" * int(query["n"])
    elif path == "/version":
        return VERSION.encode()
    elif path == "/ticks":
        before = ticks
        time.sleep(0.2)
        return b"%d" % (ticks - before)
    return b"ok %d" % os.getpid()


def app(environ, start_response):
    path, query = environ["PATH_INFO"], dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if path == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    text = body(path, query, environ)
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
    if path == "/header":
        headers.append(("X-Long", "x" * int(query["n"])))
    start_response("200 OK", headers)
    return [text]
