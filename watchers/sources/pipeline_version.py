"""Kubeflow's `PipelineVersion`, of installations that keep pipelines as objects of Kubernetes (2.14 and later).

Pure. Source: kubeflow/pipelines/backend/src/crd/kubernetes/v2beta1/pipelineversion_types.go. Its API tells the same of
it, under the same uid.
"""

from collections.abc import Sequence
from typing import Final

from lineage.facts import Fact, ObjectKept, PipelineVersionTold
from lineage.observation import ObjectSeen
from watchers.reading import mapping, placing, text, time
from watchers.revision import revision
from watchers.source import Resource, Source
from watchers.specs import version_of

RESOURCE: Final = Resource(
    group="pipelines.kubeflow.org", version="v2beta1", plural="pipelineversions", kind="PipelineVersion"
)


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say which text was uploaded, of which pipeline, and under which name: nothing of one that was never in a cluster,
    or whose text lies elsewhere.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("pipeline version", item):
        metadata, spec = mapping(item, "metadata"), mapping(item, "spec")
        uid, name, pipeline = text(metadata, "uid"), text(metadata, "name"), text(spec, "pipelineName")
        compiled, platform = mapping(spec, "pipelineSpec"), mapping(spec, "platformSpec")
        if not (uid and pipeline and compiled):
            return ()
        born = time(metadata, "creationTimestamp")
        view = revision(seen, metadata, uid=uid, born=born, latest=born, ended=False)
        version = PipelineVersionTold(
            revision=view,
            uid=uid,
            cluster=seen.cluster,
            pipeline=version_of(pipeline, text(metadata, "namespace"), compiled, platform or None),
            name=text(spec, "displayName") or text(spec, "versionName") or name,
            created_at=born,
        )
    return version, ObjectKept(revision=view, resource=RESOURCE.name, uid=uid, body=seen.body)


SOURCE: Final = Source(name="pipeline_version", resource=RESOURCE, interpret=interpret)
