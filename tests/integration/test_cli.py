"""The command line as its users meet it: processes, their output, their exit codes."""

import fcntl
import gzip
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.factories import a_node, a_recurring_run, a_scheduled_run, a_workflow, an_inference_service
from tests.kubeflow_answers import an_experiment
from tests.kubeflow_server import kubeflow_server
from watchers.answers import EXPERIMENTS
from watchers.replay import ReplayServer, recorded
from watchers.sources import watched_sources

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60.0
STARTED = "2026-01-31T12:00:00Z"


def run(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run `lineage` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "lineage", *arguments],
        input=stdin,
        capture_output=True,
        env=os.environ | environment,
        check=False,
        timeout=START_SECONDS,
    )


def workflow(name: str, *, phase: str = "Succeeded", version: int = 7, **more: Any) -> dict[str, Any]:
    """A workflow of one step, as an API server would show it."""
    node = {
        "id": name,
        "name": name,
        "displayName": name,
        "type": "Pod",
        "templateName": "main",
        "phase": phase,
        "startedAt": STARTED,
        "finishedAt": "2026-01-31T12:01:00Z",
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": name,
            "namespace": "team-a",
            "uid": f"00000000-0000-4000-8000-{int.from_bytes(name.encode()):012d}",
            "resourceVersion": str(version),
            "creationTimestamp": STARTED,
        },
        "spec": {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "busybox"}}]},
        "status": {"phase": phase, "startedAt": STARTED, "finishedAt": "2026-01-31T12:01:00Z", "nodes": {name: node}},
        **more,
    }


