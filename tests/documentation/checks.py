"""The reference of an audit: every check, with what it weighs, what it looks at, and what to do."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from lineage.audit import (
    CHECKS,
    Check,
    Severity,
    capture,
    code,
    data,
    environment,
    execution,
    guarantees,
    outputs,
    parameters,
    repetition,
)
from tests.documentation import WRITTEN

GROUPS: Final = (capture, code, data, parameters, environment, execution, outputs, repetition, guarantees)


def reference() -> str:
    """Write the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("# The checks of an audit", "", WRITTEN, "")
    yield f"All {len(CHECKS)}, by what they are about. [Audits and tiers](audits.md) says what verdicts and tiers are."
    yield "A policy can change what a check weighs, or leave it out. `lineage audit ID --explain` says the same."
    about = {module.CHECKS[0].id[0]: (module.__doc__ or "").splitlines()[0] for module in GROUPS}
    for letter, checks in groupby(CHECKS, key=lambda one: one.id[0]):
        question = about[letter].partition(": ")[2]
        yield from ("", f"## {letter}: {question}")
        for one in checks:
            yield from _described(one)


def _described(check: Check) -> Iterator[str]:
    yield from ("", f"### {check.id}: {check.title}", "")
    yield f"{_weight(check.severity)}. {check.looks_at}"
    yield from ("", f"**Remedy.** {check.remedy}")


def _weight(severity: Severity) -> str:
    if severity.blocks is not None:
        return f"**Blocks {severity}**"
    words = {Severity.REPEATED: "Decides whether a run was repeated", Severity.WARNING: "A warning"}
    return f"**{words.get(severity, 'Information')}**"
