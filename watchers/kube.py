"""The way to a real API server: authenticated GETs, read as they come, and reviews, which make nothing.

The only file that imports `kubernetes`. It takes from that library what it does well (configuration,
credentials and their renewal, TLS, proxies) and nothing generated, so that releases 36 and 37 are the same to
it. Foreign errors end here: every request raises ClusterError, or what `watchers.reflector.refusal` makes of a
status: 404 is ResourceAbsent, 403 ResourceForbidden, 410 HistoryGone, everything else (401 too) ClusterError.
"""

import ipaddress
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from io import BufferedReader
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3
import yaml
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError
from urllib3.util.wait import wait_for_read

from lineage.errors import BadAnswer, ClusterError, InvalidSettings
from watchers.failures import reason_of, retry_after
from watchers.lines import Chunks, Lines
from watchers.reflector import refusal

CONNECT_TIMEOUT_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 90.0  # bookmarks come about every 60 s: a watch silent for longer may be half-open
_load_in_cluster: Callable[..., None] = load_incluster_config  # typed here, as the library does not
_load_kubeconfig: Callable[..., None] = load_kube_config
_ANSWERED: Final = {"GET": (200,), "POST": (200, 201)}  # a review counts as made
_PIECE_BYTES: Final = 64 * 1024
_REFUSAL_BYTES: Final = 64 * 1024  # as much of a refusal as is read: a Status is small, a proxy's page need not be


# ------------------------------------------------------------------------------------------ configuration
def connect(
    *,
    url: str | None = None,
    context: str | None = None,
    kubeconfig: Path | None = None,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    silence_seconds: float = SILENCE_SECONDS,
) -> "Kube":
    """Make the way to a cluster: a plain `url`, else the pod's own service account, else a kubeconfig.

    A `context` or `kubeconfig` that is named is used even within a pod. Reads files; connects to nothing.

    Raises:
        InvalidSettings: there is no usable configuration.
    """
    configuration = Configuration()
    patience = {"connect_timeout_seconds": connect_timeout_seconds, "silence_seconds": silence_seconds}
    if url is not None:
        configuration.host = url.rstrip("/")
        if _is_loopback(url):
            configuration.proxy = None  # HTTP_PROXY of the environment is not meant for this machine itself
        return Kube(configuration, **patience)
    try:
        if context is None and kubeconfig is None and os.environ.get("KUBERNETES_SERVICE_HOST"):
            _load_in_cluster(client_configuration=configuration)
        else:
            # A renewed login is written back to the file, as kubectl does: an identity provider that rotates
            # refresh tokens would otherwise lock the user out.
            file = str(kubeconfig) if kubeconfig else None
            _load_kubeconfig(config_file=file, context=context, client_configuration=configuration)
    except (ConfigException, yaml.YAMLError, OSError, ValueError) as error:
        raise InvalidSettings(f"no usable cluster configuration: {error}") from error
    return Kube(configuration, **patience)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# ------------------------------------------------------------------------------------------ requests
