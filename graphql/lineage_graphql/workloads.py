# mypy: allow-subclassing-any
"""What objects say of themselves that run something: trials, jobs, and Katib's experiments."""

import graphene

from lineage_graphql.parameters import Parameter
from lineage_graphql.scalars import JSON, DateTime


class Condition(graphene.ObjectType):
    """One condition of an object, as Kubernetes has them."""

    type = graphene.String(required=True, description="What it is about, such as `Succeeded`.")
    status = graphene.String(required=True, description="`True`, `False` or `Unknown`.")
    since = DateTime(description="When it came to be so; null where the object does not say.")
    reason = graphene.String(description="Why, in one word.")
    message = graphene.String(description="Why, in words.")


class Replicas(graphene.ObjectType):
    """Pods of one role in a job. What the object does not say is null."""

    role = graphene.String(required=True, description="Such as `Master` or `Worker`.")
    wanted = graphene.Int(description="How many were asked for.")
    active = graphene.Int(description="How many ran when it was last seen.")
    succeeded = graphene.Int(description="How many had ended well.")
    failed = graphene.Int(description="How many had failed.")
    restart_policy = graphene.String(description="When one is started again.")


class ObservedMetric(graphene.ObjectType):
    """What became of a metric over a trial, as Katib writes it: text, as it may be `unavailable`."""

    name = graphene.String(required=True, description="What it is called.")
    minimum = graphene.String(name="min", description="The least value.")
    maximum = graphene.String(name="max", description="The greatest value.")
    latest = graphene.String(description="The last value.")


class Turn(graphene.ObjectType):
    """A turn in the life of a trial or a job: it came to a condition, or was made to want other replicas."""

    at = DateTime(description="When; null where the object does not say.")
    condition = graphene.Field(Condition, description="The condition that it came to; null for other turns.")
    replicas = JSON(description="How many replicas of each role it wanted from then on; null for other turns.")
    generation = graphene.Int(description="In which generation of its spec; null for conditions.")


class SearchedParameter(graphene.ObjectType):
    """What a parameter may be: a range, or one of a list. Numbers are text, as Katib writes them."""

    name = graphene.String(required=True, description="What it is called.")
    type = graphene.String(description="Such as `double`, `int`, `categorical`, `discrete`.")
    minimum = graphene.String(name="min", description="The least that it may be.")
    maximum = graphene.String(name="max", description="The most that it may be.")
    step = graphene.String(description="By how much two values differ at least.")
    distribution = graphene.String(description="How values are drawn.")
    choices = graphene.List(
        graphene.NonNull(graphene.String), required=True, description="What it may be, where that is a list."
    )


class Tuning(graphene.ObjectType):
    """What a Katib experiment is after, and what it has found."""

    objective = graphene.String(description="The metric that is to become as good as it can.")
    direction = graphene.String(description="`minimize` or `maximize`.")
    goal = graphene.String(description="The value that is good enough, as text.")
    additional_metrics = graphene.List(
        graphene.NonNull(graphene.String), required=True, description="Metrics that are noted beside."
    )
    algorithm = graphene.String(description="What chooses values, such as `random`.")
    early_stopping = graphene.String(description="What ends trials that would not get better.")
    searched = graphene.List(
        graphene.NonNull(SearchedParameter), required=True, description="The parameters, and what they may be."
    )
    parallel_trials = graphene.Int(description="How many trials run at a time.")
    max_trials = graphene.Int(description="How many trials there are at most.")
    max_failed_trials = graphene.Int(description="How many of them may fail.")
    trials = JSON(required=True, description="How many trials there were, by how they went, as it was last seen.")
    best_trial_name = graphene.String(source="best_trial", description="The trial that it calls the best so far.")
    best_parameters = graphene.List(
        graphene.NonNull(Parameter), required=True, description="The values that this trial was given."
    )
    best_metrics = graphene.List(
        graphene.NonNull(ObservedMetric), required=True, description="What became of its metrics."
    )
