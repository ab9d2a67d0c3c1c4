"""Workflows of Argo, and of Kubeflow Pipelines on it: what every part of one means."""

import base64
import gzip
from collections.abc import Callable
from typing import Any

import brotli
import orjson
import pytest
import zstandard

from lineage.errors import InvalidObservation
from lineage.facts import ExecutionState, LocationLooked, ObjectKept, RunSeen
from lineage.identity import Location, encode_key, written_key
from lineage.model import ArtifactState, Parameter, Phase
from tests.factories import (
    CLUSTER,
    NAMESPACE,
    RESUBMITTED,
    RUN_ID,
    WORKFLOWS,
    KubernetesObject,
    a_node,
    a_workflow,
    an_artifact,
    facts_of,
    interpreted,
    moment,
    observed,
    place,
    rfc3339,
)
from watchers.nodes import UNPACKED_LIMIT_BYTES
from watchers.observe import find_source
from watchers.sources import all_sources

A, B, C, D = "w-1000001", "w-1000002", "w-1000003", "w-1000004"


def run_seen(item: KubernetesObject) -> RunSeen:
    run, kept = facts_of(item)
    assert isinstance(run, RunSeen)
    assert isinstance(kept, ObjectKept)
    assert (kept.uid, kept.resource, kept.revision) == (run.incarnation, WORKFLOWS, run.revision)
    return run


def states(item: KubernetesObject) -> dict[str, ExecutionState]:
    found = run_seen(item).executions
    assert found is not None
    return {state.node_id: state for state in found}


def state_of(node: KubernetesObject, **workflow: Any) -> ExecutionState:
    return states(a_workflow({A: node}, **workflow))[A]


def parents(item: KubernetesObject) -> dict[str, set[str]]:
    return {node_id: {parent for parent, _ in state.parents} for node_id, state in states(item).items()}


# ------------------------------------------------------------------------------------------ the run
def test_a_workflow_without_a_status_is_a_pending_run_without_executions() -> None:
    item = a_workflow()
    del item["status"]
    run = run_seen(item)
    assert (run.phase, run.executions, run.nodes_missing) == (Phase.PENDING, (), None)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("", Phase.PENDING),
        ("Pending", Phase.PENDING),
        ("Running", Phase.RUNNING),
        ("Succeeded", Phase.SUCCEEDED),
        ("Failed", Phase.FAILED),
        ("Error", Phase.ERROR),
        ("Skipped", Phase.SKIPPED),
        ("Omitted", Phase.OMITTED),
        ("Levitating", Phase.UNKNOWN),
    ],
)
def test_runs_and_executions_are_in_phase(phase: str, expected: Phase) -> None:
    assert run_seen(a_workflow(phase=phase)).phase is expected
    assert state_of(a_node("w.a", phase=phase)).phase is expected


def test_a_run_has_the_names_and_times_of_its_workflow() -> None:
    run = run_seen(a_workflow(born=5, startedAt=rfc3339(6), finishedAt=rfc3339(9), message="done", phase="Succeeded"))
    assert (run.run, run.uid, run.workflow_uid, run.name, run.namespace) == ("u1", "u1", "u1", "w", NAMESPACE)
    assert (run.created_at, run.started_at, run.finished_at) == (moment(5), moment(6), moment(9))
    assert (run.message, run.cluster, run.display_name) == ("done", CLUSTER, "w")


def test_kubeflow_gives_a_run_its_id_its_name_and_its_experiment() -> None:
    run = run_seen(
        a_workflow(
            labels={RUN_ID: "r", "kfp-lineage/experiment": "tuning"},
            annotations={"pipelines.kubeflow.org/run_name": "Monday"},
        )
    )
    assert (run.run, run.uid, run.workflow_uid) == ("r", "r", "u1")
    assert (run.display_name, run.experiment) == ("Monday", "tuning")


def test_a_resubmission_says_from_what_and_is_another_run() -> None:
    run = run_seen(a_workflow(name="w-r", labels={RUN_ID: "r", RESUBMITTED: "w"}))
    assert (run.run, run.resubmitted_from) == ("r/w-r", "w")


