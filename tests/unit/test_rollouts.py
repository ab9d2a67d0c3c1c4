"""What a deployment served when, out of what its views said; and which places have to do with one another."""

import random
from datetime import datetime
from typing import Any

import pytest

from lineage.facts import ServedComponent, TrafficShare
from lineage.identity import Location
from lineage.merge import OPEN
from lineage.model import Artifact, ArtifactState, ServedModel
from lineage.serving import Statement, around, has_to_do_with, is_changed_since, is_served_now, label, rollouts
from tests.factories import moment

HERE = "cluster:c"


def component(uri: str, **more: Any) -> ServedComponent:
    model = ServedModel(name="", uri=uri, location=Location(store="", uri=uri))
    return ServedComponent(**{"name": "predictor", "models": (model,), "template": uri, **more})


def said(rank: int, seen: float, *components: ServedComponent, told: float | None = None, last: float = 0) -> Statement:
    return Statement(
        told_at=None if told is None else moment(told),
        first_seen=moment(seen),
        last_seen=moment(last or seen),
        first_rank=f"{rank:03}",
        components=components,
    )


def told(*statements: Statement, created: float | None = 0, ended: float | None = None) -> list[tuple[Any, ...]]:
    """Of each revision its name, its model, and when it read that."""
    shuffled = list(statements)
    random.Random(3).shuffle(shuffled)
    found = rollouts(shuffled, created_at=_at(created), ended_at=_at(ended))
    return [(one.revision.name, one.revision.models and one.revision.models[0].uri, *one.span) for one in found]


