"""gunicorn for the shop."""
import os

wsgi_app = "shop.wsgi:application"

# The yearly report takes its time.
timeout = int(os.environ.get("REPORT_TIMEOUT", "60"))
graceful_timeout = timeout // 2
keep_alive = 5

# The image library leaks.
max_requests = 1000

preload_app = True
accesslog = "-"
