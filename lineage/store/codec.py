"""Between facts and columns: how times, revisions and bodies are written in a row."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, TypeVar, overload

import msgspec
import orjson
from msgspec import structs

from lineage.evidence import Look
from lineage.facts import (
    DeploymentSeen,
    ExecutionSeen,
    ExecutionState,
    ExperimentTold,
    PipelineTold,
    PipelineVersionTold,
    PodSeen,
    RecurringRunSeen,
    RecurringRunTold,
    Revision,
    RunSeen,
    RunTold,
    ServedComponent,
    TasksTold,
    TaskTold,
    Told,
)
from lineage.merge import Span, informed
from lineage.model import ArtifactState, ContainerImage, Parameter, RecurringSpec
from lineage.store.dialect import Row
from lineage.store.packed import PACKED, unpack
from lineage.verification import Verified
from lineage.workloads import NOTHING_SAID, Condition, Scale, Workload

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)


class AttemptShown(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What readers get of the view of an attempt. What is passed over of a body costs little; fields that stand in the
    order of bodies, which is that of their names, are found sooner."""

    attempt: int
    component: str | None = None
    display_name: str
    exit_code: int | None
    finished_at: datetime | None
    images: tuple[ContainerImage, ...] = ()
    input_parameters: tuple[Parameter, ...]
    is_system: bool = False
    kind: str
    message: str | None
    name: str
    node_id: str
    output_parameters: tuple[Parameter, ...]
    resources: Mapping[str, Any] | None
    template: str | None
    workload: Workload = NOTHING_SAID


class TaskShown(msgspec.Struct, frozen=True, omit_defaults=True):
    """What readers get of what was told of a task. Of artifacts and metrics it says only that there are some."""

    source: str
    cached: bool = False
    taken_from: str | None = None
    input_parameters: tuple[Parameter, ...] = ()
    output_parameters: tuple[Parameter, ...] = ()
    reads: tuple[msgspec.Raw, ...] = ()
    writes: tuple[msgspec.Raw, ...] = ()
    metrics: tuple[msgspec.Raw, ...] = ()


def _reader(what: type[T]) -> Callable[[bytes], T]:
    """Make what reads bodies that may be packed."""
    decode = msgspec.json.Decoder(what).decode

    def read(body: bytes) -> T:
        return decode(unpack(body) if body[0] == PACKED else body)

    return read


encode = msgspec.json.Encoder(order="sorted").encode
run_of = _reader(RunSeen)
execution_of = _reader(ExecutionState)
attempt_shown = _reader(AttemptShown)
task_shown = _reader(TaskShown)
executions_of = msgspec.json.Decoder(tuple[ExecutionState, ...]).decode
execution_seen_of = _reader(ExecutionSeen)
condition_of = msgspec.json.Decoder(Condition).decode
scale_of = msgspec.json.Decoder(Scale).decode
pod_of = _reader(PodSeen)
recurring_of = msgspec.json.Decoder(RecurringRunSeen).decode
recurring_spec_of = msgspec.json.Decoder(RecurringSpec).decode
deployment_of = msgspec.json.Decoder(DeploymentSeen).decode
components_of = msgspec.json.Decoder(tuple[ServedComponent, ...]).decode
look_of = msgspec.json.Decoder(Look).decode
run_told_of = _reader(RunTold)
task_of = _reader(TaskTold)
tasks_of = _reader(TasksTold)
told_of: Final[Mapping[str, Callable[[bytes], Told]]] = {
    "experiment": msgspec.json.Decoder(ExperimentTold).decode,
    "pipeline": msgspec.json.Decoder(PipelineTold).decode,
    "pipeline version": msgspec.json.Decoder(PipelineVersionTold).decode,
    "recurring run": msgspec.json.Decoder(RecurringRunTold).decode,
    "run": run_told_of,
    "kept run": run_told_of,
    "tasks": tasks_of,
}
"""By what was told of."""


LATER: Final = frozenset({"of", "said"})


def state_of(row: Any) -> ExecutionState:
    """Read the state of an execution, as readers get it, from what a view showed and what was told of it."""
    state = execution_of(row.body)
    return state if row.told is None else informed(state, task_of(row.told))


def encode_look(look: Look) -> bytes:
    """Write a look. What came to it later is left out where there is none of it: equal looks have equal bytes."""
    members = msgspec.to_builtins(look)
    return encode({name: value for name, value in members.items() if value is not None or name not in LATER})


def header_alone(fact: RunSeen) -> RunSeen:
    """The view of a workflow without its attempts, and without the text of its pipeline, which is kept once."""
    pipeline = None if fact.pipeline is None else structs.replace(fact.pipeline, spec=b"")
    return structs.replace(fact, executions=None, pipeline=pipeline)


