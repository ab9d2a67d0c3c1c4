"""The recorder: what an observation means, what a batch comes to, and what happens when something fails."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from threading import Condition, Event, Thread
from typing import Any

import pytest
from msgspec import structs

from lineage import facts as fact
from lineage.errors import (
    FactsRefused,
    InvalidObservation,
    PositionMoved,
    SchemaOutdated,
    StoreError,
    UnknownRedactionKey,
)
from lineage.eventlog.memory import MemoryLog
from lineage.evidence import Look
from lineage.facts import Fact, InputRejected, ResourceWatched, SourceObserved
from lineage.identity import Location, sha256
from lineage.model import ArtifactState, SourceState
from lineage.observation import (
    InputUnreadable,
    LocationLooked,
    ObjectDeleted,
    ObjectSeen,
    Observation,
    ResourceFollowed,
    ResourceListed,
    SourceReported,
)
from lineage.recorder import BATCH_SIZE, FIRST_BACKOFF_SECONDS, NOTHING, SETTLED_AT_ONCE, Outcome, Recorder, facts_of
from tests.fakes import FakeStore

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SOON_SECONDS = 5.0
KEY_ID = "key"


def sighting(uid: str, *, key_id: str = KEY_ID, source: str = "pod") -> ObjectSeen:
    return ObjectSeen(source=source, cluster="test", seen_at=NOON, body=uid.encode(), key_id=key_id)


def deletion(uid: str) -> ObjectDeleted:
    return ObjectDeleted(source="pod", cluster="test", seen_at=NOON, uid=uid)


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Understand a body as a uid, or as the trouble that it names."""
    match seen.body.decode():
        case "nothing":
            return []
        case "invalid":
            raise InvalidObservation("status is a list, expected an object")
        case "defect":
            raise KeyError("phase")
        case uid:
            revision = fact.Revision(kind="K", life="", version=fact.sortable(1), digest="", latest=0, ended=False)
            return [fact.ObjectKept(revision=revision, resource="pods", uid=uid, body=seen.body)]


class FailingStore(FakeStore):
    """Fails the given number of times, then works."""

    def __init__(self, failures: Sequence[StoreError]) -> None:
        super().__init__()
        self.failures = list(failures)
        self.attempts = 0

    def apply(
        self,
        facts: Sequence[Fact],
        *,
        recorded_at: datetime,
        log: str | None = None,
        after: str | None = None,
        position: str | None = None,
    ) -> tuple[bool, ...]:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        return super().apply(facts, recorded_at=recorded_at, log=log, after=after, position=position)


class FlakyStore(FailingStore):
    """Fails once before each batch that it takes."""

    def __init__(self) -> None:
        super().__init__([])

    def apply(
        self,
        facts: Sequence[Fact],
        *,
        recorded_at: datetime,
        log: str | None = None,
        after: str | None = None,
        position: str | None = None,
    ) -> tuple[bool, ...]:
        if self.attempts % 2 == 0:
            self.failures = [StoreError("deadlock detected")]
        return super().apply(facts, recorded_at=recorded_at, log=log, after=after, position=position)


class PickyStore(FakeStore):
    """Refuses whatever is said of one object, for good."""

    def __init__(self, uid: str, error: Exception) -> None:
        super().__init__()
        self._uid = uid
        self._error = error

    def apply(
        self,
        facts: Sequence[Fact],
        *,
        recorded_at: datetime,
        log: str | None = None,
        after: str | None = None,
        position: str | None = None,
    ) -> tuple[bool, ...]:
        if any(isinstance(one, fact.ObjectKept) and one.uid == self._uid for one in facts):
            raise self._error
        return super().apply(facts, recorded_at=recorded_at, log=log, after=after, position=position)


class SmallStore(FakeStore):
    """Has no time for more than a few objects at once."""

    def apply(
        self,
        facts: Sequence[Fact],
        *,
        recorded_at: datetime,
        log: str | None = None,
        after: str | None = None,
        position: str | None = None,
    ) -> tuple[bool, ...]:
        if sum(isinstance(one, fact.ObjectKept | fact.ObjectGone) for one in facts) > 150:
            raise StoreError("canceling statement due to statement timeout")
        return super().apply(facts, recorded_at=recorded_at, log=log, after=after, position=position)