class Kube:
    """A `watchers.reflector.Transport` over HTTP. Safe to share among threads."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._configuration = configuration
        self._pool: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
        self._timeout = urllib3.Timeout(connect=connect_timeout_seconds, read=silence_seconds)
        self._silence_seconds = silence_seconds
        self._lock = threading.Lock()
        self._open: set[urllib3.BaseHTTPResponse] = set()
        self._closed = threading.Event()

    @property
    def url(self) -> str:
        """Where the API server is."""
        return str(self._configuration.host)

    def get(self, path: str, query: Mapping[str, str]) -> bytes:
        """Read a whole answer."""
        return self._whole(self._request("GET", path, query))

    def clock(self) -> datetime | None:
        """What time it is where the API server is; None where it does not say."""
        response = self._request("GET", "/version", {})
        self._whole(response)
        said = response.headers.get("Date")
        try:
            return None if said is None else parsedate_to_datetime(said)
        except ValueError:
            return None

    def review(self, path: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have a review made: what asks something by a POST, and leaves nothing behind.

        Raises:
            ClusterError: also where the answer is no JSON object.
        """
        answer = self._whole(self._request("POST", path, {}, body=orjson.dumps(asked)))
        try:
            found = orjson.loads(answer)
        except orjson.JSONDecodeError as error:
            raise BadAnswer(f"{self.url}{path} answered what is no JSON") from error
        if not isinstance(found, dict):
            raise BadAnswer(f"{self.url}{path} answered JSON that is no object")
        return found

    def _whole(self, response: urllib3.BaseHTTPResponse) -> bytes:
        try:
            return response.read()
        except (HTTPError, OSError, ValueError) as error:
            raise self._failure(error) from error
        finally:
            self._forget(response)
            response.release_conn()

    def stream(self, path: str, query: Mapping[str, str]) -> "KubeStream":
        """Open an answer that is read line by line, as it comes."""
        asked_at = monotonic()
        return KubeStream(self, self._request("GET", path, query), asked_at)

    def close(self) -> None:
        """Break off every open request, from any thread; later ones fail."""
        with self._lock:
            self._closed.set()
            responses = tuple(self._open)
        for response in responses:
            # A thread blocked in reading wakes up with an end or an error. One that has just let go needs nothing.
            with suppress(ValueError, RuntimeError, OSError):
                response.shutdown()
        self._pool.clear()

    def _request(
        self, method: str, path: str, query: Mapping[str, str], *, body: bytes | None = None
    ) -> urllib3.BaseHTTPResponse:
        if self._closed.is_set():
            raise ClusterError("the connection was closed")
        url = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=self._headers() | ({} if body is None else {"Content-Type": "application/json"}),
                preload_content=False,
                timeout=self._timeout,
                retries=False,
                redirect=False,
            )
        except (HTTPError, OSError, ValueError) as error:
            raise self._failure(error) from error
        with self._lock:
            self._open.add(response)
        if self._closed.is_set():  # closed while the answer was awaited
            self._drop(response)
            raise ClusterError("the connection was closed")
        if response.status not in _ANSWERED[method]:
            raise self._refusal(response)
        return response

    def _headers(self) -> dict[str, str]:
        """Write the headers of one request. Asking for the token renews it if it is due."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "kfp-lineage"}
        try:
            token = self._configuration.auth_settings().get("BearerToken")
        except (ConfigException, OSError, ValueError) as error:
            raise ClusterError(f"the credentials could not be renewed: {error}") from error
        if token and token.get("value"):
            headers[str(token["key"])] = str(token["value"])
        return headers

    def _refusal(self, response: urllib3.BaseHTTPResponse) -> ClusterError:
        try:
            body = response.read(_REFUSAL_BYTES, decode_content=False)
        except (HTTPError, OSError, ValueError):
            body = b""
        finally:
            self._drop(response)
        message = _status_message(body) or str(response.reason or "")
        return refusal(response.status, message, retry_after_seconds=retry_after(response))

    def _failure(self, error: Exception) -> ClusterError:
        if self._closed.is_set():
            return ClusterError("the connection was closed")
        return ClusterError(f"{self.url}: {reason_of(error, silence_seconds=self._silence_seconds)}")

    def _forget(self, response: urllib3.BaseHTTPResponse) -> None:
        with self._lock:
            self._open.discard(response)

    def _drop(self, response: urllib3.BaseHTTPResponse) -> None:
        self._forget(response)
        response.close()


class KubeStream:
    """An open watch: iterate over its lines, then close it."""

    def __init__(self, kube: Kube, response: urllib3.BaseHTTPResponse, asked_at: float) -> None:
        self._kube = kube
        self._response = response
        self.sent_after = asked_at
        self._lines = Lines()

    def __iter__(self) -> Iterator[bytes]:
        """Yield whole lines. Ends quietly where the server ended the watch, or was silent for too long.

        Where nothing at all changes, a server has no bookmarks to send. Whether it is still there shows when the
        watch is opened again.

        Raises:
            ClusterError: the connection broke, within a line too.
        """
        lines = self._lines
        try:
            for piece in self._pieces():
                yield from lines.feed(piece)
        except (ReadTimeoutError, TimeoutError) as error:
            if lines.partial:
                raise self._kube._failure(error) from error
        except (HTTPError, OSError, ValueError) as error:
            raise self._kube._failure(error) from error
        if lines.partial:
            raise ClusterError(f"{self._kube.url}: the connection ended within an event")

    def _pieces(self) -> Iterator[bytes]:
        """Yield of the body what has arrived, without waiting for more."""
        wire = _wire(self._response)
        if not getattr(self._response, "chunked", False):  # a proxy that speaks HTTP/1.0 ends an answer by hanging up
            while piece := self._response.read1(_PIECE_BYTES, decode_content=False):
                yield piece
                self._note_silence(wire)
        elif wire is not None:
            chunks = Chunks()
            while not chunks.is_over:
                data = wire.read1(_PIECE_BYTES)
                if not data:
                    raise ProtocolError("the answer ended before its last chunk")
                yield chunks.feed(data)
                self._note_silence(wire)
        else:
            yield from self._response.stream(None, decode_content=False)

    def _note_silence(self, wire: BufferedReader | None) -> None:
        """Where nothing waits to be read, and no line has begun, what is read next has not been sent yet."""
        if self._lines.partial:
            return
        connection = getattr(getattr(wire, "raw", None), "_sock", None)
        if connection is None or getattr(connection, "pending", int)():
            return
        now = monotonic()
        with suppress(OSError, ValueError):  # closed meanwhile, as whoever reads will find
            if not wait_for_read(connection, timeout=0):
                self.sent_after = now

    def close(self) -> None:
        """Let go of the connection."""
        self._kube._drop(self._response)


def _wire(response: urllib3.BaseHTTPResponse) -> BufferedReader | None:
    """Find what urllib3 itself reads chunks from, in some twenty calls each; None where it hides that."""
    wire = getattr(getattr(response, "_fp", None), "fp", None)
    return wire if isinstance(wire, BufferedReader) else None


def _status_message(body: bytes) -> str:
    """Read the message of a Kubernetes Status; empty if it is none."""
    try:
        status: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(status.get("message") or "") if isinstance(status, dict) else ""
