"""The replay server: what the recordings went through, as a client sees it over HTTP."""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from lineage.errors import InvalidRequest
from watchers.replay import PODS, WORKFLOWS, Recording, ReplayServer, Times, recorded, timeline
from watchers.source import KubernetesObject, Resource
from watchers.timeline import Change, ChangeType
from watchers.unfolding import TERMINAL_PHASES, parse_time

DEADLINE_SECONDS = 20.0
DAY = "2026-11-20T"


# ------------------------------------------------------------------------------------------ recordings
def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}{clock}+00:00")


def a_node(
    node_id: str, *, start: str, end: str | None, phase: str = "Succeeded", children: Sequence[str] = ()
) -> KubernetesObject:
    ended: dict[str, Any] = {"outputs": {"exitCode": "0"}, "progress": "1/1"} if end else {}
    return ended | {
        "id": node_id,
        "type": "Pod",
        "phase": phase,
        "startedAt": f"{DAY}{start}Z",
        "finishedAt": f"{DAY}{end}Z" if end else None,
        "children": list(children),
    }


def a_workflow(
    *nodes: KubernetesObject, end: str | None, phase: str = "Succeeded", start: str = "09:00:00"
) -> KubernetesObject:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": "train",
            "namespace": "team-a",
            "uid": "u-train",
            "resourceVersion": "7",
            "creationTimestamp": f"{DAY}{start}Z",
            "labels": {
                "pipeline/runid": "r-1",
                "workflows.argoproj.io/phase": phase,
                "workflows.argoproj.io/completed": "true" if end else "false",
            },
        },
        "spec": {"entrypoint": "main"},
        "status": {
            "phase": phase,
            "startedAt": f"{DAY}{start}Z",
            "finishedAt": f"{DAY}{end}Z" if end else None,
            "progress": f"{len(nodes)}/{len(nodes)}",
            "conditions": [{"type": "PodRunning", "status": "False"}, {"type": "Completed", "status": "True"}],
            "nodes": {node["id"]: node for node in nodes},
        },
    }


def a_pod(*, start: str = "09:00:02", end: str = "09:00:10") -> KubernetesObject:
    terminated = {"exitCode": 0, "startedAt": f"{DAY}{start}Z", "finishedAt": f"{DAY}{end}Z"}
    container = {"name": "main", "image": "python:3", "imageID": "python@sha256:1", "ready": False, "restartCount": 0}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "train-main",
            "namespace": "team-a",
            "uid": "u-pod",
            "creationTimestamp": f"{DAY}09:00:00Z",
            "labels": {"workflows.argoproj.io/completed": "true"},
            "ownerReferences": [{"kind": "Workflow", "uid": "u-train"}],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "python:3"}]},
        "status": {
            "phase": "Succeeded",
            "startTime": f"{DAY}09:00:00Z",
            "containerStatuses": [container | {"state": {"terminated": terminated}}],
        },
    }


def two_steps() -> KubernetesObject:
    return a_workflow(
        a_node("first", start="09:00:00", end="09:00:10", children=["second"]),
        a_node("second", start="09:00:20", end="09:00:30"),
        end="09:00:30",
    )


def nodes_of(change: Change) -> dict[str, str]:
    nodes = (change.object.get("status") or {}).get("nodes") or {}
    return {node_id: node["phase"] for node_id, node in nodes.items()}


def without_version(item: KubernetesObject) -> KubernetesObject:
    metadata = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
    return item | {"metadata": metadata}


# ------------------------------------------------------------------------------------------ the timeline
def test_a_workflow_is_told_from_its_creation_to_exactly_what_was_recorded() -> None:
    changes = timeline([Recording(object=two_steps())])
    assert [(change.time, change.type, nodes_of(change)) for change in changes] == [
        (at("09:00:00"), ChangeType.ADDED, {}),
        (at("09:00:00"), ChangeType.MODIFIED, {"first": "Running"}),
        (at("09:00:10"), ChangeType.MODIFIED, {"first": "Succeeded"}),
        (at("09:00:20"), ChangeType.MODIFIED, {"first": "Succeeded", "second": "Running"}),
        (at("09:00:30"), ChangeType.MODIFIED, {"first": "Succeeded", "second": "Succeeded"}),
    ]
    assert "status" not in changes[0].object
    assert changes[-1].object == two_steps()


