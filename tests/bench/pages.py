"""The page in a real browser: how much its first screen is and when it can be used, and how graphs of a thousand steps
are drawn and moved. The browser and the server share the machine."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import SqlStore, migrate, open_store
from lineage.web import application
from tests.bench.measuring import AtMost, Bench, Finding, Row, Skipped, Weight, interleaved
from tests.browser import found_browser
from tests.factories import KubernetesObject, a_node, a_workflow, record, rfc3339
from tests.integration.test_connections import serving

STEPS: Final = 1_000
AT_ONCE: Final = 1_000
WIDTH: Final = 25  # of the layers of the graph that is layered
TRANSFERRED_BYTES: Final = 120_000
INTERACTIVE_SECONDS: Final = 0.5
DRAWN_SECONDS: Final = 0.5
FRAME_SECONDS: Final = 1 / 30
FRAMES: Final = 60
PHASES: Final = ("Succeeded", "Succeeded", "Succeeded", "Failed")

# When the document first holds what is waited for, in milliseconds since the navigation began.
NOTE_WHEN_SHOWN: Final = """
new MutationObserver((_, watcher) => {
  if (!document.querySelector("main tbody tr")) return
  watcher.disconnect()
  requestAnimationFrame(() => setTimeout(() => { document.documentElement.dataset.shownAfter = performance.now() }))
}).observe(document, {childList: true, subtree: true})
"""
DRAW: Final = """
([place, things]) => new Promise(resolve => {
  const began = performance.now()
  const look = () => document.querySelectorAll("g.thing").length >= things
    ? requestAnimationFrame(() => setTimeout(() => resolve((performance.now() - began) / 1000)))
    : requestAnimationFrame(look)
  location.hash = place
  requestAnimationFrame(look)
})
"""
PAN: Final = """
frames => new Promise(resolve => {
  const stage = document.querySelector("g.thing").ownerSVGElement
  const times = []
  let before = performance.now()
  const step = now => {
    times.push(now - before)
    before = now
    if (times.length > frames) return resolve(times.slice(1).sort((a, b) => a - b)[Math.floor(frames / 2)] / 1000)
    stage.dispatchEvent(new WheelEvent("wheel", {deltaX: 12, deltaY: 6, bubbles: true, cancelable: true}))
    requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})
"""


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure the first screen over many runs, and graphs of many steps."""
    path = found_browser()
    if path is None:
        yield Skipped("the page", "there is no browser: install Debian's package chromium")
        return
    file, runs = bench.folder / "page.db", bench.sizes.growth_runs * 5
    with (
        closing(store_of(file, runs, bench)) as store,
        serving(application(store=store)) as port,
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])) as browser,
    ):
        address = f"http://127.0.0.1:{port}/"
        bench.say(f"the page: its first screen, of {runs:,} runs")
        yield Weight(
            what=f"first screen of {runs:,} runs: transferred",
            size_bytes=transferred(browser, address),
            limit_bytes=TRANSFERRED_BYTES,
        )
        took = interleaved({"ours": partial(interactive, browser, address)}, bench.sizes.rounds)
        yield Row(
            what=f"first screen of {runs:,} runs: shown, with nothing kept",
            ours=took["ours"],
            beside="the limit",
            theirs=INTERACTIVE_SECONDS,
            target=AtMost(1),
        )
        for name, place in graphs(store).items():
            bench.say(f"the page: the graph of {name}")
            drawn = interleaved({"ours": partial(drawing, browser, address, place)}, bench.sizes.rounds)
            yield Row(
                what=f"graph of {STEPS:,} steps, {name}: asked for, laid out and drawn",
                ours=drawn["ours"],
                beside="the limit",
                theirs=DRAWN_SECONDS,
                target=AtMost(1),
            )
            moved = interleaved({"ours": partial(panning, browser, address, place)}, bench.sizes.rounds)
            yield Row(
                what=f"graph of {STEPS:,} steps, {name}: moved, a frame",
                ours=moved["ours"],
                beside="30 frames a second",
                theirs=FRAME_SECONDS,
                target=AtMost(1),
            )


