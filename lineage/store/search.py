"""Finding things by a piece of their names, uids, uris and digests: one list over all types.

The list is made of stretches: how well a text matches, and what. A page reads them one behind the other until it is
full. Each looks through as narrow an index as there is, and goes to the rows of what it finds there alone.
Letters of ASCII compare without regard to case, as databases agree on no others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    union_all,
)

from lineage.errors import InvalidRequest
from lineage.identity import decode_key, run_key
from lineage.model import Node
from lineage.ports import EVERYTHING, Page, PageRequest, Scope
from lineage.store import queries, reads, tables
from lineage.store.bodies import Take, anything
from lineage.store.conditions import Expression
from lineage.store.dialect import Cursor
from lineage.store.paging import DEFAULT_PAGE, read_cursor, write_cursor
from lineage.store.prepared import Prepared, begin, like
from lineage.store.queries import KEPT
from lineage.store.texts import storable

LONGEST_TEXT: Final = 500  # characters; a uri may be long, a question is not

Place: TypeAlias = tuple[int, int, str]
"""Where something stands in the list: how well it matches, its type, its key."""
Holds: TypeAlias = Callable[[Expression], ColumnElement[bool]]
"""Says that a column holds the text that is searched."""

_EXACT, _PREFIX, _WITHIN, _ASIDE = range(4)
_BY_NAME: Final = {_EXACT: "{}", _PREFIX: "{}%", _WITHIN: "%{}%"}


def search(connection: Connection, scope: Scope, text: str, request: PageRequest, take: Take = anything) -> Page[Node]:
    """Find what bears a text: named exactly so first, then by how its name starts, then by what its name
    holds, then by its other identifiers.

    Raises:
        InvalidRequest: the text is empty or longer than any name, or a cursor of another list.
    """
    wanted = text.strip()
    if not wanted or len(wanted) > LONGEST_TEXT:
        raise InvalidRequest(f"text has {len(wanted)} characters; give 1 to {LONGEST_TEXT}")
    begin(connection)
    found = _places(connection, scope, _patterns(wanted), request)
    keys = [run_key(key) if _KINDS[kind] is _runs else decode_key(key) for _, kind, key in found.items]
    nodes = reads.get(connection, scope, keys, take)
    kept = [(nodes[key], cursor) for key, cursor in zip(keys, found.cursors, strict=True) if key in nodes]
    return Page(
        items=tuple(node for node, _ in kept),
        cursors=tuple(cursor for _, cursor in kept),
        has_next=found.has_next,
        has_previous=found.has_previous,
    )


def _patterns(text: str) -> Mapping[str, str]:
    """What is like the text, by how well it matches; the signs of patterns mean themselves."""
    lowered = storable(text).translate(str.maketrans(ascii_uppercase, ascii_lowercase))
    for sign in ("\\", "%", "_"):
        lowered = lowered.replace(sign, f"\\{sign}")
    return {_parameter(match): form.format(lowered) for match, form in _BY_NAME.items()}


# ------------------------------------------------------------------------------------------ pages
def _places(connection: Connection, scope: Scope, patterns: Mapping[str, str], request: PageRequest) -> Page[Place]:
    database, cursor = connection.dialect.name, connection.connection.cursor()
    backwards = request.last is not None
    size = (request.last if backwards else request.first) or DEFAULT_PAGE
    after, before = _bound(request.after), _bound(request.before)
    looks = _Looks(database, cursor, patterns)
    found: list[Place] = []
    for stretch in reversed(_STRETCHES) if backwards else _STRETCHES:
        missing = size + 1 - len(found)
        if not missing:
            break
        if (after and stretch < after[:2]) or (before and stretch > before[:2]) or not looks.may_hold(stretch):
            continue
        asked = {
            **patterns,
            "missing": missing,
            "after": after[2] if after and stretch == after[:2] else None,
            "before": before[2] if before and stretch == before[:2] else None,
        }
        keys = _keys(database, scope, stretch, backwards=backwards).ask(cursor, asked)
        found += [(*stretch, key) for (key,) in keys]
    more, kept = len(found) > size, found[:size]
    if backwards:
        kept.reverse()
    return Page(
        items=tuple(kept),
        cursors=tuple(write_cursor(list(place)) for place in kept),
        has_next=before is not None if backwards else more,
        has_previous=more if backwards else after is not None,
    )


def _bound(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    match, kind, key = read_cursor(cursor, (Integer(), Integer(), tables.Text))
    if match is None or kind is None or key is None:
        raise InvalidRequest(f"{cursor[:80]!r} is no cursor of a search")
    return match, kind, key


class _Looks:
    """Which stretches may hold something: one look at all names of a type spares three where none is like the text."""

    def __init__(self, database: str, cursor: Cursor, patterns: Mapping[str, str]) -> None:
        self._database = database
        self._cursor = cursor
        self._patterns = patterns
        self._best: dict[int, int] = {}

    def may_hold(self, stretch: tuple[int, int]) -> bool:
        match, kind = stretch
        if match == _ASIDE:
            return True
        if kind not in self._best:
            ((best,),) = _best_match(self._database, kind).ask(self._cursor, self._patterns)
            self._best[kind] = _ASIDE if best is None else best
        return match >= self._best[kind]


# ------------------------------------------------------------------------------------------ what is searched
@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One type of what is searched. `seen` are those that the caller may see, by `id` and `key`. The rest is said of
    aliases, so that it is looked for first and in an index alone: which names `bearer` has, and how ids are found by
    what else identifies something."""

    seen: Select[Any]
    id: Expression
    key: Expression
    bearer: FromClause
    names: Sequence[str] = ("name",)
    aside: Callable[[Holds], Sequence[Select[Any]]] = lambda _: ()


