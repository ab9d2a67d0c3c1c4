"""What descends from something: the counts, and below them what is listed of each. Pure."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import Answer, phase_of, shown, state_of, time_of


def pictures_of_impact(found: Answer) -> Iterator[RenderableType]:
    """Count all of it, and show what is listed; what is missing is said."""
    counts = Table.grid(padding=(0, 2))
    for name in ("run", "execution", "artifact", "model", "deployment"):
        count = found[f"{name}Count"]
        counts.add_row(
            Text(f"{count:,}", "bold" if count else "dim", justify="right"), f"{name}{'' if count == 1 else 's'}"
        )
    yield counts
    for reason in found["reasons"]:
        yield shown(f"not all of it: {reason}", "yellow")
    if found["deployments"]:
        yield from _list("deployments", ("deployment", "namespace", "state"), _deployments(found), found)
    if found["models"]:
        yield from _list("models", ("model", "written (UTC)", "by", "state"), _artifacts(found["models"]), found)
    if found["runs"]:
        yield from _list(
            "runs", ("run", "phase", "started (UTC)", "pipeline or kind", "namespace"), _runs(found), found
        )


def _list(
    what: str, columns: Sequence[str], rows: Iterator[tuple[Text, ...]], found: Answer
) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("phase", "state"))
    for row in rows:
        table.add_row(*row)
    yield ""
    yield table
    count = found[f"{what[:-1]}Count"]
    if count > len(found[what]):
        yield Text(f"{len(found[what])} of {count:,} {what}; --limit N lists more", "dim")


def _deployments(found: Answer) -> Iterator[tuple[Text, ...]]:
    for one in found["deployments"]:
        ready = {True: Text("ready", "green"), False: Text("not ready", "bold red")}.get(one["ready"], shown(None))
        state = ready if one["inCluster"] else Text("gone", "dim")
        yield shown(f"{one['kind']} {one['name']}"), shown(one["namespace"]), state


def _artifacts(artifacts: Sequence[Answer]) -> Iterator[tuple[Text, ...]]:
    for one in artifacts:
        producer = one["producer"]
        by = f"{producer['run']['displayName']}/{producer['displayName']}" if producer else None
        yield shown(one["uri"] or one["digest"]), shown(time_of(one["createdAt"])), shown(by), state_of(one["state"])


def _runs(found: Answer) -> Iterator[tuple[Text, ...]]:
    for run in found["runs"]:
        version = run["pipelineVersion"]
        yield (
            shown(run["displayName"]),
            phase_of(run["phase"]),
            shown(time_of(run["startedAt"] or run["createdAt"])),
            shown(version["pipeline"]["name"] if version else run["kind"]),
            shown(run["namespace"]),
        )
