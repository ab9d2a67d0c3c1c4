"""`lineage serve`, and how `lineage up` serves too: one HTTP server until a signal."""

import ctypes
import errno
import gc
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog
import typer
import uvicorn
from starlette.types import ASGIApp

from lineage.access import OPEN
from lineage.cli.flags import (
    AccessFlag,
    ArgoUrlFlag,
    HostFlag,
    KubeflowUrlFlag,
    LogFormat,
    LogFormatFlag,
    PortFlag,
    StoreFlag,
)
from lineage.cli.opening import open_existing, shown
from lineage.cli.telling import configure_logs, introduce
from lineage.cli.terminal import complain, fail
from lineage.errors import InvalidSettings
from lineage.pages import Pages
from lineage.ports import LineageStore
from lineage.settings import Settings, load_settings
from lineage.web import (
    Application,
    Health,
    HttpProtocol,
    SocketProtocol,
    any_name,
    application,
    is_loopback_name,
    trusted,
)
from lineage.web.questions import LARGEST_BODY
from lineage_graphql import Outside

log = structlog.get_logger(__name__)

OFF: Final = "none"
BACKLOG: Final = 128
NEW_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000  # some tens of small answers; an answer leaves few cycles behind
MOST_FILES: Final = 65_536
LARGE_BLOCK_BYTES: Final = 256 * 1024
_M_MMAP_THRESHOLD: Final = -3
GRACE_SECONDS: Final = 5  # for requests under way when the end is asked for


def serve(
    store: StoreFlag = None,
    host: HostFlag = None,
    port: PortFlag = None,
    access: AccessFlag = None,
    kubeflow_url: KubeflowUrlFlag = None,
    argo_url: ArgoUrlFlag = None,
    log_format: LogFormatFlag = None,
) -> None:
    """Serve a store over HTTP: a page, GraphQL and GraphiQL. Records nothing.

    ```
    lineage serve
    lineage serve --store sqlite:///backup.db --port 8081
    lineage serve --host 0.0.0.0 --access kubernetes
    ```
    """
    flags = {"store": store, "host": host, "port": port, "access": access, "log_format": log_format}
    settings = load_settings(flags | {"kubeflow_url": kubeflow_url, "argo_url": argo_url})
    configure_logs(logging.INFO, settings.log_format)
    opened = open_existing(settings.store)
    with listen(settings.host, settings.port) as listener:
        server = make_server(serving(settings, opened, listener))
        announce(listener, settings.host, shown(settings.store), form=settings.log_format, access=settings.access)
        serve_until_stopped(server, listener)


def serving(
    settings: Settings, store: LineageStore, listener: socket.socket, *, health: Health | None = None
) -> Application:
    """Make the application that serves a store to those whom the settings let in.

    Raises:
        InvalidSettings: they do not say whom, and the listener takes more than this machine; or what they say is wrong.
    """
    if not settings.access and not _is_loopback(listener):
        raise InvalidSettings(
            f"at {settings.host}, others than this machine could ask, and nothing says who may: set access "
            f"(--access, LINEAGE_ACCESS) to oidc, kubernetes or proxy, or to {OFF} if whoever reaches this address may "
            "read everything"
        )
    gate = OPEN
    if set(settings.access) - {OFF}:
        from lineage.cli.access import guarded  # noqa: PLC0415 - cryptography takes as long to import as all the rest

        gate = guarded(settings, store)
    texts = None
    if settings.object_stores:
        from lineage.cli.object_stores import text_reader  # noqa: PLC0415 - so does what speaks to object stores

        texts = text_reader(settings)
    return application(
        store=store,
        health=health,
        gate=gate,
        requests_per_minute=settings.caller_requests_per_minute,
        documents=None if settings.trusted_documents is None else trusted(settings.trusted_documents),
        hosts=any_name if settings.access else is_loopback_name,
        outside=Outside(texts=texts, pages=Pages(kubeflow_url=settings.kubeflow_url, argo_url=settings.argo_url)),
    )


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


def announce(
    listener: socket.socket,
    host: str,
    store: str,
    *,
    form: LogFormat | None,
    access: Sequence[str] = (),
    more: Mapping[str, str] | None = None,
) -> None:
    """Say where everything is, and who may see it."""
    address = _address(listener, host)
    pages = {"page": f"{address}/", "GraphQL": f"{address}/graphql", "GraphiQL": f"{address}/graphiql"}
    ways = [way for way in access if way != OFF]
    told = {"access": " or ".join(ways)} if ways else {}
    introduce(form, {**(more or {}), **pages, "store": store, **told})
    is_open = not ways and not _is_loopback(listener)
    exposed = "whoever reaches this address may read everything that is recorded: access is none"
    if form == "json":
        if is_open:
            log.warning(exposed)
        return
    typer.echo("Stop with Ctrl+C.")
    if is_open:
        complain(exposed)


def _address(listener: socket.socket, host: str) -> str:
    port = listener.getsockname()[1]
    name = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - nothing is bound here
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback
