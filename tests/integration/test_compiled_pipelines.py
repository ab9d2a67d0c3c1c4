"""Pipelines as the compilers of Kubeflow wrote them: run, and seen as their authors wrote them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lineage.identity import Key, canonical
from lineage.model import ArtifactUse, Execution, Phase
from lineage.ports import EVERYTHING, Condition, Listing, Operator, PageRequest
from lineage.store.sql import SqlStore
from tests.conftest import fixtures_folder
from tests.engine import Engine, Ran
from tests.factories import KubernetesObject, a_store

V1: Final = "kfp-v1-compiled"
V2: Final = "kfp-v2-compiled"
NOT_TOLD: Final = "3.0"  # its drivers fetch the spec, so that what is compiled says nothing of it


class Every:
    """Whatever it is, it is among these."""

    def __contains__(self, _: object) -> bool:
        return True


RUNS: Final[Mapping[str, Mapping[str, Any]]] = {
    "as it comes": {},
    "with no condition that holds": {"refused": Every()},
    "out of the cache": {"cached": Every()},
}


def manifests(folder: str) -> list[str]:
    within = fixtures_folder() / folder
    found = (one for one in sorted(within.rglob("*.yaml")) if not one.parent.name.startswith(NOT_TOLD))
    return [str(one.relative_to(fixtures_folder())) for one in found]


def compiled(fixtures: Path, manifest: str) -> KubernetesObject:
    item = yaml.safe_load((fixtures / manifest).read_text())
    assert isinstance(item, dict)
    return item


def executions(store: SqlStore) -> Sequence[Execution]:
    """All that are no plumbing."""
    asked = Listing(where=Condition(field="system", operator=Operator.EQ, value=False))
    found: list[Execution] = []
    page = store.executions(EVERYTHING, asked, PageRequest(first=100))
    while page.has_next:
        found += page.items
        page = store.executions(EVERYTHING, asked, PageRequest(first=100, after=page.cursors[-1]))
    return [*found, *page.items]


def as_seen(one: Execution, read: Sequence[ArtifactUse], wrote: Sequence[ArtifactUse]) -> str:
    reads, writes = (sorted((use.name, use.artifact.uri, use.artifact.type) for use in uses) for uses in (read, wrote))
    given = sorted((each.name, each.value) for each in one.input_parameters)
    return repr((one.display_name, one.iteration, given, reads, writes, one.cached, one.phase is Phase.SKIPPED))


def as_ran(one: Ran) -> str:
    reads, writes = (
        sorted((name, uri, one.types.get(uri)) for name, uri in ports.items()) for ports in (one.reads, one.writes)
    )
    innermost = one.iterations[-1] if one.iterations else None
    given = sorted((name, written(value)) for name, value in one.parameters.items())
    return repr((one.name, innermost, given, reads, writes, one.cached, one.skipped or one.cached))


def written(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


@pytest.mark.parametrize("how", RUNS)
@pytest.mark.parametrize("manifest", manifests(V2))
def test_a_pipeline_of_version_2_is_seen_as_it_was_written(fixtures: Path, manifest: str, how: str) -> None:
    engine = Engine(compiled(fixtures, manifest), **RUNS[how])
    store = a_store(engine.workflow())
    found = executions(store)
    keys: Sequence[Key] = [one.key for one in found]
    read, wrote = store.inputs(EVERYTHING, keys), store.outputs(EVERYTHING, keys)
    seen = Counter(as_seen(one, read.get(one.key, ()), wrote.get(one.key, ())) for one in found)
    assert seen == Counter(map(as_ran, engine.ran))


@pytest.mark.parametrize("manifest", manifests(V1))
def test_a_pipeline_of_version_1_is_seen_as_it_was_written(fixtures: Path, manifest: str) -> None:
    engine = Engine(compiled(fixtures, manifest))
    store = a_store(engine.workflow())
    steps = [node for node in engine.nodes.values() if node["type"] in ("Pod", "Skipped")]
    seen = Counter((one.name, one.display_name, one.phase is Phase.SKIPPED) for one in executions(store))
    assert seen == Counter((node["name"], node["displayName"], node["phase"] == "Skipped") for node in steps)
    given = {one.name: {each.name: each.value for each in one.input_parameters} for one in executions(store)}
    for node in steps:
        told = {each["name"]: each["value"] for each in node["inputs"]["parameters"]}
        assert told.items() <= given[node["name"]].items()