def _pipelines(scope: Scope) -> _Kind:
    pipeline, version = tables.pipeline, tables.pipeline_version.alias("searched_version")
    return _Kind(
        seen=queries.pipelines(scope).select,
        id=pipeline.c.id,
        key=pipeline.c.key,
        bearer=pipeline.alias("searched"),
        aside=lambda holds: [select(version.c.pipeline_id).where(holds(version.c.digest))],
    )


def _experiments(scope: Scope) -> _Kind:
    experiment, searched = tables.experiment, tables.experiment.alias("searched")
    return _Kind(
        seen=queries.experiments(scope).select,
        id=experiment.c.id,
        key=experiment.c.key,
        bearer=searched,
        aside=lambda holds: [select(searched.c.id).where(holds(searched.c.uid))],
    )


def _recurring_runs(scope: Scope) -> _Kind:
    recurring, searched = tables.recurring_run, tables.recurring_run.alias("searched")
    return _Kind(
        seen=queries.recurring_runs(scope).select,
        id=recurring.c.id,
        key=recurring.c.key,
        bearer=searched,
        aside=lambda holds: [select(searched.c.id).where(holds(searched.c.uid))],
    )


def _deployments(scope: Scope) -> _Kind:
    searched = tables.deployment.alias("searched")
    return _Kind(
        seen=queries.deployments(scope).select,
        id=tables.deployment.c.id,
        key=tables.node.c.key,
        bearer=searched,
        aside=lambda holds: [select(searched.c.id).where(holds(searched.c.uid))],
    )


def _runs(scope: Scope) -> _Kind:
    run, searched, workflow = tables.run, tables.run.alias("searched"), tables.workflow

    def aside(holds: Holds) -> Sequence[Select[Any]]:
        return [
            select(searched.c.id).where(holds(searched.c.uid)),
            select(workflow.c.run_id).where(holds(workflow.c.uid)),
        ]

    return _Kind(
        seen=select(run).where(queries.in_scope(scope)),
        id=run.c.id,
        key=run.c.key,
        bearer=searched,
        names=("name", "display_name"),
        aside=aside,
    )


