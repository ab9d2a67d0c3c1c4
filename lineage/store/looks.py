"""Looks at what lies at the places of artifacts: what they said, and where to look next."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, select, update

from lineage.identity import Key, Location, decode_key, encode_key
from lineage.model import ArtifactLook, LookDue
from lineage.ports import Scope
from lineage.store import queries, tables, values
from lineage.store.bodies import Take, anything
from lineage.store.codec import look_of, moment, whole_seconds, written
from lineage.store.dialect import Dialect
from lineage.store.locks import LOCATIONS, Locks
from lineage.store.locks import location as name_of
from lineage.store.parts import by_text, rows_of
from lineage.store.prepared import Prepared, among
from lineage.verification import Sighting, concerning, judge, recorded, speaking_of


# ------------------------------------------------------------------------------------------ what was seen
def history(
    connection: Connection, scope: Scope, artifacts: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[ArtifactLook, ...]]:
    """What each look says of artifacts, the newest first."""
    asked = by_text(artifacts)
    rows: dict[str, list[values.Columns]] = defaultdict(list)
    for row in rows_of(connection, _looks_at(connection.dialect.name, scope), asked, take):
        rows[row["key"]].append(row)
    return {asked[key]: tuple(reversed(list(_looks(of)))) for key, of in rows.items()}


@lru_cache(queries.KEPT)
def _looks_at(database: str, scope: Scope) -> Prepared:
    look, artifact, node = tables.look, tables.artifact, tables.node
    columns = (node.c.key, artifact.c.shown, artifact.c.span_from, artifact.c.span_to, look.c.at, look.c.body)
    statement = (
        queries.artifacts(scope)
        .select.join(look, look.c.location_id == artifact.c.location_id)
        .where(among(database, node.c.key, "keys"))
        .with_only_columns(*columns)
    )
    return Prepared(database, statement)


def _looks(rows: Sequence[values.Columns]) -> Iterable[ArtifactLook]:
    """Judge the looks at the place of one artifact."""
    first = rows[0]
    own, wrote, seen = first["shown"], written(first), (Sighting(row["at"], look_of(row["body"])) for row in rows)
    sightings = concerning(speaking_of(seen, first["key"]), own, wrote)
    known = recorded(sightings, own)
    in_second: Counter[int] = Counter()
    for at, look in sightings:
        found = judge(look, known, wrote)
        in_second[at] += 1
        yield ArtifactLook(
            number=in_second[at],
            at=moment(at * 1_000_000),
            state=found.state,
            evidence=found.evidence,
            digest=look.known_digest,
            size_bytes=look.size_bytes,
            version=look.version,
        )


# ------------------------------------------------------------------------------------------ where to look
def take_due(connection: Connection, dialect: Dialect, *, now: datetime, until: datetime, limit: int) -> list[LookDue]:
    """Hand out the places that are due, those first that nobody has looked at. They are due again at `until`."""
    location = tables.location
    due = (
        select(location.c.id, location.c.store, location.c.uri)
        .where(location.c.look_at <= whole_seconds(now))
        .order_by(location.c.look_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    places = {row.id: Location(store=row.store, uri=row.uri) for row in connection.execute(due)}
    for condition in dialect.one_of(location.c.id, places):
        connection.execute(update(location).where(condition).values(look_at=whole_seconds(until)))
    return list(_due(connection, dialect, places).values())


def places_waiting(
    connection: Connection, dialect: Dialect, uris: Collection[str], *, now: datetime
) -> Sequence[LookDue]:
    """Find the places of these uris that are not due yet."""
    location = tables.location
    waiting = select(location.c.id, location.c.store, location.c.uri).where(location.c.look_at > whole_seconds(now))
    places = {
        row.id: Location(store=row.store, uri=row.uri)
        for condition in dialect.one_of(location.c.uri, uris)
        for row in connection.execute(waiting.where(condition))
    }
    return list(_due(connection, dialect, places).values())


def hurry(connection: Connection, dialect: Dialect, places: Collection[Location], *, now: datetime) -> int:
    """Make places due that are not yet. Nobody records anything of them meanwhile: so no two wait for each other."""
    Locks(connection, dialect).take(LOCATIONS, {name_of(place) for place in places})
    location, at = tables.location, whole_seconds(now)
    uris: defaultdict[str, list[str]] = defaultdict(list)
    for place in places:
        uris[place.store].append(place.uri)
    return sum(
        connection.execute(
            update(location).where(location.c.store == store, condition, location.c.look_at > at).values(look_at=at)
        ).rowcount
        for store, of_store in uris.items()
        for condition in dialect.one_of(location.c.uri, of_store)
    )


def places_of(
    connection: Connection, dialect: Dialect, scope: Scope, artifacts: Sequence[Key]
) -> Mapping[Key, LookDue]:
    """Where artifacts lie, but for those that are kept in a workflow itself."""
    location, node = tables.location, tables.node
    chosen = queries.artifacts(scope).select.with_only_columns(
        node.c.key, location.c.id, location.c.store, location.c.uri
    )
    rows = [
        row
        for condition in dialect.one_of(node.c.key, [encode_key(key) for key in artifacts])
        for row in connection.execute(chosen.where(condition))
    ]
    found = {row.id: Location(store=row.store, uri=row.uri) for row in rows}
    due = _due(connection, dialect, {of: place for of, place in found.items() if not place.is_raw})
    return {decode_key(row.key): due[row.id] for row in rows if row.id in due}


def _due(connection: Connection, dialect: Dialect, places: Mapping[int, Location]) -> dict[int, LookDue]:
    owners, names = _owners(connection, dialect, places), _names(connection, dialect, places)
    return {
        of: LookDue(location=place, cluster=owners[of][0], namespace=owners[of][1], names=tuple(sorted(names[of])))
        for of, place in places.items()
        if of in owners
    }


def _names(connection: Connection, dialect: Dialect, places: Iterable[int]) -> Mapping[int, set[str]]:
    """What the artifacts at places are called by those who wrote them."""
    artifact, found = tables.artifact, defaultdict[int, set[str]](set)
    written = select(artifact.c.location_id, artifact.c.name).where(artifact.c.execution_id.is_not(None)).distinct()
    for condition in dialect.one_of(artifact.c.location_id, places):
        for row in connection.execute(written.where(condition)):
            found[row.location_id].add(row.name)
    return found


def _owners(connection: Connection, dialect: Dialect, places: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Cluster and namespace of whoever wrote at places, else of whoever read there, else of what serves from there: who
    may look there."""
    run, places = tables.run, list(places)
    found = _servers(connection, dialect, places)
    for touching in (tables.use, tables.artifact):  # the writers come last, and count
        for condition in dialect.one_of(touching.c.location_id, places):
            statement = (
                select(touching.c.location_id, run.c.cluster, run.c.namespace)
                .join(run, run.c.id == touching.c.run_id)
                .where(condition, run.c.cluster.is_not(None), run.c.namespace.is_not(None))
                .distinct()
                .order_by(touching.c.location_id, run.c.cluster, run.c.namespace)
            )
            found |= {row.location_id: (row.cluster, row.namespace) for row in connection.execute(statement)}
    return found


def _servers(connection: Connection, dialect: Dialect, places: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Cluster and namespace of what serves from places."""
    served, deployment = tables.served, tables.deployment
    found: dict[int, tuple[str, str]] = {}
    for condition in dialect.one_of(served.c.location_id, places):
        statement = (
            select(served.c.location_id, deployment.c.cluster, deployment.c.namespace)
            .join(deployment, deployment.c.id == served.c.deployment_id)
            .where(condition)
            .distinct()
            .order_by(served.c.location_id, deployment.c.cluster, deployment.c.namespace)
        )
        found |= {row.location_id: (row.cluster, row.namespace) for row in connection.execute(statement)}
    return found
