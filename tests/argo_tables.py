"""Argo's own tables, as its migrations leave them, and what its controller writes to them.

Sources, in argo-workflows 4.1: persist/sqldb/migrate.go, of which this is the outcome; `ArchiveWorkflow` in
workflow_archive.go; `Save` in offload_node_status_repo.go.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, create_engine, make_url, text

from tests.factories import KubernetesObject

ARCHIVE: Final = """
create table argo_archived_workflows (
    uid varchar(128) not null,
    name varchar(256) not null,
    phase varchar(25) not null,
    namespace varchar(256) not null,
    workflow {json} not null,
    startedat timestamp not null default CURRENT_TIMESTAMP,
    finishedat timestamp not null default CURRENT_TIMESTAMP,
    clustername varchar(64) not null,
    instanceid varchar(64) not null,
    creationtimestamp timestamp not null default CURRENT_TIMESTAMP,
    primary key (clustername, uid)
)"""
LABELS: Final = """
create table argo_archived_workflows_labels (
    clustername varchar(64) not null,
    uid varchar(128) not null,
    name varchar(317) not null,
    value varchar(63) not null,
    primary key (clustername, uid, name),
    foreign key (clustername, uid) references argo_archived_workflows(clustername, uid) on delete cascade
)"""
NODES: Final = """
create table argo_workflows (
    uid varchar(128) not null,
    namespace varchar(256) not null,
    clustername varchar(64) not null,
    version varchar(64) not null,
    nodes json not null,
    updatedat timestamp not null default current_timestamp,
    primary key (clustername, uid, version)
)"""
INDEX: Final = "create index argo_archived_workflows_i4 on argo_archived_workflows (clustername, startedat)"
NUL: Final = "ARGO_POSTGRES_NULL_REPLACEMENT"
ARCHIVING: Final = "workflows.argoproj.io/workflow-archiving-status"
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


class ArgoTables:
    """A database of Argo's, and its controller. `as_json` is the type of the column of workflows, which was another in
    older releases."""

    def __init__(self, url: str, *, as_json: str | None = None) -> None:
        self.url = url
        parsed = make_url(url)
        self._kind = parsed.get_backend_name()
        self._engine = create_engine(parsed.set(drivername=_DRIVERS[self._kind]))
        kept = as_json or ("jsonb" if self._kind == "postgresql" else "json")
        self.execute(*(ARCHIVE.format(json=kept), LABELS, NODES, INDEX))

    def execute(self, *statements: str) -> None:
        with self._engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def archive(self, *workflows: KubernetesObject, cluster: str = "default", instance: str = "") -> None:
        """Archive workflows that ended, in the place of what was archived of them before."""
        with self._engine.begin() as connection:
            for workflow in workflows:
                self._archive(connection, persisted(workflow), cluster, instance)

    def _archive(self, connection: Connection, workflow: KubernetesObject, cluster: str, instance: str) -> None:
        written = json.dumps(workflow)
        if self._kind == "postgresql":
            written = written.replace("\\u0000", NUL)
        metadata, status = workflow["metadata"], workflow["status"]
        self.put(connection, metadata["uid"], written, metadata, status, cluster=cluster, instance=instance)
        labels = [
            {"cluster": cluster, "uid": metadata["uid"], "name": name, "value": value}
            for name, value in metadata["labels"].items()
        ]
        connection.execute(
            text("insert into argo_archived_workflows_labels values (:cluster, :uid, :name, :value)"), labels
        )

    def put(
        self,
        connection: Connection,
        uid: str,
        written: str,
        metadata: Mapping[str, Any],
        status: Mapping[str, Any],
        *,
        cluster: str,
        instance: str,
    ) -> None:
        """Write a row, whatever its workflow is."""
        row = {
            "uid": uid,
            "name": metadata.get("name", uid),
            "namespace": metadata.get("namespace", "team-a"),
            "phase": status.get("phase", "Succeeded"),
            "workflow": written,
            "startedat": _time(status.get("startedAt")),
            "finishedat": _time(status.get("finishedAt")),
            "clustername": cluster,
            "instanceid": instance,
        }
        chosen = {"cluster": cluster, "uid": uid}
        connection.execute(
            text("delete from argo_archived_workflows where clustername = :cluster and uid = :uid"), chosen
        )
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"insert into argo_archived_workflows ({names}) values ({values})"), row)

    def put_texts(self, texts: Iterable[tuple[str, str]], started_at: str = "2026-01-01T00:00:00Z") -> None:
        """Write rows that hold these texts, by uid."""
        with self._engine.begin() as connection:
            for uid, written in texts:
                self.put(connection, uid, written, {}, {"startedAt": started_at}, cluster="default", instance="")

    def offload(self, uid: str, version: str, nodes: Any, *, namespace: str = "team-a") -> None:
        """Keep the nodes of a version of a workflow."""
        row = {"uid": uid, "namespace": namespace, "version": version, "nodes": json.dumps(nodes)}
        with self._engine.begin() as connection:
            connection.execute(
                text(
                    "insert into argo_workflows (uid, namespace, clustername, version, nodes) "
                    "values (:uid, :namespace, 'default', :version, :nodes)"
                ),
                row,
            )

    def close(self) -> None:
        self._engine.dispose()


def persisted(workflow: KubernetesObject) -> KubernetesObject:
    """What of a workflow is archived: itself, labelled so."""
    metadata = workflow["metadata"]
    return {**workflow, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), ARCHIVING: "Persisted"}}}


def _time(told: str | None) -> str:
    return (told or "2026-01-01T00:00:00Z").replace("T", " ").rstrip("Z")
