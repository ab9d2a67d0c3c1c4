"""Object stores that fail: each trouble is one clear error of ours, comes in bounded time and takes bounded memory."""

import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from threading import Event
from typing import Any, Final

import pytest

from lineage.errors import (
    BadObject,
    BucketAbsent,
    BudgetExceeded,
    InvalidSettings,
    ObjectAbsent,
    ObjectForbidden,
    ObjectStoreError,
    StoreUnreachable,
    TellsNothing,
    WrongEndpoint,
)
from lineage.objectstore.configured import ConfiguredStore, Credentials
from lineage.objectstore.minio import ANSWER_BYTES, TRIES, MinioStore
from lineage.ports import Budget, ObjectStat
from tests.faulty_store import ETAG, Answer, FaultyStore, answer, at, faulty_store, refusal

BUDGET = Budget(size_bytes=2**30, seconds=30.0)
CREDENTIALS = Credentials(access_key="kfp-lineage", secret_key="not-a-secret")
SILENCE_SECONDS = 0.3
PATIENCE_SECONDS = 30.0
OK = answer("200 OK", ETAG, b"hello")


@pytest.fixture
def server() -> Iterator[FaultyStore]:
    with faulty_store() as running:
        yield running


def connected(
    endpoint: str, *, bucket: str = "bucket", silence_seconds: float = PATIENCE_SECONDS, **settings: Any
) -> MinioStore:
    configured = ConfiguredStore(endpoint=endpoint, credentials=CREDENTIALS)
    return MinioStore(replace(configured, **settings), bucket, silence_seconds=silence_seconds)


def stat(server: FaultyStore, **settings: Any) -> ObjectStat:
    return connected(server.endpoint, **settings).stat("key")


def read(server: FaultyStore, budget: Budget = BUDGET, **settings: Any) -> bytes:
    with connected(server.endpoint, **settings).open("key", budget=budget) as opened:
        return b"".join(opened.chunks)


def listed(server: FaultyStore, **settings: Any) -> list[ObjectStat]:
    return list(connected(server.endpoint, **settings).objects("prefix/"))


def stalling(*said: bytes) -> Answer:
    """Say so much, and then no more."""
    return lambda: [*said, None]


def dripping(start: bytes, rest: bytes) -> Iterator[bytes]:
    """Say the rest a byte at a time, each before anybody loses patience."""
    yield start
    for byte in rest:
        Event().wait(0.03)
        yield bytes([byte])


def endless(start: bytes) -> Iterator[bytes]:
    yield start
    while True:
        yield bytes(2**20)


# ------------------------------------------------------------------------------------------ silence and noise
@pytest.mark.parametrize("ask", [stat, read, listed])
def test_a_silent_store_is_given_up(server: FaultyStore, ask: Callable[..., object]) -> None:
    server.will(stalling())
    began = time.monotonic()
    with pytest.raises(StoreUnreachable, match=f"it was silent for {SILENCE_SECONDS} s"):
        ask(server, silence_seconds=SILENCE_SECONDS)
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert len(server.asked) == 2  # once more, as it may have closed a connection that nobody used


def test_a_store_that_falls_silent_in_the_middle_is_given_up(server: FaultyStore) -> None:
    server.will(stalling(answer("200 OK", ETAG, b"hel", length="5")))
    with pytest.raises(StoreUnreachable, match="it was silent"):
        read(server, silence_seconds=SILENCE_SECONDS)


def test_a_store_that_says_a_byte_at_a_time_meets_the_end_of_the_budget(server: FaultyStore) -> None:
    server.will(lambda: dripping(answer("200 OK", ETAG, length="1000"), bytes(1000)))
    with pytest.raises(BudgetExceeded, match=r"could not be read within 0\.2 s"):
        read(server, Budget(size_bytes=2**30, seconds=0.2))


def test_an_object_that_is_too_large_is_not_fetched(server: FaultyStore) -> None:
    server.will(lambda: endless(answer("200 OK", ETAG, length=str(10**11))))
    with pytest.raises(BudgetExceeded, match="has 100,000,000,000 bytes, and 1,000 may be read"):
        read(server, Budget(size_bytes=1000, seconds=30.0))


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
def test_an_answer_without_an_end_is_given_up(server: FaultyStore, status: str) -> None:
    head = answer(status, {"Content-Type": "application/xml"}, length=str(10 * ANSWER_BYTES))
    server.will(lambda: endless(head))
    with pytest.raises(BadObject, match="the store's answer has no end"):
        listed(server)


def test_what_is_no_http_is_a_broken_connection(server: FaultyStore) -> None:
    server.will(b"220 ftp.example.com ready\r\n")
    with pytest.raises(StoreUnreachable, match="the connection broke"):
        stat(server)


