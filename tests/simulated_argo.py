"""Argo in the simulated world, and those who use it: workflows that run, fail and are run again.

What it does on purpose, because real clusters do: manual retries that delete failed nodes and reset groups;
memoized resubmits; workflows that Kubeflow makes again under another uid; names that are used again; cache
hits of both kinds; pods that a restarted controller adopts, or that are replaced; exit handlers that write
what their own run reads; steps of several runs that write one key.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal
from zlib import crc32

from lineage.identity import Key, execution_key, run_identity, written_key
from lineage.model import ArtifactRole
from tests.factories import (
    PODS,
    RESUBMITTED,
    RUN_ID,
    WORKFLOWS,
    KubernetesObject,
    an_artifact,
    rfc3339,
)
from tests.simulated_world import OUTSIDE, SHARED_KEYS, Node, Story, World
from watchers.sources.pod import node_id_of

NAMESPACES: Final = ("a", "b")
PIPELINE_SPEC: Final = "pipelines.kubeflow.org/pipeline_spec"
REUSED_FROM_CACHE: Final = "pipelines.kubeflow.org/reused_from_cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a workflow does: levels of parallel tasks. `shared` is a key that the first task reads, and that
    one of them, or the exit handler, writes."""

    name: str
    namespace: str
    levels: tuple[int, ...]
    shared: str | None
    run_id: str | None
    handles_exit: bool
    is_exit_handler: bool = False


