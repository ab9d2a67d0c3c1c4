"""Fingerprints in a store: computed once a run has ended, whatever the order in which its parts became known."""

from dataclasses import replace
from random import Random
from typing import Final

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lineage.fingerprints import Fingerprint
from lineage.identity import Key, run_key
from lineage.model import Execution
from lineage.ports import EVERYTHING, AllOf, Condition, LineageStore, Listing, Operator, PageRequest, Scope
from tests.factories import a_store, record
from tests.training_run import Training

FIRST: Final = Training()
SECOND: Final = Training(uid="u2", name="training-xyz99", born=5000)
ALL: Final = PageRequest(first=100)

pytestmark = pytest.mark.usefixtures("database")


def settled(store: LineageStore) -> LineageStore:
    while store.settle(limit=3):
        pass
    return store


def executions_of(store: LineageStore, uid: str) -> dict[str, Execution]:
    of_run = Condition(field="run", operator=Operator.EQ, value=run_key(uid))
    return {one.display_name: one for one in store.executions(EVERYTHING, Listing(where=of_run), ALL).items}


def fingerprints(store: LineageStore, uid: str) -> dict[str, Fingerprint]:
    """Of a run and its steps, by name."""
    keys: dict[str, Key] = {"": run_key(uid)} | {name: one.key for name, one in executions_of(store, uid).items()}
    found = store.fingerprints(EVERYTHING, list(keys.values()))
    return {name: found[key] for name, key in keys.items() if key in found}


# ------------------------------------------------------------------------------------------ what they depend on
def test_what_does_the_same_has_the_same_fingerprint_whatever_it_is_called() -> None:
    store = settled(a_store(*FIRST.told(), *SECOND.told()))
    mine, theirs = fingerprints(store, "u1"), fingerprints(store, "u2")
    assert mine.keys() == {"", "prepare", "train(0:1)", "train(1:2)", "evaluate"}
    assert mine == theirs
    assert all(one.digest is not None for one in mine.values())
    assert mine["train(0:1)"].digest != mine["train(1:2)"].digest, "they have other seeds"


@pytest.mark.parametrize(
    ("changed", "others"),
    [
        ({"rate": "0.2"}, {"", "train(0:1)", "train(1:2)"}),
        ({"image_word": "patched"}, {"", "train(0:1)", "train(1:2)"}),
        ({"image": "registry.example/train:2"}, {""}),
        ({"environment": {"SEED": "1"}}, {"", "train(0:1)", "train(1:2)"}),
        ({"data": "others"}, {"", "prepare"}),
        ({"data_key": "raw/moved.csv"}, set()),
        ({"outputs": {"prepare": "x"}}, {"train(0:1)", "train(1:2)"}),
        ({"accuracy": "0.8"}, set()),
    ],
)
def test_another_fingerprint_follows_from_what_could_do_something_else(
    changed: dict[str, object], others: set[str]
) -> None:
    second = replace(SECOND, **changed)  # type: ignore[arg-type]  # each is a field of it
    store = settled(a_store(*FIRST.told(), *second.told()))
    mine, theirs = fingerprints(store, "u1"), fingerprints(store, "u2")
    assert {name for name in mine if mine[name].digest != theirs[name].digest} == others


def test_what_is_not_known_is_said() -> None:
    store = settled(a_store(FIRST.workflow(), *FIRST.pods()))
    found = fingerprints(store, "u1")
    assert found[""] == Fingerprint(
        digest=None, missing=("the content of the input in0 of prepare is not known",), outcome=found[""].outcome
    )
    assert found["prepare"].missing == ("the content of the input in0 is not known",)
    store = settled(a_store(FIRST.workflow(), *FIRST.looks()))
    assert fingerprints(store, "u1")["prepare"].missing == (
        "what the container main ran is not known: its pod was not seen",
    )


# ------------------------------------------------------------------------------------------ when they are computed
def test_a_run_has_none_until_it_has_ended() -> None:
    running = FIRST.workflow()
    running["metadata"]["resourceVersion"], running["status"]["phase"] = "1", "Running"
    store = a_store(running, *FIRST.pods(), *FIRST.looks())
    assert (store.settle(limit=10), store.unsettled(EVERYTHING), fingerprints(store, "u1")) == (0, 0, {})
    record(store, FIRST.workflow())
    assert (store.unsettled(EVERYTHING), store.settle(limit=10), store.unsettled(EVERYTHING)) == (1, 1, 0)
    assert fingerprints(store, "u1")[""].digest is not None


