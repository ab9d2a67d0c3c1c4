"""What a measurement is: a row of the table, how it is taken in rounds, and what it should come to."""

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol, TypeAlias, TypeVar

from tests.postgresql import Server


@dataclass(frozen=True, slots=True)
class AtMost:
    """Our time may be this many times the other's."""

    times: float


@dataclass(frozen=True, slots=True)
class AtLeast:
    """We should be this many times as fast as the other."""

    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement: our time and the other's in seconds, of one and the same thing in the same run.

    A row without a target is there to be compared with; beside a peer it speaks `of_speed`, as its neighbours do.
    """

    what: str
    ours: float
    beside: str
    theirs: float
    target: AtMost | AtLeast | None = None
    of_speed: bool = False

    @property
    def ratio(self) -> float:
        """How many times as fast we are, `of_speed`; else how many times as long we take."""
        return self.theirs / self.ours if self.of_speed else self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        match self.target:
            case AtMost(times):
                return self.ours <= times * self.theirs
            case AtLeast(times):
                return self.theirs >= times * self.ours
            case None:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How much something of ours is, such as the memory that a process held at most, and how much it may be."""

    what: str
    size_bytes: int
    limit_bytes: int

    @property
    def met(self) -> bool:
        return self.size_bytes < self.limit_bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be measured, and why."""

    what: str
    why: str


Finding: TypeAlias = Row | Weight | Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured. `runs` are recorded in batches, `live_runs` a transaction an event; `growth_runs`
    grow a store; the closures are asked of a recorded store of `lane_runs` and of `copies` of it in one store.
    `objects` are looked at, and one of `object_bytes` is read."""

    rounds: int
    runs: int
    live_runs: int
    growth_runs: int
    lane_runs: int
    copies: int
    requests: int
    objects: int
    object_bytes: int


FULL = Sizes(
    rounds=5,
    runs=300,
    live_runs=30,
    growth_runs=20_000,
    lane_runs=1_000,
    copies=100,
    requests=1_000,
    objects=10_000,
    object_bytes=5 * 10**9,
)
QUICK = Sizes(
    rounds=3,
    runs=100,
    live_runs=20,
    growth_runs=1_000,
    lane_runs=1_000,
    copies=5,
    requests=200,
    objects=500,
    object_bytes=2 * 10**8,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every subject is given: where it may write, how much to measure, whom to tell what is going on.

    `postgresql` is a server that is up; None where none is installed.
    """

    folder: Path
    sizes: Sizes
    say: Callable[[str], None]
    postgresql: Server | None


class Subject(Protocol):
    """Measures one thing."""

    def __call__(self, bench: Bench, /) -> Iterator[Finding]: ...


K = TypeVar("K")


def interleaved(contestants: Mapping[K, Callable[[], float]], rounds: int) -> dict[K, float]:
    """Let contestants take turns, so that whatever else the machine does falls on all of them; the best of each,
    for whatever else it does can only add.

    A contestant prepares what it needs, and returns the seconds that count.
    """
    seconds: dict[K, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, act in contestants.items():
            seconds[name].append(act())
    return {name: min(several) for name, several in seconds.items()}


def seconds_of(act: Callable[[], object], times: int = 1) -> float:
    """Say how long one of so many calls took. The garbage of others is put away first."""
    gc.collect()
    began = perf_counter()
    for _ in range(times):
        act()
    return (perf_counter() - began) / times
