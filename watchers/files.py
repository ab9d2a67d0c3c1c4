"""From files, folders and standard input to observations: the way in for what nobody watched.

The only file here that opens files. What cannot be read is a value with its place, and the rest goes on.
Objects of kind Secret are ignored like every kind that no source understands; nothing of them is kept.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias, assert_never

from msgspec import structs

from lineage.errors import InvalidObservation
from lineage.identity import sha256
from lineage.observation import InputUnreadable, ObjectDeleted, Observation
from lineage.redaction import Redactor, struck_text
from watchers.documents import CHUNK_BYTES, GZIP_MAGIC, Document, Unreadable, decode
from watchers.observe import find_source, observe, unreadable
from watchers.source import KubernetesObject, Source

STANDARD_INPUT: Final = "-"
INPUT_SOURCE: Final = "files"  # the source that is named where bytes were no object of any other
YAML_NAMES: Final = (".yaml", ".yml")
NAMES: Final = (".json", ".ndjson", ".jsonl", *YAML_NAMES)
MAX_LIST_DEPTH: Final = 10  # lists of lists of objects: two are seen, as in a file of kubectl's answers
SNIFFED_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRead:
    """A Kubernetes object, and where it stood: file and line."""

    place: str
    item: KubernetesObject


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionRead:
    """A watch stream said that this object was deleted; `item` is its last state, which is no view of it."""

    place: str
    item: KubernetesObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Something that says nothing about lineage, and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Bytes that should be objects and are not. `place` names the file, and the line or byte in it."""

    place: str
    reason: str
    size_bytes: int
    digest: str


Input: TypeAlias = ObjectRead | DeletionRead | Ignored | Rejected


def read(
    paths: Sequence[str], *, standard_input: BinaryIO, on_bytes: Callable[[int], object] = lambda _count: None
) -> Iterator[Input]:
    """Read everything that is in files, in folders (their files in sorted order) and, for `-`, in standard input.

    `on_bytes` is told how many more bytes were read.
    """
    for path in paths:
        if path == STANDARD_INPUT:
            name = "standard input"
            yield from _objects_in(_chunks(standard_input, on_bytes), name=name, yaml=None, is_asked_for=True)
        elif Path(path).is_dir():
            failures: list[OSError] = []
            for file in files_under(Path(path), on_error=failures.append):
                if file.is_file() or not file.exists():  # a link to nothing is told like every file that fails
                    yield from _read_file(file, on_bytes, is_asked_for=False)
                else:
                    yield Ignored(place=_shown(file), reason="it is a pipe, socket or device; name it to read it")
            yield from (_failed(error.filename, error) for error in failures)
        else:
            yield from _read_file(Path(path), on_bytes, is_asked_for=True)


def size_bytes(paths: Sequence[str]) -> int | None:
    """Say how much there is to read; None where standard input or a pipe is part of it."""
    total = 0
    for path in map(Path, paths):
        files = files_under(path) if path.is_dir() else [path]
        for file in files:
            if not file.is_file():
                return None
            total += file.stat().st_size
    return total


def files_under(folder: Path, *, on_error: Callable[[OSError], object] = lambda _error: None) -> Iterator[Path]:
    """Find the files in a folder and the folders in it, sorted; what is hidden is left out, and links to folders are
    not followed. `on_error` is told of folders that cannot be read."""
    for place, folders, files in os.walk(folder, onerror=on_error):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))


def observed(
    found: Input, *, sources: Sequence[Source], cluster: str, seen_at: datetime, redactor: Redactor
) -> Observation | Ignored:
    """Turn what was read into what is logged."""
    match found:
        case ObjectRead():
            return _object_observed(found, sources, cluster, seen_at, redactor)
        case DeletionRead(place=place, item=item):
            source, uid = find_source(item, sources), _uid(item)
            if source is None:
                return Ignored(place=place, reason=_unknown_kind(item))
            if uid is None:
                return Ignored(place=place, reason="it was deleted, and has no uid to know it by")
            return ObjectDeleted(source=source.name, cluster=cluster, seen_at=seen_at, uid=uid)
        case Rejected(place=place, reason=reason, size_bytes=size_bytes, digest=digest):
            return InputUnreadable(
                source=INPUT_SOURCE,
                cluster=cluster,
                seen_at=seen_at,
                reason=struck_text(f"{place}: {reason}"),
                size_bytes=size_bytes,
                digest=digest,
            )
        case Ignored():
            return found
        case _:
            assert_never(found)


def _object_observed(
    found: ObjectRead, sources: Sequence[Source], cluster: str, seen_at: datetime, redactor: Redactor
) -> Observation | Ignored:
    source = find_source(found.item, sources)
    if source is None:
        return Ignored(place=found.place, reason=_unknown_kind(found.item))
    try:
        seen = observe(found.item, source, cluster=cluster, seen_at=seen_at, redactor=redactor)
        return structs.replace(seen, place=found.place)
    except InvalidObservation as error:
        reason = f"{found.place}: {error}"
        return unreadable(found.item, source, cluster=cluster, seen_at=seen_at, reason=reason)


