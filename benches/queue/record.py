"""Records what real gunicorn and nginx do under the same arrivals with several pools, for tests/queue.rs to replay.

usage: record.py PYTHON LOAD [OUT.json]      PYTHON has gunicorn (target/venv/bin/python), LOAD is a name of LOADS below

For each setting of a load: gunicorn behind nginx on a unix socket, Poisson arrivals that wait for no answer (open loop), the same
arrivals and the same work in every setting. Written down: of the reference setting each request's arrival at nginx ($msec -
$request_time) and gunicorn's %(D)s, in microseconds; of every setting what nginx measured ($request_time), what the client measured,
and how busy the machine was. Needs nginx. Leaves nothing behind; no request leaves the machine.
"""
import asyncio, json, os, random, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

APP = '''
import time
from urllib.parse import parse_qs
def app(environ, start_response):
    query = {key: float(values[0]) for key, values in parse_qs(environ["QUERY_STRING"]).items()}
    time.sleep(query.get("s", 0))
    total = 0
    for number in range(int(query.get("n", 0))):
        total += number * number
    start_response("200 OK", [("Content-Length", "2"), ("Content-Type", "text/plain")])
    return [b"ok"]
'''
NGINX = '''worker_processes 1; daemon off; user root; error_log {d}/nginx.err info; pid {d}/nginx.pid;
events {{ worker_connections 8192; }}
http {{
  client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3; uwsgi_temp_path {d}/t4; scgi_temp_path {d}/t5;
  log_format queue '$msec $request_time $upstream_response_time $status "$request"';
  access_log {d}/nginx.log queue;
  proxy_read_timeout 120s;
  upstream app {{ server unix:{d}/app.sock; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://app; }} }}
}}'''
# name: class, workers, threads
POOLS = {name: (kind, workers, threads) for name, kind, workers, threads in [
    ("sync 1", "sync", 1, 1), ("sync 2", "sync", 2, 1), ("sync 4", "sync", 4, 1), ("sync 8", "sync", 8, 1), ("sync 12", "sync", 12, 1),
    ("gthread 1x8", "gthread", 1, 8), ("gthread 2x4", "gthread", 2, 4), ("gthread 4x2", "gthread", 4, 2)]}
# load: requests per second, seconds, mean sleep in seconds, mean loops, seed, reference, settings
LOADS = {
    "waiting": (32, 60, 0.050, 0, 7, "sync 4", ["sync 1", "sync 2", "sync 4", "sync 8", "gthread 2x4", "gthread 1x8"]),
    "waiting-fast": (110, 40, 0.050, 0, 8, "sync 12", ["sync 8", "sync 12", "gthread 1x8"]),
    # Not at real-time priority: that changes which process accepts.
    "waiting-threads": (110, 40, 0.050, 0, 8, "sync 12", ["sync 12", "gthread 2x4", "gthread 4x2"]),
    "mixed": (36, 60, 0.040, 30000, 9, "sync 4", ["sync 2", "sync 4", "sync 8", "gthread 2x4", "gthread 1x8"]),
}

def arrivals(rate, seconds, sleep, loops, seed):
    dice = random.Random(seed); at = 0.0; out = []
    while (at := at + dice.expovariate(rate)) <= seconds:
        work = f"s={dice.expovariate(1 / sleep):.4f}" + (f"&n={int(dice.expovariate(1 / loops))}" if loops else "")
        out.append((at, f"/?{work}&i={len(out)}"))
    return out

async def one(port, path, results, due):
    start = time.time()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: queue\r\nConnection: close\r\n\r\n".encode())
        status = int((await reader.readline()).split()[1]); await reader.read(); writer.close()
    except Exception as problem:
        status = type(problem).__name__
    results.append((due, start, time.time(), status))

async def open_loop(port, requests):
    results, tasks, base = [], [], time.time() + 0.2
    for at, path in requests:
        pause = base + at - time.time()
        if pause > 0: await asyncio.sleep(pause)
        tasks.append(asyncio.create_task(one(port, path, results, base + at)))
    await asyncio.gather(*tasks)
    return results

def processes_of(session):
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(entry)) == session: found.append(int(entry))
        except OSError: pass
    return found

def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try: fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split(); total += int(fields[11]) + int(fields[12])
        except OSError: pass
    return total / os.sysconf("SC_CLK_TCK")

def host_ticks():
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:9]]
    return sum(fields), fields[3] + fields[4]

def free_port():
    with socket.socket() as probe: probe.bind(("127.0.0.1", 0)); return probe.getsockname()[1]

def priority():
    if os.sched_getscheduler(0): return f"real-time {os.sched_getparam(0).sched_priority}"
    return f"nice {os.getpriority(os.PRIO_PROCESS, 0)}"

def percentiles(values):
    values = sorted(values)
    return {f"p{share}": values[min(len(values) - 1, int(len(values) * share / 100))] for share in (50, 95, 99)}

