"""An object that is redacted part by part, from whatever its earlier views left behind, is written as the whole is."""

import base64
import json
import zlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.observation import ObjectSeen
from lineage.redaction import Redactor, Surroundings
from tests.factories import CLUSTER, RECORDED_AT, REDACTOR, KubernetesObject, a_node, a_workflow
from tests.simulation import play, watch
from watchers.documents import Document, decode
from watchers.observe import Observer, find_source, observe
from watchers.parts import Parts
from watchers.sent import Reader, Sent
from watchers.source import Source
from watchers.sources import all_sources
from watchers.sources.argo_workflow import SOURCE

SECRET: Final = "Zq7XhT2mPl9w"


def as_sent(item: KubernetesObject, source: Source = SOURCE) -> Sent:
    return Reader(source.resource, source.head).item(orjson.dumps(item))


def an_observer() -> Observer:
    return Observer(SOURCE, cluster=CLUSTER, redactor=REDACTOR)


def whole(item: KubernetesObject) -> ObjectSeen:
    return observe(deepcopy(item), SOURCE, cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR)


def assert_equal_views(observer: Observer, *items: KubernetesObject) -> None:
    for item in items:
        assert observer.observe(as_sent(item), seen_at=RECORDED_AT) == whole(item)


# What nodes hold, and what else does: clues, secrets, what repeats them, and what makes a name public.
VALUES: Final[tuple[Any, ...]] = (
    "nothing",
    SECRET,
    f"train --password={SECRET}",
    f"curl https://user:{SECRET}@host/",
    {"name": "DB_PASSWORD", "value": SECRET},
    {"name": "PLAIN", "value": SECRET},
    {"name": "PLAIN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    {"credentials": "public-name"},
    {"accessKeySecret": {"name": "public-name", "key": "k"}},
    {"secretName": SECRET},
    json.dumps({"imagePullSecret": {"name": SECRET}}),
    "api_key: " + SECRET,
    "the key: " + SECRET,
    ["--token", SECRET],
    "AKIA" + "IOSFODNN7EXAMPLE",
    {"labels": {"a": SECRET}, "name": f"n(0:{SECRET})"},
    {SECRET: 1, f"{SECRET} as a name": {"x": 2}},
    {"AKIA" + "IOSFODNN7EXAMPLE": {"AKIA" + "IOSFODNN7EXAMPLF": "x"}},
    "Secret",
    None,
)
NODES: Final = ("w-1", "get-token-2")
MEMBERS: Final = ("message", "inputs", "password", "labels", "value")
PLACES: Final = (
    *(("status", "nodes", node_id, member) for node_id in NODES for member in MEMBERS),
    *(("status", member) for member in ("message", "storedTemplates", "token", "apiKey")),
    *(("metadata", "annotations", member) for member in ("message", "token")),
    ("status", "nodes", "password"),
    ("spec", "templates"),
    ("kind",),
    ("data",),
)
REMOVED: Final = object()
Edit: TypeAlias = tuple[tuple[str, ...], Any]
"""A place in an object, and what is there from now on."""
edits = st.lists(st.tuples(st.sampled_from(PLACES), st.one_of(st.sampled_from(VALUES), st.just(REMOVED))), max_size=3)


def edited(item: KubernetesObject, changes: Sequence[Edit], version: int) -> KubernetesObject:
    """Give an object its next version, with something else in some places."""
    item = deepcopy(item)
    item["metadata"]["resourceVersion"] = str(version)
    for (*outer, name), value in changes:
        holder = item
        for step in outer:
            holder = holder[step]
        if value is REMOVED:
            holder.pop(name, None)
        else:
            holder[name] = value
    return item


def assert_written_as_the_whole(several: Sequence[Sequence[Edit]]) -> None:
    """Write a workflow that changes a little from view to view in both ways."""
    parts = Parts(REDACTOR)
    item = a_workflow(
        {node_id: a_node(node_id) for node_id in NODES},
        annotations={"kubectl.kubernetes.io/last-applied-configuration": SECRET},
        metadata={"managedFields": [{"manager": "m"}]},
    )
    for version, changes in enumerate(several, start=1):
        item = edited(item, changes, version)
        sent = as_sent(item)
        assert parts.canonical("uid", sent.members()) == whole(sent.object()).body


@settings(deadline=None, max_examples=500)
@given(st.lists(edits, min_size=1, max_size=8))
def test_any_sequence_of_views_is_written_as_each_whole_is(several: list[list[Edit]]) -> None:
    assert_written_as_the_whole(several)


STATUS, NODE = ("status",), ("status", "nodes", "w-1")
A_SECRET_IS_NAMED: Final[Edit] = (
    (*STATUS, "storedTemplates"),
    {"accessKeySecret": {"name": "public-name", "key": "k"}},
)
ITS_NAME_IS_REPEATED: Final[Edit] = ((*NODE, "inputs"), {"credentials": "public-name"})
A_SECRET_IS_TOLD: Final[Edit] = ((*NODE, "message"), f"--password={SECRET}")
IT_IS_REPEATED: Final[Edit] = ((*STATUS, "message"), f"used {SECRET}")
A_VARIABLE_IS_FED: Final[Edit] = ((*NODE, "inputs"), [{"name": "PLAIN", "valueFrom": {"secretKeyRef": {"name": "s"}}}])
IT_IS_SET: Final[Edit] = ((*STATUS, "storedTemplates"), [{"name": "PLAIN", "value": SECRET}])
TOLD: Final[dict[str, list[Edit]]] = {
    "a value by the name beside it": [((*STATUS, "name"), "DB_PASSWORD"), ((*STATUS, "value"), "x")],
    "a value by the name beside it, in a node": [((*NODE, "name"), "DB_PASSWORD"), ((*NODE, "value"), "x")],
    "a name of a Secret by a reference": [A_SECRET_IS_NAMED, ITS_NAME_IS_REPEATED],
    "a repetition by a name": [A_SECRET_IS_TOLD, IT_IS_REPEATED],
    "a variable by a reference": [A_VARIABLE_IS_FED, IT_IS_SET],
}


@pytest.mark.parametrize("case", TOLD)
def test_what_one_part_tells_of_another_holds_from_the_view_that_says_so_to_the_one_that_does_not(case: str) -> None:
    teller, told = TOLD[case]
    changed = (told[0], f"{SECRET}, again")
    for first, second in ((teller, told), (told, teller)):
        assert_written_as_the_whole([[first], [second], [changed], [(teller[0], "nothing")], [teller], [told]])
        assert_written_as_the_whole([[first, second], [changed], [(teller[0], REMOVED)], [told]])
        assert_written_as_the_whole([[first, second], [], [(teller[0], "nothing")], [teller], [changed]])


@dataclass(frozen=True)
class Noting(Redactor):
    """Notes what is redacted."""

    walked: list[KubernetesObject] = field(default_factory=list)

    def walk(self, part: KubernetesObject, whole: Surroundings) -> tuple[KubernetesObject, frozenset[str]]:
        self.walked.append(part)
        return super().walk(part, whole)


def test_of_a_view_that_comes_again_only_what_changed_is_redacted() -> None:
    redactor = Noting(REDACTOR.key)
    parts, secret = Parts(redactor), a_node("s", message=f"--password={SECRET}")
    for version, progress in enumerate(("0/2", "1/2", "2/2"), start=1):
        item = a_workflow({"n": a_node("n", progress=progress), "s": secret}, version=version)
        redactor.walked.clear()
        assert parts.canonical("uid", as_sent(item).members()) == whole(item).body
    assert redactor.walked == [
        {"metadata": {"resourceVersion": "3"}},
        {"metadata": {"resourceVersion": "2"}},  # which might have held a secret that is repeated
        {"status": {"nodes": {"n": {"progress": "2/2"}}}},
        {"status": {"nodes": {"n": {"progress": "1/2"}}}},
    ]


def test_a_secret_that_a_later_part_gives_away_is_replaced_in_parts_that_did_not_change() -> None:
    observer = an_observer()
    plain = a_workflow({"n": a_node("n", message=f"used {SECRET}")}, version=1)
    told = a_workflow(
        {"n": a_node("n", message=f"used {SECRET}"), "m": a_node("m", message=f"--password={SECRET}")}, version=2
    )
    assert SECRET.encode() in observer.observe(as_sent(plain), seen_at=RECORDED_AT).body
    assert SECRET.encode() not in observer.observe(as_sent(told), seen_at=RECORDED_AT).body


@pytest.mark.parametrize("seed", range(6))
def test_what_a_watcher_sees_of_a_world_is_written_as_each_whole_is(seed: int) -> None:
    seen = [one.object() for one in watch(play(seed), seed) if isinstance(one, ObjectSeen)]
    assert_equal_views(an_observer(), *(item for item in seen if item["kind"] == "Workflow"))


@pytest.mark.parametrize("odd", [{"metadata": None}, {"status": {"nodes": []}}, {"status": "?"}, {"kind": "Secret"}])
def test_odd_objects_are_written_as_the_whole_is(odd: KubernetesObject) -> None:
    observer, item = an_observer(), {**a_workflow({"n": a_node("n")}), **odd}
    assert_equal_views(observer, a_workflow({"n": a_node("n")}), item)


@pytest.mark.parametrize("name", ["AKIA" + "IOSFODNN7EXAMPLE", SECRET, f"a {SECRET} b"])
def test_a_secret_that_is_the_name_of_a_part_is_replaced(name: str) -> None:
    observer = an_observer()
    for version, progress in enumerate(("0/2", "1/2", "2/2"), start=1):
        item = a_workflow({"n": a_node("n", progress=progress)}, version=version)
        item["metadata"]["annotations"] = {"note": f"--password={SECRET}"}
        if version > 1:
            item["status"]["nodes"][name] = {"message": progress}
            item["metadata"][name] = item["status"][name] = item[name] = progress
        assert_equal_views(observer, item)
        assert name.encode() not in observer.observe(as_sent(item), seen_at=RECORDED_AT).body


def test_packed_nodes_are_unpacked_part_by_part() -> None:
    observer = an_observer()
    for version in (1, 2):
        item = a_workflow({"n": a_node("n"), "m": a_node("m", message=f"--password={SECRET} {version}")})
        packed = zlib.compress(orjson.dumps(item["status"].pop("nodes")), wbits=31)
        item["status"]["compressedNodes"] = base64.b64encode(packed).decode()
        assert b"compressedNodes" not in observer.observe(as_sent(item), seen_at=RECORDED_AT).body
        assert_equal_views(observer, item)


def test_recorded_objects_are_written_as_each_whole_is(fixtures: Path) -> None:
    observers = {source.name: Observer(source, cluster=CLUSTER, redactor=REDACTOR) for source in all_sources()}
    compared = 0
    for file in sorted(fixtures.rglob("*.json")):
        values = [piece.value for piece in decode([file.read_bytes()]) if isinstance(piece, Document)]
        for value in (
            one for several in values if isinstance(several, dict) for one in several.get("items") or [several]
        ):
            if (source := find_source(value, all_sources())) is None:
                continue
            item = {**value, "metadata": {**(value.get("metadata") or {}), "uid": "one"}}
            sent = as_sent(item, source)
            expected = observe(sent.object(), source, cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR)
            assert observers[source.name].observe(sent, seen_at=RECORDED_AT) == expected, file
            compared += 1
    assert compared > 100
