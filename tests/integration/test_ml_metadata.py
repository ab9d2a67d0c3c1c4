"""The real store of ML Metadata, written to as Kubeflow writes, and asked beside the cluster."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from lineage.identity import Key
from lineage.model import ArtifactRole, ArtifactUse, Execution, Metric
from lineage.ports import EVERYTHING
from tests.engine import Engine, Ran
from tests.factories import KubernetesObject, a_store
from tests.integration.test_compiled_pipelines import V2, compiled, executions, manifests, written
from tests.mlmd_server import MetadataStore, Records, metadata_store
from watchers.mlmd import MetadataStore as Kept
from watchers.mlmd_client import MetadataClient
from watchers.rounds import Tempo

DAY: Final = 86400
QUICK: Final = Tempo(soon_seconds=0.05, seldom_seconds=0.5, first_delay_seconds=0.05, longest_delay_seconds=0.1)


class Every:
    """Whatever it is, it is among these."""

    def __contains__(self, _: object) -> bool:
        return True


@pytest.fixture(scope="module")
def kept(mlmd: Path) -> Iterator[MetadataStore]:
    """A store that all tests of this module write to, each its own runs."""
    with metadata_store(mlmd) as store:
        yield store


@pytest.fixture
def client(kept: MetadataStore) -> Iterator[MetadataClient]:
    made = MetadataClient(kept.url, timeout_seconds=10.0)
    yield made
    made.close()


def tasks_of(client: MetadataClient, run: str) -> KubernetesObject:
    found = Kept(client).tasks_of(run)
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------ what pipelines wrote
def in_words(
    one: Execution, read: Sequence[ArtifactUse], wrote: Sequence[ArtifactUse], metrics: Sequence[Metric]
) -> str:
    reads, writes = (sorted((use.name, use.artifact.uri, use.role.value) for use in uses) for uses in (read, wrote))
    given, came = (sorted((p.name, p.value) for p in of) for of in (one.input_parameters, one.output_parameters))
    reported = sorted((m.name, m.value, m.cached) for m in metrics if m.source != "built in")
    return repr((one.display_name, one.iteration, given, came, reads, writes, reported, one.cached))


def expected(one: Ran, importers: frozenset[str]) -> str:
    """What is known of a step that ran, or that was taken from the cache. An importer takes over what it names."""
    taken = one.cached or one.name in importers
    role = ArtifactRole.REUSED if taken else ArtifactRole.GENERATED
    given, came = (sorted((name, written(value)) for name, value in of.items()) for of in (one.parameters, one.outputs))
    reads = sorted((name, uri, "USED") for name, uri in one.reads.items())
    writes = sorted((name, uri, role.value) for name, uri in one.writes.items())
    has_metrics = any(one.types.get(uri) == "system.Metrics" for uri in one.writes.values())
    reported = [("accuracy", 0.5, one.cached), ("loss", 2.0, one.cached)] if has_metrics else []
    innermost = one.iterations[-1] if one.iterations else None
    return repr((one.name, innermost, given, came, reads, writes, reported, one.cached))


def importers_of(manifest: Mapping[str, Any]) -> frozenset[str]:
    templates = manifest["spec"]["templates"]
    tasks = (task for template in templates for task in template.get("dag", {}).get("tasks", ()))
    return frozenset(task["name"] for task in tasks if "system-importer" in task.get("template", ""))


@pytest.mark.parametrize("manifest", manifests(V2))
def test_what_a_pipeline_wrote_and_what_another_run_took_over(
    fixtures: Path, kept: MetadataStore, client: MetadataClient, manifest: str
) -> None:
    pipeline, names = compiled(fixtures, manifest), (f"first of {manifest}", f"second of {manifest}")
    records = Records(kept, names[0])
    first = Engine(pipeline, run=names[0], records=records)
    taking = Records(kept, names[1], cache=records)
    second = Engine(pipeline, run=names[1], begins=DAY, cached=Every(), records=taking)
    told = [
        item
        for engine, run in ((first, names[0]), (second, names[1]))
        for item in (engine.workflow(), tasks_of(client, run))
    ]
    store = a_store(*told)
    found, importers = executions(store), importers_of(pipeline)
    keys: Sequence[Key] = [one.key for one in found]
    read, wrote = store.inputs(EVERYTHING, keys), store.outputs(EVERYTHING, keys)
    metrics = store.metrics_of_executions(EVERYTHING, keys)
    for engine, run in ((first, names[0]), (second, names[1])):
        seen = Counter(
            in_words(one, read.get(one.key, ()), wrote.get(one.key, ()), metrics[one.key])
            for one in found
            if one.run_key == ("Run", run)
        )
        assert seen == Counter(expected(one, importers) for one in engine.ran if not one.skipped)
    origins = store.cached_from(EVERYTHING, keys)
    for one in found:
        if one.cached:
            assert (origins[one.key].run_key, origins[one.key].display_name) == (("Run", names[0]), one.display_name)
    assert list(store.dump(EVERYTHING)) == list(a_store(*reversed(told), at_once=False).dump(EVERYTHING))
