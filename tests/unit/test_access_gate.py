"""The gate: who is let in by what they show, what they may see, and for how long that is remembered."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from threading import Barrier
from typing import Any

import pytest

from lineage.access import OPEN, Caller, Shown
from lineage.access.gate import REFUSED_SECONDS, Guarded, Proxy
from lineage.access.identities import ByCluster, ByProvider, ByProxy, Identified
from lineage.access.provider import Provider
from lineage.access.reviews import ACCESS_REVIEWS, TOKEN_REVIEWS, Reviews
from lineage.access.rights import ClusterRights, Everything
from lineage.access.tokens import SKEW_SECONDS, Names, Tokens
from lineage.errors import ClusterError, RightsUnknown, StoreError, Unauthenticated
from lineage.ports import EVERYTHING, Scope
from tests.tokens import AUDIENCE, ISSUER, NOW, a_token, claims, published

CLUSTER = "c"


# ------------------------------------------------------------------------------------------ an API server
class ApiServer:
    """What an API server knows of callers: whose tokens are whose, and who may get workflows where."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {"t1": {"username": "ada", "uid": "7", "groups": ["ml"]}}
        self.allowed: set[tuple[str, str]] = {("ada", "a")}
        self.is_there = True
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.status: object = None

    def post(self, path: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((path, asked["spec"]))
        if not self.is_there:
            raise ClusterError("nobody answers there")
        if self.status is not None:
            return {"status": self.status}
        spec = asked["spec"]
        if path == TOKEN_REVIEWS:
            assert (asked["apiVersion"], asked["kind"]) == ("authentication.k8s.io/v1", "TokenReview")
            user = self.users.get(spec["token"])
            return {"status": {"authenticated": True, "user": user} if user else {"error": "unknown"}}
        assert (path, asked["kind"]) == (ACCESS_REVIEWS, "SubjectAccessReview")
        attributes = spec["resourceAttributes"]
        assert (attributes["verb"], attributes["group"], attributes["resource"]) == (
            "get",
            "argoproj.io",
            "workflows",
        )
        return {"status": {"allowed": (spec["user"], attributes["namespace"]) in self.allowed}}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def rights_of(server: ApiServer, namespaces: Callable[[], frozenset[str]] = lambda: frozenset("abc")) -> ClusterRights:
    return ClusterRights(CLUSTER, may_read=Reviews(server.post).may_read, namespaces=namespaces)


def gate_of(server: ApiServer, clock: Clock, *, seconds: float = 30, audiences: Sequence[str] = ()) -> Guarded:
    reviews = Reviews(server.post)
    return Guarded([ByCluster(reviews, audiences)], rights_of(server), seconds=seconds, clock=clock)


def bearing(token: str) -> Shown:
    return Shown(bearer=token)


# ------------------------------------------------------------------------------------------ what is shown
@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer t1", "t1"),
        ("bearer  t1 ", "t1"),
        ("BEARER t1", "t1"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic dXNlcg==", None),
        ("t1", None),
        ("", None),
    ],
)
def test_a_token_is_read_from_the_header_of_its_kind(header: str, token: str | None) -> None:
    gate = gate_of(ApiServer(), Clock())
    assert gate.shown({"authorization": header}, peer=None).bearer == token
    assert gate.shown({}, peer=None, authorization=header).bearer == token


def test_a_token_that_is_printed_is_left_out() -> None:
    assert "t1" not in repr(bearing("t1"))


PROXY = Proxy(header="kubeflow-userid", networks=(ip_network("10.1.0.0/16"), ip_network("fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        ("10.1.2.3", "ada"),
        ("fd00::7", "ada"),
        ("fe80::1%eth0", None),
        ("::ffff:10.1.2.3", "ada"),
        ("10.2.0.1", None),
        ("127.0.0.1", None),
        ("", None),
        (None, None),
        ("proxy.example", None),
    ],
)
def test_a_name_is_believed_of_the_proxy_alone(peer: str | None, name: str | None) -> None:
    gate = Guarded([ByProxy()], Everything(), proxy=PROXY, seconds=30)
    assert gate.shown({"kubeflow-userid": "ada", "x-forwarded-for": "10.1.2.3"}, peer=peer).user == name


def test_without_a_proxy_nobody_gives_names() -> None:
    assert gate_of(ApiServer(), Clock()).shown({"kubeflow-userid": "ada"}, peer="10.1.2.3").user is None


# ------------------------------------------------------------------------------------------ who that is
def test_who_is_known_to_the_cluster_sees_the_namespaces_that_it_lets_them_see() -> None:
    server = ApiServer()
    grant = gate_of(server, Clock()).admit(bearing("t1"))
    assert grant.caller == Caller(name="ada", groups=("ml",), uid="7")
    assert grant.scope == Scope(namespaces=frozenset({(CLUSTER, "a")}))
    asked = [spec for path, spec in server.asked if path == ACCESS_REVIEWS]
    assert asked[0]["resourceAttributes"]["namespace"] == ""
    assert {one["resourceAttributes"]["namespace"] for one in asked} == {"", "a", "b", "c"}
    assert all((one["user"], one["uid"]) == ("ada", "7") for one in asked)
    assert all(one["groups"] == ["ml", "system:authenticated"] for one in asked)


def test_who_may_get_workflows_everywhere_sees_the_whole_cluster_with_one_question() -> None:
    server = ApiServer()
    server.allowed = {("ada", "")}
    grant = gate_of(server, Clock()).admit(bearing("t1"))
    assert grant.scope == Scope(namespaces=frozenset(), clusters=frozenset({CLUSTER}))
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ({"authenticated": False}, Unauthenticated),
        ({"authenticated": "true"}, Unauthenticated),
        ({"error": "invalid bearer token"}, Unauthenticated),
        ({"authenticated": True}, Unauthenticated),
        ({"authenticated": True, "user": {"username": ""}}, Unauthenticated),
        ({"authenticated": True, "user": "ada"}, Unauthenticated),
        ("odd", RightsUnknown),
        ([], RightsUnknown),
    ],
)
def test_what_an_api_server_does_not_say_plainly_is_a_no(status: object, error: type[Exception]) -> None:
    server = ApiServer()
    server.status = status
    with pytest.raises(error):
        gate_of(server, Clock()).admit(bearing("t1"))


