"""The rules between views and between subjects, as pure functions."""

import random
from collections.abc import Sequence
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.facts import ExecutionState, Fact, ObjectKept, PodSeen, Read, Revision, RunSeen, Write, sortable
from lineage.identity import Location
from lineage.merge import (
    OPEN,
    SKEW_SECONDS,
    Answer,
    Attempt,
    Candidate,
    History,
    Reader,
    Span,
    State,
    answer,
    attempt_of_pod,
    current,
    ports,
    span,
    standing,
    timeline,
)
from lineage.model import ArtifactRole, Phase
from tests.factories import a_node, a_pod, a_workflow, facts_of
from tests.orders import Pairs

seconds = st.integers(0, 60)


# ------------------------------------------------------------------------------------------ views
def revision(
    kind: Literal["K", "R"] = "K", *, born: int = 0, uid: str = "u", latest: int = 0, ended: bool = False
) -> Revision:
    return Revision(
        kind=kind, life=f"{sortable(born)} {uid}", version=sortable(1), digest="d", latest=latest, ended=ended
    )


def test_the_only_view_counts() -> None:
    assert current(revision("K"), None) == "K"
    assert current(None, revision("R")) == "R"


@pytest.mark.parametrize("reverse", [False, True])
def test_the_newest_view_of_a_subject_stands_for_the_older_ones(*, reverse: bool) -> None:
    views = [
        a_workflow({"w-1": a_node("w.a", 10, None, "Running")}, version=1),
        a_workflow({"w-1": a_node("w.a", 10, 20)}, version=2),
        a_pod(version=3),
        a_pod(version=4, end=20),
    ]
    facts = facts_of(*(reversed(views) if reverse else views))
    stood_for = [fact for number, fact in enumerate(facts) if standing(facts)[number] != number]
    assert {versioned(fact) for fact in stood_for} == {"0011", "0013"}
    assert len(stood_for) == 4  # what they say, and that the objects looked so


def test_a_view_that_alone_names_an_attempt_stands_for_itself() -> None:
    """A manual retry deletes nodes: the newest view says nothing of them."""
    failed, again = a_node("w.a", 10, 20, "Failed"), a_node("w.b", 30, 40)
    facts = facts_of(a_workflow({"w-1": failed}, version=1), a_workflow({"w-2": again}, version=2))
    runs = [number for number, fact in enumerate(facts) if isinstance(fact, RunSeen)]
    assert [standing(facts)[number] for number in runs] == runs


def test_a_view_that_shows_no_nodes_does_not_stand_for_one_that_does() -> None:
    offloaded = a_workflow(version=2, offloadNodeStatusVersion="fnv:1")
    facts = facts_of(a_workflow({"w-1": a_node("w.a", 10, 20)}, version=1), offloaded)
    assert standing(facts)[0] == 0
    assert standing([*reversed(facts)])[-1] == len(facts) - 1


@pytest.mark.parametrize(
    "other", [{"uid": "u2"}, {"labels": {"pipeline/runid": "r"}}, {"metadata": {"generateName": "g-"}}]
)
def test_views_of_different_subjects_stand_for_themselves(other: dict[str, Any]) -> None:
    facts = facts_of(a_workflow(version=1), a_workflow(version=2, **other))
    first, second = (number for number, fact in enumerate(facts) if isinstance(fact, RunSeen))
    assert (standing(facts)[first], standing(facts)[second]) == (first, second)


def versioned(fact: Fact) -> str:
    assert isinstance(fact, RunSeen | PodSeen | ObjectKept)
    return fact.revision.version


def test_a_view_with_a_resource_version_counts_over_one_without() -> None:
    assert current(revision("K"), revision("R", latest=90)) == "K"
    assert current(revision("K", ended=True), revision("R", latest=90, ended=True)) == "K"


def test_a_view_that_alone_knows_the_end_counts_unless_it_is_older() -> None:
    live = revision("K", latest=50)
    assert current(live, revision("R", latest=50, ended=True)) == "R"
    assert current(live, revision("R", latest=49, ended=True)) == "K"


