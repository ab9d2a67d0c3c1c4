"""Runs that are no workflows, executions that are objects, and what started what: in whichever order it is seen."""

import random
from io import BytesIO
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.facts import RunSeen
from lineage.identity import Key, object_key, run_key
from lineage.model import Direction, Execution, Phase, Run, restarts_of
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING, Condition, LineageStore, Listing, Operator, PageRequest, Scope
from tests.conftest import fixtures_folder
from tests.factories import (
    CLUSTER,
    RECORDED_AT,
    REDACTOR,
    KubernetesObject,
    a_pod,
    a_store,
    a_workflow,
    deleted,
    dumped,
    facts_of,
    listed,
    make_store,
    moment,
    record,
    rfc3339,
)
from tests.workload_world import a_pipeline, a_step, a_template, a_trials_workflow, observations
from tests.workloads import a_job, a_katib_experiment, a_notebook, a_pod_of_job, a_train_job, a_trial, owned_by
from watchers import files
from watchers.files import read
from watchers.sources import all_sources

pytestmark = pytest.mark.usefixtures("database")

ALL = PageRequest(first=100)


def the_run(store: LineageStore, uid: str) -> Run:
    found = store.get(EVERYTHING, [run_key(uid)])[run_key(uid)]
    assert isinstance(found, Run)
    return found


def the_execution(store: LineageStore, uid: str) -> Execution:
    key = object_key(uid)
    found = store.get(EVERYTHING, [key])[key]
    assert isinstance(found, Execution)
    return found


def step(store: LineageStore, name: str) -> Execution:
    listing = Listing(where=Condition(field="displayName", operator=Operator.EQ, value=name))
    (found,) = store.executions(EVERYTHING, listing, ALL).items
    return found


def started_by(store: LineageStore, uid: str) -> str | None:
    """The name of what started a run."""
    key = the_run(store, uid).started_by_key
    found = None if key is None else store.get(EVERYTHING, [key])[key]
    return found.display_name if isinstance(found, Execution) else None


def both_ways(*objects: KubernetesObject) -> list[LineageStore]:
    """Stores that know these in every order, one by one and at once."""
    orders = [list(order) for order in permutations(objects)][:6]
    return [a_store(*order, at_once=at_once) for order in orders for at_once in (True, False)]


# ------------------------------------------------------------------------------------------ in any order
def test_the_same_views_make_the_same_store_in_whichever_order_they_come() -> None:
    world = observations()
    known = dumped(a_store(*world))
    assert dumped(a_store(*reversed(world), at_once=False)) == known
    for seed in range(3):
        shuffled = [*world, *world]
        random.Random(seed).shuffle(shuffled)
        store = make_store.get()()
        for start in range(0, len(shuffled), 7):
            record(store, *shuffled[start : start + 7])
        assert dumped(store) == known
        store.close()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_part_of_the_views_makes_the_same_store_in_any_order_and_repetition(data: st.DataObject) -> None:
    part = data.draw(st.lists(st.sampled_from(range(len(observations()))), max_size=30))
    sizes = data.draw(st.lists(st.integers(1, 8), min_size=1, max_size=5))
    world = observations()
    store, start, turn = a_store(), 0, 0
    while start < len(part):
        size = sizes[turn % len(sizes)]
        record(store, *(world[index] for index in part[start : start + size]))
        start, turn = start + size, turn + 1
    assert dumped(store) == dumped(a_store(*(world[index] for index in sorted(set(part)))))


@pytest.mark.skipif(not fixtures_folder().is_dir(), reason="there are no recorded objects")
def test_recorded_objects_make_the_same_store_in_any_order() -> None:
    found = read([str(fixtures_folder() / name) for name in ("katib", "training")], standard_input=BytesIO())
    seen = [
        one
        for each in found
        if isinstance(
            one := files.observed(each, sources=all_sources(), cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR),
            ObjectSeen,
        )
    ]
    known = dumped(a_store(*seen))
    assert len(seen) > 15
    assert dumped(a_store(*reversed(seen), *seen, at_once=False)) == known


