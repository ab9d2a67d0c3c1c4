"""How many statements an answer takes: as many for a page of thirty as for one of three."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from lineage.ports import EVERYTHING
from lineage.store.dialect import Cursor
from lineage.store.prepared import Prepared
from lineage.store.sql import SqlStore
from lineage_graphql import execute
from lineage_graphql.loaders import DOCUMENTS_AT_ONCE, GRAPHS_AT_ONCE
from tests.worlds import a_world

FEW, MANY = 3, 30
STATEMENTS_OF_GRAPHS = 2

QUESTIONS = {
    "runs and all that hangs on them": """query ($first: Int!) { runs(first: $first) { totalCount nodes {
        displayName workflows { uid } completeness { complete } raw resubmittedFrom { id }
        experiment { name } pipelineVersion { spec pipeline { name } }
        executions(first: 5) { totalCount nodes {
            displayName phase superseded pods { uid } images { digest }
            inputs { artifact { name producer { run { uid } } } } outputs { artifact { uri } }
            dependsOn { displayName } cachedFrom { displayName run { displayName } }
        } }
        artifacts(first: 5, where: {external: false}) { totalCount edges { cursor node { name producer { id } } } }
    } } }""",
    "artifacts and where they came from": """query ($first: Int!) { artifacts(first: $first) { nodes {
        uri state digest history(first: 2) { totalCount nodes { at state evidence } }
        producer { displayName run { displayName phase pipelineVersion { pipeline { name } } } }
        consumers(first: 5) { totalCount nodes { displayName run { uid experiment { name } } pods { name } } }
    } } }""",
    "pipelines, their versions and runs": """query ($first: Int!) { pipelines { nodes {
        versions { totalCount nodes { digest spec } }
        runs(first: $first, orderBy: [{field: STARTED_AT}]) { totalCount nodes {
            uid executions(last: 2) { nodes { displayName images { reference } } }
        } }
    } } }""",
    "experiments and the lineage of their runs": """query ($first: Int!) { experiments(first: 3) { nodes {
        runs(first: $first, where: {phase: {in: [SUCCEEDED, FAILED]}}) { nodes { uid
            executions(first: 5) { nodes { outputs { role artifact {
                consumers(first: 5) { nodes { run { uid } } }
            } } } }
        } }
    } } }""",
    "metrics of runs, of their executions, and series": """query ($first: Int!) { runs(
        first: $first, where: {metric: {name: "retries", gte: 0}}, orderBy: [{field: METRIC, metric: "accuracy"}]
    ) { nodes {
        metrics { name value execution { displayName run { uid } } run { uid } }
        executions(first: 5) { nodes {
            metrics { name }
            metricSeries(name: "accuracy") { totalCount nodes { step value execution { displayName } } }
        } }
        artifacts(first: 5) { nodes { metadata } }
    } } }""",
    "recurring runs, their runs and slots": """query ($first: Int!) {
        runs(first: 3, where: {scheduledAt: {isNull: false}}) { nodes { scheduledAt recurringRun { name } } }
        recurringRuns(first: 3) { nodes {
            edits { since } experiment { name } runs(first: $first) { totalCount nodes { uid experiment { name } } }
            slots(from: "1970-01-01T00:00:00Z", to: "1970-01-02T00:00:00Z", first: $first) {
                totalCount nodes { dueAt outcome run { uid phase } }
            }
        } }
    }""",
    "deployments and what they serve": """query ($first: Int!) { deployments(first: $first) { totalCount nodes {
        name ready parent { name } revisions { name models { uri } } models { uri producer { run { uid } } }
        served { revision changedSince artifact { name history { totalCount } } replacedBy { producer { id } } }
    } } }""",
    "runs, what started them and what they started": """query ($first: Int!) { runs(first: $first) { nodes {
        kind startedBy { displayName run { uid } } bestTrial { displayName } tuning { objective }
        executions(first: 5) { nodes {
            startedRuns(first: 3) { totalCount nodes { uid } } turns { at } restarts conditions { type }
        } }
    } } }""",
    "runs as graphs of their steps": """query ($first: Int!) { runs(first: $first) { nodes {
        graph { complete links { source } executions { displayName iteration } }
    } } }""",
    "executions and their neighbours": """query ($first: Int!) { executions(first: $first) { nodes {
        run { uid executions(first: 1) { totalCount } }
        inputs { artifact { consumers { totalCount } } } dependsOn { dependsOn { id } pods { uid } }
    } } }""",
}


@pytest.fixture(scope="module")
def world() -> SqlStore:
    return a_world(60)


@contextmanager
def counted(store: SqlStore) -> Iterator[list[str]]:
    """The statements that a store runs meanwhile: by SQLAlchemy, and those that are prepared."""
    statements: list[str] = []
    run = Prepared._execute

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement != "BEGIN":
            statements.append(statement)

    def noted(prepared: Prepared, cursor: Cursor, values: Mapping[str, Any]) -> None:
        statements.append(prepared.text)
        run(prepared, cursor, values)

    event.listen(store._engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Prepared, "_execute", noted)
            yield statements
    finally:
        event.remove(store._engine, "before_cursor_execute", note)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_number_of_statements_does_not_grow_with_the_page(world: SqlStore, question: str) -> None:
    def statements(first: int) -> int:
        with counted(world) as run:
            answer = execute(world, EVERYTHING, QUESTIONS[question], {"first": first})
        assert "errors" not in answer, answer["errors"]
        return len(run)

    documents = sum(QUESTIONS[question].count(name) for name in (" raw ", " spec "))  # which are read some at a time
    graphs = QUESTIONS[question].count(" graph ")
    more = documents * (MANY // DOCUMENTS_AT_ONCE) + graphs * STATEMENTS_OF_GRAPHS * (MANY // GRAPHS_AT_ONCE)
    assert statements(MANY) <= statements(FEW) + more


def test_a_list_that_hangs_on_many_is_read_in_one_statement(world: SqlStore) -> None:
    with counted(world) as run:
        answer = execute(world, EVERYTHING, "{ runs(first: 50) { nodes { executions { nodes { id } } } } }")
    assert all(each["executions"]["nodes"] for each in answer["data"]["runs"]["nodes"])
    assert len(run) == 2


def test_only_what_is_asked_for_is_counted(world: SqlStore) -> None:
    with counted(world) as run:
        execute(world, EVERYTHING, "{ runs(first: 1) { nodes { id } } }")
    assert not any("count(" in statement for statement in run)
