"""Connections that read, kept open for whoever reads next: to take one from a pool and give it back takes as long as
a small read."""

from sqlalchemy import Connection, Engine

from lineage.errors import WouldWait
from lineage.store.dialect import AtOnce


class ReadersAtOnce:
    """A connection for who may not even wait until one is opened: whoever may leaves it to them. Two who ask at one
    time are two threads, of which the second is told to wait."""

    def __init__(self, how: AtOnce) -> None:
        self._how = how
        self._ready: list[Connection] = []
        self._is_missed = False
        self.limited = how.limited
        self.would_wait = how.would_wait

    def expect(self) -> None:
        """Have the next connection left here that comes back to `Readers`."""
        self._is_missed = True

    def take(self) -> Connection:
        """Give it out.

        Raises:
            WouldWait: it is not there.
        """
        try:
            return self._ready.pop()
        except IndexError:
            raise WouldWait from None

    def take_back(self, connection: Connection) -> None:
        """Take it back."""
        if connection.in_transaction():
            connection.commit()
        self._ready.append(connection)

    def give_up(self, connection: Connection) -> None:
        """Take it back after something went wrong on it: to close it could take long."""
        connection.rollback()
        self._ready.append(connection)

    def accept(self, connection: Connection) -> bool:
        """Take over a connection that is open, if one is missed."""
        if not self._is_missed:
            return False
        self._is_missed = False
        self._how.make_ready(connection)
        self._ready.append(connection)
        return True

    def close(self) -> None:
        """Close it."""
        while self._ready:
            self._ready.pop().close()


class Readers:
    """Gives connections out, each to one thread at a time, and keeps as many as `most` of those that come back."""

    def __init__(self, engine: Engine, most: int, at_once: ReadersAtOnce | None) -> None:
        self._engine = engine
        self._most = most
        self._at_once = at_once
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
        if self._at_once is not None and self._at_once.accept(connection):
            return
        if len(self._kept) < self._most:
            self._kept.append(connection)
        else:
            connection.close()

    def give_up(self, connection: Connection) -> None:
        """Take one back on which something went wrong."""
        connection.close()

    def would_wait(self, error: Exception) -> bool:
        """Say whether somebody who may not wait would have to: here all may."""
        return False

    def close(self) -> None:
        """Close those that are kept."""
        while self._kept:
            self._kept.pop().close()
