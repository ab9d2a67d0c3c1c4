"""Experiments and recurring runs as tables, and what became of the slots of one. Pure."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import NOT_KNOWN, Answer, phase_of, shown, time_of, took


def table_of_experiments(experiments: Sequence[Answer]) -> Table:
    """A row an experiment."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("experiment", "namespace", "runs", "last run", "phase", "made (UTC)"):
        table.add_column(column, overflow="fold", no_wrap=column == "phase")
    for one in experiments:
        last = next(iter(one["runs"]["nodes"]), None)
        table.add_row(
            shown(one["name"]),
            shown(one["namespace"]),
            str(one["runs"]["totalCount"]),
            shown(last and last["displayName"]),
            phase_of(last["phase"]) if last else shown(None),
            shown(time_of(last and last["createdAt"])),
        )
    return table


def table_of_recurring_runs(recurring: Sequence[Answer]) -> Table:
    """A row a recurring run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("recurring run", "namespace", "schedule", "state", "last due (UTC)", "became", "next due", "missed"):
        table.add_column(column, overflow="fold", no_wrap=column == "became")
    for one in recurring:
        last = next(reversed(one["slots"]), None)
        table.add_row(
            shown(one["name"]),
            shown(one["namespace"]),
            shown(_schedule(one)),
            _enabled(one),
            shown(time_of(last and last["dueAt"])),
            _outcome(last["outcome"]) if last else shown(None),
            shown(_next(one)),
            shown(_missed(one)),
        )
    return table


def pictures_of_recurring_run(recurring: Sequence[Answer]) -> Iterator[RenderableType]:
    """What is known of each, below it what became of its last slots, and since when it is as it is."""
    for one in recurring:
        facts = Table.grid(padding=(0, 2))
        for name, value in _facts_of_recurring_run(one):
            facts.add_row(Text(name, "bold"), value)
        yield facts
        yield ""
        yield _table_of_slots(one["slots"]) if one["slots"] else Text("it was never due", "dim")
        yield ""
        yield _table_of_edits(one["edits"])
        yield ""


def _facts_of_recurring_run(one: Answer) -> Iterator[tuple[str, Text]]:
    yield "recurring run", shown(f"{one['name']}, a {one['kind']}")
    yield "id", Text(one["id"])
    yield "uid", shown(one["uid"])
    yield "namespace", shown(f"{one['namespace']} in {one['cluster']}{'' if one['inCluster'] else ', gone'}")
    yield "state", _enabled(one)
    yield "schedule", shown(_schedule(one))
    if one["scheduleError"]:
        yield "", shown(one["scheduleError"], "yellow")
    if one["experiment"]:
        yield "experiment", shown(one["experiment"]["name"])
    yield "runs", Text(str(one["runs"]["totalCount"]))
    yield "next due", shown(_next(one))


def _table_of_slots(slots: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("due (UTC)", "became", "after", "run", "reason"):
        table.add_column(column, overflow="fold", no_wrap=column in ("became", "after"))
    for slot in slots:
        table.add_row(
            shown(time_of(slot["dueAt"])),
            _outcome(slot["outcome"]),
            shown(took(slot["lateBySeconds"])),
            shown(slot["run"] and slot["run"]["displayName"]),
            shown(slot["reason"] or ""),
        )
    return table


def _table_of_edits(edits: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("since (UTC)", "schedule", "otherwise"):
        table.add_column(column, overflow="fold")
    for edit in edits:
        since = shown(time_of(edit["since"]) if edit["told"] else f"{time_of(edit['since'])}, seen")
        table.add_row(since, shown(_schedule(edit["spec"])), shown(", ".join(_conditions(edit["spec"]))))
    return table


def _conditions(spec: Answer) -> Iterator[str]:
    """What of a spec is not as it usually is."""
    if not spec["enabled"]:
        yield "suspended"
    if spec["startsAt"] or spec["endsAt"]:
        yield f"from {time_of(spec['startsAt']) or NOT_KNOWN} to {time_of(spec['endsAt']) or NOT_KNOWN}"
    if spec["maxConcurrency"]:
        yield f"{spec['maxConcurrency']} at a time"
    if spec["catchup"] is False:
        yield "no catch-up"
    if spec["concurrencyPolicy"] not in (None, "Allow"):
        yield spec["concurrencyPolicy"]
    for name in ("when", "stopStrategy"):
        if spec[name]:
            yield f"{'when' if name == 'when' else 'until'} {spec[name]}"
    for parameter in spec["parameters"]:
        yield f"{parameter['name']} = {'(redacted)' if parameter['redacted'] else parameter['value']}"


def _schedule(one: Answer) -> str:
    """The schedules of a recurring run, or of a spec of it."""
    written = ", ".join(one["schedules"]) or "none"
    return f"{written} ({one['timezone']})" if one["timezone"] else written


def _enabled(one: Answer) -> Text:
    if not one["inCluster"]:
        return Text("gone", "dim")
    if one["stopped"]:
        return Text("stopped", "yellow")
    if one["scheduleError"]:
        return Text("cannot be read", "bold red")
    return Text("enabled", "green") if one["enabled"] else Text("suspended", "yellow")


def _next(one: Answer) -> str | None:
    """When it is due next, if anything is to run then."""
    coming = one["next"]
    return time_of(coming["dueAt"]) if coming and coming["outcome"] == "PENDING" else None


def _outcome(outcome: str) -> Text:
    styles = {"ON_TIME": "green", "MISSED": "bold red", "LATE": "yellow", "DUPLICATE": "yellow", "PENDING": "cyan"}
    return Text(outcome.lower().replace("_", " "), styles.get(outcome, "dim"))


def _missed(one: Answer) -> str:
    """How many of the last slots were missed, of how many, in which time."""
    slots, days = one["slots"], one["days"]
    if not slots:
        return NOT_KNOWN
    missed = sum(slot["outcome"] == "MISSED" for slot in slots)
    span = f"{days:g} days" if days > 1 else "a day" if days == 1 else "an hour" if days * 24 >= 1 else "a minute"
    return f"{missed} of {len(slots)} in {span}"
