"""Archives for tests: the same files packed in many ways, and archives that are wrong on purpose."""

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Files = Mapping[str, bytes]


def tar(files: Files, *, form: int = tarfile.PAX_FORMAT, chance: random.Random | None = None) -> bytes:
    """Pack files. With `chance` their order, times, owners and modes are anything, and folders stand among them."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=form) as archive:
        for name, data in in_some_order(files, chance):
            if chance and "/" in name and chance.random() < 0.5:
                folder = tarfile.TarInfo(f"{name.rpartition('/')[0]}/")
                folder.type = tarfile.DIRTYPE
                archive.addfile(folder)
            info = tarfile.TarInfo(f"./{name}" if chance and chance.random() < 0.5 else name)
            info.size = len(data)
            if chance:
                info.mtime, info.uid, info.mode = (
                    chance.randrange(2**31),
                    chance.randrange(2**16),
                    chance.choice([0o644, 0o755]),
                )
                info.uname = chance.choice(["", "root", "someone"])
            archive.addfile(info, io.BytesIO(data))
    return into.getvalue()


def tar_gz(files: Files, *, form: int = tarfile.PAX_FORMAT, chance: random.Random | None = None) -> bytes:
    """Pack files as Argo does."""
    return gz(tar(files, form=form, chance=chance), chance=chance)


def gz(data: bytes, *, chance: random.Random | None = None) -> bytes:
    """Compress bytes; with `chance` at any time, and any strength, in one part or several."""
    if chance is None:
        return gzip.compress(data, mtime=0)
    cut = chance.randrange(len(data) + 1) if chance.random() < 0.3 else len(data)
    parts = [data[:cut], data[cut:]] if cut < len(data) else [data]
    return b"".join(gzip.compress(part, chance.randint(0, 9), mtime=chance.randrange(2**31)) for part in parts)


def zipped(files: Files, *, chance: random.Random | None = None, seekable: bool = True) -> bytes:
    """Pack files in a zip; what cannot be sought in gets its lengths behind the data."""
    into = io.BytesIO() if seekable else _Pipe()
    with zipfile.ZipFile(into, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, data in in_some_order(files, chance):
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if chance:
                info.date_time = (chance.randint(1980, 2100), 1, 1, 0, 0, 0)
                if seekable:
                    info.compress_type = chance.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
            with archive.open(info, "w", force_zip64=bool(chance and chance.random() < 0.3)) as file:
                file.write(data)
    return into.getvalue()


class _Pipe(io.BytesIO):
    """Takes bytes, and cannot go back in them."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def in_some_order(files: Files, chance: random.Random | None) -> Sequence[tuple[str, bytes]]:
    items = list(files.items())
    if chance:
        chance.shuffle(items)
    return items


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    """Cut bytes into chunks of one size, and put an empty one between any two."""
    for at in range(0, len(data), size):
        yield data[at : at + size]
        yield b""
