"""Metric files and parameters: what counts, and what is set aside with its reason, while the rest counts."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.evidence import MetricValue, Said, SetAside
from lineage.metrics import (
    is_metric_file,
    read_json_file,
    read_kubeflow_metrics,
    read_parameters,
)
from lineage.model import Parameter, Special
from tests.archives import gz, tar, tar_gz, zipped

NAN, INFINITY, NEGATIVE = Special.NAN, Special.INFINITY, Special.NEGATIVE_INFINITY


def file_of(*metrics: object) -> bytes:
    return json.dumps({"metrics": metrics}).encode()


def numbers(found: Said) -> dict[str, float | Special | None]:
    """The values by name, where there is no series."""
    assert len({value.name for value in found.values}) == len(found.values)
    return {value.name: value.special or value.value for value in found.values}


def series(found: Said, name: str) -> dict[int, float | Special | None]:
    return {value.step: value.special or value.value for value in found.values if value.name == name}


def reasons(found: Said) -> dict[str, str]:
    return {one.place: one.reason for one in found.set_aside}


# ------------------------------------------------------------------------------------------ mlpipeline-metrics
def test_what_kubeflow_reads_is_read(fixtures: Path) -> None:
    data = (fixtures / "kfp-v1-metrics" / "accuracy-logloss.json").read_bytes()
    assert read_kubeflow_metrics(tar_gz({"mlpipeline-metrics.json": data})) == Said(
        values=(MetricValue(name="accuracy", value=0.77), MetricValue(name="logloss", value=1.2))
    )


def test_what_kubeflow_refuses_of_a_file_is_set_aside_and_the_rest_counts(fixtures: Path) -> None:
    data = (fixtures / "kfp-v1-metrics" / "duplicate-and-bad-name.json").read_bytes()
    found = read_kubeflow_metrics(data)
    assert numbers(found) == {"accuracy": 0.77}
    assert reasons(found) == {
        "metrics[1].name": "'log loss' is no name of a metric: a letter, then letters, digits, - and _, at most 64 of "
        "them, the last no sign",
        "metrics[2]": "'accuracy' is there twice: the first counts",
    }


def test_recorded_files_that_are_valid_or_not_are_told_apart(fixtures: Path) -> None:
    for case in json.loads((fixtures / "kfp-v1-metrics" / "invalid-json-and-null.json").read_bytes()):
        found = read_kubeflow_metrics(case["input"].encode())
        assert bool(found.set_aside) is not case["valid"]
        assert found.values == ()


def test_the_file_may_be_packed_in_any_way() -> None:
    data = file_of({"name": "accuracy", "numberValue": 0.9})
    for packed in (data, gz(data), tar({"data": data}), tar_gz({"a/data": data}), zipped({"data": data})):
        assert numbers(read_kubeflow_metrics(packed)) == {"accuracy": 0.9}


def test_both_spellings_and_the_formats_are_read() -> None:
    found = read_kubeflow_metrics(
        json.dumps(
            {
                "run_id": "ignored",
                "metrics": [
                    {"name": "a", "numberValue": 0.5, "format": "RAW"},
                    {"name": "b", "number_value": 0.5, "format": "PERCENTAGE"},
                    {"name": "c", "numberValue": "1e-3", "format": 2, "nodeId": "ignored"},
                    {"name": "d", "numberValue": 1, "format": "UNSPECIFIED"},
                ],
            }
        ).encode()
    )
    assert found.set_aside == ()
    assert numbers(found) == {"a": 0.5, "b": 0.5, "c": 0.001, "d": 1.0}
    assert [value.is_percentage for value in found.values] == [False, True, True, False]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("NaN", NAN), ("Infinity", INFINITY), ("-Infinity", NEGATIVE), ('"NaN"', NAN), ('"-Infinity"', NEGATIVE)],
)
def test_what_is_no_number_is_kept_apart(written: str, expected: Special) -> None:
    found = read_kubeflow_metrics(f'{{"metrics": [{{"name": "loss", "numberValue": {written}}}]}}'.encode())
    assert found == Said(values=(MetricValue(name="loss", value=None, special=expected),))


@pytest.mark.parametrize(
    ("metric", "place", "reason"),
    [
        ({"numberValue": 1}, "metrics[0].name", "it is missing"),
        ({"name": 7, "numberValue": 1}, "metrics[0].name", "it is no text"),
        ({"name": "a"}, "metrics[0].numberValue", "it is missing"),
        ({"name": "a", "numberValue": None}, "metrics[0].numberValue", "it is missing"),
        ({"name": "a", "numberValue": True}, "metrics[0].numberValue", "it is no number that a double holds"),
        ({"name": "a", "number_value": "high"}, "metrics[0].number_value", "it is no number that a double holds"),
        ({"name": "a", "numberValue": [1]}, "metrics[0].numberValue", "it is no number that a double holds"),
        ({"name": "a", "numberValue": 1, "format": "PERCENT"}, "metrics[0].format", "it is neither RAW nor PERCENTAGE"),
        ({"name": "a", "numberValue": 1, "format": []}, "metrics[0].format", "it is neither RAW nor PERCENTAGE"),
        (["a", 1], "metrics[0]", "it is no JSON object"),
    ],
)
def test_a_broken_metric_is_set_aside_and_the_others_count(metric: object, place: str, reason: str) -> None:
    found = read_kubeflow_metrics(file_of(metric, {"name": "good", "numberValue": 1}))
    assert numbers(found) == {"good": 1.0}
    assert found.set_aside == (SetAside(place, reason),)


@pytest.mark.parametrize("name", ["", "1st", "a b", "a-", "_a", "a" * 65, "a.b", "ü", "a\n"])
def test_names_that_break_the_rule_are_set_aside(name: str) -> None:
    found = read_kubeflow_metrics(file_of({"name": name, "numberValue": 1}))
    assert found.values == ()
    assert "is no name of a metric" in reasons(found)["metrics[0].name"]


@pytest.mark.parametrize("name", ["a", "A1", "log-loss", "log_loss", "a" * 64])
def test_names_that_keep_the_rule_count(name: str) -> None:
    assert numbers(read_kubeflow_metrics(file_of({"name": name, "numberValue": 1}))) == {name: 1.0}


def test_numbers_beyond_a_double_are_no_infinities() -> None:
    for written in ("1e400", "-1e400", "9" * 400, '"1e400"'):
        found = read_kubeflow_metrics(f'{{"metrics": [{{"name": "a", "numberValue": {written}}}]}}'.encode())
        assert reasons(found) == {"metrics[0].numberValue": "it is no number that a double holds"}


def test_only_the_first_fifty_count_and_that_is_said() -> None:
    found = read_kubeflow_metrics(file_of(*({"name": f"m{number}", "numberValue": number} for number in range(60))))
    assert list(numbers(found)) == [f"m{number}" for number in range(50)]
    assert reasons(found) == {"metrics[50]": "50 metrics of a file count, and 10 more are there"}


def test_members_that_there_should_not_be_are_set_aside_and_the_metrics_count() -> None:
    data = b'{"metrics": [{"name": "a", "numberValue": 1, "unit": "m", "name": "b"}], "more": 1, "metrics": []} behind'
    found = read_kubeflow_metrics(data)
    assert numbers(found) == {"a": 1.0}
    assert reasons(found) == {
        "more": "there is no such member",
        "metrics": "it is there twice: the first counts",
        "metrics[0].unit": "there is no such member",
        "metrics[0].name": "it is there twice: the first counts",
        "": "something stands behind the JSON object",
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "line 1, column 1"),
        (b"accuracy: 0.9", "line 1, column 1"),
        (b'{"metrics": [', "line 1, column 14"),
        (b'{"metrics": "\xff"}', "byte 13 is no UTF-8"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[1]", "it is no JSON object"),
        (b'{"metrics": {}}', "it is no list"),
        (bytes(2**21), "it unpacks to more than 1024 KiB"),
        (tar_gz({"a": b"{}", "b": b"{}"}), "it holds 2 files, and should hold one"),
        (tar_gz({"a": bytes(2**22)}), "it unpacks to more than"),
        (tar_gz({"a": b"{}"})[:-20], "it ends in the middle"),
    ],
    ids=["empty", "text", "cut", "no UTF-8", "deep", "list", "no list", "long", "two files", "bomb", "cut off"],
)
def test_a_file_that_cannot_be_read_has_a_reason(data: bytes, reason: str) -> None:
    found = read_kubeflow_metrics(data)
    assert found.values == ()
    assert len(found.set_aside) == 1
    assert found.set_aside[0].reason.startswith(reason)


# ------------------------------------------------------------------------------------------ metrics.json
def test_flat_and_nested_numbers_are_metrics_and_texts_describe_them() -> None:
    document = {
        "model": "xgboost",
        "is_best": True,
        "note": None,
        "accuracy": 0.93,
        "test": {"f1": {"macro": 0.5}, "n": 7},
    }
    assert read_json_file(json.dumps(document).encode()) == Said(
        values=(
            MetricValue(name="accuracy", value=0.93),
            MetricValue(name="test.f1.macro", value=0.5),
            MetricValue(name="test.n", value=7.0),
        )
    )


def test_a_list_of_numbers_is_a_series() -> None:
    found = read_json_file(b'{"loss": [0.9, NaN, 0.5], "val": {"loss": [1, 2]}}')
    assert series(found, "loss") == {0: 0.9, 1: NAN, 2: 0.5}
    assert series(found, "val.loss") == {0: 1.0, 1: 2.0}


@pytest.mark.parametrize("step", ["step", "epoch", "iteration", "global_step"])
def test_objects_that_name_their_step_are_a_series(step: str) -> None:
    rows = [{step: 10, "loss": 0.9, "eval": {"auc": 0.5}}, {step: 20, "loss": 0.7, "eval": {"auc": 0.6}}]
    for data in (rows, {"history": rows}):
        found = read_json_file(json.dumps(data).encode())
        prefix = "" if data is rows else "history."
        assert series(found, f"{prefix}loss") == {10: 0.9, 20: 0.7}
        assert series(found, f"{prefix}eval.auc") == {10: 0.5, 20: 0.6}
        assert {value.name for value in found.values} == {f"{prefix}loss", f"{prefix}eval.auc"}
    lines = "\n".join(json.dumps(row) for row in rows)
    assert read_json_file(lines.encode()) == read_json_file(json.dumps(rows).encode())


def test_a_file_in_the_form_of_kubeflow_keeps_its_rules() -> None:
    data = file_of(
        {"name": "accuracy", "numberValue": 0.9, "format": "PERCENTAGE"}, {"name": "log loss", "numberValue": 1}
    )
    assert read_json_file(data) == read_kubeflow_metrics(data)
    assert numbers(read_json_file(data)) == {"accuracy": 0.9}


def test_what_is_no_number_is_kept_apart_here_too() -> None:
    found = read_json_file(b'{"a": NaN, "b": "Infinity", "c": -Infinity, "d": "nan of bread"}')
    assert numbers(found) == {"a": NAN, "b": INFINITY, "c": NEGATIVE}


@pytest.mark.parametrize(
    ("data", "place", "reason"),
    [
        (b"0.93", "", "it has no name"),
        (b"[0.9, 0.5]", "[0]", "it has no name"),
        (b'{"a": [[1, 2], [3, 4]], "good": 1}', "a", "it is a list within a list"),
        (b'[{"step": 1, "a": [1, 2]}]', "[0].a", "it is a list within a list"),
        (b'{"a": 1e400, "good": 1}', "a", "it is a number that no double holds"),
        (b'{"a": {"b": 1}, "a.b": 2}', "a.b", "'a.b' is there twice: the first counts"),
        (b'{"a": 1, "a": 2}', "a", "it is there twice: the first counts"),
        (b'[{"step": 1, "a": 1}, {"step": 1, "a": 2}]', "[1].a", "'a' is there twice at step 1: the first counts"),
        (b'{"' + b"x" * 251 + b'": 1}', "x" * 250, "its name has more than 250 characters"),
        (b'{"a":' * 12 + b"1" + b"}" * 12, "a.a.a.a.a.a.a.a.a.a.a", "it lies more than 10 levels deep"),
        (b'{"good": 1} and more', "", "line 1, column 13: Expecting value"),
        (b'{"good": 1, "a\\u0000b": 1}', "a\0b", "its name has characters that cannot be shown"),
        (b'{"good": 1, "\\ud800": 1}', "?", "its name has characters that cannot be shown"),
        (b"no JSON", "", "line 1, column 1: Expecting value"),
    ],
)
def test_what_does_not_count_has_its_place_and_reason(data: bytes, place: str, reason: str) -> None:
    found = read_json_file(data)
    assert (place, reason) in {(one.place, one.reason) for one in found.set_aside}
    assert ("good" in numbers(found)) is (b"good" in data)


def test_a_very_long_series_is_cut_and_that_is_said() -> None:
    found = read_json_file(json.dumps({"loss": list(range(10_010))}).encode())
    assert len(found.values) == 10_000
    assert reasons(found) == {"": "10,000 values of a file count, and 10 more are there"}


def test_of_very_many_reasons_the_first_are_kept() -> None:
    found = read_json_file(json.dumps([1.0] * 500).encode())
    assert len(found.set_aside) == 101
    assert found.set_aside[-1].reason == "400 more were set aside"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("metrics.json", True),
        ("run/out/metrics.json", True),
        ("eval-metrics.json", True),
        ("test_metrics.json", True),
        ("metrics.json.bak", False),
        ("mymetrics.json", False),
        ("params.json", False),
    ],
)
def test_metric_files_are_told_by_their_names(name: str, expected: bool) -> None:
    assert is_metric_file(name) is expected


def test_the_user_may_name_other_files() -> None:
    assert is_metric_file("scores/eval.json", ["eval*.json"])
    assert not is_metric_file("metrics.json", ["eval*.json"])


# ------------------------------------------------------------------------------------------ parameters
def parameters(**values: str | None) -> list[Parameter]:
    return [Parameter(name=name.replace("__", "-"), value=value) for name, value in values.items()]


def test_parameters_of_known_names_that_hold_a_number_are_metrics() -> None:
    found = read_parameters(
        parameters(
            accuracy="0.93", val_loss=" 1e-3\n", rocAuc="NaN", F1="-inf", epochs="14", model="s3://b/k", rmse=None
        )
    )
    assert numbers(found) == {"accuracy": 0.93, "val_loss": 0.001, "rocAuc": NAN, "F1": NEGATIVE}
    assert found.set_aside == ()


def test_the_name_of_the_step_is_no_part_of_the_metric() -> None:
    assert numbers(read_parameters(parameters(train__accuracy="0.9"), template="train")) == {"accuracy": 0.9}
    assert numbers(read_parameters(parameters(train__accuracy="0.9"))) == {"train-accuracy": 0.9}


def test_a_known_name_without_a_number_has_a_reason() -> None:
    found = read_parameters(parameters(loss="high", accuracy="93%", auc="1,5", rmse="1e999", mae="0.1 0.2", r2="١"))
    assert found.values == ()
    assert set(reasons(found)) == {"loss", "accuracy", "auc", "rmse", "mae", "r2"}
    assert set(reasons(found).values()) == {"it holds no number"}


def test_the_user_may_name_other_parameters() -> None:
    found = read_parameters(parameters(lift="1.2", accuracy="0.9"), names=["lift"])
    assert numbers(found) == {"lift": 1.2}


def test_a_secret_is_no_metric() -> None:
    secret = Parameter(name="accuracy", value="redacted:0123456789ab:0123", redacted=True)
    assert read_parameters([secret]) == Said()


def test_a_parameter_with_a_name_that_no_index_holds_is_set_aside_and_the_rest_counts() -> None:
    longest, longer = ("x" * (length - len("_loss")) + "_loss" for length in (250, 251))
    found = read_parameters(parameters(**{longest: "0.1", longer: "0.2"}))
    assert numbers(found) == {longest: 0.1}
    assert reasons(found) == {longer[:250]: "its name has more than 250 characters"}


# ------------------------------------------------------------------------------------------ whatever it is
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["metrics", "name", "numberValue", "format", "step", "a", ""]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON.map(json.dumps).map(str.encode) | st.binary(max_size=200))
def test_no_file_raises_and_every_value_is_a_number_or_what_it_is_instead(data: bytes) -> None:
    for found in (read_kubeflow_metrics(data), read_json_file(data)):
        for value in found.values:
            assert (value.value is None) is (value.special is not None)
            assert value.name
            assert value.step >= 0
        assert len({(value.name, value.step) for value in found.values}) == len(found.values)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"\A[a-zA-Z]([-_a-zA-Z0-9]{0,62}[a-zA-Z0-9])?\Z"), st.floats(allow_nan=False), max_size=50
    )
)
def test_every_file_that_keeps_the_rules_is_read_whole(values: dict[str, float]) -> None:
    found = read_kubeflow_metrics(file_of(*({"name": name, "numberValue": value} for name, value in values.items())))
    assert found.set_aside == ()
    signs = {float("inf"): INFINITY, float("-inf"): NEGATIVE}
    assert numbers(found) == {name: signs.get(value, value) for name, value in values.items()}
