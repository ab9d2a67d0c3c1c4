"""Objects with anything in the place of anything: understood or refused, and no harm to those beside them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from copy import deepcopy
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lineage import recorder
from lineage.errors import InvalidObservation
from lineage.facts import Fact, InputRejected
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING, LineageStore, Listing, PageRequest
from lineage.store.database import open_in_memory
from tests.conftest import fixtures_folder
from tests.contract.conftest import Databases
from tests.factories import (
    RECORDED_AT,
    a_node,
    a_pod,
    a_workflow,
    an_inference_service,
    dumped,
    interpreted,
    observed,
)
from tests.task_records import Kept, Port, kept_tasks, told_tasks
from watchers.files import ObjectRead, read
from watchers.observe import find_source
from watchers.sources import all_sources

LARGEST_BASE = 20_000  # bytes: what is changed in an object of megabytes is rarely what is read
DEEPEST = 9  # steps into an object: what is read lies there
FOLDERS = ("argo-plain", "argo-pods", "kfp-v1-runtime", "kfp-v2-synthetic", "kserve")
UNCHANGED = ("apiVersion", "kind")
many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
some = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))  # a store takes 0.2 s to make
few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))

Steps = tuple[str | int, ...]

LONG = "".join(map(chr, range(33, 127))) * 32  # 3,008 characters: no index of PostgreSQL takes more than 2,704 bytes
texts = st.one_of(
    st.text(max_size=6),
    st.sampled_from([
        "", "\0", "a\0b", LONG, "w", "w-1000001", "9" * 400, "x(1)", f"x({'9' * 5000})", "http://[", "http://h:99999/",
        "0001-01-01T00:00:00Z", "0002-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00",
        "2016-12-31T23:59:60Z", "1900-01-01T00:00:00+23:59", "-1", "1e9", "Succeeded", "unreadable: x",
    ]),
)  # fmt: skip
numbers = st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def a_task_with_everything() -> Kept:
    scores = Port(uri="minio://b/scores", type="system.Metrics", said={"accuracy": 0.5})
    model = Port(uri="minio://b/model", type="system.Model", said={"shape": [3], "of": {"a": 1}, "is_final": True})
    ports = {"scores": [scores], "models": [model, model]}
    given = {"rate": 0.1, "names": ["a"], "more": {"b": 1.0}}
    return Kept(
        id=1, name="t", state="CACHED", turn=2, given=given, came=given, reads=ports, writes=ports, taken_from=7
    )


def own_objects() -> list[dict[str, Any]]:
    """Objects with something in most members that are read."""
    first = a_node("w.a", 10, 20, reads=["in"], writes=["out"], children=["w-2"], templateName="t", message="m")
    first["inputs"]["parameters"] = first["outputs"]["parameters"] = [{"name": "p", "value": "v"}]
    second = a_node("w.b", 21, None, "Running", kind="Retry", reads=["out"], resourcesDuration={"cpu": 1})
    return [
        a_workflow(
            {"w-1000001": first, "w-2": second},
            spec={"templates": [{"name": "t"}], "arguments": {"parameters": [{"name": "p", "value": "1"}]}},
            labels={"pipeline/runid": "r"},
            annotations={"kfp-lineage/experiment": "e"},
            metadata={"generateName": "w-"},
        ),
        a_workflow({"v": a_node("v", 30, 40, writes=["in"])}, uid="u2", name="v"),
        a_pod(end=20),
        kept_tasks(a_task_with_everything(), run="r"),
        told_tasks(a_task_with_everything(), run="r"),
        an_inference_service(
            "s3:///in", born=50, written_at=60, ready_at=70, revision="r1", traffic={"r1": 90, "r0": 10}
        ),
    ]


@cache
def bases() -> Sequence[dict[str, Any]]:
    """Our own objects, and recorded ones where there are some."""
    folders = [str(fixtures_folder() / name) for name in FOLDERS if (fixtures_folder() / name).is_dir()]
    found = (one.item for one in read(folders, standard_input=BytesIO()) if isinstance(one, ObjectRead))
    real = [one for one in found if find_source(one, all_sources()) and len(json.dumps(one)) < LARGEST_BASE]
    return [*own_objects() * max(1, len(real) // 3), *real]


def places(value: object, steps: Steps = ()) -> Iterator[Steps]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        if steps or name not in UNCHANGED:
            yield (*steps, name)
            if len(steps) < DEEPEST:
                yield from places(member, (*steps, name))


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, Any]:
    """An object in which something was replaced, deleted, doubled or wrapped."""
    item: dict[str, Any] = deepcopy(draw(st.sampled_from(bases())))
    for _ in range(draw(st.integers(1, 3))):
        if not (everywhere := list(places(item))):
            break
        steps = draw(st.sampled_from(everywhere))
        holder: Any = item
        for step in steps[:-1]:
            holder = holder[step]
        last: Any = steps[-1]
        match draw(st.sampled_from(["replace", "replace", "delete", "double", "wrap"])):
            case "replace":
                holder[last] = draw(values)
            case "delete":
                del holder[last]
            case "double" if isinstance(holder, list):
                holder.append(deepcopy(holder[last]))
            case "double":
                holder[draw(texts)] = deepcopy(holder[last])
            case _:
                holder[last] = draw(st.sampled_from([[holder[last]], {"x": holder[last]}]))
    return item


def sighting(item: dict[str, Any]) -> ObjectSeen:
    assume(find_source(item, all_sources()))
    try:
        return observed(item)
    except InvalidObservation:
        assume(False)
        raise


def said(*items: dict[str, Any]) -> list[Sequence[Fact]]:
    return [recorder.facts_of(sighting(item), interpreted) for item in items]


def knowledge(store: LineageStore, *statements: Sequence[Fact]) -> list[bytes]:
    store.apply([fact for several in statements for fact in several], recorded_at=RECORDED_AT)
    return dumped(store)


def is_rejection(facts: Sequence[Fact]) -> bool:
    return any(isinstance(fact, InputRejected) for fact in facts)


@many
@given(mutants())
def test_an_object_is_understood_or_refused_with_a_reason(item: dict[str, Any]) -> None:
    (facts,) = said(item)
    reasons = [fact.reason for fact in facts if isinstance(fact, InputRejected)]
    assert not any("a defect" in reason for reason in reasons)


@some
@given(st.lists(mutants(), min_size=5, max_size=10))
def test_objects_that_are_refused_do_no_harm_to_those_beside_them(items: list[dict[str, Any]]) -> None:
    healthy, mutated = said(*own_objects()), said(*items)
    accepted = [facts for facts in mutated if not is_rejection(facts)]
    with closing(open_in_memory()) as store, closing(open_in_memory()) as other:
        assert knowledge(store, *mutated, *healthy) == knowledge(other, *accepted, *healthy)
        refused = {(f.digest, f.reason) for facts in mutated for f in facts if isinstance(f, InputRejected)}
        page = store.rejected(EVERYTHING, Listing(), PageRequest(first=20))
        assert {(one.digest, one.reason.replace("\0", "\ufffd")) for one in page.items} == {
            (digest, reason.replace("\0", "\ufffd")) for digest, reason in refused
        }


@pytest.fixture
def on_postgresql(databases: Databases) -> Iterator[Databases]:
    """Stores on PostgreSQL, beside those in memory."""
    yield databases
    databases.take_back()


@few
@given(st.lists(mutants(), min_size=10, max_size=20))
def test_every_database_takes_whatever_an_object_holds_and_knows_the_same(
    on_postgresql: Databases, items: list[dict[str, Any]]
) -> None:
    statements = said(*items, *own_objects())
    with closing(open_in_memory()) as store:
        assert knowledge(on_postgresql.make(), *statements) == knowledge(store, *statements)
    on_postgresql.take_back()
