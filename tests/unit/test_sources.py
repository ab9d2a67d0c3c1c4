"""Sources, whichever there are: each is one file that needs nothing but the vocabulary, and takes any object as it
is."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import watchers.sources
from lineage.identity import run_key
from lineage.model import Run
from lineage.ports import EVERYTHING
from tests.factories import KubernetesObject, a_store, interpreted, observed
from watchers.source import Source
from watchers.sources import all_sources, watched_sources

FILES = sorted(Path(watchers.sources.__file__).parent.glob("[a-z]*.py"))

VOCABULARY = {
    "errors",
    "evidence",
    "facts",
    "identity",
    "limits",
    "metrics",
    "model",
    "observation",
    "redaction",
    "schedules",
    "workloads",
}
"""What of `lineage` a source may speak."""

NO_READERS = {"files", "kube", "kubeflow_client", "observe", "polling", "reflector", "replay", "run", "sources"}
"""What of `watchers` does more than to read an object."""


# ------------------------------------------------------------------------------------------ one file
def imported_by(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{each.name}" for each in names)
            case _:
                pass


def is_foreign(module: str) -> bool:
    """Say whether a source may not import a module."""
    top, *within = module.split(".")
    if top == "lineage":
        return within[0] not in VOCABULARY
    if top == "watchers":
        return within[0] in NO_READERS
    return top not in sys.stdlib_module_names and top not in ("msgspec", "orjson")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_source_imports_the_vocabulary_and_what_reads_objects(file: Path) -> None:
    assert [module for module in imported_by(file) if is_foreign(module)] == []


@pytest.mark.parametrize("module", ["lineage.store.tables", "watchers.sources.pod", "watchers.kube.Kube", "sqlalchemy"])
def test_what_a_source_may_not_import_is_noticed(module: str) -> None:
    assert is_foreign(module)


def test_a_file_is_a_source_of_its_name() -> None:
    assert [source.name for source in all_sources()] == [file.stem for file in FILES]


NOVELTY = '''"""A kind that nobody has heard of."""

from watchers.training import training_job

SOURCE = training_job("novel_job", kind="NovelJob", plural="noveljobs", member="novelReplicaSpecs")
'''


@pytest.fixture
def with_a_new_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more file among the sources."""
    (tmp_path / "novel_job.py").write_text(NOVELTY, encoding="utf-8")
    monkeypatch.setattr(watchers.sources, "__path__", [*watchers.sources.__path__, str(tmp_path)])
    all_sources.cache_clear()
    yield
    all_sources.cache_clear()
    sys.modules.pop("watchers.sources.novel_job", None)


@pytest.mark.usefixtures("with_a_new_source")
def test_one_more_kind_needs_one_more_file_and_nothing_else() -> None:
    pods = {"Worker": {"replicas": 2, "template": {"spec": {"containers": [{"name": "main", "image": "i"}]}}}}
    job: KubernetesObject = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "NovelJob",
        "metadata": {"name": "novel", "namespace": "a", "uid": "n1", "resourceVersion": "1"},
        "spec": {"novelReplicaSpecs": pods},
        "status": {"conditions": [{"type": "Running", "status": "True"}]},
    }
    assert "novel_job" in {source.name for source in watched_sources()}
    store = a_store(job)
    run = store.get(EVERYTHING, [run_key("n1")])[run_key("n1")]
    assert isinstance(run, Run)
    assert (run.kind, run.name, run.phase) == ("NovelJob", "novel", "RUNNING")
    assert store.raw(EVERYTHING, [run.key])[run.key]["kind"] == "NovelJob"


# ------------------------------------------------------------------------------------------ any object
def an_object(source: Source, **members: object) -> KubernetesObject:
    resource = source.resource
    version = f"{resource.group}/{resource.version}" if resource.group else resource.version
    return {"apiVersion": version, "kind": resource.kind, **members}


BARE = {"name": "x", "namespace": "a", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z", "resourceVersion": "1"}


@pytest.mark.parametrize("source", watched_sources(), ids=lambda source: source.name)
@pytest.mark.parametrize(
    "members",
    [{}, {"metadata": BARE}, {"metadata": BARE, "spec": {}, "status": {}}, {"metadata": BARE, "spec": None}],
    ids=["nothing", "no spec", "nothing said", "null"],
)
def test_an_object_that_says_nothing_is_read(source: Source, members: KubernetesObject) -> None:
    seen = observed(an_object(source, **members))
    assert interpreted(seen) == interpreted(seen)
