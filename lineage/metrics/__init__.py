"""What metric files and output parameters say. Pure: bytes and texts in, values out.

What breaks a rule is set aside with its reason, and the rest counts. Nothing here raises because of what a file holds.

    values.py      one value of a metric; what was set aside
    json_text.py   JSON as it is written in practice: with NaN, and with members that are there twice
    kubeflow.py    `mlpipeline-metrics`, by the rules of Kubeflow Pipelines v1
    json_files.py  `metrics.json` and the like: numbers, nested, and over steps
    parameters.py  output parameters that hold one number
    ui_metadata.py `mlpipeline-ui-metadata`: confusion matrices, ROC curves, tables, texts
"""

from lineage.metrics.json_files import FILES, is_metric_file, read_json_file
from lineage.metrics.kubeflow import METRICS_ARTIFACT, read_kubeflow_metrics
from lineage.metrics.parameters import PARAMETERS, read_parameters
from lineage.metrics.ui_metadata import (
    UI_METADATA_ARTIFACT,
    Plot,
    PlotType,
    UiMetadata,
    as_json,
    read_plot,
    read_ui_metadata,
    source_location,
)
from lineage.metrics.values import Metrics, MetricValue, SetAside

__all__ = [
    "FILES",
    "METRICS_ARTIFACT",
    "PARAMETERS",
    "UI_METADATA_ARTIFACT",
    "MetricValue",
    "Metrics",
    "Plot",
    "PlotType",
    "SetAside",
    "UiMetadata",
    "as_json",
    "is_metric_file",
    "read_json_file",
    "read_kubeflow_metrics",
    "read_parameters",
    "read_plot",
    "read_ui_metadata",
    "source_location",
]