class Bench:
    """A log, a store and a recorder between them."""

    def __init__(self, store: FakeStore | None = None, on_batch: Callable[[], None] = lambda: None) -> None:
        self.log = MemoryLog("test")
        self._on_batch = on_batch
        self.store = store or FakeStore()
        self.outcome = NOTHING
        self._changed = Condition()
        self.recorder = Recorder(
            self.log, self.store, interpret, key_ids=[KEY_ID], clock=lambda: NOON, on_batch=self._add
        )

    def _add(self, outcome: Outcome) -> None:
        with self._changed:
            self.outcome = self.outcome + outcome
            self._changed.notify_all()
        self._on_batch()

    def has_seen(self, objects: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.outcome.objects >= objects, SOON_SECONDS)

    def record(self, *observations: Observation) -> Outcome:
        for observation in observations:
            self.log.append(observation)
        self.recorder.drain(give_up_seconds=SOON_SECONDS)
        return self.outcome


# ------------------------------------------------------------------------------------------ what an observation means
def test_a_deletion_means_that_the_object_is_gone() -> None:
    assert list(facts_of(deletion("a"), interpret)) == [fact.ObjectGone(uid="a")]


def test_a_list_is_kept_with_a_version_that_sorts() -> None:
    listed = ResourceListed(
        source="pod",
        cluster="test",
        seen_at=NOON,
        resource="pods",
        namespace="*",
        resource_version="1234",
        uids=("a", "b"),
    )
    found, _ = facts_of(listed, interpret)
    assert found == fact.ResourceListed(
        cluster="test", resource="pods", namespace="*", version=fact.sortable(1234), uids=("a", "b")
    )


@pytest.mark.parametrize("version", ["", "abc", "12a", "१२"])
def test_a_list_whose_version_cannot_be_compared_says_nothing(version: str) -> None:
    listed = ResourceListed(
        source="pod", cluster="test", seen_at=NOON, resource="pods", namespace="*", resource_version=version, uids=()
    )
    assert list(facts_of(listed, interpret)) == []


def test_a_look_is_kept_in_whole_seconds() -> None:
    looked = LocationLooked(
        source="bucket",
        cluster="test",
        seen_at=datetime(2026, 1, 31, 12, 0, 1, 900_000, tzinfo=UTC),
        store="",
        uri="s3://bucket/key",
        look=Look(state=ArtifactState.PRESENT, modified_at=NOON, etag="etag", version="7"),
    )
    (found,) = facts_of(looked, interpret)
    location = Location(store="", uri="s3://bucket/key")
    assert found == fact.LocationLooked(location=location, at=int(NOON.timestamp()) + 1, look=looked.look)


def test_what_a_source_reports_is_passed_on() -> None:
    report = SourceReported(
        source="pod",
        cluster="test",
        seen_at=NOON,
        resource="pods",
        namespace="team-a",
        state=SourceState.FORBIDDEN.value,
        message="pods is forbidden",
    )
    (found,) = facts_of(report, interpret)
    assert found == SourceObserved(
        source="pod",
        cluster="test",
        resource="pods",
        namespace="team-a",
        at=NOON,
        state="FORBIDDEN",
        message="pods is forbidden",
        objects=0,
    )


def test_unreadable_input_is_set_aside_by_size_and_digest() -> None:
    unreadable = InputUnreadable(
        source="files", cluster="test", seen_at=NOON, reason="a.json, line 3: no JSON", size_bytes=7, digest="sha256:00"
    )
    (found,) = facts_of(unreadable, interpret)
    assert isinstance(found, InputRejected)
    assert (found.reason, found.event, found.size_bytes) == ("a.json, line 3: no JSON", None, 7)


