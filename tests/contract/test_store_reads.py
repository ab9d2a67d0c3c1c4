"""What every store answers, whatever database it stands on: pages, filters, orders, scopes, parts and graphs."""

import random
from collections.abc import Callable, Iterator, Mapping
from threading import Event, Thread
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.errors import InvalidRequest, PositionMoved, SchemaOutdated
from lineage.facts import InputRejected, SourceObserved
from lineage.identity import (
    Key,
    execution_key,
    experiment_key,
    hidden_key,
    pipeline_key,
    provisional_key,
    raw_location,
    unknown_key,
    written_key,
)
from lineage.model import (
    Artifact,
    ArtifactRole,
    Direction,
    Execution,
    Experiment,
    LineageGraph,
    Phase,
    Pipeline,
    PipelineVersion,
    RecurringRun,
    Rejected,
    Run,
    SourceState,
)
from lineage.observation import Observation
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
from lineage.store.database import migrate, open_store
from lineage.store.sql import SqlStore
from tests import simulation
from tests.factories import (
    CLUSTER,
    RECORDED_AT,
    RESUBMITTED,
    RUN_ID,
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    deleted,
    dumped,
    facts_of,
    looked,
    moment,
    place,
    record,
    rfc3339,
    view_of,
)

pytestmark = pytest.mark.usefixtures("database")

A, B, C = "w-1000001", "w-1000002", "w-1000003"
IN_A = Scope(namespaces=frozenset({(CLUSTER, "a")}))
NOWHERE = Scope(namespaces=frozenset())
ALL = PageRequest(first=100)

Tell: TypeAlias = Callable[..., SqlStore]
"""Records observations in the store under test, and returns it."""


@pytest.fixture
def store() -> Iterator[SqlStore]:
    opened = a_store()
    yield opened
    opened.close()


@pytest.fixture
def tell(store: SqlStore) -> Tell:
    def tell_it(*observations: Observation | KubernetesObject) -> SqlStore:
        record(store, *observations)
        return store

    return tell_it


def attempt(node_id: str, start: int | None, *, run: str = "u1") -> Key:
    return execution_key(run, node_id, start)


def write(node_id: str, start: int, *, run: str = "u1", name: str = "x0") -> Key:
    return written_key(run, node_id, start, name)


# ------------------------------------------------------------------------------------------ pages
def a_run(number: int, *, born: float | None, end: float | None = None, name: str | None = None) -> KubernetesObject:
    times: dict[str, Any] = {"startedAt": rfc3339(born), "finishedAt": rfc3339(end)}
    return a_workflow(uid=f"u{number:03}", name=name or f"run-{number}", born=born, **times)


def some_runs(chance: random.Random, count: int, *, first: int = 0) -> list[KubernetesObject]:
    """Runs with many ties, and some without the times to order them by."""
    return [
        a_run(
            number,
            born=chance.choice([None, 10, 20, 30]),
            end=chance.choice([None, 40, 50]),
            name=chance.choice("ab"),
        )
        for number in range(first, first + count)
    ]


def names(page: Page[Run]) -> list[str | None]:
    return [run.uid for run in page.items]


def forwards(store: SqlStore, listing: Listing, size: int) -> Iterator[Page[Run]]:
    page = store.runs(EVERYTHING, listing, PageRequest(first=size))
    yield page
    while page.has_next:
        page = store.runs(EVERYTHING, listing, PageRequest(first=size, after=page.cursors[-1]))
        yield page


def backwards(store: SqlStore, listing: Listing, size: int) -> Iterator[Page[Run]]:
    page = store.runs(EVERYTHING, listing, PageRequest(last=size))
    yield page
    while page.has_previous:
        page = store.runs(EVERYTHING, listing, PageRequest(last=size, before=page.cursors[0]))
        yield page


ORDERS = ("CREATED_AT", "STARTED_AT", "FINISHED_AT", "DURATION", "NAME")
orders = st.lists(st.builds(Order, field=st.sampled_from(ORDERS), descending=st.booleans()), max_size=3, unique=True)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), orders, st.integers(1, 7))
def test_pages_put_together_are_the_list_from_either_end(seed: int, order: list[Order], size: int) -> None:
    store, listing = a_store(*some_runs(random.Random(seed), 17)), Listing(order=tuple(order))
    whole = names(store.runs(EVERYTHING, listing, ALL))
    assert [uid for page in forwards(store, listing, size) for uid in names(page)] == whole
    pages = list(backwards(store, listing, size))
    assert [uid for page in reversed(pages) for uid in names(page)] == whole
    assert len(whole) == 17


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), orders, st.booleans())
def test_what_is_recorded_between_two_pages_moves_nothing(seed: int, order: list[Order], ahead: bool) -> None:
    chance = random.Random(seed)
    store, listing = a_store(*some_runs(chance, 9)), Listing(order=tuple(order))
    before = names(store.runs(EVERYTHING, listing, ALL))
    found: list[str | None] = []
    for number, page in enumerate((forwards if ahead else backwards)(store, listing, 2)):
        found = [*found, *names(page)] if ahead else [*names(page), *found]
        record(store, *some_runs(chance, 2, first=100 + 2 * number))
        if number > 20:
            break
    assert [uid for uid in found if uid in before] == before
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("descending", [False, True])
def test_what_has_no_value_comes_last_in_either_direction(tell: Tell, descending: bool) -> None:
    store = tell(a_run(1, born=None), a_run(2, born=20), a_run(3, born=10))
    listing = Listing(order=(Order(field="CREATED_AT", descending=descending),))
    expected = ["u002", "u003"] if descending else ["u003", "u002"]
    assert names(store.runs(EVERYTHING, listing, ALL)) == [*expected, "u001"]


def test_a_page_says_whether_there_is_more_on_either_side(tell: Tell) -> None:
    store = tell(*(a_run(number, born=number) for number in range(5)))
    first = store.runs(EVERYTHING, Listing(), PageRequest(first=2))
    middle = store.runs(EVERYTHING, Listing(), PageRequest(first=2, after=first.cursors[-1]))
    last = store.runs(EVERYTHING, Listing(), PageRequest(first=2, after=middle.cursors[-1]))
    assert [(page.has_previous, page.has_next) for page in (first, middle, last)] == [
        (False, True),
        (True, True),
        (True, False),
    ]


