"""A small world with Kubernetes, Argo, an object store and clocks that differ by up to a second.

`World(seed).play()` plays what truly happened, and keeps it as `truth`; `watch` and `looks` are what was
seen of it, as observations of objects in Argo's shape; `noise` is what else may be seen of the same.
Everything is drawn from the seed: equal seeds, equal worlds.

What it does on purpose, because real clusters do: manual retries that delete failed nodes and reset groups;
memoized resubmits; workflows that Kubeflow makes again under another uid; names that are used again; cache
hits of both kinds; pods that a restarted controller adopts, or that are replaced; exit handlers that write
what their own run reads; steps of several runs that write one key; outsiders that write there, too.
"""

import heapq
import random
from collections.abc import Generator, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from zlib import crc32

from lineage.identity import Key, execution_key, run_identity, written_key
from lineage.model import ArtifactRole
from lineage.observation import LocationLooked, ObjectSeen, Observation
from tests.factories import (
    PODS,
    RESUBMITTED,
    RUN_ID,
    WORKFLOWS,
    KubernetesObject,
    an_artifact,
    deleted,
    listed,
    looked,
    observed,
    rfc3339,
)
from watchers.sources.pod import node_id_of

NAMESPACES: Final = ("a", "b")
SHARED_KEYS: Final = ("shared/markers", "shared/model")
FIRST_VERSION: Final = 100
FIRST_SECOND: Final = 1_800_000_000
PIPELINE_SPEC: Final = "pipelines.kubeflow.org/pipeline_spec"
REUSED_FROM_CACHE: Final = "pipelines.kubeflow.org/reused_from_cache"

Clock: TypeAlias = Literal["controller", "api", "kubelet", "store"]
Story: TypeAlias = Generator[float, None, None]
"""Something that happens over time: it yields how many seconds pass until it goes on."""

Node: TypeAlias = dict[str, Any]
Use: TypeAlias = tuple[Key, ArtifactRole, str]
"""Execution, role and name."""

OUTSIDE: Final[Key] = ("Outside",)
"""Stands for any write that no recorded execution did."""


# ------------------------------------------------------------------------------------------ what happened
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An event as the API server sends it."""

    version: int
    kind: Literal["ADDED", "MODIFIED", "DELETED"]
    resource: str
    item: KubernetesObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What lay under a key from one moment on, and who wrote it."""

    key: str
    modified: int
    write: Key


@dataclass(slots=True)
class Truth:
    """What truly happened, by the keys that the store should give it.

    `attempts` have the kind of their node, `writes` the object's key, `pods` (by uid) their attempt; `uses`
    the object's key and the write that was read. `rolls` are the attempts that each run named last.
    """

    attempts: dict[Key, str] = field(default_factory=dict)
    writes: dict[Key, str] = field(default_factory=dict)
    uses: dict[Use, tuple[str, Key]] = field(default_factory=dict)
    pods: dict[str, Key] = field(default_factory=dict)
    rolls: dict[str, set[Key]] = field(default_factory=dict)


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


class ApiServer:
    """Objects by resource and uid, and the log of their changes."""

    def __init__(self, chance: random.Random) -> None:
        self.log: list[Change] = []
        self.alive: dict[tuple[str, str], KubernetesObject] = {}
        self._chance = chance
        self._version = FIRST_VERSION

    def send(self, kind: Literal["ADDED", "MODIFIED", "DELETED"], resource: str, item: KubernetesObject) -> None:
        self._version += self._chance.randint(1, 3)
        item["metadata"]["resourceVersion"] = str(self._version)
        uid = item["metadata"]["uid"]
        if kind == "DELETED":
            self.alive.pop((resource, uid), None)
        else:
            self.alive[resource, uid] = item
        self.log.append(Change(version=self._version, kind=kind, resource=resource, item=deepcopy(item)))

    def delete(self, resource: str, uid: str) -> None:
        if (resource, uid) in self.alive:
            self.send("DELETED", resource, deepcopy(self.alive[resource, uid]))

    def has_workflow(self, namespace: str, name: str) -> bool:
        return any(
            resource == WORKFLOWS and (item["metadata"]["namespace"], item["metadata"]["name"]) == (namespace, name)
            for (resource, _), item in self.alive.items()
        )

    def pods_of(self, owner_uid: str) -> list[KubernetesObject]:
        return [
            item
            for (resource, _), item in self.alive.items()
            if resource == PODS and item["metadata"]["ownerReferences"][0]["uid"] == owner_uid
        ]


