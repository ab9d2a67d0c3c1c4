"""Orders of executions, as tests make them up: implement `lineage.merge.Order`."""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is surely before what, pair by pair."""

    pairs: Set[tuple[int, int]]

    def before(self, earlier: int, later: int) -> bool:
        return (earlier, later) in self.pairs

    def before_any(self, later: Iterable[int]) -> Callable[[int], bool]:
        others = list(later)
        return lambda earlier: any(self.before(earlier, other) for other in others)