def test_runs_are_listed_with_the_newest_first(tell: Tell) -> None:
    store = tell(a_run(1, born=10), a_run(2, born=30), a_run(3, born=20))
    assert names(store.runs(EVERYTHING, Listing(), ALL)) == ["u002", "u003", "u001"]


@pytest.mark.parametrize("cursor", ["", "?", "WyJhIl0", "bm9uc2Vuc2U", "é"])
def test_a_cursor_of_no_list_is_refused(tell: Tell, cursor: str) -> None:
    store = tell(a_run(1, born=1))
    with pytest.raises(InvalidRequest):
        store.runs(EVERYTHING, Listing(), PageRequest(first=1, after=cursor))


def test_what_a_list_does_not_have_is_refused_and_named(tell: Tell) -> None:
    store = tell()
    with pytest.raises(InvalidRequest, match=r"COLOUR.*NAME"):
        store.runs(EVERYTHING, Listing(order=(Order(field="COLOUR"),)), ALL)
    with pytest.raises(InvalidRequest, match=r"colour.*name"):
        store.runs(EVERYTHING, Listing(where=is_("colour", "red")), ALL)


# ------------------------------------------------------------------------------------------ filters
def is_(field: str, value: Any, operator: Operator = Operator.EQ, *, name: str | None = None) -> Condition:
    return Condition(field=field, operator=operator, value=value, name=name)


def parameters(**values: str) -> KubernetesObject:
    return {"arguments": {"parameters": [{"name": name, "value": value} for name, value in values.items()]}}


def three_runs() -> list[KubernetesObject | Observation]:
    """alpha has succeeded, Beta runs, and gamma (from a file that does not say when it began) has failed."""
    alpha = a_workflow(
        {A: a_node("alpha.a", 101, 150, writes=["k"]), B: a_node("alpha.b", 155, 160, "Failed", reads=["k"])},
        uid="u1",
        name="alpha",
        born=100,
        phase="Succeeded",
        labels={"team": "x", "kfp-lineage/experiment": "tuning"},
        annotations={"pipelines.kubeflow.org/pipeline_spec": '{"name": "train"}'},
        spec=parameters(lr="0.10", model="bert"),
        startedAt=rfc3339(101),
        finishedAt=rfc3339(161),
    )
    beta = a_workflow(
        {C: a_node("beta.a", 201, None, "Running", reads=["k"])},
        uid="u2",
        name="Beta",
        namespace="b",
        born=200,
        labels={"team": "y"},
        metadata={"generateName": "Bet"},
        spec=parameters(lr="1e-1"),
        startedAt=rfc3339(201),
    )
    gamma = a_workflow(uid="u3", name="gamma", version=None, born=None, phase="Failed", spec=parameters(lr="high"))
    pod = a_pod("p1", A, 101, 150, image="registry.example/train:7", image_id="registry.example/train@sha256:abc")
    return [alpha, beta, gamma, pod]


RUN_FILTERS: list[tuple[Where | None, set[str]]] = [
    (None, {"u1", "u2", "u3"}),
    (is_("name", "alpha"), {"u1"}),
    (is_("name", "ALPHA"), set()),
    (is_("name", ["alpha", "gamma"], Operator.IN), {"u1", "u3"}),
    (is_("name", [], Operator.IN), set()),
    (is_("name", "a", Operator.CONTAINS), {"u1", "u2", "u3"}),
    (is_("name", "ta", Operator.CONTAINS), {"u2"}),
    (is_("name", "", Operator.CONTAINS), {"u1", "u2", "u3"}),
    (is_("name", "%", Operator.CONTAINS), set()),
    (is_("name", "al", Operator.STARTS_WITH), {"u1"}),
    (is_("name", "_", Operator.STARTS_WITH), set()),
    (is_("name", "", Operator.STARTS_WITH), {"u1", "u2", "u3"}),
    (is_("namespace", "b"), {"u2"}),
    (is_("cluster", CLUSTER), {"u1", "u2", "u3"}),
    (is_("uid", "u3"), {"u3"}),
    (is_("id", ("Run", "u3")), {"u3"}),
    (is_("id", [("Run", "u3"), ("Run", "u1"), ("Artifact", "u2")], Operator.IN), {"u1", "u3"}),
    (is_("phase", Phase.RUNNING), {"u2"}),
    (is_("phase", [Phase.RUNNING, Phase.FAILED], Operator.IN), {"u2", "u3"}),
    (is_("createdAt", moment(200)), {"u2"}),
    (is_("createdAt", moment(100), Operator.GT), {"u2"}),
    (is_("createdAt", moment(100), Operator.GTE), {"u1", "u2"}),
    (is_("createdAt", moment(200), Operator.LT), {"u1"}),
    (is_("createdAt", moment(200), Operator.LTE), {"u1", "u2"}),
    (is_("createdAt", True, Operator.IS_NULL), {"u3"}),
    (is_("createdAt", False, Operator.IS_NULL), {"u1", "u2"}),
    (is_("createdAt", None), {"u3"}),
    (is_("startedAt", moment(150), Operator.LT), {"u1"}),
    (is_("finishedAt", True, Operator.IS_NULL), {"u2", "u3"}),
    (is_("durationSeconds", 60), {"u1"}),
    (is_("durationSeconds", 59.5, Operator.GT), {"u1"}),
    (is_("inCluster", True), {"u1", "u2", "u3"}),
    (is_("inCluster", False), set()),
    (is_("pipelineName", "train"), {"u1"}),
    (is_("pipeline", pipeline_key(CLUSTER, "b", "Bet")), {"u2"}),
    (is_("pipelineVersion", True, Operator.IS_NULL), {"u3"}),
    (is_("experimentName", "tuning"), {"u1"}),
    (is_("experiment", experiment_key(CLUSTER, "a", "tuning")), {"u1"}),
    (is_("label", "x", name="team"), {"u1"}),
    (is_("label", ["x", "y"], Operator.IN, name="team"), {"u1", "u2"}),
    (is_("label", True, Operator.IS_NULL, name="team"), {"u3"}),
    (is_("label", False, Operator.IS_NULL, name="team"), {"u1", "u2"}),
    (is_("label", "x", name="colour"), set()),
    (is_("parameter", "0.1", name="lr"), {"u1", "u2"}),
    (is_("parameter", "0.2", Operator.LT, name="lr"), {"u1", "u2"}),
    (is_("parameter", "0.2", Operator.GT, name="lr"), {"u3"}),  # by text, as it is no number
    (is_("parameter", "high", name="lr"), {"u3"}),
    (is_("parameter", ["0.1", "high"], Operator.IN, name="lr"), {"u1", "u2", "u3"}),
    (is_("parameter", "1e", Operator.STARTS_WITH, name="lr"), {"u2"}),
    (is_("parameter", "bert", name="model"), {"u1"}),
    (is_("image", "registry.example/train:7"), {"u1"}),
    (is_("image", "train", Operator.CONTAINS), {"u1"}),
    (is_("imageDigest", "sha256:abc"), {"u1"}),
    (is_("usesArtifact", write(A, 101)), {"u1", "u2"}),
    (is_("usesArtifact", unknown_key(place("k"))), set()),
    (Not(is_("name", "alpha")), {"u2", "u3"}),
    (Not(is_("createdAt", moment(100), Operator.GT)), {"u1", "u3"}),
    (Not(Not(is_("createdAt", moment(100), Operator.GT))), {"u2"}),
    (AllOf(()), {"u1", "u2", "u3"}),
    (AnyOf(()), set()),
    (AllOf((is_("name", "a", Operator.CONTAINS), is_("namespace", "a"))), {"u1", "u3"}),
    (AnyOf((is_("name", "alpha"), is_("phase", Phase.FAILED))), {"u1", "u3"}),
    (Not(AnyOf((is_("name", "alpha"), is_("phase", Phase.FAILED)))), {"u2"}),
]


