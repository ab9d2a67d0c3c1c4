"""Search: what bears a text is found, the best match first, page by page, and nothing outside the scope."""

from collections.abc import Iterator

import pytest

from lineage.errors import InvalidRequest
from lineage.identity import encode_key
from lineage.model import Artifact, Execution, Node
from lineage.ports import EVERYTHING, Listing, Page, PageRequest, Scope
from lineage.store.search import LONGEST_TEXT
from lineage.store.sql import SqlStore
from tests.factories import CLUSTER, a_node, a_pod, a_store, a_workflow, record
from tests.worlds import a_world

ALL = PageRequest(first=100)
IN_A = Scope(namespaces=frozenset({(CLUSTER, "a")}))

NAMES_PIPELINE = "pipelines.kubeflow.org/pipeline_spec"


@pytest.fixture(scope="module")
def world() -> SqlStore:
    return a_world(24)


def found(store: SqlStore, text: str, scope: Scope = EVERYTHING) -> list[Node]:
    return list(store.search(scope, text, ALL).items)


def shown(node: Node) -> tuple[str, str]:
    return type(node).__name__, str(getattr(node, "display_name", None) or getattr(node, "name", ""))


def pages(store: SqlStore, text: str, size: int) -> Iterator[Page[Node]]:
    page = store.search(EVERYTHING, text, PageRequest(first=size))
    yield page
    while page.has_next:
        page = store.search(EVERYTHING, text, PageRequest(first=size, after=page.cursors[-1]))
        yield page


def test_an_exact_name_comes_first_then_how_a_name_begins_then_what_it_holds() -> None:
    store = a_store(
        *(
            a_workflow(uid=f"u{number}", name=name, annotations={NAMES_PIPELINE: f'{{"name": "{name}"}}'})
            for number, name in enumerate(("my-train", "train-2", "Train", "other"))
        ),
        a_workflow({"n": a_node("w.train", 10, 20)}, uid="train-uid", name="zzz"),
    )
    assert [shown(node) for node in found(store, "TRAIN")] == [
        ("Pipeline", "Train"),
        ("Run", "Train"),
        ("Execution", "train"),
        ("Pipeline", "train-2"),
        ("Run", "train-2"),
        ("Pipeline", "my-train"),
        ("Run", "my-train"),
        ("Run", "zzz"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("U001", ("Run", "run-001")),
        ("run-001-1000001", ("Execution", "prepare")),
        ("S3:///MODEL/1", ("Artifact", "x0")),
        ("pod-001-0", ("Execution", "prepare")),
        ("tuning-1", ("Experiment", "tuning-1")),
        ("Report ü", ("Pipeline", "Report ü")),
        (f"sha256:{1:064x}", ("Execution", "prepare")),
    ],
)
def test_names_uids_uris_and_digests_are_searched(world: SqlStore, text: str, expected: tuple[str, str]) -> None:
    assert expected in [shown(node) for node in found(world, text)]


def test_a_pipeline_is_found_by_the_digest_of_a_version(world: SqlStore) -> None:
    version = world.pipeline_versions(EVERYTHING, Listing(), ALL).items[0]
    assert version.pipeline in found(world, version.digest)


def test_a_run_is_found_by_the_uid_of_each_of_its_workflows() -> None:
    runs = [a_workflow(uid=uid, name=uid, labels={"pipeline/runid": "r"}) for uid in ("first", "second")]
    store = a_store(*runs)
    assert ("Run", "second") in [shown(node) for node in found(store, "FIRST")]


def test_signs_of_patterns_mean_themselves(world: SqlStore) -> None:
    assert found(world, "%") == []
    assert found(world, "run_0") == []


@pytest.mark.parametrize("size", [1, 7])
def test_pages_put_together_are_all_that_was_found_once(world: SqlStore, size: int) -> None:
    whole = found(world, "run-00")
    assert len(whole) > 20
    assert [node for page in pages(world, "run-00", size) for node in page.items] == whole
    assert len({node.key for node in whole}) == len(whole)


def test_what_is_recorded_between_two_pages_moves_nothing() -> None:
    store = a_world(6)
    before = [node.key for node in found(store, "re")]
    seen = []
    for number, page in enumerate(pages(store, "re", 3)):
        seen += [node.key for node in page.items]
        record(store, a_workflow(uid=f"re-{number}", name=f"re-{number}"))
    assert [key for key in seen if key in before] == before


def test_what_lies_outside_the_scope_is_not_found(world: SqlStore) -> None:
    hidden = {node.key for node in found(world, "run-003")}
    assert hidden
    assert not hidden & {node.key for node in found(world, "run-003", IN_A)}
    assert found(world, "run", Scope(namespaces=frozenset())) == []


def test_equally_good_matches_come_by_type_and_then_by_key(world: SqlStore) -> None:
    executions = [node for node in found(world, "prepare") if isinstance(node, Execution)]
    assert executions == sorted(executions, key=lambda node: encode_key(node.key))
    assert not any(isinstance(node, Artifact) for node in found(world, "prepare"))


@pytest.mark.parametrize("text", ["", "  \n", "x" * (LONGEST_TEXT + 1)])
def test_a_text_of_nothing_or_without_end_is_refused(world: SqlStore, text: str) -> None:
    with pytest.raises(InvalidRequest, match="characters"):
        found(world, text)


def test_an_execution_is_found_once_however_many_pods_it_had() -> None:
    store = a_store(
        a_workflow({"w-1000001": a_node("w.a", 10, 20)}), a_pod("p1", "w-1000001"), a_pod("p2", "w-1000001", 12)
    )
    assert len([node for node in found(store, "sha256:ab") if isinstance(node, Execution)]) == 1
