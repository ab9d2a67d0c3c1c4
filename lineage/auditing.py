"""Reads what an audit judges by, through the port of the store: the dossier of a run, and what stands around it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from lineage.audit import DEFAULT, POLICIES, Tier, audit
from lineage.audit.material import AuditEvidence, Cohort, ImageProbe, Repetition, Rerun, Reuse, Watch
from lineage.audit.repetition import contents_written, values_by_name
from lineage.comparison import ChangeKind, compare
from lineage.containers import HELPERS
from lineage.dossier import Dossier, Step
from lineage.gathering import KEYS_AT_ONCE, TO_AUDIT, dossier, dossiers, reruns
from lineage.identity import Key
from lineage.model import (
    Artifact,
    ContainerImage,
    Deployment,
    Execution,
    Gap,
    RecurringRun,
    Run,
    ServedArtifact,
    Slot,
    SourceStatus,
)
from lineage.ports import (
    AllOf,
    Condition,
    LineageStore,
    Listing,
    Operator,
    Order,
    Page,
    PageRequest,
    Scope,
    Where,
)
from lineage.rerun import manifest_of
from lineage.workloads import WORKFLOW, WORKFLOWS

T = TypeVar("T")
PODS: Final = "pods"
CACHED: Final = "cached"  # the path of a difference that a rerun means to make: its caches are off
RESULTS: Final = frozenset({ChangeKind.PHASE, ChangeKind.OUTPUT, ChangeKind.METRIC})
MOST_OTHERS: Final = 20  # runs of the same fingerprint, whose metrics are compared
MOST_COMPARED: Final = 5  # of these, whose outputs are compared: each of them is read whole
RUNS_BACK: Final = 20  # runs of a pipeline among which the newest attempt at a reused step is looked for
EXECUTIONS_OF_PREVIOUS: Final = 50  # steps of the run before, whose helpers are compared: they are all alike
PAGE: Final = 500
SLOT: Final = timedelta(seconds=1)


def audit_evidence(
    store: LineageStore, scope: Scope, run: Key, *, as_of: datetime, probes: Mapping[str, ImageProbe] | None = None
) -> AuditEvidence | None:
    """Read what an audit of a run judges by; None where nobody knows the run. `probes` are what registries said."""
    known = dossier(store, scope, run, TO_AUDIT)
    if known is None:
        return None
    before = _runs_of_pipeline(store, scope, known, as_of)
    return AuditEvidence(
        dossier=known,
        as_of=as_of,
        watches=_watches(store, scope, known.run),
        recurring=_recurring(store, scope, known.run),
        slot=_slot(store, scope, known.run, as_of),
        served=tuple(_served(store, scope, known)),
        writers=_writers(store, scope, known, as_of),
        previous=_previous(store, scope, known.run, before),
        reuses=_reuses(store, scope, known, before),
        cohort=_cohort(store, scope, known),
        unpinned=None if (manifest := manifest_of(known)) is None else manifest.unpinned,
        reruns=tuple(_reruns(store, scope, known)),
        probes=probes,
    )


def tier_of(store: LineageStore, scope: Scope, run: Key, policy: str | None, *, as_of: datetime) -> Tier | None:
    """The tier that a run earns under a policy that is there without a file; None where nobody knows the run."""
    evidence = audit_evidence(store, scope, run, as_of=as_of)
    return None if evidence is None else audit(evidence, DEFAULT if policy is None else POLICIES[policy]).tier


# ------------------------------------------------------------------------------------------ watching and schedules
def _watches(store: LineageStore, scope: Scope, run: Run) -> tuple[Watch, ...]:
    """How the objects that a run is seen by were watched where it lived. Who watches all namespaces watches each."""
    kinds = (WORKFLOWS, PODS) if run.kind == WORKFLOW else (PODS,)
    found: defaultdict[str, list[SourceStatus]] = defaultdict(list)
    for source in store.sources(scope):
        if source.kind in kinds and source.cluster == run.cluster and source.namespace in ("*", run.namespace):
            found[source.kind].append(source)
    return tuple(
        Watch(
            kind=kind,
            since=min((one.watched_since for one in found[kind] if one.watched_since is not None), default=None),
            until=max((one.watched_until for one in found[kind] if one.watched_until is not None), default=None),
            gaps=_gaps(store, scope, found[kind], run),
        )
        for kind in (kinds if found else ())
    )


def _gaps(store: LineageStore, scope: Scope, sources: Sequence[SourceStatus], run: Run) -> tuple[Gap, ...]:
    """The gaps in which a run lived: those that all sources of its objects have."""
    began = run.created_at or run.started_at
    of_each: list[list[Gap]] = []
    for source in sources:
        mine: list[Gap] = []
        after: str | None = None
        while True:
            page = store.gaps(scope, source, PageRequest(first=100, after=after))
            mine += [one for one in page.items if began is None or (one.ended_at or began) >= began]
            older = began is not None and any(one.ended_at is not None and one.ended_at < began for one in page.items)
            if older or not page.has_next:
                break
            after = page.cursors[-1]
        of_each.append(mine)
    fewest = min(map(len, of_each), default=0)
    return tuple(next((one for one in of_each if len(one) == fewest), ()))


def _recurring(store: LineageStore, scope: Scope, run: Run) -> RecurringRun | None:
    key = run.recurring_run_key
    found = None if key is None else store.get(scope, [key]).get(key)
    return found if isinstance(found, RecurringRun) else None


def _slot(store: LineageStore, scope: Scope, run: Run, as_of: datetime) -> Slot | None:
    key, due = run.recurring_run_key, run.scheduled_at
    if key is None or due is None:
        return None
    page = store.slots(scope, [key], since=due, until=due + SLOT, now=as_of, page=PageRequest(first=10)).get(key)
    slots = page.items if page is not None else ()
    return next((one for one in slots if one.run_key == run.key), next(iter(slots), None))


# ------------------------------------------------------------------------------------------ what came of it
def _written(known: Dossier) -> dict[Key, Artifact]:
    """What the steps of a run wrote themselves, where it lies somewhere."""
    return {
        use.artifact.key: use.artifact
        for step in known.current
        for use in step.outputs
        if use.artifact.producer_key == step.execution.key and use.artifact.uri is not None
    }


def _served(store: LineageStore, scope: Scope, known: Dossier) -> Sequence[tuple[Deployment, ServedArtifact]]:
    """Who serves what a run wrote."""
    mine = _written(known)
    if not mine or not store.deployments(scope, Listing(), PageRequest(first=1)).items:
        return ()
    keys, found = list(mine), list[tuple[Deployment, ServedArtifact]]()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        of = Condition(field="model", operator=Operator.IN, value=tuple(keys[start : start + KEYS_AT_ONCE]))
        deployments = {one.key: one for one in _all(store.deployments, scope, of)}
        for key, served in store.served(scope, tuple(deployments)).items():
            found += [(deployments[key], one) for one in served if one.artifact.key in mine]
    return list(dict.fromkeys(found))


def _writers(store: LineageStore, scope: Scope, known: Dossier, as_of: datetime) -> Mapping[Key, tuple[Artifact, ...]]:
    """The other writes of the places that a run wrote, up to then."""
    mine = _written(known)
    uris, at = sorted({str(one.uri) for one in mine.values()}), defaultdict[str, list[Artifact]](list)
    for start in range(0, len(uris), KEYS_AT_ONCE):
        where = Condition(field="uri", operator=Operator.IN, value=tuple(uris[start : start + KEYS_AT_ONCE]))
        for one in _all(store.artifacts, scope, where):
            if one.created_at is None or one.created_at <= as_of:
                at[str(one.uri)].append(one)
    several = {key: one for key, one in mine.items() if len(at[str(one.uri)]) > 1}
    if not several:
        return {}
    # Equal uris in two stores are two places.
    places = store.places(scope, tuple({other.key for one in several.values() for other in at[str(one.uri)]}))
    return {
        key: tuple(
            other
            for other in at[str(one.uri)]
            if other.key != key and key in places and other.key in places
            and places[other.key].location == places[key].location
        )
        for key, one in several.items()
    }  # fmt: skip


# ------------------------------------------------------------------------------------------ what ran before
def _runs_of_pipeline(store: LineageStore, scope: Scope, known: Dossier, as_of: datetime) -> Sequence[Run]:
    """The newest runs of the same pipeline, the newest first."""
    if known.version is None:
        return ()
    where = AllOf(
        (
            Condition(field="pipeline", operator=Operator.EQ, value=known.version.pipeline.key),
            Condition(field="startedAt", operator=Operator.LTE, value=as_of),
        )
    )
    newest = (Order(field="STARTED_AT", descending=True),)
    return store.runs(scope, Listing(where=where, order=newest), PageRequest(first=RUNS_BACK)).items


def _previous(
    store: LineageStore, scope: Scope, run: Run, runs: Sequence[Run]
) -> tuple[Run, Mapping[str, frozenset[str]]] | None:
    """The run before it of the same pipeline, with the images of its containers by name."""
    began = run.started_at
    if began is None:
        return None
    before = [one for one in runs if one.key != run.key and one.started_at is not None and one.started_at < began]
    if not before:
        return None
    where = AllOf(
        (
            Condition(field="run", operator=Operator.EQ, value=before[0].key),
            Condition(field="kind", operator=Operator.EQ, value="POD"),
        )
    )
    page = store.executions(scope, Listing(where=where), PageRequest(first=EXECUTIONS_OF_PREVIOUS))
    images: defaultdict[str, set[str]] = defaultdict(set)
    for pods in store.pods(scope, [one.key for one in page.items]).values():
        for image in (image for pod in pods for image in pod.images):
            if image.digest is not None:
                images[image.container].add(image.digest)
    return before[0], {name: frozenset(of) for name, of in images.items()}


def _reuses(store: LineageStore, scope: Scope, known: Dossier, runs: Sequence[Run]) -> Mapping[Key, Reuse]:
    """What is known of the sources of steps whose outputs were taken over, and of the newest attempts at them."""
    cached = [one for one in known.current if one.execution.cached]
    if not cached:
        return {}
    newest = _newest_attempts(store, scope, cached, runs)
    keys = tuple({one.key for one in newest.values()})
    pods = {
        key: tuple(image for pod in of for image in pod.images)
        for start in range(0, len(keys), KEYS_AT_ONCE)
        for key, of in store.pods(scope, keys[start : start + KEYS_AT_ONCE]).items()
    }
    return {one.execution.key: _reuse(one, newest.get(_step_name(one.execution)), pods) for one in cached}


def _reuse(step: Step, newest: Execution | None, images: Mapping[Key, tuple[ContainerImage, ...]]) -> Reuse:
    source, then = step.cached_from, tuple(image for pod in step.source_pods for image in pod.images)
    if newest is not None and _is_after(newest, source):
        return Reuse(images=_of_user(then), newest=newest, newest_images=_of_user(images.get(newest.key, ())))
    return Reuse(images=_of_user(then), newest=source, newest_images=_of_user(then))


def _is_after(one: Execution, source: Execution | None) -> bool:
    if source is None or source.started_at is None:
        return True
    return one.started_at is not None and one.started_at > source.started_at


def _of_user(images: Sequence[ContainerImage]) -> tuple[ContainerImage, ...]:
    return tuple(one for one in images if one.container not in HELPERS)


def _newest_attempts(
    store: LineageStore, scope: Scope, cached: Sequence[Step], runs: Sequence[Run]
) -> Mapping[tuple[str, str | None], Execution]:
    """The newest attempts that ran, at the steps whose outputs were taken over."""
    if not runs:
        return {}
    wanted = {_step_name(one.execution) for one in cached}
    where = AllOf(
        (
            Condition(field="run", operator=Operator.IN, value=tuple(one.key for one in runs)),
            Condition(field="displayName", operator=Operator.IN, value=tuple(sorted({name for name, _ in wanted}))),
            Condition(field="cached", operator=Operator.EQ, value=False),
            Condition(field="kind", operator=Operator.EQ, value="POD"),
        )
    )
    newest = (Order(field="STARTED_AT", descending=True),)
    found: dict[tuple[str, str | None], Execution] = {}
    for one in store.executions(scope, Listing(where=where, order=newest), PageRequest(first=PAGE)).items:
        if _step_name(one) in wanted and one.started_at is not None:
            found.setdefault(_step_name(one), one)
    return found


def _step_name(one: Execution) -> tuple[str, str | None]:
    return one.display_name, one.component or one.template


# ------------------------------------------------------------------------------------------ what is alike
def _cohort(store: LineageStore, scope: Scope, known: Dossier) -> Cohort:
    """The runs of the same fingerprint in which nothing was taken over from a cache, the newest first."""
    key = known.run.key
    mine = store.fingerprints(scope, [key]).get(key)
    if mine is None or mine.digest is None:
        return Cohort(fingerprint=None, missing=() if mine is None else mine.missing)
    alike = store.alike(scope, [key], limit=MOST_OTHERS).get(key, ())
    runs = {one.key: one for one in store.get(scope, alike).values() if isinstance(one, Run)}
    others = [runs[one] for one in alike if one in runs and not _took_over(store, scope, one)]
    metrics = store.metrics_of_runs(scope, [one.key for one in others])
    return Cohort(
        fingerprint=mine.digest,
        others=tuple(
            Repetition(
                run=one,
                outputs=_outputs(store, scope, one.key) if index < MOST_COMPARED else None,
                metrics=values_by_name(metrics.get(one.key, ())),
            )
            for index, one in enumerate(others)
        ),
    )


def _reruns(store: LineageStore, scope: Scope, known: Dossier) -> Iterator[Rerun]:
    """The newest runs that say that they repeat this one, compared with it."""
    keys = [one.key for one in reruns(store, scope, known.run) if one.key != known.run.key]
    mine = dossier(store, scope, known.run.key) if keys else None
    for key, theirs in dossiers(store, scope, keys).items():
        compared = compare(mine or known, theirs)
        yield Rerun(
            run=theirs.run,
            differences=tuple(
                f"{one.step or key[1]} {one.path}: {one.detail or 'it is another'}"
                for one in compared.changes
                if one.kind in RESULTS and one.path != CACHED
            ),
            not_compared=compared.not_compared,
            metrics=values_by_name(theirs.metrics),
        )


def _took_over(store: LineageStore, scope: Scope, run: Key) -> bool:
    """Say whether anything in a run was taken over from a cache."""
    where = AllOf((Condition(field="run", operator=Operator.EQ, value=run), _CACHED))
    return bool(store.executions(scope, Listing(where=where), PageRequest(first=1)).items)


_CACHED: Final = Condition(field="cached", operator=Operator.EQ, value=True)


def _outputs(store: LineageStore, scope: Scope, run: Key) -> Mapping[tuple[str, str], str | None]:
    """The content of what the steps of a run wrote themselves, by step and name, as far as it is known."""
    of_run = AllOf(
        (
            Condition(field="run", operator=Operator.EQ, value=run),
            Condition(field="superseded", operator=Operator.EQ, value=False),
            Condition(field="system", operator=Operator.EQ, value=False),
        )
    )
    executions = {one.key: one for one in _all(store.executions, scope, of_run)}
    keys, found = list(executions), dict[tuple[str, str], str | None]()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        for key, uses in store.outputs(scope, keys[start : start + KEYS_AT_ONCE]).items():
            found |= contents_written(executions[key], uses)
    return found


def _all(read: Callable[[Scope, Listing, PageRequest], Page[T]], scope: Scope, where: Where) -> Sequence[T]:
    """Read a list to its end."""
    found: list[T] = []
    after: str | None = None
    while True:
        page = read(scope, Listing(where=where), PageRequest(first=PAGE, after=after))
        found += page.items
        if not page.has_next:
            return found
        after = page.cursors[-1]
