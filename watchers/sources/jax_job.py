"""`JAXJob` of the training operator.

Pure. Source: kubeflow/training-operator/pkg/apis/kubeflow.org/v1/jax_types.go.
"""

from typing import Final

from watchers.source import Source
from watchers.training import training_job

SOURCE: Final[Source] = training_job("jax_job", kind="JAXJob", plural="jaxjobs", member="jaxReplicaSpecs")
