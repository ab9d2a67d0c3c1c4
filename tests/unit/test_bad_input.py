"""Bad input: each is one rejection that says where and why, and what stands beside it is read."""

import gzip
import io
import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lineage import recorder
from lineage.facts import InputRejected, PodSeen, RunSeen
from lineage.identity import Location
from lineage.limits import MAX_NAME_BYTES, MAX_OBJECT_BYTES, MAX_PLACE_BYTES, MAX_REASON_BYTES, length, shortened
from lineage.observation import InputUnreadable
from tests.factories import CLUSTER, RECORDED_AT, REDACTOR, a_node, a_pod, a_workflow, interpreted, looked, observed
from tests.workloads import a_job, a_katib_experiment, a_train_job, a_trial
from watchers import files
from watchers.files import Ignored
from watchers.sources import all_sources

NODE = "w-1000001"
GOOD = json.dumps(a_workflow(name="good")).encode()
ROOT = Path(__file__).resolve().parents[2]


def ingested(data: bytes, *paths: str) -> tuple[int, list[str]]:
    """Read standard input or files. Returns how many objects mean something, and the reasons of what was rejected."""
    good, reasons = 0, list[str]()
    for found in files.read(paths or ["-"], standard_input=io.BytesIO(data)):
        seen = files.observed(found, sources=all_sources(), cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR)
        if isinstance(seen, Ignored):
            continue
        facts = recorder.facts_of(seen, interpreted)
        reasons += [fact.reason for fact in facts if isinstance(fact, InputRejected)]
        good += any(isinstance(fact, RunSeen | PodSeen) for fact in facts)
    return good, reasons


def an_object(spec: str) -> bytes:
    """A workflow in one line whose spec is this text."""
    return json.dumps(a_workflow(spec={"x": "?"})).replace('"?"', spec).encode()


# ------------------------------------------------------------------------------------------ bytes
BETWEEN_LINES = {
    "cut off": (GOOD[:-20], "line 2: ", ""),
    "NaN": (an_object("NaN"), "line 2: ", "NaN is no JSON"),
    "half a character": (an_object('"\\ud800"'), "line 2: ", "spec.x holds half a character"),
    "no UTF-8": (an_object('"').replace(b'"x": "', b'"x": "\xff"'), "line 2: ", "spec.x holds half a character"),
    "300 levels": (an_object("[" * 300 + "]" * 300), "line 2: ", "nested deeper than 254 levels"),
    "ten thousand levels": (an_object("[" * 10_000 + "]" * 10_000), "line 2: ", "nested deeper than 254 levels"),
    "a text": (b'"text"', "line 2: ", ""),
    "one object of 33 MiB": (an_object('"' + "x" * (MAX_OBJECT_BYTES + 2**20) + '"'), "line 2: ", "larger than 32 MiB"),
}


@pytest.mark.parametrize("case", BETWEEN_LINES)
def test_a_bad_line_is_one_rejection_with_its_place_and_its_neighbours_are_read(case: str) -> None:
    bad, place, why = BETWEEN_LINES[case]
    good, reasons = ingested(GOOD + b"\n" + bad + b"\n" + GOOD + b"\n")
    assert good == 2
    (reason,) = reasons
    assert reason.startswith(f"standard input, {place}")
    assert why in reason


def test_an_object_of_ten_thousand_levels_does_not_hide_those_beside_it_in_a_list() -> None:
    deep = an_object('{"a":' * 10_000 + "1" + "}" * 10_000).decode()
    good, (reason,) = ingested(f'{{"kind": "List", "apiVersion": "v1", "items": [{deep}, {GOOD.decode()}]}}'.encode())
    assert good == 1
    assert reason.startswith("standard input, line 1, item 1: ")


