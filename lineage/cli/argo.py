"""How Argo's archive and its database of offloaded nodes are asked, as the settings say."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lineage.errors import InvalidSettings
from lineage.settings import Settings
from watchers.argo_archive import Archive
from watchers.argo_server import ArgoServer
from watchers.hydrating import Hydrating
from watchers.kubeflow_client import KubeflowClient
from watchers.sent import Sent

if TYPE_CHECKING:
    from watchers.argo_database import ArgoDatabase


def archive_of(settings: Settings) -> Archive:
    """Make the way to the archive that the settings name.

    Raises:
        InvalidSettings: they name none, its certificates cannot be read, or what speaks to its database is not
            installed.
    """
    if settings.argo_archive is None:
        raise InvalidSettings("no archive of Argo is named: give --argo-archive URL, or set LINEAGE_ARGO_ARCHIVE")
    if urlsplit(settings.argo_archive).scheme not in ("http", "https"):
        return _database(settings.argo_archive, settings)
    client = KubeflowClient(
        settings.argo_archive,
        token=None if settings.argo_token is None else settings.argo_token.get_secret_value(),
        token_file=settings.argo_token_file,
        ca_file=settings.argo_ca_file,
        timeout_seconds=settings.argo_timeout_seconds,
    )
    return ArgoServer(client, client.url)


def offloaded_nodes_of(settings: Settings) -> "ArgoDatabase | None":
    """Make the way to the nodes that Argo offloaded; None where the settings do not say where they are.

    Raises:
        InvalidSettings: what speaks to that database is not installed.
    """
    return None if settings.argo_database is None else _database(settings.argo_database, settings)


@contextmanager
def hydrating(settings: Settings) -> Iterator[Callable[[Sent], Sent]]:
    """Put nodes that were offloaded back into what is watched, as far as the settings say where they are.

    Raises:
        InvalidSettings: as `offloaded_nodes_of`.
    """
    offloaded = offloaded_nodes_of(settings)
    if offloaded is None:
        yield _as_it_is
        return
    try:
        yield Hydrating(offloaded)
    finally:
        offloaded.close()


def _as_it_is(sent: Sent) -> Sent:
    return sent


def _database(url: str, settings: Settings) -> "ArgoDatabase":
    module = import_module("watchers.argo_database")  # SQLAlchemy takes its time
    made: ArgoDatabase = module.ArgoDatabase(
        url,
        cluster=settings.argo_cluster,
        nodes_table=settings.argo_nodes_table,
        timeout_seconds=settings.argo_timeout_seconds,
    )
    return made
