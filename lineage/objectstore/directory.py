"""A folder on disk as an object store: it holds a folder for each bucket, in which keys are paths.

It leads to nowhere else: neither a key nor a symbolic link is followed out of the folder, and what is no plain file is
no object. Files have no versions; in the place of an ETag stands when they were written, as exactly as the disk knows.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from typing import Final

from lineage.errors import BadObject, BucketAbsent, ObjectAbsent, ObjectForbidden, ObjectStoreError, StoreUnreachable
from lineage.objectstore.metering import metered
from lineage.ports import Budget, ObjectOpened, ObjectStat

CHUNK_BYTES: Final = 256 * 1024

# Where there is none of them, symbolic links and pipes are told before they are opened, and that must do.
_OPENING: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_FOLDER: Final = _OPENING | getattr(os, "O_DIRECTORY", 0)
_NOTHING_THERE: Final = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.EINVAL,
    errno.ENXIO,
)
_NOT_ALLOWED: Final = (errno.EACCES, errno.EPERM, errno.ELOOP)


class DirectoryStore:
    """A `lineage.ports.ObjectStore` of one bucket: the folder of this name in a folder."""

    def __init__(self, folder: Path, bucket: str) -> None:
        self._folder = folder
        self._bucket = bucket

    def stat(self, key: str, *, version: str | None = None) -> ObjectStat:
        """Say what lies under a key, as the port says."""
        with self._open(key, version) as file:
            return _stat(key, os.fstat(file.fileno()))

    @contextmanager
    def open(self, key: str, *, version: str | None = None, budget: Budget) -> Iterator[ObjectOpened]:
        """Open a file to read it, as the port says."""
        with self._open(key, version) as file:
            stat = _stat(key, os.fstat(file.fileno()))
            chunks = metered(
                self._chunks(file, stat), size_bytes=stat.size_bytes, budget=budget, shown=self._shown(key)
            )
            yield ObjectOpened(stat=stat, chunks=chunks)

    def objects(self, prefix: str) -> Iterator[ObjectStat]:
        """List the files whose paths begin so, as the port says. Symbolic links are left out."""
        root, waiting = self._root(), [""]
        while waiting:
            key = waiting.pop()
            with suppress(ObjectAbsent):  # it was removed meanwhile
                if key and not key.endswith("/"):
                    yield self.stat(key)
                else:
                    waiting += reversed(self._below(root, key, prefix))

    def close(self) -> None:
        """Do nothing: files are closed when they are read."""

    def _below(self, root: Path, key: str, prefix: str) -> list[str]:
        """Name the files and folders of a folder that can lead to keys with a prefix, in the order of their keys: a
        folder sorts by its name with a slash."""
        with self._failures(key):
            entries = list(os.scandir(root / key))
        keys = [f"{key}{one.name}/" for one in entries if one.is_dir(follow_symlinks=False)]
        keys += [f"{key}{one.name}" for one in entries if one.is_file(follow_symlinks=False)]
        leading = [one for one in keys if one.startswith(prefix) or (one.endswith("/") and prefix.startswith(one))]
        return sorted(leading, key=os.fsencode)

    @contextmanager
    def _open(self, key: str, version: str | None) -> Iterator[FileIO]:
        if version is not None:
            raise ObjectAbsent(f"{self._shown(key)} has no version {version}: a folder keeps none")
        with self._failures(key):
            path, root = self._path(key), self._root()
            file = FileIO(path, opener=lambda _path, _flags: _opened(root, path.relative_to(root).parts))
        with file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ObjectAbsent(f"{self._shown(key)} is no plain file")
            yield file

    def _path(self, key: str) -> Path:
        if not _is_path(key):
            raise ObjectAbsent(f"{self._shown(key)} is no path, so nothing lies there")
        path = self._root().joinpath(*key.split("/"))
        if Path(os.path.realpath(path, strict=True)) != path:
            raise ObjectForbidden(f"{self._shown(key)} is reached by a symbolic link, which is not followed")
        return path

    def _root(self) -> Path:
        try:
            root = Path(os.path.realpath(self._folder, strict=True)) / self._bucket
            is_below = "/" not in self._bucket and _is_path(self._bucket)
            if is_below and Path(os.path.realpath(root, strict=True)) == root and root.is_dir():
                return root
        except OSError as error:
            raise BucketAbsent(f"there is no folder {self._folder / self._bucket} ({error.strerror})") from error
        raise BucketAbsent(f"{self._folder} has no folder that is called {self._bucket}")

    def _chunks(self, file: FileIO, stat: ObjectStat) -> Iterator[bytes]:
        with self._failures(stat.key):
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
            if _stat(stat.key, os.fstat(file.fileno())) != stat:
                raise BadObject(f"{self._shown(stat.key)} was changed while it was read")

    @contextmanager
    def _failures(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failure(error, key) from error

    def _failure(self, error: OSError, key: str) -> ObjectStoreError:
        if error.errno in _NOTHING_THERE:
            return ObjectAbsent(f"there is no {self._shown(key)}")
        if error.errno in _NOT_ALLOWED:
            return ObjectForbidden(f"{self._shown(key)} may not be read ({error.strerror})")
        return StoreUnreachable(f"{self._shown(key)} cannot be read now ({error.strerror})")

    def _shown(self, key: str) -> str:
        return f"{self._folder / self._bucket}/{key}"


def _opened(root: Path, parts: Sequence[str]) -> int:
    """Open a file below a folder, one folder after the other: one that became a link since it was looked at leads
    nowhere, either."""
    if os.open not in os.supports_dir_fd:
        return os.open(root.joinpath(*parts), _OPENING)
    *folders, name = parts
    at = os.open(root, _FOLDER)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        return os.open(name, _OPENING, dir_fd=at)
    finally:
        os.close(at)


def _is_path(key: str) -> bool:
    """Say whether a key is a path that leads down, and is the only way to write it."""
    try:
        os.fsencode(key)
    except UnicodeEncodeError:
        return False
    return "\0" not in key and all(part not in ("", ".", "..") for part in key.split("/"))


def _stat(key: str, found: os.stat_result) -> ObjectStat:
    return ObjectStat(
        key=key,
        size_bytes=found.st_size,
        modified_at=datetime.fromtimestamp(found.st_mtime, UTC),
        etag=f"{found.st_mtime_ns:x}-{found.st_size:x}",
    )
