"""Argo's workflow archive on real databases and behind its API: what is read of it, and how it goes with watching."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.errors import ClusterError
from lineage.model import Phase
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import open_store
from tests.argo_server import ArgoServer as Served
from tests.argo_server import argo_server
from tests.argo_tables import ArgoTables
from tests.factories import (
    KubernetesObject,
    a_node,
    a_store,
    a_workflow,
    deleted,
    dumped,
    observed,
    rfc3339,
)
from tests.mariadb import MariaDb
from tests.postgresql import Server
from watchers.argo_archive import Archive, Damaged, Found, Kept, OffloadedNodes, archived
from watchers.argo_database import ArgoDatabase
from watchers.argo_server import ArgoServer
from watchers.kubeflow_client import KubeflowClient
from watchers.past import Refused

POSTGRESQL, MARIADB, SERVER = "PostgreSQL", "MariaDB", "Argo Server"
MANY: Final = 1203  # more than two pages of each


class Controller(Protocol):
    """What archives workflows."""

    @property
    def url(self) -> str: ...

    def archive(self, *workflows: KubernetesObject) -> None: ...


Opened = Callable[..., ArgoDatabase]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """What opens a database of Argo's as we read it; it is closed at the end."""
    with ExitStack() as stack:

        def open_database(url: str) -> ArgoDatabase:
            return stack.enter_context(closing(ArgoDatabase(url, cluster="default")))

        yield open_database


