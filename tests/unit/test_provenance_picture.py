"""Pictures of provenance: what an answer says, as things and arrows."""

from typing import Any

from lineage.drawing.picture import Kind, Mark, Picture, Thing, Tone
from lineage.drawing.provenance import CUT_OFF, provenance_picture
from lineage.ports import EVERYTHING
from lineage_graphql import execute, saved_queries
from tests.example import ENDPOINT, EVALUATE, MODEL, NIGHTLY, RAW, REPORT, TABLE, TRAIN, TRAIN_FAILED, example
from tests.fakes import FakeStore


def asked(*roots: str, **values: Any) -> Picture:
    """Ask the saved query of the example, and make a picture of the answer."""
    answer = execute(FakeStore(example()), EVERYTHING, saved_queries()["provenance"].text, {"roots": roots, **values})
    return provenance_picture(answer["data"]["lineage"], title="a picture", roots=roots)


def graph(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    empty = {
        "nodes": nodes,
        "edges": [],
        "starts": [],
        "copies": [],
        "depth": 0,
        "complete": True,
        "reasons": [],
        "frontier": [],
    }
    return empty | more


def execution(name: str, **more: Any) -> dict[str, Any]:
    run = {"id": "run", "displayName": "nightly", "namespace": "a"}
    plain = {"__typename": "Execution", "id": name, "name": name, "displayName": name, "phase": "SUCCEEDED"}
    return {**plain, "cached": False, "system": False, "startedAt": None, "finishedAt": None, "run": run, **more}


def artifact(name: str, **more: Any) -> dict[str, Any]:
    plain = {"__typename": "Artifact", "id": name, "name": name, "uri": f"s3://b/{name}", "state": "PRESENT"}
    unknown = dict.fromkeys(("type", "digest", "contentDigest", "createdAt", "sizeBytes", "producer"))
    return {**plain, **unknown, **more}


def of(found: Picture, id: str) -> Thing:
    (thing,) = [each for each in found.things if each.id == id]
    return thing


def test_everything_behind_an_artifact_is_drawn_in_the_direction_of_the_data() -> None:
    found = asked(REPORT.id)
    assert {RAW.id, TABLE.id, TRAIN.id, MODEL.id, EVALUATE.id, REPORT.id} <= {thing.id for thing in found.things}
    assert {(TRAIN.id, MODEL.id), (MODEL.id, EVALUATE.id)} <= {(arrow.source, arrow.target) for arrow in found.arrows}


def test_each_thing_is_what_it_is() -> None:
    found = asked(ENDPOINT.id)
    assert [of(found, id).kind for id in (ENDPOINT.id, MODEL.id, TRAIN.id)] == [
        Kind.DEPLOYMENT,
        Kind.ARTIFACT,
        Kind.EXECUTION,
    ]


def test_what_was_asked_for_is_told_apart() -> None:
    assert [thing.id for thing in asked(REPORT.id).things if thing.is_asked_for] == [REPORT.id]


def test_a_run_that_was_asked_for_stands_for_its_executions() -> None:
    marked = {thing.id for thing in asked(NIGHTLY.id, direction="BOTH").things if thing.is_asked_for}
    assert {TRAIN.id, EVALUATE.id} <= marked
    assert MODEL.id not in marked


def test_what_a_run_wrote_is_of_its_group() -> None:
    found = asked(REPORT.id)
    assert of(found, MODEL.id).group == of(found, TRAIN.id).group == NIGHTLY.display_name
    assert of(found, RAW.id).group == ""


def test_what_failed_is_marked() -> None:
    assert of(asked(TRAIN_FAILED.id), TRAIN_FAILED.id).marks == (Mark(text="FAILED", tone=Tone.ALARM),)


def test_what_is_no_longer_what_it_was_is_marked() -> None:
    found = provenance_picture(graph(artifact("a", state="MISSING"), artifact("b", state="CHANGED")), title="")
    assert [mark for thing in found.things for mark in thing.marks] == [
        Mark(text="MISSING", tone=Tone.ALARM),
        Mark(text="CHANGED", tone=Tone.ALARM),
    ]


def test_what_was_cut_off_is_marked_and_said_below() -> None:
    found = provenance_picture(
        graph(execution("a", cached=True), complete=False, reasons=["1 node is the most"], frontier=["a"]), title=""
    )
    assert found.things[0].marks == (Mark(text="CACHED"), CUT_OFF)
    assert found.notes == ("Not complete: 1 node is the most.",)


def test_what_is_no_record_is_dashed() -> None:
    role = {"role": "USED", "name": "data"}
    found = provenance_picture(
        graph(
            execution("a"),
            execution("b"),
            artifact("c"),
            artifact("d"),
            edges=[
                {"source": "c", "target": "a", "inferred": False, **role},
                {"source": "c", "target": "b", "inferred": True, **role},
            ],
            starts=[{"source": "a", "target": "b"}],
            copies=[{"source": "c", "target": "d", "sameBytes": True}],
        ),
        title="",
    )
    assert [(arrow.label, arrow.is_dashed) for arrow in found.arrows] == [
        ("read as data", False),
        ("read as data (inferred)", True),
        ("started", True),
        ("perhaps a copy, of the same bytes", True),
    ]


def test_what_may_not_be_seen_is_drawn_as_such() -> None:
    found = provenance_picture(graph({"__typename": "Hidden", "id": "x", "name": "hidden"}), title="")
    assert found.things[0].kind is Kind.HIDDEN
