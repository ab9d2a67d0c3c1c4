"""Group P: are the values known that it was given?"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lineage.audit.checking import Check
from lineage.audit.data import OF_ENGINE
from lineage.audit.material import AuditEvidence, Working, shown
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, passed, unknown
from lineage.dossier import Step
from lineage.members import mapping_in, mappings_in, text_in
from lineage.model import Parameter

LEFT_OPEN: Final = re.compile(
    r"\{\{-?\s*(?:=|\$\.|inputs\.|workflow\.|tasks\.|steps\.|item|pod\.|retries|node\.|cronworkflow\.|outputs\.|lastRetry)"
)
MACRO: Final = re.compile(r"\[\[\s*(?:ScheduledTime|CurrentTime|Index|RunUUID)\b[^\]]*\]\]")
TIMES: Final = re.compile(r"\{\{-?\s*workflow\.(?:creationTimestamp|scheduledTime)|" + MACRO.pattern)
READS_NOW: Final = re.compile(
    r"\bdatetime\.(?:datetime\.)?(?:now|utcnow|today)\(|\bdate\.today\(|\btime\.time(?:_ns)?\(|\bTimestamp\.(?:now|today|utcnow)\("
    r"|\$\(\s*date\b|`\s*date\b|\bDate\.now\(|\bnew Date\(\)|\bSys\.time\(|\bcurrent_timestamp\b|\bnow\(\)",
    re.I,
)


def resolved(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    arguments = [one for one in evidence.view.parameters if not one.redacted]
    for one in arguments:
        if one.value is not None and (LEFT_OPEN.search(one.value) or MACRO.search(one.value)):
            yield failed(f"the argument {one.name} still says {shown(one.value)}", _argument(evidence, one))
    for step in evidence.working:
        yield _resolved(evidence, step)


def _resolved(evidence: AuditEvidence, step: Step) -> Finding:
    name, given = step.execution.display_name, step.execution.input_parameters
    path = f"status.nodes[{step.execution.node_id}].inputs.parameters"
    for one in given:
        if not one.redacted and one.value is not None and LEFT_OPEN.search(one.value):
            seen = evidence.of_workflow(f"{path}[{one.name}]", shown(one.value))
            return failed(f"{one.name} of {shown(name)} still says {shown(one.value)}", seen, step=name)
    absent = [one for one in given if one.value is None and not one.redacted]
    if absent:
        said = f"the value of {absent[0].name} of {shown(name)} is not recorded"
        return unknown(Unknown.NEVER_CAPTURED, said, evidence.of_workflow(path), step=name)
    if evidence.dossier.raw is None:
        return unknown(Unknown.NEVER_CAPTURED, f"what {shown(name)} was given was not seen", step=name)
    return passed(f"{shown(name)} was given values", evidence.of_workflow(path, str(len(given))), step=name)


def _argument(evidence: AuditEvidence, one: Parameter) -> Evidence:
    value = None if one.redacted or one.value is None else shown(one.value)
    return evidence.of_workflow(f"spec.arguments.parameters[{one.name}]", value)


def overrides_known(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    raw = evidence.dossier.raw
    if not evidence.view.parameters:
        return
    if raw is None:
        yield unknown(Unknown.NEVER_CAPTURED, "the object that says which defaults there were was not seen")
        return
    defaults = _defaults(raw)
    for one in evidence.view.parameters:
        if one.name not in defaults:
            said = f"{one.name} has no default"
        else:
            said = f"{one.name} is {'the default' if defaults[one.name] == one.value else 'given'}"
        yield passed(said, _argument(evidence, one))


def _defaults(raw: Any) -> Mapping[str, str]:
    """The defaults that a template, or the text of a pipeline of Kubeflow, has for arguments."""
    stored = mapping_in(raw, "status", "storedWorkflowTemplateSpec")
    return {
        text_in(one, "name"): text_in(one, "value") or text_in(one, "default")
        for one in mappings_in(stored or mapping_in(raw, "spec"), "arguments", "parameters")
        if "value" in one or "default" in one
    }


def references_frozen(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    seen: dict[str, Working] = {}
    for one in evidence.containers:
        for reference in _configuration(one):
            seen.setdefault(reference, one)
    for reference, one in seen.items():
        said = f"{shown(one.name)} reads {shown(reference)}, and nobody recorded which version of it"
        yield unknown(Unknown.NEVER_CAPTURED, said, one.evidence("env and volumes", shown(reference)), step=one.name)
    for parameter in evidence.view.parameters:
        if parameter.redacted:
            yield passed(f"the secret {parameter.name} is known by its keyed digest", _argument(evidence, parameter))


def _configuration(one: Working) -> Iterator[str]:
    kinds = {"configMap": "configmap", "secret": "secret"}
    mounted = (f"{kinds[each.kind]} {each.name}" for each in one.container.mounts if each.kind in kinds)
    variables = (each.source.partition("/")[0] for each in one.container.environment if each.source)
    for reference in (*variables, *one.container.sources, *mounted):
        if reference.startswith(("configmap ", "secret ")) and reference not in OF_ENGINE:
            yield reference


def seed_declared(evidence: AuditEvidence, policy: Policy) -> Iterator[Finding]:
    for one in evidence.view.parameters:
        if _is_seed(one.name, policy) and one.value:
            yield passed(f"the argument {one.name} is a seed", _argument(evidence, one))
            return
    for step in evidence.working:
        for one in step.execution.input_parameters:
            if _is_seed(one.name, policy) and one.value:
                path = f"status.nodes[{step.execution.node_id}].inputs.parameters[{one.name}]"
                value = None if one.redacted else shown(one.value)
                yield passed(f"{one.name} of {shown(step.execution.display_name)} is a seed",
                             evidence.of_workflow(path, value), step=step.execution.display_name)  # fmt: skip
                return
    for working in evidence.containers:
        for variable in working.container.environment:
            if _is_seed(variable.name, policy) and variable.value:
                said = f"the variable {variable.name} of {shown(working.name)} is a seed"
                yield passed(said, working.evidence(f"env[{variable.name}]", shown(variable.value)), step=working.name)
                return
    if evidence.working:
        said = f"no argument, parameter or variable is called as a seed is ({', '.join(sorted(policy.seeds))})"
        yield unknown(Unknown.NEVER_CAPTURED, said)


def _is_seed(name: str, policy: Policy) -> bool:
    word = name.casefold().replace("-", "_")
    return any(word == one or word.endswith(f"_{one}") for one in policy.seeds)


def times_written(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for parameter in evidence.view.parameters:
        if parameter.value is not None and not parameter.redacted and TIMES.search(parameter.value):
            yield failed(
                f"the argument {parameter.name} is a time that nobody filled in", _argument(evidence, parameter)
            )
    for one in evidence.of_containers():
        yield one if isinstance(one, Finding) else _times_written(one)


def _times_written(one: Working) -> Finding:
    where = f"{one.container.name} of {shown(one.name)}"
    texts = (*one.container.argv, one.container.script or "")
    if not one.arguments_known:
        return unknown(Unknown.NEVER_CAPTURED, f"nobody saw what {where} was called with", step=one.name)
    for text in texts:
        if (found := READS_NOW.search(text)) is not None:
            seen = one.evidence("spec.containers.args", shown(found.group()))
            return failed(f"the code of {where} asks what time it is", seen, step=one.name)
        if (found := TIMES.search(text)) is not None:
            seen = one.evidence("spec.containers.args", shown(found.group()))
            return failed(f"{where} was called with a time that nobody filled in", seen, step=one.name)
    return passed(
        f"{where} was called with times as they were then", one.evidence("spec.containers.args"), step=one.name
    )


CHECKS: Final = (
    Check(
        id="P-01",
        title="Every parameter is a value",
        severity=Severity.TRACEABLE,
        find=resolved,
        things="steps",
        well="every parameter is a value",
        nothing="no step of it ran anything",
        looks_at="The inputs of each step as its node says. FAIL: a placeholder is left in one. UNKNOWN: a value "
        "is not recorded.",
        remedy="Look at the node in `lineage query run`: what should have filled the placeholder did not run.",
    ),
    Check(
        id="P-02",
        of_steps=False,
        title="It is known which arguments were defaults",
        severity=Severity.INFORMATION,
        find=overrides_known,
        things="arguments",
        well="it is known of every argument",
        nothing="the run has no arguments",
        looks_at="The arguments of the run and the defaults in its text.",
        remedy="Record the workflow itself.",
    ),
    Check(
        id="P-03",
        title="Configuration that is only referred to is frozen",
        severity=Severity.RE_EXECUTABLE,
        find=references_frozen,
        things="references",
        well="what is referred to is frozen",
        nothing="nothing is referred to but by value",
        looks_at="ConfigMaps and Secrets in environment and volumes; secret arguments by their keyed digest. "
        "UNKNOWN: their versions are not recorded, as objects of kind Secret never are.",
        remedy="Pass configuration as parameters or artifacts; or use ConfigMaps that are immutable and named by "
        "content.",
    ),
    Check(
        id="P-04",
        of_steps=False,
        title="A seed is declared",
        severity=Severity.WARNING,
        find=seed_declared,
        things="seeds",
        well="a seed is declared",
        nothing="no step of it ran anything",
        looks_at="Arguments, parameters and variables that are called as in the policy's `seeds`. UNKNOWN: there "
        "is none, which proves nothing.",
        remedy="Give the seed as a parameter, and name it in the policy if it is called otherwise.",
    ),
    Check(
        id="P-05",
        title="Times are written down",
        severity=Severity.RE_EXECUTABLE,
        find=times_written,
        things="containers",
        well="no step asks what time it is",
        nothing="no container of somebody's own ran",
        looks_at="Arguments and commands. FAIL: a macro of the schedule was not filled in, or code in a command "
        "asks the clock. Code within images is not seen.",
        remedy="Pass the time as a parameter, such as [[ScheduledTime]] or {{workflow.scheduledTime}}.",
    ),
)
