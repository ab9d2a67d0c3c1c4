"""Components of Kubeflow Pipelines v1, as the templates that run them bear them.

Source: the annotation `pipelines.kubeflow.org/component_spec` and names of outputs as the SDK compiles them (kfp 1.8,
kfp/compiler/_op_to_template.py): an output of the step `train` that is called `Test data` is the artifact
`train-test-data`, or `train-Test_data` by other releases; `mlpipeline_metrics` is `mlpipeline-metrics` alone.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from lineage.limits import is_name
from lineage.model import Parameter
from lineage.placeholders import filled
from lineage.redaction import is_redacted
from watchers.reading import mapping, mappings, scalar, text

COMPONENT: Final = "pipelines.kubeflow.org/component_spec"
ARGUMENTS: Final = "pipelines.kubeflow.org/arguments.parameters"
KEPT: Final = 256  # what components say, by their text: every node of a template asks again


def types_of_outputs(template: Mapping[str, Any]) -> Mapping[str, str]:
    """Say which type each output artifact of a template has, by its plain name."""
    annotations = mapping(mapping(template, "metadata"), "annotations") if "metadata" in template else {}
    spec = text(annotations, COMPONENT)
    return _types(spec, text(template, "name")) if spec else {}


def component_of(template: Mapping[str, Any]) -> str | None:
    """Name the component that a template runs."""
    annotations = mapping(mapping(template, "metadata"), "annotations") if "metadata" in template else {}
    return _name(text(annotations, COMPONENT)) if COMPONENT in annotations else None


def arguments_of(template: Mapping[str, Any], node: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Say what a component was given, by its own names: the engine knows of no argument that is a constant."""
    annotations = mapping(mapping(template, "metadata"), "annotations") if "metadata" in template else {}
    if ARGUMENTS not in annotations:
        return ()
    given = mappings(mapping(node, "inputs"), "parameters")
    values = {f"inputs.parameters.{text(one, 'name')}": scalar(one.get("value")) or "" for one in given}
    found = ((name, filled(value, values)) for name, value in _arguments(text(annotations, ARGUMENTS)))
    return tuple(Parameter(name=name, value=value, redacted=is_redacted(value)) for name, value in found)


def plain_name(name: str) -> str:
    """Leave of a name what all releases leave of it."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


@lru_cache(KEPT)
def _name(spec: str) -> str | None:
    try:
        component = orjson.loads(spec)
    except orjson.JSONDecodeError:
        return None
    name = component.get("name") if isinstance(component, dict) else None
    return name if isinstance(name, str) and name else None


@lru_cache(KEPT)
def _arguments(written: str) -> tuple[tuple[str, str], ...]:
    try:
        found = orjson.loads(written)
    except orjson.JSONDecodeError:
        return ()
    members = found.items() if isinstance(found, dict) else ()
    return tuple((name, scalar(value) or "") for name, value in members)


@lru_cache(KEPT)
def _types(spec: str, template: str) -> Mapping[str, str]:
    try:
        component = orjson.loads(spec)
    except orjson.JSONDecodeError:
        return {}  # it only describes: what it says badly is not said
    outputs = component.get("outputs") if isinstance(component, dict) else None
    found: dict[str, str] = {}
    for output in outputs if isinstance(outputs, list) else ():
        name = plain_name(str(output.get("name", ""))) if isinstance(output, dict) else ""
        kind = _type(output.get("type")) if name else None
        if kind is not None:
            found |= {name: kind, f"{plain_name(template)}{name}": kind}
    return found


def _type(given: Any) -> str | None:
    """Read a type: a word, or one with what it takes ({"GCSPath": {…}})."""
    if isinstance(given, dict) and len(given) == 1:
        (given,) = given
    return given if isinstance(given, str) and given and is_name(given) else None
