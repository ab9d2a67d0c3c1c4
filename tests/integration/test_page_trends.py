"""Trends and comparisons in a real browser, over forty nights of a training whose accuracy fell with a new image."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from lineage.identity import global_id, run_key
from lineage.store.database import migrate, open_store
from lineage.web import application
from tests.factories import NAMESPACE, NEW_YEAR, record
from tests.integration.test_connections import serving
from tests.training_run import Training
from tests.visits import Theme, Visit, visit

NIGHTS: Final = 40
SHIFT: Final = 20
FAILED: Final = 9
DAY: Final = 86_400
TREND: Final = f"#/trends?namespace={NAMESPACE}&metric=accuracy"


def night(number: int) -> Training:
    is_new = number >= SHIFT
    level = 0.87 if is_new else 0.91
    return Training(
        uid=f"u{number}",
        name=f"training-{number}",
        born=NEW_YEAR + number * DAY,
        rate="0.3" if is_new else "0.1",
        image_word="new" if is_new else "old",
        accuracy=f"{level + (number * 7 % 5) / 1000:.3f}",
        failed=number == FAILED,
    )


def id_of(number: int) -> str:
    return global_id(run_key(f"u{number}"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that knows these nights."""
    url = f"sqlite:///{tmp_path_factory.mktemp('trends') / 'lineage.db'}"
    migrate(url)
    store = open_store(url)
    record(store, *(one for number in range(NIGHTS) for one in night(number).told()))
    with serving(application(store=store)) as port:
        yield f"http://127.0.0.1:{port}"
    store.close()


@pytest.fixture
def reader(started: Browser, told: str) -> Iterator[Visit]:
    with visit(started, told) as visited:
        yield visited
        assert visited.foreign == []
        assert visited.complaints == []


def answered(address: str, name: str, **variables: Any) -> Any:
    """What a saved query answers."""
    answer = httpx.post(f"{address}/graphql", json={"documentId": name, "variables": variables}, timeout=30).json()
    assert "errors" not in answer
    return answer["data"]


def chart(reader: Visit) -> Locator:
    expect(reader.page.locator(".u-over")).to_be_visible()
    return reader.page.get_by_role("application")


