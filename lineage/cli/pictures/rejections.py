"""What could not be recorded, as a table, and one of it with its text. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import shown, size_of, time_of
from lineage.cli.terminal import printable
from lineage.model import Rejected

SHORT_DIGEST: Final = 12  # characters: one in 2⁴⁸


def table_of_rejections(found: Sequence[Rejected]) -> Table:
    """A row a rejection."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("digest", "when (UTC)", "source", "size", "reason"):
        table.add_column(column, overflow="fold", no_wrap=column in ("digest", "size"))
    for one in found:
        table.add_row(
            _short_digest(one),
            shown(time_of(one.at.isoformat())),
            shown(one.source),
            size_of(one.size_bytes),
            shown(one.reason),
        )
    return table


def picture_of_rejection(found: Sequence[Rejected], text: str | None) -> Iterator[RenderableType]:
    """Why an object was set aside, for each reason, and below it what was kept of it."""
    for one in found:
        table = Table.grid(padding=(0, 2))
        for name, value in (
            ("digest", Text(one.digest)),
            ("when", shown(time_of(one.at.isoformat()))),
            ("source", shown(f"{one.source} in {one.cluster}")),
            ("size", size_of(one.size_bytes)),
            ("reason", Text(printable(one.reason), "yellow")),
        ):
            table.add_row(Text(name, "bold"), value)
        yield table
        yield ""
    if text is None:
        yield Text("nothing of it was kept: it could not be read, so no secret could be taken out", "dim")
    else:
        yield Text("\n".join(printable(line) for line in text.split("\n")))


def _short_digest(one: Rejected) -> Text:
    return Text(one.digest.removeprefix("sha256:")[:SHORT_DIGEST], "bold")
