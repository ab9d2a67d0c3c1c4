"""The demo's story with its past, as the cookbook is answered from it: told to its end, at fixed times."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from lineage.alerter import Alerter
from lineage.alerts import read_rules
from lineage.cli.object_stores import looker, text_reader
from lineage.cli.parts import interpreter
from lineage.eventlog.memory import MemoryLog
from lineage.ports import LineageStore
from lineage.prober import seen_at
from lineage.recorder import Recorder
from lineage.redaction import Redactor
from lineage.settings import ObjectStoreSettings, Settings
from lineage.store import migrate, open_store
from lineage.trends.directions import Directions
from lineage.web import application
from lineage_graphql.context import Outside
from tests.asking import Client
from watchers.demo import DEMO_START, recordings_with_past
from watchers.demo.bucket import happen, stored
from watchers.files import Ignored, ObjectRead, observed
from watchers.sources import all_sources

Ask: TypeAlias = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Asks in GraphQL: a text, and its variables."""

CLUSTER: Final = "demo"
BEFORE: Final = DEMO_START - timedelta(hours=1)
NOW: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # half an hour after the last of it
RULES: Final = """
[webhook]
url = "https://hooks.example/lineage"

[[rules]]
name = "a training failed"
kind = "failed_run"
pipeline = "churn-training"

[[rules]]
name = "a night without a model"
kind = "missed_slot"
recurring_run = "churn-*"
"""


@contextmanager
def told(folder: Path) -> Iterator[Ask]:
    """Tell the story into a folder, and answer questions about it."""
    objects = folder / "objects"
    settings = Settings(
        store=f"sqlite:///{folder / 'lineage.db'}", object_stores=(ObjectStoreSettings(folder=objects),)
    )
    migrate(settings.store)
    with closing(open_store(settings.store)) as store:
        _record(store, settings, objects)
        client = Client(application(store=store, outside=Outside(texts=text_reader(settings))))

        def ask(query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
            answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
            assert "errors" not in answer, answer["errors"]
            data: dict[str, Any] = answer["data"]
            return data

        yield ask


def _record(store: LineageStore, settings: Settings, objects: Path) -> None:
    sources, redactor, log = all_sources(), Redactor(b"0123456789abcdef" * 2), MemoryLog("story")
    recorder = Recorder(log, store, interpreter(sources), key_ids=[redactor.key_id], clock=lambda: NOW)
    rules, at = read_rules(RULES, "alerts.toml").rules, [BEFORE]
    alerter = Alerter(store, rules, lambda _: None, clock=lambda: at[0], directions=Directions())
    alerter.judge()  # from here on the rules are followed
    happened = recordings_with_past()
    for change in stored(happened, DEMO_START):
        happen(objects, change)
    for one in happened:
        seen = observed(
            ObjectRead(place="story", item=one.object), sources=sources, cluster=CLUSTER, seen_at=NOW, redactor=redactor
        )
        assert not isinstance(seen, Ignored), seen
        log.append(seen)
    recorder.drain(give_up_seconds=0)
    look = looker(settings)
    while due := store.take_due_looks(now=NOW, until=NOW + timedelta(hours=1), limit=100):
        for place in due:
            log.append(seen_at(place, look(place), NOW))
        recorder.drain(give_up_seconds=0)
    while store.settle(limit=100):
        pass
    at[0] = NOW
    while alerter.judge():
        pass
