"""`MPIJob` of the MPI operator, version 2, which installs without the training operator.

Pure. Source: kubeflow/mpi-operator/pkg/apis/kubeflow/v2beta1/types.go. It differs from that of version 1 in nothing
that is read here; which of the two a cluster serves, only asking tells.
"""

from typing import Final

from watchers.source import Source
from watchers.training import training_job

SOURCE: Final[Source] = training_job(
    "mpi_job_v2beta1", kind="MPIJob", plural="mpijobs", member="mpiReplicaSpecs", version="v2beta1"
)
