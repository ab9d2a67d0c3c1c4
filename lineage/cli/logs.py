"""`lineage logs`: what a step said, where Argo archived it."""

import logging
import sys
from math import inf
from typing import Annotated, Final

import typer

from lineage.cli.flags import StoreFlag
from lineage.cli.naming import find_run, key_of
from lineage.cli.object_stores import object_stores_of, open_object_store
from lineage.cli.opening import open_existing
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import fail, notes, printable
from lineage.errors import InvalidSettings, ObjectAbsent
from lineage.gathering import was_written_again
from lineage.model import LOGS, Artifact, Execution
from lineage.objectstore.configured import Found, NotConfigured, find
from lineage.ports import EVERYTHING, AllOf, Budget, Condition, LineageStore, Listing, Operator, PageRequest
from lineage.settings import Settings, load_settings

MAIN: Final = "main"
WHOLE: Final = Budget(size_bytes=sys.maxsize, seconds=inf)  # nothing of it is held, and who reads it sets the pace
PAGE: Final = 100
SHOWN: Final = 3  # of the steps that may be meant


def logs(
    which: Annotated[str, typer.Argument(metavar="EXECUTION", help="RUN/STEP, or the id of an execution.")],
    container: Annotated[
        str, typer.Option("--container", "-c", metavar="NAME", help="The container whose log it is.")
    ] = MAIN,
    store: StoreFlag = None,
) -> None:
    """Print the log that a step left, where Argo archived it.

    RUN is the name, the uid or the id of a run, STEP a step as `lineage show RUN` calls it. Argo archives logs where
    `archiveLogs: true` is set. A log is read from the object stores that the settings name, and printed as it lies
    there, with whatever it shows: nothing of it is recorded, and no secret is taken out.

    ```
    lineage logs churn-training-t8r2d/validate
    lineage logs 'churn-training-hl9ft/train(0)' | grep -i error
    lineage logs churn-training-t8r2d/validate --container init
    ```
    """
    configure_logs(logging.ERROR)
    settings = load_settings({"store": store})
    opened = open_existing(settings.store)
    execution = _execution(opened, which)
    log = _log(opened, execution, container)
    found = _place(opened, log, settings)
    if was_written_again(opened, EVERYTHING, log):
        notes.print("[yellow]This was written again later: it may be what another attempt said.[/]")
    try:
        with open_object_store(found.store, found.bucket).open(found.key, budget=WHOLE) as archived:
            for chunk in archived.chunks:
                sys.stdout.buffer.write(chunk)
    except ObjectAbsent as error:
        fail(f"the log was archived, and is not there any more: {error}")
    sys.stdout.buffer.flush()


# ------------------------------------------------------------------------------------------ which
def _execution(store: LineageStore, text: str) -> Execution:
    """Find the execution that somebody means, or end."""
    if (key := key_of(text)) is not None:
        found = store.get(EVERYTHING, [key]).get(key)
        if not isinstance(found, Execution):
            fail(f"no execution with the id {printable(text)} is recorded: RUN/STEP names one, too")
        return found
    run, _, step = text.partition("/")
    if not step:
        fail(f"{printable(text)} is no id of an execution: name it as RUN/STEP; `lineage show RUN` shows its steps")
    return _step(store, run, step)


def _step(store: LineageStore, run: str, name: str) -> Execution:
    """Find the newest attempt at a step of a name, else of a template. Attempts that Argo makes by itself, and items of
    a loop, have names of their own and one template."""
    of_run = Condition(field="run", operator=Operator.EQ, value=find_run(store, run).key)
    called = _executions(store, of_run, "displayName", name) or _executions(store, of_run, "template", name)
    found = [one for one in called if not one.superseded] or called[-1:]
    if not found:
        fail(f"{printable(run)} has no step {printable(name)}: `lineage show {printable(run)}` shows its steps")
    if len(found) > 1:
        names = list(dict.fromkeys(printable(one.display_name) for one in found))
        some = names if len(names) > 1 else [one.id for one in found]
        shown = ", ".join(some[:SHOWN])
        fail(f"{printable(run)} has several steps {printable(name)}: give the name or the id of one, such as {shown}")
    return found[0]


def _executions(store: LineageStore, of_run: Condition, field: str, value: str) -> list[Execution]:
    """Read those of a run that have a value, the first hundred, in the order of their starts."""
    where = AllOf((of_run, Condition(field=field, operator=Operator.EQ, value=value)))
    return list(store.executions(EVERYTHING, Listing(where=where), PageRequest(first=PAGE)).items)


# ------------------------------------------------------------------------------------------ its log
def _log(store: LineageStore, execution: Execution, container: str) -> Artifact:
    """Find the log of a container, or end."""
    outputs = store.outputs(EVERYTHING, [execution.key]).get(execution.key, ())
    archived = {use.name.removesuffix(LOGS): use.artifact for use in outputs if use.name.endswith(LOGS)}
    if container not in archived:
        others = f"there is one of {', '.join(map(printable, archived))}"
        none = "Argo archives logs where `archiveLogs: true` is set, when a step has ended"
        what = f"of {printable(execution.display_name)} no log of the container {printable(container)} is archived"
        fail(f"{what}: {others if archived else none}")
    return archived[container]


def _place(store: LineageStore, log: Artifact, settings: Settings) -> Found:
    """Say where a log can be read.

    Raises:
        InvalidSettings: no object store of the settings holds it.
    """
    place = store.places(EVERYTHING, [log.key]).get(log.key)
    if place is None:
        fail(f"nothing that is recorded says in which object store {printable(log.name)} lies")
    stores = object_stores_of(settings)
    found = find(stores, cluster=place.cluster, namespace=place.namespace, location=place.location)
    if isinstance(found, NotConfigured):
        raise InvalidSettings(
            f"the log lies at {printable(log.uri)}, and {printable(found.reason)}: "
            "[[object_stores]] of the settings file says where objects can be read"
        )
    return found
