"""The demo's recordings are what Argo and Kubeflow would have written, and tell the story they are for."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from lineage.identity import deployment_key, global_id, recurring_run_key, sha256
from lineage.model import Artifact, Direction, Execution, SlotOutcome
from lineage.objectstore.content import digest
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.redaction import Redactor
from lineage_graphql import execute, saved_queries
from tests.factories import a_store
from tests.waiting import comes_true
from watchers.demo import DEMO_SPEED, DEMO_START, demo_server, recordings, recordings_with_past
from watchers.demo.bucket import happen, stored
from watchers.demo.nights import BUILT_ANEW, PAST, WITH_BAD_DATA, WITHOUT_NEW_DATE, WITHOUT_RUN
from watchers.demo.story import CHURN_MODEL, CUSTOMERS, NIGHT, OUTSIDE_KEYS
from watchers.timeline import WORKFLOWS as WORKFLOW_RESOURCE
from watchers.timeline import ChangeType, timeline

Json: TypeAlias = dict[str, Any]

RECORDINGS: Final = recordings()
WORKFLOWS: Final = [recording.object for recording in RECORDINGS if recording.object["kind"] == "Workflow"]
PODS: Final = [recording.object for recording in RECORDINGS if recording.object["kind"] == "Pod"]
NAMES: Final = [f"{workflow['metadata']['name']}-{workflow['status']['phase']}" for workflow in WORKFLOWS]


def named(prefix: str) -> list[Json]:
    return [workflow for workflow in WORKFLOWS if workflow["metadata"]["name"].startswith(prefix)]


def nodes_by_name(workflow: Json) -> dict[str, Json]:
    """The nodes under their names without the workflow's."""
    name = workflow["metadata"]["name"]
    return {node["name"].removeprefix(name).lstrip("."): node for node in workflow["status"]["nodes"].values()}


def keys(node: Json, side: str) -> dict[str, str]:
    artifacts = node.get(side, {}).get("artifacts", [])
    return {artifact["name"]: artifact["s3"]["key"] for artifact in artifacts}


def collected(workflow: Json) -> list[str]:
    """The keys of the outputs that a view marks as removed."""
    nodes = workflow.get("status", {}).get("nodes", {}).values()
    outputs = (artifact for node in nodes for artifact in node.get("outputs", {}).get("artifacts", ()))
    return [artifact["s3"]["key"] for artifact in outputs if "deleted" in artifact]


