"""A folder as an object store: nothing in it leads out of it, and what is no plain file is no object."""

import os
from pathlib import Path

import pytest

from lineage.errors import BadObject, BucketAbsent, ObjectAbsent, ObjectForbidden
from lineage.objectstore.directory import CHUNK_BYTES, DirectoryStore
from lineage.objectstore.looking import look
from lineage.ports import Budget

BUDGET = Budget(size_bytes=10**9, seconds=60.0)


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """The folder of a bucket, beside something that nobody may read."""
    (tmp_path / "secret").write_bytes(b"a secret")
    folder = tmp_path / "stores" / "bucket"
    folder.mkdir(parents=True)
    return folder


def store_of(bucket: Path) -> DirectoryStore:
    return DirectoryStore(bucket.parent, bucket.name)


def test_a_link_that_leads_out_is_not_followed(bucket: Path) -> None:
    (bucket / "file").symlink_to(bucket.parent.parent / "secret")
    (bucket / "folder").symlink_to(bucket.parent.parent)
    (bucket / "real").write_bytes(b"data")
    for key in ("file", "folder/secret"):
        with pytest.raises(ObjectForbidden, match="reached by a symbolic link, which is not followed"):
            store_of(bucket).stat(key)
    assert [stat.key for stat in store_of(bucket).objects("")] == ["real"]


def test_links_that_lead_round_in_circles_are_not_followed(bucket: Path) -> None:
    (bucket / "one").symlink_to(bucket / "other")
    (bucket / "other").symlink_to(bucket / "one")
    (bucket / "round").symlink_to(bucket)
    with pytest.raises(ObjectForbidden):
        store_of(bucket).stat("one")
    assert list(store_of(bucket).objects("")) == []


def test_a_link_that_leads_nowhere_is_nothing(bucket: Path) -> None:
    (bucket / "file").symlink_to(bucket / "gone")
    with pytest.raises(ObjectAbsent):
        store_of(bucket).stat("file")


def test_the_folder_of_stores_may_itself_be_reached_by_a_link(bucket: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(bucket.parent)
    (bucket / "file").write_bytes(b"data")
    assert DirectoryStore(tmp_path / "link", "bucket").stat("file").size_bytes == 4


@pytest.mark.parametrize("name", ["..", ".", "", "../stores/bucket", "link", "file", "a\0b"])
def test_a_bucket_is_a_folder_in_the_folder(bucket: Path, name: str) -> None:
    (bucket.parent / "link").symlink_to(bucket.parent.parent)
    (bucket.parent / "file").write_bytes(b"data")
    with pytest.raises(BucketAbsent):
        DirectoryStore(bucket.parent, name).stat("secret")


def test_a_folder_that_leads_round_in_circles_is_none(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(BucketAbsent):
        DirectoryStore(tmp_path / "round", "bucket").stat("key")


def test_a_pipe_is_no_object_and_nobody_waits_for_it(bucket: Path) -> None:
    os.mkfifo(bucket / "pipe")
    with pytest.raises(ObjectAbsent, match="is no plain file"):
        store_of(bucket).stat("pipe")
    assert list(store_of(bucket).objects("")) == []


@pytest.mark.parametrize("key", ["x" * 1000, "a\0b", "folder//file", "folder/"])
def test_what_can_be_no_path_is_no_object(bucket: Path, key: str) -> None:
    (bucket / "folder").mkdir()
    (bucket / "folder" / "file").write_bytes(b"data")
    with pytest.raises(ObjectAbsent):
        store_of(bucket).stat(key)


def test_a_file_that_changes_while_it_is_read_is_refused(bucket: Path) -> None:
    file = bucket / "file"
    file.write_bytes(bytes(2 * CHUNK_BYTES))
    with store_of(bucket).open("file", budget=BUDGET) as opened:
        next(opened.chunks)
        with file.open("r+b") as writing:
            writing.seek(2 * CHUNK_BYTES - 1)
            writing.write(b"!")
        os.utime(file, (0, 0))
        with pytest.raises(BadObject, match="was changed while it was read"):
            list(opened.chunks)


@pytest.mark.parametrize("size", [0, 3 * CHUNK_BYTES], ids=["shorter", "longer"])
def test_a_file_of_another_length_than_when_it_was_opened_is_refused(bucket: Path, size: int) -> None:
    file = bucket / "file"
    file.write_bytes(bytes(2 * CHUNK_BYTES))
    with store_of(bucket).open("file", budget=BUDGET) as opened:
        next(opened.chunks)
        os.truncate(file, size)
        with pytest.raises(BadObject):
            list(opened.chunks)


def test_a_file_in_a_folder_whose_name_is_no_text_is_looked_at(bucket: Path) -> None:
    (bucket / "folder").mkdir()
    Path(os.fsdecode(os.fsencode(bucket) + b"/folder/\xff")).write_bytes(b"data")
    found = look(store_of(bucket), "folder", budget=BUDGET)
    assert (found.files, found.content_digest is not None) == (1, True)