def test_nothing_is_computed_again_while_nothing_is_new() -> None:
    store = settled(a_store(*FIRST.told()))
    record(store, *FIRST.told())
    assert store.unsettled(EVERYTHING) == 0


@settings(max_examples=6, phases=(Phase.explicit, Phase.reuse, Phase.generate))  # what is shrunk says no more
@given(st.integers(0, 2**32), st.lists(st.integers(0, 20), max_size=6))
def test_any_order_leaves_the_same_fingerprints(seed: int, pauses: list[int]) -> None:
    told = [*FIRST.told(), *replace(SECOND, rate="0.2", data="others").told()]
    expected = settled(a_store(*told))
    Random(seed).shuffle(told)
    store = a_store()
    for number, one in enumerate([*told, *told[:5]]):
        record(store, one)
        if number in pauses:
            settled(store)
    settled(store)
    for uid in ("u1", "u2"):
        assert fingerprints(store, uid) == fingerprints(expected, uid)


# ------------------------------------------------------------------------------------------ what is alike
def test_lists_are_filtered_by_fingerprint() -> None:
    store = settled(a_store(*FIRST.told(), *SECOND.told(), *replace(SECOND, uid="u3", name="w3", rate="9").told()))
    mine = fingerprints(store, "u1")
    same = Condition(field="fingerprint", operator=Operator.EQ, value=mine[""].digest)
    assert {one.uid for one in store.runs(EVERYTHING, Listing(where=same), ALL).items} == {"u1", "u2"}
    same = Condition(field="fingerprint", operator=Operator.EQ, value=mine["train(0:1)"].digest)
    found = store.executions(EVERYTHING, Listing(where=same), ALL).items
    assert {(one.run_key[1], one.display_name) for one in found} == {("u1", "train(0:1)"), ("u2", "train(0:1)")}
    none = Condition(field="fingerprint", operator=Operator.IS_NULL, value=True)
    of_all = Condition(field="name", operator=Operator.IS_NULL, value=False)
    assert store.runs(EVERYTHING, Listing(where=AllOf((none, of_all))), ALL).items == ()


def test_others_of_the_same_fingerprint_are_found_the_newest_first() -> None:
    third = replace(SECOND, uid="u3", name="training-third", born=9000)
    store = settled(a_store(*FIRST.told(), *SECOND.told(), *third.told()))
    assert store.alike(EVERYTHING, [run_key("u2")], limit=5) == {run_key("u2"): (run_key("u3"), run_key("u1"))}
    assert store.alike(EVERYTHING, [run_key("u2")], limit=1) == {run_key("u2"): (run_key("u3"),)}
    step = executions_of(store, "u1")["prepare"].key
    others = store.alike(EVERYTHING, [step], limit=5)[step]
    assert others == tuple(executions_of(store, uid)["prepare"].key for uid in ("u3", "u2"))
    assert store.alike(Scope(namespaces=frozenset()), [step], limit=5) == {}


def test_executions_of_which_not_the_same_came_out_are_found() -> None:
    second = replace(SECOND, outputs={"train(0:1)": "another model"})
    store = settled(a_store(*FIRST.told(), *second.told()))
    ((digest, members),) = store.unlike(EVERYTHING, pipeline=None, after="", limit=10)
    assert digest == fingerprints(store, "u1")["train(0:1)"].digest
    assert members == [executions_of(store, uid)["train(0:1)"].key for uid in ("u2", "u1")]
    assert store.unlike(EVERYTHING, pipeline=None, after=digest, limit=10) == []
    assert store.unlike(Scope(namespaces=frozenset()), pipeline=None, after="", limit=10) == []


def test_executions_of_which_the_same_came_out_are_not_told() -> None:
    store = settled(a_store(*FIRST.told(), *SECOND.told()))
    assert store.unlike(EVERYTHING, pipeline=None, after="", limit=10) == []
