"""The page in a real browser, over a store made of recorded runs: every screen by its address, for everybody, asking
nobody else."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, expect

from lineage.store import open_store
from lineage.web import application
from tests.integration.test_cli import run
from tests.integration.test_connections import serving
from tests.told import tell_the_story
from tests.visits import Theme, Visit, visit

ROW: Final = "main tbody tr"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that knows the story of the demo."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        tell_the_story(folder, patch)
        assert run("verify").returncode == 1  # what was overwritten is not what it was
    with closing(open_store(f"sqlite:///{folder / 'lineage.db'}")) as store, serving(application(store=store)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def reader(started: Browser, told: str) -> Iterator[Visit]:
    with visit(started, told) as visited:
        yield visited
        assert visited.foreign == []
        assert visited.complaints == []


def asked(address: str, query: str, **variables: Any) -> Any:
    """What the API answers."""
    answer = httpx.post(f"{address}/graphql", json={"query": query, "variables": variables}, timeout=30)
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]


def id_of_run(address: str, pipeline: str) -> str:
    """The id of the newest run of a pipeline."""
    query = "query ($name: String!) { runs(first: 1, where: {pipelineName: {eq: $name}}) { nodes { id } } }"
    found: str = asked(address, query, name=pipeline)["runs"]["nodes"][0]["id"]
    return found


def first_of(listed: str) -> Callable[[str], str]:
    """The id of the first of a list, such as `deployments`."""
    return lambda address: asked(address, f"{{ {listed}(first: 1) {{ nodes {{ id }} }} }}")[listed]["nodes"][0]["id"]


def last_due(address: str) -> str:
    """The day of the last run that a recurring run made, as the address of a calendar says it."""
    query = "{ recurringRuns(first: 1) { nodes { runs(first: 1) { nodes { scheduledAt } } } } }"
    due: str = asked(address, query)["recurringRuns"]["nodes"][0]["runs"]["nodes"][0]["scheduledAt"]
    return due[:10]


# ------------------------------------------------------------------------------------------ every screen
RUN_TABS: Final = (
    "graph", "details", "steps", "reports", "logs", "events", "spec", "audit", "provenance", "rerun", "raw"
)  # fmt: skip


def of_run(tab: str) -> Callable[[str], str]:
    return lambda address: f"#/runs/{id_of_run(address, 'fraud-detection')}/{tab}"


def at(place: str) -> Callable[[str], str]:
    return lambda _: place


def of_recurring(rest: str) -> Callable[[str], str]:
    return lambda address: f"#/recurring/{first_of('recurringRuns')(address)}?from={last_due(address)}&{rest}"


def of_deployment(address: str) -> str:
    return f"#/deployments/{first_of('deployments')(address)}"


PLACES: Final[dict[str, tuple[Callable[[str], str], str]]] = {
    "runs": (at("#/runs"), "Runs"),
    "some runs": (at("#/runs?phase=FAILED&columns=phase,name,metric:auc&sort=-metric:auc"), "Runs"),
    **{f"a run, {tab}": (of_run(tab), "fraud-detection") for tab in RUN_TABS},
    "search": (at("#/search?text=churn"), "churn"),
    "recurring": (at("#/recurring?sort=-created"), "Recurring runs"),
    "a recurring run": (of_recurring("span=day"), "churn-training"),
    "a recurring run, as a table": (of_recurring("span=day&slots=table"), "churn-training"),
    "experiments": (at("#/experiments"), "Experiments"),
    "artifacts": (at("#/artifacts?origin=outside&sort=name"), "Artifacts"),
    "deployments": (at("#/deployments"), "Deployments"),
    "a deployment": (of_deployment, "churn"),
    "audit": (at("#/audit?phase=SUCCEEDED"), "Audit"),
    "nondeterminism": (at("#/audit/nondeterminism"), "Audit"),
    "alerts": (at("#/alerts"), "Alerts"),
    "sources": (at("#/sources"), "Sources"),
    "nowhere": (at("#/nowhere"), "There is no such screen"),
}
"""Screens: their addresses on a server, and what is in their titles."""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("what", PLACES)
def test_a_screen_has_an_address_and_everybody_can_use_it(what: str, theme: Theme, started: Browser, told: str) -> None:
    place, title = PLACES[what]
    with visit(started, told, theme=theme) as reader:
        reader.open(place(told))
        expect(reader.page.get_by_role("heading", level=1)).to_contain_text(title)
        assert reader.barriers() == []
        assert (reader.complaints, reader.foreign) == ([], [])


@pytest.mark.parametrize(("width", "zoom"), [(360, 1.0), (1280, 2.0)])
@pytest.mark.parametrize("what", PLACES)
def test_a_screen_fits_a_phone_and_twice_the_size(
    what: str, width: int, zoom: float, started: Browser, told: str
) -> None:
    place, _ = PLACES[what]
    with visit(started, told, width=width, zoom=zoom) as reader:
        reader.open(place(told))
        assert reader.width_needed() <= width / zoom


# ------------------------------------------------------------------------------------------ the runs
def names(reader: Visit) -> list[str]:
    return reader.page.locator(f"{ROW} td:nth-child(3)").all_inner_texts()


def test_the_list_agrees_with_the_api(reader: Visit, told: str) -> None:
    reader.open("#/runs")
    nodes = asked(told, "{ runs(first: 50) { totalCount nodes { displayName } } }")["runs"]
    assert names(reader) == [one["displayName"] for one in nodes["nodes"]]
    expect(reader.page.get_by_text(f"{nodes['totalCount']} runs")).to_be_visible()


def test_filters_are_in_the_address_and_back_undoes_them(reader: Visit, told: str) -> None:
    reader.open("#/runs")
    everything = names(reader)
    reader.page.get_by_label("Phase").select_option("FAILED")
    expect(reader.page.locator(ROW)).not_to_have_count(len(everything))
    failed = asked(told, "{ runs(where: {phase: {eq: FAILED}}) { nodes { displayName } } }")["runs"]["nodes"]
    expect(reader.page.locator(ROW)).to_have_count(len(failed))
    assert names(reader) == [one["displayName"] for one in failed]
    assert reader.page.url.endswith("#/runs?phase=FAILED")
    reader.page.go_back()
    expect(reader.page.locator(ROW)).to_have_count(len(everything))
    reader.page.go_forward()
    expect(reader.page.locator(ROW)).to_have_count(len(failed))
    reader.page.get_by_role("button", name="Clear filters").click()
    expect(reader.page.locator(ROW)).to_have_count(len(everything))


def test_a_filter_that_makes_no_sense_says_what_to_write(reader: Visit) -> None:
    reader.open("#/runs")
    reader.page.get_by_role("button", name="More filters").click()
    field = reader.page.get_by_label("Metric", exact=True)
    field.fill("auc is good")
    reader.press("Enter")
    expect(reader.page.get_by_text("Write it as name > number")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")


def test_a_metric_can_be_a_column_and_sort_the_runs(reader: Visit, told: str) -> None:
    reader.open("#/runs")
    reader.page.get_by_text("Columns", exact=True).click()
    reader.page.get_by_label("auc", exact=True).check()
    reader.press("Escape")
    expect(reader.page.get_by_text("Columns", exact=True)).to_be_focused()
    reader.page.get_by_role("button", name="auc", exact=True).click()
    reader.settled()
    order = '[{field: METRIC, metric: "auc", direction: DESC}]'
    nodes = asked(told, f"{{ runs(first: 50, orderBy: {order}) {{ nodes {{ displayName }} }} }}")["runs"]["nodes"]
    expect(reader.page.locator(f"{ROW} td:nth-child(3)").first).to_have_text(nodes[0]["displayName"])
    assert names(reader) == [one["displayName"] for one in nodes]
    expect(reader.page.get_by_role("columnheader", name="auc")).to_have_attribute("aria-sort", "descending")


def test_everything_of_the_list_is_done_with_the_keyboard(reader: Visit) -> None:
    reader.open("#/runs")
    reader.press("Tab")
    expect(reader.page.get_by_role("button", name="Skip to the content")).to_be_focused()
    reader.press("Enter", "Tab")
    expect(reader.page.locator("summary", has_text="Columns")).to_be_focused()
    reader.press("Tab")
    expect(reader.page.get_by_role("textbox", name="Name")).to_be_focused()
    reader.page.keyboard.type("churn-training")
    reader.press("Enter")
    expect(reader.page).to_have_url(re.compile("text=churn-training"))
    reader.settled()
    for number in range(2):
        reader.page.get_by_role("checkbox").nth(number).focus()
        reader.press("Space")
    reader.page.get_by_role("link", name="Compare", exact=True).first.focus()
    expect(reader.page.get_by_text("2 selected")).to_be_visible()
    reader.page.locator(f"{ROW} a").first.focus()
    reader.press("Enter")
    expect(reader.page.get_by_role("heading", level=1)).to_be_focused()
    reader.page.go_back()
    expect(reader.page.get_by_text("2 selected")).to_be_visible()


# ------------------------------------------------------------------------------------------ a run
def test_what_a_run_says_is_what_the_api_says(reader: Visit, told: str) -> None:
    run = id_of_run(told, "fraud-detection")
    known = asked(
        told, "query ($id: ID!) { node(id: $id) { ... on Run { displayName uid parameters { name value } } } }", id=run
    )
    reader.open(f"#/runs/{run}/details")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(known["node"]["displayName"])
    for parameter in known["node"]["parameters"]:
        row = reader.page.get_by_role("row").filter(has_text=parameter["name"])
        expect(row.first).to_contain_text(parameter["value"])


def test_what_steps_reported_is_shown_as_pictures_and_tables(reader: Visit, told: str) -> None:
    reader.open(f"#/runs/{id_of_run(told, 'fraud-detection')}/reports")
    matrix = reader.page.get_by_role("region", name="Confusion matrix")
    expect(matrix.get_by_role("cell", name="9,712")).to_be_visible()
    frame = reader.page.frame_locator("iframe.markdown-frame")
    expect(frame.get_by_role("heading", name="What tells fraud")).to_be_visible()


def test_a_run_that_nobody_knows_is_told_so(started: Browser, told: str) -> None:
    with visit(started, told) as reader:
        reader.page.goto(f"{told}/#/runs/WyJSdW4iLCJuZXZlciJd")
        expect(reader.page.get_by_role("alert")).to_contain_text("nothing of this id")


# ------------------------------------------------------------------------------------------ the other lists
@pytest.mark.parametrize(
    ("place", "query"),
    [
        ("#/recurring", "{ found: recurringRuns { nodes { name: displayName } } }"),
        (
            "#/experiments?sort=-name",
            "{ found: experiments(orderBy: [{field: NAME, direction: DESC}]) { nodes { name } } }",
        ),
        ("#/deployments", "{ found: deployments { nodes { name } } }"),
        (
            "#/artifacts?uri=reference&sort=name",
            '{ found: artifacts(where: {uri: {contains: "reference"}}, orderBy: [{field: NAME}]) { nodes { name } } }',
        ),
    ],
)
def test_a_list_agrees_with_the_api(place: str, query: str, reader: Visit, told: str) -> None:
    reader.open(place)
    found = [one["name"] for one in asked(told, query)["found"]["nodes"]]
    assert found
    expect(reader.page.locator(f"{ROW} td:first-child a")).to_have_text(found)


def test_what_is_searched_for_leads_to_what_it_is(reader: Visit, told: str) -> None:
    reader.open("#/runs")
    reader.page.get_by_role("searchbox").fill("fraud-detection")
    reader.press("Enter")
    reader.settled()
    expect(reader.page.get_by_role("region", name="Pipelines")).to_contain_text("fraud-detection")
    reader.page.get_by_role("region", name="Runs").get_by_role("link").first.click()
    expect(reader.page.get_by_role("heading", level=1)).to_contain_text("fraud-detection")


def test_the_calendar_agrees_with_the_api_and_is_walked_with_the_keyboard(reader: Visit, told: str) -> None:
    due = last_due(told)
    query = """query ($id: ID!, $from: DateTime!, $to: DateTime!) { node(id: $id) { ... on RecurringRun {
        slots(from: $from, to: $to, first: 1) { totalCount } } } }"""
    recurring = first_of("recurringRuns")(told)
    day = {"from": f"{due}T00:00:00Z", "to": f"{due}T23:59:59.999Z"}
    slots = asked(told, query, id=recurring, **day)["node"]["slots"]
    reader.open(PLACES["a recurring run"][0](told))
    marks = reader.page.locator(".slot")
    expect(marks).to_have_count(min(slots["totalCount"], 200))  # two pages of the API at a time
    marks.first.focus()
    reader.press("End", "ArrowLeft", "ArrowRight")
    expect(marks.last).to_be_focused()
    expect(reader.page.locator(".told")).to_have_text(str(marks.last.get_attribute("aria-label")))
    place = reader.page.url
    with_run = reader.page.locator("a.slot").first
    with_run.focus()
    reader.press("Enter")
    expect(reader.page).to_have_url(re.compile("#/runs/"))
    reader.page.go_back()
    expect(reader.page).to_have_url(place)


def test_a_deployment_says_that_what_it_serves_was_overwritten(reader: Visit, told: str) -> None:
    query = "{ deployments(first: 1) { nodes { served { servedNow changedSince artifact { name } } } } }"
    served = [one for one in asked(told, query)["deployments"]["nodes"][0]["served"] if one["servedNow"]]
    reader.open(of_deployment(told))
    cards = reader.page.get_by_role("article")
    expect(cards).to_have_count(len(served))
    changed = cards.filter(has_text="Something else lies in its place now")
    expect(changed).to_have_count(len([one for one in served if one["changedSince"]]))


def test_runs_are_audited_after_they_are_listed(reader: Visit, told: str) -> None:
    reader.open("#/audit")
    runs = asked(told, "{ runs(first: 20) { nodes { displayName tier } } }")["runs"]["nodes"]
    expect(reader.page.get_by_text(f"of the {len(runs)} runs on this page")).to_be_visible()
    traceable = [run for run in runs if run["tier"] == "TRACEABLE"]
    expect(reader.page.locator(f"{ROW} td:nth-child(2)").filter(has_text="Traceable")).to_have_count(len(traceable))
