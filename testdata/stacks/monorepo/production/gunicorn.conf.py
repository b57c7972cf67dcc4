bind = "unix:/run/shop/gunicorn.sock"
workers = 4
timeout = 30
accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(s)s %(D)s'
