"""What differs between two runs, as tables. Pure."""

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import Answer, brief, phase_of, shown, time_of
from lineage.cli.terminal import printable

LONGEST_DIFF: Final = 40  # lines of a text that differs; `--json` shows all


def picture_of_diff(found: Answer) -> Iterator[RenderableType]:
    """The two runs, and below them what differs: what could have changed results, then what came of it."""
    yield _runs(found)
    for is_causal, title in ((True, "could have changed results"), (False, "came of it, or changes nothing")):
        changes = [one for one in found["changes"] if one["causal"] is is_causal]
        if changes:
            yield ""
            yield Text(title, "bold")
            yield _table(changes)
            yield from _texts(changes)
    yield ""
    if not found["changes"]:
        yield Text("nothing differs" if found["identical"] else "nothing differs, as far as it is known", "green")
    for reason in found["notCompared"]:
        yield Text.assemble(Text("not compared: ", "yellow"), shown(reason))


def _runs(found: Answer) -> Table:
    table = Table.grid(padding=(0, 2))
    for mark, name in (("−", "base"), ("+", "target")):
        run = found[name]
        version = run["pipelineVersion"]
        pipeline = f"{version['pipeline']['name']} {version['digest'][7:19]}" if version else None
        table.add_row(
            mark,
            shown(run["displayName"], "bold"),
            phase_of(run["phase"]),
            shown(time_of(run["startedAt"])),
            shown(pipeline),
        )
    return table


def _table(changes: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("what", "step", "where", "−", "+", ""):
        table.add_column(column, overflow="fold", no_wrap=column == "what")
    for one in changes:
        before, after = (_short(one, side) for side in ("before", "after"))
        table.add_row(
            one["kind"].lower(), shown(_step(one)), shown(one["path"]), before, after, shown(one["detail"] or "", "dim")
        )
    return table


def _step(one: Answer) -> str:
    if len(one["steps"]) > 1:
        return f"{one['step']} ({len(one['steps'])} steps)"
    return one["step"] or ""


def _short(one: Answer, side: str) -> Text:
    """What stands on one side; a text of many lines is shown below."""
    value = one[side]
    if value is None:
        return Text("not there", "dim")
    return Text("(below)", "dim") if _has_lines(one) else shown(brief(value))


def _has_lines(one: Answer) -> bool:
    return one["before"] is not None and one["after"] is not None and "\n" in one["before"] + one["after"]


def _texts(changes: Sequence[Answer]) -> Iterator[RenderableType]:
    for one in filter(_has_lines, changes):
        lines = list(unified_diff(one["before"].splitlines(), one["after"].splitlines(), n=2, lineterm=""))[2:]
        yield ""
        yield Text.assemble(shown(_step(one), "bold"), " ", shown(one["path"]))
        for line in lines[:LONGEST_DIFF]:
            style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
            yield Text(printable(line), style)
        if len(lines) > LONGEST_DIFF:
            yield Text(f"and {len(lines) - LONGEST_DIFF} lines more; --json shows all", "dim")
