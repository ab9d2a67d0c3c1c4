"""KServe `LLMInferenceService`: a large language model and its adapters, served.

Pure. What the fields mean: kserve/pkg/apis/serving/v1alpha1/llm_inference_service_types.go; v1alpha2 differs in nothing
that is read here. A model that stands in a configuration it refers to (`baseRefs`) is in no object that is watched.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lineage.facts import Fact, ServedComponent
from lineage.model import ServedModel
from lineage.observation import ObjectSeen
from watchers.reading import mapping, mappings, placing, text, time
from watchers.serving import Places, condition, facts_of_deployment, holds, is_behind, template_of
from watchers.source import Resource, Source
from watchers.spec_times import SpecHead, note_spec_time, note_spec_time_in_members

RESOURCE: Final = Resource(
    group="serving.kserve.io",
    version="v1alpha2",
    plural="llminferenceservices",
    kind="LLMInferenceService",
    other_versions=("v1alpha1",),
)
COMPONENT: Final = "model"
_LEADING: Final = ("replicas", "router", "scaling")  # what scales it and leads traffic to it


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what an LLMInferenceService means.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("LLM inference service", item):
        metadata, spec, status = (mapping(item, name) for name in ("metadata", "spec", "status"))
        ready = condition(status, "Ready")
        workload = condition(status, "MainWorkloadReady") or ready
        component = ServedComponent(
            name=COMPONENT,
            models=tuple(_models(mapping(spec, "model"), Places(metadata, seen.cluster))),
            template=template_of({name: value for name, value in spec.items() if name not in _LEADING}),
            is_ready=holds(workload),
            ready_since=time(workload, "lastTransitionTime"),
            is_behind=is_behind(item),
        )
        return facts_of_deployment(item, seen, RESOURCE, [component], url=_url(status))


def _models(model: Mapping[str, Any], places: Places) -> Iterator[ServedModel]:
    if text(model, "uri"):
        uri, location = places.of_uri(model, "uri")
        yield ServedModel(name="", uri=uri, location=location)
    for number, adapter in enumerate(mappings(mapping(model, "lora"), "adapters"), 1):
        if text(adapter, "uri"):
            uri, location = places.of_uri(adapter, "uri")
            yield ServedModel(name=f"adapter {text(adapter, 'name') or number}", uri=uri, location=location)


def _url(status: Mapping[str, Any]) -> str:
    """Its own, else the first of its addresses."""
    addresses = (text(one, "url") for one in mappings(status, "addresses"))
    return text(status, "url") or next(filter(None, addresses), "")


SOURCE: Final = Source(
    name="llm_inference_service",
    resource=RESOURCE,
    interpret=interpret,
    unpack=note_spec_time,
    unpack_members=note_spec_time_in_members,
    head=SpecHead,
)
