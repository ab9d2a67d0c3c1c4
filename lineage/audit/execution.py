"""Group X: did it run as it says?"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from lineage.audit.caching import ReuseVerdict, reuses
from lineage.audit.checking import Check
from lineage.audit.material import AuditEvidence, kept_in_workflow, place_of, shown, span
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, not_applicable, passed, unknown
from lineage.dossier import Step
from lineage.identity import names_own_pod
from lineage.members import mapping_in, text_in
from lineage.model import Phase, SlotOutcome
from lineage.workloads import WORKFLOW

MADE_BY: Final = (
    "workflows.argoproj.io/cron-workflow",
    "scheduledworkflows.kubeflow.org/scheduledWorkflowName",
    "pipeline/recurringrunid",
)
"""Labels of what a recurring run made."""

KILLED: Final = frozenset(
    {"OOMKilled", "Evicted", "DeadlineExceeded", "NodeLost", "Preempted", "Preempting", "Shutdown"}
)


def caches_sound(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for one in reuses(evidence):
        name = one.step.display_name
        match one.verdict:
            case ReuseVerdict.SOUND:
                yield passed(one.reason, *one.evidence, step=name)
            case ReuseVerdict.UNKNOWN:
                yield unknown(one.why or Unknown.NEVER_CAPTURED, one.reason, *one.evidence, step=name)
            case _:
                yield failed(f"{one.verdict.lower()}: {one.reason}", *one.evidence, step=name)


def one_writer_among_attempts(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for name, attempts in _retried(evidence).items():
        writers: defaultdict[str, list[Step]] = defaultdict(list)
        for step in attempts:
            for use in step.outputs:
                if use.artifact.producer_key == step.execution.key and use.artifact.uri is not None:
                    writers[use.artifact.uri].append(step)
        several = [uri for uri, of in writers.items() if len(of) > 1]
        last = attempts[-1]
        if several:
            seen = tuple(
                Evidence(of=one.execution.key, path="outputs", value=shown(several[0])) for one in writers[several[0]]
            )
            yield failed(
                f"{len(writers[several[0]])} attempts at {shown(name)} wrote {shown(several[0])}", *seen, step=name
            )
            continue
        shared = [
            use.artifact
            for use in last.outputs
            if not kept_in_workflow(use.artifact) and not _own(last, use.artifact.uri)
        ]
        told = Evidence(of=last.execution.key, path="attempts", value=str(len(attempts)))
        if shared:
            said = f"an earlier attempt at {shown(name)} may have written to {place_of(shared[0])} as well"
            yield unknown(Unknown.AMBIGUOUS, said, told, step=name)
        else:
            yield passed(f"only the last attempt at {shown(name)} wrote its outputs", told, step=name)


def _own(step: Step, uri: str | None) -> bool:
    """Say whether a place is named after the pod of one attempt, so that no other writes there."""
    node = step.execution.node_id or ""
    return names_own_pod(uri or "", node_id=node, workflow=node.rpartition("-")[0]) is True


def _retried(evidence: AuditEvidence) -> dict[str, list[Step]]:
    """The attempts at each step of which there are several, in their order; those that a retry by hand replaced too."""
    attempts: defaultdict[str, list[Step]] = defaultdict(list)
    for step in evidence.dossier.steps:
        if not step.execution.system and step.execution.started_at is not None and not step.execution.cached:
            attempts[_base(step)].append(step)
    return {name: of for name, of in attempts.items() if len(of) > 1}


def _base(step: Step) -> str:
    """The name of what is retried: Argo puts the number of the attempt behind it."""
    name = step.execution.name
    suffix = f"({step.execution.attempt})"
    return name.removesuffix(suffix) if name.endswith(suffix) else name


def nobody_intervened(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    raw = evidence.dossier.raw
    if raw is None:
        yield unknown(Unknown.NEVER_CAPTURED, "the object of the run was not seen")
        return
    found: list[tuple[str, Evidence]] = []
    for step in evidence.dossier.steps:
        one = step.execution
        if one.superseded and one.started_at is not None:
            seen = Evidence(of=one.key, path="superseded", value=one.phase.value)
            found.append((f"an attempt at {shown(one.display_name)} was replaced by a retry by hand", seen))
    spec = mapping_in(raw, "spec")
    found += [
        (f"it was told to {member} while it ran", evidence.of_workflow(f"spec.{member}", str(spec[member])))
        for member in ("shutdown", "suspend")
        if spec.get(member)
    ]
    nodes = mapping_in(raw, "status", "nodes")
    for node_id, node in nodes.items():
        if text_in(node, "type") == "Suspend" and not _goes_on_by_itself(evidence, raw, node):
            name = shown(text_in(node, "displayName"))
            found.append(
                (f"somebody had to let {name} go on", evidence.of_workflow(f"status.nodes[{node_id}]", "Suspend"))
            )
    if found:
        yield failed(found[0][0], *(seen for _, seen in found))
    elif evidence.run.kind == WORKFLOW and not nodes:
        yield unknown(Unknown.NEVER_CAPTURED, "the steps in the object of the run could not be read")
    else:
        yield passed("nothing in it was suspended, stopped or retried by hand", evidence.of_workflow("status.nodes"))


def _goes_on_by_itself(evidence: AuditEvidence, raw: Any, node: Any) -> bool:
    name = text_in(node, "templateName")
    step = next((one for one in evidence.dossier.steps if one.execution.node_id == text_in(node, "id")), None)
    template = step.template if step is not None else {}
    return bool(name) and "duration" in mapping_in(template, "suspend")


def nothing_failed_unseen(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    if evidence.run.phase is not Phase.SUCCEEDED:
        said = f"the run itself says that it is {evidence.run.phase.value.lower()}"
        yield not_applicable(said, evidence.of_workflow("status.phase", evidence.run.phase.value))
        return
    retried = {key: of[-1] for of in _retried(evidence).values() for key in (one.execution.key for one in of[:-1])}
    for step in evidence.dossier.current:
        if step.execution.key in retried and retried[step.execution.key].execution.phase is Phase.SUCCEEDED:
            continue
        if (finding := _failed_unseen(step)) is not None:
            yield finding


def _failed_unseen(step: Step) -> Finding | None:
    one, name = step.execution, step.execution.display_name
    seen = Evidence(of=one.key, path="phase", value=one.phase.value)
    if one.phase in (Phase.FAILED, Phase.ERROR):
        return failed(f"the run succeeded, although {shown(name)} did not", seen, step=name)
    if not step.ran:
        return None
    for pod in step.pods:
        of_pod = Evidence(
            of=one.key, path=f"state of {pod.name}", value=pod.reason or str(pod.exit_code), kind="Pod", uid=pod.uid
        )
        if pod.reason in KILLED or pod.phase is Phase.FAILED:
            said = f"a pod of {shown(name)} came to {shown(pod.reason or pod.phase.value)}"
            return failed(said, of_pod, step=name)
        if pod.exit_code not in (None, 0):
            return failed(f"{shown(name)} ended with exit code {pod.exit_code}", of_pod, step=name)
        if pod.restarts:
            return failed(f"containers of {shown(name)} were started {pod.restarts} times again", of_pod, step=name)
    if not step.pods and one.kind == "POD":
        return unknown(Unknown.NEVER_CAPTURED, f"no pod of {shown(name)} was seen", seen, step=name)
    return passed(f"{shown(name)} succeeded", seen, step=name)


def as_scheduled(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    run = evidence.run
    if run.recurring_run_key is None:
        if run.scheduled_at is not None or any(one in evidence.view.labels for one in MADE_BY):
            told = evidence.of_workflow("metadata.labels", "made on a schedule")
            yield unknown(Unknown.NEVER_CAPTURED, "what makes it on a schedule was not seen", told)
        return
    of = Evidence(of=run.recurring_run_key, path="slots", value=str(run.scheduled_at) if run.scheduled_at else None)
    if run.scheduled_at is None:
        yield failed("somebody made it by hand from what makes runs on a schedule", of)
    elif evidence.slot is None:
        yield unknown(Unknown.NEVER_CAPTURED, "when it was due is not known", of)
    elif evidence.slot.outcome is SlotOutcome.ON_TIME:
        yield passed("it was made on time", of)
    else:
        late = evidence.slot.late_by_seconds
        said = f", {span(late)} after it was due" if late else ""
        yield failed(f"it was {evidence.slot.outcome.value.lower()}{said}", of)


CHECKS: Final = (
    Check(
        id="X-01",
        title="What was taken over from a cache is sound",
        severity=Severity.TRACEABLE,
        find=caches_sound,
        things="reused steps",
        well="every reuse is sound",
        nothing="nothing was taken over from a cache",
        looks_at="The execution that wrote it, the image that ran then and the one that runs now, and looks at "
        "what it wrote. FAIL: broken, where that is gone or changed; stale, where another image runs now. "
        "UNKNOWN: the source is not known, or nobody looked.",
        remedy="Run it again without the cache, or look at the objects again (`lineage verify RUN`).",
    ),
    Check(
        id="X-02",
        title="Of retried steps one attempt wrote the outputs",
        severity=Severity.WARNING,
        find=one_writer_among_attempts,
        things="retried steps",
        well="one attempt wrote the outputs of every retried step",
        nothing="nothing was retried",
        looks_at="The places that attempts at a step wrote. FAIL: several wrote one. UNKNOWN: an earlier attempt "
        "may have, as the place is not named after the pod.",
        remedy="Write to places that are named after the pod, as Argo does unless it is told otherwise.",
    ),
    Check(
        id="X-03",
        title="Nobody intervened",
        severity=Severity.WARNING,
        find=nobody_intervened,
        things="interventions",
        well="nobody intervened",
        nothing="nothing ran",
        looks_at="Retries by hand, suspensions that somebody ended, orders to stop. Who edits a spec is not "
        "recorded. FAIL: there was one.",
        remedy="Run it again without touching it.",
    ),
    Check(
        id="X-04",
        title="No failure is hidden",
        severity=Severity.WARNING,
        find=nothing_failed_unseen,
        things="steps",
        well="no step failed",
        nothing="no step of it ran anything",
        looks_at="Phases of the steps of a run that succeeded; exit codes, restarts, evictions of their pods. "
        "FAIL: there is one. UNKNOWN: no pod was seen.",
        remedy="Look at the step (`lineage show RUN`, `lineage logs RUN/STEP`); do without continueOn.",
    ),
    Check(
        id="X-05",
        of_steps=False,
        title="It was made when it was due",
        severity=Severity.INFORMATION,
        find=as_scheduled,
        things="times",
        well="it was made on time",
        nothing="no recurring run made it",
        looks_at="The ledger of the recurring run. FAIL: it was late, one of several, or made by hand.",
        remedy="`lineage recurring NAME` shows every time that it was due, and what became of it.",
    ),
)
