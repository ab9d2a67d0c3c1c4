"""The schema: kept in its file, described throughout, and contained in the contract."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    build_client_schema,
    build_schema,
    find_breaking_changes,
    get_introspection_query,
    lexicographic_sort_schema,
    parse,
    print_schema,
    validate,
)

from lineage.ports import EVERYTHING
from lineage_graphql import execute, saved_queries, sdl
from lineage_graphql.schema import SCHEMA
from tests.conftest import fixtures_folder
from tests.fakes import FakeStore

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = fixtures_folder().parent / "design" / "contract.graphql"

NOT_IN_THE_CONTRACT = {
    "ArtifactWhere.id": "one question finds artifacts by uri and by id, as filters of other lists do",
    "Artifact.text": "logs and reports are read where they are found",
    "ArtifactUse.inferred": "a mount is as uncertain in the list of inputs as it is in the graph",
    "Deployment.createdAt": "lists are ordered by it",
    "Deployment.inCluster": "nothing is served once it is gone",
    "Deployment.message": "why nobody can ask it",
    "Deployment.parent": "a TrainedModel is loaded into a service of another name",
    "Deployment.revisions": "while a model is tried two are served, and what was served stays known",
    "Deployment.served": "which write each revision read, and whether that was overwritten since",
    "DeploymentWhere.inCluster": "what is gone is left out by it",
    "DeploymentWhere.kind": "three kinds of objects serve models",
    "DeploymentWhere.uid": "as with recurring runs",
    "Execution.conditions": "a trial or a job says by them how it fares, and since when",
    "Execution.details": "each kind of object has what no other has",
    "Execution.observed": "Katib notes of a metric the least, the greatest and the last value, as text",
    "Execution.replicas": "a job is many pods",
    "Execution.restarts": "a job that was begun anew looks like one that was not",
    "Execution.startedRuns": "what a step or a trial started is a run of its own",
    "Execution.stoppedEarly": "it ended well and was not let to its end",
    "Execution.turns": "a later view of an object has forgotten what it was before",
    "Execution.component": "what people write and reuse is a component, and steps are named otherwise",
    "Execution.origins": "Kubeflow's records say what no workflow does, and a reader must see who said it",
    "Change.detail": "that the same bytes lie elsewhere cannot be seen by two uris",
    "Change.steps": "one change of a template is one of all its steps",
    "RunDiff.notCompared": "what is not known of both is no sameness",
    "Execution.fingerprintMissing": "who has no fingerprint wants to know what is missing",
    "Run.fingerprintMissing": "as of executions",
    "Query.alerts": "what was told, and whether it was taken, is asked for as all else is",
    "Query.metricTrends": "which of all metrics moved is asked before how one did",
    "MetricShift.at": "a shift is told with its time",
    "MetricShift.earliest": "where a shift was is known within an interval",
    "MetricShift.latest": "where a shift was is known within an interval",
    "MetricShift.effect": "how large a shift is beside the noise says whether it matters",
    "MetricShift.separating": "who cannot tell suspects apart wants to know how he could",
    "MetricShift.together": "which suspects cannot be told apart",
    "MetricShift.verdict": "a shift may be for better or worse",
    "MetricTrend.alarm": "what cannot be confirmed yet may be warned of",
    "MetricTrend.noise": "no change below what equal runs differ by says anything",
    "MetricTrend.direction": "which way is better decides what a shift is",
    "MetricTrend.changes": "what was another from run to run is seen beneath the values",
    "MetricTrend.gaps": "runs without a value and slots without a run stand on the axis",
    "MetricTrend.leastEffect": "a change may be too small to matter",
    "MetricTrend.split": "a series may be of the runs with one value of a parameter",
    "MetricTrend.task": "a series may be of one task",
    "MetricTrend.verdict": "what is to be said of many metrics is said in one word of each",
    "TrendPoint.versionChanged": "versions of a pipeline are one series, with the change marked",
    "TrendSummary.best": "what a metric has been at its best",
    "TrendSummary.difference": "how the last two differ",
    "TrendSummary.falseDiscovery": "among many metrics some shift by chance",
    "TrendSummary.iqr": "how wide the middle half is",
    "TrendSummary.relativeDifference": "how the last two differ",
    "TrendSummary.slopeHigh": "a slope without its interval says little",
    "TrendSummary.slopeLow": "a slope without its interval says little",
    "TrendSummary.slotsMissed": "a run that was not made is no run without a value",
    "TrendSummary.trendPValue": "whether it drifts at all",
    "TrendSummary.zScore": "how surprising the last value is",
    "Query.layout": "a page draws what it holds as reports do, and needs no layout of its own",
    "Query.impact": "what is counted and listed of a graph needs none of its edges",
    "Query.paths": "what lies between two things is not what lies around one",
    "Query.nondeterminism": "executions that should agree are told apart by their fingerprints",
    "Execution.reuse": "what was taken over from a cache may be stale or broken",
    "AuditCheck.counts": "one step of a thousand weighs otherwise than all of them",
    "AuditCheck.evidenceTotal": "of much evidence the first pieces are listed, and a reader must see how much there is",
    "AuditCheck.severity": "some checks block the badge beside the tiers, and others only warn",
    "Evidence.kind": "a verdict names the object that it rests on",
    "Evidence.uid": "a verdict names the object that it rests on",
    "Evidence.version": "a verdict names the object that it rests on, as it was seen",
    "Execution.iteration": "items of a loop have one name, and only their number tells them apart",
    "Metric.percentage": "0.77 may be meant as 77 %, and Kubeflow says which",
    "RecurringRun.createdAt": "lists are ordered by it",
    "RecurringRun.displayName": "what people called it in Kubeflow is not what its object is called",
    "RecurringRun.edits": "what was due follows from what was in force, and a reader must see that",
    "RecurringRun.experiment": "it is the one object of a cluster that names one",
    "RecurringRun.inCluster": "nothing is due once it is gone",
    "RecurringRun.kind": "each kind has its own rules of what is due",
    "RecurringRun.scheduleError": "a schedule that nobody can read looks like one that is never due",
    "RecurringRun.spec": "all of what is in force, as of every edit",
    "RecurringRun.stopped": "nothing is due once its stop strategy has ended it",
    "LineageGraph.copies": "what somebody copied leads on by its content, which is no use by any execution",
    "LineageGraph.starts": "an execution that started another influenced it, and no artifact says so",
    "PodSeen.startedAt": "how long a step waited is seen by it",
    "Run.bestTrial": "what a search has found",
    "Run.details": "each kind of object has what no other has",
    "Run.forgottenAt": "what is not known any more looks else like what nobody saw",
    "Run.graph": "a picture of a run shows all of its steps, and pages of them lead nowhere in it",
    "Run.pages": "who looks at a run may want to act on it, where that can be done",
    "Run.kind": "jobs and Katib's experiments run something as workflows do",
    "Run.startedBy": "the run of a tuned pipeline stands under its trial",
    "Run.tuning": "what a search is after",
    "RunWhere.kind": "those who want workflows alone ask for them",
    "RunWhere.startedBy": "those who want what nothing else started ask for it",
    "Run.origins": "Kubeflow's services say what no object of a cluster does, and a reader must see who said it",
    "Source.namespace": "a source watches one namespace or all, and a reader must see which",
    "Source.watchedUntil": "a gap that nobody has told of yet begins there",
}
TYPES_NOT_IN_THE_CONTRACT = {
    "Alert": "what a rule found, and what became of it",
    "AlertConnection": "a page of them",
    "AlertEdge": "one on a page",
    "AlertKind": "what a rule looks for",
    "AlertState": "whether an alert was taken",
    "AuditCount": "how many of what a check looked at came to a verdict",
    "Layout": "where a page draws what it holds",
    "LayoutBox": "what it wants to draw",
    "LayoutLink": "what it wants to draw",
    "LayoutRoute": "where it draws a link",
    "PlacedBox": "where it draws a box",
    "ImageAnswer": "who audits asks registries, and hands on what they said",
    "Reuse": "what it is worth that outputs were taken over",
    "ReuseVerdict": "what it is worth that outputs were taken over",
    "Severity": "what a check does to a run that does not pass it",
    "Condition": "how an object fares, as Kubernetes says it",
    "ObservedMetric": "what Katib notes of a metric",
    "Impact": "what descends from something, with counts, which no list of a graph says",
    "PageLink": "where another page shows a run",
    "Paths": "all ways between two things, and the shortest of them",
    "ArtifactText": "what an artifact begins with",
    "Copy": "which artifact may be a copy of which",
    "DeploymentRevision": "what a deployment served from one rollout to the next",
    "Origin": "which source a field comes from",
    "Replicas": "the pods of a job by their role",
    "SearchedParameter": "what a search may choose from",
    "StepGraph": "the steps of a run at once, and which leads to which",
    "StepLink": "which step leads to which",
    "Start": "which execution started which",
    "Tuning": "what a search is after, and has found",
    "Turn": "what a trial or a job came to",
    "RecurringEdit": "a spec, and since when it was in force",
    "RecurringSpec": "what is in force of a recurring run, now or before an edit",
    "ServedArtifact": "the write that a revision read, and what became of its place since",
    "Disagreement": "an output of which not always the same came out",
    "Nondeterminism": "where executions of one fingerprint do not agree",
    "Result": "what came out, and how often",
    "Unlike": "executions of one fingerprint that do not agree",
    "MetricDirection": "which way a metric should go",
    "MetricStanding": "what is to be said of a series in one word",
    "TrendAlarm": "what cannot be confirmed yet may be warned of, with how often such a warning means nothing",
    "TrendNoise": "no change below what equal runs differ by says anything",
    "TrendChange": "what was another from run to run is seen beneath the values",
    "TrendGap": "runs without a value, and slots without a run",
    "TrendSplit": "of which runs a series is",
    "ServedModel": "a model as the spec names it, which may be no place that anybody wrote to",
}
ARGUMENTS_NOT_IN_THE_CONTRACT = {
    "Query.audit(images)": "who audits asks registries, and hands on what they said",
    "Query.metricTrend(directions)": "which way is better is for who asks to say",
    "Query.metricTrend(task)": "a series may be of one task",
}
DESCRIBED_DIFFERENTLY = {
    "AuditCheck": "the ids are those that the program lists",
    "Deployment": "other kinds of objects serve models, too",
}
Fields = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


def own_types(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    return {name: each for name, each in schema.type_map.items() if not name.startswith("__")}


def fields(schema: GraphQLSchema) -> dict[str, Any]:
    """All fields and input fields, as `Type.field`."""
    return {
        f"{name}.{field}": definition
        for name, each in own_types(schema).items()
        if isinstance(each, Fields)
        for field, definition in each.fields.items()
    }


def arguments(schema: GraphQLSchema) -> dict[str, Any]:
    """All arguments, as `Type.field(argument)`."""
    return {
        f"{path}({name})": argument
        for path, field in fields(schema).items()
        for name, argument in getattr(field, "args", {}).items()
    }


# ------------------------------------------------------------------------------------------ in itself
def test_the_printed_schema_is_the_one_of_the_code() -> None:
    assert (ROOT / "graphql" / "schema.graphql").read_text(encoding="utf-8") == sdl(), (
        "run: python -m lineage_graphql > graphql/schema.graphql"
    )


def test_everything_is_described() -> None:
    built_in = {"String", "Int", "Float", "Boolean", "ID"}
    described = {
        **{name: each for name, each in own_types(SCHEMA).items() if name not in built_in},
        **fields(SCHEMA),
        **arguments(SCHEMA),
    }
    assert [path for path, each in described.items() if not each.description] == []


def test_every_connection_has_the_shape_of_relay() -> None:
    connections = [name for name in own_types(SCHEMA) if name.endswith("Connection") and name != "SearchConnection"]
    assert len(connections) == 14
    for name in connections:
        node = name.removesuffix("Connection")
        shape = {field: str(fields(SCHEMA)[f"{name}.{field}"].type) for field in SCHEMA.type_map[name].fields}  # type: ignore[attr-defined] # an object type
        assert shape == {
            "edges": f"[{node}Edge!]!",
            "nodes": f"[{node}!]!",
            "pageInfo": "PageInfo!",
            "totalCount": "Int!",
        }


def test_a_search_has_pages_but_no_count() -> None:
    shape = {field: str(fields(SCHEMA)[f"SearchConnection.{field}"].type) for field in ("edges", "nodes", "pageInfo")}
    assert shape == {"edges": "[SearchEdge!]!", "nodes": "[SearchResult!]!", "pageInfo": "PageInfo!"}
    assert "SearchConnection.totalCount" not in fields(SCHEMA)


# ------------------------------------------------------------------------------------------ as Relay asks for it
@pytest.fixture(scope="module")
def introspected() -> GraphQLSchema:
    """The schema as a client learns it."""
    query = get_introspection_query(input_object_one_of=True)
    return build_client_schema(execute(FakeStore(), EVERYTHING, query)["data"])


def shape(schema: GraphQLSchema, name: str) -> dict[str, str]:
    return {
        path.partition(".")[2]: str(each.type) for path, each in fields(schema).items() if path.startswith(f"{name}.")
    }


def test_a_client_learns_the_schema_that_is_printed(introspected: GraphQLSchema) -> None:
    assert print_schema(lexicographic_sort_schema(introspected)) == print_schema(lexicographic_sort_schema(SCHEMA))


def test_any_object_can_be_asked_for_again_by_its_id(introspected: GraphQLSchema) -> None:
    assert shape(introspected, "Node") == {"id": "ID!"}
    found = arguments(introspected)
    assert (str(fields(introspected)["Query.node"].type), str(found["Query.node(id)"].type)) == ("Node", "ID!")
    assert (str(fields(introspected)["Query.nodes"].type), str(found["Query.nodes(ids)"].type)) == ("[Node]!", "[ID!]!")
    listed = {name.removesuffix("Connection") for name in own_types(introspected) if name.endswith("Connection")}
    node = introspected.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    has_id = {each.name for each in introspected.get_implementations(node).objects}
    assert has_id - listed == {"Hidden"}  # of which there is no list
    assert listed - has_id == {"Alert", "Search", "Gap", "ArtifactLook", "Metric", "Slot"}


def test_pages_say_where_they_stand(introspected: GraphQLSchema) -> None:
    assert shape(introspected, "PageInfo") == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
    }


def test_edges_hold_an_item_and_its_cursor(introspected: GraphQLSchema) -> None:
    for name in own_types(introspected):
        if name.endswith("Edge") and name != "LineageEdge":
            node = "SearchResult" if name == "SearchEdge" else name.removesuffix("Edge")
            assert shape(introspected, name) == {"node": f"{node}!", "cursor": "String!"}


def test_lists_are_read_forward_and_where_they_take_a_filter_backward_too(introspected: GraphQLSchema) -> None:
    lists = {path: each for path, each in fields(introspected).items() if str(each.type).endswith("Connection!")}
    assert len(lists) > 10
    for path, each in lists.items():
        given = {name: str(argument.type) for name, argument in each.args.items()}
        wanted = {"first": "Int", "after": "String"}
        if "where" in given:
            wanted |= {"last": "Int", "before": "String"}
        assert wanted.items() <= given.items(), path


# ------------------------------------------------------------------------------------------ against what was before
VERSIONS_COMPARED = 20
BROKEN_ON_PURPOSE: dict[str, str] = {}
"""What may be missing, as graphql-core describes it, and why."""


def committed_schemas() -> list[str]:
    """The schemas of the last commits that changed the file, the newest first."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("there is no history to compare the schema with")

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=True).stdout

    commits = git("log", f"--max-count={VERSIONS_COMPARED}", "--format=%H", "--", "graphql/schema.graphql").split()
    return [git("show", f"{commit}:graphql/schema.graphql") for commit in commits]