# ------------------------------------------------------------------------------------------ Katib
def test_trials_stand_in_the_run_that_their_experiment_is() -> None:
    for store in both_ways(a_katib_experiment(), a_trial(), a_trial(uid="trial-2", name="tune-2")):
        run = the_run(store, "e1")
        listing = Listing(where=Condition(field="run", operator=Operator.EQ, value=run.key))
        assert (run.kind, run.name) == ("KatibExperiment", "tune")
        assert {one.name for one in store.executions(EVERYTHING, listing, ALL).items} == {"tune-1", "tune-2"}
        assert store.experiments(EVERYTHING, Listing(), ALL).items == ()


def test_an_experiment_that_nobody_saw_is_known_by_its_trials() -> None:
    run = the_run(a_store(a_trial()), "e1")
    assert (run.kind, run.name, run.namespace, run.phase) == ("KatibExperiment", "tune", "a", Phase.UNKNOWN)


def test_the_best_trial_is_found_whenever_it_is_seen() -> None:
    ended = a_katib_experiment([("Succeeded", 90)], end=90, best="tune-1", trials=2)
    for store in both_ways(ended, a_trial(), a_trial(uid="trial-2", name="tune-2")):
        best = store.best_trials(EVERYTHING, [run_key("e1")])
        assert {key: one.name for key, one in best.items()} == {run_key("e1"): "tune-1"}
    assert a_store(ended).best_trials(EVERYTHING, [run_key("e1")]) == {}


def test_an_experiment_of_whose_trials_some_were_not_seen_is_not_complete() -> None:
    ended = a_katib_experiment([("Succeeded", 90)], end=90, trials=2)
    lacking = a_store(ended, a_trial()).completeness(EVERYTHING, [run_key("e1")])[run_key("e1")]
    whole = a_store(ended, a_trial(), a_trial(uid="trial-2")).completeness(EVERYTHING, [run_key("e1")])[run_key("e1")]
    assert (lacking.complete, lacking.nodes_expected, lacking.nodes_recorded) == (False, 2, 1)
    assert lacking.missing == ("1 of its 2 parts were seen",)
    assert whole.complete


def test_what_a_trial_observed_is_a_metric_of_it() -> None:
    metrics = [{"name": "loss", "min": "0.1", "max": "0.9", "latest": "unavailable"}]
    store = a_store(a_trial([("Succeeded", 40)], end=40, metrics=metrics))
    found = store.metrics_of_executions(EVERYTHING, [object_key("trial-1")])[object_key("trial-1")]
    assert [(one.value, one.source) for one in found if one.name == "loss"] == [(0.1, "status")]


def test_the_metric_of_an_experiment_is_that_of_its_best_trial() -> None:
    def ended(name: str, at: float, loss: str) -> KubernetesObject:
        metrics = [{"name": "loss", "min": loss}]
        return a_trial([("Succeeded", at)], end=at, uid=name, name=name, metrics=metrics)

    experiment = a_katib_experiment([("Succeeded", 90)], end=90, best="tune-1", trials=3)
    for store in both_ways(experiment, ended("tune-1", 40, "0.1"), ended("tune-2", 60, "0.3")):
        (found,) = store.metrics_of_runs(EVERYTHING, [run_key("e1")]).values()
        assert [one.value for one in found if one.name == "loss"] == [0.1]
        where = Condition(field="metric", operator=Operator.LT, value=0.2, name="loss")
        assert [run.name for run in store.runs(EVERYTHING, Listing(where=where), ALL).items] == ["tune"]


def test_a_metric_that_a_newer_view_no_longer_has_is_none() -> None:
    before = a_trial(version=1, metrics=[{"name": "loss", "latest": "0.5"}])
    for store in both_ways(before, a_trial(version=2)):
        found = store.metrics_of_executions(EVERYTHING, [object_key("trial-1")])[object_key("trial-1")]
        assert "loss" not in {one.name for one in found}


# ------------------------------------------------------------------------------------------ what started what
def test_the_workflow_of_a_trial_stands_under_it() -> None:
    for store in both_ways(a_katib_experiment(), a_trial(), a_trials_workflow(over=True)):
        assert started_by(store, "w1") == "tune-1"
        page = store.owned(EVERYTHING, Run, "startedBy", [object_key("trial-1")], Listing(), ALL)
        assert [one.name for one in page[object_key("trial-1")].items] == ["tune-1"]