def test_a_workflow_without_a_uid_has_the_same_identity_in_every_view() -> None:
    early = run_seen(a_workflow(uid=None, version=None, born=5))
    late = run_seen(a_workflow({A: a_node("w.a", 10)}, uid=None, version=None, born=5, phase="Failed"))
    assert early.run == late.run != run_seen(a_workflow(uid=None, version=None, born=6)).run
    assert (early.uid, early.workflow_uid) == (None, None)


def test_arguments_are_those_of_the_template_overridden_by_the_own() -> None:
    def arguments(**values: Any) -> KubernetesObject:
        return {"arguments": {"parameters": [{"name": n, "value": v} for n, v in values.items()]}}

    run = run_seen(a_workflow(spec=arguments(lr=0.1), storedWorkflowTemplateSpec=arguments(lr="1", epochs=3)))
    assert run.parameters == (Parameter(name="lr", value="0.1"), Parameter(name="epochs", value="3"))


def test_a_parameter_without_a_value_has_its_default_or_none() -> None:
    given = [{"name": "a", "default": "x"}, {"name": "b"}, {"name": "c", "value": "", "default": "y"}]
    run = run_seen(a_workflow(spec={"arguments": {"parameters": given}}))
    assert [parameter.value for parameter in run.parameters] == ["x", None, ""]


def test_a_secret_argument_is_said_to_be_redacted() -> None:
    given = [{"name": "db_password", "value": "correct horse"}, {"name": "max_tokens", "value": "512"}]
    run = run_seen(a_workflow(spec={"arguments": {"parameters": given}}))
    assert [(p.redacted, p.value == "correct horse") for p in run.parameters] == [(True, False), (False, False)]


# ------------------------------------------------------------------------------------------ executions
@pytest.mark.parametrize(
    ("kind", "is_group", "acts"),
    [
        ("Pod", False, True),
        ("Container", False, True),
        ("HTTP", False, True),
        ("Plugin", False, True),
        ("Suspend", False, False),
        ("Skipped", False, False),
        ("DAG", True, False),
        ("Steps", True, False),
        ("StepGroup", True, False),
        ("TaskGroup", True, False),
        ("Retry", True, False),
        ("Teleport", False, False),
        ("", False, False),
    ],
)
def test_only_nodes_that_act_read_and_write_and_groupings_are_no_executions(
    kind: str, is_group: bool, acts: bool
) -> None:
    state = state_of(a_node("w.a", 10, 20, kind=kind, reads=["in"], writes=["out"]))
    assert (state.is_group, state.acts, state.kind) == (is_group, acts, kind.upper() or "UNKNOWN")
    assert (bool(state.reads), bool(state.writes)) == (acts, acts)


def test_an_execution_says_what_its_node_says() -> None:
    node = a_node(
        "w.train",
        10,
        20,
        "Failed",
        message="exit code 3",
        templateName="train",
        resourcesDuration={"cpu": 5},
        inputs={"parameters": [{"name": "lr", "value": "0.1"}]},
        outputs={"exitCode": "3", "parameters": [{"name": "loss", "value": "0.5"}]},
    )
    state = state_of(node)
    assert (state.name, state.display_name, state.template, state.message) == (
        "w.train",
        "train",
        "train",
        "exit code 3",
    )
    assert (state.started_at, state.finished_at, state.exit_code) == (10, moment(20), 3)
    assert state.resources == {"cpu": 5}
    assert [p.name for p in (*state.input_parameters, *state.output_parameters)] == ["lr", "loss"]


def test_a_node_that_has_not_started_has_no_start() -> None:
    assert state_of(a_node("w.a", None, None, "Pending")).started_at is None


@pytest.mark.parametrize("zero", ["0001-01-01T00:00:00Z", "", None])
def test_the_zero_time_of_go_is_no_time(zero: str | None) -> None:
    assert state_of(a_node("w.a", 10) | {"startedAt": zero}).started_at is None


