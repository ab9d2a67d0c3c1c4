"""The exact text of a pipeline as Kubeflow keeps it: what the compiler of v2 made, or a workflow of Argo from v1.

Pure. Two uploads are one version if their texts are equal once what the compiler adds of itself is set aside: which
release of the SDK it was, here and in the command that installs it, and how a number was written.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from lineage.facts import PipelineRef
from lineage.identity import canonical, sha256
from watchers.pipelines import version_text, without_release
from watchers.reading import mapping, text

_IN_NAMESPACE: Final = re.compile(r"namespace/[^/]+/pipeline/(.+)")


def version_of(
    name: str, namespace: str | None, spec: Mapping[str, Any], platform: Mapping[str, Any] | None = None
) -> PipelineRef:
    """Name the version of a pipeline that has this text."""
    digest, written = _text(spec, platform)
    return PipelineRef(name=name, namespace=namespace, digest=digest, spec=written)


def own_version(namespace: str | None, spec: Mapping[str, Any]) -> PipelineRef | None:
    """Name the version of a text that no upload bears; None where it does not say what the pipeline is called."""
    compiled = mapping(spec, "pipeline_spec") or spec
    name = text(mapping(compiled, "pipelineInfo"), "name")
    found = _IN_NAMESPACE.fullmatch(name)
    return version_of(found.group(1) if found else name, namespace, spec) if name else None


def _text(spec: Mapping[str, Any], platform: Mapping[str, Any] | None) -> tuple[str, bytes]:
    if spec.get("kind") == "Workflow":
        return version_text(spec)
    compiled = mapping(spec, "pipeline_spec") or spec
    beside = platform or mapping(spec, "platform_spec")
    plain = {name: value for name, value in compiled.items() if name != "sdkVersion"}
    written = canonical(_neutral({"pipeline_spec": plain, "platform_spec": beside} if beside else plain))
    return sha256(written), written


def _neutral(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _neutral(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_neutral(member) for member in value]
    if isinstance(value, str):
        return without_release(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