def test_the_job_of_a_trial_stands_under_it() -> None:
    owner = {"ownerReferences": owned_by("Trial", "tune-1", "trial-1")}
    for job in (a_job(uid="run", metadata=owner), a_train_job(uid="run", metadata=owner)):
        for store in both_ways(a_trial(), job):
            assert started_by(store, "run") == "tune-1"


def test_the_trials_of_a_search_of_trainer_stand_under_it() -> None:
    version = "trainer.kubeflow.org/v1alpha1"
    search = {"apiVersion": version, "kind": "OptimizationJob", "metadata": {"name": "search", "uid": "o1"}}
    trial = a_train_job(metadata={"ownerReferences": owned_by("OptimizationJob", "search", "o1", version=version)})
    for store in both_ways(search, trial):
        assert started_by(store, "t1") == "search"


def test_a_job_is_of_the_step_whose_template_makes_it() -> None:
    manifest = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "train"}}
    workflow = a_workflow(
        {"w-1": a_step("fit", 5), "w-2": a_step("other", 5)}, spec={"templates": [a_template("fit", manifest)]}
    )
    for store in both_ways(workflow, a_job()):
        assert started_by(store, "j1") == "fit"
    for store in both_ways(workflow, a_job(metadata={"ownerReferences": owned_by("Workflow", "w", "u1")})):
        assert started_by(store, "j1") == "fit"


@pytest.mark.parametrize(
    "manifest",
    [
        {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "another"}},
        {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {"name": "train"}},
        {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "train", "namespace": "b"}},
        {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"generateName": "train"}},
        {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "{{inputs.parameters.name}}"}},
    ],
)
def test_a_job_is_not_of_a_step_that_makes_something_else(manifest: KubernetesObject) -> None:
    workflow = a_workflow({"w-1": a_step("fit", 5)}, spec={"templates": [a_template("fit", manifest)]})
    for store in both_ways(workflow, a_job()):
        assert started_by(store, "j1") is None


def test_a_job_is_not_of_a_step_that_deletes_it_or_had_ended_before() -> None:
    manifest = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "train"}}
    deletes = a_workflow({"w-1": a_step("fit", 5)}, spec={"templates": [a_template("fit", manifest, "delete")]})
    ended = a_workflow({"w-1": a_step("fit", 5, 7)}, spec={"templates": [a_template("fit", manifest)]})
    for workflow in (deletes, ended):
        for store in both_ways(workflow, a_job(born=20)):
            assert started_by(store, "j1") is None


def test_of_steps_that_make_jobs_of_generated_names_each_has_that_which_its_output_names() -> None:
    manifest = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"generateName": "fit-"}}

    def making(name: str, start: float, job: str) -> KubernetesObject:
        outputs = {"parameters": [{"name": "fit-name", "value": job}]}
        return a_step(name, start, 50, outputs=outputs) | {"templateName": "fit"}

    workflow = a_workflow(
        {"w-1": making("first", 5, "fit-a"), "w-2": making("second", 6, "fit-b")},
        spec={"templates": [a_template("fit", manifest)]},
    )
    jobs = [a_job(uid=name, name=name, metadata={"generateName": "fit-"}) for name in ("fit-a", "fit-b", "fit-c")]
    for store in both_ways(workflow, *jobs):
        assert [started_by(store, name) for name in ("fit-a", "fit-b", "fit-c")] == ["first", "second", None]


def test_a_job_that_a_script_of_a_workflow_made_is_of_the_only_step_that_worked_then() -> None:
    job = a_job(metadata={"ownerReferences": owned_by("Workflow", "w", "u1")})
    alone = a_workflow({"w-1": a_step("script", 5), "w-2": a_step("before", 1, 3)})
    several = a_workflow({"w-1": a_step("script", 5), "w-2": a_step("beside", 5)})
    assert {started_by(store, "j1") for store in both_ways(alone, job)} == {"script"}
    assert {started_by(store, "j1") for store in both_ways(several, job)} == {None}


