"""A page of another site in a real browser: it can neither read what is recorded, nor send a question."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineage.web import application, is_loopback_name
from tests.browser import a_site, opened
from tests.example import example
from tests.fakes import FakeStore
from tests.integration.test_connections import serving

# Everything by which a page can ask another: what it learned is written into it.
HOSTILE = """<!doctype html><title>x</title><ul id="learned"></ul>
<img src="{target}/graphql?query={query}&by=img">
<script src="{target}/graphql?query={query}&by=script"></script>
<link rel="stylesheet" href="{target}/graphql?query={query}&by=style">
<iframe id="frame" src="{target}/?by=frame"></iframe>
<iframe name="sink"></iframe>
<form id="form" method="post" enctype="text/plain" action="{target}/graphql?by=form" target="sink">
  <input name='{{"query":"{{runs{{totalCount}}}}","a":"' value='"}}'>
</form>
<script>
const say = (how, what) => {{
  const line = document.createElement("li");
  line.textContent = how + ": " + what;
  document.getElementById("learned").append(line);
}};
const body = JSON.stringify({{query: "{{runs{{totalCount}}}}"}});
const asked = [
  ["get", {{}}], ["no-cors", {{mode: "no-cors"}}],
  ["json", {{method: "POST", headers: {{"Content-Type": "application/json"}}, body}}],
  ["text", {{method: "POST", mode: "no-cors", headers: {{"Content-Type": "text/plain"}}, body}}],
  ["with-credentials", {{credentials: "include"}}],
];
for (const [how, how_exactly] of asked) {{
  const address = "{target}/graphql?by=" + how + (how_exactly.body ? "" : "&query={query}");
  fetch(address, how_exactly)
    .then(answer => answer.text())
    .then(text => say(how, "read " + text), () => say(how, "refused"));
}}
try {{
  const socket = new WebSocket("{target}/graphql?by=socket".replace("http", "ws"), "graphql-transport-ws");
  socket.onopen = () => say("socket", "read open");
  socket.onerror = () => say("socket", "refused");
}} catch (error) {{ say("socket", "refused"); }}
document.getElementById("form").submit();
setTimeout(() => {{
  try {{ say("frame", "read " + document.getElementById("frame").contentDocument.body.textContent); }}
  catch (error) {{ say("frame", "refused"); }}
}}, 1000);
</script>
"""
QUERY = "%7Bruns%7BtotalCount%7D%7D"


@dataclass
class Noting:
    """Notes what was asked by pages, and how it was answered."""

    app: ASGIApp
    answered: dict[str, int] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                by = scope["query_string"].decode().partition("by=")[2].partition("&")[0]
                self.answered[by] = message["status"]
            await send(message)

        await self.app(scope, receive, note)


@pytest.fixture
def noting() -> Noting:
    return Noting(application(store=FakeStore(example()), hosts=is_loopback_name))


@pytest.fixture
def port(noting: Noting) -> Iterator[int]:
    with serving(noting) as port:
        yield port


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_page_of_another_site_learns_nothing_and_has_nothing_answered(name: str, noting: Noting, port: int) -> None:
    """From 127.0.0.1, localhost is another site; from localhost, another port is the same site and another origin."""
    with a_site() as site:
        site.pages["/"] = HOSTILE.format(target=f"http://localhost:{port}", query=QUERY)
        shown = opened(f"http://{name}:{site.port}/")
    learned = dict(line.split(": ", 1) for line in re.findall("<li>(.*?)</li>", shown))
    read = {how for how, what in learned.items() if what.strip() not in ("refused", "read")}
    assert read == set(), learned
    assert {"get", "json", "with-credentials", "socket"} <= {how for how, what in learned.items() if what == "refused"}
    assert {how: status for how, status in noting.answered.items() if status < 400 and how != "frame"} == {}
    assert {"img", "script", "form", "text", "no-cors"} <= noting.answered.keys()  # they were sent


def test_a_name_that_leads_to_this_machine_by_a_trick_is_not_answered(noting: Noting, port: int) -> None:
    shown = opened(f"http://evil.example:{port}/?by=trick", names={"evil.example": "127.0.0.1"})
    assert "Ask by one of them" in shown
    assert "churn" not in shown
    assert set(noting.answered.values()) == {403}


def test_our_own_page_is_shown_by_the_same_browser(port: int) -> None:
    assert "churn" in opened(f"http://localhost:{port}/")
