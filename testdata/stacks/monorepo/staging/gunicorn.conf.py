bind = "unix:/run/shop/gunicorn.sock"
workers = 2
timeout = 120
accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(s)s %(D)s'
