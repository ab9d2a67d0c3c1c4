"""`lineage reinterpret`: a store anew, from what another one keeps of what was seen."""

import logging
from collections.abc import Sequence
from typing import Annotated

import typer
from msgspec.structs import replace

from lineage.cli.flags import StoreFlag
from lineage.cli.ingest import GIVE_UP_SECONDS, tell
from lineage.cli.opening import open_existing, open_to_record
from lineage.cli.parts import instance_name, interpreter, now
from lineage.cli.record import Total
from lineage.cli.settling import settle
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import SOME_REJECTED
from lineage.errors import InvalidSettings
from lineage.eventlog.memory import MemoryLog
from lineage.observation import ObjectSeen, Observation
from lineage.recorder import BATCH_SIZE, Recorder
from lineage.settings import load_settings
from watchers.source import Source
from watchers.sources import all_sources


def reinterpret(
    into: Annotated[str, typer.Option("--into", metavar="URL", help="The store to make, such as sqlite:///new.db.")],
    store: StoreFlag = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Make a store anew from the objects that another one keeps, as this release understands them.

    Of each object a store keeps the newest view, and of what was set aside the text: both are interpreted again, and
    what is gone, listed or looked at is taken over, and so is what is known still of runs whose details were forgotten.
    Attempts that only an older view showed are not in the new store:
    `lineage replay` finds them as far back as the log reaches. The old store is read and not changed. Interrupted, it
    can be begun again. Recorders of the new store read the log from its beginning, and add nothing twice.

    ```
    lineage reinterpret --store sqlite:///lineage.db --into sqlite:///new.db
    ```
    """
    configure_logs(logging.ERROR)
    settings = load_settings({"store": store})
    if into == settings.store:
        raise InvalidSettings("--into names the store that is read: the new one is another")
    target = load_settings({"store": into})
    sources = all_sources()
    log = MemoryLog(instance_name("reinterpret"))
    total = Total()
    with total:
        kept = open_existing(settings.store)
        made = open_to_record(target)
        recorder = Recorder(
            log,
            made,
            interpreter(sources),
            key_ids=[""],  # whatever the keys were: a recorder that held them took these in
            clock=now,
            on_batch=total,
        )
        for observation in kept.observations(seen_at=now()):
            if len(log) >= BATCH_SIZE or not log.fits(observation):
                recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
            log.append(with_source(observation, sources))
        recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
        for tombstone in kept.tombstones():
            made.take_over(tombstone)
    settle(made)
    tell(total.outcome, target, as_json=as_json)
    if total.outcome.rejected:
        raise typer.Exit(SOME_REJECTED)


def with_source(observation: Observation, sources: Sequence[Source]) -> Observation:
    """Name the source that understands a kept object now: a store knows its resource."""
    if not isinstance(observation, ObjectSeen):
        return observation
    found = next((one.name for one in sources if one.resource.name == observation.source), observation.source)
    return replace(observation, source=found)
