"""Answers: what a reader is told of a small world, through the whole schema."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import orjson
import pytest

from lineage.identity import global_id, run_key
from lineage.model import Run
from lineage.ports import EVERYTHING, Page, Scope
from lineage_graphql import execute, saved_queries, to_json
from lineage_graphql.connections import Connection
from tests.example import (
    ENDPOINT,
    EXECUTIONS,
    EXPERIMENT,
    MODEL,
    NIGHTLY,
    PIPELINE,
    PREPARE,
    PREPARE_CACHED,
    RAW,
    RECURRING,
    REPORT,
    TABLE,
    TRAIN,
    TRAIN_FAILED,
    TRAIN_RUNNING,
    VERSION,
    WEEKLY,
    asked_of_example,
    example,
)
from tests.fakes import FakeStore


def ask(query: str, **variables: Any) -> dict[str, Any]:
    answer = execute(FakeStore(example()), EVERYTHING, query, variables)
    assert "errors" not in answer, answer["errors"]
    data: dict[str, Any] = answer["data"]
    return data


# ------------------------------------------------------------------------------------------ by id
@pytest.mark.parametrize("node", [NIGHTLY, TRAIN, MODEL, PIPELINE, VERSION, EXPERIMENT, RECURRING, ENDPOINT])
def test_a_node_is_found_by_its_id(node: Any) -> None:
    found = ask("query ($id: ID!) { node(id: $id) { __typename id } }", id=node.id)
    assert found["node"] == {"__typename": type(node).__name__, "id": node.id}


def test_nodes_come_in_the_order_asked_with_null_for_the_unknown() -> None:
    ids = [MODEL.id, global_id(("Run", "never")), NIGHTLY.id, MODEL.id]
    found = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert found["nodes"] == [{"id": MODEL.id}, None, {"id": NIGHTLY.id}, {"id": MODEL.id}]


@pytest.mark.parametrize("uid", [NIGHTLY.uid, "workflow-of-churn-nightly-1"])
def test_a_run_is_found_by_its_run_id_or_by_the_uid_of_a_workflow(uid: str) -> None:
    assert ask("query ($uid: String!) { run(uid: $uid) { id } }", uid=uid)["run"] == {"id": NIGHTLY.id}


# ------------------------------------------------------------------------------------------ fields
def test_a_run_is_told_with_its_context() -> None:
    run = ask("""{ run(uid: "5f3c2a10-nightly") {
        name namespace cluster phase startedAt finishedAt durationSeconds inCluster labels
        experiment { name } pipelineVersion { digest spec pipeline { name } }
        workflows { uid phase } completeness { complete missing } resubmittedFrom { id }
    } }""")["run"]
    assert run == {
        "name": "churn-nightly-1",
        "namespace": "churn",
        "cluster": "prod",
        "phase": "SUCCEEDED",
        "startedAt": "2026-11-14T08:00:00Z",
        "finishedAt": "2026-11-14T08:12:34.500000Z",
        "durationSeconds": 754.5,
        "inCluster": False,
        "labels": {"pipeline/runid": "5f3c2a10-nightly", "team": "churn"},
        "experiment": {"name": "retraining"},
        "pipelineVersion": {
            "digest": VERSION.digest,
            "spec": {"entrypoint": "main"},
            "pipeline": {"name": "train-churn"},
        },
        "workflows": [{"uid": "workflow-of-churn-nightly-1", "phase": "SUCCEEDED"}],
        "completeness": {"complete": True, "missing": []},
        "resubmittedFrom": None,
    }


def test_a_secret_is_shown_as_redacted_without_its_digest() -> None:
    answer = execute(FakeStore(example()), EVERYTHING, "{ runs { nodes { parameters { name value redacted } } } }")
    assert {"name": "api_key", "value": None, "redacted": True} in answer["data"]["runs"]["nodes"][0]["parameters"]
    assert b"hmac" not in to_json(answer)


def test_a_recurring_run_is_told_with_its_edits_and_its_runs() -> None:
    found = ask("""{ recurringRuns { nodes {
        uid kind name enabled stopped inCluster schedules scheduleError timezone maxConcurrency catchup
        experiment { name } spec { concurrencyPolicy parameters { name value redacted } }
        edits { since told spec { schedules } } runs { nodes { uid scheduledAt recurringRun { uid } } }
    } } }""")["recurringRuns"]["nodes"]
    assert found == [
        {
            "uid": "r-nightly",
            "kind": "CronWorkflow",
            "name": "churn-nightly",
            "enabled": True,
            "stopped": False,
            "inCluster": True,
            "schedules": ["0 8 * * *"],
            "scheduleError": None,
            "timezone": "Europe/Berlin",
            "maxConcurrency": None,
            "catchup": None,
            "experiment": {"name": "retraining"},
            "spec": {
                "concurrencyPolicy": "Forbid",
                "parameters": [
                    {"name": "date", "value": "{{workflow.scheduledTime}}", "redacted": False},
                    {"name": "api_key", "value": None, "redacted": True},
                ],
            },
            "edits": [
                {"since": "2026-11-13T08:00:00Z", "told": True, "spec": {"schedules": ["@daily"]}},
                {"since": "2026-11-14T07:00:00Z", "told": False, "spec": {"schedules": ["0 8 * * *"]}},
            ],
            "runs": {
                "nodes": [
                    {
                        "uid": NIGHTLY.uid,
                        "scheduledAt": "2026-11-14T08:00:00Z",
                        "recurringRun": {"uid": "r-nightly"},
                    }
                ]
            },
        }
    ]


def test_a_deployment_is_told_with_its_revisions_and_what_they_serve() -> None:
    found = ask("""{ deployments(where: { ready: true }, orderBy: [{ field: NAME }]) { totalCount nodes {
        uid name kind namespace cluster url ready since inCluster parent { name } models { id }
        revisions { name told models { name uri format } runtime trafficPercent until }
        served { revision model inferred servedNow changedSince artifact { id } replacedBy { id } }
    } } }""")["deployments"]
    model = {"name": "", "uri": MODEL.uri, "format": "sklearn 1"}
    assert found == {
        "totalCount": 1,
        "nodes": [
            {
                "uid": "d-churn",
                "name": "churn-endpoint",
                "kind": "InferenceService",
                "namespace": "churn",
                "cluster": "prod",
                "url": "http://churn.example.com",
                "ready": True,
                "since": "2026-11-14T10:00:00Z",
                "inCluster": True,
                "parent": None,
                "models": [{"id": MODEL.id}],
                "revisions": [
                    {
                        "name": "churn-endpoint-00001",
                        "told": True,
                        "models": None,
                        "runtime": None,
                        "trafficPercent": None,
                        "until": "2026-11-14T10:00:00Z",
                    },
                    {
                        "name": "churn-endpoint-00002",
                        "told": True,
                        "models": [model],
                        "runtime": "kserve-sklearn",
                        "trafficPercent": 100,
                        "until": None,
                    },
                ],
                "served": [
                    {
                        "revision": "churn-endpoint-00002",
                        "model": "",
                        "inferred": False,
                        "servedNow": True,
                        "changedSince": True,
                        "artifact": {"id": MODEL.id},
                        "replacedBy": {"id": REPORT.id},
                    },
                    {
                        "revision": "churn-endpoint-00001",
                        "model": "",
                        "inferred": True,
                        "servedNow": False,
                        "changedSince": None,
                        "artifact": {"id": TABLE.id},
                        "replacedBy": None,
                    },
                ],
            }
        ],
    }


def test_deployments_are_found_by_an_artifact_that_they_serve() -> None:
    query = "query ($id: ID!) { deployments(where: { model: $id }) { nodes { name } } }"
    assert ask(query, id=MODEL.id)["deployments"]["nodes"] == [{"name": "churn-endpoint"}]
    assert ask(query, id=RAW.id)["deployments"]["nodes"] == []


def test_downstream_of_data_ends_at_what_serves_it() -> None:
    found = ask(
        """query ($id: ID!) { lineage(roots: [$id], direction: DOWNSTREAM) {
            nodes { __typename ... on Deployment { name } } edges { target role name }
        } }""",
        id=MODEL.id,
    )["lineage"]
    assert {"__typename": "Deployment", "name": "churn-endpoint"} in found["nodes"]
    assert {"target": ENDPOINT.id, "role": "SERVED", "name": "churn-endpoint-00002"} in found["edges"]


def test_slots_are_told_page_by_page_with_their_runs() -> None:
    query = """query ($first: Int, $after: String) { recurringRuns { nodes {
        slots(from: "2026-11-14T00:00:00Z", to: "2026-11-16T00:00:00Z", first: $first, after: $after) {
            totalCount nodes { dueAt outcome reason lateBySeconds run { uid } } pageInfo { hasNextPage endCursor }
        } } } }"""
    first = ask(query, first=1)["recurringRuns"]["nodes"][0]["slots"]
    after = first["pageInfo"]["endCursor"]
    second = ask(query, first=1, after=after)["recurringRuns"]["nodes"][0]["slots"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (
        2,
        True,
        False,
    )
    assert [*first["nodes"], *second["nodes"]] == [
        {
            "dueAt": "2026-11-14T08:00:00Z",
            "outcome": "ON_TIME",
            "reason": None,
            "lateBySeconds": 1.5,
            "run": {"uid": NIGHTLY.uid},
        },
        {
            "dueAt": "2026-11-15T08:00:00Z",
            "outcome": "MISSED",
            "reason": "no run for it was ever seen",
            "lateBySeconds": None,
            "run": None,
        },
    ]


def test_an_execution_is_told_with_what_it_read_and_wrote() -> None:
    found = ask(
        """query ($id: ID!) { node(id: $id) { ... on Execution {
        run { uid } displayName attempt exitCode superseded cached resources
        pods { node restarts } images { container digestKind }
        inputs { name role ambiguous artifact { id } } outputs { role artifact { uri } }
        dependsOn { displayName }
    } } }""",
        id=TRAIN.id,
    )["node"]
    assert found == {
        "run": {"uid": NIGHTLY.uid},
        "displayName": "train",
        "attempt": 1,
        "exitCode": 0,
        "superseded": False,
        "cached": False,
        "resources": {"cpu": 12, "memory": 2**60},
        "pods": [{"node": "gpu-3", "restarts": 0}],
        "images": [{"container": "main", "digestKind": "MANIFEST"}],
        "inputs": [{"name": "table", "role": "USED", "ambiguous": False, "artifact": {"id": TABLE.id}}],
        "outputs": [{"role": "GENERATED", "artifact": {"uri": MODEL.uri}}],
        "dependsOn": [{"displayName": "prepare"}],
    }


def test_a_run_is_told_with_all_its_steps_and_which_leads_to_which() -> None:
    found = ask(saved_queries()["run-graph"].text, id=NIGHTLY.id)["node"]
    steps = {each["id"]: each["displayName"] for each in found["graph"]["executions"]}
    links = {(steps[link["source"]], steps[link["target"]]) for link in found["graph"]["links"]}
    assert (found["id"], found["phase"], found["graph"]["complete"]) == (NIGHTLY.id, "SUCCEEDED", True)
    assert set(steps) == {each.id for each in EXECUTIONS if each.run_key == NIGHTLY.key and not each.superseded}
    assert ("prepare", "train") in links


def test_a_cache_hit_names_the_execution_that_it_took_over_from() -> None:
    found = ask("{ executions(where: {cached: true}) { nodes { id cachedFrom { id } outputs { role } } } }")
    assert found["executions"]["nodes"] == [
        {"id": PREPARE_CACHED.id, "cachedFrom": {"id": PREPARE.id}, "outputs": [{"role": "REUSED"}]}
    ]


def test_an_artifact_names_its_producer_and_its_consumers() -> None:
    found = ask(
        "query ($id: ID!) { node(id: $id) { ... on Artifact { producer { id } consumers { nodes { id } } } } }",
        id=TABLE.id,
    )["node"]
    assert found["producer"] == {"id": PREPARE.id}
    assert {each["id"] for each in found["consumers"]["nodes"]} == {
        execution.id for execution in (TRAIN, TRAIN_FAILED, TRAIN_RUNNING, PREPARE_CACHED)
    }


def test_what_came_from_outside_has_no_producer() -> None:
    found = ask("{ artifacts(where: {external: true}) { nodes { id producer { id } } } }")
    assert found["artifacts"]["nodes"] == [{"id": RAW.id, "producer": None}]


def test_integers_of_any_length_keep_every_digit() -> None:
    answer = execute(FakeStore(example()), EVERYTHING, '{ run(uid: "5f3c2a10-nightly") { raw } }')
    assert str(2**70).encode() in to_json(answer)


# ------------------------------------------------------------------------------------------ lists
def test_a_page_leads_to_the_next_and_back() -> None:
    query = """query ($first: Int, $after: String, $last: Int, $before: String) {
        executions(first: $first, after: $after, last: $last, before: $before) {
            nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    } }"""
    first = ask(query, first=4)["executions"]
    second = ask(query, first=4, after=first["pageInfo"]["endCursor"])["executions"]
    assert [len(first["nodes"]), len(second["nodes"])] == [4, 2]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    back = ask(query, last=4, before=second["pageInfo"]["startCursor"])["executions"]
    assert back["nodes"] == first["nodes"]


def test_edges_pair_each_node_with_its_cursor() -> None:
    edges = ask("{ executions(first: 1) { edges { cursor node { id } } pageInfo { endCursor } } }")["executions"]
    assert edges["edges"] == [{"cursor": edges["pageInfo"]["endCursor"], "node": {"id": PREPARE.id}}]


def test_a_list_is_counted_whole_and_by_its_filter() -> None:
    found = ask("{ all: executions(first: 1) { totalCount } some: executions(where: {cached: true}) { totalCount } }")
    assert found == {"all": {"totalCount": len(EXECUTIONS)}, "some": {"totalCount": 1}}


def test_counting_reads_no_item() -> None:
    store = FakeStore(example())
    execute(store, EVERYTHING, "{ runs { totalCount } }")
    assert store.reads == ["count Run"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('{parameter: {name: "learning_rate", gte: "0.1"}}', [NIGHTLY]),
        ('{label: {name: "team", eq: "churn"}, phase: {eq: RUNNING}}', [WEEKLY]),
        ('{pipelineName: {eq: "train-churn"}, not: {phase: {eq: RUNNING}}}', [NIGHTLY]),
        ('{image: {contains: "churn-train"}}', [WEEKLY, NIGHTLY]),
        (f'{{usesArtifact: "{MODEL.id}"}}', [NIGHTLY]),
        ("{phase: {in: []}}", []),
    ],
)
def test_runs_are_found_by_what_is_known_of_them(where: str, expected: list[Any]) -> None:
    found = ask(f"{{ runs(where: {where}) {{ nodes {{ id }} }} }}")
    assert [each["id"] for each in found["runs"]["nodes"]] == [run.id for run in expected]


def test_pipelines_and_experiments_lead_to_their_runs() -> None:
    found = ask("""{
        pipelines { nodes { versions { totalCount nodes { digest } } runs { totalCount } } }
        experiments { nodes { runs(where: {phase: {eq: RUNNING}}) { nodes { id } } } }
    }""")
    assert found["pipelines"]["nodes"] == [
        {"versions": {"totalCount": 1, "nodes": [{"digest": VERSION.digest}]}, "runs": {"totalCount": 2}}
    ]
    assert found["experiments"]["nodes"] == [{"runs": {"nodes": [{"id": WEEKLY.id}]}}]


def test_what_lies_outside_the_scope_is_as_if_it_did_not_exist() -> None:
    nobody = Scope(namespaces=frozenset({("prod", "elsewhere")}))
    answer = execute(FakeStore(example()), nobody, '{ runs { totalCount } run(uid: "5f3c2a10-nightly") { id } }')
    assert answer["data"] == {"runs": {"totalCount": 0}, "run": None}
    assert answer["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


# ------------------------------------------------------------------------------------------ graphs and ledgers
def test_an_artifact_leads_back_to_everything_it_was_made_from() -> None:
    graph = ask(saved_queries()["where-did-this-come-from"].text, artifact=REPORT.id)["lineage"]
    found = {node["id"] for node in graph["nodes"]}
    assert {RAW.id, PREPARE.id, TABLE.id, TRAIN.id, MODEL.id, REPORT.id} <= found
    assert {"source": MODEL.id, "target": found_execution(graph, "evaluate"), "role": "USED"}.items() <= next(
        edge for edge in graph["edges"] if edge["source"] == MODEL.id
    ).items()
    assert graph["complete"]


def found_execution(graph: dict[str, Any], step: str) -> object:
    return next(node["id"] for node in graph["nodes"] if node.get("displayName") == step)


def test_a_walk_that_is_cut_short_says_so_and_where_to_go_on() -> None:
    found = ask(
        "query ($id: ID!) { lineage(roots: [$id], maxDepth: 1) { complete reasons frontier depth } }", id=REPORT.id
    )["lineage"]
    assert not found["complete"]
    assert found["reasons"]
    assert found["frontier"]
    assert found["depth"] == 1


def test_sources_and_what_could_not_be_recorded_are_told() -> None:
    found = ask(saved_queries()["ingestion"].text)["ingestion"]
    assert [(source["kind"], source["namespace"], source["state"]) for source in found["sources"]] == [
        ("Workflow", "*", "SYNCED"),
        ("Pod", "*", "FORBIDDEN"),
    ]
    assert found["rejected"]["nodes"][0]["reason"] == "status.nodes is a list, expected an object"


def test_a_source_tells_when_it_was_not_watched() -> None:
    query = """{ ingestion { sources { name watchedUntil gapCount
        gaps(first: 1) { totalCount nodes { from to reason created changed gone } pageInfo { hasNextPage } } } } }"""
    workflows, pods = ask(query)["ingestion"]["sources"]
    assert (workflows["watchedUntil"], workflows["gapCount"]) == ("2026-11-21T09:00:00Z", 2)
    (gap,) = workflows["gaps"]["nodes"]
    assert (gap["from"], gap["to"]) == ("2026-11-21T08:00:00Z", "2026-11-21T08:05:00Z")
    assert (gap["reason"], gap["created"], gap["changed"], gap["gone"]) == ("410: <Expired>", 1, 2, 0)
    assert (workflows["gaps"]["totalCount"], workflows["gaps"]["pageInfo"]["hasNextPage"]) == (2, True)
    assert (pods["watchedUntil"], pods["gaps"]["nodes"]) == (None, [])


HISTORY = """query ($id: ID!, $after: String) { node(id: $id) { ... on Artifact { state sizeBytes contentDigest
    history(first: 2, after: $after) { totalCount nodes { state evidence digest sizeBytes }
        pageInfo { hasNextPage endCursor } } } } }"""


def test_an_artifact_tells_of_each_look_at_it_page_by_page() -> None:
    found = ask(HISTORY, id=MODEL.id)["node"]
    assert (found["state"], found["sizeBytes"], found["contentDigest"]) == ("UNVERIFIED", None, None)
    assert [look["state"] for look in found["history"]["nodes"]] == ["MISSING", "UNVERIFIED"]
    assert (found["history"]["totalCount"], found["history"]["pageInfo"]["hasNextPage"]) == (3, True)
    rest = ask(HISTORY, id=MODEL.id, after=found["history"]["pageInfo"]["endCursor"])["node"]["history"]
    (first,) = rest["nodes"]
    assert (first["state"], first["evidence"], first["sizeBytes"]) == ("PRESENT", "its bytes were read", str(2**60))
    assert not rest["pageInfo"]["hasNextPage"]


def test_a_cursor_of_another_list_of_looks_is_refused() -> None:
    answer = execute(FakeStore(example()), EVERYTHING, HISTORY, {"id": MODEL.id, "after": "1-1"})
    assert "no cursor of this list" in answer["errors"][0]["message"]


# ------------------------------------------------------------------------------------------ metrics
def test_a_run_tells_the_latest_value_of_each_metric_and_whose_it_is() -> None:
    found = ask("""{ run(uid: "5f3c2a10-nightly") { metrics {
        name value special step percentage cached source execution { displayName } run { uid } } } }""")
    auc, duration, loss = found["run"]["metrics"]
    assert auc == {
        "name": "auc",
        "value": 0.91,
        "special": None,
        "step": 0,
        "percentage": True,
        "cached": False,
        "source": MODEL.uri,
        "execution": {"displayName": "train"},
        "run": {"uid": NIGHTLY.uid},
    }
    assert (duration["source"], duration["execution"]) == ("built in", None)
    assert (loss["value"], loss["special"], loss["step"], loss["cached"]) == (None, "NAN", 3, True)


SERIES = """query ($id: ID!, $after: String) { node(id: $id) { ... on Execution {
    metricSeries(name: "loss", first: 2, after: $after) {
        totalCount nodes { step value } pageInfo { hasNextPage endCursor } } } } }"""


def test_an_execution_tells_a_series_page_by_page() -> None:
    found = ask(SERIES, id=TRAIN.id)["node"]["metricSeries"]
    assert (found["totalCount"], found["nodes"]) == (3, [{"step": 0, "value": 0.9}, {"step": 1, "value": 0.6}])
    rest = ask(SERIES, id=TRAIN.id, after=found["pageInfo"]["endCursor"])["node"]["metricSeries"]
    assert rest["nodes"] == [{"step": 2, "value": 0.4}]
    assert not rest["pageInfo"]["hasNextPage"]


def test_runs_are_found_and_ordered_by_a_metric() -> None:
    found = ask("""{ runs(where: {metric: {name: "auc", gt: 0.9, lte: 1}},
        orderBy: [{field: METRIC, metric: "auc", direction: DESC}]) { nodes { uid } } }""")
    assert found["runs"]["nodes"] == [{"uid": NIGHTLY.uid}]
    assert ask('{ runs(where: {metric: {name: "auc", gt: 0.91}}) { totalCount } }')["runs"]["totalCount"] == 0


def test_an_artifact_tells_what_it_says() -> None:
    found = ask("query ($id: ID!) { node(id: $id) { ... on Artifact { metadata } } }", id=REPORT.id)
    assert found["node"]["metadata"] == {"plots": [{"type": "markdown", "text": "# Report"}]}


def test_metrics_are_named() -> None:
    assert ask("{ metricNames }")["metricNames"] == ["auc", "duration_seconds", "loss"]
    one = ask("query ($id: ID!) { metricNames(scope: {pipeline: $id}) }", id=PIPELINE.id)
    assert one["metricNames"] == ["auc", "duration_seconds", "loss"]


@pytest.mark.parametrize("scope", ["{}", '{namespace: "a", experiment: "x"}', "{namespace: null}"])
def test_a_scope_of_metrics_names_exactly_one_thing(scope: str) -> None:
    (error,) = execute(FakeStore(example()), EVERYTHING, f"{{ metricNames(scope: {scope}) }}")["errors"]
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


# ------------------------------------------------------------------------------------------ saved queries
NOBODY = global_id(run_key("nobody"))
NEEDED: dict[str, object] = {
    **asked_of_example(),
    "ids": [RECURRING.id],
    "from": "2026-11-14T00:00:00Z",
    "to": "2026-11-16T00:00:00Z",
    "id": NIGHTLY.id,
    "text": "churn",
    "uid": NIGHTLY.uid,
    "artifact": TABLE.id,
    "roots": [TABLE.id],
    "deployment": ENDPOINT.id,
    "execution": TRAIN.id,
    "metric": "auc",
    "metrics": ["auc"],
    "one": [TABLE.id],
    "base": NIGHTLY.id,
    "run": NIGHTLY.id,
    "target": WEEKLY.id,
    "other": [MODEL.id],
    "scope": {"namespace": "team-a"},
    "uri": "s3://bucket/key",
    "where": {},
}
FOLLOWED = "page-changes"  # a subscription, which takes another way


@pytest.mark.parametrize("name", sorted(saved_queries().keys() - {FOLLOWED}))
def test_a_saved_query_is_answered(name: str) -> None:
    text = saved_queries()[name].text
    data = ask(text, **{name: value for name, value in NEEDED.items() if f"${name}:" in text})
    assert orjson.loads(to_json({"data": data}))["data"]


# ------------------------------------------------------------------------------------------ impact and paths
def test_what_descends_from_something_is_counted_and_listed() -> None:
    found = ask(
        """query ($roots: [ID!]) { impact(roots: $roots, first: 1) {
            runCount executionCount artifactCount modelCount deploymentCount complete reasons
            runs { displayName } executions { displayName run { displayName } } artifacts { uri }
            models { uri producer { displayName } } deployments { name }
        } }""",
        roots=[TABLE.id],
    )["impact"]
    assert (found["runCount"], found["complete"], found["reasons"]) == (2, True, [])
    assert [len(found[name]) for name in ("runs", "executions", "artifacts", "deployments")] == [1, 1, 1, 1]
    assert found["executionCount"] > 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("impact { runCount }", "nothing is asked about: give roots, an image, or both"),
        ("impact(roots: [], first: 5) { runCount }", "nothing is asked about"),
        (f'impact(roots: ["{TABLE.id}"], first: 0) {{ runCount }}', "first is 0; 1 to 100 of each can be listed"),
        ('impact(image: "r/x:1") { runCount }', "no execution that ran 'r/x:1' is recorded"),
        (f'paths(from: ["{TABLE.id}"], to: ["{TABLE.id}"], maxNodes: 0) {{ shortest }}', "maxNodes is 0"),
        (f'paths(from: ["{NOBODY}"], to: ["{TABLE.id}"]) {{ shortest }}', "none of the nodes of one end"),
    ],
)
def test_what_makes_no_sense_says_what_to_give(asked: str, said: str) -> None:
    answer = execute(FakeStore(example()), EVERYTHING, f"{{ {asked} }}", {})
    assert said in answer["errors"][0]["message"]


def test_why_two_things_are_connected() -> None:
    found = ask(
        "query ($one: [ID!]!, $other: [ID!]!) { paths(from: $one, to: $other) { shortest graph { nodes { id } } } }",
        one=[MODEL.id],
        other=[TABLE.id],
    )["paths"]
    assert {TABLE.id, MODEL.id} <= {node["id"] for node in found["graph"]["nodes"]}


# ------------------------------------------------------------------------------------------ how often is read
def test_the_number_of_reads_does_not_grow_with_the_page() -> None:
    query = """query ($first: Int) { executions(first: $first) { nodes {
        run { name experiment { name } pipelineVersion { pipeline { name } } }
        pods { name } images { digest } inputs { artifact { producer { run { uid } } } }
        outputs { name } dependsOn { id }
    } } }"""

    def reads(first: int) -> int:
        store = FakeStore(example())
        assert "errors" not in execute(store, EVERYTHING, query, {"first": first})
        return len(store.reads)

    assert reads(6) <= reads(2) + 2  # the second page reaches artifacts of another run


def test_what_was_read_is_not_read_again() -> None:
    store = FakeStore(example())
    same = 'run(uid: "5f3c2a10-nightly") { workflows { uid } experiment { name } }'
    execute(store, EVERYTHING, f"{{ a: {same} b: {same} }}")
    assert store.reads == ["run_by_uid", "workflows", "get", "run_by_uid"]


def test_a_list_that_takes_long_keeps_no_other_list_waiting() -> None:
    begun, other_is_read = Event(), Event()
    empty: Page[Run] = Page(items=(), cursors=(), has_next=False, has_previous=False)

    def read_slowly() -> Page[Run]:
        begun.set()
        assert other_is_read.wait(10)
        return empty

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(lambda: Connection(read_slowly).nodes)
        assert begun.wait(10)
        assert Connection(lambda: empty).nodes == ()
        other_is_read.set()
        assert slow.result() == ()


@pytest.mark.parametrize("name", ["name @include(if: $named)", "... @include(if: $named) { name }"])
def test_variables_decide_anew_what_is_selected(name: str) -> None:
    query = f"query ($uid: String!, $named: Boolean!) {{ run(uid: $uid) {{ id {name} }} }}"
    for is_named in (True, False, True):
        found = ask(query, uid=NIGHTLY.uid, named=is_named)
        assert found["run"] == {"id": NIGHTLY.id} | ({"name": NIGHTLY.name} if is_named else {})


def test_a_text_that_was_answered_is_answered_of_other_types() -> None:
    query = "query ($id: ID!) { node(id: $id) { __typename ... on Run { uid } ... on Execution { nodeId } } }"
    for _ in range(2):
        assert ask(query, id=NIGHTLY.id)["node"] == {"__typename": "Run", "uid": NIGHTLY.uid}
        assert ask(query, id=TRAIN.id)["node"] == {"__typename": "Execution", "nodeId": TRAIN.node_id}
