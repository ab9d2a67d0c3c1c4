"""The ledger of completeness: when sources were watched, and what may have come and gone when they were not."""

import random
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from lineage.errors import InvalidRequest
from lineage.facts import SourceObserved
from lineage.model import Completeness, Gap, SourceState, SourceStatus
from lineage.observation import Observation, ResourceFollowed, ResourceListed
from lineage.ports import EVERYTHING, PageRequest
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    PODS,
    RECORDED_AT,
    WORKFLOWS,
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    dumped,
    facts_of,
    moment,
    record,
)

pytestmark = pytest.mark.usefixtures("database")

ALL = PageRequest(first=100)


# ------------------------------------------------------------------------------------------ what watchers tell
def listed(
    at: float,
    version: int,
    *,
    resource: str = PODS,
    namespace: str = "*",
    objects: tuple[tuple[int, int], ...] = (),
    reason: str | None = None,
) -> ResourceListed:
    """A list of `objects`, each by its version and the time of its creation."""
    return ResourceListed(
        source="pod" if resource == PODS else "argo_workflow",
        cluster=CLUSTER,
        seen_at=moment(at),
        resource=resource,
        namespace=namespace,
        resource_version=str(version),
        uids=tuple(f"uid-{number}" for number in range(len(objects))),
        versions=tuple(str(of) for of, _ in objects),
        born=tuple(born for _, born in objects),
        reason=reason,
    )


def followed(
    since: ResourceListed, at: float, version: int, *, objects: int = 0, of: str | None = None
) -> ResourceFollowed:
    return ResourceFollowed(
        source=since.source,
        cluster=since.cluster,
        seen_at=moment(at),
        resource=since.resource,
        namespace=of or since.namespace,
        since=since.resource_version,
        since_at=since.seen_at,
        until=str(version),
        objects=objects,
    )


def watched(start: float, end: float, *, resource: str = PODS, namespace: str = "*") -> list[Observation]:
    """A watcher that saw everything from one time to another. Versions are those times in tenths of a second."""
    first = listed(start, int(start * 10), resource=resource, namespace=namespace)
    return [first, followed(first, end, int(end * 10))]


def stated(state: SourceState, at: float, message: str | None = None, *, namespace: str = "*") -> SourceObserved:
    place = {"source": "pod", "cluster": CLUSTER, "resource": PODS, "namespace": namespace}
    return SourceObserved(**place, at=moment(at), state=state, message=message, objects=0)


def source(store: SqlStore) -> SourceStatus:
    (found,) = store.sources(EVERYTHING)
    return found


def gaps(store: SqlStore, page: PageRequest = ALL) -> tuple[Gap, ...]:
    return store.gaps(EVERYTHING, source(store), page).items


def times(store: SqlStore) -> list[tuple[datetime, datetime | None]]:
    return [(gap.began_at, gap.ended_at) for gap in gaps(store)]


@pytest.fixture
def store() -> SqlStore:
    """A store that has heard of a watcher of all pods."""
    store = a_store()
    store.apply([stated(SourceState.SYNCED, 0)], recorded_at=RECORDED_AT)
    return store


# ------------------------------------------------------------------------------------------ gaps of a source
def test_a_source_that_was_watched_all_the_time_has_no_gap_and_says_until_when(store: SqlStore) -> None:
    record(store, *watched(100, 200))
    assert (gaps(store), source(store).gap_count) == ((), 0)
    assert source(store).watched_until == moment(200)


def test_what_was_before_the_first_list_is_no_gap(store: SqlStore) -> None:
    record(store, listed(100, 1000, objects=((1, 1),)))
    assert gaps(store) == ()


def test_between_two_watchers_lies_a_gap_with_what_the_list_after_it_showed(store: SqlStore) -> None:
    first = listed(100, 1000)
    second = listed(300, 3000, objects=((900, 50), (2500, 50), (2900, 250)), reason="410: Expired")
    record(store, first, followed(first, 200, 2000, objects=4), second)
    expected = Gap(began_at=moment(200), ended_at=moment(300), reason="410: Expired", created=1, changed=1, gone=2)
    assert gaps(store) == (expected,)
    assert source(store).gap_count == 1


def test_a_gap_begins_where_the_last_word_of_the_server_can_have_been_sent(store: SqlStore) -> None:
    first = listed(100, 1000)
    late = structs.replace(followed(first, 200, 2000), sent_after=moment(150))
    record(store, first, late, listed(300, 3000))
    assert times(store) == [(moment(150), moment(300))]
    record(store, structs.replace(followed(first, 210, 2000), sent_after=moment(170)))  # another watcher knows better
    assert times(store) == [(moment(170), moment(300))]


