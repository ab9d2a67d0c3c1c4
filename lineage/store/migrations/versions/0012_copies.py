"""Artifacts lead to what may be copies of them: what came from outside later with the same content.

Revision: 0012
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from lineage.store.migrations.steps import AddIndex, Fill, Take

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = {"digest": "bytes", "content_digest": "meaning"}
SKEW_SECONDS = 2
TRIVIAL = (  # no bytes, no files, no values
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha256:58d138b5874ae4449cce56c3f6cc066cd7e8aa383d220e8e0b22c1c31084dc5b",
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
)
AT_ONCE = 1000

artifact = sa.table(
    "artifact",
    *(sa.column(name, sa.BigInteger()) for name in ("id", "execution_id", "span_from", "span_to")),
    *(sa.column(name, sa.Text()) for name in COLUMNS),
)
node = sa.table("node", sa.column("id", sa.BigInteger()), sa.column("key", sa.Text()))
edge = sa.table(
    "edge",
    *(sa.column(name, sa.BigInteger()) for name in ("source", "target")),
    *(sa.column(name, sa.Text()) for name in ("role", "name")),
    sa.column("ambiguous", sa.Boolean()),
)


def upgrade(take: Take) -> None:
    for column, name in COLUMNS.items():
        outside = f"execution_id IS NULL AND {column} IS NOT NULL"
        take(AddIndex(name=f"artifact_from_outside_by_{column}", table="artifact", columns=[column], where=outside))
        take(
            Fill(
                says=f"artifacts lead to what may be copies of them, by equal {name}",
                key=artifact.c[column],
                where=outside,
                fill=partial(_join, column),
                notes=["id"],
                follow=partial(_unjoin, name),
            )
        )


def _unjoin(name: str, connection: sa.Connection, changed: Sequence[Sequence[Any]]) -> None:
    """Take the edges of artifacts that have another content, time or writer than before, or are no more."""
    for ids in _some({one for _, one in changed}):
        for end in (edge.c.source, edge.c.target):
            connection.execute(sa.delete(edge).where(edge.c.role == "COPIED", edge.c.name == name, end.in_(ids)))


def _join(column: str, connection: sa.Connection, digests: Sequence[str]) -> None:
    """Write the edges between all that have one of these contents."""
    name, of_content = COLUMNS[column], [*_holders(connection, column, digests)]
    from_outside = {one.id for holders in of_content for one in holders if one.execution_id is None}
    for ids in _some(from_outside):  # where all edges end
        is_one = edge.c.target.in_(ids)
        connection.execute(sa.delete(edge).where(edge.c.role == "COPIED", edge.c.name == name, is_one))
    for some in _some({ends for holders in of_content for ends in _copies(holders)}):
        rows = [
            {"source": source, "target": target, "role": "COPIED", "name": name, "ambiguous": False}
            for source, target in some
        ]
        connection.execute(sa.insert(edge), rows)


def _some(of: Iterable[Any]) -> Iterator[Sequence[Any]]:
    ordered = sorted(of)
    yield from (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))


def _holders(connection: sa.Connection, column: str, digests: Sequence[str]) -> Iterator[Sequence[sa.Row[Any]]]:
    """Read the artifacts of each of these contents that came from outside to some place."""
    digest = artifact.c[column]
    outside = sa.select(digest).where(artifact.c.execution_id.is_(None), digest.in_(digests), digest.not_in(TRIVIAL))
    holders = (
        sa.select(artifact, node.c.key)
        .join(node, node.c.id == artifact.c.id)
        .where(digest.in_(outside), artifact.c.span_from.is_not(None))
    )
    of_content = defaultdict(list)
    for row in connection.execute(holders):
        of_content[row._mapping[digest]].append(row)
    yield from of_content.values()


def _copies(holders: Sequence[sa.Row[Any]]) -> Iterator[tuple[int, int]]:
    """What came from outside stands in a row, by time, and each write leads to the first in it that came after."""
    written = [one for one in holders if one.execution_id is not None]
    if not written:
        return
    earliest = min(one.span_from for one in written)
    later = sorted(
        (one.span_to + SKEW_SECONDS, one.key, one.id)
        for one in holders
        if one.execution_id is None and one.span_to + SKEW_SECONDS >= earliest
    )
    yield from ((near[2], far[2]) for near, far in pairwise(later))
    for one in written:
        first = next((copy_id for until, _, copy_id in later if until >= one.span_from), None)
        if first is not None:
            yield one.id, first