@pytest.fixture(params=[POSTGRESQL, MARIADB])
def database(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    return new_database(request, request.param)


def new_database(request: pytest.FixtureRequest, kind: str) -> str:
    if kind == POSTGRESQL:
        postgresql: Server = request.getfixturevalue("postgresql")
        return postgresql.new_database(migrated=False)
    mariadb: MariaDb = request.getfixturevalue("mariadb")
    return mariadb.new_database()


@pytest.fixture
def tables(database: str) -> Iterator[ArgoTables]:
    made = ArgoTables(database)
    yield made
    made.close()


@pytest.fixture(params=[POSTGRESQL, MARIADB, SERVER])
def archiving(request: pytest.FixtureRequest) -> Iterator[tuple[Controller, Archive]]:
    """What archives, and the archive as we read it, of each kind."""
    with ExitStack() as stack:
        controller: Controller
        archive: Archive
        if request.param == SERVER:
            controller = stack.enter_context(argo_server())
            archive = ArgoServer(KubeflowClient(controller.url), controller.url)
        else:
            made = ArgoTables(new_database(request, request.param))
            stack.callback(made.close)
            controller, archive = made, ArgoDatabase(made.url, cluster="default")
        stack.callback(archive.close)
        yield controller, archive


def ended(number: int, *, namespace: str = "team-a", **more: Any) -> KubernetesObject:
    """A workflow of one step that has ended; those of higher numbers began later, ten at a time."""
    name, start = f"train-{number}", 1000 + 10 * (number // 10)
    return a_workflow(
        {name: a_node(name, start, start + 5, writes=[f"model/{number}"])},
        uid=f"uid-{number:05}",
        name=name,
        namespace=namespace,
        phase="Succeeded",
        version=100 + number,
        startedAt=rfc3339(start),
        finishedAt=rfc3339(start + 5),
        **more,
    )


def told(
    archive: Archive,
    offloaded: OffloadedNodes | None = None,
    *,
    namespaces: Sequence[str] | None = None,
    since: datetime | None = None,
) -> list[Found]:
    return list(archived(archive, offloaded, namespaces, wait=lambda _seconds: None, since=since))


def uids(found: Sequence[Found]) -> list[str]:
    return [one.entry.uid for one in found if isinstance(one, Kept)]


# ------------------------------------------------------------------------------------------ each archive
def test_all_are_told_once_the_newest_first(archiving: tuple[Controller, Archive]) -> None:
    controller, archive = archiving
    controller.archive(*(ended(number) for number in random.Random(1).sample(range(MANY), MANY)))
    numbers = [int(uid[-5:]) for uid in uids(told(archive))]
    assert sorted(numbers) == list(range(MANY))
    assert [number // 10 for number in numbers] == sorted((number // 10 for number in numbers), reverse=True)


def test_what_is_told_is_what_was_archived(archiving: tuple[Controller, Archive]) -> None:
    controller, archive = archiving
    workflow = ended(1, message='é 𝄞 \\ " 1.50', labels={"a": "b"})
    controller.archive(workflow)
    (found,) = told(archive)
    assert isinstance(found, Kept)
    assert found.item["status"] == workflow["status"]
    assert found.item["metadata"]["labels"]["a"] == "b"


def test_a_nul_comes_back(archiving: tuple[Controller, Archive]) -> None:
    controller, archive = archiving
    controller.archive(ended(1, message="a\0b"))
    (found,) = told(archive)
    assert isinstance(found, Kept)
    assert found.item["status"]["message"] == "a\0b"


def test_one_namespace_since_a_time(archiving: tuple[Controller, Archive]) -> None:
    controller, archive = archiving
    controller.archive(*(ended(number, namespace="team-b" if number % 2 else "team-a") for number in range(40)))
    since = datetime.fromisoformat(str(rfc3339(1020))).astimezone(UTC)
    found = told(archive, namespaces=["team-b"], since=since)
    assert sorted(uids(found)) == [f"uid-{number:05}" for number in range(21, 40, 2)]


def test_an_empty_archive_tells_nothing(archiving: tuple[Controller, Archive]) -> None:
    _, archive = archiving
    assert told(archive) == []


# ------------------------------------------------------------------------------------------ tables
def test_other_clusters_of_a_database_are_left_alone(tables: ArgoTables, opened: Opened) -> None:
    tables.archive(ended(1), instance="one")
    tables.archive(ended(2), instance="two")
    tables.archive(ended(3), cluster="elsewhere")
    assert sorted(uids(told(opened(tables.url)))) == ["uid-00001", "uid-00002"]


def test_rows_that_are_no_workflows_are_set_aside(database: str, opened: Opened) -> None:
    tables = ArgoTables(database, as_json="longtext" if database.startswith("mysql") else "text")  # as in old releases
    whole = json.dumps(ended(1))
    rows = {
        "broken": whole[:-10],
        "empty": "",
        "list": "[]",
        "deep": "[" * 5000 + "]" * 5000,
        "other": whole,
        "secret": '{"kind": "Secret", "metadata": {"uid": "secret"}}',
        "no metadata": "{}",
        "uid-00001": whole,
    }
    tables.put_texts(rows.items())
    found = told(opened(database))
    assert uids(found) == ["uid-00001"]
    reasons = {one.entry.uid: one.reason for one in found if isinstance(one, Damaged)}
    assert reasons.keys() == rows.keys() - {"uid-00001"}
    assert "is no JSON" in reasons["broken"]
    assert "list" in reasons["list"]
    assert "not that of its row" in reasons["other"]
    assert "Secret" in reasons["secret"]
    tables.close()


def test_a_row_of_50_mb_is_set_aside_unread(tables: ArgoTables, opened: Opened) -> None:
    tables.put_texts([("huge", json.dumps({"metadata": {"uid": "huge"}, "x": "x" * 51_000_000}))])
    (found,) = told(opened(tables.url))
    assert isinstance(found, Damaged)
    assert "too large" in found.reason
    assert found.size_bytes > 50_000_000


def test_nothing_can_be_written(tables: ArgoTables, opened: Opened) -> None:
    archive = opened(tables.url)
    tables.archive(ended(1))
    with archive._asking("argo_archived_workflows") as connection, pytest.raises(Exception, match=r"(?i)read.only"):
        connection.exec_driver_sql("delete from argo_archived_workflows")


def test_a_database_without_the_tables_says_what_is_wrong(database: str, opened: Opened) -> None:
    (found,) = told(opened(database))
    assert isinstance(found, Refused)
    assert "argo_archived_workflows" in found.reason
    assert "persistence" in found.reason


def test_who_may_not_read_is_told_so(postgresql: Server, opened: Opened) -> None:
    tables = ArgoTables(postgresql.new_database(migrated=False))
    tables.execute("create role reader_of_nothing login")
    archive = opened(tables.url.replace("postgres@", "reader_of_nothing@"))
    (found,) = told(archive)
    assert isinstance(found, Refused)
    assert "grant SELECT" in found.reason
    tables.close()


def test_a_database_that_is_not_there_is_tried_again(tmp_path: Path, opened: Opened) -> None:
    waits: list[float] = []
    archive = opened(f"postgresql://somebody:hidden@/argo?host={tmp_path}")
    with pytest.raises(ClusterError, match="cannot be asked") as refused:
        list(archived(archive, None, None, wait=waits.append))
    assert waits == [1, 2, 4, 8]
    assert "hidden" not in str(refused.value)


# ------------------------------------------------------------------------------------------ offloaded nodes
def test_offloaded_nodes_are_put_back(tables: ArgoTables, opened: Opened) -> None:
    whole = ended(1)
    nodes = whole["status"].pop("nodes")
    tables.archive({**whole, "status": {**whole["status"], "offloadNodeStatusVersion": "fnv:1"}})
    tables.offload("uid-00001", "fnv:0", {})
    tables.offload("uid-00001", "fnv:1", nodes)
    database = opened(tables.url)
    (found,) = told(database, database)
    assert isinstance(found, Kept)
    assert found.item["status"] == {**whole["status"], "nodes": nodes}


def test_nodes_that_are_gone_are_said_to_be_missing(tables: ArgoTables, opened: Opened) -> None:
    tables.archive(a_workflow(uid="u1", phase="Succeeded", offloadNodeStatusVersion="fnv:1"))
    database = opened(tables.url)
    (found,) = told(database, database)
    assert isinstance(found, Kept)
    assert found.item["status"]["offloadNodeStatusVersion"] == "fnv:1"


# ------------------------------------------------------------------------------------------ the server
@pytest.fixture
def served() -> Iterator[Served]:
    with argo_server() as running:
        yield running


def asking(served: Served, token: str | None = None) -> ArgoServer:
    return ArgoServer(KubeflowClient(served.url, token=token), served.url)


def test_a_server_is_shown_the_token(served: Served) -> None:
    served.token = "t"
    served.archive(ended(1))
    assert uids(told(asking(served, "t"))) == ["uid-00001"]
    with pytest.raises(ClusterError, match="401"):
        told(asking(served, "another"))


def test_a_namespace_that_may_not_be_listed_is_refused_and_the_next_is_told(served: Served) -> None:
    served.archive(ended(1, namespace="team-b"))
    served.forbidden.add("team-a")
    refused, kept = told(asking(served), namespaces=["team-a", "team-b"])
    assert isinstance(refused, Refused)
    assert isinstance(kept, Kept)


def test_answers_that_are_no_workflows_are_set_aside(served: Served) -> None:
    served.archive(ended(1), ended(2), ended(3))
    served.raw = {"uid-00001": b'{"metadata": ', "uid-00002": b"[]"}
    found = told(asking(served))
    assert uids(found) == ["uid-00003"]
    assert sum(isinstance(one, Damaged) for one in found) == 2


# ------------------------------------------------------------------------------------------ beside watching
def life_of(number: int) -> list[KubernetesObject]:
    """The views of a workflow that failed, was archived, was retried and archived again."""
    name = f"train-{number}"
    first = a_node(f"{name}(0)", 10, 20, "Failed", reads=[f"data/{number}"])
    again = a_node(f"{name}(1)", 40, 50, reads=[f"data/{number}"], writes=[f"model/{number}"])
    running, retried = a_node(f"{name}(0)", 10, None, "Running"), a_node(f"{name}(1)", 40, None, "Running")
    views: tuple[tuple[dict[str, KubernetesObject], str, int, dict[str, Any]], ...] = (
        ({"a": running}, "Running", 1, {}),
        ({"a": first}, "Failed", 2, {"finishedAt": rfc3339(21)}),
        ({"b": retried}, "Running", 3, {}),
        ({"b": again}, "Succeeded", 4, {"finishedAt": rfc3339(51)}),
    )
    return [
        a_workflow(nodes, uid=f"u{number}", name=name, version=version, phase=phase, startedAt=rfc3339(10), **more)
        for nodes, phase, version, more in views
    ]


@pytest.fixture
def seen_both_ways(archiving: tuple[Controller, Archive]) -> list[list[Any]]:
    """What watching and three backfills see of the same history, each in its order."""
    controller, archive = archiving
    lives = [life_of(number) for number in range(3)]
    watched: list[Any] = [observed(view) for life in lives for view in life]
    watched += [deleted("u0"), deleted("u2")]
    controller.archive(*(life[1] for life in lives))
    first = told(archive)
    controller.archive(*(life[3] for life in lives))
    second = told(archive)
    filled = [[observed(one.item) for one in found if isinstance(one, Kept)] for found in (first, second, second)]
    return [watched, *filled]


def test_any_interleaving_with_watching_gives_the_same_knowledge(seen_both_ways: list[list[Any]]) -> None:
    expected = dumped(a_store(*(one for seen in seen_both_ways for one in seen)))
    assert len(expected) > 9

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.randoms(use_true_random=False), st.booleans())
    def check(chance: random.Random, at_once: bool) -> None:
        left = [list(seen) for seen in seen_both_ways]
        mixed = []
        while any(left):
            mixed.append(chance.choice([seen for seen in left if seen]).pop(0))
        assert dumped(a_store(*mixed, at_once=at_once)) == expected

    check()


def test_recorded_workflows_mean_the_same_out_of_an_archive(
    archiving: tuple[Controller, Archive], fixtures: Path
) -> None:
    controller, archive = archiving
    workflows = {one["metadata"]["uid"]: one for one in recorded(fixtures / "argo-plain") if archivable(one)}
    assert len(workflows) > 10
    controller.archive(*workflows.values())
    found = {one.entry.uid: one.item for one in told(archive) if isinstance(one, Kept)}
    assert found.keys() == workflows.keys()
    for uid, workflow in workflows.items():
        assert found[uid]["status"] == workflow["status"]
        assert found[uid]["spec"] == workflow["spec"]


def recorded(folder: Path) -> Iterator[KubernetesObject]:
    for file in sorted(folder.glob("*.json")):
        yield json.loads(file.read_bytes())


def archivable(item: KubernetesObject) -> bool:
    return item.get("kind") == "Workflow" and bool(item["metadata"].get("uid")) and "namespace" in item["metadata"]


# ------------------------------------------------------------------------------------------ the command
def lineage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lineage", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
        timeout=120,
    )


def test_backfill_records_an_archive_and_a_repetition_changes_nothing(tables: ArgoTables, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    tables.archive(*(ended(number) for number in range(30)))
    tables.put_texts([("no workflow", "[]")])
    command = ("backfill", "--argo-archive", tables.url, "--store", store, "--json")
    done = lineage(*command)
    assert done.returncode == 3, done.stderr  # some were rejected
    summary = json.loads(done.stdout)
    assert (summary["recorded"], summary["rejected"]) == (30, 1)
    assert "no workflow" in summary["rejections"][0]["reason"]
    opened = open_store(store)
    runs = opened.runs(EVERYTHING, Listing(), PageRequest(first=100)).items
    before = dumped(opened)
    assert {run.phase for run in runs} == {Phase.SUCCEEDED}
    assert len(runs) == 30
    assert json.loads(lineage(*command).stdout)["recorded"] == 0
    assert dumped(opened) == before
    opened.close()


def test_the_archive_is_read_also_where_kubeflow_cannot_be_asked(tmp_path: Path, served: Served) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    served.token = "t"
    served.archive(ended(1), ended(20))
    since = ("--since", str(rfc3339(1015)))
    named = ("--kfp", "http://127.0.0.1:1", "--argo-archive", served.url, "--store", store, "--json")
    done = lineage("backfill", *named, *since, LINEAGE_ARGO_TOKEN="t")
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr
    assert json.loads(done.stdout)["recorded"] == 1


def test_an_experiment_is_no_matter_of_the_archive(tmp_path: Path) -> None:
    done = lineage("backfill", "--argo-archive", "https://argo.example", "--experiment", "nightly")
    assert done.returncode == 2
    assert "Argo knows no experiments" in done.stderr


@pytest.mark.parametrize("address", ["sqlite:///argo.db", "postgresql://host", "ftp://argo"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    done = lineage("backfill", "--argo-archive", address)
    assert done.returncode == 2
    assert "LINEAGE_ARGO_ARCHIVE" in done.stderr