# ------------------------------------------------------------------------------------------ what is shown
def store_of(file: Path, runs: int, bench: Bench) -> SqlStore:
    migrate(f"sqlite:///{file}")
    store = open_store(f"sqlite:///{file}")
    for first in range(0, runs, AT_ONCE):
        bench.say(f"the page: recording {first:,} of {runs:,} runs")
        record(store, *map(a_small_run, range(first, min(first + AT_ONCE, runs))))
    record(store, a_fan(), layers())
    return store


def a_small_run(number: int) -> KubernetesObject:
    name, born = f"nightly-{number}", 60.0 * (number + 1)
    node = a_node(f"{name}.train", start=born, end=born + 40)
    return a_workflow(
        {f"{name}-1": node},
        uid=f"uid-{number}",
        name=name,
        born=born,
        phase=PHASES[number % len(PHASES)],
        startedAt=rfc3339(born),
        finishedAt=rfc3339(born + 45),
        spec={"workflowTemplateRef": {"name": f"pipeline-{number % 40}"}},
    )


def a_fan() -> KubernetesObject:
    """Steps that all follow one, and all precede another: none like the next, so that all are drawn."""
    middle = [step("fan", number, ["fan-end"]) for number in range(STEPS - 2)]
    begin = ("fan-begin", a_node("fan.begin", start=0, end=5, children=[node for node, _ in middle]))
    end = ("fan-end", a_node("fan.end", start=900, end=905))
    return a_workflow(dict([begin, *middle, end]), uid="uid-fan", name="fan", phase="Succeeded")


def layers() -> KubernetesObject:
    """Steps in layers: each precedes one or two of the next."""
    nodes = []
    for number in range(STEPS):
        following = (number + WIDTH, number + WIDTH + 1 + number % 3)
        nodes.append(step("layers", number, [f"layers-{other}" for other in following if other < STEPS]))
    return a_workflow(dict(nodes), uid="uid-layers", name="layers", phase="Succeeded")


def step(run: str, number: int, children: list[str]) -> tuple[str, KubernetesObject]:
    node = a_node(
        f"{run}.step-{number}", start=10, end=20 + number, children=children, templateName=f"template-{number}"
    )
    return f"{run}-{number}", node


def graphs(store: SqlStore) -> dict[str, str]:
    """The addresses of graphs, by what they look like."""
    found = store.runs(EVERYTHING, Listing(), PageRequest(last=2)).items
    return {"a fan" if one.name == "fan" else "in layers": f"#/runs/{one.id}/graph" for one in found}


# ------------------------------------------------------------------------------------------ how it is shown
def transferred(browser: Browser, address: str) -> int:
    """All bytes that came, until the first screen was there: heads, files and answers, as they were on the wire."""
    context = browser.new_context()
    page = context.new_page()
    wire = context.new_cdp_session(page)
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    wire.send("Network.enable")
    page.goto(address, wait_until="networkidle")
    page.wait_for_selector("main tbody tr")
    context.close()
    return sum(sizes)


def interactive(browser: Browser, address: str) -> float:
    """The seconds from the beginning until rows are shown and the page does as it is told: with nothing kept before."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(NOTE_WHEN_SHOWN)
    page.goto(address)
    page.wait_for_selector("html[data-shown-after]")
    shown: float = page.evaluate("document.documentElement.dataset.shownAfter / 1000")
    context.close()
    return shown


def drawing(browser: Browser, address: str, place: str) -> float:
    """The seconds from a click on the run until all of its steps are drawn."""
    page = opened(browser, address)
    seconds: float = page.evaluate(DRAW, [place, STEPS])
    page.context.close()
    return seconds


def panning(browser: Browser, address: str, place: str) -> float:
    """The seconds between two frames while the graph is moved, in the middle of so many."""
    page = opened(browser, address)
    page.evaluate(DRAW, [place, STEPS])
    seconds: float = page.evaluate(PAN, FRAMES)
    page.context.close()
    return seconds


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    page.goto(address)
    page.wait_for_selector("main tbody tr")
    return page
