"""An object that is redacted part by part, from whatever its earlier views left behind, is written as the whole is."""

import base64
import json
import zlib
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.observation import ObjectSeen
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
    return Observer(SOURCE, cluster=CLUSTER, redactor=REDACTOR, smallest_bytes=0)


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
    None,
)
NODES: Final = ("w-1", "get-token-2", "password", "labels", "w-3")
MEMBERS: Final = ("message", "inputs", "storedTemplates", "token", "apiKey")
views = st.fixed_dictionaries(
    {
        "nodes": st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(VALUES), max_size=2), max_size=4),
        "status": st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(VALUES), max_size=2),
        "spec": st.lists(st.sampled_from(VALUES), max_size=2),
        "annotations": st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(["x", SECRET]), max_size=2),
    }
)


def built(view: dict[str, Any], version: int) -> KubernetesObject:
    nodes = {node_id: a_node(node_id, arguments=values) for node_id, values in view["nodes"].items()}
    return a_workflow(
        nodes,
        version=version,
        annotations={**view["annotations"], "kubectl.kubernetes.io/last-applied-configuration": SECRET},
        spec={"templates": view["spec"]},
        metadata={"managedFields": [{"manager": "m"}]},
        **view["status"],
    )


@settings(deadline=None, max_examples=200)
@given(st.lists(views, min_size=1, max_size=5))
def test_any_sequence_of_views_is_written_as_each_whole_is(several: list[dict[str, Any]]) -> None:
    parts = Parts(REDACTOR)
    for version, view in enumerate(several, start=1):
        item = built(view, version)
        assert parts.canonical(as_sent(item), as_sent(item).members()) == whole(item).body


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


def test_packed_nodes_are_unpacked_part_by_part() -> None:
    observer = an_observer()
    for version in (1, 2):
        item = a_workflow({"n": a_node("n"), "m": a_node("m", message=f"--password={SECRET} {version}")})
        packed = zlib.compress(orjson.dumps(item["status"].pop("nodes")), wbits=31)
        item["status"]["compressedNodes"] = base64.b64encode(packed).decode()
        assert b"compressedNodes" not in observer.observe(as_sent(item), seen_at=RECORDED_AT).body
        assert_equal_views(observer, item)


def test_recorded_objects_are_written_as_each_whole_is(fixtures: Path) -> None:
    observers = {
        source.name: Observer(source, cluster=CLUSTER, redactor=REDACTOR, smallest_bytes=0) for source in all_sources()
    }
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