@pytest.mark.parametrize(("born", "uid", "expected"), [(9, "u", "R"), (1, "v", "R"), (0, "u", "K"), (1, "t", "K")])
def test_a_newer_incarnation_counts_before_anything_else(born: int, uid: str, expected: str) -> None:
    numbered = revision("K", born=1, uid="u", latest=99, ended=expected == "R")
    assert current(numbered, revision("R", born=born, uid=uid, ended=expected == "K", latest=100)) == expected


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers_of_any_length_sort_as_texts(one: int, other: int) -> None:
    assert (sortable(one) < sortable(other)) == (one < other)


# ------------------------------------------------------------------------------------------ pods
def attempts(*spans: tuple[int, int | None]) -> list[Attempt]:
    return [Attempt(id=number, start=start, end=end) for number, (start, end) in enumerate(spans)]


@pytest.mark.parametrize(
    ("spans", "born", "ended", "expected"),
    [
        ([(10, 20)], 10, 20, 0),
        ([(10, 20)], 8, 22, 0),  # two honest clocks
        ([(10, 20)], 7, None, None),
        ([(10, 20)], 23, None, None),
        ([(10, 20)], 12, 23, None),  # it outlived the attempt
        ([(10, None)], 500, None, 0),  # an end that nobody saw
        ([(10, None), (40, None)], 30, None, 0),
        ([(10, None), (40, None)], 41, None, 1),
        ([(10, 11), (12, 30)], 12, 30, 1),
        ([(10, 11), (12, 30)], 11, 11, 1),  # equally near to both starts: the later one
        ([(30, 60)], 20, 33, 0),  # adopted: it lived into the attempt
        ([(30, 60)], 20, 32, None),  # not for long enough to be sure
        ([(30, 60)], 20, None, None),
        ([(30, 35), (40, 60)], 20, 50, 0),  # the first that it lived into
        ([(10, 9)], 10, 11, 0),  # ended before it started, as clocks have it
        ([], 10, 20, None),
    ],
)
def test_a_pod_belongs_to(
    spans: list[tuple[int, int | None]], born: int, ended: int | None, expected: int | None
) -> None:
    found = attempt_of_pod(born, ended, attempts(*spans))
    assert (found.id if found else None) == expected


spans_of_attempts = st.lists(st.tuples(seconds, st.none() | seconds), unique_by=lambda span: span[0], max_size=4)


@given(spans_of_attempts, seconds, st.none() | seconds, st.integers(0, 99))
def test_the_attempt_of_a_pod_does_not_depend_on_their_order_and_was_alive_with_it(
    spans: list[tuple[int, int | None]], born: int, ended: int | None, seed: int
) -> None:
    known = attempts(*spans)
    found = attempt_of_pod(born, ended, known)
    random.Random(seed).shuffle(known)
    assert attempt_of_pod(born, ended, known) == found
    if found is not None and ended is not None:
        assert found.start <= max(ended, born + SKEW_SECONDS) + SKEW_SECONDS


# ------------------------------------------------------------------------------------------ ports
def place(name: str) -> Location:
    return Location(store="", uri=name)


def a_state(*, writes: Sequence[Write] = (), reads: Sequence[Read] = ()) -> ExecutionState:
    return ExecutionState(
        node_id="n",
        started_at=1,
        is_group=False,
        acts=True,
        name="n",
        display_name="n",
        template=None,
        kind="POD",
        phase=Phase.SUCCEEDED,
        message=None,
        attempt=0,
        finished_at=None,
        exit_code=None,
        memoized=False,
        cached_from=None,
        resources=None,
        input_parameters=(),
        output_parameters=(),
        parents=(),
        reads=tuple(reads),
        writes=tuple(writes),
    )


def a_write(name: str, *, reused: bool = False, own: bool = False) -> Write:
    return Write(name=name, location=place(name), reused=reused, own=own)


def test_outputs_were_written_unless_they_were_taken_over() -> None:
    out, old = a_write("out"), a_write("old", reused=True)
    assert ports(a_state(writes=[out, old]), reused=False) == ({"out": out}, {(ArtifactRole.REUSED, "old"): old})


def test_where_the_cache_stood_in_only_what_bears_the_own_name_was_written() -> None:
    out, log = a_write("out"), a_write("log", own=True)
    assert ports(a_state(writes=[out, log]), reused=True) == ({"log": log}, {(ArtifactRole.REUSED, "out"): out})


