"""Where the texts of two pipelines differ, and what a difference is of. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from lineage.comparison.changes import Change, ChangeKind
from lineage.comparison.documents import Leaf, as_text, leaves
from lineage.dossier import Dossier

_IMAGE: Final = frozenset({"image"})
_ENVIRONMENT: Final = frozenset(
    {
        "env",
        "envFrom",
        "resources",
        "nodeSelector",
        "affinity",
        "tolerations",
        "volumes",
        "volumeMounts",
        "podSpecPatch",
        "imagePullPolicy",
        "schedulerName",
        "hostAliases",
        "accelerator",
        "cpuLimit",
        "memoryLimit",
        "cpuRequest",
        "memoryRequest",
    }
)
_TOPOLOGY: Final = frozenset(
    {
        "tasks",
        "steps",
        "dependencies",
        "depends",
        "dependentTasks",
        "when",
        "withItems",
        "withParam",
        "withSequence",
        "iteratorPolicy",
        "parameterIterator",
        "artifactIterator",
        "triggerPolicy",
        "onExit",
        "hooks",
        "entrypoint",
        "suspend",
    }
)
_EDGES: Final = frozenset({"dependencies", "depends", "dependentTasks"})
_PARAMETERS: Final = frozenset({"parameters", "defaultValue", "runtimeValue", "constantValue"})
_HARMLESS: Final = frozenset(
    {
        "metadata",
        "labels",
        "annotations",
        "podMetadata",
        "workflowMetadata",
        "ttlStrategy",
        "podGC",
        "podPriority",
        "podPriorityClassName",
        "priority",
        "archiveLogs",
        "artifactGC",
        "displayName",
        "description",
        "sdkVersion",
        "schemaVersion",
        "taskInfo",
        "name",
    }
)
_GPU: Final = re.compile(r"gpu|accelerator|tpu|nvidia|amd\.com|habana", re.IGNORECASE)


def spec_changes(
    base: Dossier, target: Dossier, templates: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Leaf, Change]]:
    """Find where the texts of the pipelines of two runs differ. `templates` are the display names of the steps that ran
    each template."""
    if base.version is not None and target.version is not None and base.version.digest == target.version.digest:
        return
    if base.spec is None or target.spec is None:
        return
    for leaf in leaves(base.spec, target.spec):
        yield leaf, _change(leaf, templates)


def _change(leaf: Leaf, templates: Mapping[str, Sequence[str]]) -> Change:
    kind = _kind(leaf.path)
    template = template_in(leaf.path)
    steps = tuple(sorted(set(templates.get(template or "", ()))))
    return Change(
        kind=kind,
        step=steps[0] if len(steps) == 1 else template,
        path=leaf.written,
        before=as_text(leaf.before),
        after=as_text(leaf.after),
        causal=_is_causal(kind, leaf),
        steps=steps,
    )


def template_in(path: Sequence[str]) -> str | None:
    """The template that a place in a text is in: of Argo, or a component or executor of Kubeflow."""
    for holder, member in pairwise(path):
        if holder == "templates" and member.startswith("["):
            return member[1:-1]
        if holder in ("components", "executors"):
            return member.removeprefix("comp-").removeprefix("exec-")
    return None


def _kind(path: Sequence[str]) -> ChangeKind:
    names = [part for part in path if not part.startswith("[")]
    last = names[-1] if names else ""
    if last in _IMAGE:
        return ChangeKind.IMAGE
    if _ENVIRONMENT & set(names):
        return ChangeKind.ENVIRONMENT
    if _PARAMETERS & set(names):
        return ChangeKind.PARAMETER
    if _TOPOLOGY & set(names):
        return ChangeKind.TOPOLOGY
    return ChangeKind.SPEC


def is_edge(leaf: Leaf) -> bool:
    """Say whether a difference is of what has to run before a step."""
    return bool(leaf.path) and any(part in _EDGES for part in leaf.path[-2:])


def _is_causal(kind: ChangeKind, leaf: Leaf) -> bool:
    names = {part for part in leaf.path if not part.startswith("[")}
    if kind is ChangeKind.ENVIRONMENT and "resources" in names:
        return could_be_computed_otherwise(leaf.written, leaf.before, leaf.after)
    return not (_HARMLESS & names) if kind is ChangeKind.SPEC else True


def could_be_computed_otherwise(*said: Any) -> bool:
    """Say whether resources are such that results depend on them: how much of a processor there is decides how long it
    takes, and which accelerator there is what comes out."""
    return any(_GPU.search(as_text(one) or "") for one in said)


def by_template(steps: Sequence[tuple[str | None, str]]) -> Mapping[str, Sequence[str]]:
    """Group display names of steps by the template that they ran."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for template, name in steps:
        if template is not None:
            found[template].append(name)
    return found
