"""Which file of an artifact is read, and how. Pure, but for what is fetched for a plot that lies elsewhere."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import orjson

from lineage.errors import ObjectStoreError
from lineage.evidence import MetricValue, Said, SetAside
from lineage.identity import Location
from lineage.limits import shortened
from lineage.metrics.json_files import FILES, is_metric_file, read_json_file
from lineage.metrics.kubeflow import METRICS_ARTIFACT, read_kubeflow_metrics
from lineage.metrics.tensorboard import holds_event_files, read_event_archive, read_event_files
from lineage.metrics.ui_metadata import (
    UI_METADATA_ARTIFACT,
    Plot,
    PlotType,
    as_json,
    read_plot,
    read_ui_metadata,
    source_location,
)
from lineage.redaction import struck_out, struck_text

LARGEST_FILE: Final = 8 * 2**20  # as it is stored; what it may be when it is unpacked, each form says
MOST_BYTES: Final = 512 * 2**10  # of what is kept of one file, as JSON: it travels in one message of the log

Read: TypeAlias = Callable[[bytes], Said]
"""Reads a file."""
Fetch: TypeAlias = Callable[[Location], bytes]
"""Reads what lies at a place. Raises ObjectStoreError where that cannot be."""


def reader_of(
    location: Location, names: Collection[str], *, fetch: Fetch, patterns: Sequence[str] = FILES
) -> Read | None:
    """Say how a file is read, by its place and the names that artifacts have there; None where it is not."""
    if UI_METADATA_ARTIFACT in names:
        read: Read = partial(_read_plots, location, fetch)
    elif METRICS_ARTIFACT in names:
        read = read_kubeflow_metrics
    elif holds_event_files(location.uri) or any(map(holds_event_files, names)):
        read = read_event_archive
    elif is_metric_file(location.uri, patterns) or any(is_metric_file(name, patterns) for name in names):
        read = read_json_file
    else:
        return None
    return lambda data: _limited(_without_secrets(read(data)))


def said_in_folder(files: Mapping[str, bytes]) -> Said | None:
    """Say what the files of a folder say that are read wherever they are, by their names in it; None where there is
    none of them: files of events of TensorBoard."""
    return _limited(_without_secrets(read_event_files(files))) if files else None


def _read_plots(location: Location, fetch: Fetch, data: bytes) -> Said:
    found = read_ui_metadata(data)
    plots, set_aside = list[Any](), list(found.set_aside)
    for plot in found.plots:
        try:
            shown = read_plot(plot, _content(plot, location, fetch))
        except ObjectStoreError as error:
            shown = SetAside(plot.source, str(error))
        if isinstance(shown, SetAside):
            set_aside.append(shown)
        else:
            plots.append(_plain(as_json(shown)))
    return Said(plots=tuple(plots), set_aside=tuple(set_aside))


def _plain(plot: Mapping[str, Any]) -> dict[str, Any]:
    """A plot as it comes out of the log: in lists, and without secrets."""
    return struck_out(orjson.loads(orjson.dumps(plot)))


def _content(plot: Plot, location: Location, fetch: Fetch) -> bytes | None:
    if plot.is_inline or plot.type in (PlotType.TENSORBOARD, PlotType.WEB_APP):
        return None
    where = source_location(plot, location)
    return None if where is None else fetch(where)


def _without_secrets(said: Said) -> Said:
    """Strike out secrets where nobody should write one: in names of metrics, and in what was set aside."""
    texts = [*(one.name for one in said.values), *(text for one in said.set_aside for text in (one.place, one.reason))]
    whole = "\n".join(texts)
    if struck_text(whole) == whole:
        return said
    return Said(
        values=tuple(one for one in said.values if struck_text(one.name) == one.name),
        plots=said.plots,
        set_aside=tuple(SetAside(struck_text(one.place), struck_text(one.reason)) for one in said.set_aside),
    )


def _limited(said: Said) -> Said:
    """Keep as much as a message of the log takes: the first of all that there is."""
    left, values, plots = MOST_BYTES, list[MetricValue](), list[Any]()
    for value in said.values:
        left -= len(value.name.encode("utf-8", "replace")) + 80
        if left >= 0:
            values.append(value)
    for plot in said.plots:
        size = len(orjson.dumps(plot))
        if size <= left:
            left -= size
            plots.append(plot)
    more = len(said.values) - len(values) + len(said.plots) - len(plots)
    told = (SetAside("", f"{MOST_BYTES:,} bytes are kept of one file, and {more:,} more things are there"),)
    # A name within a file can be as long as the file.
    set_aside = tuple(SetAside(shortened(one.place), shortened(one.reason)) for one in said.set_aside)
    return Said(values=tuple(values), plots=tuple(plots), set_aside=(*set_aside, *(told if more else ())))