def test_inputs_were_used() -> None:
    read = Read(name="in", location=place("k"))
    assert ports(a_state(reads=[read]), reused=False) == ({}, {(ArtifactRole.USED, "in"): read})


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(10, 20, (10, 20)), (10, None, (10, OPEN)), (10, 9, (10, 10)), (None, None, (0, OPEN)), (None, 5, (0, 5))],
)
def test_an_attempt_lasts(start: int | None, end: int | None, expected: Span) -> None:
    assert span(start, end) == expected


# ------------------------------------------------------------------------------------------ timelines
def test_a_state_within_one_write_that_stood_at_its_end_is_that_write() -> None:
    found = timeline({1: (10, 20)}, {State(modified_at=18, etag="e"): 40})
    assert (found.recorded, found.outside) == ({1: (18, 18)}, {})


def test_a_state_that_nobody_saw_at_the_end_may_be_anyones() -> None:
    found = timeline({1: (10, 90)}, {State(modified_at=18, etag="e"): 40})
    assert (found.recorded, found.outside) == ({1: (10, 90)}, {"18 e": (18, 18)})


def test_of_several_states_within_a_write_the_newest_is_its_own() -> None:
    looks = {State(modified_at=12, etag="e"): 13, State(modified_at=19, etag="f"): 40}
    found = timeline({1: (10, 20)}, looks)
    assert (found.recorded, found.outside) == ({1: (19, 19)}, {"12 e": (12, 12)})


def test_two_states_of_one_second_cannot_be_told_apart() -> None:
    looks = {State(modified_at=19, etag="e"): 40, State(modified_at=19, etag="f"): 41}
    found = timeline({1: (10, 20)}, looks)
    assert found.recorded == {1: (10, 20)}
    assert set(found.outside) == {"19 e", "19 f"}


def test_a_state_within_two_writes_is_of_neither() -> None:
    found = timeline({1: (10, 20), 2: (15, 25)}, {State(modified_at=18, etag="e"): 40})
    assert (found.recorded, set(found.outside)) == ({1: (10, 20), 2: (15, 25)}, {"18 e"})


def test_a_state_is_named_by_its_version_where_the_bucket_has_versions() -> None:
    assert set(timeline({}, {State(modified_at=18, etag="e", version="v7"): 40}).outside) == {"v7"}


states = st.builds(State, modified_at=seconds, etag=st.sampled_from("ab"))
spans = st.tuples(seconds, seconds).map(lambda ends: (min(ends), max(ends)))


@given(st.dictionaries(st.integers(1, 4), spans), st.dictionaries(states, st.integers(0, 90)))
def test_every_write_and_every_state_is_in_the_timeline_once(writes: dict[int, Span], looks: dict[State, int]) -> None:
    found = timeline(writes, looks)
    assert found.recorded.keys() == writes.keys()
    narrowed = [write for write, when in found.recorded.items() if when != writes[write]]
    assert len(found.outside) + len(narrowed) <= len(looks) <= len(found.outside) + len(writes)
    for write in narrowed:
        low, high = writes[write]
        assert low - SKEW_SECONDS <= found.recorded[write][0] <= high + SKEW_SECONDS


# ------------------------------------------------------------------------------------------ answers
READER, MINE, OTHER = 99, 1, 2


def order(*pairs: tuple[int, int]) -> set[tuple[int, int]]:
    """Which execution is surely before which."""
    return set(pairs)


def asked(when: Span, candidates: Sequence[Candidate], graph: set[tuple[int, int]] | None = None) -> Answer:
    """Ask for one reader, both ways: they must agree."""
    known = Pairs(graph or set())
    reader = Reader(execution=READER, run=MINE, span=when)
    found = answer(reader, candidates, known)
    assert History(candidates).answer(reader, known) == found
    return found


def written(number: int, when: Span, *, run: int = MINE) -> Candidate:
    return Candidate(id=number, execution=number, run=run, span=when)


def written_outside(number: int, when: Span) -> Candidate:
    return Candidate(id=number, execution=None, run=None, span=when)


def test_a_write_long_before_was_read() -> None:
    assert asked((60, 70), [written(1, (10, 20))]) == Answer(writes=frozenset({1}), unknown=False)


def test_the_later_of_two_writes_was_read() -> None:
    assert asked((60, 70), [written(1, (10, 20)), written(2, (30, 40))]).writes == {2}