def as_lines(*items: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


# ------------------------------------------------------------------------------------------ ingest
def test_ingest_makes_the_default_store_and_counts_what_became_of_everything() -> None:
    stdin = as_lines(workflow("a"), workflow("b"), workflow("a"), {"apiVersion": "v1", "kind": "Secret"}) + b"{broken"
    done = run("ingest", "-", "--json", stdin=stdin)
    summary = json.loads(done.stdout)
    assert done.returncode == 3
    assert {name: summary[name] for name in ("objects", "ignored", "rejected")} == {
        "objects": 5,
        "ignored": 1,
        "rejected": 1,
    }
    assert summary["recorded"] + summary["unchanged"] == 3
    assert "line 5" in summary["rejections"][0]["reason"]
    assert (Path(os.environ["XDG_DATA_HOME"]) / "kfp-lineage" / "lineage.db").is_file()


def test_ingesting_again_changes_nothing(store: str) -> None:
    stdin = as_lines(workflow("a"), workflow("b"))
    assert json.loads(run("ingest", "-", "--json", "--store", store, stdin=stdin).stdout)["recorded"] == 2
    before = run("dump", "--store", store).stdout
    assert json.loads(run("ingest", "-", "--json", "--store", store, stdin=stdin).stdout)["unchanged"] == 2
    assert run("dump", "--store", store).stdout == before


def test_equal_knowledge_has_equal_bytes_in_whatever_order_and_form_it_came(tmp_path: Path, store: str) -> None:
    views = [workflow("a", phase="Running", version=6), workflow("a"), workflow("b")]
    (tmp_path / "objects").mkdir()
    for number, view in enumerate(views):
        (tmp_path / "objects" / f"{number}.json.gz").write_bytes(gzip.compress(json.dumps(view).encode()))
    other = f"sqlite:///{tmp_path / 'other.db'}"
    assert run("ingest", str(tmp_path / "objects"), "--store", store).returncode == 0
    events = [{"type": "MODIFIED", "object": view} for view in reversed(views)]
    assert run("ingest", "-", "--store", other, stdin=as_lines(*events)).returncode == 0
    assert run("dump", "--store", store).stdout == run("dump", "--store", other).stdout != b""


def test_the_summary_for_people_says_what_was_rejected_and_why(store: str) -> None:
    done = run("ingest", "-", "--store", store, stdin=as_lines(workflow("a")) + b"{broken")
    assert done.stdout.decode().startswith("2 objects: 1 recorded, 0 unchanged, 0 ignored, 1 rejected")
    assert "standard input, line 2" in done.stderr.decode()


def test_every_recorded_object_is_ingested(fixtures: Path, store: str) -> None:
    done = run("ingest", str(fixtures), "--json", "--store", store)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["recorded"] > 100


# ------------------------------------------------------------------------------------------ query
def test_a_query_is_answered_from_the_store(store: str) -> None:
    run("ingest", "-", "--store", store, "--cluster", "east", stdin=as_lines(workflow("a")))
    done = run("query", "{ runs(first: 1) { totalCount nodes { name phase cluster } } }", "--store", store)
    expected = {"runs": {"totalCount": 1, "nodes": [{"name": "a", "phase": "SUCCEEDED", "cluster": "east"}]}}
    assert json.loads(done.stdout) == {"data": expected}
    assert done.returncode == 0


def test_a_saved_query_is_asked_by_its_name_with_variables(store: str) -> None:
    run("ingest", "-", "--store", store, stdin=as_lines(workflow("a"), workflow("b")))
    done = run("query", "recent-runs", "--variables", '{"first": 1}', "--store", store)
    assert len(json.loads(done.stdout)["data"]["runs"]["nodes"]) == 1


def test_a_query_comes_from_a_file_or_standard_input(tmp_path: Path, store: str) -> None:
    run("ingest", "-", "--store", store, stdin=as_lines(workflow("a")))
    text = "{ runs(first: 1) { totalCount } }"
    (tmp_path / "question.graphql").write_text(text)
    from_file = run("query", "-f", str(tmp_path / "question.graphql"), "--store", store)
    from_stdin = run("query", "-", "--store", store, stdin=text.encode())
    assert from_file.stdout == from_stdin.stdout
    assert json.loads(from_file.stdout) == {"data": {"runs": {"totalCount": 1}}}


def test_an_answer_with_errors_is_a_failure(store: str) -> None:
    run("ingest", "-", "--store", store, stdin=as_lines(workflow("a")))
    done = run("query", "{ nothing }", "--store", store)
    assert done.returncode == 1
    assert json.loads(done.stdout)["errors"]


# ------------------------------------------------------------------------------------------ runs and show
def test_runs_are_listed_as_a_table_and_filtered(store: str) -> None:
    run("ingest", "-", "--store", store, stdin=as_lines(workflow("first"), workflow("second", phase="Failed")))
    done = run("runs", "--store", store)
    head, *rows = [line.split()[0] for line in done.stdout.decode().splitlines()]
    assert (head, sorted(rows)) == ("run", ["first", "second"])
    assert b"first" not in run("runs", "--store", store, "--phase", "failed").stdout
    limited = run("runs", "--store", store, "--limit", "1", "--json")
    assert len(json.loads(limited.stdout)) == 1
    assert b"1 of 2 runs" in run("runs", "--store", store, "--limit", "1").stderr
    assert b"No run matches" in run("runs", "--store", store, "--namespace", "nowhere").stderr


def test_more_runs_than_a_page_are_listed_page_by_page(store: str) -> None:
    run("ingest", "-", "--store", store, stdin=as_lines(*(workflow(f"run-{n}") for n in range(130))))
    found = json.loads(run("runs", "--store", store, "--limit", "125", "--json").stdout)
    assert len({each["id"] for each in found}) == 125


def test_a_run_is_shown_by_its_name_its_uid_and_its_id(store: str) -> None:
    run("ingest", "-", "--store", store, stdin=as_lines(workflow("first"), workflow("second")))
    shown = json.loads(run("show", "first", "--store", store, "--json").stdout)
    assert (shown["name"], shown["executions"]["totalCount"]) == ("first", 1)
    tree = run("show", "first", "--store", store).stdout
    assert "└── succeeded first".encode() in tree
    for name in (shown["uid"], shown["id"]):
        assert run("show", name, "--store", store).stdout == tree
    missing = run("show", "third", "--store", store)
    assert (missing.returncode, missing.stdout) == (1, b"")
    assert b"lineage runs" in missing.stderr


# ------------------------------------------------------------------------------------------ recurring and experiments
def a_week(kind: str, **recurring: Any) -> bytes:
    """What makes a run every hour since a week ago, and two of its runs, of some hours ago."""
    hour = int(datetime.now(UTC).timestamp()) // 3600 * 3600
    made = a_recurring_run(kind=kind, born=hour - 7 * 86_400, **recurring)
    return as_lines(made, *(a_scheduled_run(hour - 3600 * ago, kind=kind) for ago in (4, 2)))


def test_recurring_runs_are_listed_with_how_they_went(store: str) -> None:
    experiment = {"experimentId": "e-1", "enabled": True, "trigger": {"cronSchedule": {"cron": "0 0 * * * *"}}}
    run("ingest", "-", "--store", store, stdin=a_week("ScheduledWorkflow", spec=experiment))
    head, row = run("recurring", "--store", store).stdout.decode().splitlines()
    assert head.split()[:3] == ["recurring", "run", "namespace"]
    assert row.split()[:2] == ["nightly", "a"]
    assert "0 0 * * * *" in row
    assert "enabled" in row
    assert re.search(r"2\d of 2\d in a day$", row.strip())
    assert b"No recurring run matches" in run("recurring", "--store", store, "--namespace", "nowhere").stderr
    assert b"e-1" in run("experiments", "--store", store).stdout


def test_one_recurring_run_is_shown_with_its_ledger_and_its_edits(store: str) -> None:
    run("ingest", "-", "--store", store, stdin=a_week("CronWorkflow"))
    shown = run("recurring", "nightly", "--limit", "5", "--store", store)
    text = shown.stdout.decode()
    assert shown.returncode == 0
    assert len(re.findall(r"on time", text)) == 2
    assert "no run for it was ever seen" in text
    assert "since (UTC)" in text
    (found,) = json.loads(run("recurring", "nightly", "--limit", "5", "--json", "--store", store).stdout)
    assert len(found["slots"]) == 5
    assert found["next"]["outcome"] == "PENDING"
    for name in (found["uid"], found["id"]):
        assert run("recurring", name, "--limit", "5", "--store", store).stdout.decode() == text
    missing = run("recurring", "weekly", "--store", store)
    assert (missing.returncode, missing.stdout) == (1, b"")
    assert b"`lineage recurring` lists them" in missing.stderr


def test_what_cannot_be_read_says_why(store: str) -> None:
    spec = {"schedules": ["61 * * * *"], "workflowSpec": {}}
    run("ingest", "-", "--store", store, stdin=as_lines(a_recurring_run(spec)))
    assert b"cannot be read" in run("recurring", "--store", store).stdout
    assert b"'61' for its minute" in run("recurring", "nightly", "--store", store).stdout


def test_deployments_are_listed_and_one_is_shown_with_the_data_behind_it(store: str) -> None:
    def trained(name: str, start: int) -> dict[str, Any]:
        node = a_node(f"{name}.train", start, start + 10, reads=["raw.csv"], writes=["model.pkl"])
        return a_workflow({f"{name}-1": node}, uid=name, name=name, phase="Succeeded")

    service = an_inference_service("s3:///model.pkl", born=50, written_at=50, ready_at=60)
    run("ingest", "-", "--store", store, stdin=as_lines(trained("first", 10), service, trained("second", 100)))
    head, row = run("deployments", "--store", store, COLUMNS="250").stdout.decode().splitlines()
    assert head.split()[:3] == ["deployment", "namespace", "state"]
    assert row.split()[:3] == ["churn", "a", "ready"]
    assert "first/train" in row
    assert "overwritten by second/train" in row
    text = run("deployments", "churn", "--store", store).stdout.decode()
    assert re.search(r"of +s3:///raw.csv", text)
    (found,) = json.loads(run("deployments", "churn", "--json", "--store", store).stdout)
    assert [one["displayName"] for one in found["behind"]["runs"]] == ["first"]
    for name in (found["uid"], found["id"]):
        assert run("deployments", name, "--store", store).stdout.decode() == text
    assert b"No deployment matches" in run("deployments", "--store", store, "--namespace", "nowhere").stderr
    missing = run("deployments", "other", "--store", store)
    assert (missing.returncode, missing.stdout) == (1, b"")
    assert b"`lineage deployments` lists them" in missing.stderr


def test_nothing_recorded_is_said(store: str) -> None:
    run("ingest", "-", "--store", store, stdin=as_lines(workflow("first")))
    assert b"No recurring run is recorded yet" in run("recurring", "--store", store).stderr
    assert b"No experiment is recorded yet" in run("experiments", "--store", store).stderr
    assert b"No deployment is recorded yet" in run("deployments", "--store", store).stderr


def test_without_a_query_the_saved_ones_are_listed() -> None:
    done = run("query")
    assert done.returncode == 2
    assert "recent-runs" in done.stderr.decode()


# ------------------------------------------------------------------------------------------ mistakes
@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["query", "recent-runs"], 1, r"there is no store at .* yet: `lineage up` or `lineage ingest PATH` makes one"),
        (["dump"], 1, r"there is no store at "),
        (["serve"], 1, r"there is no store at "),
        (["ingest", "absent.json"], 2, r"there is no file or folder absent\.json"),
        (["query", "{ x }", "--variables", "[]"], 2, r"--variables must be a JSON object"),
        (["query", "{ x }", "--variables", "{"], 2, r"--variables is no JSON"),
        (["query", "{ x }", "-f", "y"], 2, r"either a query or -f"),
        (["query", "nothing"], 2, r"no saved query is called nothing: `lineage query` lists"),
        (["query", "-f", "absent.graphql"], 2, r"absent\.graphql"),
        (["query", "{ x }", "--url", "localhost:8080"], 2, r"--url must be an address"),
        (["query", "{ x }", "--url", "http://127.0.0.1:1"], 1, r"cannot be asked"),
        (["dump", "--store", "store.db"], 2, r"store: .* URL"),
        (["ingest", "-", "--store", "sqlite://"], 2, r"in memory"),
        (["up", "--speed", "2"], 2, r"--speed is for the demo"),
        (["up", "--demo", "--context", "x"], 2, r"either --demo or --context"),
        (
            ["up", "--context", "absent"],
            2,
            r"cluster configuration: .*`lineage up --demo` needs no cluster",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_that_says_what_to_do(arguments: list[str], code: int, expected: str) -> None:
    done = run(*arguments, KUBECONFIG="absent")
    message = done.stderr.decode()
    assert done.returncode == code, message
    assert re.search(expected, message)
    assert len(message.splitlines()) == 1
    assert done.stdout == b""


def test_usage_errors_have_their_own_exit_code() -> None:
    assert run("ingest", "--nonsense").returncode == 2
    assert run("nonsense").returncode == 2


COMMANDS = ["up", "ingest", "serve", "query", "dump", "migrate"]
OF_REJECTED = ["rejected list", "rejected show", "rejected retry", "rejected drop"]


@pytest.mark.parametrize("command", [*COMMANDS, *OF_REJECTED])
def test_the_help_of_every_command_shows_examples(command: str) -> None:
    done = run(*command.split(), "--help", COLUMNS="200")
    assert done.returncode == 0
    assert f"lineage {command}" in done.stdout.decode()


def test_a_port_that_is_taken_is_said_before_anything_starts(store: str) -> None:
    run("migrate", "--store", store)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in (["serve", "--store", store], ["up", "--demo"]):
            done = run(*command, "--port", str(port))
            assert done.returncode == 1
            assert f"port {port} of 127.0.0.1 is taken" in done.stderr.decode()
            assert "--port" in done.stderr.decode()


# ------------------------------------------------------------------------------------------ rejected
def set_aside(store: str) -> None:
    """Record a store with two inputs that were rejected: one object, and bytes that are none."""
    broken = {**workflow("b"), "status": []}
    assert run("ingest", "-", "--store", store, stdin=as_lines(workflow("a"), broken) + b"{broken").returncode == 3


def rejected(store: str, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("rejected", *arguments, "--json", "--store", store).stdout)
    return found


def test_what_was_rejected_is_listed_and_shown(store: str) -> None:
    set_aside(store)
    listed = run("rejected", "list", "--store", store).stdout.decode()
    assert "standard input, line 2: workflow team-a/b@7: status is a list" in listed
    assert len(rejected(store, "list")) == 2
    (broken,) = rejected(store, "list", "--reason", "status")
    digest = broken["digest"].removeprefix("sha256:")[:12]
    assert digest in listed
    shown = run("rejected", "show", digest, "--store", store).stdout.decode()
    assert '"status": []' in shown
    (event,) = [one["event"] for one in rejected(store, "show", digest)]
    assert event["metadata"]["name"] == "b"


def test_trying_again_what_is_still_broken_leaves_it_set_aside(store: str) -> None:
    set_aside(store)
    before = rejected(store, "list")
    done = run("rejected", "retry", "--all", "--store", store)
    assert done.stdout.decode() == "0 recorded, 1 still rejected, 1 of which nothing was kept\n"
    assert (done.returncode, rejected(store, "list")) == (3, before)


def test_what_was_rejected_is_dropped_only_on_a_plain_word(store: str) -> None:
    set_aside(store)
    (broken,) = rejected(store, "list", "--reason", "status")
    assert run("rejected", "drop", "--store", store, "--yes").returncode == 2
    assert run("rejected", "drop", broken["digest"], "--store", store).returncode == 2
    assert len(rejected(store, "list")) == 2
    assert run("rejected", "drop", broken["digest"], "--store", store, "--yes").stdout == b"1 dropped\n"
    assert [one["kept"] for one in rejected(store, "list")] == [False]


# ------------------------------------------------------------------------------------------ servers
@contextmanager
def serving(*arguments: str, **environment: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start `lineage` and give its address, once it answers; kill what is left of it."""
    command = [sys.executable, "-m", "lineage", *arguments, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | environment
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            address = next(match[1] for line in lines if (match := re.search(r"(http://\S+)/graphql", line)))
            assert eventually(lambda: is_healthy(address))
            yield address, process
        finally:
            process.kill()


def eventually(holds: Any) -> bool:
    """Wait until something holds, up to a deadline."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def is_healthy(address: str) -> bool:
    try:
        with urlopen(f"{address}/healthz", timeout=5) as response:  # noqa: S310 - our own server
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def read(address: str) -> str:
    with urlopen(address, timeout=5) as response:  # noqa: S310 - our own server
        text: str = response.read().decode()
    return text


def asked(address: str) -> Any:
    return json.loads(read(address))


def readiness(address: str) -> Any:
    """What a process says of whether it is ready, be it or not."""
    try:
        return asked(f"{address}/readyz")
    except HTTPError as refused:
        with refused:
            return json.loads(refused.read())


def count_runs(address: str) -> int:
    done = run("query", "{ runs(first: 1) { totalCount } }", "--url", address)
    return int(json.loads(done.stdout)["data"]["runs"]["totalCount"])


def end(process: "subprocess.Popen[Any]", number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(timeout=START_SECONDS)


def test_serve_answers_over_http_and_ends_at_once_when_asked_to(store: str) -> None:
    run("ingest", "-", "--store", store, stdin=as_lines(workflow("a")))
    with serving("serve", "--store", store) as (address, process):
        assert count_runs(address) == 1
        assert count_runs(f"{address}/graphql") == 1
        assert end(process, signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_the_demo_shows_runs_and_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    with serving("up", "--demo", "--speed", "50", TMPDIR=str(tmp_path / "temporary")) as (address, process):
        assert eventually(lambda: count_runs(address) > 0)
        (settings,) = (tmp_path / "temporary").glob("*/config.toml")
        assert b"churn-training" in run("runs", LINEAGE_CONFIG=str(settings)).stdout
        assert end(process, number) == 0
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not Path(os.environ["XDG_DATA_HOME"]).exists()


def test_up_asks_kubeflow_beside_the_cluster(tmp_path: Path, store: str) -> None:
    server = ReplayServer(recorded([workflow("a")]), speed=float("inf"))
    server.start()
    try:
        config = kubeconfig(tmp_path / "config", server.url)
        with kubeflow_server() as kubeflow:
            kubeflow.put(EXPERIMENTS, an_experiment())
            arguments = ("up", "--store", store, "--kfp", kubeflow.url)
            with serving(*arguments, KUBECONFIG=str(config)) as (address, process):
                assert eventually(lambda: readiness(address)["status"] == "ok")
                assert "experiments.kfp *: synced" in readiness(address)["checks"]["watchers"]
                assert end(process, signal.SIGTERM) == 0
    finally:
        server.stop()
    items = map(json.loads, run("dump", "--store", store).stdout.splitlines())
    assert [one["name"] for one in items if one["type"] == "Experiment"] == ["tuning"]


def test_up_follows_a_cluster_and_has_recorded_everything_when_it_ends(tmp_path: Path, store: str) -> None:
    server = ReplayServer(recorded(workflow(name) for name in "abc"), speed=float("inf"))
    server.start()
    try:
        config = kubeconfig(tmp_path / "config", server.url)
        with serving("up", "--store", store, "--cluster", "east", KUBECONFIG=str(config)) as (address, process):
            assert eventually(lambda: count_runs(address) == 3)
            assert eventually(lambda: readiness(address)["status"] == "ok")
            checks = readiness(address)["checks"]
            assert (checks["store"], checks["recording"]) == ("ok", "ok")
            states = dict(one.split(" *: ") for one in checks["watchers"].split(", "))
            served = {"workflows.argoproj.io": "synced", "pods": "synced"}
            assert states == {
                source.resource.name: served.get(source.resource.name, "absent") for source in watched_sources()
            }
            assert 'lineage_objects_recorded_total{outcome="recorded"} 3.0' in read(f"{address}/metrics")
            assert 'lineage_objects_seen_total{source="argo_workflow"} 3.0' in read(f"{address}/metrics")
            assert end(process, signal.SIGTERM) == 0
    finally:
        server.stop()
    done = run("query", "{ runs(first: 3) { nodes { cluster phase } } }", "--store", store)
    assert json.loads(done.stdout)["data"]["runs"]["nodes"] == [{"cluster": "east", "phase": "SUCCEEDED"}] * 3


def test_what_was_killed_goes_on_where_it_was(tmp_path: Path, store: str) -> None:
    server = ReplayServer(recorded(workflow(name) for name in "abc"), speed=float("inf"))
    server.start()
    try:
        config = kubeconfig(tmp_path / "config", server.url)
        with serving("up", "--store", store, KUBECONFIG=str(config)) as (_, process):
            assert end(process, signal.SIGKILL) == -signal.SIGKILL
        with serving("up", "--store", store, KUBECONFIG=str(config)) as (address, process):
            assert eventually(lambda: count_runs(address) == 3)
            assert end(process, signal.SIGTERM) == 0
    finally:
        server.stop()


def kubeconfig(file: Path, url: str) -> Path:
    file.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "replay", "cluster": {"server": url}}],
                "users": [{"name": "nobody", "user": {}}],
                "contexts": [{"name": "replay", "context": {"cluster": "replay", "user": "nobody"}}],
                "current-context": "replay",
            }
        )
    )
    return file


