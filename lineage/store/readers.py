"""Connections that read, kept open for whoever reads next: to take one from a pool and give it back takes as long as
a small read."""

from sqlalchemy import Connection, Engine


class Readers:
    """Gives connections out, each to one thread at a time, and keeps as many as `most` of those that come back."""

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._most = most
        self._kept: list[Connection] = []  # what was used last has most statements compiled, and pages at hand

    def take(self) -> Connection:
        """Give one out."""
        try:
            return self._kept.pop()
        except IndexError:
            return self._engine.connect()

    def take_back(self, connection: Connection) -> None:
        """Take one back on which all went well: its transaction is ended here."""
        # Not rolled back: at that, psycopg forgets the statements that the server has prepared.
        if connection.in_transaction():
            connection.commit()
        else:
            connection.connection.commit()
        if len(self._kept) < self._most:
            self._kept.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close those that are kept."""
        while self._kept:
            self._kept.pop().close()
