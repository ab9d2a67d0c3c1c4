"""Reading fingerprints, what else has the same one, and of which of these something else came out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import orjson
from sqlalchemy import ColumnElement, Connection, FromClause, Label, func, select

from lineage.fingerprints import Fingerprint
from lineage.identity import Key, decode_key, encode_key, run_key
from lineage.ports import Scope
from lineage.store import queries, tables
from lineage.store.conditions import Expression
from lineage.store.fingerprints import OF_RUN
from lineage.store.shelf import chunks


@dataclass(frozen=True, slots=True)
class _Owners:
    """Runs or executions, as the owners of fingerprints."""

    is_run: bool
    source: FromClause
    named: Expression
    are_owners: ColumnElement[bool]

    @property
    def owner(self) -> Label[str]:
        return self.named.label("owner")

    def name_of(self, key: Key) -> str:
        return str(key[1]) if self.is_run else encode_key(key)

    def key_of(self, owner: str) -> Key:
        return run_key(owner) if self.is_run else decode_key(owner)


@cache
def _runs() -> _Owners:
    table, run = tables.fingerprint, tables.run
    source = table.join(run, run.c.id == table.c.run_id)
    return _Owners(True, source, run.c.key, table.c.execution_id == OF_RUN)


@cache
def _executions() -> _Owners:
    table, run, node = tables.fingerprint, tables.run, tables.node
    source = table.join(run, run.c.id == table.c.run_id).join(node, node.c.id == table.c.execution_id)
    return _Owners(False, source, node.c.key, table.c.execution_id != OF_RUN)


def _by_owner(keys: Sequence[Key]) -> list[tuple[_Owners, list[Key]]]:
    parted = [
        (owners, [key for key in keys if (key[0] == "Run") is owners.is_run]) for owners in (_runs(), _executions())
    ]
    return [(owners, some) for owners, some in parted if some]


# ------------------------------------------------------------------------------------------ by key
def fingerprints(connection: Connection, scope: Scope, keys: Sequence[Key]) -> Mapping[Key, Fingerprint]:
    """The fingerprints of runs and executions, as far as they are computed."""
    found: dict[Key, Fingerprint] = {}
    for owners, mine in _by_owner(keys):
        statement = select(owners.owner, tables.fingerprint).select_from(owners.source)
        statement = statement.where(owners.are_owners, queries.in_scope(scope))
        for some in chunks(map(owners.name_of, mine)):
            for row in connection.execute(statement.where(owners.named.in_(some))):
                missing = tuple(orjson.loads(row.missing)) if row.missing else ()
                found[owners.key_of(row.owner)] = Fingerprint(digest=row.digest, missing=missing, outcome=row.outcome)
    return found


def alike(connection: Connection, scope: Scope, keys: Sequence[Key], *, limit: int) -> Mapping[Key, tuple[Key, ...]]:
    """Other runs or executions of the same fingerprint, the newest first, `limit` of each at most."""
    known = fingerprints(connection, scope, keys)
    digests = {key: one.digest for key, one in known.items() if one.digest is not None}
    found: dict[Key, tuple[Key, ...]] = {}
    for owners, mine in _by_owner(list(digests)):
        members = _members(connection, scope, owners, sorted({digests[key] for key in mine}))
        found |= {key: tuple(one for one in members[digests[key]] if one != key)[:limit] for key in mine}
    return found


# ------------------------------------------------------------------------------------------ by what came out
def unlike(
    connection: Connection, scope: Scope, *, pipeline: Key | None, after: str, limit: int
) -> Sequence[tuple[str, Sequence[Key]]]:
    """Fingerprints of executions of which not always the same came out, in their order behind one, and the executions
    of each, the newest first."""
    table, run, version, named = tables.fingerprint, tables.run, tables.pipeline_version, tables.pipeline
    owners = _executions()
    source = owners.source
    if pipeline is not None:
        source = source.join(version, version.c.id == run.c.pipeline_version_id)
        source = source.join(named, named.c.id == version.c.pipeline_id)
    statement = (
        select(table.c.digest)
        .select_from(source)
        .where(table.c.digest > after, owners.are_owners, queries.in_scope(scope))
        .group_by(table.c.digest)
        .having(func.count(table.c.outcome.distinct()) > 1)
        .order_by(table.c.digest)
        .limit(limit)
    )
    if pipeline is not None:
        statement = statement.where(named.c.key == encode_key(pipeline))
    digests = list(connection.scalars(statement))
    members = _members(connection, scope, owners, digests)
    return [(digest, members[digest]) for digest in digests]


def _members(
    connection: Connection, scope: Scope, owners: _Owners, digests: Sequence[str]
) -> Mapping[str, Sequence[Key]]:
    table, run = tables.fingerprint, tables.run
    found: defaultdict[str, list[Key]] = defaultdict(list)
    statement = (
        select(table.c.digest, owners.owner)
        .select_from(owners.source)
        .where(owners.are_owners, queries.in_scope(scope))
        .order_by(run.c.started_at.desc(), owners.named)
    )
    for some in chunks(digests):
        for row in connection.execute(statement.where(table.c.digest.in_(some))):
            found[row.digest].append(owners.key_of(row.owner))
    return found
