"""Who may see what, as a real API server and a real OpenID provider have it: asked of `lineage serve`."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import BigInteger, String

from lineage.access import Caller
from lineage.access.reviews import Reviews
from lineage.errors import RightsUnknown, Unauthenticated
from lineage.store import migrate, open_store
from lineage.store.paging import read_cursor, write_cursor
from tests.factories import CLUSTER, a_node, a_workflow, record
from tests.kubernetes_server import ADMIN, NOBODY, KubernetesServer
from tests.oidc_provider import OidcProvider, a_key, oidc_provider
from tests.processes import Process, free_ports
from tests.waiting import comes_true
from watchers.kube import connect
from watchers.source import KubernetesObject

AUDIENCE = "https://lineage.example"
NAMES = "{ runs(first: 10, orderBy: [{ field: NAME, direction: ASC }]) { nodes { name } } }"
SECONDS = "1"  # for which rights are remembered
PATIENCE_SECONDS = 30.0  # an API server that has just begun takes its time, beside other tests
READER = {
    "metadata": {"name": "reader"},
    "rules": [{"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["get"]}],
}


def bound(namespace: str, *subjects: Mapping[str, str]) -> KubernetesObject:
    """The role of a reader, given in one namespace."""
    return {
        "metadata": {"name": "readers", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", **subject} for subject in subjects],
    }


def user(name: str) -> dict[str, str]:
    return {"kind": "User", "name": name}


def group(name: str) -> dict[str, str]:
    return {"kind": "Group", "name": name}


TOKENS: dict[str, dict[str, Any]] = {
    "ada-token": {"name": "ada", "groups": ["ml"]},
    "eve-token": {"name": "eve", "audiences": ["others"]},
    "bot-token": {"name": "system:serviceaccount:team-b:bot", "groups": ["system:serviceaccounts"]},
    "boss-token": {"name": "boss"},
}


def give(kubernetes: KubernetesServer, *bindings: KubernetesObject, everywhere: Sequence[dict[str, str]] = ()) -> None:
    whole = [{**bound("", *everywhere), "metadata": {"name": "readers"}}] if everywhere else []
    kubernetes.give_rights(tokens=TOKENS, clusterRoles=[READER], roleBindings=bindings, clusterRoleBindings=whole)


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with a run in each of three namespaces."""
    url = f"sqlite:///{tmp_path / 'lineage.db'}"
    migrate(url)
    opened = open_store(url)
    for number, namespace in enumerate(("team-a", "team-b", "team-c")):
        node = a_node("w.main", 10 + number, 20 + number, writes=[f"k{number}"])
        record(opened, a_workflow({f"w{number}": node}, uid=f"u{number}", name=f"in-{namespace}", namespace=namespace))
    return url


class Served:
    """`lineage serve`, asked by several."""

    def __init__(self, port: int, process: Process) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.process = process

    def ask(self, token: str | None = None, **headers: str) -> httpx.Response:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.post(
            f"{self.address}/graphql", json={"query": NAMES}, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS
        )

    def sees(self, token: str | None = None, **headers: str) -> list[str]:
        answer = self.ask(token, **headers)
        assert answer.status_code == 200, answer.text
        return [node["name"].removeprefix("in-") for node in answer.json()["data"]["runs"]["nodes"]]


