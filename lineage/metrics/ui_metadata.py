"""The artifact `mlpipeline-ui-metadata`: what Kubeflow Pipelines shows of a step, as values. Pure.

Source: kubeflow/pipelines, frontend/src/lib/OutputArtifactLoader.ts. It is read in two steps, because what is shown can
lie elsewhere: `read_ui_metadata` says what there is and where, and `read_plot` what the bytes there come to.
"""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from typing import Any, Final, TypeAlias, assert_never

from lineage.evidence import SetAside
from lineage.identity import Location
from lineage.metrics.json_text import InvalidJson, Members, decode
from lineage.metrics.values import number_in
from lineage.packing import Unreadable, only_file
from lineage.redaction import beginning

UI_METADATA_ARTIFACT: Final = "mlpipeline-ui-metadata"
MAX_FILE_BYTES: Final = 2**20  # unpacked; of what lies elsewhere as well
MAX_PLOTS: Final = 50
MAX_LABELS: Final = 200
MAX_COUNT: Final = 2**53  # beyond that, a double is no count
MAX_POINTS: Final = 10_000
MAX_ROWS: Final = 1_000
MAX_TEXT_LENGTH: Final = 64 * 1024

_INLINE: Final = "inline"
_STORES: Final = {"minio": "s3", "s3": "s3", "gs": "gs"}


class PlotType(StrEnum):
    """As Kubeflow writes them."""

    CONFUSION_MATRIX = "confusion_matrix"
    ROC = "roc"
    TABLE = "table"
    MARKDOWN = "markdown"
    TENSORBOARD = "tensorboard"
    WEB_APP = "web-app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Something to be shown. `source` is its text where it `is_inline`, else the uri at which that lies.

    `columns` are those of a schema, `labels` those of a confusion matrix, `header` that of a table.
    """

    type: PlotType
    source: str
    is_inline: bool
    columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UiMetadata:
    """What the file says."""

    plots: tuple[Plot, ...] = ()
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix:
    """`counts[i][j]` is how often label i of the first axis met label j of the second."""

    axes: tuple[str, str]
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RocCurve:
    """Points as (false positive rate, true positive rate, threshold); the first threshold may be infinite."""

    points: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The first rows of a table that has `row_count` of them."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Markdown:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is shown by another program: the folder of a TensorBoard, a page. `uri` is None for a page in the file."""

    type: PlotType
    uri: str | None


Shown: TypeAlias = ConfusionMatrix | RocCurve | Table | Markdown | Link


class _Refused(Exception):
    """Something of a plot is not as it should be."""


# ------------------------------------------------------------------------------------------ what there is
def read_ui_metadata(data: bytes) -> UiMetadata:
    """Read the file, packed by itself or not at all."""
    try:
        (document, *_), _ = decode(only_file(data, max_bytes=MAX_FILE_BYTES))
    except (InvalidJson, Unreadable) as error:
        return UiMetadata(set_aside=(SetAside("", str(error)),))
    outputs = document.get("outputs") if isinstance(document, Members) else None
    if not isinstance(outputs, list):
        return UiMetadata(set_aside=(SetAside("outputs", "it is no list, or not there"),))
    plots, set_aside = list[Plot](), list[SetAside]()
    for index, output in enumerate(outputs[:MAX_PLOTS]):
        try:
            plots.append(_plot(output))
        except _Refused as error:
            set_aside.append(SetAside(f"outputs[{index}]", str(error)))
    if (more := len(outputs) - MAX_PLOTS) > 0:
        set_aside.append(SetAside(f"outputs[{MAX_PLOTS}]", f"{MAX_PLOTS} are shown, and {more:,} more are there"))
    return UiMetadata(plots=tuple(plots), set_aside=tuple(set_aside))


def source_location(plot: Plot, metadata: Location) -> Location | None:
    """Say where the source of a plot lies; None where that is in no object store.

    `minio://` and `s3://` are in the store that the file itself lies in, whatever that is called.
    """
    scheme, _, rest = plot.source.partition("://")
    if plot.is_inline or scheme not in _STORES or not rest:
        return None
    return Location(store="" if scheme == "gs" else metadata.store, uri=f"{_STORES[scheme]}://{rest}")


def _plot(output: Any) -> Plot:
    if not isinstance(output, Members):
        raise _Refused("it is no JSON object")
    kind, source = output.get("type"), output.get("source")
    if not isinstance(kind, str) or kind not in list(PlotType):
        raise _Refused(f"its type {beginning(str(kind), 40)!r} is none of {', '.join(PlotType)}")
    if not isinstance(source, str) or not source:
        raise _Refused("it has no source")
    plot = Plot(
        type=PlotType(kind),
        source=_plain(source),
        is_inline=output.get("storage") == _INLINE,
        columns=_names(output.get("schema")),
        labels=_texts(output.get("labels")),
        header=_texts(output.get("header")),
    )
    if (missing := _missing(plot)) is not None:
        raise _Refused(missing)
    if plot.type is PlotType.TABLE and output.get("format") != "csv":
        raise _Refused("its format is not csv")
    return plot


def _missing(plot: Plot) -> str | None:
    match plot.type:
        case PlotType.CONFUSION_MATRIX if not plot.labels or len(plot.columns) < 2:
            return "it has no labels, or a schema of less than two columns"
        case PlotType.CONFUSION_MATRIX if len(plot.labels) > MAX_LABELS:
            return f"it has {len(plot.labels):,} labels, and may have {MAX_LABELS}"
        case PlotType.ROC if None in _roc_columns(plot):
            return "its schema lacks one of the columns fpr, tpr and threshold"
        case PlotType.TABLE if not plot.header:
            return "it has no header"
        case _:
            return None


