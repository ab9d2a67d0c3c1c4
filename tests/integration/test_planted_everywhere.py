"""Secrets that were planted in what is read are in no table, no answer, no document and no line that is said."""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import orjson
import pytest
import sqlalchemy
import zstandard
from kafka import KafkaConsumer
from structlog.testing import capture_logs

from lineage.errors import BadAnswer
from lineage.eventlog.kafka import KafkaWriter, access_of, prepare
from lineage.identity import Location, global_id
from lineage.metrics.files import reader_of
from lineage.objectstore.directory import DirectoryStore
from lineage.objectstore.looking import look
from lineage.observation import InputUnreadable, LocationLooked, ObjectSeen, Observation, encode
from lineage.ports import EVERYTHING, Budget, Listing, LogWriter, PageRequest
from lineage.store import open_store
from lineage.store.sql import SqlStore
from lineage.web import application
from lineage_graphql import execute, to_json
from tests import every_field
from tests.asking import Client
from tests.contract.test_bad_objects import own_objects
from tests.factories import CLUSTER, RECORDED_AT, REDACTOR, KubernetesObject, record
from tests.integration.test_cli import run
from tests.kafka_server import KafkaServer
from tests.kubeflow_world import a_told_world
from tests.planting import Form, Plants, in_assignments, in_members, in_names, in_texts, in_what_is_read
from tests.unit.test_planted_secrets import recorded
from tests.waiting import comes_true
from tests.worlds import objects_of
from watchers.apiserver import ApiServer
from watchers.kube import connect
from watchers.observe import find_source
from watchers.run import Watching
from watchers.sent import Reader
from watchers.source import Head
from watchers.sources import all_sources, watched_sources
from watchers.timeline import WORKFLOWS
from watchers.world import World

FILE, POSTGRESQL = "in a file", "on PostgreSQL"
WHOLE: Final = Budget(size_bytes=2**24, seconds=10)
FILES: Final = "kfp-v1-metrics"


@dataclass(frozen=True)
class Planted:
    """A store of what was planted in, and what was said while it was made."""

    url: str
    plants: Plants
    said: bytes


def everything(fixtures: Path) -> list[KubernetesObject]:
    """Objects of every source: recorded ones, and some of our own that belong together."""
    worlds = (one for number in range(6) for one in objects_of(number))
    return [*recorded(fixtures), *own_objects(), *a_told_world(6), *worlds]


def unreadable(plants: Plants) -> Iterator[tuple[str, bytes]]:
    """Files of what is no object, or cannot be read: by their names."""
    yield "broken.json", f'{{"kind": "Workflow", "password": "{plants.new("broken JSON")}", '.encode()
    yield "broken.yaml", f"kind: Workflow\npassword: {plants.new('broken YAML')}\n  x: {{\n".encode()
    yield f"{plants.shaped('the name of a file')}.json".replace("/", "_"), b"{broken"
    held = {"stringData": {"a": plants.new("a Secret")}}
    secret = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, **held}
    yield "secret.json", orjson.dumps(secret)
    half = f'{{"kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1", "{plants.shaped("a name")}": "\\ud800"}}'
    yield "half.json", half.encode()
    odd = {"kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1", "metadata": {"uid": {plants.shaped("a uid"): 1}}}
    yield "odd.json", orjson.dumps(odd)


