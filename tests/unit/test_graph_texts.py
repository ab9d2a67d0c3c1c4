"""Pictures as text for Graphviz and Mermaid: all that is in them, and nothing that was made to be more than a name."""

import re

from hypothesis import given
from hypothesis import strategies as st

from lineage.drawing.dot import dot_of
from lineage.drawing.mermaid import mermaid_of
from lineage.drawing.picture import Arrow, Kind, Mark, Picture, Thing, Tone

STEP = Thing(
    id="e",
    kind=Kind.EXECUTION,
    title="train",
    subtitle="nightly",
    marks=(Mark(text="FAILED", tone=Tone.ALARM),),
    is_asked_for=True,
    details=("phase: FAILED",),
)
MODEL = Thing(id="a", kind=Kind.ARTIFACT, title="model", subtitle="s3://b/model.tgz")
PICTURE = Picture(
    title="Provenance of model",
    things=(STEP, MODEL),
    arrows=(Arrow(source="e", target="a", label="written as model"), Arrow(source="a", target="a", is_dashed=True)),
    notes=("Not complete: there is more.",),
)


END = "\\n"
FAILED = "shape=box, penwidth=2.5, color=firebrick"


def test_graphviz_is_told_of_everything() -> None:
    assert dot_of(PICTURE).splitlines() == [
        "digraph lineage {",
        "  rankdir=LR;",
        '  label="Provenance of model\\nNot complete: there is more.";',
        '  node [fontname="Helvetica", fontsize=11];',
        '  edge [fontname="Helvetica", fontsize=9];',
        f'  n0 [label="train{END}nightly{END}FAILED", tooltip="train{END}phase: FAILED", {FAILED}];',
        '  n1 [label="model\\ns3://b/model.tgz", tooltip="model", shape=note];',
        '  n0 -> n1 [label="written as model"];',
        '  n1 -> n1 [label="", style=dashed];',
        "}",
    ]


def test_mermaid_is_told_of_everything() -> None:
    assert mermaid_of(PICTURE).splitlines()[:-3] == [
        "flowchart LR",
        "  accTitle: Provenance of model",
        '  n0["train<br/>nightly<br/>FAILED"]',
        '  n1("model<br/>s3://b/model.tgz")',
        '  n0 -->|"written as model"| n1',
        "  n1 -.-> n1",
        '  note0["Not complete: there is more."]',
        "  class n0 asked",
        "  class n0 alarm",
    ]


def named(text: str) -> Picture:
    """A picture in which everything is called so."""
    things = tuple(
        Thing(id=str(number), kind=kind, title=text, subtitle=text, marks=(Mark(text=text),), details=(text,))
        for number, kind in enumerate(Kind)
    )
    return Picture(title=text, things=things, arrows=(Arrow(source="0", target="1", label=text),), notes=(text,))


HOSTILE = st.text(st.sampled_from(list('"\\]})|;#<>&`*_%\n\r\t{[(-:abn\x1b\u202e\u2028\0')), max_size=30)
QUOTED = re.compile(r'"(?:[^"\\\n]|\\["\\n])*"')


@given(text=HOSTILE)
def test_no_name_ends_the_string_that_it_stands_in_for_graphviz(text: str) -> None:
    plain = QUOTED.sub('""', dot_of(named("x")))
    assert QUOTED.sub('""', dot_of(named(text))) == plain


@given(text=HOSTILE)
def test_no_name_is_more_than_letters_to_mermaid(text: str) -> None:
    found = mermaid_of(named(text))
    assert len(found.splitlines()) == len(mermaid_of(named("x")).splitlines()) - (not text)
    within = re.findall(r'"([^"]*)"', found)
    assert len(within) == len(re.findall(r'"([^"]*)"', mermaid_of(named("x")))) - (not text)
    for one in within:
        assert re.fullmatch(r"(?:#\d+;|<br/>|[^\W_]|[ ,.:/=+-])*", one)


def test_letters_of_any_script_are_written_as_they_are() -> None:
    assert 'n0["Größe 模型<br/>' in mermaid_of(named("Größe 模型"))
    assert '"Größe 模型\\n' in dot_of(named("Größe 模型"))
