"""Whatever bytes a parser of outside data is given, it reads them or says what is wrong with them, and soon.

`make fuzz` asks the same for longer, and lets what is covered lead (`tests/fuzzing`).
"""

from contextlib import suppress
from time import process_time
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.fuzzing.parsers import Parser, parsers

PARSERS: Final = parsers()
EXAMPLES: Final = 100
PATIENCE_SECONDS: Final = 5.0  # of this process, for some kilobytes
PIECES: Final = st.sampled_from(
    [b"\0", b"\xff", b"\xff" * 8 + b"\x7f", b"\xed\xa0\x80", b"{", b"}", b"[", b'"', b"'", b"\\", b"\\ud800", b"%",
     b"null", b"NaN", b"-1", b"1e999", b"9" * 400, b"[" * 2_000, b'{"a":' * 2_000, b"\n", b"\r\n", b"\t", b": ",
     b"- ", b"&a *a ", b"!!", b"2026-01-01T00:00:00Z", b"9999-12-31T23:59:59+14:00", b"true", b"{}", b"[]", b'""',
     b"\xe2\x80\xae", b"#", b"=", b"*", b"/0"]
)  # fmt: skip


@st.composite
def altered(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """An example in which some bytes were replaced, left out, doubled or put in."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 2, 8, 64])))
        put = draw(st.one_of(PIECES, st.binary(max_size=8), st.just(b""), st.just(data[start:end] * 3)))
        data = data[:start] + put + data[end:]
    return data


def held_to(parser: Parser, data: bytes) -> None:
    began = process_time()
    with suppress(*parser.errors):
        parser.parse(data)
    assert process_time() - began < PATIENCE_SECONDS


@pytest.mark.parametrize("what", PARSERS)
@settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_bytes_are_read_or_refused(what: str, data: st.DataObject) -> None:
    parser = PARSERS[what]
    with capture_logs() as logs:
        held_to(parser, data.draw(st.one_of(altered(parser.seeds), st.binary(max_size=200))))
    assert logs == []


@pytest.mark.parametrize("what", PARSERS)
def test_each_example_leads_far_enough(what: str) -> None:
    """The other tests here can fail: what is altered is read."""
    for seed in PARSERS[what].seeds:
        try:
            PARSERS[what].parse(seed)
        except PARSERS[what].errors:
            continue
        return
    pytest.fail(f"no example of {what} is read")