# ------------------------------------------------------------------------------------------ signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_what_was_read_from_a_pipe_is_recorded_when_ingesting_is_ended(number: signal.Signals, store: str) -> None:
    command = [sys.executable, "-m", "lineage", "ingest", "-", "--json", "--store", store]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(as_lines(workflow("a"), workflow("b")))
        process.stdin.flush()
        assert eventually(lambda: is_reading(process))
        assert end(process, number) == 128 + number
        assert json.loads(process.stdout.read())["recorded"] == 2
    assert run("runs", "--json", "--store", store).stdout.count(b'"uid"') == 2


def is_reading(process: "subprocess.Popen[Any]") -> bool:
    """Say whether a process handles signals, has read all of its pipe, and waits for more."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    caught = int(status["SigCgt"], 16) >> (signal.SIGTERM - 1) & 1
    assert process.stdin is not None
    (unread,) = struct.unpack("i", fcntl.ioctl(process.stdin, termios.FIONREAD, b"\0" * 4))
    return bool(caught) and unread == 0 and "sleeping" in status["State"]


def test_a_process_that_is_ended_while_it_starts_says_so_by_its_exit_code(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-m", "lineage", "query", "-"], stdin=subprocess.PIPE) as process:
        assert eventually(lambda: is_reading(process))
        assert end(process, signal.SIGTERM) == 128 + signal.SIGTERM


def test_logs_are_one_json_object_a_line_where_that_is_asked_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lineage", "up", "--demo", "--port", "0", "--log-format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = json.loads(process.stderr.readline())
        assert (first["event"], first["level"]) == ("started", "info")
        while json.loads(process.stderr.readline()).get("state") != "SYNCED":
            pass
        assert end(process, signal.SIGTERM) == 0
        events = [json.loads(line) for line in process.stderr]
        assert process.stdout.read() == ""
    assert events[-1]["event"] == "stopped, everything seen is recorded"
