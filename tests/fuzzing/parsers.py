"""Every parser of outside data that takes bytes or text: what it may raise, and examples that lead far into it."""

import base64
import gzip
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson
import yaml
from google.protobuf.message import DecodeError
from joserfc.jwk import KeySet
from sqlalchemy import BigInteger, String

from lineage.access.tokens import Names, Tokens, claimed_issuer, keys_of
from lineage.alerts.rules import read_rules
from lineage.audit import IDS
from lineage.audit.policy import read_policy
from lineage.errors import LineageError
from lineage.identity import Location, global_id, parse_global_id
from lineage.metrics import Read
from lineage.metrics.files import reader_of, said_in_folder
from lineage.model import Scheduler
from lineage.objectstore.notifications import changes
from lineage.observation import decode, encode, join, root, split
from lineage.ports import EVERYTHING
from lineage.registry.names import image_name
from lineage.schedules.cron import parse
from lineage.settings import FILE_VARIABLE, load_settings
from lineage.store.paging import read_cursor
from lineage.trends.directions import read_directions
from lineage.web.socket_messages import Closing, read_message
from lineage_graphql import execute, saved_queries, to_json
from tests.contract.test_bad_objects import own_objects
from tests.event_files import event, event_file, scalar, series, tensor
from tests.example import example
from tests.factories import CLUSTER, RECORDED_AT, REDACTOR, a_node, a_workflow, interpreted, observed
from tests.fakes import FakeStore
from tests.kubeflow_answers import a_pipeline, a_run, a_version, an_ir
from tests.tokens import AUDIENCE, ISSUER, NOW, a_token, published, unsigned
from watchers.answers import PIPELINES, RUNS
from watchers.argo_archive import workflow_in
from watchers.argo_server import ArgoServer
from watchers.documents import decode as decode_documents
from watchers.kubeflow_api import KubeflowApi
from watchers.lines import Chunks, Lines
from watchers.mlmd_messages import decode as decode_metadata
from watchers.nodes import offloaded_version, put_nodes
from watchers.observe import find_source, observe
from watchers.sent import Reader
from watchers.source import Head
from watchers.sources import all_sources
from watchers.timeline import WORKFLOWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """`parse` reads bytes whole. Where they make no sense it gives what it documents for that, or raises one of
    `errors`: nothing else, ever."""

    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    errors: tuple[type[Exception], ...] = (LineageError,)


