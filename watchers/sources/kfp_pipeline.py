"""A pipeline of Kubeflow Pipelines, as its API tells it.

Pure. Source: kubeflow/pipelines/backend/api/v2beta1/pipeline.proto, v1beta1/pipeline.proto. Releases before 2.15 know
only the name that people gave it, which later ones have as both.
"""

from collections.abc import Sequence
from typing import Final

from lineage.facts import Fact, ObjectKept, PipelineTold
from lineage.observation import ObjectSeen
from watchers.answers import PIPELINES, moment, namespace_of, told_revision
from watchers.reading import mapping, placing, text
from watchers.source import Source


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a pipeline is called, and where it is.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("pipeline", item):
        told = mapping(item, "told")
        uid, name = text(told, "pipeline_id") or text(told, "id"), text(told, "name") or text(told, "display_name")
        if not (uid and name):
            return ()
        born = moment(told, "created_at")
        view = told_revision(seen, uid=uid, born=born, times=iter(()))
        pipeline = PipelineTold(
            revision=view,
            uid=uid,
            cluster=seen.cluster,
            namespace=namespace_of(item, told),
            name=name,
            created_at=born,
        )
    return pipeline, ObjectKept(revision=view, resource=PIPELINES.name, uid=uid, body=seen.body)


SOURCE: Final = Source(name="kfp_pipeline", resource=PIPELINES, interpret=interpret, is_watched=False)
