"""Pages by key: where a page starts is said by the values of its neighbour, so inserts move nothing."""

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar, overload

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Label,
    String,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.types import TypeEngine

from lineage.errors import InvalidRequest
from lineage.ports import Listing, Order, Page, PageRequest
from lineage.store.bodies import Take, anything
from lineage.store.conditions import Expression, where_clause
from lineage.store.prepared import Prepared, among, begin, one_or_all
from lineage.store.queries import KEPT, Query
from lineage.store.values import Columns

T = TypeVar("T")

DEFAULT_PAGE = 50
KEY: Final = "key"  # what lists call the key of an item
FIRST_BEYOND_64_BITS: Final = 2**63
Values: TypeAlias = Sequence[Any]
"""What a cursor holds: of one row, the values of the sort keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _SortKey:
    """One of the expressions that a list is ordered by. `always`: no row lacks a value of it."""

    by: Expression
    descending: bool
    always: bool


@dataclass(frozen=True, slots=True)
class Cursors(Sequence[str]):
    """The cursors of a page, each written when it is asked for: most are not. `places` are what they hold."""

    places: Sequence[Values]

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return Cursors(self.places[index]) if isinstance(index, slice) else write_cursor(self.places[index])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How a page is cut out of a list: what its rows must meet, how they are ordered, and one row more than
    it holds, to see whether more follow. `columns` are what the list is ordered by, from which cursors are made.

    `parts` are the same list in pieces, one behind the other: what has a value to be ordered by, and what has none.
    No index has "what has no value comes last" for both directions, and every index has each of the two.
    """

    size: int
    backwards: bool
    columns: tuple[Label[Any], ...]
    conditions: tuple[ColumnElement[bool], ...]
    order: tuple[Expression, ...]
    parts: tuple[tuple[ColumnElement[bool], tuple[Expression, ...]], ...]
    begins_behind: bool
    ends_before: bool

    def page(self, rows: Sequence[Columns], read: Callable[[Columns], T]) -> Page[T]:
        """Make a page of the rows that were cut out, which come in the order asked of the database."""
        more, kept = len(rows) > self.size, list(rows[: self.size])
        if self.backwards:
            kept.reverse()
        return Page(
            items=tuple(map(read, kept)),
            cursors=Cursors(tuple([row[column.name] for column in self.columns] for row in kept)),
            has_next=self.ends_before if self.backwards else more,
            has_previous=more if self.backwards else self.begins_behind,
        )


def cut(query: Query, listing: Listing, request: PageRequest) -> Cut:
    """Say how a page is cut out of a list.

    Raises:
        InvalidRequest: an unknown field or order, or a cursor of another list.
    """
    keys = _sort_keys(query, listing.order)
    backwards, kinds = request.last is not None, [key.by.type for key in keys]
    after = None if request.after is None else read_cursor(request.after, kinds)
    before = None if request.before is None else read_cursor(request.before, kinds)
    conditions = [where_clause(query.fields, listing.where)]
    conditions += [_beyond(keys, after, backwards=False)] if after is not None else []
    conditions += [_beyond(keys, before, backwards=True)] if before is not None else []
    return Cut(
        size=(request.last if backwards else request.first) or DEFAULT_PAGE,
        backwards=backwards,
        columns=tuple(key.by.label(f"sort_{i}") for i, key in enumerate(keys)),
        conditions=tuple(conditions),
        order=tuple(_ordered(keys, backwards=backwards)),
        parts=tuple(_parts(keys, after, before, backwards=backwards)),
        begins_behind=after is not None,
        ends_before=before is not None,
    )


def _ordered(keys: Sequence[_SortKey], *, backwards: bool) -> Iterator[Expression]:
    for key in keys:
        # What has no value comes last, whichever the direction.
        if not key.always:
            yield key.by.is_(None).desc() if backwards else key.by.is_(None)
        yield key.by.desc() if key.descending != backwards else key.by.asc()


def _parts(
    keys: Sequence[_SortKey], after: Values | None, before: Values | None, *, backwards: bool
) -> Iterator[tuple[ColumnElement[bool], tuple[Expression, ...]]]:
    """The pieces that the cursors leave of a list, in the order in which they are read."""
    first, rest = keys[0], keys[1:]
    bounds = [] if first.always else [first.by.is_not(None)]
    for values, is_start in ((after, True), (before, False)):
        if values is not None and values[0] is not None:
            bounds.append(first.by <= values[0] if first.descending == is_start else first.by >= values[0])
    whole = replace(first, always=True)
    valued = (and_(true(), *bounds), tuple(_ordered([whole, *rest], backwards=backwards)))
    valueless = (first.by.is_(None), tuple(_ordered(rest, backwards=backwards)))
    pieces = [valued] if after is None or after[0] is not None else []
    pieces += [valueless] if not first.always and (before is None or before[0] is None) else []
    yield from reversed(pieces) if backwards else pieces


