"""Generated filters against the slow and obvious evaluation of `tests.fakes`, and walks through every list, both
ways, while more is recorded between the pages: on every database, what is obvious being that of a world in memory."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.model import (
    Artifact,
    ArtifactState,
    Deployment,
    Execution,
    Experiment,
    Node,
    Phase,
    Pipeline,
    PipelineVersion,
    RecurringRun,
    Run,
)
from lineage.ports import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Condition,
    LineageStore,
    Listing,
    Not,
    Operator,
    Order,
    Page,
    PageRequest,
    Scope,
    Where,
)
from lineage.store import queries
from lineage.store.sql import SqlStore
from tests.contract.conftest import MEMORY, POSTGRESQL, RUNS_OF_WORLD
from tests.factories import CLUSTER, record
from tests.fakes import FakeStore, Knowledge
from tests.worlds import a_looked_world, a_world, objects_of

ALL = PageRequest(first=1000)
SCOPES = {"everything": EVERYTHING, "one namespace": Scope(namespaces=frozenset({(CLUSTER, "a")}))}
READ: Mapping[type, Callable[[LineageStore, Scope, Listing, PageRequest], Page[Any]]] = {
    Run: lambda store, *asked: store.runs(*asked),
    Execution: lambda store, *asked: store.executions(*asked),
    Artifact: lambda store, *asked: store.artifacts(*asked),
    Pipeline: lambda store, *asked: store.pipelines(*asked),
    PipelineVersion: lambda store, *asked: store.pipeline_versions(*asked),
    Experiment: lambda store, *asked: store.experiments(*asked),
    RecurringRun: lambda store, *asked: store.recurring_runs(*asked),
    Deployment: lambda store, *asked: store.deployments(*asked),
}
Values = Mapping[str, Callable[[Any], Any]]


@cache
def in_memory() -> SqlStore:
    return a_looked_world(RUNS_OF_WORLD)


@cache
def known(scope_name: str) -> Knowledge:
    """All that a scope shows of the world, as values."""
    store, scope = in_memory(), SCOPES[scope_name]
    found = {what: read(store, scope, Listing(), ALL).items for what, read in READ.items()}
    keys = [execution.key for execution in found[Execution]]
    return Knowledge(
        runs=found[Run],
        views=store.views(scope, [run.key for run in found[Run]]),
        executions=found[Execution],
        artifacts=found[Artifact],
        pipelines=found[Pipeline],
        versions=found[PipelineVersion],
        experiments=found[Experiment],
        recurring_runs=found[RecurringRun],
        deployments=found[Deployment],
        served=store.served(scope, [one.key for one in found[Deployment]]),
        pods=store.pods(scope, keys),
        inputs=store.inputs(scope, keys),
        outputs=store.outputs(scope, keys),
        metrics=store.metrics_of_runs(scope, [run.key for run in found[Run]]),
        fingerprints=store.fingerprints(scope, [*keys, *(run.key for run in found[Run])]),
    )


# ------------------------------------------------------------------------------------------ filters
@dataclass(frozen=True)
class Field:
    """A field that can be filtered by: how it is compared, values that occur, and the names of what is named."""

    kind: str
    values: tuple[Any, ...]
    names: tuple[str | None, ...] = (None,)


def occurring(items: Any, read: Callable[[Any], Any]) -> tuple[Any, ...]:
    return tuple(sorted({value for item in items if (value := read(item)) is not None}))


def fields_of(what: type) -> dict[str, Field]:
    all_known = known("everything")

    def texts(items: Any, **names: str) -> dict[str, Field]:
        return {field: Field("text", occurring(items, attrgetter(name))) for field, name in names.items()}

    def times(items: Any, **names: str) -> dict[str, Field]:
        return {field: Field("ordered", occurring(items, attrgetter(name))) for field, name in names.items()}

    def keys(items: Any) -> Field:
        return Field("id", (*(item.key for item in items), ("Run", "never"), ("Artifact", "x", 1)))

    runs, executions, artifacts = all_known.runs, all_known.executions, all_known.artifacts
    images = [image for pods in all_known.pods.values() for pod in pods for image in pod.images]
    pictures = {
        "image": Field(
            "piece",
            occurring(images, lambda image: image.reference),
            (None, *occurring(images, lambda image: image.digest)),
        ),
        "imageDigest": Field("equal", occurring(images, lambda image: image.digest)),
    }
    phases = Field("member", tuple(Phase))
    prints = Field("text", occurring(all_known.fingerprints.values(), lambda one: one.digest))
    placed = {"name": "name", "namespace": "namespace", "cluster": "cluster"}
    match what.__name__:
        case "Run":
            return {
                "id": keys(runs),
                **texts(runs, uid="uid", displayName="display_name", kind="kind", **placed),
                "startedBy": keys(executions),
                "fingerprint": prints,
                "phase": phases,
                **times(runs, createdAt="created_at", startedAt="started_at", finishedAt="finished_at"),
                **times(runs, scheduledAt="scheduled_at"),
                "durationSeconds": Field("ordered", occurring(runs, lambda run: run.duration_seconds)),
                "inCluster": Field("flag", ()),
                "pipeline": keys(all_known.pipelines),
                "pipelineName": Field("text", occurring(all_known.pipelines, lambda each: each.name)),
                "pipelineVersion": keys(all_known.versions),
                "experiment": keys(all_known.experiments),
                "experimentName": Field("text", occurring(all_known.experiments, lambda each: each.name)),
                "recurringRun": keys(all_known.recurring_runs),
                "label": Field("label", ("churn", "Fraud", "tuning-1"), ("team", "kfp-lineage/experiment", "none")),
                "parameter": Field(
                    "parameter", ("0.1", "1e-1", "0.25", "high", "bert", "", "9"), ("rate", "model", "none")
                ),
                "metric": Field(
                    "number", (0.0, 0.5, 0.55, 1.0, 60.0), ("accuracy", "duration_seconds", "retries", "none")
                ),
                "usesArtifact": Field("equal", tuple(artifact.key for artifact in artifacts)),
                **pictures,
            }
        case "Execution":
            return {
                "id": keys(executions),
                "run": keys(runs),
                **texts(executions, displayName="display_name", template="template", nodeId="node_id", kind="kind"),
                "phase": phases,
                "cached": Field("flag", ()),
                "system": Field("flag", ()),
                "superseded": Field("flag", ()),
                "fingerprint": prints,
                **times(executions, startedAt="started_at"),
                "consumes": Field("equal", tuple(artifact.key for artifact in artifacts)),
                **pictures,
            }
        case "Artifact":
            return {
                "id": keys(artifacts),
                "run": keys(runs),
                **texts(
                    artifacts, name="name", type="type", uri="uri", digest="digest", contentDigest="content_digest"
                ),
                "state": Field("member", tuple(ArtifactState)),
                **times(artifacts, createdAt="created_at"),
                "external": Field("flag", ()),
            }
        case "Pipeline":
            return {"id": keys(all_known.pipelines), **texts(all_known.pipelines, **placed)}
        case "RecurringRun":
            recurring = all_known.recurring_runs
            return {
                "id": keys(recurring),
                **texts(recurring, uid="uid", **placed),
                "enabled": Field("flag", ()),
            }
        case "Deployment":
            serving = all_known.deployments
            return {
                "id": keys(serving),
                **texts(serving, uid="uid", kind="kind", **placed),
                "ready": Field("flag", ()),
                "inCluster": Field("flag", ()),
                "model": Field("equal", tuple(artifact.key for artifact in artifacts)),
            }
        case _:
            return {"id": keys(all_known.experiments), **texts(all_known.experiments, **placed)}


def pieces(values: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Values that occur, pieces of them, the same in other capitals, and signs that mean something in patterns."""
    whole = st.sampled_from([*values, "", "%", "_", "é", "'", "NULL"])
    cut = st.tuples(whole, st.integers(0, 9), st.integers(0, 9)).map(lambda each: each[0][each[1] : each[1] + each[2]])
    return st.one_of(whole, cut, whole.map(str.swapcase))


