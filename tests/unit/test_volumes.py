"""Data in volumes: what a mount may read and write, by the claim, the path within it and whether it is read-only."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from lineage.facts import ExecutionState, RunSeen
from lineage.model import ArtifactRole, ArtifactUse, Direction
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store.sql import SqlStore
from tests.factories import KubernetesObject, a_node, a_store, a_workflow, facts_of

ALL: Final = PageRequest(first=100)


def claimed(name: str, claim: str) -> KubernetesObject:
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def template(name: str = "step", *, mounts: Sequence[KubernetesObject] = (), **more: Any) -> KubernetesObject:
    return {"name": name, "container": {"image": "bash", "volumeMounts": list(mounts)}, **more}


def mount(path: str = "/data", *, of: str = "v", **more: Any) -> KubernetesObject:
    return {"name": of, "mountPath": path, **more}


def state_of(
    template: KubernetesObject,
    node: Mapping[str, Any] | None = None,
    *,
    spec: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    **more: Any,
) -> ExecutionState:
    """What the one node of a workflow says, that ran a template."""
    known = {"templateName": "step", **(node or {})}
    item = a_workflow(
        {"w-1000001": {**a_node("w.step", 10, 20), **known}},
        spec={"templates": [template], **(spec or {})},
        **(status or {}),
        **more,
    )
    (run, *_) = facts_of(item)
    assert isinstance(run, RunSeen)
    assert run.executions is not None
    (state,) = run.executions
    return state


def ports(state: ExecutionState) -> tuple[dict[str, str], dict[str, str]]:
    """What it read and what it wrote, by name."""
    return (
        {read.name: read.location.uri for read in state.reads},
        {write.name: write.location.uri for write in state.writes},
    )


# ------------------------------------------------------------------------------------------ mounts
def test_a_mount_may_be_read_and_written_and_a_read_only_one_is_read() -> None:
    mounts = [mount("/data"), mount("/base", of="b", readOnly=True)]
    state = state_of(template(mounts=mounts, volumes=[claimed("v", "work"), claimed("b", "base")]))
    both = {"/data": "pvc://a/work"}
    assert ports(state) == (both | {"/base": "pvc://a/base"}, both)


def test_a_path_within_the_volume_is_a_place_of_its_own() -> None:
    state = state_of(template(mounts=[mount(subPath="/runs/7/")], volumes=[claimed("v", "work")]))
    assert ports(state)[1] == {"/data": "pvc://a/work/runs/7"}


@pytest.mark.parametrize("member", ["sidecars", "initContainers"])
def test_what_helps_the_main_container_mounts_as_well(member: str) -> None:
    helper = {"name": "helper", "volumeMounts": [mount("/side")]}
    state = state_of({**template(volumes=[claimed("v", "work")]), member: [helper]})
    assert ports(state)[1] == {"/side": "pvc://a/work"}


def test_containers_of_a_set_mount_what_is_mounted_for_all_of_them() -> None:
    several = {"volumeMounts": [mount("/all")], "containers": [{"name": "a", "volumeMounts": [mount("/a")]}]}
    state = state_of({"name": "step", "containerSet": several, "volumes": [claimed("v", "work")]})
    assert ports(state)[1] == {"/all": "pvc://a/work", "/a": "pvc://a/work"}


def test_of_what_is_mounted_twice_at_one_path_what_may_write_counts() -> None:
    reader = {"name": "reader", "volumeMounts": [mount(readOnly=True)]}
    state = state_of(template(mounts=[mount()], volumes=[claimed("v", "work")], sidecars=[reader]))
    assert ports(state)[1] == {"/data": "pvc://a/work"}


def test_claims_that_all_pods_share_are_those_of_the_workflow_and_those_that_argo_made_for_it() -> None:
    state = state_of(
        template(mounts=[mount("/data"), mount("/own", of="made")]),
        spec={"volumes": [claimed("v", "work")]},
        status={"persistentVolumeClaims": [claimed("made", "w-made")]},
    )
    assert ports(state)[1] == {"/data": "pvc://a/work", "/own": "pvc://a/w-made"}


def test_what_stands_for_a_claim_is_what_the_node_was_given() -> None:
    given = {"inputs": {"parameters": [{"name": "create-name", "value": "w-claim"}]}}
    volumes = [claimed("v", "{{inputs.parameters.create-name}}")]
    state = state_of(template(mounts=[mount(subPath="{{workflow.name}}")], volumes=volumes), given)
    assert ports(state)[1] == {"/data": "pvc://a/w-claim/w"}


@pytest.mark.parametrize(("naming", "pod"), [("v1", "w-1000001"), ("v2", "w-step-1000001")])
def test_a_path_of_a_pod_is_named_as_argo_names_that(naming: str, pod: str) -> None:
    mounts = [mount(subPath="artifacts/{{pod.name}}")]
    annotations = {"workflows.argoproj.io/pod-name-format": naming}
    state = state_of(template(mounts=mounts, volumes=[claimed("v", "work")]), annotations=annotations)
    assert ports(state)[1] == {"/data": f"pvc://a/work/artifacts/{pod}"}


@pytest.mark.parametrize(
    "volume",
    [
        {"name": "v", "emptyDir": {}},
        {"name": "v", "configMap": {"name": "c"}},
        claimed("other", "work"),
        claimed("v", "{{inputs.parameters.unknown}}"),
    ],
)
def test_what_is_no_claim_or_not_known_is_not_guessed(volume: KubernetesObject) -> None:
    assert ports(state_of(template(mounts=[mount()], volumes=[volume]))) == ({}, {})


def test_what_no_store_could_find_is_no_reason_to_refuse_a_run() -> None:
    mounts = [mount(f"/{'long' * 200}"), mount("/deep", subPath="x" * 2000), mount("/data")]
    state = state_of(template(mounts=mounts, volumes=[claimed("v", "work")]))
    assert ports(state)[1] == {"/data": "pvc://a/work"}


def test_a_claim_that_is_secret_is_not_named() -> None:
    secret = "redacted:96296fd3b6f7:9c402ef3be1a2d6ba581cad9c1a699dd"
    given = {"inputs": {"parameters": [{"name": "claim", "value": secret}]}}
    volumes = [claimed("v", "{{inputs.parameters.claim}}")]
    assert ports(state_of(template(mounts=[mount()], volumes=volumes), given)) == ({}, {})


@pytest.mark.parametrize(("phase", "read", "written"), [("Pending", 0, 0), ("Running", 1, 0), ("Failed", 1, 1)])
def test_a_mount_counts_once_its_step_runs_and_what_it_wrote_when_that_has_ended(
    phase: str, read: int, written: int
) -> None:
    state = state_of(template(mounts=[mount()], volumes=[claimed("v", "work")]), {"phase": phase})
    assert (len(state.reads), len(state.writes)) == (read, written)


# ------------------------------------------------------------------------------------------ what volumes are made of
SNAPSHOT = """
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {name: "{{workflow.name}}-snap"}
spec: {source: {persistentVolumeClaimName: "{{inputs.parameters.claim}}"}}
"""
FROM_SNAPSHOT = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: "{{workflow.name}}-again"}
spec: {dataSource: {kind: VolumeSnapshot, name: "{{inputs.parameters.claim}}"}}
"""
EMPTY = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: w-new}, spec: {}}"
GIVEN = {"inputs": {"parameters": [{"name": "claim", "value": "w-old"}]}}


