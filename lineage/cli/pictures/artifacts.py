"""Artifacts: what is known of each, and what looks at it said. Pure."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import NOT_KNOWN, Answer, shown, size_of, state_of, time_of
from lineage.model import Artifact

_CALLED: Final = {"plots": "shows", "setAside": "set aside"}


def pictures_of_artifacts(artifacts: Sequence[Answer]) -> Iterator[RenderableType]:
    """What is known of each artifact, and below it what looks at it said."""
    for artifact in artifacts:
        facts = Table.grid(padding=(0, 2))
        for name, value in _facts_of_artifact(artifact):
            facts.add_row(Text(name, "bold"), value)
        yield facts
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("looked (UTC)", "state", "size", "evidence"):
            table.add_column(column, overflow="fold", no_wrap=column in ("state", "size"))
        for look in artifact["history"]["nodes"]:
            size = NOT_KNOWN if look["sizeBytes"] is None else size_of(int(look["sizeBytes"]))
            table.add_row(shown(time_of(look["at"])), state_of(look["state"]), size, shown(look["evidence"]))
        yield table if artifact["history"]["nodes"] else Text("nobody has looked at it", "dim")
        yield ""


def _facts_of_artifact(artifact: Answer) -> Iterator[tuple[str, Text]]:
    producer = artifact["producer"]
    yield "artifact", shown(artifact["name"])
    if artifact["type"]:
        yield "type", shown(artifact["type"])
    yield "id", Text(artifact["id"])
    yield "uri", shown(artifact["uri"])
    yield "written", shown(time_of(artifact["createdAt"]))
    if producer:
        yield "by", shown(f"{producer['displayName']} of {producer['run']['displayName']}")
    yield "state", state_of(artifact["state"])
    if artifact["sizeBytes"] is not None:
        yield "size", size_of(int(artifact["sizeBytes"]))
    yield "digest", shown(artifact["digest"])
    yield "content", shown(artifact["contentDigest"])
    for name, value in (artifact["metadata"] or {}).items():
        for number, line in enumerate(_lines(value)):
            yield _CALLED.get(name, name) if number == 0 else "", shown(line, "yellow" if name == "setAside" else "")


def _lines(said: Any) -> Iterator[str]:
    """What is said of an artifact under one name, whatever it is: JSON of others."""
    match said:
        case dict():
            yield from (f"{name} = {_written(value)}" for name, value in said.items())
        case list():
            for one in said:
                of = (
                    {"": one}
                    if not isinstance(one, dict)
                    else {"": str(one["type"]).replace("_", " ")}
                    if "type" in one
                    else one
                )
                yield ": ".join(_written(value) for value in of.values() if value)
        case _:
            yield _written(said)


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)


def table_of_states(artifacts: Sequence[tuple[Artifact, str]]) -> Table:
    """A row an artifact, with what its state rests on."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("state", "artifact", "written (UTC)", "uri", "evidence"):
        table.add_column(column, overflow="fold", no_wrap=column == "state")
    for one, evidence in artifacts:
        written = None if one.created_at is None else time_of(one.created_at.isoformat())
        table.add_row(state_of(one.state), shown(one.name), shown(written), shown(one.uri), shown(evidence))
    return table
