"""gunicorn of the shop; WEB_CONCURRENCY says how many workers."""

worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 30
worker_tmp_dir = "/dev/shm"

accesslog = "-"