def test_a_connection_that_is_closed_at_once_is_tried_again(server: FaultyStore) -> None:
    server.will(b"", OK)
    assert stat(server).size_bytes == 5


# ------------------------------------------------------------------------------------------ lies
def test_an_object_that_is_shorter_than_promised_is_cut_off(server: FaultyStore) -> None:
    server.will(answer("200 OK", ETAG, b"hello", length="7"))
    with pytest.raises(BadObject, match="it is cut off"):
        read(server)


@pytest.mark.parametrize("length", ["", "much", "-5", "5, 5"])
@pytest.mark.parametrize("ask", [stat, read])
def test_a_length_that_is_none_is_refused(
    server: FaultyStore, ask: Callable[[FaultyStore], object], length: str
) -> None:
    server.will(answer("200 OK", ETAG, b"hello", length=length))
    with pytest.raises(ObjectStoreError):
        ask(server)


def test_a_time_that_is_none_is_an_error_of_ours(server: FaultyStore) -> None:
    server.will(answer("200 OK", {**ETAG, "Last-Modified": "yesterday"}, b"hello"))
    with pytest.raises(ObjectStoreError, match="yesterday"):
        stat(server)


def test_what_is_no_object_store_is_told(server: FaultyStore) -> None:
    page = answer("200 OK", {"Content-Type": "text/html"}, b"<html>welcome</html>")
    server.will(page)
    for ask in (stat, read, listed):
        with pytest.raises(WrongEndpoint, match="what answers there is no object store"):
            ask(server)
    server.will(answer("404 Not Found", {"Content-Type": "text/html"}, b"<html>nothing here</html>"))
    with pytest.raises(WrongEndpoint, match="what answers there is no object store"):
        read(server)


def test_bytes_are_given_as_they_are_stored(server: FaultyStore) -> None:
    server.will(answer("200 OK", {**ETAG, "Content-Encoding": "gzip"}, b"\x1f\x8b no gzip"))
    assert read(server) == b"\x1f\x8b no gzip"


# ------------------------------------------------------------------------------------------ too busy
def test_a_store_that_has_no_time_is_asked_again(server: FaultyStore) -> None:
    server.will(refusal("503 Slow Down", "SlowDown"), OK)
    assert stat(server).size_bytes == 5


@pytest.mark.parametrize("ask", [read, listed])
def test_a_store_that_stays_busy_says_when_to_come_again(
    server: FaultyStore, ask: Callable[[FaultyStore], object]
) -> None:
    server.will(refusal("503 Slow Down", "SlowDown", {"Retry-After": "7"}))
    with pytest.raises(StoreUnreachable, match=r"the store answers 503 \(SlowDown\)") as caught:
        ask(server)
    assert caught.value.retry_after_seconds == 7
    assert len(server.asked) == TRIES


def test_a_proxy_that_finds_no_store_is_no_wrong_endpoint(server: FaultyStore) -> None:
    server.will(answer("502 Bad Gateway", {"Content-Type": "text/html"}, b"<html>nobody is there</html>"))
    with pytest.raises(StoreUnreachable, match="the store answers 502"):
        read(server)


# ------------------------------------------------------------------------------------------ refusals
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", "the credentials may not read it"),
        ("ExpiredToken", "the session token has expired"),
        ("InvalidAccessKeyId", "the access key is wrong"),
        ("SignatureDoesNotMatch", "the secret key is wrong"),
        ("InvalidObjectState", "it is archived, and must be restored before it can be read"),
    ],
)
def test_who_may_not_read_is_told_why(server: FaultyStore, code: str, expected: str) -> None:
    server.will(refusal("403 Forbidden", code))
    with pytest.raises(ObjectForbidden, match=expected):
        read(server)
    assert len(server.asked) == 1


def test_a_clock_that_is_wrong_is_told(server: FaultyStore) -> None:
    server.will(refusal("403 Forbidden", "RequestTimeTooSkewed", at(datetime.now(UTC) + timedelta(hours=2))))
    with pytest.raises(ObjectForbidden, match=r"too far apart \(its clock is 120 minutes ahead of ours\)"):
        read(server)


def test_a_clock_that_is_wrong_is_told_where_nobody_says_so(server: FaultyStore) -> None:
    server.will(answer("403 Forbidden", at(datetime.now(UTC) - timedelta(minutes=20))))
    with pytest.raises(ObjectForbidden, match=r"may not read it \(its clock is 20 minutes behind ours\)"):
        stat(server)


