"""Group R: was it repeated, and did that agree?"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from lineage.audit.checking import Check
from lineage.audit.equivalence import Equivalence, equivalence
from lineage.audit.material import AuditEvidence, shown
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, passed, unknown
from lineage.fingerprints import content_of
from lineage.model import BUILT_IN, LOGS, ArtifactUse, Execution, Metric
from lineage.rerun import UnpinnedKind

NOT_ASKED: Final = frozenset({UnpinnedKind.SECRET, UnpinnedKind.INPUT})
"""What may be open in a manifest: whoever runs it has the secrets, and inputs are asked for in group D."""
Named: TypeAlias = tuple[str, str]


def cohort_there(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    cohort = evidence.cohort
    if cohort is None or cohort.fingerprint is None:
        missing = cohort.missing if cohort else ()
        said = f"the run has no fingerprint: {shown(missing[0])}" if missing else "the run has no fingerprint"
        yield unknown(Unknown.NEVER_CAPTURED, said)
        return
    seen = Evidence(of=evidence.run.key, path="fingerprint", value=cohort.fingerprint)
    if cohort.others:
        told = tuple(Evidence(of=one.run.key, path="fingerprint", value=cohort.fingerprint) for one in cohort.others)
        yield passed(f"{len(cohort.others) + 1} runs have its fingerprint", seen, *told)
    else:
        yield unknown(Unknown.NEVER_CAPTURED, "no other run has its fingerprint", seen)


def contents_written(execution: Execution, uses: Iterable[ArtifactUse]) -> Mapping[Named, str | None]:
    """The content of what an execution wrote itself, by step and name, without logs; None where it is not known."""
    step = execution.name.partition(".")[2] or execution.display_name
    return {
        (step, use.name): content_of(use.artifact)
        for use in uses
        if use.artifact.producer_key == execution.key and not use.name.endswith(LOGS)
    }


def outputs_of(evidence: AuditEvidence) -> Mapping[Named, str | None]:
    """The content of what the audited run wrote."""
    found: dict[Named, str | None] = {}
    for step in evidence.dossier.current:
        found |= contents_written(step.execution, step.outputs)
    return found


def outputs_equal(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    mine = outputs_of(evidence)
    for other in evidence.cohort.others if evidence.cohort else ():
        theirs = other.outputs
        if theirs is None:
            continue
        both = {one: (digest, theirs.get(one)) for one, digest in mine.items()}
        differ = [one for one, (here, there) in both.items() if here and there and here != there]
        open_ = [one for one, (here, there) in both.items() if not here or not there]
        name = shown(other.run.name)
        if differ:
            seen = tuple(
                Evidence(of=other.run.key, path=f"outputs[{shown('/'.join(one))}]", value=theirs[one]) for one in differ
            )
            yield failed(f"{shown('/'.join(differ[0]))} is something else in {name}", *seen)
        elif open_ or not mine:
            what = shown("/".join(open_[0])) if open_ else "what it wrote"
            yield unknown(Unknown.NEVER_CAPTURED, f"the digest of {what} is not known here and in {name}")
        else:
            seen = tuple(
                Evidence(of=other.run.key, path=f"outputs[{shown('/'.join(one))}]", value=mine[one]) for one in mine
            )
            yield passed(f"all outputs are the same in {name}", *seen)
    if evidence.cohort is None or not evidence.cohort.others:
        yield unknown(Unknown.NEVER_CAPTURED, "there is no other run to compare with")


def values_by_name(metrics: Iterable[Metric]) -> Mapping[str, float]:
    """The values of metrics that somebody reported, by name; those that are built in vary from run to run."""
    return {one.name: one.value for one in metrics if one.source != BUILT_IN and one.value is not None}


def metrics_equivalent(evidence: AuditEvidence, policy: Policy) -> Iterator[Finding]:
    others = evidence.cohort.others if evidence.cohort else ()
    mine = values_by_name(evidence.dossier.metrics)
    if not others or not mine:
        what = "no metric is recorded" if others else "there is no other run to compare with"
        yield unknown(Unknown.NEVER_CAPTURED, what)
        return
    for name, value in sorted(mine.items()):
        values = [one.metrics[name] for one in others if name in one.metrics]
        seen = Evidence(of=evidence.run.key, path=f"metric {shown(name)}", value=repr(value))
        if name not in policy.margins:
            yield unknown(Unknown.NEVER_CAPTURED, f"the policy declares no margin for {shown(name)}", seen)
            continue
        told = equivalence(value, values, margin=policy.margins[name], confidence=policy.confidence)
        within = f"{shown(name)} of {len(values)} other runs"
        match told:
            case Equivalence.SAME:
                yield passed(f"{within} is the same within {policy.margins[name]:g}", seen)
            case Equivalence.DIFFERENT:
                yield failed(f"{within} differs by more than {policy.margins[name]:g}", seen)
            case Equivalence.OPEN:
                yield unknown(Unknown.NEVER_CAPTURED, f"{within} is too little to tell", seen)


def manifest_builds(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    if evidence.unpinned is None:
        yield unknown(Unknown.NEVER_CAPTURED, "no manifest can be made that would run it again")
        return
    secrets = tuple(one for one in evidence.unpinned if one.kind is UnpinnedKind.SECRET)
    open_ = [one for one in evidence.unpinned if one.kind not in NOT_ASKED]
    for one in open_:
        seen = evidence.of_workflow(shown(one.path), shown(one.reason))
        yield failed(f"{shown(one.path)} cannot be held fast: {shown(one.reason)}", seen)
    if not open_:
        seen = Evidence(of=evidence.run.key, path="manifest", value="everything is held fast")
        told = (evidence.of_workflow(shown(one.path), "a secret, to be put in again") for one in secrets)
        yield passed("a manifest that would run it again holds everything fast", seen, *told)


def run_again(evidence: AuditEvidence, policy: Policy) -> Iterator[Finding]:
    mine = values_by_name(evidence.dossier.metrics)
    for one in evidence.reruns:
        seen = Evidence(of=one.run.key, path="rerun", value=one.run.phase.value)
        name = shown(one.run.name)
        if not one.run.phase.ended:
            yield unknown(Unknown.NEVER_CAPTURED, f"{name} runs it again, and has not ended", seen)
        elif one.differences and _within(mine, one.metrics, policy.margins):
            yield passed(f"{name} ran it again, and all its metrics are the same within their margins", seen)
        elif one.differences:
            yield failed(f"{name} ran it again, and differs: {shown(one.differences[0])}", seen)
        elif one.not_compared:
            said = f"{name} ran it again, and cannot be compared: {shown(one.not_compared[0])}"
            yield unknown(Unknown.NEVER_CAPTURED, said, seen)
        else:
            yield passed(f"{name} ran it again, and agrees", seen)
    if not evidence.reruns:
        yield unknown(Unknown.NEVER_CAPTURED, "nobody has run it again from a pinned manifest")


def _within(mine: Mapping[str, float], theirs: Mapping[str, float], margins: Mapping[str, float]) -> bool:
    """Say whether all metrics of two runs are the same within the margins that are declared for them."""
    return bool(mine) and all(
        name in theirs and name in margins and abs(theirs[name] - value) <= margins[name]
        for name, value in mine.items()
    )


CHECKS: Final = (
    Check(
        id="R-01",
        of_steps=False,
        title="Other runs have its fingerprint",
        severity=Severity.REPEATED,
        find=cohort_there,
        things="runs",
        well="other runs have its fingerprint",
        nothing="nothing ran",
        looks_at="Runs of the same images, commands, parameters, inputs and environment; copies from a cache do "
        "not count. UNKNOWN: there is none, or the run has no fingerprint.",
        remedy="Run it again without the cache; what a fingerprint lacks is told by the run.",
    ),
    Check(
        id="R-02",
        title="They made the same",
        severity=Severity.REPEATED,
        find=outputs_equal,
        things="runs",
        well="all runs made the same",
        nothing="nothing ran",
        looks_at="Digests of what outputs mean, else of their bytes, logs left out. FAIL: some differ. This or "
        "R-03 earns the badge.",
        remedy="Fix seeds and orders, write no times into outputs, or declare margins for metrics (R-03).",
    ),
    Check(
        id="R-03",
        of_steps=False,
        title="They measured the same",
        severity=Severity.REPEATED,
        find=metrics_equivalent,
        things="metrics",
        well="all metrics are the same within their margins",
        nothing="nothing ran",
        looks_at="Two one-sided tests of each metric against the margin that the policy declares. FAIL: it is "
        "shown to differ by more. UNKNOWN: no margin is declared, or there are too few runs.",
        remedy="Declare margins in the policy ([margins]), and run it more often.",
    ),
    Check(
        id="R-04",
        of_steps=False,
        title="A manifest that pins everything can be made",
        severity=Severity.RE_EXECUTABLE,
        find=manifest_builds,
        things="references",
        well="nothing is left open",
        nothing="nothing ran",
        looks_at="The manifest that would run it again. FAIL: something in it cannot be held fast. Secrets are to be "
        "put in again, and data from outside is asked for in group D.",
        remedy="`lineage rerun RUN` lists what is open, and why.",
    ),
    Check(
        id="R-05",
        of_steps=False,
        title="It was run again from that manifest, and agreed",
        severity=Severity.VERIFIED,
        find=run_again,
        things="reruns",
        well="every rerun agrees",
        nothing="nothing ran",
        looks_at="Runs that bear the label of the original, compared with it: what came out is the same, or else all "
        "metrics are within the margins of the policy. FAIL: one differs. UNKNOWN: there is "
        "none.",
        remedy="Run the manifest of `lineage rerun RUN`, and record that run.",
    ),
)
