"""Texts of artifacts: read from configured stores alone, and only for those who may see what lies in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from lineage.cli.object_stores import text_reader
from lineage.identity import global_id, written_key
from lineage.objectstore.configured import ConfiguredStore
from lineage.objectstore.directory import DirectoryStore
from lineage.objectstore.reading import StoredTexts
from lineage.ports import EVERYTHING, NOTHING, Scope, TextReader
from lineage.settings import load_settings
from lineage.store.sql import SqlStore
from lineage_graphql import Outside, execute, saved_queries
from lineage_graphql.texts import MOST_CHARACTERS
from tests.archives import gz, tar, tar_gz
from tests.factories import CLUSTER, a_node, a_store, a_workflow

BUCKET: Final = "logs"
KEY: Final = "w/main.log"
LOG: Final = "epoch 1: loss 0.5\nepoch 2: loss 0.4, \u00e9t\u00e9\n"
IN_A: Final = Scope(namespaces=frozenset({(CLUSTER, "a")}))
ALL_OF_IT: Final = Scope(namespaces=frozenset(), clusters=frozenset({CLUSTER}))
TOKEN: Final = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"


def a_log(start: float = 10, *, namespace: str = "a", uid: str = "u1", key: str = KEY) -> dict[str, Any]:
    """A run with a step that wrote a log."""
    log = {"name": "main-logs", "s3": {"endpoint": "minio:9000", "bucket": BUCKET, "key": key}}
    node = a_node("w.a", start, start + 10, outputs={"artifacts": [log]})
    return a_workflow({"w-a": node}, uid=uid, namespace=namespace, phase="Succeeded")


def id_of_log(start: int = 10, *, uid: str = "u1") -> str:
    return global_id(written_key(uid, "w-a", start, "main-logs"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / BUCKET / "w").mkdir(parents=True)
    return tmp_path


def reader(folder: Path, **more: Any) -> StoredTexts:
    return StoredTexts([ConfiguredStore(folder=folder, **more)], lambda store, bucket: DirectoryStore(folder, bucket))


def asked(
    store: SqlStore, texts: TextReader | None, *, scope: Scope = EVERYTHING, id: str | None = None, first: int = 65_536
) -> dict[str, Any]:
    given = {"id": id or id_of_log(), "first": first}
    answer = execute(store, scope, saved_queries()["artifact-text"].text, given, outside=Outside(texts=texts))
    assert "errors" not in answer, answer["errors"]
    found: dict[str, Any] = answer["data"]["node"]["text"]
    return found


def read(folder: Path, data: bytes, **more: Any) -> dict[str, Any]:
    """What is told of a log that holds some bytes."""
    (folder / BUCKET / KEY).write_bytes(data)
    return asked(a_store(a_log()), reader(folder), **more)


# ------------------------------------------------------------------------------------------ what is shown
def test_a_log_is_shown_with_its_size(folder: Path) -> None:
    size = len(LOG.encode())
    assert read(folder, LOG.encode()) == {"text": LOG, "complete": True, "sizeBytes": size, "reason": None}


@pytest.mark.parametrize("pack", [gz, lambda data: tar({"main.log": data}), lambda data: tar_gz({"main.log": data})])
def test_what_is_packed_is_unpacked(folder: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(LOG.encode())
    assert read(folder, packed) == {"text": LOG, "complete": True, "sizeBytes": len(packed), "reason": None}


def test_of_a_long_text_the_beginning_is_shown(folder: Path) -> None:
    found = read(folder, LOG.encode() * 10_000, first=100)
    assert (found["text"], found["complete"]) == ((LOG * 10)[:100], False)
    assert read(folder, LOG.encode(), first=len(LOG))["complete"]
    assert not read(folder, LOG.encode(), first=len(LOG) - 1)["complete"]


def test_a_character_of_several_bytes_is_not_cut_in_two(folder: Path) -> None:
    text = "\u20ac" * 200_000
    assert read(folder, text.encode(), first=50_000)["text"] == "\u20ac" * 50_000


@pytest.mark.parametrize("before", [0, 90, 97])
def test_secrets_are_struck_out_also_where_the_text_is_cut(folder: Path, before: int) -> None:
    found = read(folder, f"{'.' * before} {TOKEN} and more\n".encode() * 20, first=100)
    assert not any(TOKEN[:length] in found["text"] for length in range(8, len(TOKEN)))
    assert "redacted"[: 99 - before] in found["text"]


def test_nothing_is_read_of_what_is_not_asked_for(folder: Path) -> None:
    class Refusing(StoredTexts):
        def read(self, *_: object, **__: object) -> Any:
            raise AssertionError("it was read")

    query = f'{{ node(id: "{id_of_log()}") {{ ... on Artifact {{ name uri }} }} }}'
    texts = Refusing([], lambda *_: DirectoryStore(folder, BUCKET))
    assert "errors" not in execute(a_store(a_log()), EVERYTHING, query, outside=Outside(texts=texts))


# ------------------------------------------------------------------------------------------ why there is none
@pytest.mark.parametrize("data", [b"\x93NUMPY\x01\x00", b"PK and then \xff", b"text\0text", gz(b"\xff\xfe")])
def test_what_is_no_text_is_not_shown(folder: Path, data: bytes) -> None:
    found = read(folder, data)
    assert (found["text"], found["complete"], found["sizeBytes"]) == (None, False, len(data))
    assert found["reason"] == "it is no text in UTF-8"


def test_an_archive_of_several_files_is_no_text(folder: Path) -> None:
    assert "several files" in read(folder, tar_gz({"a": b"1", "b": b"2"}))["reason"]


def test_what_is_damaged_is_no_text(folder: Path) -> None:
    assert "ends in the middle" in read(folder, gz(LOG.encode())[:-9])["reason"]


def test_what_is_not_there_any_more_is_told_as_such(folder: Path) -> None:
    assert "there is no" in asked(a_store(a_log()), reader(folder))["reason"]


def test_a_folder_is_no_text(folder: Path) -> None:
    (folder / BUCKET / KEY).mkdir()
    (folder / BUCKET / KEY / "part-0").write_text(LOG)
    assert asked(a_store(a_log()), reader(folder))["reason"] == "it is a folder, which is no text"


def test_a_bucket_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    assert "no folder" in asked(a_store(a_log()), reader(tmp_path))["reason"]


def test_without_a_store_for_it_nobody_is_asked(folder: Path) -> None:
    store = a_store(a_log())
    assert asked(store, None)["reason"] == "no object store is configured"
    assert "no object store is configured for s3://logs" in asked(store, StoredTexts([], DirectoryStore))["reason"]  # type: ignore[arg-type] # it is not opened


def test_what_was_written_again_is_not_shown_as_what_it_was(folder: Path) -> None:
    (folder / BUCKET / KEY).write_text(LOG)
    store = a_store(a_log(), a_log(100, uid="u2"))
    assert "something else was written there" in asked(store, reader(folder))["reason"]
    assert asked(store, reader(folder), id=id_of_log(100, uid="u2"))["text"] == LOG


@pytest.mark.parametrize("first", [0, -1, MOST_CHARACTERS + 1])
def test_a_length_out_of_bounds_is_refused(folder: Path, first: int) -> None:
    text, given = saved_queries()["artifact-text"].text, {"id": id_of_log(), "first": first}
    answer = execute(a_store(a_log()), EVERYTHING, text, given, outside=Outside(texts=reader(folder)))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query",
    [
        f'{{ node(id: "{id_of_log()}") {{ ... on Artifact {{ text {{ text }} again: text {{ text }} }} }} }}',
        "{ artifacts(first: 2) { nodes { text { text } } } }",
    ],
)
def test_one_text_is_read_in_a_request(folder: Path, query: str) -> None:
    answer = execute(a_store(a_log()), EVERYTHING, query, outside=Outside(texts=reader(folder)))
    assert answer["errors"][0]["extensions"]["code"] == "COMPLEXITY_EXCEEDED"


# ------------------------------------------------------------------------------------------ whose it is
def test_of_a_store_that_namespaces_share_only_who_may_see_all_is_shown_anything(folder: Path) -> None:
    """Whoever may write a workflow in a namespace can name any key in it."""
    (folder / BUCKET / KEY).write_text(LOG)
    store = a_store(a_log())
    assert asked(store, reader(folder), scope=ALL_OF_IT)["text"] == LOG
    found = asked(store, reader(folder), scope=IN_A)
    assert (found["text"], found["sizeBytes"]) == (None, None)
    assert "configured for its namespace alone" in found["reason"]


def test_what_lies_in_a_store_of_a_namespace_is_shown_to_who_may_see_that(folder: Path) -> None:
    (folder / BUCKET / KEY).write_text(LOG)
    assert asked(a_store(a_log()), reader(folder, namespace="a"), scope=IN_A)["text"] == LOG


def test_what_is_named_in_another_namespace_is_not_read_with_the_keys_of_that(folder: Path) -> None:
    (folder / BUCKET / KEY).write_text(LOG)
    found = asked(a_store(a_log()), reader(folder, namespace="b"), scope=IN_A)
    assert found["text"] is None
    assert "not for the bucket logs in the namespace a" in found["reason"]


def test_a_stranger_does_not_learn_that_it_is_there(folder: Path) -> None:
    (folder / BUCKET / KEY).write_text(LOG)
    text = saved_queries()["artifact-text"].text
    given = {"id": id_of_log()}
    assert execute(a_store(a_log()), NOTHING, text, given, outside=Outside(texts=reader(folder))) == execute(
        a_store(), EVERYTHING, text, given, outside=Outside(texts=reader(folder))
    )


# ------------------------------------------------------------------------------------------ put together
def test_the_stores_of_the_settings_are_read(folder: Path) -> None:
    (folder / BUCKET / KEY).write_text(LOG)
    texts = text_reader(load_settings({"object_stores": [{"folder": folder}]}))
    assert asked(a_store(a_log()), texts)["text"] == LOG
