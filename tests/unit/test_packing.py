"""Archives that are wrong on purpose: each is refused with its reason, takes no memory, and raises nothing else."""

import io
import re
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lineage.objectstore.content import digest
from lineage.packing import LIMITS, Limits, Stream, Unreadable, beginning_of_only_file, only_file, unpacked
from tests.archives import Files, gz, tar, tar_gz, zipped

FILES = {"a.txt": b"alpha", "folder/b.txt": b"beta" * 500}


def reason(data: bytes, limits: Limits = LIMITS) -> str | None:
    """Why there is no digest of the content. What is stored has one all the same."""
    found = digest([data], limits)
    assert found.size_bytes == len(data)
    assert (found.content_digest is None) == (found.reason is not None)
    return found.reason


def names(data: bytes) -> list[bytes]:
    return [member.name for member in unpacked(Stream([data]))]


def files(data: bytes) -> dict[str, bytes]:
    return {member.name.decode(): b"".join(member.data) for member in unpacked(Stream([data]))}


def tar_of(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=form) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return into.getvalue()


def of_one(pack: Callable[[Files], bytes], data: bytes) -> bytes:
    return pack({"main.log": data})


def a_file(name: str, **properties: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in properties.items():
        setattr(info, key, value)
    return info


# ------------------------------------------------------------------------------------------ what is read
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_files_come_out_of_every_form_of_tar(form: int) -> None:
    assert files(tar(FILES, form=form)) == FILES


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_large_numbers_are_read(form: int) -> None:
    name = "folder/" * 40 + "é" * 50
    data = tar_of((a_file(name, mtime=2**40, uid=2**30), b"deep"), form=form)
    assert files(data) == {name: b"deep"}


def test_a_name_in_two_parts_is_put_together() -> None:
    name = "folder/" * 20 + "file"
    assert files(tar({name: b"deep"}, form=tarfile.USTAR_FORMAT)) == {name: b"deep"}


def test_a_tar_from_before_there_were_standards_is_read() -> None:
    block = bytearray(tar({"old": b"old"}, form=tarfile.USTAR_FORMAT)[:512])
    block[257:] = bytes(255)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert files(bytes(block) + b"old" + bytes(509) + bytes(1024)) == {"old": b"old"}


def test_links_are_members_that_lead_somewhere() -> None:
    data = tar_of(
        (a_file("file"), b"data"),
        (a_file("symbolic", type=tarfile.SYMTYPE, linkname="file"), b""),
        (a_file("hard", type=tarfile.LNKTYPE, linkname="file"), b""),
    )
    assert [(m.name, m.link) for m in unpacked(Stream([data]))] == [
        (b"file", None),
        (b"symbolic", b"file"),
        (b"hard", b"file"),
    ]


def test_where_a_link_leads_to_is_content() -> None:
    one = tar_of((a_file("link", type=tarfile.SYMTYPE, linkname="here"), b""))
    other = tar_of((a_file("link", type=tarfile.SYMTYPE, linkname="there"), b""))
    assert digest([one]).content_digest != digest([other]).content_digest


def test_what_nobody_takes_is_passed_over() -> None:
    for data in (tar(FILES), zipped(FILES)):
        assert names(data) == [b"a.txt", b"folder/b.txt"]


def test_a_zip_with_a_comment_and_names_of_the_first_pcs_is_read() -> None:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("aaa", b"data")
        archive.comment = b"a comment"
    assert files(into.getvalue().replace(b"aaa", b"\x81bc")) == {"übc": b"data"}


def test_a_zip_made_by_a_pipe_names_its_folders_too() -> None:
    into = io.BytesIO(zipped({"folder/file": b"data"}, seekable=False))
    assert files(into.getvalue()) == {"folder/file": b"data"}


def test_an_empty_zip_is_an_empty_folder() -> None:
    assert reason(zipped({})) is None
    assert files(zipped({})) == {}


def test_padding_behind_gzip_is_nothing() -> None:
    assert digest([gz(b"data") + bytes(1000)]).content_digest == digest([b"data"]).content_digest


# ------------------------------------------------------------------------------------------ what is refused
def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def damaged(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 0xFF
    return bytes(changed)


def encrypted(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[6] |= 1
    return bytes(changed)


def by_another_method() -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", compression=zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.txt", b"alpha" * 100)
    return into.getvalue()


def stored_into_a_pipe() -> bytes:
    data = bytearray(zipped({"a.txt": b"alpha"}, seekable=False))
    data[8:10] = b"\0\0"
    return bytes(data)


def renamed_in_the_directory() -> bytes:
    data = zipped({"good.sh": b"echo"})
    at = data.rindex(b"good.sh")
    return data[:at] + b"evil.sh" + data[at + 7 :]


def without_a_directory() -> bytes:
    data = zipped(FILES)
    return data[: data.index(b"PK\x01\x02")]


def with_a_second_file_that_the_directory_hides() -> bytes:
    one, two = zipped({"a.txt": b"alpha"}), zipped({"b.txt": b"beta"})
    first = two[: two.index(b"PK\x01\x02")]
    directory = bytearray(one[one.index(b"PK\x01\x02") :])
    place = directory.index(b"a.txt") - 4
    directory[place : place + 4] = struct.pack("<I", len(first))
    return first + one[: one.index(b"PK\x01\x02")] + bytes(directory)


REFUSED = {
    "a tar that is cut off": (cut(tar({"x": b"data" * 5000})), "it ends in the middle"),
    "a tar whose header is cut off": (tar(FILES)[:1500], "it ends in the middle"),
    "a tar.gz that is cut off": (cut(tar_gz(FILES)), "it ends in the middle"),
    "a zip that is cut off": (cut(zipped(FILES)), "it ends in the middle|its directory"),
    "a damaged header": (damaged(tar(FILES), 1025), "the header of a file is damaged"),
    "damaged gzip": (damaged(gz(b"data" * 1000), 20), "the compressed data is damaged"),
    "damaged gzip, at its end": (damaged(gz(b"data"), -6), "the compressed data is damaged"),
    "something behind gzip": (gz(b"data") + b"more", "something else stands behind"),
    "damaged zip": (damaged(zipped({"a.txt": b"alpha"}), 38), "damaged"),
    "an encrypted zip": (encrypted(zipped(FILES)), "'a.txt' is encrypted"),
    "another method": (by_another_method(), "packed by method 12, which is not read"),
    "a file without its length": (stored_into_a_pipe(), "stored without saying before it how long it is"),
    "a name that is another in the directory": (renamed_in_the_directory(), "its directory names what is not there"),
    "a zip without a directory": (without_a_directory(), "its directory leaves out 2 of 2 files"),
    "a file that the directory hides": (
        with_a_second_file_that_the_directory_hides(),
        "its directory leaves out 1 of 2 files",
    ),
    "a way out": (tar({"../../etc/passwd": b""}), "'../../etc/passwd', which leads out"),
    "a way out by a zip": (zipped({"folder/../../x": b""}), "which leads out"),
    "a way from the root": (tar_of((a_file("/etc/passwd"), b"")), "which leads out"),
    "no name": (tar_of((a_file("./."), b"")), "which leads out"),
    "a name with U+0000": (tar_of((a_file("x", pax_headers={"path": "a\0b"}), b"")), "which leads out"),
    "a very long name": (tar({"x" * 5000: b""}), "the name of a file has 5000 bytes, and may have 4096"),
    "a very long header": (
        tar_of((a_file("x", pax_headers={"comment": "x" * 2**20}), b"")),
        "a header has [0-9]+ bytes, and may have 1048576",
    ),
    "a device": (tar_of((a_file("x", type=tarfile.CHRTYPE), b"")), "'x' is a device"),
    "a pipe": (tar_of((a_file("x", type=tarfile.FIFOTYPE), b"")), "'x' is a device"),
    "a sparse file": (tar_of((a_file("x", pax_headers={"GNU.sparse.major": "1"}), b"")), "'x' is a sparse file"),
    "a file that is there twice": (
        tar_of((a_file("x"), b"one"), (a_file("./x"), b"two")),
        "it holds 'x' twice: which one counts",
    ),
    "nonsense for a number": (
        tar_of((a_file("x", pax_headers={"size": "-1"}), b"")),
        "the header of a file is damaged",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_has_a_reason(case: str) -> None:
    data, expected = REFUSED[case]
    found = reason(data)
    assert found is not None
    assert re.search(expected, found), found


# ------------------------------------------------------------------------------------------ limits
MANY = {str(number): b"" for number in range(11)}
TEN_FILES = replace(LIMITS, files=10)
ONE_MEGABYTE = replace(LIMITS, unpacked_bytes=2**20)
ZEROS = bytes(2**20 + 1)


@pytest.mark.parametrize("data", [tar(MANY), tar_gz(MANY), zipped(MANY)], ids=["tar", "tar.gz", "zip"])
def test_an_absurd_number_of_files_is_refused(data: bytes) -> None:
    assert reason(data, TEN_FILES) == "it holds more than 10 files"


@pytest.mark.parametrize(
    "data",
    [gz(ZEROS), tar_gz({"zeros": ZEROS}), zipped({"zeros": ZEROS}), zipped({"a": ZEROS[:-1], "b": ZEROS[:1]})],
    ids=["gz", "tar.gz", "zip", "zip in all"],
)
def test_a_bomb_is_refused(data: bytes) -> None:
    assert reason(data, ONE_MEGABYTE) == "it unpacks to more than 1024 KiB"


def peak_of(chunks: Iterator[bytes]) -> int:
    """The most memory that digesting takes, in bytes."""
    tracemalloc.start()
    try:
        digest(chunks)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def times(count: int, chunk: bytes) -> Iterator[bytes]:
    for _ in range(count):
        yield chunk


def big_tar(count: int) -> Iterator[bytes]:
    info = tarfile.TarInfo("big")
    info.size = count * len(ZEROS[1:])
    yield info.tobuf()
    yield from times(count, ZEROS[1:])


def endless_headers(count: int) -> Iterator[bytes]:
    """Headers that only tell of a file that never comes, each about something else."""
    for number in range(count):
        info = tarfile.TarInfo("x")
        info.pax_headers = {f"comment.{number}": "x" * 2**19}
        yield info.tobuf(format=tarfile.PAX_FORMAT)[:-512]


@pytest.mark.parametrize(
    "chunks",
    [
        times(100, ZEROS),
        gzipped(times(100, ZEROS)),
        big_tar(100),
        gzipped(big_tar(100)),
        endless_headers(200),
        times(100, b"[" * 2**20),
        times(100, b"PK\x03\x04" + bytes(2**20)),
    ],
    ids=["bytes", "gzip", "tar", "tar.gz", "headers", "what looks like JSON", "what looks like a zip"],
)
def test_memory_does_not_grow_with_what_is_digested(chunks: Iterator[bytes]) -> None:
    assert peak_of(chunks) < 20 * 2**20  # all of these come to 100 MiB


# ------------------------------------------------------------------------------------------ whatever it is
@settings(deadline=None)
@given(
    st.sampled_from([tar(FILES), tar_gz(FILES), zipped(FILES), zipped(FILES, seekable=False), gz(b"data" * 100)]),
    st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=4),
    st.integers(0, 2**16),
)
@example(b"", [], 0)
def test_damage_of_any_kind_is_a_reason_and_no_error(data: bytes, changes: list[tuple[int, int]], length: int) -> None:
    changed = bytearray(data)
    for place, byte in changes:
        if changed:
            changed[place % len(changed)] = byte
    reason(bytes(changed[: length % (len(changed) + 1)]))


@settings(deadline=None)
@given(st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"[", b"{", b""]), st.binary(max_size=600))
def test_bytes_of_any_kind_are_digested(opening: bytes, rest: bytes) -> None:
    reason(opening + rest)


# ------------------------------------------------------------------------------------------ the only file
@pytest.mark.parametrize(
    "data",
    [b"{}", gz(b"{}"), tar({"data": b"{}"}), tar_gz({"folder/data": b"{}"}), zipped({"data": b"{}"})],
    ids=["as it is", "gz", "tar", "tar.gz", "zip"],
)
def test_one_file_is_taken_out_of_whatever_it_is_packed_in(data: bytes) -> None:
    assert only_file(data, max_bytes=2) == b"{}"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (tar_gz(FILES), "it holds 2 files, and should hold one"),
        (zipped({}), "it holds 0 files, and should hold one"),
        (tar_gz({"x": bytes(2000)}), "it unpacks to more than 1 KiB"),
        (tar({"x": bytes(2000)}), "it unpacks to more than 1 KiB"),
        (bytes(2000), "it unpacks to more than 1 KiB"),
        (cut(gz(b"data" * 100)), "it ends in the middle"),
    ],
    ids=["two", "none", "too large in a tar.gz", "in a tar", "by itself", "cut off"],
)
def test_anything_but_one_file_is_refused(data: bytes, expected: str) -> None:
    with pytest.raises(Unreadable, match=expected):
        only_file(data, max_bytes=1024)


