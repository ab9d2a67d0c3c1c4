"""`lineage backfill`: record the runs that were over before we came, from what Kubeflow and Argo keep of them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import sleep
from typing import Annotated, TypeAlias

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lineage.cli.argo import archive_of, offloaded_nodes_of
from lineage.cli.flags import ArgoArchiveFlag, ClusterFlag, KfpFlag, KfpMetadataFlag, StoreFlag
from lineage.cli.ingest import SHOWN_REJECTIONS, tell
from lineage.cli.interruption import Interruption, interruptible
from lineage.cli.kubeflow import client_of, metadata_client_of, namespaces_asked
from lineage.cli.parts import now
from lineage.cli.recording import Recording
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import SIGNALLED, SOME_REJECTED, USAGE, complain, fail, notes, printable
from lineage.errors import ClusterError, InvalidSettings
from lineage.identity import run_key
from lineage.model import Run
from lineage.observation import InputUnreadable
from lineage.ports import EVERYTHING
from lineage.recorder import Outcome
from lineage.redaction import struck_text
from lineage.settings import Settings, load_settings
from watchers.answers import RUNS
from watchers.argo_archive import Damaged, Entry, Kept, archived
from watchers.kubeflow_api import KubeflowApi
from watchers.mlmd import MetadataStore
from watchers.past import Found, Patient, PatientCalls, Refused, past
from watchers.source import KubernetesObject
from watchers.sources.argo_workflow import SOURCE as ARGO_WORKFLOW


def backfill(
    kfp: KfpFlag = None,
    kfp_metadata: KfpMetadataFlag = None,
    namespace: Annotated[
        list[str] | None,
        typer.Option("--namespace", "-n", metavar="NAME", help="Ask in this namespace; may be repeated. Without: all."),
    ] = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", metavar="NAME", help="Runs of this experiment alone: its name or id.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", help="Runs made since then alone, in UTC.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    ] = None,
    argo_archive: ArgoArchiveFlag = None,
    cluster: ClusterFlag = None,
    store: StoreFlag = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Record the runs that were over before we came, from what Kubeflow and Argo tell.

    Asks the API of Kubeflow Pipelines for all experiments, pipelines, versions, recurring runs and runs, the newest
    first, and for the workflow of each run, which it keeps when the cluster has forgotten it: such runs get all their
    steps. Of ML Metadata, where it is named, it asks for what their tasks were given and what came out.
    Of Argo's workflow archive, where it is named, it reads every workflow that is kept, the newest first. It may be
    begun again at any time, and run beside `lineage up`: nothing counts twice. What Kubeflow told whole is not asked
    for again; the archive is read from its newest workflow on each time, as rows change when workflows are retried.

    ```
    lineage backfill --kfp http://ml-pipeline.kubeflow:8888
    lineage backfill --namespace team-a --since 2026-01-01
    lineage backfill --experiment nightly --json
    lineage backfill --argo-archive postgresql://reader@postgres.argo/argo --since 2026-01-01
    lineage backfill --argo-archive https://argo-server.argo:2746
    ```
    """
    configure_logs(logging.CRITICAL)
    if experiment is not None and argo_archive is not None:
        fail("Argo knows no experiments: --experiment asks Kubeflow alone, so leave out --argo-archive", code=USAGE)
    asked = {"kfp_api": kfp, "kfp_metadata": kfp_metadata, "kfp_namespaces": namespace or None}
    settings = load_settings(asked | {"argo_archive": argo_archive, "cluster": cluster, "store": store})
    begin = None if since is None else since.replace(tzinfo=UTC)
    with interruptible() as interruption:
        pasts = tuple(_pasts(settings, experiment, begin))
        filling = _Filling(settings)
        troubles = filling.run(interruption, pasts)
    tell(filling.total, settings, as_json=as_json)
    for refused in filling.refused[:SHOWN_REJECTIONS]:
        complain(f"{refused.resource.plural} of {refused.namespace or 'all namespaces'} are not told: {refused.reason}")
    for trouble in troubles[:-1]:
        complain(str(trouble))
    if troubles:
        fail(f"{troubles[-1]}; what was told until then is recorded: begin again, and it goes on from there")
    if interruption.number is not None:
        raise typer.Exit(SIGNALLED + interruption.number)
    if filling.total.rejected or filling.refused:
        raise typer.Exit(SOME_REJECTED)


