"""KServe `InferenceService`: what serves models, a component each for predicting, transforming and explaining.

Pure. What the fields mean: kserve/pkg/apis/serving/v1beta1/inference_service.go and inference_service_status.go. In the
releases before 0.5 (v1alpha2) the components stand under `default` and `canary`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lineage.facts import Fact, ServedComponent, TrafficShare
from lineage.model import ServedModel
from lineage.observation import ObjectSeen
from watchers.reading import mapping, mappings, placing, text, time, whole
from watchers.serving import Places, condition, facts_of_deployment, holds, is_behind, models_of, template_of
from watchers.source import Resource, Source
from watchers.spec_times import SpecHead, note_spec_time, note_spec_time_in_members

RESOURCE: Final = Resource(
    group="serving.kserve.io",
    version="v1beta1",
    plural="inferenceservices",
    kind="InferenceService",
    other_versions=("v1alpha2",),
)
COMPONENTS: Final = ("predictor", "transformer", "explainer")
ENDPOINTS: Final = ("default", "canary")  # of v1alpha2
UP_TO_DATE: Final = ("", "UpToDate")  # what `modelStatus.transitionStatus` says once the model of the spec is loaded
WHOLE: Final = 100


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what an InferenceService means.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("inference service", item):
        places = Places(mapping(item, "metadata"), seen.cluster)
        components = [*_components(item, places), *_canaries(item, places), *_endpoints(item, places)]
        return facts_of_deployment(item, seen, RESOURCE, components)


def _components(item: Mapping[str, Any], places: Places) -> Iterator[ServedComponent]:
    spec, status = mapping(item, "spec"), mapping(item, "status")
    for name in COMPONENTS:
        component, shown = mapping(spec, name), mapping(mapping(status, "components"), name)
        if not component:
            continue
        ready = condition(status, f"{name.capitalize()}Ready")
        loaded = name != "predictor" or text(mapping(status, "modelStatus"), "transitionStatus") in UP_TO_DATE
        latest, latest_ready = text(shown, "latestCreatedRevision"), text(shown, "latestReadyRevision")
        yield ServedComponent(
            name=name,
            models=models_of(component, places),
            template=template_of(component),
            revision=latest or None,
            ready_revision=latest_ready or None,
            traffic=tuple(_traffic(shown, latest_ready or latest)),
            share=_stable_share(spec) if name == "predictor" else None,
            is_ready=holds(ready) if loaded else False,
            ready_since=time(ready, "lastTransitionTime"),
            is_behind=is_behind(item),
            runtime=_runtime(component, status) if name == "predictor" else None,
        )


def _traffic(shown: Mapping[str, Any], latest: str) -> Iterator[TrafficShare]:
    """Several targets may be of one revision: a tag of it has no percent."""
    percents: dict[str, int] = {}
    for target in mappings(shown, "traffic"):
        name = text(target, "revisionName") or (latest if target.get("latestRevision") is True else "")
        if name:
            percents[name] = percents.get(name, 0) + (whole(target, "percent") or 0)
    return (TrafficShare(name, percent) for name, percent in sorted(percents.items()))


def _runtime(component: Mapping[str, Any], status: Mapping[str, Any]) -> str | None:
    chosen = text(status, "servingRuntimeName") or text(status, "clusterServingRuntimeName")
    return chosen or text(mapping(component, "model"), "runtime") or None


# ------------------------------------------------------------------------------------------ canaries of their own
def _stable_share(spec: Mapping[str, Any]) -> int | None:
    """What canaries that the spec names beside the predictor leave to it."""
    canaries = mappings(spec, "canary") if isinstance(spec.get("canary"), list) else []
    return WHOLE - sum(whole(one, "trafficPercent") or 0 for one in canaries) if canaries else None


def _canaries(item: Mapping[str, Any], places: Places) -> Iterator[ServedComponent]:
    """Predictors that the spec names beside the first, with their shares."""
    spec, status = mapping(item, "spec"), mapping(item, "status")
    if not isinstance(spec.get("canary"), list):
        return
    told = {text(one, "name"): one for one in mappings(status, "canaryStatuses")}
    for number, canary in enumerate(mappings(spec, "canary"), 1):
        component = mapping(canary, "predictor")
        name = text(component, "name")
        ready = told.get(name, {}).get("ready")
        yield ServedComponent(
            name=f"canary {name or number}",
            models=models_of(component, places),
            template=template_of(component),
            share=whole(canary, "trafficPercent") or 0,
            is_ready=ready if isinstance(ready, bool) else None,
            is_behind=is_behind(item),
        )


# ------------------------------------------------------------------------------------------ v1alpha2
def _endpoints(item: Mapping[str, Any], places: Places) -> Iterator[ServedComponent]:
    """The two endpoints of v1alpha2, which serve at once: the second gets as much as the spec says."""
    spec, status = mapping(item, "spec"), mapping(item, "status")
    canary_share = whole(spec, "canaryTrafficPercent") or 0
    for name in ENDPOINTS:
        endpoint = spec.get(name)
        if not isinstance(endpoint, dict):
            continue
        components = {part: mapping(endpoint, part) for part in COMPONENTS}
        ready = condition(status, f"{name.capitalize()}PredictorReady")
        yield ServedComponent(
            name=name,
            models=_named(components, places),
            template=template_of(components),
            share=canary_share if name == "canary" else WHOLE - canary_share,
            is_ready=holds(ready),
            ready_since=time(ready, "lastTransitionTime"),
            is_behind=is_behind(item),
        )


def _named(components: Mapping[str, Mapping[str, Any]], places: Places) -> tuple[ServedModel, ...]:
    """The models of several components: those of the predictor come first, and the others bear their component's
    name."""
    found = {part: models_of(component, places) for part, component in components.items()}
    beside = (
        ServedModel(name=f"{part} {model.name}".strip(), uri=model.uri, location=model.location, format=model.format)
        for part, models in found.items()
        if part != "predictor"
        for model in models
    )
    return (*found["predictor"], *beside)


SOURCE: Final = Source(
    name="inference_service",
    resource=RESOURCE,
    interpret=interpret,
    unpack=note_spec_time,
    unpack_members=note_spec_time_in_members,
    head=SpecHead,
)
