"""The flags that several commands share."""

from typing import Annotated, Literal, TypeAlias

import typer

from lineage.model import Phase

StoreFlag = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="URL", help="Where knowledge is kept, such as sqlite:///lineage.db. Also LINEAGE_STORE."
    ),
]
ClusterFlag = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="NAME", help="Name of the cluster that the objects are from. Also LINEAGE_CLUSTER."
    ),
]
LogFlag = Annotated[
    str | None,
    typer.Option("--log", metavar="URL", help="The event log, such as kafka://HOST:9092/lineage. Also LINEAGE_LOG."),
]
NamespaceFlag = Annotated[
    list[str] | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="Watch this namespace; may be repeated. Without: all."),
]
PhaseFlag = Annotated[
    list[Phase] | None, typer.Option("--phase", case_sensitive=False, help="Only those in this phase; repeatable.")
]
OfPipelineFlag = Annotated[
    str | None, typer.Option("--pipeline", metavar="NAME", help="Only those of the pipeline of this name.")
]
OfNamespaceFlag = Annotated[
    str | None, typer.Option("--namespace", metavar="NAME", help="Only those of this namespace.")
]
ContextFlag = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="Context of the kubeconfig. Also LINEAGE_CONTEXT.")
]
KfpFlag = Annotated[
    str | None,
    typer.Option(
        "--kfp", metavar="URL", help="The API of Kubeflow Pipelines, to be asked as well. Also LINEAGE_KFP_API."
    ),
]
KfpMetadataFlag = Annotated[
    str | None,
    typer.Option(
        "--kfp-metadata",
        metavar="URL",
        help="The ML Metadata of Kubeflow, as grpc://host:port, to be asked as well. Also LINEAGE_KFP_METADATA.",
    ),
]
ArgoArchiveFlag = Annotated[
    str | None,
    typer.Option(
        "--argo-archive",
        metavar="URL",
        help="Argo's workflow archive: postgresql://… or mysql://…, its database, or https://…, its server. "
        "Also LINEAGE_ARGO_ARCHIVE.",
    ),
]
KubeflowUrlFlag = Annotated[
    str | None,
    typer.Option(
        "--kubeflow-url",
        metavar="URL",
        help="Where people open Kubeflow Pipelines: runs lead there. Also LINEAGE_KUBEFLOW_URL.",
    ),
]
ArgoUrlFlag = Annotated[
    str | None,
    typer.Option(
        "--argo-url", metavar="URL", help="Where people open Argo Workflows: runs lead there. Also LINEAGE_ARGO_URL."
    ),
]
HealthPortFlag = Annotated[
    int | None,
    typer.Option(
        "--health-port",
        metavar="PORT",
        help="Port for /healthz, /readyz and /metrics; without, there is none. Also LINEAGE_HEALTH_PORT.",
    ),
]
LogFormat: TypeAlias = Literal["json", "text"]
LogFormatFlag = Annotated[
    LogFormat | None,
    typer.Option("--log-format", help="How to log; without, text on a terminal, else JSON. Also LINEAGE_LOG_FORMAT."),
]
AccessFlag = Annotated[
    str | None,
    typer.Option(
        "--access",
        metavar="WAYS",
        help="How callers show who they are: none, or oidc, kubernetes, proxy, several with commas. Also "
        "LINEAGE_ACCESS.",
    ),
]
HostFlag = Annotated[str | None, typer.Option("--host", help="Address to listen on. Also LINEAGE_HOST.")]
PortFlag = Annotated[
    int | None, typer.Option("--port", metavar="PORT", help="Port to listen on; 0 is any free one. Also LINEAGE_PORT.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