def test_a_running_workflow_claims_nothing_that_only_its_end_brings() -> None:
    running = timeline([Recording(object=two_steps())])[1].object
    assert running["status"]["phase"] == "Running"
    assert running["status"]["finishedAt"] is None
    assert running["status"]["progress"] == "0/1"
    assert running["status"]["conditions"] == [{"type": "PodRunning", "status": "True"}]
    assert running["metadata"]["labels"] == {
        "pipeline/runid": "r-1",
        "workflows.argoproj.io/phase": "Running",
        "workflows.argoproj.io/completed": "false",
    }
    first = running["status"]["nodes"]["first"]
    assert "outputs" not in first
    assert first["finishedAt"] is None
    assert "children" not in first


def test_a_manual_retry_goes_on_from_the_first_view_and_drops_what_it_repeats() -> None:
    first = a_node("first", start="09:00:00", end="09:00:10")
    failed = a_workflow(
        first, a_node("second", start="09:00:20", end="09:00:30", phase="Failed"), end="09:00:30", phase="Failed"
    )
    retried = a_workflow(first, a_node("second", start="09:05:00", end="09:06:00"), end="09:06:00", start="09:00:00")
    changes = timeline([Recording(object=failed), Recording(object=retried)])
    assert changes[4].object == failed
    assert [(change.time, nodes_of(change)) for change in changes[5:]] == [
        (at("09:05:00"), {"first": "Succeeded", "second": "Running"}),
        (at("09:06:00"), {"first": "Succeeded", "second": "Succeeded"}),
    ]
    assert changes[5].object["status"]["phase"] == "Running"
    assert changes[-1].object == retried


def test_nodes_that_vanish_in_the_later_view_vanish_at_its_start() -> None:
    first, second = a_node("first", start="09:00:00", end="09:00:10"), a_node("other", start="09:00:01", end="09:00:10")
    before = a_workflow(first, second, end="09:00:10", phase="Failed")
    after = a_workflow(first, a_node("third", start="09:05:00", end="09:06:00"), end="09:06:00")
    changes = timeline([Recording(object=before), Recording(object=after)])
    assert [nodes_of(change) for change in changes if change.time >= at("09:05:00")] == [
        {"first": "Succeeded", "third": "Running"},
        {"first": "Succeeded", "third": "Succeeded"},
    ]


def test_a_later_view_without_new_times_follows_the_earlier_at_once() -> None:
    before, after = two_steps(), two_steps()
    after["metadata"]["labels"]["pipeline/persistedFinalState"] = "true"
    changes = timeline([Recording(object=before), Recording(object=after)])
    assert [change.object for change in changes[-2:]] == [before, after]
    assert changes[-1].time == changes[-2].time


def test_nodes_copied_from_an_older_workflow_are_there_from_the_start() -> None:
    copied = a_node("copied", start="08:00:00", end="08:01:00")
    workflow = a_workflow(copied, a_node("new", start="09:00:05", end="09:00:10"), end="09:00:10")
    changes = timeline([Recording(object=workflow)])
    assert [(change.time, nodes_of(change)) for change in changes[:2]] == [
        (at("09:00:00"), {}),
        (at("09:00:00"), {"copied": "Succeeded"}),
    ]


def test_a_pod_waits_runs_and_ends() -> None:
    changes = timeline([Recording(object=a_pod())])
    assert [(change.time, change.object["status"]["phase"]) for change in changes] == [
        (at("09:00:00"), "Pending"),
        (at("09:00:00"), "Pending"),
        (at("09:00:02"), "Running"),
        (at("09:00:10"), "Succeeded"),
    ]
    (container,) = changes[2].object["status"]["containerStatuses"]
    assert container["state"] == {"running": {"startedAt": f"{DAY}09:00:02Z"}}
    assert changes[-1].object == a_pod()


def test_a_time_to_live_deletes_a_workflow_and_what_belongs_to_it() -> None:
    changes = timeline([Recording(object=two_steps()), Recording(object=a_pod())], ttl=timedelta(seconds=60))
    assert [(change.time, change.resource.name) for change in changes if change.type is ChangeType.DELETED] == [
        (at("09:01:30"), "workflows.argoproj.io"),
        (at("09:01:30"), "pods"),
    ]


def test_nothing_happens_to_an_object_after_its_deletion() -> None:
    changes = timeline([Recording(object=two_steps(), deleted_at=at("09:00:15"))])
    assert [change.type.value for change in changes] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    assert changes[-1].object == changes[-2].object


