"""A version of a pipeline of Kubeflow Pipelines, as its API tells it: an upload of one exact text.

Pure. Source: kubeflow/pipelines/backend/api/v2beta1/pipeline.proto, v1beta1/pipeline.proto. It names its pipeline by
id alone, so whoever asked puts what that is called beside it, as `pipeline`.
"""

from collections.abc import Sequence
from typing import Final

from lineage.facts import Fact, ObjectKept, PipelineVersionTold
from lineage.observation import ObjectSeen
from watchers.answers import PIPELINE_VERSIONS, moment, name_of, told_revision
from watchers.reading import mapping, placing, text
from watchers.source import Source
from watchers.specs import version_of


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say which text was uploaded, of which pipeline, and under which name: nothing where the text is not told.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("pipeline version", item):
        told, pipeline = mapping(item, "told"), mapping(item, "pipeline")
        uid, spec = text(told, "pipeline_version_id") or text(told, "id"), mapping(told, "pipeline_spec")
        name = text(pipeline, "name")
        if not (uid and name and spec):
            return ()
        born = moment(told, "created_at")
        view = told_revision(seen, uid=uid, born=born, times=iter(()))
        version = PipelineVersionTold(
            revision=view,
            uid=uid,
            cluster=seen.cluster,
            pipeline=version_of(name, text(pipeline, "namespace") or None, spec),
            name=name_of(told) or uid,
            created_at=born,
        )
    return version, ObjectKept(revision=view, resource=PIPELINE_VERSIONS.name, uid=uid, body=seen.body)


SOURCE: Final = Source(name="kfp_pipeline_version", resource=PIPELINE_VERSIONS, interpret=interpret, is_watched=False)
