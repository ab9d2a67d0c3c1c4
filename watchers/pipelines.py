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
from watchers.kubeflow import Compiled
from watchers.reading import mapping, mappings, scalar, text, texts

PIPELINE_SPEC: Final = "pipelines.kubeflow.org/pipeline_spec"
_GENERATED_NAME_LABELS = (
    "workflows.argoproj.io/cron-workflow",
    "scheduledworkflows.kubeflow.org/scheduledWorkflowName",
)
_CREATE_TIME = re.compile(r"(--pipeline_job_create_time_utc[\"',=\s\\]+)[0-9T:.Z+-]+")
_KUBEFLOW: Final = "pipelines.kubeflow.org/"
_COMPONENT: Final = re.compile("components-|implementations-|kubernetes-")
_DIGEST: Final = re.compile("[0-9a-f]{64}$")
_SDK: Final = re.compile(r"\b(kfp(?:\[[\w,-]+\])?)==[0-9][\w.+!-]*")  # how a component installs what compiled it
_OF_COMPILING: Final = frozenset(
    {"creationTimestamp", f"{_KUBEFLOW}kfp_sdk_version", f"{_KUBEFLOW}pipeline_compilation_time"}
)
# What follows these flags of a driver is of one run.
_OF_ONE_RUN: Final = frozenset({"--run_id", "--run_name", "--run_display_name", "--pipeline_job_create_time_utc"})
# Of a running workflow these say how it is being stopped, not what it is.
_CONTROLS = frozenset({"shutdown", "suspend", "activeDeadlineSeconds"})


def pipeline_of(item: Mapping[str, Any]) -> PipelineRef | None:
    """Name the pipeline: by template reference, as Kubeflow tells its drivers or annotates it, by generateName, in that
    order."""
    metadata, spec = mapping(item, "metadata"), mapping(item, "spec")
    reference = mapping(spec, "workflowTemplateRef")
    namespace: str | None = text(metadata, "namespace")
    if name := text(reference, "name"):
        namespace = None if reference.get("clusterScope") is True else namespace
    elif (compiled := Compiled.of(item)) is not None and (told := compiled.pipeline())[1]:
        namespace, name = told[0] or namespace, told[1]
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
    components = _components(metadata, spec)
    if components:
        kept["components"] = components
    return _neutral_text(canonical(kept), tuple(_generated(metadata, components)))


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
# What `_neutral` looks for.
_REPLACED: Final = (
    b'"creationTimestamp"',
    b"--run_id",
    b"--pipeline_job_create_time_utc",
    b"kfp==",
    b"kfp[",
    b"kfp_sdk_version",
)


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


def _components(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, str]:
    """The texts of components, which Kubeflow passes as arguments, and before 2.3 as annotations."""
    given = {
        text(one, "name"): scalar(one.get("value")) or "" for one in mappings(mapping(spec, "arguments"), "parameters")
    }
    annotated = {
        name.removeprefix(_KUBEFLOW): value for name, value in texts(metadata, "annotations").items() if "-" in name
    }
    return {name: value for name, value in (annotated | given).items() if _COMPONENT.match(name)}


def _names_of(arguments: Mapping[str, Any]) -> dict[str, list[str]]:
    """Arguments vary from run to run; that they exist belongs to the text."""
    found = {
        kind: sorted(text(one, "name") for one in mappings(arguments, kind)) for kind in ("parameters", "artifacts")
    }
    return {kind: names for kind, names in found.items() if names}


def _generated(metadata: Mapping[str, Any], components: Mapping[str, str]) -> list[tuple[str, str]]:
    """What may stand in the text for this run alone, or for this release of the compiler, and what to write instead.
    The longest first, so that no name is replaced inside another."""
    name, prefix, labels = text(metadata, "name"), text(metadata, "generateName"), texts(metadata, "labels")
    found = [(text(metadata, "uid"), "{{workflow.uid}}"), (labels.get(RUN_ID_LABEL, ""), "{{workflow.uid}}")]
    if (prefix and name.startswith(prefix)) or any(label in labels for label in _GENERATED_NAME_LABELS):
        found.append((name, "{{workflow.name}}"))
    for named, value in components.items():  # some are named by a digest of their text, in which the release stands
        if digest := _DIGEST.search(named):
            found.append((digest.group(), sha256(without_release(value).encode()).partition(":")[2]))
    return sorted(((old, new) for old, new in found if old), key=lambda pair: -len(pair[0]))


def _neutral(value: Any, generated: tuple[tuple[str, str], ...]) -> Any:
    if isinstance(value, dict):
        if value.get("name") == "runtime-config":  # the arguments of a run of Kubeflow
            return {"name": "runtime-config"}
        members = value.items()
        return {_renamed(key, generated): _neutral(of, generated) for key, of in members if key not in _OF_COMPILING}
    if isinstance(value, list):
        before = [None, *value]
        return [
            "" if isinstance(flag, str) and flag in _OF_ONE_RUN else _neutral(member, generated)
            for flag, member in zip(before, value, strict=False)
        ]
    if isinstance(value, str):
        named = without_release(_renamed(value, generated))
        return _CREATE_TIME.sub(r"\1{{workflow.creationTimestamp}}", named)
    return value


def without_release(written: str) -> str:
    """Set aside which release of the SDK a component installs: the one that compiled it."""
    return _SDK.sub(r"\1", written)


def _renamed(value: str, generated: tuple[tuple[str, str], ...]) -> str:
    for old, new in generated:
        value = value.replace(old, new)
    return value
