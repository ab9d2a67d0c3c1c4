"""Metrics of runs as expressions: what lists are filtered and ordered by. They stand in queries of `run`."""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import FromClause, and_, case, false, func, not_, or_, select

from lineage.model import Phase
from lineage.ports import Condition
from lineage.store import tables
from lineage.store.conditions import Expression, compare
from lineage.store.gone import is_superseded


def latest_value(name: str) -> Expression:
    """The value that counts of a metric of a run; null where it has none, or what is no number."""
    metric, execution, node = tables.metric, tables.execution, tables.node
    own = tables.run.alias("measured_run")  # SQLite orders within a subquery by nothing of the query around it
    recorded = (
        select(metric.c.value)
        .join(execution, execution.c.id == metric.c.execution_id)
        .join(node, node.c.id == metric.c.execution_id)
        .join(own, own.c.id == metric.c.run_id)
        .where(metric.c.run_id == tables.run.c.id, metric.c.name == name, not_(is_superseded()))
        .order_by(
            is_best(own).desc(),
            ended().desc(),
            node.c.key.desc(),
            metric.c.step.desc(),
            metric.c.origin == tables.OUTPUT_PARAMETERS,
            metric.c.source,
            metric.c.value.is_(None),
            metric.c.value.desc(),
        )
        .limit(1)
        .correlate(tables.run)
        .scalar_subquery()
    )
    built_in = MEASURES.get(name)
    return recorded if built_in is None else func.coalesce(recorded, built_in())


def compared(condition: Condition) -> Expression:
    """A condition on the metric that it names."""
    return compare(latest_value(condition.name or ""), condition.operator, condition.value)


def counting_last(run: FromClause) -> tuple[Expression, ...]:
    """The order of the values of one metric of one run in which the one that counts comes last, as `latest_value` finds
    it first. The query joins the run, its executions and their nodes."""
    metric = tables.metric
    return (
        is_best(run),
        ended(),
        tables.node.c.key,
        metric.c.step,
        metric.c.origin != tables.OUTPUT_PARAMETERS,
        metric.c.source.desc(),
        metric.c.value.is_not(None),
        metric.c.value,
        metric.c.special,
        metric.c.is_percentage,
    )


def is_best(run: FromClause) -> Expression:
    """Whether the run of an execution calls it the best. The query joins both."""
    return func.coalesce(tables.execution.c.display_name == run.c.best, false())


def ended() -> Expression:
    """When an execution ended, else began, in seconds: by that, the latest of a run is found."""
    execution = tables.execution
    return func.coalesce(execution.c.finished_at, execution.c.started_at, 0)


def _duration() -> Expression:
    return (tables.run.c.finished_at - tables.run.c.started_at) / 1_000_000.0


def _queue() -> Expression:
    return (tables.run.c.started_at - tables.run.c.created_at) / 1_000_000.0


def _retries() -> Expression:
    """Attempts that were not the first, or were replaced by another one: each made one more necessary."""
    execution = tables.execution
    again = and_(execution.c.started_at.is_not(None), or_(execution.c.attempt > 0, is_superseded()))
    return _over_attempts(func.count() * 1.0, again)


def _over_attempts(what: Expression, which: Expression) -> Expression:
    execution = tables.execution
    mine = select(what).where(execution.c.run_id == tables.run.c.id, not_(execution.c.is_group), which)
    return mine.correlate(tables.run).scalar_subquery()


def _total(column: Expression) -> Expression:
    return _over_attempts(func.sum(column), column.is_not(None))


def _lateness() -> Expression:
    """What was made before it was due was made for it all the same."""
    run = tables.run
    late = (run.c.created_at - run.c.scheduled_at) / 1_000_000.0
    return case((late < 0, 0.0), else_=late)


def _succeeded() -> Expression:
    """The mean of it over runs is their rate of success."""
    phase = tables.run.c.phase
    return case((phase == Phase.SUCCEEDED.value, 1.0), (phase.in_(FAILURES), 0.0))


def _output_bytes() -> Expression:
    """What is known of the sizes of what the run wrote."""
    artifact = tables.artifact
    mine = select(func.sum(artifact.c.size_bytes) * 1.0).where(artifact.c.run_id == tables.run.c.id)
    return mine.correlate(tables.run).scalar_subquery()


FAILURES: Final = (Phase.FAILED.value, Phase.ERROR.value)
MEASURES: Final[Mapping[str, Callable[[], Expression]]] = {
    "cpu_seconds": lambda: _total(tables.execution.c.cpu_seconds),
    "duration_seconds": _duration,
    "lateness_seconds": _lateness,
    "memory_seconds": lambda: _total(tables.execution.c.memory_seconds),
    "output_bytes": _output_bytes,
    "queue_seconds": _queue,
    "retries": _retries,
    "succeeded": _succeeded,
}
"""What every run has without anybody recording it. The engine counts what all attempts used, also of those replaced."""

MEASURES_OF_ATTEMPTS: Final[Mapping[str, Callable[[], Expression]]] = {
    "cpu_seconds": lambda: tables.execution.c.cpu_seconds,
    "duration_seconds": lambda: tables.execution.c.finished_at - tables.execution.c.started_at,
    "memory_seconds": lambda: tables.execution.c.memory_seconds,
    "retries": lambda: tables.execution.c.attempt,
}
"""The same of an attempt at a step, as far as columns tell it: how long it waited follows from its pods."""