def test_a_watcher_that_had_just_begun_says_that_nobody_watched(store: SqlStore) -> None:
    record(store, *watched(100, 200), *watched(300, 400))
    assert [gap.reason for gap in gaps(store)] == ["nobody watched"]


def test_a_list_in_which_nothing_was_left_says_how_many_are_gone(store: SqlStore) -> None:
    first = listed(100, 1000)
    record(store, first, followed(first, 200, 2000, objects=3), listed(300, 3000))
    assert [(gap.created, gap.changed, gap.gone) for gap in gaps(store)] == [(0, 0, 3)]


def test_two_watchers_that_overlap_leave_no_gap(store: SqlStore) -> None:
    record(store, *watched(100, 200), *watched(300, 400), *watched(150, 350))
    assert gaps(store) == ()


def test_a_list_at_the_version_that_was_watched_last_closes_no_gap_for_there_is_none(store: SqlStore) -> None:
    record(store, *watched(100, 200), listed(300, 2000))
    assert gaps(store) == ()
    assert source(store).watched_until == moment(300)


def test_another_resource_or_namespace_or_cluster_covers_nothing(store: SqlStore) -> None:
    record(store, *watched(100, 200), *watched(300, 400))
    record(store, *watched(100, 400, resource=WORKFLOWS), *watched(100, 400, namespace="a"))
    assert times(store) == [(moment(200), moment(300))]


@pytest.mark.parametrize(
    ("state", "message", "reason"),
    [
        (SourceState.STOPPED, None, "nobody watched"),
        (SourceState.FORBIDDEN, "403: pods is forbidden", "403: pods is forbidden"),
        (SourceState.ABSENT, None, "it is not installed"),
    ],
)
def test_a_gap_is_open_while_nobody_watches(
    store: SqlStore, state: SourceState, message: str | None, reason: str
) -> None:
    record(store, *watched(50, 60), *watched(100, 200))
    store.apply([stated(state, 250, message)], recorded_at=RECORDED_AT)
    assert [(gap.began_at, gap.ended_at) for gap in gaps(store)] == [(moment(200), None), (moment(60), moment(100))]
    assert (gaps(store)[0].reason, source(store).gap_count) == (reason, 2)


def test_no_gap_is_open_where_one_watcher_stopped_and_another_went_on(store: SqlStore) -> None:
    record(store, *watched(100, 200))
    store.apply([stated(SourceState.STOPPED, 250)], recorded_at=RECORDED_AT)
    record(store, *watched(150, 300))
    assert (gaps(store), source(store).gap_count) == ((), 0)


def test_gaps_have_pages(store: SqlStore) -> None:
    for start in range(100, 800, 100):
        record(store, *watched(start, start + 50))
    store.apply([stated(SourceState.STOPPED, 800)], recorded_at=RECORDED_AT)
    whole = store.gaps(EVERYTHING, source(store), ALL)
    assert (len(whole.items), whole.has_next, whole.has_previous) == (7, False, False)
    found: list[Gap] = []
    after = None
    while True:
        page = store.gaps(EVERYTHING, source(store), PageRequest(first=2, after=after))
        found += page.items
        if not page.has_next:
            break
        after = page.cursors[-1]
    assert tuple(found) == whole.items
    with pytest.raises(InvalidRequest, match="no cursor"):
        store.gaps(EVERYTHING, source(store), PageRequest(after="yesterday"))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    starts=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9), st.booleans()), max_size=6), chance=st.randoms()
)
def test_any_order_of_what_any_watchers_tell_gives_the_same_ledger(
    starts: list[tuple[int, int, bool]], chance: random.Random
) -> None:
    told: list[Observation] = []
    for start, length, heard in starts:
        first = listed(start, start, objects=((start, start),), reason="410" if heard else None)
        told += [first, *(followed(first, start + step, start + step, objects=1) for step in range(length + 1))]
    report = stated(SourceState.STOPPED, 25)

    def ledger(observations: list[Observation]) -> tuple[SourceStatus, tuple[Gap, ...]]:
        store = a_store()
        store.apply([report], recorded_at=RECORDED_AT)
        for start in range(0, len(observations), 3):
            store.apply(facts_of(*observations[start : start + 3]), recorded_at=RECORDED_AT)
        return source(store), gaps(store)

    again = [*told, *chance.choices(told, k=len(told))] if told else []
    chance.shuffle(again)
    assert ledger(again) == ledger(told)


