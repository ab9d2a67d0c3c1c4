"""Reads everything that is known of runs, through the port of the store, at a fixed number of questions a part."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Any, Final, TypeVar

from lineage.containers import containers_of_template
from lineage.dossier import Dossier, Step
from lineage.identity import Key
from lineage.model import ONLY_PARTS_SEEN, Artifact, Execution, PipelineVersion, Run, StepGraph, StepLink
from lineage.ports import AllOf, Condition, LineageStore, Listing, Operator, Order, PageRequest, Scope
from lineage.rerun import RERUN_OF, rerun_label
from lineage.templates import Templates

T = TypeVar("T")
KEYS_AT_ONCE: Final = 500  # a statement stays well below the 999 parameters that every SQLite takes
EXECUTIONS_AT_ONCE: Final = 1000
MOST_RERUNS: Final = 20
MOST_STEPS: Final = 5_000  # of a graph: nobody reads more in a picture
MOST_STEP_LINKS: Final = 20_000  # of a graph: where hundreds of items stand behind hundreds, each leads to each
_NOT_REPLACED: Final = Condition(field="superseded", operator=Operator.EQ, value=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is read of runs beside their steps and what these read and wrote, as it is most of the work: the `objects`
    of pods, the `looks` at artifacts, what was not seen (`completeness`), and the `course` of it: what came before
    what, and what each step measured."""

    objects: bool = True
    looks: bool = True
    completeness: bool = True
    course: bool = True


ALL: Final = Wanted()
TO_AUDIT: Final = Wanted(course=False)
TO_COMPARE: Final = Wanted(objects=False, looks=False, completeness=False)
TO_FINGERPRINT: Final = Wanted(looks=False, course=False)


def dossiers(store: LineageStore, scope: Scope, runs: Sequence[Key], wanted: Wanted = ALL) -> Mapping[Key, Dossier]:
    """Read everything that is known of runs, or what is wanted of it, by the keys that are asked for: those of runs of
    which only pods were known go on working. Runs that nobody knows are not among them."""
    meant = {key: node for key, node in store.get(scope, runs).items() if isinstance(node, Run)}
    found = {run.key: run for run in meant.values()}
    keys = tuple(found)
    views, workflows, raw = store.views(scope, keys), store.workflows(scope, keys), store.raw(scope, keys)
    completeness = store.completeness(scope, keys) if wanted.completeness else {}
    metrics = store.metrics_of_runs(scope, keys)
    version_keys = tuple({run.pipeline_version_key for run in found.values() if run.pipeline_version_key})
    versions, specs = store.get(scope, version_keys), store.specs(scope, version_keys)
    bare = {
        key: Dossier(
            run=run,
            view=views.get(key, ONLY_PARTS_SEEN),
            workflows=workflows.get(key, ()),
            completeness=completeness.get(key),
            raw=raw.get(key),
            version=_version(versions.get(run.pipeline_version_key) if run.pipeline_version_key else None),
            spec=specs.get(run.pipeline_version_key) if run.pipeline_version_key else None,
            metrics=metrics.get(key, ()),
        )
        for key, run in found.items()
    }
    known = _with_steps(store, scope, bare, wanted)
    return {key: known[run.key] for key, run in meant.items()}


def dossier(store: LineageStore, scope: Scope, run: Key, wanted: Wanted = ALL) -> Dossier | None:
    """Read everything that is known of a run, or what is wanted of it; None where nobody knows it."""
    return next(iter(dossiers(store, scope, [run], wanted).values()), None)


def reruns(store: LineageStore, scope: Scope, run: Run) -> tuple[Run, ...]:
    """Find the runs that say that they repeat a run, the newest first (`lineage.rerun.RERUN_OF`)."""
    of_it = Condition(field="label", operator=Operator.EQ, name=RERUN_OF, value=rerun_label(run))
    return store.runs(scope, Listing(where=of_it), PageRequest(first=MOST_RERUNS)).items


def step_graphs(store: LineageStore, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, StepGraph]:
    """Read which steps runs have, and which leads to which: in two questions, however many these are."""
    listing, first = Listing(where=_NOT_REPLACED), PageRequest(first=MOST_STEPS)
    pages = store.owned(scope, Execution, "run", runs, listing, first)
    preceding = store.preceding(scope, runs)
    found: dict[Key, StepGraph] = {}
    for run, page in pages.items():
        ids = {each.key: each.id for each in page.items}
        pairs = ((source, target) for target in ids for source in preceding.get(target, ()) if source in ids)
        links = tuple(StepLink(ids[source], ids[target]) for source, target in islice(pairs, MOST_STEP_LINKS + 1))
        complete = not page.has_next and len(links) <= MOST_STEP_LINKS
        found[run] = StepGraph(executions=page.items, links=links[:MOST_STEP_LINKS], complete=complete)
    return found


