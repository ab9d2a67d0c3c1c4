"""Pipelines that the real SDK of Kubeflow compiles: run, and seen as they were written."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lineage.identity import Key
from lineage.model import Direction, Execution, Phase
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store.sql import SqlStore
from tests import compiling
from tests.engine import Engine
from tests.factories import KubernetesObject, a_store, view_of

ALL: Final = PageRequest(first=100)
SCRIPT: Final = Path(compiling.__file__).with_name("version_1.py")


@pytest.fixture(scope="module")
def compiled(kfp_1: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, KubernetesObject]:
    """The workflows of the pipelines in `tests.compiling.version_1`, by their names."""
    folder = tmp_path_factory.mktemp("compiled")
    environment = os.environ | {"PYTHONPATH": str(kfp_1), "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, SCRIPT, folder], env=environment, check=True, timeout=120)
    return {file.stem: yaml.safe_load(file.read_text()) for file in folder.glob("*.yaml")}


class Recorded:
    """A store with one run of a pipeline in it."""

    def __init__(self, compiled: KubernetesObject) -> None:
        self.store: SqlStore = a_store(Engine(compiled).workflow())
        (self.run,) = self.store.runs(EVERYTHING, Listing(), ALL).items
        self.executions: Sequence[Execution] = self.store.executions(EVERYTHING, Listing(), ALL).items

    def one(self, name: str) -> Execution:
        (found,) = (each for each in self.executions if each.display_name == name)
        return found

    def before(self) -> set[tuple[str, str]]:
        found: Mapping[Key, Execution] = {each.key: each for each in self.executions}
        links = self.store.depends_on(EVERYTHING, list(found))
        return {(one.display_name, found[key].display_name) for key, of in links.items() for one in of}

    def upstream(self, name: str) -> set[str]:
        graph = self.store.lineage(
            EVERYTHING, [self.one(name).key], direction=Direction.UPSTREAM, max_depth=None, max_nodes=100
        )
        assert graph is not None
        return {each.display_name for each in graph.nodes if isinstance(each, Execution)}


def test_components_have_their_names_and_arguments_constants_among_them(compiled: Mapping[str, Any]) -> None:
    recorded = Recorded(compiled["components"])
    assert recorded.run.pipeline_version_key is not None
    assert recorded.run.pipeline_version_key[3] == "components"
    assert {one.name: one.value for one in view_of(recorded.store, recorded.run).parameters} == {"rate": "0.1"}
    prepare, train = recorded.one("prepare"), recorded.one("train")
    assert (prepare.component, train.component) == ("Prepare", "Train")
    assert {one.name: one.value for one in prepare.input_parameters} == {"table": "customers", "rows": "1000"}
    assert {one.name: one.value for one in train.input_parameters} == {"rate": "0.1"}
    assert recorded.before() == {("prepare", "train")}


def test_data_in_volumes_is_followed_through_a_snapshot(compiled: Mapping[str, Any]) -> None:
    recorded = Recorded(compiled["volumes"])
    assert recorded.upstream("read") == {"read", "write"}
    assert recorded.upstream("use") == {"use", "restore", "keep", "read", "write"}


def test_what_a_pipeline_did_not_do_is_said_with_the_reason(compiled: Mapping[str, Any]) -> None:
    recorded = Recorded(compiled["control"])
    skipped = {one.display_name: one.message for one in recorded.executions if one.phase is Phase.SKIPPED}
    # What the engine of these tests makes up is neither side of the coin.
    assert len(skipped) == 2
    assert all(message and "evaluated false" in message for message in skipped.values())


def test_items_of_loops_are_numbered_and_the_exit_handler_comes_last(compiled: Mapping[str, Any]) -> None:
    recorded = Recorded(compiled["control"])
    items = [
        (one.iteration, one.input_parameters[0].value) for one in recorded.executions if one.display_name == "spell"
    ]
    assert sorted(items) == [(0, "a"), (1, "b"), (2, "c")]
    assert [one.iteration for one in recorded.executions if one.display_name == "score"] == [0, 1]
    onexit = next(one for one in recorded.executions if one.name.endswith(".onExit"))
    others = [one for one in recorded.executions if one is not onexit]
    assert onexit.template == "clean-up"
    assert all(one.started_at <= onexit.started_at for one in others if one.started_at and onexit.started_at)
    assert {name for name, of in recorded.before() if of == onexit.display_name} >= {"spell", "score", "helped"}


def test_a_resource_that_a_step_made_is_an_execution_of_its_own(compiled: Mapping[str, Any]) -> None:
    made = Recorded(compiled["control"]).one("make-job")
    assert {one.name for one in made.output_parameters} == {"make-job-manifest", "make-job-name"}
