"""Filters: what a `where` of a query asks of a store."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lineage.model import Phase
from lineage.ports import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Condition,
    Listing,
    Not,
    Operator,
    Order,
    Page,
    PageRequest,
    Scope,
    Where,
)
from lineage_graphql import execute
from tests.example import EXPERIMENT, MODEL, NIGHTLY, PIPELINE
from tests.fakes import FakeStore, Knowledge


class Asked(FakeStore):
    """Keeps the listings that it is asked for."""

    def __init__(self, knowledge: Knowledge | None = None) -> None:
        super().__init__(knowledge)
        self.listings: list[Listing] = []
        self.pages: list[PageRequest] = []

    def _page(self, name: str, scope: Scope, items: Any, listing: Listing, page: PageRequest) -> Page[Any]:
        self.listings.append(listing)
        self.pages.append(page)
        return super()._page(name, scope, items, listing, page)


def ask(query: str, variables: dict[str, Any] | None = None) -> Asked:
    store = Asked()
    answer = execute(store, EVERYTHING, query, variables)
    assert "errors" not in answer, answer
    return store


def runs_where(where: str, variables: dict[str, Any] | None = None, head: str = "") -> Where:
    (listing,) = ask(f"{head}{{ runs(where: {where}) {{ nodes {{ id }} }} }}", variables).listings
    assert listing.where is not None
    return listing.where


def condition(field: str, operator: Operator, value: object, name: str | None = None) -> Condition:
    return Condition(field=field, operator=operator, value=value, name=name)


MORNING = datetime(2026, 11, 14, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('{name: {eq: "a"}}', condition("name", Operator.EQ, "a")),
        ('{displayName: {startsWith: "a"}}', condition("displayName", Operator.STARTS_WITH, "a")),
        ('{namespace: {in: ["a", "b"]}}', condition("namespace", Operator.IN, ("a", "b"))),
        ("{uid: {in: []}}", condition("uid", Operator.IN, ())),
        ("{pipelineName: {isNull: true}}", condition("pipelineName", Operator.IS_NULL, True)),
        ("{phase: {in: [FAILED, ERROR]}}", condition("phase", Operator.IN, (Phase.FAILED, Phase.ERROR))),
        ('{startedAt: {gte: "2026-11-14T08:00:00Z"}}', condition("startedAt", Operator.GTE, MORNING)),
        ("{durationSeconds: {lt: 60}}", condition("durationSeconds", Operator.LT, 60.0)),
        ("{inCluster: false}", condition("inCluster", Operator.EQ, False)),
        (f'{{pipeline: {{eq: "{PIPELINE.id}"}}}}', condition("pipeline", Operator.EQ, PIPELINE.key)),
        (f'{{experiment: {{in: ["{EXPERIMENT.id}"]}}}}', condition("experiment", Operator.IN, (EXPERIMENT.key,))),
        ("{pipelineVersion: {isNull: false}}", condition("pipelineVersion", Operator.IS_NULL, False)),
        (f'{{usesArtifact: "{MODEL.id}"}}', condition("usesArtifact", Operator.EQ, MODEL.key)),
        ('{label: {name: "team", eq: "churn"}}', condition("label", Operator.EQ, "churn", "team")),
        ('{parameter: {name: "rate", gt: "0.1"}}', condition("parameter", Operator.GT, "0.1", "rate")),
        ('{image: {contains: "train"}}', condition("image", Operator.CONTAINS, "train")),
        (
            '{image: {contains: "train", digest: "sha256:ab"}}',
            condition("image", Operator.CONTAINS, "train", "sha256:ab"),
        ),
        ('{image: {digest: "sha256:ab"}}', condition("imageDigest", Operator.EQ, "sha256:ab")),
    ],
)
def test_a_filter_becomes_a_condition(where: str, expected: Condition) -> None:
    assert runs_where(where) == AllOf((expected,))


def test_every_operator_of_a_field_must_hold() -> None:
    assert runs_where("{durationSeconds: {gte: 1, lt: 2}}") == AllOf(
        (condition("durationSeconds", Operator.GTE, 1.0), condition("durationSeconds", Operator.LT, 2.0))
    )


def test_and_or_and_not_nest() -> None:
    name = condition("name", Operator.EQ, "a")
    assert runs_where('{and: [{name: {eq: "a"}}], or: [{name: {eq: "a"}}, {}], not: {name: {eq: "a"}}}') == AllOf(
        (AllOf((AllOf((name,)),)), AnyOf((AllOf((name,)), AllOf(()))), Not(AllOf((name,))))
    )


def test_an_empty_filter_asks_for_everything() -> None:
    assert runs_where("{}") == AllOf(())


def test_a_filter_that_is_null_asks_for_nothing() -> None:
    asked = runs_where("{phase: $phase, inCluster: null}", {"phase": None}, "query ($phase: PhaseWhere) ")
    assert asked == AllOf(())


def test_a_field_whose_variable_is_not_given_is_no_filter() -> None:
    assert runs_where("{phase: $phase}", {}, "query ($phase: PhaseWhere) ") == AllOf(())


def test_comparing_with_null_is_refused() -> None:
    answer = execute(FakeStore(), EVERYTHING, "{ runs(where: {name: {eq: null}}) { nodes { id } } }")
    assert "name.eq is null" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


def test_lists_within_a_node_are_confined_to_it_and_filtered() -> None:
    store = Asked(Knowledge(runs=(NIGHTLY,)))
    query = '{ runs { nodes { executions(where: {template: {eq: "train"}}) { nodes { id } } } } }'
    assert "errors" not in execute(store, EVERYTHING, query)
    assert store.listings[1].where == AllOf(
        (condition("run", Operator.EQ, NIGHTLY.key), AllOf((condition("template", Operator.EQ, "train"),)))
    )


def test_the_order_is_passed_on_as_given() -> None:
    store = ask("{ runs(orderBy: [{field: DURATION, direction: DESC}, {field: NAME}]) { nodes { id } } }")
    assert store.listings == [Listing(order=(Order(field="DURATION", descending=True), Order(field="NAME")))]


@pytest.mark.parametrize(
    ("arguments", "page"),
    [
        ("", PageRequest(first=50)),
        ("(first: 100)", PageRequest(first=100)),
        ("(first: null)", PageRequest(first=50)),
        ("(last: 1)", PageRequest(last=1)),
    ],
)
def test_a_page_holds_fifty_unless_asked(arguments: str, page: PageRequest) -> None:
    assert ask(f"{{ runs{arguments} {{ nodes {{ id }} }} }}").pages == [page]
