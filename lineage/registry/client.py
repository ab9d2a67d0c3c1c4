"""Asks a registry for an image by its digest: the only file that speaks the OCI distribution protocol.

Nothing is ever written, and no credentials are sent: a token is one that anybody gets. What comes is bounded in bytes
and time, and counts only if it has the digest that was asked for. Sources: the OCI distribution specification 1.1, and
the token authentication of distribution/distribution.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

import orjson
import urllib3

from lineage.audit import ImageProbe
from lineage.redaction import struck_out
from lineage.registry.names import ImageName, image_name

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
TOTAL_SECONDS: Final = 30.0  # for one image, however many requests that takes
MOST_BYTES: Final = 4 * 2**20  # the specification asks registries to take manifests of that size
MOST_REDIRECTS: Final = 5
CHUNK: Final = 64 * 2**10

INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPTED: Final = ", ".join((*INDEXES, *MANIFESTS))
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')


class _Refused(Exception):
    """The registry does not answer what was asked; the message says why."""

    def __init__(self, message: str, *, forbidden: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden


class RegistryClient:
    """Asks registries. Safe to share among threads."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        timeout = urllib3.Timeout(connect=connect_seconds, read=read_seconds)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False, headers={"User-Agent": "kfp-lineage"})
        self._clock = clock
        self._total_seconds = total_seconds

    def probe(self, image: str) -> ImageProbe:
        """Ask whether a registry has an image, as `repository@digest`, and what its labels say.

        Whatever goes wrong is told in the answer, and nothing is raised: then it is not known whether there is one.
        """
        at = self._clock()
        name = image_name(image)
        if name is None:
            return ImageProbe(at=at, found=None, reason="this is no name of an image with a digest")
        asking = _Asking(self._pool, name, time.monotonic() + self._total_seconds)
        try:
            if not asking.has_manifest():
                return ImageProbe(at=at, found=False, reason="the registry says that there is none")
        except _Refused as error:
            return ImageProbe(at=at, found=None, reason=str(error), forbidden=error.forbidden)
        try:
            return ImageProbe(at=at, found=True, labels=asking.labels())
        except _Refused as error:
            reason = f"its labels cannot be read: {error}"
            return ImageProbe(at=at, found=True, reason=reason, forbidden=error.forbidden)

    def close(self) -> None:
        """Let go of connections."""
        self._pool.clear()


