"""Reading files: every form in which objects are saved, and every way in which a file can be broken."""

import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.observation import InputUnreadable, ObjectDeleted, ObjectSeen
from lineage.redaction import Redactor
from watchers.documents import Document, Unreadable, decode
from watchers.files import DeletionRead, Ignored, Input, ObjectRead, Rejected, observed, read, size_bytes
from watchers.sources import all_sources

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEY = b"a key for tests"


def pod(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "uid": f"uid-{name}"}, **more}


def read_bytes(data: bytes) -> list[Input]:
    return list(read(["-"], standard_input=io.BytesIO(data)))


def names(found: list[Input]) -> list[str]:
    return [one.item["metadata"]["name"] for one in found if isinstance(one, ObjectRead)]


def rejections(found: list[Input]) -> list[Rejected]:
    return [one for one in found if isinstance(one, Rejected)]


def as_lines(*items: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


# ------------------------------------------------------------------------------------------ forms
FORMS = {
    "one object": json.dumps(pod("a")),
    "one object, indented": json.dumps(pod("a"), indent=2),
    "an array": json.dumps([pod("a"), pod("b")], indent=2),
    "an array, an element a line": "[\n" + ",\n".join(json.dumps(pod(name)) for name in "ab") + "\n]\n",
    "a list": json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod("a"), pod("b")]}, indent=4),
    "objects line by line": as_lines(pod("a"), pod("b")).decode(),
    "lines with blanks between": "\n\n" + as_lines(pod("a")).decode() + "\n  \n" + as_lines(pod("b")).decode(),
    "indented objects one behind the other": json.dumps(pod("a"), indent=2) + "\n" + json.dumps(pod("b"), indent=2),
    "objects without anything between": json.dumps(pod("a")) + json.dumps(pod("b")),
    "windows line ends": json.dumps(pod("a"), indent=2).replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + json.dumps(pod("a")),
    "YAML": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n",
    "YAML documents": "# two\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n--- # next\napiVersion: v1\n"
    "kind: Pod\nmetadata: {name: b}\n...\n---\n",
    "a YAML list": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n",
    "a watch": as_lines(*({"type": "ADDED", "object": pod(name)} for name in "ab")).decode(),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", FORMS)
def test_objects_are_read_in_every_form(form: str, packed: bool) -> None:
    data = FORMS[form].encode()
    found = read_bytes(gzip.compress(data) if packed else data)
    assert names(found) in (["a"], ["a", "b"])
    assert len(found) == len(names(found))


