"""Which services of Kubeflow are asked, as the settings say."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from lineage.cli.parts import now
from lineage.errors import InvalidSettings
from lineage.observation import Observation
from lineage.ports import LogWriter
from lineage.redaction import Redactor
from lineage.settings import Settings
from watchers.kubeflow_api import KubeflowApi
from watchers.kubeflow_client import KubeflowClient
from watchers.kubeflow_rounds import KubeflowRounds
from watchers.mlmd import MetadataStore
from watchers.mlmd_rounds import MetadataRounds
from watchers.polling import Polling
from watchers.rounds import DEFAULT_TEMPO, Handed, Round
from watchers.sources import told_sources

if TYPE_CHECKING:
    from watchers.mlmd_client import MetadataClient


def client_of(settings: Settings) -> KubeflowClient:
    """Make the way to the API that the settings name.

    Raises:
        InvalidSettings: they name none, or its certificates cannot be read.
    """
    if settings.kfp_api is None:
        raise InvalidSettings("no API of Kubeflow Pipelines is named: give --kfp URL, or set LINEAGE_KFP_API")
    return KubeflowClient(
        settings.kfp_api,
        token=None if settings.kfp_token is None else settings.kfp_token.get_secret_value(),
        token_file=settings.kfp_token_file,
        ca_file=settings.kfp_ca_file,
        timeout_seconds=settings.kfp_timeout_seconds,
    )


def metadata_client_of(settings: Settings) -> "MetadataClient":
    """Make the way to the service of ML Metadata that the settings name.

    Raises:
        InvalidSettings: they name none, its certificates cannot be read, or what speaks gRPC is not installed.
    """
    if settings.kfp_metadata is None:
        raise InvalidSettings("no ML Metadata is named: give --kfp-metadata URL, or set LINEAGE_KFP_METADATA")
    try:
        client = import_module("watchers.mlmd_client")
    except ImportError as error:
        raise InvalidSettings(
            "to ask ML Metadata, install what speaks gRPC: pip install 'kfp-lineage[mlmd]', "
            f"in a checkout '.[mlmd]' ({error})"
        ) from error
    made: MetadataClient = client.MetadataClient(
        settings.kfp_metadata, ca_file=settings.kfp_ca_file, timeout_seconds=settings.kfp_timeout_seconds
    )
    return made


def namespaces_asked(settings: Settings) -> tuple[str, ...] | None:
    """Say in which namespaces the API is asked; None is all of them."""
    return settings.kfp_namespaces or settings.namespaces or None


def asked(settings: Settings) -> dict[str, str]:
    """Say who is asked, for those who start a process."""
    who = [url for url in (settings.kfp_api, settings.kfp_metadata) if url is not None]
    return {"asking": " and ".join(who)} if who else {}


def pollings(
    settings: Settings, events: LogWriter, redactor: Redactor, on_append: Callable[[Observation], None]
) -> tuple[Polling, ...]:
    """Make what asks the services that the settings name.

    Raises:
        InvalidSettings: there is no way to one of them.
    """

    def polling(rounds: Callable[[Handed], Sequence[Round]], close: Callable[[], None]) -> Polling:
        return Polling(
            rounds=rounds,
            close=close,
            sources=told_sources(),
            events=events,
            cluster=settings.cluster,
            redactor=redactor,
            clock=now,
            on_append=on_append,
        )

    namespaces, made = namespaces_asked(settings), list[Polling]()
    if settings.kfp_api is not None:
        client = client_of(settings)

        def of_api(handed: Handed) -> Sequence[Round]:
            return KubeflowRounds(KubeflowApi(client), namespaces, handed, clock=now, tempo=DEFAULT_TEMPO).rounds

        made.append(polling(of_api, client.close))
    if settings.kfp_metadata is not None:
        metadata = metadata_client_of(settings)

        def of_metadata(_: Handed) -> Sequence[Round]:
            return MetadataRounds(MetadataStore(metadata), namespaces, clock=now, tempo=DEFAULT_TEMPO).rounds

        made.append(polling(of_metadata, metadata.close))
    return tuple(made)