# ------------------------------------------------------------------------------------------ the world
class World:
    """Plays everything, in the order of true time."""

    def __init__(self, seed: int, *, workflows: int = 3) -> None:
        self.chance = random.Random(seed)
        self.api = ApiServer(self.chance)
        self.truth = Truth()
        self.looks: list[LocationLooked] = []
        self.states: list[Stored] = []
        self._bytes: dict[str, Stored] = {}
        self._now = float(FIRST_SECOND)
        clocks: tuple[Clock, ...] = ("controller", "api", "kubelet", "store")
        self._skew = {clock: self.chance.choice([-0.45, 0.0, 0.0, 0.45]) for clock in clocks}
        self._agenda: list[tuple[float, int, Story]] = []
        self._serial = 0
        self._workflows = workflows

    def play(self) -> "World":
        controller = Controller(self)
        for number in range(self._workflows):
            self._begin(controller.life_of_a_workflow(number), self.chance.uniform(0, 60))
        self._begin(self._outsider(), self.chance.uniform(0, 60))
        while self._agenda:
            self._now, _, story = heapq.heappop(self._agenda)
            delay = next(story, None)
            if delay is not None:
                self._begin(story, delay)
        return self

    def _begin(self, story: Story, delay: float) -> None:
        heapq.heappush(self._agenda, (self._now + delay, self.serial(), story))

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def uid(self) -> str:
        return f"u{self.chance.randrange(16**8):08x}-{self.serial()}"

    def clock(self, whose: Clock) -> int:
        """The whole second that a clock shows now."""
        return int(self._now + self._skew[whose])

    def is_alive(self, resource: str, uid: str | None) -> bool:
        return (resource, uid) in self.api.alive

    # -- the object store
    def put(self, key: str, write: Key) -> None:
        self._bytes[key] = Stored(key=key, modified=self.clock("store"), write=write)
        self.states.append(self._bytes[key])

    def written_last(self, key: str) -> Key:
        """Who wrote what lies under a key now."""
        return self._bytes[key].write if key in self._bytes else OUTSIDE

    def look(self, key: str) -> None:
        state = self._bytes[key]
        etag = f"{crc32(repr((state.write, state.modified)).encode()):x}"
        self.looks.append(looked(key, modified=state.modified, at=self.clock("store"), etag=etag))

    def _outsider(self) -> Story:
        for _ in range(self.chance.randint(0, 3)):
            key = self.chance.choice(SHARED_KEYS)
            self.put(key, OUTSIDE)
            self.look(key)
            yield self.chance.uniform(5, 90)


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
            for pod in self._api.pods_of(workflow["metadata"]["uid"]):
                self._api.delete(PODS, pod["metadata"]["uid"])

    def _finish(self, workflow: KubernetesObject, *, failed: bool) -> None:
        end = {"phase": "Failed" if failed else "Succeeded", "finishedAt": rfc3339(self._world.clock("controller"))}
        workflow["status"]["nodes"][workflow["metadata"]["name"]].update(end)
        workflow["status"].update(end)
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
            outputs={"artifacts": [an_artifact("out", key)]},
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
            outputs={"artifacts": [an_artifact(*write) for write in writes.items()]},
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


# ------------------------------------------------------------------------------------------ what is seen of it
def watch(world: World, seed: int, *, gaps: float = 0.0, namespace: str = "*", marks: bool = True) -> list[Observation]:
    """What one watcher sees of a namespace, or of all. Before each event it may fall into a gap, in which it
    sees nothing, and after which it lists. `marks`: it says what its lists held."""
    chance = random.Random(seed)
    return [
        observation
        for resource in (WORKFLOWS, PODS)
        for observation in _watch_one(world, resource, chance, gaps=gaps, namespace=namespace, marks=marks)
    ]


def _watch_one(
    world: World, resource: str, chance: random.Random, *, gaps: float, namespace: str, marks: bool
) -> Iterator[Observation]:
    alive: dict[str, KubernetesObject] = {}
    lost, last = False, FIRST_VERSION

    def relist(version: int) -> Iterator[Observation]:
        yield from (observed(item) for item in alive.values())
        if marks:
            yield listed(namespace, version, sorted(alive), resource=resource)

    yield from relist(last)
    for change in world.api.log:
        last = change.version
        if change.resource != resource or namespace not in ("*", change.item["metadata"]["namespace"]):
            continue
        uid = change.item["metadata"]["uid"]
        if change.kind == "DELETED":
            alive.pop(uid, None)
        else:
            alive[uid] = change.item
        if gaps and not lost and chance.random() < gaps:
            lost = True
        elif lost and chance.random() < 0.35:
            lost = False
            yield from relist(last)
        elif not lost:
            yield deleted(uid) if change.kind == "DELETED" else observed(change.item)
    if lost:
        yield from relist(last)


def noise(observations: Sequence[Observation], seed: int) -> list[Observation]:
    """Copies without resourceVersion, as files have them, and twins of equal resourceVersion whose nodes are
    offloaded."""
    chance = random.Random(seed)
    found: list[Observation] = []
    for one in observations:
        if not isinstance(one, ObjectSeen) or chance.random() >= 0.1:
            continue
        if chance.random() < 0.5:
            found.append(as_file(one))
        elif (item := one.object())["kind"] == "Workflow":
            del item["status"]["nodes"]
            item["status"]["offloadNodeStatusVersion"] = "fnv:1"
            found.append(observed(item))
    return found


def as_file(observation: Observation) -> Observation:
    """The same object as if it came from a file: without resourceVersion."""
    if not isinstance(observation, ObjectSeen):
        return observation
    item = observation.object()
    item["metadata"].pop("resourceVersion", None)
    return observed(item)
