# mypy: allow-subclassing-any
"""Lists, as Relay's cursor connections lay them out (https://relay.dev/graphql/connections.htm).

Pages of 50 unless asked, 1 to 100. A page is read when its items are asked for, and a list counted when
its length is: `{ runs { totalCount } }` reads no run.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import graphene

from lineage.errors import InvalidRequest
from lineage.model import Node
from lineage.ports import Listing, Order, Page, PageRequest, Scope
from lineage_graphql.context import Context
from lineage_graphql.enums import ASCENDING, DESCENDING, OrderDirection
from lineage_graphql.filters import to_where

T = TypeVar("T")
PAGE_UNLESS_ASKED: Final = 50
LARGEST_PAGE: Final = 100
ALL_OF_IT: Final = Listing()
MOST_ORDERS: Final = 10  # more than any list has fields to be ordered by


# ------------------------------------------------------------------------------------------ values
class Edge(NamedTuple, Generic[T]):
    node: T
    cursor: str


class Connection(Generic[T]):
    """A stretch of a list that is read, and a length that is counted, only when asked for."""

    def __init__(self, read: Callable[[], Page[T]], count: Callable[[], int] = lambda: 0) -> None:
        # Cached properties would do, but that all those of one name wait for each other on Python 3.11.
        self._read, self._count = read, count
        self._page: Page[T] | None = None
        self._total: int | None = None

    @property
    def page_info(self) -> Page[T]:
        if self._page is None:
            self._page = self._read()
        return self._page

    @property
    def nodes(self) -> tuple[T, ...]:
        return self.page_info.items

    @property
    def edges(self) -> list[Edge[T]]:
        return [Edge(node, cursor) for node, cursor in zip(self.nodes, self.page_info.cursors, strict=True)]

    @property
    def total_count(self) -> int:
        if self._total is None:
            self._total = self._count()
        return self._total


def connect_owned(
    context: Context,
    owner: Node,
    what: type[T],
    by: str,
    *,
    where: Mapping[str, Any] | None = None,
    order_by: Sequence[Mapping[str, Any]] | None = None,
    **stretch: Any,
) -> Connection[T]:
    """Open the list of `what` that hangs on a node; `by` is the field of its filter that names the owner.

    Read for all owners that came together, in one statement.

    Raises:
        InvalidRequest: the page or the filter makes no sense.
    """
    page, listing = page_request(**stretch), _listing(where, order_by)
    return Connection(
        lambda: context.loaders.owned(owner, what, by, listing, page),
        lambda: context.loaders.count_owned(owner, what, by, listing),
    )


def connect(
    context: Context,
    read: Callable[[Scope, Listing, PageRequest], Page[T]],
    what: type[T],
    *,
    where: Mapping[str, Any] | None = None,
    order_by: Sequence[Mapping[str, Any]] | None = None,
    **stretch: Any,
) -> Connection[T]:
    """Open a list of `what`.

    Raises:
        InvalidRequest: the page or the filter makes no sense.
    """
    page, listing = page_request(**stretch), _listing(where, order_by)
    return Connection(
        found_on_page(context, lambda: read(context.scope, listing, page)),
        lambda: context.store.count(context.scope, what, listing),
    )


def found_on_page(context: Context, read: Callable[[], Page[T]]) -> Callable[[], Page[T]]:
    """Have what is read arrive together, so that its parts are read together."""

    def read_page() -> Page[T]:
        found = read()
        context.loaders.arrived(item for item in found.items if isinstance(item, Node))
        return found

    return read_page


def page_of(items: Sequence[T], cursors: Sequence[str], request: PageRequest) -> Page[T]:
    """Cut a page out of a list that is at hand whole, of which items may be added anywhere.

    Raises:
        InvalidRequest: the cursor is none of this list.
    """
    start = 0
    if request.after is not None:
        if request.after not in cursors:
            raise InvalidRequest(f"{request.after[:80]!r} is no cursor of this list")
        start = cursors.index(request.after) + 1
    end = start + (request.first or len(items))
    return Page(
        items=tuple(items[start:end]),
        cursors=tuple(cursors[start:end]),
        has_next=end < len(items),
        has_previous=start > 0,
    )


def page_request(
    first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> PageRequest:
    """Say which stretch of a list is meant. A `before` on its own means the last ones before it.

    Raises:
        InvalidRequest: both ends are asked for, or more or less than a page may hold.
    """
    if first is not None and last is not None:
        raise InvalidRequest("give either first or last, not both")
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= LARGEST_PAGE:
            raise InvalidRequest(f"{name} is {size}; a page holds 1 to {LARGEST_PAGE}")
    if first is None and last is None:
        backwards = before is not None and after is None
        first, last = (None, PAGE_UNLESS_ASKED) if backwards else (PAGE_UNLESS_ASKED, None)
    return PageRequest(first=first, after=after, last=last, before=before)


def _listing(where: Mapping[str, Any] | None, order_by: Sequence[Mapping[str, Any]] | None) -> Listing:
    if where is None and not order_by:
        return ALL_OF_IT
    order = tuple(map(_order, order_by or ()))
    if len(order) > MOST_ORDERS:
        raise InvalidRequest(f"orderBy has {len(order)} parts; {MOST_ORDERS} is the most")
    return Listing(where=None if where is None else to_where(where), order=order)


def _order(given: Mapping[str, Any]) -> Order:
    return Order(
        field=given["field"].value, descending=given["direction"] is DESCENDING, name=given.get("metric") or None
    )


# ------------------------------------------------------------------------------------------ types
class PageInfo(graphene.ObjectType):
    """Where a page stands in its list."""

    has_next_page = graphene.Boolean(required=True, source="has_next", description="True where more follow.")
    has_previous_page = graphene.Boolean(required=True, source="has_previous", description="True where more precede.")
    start_cursor = graphene.String(description="The cursor of the first item; null on an empty page.")
    end_cursor = graphene.String(description="The cursor of the last item; null on an empty page.")

    @staticmethod
    def resolve_start_cursor(page: Page[Any], _: Any) -> str | None:
        return page.cursors[0] if page.cursors else None

    @staticmethod
    def resolve_end_cursor(page: Page[Any], _: Any) -> str | None:
        return page.cursors[-1] if page.cursors else None


def connection_type(node: type, *, name: str | None = None, has_count: bool = True) -> type:
    """Declare the connection of a type and its edge, named after it unless `name` says otherwise."""
    of = node._meta.name  # type: ignore[attr-defined] # graphene keeps its declarations there
    name = name or of
    count = graphene.Field(
        graphene.Int, required=True, resolver=_counted, description="How many items the whole list has."
    )
    edge = type(
        f"{name}Edge",
        (graphene.ObjectType,),
        {
            "__doc__": f"{of} as an item of a list.",
            "node": graphene.Field(node, required=True, description="The item."),
            "cursor": graphene.String(required=True, description="Its place in the list, for `after` and `before`."),
        },
    )
    return type(
        f"{name}Connection",
        (graphene.ObjectType,),
        {
            "__doc__": f"A page of a list of {of} values.",
            "edges": graphene.Field(_list_of(edge), required=True, description="The items with their cursors."),
            "nodes": graphene.Field(_list_of(node), required=True, description="The items alone."),
            "page_info": graphene.Field(PageInfo, required=True, description="Where this page stands in the list."),
            **({"total_count": count} if has_count else {}),
        },
    )


def _counted(connection: Connection[Any], _: Any) -> int:
    # Said, since what has no resolver is taken for a plain attribute (`execution.py`): this one may fail.
    return connection.total_count


def _list_of(of: Any) -> graphene.List:
    return graphene.List(graphene.NonNull(of))


def order_type(of: str, fields: Any, **more: graphene.String) -> type:
    """Declare by what and which way a list can be ordered."""
    return type(
        f"{of}Order",
        (graphene.InputObjectType,),
        {
            "__doc__": f"How a list of {of} values is ordered; ties fall to the id.",
            "field": graphene.InputField(fields, required=True, description="By what."),
            "direction": graphene.InputField(
                OrderDirection, required=True, default_value=ASCENDING, description="Which way."
            ),
            **more,
        },
    )


def forward_arguments() -> dict[str, graphene.Argument]:
    """The arguments of a list that is only read from its start."""
    return {
        "first": graphene.Argument(graphene.Int, description="How many, 1 to 100; 50 unless asked."),
        "after": graphene.Argument(graphene.String, description="Those behind this cursor."),
    }


def list_field(of: str, resolver: Callable[..., Connection[Any]], description: str) -> graphene.Field:
    """Declare a field that lists `of`: the dotted path of a type whose connection and inputs stand beside it."""
    return graphene.Field(
        f"{of}Connection",
        required=True,
        resolver=resolver,
        description=description,
        args={
            "where": graphene.Argument(f"{of}Where", description="Which ones; all unless asked."),
            "order_by": graphene.Argument(_list_of(f"{of}Order"), description="In which order, first by the first."),
            **forward_arguments(),
            "last": graphene.Argument(graphene.Int, description="How many from the end, 1 to 100."),
            "before": graphene.Argument(graphene.String, description="Those ahead of this cursor."),
        },
    )


def forward_field(
    of: str, resolver: Callable[..., Connection[Any]], description: str, **arguments: Any
) -> graphene.Field:
    """Declare a field that lists `of` from its start, unfiltered."""
    return graphene.Field(
        f"{of}Connection",
        required=True,
        resolver=resolver,
        description=description,
        args={**arguments, **forward_arguments()},
    )
