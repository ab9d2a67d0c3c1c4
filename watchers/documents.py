"""From bytes to the documents in them: JSON, JSON after JSON (a line each or not), and YAML.

Pure: chunks in, decoded values out, as they come. The memory that it needs is bounded: a stream of lines takes
that of one line, a long list that of one of its elements, and what is too large for one object is counted and left
out (some 300 MiB at most, since decoded values take about ten times their bytes). What cannot be read is a value too,
`Unreadable`, with its place; what stands before and behind it is read.
A YAML document is read as Kubernetes reads it: into JSON values, so that a time stays the text it is.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import chain
from typing import Any, Final, NoReturn, TypeAlias

import orjson

from lineage.identity import sha256
from lineage.limits import MAX_OBJECT_BYTES
from watchers.elements import OPENING_BYTES, Element, Elements, decode_json, list_opening
from watchers.yaml_values import InvalidYaml, load_yaml

CHUNK_BYTES: Final = 1024 * 1024
MAX_YAML_BYTES: Final = 8 * 1024 * 1024  # read at some 0.3 MiB a second, and takes 75 times its size of memory
MAX_BREAKS: Final = 100  # so often is reading taken up again behind an error in one broken stretch
TOO_LARGE: Final = f"larger than {MAX_OBJECT_BYTES // 2**20} MiB, which no object of Kubernetes can be: leave it out"
TOO_LARGE_YAML: Final = (
    f"larger than {MAX_YAML_BYTES // 2**20} MiB in one document: write it as JSON, or with --- between its objects"
)
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
GZIP_MAGIC: Final = b"\x1f\x8b"
GZIP_FORMAT: Final = 31  # zlib's code for a gzip header and trailer
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # some editors write it
BLANK: Final = b" \t\r\n"
NOT_BLANK: Final = re.compile(r"[^ \t\r\n]")
YAML_MARKER: Final = re.compile(rb"---(?:\s|$)")
JSON_AT_MARGIN: Final = re.compile(r"^[{\[]", re.MULTILINE)
LIST_OPENING: Final = re.compile(r"\[|\{(?:[^\[{]|\{[^\[{}]*\})*?\"items\"\s*:\s*\[")
_NO_JSON: Final = object()
CLOSING_ATTEMPTS: Final = 20  # a closing bracket at the margin nearly always ends a document; else wait for the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A decoded JSON value, and the line on which it begins."""

    line: int
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A stretch of bytes that is no document. `place` is a line or a byte, in words."""

    place: str
    reason: str
    size_bytes: int
    digest: str


Piece: TypeAlias = Document | Unreadable


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with its line feed; or a piece of one that is too long to be held."""

    number: int
    data: bytes
    begins: bool = True
    ends: bool = True


def decode(chunks: Iterable[bytes], *, yaml: bool | None = None) -> Iterator[Piece]:
    """Read the documents in a stream of bytes, plain or gzip.

    `yaml` says whether it is YAML; None is to judge by the first character.
    """
    lines = _lines(_plain(_with_magic(chunks)))
    for first in lines:
        if isinstance(first, Unreadable):
            yield first
        elif _is_binary(first.data):
            yield _binary(first, lines)
            return
        elif text := first.data.removeprefix(BYTE_ORDER_MARK).strip(BLANK):
            is_yaml = not text.startswith((b"{", b"[")) if yaml is None else yaml
            start = replace(first, data=first.data.removeprefix(BYTE_ORDER_MARK))
            yield from _yaml_documents(chain([start], lines)) if is_yaml else _json_documents(chain([start], lines))
            return