def test_items_of_a_typed_list_get_its_kind() -> None:
    items = [{"metadata": {"name": "a"}}]
    (found,) = read_bytes(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": items}).encode())
    assert isinstance(found, ObjectRead)
    assert (found.item["kind"], found.item["apiVersion"]) == ("Pod", "v1")


def test_several_gzip_files_one_behind_the_other_are_one_stream() -> None:
    assert names(read_bytes(gzip.compress(as_lines(pod("a"))) + gzip.compress(as_lines(pod("b"))))) == ["a", "b"]


def test_a_watch_tells_deletions_from_views() -> None:
    events = [
        {"type": "ADDED", "object": pod("a")},
        {"type": "MODIFIED", "object": pod("a")},
        {"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}}},
        {"type": "DELETED", "object": pod("a")},
        {"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "code": 410}},
    ]
    kinds = [type(one) for one in read_bytes(as_lines(*events))]
    assert kinds == [ObjectRead, ObjectRead, Ignored, DeletionRead, Ignored]


def test_what_is_no_kubernetes_object_is_ignored() -> None:
    answer = {"run": {"id": "1"}, "pipeline_runtime": {"workflow_manifest": json.dumps(pod("a"))}}
    (found,) = read_bytes(json.dumps(answer).encode())
    assert isinstance(found, Ignored)


def test_times_stay_the_text_that_they_are() -> None:
    (found,) = read_bytes(
        b"apiVersion: v1\nkind: Pod\n"
        b"start: 2026-01-31T12:00:00Z\nday: 2026-01-31\nat: 12:30:45\n"
        b"8080: x\non: y\nno: z\n"
    )
    assert isinstance(found, ObjectRead)
    assert found.item["start"] == "2026-01-31T12:00:00Z"
    assert found.item["day"] == "2026-01-31"
    assert found.item["at"] == "12:30:45"
    assert {"8080", "on", "no"} <= found.item.keys()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("0644", 0o644),
        ("0o17", 0o17),
        ("0x1F", 31),
        ("08", "08"),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("=", "="),
        ("'1'", "1"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_yaml_values_are_those_that_kubernetes_reads(text: str, value: object) -> None:
    (found,) = decode([f"a: {text}\n".encode()])
    assert isinstance(found, Document)
    assert found.value == {"a": value}


# ------------------------------------------------------------------------------------------ places
def test_folders_are_read_in_sorted_order_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    for path in ("b/2.json", "b/1.json", "a.json", ".hidden/x.json", ".y.json"):
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(as_lines(pod(path)))
    found = list(read([str(tmp_path)], standard_input=io.BytesIO()))
    assert names(found) == ["a.json", "b/1.json", "b/2.json"]


def test_texts_beside_objects_are_ignored_and_objects_under_any_name_are_read(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Runs: all of them\n\n- a: b: c\n")
    (tmp_path / "golden").write_text(FORMS["YAML"])
    (tmp_path / "golden.2").write_text(FORMS["one object"])
    found = list(read([str(tmp_path)], standard_input=io.BytesIO()))
    assert [type(one) for one in found] == [Ignored, ObjectRead, ObjectRead]


def test_a_text_that_was_asked_for_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("# Runs: all of them\n\nwords\n")
    (found,) = list(read([str(file)], standard_input=io.BytesIO()))
    assert isinstance(found, Rejected)


def test_a_file_that_cannot_be_read_is_rejected_and_the_next_one_read(tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    good.write_bytes(as_lines(pod("a")))
    found = list(read([str(tmp_path / "absent.json"), str(good)], standard_input=io.BytesIO()))
    assert [type(one) for one in found] == [Rejected, ObjectRead]


def test_reading_tells_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(as_lines(pod("a")))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(as_lines(pod("b"))))
    counts: list[int] = []
    list(read([str(tmp_path)], standard_input=io.BytesIO(), on_bytes=counts.append))
    assert sum(counts) == size_bytes([str(tmp_path)])


# ------------------------------------------------------------------------------------------ broken input
def test_a_broken_line_is_rejected_with_its_place_and_the_others_are_read() -> None:
    whole = as_lines(pod("a"))
    found = read_bytes(whole + b'{"apiVersion": "v1", "kind": {\n' + as_lines(pod("b"), pod("c")))
    assert names(found) == ["a", "b", "c"]
    (rejection,) = rejections(found)
    assert rejection.place == "standard input, line 2"


def test_of_a_file_that_breaks_off_the_readable_part_is_taken() -> None:
    data = as_lines(pod("a"), pod("b"))
    found = read_bytes(data[:-10])
    assert names(found) == ["a"]
    assert len(rejections(found)) == 1


def test_of_a_list_that_breaks_off_the_whole_items_are_taken() -> None:
    for indent in (None, 4):
        data = json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod("a"), pod("b")]}, indent=indent)
        found = read_bytes(data[: data.rindex('"uid')].encode())
        assert names(found) == ["a"]
        assert len(rejections(found)) == 1


def test_of_gzip_that_breaks_off_the_readable_part_is_taken() -> None:
    lines = as_lines(*(pod(f"{number * 7919 % 1000}") for number in range(1000)))
    found = read_bytes(gzip.compress(lines)[:-200])
    assert len(names(found)) > 500
    assert any("gzip" in one.reason for one in rejections(found))


def test_a_broken_yaml_document_is_rejected_and_its_neighbours_are_read() -> None:
    good = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\n"
    found = read_bytes(f"{good % 'a'}---\na: b: c\n---\n{good % 'b'}".encode())
    assert names(found) == ["a", "b"]
    (rejection,) = rejections(found)
    assert rejection.place == "standard input, line 5"


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02 garbage",
        bytes(range(128, 256)) * 20,
        b"\x1f\x8b garbage",
        b"just words\n",
        b"[" * 100_000,
        b"- " * 100_000,
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b"a: !!python/object/apply:os.system [id]\n",
        b"a: &a [*a]\n",
        b"? [a, b]\n: c\n",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_garbage_yields_no_object_and_at_least_one_rejection(data: bytes) -> None:
    found = [
        observed(one, sources=all_sources(), cluster="test", seen_at=NOON, redactor=Redactor(KEY))
        for one in read_bytes(data)
    ]
    assert found
    assert all(isinstance(one, InputUnreadable | Ignored) for one in found)


def test_aliases_that_grow_beyond_measure_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (found,) = decode(["\n".join(lines).encode()])
    assert isinstance(found, Unreadable)
    assert "aliases" in found.reason


def test_aliases_in_measure_are_read() -> None:
    (found,) = decode([b"base: &base {cpu: 1}\nstep: {<<: *base, memory: 2}\n"])
    assert isinstance(found, Document)
    assert found.value["step"] == {"cpu": 1, "memory": 2}


def test_aliases_cannot_nest_beyond_measure() -> None:
    deep = "[" * 150 + "]" * 150
    (found,) = decode([f"a: &a {deep}\nb: {'[' * 150}*a{']' * 150}\n".encode()])
    assert isinstance(found, Unreadable)
    assert "nested" in found.reason


def test_a_stream_of_lines_is_given_out_as_it_comes() -> None:
    taken: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield as_lines(pod(str(number)))

    next(decode(chunks()))
    assert len(taken) <= 2


@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    list(decode([data]))
    list(decode([data], yaml=True))


@given(st.lists(st.sampled_from([*FORMS.values(), "{", "}", "[", "]", "\n", '"', "---\n", "a: b", "\x00"]), max_size=6))
def test_no_mixture_of_forms_makes_reading_fail(parts: list[str]) -> None:
    for found in read_bytes("".join(parts).encode()):
        observed(found, sources=all_sources(), cluster="test", seen_at=NOON, redactor=Redactor(KEY))


@given(st.integers(min_value=0, max_value=400))
def test_wherever_a_stream_is_cut_no_whole_line_before_it_is_lost(cut: int) -> None:
    data = as_lines(*(pod(name) for name in "abcd"))[:cut]
    assert len(names(read_bytes(data))) >= data.count(b"\n")


# ------------------------------------------------------------------------------------------ observations
def test_an_object_of_a_known_kind_becomes_an_observation_without_its_secrets() -> None:
    item = pod("a", spec={"containers": [{"name": "main", "env": [{"name": "PASSWORD", "value": "correct-horse"}]}]})
    (found,) = read_bytes(json.dumps(item).encode())
    seen = observed(found, sources=all_sources(), cluster="test", seen_at=NOON, redactor=Redactor(KEY))
    assert isinstance(seen, ObjectSeen)
    assert b"correct-horse" not in seen.body


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_objects_of_other_kinds_are_ignored(kind: str) -> None:
    (found,) = read_bytes(json.dumps(pod("a") | {"kind": kind, "data": {"password": "eA=="}}).encode())
    assert isinstance(
        observed(found, sources=all_sources(), cluster="test", seen_at=NOON, redactor=Redactor(KEY)), Ignored
    )


def test_a_deletion_is_known_by_its_uid() -> None:
    (found,) = read_bytes(as_lines({"type": "DELETED", "object": pod("a")}))
    seen = observed(found, sources=all_sources(), cluster="test", seen_at=NOON, redactor=Redactor(KEY))
    assert seen == ObjectDeleted(source="pod", cluster="test", seen_at=NOON, uid="uid-a")


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param('"\\ud800"', id="half a character"),
        pytest.param("[" * 300 + "]" * 300, id="deep"),
        pytest.param("[" * 900 + "]" * 900, id="very deep"),
        pytest.param('{"a":' * 900 + "1" + "}" * 900, id="very deep objects"),
    ],
)
def test_an_object_that_cannot_be_written_down_is_set_aside(spec: str) -> None:
    found = read_bytes(json.dumps(pod("a", spec="?")).replace('"?"', spec).encode())
    for one in found:
        seen = observed(one, sources=all_sources(), cluster="test", seen_at=NOON, redactor=Redactor(KEY))
        assert isinstance(seen, InputUnreadable)


def test_every_recorded_object_is_read_and_nothing_rejected(fixtures: Path) -> None:
    found = list(read([str(fixtures)], standard_input=io.BytesIO()))
    assert not rejections(found)
    assert sum(isinstance(one, ObjectRead) for one in found) > 100
