"""The protocol of the reflector, against a script: no sockets, no threads, no real time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import orjson
import pytest

from lineage.errors import BadAnswer, ClusterError, HistoryGone, ResourceAbsent, ResourceForbidden
from lineage.model import SourceState
from watchers.reflector import (
    DEFAULT_PACE,
    Backoff,
    Changed,
    Deleted,
    Listed,
    Pace,
    Reached,
    Reflector,
    ReflectorEvent,
    StateChanged,
    refusal,
)
from watchers.source import Resource

WORKFLOWS = Resource(group="argoproj.io", version="v1alpha1", plural="workflows", kind="Workflow")
PODS = Resource(group="", version="v1", plural="pods", kind="Pod")


# ------------------------------------------------------------------------------------------ a scripted server
def an_object(uid: str, version: int) -> dict[str, Any]:
    return {"metadata": {"uid": uid, "name": uid, "resourceVersion": str(version)}}


def a_page(*items: dict[str, Any], version: int, more: str | None = None) -> bytes:
    metadata = {"resourceVersion": str(version)} | ({"continue": more} if more else {})
    return orjson.dumps({"kind": "WorkflowList", "metadata": metadata, "items": list(items)})


def an_event(type_: str, item: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": type_, "object": item})


def an_error(code: int, reason: str) -> bytes:
    return an_event("ERROR", {"kind": "Status", "code": code, "reason": reason, "message": "as scripted"})


GetStep: TypeAlias = bytes | ClusterError
WatchStep: TypeAlias = Sequence[bytes | ClusterError | float] | ClusterError
"""Lines, a break, or seconds that pass."""
Step = TypeVar("Step")


@dataclass
class Clock:
    """Time that passes only when somebody waits."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now


@dataclass
class Script:
    """A transport that answers as written down, and asks to stop at the end. Without `firsts`, the server offers no
    initial events: asked for them, it refuses, and no more is said of that."""

    firsts: list[WatchStep] = field(default_factory=list)
    gets: list[GetStep] = field(default_factory=list)
    watches: list[WatchStep] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    queries: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    closed_streams: int = 0
    over: bool = False

    def get(self, path: str, query: Mapping[str, str]) -> bytes:
        self.queries.append(dict(query))
        self.paths.append(path)
        step = self._next(self.gets)
        if isinstance(step, ClusterError):
            raise step
        return step

    def stream(self, path: str, query: Mapping[str, str]) -> "ScriptedStream":
        is_first = "sendInitialEvents" in query
        if is_first and not self.firsts:
            raise ClusterError("422: sendInitialEvents: Forbidden")
        self.queries.append(dict(query))
        self.paths.append(path)
        step = self._next(self.firsts if is_first else self.watches)
        if isinstance(step, ClusterError):
            raise step
        return ScriptedStream(self, step)

    def close(self) -> None:
        self.over = True

    def _next(self, steps: list[Step]) -> Step | ClusterError:
        if steps:
            return steps.pop(0)
        self.over = True
        return ClusterError("the script is over")

    def wait(self, seconds: float) -> bool:
        if seconds > 0 and not self.over:
            self.clock.waits.append(seconds)
            self.clock.now += seconds
        return self.over


@dataclass
class ScriptedStream:
    script: Script
    steps: Sequence[bytes | ClusterError | float]

    @property
    def sent_after(self) -> float:
        return self.script.clock.now

    def __iter__(self) -> Iterator[bytes]:
        for step in self.steps:
            match step:
                case ClusterError():
                    raise step
                case bytes():
                    yield step
                case _:
                    self.script.clock.now += step

    def close(self) -> None:
        self.script.closed_streams += 1


def longest(_low: float, high: float) -> float:
    return high


def play(
    script: Script,
    *,
    resource: Resource = WORKFLOWS,
    pace: Pace = DEFAULT_PACE,
    uniform: Callable[[float, float], float] = longest,
) -> list[ReflectorEvent]:
    reflector = Reflector(
        script, resource, None, wait=script.wait, uniform=uniform, monotonic=script.clock.monotonic, pace=pace
    )
    return list(reflector.events())