_Known: TypeAlias = Callable[[Sequence[str]], AbstractSet[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Somebody who is asked for the past. `told` asks, and is given what says which runs are known already."""

    place: str
    told: Callable[[_Known], Iterator[Found | Kept | Damaged]]
    close: Callable[[], None]


def _pasts(settings: Settings, experiment: str | None, since: datetime | None) -> Iterator[_Past]:
    """Say who is asked.

    Raises:
        InvalidSettings: there is no way to one, or none is named.
    """
    asks_argo = settings.argo_archive is not None and experiment is None
    if settings.kfp_api is None and not asks_argo:
        raise InvalidSettings(
            "nobody is named who could tell of the past: give --kfp URL, or set LINEAGE_KFP_API, "
            "for Kubeflow's API; --argo-archive URL, or LINEAGE_ARGO_ARCHIVE, for Argo's archive"
        )
    if settings.kfp_api is not None:
        yield _kubeflow(settings, experiment, since)
    if asks_argo:
        yield _argo(settings, since)


def _kubeflow(settings: Settings, experiment: str | None, since: datetime | None) -> _Past:
    client = client_of(settings)
    metadata = None if settings.kfp_metadata is None else metadata_client_of(settings)

    def told(known: _Known) -> Iterator[Found]:
        api = KubeflowApi(Patient(client, sleep))
        kept = None if metadata is None else MetadataStore(PatientCalls(metadata, sleep))
        return past(api, kept, namespaces_asked(settings), known=known, since=since, experiment=experiment)

    def close() -> None:
        client.close()
        if metadata is not None:
            metadata.close()

    return _Past(place=client.url, told=told, close=close)


def _argo(settings: Settings, since: datetime | None) -> _Past:
    archive, offloaded = archive_of(settings), offloaded_nodes_of(settings)

    def told(_known: _Known) -> Iterator[Kept | Damaged | Refused]:
        return archived(archive, offloaded, namespaces_asked(settings), wait=sleep, since=since)

    def close() -> None:
        archive.close()
        if offloaded is not None:
            offloaded.close()

    return _Past(place=archive.shown, told=told, close=close)


class _Filling:
    """Takes what is told of the past to the store, a batch at a time."""

    def __init__(self, settings: Settings) -> None:
        self.refused: list[Refused] = []
        self._settings = settings
        self._recording = Recording(settings, name="backfill")

    @property
    def total(self) -> Outcome:
        """What became of the objects."""
        return self._recording.total

    def run(self, interruption: Interruption, pasts: Sequence[_Past]) -> Sequence[ClusterError]:
        """Record all that is told. Returns what ended one before its time, after which the next is asked; a signal ends
        it too."""
        troubles: list[ClusterError] = []
        with _progress() as advance:
            for one in pasts:
                try:
                    for found in interruption.until_asked(one.told(self._known)):
                        self._take(found, one.place)
                        advance(found)
                except ClusterError as error:
                    troubles.append(error)
                finally:
                    one.close()
        self._recording.close(interruption)
        return troubles

    def _known(self, runs: Sequence[str]) -> frozenset[str]:
        """Say of which runs a workflow and the end are recorded."""
        found = self._recording.store.get(EVERYTHING, [run_key(run) for run in runs])
        ended = [run for run in found.values() if isinstance(run, Run) and run.phase.ended]
        workflows = self._recording.store.workflows(EVERYTHING, [run.key for run in ended])
        return frozenset(str(key[1]) for key in workflows)

    def _take(self, found: Found | Kept | Damaged, place: str) -> None:
        match found:
            case Refused():
                self.refused.append(found)
            case Damaged():
                self._recording.take(
                    InputUnreadable(
                        source=ARGO_WORKFLOW.name,
                        cluster=self._settings.cluster,
                        seen_at=now(),
                        reason=struck_text(f"{place}, {_named(found.entry)}: {found.reason}"),
                        size_bytes=found.size_bytes,
                        digest=found.digest,
                    )
                )
            case Kept(item=item) | item:
                self._recording.take_object(item, place=f"{place}, {_which(item)}")


def _named(entry: Entry) -> str:
    """Say which row of an archive it is."""
    return f"the archived workflow {entry.namespace}/{entry.name} {entry.uid or 'without a uid'}"


def _which(item: KubernetesObject) -> str:
    """Say which one an object is, as far as it says itself."""
    metadata = item.get("metadata")
    uid = metadata.get("uid") if isinstance(metadata, dict) else None
    return f"{item.get('kind', 'object')} {uid or 'without a uid'}"


@contextmanager
def _progress() -> Iterator["_Advance"]:
    columns = (SpinnerColumn(), TextColumn("{task.completed} runs, back to {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        yield _Advance(progress)


class _Advance:
    """Counts runs, and says how far back they reach."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("now", total=None)

    def __call__(self, found: Found | Kept | Damaged) -> None:
        match found:
            case Refused():
                return
            case Kept(entry=entry) | Damaged(entry=entry):
                made = entry.started_at
            case {"kind": RUNS.kind, "told": dict(told)}:
                made = str(told.get("created_at", ""))
            case _:
                return
        self._progress.update(self._task, advance=1, description=escape(printable(made[:19])))