def test_nothing_that_a_user_may_build_on_was_taken_away() -> None:
    found = {
        change.description
        for text in committed_schemas()
        for change in find_breaking_changes(build_schema(text), build_schema(sdl()))
    }
    assert found - set(BROKEN_ON_PURPOSE) == set()


def test_taking_a_field_away_is_noticed() -> None:
    run = "type Run implements Node & LineageNode {\n"
    before = build_schema(sdl().replace(run, f"{run}  seconds: Float\n", 1))
    assert [change.description for change in find_breaking_changes(before, build_schema(sdl()))] == [
        "Run.seconds was removed."
    ]


# ------------------------------------------------------------------------------------------ against the contract
@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    if not CONTRACT.is_file():
        pytest.skip(f"there is no contract in {CONTRACT}")
    # graphql-core 3.2 knows no @oneOf of its own.
    text = "directive @oneOf on INPUT_OBJECT\n" + CONTRACT.read_text(encoding="utf-8")
    return build_schema(text)


def test_every_type_is_one_of_the_contract(contract: GraphQLSchema) -> None:
    ours, theirs = own_types(SCHEMA), own_types(contract)
    assert ours.keys() - theirs.keys() == set(TYPES_NOT_IN_THE_CONTRACT)
    assert {name for name in ours.keys() & theirs.keys() if kind(ours[name]) != kind(theirs[name])} == set()


