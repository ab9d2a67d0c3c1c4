"""S3, and everything that speaks it, through minio-py: the only place that imports it.

Foreign errors end here. A HEAD that is refused has no text; where the store names its reason in a header (MinIO does),
that is what counts. Nothing is followed to where an answer points to, so credentials reach nobody but the endpoint, and
answers that are held in memory are bounded.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead
from io import BytesIO
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
    TimeoutError,
)

from lineage.errors import (
    BadObject,
    BucketAbsent,
    InvalidSettings,
    ObjectAbsent,
    ObjectForbidden,
    ObjectStoreError,
    StoreUnreachable,
    TellsNothing,
    WrongEndpoint,
)
from lineage.objectstore.configured import ConfiguredStore
from lineage.objectstore.metering import metered
from lineage.objectstore.notifications import CHANGES
from lineage.ports import Budget, ObjectOpened, ObjectStat

CONNECT_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 20.0
TRIES: Final = 3
BACKOFF_SECONDS: Final = 0.2  # and twice as long each time: 0.2 + 0.4 s at most, as whoever asks will ask again
CHUNK_BYTES: Final = 256 * 1024
ANSWER_BYTES: Final = 16 * 2**20  # a page of 1,000 keys of 1,024 bytes, each written as %XX, and what is told of them
ANSWER_SECONDS: Final = 60.0
CONNECTIONS: Final = 8
PING_SECONDS: Final = 1  # who listens hears at least so often that it is still connected
# MinIO of October 2025 (52eee5a2f) and later holds back what it tells until it has 4 KiB: of pings alone, 4 minutes.
# https://github.com/chainguard-forks/minio/pull/37
LISTEN_SILENCE_SECONDS: Final = 600.0
LINE_BYTES: Final = 2**20  # of one event, which has a key of at most 1,024 bytes, and metadata of at most 8 KiB
CLOCK_SECONDS: Final = 300.0  # so far apart may our clock and the store's be; S3 allows 15 minutes

_DEFAULT_REGION: Final = "us-east-1"  # what stores without regions call theirs
_AWS: Final = re.compile(r"(^|\.)amazonaws\.com(\.cn)?$")
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{1,61}[A-Za-z0-9]")
_DOTS: Final = re.compile(r"/\.\.?/")
_CODE: Final = re.compile(rb"<Code>(\w+)</Code>")
_REGION: Final = re.compile(rb"<Region>([\w-]+)</Region>")
_BUSY: Final = (429, 500, 502, 503, 504)

_CHECKSUMS: Final = {"x-amz-checksum-mode": "ENABLED"}  # otherwise those that are stored are not told
_ALGORITHMS: Final = ("sha256", "sha1", "crc32", "crc32c", "crc64nvme")
_UNVERSIONED: Final = "null"  # the one version of what was written while the bucket kept none
_MINIO_CODE: Final = "x-minio-error-code"

_EVENTS: Final = "text/event-stream"
_NOT_OFFERED: Final = frozenset({"InvalidArgument", "InvalidRequest", "MethodNotAllowed", "NotImplemented"})

_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchObject"})
_NO_BUCKET: Final = frozenset({"NoSuchBucket", "InvalidBucketName"})
_NO_VERSION: Final = frozenset({"BadRequest", "InvalidArgument", "MethodNotAllowed"})  # a form it has not; a deletion
_FORBIDDEN: Final = {
    "AccessDenied": "the credentials may not read it",
    "AllAccessDisabled": "the credentials may not read it",
    "ExpiredToken": "the session token has expired",
    "InvalidAccessKeyId": "the access key is wrong",
    "InvalidObjectState": "it is archived, and must be restored before it can be read",
    "InvalidToken": "the session token is wrong",
    "InvalidTokenId": "the session token is wrong",
    "RequestTimeTooSkewed": "the store's clock and ours are too far apart",
    "SignatureDoesNotMatch": "the secret key is wrong",
}
_ELSEWHERE: Final = {
    "AuthorizationHeaderMalformed": "the store is in another region",
    "BadRequest": "the store does not understand us; the region may be wrong",
    "InvalidRegion": "the store is in another region",
    "PermanentRedirect": "the bucket is in another region, or another store",
    "Redirect": "the bucket is in another region, or another store",
    "TemporaryRedirect": "the bucket is in another region, or another store",
}


class MinioStore:
    """A `lineage.ports.ObjectStore` of one bucket."""

    def __init__(
        self,
        store: ConfiguredStore,
        bucket: str,
        *,
        connections: int = CONNECTIONS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        """Prepare to ask a store, on so many connections that stay open; nobody is asked yet.

        Raises:
            InvalidSettings: its endpoint is none.
        """
        parts = urlsplit(store.endpoint or "")
        self._silence_seconds = silence_seconds
        self._pool = _Pool(
            num_pools=2,  # one host, or two where a bucket is part of its name
            maxsize=connections,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=silence_seconds),
            retries=_RETRIES,
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(store.ca_file) if store.ca_file else None,
        )
        keys = store.credentials
        self._is_aws = _AWS.search(parts.hostname or "") is not None
        try:
            self._client = Minio(
                parts.netloc,
                access_key=keys.access_key if keys else None,
                secret_key=keys.secret_key if keys else None,
                session_token=keys.session_token if keys else None,
                secure=parts.scheme == "https",
                # Otherwise it asks where the bucket is, which not everybody may who may read.
                region=store.region or (None if self._is_aws else _DEFAULT_REGION),
                http_client=self._pool,
            )
        except ValueError as error:
            raise InvalidSettings(f"{store.endpoint} is no endpoint of an object store: {error}") from error
        if store.virtual_style:
            _name_hosts_by_bucket(self._client)
        self._endpoint = store.endpoint
        self._bucket = bucket

    def stat(self, key: str, *, version: str | None = None) -> ObjectStat:
        """Say what lies under a key, as the port says."""
        self._require_askable(key)
        with self._failures(key, version):
            try:
                found = self._client.stat_object(self._bucket, key, version_id=version, extra_headers=dict(_CHECKSUMS))
            except S3Error as error:
                # Without a text, an object that is not there looks like a bucket that is not.
                if error.code in _ABSENT and _MINIO_CODE not in error.response.headers:
                    self._require_bucket()
                raise
            return self._stat(key, found.metadata or {})

    def clock(self) -> datetime | None:
        """What time it is where the store is, to the second, as its answers say; None where they do not."""
        with self._failures("", None):
            answer = self._pool.request("HEAD", self._endpoint or "")
        return _time(answer.headers.get("date"))

    @contextmanager
    def open(self, key: str, *, version: str | None = None, budget: Budget) -> Iterator[ObjectOpened]:
        """Open an object to read it, as the port says."""
        self._require_askable(key)
        with self._failures(key, version):
            answer = self._client.get_object(self._bucket, key, version_id=version, request_headers=dict(_CHECKSUMS))
        try:
            stat = self._stat(key, answer.headers)
            chunks = metered(
                self._chunks(key, answer), size_bytes=stat.size_bytes, budget=budget, shown=self._shown(key)
            )
            yield ObjectOpened(stat=stat, chunks=chunks)
        finally:
            answer.close()
            answer.release_conn()

    def objects(self, prefix: str) -> Iterator[ObjectStat]:
        """List the objects whose keys begin so, as the port says."""
        with self._failures(prefix, None):
            for one in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                yield ObjectStat(
                    key=one.object_name or "",
                    size_bytes=one.size or 0,
                    modified_at=one.last_modified and one.last_modified.replace(microsecond=0),  # as `stat` has it
                    etag=one.etag or "",
                )

    @contextmanager
    def listen(self) -> Iterator[Iterator[bytes]]:
        """Listen to what the store tells of the bucket, from now on: lines, each a message, until the connection ends.
        Silence ends it as well. Only MinIO offers that.

        minio-py's own listening begins anew, without end or pause, where the answer is no line of JSON, and does not
        ask for pings.

        Raises:
            TellsNothing: the store does not offer it.
            ObjectStoreError: it cannot be listened to, now or any more.
        """
        if self._is_aws:
            raise TellsNothing(f"{self._endpoint} tells nobody who listens what changes")
        asked: dict[str, Any] = {"prefix": "", "suffix": "", "events": CHANGES, "ping": str(PING_SECONDS)}
        with self._failures("", None):
            try:
                answer = self._client._execute("GET", self._bucket, query_params=asked, preload_content=False)
            except S3Error as error:
                if error.code in _NOT_OFFERED:
                    raise TellsNothing(
                        f"{self._endpoint} tells nobody who listens what changes ({error.code})"
                    ) from error
                raise
        try:
            if not answer.headers.get("content-type", "").startswith(_EVENTS):  # elsewhere it asks for a list
                raise TellsNothing(f"{self._endpoint} tells nobody who listens what changes")
            yield self._lines(answer)
        finally:
            answer.close()
            answer.release_conn()

    def _lines(self, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """Cut lines out of an answer. MinIO before 2023 knows no pings, and sends blanks: an empty line, each."""
        rest = b""
        for chunk in self._chunks("", answer):
            *lines, rest = (rest + chunk).lstrip(b" ").split(b"\n")
            if len(rest) > LINE_BYTES:
                raise BadObject(f"{self._shown('')}: the store tells of something without an end")
            yield from lines or (b"",)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def _require_askable(self, key: str) -> None:
        if not key.strip() or _DOTS.search(f"/{key}/"):
            raise ObjectStoreError(f"{self._shown(key)} cannot be asked for: minio-py refuses blank keys, . and ..")

    def _require_bucket(self) -> None:
        if not self._client.bucket_exists(self._bucket):
            raise BucketAbsent(f"there is no bucket {self._bucket} at {self._endpoint}")

    def _stat(self, key: str, headers: Mapping[str, str]) -> ObjectStat:
        """Read what an answer says of an object.

        Raises:
            BadObject: how long it is, or when it was changed, is not said.
            WrongEndpoint: no object store would answer so.
        """
        size, etag = headers.get("content-length", ""), headers.get("etag", "").strip('"')
        if not etag:
            raise WrongEndpoint(f"{self._shown(key)}: what answers there is no object store")
        if not (size.isascii() and size.isdigit()):
            raise BadObject(f"{self._shown(key)}: the store does not say how long it is")
        version = headers.get("x-amz-version-id") or headers.get("x-goog-generation")
        return ObjectStat(
            key=key,
            size_bytes=int(size),
            modified_at=_time(headers.get("last-modified")),
            etag=etag,
            version=version if version != _UNVERSIONED else None,
            checksums=tuple(sorted({*_checksums(headers, etag), *_google_checksums(headers)})),
        )

    def _chunks(self, key: str, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with self._failures(key, None):
            while chunk := answer.read1(CHUNK_BYTES, decode_content=False):
                yield chunk

    @contextmanager
    def _failures(self, key: str, version: str | None) -> Iterator[None]:
        if not _BUCKET.fullmatch(self._bucket):
            raise BucketAbsent(f"no bucket can be called {self._bucket!r}")
        try:
            yield
        except (HTTPError, MinioException, OSError, ParseError, ValueError) as error:
            raise self._failure(error, self._shown(key), version) from error

    def _failure(self, error: Exception, shown: str, version: str | None) -> ObjectStoreError:
        """Say in stable words what went wrong: the same trouble is the same message."""
        match error:
            case S3Error():
                return self._refusal(error, shown, version)
            case MaxRetryError(reason=Exception() as cause):
                return self._failure(cause, shown, version)
            case _Busy():
                return StoreUnreachable(f"{shown}: the store answers {error}", retry_after_seconds=error.retry_after)
            case _TooLong():
                return BadObject(f"{shown}: the store's answer has no end")
            case ProtocolError(args=[_, IncompleteRead()]):
                return BadObject(f"{shown}: it is cut off")
            case InvalidResponseError() | ParseError():
                return WrongEndpoint(f"{shown}: what answers there is no object store")
            case MinioException() | ValueError():
                return WrongEndpoint(f"{shown}: what answers there is no object store ({error})")
            case SSLError():
                return WrongEndpoint(f"{shown}: TLS failed ({error})")
            case NameResolutionError():
                reason = "its name cannot be resolved"
            case NewConnectionError() | ConnectTimeoutError():
                reason = "nobody answers there"
            case TimeoutError():
                reason = f"it was silent for {self._silence_seconds:g} s"
            case _:
                reason = f"the connection broke ({type(error).__name__})"
        return StoreUnreachable(f"{shown}: {reason}")

    def _refusal(self, error: S3Error, shown: str, version: str | None) -> ObjectStoreError:
        headers = error.response.headers
        code = headers.get(_MINIO_CODE) or error.code or ""
        if code in _ABSENT or (version is not None and code in _NO_VERSION):
            of_version = f" as version {version}" if version else ""
            return ObjectAbsent(f"{shown} is not there{of_version}")
        if code in _NO_BUCKET:
            return BucketAbsent(f"there is no bucket {self._bucket} at {self._endpoint}")
        if code in _ELSEWHERE:
            region = headers.get("x-amz-bucket-region") or _region(error.response.data)
            return WrongEndpoint(f"{shown}: {_ELSEWHERE[code]}" + (f" ({region})" if region else ""))
        if code in _FORBIDDEN:
            return ObjectForbidden(f"{shown}: {_FORBIDDEN[code]}{_skew(headers.get('date'))}")
        return ObjectStoreError(f"{shown}: the store refuses ({code})")

    def _shown(self, key: str) -> str:
        return f"s3://{self._bucket}/{key} at {self._endpoint}"


def _name_hosts_by_bucket(client: Minio) -> None:
    enable: Callable[[], None] = client.enable_virtual_style_endpoint  # typed here, as the library does not
    enable()


# ------------------------------------------------------------------------------------------ connections
class _Busy(HTTPError):
    """A store has no time now."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _TooLong(HTTPError):
    """An answer goes on and on."""


