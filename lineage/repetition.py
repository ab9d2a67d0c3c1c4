"""What came out of executions that should have done the same: whether they agree, and where they do not.

Pure. Executions of one fingerprint ran the same code on the same data. What of theirs differs all the same is not
deterministic, or depends on something that nobody records.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lineage.fingerprints import content_of, results_of
from lineage.identity import Key
from lineage.model import ArtifactUse, Execution, Phase

MOST_RESULTS: Final = 20
"""Results of one output that are told apart: what is drawn at random has as many as there are executions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came out under a name, in how many executions, and the newest of them. Of an artifact it is the digest of
    its content, of a parameter its value; `value` is None for a secret one."""

    value: str | None
    count: int
    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An output, artifact or parameter, of which not always the same came out. The most frequent result comes first;
    `different` is how many there are, of which `results` are the first."""

    output: str
    is_parameter: bool
    different: int
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """Executions of one fingerprint, the newest first, of which not always the same came out. `complete` is false where
    there are more than were compared."""

    fingerprint: str
    executions: tuple[Execution, ...]
    disagreements: tuple[Disagreement, ...]
    complete: bool


def disagreements(
    executions: Sequence[Execution], outputs: Mapping[Key, Sequence[ArtifactUse]]
) -> tuple[Disagreement, ...]:
    """Compare what came out of executions of one fingerprint, the newest first: of those that succeeded, and as far as
    its content is known."""
    said: defaultdict[tuple[bool, str], defaultdict[str, list[Execution]]] = defaultdict(lambda: defaultdict(list))
    hidden: set[tuple[bool, str]] = set()
    for one in executions:
        if one.phase is not Phase.SUCCEEDED:
            continue
        for use in results_of(outputs.get(one.key, ())):
            if (content := content_of(use.artifact)) is not None and not use.ambiguous:
                said[False, use.name][content].append(one)
        for parameter in one.output_parameters:
            said[True, parameter.name][parameter.value or ""].append(one)
            if parameter.redacted:
                hidden.add((True, parameter.name))
    return tuple(
        Disagreement(
            output=name,
            is_parameter=is_parameter,
            different=len(results),
            results=tuple(_results(results.items(), is_hidden=(is_parameter, name) in hidden))[:MOST_RESULTS],
        )
        for (is_parameter, name), results in sorted(said.items())
        if len(results) > 1
    )


def _results(found: Iterable[tuple[str, list[Execution]]], *, is_hidden: bool) -> list[Result]:
    by_count = sorted(found, key=lambda one: (-len(one[1]), one[0]))
    return [Result(value=None if is_hidden else value, count=len(of), execution=of[0]) for value, of in by_count]