def comparisons(field: Field) -> st.SearchStrategy[tuple[Operator, Any]]:
    def either(operators: list[Operator], values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Operator, Any]]:
        return st.tuples(st.sampled_from(operators), values)

    def among(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Operator, Any]]:
        return st.tuples(st.just(Operator.IN), st.lists(values, max_size=3).map(tuple))

    is_null = either([Operator.IS_NULL], st.booleans())
    by_order = [Operator.EQ, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE]
    match field.kind:
        case "text":
            text = pieces(field.values)
            return st.one_of(either([Operator.EQ, Operator.CONTAINS, Operator.STARTS_WITH], text), among(text), is_null)
        case "parameter":
            text = pieces(field.values)
            return st.one_of(either([*by_order, Operator.CONTAINS, Operator.STARTS_WITH], text), among(text))
        case "number":
            return either(by_order, st.sampled_from(field.values))
        case "label":
            return st.one_of(either([Operator.EQ], pieces(field.values)), is_null)
        case "piece":
            return either([Operator.CONTAINS], pieces(field.values))
        case "ordered":
            near = st.sampled_from(field.values)
            step = timedelta(seconds=1) if hasattr(field.values[0], "tzinfo") else 0.5
            shifted = st.tuples(near, st.integers(-1, 1)).map(lambda each: each[0] + each[1] * step)
            return st.one_of(either(by_order, shifted), is_null)
        case "id":
            one = st.sampled_from(field.values)
            return st.one_of(either([Operator.EQ], one), among(one), is_null)
        case "member":
            one = st.sampled_from(field.values)
            return st.one_of(either([Operator.EQ], one), among(one))
        case "equal":
            return either([Operator.EQ], st.sampled_from(field.values))
        case _:
            return either([Operator.EQ], st.booleans())