def test_another_region_is_told(server: FaultyStore) -> None:
    server.will(refusal("400 Bad Request", "AuthorizationHeaderMalformed", more="<Region>eu-central-1</Region>"))
    with pytest.raises(WrongEndpoint, match=r"the store is in another region \(eu-central-1\)"):
        read(server)


def test_credentials_do_not_follow_a_redirect(server: FaultyStore) -> None:
    with faulty_store() as elsewhere:
        elsewhere.will(OK)
        location = {"Location": f"{elsewhere.endpoint}/bucket/key", "x-amz-bucket-region": "eu-west-1"}
        for status, code in (("301 Moved", "PermanentRedirect"), ("307 Temporary Redirect", "TemporaryRedirect")):
            server.will(refusal(status, code, location))
            with pytest.raises(WrongEndpoint, match=r"another region, or another store \(eu-west-1\)"):
                read(server)
        server.will(answer("301 Moved", location))
        with pytest.raises(WrongEndpoint, match=r"another region, or another store \(eu-west-1\)"):
            stat(server)
        assert not elsewhere.asked


def test_a_refusal_of_an_unknown_kind_names_it(server: FaultyStore) -> None:
    server.will(refusal("409 Conflict", "OperationAborted"))
    with pytest.raises(ObjectStoreError, match=r"the store refuses \(OperationAborted\)"):
        read(server)


def test_an_object_is_not_taken_for_absent_where_its_bucket_is(server: FaultyStore) -> None:
    server.will(answer("404 Not Found"))
    with pytest.raises(BucketAbsent, match="there is no bucket bucket at"):
        stat(server)
    assert [(one.method, one.path) for one in server.asked] == [("HEAD", "/bucket/key"), ("HEAD", "/bucket")]


def test_an_object_is_absent_where_its_bucket_is_there(server: FaultyStore) -> None:
    server.will(answer("404 Not Found"), answer("200 OK"))
    with pytest.raises(ObjectAbsent, match=r"s3://bucket/key at .* is not there"):
        stat(server)


# ------------------------------------------------------------------------------------------ how it is asked
def test_nobody_listens(server: FaultyStore) -> None:
    with faulty_store() as gone:
        pass
    with pytest.raises(StoreUnreachable, match="nobody answers there"):
        stat(gone)


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(StoreUnreachable, match="its name cannot be resolved"):
        connected("http://object-store.invalid").stat("key")


def test_an_endpoint_that_is_none_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(InvalidSettings, match="is no endpoint of an object store"):
        connected("http://host:port")


def test_nobody_in_particular_asks_without_a_signature(server: FaultyStore) -> None:
    server.will(OK)
    stat(server, credentials=None)
    assert "authorization" not in server.asked[0].headers


def test_who_asks_signs_for_their_region_and_with_their_token(server: FaultyStore) -> None:
    server.will(OK)
    token = replace(CREDENTIALS, session_token="a-token")
    stat(server, region="eu-central-1", credentials=token)
    headers = server.asked[0].headers
    assert "Credential=kfp-lineage/" in headers["authorization"]
    assert "/eu-central-1/s3/" in headers["authorization"]
    assert headers["x-amz-security-token"] == "a-token"
    assert len(server.asked) == 1  # nobody was asked where the bucket is: that takes another right


def test_a_bucket_can_be_part_of_the_name_of_the_host(server: FaultyStore) -> None:
    server.will(OK)
    connected(f"http://0.0.1:{server.port}", bucket="127", virtual_style=True).stat("key")  # 127.0.0.1 all the same
    assert server.asked[0].path == "/key"
    assert server.asked[0].headers["host"] == f"127.0.0.1:{server.port}"


def test_a_store_is_trusted_by_its_certificate(tmp_path: Path) -> None:
    certificate, key = tmp_path / "store.pem", tmp_path / "store.key"
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("there is nothing to make a certificate with: install Debian's package openssl")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with faulty_store(context) as server:
        server.will(OK)
        endpoint = f"https://127.0.0.1:{server.port}"
        assert connected(endpoint, ca_file=certificate).stat("key").size_bytes == 5
        with pytest.raises(WrongEndpoint, match="TLS failed"):
            connected(endpoint).stat("key")


