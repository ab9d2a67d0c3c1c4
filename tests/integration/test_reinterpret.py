"""A store made anew from what another one keeps: the same knowledge, as far as the newest views tell it."""

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from lineage.evidence import Look
from lineage.facts import Fact
from lineage.model import ArtifactState
from lineage.observation import InputUnreadable, LocationLooked, ObjectSeen, Observation, ResourceFollowed
from lineage.recorder import facts_of, rejection_of
from lineage.store import migrate, open_store
from tests.chaos import lineage, story
from tests.factories import CLUSTER, RECORDED_AT, a_pod, a_workflow, deleted, interpreted, listed, observed
from tests.postgresql import Server


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "SQLite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database()


def record(url: str, *seen: Observation, facts: Sequence[Fact] = ()) -> None:
    """Record what was seen, and facts beside it."""
    migrate(url)
    store = open_store(url)
    store.apply([*facts, *(fact for one in seen for fact in facts_of(one, interpreted))], recorded_at=RECORDED_AT)
    store.close()


def followed(url: str) -> list[ResourceFollowed]:
    """What the store knows of which stretches were watched."""
    store = open_store(url)
    found = [one for one in store.observations(seen_at=RECORDED_AT) if isinstance(one, ResourceFollowed)]
    store.close()
    assert found
    return found


def test_what_the_newest_views_tell_is_the_same_in_the_new_store(old: str, tmp_path: Path) -> None:
    newest = {item["metadata"]["uid"]: item for item in story(30)}
    looked = LocationLooked(
        source="bucket",
        cluster=CLUSTER,
        seen_at=RECORDED_AT,
        store="",
        uri="s3://shared/model",
        look=Look(state=ArtifactState.PRESENT, size_bytes=1, modified_at=RECORDED_AT, etag="e"),
    )
    record(old, *map(observed, newest.values()), deleted("u3"), listed("*", 100, ["u5"]), looked)
    new = f"sqlite:///{tmp_path / 'new.db'}"
    lineage("reinterpret", "--store", old, "--into", new)
    assert lineage("dump", "--store", new) == lineage("dump", "--store", old)
    assert followed(new) == followed(old)


def test_what_was_set_aside_is_tried_again_and_set_aside_where_it_is_still_not_understood(
    tmp_path: Path,
) -> None:
    old, new = f"sqlite:///{tmp_path / 'old.db'}", f"sqlite:///{tmp_path / 'new.db'}"
    understood_later = observed(a_workflow({}, uid="u1", name="w1"))
    refused = rejection_of(understood_later, "an earlier release did not understand this")
    broken = ObjectSeen(source="pod", cluster=CLUSTER, seen_at=RECORDED_AT, body=b'{"metadata":7}', key_id="")
    unreadable = InputUnreadable(
        source="files", cluster=CLUSTER, seen_at=RECORDED_AT, reason="no JSON", size_bytes=7, digest="sha256:00"
    )
    record(old, broken, unreadable, observed(a_pod("p1", "n", 1, 2, owner="u9", workflow="w9")), facts=[refused])
    summary = orjson.loads(lineage("reinterpret", "--store", old, "--into", new, "--json", code=3))
    assert (summary["objects"], summary["recorded"], summary["rejected"]) == (4, 2, 2)
    assert b'"w1"' not in lineage("dump", "--store", old)
    assert b'"w1"' in lineage("dump", "--store", new)
