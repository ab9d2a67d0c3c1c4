"""A run of Kubeflow Pipelines v2 that would run a run again: the pipeline spec with the images that ran, and the
arguments. Pure.

It is the body of a request that makes a run (`v2beta1.Run` in pipelines/backend/api/v2beta1/run.proto). Argo's own
manifest is of no use here: its drivers ask Kubeflow for the run that they belong to. What the compiler made of the
pipeline spec stands in the arguments of the workflow (backend/src/v2/compiler/argocompiler).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lineage.dossier import Dossier
from lineage.members import mapping_in, mappings_in, text_in
from lineage.model import Parameter
from lineage.placeholders import PLACEHOLDER
from lineage.rerun.pins import (
    RERUN_OF,
    Images,
    Manifest,
    Unpinned,
    UnpinnedKind,
    rerun_label,
    secret_at,
    unpinned_inputs,
    withheld,
)

_COMPONENT: Final = "components-"
_IMPLEMENTATION: Final = "implementations-"
_ROOT: Final = "components-root"


def is_compiled(raw: Any) -> bool:
    """Whether Kubeflow v2 compiled a workflow."""
    return _ROOT in _given(raw)


def kubeflow_manifest(dossier: Dossier) -> Manifest:
    """Make the body of a request that makes the run again."""
    unpinned: list[Unpinned] = []
    given = _given(dossier.raw)
    components, executors, labels = {}, {}, _component_names(dossier.raw)
    images = Images(dossier)
    for name, argument in sorted(labels.items()):
        component = _json(given.get(f"{_COMPONENT}{argument}", ""))
        components[name] = component
        executor, implementation = text_in(component, "executorLabel"), given.get(f"{_IMPLEMENTATION}{argument}")
        if executor and implementation is not None:
            executors[executor] = {"container": _container(_json(implementation), executor, images, unpinned)}
        elif executor:
            unpinned.append(
                Unpinned(
                    kind=UnpinnedKind.CODE,
                    path=f"deploymentSpec.executors[{executor}]",
                    reason="what it runs is not in the workflow: an importer, or nothing that was recorded",
                )
            )
    spec = {
        "pipelineInfo": {"name": _name(dossier)},
        "root": _uncached(_json(given[_ROOT])),
        "components": {name: _uncached(one) for name, one in components.items()},
        "deploymentSpec": {"executors": executors},
        "schemaVersion": "2.1.0",
        "sdkVersion": text_in(dossier.raw, "metadata", "annotations", "pipelines.kubeflow.org/kfp_sdk_version")
        or "kfp",
    }
    document = {
        "display_name": f"rerun of {dossier.run.display_name}",
        "description": f"{RERUN_OF}: {rerun_label(dossier.run)}",
        "pipeline_spec": withheld(spec, "pipeline_spec", unpinned),
        "runtime_config": {"parameters": dict(_arguments(dossier.view.parameters, unpinned))},
    }
    unpinned += unpinned_inputs(dossier)
    return Manifest(document=document, unpinned=tuple(sorted(dict.fromkeys(unpinned))))


def _given(raw: Any) -> Mapping[str, str]:
    """The arguments of the workflow, in which the compiler put the parts of the pipeline."""
    parameters = mappings_in(raw, "spec", "arguments", "parameters")
    return {text_in(one, "name"): text_in(one, "value") for one in parameters}


def _json(written: str) -> dict[str, Any]:
    try:
        found = json.loads(written)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _name(dossier: Dossier) -> str:
    return dossier.version.pipeline.name if dossier.version is not None else dossier.run.display_name


def _component_names(raw: Any) -> Mapping[str, str]:
    """Which argument holds which component: a driver is given both the component and the task that names it."""
    found: dict[str, str] = {}
    for template in mappings_in(raw, "spec", "templates"):
        for task in mappings_in(template, "dag", "tasks"):
            told = {text_in(one, "name"): text_in(one, "value") for one in mappings_in(task, "arguments", "parameters")}
            argument = PLACEHOLDER.fullmatch(told.get("component", ""))
            name = text_in(_json(told.get("task", "")), "componentRef", "name")
            if argument is not None and name:
                found[name] = argument.group(1).removeprefix("workflow.parameters.").removeprefix(_COMPONENT)
    return found


def _container(one: dict[str, Any], executor: str, images: Images, unpinned: list[Unpinned]) -> dict[str, Any]:
    reference = text_in(one, "image")
    pinned, reason = images.pinned("", "", reference)
    if reason is not None:
        unpinned.append(
            Unpinned(
                path=f"deploymentSpec.executors[{executor}].container.image",
                kind=UnpinnedKind.IMAGE,
                reason=f"{reference}: {reason}",
            )
        )
    return {**one, "image": pinned}


def _uncached(component: Mapping[str, Any]) -> dict[str, Any]:
    """A component whose tasks take nothing over from the cache."""
    dag = mapping_in(component, "dag")
    if not dag:
        return dict(component)
    tasks = {
        name: {**task, "cachingOptions": {}} if isinstance(task, Mapping) and "cachingOptions" in task else task
        for name, task in mapping_in(dag, "tasks").items()
    }
    return {**component, "dag": {**dag, "tasks": tasks}}


def _arguments(given: tuple[Parameter, ...], unpinned: list[Unpinned]) -> Iterator[tuple[str, Any]]:
    for one in given:
        path = f"runtime_config.parameters[{one.name}]"
        if one.redacted or one.value is None:
            unpinned.append(secret_at(path))
        else:
            yield one.name, _typed(one.value)


def _typed(written: str) -> Any:
    """An argument as a value of JSON: Kubeflow refuses a number that is given as text."""
    try:
        found = json.loads(written)
    except ValueError:
        return written
    return found if not isinstance(found, float) or repr(found) == written else written
