"""`MPIJob` of the training operator.

Pure. Source: kubeflow/training-operator/pkg/apis/kubeflow.org/v1/mpi_types.go.
"""

from typing import Final

from watchers.source import Source
from watchers.training import training_job

SOURCE: Final[Source] = training_job("mpi_job", kind="MPIJob", plural="mpijobs", member="mpiReplicaSpecs")