@pytest.fixture(scope="module")
def three() -> SqlStore:
    return a_store(*three_runs())


def told(value: object) -> str:
    """Name a case: the same in every process, so that workers collect the same tests."""
    return " ".join(sorted(value)) if isinstance(value, set) else str(value)[:90]


@pytest.mark.parametrize(("where", "expected"), RUN_FILTERS, ids=told)
def test_runs_are_found_by(three: SqlStore, where: Where | None, expected: set[str]) -> None:
    listing = Listing(where=where)
    assert {run.uid for run in three.runs(EVERYTHING, listing, ALL).items} == expected
    assert three.count(EVERYTHING, Run, listing) == len(expected)


EXECUTION_FILTERS: list[tuple[Where, set[str]]] = [
    (is_("id", attempt(A, 101)), {A}),
    (is_("run", ("Run", "u1")), {A, B}),
    (is_("displayName", "a"), {A, C}),
    (is_("nodeId", B), {B}),
    (is_("template", True, Operator.IS_NULL), {A, B, C}),
    (is_("phase", Phase.RUNNING), {C}),
    (is_("kind", "POD"), {A, B, C}),
    (is_("cached", False), {A, B, C}),
    (is_("superseded", True), set()),
    (is_("startedAt", moment(155), Operator.GTE), {B, C}),
    (is_("image", "registry.example/train:7"), {A}),
    (is_("imageDigest", "sha256:abc"), {A}),
    (is_("consumes", write(A, 101)), {B, C}),
]


@pytest.mark.parametrize(("where", "expected"), EXECUTION_FILTERS, ids=told)
def test_executions_are_found_by(three: SqlStore, where: Where, expected: set[str]) -> None:
    found = three.executions(EVERYTHING, Listing(where=where), ALL)
    assert {execution.node_id for execution in found.items} == expected


def test_executions_that_took_something_over_from_a_cache_consume_it(tell: Tell) -> None:
    hit = a_node("v.a", 50, 50, writes=["k"], memoizationStatus={"hit": True})
    store = tell(a_workflow({A: a_node("w.a", 10, 20, writes=["k"])}), a_workflow({B: hit}, uid="u2", name="v"))
    found = store.executions(EVERYTHING, Listing(where=is_("consumes", write(A, 10))), ALL)
    assert [execution.node_id for execution in found.items] == [B]
    cached = store.executions(EVERYTHING, Listing(where=is_("cached", True)), ALL)
    assert [execution.node_id for execution in cached.items] == [B]


def artifacts_told() -> list[KubernetesObject]:
    raw = {"artifacts": [{"name": "text", "raw": {"data": "hello"}}]}
    nodes = {
        A: a_node("w.a", 10, 20, writes=["models/m"]),
        B: a_node("w.b", 30, None, "Running", reads=["models/m", "data/d"]),
        C: a_node("w.c", 40, 50, inputs=raw),
    }
    return [a_workflow(nodes)]


RAW = raw_location("hello")
ARTIFACT_FILTERS: list[tuple[Where, set[str]]] = [
    (is_("name", "x0"), {"x0"}),
    (is_("uri", place("models/m").uri), {"x0"}),
    (is_("uri", "s3:///data", Operator.STARTS_WITH), {"d"}),
    (is_("uri", True, Operator.IS_NULL), {"raw"}),
    (is_("digest", RAW.uri), {"raw"}),
    (is_("digest", False, Operator.IS_NULL), {"raw"}),
    (is_("external", True), {"d", "raw"}),
    (is_("external", False), {"x0"}),
    (is_("createdAt", moment(20)), {"x0"}),
    (is_("createdAt", True, Operator.IS_NULL), {"d", "raw"}),
    (is_("run", ("Run", "u1")), {"x0", "d", "raw"}),
    (is_("run", ("Run", "u2")), set()),
    (is_("id", unknown_key(place("data/d"))), {"d"}),
]


@pytest.mark.parametrize(("where", "expected"), ARTIFACT_FILTERS, ids=told)
def test_artifacts_are_found_by(where: Where, expected: set[str]) -> None:
    found = a_store(*artifacts_told()).artifacts(EVERYTHING, Listing(where=where), ALL)
    assert {artifact.name for artifact in found.items} == expected


def test_a_value_kept_in_the_workflow_has_a_digest_and_no_uri(tell: Tell) -> None:
    (found,) = tell(*artifacts_told()).artifacts(EVERYTHING, Listing(where=is_("name", "raw")), ALL).items
    assert (found.uri, found.digest, found.producer_key) == (None, RAW.uri, None)


