"""What the files of the demo say: metrics, series and pictures, made of the arguments of their step alone."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from watchers.demo.forms import Json

Arguments = Mapping[str, str]


def content(node: Json, output: str) -> str:
    """Write what an output of a node says."""
    arguments = {one["name"]: one["value"] for one in node.get("inputs", {}).get("parameters", ())}
    write = _WRITTEN.get(output)
    if write is not None:
        return json.dumps(write(arguments))
    return f"{output} of {node['templateName']}\n" + "".join(f"{name} = {one}\n" for name, one in arguments.items())


def _curves(arguments: Arguments) -> Json:
    """The loss of each epoch, on what is learnt from and on what is not: the second stops falling."""
    rate, epochs = float(arguments["learning_rate"]), range(int(arguments["epochs"]))
    return {
        "loss": [round(0.12 + 0.6 * (1 - 3 * rate) ** epoch, 4) for epoch in epochs],
        "val_loss": [round(0.16 + 0.58 * (1 - 3 * rate) ** epoch + 0.0004 * epoch, 4) for epoch in epochs],
    }


def _detector(arguments: Arguments) -> Json:
    depth = int(arguments["depth"])
    values = {"accuracy": (0.917 + 0.004 * depth, "PERCENTAGE"), "recall": (0.702 + 0.011 * depth, "RAW")}
    return {
        "metrics": [
            {"name": name, "numberValue": round(value, 3), "format": form} for name, (value, form) in values.items()
        ]
    }


def _explanation(_: Arguments) -> Json:
    labels = ("honest", "fraud")
    counts = {("honest", "honest"): 9712, ("honest", "fraud"): 61, ("fraud", "honest"): 48, ("fraud", "fraud"): 179}
    matrix = {
        "type": "confusion_matrix",
        "format": "csv",
        "storage": "inline",
        "schema": [{"name": "target", "type": "CATEGORY"}, {"name": "predicted", "type": "CATEGORY"}],
        "labels": labels,
        "source": "".join(f"{target},{predicted},{count}\n" for (target, predicted), count in counts.items()),
    }
    text = "# What tells fraud\n\nThe hour, the country, and how new the card is."
    return {"outputs": [matrix, {"type": "markdown", "storage": "inline", "source": text}]}


_WRITTEN: Final[Mapping[str, Callable[[Arguments], Json]]] = {
    "curves": _curves,
    "mlpipeline-metrics": _detector,
    "mlpipeline-ui-metadata": _explanation,
}