@pytest.mark.parametrize("phase", ["Pending", "Skipped", "Omitted"])
def test_what_did_not_run_read_nothing(phase: str) -> None:
    assert state_of(a_node("w.a", 10, 10, phase, reads=["k"])).reads == ()


@pytest.mark.parametrize(
    ("phase", "writes"), [("Succeeded", 1), ("Failed", 1), ("Error", 1), ("Running", 0), ("Pending", 0)]
)
def test_outputs_count_once_the_attempt_has_ended(phase: str, writes: int) -> None:
    assert len(state_of(a_node("w.a", 10, 20, phase, writes=["k"])).writes) == writes


def test_an_attempt_that_runs_has_read_its_inputs() -> None:
    (read,) = state_of(a_node("w.a", 10, None, "Running", reads=["k"])).reads
    assert (read.name, read.location) == ("x0", place("k"))


# ------------------------------------------------------------------------------------------ caches
def test_a_memoized_step_says_so_and_took_its_outputs_over() -> None:
    state = state_of(a_node("w.a", 10, 10, writes=["k"], memoizationStatus={"hit": True, "key": "x"}))
    assert state.memoized
    assert [write.reused for write in state.writes] == [True]
    assert not state_of(a_node("w.a", 10, 20, memoizationStatus={"hit": False})).memoized


def test_a_skipped_node_that_names_its_original_carries_that_ones_outputs_over() -> None:
    node = a_node("w.a", 10, 10, "Skipped", kind="Skipped", writes=["k"], message="original pod: v-123456")
    state = state_of(node)
    assert state.cached_from == "v-123456"
    assert [write.reused for write in state.writes] == [True]


@pytest.mark.parametrize("message", ["when 'false' evaluated false", "Skipped original pod: x", ""])
def test_another_skipped_node_carries_nothing_over(message: str) -> None:
    state = state_of(a_node("w.a", 10, 10, "Skipped", kind="Skipped", writes=["k"], message=message))
    assert (state.cached_from, state.writes) == (None, ())


def removals(item: KubernetesObject, *, seen_at: float = 60) -> list[LocationLooked]:
    facts = interpreted(observed(item, seen_at=moment(seen_at)))
    return [fact for fact in facts if isinstance(fact, LocationLooked)]


def an_output(name: str, deleted: object = True, **location: Any) -> KubernetesObject:
    return {"name": name, **(location or {"s3": {"key": name}}), "deleted": deleted}


def test_an_output_that_argo_removed_is_a_look_at_its_place_by_whoever_saw_the_view() -> None:
    node = a_node("w.a", 10, 20)
    node["outputs"]["artifacts"] = [an_output("gone"), an_output("kept", deleted=False)]
    (said,) = removals(a_workflow({"w-1": node}), seen_at=60)
    assert (said.location, said.at, said.look.state) == (place("gone"), 60, ArtifactState.MISSING)
    assert said.look.of == encode_key(written_key("u1", "w-1", 10, "gone"))


@pytest.mark.parametrize(
    "node",
    [
        {"outputs": {"artifacts": [an_output("x", deleted="true")]}},
        {"outputs": {"artifacts": [an_output("x", raw={"data": "text"})]}},
        {"outputs": {"artifacts": [{"name": "x", "deleted": True}]}},
        {"outputs": {"artifacts": [an_output("x")]}, "phase": "Running"},
        {"outputs": {"artifacts": [an_output("x")]}, "type": "DAG"},
        {"outputs": {"artifacts": [an_output("x")]}, "memoizationStatus": {"hit": True}},
        {"inputs": {"artifacts": [an_output("x")]}},
    ],
)
def test_only_what_an_attempt_wrote_can_be_removed(node: KubernetesObject) -> None:
    assert removals(a_workflow({"w-1": {**a_node("w.a", 10, 20), **node}})) == []


def template_that_writes(**location: Any) -> KubernetesObject:
    return {"name": "t", "outputs": {"artifacts": [{"name": "x0", "path": "/x", **location}]}}