def test_where_nothing_is_sure_what_lay_there_before_may_have_been_read() -> None:
    found = asked((60, 70), [written(1, (50, 65))])
    assert found == Answer(writes=frozenset({1}), unknown=True)
    assert found.ambiguous
    assert asked((60, 70), []) == Answer(writes=frozenset(), unknown=True)


def test_a_write_after_the_reader_was_not_read() -> None:
    assert asked((60, 70), [written(1, (73, 80))]) == Answer(writes=frozenset(), unknown=True)


def test_a_reader_does_not_read_what_it_writes_itself() -> None:
    assert asked((60, 70), [written(READER, (60, 70))]).writes == frozenset()


def test_what_comes_after_the_reader_in_the_graph_was_not_read_whatever_the_clocks_say() -> None:
    assert asked((60, 70), [written(1, (10, 20))], order((READER, 1))).writes == frozenset()


def test_what_an_ancestor_wrote_was_read_whatever_the_clocks_say() -> None:
    found = asked((60, 70), [written(1, (90, 95))], order((1, READER)))
    assert found == Answer(writes=frozenset({1}), unknown=False)


def test_an_ancestor_hides_its_own_ancestors() -> None:
    graph = order((1, 2), (2, READER), (1, READER))
    assert asked((60, 70), [written(1, (58, 59)), written(2, (58, 59))], graph).writes == {2}


def test_what_another_wrote_after_an_ancestor_is_newer_than_that() -> None:
    assert asked((60, 70), [written(1, (10, 20)), written(2, (30, 40), run=OTHER)], order((1, READER))).writes == {2}


def test_an_outside_write_counts_as_any_other() -> None:
    assert asked((60, 70), [written(1, (10, 20)), written_outside(2, (40, 40))]).writes == {2}


def test_where_the_clocks_contradict_the_graph_each_is_possible() -> None:
    """One is after the other by the graph, and that one after the third by the clocks, and so round."""
    graph = order((1, 2), (1, READER), (2, READER), (3, READER))
    found = asked((60, 70), [written(1, (50, 51)), written(2, (10, 20)), written(3, (30, 40))], graph)
    assert found.writes == {1, 2, 3}


Case = tuple[Reader, list[Candidate], set[tuple[int, int]]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A reader, writes of several runs and of outsiders, and a graph in each run: what comes before what."""
    count = draw(st.integers(0, 6))
    runs = [draw(st.sampled_from([MINE, MINE, OTHER, 3, None])) for _ in range(count)]
    candidates = [
        Candidate(id=number, execution=None if run is None else number, run=run, span=draw(spans_in_time))
        for number, run in enumerate(runs)
    ]
    places = draw(st.permutations([*range(count), READER]))
    of = dict(enumerate(runs)) | {READER: MINE}
    pairs = {
        (one, other)
        for index, one in enumerate(places)
        for other in places[index + 1 :]
        if of[one] is not None and of[one] == of[other] and draw(st.booleans())
    }
    for middle in places:
        pairs |= {(a, c) for a, b in pairs if b == middle for d, c in pairs if d == middle}
    return Reader(execution=READER, run=MINE, span=draw(spans_in_time)), candidates, pairs


spans_in_time = spans | st.just((0, OPEN)) | seconds.map(lambda start: (start, OPEN))


@settings(max_examples=500)
@given(cases(), st.integers(0, 9))
def test_an_answer_from_the_few_writes_that_matter_is_that_from_all_in_any_order(case: Case, seed: int) -> None:
    reader, candidates, pairs = case
    graph = Pairs(pairs)
    found = answer(reader, candidates, graph)
    random.Random(seed).shuffle(candidates)
    assert answer(reader, candidates, graph) == found
    assert History(candidates).answer(reader, graph) == found
    assert found.writes or found.unknown
    assert found.writes <= {candidate.id for candidate in candidates}


@settings(max_examples=200)
@given(cases())
def test_an_only_write_is_judged_as_it_is_beside_one_that_nobody_can_have_read(case: Case) -> None:
    reader, candidates, pairs = case
    never = written_outside(len(candidates), (OPEN + 9, OPEN + 9))
    for write in candidates:
        assert answer(reader, [write], Pairs(pairs)) == answer(reader, [write, never], Pairs(pairs))