def test_a_job_that_bears_the_id_of_a_run_is_of_the_step_that_makes_it_or_alone_worked_then() -> None:
    manifest = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "train"}}
    labels = {"pipeline/runid": "run-1"}
    makes = a_workflow(
        {"w-1": a_step("fit", 5), "w-2": a_step("beside", 5)},
        labels=labels,
        spec={"templates": [a_template("fit", manifest)]},
    )
    alone = a_workflow({"w-1": a_step("script", 5)}, labels=labels)
    job = a_job(metadata={"labels": labels})
    assert {started_by(store, "j1") for store in both_ways(makes, job)} == {"fit"}
    assert {started_by(store, "j1") for store in both_ways(alone, job)} == {"script"}
    other = a_job(metadata={"labels": {"pipeline/runid": "run-2"}})
    assert {started_by(store, "j1") for store in both_ways(makes, other)} == {None}


def test_a_job_that_a_pod_owns_is_of_the_step_that_the_pod_worked_for() -> None:
    job = a_job(born=20, metadata={"ownerReferences": owned_by("Pod", "pod-of-w-1000001", "p", version="v1")})
    workflow = a_workflow({"w-1000001": a_step("script", 10)})
    for store in both_ways(workflow, a_pod(), job):
        assert started_by(store, "j1") == "script"


def test_what_a_notebook_owns_or_labels_was_started_from_it() -> None:
    labels = {"notebook-name": "desk"}
    owned = {"ownerReferences": owned_by("Notebook", "desk", "n1", version="kubeflow.org/v1")}
    for metadata in ({"labels": labels}, owned):
        for store in both_ways(a_notebook(), a_job(metadata=metadata)):
            assert started_by(store, "j1") == "desk"
        for store in both_ways(a_notebook(), a_workflow(metadata=metadata, born=20)):
            assert started_by(store, "u1") == "desk"
    for store in both_ways(a_notebook(), a_notebook(uid="n2", born=15), a_job(born=20, metadata={"labels": labels})):
        assert the_run(store, "j1").started_by_key == object_key("n2")  # of two of one name the later
    for store in both_ways(a_notebook(name="other"), a_job(metadata={"labels": labels})):
        assert started_by(store, "j1") is None


def test_an_experiment_is_of_the_step_that_makes_it() -> None:
    for store in both_ways(a_pipeline(), a_katib_experiment()):
        assert started_by(store, "e1") == "tune"


def test_a_workflow_that_nobody_owns_was_started_by_nothing() -> None:
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w2"}}
    parent = a_workflow({"w-1": a_step("child", 5)}, spec={"templates": [a_template("child", manifest)]})
    child = a_workflow(uid="u2", name="w2", born=6)
    owned = a_workflow(uid="u3", name="w2", born=6, metadata={"ownerReferences": owned_by("Workflow", "w", "u1")})
    assert {started_by(store, "u2") for store in both_ways(parent, child)} == {None}
    assert {started_by(store, "u3") for store in both_ways(parent, owned)} == {"child"}


# ------------------------------------------------------------------------------------------ lineage
def walked(store: LineageStore, root: Key, direction: Direction) -> set[str]:
    """The names of all that lies that way of a node."""
    graph = store.lineage(EVERYTHING, [root], direction=direction, max_depth=None, max_nodes=1000)
    closure = store.closure(EVERYTHING, [root], direction=direction, max_nodes=1000)
    assert graph is not None
    assert closure is not None
    assert set(closure.ids) == {node.id for node in graph.nodes}
    return {node.display_name if isinstance(node, Execution) else node.name for node in graph.nodes}


def test_lineage_leads_from_a_model_through_the_trial_and_the_step_to_the_data() -> None:
    objects = (a_pipeline(over=True), a_katib_experiment(), a_trial(), a_trials_workflow(over=True))
    for store in both_ways(*objects):
        model = next(one for one in store.artifacts(EVERYTHING, Listing(), ALL).items if one.name == "model")
        data = next(one for one in store.artifacts(EVERYTHING, Listing(), ALL).items if one.name == "x0")
        up = walked(store, model.key, Direction.UPSTREAM)
        assert up == {"model", "train", "tune-1", "tune", "x0", "prepare"}
        assert {"model", "load", "tune-1"} <= walked(store, data.key, Direction.DOWNSTREAM)


