"""Views that come fast are dropped only where the next one stands for them, and none is held for long."""

import random
from collections.abc import Sequence
from typing import Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.observation import ObjectDeleted, ObjectSeen, Observation, ResourceListed
from tests.factories import RECORDED_AT, KubernetesObject, a_node, a_store, a_workflow, dumped, observed
from tests.simulation import play, watch
from watchers.coalescing import Coalescer, View
from watchers.sent import Reader
from watchers.sources import all_sources
from watchers.sources.argo_workflow import SOURCE

FIRST: Final = a_node("a", 10)
SECOND: Final = a_node("b", 20)


def a_view(item: KubernetesObject) -> View:
    return View(sent=Reader(SOURCE.resource, SOURCE.head).item(orjson.dumps(item)), seen_at=RECORDED_AT)


def version(view: View) -> int:
    return int(view.sent.resource_version)


def offered(*items: KubernetesObject, coalescer: Coalescer | None = None) -> list[int]:
    """Offer views at one moment, hand on what is due, then what is left; say in which order versions came."""
    coalescer = coalescer or Coalescer()
    handed: list[int] = []
    for item in items:
        for view in coalescer.offer(a_view(item), 0.0):
            handed.append(version(view))
            coalescer.handed(view, 0.0)
    return [*handed, *map(version, coalescer.everything())]


def test_the_first_view_is_handed_on_at_once_and_of_the_others_the_last() -> None:
    assert offered(*(a_workflow({"a": FIRST}, version=number) for number in (1, 2, 3, 4))) == [1, 4]


def test_a_view_that_names_an_attempt_that_the_next_one_lacks_is_handed_on() -> None:
    retried = a_node("a", 30)
    views = (
        a_workflow({"a": FIRST}, version=1),
        a_workflow({"a": FIRST, "b": SECOND}, version=2),
        a_workflow({"a": retried, "b": SECOND}, version=3),
        a_workflow({"a": retried, "b": SECOND}, version=4),
    )
    assert offered(*views) == [1, 2, 4]


@pytest.mark.parametrize("status", [{"offloadNodeStatusVersion": "fnv:1"}, {"compressedNodes": "?"}, {"nodes": "?"}])
def test_a_view_whose_nodes_cannot_be_read_stands_for_none(status: dict[str, str]) -> None:
    views = [a_workflow({"a": FIRST}, version=number) for number in (1, 2, 3)]
    del views[2]["status"]["nodes"]
    views[2]["status"] |= status
    assert offered(*views) == [1, 2, 3]


def test_an_earlier_version_stands_for_none() -> None:
    assert offered(*(a_workflow({}, version=number) for number in (1, 9, 5))) == [1, 9, 5]


def test_what_waited_for_the_interval_is_due() -> None:
    coalescer = Coalescer(interval_seconds=1.0)
    assert offered(a_workflow({}, version=1), a_workflow({}, version=2), coalescer=coalescer) == [1, 2]
    assert coalescer.due(0.9) == []
    assert list(map(version, coalescer.due(1.0))) == [2]


def test_what_was_not_handed_on_stays_due() -> None:
    coalescer = Coalescer()
    first = coalescer.offer(a_view(a_workflow({}, version=1)), 0.0)
    assert coalescer.due(0.0) == first


def test_beyond_the_bound_nothing_waits() -> None:
    coalescer = Coalescer(max_bytes=1)
    assert offered(*(a_workflow({}, version=number) for number in (1, 2, 3)), coalescer=coalescer) == [1, 2, 3]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 60), st.integers(0, 5), st.sampled_from([0.0, 0.4, 3.0, 1000.0]))
def test_the_store_knows_the_same_whatever_was_dropped(seed: int, gaps: int, seconds: float) -> None:
    everything = watch(play(seed), seed, gaps=gaps / 20)
    kept = coalesced(everything, random.Random(seed), seconds)
    assert dumped(a_store(*kept)) == dumped(a_store(*everything))


def coalesced(observations: Sequence[Observation], chance: random.Random, seconds: float) -> list[Observation]:
    """What is left of observations that come so many seconds apart at most, as a watcher hands them on."""
    coalescers = {source.name: Coalescer() for source in all_sources()}
    kept: list[Observation] = []
    now = 0.0

    def hand_on(coalescer: Coalescer, views: Sequence[View]) -> None:
        for view in views:
            kept.append(observed(view.sent.object()))
            coalescer.handed(view, now)

    for one in observations:
        coalescer = coalescers[one.source]
        now += chance.uniform(0, 0.002 * seconds)
        match one:
            case ObjectSeen():
                hand_on(coalescer, coalescer.offer(a_view(one.object()), now))
            case ObjectDeleted(uid=uid):
                hand_on(coalescer, coalescer.release(uid))
                kept.append(one)
            case ResourceListed():
                hand_on(coalescer, coalescer.everything())
                kept.append(one)
            case _:
                raise AssertionError(one)
        hand_on(coalescer, coalescer.due(now))
    for coalescer in coalescers.values():
        hand_on(coalescer, coalescer.everything())
    return kept
