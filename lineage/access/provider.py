"""An OpenID provider: where its keys are, and what they are now. Source: OpenID Connect Discovery 1.0 §4.

Keys change: a provider publishes the next one, signs with it, and takes the last one back. So they are fetched again
after a while, and at once where a token names one that is not known; not more often than every half minute, or whoever
makes tokens up could have it asked all the time. While it cannot be asked, the keys that are known go on for hours.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeAlias

import orjson
import urllib3
from joserfc.jwk import KeySet

from lineage.access.tokens import Bearer, Tokens, UnknownKey, keys_of
from lineage.errors import RightsUnknown

Fetch: TypeAlias = Callable[[str], Mapping[str, Any]]
"""Get a JSON object from a URL.

Raises:
    RightsUnknown: there is none to be had.
"""

DISCOVERY: Final = "/.well-known/openid-configuration"
FRESH_SECONDS: Final = 600.0
RETRY_SECONDS: Final = 30.0
FIRST_RETRY_SECONDS: Final = 2.0  # while none are known, and nobody is let in
STALE_SECONDS: Final = 6 * 3600.0  # an outage of a provider that takes longer locks everybody out
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 5.0
MOST_BYTES: Final = 1_048_576


class Provider:
    """Checks tokens by the keys of their provider. Safe to share among threads."""

    def __init__(self, issuer: str, tokens: Tokens, fetch: Fetch, *, clock: Callable[[], float] = monotonic) -> None:
        self._issuer = issuer
        self._tokens = tokens
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys = KeySet([])
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._trouble = ""

    def bearer(self, token: str) -> Bearer:
        """Say whose a token is.

        Raises:
            Unauthenticated: it is not to be believed.
            RightsUnknown: the keys of its provider are not known, and cannot be had.
        """
        keys = self._known()
        try:
            return self._tokens.read(token, keys)
        except UnknownKey:
            again = self._known(older_than_seconds=RETRY_SECONDS)
            if again is keys:
                raise
            return self._tokens.read(token, again)

    def _known(self, *, older_than_seconds: float = FRESH_SECONDS) -> KeySet:
        """The keys, fetched again where those that are known are older, and nobody has tried just now."""
        with self._lock:
            patience = FIRST_RETRY_SECONDS if self._fetched_at is None else RETRY_SECONDS
            if self._age(self._fetched_at) > older_than_seconds and self._age(self._tried_at) > patience:
                self._tried_at = self._clock()
                try:
                    self._keys, self._fetched_at = self._published(), self._clock()
                except RightsUnknown as error:
                    self._trouble = str(error)
            if self._age(self._fetched_at) > STALE_SECONDS:
                raise RightsUnknown(f"The keys that tokens are checked with cannot be had: {self._trouble}")
            return self._keys

    def _age(self, at: float | None) -> float:
        return float("inf") if at is None else self._clock() - at

    def _published(self) -> KeySet:
        return _published(self._issuer, self._fetch)


def count_keys(issuer: str, fetch: Fetch) -> int:
    """Ask a provider for its keys, and count those that are of use.

    Raises:
        RightsUnknown: it cannot be asked, or does not say what it should.
    """
    return len(_published(issuer, fetch).keys)


def _published(issuer: str, fetch: Fetch) -> KeySet:
    described = fetch(issuer.rstrip("/") + DISCOVERY)
    if described.get("issuer") != issuer:  # it could speak for another, and its tokens be taken for that one's
        raise RightsUnknown(f"The provider at {issuer} says that it is {described.get('issuer')!r:.200}.")
    address = described.get("jwks_uri")
    if not isinstance(address, str):
        raise RightsUnknown(f"The provider {issuer} does not say where its keys are (jwks_uri).")
    return keys_of(fetch(address))


def fetching(ca_file: Path | None = None) -> Fetch:
    """Make what asks providers: over TLS, unless they are on this machine, and at no address but the one that is named.
    `ca_file` holds the certificates of an authority of their own."""
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        retries=False,
        headers={"User-Agent": "kfp-lineage", "Accept": "application/json"},
        ca_certs=None if ca_file is None else str(ca_file),
    )

    def fetch(url: str) -> Mapping[str, Any]:
        if not is_safe(url):
            raise RightsUnknown(f"{url:.200} is no https address.")
        try:
            response = pool.request("GET", url, redirect=False, preload_content=False)
            try:
                body = response.read(MOST_BYTES + 1, decode_content=True)
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise RightsUnknown(f"{url:.200} cannot be reached ({type(error).__name__}).") from error
        if response.status != 200 or len(body) > MOST_BYTES:
            raise RightsUnknown(f"{url:.200} answers {response.status}, with {len(body)} bytes or more.")
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise RightsUnknown(f"{url:.200} answers what is no JSON.") from error
        if not isinstance(found, dict):
            raise RightsUnknown(f"{url:.200} answers JSON that is no object.")
        return found

    return fetch


def is_safe(url: str) -> bool:
    """Say whether nobody on the way can read or change what is said there: https, or this machine itself."""
    address = urllib3.util.parse_url(url)
    return address.scheme == "https" or (
        address.scheme == "http" and address.host in ("localhost", "127.0.0.1", "[::1]")
    )
