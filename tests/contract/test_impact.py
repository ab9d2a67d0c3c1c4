"""What descends from something: counted and listed, within a time, from an image, as far as the caller may see."""

from typing import Any

import pytest

from lineage.identity import Key, deployment_key, execution_key, run_key, unknown_key, written_key
from lineage.model import Direction, Impact
from lineage.ports import EVERYTHING, Scope
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    an_inference_service,
    moment,
    place,
    rfc3339,
)

pytestmark = pytest.mark.usefixtures("database")

DATA = unknown_key(place("data"))
MODEL = written_key("u2", "u2-1", 210, "x0")


def a_run(uid: str, start: float, *, reads: str, writes: str, namespace: str = "a") -> KubernetesObject:
    node = a_node(f"{uid}.main", start + 10, start + 20, reads=[reads], writes=[writes])
    return a_workflow(
        {f"{uid}-1": node},
        uid=uid,
        name=uid,
        phase="Succeeded",
        born=start,
        namespace=namespace,
        startedAt=rfc3339(start),
    )


def a_story() -> SqlStore:
    """Data is prepared, a model made of it twice, the first of them served; and something else happens besides."""
    return a_store(
        a_run("u1", 100, reads="data", writes="table"),
        a_run("u2", 200, reads="table", writes="model"),
        a_run("u3", 300, reads="table", writes="other", namespace="b"),
        a_run("u4", 400, reads="elsewhere", writes="unconnected"),
        a_pod(
            "p2", "u2-1", 210, 220, owner="u2", workflow="u2", image="r/train:1", image_id=f"r/train@sha256:{1:064x}"
        ),
        a_pod(
            "p4", "u4-1", 410, 420, owner="u4", workflow="u4", image="r/other:1", image_id=f"r/other@sha256:{2:064x}"
        ),
        an_inference_service("s3:///model", uid="d1", name="churn", born=250, written_at=250, ready_at=260),
    )


def impact(store: SqlStore, *roots: Key, scope: Scope = EVERYTHING, **asked: Any) -> Impact:
    found = store.impact(scope, roots, **{"first": 10, **asked})
    assert found is not None
    return found


def counts(found: Impact) -> tuple[int, int, int, int, int]:
    return found.run_count, found.execution_count, found.artifact_count, found.model_count, found.deployment_count


def test_runs_models_and_deployments_that_descend_from_an_input_are_counted_and_listed() -> None:
    found = impact(a_story(), DATA)
    assert counts(found) == (3, 3, 3, 1, 1)
    assert [run.name for run in found.runs] == ["u3", "u2", "u1"]
    assert [one.run_key for one in found.executions] == [run_key(name) for name in ("u3", "u2", "u1")]
    assert [one.uri for one in found.artifacts] == ["s3:///other", "s3:///model", "s3:///table"]
    assert [one.key for one in found.models] == [MODEL]
    assert [one.key for one in found.deployments] == [deployment_key("d1")]
    assert found.complete


def test_what_descends_is_what_a_walk_finds() -> None:
    store = a_story()
    for root in (DATA, MODEL, run_key("u1"), run_key("u4")):
        graph = store.lineage(EVERYTHING, [root], direction=Direction.DOWNSTREAM, max_depth=None, max_nodes=100)
        assert graph is not None
        kinds = [node.key[0] for node in graph.nodes if node.key != root]
        found = impact(store, root)
        assert (found.execution_count, found.artifact_count, found.deployment_count) == tuple(
            map(kinds.count, ("Execution", "Artifact", "Deployment"))
        )


def test_an_execution_that_is_asked_about_is_counted_and_an_artifact_is_not() -> None:
    store = a_story()
    assert counts(impact(store, execution_key("u2", "u2-1", 210))) == (1, 1, 1, 1, 1)
    assert counts(impact(store, MODEL)) == (0, 0, 0, 0, 1)


@pytest.mark.parametrize(
    ("since", "until", "runs", "deployments"),
    [
        (None, 150, ["u1"], 0),
        (150, None, ["u3", "u2"], 1),
        (150, 250, ["u2"], 1),
        (200, 200, ["u2"], 1),
        (250, None, ["u3"], 0),
        (350, None, [], 0),
    ],
)
def test_of_a_time_what_began_in_it_counts(
    since: float | None, until: float | None, runs: list[str], deployments: int
) -> None:
    found = impact(
        a_story(),
        DATA,
        since=None if since is None else moment(since),
        until=None if until is None else moment(until),
    )
    assert [run.name for run in found.runs] == runs
    assert (found.run_count, found.deployment_count) == (len(runs), deployments)
    assert {one.uri for one in found.artifacts} == {
        {"u1": "s3:///table", "u2": "s3:///model", "u3": "s3:///other"}[run] for run in runs
    }


@pytest.mark.parametrize("image", ["r/train:1", f"sha256:{1:064x}", f"r/train@sha256:{1:064x}"])
def test_an_image_is_the_executions_that_ran_it_and_what_came_of_them(image: str) -> None:
    assert counts(impact(a_story(), image=image)) == (1, 1, 1, 1, 1)


def test_an_image_and_nodes_are_asked_about_together() -> None:
    assert counts(impact(a_story(), run_key("u4"), image="r/train:1")) == (2, 2, 2, 1, 1)


def test_what_nobody_knows_is_told_apart_from_what_led_to_nothing() -> None:
    store = a_story()
    assert store.impact(EVERYTHING, [run_key("nobody")], first=10) is None
    assert store.impact(EVERYTHING, [], image="r/nobody:1", first=10) is None
    assert counts(impact(store, written_key("u4", "u4-1", 410, "x0"))) == (0, 0, 0, 0, 0)


def test_all_is_counted_however_little_is_listed() -> None:
    found = impact(a_story(), DATA, first=1)
    assert counts(found) == (3, 3, 3, 1, 1)
    assert [len(each) for each in (found.runs, found.executions, found.artifacts, found.models)] == [1, 1, 1, 1]
    assert found.runs[0].name == "u3"


def test_what_may_not_be_seen_is_not_counted_and_is_said_to_be_missing() -> None:
    found = impact(a_story(), DATA, scope=Scope(namespaces=frozenset({(CLUSTER, "a")})))
    assert ([run.name for run in found.runs], found.complete) == (["u2", "u1"], False)
    assert found.reasons == ("some nodes may not be seen",)


def test_a_model_is_what_its_type_says_is_one() -> None:
    node = a_node("u1.main", 10, 20, reads=["data"], writes=["a", "b"])
    workflow = a_workflow({"u1-1": node}, uid="u1", name="u1", phase="Succeeded")
    store = a_store(workflow)
    with store._writing() as connection:
        connection.exec_driver_sql("UPDATE artifact SET type = 'system.Model' WHERE name = 'x0'")
        connection.exec_driver_sql("UPDATE artifact SET type = 'system.Modeling' WHERE name = 'x1'")
    assert [one.uri for one in impact(store, DATA).models] == ["s3:///a"]