# ------------------------------------------------------------------------------------------ what it says
SHA256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
OF_HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
OF_PARTS = {"ETag": '"68b1c3c0c36825adebbeab1de576d8a1-3"', "Last-Modified": ETAG["Last-Modified"]}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({**ETAG, "x-amz-checksum-sha256": SHA256, "x-amz-checksum-type": "FULL_OBJECT"}, (OF_HELLO,)),
        ({**ETAG, "x-amz-checksum-sha256": SHA256}, (OF_HELLO,)),
        ({**OF_PARTS, "x-amz-checksum-sha256": SHA256}, ()),
        ({**OF_PARTS, "x-amz-checksum-sha256": f"{SHA256}-3"}, ()),
        ({**OF_PARTS, "x-amz-checksum-sha256": SHA256, "x-amz-checksum-type": "COMPOSITE"}, ()),
        (
            {**OF_PARTS, "x-amz-checksum-crc64nvme": "IpeiLSYkqS4=", "x-amz-checksum-type": "FULL_OBJECT"},
            ("crc64nvme:2297a22d2624a92e",),
        ),
        ({**ETAG, "x-amz-checksum-sha256": "no base64!", "x-amz-checksum-type": "FULL_OBJECT"}, ()),
        (
            {**ETAG, "x-goog-hash": "crc32c=n03x6A==,md5=XUFAKrxLKna5cZ2REBfFkg=="},
            ("crc32c:9f4df1e8", "md5:5d41402abc4b2a76b9719d911017c592"),
        ),
        (ETAG, ()),
    ],
    ids=["full", "older", "of parts", "ends in a number", "composite", "full CRC", "nonsense", "Google", "none"],
)
def test_only_checksums_of_the_whole_object_count(
    server: FaultyStore, headers: dict[str, str], expected: tuple[str, ...]
) -> None:
    server.will(answer("200 OK", headers, b"hello"))
    assert stat(server).checksums == expected
    assert server.asked[0].headers["x-amz-checksum-mode"] == "ENABLED"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"x-amz-version-id": "v1"}, "v1"),
        ({"x-amz-version-id": "null"}, None),
        ({"x-goog-generation": "1700000000000001"}, "1700000000000001"),
        ({}, None),
    ],
)
def test_a_version_is_one_that_cannot_be_overwritten(
    server: FaultyStore, header: dict[str, str], expected: str | None
) -> None:
    server.will(answer("200 OK", {**ETAG, **header}, b"hello"))
    assert stat(server).version == expected


# ------------------------------------------------------------------------------------------ listening
STREAM: Final = answer("200 OK", {"Content-Type": "text/event-stream"}, length="")


def told(server: FaultyStore, **settings: Any) -> list[bytes]:
    """What a store tells until its connection ends."""
    with connected(server.endpoint, **settings).listen() as lines:
        return list(lines)


def test_what_a_store_tells_comes_line_by_line_in_whatever_pieces() -> None:
    with faulty_store() as server:
        server.will(lambda: dripping(STREAM, b'{"a":1}\n  {"b":2}\n{"cut'))
        assert [line for line in told(server) if line] == [b'{"a":1}', b'{"b":2}']
    (request,) = server.asked
    assert request.path.startswith("/bucket?events=s3%3AObjectCreated%3A%2A&events=s3%3AObjectRemoved%3A%2A&")
    assert "ping=1" in request.path


@pytest.mark.parametrize(
    "said",
    [
        answer("200 OK", {"Content-Type": "application/xml"}, b"<ListBucketResult/>"),
        answer("200 OK", {}, b"hello"),
        refusal("501 Not Implemented", "NotImplemented"),
        refusal("405 Method Not Allowed", "MethodNotAllowed"),
        refusal("400 Bad Request", "InvalidArgument"),
    ],
    ids=["a list", "a page", "not implemented", "not allowed", "unknown argument"],
)
def test_a_store_that_cannot_be_listened_to_says_so(server: FaultyStore, said: bytes) -> None:
    server.will(said)
    with pytest.raises(TellsNothing):
        told(server)


def test_amazon_is_not_asked() -> None:
    store = MinioStore(ConfiguredStore(endpoint="https://s3.eu-central-1.amazonaws.com"), "bucket")
    with pytest.raises(TellsNothing), store.listen():
        pass


def test_who_may_not_listen_is_told_so(server: FaultyStore) -> None:
    server.will(refusal("403 Forbidden", "AccessDenied"))
    with pytest.raises(ObjectForbidden, match="the credentials may not read it"):
        told(server)


def test_a_store_that_falls_silent_is_given_up(server: FaultyStore) -> None:
    server.will(stalling(STREAM + b'{"a":1}\n'))
    with connected(server.endpoint, silence_seconds=SILENCE_SECONDS).listen() as lines:
        assert next(lines) == b'{"a":1}'
        with pytest.raises(StoreUnreachable, match="silent"):
            next(lines)


def test_a_line_without_an_end_is_given_up(server: FaultyStore) -> None:
    server.will(lambda: chain([STREAM], repeat(b"x" * 65536)))
    with pytest.raises(BadObject, match="without an end"):
        told(server)
