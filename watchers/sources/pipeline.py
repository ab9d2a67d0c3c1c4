"""Kubeflow's `Pipeline`, of installations that keep pipelines as objects of Kubernetes (2.14 and later).

Pure. Source: kubeflow/pipelines/backend/src/crd/kubernetes/v2beta1/pipeline_types.go. Its API tells the same of it,
under the same uid.
"""

from collections.abc import Sequence
from typing import Final

from lineage.facts import Fact, ObjectKept, PipelineTold
from lineage.observation import ObjectSeen
from watchers.reading import mapping, placing, text, time
from watchers.revision import revision
from watchers.source import Resource, Source

RESOURCE: Final = Resource(group="pipelines.kubeflow.org", version="v2beta1", plural="pipelines", kind="Pipeline")


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a pipeline is called, and where it is: nothing of one that was never in a cluster.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("pipeline", item):
        metadata = mapping(item, "metadata")
        uid, name = text(metadata, "uid"), text(metadata, "name")
        if not (uid and name):
            return ()
        born = time(metadata, "creationTimestamp")
        view = revision(seen, metadata, uid=uid, born=born, latest=born, ended=False)
        pipeline = PipelineTold(
            revision=view,
            uid=uid,
            cluster=seen.cluster,
            namespace=text(metadata, "namespace"),
            name=name,
            created_at=born,
        )
    return pipeline, ObjectKept(revision=view, resource=RESOURCE.name, uid=uid, body=seen.body)


SOURCE: Final = Source(name="pipeline", resource=RESOURCE, interpret=interpret)
