"""`lineage backfill`: record the runs that were over before we came, from what Kubeflow keeps of them."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from time import sleep
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lineage.cli.flags import ClusterFlag, KfpFlag, KfpMetadataFlag, StoreFlag
from lineage.cli.ingest import GIVE_UP_SECONDS, SHOWN_REJECTIONS, tell
from lineage.cli.interruption import Interruption, interruptible
from lineage.cli.kubeflow import client_of, metadata_client_of, namespaces_asked
from lineage.cli.opening import open_to_record
from lineage.cli.parts import instance_name, interpreter, now
from lineage.cli.settling import settle
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import SIGNALLED, SOME_REJECTED, complain, fail, notes
from lineage.errors import ClusterError
from lineage.eventlog.memory import MemoryLog
from lineage.identity import run_key
from lineage.model import Run
from lineage.ports import EVERYTHING, LineageStore
from lineage.recorder import BATCH_SIZE, NOTHING, Outcome, Recorder
from lineage.redaction import Redactor
from lineage.settings import Settings, load_settings, redaction_key
from watchers.answers import RUNS
from watchers.files import Ignored, ObjectRead, observed
from watchers.kubeflow_api import KubeflowApi
from watchers.mlmd import MetadataStore
from watchers.past import Found, Patient, PatientCalls, Refused, past
from watchers.source import KubernetesObject
from watchers.sources import all_sources


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
    cluster: ClusterFlag = None,
    store: StoreFlag = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Record the runs that were over before we came, from what Kubeflow tells.

    Asks the API of Kubeflow Pipelines for all experiments, pipelines, versions, recurring runs and runs, the newest
    first, and for the workflow of each run, which it keeps when the cluster has forgotten it: such runs get all their
    steps. Of ML Metadata, where it is named, it asks for what their tasks were given and what came out. It may be begun
    again at any time: nothing counts twice, and what is recorded whole is not asked for again.

    ```
    lineage backfill --kfp http://ml-pipeline.kubeflow:8888
    lineage backfill --namespace team-a --since 2026-01-01
    lineage backfill --experiment nightly --json
    ```
    """
    configure_logs(logging.CRITICAL)
    asked = {"kfp_api": kfp, "kfp_metadata": kfp_metadata, "kfp_namespaces": namespace or None}
    settings = load_settings(asked | {"cluster": cluster, "store": store})
    with interruptible() as interruption:
        filling = _Filling(settings)
        trouble = filling.run(interruption, experiment, None if since is None else since.replace(tzinfo=UTC))
    tell(filling.total, settings, as_json=as_json)
    for refused in filling.refused[:SHOWN_REJECTIONS]:
        complain(f"{refused.resource.plural} of {refused.namespace or 'all namespaces'} are not told: {refused.reason}")
    if trouble is not None:
        fail(f"{trouble}; what was told until then is recorded: begin again, and it goes on from there")
    if interruption.number is not None:
        raise typer.Exit(SIGNALLED + interruption.number)
    if filling.total.rejected or filling.refused:
        raise typer.Exit(SOME_REJECTED)


class _Filling:
    """Takes what is told of the past to the store, a batch at a time."""

    def __init__(self, settings: Settings) -> None:
        self.total = NOTHING
        self.refused: list[Refused] = []
        self._settings = settings
        self._client = client_of(settings)
        self._metadata = None if settings.kfp_metadata is None else metadata_client_of(settings)
        self._store: LineageStore = open_to_record(settings)
        self._redactor = Redactor(redaction_key(settings))
        self._log = MemoryLog(instance_name("backfill"))
        self._recorder = Recorder(
            self._log,
            self._store,
            interpreter(all_sources()),
            key_ids=[self._redactor.key_id],
            clock=now,
            on_batch=self._add,
        )

    def run(self, interruption: Interruption, experiment: str | None, since: datetime | None) -> ClusterError | None:
        """Record all that is told. Returns the trouble that ended it before its time; a signal ends it too."""
        api = KubeflowApi(Patient(self._client, sleep))
        namespaces = namespaces_asked(self._settings)
        kept = None if self._metadata is None else MetadataStore(PatientCalls(self._metadata, sleep))
        told = past(api, kept, namespaces, known=self._known, since=since, experiment=experiment)
        trouble: ClusterError | None = None
        with _progress() as advance:
            try:
                for found in interruption.until_asked(told):
                    self._take(found)
                    advance(found)
            except ClusterError as error:
                trouble = error
            self._recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
        settle(self._store, interruption)
        self._client.close()
        if self._metadata is not None:
            self._metadata.close()
        return trouble

    def _take(self, found: Found) -> None:
        if isinstance(found, Refused):
            self.refused.append(found)
            return
        seen = observed(
            ObjectRead(place=f"{self._client.url}, {_which(found)}", item=found),
            sources=all_sources(),
            cluster=self._settings.cluster,
            seen_at=now(),
            redactor=self._redactor,
        )
        if isinstance(seen, Ignored):
            self._add(Outcome(objects=1, ignored=1))
            return
        if len(self._log) >= BATCH_SIZE or not self._log.fits(seen):
            self._recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
        self._log.append(seen)

    def _known(self, runs: Sequence[str]) -> frozenset[str]:
        """Say of which runs a workflow and the end are recorded."""
        found = self._store.get(EVERYTHING, [run_key(run) for run in runs])
        ended = [run for run in found.values() if isinstance(run, Run) and run.phase.ended]
        workflows = self._store.workflows(EVERYTHING, [run.key for run in ended])
        return frozenset(str(key[1]) for key in workflows)

    def _add(self, outcome: Outcome) -> None:
        total = self.total + outcome
        self.total = replace(total, rejections=total.rejections[:SHOWN_REJECTIONS])


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

    def __call__(self, found: Found) -> None:
        if not isinstance(found, Refused) and found.get("kind") == RUNS.kind:
            made = escape(str(found["told"].get("created_at", ""))[:19])
            self._progress.update(self._task, advance=1, description=made)
