"""Looks at objects in the store: what they say of artifacts, and who is to look where."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Final

import pytest
from msgspec import structs

from lineage.evidence import Look
from lineage.identity import Key, raw_location, written_key
from lineage.model import Artifact, ArtifactState
from lineage.observation import LocationLooked, ObjectSeen, Observation
from lineage.ports import EVERYTHING, Condition, Listing, Operator, Order, PageRequest, Scope
from lineage.store.sql import SqlStore
from tests.contract.test_statements import counted
from tests.factories import (
    CLUSTER,
    NAMESPACE,
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    dumped,
    facts_of,
    looked,
    moment,
    observed,
    place,
    record,
)

pytestmark = pytest.mark.usefixtures("database")

NODE: Final = "w-1000001"
WRITE: Final = written_key("u1", NODE, 10, "x0")
ONE: Final = f"sha256:{'1' * 64}"
RUN: Final = a_workflow({NODE: a_node("w.a", 10, 20, writes=["k"])})


def read_look(at: float, *, modified: float = 19, etag: str = "e") -> LocationLooked:
    seen = looked("k", modified=modified, at=at, etag=etag)
    return structs.replace(seen, look=replace(seen.look, digest=ONE, content_digest=ONE))


def nothing(at: float, state: ArtifactState = ArtifactState.MISSING, reason: str = "it is gone") -> LocationLooked:
    return structs.replace(looked("k", modified=19, at=at), look=Look(state=state, reason=reason))


def artifact(store: SqlStore, key: Key = WRITE) -> Artifact:
    found = store.get(EVERYTHING, [key])[key]
    assert isinstance(found, Artifact)
    return found


def said(store: SqlStore, key: Key = WRITE) -> list[tuple[float, ArtifactState, str]]:
    return [(look.at.timestamp(), look.state, look.evidence) for look in store.history(EVERYTHING, [key]).get(key, ())]


def listed(store: SqlStore, field: str, operator: Operator, value: object, *orders: Order) -> list[Key]:
    where = Condition(field=field, operator=operator, value=value)
    page = store.artifacts(EVERYTHING, Listing(where=where, order=orders), PageRequest(first=10))
    return [item.key for item in page.items]


def test_an_artifact_that_nobody_looked_at_is_unverified() -> None:
    store = a_store(RUN)
    assert artifact(store).state is ArtifactState.UNVERIFIED
    assert said(store) == []


def test_a_look_tells_the_size_and_the_digests_of_an_artifact() -> None:
    store = a_store(RUN, read_look(30))
    found = artifact(store)
    assert (found.state, found.size_bytes, found.digest, found.content_digest) == (ArtifactState.PRESENT, 1, ONE, ONE)


def test_each_look_is_kept_and_the_newest_comes_first() -> None:
    store = a_store(RUN, read_look(30), nothing(60), looked("k", modified=80, at=90, etag="f"))
    at = moment(0).timestamp()
    assert said(store) == [
        (at + 90, ArtifactState.CHANGED, "size, ETag and time of the last change"),
        (at + 60, ArtifactState.MISSING, "it is gone"),
        (at + 30, ArtifactState.PRESENT, "its bytes were read"),
    ]
    assert artifact(store).state is ArtifactState.CHANGED


@pytest.mark.parametrize("at_once", [True, False])
def test_looks_come_before_what_they_show_as_well(*, at_once: bool) -> None:
    looks = [read_look(30), nothing(60)]
    later = a_store(*looks, RUN, at_once=at_once)
    assert dumped(later) == dumped(a_store(RUN, *looks))
    assert said(later) == said(a_store(RUN, *looks))


def test_a_look_that_is_told_twice_counts_once() -> None:
    store = a_store(RUN, read_look(30))
    before = said(store)
    record(store, read_look(30))
    assert said(store) == before


def test_what_looks_tell_can_be_filtered_and_ordered_by() -> None:
    other = written_key("u1", NODE, 10, "x1")
    large = structs.replace(looked("large", modified=19, at=30), look=replace(read_look(30).look, size_bytes=2**40))
    large = structs.replace(large, look=replace(large.look, digest=None, content_digest=None))
    store = a_store(a_workflow({NODE: a_node("w.a", 10, 20, writes=["k", "large", "raw"])}), read_look(30), large)
    assert listed(store, "digest", Operator.EQ, ONE) == [WRITE]
    assert listed(store, "contentDigest", Operator.EQ, ONE) == [WRITE]
    by_size = Order(field="SIZE", descending=True)
    assert listed(store, "state", Operator.EQ, ArtifactState.PRESENT, by_size) == [other, WRITE]
    assert listed(store, "state", Operator.EQ, ArtifactState.UNVERIFIED) == [written_key("u1", NODE, 10, "x2")]
    assert len(listed(store, "digest", Operator.IS_NULL, True)) == 2


def test_who_may_not_see_an_artifact_sees_no_look_at_it() -> None:
    store = a_store(RUN, read_look(30))
    assert store.history(Scope(namespaces=frozenset({(CLUSTER, "another")})), [WRITE]) == {}


# ------------------------------------------------------------------------------------------ what Argo removed
REMOVED: Final = "Argo's garbage collection says that it removed it"
OTHER: Final = written_key("u1", "w-1000002", 30, "x0")


def collected(at: float, *, version: int | None = 2) -> ObjectSeen:
    """A view of the workflow whose output Argo has removed, as a watcher saw it at a time."""
    node = a_node("w.a", 10, 20, writes=["k"])
    node["outputs"]["artifacts"][0]["deleted"] = True
    return observed(a_workflow({NODE: node}, version=version), seen_at=moment(at))


def overwriting() -> KubernetesObject:
    """The workflow after another of its steps wrote to the same place; what the first wrote is removed."""
    nodes = {NODE: a_node("w.a", 10, 20, writes=["k"]), "w-1000002": a_node("w.b", 30, 40, writes=["k"])}
    nodes[NODE]["outputs"]["artifacts"][0]["deleted"] = True
    return a_workflow(nodes, version=3)


def test_what_argo_removed_is_missing_and_it_is_told_who_says_so_and_when() -> None:
    store = a_store(RUN, collected(60))
    assert artifact(store).state is ArtifactState.MISSING
    assert said(store) == [(60, ArtifactState.MISSING, REMOVED)]
    assert listed(store, "state", Operator.EQ, ArtifactState.MISSING) == [WRITE]


def test_what_argo_removed_keeps_what_looks_told_of_it() -> None:
    store = a_store(RUN, read_look(30), collected(60))
    found = artifact(store)
    assert (found.state, found.size_bytes, found.digest) == (ArtifactState.MISSING, 1, ONE)
    assert said(store) == [(60, ArtifactState.MISSING, REMOVED), (30, ArtifactState.PRESENT, "its bytes were read")]


def test_a_later_look_that_finds_it_counts() -> None:
    store = a_store(RUN, read_look(30), collected(60), read_look(90))
    assert artifact(store).state is ArtifactState.PRESENT
    store = a_store(RUN, collected(60), read_look(90))
    assert [state for _, state, _ in said(store)] == [ArtifactState.PRESENT, ArtifactState.MISSING]
    assert artifact(store).state is ArtifactState.PRESENT


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_however_often_and_in_which_order_it_is_said_the_first_time_counts(
    order: tuple[int, ...], *, at_once: bool
) -> None:
    views: list[Observation] = [collected(60), collected(90, version=3), collected(75, version=None), read_look(70)]
    store = a_store(*(views[number] for number in order), collected(99), at_once=at_once)
    assert said(store) == [(70, ArtifactState.PRESENT, "its bytes were read"), (60, ArtifactState.MISSING, REMOVED)]
    assert artifact(store).state is ArtifactState.PRESENT


def test_what_was_seen_later_in_a_newer_view_and_earlier_in_an_older_one_is_dated_by_the_earlier() -> None:
    store = a_store(collected(90, version=3))
    before = dumped(store)
    assert store.apply(facts_of(collected(60)), recorded_at=moment(100))[-1]
    assert said(store) == [(60, ArtifactState.MISSING, REMOVED)]
    assert store.apply(facts_of(collected(60)), recorded_at=moment(100)) == (False, False, False)
    assert dumped(store) == before


def test_it_is_said_of_one_output_and_not_of_what_others_wrote_there() -> None:
    store = a_store(observed(overwriting(), seen_at=moment(60)))
    assert (artifact(store).state, artifact(store, OTHER).state) == (ArtifactState.MISSING, ArtifactState.UNVERIFIED)
    assert said(store, OTHER) == []


def test_who_took_an_output_over_says_nothing_of_it() -> None:
    skipped = a_node("v.a", 50, 50, "Skipped", kind="Skipped", writes=["k"], message=f"original pod: {NODE}")
    skipped["outputs"]["artifacts"][0]["deleted"] = True
    store = a_store(RUN, observed(a_workflow({"v-1": skipped}, uid="u2", name="v"), seen_at=moment(60)))
    assert artifact(store).state is ArtifactState.UNVERIFIED
    by_kubeflow = a_pod("p", NODE, 10, 20, labels={"pipelines.kubeflow.org/reused_from_cache": "true"})
    assert dumped(a_store(collected(60), by_kubeflow)) == dumped(a_store(by_kubeflow, RUN, collected(60)))


def test_what_argo_says_is_looked_at_soon_and_again_only_where_it_is_news() -> None:
    store = a_store(RUN, looked("k", modified=19, at=30))
    assert due(store, 40) == []
    record(store, collected(60))
    assert due(store, 61, lease=900) == ["k"]
    record(store, collected(62, version=3), collected(60))
    assert due(store, 63) == []


def test_a_store_that_is_made_anew_from_what_another_keeps_dates_it_alike() -> None:
    store = a_store(RUN, read_look(30), collected(60))
    kept: list[Observation] = [
        structs.replace(one, source="argo_workflow") if isinstance(one, ObjectSeen) else one
        for one in store.observations(seen_at=moment(1000))
    ]
    assert said(a_store(*kept)) == said(store)


# ------------------------------------------------------------------------------------------ where to look
def due(store: SqlStore, at: float, *, lease: float = 60, limit: int = 10) -> Sequence[str]:
    now = moment(at)
    taken = store.take_due_looks(now=now, until=now + timedelta(seconds=lease), limit=limit)
    return sorted(one.location.uri.rpartition("/")[2] for one in taken)


def test_new_artifacts_are_due_at_once_and_given_to_one_alone() -> None:
    store = a_store(a_workflow({NODE: a_node("w.a", 10, 20, writes=["k", "m"])}))
    assert due(store, 30, limit=1) != due(store, 30, limit=1)
    assert due(store, 30) == []
    assert due(store, 91) == ["k", "m"]  # whoever took them did not look


def test_it_is_said_whose_they_are() -> None:
    store = a_store(a_workflow({NODE: a_node("w.a", 10, 20, writes=["k"])}))
    (one,) = store.take_due_looks(now=moment(30), until=moment(90), limit=10)
    assert (one.cluster, one.namespace) == (CLUSTER, NAMESPACE)


def test_what_was_looked_at_is_due_again_later_and_sooner_where_it_was_written_again() -> None:
    store = a_store(RUN, looked("k", modified=19, at=30))
    assert due(store, 40) == []
    assert due(store, 30 + 3600) == ["k"]
    again = a_workflow({"v-1": a_node("v.a", 5000, 5010, writes=["k"])}, uid="u2", name="v")
    record(store, looked("k", modified=19, at=4000), again)
    assert due(store, 5020) == ["k"]


def test_a_value_that_is_kept_in_the_workflow_is_never_due() -> None:
    node = a_node("w.a", 10, 20)
    node["outputs"]["artifacts"] = [{"name": "x0", "raw": {"data": "text"}}]
    store = a_store(a_workflow({NODE: node}))
    assert due(store, 10**6) == []
    raw = raw_location("text")
    assert (store.places_waiting([raw.uri], now=moment(0)), store.hurry([raw], now=moment(0))) == ([], 0)


# ------------------------------------------------------------------------------------------ looking sooner
def test_what_is_hurried_is_due_at_once_and_everything_else_when_it_was() -> None:
    other = a_workflow({"v-1": a_node("v.a", 10, 20, writes=["other"])}, uid="u2", name="v")
    store = a_store(RUN, other, looked("k", modified=19, at=30), looked("other", modified=19, at=30))
    before = dumped(store)
    assert store.hurry([place("k"), place("unknown")], now=moment(40)) == 1
    assert dumped(store) == before
    assert due(store, 39) == []
    assert due(store, 40) == ["k"]
    assert due(store, 30 + 3600) == ["k", "other"]


def test_what_is_due_is_not_hurried_again() -> None:
    store = a_store(RUN, looked("k", modified=19, at=30))
    assert [store.hurry([place("k")], now=moment(at)) for at in (40, 40, 50)] == [1, 0, 0]
    assert due(store, 40) == ["k"]


def test_what_somebody_looks_at_meanwhile_is_looked_at_again() -> None:
    store = a_store(RUN)
    assert due(store, 30, lease=900) == ["k"]
    assert store.hurry([place("k")], now=moment(31)) == 1
    assert due(store, 31) == ["k"]


@pytest.mark.parametrize(("began", "is_due"), [(33, True), (36, False)])
def test_a_look_that_began_before_a_place_was_hurried_does_not_count_for_that(began: float, *, is_due: bool) -> None:
    store = a_store(RUN)
    assert due(store, 30, lease=900) == ["k"]
    store.hurry([place("k")], now=moment(35))
    if not is_due:
        assert due(store, 36, lease=900) == ["k"]
    store.apply(facts_of(looked("k", modified=19, at=began)), recorded_at=moment(40))
    assert due(store, 40) == (["k"] if is_due else [])


def test_places_are_found_by_their_uri_as_long_as_they_wait_and_with_whose_they_are() -> None:
    store = a_store(RUN, looked("k", modified=19, at=30))
    uri = place("k").uri
    (found,) = store.places_waiting([uri, "s3:///unknown", "\0"], now=moment(40))
    assert (found.location, found.cluster, found.namespace) == (place("k"), CLUSTER, NAMESPACE)
    store.hurry([place("k")], now=moment(40))
    assert store.places_waiting([uri], now=moment(40)) == []
    assert store.places_waiting([], now=moment(40)) == []


def test_equal_uris_in_two_stores_are_two_places() -> None:
    node = a_node("w.a", 10, 20)
    s3 = {"bucket": "b", "key": "k"}
    node["outputs"]["artifacts"] = [
        {"name": str(number), "s3": s3 | {"endpoint": f"minio-{number}:9000"}} for number in range(2)
    ]
    store = a_store(a_workflow({NODE: node}))
    assert due(store, 30, lease=900) == ["k", "k"]
    first, second = store.places_waiting(["s3://b/k"], now=moment(30))
    assert store.hurry([first.location], now=moment(31)) == 1
    assert [one.location for one in store.places_waiting(["s3://b/k"], now=moment(32))] == [second.location]


def test_who_hurries_who_records_and_who_takes_places_do_not_wait_for_each_other() -> None:
    keys = [f"k{number}" for number in range(30)]
    store = a_store(a_workflow({NODE: a_node("w.a", 10, 20, writes=keys)}))
    backwards = [place(key) for key in reversed(keys)]

    def look(number: int) -> None:
        record(store, *(looked(key, modified=19, at=30 + number) for key in keys))

    def hurry(number: int) -> None:
        store.hurry(backwards, now=moment(30 + number))

    def take(number: int) -> None:
        due(store, 30 + number, limit=100)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: each[0](each[1]), [(do, n) for n in range(20) for do in (look, hurry, take, hurry)]))
    assert len(said(store)) == 20


def test_thousands_are_hurried_in_few_statements() -> None:
    keys = [f"k{number}" for number in range(2500)]
    store = a_store(a_workflow({NODE: a_node("w.a", 10, 20, writes=keys)}))
    assert len(due(store, 30, lease=900, limit=10_000)) == 2500
    with counted(store) as statements:
        waiting = store.places_waiting([place(key).uri for key in keys] * 2, now=moment(40))
        assert store.hurry([one.location for one in waiting], now=moment(40)) == 2500
    assert len(statements) < 40
