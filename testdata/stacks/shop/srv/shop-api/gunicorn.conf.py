import os

bind = "unix:/tmp/shop-api.sock"
umask = 0o007
workers = 9
worker_class = "sync"
threads = int(os.getenv("API_THREADS", 1))
preload_app = True
reload = os.getenv("API_ENV", "staging") != "production"
