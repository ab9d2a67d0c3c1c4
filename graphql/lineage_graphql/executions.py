# mypy: allow-subclassing-any
"""Executions: the type with its pods and images, its lists and filters."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import graphene

from lineage import model, workloads
from lineage.model import restarts_of
from lineage_graphql.artifacts import ArtifactUse
from lineage_graphql.audits import REUSE_OF_EXECUTION
from lineage_graphql.connections import Connection, connect, connect_owned, connection_type, list_field, order_type
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import DigestKind, Phase, order_fields
from lineage_graphql.filters import DateTimeWhere, IDWhere, ImageWhere, PhaseWhere, StringWhere
from lineage_graphql.fingerprints import fingerprint, fingerprint_missing
from lineage_graphql.metrics import METRIC_SERIES, metrics
from lineage_graphql.node import LineageNode, Node
from lineage_graphql.origins import Origin
from lineage_graphql.parameters import parameters
from lineage_graphql.scalars import JSON, DateTime, Digest
from lineage_graphql.workloads import Condition, ObservedMetric, Replicas, Turn


# ------------------------------------------------------------------------------------------ lists of an execution
def runs_of_execution(execution: model.Execution, info: Info, **asked: Any) -> Connection[model.Run]:
    return connect_owned(context_of(info), execution, model.Run, "startedBy", **asked)


# ------------------------------------------------------------------------------------------ types
class PodSeen(graphene.ObjectType):
    """A pod that worked for an execution, as it was last seen."""

    uid = graphene.String(required=True, description="The uid that the API server gave it.")
    name = graphene.String(required=True, description="The name of the pod.")
    node = graphene.String(description="The host that it ran on.")
    phase = Phase(required=True, description="The phase it was last seen in.")
    exit_code = graphene.Int(description="The exit code of its main container.")
    reason = graphene.String(description="Why it ended, in the words of Kubernetes, such as `OOMKilled`.")
    restarts = graphene.Int(required=True, description="How often its containers were started again.")
    created_at = DateTime(description="When it was created.")
    started_at = DateTime(description="When its main container started.")
    finished_at = DateTime(description="When its last container ended.")
    in_cluster = graphene.Boolean(required=True, description="False once it is gone from the cluster.")


class ContainerImage(graphene.ObjectType):
    """An image as it was asked for, and what ran."""

    container = graphene.String(required=True, description="The name of the container.")
    reference = graphene.String(required=True, description="The image as it was asked for.")
    digest = Digest(description="What ran; null where no runtime said so.")
    digest_kind = DigestKind(required=True, description="What the digest is the digest of.")


class Execution(graphene.ObjectType):
    """One attempt at one step of a run: in Argo a node that is no grouping."""

    class Meta:
        interfaces = (Node, LineageNode)
        possible_types = (model.Execution, model.ExecutionHead)

    id = graphene.ID(required=True, description="The global id.")
    run = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run that it is a part of.")
    node_id = graphene.String(description="The id that the engine gave the node; attempts can share one.")
    name = graphene.String(required=True, description="The full name of the node within its run.")
    display_name = graphene.String(required=True, description="The name of the step, as people see it.")
    template = graphene.String(description="The template that the step runs.")
    kind = graphene.String(
        required=True,
        description="POD, CONTAINER, HTTP, PLUGIN, SUSPEND, SKIPPED, or the kind of the resource that did the work.",
    )
    phase = Phase(required=True, description="The phase it was last seen in.")
    message = graphene.String(description="Why it is in that phase, in the words of the engine.")
    attempt = graphene.Int(required=True, description="Which attempt at the step this is, counted from 0.")
    started_at = DateTime(description="When it started; null while it waits.")
    finished_at = DateTime(description="When it ended; null while it runs.")
    duration_seconds = graphene.Float(description="From its start to its end; null while either is not known.")
    exit_code = graphene.Int(description="The exit code of its main container.")
    iteration = graphene.Int(
        description="Which item of the innermost loop around it this is, counted from 0; null outside of loops."
    )
    component = graphene.String(description="The component of Kubeflow Pipelines that it runs.")
    origins = graphene.List(
        graphene.NonNull(Origin),
        required=True,
        description="Which of its fields records of Kubeflow tell and no workflow or pod, and which records.",
    )
    system = graphene.Boolean(
        required=True, description="Plumbing of the engine (drivers, helpers), hidden by default in pictures."
    )
    superseded = graphene.Boolean(
        required=True,
        description="True where a later state of the run no longer names it: an attempt that a manual retry replaced.",
    )
    cached = graphene.Boolean(required=True, description="True where the outputs were taken from an earlier execution.")
    cached_from = graphene.Field(
        lambda: Execution, description="The execution that its outputs were taken from, where it is known."
    )
    reuse = REUSE_OF_EXECUTION
    pods = graphene.List(graphene.NonNull(PodSeen), required=True, description="The pods that worked for it.")
    resources = JSON(description="The resources that the engine counted, such as `{cpu: 12, memory: 40}`.")
    images = graphene.List(
        graphene.NonNull(ContainerImage),
        required=True,
        description="The images of its pods' containers, and those that a job asks for.",
    )
    input_parameters = parameters("The parameters that it was given.")
    output_parameters = parameters("The parameters that it gave on.")
    inputs = graphene.List(graphene.NonNull(ArtifactUse), required=True, description="The artifacts that it read.")
    outputs = graphene.List(
        graphene.NonNull(ArtifactUse), required=True, description="The artifacts that it wrote or took over."
    )
    metrics = metrics("The latest value of each metric.")
    metric_series = METRIC_SERIES
    depends_on = graphene.List(
        graphene.NonNull(lambda: Execution),
        required=True,
        description="The executions that had to end before this one started.",
    )
    started_runs = list_field(
        "lineage_graphql.runs.Run",
        runs_of_execution,
        "The runs that it started: a trial its job or its workflow, a step the job that it created.",
    )
    conditions = graphene.List(
        graphene.NonNull(Condition),
        required=True,
        description="The conditions of a trial or a job, as it was last seen; of a step none.",
    )
    replicas = graphene.List(
        graphene.NonNull(Replicas), required=True, description="The pods of a job by their role; of others none."
    )
    observed = graphene.List(
        graphene.NonNull(ObservedMetric),
        required=True,
        description="What became of the metrics of a trial, in Katib's words.",
    )
    stopped_early = graphene.Boolean(
        required=True, description="True of a trial that was ended since it would not get better."
    )
    restarts = graphene.Int(
        required=True, description="How often a job was seen to start again, or else the containers of its pods were."
    )
    turns = graphene.List(
        graphene.NonNull(Turn),
        required=True,
        description="What a trial or a job came to, in the order of time: conditions, and how many replicas it wanted.",
    )
    details = JSON(required=True, description="What only its kind has, as its object says; of a step nothing.")
    fingerprint = fingerprint(
        "Equal for executions of the same images, commands, environment, parameters and input content; null while any "
        "of them is unknown."
    )
    fingerprint_missing = fingerprint_missing()

    @staticmethod
    def resolve_conditions(execution: model.Execution, _: Info) -> Sequence[workloads.Condition]:
        return execution.workload.conditions

    @staticmethod
    def resolve_replicas(execution: model.Execution, _: Info) -> Sequence[workloads.Replicas]:
        return execution.workload.replicas

    @staticmethod
    def resolve_observed(execution: model.Execution, _: Info) -> Sequence[workloads.ObservedMetric]:
        return execution.workload.observed

    @staticmethod
    def resolve_stopped_early(execution: model.Execution, _: Info) -> bool:
        return execution.workload.stopped_early

    @staticmethod
    def resolve_restarts(execution: model.Execution, info: Info) -> int:
        loaders = context_of(info).loaders
        return restarts_of(loaders.turns(execution), loaders.pods(execution))

    @staticmethod
    def resolve_turns(execution: model.Execution, info: Info) -> Sequence[model.Turn]:
        return context_of(info).loaders.turns(execution)

    @staticmethod
    def resolve_details(execution: model.Execution, _: Info) -> Any:
        return execution.workload.details

    @staticmethod
    def resolve_run(execution: model.Execution, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(execution, attrgetter("run_key"))

    @staticmethod
    def resolve_cached_from(execution: model.Execution, info: Info) -> model.Execution | None:
        return context_of(info).loaders.cached_from(execution)

    @staticmethod
    def resolve_pods(execution: model.Execution, info: Info) -> tuple[model.PodSeen, ...]:
        return context_of(info).loaders.pods(execution)

    @staticmethod
    def resolve_images(execution: model.Execution, info: Info) -> list[model.ContainerImage]:
        """List each image once, however many pods ran it; and what was to run, of which no pod was seen."""
        ran = dict.fromkeys(image for pod in context_of(info).loaders.pods(execution) for image in pod.images)
        seen = {(image.container, image.reference) for image in ran}
        return [*ran, *(image for image in execution.images if (image.container, image.reference) not in seen)]

    @staticmethod
    def resolve_inputs(execution: model.Execution, info: Info) -> tuple[model.ArtifactUse, ...]:
        return context_of(info).loaders.inputs(execution)

    @staticmethod
    def resolve_outputs(execution: model.Execution, info: Info) -> tuple[model.ArtifactUse, ...]:
        return context_of(info).loaders.outputs(execution)

    @staticmethod
    def resolve_metrics(execution: model.Execution, info: Info) -> tuple[model.Metric, ...]:
        return context_of(info).loaders.metrics_of_execution(execution)

    @staticmethod
    def resolve_depends_on(execution: model.Execution, info: Info) -> tuple[model.Execution, ...]:
        return context_of(info).loaders.depends_on(execution)


ExecutionConnection = connection_type(Execution)


class ExecutionWhere(graphene.InputObjectType):
    """Which executions. Every given field must hold."""

    and_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: ExecutionWhere)), name="and", description="All of these hold."
    )
    or_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: ExecutionWhere)), name="or", description="One of these holds."
    )
    not_ = graphene.InputField(lambda: ExecutionWhere, name="not", description="This does not hold.")
    run = IDWhere(description="By the run that it is a part of.")
    display_name = StringWhere(description="By the name of the step.")
    template = StringWhere(description="By its template.")
    node_id = StringWhere(description="By the id of its node.")
    phase = PhaseWhere(description="By phase.")
    kind = StringWhere(description="By what did the work.")
    system = graphene.Boolean(description="By whether it is plumbing of the engine.")
    cached = graphene.Boolean(description="By whether its outputs were taken from an earlier execution.")
    superseded = graphene.Boolean(description="By whether a later attempt replaced it.")
    started_at = DateTimeWhere(description="By when it started.")
    image = ImageWhere(description="By an image that a container of it asked for or ran.")
    fingerprint = StringWhere(description="By its fingerprint.")


ExecutionOrderField = order_fields("Execution", "STARTED_AT", "FINISHED_AT", "DURATION", "NAME")
ExecutionOrder = order_type("Execution", ExecutionOrderField)


def list_executions(_: object, info: Info, **asked: Any) -> Connection[model.Execution]:
    context = context_of(info)
    return connect(context, context.store.executions, model.Execution, **asked)


EXECUTIONS = list_field(
    "lineage_graphql.executions.Execution",
    list_executions,
    "Executions of all runs, by start unless ordered otherwise.",
)
