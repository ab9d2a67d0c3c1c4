"""The difference between two runs: each thing that was changed is told once, and is of the right kind."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.comparison import Change, ChangeKind, RunDiff, compare
from lineage.comparison.documents import leaves
from lineage.dossier import Dossier
from lineage.gathering import dossiers
from lineage.identity import run_key
from lineage.ports import EVERYTHING
from tests.factories import RUN_ID, a_node, a_pod, a_store, a_workflow
from tests.training_run import Training, digest_of

FIRST: Final = Training()
SECOND: Final = Training(uid="u2", name="training-xyz99", born=5000)

PLANTED: Final[Mapping[str, tuple[Mapping[str, Any], tuple[ChangeKind, str | None, str, bool]]]] = {
    "argument": ({"rate": "0.2"}, (ChangeKind.PARAMETER, None, "parameters[rate]", True)),
    "other bytes": ({"data": "others"}, (ChangeKind.INPUT, "prepare", "inputs.artifacts[in0]", True)),
    "image": ({"image_word": "patched"}, (ChangeKind.IMAGE, "train", "containers[main].image", True)),
    "tag": ({"image": "registry.example/train:2"}, (ChangeKind.IMAGE, "train", "containers[main].image", False)),
    "script": ({"script": "train"}, (ChangeKind.SPEC, "train", "templates[train].container.args[0]", True)),
    "variable": (
        {"environment": {"SEED": "1"}},
        (ChangeKind.ENVIRONMENT, "train", "templates[train].container.env[SEED]", True),
    ),
    "step": (
        {"steps": ("prepare", "check", "train", "evaluate")},
        (ChangeKind.TOPOLOGY, "check", "steps", True),
    ),
    "output": ({"outputs": {"prepare": "x"}}, (ChangeKind.OUTPUT, "prepare", "outputs.artifacts[out]", False)),
    "metric": ({"accuracy": "0.8"}, (ChangeKind.METRIC, "evaluate", "metrics[accuracy]", False)),
}


def known(*runs: Training) -> list[Dossier]:
    store = a_store(*(one for run in runs for one in run.told()))
    found = dossiers(store, EVERYTHING, [run_key(run.uid) for run in runs])
    return [found[run_key(run.uid)] for run in runs]


def difference(first: Training, second: Training) -> RunDiff:
    one, other = known(first, second)
    return compare(one, other)


def told(changes: tuple[Change, ...]) -> list[tuple[ChangeKind, str | None, str, bool]]:
    return [(one.kind, one.step, one.path, one.causal) for one in changes]


# ------------------------------------------------------------------------------------------ what is planted is found
def test_runs_of_the_same_pipeline_on_the_same_data_do_not_differ() -> None:
    found = difference(FIRST, SECOND)
    assert (found.identical, found.changes, found.not_compared) == (True, (), ())


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_changed_is_told_once(name: str) -> None:
    changed, expected = PLANTED[name]
    assert told(difference(FIRST, replace(SECOND, **changed)).changes) == [expected]


@settings(max_examples=10)
@given(st.sets(st.sampled_from(sorted(PLANTED)), min_size=2))
def test_several_changes_are_each_told_once_and_both_ways(names: set[str]) -> None:
    if {"image", "tag"} <= names:
        names -= {"tag"}  # together they are one: another image
    changed = {name: value for each in names for name, value in PLANTED[each][0].items()}
    first, second = known(FIRST, replace(SECOND, **changed))
    found, back = compare(first, second), compare(second, first)
    assert sorted(told(found.changes), key=str) == sorted((PLANTED[each][1] for each in names), key=str)
    assert back.changes == tuple(one.mirrored for one in found.changes)
    assert (back.base, back.target) == (found.target, found.base)
    causes = [one.causal for one in found.changes]
    assert causes == sorted(causes, reverse=True)


@pytest.mark.parametrize("name", PLANTED)
def test_a_run_does_not_differ_from_itself(name: str) -> None:
    (mine,) = known(replace(FIRST, **PLANTED[name][0]))
    assert compare(mine, mine).changes == ()


# ------------------------------------------------------------------------------------------ what a change says
def the_change(**changed: Any) -> Change:
    (found,) = difference(FIRST, replace(SECOND, **changed)).changes
    return found


def test_the_same_bytes_elsewhere_are_told_apart_from_other_bytes_at_the_same_place() -> None:
    moved, other = the_change(data_key="raw/moved.csv"), the_change(data="others")
    assert (moved.causal, moved.detail) == (False, "the same content at another place")
    assert (other.causal, other.detail) == (True, "another content at the same place")
    assert other.before == f"s3:///raw/customers.csv {digest_of('customers')}"
    assert other.after == f"s3:///raw/customers.csv {digest_of('others')}"


def test_an_image_is_told_by_its_reference_and_its_digest() -> None:
    other = the_change(image_word="patched")
    assert other.before == f"registry.example/train:1 {digest_of('train')}"
    assert other.after == f"registry.example/train:1 {digest_of('patched')}"
    assert other.steps == ("train(0:1)", "train(1:2)")
    assert the_change(image="registry.example/train:2").detail == "another reference to the same image"


def test_what_was_left_out_after_a_failure_is_not_told_for_itself() -> None:
    found = difference(FIRST, replace(SECOND, failed=True))
    assert [(one.step, one.before, one.after) for one in found.changes] == [
        ("train(0:1)", "SUCCEEDED", "FAILED"),
        ("train(1:2)", "SUCCEEDED", "FAILED"),
    ]


def test_what_was_set_on_the_way_to_the_pods_is_of_the_environment() -> None:
    found = difference(FIRST, replace(SECOND, injected={"PROXY": "on"}))
    assert {(one.kind, one.step, one.path) for one in found.changes} == {
        (ChangeKind.ENVIRONMENT, step, "containers[main].env[PROXY]") for step in ("prepare", "train", "evaluate")
    }


def test_what_is_not_known_is_said_and_not_taken_for_the_same() -> None:
    store = a_store(*FIRST.told(), SECOND.workflow())
    found = dossiers(store, EVERYTHING, [run_key("u1"), run_key("u2")])
    diff = compare(found[run_key("u1")], found[run_key("u2")])
    assert "3 outputs: the content is not known of both" in diff.not_compared
    assert "the images of 4 steps: what ran is not known of both" in diff.not_compared
    assert (diff.changes, diff.identical) == ((), False)


def test_a_secret_is_compared_and_not_told() -> None:
    spec = {"arguments": {"parameters": [{"name": "api_key", "value": "first-of-some-secrets"}]}}
    other = {"arguments": {"parameters": [{"name": "api_key", "value": "another-of-the-secrets"}]}}
    store = a_store(a_workflow(spec=spec), a_workflow(spec=other, uid="u2", name="x"))
    found = dossiers(store, EVERYTHING, [run_key("u1"), run_key("u2")])
    (change,) = compare(found[run_key("u1")], found[run_key("u2")]).changes
    assert (change.path, change.before, change.after) == ("parameters[api_key]", "(redacted)", "(redacted)")
    assert "secret" in (change.detail or "")


# ------------------------------------------------------------------------------------------ matching
def steps_of(uid: str, name: str, *steps: str) -> list[Any]:
    nodes = {f"{name}-{index + 1_000_000}": a_node(f"{name}.{step}", 10, 20) for index, step in enumerate(steps)}
    pods = [a_pod(f"{uid}-{node}", node, 10, 20, owner=uid, workflow=name) for node in nodes]
    return [a_workflow(nodes, uid=uid, name=name, phase="Succeeded"), *pods]


def compared(first: tuple[str, ...], second: tuple[str, ...]) -> list[tuple[str | None, str | None, str | None]]:
    store = a_store(*steps_of("u1", "one-abcdef", *first), *steps_of("u2", "two-abcdef", *second))
    found = dossiers(store, EVERYTHING, [run_key("u1"), run_key("u2")])
    changes = compare(found[run_key("u1")], found[run_key("u2")]).changes
    return [(one.step, one.before, one.after) for one in changes]


def test_turns_of_a_loop_are_matched_by_their_items() -> None:
    assert compared(("a(0:x)", "a(1:y)"), ("a(0:y)", "a(1:x)")) == []
    assert compared(("a(0:x)", "a(1:y)"), ("a(0:y)", "a(1:z)")) == [], "the other items have the same number"
    assert compared(("a(0:x)",), ("a(0:x)", "a(1:(y))")) == [("a(1:(y))", None, "a(1:(y)) (POD)")]


def test_attempts_are_one_step_of_which_the_last_counts() -> None:
    assert compared(("a(0)", "a(1)"), ("a(0)",)) == [("a(0)", "2", "1")]


def test_a_group_of_steps_that_is_put_between_moves_none_of_the_others() -> None:
    assert compared(("[0].a", "[1].b"), ("[0].a", "[1].c", "[2].b")) == [("c", None, "c (POD)")]


def test_a_run_is_found_by_the_key_that_it_had_while_only_its_pods_were_known() -> None:
    workflow = FIRST.workflow(labels={RUN_ID: "told-by-kubeflow"})
    store = a_store(workflow, *FIRST.pods())
    asked, own = run_key("u1"), run_key("told-by-kubeflow")
    found = dossiers(store, EVERYTHING, [asked, own])
    assert found[asked] == found[own]
    assert {one.execution.display_name for one in found[asked].steps} == {
        "prepare",
        "train(0:1)",
        "train(1:2)",
        "evaluate",
    }


# ------------------------------------------------------------------------------------------ documents
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.lists(
            st.builds(
                lambda name, value: {"name": name, "value": value},
                st.sampled_from("abc"),
                inner,
            ),
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_documents_differ_where_they_are_not_equal(before: Any, after: Any) -> None:
    found = list(leaves(before, after))
    assert (not found) == same(before, after)
    assert len({one.path for one in found}) == len(found) or any("[" in part for one in found for part in one.path)


def same(before: Any, after: Any) -> bool:
    """Whether two documents are equal, where the order of named members says nothing, and true is not 1."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(same(before[name], after[name]) for name in before)
    if isinstance(before, list) and isinstance(after, list):
        named = [{one["name"]: one for one in each} for each in (before, after) if are_named(each)]
        if len(named) == 2:
            return same(*named)
        return len(before) == len(after) and all(map(same, before, after))
    return type(before) is type(after) and bool(before == after)


def are_named(members: list[Any]) -> bool:
    names = [one.get("name") if isinstance(one, dict) else None for one in members]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def test_a_member_of_a_list_that_is_put_between_is_the_one_difference() -> None:
    (found,) = leaves({"args": ["a", "b", "c"]}, {"args": ["a", "x", "b", "c"]})
    assert (found.written, found.after) == ("args[1]", "x")
