"""What a store of ML Metadata keeps, run by run, and what of it lineage has no place for: asked once.

No sockets, no clock. It can be begun again at any time: what comes is what live watching records, so a repetition
changes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from lineage.errors import BadAnswer
from watchers.mlmd_records import RUN, Census, Record, Records, tasks_in
from watchers.reading import mapping, mappings, scalar, text
from watchers.source import KubernetesObject
from watchers.sources.mlmd_tasks import INPUT, OUTPUT, is_group, is_task, port_name

CONTEXTS: Final = "contexts"
EXECUTIONS: Final = "executions"
ARTIFACTS: Final = "artifacts"
EVENTS: Final = "events"
_ORDER: Final = (CONTEXTS, EXECUTIONS, ARTIFACTS, EVENTS)

_V1: Final = (
    "Kubeflow Pipelines v1 wrote down copies of its workflows, by their names, and names no runs: "
    "`lineage backfill` records these from Kubeflow itself"
)
_TFX: Final = "TFX names its runs as it likes, and not as Kubeflow does: nobody could tell whether they are recorded"
_OTHER: Final = "other programs than Kubeflow Pipelines v2 wrote them"
_PIPELINES: Final = "a version of a pipeline is its exact text, and only the names are kept"
_WHY_CONTEXTS: Final = {
    "system.Pipeline": _PIPELINES,
    "KfpRun": _V1,
    "pipeline": _TFX,
    "pipeline_run": _TFX,
    "node": _TFX,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A run of which what is kept cannot be read."""

    run: str
    reason: str


Found: TypeAlias = KubernetesObject | Unreadable


def moving_in(records: Records) -> Iterator[Found]:
    """Yield what is kept of each run, in the order of their contexts.

    Raises:
        ClusterError: the store failed at something again and again.
    """
    for context in records.runs():
        try:
            yield tasks_in(records, context)
        except BadAnswer as error:
            yield Unreadable(run=str(context.get("name", "")), reason=str(error))


# ------------------------------------------------------------------------------------------ counting
@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Some contexts, executions, artifacts or events that are not recorded, and why."""

    what: str
    kind: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How much was read of each, how much of that is recorded, and what is not. Contexts that are recorded are runs."""

    read: Mapping[str, int]
    recorded: Mapping[str, int]
    left_out: tuple[LeftOut, ...]


class Numbers:
    """A set of ids: those that were given out one after another take two bits each."""

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}
        self._length = 0

    def add(self, number: int) -> bool:
        """Add an id, and say whether it is new."""
        block, bit = number >> 6, 1 << (number & 63)
        held = self._blocks.get(block, 0)
        if held & bit:
            return False
        self._blocks[block] = held | bit
        self._length += 1
        return True

    def __len__(self) -> int:
        return self._length