def page(
    connection: Connection,
    query: Query,
    listing: Listing,
    request: PageRequest,
    read: Callable[[Columns], T],
    take: Take = anything,
) -> Page[T]:
    """Read one page.

    Raises:
        InvalidRequest: an unknown field or order, or a cursor of another list.
    """
    database = connection.dialect.name
    how, pieces = _pieces(database, query, listing, request)
    if len(pieces) > 1 or query.has_bodies:
        begin(connection)
    cursor = connection.connection.cursor()
    rows: list[Columns] = []
    for piece in pieces:
        missing = how.size + 1 - len(rows)
        if missing:
            rows += piece.read(cursor, {"missing": missing}, take)
    return how.page(_with_bodies(connection, query, rows, take) if query.has_bodies else rows, read)


def _with_bodies(connection: Connection, query: Query, rows: Sequence[Columns], take: Take) -> list[Columns]:
    """Read the rest of rows that have no more than a key and their place in lists."""
    found = {row[KEY]: row for row in _of_keys(connection, query, [row[KEY] for row in rows], take)}
    return [{**found[row[KEY]], **row} for row in rows]


@lru_cache(KEPT)
def _pieces(database: str, query: Query, listing: Listing, request: PageRequest) -> tuple[Cut, tuple[Prepared, ...]]:
    """Build what reads one page, piece by piece; of what has bodies, only what stands on it."""
    how = cut(query, listing, request)
    shown = query.select.with_only_columns(query.key.label(KEY)) if query.has_bodies else query.select
    statement = shown.add_columns(*how.columns).where(*how.conditions)
    limit = bindparam("missing", required=False, type_=Integer)
    pieces = (statement.where(part).order_by(*order).limit(limit) for part, order in how.parts)
    return how, tuple(Prepared(database, piece) for piece in pieces)


def count(connection: Connection, query: Query, listing: Listing) -> int:
    """Count a whole list."""
    chosen = query.select.where(where_clause(query.fields, listing.where)).with_only_columns(query.key).order_by(None)
    return connection.scalar(select(func.count()).select_from(chosen.subquery())) or 0


def by_key(
    connection: Connection, query: Query, keys: Sequence[str], read: Callable[[Columns], T], take: Take = anything
) -> list[T]:
    """Read the items of these keys, as far as they exist."""
    return [read(row) for row in _of_keys(connection, query, keys, take)]


def _of_keys(connection: Connection, query: Query, keys: Sequence[str], take: Take) -> Sequence[Columns]:
    statement = _by_keys(connection.dialect.name, query, is_one=len(keys) == 1)
    return statement.read(connection.connection.cursor(), {"keys": one_or_all(keys)}, take)


@lru_cache(KEPT)
def _by_keys(database: str, query: Query, *, is_one: bool) -> Prepared:
    return Prepared(database, query.select.where(among(database, query.key, "keys", is_one=is_one)))


def _sort_keys(query: Query, orders: Sequence[Order]) -> list[_SortKey]:
    wanted = orders or [Order(field=field, descending=descending) for field, descending in query.default_order]
    keys = [
        _SortKey(by=_ordered_by(query, order), descending=order.descending, always=order.field in query.always)
        for order in wanted
    ]
    return [*keys, _SortKey(by=query.key, descending=False, always=True)]


def _ordered_by(query: Query, order: Order) -> Expression:
    if order.field in query.named_orders:
        if not order.name:
            raise InvalidRequest(f"ordering by {order.field} needs the name of what is meant")
        return query.named_orders[order.field](order.name)
    if order.field not in query.orders:
        known = ", ".join([*query.orders, *query.named_orders])
        raise InvalidRequest(f"cannot order by {order.field}; try one of {known}")
    if order.name is not None:
        raise InvalidRequest(f"ordering by {order.field} takes no name, and {order.name[:80]!r} is given")
    return query.orders[order.field]


def _beyond(keys: Sequence[_SortKey], values: Values, *, backwards: bool) -> ColumnElement[bool]:
    """Rows that come after (or before) the one with these values in the order of `keys`."""
    levels: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for key, value in zip(keys, values, strict=True):
        if value is None:
            further: ColumnElement[bool] = key.by.is_not(None) if backwards else false()
            same: ColumnElement[bool] = key.by.is_(None)
        else:
            further = key.by < value if key.descending != backwards else key.by > value
            further = further if backwards or key.always else or_(further, key.by.is_(None))
            same = key.by == value
        levels.append(and_(*equal, further))
        equal.append(same)
    return or_(*levels)


def write_cursor(values: Values) -> str:
    """Write down where something stands in a list."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def read_cursor(text: str, kinds: Sequence[TypeEngine[Any]]) -> Values:
    """Read what `write_cursor` wrote of values of these types.

    Raises:
        InvalidRequest: it is no cursor, or that of another list.
    """
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (ValueError, UnicodeEncodeError, binascii.Error) as error:
        raise InvalidRequest(f"{text[:80]!r} is no cursor") from error
    fit = isinstance(values, list) and len(values) == len(kinds)
    if not fit or not all(_fits(value, kind) for value, kind in zip(values, kinds, strict=True)):
        raise InvalidRequest(f"{text[:80]!r} is no cursor of this list in this order")
    return list(values)


def _fits(value: Any, kind: TypeEngine[Any]) -> bool:
    """Say whether a value could have come from a column: no database compares texts with numbers alike."""
    if value is None:
        return True
    if isinstance(kind, String):
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < FIRST_BEYOND_64_BITS
