"""Files out of what they were packed in: tar, zip and gzip, read as they come.

Pure: chunks in, files out, in their order. It holds one chunk and one header at a time, however long a file is; nothing
is ever written anywhere. What cannot be read, and what goes beyond `Limits`, raises `Unreadable` with the reason.

    stream.py     bytes taken in any portions, whatever chunks they come in
    gzip.py       a stream out of its compression
    tar.py        ustar, GNU and pax
    zip.py        by the headers before the files, which the directory behind them must confirm
    members.py    what comes out, how it may be called, and how much of it there may be
    unpacking.py  which of them it is
"""

from lineage.packing.gzip import gunzip
from lineage.packing.members import LIMITS, Limits, Member, Unreadable, plain_name, shown, too_many
from lineage.packing.stream import Stream
from lineage.packing.unpacking import HEAD_BYTES, Packing, beginning_of_only_file, only_file, packing_of, unpacked

__all__ = [
    "HEAD_BYTES",
    "LIMITS",
    "Limits",
    "Member",
    "Packing",
    "Stream",
    "Unreadable",
    "beginning_of_only_file",
    "gunzip",
    "only_file",
    "packing_of",
    "plain_name",
    "shown",
    "too_many",
    "unpacked",
]