class Accounting:
    """Counts what comes: each execution, artifact and event once, in however many runs it stands."""

    def __init__(self) -> None:
        self._runs = 0
        self._executions, self._artifacts, self._placeless = Numbers(), Numbers(), Numbers()
        self._kinds: Counter[str] = Counter()  # of executions in runs
        self._recorded: Counter[str] = Counter()
        self._events = 0  # of executions in runs
        self._left_out: Counter[tuple[str, str, str]] = Counter()

    def take(self, item: KubernetesObject) -> None:
        """Count what is kept of one run."""
        told = mapping(item, "told")
        if not text(mapping(told, "context"), "name"):
            self.leave_out(Unreadable(run="", reason="it has no name"))
            return
        self._runs += 1
        places = {scalar(one.get("id")): text(one, "uri") for one in mappings(told, "artifacts")}
        news = {number: one for one in mappings(told, "executions") if self._executions.add(number := _id(one, "id"))}
        for one in news.values():
            self._count_execution(one)
        for one in mappings(told, "events"):
            execution = news.get(_id(one, "execution_id"))
            if execution is not None:
                self._count_event(one, execution, places.get(scalar(one.get("artifact_id"))))

    def leave_out(self, run: Unreadable) -> None:
        """Count a run that cannot be read."""
        self._left_out[CONTEXTS, RUN, f"it cannot be read: {run.reason}"] += 1

    def settle(self, census: Census, *, rejected: int = 0) -> Account:
        """Say what became of everything that there is. The recorder set so many runs aside."""
        left = Counter(self._left_out)
        left[CONTEXTS, RUN, "they were set aside: `lineage rejected list` says why"] += rejected
        for kind, count in census.contexts.items():
            if kind != RUN:
                left[CONTEXTS, kind, _WHY_CONTEXTS.get(kind, _OTHER)] += count
        for kind, count in census.executions.items():
            left[EXECUTIONS, kind, _why_execution(kind)] += count - self._kinds[kind]
        left[ARTIFACTS, "", "nothing read or wrote them"] += census.unused_artifacts
        left[ARTIFACTS, "", "they lie nowhere: of these, what is said of metrics is recorded"] += len(self._placeless)
        used = census.artifacts - census.unused_artifacts
        left[ARTIFACTS, "", "only what is not recorded read or wrote them"] += used - len(self._artifacts)
        left[EVENTS, "", "their executions are in no run"] += census.events - self._events
        read = {
            CONTEXTS: sum(census.contexts.values()),
            EXECUTIONS: sum(census.executions.values()),
            ARTIFACTS: census.artifacts,
            EVENTS: census.events,
        }
        recorded = {
            CONTEXTS: self._runs - rejected,
            EXECUTIONS: self._recorded[EXECUTIONS],
            ARTIFACTS: len(self._artifacts) - len(self._placeless),
            EVENTS: self._recorded[EVENTS],
        }
        return Account(
            read=read,
            recorded=recorded,
            left_out=tuple(
                LeftOut(what=what, kind=kind, count=count, reason=reason)
                for (what, kind, reason), count in sorted(left.items(), key=_in_order)
                if count > 0  # what is written meanwhile may be counted late
            ),
        )

    # -- inside
    def _count_execution(self, execution: Record) -> None:
        kind = text(execution, "type")
        self._kinds[kind] += 1
        if is_task(execution) or is_group(execution):
            self._recorded[EXECUTIONS] += 1
        else:
            self._left_out[EXECUTIONS, kind, f"in a run, and yet {_OTHER}"] += 1

    def _count_event(self, event: Record, execution: Record, uri: str | None) -> None:
        self._events += 1
        kind = text(event, "type")
        reason = _why_event(event, execution, is_there=uri is not None)
        if reason is not None:
            self._left_out[EVENTS, kind, reason] += 1
            return
        self._recorded[EVENTS] += 1
        number = _id(event, "artifact_id")
        if self._artifacts.add(number) and not uri:
            self._placeless.add(number)


def _in_order(one: tuple[tuple[str, str, str], int]) -> tuple[int, str, str]:
    what, kind, reason = one[0]
    return _ORDER.index(what), kind, reason


def _why_execution(kind: str) -> str:
    if kind.startswith("components."):
        return _V1
    if kind.startswith("tfx."):
        return _TFX
    return "they are in no run" if kind.startswith("system.") else _OTHER


def _why_event(event: Record, execution: Record, *, is_there: bool) -> str | None:
    if is_group(execution):
        return "they are of groups of tasks: what the tasks themselves read and wrote is recorded"
    if not is_task(execution):
        return "their executions are not recorded"
    if text(event, "type") not in (INPUT, OUTPUT):
        return "they say neither that something was read nor that it was written"
    if not port_name(event):
        return "they name no input or output"
    return None if is_there else "their artifacts are not there"


def _id(record: Record, member: str) -> int:
    number = scalar(record.get(member)) or ""
    return int(number) if number.removeprefix("-").isdecimal() else 0
