"""Search: what bears a text is found, the best match first, page by page, and nothing outside the scope."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from lineage.errors import InvalidRequest
from lineage.identity import encode_key
from lineage.model import Artifact, Deployment, Execution, Experiment, Node, Pipeline, RecurringRun, Run
from lineage.ports import EVERYTHING, Listing, Page, PageRequest, Scope
from lineage.store.paging import write_cursor
from lineage.store.search import _KINDS, _STRETCHES, LONGEST_TEXT, _best_match, _executions, _keys, _runs
from lineage.store.sql import SqlStore
from tests.factories import CLUSTER, a_node, a_pod, a_store, a_workflow, record
from tests.worlds import a_world

ALL = PageRequest(first=1000)
IN_A = Scope(namespaces=frozenset({(CLUSTER, "a")}))

NAMES_PIPELINE = "pipelines.kubeflow.org/pipeline_spec"


def found(store: SqlStore, text: str, scope: Scope = EVERYTHING) -> list[Node]:
    return list(store.search(scope, text, ALL).items)


def shown(node: Node) -> tuple[str, str]:
    return type(node).__name__, str(getattr(node, "display_name", None) or getattr(node, "name", ""))


def pages(
    store: SqlStore, text: str, size: int, *, scope: Scope = EVERYTHING, ahead: bool = True
) -> Iterator[Page[Node]]:
    """Read a list page by page, from its start or from its end."""
    page = store.search(scope, text, PageRequest(first=size) if ahead else PageRequest(last=size))
    yield page
    while page.has_next if ahead else page.has_previous:
        request = (
            PageRequest(first=size, after=page.cursors[-1]) if ahead else PageRequest(last=size, before=page.cursors[0])
        )
        page = store.search(scope, text, request)
        yield page


# ------------------------------------------------------------------------------------------ the obvious search
def lowered(text: str) -> str:
    return text.translate(str.maketrans(ascii_uppercase, ascii_lowercase))


@dataclass(frozen=True)
class Borne:
    """A node, the names that it bears and what else identifies it."""

    node: Node
    names: frozenset[str]
    aside: frozenset[str | None]

    def match(self, text: str) -> int | None:
        """How well a text matches: 0 is best."""
        names, wanted = [lowered(name) for name in self.names], lowered(text)
        fits = (
            any(name == wanted for name in names),
            any(name.startswith(wanted) for name in names),
            any(wanted in name for name in names),
            any(wanted in lowered(other) for other in self.aside if other is not None),
        )
        return fits.index(True) if True in fits else None


@cache
def everything_borne(store: SqlStore, scope: Scope) -> list[Borne]:
    """All that can be found, in the order in which equally good matches come."""
    listing = Listing()
    versions = store.pipeline_versions(scope, listing, ALL).items
    runs, executions = store.runs(scope, listing, ALL).items, store.executions(scope, listing, ALL).items
    workflows = store.workflows(scope, [run.key for run in runs])
    pods = store.pods(scope, [execution.key for execution in executions])
    borne = [
        *(
            Borne(
                pipeline,
                frozenset({pipeline.name}),
                frozenset(version.digest for version in versions if version.pipeline == pipeline),
            )
            for pipeline in store.pipelines(scope, listing, ALL).items
        ),
        *(
            Borne(each, frozenset({each.name}), frozenset({each.uid}))
            for each in store.experiments(scope, listing, ALL).items
        ),
        *(
            Borne(each, frozenset({each.name}), frozenset({each.uid}))
            for each in store.recurring_runs(scope, listing, ALL).items
        ),
        *(
            Borne(each, frozenset({each.name}), frozenset({each.uid}))
            for each in store.deployments(scope, listing, ALL).items
        ),
        *(
            Borne(
                run,
                frozenset(filter(None, (run.name, run.display_name))),
                frozenset({run.uid, *(workflow.uid for workflow in workflows.get(run.key, ()))}),
            )
            for run in runs
        ),
        *(
            Borne(
                execution,
                frozenset({execution.display_name}),
                frozenset(
                    {
                        execution.node_id,
                        *(pod.uid for pod in pods.get(execution.key, ())),
                        *(image.digest for pod in pods.get(execution.key, ()) for image in pod.images),
                    }
                ),
            )
            for execution in executions
        ),
        *(
            Borne(each, frozenset({each.name}), frozenset({each.uri, each.digest, each.content_digest}))
            for each in store.artifacts(scope, listing, ALL).items
        ),
    ]
    kinds = [Pipeline, Experiment, RecurringRun, Deployment, Run, Execution, Artifact]
    return sorted(borne, key=lambda each: (kinds.index(type(each.node)), key_text(each.node)))


def key_text(node: Node) -> str:
    return str(node.key[1]) if isinstance(node, Run) else encode_key(node.key)


def obvious(store: SqlStore, scope: Scope, text: str) -> list[Node]:
    matches = [(match, each.node) for each in everything_borne(store, scope) if (match := each.match(text)) is not None]
    return [node for _, node in sorted(matches, key=itemgetter(0))]


@pytest.mark.parametrize("scope", [EVERYTHING, IN_A])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), ahead=st.booleans())
def test_any_text_finds_what_the_obvious_search_finds(
    world: SqlStore, scope: Scope, data: st.DataObject, ahead: bool
) -> None:
    texts = sorted({text for each in everything_borne(world, scope) for text in (*each.names, *each.aside) if text})
    whole, signs = st.sampled_from(texts), st.sampled_from(["%", "_", "\\", "é", "Ü", "'", "\0", "e", "-", "NULL"])
    cut = st.tuples(whole, st.integers(0, 12), st.integers(1, 12)).map(lambda each: each[0][each[1] :][: each[2]])
    text = data.draw(st.one_of(whole, cut, whole.map(str.swapcase), cut.map(str.swapcase), signs))
    assume(text.strip())
    expected = obvious(world, scope, text.strip())
    size = data.draw(st.integers(1, len(expected) + 2))
    assume(len(expected) <= 12 * size)  # pages; more of them show nothing more
    walked = [page.items if ahead else page.items[::-1] for page in pages(world, text, size, scope=scope, ahead=ahead)]
    assert [node for items in walked for node in items] == (expected if ahead else expected[::-1])
    assert all(len(items) == size for items in walked[:-1])


@pytest.mark.parametrize(
    "cursor", [["x"], [0, 2], [0, 2, 1], ["0", 2, "k"], [None, 2, "k"], [0, 2, None], [0.5, True, "k"]]
)
def test_a_forged_cursor_is_refused(world: SqlStore, cursor: list[Any]) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        world.search(EVERYTHING, "run", PageRequest(first=3, after=write_cursor(cursor)))


# ------------------------------------------------------------------------------------------ examples


@pytest.mark.usefixtures("database")
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
        ("r4", ("RecurringRun", "retrain-1")),
        ("d5", ("Deployment", "serve-5")),
        ("Report ü", ("Pipeline", "Report ü")),
        (f"sha256:{1:064x}", ("Execution", "prepare")),
    ],
)
def test_names_uids_uris_and_digests_are_searched(world: SqlStore, text: str, expected: tuple[str, str]) -> None:
    assert expected in [shown(node) for node in found(world, text)]


def test_a_pipeline_is_found_by_the_digest_of_a_version(world: SqlStore) -> None:
    version = world.pipeline_versions(EVERYTHING, Listing(), ALL).items[0]
    assert version.pipeline in found(world, version.digest)


@pytest.mark.usefixtures("database")
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


@pytest.mark.usefixtures("database")
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


@pytest.mark.usefixtures("database")
def test_an_execution_is_found_once_however_many_pods_it_had() -> None:
    store = a_store(
        a_workflow({"w-1000001": a_node("w.a", 10, 20)}), a_pod("p1", "w-1000001"), a_pod("p2", "w-1000001", 12)
    )
    assert len([node for node in found(store, "sha256:ab") if isinstance(node, Execution)]) == 1


# ------------------------------------------------------------------------------------------ how it is done
WIDE = re.compile(r"(SCAN|SEARCH) (searched|searched_pod|searched_image|node|execution|pod|run)$")


@pytest.mark.parametrize("stretch", [each for each in _STRETCHES if _KINDS[each[1]] in (_runs, _executions)])
def test_what_does_not_match_is_passed_over_in_an_index(stretch: tuple[int, int]) -> None:
    """Rows of runs, executions and pods hold a copy of what was seen, and are read where something matches alone."""
    store = a_store()
    with store._reading() as connection:
        statements = [_keys("sqlite", EVERYTHING, stretch, backwards=False), _best_match("sqlite", stretch[1])]
        steps = [step for each in statements for step in plan(connection, each.text)]
    assert any("USING COVERING INDEX" in step for step in steps)
    assert not [step for step in steps if WIDE.match(step)]


def plan(connection: Connection, statement: str) -> list[str]:
    values = (0,) * statement.count("?")
    return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
