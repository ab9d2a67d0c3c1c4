"""Object stores: looking at many small objects beside a bare loop of the client, digesting beside hashlib, and memory.

MinIO is a process of its own. Both loops ask on as many connections. What is digested is made up, and nobody keeps it.
"""

import hashlib
import io
import random
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import urllib3
from minio import Minio

from lineage.objectstore.configured import ConfiguredStore, Credentials
from lineage.objectstore.content import digest
from lineage.objectstore.minio import MinioStore
from lineage.ports import Budget
from tests.bench.measuring import AtLeast, Bench, Finding, Row, Skipped, Weight, interleaved, seconds_of
from tests.conftest import ROOT
from tests.faulty_store import ETAG, answer, faulty_store
from tests.minio_server import ACCESS_KEY, SECRET_KEY, MinioServer, minio_server
from tests.servers.install import installed

CONNECTIONS: Final = 8
CHUNK_BYTES: Final = 256 * 1024
LARGE_BYTES: Final = 256 * 2**20  # digested from memory, and from MinIO
BUDGET: Final = Budget(size_bytes=10**12, seconds=3600.0)
MEMORY_BYTES: Final = 100 * 10**6  # above idle, whatever the size


def measure(bench: Bench) -> Iterator[Finding]:
    """Digest from memory, look at objects of a MinIO, and weigh a process that reads a large one."""
    bench.say("objects: digesting")
    yield from _digesting(bench)
    if (folder := installed("minio")) is None:
        yield Skipped("object stores", "there is no MinIO: make servers")
    else:
        with minio_server(folder, _new(bench.folder / "minio")) as server:
            yield from _looking(bench, server)
            yield _reading(bench, server)
    yield _weight(bench)


# ------------------------------------------------------------------------------------------ digesting
def _digesting(bench: Bench) -> Iterator[Finding]:
    piece = random.Random(1).randbytes(CHUNK_BYTES)
    yield _beside(bench, "digest of bytes, 256 MiB", partial(_repeated, piece), "hashlib", _sha256)
    packed = b"".join(_gzipped(_tar_of(_repeated(b"some text that repeats " * 4096))))
    yield _beside(
        bench, "digest of a tar.gz of 256 MiB", partial(_cut, packed), "hashlib and zlib by hand", _sha256_unpacked
    )


def _beside(
    bench: Bench,
    what: str,
    chunks: Callable[[], Iterable[bytes]],
    beside: str,
    by_hand: Callable[[Iterable[bytes]], object],
) -> Row:
    took = interleaved(
        {"ours": lambda: seconds_of(lambda: digest(chunks())), "theirs": lambda: seconds_of(lambda: by_hand(chunks()))},
        bench.sizes.rounds,
    )
    return Row(what=what, ours=took["ours"], beside=beside, theirs=took["theirs"], target=AtLeast(0.8), of_speed=True)


def _sha256(chunks: Iterable[bytes]) -> str:
    of_bytes = hashlib.sha256()
    for chunk in chunks:
        of_bytes.update(chunk)
    return of_bytes.hexdigest()


def _sha256_unpacked(chunks: Iterable[bytes]) -> str:
    """Digest the stored bytes, and what they unpack to: less than what we do by no more than the headers of the tar."""
    of_bytes, of_content, unpacker = hashlib.sha256(), hashlib.sha256(), zlib.decompressobj(wbits=31)
    for chunk in chunks:
        of_bytes.update(chunk)
        waiting = chunk
        while waiting:
            of_content.update(unpacker.decompress(waiting, CHUNK_BYTES))
            waiting = unpacker.unconsumed_tail
    return of_bytes.hexdigest() + of_content.hexdigest()


def _repeated(piece: bytes) -> Iterator[bytes]:
    for _ in range(LARGE_BYTES // len(piece)):
        yield piece


def _tar_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    info = tarfile.TarInfo("data")
    info.size = LARGE_BYTES
    yield info.tobuf()
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        yield chunk
    yield bytes(LARGE_BYTES - taken)
    yield bytes(tarfile.RECORDSIZE)


def _gzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def _cut(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), CHUNK_BYTES):
        yield data[at : at + CHUNK_BYTES]


