"""Group G: can the record be believed, and is what is served what was audited?"""

from collections.abc import Iterator
from typing import Final

from lineage.audit.checking import Check
from lineage.audit.material import AuditEvidence, place_of, shown
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, not_applicable, passed, unknown
from lineage.members import mapping_in, text_in

CREATORS: Final = (
    "workflows.argoproj.io/creator",
    "workflows.argoproj.io/creator-preferred-username",
    "workflows.argoproj.io/creator-email",
)


def record_intact(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    yield unknown(Unknown.NEVER_CAPTURED, "what is recorded is not chained by hashes", evidence.of_workflow("record"))


def outputs_signed(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for step, use in evidence.outputs:
        said = f"nobody signed a statement of how {place_of(use.artifact)} was made"
        yield unknown(Unknown.NEVER_CAPTURED, said, step=step.execution.display_name)


def starter_known(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    run, view = evidence.run, evidence.view
    for name in CREATORS:
        if value := view.labels.get(name) or view.annotations.get(name):
            yield passed(f"{shown(value)} started it", evidence.of_workflow(f"metadata.labels[{name}]", shown(value)))
            return
    if evidence.recurring is not None:
        made = Evidence(of=evidence.recurring.key, path="runs", value=evidence.recurring.name)
        yield passed(f"the recurring run {shown(evidence.recurring.display_name)} started it", made)
    elif run.started_by_key is not None:
        yield passed("another execution started it", Evidence(of=run.started_by_key, path="started"))
    else:
        account = text_in(mapping_in(evidence.dossier.raw, "spec"), "serviceAccountName")
        said = f", though its pods ran as {shown(account)}" if account else ""
        seen = evidence.of_workflow("spec.serviceAccountName", shown(account) or None)
        yield unknown(Unknown.NEVER_CAPTURED, f"nothing says who started it{said}", seen)


def served_as_audited(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for deployment, one in evidence.served:
        if not one.is_served_now:
            continue
        where, name = place_of(one.artifact), shown(deployment.name)
        seen = Evidence(of=deployment.key, path=f"revision {shown(one.revision)}", value=where, kind=deployment.kind,
                        uid=deployment.uid)  # fmt: skip
        if one.changed_since:
            yield failed(f"{name} serves {where}, which is something else now", seen)
        elif one.changed_since is None or one.ambiguous:
            yield unknown(
                Unknown.AMBIGUOUS, f"whether {name} serves what the run wrote to {where} cannot be told", seen
            )
        else:
            yield passed(f"{name} serves what the run wrote to {where}", seen)
    if evidence.served and not any(one.is_served_now for _, one in evidence.served):
        yield not_applicable("nothing that it wrote is served now")


CHECKS: Final = (
    Check(
        id="G-01",
        of_steps=False,
        title="Our own record is intact",
        severity=Severity.VERIFIED,
        find=record_intact,
        things="records",
        well="the record is intact",
        nothing="nothing is recorded",
        looks_at="A chain of hashes over what is recorded. There is none: UNKNOWN.",
        remedy="Keep the event log and back up the store; a policy may leave this out.",
    ),
    Check(
        id="G-02",
        title="Each output has a signed statement",
        severity=Severity.VERIFIED,
        find=outputs_signed,
        things="outputs",
        well="every output has a signed statement",
        nothing="the run wrote nothing",
        looks_at="Envelopes of in-toto. None are read: UNKNOWN.",
        remedy="Sign what is released; a policy may leave this out.",
    ),
    Check(
        id="G-03",
        of_steps=False,
        title="Who started it is known",
        severity=Severity.WARNING,
        find=starter_known,
        things="starters",
        well="who started it is known",
        nothing="nobody starts it",
        looks_at="Argo's creator labels, the recurring run, or the execution that started it.",
        remedy="Submit through Argo's or Kubeflow's API with a login, which label runs with their creator.",
    ),
    Check(
        id="G-04",
        of_steps=False,
        title="What is served is what was audited",
        severity=Severity.WARNING,
        find=served_as_audited,
        things="deployments",
        well="what is served is what the run wrote",
        nothing="nothing that it wrote is served",
        looks_at="Deployments that serve an output now. FAIL: what lies there is something else than what was "
        "rolled out. UNKNOWN: nobody can tell.",
        remedy="Let `lineage probe` look at the model; roll out places that are never overwritten.",
    ),
)
