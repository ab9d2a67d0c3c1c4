"""The rules between views and between subjects: which view counts, whose pod it is, which write was read.

Pure, over plain values; times are whole seconds since 1970. These are the rules of "Identity, order and
merging" (ARCHITECTURE.md); `lineage.store` applies them to what a batch touches.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

from lineage.facts import (
    ExecutionState,
    Fact,
    ObjectKept,
    PodSeen,
    Read,
    RecurringRef,
    Repository,
    Revision,
    RunSeen,
    RunTold,
    TaskTold,
    Write,
)
from lineage.identity import Location, object_store
from lineage.model import ArtifactRole, Parameter, Phase, Scheduler

SKEW_SECONDS: Final = 2  # two honest clocks differ by no more
OPEN: Final = 1 << 40  # an end that nobody saw

PortT = TypeVar("PortT", Read, Write)

Span = tuple[int, int]
"""From and to, both inclusive."""


# ------------------------------------------------------------------------------------------ views
def current(numbered: Revision | None, dated: Revision | None) -> Literal["K", "R"]:
    """Say which class holds the view that readers get, of the newest of each. At least one is given.

    The newer incarnation; within it the view with a resourceVersion, unless the one without knows the end,
    the other does not, and it is not older by the object's own times.
    """
    if numbered is None or dated is None:
        return "R" if numbered is None else "K"
    if numbered.life != dated.life:
        return "K" if numbered.life > dated.life else "R"
    return "R" if dated.ended and not numbered.ended and dated.latest >= numbered.latest else "K"


Subject: TypeAlias = tuple[Hashable, ...]
"""What several views may be of, one newer than the other. Views of one subject are of one class, life and place."""


def standing(facts: Sequence[Fact]) -> list[int]:
    """Say of each fact which one makes it needless, of those that are recorded together: itself where none does.

    The newest view of a subject does, unless it leaves something out that only the older one says: an attempt, or
    which nodes there are.
    """
    stands = list(range(len(facts)))
    views: defaultdict[Subject, list[int]] = defaultdict(list)
    for number, fact in enumerate(facts):
        if (subject := _subject(fact)) is not None:
            views[subject].append(number)
    for several in views.values():
        if len(several) > 1:
            _let_newest_stand(facts, several, stands)
    return stands


def _let_newest_stand(facts: Sequence[Fact], views: list[int], stands: list[int]) -> None:
    newest_first = sorted(views, key=lambda number: _rank(facts[number]), reverse=True)
    newer, names = newest_first[0], _names(facts[newest_first[0]])
    for number in newest_first[1:]:
        named = _names(facts[number])
        if named is None or (names is not None and named <= names):
            stands[number] = stands[newer]
        else:
            newer, names = number, named


def _subject(fact: Fact) -> Subject | None:
    match fact:
        case PodSeen():
            return "pod", fact.uid, fact.owner_uid, fact.node_id, fact.revision.kind, fact.revision.life
        case ObjectKept():
            return "object", fact.resource, fact.uid, fact.revision.kind
        case RunSeen():
            pipeline = fact.pipeline and (fact.pipeline.namespace, fact.pipeline.name, fact.pipeline.digest)
            seen = fact.revision
            return "run", fact.run, fact.incarnation, fact.cluster, seen.kind, seen.life, pipeline, fact.experiment
        case _:
            return None


def _rank(fact: Fact) -> str:
    return fact.revision.rank if isinstance(fact, (RunSeen, PodSeen, ObjectKept)) else ""


def _names(fact: Fact) -> frozenset[tuple[str, int]] | None:
    """The attempts that a view names; None where it does not show its nodes."""
    if not isinstance(fact, RunSeen):
        return frozenset()
    if fact.executions is None:
        return None
    return frozenset((state.node_id, state.started_at) for state in fact.executions if state.started_at is not None)


# ------------------------------------------------------------------------------------------ runs
class Header(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What readers get of a run itself, of its workflow and of what Kubeflow told. `told` are the fields that the
    latter fills, by their names in the API. `experiment` is a name that a label gives, `kubeflow_experiment` an id."""

    uid: str | None
    incarnation: str | None
    name: str
    display_name: str
    cluster: str
    namespace: str
    phase: Phase
    message: str | None
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    parameters: tuple[Parameter, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    resubmitted_from: str | None
    recurring: RecurringRef | None
    scheduled_at: datetime | None
    experiment: str | None
    kubeflow_experiment: str | None
    told: frozenset[str]


def header(seen: RunSeen | None, told: RunTold | None) -> Header | None:
    """Combine the view of a workflow with what Kubeflow told of its run; None where there is neither.

    The workflow is asked first, and what it does not say is filled: a name that people gave, arguments, times. The end
    too, by the rule between views of two classes (`current`): where the workflow shows none and was not seen since.
    """
    if seen is None:
        return None if told is None else _told_alone(told)
    if told is None:
        return _seen_alone(seen)
    filled = set[str]()
    recurring, scheduled_at = seen.recurring, seen.scheduled_at
    if recurring is None and told.recurring_run is not None:
        recurring, scheduled_at = _recurring_told(told), scheduled_at or told.scheduled_at
        filled.add("recurringRun")
    if not seen.experiment and told.experiment is not None:
        filled.add("experiment")
    if seen.display_name == seen.name:
        filled.add("displayName")
    if not seen.parameters and told.parameters:
        filled.add("parameters")
    if told.phase.ended and not seen.phase.ended and told.revision.latest >= seen.revision.latest:
        filled |= {"phase", "message", "finishedAt"}
    return msgspec.structs.replace(
        _seen_alone(seen),
        display_name=told.name if "displayName" in filled else seen.display_name,
        phase=told.phase if "phase" in filled else seen.phase,
        message=told.message if "phase" in filled else seen.message,
        created_at=seen.created_at or told.created_at,
        started_at=seen.started_at or told.started_at,
        finished_at=told.finished_at if "phase" in filled else seen.finished_at,
        parameters=told.parameters if "parameters" in filled else seen.parameters,
        recurring=recurring,
        scheduled_at=scheduled_at,
        kubeflow_experiment=told.experiment,
        told=frozenset(filled),
    )


def _seen_alone(seen: RunSeen) -> Header:
    return Header(
        uid=seen.uid,
        incarnation=seen.incarnation,
        name=seen.name,
        display_name=seen.display_name,
        cluster=seen.cluster,
        namespace=seen.namespace,
        phase=seen.phase,
        message=seen.message,
        created_at=seen.created_at,
        started_at=seen.started_at,
        finished_at=seen.finished_at,
        parameters=seen.parameters,
        labels=seen.labels,
        annotations=seen.annotations,
        resubmitted_from=seen.resubmitted_from,
        recurring=seen.recurring,
        scheduled_at=seen.scheduled_at,
        experiment=seen.experiment,
        kubeflow_experiment=None,
        told=frozenset(),
    )


def _told_alone(told: RunTold) -> Header:
    return Header(
        uid=told.run,
        incarnation=None,
        name=told.name,
        display_name=told.name,
        cluster=told.cluster,
        namespace=told.namespace or "",
        phase=told.phase,
        message=told.message,
        created_at=told.created_at,
        started_at=told.started_at,
        finished_at=told.finished_at,
        parameters=told.parameters,
        labels={},
        annotations={},
        resubmitted_from=None,
        recurring=_recurring_told(told),
        scheduled_at=told.scheduled_at if told.recurring_run is not None else None,
        experiment=None,
        kubeflow_experiment=told.experiment,
        told=frozenset({"displayName", "experiment", "finishedAt", "message", "parameters", "phase", "recurringRun"}),
    )


def _recurring_told(told: RunTold) -> RecurringRef | None:
    if told.recurring_run is None:
        return None
    return RecurringRef(scheduler=Scheduler.KUBEFLOW, uid=told.recurring_run, name="")


# ------------------------------------------------------------------------------------------ pods
class Attempt(NamedTuple):
    """One attempt at a node, as far as a pod's fate is concerned. `id` is the caller's own."""

    id: int
    start: int
    end: int | None


def attempt_of_pod(born: int, ended: int | None, attempts: Sequence[Attempt]) -> Attempt | None:
    """Find the attempt that a pod worked for, among those of its node; None where none can be proved.

    1. Those that hold its creation, and its end if known: the start nearest to the creation. An end not
       seen is the next attempt's start.
    2. Else the first that started while the pod provably lived: a controller that restarts adopts its pod
       and dates the node anew.
    """

    last = max(born, ended or 0)
    inside = [
        attempt
        for attempt in attempts
        if attempt.start - SKEW_SECONDS <= born and last <= _latest_end(attempt, attempts) + SKEW_SECONDS
    ]
    if inside:
        return min(inside, key=lambda attempt: (abs(attempt.start - born), -attempt.start))
    adopted = [a for a in attempts if ended is not None and born < a.start < ended - SKEW_SECONDS]
    return min(adopted, key=lambda attempt: attempt.start, default=None)


def _latest_end(attempt: Attempt, attempts: Sequence[Attempt]) -> int:
    if attempt.end is not None:
        return max(attempt.end, attempt.start)
    return min((other.start for other in attempts if other.start > attempt.start), default=OPEN)


# ------------------------------------------------------------------------------------------ tasks
def informed(state: ExecutionState, told: TaskTold) -> ExecutionState:
    """Combine what a view shows of an attempt with what Kubeflow's records tell of its task.

    The view is asked first for what was given, and the records for what came out: a plan says where an output is to
    lie, and they where it does.
    """
    planned = {write.name: write for write in state.writes}
    written = {write.name: write for write in told.writes}
    read = {read.name for read in state.reads}
    return msgspec.structs.replace(
        state,
        input_parameters=with_parameters(state.input_parameters, told.input_parameters),
        output_parameters=with_parameters(state.output_parameters, told.output_parameters),
        reads=(*state.reads, *(one for one in told.reads if one.name not in read)),
        writes=tuple((planned | written).values()),
    )


def with_parameters(shown: Sequence[Parameter], told: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Add the parameters that only Kubeflow's records tell."""
    if not told:
        return tuple(shown)
    known = {one.name for one in shown}
    return (*shown, *(one for one in told if one.name not in known))


def placed(told: TaskTold, repository: Repository | None, cluster: str) -> TaskTold:
    """Say which store holds what a task read and wrote: the one of the run, where that has the bucket."""
    if repository is None:
        return told
    unsaid = object_store(None, cluster)

    def at(place: Location) -> Location:
        scheme, _, rest = place.uri.partition("://")
        own = place.store == unsaid and scheme in ("minio", "s3") and rest.partition("/")[0] == repository.bucket
        return Location(store=repository.store, uri=place.uri) if own else place

    def replaced(port: PortT) -> PortT:
        return msgspec.structs.replace(port, location=at(port.location))

    return msgspec.structs.replace(
        told, reads=tuple(map(replaced, told.reads)), writes=tuple(map(replaced, told.writes))
    )


# ------------------------------------------------------------------------------------------ ports
Writes: TypeAlias = dict[str, Write]
"""What an attempt wrote, by output name."""

Uses: TypeAlias = dict[tuple[str, str], Read | Write]
"""What it read or took over, by role and name."""

USED: Final = ArtifactRole.USED.value
REUSED: Final = ArtifactRole.REUSED.value


def ports(state: ExecutionState, *, reused: bool) -> tuple[Writes, Uses]:
    """Say what an attempt wrote, by output name, and what it read or took over, by role and name.

    `reused`: one of its pods says that Kubeflow's cache stood in for it, so that only what bears its own
    name was written.
    """
    writes = {w.name: w for w in state.writes if not w.reused and (w.own or not reused)}
    uses: Uses = {(USED, read.name): read for read in state.reads}
    if len(writes) < len(state.writes):
        uses |= {(REUSED, w.name): w for w in state.writes if w.name not in writes}
    return writes, uses


def span(start: int | None, end: int | None) -> Span:
    """The time in which an attempt read or wrote. Real objects end before they start; never a span."""
    low = start if start is not None else 0
    return low, max(end, low) if end is not None else OPEN


# ------------------------------------------------------------------------------------------ locations
@dataclass(frozen=True, slots=True, order=True)
class State:
    """What lay at a location when someone looked: its version, or else its time and ETag."""

    modified_at: int
    etag: str
    version: str | None = None

    @property
    def name(self) -> str:
        """Which outside write this is."""
        return self.version or f"{self.modified_at} {self.etag}"


@dataclass(frozen=True, slots=True)
class Timeline:
    """The writes of one location in time: the recorded ones by the caller's id, the outside ones by state. `states` are
    those of the recorded writes that a look showed."""

    recorded: Mapping[int, Span]
    outside: Mapping[str, Span]
    states: Mapping[int, State]


def timeline(writes: Mapping[int, Span], looks: Mapping[State, int]) -> Timeline:
    """Place the writes of a location in time. `looks` says when each state was last seen.

    The newest state modified within one write's span, and still there at its end, is that write's and
    narrows the span to it. Every other state is an outside write, or (within a span) unclaimed: it stays
    beside, so that later readers are ambiguous.
    """
    recorded, inside, own = dict(writes), defaultdict(list), dict[int, State]()
    outside = {state.name: (state.modified_at, state.modified_at) for state in sorted(looks)}
    for state in looks:
        hits = [w for w, (lo, hi) in writes.items() if lo - SKEW_SECONDS <= state.modified_at <= hi + SKEW_SECONDS]
        if len(hits) == 1:
            inside[hits[0]].append(state)
    for write, states in inside.items():
        newest = max(states, key=lambda state: state.modified_at)
        alone = sum(state.modified_at == newest.modified_at for state in states) == 1
        if alone and looks[newest] >= writes[write][1] - SKEW_SECONDS:
            outside.pop(newest.name, None)
            recorded[write], own[write] = (newest.modified_at, newest.modified_at), newest
    return Timeline(recorded=recorded, outside=outside, states=own)


class Candidate(NamedTuple):
    """A write that a reader may have read. `id` is the caller's; `execution` and `run` are None for an outside
    write."""

    id: int
    execution: int | None
    run: int | None
    span: Span


class Reader(NamedTuple):
    """An execution that read a location, and when it may have."""

    execution: int
    run: int
    span: Span


class Answer(NamedTuple):
    """What a reader may have read: one write is known, several are ambiguous. `unknown`: or whatever lay
    there before every known write."""

    writes: frozenset[int]
    unknown: bool

    @property
    def ambiguous(self) -> bool:
        return len(self.writes) + self.unknown > 1


NOTHING_KNOWN: Final = Answer(writes=frozenset(), unknown=True)
"""Whatever lay there was written by nobody who is known."""


class Order(Protocol):
    """Which executions of a run surely ended before which others began, by the graph. None did before itself."""

    def before(self, earlier: int, later: int) -> bool:
        """Say whether one did before another."""

    def before_any(self, later: Iterable[int]) -> Callable[[int], bool]:
        """Make what says whether another of a run did before any of these of it, however many they are."""


def answer(reader: Reader, candidates: Sequence[Candidate], order: Order) -> Answer:
    """Say which writes of a location a reader may have read.

    1. Candidates: writes by ancestors, or begun by the reader's end; not its own nor later executions'.
    2. Drop each that is surely before another which is surely before the reader. The graph gives order, not
       precedence: what another run wrote in between is newer than an ancestor's.
    3. Nothing sure: what lay there before may have been read as well.
    """
    if len(candidates) == 1:  # as nearly always
        return _answer_alone(reader, candidates[0], order)
    maybe = [write for write in candidates if _possible(write, reader, order)]
    left, unknown = _undominated(reader, maybe, order)
    # None left although there were some: the clocks contradict the graph, so each is possible.
    return Answer(writes=frozenset(write.id for write in left or maybe), unknown=unknown)


def _answer_alone(reader: Reader, write: Candidate, order: Order) -> Answer:
    """The same of the only write of a location: it was read or not, and that is sure or not."""
    if write.execution is not None and write.run == reader.run:
        if write.execution == reader.execution or order.before(reader.execution, write.execution):
            return NOTHING_KNOWN
        if order.before(write.execution, reader.execution):
            return Answer(frozenset((write.id,)), False)
    if write.span[0] > reader.span[1] + SKEW_SECONDS:
        return NOTHING_KNOWN
    return Answer(frozenset((write.id,)), write.span[1] + SKEW_SECONDS >= reader.span[0])


def _possible(write: Candidate, reader: Reader, order: Order) -> bool:
    begun = write.span[0] <= reader.span[1] + SKEW_SECONDS
    if write.execution is None or write.run != reader.run:
        return begun
    if write.execution == reader.execution or order.before(reader.execution, write.execution):
        return False
    return begun or order.before(write.execution, reader.execution)


def _precedes(write: Candidate, execution: int | None, run: int | None, start: int, order: Order) -> bool:
    if write.execution is not None and execution is not None and write.run == run:
        if order.before(write.execution, execution):
            return True
        if order.before(execution, write.execution):
            return False
    return write.span[1] + SKEW_SECONDS < start


def _undominated(reader: Reader, maybe: Sequence[Candidate], order: Order) -> tuple[list[Candidate], bool]:
    """The possible writes that no sure one came after, and whether none is sure. Of a thousand steps that write one
    place and a thousand that read it, each pair costs as little as this makes it."""
    sure = [w for w in maybe if _precedes(w, reader.execution, reader.run, reader.span[0], order)]
    if not sure:
        return list(maybe), True
    of_run = defaultdict[int | None, list[int]](list)
    for write in sure:
        if write.execution is not None:
            of_run[write.run].append(write.execution)
    before_any = {run: order.before_any(executions) for run, executions in of_run.items()}
    by_start = sorted(sure, key=lambda write: write.span[0], reverse=True)
    left = [
        write
        for write in maybe
        if not (write.execution is not None and write.run in before_any and before_any[write.run](write.execution))
        and not _ended_before(write, by_start, order)
    ]
    return left, False


def _ended_before(write: Candidate, others: Iterable[Candidate], order: Order) -> bool:
    """Whether a write ended before one of others began, whose latest comes first, and the graph does not say that it
    came after that."""
    for other in others:
        if write.span[1] + SKEW_SECONDS >= other.span[0]:
            return False
        if other is not write and not _comes_after(write, other, order):
            return True
    return False


def _comes_after(write: Candidate, other: Candidate, order: Order) -> bool:
    if write.execution is None or other.execution is None or write.run != other.run:
        return False
    return order.before(other.execution, write.execution)


class History:
    """Many writes of one location, arranged so that a reader is answered from the few that can matter.

    Gives what `answer` gives. A write of another run that surely ended before the reader (the anchor) drops
    everything that ended before it began, whatever the graph says: the graph knows one run. What remains lies
    around the anchor and the reader in time, or in a run of which something does.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._all = sorted(candidates, key=lambda write: (write.span, write.id))
        self._starts = [write.span[0] for write in self._all]
        self._latest_end = list(accumulate((write.span[1] for write in self._all), max))
        self._by_run: dict[int | None, list[Candidate]] = defaultdict(list)
        for write in self._all:
            self._by_run[write.run].append(write)

    def answer(self, reader: Reader, order: Order) -> Answer:
        """Say which of these writes a reader may have read."""
        begun = bisect_right(self._starts, reader.span[1] + SKEW_SECONDS)
        anchor = self._anchor(reader)
        if anchor is None:
            return answer(reader, [*self._all[:begun], *self._later(self._by_run[reader.run], begun)], order)
        if self._contradicted(anchor, order):
            return answer(reader, self._all, order)
        near = self._ending_from(anchor.span[0] - SKEW_SECONDS, begun)
        runs = {write.run for write in near} | {anchor.run, reader.run}
        few = {write.id: write for write in near}
        few |= {write.id: write for run in runs if run is not None for write in self._by_run[run]}
        few[anchor.id] = anchor
        maybe = [write for write in few.values() if _possible(write, reader, order)]
        left, unknown = _undominated(reader, maybe, order)
        if not left:
            return answer(reader, self._all, order)
        return Answer(writes=frozenset(write.id for write in left), unknown=unknown)

    def _anchor(self, reader: Reader) -> Candidate | None:
        for index in range(bisect_right(self._starts, reader.span[0]) - 1, -1, -1):
            write = self._all[index]
            if write.run != reader.run and write.span[1] + SKEW_SECONDS < reader.span[0]:
                return write
        return None

    def _contradicted(self, anchor: Candidate, order: Order) -> bool:
        """The graph says that something came after the anchor which the clocks put before it."""
        if anchor.execution is None:
            return False
        return any(
            write.execution is not None
            and write.span[1] + SKEW_SECONDS < anchor.span[0]
            and order.before(anchor.execution, write.execution)
            for write in self._by_run[anchor.run]
        )

    def _ending_from(self, end: int, begun: int) -> list[Candidate]:
        found = []
        for index in range(begun - 1, -1, -1):
            if self._latest_end[index] < end:
                break
            if self._all[index].span[1] >= end:
                found.append(self._all[index])
        return found

    def _later(self, writes: Sequence[Candidate], begun: int) -> list[Candidate]:
        limit = self._starts[begun - 1] if begun else None
        return [write for write in writes if limit is None or write.span[0] > limit]
