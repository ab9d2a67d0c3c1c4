"""The long form of `tests/integration/test_kafka_crashes.py`: hours of everything going wrong. Not in CI: `make soak`.

`LINEAGE_SOAK_SEEDS` says how many streams are disturbed at random; each has its own seed, so that one that fails can
be run again: `-k "seed-7"`. `LINEAGE_SOAK_KILLS` says how often a recorder is killed in one stream.
"""

import os
from pathlib import Path

import pytest

from lineage.store import migrate
from tests.chaos import Plan, story, survive, survive_replays, undisturbed
from tests.kafka_server import KafkaServer
from tests.postgresql import Server

KILLS = int(os.environ.get("LINEAGE_SOAK_KILLS", "200"))
SEEDS = range(int(os.environ.get("LINEAGE_SOAK_SEEDS", "20")))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed-{seed}")
def test_whatever_is_killed_the_store_is_that_of_the_undisturbed_stream(
    own_kafka: KafkaServer, postgresql: Server, tmp_path: Path, seed: int
) -> None:
    plan = Plan(workflows=1000, recorders=3, recorders_killed=10, brokers_killed=4, databases_cut=10, pause_seconds=3.0)
    known = survive(plan, seed=seed, kafka=own_kafka, store=postgresql.new_database(), folder=tmp_path)
    assert known == undisturbed(list(story(plan.workflows)), tmp_path)


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_a_recorder_is_killed_two_hundred_times_in_one_stream(
    kafka: KafkaServer, request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    store, workflows = f"sqlite:///{tmp_path / 'lineage.db'}", KILLS * 150  # of which each life records some hundreds
    if database == "PostgreSQL":
        postgresql: Server = request.getfixturevalue("postgresql")
        store = postgresql.new_database()
    migrate(store)
    known = survive_replays(workflows=workflows, kills=KILLS, seed=1, kafka=kafka, store=store, folder=tmp_path)
    assert known == undisturbed(list(story(workflows)), tmp_path)


def test_the_broker_is_down_for_a_minute(own_kafka: KafkaServer, postgresql: Server, tmp_path: Path) -> None:
    plan = Plan(workflows=1000, recorders=2, recorders_killed=0, brokers_killed=2, broker_down_seconds=60.0)
    known = survive(plan, seed=1, kafka=own_kafka, store=postgresql.new_database(), folder=tmp_path)
    assert known == undisturbed(list(story(plan.workflows)), tmp_path)


def test_recorders_come_and_go_every_second(kafka: KafkaServer, postgresql: Server, tmp_path: Path) -> None:
    plan = Plan(
        workflows=2000, recorders=4, recorders_killed=60, recorders_ended=60, brokers_killed=0, pause_seconds=1.0
    )
    known = survive(plan, seed=1, kafka=kafka, store=postgresql.new_database(), folder=tmp_path)
    assert known == undisturbed(list(story(plan.workflows)), tmp_path)
