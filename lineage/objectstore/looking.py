"""One look at what lies at a place: an object, or a folder of them.

It asks a store through its port, and makes values of what is found, of errors too: a store that cannot be asked leaves
an artifact UNVERIFIED with the reason, and only one that says so makes it MISSING.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from time import monotonic

from lineage.errors import BadObject, BudgetExceeded, ObjectAbsent, ObjectStoreError
from lineage.evidence import Look, Said, SetAside
from lineage.metrics import LARGEST_FILE, Read, is_event_file, said_in_folder
from lineage.model import ArtifactState
from lineage.objectstore.content import digest, digest_of_files
from lineage.packing import LIMITS, Limits, Unreadable, too_many
from lineage.ports import Budget, ObjectStat, ObjectStore


def look(
    store: ObjectStore,
    key: str,
    *,
    budget: Budget | None = None,
    limits: Limits = LIMITS,
    read: Read | None = None,
) -> Look:
    """Look at an object, or where there is none at the folder of that name; within a budget, at its bytes as well,
    and at what they say where `read` knows how to read them."""
    try:
        return _object(store, key, budget, limits, read)
    except ObjectAbsent as absent:
        try:
            found = _folder(store, f"{key.rstrip('/')}/", budget, limits)
        except ObjectStoreError as error:
            return _unknown(error)
        return found or Look(state=ArtifactState.MISSING, reason=str(absent))
    except ObjectStoreError as error:
        return _unknown(error)


def _unknown(error: ObjectStoreError) -> Look:
    return Look(state=ArtifactState.UNVERIFIED, reason=str(error))


# ------------------------------------------------------------------------------------------ an object
def _object(store: ObjectStore, key: str, budget: Budget | None, limits: Limits, read: Read | None) -> Look:
    if budget is None:
        return _seen(store.stat(key))
    with store.open(key, budget=budget) as opened:
        seen = _seen(opened.stat)
        kept = _Kept(opened.chunks, LARGEST_FILE if read else 0)
        try:
            content = digest(kept, limits)
        except BudgetExceeded as error:
            return replace(seen, content_reason=str(error))
    return replace(
        seen,
        digest=content.digest,
        content_digest=content.content_digest,
        content_reason=content.reason,
        said=kept.said(read) if read else None,
    )


class _Kept:
    """Chunks that are kept as they pass, up to so many bytes."""

    def __init__(self, chunks: Iterable[bytes], most: int) -> None:
        self._chunks = chunks
        self._most = most
        self._kept = bytearray()
        self._passed = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._passed += len(chunk)
            if self._passed <= self._most:
                self._kept += chunk
            yield chunk

    def said(self, read: Read) -> Said:
        if self._passed <= self._most:
            return read(bytes(self._kept))
        return Said(set_aside=(SetAside("", f"it has {self._passed:,} bytes, and {self._most:,} are read"),))


def _seen(stat: ObjectStat) -> Look:
    return Look(
        state=ArtifactState.PRESENT,
        size_bytes=stat.size_bytes,
        modified_at=stat.modified_at,
        etag=stat.etag,
        version=stat.version,
        checksums=stat.checksums,
    )


# ------------------------------------------------------------------------------------------ a folder
def _folder(store: ObjectStore, prefix: str, budget: Budget | None, limits: Limits) -> Look | None:
    """Look at all that lies below a prefix; None where nothing does."""
    files: list[ObjectStat] = []
    listing, is_there = hashlib.sha256(), False
    for stat in store.objects(prefix):
        is_there = True
        if stat.key.endswith("/"):  # the mark of a folder that somebody made by hand
            continue
        if len(files) >= limits.files:
            return Look(state=ArtifactState.PRESENT, content_reason=str(too_many(limits)))
        files.append(stat)
        listing.update(repr((stat.key, stat.etag, stat.size_bytes)).encode("utf-8", "surrogateescape"))
    if not is_there:
        return None
    seen = Look(
        state=ArtifactState.PRESENT,
        size_bytes=sum(stat.size_bytes for stat in files),
        modified_at=max((stat.modified_at for stat in files if stat.modified_at), default=None),
        etag=f"listing:{listing.hexdigest()}",
        files=len(files),
    )
    if budget is None:
        return seen
    told: dict[str, bytes] = {}
    try:
        content_digest = digest_of_files(_digests(store, prefix, files, budget, told), limits)
        return replace(seen, content_digest=content_digest, said=said_in_folder(told))
    except (BudgetExceeded, Unreadable) as error:
        return replace(seen, content_reason=str(error))


def _digests(
    store: ObjectStore, prefix: str, files: Sequence[ObjectStat], budget: Budget, told: dict[str, bytes]
) -> Iterator[tuple[str, str]]:
    """Read files one by one, all within one budget. Those that say something are kept in `told`, as far as so much is
    read."""
    total, deadline = sum(stat.size_bytes for stat in files), monotonic() + budget.seconds
    if total > budget.size_bytes:
        raise BudgetExceeded(f"the files below {prefix} have {total:,} bytes, and {budget.size_bytes:,} may be read")
    for listed in files:
        if (seconds := deadline - monotonic()) <= 0:
            raise BudgetExceeded(f"the files below {prefix} could not be read within {budget.seconds:g} s")
        of_file, room = hashlib.sha256(), LARGEST_FILE - sum(map(len, told.values()))
        is_kept = is_event_file(listed.key) and listed.size_bytes <= room
        with store.open(listed.key, budget=replace(budget, seconds=seconds)) as opened:
            if opened.stat.etag != listed.etag:
                raise BadObject(f"{listed.key} was changed while the folder was read")
            held = bytearray()
            for chunk in opened.chunks:
                of_file.update(chunk)
                if is_kept:
                    held += chunk
        if is_kept:
            told[listed.key.removeprefix(prefix)] = bytes(held)
        yield listed.key.removeprefix(prefix), f"sha256:{of_file.hexdigest()}"
