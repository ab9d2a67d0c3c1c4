"""What a difference between two runs is. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from lineage.model import Run


class ChangeKind(StrEnum):
    """What a difference is of, in the order in which they are told."""

    SPEC = "SPEC"
    TOPOLOGY = "TOPOLOGY"
    IMAGE = "IMAGE"
    PARAMETER = "PARAMETER"
    INPUT = "INPUT"
    ENVIRONMENT = "ENVIRONMENT"
    PHASE = "PHASE"
    OUTPUT = "OUTPUT"
    METRIC = "METRIC"


_ORDER: Final = {kind: number for number, kind in enumerate(ChangeKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two runs.

    `step` is the display name of the step, None for the run itself; `steps` are all that it is of, where one change is
    of several. `before` and `after` are None for what is not there. `causal`: it could change results. `detail` says in
    words what the two texts do not.
    """

    kind: ChangeKind
    step: str | None
    path: str
    before: str | None
    after: str | None
    causal: bool
    detail: str | None = None
    steps: tuple[str, ...] = ()

    @property
    def mirrored(self) -> "Change":
        """The same difference, seen from the other run."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiff:
    """All differences between two runs, what could change results first. `not_compared` says in words what nobody can
    tell, as it is not known of one of them."""

    base: Run
    target: Run
    changes: tuple[Change, ...]
    not_compared: tuple[str, ...] = field(default=())

    @property
    def identical(self) -> bool:
        """True where nothing differs, and all of it is known."""
        return not self.changes and not self.not_compared


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Put what could change results first, and each change once."""
    return tuple(sorted(dict.fromkeys(changes), key=_place))


def _place(change: Change) -> tuple[object, ...]:
    texts = sorted((change.before or "", change.after or ""))  # the same from both sides
    return not change.causal, _ORDER[change.kind], change.step or "", change.path, *texts


def together(changes: Iterable[Change], *, called: str) -> Change:
    """Make one of changes that are the same but for the step: `called` stands for several steps."""
    some = list(changes)
    steps = tuple(sorted({one.step for one in some if one.step is not None}))
    return replace(some[0], step=steps[0] if len(steps) == 1 else called, steps=steps)
