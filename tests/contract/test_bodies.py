"""Bodies count as they are read: what is too much is refused before the rest is read, and harms nothing after it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import pytest

from lineage.deadline import Deadline
from lineage.errors import AnswerTooLarge
from lineage.facts import InputRejected
from lineage.identity import Key
from lineage.model import Direction, Execution
from lineage.ports import EVERYTHING, LineageStore, Listing, PageRequest
from lineage.store.sql import SqlStore
from tests.factories import RECORDED_AT, KubernetesObject, a_node, a_pod, a_store, a_workflow, moment, record

pytestmark = pytest.mark.usefixtures("database")

Keys: TypeAlias = Mapping[str, Sequence[Key]]
Read: TypeAlias = Callable[[LineageStore, Keys], object]

RUNS: Final = 6
LONG: Final = 100_000  # bytes of each text
TEXT: Final = "x" * LONG
ALL: Final = PageRequest(first=100)

READS: Final[Mapping[str, Read]] = {
    "views of runs": lambda store, keys: store.views(EVERYTHING, keys["runs"]),
    "incarnations": lambda store, keys: store.workflows(EVERYTHING, keys["runs"]),
    "completeness": lambda store, keys: store.completeness(EVERYTHING, keys["runs"]),
    "a list": lambda store, _: store.executions(EVERYTHING, Listing(), ALL),
    "lists that hang on runs": lambda store, keys: store.owned(
        EVERYTHING, Execution, "run", keys["runs"], Listing(), ALL
    ),
    "what is found by key": lambda store, keys: store.get(EVERYTHING, keys["steps"]),
    "what is searched for": lambda store, _: store.search(EVERYTHING, "step", ALL),
    "a graph": lambda store, keys: store.lineage(
        EVERYTHING, keys["steps"], direction=Direction.BOTH, max_depth=None, max_nodes=100
    ),
    "pods": lambda store, keys: store.pods(EVERYTHING, keys["steps"]),
    "what was before": lambda store, keys: store.depends_on(EVERYTHING, keys["steps"]),
    "what was set aside": lambda store, _: store.rejected(EVERYTHING, Listing(), ALL),
}


class Little(Deadline):
    """Room for two long texts, and not for three. `taken` are the sizes that were asked for."""

    def __init__(self) -> None:
        super().__init__(60)
        self.taken: list[int] = []

    def take(self, size_bytes: int) -> None:
        self.taken.append(size_bytes)
        if sum(self.taken) > 2.5 * LONG:
            raise AnswerTooLarge(LONG)


def objects_of(number: int) -> list[KubernetesObject]:
    """A run of two steps, of which all that may be long is."""
    first, second = f"w{number}-1", f"w{number}-2"
    shown = {"displayName": "step", "message": TEXT}
    steps = {
        first: a_node("w.first", 10, 20, children=[second], **shown),
        second: a_node("w.second", 10, 20, **shown),
    }
    seen = a_workflow(steps, uid=f"u{number}", name=f"w{number}", annotations={"long": TEXT})
    pods = [a_pod(f"p{node}", node, 10, 20, owner=f"u{number}", workflow=f"w{number}") for node in steps]
    for one in pods:
        one["status"] |= {"reason": TEXT}
    return [seen, *pods]


@pytest.fixture
def store() -> SqlStore:
    made = a_store(*(one for number in range(RUNS) for one in objects_of(number)))
    reasons = (str(number) for number in range(RUNS))
    made.apply([set_aside(reason) for reason in reasons], recorded_at=RECORDED_AT)
    return made


def set_aside(reason: str) -> InputRejected:
    """An event that packs to next to nothing."""
    at, event = moment(10), TEXT.encode()
    return InputRejected(
        source="s", cluster="c", at=at, reason=reason, event=event, size_bytes=LONG, digest=f"sha256:{reason}"
    )


@pytest.mark.parametrize("what", READS)
def test_what_is_too_much_is_refused_before_the_rest_is_read(store: SqlStore, what: str) -> None:
    runs = [one.key for one in store.runs(EVERYTHING, Listing(), ALL).items]
    steps = [one.key for one in store.executions(EVERYTHING, Listing(), ALL).items]
    keys, little = {"runs": runs, "steps": steps}, Little()
    assert (len(runs), len(steps)) == (RUNS, 2 * RUNS)
    with pytest.raises(AnswerTooLarge):
        READS[what](store.within(little), keys)
    assert sum(size > LONG / 2 for size in little.taken) == 3
    assert READS[what](store.within(Deadline(60)), keys)


def test_lists_of_runs_take_nothing(store: SqlStore) -> None:
    little = Little()
    assert len(store.within(little).runs(EVERYTHING, Listing(), ALL).items) == RUNS
    assert not sum(little.taken)


def test_who_was_refused_sees_what_is_recorded_next(store: SqlStore) -> None:
    for what in ("views of runs", "a list"):
        with pytest.raises(AnswerTooLarge):
            READS[what](store.within(Little()), {"runs": [("Run", f"u{number}") for number in range(RUNS)]})
        record(store, a_workflow(uid=what, name=what))
        assert what in {one.name for one in store.runs(EVERYTHING, Listing(), ALL).items}
