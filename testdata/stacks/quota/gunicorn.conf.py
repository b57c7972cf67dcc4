# A small service on a large machine: what it may use is written in the unit, and the file does not know.
import os

workers = os.cpu_count() * 2 + 1
max_requests = 2000
max_requests_jitter = 200
timeout = "60s"


def worker_int(worker):
    import signal

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    worker.app.engine.dispose(close=False)
