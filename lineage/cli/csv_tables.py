"""Tables as CSV, as spreadsheets and programs read it. Pure.

A spreadsheet takes a text that begins with certain signs for a formula, and a formula can ask other sites and begin
programs ("CSV injection", OWASP). Texts come from whoever wrote a pipeline, so such a one gets an apostrophe in front,
which spreadsheets take for "this is a text". Numbers stay as they are, also those that begin with a minus.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, Final

_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def write_csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]], file: IO[str]) -> None:
    """Write rows under the names of their columns. What has no value is empty; lines within a cell end with \\n."""
    writer = csv.DictWriter(file, list(names), lineterminator="\n")
    writer.writerow({name: cell(name) for name in names})
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)


def cell(value: Any) -> Any:
    """Write a value so that nothing in it is a formula, and no reader takes its line ends for those of the table."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) and not _NUMBER.fullmatch(text) else text