class _Asking:
    """The requests that one image takes, with the token that they share."""

    def __init__(self, pool: urllib3.PoolManager, name: ImageName, until: float) -> None:
        self._pool = pool
        self._name = name
        self._until = until
        self._token: str | None = None
        self._base = f"{'http' if name.is_local else 'https'}://{name.host}/v2/{name.name}/"

    def has_manifest(self) -> bool:
        """Ask whether there is a manifest of that digest."""
        answer = self._ask("HEAD", f"{self._base}manifests/{self._name.digest}")
        with answer:
            if answer.status == 404:
                return False
            self._expect(answer)
            return True

    def labels(self) -> Mapping[str, str]:
        """Read the labels of the configuration, and the annotations of what leads there, without secrets: an address of
        the source may be one with a password."""
        return struck_out(self._labels())

    def _labels(self) -> dict[str, Any]:
        found = self._json("manifests", self._name.digest)
        labels = dict(_texts(found, "annotations"))
        if isinstance(found.get("manifests"), list):
            digest = _of_platform(found["manifests"])
            if digest is None:
                return labels
            found = self._json("manifests", digest)
            labels |= _texts(found, "annotations")
        config = found.get("config")
        digest = config.get("digest") if isinstance(config, dict) else None
        if not isinstance(digest, str):
            return labels
        of = self._json("blobs", digest).get("config")
        return labels | dict(_texts(of, "Labels")) if isinstance(of, dict) else labels

    def _json(self, kind: str, digest: str) -> dict[str, Any]:
        """Read an object by its digest, and make sure that it is that."""
        with self._ask("GET", f"{self._base}{kind}/{digest}") as answer:
            self._expect(answer)
            body = b"".join(self._chunks(answer))
        algorithm, _, expected = digest.partition(":")
        if algorithm not in ("sha256", "sha512") or hashlib.new(algorithm, body).hexdigest() != expected:
            raise _Refused(f"what came for {digest} has another digest")
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise _Refused(f"{digest} is no JSON") from error
        if not isinstance(found, dict):
            raise _Refused(f"{digest} is no JSON object")
        return found

    # -- requests
    def _ask(self, method: str, url: str) -> urllib3.BaseHTTPResponse:
        """Ask, with a token where one is wanted."""
        answer = self._follow(method, url)
        if answer.status == 401 and self._token is None:
            challenge = answer.headers.get("WWW-Authenticate", "")
            answer.close()
            self._token = self._new_token(challenge)
            answer = self._follow(method, url)
        return answer

    def _follow(self, method: str, url: str) -> urllib3.BaseHTTPResponse:
        """Ask, and go where the answer sends us: to storage, mostly. The token is for the registry alone."""
        host = urlsplit(url).netloc
        for _ in range(MOST_REDIRECTS + 1):
            headers = {"Accept": ACCEPTED}
            if self._token is not None and urlsplit(url).netloc == host:
                headers["Authorization"] = f"Bearer {self._token}"
            answer = self._request(method, url, headers)
            target = answer.get_redirect_location()
            if not target:
                return answer
            answer.close()
            url = self._allowed(urljoin(url, target))
        raise _Refused(f"it sends us on more than {MOST_REDIRECTS} times")

    def _request(self, method: str, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        left = self._until - time.monotonic()
        if left <= 0:
            raise _Refused("it takes too long")
        try:
            return self._pool.request(method, url, headers=dict(headers), redirect=False, preload_content=False)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise _Refused(_reason(error)) from error

    def _allowed(self, url: str) -> str:
        """What came over TLS goes on over TLS."""
        scheme = urlsplit(url).scheme
        if scheme not in ("http", "https") or (scheme == "http" and self._base.startswith("https:")):
            raise _Refused("it sends us on to where no TLS is")
        return url

    def _new_token(self, challenge: str) -> str:
        """Get the token that anybody gets who only reads."""
        kind, _, rest = challenge.partition(" ")
        said = dict(_CHALLENGE.findall(rest))
        if kind.casefold() != "bearer" or not said.get("realm"):
            raise _Refused("it wants a login", forbidden=True)
        scope = said.get("scope") or f"repository:{self._name.name}:pull"
        asked = {"scope": scope} | ({"service": said["service"]} if said.get("service") else {})
        realm = self._allowed(said["realm"])
        separator = "&" if urlsplit(realm).query else "?"
        with self._request("GET", f"{realm}{separator}{urlencode(asked)}", {"Accept": "application/json"}) as answer:
            if answer.status != 200:
                raise _Refused("it wants a login", forbidden=True)
            body = b"".join(self._chunks(answer))
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise _Refused("it gives no token that can be read") from error
        token = (found.get("token") or found.get("access_token")) if isinstance(found, dict) else None
        if not isinstance(token, str) or not token.isprintable():
            raise _Refused("it gives no token that can be read")
        return token

    def _expect(self, answer: urllib3.BaseHTTPResponse) -> None:
        if answer.status in (401, 403):
            raise _Refused("it does not let us read this", forbidden=True)
        if answer.status != 200:
            raise _Refused(f"it answers with status {answer.status}")

    def _chunks(self, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """The bytes of an answer, within limits."""
        size = 0
        try:
            # Not more than has come: who sends a byte now and then is not waited for.
            while chunk := answer.read1(CHUNK, decode_content=False):
                size += len(chunk)
                if size > MOST_BYTES:
                    raise _Refused(f"it sends more than {MOST_BYTES // 2**20} MiB")
                if time.monotonic() > self._until:
                    raise _Refused("it takes too long")
                yield chunk
        except urllib3.exceptions.HTTPError as error:
            raise _Refused(_reason(error)) from error


def _reason(error: Exception) -> str:
    match error:
        case urllib3.exceptions.TimeoutError():
            return "it does not answer in time"
        case urllib3.exceptions.SSLError():
            return "its certificate is not trusted"
        case urllib3.exceptions.NewConnectionError() | urllib3.exceptions.NameResolutionError():
            return "it cannot be reached"
        case _:
            return f"it cannot be asked ({type(error).__name__})"


def _of_platform(manifests: list[Any]) -> str | None:
    """The manifest of Linux on x86-64 in an index, else its first of an image: labels are alike for all of them."""
    found: list[tuple[bool, str]] = []
    for one in manifests:
        platform = one.get("platform") if isinstance(one, dict) else None
        digest = one.get("digest") if isinstance(one, dict) else None
        if isinstance(digest, str):
            named = platform if isinstance(platform, dict) else {}
            found.append(((named.get("os"), named.get("architecture")) != ("linux", "amd64"), digest))
    return min(found, key=lambda one: one[0], default=(True, None))[1]


def _texts(holder: Any, member: str) -> Iterator[tuple[str, str]]:
    found = holder.get(member) if isinstance(holder, dict) else None
    if isinstance(found, dict):
        yield from ((name, value) for name, value in found.items() if isinstance(value, str))