def hash_of(text: str) -> int:
    """FNV-1a, 32 bits, as Argo's NodeID computes it."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    return value


def ancestors(nodes: dict[str, Json], node_id: str) -> Iterator[Json]:
    parents = defaultdict(list)
    for node in nodes.values():
        for child in node.get("children", []):
            parents[child].append(node["id"])
    waiting, seen = [node_id], {node_id}
    while waiting:
        for parent in parents[waiting.pop()]:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
                yield nodes[parent]


def night(number: int) -> Json:
    """The run of a night of the past, by its number among them."""
    name = f"churn-training-{int(due(number).timestamp())}"
    (found,) = [one for one in PAST_WORKFLOWS if one["metadata"]["name"] == name]
    return found


def due(number: int) -> datetime:
    return DEMO_START + timedelta(seconds=PAST[0].begins + number * NIGHT)


WITH_PAST: Final = recordings_with_past()
PAST_WORKFLOWS: Final = [
    one.object
    for one in WITH_PAST
    if one.object["kind"] == "Workflow" and one.object["metadata"]["creationTimestamp"] < f"{DEMO_START:%Y-%m-%dT%H}"
]
TOLD_OF: Final = [*WORKFLOWS, night(0), night(WITH_BAD_DATA), night(WITHOUT_NEW_DATE)]

each_workflow = pytest.mark.parametrize("workflow", TOLD_OF, ids=[*NAMES, "usual", "bad data", "memoized"])


# ------------------------------------------------------------------------------------------ as Argo writes it
@each_workflow
def test_ids_of_nodes_are_the_hashes_of_their_names(workflow: Json) -> None:
    name = workflow["metadata"]["name"]
    for node_id, node in workflow["status"]["nodes"].items():
        assert node["id"] == node_id == (name if node["name"] == name else f"{name}-{hash_of(node['name'])}")


@each_workflow
def test_what_nodes_refer_to_exists(workflow: Json) -> None:
    nodes = workflow["status"]["nodes"]
    for node in nodes.values():
        named = {*node.get("children", []), *node.get("outboundNodes", []), *filter(None, [node.get("boundaryID")])}
        assert named <= set(nodes)


@each_workflow
def test_every_node_but_the_exit_handler_is_reached_from_the_root(workflow: Json) -> None:
    name, nodes = workflow["metadata"]["name"], workflow["status"]["nodes"]
    reached, waiting = {name}, [name]
    while waiting:
        new = set(nodes[waiting.pop()].get("children", [])) - reached
        reached |= new
        waiting += new
    assert {nodes[node_id]["name"] for node_id in set(nodes) - reached} <= {f"{name}.onExit"}


@each_workflow
def test_nobody_starts_before_what_it_comes_after_has_ended(workflow: Json) -> None:
    nodes = workflow["status"]["nodes"]
    groups = {"DAG", "TaskGroup", "Retry"}
    for node in nodes.values():
        assert node["startedAt"] <= node["finishedAt"] <= workflow["status"]["finishedAt"]
        for child in node.get("children", []):
            if node["type"] not in groups:
                assert node["finishedAt"] <= nodes[child]["startedAt"]


@each_workflow
def test_what_is_read_was_written_by_an_ancestor_or_comes_from_outside(workflow: Json) -> None:
    nodes = workflow["status"]["nodes"]
    for node in nodes.values():
        written = {key for ancestor in ancestors(nodes, node["id"]) for key in keys(ancestor, "outputs").values()}
        assert set(keys(node, "inputs").values()) <= written | OUTSIDE_KEYS | {CHURN_MODEL}


@each_workflow
def test_tasks_and_templates_fit_the_nodes(workflow: Json) -> None:
    spec = workflow["status"].get("storedWorkflowTemplateSpec") or workflow["spec"]
    templates = {template["name"]: template for template in spec["templates"]}
    for node in workflow["status"]["nodes"].values():
        template = templates[node["templateName"]]
        if node["type"] == "Pod":
            assert set(keys(node, "inputs")) == {artifact["name"] for artifact in template["inputs"]["artifacts"]}
    for task in templates[spec["entrypoint"]]["dag"]["tasks"]:
        assert task["template"] in templates


def test_every_pod_belongs_to_a_node_and_every_node_that_ran_has_its_pod() -> None:
    ran: dict[tuple[str, str, str], Json] = {}
    for workflow in WORKFLOWS:
        for node in workflow["status"]["nodes"].values():
            if node["type"] == "Pod":
                ran[workflow["metadata"]["uid"], node["id"], node["startedAt"]] = node
    for pod in PODS:
        metadata = pod["metadata"]
        (owner,) = metadata["ownerReferences"]
        annotations = metadata["annotations"]
        node = ran.pop((owner["uid"], annotations["workflows.argoproj.io/node-id"], metadata["creationTimestamp"]))
        assert annotations["workflows.argoproj.io/node-name"] == node["name"]
        assert metadata["name"] == f"{owner['name']}-{node['templateName']}-{hash_of(node['name'])}"
        assert pod["status"]["phase"] == node["phase"]
        assert pod["spec"]["nodeName"] == node["hostNodeName"]
    assert ran == {}


def test_every_container_says_which_image_ran_and_how_it_ended() -> None:
    for pod in PODS:
        asked = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
        states = [*pod["status"]["containerStatuses"], *pod["status"].get("initContainerStatuses", [])]
        assert {container["name"]: container["image"] for container in asked} == {s["name"]: s["image"] for s in states}
        for state in states:
            assert "@sha256:" in state["imageID"]
            assert state["state"]["terminated"]["finishedAt"] <= pod_end(pod)


def pod_end(pod: Json) -> str:
    return max(str(state["state"]["terminated"]["finishedAt"]) for state in pod["status"]["containerStatuses"])


def test_identities_are_unique() -> None:
    pods = [pod["metadata"]["uid"] for pod in PODS]
    assert len(pods) == len(set(pods))
    names = {workflow["metadata"]["uid"]: workflow["metadata"]["name"] for workflow in WORKFLOWS}
    assert len(names) == len(set(names.values())) == len(WORKFLOWS) - 1  # one was seen twice


# ------------------------------------------------------------------------------------------ the story
def test_scheduled_runs_are_named_by_the_time_they_were_due() -> None:
    due = [w["metadata"] for w in WORKFLOWS if "workflows.argoproj.io/cron-workflow" in w["metadata"]["labels"]]
    assert len(due) == 6
    for metadata in due:
        at = datetime.fromisoformat(metadata["annotations"]["workflows.argoproj.io/scheduled-time"])
        assert metadata["name"] == f"churn-training-{int(at.timestamp())}"
        assert at.second == 0


def test_one_scheduled_run_is_missing_and_the_schedule_is_suspended_when_the_story_is_told() -> None:
    made, suspended = (one.object for one in RECORDINGS if one.object["kind"] == "CronWorkflow")
    assert [one["spec"]["suspend"] for one in (made, suspended)] == [False, True]
    due = [w["metadata"] for w in WORKFLOWS if "workflows.argoproj.io/cron-workflow" in w["metadata"]["labels"]]
    assert {metadata["ownerReferences"][0]["uid"] for metadata in due} == {made["metadata"]["uid"]}
    store = a_store(*(one.object for one in RECORDINGS))
    key = recurring_run_key(made["metadata"]["uid"])
    hour = timedelta(hours=1)
    page = store.slots(
        EVERYTHING, [key], since=DEMO_START, until=DEMO_START + hour, now=DEMO_START + hour, page=PageRequest(first=9)
    )[key]
    assert [slot.outcome for slot in page.items] == [
        *[SlotOutcome.ON_TIME] * 4,
        SlotOutcome.MISSED,
        *[SlotOutcome.ON_TIME] * 2,
        *[SlotOutcome.SKIPPED_BY_POLICY] * 2,
    ]


def test_one_training_runs_out_of_memory_twice_and_succeeds_when_retried_by_hand() -> None:
    failed, retried = named("churn-training-hl9ft")
    assert failed["metadata"]["uid"] == retried["metadata"]["uid"]
    assert int(failed["metadata"]["resourceVersion"]) < int(retried["metadata"]["resourceVersion"])
    before, after = nodes_by_name(failed), nodes_by_name(retried)
    assert {name: node["phase"] for name, node in before.items()} == {
        "": "Failed", "extract": "Succeeded", "validate": "Succeeded", "features": "Succeeded", "train": "Failed",
        "train(0)": "Failed", "train(1)": "Failed", "evaluate": "Omitted", "register": "Omitted",
    }  # fmt: skip
    assert before["train"]["type"] == "Retry"
    assert before["train(1)"]["outputs"]["exitCode"] == "137"
    assert {node["phase"] for node in after.values()} == {"Succeeded"}
    assert after["train(0)"]["id"] == before["train(0)"]["id"]
    assert after["train(0)"]["startedAt"] > before["train(1)"]["finishedAt"]
    for kept in ("extract", "validate", "features"):
        assert {**after[kept], "children": []} == {**before[kept], "children": []}


def test_pods_that_failed_are_deleted_when_the_run_is_retried() -> None:
    deleted = [recording for recording in RECORDINGS if recording.deleted_at is not None]
    assert [recording.object["status"]["phase"] for recording in deleted] == ["Failed", "Failed"]
    main = [recording.object["status"]["containerStatuses"][0]["state"]["terminated"] for recording in deleted]
    assert [(state["reason"], state["exitCode"]) for state in main] == [("OOMKilled", 137)] * 2


def test_one_run_fails_for_good_and_what_would_have_followed_is_omitted() -> None:
    (failed,) = named("churn-training-t8r2d")
    nodes = nodes_by_name(failed)
    assert failed["status"]["phase"] == "Failed"
    assert nodes["validate"]["message"] == "Error (exit code 1)"
    assert {nodes[name]["phase"] for name in ("features", "train", "evaluate", "register")} == {"Omitted"}


def test_a_run_of_kubeflow_takes_over_what_an_earlier_one_wrote() -> None:
    first, second = map(nodes_by_name, named("fraud-detection"))
    port = "load-payments-payments"
    assert keys(second["load-payments"], "outputs")[port] == keys(first["load-payments"], "outputs")[port]
    assert keys(second["train-detector"], "inputs")[port] == keys(first["load-payments"], "outputs")[port]
    (hit,) = [pod for pod in PODS if "pipelines.kubeflow.org/reused_from_cache" in pod["metadata"]["labels"]]
    assert hit["metadata"]["annotations"]["workflows.argoproj.io/node-id"] == second["load-payments"]["id"]
    said = json.loads(hit["metadata"]["annotations"]["workflows.argoproj.io/outputs"])
    assert said == second["load-payments"]["outputs"]


def test_forecasts_fan_out_over_four_regions_and_are_combined() -> None:
    for workflow in named("demand-forecast"):
        nodes = nodes_by_name(workflow)
        rounds = [nodes["forecast"]["id"], *nodes["forecast"]["children"]]
        assert nodes["forecast"]["type"] == "TaskGroup"
        assert len(rounds) == 5
        written = {keys(node, "outputs").get("forecast") for node in nodes.values()} - {None}
        assert set(keys(nodes["combine"], "inputs").values()) == written
        assert all(nodes["combine"]["id"] in workflow["status"]["nodes"][one]["children"] for one in rounds[1:])


def test_a_model_that_is_not_good_enough_is_not_promoted_and_the_exit_handler_runs() -> None:
    kept, promoted = map(nodes_by_name, named("model-promotion"))
    phases = ("promote", "announce", "keep-current", "onExit")
    assert [kept[name]["phase"] for name in phases] == ["Skipped", "Omitted", "Succeeded", "Succeeded"]
    assert [promoted[name]["phase"] for name in phases] == ["Succeeded", "Succeeded", "Skipped", "Succeeded"]
    assert kept["promote"]["message"] == "when '0.004 >= 0.010' evaluated false"
    assert kept["onExit"]["nodeFlag"] == {"hooked": True}
    assert "boundaryID" not in kept["onExit"]


def test_what_is_served_is_the_model_of_the_first_night_and_then_another_beside_it() -> None:
    views = [one.object for one in RECORDINGS if one.object["kind"] == "InferenceService"]
    store = a_store(*(one.object for one in RECORDINGS))
    key = deployment_key(views[0]["metadata"]["uid"])
    first, second = store.revisions(EVERYTHING, [key])[key]
    assert [(one.name, one.traffic_percent) for one in (first, second)] == [
        ("churn-predictor-00001", 80),
        ("churn-predictor-00002", 20),
    ]
    found = {one.revision: one for one in store.served(EVERYTHING, [key])[key]}
    nights = [workflow["metadata"]["uid"] for workflow in WORKFLOWS if CHURN_MODEL in json.dumps(workflow["status"])]
    makers = [one.artifact.key[1] for one in (found[first.name], found[second.name])]
    assert makers[0] == nights[0]
    assert makers[1] in nights[1:]
    assert all(one.changed_since and not one.inferred for one in found.values())


def test_what_is_behind_the_endpoint_is_the_data_that_its_models_were_made_of() -> None:
    store = a_store(*(one.object for one in RECORDINGS))
    (endpoint,) = store.deployments(EVERYTHING, Listing(), PageRequest(first=9)).items
    graph = store.lineage(EVERYTHING, [endpoint.key], direction=Direction.UPSTREAM, max_depth=None, max_nodes=1000)
    assert graph is not None
    outside = {node.uri for node in graph.nodes if isinstance(node, Artifact) and node.producer_key is None}
    assert outside == {f"s3://ml-artifacts/{CUSTOMERS}"}
    assert len({node.run_key for node in graph.nodes if isinstance(node, Execution)}) == 2


def test_the_password_shows_before_it_is_redacted_and_nowhere_afterwards() -> None:
    password = "c0rrect-h0rse-battery"
    redactor = Redactor(b"any key")
    assert sum(password in json.dumps(recording.object) for recording in RECORDINGS) > 12
    assert not any(password in json.dumps(redactor.redact(recording.object)) for recording in RECORDINGS)


def test_only_the_password_is_redacted() -> None:
    redactor = Redactor(b"any key")
    marker = redactor.marker("c0rrect-h0rse-battery")
    for recording in RECORDINGS:
        restored = json.dumps(redactor.redact(recording.object)).replace(marker, "c0rrect-h0rse-battery")
        assert json.loads(restored) == recording.object


# ------------------------------------------------------------------------------------------ its past
def test_the_past_is_over_when_the_story_begins_and_changes_nothing_in_it() -> None:
    assert len(PAST_WORKFLOWS) == len(PAST) == 44
    assert all(datetime.fromisoformat(one["status"]["finishedAt"]) < DEMO_START for one in PAST_WORKFLOWS)
    of_story = [one for one in RECORDINGS if one.object["kind"] != "CronWorkflow"]
    told = [json.dumps(one.object) for one in WITH_PAST]
    assert all(json.dumps(one.object) in told for one in of_story)


def test_a_memoized_step_has_no_pod_and_what_it_came_to_the_night_before() -> None:
    before, memoized = (nodes_by_name(night(number))["evaluate"] for number in (WITHOUT_NEW_DATE - 1, WITHOUT_NEW_DATE))
    assert [one["memoizationStatus"]["hit"] for one in (before, memoized)] == [False, True]
    assert before["memoizationStatus"]["key"] == memoized["memoizationStatus"]["key"]
    assert before["outputs"] == memoized["outputs"]
    pods = [one.object["metadata"] for one in WITH_PAST if one.object["kind"] == "Pod"]
    of_nodes = {metadata["annotations"]["workflows.argoproj.io/node-id"] for metadata in pods}
    assert before["id"] in of_nodes
    assert memoized["id"] not in of_nodes


def test_the_trend_shows_what_made_the_model_better_and_what_made_it_worse_afterwards() -> None:
    store = a_store(*(one.object for one in WITH_PAST))
    (made, _) = (one.object for one in WITH_PAST if one.object["kind"] == "CronWorkflow")
    scope = {"recurringRun": global_id(recurring_run_key(made["metadata"]["uid"]))}
    asked = {"scope": scope, "metrics": ["auc"]}
    (trend,) = execute(store, EVERYTHING, saved_queries()["metric-trends"].text, asked)["data"]["metricTrends"]
    better, worse = trend["shifts"]
    assert (better["verdict"], worse["verdict"]) == ("IMPROVEMENT", "REGRESSION")
    changed = [{(one["change"]["kind"], one["change"]["step"]) for one in of["suspects"]} for of in (better, worse)]
    assert changed == [
        {("IMAGE", "extract"), ("IMAGE", "validate"), ("IMAGE", "features")},
        {("IMAGE", "train"), ("IMAGE", "evaluate")},
    ]
    assert better["after"]["displayName"] == night(BUILT_ANEW)["metadata"]["name"]
    assert all(shift["notTracked"] < 0.5 for shift in (better, worse))
    assert [point["cached"] for point in trend["points"]].count(True) == 1
    without = {gap["at"]: gap["missed"] for gap in trend["gaps"]}
    assert [without[f"{due(number):%Y-%m-%dT%H:%M:%SZ}"] for number in (WITHOUT_RUN, WITH_BAD_DATA)] == [True, False]


# ------------------------------------------------------------------------------------------ how it is told
def test_runs_keep_appearing_over_about_a_minute() -> None:
    changes = timeline(RECORDINGS)
    told = [(change.time - changes[0].time).total_seconds() / DEMO_SPEED for change in changes]
    begun = [
        seconds
        for seconds, change in zip(told, changes, strict=True)
        if change.object["kind"] == "Workflow" and change.type is ChangeType.ADDED
    ]
    assert 45 < told[-1] < 75
    assert begun[0] == 0
    assert begun[2] < 5
    assert max(later - earlier for earlier, later in pairwise(begun)) < 15


def test_the_story_can_be_told_at_another_time_with_names_that_fit() -> None:
    later = recordings(DEMO_START + timedelta(days=1))
    assert later[0].object["metadata"]["name"] == f"churn-training-{int(DEMO_START.timestamp()) + 86400}"
    assert [recording.object["kind"] for recording in later] == [recording.object["kind"] for recording in RECORDINGS]


# ------------------------------------------------------------------------------------------ the object store
BUCKET: Final = stored(RECORDINGS, DEMO_START)


def test_all_that_steps_wrote_or_read_lies_in_the_object_store() -> None:
    keys = {one.key for one in BUCKET}
    nodes = [node for one in RECORDINGS for node in one.object["status"].get("nodes", {}).values()]
    ports = [node.get(side, {}).get("artifacts", ()) for node in nodes for side in ("inputs", "outputs")]
    named = {artifact["s3"]["key"] for artifacts in ports for artifact in artifacts}
    assert named <= keys
    assert keys - named <= OUTSIDE_KEYS


def test_all_that_nights_of_the_past_wrote_lies_there_before_the_story_begins() -> None:
    there = {one.key for one in stored(WITH_PAST, DEMO_START) if one.time < DEMO_START}
    nodes = [node for workflow in PAST_WORKFLOWS for node in workflow["status"]["nodes"].values()]
    assert {key for node in nodes for key in keys(node, "outputs").values()} <= there


def test_each_object_is_as_old_as_the_step_that_wrote_it(tmp_path: Path) -> None:
    for one in BUCKET:
        happen(tmp_path, one)
    last = {one.key: one for one in BUCKET}
    assert [one.data for one in last.values()].count(None) == 1 + len(named("demand-forecast"))  # lost, and collected
    for one in last.values():
        file = tmp_path / one.bucket / one.key
        assert file.exists() == (one.data is not None)
        assert one.data is None or (file.read_bytes(), file.stat().st_mtime) == (one.data, one.time.timestamp())


def test_what_argo_collects_is_marked_and_gone_once_its_run_is_over() -> None:
    gone = {one.key: one.time for one in BUCKET if one.data is None}
    changes = timeline(RECORDINGS)
    for workflow in named("demand-forecast"):
        name, over = workflow["metadata"]["name"], datetime.fromisoformat(workflow["status"]["finishedAt"])
        marked = [collected(change.object) for change in changes if change.object["metadata"]["name"] == name]
        assert [*filter(None, marked)] == [marked[-1]]
        assert [gone[key] for key in marked[-1]] == [over]


def test_the_same_arguments_make_equal_content_of_other_bytes() -> None:
    packed = defaultdict(set)
    for one in BUCKET:
        if one.data is not None and one.key.endswith(".tgz"):
            packed[digest([one.data]).content_digest].add(sha256(one.data))
    assert None not in packed
    assert max(map(len, packed.values())) > 1


def test_the_demo_server_ends_its_story_at_about_the_time_it_is_told(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    with demo_server(folder=tmp_path, speed=1e6) as server:
        assert server.finished.wait(10)
        ended = max(datetime.fromisoformat(w["status"]["finishedAt"]) for w in server.world.objects(WORKFLOW_RESOURCE))
        assert comes_true(lambda: len([*tmp_path.glob("*/**/*.*")]) > 100)
    assert timedelta(0) <= before - ended <= timedelta(seconds=75)


def test_the_past_is_there_when_the_demo_server_starts(tmp_path: Path) -> None:
    with demo_server(folder=tmp_path, speed=0.001) as server:
        phases = [one["status"]["phase"] for one in server.world.objects(WORKFLOW_RESOURCE) if "status" in one]
        assert phases.count("Succeeded") == len(PAST) - 1
        assert phases.count("Failed") == 1
        assert len([*tmp_path.glob("*/**/*.*")]) > 400