def seen(events: Sequence[ReflectorEvent]) -> list[tuple[str, str]]:
    """What happened to which object, with its version; states left out."""
    told: list[tuple[str, str]] = []
    for event in events:
        match event:
            case Changed():
                told.append((event.sent.uid, event.sent.resource_version))
            case Deleted():
                told.append((event.uid, "deleted"))
            case Listed():
                told.append(("listed " + ",".join(event.uids), event.resource_version))
            case StateChanged() | Reached():
                pass
    return told


def states(events: Sequence[ReflectorEvent]) -> list[SourceState]:
    return [event.state for event in events if isinstance(event, StateChanged)]


# ------------------------------------------------------------------------------------------ listing
def test_a_list_hands_on_each_object_and_then_who_exists() -> None:
    script = Script(gets=[a_page(an_object("a", 3), an_object("b", 5), version=9)])
    assert seen(play(script)) == [("a", "3"), ("b", "5"), ("listed a,b", "9")]


def test_an_object_of_ten_thousand_levels_does_not_hide_the_others_of_its_page_or_watch() -> None:
    deep = '{"metadata": {"uid": "deep", "resourceVersion": "4"}, "spec": ' + "[" * 10_000 + "]" * 10_000 + "}"
    page = a_page({"?": 0}, an_object("b", 5), version=9).replace(b'{"?":0}', deep.encode())
    event = an_event("MODIFIED", {"?": 0}).replace(b'{"?":0}', deep.replace('"4"', '"11"').encode())
    events = play(Script(gets=[page], watches=[[event, an_event("ADDED", an_object("c", 12))]]))
    changed = [event.sent.object()["metadata"]["uid"] for event in events if isinstance(event, Changed)]
    assert changed == ["deep", "b", "deep", "c"]
    assert [event.uids for event in events if isinstance(event, Listed)] == [("deep", "b")]


def test_an_object_of_bytes_that_are_no_utf8_does_not_hide_the_others_of_its_page_or_watch() -> None:
    odd = b'{"metadata": {"uid": "odd", "resourceVersion": "4"}, "spec": "\xff"}'
    page = a_page({"?": 0}, an_object("b", 5), version=9).replace(b'{"?":0}', odd)
    event = an_event("MODIFIED", {"?": 0}).replace(b'{"?":0}', odd.replace(b'"4"', b'"11"'))
    script = Script(gets=[page], watches=[[event, an_event("ADDED", an_object("c", 12))]])
    assert seen(play(script)) == [("odd", "4"), ("b", "5"), ("listed odd,b", "9"), ("odd", "11"), ("c", "12")]


@pytest.mark.parametrize("metadata", ["?", {"uid": 7}, {"uid": "a", "resourceVersion": None}])
def test_an_object_that_does_not_say_which_it_is_is_handed_on_as_it_is(metadata: Any) -> None:
    (changed,) = [e for e in play(Script(gets=[a_page({"metadata": metadata}, version=9)])) if isinstance(e, Changed)]
    assert changed.sent.object()["metadata"] == metadata


def test_an_empty_list_may_be_null() -> None:
    script = Script(gets=[orjson.dumps({"metadata": {"resourceVersion": "9"}, "items": None})])
    assert seen(play(script)) == [("listed ", "9")]


def test_a_long_list_is_read_page_by_page_and_reported_once() -> None:
    script = Script(gets=[a_page(an_object("a", 3), version=9, more="next"), a_page(an_object("b", 5), version=9)])
    events = play(script, pace=Pace(page_size=1))
    assert seen(events) == [("a", "3"), ("b", "5"), ("listed a,b", "9")]
    assert [query.get("continue") for query in script.queries[:2]] == [None, "next"]
    assert [query.get("limit") for query in script.queries[:2]] == ["1", "1"]


def test_a_page_that_expired_leads_to_one_list_without_pages() -> None:
    script = Script(
        gets=[
            a_page(an_object("a", 3), an_object("gone", 4), version=9, more="next"),
            HistoryGone("410"),
            a_page(an_object("a", 3), an_object("b", 11), version=12),
        ]
    )
    events = play(script)
    assert script.queries[2] == {}
    assert seen(events) == [("a", "3"), ("gone", "4"), ("b", "11"), ("listed a,b", "12")]


def test_a_list_that_breaks_off_reports_nobody_as_listed() -> None:
    script = Script(gets=[a_page(an_object("a", 3), version=9, more="next"), ClusterError("cut")])
    assert seen(play(script)) == [("a", "3")]


