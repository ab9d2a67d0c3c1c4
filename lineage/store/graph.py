"""What came before what in the runs that a batch touches: the graph of attempts, from the rows at hand."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import chain
from operator import or_

import orjson

from lineage.store.batch import Batch
from lineage.store.dialect import Row
from lineage.store.views import attempts_of


class Graph:
    """What came before what in the runs that a batch touches. Loaded a run at a time, when first asked. Implements
    `lineage.merge.Order`."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        # A bit for each attempt, which only those of one run do not share, and the bits of those that came before it.
        self._bits: dict[int, int] = {}
        self._before: dict[int, int] = {}
        self._parents: dict[int, Mapping[int, Sequence[tuple[str, int | None]]]] = {}  # by run and execution
        self._named: dict[int, set[tuple[str, int | None]]] = {}

    def before(self, earlier: int, later: int) -> bool:
        """Say whether one execution surely ended before another of its run began: as an earlier attempt at the same
        node, or as its ancestor."""
        before = self._before.get(later)
        if before is None:
            before = self._load(later)
        return bool(before & self._bits.get(earlier, 0))

    def before_any(self, later: Iterable[int]) -> Callable[[int], bool]:
        """Make what says whether an execution surely ended before any of these began, all of one run."""
        mask = 0
        for one in later:
            before = self._before.get(one)
            mask |= self._load(one) if before is None else before
        bits = self._bits
        return lambda earlier: bool(mask & bits.get(earlier, 0))

    def has_old_successors(self, row: Row) -> bool:
        """Say whether an execution that was there before this batch names this one as its parent."""
        run_id = row["run_id"]
        if run_id not in self._named:
            fresh = self._batch.fresh
            named = (parents for other, parents in self._parents_in(run_id).items() if other not in fresh)
            self._named[run_id] = set(chain.from_iterable(named))
        return (row["node_id"], row["started_at"]) in self._named[run_id]

    def _load(self, execution_id: int) -> int:
        """Read the graph of an execution's run. Returns what came before it: nothing, where it is no attempt."""
        self._before[execution_id] = 0
        execution = self._batch.executions.get(execution_id)
        if execution is not None:
            attempts, named = attempts_of(self._batch, execution["run_id"]), self._parents_in(execution["run_id"])
            in_time = sorted(attempts.values(), key=lambda row: row["started_at"] or 0)
            bits = {row["id"]: 1 << place for place, row in enumerate(in_time)}
            parents = {row["id"]: [attempts[p]["id"] for p in named[row["id"]] if p in attempts] for row in in_time}
            self._bits |= bits
            self._before |= _in_order_of_attempts(ancestors(parents, bits), bits, in_time)
        return self._before[execution_id]

    def _parents_in(self, run_id: int) -> Mapping[int, Sequence[tuple[str, int | None]]]:
        """What the executions of a run name as their parents, read at once."""
        found = self._parents.get(run_id)
        if found is None:
            rows = self._batch.executions.of("run_id", run_id)
            lists = orjson.loads(f"[{','.join(row['parents'] or '[]' for row in rows)}]")
            found = {row["id"]: list(map(tuple, named)) for row, named in zip(rows, lists, strict=True)}
            self._parents[run_id] = found
        return found


def _in_order_of_attempts(before: dict[int, int], bits: Mapping[int, int], in_time: Sequence[Row]) -> dict[int, int]:
    """Let the attempts at one node follow one another as they started, whatever else the graph says of them."""
    if len({row["node_id"] for row in in_time}) == len(in_time):  # no node was tried again
        return {attempt: mask & ~bits[attempt] for attempt, mask in before.items()}
    at_node: defaultdict[str, int] = defaultdict(int)
    for row in in_time:
        if row["started_at"] is not None:
            at_node[row["node_id"]] |= bits[row["id"]]
    earlier: defaultdict[str, int] = defaultdict(int)
    for row in in_time:
        node, attempt = row["node_id"], row["id"]
        before[attempt] &= ~(at_node[node] | bits[attempt])
        if row["started_at"] is not None:
            before[attempt] |= earlier[node]
            earlier[node] |= bits[attempt]
    return before


def ancestors(parents: Mapping[int, Sequence[int]], bits: Mapping[int, int]) -> dict[int, int]:
    """Say of each attempt which came before it, given its parents and the bit of each. One pass does it where parents
    come first, as they do in time."""
    found: dict[int, int] = {}
    for attempt, before in parents.items():
        mask = 0
        for parent in before:
            if parent not in found:
                return _ancestors_in_any_order(parents, bits)
            mask |= found[parent] | bits[parent]
        found[attempt] = mask
    return found


def _ancestors_in_any_order(parents: Mapping[int, Sequence[int]], bits: Mapping[int, int]) -> dict[int, int]:
    """The same, where clocks differ, much began within a second, or objects lead in circles: all of one come before
    each of it. Parents first, so it takes as long as there are nodes, whoever made them up."""
    from networkx import DiGraph, strongly_connected_components  # noqa: PLC0415 - takes longer than most batches

    graph: DiGraph[int] = DiGraph()
    graph.add_nodes_from(parents)
    graph.add_edges_from((attempt, parent) for attempt, before in parents.items() for parent in before)
    found: dict[int, int] = {}
    for circle in strongly_connected_components(graph):  # it comes behind all that its nodes lead to
        mask = reduce(or_, (bits[one] for one in circle)) if len(circle) > 1 else 0
        for parent in (parent for one in circle for parent in parents[one]):
            mask |= bits[parent] | found.get(parent, 0)
        found.update(dict.fromkeys(circle, mask))
    return found
