"""A stream out of its compression. Pure.

Source: RFC 1952. Lengths and checksums at the end of each part are zlib's to compare.
"""

import zlib
from collections.abc import Iterator
from typing import Final

from lineage.packing.members import Limits, Unreadable, too_much
from lineage.packing.stream import Stream

PIECE_BYTES: Final = 256 * 1024  # a chunk of 64 KiB can unpack to 64 MiB: it comes out in pieces
_GZIP: Final = 31  # zlib's code for a gzip header and trailer
_RAW: Final = -15  # and for neither


def gunzip(stream: Stream, limits: Limits) -> Iterator[bytes]:
    """Unpack all parts of a gzip file, one behind the other. Zeros behind them are padding.

    Raises:
        Unreadable: the data is damaged, ends in the middle, or unpacks to too much.
    """
    total = 0
    while True:
        for piece in _parts(stream, _GZIP):
            total += len(piece)
            if total > limits.unpacked_bytes:
                raise too_much(limits)
            yield piece
        if stream.peek(1) != b"\x1f":
            break
    if any(chunk.strip(b"\0") for chunk in stream.rest()):
        raise Unreadable("something else stands behind the gzip data")


def inflate(stream: Stream) -> Iterator[bytes]:
    """Unpack one stretch of raw deflate data, and leave what stands behind it.

    Raises:
        Unreadable: the data is damaged, or ends in the middle.
    """
    return _parts(stream, _RAW)


def _parts(stream: Stream, form: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=form)
    for chunk in stream.rest():
        waiting = chunk
        while waiting and not unpacker.eof:
            try:
                piece = unpacker.decompress(waiting, PIECE_BYTES)
            except zlib.error as error:
                raise Unreadable(f"the compressed data is damaged ({error})") from error
            waiting = unpacker.unconsumed_tail
            if piece:
                yield piece
        if unpacker.eof:
            stream.give_back(unpacker.unused_data)
            return
    raise Unreadable("it ends in the middle")
