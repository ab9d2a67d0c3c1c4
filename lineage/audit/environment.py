"""Group E: is it known where it ran?"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lineage.audit.checking import Check
from lineage.audit.material import AuditEvidence, Working, shown
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, passed, unknown
from lineage.containers import MAIN, Container, ContainerRole, containers_of_template
from lineage.dossier import Step
from lineage.members import mapping_in, mappings_in, text_in

ACCELERATOR: Final = re.compile(r"(?:^|[./-])(?:gpu|tpu|npu|gaudi|neuron\w*|fpga|xpu|mig-\S+|dcu|mlu)\b", re.I)
MODEL_LABELS: Final = re.compile(r"accelerator|gpu\.product|gpu-type|instance-type", re.I)


def hosts_known(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for step in evidence.working:
        name = step.execution.display_name
        hosts = [pod for pod in step.pods if pod.node is not None]
        if not hosts:
            yield unknown(Unknown.NEVER_CAPTURED, f"nobody saw on which host {shown(name)} ran", step=name)
            continue
        pod = hosts[-1]
        seen = Evidence(
            of=step.execution.key, path=f"spec.nodeName of {pod.name}", value=pod.node, kind="Pod", uid=pod.uid
        )
        said = f"of the host of {shown(name)} only the name is recorded"
        yield unknown(Unknown.NEVER_CAPTURED, said, seen, step=name)


def accelerators_known(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for one in evidence.containers:
        asked = _accelerators(one)
        if not asked:
            continue
        what = ", ".join(f"{count} {name}" for name, count in sorted(asked.items()))
        seen = [one.evidence("spec.containers.resources", shown(what))]
        models = {key: value for key, value in _selectors(one.step).items() if MODEL_LABELS.search(key)}
        seen += [one.evidence(f"spec.nodeSelector[{key}]", shown(value)) for key, value in sorted(models.items())]
        known = "the model" if models else "how many"
        said = (
            f"{one.container.name} of {shown(one.name)} used {shown(what)}, of which {known} and no driver is recorded"
        )
        finding = unknown(Unknown.NEVER_CAPTURED, said, *seen, step=one.name)
        yield Finding(finding.verdict, said, finding.evidence, one.name, finding.why, Severity.REPEATED)


def _accelerators(one: Working) -> Mapping[str, str]:
    resources = one.container.resources
    found = {**mapping_in(resources, "requests"), **mapping_in(resources, "limits")}
    claims = {text_in(each, "name"): "claim" for each in mappings_in(resources, "claims")}
    return {
        name: str(count) for name, count in found.items() if ACCELERATOR.search(name) and str(count) != "0"
    } | claims


def _selectors(step: Step) -> Mapping[str, str]:
    pod = next((step.pod_objects[one.uid] for one in reversed(step.pods) if one.uid in step.pod_objects), None)
    found = mapping_in(pod, "spec", "nodeSelector") or mapping_in(step.template, "nodeSelector")
    return {name: value for name, value in found.items() if isinstance(value, str)}


def resources_known(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for step in evidence.working:
        name = step.execution.display_name
        found = _newest(step)
        if found is None:
            yield unknown(Unknown.NEVER_CAPTURED, f"no pod of {shown(name)} is recorded", step=name)
            continue
        pod_name, uid, item = found
        quality = text_in(item, "status", "qosClass")
        asked = any(mapping_in(one, "resources") for one in mappings_in(item, "spec", "containers"))
        seen = Evidence(
            of=step.execution.key,
            path=f"spec.containers.resources and status.qosClass of {pod_name}",
            value=quality or None,
            kind="Pod",
            uid=uid,
            version=text_in(item, "metadata", "resourceVersion") or None,
        )
        if quality or asked:
            yield passed(f"what {shown(name)} asked for is recorded", seen, step=name)
        else:
            said = f"the pod of {shown(name)} says nothing of resources or class of service"
            yield unknown(Unknown.NEVER_CAPTURED, said, seen, step=name)


def _newest(step: Step) -> tuple[str, str, Any] | None:
    """The newest pod of a step of which the object is kept."""
    for pod in reversed(step.pods):
        if pod.uid in step.pod_objects:
            return pod.name, pod.uid, step.pod_objects[pod.uid]
    return None


def admitted_as_asked(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for step in evidence.working:
        name, found = step.execution.display_name, _newest(step)
        if found is None or not step.template:
            what = "pod" if found is None else "template"
            yield unknown(Unknown.NEVER_CAPTURED, f"no {what} of {shown(name)} is recorded", step=name)
            continue
        changes = [*_injected(step.containers), *_replaced(step)]
        if changes:
            seen = tuple(Working(step=step, container=one).evidence(path, value) for one, path, value in changes)
            first = changes[0]
            said = f"the pod of {shown(name)} is not what its template says: {first[0].name} ({first[1]})"
            yield failed(said, *seen, step=name)
        else:
            main = step.containers[0] if step.containers else None
            told = (Working(step=step, container=main).evidence("spec.containers"),) if main else ()
            yield passed(f"the pod of {shown(name)} is as its template says", *told, step=name)


def _injected(containers: tuple[Container, ...]) -> Iterator[tuple[Container, str, str]]:
    for one in containers:
        if one.role is ContainerRole.INJECTED:
            yield one, "added", shown(one.image)


def _replaced(step: Step) -> Iterator[tuple[Container, str, str]]:
    """Images that are others than in the template, unless that says itself that they are patched."""
    if step.template.get("podSpecPatch"):
        return
    asked = _asked_images(step.template)
    for one in step.code:
        image = asked.get(one.name, "")
        if image and "{{" not in image and one.image and image != one.image:
            yield one, f"image instead of {shown(image)}", shown(one.image)


def _asked_images(template: Mapping[str, Any]) -> Mapping[str, str]:
    """The images that a template asks for, by container."""
    own = mapping_in(template, "container") or mapping_in(template, "script")
    if own and "sidecars" not in template and "initContainers" not in template:
        return {text_in(own, "name") or MAIN: text_in(own, "image")}
    return {one.name: one.image for one in containers_of_template(template)}


def packages_listed(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    images = {one.reference or one.container.image: one for one in evidence.containers}
    for image, one in images.items():
        yield unknown(Unknown.NEVER_CAPTURED, f"no list of packages of {shown(image)} is recorded", step=one.name)


CHECKS: Final = (
    Check(
        id="E-01",
        title="The hosts are known",
        severity=Severity.WARNING,
        find=hosts_known,
        things="steps",
        well="every host is known",
        nothing="no step of it ran in a pod",
        looks_at="Architecture, kernel and runtime of the host of each pod. Nobody records objects of kind Node, "
        "so that only names of hosts are known: UNKNOWN.",
        remedy="Note what matters of the hosts in a label or an artifact of the run.",
    ),
    Check(
        id="E-02",
        title="Accelerators are known",
        severity=Severity.WARNING,
        find=accelerators_known,
        things="containers",
        well="every accelerator is known",
        nothing="no container asked for one",
        looks_at="What containers ask for, and which model a node selector names. Drivers are not recorded: "
        "UNKNOWN. Where an accelerator was used this blocks REPEATED.",
        remedy="Select hosts by the label of the model, and print the driver's version into an artifact.",
    ),
    Check(
        id="E-03",
        title="Resources are known",
        severity=Severity.WARNING,
        find=resources_known,
        things="steps",
        well="the resources of every step are known",
        nothing="no step of it ran in a pod",
        looks_at="Requests, limits and class of service of each pod. UNKNOWN: no pod is recorded.",
        remedy="Watch pods.",
    ),
    Check(
        id="E-04",
        title="Pods are what their templates say",
        severity=Severity.WARNING,
        find=admitted_as_asked,
        things="steps",
        well="every pod is as its template says",
        nothing="no step of it ran in a pod",
        looks_at="Containers and images of each pod against its template. FAIL: a webhook or somebody added "
        "containers or changed images; each is listed.",
        remedy="Exempt the namespace from the webhook, or take what it adds into the template.",
    ),
    Check(
        id="E-05",
        title="The packages in the images are listed",
        severity=Severity.INFORMATION,
        find=packages_listed,
        things="images",
        well="the packages of every image are listed",
        nothing="no container of somebody's own ran",
        looks_at="A list of packages of each image. None is recorded: UNKNOWN.",
        remedy="Write `pip freeze` or an SBOM into an artifact of the run.",
    ),
)
