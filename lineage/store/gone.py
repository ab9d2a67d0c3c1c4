"""What is gone and what is superseded: decided on reading, so that no two recorders can miss each other.

Expressions over the tables; nothing is stored.
"""

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, false, func, not_, or_, select

from lineage.model import Phase, Scheduler
from lineage.store import tables
from lineage.workloads import WORKFLOWS

_ENDED = tuple(phase.value for phase in Phase if phase.ended)


def is_gone(subject: FromClause, resource: str | ColumnElement[str]) -> ColumnElement[bool]:
    """The row of what a cluster holds (a workflow, a recurring run, …): the API server said so, or the newest list that
    covers it lacks it and it was not seen since. A file has no resourceVersion to compare, so no list says anything
    about it."""
    listing, listed, deleted = tables.listing, tables.listed, tables.deleted
    uid = subject.c.uid
    # Said out loud: of itself a query correlates with the one right around it only, and this stands two deep.
    named = select(1).where(listed.c.listing_id == listing.c.id, listed.c.uid == uid).correlate(listing, subject)
    missing = and_(
        listing.c.cluster == subject.c.seen_cluster,
        listing.c.resource == resource,
        or_(listing.c.namespace == "*", listing.c.namespace == subject.c.seen_namespace),
        listing.c.version >= subject.c.seen_version,
        not_(exists(named)),
    )
    return or_(exists(select(1).where(deleted.c.uid == uid)), exists(select(1).where(missing)))


PODS = "pods"
TOLD_RUNS = "runs.kfp"
KEPT_TASKS = "tasks.mlmd"
SCHEDULED_WORKFLOWS = "scheduledworkflows.kubeflow.org"
CRON_WORKFLOWS = "cronworkflows.argoproj.io"
DEPLOYMENTS = {
    "InferenceService": "inferenceservices.serving.kserve.io",
    "LLMInferenceService": "llminferenceservices.serving.kserve.io",
    "TrainedModel": "trainedmodels.serving.kserve.io",
}
"""The resources of deployments, by their kinds."""


def workflow_is_gone(workflow: FromClause) -> ColumnElement[bool]:
    """The row of a workflow, or of what else is a run."""
    return is_gone(workflow, func.coalesce(workflow.c.resource, WORKFLOWS))


def run_is_gone() -> ColumnElement[bool]:
    """A run is gone with its newest incarnation. Asked as the value of that one row: of whether there is such a row,
    PostgreSQL reads all of them for a page of fifty. One that has ended and of which no workflow was seen is gone."""
    newest, run = tables.workflow.alias("newest_incarnation"), tables.run
    gone = select(workflow_is_gone(newest)).where(newest.c.uid == run.c.incarnation)
    return func.coalesce(gone.scalar_subquery(), and_(run.c.incarnation.is_(None), run.c.phase.in_(_ENDED)), false())


def recurring_run_is_gone() -> ColumnElement[bool]:
    """A recurring run that is no more in the cluster."""
    recurring = tables.recurring_run
    of_kubeflow = recurring.c.scheduler == Scheduler.KUBEFLOW.value
    return is_gone(recurring, case((of_kubeflow, SCHEDULED_WORKFLOWS), else_=CRON_WORKFLOWS))


def deployment_is_gone() -> ColumnElement[bool]:
    """A deployment that is no more in the cluster."""
    return is_gone(tables.deployment, case(DEPLOYMENTS, value=tables.deployment.c.kind))


def run_phase() -> ColumnElement[str]:
    """The phase of a run as far as anyone can know it."""
    run = tables.run
    return case((run.c.phase.in_(_ENDED), run.c.phase), (run_is_gone(), Phase.UNKNOWN.value), else_=run.c.phase)


def is_in_roll(run: FromClause = tables.run) -> ColumnElement[bool]:
    """An attempt that the roll which counts names. The query joins `run`."""
    execution = tables.execution
    return case((run.c.roll_kind == "K", execution.c.in_roll_k), else_=execution.c.in_roll_r)


def is_superseded(run: FromClause = tables.run) -> ColumnElement[bool]:
    """An attempt that the roll of its run does not name. The query joins `run`."""
    return and_(tables.execution.c.started_at.is_not(None), run.c.roll_kind.is_not(None), not_(is_in_roll(run)))


def execution_phase() -> ColumnElement[str]:
    """The phase of an execution as far as anyone can know it. The query joins `run`."""
    execution = tables.execution
    return case(
        (execution.c.phase.in_(_ENDED), execution.c.phase),
        (or_(is_superseded(), run_is_gone(), _object_is_gone()), Phase.UNKNOWN.value),
        else_=execution.c.phase,
    )


def _object_is_gone() -> ColumnElement[bool]:
    """An execution that is an object of its own, and is no more in the cluster. The query joins `execution`."""
    member = tables.member
    gone = select(is_gone(member, member.c.resource)).where(member.c.execution_id == tables.execution.c.id)
    return and_(tables.execution.c.object_uid.is_not(None), func.coalesce(gone.scalar_subquery(), false()))
