"""Whether what is missing in a store is said to be missing.

A store that did not see everything is compared with one that did. Of a run of which the ledger says nothing, all must
be known, byte for byte; one that is not known at all must have come and gone while nobody watched, as the ledger says.
What a run read may be what another wrote: where the other is not wholly known, that is no contradiction.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeAlias

from lineage.identity import parse_global_id
from lineage.model import Gap
from lineage.ports import EVERYTHING, LineageStore, PageRequest
from watchers.timeline import WORKFLOWS

CLOCKS: Final = timedelta(seconds=2)  # as everywhere
EVERY: Final = PageRequest(first=1000)

Item: TypeAlias = Mapping[str, Any]
Lives: TypeAlias = Mapping[str, tuple[datetime, datetime | None]]
"""By uid, when an object came and went; None if it stayed."""


class Knowledge:
    """All that a store knows, by id."""

    def __init__(self, store: LineageStore) -> None:
        self._store = store
        self.items: dict[str, Item] = {item["id"]: item for item in store.dump(EVERYTHING)}

    def of(self, kind: str) -> dict[str, Item]:
        return {name: item for name, item in self.items.items() if item["type"] == kind}

    @cached_property
    def missing(self) -> dict[str, frozenset[str]]:
        """What the ledger says of each run."""
        keys = {run: parse_global_id(run) for run in self.of("Run")}
        found = self._store.completeness(EVERYTHING, list(keys.values()))
        return {run: frozenset(found[key].missing) for run, key in keys.items()}

    @cached_property
    def executions(self) -> dict[str, dict[str, Item]]:
        """Those of each run, by id."""
        found: dict[str, dict[str, Item]] = {run: {} for run in self.of("Run")}
        for name, item in self.of("Execution").items():
            found.setdefault(item["run"], {})[name] = item
        return found

    def run_of(self, artifact: str) -> str | None:
        """Who wrote it; None if that is not known."""
        producer = self.items[artifact]["producer"]
        return None if producer is None else str(self.items[producer]["run"])

    @cached_property
    def gaps(self) -> Sequence[Gap]:
        """When nobody watched workflows."""
        return [
            gap
            for source in self._store.sources(EVERYTHING)
            if source.kind == WORKFLOWS.name
            for gap in self._store.gaps(EVERYTHING, source, EVERY).items
        ]


def contradictions(seen: LineageStore, whole: LineageStore, lives: Lives) -> list[str]:
    """Say where a store lacks something, or has something else, without saying so."""
    ours, theirs = Knowledge(seen), Knowledge(whole)
    return [*_unknown_runs(ours, theirs, lives), *_other_runs(ours, theirs)]


def said_to_be_whole(seen: LineageStore, whole: LineageStore) -> int:
    """Count the runs of which the ledger says nothing."""
    return len(_whole(Knowledge(seen), Knowledge(whole)))


def _whole(ours: Knowledge, theirs: Knowledge) -> set[str]:
    """Name the runs of which the ledger says nothing that is not to be said of what one knows who saw everything."""
    return {run for run, missing in ours.missing.items() if not missing - theirs.missing.get(run, frozenset())}


def _unknown_runs(ours: Knowledge, theirs: Knowledge, lives: Lives) -> Iterator[str]:
    for run, item in theirs.of("Run").items():
        if run not in ours.items:
            for workflow in item["workflows"]:
                came, went = lives[workflow["uid"]]
                if not any(_is_within(came, went, gap) for gap in ours.gaps):
                    yield f"{item['name']} is not known, and lived from {came} to {went}"
    # A pod whose workflow nobody saw belongs to a run that is called after it.
    for run in _whole(ours, theirs) - theirs.of("Run").keys():
        yield f"{ours.items[run]} never was"


def _is_within(came: datetime, went: datetime | None, gap: Gap) -> bool:
    ended_at = gap.ended_at
    return went is not None and gap.began_at - CLOCKS <= came and (ended_at is None or went <= ended_at + CLOCKS)


def _other_runs(ours: Knowledge, theirs: Knowledge) -> Iterator[str]:
    whole = _whole(ours, theirs) & theirs.of("Run").keys()
    for run in sorted(whole):
        if (mine := ours.items[run]) != (true := theirs.items[run]):
            yield f"of {true['name']} this is known: {mine}, and this is so: {true}"
        here, there = ours.executions[run], theirs.executions[run]
        if here.keys() != there.keys():
            yield f"of {true['name']} these executions are known: {_names(here)}, and these there were: {_names(there)}"
        for name in here.keys() & there.keys():
            if (mine := _judged(here[name], whole, ours, theirs)) != (
                true := _judged(there[name], whole, ours, theirs)
            ):
                yield f"this is known: {mine}, and this is so: {true}"


def _names(executions: Mapping[str, Item]) -> list[str]:
    return sorted(f"{one['displayName']} {one['startedAt']} {one['phase']}" for one in executions.values())


def _judged(execution: Item, whole: set[str], ours: Knowledge, theirs: Knowledge) -> Item:
    """Leave out what depends on runs that are not wholly known: which of their writes it read, or took over."""
    doubtful = {
        use["name"]
        for known in (ours, theirs)
        for use in (*known.items[execution["id"]]["inputs"], *known.items[execution["id"]]["outputs"])
        if known.run_of(use["artifact"]) not in (whole | {None})
    }
    return {
        **execution,
        "inputs": [use for use in execution["inputs"] if use["name"] not in doubtful],
        "outputs": [use for use in execution["outputs"] if use["name"] not in doubtful],
        "cachedFrom": None if doubtful else execution["cachedFrom"],
    }