def test_what_was_handed_on_before_a_list_broke_off_is_not_handed_on_again() -> None:
    script = Script(
        gets=[
            a_page(an_object("a", 3), version=9, more="next"),
            ClusterError("cut"),
            a_page(an_object("a", 3), an_object("b", 5), version=9),
        ]
    )
    assert seen(play(script)) == [("a", "3"), ("b", "5"), ("listed a,b", "9")]


def test_the_items_of_a_list_get_the_type_that_the_server_leaves_out() -> None:
    (changed,) = [
        e for e in play(Script(gets=[a_page(an_object("a", 3), version=9)]), resource=PODS) if isinstance(e, Changed)
    ]
    assert (changed.sent.object()["apiVersion"], changed.sent.object()["kind"]) == ("v1", "Pod")


def test_a_type_that_the_server_names_is_kept() -> None:
    item = an_object("a", 3) | {"apiVersion": "argoproj.io/v2", "kind": "Workflow"}
    (changed,) = [e for e in play(Script(gets=[a_page(item, version=9)])) if isinstance(e, Changed)]
    assert changed.sent.object()["apiVersion"] == "argoproj.io/v2"


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"metadata": {"resourceVersion": "1"}, "items": [1]}'])
def test_an_answer_that_is_no_list_is_trouble_and_no_list(answer: bytes) -> None:
    events = play(Script(gets=[answer]))
    assert seen(events) == []
    assert SourceState.WAITING in states(events)


# ------------------------------------------------------------------------------------------ watching
def test_a_watch_starts_where_the_list_ended_and_asks_for_bookmarks() -> None:
    script = Script(gets=[a_page(version=9)], watches=[[2.0]])
    play(script)
    assert script.queries[1] == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "9",
        "timeoutSeconds": "600",
    }


def test_a_watch_hands_on_changes_and_deletions() -> None:
    lines = [
        an_event("ADDED", an_object("a", 10)),
        an_event("MODIFIED", an_object("a", 11)),
        an_event("DELETED", an_object("a", 12)),
    ]
    script = Script(gets=[a_page(version=9)], watches=[lines])
    assert seen(play(script)) == [("listed ", "9"), ("a", "10"), ("a", "11"), ("a", "deleted")]


def test_an_ended_watch_is_resumed_at_once_behind_its_last_event() -> None:
    script = Script(gets=[a_page(version=9)], watches=[[an_event("ADDED", an_object("a", 10))], [2.0]])
    play(script)
    assert [query["resourceVersion"] for query in script.queries[1:3]] == ["9", "10"]
    assert script.clock.waits == []


def test_a_bookmark_moves_the_position_and_is_no_event() -> None:
    bookmark = an_event("BOOKMARK", {"kind": "Workflow", "metadata": {"resourceVersion": "40"}})
    script = Script(gets=[a_page(version=9)], watches=[[bookmark], [2.0]])
    events = play(script)
    assert script.queries[2]["resourceVersion"] == "40"
    assert seen(events) == [("listed ", "9")]


def test_a_silent_watch_that_ends_is_resumed_at_the_same_position() -> None:
    script = Script(gets=[a_page(version=9)], watches=[[300.0], [300.0]])
    play(script)
    assert [query["resourceVersion"] for query in script.queries[1:4]] == ["9", "9", "9"]
    assert script.clock.waits == []


def test_five_watches_in_a_row_that_brought_nothing_are_followed_by_a_list() -> None:
    bookmark = an_event("BOOKMARK", {"kind": "Workflow", "metadata": {"resourceVersion": "9"}})
    quiet: WatchStep = [300.0]
    script = Script(gets=[a_page(version=9), a_page(version=4)], watches=[quiet] * 4 + [[bookmark]] + [quiet] * 5)
    play(script)
    assert ["watch" in query for query in script.queries[:12]] == [False] + [True] * 10 + [False]
    assert script.queries[12]["resourceVersion"] == "4"


