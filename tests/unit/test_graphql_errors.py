"""Errors: what the caller is told of its mistakes, and what it is not told of ours."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from graphql import get_introspection_query, get_operation_ast, parse
from structlog.testing import capture_logs

from lineage.deadline import Deadline
from lineage.errors import StoreError
from lineage.identity import Key, global_id
from lineage.model import Completeness, Run
from lineage.ports import EVERYTHING, Listing, Page, PageRequest, Scope
from lineage_graphql import execute
from lineage_graphql.connections import LARGEST_PAGE
from lineage_graphql.cost import MOST_NODES, most_nodes
from lineage_graphql.documents import (
    DEEPEST,
    DOCUMENTS_REMEMBERED,
    MOST_ALIASES,
    MOST_ROOT_FIELDS,
    MOST_TOKENS,
    read_document,
)
from lineage_graphql.schema import SCHEMA
from tests.example import MODEL, NIGHTLY, example
from tests.fakes import FakeStore

UNKNOWN = global_id(("Run", "never"))


class Broken(FakeStore):
    """A store whose database fails, with a message that is nobody's business."""

    def run_by_uid(self, scope: Scope, uid: str) -> Run | None:
        raise StoreError("connection to db.internal refused, password=hunter2")

    def raw(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Any]:
        raise ZeroDivisionError


def ask(query: str, **variables: Any) -> dict[str, Any]:
    return execute(FakeStore(example()), EVERYTHING, query, variables)


def code(answer: dict[str, Any]) -> str:
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


# ------------------------------------------------------------------------------------------ not found
@pytest.mark.parametrize(
    "field",
    [f'node(id: "{UNKNOWN}") {{ id }}', 'run(uid: "never") { id }', f'lineage(roots: ["{UNKNOWN}"]) {{ complete }}'],
)
def test_what_is_not_known_is_null_with_an_error(field: str) -> None:
    answer = ask(f"{{ found: {field} }}")
    assert answer["data"] == {"found": None}
    assert code(answer) == "NOT_FOUND"
    assert answer["errors"][0]["path"] == ["found"]


# ------------------------------------------------------------------------------------------ mistakes of the caller
@pytest.mark.parametrize(
    "field",
    [
        'node(id: "nonsense") { id }',
        'lineage(roots: ["nonsense"]) { complete }',
        f'lineage(roots: ["{MODEL.id}"], maxDepth: -1) {{ complete }}',
        f'lineage(roots: ["{MODEL.id}"], maxNodes: 0) {{ complete }}',
    ],
)
def test_an_argument_that_makes_no_sense_is_null_with_an_error(field: str) -> None:
    answer = ask(f"{{ found: {field} }}")
    assert answer["data"] == {"found": None}
    assert code(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "arguments",
    [
        "first: 0",
        "first: 101",
        "first: -1",
        "last: 0",
        "last: 101",
        "first: 1, last: 1",
        'after: "nonsense"',
        'before: "nonsense"',
        'where: {id: {eq: "nonsense"}}',
        'where: {usesArtifact: "nonsense"}',
    ],
)
def test_a_list_that_makes_no_sense_is_an_error(arguments: str) -> None:
    answer = ask(f"{{ runs({arguments}) {{ nodes {{ id }} }} }}")
    assert answer["data"] is None
    assert code(answer) == "BAD_USER_INPUT"


def test_an_id_that_makes_no_sense_spoils_no_other() -> None:
    answer = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[NIGHTLY.id, "nonsense"])
    assert answer["data"] == {"nodes": [{"id": NIGHTLY.id}, None]}
    assert code(answer) == "BAD_USER_INPUT"
    assert answer["errors"][0]["path"] == ["nodes", 1]


