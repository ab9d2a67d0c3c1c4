"""The quick way to find what a reader read gives what the rule gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.merge import OPEN, Candidate, History, Reader, answer
from tests.orders import Pairs

times = st.integers(0, 60)
spans = st.tuples(times, times, st.booleans()).map(
    lambda drawn: (drawn[0], OPEN if drawn[2] and drawn[1] > 55 else max(drawn[0], drawn[1]))
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Reader, list[Candidate], set[tuple[int, int]]]:
    """Writes of a few runs and of outsiders, a reader, and an order of executions that need not fit the clocks."""
    executions = draw(st.integers(1, 12))
    runs = [draw(st.integers(0, 3)) for _ in range(executions)]
    order = {
        (a, b)
        for a in range(executions)
        for b in range(a + 1, executions)
        if runs[a] == runs[b] and draw(st.booleans())
    }
    writes = [
        Candidate(id=i, execution=i, run=runs[i], span=draw(spans)) for i in range(executions) if draw(st.booleans())
    ]
    writes += [
        Candidate(id=100 + i, execution=None, run=None, span=(at, at)) for i, at in enumerate(draw(st.lists(times)))
    ]
    me = draw(st.integers(0, executions - 1))
    return Reader(execution=me, run=runs[me], span=draw(spans)), draw(st.permutations(writes)), _closed(order)


def _closed(order: set[tuple[int, int]]) -> set[tuple[int, int]]:
    closed = set(order)
    while more := {(a, d) for a, b in closed for c, d in closed if b == c} - closed:
        closed |= more
    return closed


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_the_few_writes_around_a_reader_say_what_all_of_them_say(
    world: tuple[Reader, list[Candidate], set[tuple[int, int]]],
) -> None:
    reader, writes, pairs = world
    order = Pairs(pairs)
    assert History(writes).answer(reader, order) == answer(reader, writes, order)
