"""Event files of TensorBoard: which numbers they hold, over which steps, and that nothing in them is taken amiss."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.evidence import MetricValue
from lineage.identity import Location
from lineage.metrics import reader_of
from lineage.metrics.tensorboard import MAX_VALUES, holds_event_files, read_event_archive, read_event_files
from lineage.model import Special
from lineage.objectstore.directory import DirectoryStore
from lineage.objectstore.looking import look
from lineage.ports import Budget
from tests.archives import tar_gz
from tests.event_files import event, event_file, field, scalar, series, single, tensor, varint, whole

FILE = "events.out.tfevents.1700000000.host"
LATER = "events.out.tfevents.1700000900.host"


def values(data: bytes) -> list[tuple[str, int, float | None]]:
    said = read_event_archive(data)
    assert said.set_aside == ()
    return [(one.name, one.step, one.value) for one in said.values]


# ------------------------------------------------------------------------------------------ numbers
def test_scalars_are_a_series_over_their_steps() -> None:
    assert values(series("loss", [0.9, 0.5, 0.1], first=10, every=10)) == [
        ("loss", 10, 0.9),
        ("loss", 20, 0.5),
        ("loss", 30, 0.1),
    ]


@pytest.mark.parametrize(
    "content",
    [
        whole(1, 1) + field(4, struct.pack("<f", 0.25)),
        whole(1, 2) + field(4, struct.pack("<d", 0.25)),
        whole(1, 1) + single(5, 0.25),
        whole(1, 1) + field(5, struct.pack("<f", 0.25)),
        whole(1, 2) + field(6, struct.pack("<d", 0.25)),
    ],
    ids=["float content", "double content", "float", "packed float", "packed double"],
)
def test_a_tensor_of_one_number_is_a_scalar(content: bytes) -> None:
    assert values(event_file([event(3, tensor("loss", content))])) == [("loss", 3, 0.25)]


@pytest.mark.parametrize("content", [whole(1, 9) + field(10, varint(-7)), whole(1, 3) + whole(7, -7)])
def test_a_whole_number_may_be_below_zero(content: bytes) -> None:
    assert values(event_file([event(3, tensor("change", content))])) == [("change", 3, -7.0)]


def test_tensors_of_other_plugins_and_of_several_numbers_are_passed_over() -> None:
    one, two = field(4, struct.pack("<f", 1.0)), field(4, struct.pack("<ff", 1.0, 2.0))
    others = [
        tensor("picture", whole(1, 1) + one, plugin="images"),
        tensor("weights", whole(1, 1) + two),
        tensor("text", whole(1, 7) + field(8, b"hello"), plugin="text"),
    ]
    assert values(event_file([event(1, *others, tensor("loss", whole(1, 1) + one, plugin=None))])) == [("loss", 1, 1.0)]


def test_what_is_no_number_is_told_as_what_it_is() -> None:
    said = read_event_archive(event_file([event(1, scalar("loss", float("nan")))]))
    assert said.values == (MetricValue(name="loss", value=None, special=Special.NAN, step=1),)


def test_what_is_written_again_at_a_step_counts_as_it_was_written_last() -> None:
    files = {LATER: series("loss", [0.3, 0.2], first=1), FILE: series("loss", [0.9, 0.8, 0.7])}
    assert [(one.step, one.value) for one in read_event_files(files).values] == [(0, 0.9), (1, 0.3), (2, 0.2)]


# ------------------------------------------------------------------------------------------ files
def test_folders_are_runs_where_there_are_several() -> None:
    files = {f"logs/train/{FILE}": series("loss", [0.5]), f"logs/validation/{FILE}": series("loss", [0.6])}
    assert [(one.name, one.value) for one in read_event_files(files).values] == [
        ("train/loss", 0.5),
        ("validation/loss", 0.6),
    ]
    (alone,) = read_event_files({f"logs/train/{FILE}": series("loss", [0.5])}).values
    assert alone.name == "loss"


def test_the_event_files_of_an_archive_are_read_and_the_others_are_not() -> None:
    archive = tar_gz({f"logs/{FILE}": series("loss", [0.5]), "logs/readme.txt": b"hello"})
    assert values(archive) == [("loss", 0, 0.5)]


NAMES = [FILE, "tensorboard", "tensorboard.tgz", "my-tensorboard-logs", "tb_logs", "tb-logs.tgz"]


@pytest.mark.parametrize("name", NAMES)
def test_event_files_are_known_by_their_names(name: str) -> None:
    assert holds_event_files(f"s3://b/run/{name}")
    assert reader_of(Location(store="", uri=f"s3://b/{name}"), (), fetch=lambda _: b"") is not None
    assert reader_of(Location(store="", uri="s3://b/1"), (name,), fetch=lambda _: b"") is not None


@pytest.mark.parametrize("name", ["model.tgz", "board", "events.json", "logs"])
def test_other_files_are_not(name: str) -> None:
    assert not holds_event_files(f"s3://b/tensorboard/{name}")


def test_a_folder_is_read_wherever_such_files_lie_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "bucket" / "run" / "train"
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(series("loss", [0.5, 0.25]))
    (folder / "checkpoint").write_bytes(b"weights")
    store = DirectoryStore(tmp_path, "bucket")
    said = look(store, "run", budget=Budget(size_bytes=2**20, seconds=10)).said
    assert said is not None
    assert [(one.name, one.step, one.value) for one in said.values] == [("loss", 0, 0.5), ("loss", 1, 0.25)]
    (folder / FILE).unlink()
    assert look(store, "run", budget=Budget(size_bytes=2**20, seconds=10)).said is None


# ------------------------------------------------------------------------------------------ what is not as it should be
def test_a_file_that_is_still_being_written_counts_as_far_as_it_is_whole() -> None:
    data = series("loss", [0.9, 0.5])
    for cut in range(1, 30):
        assert values(data[:-cut]) == [("loss", 0, 0.9)]


def test_a_damaged_record_is_told_and_what_came_before_counts() -> None:
    data = bytearray(series("loss", [0.9, 0.5]))
    data[-6] ^= 1
    said = read_event_archive(bytes(data))
    assert [one.value for one in said.values] == [0.9]
    assert [one.reason for one in said.set_aside] == [
        "the record at step 1 is not as it was written: its checksum is another"
    ]


def test_what_is_no_file_of_events_says_so() -> None:
    assert [one.reason for one in read_event_archive(b"a text of some length").set_aside] == ["it is no file of events"]
    assert read_event_archive(b"").values == ()


def test_a_name_that_cannot_be_shown_and_one_that_is_too_long_are_set_aside() -> None:
    said = read_event_archive(event_file([event(0, scalar("a\x07", 1.0), scalar("x" * 300, 1.0), scalar("ok", 1.0))]))
    assert [one.name for one in said.values] == ["ok"]
    assert len(said.set_aside) == 2


def test_of_very_many_values_each_metric_keeps_some_and_its_last() -> None:
    events = [event(step, scalar("loss", 1.0 / (step + 1)), scalar("rare", 2.0)) for step in range(MAX_VALUES)]
    said = read_event_archive(event_file(events))
    assert len(said.values) <= MAX_VALUES
    for name in ("loss", "rare"):
        steps = [one.step for one in said.values if one.name == name]
        assert steps[-1] == MAX_VALUES - 1
        assert len(steps) > MAX_VALUES // 3
    told = f"{len(said.values):,} of {2 * MAX_VALUES:,} values are kept, of each metric evenly"
    assert [one.reason for one in said.set_aside] == [told]


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200), at=st.integers(0, 400))
def test_no_bytes_do_any_harm(data: bytes, at: int) -> None:
    whole_file = series("loss", [0.9, 0.5, 0.1])
    for tried in (data, whole_file[:at] + data + whole_file[at:], event_file([event(1, data)])):
        assert read_event_archive(tried) is not None
