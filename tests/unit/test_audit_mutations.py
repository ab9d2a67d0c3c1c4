"""The audit of a clean run, of which one fact is broken or one piece of evidence is missing.

Each breaks its own check, and those that follow from it; nothing that is missing is ever taken for good.
"""

from collections.abc import Callable
from functools import cache
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from lineage.audit import Audit, ImageProbe, Severity, Tier, Unknown, Verdict
from lineage.model import ArtifactState
from lineage.observation import LocationLooked, ResourceFollowed, ResourceListed
from lineage.rerun import Unpinned, UnpinnedKind
from tests.audited import (
    DUE,
    FOLDER,
    HELPER_IMAGE,
    HOUR,
    INPUT,
    NAME,
    STEP_IMAGE,
    STEPS,
    VERSION,
    Seen,
    a_run,
    audited,
    check,
    clean,
    evidence_of,
    judged,
    output_key,
    scores,
    verdicts,
)
from tests.factories import KubernetesObject, a_node, a_workflow, moment, rfc3339

PASS, FAIL, UNKNOWN, NOTHING = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE
DATA, MODEL = output_key(NAME, "prepare(1)", "data"), output_key(NAME, "train", "model")
REPORT = output_key(f"nightly-{DUE - HOUR}", "evaluate", "report")
OTHER_IMAGE = f"registry.example/step@sha256:{'c' * 64}"
OTHER = f"sha256:{'9' * 64}"

Change = Callable[[Seen], None]
Verdicts = dict[str, Verdict]


@cache
def good() -> Audit:
    return audited(clean())


@cache
def changed(change: Change) -> tuple[Audit, Verdicts]:
    """Audit the clean run after a change; name the checks that came to something else."""
    seen = clean()
    change(seen)
    found, before = audited(seen), verdicts(good())
    return found, {name: verdict for name, verdict in verdicts(found).items() if verdict is not before[name]}


def in_both(seen: Seen, step: str, change: Callable[[KubernetesObject], object]) -> None:
    """Change the main container of a step in this run and the one before it, so that they stay alike."""
    for prefix in ("", "before: "):
        change(seen.object(f"{prefix}pod of {step}")["spec"]["containers"][0])


# ------------------------------------------------------------------------------------------ clean
def test_a_clean_run_has_earned_its_tier() -> None:
    assert (good().tier, good().repeated) == (Tier.RE_EXECUTABLE, Verdict.PASS)
    others = {name: verdict for name, verdict in verdicts(good()).items() if verdict is not PASS}
    assert others == {
        "D-06": UNKNOWN,  # nobody sees what is read over the network
        "E-01": UNKNOWN,  # nobody records hosts
        "E-02": NOTHING,
        "E-05": UNKNOWN,  # nor packages
        "R-03": UNKNOWN,  # the policy declares no margin
        "R-05": UNKNOWN,
        "G-01": NOTHING,  # left out by the policy
        "G-02": NOTHING,
    }


def test_every_verdict_for_or_against_rests_on_evidence() -> None:
    bare = [one.id for one in good().checks if one.verdict in (PASS, FAIL) and not one.evidence]
    assert bare == []


# ------------------------------------------------------------------------------------------ broken
def template_not_stored(seen: Seen) -> None:
    seen.node("measure")["templateName"] = "elsewhere"


def runs_beyond_its_deadline(seen: Seen) -> None:
    seen.workflow["spec"]["activeDeadlineSeconds"] = 60
    seen.workflow["status"] |= {"phase": "Running", "finishedAt": None}


def node_lost(seen: Seen) -> None:
    seen.workflow["status"]["nodes"][f"{NAME}-9"]["children"].append(f"{NAME}-77")