def run(python, pool, requests):
    kind, workers, threads = POOLS[pool]
    folder = tempfile.mkdtemp(prefix="queue-"); port = free_port(); os.chmod(folder, 0o755)
    open(f"{folder}/app.py", "w").write(APP); open(f"{folder}/nginx.conf", "w").write(NGINX.format(d=folder, port=port))
    command = [python, "-m", "gunicorn", "-b", f"unix:{folder}/app.sock", "-w", str(workers), "-k", kind, "--threads", str(threads),
        "--timeout", "120", "--access-logfile", f"{folder}/g.log", "--access-logformat", '%(p)s %(s)s %(D)s "%(r)s"', "--error-logfile", f"{folder}/g.err"]
    command += ["app:app"]
    gunicorn = subprocess.Popen(command, cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL, env=dict(os.environ, HOME=folder, XDG_RUNTIME_DIR=folder))
    nginx = subprocess.Popen(["nginx", "-e", f"{folder}/nginx.err", "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        deadline = time.time() + 20
        while time.time() < deadline and open(f"{folder}/g.err").read().count("Booting worker") < workers if os.path.exists(f"{folder}/g.err") else True:
            time.sleep(0.05)
        time.sleep(1.0)
        asyncio.run(open_loop(port, [(0.05 * turn, "/?s=0.001&warm=1") for turn in range(4 * workers)]))
        members = processes_of(gunicorn.pid); cpu, ticks = cpu_seconds(members), host_ticks()
        results = asyncio.run(open_loop(port, requests))
        cpu = cpu_seconds(members) - cpu; total, idle = (after - before for after, before in zip(host_ticks(), ticks)); time.sleep(0.3)
        service = {int(found[2]): (int(found[1]), int(found[0])) for found in re.findall(r'^<?(\d+)>? 200 (\d+) "GET /\?\S*i=(\d+)', open(f"{folder}/g.log").read(), re.M)}
        seen = {int(found[3]): tuple(map(float, found[:3])) for found in re.findall(r'^(\S+) (\S+) (\S+) 200 "GET /\?\S*i=(\d+)', open(f"{folder}/nginx.log").read(), re.M)}
        return dict(service=service, seen=seen, cpu=cpu / len(requests), bad=sum(result[3] != 200 for result in results),
            late=max(start - due for due, start, _, _ in results), client=[end - due for due, _, end, _ in results], busy=os.cpu_count() * (1 - idle / total))
    finally:
        nginx.send_signal(signal.SIGTERM); gunicorn.terminate()
        for process in (nginx, gunicorn):
            try: process.wait(10)
            except subprocess.TimeoutExpired: process.kill(); process.wait()
        shutil.rmtree(folder, ignore_errors=True)

def main(python, load, out=None):
    rate, seconds, sleep, loops, seed, reference, pools = LOADS[load]
    requests = arrivals(rate, seconds, sleep, loops, seed); runs = []
    for pool in pools:
        found = run(python, pool, requests); seen, service = found["seen"], found["service"]; kind, workers, threads = POOLS[pool]
        order = [service[number][1] for number in sorted(seen) if number in service]
        measured = percentiles([round(times[1] * 1000) for times in seen.values()])
        runs.append(dict(pool=pool, workers=workers, threads=threads, requests=len(seen), failed=found["bad"], measured_ms=measured,
            client_ms={name: round(value * 1000) for name, value in percentiles(found["client"]).items()},
            same_process_as_before=round(sum(a == b for a, b in zip(order, order[1:])) / max(1, len(order) - 1), 3),
            cpu_ms=round(found["cpu"] * 1000, 2), latest_client_ms=round(found["late"] * 1000), processors_busy=round(found["busy"], 2)))
        print(json.dumps(runs[-1]), flush=True)
        if os.environ.get("ORDERS"): json.dump([[seen[n][0] - seen[n][1], service[n][0], service[n][1], seen[n][1]] for n in sorted(seen) if n in service], open(f"{os.environ['ORDERS']}/{load}-{pool}.json".replace(" ", "-"), "w"))
        if pool == reference:
            joined = sorted((seen[number][0] - seen[number][1], service[number][0], seen[number][2]) for number in seen if number in service)
            begin = joined[0][0]; mean = statistics.mean(row[1] for row in joined)
            trace = dict(cpu_share=round(min(1.0, found["cpu"] * 1e6 / mean), 4), wait_us=percentiles([max(0, round(row[2] * 1e6) - row[1]) for row in joined]),
                requests=[[round((at - begin) * 1e6), took] for at, took, _ in joined])
    version = subprocess.run([python, "-m", "gunicorn", "--version"], capture_output=True, text=True).stdout.split()[-1].strip(")")
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.split("/")[-1].strip()
    record = dict(load=load, rate=rate, seconds=seconds, seed=seed, priority=priority(), processors=os.cpu_count(), gunicorn=version, nginx=nginx, reference=reference, runs=runs, **trace)
    if out:
        text = json.dumps(record, indent=1)
        text = re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1,\2]", text)
        open(out, "w").write(text + "\n")

if __name__ == "__main__": main(*sys.argv[1:])