def test_pipelines_versions_and_experiments_are_listed_with_the_time_of_their_first_run(tell: Tell) -> None:
    def of_pipeline(uid: str, born: float, image: str) -> KubernetesObject:
        labels = {"kfp-lineage/experiment": "tuning"}
        spec = {"templates": [{"name": "t", "container": {"image": image}}]}
        made_from = {"generateName": "train-"}
        return a_workflow(uid=uid, name=f"train-{uid}", born=born, spec=spec, labels=labels, metadata=made_from)

    store = tell(of_pipeline("u1", 30, "a"), of_pipeline("u2", 10, "a"), of_pipeline("u3", 20, "b"))
    (pipeline,) = store.pipelines(EVERYTHING, Listing(where=is_("name", "train")), ALL).items
    assert pipeline.key == pipeline_key(CLUSTER, "a", "train")
    versions = store.pipeline_versions(EVERYTHING, Listing(where=is_("pipeline", pipeline.key)), ALL).items
    assert [version.created_at for version in versions] == [moment(10), moment(20)]
    assert [v["templates"][0]["container"]["image"] for v in specs_of(store, versions)] == ["a", "b"]
    (experiment,) = store.experiments(EVERYTHING, Listing(order=(Order(field="CREATED_AT"),)), ALL).items
    assert (experiment.name, experiment.created_at) == ("tuning", moment(10))
    assert [store.count(EVERYTHING, kind, Listing()) for kind in (Pipeline, Experiment)] == [1, 1]


def specs_of(store: SqlStore, versions: tuple[PipelineVersion, ...]) -> list[Mapping[str, Any]]:
    found = store.specs(EVERYTHING, [version.key for version in versions])
    return [found[version.key] for version in versions]


# ------------------------------------------------------------------------------------------ scopes
def two_namespaces() -> list[KubernetesObject | Observation]:
    """b reads and takes over what a wrote, and a reads what b wrote."""
    experiment = {"kfp-lineage/experiment": "secret"}
    mine = a_workflow(
        {A: a_node("w.a", 10, 20, writes=["k"]), B: a_node("w.b", 70, 80, reads=["j"])},
        metadata={"generateName": "mine-"},
    )
    other = a_workflow(
        {
            C: a_node("v.a", 40, 50, reads=["k"], writes=["j"]),
            "v-1000004": a_node("v.b", 60, 60, writes=["k"], memoizationStatus={"hit": True}),
            "v-1000005": a_node("v.c", 61, 62, reads=["outside"]),
        },
        uid="u2",
        name="v",
        namespace="b",
        labels=experiment,
        metadata={"generateName": "other-"},
    )
    return [mine, other, a_pod("p1", A, 10, 20), a_pod("p2", C, 40, 50, owner="u2", namespace="b")]


def test_what_lies_outside_the_scope_is_in_no_list(tell: Tell) -> None:
    store = tell(*two_namespaces())
    everything = Listing()
    assert names(store.runs(IN_A, everything, ALL)) == ["u1"]
    assert {e.run_key for e in store.executions(IN_A, everything, ALL).items} == {("Run", "u1")}
    assert [a.key for a in store.artifacts(IN_A, everything, ALL).items] == [write(A, 10)]
    assert [p.name for p in store.pipelines(IN_A, everything, ALL).items] == ["mine"]
    assert len(store.pipeline_versions(IN_A, everything, ALL).items) == 1
    assert store.experiments(IN_A, everything, ALL).items == ()
    kinds = (Run, Execution, Artifact, Experiment)
    assert [store.count(IN_A, kind, everything) for kind in kinds] == [1, 2, 1, 0]


def test_what_lies_outside_the_scope_is_under_no_key(tell: Tell) -> None:
    store = tell(*two_namespaces())
    run, step, made = ("Run", "u2"), attempt(C, 40, run="u2"), write(C, 40, run="u2")
    hidden: list[Key] = [run, step, made, experiment_key(CLUSTER, "b", "secret"), pipeline_key(CLUSTER, "b", "other")]
    hidden += [version.key for version in store.pipeline_versions(EVERYTHING, Listing(), ALL).items][1:]
    assert set(store.get(EVERYTHING, hidden)) == set(hidden)
    assert store.get(IN_A, hidden) == {}
    assert store.run_by_uid(IN_A, "u2") is None
    for part in (store.workflows, store.completeness, store.raw):
        assert part(IN_A, [run]) == {}
    for part_of_step in (store.pods, store.inputs, store.outputs, store.depends_on, store.cached_from):
        assert not any(part_of_step(IN_A, [step]).values())
    roots = [run, step, made]
    assert store.lineage(IN_A, roots, direction=Direction.BOTH, max_depth=None, max_nodes=100) is None


def test_parts_do_not_lead_out_of_the_scope(tell: Tell) -> None:
    """What another namespace wrote is hidden, also from those in scope who read it."""
    store = tell(*two_namespaces())
    assert len(store.inputs(EVERYTHING, [attempt(B, 70)])[attempt(B, 70)]) == 1
    assert not store.inputs(IN_A, [attempt(B, 70)]).get(attempt(B, 70))
    graph = lineage(store, ("Run", "u1"), Direction.BOTH, scope=IN_A)
    veils = {hidden_key(attempt(B, 70), Direction.UPSTREAM), hidden_key(write(A, 10), Direction.DOWNSTREAM)}
    assert {node.key for node in graph.nodes} == {attempt(A, 10), attempt(B, 70), write(A, 10), *veils}
    assert not graph.complete


def test_a_filter_does_not_tell_what_lies_outside_the_scope(tell: Tell) -> None:
    store = tell(*two_namespaces())
    asked: list[tuple[type, Condition]] = [
        (Run, is_("usesArtifact", write(C, 40, run="u2"))),
        (Run, is_("experimentName", "secret")),
        (Execution, is_("consumes", write(C, 40, run="u2"))),
        (Artifact, is_("run", ("Run", "u2"))),
    ]
    for what, condition in asked:
        assert store.count(EVERYTHING, what, Listing(where=condition)) > 0, condition
        assert store.count(IN_A, what, Listing(where=condition)) == 0, condition


def test_a_filter_finds_what_lies_in_the_scope(tell: Tell) -> None:
    store = tell(*two_namespaces())
    scope_b = Scope(namespaces=frozenset({(CLUSTER, "b")}))
    outside = unknown_key(place("outside"))
    asked: list[tuple[type, Condition]] = [
        (Run, is_("usesArtifact", outside)),
        (Execution, is_("consumes", outside)),
        (Artifact, is_("run", ("Run", "u2"))),
    ]
    for what, condition in asked:
        assert store.count(scope_b, what, Listing(where=condition)) > 0, condition


