#!/bin/sh
# Starts the shop, or whatever else the container is asked to run.
set -eu

export DJANGO_SETTINGS_MODULE="${DJANGO_SETTINGS_MODULE:-shop.settings}"

case "${1:-web}" in
    web)
        shift
        python manage.py migrate --noinput
        set -- gunicorn --config /etc/shop/gunicorn.conf.py --bind "0.0.0.0:${PORT:-8000}" shop.wsgi:application "$@"
        ;;
    worker)
        set -- celery --app shop worker
        ;;
esac

exec "$@"