# ------------------------------------------------------------------------------------------ files
def _read_file(path: Path, on_bytes: Callable[[int], object], *, is_asked_for: bool) -> Iterator[Input]:
    """Read one file. One that merely lies in a folder is read if it is named or begins like a manifest."""
    name = path.name.lower().removesuffix(".gz")
    try:
        with path.open("rb") as file:
            if not is_asked_for and not name.endswith(NAMES) and not _looks_like_objects(file.peek(SNIFFED_BYTES)):
                yield Ignored(place=_shown(path), reason="it is a text, and not one of objects")
                return
            yield from _objects_in(
                _chunks(file, on_bytes),
                name=_shown(path),
                yaml=True if name.endswith(YAML_NAMES) else None,
                is_asked_for=is_asked_for,
            )
    except OSError as error:
        yield _failed(path, error)


def _failed(path: str | Path, error: OSError) -> Rejected:
    reason = f"it cannot be read: {error.strerror or error}"
    return Rejected(place=_shown(path), reason=reason, size_bytes=0, digest=sha256(b""))


def _shown(path: str | Path) -> str:
    """Write a path, whose name may be bytes of any kind, as text that can be stored."""
    return os.fsencode(path).decode(errors="replace")


def _looks_like_objects(start: bytes) -> bool:
    is_binary = b"\0" in start or start.startswith(GZIP_MAGIC)
    is_json = start.lstrip().startswith((b"{", b"["))
    return is_binary or is_json or start.startswith(b"apiVersion:") or b"\napiVersion:" in start


def _chunks(file: BinaryIO, on_bytes: Callable[[int], object]) -> Iterator[bytes]:
    read_available = getattr(file, "read1", file.read)  # a pipe is read as it fills
    while chunk := read_available(CHUNK_BYTES):
        on_bytes(len(chunk))
        yield chunk


# ------------------------------------------------------------------------------------------ objects
def _objects_in(chunks: Iterable[bytes], *, name: str, yaml: bool | None, is_asked_for: bool) -> Iterator[Input]:
    empty = True
    for piece in decode(chunks, yaml=yaml):
        empty = False
        match piece:
            case Unreadable(place=place, reason=reason, size_bytes=size_bytes, digest=digest):
                yield Rejected(place=f"{name}, {place}", reason=reason, size_bytes=size_bytes, digest=digest)
            case Document(line=line, value=dict() | list() as value):
                yield from _objects(value, place=f"{name}, line {line}")
            case Document(line=line, value=value):
                data = json.dumps(value).encode()
                yield Rejected(
                    place=f"{name}, line {line}",
                    reason=f"expected an object or a list of objects, found {_kind_of(value)}",
                    size_bytes=len(data),
                    digest=sha256(data),
                )
            case _:
                assert_never(piece)
    if empty and is_asked_for:
        yield Rejected(place=name, reason="there is nothing in it", size_bytes=0, digest=sha256(b""))
    elif empty:
        yield Ignored(place=name, reason="there is nothing in it")


def _objects(value: Any, *, place: str, depth: int = 0) -> Iterator[Input]:
    """Find the objects in a document: one, a list of them, or an event of a watch."""
    match value:
        case list() if depth >= MAX_LIST_DEPTH:
            yield Ignored(place=place, reason=f"it is a list within more than {MAX_LIST_DEPTH} lists")
        case list():
            for number, item in enumerate(value, start=1):
                yield from _objects(item, place=f"{place}, item {number}", depth=depth + 1)
        case {"type": str(event), "object": dict(item)}:
            yield _event(event, item, place)
        case {"kind": str(kind), "apiVersion": str(version), "items": list(items)} if (
            kind.endswith("List") and depth < MAX_LIST_DEPTH
        ):
            for number, item in enumerate(items, start=1):
                # The API server leaves kind and version out of the items of its own types.
                whole = _of_list(item, kind.removesuffix("List"), version)
                yield from _objects(whole, place=f"{place}, item {number}", depth=depth + 1)
        case {"kind": str(), "apiVersion": str()} | {"metadata": dict()}:
            # Programs that decode an object may lose its kind; a source may know it all the same.
            yield ObjectRead(place=place, item=value)
        case _:
            yield Ignored(place=place, reason="it has no apiVersion and kind, so it is no Kubernetes object")


def _of_list(item: Any, kind: str, version: str) -> Any:
    return {"kind": kind, "apiVersion": version, **item} if isinstance(item, dict) and kind else item


def _event(event: str, item: KubernetesObject, place: str) -> Input:
    match event:
        case "ADDED" | "MODIFIED":
            return ObjectRead(place=place, item=item)
        case "DELETED":
            return DeletionRead(place=place, item=item)
        case "BOOKMARK" | "ERROR":
            return Ignored(place=place, reason=f"{event} is about the watch and not about an object")
        case _:
            return Ignored(place=place, reason="it is no event of a watch and no Kubernetes object")


def _uid(item: KubernetesObject) -> str | None:
    match item:
        case {"metadata": {"uid": str(uid)}} if uid:
            return uid
        case _:
            return None


def _unknown_kind(item: KubernetesObject) -> str:
    return f"no source understands {item.get('apiVersion')!s:.80} {item.get('kind')!s:.80}"


def _kind_of(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", type(None): "null"}
    return names.get(type(value), type(value).__name__)
