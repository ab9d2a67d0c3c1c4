"""Graphs of the page in a real browser: steps of runs and provenance of artifacts, walked, folded, searched and taken
along."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Browser, Locator, expect

from lineage.store import migrate, open_store
from lineage.web import application
from tests.factories import a_node, a_workflow, record
from tests.integration.test_connections import serving
from tests.integration.test_page import asked
from tests.visits import Theme, Visit, visit

TRAINED: Final = 40
THOUSAND: Final = 1_000
ACROSS: Final = 20
HOSTILE: Final = ("<script>document.title = 'harmed'</script>", "\u202egnp.exe", "x" * 1_500, "مرحبا", "a\nb", '&amp;"')


def a_fan() -> dict[str, Any]:
    """One step, forty iterations of another that read what it wrote, and one that waits for all of them."""
    ids = [f"w-{2_000_000 + number}" for number in range(TRAINED)]
    nodes = {
        "w-1": a_node("w.load", 5, 10, writes=["data"], children=ids, templateName="load"),
        "w-3": a_node("w.collect", 30, phase="Pending", templateName="collect"),
    }
    for number, node_id in enumerate(ids):
        nodes[node_id] = a_node(
            f"w.train({number}:m{number})",
            20,
            30,
            "Failed" if number % 10 == 9 else "Succeeded",
            reads=["data"],
            writes=[f"model-{number}"],
            children=["w-3"],
            templateName="train",
        )
    return a_workflow(nodes, uid="fan")


def a_thousand() -> dict[str, Any]:
    """A thousand steps of which no two are alike, in fifty columns."""
    ids = [f"t-{3_000_000 + number}" for number in range(THOUSAND)]
    children: dict[str, list[str]] = {node_id: [] for node_id in ids}
    for number, node_id in enumerate(ids[ACROSS:], ACROSS):
        children[ids[number - ACROSS]].append(node_id)
        children[ids[number - ACROSS - number % ACROSS + number * 7 % ACROSS]].append(node_id)
    nodes = {
        node_id: a_node(f"t.step-{number}", 10, 20, children=children[node_id], templateName=f"step-{number}")
        for number, node_id in enumerate(ids)
    }
    return a_workflow(nodes, uid="thousand", name="t", phase="Succeeded")


def a_hostile() -> dict[str, Any]:
    """A chain of steps with names that somebody chose to do harm."""
    ids = [f"h-{number}" for number in range(len(HOSTILE))]
    nodes = {
        node_id: a_node(f"h.{name}", 10, 20, writes=[f"h/{name}"], templateName=name)
        for node_id, name in zip(ids, HOSTILE, strict=True)
    }
    for (earlier, name), later in pairwise([*zip(ids, HOSTILE, strict=True), ("", "")]):
        if later[0]:
            nodes[earlier]["children"] = [later[0]]
            nodes[later[0]]["inputs"] = {"artifacts": [{"name": "x", "s3": {"key": f"h/{name}"}}]}
    return a_workflow(nodes, uid="hostile", name="h", phase="Succeeded")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that knows these runs."""
    url = f"sqlite:///{tmp_path_factory.mktemp('graphs') / 'lineage.db'}"
    migrate(url)
    with closing(open_store(url)) as store:
        record(store, a_fan(), a_thousand(), a_hostile())
        with serving(application(store=store)) as port:
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
def reader(started: Browser, server: str) -> Iterator[Visit]:
    with visit(started, server) as visited:
        yield visited
        assert (visited.complaints, visited.foreign) == ([], [])


def run_of(server: str, name: str) -> str:
    query = "query ($name: String!) { runs(where: {displayName: {eq: $name}}) { nodes { id } } }"
    found: str = asked(server, query, name=name)["runs"]["nodes"][0]["id"]
    return found


def steps_of(name: str, rest: str = "") -> Callable[[str], str]:
    return lambda server: f"#/runs/{run_of(server, name)}/graph{rest}"


def data_of(tab: str, rest: str = "") -> Callable[[str], str]:
    """The address of the artifact that forty steps read."""

    def place(server: str) -> str:
        found = asked(server, '{ artifacts(where: {uri: {eq: "s3:///data"}}) { nodes { id } } }')["artifacts"]
        return f"#/artifacts/{found['nodes'][0]['id']}/{tab}{rest}"

    return place