# ------------------------------------------------------------------------------------------ requests that cannot run
@pytest.mark.parametrize(
    ("query", "variables", "expected"),
    [
        ("{ runs", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ('{ runs(where: {startedAt: {gt: "yesterday"}}) { totalCount } }', {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { runs(first: $n) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("query ($n: Int!) { runs(first: $n) { totalCount } }", {"n": "many"}, "BAD_USER_INPUT"),
        ("query A { runs { totalCount } } query B { runs { totalCount } }", {}, "BAD_USER_INPUT"),
    ],
)
def test_a_request_that_cannot_be_executed_has_no_data(query: str, variables: dict[str, Any], expected: str) -> None:
    answer = ask(query, **variables)
    assert "data" not in answer
    assert code(answer) == expected


def test_the_operation_is_chosen_by_its_name() -> None:
    query = "query A { runs { totalCount } } query B { artifacts { totalCount } }"
    answer = execute(FakeStore(example()), EVERYTHING, query, operation_name="B")
    assert answer == {"data": {"artifacts": {"totalCount": 4}}}


def test_variables_nested_without_end_are_refused() -> None:
    where: dict[str, Any] = {}
    for _ in range(5_000):
        where = {"not": where}
    answer = ask("query ($where: RunWhere) { runs(where: $where) { totalCount } }", where=where)
    assert code(answer) == "BAD_USER_INPUT"


# ------------------------------------------------------------------------------------------ limits
def test_a_query_of_too_many_words_is_refused() -> None:
    assert code(ask("{" + " __typename" * MOST_TOKENS + "}")) == "GRAPHQL_PARSE_FAILED"


def test_a_query_nested_too_deep_is_refused() -> None:
    within = "executions { nodes { run { " * DEEPEST + "id" + " } } }" * DEEPEST
    answer = ask(f"{{ runs {{ nodes {{ {within} }} }} }}")
    assert f"{DEEPEST} is the most" in answer["errors"][0]["message"]
    assert code(answer) == "COMPLEXITY_EXCEEDED"


def test_fragments_do_not_hide_depth() -> None:
    parts = [f"fragment F{n} on Run {{ executions {{ nodes {{ run {{ ...F{n + 1} }} }} }} }}" for n in range(DEEPEST)]
    answer = ask("{ runs { nodes { ...F0 } } }" + " ".join(parts) + f" fragment F{DEEPEST} on Run {{ id }}")
    assert f"{DEEPEST} is the most" in answer["errors"][0]["message"]


def test_fragments_that_double_at_every_step_are_refused_at_once() -> None:
    parts = [
        f"fragment F{n} on Run {{ a: resubmittedFrom {{ ...F{n + 1} }} b: resubmittedFrom {{ ...F{n + 1} }} }}"
        for n in range(DEEPEST)
    ]
    answer = ask("{ runs { nodes { ...F0 } } }" + " ".join(parts) + f" fragment F{DEEPEST} on Run {{ id }}")
    assert f"{DEEPEST} is the most" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (
            """{ runs(first: 100) { nodes { executions(first: 100) { nodes { run { ...R } } } } } }
            fragment R on Run { executions(first: 100) { nodes { id } } }""",
            {},
        ),
        (
            """query ($n: Int = 100) { runs(first: $n) { edges { node { artifacts(last: $n) { nodes { ...C } } } } } }
            fragment C on Artifact { consumers { nodes { id } } }""",
            {},
        ),
        ("query ($n: Int) { lineage(roots: [], maxNodes: $n) { nodes { id } } }", {"n": 500_001}),
        (
            """{ runs(first: 100) { nodes { ...F ...F } } }
            fragment F on Run { executions(first: 100) { nodes { ...G } } }
            fragment G on Execution { dependsOn { dependsOn { dependsOn { id } } } }""",
            {},
        ),
    ],
)
def test_a_query_that_could_read_too_much_is_refused_before_anything_is_read(
    query: str, variables: dict[str, Any]
) -> None:
    store = FakeStore(example())
    answer = execute(store, EVERYTHING, query, variables)
    assert (code(answer), store.reads) == ("COMPLEXITY_EXCEEDED", [])
    assert f"{MOST_NODES} is the most" in answer["errors"][0]["message"]
    assert "data" not in answer


@pytest.mark.parametrize(
    ("query", "nodes"),
    [
        ("{ runs { totalCount } }", 0),
        ("{ runs { nodes { parameters { name } workflows { uid } } } }", 50),
        ("{ runs(first: 10) { nodes { id } edges { node { id } } } }", 20),
        ("{ runs(last: 10) { nodes { executions(first: 7) { nodes { inputs { artifact { id } } } } } } }", 290),
        ('{ nodes(ids: ["a", "b"]) { ... on Run { artifacts(first: 3) { nodes { id } } } } }', 8),
        ("{ lineage(roots: [], maxNodes: 30) { nodes { id ... on Execution { dependsOn { id } } } } }", 120),
        ("{ runs(first: 1000000) { nodes { id } } }", 100),
        ('{ runDiff(base: "a", target: "b") { changes { path } } }', 4_000),
        ("{ nondeterminism(first: 5) { groups { executions { id } } } }", 505),
        ('{ layout(boxes: [{ id: "a", width: 1, height: 1 }], links: []) { boxes { id } routes { points } } }', 1),
        ("{ runs(first: 2) { nodes { graph { executions { id inputs { name } } links { source } } } } }", 44_002),
        ("{ runs(first: 10) { nodes { raw labels artifacts(first: 2) { nodes { metadata } } } } }", 3_030),
    ],
)
def test_what_a_query_may_read_is_the_product_of_its_pages(query: str, nodes: int) -> None:
    document = parse(query)
    operation = get_operation_ast(document)
    assert operation is not None
    assert most_nodes(SCHEMA, document, operation, {}) == nodes


def test_a_page_of_runs_with_their_steps_and_what_those_read_and_wrote_is_answered() -> None:
    uses = "{ name role artifact { uri producer { displayName } } }"
    steps = f"executions(first: 100) {{ nodes {{ displayName inputs {uses} outputs {uses} dependsOn {{ nodeId }} }} }}"
    assert "errors" not in ask(f"{{ runs(first: 100) {{ nodes {{ name {steps} }} }} }}")


def test_too_many_things_at_once_are_refused() -> None:
    many = " ".join(f"f{n}: runs {{ totalCount }}" for n in range(MOST_ROOT_FIELDS + 1))
    spread = "{ ...A ...A } fragment A on Query { " + " runs { totalCount }" * (MOST_ROOT_FIELDS // 2 + 1) + "}"
    for query in (f"{{ {many} }}", spread):
        answer = ask(query)
        assert code(answer) == "COMPLEXITY_EXCEEDED"
        assert f"{MOST_ROOT_FIELDS} is the most" in answer["errors"][0]["message"]


def test_too_many_aliases_are_refused() -> None:
    answer = ask("{ runs { nodes { " + " ".join(f"a{n}: id" for n in range(MOST_ALIASES + 1)) + " } } }")
    assert code(answer) == "COMPLEXITY_EXCEEDED"
    assert f"{MOST_ALIASES} is the most" in answer["errors"][0]["message"]


def test_too_many_ids_are_refused() -> None:
    answer = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[UNKNOWN] * (LARGEST_PAGE + 1))
    assert code(answer) == "BAD_USER_INPUT"
    assert f"{LARGEST_PAGE} is the most" in answer["errors"][0]["message"]


@pytest.mark.parametrize("query", ["{" * 3_000, "{ runs(where: {id: {in: " + "[" * 3_000])
def test_a_text_nested_without_end_is_refused(query: str) -> None:
    assert code(ask(query)) == "GRAPHQL_PARSE_FAILED"


class Slow(FakeStore):
    """A store in which every page of runs and every part takes ten seconds, of a clock of its own."""

    passed = 0.0

    def clock(self) -> float:
        return self.passed

    def runs(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Run]:
        self.passed += 10
        return super().runs(scope, listing, page)

    def completeness(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Completeness]:
        self.passed += 10
        return super().completeness(scope, runs)


def test_a_request_that_takes_too_long_ends_with_one_error() -> None:
    store = Slow(example())
    query = "{ a: runs { nodes { completeness { complete } workflows { uid } } } b: runs { nodes { id } } }"
    with capture_logs() as logs:
        answer = execute(store, EVERYTHING, query, deadline=Deadline(15, store.clock))
    assert (code(answer), answer["data"], logs) == ("DEADLINE_EXCEEDED", None, [])
    assert "15 seconds" in answer["errors"][0]["message"]
    assert store.reads == ["runs", "completeness"]


def test_a_request_that_keeps_within_its_time_is_answered() -> None:
    store = Slow(example())
    assert "errors" not in execute(
        store, EVERYTHING, "{ runs { nodes { completeness { complete } } } }", deadline=Deadline(20, store.clock)
    )


def test_the_whole_schema_can_be_asked_for() -> None:
    assert "errors" not in ask(get_introspection_query())


def test_a_text_is_read_once_and_not_too_many_are_remembered() -> None:
    text = "{ runs { totalCount } }"
    assert read_document(text) is read_document(text)
    assert read_document.cache_info().maxsize == DOCUMENTS_REMEMBERED


# ------------------------------------------------------------------------------------------ faults of ours
def test_a_fault_of_ours_is_masked_and_logged_once_under_its_request_id() -> None:
    with capture_logs() as logs:
        answer = execute(Broken(example()), EVERYTHING, '{ run(uid: "x") { id } runs { nodes { raw } } }')
    ids = {error["extensions"]["requestId"] for error in answer["errors"]}
    assert {(error["message"], error["extensions"]["code"]) for error in answer["errors"]} == {
        ("Internal server error", "INTERNAL")
    }
    assert "hunter2" not in str(answer)
    assert [(entry["event"], entry["log_level"], {entry["request_id"]}) for entry in logs] == [
        ("query failed", "warning", ids)
    ]
    assert isinstance(logs[0]["exc_info"], StoreError)


def test_a_fault_leaves_the_rest_of_the_answer() -> None:
    answer = execute(Broken(example()), EVERYTHING, "{ runs { nodes { name raw } } }")
    assert answer["data"]["runs"]["nodes"][0] == {"name": "churn-weekly-2", "raw": None}


def test_mistakes_of_the_caller_are_not_logged() -> None:
    with capture_logs() as logs:
        ask('{ run(uid: "never") { id } }')
    assert logs == []