@pytest.fixture(scope="module", params=[FILE, POSTGRESQL])
def planted(
    request: pytest.FixtureRequest, fixtures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    """What `lineage ingest` makes of it, and of what objects hold."""
    folder, plants = tmp_path_factory.mktemp("planted"), Plants()
    url = f"sqlite:///{folder / 'lineage.db'}"
    if request.param == POSTGRESQL:
        url = request.getfixturevalue("postgresql").new_database()
    (folder / "objects").mkdir()
    items = [in_what_is_read(item, plants) for item in everything(fixtures)]
    (folder / "objects" / "all.ndjson").write_bytes(b"\n".join(map(orjson.dumps, items)))
    for name, data in unreadable(plants):
        (folder / "objects" / name).write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("LINEAGE_STORE", url)
        done = run("ingest", str(folder / "objects"), "--json")
        summary = json.loads(done.stdout)
        assert summary["recorded"] > 0.9 * len(items), done.stderr
        with closing(open_store(url)) as store:
            record(store, *looks(store, fixtures, folder, plants))
            while store.settle(limit=1000):
                pass
        yield Planted(url, plants, done.stdout + done.stderr)


def looks(store: SqlStore, fixtures: Path, folder: Path, plants: Plants) -> Iterator[LocationLooked]:
    """What is seen of artifacts that are files of metrics, or of what is to be shown."""
    bucket = folder / "bucket"
    bucket.mkdir()
    files = sorted((fixtures / FILES).glob("*.json"))
    plantings = product(files, (in_texts, in_assignments))
    artifacts = store.artifacts(EVERYTHING, Listing(), PageRequest(first=100)).items
    places = store.places(EVERYTHING, [one.key for one in artifacts])
    for (file, form), place in zip(plantings, places.values(), strict=False):
        try:
            planted = orjson.dumps(form({"all": orjson.loads(file.read_bytes())}, plants)["all"])
        except orjson.JSONDecodeError:
            planted = in_texts({"all": file.read_text()}, plants)["all"].encode()
        name = f"{form.__name__}-{file.name}"
        (bucket / name).write_bytes(planted)
        named = "mlpipeline-ui-metadata" if "ui" in file.name else "mlpipeline-metrics"
        read = reader_of(Location(store="s", uri=f"s3://b/{file.name}"), [named], fetch=lambda _place: b"")
        seen = look(DirectoryStore(folder, bucket.name), name, budget=WHOLE, read=read)
        assert seen.said is not None
        where = place.location
        told = {"cluster": place.cluster, "store": where.store, "uri": where.uri}
        yield LocationLooked(source="object_store", seen_at=RECORDED_AT, look=seen, **told)


# ------------------------------------------------------------------------------------------ looking for them
def unpacked(value: object) -> bytes:
    """The bytes of a value of a table, taken out of what packs them."""
    match value:
        case bytes() | memoryview():
            data = bytes(value)
            for unpack in (zstandard.ZstdDecompressor().decompress, gzip.decompress):
                try:
                    return data + unpack(data)
                except (zstandard.ZstdError, OSError, EOFError):
                    pass
            return data
        case _:
            return str(value).encode()


def test_they_are_in_no_column_of_any_table(planted: Planted) -> None:
    with closing(open_store(planted.url)) as store, store._engine.connect() as connection:
        tables = sqlalchemy.inspect(connection).get_table_names()
        assert len(tables) > 20
        rows = 0
        for table in tables:
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').mappings():
                rows += 1
                for column, value in row.items():
                    assert planted.plants.found_in(unpacked(value)) == set(), f"{table}.{column}"
        assert rows > 500


def test_they_are_in_nothing_that_was_said_while_it_was_recorded(planted: Planted) -> None:
    assert planted.plants.found_in(planted.said) == set()
    assert b"rejected" in planted.said


def test_they_are_in_the_answer_of_no_field(planted: Planted) -> None:
    with closing(open_store(planted.url)) as store:
        answered = 0
        for name, field, query in queries(store):
            answer = execute(store, EVERYTHING, query)
            assert "data" in answer, (query, answer)
            found = planted.plants.found_in(to_json(answer))
            assert found == set(), f"{name}.{field}"
            answered += b"redacted" in to_json(answer)
        assert answered > 20


def queries(store: SqlStore) -> Iterator[tuple[str, str, str]]:
    """Ask for every field of what is there."""
    some = PageRequest(first=10)
    reads = (store.experiments, store.artifacts, store.pipelines, store.recurring_runs, store.deployments)
    runs = store.runs(EVERYTHING, Listing(), PageRequest(first=20)).items
    executions = store.executions(EVERYTHING, Listing(), PageRequest(first=20)).items
    ids = [one.id for one in (*runs, *executions)]
    ids += [one.id for read in reads for one in read(EVERYTHING, Listing(), some).items]
    first, second = runs[0], runs[1]
    scope = f'scope: {{namespace: "{first.namespace}"}}'
    roots = f'["{first.id}", "{executions[0].id}"]'
    asked = {
        ("Query", "node"): f'id: "{first.id}"',
        ("Query", "lineage"): f"roots: {roots}, direction: BOTH",
        ("Query", "paths"): f'from: ["{first.id}"], to: ["{second.id}"]',
        ("Query", "impact"): f"roots: {roots}",
        ("Query", "runDiff"): f'base: "{first.id}", target: "{second.id}"',
        ("Query", "metricTrend"): f'{scope}, metric: "duration_seconds"',
        ("Query", "metricTrends"): scope,
        ("Query", "metricNames"): scope,
        ("Query", "audit"): f'run: "{first.id}"',
        ("Query", "rerunManifest"): f'run: "{first.id}"',
        ("Query", "run"): f'uid: "{first.uid}"',
        ("Query", "search"): 'text: "a"',
        ("Query", "layout"): 'boxes: [{id: "a", width: 1, height: 1}], links: []',
        ("Execution", "metricSeries"): 'name: "accuracy"',
        ("RecurringRun", "slots"): 'from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z"',
    }
    return every_field.queries(ids, asked)


def test_they_are_on_no_page(planted: Planted) -> None:
    with closing(open_store(planted.url)) as store, capture_logs() as logs:
        client = Client(application(store=store))
        for path in ("/", "/metrics", "/readyz", "/healthz", "/graphql?query={runs{nodes{raw}}}"):
            response = client.get(path)
            assert response.status_code == 200
            assert planted.plants.found_in(response.content + repr(response.headers).encode()) == set()
        assert planted.plants.found_in(repr(logs).encode()) == set()


def test_no_command_shows_them(planted: Planted) -> None:
    with closing(open_store(planted.url)) as store:
        executions = store.executions(EVERYTHING, Listing(), PageRequest(first=100)).items
        runs = list(dict.fromkeys(one.run_key for one in executions))
        raw = store.raw(EVERYTHING, runs)
        first, second, *_ = [global_id(key) for key in runs if raw.get(key, {}).get("spec", {}).get("templates")]
    commands: Sequence[tuple[str, ...]] = (
        ("dump",),
        ("export", "runs"),
        ("runs", "--limit", "100"),
        ("show", first),
        ("rejected", "list"),
        ("rerun", first),
        ("diff", first, second),
        ("report", "provenance", first, "--format", "html"),
        ("report", "audit", first, "--format", "md"),
    )
    for command in commands:
        done = run(*command, LINEAGE_STORE=planted.url)
        assert done.returncode in (0, 1), (command, done.stderr)
        assert len(done.stdout) > 100, command
        assert planted.plants.found_in(done.stdout + done.stderr) == set(), command


# ------------------------------------------------------------------------------------------ on the way
@pytest.mark.parametrize("cut", [100, 1_000, 100_000])
@pytest.mark.parametrize("form", [in_texts, in_members, in_names, in_assignments])
def test_an_answer_that_is_cut_off_is_told_without_them(form: Form, cut: int) -> None:
    """Servers and what stands before them break answers off: what is said of that quotes their beginning."""
    for length in range(25):
        plants = Plants()
        text = orjson.dumps([form({"a": {"b": "-" * length}}, plants)] * 1_000)[:cut]
        for read in (Reader(WORKFLOWS, Head).event, Reader(WORKFLOWS, Head).page):
            with pytest.raises(BadAnswer) as refused:
                read(text)
            assert plants.found_in(str(refused.value).encode()) == set()


class Written:
    """A log that keeps what is appended as it is on the wire, and may hand it on to another."""

    def __init__(self, on: LogWriter | None = None) -> None:
        self.written = bytearray()
        self.objects = 0
        self._on = on

    def append(self, observation: Observation) -> None:
        if self._on is not None:
            self._on.append(observation)
        self.written += encode(observation)
        self.objects += isinstance(observation, ObjectSeen | InputUnreadable)


def a_planted_world(fixtures: Path, plants: Plants) -> tuple[World, int]:
    """A cluster of objects that were planted in, and how many there are."""
    world, count = World(), 0
    resources = {source.name: source.resource for source in watched_sources()}
    for number, item in enumerate(everything(fixtures)):
        source = find_source(item, all_sources())
        if source is None or source.name not in resources:
            continue
        for form in (in_what_is_read, in_assignments):
            planted = form(item, plants)
            name = f"{form.__name__}-{number}"
            planted["metadata"] |= {"name": name, "namespace": "a", "uid": name}
            world.put(resources[source.name], planted)
            count += 1
    return world, count


@contextmanager
def watched(world: World, events: LogWriter) -> Iterator[None]:
    """Watch a cluster meanwhile."""
    api = ApiServer(world, resources=[source.resource for source in watched_sources()], bookmark_seconds=1)
    api.start()
    watching = Watching(
        transport=connect(url=api.url),
        sources=watched_sources(),
        namespaces=None,
        events=events,
        cluster=CLUSTER,
        redactor=REDACTOR,
        clock=lambda: RECORDED_AT,
    )
    watching.start()
    try:
        yield
    finally:
        watching.stop()
        api.stop()


def test_they_are_neither_in_the_log_of_events_nor_in_what_watchers_say(fixtures: Path) -> None:
    plants, events = Plants(), Written()
    world, count = a_planted_world(fixtures, plants)
    with capture_logs() as logs, watched(world, events):
        assert comes_true(lambda: events.objects >= count)
    assert plants.found_in(bytes(events.written)) == set()
    assert plants.found_in(repr(logs).encode()) == set()


def test_they_are_in_no_message_of_a_topic(fixtures: Path, kafka: KafkaServer) -> None:
    plants, access = Plants(), access_of(f"kafka://{kafka.bootstrap}/{kafka.new_topic()}")
    prepare(access)
    world, count = a_planted_world(fixtures, plants)
    messages = b""
    with KafkaWriter(access) as writer:
        events = Written(writer)
        with watched(world, events):
            assert comes_true(lambda: events.objects >= count)
    with KafkaConsumer(
        access.topic, bootstrap_servers=list(access.servers), auto_offset_reset="earliest", consumer_timeout_ms=3_000
    ) as consumer:
        for message in consumer:
            messages += (message.key or b"") + (message.value or b"")
    assert len(messages) > len(events.written) / 2
    assert plants.found_in(messages) == set()
