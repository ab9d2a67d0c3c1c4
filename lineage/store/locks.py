"""What a transaction may touch, where others write at the same time.

Two transactions that touch the same thing take turns: each locks by name what it touches before it reads it,
and keeps it to its end. First subjects (runs, objects by uid, lists), then what is served, then locations, then
contents, each group at once and in one order, so that no two wait for each other. What the facts do not name (the run
of a workflow, say) shows when a row is read: then the transaction begins anew, with that name as well.

Every row belongs to what is locked:

- a run, its attempts, rolls, parameters, labels and pods to the run;
- a recurring run and its specs to its uid; which one made a run follows from both, so whoever decides that holds what
  names it as well: its uid or its name;
- an execution that is an object of its own, and its turns, to its uid, and to its run as well;
- which execution started a run, and the edges from it, to the run; it follows from both, so whoever decides that holds
  what names the one to the other as well: the uid of an owner, a run, or the name of what was created. The steps of a
  workflow change under the uids of all its incarnations;
- a workflow, a pod, a kept object and the provisional executions of an owner to their uid, a list to its scope, and
  so does when that was watched;
- what Kubeflow told to its uid, of a run and of its tasks to the run; which version a run has to both, the run and the
  upload;
- a deployment and its statements to its uid. Which places it serves is a matter of all places around them: whoever
  changes that does so alone, and whoever touches locations keeps others from it;
- artifacts, looks, uses and the edges of uses to their location. A batch that changes a run's graph locks every
  location whose answers may follow from it, so whoever holds a location may read the graphs of its readers. What a
  deployment serves from a place depends on what was written around it, so that who writes there holds that place too;
- the edges between artifacts of one content to that content. Whoever changes what an artifact holds, or when it was
  there, locks what it holds and held last of all.

What belongs to nobody (pipelines, experiments) is only ever added. Who adds what another adds at the same time
begins anew, and finds it there. Bookkeeping comes last, in one order, to hold what all share for
a moment only.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from sqlalchemy import Connection

from lineage.facts import (
    DeploymentSeen,
    ExecutionSeen,
    ExperimentTold,
    Fact,
    ObjectKept,
    PipelineTold,
    PipelineVersionTold,
    PodSeen,
    RecurringRef,
    RecurringRunSeen,
    RecurringRunTold,
    ResourceListed,
    ResourceWatched,
    RunSeen,
    RunTold,
    Starter,
    TasksTold,
)
from lineage.identity import Location, encode_key
from lineage.store.dialect import Dialect

SUBJECTS: Final = 1
SERVING: Final = 2
LOCATIONS: Final = 3
CONTENTS: Final = 4

Name: TypeAlias = tuple[int, str]
"""A group and a text."""


class LocksMissing(Exception):
    """A transaction came to something that it has not locked."""

    def __init__(self, names: frozenset[Name]) -> None:
        super().__init__(names)
        self.names = names


class Locks:
    """The locks of one transaction. Where it writes alone it has all, and nothing is asked of it."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._held: set[Name] = set()
        self.has_all = dialect.writes_alone

    def take(self, group: int, names: Iterable[Name]) -> None:
        """Lock those of some names that are of one group."""
        if not self.has_all:
            wanted = {name for name in names if name[0] == group}
            if wanted:
                self._dialect.lock(self._connection, group, {text for _, text in wanted})
            self._held |= wanted

    def share(self, *names: Name) -> None:
        """Keep others from locking these, who may share them as well."""
        if not self.has_all:
            for group, text in names:
                self._dialect.share(self._connection, group, text)

    def require(self, *names: Name) -> None:
        """Check that what is about to be read is locked.

        Raises:
            LocksMissing: it is not: begin anew, and lock it.
        """
        if not self.has_all and not self._held.issuperset(names):
            raise LocksMissing(frozenset(names))


def run(key: str) -> Name:
    """Name a run."""
    return SUBJECTS, f"run {key}"


def uid(text: str) -> Name:
    """Name an object of a cluster."""
    return SUBJECTS, f"uid {text}"


def listing(cluster: str, resource: str, namespace: str) -> Name:
    """Name the lists of one scope."""
    return SUBJECTS, f"list {cluster} {resource} {namespace}"


def maker(cluster: str, namespace: str, ref: RecurringRef) -> str:
    """Write down which recurring run is meant, as runs keep it: by its uid, else by where it is and its name."""
    return ref.uid if ref.uid is not None else encode_key((ref.scheduler.value, cluster, namespace, ref.name))


def starter(named: Starter) -> Name:
    """Name what a run says that started it."""
    return run(named.name) if named.owner is None and named.run is not None else uid(named.name)


def location(place: Location) -> Name:
    """Name a location."""
    return LOCATIONS, f"{place.store} {place.uri}"


def content(digest: str) -> Name:
    """Name a content."""
    return CONTENTS, digest


WHAT_IS_SERVED: Final[Name] = (SERVING, "served")


def subjects_of(facts: Sequence[Fact]) -> set[Name]:
    """The subjects that facts name."""
    names: set[Name] = set()
    for fact in facts:
        match fact:
            case RunSeen():
                names |= {run(fact.run), uid(fact.incarnation)}
                names |= {uid(state.creates.key) for state in fact.executions or () if state.creates is not None}
                if fact.started_by is not None:
                    names.add(starter(fact.started_by))
                if fact.recurring is not None:
                    names.add(uid(maker(fact.cluster, fact.namespace, fact.recurring)))
            case RecurringRunSeen():
                by_name = RecurringRef(scheduler=fact.scheduler, uid=None, name=fact.name)
                names |= {uid(fact.uid), uid(maker(fact.cluster, fact.namespace, by_name))}
            case ExecutionSeen():
                names |= {uid(fact.uid), run(fact.run)}
                if fact.state.creates is not None:
                    names.add(uid(fact.state.creates.key))
            case PodSeen():
                names |= {uid(fact.uid), uid(fact.owner_uid), run(fact.run_label or fact.owner_uid)}
            case RunTold():
                names |= {run(fact.run), *(uid(of) for of in (fact.version, fact.recurring_run) if of)}
            case TasksTold():
                names.add(run(fact.run))
            case (
                DeploymentSeen()
                | ObjectKept()
                | ExperimentTold()
                | PipelineTold()
                | PipelineVersionTold()
                | RecurringRunTold()
            ):
                names.add(uid(fact.uid))
            case ResourceListed() | ResourceWatched():
                names.add(listing(fact.cluster, fact.resource, fact.namespace))
            case _:
                pass  # locations come later, bookkeeping needs none
    return names