# ------------------------------------------------------------------------------------------ the beginning of one file
TEXT = b"a line of a log\n" * 20_000


@pytest.mark.parametrize("pack", [lambda data: data, gz, *(partial(of_one, pack) for pack in (tar, tar_gz, zipped))])
def test_the_beginning_of_the_one_file_is_unpacked(pack: Callable[[bytes], bytes]) -> None:
    assert beginning_of_only_file([pack(TEXT)], size_bytes=40) == (TEXT[:40], False)
    assert beginning_of_only_file([pack(TEXT)], size_bytes=len(TEXT)) == (TEXT, True)


def test_no_more_is_taken_than_the_beginning_needs() -> None:
    taken: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(1_000):
            taken.append(number)
            yield TEXT

    assert beginning_of_only_file(chunks(), size_bytes=100) == (TEXT[:100], False)
    assert len(taken) == 1


@pytest.mark.parametrize("data", [tar(FILES), tar_gz(FILES), zipped(FILES)])
def test_several_files_have_no_beginning(data: bytes) -> None:
    with pytest.raises(Unreadable, match="several files"):
        beginning_of_only_file([data], size_bytes=10_000)


def test_an_archive_of_no_file_has_no_beginning() -> None:
    with pytest.raises(Unreadable, match="no file"):
        beginning_of_only_file([tar_of((a_file("link", type=tarfile.SYMTYPE, linkname="a"), b""))], size_bytes=10)


def test_what_unpacks_to_much_before_its_file_is_refused() -> None:
    headers = tar_of(*((a_file(f"{number}", type=tarfile.SYMTYPE, linkname="a"), b"") for number in range(9_000)))
    with pytest.raises(Unreadable, match="unpacks to more"):
        beginning_of_only_file([gz(headers)], size_bytes=10)
