"""What the API of Kubeflow tells of the past: once, from the newest run back, with the workflows that it has kept.

No sockets, no clock. What may not be asked for is told as refused, and the rest goes on. It can be begun again at any
time: of runs whose end is known already only the lists are asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

from lineage.errors import BadAnswer, ClusterError, NotFound, ResourceAbsent, ResourceForbidden
from watchers import mlmd
from watchers.answers import EXPERIMENTS, PIPELINE_VERSIONS, PIPELINES, RECURRING_RUNS, RUNS, TASKS
from watchers.kubeflow_api import Client, KubeflowApi, called, experiment_of, made_at
from watchers.mlmd import MetadataStore
from watchers.source import KubernetesObject, Resource, uid_of
from watchers.tasks import KEPT_TASKS

TRIES: Final = 5  # with 1 + 2 + 4 + 8 s between them
LONGEST_WISH_SECONDS: Final = 300.0  # of a server that asks to be left alone

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Something that may not be asked for, or is not there."""

    resource: Resource
    namespace: str | None
    reason: str


Found: TypeAlias = KubernetesObject | Refused


class Patient:
    """A client that asks again where trouble may pass. `wait` sleeps so many seconds."""

    def __init__(self, client: Client, wait: Callable[[float], object]) -> None:
        self._client = client
        self._wait = wait

    def get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Read a JSON object."""
        return patiently(lambda: self._client.get(path, query), self._wait)

    def close(self) -> None:
        """Break off what is being read; later requests fail."""
        self._client.close()


class PatientCalls:
    """The same of ML Metadata."""

    def __init__(self, client: mlmd.Client, wait: Callable[[float], object]) -> None:
        self._client = client
        self._wait = wait

    def call(self, method: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask, and read the answer as JSON."""
        return patiently(lambda: self._client.call(method, request), self._wait)

    def close(self) -> None:
        """Break off what is being asked; later calls fail."""
        self._client.close()


def patiently(ask: Callable[[], T], wait: Callable[[float], object]) -> T:
    """Ask again where trouble may pass. `wait` sleeps so many seconds.

    Raises:
        ClusterError: it did not pass, or asking again would not help.
    """
    for attempt in range(TRIES - 1):
        try:
            return ask()
        except (ResourceAbsent, ResourceForbidden):
            raise
        except ClusterError as error:
            wait(max(2.0**attempt, min(error.retry_after_seconds, LONGEST_WISH_SECONDS)))
    return ask()


def past(
    api: KubeflowApi,
    kept: MetadataStore | None,
    namespaces: Sequence[str] | None,
    *,
    known: Callable[[Sequence[str]], AbstractSet[str]],
    since: datetime | None = None,
    experiment: str | None = None,
) -> Iterator[Found]:
    """Yield everything that is told: of runs those made since a time, and of an experiment, by its id or name. `kept`
    is where their tasks are kept.

    `known` says of some runs, by their ids, whose workflow and end are known: these are not asked for.

    Raises:
        ClusterError: the API failed at something again and again.
        NotFound: there is no such experiment.
    """
    places: tuple[str | None, ...] = (None,) if namespaces is None else tuple(dict.fromkeys(namespaces))
    wanted: set[str] = set()
    for place in places:
        for item in _listed(api, EXPERIMENTS, place):
            if not isinstance(item, Refused) and experiment in (uid_of(item), called(item)):
                wanted.add(uid_of(item))
            yield item
    if experiment is not None and not wanted:
        raise NotFound(f"Kubeflow tells of no experiment {experiment!r:.80}")
    for place in places if None in places else (None, *places):
        yield from _pipelines(api, place)
    for place in places:
        yield from _listed(api, RECURRING_RUNS, place)
    has_workflows = api.has_workflows()
    for place in places:
        for page in _pages(api, RUNS, place):
            runs = [run for run in page if _is_since(run, since)]
            chosen = [run for run in runs if experiment is None or _is_of(run, wanted)]
            yield from chosen
            if has_workflows:
                yield from _workflows(api, chosen, place, known)
            else:
                yield from _tasks(api.tasks_of, TASKS, chosen, place)
            if kept is not None:
                yield from _tasks(lambda run: kept.tasks_of(uid_of(run)), KEPT_TASKS, chosen, place)
            if len(runs) < len(page):
                break  # they come newest first


def _listed(api: KubeflowApi, resource: Resource, namespace: str | None) -> Iterator[Found]:
    for page in _pages(api, resource, namespace):
        yield from page


def _pages(api: KubeflowApi, resource: Resource, namespace: str | None) -> Iterator[Sequence[Found]]:
    try:
        yield from api.pages(resource, namespace)
    except (ResourceAbsent, ResourceForbidden) as error:
        yield [Refused(resource=resource, namespace=namespace, reason=str(error))]


def _pipelines(api: KubeflowApi, namespace: str | None) -> Iterator[Found]:
    for pipeline in _listed(api, PIPELINES, namespace):
        yield pipeline
        if not isinstance(pipeline, Refused):
            try:
                yield from api.versions(pipeline)
            except (ResourceAbsent, ResourceForbidden) as error:
                yield Refused(resource=PIPELINE_VERSIONS, namespace=namespace, reason=str(error))


def _is_since(run: Found, since: datetime | None) -> bool:
    if since is None or isinstance(run, Refused):
        return True
    made = made_at(run)
    return made is None or made >= since


def _is_of(run: Found, experiments: AbstractSet[str]) -> bool:
    return isinstance(run, Refused) or experiment_of(run) in experiments


def _tasks(
    ask: Callable[[KubernetesObject], KubernetesObject | None],
    resource: Resource,
    runs: Sequence[Found],
    namespace: str | None,
) -> Iterator[Found]:
    for run in runs:
        if isinstance(run, Refused):
            continue
        try:
            tasks = ask(run)
        except (ResourceAbsent, ResourceForbidden, BadAnswer) as error:
            yield Refused(resource=resource, namespace=namespace, reason=f"the tasks of run {uid_of(run)}: {error}")
        else:
            if tasks is not None:
                yield tasks


def _workflows(
    api: KubeflowApi, runs: Sequence[Found], namespace: str | None, known: Callable[[Sequence[str]], AbstractSet[str]]
) -> Iterator[Found]:
    """Ask for the workflows of runs, of those that are not known."""
    uids = [uid_of(run) for run in runs if not isinstance(run, Refused)]
    there = known(uids) if uids else frozenset()
    for uid in uids:
        if uid in there:
            continue
        try:
            workflow = api.workflow_of(uid)
        except (ResourceAbsent, ResourceForbidden, BadAnswer) as error:
            yield Refused(resource=RUNS, namespace=namespace, reason=f"the workflow of run {uid}: {error}")
        else:
            if workflow is not None:
                yield workflow