@pytest.mark.parametrize("status", [{"allowed": "yes"}, {}, {"allowed": True, "denied": True}, {"allowed": None}])
def test_rights_that_are_not_said_plainly_are_none(status: Mapping[str, Any]) -> None:
    server = ApiServer()
    server.status = status
    assert rights_of(server).scope(Caller(name="ada")) == Scope(namespaces=frozenset())


@pytest.mark.parametrize(
    ("audiences", "lets_in"), [(["lineage"], True), (["others", "lineage"], True), (["others"], False), ([], False)]
)
def test_a_token_must_be_meant_for_one_of_our_audiences(audiences: list[str], lets_in: bool) -> None:
    server = ApiServer()
    server.status = {"authenticated": True, "user": {"username": "ada"}, "audiences": audiences}
    gate = Guarded([ByCluster(Reviews(server.post), ["lineage", "kfp"])], Everything(), seconds=30)
    if lets_in:
        assert gate.admit(bearing("t1")).caller.name == "ada"
    else:
        with pytest.raises(Unauthenticated, match="lineage, kfp"):
            gate.admit(bearing("t1"))
    assert server.asked[0][1]["audiences"] == ["lineage", "kfp"]


@pytest.mark.parametrize("shown", [Shown(), bearing("t2"), Shown(user="ada"), bearing("x" * 20_000)])
def test_others_are_not_let_in(shown: Shown) -> None:
    with pytest.raises(Unauthenticated):
        gate_of(ApiServer(), Clock()).admit(shown)


def by_provider() -> ByProvider:
    tokens = Tokens(ISSUER, AUDIENCE, Names(user_prefix="-"), now=lambda: NOW)

    def fetch(url: str) -> Mapping[str, Any]:
        return published() if url.endswith("/keys") else {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}

    return ByProvider(ISSUER, Provider(ISSUER, tokens, fetch), now=lambda: NOW)


def test_tokens_go_to_those_who_gave_them_out() -> None:
    server = ApiServer()
    gate = Guarded([by_provider(), ByCluster(Reviews(server.post), ())], Everything(), seconds=30)
    assert gate.admit(bearing(a_token(claims(sub="eve")))).caller.name == "eve"
    assert server.asked == []
    assert gate.admit(bearing("t1")).caller.name == "ada"
    with pytest.raises(Unauthenticated):
        gate.admit(bearing(a_token(claims(exp=NOW - 1_000))))
    assert len(server.asked) == 1


@pytest.mark.parametrize("name", ["system:admin", "system:serviceaccount:kfp-lineage:kfp-lineage"])
def test_nobody_but_the_cluster_gives_names_of_the_cluster(name: str) -> None:
    with pytest.raises(Unauthenticated, match="system:"):
        Guarded([ByProxy()], Everything(), seconds=30).admit(Shown(user=name))
    with pytest.raises(Unauthenticated, match="system:"):
        Guarded([by_provider()], Everything(), seconds=30).admit(bearing(a_token(claims(sub=name))))


def test_nobody_but_the_cluster_puts_anybody_into_groups_of_the_cluster() -> None:
    token = a_token(claims(groups=["system:masters", "ml"]))
    assert Guarded([by_provider()], Everything(), seconds=30).admit(bearing(token)).caller.groups == ("ml",)


def test_where_access_is_off_everybody_sees_everything() -> None:
    shown = OPEN.shown({"authorization": "Bearer x"}, peer="10.0.0.1")
    grant = OPEN.admit(shown)
    assert (grant.scope, grant.caller.name) == (EVERYTHING, "")
    assert OPEN.remembered(shown) == grant


