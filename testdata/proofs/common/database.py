"""A database that answers what it is asked, and a dialect of SQLAlchemy for it: `start()`, then `create_engine("toy://")`.

Its server is a process of the same session, and nobody's child. A query is a line, and its answer the same line a moment later; a
client that says goodbye ends its session. As with any protocol over a connection, who shares one reads the answers of others.
"""
import os
import socket
import sys
import threading
import time

PATH = "database.sock"
paramstyle, threadsafety, apilevel = "qmark", 1, "2.0"


class Error(Exception):
    pass


def start():
    """Returns once the server listens."""
    if os.path.exists(PATH):
        os.unlink(PATH)
    server = socket.socket(socket.AF_UNIX)
    server.bind(PATH)
    server.listen(64)
    if child := os.fork():
        os.waitpid(child, 0)
        return server.close()
    if os.fork():
        os._exit(0)
    while True:
        threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


def serve(session):
    with session, session.makefile("rw") as lines:
        for line in lines:
            if line == "goodbye\n":
                return
            time.sleep(0.005)
            lines.write(line)
            lines.flush()


class Connection:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
        self.socket.connect(PATH)

    def ask(self, query):
        try:
            self.socket.sendall(query.encode() + b"\n")
            answer = self.socket.recv(4096)
        except OSError as error:
            raise Error(str(error)) from None
        if not answer:
            raise Error("the database ended the session")
        return answer.decode().strip()

    def cursor(self):
        return Cursor(self)

    def commit(self):
        """There are no transactions."""

    rollback = commit

    def close(self):
        try:
            self.socket.sendall(b"goodbye\n")
        except OSError:
            pass
        self.socket.close()


class Cursor:
    arraysize, rowcount, lastrowid = 1, -1, None
    description = [("answer", None, None, None, None, None, None)]

    def __init__(self, connection):
        self.connection, self.rows = connection, []

    def execute(self, query, given=()):
        self.rows = [(self.connection.ask(query),)]

    def fetchone(self):
        return self.rows.pop() if self.rows else None

    def fetchall(self):
        rows, self.rows = self.rows, []
        return rows

    def close(self):
        """Nothing is open."""


def connect():
    return Connection()


def __getattr__(name):
    """`Toy`, the dialect: what has no need of SQLAlchemy does not import it."""
    if name != "Toy":
        raise AttributeError(name)
    from sqlalchemy.engine.default import DefaultDialect

    class Toy(DefaultDialect):
        name = driver = "toy"
        supports_statement_cache = False

        @classmethod
        def import_dbapi(cls):
            return sys.modules[__name__]

        def create_connect_args(self, url):
            return (), {}

    return Toy