def was_written_again(store: LineageStore, scope: Scope, artifact: Artifact) -> bool:
    """Say whether somebody wrote later where an artifact lies: what lies there now may be that."""
    if artifact.uri is None or artifact.created_at is None:
        return False
    there = Condition(field="uri", operator=Operator.EQ, value=artifact.uri)
    later = Condition(field="createdAt", operator=Operator.GT, value=artifact.created_at)
    return store.count(scope, Artifact, Listing(where=AllOf((there, later)))) > 0


def with_pod_objects(store: LineageStore, scope: Scope, known: Dossier, executions: Collection[Key]) -> Dossier:
    """Read the objects of the pods of some executions along."""
    objects = _each(store.pod_objects, scope, tuple(executions))
    steps = (
        replace(one, pod_objects=objects[one.execution.key]) if one.execution.key in objects else one
        for one in known.steps
    )
    return replace(known, steps=tuple(steps))


def _with_steps(
    store: LineageStore, scope: Scope, bare: Mapping[Key, Dossier], wanted: Wanted
) -> Mapping[Key, Dossier]:
    """Read the steps of runs, and what belongs to these: of all runs together."""
    executions = tuple(_executions(store, scope, tuple(bare)))
    keys = tuple(each.key for each in executions)
    pods = _each(store.pods, scope, keys)
    objects = _each(store.pod_objects, scope, keys if wanted.objects else ())
    inputs, outputs = _each(store.inputs, scope, keys), _each(store.outputs, scope, keys)
    preceding = store.preceding(scope, tuple(bare)) if wanted.course else {}
    metrics = _each(partial(store.metrics_of_executions, built_in=False), scope, keys if wanted.course else ())
    cached_from = _each(store.cached_from, scope, tuple(each.key for each in executions if each.cached))
    source_pods = _each(store.pods, scope, tuple({each.key for each in cached_from.values()}))
    templates = {key: Templates.of(one.raw) for key, one in bare.items()}
    asked = _remembered(containers_of_template)
    steps: dict[Key, list[Step]] = {key: [] for key in bare}
    for each in executions:
        template, source = templates[each.run_key].of_step(each), cached_from.get(each.key)
        steps[each.run_key].append(
            Step(
                execution=each,
                written=template,
                asked=asked(template),
                pods=pods.get(each.key, ()),
                pod_objects=objects.get(each.key, {}),
                inputs=inputs.get(each.key, ()),
                outputs=outputs.get(each.key, ()),
                cached_from=source,
                source_pods=source_pods.get(source.key, ()) if source else (),
                depends_on=preceding.get(each.key, ()),
                metrics=metrics.get(each.key, ()),
            )
        )
    looks = _each(store.history, scope, tuple(_used(chain.from_iterable(steps.values()))) if wanted.looks else ())
    return {
        key: replace(
            one,
            steps=tuple(steps[key]),
            looks={artifact: looks[artifact] for artifact in _used(steps[key]) if artifact in looks},
        )
        for key, one in bare.items()
    }


def _used(steps: Iterable[Step]) -> dict[Key, None]:
    """The keys of what steps read, wrote and took over, each once."""
    return {use.artifact.key: None for step in steps for use in (*step.inputs, *step.outputs)}


def _version(found: object) -> PipelineVersion | None:
    return found if isinstance(found, PipelineVersion) else None


def _executions(store: LineageStore, scope: Scope, runs: Sequence[Key]) -> Iterator[Execution]:
    of_run = Condition(field="run", operator=Operator.IN, value=tuple(runs))
    listing, after = Listing(where=of_run, order=(Order(field="STARTED_AT"),)), None
    while True:
        page = store.executions(scope, listing, PageRequest(first=EXECUTIONS_AT_ONCE, after=after))
        yield from page.items
        if not page.has_next:
            return
        after = page.cursors[-1]


def _remembered(read: Callable[[Mapping[str, Any]], T]) -> Callable[[Mapping[str, Any]], T]:
    """Read each template once, however many steps ran it."""
    known: dict[int, T] = {}

    def reading(template: Mapping[str, Any]) -> T:
        if id(template) not in known:
            known[id(template)] = read(template)
        return known[id(template)]

    return reading


def _each(read: Callable[[Scope, Sequence[Key]], Mapping[Key, T]], scope: Scope, keys: Sequence[Key]) -> dict[Key, T]:
    """Read a part of many, some at a time."""
    found: dict[Key, T] = {}
    for some in in_parts(keys):
        found |= read(scope, some)
    return found


def in_parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Cut keys into as many as are read at once."""
    return (keys[start : start + KEYS_AT_ONCE] for start in range(0, len(keys), KEYS_AT_ONCE))
