"""The least of an application, so that gunicorn can load it."""


def application(environ, start_response):
    """Answer every request with an empty page."""
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
