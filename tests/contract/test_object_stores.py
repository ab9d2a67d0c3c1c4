"""What every object store promises, on each: a folder on disk, and buckets of MinIO with versions and without."""

import io
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from minio.versioningconfig import VersioningConfig

from lineage.errors import BucketAbsent, BudgetExceeded, ObjectAbsent, ObjectStoreError
from lineage.evidence import Evidence, Look, MetricValue, Said, compare
from lineage.metrics import LARGEST_FILE, read_json_file
from lineage.model import ArtifactState
from lineage.objectstore.configured import ConfiguredStore, Credentials
from lineage.objectstore.content import digest
from lineage.objectstore.directory import DirectoryStore
from lineage.objectstore.looking import look
from lineage.objectstore.minio import MinioStore
from lineage.packing import Limits
from lineage.ports import Budget, ObjectStat, ObjectStore
from tests.archives import tar_gz
from tests.minio_server import ACCESS_KEY, SECRET_KEY, MinioServer

BUDGET = Budget(size_bytes=10**9, seconds=60.0)
PRESENT, CHANGED, MISSING = ArtifactState.PRESENT, ArtifactState.CHANGED, ArtifactState.MISSING


class Bucket(Protocol):
    """A bucket under test, and how somebody else writes to it."""

    store: ObjectStore
    gone: ObjectStore
    """One like it that is not there."""

    def put(self, key: str, data: bytes) -> None: ...
    def remove(self, key: str) -> None: ...