def conditions(what: type) -> st.SearchStrategy[Where]:
    def of(name: str, field: Field) -> st.SearchStrategy[Where]:
        return st.tuples(comparisons(field), st.sampled_from(field.names)).map(
            lambda each: Condition(field=name, operator=each[0][0], value=each[0][1], name=each[1])
        )

    return st.one_of([of(name, field) for name, field in fields_of(what).items()])


def filters(what: type) -> st.SearchStrategy[Where]:
    def nested(inner: st.SearchStrategy[Where]) -> st.SearchStrategy[Where]:
        several = st.lists(inner, max_size=3).map(tuple)
        return st.one_of(several.map(AllOf), several.map(AnyOf), inner.map(Not))

    return st.recursive(conditions(what), nested, max_leaves=6)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("what", [Run, Execution, Artifact, Pipeline, Experiment, RecurringRun, Deployment])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_filter_finds_what_the_obvious_evaluation_finds(
    world: SqlStore, what: type, scope: str, data: st.DataObject
) -> None:
    listing = Listing(where=data.draw(filters(what)))
    found = READ[what](world, SCOPES[scope], listing, ALL).items
    expected = READ[what](FakeStore(known(scope)), EVERYTHING, listing, ALL).items
    assert {node.key for node in found} == {node.key for node in expected}
    assert len(found) == len(expected) == world.count(SCOPES[scope], what, listing)


# ------------------------------------------------------------------------------------------ walks
ORDERS: Mapping[type, tuple[str, ...]] = {
    Run: ("CREATED_AT", "STARTED_AT", "FINISHED_AT", "DURATION", "NAME", "METRIC"),
    Execution: ("STARTED_AT", "FINISHED_AT", "DURATION", "NAME"),
    Artifact: ("CREATED_AT", "NAME", "SIZE"),
    Pipeline: ("CREATED_AT", "NAME"),
    PipelineVersion: ("CREATED_AT",),
    Experiment: ("CREATED_AT", "NAME"),
    RecurringRun: ("CREATED_AT", "NAME"),
    Deployment: ("CREATED_AT", "NAME"),
}


