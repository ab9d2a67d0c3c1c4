"""What bytes mean: digests that packing does not change, and that every byte of content does."""

import hashlib
import random
import tarfile
from collections.abc import Callable

import orjson
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lineage.objectstore.content import MAX_JSON_BYTES, Content, digest, digest_of_files
from tests.archives import Files, gz, in_chunks, tar, tar_gz, zipped

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8
)
PATHS = st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=3).map("/".join)
CHANCE = st.integers(0, 2**16).map(random.Random)
FILES = st.dictionaries(PATHS, st.binary(max_size=2000), min_size=1, max_size=6)

FORMS = [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def meant(data: bytes) -> str:
    found = digest([data])
    assert found.content_digest is not None, found.reason
    return found.content_digest


def packed(files: Files, chance: random.Random) -> bytes:
    """Pack files in any way, at any time."""
    form = chance.choice(FORMS)
    way: Callable[[], bytes] = chance.choice(
        [
            lambda: tar(files, form=form, chance=chance),
            lambda: tar_gz(files, form=form, chance=chance),
            lambda: zipped(files, chance=chance),
            lambda: zipped(files, chance=chance, seekable=False),
            lambda: gz(zipped(files, chance=chance), chance=chance),
        ]
    )
    return way()


# ------------------------------------------------------------------------------------------ archives
@settings(deadline=None)
@given(FILES, CHANCE, CHANCE)
def test_the_same_files_mean_the_same_however_and_whenever_they_are_packed(
    files: Files, one: random.Random, other: random.Random
) -> None:
    assert meant(packed(files, one)) == meant(packed(files, other))


@settings(deadline=None)
@given(FILES, st.data())
def test_any_difference_in_a_name_or_a_byte_is_another_content(files: Files, data: st.DataObject) -> None:
    changed = dict(files)
    name = data.draw(st.sampled_from(sorted(files)))
    match data.draw(st.sampled_from(["name", "byte", "length", "more", "less"])):
        case "name":
            changed[data.draw(PATHS)] = changed.pop(name)
        case "byte":
            assume(files[name])
            at = data.draw(st.integers(0, len(files[name]) - 1))
            flipped = bytearray(files[name])
            flipped[at] ^= 1 << data.draw(st.integers(0, 7))
            changed[name] = bytes(flipped)
        case "length":
            changed[name] += data.draw(st.binary(min_size=1, max_size=3))
        case "more":
            changed[data.draw(PATHS)] = b""
        case "less":
            del changed[name]
    assume(changed != files)
    assert meant(tar(changed)) != meant(tar(files))


@settings(deadline=None)
@given(FILES)
def test_a_folder_means_what_an_archive_of_it_means(files: Files) -> None:
    manifest = [(name, sha256(data)) for name, data in files.items()]
    assert digest_of_files(manifest) == meant(tar_gz(files))


@settings(deadline=None)
@given(FILES, CHANCE, st.sampled_from([1, 7, 511, 512, 65536]))
def test_the_stored_bytes_have_their_own_digest_whatever_chunks_they_come_in(
    files: Files, chance: random.Random, size: int
) -> None:
    data = packed(files, chance)
    found = digest(in_chunks(data, size))
    assert found == digest([data])
    assert (found.digest, found.size_bytes) == (sha256(data), len(data))


@settings(deadline=None)
@given(st.binary(max_size=3000), CHANCE)
def test_compression_means_nothing(data: bytes, chance: random.Random) -> None:
    assume(not data.startswith(b"\x1f\x8b") and digest([data]).content_digest is not None)  # no archive that is cut off
    assert meant(gz(data, chance=chance)) == meant(data)


# ------------------------------------------------------------------------------------------ bytes and JSON
def test_what_is_not_packed_is_its_bytes() -> None:
    assert digest([b"weights", b" and more"]) == Content(
        size_bytes=16, digest=sha256(b"weights and more"), content_digest=sha256(b"weights and more")
    )


def test_nothing_is_its_bytes_too() -> None:
    assert meant(b"") == sha256(b"")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@example([0.00012385462032000888, "10000000000000000000"], random.Random(0))
@given(st.dictionaries(st.text(), JSON, max_size=4) | st.lists(JSON, max_size=4), CHANCE)
def test_json_is_its_values_however_it_is_written(value: object, chance: random.Random) -> None:
    compact = orjson.dumps(value)
    indented = b"\n" + orjson.dumps(_shuffled(value, chance), option=orjson.OPT_INDENT_2) + b"\n"
    assert meant(indented) == meant(compact) == meant(gz(indented))


def _shuffled(value: object, chance: random.Random) -> object:
    match value:
        case dict():
            items = list(value.items())
            chance.shuffle(items)
            return {key: _shuffled(member, chance) for key, member in items}
        case list():
            return [_shuffled(member, chance) for member in value]
        case _:
            return value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1}', b'{"a": 2}'),
        (b'{"a": 1}', b'{"b": 1}'),
        (b'{"a": 1}', b'{"a": 1.5}'),
        (b"[1, 2]", b"[2, 1]"),
        (b"[123456789012345678901]", b"[123456789012345678902]"),
        (b'["a"]', b'["a "]'),
    ],
)
def test_other_values_are_another_content(one: bytes, other: bytes) -> None:
    assert meant(one) != meant(other)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1',
        b'{"loss": 0.5}\n{"loss": 0.4}\n',
        b"[NaN]",
        b'["\\ud800"]',
        b"[1e400]",
        b"[" * 2000 + b"]" * 2000,
        b"[" * 300 + b"]" * 300,
        b'["' + b"x" * MAX_JSON_BYTES + b'" ]',
    ],
    ids=[
        "cut off",
        "lines",
        "NaN",
        "half a character",
        "too large a number",
        "too deep to read",
        "to write",
        "too long",
    ],
)
def test_what_is_no_json_or_too_much_of_it_is_its_bytes(data: bytes) -> None:
    assert meant(data) == sha256(data)


def test_no_file_can_pass_for_a_folder() -> None:
    hashed_of_an_empty_folder = b"kfp-lineage content: files\n"
    assert digest_of_files([]) == sha256(hashed_of_an_empty_folder)
    assert meant(hashed_of_an_empty_folder) != digest_of_files([])
