"""Finding things by a piece of their names, uids, uris and digests: one list over all types.

Expressions only. Letters of ASCII compare without regard to case, as databases agree on no others.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, case, exists, func, literal, or_, select, union_all

from lineage.errors import InvalidRequest
from lineage.identity import Key, decode_key, run_key
from lineage.model import Node
from lineage.ports import Listing, Page, PageRequest, Scope
from lineage.store import paging, queries, reads, tables
from lineage.store.conditions import Expression
from lineage.store.queries import Query
from lineage.store.values import Columns

LONGEST_TEXT: Final = 500  # characters; a uri may be long, a question is not

_EXACT, _PREFIX, _WITHIN, _ASIDE = range(4)
_KINDS: Final = ("Pipeline", "Experiment", "Run", "Execution", "Artifact")
"""In which order equally good matches come: what there are few of first."""


def search(connection: Connection, scope: Scope, text: str, request: PageRequest) -> Page[Node]:
    """Find what bears a text: named exactly so first, then by how its name starts, then by what its name
    holds, then by its other identifiers.

    Raises:
        InvalidRequest: the text is empty or longer than any name, or a cursor of another list.
    """
    wanted = text.strip()
    if not wanted or len(wanted) > LONGEST_TEXT:
        raise InvalidRequest(f"text has {len(wanted)} characters; give 1 to {LONGEST_TEXT}")
    found = paging.page(connection, _matches(scope, wanted), Listing(), request, _key)
    nodes = reads.get(connection, scope, found.items)
    kept = [(nodes[key], cursor) for key, cursor in zip(found.items, found.cursors, strict=True) if key in nodes]
    return Page(
        items=tuple(node for node, _ in kept),
        cursors=tuple(cursor for _, cursor in kept),
        has_next=found.has_next,
        has_previous=found.has_previous,
    )


def _key(row: Columns) -> Key:
    return run_key(row["key"]) if _KINDS[row["place"]] == "Run" else decode_key(row["key"])


def _matches(scope: Scope, text: str) -> Query:
    of_kind = {
        "Pipeline": _pipelines,
        "Experiment": _experiments,
        "Run": _runs,
        "Execution": _executions,
        "Artifact": _artifacts,
    }
    found = union_all(*(of_kind[kind](scope, text, place) for place, kind in enumerate(_KINDS))).subquery("found")
    return Query(
        select=select(found.c.place, found.c.key),
        key=found.c.key,
        fields={},
        orders={"MATCH": found.c.match, "KIND": found.c.place},
        default_order=(("MATCH", False), ("KIND", False)),
        always=frozenset({"MATCH", "KIND"}),
    )


# ------------------------------------------------------------------------------------------ what bears names
def _pipelines(scope: Scope, text: str, place: int) -> Select[Any]:
    pipeline, version = tables.pipeline, tables.pipeline_version.alias("searched")
    digests = select(1).where(version.c.pipeline_id == pipeline.c.id, _holds(version.c.digest, text))
    return _bearing(queries.pipelines(scope), place, text, [pipeline.c.name], exists(digests))


def _experiments(scope: Scope, text: str, place: int) -> Select[Any]:
    return _bearing(queries.experiments(scope), place, text, [tables.experiment.c.name])


def _runs(scope: Scope, text: str, place: int) -> Select[Any]:
    run, workflow = tables.run, tables.workflow.alias("searched")
    uids = select(1).where(workflow.c.run_id == run.c.id, _holds(workflow.c.uid, text))
    aside = or_(_holds(run.c.uid, text), exists(uids))
    return _bearing(queries.runs(scope), place, text, [run.c.name, run.c.display_name], aside)


def _executions(scope: Scope, text: str, place: int) -> Select[Any]:
    execution, pod, image = tables.execution, tables.pod, tables.pod_image
    of_pods = (
        select(1)
        .select_from(pod)
        .outerjoin(image, image.c.pod_id == pod.c.id)
        .where(pod.c.execution_id == execution.c.id, or_(_holds(pod.c.uid, text), _holds(image.c.digest, text)))
    )
    aside = or_(_holds(execution.c.node_id, text), exists(of_pods))
    return _bearing(queries.executions(scope), place, text, [execution.c.display_name], aside)


def _artifacts(scope: Scope, text: str, place: int) -> Select[Any]:
    location = tables.location  # of a value kept in the workflow, what stands for its uri is its digest
    return _bearing(queries.artifacts(scope), place, text, [tables.artifact.c.name], _holds(location.c.uri, text))


# ------------------------------------------------------------------------------------------ matching
def _bearing(
    query: Query, place: int, text: str, names: Sequence[Expression], aside: Expression | None = None
) -> Select[Any]:
    """Confine a list to what bears a text, by name or `aside`."""
    lowered, wanted = [func.lower(name) for name in names], func.lower(text)
    match = case(
        (or_(*(name == wanted for name in lowered)), _EXACT),
        (or_(*(func.substr(name, 1, len(text)) == wanted for name in lowered)), _PREFIX),
        (or_(*(_holds(name, text) for name in names)), _WITHIN),
        else_=_ASIDE,
    )
    bears = or_(*(_holds(name, text) for name in names), *([] if aside is None else [aside]))
    columns = (literal(place).label("place"), query.key.label("key"), match.label("match"))
    return query.select.where(bears).with_only_columns(*columns)


def _holds(column: Expression, text: str) -> Expression:
    return func.replace(func.lower(column), func.lower(text), "") != func.lower(column)