def test_an_object_of_another_kind_is_told_whole() -> None:
    resource = Resource(group="kubeflow.org", version="v1beta1", plural="experiments", kind="Experiment")
    item = {"kind": "Experiment", "metadata": {"name": "e", "creationTimestamp": f"{DAY}09:00:00Z"}, "status": {}}
    (change,) = timeline([Recording(object=item, resource=resource)])
    assert (change.time, change.type, change.resource, change.object) == (
        at("09:00:00"),
        ChangeType.ADDED,
        resource,
        item,
    )


def test_a_recording_of_an_unknown_kind_must_say_where_it_is_served() -> None:
    with pytest.raises(InvalidRequest, match="'Experiment' must say its resource"):
        timeline([Recording(object={"kind": "Experiment", "metadata": {"name": "e"}})])


def test_lists_are_recordings_of_their_items() -> None:
    item = {"metadata": {"name": "p"}}
    (recording,) = recorded([{"apiVersion": "v1", "kind": "PodList", "items": [item]}])
    assert recording.object == {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}


# ------------------------------------------------------------------------------------------ the server
@pytest.fixture
def servers() -> Iterator[list[ReplayServer]]:
    started: list[ReplayServer] = []
    yield started
    for server in started:
        server.stop()


def told(server: ReplayServer, servers: list[ReplayServer]) -> ReplayServer:
    """Start a server and wait until its story has been told."""
    server.start()
    servers.append(server)
    assert server.finished.wait(DEADLINE_SECONDS)
    return server


def get(server: ReplayServer, path: str, **query: str) -> httpx.Response:
    return httpx.get(f"{server.url}{path}", params=query, timeout=DEADLINE_SECONDS, trust_env=False)


def watch(server: ReplayServer, resource: Resource, **query: str) -> list[dict[str, Any]]:
    """Everything that a short watch brings."""
    answer = get(server, resource.path(), watch="true", timeoutSeconds="1", **query)
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_watch_from_the_beginning_sees_every_change_with_growing_versions(servers: list[ReplayServer]) -> None:
    server = told(ReplayServer([Recording(object=two_steps())], speed=math.inf), servers)
    events = watch(server, WORKFLOWS, resourceVersion="1000")
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "MODIFIED", "MODIFIED", "MODIFIED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert without_version(events[-1]["object"]) == without_version(two_steps())


def test_what_happened_before_the_beginning_is_in_the_first_list_and_the_rest_follows(
    servers: list[ReplayServer],
) -> None:
    gone = Recording(object=a_pod(), deleted_at=at("09:00:12"))
    server = ReplayServer([Recording(object=two_steps()), gone], speed=0.001, begins_at=at("09:00:15"))
    server.start()
    servers.append(server)
    (listed,) = get(server, WORKFLOWS.path()).json()["items"]
    assert [node["phase"] for node in listed["status"]["nodes"].values()] == ["Succeeded"]
    assert get(server, PODS.path()).json()["items"] == []
    rest = told(ReplayServer([Recording(object=two_steps())], speed=math.inf, begins_at=at("09:00:15")), servers)
    assert [event["type"] for event in watch(rest, WORKFLOWS, resourceVersion="1000")] == [
        "ADDED",
        *["MODIFIED"] * 2,
    ]
    assert without_version(rest.world.objects(WORKFLOWS)[0]) == without_version(two_steps())


def test_a_deletion_is_an_event_with_the_last_state(servers: list[ReplayServer]) -> None:
    server = told(ReplayServer([Recording(object=two_steps())], speed=math.inf, ttl=timedelta(0)), servers)
    last = watch(server, WORKFLOWS, resourceVersion="1000")[-1]
    assert last["type"] == "DELETED"
    assert without_version(last["object"]) == without_version(two_steps())
    assert get(server, WORKFLOWS.path()).json()["items"] == []


def test_a_bookmark_is_sent_only_to_those_who_ask(servers: list[ReplayServer]) -> None:
    server = told(ReplayServer([Recording(object=two_steps())], speed=math.inf, bookmark_seconds=0.2), servers)
    version = str(server.world.version)
    bookmarks = watch(server, WORKFLOWS, resourceVersion=version, allowWatchBookmarks="true")
    assert {event["type"] for event in bookmarks} == {"BOOKMARK"}
    assert bookmarks[0]["object"] == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"resourceVersion": version},
    }
    assert watch(server, WORKFLOWS, resourceVersion=version) == []