def _at(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


# ------------------------------------------------------------------------------------------ when it read
def test_a_revision_reads_between_the_time_its_spec_was_written_and_the_time_it_was_ready() -> None:
    ready = component("a", is_ready=True, ready_since=moment(60))
    assert told(said(1, 70, ready, told=50)) == [("predictor 1", "a", 50, 60)]


def test_one_that_is_not_ready_may_still_read() -> None:
    assert told(said(1, 70, component("a"), told=50)) == [("predictor 1", "a", 50, OPEN)]
    assert told(said(1, 70, component("a"), told=50), ended=90) == [("predictor 1", "a", 50, 90)]


def test_one_that_was_never_ready_read_until_another_took_its_place() -> None:
    ready = component("b", is_ready=True, ready_since=moment(120))
    assert told(said(1, 70, component("a"), told=50), said(2, 110, ready, told=100)) == [
        ("predictor 1", "a", 50, 100),
        ("predictor 2", "b", 100, 120),
    ]


def test_of_a_spec_that_nobody_dates_only_the_views_around_it_say_when_it_was_written() -> None:
    before = component("a", is_ready=True, ready_since=moment(60))
    after = component("b", is_ready=True, ready_since=moment(60))
    assert told(said(1, 70, before, last=80), said(2, 110, after)) == [
        ("predictor 1", "a", 0, 60),
        ("predictor 2", "b", 80, 110),
    ]
    assert told(said(1, 70, before), created=None) == [("predictor 1", "a", 70, 70)]


def test_what_was_ready_before_its_spec_was_written_as_it_is_may_have_read_at_either_time() -> None:
    """Its labels may have been edited by who wrote its spec."""
    ready = component("a", is_ready=True, ready_since=moment(60))
    assert told(said(1, 500, ready, told=400)) == [("predictor 1", "a", 60, 400)]


# ------------------------------------------------------------------------------------------ which models
def test_what_is_written_anew_with_the_same_template_is_no_rollout() -> None:
    views = [said(n, 10 * n, component("a", share=100 - n), told=10 * n) for n in (1, 2)]
    assert [name for name, *_ in told(*views)] == ["predictor 1"]


def test_what_is_taken_up_again_is_another_rollout() -> None:
    views = [said(n, 10 * n, component(uri), told=10 * n) for n, uri in ((1, "a"), (2, "b"), (3, "a"))]
    assert [(name, uri) for name, uri, *_ in told(*views)] == [
        ("predictor 1", "a"),
        ("predictor 2", "b"),
        ("predictor 3", "a"),
    ]


def test_a_revision_serves_what_the_first_view_that_names_it_asks_for() -> None:
    views = [
        said(1, 10, component("a", revision="r1"), told=10),
        said(2, 20, component("b", revision="r1"), told=20),
        said(3, 21, component("b", revision="r2"), told=20),
    ]
    assert [(name, uri) for name, uri, *_ in told(*views)] == [("r1", "a"), ("r2", "b")]


def test_a_spec_that_waits_for_its_revision_is_that_revision() -> None:
    made = component("a")
    named = component("a", revision="r1", ready_revision="r1", is_ready=True, ready_since=moment(60))
    assert told(said(1, 51, made, told=50), said(2, 61, named, told=50)) == [("r1", "a", 50, 60)]
    assert told(said(1, 51, made, last=55), said(2, 61, named), created=50) == [("r1", "a", 50, 60)]


def test_a_status_that_is_behind_says_nothing_of_the_spec_beside_it() -> None:
    behind = component("b", revision="r1", ready_revision="r1", is_behind=True)
    assert [(name, uri) for name, uri, *_ in told(said(1, 10, behind, told=10))] == [("r1", None)]
    caught_up = component("b", revision="r2", is_behind=False)
    assert [(name, uri) for name, uri, *_ in told(said(1, 10, behind, told=10), said(2, 11, caught_up, told=10))] == [
        ("r1", None),
        ("r2", "b"),
    ]


def test_a_revision_that_is_known_by_its_traffic_alone_is_told_without_models() -> None:
    canary = component(
        "b", revision="r2", ready_revision="r2", traffic=(TrafficShare("r1", 90), TrafficShare("r2", 10))
    )
    found = rollouts([said(1, 10, canary, told=10)], created_at=None, ended_at=None)
    assert [(one.revision.name, one.revision.traffic_percent) for one in found] == [("r1", 90), ("r2", 10)]
    assert [one.revision.models is None for one in found] == [True, False]
    shown = [one.revision for one in found]
    assert [is_served_now(one, shown) for one in shown] == [True, True]


def test_while_nothing_is_ready_what_was_made_last_is_what_is_served() -> None:
    found = rollouts([said(1, 10, component("a")), said(2, 20, component("b"))], created_at=None, ended_at=None)
    shown = [one.revision for one in found]
    assert [is_served_now(one, shown) for one in shown] == [False, True]


def test_the_one_before_serves_until_the_next_is_ready() -> None:
    first = component("a", is_ready=True, ready_since=moment(60))
    rolling = component("b", is_ready=False)
    second = component("b", is_ready=True, ready_since=moment(130))
    found = rollouts(
        [said(1, 70, first, told=50), said(2, 110, rolling, told=100), said(3, 140, second, told=100)],
        created_at=None,
        ended_at=moment(500),
    )
    assert [(one.revision.since, one.revision.until) for one in found] == [
        (moment(60), moment(130)),
        (moment(130), moment(500)),
    ]


def test_a_component_that_is_taken_away_serves_no_longer() -> None:
    canary = component("b", name="canary", share=10, is_ready=True, ready_since=moment(15))
    stable = component("a", share=90, is_ready=True, ready_since=moment(15))
    found = rollouts(
        [said(1, 20, stable, canary, told=10), said(2, 40, stable, told=30)], created_at=None, ended_at=None
    )
    shown = {one.revision.component: one.revision for one in found}
    assert (shown["canary"].until, shown["canary"].traffic_percent) == (moment(40), None)
    assert (shown["predictor"].until, shown["predictor"].traffic_percent) == (None, 90)


def test_models_of_one_revision_are_told_apart() -> None:
    named = ServedModel(name="adapter sql", uri="s3://b/sql", location=None)
    assert label("model 1", named) == "model 1 adapter sql"
    assert label("r1", ServedModel(name="", uri="s3://b/m", location=None)) == "r1"


# ------------------------------------------------------------------------------------------ places
@pytest.mark.parametrize(
    ("served", "other", "same"),
    [
        ("s3://b/m", "s3://b/m", True),
        ("s3://b/m/", "s3://b/m", True),
        ("s3://b/m", "minio://b/m/", True),
        ("s3://b/m", "s3://b/m/1/model.pkl", True),
        ("s3://b/m/1/model.pkl", "s3://b/m", True),
        ("s3://b/m", "s3://b/more", False),
        ("s3://b", "s3://b/m", False),
        ("s3://b/m", "s3://b", False),
        ("s3://b/m", "gs://b/m", False),
        ("pvc://a/claim", "pvc://a/claim/m", True),
        ("pvc://a/claim/m", "pvc://a/claim", True),
        ("pvc://a/claim/m", "pvc://b/claim/m", False),
        ("https://host/container/m", "https://host/container/m/1", True),
        ("https://host/container", "https://host/container/m", False),
    ],
)
def test_places_are_the_same_or_one_lies_in_the_other(served: str, other: str, same: bool) -> None:
    here, there = Location(store=HERE, uri=served), Location(store=HERE, uri=other)
    assert has_to_do_with(here, there, cluster="c") is same
    if same:  # who writes there finds it by one of these
        assert set(around(served)) & {other.rstrip("/"), *around(other)}


@pytest.mark.parametrize(
    ("served", "other", "same"),
    [
        (HERE, "cluster:c/minio.storage:9000", True),
        (HERE, "", True),
        (HERE, "minio.example.com", True),
        (HERE, "cluster:other/minio.storage:9000", False),
        (HERE, "cluster:other", False),
        ("cluster:c/minio.storage:9000", HERE, False),
        ("", HERE, False),
    ],
)
def test_a_uri_without_an_endpoint_may_be_of_any_store_that_its_cluster_knows(
    served: str, other: str, same: bool
) -> None:
    here, there = (Location(store=store, uri="s3://b/m") for store in (served, other))
    assert has_to_do_with(here, there, cluster="c") is same


# ------------------------------------------------------------------------------------------ changes
def artifact(digest: str | None = None, state: ArtifactState = ArtifactState.UNVERIFIED) -> Artifact:
    return Artifact(
        key=("Artifact", "x"), name="x", uri=None, digest=digest, created_at=None, producer_key=None, state=state
    )


def test_what_was_written_again_has_changed_unless_its_content_is_the_same() -> None:
    assert is_changed_since(artifact(), artifact()) is True
    assert is_changed_since(artifact("sha256:a"), artifact("sha256:b")) is True
    assert is_changed_since(artifact("sha256:a"), artifact("sha256:a")) is False


@pytest.mark.parametrize(
    ("state", "changed"),
    [
        (ArtifactState.PRESENT, False),
        (ArtifactState.CHANGED, True),
        (ArtifactState.MISSING, True),
        (ArtifactState.UNVERIFIED, None),
    ],
)
def test_what_nobody_is_known_to_have_written_again_is_what_looks_say(
    state: ArtifactState, changed: bool | None
) -> None:
    assert is_changed_since(artifact(state=state), None) is changed