YAML_GOOD = b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: good, uid: u}\n"
BOMB = b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 9)
)
YAML_DOCUMENTS = {
    "aliases that make a billion": (BOMB, "aliases"),
    "an alias that holds itself": (b"a: &a [*a]\n", "holds itself"),
    "ten thousand levels": (b"a: " + b"[" * 10_000 + b"]" * 10_000 + b"\n", "nested deeper than 200 levels"),
    "a tag of Python": (b"a: !!python/object/apply:os.system [id]\n", "python/object/apply"),
    "a name that is a list": (b"? [a, b]\n: c\n", "a name that is no text"),
    "infinity": (b"a: .inf\n", "no number of JSON"),
    "no number": (b"a: .nan\n", "no number of JSON"),
    "no UTF-8": (b"a: \xff\n", "not UTF-8"),
    "a number of 80 bits": (YAML_GOOD + b"x: %d\n" % -(2**80), "x is a number of more than 64 bits"),
    "9 MiB": (b"a: '" + b"x" * (9 * 2**20) + b"'\n", "larger than 8 MiB"),
}


@pytest.mark.parametrize("case", YAML_DOCUMENTS)
def test_a_bad_yaml_document_is_one_rejection_with_its_place_and_its_neighbours_are_read(case: str) -> None:
    bad, why = YAML_DOCUMENTS[case]
    good, reasons = ingested(YAML_GOOD + b"---\n" + bad + b"---\n" + YAML_GOOD)
    assert good == 2
    (reason,) = reasons
    assert reason.startswith("standard input, line ")
    assert why in reason


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "there is nothing in it"),
        (b"\n \n", "there is nothing in it"),
        (b"\x00\x01\x02 garbage", "binary data"),
        (GOOD.decode().encode("utf-16"), "save it as UTF-8"),
        (gzip.compress(GOOD)[:-9], "ends in the middle"),
        (b"[" * 100_000, ""),
        (b"[\n" * 100_000, ""),
    ],
    ids=["empty", "blank", "binary", "UTF-16", "cut gzip", "brackets", "brackets in lines"],
)
def test_a_bad_file_is_rejected_with_the_reason(data: bytes, why: str) -> None:
    _, reasons = ingested(data)
    assert 1 <= len(reasons) <= 100
    assert why in reasons[0]


@pytest.mark.parametrize("form", [b"\xef\xbb\xbf" + GOOD, GOOD.replace(b", ", b",\r\n")], ids=["BOM", "CRLF"])
def test_marks_and_line_ends_of_windows_are_no_mistake(form: bytes) -> None:
    assert ingested(form) == (1, [])


# ------------------------------------------------------------------------------------------ too large
BIG = b'{"apiVersion": "v1", "kind": "Pod", "x": "' + b'[\\"{' * (MAX_OBJECT_BYTES // 4) + b'"}'


@pytest.mark.parametrize("indent", [None, 4])
def test_of_a_list_larger_than_any_object_every_element_is_read_but_the_one_that_is_too_large(
    indent: int | None,
) -> None:
    document = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [a_workflow(), "?", a_pod()], "metadata": {"x": "]{"}},
        indent=indent,
    )
    good, reasons = ingested(document.replace('"?"', "\0").encode().replace(b"\0", BIG) + b"\n" + GOOD)
    assert good == 3
    (reason,) = reasons
    assert "larger than 32 MiB" in reason


