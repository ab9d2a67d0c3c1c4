"""Texts of others on their way to a terminal, and to a spreadsheet: they say what they say, and do nothing."""

import csv
import json
import re
from io import StringIO
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.cli.csv_tables import cell, write_csv
from lineage.cli.terminal import printable, printable_json

STEERING: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["\x1b[2J", "\x9b2J", "\x7f", "\u202e", "\U000e0001", "\r", "é", "𝄞", "\\u001b"]
)
values = st.recursive(texts | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(texts, inner))


@given(values)
def test_json_means_the_same_and_steers_nothing(value: Any) -> None:
    try:
        written = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # an integer that orjson does not know
        written = json.dumps(value, indent=2)
    shown = printable_json(written)
    assert json.loads(shown) == value
    assert STEERING.findall(shown) == []


@given(texts)
def test_a_text_is_one_line_that_steers_nothing(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert "\n" not in shown
    assert STEERING.findall(shown) == []


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=", "-", "＝1"])
def test_what_a_spreadsheet_takes_for_a_formula_is_a_text(text: str) -> None:
    assert cell(text) == f"'{text.replace(chr(13), chr(10))}"


@pytest.mark.parametrize("value", ["-5", "+5", "-0.5", "1e-3", "-1.5E+10", "a=b", "a-b", "'=1", "", -5, -0.5, None])
def test_numbers_and_other_texts_stay(value: object) -> None:
    assert cell(value) == value


@given(st.lists(st.fixed_dictionaries({"a": texts, "=b": texts}), max_size=5))
def test_every_row_is_read_as_it_was_written(rows: list[dict[str, str]]) -> None:
    file = StringIO()
    write_csv(["a", "=b"], rows, file)
    read = list(csv.reader(StringIO(file.getvalue(), newline="")))
    assert read == [["a", "'=b"], *([cell(row["a"]), cell(row["=b"])] for row in rows)]
