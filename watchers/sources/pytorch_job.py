"""`PyTorchJob` of the training operator.

Pure. Source: kubeflow/training-operator/pkg/apis/kubeflow.org/v1/pytorch_types.go.
"""

from typing import Final

from watchers.source import Source
from watchers.training import training_job

SOURCE: Final[Source] = training_job(
    "pytorch_job", kind="PyTorchJob", plural="pytorchjobs", member="pytorchReplicaSpecs"
)
