"""Tokens of OpenID providers: which are believed, whose they are, and keys that change."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from lineage.access.provider import FRESH_SECONDS, RETRY_SECONDS, STALE_SECONDS, Provider, is_safe
from lineage.access.tokens import SKEW_SECONDS, Names, Tokens, UnknownKey, claimed_issuer, keys_of
from lineage.errors import RightsUnknown, Unauthenticated
from tests.tokens import (
    AUDIENCE,
    EC,
    ISSUER,
    NOW,
    RSA,
    UNPUBLISHED,
    a_token,
    claims,
    published,
    signed_with_what_is_public,
    unsigned,
)

KEYS = keys_of(published())


def tokens(*, names: Names | None = None, now: float = NOW) -> Tokens:
    return Tokens(ISSUER, AUDIENCE, names or Names(), now=lambda: now)


# ------------------------------------------------------------------------------------------ what is believed
@pytest.mark.parametrize(
    "token",
    [
        a_token(),
        a_token(key=EC, alg="ES256"),
        a_token(alg="PS384"),
        a_token(claims(aud=["others", AUDIENCE])),
        a_token(claims(nbf=NOW + SKEW_SECONDS - 1, iat=NOW + SKEW_SECONDS - 1)),
        a_token(claims(exp=NOW - SKEW_SECONDS + 2)),
        a_token(typ="at+jwt"),
    ],
)
def test_a_token_of_the_provider_for_this_audience_is_believed(token: str) -> None:
    assert tokens().read(token, KEYS).caller.name == f"{ISSUER}#ada"


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (a_token(claims(exp=NOW - SKEW_SECONDS)), "expired"),
        (a_token(claims(exp=None)), "missing_claim"),
        (a_token(claims(exp="tomorrow")), "invalid_claim"),
        (a_token(claims(nbf=NOW + SKEW_SECONDS + 1)), "invalid_claim"),
        (a_token(claims(iat=NOW + SKEW_SECONDS + 1)), "invalid_claim"),
        (a_token(claims(aud="others")), "invalid_claim"),
        (a_token(claims(aud=["others"])), "invalid_claim"),
        (a_token(claims(aud=None)), "missing_claim"),
        (a_token(claims(aud="")), "claim"),
        (a_token(claims(iss="https://login.example.org")), "invalid_claim"),
        (a_token(claims(iss=f"{ISSUER}/")), "invalid_claim"),
        (a_token(claims(iss=None)), "missing_claim"),
        (a_token(claims(sub=None)), "whose"),
        (a_token(claims(sub="")), "whose"),
        (a_token(claims(sub=["ada"])), "claim"),
        (a_token(key=UNPUBLISHED, kid="first"), "bad_signature"),
        (a_token()[:-8] + "AAAAAAAA", "bad_signature"),
        (unsigned(), "unsupported_algorithm"),
        (unsigned(alg="None"), "unsupported_algorithm"),
        (unsigned(alg="RS256"), "bad_signature"),
        (unsigned(signature="x"), "unsupported_algorithm"),
        (signed_with_what_is_public(), "unsupported_algorithm"),
        (a_token(key=OctKey.import_key("x" * 32, {"kid": "first"}), alg="HS256"), "unsupported_algorithm"),
    ],
)
def test_whatever_else_is_not(token: str, why: str) -> None:
    with pytest.raises(Unauthenticated, match=why):
        tokens().read(token, KEYS)


@given(
    st.one_of(st.text(), st.binary().map(lambda some: some.decode("latin-1")), st.from_regex(r"[\w-]+\.[\w-]*\.[\w-]*"))
)
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens().read(text, KEYS)
    assert claimed_issuer(text) is None or isinstance(claimed_issuer(text), str)


@given(st.data())
def test_a_token_that_was_changed_is_refused(data: st.DataObject) -> None:
    token = a_token()
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHIJabcdefghij0123456789-_."))
    changed = token[:place] + letter + token[place + 1 :]
    head, _, signature = token.rpartition(".")
    # The last letter of a signature holds bits that mean nothing.
    if changed == token or (changed.startswith(f"{head}.") and place == len(head) + len(signature)):
        return
    with pytest.raises(Unauthenticated):
        tokens().read(changed, KEYS)


def test_nothing_of_what_is_in_a_token_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Unauthenticated) as refused:
        tokens().read(a_token(claims(aud="a-secret-audience")), KEYS)
    assert "secret" not in str(refused.value)


def test_a_token_says_until_when_it_is_good() -> None:
    assert tokens().read(a_token(), KEYS).expires_at == NOW + 300 + SKEW_SECONDS


def test_who_a_token_claims_to_be_from_is_read_without_a_key() -> None:
    assert claimed_issuer(a_token(key=UNPUBLISHED)) == ISSUER
    assert claimed_issuer(a_token(claims(iss=5))) is None


# ------------------------------------------------------------------------------------------ what users are called
@pytest.mark.parametrize(
    ("names", "said", "name", "groups"),
    [
        (Names(), {}, f"{ISSUER}#ada", ()),
        (Names(user_prefix="-"), {}, "ada", ()),
        (Names(user_prefix="oidc:"), {"groups": ["ml", "ops"]}, "oidc:ada", ("ml", "ops")),
        (Names(user_claim="email"), {"email": "ada@example.org"}, "ada@example.org", ()),
        (Names(user_claim="email"), {"email": "ada@example.org", "email_verified": True}, "ada@example.org", ()),
        (Names(groups_prefix="oidc:"), {"groups": "ml"}, f"{ISSUER}#ada", ("oidc:ml",)),
        (Names(groups_claim="roles"), {"groups": ["a"], "roles": ["b", 5, None]}, f"{ISSUER}#ada", ("b",)),
        (Names(), {"groups": {"ml": True}}, f"{ISSUER}#ada", ()),
    ],
)
def test_users_are_called_as_kube_apiserver_calls_them(
    names: Names, said: Mapping[str, Any], name: str, groups: tuple[str, ...]
) -> None:
    caller = tokens(names=names).read(a_token(claims(**said)), KEYS).caller
    assert (caller.name, caller.groups) == (name, groups)


@pytest.mark.parametrize("verified", [False, "true", 1])
def test_an_address_that_nobody_verified_names_nobody(verified: object) -> None:
    token = a_token(claims(email="ada@example.org", email_verified=verified))
    with pytest.raises(Unauthenticated, match="verified"):
        tokens(names=Names(user_claim="email")).read(token, KEYS)


# ------------------------------------------------------------------------------------------ keys
def test_keys_of_no_use_are_passed_over() -> None:
    odd: list[object] = [
        {"kty": "oct", "k": "AAAA", "kid": "shared"},
        {"kty": "RSA", "kid": "cut"},
        {"kty": "EC", "crv": "unheard-of", "kid": "odd", "x": "AA", "y": "AA"},
        {**published(UNPUBLISHED)["keys"][0], "use": "enc"},
        {"kty": 5},
        {"kty": ["RSA"]},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short"},
        {"kty": "RSA", "n": "\u00e4", "e": "AQAB", "kid": "odd letters"},
        "nothing",
    ]
    assert [key.kid for key in keys_of({"keys": [*odd, *published(RSA)["keys"]]})] == ["first"]
    nothing: list[dict[str, Any]] = [{}, {"keys": None}, {"keys": {}}]
    assert not any(map(keys_of, nothing))


class World:
    """A provider that can change its keys and go away, and the time."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = published(RSA)
        self.issuer: object = ISSUER
        self.is_there = True
        self.now = 1_000.0
        self.asked: list[str] = []

    def fetch(self, url: str) -> Mapping[str, Any]:
        self.asked.append(url)
        if not self.is_there:
            raise RightsUnknown("nobody answers")
        if url == f"{ISSUER}/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{ISSUER}/keys"}
        assert url == f"{ISSUER}/keys"
        return self.keys

    def provider(self) -> Provider:
        return Provider(ISSUER, tokens(), self.fetch, clock=lambda: self.now)


