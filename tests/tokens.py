"""Tokens of a provider of the tests' own, signed with keys that it has, or has not."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

ISSUER = "https://login.example"
AUDIENCE = "kfp-lineage"
NOW = 1_800_000_000.0

RSA = RSAKey.generate_key(2048, parameters={"kid": "first", "use": "sig"})
EC = ECKey.generate_key("P-256", parameters={"kid": "second", "use": "sig"})
UNPUBLISHED = RSAKey.generate_key(2048, parameters={"kid": "third", "use": "sig"})


def published(*keys: RSAKey | ECKey) -> dict[str, Any]:
    """A set of keys as a provider publishes it."""
    return dict(KeySet(list(keys) or [RSA, EC]).as_dict(private=False))


def claims(**changed: Any) -> dict[str, Any]:
    """What a token says that is good for five minutes; None leaves a claim out."""
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": NOW, "exp": NOW + 300} | changed
    return {name: value for name, value in whole.items() if value is not None}


def a_token(
    said: Mapping[str, Any] | None = None, *, key: RSAKey | ECKey | OctKey = RSA, alg: str = "RS256", **header: Any
) -> str:
    """A signed token."""
    names = {"alg": alg, **({"kid": key.kid} if key.kid else {}), **header}
    return jwt.encode(names, dict(claims() if said is None else said), key, algorithms=[alg])


def unsigned(said: Mapping[str, Any] | None = None, alg: str = "none", signature: str = "") -> str:
    """A token that nobody signed, which says that it need not be."""
    return f"{_part({'alg': alg, 'kid': RSA.kid})}.{_part(claims() if said is None else said)}.{signature}"


def signed_with_what_is_public() -> str:
    """A token signed with a published key as if that were a secret that two share: the oldest trick."""
    signed = f"{_part({'alg': 'HS256', 'kid': RSA.kid})}.{_part(claims())}"
    return f"{signed}.{_written(hmac.digest(RSA.as_pem(private=False), signed.encode(), 'sha256'))}"


def _part(value: Mapping[str, Any]) -> str:
    return _written(json.dumps(value).encode())


def _written(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
