# A model behind gunicorn: loaded once, in the master, for all workers.
from gevent import monkey

monkey.patch_all()

bind = "unix:/run/inference/gunicorn.sock"
workers = 2
worker_class = "gevent"
preload_app = True
reload = True