class _Pool(urllib3.PoolManager):
    """Connections that go nowhere but where they are sent, and hold of an answer no more than they may."""

    def urlopen(self, method: str, url: str, *_: Any, **options: Any) -> urllib3.BaseHTTPResponse:
        is_streamed = not options.pop("preload_content", True)
        answer = super().urlopen(method, url, redirect=False, preload_content=False, **options)
        if answer.status in _BUSY:
            body = _whole(answer)
            code = _CODE.search(body)
            named = f" ({code[1].decode()})" if code else ""
            raise _Busy(f"{answer.status}{named}", _retry_after(answer.headers.get("retry-after", "")))
        if is_streamed and answer.status == 200:
            return answer
        return urllib3.HTTPResponse(
            body=BytesIO(_whole(answer)),
            headers=answer.headers,
            status=answer.status,
            reason=answer.reason,
            decode_content=False,
            enforce_content_length=False,
            request_method=method,
        )


def _whole(answer: urllib3.BaseHTTPResponse) -> bytes:
    """Read an answer to its end."""
    held, deadline = bytearray(), monotonic() + ANSWER_SECONDS
    try:
        while chunk := answer.read1(CHUNK_BYTES):
            held += chunk
            if len(held) > ANSWER_BYTES or monotonic() > deadline:
                answer.close()
                raise _TooLong
    finally:
        answer.release_conn()
    return bytes(held)


