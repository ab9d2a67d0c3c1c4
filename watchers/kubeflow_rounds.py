"""What the API of Kubeflow tells, asked for again and again, at the cost of what changed.

Pure protocol: no sockets, no threads, no clock of its own. Runs and experiments come newest first, so a page that tells
nothing new is the last that is asked for. A run that has not ended is asked for until it has; what a run names and
nobody has told of is asked for by its id, before the run is handed on. So are, since 3.0, the tasks of a run, until it
has ended. Pipelines, their versions and recurring runs are listed whole, and seldom.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from lineage.errors import BadAnswer, ClusterError, ResourceAbsent, ResourceForbidden
from watchers.answers import (
    EXPERIMENTS,
    PIPELINE_VERSIONS,
    PIPELINES,
    RECURRING_RUNS,
    RUNS,
    TASKS,
)
from watchers.kubeflow_api import KubeflowApi, experiment_of, has_ended, made_at, version_of
from watchers.rounds import Handed, Round, Tempo, Told
from watchers.source import KubernetesObject, Resource, uid_of

RECENT: Final = timedelta(days=7)  # workflows are kept for a day by default: older runs are for `lineage backfill`
OPEN_AT_ONCE: Final = 50  # runs that are asked for by their id in one round


class KubeflowRounds:
    """What to ask one installation for, of some namespaces; None is all of them, where there is but one user."""

    def __init__(
        self,
        api: KubeflowApi,
        namespaces: Sequence[str] | None,
        handed: Handed,
        *,
        clock: Callable[[], datetime],
        tempo: Tempo,
    ) -> None:
        self._api = api
        self._clock = clock
        self._handed = handed
        self._open: dict[str | None, dict[str, None]] = {}
        self._given_up: set[str] = set()  # what was asked for by its id, in vain
        self._has_tasks: bool | None = None
        self._whole: set[tuple[str, str | None]] = set()  # lists that were read as far as was needed, the last time
        self._versions: set[str] = set()  # that were in a list: of one that a run named, others may stand behind it
        places: tuple[str | None, ...] = (None,) if namespaces is None else tuple(dict.fromkeys(namespaces))
        # Pipelines before runs, so that most versions are known when a run names them; shared ones are in no namespace.
        shared = places if None in places else (None, *places)
        kinds = (
            ((EXPERIMENTS,), tempo.soon_seconds, self._experiments, places),
            ((PIPELINES, PIPELINE_VERSIONS), tempo.seldom_seconds, self._pipelines, shared),
            ((RECURRING_RUNS,), tempo.seldom_seconds, self._recurring_runs, places),
            ((RUNS,), tempo.soon_seconds, self._runs, places),
        )
        self.rounds = [
            Round(resources=resources, namespace=place, every_seconds=seconds, ask=partial(ask, place))
            for resources, seconds, ask, where in kinds
            for place in where
        ]

    # -- the rounds
    def _experiments(self, namespace: str | None) -> Iterator[Told]:
        listing = EXPERIMENTS.name, namespace
        was_whole = self._begin(listing)
        for page in self._api.pages(EXPERIMENTS, namespace):
            news = any(not self._handed.knows(EXPERIMENTS, uid_of(item)) for item in page)
            yield from (Told(resource=EXPERIMENTS, item=item) for item in page)
            if was_whole and not news:
                break
        self._whole.add(listing)

    def _pipelines(self, namespace: str | None) -> Iterator[Told]:
        self._given_up.clear()
        self._has_tasks = None  # it may be of a newer release by now
        for page in self._api.pages(PIPELINES, namespace):
            for pipeline in page:
                yield Told(resource=PIPELINES, item=pipeline)
                yield from self._versions_of(pipeline)

    def _versions_of(self, pipeline: KubernetesObject) -> Iterator[Told]:
        listing = PIPELINE_VERSIONS.name, uid_of(pipeline)
        was_whole = self._begin(listing)
        for version in self._api.versions(pipeline):
            was_listed = uid_of(version) in self._versions
            yield Told(resource=PIPELINE_VERSIONS, item=version)
            self._versions.add(uid_of(version))
            if was_whole and was_listed:
                break
        self._whole.add(listing)

    def _begin(self, listing: tuple[str, str | None]) -> bool:
        """Begin to read a list. Says whether what stands behind what is known was told: not where it was broken off."""
        was_whole = listing in self._whole
        self._whole.discard(listing)
        return was_whole

    def _recurring_runs(self, namespace: str | None) -> Iterator[Told]:
        for page in self._api.pages(RECURRING_RUNS, namespace):
            yield from (Told(resource=RECURRING_RUNS, item=item) for item in page)

    def _runs(self, namespace: str | None) -> Iterator[Told]:
        """List runs up to the first page without news, the first time back to where they are no longer recent; then
        ask for those that have not ended and were not on these pages."""
        listing, still_open, seen = (RUNS.name, namespace), self._open.setdefault(namespace, {}), set[str]()
        was_whole = self._begin(listing)
        for page in self._api.pages(RUNS, namespace):
            news = any(not self._handed.knows(RUNS, uid_of(run)) for run in page)
            for run in page:
                seen.add(uid_of(run))
                yield from self._run(run, still_open)
            if (was_whole and not news) or (not was_whole and page and self._is_old(page[-1])):
                break
        self._whole.add(listing)
        waiting = [uid for uid in still_open if uid not in seen][:OPEN_AT_ONCE]
        for uid in waiting:
            still_open.pop(uid)  # behind those that were not asked for
            try:
                yield from self._run(self._api.one(RUNS, uid, namespace or ""), still_open)
            except ResourceAbsent:
                continue  # it was deleted
            except ClusterError:
                still_open[uid] = None
                raise

    def _run(self, run: KubernetesObject, still_open: dict[str, None]) -> Iterator[Told]:
        told, uid = Told(resource=RUNS, item=run), uid_of(run)
        yield from self._named_by(run)
        if not has_ended(run) or self._handed.is_news(told):
            yield from self._tasks_of(run)
        yield told
        if has_ended(run):
            still_open.pop(uid, None)
        else:
            still_open[uid] = None

    def _tasks_of(self, run: KubernetesObject) -> Iterator[Told]:
        if self._has_tasks is None:
            self._has_tasks = not self._api.has_workflows()
        tasks = self._api.tasks_of(run) if self._has_tasks else None
        if tasks is not None:
            yield Told(resource=TASKS, item=tasks)

    def _named_by(self, run: KubernetesObject) -> Iterator[Told]:
        """Ask for the experiment and the version that a run names, unless they are known. Trouble with one of them is
        no reason to lose the run: it is asked for again when pipelines are listed."""
        experiment, (version, pipeline) = experiment_of(run), version_of(run)
        if experiment and self._is_unknown(EXPERIMENTS, experiment):
            yield from self._asked(experiment, lambda: [(EXPERIMENTS, self._api.one(EXPERIMENTS, experiment))])
        if version and self._is_unknown(PIPELINE_VERSIONS, version):

            def asked() -> list[tuple[Resource, KubernetesObject]]:
                of, found = self._api.version(version, pipeline)
                return [(PIPELINES, of), (PIPELINE_VERSIONS, found)]

            yield from self._asked(version, asked)

    def _is_unknown(self, resource: Resource, uid: str) -> bool:
        return uid not in self._given_up and not self._handed.knows(resource, uid)

    def _asked(self, uid: str, ask: Callable[[], Iterable[tuple[Resource, KubernetesObject]]]) -> tuple[Told, ...]:
        try:
            return tuple(Told(resource=resource, item=item) for resource, item in ask())
        except (ResourceAbsent, ResourceForbidden, BadAnswer):
            self._given_up.add(uid)
            return ()

    def _is_old(self, run: KubernetesObject) -> bool:
        made = made_at(run)
        return made is not None and made < self._clock() - RECENT