def test_pages_of_a_list_are_one_snapshot(servers: list[ReplayServer]) -> None:
    server = told(ReplayServer(speed=math.inf), servers)
    for name in "abc":
        server.world.put(WORKFLOWS, {"metadata": {"name": name, "namespace": "team-a"}})
    first = get(server, WORKFLOWS.path(), limit="2").json()
    server.world.delete(WORKFLOWS, "team-a", "c")
    second = get(server, WORKFLOWS.path(), limit="2", **{"continue": first["metadata"]["continue"]}).json()
    assert [item["metadata"]["name"] for item in first["items"] + second["items"]] == ["a", "b", "c"]
    assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    assert second["metadata"]["continue"] == ""


def test_a_namespace_sees_only_its_own(servers: list[ReplayServer]) -> None:
    server = told(ReplayServer([Recording(object=two_steps())], speed=math.inf), servers)
    assert len(get(server, WORKFLOWS.path("team-a")).json()["items"]) == 1
    assert get(server, WORKFLOWS.path("team-b")).json()["items"] == []


def test_the_items_of_a_list_of_pods_carry_no_type(servers: list[ReplayServer]) -> None:
    server = told(ReplayServer([Recording(object=a_pod())], speed=math.inf), servers)
    (item,) = get(server, PODS.path()).json()["items"]
    assert not {"kind", "apiVersion"} & set(item)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/apis/kubeflow.org/v1/trainjobs", {}, 404),
        ("/api/v1/pods", {}, 403),
        ("/apis/argoproj.io/v1alpha1/workflows", {"labelSelector": "a=b"}, 400),
        ("/apis/argoproj.io/v1alpha1/workflows", {"watch": "true", "resourceVersion": "1"}, 200),
        ("/apis/argoproj.io/v1alpha1/workflows", {"resourceVersion": "999999"}, 504),
        ("/apis/argoproj.io/v1alpha1/workflows", {"continue": "bogus"}, 400),
        ("/version", {}, 200),
        ("/api", {}, 200),
        ("/apis", {}, 200),
        ("/apis/argoproj.io/v1alpha1", {}, 200),
    ],
)
def test_answers_have_the_status_of_a_real_server(
    servers: list[ReplayServer], path: str, query: Mapping[str, str], status: int
) -> None:
    server = told(ReplayServer(speed=math.inf, forbidden=[PODS]), servers)
    answer = get(server, path, **query)
    assert answer.status_code == status
    if status >= 400 and status != 404:
        assert answer.json()["kind"] == "Status"
        assert answer.json()["code"] == status


def test_history_that_was_compacted_is_gone_in_both_forms(servers: list[ReplayServer]) -> None:
    server = told(ReplayServer([Recording(object=two_steps())], speed=math.inf), servers)
    server.api.compact()
    (event,) = watch(server, WORKFLOWS, resourceVersion="1001")
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    server.api.compact(gone_as_status=True)
    answer = get(server, WORKFLOWS.path(), watch="true", resourceVersion="1001")
    assert (answer.status_code, answer.json()["reason"]) == (410, "Expired")


def test_a_story_takes_its_time_divided_by_the_speed(servers: list[ReplayServer]) -> None:
    begun = time.monotonic()
    told(ReplayServer([Recording(object=two_steps())], speed=60), servers)
    assert 0.5 <= time.monotonic() - begun < 5  # 30 s of story


def test_stopping_breaks_a_story_off(servers: list[ReplayServer]) -> None:
    server = ReplayServer([Recording(object=two_steps())], speed=0.001)
    server.start()
    servers.append(server)
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 1
    assert not server.finished.is_set()


@pytest.mark.parametrize("speed", [0, -1, math.nan])
def test_a_speed_that_leads_nowhere_is_refused(speed: float) -> None:
    with pytest.raises(InvalidRequest, match="speed"):
        ReplayServer(speed=speed)


NOW = datetime(2030, 1, 1, tzinfo=UTC)


def the_workflow(server: ReplayServer) -> KubernetesObject:
    (item,) = server.world.objects(WORKFLOWS)
    return item


