"""What somebody copied: artifacts from outside lead to those that runs had written before with the same content."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import islice, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from lineage.contents import TRIVIAL
from lineage.evidence import Look
from lineage.identity import Key, encode_key, sha256, written_key
from lineage.merge import SKEW_SECONDS
from lineage.model import Artifact, ArtifactState, Direction
from lineage.objectstore.content import digest as content_of
from lineage.objectstore.content import digest_of_files
from lineage.observation import LocationLooked, Observation
from lineage.ports import EVERYTHING, Listing, PageRequest, Scope
from lineage.store import migrate, open_store, tables
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    RECORDED_AT,
    KubernetesObject,
    a_node,
    a_store,
    a_workflow,
    facts_of,
    moment,
    place,
    record,
)
from tests.postgresql import Server

pytestmark = pytest.mark.usefixtures("database")

ALL = PageRequest(first=1000)
SEVEN, EIGHT = (f"sha256:{number:064x}" for number in (7, 8))


def writes(run: str, start: float, key: str, *, namespace: str = "a") -> KubernetesObject:
    """A run that writes an object, which takes ten seconds."""
    node = a_node(f"{run}.main", start, start + 10, writes=[key])
    return a_workflow({f"{run}-1": node}, uid=run, name=run, phase="Succeeded", namespace=namespace)


def reads(run: str, start: float, key: str, *, namespace: str = "a") -> KubernetesObject:
    node = a_node(f"{run}.main", start, start + 10, reads=[key])
    return a_workflow({f"{run}-1": node}, uid=run, name=run, phase="Succeeded", namespace=namespace)


def wrote(run: str, start: int) -> Key:
    return written_key(run, f"{run}-1", start, "x0")


def holds(key: str, digest: str, *, since: float, seen: float, meaning: str | None = None) -> LocationLooked:
    """A look at what lies under a key, whose bytes were read."""
    where = place(key)
    look = Look(
        state=ArtifactState.PRESENT,
        size_bytes=1,
        modified_at=moment(since),
        etag=f"e{since}",
        digest=digest,
        content_digest=meaning,
    )
    return LocationLooked(
        source="objects", cluster=CLUSTER, seen_at=moment(seen), store=where.store, uri=where.uri, look=look
    )


def a_copy(*, meaning: bool = False) -> Sequence[Observation | KubernetesObject]:
    """A run wrote, somebody copied, in other bytes if so, and another run read that."""
    digest, of_copy = (SEVEN, EIGHT) if meaning else (SEVEN, SEVEN)
    return (
        writes("u1", 10, "made"),
        holds("made", digest, since=20, seen=22, meaning=SEVEN),
        holds("taken", of_copy, since=40, seen=42, meaning=SEVEN),
        reads("u2", 50, "taken", namespace="b"),
    )


def edges(store: SqlStore) -> set[tuple[str, str, str]]:
    """The keys of originals and copies as they are stored, and what is equal."""
    edge, near, far = tables.edge, tables.node.alias("near"), tables.node.alias("far")
    statement = (
        select(near.c.key, far.c.key, edge.c.name)
        .select_from(edge)
        .join(near, near.c.id == edge.c.source)
        .join(far, far.c.id == edge.c.target)
        .where(edge.c.role == tables.COPIED)
    )
    with store._reading() as connection:
        return {(row[0], row[1], row[2]) for row in connection.execute(statement)}


def named(store: SqlStore) -> set[tuple[str, str]]:
    """The same, by the names under which they lie."""
    names = {encode_key(one.key): (one.uri or "").removeprefix("s3:///") for one in artifacts(store).values()}
    return {(names[near], names[far]) for near, far, _ in edges(store)}


def reached(store: SqlStore, root: Key, way: Direction, *, scope: Scope = EVERYTHING) -> set[Key]:
    """What lies that way, by a graph and by a closure, which are of one mind."""
    graph = store.lineage(scope, [root], direction=way, max_depth=None, max_nodes=1000)
    closure = store.closure(scope, [root], direction=way, max_nodes=1000)
    assert graph is not None
    assert closure is not None
    assert set(closure.ids) == {node.id for node in graph.nodes}
    assert closure.complete == graph.complete
    return {node.key for node in graph.nodes}


def artifacts(store: SqlStore) -> dict[str, Artifact]:
    return {one.id: one for one in store.artifacts(EVERYTHING, Listing(), ALL).items}


# ------------------------------------------------------------------------------------------ both ways
@pytest.mark.parametrize("meaning", [False, True])
def test_a_copy_leads_to_what_a_run_wrote_whatever_was_seen_first(meaning: bool) -> None:
    for observations in islice(permutations(a_copy(meaning=meaning)), 0, None, 5):
        store = a_store(*observations, at_once=False)
        (reader,) = (key for key in reached(store, wrote("u1", 10), Direction.DOWNSTREAM) if key[1] == "u2")
        graph = store.lineage(EVERYTHING, [reader], direction=Direction.UPSTREAM, max_depth=None, max_nodes=100)
        assert graph is not None
        assert {node.key for node in graph.nodes} == reached(store, reader, Direction.UPSTREAM)
        (copy,) = graph.copies
        uris = {node.id: node.uri for node in graph.nodes if isinstance(node, Artifact)}
        assert (uris[copy.source], uris[copy.target]) == ("s3:///made", "s3:///taken")
        assert copy.same_bytes is not meaning
        assert [node.key[1] for node in graph.nodes if node.key[0] == "Execution"] == ["u2", "u1"]
        assert graph.complete


def test_a_copy_is_an_edge_of_a_graph_that_is_bounded() -> None:
    store = a_store(*a_copy())
    near = store.lineage(EVERYTHING, [wrote("u1", 10)], direction=Direction.DOWNSTREAM, max_depth=1, max_nodes=9)
    assert near is not None
    assert [(len(near.nodes), len(near.copies), near.depth, near.complete)] == [(2, 1, 1, False)]
    assert near.frontier == (near.copies[0].target,)


@pytest.mark.parametrize(("namespace", "way"), [("a", Direction.DOWNSTREAM), ("b", Direction.UPSTREAM)])
def test_that_others_hold_the_same_content_is_told_to_nobody(namespace: str, way: Direction) -> None:
    """Else whoever guesses a content could find out whether anybody has it."""
    store = a_store(*a_copy())
    mine = Scope(namespaces=frozenset({(CLUSTER, namespace)}))
    (run,) = store.runs(mine, Listing(), ALL).items
    graph = store.lineage(mine, [run.key], direction=way, max_depth=None, max_nodes=9)
    assert graph is not None
    assert (graph.copies, graph.complete, len(graph.nodes)) == ((), True, 2)
    assert reached(store, run.key, way, scope=mine) == {node.key for node in graph.nodes}
    closure = store.closure(mine, [run.key], direction=way, max_nodes=9)
    assert closure is not None
    assert closure.complete


# ------------------------------------------------------------------------------------------ what is no copy
def test_what_a_run_wrote_itself_is_no_copy() -> None:
    store = a_store(
        writes("u1", 10, "made"),
        holds("made", SEVEN, since=20, seen=22),
        writes("u2", 30, "again"),
        holds("again", SEVEN, since=40, seen=42),
    )
    assert edges(store) == set()


def test_what_was_written_later_was_not_copied() -> None:
    store = a_store(
        holds("taken", SEVEN, since=40, seen=42),
        writes("u1", 100, "made"),
        holds("made", SEVEN, since=110, seen=112),
    )
    assert edges(store) == set()


@pytest.mark.parametrize("digest", sorted(TRIVIAL))
def test_nothing_at_all_is_no_content_that_joins(digest: str) -> None:
    store = a_store(
        writes("u1", 10, "made"),
        holds("made", digest, since=20, seen=22, meaning=digest),
        holds("taken", digest, since=40, seen=42, meaning=digest),
    )
    assert edges(store) == set()


def test_nothing_at_all_is_empty_files_folders_and_values() -> None:
    assert {sha256(b""), digest_of_files([]), *(content_of([text]).content_digest for text in (b"{ }", b"[\n]"))} == (
        TRIVIAL
    )


# ------------------------------------------------------------------------------------------ what changes
def test_what_turns_out_to_have_been_written_by_a_run_is_a_copy_no_longer() -> None:
    store = a_store(*a_copy())
    assert named(store) == {("made", "taken")}
    record(store, writes("u3", 32, "taken"))
    assert named(store) == set()


def test_earlier_copies_and_earlier_writes_take_their_places() -> None:
    store = a_store(
        holds("c2", SEVEN, since=60, seen=62), writes("u2", 40, "w2"), holds("w2", SEVEN, since=50, seen=51)
    )
    assert named(store) == {("w2", "c2")}
    record(store, holds("c3", SEVEN, since=70, seen=72), holds("c1", SEVEN, since=30, seen=32))
    assert named(store) == {("w2", "c2"), ("c2", "c3")}
    record(store, writes("u1", 1, "w1"), holds("w1", SEVEN, since=11, seen=12))
    assert named(store) == {("w1", "c1"), ("c1", "c2"), ("w2", "c2"), ("c2", "c3")}


def test_equal_bytes_are_said_to_be_equal_also_where_only_their_meaning_leads_from_one_to_the_other() -> None:
    store = a_store(
        writes("u1", 10, "made"),
        holds("made", SEVEN, since=20, seen=22, meaning=SEVEN),
        holds("c1", SEVEN, since=40, seen=42),
        holds("c2", SEVEN, since=60, seen=62, meaning=SEVEN),
    )
    assert named(store) == {("made", "c1"), ("c1", "c2"), ("made", "c2")}
    graph = store.lineage(EVERYTHING, [wrote("u1", 10)], direction=Direction.DOWNSTREAM, max_depth=None, max_nodes=9)
    assert graph is not None
    assert [copy.same_bytes for copy in graph.copies] == [True] * 3


def test_a_content_that_many_share_takes_no_edge_for_each_pair() -> None:
    written = [
        one
        for number in range(30)
        for one in (
            writes(f"u{number}", 20 * number, f"w{number}"),
            holds(f"w{number}", SEVEN, since=20 * number + 10, seen=20 * number + 11),
        )
    ]
    copied = [holds(f"c{number}", SEVEN, since=21 * number, seen=21 * number + 1) for number in range(1, 31)]
    store = a_store(*written, *copied)
    assert len(edges(store)) <= len(written) // 2 + len(copied)
    assert sum(key[0] == "Artifact" for key in reached(store, wrote("u0", 0), Direction.DOWNSTREAM)) == 31


# ------------------------------------------------------------------------------------------ any order
@st.composite
def worlds(draw: st.DrawFn) -> list[Observation | KubernetesObject]:
    """Writes of a few places, and looks at these and others."""
    found: list[Observation | KubernetesObject] = [
        writes(f"u{number}", draw(st.integers(0, 12)) * 10, draw(st.sampled_from(["a", "b", "c"])))
        for number in range(draw(st.integers(1, 4)))
    ]
    for number in range(draw(st.integers(1, 8))):
        since = draw(st.integers(0, 25)) * 6
        digest, meaning = (draw(st.sampled_from([SEVEN, EIGHT, min(TRIVIAL)])) for _ in range(2))
        where = draw(st.sampled_from(["a", "b", "c", "d", "e"]))
        known = draw(st.sampled_from([meaning, None]))
        found.append(holds(where, digest, since=since, seen=since + 2 + number, meaning=known))
    return found


def equal(one: Artifact, other: Artifact) -> set[str]:
    """What is equal of the contents of two artifacts."""
    found = {"bytes": (one.digest, other.digest), "meaning": (one.content_digest, other.content_digest)}
    return {name for name, (a, b) in found.items() if a == b and a is not None and a not in TRIVIAL}


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), data=st.data())
def test_copies_are_what_the_obvious_comparison_finds_in_any_order(
    world: list[Observation | KubernetesObject], data: st.DataObject
) -> None:
    store = a_store(*world)
    again = data.draw(st.permutations([*world, *data.draw(st.lists(st.sampled_from(world), max_size=3))]))
    assert edges(a_store(*again, at_once=False)) == edges(store)
    known = artifacts(store)
    for one in known.values():
        downstream = {decode for decode in reached(store, one.key, Direction.DOWNSTREAM) if decode != one.key}
        late = {other.key for other in known.values() if may_be_a_copy(other, one)}
        if one.producer_key is not None:
            assert late <= downstream
            assert all(one.key in reached(store, key, Direction.UPSTREAM) for key in late)
        graph = store.lineage(EVERYTHING, [one.key], direction=Direction.UPSTREAM, max_depth=1, max_nodes=100)
        assert graph is not None
        for copy in graph.copies:
            near, far = known[copy.source], known[copy.target]
            assert far.producer_key is None
            assert copy.same_bytes == ("bytes" in equal(near, far))
            assert any(may_be_a_copy(far, other) for other in known.values() if other.producer_key is not None)


def may_be_a_copy(copy: Artifact, original: Artifact) -> bool:
    """Say whether an artifact from outside was there after another, with its content."""
    if copy.producer_key is not None or copy.created_at is None or original.created_at is None:
        return False
    return bool(equal(copy, original)) and original.created_at <= copy.created_at + timedelta(seconds=SKEW_SECONDS)


def test_several_recorders_miss_nothing_of_one_another(postgresql: Server) -> None:
    """Writes and copies of a few contents, recorded at the same time."""
    facts = [
        facts_of(one)
        for number in range(12)
        for one in (
            writes(f"u{number}", 30 * number, f"w{number}"),
            holds(f"w{number}", f"sha256:{number % 3:064x}", since=30 * number + 10, seen=30 * number + 11),
            holds(f"c{number}", f"sha256:{number % 3:064x}", since=31 * number + 20, seen=31 * number + 21),
        )
    ]
    random.Random(7).shuffle(facts)
    with ThreadPoolExecutor(4) as pool, closing(open_store(postgresql.new_database())) as store:
        list(pool.map(lambda each: store.apply(each, recorded_at=RECORDED_AT), facts))
        alone = a_store()
        for each in facts:
            alone.apply(each, recorded_at=RECORDED_AT)
        assert edges(store) == edges(alone)
        assert len(edges(store)) > 12


# ------------------------------------------------------------------------------------------ older stores
SINCE_THEN = (
    "DROP INDEX artifact_from_outside_by_digest",
    "DROP INDEX artifact_from_outside_by_content_digest",
    "DROP TABLE alert",
    "DROP TABLE alert_rule",
    "DROP INDEX run_of_version_in_time",
    "DROP INDEX run_of_experiment_in_time",
    "DROP INDEX run_of_recurring_run_in_time",
    "CREATE INDEX ix_run_pipeline_version_id ON run (pipeline_version_id)",
    "CREATE INDEX ix_run_experiment_id ON run (experiment_id)",
    "DROP TABLE feed",
    "DROP TABLE run_change",
    "DROP INDEX workflow_by_seen_version",
    "ALTER TABLE run DROP COLUMN forgotten_at",
    "DROP TABLE retention_due",
    "DROP TABLE retention_plan",
    "ALTER TABLE run DROP COLUMN parameters",
)
"""What takes a store of this release back to the last one that knew no copies."""


def test_a_store_of_an_older_release_is_given_its_copies(url: str) -> None:
    migrate(url)
    with closing(open_store(url)) as store:
        record(store, *a_copy(meaning=True), holds("later", SEVEN, since=60, seen=62, meaning=SEVEN))
        record(store, holds("empty", min(TRIVIAL), since=60, seen=62), reads("u9", 90, "later"))
        told = edges(store)
        with store._writing() as connection:
            connection.execute(delete(tables.edge).where(tables.edge.c.role == tables.COPIED))
            for statement in SINCE_THEN:
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0011'")
    migrate(url)
    with closing(open_store(url)) as store:
        assert edges(store) == told
        assert len(told) == 3
