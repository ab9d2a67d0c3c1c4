"""The network between a client and a server of this machine, which can break connections off and fall silent."""

import socket
import threading
from contextlib import suppress

_PIECE_BYTES = 64 * 1024


class Relay:
    """Lets every connection through to a port, and what goes wrong with a network happen to it."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._left: int | None = None  # bytes that the server may still say before its connection is cut
        self._is_silent = False
        self._is_over = False
        self.connections = 0  # that were made
        self.cuts = 0  # of connections

    @property
    def port(self) -> int:
        """Where clients connect."""
        return int(self._listener.getsockname()[1])

    def start(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._end(self._listener)
        self._break_off()

    # -- what goes wrong
    def cut_after(self, count: int) -> None:
        """Break off the next connection over which the server has said so many bytes more."""
        with self._changed:
            self._left = count

    def fall_silent(self) -> None:
        """Keep every connection and let nothing through, as if the other end were gone."""
        with self._changed:
            self._is_silent = True

    def speak_again(self) -> None:
        """Let through what comes over new connections; those that were silent are broken off."""
        with self._changed:
            self._is_silent = False
            self._changed.notify_all()
        self._break_off()

    # -- threads
    def _accept(self) -> None:
        with suppress(OSError):  # the end
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._server)
                except OSError:
                    self._end(client)
                    continue
                with self._changed:
                    self.connections += 1
                    self._open |= {client, server}
                for source, sink, is_said in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pass, args=(source, sink, is_said), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, is_said: bool) -> None:
        """Pass on what comes one way; `is_said` by the server."""
        is_cut = False
        with suppress(OSError):  # the other way has ended
            while not is_cut and (data := source.recv(_PIECE_BYTES)) and self._may_pass():
                allowed, is_cut = self._allowed(len(data)) if is_said else (len(data), False)
                sink.sendall(data[:allowed])
        self._end(source, sink)

    def _may_pass(self) -> bool:
        """Wait while nothing is let through; what waited is lost."""
        with self._changed:
            is_lost = self._is_silent
            self._changed.wait_for(lambda: self._is_over or not self._is_silent)
            return not is_lost

    def _allowed(self, count: int) -> tuple[int, bool]:
        """How much of so many bytes may pass, and whether the connection is cut then."""
        with self._changed:
            if self._left is None:
                return count, False
            allowed = min(count, self._left)
            self._left = self._left - allowed or None
            self.cuts += self._left is None
            return allowed, self._left is None

    def _break_off(self) -> None:
        with self._changed:
            sockets = tuple(self._open)
        self._end(*sockets)

    def _end(self, *sockets: socket.socket) -> None:
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes who reads
            each.close()
        with self._changed:
            self._open.difference_update(sockets)