def test_a_key_that_names_another_pod_was_taken_over_unless_the_template_chose_it() -> None:
    node = a_node("w.a", 10, 20, writes=["runs/v/v-2000000001/out"], templateName="t")
    for template, reused in [(template_that_writes(), True), (template_that_writes(s3={"key": "k"}), False)]:
        (write,) = state_of(node, spec={"templates": [template]}).writes
        assert (write.reused, write.own) == (reused, False)


def test_a_key_that_names_the_own_pod_was_written() -> None:
    (write,) = state_of(a_node("w.a", 10, 20, writes=[f"runs/w/{A}/out"])).writes
    assert (write.reused, write.own) == (False, True)


@pytest.mark.parametrize(
    ("scope", "reference", "stored"),
    [
        ("namespaced", {"name": "lib", "template": "t"}, "namespaced/lib/t"),
        ("cluster", {"name": "lib", "template": "t", "clusterScope": True}, "cluster/lib/t"),
    ],
)
def test_the_template_of_a_reference_is_the_one_that_was_stored(
    scope: str, reference: KubernetesObject, stored: str
) -> None:
    node = a_node("w.a", 10, 20, writes=["runs/v/v-2000000001/out"], templateRef=reference)
    known = state_of(node, storedTemplates={stored: template_that_writes(s3={"key": "k"})})
    assert [write.reused for write in known.writes] == [False], scope
    assert known.template == "t"
    assert [write.reused for write in state_of(node).writes] == [True]


def test_a_local_template_of_a_stored_workflow_template_is_found() -> None:
    node = a_node("w.a", 10, 20, writes=["runs/v/v-2000000001/out"], templateName="t")
    spec = {"templates": [template_that_writes(s3={"key": "k"})]}
    assert [w.reused for w in state_of(node, storedWorkflowTemplateSpec=spec).writes] == [False]


# ------------------------------------------------------------------------------------------ places
REPOSITORY = {"artifactRepository": {"s3": {"endpoint": "minio:9000", "bucket": "repository"}}}
ARCHIVE = {"s3": {"endpoint": "s3.amazonaws.com", "bucket": "archive"}}


def place_of(node: KubernetesObject, **workflow: Any) -> Location:
    (write,) = state_of(node, **workflow).writes
    return write.location


def test_what_gives_only_a_key_lies_in_the_repository_of_the_workflow() -> None:
    found = place_of(a_node("w.a", 10, 20, writes=["k"]), artifactRepositoryRef=REPOSITORY)
    assert found == Location(store=f"cluster:{CLUSTER}/minio:9000", uri="s3://repository/k")


@pytest.mark.parametrize(
    "spec",
    [
        {"templates": [{"name": "t", "archiveLocation": ARCHIVE}]},
        {"templates": [{"name": "t"}], "templateDefaults": {"archiveLocation": ARCHIVE}},
    ],
    ids=["of its template", "of all templates"],
)
def test_an_archive_location_counts_before_the_repository(spec: KubernetesObject) -> None:
    node = a_node("w.a", 10, 20, writes=["k"], templateName="t")
    found = place_of(node, spec=spec, artifactRepositoryRef=REPOSITORY)
    assert found == Location(store="", uri="s3://archive/k")


def test_an_output_that_was_not_made_is_none() -> None:
    node = a_node("w.a", 10, 20, outputs={"artifacts": [{"name": "optional", "path": "/x"}]})
    assert state_of(node).writes == ()


# ------------------------------------------------------------------------------------------ the graph
def test_children_come_after_their_node_and_those_that_do_not_exist_are_nobody() -> None:
    nodes = {A: a_node("w.a", children=[B, "w-9", B]), B: a_node("w.b")}
    assert parents(a_workflow(nodes)) == {A: set(), B: {A}}


def test_parents_are_attempts_with_their_start() -> None:
    nodes = {A: a_node("w.a", 10, 20, children=[B]), B: a_node("w.b", 30)}
    assert states(a_workflow(nodes))[B].parents == ((A, 10),)


