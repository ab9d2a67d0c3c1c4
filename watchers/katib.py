"""What Katib's objects have in common. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from lineage.workloads import ObservedMetric
from watchers.reading import mappings, scalar, text

EXPERIMENT: Final = "KatibExperiment"
"""The kind of run that an experiment is. Kubeflow Pipelines calls something else an experiment."""

LABEL: Final = "katib.kubeflow.org/experiment"
OLD_LABEL: Final = "experiment"  # up to v1beta1


def observed_metrics(observation: Mapping[str, Any]) -> tuple[ObservedMetric, ...]:
    """Read what became of metrics. v1alpha3 had one `value`, as a number. Source: `Metric` in
    kubeflow/katib/pkg/apis/controller/common/v1beta1/common_types.go."""
    return tuple(
        ObservedMetric(
            name=text(one, "name"),
            minimum=scalar(one.get("min")),
            maximum=scalar(one.get("max")),
            latest=scalar(one.get("latest", one.get("value"))),
        )
        for one in mappings(observation, "metrics")
        if text(one, "name")
    )
