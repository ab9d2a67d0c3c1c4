"""Somebody who visits the page: a real browser, whom it asks, what it complains of, and what would keep others out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, Route, expect, sync_playwright

from tests.browser import browser
from tests.node_packages import fetched

AXE: Final = "axe-core@4.14.1"
STANDARD: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE_MILLISECONDS: Final = 15_000  # a test waits no longer than it must; a busy machine is no fault
Theme = Literal["light", "dark"]

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


@dataclass
class Visit:
    """A page that is open. `foreign` are the addresses of others that it asked, `complaints` what its console says of
    errors."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, place: str) -> None:
        """Go to a screen by its address, and wait until it is there."""
        self.page.goto(f"{self.address}/{place}")
        self.settled()

    def settled(self) -> None:
        """Wait until nothing is loading."""
        expect(self.page.locator("h1, .state-title").first).to_be_visible()
        expect(self.page.locator(".state-loading, .is-old")).to_have_count(0)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def barriers(self) -> Sequence[str]:
        """What keeps somebody from using what is shown, by axe: each as its rule and where it is broken."""
        self.page.evaluate(_axe())
        found = self.page.evaluate(
            "tags => axe.run(document, {runOnly: tags}).then(found => found.violations)", STANDARD
        )
        return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]

    def width_needed(self) -> int:
        """How wide the document is: wider than its window, and one has to scroll sideways to read it."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth")
        return width


@contextmanager
def visit(
    started: Browser, address: str, *, theme: Theme = "light", width: int = 1280, zoom: float = 1.0
) -> Iterator[Visit]:
    """Open an empty page to visit `address` with. Whom it asks beside that is noted, and is not reached."""
    context = started.new_context(
        viewport={"width": round(width / zoom), "height": round(860 / zoom)},
        device_scale_factor=zoom,
        color_scheme=theme,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    visited = Visit(page, address)

    def only_ours(route: Route, request: Request) -> None:
        if _is_of(request.url, address):
            route.continue_()
        else:
            visited.foreign.append(request.url)
            route.abort()

    context.route("**/*", only_ours)
    page.on("pageerror", lambda error: visited.complaints.append(str(error)))
    page.on("console", lambda said: visited.complaints.append(said.text) if said.type == "error" else None)
    page.on("websocket", lambda socket: None if _is_of(socket.url, address) else visited.foreign.append(socket.url))
    try:
        yield visited
    finally:
        context.close()


def _is_of(url: str, address: str) -> bool:
    """Whether an address is of a server, or of no server at all."""
    asked = urlsplit(url)
    return asked.scheme in ("data", "blob", "about") or asked.netloc == urlsplit(address).netloc


@cache
def _axe() -> str:
    folder = fetched(AXE, why="the test of who can use the page")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()
