"""Group C: was the run captured whole?"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from lineage.audit.checking import Check
from lineage.audit.material import SKEW, AuditEvidence, shown
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, passed, unknown
from lineage.dossier import Step
from lineage.identity import canonical, sha256
from lineage.members import mapping_in, mappings_in, text_in, texts_in
from lineage.workloads import WORKFLOW

GRACE: Final = timedelta(minutes=10)  # a workflow that is past its deadline needs some time to end


def spec_stored(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    raw = evidence.dossier.raw
    stored = mapping_in(raw, "status", "storedWorkflowTemplateSpec")
    spec = stored or mapping_in(raw, "spec")
    if not spec:
        yield unknown(Unknown.NEVER_CAPTURED, "the object of the run was not seen")
        return
    path = "status.storedWorkflowTemplateSpec" if stored else "spec"
    seen = evidence.of_workflow(path, sha256(canonical(spec)))
    reference = text_in(raw, "spec", "workflowTemplateRef", "name")
    if reference and not stored:
        yield unknown(
            Unknown.NEVER_CAPTURED, f"it ran the template {shown(reference)}, of which the workflow holds no text", seen
        )
        return
    names = {text_in(one, "name") for one in mappings_in(spec, "templates")}
    drifted = sorted(set(_own_templates(raw)) - names) if evidence.run.kind == WORKFLOW else []
    if drifted:
        yield failed(f"its steps ran {shown(', '.join(drifted))}, which the stored text does not have", seen)
        return
    yield passed("the text that ran is stored, and its digest known", seen)


def _own_templates(raw: Any) -> Iterator[str]:
    """Name the templates of the workflow itself that its nodes say they ran."""
    own = f"local/{text_in(raw, 'metadata', 'name')}"
    for node in mapping_in(raw, "status", "nodes").values():
        name = text_in(node, "templateName")
        if name and text_in(node, "templateScope") in ("", "local/", own):
            yield name


def end_seen(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    run, seen = evidence.run, evidence.dossier.completeness
    told = evidence.of_workflow("status.phase", run.phase.value)
    if run.phase.ended and seen is not None and seen.terminal_seen and run.finished_at is not None:
        yield passed(
            f"it ended {run.phase.value.lower()}", told, evidence.of_workflow("status.finishedAt", str(run.finished_at))
        )
        return
    limit = mapping_in(evidence.dossier.raw, "spec").get("activeDeadlineSeconds")
    if isinstance(limit, int) and run.started_at is not None and run.in_cluster and not run.phase.ended:
        until = run.started_at + timedelta(seconds=limit)
        if evidence.as_of > until + GRACE:
            yield failed(f"it still runs, and was to end by {until}", told)
            return
    if run.phase.ended:
        yield unknown(Unknown.NEVER_CAPTURED, "it ended, and nobody saw when", told)
    elif run.in_cluster:
        yield unknown(Unknown.NEVER_CAPTURED, "it has not ended yet", told)
    else:
        yield unknown(Unknown.NEVER_CAPTURED, "it was gone before anybody saw its end", told)


def nodes_recorded(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    seen, nodes = evidence.dossier.completeness, mapping_in(evidence.dossier.raw, "status", "nodes")
    where = evidence.of_workflow("status.nodes", None if seen is None else str(seen.nodes_recorded))
    if seen is None or seen.nodes_expected is None:
        why = next(iter(seen.missing if seen else ()), "the object of the run was not seen")
        yield unknown(Unknown.NEVER_CAPTURED, shown(why), where)
    elif seen.nodes_recorded < seen.nodes_expected:
        yield failed(f"{seen.nodes_recorded} of {seen.nodes_expected} steps are recorded", where)
    elif lost := sorted(_lost(nodes)):
        yield failed(f"{len(lost)} steps that others lead to are not recorded: {shown(', '.join(lost))}", where)
    elif not nodes and seen.nodes_recorded == 0:
        yield unknown(Unknown.NEVER_CAPTURED, "no step of it was seen", where)
    else:
        yield passed(f"all of its {seen.nodes_recorded} steps are recorded", where)


def _lost(nodes: Mapping[str, Any]) -> set[str]:
    """Name the nodes that others name, and that are not there."""
    return {child for node in nodes.values() for child in texts_in(node, "children") if child not in nodes}


def pods_seen(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for step in evidence.working:
        name = step.execution.display_name
        objects = [(pod, step.pod_objects[pod.uid]) for pod in step.pods if pod.uid in step.pod_objects]
        told = [(pod, item) for pod, item in objects if mappings_in(item, "status", "containerStatuses")]
        if told:
            pod, item = told[-1]
            yield passed(f"the pod {pod.name} of {name} was seen", _of_pod(step, pod.name, pod.uid, item), step=name)
        elif step.pods:
            yield unknown(
                Unknown.NEVER_CAPTURED, f"nobody saw what became of the containers of {shown(name)}", step=name
            )
        else:
            yield unknown(Unknown.NEVER_CAPTURED, f"no pod of {shown(name)} was seen", step=name)


def _of_pod(step: Step, name: str, uid: str, item: Any) -> Evidence:
    return Evidence(
        of=step.execution.key,
        path=f"status.containerStatuses in {name}",
        value=text_in(item, "status", "phase") or None,
        kind="Pod",
        uid=uid,
        version=text_in(item, "metadata", "resourceVersion") or None,
    )


def no_gap(evidence: AuditEvidence, policy: Policy) -> Iterator[Finding]:
    run = evidence.run
    began, ended = run.created_at or run.started_at, run.finished_at or evidence.as_of
    if began is None or not evidence.watches:
        yield unknown(Unknown.NEVER_CAPTURED, "nobody watched the cluster while it ran: it was read from what was kept")
        return
    for watch in evidence.watches:
        inside = [one for one in watch.gaps if one.began_at <= ended and (one.ended_at or ended) >= began]
        told = tuple(
            Evidence(of=None, path=f"gap of {watch.kind}: {shown(one.reason)}", value=str(one.ended_at or "open"),
                     observed_at=one.began_at)
            for one in inside
        )  # fmt: skip
        if inside:
            lost = [one for find in (nodes_recorded, pods_seen) for one in find(evidence, policy)]
            if any(one.verdict != "PASS" for one in lost):
                yield failed(f"{watch.kind} were not watched for a time while it ran, and something is missing", *told)
            else:
                yield unknown(Unknown.NEVER_CAPTURED, f"{watch.kind} were not watched for a time while it ran", *told)
        elif watch.since is None or watch.since - SKEW > began:
            yield unknown(Unknown.NEVER_CAPTURED, f"{watch.kind} were not watched when it began")
        elif watch.until is None or watch.until + SKEW < ended:
            yield unknown(Unknown.NEVER_CAPTURED, f"{watch.kind} were not watched to its end")
        else:
            seen = Evidence(of=None, path=f"watched_until of {watch.kind}", observed_at=watch.until)
            yield passed(f"{watch.kind} were watched without a gap while it ran", seen)


def clocks_sane(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    run = evidence.run
    # A retry by hand makes the run begin anew, and keeps the steps that were done.
    began = None if any(one.execution.superseded for one in evidence.dossier.steps) else run.started_at
    for step in evidence.dossier.current:
        one, name = step.execution, step.execution.display_name
        if one.started_at is None:
            continue
        spans = [
            ("it ended before it began", one.started_at, one.finished_at),
            ("it began before the run did", began, one.started_at),
            ("it ended after the run did", one.finished_at, run.finished_at),
            *(("its pod ended before it began", pod.started_at or pod.created_at, pod.finished_at)
              for pod in step.pods),
        ]  # fmt: skip
        path = f"status.nodes[{one.node_id}].startedAt"
        wrong = next((said for said, a, b in spans if a is not None and b is not None and b + SKEW < a), None)
        if wrong is not None:
            yield failed(f"{shown(name)}: {wrong}", evidence.of_workflow(path, str(one.started_at)), step=name)
        elif one.finished_at is None:
            yield unknown(Unknown.NEVER_CAPTURED, f"nobody knows when {shown(name)} ended", step=name)
        else:
            yield passed(
                f"the times of {shown(name)} are in order",
                evidence.of_workflow(path, str(one.started_at)),
                step=name,
            )


CHECKS: Final = (
    Check(
        id="C-01",
        of_steps=False,
        title="The text that ran is stored and digested",
        severity=Severity.TRACEABLE,
        find=spec_stored,
        things="texts",
        well="the text that ran is stored",
        nothing="a run has a text",
        looks_at="The spec in the newest object of the run, or the copy of the template that Argo stores in it. "
        "FAIL: its steps ran templates that this text does not have. UNKNOWN: the object was never seen, or "
        "names a template and holds no copy of it.",
        remedy="Watch workflows while they run (`lineage watch`), and keep Argo's stored templates in their status.",
    ),
    Check(
        id="C-02",
        of_steps=False,
        title="The end of the run was seen",
        severity=Severity.TRACEABLE,
        find=end_seen,
        things="ends",
        well="its end was seen",
        nothing="a run ends",
        looks_at="The phase and the end in the object. FAIL: it runs beyond its own deadline. UNKNOWN: it has not "
        "ended, or was gone before its end was seen.",
        remedy="Wait for its end, or keep workflows until they were seen: a longer ttlStrategy, a watcher that "
        "does not stop.",
    ),
    Check(
        id="C-03",
        of_steps=False,
        title="Every step is recorded",
        severity=Severity.TRACEABLE,
        find=nodes_recorded,
        things="steps",
        well="every step is recorded",
        nothing="a run has steps",
        looks_at="The nodes in the status, unpacked, against what is recorded. FAIL: there are fewer, or some lead "
        "to others that are not there. UNKNOWN: they are offloaded and cannot be read, or nobody saw the "
        "object.",
        remedy="Let Argo keep the nodes in the workflow, or give the recorder the object with its nodes.",
    ),
    Check(
        id="C-04",
        title="Every pod was seen with what became of its containers",
        severity=Severity.TRACEABLE,
        find=pods_seen,
        things="steps",
        well="the pods of all steps were seen",
        nothing="no step of it ran in a pod",
        looks_at="For each step that ran, a pod with container statuses. UNKNOWN: none was seen.",
        remedy="Watch pods while they run, and let podGC keep them until they were seen.",
    ),
    Check(
        id="C-05",
        of_steps=False,
        title="Nobody looked away while it ran",
        severity=Severity.WARNING,
        find=no_gap,
        things="kinds of objects",
        well="all were watched without a gap",
        nothing="nothing is watched",
        looks_at="The ledger of gaps of workflows and pods. FAIL: there is a gap, and steps or pods are missing. "
        "UNKNOWN: there is a gap, or nobody watched.",
        remedy="Run two watchers, and look at `lineage query ingestion` for the reason of the gap.",
    ),
    Check(
        id="C-06",
        title="The clocks agree",
        severity=Severity.INFORMATION,
        find=clocks_sane,
        things="steps",
        well="the times of all steps are in order",
        nothing="no step of it began",
        looks_at="The times of steps, of their pods and of the run, to two seconds. FAIL: something ended before "
        "it began. UNKNOWN: an end is not known.",
        remedy="Synchronise the clocks of the hosts.",
    ),
)