def gap_with_a_pod_missing(seen: Seen) -> None:
    watch = seen.things["watch of pods"]
    first = seen.things["list of pods"]
    assert isinstance(watch, ResourceFollowed)
    assert isinstance(first, ResourceListed)
    seen.things["watch of pods"] = structs.replace(watch, seen_at=moment(DUE), until="2")
    again = structs.replace(first, seen_at=moment(DUE + 100), resource_version="3")
    seen.things["second list of pods"] = again
    seen.things["second watch of pods"] = structs.replace(
        watch, since="3", since_at=again.seen_at, until=str(10 * VERSION)
    )
    del seen.things["pod of prepare(0)"]


def clock_behind(seen: Seen) -> None:
    seen.workflow["status"]["finishedAt"] = rfc3339(DUE + 100)


def other_image_in_a_retry(seen: Seen) -> None:
    seen.object("pod of prepare(1)")["status"]["containerStatuses"][0]["imageID"] = OTHER_IMAGE
    assert seen.probes is not None
    seen.probes[OTHER_IMAGE] = seen.probes[STEP_IMAGE]


def image_by_tag(seen: Seen) -> None:
    for prefix in ("", "before: "):
        for template in seen.object(f"{prefix}workflow")["spec"]["templates"]:
            template["container"]["image"] = "registry.example/step:1"
    for name, thing in seen.things.items():
        if "pod of" in name:
            assert isinstance(thing, dict)
            thing["spec"]["containers"][0]["image"] = "registry.example/step:1"


def image_gone(seen: Seen) -> None:
    seen.probes = {STEP_IMAGE: ImageProbe(at=moment(DUE), found=False, labels=(seen.probes or {})[STEP_IMAGE].labels)}


def tree_dirty(seen: Seen) -> None:
    labels = {"org.opencontainers.image.revision": "c0ffee-dirty"}
    seen.probes = {STEP_IMAGE: ImageProbe(at=moment(DUE), found=True, labels=labels)}


def installs_unpinned(seen: Seen) -> None:
    in_both(seen, "train", lambda main: main.update(command=["sh", "-c", "pip install 'pandas>=2' && python -m train"]))


def other_helper(seen: Seen) -> None:
    for step in STEPS:
        if f"pod of {step}" in seen.things:
            status = seen.object(f"pod of {step}")["status"]["containerStatuses"][1]
            status["imageID"] = HELPER_IMAGE.replace("b" * 64, "d" * 64)


def store_without_versions(seen: Seen) -> None:
    seen.relook(INPUT, version=None)


def input_changed(seen: Seen) -> None:
    seen.look_again(INPUT, digest=OTHER, content_digest=OTHER, modified_at=moment(DUE + HOUR), etag="f", version="v2")


def input_gone(seen: Seen) -> None:
    seen.look_again(INPUT, state=ArtifactState.MISSING, reason="there is none")


def reads_elsewhere(seen: Seen) -> None:
    in_both(seen, "train", lambda main: main.update(env=[{"name": "EXTRA", "value": "s3://other/rows.csv"}]))


def writes_to_a_volume(seen: Seen) -> None:
    for prefix in ("", "before: "):
        spec = seen.object(f"{prefix}pod of train")["spec"]
        spec["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "scratch"}}]
        spec["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/scratch"}]


def folder_changed(seen: Seen) -> None:
    seen.look_again(FOLDER, content_digest=OTHER, modified_at=moment(DUE + HOUR), etag="f", version=None)


def placeholder_left(seen: Seen) -> None:
    seen.node("measure")["inputs"]["parameters"] = [{"name": "date", "value": "{{workflow.parameters.date}}"}]


def asks_the_clock(seen: Seen) -> None:
    in_both(seen, "train", lambda main: main.update(command=["python", "-c", "print(datetime.now())"]))


def sidecar_injected(seen: Seen) -> None:
    pod = seen.object("pod of train")
    proxy = {"name": "istio-proxy", "image": "proxy:1"}
    pod["spec"]["containers"].append(proxy)
    pod["status"]["containerStatuses"].append({**proxy, "imageID": OTHER_IMAGE, "state": {}})


def reused_is_gone(seen: Seen) -> None:
    seen.things[f"look at {REPORT}"] = seen.things.pop(f"before: look at {REPORT}")
    seen.look_again(REPORT, state=ArtifactState.MISSING, reason="there is none")


