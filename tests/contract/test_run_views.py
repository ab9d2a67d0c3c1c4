"""What of a run may be long is read where it is asked for, and nowhere else. Whatever is selected, in whichever list,
is answered as it is to who asks for all of it."""

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.ports import EVERYTHING
from lineage.store.sql import SqlStore
from lineage_graphql import execute
from tests.contract.test_statements import counted
from tests.factories import a_pod, a_store
from tests.kubeflow_world import a_told_world
from tests.workload_world import observations
from tests.worlds import objects_of

SHORT: Final = ("id", "uid", "name", "displayName", "phase", "createdAt", "finishedAt", "inCluster", "kind")
LONG: Final = {
    "message": "",
    "parameters": "{ name value redacted }",
    "labels": "",
    "annotations": "",
    "origins": "{ field source }",
    "tuning": "{ objective searched { name } }",
    "details": "",
}
FIELDS: Final = {**dict.fromkeys(SHORT, ""), **LONG}
PLACES: Final = (
    "{ runs(first: 100, orderBy: [{field: NAME}]) { nodes RUN } }",
    '{ runs(last: 7, where: {parameter: {name: "rate", gt: "0"}}) { edges { node RUN } } }',
    "{ experiments { nodes { runs(first: 3) { nodes RUN } } } }",
    "{ pipelines { nodes { runs(last: 3) { nodes RUN } } } }",
    "{ recurringRuns { nodes { runs { nodes RUN } } } }",
    "{ executions(first: 100) { nodes { run RUN startedRuns { nodes RUN } } } }",
    "{ runs(first: 100) { nodes { resubmittedFrom RUN metrics { run RUN } } } }",
    '{ search(text: "w") { nodes { ... on Run RUN } } }',
)


@cache
def world() -> SqlStore:
    """Runs that were seen, that were told of, both, and one of which only a pod was seen; of all kinds."""
    seen = [one for number in range(12) for one in objects_of(number)]
    return a_store(*seen, *a_told_world(8), *observations(), a_pod("lone", "x-1", owner="lone", workflow="x"))


def asked(place: str, fields: Collection[str]) -> list[dict[str, Any]]:
    """The runs that stand in an answer, with these fields of theirs."""
    selected = " ".join(f"{name} {FIELDS[name]}" for name in fields)
    answer = execute(world(), EVERYTHING, place.replace("RUN", f"{{ __typename {selected} }}"))
    assert "errors" not in answer
    return list(runs_in(answer["data"]))


def runs_in(answer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(answer, dict) and answer.get("__typename") == "Run":
        yield answer
    elif isinstance(answer, dict | list):
        for each in answer.values() if isinstance(answer, dict) else answer:
            yield from runs_in(each)


@cache
def whole(place: str) -> list[dict[str, Any]]:
    return asked(place, FIELDS)


def test_there_are_runs_that_have_something_to_say_in_each_field() -> None:
    found = whole(PLACES[0])
    assert not [name for name in FIELDS if not any(run[name] for run in found)]
    assert "only parts of this run were seen" in {run["message"] for run in found}


@given(place=st.sampled_from(PLACES), fields=st.sets(st.sampled_from(sorted(FIELDS)), min_size=1))
def test_whatever_is_selected_is_answered_as_it_is_to_who_asks_for_all(place: str, fields: set[str]) -> None:
    found = asked(place, fields)
    assert found
    assert found == [{name: run[name] for name in ("__typename", *fields)} for run in whole(place)]


@pytest.mark.parametrize("place", [place for place in PLACES if "executions" not in place])
def test_where_nothing_long_is_asked_for_nothing_long_is_read(place: str) -> None:
    with counted(world()) as statements:
        asked(place, SHORT)
    bodies = re.compile(r"(?<!recurring_)(run|told)\.body")
    assert statements
    assert not [statement for statement in statements if bodies.search(statement)]
    with counted(world()) as statements:
        asked(place, LONG)
    assert sum(bool(bodies.search(statement)) for statement in statements) == 1
