"""Event files of TensorBoard: scalars over steps. Pure.

A file is records of TFRecord, each an `Event` in Protocol Buffers; of these only scalars are read, as TensorFlow 1
(`simple_value`) and 2 (a tensor of one element) and PyTorch write them. Sources:
tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto,
tensorflow/core/framework/{summary,tensor}.proto, tensorboard/plugins/scalar/metadata.py.

    events.out.tfevents.1700000000.host          a file of its own
    a tar, zip or folder of such files           the folders between are TensorBoard's runs: `validation/loss`

What is written again at a step (by a run that was resumed) counts as it was written last. A file that is still being
written ends in the middle of a record: what is whole counts.
"""

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Final

from lineage.evidence import Said
from lineage.metrics.values import Reading, value_of
from lineage.packing import LIMITS, Packing, Stream, Unreadable, gunzip, packing_of, unpacked
from lineage.redaction import beginning

FILES: Final = ("*tfevents*", "*tensorboard*", "tb-logs", "tb_logs")
"""What artifacts are called that hold such files, by the last part of their place, or by their own names."""
EVENT_FILES: Final = "*tfevents*"
"""What the files themselves are called: TensorBoard goes by that, too."""
MAX_FILE_BYTES: Final = 64 * 2**20  # unpacked, all files together
MAX_VALUES: Final = 4_000  # of all metrics together: more than that is not kept of one artifact
MAX_NAME_LENGTH: Final = 250
MAX_STEP: Final = 2**31 - 1  # what GraphQL takes for a whole number

_HEAD: Final = struct.Struct("<QI")
_CRC: Final = struct.Struct("<I")
_SCALARS: Final = (b"", b"scalars")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DTYPES: Final[Mapping[int, str]] = {1: "f", 2: "d", 3: "i", 9: "q"}
"""How numbers stand in `tensor_content`, by their DataType."""
_LISTS: Final[Mapping[int, str]] = {5: "f", 6: "d"}
"""How they stand in lists of their own, by the number of the field; 7 and 10 are lists of whole numbers."""
_WHOLE_LISTS: Final = (7, 10)


class Damaged(Exception):
    """Bytes are not what they should be; the message says what."""


def is_event_file(name: str) -> bool:
    """Say whether a file is one of events, by the last part of its name."""
    return fnmatchcase(name.rpartition("/")[2], EVENT_FILES)


def holds_event_files(name: str) -> bool:
    """Say whether an artifact holds event files, by the last part of its place or by its name."""
    plain = name.rstrip("/").rpartition("/")[2].lower()
    return any(fnmatchcase(plain, pattern) or fnmatchcase(plain, f"{pattern}.*") for pattern in FILES)


def read_event_archive(data: bytes) -> Said:
    """Read a file of events, or an archive of such files, packed by itself or not at all."""
    reading = Reading()
    try:
        stream = Stream([data])
        limits = replace(LIMITS, unpacked_bytes=MAX_FILE_BYTES)
        if packing_of(stream) is Packing.GZIP:
            stream = Stream(gunzip(stream, limits))
        if packing_of(stream) not in (Packing.TAR, Packing.ZIP):
            return read_event_files({"": b"".join(stream.rest())})
        files = {
            member.name.decode("utf-8", "replace"): b"".join(member.data)
            for member in unpacked(stream, limits)
            if member.link is None and is_event_file(member.name.decode("utf-8", "replace"))
        }
    except Unreadable as error:
        reading.refuse("", str(error))
        return reading.metrics()
    return read_event_files(files)


def read_event_files(files: Mapping[str, bytes]) -> Said:
    """Read the files of events of one folder, by their names in it."""
    reading, found = Reading(), dict[str, dict[int, float]]()
    for name, run in _runs(files):
        try:
            for tag, step, number in _scalars(files[name]):
                found.setdefault(f"{run}/{tag}" if run else tag, {})[step] = number
        except Damaged as error:
            reading.refuse(name, str(error))
    named = {name: values for name, values in found.items() if _may_be_called(name, reading)}
    for name, step, number in _thinned(named, reading):
        reading.add(value_of(name, number, step=step), name)
    return reading.metrics()