def reused_is_stale(seen: Seen) -> None:
    later = a_run(DUE + HOUR, cached=False)
    pod = later["pod of evaluate"]
    assert isinstance(pod, dict)
    pod["status"]["containerStatuses"][0]["imageID"] = OTHER_IMAGE
    seen.things |= {f"later: {name}": one for name, one in later.items()}


def stopped(seen: Seen) -> None:
    seen.workflow["spec"]["shutdown"] = "Stop"


def restarted(seen: Seen) -> None:
    seen.object("pod of train")["status"]["containerStatuses"][0]["restartCount"] = 2


def made_late(seen: Seen) -> None:
    seen.workflow["metadata"]["creationTimestamp"] = rfc3339(DUE + 600)


def output_gone(seen: Seen) -> None:
    seen.look_again(DATA, state=ArtifactState.MISSING, reason="there is none")


def output_changed(seen: Seen) -> None:
    seen.look_again(DATA, digest=OTHER, content_digest=OTHER, modified_at=moment(DUE + HOUR), etag="f", version="v2")


def served_changed(seen: Seen) -> None:
    seen.look_again(MODEL, digest=OTHER, content_digest=OTHER, modified_at=moment(DUE + HOUR), etag="f", version="v2")


def overwritten(seen: Seen) -> None:
    node = a_node("other.main", DUE + 2 * HOUR, DUE + 2 * HOUR + 10, writes=[scores(DUE)])
    seen.things["other run"] = a_workflow(
        {"other-1": node}, uid="other", name="other", phase="Succeeded", version=VERSION
    )


def not_deterministic(seen: Seen) -> None:
    key = output_key(f"nightly-{DUE - HOUR}", "train", "model")
    seen.things[f"look at {key}"] = seen.things.pop(f"before: look at {key}")
    seen.relook(key, digest=OTHER, content_digest=OTHER)


def cannot_be_pinned(seen: Seen) -> None:
    seen.unpinned = (Unpinned(path="spec.templates[train]", kind=UnpinnedKind.IMAGE, reason="its image is not known"),)


NO_COHORT: Final = {"R-01": UNKNOWN, "R-02": UNKNOWN}
NO_POD: Final = {
    **dict.fromkeys(("C-04", "K-01", "K-02", "K-04", "K-05", "K-08", "E-03", "E-04"), UNKNOWN),
    **NO_COHORT,
}
BROKEN: Final[dict[str, tuple[Change, Verdicts]]] = {
    "C-01": (template_not_stored, {"E-04": UNKNOWN, **NO_COHORT}),
    "C-02": (runs_beyond_its_deadline, {"C-05": UNKNOWN, "X-04": NOTHING, **NO_COHORT}),
    "C-03": (node_lost, {}),
    "C-05": (gap_with_a_pod_missing, NO_POD),
    "C-06": (clock_behind, {}),
    "K-02": (other_image_in_a_retry, NO_COHORT),
    "K-03": (image_by_tag, {}),
    "K-04": (image_gone, {}),
    "K-05": (tree_dirty, {}),
    "K-06": (installs_unpinned, {}),
    "K-08": (other_helper, {}),
    "D-02": (store_without_versions, {}),
    "D-03": (input_changed, {}),
    "D-04": (input_gone, {"D-03": UNKNOWN}),
    "D-06": (reads_elsewhere, {}),
    "D-06 by a volume": (writes_to_a_volume, {}),
    "D-07": (folder_changed, {"D-03": FAIL}),
    "P-01": (placeholder_left, {}),
    "P-05": (asks_the_clock, {}),
    "E-04": (sidecar_injected, {}),
    "X-01": (reused_is_gone, {}),
    "X-01 by its image": (reused_is_stale, {}),
    "X-03": (stopped, {}),
    "X-04": (restarted, {}),
    "X-05": (made_late, {}),
    "O-02": (output_gone, {"O-03": UNKNOWN}),
    "O-03": (output_changed, {"O-04": FAIL}),
    "O-04": (overwritten, {}),
    "R-02": (not_deterministic, {}),
    "R-04": (cannot_be_pinned, {}),
    "G-04": (served_changed, {"O-03": FAIL, "O-04": FAIL}),
}
"""What breaks a check, and what else follows from that."""


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_fails_its_check_and_what_follows_from_it_alone(name: str) -> None:
    change, others = BROKEN[name]
    found, came_to = changed(change)
    assert came_to == {name.partition(" ")[0]: FAIL, **others}
    assert_nothing_is_reached_that_is_blocked(found)


