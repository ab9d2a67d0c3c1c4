"""A disk that is soon full, and has room again when the test says so."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

MEBIBYTE: Final = 2**20


class SmallDisk:
    """A disk in memory, mounted on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, left_bytes: int) -> None:
        """Leave so little room, and no more."""
        free = os.statvfs(self.folder)
        with self._ballast.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(1, free.f_bavail * free.f_frsize - left_bytes))

    def is_full(self) -> bool:
        """Say whether not even a page is left."""
        try:
            with (self.folder / "probe").open("wb") as probe:
                os.posix_fallocate(probe.fileno(), 0, MEBIBYTE)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return True
        finally:
            (self.folder / "probe").unlink(missing_ok=True)
        return False

    def make_room(self) -> None:
        """Give back what was taken away."""
        self._ballast.unlink()


@contextmanager
def small_disk(*, mebibytes: int) -> Iterator[SmallDisk | None]:
    """Mount a disk of so many MiB, which every user may enter; None where this user may not mount one."""
    with TemporaryDirectory(prefix="disk-") as folder:
        mount = ("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "tmpfs", folder)
        if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            yield None
            return
        try:
            yield SmallDisk(Path(folder))
        finally:
            subprocess.run(("umount", folder), check=True)
