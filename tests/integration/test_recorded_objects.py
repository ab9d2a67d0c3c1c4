"""Real recorded objects, read as files are: what they say, and that no order of them says anything else."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage import recorder
from lineage.facts import Fact, InputRejected, PodSeen, RunSeen
from lineage.model import ArtifactRole, DigestKind
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING
from lineage.store.database import open_in_memory
from lineage.store.sql import SqlStore
from tests import oracle
from tests.conftest import fixtures_folder
from tests.factories import CLUSTER, RECORDED_AT, REDACTOR, a_store, dumped, interpreted
from watchers.files import observed, read
from watchers.sources import all_sources

FOLDERS = (
    "argo-plain",
    "kfp-v1-runtime",
    "kfp-v1-synthetic",
    "kfp-v2-synthetic",
    "argo-pods",
    "argo-cron",
    "kfp-scheduled",
    "derived-compressed",
    "derived-offloaded",
)

pytestmark = pytest.mark.skipif(
    not fixtures_folder().is_dir(), reason=f"there are no recorded objects in {fixtures_folder()}"
)


def sightings_in(folder: Path) -> list[ObjectSeen]:
    """All objects below a folder that a source understands."""
    found = read([str(folder)], standard_input=BytesIO())
    seen = (
        observed(one, sources=all_sources(), cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR) for one in found
    )
    return [one for one in seen if isinstance(one, ObjectSeen)]


@pytest.fixture(scope="module")
def sightings() -> list[ObjectSeen]:
    return [one for folder in FOLDERS for one in sightings_in(fixtures_folder() / folder)]


@pytest.fixture(scope="module")
def said(sightings: list[ObjectSeen]) -> list[list[Fact]]:
    return [list(recorder.facts_of(one, interpreted)) for one in sightings]


@pytest.fixture(scope="module")
def store(said: list[list[Fact]]) -> Iterator[SqlStore]:
    with closing(open_in_memory()) as store:
        store.apply(together(said), recorded_at=RECORDED_AT)
        yield store


@pytest.fixture(scope="module")
def known(store: SqlStore) -> oracle.Known:
    return oracle.known(store)


def together(said: Sequence[Sequence[Fact]]) -> list[Fact]:
    return [fact for several in said for fact in several]


def about(sightings: Sequence[ObjectSeen], name: str) -> list[ObjectSeen]:
    return [one for one in sightings if one.object().get("metadata", {}).get("name") == name]


# ------------------------------------------------------------------------------------------ one store, always
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), size=st.sampled_from([1, 3, 50, 1000]))
def test_any_order_and_repetition_gives_the_same_store(
    said: list[list[Fact]], store: SqlStore, seed: int, size: int
) -> None:
    stream = said + said
    random.Random(seed).shuffle(stream)
    with closing(open_in_memory()) as shuffled:
        for start in range(0, len(stream), size):
            shuffled.apply(together(stream[start : start + size]), recorded_at=RECORDED_AT)
        assert dumped(shuffled) == dumped(store)


def test_the_store_knows_what_the_rules_say(said: list[list[Fact]], known: oracle.Known) -> None:
    assert known == oracle.knowledge(together(said))


# ------------------------------------------------------------------------------------------ what they say
def test_every_object_can_be_interpreted(said: list[list[Fact]]) -> None:
    assert not [fact for fact in together(said) if isinstance(fact, InputRejected)]


def test_there_are_as_many_runs_executions_and_pods_as_there_should_be(
    said: list[list[Fact]], known: oracle.Known
) -> None:
    facts = together(said)
    assert len(known.runs) == len({fact.run for fact in facts if isinstance(fact, RunSeen)}) > 70
    assert len(known.executions) > 650
    named = {
        (fact.run, state.node_id, state.started_at)
        for fact in facts
        if isinstance(fact, RunSeen)
        for state in fact.executions or ()
        if not state.is_group and state.started_at is not None
    }
    assert {key[1:] for key in known.executions if key[3] is not None} == named


def test_every_pod_of_a_node_has_its_one_attempt_and_no_provisional_execution_remains(
    said: list[list[Fact]], known: oracle.Known
) -> None:
    seats = Counter(pod.uid for execution in known.executions.values() for pod in execution.pods)
    assert seats == Counter({fact.uid: 1 for fact in together(said) if isinstance(fact, PodSeen)})
    assert all(len(key) == 4 for key in known.executions)


def test_five_steps_had_not_started(known: oracle.Known) -> None:
    assert sum(key[3] is None for key in known.executions) == 5


def test_markers_were_read_before_the_exit_handler_of_the_same_run_wrote_them(known: oracle.Known) -> None:
    (answers,) = {answers for (_, _, name), answers in known.uses.items() if name == "markers"}
    (answer,) = answers
    assert known.artifacts[answer].producer is None


def test_the_one_cache_hit_is_found(known: oracle.Known) -> None:
    taken_over = [(key, name) for key, role, name in known.uses if role is ArtifactRole.REUSED]
    assert [name for key, name in taken_over if known.executions[key].cached] == ["download-downloaded"]
    assert [name for key, name in taken_over if not known.executions[key].cached] == ["artifact"] * 2  # by importers


def test_images_of_real_pods_have_the_digest_that_ran(said: list[list[Fact]]) -> None:
    images = [image for fact in together(said) if isinstance(fact, PodSeen) for image in fact.images]
    assert {image.digest_kind for image in images if image.digest} <= {DigestKind.MANIFEST, DigestKind.CONFIG}
    assert any(image.digest for image in images)


# ------------------------------------------------------------------------------------------ packed and offloaded
def test_compressed_nodes_say_what_plain_ones_say(sightings: list[ObjectSeen]) -> None:
    plain, packed = about(sightings, "dag-nested-zxlc2")
    assert oracle.known(a_store(plain)) == oracle.known(a_store(packed))


def test_an_offloaded_view_supersedes_nothing(sightings: list[ObjectSeen]) -> None:
    both = about(sightings, "dag-diamond-82q7s")
    assert len(both) == 2
    assert not any(execution.superseded for execution in oracle.known(a_store(*both)).executions.values())


def test_an_offloaded_view_alone_says_what_is_missing(sightings: list[ObjectSeen]) -> None:
    (offloaded,) = (
        one for one in about(sightings, "dag-diamond-82q7s") if "offloadNodeStatusVersion" in one.object()["status"]
    )
    store = a_store(offloaded)
    (run,) = oracle.known(store).runs
    completeness = store.completeness(EVERYTHING, [run])[run]
    assert not completeness.complete
    assert completeness.nodes_expected is None
    assert any("offloaded" in reason for reason in completeness.missing)
