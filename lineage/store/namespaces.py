"""The namespaces of a cluster in which there is anything."""

from typing import Any

from sqlalchemy import Select, Table, func, select, union

from lineage.store import tables


def namespaces_of(cluster: str) -> Select[tuple[Any]]:
    """Each namespace once: runs by steps from one to the next of their index, however many lie between."""
    run = tables.run
    first = select(func.min(run.c.namespace).label("name")).where(run.c.cluster == cluster)
    names = first.cte("names", recursive=True)
    following = (
        select(func.min(run.c.namespace))
        .where(run.c.cluster == cluster, run.c.namespace > names.c.name)
        .scalar_subquery()
        .correlate(names)
    )
    of_runs = names.union_all(select(following).where(names.c.name.is_not(None)))
    every = union(select(of_runs.c.name), *(_few(table, cluster) for table in _WITH_NAMESPACES), _told(cluster))
    known = every.subquery("every")
    return select(known.c.name).where(known.c.name.is_not(None))


_WITH_NAMESPACES = (tables.pipeline, tables.experiment, tables.recurring_run, tables.deployment)


def _few(table: Table, cluster: str) -> Select[tuple[Any]]:
    return select(table.c.namespace).where(table.c.cluster == cluster)


def _told(cluster: str) -> Select[tuple[Any]]:
    """Runs that were told of are runs, too; of the rest there are few."""
    told = tables.told
    return select(told.c.namespace).where(told.c.cluster == cluster, told.c.what.not_in(("run", "kept run")))
