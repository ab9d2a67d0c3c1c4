"""A Workflow that would run a run again. Pure.

Sources: argo-workflows/pkg/apis/workflow/v1alpha1/workflow_types.go; the global parameters in
workflow/controller/operator.go (`setGlobalParameters`); the caching of Kubeflow Pipelines v1 in
pipelines/backend/src/cache/server/mutation.go.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
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
    unpinned_inputs,
    withheld,
)

_CACHING: Final = "pipelines.kubeflow.org/enable_caching"
_STALENESS: Final = "pipelines.kubeflow.org/max_cache_staleness"
_CONTROLS: Final = ("shutdown", "suspend", "workflowTemplateRef")
_OF_ONE_RUN: Final = re.compile(
    r"workflows\.argoproj\.io/|pipeline/|kubectl\.kubernetes\.io/|scheduledworkflows\.kubeflow\.org/|"
    r"pipelines\.kubeflow\.org/(?:run_name|recurring|persistedFinalState)"
)
_DATES: Final = frozenset("aAbBcdHIjmMpSyYZ")
_CONTAINERS: Final = (("container",), ("script",), ("containerSet", "containers"), ("initContainers",), ("sidecars",))


def argo_manifest(dossier: Dossier) -> Manifest:
    """Make a Workflow that would run it again: with the images that ran, the arguments that were given, no cache, and a
    label that says which run it repeats."""
    unpinned: list[Unpinned] = []
    spec = _spec_that_ran(dossier.raw)
    spec = _with_inlined_templates(spec, dossier.raw)
    spec = _with_times(spec, dossier, unpinned)
    spec["arguments"] = _arguments(spec, dossier, unpinned)
    images = Images(dossier)
    spec["templates"] = [_template(one, images, unpinned) for one in mappings_in(spec, "templates")]
    if isinstance(defaults := spec.get("templateDefaults"), Mapping):
        spec["templateDefaults"] = _uncached(defaults)
    spec = withheld(spec, "spec", unpinned)
    unpinned += unpinned_inputs(dossier)
    document = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": _metadata(dossier),
        "spec": spec,
    }
    return Manifest(document=document, unpinned=tuple(sorted(dict.fromkeys(unpinned))))


def _metadata(dossier: Dossier) -> dict[str, Any]:
    run, metadata = dossier.run, mapping_in(dossier.raw, "metadata")
    base = text_in(metadata, "generateName") or f"{run.name[:200]}-"
    kept = {
        member: {
            name: value
            for name, value in mapping_in(metadata, member).items()
            if isinstance(value, str) and not _OF_ONE_RUN.match(name)
        }
        for member in ("labels", "annotations")
    }
    kept["labels"][RERUN_OF] = rerun_label(run)
    told = {member: withheld(values, f"metadata.{member}", []) for member, values in kept.items() if values}
    return {"generateName": base, **({"namespace": run.namespace} if run.namespace else {}), **told}


# ------------------------------------------------------------------------------------------ what it ran
def _spec_that_ran(raw: Any) -> dict[str, Any]:
    """The spec with that of a WorkflowTemplate in it, as Argo stored it when it ran."""
    spec = mapping_in(raw, "status", "storedWorkflowTemplateSpec") or mapping_in(raw, "spec")
    return {name: value for name, value in spec.items() if name not in _CONTROLS}


def _with_inlined_templates(spec: dict[str, Any], raw: Any) -> dict[str, Any]:
    """Put the templates of other objects into the workflow, as Argo stored them: these may be others by now."""
    stored = mapping_in(raw, "status", "storedTemplates")
    templates = [dict(one) for one in mappings_in(spec, "templates")]
    known = {one.get("name") for one in templates}
    added: dict[str, str] = {}

    def renamed(scope: str) -> str:
        if scope not in added:
            added[scope] = name = _free(re.sub(r"[^A-Za-z0-9-]+", "-", scope.partition("/")[2] or scope), known)
            known.add(name)
            template = mapping_in(stored, scope)
            templates.append({**_relinked(template, scope.rpartition("/")[0]), "name": name})
        return added[scope]

    def _relinked(value: Any, within: str | None) -> Any:
        if isinstance(value, list):
            return [_relinked(each, within) for each in value]
        if not isinstance(value, Mapping):
            return value
        found = {name: _relinked(each, within) for name, each in value.items()}
        reference = mapping_in(value, "templateRef")
        if reference:
            kind = "cluster" if reference.get("clusterScope") is True else "namespaced"
            scope = f"{kind}/{text_in(reference, 'name')}/{text_in(reference, 'template')}"
            if scope in stored:
                del found["templateRef"]
                found["template"] = renamed(scope)
        elif within is not None and isinstance(name := value.get("template"), str) and f"{within}/{name}" in stored:
            found["template"] = renamed(f"{within}/{name}")
        return found

    own = [_relinked(one, None) for one in list(templates)]
    return {**spec, "templates": [*own, *templates[len(own) :]]}


def _free(name: str, known: set[Any]) -> str:
    number, free = 2, name
    while free in known:
        number, free = number + 1, f"{name}-{number}"
    return free


# ------------------------------------------------------------------------------------------ arguments and times
def _arguments(spec: Mapping[str, Any], dossier: Dossier, unpinned: list[Unpinned]) -> dict[str, Any]:
    """The arguments as they were given, whatever their defaults are by now."""
    given = {one.name: one for one in dossier.view.parameters}
    arguments = dict(mapping_in(spec, "arguments"))
    declared = mappings_in(arguments, "parameters")
    names = [text_in(one, "name") for one in declared]
    parameters = [_argument(one, given.get(text_in(one, "name")), unpinned) for one in declared]
    parameters += [
        _argument({"name": name}, one, unpinned)
        for name, one in given.items()
        if name not in names and not _compiled(names)
    ]
    return {**arguments, "parameters": parameters} if parameters else arguments


def _compiled(names: list[str]) -> bool:
    """Whether Kubeflow v2 compiled it: its arguments are in the components, and not those of the workflow."""
    return any(name.startswith("components-") for name in names)


def _argument(declared: Mapping[str, Any], given: Parameter | None, unpinned: list[Unpinned]) -> dict[str, Any]:
    name = text_in(declared, "name")
    if given is None or given.value is None:
        if "value" not in declared:
            unpinned.append(
                Unpinned(
                    path=f"spec.arguments.parameters[{name}]",
                    kind=UnpinnedKind.VALUE,
                    reason="with which value it ran is not known",
                )
            )
        return dict(declared)
    kept = {member: value for member, value in declared.items() if member not in ("value", "valueFrom", "default")}
    return {**kept, "value": given.value}


def _with_times(spec: dict[str, Any], dossier: Dossier, unpinned: list[Unpinned]) -> dict[str, Any]:
    """Put the times of the run in the place of what stands for them, so that it works on the same day again."""
    known = dict(_times(dossier))
    missing: set[str] = set()

    def filled(found: re.Match[str]) -> str:
        name = found.group(1)
        if name.startswith(("workflow.creationTimestamp", "workflow.scheduledTime")) and name not in known:
            missing.add(name)
        return known.get(name, found.group())

    filled_in = _each_text(spec, lambda text: PLACEHOLDER.sub(filled, text) if "{{" in text else text)
    unpinned += [
        Unpinned(
            path=f"{{{{{name}}}}}",
            kind=UnpinnedKind.VALUE,
            reason="what it stood for is not known: it will be the time of the new run",
        )
        for name in sorted(missing)
    ]
    return dict(filled_in)


def _times(dossier: Dossier) -> Iterator[tuple[str, str]]:
    if dossier.run.scheduled_at is not None:
        yield "workflow.scheduledTime", _rfc3339(dossier.run.scheduled_at)
    if (created := dossier.run.created_at) is not None:
        name = "workflow.creationTimestamp"
        yield name, _rfc3339(created)
        yield f"{name}.RFC3339", _rfc3339(created)
        yield f"{name}.s", str(int(created.timestamp()))
        yield from ((f"{name}.{letter}", created.astimezone(UTC).strftime(f"%{letter}")) for letter in sorted(_DATES))


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _each_text(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each_text(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [_each_text(each, change) for each in value]
    return value


# ------------------------------------------------------------------------------------------ templates
def _template(one: Mapping[str, Any], images: Images, unpinned: list[Unpinned]) -> dict[str, Any]:
    name = text_in(one, "name")
    found = _uncached(one)
    for path in _CONTAINERS:
        holder = found
        for member in path[:-1]:
            holder = holder.get(member, {}) if isinstance(holder, dict) else {}
        if not isinstance(holder, dict) or path[-1] not in holder:
            continue
        held = holder[path[-1]]
        where = f"spec.templates[{name}].{'.'.join(path)}"
        if isinstance(held, list):
            holder[path[-1]] = [
                _container(each, name, f"{where}[{text_in(each, 'name')}]", images, unpinned) for each in held
            ]
        else:
            holder[path[-1]] = _container(held, name, where, images, unpinned)
    return found


def _container(one: Any, template: str, path: str, images: Images, unpinned: list[Unpinned]) -> Any:
    reference = text_in(one, "image")
    if not reference:
        return one
    pinned, reason = images.pinned(template, text_in(one, "name") or "main", reference)
    if reason is not None:
        unpinned.append(Unpinned(path=f"{path}.image", kind=UnpinnedKind.IMAGE, reason=f"{reference}: {reason}"))
    return {**one, "image": pinned}


def _uncached(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template that takes nothing over: neither by Argo's memoization, nor by the cache of Kubeflow v1."""
    found = {name: value for name, value in template.items() if name != "memoize"}
    metadata = mapping_in(template, "metadata")
    labels = mapping_in(metadata, "labels")
    if _CACHING in labels:
        found["metadata"] = {**metadata, "labels": {**labels, _CACHING: "false"}}
    if _STALENESS in mapping_in(metadata, "annotations"):
        annotations = {**mapping_in(metadata, "annotations"), _STALENESS: "P0D"}
        found["metadata"] = {**mapping_in(found, "metadata"), "annotations": annotations}
    return found