@pytest.mark.parametrize("what", [Run, Execution, Artifact, Pipeline, Experiment, RecurringRun, Deployment])
def test_each_field_and_order_that_a_list_has_is_tried(what: type) -> None:
    query = queries.QUERIES[what](EVERYTHING)
    assert fields_of(what).keys() == query.fields.keys()
    assert set(ORDERS[what]) == query.orders.keys() | query.named_orders.keys()


# When the first run of a pipeline was made, which a later run can change, does not show on its value.
STEADY_ORDERS = {**ORDERS, Pipeline: ("NAME",)}


def walk(
    store: SqlStore, what: type, listing: Listing, size: int, *, ahead: bool, between: Callable[[int], None]
) -> Iterator[Node]:
    """Read a list page by page, from its start or from its end, with something happening between two pages."""
    request = PageRequest(first=size) if ahead else PageRequest(last=size)
    for number in range(10_000):
        page = READ[what](store, EVERYTHING, listing, request)
        yield from page.items if ahead else reversed(page.items)
        if not (page.has_next if ahead else page.has_previous):
            return
        between(number)
        request = (
            PageRequest(first=size, after=page.cursors[-1]) if ahead else PageRequest(last=size, before=page.cursors[0])
        )


def listings(fields: tuple[str, ...]) -> st.SearchStrategy[Listing]:
    plain = st.builds(
        Order, field=st.sampled_from([one for one in fields if one != "METRIC"]), descending=st.booleans()
    )
    metric = st.builds(
        Order, field=st.just("METRIC"), name=st.sampled_from(["accuracy", "retries"]), descending=st.booleans()
    )
    order = st.one_of(plain, metric) if "METRIC" in fields else plain
    return st.lists(order, max_size=2, unique=True).map(lambda each: Listing(order=tuple(each)))


@pytest.mark.parametrize("what", READ)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), size=st.integers(2, 9), ahead=st.booleans())
def test_a_walk_through_a_list_is_the_list(
    world: SqlStore, what: type, data: st.DataObject, size: int, ahead: bool
) -> None:
    listing = data.draw(listings(ORDERS[what]))
    whole = READ[what](in_memory(), EVERYTHING, listing, ALL).items
    walked = list(walk(world, what, listing, size, ahead=ahead, between=lambda _: None))
    assert walked == list(whole if ahead else reversed(whole))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("database", [MEMORY, POSTGRESQL], indirect=True)
@pytest.mark.parametrize("what", READ)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), size=st.integers(2, 5), ahead=st.booleans())
def test_what_is_recorded_while_a_list_is_walked_moves_nothing(
    what: type, data: st.DataObject, size: int, ahead: bool
) -> None:
    store, listing = a_world(8), data.draw(listings(STEADY_ORDERS[what]))

    def grow(number: int) -> None:
        if number < 8:
            record(store, *objects_of(8 + number))

    before = READ[what](store, EVERYTHING, listing, ALL).items
    walked = list(walk(store, what, listing, size, ahead=ahead, between=grow))
    # What a later run changed (the first run of a pipeline, what a write replaced) may stand elsewhere now.
    after = set(map(_as_ordered, READ[what](store, EVERYTHING, listing, ALL).items))
    unchanged = [_as_ordered(node) for node in before if _as_ordered(node) in after]
    seen = [_as_ordered(node) for node in walked if _as_ordered(node) in unchanged]
    assert seen == (unchanged if ahead else unchanged[::-1])
    assert len(set(map(_as_ordered, walked))) == len(walked)


def _as_ordered(node: Any) -> tuple[Any, ...]:
    times = ("created_at", "started_at", "finished_at")
    return (node.key, *(getattr(node, name, None) for name in times))
