"""Which step of one run is which of another: by name and place in the pipeline, loops by item. Pure.

Argo names nodes after the workflow, the step and, in loops, the number of the item and its text; retries after the
number of the attempt (`generateNodeName` and `processItem` in argo-workflows/workflow/controller and
workflow/validate). Of several attempts the last one counts.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lineage.dossier import Dossier, Step
from lineage.identity import Key

MOST_OF_A_TEMPLATE: Final = 20
"""Steps of one template whose pods are compared in full: what is set around its code is the same for all, but for what
somebody changed meanwhile."""

_ITEM: Final = re.compile(r"\(([0-9]{1,9}):((?:[^()]|\([^()]*\))*)\)")
_ATTEMPT: Final = re.compile(r"\([0-9]{1,9}\)")
_GROUP: Final = re.compile(r"\[[0-9]{1,9}\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a step is. `path` is its name without the workflow and the attempt, with items by their text; `numbered`
    has items by their number, `loose` not the numbers of the groups of steps that Argo runs at once."""

    path: str
    numbered: str
    loose: str


def place_of(step: Step, workflow: str) -> Place:
    """Say where a step is."""
    name = step.execution.name.removeprefix(workflow)
    if "(" not in name and "[" not in name:  # it is of no loop and no group, and was tried once: as most are
        return Place(path=name, numbered=name, loose=name)
    numbered = _ATTEMPT.sub("", _ITEM.sub(r"(#\1)", name))
    path = _ATTEMPT.sub("", _ITEM.sub(r"(:\2)", name))
    return Place(path=path, numbered=numbered, loose=_GROUP.sub("", path))


@dataclass(frozen=True, slots=True)
class Matched:
    """Steps of two runs: those that are in both, and those that are in one alone. `attempts` says how many there were
    at each, `called` what each is called without what is generated, both by its key."""

    both: tuple[tuple[Step, Step], ...]
    base_only: tuple[Step, ...]
    target_only: tuple[Step, ...]
    attempts: Mapping[Key, int]
    called: Mapping[Key, str]

    def renewed(self, base: Dossier, target: Dossier) -> "Matched":
        """The same steps, of dossiers in which more is known of them."""
        steps = {one.execution.key: one for one in (*base.steps, *target.steps)}
        return replace(
            self,
            both=tuple((steps[old.execution.key], steps[new.execution.key]) for old, new in self.both),
            base_only=tuple(steps[one.execution.key] for one in self.base_only),
            target_only=tuple(steps[one.execution.key] for one in self.target_only),
        )

    @property
    def turned(self) -> "Matched":
        """The same, of the other run."""
        both = tuple((new, old) for old, new in self.both)
        return replace(self, both=both, base_only=self.target_only, target_only=self.base_only)

    def name(self, old: Step, new: Step) -> str:
        """How both are called; of loops whose items have other numbers, the same from both sides."""
        return min(self.called[old.execution.key], self.called[new.execution.key])


def match(base: Dossier, target: Dossier) -> Matched:
    """Match the steps of two runs. What is found by a stricter rule is not looked for by the next."""
    attempts: dict[Key, int] = {}
    left = _last_attempts(base, attempts)
    right = _last_attempts(target, attempts)
    names = {step.execution.key: _called(step, place) for step, place in (*left, *right)}
    both: list[tuple[Step, Step]] = []
    for rule in _RULES:
        pairs = _paired(left, right, rule)
        both += [(old, new) for (old, _), (new, _) in pairs]
        found = {id(step) for pair in pairs for step, _ in pair}
        left = [one for one in left if id(one[0]) not in found]
        right = [one for one in right if id(one[0]) not in found]
    return Matched(tuple(both), tuple(one for one, _ in left), tuple(one for one, _ in right), attempts, names)


def looked_at_closely(matched: Matched) -> set[Key]:
    """Of which executions the objects of the pods are compared: of each template those of the first of its steps."""
    count: Counter[str | None] = Counter()
    found: set[Key] = set()
    for old, new in sorted(matched.both, key=lambda pair: matched.name(*pair)):
        count[new.execution.template] += 1
        if count[new.execution.template] <= MOST_OF_A_TEMPLATE:
            found |= {old.execution.key, new.execution.key}
    return found


_Placed = tuple[Step, Place]
_Rule = Callable[[_Placed], Hashable]

_RULES: Final[Sequence[_Rule]] = (
    lambda one: one[1].path,
    lambda one: one[1].numbered,
    lambda one: (one[1].loose, one[0].execution.template),
    lambda one: (one[0].execution.display_name, one[0].execution.template),
    lambda one: (_ITEM.sub("", one[0].execution.display_name), one[0].execution.kind),
)


def _last_attempts(dossier: Dossier, attempts: dict[Key, int]) -> list[_Placed]:
    """The last attempt at each step, with where that is."""
    names = sorted({one.name for one in dossier.workflows} | {dossier.run.name}, key=len, reverse=True)
    by_place: defaultdict[str, list[_Placed]] = defaultdict(list)
    for step in dossier.current:
        workflow = next((name for name in names if step.execution.name.startswith(name)), "")
        place = place_of(step, workflow)
        by_place[f"{place.path} {place.numbered}"].append((step, place))
    found = []
    for placed in by_place.values():
        last = max(placed, key=lambda one: (one[0].execution.attempt, one[0].execution.name))
        attempts[last[0].execution.key] = len(placed)
        found.append(last)
    return found


def _called(step: Step, place: Place) -> str:
    """The display name of a step; of one that has none of its own, its place, or what it ran."""
    one = step.execution
    return one.display_name if one.display_name != one.name else place.path.lstrip(".") or one.template or one.name


def _paired(left: Iterable[_Placed], right: Iterable[_Placed], rule: _Rule) -> list[tuple[_Placed, _Placed]]:
    """Pair what a rule says is the same; of several, in the order of their names."""
    groups: defaultdict[Hashable, tuple[list[_Placed], list[_Placed]]] = defaultdict(lambda: ([], []))
    for side, steps in enumerate((left, right)):
        for one in steps:
            groups[rule(one)][side].append(one)
    return [
        pair
        for olds, news in groups.values()
        for pair in zip(sorted(olds, key=_by_name), sorted(news, key=_by_name), strict=False)
    ]


def _by_name(one: _Placed) -> tuple[str, str]:
    return one[1].numbered, one[0].execution.name
