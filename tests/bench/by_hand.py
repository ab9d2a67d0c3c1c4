"""The floor of recording: a program written by hand for this one workload, that leaves the same rows as the store.

It starts from the same facts, makes the same keys and bodies, compresses what is kept, looks up what there is and
upserts behind guards, in as many transactions. What it lacks are the general rules: it is right only where each event
comes once and in its order, one pod works for an attempt, nothing is written twice or taken over from a cache, and
nobody else writes. It knows no SQLAlchemy: plain texts of statements and tuples, through a `Database`.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import count
from typing import Any, Final, Protocol

import orjson
import zstandard

from lineage.facts import ExecutionState, Fact, ObjectKept, PipelineRef, PodSeen, Revision, RunSeen
from lineage.identity import (
    Location,
    encode_key,
    execution_key,
    pipeline_key,
    pipeline_version_key,
    unknown_key,
    written_key,
)
from lineage.store.batch import AT_ONCE
from lineage.store.codec import (
    encode,
    encode_parameters,
    fingerprint,
    header_alone,
    microseconds,
    number_of,
    whole_seconds,
)

GUARDS: Final = {
    "run": "excluded.rev_rank > run.rev_rank",
    "workflow": "excluded.rev_rank > workflow.rev_rank",
    "roll": "excluded.rev_rank > roll.rev_rank",
    "execution": "excluded.rev_rank > execution.rev_rank AND excluded.digest <> execution.digest",
    "pod": "excluded.rev_rank > pod.rev_rank",
    "kept_object": "excluded.rev_rank > kept_object.rev_rank",
    "run_label": "excluded.value <> run_label.value",
}
"""When a row overwrites the one of its primary key; those of the other tables never change."""

_VIEW: Final = ("rev_rank", "rev_latest", "rev_ended", "body")
CHANGING: Final = {
    "run": ("phase", "started_at", "finished_at", *_VIEW),
    "workflow": ("seen_version", *_VIEW),
    "roll": ("rev_rank", "rev_latest", "rev_ended"),
    "execution": ("finished_at", "phase", "digest", *_VIEW),
    "pod": ("ended", "seen_version", *_VIEW),
    "kept_object": _VIEW,
    "run_label": ("value",),
}
"""What is overwritten then: to write a column is to write its indexes."""

NUMBERED: Final = ("node", "run", "workflow", "pod", "location", "pipeline", "pipeline_version")
HIGHEST: Final = "SELECT " + ", ".join(f"(SELECT coalesce(max(id), 0) FROM {name})" for name in NUMBERED)

Question = str
RUNS: Final[Question] = "SELECT key, id FROM run WHERE key IN {these}"
WORKFLOWS: Final[Question] = "SELECT uid, id, run_id FROM workflow WHERE uid IN {these}"
PODS: Final[Question] = "SELECT uid, id FROM pod WHERE uid IN {these}"
VERSIONS: Final[Question] = "SELECT key, id FROM pipeline_version WHERE key IN {these}"
ATTEMPTS: Final[Question] = "SELECT run_id, node_id, started_at, id, finished_at FROM execution WHERE run_id IN {these}"
LOCATIONS: Final[Question] = (
    "SELECT location.store, location.uri, location.id, artifact.id FROM location "
    "LEFT JOIN artifact ON artifact.location_id = location.id WHERE location.uri IN {these}"
)

Row = tuple[Any, ...]

NO_OTHER_VIEW: Final[Row] = (None, None, None, None)  # a watch gives views of one class
NOT_SCHEDULED: Final[Row] = (None, None, None)
NOTHING_COUNTED: Final[Row] = (None, None, None)
NOT_OF_KUBEFLOW: Final[Row] = (None,)  # neither its plumbing, nor a task or of a type that it tells
A_WORKFLOW: Final[Row] = (None,)  # what nobody started, and whose steps are no objects and create none
NOBODY_LOOKED: Final[Row] = (None, None, None, None, None, None)


class Database(Protocol):
    """What the program needs of a database: one connection, prepared texts."""

    def transaction(self) -> AbstractContextManager[object]:
        """Begin one, and commit it."""

    def highest(self) -> Sequence[int]:
        """Ask `HIGHEST`."""

    def ask(self, question: Question, values: Collection[str] | Collection[int]) -> list[Row]:
        """Ask a question about some values."""

    def write(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows, or overwrite those that there are where the guard of the table allows it."""


