"""What is asked of the way a metric moves, and what is answered."""

from dataclasses import dataclass, field
from datetime import datetime

from lineage.comparison import Change, ChangeKind
from lineage.identity import Key
from lineage.model import TrendPoint
from lineage.ports import Where
from lineage.trends.directions import Direction, Directions
from lineage.trends.floor import NoiseFloor
from lineage.trends.shifts import Shift
from lineage.trends.standing import Standing
from lineage.trends.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: of which runs, of which of their tasks, split by the value of which parameter, and of how many of
    the newest runs. `recurring_run` is the one whose runs they are, where that is asked."""

    where: Where | None
    recurring_run: Key | None = None
    task: str | None = None
    by: str | None = None
    last: int
    now: datetime
    directions: Directions = field(default_factory=Directions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A place on the axis without a value: a run that has none, or a slot of a schedule that was `missed`."""

    at: datetime
    scheduled_at: datetime | None
    reason: str
    missed: bool = False
    run_key: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A value, and how it stands among the others: whether it is far from those of its level, and whether the pipeline
    is of another version than at the point before."""

    shown: TrendPoint
    outlier: bool
    version_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """What may have shifted a metric, and how much better that explains it than its rivals do, from 0 to 1."""

    change: Change
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendShift:
    """A shift of the level of a metric between two points. `earliest` and `latest` are the first and the last point
    that it may have begun with. `together` are the suspects that cannot be told apart, by their steps and paths, and
    `separating` the runs that would do that, in words. `not_tracked` is the score of something that nobody tracks."""

    shift: Shift
    before: TrendPoint
    after: TrendPoint
    earliest: TrendPoint
    latest: TrendPoint
    verdict: Standing
    suspects: tuple[Suspect, ...]
    not_tracked: float
    together: tuple[str, ...]
    separating: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendChange:
    """What was another in the run of a point than in that of the one before: its name and its values, in short."""

    point: TrendPoint
    kind: ChangeKind
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A metric over runs. `split` is the parameter, and the value of it, whose runs the series is of. `false_discovery`
    is how often chance alone makes its clearest shift, where several metrics were looked at together. `alarm_since` is
    the point with which an early warning begins, and `floor` how far runs lie apart that ran the same."""

    metric: str
    task: str | None
    split: tuple[str, str | None] | None
    direction: Direction
    verdict: Standing
    points: tuple[Point, ...]
    gaps: tuple[Gap, ...]
    shifts: tuple[TrendShift, ...]
    summary: Summary
    warnings: tuple[str, ...]
    alarm_since: TrendPoint | None = None
    floor: NoiseFloor | None = None
    false_discovery: float | None = None

    @property
    def slots_missed(self) -> int:
        """For how many slots of schedules no run was made."""
        return sum(gap.missed for gap in self.gaps)
