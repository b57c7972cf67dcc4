"""gunicorn of the shop in its container; WEB_CONCURRENCY says how many workers."""

bind = "0.0.0.0:8000"
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 30

# nginx is the only one who reaches the port.
forwarded_allow_ips = "*"

accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %(D)s'
