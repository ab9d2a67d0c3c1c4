"""Lists that hang on nodes: read for many owners at once, each as if it had been asked for alone."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.errors import InvalidRequest
from lineage.identity import Key
from lineage.model import Artifact, Execution, ExecutionHead, PipelineVersion, Run
from lineage.ports import EVERYTHING, AllOf, Condition, Listing, Operator, Order, Page, PageRequest, Scope, Where
from lineage.store.sql import SqlStore
from tests.factories import CLUSTER

ALL = PageRequest(first=100)
OWNERS = 12  # at once
IN_A = Scope(namespaces=frozenset({(CLUSTER, "a")}))

LISTS: list[tuple[type[Any], str, Listing]] = [
    (Execution, "run", Listing()),
    (Execution, "run", Listing(order=(Order(field="NAME", descending=True), Order(field="DURATION")))),
    (
        Execution,
        "run",
        Listing(where=Condition(field="displayName", operator=Operator.IN, value=("prepare", "report"))),
    ),
    (Execution, "consumes", Listing()),
    (Execution, "consumes", Listing(where=Condition(field="cached", operator=Operator.EQ, value=True))),
    (Artifact, "run", Listing(order=(Order(field="NAME"),))),
    (Artifact, "run", Listing(where=Condition(field="external", operator=Operator.EQ, value=False))),
    (Run, "pipeline", Listing()),
    (Run, "experiment", Listing(order=(Order(field="FINISHED_AT", descending=True),))),
    (Run, "recurringRun", Listing(order=(Order(field="NAME"),))),
    (PipelineVersion, "pipeline", Listing()),
]


def owners_of(store: SqlStore, what: type[Any], by: str, scope: Scope) -> list[Key]:
    match by:
        case "run":
            return [run.key for run in store.runs(scope, Listing(), ALL).items]
        case "consumes":
            return [artifact.key for artifact in store.artifacts(scope, Listing(), ALL).items]
        case "recurringRun":
            return [recurring.key for recurring in store.recurring_runs(scope, Listing(), ALL).items]
        case "pipeline":
            return [pipeline.key for pipeline in store.pipelines(scope, Listing(), ALL).items]
        case _:
            return [experiment.key for experiment in store.experiments(scope, Listing(), ALL).items]


def alone(store: SqlStore, what: type[Any], by: str, owner: Key, listing: Listing) -> tuple[Any, Listing]:
    """The same list, asked for by a condition on one owner."""
    within: Where = Condition(field=by, operator=Operator.EQ, value=owner)
    read = {
        Run: store.runs,
        Execution: store.executions,
        Artifact: store.artifacts,
        PipelineVersion: store.pipeline_versions,
    }[what]
    return read, Listing(where=AllOf((within, *([listing.where] if listing.where else []))), order=listing.order)


def pages_alone(
    store: SqlStore, scope: Scope, what: type[Any], by: str, owners: Sequence[Key], listing: Listing, page: PageRequest
) -> dict[Key, Page[Any]]:
    found: dict[Key, Page[Any]] = {}
    for owner in owners:
        read, of_one = alone(store, what, by, owner, listing)
        found[owner] = read(scope, of_one, page)
    return found


@pytest.mark.parametrize("scope", [EVERYTHING, IN_A], ids=["everything", "one namespace"])
@pytest.mark.parametrize(("what", "by", "listing"), LISTS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(size=st.integers(1, 4), backwards=st.booleans(), seed=st.integers(0, 10**9))
def test_a_page_for_many_owners_is_the_page_of_each(
    world: SqlStore, what: type[Any], by: str, listing: Listing, scope: Scope, size: int, backwards: bool, seed: int
) -> None:
    chance, owners = random.Random(seed), owners_of(world, what, by, scope)
    owners = chance.sample(owners, min(len(owners), OWNERS))
    page = PageRequest(last=size) if backwards else PageRequest(first=size)
    found = world.owned(scope, what, by, owners, listing, page)
    assert found == pages_alone(world, scope, what, by, owners, listing, page)
    cursors = [cursor for each in found.values() for cursor in each.cursors]
    if cursors:
        cursor = chance.choice(cursors)
        page = PageRequest(last=size, before=cursor) if backwards else PageRequest(first=size, after=cursor)
        found = world.owned(scope, what, by, owners, listing, page)
        assert found == pages_alone(world, scope, what, by, owners, listing, page)


@pytest.mark.parametrize("scope", [EVERYTHING, IN_A], ids=["everything", "one namespace"])
@pytest.mark.parametrize(("what", "by", "listing"), LISTS)
def test_the_count_for_many_owners_is_the_count_of_each(
    world: SqlStore, what: type[Any], by: str, listing: Listing, scope: Scope
) -> None:
    owners = owners_of(world, what, by, scope)
    expected = {owner: world.count(scope, what, alone(world, what, by, owner, listing)[1]) for owner in owners}
    assert world.count_owned(scope, what, by, owners, listing) == expected
    assert any(expected.values())


def test_an_owner_that_nobody_recorded_has_an_empty_list(world: SqlStore) -> None:
    never = ("Run", "never")
    page = world.owned(EVERYTHING, Execution, "run", [never], Listing(), ALL)[never]
    assert (page.items, page.has_next, page.has_previous) == ((), False, False)
    assert world.count_owned(EVERYTHING, Execution, "run", [never], Listing()) == {never: 0}


def test_what_hangs_on_an_owner_outside_the_scope_is_not_told(world: SqlStore) -> None:
    hidden = set(owners_of(world, Execution, "run", EVERYTHING)) - set(owners_of(world, Execution, "run", IN_A))
    assert hidden
    for what in (Execution, Artifact):
        assert set(world.count_owned(IN_A, what, "run", list(hidden), Listing()).values()) == {0}


def test_a_list_that_hangs_on_nothing_is_refused(world: SqlStore) -> None:
    with pytest.raises(InvalidRequest, match="Artifact by pipeline"):
        world.owned(EVERYTHING, Artifact, "pipeline", [], Listing(), ALL)


@pytest.mark.parametrize("scope", [EVERYTHING, IN_A], ids=["everything", "one namespace"])
@pytest.mark.parametrize(("what", "by", "listing"), [each for each in LISTS if each[0] is Execution])
def test_heads_of_executions_say_the_same_of_the_same_executions(
    world: SqlStore, what: type[Execution], by: str, listing: Listing, scope: Scope
) -> None:
    owners, page = owners_of(world, what, by, scope), PageRequest(first=3)
    whole = world.owned(scope, what, by, owners, listing, page)
    heads = world.owned(scope, ExecutionHead, by, owners, listing, page)
    assert any(of.items for of in whole.values())
    assert {owner: of.items for owner, of in heads.items()} == {
        owner: tuple(head_of(each) for each in of.items) for owner, of in whole.items()
    }
    assert [around(of) for of in heads.values()] == [around(of) for of in whole.values()]
    counted = world.count_owned(scope, what, by, owners, listing)
    assert world.count_owned(scope, ExecutionHead, by, owners, listing) == counted


def around(page: Page[Any]) -> tuple[list[str], bool, bool]:
    return list(page.cursors), page.has_next, page.has_previous


def head_of(execution: Execution) -> ExecutionHead:
    return ExecutionHead(**{name: getattr(execution, name) for name in ExecutionHead.__struct_fields__})