_RETRIES: Final = urllib3.Retry(
    total=TRIES - 1,
    read=1,  # of these one, for a connection that was closed while nobody used it: a silent store is not asked thrice
    redirect=False,
    status_forcelist=_BUSY,
    backoff_factor=BACKOFF_SECONDS,
    raise_on_status=False,
    respect_retry_after_header=False,  # whoever asks is told, and has others to ask for meanwhile
)


# ------------------------------------------------------------------------------------------ headers
def _checksums(headers: Mapping[str, str], etag: str) -> Iterator[str]:
    """Read the checksums of the whole object. Those of parts end in how many there are, or are said to be COMPOSITE."""
    kind = headers.get("x-amz-checksum-type")
    for algorithm in _ALGORITHMS:
        value = headers.get(f"x-amz-checksum-{algorithm}", "")
        of_parts = "-" in value or "-" in etag if kind is None else kind != "FULL_OBJECT"
        if not of_parts and (digest := _hex(value)):
            yield f"{algorithm}:{digest}"


def _google_checksums(headers: Mapping[str, str]) -> Iterator[str]:
    """Read the checksums as Google names them: always of the whole object."""
    for part in headers.get("x-goog-hash", "").split(","):
        algorithm, _, value = part.strip().partition("=")
        if digest := _hex(value):
            yield f"{algorithm}:{digest}"


def _hex(encoded: str) -> str:
    """Write base64 in hexadecimal; nothing where it is none."""
    try:
        return base64.b64decode(encoded, validate=True).hex()
    except (binascii.Error, ValueError):
        return ""


def _time(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def _retry_after(text: str) -> float:
    return float(text) if text.isascii() and text.isdecimal() else 0.0


def _region(body: bytes | None) -> str:
    found = _REGION.search(body or b"")
    return found[1].decode() if found else ""


def _skew(date: str | None) -> str:
    """Say by how much a store's clock differs from ours, where that alone would make it refuse us."""
    theirs = _time(date)
    seconds = (theirs - datetime.now(UTC)).total_seconds() if theirs else 0.0
    if abs(seconds) < CLOCK_SECONDS:
        return ""
    return f" (its clock is {abs(seconds) / 60:.0f} minutes {'ahead of' if seconds > 0 else 'behind'} ours)"
