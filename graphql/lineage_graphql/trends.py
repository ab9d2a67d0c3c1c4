# mypy: allow-subclassing-any
"""How metrics move over runs, where they shifted, and what may have done that.

What computes is imported where it is asked for: it brings numpy, which a server needs for nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import graphene

from lineage.errors import InvalidRequest, InvalidSettings
from lineage.identity import Key, parse_global_id
from lineage.model import OF_EVERY_RUN, Node
from lineage.ports import AllOf
from lineage.trends.directions import Directions, read_directions
from lineage.trends.standing import Standing
from lineage_graphql.comparison import Change
from lineage_graphql.context import Context, Info, context_of
from lineage_graphql.enums import ChangeKind, described
from lineage_graphql.metrics import TrendScope, within
from lineage_graphql.scalars import DateTime

if TYPE_CHECKING:
    from lineage import trending

POINTS_UNLESS_ASKED: Final = 1_000
MOST_POINTS: Final = 10_000
MOST_METRICS: Final = 500
MOST_VALUES: Final = 500_000  # of all metrics together, which are held in memory: up to 900 bytes each
UNKNOWN: Final = "UNKNOWN"

MetricDirection = graphene.Enum(
    "MetricDirection",
    [(name, name) for name in ("HIGHER", "LOWER", "TARGET", UNKNOWN)],
    description=lambda member: {
        None: "Which way a metric should go, as was said, or else as its name says.",
        "HIGHER": "More is better.",
        "LOWER": "Less is better.",
        "TARGET": "Nearer to a value is better.",
        UNKNOWN: "Nobody said.",
    }[member and member.value],
)
MetricStanding = graphene.Enum.from_enum(
    Standing,
    name="MetricStanding",
    description=described(
        "What is to be said of a series, or a shift, in one word.",
        {
            Standing.REGRESSION: "It became worse.",
            Standing.SHIFTED: "Its level changed, and nobody said which way is better.",
            Standing.UNKNOWN: "It cannot be told; a warning says why.",
            Standing.STEADY: "It did not change by more than matters.",
            Standing.IMPROVEMENT: "It became better.",
        },
    ),
)


class TrendSplit(graphene.ObjectType):
    """The runs that a series is of: those whose parameter has this value."""

    parameter = graphene.String(required=True, description="The name of the parameter.")
    value = graphene.String(description="Its value, of a long one the digest; null for runs without it.")


class TrendPoint(graphene.ObjectType):
    """A cached point repeats an old value: it is shown and left out of every statistic."""

    run = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run.")
    execution = graphene.Field(
        "lineage_graphql.executions.Execution", description="The execution that it is of; null for one of a run itself."
    )
    value = graphene.Float(required=True, description="The number.")
    at = DateTime(required=True, description="Where it stands: when the run was due, else when it started.")
    scheduled_at = DateTime(description="When the run was due; null where it was not made by a schedule.")
    cached = graphene.Boolean(required=True, description="True for an old value that was taken over.")
    outlier = graphene.Boolean(required=True, description="True where it is far from the others of its level.")
    version_changed = graphene.Boolean(
        required=True, description="True where the pipeline is of another version than at the point before."
    )

    @staticmethod
    def resolve_run(point: "trending.Point", info: Info) -> Node | None:
        return context_of(info).loaders.measured(point.shown.run_key)

    @staticmethod
    def resolve_execution(point: "trending.Point", info: Info) -> Node | None:
        key = point.shown.execution_key
        return None if key is None else context_of(info).loaders.measured(key)

    @staticmethod
    def resolve_value(point: "trending.Point", _: Info) -> float:
        return point.shown.value

    @staticmethod
    def resolve_at(point: "trending.Point", _: Info) -> datetime:
        return point.shown.at

    @staticmethod
    def resolve_scheduled_at(point: "trending.Point", _: Info) -> datetime | None:
        return point.shown.scheduled_at

    @staticmethod
    def resolve_cached(point: "trending.Point", _: Info) -> bool:
        return point.shown.cached


class TrendGap(graphene.ObjectType):
    """A place on the axis without a value."""

    at = DateTime(required=True, description="When a run was due, or else started.")
    scheduled_at = DateTime(description="When it was due.")
    reason = graphene.String(required=True, description="Why there is none, in words.")
    missed = graphene.Boolean(required=True, description="True for a slot of a schedule for which no run was made.")
    run = graphene.Field("lineage_graphql.runs.Run", description="The run that has none; null for a missed slot.")

    @staticmethod
    def resolve_run(gap: "trending.Gap", info: Info) -> Node | None:
        return None if gap.run_key is None else context_of(info).loaders.measured(gap.run_key)


class Suspect(graphene.ObjectType):
    """The scores of the suspects and `notTracked` sum to 1: how much better each explains the shift than its rivals."""

    change = graphene.Field(Change, required=True, description="What was another before the shift than after it.")
    score = graphene.Float(required=True, description="From 0 to 1.")


class MetricShift(graphene.ObjectType):
    """Between two neighbouring points the level of the metric changed."""

    before = graphene.Field("lineage_graphql.runs.Run", required=True, description="The last run of the old level.")
    after = graphene.Field("lineage_graphql.runs.Run", required=True, description="The first run of the new one.")
    earliest = graphene.Field(
        "lineage_graphql.runs.Run", required=True, description="The first run that may be the first of the new level."
    )
    latest = graphene.Field(
        "lineage_graphql.runs.Run", required=True, description="The last one that may be; both with 95 % certainty."
    )
    at = DateTime(required=True, description="Where the first point of the new level stands.")
    median_before = graphene.Float(required=True, description="The median of the old level.")
    median_after = graphene.Float(required=True, description="The median of the new one.")
    relative_change = graphene.Float(description="The difference as a part of the old one; null where that is 0.")
    effect = graphene.Float(description="The difference in standard deviations of the noise; null where there is none.")
    p_value = graphene.Float(
        required=True, description="How often chance alone makes such a step anywhere in a series."
    )
    verdict = MetricStanding(required=True, description="What it is: for worse, for better, or neither.")
    suspects = graphene.List(
        graphene.NonNull(Suspect), required=True, description="What may have done it, the likeliest first."
    )
    not_tracked = graphene.Float(
        required=True, description="The score of the rival of all suspects: something that is not tracked."
    )
    confounded = graphene.Boolean(
        required=True, description="True where the runs that there are do not tell the likeliest from others."
    )
    together = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="The suspects that cannot be told apart, by their steps and paths.",
    )
    separating = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Which further runs would tell them apart, in words.",
    )

    @staticmethod
    def resolve_before(one: "trending.TrendShift", info: Info) -> Node | None:
        return context_of(info).loaders.measured(one.before.run_key)

    @staticmethod
    def resolve_after(one: "trending.TrendShift", info: Info) -> Node | None:
        return context_of(info).loaders.measured(one.after.run_key)

    @staticmethod
    def resolve_earliest(one: "trending.TrendShift", info: Info) -> Node | None:
        return context_of(info).loaders.measured(one.earliest.run_key)

    @staticmethod
    def resolve_latest(one: "trending.TrendShift", info: Info) -> Node | None:
        return context_of(info).loaders.measured(one.latest.run_key)

    @staticmethod
    def resolve_confounded(one: "trending.TrendShift", _: Info) -> bool:
        return bool(one.together)

    @staticmethod
    def resolve_at(one: "trending.TrendShift", _: Info) -> datetime:
        return one.after.at

    @staticmethod
    def resolve_median_before(one: "trending.TrendShift", _: Info) -> float:
        return one.shift.median_before

    @staticmethod
    def resolve_median_after(one: "trending.TrendShift", _: Info) -> float:
        return one.shift.median_after

    @staticmethod
    def resolve_relative_change(one: "trending.TrendShift", _: Info) -> float | None:
        before = one.shift.median_before
        return (one.shift.median_after - before) / abs(before) if before else None

    @staticmethod
    def resolve_effect(one: "trending.TrendShift", _: Info) -> float | None:
        return one.shift.effect

    @staticmethod
    def resolve_p_value(one: "trending.TrendShift", _: Info) -> float:
        return one.shift.p


class TrendChange(graphene.ObjectType):
    """What was another in the run of a point than in that of the point before."""

    run = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run in which it was new.")
    at = DateTime(required=True, description="Where the point of that run stands.")
    kind = ChangeKind(required=True, description="What it is a difference of: SPEC, IMAGE, PARAMETER or INPUT.")
    says = graphene.String(
        required=True, description="What it is called, and what became of it: `parameters[rate]: 0.1 → 0.2`."
    )

    @staticmethod
    def resolve_run(one: "trending.TrendChange", info: Info) -> Node | None:
        return context_of(info).loaders.measured(one.point.run_key)

    @staticmethod
    def resolve_at(one: "trending.TrendChange", _: Info) -> datetime:
        return one.point.at


class TrendSummary(graphene.ObjectType):
    """What is to be said of the values that were computed. Null is what needs more of them than there are."""

    count = graphene.Int(required=True, description="How many there are.")
    latest = graphene.Float(description="The last one.")
    previous = graphene.Float(description="The one before.")
    difference = graphene.Float(description="How they differ.")
    relative_difference = graphene.Float(description="The same as a part of the previous one.")
    best = graphene.Float(description="The best one, where it is known which way is better.")
    median = graphene.Float(description="The median of up to 30 values before the last one, since the latest shift.")
    mad = graphene.Float(description="The median of the distances of these from it.")
    iqr = graphene.Float(description="The width of the middle half of these.")
    min = graphene.Float(description="The least of all.")
    max = graphene.Float(description="The largest of all.")
    z_score = graphene.Float(description="How far the last one is from the median, in robust standard deviations.")
    autocorrelation = graphene.Float(description="How far a value depends on the one before, from -1 to 1.")
    slope_per_day = graphene.Float(description="The drift within levels, by Theil and Sen.")
    slope_low = graphene.Float(description="With 95 % certainty it is more than that,")
    slope_high = graphene.Float(description="and less than that.")
    trend_p_value = graphene.Float(
        description="How often chance alone makes such a drift, by Mann and Kendall, corrected for autocorrelation."
    )
    missing = graphene.Int(required=True, description="How many runs ended without a value.")
    slots_missed = graphene.Int(required=True, description="For how many slots of schedules no run was made.")
    false_discovery = graphene.Float(
        description="Of several metrics: how often chance alone makes a step like the clearest one of this."
    )


class TrendAlarm(graphene.ObjectType):
    """An early warning: the newest values run higher, or lower, than those of the same level before. Nothing confirms
    that yet. It is a cumulative sum that starts by itself."""

    since = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run with which it begins.")
    at = DateTime(required=True, description="When that was.")
    rises = graphene.Boolean(required=True, description="True where values are higher.")
    runs_between_false = graphene.Int(
        required=True,
        description="On steady values that do not depend on one another, one warning comes in so many runs.",
    )

    @staticmethod
    def resolve_since(alarm: Mapping[str, Any], info: Info) -> Node | None:
        return context_of(info).loaders.measured(alarm["point"].run_key)


class TrendNoise(graphene.ObjectType):
    """How far values lie apart of runs, or executions, that ran the same on the same data: of equal fingerprints."""

    deviation = graphene.Float(required=True, description="The standard deviation within groups of these.")
    groups = graphene.Int(required=True, description="How many groups there are.")
    count = graphene.Int(required=True, description="How many values they hold.")
    detectable = graphene.Float(
        required=True,
        description="The least change of level that five runs before it and five after it would show in four of five "
        "cases.",
    )


class MetricTrend(graphene.ObjectType):
    """How a metric moves over runs. Points that are cached are shown and left out of every statistic."""

    metric = graphene.String(required=True, description="What it is called.")
    task = graphene.String(description="The display name of the steps that it is of; null for whole runs.")
    split = graphene.Field(TrendSplit, description="Of which runs it is, where it was split by a parameter.")
    direction = MetricDirection(required=True, description="Which way it should go.")
    least_effect = graphene.Float(description="The least change that matters; null where nobody said.")
    verdict = MetricStanding(required=True, description="What is to be said of it in one word.")
    points = graphene.List(graphene.NonNull(TrendPoint), required=True, description="Its values, in the order of time.")
    gaps = graphene.List(
        graphene.NonNull(TrendGap), required=True, description="Where there is none, in the order of time."
    )
    shifts = graphene.List(
        graphene.NonNull(MetricShift), required=True, description="Where its level changed, in the order of time."
    )
    changes = graphene.List(
        graphene.NonNull(TrendChange),
        required=True,
        description="What was another from run to run, in the order of time: the newest 500, at the newest 1,000 "
        "points. What is another at more than half of them is told once, where it was last.",
    )
    summary = graphene.Field(TrendSummary, required=True, description="What is to be said of its values.")
    alarm = graphene.Field(TrendAlarm, description="An early warning by its newest values; null where there is none.")
    noise = graphene.Field(TrendNoise, description="How much of it is noise; null where too few runs are alike.")
    warnings = graphene.List(
        graphene.NonNull(graphene.String), required=True, description="For those who read the rest, in words."
    )

    @staticmethod
    def resolve_split(trend: "trending.Trend", _: Info) -> Mapping[str, str | None] | None:
        return None if trend.split is None else {"parameter": trend.split[0], "value": trend.split[1]}

    @staticmethod
    def resolve_direction(trend: "trending.Trend", _: Info) -> str:
        return UNKNOWN if trend.direction.aim is None else trend.direction.aim.value

    @staticmethod
    def resolve_least_effect(trend: "trending.Trend", _: Info) -> float | None:
        return _least(trend)

    @staticmethod
    def resolve_changes(trend: "trending.Trend", info: Info) -> Sequence["trending.TrendChange"]:
        from lineage.trending import Surroundings, changes_between

        context = context_of(info)
        read = context.loaders.once("surroundings", lambda: Surroundings(context.store, context.scope))
        return changes_between([one.shown for one in trend.points], read)

    @staticmethod
    def resolve_alarm(trend: "trending.Trend", _: Info) -> Mapping[str, Any] | None:
        alarm, point = trend.summary.alarm, trend.alarm_since
        if alarm is None or point is None:
            return None
        often = alarm.runs_between_false
        return {"point": point, "at": point.at, "rises": alarm.rises, "runs_between_false": often}

    @staticmethod
    def resolve_noise(trend: "trending.Trend", _: Info) -> object:
        return trend.floor

    @staticmethod
    def resolve_summary(trend: "trending.Trend", _: Info) -> Mapping[str, float | None]:
        return dict(_summary(trend))


def _least(trend: "trending.Trend") -> float | None:
    """The least effect as a difference: of what is given in percent, of the median."""
    direction, baseline = trend.direction, trend.summary.baseline
    if not direction.least:
        return None
    if not direction.is_relative:
        return direction.least
    return None if baseline is None else direction.least * abs(baseline.median)


def _summary(trend: "trending.Trend") -> Iterator[tuple[str, float | None]]:
    said = trend.summary
    for name in ("count", "latest", "previous", "difference", "best", "autocorrelation"):
        yield name, getattr(said, name)
    yield from (("min", said.minimum), ("max", said.maximum), ("relative_difference", said.relative))
    yield "z_score", said.surprise
    if (usual := said.baseline) is not None:
        low, high = usual.quartiles
        yield from (("median", usual.median), ("mad", usual.mad), ("iqr", high - low))
    if (drift := said.drift) is not None:
        yield from (("slope_per_day", drift.per_day), ("slope_low", drift.low), ("slope_high", drift.high))
        yield "trend_p_value", drift.p
    yield "missing", len(trend.gaps) - trend.slots_missed
    yield "slots_missed", trend.slots_missed
    yield "false_discovery", trend.false_discovery


# ------------------------------------------------------------------------------------------ asking
def find_trend(_: object, info: Info, metric: str, scope: Mapping[str, Any], **asked: Any) -> "trending.Trend":
    (found,) = _found(context_of(info), [metric], scope, asked)
    return found


def find_trends(
    _: object, info: Info, scope: Mapping[str, Any], metrics: Sequence[str] | None = None, **asked: Any
) -> Sequence["trending.Trend"]:
    context = context_of(info)
    names = list(dict.fromkeys(metrics)) if metrics is not None else _names(context, scope)
    if len(names) > MOST_METRICS:
        raise InvalidRequest(f"{len(names)} metrics are asked for, and {MOST_METRICS} are the most: name them")
    found = _found(context, names, scope, asked)
    return found if metrics is not None else [one for one in found if one.points]


def _names(context: Context, scope: Mapping[str, Any]) -> list[str]:
    """All that runs of a scope recorded, and what every run has."""
    recorded = context.store.metric_names(context.scope, AllOf(tuple(within(scope))))
    return sorted({*recorded, *OF_EVERY_RUN})


def _found(
    context: Context, metrics: Sequence[str], scope: Mapping[str, Any], asked: Mapping[str, Any]
) -> Sequence["trending.Trend"]:
    from lineage.trending import Question, trends

    last, directions = asked.get("last", POINTS_UNLESS_ASKED), asked.get("directions")
    if not 1 <= last <= MOST_POINTS:
        raise InvalidRequest(f"last is {last}: it must be from 1 to {MOST_POINTS}")
    if last * len(metrics) > MOST_VALUES:
        most = MOST_VALUES // len(metrics)
        raise InvalidRequest(
            f"the last {last} points of {len(metrics)} metrics are too many: ask for {most}, or for fewer metrics"
        )
    recurring = scope.get("recurring_run")
    question = Question(
        where=AllOf(tuple(within(scope))),
        recurring_run=None if recurring is None else parse_global_id(recurring),
        task=asked.get("task"),
        by=asked.get("by"),
        last=last,
        now=context.asked_at,
        directions=_directions(directions),
    )
    found = trends(context.store, context.scope, question, metrics)
    context.loaders.expect(key for one in found for key in _keys(one))
    return found


def _directions(text: str | None) -> Directions:
    try:
        return Directions() if text is None else read_directions(text, "directions")
    except InvalidSettings as error:
        raise InvalidRequest(str(error)) from error


def _keys(trend: "trending.Trend") -> Iterator[Key]:
    """What is asked for of a series: the runs of all points are read together."""
    for point in trend.points:
        yield point.shown.run_key
        if point.shown.execution_key is not None:
            yield point.shown.execution_key
    yield from (gap.run_key for gap in trend.gaps if gap.run_key is not None)


_ASKED: Final[Mapping[str, graphene.Argument]] = {
    "scope": graphene.Argument(TrendScope, required=True, description="Of which runs."),
    "last": graphene.Argument(
        graphene.Int, default_value=POINTS_UNLESS_ASKED, description=f"How many points at most, up to {MOST_POINTS}."
    ),
    "task": graphene.Argument(graphene.String, description="Of steps of this display name, not of whole runs."),
    "directions": graphene.Argument(
        graphene.String,
        description="Which way metrics should go, and the least change that matters, as TOML: `[metrics]` and a line "
        'such as `accuracy = "higher, 0.005"` for each name or pattern of names.',
    ),
}
METRIC_TREND = graphene.Field(
    MetricTrend,
    metric=graphene.Argument(graphene.String, required=True, description="What it is called."),
    **_ASKED,
    resolver=find_trend,
    description="How a metric moves over the runs of a scope, where it shifts, and what changed there.",
)
METRIC_TRENDS = graphene.Field(
    graphene.List(graphene.NonNull(MetricTrend)),
    metrics=graphene.Argument(
        graphene.List(graphene.NonNull(graphene.String)),
        description="Which; without, all that the runs recorded, and what every run has.",
    ),
    by=graphene.Argument(graphene.String, description="A series for each value of this parameter of the runs."),
    **_ASKED,
    required=True,
    resolver=find_trends,
    description="How metrics move over the runs of a scope, the worst first. Of several, no more shifts count than "
    "are not to be expected by chance among so many.",
)