def test_a_list_that_shows_all_as_it_was_is_no_gap_and_the_watch_goes_on_where_it_stood() -> None:
    quiet: WatchStep = [300.0]
    pages: list[GetStep] = [a_page(an_object("a", 3), version=9), a_page(an_object("a", 3), version=700)]
    script = Script(gets=pages, watches=[*[quiet] * 5, [an_event("ADDED", an_object("b", 710))]])
    events = play(script)
    assert script.queries[7]["resourceVersion"] == "9"
    assert seen(events) == [("a", "3"), ("listed a", "9"), ("b", "710")]
    assert reached(events) == [("9", "710", 2)]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(a_page(version=700), id="gone"),
        pytest.param(a_page(an_object("a", 4), version=700), id="changed"),
        pytest.param(a_page(an_object("a", 3), version=8), id="another history"),
    ],
)
def test_a_list_that_shows_what_nobody_told_of_begins_anew(page: bytes) -> None:
    script = Script(gets=[a_page(an_object("a", 3), version=9), page], watches=[[300.0]] * 5)
    _, second = (event for event in play(script) if isinstance(event, Listed))
    assert second.reason == "nothing was heard for long"
    assert script.queries[-1]["resourceVersion"] == second.resource_version


def test_a_watch_that_ends_at_once_and_empty_is_not_asked_again_at_once() -> None:
    script = Script(gets=[a_page(version=9)], watches=[[], [], []])
    play(script)
    assert [round(wait, 1) for wait in script.clock.waits] == [0.8, 1.6, 3.2]


def test_a_broken_watch_is_resumed_after_a_pause_without_a_list() -> None:
    script = Script(
        gets=[a_page(version=9)],
        watches=[
            [an_event("ADDED", an_object("a", 10)), ClusterError("cut")],
            [an_event("ADDED", an_object("b", 11))],
        ],
    )
    events = play(script)
    assert seen(events) == [("listed ", "9"), ("a", "10"), ("b", "11")]
    assert script.queries[2]["resourceVersion"] == "10"
    assert states(events) == [
        SourceState.SYNCING,
        SourceState.SYNCED,
        SourceState.WAITING,
        SourceState.SYNCED,
    ]


def test_what_was_seen_already_is_not_handed_on_again() -> None:
    script = Script(
        gets=[a_page(an_object("a", 3), version=9)],
        watches=[[an_event("MODIFIED", an_object("a", 3)), an_event("MODIFIED", an_object("a", 10))]],
    )
    assert seen(play(script)) == [("a", "3"), ("listed a", "9"), ("a", "10")]


def test_every_stream_is_closed() -> None:
    script = Script(gets=[a_page(version=9)], watches=[[2.0], [ClusterError("cut")], [an_error(500, "InternalError")]])
    play(script)
    assert script.closed_streams == 3


# ------------------------------------------------------------------------------------------ initial events
def all_there_is(version: int) -> bytes:
    annotations = {"k8s.io/initial-events-end": "true"}
    metadata = {"resourceVersion": str(version), "annotations": annotations}
    return an_event("BOOKMARK", {"kind": "Workflow", "metadata": metadata})


def test_a_server_that_offers_it_sends_all_objects_and_what_follows_in_one_watch() -> None:
    first = [
        an_event("ADDED", an_object("a", 3)),
        an_event("ADDED", an_object("b", 5)),
        all_there_is(9),
        an_event("MODIFIED", an_object("a", 10)),
    ]
    script = Script(firsts=[first], watches=[[2.0]])
    events = play(script)
    assert seen(events) == [("a", "3"), ("b", "5"), ("listed a,b", "9"), ("a", "10")]
    assert script.queries[0] == {
        "watch": "true",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "600",
    }
    assert script.queries[1]["resourceVersion"] == "10"
    assert states(events) == [SourceState.SYNCING, SourceState.SYNCED]


def test_what_goes_while_all_objects_come_is_not_listed() -> None:
    first = [
        an_event("ADDED", an_object("a", 3)),
        an_event("BOOKMARK", {"metadata": {"resourceVersion": "4"}}),
        an_event("DELETED", an_object("a", 5)),
        all_there_is(9),
    ]
    assert seen(play(Script(firsts=[first]))) == [("a", "3"), ("a", "deleted"), ("listed ", "9")]


