"""What was another in one run than in the next, around a shift: circumstances as they are read, as what is blamed, and
as the differences that are told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from lineage.comparison import Change, ChangeKind
from lineage.gathering import in_parts
from lineage.identity import Key
from lineage.model import Circumstance, CircumstanceKind, TrendPoint
from lineage.ports import LineageStore, Scope
from lineage.redaction import is_redacted

REDACTED: Final = "(redacted)"
NODE: Final = Circumstance(kind=CircumstanceKind.NODE, step=None, name="node")

Levels = Sequence[str | None]
"""What a circumstance was in each of some runs; None where nobody knows."""


class Surroundings:
    """Circumstances of runs, read once however many metrics and shifts are asked for."""

    def __init__(self, store: LineageStore, scope: Scope) -> None:
        self._store, self._scope = store, scope
        self._of_runs: dict[Key, Mapping[Circumstance, str]] = {}
        self._nodes: dict[Key, str | None] = {}

    def of(self, points: Sequence[TrendPoint]) -> Mapping[Circumstance, Levels]:
        """What can be another from run to run, with what it was in the run of each point."""
        self._read(points)
        found: defaultdict[Circumstance, list[str | None]] = defaultdict(lambda: [None] * len(points))
        for number, point in enumerate(points):
            for one, value in self._of_runs[point.run_key].items():
                found[one][number] = value
            node = None if point.execution_key is None else self._nodes[point.execution_key]
            if node is not None:
                found[NODE][number] = node
        return {one: levels for one, levels in found.items() if _counts(one, found)}

    def _read(self, points: Sequence[TrendPoint]) -> None:
        runs = [one.run_key for one in points if one.run_key not in self._of_runs]
        for some in in_parts(runs):
            self._of_runs |= {key: {} for key in some} | dict(self._store.circumstances(self._scope, some))
        executions = [one.execution_key for one in points if one.execution_key is not None]
        for part in in_parts([key for key in executions if key not in self._nodes]):
            pods = self._store.pods(self._scope, part)
            self._nodes |= {key: pods[key][-1].node if pods.get(key) else None for key in part}


def _counts(one: Circumstance, found: Mapping[Circumstance, Levels]) -> bool:
    """What was read counts by its content where that is known of every run that read it, else by its place."""
    content = Circumstance(kind=CircumstanceKind.CONTENT, step=one.step, name=one.name)
    place = Circumstance(kind=CircumstanceKind.PLACE, step=one.step, name=one.name)
    if one not in (content, place):
        return True
    contents, places = found.get(content, ()), found.get(place, ())
    is_known = len(contents) == len(places) and all(
        a is not None for a, b in zip(contents, places, strict=True) if b is not None
    )
    return is_known is (one == content)


# ------------------------------------------------------------------------------------------ differences
def change_of(one: Circumstance, before: str | None, after: str | None) -> Change:
    """A circumstance that became another, as a difference between two runs."""
    kind, _, detail = _WORDS[one.kind]
    return Change(
        kind=kind,
        step=one.step,
        path=path_of(one),
        before=shown(before),
        after=shown(after),
        causal=True,
        detail=detail,
    )


def path_of(one: Circumstance) -> str:
    """Say where a circumstance is, as differences do."""
    return _WORDS[one.kind][1].format(name=one.name)


def called(one: Circumstance) -> str:
    """Name a circumstance in a sentence."""
    return path_of(one) if one.step is None else f"{one.step}: {path_of(one)}"


def shown(value: str | None) -> str | None:
    """A value, unless it stands for a secret."""
    return REDACTED if value is not None and is_redacted(value) else value


_WORDS: Final[Mapping[CircumstanceKind, tuple[ChangeKind, str, str | None]]] = {
    CircumstanceKind.SPEC: (ChangeKind.SPEC, "pipelineVersion", "the digest of the text of the pipeline"),
    CircumstanceKind.IMAGE: (ChangeKind.IMAGE, "containers[{name}].image", None),
    CircumstanceKind.PARAMETER: (ChangeKind.PARAMETER, "parameters[{name}]", None),
    CircumstanceKind.CONTENT: (ChangeKind.INPUT, "inputs.artifacts[{name}]", "its content"),
    CircumstanceKind.PLACE: (ChangeKind.INPUT, "inputs.artifacts[{name}]", "where it lies: its content is not known"),
    CircumstanceKind.UPSTREAM: (ChangeKind.INPUT, "inputs.artifacts[{name}].image", "the images that wrote it"),
    CircumstanceKind.CACHE: (ChangeKind.PHASE, "cached", None),
    CircumstanceKind.SCHEDULE: (ChangeKind.ENVIRONMENT, "recurringRun", "which recurring run made it"),
    CircumstanceKind.NODE: (ChangeKind.ENVIRONMENT, "node", "the node of the cluster that it ran on"),
}
"""What each is called as a difference, where it is, and what its values are."""
