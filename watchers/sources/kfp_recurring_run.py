"""A recurring run of Kubeflow Pipelines, as its API tells it: what people call it. All else its object says.

Pure. Source: kubeflow/pipelines/backend/api/v2beta1/recurring_run.proto, v1beta1/job.proto.
"""

from collections.abc import Sequence
from typing import Final

from lineage.facts import Fact, ObjectKept, RecurringRunTold
from lineage.observation import ObjectSeen
from watchers.answers import RECURRING_RUNS, moment, name_of, namespace_of, told_revision
from watchers.reading import mapping, placing, text
from watchers.source import Source


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a recurring run is called.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("recurring run", item):
        told = mapping(item, "told")
        uid, name = text(told, "recurring_run_id") or text(told, "id"), name_of(told)
        if not (uid and name):
            return ()
        times = iter([moment(told, "updated_at")])
        view = told_revision(seen, uid=uid, born=moment(told, "created_at"), times=times)
        recurring = RecurringRunTold(
            revision=view, uid=uid, cluster=seen.cluster, namespace=namespace_of(item, told), name=name
        )
    return recurring, ObjectKept(revision=view, resource=RECURRING_RUNS.name, uid=uid, body=seen.body)


SOURCE: Final = Source(name="kfp_recurring_run", resource=RECURRING_RUNS, interpret=interpret, is_watched=False)
