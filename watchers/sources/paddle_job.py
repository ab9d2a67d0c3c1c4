"""`PaddleJob` of the training operator.

Pure. Source: kubeflow/training-operator/pkg/apis/kubeflow.org/v1/paddle_types.go.
"""

from typing import Final

from watchers.source import Source
from watchers.training import training_job

SOURCE: Final[Source] = training_job("paddle_job", kind="PaddleJob", plural="paddlejobs", member="paddleReplicaSpecs")