# ------------------------------------------------------------------------------------------ looking and reading
def _connected(endpoint: str, bucket: str) -> MinioStore:
    credentials = Credentials(access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    return MinioStore(
        ConfiguredStore(endpoint=f"http://{endpoint}", credentials=credentials), bucket, connections=CONNECTIONS
    )


def _bare(endpoint: str) -> Minio:
    pool = urllib3.PoolManager(maxsize=CONNECTIONS)
    return Minio(endpoint, ACCESS_KEY, SECRET_KEY, secure=False, region="us-east-1", http_client=pool)


def _looking(bench: Bench, server: MinioServer) -> Iterator[Finding]:
    count, bucket = bench.sizes.objects, server.new_bucket()
    bench.say(f"objects: writing {count:,} of them")
    keys = [f"artifacts/run-{number // 10}/step-{number % 10}/data.tgz" for number in range(count)]
    client, store = _bare(server.endpoint), _connected(server.endpoint, bucket)
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(lambda key: client.put_object(bucket, key, io.BytesIO(bytes(1000)), 1000), keys))
        bench.say(f"objects: looking at {count:,} of them")

        def ask(stat: Callable[[str], object]) -> float:
            return seconds_of(lambda: list(threads.map(stat, keys))) / count

        took = interleaved(
            {"ours": lambda: ask(store.stat), "theirs": lambda: ask(partial(client.stat_object, bucket))},
            bench.sizes.rounds,
        )
    yield Row(
        what=f"stat of {count:,} small objects on {CONNECTIONS} connections, each",
        ours=took["ours"],
        beside="bare minio",
        theirs=took["theirs"],
        target=AtLeast(0.7),
        of_speed=True,
    )


def _reading(bench: Bench, server: MinioServer) -> Finding:
    bucket, client = server.new_bucket(), _bare(server.endpoint)
    store = _connected(server.endpoint, bucket)
    data = random.Random(2).randbytes(LARGE_BYTES // 2)
    client.put_object(bucket, "large", io.BytesIO(data), len(data), part_size=2 * len(data))

    def ours() -> str:
        with store.open("large", budget=BUDGET) as opened:
            return digest(opened.chunks).digest

    def theirs() -> str:
        with client.get_object(bucket, "large") as response:
            return f"sha256:{_sha256(response.stream(CHUNK_BYTES))}"

    assert ours() == theirs()
    bench.say("objects: reading")
    took = interleaved({"ours": lambda: seconds_of(ours), "theirs": lambda: seconds_of(theirs)}, bench.sizes.rounds)
    return Row(
        what="digest of 128 MiB out of MinIO",
        ours=took["ours"],
        beside="minio and hashlib",
        theirs=took["theirs"],
        target=AtLeast(0.8),
        of_speed=True,
    )


# ------------------------------------------------------------------------------------------ memory
def _weight(bench: Bench) -> Finding:
    """Let a process of its own read and digest a tar with one very large file."""
    size = bench.sizes.object_bytes
    bench.say(f"objects: reading {size / 1e9:g} GB")
    info = tarfile.TarInfo("data")
    info.size = size - tarfile.BLOCKSIZE
    piece = bytes(CHUNK_BYTES)

    def large() -> Iterator[bytes]:
        yield answer("200 OK", ETAG, info.tobuf(), length=str(size))
        yield from islice(iter(lambda: piece, None), info.size // len(piece))
        yield bytes(info.size % len(piece))

    with faulty_store() as server:
        server.will(large)
        command = [sys.executable, "-m", "tests.bench.large_object", server.endpoint]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return Weight(
        what=f"an object of {size / 1e9:g} GB, read and digested: above idle",
        size_bytes=int(done.stdout),
        limit_bytes=MEMORY_BYTES,
    )


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
