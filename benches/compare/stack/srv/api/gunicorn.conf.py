"""gunicorn for the API."""

bind = "127.0.0.1:8002"
workers = 9
