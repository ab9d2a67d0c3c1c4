"""`lineage rejected`: what was set aside. List it, show it, try it again, drop it.

What was set aside is named by the start of its digest: the same object, refused for several reasons, is one thing
to whoever looks at it.
"""

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
import typer

from lineage.cli.asking import write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.ingest import GIVE_UP_SECONDS
from lineage.cli.opening import open_existing
from lineage.cli.parts import instance_name, interpreter, now
from lineage.cli.pictures.rejections import picture_of_rejection, table_of_rejections
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import SOME_REJECTED, USAGE, fail, notes, print_answer, printable
from lineage.eventlog.memory import MemoryLog
from lineage.facts import InputRejected
from lineage.identity import Key
from lineage.model import Rejected
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING, AllOf, AnyOf, Condition, LineageStore, Listing, Operator, PageRequest, Where
from lineage.recorder import Interpret, Outcome, Recorder, facts_of
from lineage.settings import load_settings
from watchers.sources import all_sources

PAGE: Final = 20  # rejections read at once; an event may have 32 MiB
DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})")
SAME_KEY: Final = "the key of this store"  # what it kept was redacted under a key that it knew then

app = typer.Typer(
    name="rejected",
    help="What could not be recorded: `list` it, `show` it, `retry` it, `drop` it.",
    no_args_is_help=True,
)

Named = Annotated[
    list[str] | None, typer.Argument(metavar="[DIGEST]…", help="The first characters of a digest, as `list` shows it.")
]
SourceFlag = Annotated[str | None, typer.Option("--source", metavar="NAME", help="What came from this source.")]
ReasonFlag = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="What has this in its reason.")]
AllFlag = Annotated[bool, typer.Option("--all", help="Everything that was set aside.")]


@app.command("list")
def list_(
    source: SourceFlag = None,
    reason: ReasonFlag = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many at most.")] = 20,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
) -> None:
    """List what was set aside, the newest first.

    ```
    lineage rejected list
    lineage rejected list --source pod --reason 'status.phase' --json
    ```
    """
    opened = _open(store)
    wanted = _listing((), source, reason)
    total = opened.count(EVERYTHING, Rejected, wanted)
    found = [one for one, _ in zip(_read(opened, wanted), range(limit), strict=False)]
    if as_json:
        write_json([_as_json(one) for one in found])
        return
    if found:
        print_answer(table_of_rejections(found))
    if len(found) < total:
        notes.print(f"{len(found)} of {total}; --limit N shows more.")
    elif not found:
        notes.print("Nothing that matches was set aside." if source or reason else "Nothing was set aside.")


@app.command("show")
def show(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="The first characters of a digest.")],
    as_json: JsonFlag = False,
    store: StoreFlag = None,
) -> None:
    """Show one object that was set aside: why, and its text, from which secrets were taken out before it came here.

    ```
    lineage rejected show 3f9a1c
    ```
    """
    found = list(_read(_open(store), _listing([digest], None, None)))
    if not found:
        fail(f"nothing of the digest {printable(digest)} was set aside: `lineage rejected list` shows what was")
    if len({one.digest for one in found}) > 1:
        fail(f"several digests begin with {printable(digest)}: give more of it", code=USAGE)
    if as_json:
        write_json([{**_as_json(one), "event": _event(one)} for one in found])
        return
    event = _event(found[0])
    text = None if event is None else orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()
    print_answer(*picture_of_rejection(found, text))


@app.command("retry")
def retry(
    digests: Named = None,
    source: SourceFlag = None,
    reason: ReasonFlag = None,
    everything: AllFlag = False,
    store: StoreFlag = None,
) -> None:
    """Interpret again what was set aside, and record it.

    What this release understands is recorded and no longer set aside; of the rest the reason is renewed, and the
    exit code is then 3. Where nothing was kept but size and digest, there is nothing to try.

    ```
    lineage rejected retry 3f9a1c
    lineage rejected retry --source argo_workflow
    lineage rejected retry --all
    ```
    """
    opened = _open(store)
    keys = _selected(opened, digests or (), source, reason, everything=everything)
    done = retry_rejected(opened, keys, interpreter(all_sources()))
    print(f"{done.recorded} recorded, {done.rejected} still rejected, {done.not_kept} of which nothing was kept")  # noqa: T201 - the answer
    if done.rejected or done.not_kept:
        raise typer.Exit(SOME_REJECTED)


