"""The artifact `mlpipeline-metrics`, by the rules of Kubeflow Pipelines v1. Pure.

Sources: kubeflow/pipelines, backend/src/common/util/metrics_artifact.go and backend/api/v1beta1/run.proto for the form,
backend/src/apiserver/server/api_util.go for names. Kubeflow refuses a whole file for some mistakes, and drops what is
too much of it in silence; here each is set aside by itself.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from lineage.evidence import Said, SetAside
from lineage.metrics.json_text import InvalidJson, Members, decode
from lineage.metrics.values import Reading, number_in, value_of
from lineage.packing import Unreadable, only_file
from lineage.redaction import beginning

METRICS_ARTIFACT: Final = "mlpipeline-metrics"
MAX_FILE_BYTES: Final = 2**20  # unpacked
MAX_METRICS: Final = 50
MAX_NAME_LENGTH: Final = 64

_NAME: Final = re.compile(r"[a-zA-Z]([-_a-zA-Z0-9]{0,62}[a-zA-Z0-9])?", re.ASCII)
_NAME_RULE: Final = f"a letter, then letters, digits, - and _, at most {MAX_NAME_LENGTH} of them, the last no sign"
_OF_FILE: Final = ("metrics", "runId", "run_id")
_NUMBER: Final = ("numberValue", "number_value")  # of the same field, both spellings are written
_OF_METRIC: Final = ("name", "format", "nodeId", "node_id", *_NUMBER)
_FORMATS: Final[Mapping[object, bool]] = {
    None: False,
    "UNSPECIFIED": False,
    "RAW": False,
    "PERCENTAGE": True,
    0: False,
    1: False,
    2: True,
}


def read_kubeflow_metrics(data: bytes) -> Said:
    """Read the file, packed as Argo does (one file in a tar, gzipped) or in any other way, or not at all."""
    try:
        (document, *behind), fault = decode(only_file(data, max_bytes=MAX_FILE_BYTES))
    except (InvalidJson, Unreadable) as error:
        return Said(set_aside=(SetAside("", str(error)),))
    reading = Reading()
    if isinstance(document, Members):
        _read_file(document, reading)
    else:
        reading.refuse("", "it is no JSON object")
    if behind or fault:
        reading.refuse("", "something stands behind the JSON object")
    return reading.metrics()


def is_kubeflow(document: Any) -> bool:
    """Say whether a decoded JSON value has the form of such a file."""
    metrics = document.get("metrics") if isinstance(document, Members) else None
    return isinstance(metrics, list) and any(
        isinstance(one, Members) and any(name in one for name in _NUMBER) for one in metrics
    )


def _read_file(document: Members, reading: Reading) -> None:
    _refuse_members(document, _OF_FILE, "", reading)
    metrics = document.get("metrics")
    if metrics is None:  # Kubeflow takes null for an empty list
        return
    if not isinstance(metrics, list):
        reading.refuse("metrics", "it is no list")
        return
    for index, metric in enumerate(metrics[:MAX_METRICS]):
        _read_metric(metric, f"metrics[{index}]", reading)
    if (more := len(metrics) - MAX_METRICS) > 0:
        reading.refuse(f"metrics[{MAX_METRICS}]", f"{MAX_METRICS} metrics of a file count, and {more:,} more are there")


def _read_metric(metric: Any, place: str, reading: Reading) -> None:
    if not isinstance(metric, Members):
        reading.refuse(place, "it is no JSON object")
        return
    _refuse_members(metric, _OF_METRIC, f"{place}.", reading)
    name, form = metric.get("name"), metric.get("format")
    spelling = next((each for each in _NUMBER if metric.get(each) is not None), None)
    if not isinstance(name, str):
        reading.refuse(f"{place}.name", "it is no text" if "name" in metric else "it is missing")
    elif not _NAME.fullmatch(name):
        reading.refuse(f"{place}.name", f"{beginning(name, MAX_NAME_LENGTH)!r} is no name of a metric: {_NAME_RULE}")
    elif spelling is None:
        reading.refuse(f"{place}.numberValue", "it is missing")
    elif (number := _number(metric[spelling])) is None:
        reading.refuse(f"{place}.{spelling}", "it is no number that a double holds")
    elif not isinstance(form, str | int | None) or form not in _FORMATS:
        reading.refuse(f"{place}.format", "it is neither RAW nor PERCENTAGE")
    else:
        reading.add(value_of(name, number, is_percentage=_FORMATS[form]), place)


def _refuse_members(of: Members, known: Collection[str], prefix: str, reading: Reading) -> None:
    """Set aside members that there should not be, and those that come again; what they stand in counts."""
    for name in of:
        if name not in known:
            reading.refuse(f"{prefix}{beginning(name, MAX_NAME_LENGTH)}", "there is no such member")
    for name in of.repeated:
        reading.refuse(f"{prefix}{beginning(name, MAX_NAME_LENGTH)}", "it is there twice: the first counts")


def _number(value: Any) -> float | None:
    """Read a number as the JSON form of protobuf has it: also as a text."""
    if isinstance(value, str):
        return number_in(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