class Folder:
    """A bucket that is a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "bucket"
        self._folder.mkdir()
        self.store: ObjectStore = DirectoryStore(folder, "bucket")
        self.gone: ObjectStore = DirectoryStore(folder, "gone")

    def put(self, key: str, data: bytes) -> None:
        file = self._folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def remove(self, key: str) -> None:
        (self._folder / key).unlink()


class OfMinio:
    """A bucket of MinIO."""

    def __init__(self, server: MinioServer, *, has_versions: bool) -> None:
        self.client = server.client()
        self.name = server.new_bucket()
        if has_versions:
            self.client.set_bucket_versioning(self.name, VersioningConfig("Enabled"))
        configured = ConfiguredStore(
            endpoint=f"http://{server.endpoint}", credentials=Credentials(access_key=ACCESS_KEY, secret_key=SECRET_KEY)
        )
        self.store: ObjectStore = MinioStore(configured, self.name)
        self.gone: ObjectStore = MinioStore(configured, "no-such-bucket")

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(self.name, key, io.BytesIO(data), len(data))

    def remove(self, key: str) -> None:
        self.client.remove_object(self.name, key)


@pytest.fixture(params=["folder", "MinIO", "MinIO with versions"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bucket]:
    made: Bucket
    if request.param == "folder":
        made = Folder(tmp_path)
    else:
        made = OfMinio(request.getfixturevalue("minio"), has_versions=request.param != "MinIO")
    yield made
    for store in (made.store, made.gone):
        store.close()


def read(store: ObjectStore, key: str, budget: Budget = BUDGET) -> tuple[ObjectStat, bytes]:
    with store.open(key, budget=budget) as opened:
        return opened.stat, b"".join(opened.chunks)


# ------------------------------------------------------------------------------------------ one object
def test_an_object_is_described_and_read(bucket: Bucket) -> None:
    bucket.put("models/churn.tgz", b"weights")
    stat = bucket.store.stat("models/churn.tgz")
    assert (stat.key, stat.size_bytes) == ("models/churn.tgz", 7)
    assert stat.modified_at is not None
    assert abs(stat.modified_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert stat.etag
    assert read(bucket.store, "models/churn.tgz") == (stat, b"weights")


@pytest.mark.parametrize("key", ["a b", "größe/ü", "a+b&c=d?e#f%20", "a'b\"c", "日本"])
def test_keys_may_have_any_characters(bucket: Bucket, key: str) -> None:
    bucket.put(key, b"data")
    assert read(bucket.store, key)[1] == b"data"
    assert [stat.key for stat in bucket.store.objects("")] == [key]


def test_an_empty_object_is_one(bucket: Bucket) -> None:
    bucket.put("empty", b"")
    assert read(bucket.store, "empty")[1] == b""


def test_large_objects_come_in_pieces_that_are_all_there(bucket: Bucket) -> None:
    data = bytes(range(256)) * 40_000
    bucket.put("large", data)
    with bucket.store.open("large", budget=BUDGET) as opened:
        chunks = list(opened.chunks)
    assert b"".join(chunks) == data
    assert len(chunks) > 1


def test_what_is_not_read_to_its_end_does_no_harm(bucket: Bucket) -> None:
    bucket.put("large", bytes(10**7))
    for _ in range(20):
        with bucket.store.open("large", budget=BUDGET) as opened:
            next(opened.chunks)
    assert bucket.store.stat("large").size_bytes == 10**7


def test_an_object_that_is_not_there_is_absent(bucket: Bucket) -> None:
    bucket.put("models/churn.tgz", b"weights")
    for key in ("models/other.tgz", "models", "models/churn.tgz/more"):
        with pytest.raises(ObjectAbsent):
            bucket.store.stat(key)
        with pytest.raises(ObjectAbsent):
            read(bucket.store, key)


def test_an_object_of_a_bucket_that_is_not_there_is_not_absent(bucket: Bucket) -> None:
    for ask in (
        lambda: bucket.gone.stat("key"),
        lambda: read(bucket.gone, "key"),
        lambda: list(bucket.gone.objects("")),
    ):
        with pytest.raises(BucketAbsent):
            ask()


@pytest.mark.parametrize("key", ["../outside", "models/../../outside", "/etc/passwd", "models/./churn.tgz", ""])
def test_a_key_leads_nowhere_else(bucket: Bucket, key: str) -> None:
    bucket.put("models/churn.tgz", b"weights")
    with pytest.raises(ObjectStoreError):
        bucket.store.stat(key)


def test_a_version_that_never_was_is_absent(bucket: Bucket) -> None:
    bucket.put("key", b"data")
    with pytest.raises(ObjectAbsent):
        bucket.store.stat("key", version="11111111-1111-1111-1111-111111111111")


def test_an_object_beyond_the_budget_is_described_and_not_read(bucket: Bucket) -> None:
    bucket.put("key", b"weights")
    with bucket.store.open("key", budget=Budget(size_bytes=6, seconds=60.0)) as opened:
        assert opened.stat.size_bytes == 7
        with pytest.raises(BudgetExceeded, match="has 7 bytes, and 6 may be read"):
            next(opened.chunks)


def test_time_that_is_up_ends_reading(bucket: Bucket) -> None:
    bucket.put("large", bytes(10**7))
    with (
        bucket.store.open("large", budget=Budget(size_bytes=10**9, seconds=0.0)) as opened,
        pytest.raises(BudgetExceeded, match="could not be read within 0 s"),
    ):
        list(opened.chunks)


# ------------------------------------------------------------------------------------------ many objects
def test_objects_are_listed_by_what_their_keys_begin_with_in_their_order(bucket: Bucket) -> None:
    for key in ("a.txt", "a/b.txt", "a/c/d", "a-/e", "ab/c", "b"):
        bucket.put(key, key.encode())
    keys = ["a-/e", "a.txt", "a/b.txt", "a/c/d", "ab/c", "b"]
    assert [stat.key for stat in bucket.store.objects("")] == keys
    assert [stat.key for stat in bucket.store.objects("a/")] == ["a/b.txt", "a/c/d"]
    assert [stat.key for stat in bucket.store.objects("a")] == keys[:-1]
    assert [stat.key for stat in bucket.store.objects("a/c/")] == ["a/c/d"]
    assert list(bucket.store.objects("c")) == []


def test_what_is_listed_is_what_is_described(bucket: Bucket) -> None:
    bucket.put("folder/file", b"data")
    (listed,) = bucket.store.objects("folder/")
    stat = bucket.store.stat("folder/file")
    assert (listed.key, listed.size_bytes, listed.etag, listed.modified_at) == (
        stat.key,
        stat.size_bytes,
        stat.etag,
        stat.modified_at,
    )


def test_more_objects_are_listed_than_fit_one_answer(bucket: Bucket) -> None:
    keys = [f"many/{number:04d}" for number in range(1100)]
    for key in keys:
        bucket.put(key, b"")
    assert [stat.key for stat in bucket.store.objects("many/")] == keys


def test_many_threads_may_ask_one_store(bucket: Bucket) -> None:
    keys = [f"many/{number}" for number in range(50)]
    for number, key in enumerate(keys):
        bucket.put(key, bytes(number))
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda key: read(bucket.store, key)[1], 4 * keys))
    assert found == 4 * [bytes(number) for number in range(50)]


# ------------------------------------------------------------------------------------------ looks
def looks(bucket: Bucket, key: str) -> Look:
    found = look(bucket.store, key, budget=BUDGET)
    assert found.state is not ArtifactState.UNVERIFIED, found.reason
    return found


def test_a_look_within_a_budget_digests_the_bytes_and_what_they_mean(bucket: Bucket) -> None:
    packed = tar_gz({"model": b"weights"})
    bucket.put("model.tgz", packed)
    found, expected = looks(bucket, "model.tgz"), digest([packed])
    assert (found.digest, found.content_digest) == (expected.digest, expected.content_digest)
    assert found.evidence is Evidence.BYTES


def test_a_look_without_a_budget_reads_nothing(bucket: Bucket) -> None:
    bucket.put("key", b"data")
    found = look(bucket.store, "key")
    assert (found.state, found.size_bytes, found.digest) == (PRESENT, 4, None)


def test_a_look_beyond_its_budget_says_so_and_what_is_known_without_bytes(bucket: Bucket) -> None:
    bucket.put("key", b"weights")
    found = look(bucket.store, "key", budget=Budget(size_bytes=6, seconds=60.0))
    assert (found.state, found.size_bytes, found.digest, found.content_digest) == (PRESENT, 7, None, None)
    assert found.content_reason is not None
    assert "6 may be read" in found.content_reason


def test_a_look_reads_what_a_file_says_as_its_bytes_pass(bucket: Bucket) -> None:
    bucket.put("metrics.tgz", tar_gz({"metrics.json": b'{"auc": 0.9}'}))
    found = look(bucket.store, "metrics.tgz", budget=BUDGET, read=read_json_file)
    assert found.said == Said(values=(MetricValue(name="auc", value=0.9),))
    assert found.digest == looks(bucket, "metrics.tgz").digest
    assert look(bucket.store, "metrics.tgz", read=read_json_file).said is None  # no bytes, no words


def test_a_file_that_is_too_long_to_be_one_of_metrics_is_not_held(bucket: Bucket) -> None:
    bucket.put("metrics.json", b" " * (LARGEST_FILE + 1))
    found = look(bucket.store, "metrics.json", budget=BUDGET, read=lambda data: pytest.fail(f"{len(data)} bytes"))
    assert found.said is not None
    assert [one.reason for one in found.said.set_aside] == ["it has 8,388,609 bytes, and 8,388,608 are read"]
    assert found.evidence is Evidence.BYTES


def test_what_was_removed_is_missing_and_what_was_put_back_is_there_again(bucket: Bucket) -> None:
    bucket.put("key", b"data")
    recorded = looks(bucket, "key")
    bucket.remove("key")
    gone = looks(bucket, "key")
    assert gone.state is compare(recorded, gone).state is MISSING
    bucket.put("key", b"data")
    assert compare(recorded, looks(bucket, "key")).state is PRESENT


def test_a_bucket_that_is_not_there_leaves_an_artifact_unverified(bucket: Bucket) -> None:
    found = look(bucket.gone, "key", budget=BUDGET)
    assert found.state is ArtifactState.UNVERIFIED
    assert found.reason is not None
    assert "there is no" in found.reason


@pytest.mark.parametrize("budget", [None, BUDGET], ids=["by what the store says", "by the bytes"])
def test_an_overwrite_of_the_same_size_is_a_change(bucket: Bucket, budget: Budget | None) -> None:
    bucket.put("key", b"weights")
    recorded = look(bucket.store, "key", budget=budget)
    bucket.put("key", b"weighty")
    assert compare(recorded, look(bucket.store, "key", budget=budget)).state is CHANGED


def test_one_bit_that_flipped_is_a_change(bucket: Bucket) -> None:
    data = bytearray(range(256)) * 1000
    bucket.put("key", bytes(data))
    recorded = looks(bucket, "key")
    data[77_777] ^= 1
    bucket.put("key", bytes(data))
    found = compare(recorded, looks(bucket, "key"))
    assert (found.state, found.evidence) == (CHANGED, Evidence.BYTES)


def test_a_folder_is_looked_at_by_its_files(bucket: Bucket) -> None:
    files = {"weights": b"weights", "vocabulary/words.txt": b"a b c"}
    put_all(bucket, "model", files)
    bucket.put("model-of-another-name", b"no file of it")
    for key in ("model", "model/"):
        found = looks(bucket, key)
        assert (found.files, found.size_bytes, found.digest) == (2, 12, None)
        assert found.content_digest == digest([tar_gz(files)]).content_digest
        assert found.evidence is Evidence.BYTES


def test_a_change_in_a_folder_is_one_of_the_folder(bucket: Bucket) -> None:
    put_all(bucket, "model", {"weights": b"weights", "words.txt": b"a b c"})
    recorded, without_bytes = looks(bucket, "model"), look(bucket.store, "model")
    assert compare(recorded, looks(bucket, "model")).state is PRESENT
    bucket.put("model/words.txt", b"a b d")
    assert compare(recorded, looks(bucket, "model")).state is CHANGED
    assert compare(without_bytes, look(bucket.store, "model")).state is CHANGED
    for name in ("weights", "words.txt"):
        bucket.remove(f"model/{name}")
    assert looks(bucket, "model").state is MISSING


def test_a_folder_beyond_a_limit_is_there_and_says_why_it_was_not_read(bucket: Bucket) -> None:
    put_all(bucket, "model", {"a": b"one", "b": b"two"})
    few = Limits(files=1, name_bytes=100, header_bytes=100, unpacked_bytes=100)
    found = look(bucket.store, "model", budget=BUDGET, limits=few)
    assert (found.state, found.content_digest) == (PRESENT, None)
    assert found.content_reason == "it holds more than 1 files"
    found = look(bucket.store, "model", budget=Budget(size_bytes=5, seconds=60.0))
    assert (found.state, found.files, found.content_digest) == (PRESENT, 2, None)
    assert found.content_reason == "the files below model/ have 6 bytes, and 5 may be read"
    found = look(bucket.store, "model", budget=Budget(size_bytes=6, seconds=0.0))
    assert found.content_reason == "the files below model/ could not be read within 0 s"


def put_all(bucket: Bucket, folder: str, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        bucket.put(f"{folder}/{name}", data)
