"""From the log to the store: read observations, interpret them, record the facts, a transaction a batch.

It knows neither SQL nor Kubernetes nor what carries the log: all three come in as arguments. The position
in the log is committed with the facts, so that after any crash the batch was recorded whole or not at all.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from threading import Event
from time import monotonic, sleep
from typing import Final, TypeAlias, assert_never

import structlog
from msgspec import structs

from lineage import facts as fact
from lineage import observation as seen
from lineage.errors import (
    FactsRefused,
    InvalidObservation,
    LineageError,
    PositionMoved,
    SchemaOutdated,
    StoreError,
    UnknownRedactionKey,
)
from lineage.facts import Fact, InputRejected, SourceObserved
from lineage.identity import Location, sha256
from lineage.limits import MAX_NAME_BYTES, is_name, refuse_long_names, shortened
from lineage.observation import Observation
from lineage.outage import Outage
from lineage.ports import LineageStore, LogReader, Stretch

Interpret: TypeAlias = Callable[[seen.ObjectSeen], Sequence[Fact]]
"""Says what an observed object means; raises InvalidObservation where it cannot."""

BATCH_SIZE: Final = 500  # observations a transaction: four times as fast as one each on SQLite
READ_TIMEOUT_SECONDS: Final = 0.5  # how long a stop may go unnoticed while the log is silent
FIRST_BACKOFF_SECONDS: Final = 0.1
SETTLED_AT_ONCE: Final = 50  # runs: some hundred milliseconds
SETTLE_EVERY_SECONDS: Final = 1.0  # while the log is never empty
LAST_BACKOFF_SECONDS: Final = 30.0  # 2 attempts a minute while the database is down

_IN_NAMESPACES: Final = (fact.RunSeen, fact.ExecutionSeen, fact.PodSeen)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the objects of one or more batches: each is counted once behind `objects`.

    recorded: added to what is known. unchanged: known already. ignored: says nothing about lineage.
    rejected: could not be read or interpreted, set aside with its reason in `rejections`. `seconds` is how long
    storing it took, and makes no outcome another.
    """

    objects: int = 0
    recorded: int = 0
    unchanged: int = 0
    ignored: int = 0
    rejected: int = 0
    rejections: tuple[InputRejected, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            objects=self.objects + other.objects,
            recorded=self.recorded + other.recorded,
            unchanged=self.unchanged + other.unchanged,
            ignored=self.ignored + other.ignored,
            rejected=self.rejected + other.rejected,
            rejections=self.rejections + other.rejections,
            seconds=self.seconds + other.seconds,
        )


NOTHING: Final = Outcome()


