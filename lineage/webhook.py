"""Sends events to a webhook, and nowhere else than to an address that it may be at.

The name of its host is resolved once for each event. The addresses that come of it are judged, and one of those very
addresses is connected to: a name that means something else a moment later leads nowhere else. No redirect is followed,
no proxy is asked, and of an answer only the status is read. Whatever takes longer than its time is cut off, however it
trickles.
"""

import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from threading import Event, Timer
from typing import Final, TypeAlias

from lineage.alerts import CONTENT_TYPE, Target
from lineage.alerts.addresses import is_allowed

CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 20.0  # from when it is connected to
MOST_ADDRESSES: Final = 4  # of a name that are tried
TAKEN: Final = range(200, 300)

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""Finds the addresses of a name, written in numbers."""


class _NotTaken(Exception):
    """The event was not taken; the message says why, and holds nothing of the url but its host."""


def resolved(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Webhook:
    """Where events are sent. `token` is sent along as a bearer's."""

    def __init__(
        self,
        target: Target,
        *,
        token: str | None = None,
        resolve: Resolve = resolved,
        total_seconds: float = TOTAL_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        parts = target.parts
        self._target = target
        self._is_secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_secure else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._authorization = _authorization(target, token)
        self._resolve = resolve
        self._total_seconds = total_seconds
        self._context = context

    def send(self, event: bytes) -> str | None:
        """Send an event. Says why it was not taken; None where it was."""
        try:
            self._send(self._connected(self._addresses()), event)
        except _NotTaken as error:
            return str(error)
        return None

    # -- where it is
    def _addresses(self) -> Sequence[str]:
        try:
            found = list(self._resolve(self._host, self._port))
        except (OSError, UnicodeError) as error:
            raise _NotTaken(f"the name {self._host} cannot be resolved") from error
        refused = [one for one in found if not is_allowed(one, self._target.allowed)]
        if refused or not found:
            at = f"is at {refused[0]}, where no alert is sent" if refused else "has no address"
            raise _NotTaken(f'{self._host} {at}: "allow" in [webhook] names networks that are meant')
        return found[:MOST_ADDRESSES]

    def _connected(self, addresses: Sequence[str]) -> socket.socket:
        for address in addresses:
            with suppress(OSError):
                return socket.create_connection((address, self._port), timeout=CONNECT_SECONDS)
        raise _NotTaken(f"{self._target.shown} cannot be reached")

    # -- the request
    def _send(self, plain: socket.socket, event: bytes) -> None:
        plain.settimeout(self._total_seconds)
        wire = self._secured(plain)
        is_cut = Event()
        ending = Timer(self._total_seconds, _cut, (wire, is_cut))
        ending.daemon = True
        ending.start()
        try:
            if isinstance(wire, ssl.SSLSocket):
                wire.do_handshake()
            status = self._answered(wire, event)
        except ssl.SSLCertVerificationError as error:
            raise _NotTaken(f"the certificate of {self._target.shown} is not trusted") from error
        except (OSError, HTTPException, ValueError) as error:
            took_long = is_cut.is_set() or isinstance(error, TimeoutError)
            why = "does not answer in time" if took_long else f"does not answer as HTTP does ({type(error).__name__})"
            raise _NotTaken(f"{self._target.shown} {why}") from error
        finally:
            ending.cancel()
            wire.close()
        if status not in TAKEN:
            raise _NotTaken(f"{self._target.shown} answers with status {status}")

    def _secured(self, plain: socket.socket) -> socket.socket:
        if not self._is_secure:
            return plain
        context = self._context or ssl.create_default_context()
        return context.wrap_socket(plain, server_hostname=self._host, do_handshake_on_connect=False)

    def _answered(self, wire: socket.socket, event: bytes) -> int:
        """Ask over a connection that is there, by the name that the url has; read the status of the answer."""
        connection = HTTPConnection(self._host, self._port)
        connection.default_port = 443 if self._is_secure else 80  # so that `Host` leaves out what goes without saying
        connection.sock = wire
        headers = {"Content-Type": CONTENT_TYPE, "User-Agent": "kfp-lineage", "Connection": "close"}
        if self._authorization is not None:
            headers["Authorization"] = self._authorization
        connection.request("POST", self._path, body=event, headers=headers)
        with connection.getresponse() as answer:
            return answer.status


def _cut(wire: socket.socket, is_cut: Event) -> None:
    """End a connection below TLS, whatever another thread does with it, and say so first."""
    is_cut.set()
    with suppress(OSError):
        socket.socket.shutdown(wire, socket.SHUT_RDWR)


def _authorization(target: Target, token: str | None) -> str | None:
    if token is not None:
        return f"Bearer {token}"
    if target.login is None:
        return None
    return "Basic " + b64encode(":".join(target.login).encode()).decode()
