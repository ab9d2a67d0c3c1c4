"""What Kubeflow Pipelines shows of a step: what there is, where it lies, and what the bytes there come to."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.evidence import SetAside
from lineage.identity import Location
from lineage.metrics import Plot, PlotType, as_json, read_plot, read_ui_metadata, source_location
from lineage.metrics.ui_metadata import ConfusionMatrix, Link, Markdown, RocCurve, Table
from tests.archives import gz, tar_gz

MATRIX = {
    "type": "confusion_matrix",
    "format": "csv",
    "schema": [{"name": "target", "type": "CATEGORY"}, {"name": "predicted"}, {"name": "count", "type": "NUMBER"}],
    "labels": ["cat", "dog"],
    "storage": "inline",
    "source": "cat,cat,10\ncat,dog,2\ndog,cat,3\ndog,dog,11\n",
}
ROC = {
    "type": "roc",
    "format": "csv",
    "schema": [{"name": "fpr"}, {"name": "tpr"}, {"name": "thresholds"}],
    "storage": "inline",
    "source": "0.0,0.0,inf\n0.1,0.7,0.5\n1.0,1.0,0.0",
}
TABLE = {
    "type": "table",
    "format": "csv",
    "header": ["id", "text"],
    "storage": "inline",
    "source": '1, one\n2,"two, or\nmore"\n',
}
MARKDOWN = {"type": "markdown", "storage": "inline", "source": "# Result\n"}
PAGE = {"type": "web-app", "storage": "inline", "source": "<html></html>"}


def file_of(*outputs: object) -> bytes:
    return json.dumps({"outputs": outputs}).encode()


def only_plot(output: dict[str, Any]) -> Plot:
    (plot,) = read_ui_metadata(file_of(output)).plots
    return plot


# ------------------------------------------------------------------------------------------ what there is
def test_recorded_files_are_read(fixtures: Path) -> None:
    folder = fixtures / "kfp-v1-metrics"
    found = read_ui_metadata((folder / "ui-metadata-roc-tensorboard-table.json").read_bytes())
    assert [(plot.type, plot.source, plot.is_inline) for plot in found.plots] == [
        (PlotType.ROC, "gs://bucket/roc/roc.csv", False),
        (PlotType.TENSORBOARD, "gs://path/to/logdir", False),
        (PlotType.TABLE, "gs://bucket/table.csv", False),
    ]
    assert found.set_aside == ()
    assert len(read_ui_metadata((folder / "ui-metadata-roc2.json").read_bytes()).plots) == 1


def test_the_file_may_be_packed() -> None:
    data = file_of(MARKDOWN)
    assert read_ui_metadata(tar_gz({"data": data})) == read_ui_metadata(gz(data)) == read_ui_metadata(data)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (7, "it is no JSON object"),
        ({**ROC, "type": "pie"}, "its type 'pie' is none of confusion_matrix, roc, table"),
        ({**ROC, "type": None}, "its type 'None' is none of"),
        ({**ROC, "source": ""}, "it has no source"),
        ({**MATRIX, "labels": None}, "it has no labels, or a schema of less than two columns"),
        ({**MATRIX, "schema": [{"name": "target"}]}, "it has no labels, or a schema of less than two columns"),
        ({**MATRIX, "labels": list(map(str, range(300)))}, "it has 300 labels, and may have 200"),
        ({**ROC, "schema": [{"name": "fpr"}, {"name": "tpr"}]}, "its schema lacks one of the columns fpr, tpr"),
        ({**TABLE, "header": []}, "it has no header"),
        ({**TABLE, "format": "tsv"}, "its format is not csv"),
    ],
)
def test_what_cannot_be_shown_is_set_aside_and_the_rest_is_shown(output: object, reason: str) -> None:
    found = read_ui_metadata(file_of(output, MARKDOWN))
    assert [plot.type for plot in found.plots] == [PlotType.MARKDOWN]
    (set_aside,) = found.set_aside
    assert set_aside.place == "outputs[0]"
    assert set_aside.reason.startswith(reason)


@pytest.mark.parametrize("data", [b"", b"no JSON", b"[]", b"{}", b'{"outputs": 7}', tar_gz({"a": b"", "b": b""})])
def test_a_file_that_cannot_be_read_has_a_reason(data: bytes) -> None:
    found = read_ui_metadata(data)
    assert found.plots == ()
    assert len(found.set_aside) == 1


def test_a_file_shows_so_much_and_says_what_is_left_out() -> None:
    found = read_ui_metadata(file_of(*[MARKDOWN] * 60))
    assert len(found.plots) == 50
    assert found.set_aside == (SetAside("outputs[50]", "50 are shown, and 10 more are there"),)


# ------------------------------------------------------------------------------------------ where it lies
@pytest.mark.parametrize(
    ("source", "store", "uri"),
    [
        ("minio://mlpipeline/roc.csv", "cluster:prod/minio:9000", "s3://mlpipeline/roc.csv"),
        ("s3://mlpipeline/roc.csv", "cluster:prod/minio:9000", "s3://mlpipeline/roc.csv"),
        ("gs://bucket/roc.csv", "", "gs://bucket/roc.csv"),
    ],
)
def test_a_source_lies_in_a_store(source: str, store: str, uri: str) -> None:
    of = Location(store="cluster:prod/minio:9000", uri="s3://mlpipeline/mlpipeline-ui-metadata.tgz")
    plot = only_plot({**ROC, "storage": "gcs", "source": source})
    assert source_location(plot, of) == Location(store=store, uri=uri)


@pytest.mark.parametrize("source", ["https://example.com/roc.csv", "volume://data/roc.csv", "data/roc.csv", "s3://"])
def test_a_source_elsewhere_is_in_no_store(source: str) -> None:
    plot = only_plot({**ROC, "storage": None, "source": source})
    assert source_location(plot, Location(store="", uri="s3://bucket/key")) is None


def test_what_is_in_the_file_itself_lies_nowhere_else() -> None:
    plot = only_plot({**MARKDOWN, "source": "s3://bucket/key is where it lies"})
    assert source_location(plot, Location(store="", uri="s3://bucket/key")) is None


# ------------------------------------------------------------------------------------------ what it comes to
def test_a_confusion_matrix_counts_how_often_labels_met() -> None:
    assert read_plot(only_plot(MATRIX)) == ConfusionMatrix(
        axes=("target", "predicted"), labels=("cat", "dog"), counts=((10, 2), (3, 11))
    )


def test_a_curve_has_its_points_and_may_begin_at_infinity() -> None:
    assert read_plot(only_plot(ROC)) == RocCurve(points=((0.0, 0.0, float("inf")), (0.1, 0.7, 0.5), (1.0, 1.0, 0.0)))


def test_columns_are_found_by_their_names() -> None:
    schema = [{"name": "threshold"}, {"name": "ignored"}, {"name": "tpr"}, {"name": "fpr"}]
    plot = only_plot({**ROC, "schema": schema, "source": "0.5,x,0.7,0.1"})
    assert read_plot(plot) == RocCurve(points=((0.1, 0.7, 0.5),))


def test_a_table_has_its_rows() -> None:
    assert read_plot(only_plot(TABLE)) == Table(
        header=("id", "text"), rows=(("1", "one"), ("2", "two, or\nmore")), row_count=2
    )


def test_of_a_long_table_the_first_rows_are_kept() -> None:
    found = read_plot(only_plot({**TABLE, "source": "\n".join(f"{n},x" for n in range(1500))}))
    assert isinstance(found, Table)
    assert (len(found.rows), found.row_count) == (1000, 1500)


def test_a_text_is_itself_and_a_very_long_one_is_cut() -> None:
    assert read_plot(only_plot(MARKDOWN)) == Markdown(text="# Result\n")
    found = read_plot(only_plot({**MARKDOWN, "source": "x" * 100_000}))
    assert isinstance(found, Markdown)
    assert len(found.text) == 64 * 1024 + 1


def test_what_another_program_shows_is_a_link() -> None:
    assert read_plot(only_plot({"type": "tensorboard", "source": "s3://b/logs"})) == Link(
        type=PlotType.TENSORBOARD, uri="s3://b/logs"
    )
    assert read_plot(only_plot(PAGE)) == Link(type=PlotType.WEB_APP, uri=None)


def test_what_lies_elsewhere_is_read_from_its_bytes_packed_or_not() -> None:
    plot = only_plot({**ROC, "storage": "minio", "source": "s3://b/roc.csv"})
    expected = RocCurve(points=((0.1, 0.7, 0.5),))
    for content in (b"\xef\xbb\xbf0.1,0.7,0.5\r\n", tar_gz({"roc.csv": b"0.1,0.7,0.5"})):
        assert read_plot(plot, content) == expected


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ({**MATRIX, "source": "cat,cat,10"}, "2 labels have 4 pairs, and 1 are there"),
        ({**MATRIX, "source": "cat,cat,1\ncat,cat,2\ndog,cat,3\ndog,dog,4"}, "2 labels have 4 pairs, and 4 are there"),
        ({**MATRIX, "source": "cat,cow,10"}, "row 1 is no pair of labels and a count"),
        ({**MATRIX, "source": "cat,cat,many"}, "row 1 is no pair of labels and a count"),
        ({**MATRIX, "source": "cat,cat,inf"}, "row 1 is no pair of labels and a count"),
        ({**MATRIX, "source": "cat,cat"}, "row 1 is no pair of labels and a count"),
        ({**ROC, "source": "fpr,tpr,threshold\n0,0,1"}, "row 1 is no point of three numbers"),
        ({**ROC, "source": "0,0,1\n0.5"}, "row 2 is no point of three numbers"),
        ({**ROC, "source": "nan,0,1"}, "row 1 is no point of three numbers"),
        ({**ROC, "source": "0,0,0\n" * 10_001}, "it has 10,001 points, and may have 10,000"),
        ({**TABLE, "source": "x" * 200_000}, "field larger than field limit"),
    ],
)
def test_what_does_not_come_to_what_it_should_has_a_reason(output: dict[str, Any], reason: str) -> None:
    found = read_plot(only_plot(output))
    assert isinstance(found, SetAside)
    assert found.place == ""
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "what it shows could not be read"),
        (b"\xff", r"what it shows is no UTF-8 (byte 0)"),
        (bytes(2**21), "it unpacks to more than 1024 KiB"),
    ],
)
def test_a_source_that_cannot_be_read_has_a_reason(content: bytes | None, reason: str) -> None:
    plot = only_plot({**ROC, "storage": None, "source": "s3://b/roc.csv"})
    assert read_plot(plot, content) == SetAside("s3://b/roc.csv", reason)


# ------------------------------------------------------------------------------------------ as metadata
def test_whatever_is_shown_can_be_written_as_json() -> None:
    written = [as_json(found) for output in (MATRIX, ROC, TABLE, MARKDOWN, PAGE) if (found := shown(output))]
    assert orjson.loads(orjson.dumps(written)) == [
        {
            "type": "confusion_matrix",
            "axes": ["target", "predicted"],
            "labels": ["cat", "dog"],
            "counts": [[10, 2], [3, 11]],
        },
        {
            "type": "roc",
            "columns": ["fpr", "tpr", "threshold"],
            "points": [[0.0, 0.0, None], [0.1, 0.7, 0.5], [1.0, 1.0, 0.0]],
        },
        {"type": "table", "header": ["id", "text"], "rows": [["1", "one"], ["2", "two, or\nmore"]], "rowCount": 2},
        {"type": "markdown", "text": "# Result\n"},
        {"type": "web-app", "uri": None},
    ]


def shown(output: dict[str, Any]) -> Any:
    found = read_plot(only_plot(output))
    assert not isinstance(found, SetAside)
    return found


OUTPUT = st.fixed_dictionaries(
    {
        "type": st.sampled_from([*PlotType, "pie"]),
        "storage": st.sampled_from(["inline", None]),
        "source": st.sampled_from([MATRIX["source"], ROC["source"], "\ud800", "a,b\0c", '"']) | st.text(max_size=30),
        "schema": st.just(MATRIX["schema"]) | st.just(ROC["schema"]) | st.lists(st.text(max_size=3)),
        "labels": st.just(["cat", "dog"]) | st.lists(st.text(max_size=3), max_size=3),
        "header": st.lists(st.text(max_size=3) | st.integers(), max_size=3),
        "format": st.sampled_from(["csv", None]),
    }
)


@settings(deadline=None)
@given(st.lists(OUTPUT, max_size=3), st.binary(max_size=50))
def test_no_file_raises_and_all_of_it_can_be_written(outputs: list[dict[str, Any]], content: bytes) -> None:
    for plot in read_ui_metadata(file_of(*outputs)).plots:
        found = read_plot(plot, None if plot.is_inline else content)
        orjson.dumps([found.place, found.reason] if isinstance(found, SetAside) else as_json(found))
