"""The lists that can be read: for each what it selects, what can be asked of it, and how it is ordered.

Names of fields are those of the API. Everything here is an expression; `lineage.store.paging` runs it.
To write one takes longer than to run it, so those of the last scopes are kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    LargeBinary,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql import ColumnExpressionArgument

from lineage.alerts import AlertKept
from lineage.identity import RAW_STORE
from lineage.model import (
    Artifact,
    ArtifactRole,
    ArtifactState,
    Deployment,
    Execution,
    ExecutionHead,
    Experiment,
    Pipeline,
    PipelineVersion,
    RecurringRun,
    Rejected,
    Run,
)
from lineage.ports import Condition, Operator, Scope
from lineage.store import tables
from lineage.store.codec import microseconds, number_of
from lineage.store.conditions import Ask, Expression, any_of, compare, flag, identified, plain, run_named
from lineage.store.gone import (
    deployment_is_gone,
    execution_phase,
    is_superseded,
    recurring_run_is_gone,
    run_is_gone,
    run_phase,
)
from lineage.store.measures import compared, latest_value
from lineage.workloads import WORKFLOW

KEPT: Final = 64  # of what is put together for a scope, or for a question: of each kind


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """One list. `key` breaks ties and makes cursors: it is the same in every store of the same knowledge. `always`
    are the orders whose value no row lacks, `named_orders` those that ask for a name."""

    select: Select[Any]
    key: Expression
    fields: Mapping[str, Ask]
    orders: Mapping[str, Expression] = field(default_factory=dict)
    named_orders: Mapping[str, Callable[[str], Expression]] = field(default_factory=dict)
    default_order: tuple[tuple[str, bool], ...] = ()
    always: frozenset[str] = frozenset()

    @cached_property
    def has_bodies(self) -> bool:
        """Whether its rows may be long. Then it is found out first which of them are wanted: where no index has the
        order, SQLite sorts whole rows, and holds the bodies of all that it passes over."""
        return any(isinstance(column.type, LargeBinary) for column in self.select.selected_columns)


# ------------------------------------------------------------------------------------------ scopes
def in_scope(scope: Scope) -> ColumnElement[bool]:
    """The runs that a caller may see."""
    return run_in_scope(tables.run, scope)


def run_in_scope(run: FromClause, scope: Scope) -> ColumnElement[bool]:
    """The same, for the table of runs under another name."""
    if scope.namespaces is None:
        return true()
    place = tuple_(run.c.cluster, run.c.namespace)
    in_namespaces = place.in_(sorted(scope.namespaces)) if scope.namespaces else false()
    return or_(run.c.cluster.in_(sorted(scope.clusters)), in_namespaces) if scope.clusters else in_namespaces


def is_seen(node_id: Expression, scope: Scope) -> ColumnElement[bool]:
    """The executions, artifacts and deployments that a caller may see. Groupings are for nobody."""
    execution, artifact = tables.execution.alias("seen_execution"), tables.artifact.alias("seen_artifact")
    run, maker = tables.run.alias("seen_run"), tables.run.alias("seen_maker")
    mine = select(1).select_from(execution).where(execution.c.id == node_id)
    if scope.namespaces is None:
        return not_(exists(mine.where(execution.c.is_group)))
    ran = mine.join(run, run.c.id == execution.c.run_id).where(not_(execution.c.is_group), run_in_scope(run, scope))
    made = select(1).select_from(artifact).outerjoin(maker, maker.c.id == artifact.c.run_id)
    made = made.where(artifact.c.id == node_id, _artifact_in_scope(artifact, maker, scope))
    serving = tables.deployment.alias("seen_deployment")
    serves = select(1).select_from(serving).where(serving.c.id == node_id, run_in_scope(serving, scope))
    return or_(exists(ran), exists(made), exists(serves))


# ------------------------------------------------------------------------------------------ runs
def _duration() -> Expression:
    return (tables.run.c.finished_at - tables.run.c.started_at) / 1_000_000.0


def _parameter(condition: Condition) -> ColumnElement[bool]:
    """By number where both sides are numbers, else by text."""
    table = tables.run_parameter
    mine = select(1).where(table.c.run_id == tables.run.c.id, table.c.name == condition.name)
    by_text = compare(table.c.value, condition.operator, condition.value)
    if condition.operator in (Operator.CONTAINS, Operator.STARTS_WITH, Operator.IS_NULL):
        return exists(mine.where(by_text))
    if condition.operator is Operator.IN:
        numbers = [n for one in condition.value if (n := number_of(one)) is not None]
        return exists(mine.where(or_(by_text, table.c.number.in_(numbers) if numbers else false())))
    number = number_of(condition.value)
    if number is None:
        return exists(mine.where(by_text))
    by_number = compare(table.c.number, condition.operator, number)
    return exists(mine.where(or_(by_number, and_(table.c.number.is_(None), by_text))))


def _label(condition: Condition) -> ColumnElement[bool]:
    table = tables.run_label
    mine = select(1).where(table.c.run_id == tables.run.c.id, table.c.name == condition.name)
    if condition.operator is Operator.IS_NULL:
        return not_(exists(mine)) if condition.value else exists(mine)
    return exists(mine.where(compare(table.c.value, condition.operator, condition.value)))


def _uses_artifact(scope: Scope) -> Ask:
    edge, node, use = tables.edge, tables.node, tables.execution
    base = (
        select(1)
        .select_from(edge)
        .join(node, node.c.id == edge.c.source)
        .join(use, use.c.id == edge.c.target)
        .where(use.c.run_id == tables.run.c.id, edge.c.role == ArtifactRole.USED.value)
    )
    return any_of(of_seen_artifacts(base, edge.c.source, scope), identified(node.c.key))


def of_seen_artifacts(base: Select[Any], artifact_id: Expression, scope: Scope) -> Select[Any]:
    """Ask only of artifacts that the caller may see: of others, not even that someone used them."""
    if scope.namespaces is None:
        return base
    asked, maker = tables.artifact.alias("asked"), tables.run.alias("maker")
    joined = base.join(asked, asked.c.id == artifact_id).outerjoin(maker, maker.c.id == asked.c.run_id)
    return joined.where(_artifact_in_scope(asked, maker, scope))


def _images_of(owner: ColumnElement[bool], column: Expression) -> Ask:
    """One image must match; of the digest that the condition names, where it names one."""
    pod, image = tables.pod, tables.pod_image
    base = select(1).select_from(image).join(pod, pod.c.id == image.c.pod_id).where(owner)

    def ask(condition: Condition) -> ColumnElement[bool]:
        named = base if condition.name is None else base.where(image.c.digest == condition.name)
        return any_of(named, plain(column))(condition)

    return ask


def _fingerprint(owner: Expression, *, is_run: bool) -> Ask:
    """By what was computed; while nothing was, none is known."""
    table = tables.fingerprint
    of = table.c.run_id if is_run else table.c.execution_id
    mine = select(of).where(table.c.execution_id == 0 if is_run else table.c.execution_id != 0)

    def ask(condition: Condition) -> ColumnElement[bool]:
        if condition.operator is Operator.IS_NULL:
            known = owner.in_(mine.where(table.c.digest.is_not(None)))
            return not_(known) if condition.value else known
        return owner.in_(mine.where(compare(table.c.digest, condition.operator, condition.value)))

    return ask


def _resubmitted_run() -> Expression:
    """The newest run of the name that was resubmitted, of those that were there by then."""
    earlier = tables.run.alias("resubmitted")
    made = tables.run.c.created_at
    return (
        select(earlier.c.key)
        .where(
            earlier.c.cluster == tables.run.c.cluster,
            earlier.c.namespace == tables.run.c.namespace,
            earlier.c.name == tables.run.c.resubmitted_from,
            earlier.c.id != tables.run.c.id,
            or_(made.is_(None), earlier.c.created_at.is_(None), earlier.c.created_at <= made),
        )
        .order_by(earlier.c.created_at.desc(), earlier.c.key)
        .limit(1)
        .correlate(tables.run)
        .scalar_subquery()
    )


@lru_cache(KEPT)
def runs(scope: Scope) -> Query:
    run, version, experiment = tables.run, tables.pipeline_version, tables.experiment
    named, recurring = tables.pipeline, tables.recurring_run
    starter = tables.node.alias("starter")
    chosen = (
        select(
            run.c.key,
            run.c.uid,
            run.c.name,
            run.c.display_name,
            run.c.cluster,
            run.c.namespace,
            run.c.created_at,
            run.c.started_at,
            run.c.finished_at,
            run.c.scheduled_at,
            run.c.kind,
            run.c.forgotten_at,
            starter.c.key.label("starter_key"),
            run_phase().label("shown_phase"),
            run_is_gone().label("gone"),
            version.c.key.label("version_key"),
            experiment.c.key.label("experiment_key"),
            recurring.c.key.label("recurring_key"),
            _resubmitted_run().label("resubmitted_run"),
        )
        .select_from(run)
        .outerjoin(version, version.c.id == run.c.pipeline_version_id)
        .outerjoin(named, named.c.id == version.c.pipeline_id)
        .outerjoin(experiment, experiment.c.id == run.c.experiment_id)
        .outerjoin(recurring, and_(recurring.c.id == run.c.recurring_run_id, run_in_scope(recurring, scope)))
        .outerjoin(starter, starter.c.id == run.c.starter_id)
        .where(in_scope(scope))
    )
    pods = tables.pod.c.run_id == run.c.id
    return Query(
        select=chosen,
        key=run.c.key,
        fields={
            "id": run_named(run.c.key),
            "uid": plain(run.c.uid),
            "name": plain(run.c.name),
            "displayName": plain(run.c.display_name),
            "namespace": plain(run.c.namespace),
            "cluster": plain(run.c.cluster),
            "phase": plain(run_phase(), str),
            "createdAt": plain(run.c.created_at, microseconds),
            "startedAt": plain(run.c.started_at, microseconds),
            "finishedAt": plain(run.c.finished_at, microseconds),
            "durationSeconds": plain(_duration()),
            "scheduledAt": plain(run.c.scheduled_at, microseconds),
            "inCluster": flag(not_(run_is_gone())),
            "pipeline": identified(named.c.key),
            "pipelineName": plain(named.c.name),
            "pipelineVersion": identified(version.c.key),
            "experiment": identified(experiment.c.key),
            "experimentName": plain(experiment.c.name),
            "recurringRun": identified(recurring.c.key),
            "kind": plain(func.coalesce(run.c.kind, WORKFLOW)),
            "startedBy": identified(starter.c.key),
            "label": _label,
            "parameter": _parameter,
            "metric": compared,
            "usesArtifact": _uses_artifact(scope),
            "fingerprint": _fingerprint(run.c.id, is_run=True),
            "image": _images_of(pods, tables.pod_image.c.reference),
            "imageDigest": _images_of(pods, tables.pod_image.c.digest),
        },
        orders={
            "CREATED_AT": run.c.created_at,
            "STARTED_AT": run.c.started_at,
            "FINISHED_AT": run.c.finished_at,
            "DURATION": run.c.finished_at - run.c.started_at,
            "NAME": run.c.name,
        },
        named_orders={"METRIC": latest_value},
        default_order=(("CREATED_AT", True),),
    )


# ------------------------------------------------------------------------------------------ executions
def execution_details(scope: Scope) -> Select[Any]:
    """Executions by id, but for their keys: after the id, what `lineage.store.values.execution_of` takes."""
    execution, run = tables.execution, tables.run
    return (
        select(
            execution.c.id,
            run.c.key.label("run_key"),
            execution.c.started_at,
            execution.c.cached,
            execution.c.body,
            execution.c.told,
            execution_phase().label("shown_phase"),
            is_superseded().label("superseded"),
        )
        .select_from(execution)
        .join(run, run.c.id == execution.c.run_id)
        .where(not_(execution.c.is_group), in_scope(scope))
    )


@lru_cache(KEPT)
def executions(scope: Scope) -> Query:
    execution, run, node = tables.execution, tables.run, tables.node
    chosen = execution_details(scope).add_columns(node.c.key).join(node, node.c.id == execution.c.id)
    edge, read = tables.edge, tables.node.alias("read")
    consumed = select(1).select_from(edge).join(read, read.c.id == edge.c.source).where(edge.c.target == execution.c.id)
    consumed = of_seen_artifacts(consumed, edge.c.source, scope)
    pods = tables.pod.c.execution_id == execution.c.id
    seconds = tables.execution.c.finished_at - execution.c.started_at
    return Query(
        select=chosen,
        key=node.c.key,
        fields={
            "id": identified(node.c.key),
            "run": run_named(run.c.key),
            "displayName": plain(execution.c.display_name),
            "template": plain(execution.c.template),
            "nodeId": plain(execution.c.node_id),
            "phase": plain(execution_phase(), str),
            "kind": plain(execution.c.kind),
            "cached": flag(execution.c.cached),
            "system": flag(execution.c.is_system.is_not(None)),
            "superseded": flag(is_superseded()),
            "startedAt": plain(execution.c.started_at * 1_000_000, microseconds),
            "image": _images_of(pods, tables.pod_image.c.reference),
            "imageDigest": _images_of(pods, tables.pod_image.c.digest),
            "fingerprint": _fingerprint(execution.c.id, is_run=False),
            "consumes": any_of(consumed, identified(read.c.key)),
        },
        orders={
            "STARTED_AT": execution.c.started_at,
            "FINISHED_AT": execution.c.finished_at,
            "DURATION": seconds,
            "NAME": execution.c.display_name,
        },
        default_order=(("STARTED_AT", False),),
        always=frozenset({"NAME"}),
    )


@lru_cache(KEPT)
def execution_heads(scope: Scope) -> Query:
    """The same list, of which no bodies are read."""
    execution, whole = tables.execution, executions(scope)
    shown = ("key", "started_at", "cached", "shown_phase", "superseded")
    known = (whole.select.selected_columns[name] for name in shown)
    more = (execution.c.display_name, execution.c.template, execution.c.kind, execution.c.is_system)
    return replace(whole, select=whole.select.with_only_columns(*known, *more))


# ------------------------------------------------------------------------------------------ artifacts
def _located(scope: Scope) -> Select[Any]:
    """Artifacts, and where they lie; no columns yet."""
    artifact, location, run = tables.artifact, tables.location, tables.run
    return (
        select()
        .select_from(artifact)
        .join(location, location.c.id == artifact.c.location_id)
        .outerjoin(run, run.c.id == artifact.c.run_id)
        .where(_artifact_in_scope(artifact, run, scope))
    )


def artifact_details(scope: Scope) -> Select[Any]:
    """Artifacts by id, but for their keys and those of their producers: after the ids of both, what
    `lineage.store.values.artifact_of` takes."""
    artifact, location = tables.artifact, tables.location
    return _located(scope).add_columns(
        artifact.c.id,
        artifact.c.execution_id,
        artifact.c.name,
        location.c.store,
        location.c.uri,
        artifact.c.digest,
        artifact.c.span_to,
        artifact.c.content_digest,
        artifact.c.size_bytes,
        artifact.c.verified,
        artifact_type(),
    )


@lru_cache(KEPT)
def artifacts(scope: Scope) -> Query:
    artifact, location, node = tables.artifact, tables.location, tables.node
    producer = tables.node.alias("producer")
    chosen = (
        _located(scope)
        .add_columns(
            artifact,
            node.c.key,
            location.c.store,
            location.c.uri,
            producer.c.key.label("producer_key"),
            artifact_type().label("shown_type"),
        )
        .join(node, node.c.id == artifact.c.id)
        .outerjoin(producer, producer.c.id == artifact.c.execution_id)
    )
    raw = location.c.store == RAW_STORE
    return Query(
        select=chosen,
        key=node.c.key,
        fields={
            "id": identified(node.c.key),
            "run": lambda condition: _in_run(condition, scope),
            "name": plain(artifact.c.name),
            "uri": lambda condition: _unless(raw, location.c.uri, condition),
            "digest": _digest,
            "contentDigest": plain(artifact.c.content_digest),
            "type": plain(artifact_type()),
            "state": plain(func.coalesce(artifact.c.verified, ArtifactState.UNVERIFIED.value), str),
            "createdAt": plain(tables.WRITTEN_AT * 1_000_000, microseconds),
            "external": flag(artifact.c.execution_id.is_(None)),
        },
        orders={"CREATED_AT": tables.WRITTEN_AT, "NAME": artifact.c.name, "SIZE": artifact.c.size_bytes},
        default_order=(("CREATED_AT", False),),
        always=frozenset({"NAME"}),
    )


def artifact_type() -> Expression:
    """What its writer says that an artifact is; of one that nobody wrote, the first by name of what its readers were
    told."""
    artifact, edge, use = tables.artifact, tables.edge.alias("read_by"), tables.use.alias("told")
    mine = and_(use.c.execution_id == edge.c.target, use.c.role == edge.c.role, use.c.name == edge.c.name)
    told = select(func.min(use.c.type)).select_from(edge).join(use, mine).where(edge.c.source == artifact.c.id)
    return case((artifact.c.execution_id.is_(None), told.correlate(artifact).scalar_subquery()), else_=artifact.c.type)


def _digest(condition: Condition) -> ColumnElement[bool]:
    """Of the bytes that lie in a store, or of a value that is kept in the workflow itself, whose place it is."""
    artifact, location = tables.artifact, tables.location
    raw = location.c.store == RAW_STORE
    if condition.operator is Operator.IS_NULL:
        unknown = and_(not_(raw), artifact.c.digest.is_(None))
        return unknown if condition.value else not_(unknown)
    return or_(
        and_(raw, compare(location.c.uri, condition.operator, condition.value)),
        and_(artifact.c.digest.is_not(None), compare(artifact.c.digest, condition.operator, condition.value)),
    )


def _unless(hidden: ColumnElement[bool], column: Expression, condition: Condition) -> ColumnElement[bool]:
    if condition.operator is Operator.IS_NULL:
        return hidden if condition.value else not_(hidden)
    return and_(not_(hidden), compare(column, condition.operator, condition.value))


def _in_run(condition: Condition, scope: Scope) -> ColumnElement[bool]:
    """What a run wrote, read or took over."""
    artifact, edge, execution, run = tables.artifact, tables.edge, tables.execution, tables.run.alias("touching")
    touched = (
        select(1)
        .select_from(execution)
        .join(run, run.c.id == execution.c.run_id)
        .where(run_named(run.c.key)(condition), run_in_scope(run, scope))
    )
    read = touched.join(edge, edge.c.target == execution.c.id).where(edge.c.source == artifact.c.id)
    written = touched.join(edge, edge.c.source == execution.c.id).where(edge.c.target == artifact.c.id)
    return or_(exists(read), exists(written))


def _artifact_in_scope(artifact: FromClause, maker: FromClause, scope: Scope) -> ColumnElement[bool]:
    """An artifact is seen where its producer is; one from outside where one of its readers is, or what serves it.
    `maker` is the run of the producer, where there is one."""
    if scope.namespaces is None:
        return true()
    edge, execution = tables.edge.alias("reading"), tables.execution.alias("reads_it")
    run = tables.run.alias("reader")
    reader = (
        select(1)
        .select_from(edge)
        .join(execution, execution.c.id == edge.c.target)
        .join(run, run.c.id == execution.c.run_id)
        .where(edge.c.source == artifact.c.id, run_in_scope(run, scope))
    )
    serving = tables.deployment.alias("serves_it")
    server = (
        select(1)
        .select_from(edge)
        .join(serving, serving.c.id == edge.c.target)
        .where(edge.c.source == artifact.c.id, run_in_scope(serving, scope))
    )
    return or_(
        and_(artifact.c.execution_id.is_not(None), run_in_scope(maker, scope)),
        and_(artifact.c.execution_id.is_(None), or_(exists(reader), exists(server))),
    )


# ------------------------------------------------------------------------------------------ groups of runs
def _first_run(link: ColumnExpressionArgument[bool], scope: Scope) -> Expression:
    run = tables.run
    return select(func.min(run.c.created_at)).where(link, in_scope(scope)).scalar_subquery()


def _is_told(link: ColumnElement[bool], scope: Scope) -> ColumnElement[bool]:
    """Kubeflow told of it, in a namespace that the caller may see."""
    return exists(select(1).where(link, run_in_scope(tables.told, scope)))


@lru_cache(KEPT)
def pipelines(scope: Scope) -> Query:
    pipeline, version, run, told = tables.pipeline, tables.pipeline_version, tables.run, tables.told
    ran = (
        select(1)
        .select_from(version)
        .join(run, run.c.pipeline_version_id == version.c.id)
        .where(version.c.pipeline_id == pipeline.c.id, in_scope(scope))
    )
    first = (
        select(func.min(run.c.created_at))
        .select_from(run)
        .join(version, run.c.pipeline_version_id == version.c.id)
        .where(version.c.pipeline_id == pipeline.c.id, in_scope(scope))
        .correlate(pipeline)
        .scalar_subquery()
    )
    return Query(
        select=select(pipeline).where(or_(exists(ran), _is_told(told.c.pipeline_id == pipeline.c.id, scope))),
        key=pipeline.c.key,
        fields={
            "id": identified(pipeline.c.key),
            "name": plain(pipeline.c.name),
            "namespace": plain(pipeline.c.namespace),
            "cluster": plain(pipeline.c.cluster),
        },
        orders={"NAME": pipeline.c.name, "CREATED_AT": first},
        default_order=(("NAME", False),),
        always=frozenset({"NAME"}),
    )


def is_version_seen(scope: Scope) -> ColumnElement[bool]:
    """The pipeline versions that the caller may see: that run, or were uploaded, where it may look."""
    version, run = tables.pipeline_version, tables.run
    ran = exists(select(1).where(run.c.pipeline_version_id == version.c.id, in_scope(scope)))
    told = tables.told
    return or_(ran, _is_told(and_(told.c.version_id == version.c.id, told.c.what == "pipeline version"), scope))


def _first_upload(column: str) -> Expression:
    """What Kubeflow told of the first upload of a version."""
    told, version = tables.told, tables.pipeline_version
    return (
        select(told.c[column])
        .where(told.c.version_id == version.c.id, told.c.what == "pipeline version")
        .order_by(told.c.created_at.is_(None), told.c.created_at, told.c.uid)
        .limit(1)
        .correlate(version)
        .scalar_subquery()
    )


@lru_cache(KEPT)
def pipeline_versions(scope: Scope) -> Query:
    version, pipeline = tables.pipeline_version, tables.pipeline
    first_run = _first_run(tables.run.c.pipeline_version_id == version.c.id, scope)
    created = func.coalesce(_first_upload("created_at"), first_run)
    chosen = (
        select(
            version.c.key,
            version.c.digest,
            created.label("created_at"),
            _first_upload("name").label("upload_name"),
            pipeline.c.key.label("pipeline_key"),
            pipeline.c.name,
            pipeline.c.cluster,
            pipeline.c.namespace,
        )
        .select_from(version)
        .join(pipeline, pipeline.c.id == version.c.pipeline_id)
        .where(is_version_seen(scope))
    )
    return Query(
        select=chosen,
        key=version.c.key,
        fields={"id": identified(version.c.key), "pipeline": identified(pipeline.c.key)},
        orders={"CREATED_AT": created},
        default_order=(("CREATED_AT", False),),
    )


@lru_cache(KEPT)
def experiments(scope: Scope) -> Query:
    """Those of runs that the caller may see, or of recurring runs, or that Kubeflow told of."""
    experiment, run, recurring, told = tables.experiment, tables.run, tables.recurring_run, tables.told
    of_it = and_(told.c.uid == experiment.c.uid, told.c.what == "experiment")
    made = select(told.c.created_at).where(of_it).correlate(experiment).scalar_subquery()
    created = func.coalesce(made, _first_run(run.c.experiment_id == experiment.c.id, scope))
    ran = select(1).where(run.c.experiment_id == experiment.c.id, in_scope(scope))
    to_run = select(1).where(recurring.c.experiment_id == experiment.c.id, run_in_scope(recurring, scope))
    known = or_(exists(ran), exists(to_run), _is_told(of_it, scope))
    return Query(
        select=select(experiment, created.label("created_at")).where(known),
        key=experiment.c.key,
        fields={
            "id": identified(experiment.c.key),
            "name": plain(experiment.c.name),
            "namespace": plain(experiment.c.namespace),
            "cluster": plain(experiment.c.cluster),
        },
        orders={"NAME": experiment.c.name, "CREATED_AT": created},
        default_order=(("NAME", False),),
        always=frozenset({"NAME"}),
    )


@lru_cache(KEPT)
def recurring_runs(scope: Scope) -> Query:
    recurring, experiment, told = tables.recurring_run, tables.experiment, tables.told
    chosen = (
        select(
            recurring.c.key,
            recurring.c.body,
            told.c.name.label("told_name"),
            recurring_run_is_gone().label("gone"),
            experiment.c.key.label("experiment_key"),
        )
        .select_from(recurring)
        .outerjoin(experiment, experiment.c.id == recurring.c.experiment_id)
        .outerjoin(told, and_(told.c.uid == recurring.c.uid, told.c.what == "recurring run"))
        .where(run_in_scope(recurring, scope))
    )
    return Query(
        select=chosen,
        key=recurring.c.key,
        fields={
            "id": identified(recurring.c.key),
            "uid": plain(recurring.c.uid),
            "name": plain(recurring.c.name),
            "namespace": plain(recurring.c.namespace),
            "cluster": plain(recurring.c.cluster),
            "enabled": flag(recurring.c.enabled),
        },
        orders={"NAME": recurring.c.name, "CREATED_AT": recurring.c.created_at},
        default_order=(("NAME", False),),
        always=frozenset({"NAME"}),
    )


@lru_cache(KEPT)
def deployments(scope: Scope) -> Query:
    deployment, node, parent = tables.deployment, tables.node, tables.deployment.alias("parent")
    key_of_parent = tables.node.alias("key_of_parent")
    loads = (
        select(key_of_parent.c.key)
        .join(parent, parent.c.id == key_of_parent.c.id)
        .where(
            parent.c.kind == "InferenceService",
            parent.c.cluster == deployment.c.cluster,
            parent.c.namespace == deployment.c.namespace,
            parent.c.name == deployment.c.parent,
        )
        .order_by(parent.c.created_at.desc(), parent.c.uid)
        .limit(1)
        .correlate(deployment)
        .scalar_subquery()
    )
    gone = deployment_is_gone()
    chosen = (
        select(deployment.c.id, node.c.key, deployment.c.body, gone.label("gone"), loads.label("parent_key"))
        .select_from(deployment)
        .join(node, node.c.id == deployment.c.id)
        .where(run_in_scope(deployment, scope))
    )
    edge, read = tables.edge, tables.node.alias("served_node")
    serves = select(1).select_from(edge).join(read, read.c.id == edge.c.source).where(edge.c.target == deployment.c.id)
    return Query(
        select=chosen,
        key=node.c.key,
        fields={
            "id": identified(node.c.key),
            "uid": plain(deployment.c.uid),
            "kind": plain(deployment.c.kind),
            "name": plain(deployment.c.name),
            "namespace": plain(deployment.c.namespace),
            "cluster": plain(deployment.c.cluster),
            "ready": flag(func.coalesce(and_(deployment.c.ready, not_(gone)), false())),
            "inCluster": flag(not_(gone)),
            "model": any_of(of_seen_artifacts(serves, edge.c.source, scope), identified(read.c.key)),
        },
        orders={"NAME": deployment.c.name, "CREATED_AT": deployment.c.created_at},
        default_order=(("NAME", False),),
        always=frozenset({"NAME"}),
    )


@lru_cache(KEPT)
def rejected(scope: Scope) -> Query:
    """What was set aside belongs to no namespace: only who may see all of its cluster sees it."""
    table = tables.rejected
    seen = true() if scope.namespaces is None else table.c.cluster.in_(sorted(scope.clusters))
    return Query(
        select=select(table).where(seen),
        key=table.c.key,
        fields={
            "id": identified(table.c.key),
            "digest": plain(table.c.digest),
            "source": plain(table.c.source),
            "reason": plain(table.c.reason),
        },
        orders={"AT": table.c.at},
        default_order=(("AT", True),),
        always=frozenset({"AT"}),
    )


def alerts(scope: Scope) -> Query:
    """What rules found in the namespaces that a caller may see."""
    table = tables.alert
    return Query(
        select=select(table).where(run_in_scope(table, scope)),
        key=table.c.key,
        fields={},
        orders={"FOUND_AT": table.c.found_at},
        default_order=(("FOUND_AT", True),),
        always=frozenset({"FOUND_AT"}),
    )


QUERIES: Mapping[type, Callable[[Scope], Query]] = {
    Run: runs,
    Execution: executions,
    ExecutionHead: execution_heads,
    Artifact: artifacts,
    Pipeline: pipelines,
    PipelineVersion: pipeline_versions,
    Experiment: experiments,
    RecurringRun: recurring_runs,
    Deployment: deployments,
    Rejected: rejected,
    AlertKept: alerts,
}
