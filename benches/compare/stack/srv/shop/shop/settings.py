"""What the shop's Django needs to know about its files."""

STATIC_URL = "/static/"
STATIC_ROOT = "/srv/shop/collected/"
