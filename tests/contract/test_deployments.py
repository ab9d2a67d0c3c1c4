"""Deployments in the store: what they serve and served, whatever was seen first, and how that is asked for."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.evidence import Look
from lineage.identity import Key, deployment_key, object_store, run_key, unknown_key, written_key
from lineage.model import ArtifactRole, ArtifactState, Deployment, Direction, Hidden, ServedArtifact
from lineage.observation import LocationLooked, Observation
from lineage.ports import EVERYTHING, Condition, Listing, Operator, PageRequest, Scope
from lineage.store import open_store
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    RECORDED_AT,
    KubernetesObject,
    a_node,
    a_store,
    a_workflow,
    an_inference_service,
    deleted,
    dumped,
    facts_of,
    listed,
    looked,
    moment,
    observed,
    place,
    record,
)
from tests.postgresql import Server

pytestmark = pytest.mark.usefixtures("database")

ALL = PageRequest(first=1000)
D1, D2 = deployment_key("d1"), deployment_key("d2")
KEY, URI = "m/model.pkl", "s3:///m/model.pkl"
INFERENCE_SERVICES = "inferenceservices.serving.kserve.io"
MINIO = "minio.storage:9000"


def writes(run: str, start: float, end: float, key: str = KEY, *, endpoint: str | None = None) -> KubernetesObject:
    """A run that writes an object under a key, in a store that it names or in the one that goes without saying."""
    s3 = {"key": key, **({"endpoint": endpoint, "bucket": "b"} if endpoint else {})}
    node = a_node(f"{run}.main", start, end)
    node["outputs"]["artifacts"] = [{"name": "model", "s3": s3}]
    return a_workflow({f"{run}-1": node}, uid=run, name=run, phase="Succeeded")


def wrote(run: str, start: int) -> Key:
    return written_key(run, f"{run}-1", start, "model")


def service(uri: str = URI, **more: Any) -> KubernetesObject:
    """One that was written at 50 and ready at 60, if nothing else is said."""
    return an_inference_service(uri, **{"born": 50, "written_at": 50, "ready_at": 60, **more})


def served(store: SqlStore, key: Key = D1, scope: Scope = EVERYTHING) -> tuple[ServedArtifact, ...]:
    return store.served(scope, [key]).get(key, ())


def keys(store: SqlStore, key: Key = D1) -> list[Key]:
    return [one.artifact.key for one in served(store, key)]


def deployments(store: SqlStore, scope: Scope = EVERYTHING) -> dict[Key, Deployment]:
    return {one.key: one for one in store.deployments(scope, Listing(), ALL).items}


def in_any_order(*objects: Observation | KubernetesObject) -> Iterable[SqlStore]:
    return (a_store(*ordered, at_once=False) for ordered in permutations(objects))


# ------------------------------------------------------------------------------------------ views
def test_the_newest_view_of_a_deployment_counts() -> None:
    older, newer = service(version=1, ready_at=None), service(version=2, url="http://churn.example")
    for views in ((older, newer), (newer, older)):
        found = deployments(a_store(*views, at_once=False))[D1]
        assert (found.name, found.kind, found.url, found.ready) == (
            "churn",
            "InferenceService",
            "http://churn.example",
            True,
        )
        assert (found.since, found.created_at, found.in_cluster) == (moment(60), moment(50), True)


def test_what_comes_twice_adds_nothing() -> None:
    store = a_store(service())
    assert store.apply(facts_of(service()), recorded_at=RECORDED_AT) == (False, False)


def test_one_that_is_gone_is_not_ready_and_serves_nothing_now_and_stays_known() -> None:
    for gone in (deleted("d1", source="inference_service"), listed("a", 7, resource=INFERENCE_SERVICES)):
        for store in in_any_order(writes("u1", 10, 20), service(version=5), gone):
            found = deployments(store)[D1]
            assert (found.in_cluster, found.ready) == (False, False)
            assert [(one.artifact.key, one.is_served_now) for one in served(store)] == [(wrote("u1", 10), False)]
    kept = a_store(service(version=5), listed("a", 7, ["d1"], resource=INFERENCE_SERVICES))
    assert deployments(kept)[D1].in_cluster


# ------------------------------------------------------------------------------------------ which write
def test_a_model_is_the_write_that_was_there_at_rollout_whatever_was_seen_first() -> None:
    for store in in_any_order(writes("u1", 10, 20), writes("u2", 100, 110), service()):
        (one,) = served(store)
        assert (one.artifact.key, one.ambiguous, one.is_served_now) == (wrote("u1", 10), False, True)
        assert one.replaced_by is not None
        assert (one.changed_since, one.replaced_by.key) == (True, wrote("u2", 100))


def test_what_was_not_written_again_is_not_known_to_have_changed() -> None:
    (one,) = served(a_store(writes("u1", 10, 20), service()))
    assert (one.changed_since, one.replaced_by) == (None, None)
    (one,) = served(a_store(writes("u1", 10, 20), service(), looked(KEY, modified=20, at=70)))
    assert one.changed_since is False
    (one,) = served(
        a_store(writes("u1", 10, 20), service(), looked(KEY, modified=20, at=70), looked(KEY, modified=90, at=95))
    )
    assert one.changed_since is True
    assert one.replaced_by is not None
    assert one.replaced_by.producer_key is None


def test_a_write_during_the_rollout_leaves_two_possible() -> None:
    for store in in_any_order(writes("u1", 10, 20), writes("u2", 52, 55), service()):
        assert {(one.artifact.key, one.ambiguous) for one in served(store)} == {
            (wrote("u1", 10), True),
            (wrote("u2", 52), True),
        }


def test_what_nobody_is_known_to_have_written_is_an_artifact_of_its_place_alone() -> None:
    store = a_store(an_inference_service("hf://meta-llama/Llama-2-7b"))
    (one,) = served(store)
    assert (one.artifact.uri, one.artifact.producer_key) == ("hf://meta-llama/Llama-2-7b", None)


def test_what_an_outsider_put_there_is_known_once_somebody_looked() -> None:
    for store in in_any_order(service(), looked(KEY, modified=30, at=70)):
        (one,) = served(store)
        assert (one.artifact.created_at, one.changed_since) == (moment(30), False)


# ------------------------------------------------------------------------------------------ places around
@pytest.mark.parametrize(
    "uri", ["s3://b/m/model.pkl", "s3://b/m", "s3://b/m/", "s3://b/m/model.pkl/1/data.bin", "minio://b/m/model.pkl"]
)
def test_a_model_is_found_by_its_place_in_whichever_store_and_by_the_folder_and_a_file_in_it(uri: str) -> None:
    for store in in_any_order(writes("u1", 10, 20, endpoint=MINIO), writes("u2", 70, 80, endpoint=MINIO), service(uri)):
        (one,) = served(store)
        assert (one.artifact.key, one.ambiguous, one.changed_since) == (wrote("u1", 10), False, True)
        assert one.revision == "predictor 1"


@pytest.mark.parametrize("uri", ["s3://b", "s3://b/", "s3://b/m/mod", "s3://other/m/model.pkl", "gs://b/m/model.pkl"])
def test_what_is_elsewhere_is_not_served(uri: str) -> None:
    for store in in_any_order(writes("u1", 10, 20, endpoint=MINIO), service(uri)):
        assert wrote("u1", 10) not in keys(store)


def test_a_store_of_another_cluster_is_another_one() -> None:
    elsewhere = observed(writes("u1", 10, 20, endpoint=MINIO), cluster="other")
    public = observed(writes("u2", 10, 20, endpoint="s3.eu-west-1.amazonaws.com"), cluster="other")
    assert keys(a_store(elsewhere, public, service("s3://b/m/model.pkl"))) == [wrote("u2", 10)]


def test_all_that_lies_in_a_folder_is_served() -> None:
    objects = (writes("u1", 10, 20, "m/a"), writes("u2", 15, 25, "m/b/c"), service("s3:///m"))
    for store in in_any_order(*objects):
        assert set(keys(store)) == {wrote("u1", 10), wrote("u2", 15)}


def test_a_place_that_is_written_by_its_own_name_counts_beside_what_lies_in_it() -> None:
    for store in in_any_order(writes("u1", 10, 20, "m"), writes("u2", 15, 25, "m/b"), service("s3:///m")):
        assert set(keys(store)) == {wrote("u1", 10), wrote("u2", 15)}


def test_a_place_that_is_but_another_name_is_not_looked_at_by_that_name() -> None:
    for store in in_any_order(writes("u1", 10, 20, endpoint=MINIO), service("s3://b/m/model.pkl")):
        due = store.take_due_looks(now=RECORDED_AT, until=RECORDED_AT, limit=10)
        assert [one.location.store for one in due] == [object_store(MINIO, CLUSTER)]


def test_a_place_that_nobody_else_knows_is_looked_at_for_its_deployment() -> None:
    store = a_store(service("s3://b/m"))
    (due,) = store.take_due_looks(now=RECORDED_AT, until=RECORDED_AT, limit=10)
    assert (due.location.uri, due.cluster, due.namespace) == ("s3://b/m", CLUSTER, "a")


def test_a_model_in_a_claim_is_what_was_written_through_its_mount() -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "models"}}]
    container = {"name": "main", "volumeMounts": [{"name": "v", "mountPath": "/out", "subPath": "churn"}]}
    step = {"name": "main", "container": container}
    run = a_workflow(
        {"u1-1": a_node("u1.main", 10, 20, templateName="main")},
        uid="u1",
        name="u1",
        phase="Succeeded",
        spec={"volumes": volumes, "templates": [step]},
    )
    for store in in_any_order(run, service("pvc://models/churn/1")):
        (one,) = served(store)
        assert (one.artifact.uri, one.inferred) == ("pvc://a/models/churn", True)
        assert one.artifact.producer_key is not None


# ------------------------------------------------------------------------------------------ revisions
FIRST = service("s3:///m/1", revision="r1", traffic={"r1": 100}, version=1)
CANARY = service("s3:///m/2", revision="r2", traffic={"r1": 80, "r2": 20}, version=2, written_at=150, ready_at=160)
SECOND = service("s3:///m/2", revision="r2", traffic={"r2": 100}, version=3, written_at=170, ready_at=160)
THIRD = service("s3:///m/3", revision="r3", traffic={"r3": 100}, version=4, written_at=250, ready_at=260)


def test_two_models_are_served_while_one_is_tried_although_the_spec_holds_one() -> None:
    models = (writes("u1", 10, 20, "m/1"), writes("u2", 110, 120, "m/2"))
    for store in in_any_order(*models, FIRST, CANARY):
        assert {(one.revision, one.artifact.key, one.is_served_now) for one in served(store)} == {
            ("r1", wrote("u1", 10), True),
            ("r2", wrote("u2", 110), True),
        }
        assert {one.name: one.traffic_percent for one in store.revisions(EVERYTHING, [D1])[D1]} == {"r1": 80, "r2": 20}


def test_every_revision_stays_known_with_when_it_served() -> None:
    seen = [
        observed(view, seen_at=moment(at)) for view, at in ((FIRST, 61), (CANARY, 161), (SECOND, 180), (THIRD, 261))
    ]
    for store in in_any_order(*seen):
        found = store.revisions(EVERYTHING, [D1])[D1]
        assert [(one.name, one.models and one.models[0].uri) for one in found] == [
            ("r1", "s3:///m/1"),
            ("r2", "s3:///m/2"),
            ("r3", "s3:///m/3"),
        ]
        assert [(one.since, one.until) for one in found] == [
            (moment(60), moment(180)),
            (moment(160), moment(260)),
            (moment(260), None),
        ]
        assert [one.is_served_now for one in served(store)] == [True, False, False]
        assert served(store)[0].artifact.uri == "s3:///m/3"


# ------------------------------------------------------------------------------------------ content
def looked_at(key: str, digest: str, *, modified: float, at: float) -> LocationLooked:
    """A look at what lies under a key, whose bytes were read."""
    where = place(key)
    look = Look(
        state=ArtifactState.PRESENT, size_bytes=1, modified_at=moment(modified), etag=f"e{modified}", digest=digest
    )
    return LocationLooked(
        source="objects", cluster=CLUSTER, seen_at=moment(at), store=where.store, uri=where.uri, look=look
    )


def test_what_somebody_copied_to_where_it_is_served_leads_to_the_artifact_of_its_content() -> None:
    digest = f"sha256:{7:064x}"
    objects = (
        writes("u1", 10, 20, "runs/1/model"),
        looked_at("runs/1/model", digest, modified=20, at=22),
        looked_at("serving/churn", digest, modified=40, at=70),
        service("s3:///serving/churn"),
    )
    for store in in_any_order(*objects):
        original, copied = served(store)
        assert (original.artifact.key, original.by_content, original.inferred) == (wrote("u1", 10), True, True)
        assert (copied.artifact.uri, copied.by_content, copied.inferred) == ("s3:///serving/churn", False, False)
        for root, way in ((D1, Direction.UPSTREAM), (wrote("u1", 10), Direction.DOWNSTREAM)):
            graph = store.lineage(EVERYTHING, [root], direction=way, max_depth=None, max_nodes=10)
            closure = store.closure(EVERYTHING, [root], direction=way, max_nodes=10)
            assert graph is not None
            assert closure is not None
            assert {wrote("u1", 10), D1} <= {node.key for node in graph.nodes}
            assert set(closure.ids) == {node.id for node in graph.nodes}
            assert [(copy.source, copy.target) for copy in graph.copies] == [(original.artifact.id, copied.artifact.id)]


def test_what_was_written_later_is_not_what_was_copied() -> None:
    digest = f"sha256:{7:064x}"
    store = a_store(
        service("s3:///serving/churn"),
        looked_at("serving/churn", digest, modified=40, at=70),
        writes("u1", 100, 110, "runs/1/model"),
        looked_at("runs/1/model", digest, modified=110, at=112),
    )
    assert [one.by_content for one in served(store)] == [False]


# ------------------------------------------------------------------------------------------ questions
def test_downstream_of_data_lie_the_deployments_and_upstream_of_these_the_data() -> None:
    train = a_node("u1.train", 10, 20, reads=["data.csv"], writes=[KEY])
    store = a_store(a_workflow({"u1-1": train}, phase="Succeeded"), service())
    for root, way in ((D1, Direction.UPSTREAM), (unknown_key(place("data.csv")), Direction.DOWNSTREAM)):
        graph = store.lineage(EVERYTHING, [root], direction=way, max_depth=None, max_nodes=10)
        assert graph is not None
        assert {node.key[0] for node in graph.nodes} == {"Artifact", "Deployment", "Execution"}
        assert [edge.name for edge in graph.edges if edge.role is ArtifactRole.SERVED] == ["predictor 1"]
        assert len(graph.nodes) == 4
        closure = store.closure(EVERYTHING, [root], direction=way, max_nodes=10)
        assert closure is not None
        assert set(closure.ids) == {node.id for node in graph.nodes}


def test_deployments_are_filtered_and_ordered() -> None:
    other = service("s3:///n", uid="d2", name="fraud", namespace="b", born=40, ready_at=None)
    store = a_store(writes("u1", 10, 20), service(), other)

    def found(field: str, value: Any) -> list[str]:
        where = Condition(field=field, operator=Operator.EQ, value=value)
        return [one.name for one in store.deployments(EVERYTHING, Listing(where=where), ALL).items]

    assert found("name", "fraud") == ["fraud"]
    assert found("namespace", "a") == ["churn"]
    assert found("cluster", CLUSTER) == ["churn", "fraud"]
    assert found("kind", "TrainedModel") == []
    assert (found("ready", True), found("ready", False)) == (["churn"], ["fraud"])
    assert found("model", wrote("u1", 10)) == ["churn"]
    assert found("model", wrote("u2", 10)) == []
    assert store.count(EVERYTHING, Deployment, Listing()) == 2


def test_who_may_not_see_a_namespace_sees_neither_its_deployments_nor_what_they_serve() -> None:
    store = a_store(writes("u1", 10, 20), service(namespace="b"))
    mine, theirs = Scope(namespaces=frozenset({(CLUSTER, "a")})), Scope(namespaces=frozenset({(CLUSTER, "b")}))
    assert (deployments(store, mine), served(store, scope=mine)) == ({}, ())
    assert list(deployments(store, theirs)) == [D1]
    assert served(store, scope=theirs) == ()
    graph = store.lineage(mine, [run_key("u1")], direction=Direction.DOWNSTREAM, max_depth=None, max_nodes=10)
    assert graph is not None
    veils = [node for node in graph.nodes if isinstance(node, Hidden)]
    assert (graph.complete, len(graph.nodes), len(veils)) == (False, 3, 1)
    alone = a_store(service(namespace="b"))
    assert len(served(alone, scope=theirs)) == 1


def test_a_deployment_is_found_by_its_id_its_name_and_its_uid() -> None:
    store = a_store(service())
    assert store.get(EVERYTHING, [D1])[D1].key == D1
    for text in ("CHURN", "chu", "d1"):
        assert [one.key for one in store.search(EVERYTHING, text, ALL).items if one.key[0] == "Deployment"] == [D1]


def test_a_trained_model_leads_to_what_it_is_loaded_into() -> None:
    spec = {"inferenceService": "churn", "model": {"storageUri": URI, "framework": "sklearn", "memory": "1Gi"}}
    trained = an_inference_service(
        spec=spec,
        uid="d2",
        name="extra",
        kind="TrainedModel",
        api_version="serving.kserve.io/v1alpha1",
        born=50,
        metadata={"generation": 1},
        ready_at=60,
    )
    for store in in_any_order(trained, service(), writes("u1", 10, 20)):
        assert deployments(store)[D2].parent_key == D1
        assert keys(store, D2) == [wrote("u1", 10)]
    assert deployments(a_store(trained))[D2].parent_key is None


# ------------------------------------------------------------------------------------------ any order
@st.composite
def worlds(draw: st.DrawFn) -> list[Observation | KubernetesObject]:
    """Writes, looks and services at a few places that have to do with one another."""
    paths = st.sampled_from(["m", "m/a", "m/a/1", "m/b", "n"])
    found: list[Observation | KubernetesObject] = []
    for number in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, 30)) * 10
        endpoint = draw(st.sampled_from([None, MINIO]))
        found.append(writes(f"u{number}", start, start + draw(st.integers(0, 30)), draw(paths), endpoint=endpoint))
    for number in range(draw(st.integers(1, 2))):
        at = 0
        for version in range(1, draw(st.integers(1, 3)) + 1):
            at += draw(st.integers(1, 12)) * 10
            named = draw(st.booleans())
            bucket = draw(st.sampled_from(["", "b"]))
            view = an_inference_service(
                f"s3://{bucket}/{draw(paths)}",
                uid=f"d{number}",
                name=f"service-{number}",
                version=version,
                written_at=draw(st.sampled_from([None, at])),
                ready_at=draw(st.sampled_from([None, at + 15])),
                revision=f"r{version}" if named else None,
            )
            found.append(observed(view, seen_at=moment(at + draw(st.integers(0, 40)))))
    for _ in range(draw(st.integers(0, 3))):
        changed = draw(st.integers(0, 300))
        found.append(looked(draw(paths), modified=changed, at=changed + draw(st.integers(0, 50)), etag=f"e{changed}"))
    return found


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), data=st.data())
def test_any_order_repetition_and_split_of_the_same_views_comes_to_the_same(
    world: list[Observation | KubernetesObject], data: st.DataObject
) -> None:
    told = dumped(a_store(*world))
    again = data.draw(st.permutations([*world, *data.draw(st.lists(st.sampled_from(world), max_size=3))]))
    cut = data.draw(st.integers(0, len(again)))
    store = a_store(*again[:cut])
    record(store, *again[cut:])
    assert dumped(store) == told
    assert dumped(a_store(*again, at_once=False)) == told


def test_several_recorders_miss_nothing_of_one_another(postgresql: Server) -> None:
    """Services and writes of places around theirs, recorded at the same time, in either order."""
    url = postgresql.new_database()
    facts = [
        facts_of(one)
        for number in range(8)
        for one in (
            writes(f"u{number}", 10, 20, f"m{number}/model", endpoint=MINIO),
            writes(f"v{number}", 12, 22, f"m{number}/more"),
            service(f"s3://b/m{number}", uid=f"d{number}", name=f"service-{number}"),
            service(f"s3:///m{number}", uid=f"e{number}", name=f"other-{number}"),
        )
    ]
    random.Random(7).shuffle(facts)
    with ThreadPoolExecutor(4) as pool, closing(open_store(url)) as store:
        list(pool.map(lambda each: store.apply(each, recorded_at=RECORDED_AT), facts))
        alone = a_store()
        for each in facts:
            alone.apply(each, recorded_at=RECORDED_AT)
        assert dumped(store) == dumped(alone)
