"""Executions in lists: read as their heads where no more of them is selected, and answered the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lineage.identity import Key
from lineage.model import Execution, ExecutionHead
from lineage.ports import EVERYTHING, Listing, Page, PageRequest, Scope
from lineage_graphql import execute
from tests.example import NIGHTLY, RAW, example
from tests.fakes import FakeStore
from tests.worlds import a_world

HEAD = "id displayName template kind phase startedAt superseded cached system"
OF_HEADS = (
    f"{{ executions {{ nodes {{ {HEAD} }} }} }}",
    "{ executions { totalCount edges { cursor node { __typename id } } pageInfo { endCursor hasNextPage } } }",
    "{ executions { nodes { ... on Execution { a: phase ...A } ...A } } } fragment A on Execution { id }",
    "{ executions { nodes { id @include(if: true) kind @skip(if: true) } } }",
)
OF_MORE = (
    "{ executions { nodes { id name } } }",
    "{ executions { nodes { id run { id } } } }",
    "{ executions { nodes { ... on LineageNode { name } } } }",
    "{ executions { nodes { id message @skip(if: true) } } }",
    "{ executions { nodes { ...A } } } fragment A on Execution { id ...B } fragment B on Execution { exitCode }",
)
OF_NONE = ("{ executions { totalCount } }", "{ executions { pageInfo { endCursor } } }")


class Asked(FakeStore):
    """Remembers as what lists were asked for."""

    def __init__(self) -> None:
        super().__init__(example())
        self.of: list[type] = []

    def owned(
        self, scope: Scope, what: type[Any], by: str, owners: Sequence[Key], listing: Listing, page: PageRequest
    ) -> Mapping[Key, Page[Any]]:
        self.of.append(what)
        return super().owned(scope, what, by, owners, listing, page)


def asking(selected: str) -> str:
    """Ask for what is selected of a run, as a fragment of its own."""
    return f"query A($id: ID!) {{ node(id: $id) {{ ...R }} }} fragment R on Run {selected}"


@pytest.mark.parametrize(
    ("selected", "what"),
    [*((each, ExecutionHead) for each in OF_HEADS), *((each, Execution) for each in (*OF_MORE, OF_NONE[1]))],
)
def test_heads_are_read_where_they_are_all_that_is_selected(selected: str, what: type) -> None:
    store = Asked()
    for _ in range(2):
        assert "errors" not in execute(store, EVERYTHING, asking(selected), {"id": NIGHTLY.id})
    assert store.of == [what, what]


def test_so_are_those_of_consumers() -> None:
    store = Asked()
    text = "query A($id: ID!) { node(id: $id) { ... on Artifact { consumers { nodes { id phase } } } } }"
    assert "errors" not in execute(store, EVERYTHING, text, {"id": RAW.id})
    assert store.of == [ExecutionHead]


def test_an_answer_of_heads_is_that_of_whole_executions_without_the_rest() -> None:
    store = a_world(6)
    for run in store.runs(EVERYTHING, Listing(), PageRequest(first=100)).items:
        heads, whole = (
            execute(store, EVERYTHING, asking(f"{{ executions {{ nodes {{ {fields} }} }} }}"), {"id": run.id})["data"]
            for fields in (HEAD, f"{HEAD} message")
        )
        for each in whole["node"]["executions"]["nodes"]:
            del each["message"]
        assert heads == whole


def test_what_is_selected_beside_heads_is_read_together_for_all_of_them() -> None:
    store = FakeStore(example())
    text = "{ a: executions { nodes { id } } b: executions { nodes { pods { uid } } } }"
    assert "errors" not in execute(store, EVERYTHING, asking(text), {"id": NIGHTLY.id})
    assert store.reads.count("pods") == 1