class Controller:
    """Argo, and those who use it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance
        self._api = world.api
        self._truth = world.truth

    # -- workflows
    def life_of_a_workflow(self, number: int) -> Story:
        chance = self._chance
        plan = self._a_plan(number)
        workflow, plan = self._create(plan)
        yield from self._operate(workflow, plan)
        for _ in range(2):
            if workflow["status"]["phase"] != "Failed":
                break
            yield chance.choice([0.3, 1, 2, 20]) * chance.uniform(0.5, 1.5)
            how = chance.choice(["retry", "recreate", "resubmit", "leave"])
            if how == "leave" or (how == "recreate" and plan.run_id is None):
                break
            workflow, plan = self._again(workflow, plan, how)
            yield from self._operate(workflow, plan)
        yield chance.uniform(1, 40)
        if chance.random() < 0.5:
            self._remove(workflow)
            if plan.name == "again" and chance.random() < 0.7:
                run_id = f"run{number}-2" if plan.run_id else None
                workflow, plan = self._create(replace(plan, run_id=run_id))
                yield from self._operate(workflow, plan)

    def _a_plan(self, number: int) -> Plan:
        chance = self._chance
        shared = chance.choice([None, None, *SHARED_KEYS])
        return Plan(
            name=f"wf{number}" if chance.random() < 0.8 else "again",
            namespace=chance.choice(NAMESPACES),
            levels=tuple(chance.randint(1, 2) for _ in range(chance.randint(1, 3))),
            shared=shared,
            run_id=f"run{number}" if chance.random() < 0.4 else None,
            handles_exit=shared == "shared/markers" and chance.random() < 0.8,
        )

    def _create(
        self, plan: Plan, labels: dict[str, str] | None = None, nodes: dict[str, Node] | None = None
    ) -> tuple[KubernetesObject, Plan]:
        if self._api.has_workflow(plan.namespace, plan.name):
            plan = replace(plan, name=f"{plan.name}-x{self._world.serial()}")
        outputs = {"artifacts": [an_artifact("shared", plan.shared)]} if plan.shared else {}
        workflow: KubernetesObject = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {
                "name": plan.name,
                "namespace": plan.namespace,
                "uid": self._world.uid(),
                "creationTimestamp": rfc3339(self._world.clock("api")),
                "labels": {**(labels or {}), **({RUN_ID: plan.run_id} if plan.run_id else {})},
                "annotations": {PIPELINE_SPEC: '{"name": "pipeline"}'} if plan.run_id else {},
            },
            "spec": {"templates": [{"name": "t", "outputs": outputs}]},
            "status": {"phase": "", "nodes": nodes or {}},
        }
        self._save(workflow, "ADDED")
        return workflow, plan

    def _save(self, workflow: KubernetesObject, kind: Literal["ADDED", "MODIFIED"] = "MODIFIED") -> None:
        started = [node_id for node_id, node in workflow["status"]["nodes"].items() if node["startedAt"]]
        self._truth.rolls[_run(workflow)] = {_attempt(workflow, node_id) for node_id in started}
        self._api.send(kind, WORKFLOWS, workflow)

    def _remove(self, workflow: KubernetesObject) -> None:
        uid = workflow["metadata"]["uid"]
        self._api.delete(WORKFLOWS, uid)
        for pod in self._api.pods_of(uid):
            self._api.delete(PODS, pod["metadata"]["uid"])

    # -- again: by retry, by Kubeflow, by resubmission
    def _again(self, workflow: KubernetesObject, plan: Plan, how: str) -> tuple[KubernetesObject, Plan]:
        if how == "resubmit":
            return self._resubmit(workflow, plan)
        failed = _to_do_again(workflow["status"]["nodes"])
        kept = {
            node_id: deepcopy(node) for node_id, node in workflow["status"]["nodes"].items() if node_id not in failed
        }
        for node in kept.values():
            node["children"] = [child for child in node["children"] if child not in failed]
            if node["type"] == "DAG":
                node.update(phase="Running", finishedAt=None)
        if how == "recreate":
            self._remove(workflow)
            return self._create(plan, workflow["metadata"]["labels"], kept)
        self._retry(workflow, kept, failed)
        return workflow, plan

    def _retry(self, workflow: KubernetesObject, kept: dict[str, Node], failed: set[str]) -> None:
        """A manual retry deletes failed nodes with their pods, and resets groups under their ids."""
        now = rfc3339(self._world.clock("controller"))
        for pod in self._api.pods_of(workflow["metadata"]["uid"]):
            if pod["metadata"]["annotations"]["workflows.argoproj.io/node-id"] in failed:
                self._api.delete(PODS, pod["metadata"]["uid"])
        for node in kept.values():
            if node["type"] == "DAG":
                node["startedAt"] = now
        workflow["status"] = {"phase": "", "startedAt": now, "nodes": kept}
        self._save(workflow)
        self._note(workflow, workflow["metadata"]["name"])

    def _resubmit(self, workflow: KubernetesObject, plan: Plan) -> tuple[KubernetesObject, Plan]:
        """A memoized resubmit: what succeeded is carried over as skipped, the rest waits without a start."""
        old, nodes = workflow["metadata"]["name"], workflow["status"]["nodes"]
        name = f"{old}-r"
        copies: dict[str, Node] = {}
        for node_id, node in nodes.items():
            if node["phase"] == "Omitted" or _handles_exit(node):
                continue
            copy = self._carried_over(node_id, node, old=old, new=name, nodes=nodes)
            copies[copy["id"]] = copy
        labels = {**workflow["metadata"]["labels"], RESUBMITTED: old}
        again, plan = self._create(replace(plan, name=name), labels, copies)
        for node_id, node in copies.items():
            self._note(again, node_id)
            if node["type"] == "Skipped":
                for artifact in node["outputs"].get("artifacts", []):
                    self._reuse(again, node_id, artifact["name"], artifact["s3"]["key"])
        return again, plan

    def _carried_over(self, node_id: str, node: Node, *, old: str, new: str, nodes: dict[str, Node]) -> Node:
        def renamed(name: str) -> str:
            return new + name.removeprefix(old)

        now = rfc3339(self._world.clock("controller"))
        copy = deepcopy(node)
        copy.update(name=renamed(node["name"]), startedAt=now, finishedAt=now)
        copy["id"] = node_id_of(new, copy["name"])
        copy["children"] = [
            node_id_of(new, renamed(nodes[child]["name"]))
            for child in node["children"]
            if child in nodes and not _handles_exit(nodes[child])
        ]
        if node["type"] == "Pod" and node["phase"] == "Succeeded":
            copy.update(type="Skipped", phase="Skipped", message=f"original pod: {node_id}")
        elif node["type"] == "Pod":
            copy.update(phase="Pending", startedAt=None, finishedAt=None, outputs={})
        elif node["type"] != "Skipped":
            copy["phase"] = "Pending"
        return copy

    # -- the truth
    def _note(self, workflow: KubernetesObject, node_id: str) -> None:
        node = workflow["status"]["nodes"][node_id]
        if node["startedAt"]:
            self._truth.attempts[_attempt(workflow, node_id)] = node["type"]

    def _reuse(self, workflow: KubernetesObject, node_id: str, name: str, key: str) -> None:
        use = (_attempt(workflow, node_id), ArtifactRole.REUSED, name)
        self._truth.uses[use] = (key, self._world.written_last(key))

    # -- operating
    def _operate(self, workflow: KubernetesObject, plan: Plan) -> Story:
        name, status, nodes = workflow["metadata"]["name"], workflow["status"], workflow["status"]["nodes"]
        status["phase"] = "Running"
        status.setdefault("startedAt", rfc3339(self._world.clock("controller")))
        above, failed = [self._start(workflow, name, "DAG", [])], False
        self._save(workflow)
        keys: list[str] = []  # what the level above put out
        for depth, width in enumerate(plan.levels):
            live: list[str] = []
            stories: list[Story] = []
            for place in range(width):
                task = f"{name}.t{depth}{place}"
                node_id = node_id_of(name, task)
                if self._is_done(nodes, node_id):
                    live.append(node_id)
                elif failed:
                    self._omit(workflow, task, above)
                else:
                    live.append(node_id)
                    stories.append(self._task(workflow, plan, task, above, keys, first=depth == place == 0))
            yield from _side_by_side(stories)
            failed = failed or any(nodes[node_id]["phase"] == "Failed" for node_id in live)
            above = [_last_attempt(nodes, node_id) for node_id in live] or above
            keys = [a["s3"]["key"] for n in live for a in (nodes[n].get("outputs") or {}).get("artifacts", [])]
            self._save(workflow)
        if plan.handles_exit:
            handler = replace(plan, handles_exit=False, is_exit_handler=True)
            yield from self._run_attempt(workflow, handler, f"{name}.onExit", [], [], first=False)
        self._finish(workflow, failed=failed)
        if self._chance.random() < 0.3:
            yield self._chance.uniform(0, 3)
            self._collect_garbage(workflow)
        if self._chance.random() < 0.3:
            yield self._chance.uniform(0, 3)
            for pod in self._api.pods_of(workflow["metadata"]["uid"]):
                self._api.delete(PODS, pod["metadata"]["uid"])

    def _finish(self, workflow: KubernetesObject, *, failed: bool) -> None:
        end = {"phase": "Failed" if failed else "Succeeded", "finishedAt": rfc3339(self._world.clock("controller"))}
        workflow["status"]["nodes"][workflow["metadata"]["name"]].update(end)
        workflow["status"].update(end)
        self._save(workflow)

    def _collect_garbage(self, workflow: KubernetesObject) -> None:
        """Mark some outputs as removed. The marks stay, also in what is made of the workflow later."""
        for node in workflow["status"]["nodes"].values():
            for artifact in (node["outputs"] or {}).get("artifacts", []):
                if self._chance.random() < 0.5:
                    artifact["deleted"] = True
        self._save(workflow)

    def _is_done(self, nodes: dict[str, Node], node_id: str) -> bool:
        """Say whether an earlier life of the workflow did a task."""
        done = nodes.get(node_id)
        if done is None:
            return False
        if done["type"] == "Retry" and done["children"] and _phase_of_last(nodes, done) == "Skipped":
            done["phase"] = "Succeeded"  # a resubmission finds the attempt skipped
        return done["phase"] in ("Succeeded", "Skipped")

    def _omit(self, workflow: KubernetesObject, task: str, above: list[str]) -> None:
        node = workflow["status"]["nodes"][self._start(workflow, task, "Skipped", above)]
        node.update(phase="Omitted", finishedAt=node["startedAt"])

    def _task(
        self, workflow: KubernetesObject, plan: Plan, task: str, above: list[str], keys: list[str], *, first: bool
    ) -> Story:
        known = workflow["status"]["nodes"].get(node_id_of(workflow["metadata"]["name"], task))
        retried = known["type"] == "Retry" if known else self._chance.random() < 0.25
        run = self._run_retried if retried else self._run_attempt
        return run(workflow, plan, task, above, keys, first=first)

    def _start(self, workflow: KubernetesObject, name: str, kind: str, parents: Sequence[str]) -> str:
        nodes, node_id = workflow["status"]["nodes"], node_id_of(workflow["metadata"]["name"], name)
        known = nodes.get(node_id)
        if known is None or known["startedAt"] is None:
            nodes[node_id] = {
                **(known or {}),
                "id": node_id,
                "name": name,
                "displayName": name.rpartition(".")[2],
                "type": kind,
                "templateName": "t",
                "phase": "Pending" if kind == "Pod" else "Running",
                "startedAt": rfc3339(self._world.clock("controller")),
                "finishedAt": None,
                "children": [],
                "inputs": {},
                "outputs": {},
            }
            for parent in parents:
                if node_id not in nodes[parent]["children"]:
                    nodes[parent]["children"].append(node_id)
            self._note(workflow, node_id)
        elif kind == "DAG":
            known.update(phase="Running", finishedAt=None)
        return node_id

    def _run_retried(
        self, workflow: KubernetesObject, plan: Plan, task: str, above: list[str], keys: list[str], *, first: bool
    ) -> Story:
        """A step with a retry strategy: up to three attempts under a node that repeats the last one's outputs."""
        nodes = workflow["status"]["nodes"]
        top = self._start(workflow, task, "Retry", above)
        for number in range(3):
            node_id = node_id_of(workflow["metadata"]["name"], f"{task}({number})")
            if node_id not in nodes or nodes[node_id]["phase"] != "Skipped":  # carried over by a resubmission
                yield from self._run_attempt(workflow, plan, f"{task}({number})", [top], keys, first=first)
            last = nodes[node_id]
            nodes[top].update(
                phase=last["phase"], finishedAt=last["finishedAt"], outputs=deepcopy(last.get("outputs") or {})
            )
            if last["phase"] in ("Succeeded", "Skipped"):
                nodes[top]["phase"] = "Succeeded"
                return

    # -- one attempt
    def _run_attempt(
        self, workflow: KubernetesObject, plan: Plan, task: str, above: list[str], keys: list[str], *, first: bool
    ) -> Story:
        reads = {f"in{index}": key for index, key in enumerate(keys)}
        if first and plan.shared:
            reads["shared"] = plan.shared
        node_id = self._start(workflow, task, "Pod", above)
        workflow["status"]["nodes"][node_id]["inputs"] = {"artifacts": [an_artifact(*read) for read in reads.items()]}
        if self._chance.random() < 0.08 and self._memoized(workflow, node_id):
            return
        if self._chance.random() < 0.1 and (hit := self._cache_hit(node_id)) is not None:
            yield from self._work_of_cached(workflow, node_id, hit)
        elif self._chance.random() < 0.05:
            yield from self._work_of_adopted(workflow, plan, node_id, reads)
        else:
            yield from self._work(workflow, plan, node_id, reads)

    def _recorded_keys(self) -> list[str]:
        return [state.key for state in self._world.states if state.write != OUTSIDE]

    def _memoized(self, workflow: KubernetesObject, node_id: str) -> bool:
        """Argo's memoization: no pod, nothing read and nothing written."""
        known = self._recorded_keys()
        if not known:
            return False
        key, node = self._chance.choice(known), workflow["status"]["nodes"][node_id]
        node.update(
            phase="Succeeded",
            finishedAt=node["startedAt"],
            inputs={},
            memoizationStatus={"hit": True, "key": "k", "cacheName": "cache"},
            outputs={"artifacts": [an_artifact("out", key)], "parameters": [{"name": "accuracy", "value": "0.5"}]},
        )
        self._reuse(workflow, node_id, "out", key)
        self._save(workflow)
        return True

    def _cache_hit(self, node_id: str) -> str | None:
        known = [key for key in self._recorded_keys() if key.startswith("runs/") and node_id not in key]
        return self._chance.choice(known) if known else None

    def _work_of_cached(self, workflow: KubernetesObject, node_id: str, hit: str) -> Story:
        """Kubeflow's cache: a pod runs, but does nothing; the outputs are another's."""
        node = workflow["status"]["nodes"][node_id]
        pod = self._make_pod(workflow, node_id, _attempt(workflow, node_id), reused=True)
        yield self._chance.uniform(0.2, 8)
        node.update(phase="Running", inputs={})
        self._save_perhaps(workflow)
        yield self._chance.uniform(1, 20)
        self._reuse(workflow, node_id, "out", hit)
        yield from self._end(workflow, node_id, pod, {"out": hit}, succeeded=True)

    def _work_of_adopted(self, workflow: KubernetesObject, plan: Plan, node_id: str, reads: dict[str, str]) -> Story:
        """The controller died after it had made the pod and before it had saved the node: it finds the pod
        when it is back, and dates the node anew."""
        nodes = workflow["status"]["nodes"]
        node = nodes.pop(node_id)
        del self._truth.attempts[_attempt_at(workflow, node_id, node)]
        pod = self._make_pod(workflow, node_id, OUTSIDE)
        yield self._chance.uniform(3, 15)
        nodes[node_id] = node
        node["startedAt"] = rfc3339(self._world.clock("controller"))
        self._note(workflow, node_id)
        self._truth.pods[pod["metadata"]["uid"]] = _attempt(workflow, node_id)
        self._save(workflow)
        yield self._chance.uniform(0.2, 8)
        # It lives for so long after the new start that it can be told to have been adopted.
        yield from self._run_main(workflow, plan, node_id, pod, reads, at_least_seconds=4)

    def _work(self, workflow: KubernetesObject, plan: Plan, node_id: str, reads: dict[str, str]) -> Story:
        me = _attempt(workflow, node_id)
        pod = self._make_pod(workflow, node_id, me)
        self._save_perhaps(workflow)
        yield self._chance.uniform(0.2, 4)
        if self._chance.random() < 0.1:  # Argo 4: the pod failed before main began, another takes its place
            self._end_pod(pod, succeeded=False)
            yield self._chance.uniform(0.2, 3)
            self._api.delete(PODS, pod["metadata"]["uid"])
            pod = self._make_pod(workflow, node_id, me)
        yield self._chance.uniform(0, 4)
        yield from self._run_main(workflow, plan, node_id, pod, reads, at_least_seconds=1)

    def _run_main(
        self,
        workflow: KubernetesObject,
        plan: Plan,
        node_id: str,
        pod: KubernetesObject,
        reads: dict[str, str],
        *,
        at_least_seconds: float,
    ) -> Story:
        """The init container reads, main works, and at the end the sidecar writes."""
        me = _attempt(workflow, node_id)
        for name, key in reads.items():
            self._truth.uses[me, ArtifactRole.USED, name] = (key, self._world.written_last(key))
        workflow["status"]["nodes"][node_id]["phase"] = "Running"
        self._save_perhaps(workflow)
        yield self._chance.uniform(at_least_seconds, 20)
        succeeded = self._chance.random() < 0.8
        writes = self._outputs(plan, node_id) if succeeded or self._chance.random() < 0.5 else {}
        for name, key in writes.items():
            write = written_key(str(me[1]), node_id, _start_of(me), name)
            self._world.put(key, write)
            self._truth.writes[write] = key
            if self._chance.random() < 0.3:
                self._world.look(key)
        yield from self._end(workflow, node_id, pod, writes, succeeded=succeeded)

    def _outputs(self, plan: Plan, node_id: str) -> dict[str, str]:
        writes = {"out": f"runs/{plan.name}/{node_id}/out.tgz"}
        writes_shared = plan.is_exit_handler or (not plan.handles_exit and self._chance.random() < 0.5)
        return {**writes, "shared": plan.shared} if plan.shared and writes_shared else writes

    def _end(
        self,
        workflow: KubernetesObject,
        node_id: str,
        pod: KubernetesObject,
        writes: dict[str, str],
        *,
        succeeded: bool,
    ) -> Story:
        yield self._chance.uniform(0, 0.8)
        workflow["status"]["nodes"][node_id].update(
            phase="Succeeded" if succeeded else "Failed",
            finishedAt=rfc3339(self._world.clock("kubelet")),
            outputs={
                "artifacts": [an_artifact(*write) for write in writes.items()],
                "parameters": list(_results(node_id, succeeded=succeeded)),
            },
        )
        self._end_pod(pod, succeeded=succeeded)
        yield self._chance.uniform(0.1, 1.5)
        self._save(workflow)

    def _save_perhaps(self, workflow: KubernetesObject) -> None:
        if self._chance.random() < 0.7:
            self._save(workflow)

    # -- pods
    def _make_pod(
        self, workflow: KubernetesObject, node_id: str, attempt: Key, *, reused: bool = False
    ) -> KubernetesObject:
        owner = workflow["metadata"]
        pod: KubernetesObject = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": node_id,
                "namespace": owner["namespace"],
                "uid": self._world.uid(),
                "creationTimestamp": rfc3339(self._world.clock("api")),
                "labels": {"workflows.argoproj.io/workflow": owner["name"]}
                | ({REUSED_FROM_CACHE: "true"} if reused else {}),
                "annotations": {"workflows.argoproj.io/node-id": node_id},
                "ownerReferences": [
                    {
                        "apiVersion": "argoproj.io/v1alpha1",
                        "kind": "Workflow",
                        "name": owner["name"],
                        "uid": owner["uid"],
                    }
                ],
            },
            "spec": {"containers": [{"name": "main", "image": "step:1"}]},
            "status": {"phase": "Pending"},
        }
        self._truth.pods[pod["metadata"]["uid"]] = attempt
        self._api.send("ADDED", PODS, pod)
        return pod

    def _end_pod(self, pod: KubernetesObject, *, succeeded: bool) -> None:
        if not self._world.is_alive(PODS, pod["metadata"]["uid"]):
            return
        over = {"finishedAt": rfc3339(self._world.clock("kubelet")), "exitCode": 0 if succeeded else 1}
        pod["status"] = {
            "phase": "Succeeded" if succeeded else "Failed",
            "containerStatuses": [{"name": "main", "image": "step:1", "state": {"terminated": over}}],
        }
        self._api.send("MODIFIED", PODS, pod)