def parsers() -> Mapping[str, Parser]:
    """All of them, by what they read."""
    metrics = {"metrics": [{"name": "accuracy", "numberValue": 0.9, "format": "PERCENTAGE"}]}
    return {
        "files of objects": Parser(
            parse=lambda data: list(decode_documents([data])),
            seeds=(
                *_objects(),
                _yaml(own_objects()[0]),
                gzip.compress(_objects()[0]),
                b"---\n".join(map(_yaml, [[], {}])),
            ),
            errors=(),
        ),
        "YAML": Parser(
            parse=lambda data: list(decode_documents([data], yaml=True)),
            seeds=(_yaml(own_objects()[0]), b"a: &a [1]\nb: *a\n", b"!!python/object:os.system x", b"? [1]\n: 2\n"),
            errors=(),
        ),
        "objects": Parser(parse=_interpreted, seeds=_objects()),
        "packed nodes": Parser(
            parse=_with_packed_nodes, seeds=(gzip.compress(orjson.dumps({"n": a_node("n", 1, 2)})),)
        ),
        "archived workflows": Parser(parse=_archived, seeds=(orjson.dumps(a_workflow({"n": a_node("n", 1, 2)})),)),
        "answers of an Argo Server": Parser(
            parse=_archives, seeds=(orjson.dumps({"metadata": {"continue": "1"}, "items": [a_workflow()]}),)
        ),
        "answers of an API server": Parser(parse=_sent, seeds=tuple(map(_as_event, _objects()[:3]))),
        "lines in chunks": Parser(
            parse=_lines, seeds=(b"5\r\nabc\n{\r\n2;x=1\r\n}\n\r\n0\r\n\r\n",), errors=(ValueError,)
        ),
        "answers of Kubeflow": Parser(parse=_told, seeds=tuple(map(_as_answers, (a_run(), a_pipeline(), a_version())))),
        "texts of pipelines": Parser(parse=_with_spec, seeds=(orjson.dumps(an_ir()), _yaml(an_ir()))),
        "answers of ML Metadata": Parser(parse=_metadata, seeds=(b"\n\x05\x08\x01\x12\x01x",), errors=(DecodeError,)),
        "metric files of Kubeflow": Parser(
            parse=_reader("mlpipeline-metrics"), seeds=(orjson.dumps(metrics),), errors=()
        ),
        "metric files": Parser(
            parse=_reader("metrics.json"), seeds=(b'{"a": {"b": [1, 2.5, NaN]}, "c": "3"}', b"[1e400]"), errors=()
        ),
        "what is to be shown": Parser(parse=_reader("mlpipeline-ui-metadata"), seeds=_shown(), errors=()),
        "events of TensorBoard": Parser(
            parse=lambda data: said_in_folder({"events.out.tfevents.1": data}),
            seeds=(series("a", [1, 2]), event_file([event(1, scalar("x", 1.0), tensor("y", b"\x08\x01\x2a\x04abcd"))])),
            errors=(),
        ),
        "archives of events": Parser(
            parse=_reader("logs.tfevents"), seeds=(gzip.compress(series("a", [1])),), errors=()
        ),
        "messages of the log": Parser(parse=_logged, seeds=(join([encode(observed(own_objects()[0]))]),)),
        "what stores tell": Parser(parse=_changed, seeds=(orjson.dumps(_NOTIFICATION),), errors=()),
        "schedules": Parser(
            parse=lambda data: [parse(_text(data), scheduler, "Europe/Berlin") for scheduler in Scheduler],
            seeds=(b"0 9 * * 1-5", b"@every 1h30m", b"TZ=Asia/Tokyo 0 0 31 2 *", b"*/5 1,2-4/2 L * MON#2"),
        ),
        "ids": Parser(parse=lambda data: parse_global_id(_text(data)), seeds=(global_id(("Run", "a")).encode(),)),
        "cursors": Parser(
            parse=lambda data: read_cursor(_text(data), [BigInteger(), String()]),
            seeds=(base64.urlsafe_b64encode(b'[1,"a"]'), base64.urlsafe_b64encode(b"[null,null]")),
        ),
        "names of images": Parser(
            parse=lambda data: image_name(_text(data)), seeds=(b"ghcr.io/a/b:1@sha256:" + b"0" * 64, b"a"), errors=()
        ),
        "tokens": Parser(parse=_token, seeds=(a_token().encode(), unsigned().encode(), b"a.b.c")),
        "keys of providers": Parser(
            parse=lambda data: keys_of(_item(data) or {}), seeds=(orjson.dumps(published()),), errors=()
        ),
        "messages of a socket": Parser(
            parse=lambda data: read_message(_text(data)),
            seeds=(
                b'{"type":"connection_init","payload":{"authorization":"Bearer a"}}',
                b'{"type":"subscribe","id":"1","payload":{"query":"subscription { runChanged { cursor } }"}}',
            ),
            errors=(Closing,),
        ),
        "settings": Parser(
            parse=_settings, seeds=(b'store = "sqlite:///a"\n[[object_stores]]\nfolder = "/a"\n', b"port = 1")
        ),
        "policies of audits": Parser(
            parse=lambda data: read_policy(_text(data), tuple(IDS)),
            seeds=(b'name = "a"\nversion = 1\n[[waivers]]\ncheck = "K-03"\nby = "a"\nuntil = 2026-01-02\nwhy = "b"\n',),
        ),
        "rules of alerts": Parser(
            parse=lambda data: read_rules(_text(data), "rules.toml"),
            seeds=(b'[webhook]\nurl = "https://h/"\n[[rules]]\nname = "a"\nkind = "missed_slot"\n',),
        ),
        "directions of metrics": Parser(
            parse=lambda data: read_directions(_text(data), "d.toml"),
            seeds=(b'[metrics]\naccuracy = "higher, 0.005"\n',),
        ),
        "questions": Parser(
            parse=_asked, seeds=tuple(_question(one.text, {"first": 1}) for one in saved_queries().values()), errors=()
        ),
    }


