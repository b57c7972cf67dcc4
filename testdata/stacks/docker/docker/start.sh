#!/bin/bash
# Starts the shop.
THREADS=${THREADS:-8}
export TIMEOUT=60
gunicorn --threads $THREADS --worker-class sync --time-out 90 shop.wsgi
