"""Keys that would lead elsewhere: out of a folder, to another bucket, to another host. Nothing else is ever opened."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lineage.errors import ObjectStoreError
from lineage.identity import Location
from lineage.objectstore.configured import ConfiguredStore, Found, find
from lineage.objectstore.directory import DirectoryStore
from lineage.objectstore.looking import look
from lineage.objectstore.minio import MinioStore
from lineage.ports import Budget

BUDGET: Final = Budget(size_bytes=10**6, seconds=30)
BUCKET: Final = "bucket"
OUTSIDE: Final = b"what lies outside"
INSIDE: Final = b"what lies inside"
PIECES: Final = st.sampled_from(
    ["..", ".", "/", "//", "\\", "..\\", "%2e%2e", "%2f", "%252e%252e%252f", "%00", "\0", "~", "$HOME", "outside",
     "inside", "link", "folder", "a" * 300, "é", "e\u0301", "\uff0e\uff0e", "\uff0f", "\u2025", "\u2215", "\ud800", "?",
     "#", ";", "&", "@evil.example", "http://evil.example/", "file://", " ", "\n", "\r\nHost: evil.example", ":", "*",
     "|", "C:", "NUL"]
)  # fmt: skip
KEYS: Final = st.lists(PIECES, min_size=1, max_size=8).map("".join)
many = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


# ------------------------------------------------------------------------------------------ a folder
@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Stores of a folder, beside what nobody may read; links lead there from everywhere."""
    with TemporaryDirectory() as made:
        root = Path(made).resolve()
        below = root / "stores" / BUCKET / "folder"
        below.mkdir(parents=True)
        (root / "stores" / "other").mkdir()
        for outside in (root / "outside", root / "stores" / "outside", root / "stores" / "other" / "outside"):
            outside.write_bytes(OUTSIDE)
        for inside in (below.parent / "inside", below / "inside"):
            inside.write_bytes(INSIDE)
        for place in (below.parent, below):
            (place / "link").symlink_to(root)
        yield root / "stores"


def read(store: DirectoryStore, key: str) -> bytes | None:
    try:
        with store.open(key, budget=BUDGET) as opened:
            return b"".join(opened.chunks)
    except ObjectStoreError:
        return None


@many
@given(key=KEYS)
@example("../outside")
@example("folder/../../outside")
@example("link/outside")
@example("folder/link/stores/other/outside")
@example("/etc/passwd")
@example("folder/inside")
def test_no_key_leads_out_of_a_folder(folder: Path, key: str) -> None:
    store = DirectoryStore(folder, BUCKET)
    assert read(store, key) in (None, INSIDE)
    if read(store, key) == INSIDE:
        assert key in ("inside", "folder/inside")


@many
@given(prefix=KEYS)
def test_no_prefix_lists_what_is_outside(folder: Path, prefix: str) -> None:
    try:
        keys = [stat.key for stat in DirectoryStore(folder, BUCKET).objects(prefix)]
    except ObjectStoreError:
        keys = []
    assert set(keys) <= {"inside", "folder/inside"}


@many
@given(key=KEYS)
def test_looking_at_any_key_says_what_is_wrong_with_it_and_no_more(folder: Path, key: str) -> None:
    seen = look(DirectoryStore(folder, BUCKET), key, budget=BUDGET)
    assert seen.size_bytes in (None, len(INSIDE), 2 * len(INSIDE))


def test_a_folder_that_is_swapped_for_a_link_all_the_time_leads_nowhere(tmp_path: Path) -> None:
    """Whoever may write there could swap it between the look at the path and the opening of the file."""
    bucket, elsewhere = tmp_path / BUCKET, tmp_path / "elsewhere"
    for made, content in ((bucket / "folder", INSIDE), (elsewhere, OUTSIDE)):
        made.mkdir(parents=True)
        (made / "file").write_bytes(content)
    (bucket / "link").symlink_to(elsewhere)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for old, new in (("folder", "aside"), ("link", "folder"), ("folder", "link"), ("aside", "folder")):
                (bucket / old).rename(bucket / new)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        found = {read(DirectoryStore(tmp_path, BUCKET), "folder/file") for _ in range(3_000)}
    finally:
        stop.set()
        swapping.join()
    assert found <= {INSIDE, None}
    assert INSIDE in found


# ------------------------------------------------------------------------------------------ S3
Asking: TypeAlias = tuple[MinioStore, list[str], str]
"""A store, what it was asked for, and its host."""


@contextmanager
def a_store() -> Iterator[tuple[str, list[str]]]:
    """A server that has nothing, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']} {self.path}")
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.send_header("Server", "MinIO")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - the name that is wanted

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=st.lists(KEYS, min_size=1, max_size=3))
def test_a_key_asks_for_itself_in_its_bucket_and_nobody_else(
    keys: list[str], asking: tuple[MinioStore, list[str], str]
) -> None:
    store, asked, host = asking
    for key in keys:
        asked.clear()
        for ask in (lambda key=key: store.stat(key), lambda key=key: list(store.objects(key))):
            with suppress(ObjectStoreError):
                ask()
        for request in asked:
            named, _, path = request.partition(" ")
            parts = urlsplit(path)
            assert named == host
            assert parts.path.startswith(f"/{BUCKET}")
            assert unquote(parts.path) in (f"/{BUCKET}/{key}", f"/{BUCKET}", f"/{BUCKET}/")
            assert not {".", ".."} & set(parts.path.split("/"))


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    with a_store() as (url, asked):
        yield MinioStore(ConfiguredStore(endpoint=url, region="us-east-1"), BUCKET), asked, urlsplit(url).netloc


# ------------------------------------------------------------------------------------------ uris of users
@given(rest=KEYS, scheme=st.sampled_from(["s3", "minio", "gs", "file", "http", "oci", ""]))
def test_a_uri_is_found_in_the_store_and_bucket_that_it_names_or_nowhere(scheme: str, rest: str) -> None:
    stores = [ConfiguredStore(endpoint="http://store:9000", bucket=BUCKET)]
    for uri in (f"{scheme}://{rest}", f"{scheme}://{BUCKET}/{rest}"):
        found = find(stores, cluster="c", namespace="a", location=Location(store="store:9000", uri=uri))
        if isinstance(found, Found):
            assert (found.bucket, found.store) == (BUCKET, stores[0])
            assert f"{scheme}://{found.bucket}/{found.key}" == uri
