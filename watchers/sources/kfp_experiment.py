"""An experiment of Kubeflow Pipelines, as its API tells it.

Pure. Source: kubeflow/pipelines/backend/api/v2beta1/experiment.proto, v1beta1/experiment.proto.
"""

from collections.abc import Sequence
from typing import Final

from lineage.facts import ExperimentTold, Fact, ObjectKept
from lineage.observation import ObjectSeen
from watchers.answers import EXPERIMENTS, moment, name_of, namespace_of, told_revision
from watchers.reading import mapping, placing, text
from watchers.source import Source


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what an experiment is called, and where it is.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("experiment", item):
        told = mapping(item, "told")
        uid = text(told, "experiment_id") or text(told, "id")
        if not uid:
            return ()
        born = moment(told, "created_at")
        view = told_revision(seen, uid=uid, born=born, times=iter(()))
        experiment = ExperimentTold(
            revision=view,
            uid=uid,
            cluster=seen.cluster,
            namespace=namespace_of(item, told),
            name=name_of(told) or uid,
            created_at=born,
        )
    return experiment, ObjectKept(revision=view, resource=EXPERIMENTS.name, uid=uid, body=seen.body)


SOURCE: Final = Source(name="kfp_experiment", resource=EXPERIMENTS, interpret=interpret, is_watched=False)
