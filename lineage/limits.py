"""How large an object may be, and how long that by which things are found: names, uids, places.

Pure but for a bounded memory, on which nothing depends but speed: what a view of a run shows of attempts is not looked
at again in the next view. A store has indexes on these, and PostgreSQL refuses an index entry of more than 2,704 bytes,
a third of a page; a batch with one such text would be refused for ever. So longer ones are refused with a reason before
they reach a store, the same for every database. Values (of parameters, labels, messages) may be of any length.

Lengths are those of a text within JSON, as natural keys are written: a quote counts two bytes there. Entries:

    key of an artifact that was written    run, node, output:        3 × 512 + some 50      = 1,586
    key of a state of a location           place, state:             1,800 + 512 + some 30  = 2,342
    place                                  store and uri             1,800
    source                                 name, cluster, resource, namespace: 4 × 512      = 2,048
    time in which a source was watched     cluster, resource, namespace, version: 4 × 512   = 2,048
    key of a rejection                     source, cluster, reason:  2 × 512 + 1,000 + 100  = 2,124
    name of a recurring run                cluster, namespace, name: 3 × 512 + some 30      = 1,566
    place beside one that is served        model of a revision, uri: 512 + 1,800 + some 10  = 2,322
"""

from collections.abc import Iterable
from typing import Final, assert_never

import orjson

from lineage.errors import InvalidObservation
from lineage.facts import (
    DeploymentSeen,
    ExecutionSeen,
    ExecutionState,
    ExperimentTold,
    Fact,
    InputRejected,
    LocationLooked,
    ObjectGone,
    ObjectKept,
    PipelineTold,
    PipelineVersionTold,
    PodSeen,
    Read,
    RecurringRunSeen,
    RecurringRunTold,
    ResourceListed,
    ResourceWatched,
    RunSeen,
    RunTold,
    SourceObserved,
    TasksTold,
    TaskTold,
    Told,
    Write,
)
from lineage.identity import Location
from lineage.remembering import LastViews

MAX_NAME_BYTES: Final = 512  # Kubernetes allows 253 for names and 253 + 1 + 63 = 317 for those of labels
MAX_PLACE_BYTES: Final = 1800  # S3 and Google allow 1,024 for keys and 222 for buckets; hosts have at most 253
MAX_REASON_BYTES: Final = 1000
MAX_OBJECT_BYTES: Final = 32 * 2**20  # etcd takes 1.5 MiB, and what is packed in that unpacks to some 20 times as much

_STATE_BYTES: Final = 2_000  # of an attempt with some ports and parameters, roughly
_LONGEST_ESCAPE: Final = 6  # \u0001
_SURELY_SHORT: Final = MAX_NAME_BYTES // _LONGEST_ESCAPE  # characters, whatever they are
_SHOWN: Final = 60


def length(text: str) -> int:
    """Count the bytes of a text within JSON. What cannot be written there is as long as its escapes."""
    try:
        return len(orjson.dumps(text)) - 2
    except orjson.JSONEncodeError:
        return _LONGEST_ESCAPE * len(text)


def is_name(text: str) -> bool:
    """Say whether a text is short enough to be a name or a uid."""
    return _fits(text, MAX_NAME_BYTES)


def is_place(location: Location) -> bool:
    """Say whether a location is short enough to be found by."""
    surely = len(location.store) + len(location.uri) <= MAX_PLACE_BYTES // _LONGEST_ESCAPE
    return surely or length(location.store + location.uri) <= MAX_PLACE_BYTES


def shortened(text: str, *, limit: int = MAX_REASON_BYTES) -> str:
    """Leave out the middle of a text that is longer than a limit: file and cause stand at its ends."""
    kept = limit
    short = text
    while not _fits(short, limit):
        kept = kept * 3 // 4
        short = f"{text[: kept // 2]}…{text[-(kept // 2) :]}"
    return short


