"""A run that is recorded whole and clean, in the observations that tell of it, so that a test can break or remove each.

A recurring run makes `nightly` every hour. It prepares data of a bucket with versions, in a step that is retried once;
trains on it; takes over what the hour before had evaluated; and measures. Everything is watched, every object looked
at, and the run before it did the same and came to the same. What it trains is served.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from msgspec import structs

from lineage.audit import IDS, Audit, AuditCheck, AuditEvidence, ImageProbe, Verdict, audit, read_policy
from lineage.auditing import audit_evidence
from lineage.evidence import Look
from lineage.facts import SourceObserved
from lineage.identity import run_key
from lineage.model import SourceState
from lineage.observation import LocationLooked, Observation, ResourceFollowed
from lineage.ports import EVERYTHING
from lineage.rerun import Unpinned
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    PODS,
    RECORDED_AT,
    WORKFLOWS,
    KubernetesObject,
    a_node,
    a_pod,
    a_recurring_run,
    a_scheduled_run,
    a_store,
    an_artifact,
    an_inference_service,
    listed,
    looked,
    moment,
)

HOUR: Final = 3600
DUE: Final = 1_767_225_600 + HOUR  # 2026-01-01T01:00:00Z
AS_OF: Final = moment(DUE + 24 * HOUR)
VERSION: Final = 5
NAME: Final = f"nightly-{DUE}"
RUN: Final = run_key(f"nightly-{DUE}-1")
INPUT, FOLDER = "landing/customers.csv", "landing/images/"
STEP_IMAGE: Final = f"registry.example/step@sha256:{'a' * 64}"
HELPER_IMAGE: Final = f"registry.example/argoexec@sha256:{'b' * 64}"
PASSING_ALL: Final = 'name = "tests"\nignore = ["G-01", "G-02"]\nexternal = ["s3:///landing/"]\n'

Thing = KubernetesObject | Observation


@dataclass(slots=True)
class Seen:
    """What was seen, by a name for each, and what is told beside it."""

    things: dict[str, Thing]
    policy: str = PASSING_ALL
    probes: dict[str, ImageProbe] | None = field(default_factory=dict)
    as_of: datetime = AS_OF
    unpinned: tuple[Unpinned, ...] | None = None

    def copy(self) -> "Seen":
        return replace(self, things=deepcopy(self.things), probes=deepcopy(self.probes))

    @property
    def workflow(self) -> KubernetesObject:
        return self.object("workflow")

    def object(self, name: str) -> KubernetesObject:
        found = self.things[name]
        assert isinstance(found, dict)
        return found

    def node(self, step: str) -> KubernetesObject:
        """The node of a step of the audited run."""
        found: KubernetesObject = self.workflow["status"]["nodes"][node_id(NAME, step)]
        return found

    def container(self, step: str, name: str = "main") -> KubernetesObject:
        """A container in the pod of a step of the audited run."""
        containers = self.object(f"pod of {step}")["spec"]["containers"]
        found: KubernetesObject = next(one for one in containers if one["name"] == name)
        return found

    def relook(self, key: str, **changes: Any) -> None:
        """Change what the look at a key showed."""
        look = self.things[f"look at {key}"]
        assert isinstance(look, LocationLooked)
        self.things[f"look at {key}"] = structs.replace(look, look=replace(look.look, **changes))

    def look_again(self, key: str, **shown: Any) -> None:
        """Look at a key again, an hour after the end."""
        look = self.things[f"look at {key}"]
        assert isinstance(look, LocationLooked)
        again = replace(look.look, **shown) if "state" not in shown else Look(**shown)
        self.things[f"second look at {key}"] = structs.replace(look, seen_at=moment(DUE + 2 * HOUR), look=again)


# ------------------------------------------------------------------------------------------ what ran
STEPS: Final = ("prepare(0)", "prepare(1)", "train", "evaluate", "measure")
_NUMBERS: Final = {step: 1_000_001 + index for index, step in enumerate(STEPS)}
_BEGINS: Final = {"prepare(0)": 10, "prepare(1)": 30, "train": 60, "evaluate": 100, "measure": 110}

_LASTS: Final = {"prepare(0)": 18, "prepare(1)": 20, "train": 30, "evaluate": 8, "measure": 30}


def node_id(workflow: str, step: str) -> str:
    return f"{workflow}-{_NUMBERS[step]}"


def output_key(workflow: str, step: str, name: str) -> str:
    """Where Argo puts an output: below the workflow and the pod."""
    return f"{workflow}/{workflow}-{step.partition('(')[0]}-{_NUMBERS[step]}/{name}"


def a_run(due: int, *, cached: bool) -> dict[str, Thing]:
    """A run with its pods, and looks at all that it wrote."""
    name, begin = f"nightly-{due}", due + 1
    data, model = output_key(name, "prepare(1)", "data"), output_key(name, "train", "model")
    report = output_key(f"nightly-{DUE - HOUR}" if cached else name, "evaluate", "report")
    parameters = {"parameters": [{"name": "date", "value": "2026-01-01"}]}
    made: dict[str, KubernetesObject] = {
        "prepare(0)": _node(name, "prepare(0)", due, reads=(INPUT, FOLDER), phase="Failed"),
        "prepare(1)": _node(name, "prepare(1)", due, reads=(INPUT, FOLDER), writes={"data": data}),
        "train": _node(name, "train", due, reads=(data,), writes={"model": model}),
        "evaluate": _node(name, "evaluate", due, reads=(model,), writes={"report": report}),
        "measure": _node(name, "measure", due, reads=(model,), writes={"scores": scores(due)}),
    }
    made["measure"]["outputs"]["parameters"] = [{"name": "auc", "value": "0.91"}]
    for one in made.values():
        one["inputs"].update(deepcopy(parameters))
    if cached:
        made["evaluate"]["memoizationStatus"] = {"hit": True, "key": "k", "cacheName": "c"}
        made["evaluate"]["finishedAt"] = made["evaluate"]["startedAt"]
    nodes = {node_id(name, step): one for step, one in made.items()}
    retry = a_node(
        f"{name}.prepare",
        begin + 9,
        begin + 50,
        kind="Retry",
        children=[node_id(name, "prepare(0)"), node_id(name, "prepare(1)")],
    )
    workflow = a_scheduled_run(
        due,
        took=200,
        nodes={**nodes, f"{name}-9": retry},
        labels={"workflows.argoproj.io/creator": "ada"},
        version=VERSION,
        spec=_spec(),
    )
    workflow["metadata"]["generateName"] = "nightly-"
    found: dict[str, Thing] = {"workflow": workflow}
    for step, node in made.items():
        if not (cached and step == "evaluate"):
            found[f"pod of {step}"] = _pod(
                name, step, due, workflow["metadata"]["uid"], failed=node["phase"] == "Failed"
            )
    written = {data: 49, model: 89, scores(due): 139} | ({} if cached else {report: 107})
    for key, after in written.items():
        found[f"look at {key}"] = look(key, modified=begin + after, at=due + 300)
    return found


def scores(due: int) -> str:
    """A place that is not named after a pod, so that anybody may write there."""
    return f"scores/{due}/scores.json"


def _node(
    workflow: str,
    step: str,
    due: int,
    *,
    reads: tuple[str, ...],
    writes: Mapping[str, str] = {},
    phase: str = "Succeeded",
) -> KubernetesObject:
    begin = due + 1 + _BEGINS[step]
    node = a_node(f"{workflow}.{step}", begin, begin + _LASTS[step], phase, reads=reads)
    template = step.partition("(")[0]
    node |= {"templateName": template, "templateScope": f"local/{workflow}"}
    node["outputs"] = {"artifacts": [an_artifact(name, key) for name, key in writes.items()]}
    return node


def _spec() -> KubernetesObject:
    names = ("prepare", "train", "evaluate", "measure")
    return {
        "entrypoint": "main",
        "serviceAccountName": "runner",
        "arguments": {
            "parameters": [{"name": "seed", "value": "7"}, {"name": "db_password", "value": "correct horse"}]
        },
        "templates": [
            {"name": name, "container": {"name": "main", "image": STEP_IMAGE, "command": ["python", "-m", name]}}
            for name in names
        ],
    }


def _pod(workflow: str, step: str, due: int, owner: str, *, failed: bool) -> KubernetesObject:
    begin = due + 1 + _BEGINS[step]
    pod = a_pod(
        f"{workflow}-{step}-pod",
        node_id(workflow, step),
        begin,
        begin + _LASTS[step] - 2,
        owner=owner,
        workflow=workflow,
        version=VERSION,
        image=STEP_IMAGE,
        image_id=STEP_IMAGE,
        phase="Failed" if failed else None,
    )
    main = pod["spec"]["containers"][0]
    main |= {"command": ["python", "-m", step.partition("(")[0]], "resources": {"requests": {"cpu": "1"}}}
    status = deepcopy(pod["status"]["containerStatuses"][0]) | {
        "name": "wait",
        "image": HELPER_IMAGE,
        "imageID": HELPER_IMAGE,
    }
    pod["spec"]["containers"].append({"name": "wait", "image": HELPER_IMAGE, "command": ["argoexec", "wait"]})
    pod["status"]["containerStatuses"].append(status)
    pod["status"]["qosClass"] = "Burstable"
    if failed:
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] = 1
    return pod


# ------------------------------------------------------------------------------------------ what was looked at
def look(key: str, *, modified: float, at: float, version: str | None = "v1") -> LocationLooked:
    """A look that read all bytes. What was written under one last name is the same in all runs."""
    seen = looked(key, modified=modified, at=at, version=version)
    digest = f"sha256:{sum(key.rpartition('/')[2].encode()):064x}"
    return structs.replace(seen, look=replace(seen.look, digest=digest, content_digest=digest))


def look_at_folder(key: str, *, at: float) -> LocationLooked:
    seen = looked(key, modified=DUE - 9 * HOUR, at=at)
    content = f"sha256:{'f' * 64}"
    return structs.replace(seen, look=replace(seen.look, files=3, content_digest=content, version="v1"))


def watched(resource: str, since: float, until: float) -> dict[str, Thing]:
    first = listed("*", 1, resource=resource)  # everything was seen later
    first = structs.replace(first, seen_at=moment(since))
    last = ResourceFollowed(
        source=first.source,
        cluster=CLUSTER,
        seen_at=moment(until),
        resource=resource,
        namespace="*",
        since=first.resource_version,
        since_at=first.seen_at,
        until=str(10 * VERSION),
        objects=0,
    )
    return {f"list of {resource}": first, f"watch of {resource}": last}


def clean() -> Seen:
    """All that there is to see of a clean run."""
    before = {f"before: {name}": one for name, one in a_run(DUE - HOUR, cached=False).items()}
    model = output_key(NAME, "train", "model")
    things: dict[str, Thing] = {
        "recurring run": a_recurring_run(version=VERSION, born=DUE - 5 * HOUR, written_at=DUE - 5 * HOUR),
        **watched(WORKFLOWS, DUE - 10 * HOUR, DUE + 5 * HOUR),
        **watched(PODS, DUE - 10 * HOUR, DUE + 5 * HOUR),
        **before,
        **a_run(DUE, cached=True),
        f"look at {INPUT}": look(INPUT, modified=DUE - 9 * HOUR, at=DUE + 300),
        f"look at {FOLDER}": look_at_folder(FOLDER, at=DUE + 300),
        "deployment": an_inference_service(
            f"s3:///{model}",
            born=DUE + 600,
            written_at=DUE + 600,
            ready_at=DUE + 610,
            revision="churn-00001",
            traffic={"churn-00001": 100},
        ),
    }
    labels = {
        "org.opencontainers.image.revision": "c0ffee",
        "org.opencontainers.image.source": "https://git.example/step",
    }
    return Seen(things, probes={STEP_IMAGE: ImageProbe(at=moment(DUE + HOUR), found=True, labels=labels)})


# ------------------------------------------------------------------------------------------ auditing
def stored(seen: Seen) -> SqlStore:
    """A store that knows what was seen, with fingerprints."""
    store = a_store(*seen.things.values())
    for resource, source in ((WORKFLOWS, "argo_workflow"), (PODS, "pod")):
        if f"list of {resource}" in seen.things:
            told = SourceObserved(
                source=source,
                cluster=CLUSTER,
                resource=resource,
                namespace="*",
                at=RECORDED_AT,
                state=SourceState.SYNCED,
                message=None,
                objects=0,
            )
            store.apply([told], recorded_at=RECORDED_AT)
    while store.settle(limit=100):
        pass
    return store


def evidence_of(seen: Seen) -> AuditEvidence | None:
    found = audit_evidence(stored(seen), EVERYTHING, RUN, as_of=seen.as_of, probes=seen.probes)
    return None if found is None else replace(found, unpinned=seen.unpinned or found.unpinned)


def audited(seen: Seen) -> Audit:
    found = evidence_of(seen)
    assert found is not None
    return judged(found, seen)


def judged(evidence: AuditEvidence, seen: Seen) -> Audit:
    return audit(evidence, read_policy(seen.policy, IDS))


def verdicts(found: Audit) -> dict[str, Verdict]:
    return {one.id: one.verdict for one in found.checks}


def check(found: Audit, name: str) -> AuditCheck:
    return next(one for one in found.checks if one.id == name)
