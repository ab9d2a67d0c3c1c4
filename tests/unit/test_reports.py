"""Reports as documents: every number leads somewhere, and no text becomes anything but text."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lineage.drawing.picture import Kind, Picture, Thing
from lineage.ports import EVERYTHING
from lineage.report.audit import audit_report
from lineage.report.difference import difference_report
from lineage.report.document import (
    Badge,
    Changes,
    Code,
    Facts,
    Figure,
    Line,
    Link,
    Paragraph,
    Report,
    Row,
    Section,
    Table,
    Tone,
)
from lineage.report.html import html_of
from lineage.report.markdown import markdown_of
from lineage.report.provenance import provenance_report
from lineage.report.times import duration
from lineage.report.trends import trends_report
from lineage_graphql import execute, saved_queries
from tests.example import ENDPOINT, EVALUATE, MODEL, NIGHTLY, RAW, REPORT, TRAIN
from tests.example import example as example_knowledge
from tests.fakes import FakeStore
from tests.trending import a_gap, a_regression, a_trend
from tests.unit.test_provenance_picture import artifact, execution, graph

ANY_TEXT = st.text(st.characters(codec=None), max_size=60).map(lambda text: f"{text}x")  # something is there to see
WITHOUT_END = {"meta", "br"}
HOSTILE = '</code></td></table><script>alert(1)</script><img src=x onerror=alert(1)>" onload=x \x00\u202e & &amp; | `'
MARKDOWN = [
    "| a | b |",
    "1. one",
    "- item",
    "# title",
    "***bold*** _it_ ~~gone~~ `code` $x$",
    "[link](http://e.org) ![i](x) <b>",
    "@somebody #12 :tada: https://e.org www.e.org",
    "---",
    "\\| \\",
]


class Page(HTMLParser):
    """What a browser makes of a page: its elements, ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]

    @property
    def text(self) -> str:
        return "".join(self.texts)


def page_of(report: Report) -> Page:
    page = Page(html_of(report))
    assert page.open == []
    return page


