"""Over HTTP: who is let in, what they get to see, how much they may ask, and what is written down of that."""

import asyncio
from threading import Event
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from lineage.access import Caller, Shown
from lineage.access.gate import Guarded, Proxy
from lineage.access.identities import Identified
from lineage.access.rights import Rights
from lineage.deadline import Deadline
from lineage.errors import InvalidSettings, RightsUnknown, Unauthenticated
from lineage.identity import global_id, run_key
from lineage.ports import EVERYTHING, NOTHING, Scope
from lineage.web import Documents, application, trusted
from lineage.web.admission import MOST_AT_ONCE, REFUSALS_PER_MINUTE, Allowance
from lineage_graphql import saved_queries
from tests.asking import Client
from tests.example import example
from tests.fakes import FakeStore

COUNT = "{ runs { totalCount } }"
NAMES = "{ runs { nodes { displayName } } }"


class ByName:
    """Who says who they are is believed, save those who are not."""

    wants = "a name"

    def identify(self, shown: Shown) -> Identified | None:
        if shown.bearer == "gone":
            raise RightsUnknown("nobody answers there")
        if shown.bearer == "liar":
            raise Unauthenticated("The token has expired.")
        return None if shown.bearer is None else Identified(caller=Caller(name=shown.bearer))


class Some:
    """`ada` may see everything, others nothing."""

    def scope(self, caller: Caller) -> Scope:
        return EVERYTHING if caller.name == "ada" else NOTHING


def a_client(store: FakeStore | None = None, *, rights: Rights | None = None, **more: Any) -> Client:
    gate = Guarded([ByName()], rights or Some(), proxy=Proxy(header="x", networks=()), seconds=30)
    return Client(application(store=store or FakeStore(example()), gate=gate, **more))


def ask(client: Client, name: str | None, query: str = COUNT, **more: Any) -> httpx.Response:
    headers = {} if name is None else {"Authorization": f"Bearer {name}"}
    return client.post("/graphql", json={"query": query, **more}, headers=headers)


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


# ------------------------------------------------------------------------------------------ who is let in
def test_each_sees_what_is_theirs() -> None:
    client = a_client()
    assert ask(client, "ada").json() == {"data": {"runs": {"totalCount": 2}}}
    assert ask(client, "eve").json() == {"data": {"runs": {"totalCount": 0}}}


@pytest.mark.parametrize(
    ("name", "status", "expected"),
    [(None, 401, "UNAUTHENTICATED"), ("liar", 401, "UNAUTHENTICATED"), ("gone", 503, "RIGHTS_UNKNOWN")],
)
def test_who_is_not_let_in_is_told_why_and_what_would_help(name: str | None, status: int, expected: str) -> None:
    response = ask(a_client(), name)
    assert (response.status_code, code(response)) == (status, expected)
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
    else:
        assert response.headers["retry-after"] == "2"


def test_nothing_is_read_for_those_who_are_not_let_in() -> None:
    store = FakeStore(example())
    client = a_client(store)
    for name in (None, "liar", "gone"):
        headers = {} if name is None else {"Authorization": f"Bearer {name}"}
        assert client.get("/graphql", params={"query": COUNT}, headers=headers).status_code in (401, 503)
    assert store.reads == []


def test_each_is_told_what_is_theirs() -> None:
    client = a_client()
    mine, theirs = (
        client.post("/graphql", json={"query": NAMES}, headers={"Authorization": f"Bearer {name}"}).text
        for name in ("ada", "eve")
    )
    assert "churn-weekly-2" in mine
    assert "churn" not in theirs
    refused = client.post("/graphql", json={"query": NAMES})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/graphiql", "/static/graphiql.css"])
def test_what_shows_nothing_of_the_store_is_there_for_everybody(path: str) -> None:
    assert a_client().get(path).status_code == 200


def test_a_name_that_comes_twice_is_nobodys() -> None:
    proxy = Proxy(header="kubeflow-userid", networks=())
    assert proxy.user({"kubeflow-userid": "ada, eve"}, "10.0.0.1") is None

    class AsShown:
        wants = "a name"

        def identify(self, shown: Shown) -> Identified:
            return Identified(caller=Caller(name=str(shown.bearer)))

    client = Client(application(store=FakeStore(example()), gate=Guarded([AsShown()], Some(), seconds=30)))
    twice = client.post(
        "/graphql", json={"query": COUNT}, headers=[("Authorization", "Bearer ada"), ("Authorization", "Bearer eve")]
    )
    assert twice.json() == {"data": {"runs": {"totalCount": 0}}}