def test_attempts_under_a_retry_follow_one_another_and_are_numbered() -> None:
    nodes = {
        A: a_node("w.a", kind="Retry", children=[B, C]),
        B: a_node("w.a(0)", 10, 11, "Failed"),
        C: a_node("w.a(1)", 12, 20),
    }
    item = a_workflow(nodes)
    assert parents(item) == {A: set(), B: {A}, C: {A, B}}
    assert {node_id: state.attempt for node_id, state in states(item).items()} == {A: 0, B: 0, C: 1}


def test_items_of_a_loop_are_no_attempts() -> None:
    nodes = {
        A: a_node("w.a", kind="TaskGroup", children=[B, C]),
        B: a_node("w.a(0:x)"),
        C: a_node("w.a(1:y)"),
    }
    item = a_workflow(nodes)
    assert parents(item) == {A: set(), B: {A}, C: {A}}
    assert {state.attempt for state in states(item).values()} == {0}


def test_a_step_whose_name_only_looks_like_an_attempt_is_none() -> None:
    nodes = {A: a_node("w.a", kind="TaskGroup", children=[B]), B: a_node("w.a(1)")}
    assert states(a_workflow(nodes))[B].attempt == 0


def test_hooks_under_a_retry_are_no_attempts() -> None:
    nodes = {
        A: a_node("w.a", kind="Retry", children=[B, D, C]),
        B: a_node("w.a(0)", 10, 11, "Failed"),
        D: a_node("w.a.hooks.running", 10, 11, nodeFlag={"hooked": True}),
        C: a_node("w.a(1)", 12, 20),
    }
    item = a_workflow(nodes)
    assert parents(item) == {A: set(), B: {A}, C: {A, B}, D: {A}}
    assert states(item)[D].attempt == 0


def test_the_exit_handler_comes_after_all_else_and_its_steps_after_its_root() -> None:
    nodes = {
        "w": a_node("w", kind="DAG", children=[A]),
        A: a_node("w.a", children=[B]),
        B: a_node("w.b"),
        C: a_node("w.onExit", kind="Steps", children=[D]),
        D: a_node("w.onExit[0].notify"),
    }
    assert parents(a_workflow(nodes)) == {"w": set(), A: {"w"}, B: {A}, C: {B}, D: {C}}


# ------------------------------------------------------------------------------------------ nodes that are elsewhere
def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # named alike in every process of a test run


def _zstandard(data: bytes) -> bytes:
    return zstandard.compress(data)


def _brotli(data: bytes) -> bytes:
    packed: bytes = brotli.compress(data, quality=1)
    return packed


def packed_workflow(data: bytes, pack: Callable[[bytes], bytes]) -> KubernetesObject:
    item = a_workflow(compressedNodes=base64.b64encode(pack(data)).decode())
    del item["status"]["nodes"]
    return item


@pytest.mark.parametrize("pack", [_gzip, _zstandard, _brotli])
def test_packed_nodes_are_seen_as_plain_ones(pack: Callable[[bytes], bytes]) -> None:
    plain = a_workflow({A: a_node("w.a", 10, 20, reads=["k"])})
    packed = packed_workflow(orjson.dumps(plain["status"]["nodes"]), pack)
    assert observed(packed).body == observed(plain).body


@pytest.mark.parametrize(
    "text",
    [
        "this is no base64",
        base64.b64encode(b"neither of the three").decode(),
        base64.b64encode(_gzip(b"{}")[:-4]).decode(),
        base64.b64encode(zstandard.compress(b'{"a": 1}' * 9)[:-4]).decode(),
        base64.b64encode(_gzip(b"no JSON")).decode(),
        base64.b64encode(_gzip(b"[]")).decode(),
    ],
)
def test_nodes_packed_in_an_unknown_way_are_missing_and_not_logged(text: str) -> None:
    item = a_workflow(compressedNodes=text)
    del item["status"]["nodes"]
    seen = observed(item)
    run = run_seen(item)
    assert text.encode() not in seen.body
    assert run.executions is None
    assert run.nodes_missing is not None
    assert "packed" in run.nodes_missing
    assert f"{len(text)} bytes" in run.nodes_missing


