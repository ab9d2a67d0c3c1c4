"""Pages by key: where a page starts is said by the values of its neighbour, so inserts move nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import ColumnElement, Connection, Label, Select, String, and_, bindparam, false, func, or_, select

from lineage.errors import InvalidRequest
from lineage.ports import Listing, Order, Page, PageRequest
from lineage.store.conditions import Expression, where_clause
from lineage.store.queries import Query
from lineage.store.values import Columns, shown

T = TypeVar("T")

DEFAULT_PAGE = 50
STATEMENTS_REMEMBERED: Final = 256
FIRST_BEYOND_64_BITS: Final = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How a page is cut out of a list: what its rows must meet, how they are ordered, and one row more than
    it holds, to see whether more follow. `columns` are what the list is ordered by, from which cursors are made."""

    size: int
    backwards: bool
    columns: tuple[Label[Any], ...]
    conditions: tuple[ColumnElement[bool], ...]
    order: tuple[Expression, ...]
    begins_behind: bool
    ends_before: bool

    def page(self, rows: Sequence[Columns], read: Callable[[Columns], T]) -> Page[T]:
        """Make a page of the rows that were cut out, which come in the order asked of the database."""
        more, kept = len(rows) > self.size, list(rows[: self.size])
        if self.backwards:
            kept.reverse()
        return Page(
            items=tuple(read(shown(row)) for row in kept),
            cursors=tuple(_write_cursor([row[column.name] for column in self.columns]) for row in kept),
            has_next=self.ends_before if self.backwards else more,
            has_previous=more if self.backwards else self.begins_behind,
        )


def cut(query: Query, listing: Listing, request: PageRequest) -> Cut:
    """Say how a page is cut out of a list.

    Raises:
        InvalidRequest: an unknown field or order, or a cursor of another list.
    """
    keys = _sort_keys(query, listing.order)
    backwards = request.last is not None
    conditions = [where_clause(query.fields, listing.where)]
    if request.after is not None:
        conditions.append(_beyond(keys, _read_cursor(request.after, keys), backwards=False))
    if request.before is not None:
        conditions.append(_beyond(keys, _read_cursor(request.before, keys), backwards=True))
    order: list[Expression] = []
    for key, descending in keys:
        # What has no value comes last, whichever the direction.
        order.append(key.is_(None).desc() if backwards else key.is_(None))
        order.append(key.desc() if descending != backwards else key.asc())
    return Cut(
        size=(request.last if backwards else request.first) or DEFAULT_PAGE,
        backwards=backwards,
        columns=tuple(key.label(f"sort_{i}") for i, (key, _) in enumerate(keys)),
        conditions=tuple(conditions),
        order=tuple(order),
        begins_behind=request.after is not None,
        ends_before=request.before is not None,
    )


def page(
    connection: Connection, query: Query, listing: Listing, request: PageRequest, read: Callable[[Columns], T]
) -> Page[T]:
    """Read one page.

    Raises:
        InvalidRequest: an unknown field or order, or a cursor of another list.
    """
    how = cut(query, listing, request)
    statement = query.select.add_columns(*how.columns).where(*how.conditions).order_by(*how.order)
    return how.page([row._mapping for row in connection.execute(statement.limit(how.size + 1))], read)


def count(connection: Connection, query: Query, listing: Listing) -> int:
    """Count a whole list."""
    chosen = query.select.where(where_clause(query.fields, listing.where)).with_only_columns(query.key).order_by(None)
    return connection.scalar(select(func.count()).select_from(chosen.subquery())) or 0


def by_key(connection: Connection, query: Query, keys: Sequence[str], read: Callable[[Columns], T]) -> list[T]:
    """Read the items of these keys, as far as they exist."""
    found = connection.execute(_of_keys(query), {"keys": list(keys)})
    return [read(shown(row._mapping)) for row in found]


@lru_cache(maxsize=STATEMENTS_REMEMBERED)
def _of_keys(query: Query) -> Select[Any]:
    return query.select.where(query.key.in_(bindparam("keys", expanding=True)))


def _sort_keys(query: Query, orders: Sequence[Order]) -> list[tuple[Expression, bool]]:
    wanted = [(order.field, order.descending) for order in orders] or list(query.default_order)
    for name, _ in wanted:
        if name not in query.orders:
            raise InvalidRequest(f"cannot order by {name}; try one of {', '.join(query.orders)}")
    return [*((query.orders[name], descending) for name, descending in wanted), (query.key, False)]


def _beyond(keys: list[tuple[Expression, bool]], values: list[Any], *, backwards: bool) -> ColumnElement[bool]:
    """Rows that come after (or before) the one with these values in the order of `keys`."""
    levels: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (key, descending), value in zip(keys, values, strict=True):
        if value is None:
            further: ColumnElement[bool] = key.is_not(None) if backwards else false()
            same: ColumnElement[bool] = key.is_(None)
        else:
            further = key < value if descending != backwards else key > value
            further = further if backwards else or_(further, key.is_(None))
            same = key == value
        levels.append(and_(*equal, further))
        equal.append(same)
    return or_(*levels)


def _write_cursor(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def _read_cursor(text: str, keys: list[tuple[Expression, bool]]) -> list[Any]:
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (ValueError, UnicodeEncodeError, binascii.Error) as error:
        raise InvalidRequest(f"{text[:80]!r} is no cursor") from error
    fit = isinstance(values, list) and len(values) == len(keys)
    if not fit or not all(_fits(value, key) for value, (key, _) in zip(values, keys, strict=True)):
        raise InvalidRequest(f"{text[:80]!r} is no cursor of this list in this order")
    return list(values)


def _fits(value: Any, key: Expression) -> bool:
    """Say whether a value could have come from a column: no database compares texts with numbers alike."""
    if value is None:
        return True
    if isinstance(key.type, String):
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < FIRST_BEYOND_64_BITS
