"""Bodies compressed in a way that a client takes. Pure.

Browsers take brotli over TLS and from their own machine, and gzip everywhere.
"""

import gzip
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final, Literal, TypeAlias

import brotli

from lineage.web.negotiation import REMEMBERED, takes

Encoding: TypeAlias = Literal["br", "gzip"]

# What is made for one answer is compressed as fast as it goes, and what is kept as small as it gets.
_FAST: Final[Mapping[Encoding, Callable[[bytes], bytes]]] = {
    "br": partial(brotli.compress, quality=1),
    "gzip": partial(gzip.compress, compresslevel=zlib.Z_BEST_SPEED, mtime=0),
}
_SMALL: Final[Mapping[Encoding, Callable[[bytes], bytes]]] = {
    "br": partial(brotli.compress, quality=11),
    "gzip": partial(gzip.compress, compresslevel=zlib.Z_BEST_COMPRESSION, mtime=0),
}


@lru_cache(REMEMBERED)
def encoding_for(accept_encoding: str | None) -> Encoding | None:
    """Choose how a body is compressed for a client; None where it names nothing that we can do."""
    return next((encoding for encoding in _FAST if takes(accept_encoding, encoding)), None)


def compressed(body: bytes, encoding: Encoding) -> bytes:
    """Compress what is sent once."""
    return _FAST[encoding](body)


def compressed_well(body: bytes, encoding: Encoding) -> bytes:
    """Compress what is kept, and sent again and again."""
    return _SMALL[encoding](body)