def test_what_cannot_be_interpreted_is_set_aside_with_its_text_and_reason() -> None:
    (found,) = facts_of(sighting("invalid"), interpret)
    assert found == InputRejected(
        source="pod",
        cluster="test",
        at=NOON,
        reason="status is a list, expected an object",
        event=b"invalid",
        size_bytes=7,
        digest=sha256(b"invalid"),
    )


def test_a_defect_of_a_source_sets_one_object_aside_and_names_the_exception() -> None:
    (found,) = facts_of(sighting("defect"), interpret)
    assert isinstance(found, InputRejected)
    assert "KeyError" in found.reason


# ------------------------------------------------------------------------------------------ batches
def test_every_object_is_counted_once_by_what_became_of_it() -> None:
    outcome = Bench().record(
        sighting("a"), sighting("b"), sighting("a"), sighting("nothing"), sighting("invalid"), sighting("defect")
    )
    assert (outcome.objects, outcome.ignored, outcome.rejected) == (6, 1, 2)
    assert outcome.recorded + outcome.unchanged == 3
    assert [one.event for one in outcome.rejections] == [b"invalid", b"defect"]


def test_what_is_known_already_is_unchanged() -> None:
    bench = Bench()
    bench.record(sighting("a"), deletion("b"))
    assert bench.outcome == Outcome(objects=2, recorded=2)
    bench.record(sighting("a"), deletion("b"), sighting("c"))
    assert bench.outcome == Outcome(objects=5, recorded=3, unchanged=2)


def test_reports_and_lists_are_no_objects() -> None:
    report = SourceReported(
        source="pod", cluster="test", seen_at=NOON, resource="pods", namespace="*", state="SYNCED", message=None
    )
    assert Bench().record(report) == NOTHING


def test_what_follows_a_rejected_object_is_recorded() -> None:
    bench = Bench()
    bench.record(sighting("invalid"), sighting("a"))
    assert any(isinstance(one, fact.ObjectKept) and one.uid == "a" for one in bench.store.facts)


def test_deliveries_are_counted_once_a_batch_for_each_source() -> None:
    bench = Bench()
    bench.record(sighting("a"), sighting("b"), sighting("c", source="other"), sighting("nothing"))
    deliveries = [one for one in bench.store.facts if isinstance(one, SourceObserved)]
    assert {(one.source, one.resource, one.objects) for one in deliveries} == {("pod", "pods", 2), ("other", "pods", 1)}


def test_a_batch_is_bounded() -> None:
    bench = Bench()
    for number in range(BATCH_SIZE + 1):
        bench.log.append(deletion(str(number)))
    first = bench.recorder.record_available(timeout_seconds=0)
    second = bench.recorder.record_available(timeout_seconds=0)
    assert first is not None
    assert second is not None
    assert (first.objects, second.objects) == (BATCH_SIZE, 1)


def test_the_position_is_committed_with_the_facts() -> None:
    bench = Bench()
    bench.log.append(deletion("a"))
    stretch = bench.log.read(bench.store.position, limit=1, timeout_seconds=0)
    assert stretch is not None
    bench.record()
    assert bench.store.positions == {"test": stretch.entries[-1].position}


# ------------------------------------------------------------------------------------------ failures
def test_a_failing_store_gets_the_same_batch_again() -> None:
    store = FailingStore([StoreError("the disk is full")])
    bench = Bench(store)
    bench.log.append(sighting("a"))
    with pytest.raises(StoreError):
        bench.recorder.record_available(timeout_seconds=0)
    assert store.facts == []
    bench.recorder.record_available(timeout_seconds=0)
    assert bench.outcome == Outcome(objects=1, recorded=1)


def test_after_another_recorder_was_here_the_position_is_read_again() -> None:
    bench = Bench()
    bench.record(deletion("a"))
    bench.log.append(deletion("b"))
    bench.store.positions["test"] = "2"
    bench.log.append(deletion("c"))
    with pytest.raises(PositionMoved):
        bench.recorder.record_available(timeout_seconds=0)
    bench.recorder.drain(give_up_seconds=0)
    gone = [one.uid for one in bench.store.facts if isinstance(one, fact.ObjectGone)]
    assert gone == ["a", "c"]


