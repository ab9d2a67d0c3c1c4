"""Runs of Kubeflow as readers see them, whichever release made them: its user's steps, and not the engine's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from lineage.identity import Key
from lineage.model import Artifact, ArtifactRole, Direction, Execution, Phase, Run
from lineage.ports import EVERYTHING, Condition, Listing, Operator, PageRequest
from lineage.store.sql import SqlStore
from tests.factories import a_store, an_artifact, view_of
from tests.kubeflow import (
    RETRYING,
    V1,
    V2,
    ByDriver,
    Group,
    Held,
    Importer,
    Step,
    Task,
    a_run,
)

ALL: Final = PageRequest(first=100)
ROOT: Final = "minio://mlpipeline/v2/artifacts/churn"
DATA: Final = Held(uri=f"{ROOT}/prepare/data", type="system.Dataset")
MODEL: Final = Held(uri=f"{ROOT}/train/model", type="system.Model", metadata={"framework": "xgboost"})
PIPELINE: Final[Sequence[Step]] = (
    Task(name="prepare", parameters={"rows": 1000, "table": "customers"}, writes={"data": DATA}),
    Task(
        name="train",
        after=["prepare"],
        parameters={"rate": 0.1, "layers": [8, 4]},
        reads={"data": DATA},
        writes={"model": replace(MODEL, metadata={})},
    ),
    Group(
        name="for-each-month",
        after=["train"],
        items=2,
        body=[
            Task(name="score", parameters={"month": "may"}, reads={"model": MODEL}),
            Task(name="report", after=["score"]),
        ],
    ),
    Group(name="when-good", after=["train"], condition="accuracy > 0.9", body=[Task(name="deploy")]),
    Group(name="when-bad", after=["train"], condition="accuracy <= 0.9", holds=False, body=[Task(name="warn")]),
)


class Recorded:
    """A store with one run in it."""

    def __init__(self, steps: Sequence[Step], **run: Any) -> None:
        self.store: SqlStore = a_store(a_run(steps, **run))
        (self.run,) = self.store.runs(EVERYTHING, Listing(), ALL).items

    def executions(self, *, system: bool = False) -> Sequence[Execution]:
        asked = Condition(field="system", operator=Operator.EQ, value=system)
        return self.store.executions(EVERYTHING, Listing(where=asked), ALL).items

    def one(self, name: str) -> Execution:
        (found,) = (each for each in self.executions() if each.display_name == name)
        return found

    def given(self, name: str) -> Mapping[str, str | None]:
        return {one.name: one.value for one in self.one(name).input_parameters}

    def ports(self, name: str, *roles: ArtifactRole) -> Mapping[str, Artifact]:
        key = self.one(name).key
        asked = self.store.inputs if ArtifactRole.USED in roles else self.store.outputs
        return {use.name: use.artifact for use in asked(EVERYTHING, [key]).get(key, ()) if use.role in roles}

    def before(self) -> set[tuple[str, int | None, str, int | None]]:
        """Which steps come right before which."""
        found = {each.key: each for each in self.executions()}
        links = self.store.depends_on(EVERYTHING, list(found))
        return {
            (parent.display_name, parent.iteration, found[key].display_name, found[key].iteration)
            for key, parents in links.items()
            for parent in parents
        }

    def upstream(self, key: Key, *, system: bool = False) -> set[str]:
        graph = self.store.lineage(
            EVERYTHING, [key], direction=Direction.UPSTREAM, max_depth=None, max_nodes=100, system=system
        )
        assert graph is not None
        return {
            each.display_name if isinstance(each, Execution) else str(getattr(each, "uri", None))
            for each in graph.nodes
        }


@pytest.mark.parametrize("release", V2)
def test_the_steps_of_a_pipeline_are_those_that_it_has_in_version_1(release: str) -> None:
    first, second = Recorded(PIPELINE, release=V1), Recorded(PIPELINE, release=release)

    def steps(recorded: Recorded) -> set[tuple[str, int | None, Phase]]:
        return {(each.display_name, each.iteration, each.phase) for each in recorded.executions()}

    assert steps(second) == steps(first)
    assert second.before() == first.before()
    for name in ("prepare", "train"):
        assert second.given(name) == first.given(name)


@pytest.mark.parametrize("release", V2)
def test_drivers_are_plumbing_and_stay_known(release: str) -> None:
    recorded = Recorded(PIPELINE, release=release)
    plumbing = {each.name.rpartition(".")[2].partition("(")[0] for each in recorded.executions(system=True)}
    assert {"root-driver", "train-driver", "iteration-item-driver"} <= plumbing
    assert all(each.endswith("-driver") for each in plumbing)


@pytest.mark.parametrize("release", V2)
def test_artifacts_are_joined_from_step_to_step_with_types_and_metadata(release: str) -> None:
    recorded = Recorded(PIPELINE, release=release)
    (data,) = recorded.ports("prepare", ArtifactRole.GENERATED).values()
    assert recorded.ports("train", ArtifactRole.USED) == {"data": data}
    assert (data.uri, data.type, data.name) == (DATA.uri, "system.Dataset", "data")
    model = recorded.ports("train", ArtifactRole.GENERATED)["model"]
    assert recorded.upstream(model.key) == {MODEL.uri, "train", DATA.uri, "prepare"}
    # What became of it after it was declared is told to who reads it.
    assert recorded.store.metadata(EVERYTHING, [model.key]) == {model.key: MODEL.metadata}


@pytest.mark.parametrize("phase", ["Running", "Failed", "Error"])
def test_what_is_planned_is_not_written_until_its_step_has_succeeded(phase: str) -> None:
    recorded = Recorded([Task(name="train", writes={"model": MODEL}, phase=phase)], release="2.17")
    assert recorded.ports("train", ArtifactRole.GENERATED) == {}


@pytest.mark.parametrize("release", V2)
def test_parameters_of_a_run_are_what_its_root_driver_is_given_over_the_defaults(release: str) -> None:
    recorded = Recorded([], release=release, parameters={"rate": "0.1"}, defaults={"rate": "0.5", "rounds": 3})
    defaults = {} if release == "3.0" else {"rounds": "3"}  # whose drivers fetch the spec themselves
    assert {one.name: one.value for one in view_of(recorded.store, recorded.run).parameters} == {
        "rate": "0.1"
    } | defaults


def test_why_a_step_was_skipped_is_said_in_the_words_of_the_pipeline() -> None:
    skipped = Recorded(PIPELINE, release="2.17").one("when-bad")
    assert (skipped.phase, skipped.message) == (Phase.SKIPPED, "the condition does not hold: accuracy <= 0.9")


@pytest.mark.parametrize("release", V2)
def test_a_step_that_was_cached_says_so(release: str) -> None:
    recorded = Recorded([Task(name="prepare", cached=True), Task(name="train", after=["prepare"])], release=release)
    assert [(each.display_name, each.cached) for each in recorded.executions()] == [("prepare", True), ("train", False)]
    assert recorded.before() == {("prepare", None, "train", None)}


@pytest.mark.parametrize("release", V2)
def test_an_importer_takes_over_what_was_there(release: str) -> None:
    table = Held(uri="gs://company/customers.csv", type="system.Dataset", metadata={"rows": 7})
    steps: Sequence[Step] = (
        Importer(name="import", constant=table.uri, metadata=table.metadata),
        Task(name="train", after=["import"], reads={"table": table}),
    )
    recorded = Recorded(steps, release=release)
    taken = recorded.ports("import", ArtifactRole.REUSED)["artifact"]
    assert recorded.ports("train", ArtifactRole.USED) == {"table": taken}
    assert (taken.uri, taken.type, taken.producer_key) == (table.uri, "system.Dataset", None)
    assert recorded.store.metadata(EVERYTHING, [taken.key]) == {taken.key: table.metadata}
    assert not recorded.one("import").cached


def test_where_an_importer_imports_from_is_resolved_through_the_pipelines_around_it() -> None:
    importer = Importer(name="import", parameter="handed-down")
    nested = Group(name="nested", body=[importer])
    recorded = Recorded([nested], release="2.17", parameters={"source": "gs://company/customers.csv"})
    assert recorded.ports("import", ArtifactRole.REUSED)["artifact"].uri == "gs://company/customers.csv"


def test_what_only_a_run_knows_is_not_guessed() -> None:
    loop = Group(name="loop", items=1, body=[Importer(name="import", parameter="handed-down")])
    recorded = Recorded([loop], release="2.17", parameters={"source": "gs://company/customers.csv"})
    assert recorded.ports("import", ArtifactRole.REUSED) == {}


def test_a_step_that_its_driver_does_is_a_step() -> None:
    recorded = Recorded([ByDriver(name="createpvc"), Task(name="train", after=["createpvc"])], release="2.17")
    assert recorded.before() == {("createpvc", None, "train", None)}


@pytest.mark.parametrize("release", V2)
def test_data_in_a_volume_is_joined_by_its_claim(release: str) -> None:
    steps: Sequence[Step] = (
        Task(name="write", mounts={"/out": "shared"}),
        Task(name="read", after=["write"], mounts={"/in": "shared"}),
    )
    recorded = Recorded(steps, release=release)
    written = recorded.ports("write", ArtifactRole.GENERATED)["/out"]
    assert written.uri == "pvc://a/shared"
    assert recorded.ports("read", ArtifactRole.USED)["/in"] == written


def test_an_attempt_at_a_task_is_numbered_where_its_whole_dag_is_tried_again() -> None:
    workflow = a_run([Task(name="train")], release=RETRYING)
    for node in workflow["status"]["nodes"].values():
        node["name"] = node["name"].replace("train(0)", "train(2)")
    (run,) = (each for each in a_store(workflow).executions(EVERYTHING, Listing(), ALL).items if not each.system)
    assert (run.display_name, run.attempt) == ("train", 2)


@pytest.mark.parametrize(
    "patch",
    [
        "",
        "{",
        "[]",
        "null",
        '{"containers": 3}',
        '{"containers": ["main"]}',
        '{"containers": [{"command": ["--executor_input"]}]}',
        '{"containers": [{"command": ["--executor_input", "{\\"inputs\\": 3}"]}], "volumes": [3]}',
        '{"containers": [{"volumeMounts": {"a": 1}}]}',
    ],
)
def test_what_a_driver_says_badly_is_not_said_and_keeps_nothing_else_from_being_recorded(patch: str) -> None:
    workflow = a_run([Task(name="train", writes={"model": MODEL})], release="2.17")
    for node in workflow["status"]["nodes"].values():
        for one in node.get("inputs", {}).get("parameters", ()):
            if one["name"] == "pod-spec-patch":
                one["value"] = patch
        if node["templateName"] == "system-container-impl":
            node["outputs"] = {"artifacts": [an_artifact("main-logs", "logs")]}
    (execution,) = (each for each in a_store(workflow).executions(EVERYTHING, Listing(), ALL).items if not each.system)
    assert (execution.display_name, execution.phase) == ("train", Phase.SUCCEEDED)


def test_a_run_is_of_the_pipeline_that_its_drivers_are_told() -> None:
    recorded = Recorded(PIPELINE, release="2.17")
    assert isinstance(recorded.run, Run)
    version = recorded.run.pipeline_version_key
    assert version is not None
    assert version[1:4] == ("c", "a", "churn")
