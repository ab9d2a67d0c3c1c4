"""`MPIJob` of the training operator, and of the MPI operator, which installs without it and has a version of its own.

Pure. Sources: kubeflow/training-operator/pkg/apis/kubeflow.org/v1/mpi_types.go and
kubeflow/mpi-operator/pkg/apis/kubeflow/v2beta1/types.go. They differ in nothing that is read here.
"""

from typing import Final

from watchers.source import Source
from watchers.training import training_job

SOURCE: Final[Source] = training_job(
    "mpi_job", kind="MPIJob", plural="mpijobs", member="mpiReplicaSpecs", other_versions=("v2beta1",)
)
