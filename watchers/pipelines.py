"""Which pipeline a workflow ran, and the one exact text of it.

Pure but for a bounded memory, on which nothing depends but speed.
Two runs ran the same version if their specs are equal once the names and times that were generated
for each of them, and the values of their arguments, are set aside.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from lineage.facts import PipelineRef
from lineage.identity import RUN_ID_LABEL, canonical, sha256
from lineage.remembering import LastViews
from watchers.reading import mapping, mappings, text, texts

PIPELINE_SPEC: Final = "pipelines.kubeflow.org/pipeline_spec"
_GENERATED_NAME_LABELS = (
    "workflows.argoproj.io/cron-workflow",
    "scheduledworkflows.kubeflow.org/scheduledWorkflowName",
)
_CREATE_TIME = re.compile(r"(--pipeline_job_create_time_utc[\"',=\s\\]+)[0-9T:.Z+-]+")
# Of a running workflow these say how it is being stopped, not what it is.
_CONTROLS = frozenset({"shutdown", "suspend", "activeDeadlineSeconds"})


def pipeline_of(item: Mapping[str, Any]) -> PipelineRef | None:
    """Name the pipeline: by template reference, by Kubeflow's annotation, by generateName, in that order."""
    metadata, spec = mapping(item, "metadata"), mapping(item, "spec")
    reference = mapping(spec, "workflowTemplateRef")
    namespace: str | None = text(metadata, "namespace")
    if name := text(reference, "name"):
        namespace = None if reference.get("clusterScope") is True else namespace
    else:
        name = _annotated_name(metadata) or text(metadata, "generateName").rstrip("-")
    if not name:
        return None
    digest, spec_text = version_text(item)
    return PipelineRef(name=name, namespace=namespace, digest=digest, spec=spec_text)


def version_text(item: Mapping[str, Any]) -> tuple[str, bytes]:
    """The spec that counts, as canonical JSON behind its digest: what was generated for one run is replaced
    by what it was generated from."""
    metadata, status = mapping(item, "metadata"), mapping(item, "status")
    spec = mapping(status, "storedWorkflowTemplateSpec") or mapping(item, "spec")
    kept = {
        key: value for key, value in spec.items() if key not in _CONTROLS or (key == "activeDeadlineSeconds" and value)
    }
    kept["arguments"] = _names_of(mapping(spec, "arguments"))
    return _neutral_text(canonical(kept), tuple(_generated(metadata)))


def _neutral_text(spec: bytes, generated: tuple[tuple[str, str], ...]) -> tuple[str, bytes]:
    if not any(word in spec for word in (*_REPLACED, *(orjson.dumps(old)[1:-1] for old, _ in generated))):
        return sha256(spec), spec
    known = _texts.get(generated)  # of one run: it is seen again and again, and its spec is most of it
    if known is not None and known[0] == spec:
        return known[1]
    neutral = canonical(_neutral(orjson.loads(spec), generated))
    found = sha256(neutral), neutral
    _texts.put(generated, (spec, found), len(spec) + len(neutral))
    return found


_texts: Final = LastViews[tuple[bytes, tuple[str, bytes]]](max_bytes=8 * 2**20)
_REPLACED: Final = (b'"creationTimestamp"', b"--pipeline_job_create_time_utc")  # what `_neutral` looks for


def _annotated_name(metadata: Mapping[str, Any]) -> str:
    annotation = texts(metadata, "annotations").get(PIPELINE_SPEC)
    if not annotation:
        return ""
    try:
        said = orjson.loads(annotation)
    except orjson.JSONDecodeError:
        return ""
    name = said.get("name") if isinstance(said, dict) else None
    return name if isinstance(name, str) else ""


def _names_of(arguments: Mapping[str, Any]) -> dict[str, list[str]]:
    """Arguments vary from run to run; that they exist belongs to the text."""
    found = {
        kind: sorted(text(one, "name") for one in mappings(arguments, kind)) for kind in ("parameters", "artifacts")
    }
    return {kind: names for kind, names in found.items() if names}


def _generated(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What may stand in the text for this run alone, and what to write instead. The longest first, so that
    no name is replaced inside another."""
    name, prefix, labels = text(metadata, "name"), text(metadata, "generateName"), texts(metadata, "labels")
    found = [(text(metadata, "uid"), "{{workflow.uid}}"), (labels.get(RUN_ID_LABEL, ""), "{{workflow.uid}}")]
    if (prefix and name.startswith(prefix)) or any(label in labels for label in _GENERATED_NAME_LABELS):
        found.append((name, "{{workflow.name}}"))
    return sorted(((old, new) for old, new in found if old), key=lambda pair: -len(pair[0]))


def _neutral(value: Any, generated: tuple[tuple[str, str], ...]) -> Any:
    if isinstance(value, dict):
        return {key: _neutral(member, generated) for key, member in value.items() if key != "creationTimestamp"}
    if isinstance(value, list):
        return [_neutral(member, generated) for member in value]
    if isinstance(value, str):
        for old, new in generated:
            value = value.replace(old, new)
        return _CREATE_TIME.sub(r"\1{{workflow.creationTimestamp}}", value)
    return value