@pytest.mark.parametrize(
    "first",
    [
        pytest.param([an_event("ADDED", an_object("a", 3)), ClusterError("cut")], id="cut"),
        pytest.param([an_event("ADDED", an_object("a", 3))], id="ended"),
        pytest.param([an_event("ADDED", an_object("a", 3)), an_error(500, "InternalError")], id="an error in between"),
        pytest.param([an_event("ADDED", an_object("a", 3)), an_error(410, "Expired")], id="gone in between"),
        pytest.param([an_event("ADDED", an_object("a", 3)), b"<html>"], id="no event"),
    ],
)
def test_initial_events_that_break_off_are_followed_by_a_list_at_once(first: WatchStep) -> None:
    script = Script(firsts=[first], gets=[a_page(an_object("a", 3), an_object("b", 5), version=9)], watches=[[2.0]])
    events = play(script)
    assert seen(events) == [("a", "3"), ("b", "5"), ("listed a,b", "9")]
    assert states(events) == [SourceState.SYNCING, SourceState.SYNCED]
    assert script.clock.waits == []


def test_a_server_that_failed_to_send_all_objects_is_asked_for_pages_from_then_on() -> None:
    script = Script(firsts=[[ClusterError("cut")], []], gets=[a_page(version=9)] * 2, watches=[HistoryGone("410")])
    play(script)
    assert sum("sendInitialEvents" in query for query in script.queries) == 1


def test_who_may_not_watch_is_not_asked_to_list() -> None:
    script = Script(firsts=[ResourceForbidden("403")])
    assert SourceState.FORBIDDEN in states(play(script))
    assert script.queries[0]["sendInitialEvents"] == "true"
    assert len(script.clock.waits) == 1


def test_history_that_is_gone_after_all_objects_came_is_asked_for_in_the_same_way() -> None:
    first = [an_event("ADDED", an_object("a", 3)), all_there_is(9), an_event("ADDED", an_object("b", 10))]
    again = [an_event("ADDED", an_object("b", 10)), all_there_is(20)]
    script = Script(firsts=[[*first, an_error(410, "Expired")], again])
    assert seen(play(script)) == [("a", "3"), ("listed a", "9"), ("b", "10"), ("listed b", "20")]


# ------------------------------------------------------------------------------------------ how far it has come
def reached(events: Sequence[ReflectorEvent]) -> list[tuple[str, str, int]]:
    return [(event.since, event.resource_version, event.objects) for event in events if isinstance(event, Reached)]


def a_bookmark(version: int) -> bytes:
    return an_event("BOOKMARK", {"kind": "Workflow", "metadata": {"resourceVersion": str(version)}})


def test_each_bookmark_says_how_far_the_watch_has_come_and_how_much_exists() -> None:
    lines = [an_event("ADDED", an_object("b", 10)), an_event("DELETED", an_object("a", 11)), a_bookmark(40)]
    script = Script(gets=[a_page(an_object("a", 3), an_object("c", 4), version=9)], watches=[[*lines, a_bookmark(40)]])
    assert reached(play(script)) == [("9", "40", 2)] * 2


def test_while_much_happens_it_is_told_now_and_then() -> None:
    lines: list[bytes | ClusterError | float] = []
    for version in range(10, 30):
        lines += [an_event("MODIFIED", an_object("a", version)), 3.0]
    events = play(Script(gets=[a_page(version=9)], watches=[lines]))
    assert [until for _, until, _ in reached(events)] == ["14", "18", "22", "26", "29"]


def test_before_history_is_given_up_it_is_told_how_far_the_watch_had_come() -> None:
    lines = [an_event("ADDED", an_object("a", 10)), an_error(410, "Expired")]
    events = play(Script(gets=[a_page(version=9), a_page(version=20)], watches=[lines]))
    assert [type(event) for event in events if isinstance(event, Reached | Listed)] == [Listed, Reached, Listed]
    assert reached(events) == [("9", "10", 1)]


def test_a_connection_that_broke_is_no_gap() -> None:
    watches: list[WatchStep] = [[a_bookmark(10), ClusterError("cut")], [a_bookmark(30)]]
    assert reached(play(Script(gets=[a_page(version=9)], watches=watches))) == [("9", "10", 0), ("9", "30", 0)]