def assert_nothing_is_reached_that_is_blocked(found: Audit) -> None:
    assert found.tier.rank <= good().tier.rank
    for one in found.checks:
        if one.verdict in (FAIL, UNKNOWN):
            assert one.blocks is None or found.tier.rank < one.blocks.rank
            assert one.severity is not Severity.REPEATED or one.id in ("R-02", "R-03") or found.repeated is not PASS


def test_a_volume_that_can_be_written_blocks_a_tier() -> None:
    found, _ = changed(writes_to_a_volume)
    assert (check(found, "D-06").severity, found.tier) == (Severity.RE_EXECUTABLE, Tier.TRACEABLE)


# ------------------------------------------------------------------------------------------ missing
def without(*names: str) -> Change:
    def change(seen: Seen) -> None:
        for name in names:
            del seen.things[name]

    return change


def no_uses_of_versions(seen: Seen) -> None:
    seen.relook(INPUT, digest=None, content_digest=None)


def unresolved(seen: Seen) -> None:
    seen.node("measure")["inputs"]["parameters"] = [{"name": "date"}]


def no_seed(seen: Seen) -> None:
    for prefix in ("", "before: "):
        seen.object(f"{prefix}workflow")["spec"]["arguments"]["parameters"].pop(0)


def no_starter(seen: Seen) -> None:
    del seen.things["recurring run"]
    del seen.workflow["metadata"]["labels"]["workflows.argoproj.io/creator"]


def no_resources(seen: Seen) -> None:
    pod = seen.object("pod of train")
    del pod["status"]["qosClass"]
    del pod["spec"]["containers"][0]["resources"]


def no_image_id(seen: Seen) -> None:
    del seen.object("pod of train")["status"]["containerStatuses"][0]["imageID"]


def no_statuses(seen: Seen) -> None:
    seen.object("pod of train")["status"]["containerStatuses"].clear()


def no_end(seen: Seen) -> None:
    seen.workflow["status"] |= {"phase": "Running", "finishedAt": None}


def no_nodes(seen: Seen) -> None:
    seen.workflow["status"] |= {"nodes": {}, "offloadNodeStatusVersion": "1"}


def no_probes(seen: Seen) -> None:
    seen.probes = None


def no_labels(seen: Seen) -> None:
    seen.probes = {STEP_IMAGE: ImageProbe(at=moment(DUE), found=True)}


def nothing_declared(seen: Seen) -> None:
    seen.policy = seen.policy.partition("external")[0]


def looked_at_late(seen: Seen) -> None:
    for name in (DATA, MODEL, scores(DUE)):
        look = seen.things[f"look at {name}"]
        assert isinstance(look, LocationLooked)
        seen.things[f"look at {name}"] = structs.replace(look, seen_at=moment(DUE + 5 * HOUR))


def metric_of_nothing(seen: Seen) -> None:
    seen.node("measure")["inputs"]["artifacts"].clear()


def retried_to_one_place(seen: Seen) -> None:
    key = "shared/data"
    seen.node("prepare(1)")["outputs"]["artifacts"][0]["s3"]["key"] = key
    seen.node("train")["inputs"]["artifacts"][0]["s3"]["key"] = key
    look = seen.things.pop(f"look at {DATA}")
    assert isinstance(look, LocationLooked)
    seen.things["look at shared"] = structs.replace(look, uri=f"s3:///{key}")


