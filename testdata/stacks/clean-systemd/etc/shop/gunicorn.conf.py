"""gunicorn of the shop, which calls other services and waits for them."""

bind = "unix:/run/shop/gunicorn.sock"
workers = 3
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 30

# The report library keeps memory.
max_requests = 2000
max_requests_jitter = 200

accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %(D)s'
