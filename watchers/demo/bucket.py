"""The object store of the demo: a folder that fills as the story goes, and loses something.

A bucket is a folder in it, an object a file, and the time of its last change that of the story. What a step makes
depends on its arguments alone, and is packed anew each time: equal content, other bytes.
"""

import gzip
import io
import os
import tarfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from lineage.identity import names_own_pod
from watchers.demo.contents import content
from watchers.demo.forms import Json, read_time, write_time
from watchers.demo.nodes import PULL_SECONDS, SAVE_SECONDS
from watchers.demo.story import OUTSIDE_KEYS
from watchers.timeline import Recording

LOST_AFTER: Final = timedelta(minutes=6)  # what the first run of the story had extracted: somebody cleans up
STOP_SECONDS: Final = 5.0
LOG: Final = "main-logs"  # the artifact in which Argo keeps what a step said


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """At a time an object is written; without `data` it is deleted."""

    time: datetime
    bucket: str
    key: str
    data: bytes | None


def stored(recordings: Sequence[Recording], start: datetime) -> tuple[Stored, ...]:
    """Say what is written and deleted when, in order of time: what the steps of recorded workflows wrote and Argo
    removed, what others had put there before, and what got lost of a story that begins at `start`."""
    written = sorted(set(_written(recordings)), key=lambda one: (one.time, one.key))
    first = next(one for one in written if one.time >= start)
    before = (
        Stored(time=first.time - timedelta(days=9), bucket=bucket, key=key, data=_packed(key, key, first.time))
        for bucket in sorted({one.bucket for one in written})
        for key in sorted(OUTSIDE_KEYS)
    )
    lost = Stored(time=first.time + LOST_AFTER, bucket=first.bucket, key=first.key, data=None)
    return tuple(sorted([*before, *written, lost], key=lambda one: one.time))


def _written(recordings: Sequence[Recording]) -> Iterator[Stored]:
    """What every view of the workflows shows: those before a retry show attempts that later ones do not."""
    for workflow in (one.object for one in recordings if one.object["kind"] == "Workflow"):
        bucket = workflow["status"]["artifactRepositoryRef"]["artifactRepository"]["s3"]["bucket"]
        over = read_time(workflow["status"]["finishedAt"])
        for node in (node for node in workflow["status"]["nodes"].values() if node["type"] == "Pod"):
            ended = read_time(node["finishedAt"]) - timedelta(seconds=SAVE_SECONDS)
            for artifact in node["outputs"]["artifacts"]:
                key = artifact["s3"]["key"]
                if _is_own(workflow, node, f"s3://{bucket}/{key}"):
                    yield Stored(time=ended, bucket=bucket, key=key, data=_made(node, artifact["name"], key, ended))
                    if artifact.get("deleted"):
                        yield Stored(time=over, bucket=bucket, key=key, data=None)


def _is_own(workflow: Json, node: Json, uri: str) -> bool:
    """Say whether a node wrote there, and did not take over from a cache what lies there."""
    return names_own_pod(uri, node_id=node["id"], workflow=workflow["metadata"]["name"]) is not False


def _made(node: Json, output: str, key: str, at: datetime) -> bytes:
    if output == LOG:
        return "".join(f"{line}\n" for line in _said(node, at)).encode()
    text = content(node, output)
    return _packed(output, text, at) if key.endswith(".tgz") else text.encode()


def _said(node: Json, ended: datetime) -> Iterator[str]:
    """The log of a step: with what it began, what it wrote, and how it ended."""
    began = write_time(read_time(node["startedAt"]) + timedelta(seconds=PULL_SECONDS))
    inputs, outputs = node.get("inputs", {}), node["outputs"]
    yield f"{began} {node['templateName']} begins"
    arguments = (one for one in inputs.get("parameters", ()) if "password" not in one["name"])
    yield from (f"{began} {one['name']} = {one['value']}" for one in arguments)
    yield from (f"{began} reads {one['name']} from {one['s3']['key']}" for one in inputs.get("artifacts", ()))
    written = [one for one in outputs["artifacts"] if one["name"] != LOG]
    yield from (f"{write_time(ended)} wrote {one['name']} to {one['s3']['key']}" for one in written)
    yield f"{write_time(ended)} {node.get('message', 'done')}"


def _packed(name: str, text: str, at: datetime) -> bytes:
    """Pack a file as Argo does: a gzipped tar, whose times are those of its making."""
    packed, data = io.BytesIO(), text.encode()
    member = tarfile.TarInfo(f"{name.rpartition('/')[2].removesuffix('.tgz')}.txt")
    member.size, member.mtime = len(data), int(at.timestamp())
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=member.mtime)


class Bucket:
    """Fills a folder, `speed` times as fast as it happened. `first` is when the story begins: what is older is there at
    once."""

    def __init__(self, folder: Path, story: Sequence[Stored], *, first: datetime, speed: float) -> None:
        self._folder = folder
        self._story = story
        self._first = first
        self._speed = speed
        self._stopping = threading.Event()
        self._teller = threading.Thread(target=self._tell, name="demo bucket", daemon=True)

    def start(self) -> None:
        """Put there what is older, and begin to tell."""
        for one in self._story:
            if one.time < self._first:
                happen(self._folder, one)
        self._teller.start()

    def stop(self) -> None:
        """Break off."""
        self._stopping.set()
        self._teller.join(STOP_SECONDS)

    def _tell(self) -> None:
        begun = time.monotonic()
        for one in (one for one in self._story if one.time >= self._first):
            due = begun + (one.time - self._first).total_seconds() / self._speed
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            happen(self._folder, one)


def happen(folder: Path, one: Stored) -> None:
    """Write or delete an object. It is there whole or not at all."""
    file = folder / one.bucket / one.key
    if one.data is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder / ".unfinished"
    unfinished.write_bytes(one.data)
    os.utime(unfinished, (one.time.timestamp(), one.time.timestamp()))
    unfinished.replace(file)
