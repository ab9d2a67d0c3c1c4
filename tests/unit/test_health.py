"""What a process says of itself to those who run it."""

from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lineage.cli.health import serving_health
from lineage.errors import SchemaOutdated, StoreError
from lineage.model import SourceStatus
from lineage.observation import InputUnreadable, ObjectDeleted, ObjectSeen, SourceReported
from lineage.ports import Scope
from lineage.recorder import Outcome
from lineage.web import Check, Finding, Health, Metrics, application, health_application
from tests.asking import Client
from tests.example import MORNING, example
from tests.fakes import FakeStore

LABELS = {"source", "cluster", "outcome", "page", "status", "le"}


class Broken(FakeStore):
    """A store whose database fails."""

    def __init__(self, error: StoreError) -> None:
        super().__init__(example())
        self._error = error

    def check(self) -> None:
        raise self._error

    def sources(self, scope: Scope) -> tuple[SourceStatus, ...]:
        raise self._error


def exported(metrics: Metrics) -> dict[str, float]:
    """Read what is exported as a scraper does: each sample by its name and the values of its labels."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            if sample.name.startswith("lineage_"):
                assert sample.labels.keys() <= LABELS
                found[" ".join([sample.name, *(value for _, value in sorted(sample.labels.items()))])] = sample.value
    return found


def unreadable(source: str) -> InputUnreadable:
    return InputUnreadable(source=source, cluster="c", seen_at=MORNING, reason="", size_bytes=1, digest="")


# ------------------------------------------------------------------------------------------ health
def test_a_server_whose_store_can_be_read_is_alive_and_ready() -> None:
    client = Client(application(store=FakeStore(example())))
    assert client.get("/healthz").json() == {"status": "ok", "checks": {}}
    assert client.get("/readyz").json() == {"status": "ok", "checks": {"store": "ok"}}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (StoreError("postgresql://db.internal/lineage is down"), "cannot be read; the log says why"),
        (SchemaOutdated("the store postgresql://db.internal/lineage is at 0009"), "of another release"),
    ],
)
def test_a_server_whose_store_fails_is_alive_but_not_ready_and_names_no_host(error: StoreError, says: str) -> None:
    client = Client(application(store=Broken(error)))
    assert client.get("/healthz").status_code == 200
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "failing", "checks": {"store": says}})


def test_a_process_is_alive_and_ready_when_all_its_parts_are() -> None:
    ended = Finding(ok=False, says="a watcher has ended")
    client = Client(health_application(Health(alive={"a": Finding, "b": lambda: ended}, ready={"a": Finding})))
    response = client.get("/healthz")
    assert (response.status_code, response.json()["checks"]) == (503, {"a": "ok", "b": "a watcher has ended"})
    assert client.get("/readyz").status_code == 200


def test_a_process_that_is_asked_while_it_starts_answers_with_what_it_has_come_to() -> None:
    ready: dict[str, Check] = {}

    def slow() -> Finding:
        ready["log"] = Finding  # meanwhile, another thread has come so far
        return Finding()

    ready["store"] = slow
    client = Client(health_application(Health(ready=ready)))
    assert client.get("/readyz").json()["checks"] == {"store": "ok"}
    assert client.get("/readyz").json()["checks"] == {"store": "ok", "log": "ok"}


def test_a_process_that_serves_nothing_else_answers_on_a_port_of_its_own() -> None:
    waiting = Health(ready={"store": lambda: Finding(ok=False, says="is not there yet")})
    with serving_health(waiting, host="127.0.0.1", port=0) as port:
        address = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{address}/healthz").status_code == 200
        assert httpx.get(f"{address}/readyz").status_code == 503
        scraped = httpx.get(f"{address}/metrics")
        assert scraped.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "process_resident_memory_bytes" in scraped.text


def test_without_a_port_nobody_is_answered() -> None:
    with serving_health(Health(), host="127.0.0.1", port=None) as port:
        assert port is None


# ------------------------------------------------------------------------------------------ metrics
def test_what_watchers_see_is_counted_by_source() -> None:
    metrics = Metrics()
    note = metrics.watchers()
    for observation in (
        ObjectSeen(source="pod", cluster="c", seen_at=MORNING, body=b"{}", key_id="k"),
        ObjectDeleted(source="pod", cluster="c", seen_at=MORNING, uid="u"),
        unreadable("argo_workflow"),
        SourceReported(source="pod", cluster="c", seen_at=MORNING, resource="pods", namespace="*", state="SYNCED"),
    ):
        note(observation)
    counted = {name: value for name, value in exported(metrics).items() if "_created" not in name}
    assert counted == {"lineage_objects_seen_total pod": 2, "lineage_objects_seen_total argo_workflow": 1}


def test_what_becomes_of_batches_is_counted_and_timed() -> None:
    metrics = Metrics()
    note = metrics.recorder()
    assert exported(metrics)["lineage_objects_recorded_total rejected"] == 0
    note(Outcome(objects=4, recorded=1, unchanged=2, rejected=1, seconds=0.02))
    note(Outcome(objects=1, ignored=1, seconds=2))
    found = exported(metrics)
    outcomes = ("recorded", "unchanged", "ignored", "rejected")
    assert [found[f"lineage_objects_recorded_total {outcome}"] for outcome in outcomes] == [1, 2, 1, 1]
    assert (found["lineage_batch_seconds_count"], found["lineage_batch_seconds_sum"]) == (2, 2.02)
    assert found["lineage_batch_seconds_bucket 0.025"] == 1
    assert found["lineage_last_batch_timestamp_seconds"] > 0


def test_requests_are_counted_by_page_and_questions_by_what_became_of_them() -> None:
    health = Health()
    client = Client(application(store=FakeStore(example()), health=health))
    for question in ("{ runs { totalCount } }", "{ nonsense }"):
        client.get("/graphql", params={"query": question}, headers={"Accept": "application/graphql-response+json"})
    client.get("/made/up/by/anybody")
    client.get("/healthz")
    found = exported(health.metrics)
    assert found["lineage_http_requests_total graphql 2xx"] == 1
    assert found["lineage_http_requests_total graphql 4xx"] == 1
    assert found["lineage_http_requests_total other 4xx"] == 1
    assert found["lineage_graphql_answers_total OK"] == 1
    assert sum(value for name, value in found.items() if name.startswith("lineage_graphql_answers_total")) == 2
    assert found["lineage_http_request_seconds_count graphql"] == 2
    assert not [name for name in found if "made" in name or "health" in name]


def test_what_object_stores_tell_and_what_comes_of_it_is_counted() -> None:
    metrics = Metrics()
    told, hurried = metrics.object_events()
    told()
    told()
    hurried(3)
    found = exported(metrics)
    assert (found["lineage_object_events_total"], found["lineage_looks_hurried_total"]) == (2, 3)


def test_the_log_is_measured_when_it_is_asked_for() -> None:
    metrics, log = Metrics(), [1, 2]
    metrics.log_entries(log.__len__)
    assert exported(metrics)["lineage_log_entries"] == 2
    log.clear()
    assert exported(metrics)["lineage_log_entries"] == 0


def test_each_source_says_how_far_behind_it_is_and_whether_it_is_followed() -> None:
    health = Health()
    store = FakeStore(example())
    application(store=store, health=health)
    found = exported(health.metrics)
    known: list[SourceStatus] = list(example().sources)
    for status in known:
        of = [one for one in known if (one.name, one.cluster) == (status.name, status.cluster)]
        labels = f"{status.cluster} {status.name}"
        assert found[f"lineage_source_objects_total {labels}"] == sum(one.observed for one in of)
        assert found[f"lineage_source_unsynced {labels}"] == sum(one.state != "SYNCED" for one in of)
        assert found[f"lineage_source_gaps {labels}"] == sum(one.gap_count for one in of)
    lags = {f"lineage_source_lag_seconds {one.cluster} {one.name}" for one in known if one.lag_seconds is not None}
    assert lags == {name for name in found if "lag" in name} != set()


def test_while_the_store_cannot_be_read_everything_else_is_still_exported() -> None:
    health = Health()
    application(store=Broken(StoreError("down")), health=health)
    health.metrics.recorder()(Outcome(objects=1, recorded=1))
    found: dict[str, Any] = exported(health.metrics)
    assert found["lineage_objects_recorded_total recorded"] == 1
    assert not [name for name in found if name.startswith("lineage_source")]
