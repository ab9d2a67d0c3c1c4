"""Asking Kubeflow again and again: what is handed on, what that costs, and what becomes of trouble."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.errors import ClusterError, InvalidSettings
from lineage.model import SourceState
from tests.factories import moment
from tests.kubeflow_answers import a_pipeline, a_recurring_run, a_run, a_version, an_experiment, an_ir
from tests.kubeflow_server import KubeflowServer, kubeflow_server
from tests.task_records import Kept, a_task
from watchers.answers import EXPERIMENTS, PIPELINE_VERSIONS, PIPELINES, RECURRING_RUNS, RUNS, TASKS, V1, V2
from watchers.kubeflow_api import KubeflowApi
from watchers.kubeflow_client import KubeflowClient
from watchers.kubeflow_rounds import RECENT, KubeflowRounds
from watchers.rounds import DEFAULT_TEMPO, Handed, Poller, PollerEvent, RoundState, Told
from watchers.source import Resource, uid_of

DAY = 86400.0
TODAY = 1000 * DAY


@pytest.fixture
def server() -> Iterator[KubeflowServer]:
    with kubeflow_server() as running:
        yield running


@pytest.fixture
def client(server: KubeflowServer) -> Iterator[KubeflowClient]:
    made = KubeflowClient(server.url, timeout_seconds=5.0)
    yield made
    made.close()


class Asking:
    """A poller whose time passes when it waits."""

    def __init__(self, client: KubeflowClient, *namespaces: str) -> None:
        self._now = self._until = 0.0
        handed = Handed()
        asked = KubeflowRounds(
            KubeflowApi(client),
            namespaces or None,
            handed,
            clock=lambda: moment(TODAY + self._now),
            tempo=DEFAULT_TEMPO,
        )
        self._poller = Poller(
            asked.rounds,
            handed,
            wait=self._wait,
            uniform=lambda _, highest: highest,
            monotonic=lambda: self._now,
        )

    def _wait(self, seconds: float) -> bool:
        if self._now + seconds > self._until:
            self._now = self._until
            return True
        self._now += seconds
        return False

    def of(self, seconds: float) -> list[PollerEvent]:
        """What happens in the next so many seconds."""
        self._until += seconds
        return list(self._poller.events())

    def told(self, seconds: float, resource: Resource | None = None) -> list[str]:
        """What is told in the next so many seconds, by uid."""
        events = (event for event in self.of(seconds) if isinstance(event, Told))
        return [uid_of(event.item) for event in events if resource in (None, event.resource)]

    def states(self, seconds: float) -> dict[str, RoundState]:
        """How each resource fares after the next so many seconds."""
        return {event.resource.plural: event for event in self.of(seconds) if isinstance(event, RoundState)}


@pytest.fixture
def asking(client: KubeflowClient) -> Asking:
    return Asking(client)


def runs(server: KubeflowServer, count: int, *, state: str = "SUCCEEDED") -> list[str]:
    """Tell of so many runs of today, the newest last."""
    uids = [f"run-{number:03}" for number in range(count)]
    server.put(RUNS, *(a_run(uid, state=state, made=TODAY - 1000 + number) for number, uid in enumerate(uids)))
    return uids


# ------------------------------------------------------------------------------------------ what is told
def test_all_kinds_are_told_of_and_each_once(server: KubeflowServer, asking: Asking) -> None:
    server.put(EXPERIMENTS, an_experiment())
    server.put(PIPELINES, a_pipeline())
    server.put(PIPELINE_VERSIONS, a_version())
    server.put(RECURRING_RUNS, a_recurring_run())
    server.put(RUNS, a_run(made=TODAY))
    assert asking.told(0) == ["e1", "p1", "v1", "r1", "run-1"]
    assert asking.told(3600) == []


def test_a_new_run_is_told_within_seconds(server: KubeflowServer, asking: Asking) -> None:
    asking.of(0)
    server.put(RUNS, a_run(made=TODAY))
    assert asking.told(20) == ["run-1"]


def test_while_nothing_happens_a_round_is_two_requests(server: KubeflowServer, asking: Asking) -> None:
    runs(server, 9)
    asking.of(0)
    server.asked.clear()
    asking.of(15)
    assert [path.split("?")[0] for path in server.asked] == ["/apis/v2beta1/experiments", "/apis/v2beta1/runs"]


def test_as_many_pages_are_read_as_have_news(server: KubeflowServer, asking: Asking) -> None:
    runs(server, 4)
    asking.of(0)
    uids = runs(server, 9)
    server.asked.clear()
    assert sorted(asking.told(15, RUNS)) == uids[4:]
    assert server.count("/runs?") == 4  # nine are five pages of two, and the fourth tells nothing new


def test_a_run_is_asked_for_until_it_has_ended(server: KubeflowServer, asking: Asking) -> None:
    runs(server, 9, state="RUNNING")
    asking.of(0)
    server.put(RUNS, a_run("run-000", made=TODAY - 1000))
    assert asking.told(15) == ["run-000"]
    server.asked.clear()
    asking.of(15)
    assert server.count("/runs/run-000") == 0


def test_a_run_that_is_deleted_is_asked_for_no_more(server: KubeflowServer, asking: Asking) -> None:
    runs(server, 9, state="RUNNING")
    asking.of(0)
    server.remove(RUNS, "run-000")
    asking.of(15)
    server.asked.clear()
    assert asking.states(15) == {}
    assert server.count("/runs/run-000") == 0


def test_what_is_no_longer_recent_is_left_to_backfill(server: KubeflowServer, asking: Asking) -> None:
    server.page = 1
    for days in range(12):
        server.put(RUNS, a_run(f"run-{days}", made=TODAY - days * DAY))
    told = asking.told(0, RUNS)
    assert told[: RECENT.days] == [f"run-{days}" for days in range(RECENT.days)]
    assert len(told) < 12


def test_what_a_run_names_is_told_before_it(server: KubeflowServer, asking: Asking) -> None:
    asking.of(0)
    server.put(EXPERIMENTS, an_experiment("e9", made=1))
    server.put(PIPELINES, a_pipeline())
    server.put(PIPELINE_VERSIONS, a_version())
    server.put(RUNS, a_run(made=TODAY, experiment="e9"))
    assert asking.told(20)[-3:] == ["p1", "v1", "run-1"]


def test_what_a_run_names_in_vain_is_asked_for_once(server: KubeflowServer, asking: Asking) -> None:
    server.put(RUNS, a_run(made=TODAY, state="RUNNING"))
    assert asking.told(60) == ["run-1"]
    assert server.count("/experiments/e1") == 1


def test_new_versions_are_found_without_a_run(server: KubeflowServer, asking: Asking) -> None:
    server.put(PIPELINES, a_pipeline())
    server.put(PIPELINE_VERSIONS, a_version())
    asking.of(0)
    server.put(PIPELINE_VERSIONS, a_version("v2", spec=an_ir("python:3.12"), made=99))
    assert asking.told(1200) == ["v2"]


def test_a_version_that_a_run_named_hides_none_behind_it(server: KubeflowServer, asking: Asking) -> None:
    asking.of(0)
    server.put(PIPELINES, a_pipeline())
    server.put(PIPELINE_VERSIONS, a_version("v1"), a_version("v2", spec=an_ir("python:3.12"), made=99))
    server.put(RUNS, a_run(made=TODAY, version="v2"))
    assert "v1" not in asking.told(20)
    assert "v1" in asking.told(1200)


@pytest.mark.parametrize("resource", [RUNS, EXPERIMENTS])
def test_a_list_that_was_broken_off_is_read_to_its_end(
    server: KubeflowServer, asking: Asking, resource: Resource
) -> None:
    asking.of(0)
    if resource is RUNS:
        uids = runs(server, 9)
    else:
        uids = [f"e{number}" for number in range(9)]
        server.put(EXPERIMENTS, *(an_experiment(uid, made=10 + number) for number, uid in enumerate(uids)))
    server.faults[f"/{resource.plural}?page_size=100&sort_by=created_at+desc&page_token=4"] = 500
    told = asking.told(20, resource)
    server.faults.clear()
    assert len(told) < 9
    assert sorted(told + asking.told(120, resource)) == uids


def test_each_namespace_is_asked_for_its_own(server: KubeflowServer, client: KubeflowClient) -> None:
    server.multi_user = True
    for namespace in ("a", "b", "c"):
        server.put(EXPERIMENTS, an_experiment(f"e-{namespace}", namespace=namespace))
        server.put(RUNS, a_run(f"run-{namespace}", experiment=f"e-{namespace}", made=TODAY, version=None))
    server.put(PIPELINES, a_pipeline("shared", namespace=""), a_pipeline("own", namespace="b"))
    events = [event for event in Asking(client, "a", "b").of(0) if isinstance(event, Told)]
    assert {uid_of(event.item) for event in events} == {"e-a", "e-b", "run-a", "run-b", "shared", "own"}
    (run,) = [event.item for event in events if uid_of(event.item) == "run-b"]
    assert run["metadata"]["namespace"] == "b"


def test_a_run_is_in_the_namespace_of_its_experiment(server: KubeflowServer, asking: Asking) -> None:
    server.put(EXPERIMENTS, an_experiment(namespace="team-a"))
    server.put(RUNS, a_run(made=TODAY))
    (run,) = [event.item for event in asking.of(0) if isinstance(event, Told) and event.resource is RUNS]
    assert run["metadata"]["namespace"] == "team-a"


# ------------------------------------------------------------------------------------------ v1beta1
def test_tasks_are_told_since_3_0_until_their_run_has_ended(server: KubeflowServer, asking: Asking) -> None:
    server.versions = {V2}
    server.put(RUNS, a_run(state="RUNNING", made=TODAY, ended=None))
    server.tasks["run-1"] = [a_task(Kept(id=1, name="train", state="RUNNING"))]
    assert asking.told(0, TASKS) == ["run-1"]
    assert asking.told(20, TASKS) == []
    server.tasks["run-1"] = [a_task(Kept(id=1, name="train"))]
    assert asking.told(20, TASKS) == ["run-1"]
    server.put(RUNS, a_run(made=TODAY))
    asking.of(20)
    server.asked.clear()
    asking.of(20)
    assert server.count("view=FULL") == 0


def test_nobody_asks_an_older_release_for_tasks(server: KubeflowServer, asking: Asking) -> None:
    server.put(RUNS, a_run(state="RUNNING", made=TODAY, ended=None))
    asking.of(100)
    assert server.count("view=FULL") == 0


def test_a_run_whose_tasks_cannot_be_read_is_told_of_once_they_can(server: KubeflowServer, asking: Asking) -> None:
    server.versions = {V2}
    server.put(RUNS, a_run(made=TODAY))
    server.tasks["run-1"] = [a_task(Kept(id=1, name="train"))]
    server.faults["view=FULL"] = 500
    assert asking.told(5, RUNS) == []
    server.faults.clear()
    assert asking.told(60) == ["run-1", "run-1"]


def test_where_there_is_no_v2_v1_tells_the_same(server: KubeflowServer, asking: Asking) -> None:
    server.versions = {V1}
    server.put(EXPERIMENTS, an_experiment())
    server.put(PIPELINES, a_pipeline())
    server.put(PIPELINE_VERSIONS, a_version())
    server.put(RECURRING_RUNS, a_recurring_run())
    server.put(RUNS, a_run(made=TODAY))
    events = [event for event in asking.of(0) if isinstance(event, Told)]
    assert [uid_of(event.item) for event in events] == ["e1", "p1", "v1", "r1", "run-1"]
    assert {event.item["apiVersion"] for event in events} == {"kfp/v1beta1"}
    assert events[2].item["told"]["pipeline_spec"] == an_ir()


def test_an_installation_that_is_renewed_is_asked_in_v2(server: KubeflowServer, asking: Asking) -> None:
    server.versions = {V1}
    server.put(EXPERIMENTS, an_experiment())
    asking.of(0)
    server.versions = {V2}
    events = [event for event in asking.of(120) if isinstance(event, Told)]
    assert [event.item["apiVersion"] for event in events] == ["kfp/v2beta1"]


# ------------------------------------------------------------------------------------------ trouble
@pytest.mark.parametrize(
    ("fault", "state", "says"),
    [
        (401, SourceState.WAITING, "it wants to know who asks"),
        (302, SourceState.WAITING, "it wants to know who asks"),
        (403, SourceState.FORBIDDEN, "403: a fault of 403"),
        (404, SourceState.ABSENT, "404"),
        (500, SourceState.WAITING, "500: a fault of 500"),
        (503, SourceState.WAITING, "503"),
        ("truncated", SourceState.WAITING, "the connection broke"),
        ("no JSON", SourceState.WAITING, "no JSON"),
    ],
)
def test_trouble_with_one_kind_is_told_and_keeps_no_other_from_its_turn(
    server: KubeflowServer, asking: Asking, fault: int | str, state: SourceState, says: str
) -> None:
    server.put(EXPERIMENTS, an_experiment())
    server.put(RUNS, a_run(made=TODAY, experiment=""))
    server.faults["/experiments"] = fault
    states = asking.states(0)
    assert states["experiments"].state is state
    assert says in str(states["experiments"].message)
    assert states["runs"].state is SourceState.SYNCED
    server.faults.clear()
    assert asking.states(120)["experiments"].state is SourceState.SYNCED


def test_a_list_that_leads_in_a_circle_is_given_up(server: KubeflowServer, asking: Asking) -> None:
    server.put(RECURRING_RUNS, a_recurring_run())
    server.faults["/recurringruns"] = "endless"
    found = asking.states(0)["recurringruns"]
    assert found.state is SourceState.WAITING
    assert "has no end" in str(found.message)


def test_trouble_is_told_once_and_asked_about_ever_more_seldom(server: KubeflowServer, asking: Asking) -> None:
    server.faults["/apis"] = 500
    states = [event for event in asking.of(600) if isinstance(event, RoundState)]
    assert len(states) == 5
    assert server.count("/runs") < 18  # 1 + 2 + … + 32, then once a minute


def test_a_service_that_is_not_there_is_asked_again(server: KubeflowServer, asking: Asking) -> None:
    server.versions = set()
    assert {one.state for one in asking.states(0).values()} == {SourceState.ABSENT}
    server.versions = {V2}
    assert {one.state for one in asking.states(120).values()} == {SourceState.SYNCED}


def test_a_version_that_cannot_be_read_is_no_reason_to_lose_a_run(server: KubeflowServer, asking: Asking) -> None:
    server.put(RUNS, a_run(made=TODAY))
    server.faults["/pipelines/p1"] = 500
    assert asking.told(0) == ["run-1"]


# ------------------------------------------------------------------------------------------ the way there
def test_a_token_that_is_renewed_is_read_again(server: KubeflowServer, tmp_path: Path) -> None:
    file, server.token = tmp_path / "token", "the first"
    file.write_text("the first\n")
    client = KubeflowClient(server.url, token_file=file)
    client.get("/apis/v2beta1/runs", {})
    server.token = "the second"
    with pytest.raises(ClusterError, match="kfp_token_file"):
        client.get("/apis/v2beta1/runs", {})
    file.write_text("the second\n")
    client.get("/apis/v2beta1/runs", {})
    client.close()


def test_a_token_that_cannot_be_read_is_trouble_like_any_other(server: KubeflowServer, tmp_path: Path) -> None:
    client = KubeflowClient(server.url, token_file=tmp_path / "nowhere")
    with pytest.raises(ClusterError, match="cannot be read"):
        client.get("/apis/v2beta1/runs", {})


def test_who_is_silent_is_not_waited_for(server: KubeflowServer) -> None:
    server.faults["/runs"] = "silent"
    client = KubeflowClient(server.url, timeout_seconds=0.2)
    with pytest.raises(ClusterError, match=r"silent for 0\.2 s"):
        client.get("/apis/v2beta1/runs", {})
    client.close()


def test_nobody_there_is_told_as_such() -> None:
    with kubeflow_server() as server:
        url = server.url
    with pytest.raises(ClusterError, match="nobody answers there"):
        KubeflowClient(url).get("/apis/v2beta1/runs", {})


def test_a_client_that_was_closed_asks_nothing(client: KubeflowClient) -> None:
    client.close()
    with pytest.raises(ClusterError, match="closed"):
        client.get("/apis/v2beta1/runs", {})


def test_certificates_that_are_none_are_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("nothing")
    with pytest.raises(InvalidSettings, match=r"ca\.crt"):
        KubeflowClient("https://127.0.0.1", ca_file=tmp_path / "ca.crt")
