"""`lineage serve`, and how `lineage up` serves too: one HTTP server until a signal."""

import ipaddress
import logging
import socket
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
import typer

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
from lineage.cli.health import serving_health
from lineage.cli.interruption import stopped_by_signals
from lineage.cli.opening import is_waited_for, open_existing, open_when_reachable, shown
from lineage.cli.servers import listen, make_server, serve_until_stopped
from lineage.cli.telling import configure_logs, introduce
from lineage.cli.terminal import complain
from lineage.errors import InvalidSettings, StoreError
from lineage.pages import Pages
from lineage.ports import LineageStore
from lineage.settings import Settings, load_settings
from lineage.web import (
    Application,
    Finding,
    Health,
    any_name,
    application,
    is_loopback_name,
    trusted,
)
from lineage_graphql import Outside

log = structlog.get_logger(__name__)

OFF: Final = "none"


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

    A database that is away, or being migrated, is waited for; probes are answered meanwhile.

    ```
    lineage serve
    lineage serve --store sqlite:///backup.db --port 8081
    lineage serve --host 0.0.0.0 --access kubernetes
    ```
    """
    flags = {"store": store, "host": host, "port": port, "access": access, "log_format": log_format}
    settings = load_settings(flags | {"kubeflow_url": kubeflow_url, "argo_url": argo_url})
    configure_logs(logging.INFO, settings.log_format)
    opened = _opened(settings)
    if opened is None:
        return
    with listen(settings.host, settings.port) as listener:
        server = make_server(serving(settings, opened, listener))
        announce(listener, settings.host, shown(settings.store), form=settings.log_format, access=settings.access)
        serve_until_stopped(server, listener)


def _opened(settings: Settings) -> LineageStore | None:
    """Open the store. One on a server is waited for, alive and not ready; None where the end came first."""
    try:
        return open_existing(settings.store)
    except StoreError as error:
        if not is_waited_for(settings.store, error):
            raise
    health = Health(ready={"store": lambda: Finding(ok=False, says="not reached yet")})
    waiting = serving_health(health, host=settings.host, port=settings.port, flag="--port")
    with stopped_by_signals() as stop, waiting:
        return open_when_reachable(settings, stop)


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
