workers = 3
timeout = int(30