def test_a_list_tells_versions_and_ages_and_why_it_was_needed() -> None:
    old, new = an_object("a", 3), an_object("b", 5)
    old["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    new["metadata"]["creationTimestamp"] = "yesterday"
    script = Script(
        gets=[a_page(version=1), a_page(old, new, version=9)],
        watches=[ResourceForbidden("403: no"), HistoryGone("410")],
    )
    first, second = (event for event in play(script) if isinstance(event, Listed))
    assert (first.reason, second.reason) == (None, "403: no; then 410")
    assert (second.versions, second.born) == (("3", "5"), (1767225600, 0))


# ------------------------------------------------------------------------------------------ gaps
@pytest.mark.parametrize(
    "gone",
    [
        pytest.param([an_event("ADDED", an_object("c", 10)), an_error(410, "Expired")], id="event"),
        pytest.param([an_event("ADDED", an_object("c", 10)), an_error(500, "Gone")], id="event by its reason"),
    ],
)
def test_history_gone_leads_to_a_list_at_once(gone: WatchStep) -> None:
    script = Script(
        gets=[
            a_page(an_object("a", 3), an_object("b", 5), version=9),
            a_page(an_object("b", 7), an_object("c", 10), version=20),
        ],
        watches=[gone, [2.0]],
    )
    events = play(script)
    assert seen(events) == [("a", "3"), ("b", "5"), ("listed a,b", "9"), ("c", "10"), ("b", "7"), ("listed b,c", "20")]
    assert script.clock.waits == []
    assert script.queries[3]["resourceVersion"] == "20"


def test_history_gone_as_a_status_leads_to_a_list() -> None:
    script = Script(
        gets=[a_page(version=9), a_page(version=20)],
        watches=[[an_event("ADDED", an_object("a", 10))], HistoryGone("410"), [2.0]],
    )
    play(script)
    assert script.queries[4]["resourceVersion"] == "20"
    assert script.clock.waits == []


def test_history_that_is_gone_again_and_again_is_not_asked_for_in_a_hot_loop() -> None:
    script = Script(gets=[a_page(version=9)] * 4, watches=[HistoryGone("410")] * 4)
    play(script)
    assert [round(wait, 1) for wait in script.clock.waits] == [0.8, 1.6, 3.2, 6.4]


def test_an_object_made_again_under_its_name_is_another_object() -> None:
    script = Script(
        gets=[a_page(an_object("old", 3), version=9), a_page(an_object("new", 12), version=20)],
        watches=[HistoryGone("410")],
    )
    assert seen(play(script)) == [("old", "3"), ("listed old", "9"), ("new", "12"), ("listed new", "20")]


# ------------------------------------------------------------------------------------------ trouble
@pytest.mark.parametrize(
    ("error", "state", "longest_waits"),
    [
        (ClusterError("nobody answers"), SourceState.WAITING, [30, 30, 30, 30]),
        (ResourceForbidden("403"), SourceState.FORBIDDEN, [30, 30, 30, 30]),
        (ResourceAbsent("404"), SourceState.ABSENT, [51.2, 102.4, 204.8, 300]),
    ],
)
def test_trouble_is_told_once_and_retried_ever_more_slowly(
    error: ClusterError, state: SourceState, longest_waits: list[float]
) -> None:
    script = Script(gets=[*[error] * 10, a_page(version=9)], watches=[[2.0]])
    events = play(script)
    assert states(events) == [SourceState.SYNCING, state, SourceState.SYNCED]
    assert [round(wait, 1) for wait in script.clock.waits] == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, *longest_waits]


def test_a_server_that_denies_for_a_moment_what_it_has_is_asked_again_soon_however_long_it_was_away() -> None:
    away = [ClusterError("nobody answers")] * 8
    script = Script(gets=[*away, ResourceAbsent("404"), a_page(version=9)], watches=[[2.0]])
    play(script)
    assert [round(wait, 1) for wait in script.clock.waits][-2:] == [30, 0.8]


@pytest.mark.parametrize(("wish", "waited"), [(0.5, 0.8), (7.0, 7.0), (86400.0, 300.0)])
def test_a_server_that_asks_to_be_left_alone_is_left_alone_within_reason(wish: float, waited: float) -> None:
    busy = refusal(429, "Too Many Requests", retry_after_seconds=wish)
    script = Script(gets=[busy, a_page(version=9)], watches=[[2.0]])
    play(script)
    assert [round(wait, 1) for wait in script.clock.waits] == [waited]


def test_progress_makes_the_pauses_short_again() -> None:
    cut = ClusterError("cut")
    script = Script(
        gets=[a_page(version=9)],
        watches=[[cut], [cut], [an_event("ADDED", an_object("a", 10)), cut], [cut]],
    )
    play(script)
    assert [round(wait, 1) for wait in script.clock.waits] == [0.8, 1.6, 0.8, 1.6]


