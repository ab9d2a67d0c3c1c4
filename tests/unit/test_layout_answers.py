"""Layouts in GraphQL: of a graph that the client holds, within bounds, and with nothing read of a store."""

from typing import Any

import pytest

from lineage.deadline import Deadline
from lineage.drawing.layout import lay_out
from lineage.ports import EVERYTHING, NOTHING, Scope
from lineage_graphql import execute, saved_queries
from lineage_graphql.layouts import LARGEST_SIDE, MOST_BOXES, MOST_LINKS, MOST_PASSED
from tests.fakes import FakeStore

Given = list[dict[str, Any]]


def boxes(*names: str, width: float = 120.0, height: float = 46.0) -> Given:
    return [{"id": name, "width": width, "height": height} for name in names]


def links(*ends: str) -> Given:
    """Links between boxes of one letter, such as `ab`."""
    return [{"source": both[0], "target": both[1]} for both in ends]


def answer(boxes: Given, links: Given, scope: Scope = EVERYTHING, **more: Any) -> dict[str, Any]:
    store = FakeStore()
    given = {"boxes": boxes, "links": links}
    answered = execute(store, scope, saved_queries()["layout"].text, given, **more)
    assert store.reads == []
    return answered


def laid_out(boxes: Given, links: Given, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer(boxes, links, **more)["data"]["layout"]
    return found


def refusal(boxes: Given, links: Given) -> str:
    answered = answer(boxes, links)
    assert [error["extensions"] for error in answered["errors"]] == [{"code": "BAD_USER_INPUT"}]
    message: str = answered["errors"][0]["message"]
    return message


def test_boxes_and_routes_come_in_the_order_given_and_where_pictures_have_them() -> None:
    found = laid_out(boxes("c", "a", "b"), links("bc", "ab", "ac"))
    drawn = lay_out([(120.0, 46.0)] * 3, [(2, 0), (1, 2), (1, 0)], [None] * 3)
    assert [(box["id"], box["left"], box["top"]) for box in found["boxes"]] == [
        (name, box.left, box.top) for name, box in zip("cab", drawn.boxes, strict=True)
    ]
    assert [route["source"] + route["target"] for route in found["routes"]] == ["bc", "ab", "ac"]
    assert [route["points"] for route in found["routes"]] == [
        [each for point in route for each in point] for route in drawn.routes
    ]
    assert (found["width"], found["height"]) == (drawn.width, drawn.height)


def test_what_is_to_be_told_apart_shares_no_way() -> None:
    chain = links("ab", "bc", "cd", "de", "ef")
    long = [{"source": "a", "target": "e"}, {"source": "a", "target": "f", "apart": "dashed"}]
    together = laid_out(boxes(*"abcdef"), [*chain, *links("ae", "af")])["routes"]
    apart = laid_out(boxes(*"abcdef"), [*chain, *long])["routes"]
    assert together[-2]["points"][:4] == together[-1]["points"][:4]
    assert apart[-2]["points"][:4] != apart[-1]["points"][:4]


def test_no_boxes_take_no_room() -> None:
    assert laid_out([], []) == {"width": 0.0, "height": 0.0, "boxes": [], "routes": []}


def test_it_is_the_same_for_who_may_see_nothing() -> None:
    given = boxes("a", "b"), links("ab")
    assert laid_out(*given) == laid_out(*given, scope=NOTHING)


# ------------------------------------------------------------------------------------------ refused
@pytest.mark.parametrize("end", ["ax", "xa"])
def test_a_link_to_or_from_nowhere_is_refused(end: str) -> None:
    assert "no box has that id" in refusal(boxes("a"), links(end))


def test_an_id_of_two_boxes_is_refused() -> None:
    assert refusal(boxes("a", "b", "a"), []) == "two boxes have the id 'a'"


@pytest.mark.parametrize("length", [0, -1, LARGEST_SIDE + 1, 1e308])
def test_a_size_out_of_bounds_is_refused(length: float) -> None:
    assert "a side of the box 'a'" in refusal(boxes("a", width=length), [])
    assert "a side of the box 'a'" in refusal(boxes("a", height=length), [])


@pytest.mark.parametrize("length", [float("nan"), float("inf"), "wide", None])
def test_a_size_that_is_no_number_is_refused(length: Any) -> None:
    assert "width" in refusal([{"id": "a", "width": length, "height": 1}], [])


def test_too_many_boxes_and_links_are_refused() -> None:
    assert f"{MOST_BOXES:,} is the most" in refusal(boxes(*map(str, range(MOST_BOXES + 1))), [])
    assert f"{MOST_LINKS:,} is the most" in refusal(boxes("a"), links(*["aa"] * (MOST_LINKS + 1)))


def test_links_that_pass_too_many_columns_are_refused_before_they_are_led() -> None:
    size = 1_500
    chain = [{"source": str(at), "target": str(at + 1)} for at in range(size - 1)]
    long = [{"source": "0", "target": str(size - 1)}] * (MOST_PASSED // size + 1)
    assert f"more than {MOST_PASSED:,} columns" in refusal(boxes(*map(str, range(size))), [*chain, *long])


def test_a_layout_takes_no_longer_than_its_deadline() -> None:
    ticks = iter(range(1_000))  # each look at the clock is a second later
    late = answer(boxes("a", "b"), links("ab"), deadline=Deadline(3, lambda: float(next(ticks))))
    assert late["data"] is None
    assert [error["extensions"] for error in late["errors"]] == [{"code": "DEADLINE_EXCEEDED"}]


def test_many_large_layouts_in_one_request_are_refused() -> None:
    many = " ".join(f"l{number}: layout(boxes: $boxes, links: $links) {{ width }}" for number in range(50))
    query = f"query ($boxes: [LayoutBox!]!, $links: [LayoutLink!]!) {{ {many} }}"
    given = {"boxes": boxes(*map(str, range(MOST_BOXES))), "links": links(*["01"] * MOST_LINKS)}
    refused = execute(FakeStore(), EVERYTHING, query, given)
    assert [error["extensions"] for error in refused["errors"]] == [{"code": "COMPLEXITY_EXCEEDED"}]
