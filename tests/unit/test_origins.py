"""Requests under foreign names, and from the pages of others, are refused, whatever they ask for."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from lineage.cli.serve import serving
from lineage.cli.servers import listen
from lineage.settings import load_settings
from lineage.web import any_name, application, is_loopback_name
from lineage.web.origins import NOT_OUR_NAME, NOT_OUR_PAGE
from tests.asking import Client
from tests.example import example
from tests.fakes import FakeStore

OURS = ("localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8080", "127.9.8.7:1", "[::1]", "[::1]:8080")
FOREIGN = (
    "evil.example",
    "localhost.evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "192.168.0.1",
    "0.0.0.0",  # noqa: S104 - nothing is bound here
    "[::]",
    "[::2]:80",
    "169.254.169.254",
    "",
    ":80",
    "localhost:x",
    "localhost:99999",
    "user@localhost",
    "localhost@evil.example",
    "localhost/x",
    "localhost?x",
    "localhost#x",
    "localhost\\x",
    "[::1",
    "::1",
    "127.0.0.1 evil.example",
    "2130706433",
    "xn--localhost-",
)
PATHS = (
    "/",
    "/graphql?query={runs{totalCount}}",
    "/graphiql",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/graphiql.js",
    "/x",
)


@pytest.fixture(scope="module")
def guarded() -> Client:
    return Client(application(store=FakeStore(example()), hosts=is_loopback_name))


@pytest.fixture(scope="module")
def reachable() -> Client:
    return Client(application(store=FakeStore(example()), hosts=any_name))


# ------------------------------------------------------------------------------------------ names
@pytest.mark.parametrize("host", OURS)
def test_a_name_of_this_machine_is_answered(host: str, guarded: Client) -> None:
    assert guarded.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_any_other_name_is_not(host: str, guarded: Client) -> None:
    response = guarded.get("/healthz", headers={"Host": host})
    assert (response.status_code, response.text) == (403, f"{NOT_OUR_NAME}\n")


@pytest.mark.parametrize("path", PATHS)
def test_under_another_name_nothing_is_answered_whatever_is_asked_for(path: str, guarded: Client) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT"):
        assert guarded.request(method, path, headers={"Host": "evil.example"}).status_code == 403


def test_of_two_names_both_must_be_ours(guarded: Client) -> None:
    for names in (["localhost", "evil.example"], ["evil.example", "localhost"]):
        headers = [("Host", name) for name in names]
        assert guarded.get("/healthz", headers=headers).status_code == 403


def test_a_server_that_others_reach_is_answered_by_any_name(reachable: Client) -> None:
    assert reachable.get("/healthz", headers={"Host": "lineage.example"}).status_code == 200


@given(st.text(max_size=20))
def test_what_is_no_name_of_this_machine_by_chance_is_none(host: str) -> None:
    assert is_loopback_name(host) <= (host.lower().startswith(("localhost", "127.", "[")))


# ------------------------------------------------------------------------------------------ pages
def of_page(site: str, mode: str) -> dict[str, str]:
    return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "websocket"])
@pytest.mark.parametrize("path", PATHS)
def test_what_the_page_of_another_site_asks_for_is_not_answered(
    path: str, mode: str, site: str, reachable: Client
) -> None:
    response = reachable.get(path, headers=of_page(site, mode))
    assert (response.status_code, response.text) == (403, f"{NOT_OUR_PAGE}\n")


@pytest.mark.parametrize(
    ("site", "mode"),
    [("cross-site", "navigate"), ("same-origin", "cors"), ("same-origin", "no-cors"), ("none", "navigate")],
)
def test_a_link_is_answered_and_so_is_our_own_page(site: str, mode: str, reachable: Client) -> None:
    assert reachable.get("/", headers=of_page(site, mode)).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_a_form_of_another_site_asks_for_nothing(content_type: str, reachable: Client) -> None:
    """A form is a link as well, and may post, without asking first, in these three types."""
    headers = {"Origin": "http://evil.example", "Content-Type": content_type, **of_page("cross-site", "navigate")}
    response = reachable.post("/graphql", content=b'{"query": "{ runs { totalCount } }", "a": "="}', headers=headers)
    assert response.status_code == 415
    assert "totalCount" not in response.text


def test_a_browser_that_asks_first_is_not_allowed_to_ask(reachable: Client) -> None:
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    response = reachable.request(
        "OPTIONS", "/graphql", headers=headers | {"Access-Control-Request-Headers": "content-type"}
    )
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control-")]


# ------------------------------------------------------------------------------------------ WebSockets
@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"host": "localhost", "sec-fetch-site": "cross-site"}])
def test_a_websocket_under_another_name_or_from_another_page_is_closed(headers: dict[str, str]) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    guarded = application(store=FakeStore(example()), hosts=is_loopback_name)

    async def ask() -> None:
        await guarded(scope, receive, send)

    asyncio.run(ask())
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]


@pytest.mark.parametrize(("access", "status"), [(None, 403), ("none", 200)])
def test_names_are_looked_at_until_somebody_says_who_may_ask(access: str | None, status: int) -> None:
    with listen("127.0.0.1", 0) as listener:
        asked = Client(serving(load_settings({"access": access}), FakeStore(example()), listener))
    assert asked.get("/", headers={"Host": "forwarded.example"}).status_code == status
