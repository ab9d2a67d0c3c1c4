"""Rows as a file of Parquet. The only module that imports pyarrow, which is optional, and large."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from lineage.cli.run_table import TIMES, Columns, Content

ROWS: Final = 5_000  # of a row group: what is held in memory

_TYPES: Final = {Content.TEXT: pa.string(), Content.NUMBER: pa.float64(), Content.INTEGER: pa.int64()}
_READ: Final = {Content.TEXT: str, Content.NUMBER: float, Content.INTEGER: int}


def write_parquet(columns: Columns, rows: Iterator[Mapping[str, Any]], file: Path) -> None:
    """Write rows as Parquet: times as times in UTC, and numbers as numbers."""
    contents = columns.contents
    types = {name: _TYPES[content] for name, content in contents.items()}
    times = dict.fromkeys(TIMES, pa.timestamp("us", tz="UTC"))
    schema = pa.schema([(name, (times | types)[name]) for name in columns.names])
    with parquet.ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, ROWS)):
            table = {name: [_read(row.get(name), name, contents) for row in group] for name in columns.names}
            writer.write_table(pa.table(table, schema=schema))


def _read(value: Any, name: str, contents: Mapping[str, Content]) -> Any:
    if value is None:
        return None
    return datetime.fromisoformat(value) if name in TIMES else _READ[contents[name]](value)