# ------------------------------------------------------------------------------------------ every screen
PLACES: Final = {
    "whose trends": ("#/trends", "Trends"),
    "all metrics": (f"#/trends?namespace={NAMESPACE}", "Trends"),
    "a metric": (TREND, "accuracy"),
    "a metric, as a table": (f"{TREND}&show=table&smooth=5", "accuracy"),
    "a metric, split": (f"{TREND}&by=rate&x=number", "accuracy"),
    "a metric that nobody has": (f"#/trends?namespace={NAMESPACE}&metric=none", "none"),
    "nothing to compare": ("#/compare", "Compare"),
    "runs side by side": (f"#/compare?runs={id_of(0)},{id_of(30)},{id_of(FAILED)}&all=1&find=training", "Compare"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("what", PLACES)
def test_a_screen_has_an_address_and_everybody_can_use_it(what: str, theme: Theme, started: Browser, told: str) -> None:
    place, title = PLACES[what]
    with visit(started, told, theme=theme) as reader:
        reader.open(place)
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
        reader.open(place)
        assert reader.width_needed() <= width / zoom


# ------------------------------------------------------------------------------------------ trends
def test_one_walks_over_a_chart_with_the_keyboard_opens_a_point_and_goes_back(reader: Visit) -> None:
    reader.open(TREND)
    chart(reader).focus()
    reader.press("End", "ArrowLeft")
    expect(reader.page.locator(".chart [role=status]")).to_contain_text("training-38")
    reader.press("Enter")
    panel = reader.page.locator(".point-panel")
    expect(panel.get_by_role("link", name="training-38")).to_be_visible()
    expect(panel.get_by_role("link", name="evaluate")).to_be_visible()
    expect(panel).to_contain_text("training-37")
    expect(panel.get_by_role("heading", name="Point")).to_be_focused()
    assert "point=" in reader.page.url
    reader.page.go_back()
    expect(panel).to_have_count(0)
    reader.page.go_forward()
    expect(panel).to_be_visible()


def test_a_shift_is_told_with_what_may_have_done_it(reader: Visit) -> None:
    reader.open(TREND)
    title = reader.page.get_by_role("heading", name=re.compile("Shift 1: worse"))
    shift = reader.page.locator("section.card", has=title)
    expect(shift).to_contain_text("training-19")
    expect(shift).to_contain_text("training-20")
    expect(shift).to_contain_text("parameters[rate]")
    expect(shift).to_contain_text("Cannot be told apart")
    expect(reader.page.locator(".lanes")).to_contain_text("Image")
    expect(reader.page.locator(".lane-mark title").first).to_contain_text("train")


def test_table_and_files_hold_what_the_api_answers(reader: Visit, told: str) -> None:
    (trend,) = answered(told, "page-trend", scope={"namespace": NAMESPACE}, metric="accuracy")["metricTrends"]
    values = [point["value"] for point in trend["points"]]
    assert len(values) == NIGHTS - 1
    reader.open(f"{TREND}&show=table")
    rows = reader.page.locator(".chart-controls + .table tbody tr")
    expect(rows).to_have_count(len(values))
    assert [float(row.locator("td.number").inner_text()) for row in rows.all()] == list(reversed(values))
    with reader.page.expect_download() as saved:
        reader.page.get_by_role("button", name="CSV").click()
    with Path(saved.value.path()).open(newline="") as file:
        assert [float(row["value"]) for row in csv.DictReader(file)] == values
    with reader.page.expect_download() as saved:
        reader.page.get_by_role("button", name="JSON").click()
    assert [point["value"] for point in json.loads(Path(saved.value.path()).read_text())["points"]] == values


def test_a_range_is_drawn_over_the_chart_kept_in_the_address_and_saved(reader: Visit) -> None:
    reader.open(TREND)
    box = chart(reader).locator(".u-over").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    reader.page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    reader.page.mouse.down()
    reader.page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    reader.page.mouse.up()
    expect(reader.page).to_have_url(re.compile("from=2026-01-.*to=2026-01-"))
    with reader.page.expect_download() as saved:
        reader.page.get_by_role("button", name="CSV").click()
    assert 5 < len(Path(saved.value.path()).read_text().splitlines()) < NIGHTS / 2
    reader.page.get_by_role("button", name="Show all").click()
    expect(reader.page).not_to_have_url(re.compile("from="))


# ------------------------------------------------------------------------------------------ comparisons
def test_only_differences_are_shown_unless_all_is_asked_for(reader: Visit) -> None:
    reader.open(f"#/compare?runs={id_of(0)},{id_of(30)}")
    names = reader.page.locator(".compare tbody th[scope=row]")
    expect(names.filter(has_text=re.compile("^rate$"))).to_have_count(1)
    expect(names.filter(has_text=re.compile("^Namespace$"))).to_have_count(0)
    expect(reader.page.locator(".compare .is-worse")).not_to_have_count(0)
    reader.page.get_by_label("Show what is the same, too").check()
    expect(names.filter(has_text=re.compile("^Namespace$"))).to_have_count(1)
    assert "all=1" in reader.page.url


def test_two_runs_are_swapped_and_what_was_worse_is_better(reader: Visit) -> None:
    reader.open(f"#/compare?runs={id_of(0)},{id_of(30)}")
    accuracy = reader.page.locator(".compare tr", has_text="accuracy").locator(".difference")
    expect(accuracy).to_contain_text("worse")
    reader.page.get_by_role("button", name="Swap").click()
    expect(accuracy).to_contain_text("better")
    expect(reader.page.locator(".compare thead th").first).to_contain_text("training-30")
    reader.page.go_back()
    expect(reader.page.locator(".compare thead th").first).to_contain_text("training-0")


def test_runs_are_added_by_their_names_and_taken_away_with_the_keyboard(reader: Visit) -> None:
    reader.open("#/compare")
    reader.page.get_by_role("textbox", name="Add runs").focus()
    reader.page.keyboard.type("training-3, u4")
    reader.press("Enter")
    reader.page.get_by_role("button", name="Add all").focus()
    reader.press("Enter")
    heads = reader.page.locator(".compare thead th")
    expect(heads).to_have_count(2)
    reader.page.get_by_role("button", name="Compare without training-3").focus()
    reader.press("Enter")
    expect(heads).to_have_count(1)
    expect(reader.page.get_by_text("One more run is needed")).to_be_visible()


def test_the_texts_of_two_runs_stand_as_a_unified_diff(reader: Visit) -> None:
    reader.open(f"#/compare?runs={id_of(0)},{id_of(FAILED)},{id_of(30)}")
    expect(reader.page.get_by_text("Both ran the same text.")).to_be_visible()
    reader.page.get_by_label("compared with").select_option(label="training-30")
    expect(reader.page.get_by_role("region", name="What could have changed the results")).to_contain_text("0.3")


def test_a_run_that_nobody_knows_is_told_so_and_the_others_are_compared(reader: Visit) -> None:
    reader.open(f"#/compare?runs={id_of(0)},{global_id(run_key('none'))}")
    expect(reader.page.get_by_text("1 run is not there")).to_be_visible()
    expect(reader.page.locator(".compare thead th")).to_have_count(1)
