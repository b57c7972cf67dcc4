bind = "unix:/srv/shop/run/gunicorn.sock"
timeout = 30
graceful_timeout = 30
max_requests = 1000
max_requests_jitter = 100
accesslog = "-"
