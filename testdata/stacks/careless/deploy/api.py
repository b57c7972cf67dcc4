# gunicorn's configuration of the API.
workers = 4
umask = 27
loglevel = "warn"
logconfig_dict = {
    "version": 1,
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "/var/log/api.log"}},
}


def on_exits(server):
    server.log.info("gone")
