"""Kubeflow's `Notebook`: somebody at work. A run with one execution, so that what they started from it stands under it.

Pure. Source: kubeflow/kubeflow/components/notebook-controller/api/v1/notebook_types.go. A notebook is stopped and begun
again as people please, and has no end: it began as it was made, and waits while it is stopped.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from lineage.facts import Fact
from lineage.model import Phase
from lineage.observation import ObjectSeen
from lineage.workloads import Workload
from watchers.creations import labelled_by
from watchers.reading import mapping, placing, text, texts, time, whole
from watchers.source import Resource, Source
from watchers.workloads import (
    Told,
    WorkloadHead,
    conditions_of,
    execution_of,
    identified,
    images_of,
    kept,
    mounted_by,
    run_of,
    times_of,
)

RESOURCE: Final = Resource(
    group="kubeflow.org", version="v1", plural="notebooks", kind="Notebook", other_versions=("v1beta1",)
)
STOPPED: Final = "kubeflow-resource-stopped"
"""The annotation that says since when it is stopped; that it is no time says that it is about to be."""
POD: Final = "Pod"


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a notebook means: nothing of one that has neither a name nor a uid.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("notebook", item):
        return _interpret(item, seen, mapping(item, "status"))


def _interpret(item: Mapping[str, Any], seen: ObjectSeen, status: Mapping[str, Any]) -> Sequence[Fact]:
    conditions, state = conditions_of(status), mapping(status, "containerState")
    began_last = time(mapping(state, "running"), "startedAt")
    of = identified(item, seen, [began_last, *times_of(conditions)], ended=False)
    if of is None:
        return ()
    stopped = texts(mapping(item, "metadata"), "annotations").get(STOPPED)
    has_run = began_last is not None or stopped is not None or bool(whole(status, "readyReplicas"))
    runs = stopped is None and (began_last is not None or bool(whole(status, "readyReplicas")))
    how = Told(
        phase=Phase.RUNNING if runs else Phase.PENDING,
        message="it is stopped" if stopped is not None else text(mapping(state, "waiting"), "reason") or None,
        started_at=of.created_at if has_run else None,
        finished_at=None,
    )
    pod = mapping(mapping(mapping(item, "spec"), "template"), "spec")
    mounted = mounted_by(
        {POD: pod}, Phase.RUNNING if has_run else Phase.PENDING, cluster=seen.cluster, namespace=of.namespace
    )
    execution = execution_of(
        seen,
        of,
        RESOURCE,
        how,
        run=of.uid,
        run_name=of.name,
        run_kind=RESOURCE.kind,
        workload=Workload(conditions=conditions),
        ports=mounted,
        images=images_of(pod),
    )
    makes = labelled_by(of.name, cluster=seen.cluster, namespace=of.namespace)
    execution = replace(execution, state=replace(execution.state, creates=makes))
    return run_of(item, seen, of, RESOURCE, how), execution, kept(seen, of, RESOURCE)


SOURCE: Final = Source(name="notebook", resource=RESOURCE, interpret=interpret, head=WorkloadHead)
