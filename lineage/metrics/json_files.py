"""Metric files in JSON (`metrics.json` and the like): numbers, nested, and over steps. Pure.

    {"accuracy": 0.93}                                  a number
    {"test": {"accuracy": 0.93}}                        test.accuracy
    {"loss": [0.9, 0.5]}                                a series: steps 0 and 1
    [{"step": 10, "loss": 0.9}, {"step": 20, …}]        a series with its steps; so with a value a line
    {"metrics": [{"name": …, "numberValue": …}]}        as Kubeflow has it, by its rules

Numbers are what counts; texts, truth values and nulls beside them describe, and are passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from lineage.evidence import Said, SetAside
from lineage.metrics.json_text import InvalidJson, Members, OutOfRange, decode
from lineage.metrics.kubeflow import is_kubeflow, read_kubeflow_metrics
from lineage.metrics.values import Reading, value_of
from lineage.packing import Unreadable, only_file
from lineage.redaction import beginning

FILES: Final = ("metrics.json", "*-metrics.json", "*_metrics.json")
MAX_FILE_BYTES: Final = 4 * 2**20  # unpacked
MAX_VALUES: Final = 10_000
MAX_NAME_LENGTH: Final = 250
MAX_DEPTH: Final = 10
MAX_STEP: Final = 2**31 - 1  # what GraphQL takes for a whole number

_NO_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")
_STEPS: Final = ("step", "global_step", "epoch", "iteration")


def is_metric_file(name: str, patterns: Sequence[str] = FILES) -> bool:
    """Say whether a file is one of metrics, by the end of its name and patterns such as `*-metrics.json`."""
    return any(fnmatchcase(name.rpartition("/")[2], pattern) for pattern in patterns)


def read_json_file(data: bytes) -> Said:
    """Read the file, packed by itself or not at all."""
    try:
        plain = only_file(data, max_bytes=MAX_FILE_BYTES)
        values, fault = decode(plain)
    except (InvalidJson, Unreadable) as error:
        return Said(set_aside=(SetAside("", str(error)),))
    if is_kubeflow(values[0]):
        return read_kubeflow_metrics(plain)
    reading = Reading()
    if fault:
        reading.refuse("", fault)
    document = values[0] if len(values) == 1 else values
    left_out = 0
    for found in _found(document, _Place()):
        if isinstance(found, SetAside):
            reading.refuse(found.place, found.reason)
        elif len(reading) == MAX_VALUES:
            left_out += 1
        else:
            reading.add(value_of(found.name, found.number, step=found.step), found.place)
    if left_out:
        reading.refuse("", f"{MAX_VALUES:,} values of a file count, and {left_out:,} more are there")
    return reading.metrics()


# ------------------------------------------------------------------------------------------ the walk
@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where in a file we are: in words, as the name of a metric, and at which step if in a series."""

    place: str = ""
    name: str = ""
    step: int | None = None
    depth: int = 0

    def member(self, key: str, step: int | None) -> "_Place":
        name = f"{self.name}.{key}" if self.name else key
        place = f"{self.place}.{key}" if self.place else key
        return _Place(place=place, name=name, step=step, depth=self.depth + 1)

    def item(self, index: int) -> "_Place":
        return replace(self, place=f"{self.place}[{index}]", step=index, depth=self.depth + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    place: str
    name: str
    step: int
    number: float


def _found(value: Any, at: _Place) -> Iterator[_Found | SetAside]:
    """Find the numbers in a value."""
    match value:
        case _ if at.depth > MAX_DEPTH:
            yield SetAside(at.place, f"it lies more than {MAX_DEPTH} levels deep")
        case bool() | None:
            pass
        case str():
            if value in _NO_NUMBERS:  # what writes no bare NaN writes it as a text
                yield from _number(float(value), at)
        case int() | float():
            yield from _number(float(value), at)
        case OutOfRange():
            yield SetAside(at.place, "it is a number that no double holds")
        case Members():
            for name in value.repeated:
                yield SetAside(at.member(name, None).place, "it is there twice: the first counts")
            key, step = _step(value)
            for name, member in value.items():
                if name != key:
                    yield from _found(member, at.member(name, at.step if step is None else step))
        case list():
            if at.step is not None or any(isinstance(item, list) for item in value):
                yield SetAside(at.place, "it is a list within a list")
                return
            for index, item in enumerate(value):
                yield from _found(item, at.item(index))


def _number(number: float, at: _Place) -> Iterator[_Found | SetAside]:
    if not at.name:
        yield SetAside(at.place, "it has no name")
    elif not at.name.isprintable():
        yield SetAside(at.place, "its name has characters that cannot be shown")
    elif len(at.name) > MAX_NAME_LENGTH:
        yield SetAside(beginning(at.place, MAX_NAME_LENGTH), f"its name has more than {MAX_NAME_LENGTH} characters")
    else:
        yield _Found(place=at.place, name=at.name, step=at.step or 0, number=number)


def _step(of: Members) -> tuple[str | None, int | None]:
    """Find the member that says at which step an object stands."""
    for name in _STEPS:
        step = of.get(name)
        if isinstance(step, int) and not isinstance(step, bool) and 0 <= step <= MAX_STEP:
            return name, step
    return None, None
