"""A way to PostgreSQL that breaks off as a transaction is committed: its client cannot know what came of it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final, Literal, TypeAlias

_SOCKET: Final = ".s.PGSQL.5432"
_CHUNK: Final = 2**16

Moment: TypeAlias = Literal["before", "after"]
"""Before the server has heard of the commit, or after it is done and before the client has heard of that."""


class CuttingWay:
    """Passes everything on, but breaks off the next connection that commits, if it is told to."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._server = server / _SOCKET
        self.folder = folder
        self.cut_next_commit: Moment | None = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / _SOCKET))
        self._listener.listen()

    def serve(self) -> None:
        """Take connections until `close`."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                Thread(target=self._pass_on, args=(client, server), daemon=True).start()
                Thread(target=_copy, args=(server, client), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                if b"COMMIT" in data and self.cut_next_commit is not None:
                    moment, self.cut_next_commit = self.cut_next_commit, None
                    client.shutdown(socket.SHUT_RDWR)
                    if moment == "after":
                        server.sendall(data)
                        server.shutdown(socket.SHUT_WR)  # it answers nobody, and ends
                    break
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    for end in (source, target):
        end.close()


@contextmanager
def cutting_way(server: Path) -> Iterator[CuttingWay]:
    """Open a way to the server whose socket is in a folder."""
    with TemporaryDirectory(prefix="cut-") as folder:  # the path of a socket may have 100 characters at most
        way = CuttingWay(server, Path(folder))
        serving = Thread(target=way.serve, daemon=True)
        serving.start()
        try:
            yield way
        finally:
            way.close()
            serving.join()
