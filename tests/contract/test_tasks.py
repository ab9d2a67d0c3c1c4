"""What Kubeflow's records tell of tasks, and how it finds the executions: whatever comes first."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lineage.model import ArtifactRole, ArtifactUse, Execution, Phase
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store.sql import SqlStore
from tests.factories import RECORDED_AT, KubernetesObject, a_store, dumped, facts_of, moment, record
from tests.kubeflow import FIRST_ID, RETRYING, RUN, V2, ByDriver, Held, Importer, Task, a_run
from tests.kubeflow_answers import a_run as a_told_run
from tests.kubeflow_answers import told
from tests.task_records import Kept, Port, kept_tasks, told_tasks
from watchers.answers import RUNS
from watchers.sources import all_sources

pytestmark = pytest.mark.usefixtures("database")

ALL = PageRequest(first=100)
MODEL = "minio://mlpipeline/v2/artifacts/churn/1/train/model"
SCORES = "minio://mlpipeline/v2/artifacts/churn/1/train/scores"
REPOSITORY = {"artifactRepository": {"s3": {"bucket": "mlpipeline", "endpoint": "minio-service.kubeflow:9000"}}}


@dataclass(frozen=True, kw_only=True)
class Records:
    """Where tasks are told of: by which source, as of which release, and how."""

    source: str
    release: str
    tasks: Callable[..., KubernetesObject]


ML_METADATA = Records(source="mlmd_tasks", release="2.17", tasks=kept_tasks)
API = Records(source="kfp_tasks", release="3.0", tasks=told_tasks)


@pytest.fixture(params=[ML_METADATA, API], ids=["ML Metadata", "API of 3.0"])
def records(request: pytest.FixtureRequest) -> Records:
    found: Records = request.param
    return found


def a_trained_run(release: str, **more: Any) -> KubernetesObject:
    """A run of one task that planned two outputs."""
    writes = {"model": Held(uri=MODEL, type="system.Model"), "scores": Held(uri=SCORES, type="system.Metrics")}
    task = Task(name="train", parameters={"rate": 0.1}, writes=writes)
    return a_run([task], release=release, artifactRepositoryRef=REPOSITORY, **more)


def as_kept(uri: str = MODEL, **more: Any) -> Kept:
    """The same task, as it is kept."""
    said = {"accuracy": 0.75, "note": "of a test", "is_final": True}
    return Kept(
        id=FIRST_ID,
        name="train",
        given={"rate": 0.1, "epochs": 3.0},
        came={"best": 0.75, "classes": ["a", "b"]},
        writes={
            "model": [Port(uri=uri, type="system.Model", said={"framework": "sklearn", "shape": [3, 4]})],
            "scores": [Port(uri=SCORES, type="system.Metrics", said=said)],
        },
        **more,
    )


def the_execution(store: SqlStore, name: str = "train") -> Execution:
    (found,) = (one for one in store.executions(EVERYTHING, Listing(), ALL).items if one.display_name == name)
    return found


def outputs(store: SqlStore, name: str = "train") -> dict[str, ArtifactUse]:
    key = the_execution(store, name).key
    return {use.name: use for use in store.outputs(EVERYTHING, [key])[key]}


def metrics(store: SqlStore, name: str = "train") -> dict[str, float | None]:
    key = the_execution(store, name).key
    found = store.metrics_of_executions(EVERYTHING, [key])[key]
    return {one.name: one.value for one in found if one.source != "built in"}


# ------------------------------------------------------------------------------------------ of a task that was run
def test_values_come_out_of_a_task(records: Records) -> None:
    found = the_execution(a_store(a_trained_run(records.release), records.tasks(as_kept())))
    assert [(one.name, one.value) for one in found.input_parameters] == [("rate", "0.1"), ("epochs", "3")]
    assert [(one.name, one.value) for one in found.output_parameters] == [("best", "0.75"), ("classes", '["a","b"]')]


def test_who_told_what_is_said(records: Records) -> None:
    found = the_execution(a_store(a_trained_run(records.release), records.tasks(as_kept())))
    assert {one.source for one in found.origins} == {records.source}
    assert [one.field for one in found.origins] == ["inputParameters", "metrics", "outputParameters", "outputs"]
    assert the_execution(a_store(a_trained_run(records.release))).origins == ()


def test_metrics_are_what_was_logged_and_nothing_else_that_is_said_of_them(records: Records) -> None:
    assert metrics(a_store(a_trained_run(records.release), records.tasks(as_kept()))) == {"accuracy": 0.75}


def test_a_run_has_the_metrics_of_its_tasks(records: Records) -> None:
    store = a_store(a_trained_run(records.release), records.tasks(as_kept()))
    (found,) = store.metrics_of_runs(EVERYTHING, [("Run", RUN)])[("Run", RUN)][:1]
    assert (found.name, found.value, found.source) == ("accuracy", 0.75, "outputs.artifacts.scores.accuracy")


def test_an_artifact_is_said_to_be_what_its_task_said_in_the_end(records: Records) -> None:
    store = a_store(a_trained_run(records.release), records.tasks(as_kept()))
    model = outputs(store)["model"].artifact
    assert model.type == "system.Model"
    said = store.metadata(EVERYTHING, [model.key])[model.key]
    assert said == {"framework": "sklearn", "shape": [3, 4]}


def test_curves_and_matrices_are_metadata(records: Records) -> None:
    matrix = {"annotationSpecs": [{"displayName": "a"}], "rows": [{"row": [7.0]}]}
    curve = [{"confidenceThreshold": 0.5, "recall": 1.0, "falsePositiveRate": 0.0}]
    said = {"confusionMatrix": matrix, "confidenceMetrics": curve}
    port = Port(uri="minio://mlpipeline/v2/roc", type="system.ClassificationMetrics", said=said)
    store = a_store(
        a_trained_run(records.release), records.tasks(Kept(id=FIRST_ID, name="train", writes={"roc": [port]}))
    )
    roc = outputs(store)["roc"].artifact
    assert store.metadata(EVERYTHING, [roc.key])[roc.key] == said
    assert roc.type == "system.ClassificationMetrics"


def test_an_output_that_was_put_elsewhere_is_there(records: Records) -> None:
    elsewhere = "s3://models/churn/7"
    store = a_store(a_trained_run(records.release), records.tasks(as_kept(elsewhere)))
    assert outputs(store)["model"].artifact.uri == elsewhere
    assert [one.uri for one in store.artifacts(EVERYTHING, Listing(), ALL).items if one.uri == MODEL] == []


def test_what_is_told_is_where_the_workflow_says_it_is(records: Records) -> None:
    """A uri names no store. That of the run has the bucket, so what is told and what was planned are one artifact."""
    store = a_store(a_trained_run(records.release), records.tasks(as_kept()))
    assert [one.uri for one in store.artifacts(EVERYTHING, Listing(), ALL).items].count(MODEL) == 1


def test_a_task_that_failed_kept_its_log_alone(records: Records) -> None:
    log = "minio://mlpipeline/v2/artifacts/churn/1/train/executor-logs"
    failed = a_run([Task(name="train", phase="Failed", writes={"model": Held(uri=MODEL)})], release=records.release)
    kept = Kept(id=FIRST_ID, name="train", state="FAILED", writes={"executor-logs": [Port(uri=log)]})
    assert {name: use.artifact.uri for name, use in outputs(a_store(failed, records.tasks(kept))).items()} == {
        "executor-logs": log
    }


def test_several_artifacts_of_one_output_are_told_apart(records: Records) -> None:
    parts = [Port(uri=f"minio://mlpipeline/v2/part-{number}") for number in range(3)]
    store = a_store(
        a_trained_run(records.release), records.tasks(Kept(id=FIRST_ID, name="train", writes={"parts": parts}))
    )
    found = {name: use.artifact.uri for name, use in outputs(store).items() if name.startswith("parts")}
    assert found == {f"parts[{number}]": part.uri for number, part in enumerate(parts)}


def test_of_a_task_that_was_tried_again_the_last_attempt_is_told() -> None:
    one = Task(name="train", phase="Succeeded")
    run = a_run([one], release=RETRYING)
    nodes = run["status"]["nodes"]
    (last,) = (node for node in nodes.values() if node["name"].endswith("executor(0)"))
    first = {**last, "id": "earlier", "name": last["name"].replace("executor(0)", "executor(7)"), "phase": "Failed"}
    first |= {"startedAt": run["metadata"]["creationTimestamp"]}
    nodes["earlier"] = first
    store = a_store(run, kept_tasks(as_kept()))
    found = [each for each in store.executions(EVERYTHING, Listing(), ALL).items if each.display_name == "train"]
    assert {each.phase: len(each.output_parameters) for each in found} == {Phase.FAILED: 0, Phase.SUCCEEDED: 2}


@pytest.mark.parametrize("release", [release for release in V2 if release != "3.0"])
def test_what_an_importer_named_was_there_before(records: Records, release: str) -> None:
    data = "s3://lake/customers.csv"
    run = a_run([Importer(name="import-data", parameter="uri")], release=release)  # of what, only its run knows
    port = Port(uri=data, type="system.Dataset", said={"rows": 7})
    kept = Kept(id=9, name="import-data", type="system.ImporterExecution", writes={"artifact": [port]})
    store = a_store(run, records.tasks(kept))
    found = outputs(store, "import-data")["artifact"]
    assert (found.artifact.uri, found.role) == (data, ArtifactRole.REUSED)
    assert not the_execution(store, "import-data").cached


def test_a_claim_that_a_driver_made_has_its_name(records: Records) -> None:
    run = a_run([ByDriver(name="createpvc")], release=records.release)
    store = a_store(run, records.tasks(Kept(id=9, name="createpvc", came={"name": "claim-7"})))
    assert [(one.name, one.value) for one in the_execution(store, "createpvc").output_parameters] == [
        ("name", "claim-7")
    ]


# ------------------------------------------------------------------------------------------ of a cached task
def cached_run(release: str, *, number: int = 2) -> KubernetesObject:
    """A run of the next day, whose task was in the cache."""
    first = a_run([Task(name="train", cached=True)], release=release, artifactRepositoryRef=REPOSITORY)
    run: KubernetesObject = json.loads(json.dumps(first).replace("1970-01-01T", "1970-01-02T"))
    run["metadata"] |= {"uid": f"u{number}", "name": f"churn-{number}"}
    run["metadata"]["labels"] = {"pipeline/runid": f"run-{number}"}
    return run


def taking_over(**more: Any) -> Kept:
    data = Port(uri="minio://mlpipeline/v2/data", type="system.Dataset")
    return Kept(
        id=FIRST_ID + 50,
        name="train",
        state="CACHED",
        taken_from=FIRST_ID,
        given={"rate": 0.1},
        came={"best": 0.75},
        reads={"data": [data]},
        writes=as_kept().writes,
        at=90_000,
        **more,
    )


@pytest.mark.parametrize("release", V2)
def test_a_cached_task_is_given_its_inputs_and_takes_over_what_came_out(records: Records, release: str) -> None:
    first = [a_trained_run(records.release), records.tasks(as_kept())]
    store = a_store(*first, cached_run(release), records.tasks(taking_over(), run="run-2"))
    by_run = {one.run_key[1]: one for one in store.executions(EVERYTHING, Listing(), ALL).items if not one.system}
    one = by_run["run-2"]
    assert one.cached
    assert [(p.name, p.value) for p in (*one.input_parameters, *one.output_parameters)] == [
        ("rate", "0.1"),
        ("best", "0.75"),
    ]
    (read,) = store.inputs(EVERYTHING, [one.key])[one.key]
    assert read.artifact.uri == "minio://mlpipeline/v2/data"
    assert {each.field for each in one.origins} >= {"inputs", "inputParameters", "outputParameters", "outputs"}
    wrote = {use.name: use for use in store.outputs(EVERYTHING, [one.key])[one.key]}
    # To the API of 3.0 the numbers themselves are artifacts, which lie nowhere.
    taken = {"model": MODEL} | ({"scores": SCORES} if records is ML_METADATA else {})
    assert {name: use.artifact.uri for name, use in wrote.items()} == taken
    assert {use.role for use in wrote.values()} == {ArtifactRole.REUSED}
    assert store.cached_from(EVERYTHING, [one.key])[one.key].key == by_run[RUN].key
    cached = [m for m in store.metrics_of_executions(EVERYTHING, [one.key])[one.key] if m.name == "accuracy"]
    assert [(m.value, m.cached) for m in cached] == [(0.75, True)]


def test_a_cached_task_with_values_alone_says_where_they_come_from() -> None:
    values = Kept(id=FIRST_ID + 50, name="train", state="CACHED", taken_from=FIRST_ID, came={"best": 0.75}, at=900)
    store = a_store(a_trained_run("2.17"), cached_run("2.17"), kept_tasks(values, run="run-2"))
    by_run = {one.run_key[1]: one for one in store.executions(EVERYTHING, Listing(), ALL).items if not one.system}
    key = by_run["run-2"].key
    assert store.cached_from(EVERYTHING, [key])[key].key == by_run[RUN].key


# ------------------------------------------------------------------------------------------ of a run that was over
def test_tasks_are_the_steps_of_a_run_whose_nodes_nobody_saw(records: Records) -> None:
    store = a_store(told(RUNS, a_told_run(RUN)), records.tasks(as_kept()))
    one = the_execution(store)
    assert (one.phase, one.finished_at, one.superseded, one.cached) == (Phase.SUCCEEDED, moment(100), False, False)
    assert outputs(store)["model"].artifact.uri == MODEL
    assert metrics(store) == {"accuracy": 0.75}
    assert [one.key for one in store.executions(EVERYTHING, Listing(), ALL).items] == [one.key]


def test_they_make_way_for_its_nodes_and_are_found_by_the_same_id(records: Records) -> None:
    store = a_store(told(RUNS, a_told_run(RUN)), records.tasks(as_kept()))
    before = the_execution(store)
    record(store, a_trained_run(records.release))
    after = the_execution(store)
    assert after.node_id != before.node_id
    assert store.get(EVERYTHING, [before.key])[before.key].key == after.key
    assert metrics(store) == {"accuracy": 0.75}


def test_a_task_that_is_told_no_more_is_gone_with_its_outputs(records: Records) -> None:
    other = Kept(id=7, name="other", writes={"o": [Port(uri="minio://mlpipeline/v2/o")]}, at=50)
    store = a_store(told(RUNS, a_told_run(RUN)), records.tasks(other), records.tasks(as_kept()))
    assert [one.display_name for one in store.executions(EVERYTHING, Listing(), ALL).items] == ["train"]
    assert "minio://mlpipeline/v2/o" not in {one.uri for one in store.artifacts(EVERYTHING, Listing(), ALL).items}


# ------------------------------------------------------------------------------------------ in any order
def test_tasks_that_the_api_tells_of_wait_for_their_run() -> None:
    store = a_store(API.tasks(as_kept()))
    assert store.executions(EVERYTHING, Listing(), ALL).items == ()
    assert store.runs(EVERYTHING, Listing(), ALL).items == ()
    record(store, a_trained_run(API.release))
    assert metrics(store) == {"accuracy": 0.75}


def test_a_run_that_only_ml_metadata_tells_of_is_what_it_says_until_somebody_knows_better() -> None:
    store = a_store(kept_tasks(as_kept()))
    (run,) = store.runs(EVERYTHING, Listing(), ALL).items
    assert (run.uid, run.name, run.namespace, run.phase) == (RUN, RUN, "a", Phase.UNKNOWN)
    assert metrics(store) == {"accuracy": 0.75}
    record(store, told(RUNS, a_told_run(RUN)))
    (run,) = store.runs(EVERYTHING, Listing(), ALL).items
    assert (run.display_name, run.phase) == ("Fit again", Phase.SUCCEEDED)
    record(store, a_trained_run(ML_METADATA.release))
    (run,) = store.runs(EVERYTHING, Listing(), ALL).items
    assert run.name.startswith("churn")


@pytest.mark.parametrize(
    ("states", "phase"),
    [
        (["COMPLETE", "FAILED"], Phase.FAILED),
        (["FAILED", "COMPLETE"], Phase.UNKNOWN),  # it was done again, and nobody says that this was all
        (["FAILED", "RUNNING"], Phase.UNKNOWN),
    ],
)
def test_how_a_run_went_is_said_as_far_as_its_tasks_say(states: Sequence[str], phase: Phase) -> None:
    tasks = [Kept(id=number, name="train", state=state) for number, state in enumerate(states, start=1)]
    (run,) = a_store(kept_tasks(*tasks)).runs(EVERYTHING, Listing(), ALL).items
    assert run.phase is phase


def test_what_others_put_into_the_context_of_a_run_is_no_task_of_it() -> None:
    other = Kept(id=5, name="theirs", type="my.Execution")
    assert [
        one.display_name for one in a_store(kept_tasks(as_kept(), other)).executions(EVERYTHING, Listing(), ALL).items
    ] == ["train"]


def a_story(records: Records) -> Sequence[KubernetesObject]:
    """Two runs, the second out of the cache of the first, as they are seen and told while they go on."""
    early = Kept(id=FIRST_ID, name="train", state="RUNNING", given={"rate": 0.1}, at=60)
    without = a_trained_run(records.release, version=3)
    del without["status"]["artifactRepositoryRef"]
    running = a_trained_run(records.release, version=2)
    for node in running["status"]["nodes"].values():
        if node["name"].endswith("executor"):
            node |= {"phase": "Running", "finishedAt": None}
    return (
        running,
        records.tasks(early),
        without,
        records.tasks(as_kept("s3://models/churn/6", at=90)),
        a_trained_run(records.release, version=4),
        records.tasks(as_kept(at=100)),
        told(RUNS, a_told_run(RUN)),
        cached_run("2.0" if records is ML_METADATA else records.release),
        records.tasks(taking_over(), run="run-2"),
    )


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_and_any_repetition_leaves_the_same_store(records: Records, data: st.DataObject) -> None:
    story = a_story(records)
    expected = dumped(a_store(*story, at_once=False))
    told = data.draw(st.permutations([*story, *data.draw(st.lists(st.sampled_from(story), max_size=4))]))
    cuts = data.draw(st.lists(st.integers(0, len(told)), max_size=3).map(sorted))
    store = a_store()
    for begin, end in zip([0, *cuts], [*cuts, len(told)], strict=True):
        store.apply(facts_of(*told[begin:end]), recorded_at=RECORDED_AT)
    assert dumped(store) == expected


def test_what_was_told_is_interpreted_again_from_what_is_kept(records: Records) -> None:

    store, anew = a_store(*a_story(records)), a_store()
    by_resource = {source.resource.name: source.name for source in all_sources()}
    kept = [one for one in store.observations(seen_at=RECORDED_AT) if isinstance(one, ObjectSeen)]
    anew.apply(facts_of(*(replace(one, source=by_resource[one.source]) for one in kept)), recorded_at=RECORDED_AT)
    assert list(map(json.loads, dumped(anew))) == list(map(json.loads, dumped(store)))
