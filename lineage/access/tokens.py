"""What the tokens of an OpenID provider say: whose they are, and until when. Pure, but for the clock that it is given.

Sources: OpenID Connect Core 1.0 §3.1.3.7, RFC 7519, RFC 8725. What users are called is what `kube-apiserver` makes of
the same token (Kubernetes, "Authenticating", the flags `--oidc-*`), so that what a cluster grants them is theirs here.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, KeySet

from lineage.access import Caller
from lineage.errors import Unauthenticated

# Signed with a key that nobody else has: not `none`, and none of which whoever can check can sign, too.
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
KEY_TYPES: Final = ("RSA", "EC", "OKP")
LEAST_RSA_BITS: Final = 2048  # RFC 7518 §3.3
SKEW_SECONDS: Final = 60  # by which clocks may differ
EMAIL: Final = "email"
NO_PREFIX: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How users and groups are called. Without a prefix for users, those of a claim that others can choose are called
    by the provider, too, as kube-apiserver does it: `https://provider#sub`. `-` is none."""

    user_claim: str = "sub"
    user_prefix: str | None = None
    groups_claim: str = "groups"
    groups_prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Whose a token is, and until when, in seconds since 1970."""

    caller: Caller
    expires_at: float


class UnknownKey(Unauthenticated):
    """The token names a key that the provider is not known to have: it may have a new one."""


def keys_of(published: Mapping[str, Any]) -> KeySet:
    """Read the keys that a provider has published; those of no use here are passed over."""
    found = []
    listed = published.get("keys")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("use", "sig") == "sig" and _is_strong(one):
            try:
                found.append(JWKRegistry.import_key(one))
            except (JoseError, LookupError, TypeError, ValueError):
                continue
    return KeySet(found)


def _is_strong(key: Mapping[str, Any]) -> bool:
    """Say whether a key is of a kind that signs, and long enough that nobody finds it out."""
    if key.get("kty") not in KEY_TYPES:
        return False
    if key["kty"] != "RSA":
        return True
    try:
        modulus = base64.urlsafe_b64decode(str(key.get("n")).encode() + b"==")
    except (ValueError, UnicodeEncodeError):
        return False
    return int.from_bytes(modulus).bit_length() >= LEAST_RSA_BITS


class Tokens:
    """Reads tokens of one provider that are meant for `audience`."""

    def __init__(self, issuer: str, audience: str, names: Names, *, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._names = names
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )

    def read(self, token: str, keys: KeySet) -> Bearer:
        """Check a token, and say whose it is.

        Raises:
            UnknownKey: it is signed with a key that is none of these.
            Unauthenticated: it is not to be believed; the message says why, and nothing of what is in it.
        """
        try:
            checked = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            self._claims.validate(checked.claims)
        except InvalidKeyIdError as error:
            raise UnknownKey("The token is signed with a key that its provider has not published.") from error
        except ExpiredTokenError as error:
            raise Unauthenticated("The token has expired.") from error
        except (JoseError, LookupError, TypeError, ValueError) as error:  # some of what is no token at all
            raise Unauthenticated(f"The token is not to be believed: {_reason(error)}.") from error
        return Bearer(caller=self._caller(checked.claims), expires_at=float(checked.claims["exp"]) + SKEW_SECONDS)

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        names = self._names
        name = claims.get(names.user_claim)
        if not isinstance(name, str) or not name:
            raise Unauthenticated(f"The token does not say whose it is: it has no {names.user_claim}.")
        if names.user_claim == EMAIL and claims.get("email_verified", True) is not True:
            raise Unauthenticated("The provider has not verified the address of the token.")
        groups = claims.get(names.groups_claim)
        listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        return Caller(
            name=self._prefix() + name,
            groups=tuple(names.groups_prefix + one for one in listed if isinstance(one, str)),
        )

    def _prefix(self) -> str:
        prefix = self._names.user_prefix
        if prefix is None:
            return "" if self._names.user_claim == EMAIL else f"{self._issuer}#"
        return "" if prefix == NO_PREFIX else prefix


def _reason(error: Exception) -> str:
    """Name what is wrong, in words that are ours: messages of libraries may quote what they read."""
    return getattr(error, "error", None) or "malformed"


def claimed_issuer(token: str) -> str | None:
    """Say who a token claims to be from. That is not checked: it says whom to ask, and nothing else."""
    _, _, rest = token.partition(".")
    payload, _, _ = rest.partition(".")
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(payload.encode() + b"=" * (-len(payload) % 4)))
    except (ValueError, UnicodeEncodeError):
        return None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None
