"""One HTTP server until a signal: the port that it takes, and what its process is set to."""

import ctypes
import errno
import gc
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from lineage.cli.terminal import fail
from lineage.web import Application, HttpProtocol, SocketProtocol
from lineage.web.questions import LARGEST_BODY

BACKLOG: Final = 128
NEW_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000  # some tens of small answers; an answer leaves few cycles behind
MOST_FILES: Final = 65_536
LARGE_BLOCK_BYTES: Final = 256 * 1024
_M_MMAP_THRESHOLD: Final = -3
GRACE_SECONDS: Final = 5  # for requests under way when the end is asked for


def listen(host: str, port: int, *, flag: str = "--port") -> socket.socket:
    """Take the port that `flag` names, or say who may have it."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(f"port {port} of {host} is taken: stop what uses it, or choose another with {flag} (0: any free one)")
        fail(f"cannot listen on port {port} of {host}: {error.strerror or error}: choose others with --host and {flag}")
    return listener


class _Server(uvicorn.Server):
    """A server that ends what would never end by itself, before it waits for the rest."""

    def __init__(self, config: uvicorn.Config, end: Callable[[], None]) -> None:
        super().__init__(config)
        self._end = end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end()
        await super().shutdown(sockets)


def make_server(app: Application | ASGIApp) -> uvicorn.Server:
    """Make the server of an application; set `should_exit` to end it."""
    return _Server(
        uvicorn.Config(
            app,
            http=HttpProtocol,
            ws=SocketProtocol,
            ws_max_size=LARGEST_BODY,
            ws_per_message_deflate=False,  # answers hold secrets beside what others can have recorded: RFC 7692 §8
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,  # whose address a connection has is what it has: a gate may believe it
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        app.end if isinstance(app, Application) else lambda: None,
    )


def serve_until_stopped(
    server: uvicorn.Server, listener: socket.socket, *, begin: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGINT or SIGTERM, or until `server.should_exit`. `begin` starts what runs beside it: once signals
    are handled, so that none ends that in the middle."""

    def end(_signal: int, _frame: object) -> None:
        server.should_exit = True

    # uvicorn handles signals while it runs, and raises them again when it has ended: to these handlers,
    # so that what comes after it here still happens.
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    _keep_what_was_imported()
    _let_many_connect()
    _give_back_large_blocks()
    try:
        begin()
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _give_back_large_blocks() -> None:
    """Have the GNU C library give each large block back to the system when it is freed. Left to itself, it keeps those
    of large answers for each of the threads that made one. Source: mallopt(3)."""
    with suppress(AttributeError, OSError):  # another library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


def _keep_what_was_imported() -> None:
    """Have the collector of garbage pass over what stays to the end anyway: it is most of what there is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_BETWEEN_COLLECTIONS)


def _let_many_connect() -> None:
    """Have as many files as the system allows: each connection is one, and what systems give at first is meant for
    programs that know no others."""
    if sys.platform == "win32":
        return  # it has no such limit
    import resource  # noqa: PLC0415 - nor this

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
