bind = "@{bind}"
accesslog = "@{dir}/access.log"
access_log_format = '%(p)s %(s)s %(D)s "%(r)s"'
@{settings}
