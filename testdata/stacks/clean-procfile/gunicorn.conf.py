import os

bind = f"0.0.0.0:{os.environ['PORT']}"
workers = int(os.environ.get("WEB_CONCURRENCY", 2))
timeout = 20
graceful_timeout = 20
max_requests = 2000
max_requests_jitter = 200
accesslog = "-"