def test_who_may_see_nothing_sees_nothing(tell: Tell) -> None:
    store = tell(*two_namespaces())
    assert list(store.dump(NOWHERE)) == []
    assert store.count(NOWHERE, Run, Listing()) == 0
    for what in (Run, Execution, Artifact, Pipeline, PipelineVersion, Experiment, RecurringRun, Rejected):
        assert store.count(NOWHERE, what, Listing()) == 0


def test_an_artifact_from_outside_is_seen_by_those_who_see_a_reader(tell: Tell) -> None:
    store = tell(*two_namespaces())
    scope_b = Scope(namespaces=frozenset({(CLUSTER, "b")}))
    key = unknown_key(place("outside"))
    assert set(store.get(scope_b, [key])) == {key}
    assert store.get(IN_A, [key]) == {}


def test_a_namespace_of_the_same_name_in_another_cluster_is_another(tell: Tell) -> None:
    store = tell(*two_namespaces())
    assert store.count(Scope(namespaces=frozenset({("other", "a")})), Run, Listing()) == 0


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_what_a_scope_shows_names_nothing_that_it_hides(seed: int) -> None:
    world = simulation.play(seed)
    items = list(a_store(*simulation.watch(world, seed), *world.looks).dump(IN_A))
    shown = {item["id"] for item in items}
    named: set[str | None] = {None}
    for item in items:
        named |= {item.get(member) for member in ("run", "producer", "cachedFrom", "pipeline", "pipelineVersion")}
        named |= {item.get("experiment"), item.get("resubmittedFrom"), *item.get("dependsOn", ())}
        named |= {use["artifact"] for use in [*item.get("inputs", ()), *item.get("outputs", ())]}
    assert named - {None} <= shown


# ------------------------------------------------------------------------------------------ by key
def test_keys_that_were_never_given_out_find_nothing(tell: Tell) -> None:
    store = tell(a_workflow({A: a_node("w.a", 10, 20)}))
    keys: list[Key] = [
        ("Run", "u9"),
        ("Run",),
        ("Run", "u1", 2),
        ("Nothing", "u1"),
        ("Execution", "u1"),
        attempt(A, 11),
    ]
    assert store.get(EVERYTHING, keys) == {}
    assert store.get(EVERYTHING, []) == {}


def test_a_placeholder_leads_to_the_newest_attempt_of_its_node(tell: Tell) -> None:
    store = tell(a_workflow({A: a_node("w.a", 40, 50, "Failed")}), a_workflow({A: a_node("w.a", 60, 70)}, version=2))
    found = store.get(EVERYTHING, [attempt(A, None)])
    assert [item.key for item in found.values()] == [attempt(A, 60)]


def test_a_provisional_execution_leads_to_the_attempt_of_its_first_pod(tell: Tell) -> None:
    store = tell(a_pod("p1", A, 10, 20), a_pod("p2", A, 60, 70))
    provisional = provisional_key("u1", A)
    assert list(store.get(EVERYTHING, [provisional])) == [provisional]
    tell(a_workflow({A: a_node("w.a", 60, 70)}), a_workflow({A: a_node("w.a", 9, 20, "Failed")}, version=2))
    assert store.get(EVERYTHING, [provisional])[provisional].key == attempt(A, 9)


def test_a_walk_may_start_from_what_has_become_another(tell: Tell) -> None:
    store = tell(a_workflow({A: a_node("w.a", 10, 20, writes=["k"])}), a_pod("p", A, 10, 20))
    for alias in (attempt(A, None), provisional_key("u1", A)):
        graph = lineage(store, alias, Direction.DOWNSTREAM)
        assert [node.key for node in graph.nodes] == [attempt(A, 10), write(A, 10)]


def test_a_run_is_found_by_its_run_id_and_by_the_uid_of_each_of_its_workflows(tell: Tell) -> None:
    labels = {RUN_ID: "r"}
    store = tell(
        a_workflow(uid="old", born=1, labels=labels),
        a_workflow(uid="new", born=2, labels=labels),
        a_workflow(uid="u3", name="w-r", born=3, labels={**labels, RESUBMITTED: "w"}),
    )
    found = {uid: store.run_by_uid(EVERYTHING, uid) for uid in ("old", "new", "u3", "r", "nobody")}
    assert {uid: run and run.key for uid, run in found.items()} == {
        "old": ("Run", "r"),
        "new": ("Run", "r"),
        "u3": ("Run", "r/w-r"),
        "r": ("Run", "r/w-r"),  # both bear it: the newest
        "nobody": None,
    }
    assert [w.uid for w in store.workflows(EVERYTHING, [("Run", "r")])["Run", "r"]] == ["old", "new"]


def test_a_resubmission_leads_to_the_run_that_it_was_made_from(tell: Tell) -> None:
    store = tell(a_workflow(), a_workflow(uid="u2", name="w-r", born=5, labels={RESUBMITTED: "w"}))
    run = store.run_by_uid(EVERYTHING, "u2")
    assert run is not None
    assert run.resubmitted_from_key == ("Run", "u1")


# ------------------------------------------------------------------------------------------ parts
def test_the_newest_object_of_a_run_can_be_shown(tell: Tell) -> None:
    store = tell(a_workflow(version=2, message="newer"), a_workflow(version=1, message="older"))
    assert store.raw(EVERYTHING, [("Run", "u1")])["Run", "u1"]["status"]["message"] == "newer"


def test_the_object_shown_is_that_of_the_view_that_counts(tell: Tell) -> None:
    over = a_workflow({A: a_node("w.a", 10, 20)}, version=None, phase="Succeeded")
    store = tell(a_workflow({A: a_node("w.a", 10, None, "Running")}), over)
    assert store.raw(EVERYTHING, [("Run", "u1")])["Run", "u1"]["status"]["phase"] == "Succeeded"


