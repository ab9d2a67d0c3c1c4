"""Lists that hang on nodes (the executions of a run, the consumers of an artifact), for many owners in one statement.

Expressions and the statements around them; what a list selects and how it is filtered is said in
`lineage.store.queries`, how a page is cut in `lineage.store.paging`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, union

from lineage.errors import InvalidRequest
from lineage.identity import Key, encode_key
from lineage.model import Artifact, Execution, ExecutionHead, PipelineVersion, Run
from lineage.ports import Listing, Page, PageRequest, Scope
from lineage.store import paging, tables
from lineage.store.bodies import Take, anything
from lineage.store.conditions import Expression, where_clause
from lineage.store.prepared import Prepared, among, one_or_all
from lineage.store.queries import KEPT, QUERIES, of_seen_artifacts, run_in_scope
from lineage.store.values import Columns

T = TypeVar("T")
IsOwner: TypeAlias = Callable[[Expression], ColumnElement[bool]]
"""Says that a column has the key of one of the owners."""
Within: TypeAlias = Callable[[Select[Any], Scope, IsOwner], tuple[Select[Any], Expression]]
"""Confines a list to what hangs on the owners of these keys, and names the column that says on which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """`row` is the internal id of an item of the list; an item may hang on several owners."""

    row: Expression
    within: Within


def _in_column(column: Expression) -> Within:
    """Each item hangs on one owner, whose key the list knows already."""
    return lambda chosen, _, is_owner: (chosen.where(is_owner(column)), column)


def _touched_by_runs(chosen: Select[Any], scope: Scope, is_owner: IsOwner) -> tuple[Select[Any], Expression]:
    """What the executions of runs read, wrote or took over."""
    edge, execution, run = tables.edge, tables.execution, tables.run.alias("touching")
    ran = (
        select(run.c.key.label("owner"))
        .select_from(execution)
        .join(run, run.c.id == execution.c.run_id)
        .where(is_owner(run.c.key), run_in_scope(run, scope))
    )
    read = ran.add_columns(edge.c.source.label("item")).join(edge, edge.c.target == execution.c.id)
    written = ran.add_columns(edge.c.target.label("item")).join(edge, edge.c.source == execution.c.id)
    pairs = union(read, written).subquery("touched")
    return chosen.join(pairs, pairs.c.item == tables.artifact.c.id), pairs.c.owner


def _started(chosen: Select[Any], _: Scope, is_owner: IsOwner) -> tuple[Select[Any], Expression]:
    """The runs that executions started."""
    starter = tables.node.alias("started_by")
    return chosen.join(starter, starter.c.id == tables.run.c.starter_id).where(is_owner(starter.c.key)), starter.c.key


def _consuming(chosen: Select[Any], scope: Scope, is_owner: IsOwner) -> tuple[Select[Any], Expression]:
    """The executions that read artifacts or took them over."""
    edge, owner = tables.edge, tables.node.alias("consumed")
    found = (
        select(owner.c.key.label("owner"), edge.c.target.label("item"))
        .distinct()
        .select_from(owner)
        .join(edge, edge.c.source == owner.c.id)
        .where(is_owner(owner.c.key))
    )
    pairs = of_seen_artifacts(found, edge.c.source, scope).subquery("consuming")
    return chosen.join(pairs, pairs.c.item == tables.execution.c.id), pairs.c.owner


_OF_RUN: Final = Owned(row=tables.execution.c.id, within=_in_column(tables.run.c.key))
_CONSUMING: Final = Owned(row=tables.execution.c.id, within=_consuming)
OWNED: Final[Mapping[tuple[type, str], Owned]] = {
    (Run, "pipeline"): Owned(row=tables.run.c.id, within=_in_column(tables.pipeline.c.key)),
    (Run, "experiment"): Owned(row=tables.run.c.id, within=_in_column(tables.experiment.c.key)),
    (Run, "recurringRun"): Owned(row=tables.run.c.id, within=_in_column(tables.recurring_run.c.key)),
    (Run, "startedBy"): Owned(row=tables.run.c.id, within=_started),
    (Execution, "run"): _OF_RUN,
    (ExecutionHead, "run"): _OF_RUN,
    (Execution, "consumes"): _CONSUMING,
    (ExecutionHead, "consumes"): _CONSUMING,
    (Artifact, "run"): Owned(row=tables.artifact.c.id, within=_touched_by_runs),
    (PipelineVersion, "pipeline"): Owned(row=tables.pipeline_version.c.id, within=_in_column(tables.pipeline.c.key)),
}
"""By the type of the items and the field of their filter that names the owner."""


