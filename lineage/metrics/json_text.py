"""JSON as it is written in practice: with NaN and Infinity, as Python does; with members that are there twice. Pure.

Of a member that is repeated the first counts, and that it was repeated is kept. A number beyond what a double holds is
no number, and no infinity either.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final

_MAX_INTEGER_DIGITS: Final = 18  # what fits 64 bits; longer ones are read as doubles


class InvalidJson(Exception):
    """A text is no JSON. The message says where, and why."""


class Members(dict[str, Any]):
    """A JSON object. `repeated` are the names that came again."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        super().__init__()
        self.repeated: list[str] = []
        for name, value in pairs:
            if name in self:
                self.repeated.append(name)
            else:
                self[name] = value


class OutOfRange:
    """A number that no double holds."""


def decode(data: bytes) -> tuple[list[Any], str | None]:
    """Read the values of a text, one behind the other. With them comes why it could not be read to its end, if so.

    Raises:
        InvalidJson: not even the first can be read.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"byte {error.start} is no UTF-8") from error
    values = list[Any]()
    at = _behind_blank(text, 0)
    while at < len(text) or not values:
        try:
            value, end = _decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            fault = _fault(error)
            if values:
                return values, fault
            raise InvalidJson(fault) from error
        values.append(value)
        at = _behind_blank(text, end)
    return values, None


def _fault(error: json.JSONDecodeError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return "it is nested too deeply"


def _behind_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


_BLANK: Final = re.compile(r"[ \t\r\n]*")


def _integer(digits: str) -> int | float | OutOfRange:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else _float(digits)


def _float(digits: str) -> float | OutOfRange:
    number = float(digits)
    return OutOfRange() if math.isinf(number) else number


_decoder: Final = json.JSONDecoder(object_pairs_hook=Members, parse_int=_integer, parse_float=_float)
