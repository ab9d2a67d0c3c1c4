"""What was seen of runs, and what was not, in words.

Nothing is silently absent: a step whose pod nobody saw is named, with the time in which nobody watched if it came and
went in one, and so is every other such time within the life of the run.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, exists, not_, or_, select

from lineage.coverage import Stretch, gaps, united
from lineage.facts import ExecutionState, RunSeen
from lineage.identity import Key, run_key
from lineage.model import Completeness, Phase
from lineage.ports import Scope
from lineage.store import tables
from lineage.store.bodies import Take, anything, counted
from lineage.store.codec import execution_of, moment, run_of
from lineage.store.coverage import stretches_of
from lineage.store.gone import PODS, is_in_roll
from lineage.store.parts import grouped, of_runs

_TELLING: Final = {"run": "Kubeflow's API", "kept run": "ML Metadata"}
"""Who told of a run, by what was told: the first that did is named."""

CLOCKS: Final = timedelta(seconds=2)  # by how much a watcher's clock may differ from that of the cluster, as everywhere
MOST_NAMES: Final = 10
MOST_GAPS: Final = 10


# ------------------------------------------------------------------------------------------ reading
def completeness(
    connection: Connection, scope: Scope, runs: Sequence[Key], take: Take = anything
) -> Mapping[Key, Completeness]:
    """What was seen of each run, and what was not."""
    run, execution, pod = tables.run, tables.execution, tables.pod
    has_pod = exists(select(1).where(pod.c.execution_id == execution.c.id))
    steps = (
        select(run.c.key.label("owner"), execution.c.body, has_pod.label("has_pod"))
        .join(execution, execution.c.run_id == run.c.id)
        .where(of_runs(scope, runs), not_(execution.c.is_group), not_(execution.c.is_provisional))
        .where(or_(is_in_roll(), execution.c.started_at.is_(None), execution.c.object_uid.is_not(None)))
        .order_by(execution.c.id)
    )
    of_run = grouped(
        (row._mapping for row in counted(connection.execute(steps), take)),
        lambda row: (execution_of(row["body"]), bool(row["has_pod"])),
        by=run_key,
    )
    by_whom = [
        exists(select(1).where(tables.told.c.uid == run.c.key, tables.told.c.what == what)).label(what)
        for what in _TELLING
    ]
    headers = select(run.c.key, run.c.body, run.c.phase, run.c.forgotten_at, *by_whom).where(of_runs(scope, runs))
    views: dict[Key, RunSeen | None] = {}
    ended: dict[Key, bool] = {}
    unseen: dict[Key, str] = {}
    forgotten: dict[Key, datetime | None] = {}
    for row in counted(connection.execute(headers), take):
        key = run_key(row.key)
        views[key] = None if row.body is None else run_of(row.body)
        ended[key] = Phase(row.phase or Phase.UNKNOWN).ended
        forgotten[key] = moment(row.forgotten_at)
        who = next((who for what, who in _TELLING.items() if row._mapping[what]), None)
        unseen[key] = "the workflow itself was not seen" if who is None else f"only {who} told of it"
    resources = {PODS, *(view.resource for view in views.values() if view)}
    watched = stretches_of(connection, {view.cluster for view in views.values() if view}, sorted(resources))
    return {
        key: _completeness(
            view,
            of_run.get(key, ()),
            watched,
            unseen=unseen[key],
            terminal=ended[key],
            forgotten_at=forgotten[key],
        )
        for key, view in views.items()
    }


# ------------------------------------------------------------------------------------------ pure
@dataclass(frozen=True, slots=True, kw_only=True)
class _Unwatched:
    """When nobody watched a kind of object where a run lived: before the beginning, and in the gaps after it."""

    beginning: datetime | None
    gaps: tuple[tuple[datetime, datetime], ...]


def _unwatched(watched: Mapping[tuple[str, str, str], Sequence[Stretch]], view: RunSeen, resource: str) -> _Unwatched:
    """Who watches all namespaces watches each of them too."""
    everywhere, here = ((view.cluster, resource, namespace) for namespace in ("*", view.namespace))
    stretches = united([*watched.get(everywhere, ()), *watched.get(here, ())])
    return _Unwatched(
        beginning=moment(stretches[0].since_at) if stretches else None,
        gaps=tuple((moment(before.until_at), moment(after.since_at)) for before, after in gaps(stretches)),
    )


def _completeness(
    view: RunSeen | None,
    steps: Sequence[tuple[ExecutionState, bool]],
    watched: Mapping[tuple[str, str, str], Sequence[Stretch]],
    *,
    unseen: str,
    terminal: bool,
    forgotten_at: datetime | None,
) -> Completeness:
    hidden = view.nodes_missing if view else unseen
    expecting = [(state, seen) for state, seen in steps if state.kind == "POD" and state.started_at is not None]
    expecting = [(state, seen) for state, seen in expecting if not state.memoized]
    expected = None if view is None else view.expects
    missing = [
        *([] if forgotten_at is None else [f"its details were forgotten on {_written(forgotten_at)}"]),
        *([hidden] if hidden else []),
        *([] if len(steps) >= (expected or 0) else [f"{len(steps)} of its {expected} parts were seen"]),
        *([] if terminal else ["the end of the run was not seen"]),
        *_unseen(view, [state for state, seen in expecting if not seen], watched),
    ]
    return Completeness(
        complete=not missing,
        terminal_seen=terminal,
        nodes_expected=None if hidden else max(len(steps), expected or 0),
        nodes_recorded=len(steps),
        pods_expected=None if hidden else len(expecting),
        pods_seen=sum(seen for _, seen in expecting),
        missing=tuple(missing),
    )


def _unseen(
    view: RunSeen | None,
    podless: Sequence[ExecutionState],
    watched: Mapping[tuple[str, str, str], Sequence[Stretch]],
) -> list[str]:
    """Say of whom no pod was seen, and why if that is known; and where others may have come and gone."""
    if view is None:
        return _no_pod_of(podless)
    pods, objects = (_unwatched(watched, view, resource) for resource in (PODS, view.resource))
    kind = view.resource.partition(".")[0]
    by_reason: dict[str, list[ExecutionState]] = defaultdict(list)
    for state in podless:
        by_reason[_why_unseen(state, pods)].append(state)
    named = [text for reason in sorted(by_reason) for text in _no_pod_of(by_reason[reason], reason)]
    within = [
        *(f"{_not_watched('pods', *gap)}: some may have come and gone" for gap in _within(view, pods)),
        *(f"{_not_watched(kind, *gap)}: attempts may have come and gone" for gap in _within(view, objects)),
    ]
    more = [f"and {len(within) - MOST_GAPS} more such times"] if len(within) > MOST_GAPS else []
    return [*named, *within[:MOST_GAPS], *more]


def _no_pod_of(states: Sequence[ExecutionState], reason: str = "") -> list[str]:
    names = sorted(state.display_name for state in states)
    more = " …" if len(names) > MOST_NAMES else ""
    because = f": {reason}" if reason else ""
    return [f"no pod was seen of {', '.join(names[:MOST_NAMES])}{more}{because}"] if names else []


def _why_unseen(state: ExecutionState, pods: _Unwatched) -> str:
    """Say why no pod of an attempt was seen: it began and ended while nobody watched. Empty where that is not so."""
    started_at = moment((state.started_at or 0) * 1_000_000)
    ended_at = max(state.finished_at or started_at, started_at)
    for start, end in pods.gaps:
        if start - CLOCKS <= started_at and ended_at <= end + CLOCKS:
            return _not_watched("pods", start, end)
    if pods.beginning is not None and ended_at <= pods.beginning + CLOCKS:
        return f"pods are watched since {_written(pods.beginning)}"
    return ""


def _within(view: RunSeen, unwatched: _Unwatched) -> list[tuple[datetime, datetime]]:
    """The gaps that fall into the life of a run."""
    born = view.created_at or view.started_at
    if born is None:
        return []
    ended = view.finished_at if view.phase.ended else None
    return [
        (start, end)
        for start, end in unwatched.gaps
        if end + CLOCKS >= born and (ended is None or start - CLOCKS <= ended)
    ]


def _not_watched(what: str, start: datetime, end: datetime) -> str:
    return f"{what} were not watched from {_written(start)} to {_written(end)}"


def _written(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