def test_a_story_that_starts_now_is_as_long_as_its_telling(servers: list[ReplayServer]) -> None:
    recordings = [Recording(object=two_steps())]
    server = told(ReplayServer(recordings, speed=10, times=Times.STARTING_NOW, clock=lambda: NOW), servers)
    assert the_workflow(server)["metadata"]["creationTimestamp"] == "2030-01-01T00:00:00Z"
    assert the_workflow(server)["status"]["finishedAt"] == "2030-01-01T00:00:03Z"


def test_a_story_that_ends_now_keeps_its_durations(servers: list[ReplayServer]) -> None:
    recordings = [Recording(object=two_steps())]
    server = told(ReplayServer(recordings, speed=math.inf, times=Times.ENDING_NOW, clock=lambda: NOW), servers)
    assert the_workflow(server)["metadata"]["creationTimestamp"] == "2029-12-31T23:59:30Z"
    assert the_workflow(server)["status"]["finishedAt"] == "2030-01-01T00:00:00Z"
    assert the_workflow(server)["status"]["nodes"]["second"]["startedAt"] == "2029-12-31T23:59:50Z"


# ------------------------------------------------------------------------------------------ real recordings
def real_stories(fixtures: Path) -> list[tuple[Recording, ...]]:
    """Recorded objects with a uid, each file with its pods a story of its own."""
    folders = ("argo-plain", "kfp-v1-runtime", "kfp-v2-synthetic")
    files = [file for folder in folders for file in sorted((fixtures / folder).glob("*.json"))]
    return [
        recordings_of(file) for file in files if not file.name.endswith(".pods.json") and "retryrun" not in file.name
    ]


def recordings_of(file: Path) -> tuple[Recording, ...]:
    documents = [json.loads(file.read_bytes())]
    pods = file.with_name(f"{file.stem}.pods.json")
    if pods.exists():
        documents.append(json.loads(pods.read_bytes()))
    return tuple(r for r in recorded(documents) if r.object["metadata"].get("uid"))


def test_the_past_of_real_objects_is_plausible(fixtures: Path) -> None:
    for recordings in real_stories(fixtures):
        before: dict[str, set[str]] = {}
        for change in timeline(recordings):
            metadata = change.object["metadata"]
            nodes = (change.object.get("status") or {}).get("nodes") or {}
            assert before.get(metadata["uid"], set()) <= set(nodes), f"{metadata['name']}: a node vanished"
            before[metadata["uid"]] = set(nodes)
            for node in nodes.values():
                ended = parse_time(node.get("finishedAt"))
                too_early = node["phase"] in TERMINAL_PHASES and ended is not None and ended > change.time
                assert not too_early, f"{metadata['name']}: {node['id']} ended before its time"


def test_real_objects_end_exactly_as_they_were_recorded(fixtures: Path, servers: list[ReplayServer]) -> None:
    # Some recordings share a uid, being views of one object, and some a name; the last one stands for all.
    unique = {r.object["metadata"]["uid"]: r for recordings in real_stories(fixtures) for r in recordings}
    by_name = {(r.object["kind"], r.object["metadata"]["name"]): r for r in unique.values()}
    server = told(ReplayServer(tuple(by_name.values()), speed=math.inf), servers)
    for resource in (WORKFLOWS, PODS):
        typed = {"apiVersion": "v1", "kind": "Pod"} if resource is PODS else {}
        listed = {item["metadata"]["uid"]: typed | item for item in get(server, resource.path()).json()["items"]}
        expected = {
            r.object["metadata"]["uid"]: r.object for r in by_name.values() if r.object["kind"] == resource.kind
        }
        assert len(expected) > 20
        assert listed.keys() == expected.keys()
        for uid, item in listed.items():
            assert without_version(item) == without_version(expected[uid])


def test_a_real_manual_retry_is_running_again_in_the_end(fixtures: Path, servers: list[ReplayServer]) -> None:
    files = [fixtures / "kfp-v1-runtime" / f"retryrun-{when}.json" for when in ("before", "after")]
    views = [json.loads(file.read_bytes()) for file in files]
    server = told(ReplayServer(recorded(views), speed=math.inf), servers)
    events = watch(server, WORKFLOWS, resourceVersion="1000")
    phases = [event["object"].get("status", {}).get("phase") for event in events]
    assert phases[-2:] == ["Failed", "Running"]
    assert without_version(the_workflow(server)) == without_version(views[1])