@app.command("drop")
def drop(
    digests: Named = None,
    source: SourceFlag = None,
    reason: ReasonFlag = None,
    everything: AllFlag = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: StoreFlag = None,
) -> None:
    """Forget what was set aside, with what was kept of it. It cannot be had back.

    ```
    lineage rejected drop 3f9a1c --yes
    lineage rejected drop --reason 'no JSON'
    ```
    """
    opened = _open(store)
    keys = _selected(opened, digests or (), source, reason, everything=everything)
    if keys and not yes:
        if not sys.stdin.isatty():
            fail(f"{len(keys)} would be dropped, and nobody can be asked: add --yes", code=USAGE)
        typer.confirm(f"Drop {len(keys)} for good?", abort=True, err=True)
    print(f"{opened.drop_rejected(keys)} dropped")  # noqa: T201 - the answer


# ------------------------------------------------------------------------------------------ trying again
@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became of rejections that were tried again. `not_kept`: there was no text to try."""

    recorded: int = 0
    rejected: int = 0
    not_kept: int = 0


def retry_rejected(store: LineageStore, keys: Sequence[Key], interpret: Interpret) -> Retried:
    """Record what was set aside, one by one. It is dropped only after it was recorded, so an end in between loses
    nothing: what is tried once more is known already."""
    refused: list[InputRejected] = []

    def note(outcome: Outcome) -> None:
        refused.extend(outcome.rejections)

    events = MemoryLog(instance_name("retry"))
    recorder = Recorder(events, store, interpret, key_ids=[SAME_KEY], clock=now, on_batch=note)
    recorded = rejected = not_kept = 0
    for key in keys:
        one = store.get(EVERYTHING, [key]).get(key)
        if not isinstance(one, Rejected):  # somebody else was here
            continue
        observation = _observation(one)
        if observation is None:
            not_kept += 1
            continue
        if _fails_as_before(one, observation, interpret):
            rejected += 1
            continue
        refused.clear()
        events.append(observation)
        recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
        rejected += bool(refused)
        recorded += not refused
        if not any(again.reason == one.reason for again in refused):
            store.drop_rejected([key])
    return Retried(recorded=recorded, rejected=rejected, not_kept=not_kept)


def _observation(one: Rejected) -> ObjectSeen | None:
    if one.event is None:
        return None
    return ObjectSeen(source=one.source, cluster=one.cluster, seen_at=one.at, body=one.event.encode(), key_id=SAME_KEY)


def _fails_as_before(one: Rejected, observation: ObjectSeen, interpret: Interpret) -> bool:
    """Say whether an object is refused for the reason that is known, which may begin with where it was read."""
    return any(
        one.reason.endswith(fact.reason) for fact in facts_of(observation, interpret) if isinstance(fact, InputRejected)
    )


# ------------------------------------------------------------------------------------------ which
def _open(store: str | None) -> LineageStore:
    configure_logs(logging.ERROR)
    return open_existing(load_settings({"store": store}).store)


def _selected(
    store: LineageStore, digests: Sequence[str], source: str | None, reason: str | None, *, everything: bool
) -> list[Key]:
    """Say which rejections are meant. They are named before anything is done: doing something moves them."""
    chosen = bool(digests or source or reason)
    if chosen == everything:
        fail("say which: digests, --source NAME or --reason TEXT, or else --all", code=USAGE)
    return [one.key for one in _read(store, _listing(digests, source, reason))]


def _listing(digests: Sequence[str], source: str | None, reason: str | None) -> Listing:
    wanted: list[Where] = []
    if digests:
        wanted.append(AnyOf(tuple(map(_of_digest, digests))))
    if source is not None:
        wanted.append(Condition(field="source", operator=Operator.EQ, value=source))
    if reason is not None:
        wanted.append(Condition(field="reason", operator=Operator.CONTAINS, value=reason))
    return Listing(where=AllOf(tuple(wanted)))


def _of_digest(text: str) -> Condition:
    if (match := DIGEST.fullmatch(text)) is None:
        fail(f"{printable(text)} is no start of a digest: it has the digits 0 to 9 and a to f", code=USAGE)
    return Condition(field="digest", operator=Operator.STARTS_WITH, value=f"sha256:{match[1]}")


def _read(store: LineageStore, wanted: Listing) -> Iterator[Rejected]:
    after: str | None = None
    while True:
        page = store.rejected(EVERYTHING, wanted, PageRequest(first=PAGE, after=after))
        yield from page.items
        if not page.has_next:
            return
        after = page.cursors[-1]


# ------------------------------------------------------------------------------------------ telling
def _as_json(one: Rejected) -> dict[str, Any]:
    return {
        "digest": one.digest,
        "at": one.at.isoformat(),
        "source": one.source,
        "cluster": one.cluster,
        "reason": one.reason,
        "sizeBytes": one.size_bytes,
        "kept": one.event is not None,
    }


def _event(one: Rejected) -> Any:
    return None if one.event is None else orjson.loads(one.event)
