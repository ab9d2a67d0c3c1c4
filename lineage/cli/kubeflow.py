"""Which services of Kubeflow are asked, as the settings say."""

from collections.abc import Callable

from lineage.cli.parts import now
from lineage.errors import InvalidSettings
from lineage.observation import Observation
from lineage.ports import LogWriter
from lineage.redaction import Redactor
from lineage.settings import Settings
from watchers.kubeflow_client import KubeflowClient
from watchers.polling import Polling
from watchers.sources import told_sources


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


def namespaces_asked(settings: Settings) -> tuple[str, ...] | None:
    """Say in which namespaces the API is asked; None is all of them."""
    return settings.kfp_namespaces or settings.namespaces or None


def asked(settings: Settings) -> dict[str, str]:
    """Say who is asked, for those who start a process."""
    return {} if settings.kfp_api is None else {"asking": settings.kfp_api}


def polling(
    settings: Settings, events: LogWriter, redactor: Redactor, on_append: Callable[[Observation], None]
) -> Polling | None:
    """Make what asks the API; None where the settings name none."""
    if settings.kfp_api is None:
        return None
    return Polling(
        client=client_of(settings),
        sources=told_sources(),
        namespaces=namespaces_asked(settings),
        events=events,
        cluster=settings.cluster,
        redactor=redactor,
        clock=now,
        on_append=on_append,
    )