def test_executions_depend_on_those_right_before_them_through_groupings(tell: Tell) -> None:
    nodes = {
        "w": a_node("w", 1, 90, kind="DAG", children=[A]),
        A: a_node("w.a", 10, 20, children=["w-g"]),
        "w-g": a_node("w.g", 21, 40, kind="TaskGroup", children=[B, "w-r"]),
        B: a_node("w.g(0)", 22, 30, children=[C]),
        "w-r": a_node("w.g(1)", 22, 40, kind="Retry", children=["w-r0", "w-r1"]),
        "w-r0": a_node("w.g(1)(0)", 22, 30, "Failed"),
        "w-r1": a_node("w.g(1)(1)", 31, 40, children=[C]),
        C: a_node("w.c", 50, 60),
    }
    store = tell(a_workflow(nodes))
    starts = {A: 10, B: 22, "w-r0": 22, "w-r1": 31, C: 50}
    keys = {node_id: attempt(node_id, start) for node_id, start in starts.items()}
    found = store.depends_on(EVERYTHING, list(keys.values()))
    assert {n: {one.node_id for one in found[key]} for n, key in keys.items()} == {
        A: set(),
        B: {A},
        "w-r0": {A},
        "w-r1": {A, "w-r0"},
        C: {B, "w-r1"},
    }


def test_uses_have_the_role_the_name_and_the_doubt(tell: Tell) -> None:
    nodes = {A: a_node("w.a", 10, 20, writes=["k"]), B: a_node("w.b", 10, 20, writes=["k"])}
    store = tell(a_workflow(nodes), a_workflow({C: a_node("v.a", 60, 70, reads=["k"])}, uid="u2", name="v"))
    reader = attempt(C, 60, run="u2")
    uses = store.inputs(EVERYTHING, [reader])[reader]
    assert {(use.name, use.role, use.ambiguous) for use in uses} == {("x0", ArtifactRole.USED, True)}
    (made,) = store.outputs(EVERYTHING, [attempt(A, 10)])[attempt(A, 10)]
    assert (made.artifact.key, made.role, made.ambiguous) == (write(A, 10), ArtifactRole.GENERATED, False)


def test_a_run_is_complete_if_its_end_every_node_and_every_pod_were_seen(tell: Tell) -> None:
    nodes = {A: a_node("w.a", 10, 20), B: a_node("w.b", 21, 22, memoizationStatus={"hit": True})}
    store = tell(a_workflow(nodes))
    expected = ("the end of the run was not seen", "no pod was seen of a")
    assert store.completeness(EVERYTHING, [("Run", "u1")])["Run", "u1"].missing == expected
    tell(a_workflow(nodes, version=2, phase="Succeeded"), a_pod("p", A, 10, 20))
    found = store.completeness(EVERYTHING, [("Run", "u1")])["Run", "u1"]
    assert (found.complete, found.nodes_expected, found.pods_expected, found.pods_seen) == (True, 2, 1, 1)


def test_a_run_of_which_only_pods_were_seen_says_so(tell: Tell) -> None:
    store = tell(a_pod("p", A, 10, 20))
    found = store.completeness(EVERYTHING, [("Run", "u1")])["Run", "u1"]
    assert found.missing[0] == "the workflow itself was not seen"
    assert found.nodes_expected is None


# ------------------------------------------------------------------------------------------ graphs
def lineage(
    store: SqlStore,
    root: Key,
    direction: Direction,
    *,
    scope: Scope = EVERYTHING,
    depth: int | None = None,
    nodes: int = 100,
) -> LineageGraph:
    found = store.lineage(scope, [root], direction=direction, max_depth=depth, max_nodes=nodes)
    assert found is not None
    return found


def a_chain() -> list[KubernetesObject]:
    """a writes k1, b makes k2 of it, c (of another run) k3 of that; d takes k2 over."""
    first = {A: a_node("w.a", 10, 20, writes=["k1"]), B: a_node("w.b", 30, 40, reads=["k1"], writes=["k2"])}
    second = {
        C: a_node("v.c", 60, 70, reads=["k2"], writes=["k3"]),
        "v-1000004": a_node("v.d", 80, 80, writes=["k2"], memoizationStatus={"hit": True}),
    }
    return [a_workflow(first), a_workflow(second, uid="u2", name="v")]


MADE = [
    attempt(A, 10),
    write(A, 10),
    attempt(B, 30),
    write(B, 30),
    attempt(C, 60, run="u2"),
    write(C, 60, run="u2"),
]
TAKER = attempt("v-1000004", 80, run="u2")


def test_upstream_of_an_artifact_is_all_that_it_was_made_from_and_no_taker(tell: Tell) -> None:
    graph = lineage(tell(*a_chain()), MADE[-1], Direction.UPSTREAM)
    assert [node.key for node in graph.nodes] == list(reversed(MADE))
    assert (graph.depth, graph.complete, graph.frontier) == (5, True, ())


def test_downstream_of_an_artifact_is_all_that_was_made_of_it_and_who_took_it_over(tell: Tell) -> None:
    graph = lineage(tell(*a_chain()), MADE[0], Direction.DOWNSTREAM)
    assert {node.key for node in graph.nodes} == {*MADE, TAKER}


def test_upstream_of_a_taker_is_what_it_took_over(tell: Tell) -> None:
    graph = lineage(tell(*a_chain()), TAKER, Direction.UPSTREAM)
    assert {node.key for node in graph.nodes} == {TAKER, *MADE[:4]}


def test_both_directions_are_what_lies_upstream_and_what_lies_downstream_of_the_root(tell: Tell) -> None:
    graph = lineage(tell(*a_chain()), MADE[2], Direction.BOTH)
    assert {node.key for node in graph.nodes} == {*MADE, TAKER}


def test_edges_run_in_the_direction_of_the_data(tell: Tell) -> None:
    store = tell(*a_chain())
    graph = lineage(store, MADE[2], Direction.BOTH, depth=1)
    ids = {item.id: key for key, item in store.get(EVERYTHING, MADE).items()}
    edges = {(ids[edge.source], ids[edge.target], edge.role, edge.name) for edge in graph.edges}
    assert edges == {
        (write(A, 10), attempt(B, 30), ArtifactRole.USED, "x0"),
        (attempt(B, 30), write(B, 30), ArtifactRole.GENERATED, "x0"),
    }


def test_a_graph_that_ends_at_its_depth_says_so_and_where_to_go_on(tell: Tell) -> None:
    store = tell(*a_chain())
    graph = lineage(store, MADE[-1], Direction.UPSTREAM, depth=2)
    assert [node.key for node in graph.nodes] == [MADE[5], MADE[4], MADE[3]]
    assert not graph.complete
    assert graph.frontier == (store.get(EVERYTHING, [MADE[3]])[MADE[3]].id,)
    rest = lineage(store, MADE[3], Direction.UPSTREAM)
    assert {node.key for node in rest.nodes} | {node.key for node in graph.nodes} == set(MADE)


