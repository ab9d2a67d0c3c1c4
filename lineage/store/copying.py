"""Last step of a batch: which artifacts may be copies of which, by equal content (`lineage.contents`).

It rests on artifacts of other places than those that the batch has locked, and so on what is written: it comes after
all else, under the lock of each content that an artifact came to, left, or has at another time than before. Edges
between artifacts are written here alone. Most contents never came from outside, and to ask for that is all they take.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, and_, select

from lineage.contents import TRIVIAL, Holder, copies
from lineage.store import tables
from lineage.store.batch import Batch
from lineage.store.locks import CONTENTS, content
from lineage.store.prepared import Prepared, among

KINDS: Final = {"digest": tables.SAME_BYTES, "content_digest": tables.SAME_MEANING}
"""The columns of an artifact by which contents are equal, and what edges of these are called."""

UNKNOWN: Final = (None,) * len(KINDS)
"""The digests of an artifact that nobody looked at, as most are when they are written."""

Contents = dict[str, set[str]]
"""Digests, by column."""


class _Changes(NamedTuple):
    """The artifacts that have another content than before, or have it at another time; all contents that they have
    and had; and whether any had one."""

    artifacts: set[int]
    contents: Contents
    had_any: bool


def join_copies(batch: Batch) -> None:
    """Lead edges from artifacts to what may be copies of them. All else is written."""
    changes = _changes(batch)
    if not changes.artifacts:
        return
    batch.locks.take(CONTENTS, [content(digest) for of in changes.contents.values() for digest in of])
    outside = {column: _from_outside(batch, column, of) for column, of in changes.contents.items()}
    if not changes.had_any and not any(outside.values()):
        return
    wanted, rejoined = set[tuple[Any, ...]](), set[tuple[int, str]]()
    for column, name in KINDS.items():
        for holders in _holders(batch, column, outside[column]):
            wanted |= {(target, tables.COPIED, source, name) for source, target in copies(holders)}
            rejoined |= {(one.id, name) for one in holders if not one.is_written}
    held: set[tuple[Any, ...]] = {
        edge
        for edge in _held(batch, changes.artifacts, {one for one, _ in rejoined})
        if not changes.artifacts.isdisjoint((edge.source, edge.target)) or (edge.target, edge.name) in rejoined
    }
    if gone := held - wanted:
        batch.dialect.remove(batch.cursor, tables.edge, sorted(gone))
    if new := wanted - held:
        batch.dialect.put(batch.cursor, tables.edge, [_values(*edge) for edge in sorted(new)])


def _changes(batch: Batch) -> _Changes:
    artifacts, contents, had_any = set[int](), Contents({column: set() for column in KINDS}), False
    for before, now in batch.artifacts.changes("id", "span_from", "span_to", *KINDS):
        for state in (before, now):
            if state is None or state[3:] == UNKNOWN:
                continue
            artifact, _, _, *digests = state
            for column, digest in zip(KINDS, digests, strict=True):
                if digest is not None and digest not in TRIVIAL:
                    artifacts.add(artifact)
                    contents[column].add(digest)
                    had_any = had_any or state is before
    return _Changes(artifacts, contents, had_any)


# ------------------------------------------------------------------------------------------ what is written
def _from_outside(batch: Batch, column: str, digests: set[str]) -> list[str]:
    """Those of some contents that came from outside to some place."""
    found = _outside(batch.dialect.name, column).ask(batch.cursor, {"digests": sorted(digests)}) if digests else ()
    return [digest for (digest,) in found]


@cache
def _outside(database: str, column: str) -> Prepared:
    artifact = tables.artifact
    has_one = and_(tables.is_from_outside(column), among(database, artifact.c[column], "digests"))
    return Prepared(database, select(artifact.c[column]).where(has_one).distinct())


def _holders(batch: Batch, column: str, digests: Collection[str]) -> Iterator[list[Holder]]:
    """Read the artifacts of each content, of which it is known when they were there."""
    found = defaultdict[str, list[Holder]](list)
    rows = _having(batch.dialect.name, column).ask(batch.cursor, {"digests": list(digests)}) if digests else ()
    for number, key, digest, execution, since, until in rows:
        found[digest].append(Holder(number, key, execution is not None, since, until))
    yield from found.values()


@cache
def _having(database: str, column: str) -> Prepared:
    artifact, node = tables.artifact, tables.node
    has_one = among(database, artifact.c[column], "digests")
    span = (artifact.c.span_from, artifact.c.span_to)
    holders = select(artifact.c.id, node.c.key, artifact.c[column], artifact.c.execution_id, *span)
    known = holders.join(node, node.c.id == artifact.c.id).where(has_one, artifact.c.span_from.is_not(None))
    return Prepared(database, known)


class _Edge(NamedTuple):
    target: int
    role: str
    source: int
    name: str


def _held(batch: Batch, artifacts: set[int], targets: set[int]) -> Iterator[_Edge]:
    """Read the edges at some artifacts, and those that end at others."""
    for column, ids in (("source", artifacts), ("target", artifacts | targets)):
        yield from map(_Edge._make, _copied(batch.dialect.name, column).ask(batch.cursor, {"ids": sorted(ids)}))


@cache
def _copied(database: str, column: str) -> Prepared:
    edge = tables.edge
    is_there = among(database, edge.c[column], "ids", BigInteger)
    found = select(edge.c.target, edge.c.role, edge.c.source, edge.c.name)
    return Prepared(database, found.where(is_there, edge.c.role == tables.COPIED))


def _values(target: int, role: str, source: int, name: str) -> tuple[Any, ...]:
    """An edge as its table holds it."""
    return target, source, role, name, False