# ------------------------------------------------------------------------------------------ bytes and lines
def _with_magic(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Make the first chunk long enough to hold a magic number: a pipe gives out what it has."""
    start, rest = b"", iter(chunks)
    while len(start) < len(GZIP_MAGIC) and (chunk := next(rest, b"")):
        start += chunk
    yield start
    yield from rest


def _plain(chunks: Iterable[bytes]) -> Iterator[bytes | Unreadable]:
    """Unpack gzip, known by its magic number. What was unpacked before an error is given out."""
    unpacker = None
    taken = 0
    for chunk in chunks:
        if taken == 0 and chunk.startswith(GZIP_MAGIC):
            unpacker = zlib.decompressobj(wbits=GZIP_FORMAT)
        taken += len(chunk)
        if unpacker is None:
            yield chunk
            continue
        rest = chunk
        try:
            while rest:
                if unpacker.eof:  # a gzip file may be several, one behind the other
                    unpacker = zlib.decompressobj(wbits=GZIP_FORMAT)
                yield unpacker.decompress(rest, CHUNK_BYTES)
                rest = unpacker.unconsumed_tail or unpacker.unused_data
        except zlib.error as error:
            yield _unreadable(f"byte {taken - len(rest)}", f"the gzip data is damaged: {error}", rest)
            return
    if unpacker is not None and not unpacker.eof:
        yield _unreadable(f"byte {taken}", "the gzip data ends in the middle", b"")


def _lines(chunks: Iterable[bytes | Unreadable]) -> Iterator[_Line | Unreadable]:
    """Cut into lines, each with its line feed; one that is longer than any object comes in pieces."""
    number, parts, size, begins = 1, list[bytes](), 0, True
    failures: list[Unreadable] = []
    for chunk in chunks:
        if isinstance(chunk, Unreadable):
            failures.append(chunk)  # said behind the open line that was read before it
            continue
        *ends, start = chunk.split(b"\n")
        for end in ends:
            yield _Line(number, b"".join([*parts, end, b"\n"]), begins)
            number, parts, size, begins = number + 1, [], 0, True
        if start:
            parts.append(start)
            size += len(start)
        if size > MAX_OBJECT_BYTES or not begins:
            yield _Line(number, b"".join(parts), begins, ends=False)
            parts, begins = [], False
    if parts:
        yield _Line(number, b"".join(parts), begins)
    yield from failures


def _unreadable(place: str, reason: str, data: bytes) -> Unreadable:
    return Unreadable(place=place, reason=reason, size_bytes=len(data), digest=sha256(data))


def _is_binary(data: bytes) -> bool:
    start = data[:4096]
    if b"\0" in start:
        return True
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut = error.start >= len(start) - 3  # a character may be cut in two
        return not is_cut and not start.startswith((b"{", b"["))
    return False


def _binary(first: _Line, rest: Iterable[_Line | Unreadable]) -> Unreadable:
    reason = "it is neither JSON nor YAML but binary data"
    if first.data.startswith(UTF_16):
        reason = "it is UTF-16, as PowerShell writes it: save it as UTF-8"
    return _counted("byte 0", reason, chain([first], (line for line in rest if isinstance(line, _Line))))


def _counted(place: str, reason: str, lines: Iterable[_Line]) -> Unreadable:
    """Say that lines cannot be read, without holding them."""
    digest, size = hashlib.sha256(), 0
    for line in lines:
        digest.update(line.data)
        size += len(line.data)
    return Unreadable(place=place, reason=reason, size_bytes=size, digest=f"sha256:{digest.hexdigest()}")


# ------------------------------------------------------------------------------------------ blocks of lines
class _Block:
    """Lines that may be one document. As bytes: an object for each of millions of short lines would be too much."""

    def __init__(self) -> None:
        self.line = 0
        self.ends_open = False  # whether the last line announces that more will come
        self._data = bytearray()

    def __bool__(self) -> bool:
        return bool(self._data)

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def data(self) -> bytes:
        return bytes(self._data)

    def add(self, line: _Line) -> None:
        if not self._data:
            self.line = line.number
        self._data += line.data
        if text := line.data[-16:].rstrip():
            self.ends_open = text.endswith((b",", b"[", b"{", b":"))

    def lines(self) -> Iterator[_Line]:
        """Cut it into its lines again."""
        for number, data in enumerate(BytesIO(self._data), start=self.line):
            yield _Line(number, data, ends=data.endswith(b"\n"))


# ------------------------------------------------------------------------------------------ YAML
def _yaml_documents(lines: Iterable[_Line | Unreadable]) -> Iterator[Piece]:
    """Cut at the markers: `---` at the margin begins a document, wherever it stands."""
    block = _Block()
    rest = iter(lines)
    for line in rest:
        if isinstance(line, Unreadable):
            yield line
            continue
        if _begins_document(line):
            yield from _yaml_document(block)
            block = _Block()
        if not line.data.startswith(b"%"):  # directives: none changes what we read
            block.add(line)
        if block.size > MAX_YAML_BYTES:
            more, failures, next_line = _until_marker(rest)
            yield _counted(f"line {block.line}", TOO_LARGE_YAML, chain(block.lines(), more))
            yield from failures
            block = _Block()
            for one in next_line:
                block.add(one)
    yield from _yaml_document(block)


def _begins_document(line: _Line) -> bool:
    return line.begins and YAML_MARKER.match(line.data) is not None


def _until_marker(lines: Iterator[_Line | Unreadable]) -> tuple[Iterator[_Line], list[Unreadable], list[_Line]]:
    """The lines of the document that is being read; what failed on the way and the next document's first line are
    there once they were taken."""
    failures: list[Unreadable] = []
    first: list[_Line] = []

    def taken() -> Iterator[_Line]:
        for line in lines:
            if isinstance(line, Unreadable):
                failures.append(line)
            elif _begins_document(line):
                first.append(line)
                return
            else:
                yield line

    return taken(), failures, first


def _yaml_document(block: _Block) -> Iterator[Piece]:
    data = block.data
    try:
        value = load_yaml(data)
    except InvalidYaml as error:
        yield _unreadable(f"line {block.line + error.line}", error.reason, data)
    else:
        if value is not None:
            yield Document(line=block.line, value=value)


# ------------------------------------------------------------------------------------------ JSON
def _json_documents(lines: Iterable[_Line | Unreadable]) -> Iterator[Piece]:
    """Read JSON values that follow one another.

    1. Mostly a line is a value, or a value ends where a bracket closes at the margin: this needs no more
       memory than the value.
    2. A broken line is followed by whole ones: what came before them is broken.
    3. What did not end by then is read as far as it goes (`_salvage`).
    """
    block, attempts = _Block(), 0
    rest = iter(lines)
    for line in rest:
        if isinstance(line, Unreadable):
            yield line
            continue
        if not line.data.strip(BLANK):
            if block:
                block.add(line)
            continue
        alone = not block or (line.data.startswith(b"{") and not block.ends_open)
        if alone and line.ends and (value := _json(line.data)) is not _NO_JSON:
            yield from _salvage(block)
            yield Document(line=line.number, value=value)
            block, attempts = _Block(), 0
            continue
        if alone and not line.ends:
            yield from _salvage(block)
            block, attempts = _Block(), 0
        block.add(line)
        if line.data.startswith((b"}", b"]")) and attempts < CLOSING_ATTEMPTS:
            attempts += 1
            if (value := _json(block.data)) is not _NO_JSON:
                yield Document(line=block.line, value=value)
                block, attempts = _Block(), 0
        if block.size > MAX_OBJECT_BYTES:
            behind = list[_Line]()
            yield from _long_document(block, rest, behind)
            yield from _json_documents(chain(behind, rest))
            return
    yield from _salvage(block)


def _long_document(block: _Block, rest: Iterator[_Line | Unreadable], behind: list[_Line]) -> Iterator[Piece]:
    """Read a document that is longer than an object may be: the elements of a list, one by one; anything else is too
    large. `behind` is given what stands behind it in its last line."""
    start = block.data[:OPENING_BYTES]
    opening = list_opening(start)
    elements = Elements(opening=opening, max_bytes=MAX_OBJECT_BYTES)
    header = _json(opening + b"]}") if opening.lstrip().startswith(b"{") else None
    opened = len(opening)
    for line in chain(block.lines(), rest):
        if isinstance(line, Unreadable):
            yield line
            continue
        skipped = min(opened, len(line.data))
        opened -= skipped
        for element in elements.feed(line.data[skipped:], line.number, begins_line=line.begins and not skipped):
            yield _piece(element, header)
        if elements.is_over:
            behind.append(_Line(line.number, elements.rest, begins=False, ends=line.ends))
            return
    yield from (_piece(element, header) for element in elements.finish())


def _piece(element: Element, header: Any) -> Piece:
    if element.data is not None and (value := _json(element.data)) is not _NO_JSON:
        untyped = isinstance(header, dict) and isinstance(value, dict) and "kind" not in value
        return Document(line=element.line, value={**header, "items": [value]} if untyped else value)
    reason = element.fault or (TOO_LARGE if element.data is None else "it is no JSON")
    return Unreadable(place=f"line {element.line}", reason=reason, size_bytes=element.size_bytes, digest=element.digest)


def _json(data: bytes) -> Any:
    try:
        return decode_json(data)
    except orjson.JSONDecodeError:
        return _NO_JSON


def _salvage(block: _Block) -> Iterator[Piece]:
    """Read what can be read of lines that are no one value: whole values, and the whole items of a cut list."""
    if not block:
        return
    data = block.data
    if (value := _json(data)) is not _NO_JSON:
        yield Document(line=block.line, value=value)
        return
    # What is no UTF-8 stays what it is: a value that holds it cannot be written down, and is refused then.
    text = data.decode("utf-8", errors="surrogateescape")
    place = _Place(text, block.line)
    start = breaks = 0
    while (start := _skip_blank(text, start)) < len(text):
        line = place.line(start)
        try:
            value, end = _decode_at(text, start)
        except _Broken as broken:
            items, reached = _whole_items(text, start)
            for item, at in items:
                yield Document(line=place.line(at), value=item)
            line = place.line(reached)
            breaks += 1
            margin = JSON_AT_MARGIN.search(text, max(reached, start + 1)) if breaks < MAX_BREAKS else None
            end = margin.start() if margin else len(text)
            left = text[reached:end].encode("utf-8", errors="surrogateescape")
            yield _unreadable(f"line {line}", broken.reason, left)
        else:
            yield Document(line=line, value=value)
        start = end


class _Place:
    """Tells lines from positions, which only go forward."""

    def __init__(self, text: str, first_line: int) -> None:
        self._text = text
        self._line = first_line
        self._counted = 0

    def line(self, position: int) -> int:
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line


def _whole_items(text: str, start: int) -> tuple[list[tuple[Any, int]], int]:
    """Read the items of a list that breaks off: those that say themselves what they are.

    Returns them with their places, and how far the last one reaches.
    """
    opening = LIST_OPENING.match(text, start)
    items: list[tuple[Any, int]] = []
    reached = start
    position = opening.end() if opening else len(text)
    while position < len(text):
        position = _skip_blank(text, position)
        try:
            item, end = _decode_at(text, position)
        except _Broken:
            break
        if isinstance(item, dict) and "kind" in item and "apiVersion" in item:
            items.append((item, position))
            reached = end
        position = _skip_blank(text, end)
        if not text.startswith(",", position):
            break
        position += 1
    return items, reached


class _Broken(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_decoder: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _decode_at(text: str, start: int) -> tuple[Any, int]:
    try:
        return _decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _Broken(f"{error.msg[0].lower()}{error.msg[1:]} (column {error.colno})") from error
    except RecursionError as error:
        raise _Broken("nested too deeply") from error
    except ValueError as error:
        raise _Broken(str(error)) from error


def _skip_blank(text: str, start: int) -> int:
    found = NOT_BLANK.search(text, start)
    return found.start() if found else len(text)
