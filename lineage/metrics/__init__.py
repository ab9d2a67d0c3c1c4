"""What metric files and output parameters say. Pure: bytes and texts in, values out.

What breaks a rule is set aside with its reason, and the rest counts. Nothing here raises because of what a file holds.

    values.py      how values are made and collected
    json_text.py   JSON as it is written in practice: with NaN, and with members that are there twice
    kubeflow.py    `mlpipeline-metrics`, by the rules of Kubeflow Pipelines v1
    json_files.py  `metrics.json` and the like: numbers, nested, and over steps
    parameters.py  output parameters that hold one number
    tensorboard.py event files of TensorBoard: scalars over steps
    ui_metadata.py `mlpipeline-ui-metadata`: confusion matrices, ROC curves, tables, texts
    files.py       which file is read how
"""

from lineage.metrics.files import LARGEST_FILE, Fetch, Read, reader_of, said_in_folder
from lineage.metrics.json_files import FILES, is_metric_file, read_json_file
from lineage.metrics.kubeflow import METRICS_ARTIFACT, read_kubeflow_metrics
from lineage.metrics.parameters import PARAMETERS, read_parameters
from lineage.metrics.tensorboard import is_event_file
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
from lineage.metrics.values import as_text

__all__ = [
    "FILES",
    "LARGEST_FILE",
    "METRICS_ARTIFACT",
    "PARAMETERS",
    "UI_METADATA_ARTIFACT",
    "Fetch",
    "Plot",
    "PlotType",
    "Read",
    "UiMetadata",
    "as_json",
    "as_text",
    "is_event_file",
    "is_metric_file",
    "read_json_file",
    "read_kubeflow_metrics",
    "read_parameters",
    "read_plot",
    "read_ui_metadata",
    "reader_of",
    "said_in_folder",
    "source_location",
]