def _runs(files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Files in the order in which they were begun, and the run of each: the folders in which not all of them lie."""
    folders = {name: name.split("/")[:-1] for name in files}
    common = 0
    for parts in zip(*folders.values(), strict=False):
        if len(set(parts)) > 1:
            break
        common += 1
    for name in sorted(folders, key=lambda name: (name.rpartition("/")[2], name)):
        yield name, "/".join(folders[name][common:])


def _may_be_called(name: str, reading: Reading) -> bool:
    if not name.isprintable():
        reading.refuse(beginning(name, MAX_NAME_LENGTH), "its name has characters that cannot be shown")
    elif len(name) > MAX_NAME_LENGTH:
        reading.refuse(beginning(name, MAX_NAME_LENGTH), f"its name has more than {MAX_NAME_LENGTH} characters")
    else:
        return True
    return False


def _thinned(found: Mapping[str, Mapping[int, float]], reading: Reading) -> Iterator[tuple[str, int, float]]:
    """Of more values than are kept, as many of each metric, evenly, and always the last."""
    total = sum(map(len, found.values()))
    most = max(MAX_VALUES // max(len(found), 1), 1)
    kept = 0
    for name, values in found.items():
        steps = sorted(values)
        if total > MAX_VALUES and len(steps) > most:
            stride = -(-len(steps) // most)
            steps = steps[(len(steps) - 1) % stride :: stride]  # the last is one of them
        for step in steps[: MAX_VALUES - kept]:
            yield name, step, values[step]
        kept += min(len(steps), MAX_VALUES - kept)
    if kept < total:
        reading.refuse("", f"{kept:,} of {total:,} values are kept, of each metric evenly")


# ------------------------------------------------------------------------------------------ records
def _scalars(data: bytes) -> Iterator[tuple[str, int, float]]:
    """Read the scalars of a file: tag, step and number.

    Raises:
        Damaged: a record is; what came before it counts.
    """
    for record, crc in _records(data):
        fields = dict(_fields(record))
        summary, step = fields.get(5), fields.get(2, 0)
        if not isinstance(summary, bytes) or not isinstance(step, int):
            continue
        values = [found for number, value in _fields(summary) if number == 1 and (found := _scalar(value)) is not None]
        if values and _masked_crc(record) != crc:
            raise Damaged(f"the record at step {step} is not as it was written: its checksum is another")
        if 0 <= step <= MAX_STEP:
            yield from ((tag, step, number) for tag, number in values)


def _records(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Cut a file into records, each with the checksum that it bears."""
    at = 0
    while at + _HEAD.size <= len(data):
        length, crc = _HEAD.unpack_from(data, at)
        if _masked_crc(data[at : at + 8]) != crc:
            raise Damaged("it is no file of events" if at == 0 else f"what begins at byte {at:,} is no record")
        start = at + _HEAD.size
        at = start + length + _CRC.size
        if at > len(data):
            return  # it is still being written
        yield data[start : start + length], _CRC.unpack_from(data, start + length)[0]


def _scalar(value: Any) -> tuple[str, float] | None:
    """Read one value of a summary; None where it is no scalar."""
    if not isinstance(value, bytes):
        return None
    fields = dict(_fields(value))
    tag, metadata = fields.get(1), fields.get(9)
    if not isinstance(tag, bytes) or not _is_scalar(metadata):
        return None
    simple, tensor = fields.get(2), fields.get(8)
    if isinstance(simple, float):
        number: float | None = simple
    elif isinstance(tensor, bytes):
        number = _number_of(tensor)
    else:
        return None
    return None if number is None else (tag.decode("utf-8", "replace"), number)


def _is_scalar(metadata: Any) -> bool:
    """Whether a value is for the plugin of scalars, or does not say for which: only the first of a tag says so."""
    if not isinstance(metadata, bytes):
        return True
    plugin = dict(_fields(metadata)).get(1)
    return not isinstance(plugin, bytes) or dict(_fields(plugin)).get(1, b"") in _SCALARS


def _number_of(tensor: bytes) -> float | None:
    """Read a tensor of one number; None of any other."""
    fields = list(_fields(tensor))
    dtype = next((value for number, value in fields if number == 1), 0)
    numbers: list[float] = []
    for number, value in fields:
        if number == 4 and isinstance(value, bytes) and isinstance(dtype, int) and dtype in _DTYPES:
            numbers += _unpacked(_DTYPES[dtype], value)
        elif number in _LISTS:
            numbers += _unpacked(_LISTS[number], value) if isinstance(value, bytes) else [value]
        elif number in _WHOLE_LISTS:
            numbers += map(_signed, _varints(value)) if isinstance(value, bytes) else [_signed(value)]
    return float(numbers[0]) if len(numbers) == 1 else None


def _unpacked(form: str, data: bytes) -> Sequence[float]:
    size = struct.calcsize(f"<{form}")
    found = struct.unpack(f"<{len(data) // size}{form}", data) if len(data) % size == 0 else ()
    return tuple(map(_as_meant, found)) if form == "f" else found


def _as_meant(single: float) -> float:
    """Of the numbers that are the same in 32 bits the shortest: 0.1, and not 0.10000000149."""
    if not math.isfinite(single):
        return single
    written = (float(f"{single:.{digits}g}") for digits in range(6, 10))
    return next((one for one in written if _single(one) == single), single)


def _single(number: float) -> float | None:
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:  # rounded up, it is beyond what 32 bits hold
        return None


# ------------------------------------------------------------------------------------------ Protocol Buffers
def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Read the fields of a message: their numbers and values. Numbers of 32 and 64 bits are taken to be floating."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, form = key >> 3, key & 7
        if form == _VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif form in (_FIXED64, _FIXED32):
            packed = "<d" if form == _FIXED64 else "<f"
            size = struct.calcsize(packed)
            if at + size > len(message):
                raise Damaged("a record is cut off within a number")
            found: float = struct.unpack_from(packed, message, at)[0]
            yield number, found if form == _FIXED64 else _as_meant(found)
            at += size
        elif form == _BYTES:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise Damaged("a record is cut off within a member")
            yield number, message[at : at + length]
            at += length
        else:
            raise Damaged("a record is no message of Protocol Buffers")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        found |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return found, at
    raise Damaged("a record is no message of Protocol Buffers")


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        found, at = _varint(data, at)
        yield found


def _signed(number: Any) -> float:
    """A whole number as it was meant: those below zero stand as if they had 64 bits and no sign."""
    return float(number - (1 << 64) if number >= 1 << 63 else number)


# ------------------------------------------------------------------------------------------ checksums
def _crc_table() -> tuple[int, ...]:
    """The remainders of CRC-32C (Castagnoli), by bytes. Source: RFC 3720, appendix B.4."""
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_CRC_TABLE: Final = _crc_table()


def _masked_crc(data: bytes) -> int:
    """The checksum of TFRecord: CRC-32C, turned and shifted, so that a checksum of checksums is none of them."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
