"""gunicorn for the front of the job queue."""

bind = "127.0.0.1:8003"
workers = 2
timeout = "30s"