def test_keys_are_fetched_once_and_again_after_a_while() -> None:
    world = World()
    provider = world.provider()
    for _ in range(5):
        assert provider.bearer(a_token()).caller.name == f"{ISSUER}#ada"
    assert len(world.asked) == 2
    world.now += FRESH_SECONDS + 1
    provider.bearer(a_token())
    assert len(world.asked) == 4


def test_a_new_key_is_found_as_soon_as_a_token_names_it_and_the_old_one_is_forgotten() -> None:
    world = World()
    provider = world.provider()
    provider.bearer(a_token())
    world.keys = published(EC)
    world.now += RETRY_SECONDS + 1
    assert provider.bearer(a_token(key=EC, alg="ES256")).caller.name == f"{ISSUER}#ada"
    with pytest.raises(UnknownKey):
        provider.bearer(a_token())


def test_tokens_that_are_made_up_do_not_have_the_provider_asked_again_and_again() -> None:
    world = World()
    provider = world.provider()
    provider.bearer(a_token())
    for second in range(100):
        world.now += 1
        with pytest.raises(UnknownKey):
            provider.bearer(a_token(key=UNPUBLISHED, kid=f"made up {second}"))
    assert len(world.asked) <= 2 + 2 * (100 // int(RETRY_SECONDS))


def test_while_a_provider_is_away_the_keys_that_are_known_go_on_for_hours() -> None:
    world = World()
    provider = world.provider()
    provider.bearer(a_token())
    world.is_there = False
    world.now += STALE_SECONDS - 1
    provider.bearer(a_token())
    world.now += 2
    with pytest.raises(RightsUnknown, match="nobody answers"):
        provider.bearer(a_token())
    world.is_there = True
    world.now += RETRY_SECONDS + 1
    provider.bearer(a_token())


def test_a_provider_that_was_away_at_first_is_asked_again_soon() -> None:
    world = World()
    world.is_there = False
    provider = world.provider()
    for _ in range(10):
        with pytest.raises(RightsUnknown):
            provider.bearer(a_token())
    assert len(world.asked) == 1
    world.is_there = True
    world.now += 3
    provider.bearer(a_token())


@pytest.mark.parametrize("issuer", ["https://others.example", None, 5])
def test_a_provider_that_speaks_for_another_is_not_believed(issuer: object) -> None:
    world = World()
    world.issuer = issuer
    with pytest.raises(RightsUnknown, match="says that it is"):
        world.provider().bearer(a_token())


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://login.example/keys", True),
        ("http://localhost:5556/keys", True),
        ("http://127.0.0.1/keys", True),
        ("http://login.example/keys", False),
        ("http://localhost.example/keys", False),
        ("http://127.0.0.1@login.example/keys", False),
        ("file:///etc/passwd", False),
        ("ftp://login.example", False),
        ("", False),
    ],
)
def test_keys_come_over_tls_or_from_this_machine(url: str, safe: bool) -> None:
    assert is_safe(url) is safe
