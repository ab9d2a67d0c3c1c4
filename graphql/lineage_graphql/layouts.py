# mypy: allow-subclassing-any
"""Layouts of graphs that clients hold: where to draw what. Nothing of a store is read for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import graphene

from lineage.deadline import Deadline
from lineage.drawing.layout import Watch, lay_out
from lineage.errors import InvalidRequest
from lineage_graphql.context import Info, context_of

MOST_BOXES: Final = 5_000
MOST_LINKS: Final = 20_000
LARGEST_SIDE: Final = 10_000.0  # pixels
MOST_PASSED: Final = 500_000  # columns that links pass, in all: some seconds of work, and 200 MB while they last


# ------------------------------------------------------------------------------------------ given
class LayoutBox(graphene.InputObjectType):
    """A box to be placed."""

    id = graphene.ID(required=True, description="What links and answers name it by; any text, of one box only.")
    width = graphene.Float(required=True, description=f"In pixels, more than 0 and at most {LARGEST_SIDE:,.0f}.")
    height = graphene.Float(required=True, description=f"In pixels, more than 0 and at most {LARGEST_SIDE:,.0f}.")


class LayoutLink(graphene.InputObjectType):
    """A link to be led from one box to another."""

    source = graphene.ID(required=True, description="The box that it leaves.")
    target = graphene.ID(required=True, description="The box that it enters.")
    apart = graphene.String(
        description="Long links of one box share a part of their way only where they are equal in this."
    )


# ------------------------------------------------------------------------------------------ answered
class PlacedBox(graphene.ObjectType):
    """Where a box stands."""

    id = graphene.ID(required=True, description="The id that it was given.")
    left = graphene.Float(required=True, description="How far its left side is from that of the whole.")
    top = graphene.Float(required=True, description="How far its upper side is from that of the whole.")
    width = graphene.Float(required=True, description="Of the widest box in its column.")
    height = graphene.Float(required=True, description="The height that it was given.")


class LayoutRoute(graphene.ObjectType):
    """How a link runs, from the side of one box to the side of another."""

    source = graphene.ID(required=True, description="The box that it leaves.")
    target = graphene.ID(required=True, description="The box that it enters.")
    points = graphene.List(
        graphene.NonNull(graphene.Float),
        required=True,
        description="x and y in turn. Between two points of one height it is a line, else a curve that begins and ends "
        "horizontally; two points above each other are a loop on the side of a box.",
    )


class Layout(graphene.ObjectType):
    """Columns from left to right, as the links lead. Boxes do not overlap, and no link runs through one. Lengths are
    pixels. The same graph has the same layout."""

    width = graphene.Float(required=True, description="Of the whole, which begins at 0.")
    height = graphene.Float(required=True, description="Of the whole, which begins at 0.")
    boxes = graphene.List(
        graphene.NonNull(PlacedBox), required=True, description="Where each box stands, as they were given."
    )
    routes = graphene.List(
        graphene.NonNull(LayoutRoute), required=True, description="How each link runs, as they were given."
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    id: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class _Route:
    source: str
    target: str
    points: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    width: float
    height: float
    boxes: list[_Placed]
    routes: list[_Route]


def find_layout(_: object, info: Info, boxes: Sequence[Any], links: Sequence[Any]) -> _Layout:
    _refuse_many(boxes, links)
    numbers = _numbered(boxes)
    found = lay_out(
        [(_side(box.id, box.width), _side(box.id, box.height)) for box in boxes],
        [(_numbered_end(link.source, numbers), _numbered_end(link.target, numbers)) for link in links],
        [link.get("apart") for link in links],
        watch=_within(context_of(info).deadline),
    )
    return _Layout(
        width=found.width,
        height=found.height,
        boxes=[
            _Placed(box.id, at.left, at.top, at.width, at.height) for box, at in zip(boxes, found.boxes, strict=True)
        ],
        routes=[
            _Route(link.source, link.target, [each for point in route for each in point])
            for link, route in zip(links, found.routes, strict=True)
        ],
    )


# ------------------------------------------------------------------------------------------ refused
def _refuse_many(boxes: Sequence[object], links: Sequence[object]) -> None:
    for what, given, most in (("boxes", boxes, MOST_BOXES), ("links", links, MOST_LINKS)):
        if len(given) > most:
            raise InvalidRequest(f"{len(given):,} {what} are given; {most:,} is the most")


def _numbered(boxes: Sequence[Any]) -> Mapping[str, int]:
    numbers = {box.id: number for number, box in enumerate(boxes)}
    if len(numbers) < len(boxes):
        twice = next(box.id for number, box in enumerate(boxes) if numbers[box.id] != number)
        raise InvalidRequest(f"two boxes have the id {twice!r:.80}")
    return numbers


def _numbered_end(name: str, numbers: Mapping[str, int]) -> int:
    if name not in numbers:
        raise InvalidRequest(f"a link leads from or to {name!r:.80}, and no box has that id")
    return numbers[name]


def _side(name: str, length: float) -> float:
    if not 0 < length <= LARGEST_SIDE:
        raise InvalidRequest(
            f"a side of the box {name!r:.80} is {length:g}; give more than 0, at most {LARGEST_SIDE:,.0f}"
        )
    return length


def _within(deadline: Deadline) -> Watch:
    """Let links pass so many columns in all, and a layout take the time that is left."""
    left = MOST_PASSED

    def watch(passed: int) -> None:
        nonlocal left
        deadline.check()
        left -= passed
        if left < 0:
            raise InvalidRequest(f"the links pass more than {MOST_PASSED:,} columns of boxes; leave out long ones")

    return watch


LAYOUT = graphene.Field(
    Layout,
    boxes=graphene.List(
        graphene.NonNull(LayoutBox), required=True, description=f"What to place; {MOST_BOXES:,} at most."
    ),
    links=graphene.List(
        graphene.NonNull(LayoutLink), required=True, description=f"What leads to what; {MOST_LINKS:,} at most."
    ),
    required=True,
    resolver=find_layout,
    description="Lay out a graph that the client holds. Nothing recorded is read.",
)