def test_a_graph_that_just_fits_its_depth_is_complete(tell: Tell) -> None:
    assert lineage(tell(*a_chain()), MADE[-1], Direction.UPSTREAM, depth=5).complete


def test_a_graph_has_no_more_nodes_than_were_asked_for_and_says_where_to_go_on(tell: Tell) -> None:
    graph = lineage(tell(*a_chain()), MADE[0], Direction.DOWNSTREAM, nodes=3)
    assert len(graph.nodes) == 3
    assert not graph.complete
    assert graph.frontier


def test_a_graph_that_has_just_as_many_nodes_is_complete(tell: Tell) -> None:
    assert lineage(tell(*a_chain()), MADE[-1], Direction.UPSTREAM, nodes=6).complete


def test_a_walk_from_a_run_starts_from_all_its_executions(tell: Tell) -> None:
    graph = lineage(tell(*a_chain()), ("Run", "u1"), Direction.DOWNSTREAM)
    assert {node.key for node in graph.nodes} == {*MADE, TAKER}


def test_edges_that_the_clocks_leave_open_are_said_to_be_inferred(tell: Tell) -> None:
    nodes = {A: a_node("w.a", 10, 20, writes=["k"]), B: a_node("w.b", 10, 20, writes=["k"])}
    store = tell(a_workflow(nodes), a_workflow({C: a_node("v.a", 60, 70, reads=["k"])}, uid="u2", name="v"))
    graph = lineage(store, attempt(C, 60, run="u2"), Direction.UPSTREAM, depth=1)
    assert [edge.inferred for edge in graph.edges] == [True, True]


def test_a_walk_from_nothing_known_finds_nothing(tell: Tell) -> None:
    store = tell(*a_chain())
    nothing = store.lineage(EVERYTHING, [("Run", "u9")], direction=Direction.UPSTREAM, max_depth=None, max_nodes=10)
    assert nothing is None


# ------------------------------------------------------------------------------------------ ledgers
def a_rejection(
    *, at: float = 10, reason: str = "status is a list", event: bytes | None = b"{}", source: str = "argo_workflow"
) -> InputRejected:
    return InputRejected(
        source=source,
        cluster=CLUSTER,
        at=moment(at),
        reason=reason,
        event=event,
        size_bytes=2,
        digest="sha256:44",
    )


def test_what_cannot_be_recorded_is_set_aside_once(store: SqlStore) -> None:
    added = [store.apply([a_rejection(at=at)], recorded_at=RECORDED_AT) for at in (30, 10, 20)]
    assert added == [(True,), (False,), (False,)]
    (found,) = store.rejected(EVERYTHING, Listing(), ALL).items
    assert (found.at, found.event, found.reason) == (moment(10), "{}", "status is a list")


def test_what_was_set_aside_is_listed_with_the_newest_first_and_only_to_who_may_see_all(store: SqlStore) -> None:
    twice = [a_rejection(at=10), a_rejection(at=20, reason="no JSON", event=None)]
    store.apply(twice, recorded_at=RECORDED_AT)
    page = store.rejected(EVERYTHING, Listing(), PageRequest(first=1))
    assert [one.reason for one in page.items] == ["no JSON"]
    rest = store.rejected(EVERYTHING, Listing(), PageRequest(first=1, after=page.cursors[0]))
    assert [one.reason for one in rest.items] == ["status is a list"]
    assert store.rejected(IN_A, Listing(), ALL).items == ()


def reasons_of(store: SqlStore, condition: Condition) -> list[str]:
    return [one.reason for one in store.rejected(EVERYTHING, Listing(where=condition), ALL).items]


def test_what_was_set_aside_is_found_by_its_source_its_reason_and_the_start_of_its_digest(store: SqlStore) -> None:
    store.apply([a_rejection(), a_rejection(at=20, reason="no JSON", source="pod")], recorded_at=RECORDED_AT)
    assert reasons_of(store, Condition(field="source", operator=Operator.EQ, value="pod")) == ["no JSON"]
    assert reasons_of(store, Condition(field="reason", operator=Operator.CONTAINS, value="list")) == [
        "status is a list"
    ]
    both = Condition(field="digest", operator=Operator.STARTS_WITH, value="sha256:4")
    assert reasons_of(store, both) == ["no JSON", "status is a list"]
    assert reasons_of(store, Condition(field="digest", operator=Operator.STARTS_WITH, value="sha256:5")) == []


def test_what_was_set_aside_can_be_dropped_and_set_aside_again(store: SqlStore) -> None:
    store.apply([a_rejection(), a_rejection(reason="no JSON")], recorded_at=RECORDED_AT)
    (found,) = store.rejected(EVERYTHING, Listing(), PageRequest(first=1)).items
    assert [store.drop_rejected([found.key]), store.drop_rejected([found.key]), store.drop_rejected([])] == [1, 0, 0]
    (left,) = store.rejected(EVERYTHING, Listing(), ALL).items
    assert left.reason != found.reason
    store.apply([a_rejection(), a_rejection(reason="no JSON")], recorded_at=RECORDED_AT)
    assert len(store.rejected(EVERYTHING, Listing(), ALL).items) == 2


def observed_source(*, at: float, state: SourceState | None = None, objects: int = 0, namespace: str) -> SourceObserved:
    return SourceObserved(
        source="pod",
        cluster=CLUSTER,
        resource="pods",
        namespace=namespace,
        at=moment(at),
        state=state,
        message=None,
        objects=objects,
    )


def test_a_source_says_how_it_fares_and_what_it_delivered(store: SqlStore) -> None:
    store.apply(
        [
            observed_source(at=10, state=SourceState.SYNCING, namespace="*"),
            observed_source(at=12, objects=3, namespace="a"),
            observed_source(at=14, objects=2, namespace="b"),
            observed_source(at=20, state=SourceState.SYNCED, namespace="*"),
            observed_source(at=15, state=SourceState.WAITING, namespace="*"),
        ],
        recorded_at=moment(16),
    )
    (found,) = store.sources(EVERYTHING)
    assert (found.state, found.observed, found.last_event_at) == (SourceState.SYNCED, 5, moment(14))
    assert found.lag_seconds == 2