def refuse_long_names(fact: Fact) -> None:
    """Refuse a fact with an identity that no store could find again.

    Raises:
        InvalidObservation: which one, and how long it may be.
    """
    match fact:
        case RunSeen():
            _refuse_in_run(fact)
        case ExecutionSeen():
            _refuse_in_execution(fact)
        case PodSeen():
            _refuse_in_pod(fact)
        case ExperimentTold() | PipelineTold() | PipelineVersionTold() | RecurringRunTold() | RunTold() | TasksTold():
            _refuse_in_told(fact)
        case RecurringRunSeen():
            _refuse("uid", fact.uid)
            _refuse("name", fact.name)
            _refuse_scope(fact.cluster, fact.namespace)
            _refuse("id of the experiment", fact.spec.experiment_id)
        case DeploymentSeen():
            _refuse_in_deployment(fact)
        case ObjectKept(resource=resource, uid=uid):
            _refuse("resource", resource)
            _refuse("uid", uid)
        case ObjectGone(uid=uid):
            _refuse("uid", uid)
        case ResourceListed(cluster=cluster, resource=resource, namespace=namespace, uids=uids):
            _refuse_scope(cluster, namespace)
            _refuse("resource", resource)
            for uid in uids:
                _refuse("uid", uid)
        case ResourceWatched(cluster=cluster, resource=resource, namespace=namespace, since=since, until=until):
            _refuse_scope(cluster, namespace)
            _refuse("resource", resource)
            _refuse("version", since)
            _refuse("version", until)
        case LocationLooked(location=location, look=look):
            _refuse_place(location)
            _refuse("version or ETag of the state", f"{look.version or ''} {look.etag or ''}")
            for digest in (look.digest, look.content_digest, *look.checksums):
                _refuse("digest", digest)
        case SourceObserved(source=source, cluster=cluster, resource=resource, namespace=namespace):
            _refuse("source", source)
            _refuse_scope(cluster, namespace)
            _refuse("resource", resource)
        case InputRejected(source=source, cluster=cluster):
            _refuse("source", source)
            _refuse("cluster", cluster)
        case _:
            assert_never(fact)


def _refuse_in_run(fact: RunSeen) -> None:
    _refuse("uid of the workflow", fact.incarnation)
    _refuse("run id", fact.run)
    _refuse("run id", fact.uid)
    _refuse_scope(fact.cluster, fact.namespace)
    _refuse("name", fact.name)
    _refuse("name of the run that was submitted again", fact.resubmitted_from)
    _refuse("experiment", fact.experiment)
    if fact.recurring is not None:
        _refuse("uid of the recurring run", fact.recurring.uid)
        _refuse("name of the recurring run", fact.recurring.name)
    if fact.pipeline is not None:
        _refuse("name of the pipeline", fact.pipeline.name)
    for parameter in fact.parameters:
        _refuse("name of the parameter", parameter.name)
    for label in fact.labels:
        _refuse("name of the label", label)
    if fact.started_by is not None:
        _refuse("uid of the owner", fact.started_by.owner)
        _refuse("run id", fact.started_by.run)
    if fact.executions:
        _refuse_in_states((fact.cluster, fact.incarnation), fact.executions)


_views: Final = LastViews[tuple[ExecutionState, ...]]()


def _refuse_in_states(run: tuple[str, str], states: tuple[ExecutionState, ...]) -> None:
    """Refuse long names in what a view shows of attempts; not again in those that the view before showed."""
    known = set(map(id, _views.get(run) or ()))
    for state in states:
        if id(state) not in known:
            _refuse_in_state(state)
    _views.put(run, states, _STATE_BYTES * len(states))


def _refuse_in_state(state: ExecutionState) -> None:
    _refuse("id of the node", state.node_id)
    _refuse_ports(state.reads, state.writes, of=("node", state.node_id))
    for value in state.values:
        _refuse("name of the metric", value.name, of=("node", state.node_id))


def _refuse_in_execution(fact: ExecutionSeen) -> None:
    _refuse("uid", fact.uid)
    _refuse("uid of the run", fact.run)
    _refuse("resource", fact.resource)
    _refuse("name", fact.name)
    _refuse("name of the run", fact.run_name)
    _refuse("kind of the run", fact.run_kind)
    _refuse_scope(fact.cluster, fact.namespace)
    _refuse_in_state(fact.state)
    for condition in fact.state.workload.conditions:
        _refuse("condition", f"{condition.type} {condition.status}")