def test_what_cannot_be_unpacked_is_not_packed_again_when_it_is_read_again() -> None:
    item = a_workflow(compressedNodes="bm9uc2Vuc2U=")
    del item["status"]["nodes"]
    once = observed(item)
    assert observed(once.object()).body == once.body


@pytest.mark.parametrize("pack", [_gzip, _zstandard, _brotli])
def test_a_few_packed_bytes_cannot_fill_the_memory(pack: Callable[[bytes], bytes]) -> None:
    bomb = packed_workflow(b'{"a":"' + b"a" * UNPACKED_LIMIT_BYTES + b'"}', pack)
    assert run_seen(bomb).executions is None


def test_offloaded_nodes_are_missing_and_not_none() -> None:
    run = run_seen(a_workflow(offloadNodeStatusVersion="fnv:123"))
    assert run.executions is None
    assert run.nodes_missing is not None
    assert "fnv:123" in run.nodes_missing


def test_nodes_that_are_there_are_read_even_if_a_copy_was_offloaded() -> None:
    run = run_seen(a_workflow({A: a_node("w.a")}, offloadNodeStatusVersion="fnv:123"))
    assert run.executions is not None


# ------------------------------------------------------------------------------------------ revisions
def test_a_view_with_a_resource_version_is_ordered_by_it_and_one_without_by_its_own_times() -> None:
    nodes = {A: a_node("w.a", 10, 30)}
    numbered = run_seen(a_workflow(nodes, version=7, startedAt=rfc3339(5))).revision
    dated = run_seen(a_workflow(nodes, version=None, startedAt=rfc3339(5))).revision
    assert (numbered.kind, numbered.latest, dated.kind, dated.latest) == ("K", 30, "R", 30)


@pytest.mark.parametrize("version", ["0", "", "00", "12a", "-3", "٣"])
def test_what_is_no_decimal_number_is_no_resource_version(version: str) -> None:
    item = a_workflow(version=None)
    item["metadata"]["resourceVersion"] = version
    assert run_seen(item).revision.kind == "R"


# ------------------------------------------------------------------------------------------ recognition
@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "argo_workflow"),
        ({"apiVersion": "argoproj.io/v9"}, "argo_workflow"),
        ({"apiVersion": "other.io/v1"}, None),
        ({"kind": "WorkflowTemplate"}, None),
        ({"apiVersion": None, "kind": None}, "argo_workflow"),  # Go drops both as it decodes
    ],
)
def test_a_workflow_is_recognised(change: dict[str, str | None], name: str | None) -> None:
    source = find_source(a_workflow() | change, all_sources())
    assert (source and source.name) == name


# ------------------------------------------------------------------------------------------ wrong types
def broken(path: str, value: object) -> KubernetesObject:
    """A workflow with one member replaced: `path` is dotted, `N` the node."""
    item = a_workflow({A: a_node("w.a", 10, 20, reads=["k"], writes=["k"])}, spec={"templates": [{"name": "t"}]})
    *way, last = [A if step == "N" else step for step in path.split(".")]
    holder = item
    for step in way:
        holder = holder[step]
    holder[last] = value
    return item


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("metadata.labels", [], "labels"),
        ("metadata.name", 7, "name"),
        ("metadata.creationTimestamp", "soon", "creationTimestamp"),
        ("spec", "x", "spec"),
        ("spec.arguments", [], "arguments"),
        ("spec.templates", {}, "templates"),
        ("status", [], "status"),
        ("status.nodes", [], "nodes"),
        ("status.phase", {}, "phase"),
        ("status.startedAt", 17, "startedAt"),
        ("status.nodes.N", "x", f"status.nodes.*{A}"),
        ("status.nodes.N.phase", 1, f"status.nodes.*{A}.*phase"),
        ("status.nodes.N.startedAt", "late", "startedAt"),
        ("status.nodes.N.children", "x", "children"),
        ("status.nodes.N.inputs", [], f"status.nodes.*{A}.*inputs"),
        ("status.nodes.N.inputs.artifacts", {}, f"status.nodes.*{A}.*artifacts"),
        ("status.nodes.N.outputs.artifacts", [1], rf"status.nodes.*{A}.*artifacts\[0\]"),
        ("status.nodes.N.outputs.exitCode", "three", f"status.nodes.*{A}.*exitCode"),
        ("status.nodes.N.memoizationStatus", 1, f"status.nodes.*{A}.*memoizationStatus"),
    ],
)
def test_what_is_not_what_it_should_be_is_named_with_its_place(path: str, value: object, place: str) -> None:
    with pytest.raises(InvalidObservation, match=f"workflow .*@1?: .*{place}"):
        facts_of(broken(path, value))


