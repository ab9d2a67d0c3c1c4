"""What a real MinIO does beyond what every store promises: versions, parts, copies, checksums, damage, credentials."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

import pytest
from minio import Minio
from minio.commonconfig import CopySource
from minio.versioningconfig import VersioningConfig

from lineage.errors import BucketAbsent, ObjectAbsent, ObjectForbidden
from lineage.evidence import Evidence, Look, compare
from lineage.identity import Location, object_store
from lineage.model import ArtifactState, LookDue
from lineage.objectstore.configured import ConfiguredStore, Credentials
from lineage.objectstore.listening import listen
from lineage.objectstore.looking import look
from lineage.objectstore.minio import MinioStore
from lineage.objectstore.reading import StoredTexts, text_of
from lineage.ports import EVERYTHING, Budget
from tests.minio_server import ACCESS_KEY, SECRET_KEY, MinioServer
from tests.relay import Relay
from tests.waiting import comes_true

BUDGET = Budget(size_bytes=10**9, seconds=60.0)
PRESENT, CHANGED, MISSING = ArtifactState.PRESENT, ArtifactState.CHANGED, ArtifactState.MISSING
PART_BYTES = 5 * 2**20  # the smallest that S3 takes
BIG = b"weights " * (11 * 2**20 // 8)
MINE = Credentials(access_key=ACCESS_KEY, secret_key=SECRET_KEY)


def connected(server: MinioServer, bucket: str, credentials: Credentials | None = MINE) -> MinioStore:
    return MinioStore(ConfiguredStore(endpoint=f"http://{server.endpoint}", credentials=credentials), bucket)


@dataclass(frozen=True)
class Bucket:
    """A bucket, who writes to it, and what we ask."""

    name: str
    client: Minio
    store: MinioStore

    def put(self, key: str, data: bytes) -> str | None:
        """Write an object; give its version."""
        return self.client.put_object(self.name, key, io.BytesIO(data), len(data), part_size=4 * PART_BYTES).version_id

    def put_in_parts(self, key: str, data: bytes) -> None:
        self.client.put_object(self.name, key, io.BytesIO(data), -1, part_size=PART_BYTES)

    def look(self, key: str, budget: Budget | None = None) -> Look:
        found = look(self.store, key, budget=budget)
        assert found.state is not ArtifactState.UNVERIFIED, found.reason
        return found


@pytest.fixture
def bucket(minio: MinioServer) -> Bucket:
    name = minio.new_bucket()
    return Bucket(name, minio.client(), connected(minio, name))


@pytest.fixture
def versioned(bucket: Bucket) -> Bucket:
    bucket.client.set_bucket_versioning(bucket.name, VersioningConfig("Enabled"))
    return bucket


# ------------------------------------------------------------------------------------------ versions
def test_every_write_is_a_version_of_its_own_and_older_ones_can_be_read(versioned: Bucket) -> None:
    first, second = versioned.put("key", b"one"), versioned.put("key", b"two")
    assert versioned.store.stat("key").version == second
    assert versioned.store.stat("key", version=first).version == first
    with versioned.store.open("key", version=first, budget=BUDGET) as opened:
        assert b"".join(opened.chunks) == b"one"


def test_an_overwrite_is_a_change_by_its_version_alone(versioned: Bucket) -> None:
    versioned.put("key", b"one")
    recorded = versioned.look("key")
    assert recorded.evidence is Evidence.VERSION
    versioned.put("key", b"one")
    found = compare(recorded, versioned.look("key"))
    assert (found.state, found.evidence) == (CHANGED, Evidence.VERSION)


def test_an_overwrite_with_equal_bytes_is_none_for_whoever_read_them(versioned: Bucket) -> None:
    versioned.put("key", b"one")
    recorded = versioned.look("key", BUDGET)
    versioned.put("key", b"one")
    found = compare(recorded, versioned.look("key", BUDGET))
    assert (found.state, found.evidence) == (PRESENT, Evidence.BYTES)


def test_what_was_deleted_and_restored_is_the_same_version_again(versioned: Bucket) -> None:
    versioned.put("key", b"one")
    recorded = versioned.look("key")
    versioned.client.remove_object(versioned.name, "key")
    assert versioned.look("key").state is MISSING
    mark = next(
        one.version_id
        for one in versioned.client.list_objects(versioned.name, include_version=True)
        if one.is_delete_marker
    )
    with pytest.raises(ObjectAbsent):
        versioned.store.stat("key", version=mark)
    versioned.client.remove_object(versioned.name, "key", version_id=mark)
    assert compare(recorded, versioned.look("key")).state is PRESENT
    assert versioned.look("key").version == recorded.version


def test_what_was_written_before_there_were_versions_has_none(bucket: Bucket) -> None:
    bucket.put("key", b"one")
    bucket.client.set_bucket_versioning(bucket.name, VersioningConfig("Enabled"))
    assert bucket.store.stat("key").version is None


@pytest.mark.parametrize("version", ["nonsense", "11111111-1111-1111-1111-111111111111"])
def test_a_version_that_never_was_is_absent(versioned: Bucket, version: str) -> None:
    versioned.put("key", b"one")
    with pytest.raises(ObjectAbsent, match=f"is not there as version {version}"):
        versioned.store.stat("key", version=version)
    with pytest.raises(ObjectAbsent), versioned.store.open("key", version=version, budget=BUDGET):
        pass


# ------------------------------------------------------------------------------------------ ETags and checksums
def test_an_upload_in_parts_has_another_etag_and_the_same_bytes(bucket: Bucket) -> None:
    bucket.put("whole", BIG)
    bucket.put_in_parts("parts", BIG)
    whole, parts = bucket.look("whole", BUDGET), bucket.look("parts", BUDGET)
    assert whole.etag == hashlib.md5(BIG, usedforsecurity=False).hexdigest()
    assert (parts.etag or "").endswith("-3")
    assert whole.digest == parts.digest == f"sha256:{hashlib.sha256(BIG).hexdigest()}"
    assert compare(whole, parts).state is PRESENT


def test_a_copy_that_the_store_makes_has_another_etag_and_the_same_bytes(bucket: Bucket) -> None:
    bucket.put_in_parts("parts", BIG)
    bucket.client.copy_object(bucket.name, "copy", CopySource(bucket.name, "parts"))
    parts, copy = bucket.look("parts", BUDGET), bucket.look("copy", BUDGET)
    assert parts.etag != copy.etag
    assert compare(parts, copy).state is PRESENT
    assert compare(bucket.look("parts"), bucket.look("copy")).state is CHANGED  # nobody can know better from outside


def test_a_checksum_that_the_store_checked_is_a_digest_without_reading(bucket: Bucket) -> None:
    sha256 = hashlib.sha256(b"weights")
    checksum = {"x-amz-checksum-sha256": base64.b64encode(sha256.digest()).decode()}
    bucket.client.put_object(bucket.name, "key", io.BytesIO(b"weights"), 7, metadata=dict(checksum))
    found = bucket.look("key")
    assert found.known_digest == f"sha256:{sha256.hexdigest()}"
    assert found.evidence is Evidence.CHECKSUM
    assert compare(found, bucket.look("key", BUDGET)).state is PRESENT


def test_a_checksum_of_parts_is_no_digest(bucket: Bucket) -> None:
    upload = {"x-amz-checksum-algorithm": "SHA256"}
    client, name = bucket.client, bucket.name
    identity = client._create_multipart_upload(name, "key", dict(upload))
    parts = []
    for number, data in enumerate([bytes(PART_BYTES), b"the end"], start=1):
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        answer = client._execute(
            "PUT",
            name,
            "key",
            body=data,
            headers={"x-amz-checksum-sha256": checksum},
            query_params={"partNumber": str(number), "uploadId": identity},
        )
        parts.append((number, answer.headers["etag"], checksum))
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumSHA256>{checksum}</ChecksumSHA256></Part>"
        for number, etag, checksum in parts
    )
    body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    client._execute("POST", name, "key", body=body, query_params={"uploadId": identity})
    headers = client.stat_object(name, "key", extra_headers={"x-amz-checksum-mode": "ENABLED"}).metadata
    assert headers is not None
    assert headers["x-amz-checksum-sha256"].endswith("-2")
    assert bucket.look("key").checksums == ()


# ------------------------------------------------------------------------------------------ damage
def test_what_lies_damaged_on_the_disk_of_a_store_is_unverified(own_minio: MinioServer) -> None:
    name = own_minio.new_bucket()
    bucket = Bucket(name, own_minio.client(), connected(own_minio, name))
    bucket.put("key", BIG)
    (part,) = (own_minio.disk / name / "key").glob("*/part.1")
    with part.open("r+b") as file:
        file.seek(5_000_000)
        byte = file.read(1)
        file.seek(-1, io.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    assert bucket.look("key").state is PRESENT
    found = look(bucket.store, "key", budget=BUDGET)
    assert found.state is ArtifactState.UNVERIFIED
    assert found.reason is not None
    assert "cut off" in found.reason


# ------------------------------------------------------------------------------------------ listening
ODD: Final = "a b/\u00fc+c&d%25/~x"


@contextmanager
def listening(store: MinioStore) -> Iterator[list[str]]:
    """Listen, and give the keys that are heard."""
    heard, stop = list[str](), Event()
    arguments = (store.listen, lambda change: heard.append(change.key), stop)
    thread = Thread(target=listen, args=arguments, kwargs={"shown": "the bucket"}, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        stop.set()  # the thread notices with the next ping, which may be held back for minutes


def is_heard(bucket: Bucket, heard: list[str], *keys: str) -> bool:
    """Say whether keys are heard in the end. MinIO since October 2025 holds back what it tells until it has 4 KiB, so
    there is something to be told all the time."""

    def all_are() -> bool:
        bucket.put("of others", b"")
        return set(keys) <= set(heard)

    return comes_true(all_are, every_seconds=0.2)


def test_who_listens_hears_what_is_written_and_removed_and_not_what_is_read(bucket: Bucket) -> None:
    with listening(bucket.store) as heard:
        assert is_heard(bucket, heard, "of others")
        bucket.put(ODD, b"data")
        assert is_heard(bucket, heard, ODD)
        times = heard.count(ODD)
        bucket.look(ODD, BUDGET)
        bucket.put("after it", b"data")
        assert is_heard(bucket, heard, "after it")
        assert (times, heard.count(ODD)) == (1, 1)
        bucket.client.remove_object(bucket.name, ODD)
        bucket.put("at last", b"data")
        assert is_heard(bucket, heard, "at last")
        assert heard.count(ODD) == 2


def test_who_is_cut_off_listens_again(minio: MinioServer, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineage.objectstore.listening.FIRST_BACKOFF_SECONDS", 0.01)
    relay = Relay(int(minio.endpoint.rpartition(":")[2])).start()
    try:
        through = ConfiguredStore(endpoint=f"http://127.0.0.1:{relay.port}", credentials=MINE)
        with listening(MinioStore(through, bucket.name)) as heard:
            assert is_heard(bucket, heard, "of others")
            relay.cut_after(1)
            assert comes_true(lambda: is_heard(bucket, heard, "of others") and relay.cuts == 1)
            # What is told before it listens again is lost.
            again = comes_true(lambda: bucket.put("afterwards", b"") is None and "afterwards" in heard)
            assert again
    finally:
        relay.stop()


def test_who_may_not_listen_and_a_bucket_that_is_not_there_are_told(minio: MinioServer, bucket: Bucket) -> None:
    with pytest.raises(ObjectForbidden), connected(minio, bucket.name, None).listen():
        pass
    with pytest.raises(BucketAbsent), connected(minio, "not-there").listen():
        pass


# ------------------------------------------------------------------------------------------ who may
@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        (Credentials(access_key="nobody", secret_key=SECRET_KEY), "the access key is wrong"),
        (Credentials(access_key=ACCESS_KEY, secret_key="not-the-secret"), "the secret key is wrong"),
        (
            Credentials(access_key=ACCESS_KEY, secret_key=SECRET_KEY, session_token="stale"),
            "the session token is wrong",
        ),
        (None, "the credentials may not read it"),
    ],
    ids=["access key", "secret key", "token", "anonymous"],
)
def test_wrong_credentials_are_told_apart_and_nothing_is_taken_for_missing(
    minio: MinioServer, bucket: Bucket, credentials: Credentials | None, expected: str
) -> None:
    bucket.put("key", b"data")
    store = connected(minio, bucket.name, credentials)
    for key in ("key", "not-there"):
        with pytest.raises(ObjectForbidden, match=expected):
            store.stat(key)
        with pytest.raises(ObjectForbidden, match=expected), store.open(key, budget=BUDGET):
            pass
    with pytest.raises(ObjectForbidden, match=expected):
        list(store.objects(""))
    found = look(store, "key", budget=BUDGET)
    assert (found.state, expected in (found.reason or "")) == (ArtifactState.UNVERIFIED, True)


def test_what_is_public_is_read_by_nobody_in_particular(minio: MinioServer, bucket: Bucket) -> None:
    bucket.put("key", b"data")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket.name}/*"],
    }
    bucket.client.set_bucket_policy(bucket.name, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert connected(minio, bucket.name, None).stat("key").size_bytes == 4


# ------------------------------------------------------------------------------------------ texts
def test_of_a_large_text_only_the_beginning_is_read(bucket: Bucket) -> None:
    bucket.put("key", BIG)
    found = text_of(bucket.store, "key", characters=100)
    assert (found.text, found.complete, found.size_bytes) == (BIG[:100].decode(), False, len(BIG))


def test_where_nobody_answers_there_is_no_text_and_a_reason() -> None:
    nobody = ConfiguredStore(endpoint="http://127.0.0.1:1", serves=("minio:9000",))
    place = Location(store=object_store("minio:9000", "prod"), uri="s3://bucket/key")
    found = StoredTexts([nobody], MinioStore).read(
        EVERYTHING, LookDue(location=place, cluster="prod", namespace="a"), characters=100
    )
    assert found.text is None
    assert "nobody answers there" in (found.reason or "")
