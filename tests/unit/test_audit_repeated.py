"""Whether a run was made again, and what reuses of caches are worth: what audits say of other runs."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest

from lineage.audit import Audit, AuditEvidence, ReuseVerdict, Tier, Unknown, Verdict, reuses
from lineage.audit.material import Cohort, Repetition
from lineage.model import ArtifactState, Run
from lineage.rerun import RERUN_OF
from tests.audited import (
    DUE,
    HOUR,
    RUN,
    Seen,
    a_run,
    audited,
    check,
    clean,
    evidence_of,
    judged,
    output_key,
)

REPORT = output_key(f"nightly-{DUE - HOUR}", "evaluate", "report")
OTHER_IMAGE = f"registry.example/step@sha256:{'c' * 64}"
OTHER = f"sha256:{'9' * 64}"


# ------------------------------------------------------------------------------------------ run again
def with_rerun(seen: Seen, *, ended: bool = True) -> Seen:
    """Let somebody run it again a day later, from its manifest."""
    again = a_run(DUE + 20 * HOUR, cached=False)
    workflow = again["workflow"]
    assert isinstance(workflow, dict)
    workflow["metadata"]["labels"][RERUN_OF] = str(RUN[1])
    if not ended:
        workflow["status"] |= {"phase": "Running", "finishedAt": None}
    seen.things |= {f"again: {name}": one for name, one in again.items()}
    return seen


def test_a_rerun_that_agrees_verifies_a_run() -> None:
    found = audited(with_rerun(clean()))
    assert (check(found, "R-05").verdict, found.tier) == (Verdict.PASS, Tier.VERIFIED)


def test_a_rerun_that_has_not_ended_says_nothing_yet() -> None:
    found = audited(with_rerun(clean(), ended=False))
    assert (check(found, "R-05").verdict, found.tier) == (Verdict.UNKNOWN, Tier.RE_EXECUTABLE)
    assert check(found, "R-05").reason.startswith("NEVER_CAPTURED: ")


def another_model(seen: Seen) -> Seen:
    key = output_key(f"nightly-{DUE + 20 * HOUR}", "train", "model")
    seen.things[f"look at {key}"] = seen.things.pop(f"again: look at {key}")
    seen.relook(key, digest=OTHER, content_digest=OTHER)
    return seen


def test_a_rerun_that_differs_is_told_with_what_differs() -> None:
    found = audited(another_model(with_rerun(clean())))
    assert (check(found, "R-05").verdict, found.tier) == (Verdict.FAIL, Tier.RE_EXECUTABLE)
    assert "train" in check(found, "R-05").reason


def test_a_rerun_whose_metrics_are_within_their_margins_agrees_all_the_same() -> None:
    seen = another_model(with_rerun(clean()))
    seen.policy += "[margins]\nauc = 0.01\n"
    assert check(audited(seen), "R-05").verdict is Verdict.PASS


# ------------------------------------------------------------------------------------------ repeated
@cache
def evidence() -> AuditEvidence:
    found = evidence_of(clean())
    assert found is not None
    return found


def measured(*values: float, margin: float | None = 0.01) -> Audit:
    """The audit of the run, whose metric is 0.91, beside others that measured these values and made something else."""
    known = evidence()
    assert known.cohort is not None
    other = known.cohort.others[0]
    others = tuple(
        Repetition(run=other.run, outputs={("train", "model"): OTHER}, metrics={"auc": value}) for value in values
    )
    seen = clean()
    seen.policy += "" if margin is None else f"[margins]\nauc = {margin}\n"
    return judged(replace(known, cohort=Cohort(fingerprint="sha256:f", others=others)), seen)


@pytest.mark.parametrize(
    ("values", "margin", "verdict", "repeated"),
    [
        ((0.91, 0.911, 0.909, 0.9105), 0.01, Verdict.PASS, Verdict.PASS),
        ((0.95, 0.951, 0.949, 0.9505), 0.01, Verdict.FAIL, Verdict.FAIL),
        ((0.91,), 0.01, Verdict.UNKNOWN, Verdict.UNKNOWN),
        ((0.91, 0.911, 0.909, 0.9105), None, Verdict.UNKNOWN, Verdict.UNKNOWN),
    ],
)
def test_runs_that_made_something_else_may_have_measured_the_same(
    values: tuple[float, ...], margin: float | None, verdict: Verdict, repeated: Verdict
) -> None:
    found = measured(*values, margin=margin)
    assert (check(found, "R-02").verdict, check(found, "R-03").verdict, found.repeated) == (
        Verdict.FAIL,
        verdict,
        repeated,
    )


def test_a_run_without_a_fingerprint_says_what_is_missing() -> None:
    known = replace(evidence(), cohort=Cohort(fingerprint=None, missing=("the digest of an image is not known",)))
    reason = check(judged(known, clean()), "R-01").reason
    assert reason == "NEVER_CAPTURED: the run has no fingerprint: the digest of an image is not known"


# ------------------------------------------------------------------------------------------ caches
def reused(seen: Seen) -> tuple[ReuseVerdict, Unknown | None, bool]:
    """What the one reuse of the run is worth, why not more, and whether both images are known to be the same."""
    found = evidence_of(seen)
    assert found is not None
    (one,) = reuses(found)
    return one.verdict, one.why, one.image_then is not None and one.image_then == one.image_now


def test_a_reuse_whose_source_is_known_and_as_it_was_is_sound() -> None:
    (one,) = reuses(evidence())
    assert (one.verdict, one.age_seconds, one.source is not None) == (ReuseVerdict.SOUND, 3592.0, True)


@pytest.mark.parametrize("state", [ArtifactState.MISSING, ArtifactState.CHANGED])
def test_a_reuse_of_what_is_gone_or_changed_is_broken(state: ArtifactState) -> None:
    seen = clean()
    seen.things[f"look at {REPORT}"] = seen.things.pop(f"before: look at {REPORT}")
    if state is ArtifactState.MISSING:
        seen.look_again(REPORT, state=state, reason="there is none")
    else:
        seen.look_again(REPORT, digest=OTHER, etag="f", version="v2")
    assert reused(seen)[:2] == (ReuseVerdict.BROKEN, None)


def test_a_reuse_is_stale_once_the_step_runs_another_image() -> None:
    seen = clean()
    later = deepcopy(a_run(DUE + HOUR, cached=False))
    pod = later["pod of evaluate"]
    assert isinstance(pod, dict)
    pod["status"]["containerStatuses"][0]["imageID"] = OTHER_IMAGE
    seen.things |= {f"later: {name}": one for name, one in later.items()}
    assert reused(seen) == (ReuseVerdict.STALE, None, False)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("before: pod of evaluate", Unknown.NEVER_CAPTURED),
        (f"before: look at {REPORT}", Unknown.NEVER_CAPTURED),
        ("before: workflow", Unknown.NEVER_CAPTURED),
    ],
)
def test_what_nobody_saw_of_a_source_leaves_a_reuse_unknown(name: str, why: Unknown) -> None:
    seen = clean()
    del seen.things[name]
    assert reused(seen)[:2] == (ReuseVerdict.UNKNOWN, why)


def test_a_reuse_of_which_only_the_etag_is_known_is_not_sound() -> None:
    seen = clean()
    seen.things[f"look at {REPORT}"] = seen.things.pop(f"before: look at {REPORT}")
    seen.relook(REPORT, digest=None, content_digest=None, version=None)
    assert reused(seen)[:2] == (ReuseVerdict.UNKNOWN, Unknown.AMBIGUOUS)


def test_the_audited_run_is_none_of_its_repetitions() -> None:
    cohort = evidence().cohort
    assert cohort is not None
    runs: list[Run] = [one.run for one in cohort.others]
    assert RUN not in [one.key for one in runs]