def test_the_elements_of_a_long_list_get_the_kind_of_the_list() -> None:
    item = {"metadata": a_pod()["metadata"], "x": "x" * (MAX_OBJECT_BYTES // 3)}
    good, reasons = ingested(json.dumps({"kind": "PodList", "apiVersion": "v1", "items": [item] * 4}).encode())
    assert (good, reasons) == (4, [])


READ_IN_BOUNDS = """
import resource, sys
from watchers.documents import Document, decode
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
def chunks():
    yield b'{"a": 1}\\n' + sys.argv[2].encode()
    for _ in range(400):
        yield b"x" * 2**20
    yield b'"}\\n{"a": 2}\\n'
found = list(decode(chunks()))
print([one.value["a"] if isinstance(one, Document) else one.size_bytes // 2**20 for one in found])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_text_of_any_length_is_left_out_in_bounded_memory() -> None:
    limit = 350 * 2**20  # an interpreter with its libraries, and less than the text of 400 MiB
    command = [sys.executable, "-c", READ_IN_BOUNDS, str(limit), '{"a": "']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert done.stdout.decode() == "[1, 400, 2]\n", done.stderr.decode()


# ------------------------------------------------------------------------------------------ files
def test_what_cannot_be_read_in_a_folder_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_bytes(GOOD)
    (tmp_path / "dangling.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "empty.json").touch()
    os.mkfifo(tmp_path / "pipe.json")
    good, reasons = ingested(b"", str(tmp_path))
    assert good == 1
    assert reasons == [f"{tmp_path}/dangling.json: it cannot be read: No such file or directory"]


def test_a_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.json")).write_bytes(b"{")
    _, (reason,) = ingested(b"", str(tmp_path))
    assert reason.startswith(f"{tmp_path}/\ufffd.json, line 1: ")
    reason.encode()


# ------------------------------------------------------------------------------------------ members
LONG = "x" * 3000


def a_rich_workflow() -> dict[str, Any]:
    """A workflow with something in every member that is read."""
    node = a_node(
        NODE, 10, 20, children=["w-1"], reads=["in"], writes=["out"], templateName="main", message="m",
        resourcesDuration={"cpu": 1}, memoizationStatus={"hit": False}, nodeFlag={"hooked": False},
    )  # fmt: skip
    node["inputs"]["parameters"] = node["outputs"]["parameters"] = [{"name": "p", "value": "v"}]
    node["outputs"]["exitCode"] = "0"
    template = {"name": "main", "outputs": {"artifacts": [{"name": "x0", "s3": {"key": "out"}}]}, "archiveLocation": {}}
    return a_workflow(
        {NODE: node},
        spec={"templates": [template], "arguments": {"parameters": [{"name": "p", "value": "1"}]}},
        labels={"pipeline/runid": "r", "kfp-lineage/experiment": "e"},
        annotations={"pipelines.kubeflow.org/run_name": "n"},
        metadata={"generateName": "w-"},
        startedAt="2026-01-31T08:00:00Z",
        finishedAt="2026-01-31T08:00:00Z",
        message="m",
    )


WRONG_MEMBERS = [
    (a_rich_workflow, ("metadata",), []),
    (a_rich_workflow, ("metadata", "name"), 1),
    (a_rich_workflow, ("metadata", "uid"), {}),
    (a_rich_workflow, ("metadata", "namespace"), True),
    (a_rich_workflow, ("metadata", "labels"), "x"),
    (a_rich_workflow, ("metadata", "annotations"), [1]),
    (a_rich_workflow, ("metadata", "resourceVersion"), 1),
    (a_rich_workflow, ("metadata", "creationTimestamp"), "2016-12-31T23:59:60Z"),
    (a_rich_workflow, ("metadata", "creationTimestamp"), "10000-01-01T00:00:00Z"),
    (a_rich_workflow, ("metadata", "creationTimestamp"), "0000-01-01T00:00:00Z"),
    (a_rich_workflow, ("metadata", "creationTimestamp"), "2026-01-31T08:00:00+99:00"),
    (a_rich_workflow, ("metadata", "creationTimestamp"), "9999-12-31T23:59:59-12:00"),
    (a_rich_workflow, ("metadata", "creationTimestamp"), 1769846400),
    (a_rich_workflow, ("spec",), "x"),
    (a_rich_workflow, ("spec", "templates"), {}),
    (a_rich_workflow, ("spec", "templates", 0), "x"),
    (a_rich_workflow, ("spec", "templates", 0, "outputs", "artifacts"), 1),
    (a_rich_workflow, ("spec", "arguments", "parameters"), "x"),
    (a_rich_workflow, ("spec", "arguments", "parameters", 0, "name"), []),
    (a_rich_workflow, ("status",), 1),
    (a_rich_workflow, ("status", "phase"), 1),
    (a_rich_workflow, ("status", "nodes"), []),
    (a_rich_workflow, ("status", "nodes", NODE), 1),
    (a_rich_workflow, ("status", "nodes", NODE, "children"), {}),
    (a_rich_workflow, ("status", "nodes", NODE, "startedAt"), False),
    (a_rich_workflow, ("status", "nodes", NODE, "outputs", "exitCode"), 2**40),
    (a_rich_workflow, ("status", "nodes", NODE, "outputs", "exitCode"), "9" * 5000),
    (a_rich_workflow, ("status", "nodes", NODE, "inputs", "artifacts", 0, "s3"), "x"),
    (a_rich_workflow, ("status", "nodes", NODE, "inputs", "artifacts", 0, "s3", "key"), 1),
    (a_rich_workflow, ("status", "nodes", NODE, "resourcesDuration"), 1),
    (a_pod, ("metadata", "ownerReferences"), {}),
    (a_pod, ("metadata", "ownerReferences", 0, "uid"), 1),
    (a_pod, ("spec", "containers"), {}),
    (a_pod, ("status", "containerStatuses", 0, "restartCount"), -(2**40)),
    (a_pod, ("status", "containerStatuses", 0, "state"), 1),
    (a_job, ("spec",), []),
    (a_job, ("spec", "pytorchReplicaSpecs"), "x"),
    (a_job, ("spec", "pytorchReplicaSpecs", "Worker", "replicas"), "many"),
    (a_job, ("status", "conditions"), {}),
    (a_job, ("status", "conditions", 0, "lastTransitionTime"), 1),
    (a_job, ("status", "startTime"), "yesterday"),
    (a_job, ("status", "replicaStatuses"), []),
    (a_train_job, ("spec", "trainer"), 1),
    (a_train_job, ("status", "trainerStatus"), 1),
    (a_trial, ("metadata", "ownerReferences"), "x"),
    (a_trial, ("spec", "parameterAssignments"), {}),
    (a_trial, ("status", "observation"), []),
    (a_katib_experiment, ("spec", "parameters", 0, "feasibleSpace"), []),
    (a_katib_experiment, ("status", "trials"), "x"),
    (a_katib_experiment, ("status", "currentOptimalTrial"), "x"),
]


def path_of(steps: tuple[str | int, ...]) -> str:
    written = "".join(f"[{s!r}]" if isinstance(s, int) or "-" in s else f".{s}" for s in steps)
    return written.removeprefix(".")


def changed(item: dict[str, Any], steps: tuple[str | int, ...], value: object) -> dict[str, Any]:
    item = deepcopy(item)
    holder: Any = item
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = value
    return item


def rejected_as(item: dict[str, Any]) -> str:
    (fact,) = recorder.facts_of(observed(item), interpreted)
    assert isinstance(fact, InputRejected)
    return fact.reason


@pytest.mark.parametrize(
    ("make", "steps", "value"), WRONG_MEMBERS, ids=[f"{path_of(case[1])}={case[2]!r:.30}" for case in WRONG_MEMBERS]
)
def test_a_member_of_a_wrong_type_is_named_with_its_path(
    make: Any, steps: tuple[str | int, ...], value: object
) -> None:
    reason = rejected_as(changed(make(), steps, value))
    assert f": {path_of(steps)} is " in reason
    assert "expected " in reason


def test_what_is_read_from_a_file_and_means_nothing_names_the_file_and_line() -> None:
    bad = json.dumps(changed(a_rich_workflow(), ("status", "phase"), 1)).encode()
    assert ingested(GOOD + b"\n" + bad) == (
        1,
        ["standard input, line 2: workflow a/w@1: status.phase is a number, expected a text"],
    )


# ------------------------------------------------------------------------------------------ identities
LONG_IDENTITIES = [
    (a_rich_workflow, ("metadata", "name")),
    (a_rich_workflow, ("metadata", "namespace")),
    (a_rich_workflow, ("metadata", "uid")),
    (a_rich_workflow, ("metadata", "generateName")),
    (a_rich_workflow, ("metadata", "labels", "pipeline/runid")),
    (a_rich_workflow, ("metadata", "labels", "kfp-lineage/experiment")),
    (a_rich_workflow, ("spec", "arguments", "parameters", 0, "name")),
    (a_rich_workflow, ("status", "nodes", NODE, "inputs", "artifacts", 0, "name")),
    (a_rich_workflow, ("status", "nodes", NODE, "outputs", "artifacts", 0, "name")),
    (a_pod, ("metadata", "uid")),
    (a_pod, ("metadata", "ownerReferences", 0, "uid")),
    (a_pod, ("metadata", "ownerReferences", 0, "name")),
    (a_pod, ("metadata", "annotations", "workflows.argoproj.io/node-id")),
    (a_pod, ("spec", "containers", 0, "name")),
    (a_job, ("metadata", "uid")),
    (a_job, ("metadata", "name")),
    (a_job, ("metadata", "namespace")),
    (a_job, ("status", "conditions", 0, "type")),
    (a_trial, ("metadata", "uid")),
    (a_trial, ("metadata", "ownerReferences", 0, "uid")),
    (a_trial, ("metadata", "ownerReferences", 0, "name")),
    (a_katib_experiment, ("metadata", "uid")),
]


@pytest.mark.parametrize(("make", "steps"), LONG_IDENTITIES, ids=[path_of(case[1]) for case in LONG_IDENTITIES])
def test_an_identity_that_no_index_can_hold_is_refused(make: Any, steps: tuple[str | int, ...]) -> None:
    assert f"at most {MAX_NAME_BYTES} can be recorded" in rejected_as(changed(make(), steps, LONG))


def test_a_place_that_no_index_can_hold_is_refused_with_its_path() -> None:
    steps = ("status", "nodes", NODE, "inputs", "artifacts", 0, "s3")
    reason = rejected_as(changed(a_rich_workflow(), (*steps, "key"), LONG))
    assert f"{path_of(steps)} names a place of more than {MAX_PLACE_BYTES} bytes" in reason


def test_a_long_place_that_somebody_looked_at_is_refused() -> None:
    (fact,) = recorder.facts_of(looked(LONG, modified=1, at=2), interpreted)
    assert isinstance(fact, InputRejected)


def test_values_of_any_length_are_kept() -> None:
    item = changed(a_rich_workflow(), ("spec", "arguments", "parameters", 0, "value"), "v" * 100_000)
    (run, _) = recorder.facts_of(observed(item), interpreted)
    assert isinstance(run, RunSeen)
    assert run.parameters[0].value == "v" * 100_000


def test_an_address_that_is_none_is_a_place_as_it_stands() -> None:
    for url in ("http://[", "http://host:99999/x", "//[::1"):
        steps = ("status", "nodes", NODE, "inputs", "artifacts", 0)
        (run, _) = recorder.facts_of(
            observed(changed(a_rich_workflow(), steps, {"name": "x", "http": {"url": url}})), interpreted
        )
        assert isinstance(run, RunSeen)
        assert run.executions is not None
        assert [read.location.uri for read in run.executions[0].reads] == [url]


def test_a_long_name_is_refused_in_whichever_view_it_comes() -> None:
    node = a_node("w.a")
    of = [{NODE: node}, {NODE: node, "x" * 600: node}, {NODE: node, "x" * 600: node}, {NODE: node}]
    views = [observed(a_workflow(nodes, version=version)) for version, nodes in enumerate(of, start=1)]
    found = [recorder.facts_of(view, interpreted) for view in views]
    assert [isinstance(facts[0], InputRejected) for facts in found] == [False, True, True, False]


def test_a_long_reason_keeps_its_ends() -> None:
    reason = shortened("/" + '\x01"ä' * 3000 + ": it is no JSON")
    assert length(reason) <= MAX_REASON_BYTES
    assert (reason[0], reason[-15:]) == ("/", ": it is no JSON")


def test_the_longest_identities_fit_one_entry_of_an_index() -> None:
    entry = 2704  # bytes that PostgreSQL takes
    name, where = "n" * MAX_NAME_BYTES, Location(store="", uri="u" * MAX_PLACE_BYTES)
    assert length(json.dumps(["Artifact", name, name, 10**12, name])) < entry
    assert length(json.dumps(["Artifact", where.store, where.uri, name + "0" * 13])) < entry


def test_what_is_nested_too_deeply_is_told_with_its_place() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    found = files.ObjectRead(place="x, line 1", item=a_workflow(spec={"a": deep}))
    seen = files.observed(found, sources=all_sources(), cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR)
    assert isinstance(seen, InputUnreadable)
    assert seen.reason.startswith("x, line 1: ")
