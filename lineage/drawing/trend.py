"""A chart of a metric: what an answer to `metricTrend` holds, as points, gaps and shifts of level."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lineage.drawing.chart import Chart, ChartGap, ChartPoint, ChartShift, ChartVersion, Verdict
from lineage.drawing.numbers import number_of, percent_of
from lineage.drawing.thinning import thinned

Answer = Mapping[str, Any]

ANOTHER_VERSION: Final = "another version of the pipeline from here"
COLUMNS: Final = 1_000  # of a chart, unless asked: twice as many points are drawn before any are left out


def trend_chart(trend: Answer, *, anchors: Mapping[str, str] | None = None, columns: int = COLUMNS) -> Chart:
    """Make a chart of a metric. `anchors` say by the id of a run where the document around it tells of that run.

    A point stands at the slot that its run was made for, else where it began. Of more points than are seen in so many
    columns, the highest and lowest of each are drawn, and the chart says so.
    """
    anchors = anchors or {}
    points = sorted(((_time(slot_of(point)), point) for point in trend["points"]), key=lambda pair: pair[0])
    kept = thinned([(at.timestamp(), point["value"]) for at, point in points], columns)
    stands = {point["run"]["id"]: at for at, point in points}
    return Chart(
        title=name_of(trend),
        points=tuple(_point(trend, *points[number], anchors) for number in kept),
        gaps=tuple(sorted(_gaps(trend, anchors), key=lambda gap: gap.at)),
        versions=tuple(
            ChartVersion(at=at, told=(ANOTHER_VERSION, point["run"]["displayName"]))
            for at, point in points
            if point["versionChanged"]
        ),
        shifts=tuple(sorted(_shifts(trend, stands), key=lambda shift: (shift.begin, shift.end))),
        notes=tuple(_notes(trend, len(points), len(kept))),
    )


def name_of(trend: Answer) -> str:
    """Call a series: by its metric, its task, and the value that it was split by."""
    task = f" of {trend['task']}" if trend["task"] else ""
    split = trend["split"]
    return f"{trend['metric']}{task}" + (f", {split['parameter']} = {split['value']}" if split else "")


def slot_of(point: Answer) -> str:
    """The time at which a point or a gap stands: its slot, else when it was."""
    return str(point["scheduledAt"] or point["at"])


def headline_of(shift: Answer) -> str:
    """Say what became of the level in a few words: how it is to be thought of, and by how much it changed."""
    change = percent_of(shift["relativeChange"]) if shift["relativeChange"] is not None else levels_of(shift)
    return f"{Verdict(shift['verdict']).word} {change}"


def levels_of(shift: Answer) -> str:
    """Say from which level to which."""
    return f"{number_of(shift['medianBefore'])} → {number_of(shift['medianAfter'])}"


def _point(trend: Answer, at: datetime, point: Answer, anchors: Mapping[str, str]) -> ChartPoint:
    return ChartPoint(
        at=at,
        value=point["value"],
        is_cached=point["cached"],
        is_outlier=point["outlier"],
        told=tuple(_told(trend, point)),
        anchor=anchors.get(point["run"]["id"], ""),
    )


def _told(trend: Answer, point: Answer) -> Iterator[str]:
    yield f"{trend['metric']} {number_of(point['value'])}"
    yield f"{point['run']['displayName']}, {_written(slot_of(point))}"
    if point["execution"]:
        yield str(point["execution"]["displayName"])
    marks = {"cached": "an old value, from a cache", "outlier": "an outlier", "versionChanged": "another version"}
    said = [words for name, words in marks.items() if point[name]]
    if said:
        yield ", ".join(said)


def _gaps(trend: Answer, anchors: Mapping[str, str]) -> Iterator[ChartGap]:
    for gap in trend["gaps"]:
        run = gap["run"]
        yield ChartGap(
            at=_time(slot_of(gap)),
            is_missed=gap["missed"],
            told=(gap["reason"], f"{run['displayName']}, {_written(slot_of(gap))}" if run else _written(slot_of(gap))),
            anchor=anchors.get(run["id"], "") if run else "",
        )


def _shifts(trend: Answer, stands: Mapping[str, datetime]) -> Iterator[ChartShift]:
    for shift in trend["shifts"]:
        at = _time(shift["at"])
        begin, end = (stands.get(shift[side]["id"], at) if shift[side] else at for side in ("earliest", "latest"))
        yield ChartShift(
            begin=min(begin, end),
            end=max(begin, end),
            before=shift["medianBefore"],
            after=shift["medianAfter"],
            verdict=Verdict(shift["verdict"]),
            words=headline_of(shift),
            told=(
                headline_of(shift),
                levels_of(shift),
                f"between {shift['before']['displayName']} and {shift['after']['displayName']}",
            ),
        )


def _notes(trend: Answer, points: int, drawn: int) -> Sequence[str]:
    left_out = f"Of {points:,} points {drawn:,} are drawn: of those that lie on each other the highest and the lowest."
    return [*([left_out] if drawn < points else []), *trend["warnings"]]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _written(text: str) -> str:
    return text.partition(".")[0].replace("T", " ").removesuffix("Z").removesuffix("+00:00") + " UTC"
