"""What users of pipelines write is shown as it is, wherever it is shown: it runs nothing, asks nobody, steers nothing.

Pages and documents are read by a real parser, and opened in a real browser.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import orjson
import pytest

from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.redaction import names
from lineage.store import open_store
from lineage.web import application
from tests.browser import Site, a_site, as_url, opened
from tests.contract.test_bad_objects import own_objects
from tests.hostile_texts import texts, with_hostile_texts
from tests.integration.test_cli import run
from tests.integration.test_connections import serving
from tests.kubeflow_world import a_told_world
from tests.workload_world import a_pipeline
from tests.worlds import objects_of

HARMED: Final = "data-harmed"
ELEMENTS: Final = names.words(
    """
    html head meta title style body header h1 h2 h3 nav main section p a ul li dl dt dd table caption thead tbody tr
    th td figure svg g path rect text tspan desc defs marker circle line polyline polygon div code span pre ins del b
    br small link script time footer strong em label details summary button figcaption clipPath linearGradient stop
    """
)
ATTRIBUTES_THAT_ASK: Final = names.words("src href action formaction data poster xlink:href srcset background")


@dataclass(frozen=True)
class Told:
    """A store of hostile texts, and the site that they would like to be asked."""

    url: str
    folder: Path
    site: Site
    runs: tuple[str, ...]
    artifact: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("hostile")
    worlds = (one for number in range(6) for one in objects_of(number))
    with a_site() as site, pytest.MonkeyPatch.context() as patch:
        elsewhere = f"http://127.0.0.1:{site.port}/"
        items = [*worlds, *own_objects(), *a_told_world(6), a_pipeline(over=True)]
        hostile = [with_hostile_texts(item, elsewhere) for item in items]
        (folder / "objects.ndjson").write_bytes(b"\n".join(map(orjson.dumps, hostile)))
        patch.setenv("XDG_DATA_HOME", str(folder))
        url = f"sqlite:///{folder / 'lineage.db'}"
        assert run("ingest", str(folder / "objects.ndjson"), LINEAGE_STORE=url).returncode == 0
        with closing(open_store(url)) as store:
            executions = store.executions(EVERYTHING, Listing(), PageRequest(first=100)).items
            runs = store.get(EVERYTHING, list(dict.fromkeys(one.run_key for one in executions)))
            artifact = store.artifacts(EVERYTHING, Listing(), PageRequest(first=1)).items[0].id
        yield Told(url, folder, site, tuple(one.id for one in runs.values()), artifact)


# ------------------------------------------------------------------------------------------ pages and documents
class Elements(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.addresses += [value or "" for name, value in attrs if name in ATTRIBUTES_THAT_ASK]

    handle_startendtag = handle_starttag


REPORTS: Final = {
    "provenance": ("report", "provenance", "{run}"),
    "difference": ("report", "diff", "{run}", "{other}"),
    "audit": ("report", "audit", "{run}"),
    "trends": ("report", "trends", "--namespace", "a"),
    "a trend": ("trend", "duration_seconds", "--namespace", "a"),
}


def written(told: Told, words: tuple[str, ...], ending: str) -> Path:
    """Have a document written."""
    command = [word.format(run=told.runs[0], other=told.runs[1]) for word in words]
    file = told.folder / f"{'-'.join(command[:3])}.{ending}"
    done = run(*command, "-o", str(file), LINEAGE_STORE=told.url)
    assert file.exists(), done.stderr
    return file


@pytest.mark.parametrize("what", REPORTS)
def test_a_document_is_made_of_what_we_made_it_of(what: str, told: Told) -> None:
    text = written(told, REPORTS[what], "html").read_text()
    found = Elements(text)
    assert found.names <= {name.lower() for name in ELEMENTS} - {"script", "link", "input"}
    assert found.handlers == []
    assert [address for address in found.addresses if not address.startswith("#")] == []
    assert "&lt;script&gt;" in text or "elsewhere" not in text


@pytest.mark.parametrize("what", REPORTS)
def test_in_a_browser_a_document_runs_nothing_and_asks_nobody(what: str, told: Told) -> None:
    told.site.asked.clear()
    shown = opened(as_url(written(told, REPORTS[what], "html")))
    assert HARMED not in shown.split("<body", 1)[0]
    assert told.site.asked == []


@pytest.mark.parametrize("path", ["/", "/graphiql"])
def test_in_a_browser_a_page_runs_nothing_and_asks_nobody(path: str, told: Told) -> None:
    told.site.asked.clear()
    with closing(open_store(told.url)) as store, serving(application(store=store)) as port:
        shown = opened(f"http://localhost:{port}{path}")
    assert HARMED not in shown.split("<body", 1)[0]
    assert told.site.asked == []


@pytest.mark.parametrize(
    "words",
    [("provenance", "{run}"), ("trend", "duration_seconds", "--namespace", "a"), ("provenance", "{other}")],
)
def test_a_picture_is_xml_with_nothing_that_runs_in_it(words: tuple[str, ...], told: Told) -> None:
    root = ET.fromstring(written(told, words, "svg").read_bytes())  # noqa: S314 - ours
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in ELEMENTS - {"script", "use"}
        assert not [name for name in element.attrib if name.lower().startswith("on")]
        addresses = [value for name, value in element.attrib.items() if name.rpartition("}")[2] == "href"]
        assert [address for address in addresses if not address.startswith("#")] == []


@pytest.mark.parametrize("what", REPORTS)
def test_markdown_holds_no_html_of_others_and_leads_nowhere(what: str, told: Told) -> None:
    text = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", written(told, REPORTS[what], "md").read_text())
    assert Elements(text).names <= {"a", "b", "br", "code"}
    assert re.findall(r"(?<!\\)\]\((?!#)", text) == []
    assert re.findall(r"(?<!\\)(?:https?|javascript):(?!\\?<!-- -->)//", text) == []


# ------------------------------------------------------------------------------------------ terminals
COMMANDS: Final = (
    ("runs",),
    ("show", "{run}"),
    ("experiments",),
    ("recurring",),
    ("deployments",),
    ("rejected", "list"),
    ("artifact", "{artifact}"),
    ("diff", "{run}", "{other}"),
    ("provenance", "{run}"),
    ("impact", "{run}"),
    ("audit", "{run}", "--all"),
    ("trend", "duration_seconds", "--namespace", "a"),
    ("nondeterminism",),
    ("rerun", "{run}"),
    ("alerts",),
    ("query", "recent-runs"),
    ("ingest", "{objects}"),
    ("report", "provenance", "no\x1b]0;harmed\x07such"),
    ("show", "no\x1b]0;harmed\x07such"),
)
STYLES: Final = re.compile(r"\r?\x1b\[(?:[0-9;]*m|\?25[lh]|2K|1A)")  # colours, and how a bar of progress is drawn
STEERING: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words)[:20])
def test_no_text_steers_a_terminal(words: tuple[str, ...], told: Told) -> None:
    odd = told.folder / "odd\x1b]0;harmed\x07.json"
    odd.write_bytes(b"{")
    values = {"run": told.runs[0], "other": told.runs[1], "artifact": told.artifact, "objects": str(odd)}
    command = [word.format(**values) for word in words]
    done = run(*command, LINEAGE_STORE=told.url, FORCE_COLOR="1", COLUMNS="200", TERM="xterm-256color")
    for said in (done.stdout, done.stderr):
        assert STEERING.findall(STYLES.sub("", said.decode())) == []
    assert done.stdout + done.stderr != b""


# ------------------------------------------------------------------------------------------ tables
@pytest.mark.parametrize(
    "words", [("export", "runs"), ("trend", "duration_seconds", "--namespace", "a", "--format", "csv")]
)
def test_no_cell_of_a_table_is_a_formula(words: tuple[str, ...], told: Told) -> None:
    rows = list(csv.reader(StringIO(run(*words, LINEAGE_STORE=told.url).stdout.decode())))
    assert len(rows) > 3
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if re.match(r"[=+@\t\r]|-(?![\d.]+(?:e[+-]?\d+)?$)", cell)] == []


def test_the_texts_are_in_what_is_shown(told: Told) -> None:
    """The other tests here can fail."""
    shown = run("query", "recent-runs", LINEAGE_STORE=told.url).stdout
    kept = {text for text in texts("") if orjson.dumps(text)[1:12] in shown}
    assert len(kept) > 1