def test_starts_are_told_beside_the_edges() -> None:
    store = a_store(a_trial(), a_trials_workflow(over=True))
    key = object_key("trial-1")
    graph = store.lineage(EVERYTHING, [key], direction=Direction.DOWNSTREAM, max_depth=1, max_nodes=100)
    assert graph is not None
    names = {node.id: node.name for node in graph.nodes}
    assert {(names[one.source], names[one.target]) for one in graph.starts} == {
        ("tune-1", "tune-1.load"),
        ("tune-1", "tune-1.train"),
    }
    assert graph.edges == ()


def test_data_that_passes_through_a_volume_leads_from_one_job_to_the_next() -> None:
    first = a_job(conditions=[("Succeeded", 20)], end=20, claim="shared")
    second = a_job("TFJob", uid="j2", name="score", born=30, start=31, claim="shared")
    for store in both_ways(first, second):
        (read,) = store.inputs(EVERYTHING, [object_key("j2")])[object_key("j2")]
        assert (read.artifact.uri, read.artifact.producer_key) == ("pvc://a/shared", object_key("j1"))
        assert read.inferred


def test_a_data_set_that_a_workflow_wrote_is_what_the_initializer_fetches() -> None:
    spec = {"initializer": {"dataset": {"storageUri": "s3:///data"}}}
    for store in both_ways(a_pipeline(over=True), a_train_job([("Complete", 300)], born=200, spec=spec)):
        (read,) = store.inputs(EVERYTHING, [object_key("t1")])[object_key("t1")]
        assert (read.name, read.artifact.producer_key) == ("dataset", step(store, "prepare").key)


# ------------------------------------------------------------------------------------------ gone
def test_what_is_deleted_while_it_runs_has_an_unknown_end() -> None:
    for uid, item in (("trial-1", a_trial()), ("j1", a_job()), ("t1", a_train_job(jobsStatus=[{"active": 1}]))):
        store = a_store(item, deleted(uid))
        assert the_execution(store, uid).phase is Phase.UNKNOWN


def test_a_trial_that_a_complete_list_lacks_is_gone_and_its_experiment_is_not() -> None:
    store = a_store(a_katib_experiment(), a_trial(version=5), listed("*", 9, resource="trials.kubeflow.org"))
    assert the_execution(store, "trial-1").phase is Phase.UNKNOWN
    assert the_run(store, "e1").in_cluster
    seen_since = a_store(a_trial(version=10), listed("*", 9, resource="trials.kubeflow.org"))
    assert the_execution(seen_since, "trial-1").phase is Phase.RUNNING


def test_a_job_is_gone_by_the_lists_of_its_own_kind() -> None:
    other = a_store(a_job(), listed("*", 9), listed("*", 9, resource="tfjobs.kubeflow.org"))
    own = a_store(a_job(), listed("*", 9, resource="pytorchjobs.kubeflow.org"))
    assert the_run(other, "j1").in_cluster
    assert not the_run(own, "j1").in_cluster
    assert the_run(own, "j1").phase is Phase.UNKNOWN


def test_what_a_trial_ran_stays_known_although_it_is_deleted_with_its_end() -> None:
    store = a_store(a_trial([("Succeeded", 60)], end=60), a_trials_workflow(over=True), deleted("w1"))
    run = the_run(store, "w1")
    assert (run.in_cluster, run.phase, started_by(store, "w1")) == (False, Phase.SUCCEEDED, "tune-1")


# ------------------------------------------------------------------------------------------ turns
def test_what_an_object_came_to_is_kept_although_later_views_forgot_it() -> None:
    views = (
        a_job(version=1, metadata={"generation": 1}, replicas={"Worker": 1}),
        a_job(
            conditions=[("Created", 10), ("Restarting", 15)],
            version=2,
            metadata={"generation": 2},
            replicas={"Worker": 3},
        ),
        a_job(
            conditions=[("Created", 10), ("Running", 20)], version=3, metadata={"generation": 2}, replicas={"Worker": 3}
        ),
    )
    for store in both_ways(*views):
        (turns,) = store.turns(EVERYTHING, [object_key("j1")]).values()
        assert [(one.at, one.condition.type) for one in turns if one.condition is not None] == [
            (moment(10), "Created"),
            (moment(12), "Running"),
            (moment(15), "Restarting"),
            (moment(20), "Running"),
        ]
        scales = [(one.generation, one.replicas) for one in turns if one.replicas is not None]
        assert scales == [(1, {"Worker": 1}), (2, {"Worker": 3})]
        assert restarts_of(turns, ()) == 1


