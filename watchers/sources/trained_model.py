"""KServe `TrainedModel`: a model that an InferenceService loads beside others.

Pure. What the fields mean: kserve/pkg/apis/serving/v1alpha1/trained_model.go and trained_model_status.go.
"""

from collections.abc import Sequence
from typing import Final

from lineage.facts import Fact, ServedComponent
from lineage.model import ServedModel
from lineage.observation import ObjectSeen
from watchers.reading import mapping, placing, text, time
from watchers.serving import Places, condition, facts_of_deployment, holds, is_behind, template_of
from watchers.source import Resource, Source
from watchers.spec_times import SpecHead, note_spec_time, note_spec_time_in_members

RESOURCE: Final = Resource(group="serving.kserve.io", version="v1alpha1", plural="trainedmodels", kind="TrainedModel")
COMPONENT: Final = "model"


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a TrainedModel means.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("trained model", item):
        metadata, spec, status = (mapping(item, name) for name in ("metadata", "spec", "status"))
        model, ready = mapping(spec, "model"), condition(status, "Ready")
        uri, location = Places(metadata, seen.cluster).of_uri(model, "storageUri")
        served = ServedModel(name="", uri=uri, location=location, format=text(model, "framework") or None)
        component = ServedComponent(
            name=COMPONENT,
            models=(served,) if uri else (),
            template=template_of(model),
            is_ready=holds(ready),
            ready_since=time(ready, "lastTransitionTime"),
            is_behind=is_behind(item),
        )
        return facts_of_deployment(item, seen, RESOURCE, [component], parent=text(spec, "inferenceService") or None)


SOURCE: Final = Source(
    name="trained_model",
    resource=RESOURCE,
    interpret=interpret,
    unpack=note_spec_time,
    unpack_members=note_spec_time_in_members,
    head=SpecHead,
)