_NOTIFICATION: Final = {
    "Records": [{"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "a%2Fb"}}}]
}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _yaml(value: object) -> bytes:
    return yaml.safe_dump(value).encode()


@cache
def _objects() -> tuple[bytes, ...]:
    return tuple(map(orjson.dumps, own_objects()))


# ------------------------------------------------------------------------------------------ objects and answers
def _item(data: bytes) -> dict[str, Any] | None:
    try:
        item = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return item if isinstance(item, dict) else None


def _interpreted(data: bytes) -> None:
    item = _item(data)
    source = None if item is None else find_source(item, all_sources())
    if item is not None and source is not None:
        interpreted(observe(item, source, cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR))


def _with_packed_nodes(data: bytes) -> None:
    for packed in (base64.b64encode(data).decode(), _text(data)):
        item = a_workflow()
        del item["status"]["nodes"]
        item["status"]["compressedNodes"] = packed
        try:
            _interpreted(orjson.dumps(item))
        except LineageError:
            continue


def _archived(data: bytes) -> None:
    item = workflow_in(data, "u1")
    source = find_source(item, all_sources())
    assert source is not None
    offloaded_version(item)
    observe(put_nodes(item, data), source, cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR)


def _archives(data: bytes) -> None:
    page = ArgoServer(_Answering(_item(data) or {}), "").page(None, None, None)
    assert all(isinstance(entry.uid, str) for entry in page.entries)


def _with_spec(data: bytes) -> None:
    item = a_workflow({"n": a_node("n", 1, 2)}, annotations={"pipelines.kubeflow.org/pipeline_spec": _text(data)})
    _interpreted(orjson.dumps(item))
    version = {"apiVersion": "kfp/v2beta1", "kind": "PipelineVersion", "metadata": {"uid": "v"}, "told": {}}
    version["told"] = {"pipeline_version_id": "v", "pipeline_id": "p", "pipeline_spec": _item(data) or _text(data)}
    _interpreted(orjson.dumps(version))


def _as_event(item: bytes) -> bytes:
    return b'{"type":"MODIFIED","object":' + item + b"}"


def _sent(data: bytes) -> None:
    reader = Reader(WORKFLOWS, Head)
    for read in (reader.event, reader.page, reader.item):
        try:
            read(data)
        except LineageError:
            continue


def _lines(data: bytes) -> None:
    chunks, lines = Chunks(), Lines()
    for at in range(0, len(data), 7):
        lines.feed(chunks.feed(data[at : at + 7]))


def _as_answers(answer: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"runs": [answer], "pipelines": [answer], **answer})


class _Answering:
    """A client that gets one answer, whatever it asks for."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._answer = answer

    def get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        del path, query
        return self._answer

    def close(self) -> None:
        """There is nothing to close."""


def _told(data: bytes) -> None:
    answer = _item(data)
    if answer is None:
        return
    api = KubeflowApi(_Answering(answer))
    named = {"metadata": {"uid": "a", "namespace": "a"}, "told": answer}
    asked: tuple[Callable[[], Any], ...] = (
        lambda: [item for page in api.pages(RUNS, None) for item in page],
        lambda: [item for page in api.pages(PIPELINES, "a") for item in page],
        lambda: [api.one(RUNS, "a")],
        lambda: [api.workflow_of("a")],
        lambda: [api.tasks_of(named)],
    )
    for ask in asked:
        try:
            for item in filter(None, ask()):
                _interpreted(orjson.dumps(item))
        except LineageError:
            continue


def _metadata(data: bytes) -> None:
    for method in ("GetExecutions", "GetArtifactsByID", "GetContextsByExecution"):
        decode_metadata(method, data)


# ------------------------------------------------------------------------------------------ files, messages
def _reader(name: str) -> Read:
    def nothing_there(_place: Location) -> bytes:
        return b"a,b,1\n"

    read = reader_of(Location(store="s", uri=f"s3://b/{name}"), [name], fetch=nothing_there)
    assert read is not None
    return read


def _shown() -> tuple[bytes, ...]:
    def of(kind: str, source: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "format": "csv", "storage": "inline", "source": source, **more}

    def schema(*names: str) -> list[dict[str, str]]:
        return [{"name": name, "type": "NUMBER"} for name in names]

    kinds = [
        of("confusion_matrix", "a,b,1", labels=["a", "b"], schema=schema("target", "predicted", "count")),
        of("roc", "0,0,1\n1,1,0", schema=schema("fpr", "tpr", "threshold")),
        of("table", '"a\n', header=["x"]),
        of("markdown", "# a"),
        {"type": "web-app", "source": "s3://b/k"},
    ]
    return tuple(orjson.dumps({"version": 1, "outputs": [one]}) for one in kinds)


def _logged(data: bytes) -> None:
    for one in split(data):
        root(decode(one))


def _changed(data: bytes) -> None:
    for escaped in (True, False):
        list(changes(data, escaped=escaped))


def _settings(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_bytes(data)
        os.environ[FILE_VARIABLE] = str(file)
        try:
            load_settings({})
        finally:
            del os.environ[FILE_VARIABLE]


def _token(data: bytes) -> None:
    claimed_issuer(_text(data))
    Tokens(ISSUER, AUDIENCE, Names(), now=lambda: NOW).read(_text(data), _keys())


@cache
def _keys() -> KeySet:
    return keys_of(published())


# ------------------------------------------------------------------------------------------ questions
def _question(query: str, variables: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"query": query, "variables": variables})


@cache
def _known() -> FakeStore:
    return FakeStore(example())


def _asked(data: bytes) -> None:
    asked = _item(data) or {"query": _text(data), "variables": {}}
    query, variables = asked.get("query"), asked.get("variables")
    if isinstance(query, str) and isinstance(variables, dict | None):
        to_json(execute(_known(), EVERYTHING, query, variables))
