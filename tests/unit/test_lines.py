"""Chunks and lines come out whole, wherever the pieces end in which they arrive."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.lines import Chunks, Lines

bodies = st.lists(st.binary(max_size=9).map(lambda data: data.replace(b"c", b"\n")), max_size=6)
cuts = st.lists(st.integers(0, 200), max_size=12)


def in_chunks(pieces: Sequence[bytes], *, extension: bytes = b"") -> bytes:
    chunks = [b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces if piece]
    return b"".join([*chunks, b"0\r\n\r\n"])


def cut(data: bytes, at: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place for place in at if place < len(data))})
    return [data[begin:end] for begin, end in pairwise(places)]


@given(bodies, cuts, st.sampled_from([b"", b" ", b";last=1"]))
def test_a_body_comes_out_of_its_chunks_wherever_they_are_cut(pieces: list[bytes], at: list[int], more: bytes) -> None:
    chunks = Chunks()
    assert b"".join(chunks.feed(data) for data in cut(in_chunks(pieces, extension=more), at)) == b"".join(pieces)
    assert chunks.is_over


@given(bodies)
def test_a_body_is_not_over_before_its_last_chunk(pieces: list[bytes]) -> None:
    chunks = Chunks()
    chunks.feed(in_chunks(pieces).removesuffix(b"0\r\n\r\n"))
    assert not chunks.is_over


@given(bodies, cuts)
def test_lines_are_those_of_the_whole_body_wherever_it_is_cut(pieces: list[bytes], at: list[int]) -> None:
    lines, body = Lines(), b"".join(pieces)
    found = [line for data in cut(body, at) for line in lines.feed(data)]
    *whole, rest = body.split(b"\n")
    assert found == [line for line in whole if line]
    assert lines.partial == bool(rest)


@pytest.mark.parametrize(
    "wire", [b"five\r\nhello\r\n", b"-5\r\nhello\r\n", b"\r\n\r\n", b"0x5\r\nhello\r\n", b"1" * 70_000]
)
def test_what_is_no_size_of_a_chunk_is_refused(wire: bytes) -> None:
    with pytest.raises(ValueError, match="size of a chunk"):
        Chunks().feed(wire)