# ------------------------------------------------------------------------------------------ reading
def pages(
    connection: Connection,
    scope: Scope,
    what: type,
    by: str,
    owners: Sequence[Key],
    listing: Listing,
    request: PageRequest,
    read: Callable[[Columns], T],
    take: Take = anything,
) -> Mapping[Key, Page[T]]:
    """Read the same page of the list of each owner.

    Raises:
        InvalidRequest: no such list, an unknown field or order, or a cursor of another list.
    """
    texts = _by_text(owners)
    cut, statement = _page(connection.dialect.name, scope, what, by, listing, request, is_one=len(texts) == 1)
    rows: dict[str, list[Columns]] = {text: [] for text in texts}
    for row in statement.read(connection.connection.cursor(), {"owners": one_or_all(list(texts))}, take):
        rows[row["owner"]].append(row)
    return {texts[text]: cut.page(sorted(of, key=itemgetter("place")), read) for text, of in rows.items()}


@lru_cache(KEPT)
def _page(
    database: str, scope: Scope, what: type, by: str, listing: Listing, request: PageRequest, *, is_one: bool
) -> tuple[paging.Cut, Prepared]:
    """Build what reads one page for any owners, or for just one."""
    query, owned = QUERIES[what](scope), _owned(what, by)
    cut = paging.cut(query, listing, request)
    chosen, owner = owned.within(query.select, scope, _is_owner(database, is_one=is_one))
    if is_one and not query.has_bodies:  # in two thirds of the time
        in_order = literal(0).label("place")
        alone = chosen.add_columns(owner.label("owner"), in_order, *cut.columns).where(*cut.conditions)
        return cut, Prepared(database, alone.order_by(*cut.order).limit(cut.size + 1))
    place = func.row_number().over(partition_by=owner, order_by=list(cut.order))
    columns = (owned.row.label("item"), owner.label("owner"), *cut.columns, place.label("place"))
    ranked = chosen.where(*cut.conditions).with_only_columns(*columns).subquery("ranked")
    shown = [ranked.c[name] for name in ("owner", "place", *(column.name for column in cut.columns))]
    # Not in order: SQLite would hold all bodies to sort the rows, before it tells of the first.
    statement = (
        query.select.add_columns(*shown).join(ranked, ranked.c.item == owned.row).where(ranked.c.place <= cut.size + 1)
    )
    return cut, Prepared(database, statement)


def counts(
    connection: Connection, scope: Scope, what: type, by: str, owners: Sequence[Key], listing: Listing
) -> Mapping[Key, int]:
    """Count the list of each owner.

    Raises:
        InvalidRequest: no such list, or an unknown field.
    """
    texts = _by_text(owners)
    statement = _count(connection.dialect.name, scope, what, by, listing)
    rows = statement.ask(connection.connection.cursor(), {"owners": list(texts)})
    found = {texts[text]: total for text, total in rows}
    return {key: found.get(key, 0) for key in owners}


@lru_cache(KEPT)
def _count(database: str, scope: Scope, what: type, by: str, listing: Listing) -> Prepared:
    """Build what counts the lists of any owners."""
    query, owned = QUERIES[what](scope), _owned(what, by)
    chosen, owner = owned.within(query.select, scope, _is_owner(database))
    counted = chosen.where(where_clause(query.fields, listing.where)).with_only_columns(owner, func.count())
    return Prepared(database, counted.group_by(owner))


def _is_owner(database: str, *, is_one: bool = False) -> IsOwner:
    return lambda column: among(database, column, "owners", is_one=is_one)


def _owned(what: type, by: str) -> Owned:
    owned = OWNED.get((what, by))
    if owned is None:
        lists = ", ".join(f"{each.__name__} by {field}" for each, field in OWNED)
        raise InvalidRequest(f"there is no list of {what.__name__} by {by}; there are {lists}")
    return owned


def _by_text(owners: Sequence[Key]) -> dict[str, Key]:
    """The owners by the text under which their tables keep their keys: of a run, the run id alone."""
    return {str(key[1]) if key[0] == "Run" and len(key) == 2 else encode_key(key): key for key in owners}