def test_the_lag_of_a_source_is_that_of_its_newest_object(store: SqlStore) -> None:
    store.apply([observed_source(at=12, objects=1, namespace="a")], recorded_at=moment(13))
    store.apply([observed_source(at=2, objects=1, namespace="a")], recorded_at=moment(20))
    (found,) = store.sources(EVERYTHING)
    assert (found.lag_seconds, found.observed) == (1, 2)


def test_a_source_that_nobody_watches_has_stopped(store: SqlStore) -> None:
    store.apply([observed_source(at=12, objects=3, namespace="a")], recorded_at=RECORDED_AT)
    (found,) = store.sources(EVERYTHING)
    assert (found.state, found.namespace, found.observed) == (SourceState.STOPPED, "*", 3)


def test_the_phases_of_runs_are_counted_as_they_are_shown(tell: Tell) -> None:
    store = tell(a_workflow(), a_workflow(uid="u2", name="v"), a_workflow(uid="u3", phase="Failed"), deleted("u2"))
    for phase in ("RUNNING", "UNKNOWN", "FAILED"):
        assert store.count(EVERYTHING, Run, Listing(where=is_("phase", phase))) == 1


# ------------------------------------------------------------------------------------------ texts
NUL, REPLACED = "a\0b", "a\ufffdb"


def test_the_character_that_postgresql_cannot_store_stands_as_one_that_it_can(tell: Tell) -> None:
    arguments = {"parameters": [{"name": NUL, "value": NUL}]}
    seen = a_workflow(
        {A: a_node("w.a", 10, 20, writes=[NUL], message=NUL)},
        labels={NUL: NUL, RUN_ID: NUL},
        spec={"arguments": arguments},
        message=NUL,
    )
    store = tell(seen, seen, a_pod("p", A, 10, 20), deleted(NUL), looked(NUL, modified=40, at=50))
    (run,) = store.runs(EVERYTHING, Listing(), ALL).items
    view = view_of(store, run)
    assert (run.uid, view.message, view.labels[REPLACED]) == (REPLACED, REPLACED, REPLACED)
    assert [(p.name, p.value) for p in view.parameters] == [(REPLACED, REPLACED)]
    assert {one.uri for one in store.artifacts(EVERYTHING, Listing(), ALL).items} == {f"s3:///{REPLACED}"}
    assert not any(b"\\u0000" in line for line in dumped(store))


def test_asking_by_that_character_finds_what_bears_the_other(tell: Tell) -> None:
    store = tell(a_workflow(name=NUL))
    for operator, value in ((Operator.EQ, NUL), (Operator.IN, [NUL]), (Operator.CONTAINS, "\0"), (Operator.GTE, NUL)):
        listing = Listing(where=Condition(field="name", operator=operator, value=value))
        assert [run.name for run in store.runs(EVERYTHING, listing, ALL).items] == [REPLACED]


def test_texts_of_any_length_and_script_are_kept(tell: Tell) -> None:
    chance = random.Random(1)
    value = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(20_000)) + "😀'\"\\%s:x"
    store = tell(a_workflow(spec={"arguments": {"parameters": [{"name": "p", "value": value}]}}, message=value))
    where = Condition(field="parameter", name="p", operator=Operator.EQ, value=value)
    (run,) = store.runs(EVERYTHING, Listing(where=where), ALL).items
    view = view_of(store, run)
    assert view.message == view.parameters[0].value == value


# ------------------------------------------------------------------------------------------ writing
def test_facts_and_the_position_of_the_log_are_recorded_together_or_not_at_all(store: SqlStore) -> None:
    facts = facts_of(a_workflow())
    store.apply([], recorded_at=RECORDED_AT, log="log", after=None, position="1")
    with pytest.raises(PositionMoved):
        store.apply(facts, recorded_at=RECORDED_AT, log="log", after=None, position="2")
    with pytest.raises(PositionMoved):
        store.apply(facts, recorded_at=RECORDED_AT, log="log", after="0", position="2")
    assert (store.position("log"), store.position("other"), list(store.dump(EVERYTHING))) == ("1", None, [])
    store.apply(facts, recorded_at=RECORDED_AT, log="log", after="1", position="2")
    assert (store.position("log"), store.count(EVERYTHING, Run, Listing())) == ("2", 1)


def test_each_fact_says_whether_it_added_to_what_is_known(store: SqlStore) -> None:
    newer, older = facts_of(a_workflow(version=2, phase="Succeeded")), facts_of(a_workflow(version=1))
    assert store.apply(newer, recorded_at=RECORDED_AT) == (True, True)
    assert store.apply(newer, recorded_at=RECORDED_AT) == (False, False)
    assert store.apply(older, recorded_at=RECORDED_AT) == (False, False)
    look = facts_of(looked("k", modified=10, at=20))
    assert store.apply([*look, *look], recorded_at=RECORDED_AT) == (True, False)


def test_an_older_view_that_names_an_attempt_which_nobody_saw_adds_it(store: SqlStore) -> None:
    record(store, a_workflow({A: a_node("w.a", 30, None, "Running")}, version=2))
    older = facts_of(a_workflow({A: a_node("w.a", 10, 20, "Failed")}, version=1))
    assert store.apply(older, recorded_at=RECORDED_AT)[0]


def test_two_connections_to_one_database_share_what_is_known(url: str) -> None:
    with pytest.raises(SchemaOutdated):
        open_store(url)
    migrate(url)
    one, two = open_store(url), open_store(url)
    record(one, a_workflow({A: a_node("w.a", 10, 20, writes=["k"])}))
    record(two, a_workflow({C: a_node("v.a", 60, 70, reads=["k"])}, uid="u2", name="v"))
    (use,) = one.inputs(EVERYTHING, [attempt(C, 60, run="u2")])[attempt(C, 60, run="u2")]
    assert use.artifact.key == write(A, 10)
    one.close()
    two.close()


def test_a_store_is_read_while_it_is_written(tell: Tell) -> None:
    store, written = tell(a_run(0, born=1)), Event()
    seen: list[int] = []

    def read() -> None:
        while not written.wait(0.001):  # in memory there is one connection, and whoever gives it back must let it go
            seen.append(len(store.runs(EVERYTHING, Listing(), PageRequest(first=100)).items))

    reader = Thread(target=read)
    reader.start()
    try:
        for number in range(1, 30):
            record(store, a_run(number, born=number))
    finally:
        written.set()
        reader.join()
    assert seen == sorted(seen)
    assert store.count(EVERYTHING, Run, Listing()) == 30
