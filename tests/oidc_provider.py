"""An OpenID provider of the tests' own: a certified one, of npm, with keys that can be changed."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from joserfc.jwk import ECKey, RSAKey

from tests.node_packages import fetched
from tests.processes import Process, free_ports, is_listening
from tests.servers.install import RECIPES

PACKAGE: Final = "oidc-provider@9.13.3"
SCRIPT: Final = RECIPES / "oidc" / "provider.mjs"

Key = RSAKey | ECKey


def a_key(name: str) -> Key:
    """Make a key that signs."""
    return RSAKey.generate_key(2048, parameters={"kid": name, "use": "sig", "alg": "RS256"})


class OidcProvider:
    """A provider that runs; started again with other keys, it is the same one."""

    def __init__(self, folder: Path) -> None:
        self._package = fetched(PACKAGE, why="the OpenID provider")
        self._log = folder / "oidc.log"
        (self._port,) = free_ports(1)
        self._process: Process | None = None

    @property
    def issuer(self) -> str:
        """What it calls itself, which is where it is."""
        return f"http://127.0.0.1:{self._port}"

    def start(self, keys: Sequence[Key]) -> None:
        """Start it with keys, of which the first of a kind signs."""
        told = {"issuer": self.issuer, "port": self._port, "keys": [key.as_dict(private=True) for key in keys]}
        command = ["node", "--preserve-symlinks-main", SCRIPT, json.dumps(told)]
        self._process = Process(command, self._log, folder=self._package)
        self._process.wait_until(lambda: is_listening(self._port))

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def token(self, audience: str, *, seconds: int = 300, **said: Any) -> str:
        """Have it give out a token."""
        form = {
            "grant_type": "client_credentials",
            "resource": audience,
            "ttl": str(seconds),
            "said": json.dumps(said),
        }
        answer = httpx.post(f"{self.issuer}/token", data=form, auth=("tester", "tester"), trust_env=False)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@contextmanager
def oidc_provider(folder: Path) -> Iterator[OidcProvider]:
    """A provider that is not started yet, and is stopped at the end."""
    provider = OidcProvider(folder)
    try:
        yield provider
    finally:
        provider.stop()