LOOK: Final = {**dict.fromkeys(("D-01", "D-02", "D-03", "D-04"), UNKNOWN), **NO_COHORT}
MISSING: Final[dict[str, tuple[Change, Verdicts]]] = {
    "C-02": (no_end, {"C-05": UNKNOWN, "X-04": NOTHING, **NO_COHORT}),
    "C-04": (no_statuses, dict.fromkeys(("K-01", "K-02", "K-04", "K-05", "K-08", *NO_COHORT), UNKNOWN)),
    "C-05": (without("watch of pods", "list of pods"), {}),
    "K-01": (no_image_id, dict.fromkeys(("K-02", "K-04", "K-05", *NO_COHORT), UNKNOWN)),
    "K-04": (no_probes, {"K-05": UNKNOWN}),
    "K-05": (no_labels, {}),
    "K-08": (
        without("pod of train"),
        {name: of for name, of in (NO_POD | {"X-04": UNKNOWN}).items() if name != "K-08"},
    ),
    "D-01": (without(f"look at {INPUT}"), LOOK),
    "D-05": (nothing_declared, {}),
    "D-07": (without(f"look at {FOLDER}"), LOOK),
    "P-01": (unresolved, {}),
    "P-04": (no_seed, {}),
    "E-03": (no_resources, {}),
    "X-01": (without(f"before: look at {REPORT}"), {}),
    "X-02": (retried_to_one_place, {}),
    "X-05": (without("recurring run"), {}),
    "O-01": (looked_at_late, {}),
    "O-02": (without(f"look at {DATA}"), {"O-01": UNKNOWN, "O-03": UNKNOWN, "R-02": UNKNOWN}),
    "O-05": (metric_of_nothing, {}),
    "R-01": (without("before: workflow"), {"R-02": UNKNOWN, "X-01": UNKNOWN}),
    "G-03": (no_starter, {"X-05": UNKNOWN}),
}
"""What a check rests on and is not there, and what else then rests on nothing."""


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_is_not_known_and_never_taken_for_good(name: str) -> None:
    change, others = MISSING[name]
    found, came_to = changed(change)
    assert came_to == {name: UNKNOWN, **others}
    assert_nothing_is_reached_that_is_blocked(found)
    assert all(one.reason.partition(":")[0] in Unknown.__members__ for one in found.checks if one.verdict is UNKNOWN)


def test_of_a_run_that_nobody_saw_nothing_is_known() -> None:
    found, came_to = changed(without("workflow"))
    assert found.tier is Tier.NONE
    assert {name for name, verdict in came_to.items() if verdict is PASS} == set()
    assert {came_to[name] for name in ("C-01", "C-02", "C-03")} == {UNKNOWN}


def test_a_run_whose_steps_nobody_can_read_has_no_step_that_passes_by_absence() -> None:
    found, came_to = changed(no_nodes)
    assert found.tier is Tier.NONE
    assert NOTHING not in came_to.values()
    assert came_to["C-03"] is UNKNOWN


# ------------------------------------------------------------------------------------------ whatever is missing
REMOVABLE: Final = sorted(clean().things)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sets(st.sampled_from(REMOVABLE), min_size=1), st.sets(st.sampled_from(REMOVABLE)))
def test_removing_evidence_never_raises_a_tier_nor_makes_anything_pass(first: set[str], more: set[str]) -> None:
    def audit_without(names: set[str]) -> Audit | None:
        seen = clean()
        for name in names:
            del seen.things[name]
        evidence = evidence_of(seen)
        return None if evidence is None else judged(evidence, seen)

    less, least = audit_without(first), audit_without(first | more)
    for before, after in ((good(), less), (less, least)):
        if before is None or after is None:
            assert after is None  # what nobody saw is no run, and does not become one
            continue
        assert after.tier.rank <= before.tier.rank
        passing = {name for name, verdict in verdicts(after).items() if verdict is PASS}
        assert passing <= {name for name, verdict in verdicts(before).items() if verdict is PASS}
