"""`TFJob` of the training operator.

Pure. Source: kubeflow/training-operator/pkg/apis/kubeflow.org/v1/tensorflow_types.go.
"""

from typing import Final

from watchers.source import Source
from watchers.training import training_job

SOURCE: Final[Source] = training_job("tf_job", kind="TFJob", plural="tfjobs", member="tfReplicaSpecs")
