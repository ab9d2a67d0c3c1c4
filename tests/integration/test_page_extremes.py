"""The page where things are out of the ordinary: hostile names, long ones, nothing at all, a server that fails, a
thousand steps."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import httpx
import orjson
import pytest
from playwright.sync_api import Browser, Route, expect

from lineage.errors import StoreError
from lineage.store import open_store
from lineage.web import application
from tests.browser import Site
from tests.factories import KubernetesObject, a_node, a_store, a_workflow
from tests.fakes import FakeStore
from tests.integration.test_connections import serving
from tests.integration.test_hostile_texts import Told, told  # noqa: F401 - a fixture
from tests.visits import Visit, visit

SCREENS: Final = (
    "runs", "recurring", "experiments", "trends", "compare", "artifacts", "deployments", "audit", "alerts", "sources",
    "ask", "search?text=x",
)  # fmt: skip
TABS: Final = ("graph", "details", "steps", "reports", "logs", "events", "spec", "audit", "provenance", "rerun", "raw")
LONG: Final = "averylongname" * 308  # some 4,000 characters
RIGHT_TO_LEFT: Final = "نموذج التنبؤ بالطلب \u202eevil"
STEPS: Final = 1_000
PIPELINES: Final = tuple(f"pipeline-{number:03}" for number in range(250))  # three pages of the API


def asked(address: str, query: str) -> Any:
    answered = httpx.post(f"{address}/graphql", json={"query": query}, timeout=60).json()
    assert "errors" not in answered, answered
    return answered["data"]


# ------------------------------------------------------------------------------------------ hostile
@pytest.fixture(scope="module")
def hostile(told: Told) -> Iterator[tuple[str, Site]]:  # noqa: F811 - the fixture
    """A server whose store holds nothing but hostile texts, and the site that these would like to be asked."""
    with closing(open_store(told.url)) as store, serving(application(store=store)) as port:
        told.site.asked.clear()
        yield f"http://127.0.0.1:{port}", told.site


def harmless(reader: Visit, site: Site) -> None:
    assert reader.page.locator("[data-harmed]").count() == 0
    assert (reader.foreign, site.asked) == ([], [])
    assert reader.complaints == []


@pytest.mark.parametrize("screen", SCREENS)
def test_hostile_texts_run_nothing_and_ask_nobody(screen: str, hostile: tuple[str, Site], started: Browser) -> None:
    address, site = hostile
    with visit(started, address) as reader:
        reader.open(f"#/{screen}")
        harmless(reader, site)


@pytest.mark.parametrize("tab", TABS)
def test_a_hostile_run_runs_nothing_and_asks_nobody(tab: str, hostile: tuple[str, Site], started: Browser) -> None:
    address, site = hostile
    runs = asked(address, "{ runs(first: 40) { nodes { id executions { totalCount } } } }")["runs"]["nodes"]
    largest = max(runs, key=lambda run: run["executions"]["totalCount"])["id"]
    with visit(started, address) as reader:
        reader.open(f"#/runs/{largest}/{tab}")
        harmless(reader, site)


@pytest.mark.parametrize("tab", ["provenance", "details", "history", "uses", "content"])
def test_a_hostile_artifact_runs_nothing_and_asks_nobody(tab: str, hostile: tuple[str, Site], started: Browser) -> None:
    address, site = hostile
    artifact = asked(address, "{ artifacts(first: 1) { nodes { id } } }")["artifacts"]["nodes"][0]["id"]
    with visit(started, address) as reader:
        reader.open(f"#/artifacts/{artifact}/{tab}")
        harmless(reader, site)


# ------------------------------------------------------------------------------------------ long
@pytest.fixture(scope="module")
def long() -> Iterator[str]:
    """A server that knows a run whose every name is long, and one whose names run from right to left."""
    with serving(application(store=a_store(named(LONG, "long"), named(RIGHT_TO_LEFT, "right-to-left")))) as port:
        yield f"http://127.0.0.1:{port}"


def named(text: str, name: str) -> KubernetesObject:
    """A run in which people call everything `text`."""
    key = f"{name}/{text[:900]}"
    nodes = {
        f"{name}-1": a_node(f"{name}.a", end=20, displayName=text, writes=[key], templateName=text),
        f"{name}-2": a_node(f"{name}.b", start=21, end=30, displayName=text, reads=[key]),
    }
    return a_workflow(
        nodes,
        uid=f"uid-{name}",
        name=name,
        phase="Failed",
        message=text,
        labels={"pipeline/runid": f"uid-{name}", "workflows.argoproj.io/workflow-template": name},
        annotations={"pipelines.kubeflow.org/run_name": text, text[:60].strip(): text},
        spec={"arguments": {"parameters": [{"name": text, "value": text}]}},
    )


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("screen", ["runs", *(f"runs/{{run}}/{tab}" for tab in TABS), "artifacts", "search?text=name"])
def test_long_names_do_not_break_a_screen(screen: str, width: int, long: str, started: Browser) -> None:
    runs = asked(long, "{ runs(first: 2) { nodes { id name } } }")["runs"]["nodes"]
    for run in runs:
        with visit(started, long, width=width) as reader:
            reader.open(f"#/{screen.format(run=run['id'])}")
            assert reader.width_needed() <= width
            assert reader.complaints == []


# ------------------------------------------------------------------------------------------ nothing
@pytest.mark.parametrize("screen", [one for one in SCREENS if one != "ask"])
def test_an_empty_store_is_told_apart_from_one_that_fails(screen: str, started: Browser) -> None:
    with serving(application(store=FakeStore())) as port, visit(started, f"http://127.0.0.1:{port}") as reader:
        reader.open(f"#/{screen}")
        expect(reader.page.get_by_role("heading", level=1)).to_be_visible()
        expect(reader.page.locator(".state-failed")).to_have_count(0)
        expect(reader.page.locator("main tbody tr")).to_have_count(0)
        assert reader.barriers() == []
        assert reader.complaints == []


# ------------------------------------------------------------------------------------------ failing
class Failing(FakeStore):
    """A store whose database is away."""

    def _list(self, *_: Any, **__: Any) -> Any:
        raise StoreError("password=hunter2")


@pytest.mark.parametrize("screen", ["runs", "recurring", "experiments", "artifacts", "deployments"])
def test_a_server_that_fails_is_told_with_what_to_do(screen: str, started: Browser) -> None:
    with serving(application(store=Failing())) as port, visit(started, f"http://127.0.0.1:{port}") as reader:
        reader.page.goto(f"{reader.address}/#/{screen}")
        alert = reader.page.get_by_role("alert")
        expect(alert).to_contain_text("could not be loaded")
        expect(alert).to_contain_text(re.compile("Request [0-9a-f-]+"))
        expect(alert.get_by_role("button", name="Try again")).to_be_visible()
        assert "hunter2" not in reader.page.content()
        assert reader.barriers() == []


def test_who_tries_again_gets_what_is_there_by_then(started: Browser) -> None:
    with (
        serving(application(store=a_store(a_workflow()))) as port,
        visit(started, f"http://127.0.0.1:{port}") as reader,
    ):
        away = True

        def answer(route: Route) -> None:
            if away and orjson.loads(route.request.post_data or "{}").get("documentId") == "page-runs":
                route.fulfill(status=400, json={"errors": [{"message": "the store is being mended"}]})
            else:
                route.fallback()

        reader.page.route("**/graphql", answer)
        reader.page.goto(f"{reader.address}/#/runs")
        expect(reader.page.get_by_role("alert")).to_contain_text("the store is being mended")
        away = False
        reader.page.get_by_role("button", name="Try again").click()
        expect(reader.page.locator("main tbody tr")).to_have_count(1)


# ------------------------------------------------------------------------------------------ many
def test_there_is_everything_to_choose_from_however_much_that_is(started: Browser) -> None:
    of_pipelines = [
        a_workflow(uid=f"u{number}", name=f"w{number}", spec={"workflowTemplateRef": {"name": name}})
        for number, name in enumerate(PIPELINES)
    ]
    app = application(store=a_store(*of_pipelines))
    with serving(app) as port, visit(started, f"http://127.0.0.1:{port}") as reader:
        reader.open("#/runs")
        choices = reader.page.get_by_label("Pipeline", exact=True).locator("option")
        expect(choices).to_have_count(1 + len(PIPELINES))
        last = choices.last
        reader.page.get_by_label("Pipeline", exact=True).select_option(last.get_attribute("value"))
        expect(reader.page.locator("main tbody tr")).to_have_count(1)
        expect(reader.page.locator("main tbody tr")).to_contain_text(PIPELINES[-1])


# ------------------------------------------------------------------------------------------ a thousand
def a_large_run() -> KubernetesObject:
    """A run whose steps fan out of one and into one; none is like its neighbour, so nothing is folded."""
    middle = {
        f"large-{number}": a_node(
            f"large.step-{number}",
            start=10,
            end=20 + number,
            children=["large-end"],
            templateName=f"template-{number}",
        )
        for number in range(STEPS - 2)
    }
    first = a_node("large.begin", start=0, end=10, children=list(middle))
    last = a_node("large.finish", start=2_000, end=2_010)
    return a_workflow(
        {"large-begin": first, **middle, "large-end": last}, uid="uid-large", name="large", phase="Succeeded"
    )


def test_a_graph_of_a_thousand_steps_is_drawn_walked_and_agrees_with_its_table(started: Browser) -> None:
    with (
        serving(application(store=a_store(a_large_run()))) as port,
        visit(started, f"http://127.0.0.1:{port}") as reader,
    ):
        run = asked(reader.address, "{ runs { nodes { id } } }")["runs"]["nodes"][0]["id"]
        reader.open(f"#/runs/{run}/graph")
        expect(reader.page.locator("g.thing")).to_have_count(STEPS)
        find = reader.page.get_by_label("Find in this graph")
        find.fill("step-777")
        find.press("Enter")
        expect(reader.page.locator("g.thing[data-found]")).to_have_count(1)
        reader.page.get_by_text("Table", exact=True).click()
        expect(reader.page.get_by_role("row").filter(has_text="step-777").first).to_be_visible()
        assert reader.complaints == []