@contextmanager
def serving(store: str, tmp_path: Path, **settings: str) -> Iterator[Served]:
    (port,) = free_ports(1)
    told = {f"LINEAGE_{name.upper()}": value for name, value in settings.items() if name != "KUBECONFIG"}
    told |= {"LINEAGE_CLUSTER": CLUSTER, "LINEAGE_ACCESS_SECONDS": SECONDS, "LINEAGE_LOG_FORMAT": "json"}
    environment = {**os.environ, **told, "KUBECONFIG": settings.get("KUBECONFIG", "/nowhere")}
    command = [sys.executable, "-m", "lineage", "serve", "--store", store, "--port", port]
    served = Served(port, Process(command, tmp_path / "served.log", environment))

    def is_up() -> bool:
        try:
            return httpx.get(f"{served.address}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    try:
        served.process.wait_until(is_up)
        yield served
    finally:
        served.process.stop()


def queried(served: Served, **environment: str) -> tuple[int, list[str]]:
    """What `lineage query` makes of it."""
    done = subprocess.run(
        [sys.executable, "-m", "lineage", "query", NAMES, "--url", served.address],
        env=os.environ | environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    data = orjson.loads(done.stdout).get("data") or {"runs": {"nodes": []}}
    return done.returncode, [node["name"] for node in data["runs"]["nodes"]]


def followed(served: Served, store: str, **environment: str) -> str:
    """The namespace of the run of which `lineage follow` tells first, from the beginning of the feed."""
    with closing(open_store(store)) as opened:
        of, _ = read_cursor(opened.feed_end(), [String(), BigInteger()])
    beginning = write_cursor([of, 0])
    command = [sys.executable, "-m", "lineage", "follow", "--url", served.address, "--after", beginning, "--json"]
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        try:
            return str(orjson.loads(following.stdout.readline())["run"]["namespace"])
        finally:
            following.terminate()


# ------------------------------------------------------------------------------------------ an API server's reviews
def test_a_real_api_server_says_who_a_token_is_of(kubernetes: KubernetesServer) -> None:
    give(kubernetes)
    reviews = Reviews(connect(kubeconfig=kubernetes.kubeconfig()).review)
    ada = Caller(name="ada", groups=("ml", "system:authenticated"))
    assert reviews.caller("ada-token") == ada
    for token in ("unknown", "\u00e4"):
        with pytest.raises(Unauthenticated):
            reviews.caller(token)
    assert reviews.caller("eve-token", ["others", "more"]).name == "eve"
    with pytest.raises(Unauthenticated):
        reviews.caller("eve-token", ["lineage"])
    with pytest.raises(Unauthenticated):
        reviews.caller("eve-token")


def test_a_real_api_server_says_who_may_read_what(kubernetes: KubernetesServer) -> None:
    give(kubernetes, bound("team-a", user("ada")), bound("team-b", group("ml")), everywhere=[user("boss")])
    reviews = Reviews(connect(kubeconfig=kubernetes.kubeconfig()).review)
    ada, boss, stranger = Caller(name="ada"), Caller(name="boss"), Caller(name="stranger")
    assert [reviews.may_read(ada, name) for name in ("team-a", "team-b", "")] == [True, False, False]
    assert reviews.may_read(Caller(name="ada", groups=("ml",)), "team-b")
    assert [reviews.may_read(boss, name) for name in ("team-a", "nowhere", "")] == [True, True, True]
    assert not reviews.may_read(stranger, "team-a")
    give(kubernetes, bound("team-a", group("system:authenticated")))
    assert reviews.may_read(stranger, "team-a")


def test_who_may_not_ask_for_reviews_learns_nothing(kubernetes: KubernetesServer) -> None:
    give(kubernetes)
    reviews = Reviews(connect(kubeconfig=kubernetes.kubeconfig(NOBODY)).review)
    with pytest.raises(RightsUnknown, match="tokenreviews"):
        reviews.caller(ADMIN)
    with pytest.raises(RightsUnknown, match="subjectaccessreviews"):
        reviews.may_read(Caller(name="ada"), "team-a")


# ------------------------------------------------------------------------------------------ tokens of the cluster
def test_who_may_get_workflows_may_read_their_lineage(kubernetes: KubernetesServer, store: str, tmp_path: Path) -> None:
    accounts = bound("team-b", {"kind": "ServiceAccount", "name": "bot", "namespace": "team-b"})
    accounts["subjects"][0].pop("apiGroup")
    give(kubernetes, bound("team-a", group("ml")), accounts, everywhere=[user("boss")])
    with serving(store, tmp_path, access="kubernetes", KUBECONFIG=str(kubernetes.kubeconfig())) as served:
        assert served.sees("ada-token") == ["team-a"]
        assert served.sees("bot-token") == ["team-b"]
        assert served.sees("boss-token") == served.sees(ADMIN) == ["team-a", "team-b", "team-c"]
        assert served.sees(NOBODY) == []
        assert queried(served, LINEAGE_TOKEN="ada-token") == (0, ["in-team-a"])
        (tmp_path / "token").write_text("bot-token\n")
        assert queried(served, LINEAGE_TOKEN_FILE=str(tmp_path / "token")) == (0, ["in-team-b"])
        assert queried(served) == (1, [])
        assert followed(served, store, LINEAGE_TOKEN="bot-token") == "team-b"
        for token in (None, "unknown", "eve-token"):
            refused = served.ask(token)
            assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
        give(kubernetes, bound("team-c", user("ada")))
        assert comes_true(lambda: served.sees("ada-token") == ["team-c"])
        kubernetes.give_rights(tokens={})
        assert comes_true(lambda: served.ask("ada-token").status_code == 401)
        said = served.process.said()
        assert '"caller": "ada"' in said
        assert "ada-token" not in said


def test_while_the_api_server_is_away_nothing_is_shown(
    own_kubernetes: KubernetesServer, store: str, tmp_path: Path
) -> None:
    give(own_kubernetes, bound("team-a", user("ada")))
    with serving(store, tmp_path, access="kubernetes", KUBECONFIG=str(own_kubernetes.kubeconfig())) as served:
        assert served.sees("ada-token") == ["team-a"]
        own_kubernetes.stop()
        assert comes_true(lambda: served.ask("ada-token").status_code == 503)
        assert httpx.get(f"{served.address}/readyz", trust_env=False).status_code == 200
        own_kubernetes.start()
        assert comes_true(lambda: served.ask("ada-token").status_code == 200)


def test_behind_a_gateway_its_header_names_the_caller(kubernetes: KubernetesServer, store: str, tmp_path: Path) -> None:
    give(kubernetes, bound("team-a", user("ada@example.org")))
    kubeconfig = str(kubernetes.kubeconfig())
    named = {"kubeflow-userid": "ada@example.org"}
    with serving(store, tmp_path, access="proxy", proxies="127.0.0.1", KUBECONFIG=kubeconfig) as served:
        assert served.sees(**named) == ["team-a"]
        assert served.sees(**{"kubeflow-userid": "stranger@example.org"}) == []
        assert served.ask().status_code == 401
    with serving(store, tmp_path, access="proxy", proxies="10.0.0.0/8", KUBECONFIG=kubeconfig) as served:
        assert served.ask(**named, **{"X-Forwarded-For": "10.0.0.1"}).status_code == 401


# ------------------------------------------------------------------------------------------ an OpenID provider
@pytest.fixture
def provider(tmp_path: Path) -> Iterator[OidcProvider]:
    with oidc_provider(tmp_path) as one:
        yield one


def test_tokens_of_a_real_provider_are_checked_by_its_keys(
    provider: OidcProvider, kubernetes: KubernetesServer, store: str, tmp_path: Path
) -> None:
    first, second = a_key("first"), a_key("second")
    provider.start([first])
    give(kubernetes, bound("team-b", user("ada@example.org")), bound("team-c", group("oidc:ops")))
    settings = {
        "access": "oidc,kubernetes",
        "oidc_issuer": provider.issuer,
        "oidc_audience": AUDIENCE,
        "oidc_username_claim": "email",
        "oidc_groups_prefix": "oidc:",
        "KUBECONFIG": str(kubernetes.kubeconfig()),
    }
    with serving(store, tmp_path, **settings) as served:
        ada = provider.token(AUDIENCE, email="ada@example.org")
        assert served.sees(ada) == ["team-b"]
        assert served.sees(provider.token(AUDIENCE, email="bob@example.org", groups=["ops"])) == ["team-c"]
        assert served.sees(ADMIN) == ["team-a", "team-b", "team-c"]
        for refused in (
            provider.token("https://others.example", email="ada@example.org"),
            provider.token(AUDIENCE, email="ada@example.org", email_verified=False),
            provider.token(AUDIENCE),
            ada[:-10] + "AAAAAAAAAA",
        ):
            assert served.ask(refused).status_code == 401
        provider.stop()
        provider.start([second, first])  # the new key signs, and the old one is still published
        assert served.sees(ada) == ["team-b"]
        assert "ada@example.org" in served.process.said()


def test_a_provider_rotates_its_keys_and_nobody_is_locked_out(
    provider: OidcProvider, store: str, tmp_path: Path
) -> None:
    first, second = a_key("first"), a_key("second")
    provider.start([first])
    settings = {"access": "oidc", "access_rights": "all", "oidc_issuer": provider.issuer, "oidc_audience": AUDIENCE}
    with serving(store, tmp_path, **settings) as served:
        everything = ["team-a", "team-b", "team-c"]
        assert served.sees(provider.token(AUDIENCE)) == everything
        provider.stop()
        provider.start([second])
        token = provider.token(AUDIENCE)
        # Keys are fetched anew for one that nobody knows, half a minute after they were fetched last.
        assert comes_true(lambda: served.ask(token).status_code == 200, deadline_seconds=60)


# ------------------------------------------------------------------------------------------ exposed
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_others_than_this_machine_are_served_only_where_somebody_says_who(store: str, host: str) -> None:

    done = subprocess.run(
        [sys.executable, "-m", "lineage", "serve", "--store", store, "--host", host, "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "LINEAGE_ACCESS" in done.stderr
