"""Fourth step of a batch: what outputs, objects that are executions, and artifacts that say something, come to."""

from collections.abc import Iterable
from typing import Final

from lineage.evidence import MetricValue, Said
from lineage.metrics import read_parameters
from lineage.model import ArtifactRole
from lineage.store import tables
from lineage.store.batch import Batch
from lineage.store.codec import task_of
from lineage.store.dialect import Row
from lineage.verification import said_of

STATUS: Final = "status"
"""The source of what an object that is an execution says of itself."""


def measure(batch: Batch, telling: Iterable[int]) -> None:
    """Bring metrics in line with outputs, and with what artifacts say: those that are `telling` may say of
    others than before, or other things."""
    batch.metrics.load("execution_id", [i for i, row in batch.changed.items() if row["measured"]])
    for execution_id, row in batch.changed.items():
        _measure_outputs(batch, execution_id, row)
    for row in batch.artifacts.find("id", telling):
        _measure_artifact(batch, row)


def _measure_outputs(batch: Batch, execution_id: int, row: Row) -> None:
    state = None if execution_id in batch.removed or row["is_group"] else batch.state(row)
    found: dict[str, Row] = {}
    if state is not None and state.output_parameters:
        names = batch.metric_parameters + state.metrics
        for value in read_parameters(state.output_parameters, template=state.template, names=names).values:
            found[value.name] = _metric(row, tables.OUTPUT_PARAMETERS, value, f"outputs.parameters.{value.name}")
    if state is not None and row["told"] is not None:
        for one in task_of(row["told"]).metrics:
            source = f"outputs.artifacts.{one.output}.{one.value.name}"
            found[one.value.name] = _metric(row, tables.OUTPUT_PARAMETERS, one.value, source)
    for value in () if state is None else state.values:
        found[value.name] = _metric(row, tables.OUTPUT_PARAMETERS, value, STATUS)
    if not found and not row["measured"]:
        return
    held = batch.metrics.of("execution_id", execution_id) if row["measured"] else []
    _show(batch, [one for one in held if one["origin"] == tables.OUTPUT_PARAMETERS], found.values())
    if state is not None:
        row["measured"] = bool(found) or None
        batch.executions.touch(row)


def _measure_artifact(batch: Batch, row: Row) -> None:
    """Of a series the last value; who took an artifact over has its values as well."""
    where = row["location_id"]
    said = said_of(batch.sightings(where), row["shown"]) or Said()
    last: dict[str, MetricValue] = {}
    for value in said.values:
        if value.name not in last or value.step > last[value.name].step:
            last[value.name] = value
    takers = [edge["target"] for edge in batch.edges.of("source", row["id"]) if edge["role"] == ArtifactRole.REUSED]
    owners = batch.executions.find("id", filter(None, [row["execution_id"], *takers])) if last else []
    uri = batch.locations.at(where)["uri"]
    found = [_metric(owner, row["id"], value, uri) for owner in owners for value in last.values()]
    _show(batch, batch.metrics.of("origin", row["id"]), found)


def _show(batch: Batch, held: Iterable[Row], found: Iterable[Row]) -> None:
    known = {(one["execution_id"], one["name"]): one for one in held}
    for metric in found:
        if known.pop((metric["execution_id"], metric["name"]), None) != metric:
            batch.metrics.put(metric)
    for metric in known.values():
        batch.metrics.remove(metric)


def _metric(execution: Row, origin: int, value: MetricValue, source: str) -> Row:
    return {
        "execution_id": execution["id"],
        "origin": origin,
        "name": value.name,
        "run_id": execution["run_id"],
        "value": value.value,
        "special": value.special,
        "step": value.step,
        "is_percentage": value.is_percentage,
        "source": source,
    }
