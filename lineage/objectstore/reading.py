"""What lies at a place, as text: the beginning of a log, a report, a table.

It asks a store through its port, and makes a reason of whatever keeps it from reading.
"""

from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from sys import maxsize
from typing import Final

from lineage.errors import ObjectAbsent, ObjectStoreError
from lineage.model import ArtifactText, LookDue
from lineage.objectstore.configured import ConfiguredStore, Found, NotConfigured, find
from lineage.packing import Unreadable, beginning_of_only_file
from lineage.ports import Budget, ObjectStore, Scope
from lineage.redaction import LONGEST_SECRET, beginning

WITHIN: Final = Budget(size_bytes=maxsize, seconds=10.0)  # of a large object no more is fetched than is taken
_BYTES_OF_CHARACTER: Final = 4  # at most, in UTF-8
_BINARY: Final = "it is no text in UTF-8"
_NOT_OF_NAMESPACE: Final = (
    "no object store is configured for its namespace alone: what lies in one that others share is shown to who may see "
    "all of a cluster"
)

OpenStore = Callable[[ConfiguredStore, str], ObjectStore]
"""Opens a bucket of a store; nobody is asked yet."""


class StoredTexts:
    """A `lineage.ports.TextReader` of the stores that are configured."""

    def __init__(self, stores: Sequence[ConfiguredStore], open_store: OpenStore) -> None:
        self._stores = stores
        self._open_store = open_store

    def read(self, scope: Scope, place: LookDue, *, characters: int) -> ArtifactText:
        """Read the beginning of what lies at a place, as the port says."""
        found = find(self._stores, cluster=place.cluster, namespace=place.namespace, location=place.location)
        if isinstance(found, NotConfigured):
            return ArtifactText(reason=found.reason)
        is_theirs = found.store.namespace == place.namespace and scope.holds(place.cluster, place.namespace)
        if not is_theirs and not scope.holds_all_of(place.cluster):
            return ArtifactText(reason=_NOT_OF_NAMESPACE)
        return self._read(found, characters)

    def _read(self, found: Found, characters: int) -> ArtifactText:
        store = self._open_store(found.store, found.bucket)
        try:
            return text_of(store, found.key, characters=characters)
        except ObjectAbsent as absent:
            try:
                is_folder = next(iter(store.objects(f"{found.key.rstrip('/')}/")), None) is not None
            except ObjectStoreError as error:
                return ArtifactText(reason=str(error))
            return ArtifactText(reason="it is a folder, which is no text" if is_folder else str(absent))
        except (ObjectStoreError, Unreadable) as error:
            return ArtifactText(reason=str(error))


def text_of(store: ObjectStore, key: str, *, characters: int) -> ArtifactText:
    """Read the beginning of an object, or of the one file that it packs.

    Raises:
        ObjectStoreError: the store cannot be asked, or the object cannot be read.
        Unreadable: it cannot be unpacked, or packs several files.
    """
    with store.open(key, budget=WITHIN) as opened:
        size = (characters + LONGEST_SECRET) * _BYTES_OF_CHARACTER
        data, is_all = beginning_of_only_file(opened.chunks, size_bytes=size)
    try:
        read = getincrementaldecoder("utf-8")().decode(data, final=is_all)
    except UnicodeDecodeError:
        return ArtifactText(size_bytes=opened.stat.size_bytes, reason=_BINARY)
    if "\0" in read:
        return ArtifactText(size_bytes=opened.stat.size_bytes, reason=_BINARY)
    shown = beginning(read, characters + 1)
    return ArtifactText(
        text=shown[:characters],
        complete=is_all and len(read) <= characters + LONGEST_SECRET and len(shown) <= characters,
        size_bytes=opened.stat.size_bytes,
    )
