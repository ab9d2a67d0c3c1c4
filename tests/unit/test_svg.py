"""Pictures as SVG: they show what there is, fit, and are harmless whatever things are called."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.drawing.picture import Arrow, Kind, Mark, Picture, Thing, Tone
from lineage.drawing.svg import svg_of
from lineage.drawing.words import fitted, harmless, lines_of, width_of

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {"svg", "title", "style", "rect", "g", "path", "text"}
ANY_TEXT = st.text(st.characters(codec=None), max_size=40)  # halves of characters and controls, too
HOSTILE = '</text></title></svg><script>alert(1)</script><a href="javascript:0" onload=x>&amp;\'"]]>\x00\x1b[31m\u202e'


def thing(name: str, **more: object) -> Thing:
    return Thing(**({"id": name, "kind": Kind.EXECUTION, "title": name} | more))  # type: ignore[arg-type]


def picture(*things: Thing, arrows: tuple[Arrow, ...] = (), notes: tuple[str, ...] = ()) -> Picture:
    return Picture(title="a picture", things=things, arrows=arrows, notes=notes)


def drawn(what: Picture) -> ET.Element:
    """Draw a picture, and read what came of it."""
    return ET.fromstring(svg_of(what))  # noqa: S314 - what we have just written


def classes(found: ET.Element) -> set[str]:
    return {name for each in found.iter() for name in each.get("class", "").split()}


def words(found: ET.Element) -> list[str]:
    return [text.text or "" for text in found.iter(f"{SVG}text")]


# ------------------------------------------------------------------------------------------ what is shown
def test_a_thing_shows_its_title_and_what_stands_below() -> None:
    found = drawn(picture(thing("train", subtitle="churn-nightly-1")))
    assert {"train", "churn-nightly-1"} <= set(words(found))


def test_who_points_at_a_thing_is_told_all_of_it() -> None:
    long = "a-name-that-is-much-too-long-for-any-box-" * 5
    found = drawn(picture(thing(long, details=("phase: FAILED", "namespace: a"))))
    assert [title.text for title in found.iter(f"{SVG}title")][1] == f"execution {long}\nphase: FAILED\nnamespace: a"


def test_who_points_at_an_arrow_is_told_from_where_to_where_and_as_what() -> None:
    arrow = Arrow(source="a", target="b", label="written as model")
    titles = [title.text for title in drawn(picture(thing("a"), thing("b"), arrows=(arrow,))).iter(f"{SVG}title")]
    assert "a → b: written as model" in titles


def test_what_is_wrong_says_so_in_a_word() -> None:
    found = drawn(picture(thing("train", marks=(Mark(text="FAILED", tone=Tone.ALARM),))))
    assert "FAILED" in words(found)
    assert "wrong" in classes(found)


def test_what_was_asked_for_is_told_apart() -> None:
    assert "asked" in classes(drawn(picture(thing("a", is_asked_for=True))))
    assert "asked" not in classes(drawn(picture(thing("a"))))


def test_dashes_are_explained_where_there_are_any() -> None:
    solid, dashed = (Arrow(source="a", target="b", is_dashed=is_dashed) for is_dashed in (False, True))
    assert not [word for word in words(drawn(picture(thing("a"), thing("b"), arrows=(solid,)))) if "record" in word]
    found = drawn(picture(thing("a"), thing("b"), arrows=(dashed,)))
    assert [word for word in words(found) if "not by record" in word]
    assert "dashed" in classes(found)


def test_the_shapes_that_are_used_are_explained() -> None:
    shown = set(words(drawn(picture(thing("a"), thing("b", kind=Kind.ARTIFACT)))))
    assert {"execution", "artifact"} <= shown
    assert "deployment" not in shown


def test_things_of_one_group_have_one_colour() -> None:
    found = svg_of(picture(*(thing(name, group=name[0]) for name in ("a1", "a2", "b1"))))
    assert re.findall(r'class="(hue\d)"', found) == ["hue0", "hue0", "hue1"]


def test_notes_are_broken_into_lines_and_none_is_lost() -> None:
    note = "Not complete: " + " ".join(f"reason-{number}" for number in range(60))
    found = drawn(picture(thing("a"), notes=(note,)))
    assert " ".join(word for word in words(found) if "reason" in word) == note


def test_an_empty_picture_is_one() -> None:
    assert drawn(picture()).tag == f"{SVG}svg"


# ------------------------------------------------------------------------------------------ harmless
def test_a_picture_asks_for_nothing_and_runs_nothing() -> None:
    text = svg_of(picture(thing("a"), thing("b"), arrows=(Arrow(source="a", target="b"),)))
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|href|url\(|@import|\son\w+=|\sid=", text)


@given(ANY_TEXT)
def test_no_text_becomes_anything_but_text(text: str) -> None:
    one = thing("a", title=text, subtitle=text, group=text, details=(text,), marks=(Mark(text=text),))
    other = thing("b", title=HOSTILE + text, kind=Kind.ARTIFACT)
    arrows = (Arrow(source="a", target="b", label=text),)
    found = drawn(Picture(title=text, things=(one, other), arrows=arrows, notes=(text,)))
    assert {each.tag.removeprefix(SVG) for each in found.iter()} <= DRAWN
    assert not [name for each in found.iter() for name in each.attrib if name.startswith(("on", "href", "id", "{"))]


@given(ANY_TEXT)
def test_what_steers_a_reader_is_replaced(text: str) -> None:
    assert harmless(text).isprintable()


def test_plain_text_of_any_script_stays_as_it_is() -> None:
    text = "Modèle für 模型 и модель, ελληνικά 🚀"
    assert harmless(text) == text


# ------------------------------------------------------------------------------------------ fits
@given(ANY_TEXT, st.floats(20, 300))
def test_a_text_is_shortened_until_it_fits(text: str, width: float) -> None:
    assert width_of(fitted(text, 13, width), 13) <= max(width, width_of("…", 13))


def test_both_ends_of_a_text_are_kept() -> None:
    short = fitted("s3://ml-artifacts/models/churn/1795311000/model.tgz", 11, 150)
    assert short.startswith("s3://")
    assert "…" in short
    assert short.endswith("model.tgz")


@given(ANY_TEXT)
def test_lines_hold_all_that_is_not_shortened(text: str) -> None:
    assert " ".join(lines_of(text, 12, 100_000)) == " ".join(harmless(text).split())


@pytest.mark.parametrize("marks", [1, 3])
@pytest.mark.parametrize("kind", Kind)
def test_words_end_where_their_box_does(kind: Kind, marks: int) -> None:
    long = "W" * 100
    many = tuple(Mark(text=f"{long[:number]}") for number in range(8, 8 + marks))
    root = drawn(picture(thing("a", kind=kind, title=long, subtitle=long, group="g", marks=many)))
    (box,) = [each for each in root.iter(f"{SVG}svg") if "thing" in each.get("class", "")]
    sizes = {"name": 13 * 1.07, "small": 11}
    for text in box.findall(f"{SVG}text"):
        end = float(text.get("x", 0)) + width_of(text.text or "", sizes[text.get("class", "")])
        assert end <= float(box.get("width", 0))