class Bodies:
    """The bodies of what is recorded together, each written once: to see whether a database can hold it, and to be
    held. What they are of is kept as long, so that nothing else has its id."""

    def __init__(self) -> None:
        self._bodies: dict[int, tuple[Any, bytes]] = {}
        self._headers: dict[int, tuple[RunSeen, RunSeen]] = {}

    def of(self, said: RunSeen | ExecutionState | PodSeen) -> bytes:
        """The body of a view."""
        known = self._bodies.get(id(said))
        if known is None:
            known = self._bodies[id(said)] = said, encode(said)
        return known[1]

    def header(self, fact: RunSeen) -> RunSeen:
        """What is written of the view of a workflow itself (`header_alone`)."""
        known = self._headers.get(id(fact))
        if known is None:
            known = self._headers[id(fact)] = fact, header_alone(fact)
        return known[1]


def encode_parameters(parameters: Iterable[Parameter]) -> str:
    """Write parameters by their names, as one JSON object."""
    return orjson.dumps({one.name: one.value for one in parameters}, option=orjson.OPT_SORT_KEYS).decode()


def encode_told(fact: Told) -> bytes:
    """Write what was told, without the text of its pipeline, which is kept once."""
    if isinstance(fact, RunTold | PipelineVersionTold) and fact.pipeline is not None:
        fact = structs.replace(fact, pipeline=structs.replace(fact.pipeline, spec=b""))
    return encode(fact)


def microseconds(moment: datetime | None) -> int | None:
    """Count microseconds since 1970."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


@overload
def moment(count: int) -> datetime: ...
@overload
def moment(count: None) -> None: ...
@overload
def moment(count: int | None) -> datetime | None: ...
def moment(count: int | None) -> datetime | None:
    """Read what `microseconds` wrote."""
    return None if count is None else _EPOCH + timedelta(microseconds=count)


def moments(counts: Sequence[int]) -> list[datetime]:
    """Read many of what `microseconds` wrote, each in a third of the time: most are whole seconds."""
    whole = msgspec.convert([count // 1_000_000 for count in counts], list[datetime], strict=False)
    return [
        at.replace(microsecond=rest) if (rest := count % 1_000_000) else at
        for at, count in zip(whole, counts, strict=True)
    ]


def second(count: int) -> datetime:
    """Read a time in whole seconds since 1970, in a quarter of the time."""
    return datetime.fromtimestamp(count, UTC)


def seconds(counts: Sequence[int | None]) -> list[datetime | None]:
    """Read many of such times, as far as there are any."""
    return msgspec.convert(counts, list[datetime | None], strict=False)


def whole_seconds(when: datetime | None) -> int | None:
    """Count whole seconds since 1970, as identities do."""
    return None if when is None else (when - _EPOCH) // _SECOND


def number_of(value: str | None) -> float | None:
    """Read a parameter that is a finite number; None where it is none."""
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


MOST_SECONDS: Final = 2**53  # more is no time, and would not be kept to the second


def counted(resources: Mapping[str, Any] | None, name: str) -> float | None:
    """Read what the engine counted of a resource: how long one unit of it was used, in seconds."""
    found = (resources or {}).get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > MOST_SECONDS:
        return None
    return float(found)


def fingerprint(body: bytes) -> str:
    """Tell whether two bodies are equal without reading them."""
    return blake2b(body, digest_size=16).hexdigest()


def revision_columns(revision: Revision) -> dict[str, Any]:
    """Write a revision in the columns of a row."""
    return {
        "rev_kind": revision.kind,
        "rev_rank": revision.rank,
        "rev_latest": revision.latest,
        "rev_ended": revision.ended,
    }


def written(row: Mapping[str, Any]) -> Span | None:
    """Read when an artifact was written; None where nobody knows."""
    return None if row["span_from"] is None else (row["span_from"], row["span_to"])


def verified_columns(own: str | None, found: Verified) -> dict[str, Any]:
    """Write what looks say of an artifact in the columns of its row. `own` is the state that it is known to be."""
    unknown = found.state is ArtifactState.UNVERIFIED
    return {
        "shown": own,
        "verified": None if unknown else found.state.value,
        "size_bytes": found.size_bytes,
        "digest": found.digest,
        "content_digest": found.content_digest,
    }


def other_columns(revision: Revision) -> dict[str, Any]:
    """Write the revision of the view that readers do not get in the columns of a row."""
    return {"other_rank": revision.rank, "other_latest": revision.latest, "other_ended": revision.ended}


def revision_of(row: Row) -> Revision | None:
    """Read the revision of a row; None where no view has been seen."""
    if row["rev_kind"] is None:
        return None
    return _revision(row["rev_kind"], row["rev_rank"], row["rev_latest"], row["rev_ended"])


def other_revision_of(row: Row) -> Revision | None:
    """Read the revision of the view that readers do not get; None where there is none."""
    if row["other_rank"] is None:
        return None
    kind = "R" if row["rev_kind"] == "K" else "K"
    return _revision(kind, row["other_rank"], row["other_latest"], row["other_ended"])


def _revision(kind: str, rank: str, latest: int, ended: Any) -> Revision:
    life, version, digest = rank.rsplit(" ", 2)
    return Revision(
        kind="K" if kind == "K" else "R",
        life=life,
        version=version,
        digest=digest,
        latest=latest,
        ended=bool(ended),  # SQLite has no truth values of its own
    )