# ------------------------------------------------------------------------------------------ reading workflows
def _run(workflow: KubernetesObject) -> str:
    metadata = workflow["metadata"]
    return run_identity(incarnation=metadata["uid"], name=metadata["name"], labels=metadata["labels"])


def _attempt(workflow: KubernetesObject, node_id: str) -> Key:
    return _attempt_at(workflow, node_id, workflow["status"]["nodes"][node_id])


def _attempt_at(workflow: KubernetesObject, node_id: str, node: Node) -> Key:
    return execution_key(_run(workflow), node_id, seconds_of(node["startedAt"]))


def _start_of(attempt: Key) -> int:
    start = attempt[3]
    assert isinstance(start, int)
    return start


def seconds_of(text: str) -> int:
    """Read what `rfc3339` wrote."""
    return int(datetime.fromisoformat(text).timestamp())


def _handles_exit(node: Node) -> bool:
    return ".onExit" in node["name"]


def _phase_of_last(nodes: dict[str, Node], retry: Node) -> str:
    return str(nodes[retry["children"][-1]]["phase"])


def _last_attempt(nodes: dict[str, Node], node_id: str) -> str:
    node = nodes[node_id]
    return str(node["children"][-1]) if node["type"] == "Retry" and node["children"] else node_id


def _to_do_again(nodes: dict[str, Node]) -> set[str]:
    """The nodes that a retry deletes: what failed, but no failed attempt under a retry that succeeded at
    last; all attempts under one that did not; the exit handler."""
    retries = [node for node in nodes.values() if node["type"] == "Retry"]
    saved = {child for node in retries if node["phase"] == "Succeeded" for child in node["children"]}
    lost = {child for node in retries if node["phase"] == "Failed" for child in node["children"]}
    failed = {n for n, node in nodes.items() if node["phase"] in ("Failed", "Omitted") and node["type"] != "DAG"}
    return (failed - saved) | lost | {n for n, node in nodes.items() if _handles_exit(node)}


def _side_by_side(stories: list[Story]) -> Story:
    """Let stories take turns."""
    while stories:
        for story in list(stories):
            delay = next(story, None)
            if delay is None:
                stories.remove(story)
            else:
                yield delay


def _results(node_id: str, *, succeeded: bool) -> Iterator[KubernetesObject]:
    """Output parameters: a metric of some steps, and words of all."""
    number = crc32(node_id.encode())
    yield {"name": "verdict", "value": "good" if succeeded else "bad"}
    if number % 2:
        yield {"name": "accuracy", "value": f"0.{number % 100:02}" if number % 7 else "NaN"}