def test_a_store_that_another_release_has_migrated_is_not_waited_for() -> None:
    bench = Bench(FailingStore([SchemaOutdated("the store is at revision 9999, start that one")] * 2))
    bench.log.append(sighting("a"))
    with pytest.raises(SchemaOutdated, match="start that one"):
        bench.recorder.run(Event())
    with pytest.raises(SchemaOutdated, match="start that one"):
        bench.recorder.drain(give_up_seconds=60)
    assert bench.recorder.outage.reason is None


def test_draining_gives_up_when_the_store_goes_on_failing() -> None:
    bench = Bench(FailingStore([StoreError("the disk is full")] * 100))
    bench.log.append(sighting("a"))
    with pytest.raises(StoreError, match="the disk is full"):
        bench.recorder.drain(give_up_seconds=0.3)


def test_draining_does_not_add_up_failures_between_which_the_store_worked() -> None:
    bench = Bench(FlakyStore())
    for number in range(5 * BATCH_SIZE):
        bench.log.append(deletion(str(number)))
    bench.recorder.drain(give_up_seconds=2.5 * FIRST_BACKOFF_SECONDS)
    assert bench.outcome.recorded == 5 * BATCH_SIZE


def test_a_store_that_has_no_time_for_a_whole_batch_is_given_less_at_once() -> None:
    bench = Bench(SmallStore())
    assert bench.record(*(sighting(str(number)) for number in range(2 * BATCH_SIZE))).recorded == 2 * BATCH_SIZE


def test_a_store_that_takes_but_a_little_is_still_waited_for() -> None:
    stop = Event()
    bench = Bench(SmallStore(), on_batch=stop.set)
    for number in range(BATCH_SIZE):
        bench.log.append(sighting(str(number)))
    bench.recorder.run(stop)
    assert 0 < bench.outcome.recorded < BATCH_SIZE
    assert bench.recorder.outage.reason == "canceling statement due to statement timeout"
    bench.recorder.drain(give_up_seconds=SOON_SECONDS)
    assert bench.outcome.recorded == BATCH_SIZE
    assert bench.recorder.outage.reason is None


def test_who_asks_a_recorder_is_told_why_it_waits() -> None:
    reasons: list[str | None] = []

    class Looking(Event):
        def wait(self, timeout: float | None = None) -> bool:
            reasons.append(bench.recorder.outage.reason)
            return super().wait(timeout)

    stop = Looking()
    bench = Bench(FailingStore([StoreError("the disk is full")]), on_batch=stop.set)
    bench.log.append(sighting("a"))
    bench.recorder.run(stop)
    assert reasons == ["the disk is full"]


def test_observations_under_a_foreign_key_are_refused() -> None:
    bench = Bench()
    bench.log.append(sighting("a", key_id="foreign"))
    with pytest.raises(UnknownRedactionKey, match="foreign"):
        bench.recorder.record_available(timeout_seconds=0)
    assert bench.store.facts == []


def test_a_running_recorder_waits_for_a_failing_store() -> None:
    bench = Bench(FailingStore([StoreError("locked"), StoreError("locked")]))
    stop = Event()
    thread = Thread(target=bench.recorder.run, args=(stop,))
    thread.start()
    for number in range(3 * BATCH_SIZE):
        bench.log.append(deletion(str(number)))
    assert bench.has_seen(3 * BATCH_SIZE)
    stop.set()
    thread.join(SOON_SECONDS)
    assert not thread.is_alive()
    assert bench.outcome == Outcome(objects=3 * BATCH_SIZE, recorded=3 * BATCH_SIZE)


def test_a_stopped_recorder_leaves_the_rest_to_be_drained() -> None:
    stop = Event()
    bench = Bench(on_batch=stop.set)
    for number in range(3 * BATCH_SIZE):
        bench.log.append(deletion(str(number)))
    bench.recorder.run(stop)
    assert bench.outcome.objects == BATCH_SIZE
    bench.recorder.drain(give_up_seconds=0)
    assert bench.outcome.objects == 3 * BATCH_SIZE