# ------------------------------------------------------------------------------------------ for how long
def test_what_was_found_out_is_remembered_for_a_short_while() -> None:
    server, clock = ApiServer(), Clock()
    gate = gate_of(server, clock)
    assert gate.remembered(bearing("t1")) is None
    grant = gate.admit(bearing("t1"))
    asked = len(server.asked)
    clock.now += 29
    assert gate.remembered(bearing("t1")) == grant == gate.admit(bearing("t1"))
    assert gate.remembered(bearing("t2")) is None
    assert len(server.asked) == asked
    clock.now += 2
    assert gate.remembered(bearing("t1")) is None


def test_rights_that_are_taken_away_are_gone_after_that_while() -> None:
    server, clock = ApiServer(), Clock()
    gate = gate_of(server, clock)
    gate.admit(bearing("t1"))
    server.allowed.clear()
    clock.now += 31
    assert gate.admit(bearing("t1")).scope == Scope(namespaces=frozenset())
    server.users.clear()
    clock.now += 31
    with pytest.raises(Unauthenticated):
        gate.admit(bearing("t1"))
    assert gate.remembered(bearing("t1")) is None


def test_a_grant_ends_with_its_token() -> None:
    clock = Clock()
    gate = Guarded([by_provider()], Everything(), seconds=3600, clock=clock)
    token = bearing(a_token(claims(exp=NOW + 5)))
    assert gate.admit(token).until == clock.now + 5 + SKEW_SECONDS


def test_a_namespace_that_is_new_may_be_seen_after_that_while() -> None:
    server, names = ApiServer(), {"b"}
    rights = rights_of(server, lambda: frozenset(names))
    assert rights.scope(Caller(name="ada")) == Scope(namespaces=frozenset())
    names.add("a")
    assert rights.scope(Caller(name="ada")) == Scope(namespaces=frozenset({(CLUSTER, "a")}))


def test_who_was_not_let_in_is_not_asked_about_again_for_some_seconds() -> None:
    server, clock = ApiServer(), Clock()
    gate = gate_of(server, clock)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            gate.admit(bearing("t2"))
    assert len(server.asked) == 1
    server.users["t2"] = {"username": "eve"}
    clock.now += REFUSED_SECONDS + 0.1
    assert gate.admit(bearing("t2")).caller.name == "eve"


def test_while_nobody_knows_nothing_is_shown_and_it_is_asked_again_at_once() -> None:
    server, clock = ApiServer(), Clock()
    gate = gate_of(server, clock)
    gate.admit(bearing("t1"))
    clock.now += 31
    server.is_there = False
    with pytest.raises(RightsUnknown, match="nobody answers"):
        gate.admit(bearing("t1"))
    server.is_there = True
    assert gate.admit(bearing("t1")).caller.name == "ada"


def test_while_the_store_names_no_namespaces_rights_are_unknown() -> None:
    def broken() -> frozenset[str]:
        raise StoreError("down")

    with pytest.raises(RightsUnknown, match="store"):
        rights_of(ApiServer(), broken).scope(Caller(name="ada"))


def test_of_many_who_come_at_once_with_the_same_the_first_asks() -> None:
    server, clock, together = ApiServer(), Clock(), Barrier(8)
    gate = gate_of(server, clock)

    def admit() -> str:
        together.wait()
        return gate.admit(bearing("t1")).caller.name

    with ThreadPoolExecutor(8) as pool:
        assert {one.result() for one in [pool.submit(admit) for _ in range(8)]} == {"ada"}
    assert [path for path, _ in server.asked].count(TOKEN_REVIEWS) == 1


def test_what_is_remembered_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    class Anybody:
        wants = "a name"

        def identify(self, shown: Shown) -> Identified:
            return Identified(caller=Caller(name=str(shown.user)))

    monkeypatch.setattr("lineage.access.gate.MOST_REMEMBERED", 3)
    gate = Guarded([Anybody()], Everything(), seconds=30)
    for number in range(5):
        gate.admit(Shown(user=str(number)))
    assert [gate.remembered(Shown(user=str(number))) is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(("shown", "what"), [(Shown(), "Nothing shows who asks"), (bearing("x"), "from nobody")])
def test_who_is_not_let_in_is_told_what_would_be(shown: Shown, what: str) -> None:
    gate = Guarded([by_provider(), ByProxy()], Everything(), seconds=30)
    with pytest.raises(Unauthenticated, match=what) as refused:
        gate.admit(shown)
    assert f"a token of {ISSUER}, or to come by the proxy" in str(refused.value)


def test_who_was_let_in_is_known_until_they_are_not_let_in_any_more() -> None:
    server, clock = ApiServer(), Clock()
    gate = gate_of(server, clock)
    assert not gate.knows(bearing("t1"))
    gate.admit(bearing("t1"))
    clock.now += 31
    assert gate.knows(bearing("t1"))
    assert not gate.knows(bearing("t2"))
    server.users.clear()
    with pytest.raises(Unauthenticated):
        gate.admit(bearing("t1"))
    assert not gate.knows(bearing("t1"))