def _roc_columns(plot: Plot) -> tuple[int | None, int | None, int | None]:
    def at(is_it: Callable[[str], bool]) -> int | None:
        return next((index for index, name in enumerate(plot.columns) if is_it(name)), None)

    return at("fpr".__eq__), at("tpr".__eq__), at(lambda name: name.startswith("threshold"))


def _names(schema: Any) -> tuple[str, ...]:
    columns = schema if isinstance(schema, list) else []
    return tuple(_plain(str(column.get("name", ""))) if isinstance(column, Members) else "" for column in columns)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_plain(str(one)) for one in value) if isinstance(value, list) else ()


def _plain(text: str) -> str:
    """Replace half characters, which JSON can hold and nobody can write down."""
    return text.encode("utf-8", "replace").decode()


# ------------------------------------------------------------------------------------------ what it comes to
def read_plot(plot: Plot, content: bytes | None = None) -> Shown | SetAside:
    """Read what is to be shown. `content` are the bytes at its source, where that is not in the file itself."""
    if plot.type in (PlotType.TENSORBOARD, PlotType.WEB_APP):
        return Link(type=plot.type, uri=None if plot.is_inline else plot.source)
    try:
        text = plot.source if plot.is_inline else _text(content)
        if plot.type is PlotType.MARKDOWN:
            return Markdown(text=_limited(text))
        rows = [[cell.strip() for cell in row] for row in csv.reader(StringIO(text.strip(), newline="")) if row]
        match plot.type:
            case PlotType.CONFUSION_MATRIX:
                return _confusion_matrix(plot, rows)
            case PlotType.ROC:
                return _roc_curve(plot, rows)
            case _:
                return Table(header=plot.header, rows=tuple(map(tuple, rows[:MAX_ROWS])), row_count=len(rows))
    except (_Refused, Unreadable, csv.Error) as error:
        return SetAside("" if plot.is_inline else plot.source, str(error))


def _confusion_matrix(plot: Plot, rows: Sequence[Sequence[str]]) -> ConfusionMatrix:
    """Read rows of two labels and how often they met, one for each pair."""
    index = {label: place for place, label in enumerate(plot.labels)}
    counts: dict[tuple[int, int], int] = {}
    for line, row in enumerate(rows, start=1):
        count = number_in(row[2]) if len(row) > 2 else None
        if (
            count is None
            or not count.is_integer()
            or abs(count) > MAX_COUNT
            or row[0] not in index
            or row[1] not in index
        ):
            raise _Refused(f"row {line} is no pair of labels and a count")
        counts[index[row[0]], index[row[1]]] = int(count)
    if len(counts) != len(plot.labels) ** 2 or len(rows) != len(counts):
        raise _Refused(f"{len(plot.labels)} labels have {len(plot.labels) ** 2:,} pairs, and {len(rows):,} are there")
    size = range(len(plot.labels))
    return ConfusionMatrix(
        axes=(plot.columns[0], plot.columns[1]),
        labels=plot.labels,
        counts=tuple(tuple(counts[one, other] for other in size) for one in size),
    )


def _roc_curve(plot: Plot, rows: Sequence[Sequence[str]]) -> RocCurve:
    if len(rows) > MAX_POINTS:
        raise _Refused(f"it has {len(rows):,} points, and may have {MAX_POINTS:,}")
    columns = [column for column in _roc_columns(plot) if column is not None]
    points: list[tuple[float, float, float]] = []
    for line, row in enumerate(rows, start=1):
        numbers = [number_in(row[column]) if column < len(row) else None for column in columns]
        match numbers:
            case [float() as fpr, float() as tpr, float() as threshold] if math.isfinite(fpr + tpr):
                points.append((fpr, tpr, threshold))
            case _:
                raise _Refused(f"row {line} is no point of three numbers")
    return RocCurve(points=tuple(points))


def _text(content: bytes | None) -> str:
    if content is None:
        raise _Refused("what it shows could not be read")
    try:
        return only_file(content, max_bytes=MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Refused(f"what it shows is no UTF-8 (byte {error.start})") from error


def _limited(text: str) -> str:
    return text if len(text) <= MAX_TEXT_LENGTH else f"{beginning(text, MAX_TEXT_LENGTH)}…"


def as_json(shown: Shown) -> dict[str, Any]:
    """Write what is shown as JSON, to stand among the metadata of an artifact. An infinite threshold is null."""
    match shown:
        case ConfusionMatrix(axes=axes, labels=labels, counts=counts):
            return {"type": PlotType.CONFUSION_MATRIX, "axes": axes, "labels": labels, "counts": counts}
        case RocCurve(points=points):
            finite = [(fpr, tpr, at if math.isfinite(at) else None) for fpr, tpr, at in points]
            return {"type": PlotType.ROC, "columns": ("fpr", "tpr", "threshold"), "points": finite}
        case Table(header=header, rows=rows, row_count=count):
            return {"type": PlotType.TABLE, "header": header, "rows": rows, "rowCount": count}
        case Markdown(text=text):
            return {"type": PlotType.MARKDOWN, "text": text}
        case Link(type=kind, uri=uri):
            return {"type": kind, "uri": uri}
        case _:
            assert_never(shown)