def rendered(report: Report) -> Page:
    """What GitHub makes of Markdown, as far as CommonMark with tables goes."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return Page(reader.render(markdown_of(report)))


def of_example(*roots: str, direction: str = "UPSTREAM", **more: Any) -> Report:
    values = {"roots": roots, "direction": direction, **more}
    answer = execute(FakeStore(example_knowledge()), EVERYTHING, saved_queries()["provenance"].text, values)
    return provenance_report(answer["data"]["lineage"], name="report", roots=roots, direction=direction)


def run(name: str, **more: Any) -> dict[str, Any]:
    plain = {"id": name, "uid": f"uid-{name}", "displayName": name, "namespace": "a", "phase": "SUCCEEDED"}
    times = {"startedAt": "2026-11-14T08:00:00Z", "finishedAt": "2026-11-14T09:30:00.5Z"}
    unknown = {"fingerprint": None, "fingerprintMissing": ["an image of train"], "pipelineVersion": None}
    return {**plain, **times, **unknown, **more}


def change(kind: str, step: str | None, path: str, *, causal: bool = False, **more: Any) -> dict[str, Any]:
    plain = {"kind": kind, "step": step, "steps": [step] if step else [], "path": path, "before": "1", "after": "2"}
    return {**plain, "causal": causal, "detail": None, **more}


def of_changes(*changes: dict[str, Any], identical: bool = False, not_compared: Sequence[str] = ()) -> Report:
    runs = {"base": run("monday"), "target": run("tuesday")}
    return difference_report({**runs, "identical": identical, "changes": changes, "notCompared": not_compared})


def check(id: str, verdict: str, **more: Any) -> dict[str, Any]:
    plain = {"id": id, "title": f"question {id}", "verdict": verdict, "blocks": "TRACEABLE", "reason": f"because {id}"}
    weight = {"severity": more.get("blocks") or "WARNING", "counts": [{"verdict": verdict, "count": 2}]}
    return {**plain, **weight, "evidence": [], "evidenceTotal": len(more.get("evidence", ())), "remedy": None, **more}


def evidence(value: str | None = "x", subject: str | None = NIGHTLY.id) -> dict[str, Any]:
    where = {"subject": subject, "path": "status.phase", "value": value, "observedAt": "2026-11-14T08:00:00Z"}
    return {**where, "kind": "Workflow", "uid": "u1", "version": None}


def of_checks(
    *checks: dict[str, Any], tier: str = "NONE", repeated: str = "UNKNOWN", reuses: Sequence[Any] = ()
) -> Report:
    cached = {"totalCount": len(reuses), "nodes": reuses}
    audit = {
        "run": run("monday", executions=cached),
        "tier": tier,
        "repeated": repeated,
        "policy": "default",
        "asOf": "2026-11-15T00:00:00Z",
    }
    return audit_report({**audit, "checks": checks})


def section(report: Report, title: str) -> Section:
    (found,) = [section for section in report.sections if section.title == title]
    return found


def table(report: Report, title: str) -> Table:
    (found,) = [block for block in section(report, title).blocks if isinstance(block, Table)]
    return found


def facts(report: Report) -> Mapping[str, Line]:
    (found,) = [block for block in report.sections[0].blocks if isinstance(block, Facts)]
    return dict(found.items)


REPORTS: Mapping[str, Callable[[], Report]] = {
    "provenance": lambda: of_example(REPORT.id, ENDPOINT.id, direction="BOTH"),
    "provenance of a run": lambda: of_example(NIGHTLY.id),
    "provenance cut off": lambda: of_example(REPORT.id, maxDepth=1),
    "difference": lambda: of_changes(
        change("IMAGE", "train", "image", causal=True),
        change("PARAMETER", None, "arguments.epochs", before=None),
        change("SPEC", "train", "args", before="one\n```\ntwo", after="one\n<b>\nthree", detail="two lines"),
        not_compared=["the pods of train"],
    ),
    "no difference": lambda: of_changes(identical=True),
    "audit": lambda: of_checks(
        check("K-01", "FAIL", evidence=[evidence(), evidence(None, None)], remedy="Name images by digest."),
        check("C-01", "PASS", evidence=[evidence(subject="none of ours")]),
        check("D-06", "NOT_APPLICABLE", blocks=None),
    ),
    "trends": lambda: trends_report([a_regression(), a_trend([1.0, 2.0], metric="loss")], title="trends"),
    "trend of one metric": lambda: trends_report([a_trend([1.0], gaps=[a_gap(2)])], title="trend"),
}
every_report = pytest.mark.parametrize("make", REPORTS.values(), ids=REPORTS)


# ------------------------------------------------------------------------------------------ every report
@every_report
def test_every_link_leads_somewhere_and_every_anchor_is_one_place(make: Callable[[], Report]) -> None:
    for page in (page_of(make()), rendered(make())):
        ids = page.all("id")
        assert len(ids) == len(set(ids))
        assert page.all("href")
        assert {link.removeprefix("#") for link in page.all("href")} <= set(ids)


@every_report
def test_a_page_asks_for_nothing_and_runs_nothing(make: Callable[[], Report]) -> None:
    page = page_of(make())
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & {tag for tag, _ in page.elements}
    assert page.all("src") == []
    assert all(link.startswith("#") for link in page.all("href"))
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "url(" not in html_of(make())


@every_report
def test_the_policy_of_a_page_allows_its_own_styles_and_nothing_else(make: Callable[[], Report]) -> None:
    text = html_of(make())
    (policy,) = [attributes["content"] for _, attributes in Page(text).elements if "http-equiv" in attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for style in re.findall(r"<style>(.*?)</style>", text, re.DOTALL):
        assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert Page(text).all("style") == []


@every_report
def test_the_same_answer_gives_the_same_bytes(make: Callable[[], Report]) -> None:
    assert html_of(make()) == html_of(make())
    assert markdown_of(make()) == markdown_of(make())


@every_report
def test_a_page_and_markdown_say_the_same(make: Callable[[], Report]) -> None:
    def cells(page: Page) -> list[str]:
        return [tag for tag, _ in page.elements if tag in ("td", "th", "h2", "h3", "tr")]

    assert cells(page_of(make())) == cells(rendered(make()))


# ------------------------------------------------------------------------------------------ hostile texts
def of_text(text: str) -> Report:
    """A report that says one text in every way there is."""
    thing = Thing(id="a", kind=Kind.ARTIFACT, title=text, subtitle=text, details=(text,), anchor=text)
    picture = Picture(title=text, things=(thing,), arrows=(), notes=(text,))
    line: Line = (text, Link(text, text), Code(text), Badge(text, Tone.ALARM))
    lines = Changes((f"+{text}", f"-{text}"))
    blocks = (Paragraph(line), lines, Facts(((text, line),)), Table((text,), (Row((line,), text),)), Figure(picture))
    return Report(text, (Section(text, "anchor", blocks), Section(text, "part", blocks, is_part=True)))


@given(ANY_TEXT)
@example(HOSTILE)
def test_no_text_becomes_markup(text: str) -> None:
    plain = page_of(of_text("plain"))
    hostile = page_of(of_text(text))
    tags = [tag for tag, _ in plain.elements if tag != "text"]  # a note may have lines
    assert [tag for tag, _ in hostile.elements if tag != "text"] == tags
    assert {name for _, found in hostile.elements for name in found} <= {
        name for _, found in plain.elements for name in found
    }


@given(ANY_TEXT)
@example(HOSTILE)
def test_no_text_becomes_markup_of_markdown(text: str) -> None:
    tags = [tag for tag, _ in rendered(of_text("plain")).elements if tag != "br"]  # code may have lines
    assert [tag for tag, _ in rendered(of_text(text)).elements if tag != "br"] == tags


@pytest.mark.parametrize("text", [HOSTILE, *MARKDOWN])
def test_markdown_shows_what_was_written(text: str) -> None:
    shown = rendered(
        Report("title", (Section("section", "anchor", (Paragraph((text,)), Table(("a",), (Row(((text,),)),)))),))
    )
    expected = text.replace("\x00", "\ufffd").replace("\u202e", "\ufffd")
    assert shown.text.count(expected) == 2


@pytest.mark.parametrize("text", MARKDOWN)
def test_a_page_shows_what_was_written(text: str) -> None:
    assert text in page_of(Report("title", (Section("section", "anchor", (Paragraph((text,)),)),))).text


def test_code_keeps_its_lines() -> None:
    report = Report("title", (Section("section", "anchor", (Table(("a",), (Row(((Code("one\ntwo"),),)),)),)),))
    assert "<code>one\ntwo</code>" in html_of(report)
    assert "<code>one<br>two</code>" in markdown_of(report)


# ------------------------------------------------------------------------------------------ provenance
def anchor_of(id: str) -> str:
    """The row of a node, as reports name it."""
    return f"n-{sha256(id.encode()).hexdigest()[:12]}"


def test_every_node_has_a_row_that_is_always_found_in_the_same_way() -> None:
    for page in (page_of(of_example(REPORT.id)), rendered(of_example(REPORT.id))):
        nodes = (RAW, MODEL, TRAIN, EVALUATE, REPORT, NIGHTLY)
        assert {anchor_of(node.id) for node in nodes} <= set(page.all("id"))


@every_report
def test_anchors_are_no_longer_than_names_in_pdf_may_be(make: Callable[[], Report]) -> None:
    assert max(map(len, page_of(make()).all("id"))) <= 127


def test_a_thing_of_the_picture_leads_to_its_row() -> None:
    page = page_of(of_example(REPORT.id))
    inside = [attributes.get("href") for tag, attributes in page.elements if tag == "a"]
    assert f"#{anchor_of(MODEL.id)}" in inside
    (figure,) = [block for block in section(of_example(REPORT.id), "Picture").blocks if isinstance(block, Figure)]
    assert isinstance(figure.picture, Picture)
    assert [thing.anchor for thing in figure.picture.things] == [anchor_of(thing.id) for thing in figure.picture.things]


def test_a_run_that_was_asked_for_leads_to_its_row() -> None:
    assert facts(of_example(NIGHTLY.id))["asked for"] == (Link(NIGHTLY.display_name, anchor_of(NIGHTLY.id)),)


def test_numbers_lead_to_what_they_count() -> None:
    report = of_example(REPORT.id)
    links = [part for part in facts(report)["in it"] if isinstance(part, Link)]
    counted = {link.words.split()[1].rstrip("s"): int(link.words.split()[0]) for link in links}
    titles = {section.anchor: section.title for section in report.sections}
    assert counted == {
        link.words.split()[1].rstrip("s"): len(table(report, titles[link.anchor]).rows) for link in links
    }


def test_what_came_from_outside_is_named() -> None:
    assert facts(of_example(REPORT.id))["from outside every recorded run"] == (Link(RAW.name, anchor_of(RAW.id)),)


def test_what_is_wrong_is_named_above_all() -> None:
    found = graph(execution("a", phase="FAILED"), artifact("b", state="MISSING"), artifact("c"))
    report = provenance_report(found, name="x", roots=["c"], direction="UPSTREAM")
    assert facts(report)["failed, missing or changed"] == (Link("a", anchor_of("a")), ", ", Link("b", anchor_of("b")))


def test_why_anything_is_missing_is_said_and_where_to_go_on() -> None:
    found = graph(execution("a"), complete=False, reasons=["1 node is the most"], frontier=["a", "unknown"], depth=1)
    report = provenance_report(found, name="x", roots=["a"], direction="UPSTREAM")
    assert Badge("NOT COMPLETE", Tone.ALARM) in facts(report)["complete"]
    assert section(report, "What is missing").blocks == (
        Paragraph(("1 node is the most",)),
        Paragraph(("There is more behind ", Link("a", anchor_of("a")), ".")),
    )


def test_how_things_are_tied_stands_in_their_rows() -> None:
    found = graph(
        artifact("data"),
        artifact("found"),
        execution("train"),
        execution("again"),
        edges=[
            {"source": "data", "target": "train", "role": "USED", "name": "table", "inferred": True},
            {"source": "train", "target": "data", "role": "REUSED", "name": "data", "inferred": False},
        ],
        starts=[{"source": "train", "target": "again"}],
        copies=[{"source": "data", "target": "found", "sameBytes": False}],
    )
    shown = page_of(provenance_report(found, name="x", roots=["data"], direction="BOTH")).text
    for words in (
        "train (as table, inferred)",
        "data (from a cache)",
        "again (started)",
        "found (perhaps a copy, of the same content)",
    ):
        assert words in shown


def test_a_column_of_which_nothing_is_known_is_left_out() -> None:
    report = provenance_report(graph(artifact("a", type=None)), name="x", roots=["a"], direction="UPSTREAM")
    assert "type" not in table(report, "Artifacts").columns
    typed = provenance_report(graph(artifact("a", type="Model")), name="x", roots=["a"], direction="UPSTREAM")
    assert "type" in table(typed, "Artifacts").columns


# ------------------------------------------------------------------------------------------ difference
def test_what_could_change_results_leads_to_its_change() -> None:
    report = of_changes(change("PHASE", None, "phase"), change("IMAGE", "train", "image", causal=True))
    ((_, _, where),) = (row.cells for row in table(report, "What could change results").rows)
    assert where == (Link("image", "change-2"),)
    assert [row.anchor for row in table(report, "Images").rows] == ["change-2"]


def test_changes_are_counted_by_step_and_kind() -> None:
    report = of_changes(
        change("IMAGE", "train", "a"), change("IMAGE", "train", "b"), change("PARAMETER", None, "arguments.epochs")
    )
    found = table(report, "Changes by step")
    assert found.columns == ("step", "Images", "Parameters")
    assert [row.cells for row in found.rows] == [
        (("train",), (Link("2", "change-1"),), ("",)),
        (("the run itself",), ("",), (Link("1", "change-3"),)),
    ]


def test_what_was_not_there_is_told_from_what_was_empty() -> None:
    (row,) = table(of_changes(change("PARAMETER", None, "p", before=None, after="")), "Parameters").rows
    assert row.cells[2:4] == (("not there",), (Code(""),))


def test_two_that_are_the_same_say_so() -> None:
    assert facts(of_changes(identical=True))["differences"] == (Badge("IDENTICAL", Tone.GOOD),)


def test_what_was_not_compared_is_said_and_nothing_is_then_called_the_same() -> None:
    report = of_changes(not_compared=["the pods of train"])
    assert "IDENTICAL" not in page_of(report).text
    assert facts(report)["not compared"] == (Link("1 thing", "not-compared"),)
    assert section(report, "What is not compared").blocks == (Paragraph(("the pods of train",)),)


def test_lines_of_a_text_are_shown_as_what_became_of_them() -> None:
    report = of_changes(change("SPEC", "train", "args", before="a\nb\nc", after="a\nB\nc"))
    assert table(report, "Text of the pipeline").rows[0].cells[2] == (Link("its lines are below", "change-1-lines"),)
    (changes,) = section(report, "train: args").blocks
    assert changes == Changes(("@@ -1,3 +1,3 @@", " a", "-b", "+B", " c"))
    assert "<del>-b</del>" in html_of(report)
    assert "```diff\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n```" in markdown_of(report)


def test_a_change_that_was_looked_for_in_several_steps_names_them() -> None:
    report = of_changes(change("IMAGE", "train", "image", steps=["train(0)", "train(1)"]))
    assert table(report, "Images").rows[0].cells[0] == ("train (train(0), train(1))",)


def test_a_kind_of_a_later_release_is_shown_too() -> None:
    assert table(of_changes(change("WEATHER", None, "sky")), "WEATHER").rows


# ------------------------------------------------------------------------------------------ audit
def test_every_verdict_leads_to_its_evidence() -> None:
    report = of_checks(check("C-01", "PASS", evidence=[evidence("a"), evidence("b")]))
    (row,) = table(report, "Pass").rows
    assert row.cells[-1] == (Link("2", "C-01-1"),)
    assert [row.anchor for row in table(report, "C-01 question C-01").rows] == ["C-01-1", "C-01-2"]


def test_what_is_not_shown_of_the_evidence_is_said() -> None:
    report = of_checks(check("C-01", "PASS", evidence=[evidence()], evidenceTotal=1234))
    assert Paragraph(("1 of 1,234 pieces are shown.",)) in section(report, "C-01 question C-01").blocks
    assert table(report, "Pass").rows[0].cells[-1] == (Link("1,234", "C-01-1"),)


def test_the_object_that_says_so_stands_beside_what_it_says() -> None:
    report = of_checks(check("C-01", "PASS", evidence=[evidence()]))
    assert table(report, "C-01 question C-01").rows[0].cells[-1] == (Code("Workflow\nu1"),)


def test_what_needs_somebody_stands_first() -> None:
    verdicts = ("PASS", "NOT_APPLICABLE", "WAIVED", "FAIL", "UNKNOWN")
    report = of_checks(*(check(f"C-0{number}", verdict) for number, verdict in enumerate(verdicts)))
    assert [section.title for section in report.sections[2:7]] == [
        "Fail",
        "Unknown",
        "Waived",
        "Pass",
        "Not applicable",
    ]


def test_what_keeps_a_run_from_the_next_tiers_is_told_with_what_to_do() -> None:
    report = of_checks(
        check("C-01", "PASS"),
        check("K-03", "FAIL", blocks="RE_EXECUTABLE", remedy="Name images by digest."),
        check("G-01", "UNKNOWN", blocks="VERIFIED"),
        check("K-05", "FAIL", blocks=None),
        tier="TRACEABLE",
    )
    assert [(row.cells[0], row.cells[1], row.cells[3]) for row in table(report, "In the way").rows] == [
        (("RE_EXECUTABLE",), (Link("K-03 question K-03", "K-03"),), ("Name images by digest.",)),
        (("VERIFIED",), (Link("G-01 question G-01", "G-01"),), ("–",)),
    ]


def test_what_was_taken_from_a_cache_is_judged() -> None:
    source = {"displayName": "train", "run": {"displayName": "sunday"}}
    reuse = {"verdict": "STALE", "reason": "the image is another", "ageSeconds": 93_600.0, "source": source}
    images = {"imageThen": "sha256:1", "imageNow": None}
    report = of_checks(
        reuses=[{"displayName": "train", "reuse": {**reuse, **images}}, {"displayName": "x", "reuse": None}]
    )
    assert [row.cells for row in table(report, "Taken from a cache").rows] == [
        (
            ("train",),
            (Badge("STALE", Tone.NOTICE),),
            ("the image is another",),
            ("train of sunday",),
            ("1 d 2 h",),
            (Code("sha256:1"),),
        )
    ]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(None, "–"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3_600, "1 h 0 min"), (200_000, "2 d 7 h")],
)
def test_durations_are_written_in_the_two_units_that_matter(seconds: float | None, written: str) -> None:
    assert duration(seconds) == written


def test_a_waiver_is_no_pass() -> None:
    assert table(of_checks(check("C-01", "WAIVED")), "In the way").rows


def test_a_run_with_nothing_in_the_way_is_not_told_of_any() -> None:
    assert "In the way" not in {section.title for section in of_checks(check("C-01", "PASS"), tier="VERIFIED").sections}


def test_a_subject_is_told_by_what_its_id_is_made_of() -> None:
    report = of_checks(
        check("C-01", "PASS", evidence=[evidence(), evidence(subject="none of ours"), evidence(subject=None)])
    )
    assert [row.cells[0] for row in table(report, "C-01 question C-01").rows] == [
        ("Run ", Code("5f3c2a10-nightly")),
        (Code("none of ours"),),
        ("–",),
    ]
