"""`lineage watch`: from a cluster into the event log, and nothing else."""

import logging

import structlog

from lineage.cli.argo import hydrating
from lineage.cli.event_logs import log_of
from lineage.cli.flags import (
    ClusterFlag,
    ContextFlag,
    HealthPortFlag,
    HostFlag,
    KfpFlag,
    KfpMetadataFlag,
    LogFlag,
    LogFormatFlag,
    NamespaceFlag,
)
from lineage.cli.health import not_waiting, serving_health, watchers_live, watchers_settled
from lineage.cli.interruption import stopped_by_signals
from lineage.cli.kubeflow import asked, pollings
from lineage.cli.parts import now
from lineage.cli.telling import configure_logs, introduce
from lineage.errors import LogError
from lineage.eventlog.kafka import KafkaWriter, find
from lineage.redaction import Redactor
from lineage.settings import load_settings, redaction_key
from lineage.web import Check, Finding, Health
from watchers.kube import connect
from watchers.polling import Polling
from watchers.run import Watching
from watchers.sources import watched_sources

LOOK_SECONDS = 1.0  # how often it is looked whether everything still works

log = structlog.get_logger(__name__)


def watch(
    log_url: LogFlag = None,
    namespace: NamespaceFlag = None,
    cluster: ClusterFlag = None,
    context: ContextFlag = None,
    kfp: KfpFlag = None,
    kfp_metadata: KfpMetadataFlag = None,
    host: HostFlag = None,
    health_port: HealthPortFlag = None,
    log_format: LogFormatFlag = None,
) -> None:
    """Watch a cluster, and write what is seen to the event log.

    Keeps nothing itself: `lineage record` reads the log. One for each cluster is enough, and two do no harm. While
    the log is down, what is seen waits in memory, up to 64 MiB, and then watching waits too. All watchers and
    recorders of one log need the same LINEAGE_REDACTION_KEY.

    ```
    lineage watch --log kafka://kafka-1:9092,kafka-2:9092/lineage --cluster production
    LINEAGE_KAFKA_SECURITY_PROTOCOL=SASL_SSL LINEAGE_KAFKA_SASL_MECHANISM=SCRAM-SHA-512 \
        LINEAGE_KAFKA_SASL_USERNAME=lineage LINEAGE_KAFKA_SASL_PASSWORD=… lineage watch --log kafka://…
    ```
    """
    flags = {"log": log_url, "namespaces": namespace or None, "cluster": cluster, "context": context}
    flags |= {"kfp_api": kfp, "kfp_metadata": kfp_metadata}
    settings = load_settings(flags | {"host": host, "health_port": health_port, "log_format": log_format})
    configure_logs(logging.INFO, settings.log_format)
    access = log_of(settings)
    kube = connect(context=settings.context)
    redactor = Redactor(redaction_key(settings))
    sources = watched_sources()
    alive: dict[str, Check] = {}
    ready: dict[str, Check] = {"log": lambda: Finding(ok=False, says="not reached yet")}
    health = Health(alive=alive, ready=ready)
    with (
        stopped_by_signals() as stop,
        serving_health(health, host=settings.host, port=settings.health_port),
        hydrating(settings) as hydrated,
    ):
        if find(access, stop) is None:
            return
        with KafkaWriter(access) as writer:
            count = health.metrics.watchers()
            watching = Watching(
                transport=kube,
                sources=sources,
                namespaces=settings.namespaces or None,
                events=writer,
                cluster=settings.cluster,
                redactor=redactor,
                clock=now,
                on_append=count,
                completed=hydrated,
            )
            health.metrics.log_entries(writer.__len__)
            following: tuple[Watching | Polling, ...] = (watching, *pollings(settings, writer, redactor, count))
            alive |= {"watchers": watchers_live(*following)}
            health.metrics.waiting({"log": writer.outage})
            log_takes = not_waiting(writer.outage, says="does not take what was seen")
            ready |= {"log": log_takes, "watchers": watchers_settled(*following)}
            kinds = " and ".join(source.resource.plural for source in sources)
            introduce(settings.log_format, {"watching": f"{kube.url}, {kinds}", **asked(settings), "log": access.shown})
            for one in following:
                one.start()
            try:
                while not stop.wait(LOOK_SECONDS):
                    if not writer.is_sending:
                        raise LogError(f"nothing is written to {access.shown} any more: {writer.why_ended}")
            finally:
                for one in following:
                    one.stop()
    log.info("stopped, the log has everything that was seen")
