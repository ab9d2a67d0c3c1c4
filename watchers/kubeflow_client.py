"""The way to a service of Kubeflow, or to Argo's server: authenticated GETs of JSON.

Foreign errors end here: every request raises ClusterError, or what `watchers.reflector.refusal` makes of a status.
Nothing is followed to where an answer points to, so that the token reaches nobody else.
"""

import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.client import IncompleteRead
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import urllib3
from urllib3.exceptions import HTTPError

from lineage.errors import BadAnswer, ClusterError, InvalidSettings
from lineage.redaction import beginning
from watchers.failures import reason_of, retry_after
from watchers.reflector import refusal

TIMEOUT_SECONDS: Final = 20.0  # of silence
ANSWER_SECONDS: Final = 120.0  # of an answer that comes in drops
ANSWER_BYTES: Final = 128 * 2**20  # a page of pipeline versions holds their whole texts
_PIECE_BYTES: Final = 64 * 1024
_REFUSAL_BYTES: Final = 64 * 1024
_QUOTED: Final = 200


class KubeflowClient:
    """GETs below a URL. `close` may be called from any thread.

    The token is given itself, or as a file that is read again for every request, as Kubernetes renews it in place.
    Without either nobody is named, as within a cluster of one user.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        token_file: Path | None = None,
        ca_file: Path | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._token_file = token_file
        self._timeout_seconds = timeout_seconds
        try:
            context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise InvalidSettings(
                f"{ca_file} holds no certificates that can be read ({type(error).__name__})"
            ) from error
        self._pool = urllib3.PoolManager(
            ssl_context=context, timeout=urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds)
        )
        self._open: urllib3.BaseHTTPResponse | None = None
        self._closed = threading.Event()

    def get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Read a JSON object."""
        response = self._request(path, query)
        try:
            data = self._read(response)
        except (ClusterError, HTTPError, OSError, ValueError, IncompleteRead) as error:
            response.close()
            raise self._failure(error) from error
        finally:
            self._open = None
        response.release_conn()  # to be used again: a run is asked for after the other
        try:
            answer = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise BadAnswer(f"{self.url}{path}: the answer is no JSON, or was cut off") from error
        if not isinstance(answer, dict):
            raise BadAnswer(f"{self.url}{path}: the answer is no JSON object")
        return answer

    def close(self) -> None:
        """Break off what is being read; later requests fail."""
        self._closed.set()
        response = self._open
        if response is not None:
            with suppress(ValueError, RuntimeError, OSError):
                response.shutdown()
        self._pool.clear()

    def _request(self, path: str, query: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        if self._closed.is_set():
            raise ClusterError("the connection was closed")
        url = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = self._pool.request(
                "GET", url, headers=self._headers(), preload_content=False, retries=False, redirect=False
            )
        except (HTTPError, OSError, ValueError) as error:
            raise self._failure(error) from error
        self._open = response
        if self._closed.is_set():  # closed while the answer was awaited
            response.close()
            raise ClusterError("the connection was closed")
        if response.status != 200:
            raise self._refusal(response)
        return response

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "kfp-lineage"}
        token = self._token
        if self._token_file is not None:
            try:
                token = self._token_file.read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ClusterError(
                    f"the token in {self._token_file} cannot be read ({type(error).__name__})"
                ) from error
        return {**headers, "Authorization": f"Bearer {token}"} if token else headers

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        held, deadline = bytearray(), monotonic() + ANSWER_SECONDS
        while piece := response.read(_PIECE_BYTES):
            held += piece
            if len(held) > ANSWER_BYTES:
                raise BadAnswer(f"{self.url}: an answer has more than {ANSWER_BYTES // 2**20} MiB")
            if monotonic() > deadline:
                raise ClusterError(f"{self.url}: an answer was not there after {ANSWER_SECONDS:g} s")
        return bytes(held)

    def _refusal(self, response: urllib3.BaseHTTPResponse) -> ClusterError:
        try:
            body = response.read(_REFUSAL_BYTES)
        except (HTTPError, OSError, ValueError):
            body = b""
        finally:
            self._open = None
            response.close()
        if 300 <= response.status < 400 or response.status == 401:
            said = "it wants to know who asks: set kfp_token_file, or kfp_token, to one that it takes"
        else:
            said = _message(body) or str(response.reason or "")
        return refusal(response.status, said, retry_after_seconds=retry_after(response))

    def _failure(self, error: Exception) -> ClusterError:
        if isinstance(error, ClusterError):
            return error
        if self._closed.is_set():
            return ClusterError("the connection was closed")
        return ClusterError(f"{self.url}: {reason_of(error, silence_seconds=self._timeout_seconds)}")


def _message(body: bytes) -> str:
    """Read why something was refused: the API writes a status of gRPC, with the words of each layer behind another."""
    try:
        status: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    said = str(status.get("message") or status.get("error") or "") if isinstance(status, dict) else ""
    return said if len(said) <= _QUOTED else f"{beginning(said, _QUOTED)}…"
