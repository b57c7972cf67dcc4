"""gunicorn for the shop."""

bind = "unix:/tmp/shop.sock"
workers = 3
timeout = 120
graceful_timeout = 60
keep_alive = 5
max_requests = 1000
preload_app = True


def post_fork(server, worker):
    """Say which worker this is."""
    logger.info("worker %s", worker.pid)