def _refuse_in_told(fact: Told) -> None:
    _refuse("cluster", fact.cluster)
    match fact:
        case RunTold():
            _refuse("run id", fact.run)
            _refuse("namespace", fact.namespace)
            _refuse("name", fact.name)
            _refuse("uid of the experiment", fact.experiment)
            _refuse("uid of the version", fact.version)
            _refuse("uid of the recurring run", fact.recurring_run)
            _refuse("name of the pipeline", None if fact.pipeline is None else fact.pipeline.name)
            for parameter in fact.parameters:
                _refuse("name of the parameter", parameter.name)
        case TasksTold():
            _refuse("run id", fact.run)
            _refuse("namespace", fact.namespace)
            for task in fact.tasks:
                _refuse_in_task(task)
        case PipelineVersionTold():
            _refuse("uid", fact.uid)
            _refuse("name", fact.name)
            _refuse("name of the pipeline", fact.pipeline.name)
            _refuse("namespace", fact.pipeline.namespace)
        case ExperimentTold() | PipelineTold() | RecurringRunTold():
            _refuse("uid", fact.uid)
            _refuse("name", fact.name)
            _refuse("namespace", fact.namespace)
        case _:
            assert_never(fact)


def _refuse_in_task(task: TaskTold) -> None:
    _refuse("id of the task", task.id)
    _refuse("place of the task", task.place)
    _refuse("id of the task that another took over from", task.taken_from)
    _refuse_ports(task.reads, task.writes, of=("task", task.place))
    for metric in task.metrics:
        _refuse("name of the metric", metric.value.name)


def _refuse_ports(reads: Iterable[Read], writes: Iterable[Write], *, of: tuple[str, str]) -> None:
    for read in reads:
        _refuse("name of the input", read.name, of=of)
        _refuse_place(read.location)
    for write in writes:
        _refuse("name of the output", write.name, of=of)
        _refuse_place(write.location)


def _refuse_in_deployment(fact: DeploymentSeen) -> None:
    _refuse("uid", fact.uid)
    _refuse("name", fact.name)
    _refuse_scope(fact.cluster, fact.namespace)
    _refuse("name of the inference service", fact.parent)
    for component in fact.components:
        _refuse("name of the component", component.name)
        for name in (component.revision, component.ready_revision, *(one.revision for one in component.traffic)):
            _refuse("name of the revision", name)
        for model in component.models:
            _refuse("name of the model", model.name)
            if model.location is not None:
                _refuse_place(model.location)


def _refuse_in_pod(fact: PodSeen) -> None:
    _refuse("uid", fact.uid)
    _refuse("name", fact.name)
    _refuse("uid of the workflow", fact.owner_uid)
    _refuse("name of the workflow", fact.owner_name)
    _refuse("id of the node", fact.node_id)
    _refuse("run id", fact.run_label)
    _refuse_scope(fact.cluster, fact.namespace)
    for image in fact.images:
        _refuse("name of the container", image.container)
        _refuse("digest of the image", image.digest)


def _refuse_place(location: Location) -> None:
    if not is_place(location):
        raise InvalidObservation(
            f"the place {shortened(location.uri, limit=_SHOWN)} has {length(location.store + location.uri)} bytes, "
            f"and at most {MAX_PLACE_BYTES} can be recorded"
        )


def _refuse_scope(cluster: str, namespace: str | None) -> None:
    _refuse("cluster", cluster)
    _refuse("namespace", namespace)


def _refuse(what: str, text: str | None, *, of: tuple[str, str] | None = None) -> None:
    if text is not None and len(text) > _SURELY_SHORT and not is_name(text):
        where = "" if of is None else f" of the {of[0]} {shortened(of[1], limit=_SHOWN)}"
        raise InvalidObservation(
            f"the {what} {shortened(text, limit=_SHOWN)}{where} has {length(text)} bytes, and at most "
            f"{MAX_NAME_BYTES} can be recorded"
        )


def _fits(text: str, limit: int) -> bool:
    return _LONGEST_ESCAPE * len(text) <= limit or length(text) <= limit
