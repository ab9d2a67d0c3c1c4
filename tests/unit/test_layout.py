"""Layouts of graphs: boxes that keep clear of each other, and links that keep clear of boxes."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.drawing.layers import Link
from lineage.drawing.layout import Box, Layout, Point, Route, lay_out
from lineage.drawing.svg import LOOP

SIZE = (120.0, 46.0)
STEPS = 24  # points of each curve that are looked at


@st.composite
def graphs(draw: st.DrawFn, *, is_acyclic: bool = False) -> tuple[list[tuple[float, float]], list[Link]]:
    """Sizes of nodes, and links between them: several between the same, loops and cycles among them."""
    sizes = draw(st.lists(st.tuples(st.integers(40, 250), st.integers(20, 60)), max_size=14))
    if not sizes:
        return [], []
    node = st.integers(0, len(sizes) - 1)
    links = draw(st.lists(st.tuples(node, node), max_size=30))
    if is_acyclic:
        links = [(min(link), max(link)) for link in links if link[0] != link[1]]
    return [(float(width), float(height)) for width, height in sizes], links


def laid_out(sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> Layout:
    return lay_out(sizes, links, [False] * len(links))


def line(count: int, links: Sequence[Link]) -> Layout:
    return laid_out([SIZE] * count, links)


def drawn(route: Route) -> Iterator[Point]:
    """Points along a route as it is drawn."""
    for (x, y), (right, down) in pairwise(route):
        controls = (x + LOOP, x + LOOP) if x == right else ((x + right) / 2, (x + right) / 2)
        for step in range(STEPS + 1):
            t = step / STEPS
            if y == down:
                yield x + (right - x) * t, y
                continue
            a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
            yield a * x + b * controls[0] + c * controls[1] + d * right, (a + b) * y + (c + d) * down


def is_within(point: Point, box: Box) -> bool:
    x, y = point
    return box.left < x < box.left + box.width and box.top < y < box.top + box.height


def overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.top + other.height
        and other.top < one.top + one.height
    )


# ------------------------------------------------------------------------------------------ properties
@given(graphs())
def test_every_node_has_a_box_that_holds_it_and_every_link_a_route(
    graph: tuple[list[tuple[float, float]], list[Link]],
) -> None:
    sizes, links = graph
    found = laid_out(sizes, links)
    assert len(found.routes) == len(links)
    assert [box.height for box in found.boxes] == [height for _, height in sizes]
    assert all(box.width >= width for box, (width, _) in zip(found.boxes, sizes, strict=True))


@given(graphs())
def test_no_two_boxes_overlap(graph: tuple[list[tuple[float, float]], list[Link]]) -> None:
    boxes = laid_out(*graph).boxes
    assert not [(one, other) for at, one in enumerate(boxes) for other in boxes[:at] if overlap(one, other)]


@given(graphs())
def test_no_link_runs_through_a_box(graph: tuple[list[tuple[float, float]], list[Link]]) -> None:
    found = laid_out(*graph)
    assert not [
        (route, box) for route in found.routes for box in found.boxes if any(is_within(at, box) for at in drawn(route))
    ]


@given(graphs())
def test_a_link_runs_from_a_side_of_its_source_to_a_side_of_its_target(
    graph: tuple[list[tuple[float, float]], list[Link]],
) -> None:
    found = laid_out(*graph)
    for (source, target), route in zip(graph[1], found.routes, strict=True):
        for node, (x, y) in ((source, route[0]), (target, route[-1])):
            box = found.boxes[node]
            assert x in (box.left, box.left + box.width)
            assert box.top < y < box.top + box.height


@given(graphs(is_acyclic=True))
def test_without_a_cycle_every_link_runs_from_left_to_right(
    graph: tuple[list[tuple[float, float]], list[Link]],
) -> None:
    for route in laid_out(*graph).routes:
        assert [x for x, _ in route] == sorted(x for x, _ in route)
        assert route[0][0] < route[-1][0]


@given(graphs())
def test_nothing_lies_outside_of_the_whole(graph: tuple[list[tuple[float, float]], list[Link]]) -> None:
    found = laid_out(*graph)
    for x, y in [point for route in found.routes for point in drawn(route)]:
        assert 0 <= x <= found.width
        assert 0 <= y <= found.height
    for box in found.boxes:
        assert 0 <= box.left <= box.left + box.width <= found.width
        assert 0 <= box.top <= box.top + box.height <= found.height


@given(graphs())
def test_the_same_graph_has_the_same_layout(graph: tuple[list[tuple[float, float]], list[Link]]) -> None:
    assert laid_out(*graph) == laid_out(*graph)


# ------------------------------------------------------------------------------------------ examples
def test_an_empty_graph_takes_no_room() -> None:
    assert laid_out([], []) == Layout(boxes=[], routes=[], width=0.0, height=0.0)


def test_a_chain_is_a_straight_line() -> None:
    found = line(4, [(0, 1), (1, 2), (2, 3)])
    assert len({y for route in found.routes for _, y in route}) == 1


def test_what_two_read_is_a_column_before_them_however_long_the_way_to_the_second() -> None:
    found = line(5, [(0, 1), (1, 2), (2, 3), (4, 3)])
    assert found.boxes[4].left == found.boxes[2].left


def test_links_that_need_not_cross_do_not() -> None:
    found = line(6, [(0, 5), (1, 4), (2, 3)])
    order = sorted(range(3), key=lambda node: found.boxes[node].top)
    assert sorted(range(3, 6), key=lambda node: found.boxes[node].top) == [5 - node for node in order]


def test_links_between_the_same_two_are_told_apart() -> None:
    found = line(2, [(0, 1)] * 3)
    assert len({route[0] for route in found.routes}) == len({route[-1] for route in found.routes}) == 3


def test_long_links_of_one_node_share_their_way_until_they_part() -> None:
    chain = [(at, at + 1) for at in range(5)]
    found = line(6, [*chain, (0, 4), (0, 5)])
    near, far = found.routes[-2:]
    assert near[:-2] == far[: len(near) - 2]
    assert near[-2][1] == far[-2][1]  # on one height, until the first turns off


def test_long_links_that_are_to_be_told_apart_do_not() -> None:
    chain = [(at, at + 1) for at in range(5)]
    found = lay_out([SIZE] * 6, [*chain, (0, 4), (0, 5)], [False] * 6 + [True])
    assert not set(found.routes[-2]) & set(found.routes[-1])


def test_a_cycle_is_cut_where_it_leads_back() -> None:
    found = line(3, [(0, 1), (1, 2), (2, 0)])
    assert found.boxes[0].left < found.boxes[1].left < found.boxes[2].left
    assert found.routes[2][0][0] == found.boxes[2].left
    assert found.routes[2][-1][0] == found.boxes[0].left + found.boxes[0].width


def test_what_nothing_ties_is_packed_side_by_side() -> None:
    found = line(200, [])
    assert found.width / found.height == pytest.approx(1.8, rel=0.2)


def test_what_everything_in_a_chain_reads_does_not_bend_the_chain() -> None:
    count = 200
    found = line(count, [*((at, at + 1) for at in range(count - 1)), *((0, at) for at in range(2, count))])
    assert found.height < 3 * SIZE[1]


def test_a_long_chain_and_a_wide_star_are_laid_out() -> None:
    count = 2000
    assert line(count, [(at, at + 1) for at in range(count - 1)]).height == SIZE[1]
    assert len({box.left for box in line(count, [(0, at) for at in range(1, count)]).boxes}) == 2