@pytest.mark.parametrize(
    ("manifest", "read", "written"),
    [
        (SNAPSHOT, "pvc://a/w-old", "volumesnapshot://a/w-snap"),
        (FROM_SNAPSHOT, "volumesnapshot://a/w-old", "pvc://a/w-again"),
    ],
)
def test_a_snapshot_comes_from_a_claim_and_a_claim_from_a_snapshot(manifest: str, read: str, written: str) -> None:
    made = {"name": "step", "resource": {"action": "create", "manifest": manifest}}
    assert ports(state_of(made, GIVEN)) == ({"source": read}, {"volume": written})


def test_a_claim_is_called_what_an_output_says_that_it_came_to_be_called() -> None:
    made = {"name": "step", "resource": {"action": "create", "manifest": FROM_SNAPSHOT}}
    named = {"outputs": {"parameters": [{"name": "create-name", "value": "w-x7k2"}]}}
    assert ports(state_of(made, GIVEN | named))[1] == {"volume": "pvc://a/w-x7k2"}


@pytest.mark.parametrize("manifest", [EMPTY, "kind: Job", "", "{", "- 1", "kind: [a]"])
@pytest.mark.parametrize("action", ["create", "delete"])
def test_what_brings_no_data_into_a_volume_writes_none(manifest: str, action: str) -> None:
    made = {"name": "step", "resource": {"action": action, "manifest": manifest}}
    assert ports(state_of(made)) == ({}, {})


def test_what_could_not_be_made_holds_nothing() -> None:
    made = {"name": "step", "resource": {"action": "create", "manifest": FROM_SNAPSHOT}}
    assert ports(state_of(made, {**GIVEN, "phase": "Failed"})) == ({}, {})


def test_a_claim_that_is_deleted_is_not_written() -> None:
    made = {"name": "step", "resource": {"action": "delete", "manifest": FROM_SNAPSHOT}}
    assert ports(state_of(made, GIVEN)) == ({}, {})


# ------------------------------------------------------------------------------------------ provenance
def test_provenance_does_not_break_where_data_passes_through_a_volume() -> None:
    store = a_store(
        a_workflow(
            {
                "w": a_node("w", 0, 40, kind="DAG", children=["w-1"]),
                "w-1": a_node("w.write", 10, 20, templateName="write", children=["w-2"]),
                "w-2": a_node("w.read", 25, 35, templateName="read"),
            },
            spec={
                "volumes": [claimed("v", "work")],
                "templates": [
                    template("write", mounts=[mount("/out")]),
                    template("read", mounts=[mount("/in", readOnly=True)]),
                ],
            },
        )
    )
    used = uses(store)
    (into,) = (use for use in used["write"] if use.role is ArtifactRole.GENERATED)
    assert used["read"] == [
        ArtifactUse(name="/in", artifact=into.artifact, role=ArtifactRole.USED, ambiguous=False),
    ]
    assert all(use.inferred for of in used.values() for use in of)
    reader = next(one for one in executions(store) if one.display_name == "read")
    graph = store.lineage(EVERYTHING, [reader.key], direction=Direction.UPSTREAM, max_depth=2, max_nodes=10)
    assert graph is not None
    assert [edge.inferred for edge in graph.edges] == [True, True]


def executions(store: SqlStore) -> Sequence[Any]:
    return store.executions(EVERYTHING, Listing(), ALL).items


def uses(store: SqlStore) -> dict[str, list[ArtifactUse]]:
    found = executions(store)
    read, wrote = (ask(EVERYTHING, [one.key for one in found]) for ask in (store.inputs, store.outputs))
    return {one.display_name: [*read.get(one.key, ()), *wrote.get(one.key, ())] for one in found}
