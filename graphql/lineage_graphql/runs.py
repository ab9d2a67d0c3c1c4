# mypy: allow-subclassing-any
"""Runs: the type, its lists and filters, and how to find one by uid."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import graphene

from lineage import model, workloads
from lineage.errors import NotFound
from lineage.pages import PageLink as PageOfOthers
from lineage_graphql.audits import AUDIT_OF_RUN, TIER_OF_RUN
from lineage_graphql.connections import Connection, connect, connect_owned, connection_type, list_field, order_type
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import Phase, order_fields
from lineage_graphql.filters import (
    DateTimeWhere,
    FloatWhere,
    IDWhere,
    ImageWhere,
    LabelWhere,
    MetricWhere,
    ParameterWhere,
    PhaseWhere,
    StringWhere,
)
from lineage_graphql.fingerprints import fingerprint, fingerprint_missing
from lineage_graphql.heads import executions_as
from lineage_graphql.metrics import metrics
from lineage_graphql.node import LineageNode, Node
from lineage_graphql.origins import Origin
from lineage_graphql.parameters import parameters
from lineage_graphql.scalars import JSON, DateTime
from lineage_graphql.steps import STEPS_OF_RUN
from lineage_graphql.workloads import Tuning


# ------------------------------------------------------------------------------------------ lists within a run
def executions_of_run(run: model.Run, info: Info, **asked: Any) -> Connection[model.Execution | model.ExecutionHead]:
    return connect_owned(context_of(info), run, executions_as(info), "run", **asked)


def artifacts_of_run(run: model.Run, info: Info, **asked: Any) -> Connection[model.Artifact]:
    return connect_owned(context_of(info), run, model.Artifact, "run", **asked)


# ------------------------------------------------------------------------------------------ types
class WorkflowIncarnation(graphene.ObjectType):
    """One Workflow object of a run. A run of Kubeflow can have several, one after another."""

    uid = graphene.String(description="The uid that the API server gave it; null for a file that has none.")
    name = graphene.String(required=True, description="The name of the object.")
    created_at = DateTime(description="When the object was created.")
    phase = Phase(required=True, description="The phase it was last seen in.")
    in_cluster = graphene.Boolean(required=True, description="False once the object is gone from the cluster.")


class Completeness(graphene.ObjectType):
    """What was seen of a run. `complete` only where the end was seen, every node recorded, and every pod seen."""

    complete = graphene.Boolean(required=True, description="True where nothing is missing.")
    terminal_seen = graphene.Boolean(required=True, description="True where its end was seen.")
    nodes_expected = graphene.Int(description="How many nodes it had; null where nobody can know.")
    nodes_recorded = graphene.Int(required=True, description="How many of them are recorded.")
    pods_expected = graphene.Int(description="How many pods it had; null where nobody can know.")
    pods_seen = graphene.Int(required=True, description="How many of them were seen.")
    missing = graphene.List(
        graphene.NonNull(graphene.String), required=True, description="What was not seen, in words."
    )


class PageLink(graphene.ObjectType):
    """Where another web page shows a run."""

    name = graphene.String(required=True, description="What the page is of, such as `Kubeflow Pipelines`.")
    url = graphene.String(required=True, description="The address of the page.")


class Run(graphene.ObjectType):
    """One execution of a whole pipeline: a Workflow, or the several that a run of Kubeflow had in its life."""

    class Meta:
        interfaces = (Node, LineageNode)
        possible_types = (model.Run,)

    id = graphene.ID(required=True, description="The global id.")
    uid = graphene.String(
        description="The run id of Kubeflow Pipelines, else the uid of the workflow; null for a file that has none."
    )
    workflows = graphene.List(
        graphene.NonNull(WorkflowIncarnation), required=True, description="Its Workflow objects, oldest first."
    )
    name = graphene.String(required=True, description="The name of its newest workflow.")
    display_name = graphene.String(required=True, description="The name that people gave it, else its name.")
    namespace = graphene.String(required=True, description="The namespace it runs in.")
    cluster = graphene.String(required=True, description="The cluster it runs in, as the watcher names it.")
    phase = Phase(required=True, description="The phase it was last seen in.")
    message = graphene.String(description="Why it is in that phase, in the words of the engine.")
    created_at = DateTime(description="When it was made.")
    started_at = DateTime(description="When the engine began with it.")
    finished_at = DateTime(description="When it ended; null while it runs.")
    duration_seconds = graphene.Float(description="From its start to its end; null while either is not known.")
    experiment = graphene.Field(
        "lineage_graphql.experiments.Experiment", description="The group of runs that it belongs to."
    )
    recurring_run = graphene.Field(
        "lineage_graphql.recurring_runs.RecurringRun",
        description="The recurring run that made it; null where none did, or nobody saw it.",
    )
    scheduled_at = DateTime(
        description="For when a recurring run made it; null for one that somebody made by hand. Kubeflow, since 2.5, "
        "says in its place when it was made."
    )
    pipeline_version = graphene.Field(
        "lineage_graphql.pipelines.PipelineVersion", description="The exact text of the pipeline that it ran."
    )
    parameters = parameters("The arguments that it was given.")
    labels = JSON(required=True, description="The labels of its newest workflow.")
    annotations = JSON(required=True, description="The annotations of its newest workflow.")
    executions = list_field("lineage_graphql.executions.Execution", executions_of_run, "The attempts at its steps.")
    artifacts = list_field(
        "lineage_graphql.artifacts.Artifact", artifacts_of_run, "What its executions read, wrote or took over."
    )
    graph = STEPS_OF_RUN
    metrics = metrics("The latest value of each metric of the run and its executions.")
    resubmitted_from = graphene.Field(lambda: Run, description="The run that this one was resubmitted from.")
    in_cluster = graphene.Boolean(
        required=True,
        description="False once every workflow of it is gone from the cluster; what was recorded stays.",
    )
    forgotten_at = DateTime(
        description="When the details of what it was until then were forgotten, as rules of retention ask: messages, "
        "labels, the arguments and results of its steps, and raw objects are not known any more. Null where all that "
        "was seen is kept."
    )
    origins = graphene.List(
        graphene.NonNull(Origin),
        required=True,
        description="Where what both a workflow and Kubeflow could say comes from; of what nobody said, nothing.",
    )
    kind = graphene.String(
        required=True,
        description="The kind of object that it is: `Workflow`; `KatibExperiment`, whose executions are its trials; or "
        "that of a job, such as `PyTorchJob` or `TrainJob`, whose one execution is the job.",
    )
    started_by = graphene.Field(
        "lineage_graphql.executions.Execution",
        description="The execution that started it: the trial whose job or workflow it is, or the step that created "
        "it; null where none is known.",
    )
    tuning = graphene.Field(Tuning, description="What a Katib experiment is after, and has found; null for others.")
    best_trial = graphene.Field(
        "lineage_graphql.executions.Execution",
        description="The trial that a Katib experiment calls the best so far; null where there is none, or nobody saw "
        "it.",
    )
    details = JSON(required=True, description="What only its kind has, as its object says; of a workflow nothing.")
    tier = TIER_OF_RUN
    audit = AUDIT_OF_RUN
    completeness = graphene.Field(Completeness, required=True, description="What was seen of it.")
    fingerprint = fingerprint(
        "Equal for runs of the same spec, images, parameters and input content; null while any of them is unknown."
    )
    fingerprint_missing = fingerprint_missing()
    raw = JSON(description="The newest recorded object, secrets redacted.")
    pages = graphene.List(
        graphene.NonNull(PageLink),
        required=True,
        description="Where Kubeflow Pipelines and Argo Workflows show it, as far as the settings say where these are.",
    )

    @staticmethod
    def resolve_pages(run: model.Run, info: Info) -> Sequence[PageOfOthers]:
        context = context_of(info)
        return context.outside.pages.of(run, context.loaders.view(run), context.loaders.workflows(run))

    @staticmethod
    def resolve_message(run: model.Run, info: Info) -> str | None:
        return context_of(info).loaders.view(run).message

    @staticmethod
    def resolve_parameters(run: model.Run, info: Info) -> tuple[model.Parameter, ...]:
        return context_of(info).loaders.view(run).parameters

    @staticmethod
    def resolve_labels(run: model.Run, info: Info) -> Mapping[str, str]:
        return context_of(info).loaders.view(run).labels

    @staticmethod
    def resolve_annotations(run: model.Run, info: Info) -> Mapping[str, str]:
        return context_of(info).loaders.view(run).annotations

    @staticmethod
    def resolve_origins(run: model.Run, info: Info) -> tuple[model.Origin, ...]:
        return context_of(info).loaders.view(run).origins

    @staticmethod
    def resolve_tuning(run: model.Run, info: Info) -> workloads.Tuning | None:
        return context_of(info).loaders.view(run).tuning

    @staticmethod
    def resolve_details(run: model.Run, info: Info) -> Mapping[str, Any]:
        return context_of(info).loaders.view(run).details

    @staticmethod
    def resolve_workflows(run: model.Run, info: Info) -> tuple[model.WorkflowIncarnation, ...]:
        return context_of(info).loaders.workflows(run)

    @staticmethod
    def resolve_experiment(run: model.Run, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(run, attrgetter("experiment_key"))

    @staticmethod
    def resolve_recurring_run(run: model.Run, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(run, attrgetter("recurring_run_key"))

    @staticmethod
    def resolve_pipeline_version(run: model.Run, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(run, attrgetter("pipeline_version_key"))

    @staticmethod
    def resolve_resubmitted_from(run: model.Run, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(run, attrgetter("resubmitted_from_key"))

    @staticmethod
    def resolve_started_by(run: model.Run, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(run, attrgetter("started_by_key"))

    @staticmethod
    def resolve_best_trial(run: model.Run, info: Info) -> model.Execution | None:
        return context_of(info).loaders.best_trial(run)

    @staticmethod
    def resolve_completeness(run: model.Run, info: Info) -> model.Completeness | None:
        return context_of(info).loaders.completeness(run)

    @staticmethod
    def resolve_metrics(run: model.Run, info: Info) -> tuple[model.Metric, ...]:
        return context_of(info).loaders.metrics_of_run(run)

    @staticmethod
    def resolve_raw(run: model.Run, info: Info) -> Any:
        return context_of(info).loaders.raw(run)


RunConnection = connection_type(Run)


# ------------------------------------------------------------------------------------------ inputs
class RunWhere(graphene.InputObjectType):
    """Which runs. Every given field must hold."""

    and_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: RunWhere)), name="and", description="All of these hold."
    )
    or_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: RunWhere)), name="or", description="One of these holds."
    )
    not_ = graphene.InputField(lambda: RunWhere, name="not", description="This does not hold.")
    id = IDWhere(description="By global id.")
    uid = StringWhere(description="By the run id or uid.")
    name = StringWhere(description="By the name of the workflow.")
    display_name = StringWhere(description="By the name that people gave it.")
    namespace = StringWhere(description="By namespace.")
    cluster = StringWhere(description="By cluster.")
    phase = PhaseWhere(description="By phase.")
    created_at = DateTimeWhere(description="By when it was made.")
    started_at = DateTimeWhere(description="By when it started.")
    finished_at = DateTimeWhere(description="By when it ended.")
    duration_seconds = FloatWhere(description="By how long it took.")
    scheduled_at = DateTimeWhere(description="By when a recurring run made it for.")
    in_cluster = graphene.Boolean(description="By whether it is still in the cluster.")
    pipeline = IDWhere(description="By its pipeline.")
    pipeline_name = StringWhere(description="By the name of its pipeline.")
    pipeline_version = IDWhere(description="By the exact text of its pipeline.")
    experiment = IDWhere(description="By its experiment.")
    experiment_name = StringWhere(description="By the name of its experiment.")
    recurring_run = IDWhere(description="By the recurring run that made it.")
    kind = StringWhere(description="By the kind of object that it is.")
    started_by = IDWhere(description="By the execution that started it; `isNull: true` finds what nothing else did.")
    label = LabelWhere(description="By a label.")
    parameter = ParameterWhere(description="By an argument.")
    metric = MetricWhere(description="By the latest value of a metric.")
    uses_artifact = graphene.ID(description="An execution of it read this artifact.")
    image = ImageWhere(description="By an image that a container of it asked for or ran.")
    fingerprint = StringWhere(description="By its fingerprint.")


RunOrderField = order_fields("Run", "CREATED_AT", "STARTED_AT", "FINISHED_AT", "DURATION", "NAME", "METRIC")
RunOrder = order_type(
    "Run",
    RunOrderField,
    metric=graphene.String(
        description="With field METRIC: the metric to order by; runs without it come last.",
    ),
)


# ------------------------------------------------------------------------------------------ the query root
def find_run(_: object, info: Info, uid: str) -> model.Run:
    context = context_of(info)
    found = context.store.run_by_uid(context.scope, uid)
    if found is None:
        raise NotFound(f"no run with the uid {uid!r:.80} is recorded")
    return found


def list_runs(_: object, info: Info, **asked: Any) -> Connection[model.Run]:
    context = context_of(info)
    return connect(context, context.store.runs, model.Run, **asked)


RUN = graphene.Field(
    Run,
    uid=graphene.String(required=True, description="The run id or uid."),
    resolver=find_run,
    description="By the run id of Kubeflow Pipelines or the uid of one of its workflows; the newest, where a "
    "resubmission bears the same run id.",
)
RUNS = list_field("lineage_graphql.runs.Run", list_runs, "Runs, the newest first unless ordered otherwise.")
