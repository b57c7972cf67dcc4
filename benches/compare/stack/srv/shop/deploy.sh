#!/bin/sh
# Brings the shop up to date.
cd "$1"
git pull --ff-only
systemctl reload shop
