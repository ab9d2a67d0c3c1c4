"""`lineage verify`: what became of objects, as it is now."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from lineage.cli.asking import write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.naming import find_run, key_of
from lineage.cli.object_stores import looker
from lineage.cli.opening import open_existing
from lineage.cli.parts import instance_name, interpreter, now
from lineage.cli.pictures.artifacts import table_of_states
from lineage.cli.settling import settle
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import FAILURE, fail, notes, print_answer, printable
from lineage.errors import InvalidSettings
from lineage.eventlog.memory import MemoryLog
from lineage.model import Artifact, ArtifactState, LookDue, Run
from lineage.ports import EVERYTHING, AnyOf, Condition, LineageStore, Listing, Operator, PageRequest, Where
from lineage.prober import AT_ONCE, LookAt, seen_at
from lineage.recorder import BATCH_SIZE, Recorder
from lineage.settings import load_settings

PAGE: Final = 100
GIVE_UP_SECONDS: Final = 30.0  # how long another writer may hold the store


def verify(
    which: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN|ARTIFACT]…", help="Runs (id, uid or name) and artifacts (id or uri); else all."),
    ] = None,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
) -> None:
    """Look now at the objects of artifacts, and say which are missing or are not what they were.

    Reads their bytes, within the limits of the settings, from the object stores that these name; what it sees is
    recorded. Of a run, these are the artifacts that it read and wrote. Exits with 1 if anything is missing or changed.

    ```
    lineage verify
    lineage verify churn-training-hl9ft
    lineage verify s3://ml-artifacts/models/churn/model.tgz --json
    ```
    """
    configure_logs(logging.ERROR)
    settings = load_settings({"store": store})
    if not settings.object_stores:
        raise InvalidSettings("no object store is configured: name one in [[object_stores]] of the settings file")
    opened = open_existing(settings.store)
    wanted = AnyOf(tuple(_where(opened, text) for text in which)) if which else None
    places = opened.places(EVERYTHING, [item.key for item in _artifacts(opened, wanted)])
    _look_at(opened, looker(settings), list(dict.fromkeys(places.values())))
    settle(opened)
    # Asked again: what lay somewhere before anybody looked may now be known for what it is.
    _tell(opened, [item for item in _artifacts(opened, wanted) if item.uri is not None], as_json=as_json)


def _tell(store: LineageStore, artifacts: Sequence[Artifact], *, as_json: bool) -> None:
    states = Counter(item.state for item in artifacts)
    wrong = [item for item in artifacts if item.state is not ArtifactState.PRESENT]
    last = {key: looks[0].evidence for key, looks in store.history(EVERYTHING, [item.key for item in wrong]).items()}
    if as_json:
        rows = [{"id": a.id, "uri": a.uri, "state": a.state, "evidence": last.get(a.key)} for a in artifacts]
        write_json({"artifacts": rows, "states": dict(states)})
    elif wrong:
        print_answer(table_of_states([(item, last.get(item.key, "")) for item in wrong]))
    counted = ", ".join(f"{states[state]} {state.value.lower()}" for state in ArtifactState if states[state])
    notes.print(f"{len(artifacts)} artifact{'' if len(artifacts) == 1 else 's'}{': ' if counted else ''}{counted}")
    if states[ArtifactState.MISSING] or states[ArtifactState.CHANGED]:
        raise typer.Exit(FAILURE)


# ------------------------------------------------------------------------------------------ which
def _where(store: LineageStore, text: str) -> Where:
    """Say which artifacts somebody means."""
    if (key := key_of(text)) is not None:
        node = store.get(EVERYTHING, [key]).get(key)
        if isinstance(node, Artifact | Run):
            return Condition(field="run" if isinstance(node, Run) else "id", operator=Operator.EQ, value=node.key)
        fail(f"no run or artifact with the id {printable(text)} is recorded")
    if "://" in text:
        return Condition(field="uri", operator=Operator.EQ, value=text)
    return Condition(field="run", operator=Operator.EQ, value=find_run(store, text).key)


def _artifacts(store: LineageStore, where: Where | None) -> Iterator[Artifact]:
    after: str | None = None
    while True:
        page = store.artifacts(EVERYTHING, Listing(where=where), PageRequest(first=PAGE, after=after))
        yield from page.items
        if not page.has_next:
            return
        after = page.cursors[-1]


# ------------------------------------------------------------------------------------------ looking
def _look_at(store: LineageStore, look: LookAt, places: Sequence[LookDue]) -> None:
    """Look at places, and record what is seen."""
    events = MemoryLog(instance_name("verify"))
    recorder = Recorder(events, store, interpreter(()), key_ids=(), clock=now)
    columns = (SpinnerColumn(), TextColumn("looking"), BarColumn(), MofNCompleteColumn())
    with (
        Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        task = progress.add_task("", total=len(places))
        for place, seen in zip(places, pool.map(look, places), strict=True):
            events.append(seen_at(place, seen, now()))
            progress.advance(task)
            if len(events) >= BATCH_SIZE:
                recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
        recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
