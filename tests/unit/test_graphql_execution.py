"""Execution: whatever is asked of whatever there is, the answer is the one that graphql-core gives by itself."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from graphql import ExecutionContext, execute_sync, parse
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from lineage.deadline import Deadline
from lineage.model import Execution as Attempt
from lineage.model import Run, RunView
from lineage.ports import EVERYTHING
from lineage_graphql.context import open_context
from lineage_graphql.execution import Execution
from lineage_graphql.saved import saved_queries
from lineage_graphql.schema import SCHEMA
from tests.example import NIGHTLY, TRAIN, asked_of_example, example
from tests.fakes import FakeStore, Knowledge

RUN = "id uid name displayName namespace cluster phase message createdAt durationSeconds labels annotations inCluster"
STEP = "id name nodeId kind phase attempt startedAt exitCode superseded cached resources durationSeconds"


def answers(query: str, knowledge: Knowledge, **variables: Any) -> list[tuple[Any, list[Any]]]:
    """The answer that graphql-core gives, and ours."""

    def answered(how: type[ExecutionContext]) -> tuple[Any, list[Any]]:
        context = open_context(FakeStore(knowledge), EVERYTHING, Deadline(60))
        result = execute_sync(
            SCHEMA, parse(query), context_value=context, variable_values=variables, execution_context_class=how
        )
        return result.data, [error.formatted for error in result.errors or ()]

    return [answered(ExecutionContext), answered(Execution)]


def in_order(value: Any) -> Any:
    """A value in which the order of fields counts."""
    match value:
        case dict():
            return [(name, in_order(each)) for name, each in value.items()]
        case list():
            return [in_order(each) for each in value]
        case _:
            return value


@pytest.mark.parametrize("name", list(saved_queries()))
def test_saved_queries_are_answered_as_ever(name: str) -> None:
    theirs, ours = answers(saved_queries()[name].text, example(), **asked_of_example())
    assert in_order(ours[0]) == in_order(theirs[0])
    assert ours[1] == theirs[1]


FORMS = (
    "{ runs { nodes { id @skip(if: $yes) name @include(if: $yes) phase @skip(if: true) } } }",
    "{ runs { nodes { ...A @skip(if: $yes) ... @include(if: $yes) { uid } } } } fragment A on Run { name }",
    "{ runs { nodes { b: name a: name name b: name ...A } } } fragment A on LineageNode { a: name id }",
    "{ runs { nodes { ...A } } } fragment A on Run { ...B id } fragment B on Run { name }",
    "{ runs { __typename nodes { __typename id } edges { cursor node { __typename } } pageInfo { endCursor } } }",
    "{ node(id: $id) { __typename id ... on Run { name } ... on Execution { kind } } }",
    '{ nodes(ids: [$id, "nonsense", $id]) { id ... on LineageNode { name } } }',
    '{ search(text: "churn") { nodes { ... on Run { name } ... on Execution { nodeId } } } }',
    "{ runs { nodes { parameters { name value redacted } executions { nodes { inputs { role ambiguous } } } } } }",
    "{ runs(first: 1000) { totalCount } }",
    "{ __schema { types { name fields { name type { name kind } } } } }",
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_selection_is_answered_as_ever(form: str) -> None:
    theirs, ours = answers(f"query ($yes: Boolean = true, $id: ID) {form}", example(), id=NIGHTLY.id)
    assert in_order(ours[0]) == in_order(theirs[0])
    assert ours[1] == theirs[1]


class Unwritable:
    """What no scalar can write."""

    def __str__(self) -> str:
        raise ValueError("nothing to be said of it")

    def __repr__(self) -> str:
        return "something unwritable"


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        0,
        2**40,
        True,
        1.5,
        float("nan"),
        "",
        "text",
        "SUCCEEDED",
        [],
        {},
        {"a": 1},
        Unwritable(),
        datetime.now(UTC),
        ("text", 1),
        [None],
        ["text", {}, None],
    ]
)


def broken(of: Any) -> st.SearchStrategy[Any]:
    """A value some of whose fields hold what they should not; its key stays."""
    is_struct = isinstance(of, msgspec.Struct)
    named, changing = (structs.fields(of), structs.replace) if is_struct else (fields(of), replace)
    names = [each.name for each in named if each.name != "key" and not each.name.endswith("_key")]
    changes = st.dictionaries(st.sampled_from(names), ODD, max_size=3)
    return changes.map(lambda changed: changing(of, **changed))


@given(
    runs=st.lists(broken(NIGHTLY), min_size=1, max_size=3),
    view=broken(example().views[NIGHTLY.key]),
    steps=st.lists(broken(TRAIN), max_size=2),
)
def test_what_is_not_as_the_schema_says_is_answered_as_ever(
    runs: list[Run], view: RunView, steps: list[Attempt]
) -> None:
    knowledge = replace(example(), runs=runs, views={NIGHTLY.key: view}, executions=steps)
    query = f'{{ node(id: "{NIGHTLY.id}") {{ id ... on Run {{ {RUN} }} }} runs {{ edges {{ node {{ {RUN} }} }} }} }}'
    listed = f"{{ executions {{ nodes {{ {STEP} run {{ name }} }} }} all: executions {{ nodes {{ {STEP} }} }} }}"
    for asked in (query, listed):
        theirs, ours = answers(asked, knowledge)
        assert repr(in_order(ours[0])) == repr(in_order(theirs[0]))
        assert ours[1] == theirs[1]


@given(missing=ODD)
def test_a_list_that_is_not_as_the_schema_says_is_answered_as_ever(missing: Any) -> None:
    known = example()
    completeness = {key: replace(each, missing=missing) for key, each in known.completeness.items()}
    theirs, ours = answers("{ runs { nodes { completeness { missing } } } }", replace(known, completeness=completeness))
    assert repr(ours) == repr(theirs)