class ByHand:
    """The program. Use `apply` as that of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._compress = zstandard.ZstdCompressor().compress

    def apply(self, facts: Sequence[Fact]) -> None:
        """Record the facts of some events in one transaction."""
        with self._database.transaction():
            _Batch(self._database, self._compress).record(facts)


class _Batch:
    """One transaction: what there is, and the rows to write, by table and primary key."""

    def __init__(self, database: Database, compress: Any) -> None:
        self._database = database
        self._compress = compress
        self._ids = dict(zip(NUMBERED, (count(last + 1) for last in database.highest()), strict=True))
        self._rows: dict[str, dict[Any, Row]] = {}
        self._runs: dict[str, int] = {}
        self._workflows: dict[str, tuple[int, int]] = {}
        self._pods: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._attempts: dict[tuple[int, str, int | None], int] = {}
        self._ended: dict[tuple[int, str, int | None], bool] = {}
        self._working: dict[tuple[int, str], int] = {}
        self._locations: dict[tuple[str, str], int] = {}
        self._artifacts: dict[int, int] = {}

    def record(self, facts: Sequence[Fact]) -> None:
        """Write the newest view of each object, for every one is whole, and each attempt as its end was first seen."""
        runs = {fact.run: fact for fact in facts if isinstance(fact, RunSeen)}
        pods = {fact.uid: fact for fact in facts if isinstance(fact, PodSeen)}
        kept = {(fact.resource, fact.uid): fact for fact in facts if isinstance(fact, ObjectKept)}
        self._look_up(runs, pods)
        for fact in runs.values():
            self._show_run(fact)
        news = [
            (fact, state) for fact in runs.values() for state in fact.executions or () if self._is_news(fact, state)
        ]
        places = {read.location.uri for _, state in news for read in state.reads}
        places |= {write.location.uri for _, state in news for write in state.writes}
        for store, uri, location_id, artifact_id in self._database.ask(LOCATIONS, places):
            self._locations[store, uri] = location_id
            self._artifacts[location_id] = artifact_id
        for fact, state in news:
            self._show_attempt(fact, self._runs[fact.run], state)
        for pod in pods.values():
            self._show_pod(pod)
        for key, one in kept.items():
            self._put("kept_object", key, (*key, *_revision(one.revision), self._compress(one.body)))
        for table, rows in self._rows.items():
            self._database.write(table, list(rows.values()))

    def _look_up(self, runs: Mapping[str, RunSeen], pods: Mapping[str, PodSeen]) -> None:
        ask = self._database.ask
        owners = {fact.incarnation for fact in runs.values()} | {fact.owner_uid for fact in pods.values()}
        self._runs = dict(ask(RUNS, runs.keys()))
        self._workflows = {uid: (row_id, run_id) for uid, row_id, run_id in ask(WORKFLOWS, owners)}
        self._pods = dict(ask(PODS, pods.keys()))
        known = {run_id for _, run_id in self._workflows.values()}
        for run_id, node_id, started_at, execution_id, finished_at in ask(ATTEMPTS, known):
            self._attempts[run_id, node_id, started_at] = execution_id
            self._ended[run_id, node_id, started_at] = finished_at is not None
            self._working[run_id, node_id] = execution_id
        versions = {_version_key(fact, fact.pipeline) for fact in runs.values() if fact.pipeline is not None}
        self._versions = dict(ask(VERSIONS, versions))

    def _put(self, table: str, key: Any, row: Row) -> None:
        self._rows.setdefault(table, {})[key] = row

    def _new(self, table: str) -> int:
        return next(self._ids[table])

    # -- runs
    def _show_run(self, fact: RunSeen) -> None:
        """Write the header of a run."""
        run_id = self._runs[fact.run] = self._runs.get(fact.run) or self._new("run")
        header, view = encode(header_alone(fact)), _revision(fact.revision)
        self._put(
            "run",
            run_id,
            (
                run_id,
                fact.run,
                fact.uid,
                fact.incarnation,
                fact.name,
                fact.display_name,
                fact.cluster,
                fact.namespace,
                fact.phase.value,
                microseconds(fact.created_at),
                microseconds(fact.started_at),
                microseconds(fact.finished_at),
                None if fact.pipeline is None else self._version(fact, fact.pipeline),
                None,
                fact.resubmitted_from,
                fact.revision.kind,
                False,
                *view,
                header,
                *NO_OTHER_VIEW,
                *NOT_SCHEDULED,
                *4 * A_WORKFLOW,
                None,  # forgotten_at
                encode_parameters(fact.parameters),
            ),
        )
        for one in fact.parameters:
            self._put("run_parameter", (run_id, one.name), (run_id, one.name, one.value, number_of(one.value)))
        for name, value in fact.labels.items():
            self._put("run_label", (run_id, name), (run_id, name, value))
        workflow_id, _ = self._workflows.get(fact.incarnation) or (self._new("workflow"), run_id)
        self._workflows[fact.incarnation] = workflow_id, run_id
        seen = (fact.cluster, fact.namespace, fact.revision.version)
        self._put(
            "workflow",
            workflow_id,
            (workflow_id, fact.incarnation, run_id, *seen, *view, header, *NO_OTHER_VIEW, *A_WORKFLOW),
        )
        self._put("roll", run_id, (run_id, fact.revision.kind, *view, b"[]"))

    def _is_news(self, fact: RunSeen, state: ExecutionState) -> bool:
        """An attempt is written when it is first seen, and when it has ended: nothing else changes."""
        attempt, has_ended = (self._runs[fact.run], state.node_id, state.started_at), state.finished_at is not None
        is_news = attempt not in self._ended or (has_ended and not self._ended[attempt])
        self._ended[attempt] = has_ended
        return is_news

    def _version(self, fact: RunSeen, pipeline: PipelineRef) -> int:
        key = _version_key(fact, pipeline)
        if key not in self._versions:
            pipeline_id, version_id = self._new("pipeline"), self._new("pipeline_version")
            of = encode_key(pipeline_key(fact.cluster, pipeline.namespace, pipeline.name))
            self._put("pipeline", of, (pipeline_id, of, pipeline.name, fact.cluster, pipeline.namespace))
            spec = zstandard.compress(pipeline.spec)
            self._put("pipeline_version", key, (version_id, key, pipeline_id, pipeline.digest, spec))
            self._versions[key] = version_id
        return self._versions[key]

    # -- attempts
    def _show_attempt(self, fact: RunSeen, run_id: int, state: ExecutionState) -> None:
        known = self._attempts.get((run_id, state.node_id, state.started_at))
        if known is not None:
            execution_id = known
        else:
            execution_id = self._attempts[run_id, state.node_id, state.started_at] = self._new("node")
            key = encode_key(execution_key(fact.run, state.node_id, state.started_at))
            self._put("node", execution_id, (execution_id, key))
            self._working[run_id, state.node_id] = execution_id
        body, finished_at = encode(state), whole_seconds(state.finished_at)
        self._put(
            "execution",
            execution_id,
            (
                execution_id,
                run_id,
                state.node_id,
                state.started_at,
                finished_at,
                state.is_group,
                state.acts,
                False,
                state.display_name,
                state.template,
                state.kind,
                state.phase.value,
                False,
                orjson.dumps(state.parents).decode(),
                fingerprint(body),
                True,
                False,
                fact.revision.kind,
                fact.revision.rank,
                fact.revision.latest,
                state.phase.ended,
                body,
                *NO_OTHER_VIEW,
                state.attempt,
                *NOTHING_COUNTED,
                *3 * NOT_OF_KUBEFLOW,
                *2 * A_WORKFLOW,
            ),
        )
        if known is None and state.finished_at is not None:
            self._show_ports(fact, run_id, execution_id, state, (state.started_at, finished_at))

    def _show_ports(self, fact: RunSeen, run_id: int, execution_id: int, state: ExecutionState, when: Row) -> None:
        for write in state.writes:
            artifact_id, where = self._new("node"), self._location(write.location)
            key = encode_key(written_key(fact.run, state.node_id, state.started_at, write.name))
            self._put("node", artifact_id, (artifact_id, key))
            row = (artifact_id, where, execution_id, run_id, None, write.name, *when, *when, *NOBODY_LOOKED)
            self._put("artifact", artifact_id, row)
            edge = (artifact_id, execution_id, "GENERATED", write.name)
            self._put("edge", edge, (*edge, False))
            self._artifacts[where] = artifact_id
        for read in state.reads:
            where = self._location(read.location)
            artifact_id = self._artifacts.get(where) or self._unknown(where, read.location)
            use = (execution_id, "USED", read.name)
            self._put("artifact_use", use, (*use, run_id, where, *when, *NOT_OF_KUBEFLOW))
            edge = (execution_id, artifact_id, "USED", read.name)
            self._put("edge", edge, (*edge, False))

    def _location(self, place: Location) -> int:
        key = (place.store, place.uri)
        if key not in self._locations:
            self._locations[key] = self._new("location")
            self._put("location", key, (self._locations[key], *key, AT_ONCE))
        return self._locations[key]

    def _unknown(self, where: int, place: Location) -> int:
        """What lay at a place that nobody is known to have written."""
        artifact_id = self._artifacts[where] = self._new("node")
        self._put("node", artifact_id, (artifact_id, encode_key(unknown_key(place))))
        name = place.uri.rpartition("/")[2]
        self._put(
            "artifact",
            artifact_id,
            (artifact_id, where, None, None, None, name, None, None, None, None, *NOBODY_LOOKED),
        )
        return artifact_id

    # -- pods
    def _show_pod(self, fact: PodSeen) -> None:
        pod_id, (_, run_id) = self._pods.get(fact.uid) or self._new("pod"), self._workflows[fact.owner_uid]
        self._put(
            "pod",
            pod_id,
            (
                pod_id,
                fact.uid,
                fact.owner_uid,
                fact.node_id,
                run_id,
                self._working[run_id, fact.node_id],
                whole_seconds(fact.created_at),
                whole_seconds(fact.finished_at),
                fact.reused,
                fact.cluster,
                fact.namespace,
                fact.revision.version,
                *_revision(fact.revision),
                encode(fact),
                *NO_OTHER_VIEW,
            ),
        )
        for image in fact.images:
            row = (pod_id, image.container, image.reference, image.digest)
            self._put("pod_image", row[:2], row)


def _revision(revision: Revision) -> Row:
    return revision.kind, revision.rank, revision.latest, revision.ended


def _version_key(fact: RunSeen, pipeline: PipelineRef) -> str:
    return encode_key(pipeline_version_key(fact.cluster, pipeline.namespace, pipeline.name, pipeline.digest))
