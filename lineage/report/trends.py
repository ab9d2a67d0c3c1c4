"""The report of metric trends: how each metric of a scope moves, where its level shifted, and what may have done it.

It is made of answers to `metricTrends`, the worst first. Every point of a chart leads to the row of its run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from lineage.drawing.chart import Verdict
from lineage.drawing.numbers import number_of
from lineage.drawing.sparkline import sparkline
from lineage.drawing.trend import COLUMNS, headline_of, levels_of, name_of, slot_of, trend_chart
from lineage.report.document import (
    NOT_KNOWN,
    Badge,
    Block,
    Code,
    Facts,
    Figure,
    Inline,
    Line,
    Link,
    Paragraph,
    Report,
    Row,
    Section,
    Table,
    Tone,
    counted,
    listed,
    table_of,
)
from lineage.report.times import time_of
from lineage.report.trend_words import change_of, facts_of, score_of, strength_of

Answer = Mapping[str, Any]

POINTS: Final = 60_000  # of all charts together: a point takes 150 bytes
LEAST_COLUMNS: Final = 100
MOST_LISTED: Final = 12  # series in the contents; the table names all of them
MOST_GAPS: Final = 50  # rows, of the last ones
_TONES: Final = {
    Verdict.REGRESSION: Tone.ALARM,
    Verdict.SHIFTED: Tone.NOTICE,
    Verdict.UNKNOWN: Tone.NOTICE,
    Verdict.IMPROVEMENT: Tone.GOOD,
    Verdict.STEADY: Tone.GOOD,
}
_RUNS: Final = "runs"


def trends_report(trends: Sequence[Answer], *, title: str) -> Report:
    """Write the report of series of metrics under a title."""
    numbered = [(f"metric-{number}", trend) for number, trend in enumerate(trends, 1)]
    runs = _runs(trends)
    anchors = {id: f"run-{number}" for number, id in enumerate(runs, 1)}
    columns = min(COLUMNS, max(LEAST_COLUMNS, POINTS // (2 * max(1, len(trends)))))
    return Report(
        title,
        (
            Section("In short", "in-short", (Facts(tuple(_short(trends, runs))),)),
            *_metrics(numbered),
            *chain.from_iterable(
                _metric(anchor, trend, anchors, columns, is_listed=len(trends) <= MOST_LISTED)
                for anchor, trend in numbered
            ),
            *_of_runs(runs, anchors, trends),
        ),
    )


def _short(trends: Sequence[Answer], runs: Mapping[str, Answer]) -> Iterator[tuple[str, Line]]:
    yield "metrics", (counted(len(trends), "series", "series", "metrics"),)
    verdicts = {one: sum(trend["verdict"] == one for trend in trends) for one in _TONES}
    first = {one: next((at for at, trend in enumerate(trends, 1) if trend["verdict"] == one), 0) for one in _TONES}
    yield (
        "verdicts",
        listed(Link(f"{count} {one.word}", f"metric-{first[one]}") for one, count in verdicts.items() if count),
    )
    yield "runs", (counted(len(runs), "run", "runs", _RUNS),)
    times = sorted(slot_of(point) for trend in trends for point in trend["points"])
    if times:
        yield "from, to (UTC)", (f"{time_of(times[0])}, {time_of(times[-1])}",)


def _metrics(numbered: Sequence[tuple[str, Answer]]) -> Iterator[Section]:
    """A row a series, as they come: the worst first."""
    rows = tuple(
        Row(
            (
                (Link(name_of(trend), anchor),),
                (_badge(trend["verdict"]),),
                (number_of(trend["summary"]["latest"]),),
                (change_of(trend),),
                (number_of(trend["summary"]["median"]),),
                (_count_of_shifts(trend, anchor),),
                (f"{len(trend['points']):,}",),
                (sparkline([point["value"] for point in trend["points"]]),),
            )
        )
        for anchor, trend in numbered
    )
    if rows:
        columns = ("metric", "verdict", "latest", "change", "usually", "shifts", "values", "how it went")
        yield Section("Metrics", "metrics", (Table(columns, rows),))


def _count_of_shifts(trend: Answer, anchor: str) -> Inline:
    return Link(str(len(trend["shifts"])), f"{anchor}-shift-1") if trend["shifts"] else "none"


def _metric(
    anchor: str, trend: Answer, anchors: Mapping[str, str], columns: int, *, is_listed: bool
) -> Iterator[Section]:
    """A section a series: its chart and what is to be said of it; below it its shifts."""
    chart = trend_chart(trend, anchors=anchors, columns=columns)
    told: tuple[tuple[str, Line], ...] = tuple((name, (words,)) for name, words in facts_of(trend))
    blocks = (
        Figure(replace(chart, notes=()), is_read_from_right=True),
        *(Paragraph((note,)) for note in chart.notes),
        Facts((("verdict", (_badge(trend["verdict"]),)), *told)),
        *_gaps(trend, anchors),
    )
    yield Section(name_of(trend), anchor, blocks, is_listed=is_listed)
    for number, shift in enumerate(trend["shifts"], 1):
        title = f"Shift {number}: {headline_of(shift)}, {levels_of(shift)}"
        yield Section(title, f"{anchor}-shift-{number}", tuple(_shift(shift, anchors)), is_part=True)


def _gaps(trend: Answer, anchors: Mapping[str, str]) -> Iterator[Block]:
    rows = [
        Row(((time_of(slot_of(gap)),), (_run(gap["run"], anchors) if gap["run"] else NOT_KNOWN,), (gap["reason"],)))
        for gap in sorted(trend["gaps"], key=slot_of, reverse=True)
    ]
    if rows:
        yield table_of(("no value at (UTC)", "run", "why"), rows[:MOST_GAPS])
    if len(rows) > MOST_GAPS:
        yield Paragraph((f"{len(rows) - MOST_GAPS:,} earlier ones are not listed.",))


def _shift(shift: Answer, anchors: Mapping[str, str]) -> Iterator[Block]:
    between: Line = (_run(shift["before"], anchors), " and ", _run(shift["after"], anchors))
    facts: list[tuple[str, Line]] = [
        ("between", between),
        ("when (UTC)", (time_of(shift["at"]),)),
        ("verdict", (_badge(shift["verdict"]), strength_of(shift))),
    ]
    first, last = shift["earliest"], shift["latest"]
    if first and last and first["id"] != last["id"]:
        facts.append(("may have been from", (_run(first, anchors), " to ", _run(last, anchors))))
    if shift["confounded"]:
        together = ", ".join(shift["together"])
        facts.append(("cannot be told apart", (Badge("CONFOUNDED", Tone.NOTICE), " ", together)))
    yield Facts(tuple(facts))
    yield _suspects(shift)
    if shift["separating"]:
        yield Table(("runs that would tell these apart",), tuple(Row(((run,),)) for run in shift["separating"]))


def _suspects(shift: Answer) -> Block:
    rows = [
        (
            suspect["score"],
            Row(
                (
                    (score_of(suspect["score"]),),
                    (suspect["change"]["kind"].lower(),),
                    (suspect["change"]["step"] or "the run itself",),
                    (suspect["change"]["path"],),
                    *((_side(suspect["change"][side]),) for side in ("before", "after")),
                    (suspect["change"]["detail"] or NOT_KNOWN,),
                )
            ),
        )
        for suspect in shift["suspects"]
    ]
    if shift["notTracked"] is not None:
        none: tuple[Line, ...] = ((NOT_KNOWN,),) * 5
        rows.append(
            (shift["notTracked"], Row(((score_of(shift["notTracked"]),), ("something that is not tracked",), *none)))
        )
    if not rows:
        return Paragraph(("Nothing that is tracked was another after it than before.",))
    rows.sort(key=lambda row: -row[0])
    return table_of(
        ("score", "suspect", "step", "where", "before", "after", "what that means"), [row for _, row in rows]
    )


def _side(value: str | None) -> Inline:
    return "not there" if value is None else Code(value)


# ------------------------------------------------------------------------------------------ runs
def _runs(trends: Sequence[Answer]) -> dict[str, Answer]:
    """Every run that a point is of, once, in the order of time."""
    points = sorted((point for trend in trends for point in trend["points"]), key=slot_of)
    return {point["run"]["id"]: point for point in points}


def _of_runs(runs: Mapping[str, Answer], anchors: Mapping[str, str], trends: Sequence[Answer]) -> Iterator[Section]:
    """A row a run, the newest first: where every point leads. Its value stands there where there is one series."""
    if not runs:
        return
    values = {point["run"]["id"]: point for point in trends[0]["points"]} if len(trends) == 1 else {}
    rows = [
        Row(
            (
                (point["run"]["displayName"],),
                (time_of(slot_of(point)),),
                (point["run"]["phase"],),
                (number_of(values[id]["value"]) if id in values else NOT_KNOWN,),
                (_noted(values[id]) if id in values else NOT_KNOWN,),
                (Code(point["run"]["uid"] or NOT_KNOWN),),
            ),
            anchors[id],
        )
        for id, point in reversed(list(runs.items()))
    ]
    columns = ("run", "due, or began (UTC)", "phase", "value", "of note", "id of the run")
    yield Section("Runs", _RUNS, (table_of(columns, rows),))


def _noted(point: Answer) -> str:
    marks = {"cached": "from a cache", "outlier": "outlier", "versionChanged": "another version"}
    return ", ".join(words for name, words in marks.items() if point[name]) or NOT_KNOWN


def _run(run: Answer, anchors: Mapping[str, str]) -> Inline:
    anchor = anchors.get(run["id"])
    return Link(run["displayName"], anchor) if anchor else run["displayName"]


def _badge(verdict: str) -> Badge:
    found = Verdict(verdict)
    return Badge(found.word.upper(), _TONES[found])