def test_a_resource_that_is_absent_for_a_while_is_resumed_where_it_was_left() -> None:
    script = Script(
        gets=[a_page(an_object("a", 3), version=9)],
        watches=[ResourceAbsent("404"), [an_event("DELETED", an_object("a", 10))]],
    )
    events = play(script)
    assert seen(events) == [("a", "3"), ("listed a", "9"), ("a", "deleted")]
    assert states(events) == [SourceState.SYNCING, SourceState.ABSENT, SourceState.SYNCED]


JOBS = Resource(group="kubeflow.org", version="v1", plural="mpijobs", kind="MPIJob", other_versions=("v2beta1",))
FIRST, SECOND = JOBS.paths()


def test_a_resource_that_is_served_in_another_version_is_found_at_once_and_stays_there() -> None:
    script = Script(gets=[ResourceAbsent("404"), a_page(an_object("a", 3), version=9)], watches=[[2.0]])
    events = play(script, resource=JOBS)
    assert states(events) == [SourceState.SYNCING, SourceState.SYNCED]
    assert seen(events) == [("a", "3"), ("listed a", "9")]
    assert (script.paths[:3], script.clock.waits) == ([FIRST, SECOND, SECOND], [])


def test_a_resource_that_is_served_in_no_version_is_absent_and_asked_for_in_each_again() -> None:
    script = Script(gets=[*[ResourceAbsent("404")] * 4, a_page(version=9)], watches=[[2.0]])
    events = play(script, resource=JOBS)
    assert states(events) == [SourceState.SYNCING, SourceState.ABSENT, SourceState.SYNCED]
    assert script.paths[:5] == [FIRST, SECOND, FIRST, SECOND, FIRST]
    assert [round(wait, 1) for wait in script.clock.waits] == [0.8, 1.6]


def test_a_resource_whose_version_is_taken_away_is_resumed_where_it_was_left_in_the_other() -> None:
    script = Script(
        gets=[a_page(an_object("a", 3), version=9)],
        watches=[ResourceAbsent("404"), [an_event("DELETED", an_object("a", 10))]],
    )
    events = play(script, resource=JOBS)
    assert seen(events) == [("a", "3"), ("listed a", "9"), ("a", "deleted")]
    assert states(events) == [SourceState.SYNCING, SourceState.SYNCED]
    assert script.paths[:3] == [FIRST, FIRST, SECOND]


def test_a_position_that_fails_again_and_again_is_given_up() -> None:
    too_large = refusal(504, "Too large resource version")
    script = Script(gets=[a_page(version=900), a_page(version=20)], watches=[*[too_large] * 5, [2.0]])
    play(script)
    assert script.queries[-1]["resourceVersion"] == "20"


@pytest.mark.parametrize("error", [ClusterError("nobody answers"), refusal(401, "expired"), refusal(503, "starting")])
def test_a_server_that_was_away_for_long_is_resumed_where_it_was_left(error: ClusterError) -> None:
    script = Script(gets=[a_page(version=9)], watches=[*[error] * 50, [an_event("ADDED", an_object("a", 10))]])
    assert seen(play(script)) == [("listed ", "9"), ("a", "10")]


def test_the_pauses_of_several_reflectors_spread_out() -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    script = Script(gets=[ClusterError("down")])
    play(script, uniform=uniform)
    assert drawn[-1] == (0.5, 1.0)
    assert script.clock.waits == [0.4]


def test_nothing_is_told_after_the_stop() -> None:
    script = Script(gets=[a_page(version=9)], watches=[[2.0]])
    assert states(play(script)) == [SourceState.SYNCING, SourceState.SYNCED]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (404, ResourceAbsent),
        (403, ResourceForbidden),
        (410, HistoryGone),
        (401, ClusterError),
        (503, ClusterError),
        (500, BadAnswer),
    ],
)
def test_a_refusal_means_what_its_status_says(code: int, error: type[ClusterError]) -> None:
    assert type(refusal(code, "so")) is error


def test_delays_double_up_to_their_limit() -> None:
    backoff = Backoff(first_seconds=1.0, longest_seconds=5.0, uniform=longest)
    delays = [backoff.next() for _ in range(5)]
    assert delays == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert all(later >= earlier for earlier, later in pairwise(delays))
