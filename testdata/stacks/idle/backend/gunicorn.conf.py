workers = 8
timeout = 60
