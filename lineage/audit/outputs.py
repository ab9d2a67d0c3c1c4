"""Group O: is what it made known, there, and its own?"""

from collections.abc import Callable, Iterator
from typing import Final

from lineage.audit.checking import Check
from lineage.audit.looking import first_digested, known_by_content, still_there, unchanged
from lineage.audit.material import AuditEvidence, kept_in_workflow, of_look, place_of, shown, span
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, passed, unknown
from lineage.dossier import Step
from lineage.model import BUILT_IN, Artifact, seconds_between


def _each(
    judge: Callable[[AuditEvidence, Step, Artifact], Finding],
) -> Callable[[AuditEvidence, Policy], Iterator[Finding]]:
    def found(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
        for step, use in evidence.outputs:
            yield judge(evidence, step, use.artifact)

    return found


def digested_at_once(evidence: AuditEvidence, policy: Policy) -> Iterator[Finding]:
    for step, use in evidence.outputs:
        finding = known_by_content(evidence, step, use.artifact)
        look = None if kept_in_workflow(use.artifact) else first_digested(evidence, use.artifact)
        after = None if look is None else seconds_between(step.execution.finished_at, look.at)
        if look is None or (after is not None and after <= policy.digest_within_seconds):
            yield finding
            continue
        where, name = place_of(use.artifact), step.execution.display_name
        late = "some time" if after is None else span(after)
        said = f"{where} was first read {late} after it was written"
        yield unknown(Unknown.NEVER_CAPTURED, said, of_look(use.artifact, look, look.digest), step=name)


def one_writer(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for step, use in evidence.outputs:
        artifact, name = use.artifact, step.execution.display_name
        others = evidence.writers.get(artifact.key, ())
        mine = Evidence(of=artifact.key, path=f"writes of {place_of(artifact)}", value=str(1 + len(others)))
        later = [one for one in others if _is_later(one, artifact)]
        if later:
            first = later[0]
            seen = Evidence(of=first.key, path=f"writes of {place_of(artifact)}", value=str(first.created_at))
            who = "by another step or run" if first.producer_key is not None else "from outside"
            yield failed(f"{place_of(artifact)} was overwritten {who}", mine, seen, step=name)
        else:
            yield passed(f"nobody is known to have written {place_of(artifact)} since", mine, step=name)


def _is_later(one: Artifact, than: Artifact) -> bool:
    return one.created_at is not None and (than.created_at is None or one.created_at > than.created_at)


def metrics_tied(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    steps = {one.execution.key: one for one in evidence.dossier.steps}
    for metric in evidence.dossier.metrics:
        if metric.source == BUILT_IN:
            continue
        step = steps.get(metric.execution_key) if metric.execution_key is not None else None
        seen = Evidence(
            of=metric.execution_key or metric.run_key, path=f"metric {shown(metric.name)}", value=shown(metric.source)
        )
        if step is not None and step.inputs:
            said = (
                f"{shown(metric.name)} is of {shown(step.execution.display_name)}, of which it is known what that read"
            )
            yield passed(said, seen, step=step.execution.display_name)
        else:
            said = f"nobody knows of which model and data {shown(metric.name)} is"
            yield unknown(Unknown.AMBIGUOUS, said, seen, step=None if step is None else step.execution.display_name)


_NO_OUTPUT: Final = "the run wrote nothing"
CHECKS: Final = (
    Check(
        id="O-01",
        title="Each output was read when it was made",
        severity=Severity.RE_EXECUTABLE,
        find=digested_at_once,
        things="outputs",
        well="every output was read soon after it was written",
        nothing=_NO_OUTPUT,
        looks_at="The first look that knew the digest of its content, and how long after the end of the step that "
        "was (the policy's `digest_within_seconds`). UNKNOWN: later than that, or never.",
        remedy="Let `lineage probe` run all the time, or let the store tell of writes (`events`).",
    ),
    Check(
        id="O-02",
        title="Each output is still there",
        severity=Severity.RE_EXECUTABLE,
        find=_each(still_there),
        things="outputs",
        well="every output is there",
        nothing=_NO_OUTPUT,
        looks_at="The last look that could tell. FAIL: the store says that nothing is there.",
        remedy="Keep outputs for longer; Argo's artifactGC removes them with the workflow.",
    ),
    Check(
        id="O-03",
        title="Each output is as it was",
        severity=Severity.RE_EXECUTABLE,
        find=_each(unchanged),
        things="outputs",
        well="every output is as it was",
        nothing=_NO_OUTPUT,
        looks_at="The last look that could tell, by content or version. FAIL: what lies there is something else.",
        remedy="Restore it; `lineage artifact URI` shows what each look saw.",
    ),
    Check(
        id="O-04",
        title="Nobody else wrote where it wrote",
        severity=Severity.TRACEABLE,
        find=one_writer,
        things="outputs",
        well="nobody is known to have written to the place of any output since",
        nothing=_NO_OUTPUT,
        looks_at="All recorded writes of the place. FAIL: another one came later.",
        remedy="Name the run in the key of the output.",
    ),
    Check(
        id="O-05",
        title="Metrics are tied to what they measure",
        severity=Severity.WARNING,
        find=metrics_tied,
        things="metrics",
        well="every metric is tied to what it measures",
        nothing="no metric is recorded",
        looks_at="The step that reported each metric, and what it read. UNKNOWN: none is known, or it read nothing.",
        remedy="Report metrics in the step that reads the model and the data.",
    ),
)