def test_the_ledger_is_no_knowledge() -> None:
    seen = [a_workflow({"w-1": a_node("w.a", 10, 20)}), a_pod("p", "w-1", 10, 20)]
    told = [each for start in (100, 300) for each in watched(start, start + 50) if isinstance(each, ResourceFollowed)]
    store = a_store(*seen, *told)
    assert store.completeness(EVERYTHING, [("Run", "u1")])["Run", "u1"].missing[1:] != ()
    assert dumped(store) == dumped(a_store(*seen))


# ------------------------------------------------------------------------------------------ completeness of runs
def a_run(*, ended: float | None = 200, **steps: tuple[float, float]) -> KubernetesObject:
    """A run that began at 100, with steps by name, each from a time to a time."""
    nodes = {f"w-{name}": a_node(f"w.{name}", start, end) for name, (start, end) in steps.items()}
    over = (
        {"phase": "Succeeded", "finishedAt": f"1970-01-01T00:{int(ended) // 60:02}:{int(ended) % 60:02}Z"}
        if ended
        else {}
    )
    return a_workflow(nodes, born=100, **over)  # type: ignore[arg-type] # members of the status, by their names


def completeness(*observations: Observation | KubernetesObject) -> Completeness:
    return a_store(*observations).completeness(EVERYTHING, [("Run", "u1")])["Run", "u1"]


def test_a_run_that_was_watched_from_end_to_end_is_complete() -> None:
    found = completeness(
        a_run(a=(110, 120)),
        a_pod("p", "w-a", 110, 120),
        *watched(90, 300),
        *watched(90, 300, resource=WORKFLOWS),
    )
    assert (found.complete, found.missing) == (True, ())


def test_a_pod_that_came_and_went_in_a_gap_is_named_with_the_gap() -> None:
    found = completeness(
        a_run(a=(110, 120), b=(130, 140), c=(150, 160)),
        a_pod("p", "w-a", 110, 120),
        *watched(90, 125),
        *watched(145, 300),
    )
    gap = "pods were not watched from 1970-01-01T00:02:05Z to 1970-01-01T00:02:25Z"
    assert found.missing == (
        "no pod was seen of c",
        f"no pod was seen of b: {gap}",
        f"{gap}: some may have come and gone",
    )
    assert not found.complete


def test_clocks_may_differ_by_two_seconds() -> None:
    found = completeness(a_run(b=(123, 142)), *watched(90, 125), *watched(140, 300))
    assert found.missing[0].startswith("no pod was seen of b: pods were not watched from")


def test_a_gap_before_or_after_the_run_is_none_of_its() -> None:
    seen = (a_run(a=(110, 120)), a_pod("p", "w-a", 110, 120))
    assert completeness(*seen, *watched(10, 20), *watched(90, 210), *watched(300, 400)).complete


def test_a_gap_within_a_run_that_goes_on_is_one_of_its() -> None:
    found = completeness(
        a_run(ended=None, a=(110, 120)), a_pod("p", "w-a", 110, 120), *watched(90, 500), *watched(600, 700)
    )
    assert len(found.missing) == 2
    assert "some may have come and gone" in found.missing[1]


def test_attempts_may_have_come_and_gone_where_workflows_were_not_watched() -> None:
    found = completeness(
        a_run(a=(110, 120)),
        a_pod("p", "w-a", 110, 120),
        *watched(90, 300),
        *watched(90, 130, resource=WORKFLOWS),
        *watched(140, 300, resource=WORKFLOWS),
    )
    assert found.missing == (
        "workflows were not watched from 1970-01-01T00:02:10Z to 1970-01-01T00:02:20Z: attempts may have come and gone",
    )


def test_a_pod_from_before_anybody_watched_is_said_to_be_that() -> None:
    found = completeness(a_run(a=(110, 120)), *watched(150, 300))
    assert found.missing == ("no pod was seen of a: pods are watched since 1970-01-01T00:02:30Z",)


@pytest.mark.parametrize(("namespace", "covers"), [("*", True), ("a", True), ("b", False)])
def test_whoever_watches_the_namespace_or_all_covers_the_run(namespace: str, covers: bool) -> None:
    found = completeness(
        a_run(a=(110, 120)),
        a_pod("p", "w-a", 110, 120),
        *watched(90, 130),
        *watched(140, 300),
        *watched(120, 150, namespace=namespace),
    )
    assert found.complete == covers


def test_of_many_gaps_the_first_are_told_and_the_rest_counted() -> None:
    stretches = [each for start in range(90, 190, 5) for each in watched(start, start + 1)]
    found = completeness(a_run(a=(110, 120)), a_pod("p", "w-a", 110, 120), *stretches)
    assert len(found.missing) == 11
    assert found.missing[-1] == "and 8 more such times"
