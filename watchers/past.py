"""What the API of Kubeflow tells of the past: once, from the newest run back, with the workflows that it has kept.

No sockets, no clock. What may not be asked for is told as refused, and the rest goes on. It can be begun again at any
time: of runs whose end is known already only the lists are asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from lineage.errors import BadAnswer, ClusterError, NotFound, ResourceAbsent, ResourceForbidden
from watchers.answers import EXPERIMENTS, PIPELINE_VERSIONS, PIPELINES, RECURRING_RUNS, RUNS
from watchers.kubeflow_api import Client, KubeflowApi, called, experiment_of, made_at, uid_of
from watchers.source import KubernetesObject, Resource

TRIES: Final = 5  # with 1 + 2 + 4 + 8 s between them
LONGEST_WISH_SECONDS: Final = 300.0  # of a server that asks to be left alone


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
        for attempt in range(TRIES - 1):
            try:
                return self._client.get(path, query)
            except (ResourceAbsent, ResourceForbidden):
                raise
            except ClusterError as error:
                self._wait(max(2.0**attempt, min(error.retry_after_seconds, LONGEST_WISH_SECONDS)))
        return self._client.get(path, query)

    def close(self) -> None:
        """Break off what is being read; later requests fail."""
        self._client.close()


def past(
    api: KubeflowApi,
    namespaces: Sequence[str] | None,
    *,
    is_known: Callable[[str], bool],
    since: datetime | None = None,
    experiment: str | None = None,
) -> Iterator[Found]:
    """Yield everything that is told: of runs those made since a time, and of an experiment, by its id or name.

    `is_known` says of a run, by its id, whether its workflow and its end are: then that is not asked for.

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
        for run in _runs(api, place, since):
            if isinstance(run, Refused):
                yield run
            elif experiment is None or experiment_of(run) in wanted:
                yield run
                if has_workflows and not is_known(uid_of(run)):
                    yield from _workflow(api, run, place)


def _listed(api: KubeflowApi, resource: Resource, namespace: str | None) -> Iterator[Found]:
    try:
        for page in api.pages(resource, namespace):
            yield from page
    except (ResourceAbsent, ResourceForbidden) as error:
        yield Refused(resource=resource, namespace=namespace, reason=str(error))


def _pipelines(api: KubeflowApi, namespace: str | None) -> Iterator[Found]:
    for pipeline in _listed(api, PIPELINES, namespace):
        yield pipeline
        if not isinstance(pipeline, Refused):
            try:
                yield from api.versions(pipeline)
            except (ResourceAbsent, ResourceForbidden) as error:
                yield Refused(resource=PIPELINE_VERSIONS, namespace=namespace, reason=str(error))


def _runs(api: KubeflowApi, namespace: str | None, since: datetime | None) -> Iterator[Found]:
    """List runs, up to the first that was made before: they come newest first."""
    for run in _listed(api, RUNS, namespace):
        made = None if isinstance(run, Refused) or since is None else made_at(run)
        if since is not None and made is not None and made < since:
            return
        yield run


def _workflow(api: KubeflowApi, run: KubernetesObject, namespace: str | None) -> Iterator[Found]:
    try:
        workflow = api.workflow_of(uid_of(run))
    except (ResourceAbsent, ResourceForbidden, BadAnswer) as error:
        yield Refused(resource=RUNS, namespace=namespace, reason=f"the workflow of run {uid_of(run)}: {error}")
    else:
        if workflow is not None:
            yield workflow