def test_null_and_absent_are_the_same() -> None:
    members = ("displayName", "templateName", "inputs", "outputs", "children", "message", "finishedAt", "type")
    absent = {key: value for key, value in a_node("w.a", 10).items() if key not in members}
    assert state_of(absent) == state_of({**absent, **dict.fromkeys(members)})


def test_two_outputs_of_one_name_do_not_break_anything() -> None:
    twice = {"artifacts": [an_artifact("x", "k1"), an_artifact("x", "k2")]}
    assert len(state_of(a_node("w.a", 10, 20, outputs=twice)).writes) == 2


@pytest.mark.parametrize("lost", [("apiVersion",), ("apiVersion", "kind")])
def test_a_workflow_that_lost_its_type_is_known_by_its_shape(lost: tuple[str, ...]) -> None:
    item = {name: value for name, value in a_workflow().items() if name not in lost}
    source = find_source(item, all_sources())
    assert source is not None
    assert source.name == "argo_workflow"


def test_another_kind_is_no_workflow_whatever_its_shape() -> None:
    assert find_source({**a_workflow(), "kind": "WorkflowTemplate"}, all_sources()) is None
    assert find_source({**a_workflow(), "kind": "CronWorkflow", "apiVersion": None}, all_sources()) is None


# ------------------------------------------------------------------------------------------ components
def types_of(component: object, *outputs: str) -> list[str | None]:
    """The types of outputs of the step `train`, of a component that says so of itself."""
    text = component if isinstance(component, str) else orjson.dumps(component).decode()
    template = {"name": "train", "metadata": {"annotations": {"pipelines.kubeflow.org/component_spec": text}}}
    node = a_node("w.train", 10, 20, templateName="train")
    node["outputs"]["artifacts"] = [an_artifact(name, f"k/{name}") for name in outputs]
    found = states(a_workflow({A: node}, spec={"templates": [template]}))[A]
    return [write.type for write in found.writes]


def test_an_output_has_the_type_that_its_component_says() -> None:
    outputs = [
        {"name": "Test data", "type": "Dataset"},
        {"name": "model", "type": {"GCSPath": {"data_type": "Model"}}},
        {"name": "mlpipeline_metrics", "type": "Metrics"},
        {"name": "log"},
    ]
    names = ("train-test-data", "train-model", "mlpipeline-metrics", "train-log", "model")
    assert types_of({"outputs": outputs}, *names) == ["Dataset", "GCSPath", "Metrics", None, "GCSPath"]
    assert types_of({"outputs": outputs}, "train-Test_data", "other-model") == ["Dataset", None]


@pytest.mark.parametrize(
    "component",
    [
        "{",
        [],
        {"outputs": {}},
        {"outputs": ["model"]},
        {"outputs": [{"name": "model", "type": 7}]},
        {"outputs": [{"name": "model", "type": {}}]},
        {"outputs": [{"name": "model", "type": "x" * 600}]},
        {"outputs": [{"type": "Model"}]},
    ],
)
def test_what_a_component_says_badly_is_not_said(component: object) -> None:
    assert types_of(component, "train-model") == [None]