def kind(each: GraphQLNamedType) -> str:
    return type(each).__name__.removeprefix("Graphene").removeprefix("GraphQL")


def test_every_field_is_one_of_the_contract(contract: GraphQLSchema) -> None:
    ours, theirs = fields(SCHEMA), fields(contract)
    added = {path for path in set(ours) - set(theirs) if path.partition(".")[0] not in TYPES_NOT_IN_THE_CONTRACT}
    assert added == set(NOT_IN_THE_CONTRACT)
    assert differing_types(ours, theirs) == []


def test_every_argument_is_one_of_the_contract(contract: GraphQLSchema) -> None:
    ours, theirs = arguments(SCHEMA), arguments(contract)
    added = {path for path in set(ours) - set(theirs) if path.partition("(")[0] not in NOT_IN_THE_CONTRACT}
    assert added == set(ARGUMENTS_NOT_IN_THE_CONTRACT)
    assert differing_types(ours, theirs) == []


def differing_types(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    both = ours.keys() & theirs.keys()
    return [
        f"{path} is {typed(ours[path])}, in the contract {typed(theirs[path])}"
        for path in sorted(both)
        if typed(ours[path]) != typed(theirs[path])
    ]


def typed(each: Any) -> str:
    return f"{each.type} = {default(each)}"


def default(value: Any) -> object:
    given = getattr(value, "default_value", Undefined)
    return getattr(given, "value", given)


def test_lists_of_a_type_take_the_same_arguments_as_in_the_contract(contract: GraphQLSchema) -> None:
    ours, theirs = arguments(SCHEMA), arguments(contract)
    missing = {path for path in theirs if path.partition("(")[0] in fields(SCHEMA)} - set(ours)
    assert not missing


def test_the_members_of_every_enumeration_are_of_the_contract(contract: GraphQLSchema) -> None:
    for name, ours in own_types(SCHEMA).items():
        theirs = contract.type_map.get(name)
        if isinstance(ours, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
            assert set(ours.values) <= set(theirs.values), name


def test_types_implement_the_interfaces_of_the_contract(contract: GraphQLSchema) -> None:
    for name, ours in own_types(SCHEMA).items():
        theirs = contract.type_map.get(name)
        if theirs is not None and isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
            assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType)
            assert {each.name for each in ours.interfaces} == {each.name for each in theirs.interfaces}, name


def test_descriptions_are_those_of_the_contract(contract: GraphQLSchema) -> None:
    differing = {path for path, (ours, theirs) in described_in_both(contract) if ours.split() != theirs.split()}
    assert differing == set(DESCRIBED_DIFFERENTLY)


def described_in_both(contract: GraphQLSchema) -> Iterator[tuple[str, tuple[str, str]]]:
    ours = {**own_types(SCHEMA), **fields(SCHEMA)}
    theirs = {**own_types(contract), **fields(contract)}
    built_in = {"String", "Int", "Float", "Boolean", "ID"}
    for path in (ours.keys() & theirs.keys()) - built_in:
        if theirs[path].description:
            yield path, (ours[path].description or "", theirs[path].description)


# ------------------------------------------------------------------------------------------ saved queries
def test_there_are_saved_queries() -> None:
    assert {"recent-runs", "failed-runs", "run", "where-did-this-come-from", "ingestion"} <= set(saved_queries())


@pytest.mark.parametrize("name", saved_queries())
def test_a_saved_query_is_valid(name: str) -> None:
    assert validate(SCHEMA, parse(saved_queries()[name].text)) == []


@pytest.mark.parametrize("name", saved_queries())
def test_a_saved_query_says_what_it_answers(name: str) -> None:
    description = saved_queries()[name].description
    assert "?" in description
    assert saved_queries()[name].text.startswith(f"# {description}\n")
