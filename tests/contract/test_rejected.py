"""What was set aside is tried again, and forgotten when it is asked for: on every database."""

from collections.abc import Iterator, Sequence

import pytest

from lineage.cli.parts import interpreter
from lineage.cli.rejected import Retried, retry_rejected
from lineage.errors import InvalidObservation
from lineage.facts import Fact, InputRejected
from lineage.identity import canonical, sha256
from lineage.model import Rejected, Run
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import SqlStore
from tests.factories import CLUSTER, RECORDED_AT, a_store, a_workflow, moment
from watchers.source import KubernetesObject
from watchers.sources import all_sources

pytestmark = pytest.mark.usefixtures("database")

INTERPRET = interpreter(all_sources())


@pytest.fixture
def store() -> Iterator[SqlStore]:
    opened = a_store()
    yield opened
    opened.close()


def set_aside(store: SqlStore, item: KubernetesObject | None, reason: str) -> None:
    """Set an object aside as a recorder does; None is input that was never read."""
    body = None if item is None else canonical(item)
    data = body or reason.encode()
    rejection = InputRejected(
        source="argo_workflow",
        cluster=CLUSTER,
        at=moment(10),
        reason=reason,
        event=body,
        size_bytes=len(data),
        digest=sha256(data),
    )
    store.apply([rejection], recorded_at=RECORDED_AT)


def left(store: SqlStore) -> list[Rejected]:
    return list(store.rejected(EVERYTHING, Listing(), PageRequest(first=100)).items)


def retry_all(store: SqlStore) -> Retried:
    return retry_rejected(store, [one.key for one in left(store)], INTERPRET)


def test_what_this_release_understands_is_recorded_and_no_longer_set_aside(store: SqlStore) -> None:
    set_aside(store, a_workflow(uid="u1"), "KeyError while interpreting it, a defect of kfp-lineage")
    set_aside(store, a_workflow(uid="u2"), "KeyError while interpreting it, a defect of kfp-lineage")
    assert retry_all(store) == Retried(recorded=2)
    assert left(store) == []
    assert store.count(EVERYTHING, Run, Listing()) == 2


def test_what_is_refused_for_the_same_reason_stays_as_it_is_with_where_it_was_read(store: SqlStore) -> None:
    broken = a_workflow() | {"status": []}
    with pytest.raises(InvalidObservation) as raised:
        INTERPRET(ObjectSeen(source="argo_workflow", cluster="c", seen_at=moment(1), body=canonical(broken), key_id=""))
    set_aside(store, broken, f"runs.json, line 7: {raised.value}")
    before = left(store)
    assert retry_all(store) == Retried(rejected=1)
    assert left(store) == before


def test_what_is_refused_for_another_reason_gets_that_one(store: SqlStore) -> None:
    set_aside(store, a_workflow() | {"status": []}, "no such source in the release before")
    assert retry_all(store) == Retried(rejected=1)
    (renewed,) = left(store)
    assert "status" in renewed.reason
    assert renewed.event is not None


def test_a_defect_of_ours_is_a_reason_as_well(store: SqlStore) -> None:
    set_aside(store, a_workflow(), "an older reason")

    def defective(_: ObjectSeen) -> Sequence[Fact]:
        raise ZeroDivisionError("oh")

    keys = [one.key for one in left(store)]
    assert retry_rejected(store, keys, defective) == Retried(rejected=1)
    (renewed,) = left(store)
    assert renewed.reason == "ZeroDivisionError while interpreting it, a defect of kfp-lineage: oh"


def test_input_that_was_never_read_cannot_be_tried(store: SqlStore) -> None:
    set_aside(store, None, "no JSON")
    assert retry_all(store) == Retried(not_kept=1)
    assert [one.reason for one in left(store)] == ["no JSON"]


def test_a_rejection_that_somebody_else_has_dealt_with_is_passed_over(store: SqlStore) -> None:
    set_aside(store, a_workflow(), "an older reason")
    keys = [one.key for one in left(store)]
    assert retry_rejected(store, keys, INTERPRET) == Retried(recorded=1)
    assert retry_rejected(store, keys, INTERPRET) == Retried()