def things(reader: Visit) -> Locator:
    return reader.page.locator(".graph-stage .thing")


def named(reader: Visit, name: str) -> Locator:
    return reader.page.get_by_role("button", name=name)


PLACES: Final = {
    "steps": steps_of("w"),
    "steps as a table": steps_of("w", "?shown=table"),
    "hostile steps": steps_of("h"),
    **{tab: data_of(tab) for tab in ("provenance", "details", "history", "uses", "content")},
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("what", PLACES)
def test_everybody_can_use_it(what: str, theme: Theme, started: Browser, server: str) -> None:
    with visit(started, server, theme=theme) as reader:
        reader.open(PLACES[what](server))
        assert reader.barriers() == []
        assert (reader.complaints, reader.foreign) == ([], [])


@pytest.mark.parametrize(("width", "zoom"), [(360, 1.0), (1280, 2.0)])
@pytest.mark.parametrize("what", PLACES)
def test_it_fits_a_phone_and_twice_the_size(what: str, width: int, zoom: float, started: Browser, server: str) -> None:
    with visit(started, server, width=width, zoom=zoom) as reader:
        reader.open(PLACES[what](server))
        assert reader.width_needed() <= width / zoom


# ------------------------------------------------------------------------------------------ steps
def test_one_walks_unfolds_and_opens_steps_with_the_keyboard(reader: Visit, server: str) -> None:
    reader.open(steps_of("w")(server))
    expect(things(reader)).to_have_count(3)
    reader.page.get_by_role("application").focus()
    reader.press("Tab")
    expect(named(reader, "Step load")).to_be_focused()
    reader.press("ArrowRight")
    expect(named(reader, "Group train, 40 iterations, 4 Failed, 36 Succeeded")).to_be_focused()
    reader.press("Enter")
    expect(things(reader)).to_have_count(TRAINED + 2)
    expect(named(reader, "Step train(0:m0)")).to_be_focused()
    reader.press("ArrowDown", "Enter")
    details = reader.page.get_by_role("complementary")
    expect(details.get_by_role("heading", name="train(1:m1)")).to_be_visible()
    expect(details.get_by_role("link", name="x0")).to_have_count(2)
    reader.press("Escape")
    expect(details).to_have_count(0)
    reader.press("-")
    expect(things(reader)).to_have_count(3)
    expect(named(reader, "Group train")).to_be_focused()
    reader.page.go_back()
    expect(things(reader)).to_have_count(TRAINED + 2)


def test_a_step_in_the_address_is_shown_out_of_its_group(reader: Visit, server: str) -> None:
    query = '{ executions(where: {displayName: {eq: "train(7:m7)"}}) { nodes { id } } }'
    step = asked(server, query)["executions"]["nodes"][0]["id"]
    reader.open(steps_of("w", f"?step={step}")(server))
    expect(things(reader)).to_have_count(TRAINED + 2)
    expect(reader.page.get_by_role("button", name="Step train(7:m7)", pressed=True)).to_be_visible()


def test_what_is_found_is_marked_also_within_a_group(reader: Visit, server: str) -> None:
    reader.open(steps_of("w")(server))
    reader.page.get_by_label("Find in this graph").fill("m39")
    reader.press("Enter")
    expect(reader.page.get_by_role("status").filter(has_text="1 of 1")).to_be_visible()
    expect(reader.page.locator(".thing[data-found]")).to_have_count(1)
    expect(reader.page.locator(".thing.group[data-next]")).to_have_count(1)


def test_the_table_and_the_picture_say_what_the_api_says(reader: Visit, server: str) -> None:
    query = (
        "query ($id: ID!) { node(id: $id) { ... on Run { graph { executions { displayName } links { source } } } } }"
    )
    said = asked(server, query, id=run_of(server, "t"))["node"]["graph"]
    reader.open(steps_of("t", "?shown=table&order=title")(server))
    rows = reader.page.locator("main tbody tr")
    expect(rows).to_have_count(THOUSAND)
    titles = rows.locator("td:first-child").all_inner_texts()
    assert sorted(titles) == sorted(one["displayName"] for one in said["executions"])
    degrees = [int(text) for text in rows.locator("td:last-child").all_inner_texts()]
    assert sum(degrees) == len(said["links"])


def test_a_thousand_steps_are_drawn_and_move_without_being_drawn_again(reader: Visit, server: str) -> None:
    reader.open(steps_of("t")(server))
    expect(things(reader)).to_have_count(THOUSAND)
    reader.page.evaluate(
        """() => {
            window.drawnAgain = 0
            const seen = new MutationObserver((changes) => { window.drawnAgain += changes.length })
            seen.observe(document.querySelector('.picture'), { childList: true, subtree: true, characterData: true })
        }"""
    )
    picture = reader.page.locator(".picture")
    before = picture.get_attribute("style")
    reader.page.mouse.move(700, 500)
    reader.page.mouse.down()
    reader.page.mouse.move(400, 450, steps=10)
    reader.page.mouse.up()
    reader.page.mouse.wheel(200, 0)
    assert picture.get_attribute("style") != before
    reader.page.get_by_role("button", name="Show all").click()
    assert reader.page.evaluate("window.drawnAgain") < ACROSS  # the title of what the pointer is at, and no thing


@pytest.mark.parametrize("form", ["SVG", "PNG", "DOT", "JSON"])
def test_a_graph_is_taken_along(form: str, reader: Visit, server: str, tmp_path: Path) -> None:
    reader.open(steps_of("h")(server))
    reader.page.get_by_text("Export").click()
    with reader.page.expect_download() as taken:
        reader.page.get_by_role("button", name=f"({form})").click()
    assert taken.value.suggested_filename == f"Steps-of-h.{form.lower()}"
    file = tmp_path / "taken"
    taken.value.save_as(file)
    match form:
        case "SVG":
            drawn = ET.fromstring(file.read_text())  # noqa: S314 - ours
            assert len(drawn.findall(".//*[@class='shape']")) == len(HOSTILE)
            assert drawn.findall(".//{http://www.w3.org/2000/svg}script") == []
            assert "var(--" not in file.read_text()
        case "PNG":
            assert file.read_bytes().startswith(b"\x89PNG")
        case "DOT":
            assert file.read_text().count(" -> ") == len(HOSTILE) - 1
        case _:
            assert len(json.loads(file.read_text())["nodes"]) == len(HOSTILE)
    assert reader.page.title() != "harmed"


# ------------------------------------------------------------------------------------------ provenance
def test_what_is_cut_off_is_said_and_shown_when_asked_for(reader: Visit, server: str) -> None:
    models = asked(server, '{ artifacts(where: {uri: {eq: "s3:///model-3"}}) { nodes { id } } }')
    model = models["artifacts"]["nodes"][0]["id"]
    reader.open(f"#/artifacts/{model}/provenance?depth=1")
    expect(things(reader)).to_have_count(2)
    expect(reader.page.get_by_role("status").filter(has_text="1 thing has more behind it")).to_be_visible()
    reader.page.locator(".graph-stage .more").click()
    expect(things(reader)).to_have_count(3)  # what it was trained with
    reader.page.go_back()
    expect(things(reader)).to_have_count(2)
    reader.page.get_by_role("link", name="Downstream").click()
    expect(things(reader)).to_have_count(1)


def test_readers_that_are_alike_are_one_group_and_another_thing_can_be_in_the_middle(
    reader: Visit, server: str
) -> None:
    reader.open(data_of("provenance", "?depth=1")(server))
    expect(named(reader, "Group train, 40 steps")).to_be_visible()
    reader.page.locator(".thing.execution").dblclick()
    expect(reader.page.get_by_role("button", name="Reset focus")).to_be_visible()
    expect(reader.page.locator(".thing.execution.asked")).to_have_count(1)


def test_the_same_is_in_the_tab_of_a_run(reader: Visit, server: str) -> None:
    reader.open(f"#/runs/{run_of(server, 'h')}/provenance?depth=all")
    expect(things(reader)).to_have_count(2 * len(HOSTILE))
    assert reader.page.title() != "harmed"


def test_who_wrote_and_read_an_artifact_is_what_the_api_says(reader: Visit, server: str) -> None:
    reader.open(data_of("uses")(server))
    expect(reader.page.locator("main tbody tr")).to_have_count(TRAINED)
    expect(reader.page.get_by_role("link", name="load")).to_be_visible()


def test_content_that_cannot_be_read_says_why(reader: Visit, server: str) -> None:
    reader.open(data_of("content")(server))
    expect(reader.page.locator(".state-empty p").nth(1)).not_to_be_empty()
