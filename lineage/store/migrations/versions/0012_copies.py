"""Artifacts lead to what may be copies of them: what came from outside later with the same content.

Revision: 0012
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import sqlalchemy as sa
from alembic import op

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
    *(sa.column(name) for name in ("id", "execution_id", "span_from", "span_to", "digest", "content_digest")),
)
node = sa.table("node", sa.column("id"), sa.column("key"))
edge = sa.table("edge", *(sa.column(name) for name in ("source", "target", "role", "name", "ambiguous")))


def upgrade() -> None:
    for column in COLUMNS:
        outside = sa.and_(sa.column("execution_id").is_(None), sa.column(column).is_not(None))
        op.create_index(
            f"artifact_from_outside_by_{column}", "artifact", [column], sqlite_where=outside, postgresql_where=outside
        )
    for column, name in COLUMNS.items():
        rows = [
            {"source": source, "target": target, "role": "COPIED", "name": name, "ambiguous": False}
            for source, target in _copies(column)
        ]
        for start in range(0, len(rows), AT_ONCE):
            op.bulk_insert(edge, rows[start : start + AT_ONCE])


def _copies(column: str) -> Iterator[tuple[int, int]]:
    """What came from outside stands in a row, by time, and each write leads to the first in it that came after."""
    digest = artifact.c[column]
    outside = sa.select(digest).where(artifact.c.execution_id.is_(None), digest.is_not(None), digest.not_in(TRIVIAL))
    holders = (
        sa.select(artifact, node.c.key)
        .join(node, node.c.id == artifact.c.id)
        .where(digest.in_(outside), artifact.c.span_from.is_not(None))
    )
    of_content = defaultdict(list)
    for row in op.get_bind().execute(holders):
        of_content[row._mapping[digest]].append(row)
    for rows in of_content.values():
        written = [row for row in rows if row.execution_id is not None]
        if not written:
            continue
        earliest = min(row.span_from for row in written)
        later = sorted(
            (row.span_to + SKEW_SECONDS, row.key, row.id)
            for row in rows
            if row.execution_id is None and row.span_to + SKEW_SECONDS >= earliest
        )
        yield from ((near[2], far[2]) for near, far in pairwise(later))
        for row in written:
            first = next((copy_id for until, _, copy_id in later if until >= row.span_from), None)
            if first is not None:
                yield row.id, first
