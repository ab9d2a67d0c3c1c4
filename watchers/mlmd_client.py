"""The way to the gRPC service of ML Metadata.

Foreign errors end here: every call raises ClusterError, or a more precise one.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import grpc
from google.protobuf.json_format import ParseError
from google.protobuf.message import DecodeError

from lineage.errors import BadAnswer, ClusterError, InvalidSettings, ResourceAbsent, ResourceForbidden
from watchers.mlmd_messages import decode, encode, method_path

TIMEOUT_SECONDS: Final = 20.0
ANSWER_BYTES: Final = 128 * 2**20  # a page of artifacts holds their curves and matrices
_ABSENT: Final = frozenset({grpc.StatusCode.UNIMPLEMENTED})
_FORBIDDEN: Final = frozenset({grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED})
_TOO_LARGE: Final = "larger than max"  # in the words of gRPC, which has one code for this and for a busy server
_SCHEMES: Final = ("grpc", "grpcs")


class MetadataClient:
    """Calls of one service, `grpc://host:port`, or `grpcs://` with TLS. `close` may be called from any thread.

    Raises:
        InvalidSettings: the address is none, or the certificates cannot be read.
    """

    def __init__(self, url: str, *, ca_file: Path | None = None, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.url = url
        self._timeout_seconds = timeout_seconds
        self._closed = threading.Event()
        self._channel = _channel(url, ca_file)

    def call(self, method: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask, and read the answer as JSON: empty where there is nothing, which some methods call an error."""
        if self._closed.is_set():
            raise ClusterError("the connection was closed")
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
            method_path(method), request_serializer=None, response_deserializer=None
        )
        try:
            return decode(method, ask(encode(method, request), timeout=self._timeout_seconds))
        except grpc.RpcError as error:
            if _code_of(error) is grpc.StatusCode.NOT_FOUND:
                return {}
            raise self._failure(error) from error
        except (DecodeError, ParseError) as error:
            raise BadAnswer(f"{self.url}: what answers there does not speak the protocol of ML Metadata") from error
        except ValueError as error:  # the channel was closed meanwhile
            raise ClusterError("the connection was closed") from error

    def close(self) -> None:
        """Break off what is being asked; later calls fail."""
        self._closed.set()
        self._channel.close()

    def _failure(self, error: grpc.RpcError) -> ClusterError:
        code = _code_of(error)
        if self._closed.is_set() or code is grpc.StatusCode.CANCELLED:
            return ClusterError("the connection was closed")
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return ClusterError(f"{self.url}: it was silent for {self._timeout_seconds:g} s")
        if code is grpc.StatusCode.UNAVAILABLE:
            return ClusterError(f"{self.url}: nobody answers there")
        if _TOO_LARGE in _details_of(error):
            return BadAnswer(f"{self.url}: an answer has more than {ANSWER_BYTES // 2**20} MiB")
        words = f"{self.url}: it refused ({code.name if code else 'UNKNOWN'})"
        if code in _ABSENT:
            return ResourceAbsent(f"{words}: what answers there is no ML Metadata")
        if code in _FORBIDDEN:
            return ResourceForbidden(f"{words}: let this account call it in the mesh or the policy that guards it")
        return ClusterError(words)


def _code_of(error: grpc.RpcError) -> grpc.StatusCode | None:
    """Read why a call failed. gRPC raises objects that are both an error and a call, which no class of it says."""
    code = error.code() if hasattr(error, "code") else None
    return code if isinstance(code, grpc.StatusCode) else None


def _details_of(error: grpc.RpcError) -> str:
    details = error.details() if hasattr(error, "details") else None
    return details if isinstance(details, str) else ""


def _channel(url: str, ca_file: Path | None) -> grpc.Channel:
    split = urlsplit(url)
    if split.scheme not in _SCHEMES or not split.hostname:
        raise InvalidSettings(f"{url!r} is no address of ML Metadata: write grpc://host:port, or grpcs:// for TLS")
    options = [("grpc.max_receive_message_length", ANSWER_BYTES), ("grpc.enable_retries", 0)]
    if split.scheme == "grpc":
        return grpc.insecure_channel(split.netloc, options)
    try:
        certificates = None if ca_file is None else ca_file.read_bytes()
    except OSError as error:
        raise InvalidSettings(f"{ca_file} holds no certificates that can be read ({type(error).__name__})") from error
    return grpc.secure_channel(split.netloc, grpc.ssl_channel_credentials(certificates), options)
