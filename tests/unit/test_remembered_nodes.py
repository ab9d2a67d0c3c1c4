"""What a view means does not depend on which views were interpreted before it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.errors import InvalidObservation
from lineage.facts import Fact
from lineage.observation import ObjectSeen
from lineage.remembering import LastViews
from tests.factories import a_node, a_workflow, observed
from tests.kubeflow import V2, Group, Importer, Step, Task, a_run
from tests.simulation import as_file, noise, play, watch
from watchers.documents import Document, decode
from watchers.observe import find_source
from watchers.sources import all_sources
from watchers.sources.argo_workflow import interpret, interpret_whole

STARTS: Final = (None, 10, 20, 1_000)
KINDS: Final = ("Pod", "DAG", "Retry", "StepGroup", "Skipped")
PHASES: Final = ("Running", "Succeeded", "Failed")
IDS: Final = ("w", "w-1", "w-2", "w-3", "w-4")
NAMES: Final = ("w", "w.a", "w.a(0)", "w.a(1)", "w.onExit", "")
KEYS: Final = ("k", "w/w-1/out.tgz", "w/w-9/out.tgz")

nodes: Final = st.builds(
    a_node,
    st.sampled_from(NAMES),
    st.sampled_from(STARTS),
    st.sampled_from(STARTS),
    st.sampled_from(PHASES),
    kind=st.sampled_from(KINDS),
    reads=st.lists(st.sampled_from(KEYS), max_size=1),
    writes=st.lists(st.sampled_from(KEYS), max_size=1),
    children=st.lists(st.sampled_from(IDS), max_size=2),
    templateName=st.sampled_from(["t", "u"]),
)
removed: Final = {"outputs": {"artifacts": [{"name": "x0", "s3": {"key": "k"}, "deleted": True}]}}
odd: Final = st.sampled_from(
    [None, {"startedAt": "yesterday"}, {"children": "w-1"}, {"type": 3}, a_node("w.a", 10, 20) | removed]
)
MOUNTING: Final = {"volumeMounts": [{"name": "v", "mountPath": "/data", "subPath": "{{pod.name}}"}]}
CLAIM: Final = {"name": "v", "persistentVolumeClaim": {"claimName": "claim"}}
specs: Final = st.sampled_from(
    [
        {},
        {"templates": [{"name": "t", "archiveLocation": {"s3": {"bucket": "b", "endpoint": "e"}}}]},
        {"templates": [{"name": "t", "outputs": {"artifacts": [{"name": "x0", "s3": {"key": "chosen"}}]}}]},
        {"templateDefaults": {"archiveLocation": {"gcs": {"bucket": "g"}}}},
        {"templates": [{"name": "t", "container": MOUNTING}]},
        {"templates": [{"name": "t", "container": MOUNTING, "volumes": [CLAIM]}]},
        {"templates": [{"name": "t", "container": MOUNTING}], "volumes": [CLAIM]},
    ]
)
views: Final = st.fixed_dictionaries(
    {
        "nodes": st.dictionaries(st.sampled_from(IDS), nodes, max_size=4),
        "spec": specs,
        "status": st.sampled_from(
            [
                {},
                {"artifactRepositoryRef": {"artifactRepository": {"s3": {"bucket": "r"}}}},
                {"offloadNodeStatusVersion": "fnv:1"},
                {"persistentVolumeClaims": [CLAIM]},
                {"storedWorkflowTemplateSpec": {"arguments": {"parameters": [{"name": "p", "value": "1"}]}}},
            ]
        ),
        "annotations": st.sampled_from([{}, {"workflows.argoproj.io/pod-name-format": "v1"}]),
        "metadata": st.sampled_from(
            [
                {},
                {"labels": {"pipeline/runid": "r", "workflows.argoproj.io/completed": "true"}},
                {"labels": {"workflows.argoproj.io/cron-workflow": "w"}, "generateName": "w"},
                {"ownerReferences": [{"kind": "Trial", "uid": "t", "name": "t"}]},
                {"labels": ["of another form"]},
            ]
        ),
        "odd": st.dictionaries(st.sampled_from(IDS), odd, max_size=1) | st.just({}),
    }
)


def said(of: Any, seen: ObjectSeen) -> list[Fact] | str:
    """What an interpretation says, or why it refuses."""
    try:
        return list(of(seen))
    except InvalidObservation as error:
        return str(error)


@settings(deadline=None, max_examples=200)
@given(st.lists(views, min_size=1, max_size=6))
def test_a_sequence_of_views_means_what_each_means_alone(several: list[dict[str, Any]]) -> None:
    for version, view in enumerate(several, start=1):
        more = view["status"] | {"annotations": view["annotations"]}
        item = a_workflow(view["nodes"], version=version, spec=view["spec"], metadata=view["metadata"], **more)
        item["status"]["nodes"] |= view["odd"]  # a null among them, or alone
        seen = observed(item)
        assert said(interpret, seen) == said(interpret_whole, seen)


@pytest.mark.parametrize("release", V2)
def test_a_run_of_kubeflow_means_what_each_view_of_it_means_alone(release: str) -> None:
    steps: Sequence[Step] = [
        Task(name="prepare", parameters={"rows": 7}, mounts={"/data": "shared"}),
        Group(name="months", after=["prepare"], items=2, body=[Task(name="score"), Importer(name="import")]),
        Group(name="never", after=["prepare"], condition="rows > 9", holds=False, body=[Task(name="warn")]),
    ]
    whole = a_run(steps, release=release, parameters={"rows": "7"})
    nodes = whole["status"]["nodes"]
    for count in range(len(nodes) + 1):
        shown = dict(list(nodes.items())[:count])
        metadata = whole["metadata"] | {"resourceVersion": str(count + 1)}
        seen = observed(whole | {"metadata": metadata, "status": whole["status"] | {"nodes": shown}})
        assert said(interpret, seen) == said(interpret_whole, seen)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_seen_of_a_world_means_what_each_view_means_alone(seed: int) -> None:
    seen = watch(play(seed), seed, gaps=0.1)
    for one in [*seen, *noise(seen, seed), *map(as_file, seen)]:
        if isinstance(one, ObjectSeen) and one.source == "argo_workflow":
            assert said(interpret, one) == said(interpret_whole, one)


def test_recorded_workflows_mean_what_each_means_alone(fixtures: Path) -> None:
    compared = 0
    for file in sorted(fixtures.rglob("*.json")):
        values = [piece.value for piece in decode([file.read_bytes()]) if isinstance(piece, Document)]
        for value in (
            one for several in values if isinstance(several, dict) for one in several.get("items") or [several]
        ):
            source = find_source(value, all_sources())
            if source is None or source.name != "argo_workflow":
                continue
            seen = observed(value)
            assert said(interpret, seen) == said(interpret, seen) == said(interpret_whole, seen), file
            compared += 1
    assert compared > 50


def test_the_objects_that_were_not_seen_for_longest_are_forgotten_first() -> None:
    views = LastViews[str](max_bytes=10)
    views.put("a", "of a", 5)
    views.put("b", "of b", 5)
    assert views.get("a") == "of a"
    views.put("c", "of c", 5)
    assert [views.get(name) for name in "abc"] == ["of a", None, "of c"]
    assert views.size_bytes == 10


def test_what_is_larger_than_all_that_may_be_remembered_is_not() -> None:
    views = LastViews[str](max_bytes=10)
    views.put("a", "small", 1)
    views.put("a", "large", 11)
    assert (views.get("a"), views.size_bytes) == (None, 0)