class Recorder:
    """Records what a log holds. One thread at a time may use it; any number of recorders may share a log.

    `key_ids` are the redaction keys whose digests can be compared with those in the store. `clock` says
    when a batch is recorded. `on_batch` is told the outcome of every batch after its commit. `outage` says whether
    the store is waited for; any thread may ask.
    """

    def __init__(
        self,
        log: LogReader,
        store: LineageStore,
        interpret: Interpret,
        *,
        key_ids: Collection[str],
        clock: Callable[[], datetime],
        on_batch: Callable[[Outcome], None] = lambda _outcome: None,
    ) -> None:
        self._log = log
        self._store = store
        self._interpret = interpret
        self._key_ids = frozenset(key_ids)
        self._clock = clock
        self._on_batch = on_batch
        self._limit = BATCH_SIZE  # of a batch, while the store fails
        self._size = 0  # of the batch that was tried last
        self.outage = Outage(
            begins="store does not take what was seen, waiting for it", ends="store takes what was seen again"
        )

    def run(self, stop: Event) -> None:
        """Record until `stop` is set, to the end of the batch under way; and settle what was recorded, in between and
        whenever there is nothing else to do. A failing database is waited for, and given less at once until it works
        again: a whole batch may be more than it has time or room for.

        Raises:
            LogError: the log refuses, and will go on refusing.
            SchemaOutdated: another release has migrated the store: it goes on from here.
            UnknownRedactionKey: an observation cannot be compared with what is recorded.
        """
        backoff = FIRST_BACKOFF_SECONDS
        is_unsettled, settle_at = True, monotonic()
        while not stop.is_set():
            outcome: Outcome | None = NOTHING
            try:
                outcome = self.record_available(timeout_seconds=0.0 if is_unsettled else READ_TIMEOUT_SECONDS)
                if outcome is None or monotonic() >= settle_at:
                    is_unsettled = self._store.settle(limit=SETTLED_AT_ONCE) > 0
                    settle_at = monotonic() + SETTLE_EVERY_SECONDS
            except PositionMoved as moved:
                log.info("another recorder was here", reason=str(moved))
            except SchemaOutdated:
                raise
            except StoreError as error:
                self._has_failed(error)
                stop.wait(backoff)
                backoff = min(2 * backoff, LAST_BACKOFF_SECONDS)
                continue
            self._has_worked(nothing_left=outcome is None)
            backoff = FIRST_BACKOFF_SECONDS

    def drain(self, *, give_up_seconds: float) -> None:
        """Record everything that the log holds now.

        Raises:
            StoreError: the database went on failing for `give_up_seconds`.
            LogError, SchemaOutdated, UnknownRedactionKey: as `run`.
        """
        failing_since, backoff = inf, FIRST_BACKOFF_SECONDS
        while True:
            outcome: Outcome | None = NOTHING
            try:
                outcome = self.record_available(timeout_seconds=0.0)
            except PositionMoved as moved:
                log.info("another recorder was here", reason=str(moved))
            except SchemaOutdated:
                raise
            except StoreError as error:
                self._has_failed(error)
                failing_since = min(failing_since, monotonic())
                if monotonic() + backoff > failing_since + give_up_seconds:
                    raise
                sleep(backoff)
                backoff = min(2 * backoff, LAST_BACKOFF_SECONDS)
                continue
            self._has_worked(nothing_left=outcome is None)
            if outcome is None:
                return
            failing_since, backoff = inf, FIRST_BACKOFF_SECONDS

    def record_available(self, *, timeout_seconds: float) -> Outcome | None:
        """Record one batch; None where the log held nothing for so long.

        Raises:
            StoreError: nothing of the batch was recorded; the next call takes it up again.
            UnknownRedactionKey: as `run`; nothing of the batch was recorded.
        """
        self._size = 0
        stretch = self._log.read(self._store.position, limit=self._limit, timeout_seconds=timeout_seconds)
        if stretch is None:
            return None
        if self._limit < BATCH_SIZE:  # then it matters that a log may give more than it was asked for
            stretch = replace(stretch, entries=stretch.entries[: self._limit])
        self._size = len(stretch.entries)
        self._refuse_unknown_keys([entry.observation for entry in stretch.entries])
        return self._record(stretch)

    def _has_failed(self, error: StoreError) -> None:
        self.outage.goes_on(str(error))
        self._limit = max(1, self._size // 2) if self._size else self._limit

    def _has_worked(self, *, nothing_left: bool) -> None:
        """A store that is full still takes the little that fits in: it works when it takes as much as ever."""
        self._limit = BATCH_SIZE if nothing_left else min(max(self._limit, 2 * self._size), BATCH_SIZE)
        if self._limit == BATCH_SIZE:
            self.outage.is_over()

    def _record(self, stretch: Stretch) -> Outcome:
        """Record a stretch in one transaction. What the store refuses for good is found by halves, and set aside."""
        statements = [facts_of(entry.observation, self._interpret) for entry in stretch.entries]
        try:
            return self._apply(stretch, statements)
        except FactsRefused as error:
            reason = f"the store refused it: {error}"
        except LineageError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours in storing one object must not stop the log for all
            reason = f"{type(error).__name__} while storing it, a defect of kfp-lineage"
        if len(stretch.entries) == 1:
            rejection = rejection_of(stretch.entries[0].observation, reason)
            try:
                return self._apply(stretch, [[rejection]])
            except FactsRefused:  # it is too large even to be set aside
                return self._apply(stretch, [[structs.replace(rejection, event=None)]])
        first, second = halves(stretch)
        return self._record(first) + self._record(second)

    def _apply(self, stretch: Stretch, statements: Sequence[Sequence[Fact]]) -> Outcome:
        began = monotonic()
        observations = [entry.observation for entry in stretch.entries]
        position = stretch.entries[-1].position
        added = self._store.apply(
            [*(one for several in statements for one in several), *deliveries(observations, statements)],
            recorded_at=self._clock(),
            log=stretch.part,
            after=stretch.after,
            position=position,
        )
        self._log.confirm(stretch.part, position)
        outcome = outcome_of(observations, statements, added)
        for rejection in outcome.rejections:
            log.warning("observation rejected", source=rejection.source, reason=rejection.reason)
        log.debug(
            "batch recorded",
            objects=outcome.objects,
            recorded=outcome.recorded,
            part=stretch.part,
            position=position,
            seconds=round(monotonic() - began, 3),
        )
        self._on_batch(replace(outcome, seconds=monotonic() - began))
        return outcome

    def _refuse_unknown_keys(self, observations: Sequence[Observation]) -> None:
        for observation in observations:
            if isinstance(observation, seen.ObjectSeen) and observation.key_id not in self._key_ids:
                raise UnknownRedactionKey(
                    f"the {observation.source} observations of cluster {observation.cluster} were redacted under the "
                    f"key {observation.key_id}, and this recorder holds {', '.join(sorted(self._key_ids))}: "
                    "give watcher and recorder the same redaction key"
                )


# ------------------------------------------------------------------------------------------ pure
def halves(stretch: Stretch) -> tuple[Stretch, Stretch]:
    """Cut a stretch of several entries in two, of which the second begins where the first ends."""
    middle = len(stretch.entries) // 2
    return (
        replace(stretch, entries=stretch.entries[:middle]),
        replace(stretch, after=stretch.entries[middle - 1].position, entries=stretch.entries[middle:]),
    )


def facts_of(observation: Observation, interpret: Interpret) -> Sequence[Fact]:
    """Say what an observation means. What cannot be interpreted is a fact too: that it was rejected."""
    try:
        found = _said(observation, interpret)
        for one in found:
            refuse_long_names(one)
    except InvalidObservation as error:
        return [rejection_of(observation, str(error))]
    except Exception as error:  # noqa: BLE001 - a bug of ours in one source must not stop the log for all of them
        reason = f"{type(error).__name__} while interpreting it, a defect of kfp-lineage: {error}"
        return [rejection_of(observation, reason)]
    return found


def rejection_of(observation: Observation, reason: str) -> InputRejected:
    """Set an observation aside, with the reason. Only what was redacted is kept of it."""
    if isinstance(observation, seen.ObjectSeen) and observation.place is not None:
        reason = f"{observation.place}: {reason}"
    if isinstance(observation, seen.InputUnreadable):
        size_bytes, digest = observation.size_bytes, observation.digest
    else:
        data = observation.body if isinstance(observation, seen.ObjectSeen) else seen.encode(observation)
        size_bytes, digest = len(data), sha256(data)
    return InputRejected(
        source=shortened(observation.source, limit=MAX_NAME_BYTES),
        cluster=shortened(observation.cluster, limit=MAX_NAME_BYTES),
        at=observation.seen_at,
        reason=shortened(reason),
        event=observation.body if isinstance(observation, seen.ObjectSeen) else None,
        size_bytes=size_bytes,
        digest=digest,
    )


def deliveries(observations: Sequence[Observation], statements: Sequence[Sequence[Fact]]) -> list[SourceObserved]:
    """Count the objects that each source delivered, by where they live: the newest time that each was seen."""
    objects: Counter[tuple[str, str, str, str]] = Counter()
    newest: dict[tuple[str, str, str, str], datetime] = {}
    for observation, several in zip(observations, statements, strict=True):
        if not isinstance(observation, seen.ObjectSeen):
            continue
        resource = namespace = ""
        for one in several:
            if isinstance(one, fact.ObjectKept):
                resource = resource or one.resource
            elif isinstance(one, _IN_NAMESPACES):
                namespace = namespace or one.namespace
        if not resource:
            continue
        key = (observation.source, observation.cluster, resource, namespace)
        objects[key] += 1
        if key not in newest or observation.seen_at > newest[key]:
            newest[key] = observation.seen_at
    return [
        SourceObserved(
            source=key[0],
            cluster=key[1],
            resource=key[2],
            namespace=key[3],
            at=newest[key],
            state=None,
            message=None,
            objects=count,
        )
        for key, count in objects.items()
    ]


def outcome_of(
    observations: Sequence[Observation], statements: Sequence[Sequence[Fact]], added: Sequence[bool]
) -> Outcome:
    """Say what became of the objects of a batch. `added` is aligned with the facts, in their order."""
    fates: Counter[str] = Counter()
    rejections: list[InputRejected] = []
    start = 0
    for observation, several in zip(observations, statements, strict=True):
        news = added[start : start + len(several)]
        start += len(several)
        if not isinstance(observation, seen.ObjectSeen | seen.ObjectDeleted | seen.InputUnreadable):
            continue
        refused = [one for one in several if isinstance(one, InputRejected)]
        rejections += refused
        if refused:
            fates["rejected"] += 1
        elif not several:
            fates["ignored"] += 1
        elif any(news):
            fates["recorded"] += 1
        else:
            fates["unchanged"] += 1
    return Outcome(objects=fates.total(), **fates, rejections=tuple(rejections))


def _said(observation: Observation, interpret: Interpret) -> Sequence[Fact]:
    match observation:
        case seen.ObjectSeen():
            return interpret(observation)
        case seen.ObjectDeleted(uid=uid):
            return [fact.ObjectGone(uid=uid)]
        case seen.ResourceListed():
            return _listed(observation)
        case seen.ResourceFollowed():
            return _followed(observation)
        case seen.LocationLooked():
            return [_looked(observation)]
        case seen.SourceReported():
            return [_reported(observation)]
        case seen.InputUnreadable(reason=reason):
            return [rejection_of(observation, reason)]
        case _:
            assert_never(observation)


def _listed(observation: seen.ResourceListed) -> Sequence[Fact]:
    # Only decimal versions can be compared with those of the objects; any other says nothing about who is gone.
    if not _is_comparable(observation.resource_version):
        return []
    version = fact.sortable(observation.resource_version)
    told = len(observation.versions) == len(observation.born) == len(observation.uids)
    items = zip(observation.versions, observation.born, strict=True) if told else ()
    return [
        fact.ResourceListed(
            cluster=observation.cluster,
            resource=observation.resource,
            namespace=observation.namespace,
            version=version,
            uids=tuple(filter(is_name, observation.uids)),  # objects of other uids were refused
        ),
        fact.ResourceWatched(
            cluster=observation.cluster,
            resource=observation.resource,
            namespace=observation.namespace,
            since=version,
            since_at=observation.seen_at,
            until=version,
            until_at=observation.sent_after or observation.seen_at,
            objects=len(observation.uids),
            items=tuple((fact.sortable(of), born) for of, born in items if _is_comparable(of)) if told else None,
            reason=shortened(observation.reason or ""),
        ),
    ]


def _followed(observation: seen.ResourceFollowed) -> Sequence[Fact]:
    if not (_is_comparable(observation.since) and _is_comparable(observation.until)):
        return []
    return [
        fact.ResourceWatched(
            cluster=observation.cluster,
            resource=observation.resource,
            namespace=observation.namespace,
            since=fact.sortable(observation.since),
            since_at=observation.since_at,
            until=fact.sortable(observation.until),
            until_at=observation.sent_after or observation.seen_at,
            objects=observation.objects,
        )
    ]


def _is_comparable(version: str) -> bool:
    return version.isascii() and version.isdecimal()


def _looked(observation: seen.LocationLooked) -> fact.LocationLooked:
    return fact.LocationLooked(
        location=Location(store=observation.store, uri=observation.uri),
        at=int(observation.seen_at.timestamp()),
        look=observation.look,
    )


def _reported(observation: seen.SourceReported) -> SourceObserved:
    return SourceObserved(
        source=observation.source,
        cluster=observation.cluster,
        resource=observation.resource,
        namespace=observation.namespace,
        at=observation.seen_at,
        state=observation.state,
        message=observation.message,
        objects=0,
    )