def _executions(scope: Scope) -> _Kind:
    searched = tables.execution.alias("searched")
    pod, searched_pod = tables.pod, tables.pod.alias("searched_pod")
    image, searched_image = tables.pod_image, tables.pod_image.alias("searched_image")

    def aside(holds: Holds) -> Sequence[Select[Any]]:
        pods = select(searched_pod.c.id).where(holds(searched_pod.c.uid))
        digests = select(searched_image.c.digest).where(holds(searched_image.c.digest)).distinct()
        pods_of_images = select(image.c.pod_id).where(image.c.digest.in_(digests))
        return [
            select(searched.c.id).where(holds(searched.c.node_id)),
            select(pod.c.execution_id).where(pod.c.id.in_(pods)),
            select(pod.c.execution_id).where(pod.c.id.in_(pods_of_images)),
        ]

    return _Kind(
        seen=_nodes(scope),
        id=tables.node.c.id,
        key=tables.node.c.key,
        bearer=searched,
        names=("display_name",),
        aside=aside,
    )


def _artifacts(scope: Scope) -> _Kind:
    searched, location = tables.artifact.alias("searched"), tables.location

    def aside(holds: Holds) -> Sequence[Select[Any]]:
        places = select(location.c.id).where(holds(location.c.uri))  # of a value in the workflow: its digest
        return [
            select(searched.c.id).where(searched.c.location_id.in_(places)),
            *(
                select(searched.c.id).where(digest.is_not(None), holds(digest))
                for digest in (searched.c.digest, searched.c.content_digest)
            ),
        ]

    return _Kind(
        seen=_nodes(scope),
        id=tables.node.c.id,
        key=tables.node.c.key,
        bearer=searched,
        aside=aside,
    )


def _nodes(scope: Scope) -> Select[Any]:
    node = tables.node
    return select(node).where(queries.is_seen(node.c.id, scope))


_KINDS: Final = (_pipelines, _experiments, _recurring_runs, _deployments, _runs, _executions, _artifacts)
"""In which order equally good matches come: what there are few of first."""
_STRETCHES: Final = tuple(product((*_BY_NAME, _ASIDE), range(len(_KINDS))))


# ------------------------------------------------------------------------------------------ statements
@lru_cache(KEPT * len(_STRETCHES))
def _keys(database: str, scope: Scope, stretch: tuple[int, int], *, backwards: bool) -> Prepared:
    """The keys in one stretch of the list.

    What matches is found first, and then put in order: that is what the offset is for. Else databases go through all
    keys in their order, and ask of each whether it matches.
    """
    match, kind = stretch[0], _KINDS[stretch[1]](scope)
    matching = kind.seen.with_only_columns(kind.key.label("key")).where(_matches(database, kind, match))
    key = matching.offset(0).subquery("matching").c.key
    after, before = (bindparam(name, required=False, type_=tables.Text) for name in ("after", "before"))
    chosen = select(key).where(or_(after.is_(None), key > after), or_(before.is_(None), key < before))
    limit = bindparam("missing", required=False, type_=Integer)
    return Prepared(database, chosen.order_by(key.desc() if backwards else key).limit(limit))


@lru_cache(KEPT)
def _best_match(database: str, number: int) -> Prepared:
    """How well the names of a type match at best, whoever may see what bears them."""
    kind = _KINDS[number](EVERYTHING)
    exact, prefix, within = (_named(database, kind, match) for match in _BY_NAME)
    return Prepared(database, select(func.min(case((exact, _EXACT), (prefix, _PREFIX), else_=_WITHIN))).where(within))


def _matches(database: str, kind: _Kind, match: int) -> ColumnElement[bool]:
    """Say that something matches so well and no better."""
    named = [_named(database, kind, each) for each in _BY_NAME]
    if match == _ASIDE:
        ids = kind.aside(lambda column: like(database, column, _parameter(_WITHIN)))
        same = select(1).where(kind.bearer.c.id == kind.id, named[_WITHIN])
        return and_(kind.id.in_(union_all(*ids)), not_(exists(same))) if ids else false()
    bearers = select(kind.bearer.c.id).where(named[match])
    return kind.id.in_(bearers if match == _EXACT else bearers.where(named[match - 1].is_not(true())))


def _named(database: str, kind: _Kind, match: int) -> ColumnElement[bool]:
    return or_(*(like(database, kind.bearer.c[name], _parameter(match)) for name in kind.names))


def _parameter(match: int) -> str:
    return f"like_{match}"
