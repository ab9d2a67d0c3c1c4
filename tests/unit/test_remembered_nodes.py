"""What a view means does not depend on which views were interpreted before it."""

from collections.abc import Sequence
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lineage.errors import InvalidObservation
from lineage.facts import ExecutionState, Fact, RunSeen
from lineage.observation import ObjectSeen
from lineage.remembering import LastViews
from tests.factories import a_node, a_workflow, observed, rfc3339
from tests.kubeflow import V2, Group, Importer, Step, Task, a_run
from tests.simulation import as_file, noise, play, watch
from watchers.documents import Document, decode
from watchers.observe import find_source
from watchers.source import KubernetesObject
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


DRIVER: Final[dict[str, Any]] = {
    "templateName": "system-container-driver",
    "inputs": {"parameters": [{"name": "parent-dag-id", "value": "7"}, {"name": "task-name", "value": "t"}]},
}
OTHERWISE_TOLD: Final = ({"name": "parent-dag-id", "value": "8"}, {"name": "task-name", "value": "t"})
EXECUTOR: Final[dict[str, Any]] = {"templateName": "system-container-impl"}
COMPILED: Final[dict[str, Any]] = {"templates": [{"name": "root-system-dag-driver"}]}
born: Final = st.sampled_from(
    [
        a_node("w.a"),
        a_node("w.b", kind="Skipped", children=["w-1", "w-2"]),
        a_node("w.c", None),
        a_node("w.r", kind="Retry", children=["w-1", "w-2"]),
        a_node("w.r(0)"),
        a_node("w.r(1)", 20),
        a_node("w.r(1)", 20, nodeFlag={"hooked": True}),
        a_node("w.onExit", 30),
        a_node("w.t-driver", **DRIVER),
        a_node("w.t-driver(1)", **DRIVER),
        a_node("w.t(0).executor(0)", children=["w-3"], **EXECUTOR),
    ]
)
steps: Final = st.one_of(
    st.tuples(st.just("node"), st.sampled_from(IDS), born),
    st.tuples(st.just("child"), st.sampled_from(IDS), st.sampled_from(IDS)),
    st.tuples(st.just("end"), st.sampled_from(IDS), st.sampled_from([15, 25])),
    st.tuples(st.just("gone"), st.sampled_from(IDS), st.none()),
    st.tuples(st.just("label"), st.sampled_from(["workflows.argoproj.io/phase", "pipeline/runid", "a"]), st.just("x")),
)


def and_then(item: KubernetesObject, step: tuple[str, str, Any]) -> KubernetesObject:
    """A workflow in which one thing more has happened."""
    after: KubernetesObject = deepcopy(item)
    metadata, nodes = after["metadata"], after["status"]["nodes"]
    metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
    match step:
        case "label", name, value:
            metadata["labels"] = metadata.get("labels", {}) | {name: value}
        case "node", node_id, node:
            nodes[node_id] = deepcopy(node)
        case "child", node_id, child if node_id in nodes:
            nodes[node_id]["children"].append(child)
        case "end", node_id, at if node_id in nodes:
            nodes[node_id] |= {"finishedAt": rfc3339(at), "phase": "Succeeded"}
        case "gone", node_id, _:
            nodes.pop(node_id, None)
    return after


RETRY: Final = a_node("w.r", kind="Retry", children=["w-1", "w-2"])
EXECUTED: Final = a_node("w.t(0).executor(0)", **EXECUTOR)
DRIVEN: Final = a_node("w.t-driver", **DRIVER)
DRIVEN_AGAIN: Final = a_node("w.t-driver(1)", **DRIVER | {"inputs": {"parameters": [*OTHERWISE_TOLD]}})


@settings(deadline=None, max_examples=300)
@example({}, [[("node", "w-1", a_node("w.r(0)"))], [("node", "w-2", a_node("w.r(1)"))], [("node", "w-3", RETRY)]])
@example(COMPILED, [[("node", "w-2", EXECUTED)], [("node", "w-1", DRIVEN)]])
@example(COMPILED, [[("node", "w-1", DRIVEN | EXECUTOR)], [("node", "w-2", EXECUTED)], [("node", "w-1", DRIVEN)]])
@example(COMPILED, [[("node", "w-3", DRIVEN)], [("node", "w-2", EXECUTED)], [("node", "w-1", DRIVEN_AGAIN)]])
@example({}, [[("label", "workflows.argoproj.io/phase", "x")], [("label", "kfp-lineage/experiment", "x")]])
@given(st.sampled_from([{}, COMPILED]), st.lists(st.lists(steps, min_size=1, max_size=2), min_size=2, max_size=12))
def test_a_workflow_that_goes_on_means_what_each_view_means_alone(
    spec: dict[str, Any], views: list[list[tuple[str, str, Any]]]
) -> None:
    item = a_workflow({"w-0": a_node("w", kind="DAG")}, name="w", spec=spec)
    for happened in views:
        item = reduce(and_then, happened, item)
        seen = observed(item)
        assert said(interpret, seen) == said(interpret_whole, seen)


def test_of_a_view_in_which_one_step_began_all_other_attempts_are_the_very_ones_of_the_view_before() -> None:
    nodes = {"w-0": a_node("w", kind="DAG"), "w-1": a_node("w.a", 10, 20), "w-2": a_node("w.b", 20, 30)}
    nodes["w-1"]["children"] = ["w-2"]
    more = {**nodes, "w-2": nodes["w-2"] | {"children": ["w-3"]}, "w-3": a_node("w.c", 30, phase="Running")}
    before, after = (shown(interpret(observed(a_workflow(of, version=2)))) for of in (nodes, more))
    assert [one is other for one, other in zip(before, after, strict=False)] == [True, True, True]
    assert after[3].parents == (("w-2", 20),)


def shown(facts: Sequence[Fact]) -> tuple[ExecutionState, ...]:
    """The attempts that a view shows."""
    return next(fact.executions or () for fact in facts if isinstance(fact, RunSeen))


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
