import os

timeout = int(os.environ["TIMEOUT"])
max_requests_jitter = 50