# ------------------------------------------------------------------------------------------ how much
def test_so_many_a_minute_and_the_rest_later() -> None:
    client = a_client(requests_per_minute=40)
    answers = [ask(client, "ada") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert code(answers[-1]) == "TOO_MANY_REQUESTS"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 2
    assert ask(client, "eve").status_code == 200


def test_an_address_from_which_guesses_come_is_not_listened_to_for_a_while() -> None:
    client = a_client()
    answers = [ask(client, "liar") for _ in range(REFUSALS_PER_MINUTE // 4 + 2)]
    assert [answer.status_code for answer in answers[-3:]] == [401, 429, 429]
    assert ask(client, "ada").status_code == 429  # nobody is known there yet


@pytest.mark.parametrize("passed_seconds", [1, 100])
def test_those_who_were_let_in_before_are_listened_to(passed_seconds: float) -> None:
    now = 1_000.0
    gate = Guarded([ByName()], Some(), seconds=30, clock=lambda: now)
    client = Client(application(store=FakeStore(example()), gate=gate))
    assert ask(client, "ada").status_code == 200
    for _ in range(REFUSALS_PER_MINUTE):
        ask(client, "liar")
    now += passed_seconds  # what was granted is over by then, or not
    assert ask(client, "eve").status_code == 429
    assert ask(client, "ada").status_code == 200


def test_an_allowance_fills_up_again_and_no_further() -> None:
    now = 0.0
    allowance = Allowance(60, clock=lambda: now)
    assert [allowance.take("ada") for _ in range(16)] == [0.0] * 15 + [1.0]
    assert allowance.take("eve") == 0.0
    now += 2
    assert [allowance.take("ada") for _ in range(3)] == [0.0, 0.0, 1.0]
    now += 3600
    assert [allowance.take("ada") == 0.0 for _ in range(16)] == [True] * 15 + [False]
    assert all(Allowance(0).take("ada") == 0.0 for _ in range(10_000))


def test_callers_who_are_not_heard_of_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineage.web.admission.MOST_COUNTED", 2)
    allowance = Allowance(4, clock=lambda: 0.0)
    assert [allowance.take(name) == 0.0 for name in ("a", "a", "b", "c", "b", "a")] == [
        True,
        False,
        True,
        True,
        False,
        True,
    ]


def test_one_caller_has_not_all_the_questions_under_way() -> None:
    held, begun = Event(), Event()

    class Slow(FakeStore):
        def within(self, deadline: Deadline) -> "FakeStore":
            begun.set()
            held.wait(10)
            return self

    gate = Guarded([ByName()], Some(), seconds=30)
    app = application(store=Slow(example()), gate=gate)

    async def many() -> list[int]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

            async def one(name: str) -> int:
                headers = {"Authorization": f"Bearer {name}"}
                return (await client.post("/graphql", json={"query": COUNT}, headers=headers)).status_code

            waiting = [asyncio.create_task(one("ada")) for _ in range(MOST_AT_ONCE)]
            await asyncio.to_thread(begun.wait, 10)
            while sum(1 for _ in asyncio.all_tasks()) < MOST_AT_ONCE:
                await asyncio.sleep(0)
            await asyncio.sleep(0.05)
            refused = await one("ada")
            other = asyncio.create_task(one("eve"))
            await asyncio.sleep(0.05)
            held.set()
            return [refused, await other, *(await asyncio.gather(*waiting))]

    assert asyncio.run(many()) == [429, 200, *[200] * MOST_AT_ONCE]


# ------------------------------------------------------------------------------------------ what is written down
def test_who_asked_what_is_written_down_without_its_secrets() -> None:
    query = "query Mine($where: RunWhere) {\n  runs(where: $where) {\n    totalCount\n  }\n}"
    where = {"parameter": {"name": "db_password", "eq": "hunter2-hunter2"}, "name": {"eq": "w"}}
    with capture_logs() as written:
        answer = ask(a_client(), "ada", query, variables={"where": where}, operationName="Mine")
    assert "errors" not in answer.json(), answer.json()
    (entry,) = [one for one in written if one["event"] == "asked"]
    assert (entry["caller"], entry["operation"], entry["outcome"]) == ("ada", "Mine", "OK")
    assert entry["query"] == "query Mine($where: RunWhere) { runs(where: $where) { totalCount } }"
    assert '"name":{"eq":"w"}' in entry["variables"]
    assert "hunter2" not in str(written)
    assert entry["seconds"] >= 0


def test_of_the_texts_in_a_query_ids_are_written_down_and_nothing_else() -> None:
    run = global_id(run_key("r-1"))
    query = f'''{{ run(uid: "x\\"y") {{ id }} node(id: "{run}") {{ id }}
      runs(where: {{ parameter: {{ name: "db_password", eq: """hun"ter2 """ }} }}) {{ totalCount }} }}'''
    with capture_logs() as written:
        ask(a_client(), "ada", query)
    (entry,) = [one for one in written if one["event"] == "asked"]
    assert entry["query"] == (
        f'{{ run(uid: "…") {{ id }} node(id: "{run}") {{ id }} '
        'runs(where: { parameter: { name: "…", eq: "…" } }) { totalCount } }'
    )


def test_what_went_wrong_is_written_down_too() -> None:
    with capture_logs() as written:
        client = a_client()
        ask(client, "eve", "{ nothing }")
        ask(client, "liar")
        ask(client, None)
    assert [one["outcome"] for one in written if one["event"] == "asked"] == ["GRAPHQL_VALIDATION_FAILED"]
    refused = [one for one in written if one["event"] == "not let in"]
    assert [one["why"].split(":")[0] for one in refused] == ["The token has expired.", "Nothing shows who asks"]
    assert "liar" not in str(refused)


def test_a_long_question_is_written_down_in_short() -> None:
    with capture_logs() as written:
        ask(a_client(), "ada", "{ runs { totalCount } } " + "# x\n" * 400, variables={"x": "y" * 100_000})
    (entry,) = [one for one in written if one["event"] == "asked"]
    assert len(orjson.dumps(entry)) < 5_000


def test_where_nobody_has_a_name_nothing_is_written_down() -> None:
    with capture_logs() as written:
        Client(application(store=FakeStore(example()))).post("/graphql", json={"query": COUNT})
    assert written == []


# ------------------------------------------------------------------------------------------ which documents
def test_a_saved_query_is_asked_by_its_name() -> None:
    client = Client(application(store=FakeStore(example())))
    asked = {"documentId": "recent-runs", "variables": {"first": 1}}
    by_name = client.post("/graphql", json=asked)
    by_text = client.post("/graphql", json={**asked, "documentId": None, "query": saved_queries()["recent-runs"].text})
    assert by_name.json() == by_text.json()
    assert by_name.json()["data"]["runs"]["nodes"]


@pytest.mark.parametrize(
    "asked", [{"documentId": "unknown"}, {"documentId": 5}, {"documentId": "recent-runs", "query": COUNT}]
)
def test_a_name_of_nothing_is_refused(asked: dict[str, Any]) -> None:
    response = Client(application(store=FakeStore(example()))).post("/graphql", json=asked)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


def test_with_trusted_documents_no_others_are_answered(tmp_path: Any) -> None:
    file = tmp_path / "documents.json"
    file.write_bytes(orjson.dumps({"count": COUNT}))
    client = Client(application(store=FakeStore(example()), documents=trusted(file)))
    for asked in ({"documentId": "count"}, {"query": COUNT}, {"documentId": "recent-runs"}):
        assert client.post("/graphql", json=asked).status_code == 200
    for query in (COUNT + " ", "{ __typename }", "{"):
        response = client.post("/graphql", json={"query": query})
        assert (response.status_code, code(response)) == (400, "UNTRUSTED_DOCUMENT")
    assert client.get("/graphql", params={"documentId": "count"}).json() == {"data": {"runs": {"totalCount": 2}}}
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 5}', '{"a": "{ nothing }"}'])
def test_a_file_of_documents_that_makes_no_sense_is_refused_at_once(text: str, tmp_path: Any) -> None:
    file = tmp_path / "documents.json"
    file.write_text(text)
    with pytest.raises(InvalidSettings, match=r"documents\.json"):
        trusted(file)
    with pytest.raises(InvalidSettings):
        trusted(tmp_path / "none.json")


def test_documents_have_the_names_of_saved_queries() -> None:
    assert Documents().text({"documentId": "run"}) == saved_queries()["run"].text
