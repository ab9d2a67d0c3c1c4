"""Deployments as a table, and one of them with all that it has served. Pure."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import Answer, shown, time_of


def table_of_deployments(deployments: Sequence[Answer]) -> Table:
    """A row a model that is served now, the deployment beside the first of each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("deployment", "namespace", "state", "revision", "model", "made by", "since then"):
        table.add_column(column, overflow="fold", no_wrap=column == "state")
    for one in deployments:
        head = (shown(one["name"]), shown(one["namespace"]), _ready(one))
        served = [each for each in one["served"] if each["servedNow"]]
        for each in served:
            table.add_row(
                *head,
                shown(each["revision"]),
                shown(each["artifact"]["uri"]),
                shown(_maker(each["artifact"])),
                _since(each),
            )
            head = (Text(), Text(), Text())
        if not served:
            table.add_row(*head, *(shown(None) for _ in range(4)))
    return table


def pictures_of_deployments(deployments: Sequence[Answer]) -> Iterator[RenderableType]:
    """What is known of each, below it all that it has served, which writes that were, and what these were made of."""
    for one in deployments:
        facts = Table.grid(padding=(0, 2))
        for name, value in _facts_of_deployment(one):
            facts.add_row(Text(name, "bold"), value)
        yield facts
        yield ""
        yield _table_of_revisions(one["revisions"])
        yield ""
        yield _table_of_served(one["served"]) if one["served"] else Text("nothing that it serves is known", "dim")
        yield ""


def _facts_of_deployment(one: Answer) -> Iterator[tuple[str, Text]]:
    yield "deployment", shown(f"{one['name']}, of the kind {one['kind']}")
    yield "id", Text(one["id"])
    yield "uid", shown(one["uid"])
    yield "namespace", shown(f"{one['namespace']} in {one['cluster']}{'' if one['inCluster'] else ', gone'}")
    yield "state", Text.assemble(_ready(one), f" since {time_of(one['since'])}" if one["since"] else "")
    if one["message"]:
        yield "", shown(one["message"], "yellow")
    if one["url"]:
        yield "url", shown(one["url"])
    if one["parent"]:
        yield "loaded into", shown(one["parent"]["name"])
    behind = one["behind"]
    for name, found in (("made by", behind["runs"]), ("of", behind["data"])):
        for place, each in enumerate(found):
            yield "" if place else name, shown(each.get("displayName") or each.get("uri"))
    for reason in behind["reasons"]:
        yield "", shown(f"not all of it: {reason}", "yellow")


def _table_of_revisions(revisions: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("revision", "traffic", "served from (UTC)", "to", "models"):
        table.add_column(column, overflow="fold", no_wrap=column == "traffic")
    for one in revisions:
        models = [f"{model['name']} {model['uri']}".strip() for model in one["models"] or ()]
        percent = one["trafficPercent"]
        table.add_row(
            shown(one["name"]),
            shown(None if percent is None else f"{percent} %"),
            shown(time_of(one["since"])),
            shown(time_of(one["until"])),
            shown("nobody saw its spec" if one["models"] is None else "\n".join(models) or None),
        )
    return table


def _table_of_served(served: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("revision", "artifact", "written (UTC)", "made by", "since then"):
        table.add_column(column, overflow="fold")
    for one in served:
        artifact, style = one["artifact"], "" if one["servedNow"] else "dim"
        doubt = " (of equal content)" if one["byContent"] else " (perhaps)" if one["inferred"] else ""
        table.add_row(
            shown(f"{one['revision']} {one['model']}".strip(), style),
            shown(f"{artifact['uri'] or artifact['digest']}{doubt}", style),
            shown(time_of(artifact["createdAt"])),
            shown(_maker(artifact)),
            _since(one),
        )
    return table


def _maker(artifact: Answer) -> str | None:
    producer = artifact["producer"]
    return f"{producer['run']['displayName']}/{producer['displayName']}" if producer else None


def _since(served: Answer) -> Text:
    """What became of the place that was read."""
    if served["changedSince"] is None:
        return shown(None)
    if not served["changedSince"]:
        return Text("as it was", "green")
    replaced = served["replacedBy"]
    by = _maker(replaced) if replaced else None
    return shown(f"overwritten by {by}" if by else "changed" if replaced else "changed or gone", "yellow")


def _ready(one: Answer) -> Text:
    if not one["inCluster"]:
        return Text("gone", "dim")
    return {True: Text("ready", "green"), False: Text("not ready", "bold red")}.get(one["ready"], shown(None))
