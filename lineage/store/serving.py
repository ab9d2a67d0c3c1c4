"""Third step of a batch, of deployments: which places they serve, and which artifacts lie there.

A revision of a deployment reads what it serves, as an execution does: so that is a use, and which write it read follows
by the same rule. Beside the place that the deployment names there are those around it: the same in a store whose
endpoint it cannot name, what lies in the folder, the folder of a file. Of these only such count where somebody is known
to have written. Where there is one, the place itself is just another name of it: only what was written there by name
counts then.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from sqlalchemy import and_, or_, select

from lineage.identity import Location
from lineage.merge import Answer
from lineage.model import ArtifactRole
from lineage.serving import around, beside, folders_around, has_to_do_with, is_folder, label, spellings
from lineage.store import tables
from lineage.store.batch import AT_ONCE, NO_RUN, Batch
from lineage.store.codec import deployment_of
from lineage.store.deployments import rollouts_of
from lineage.store.dialect import Row
from lineage.store.locks import SERVING, WHAT_IS_SERVED
from lineage.store.prepared import Prepared

SERVED: Final = ArtifactRole.SERVED.value
NOTHING: Final = Answer(writes=frozenset(), unknown=False)
AFTER_SLASH: Final = "0"  # the character that comes after a slash: what lies below a folder is one range

Labelled: TypeAlias = dict[str, Row]
"""The places that a deployment serves, by label: rows of `served` but for the id of the location."""


class Serving:
    """What deployments serve, in one batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._found: dict[int, Labelled] | None = None
        self._elsewhere: dict[tuple[str, Location], bool] = {}
        self._is_any = False

    # -- locks
    def lock(self, touched: Collection[Location]) -> set[Location]:
        """Lock what is served. Returns the places that this batch may touch beside those that are `touched`."""
        changing = self._changing()
        if changing:
            self._batch.locks.take(SERVING, {WHAT_IS_SERVED})
        elif touched:
            self._batch.locks.share(WHAT_IS_SERVED)
        found = {_place_of(row) for rows in self._around(touched).values() for row in rows}
        for deployment_id, wanted in changing.items():
            found |= {_place_of(row) for row in wanted.values()} | set(self._used(deployment_id))
            found |= {place for row in wanted.values() for place in self._known_around(row).values()}
        return found

    def _used(self, deployment_id: int) -> Iterator[Location]:
        use, location = tables.use, tables.location
        joined = select(location.c.store, location.c.uri).join(use, use.c.location_id == location.c.id)
        for row in self._batch.connection.execute(joined.where(use.c.execution_id == deployment_id)):
            yield Location(store=row.store, uri=row.uri)

    # -- what a deployment serves
    def _changing(self) -> dict[int, Labelled]:
        """The deployments that serve other places than before, or read them at other times."""
        if self._found is None:
            wanted = {row["id"]: self._wanted(row) for row in self._batch.changed_deployments.values()}
            self._found = {of: rows for of, rows in wanted.items() if rows != self._held(of)}
        return self._found

    def _wanted(self, deployment: Row) -> Labelled:
        statements = self._batch.deployment_statements.of("deployment_id", deployment["id"])
        return {
            name: {
                "deployment_id": deployment["id"],
                "label": name,
                "cluster": deployment["cluster"],
                "store": model.location.store,
                "uri": model.location.uri,
                "read_from": rollout.span[0],
                "read_to": rollout.span[1],
            }
            for rollout in rollouts_of(deployment_of(deployment["body"]), statements)
            for model in rollout.revision.models or ()
            if model.location is not None
            for name in (label(rollout.revision.name, model),)
        }

    def _held(self, deployment_id: int) -> Labelled:
        rows = self._batch.served.of("deployment_id", deployment_id)
        return {row["label"]: {name: row[name] for name in row if name != "location_id"} for row in rows}

    def _around(self, places: Collection[Location]) -> Mapping[Location, list[Row]]:
        """What is served from places, from within them, and from the folders that they lie in."""
        batch = self._batch
        if not self._is_any_served():
            return {}
        uris = {place: (place.uri.rstrip("/"), *folders_around(place.uri)) for place in places if not place.is_raw}
        hits = batch.served_around.find("uri", (uri for several in uris.values() for uri in several))
        if not hits:
            return {}
        batch.served.load("deployment_id", [hit["deployment_id"] for hit in hits])
        found: dict[Location, list[Row]] = {}
        for place, several in uris.items():
            ids = {hit["deployment_id"] for uri in several for hit in batch.served_around.at_hand("uri", uri)}
            rows = [row for of in sorted(ids) for row in batch.served.at_hand("deployment_id", of)]
            if mine := [row for row in rows if has_to_do_with(_place_of(row), place, cluster=row["cluster"])]:
                found[place] = mine
        return found

    def _is_any_served(self) -> bool:
        """Say whether anything is: most stores know of no deployment, and pay nothing for it."""
        if not self._is_any:
            batch = self._batch
            self._is_any = bool(batch.served_around) or bool(_any_served(batch.dialect.name).ask(batch.cursor, {}))
        return self._is_any

    # -- uses
    def show(self, touched: Iterable[int], came: Mapping[int, int], drop: Callable[[Row], None]) -> list[Row]:
        """Show which places are served, and let go of those that no longer are. Returns the uses that may have other
        answers than before, besides those that a write or a look moved. `touched` are the locations at which something
        may have changed, and `came` how many recorded writes came there, less those that went."""
        batch = self._batch
        changed = {
            (use["execution_id"], use["name"]): use
            for deployment_id, wanted in self._changing().items()
            for use in self._show_deployment(deployment_id, wanted, drop)
        }
        ids = dict.fromkeys([*sorted(batch.locations.made), *touched]) if self._is_any_served() else ()
        places = {_place_of(batch.locations.at(where)): where for where in ids}
        for place, rows in self._around(places).items():
            where, affected = places[place], set[int]()
            if where in batch.locations.made:
                for row in rows:
                    batch.uses.put(_use(row, self._name(row, where), where))
                affected = {where}
            if self._is_first_or_last(where, came.get(where, 0)):
                affected = {where, *(batch.location(_place_of(row)) for row in rows)}
            for use in batch.uses.find("location_id", affected):
                if use["role"] == SERVED:
                    changed[use["execution_id"], use["name"]] = use
            if named := next((row for row in rows if _place_of(row) == place), None):
                self._look(named, where)
        return list(changed.values())

    def _is_first_or_last(self, where: int, came: int) -> bool:
        """Say whether nobody was known to have written to a location before, or nobody is any more."""
        if not came:
            return False
        now = sum(row["execution_id"] is not None for row in self._batch.artifacts.of("location_id", where))
        return now in (0, came)

    def _show_deployment(self, deployment_id: int, wanted: Labelled, drop: Callable[[Row], None]) -> Iterator[Row]:
        batch = self._batch
        self._show_places(deployment_id, wanted)
        uses: dict[str, Row] = {}
        located: dict[Location, list[int]] = {}  # many revisions may serve the same place
        for row in wanted.values():
            place = _place_of(row)
            if place not in located:
                located[place] = [batch.location(place), *self._known_around(row)]
            for where in located[place]:
                name = self._name(row, where)
                uses[name] = _use(row, name, where)
        known = {use["name"]: use for use in batch.uses.of("execution_id", deployment_id)}
        for name, use in known.items():
            if name not in uses or use["location_id"] != uses[name]["location_id"]:
                batch.uses.remove(use)
                drop(use)
        for name, use in uses.items():
            if use != known.get(name):
                yield batch.uses.put(use)

    def _show_places(self, deployment_id: int, wanted: Labelled) -> None:
        batch = self._batch
        for row in batch.served.of("deployment_id", deployment_id):
            if row["label"] not in wanted:
                batch.served.remove(row)
        for row in wanted.values():
            batch.served.put({**row, "location_id": batch.location(_place_of(row))})
        uris = {uri for row in wanted.values() for uri in around(row["uri"])}
        for row in batch.served_around.of("deployment_id", deployment_id):
            if row["uri"] not in uris:
                batch.served_around.remove(row)
        for uri in sorted(uris):
            batch.served_around.put({"uri": uri, "deployment_id": deployment_id})

    def _name(self, row: Row, where: int) -> str:
        """Name a use by the label, and the place where it is another one."""
        found = _place_of(self._batch.locations.at(where))
        return str(row["label"]) if found == _place_of(row) else beside(row["label"], found)

    def _known_around(self, row: Row) -> dict[int, Location]:
        """The other locations, by id, that a place has to do with: the stored ones, and those of this batch."""
        location, batch, place = tables.location, self._batch, _place_of(row)
        uris: dict[str, None] = {}
        ranges = []
        for spelling in spellings(place.uri):
            for uri in (spelling, *folders_around(spelling)):
                uris |= {uri: None, f"{uri}/": None}
            if is_folder(spelling):
                ranges.append(and_(location.c.uri >= f"{spelling}/", location.c.uri < f"{spelling}{AFTER_SLASH}"))
        statement = select(location.c.id, location.c.store, location.c.uri)
        rows = batch.connection.execute(statement.where(or_(location.c.uri.in_(list(uris)), *ranges))).all()
        found = {one.id: Location(store=one.store, uri=one.uri) for one in rows}
        found |= {where: _place_of(batch.locations.at(where)) for where in batch.locations.made}
        return {
            where: one
            for where, one in found.items()
            if one != place and has_to_do_with(place, one, cluster=row["cluster"])
        }

    # -- answers
    def answer(self, use: Row, found: Answer) -> Answer:
        """Say which of the artifacts that a use may have read a deployment serves."""
        batch, where = self._batch, use["location_id"]
        recorded = {row["id"] for row in batch.artifacts.of("location_id", where) if row["execution_id"] is not None}
        rows = batch.served.of("deployment_id", use["execution_id"])
        row = next((row for row in rows if (row["label"], row["location_id"]) == (use["name"], where)), None)
        if row is None:
            return found if recorded else NOTHING
        self._look(row, where)
        return Answer(writes=found.writes & recorded, unknown=False) if self._is_elsewhere(row) else found

    def _is_elsewhere(self, row: Row) -> bool:
        """Say whether somebody is known to have written around a place. Many revisions may serve the same one."""
        place = (row["cluster"], _place_of(row))
        if place not in self._elsewhere:
            written = self._batch.artifacts.find("location_id", self._known_around(row))
            self._elsewhere[place] = any(one["execution_id"] is not None for one in written)
        return self._elsewhere[place]

    def _look(self, named: Row, where: int) -> None:
        """What is but another name of a place is not looked at by that name, unless somebody else calls it so."""
        batch, row = self._batch, self._batch.locations.at(where)
        recorded = any(one["execution_id"] is not None for one in batch.artifacts.of("location_id", where))
        if recorded or not self._is_elsewhere(named):
            if row["look_at"] is None:
                row["look_at"] = AT_ONCE
                batch.locations.touch(row)
        elif row["look_at"] is not None and all(use["role"] == SERVED for use in batch.uses.of("location_id", where)):
            row["look_at"] = None
            batch.locations.touch(row)


def _use(row: Row, name: str, where: int) -> Row:
    return {
        "execution_id": row["deployment_id"],
        "role": SERVED,
        "name": name,
        "run_id": NO_RUN,
        "location_id": where,
        "read_from": row["read_from"],
        "read_to": row["read_to"],
        "type": None,
    }


def _place_of(row: Any) -> Location:
    return Location(store=row["store"], uri=row["uri"])


@cache
def _any_served(database: str) -> Prepared:
    uri = tables.served_around.c.uri
    return Prepared(database, select(uri).where(uri > "").limit(1))
