"""What is known still of runs whose details were forgotten, as facts: their objects are gone, and what stays of their
views is all that another store can be told of them.

The views of a run that name its attempts are made again out of what is kept of these: one for those that the newest
roll names, and one before it for each that was the last to name others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import zstandard
from msgspec.structs import replace
from sqlalchemy import Connection, select

from lineage.facts import ExecutionState, Fact, PipelineRef, Revision, RunSeen, RunTold
from lineage.identity import Key, decode_key, encode_key, pipeline_version_key, run_key
from lineage.ports import EVERYTHING, Tombstone
from lineage.store import tables
from lineage.store.alike import fingerprints
from lineage.store.batch import OF_RUNS_TOLD
from lineage.store.codec import (
    execution_of,
    execution_seen_of,
    executions_of,
    moment,
    other_revision_of,
    pod_of,
    revision_of,
    run_of,
    told_of,
)
from lineage.store.dialect import Row

RUNS_AT_ONCE: Final = 50


def tombstones(connection: Connection) -> Iterator[Tombstone]:
    """Yield what is known of each such run."""
    run, last = tables.run, 0
    forgotten = select(run.c.id, run.c.key, run.c.forgotten_at).where(run.c.forgotten_at.is_not(None))
    while rows := connection.execute(forgotten.where(run.c.id > last).order_by(run.c.id).limit(RUNS_AT_ONCE)).all():
        last = rows[-1].id
        known = _Known(connection, [row.id for row in rows], [row.key for row in rows])
        for row in rows:
            yield Tombstone(
                run=run_key(row.key),
                forgotten_at=moment(row.forgotten_at),
                facts=tuple(known.facts(row.id, row.key)),
                fingerprints=fingerprints(connection, EVERYTHING, [run_key(row.key), *known.steps(row.id)]),
            )


class _Known:
    """The rows of some runs, by their ids."""

    def __init__(self, connection: Connection, ids: Sequence[int], keys: Sequence[str]) -> None:
        def rows_of(table: Any, column: str = "run_id", values: Sequence[Any] = ids) -> defaultdict[Any, list[Row]]:
            found: defaultdict[Any, list[Row]] = defaultdict(list)
            for row in connection.execute(select(table).where(table.c[column].in_(values))).mappings():
                found[row[column]].append(dict(row))
            return found

        self._workflows = rows_of(tables.workflow)
        self._rolls = rows_of(tables.roll)
        self._executions = rows_of(tables.execution)
        self._members = rows_of(tables.member)
        self._pods = rows_of(tables.pod)
        self._told = rows_of(tables.told, "uid", keys)
        node, execution = tables.node, tables.execution
        named = select(execution.c.run_id, node.c.key).join(node, node.c.id == execution.c.id)
        self._steps: defaultdict[int, list[Key]] = defaultdict(list)
        for row in connection.execute(named.where(execution.c.run_id.in_(ids))):
            self._steps[row.run_id].append(decode_key(row.key))
        self._specs = _Specs(connection)

    def steps(self, run: int) -> Sequence[Key]:
        """The keys of its executions."""
        return self._steps[run]

    def facts(self, run: int, key: str) -> Iterator[Fact]:
        """What was seen and told of one run."""
        yield from self._views(run)
        yield from _bodies(self._members[run], execution_seen_of)
        yield from _bodies(self._pods[run], pod_of)
        for row in self._told[key]:
            if row["what"] in OF_RUNS_TOLD:
                for fact in _bodies([row], told_of[row["what"]]):
                    yield self._specs.fill_told(fact) if isinstance(fact, RunTold) else fact

    def _views(self, run: int) -> Iterator[RunSeen]:
        """The views of a run, in the order of each class."""
        headers = [self._specs.fill(header) for header in _bodies(self._workflows[run], run_of)]
        if not headers:
            return
        by_life = {header.revision.life: header for header in headers}
        for revision, states in self._attempts(run):
            yield replace(by_life.get(revision.life, headers[-1]), revision=revision, executions=states)
        yield from headers

    def _attempts(self, run: int) -> Iterator[tuple[Revision, tuple[ExecutionState, ...]]]:
        """Which attempts views name, by where these stand, the oldest first."""
        rolls = {row["kind"]: row for row in self._rolls[run]}
        of_view: defaultdict[str, list[ExecutionState]] = defaultdict(list)
        revisions: dict[str, Revision] = {}
        for kind, roll in rolls.items():
            if (stood := revision_of(roll)) is not None:
                revisions[stood.rank] = stood
                of_view[stood.rank] += executions_of(roll["waiting"])
            for row in self._executions[run]:
                if row["is_provisional"] or row["object_uid"] is not None or row["started_at"] is None:
                    continue
                seen = _seen_in(row, kind)
                if seen is None:
                    continue
                revision, state = seen
                if row[f"in_roll_{kind.lower()}"] and stood is not None:
                    revision = stood
                revisions[revision.rank] = revision
                of_view[revision.rank].append(state)
        for rank in sorted(of_view):
            yield revisions[rank], tuple(of_view[rank])


def _seen_in(row: Row, kind: str) -> tuple[Revision, ExecutionState] | None:
    """The view of an attempt that is of a class, if there is one."""
    own, other = revision_of(row), other_revision_of(row)
    if own is not None and own.kind == kind:
        return own, execution_of(row["body"])
    return (other, execution_of(row["other_body"])) if other is not None and other.kind == kind else None


def _bodies(rows: Sequence[Row], read: Callable[[bytes], Any]) -> Iterator[Any]:
    for row in rows:
        for body in (row["other_body"], row["body"]):
            if body is not None:
                yield read(body)


class _Specs:
    """The texts of pipelines, which views do not repeat."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._texts: dict[str, bytes] = {}

    def fill(self, seen: RunSeen) -> RunSeen:
        """Give a view the text of its pipeline."""
        return seen if seen.pipeline is None else replace(seen, pipeline=self._filled(seen.cluster, seen.pipeline))

    def fill_told(self, told: RunTold) -> RunTold:
        """The same for what was told."""
        return told if told.pipeline is None else replace(told, pipeline=self._filled(told.cluster, told.pipeline))

    def _filled(self, cluster: str, pipeline: PipelineRef) -> PipelineRef:
        key = encode_key(pipeline_version_key(cluster, pipeline.namespace, pipeline.name, pipeline.digest))
        if key not in self._texts:
            version = tables.pipeline_version
            packed = self._connection.scalar(select(version.c.spec).where(version.c.key == key))
            self._texts[key] = b"" if packed is None else zstandard.decompress(packed)
        return replace(pipeline, spec=self._texts[key])
