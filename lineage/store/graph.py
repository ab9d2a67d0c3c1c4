"""What came before what in the runs that a batch touches: the graph of attempts, from the rows at hand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import orjson

from lineage.store.batch import Batch
from lineage.store.dialect import Row
from lineage.store.views import attempts_of


class Graph:
    """What came before what in the runs that a batch touches. Loaded a run at a time, when first asked."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._runs: dict[int, _RunGraph] = {}
        self._named: dict[int, set[tuple[str, int | None]]] = {}

    def before(self, earlier: int, later: int) -> bool:
        """Say whether one execution surely ended before another began: as an earlier attempt at the same node,
        or as its ancestor."""
        row = self._batch.executions.get(later)
        if row is None:
            return False
        run = self._runs.get(row["run_id"]) or self._load(row["run_id"])
        start = run.starts.get(row["node_id"], _NO_STARTS).get(earlier)
        if start is not None:
            return row["started_at"] is not None and start < row["started_at"]
        return bool(run.ancestors.get(later, 0) & run.bits.get(earlier, 0))

    def has_old_successors(self, row: Row) -> bool:
        """Say whether an execution that was there before this batch names this one as its parent."""
        run_id = row["run_id"]
        if run_id not in self._named:
            rows = self._batch.executions.of("run_id", run_id)
            old = (other for other in rows if other["id"] not in self._batch.fresh)
            self._named[run_id] = {(node, start) for other in old for node, start in _parents(other)}
        return (row["node_id"], row["started_at"]) in self._named[run_id]

    def _load(self, run_id: int) -> "_RunGraph":
        attempts, starts = attempts_of(self._batch, run_id), defaultdict[str, dict[int, int]](dict)
        for row in attempts.values():
            if row["started_at"] is not None:
                starts[row["node_id"]][row["id"]] = row["started_at"]
        in_time = sorted(attempts.values(), key=lambda row: row["started_at"] or 0)
        bits = {row["id"]: 1 << place for place, row in enumerate(in_time)}
        parents = {row["id"]: [attempts[p]["id"] for p in _parents(row) if p in attempts] for row in in_time}
        run = self._runs[run_id] = _RunGraph(starts, bits, _ancestors(parents, bits))
        return run


_NO_STARTS: Final[Mapping[int, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _RunGraph:
    """The attempts of a run: when those at each node started, a bit for each, and the bits of its ancestors."""

    starts: Mapping[str, Mapping[int, int]]
    bits: Mapping[int, int]
    ancestors: Mapping[int, int]


def _ancestors(parents: Mapping[int, Sequence[int]], bits: Mapping[int, int]) -> dict[int, int]:
    """Say of each attempt which came before it. One pass does it where parents come first, as they do in time; another
    sees that nothing is left to do. Objects that are not as they should be may lead in circles."""
    found, changed = dict.fromkeys(parents, 0), True
    while changed:
        changed = False
        for attempt, before in parents.items():
            mask = found[attempt]
            for parent in before:
                mask |= found[parent] | bits[parent]
            if mask != found[attempt]:
                found[attempt], changed = mask, True
    return found


def _parents(row: Row) -> list[tuple[str, int | None]]:
    return [] if row["parents"] in ("", "[]") else [(node_id, start) for node_id, start in orjson.loads(row["parents"])]
