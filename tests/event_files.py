"""Event files as TensorBoard's writers write them: TFRecords of Protocol Buffers, put together by hand."""

import struct
from collections.abc import Iterable

import crc32c


def record(data: bytes) -> bytes:
    """Frame a record, with its checksums by a library of others."""
    head = struct.pack("<Q", len(data))
    return head + _masked(head) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    crc = crc32c.crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def single(number: int, value: float) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<f", value)


def event(step: int, *values: bytes) -> bytes:
    """One record: the values of a step."""
    time = varint(1 << 3 | 1) + struct.pack("<d", 1.7e9 + step)
    return record(time + whole(2, step) + field(5, b"".join(field(1, value) for value in values)))


def scalar(tag: str, value: float) -> bytes:
    """A value as TensorFlow 1 and PyTorch write it."""
    return field(1, tag.encode()) + single(2, value)


def tensor(tag: str, content: bytes, *, plugin: str | None = "scalars") -> bytes:
    """A value as TensorFlow 2 writes it; only the first of a tag says for which plugin it is."""
    metadata = b"" if plugin is None else field(9, field(1, field(1, plugin.encode())))
    return field(1, tag.encode()) + field(8, content) + metadata


VERSION = record(varint(1 << 3 | 1) + struct.pack("<d", 1.7e9) + field(3, b"brain.Event:2"))


def event_file(events: Iterable[bytes]) -> bytes:
    return VERSION + b"".join(events)


def series(tag: str, values: Iterable[float], *, first: int = 0, every: int = 1) -> bytes:
    """A file that holds one series."""
    return event_file(event(first + every * index, scalar(tag, value)) for index, value in enumerate(values))
