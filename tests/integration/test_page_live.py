"""The page while runs go on: it follows them, also after its connection was cut, and in the frame of another page."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from lineage.store import SqlStore, migrate, open_store
from lineage.web import application
from tests.factories import KubernetesObject, a_node, a_workflow, record
from tests.integration.test_connections import serving
from tests.visits import visit

ROW = "main tbody tr"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path / 'lineage.db'}"
    migrate(url)
    with closing(open_store(url)) as opened:
        yield opened


def a_run(version: int, *steps: str, phase: str = "Running", name: str = "nightly") -> KubernetesObject:
    """A run of steps, one after another: the last one goes on as long as the run does."""
    ids = [f"{name}-{number}" for number, _ in enumerate(steps)]
    nodes = {
        node: a_node(
            f"{name}.{step}",
            start=10.0 * number,
            end=None if is_last and phase == "Running" else 10.0 * number + 5,
            phase=phase if is_last else "Succeeded",
            children=[] if is_last else [ids[number + 1]],
        )
        for number, (node, step) in enumerate(zip(ids, steps, strict=True))
        for is_last in [number == len(steps) - 1]
    }
    return a_workflow(nodes, version=version, phase=phase, uid=f"uid-{name}", name=name)


def test_a_list_follows_what_happens(store: SqlStore, started: Browser) -> None:
    record(store, a_run(1, "extract"))
    with serving(application(store=store)) as port, visit(started, f"http://127.0.0.1:{port}") as reader:
        reader.open("#/runs")
        expect(reader.page.get_by_text("Live", exact=True)).to_be_visible()
        row = reader.page.get_by_role("row").filter(has_text="nightly")
        expect(row).to_contain_text("Running")
        record(store, a_run(2, "extract", phase="Succeeded"))
        expect(row).to_contain_text("Succeeded")
        record(store, a_run(3, "extract", name="another"))
        expect(reader.page.get_by_role("row").filter(has_text="another")).to_contain_text("Running")


def test_a_run_is_followed_over_a_connection_that_is_cut_and_restored(store: SqlStore, started: Browser) -> None:
    record(store, a_run(1, "extract"))
    with ExitStack() as stack:
        with serving(application(store=store)) as port:
            reader = stack.enter_context(visit(started, f"http://127.0.0.1:{port}"))
            reader.open("#/runs")
            reader.page.get_by_role("link", name="nightly").click()
            expect(reader.page.get_by_role("button", name="extract")).to_be_visible()
            record(store, a_run(2, "extract", "train"))
            expect(reader.page.get_by_role("button", name="train")).to_be_visible()
        expect(reader.page.get_by_text("Connection lost")).to_be_visible()
        expect(reader.page.get_by_role("button", name="train")).to_be_visible()  # what is known stays
        record(store, a_run(3, "extract", "train", "evaluate", phase="Failed"))
        with serving(application(store=store), port):
            expect(reader.page.get_by_text("Live", exact=True)).to_be_visible()
            expect(reader.page.get_by_role("button", name="evaluate")).to_be_visible()
            expect(reader.page.locator(".screen-head").get_by_text("Failed")).to_be_visible()


def test_it_works_under_a_prefix_and_in_the_dashboard_of_kubeflow(store: SqlStore, started: Browser) -> None:
    record(store, a_run(1, "extract"))
    other = a_run(1, "extract", name="elsewhere")
    record(store, {**other, "metadata": other["metadata"] | {"namespace": "team-b"}})

    async def dashboard(_: Request) -> Response:
        return HTMLResponse(DASHBOARD)

    framed = Starlette(routes=[Route("/", dashboard), Mount("/lineage", application(store=store))])
    with serving(framed) as port, visit(started, f"http://127.0.0.1:{port}") as reader:
        reader.page.goto(reader.address)
        frame = reader.page.frame_locator("iframe")
        expect(frame.get_by_text("Live", exact=True)).to_be_visible()
        expect(frame.locator(ROW)).to_have_count(1)
        expect(frame.locator(ROW)).to_contain_text("elsewhere")
        reader.page.get_by_role("button", name="all").click()
        expect(frame.locator(ROW)).to_have_count(2)
        reader.page.get_by_role("button", name="one").click()
        expect(frame.locator(ROW)).to_have_count(1)
        expect(frame.locator(ROW)).to_contain_text("nightly")
        assert reader.foreign == []


DASHBOARD = """<!doctype html><title>Dashboard</title>
<iframe src="lineage/?ns=team-b" width="1200" height="700"></iframe>
<button id="all">all</button><button id="one">one</button>
<script>
const tell = message => document.querySelector("iframe").contentWindow.postMessage(message, location.origin);
document.getElementById("all").onclick = () => tell({type: "all-namespaces"});
document.getElementById("one").onclick = () => tell({type: "namespace-selected", value: "a"});
</script>"""