class UnsettledStore(FakeStore):
    """Has runs that are due for their fingerprints. `stop` is set once none is."""

    def __init__(self, due: int, stop: Event) -> None:
        super().__init__()
        self.due, self.recorded_before = due, list[int]()
        self._stop = stop

    def settle(self, *, limit: int) -> int:
        self.recorded_before.append(len(self.facts))
        done = min(limit, self.due)
        self.due -= done
        if not done:
            self._stop.set()
        return done


def test_a_running_recorder_settles_what_is_due_when_it_has_nothing_else_to_do() -> None:
    stop = Event()
    store = UnsettledStore(2 * SETTLED_AT_ONCE + 1, stop)
    bench = Bench(store)
    bench.log.append(deletion("1"))
    bench.recorder.run(stop)
    assert store.due == 0
    assert store.recorded_before[-1] == 1
    assert len(store.recorded_before) >= 4, "some at a time"


# ------------------------------------------------------------------------------------------ what a store refuses
@pytest.mark.parametrize("error", [FactsRefused("index row too large"), KeyError("phase")], ids=["refused", "defect"])
def test_what_a_store_refuses_for_good_is_set_aside_and_everything_else_recorded(error: Exception) -> None:
    bench = Bench(PickyStore("u3", error))
    outcome = bench.record(*(sighting(f"u{number}") for number in range(7)))
    assert (outcome.objects, outcome.recorded, outcome.rejected) == (7, 6, 1)
    assert outcome.rejections[0].event == b"u3"
    assert bench.log.read(bench.store.position, limit=9, timeout_seconds=0) is None


def test_a_list_and_what_followed_it_are_stretches_that_touch() -> None:
    place: dict[str, Any] = {"source": "pod", "cluster": "test", "resource": "pods", "namespace": "*"}
    listed = ResourceListed(
        **place, seen_at=NOON, resource_version="9", uids=("a", "b"), versions=("7", "x"), born=(5, 6), reason="410"
    )
    followed = ResourceFollowed(
        **place, seen_at=NOON + timedelta(minutes=1), since="9", since_at=NOON, until="30", objects=3
    )
    (_, first), (second,) = facts_of(listed, interpret), facts_of(followed, interpret)
    assert isinstance(first, ResourceWatched)
    assert isinstance(second, ResourceWatched)
    assert (first.since, first.until, first.objects) == ("0019", "0019", 2)
    assert (first.items, first.reason) == ((("0017", 5),), "410")
    assert (second.since, second.until, second.objects, second.items) == ("0019", "00230", 3, None)
    assert (second.since_at, second.until_at) == (NOON, NOON + timedelta(minutes=1))
    (waited,) = facts_of(structs.replace(followed, sent_after=NOON + timedelta(seconds=9)), interpret)
    assert isinstance(waited, ResourceWatched)
    assert waited.until_at == NOON + timedelta(seconds=9)  # it may have waited to be read


def test_what_was_followed_between_versions_that_cannot_be_compared_says_nothing() -> None:
    followed = ResourceFollowed(
        source="pod", cluster="c", seen_at=NOON, resource="pods", namespace="*",
        since="9", since_at=NOON, until="later", objects=3,
    )  # fmt: skip
    assert facts_of(followed, interpret) == []


def test_uids_that_no_object_can_have_are_left_out_of_a_list() -> None:
    listed = ResourceListed(
        source="pod", cluster="test", seen_at=NOON, resource="pods", namespace="*", resource_version="1",
        uids=("a", "x" * 3000),
    )  # fmt: skip
    found, _ = facts_of(listed, interpret)
    assert isinstance(found, fact.ResourceListed)
    assert found.uids == ("a",)


def test_a_deletion_of_an_uid_that_no_object_can_have_is_set_aside() -> None:
    (found,) = facts_of(deletion("x" * 3000), interpret)
    assert isinstance(found, InputRejected)