# ------------------------------------------------------------------------------------------ pods
def test_pods_of_a_job_work_for_it_whenever_they_were_made() -> None:
    pods = [a_pod_of_job("p1", born=12), a_pod_of_job("p2", born=9000, end=9001)]
    for store in both_ways(*pods, a_job(conditions=[("Succeeded", 20)], end=20)):
        (found,) = store.pods(EVERYTHING, [object_key("j1")]).values()
        assert [one.uid for one in found] == ["p1", "p2"]
        assert the_execution(store, "j1").kind == "PyTorchJob"


def test_pods_of_a_job_that_nobody_saw_stand_for_it() -> None:
    store = a_store(a_pod_of_job())
    assert the_execution(store, "j1").display_name == "train"
    assert the_run(store, "j1").name == "train"


# ------------------------------------------------------------------------------------------ scope, and again
def test_what_started_a_run_is_shown_to_who_may_see_it() -> None:
    store = a_store(a_trial(), a_trials_workflow())
    mine = Scope(namespaces=frozenset({(CLUSTER, "b")}))
    assert (
        store.owned(mine, Run, "startedBy", [object_key("trial-1")], Listing(), ALL)[object_key("trial-1")].items == ()
    )
    assert store.turns(mine, [object_key("trial-1")]) == {}
    assert store.best_trials(mine, [run_key("e1")]) == {}


def test_runs_are_found_by_their_kind_and_by_what_started_them() -> None:
    store = a_store(*observations())
    asked = {
        "kind": Condition(field="kind", operator=Operator.EQ, value="KatibExperiment"),
        "workflows": Condition(field="kind", operator=Operator.EQ, value="Workflow"),
        "by nobody": Condition(field="startedBy", operator=Operator.IS_NULL, value=True),
    }
    found = {
        name: {run.name for run in store.runs(EVERYTHING, Listing(where=where), ALL).items}
        for name, where in asked.items()
    }
    assert found == {"kind": {"tune"}, "workflows": {"w", "tune-1"}, "by nobody": {"w", "alone", "desk"}}


def test_what_is_kept_makes_the_same_knowledge_again() -> None:
    store = a_store(
        *(one for one in observations() if not isinstance(one, dict) or "generation" not in one["metadata"])
    )
    by_resource = {source.resource.name: source.name for source in all_sources()}
    again = make_store.get()()
    for kept in store.observations(seen_at=RECORDED_AT):
        seen = kept
        if isinstance(kept, ObjectSeen):
            seen = ObjectSeen(
                source=by_resource[kept.source],
                cluster=kept.cluster,
                seen_at=kept.seen_at,
                body=kept.body,
                key_id=kept.key_id,
            )
        record(again, seen)
    assert without_turns(dumped(again)) == without_turns(dumped(store))
    again.close()


def without_turns(items: list[bytes]) -> list[bytes]:
    """Leave out what older views said, which are not kept."""
    return [item[: item.index(b'"turns"')] if b'"turns"' in item else item for item in items]


def test_the_raw_object_of_a_run_is_that_of_its_kind() -> None:
    store = a_store(a_job())
    assert store.raw(EVERYTHING, [run_key("j1")])[run_key("j1")]["kind"] == "PyTorchJob"
    assert [fact.run for fact in facts_of(a_job()) if isinstance(fact, RunSeen)] == ["j1"]


def test_a_run_that_was_created_later_is_not_of_a_step_that_began_after_it() -> None:
    manifest = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "train"}}
    again = a_workflow(
        {"w-1": a_step("fit", 500)}, spec={"templates": [a_template("fit", manifest)]}, born=499, startedAt=rfc3339(499)
    )
    for store in both_ways(again, a_job(born=20)):
        assert started_by(store, "j1") is None
