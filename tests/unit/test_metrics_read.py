"""Which file of an artifact is read, how, and what is kept of it."""

import json
from collections.abc import Collection

import pytest

from lineage.errors import ObjectForbidden
from lineage.evidence import MetricValue, Said, SetAside
from lineage.identity import Location
from lineage.metrics import Fetch, as_text, reader_of
from lineage.metrics.files import MOST_BYTES

UI_METADATA = ["mlpipeline-ui-metadata"]
HERE = Location(store="minio:9000", uri="s3://bucket/runs/1/out")
KUBEFLOW = b'{"metrics": [{"name": "auc", "numberValue": 0.9, "format": "PERCENTAGE"}]}'


def fetch_nothing(location: Location) -> bytes:
    raise ObjectForbidden(f"{location.uri} may not be read")


def read(data: bytes, names: Collection[str], uri: str = HERE.uri, fetch: Fetch = fetch_nothing) -> Said | None:
    found = reader_of(Location(store=HERE.store, uri=uri), names, fetch=fetch)
    return None if found is None else found(data)


def ui_metadata(*outputs: object) -> bytes:
    return json.dumps({"outputs": outputs}).encode()


@pytest.mark.parametrize(
    ("names", "uri"),
    [
        (["mlpipeline-metrics"], HERE.uri),
        (["model", "mlpipeline-metrics"], HERE.uri),
        (["any"], "s3://bucket/runs/1/metrics.json"),
        (["any"], "s3://bucket/runs/1/test-metrics.json"),
        (["test_metrics.json"], HERE.uri),
    ],
)
def test_a_file_is_one_of_metrics_by_the_name_of_its_artifact_or_its_own(names: list[str], uri: str) -> None:
    assert read(KUBEFLOW, names, uri) == Said(values=(MetricValue(name="auc", value=0.9, is_percentage=True),))


def test_any_other_file_is_not_read() -> None:
    assert read(KUBEFLOW, ["model"]) is None
    assert read(KUBEFLOW, [], "s3://bucket/metrics.json/model") is None


def test_patterns_are_what_the_user_says() -> None:
    found = reader_of(HERE, [], fetch=fetch_nothing, patterns=("out",))
    assert found is not None
    assert found(b'{"auc": 1}').values == (MetricValue(name="auc", value=1.0),)


def test_what_is_to_be_shown_is_read_where_it_lies() -> None:
    asked: list[Location] = []

    def fetch(location: Location) -> bytes:
        asked.append(location)
        return b"# Report"

    elsewhere = {"type": "markdown", "source": "minio://other/report.md"}
    found = read(
        ui_metadata(elsewhere, {"type": "tensorboard", "source": "s3://logs/1"}),
        UI_METADATA,
        fetch=fetch,
    )
    assert found is not None
    assert asked == [Location(store="minio:9000", uri="s3://other/report.md")]
    assert found.plots == ({"type": "markdown", "text": "# Report"}, {"type": "tensorboard", "uri": "s3://logs/1"})


def test_what_cannot_be_read_is_set_aside_and_the_rest_is_shown() -> None:
    outputs = [{"type": "markdown", "source": uri} for uri in ("s3://other/report.md", "https://other/report.md")]
    found = read(ui_metadata(*outputs, {"type": "markdown", "storage": "inline", "source": "text"}), UI_METADATA)
    assert found is not None
    assert found.plots == ({"type": "markdown", "text": "text"},)
    assert found.set_aside == (
        SetAside("s3://other/report.md", "s3://other/report.md may not be read"),
        SetAside("https://other/report.md", "what it shows could not be read"),
    )


def test_secrets_are_struck_out_of_what_is_shown() -> None:
    text = (
        "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYzEXAMPLEKEY\npostgresql://me:hunter2hunter2@host/db"
    )
    found = read(ui_metadata({"type": "markdown", "storage": "inline", "source": text}), UI_METADATA)
    assert found is not None
    shown = str(found.plots)
    assert "wJalrXUtnFEMI" not in shown
    assert "hunter2" not in shown
    assert "postgresql://me:" in shown


SECRET = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"


def test_secrets_are_struck_out_of_names_and_of_what_is_set_aside() -> None:
    found = read(json.dumps({SECRET: 1, "auc": 0.9}).encode(), [], "metrics.json")
    assert found is not None
    assert [one.name for one in found.values] == ["auc"]
    broken = read(json.dumps({"metrics": [{"name": SECRET * 2, "numberValue": 1}]}).encode(), ["mlpipeline-metrics"])
    assert broken is not None
    assert [one.place for one in broken.set_aside] == ["metrics[0].name"]
    assert SECRET not in str(broken)


def test_a_name_as_long_as_its_file_is_told_in_short() -> None:
    key = "k" * 2**20
    found = read(f'{{"{key}": 1, "{key}": 2, "auc": 0.9}}'.encode(), [], "metrics.json")
    assert found is not None
    assert found.set_aside
    assert all(len(text) < 2_000 for one in found.set_aside for text in (one.place, one.reason))
    plot = {"type": "table", "format": "csv", "header": ["a"], "source": f"s3://{key}/t.csv"}
    shown = read(ui_metadata(plot), UI_METADATA)
    assert shown is not None
    assert len(shown.set_aside[0].place) < 2_000


def test_a_count_that_is_none_is_set_aside() -> None:
    schema = [{"name": "target"}, {"name": "predicted"}]
    matrix = {"type": "confusion_matrix", "format": "csv", "storage": "inline", "schema": schema, "labels": ["a"]}
    found = read(ui_metadata(matrix | {"source": "a,a,1e300\n"}), UI_METADATA)
    assert found is not None
    assert [one.reason for one in found.set_aside] == ["row 1 is no pair of labels and a count"]


def test_of_one_file_no_more_is_kept_than_a_message_of_the_log_takes() -> None:
    many = {f"{'n' * 200}{number}": number for number in range(9_000)}
    found = read(json.dumps(many).encode(), [], "metrics.json")
    assert found is not None
    assert 0 < sum(len(value.name) for value in found.values) < MOST_BYTES
    assert [value.name for value in found.values] == list(many)[: len(found.values)]
    assert "more things are there" in found.set_aside[-1].reason


@pytest.mark.parametrize(
    ("value", "special", "is_percentage", "text"),
    [
        (0.871, None, False, "0.871"),
        (0.871, None, True, "87.1 %"),
        (1234567.0, None, False, "1.23457e+06"),
        (None, "NAN", False, "NaN"),
        (None, "NEGATIVE_INFINITY", True, "-∞"),
    ],
)
def test_a_value_is_written_as_people_read_it(
    value: float | None, special: str | None, is_percentage: bool, text: str
) -> None:
    assert as_text(value, special, is_percentage=is_percentage) == text
