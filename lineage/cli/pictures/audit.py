"""Audits, as tables. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import NOT_KNOWN, Answer, shown, time_of, took

_STYLES: Final = {
    "PASS": "green",
    "SOUND": "green",
    "FAIL": "bold red",
    "BROKEN": "bold red",
    "STALE": "yellow",
    "UNKNOWN": "yellow",
    "WAIVED": "magenta",
    "NOT_APPLICABLE": "dim",
}
_WORST_FIRST: Final = ("FAIL", "UNKNOWN", "WAIVED", "PASS", "NOT_APPLICABLE")
_FOLDED: Final = frozenset({"PASS", "NOT_APPLICABLE"})
_SEVERITIES: Final = ("TRACEABLE", "RE_EXECUTABLE", "VERIFIED", "REPEATED", "WARNING", "INFORMATION")
_BLOCKING: Final = _SEVERITIES[:4]
_TIERS: Final = {"NONE": "bold red", "TRACEABLE": "yellow", "RE_EXECUTABLE": "green", "VERIFIED": "bold green"}
_MOST: Final = 600  # letters of a cell: a reason is a sentence or two


def picture_of_audit(found: Answer, *, show_all: bool) -> Iterator[RenderableType]:
    """What a run has earned, and what holds it back: the worst first, with what to do."""
    run = found["run"]
    yield Text.assemble(
        shown(run["displayName"], "bold"),
        "  tier ",
        _tier(found["tier"]),
        "  repeated ",
        _verdict(found["repeated"]),
        Text(f"  as of {time_of(found['asOf'])}, by the policy {found['policy'][:60]}…", "dim"),
    )
    ordered = sorted(found["checks"], key=lambda one: (_worst(one), _SEVERITIES.index(one["severity"]), one["id"]))
    listed = [one for one in ordered if show_all or one["verdict"] not in _FOLDED]
    if listed:
        yield _checks(listed)
    folded = len(ordered) - len(listed)
    if folded:
        passed = sum(one["verdict"] == "PASS" for one in ordered)
        yield Text(f"{passed} checks pass, {folded - passed} do not apply; --all shows them.", "dim")
    reused = [one for one in run["executions"]["nodes"] if one["reuse"] is not None]
    if reused:
        yield _reuses(reused)
    more = run["executions"]["totalCount"] - len(reused)
    if more > 0:
        yield Text(f"{more} more steps were taken over from a cache.", "dim")


def _worst(check: Answer) -> int:
    return _WORST_FIRST.index(check["verdict"])


def _checks(checks: Sequence[Answer]) -> Table:
    table = _table("check", "verdict", "blocks", "why, and what to do")
    for one in checks:
        blocks = one["severity"] if one["severity"] in _BLOCKING else None
        why = Text.assemble(shown(one["title"], "bold"), "\n", _long(one["reason"]))
        if one["remedy"] is not None:
            why = Text.assemble(why, "\n", Text("→ ", "dim"), _long(one["remedy"], "dim"))
        table.add_row(
            Text(one["id"], "bold"),
            _verdict(one["verdict"]),
            Text(NOT_KNOWN if blocks is None else blocks.lower().replace("_", "-"), "" if blocks else "dim"),
            why,
        )
    return table


def _reuses(steps: Iterable[Answer]) -> Table:
    table = _table("taken over", "is", "age", "from", "why")
    for step in steps:
        one = step["reuse"]
        source = one["source"]
        of = None if source is None else f"{source['run']['displayName']}/{source['displayName']}"
        table.add_row(
            shown(step["displayName"]),
            _verdict(one["verdict"]),
            took(one["ageSeconds"]),
            shown(of),
            _long(one["reason"]),
        )
    return table


def table_of_audits(found: Sequence[Answer]) -> Table:
    """Runs of a pipeline, with the tier that each has earned and what holds it back first."""
    table = _table("run", "started", "tier", "repeated", "held back by")
    for one in found:
        checks = sorted(one["checks"], key=lambda each: (_SEVERITIES.index(each["severity"]), _worst(each), each["id"]))
        first = next((each for each in checks if each["blocks"] and each["verdict"] in ("FAIL", "UNKNOWN")), None)
        table.add_row(
            shown(one["run"]["displayName"]),
            shown(time_of(one["run"]["startedAt"])),
            _tier(one["tier"]),
            _verdict(one["repeated"]),
            Text(NOT_KNOWN) if first is None else Text.assemble(Text(first["id"], "bold"), " ", _long(first["reason"])),
        )
    return table


def picture_of_checks(said: Sequence[Answer]) -> Iterator[RenderableType]:
    """What checks ask, and what to do where they do not pass."""
    table = _table("check", "weighs", "passes where", "looks at", "what to do")
    for one in said:
        weighs = one["severity"].lower().replace("_", "-")
        table.add_row(Text(one["id"], "bold"), weighs, one["title"], _long(one["looksAt"]), _long(one["remedy"], "dim"))
    yield table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name in ("check", "verdict", "tier"))
    return table


def _tier(tier: str) -> Text:
    return Text(tier.lower().replace("_", "-"), _TIERS[tier])


def _verdict(verdict: str) -> Text:
    return Text(verdict.lower().replace("_", " "), _STYLES[verdict])


def _long(text: str, style: str = "") -> Text:
    """A sentence or two, which a cell shows whole."""
    parts = [shown(text[start : start + 150], style) for start in range(0, min(len(text), _MOST), 150)]
    return Text.assemble(*parts, "" if len(text) <= _MOST else "…")
