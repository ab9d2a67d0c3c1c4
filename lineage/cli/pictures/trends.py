"""How a metric moves, where it shifted and what may have done it, as charts and tables. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import Answer, brief, shown, time_of
from lineage.cli.pictures.chart import ChartInTerminal
from lineage.drawing.chart import Verdict
from lineage.drawing.trend import headline_of, levels_of, name_of, trend_chart
from lineage.report.trend_words import facts_of, score_of, strength_of

_STYLES: Final = {
    Verdict.REGRESSION: "bold red",
    Verdict.IMPROVEMENT: "green",
    Verdict.SHIFTED: "yellow",
    Verdict.STEADY: "green",
    Verdict.UNKNOWN: "yellow",
}


def pictures_of_trends(trends: Sequence[Answer]) -> Iterator[RenderableType]:
    """Each series as a chart, below it what is to be said of it as a whole, its shifts, and warnings."""
    for trend in trends:
        yield ChartInTerminal(trend_chart(trend))
        yield ""
        yield _facts(trend)
        for number, shift in enumerate(trend["shifts"], 1):
            yield ""
            yield from _shift(shift, number)
        for warning in trend["warnings"]:
            yield Text.assemble(("warning: ", "yellow"), shown(warning))
        yield ""


def pictures_of_blame(trends: Sequence[Answer], *, show_all: bool) -> Iterator[RenderableType]:
    """What may have done the last shift of each series, or all of its shifts, the last one first."""
    for trend in trends:
        shifts = list(enumerate(trend["shifts"], 1))[::-1]
        yield shown(name_of(trend), "bold")
        if not shifts:
            yield Text.assemble("no shift of its level is confirmed: ", verdict_of(trend["verdict"]))
        for number, shift in shifts if show_all else shifts[:1]:
            yield ""
            yield from _shift(shift, number)
        if len(shifts) > 1 and not show_all:
            yield ""
            yield Text(f"{len(shifts) - 1} earlier; --all shows them", "dim")
        for warning in trend["warnings"]:
            yield Text.assemble(("warning: ", "yellow"), shown(warning))
        yield ""


def verdict_of(verdict: str) -> Text:
    """Write a verdict as a word."""
    found = Verdict(verdict)
    return Text(found.word, _STYLES[found])


def _facts(trend: Answer) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("verdict", "bold"), verdict_of(trend["verdict"]))
    for name, words in facts_of(trend):
        table.add_row(Text(name, "bold"), Text(words))
    return table


# ------------------------------------------------------------------------------------------ one shift
def _shift(shift: Answer, number: int) -> Iterator[RenderableType]:
    """What became of the level and where, and who is suspected."""
    yield Text.assemble(
        (f"shift {number}: ", "bold"),
        (headline_of(shift), _STYLES[Verdict(shift["verdict"])]),
        f", {levels_of(shift)}{strength_of(shift)}",
    )
    before, after = shift["before"], shift["after"]
    yield Text.assemble(
        "  between ",
        shown(before["displayName"]),
        " and ",
        shown(after["displayName"]),
        f", {time_of(shift['at'])} UTC",
        *_interval(shift),
    )
    yield _suspects(shift)
    if shift["confounded"]:
        yield Text("  what cannot be told apart:", "yellow")
    for one in shift["together"]:
        yield Text.assemble("    ", shown(one))
    if shift["separating"]:
        yield Text("  runs that would tell them apart:")
    for run in shift["separating"]:
        yield Text.assemble("    ", shown(run))


def _interval(shift: Answer) -> Iterator[Text | str]:
    first, last = shift["earliest"], shift["latest"]
    if first and last and first["id"] != last["id"]:
        yield "; it may have been anywhere from "
        yield shown(first["displayName"])
        yield " to "
        yield shown(last["displayName"])


def _suspects(shift: Answer) -> Table:
    """A row a suspect, the likeliest first, and among them that it was nothing of what is tracked."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("  score", "what", "step", "where", "before", "after", ""):
        table.add_column(column, overflow="fold", no_wrap=column in ("  score", "what"))
    rows = [(suspect["score"], suspect["change"]) for suspect in shift["suspects"]]
    if shift["notTracked"] is not None:
        rows.append((shift["notTracked"], None))
    for score, change in sorted(rows, key=lambda row: -row[0]):
        if change is None:
            table.add_row(f"  {score_of(score)}", Text("not tracked", "dim"))
        else:
            table.add_row(
                f"  {score_of(score)}",
                change["kind"].lower(),
                shown(change["step"] or ""),
                shown(change["path"]),
                *(_side(change[side]) for side in ("before", "after")),
                shown(change["detail"] or "", "dim"),
            )
    return table


def _side(value: str | None) -> Text:
    return Text("not there", "dim") if value is None else shown(brief(value))
