"""A run of the demo as a graph of nodes, drawn as Argo draws it.

Pure. Source: argo-workflows/workflow/controller, dag.go and operator.go.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from watchers.demo.forms import MEMO, Json, parameter, pod_name, read_time, resources, scheduled_name, write_time
from watchers.demo.story import Failure, Run, Step
from watchers.sources.pod import node_id_of

PULL_SECONDS: Final = 2  # from the creation of a pod to the start of its main container
SAVE_SECONDS: Final = 1  # from the end of that to the end of the node
COLLECTED: Final[Json] = {"artifactGC": {"strategy": "OnWorkflowCompletion"}}
HOSTS: Final = ("worker-1", "worker-2", "worker-3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A node that has a pod: at which step, and how it failed if it did."""

    node: Json
    step: Step
    failure: Failure | None


@dataclass(slots=True, kw_only=True)
class Graph:
    """The nodes of one go at a run: from its beginning, or from where `before` had failed."""

    run: Run
    name: str
    story_began: datetime
    created_at: datetime
    started_at: datetime
    before: "Graph | None" = None
    nodes: dict[str, Json] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    """Those of this go alone."""
    leaves: dict[str, list[str]] = field(default_factory=dict)
    """The nodes of each step after which the next ones come."""

    def draw(self) -> "Graph":
        """Carry the run out."""
        pipeline = self.run.pipeline
        root = self._node(self.name, None, "DAG", pipeline.name, self.started_at)
        for step in pipeline.steps:
            self._step(step, root)
        pods = [node for node in self.nodes.values() if node["type"] == "Pod"]
        ended = max(self._ended(step.name) for step in pipeline.steps) + timedelta(seconds=1)
        followed = {name for step in pipeline.steps for name in step.after}
        ends = [step.name for step in pipeline.steps if step.name not in followed]
        root |= {
            "phase": "Failed" if any(self._phase(step.name) == "Failed" for step in pipeline.steps) else "Succeeded",
            "finishedAt": write_time(ended),
            "outboundNodes": [leaf for name in ends for leaf in self.leaves[name]],
            "progress": f"{sum(node['phase'] == 'Succeeded' for node in pods)}/{len(pods)}",
            "resourcesDuration": resources(sum(node["resourcesDuration"]["cpu"] for node in pods)),
        }
        if pipeline.on_exit is not None:
            node = self._pod_node(f"{self.name}.onExit", pipeline.on_exit, None, ended)
            node |= {"displayName": node["name"], "nodeFlag": {"hooked": True}}
        return self

    # -------------------------------------------------------------------------------------- steps
    def _step(self, step: Step, root: Json) -> None:
        earlier = [leaf for name in step.after for leaf in self.leaves[name]]
        begins = max([self.started_at, *(self._ended(name) for name in step.after)]) + timedelta(seconds=1)
        name = f"{self.name}.{step.name}"
        unmet = {"Failed", "Omitted", *(["Skipped"] if step.only_after_success else [])}
        if any(self._phase(before) in unmet for before in step.after):
            self._idle(step, root, begins, phase="Omitted", message="omitted: depends condition not met")
        elif step.name in self.run.skipped:
            message = f"when '{self._condition(step)}' evaluated false"
            self._idle(step, root, begins, phase="Skipped", message=message)
        elif step.items:
            self._loop(step, root, begins)
        elif step.retries:
            self._retry(step, root, begins)
        else:
            failure = next(iter(self.run.failures.get(step.name, ())), None)
            self.leaves[step.name] = [self._pod_node(name, step, root, begins, failure=failure)["id"]]
        for parent in earlier or [root["id"]]:
            self.nodes[parent].setdefault("children", []).append(node_id_of(self.name, name))

    def _idle(self, step: Step, root: Json, at: datetime, *, phase: str, message: str) -> None:
        node = self._node(f"{self.name}.{step.name}", root, "Skipped", step.name, at)
        node |= {"phase": phase, "message": message, "finishedAt": write_time(at)}
        self.leaves[step.name] = [node["id"]]

    def _loop(self, step: Step, root: Json, begins: datetime) -> None:
        name = f"{self.name}.{step.name}"
        group = self._node(name, root, "TaskGroup", step.name, begins)
        rounds = [
            self._pod_node(f"{name}({index}:{item})", step, root, begins, item=item)
            for index, item in enumerate(step.items)
        ]
        group |= {"phase": "Succeeded", "children": [node["id"] for node in rounds]}
        group["finishedAt"] = max(node["finishedAt"] for node in rounds)
        self.leaves[step.name] = list(group["children"])

    def _retry(self, step: Step, root: Json, begins: datetime) -> None:
        name = f"{self.name}.{step.name}"
        group = self._node(name, root, "Retry", step.name, begins)
        attempts: list[Json] = []
        for number, failure in enumerate([*self.run.failures.get(step.name, ()), None][: step.retries + 1]):
            attempts.append(self._pod_node(f"{name}({number})", step, root, begins, failure=failure))
            attempts[-1]["nodeFlag"] = {"retried": True}
            begins = read_time(attempts[-1]["finishedAt"]) + timedelta(seconds=1)
        last = attempts[-1]
        group |= {"phase": last["phase"], "finishedAt": last["finishedAt"]}
        group |= {"children": [node["id"] for node in attempts]}
        group |= {"message": "No more retries left"} if last["phase"] == "Failed" else {"outputs": last["outputs"]}
        self.leaves[step.name] = [last["id"]]

    def _condition(self, step: Step) -> str:
        condition = step.when
        for other in self.run.pipeline.steps:
            for name, value in other.results.items():
                condition = condition.replace(f"{{{{tasks.{other.name}.outputs.parameters.{name}}}}}", value)
        for name, value in self.run.arguments.items():
            condition = condition.replace(f"{{{{workflow.parameters.{name}}}}}", value)
        return condition

    def _phase(self, step: str) -> str:
        return str(self.nodes[node_id_of(self.name, f"{self.name}.{step}")]["phase"])

    def _ended(self, step: str) -> datetime:
        return read_time(self.nodes[node_id_of(self.name, f"{self.name}.{step}")]["finishedAt"])

    # -------------------------------------------------------------------------------------- nodes
    def _node(self, name: str, root: Json | None, kind: str, template: str, at: datetime) -> Json:
        node: Json = {
            "id": node_id_of(self.name, name),
            "name": name,
            "displayName": name.removeprefix(f"{self.name}."),
            "type": kind,
            "templateName": template,
            "templateScope": f"local/{self.name}",
            "startedAt": write_time(at),
        }
        if root is not None:
            node["boundaryID"] = root["id"]
        self.nodes[node["id"]] = node
        return node

    def _pod_node(
        self,
        name: str,
        step: Step,
        root: Json | None,
        begins: datetime,
        *,
        item: str = "",
        failure: Failure | None = None,
    ) -> Json:
        """Run a pod; but what had succeeded before a retry is kept as it was."""
        old = self.before.nodes.get(node_id_of(self.name, name)) if self.before else None
        if old is not None and old["phase"] == "Succeeded":
            kept = {key: value for key, value in old.items() if key != "children"}
            self.nodes[kept["id"]] = kept
            return kept
        node = self._node(name, root, "Pod", step.name, begins)
        is_memoized = step.name in self.run.memoized
        seconds = self._seconds(step, failure)
        inputs = {"parameters": self._arguments(step, item), "artifacts": list(self._inputs(step, item))}
        outputs: Json = {"exitCode": str(failure.exit_code if failure else 0)}
        outputs["artifacts"] = [] if failure else list(self._outputs(step, name, item))
        log = self._own_key(self._writer(step) if is_memoized else self.name, step, name, "main.log")
        outputs["artifacts"].append({"name": "main-logs", "s3": {"key": log}})
        if step.results and not failure:
            results = {name: self.run.results.get(name, usual) for name, usual in step.results.items()}
            outputs["parameters"] = [parameter(name, value) for name, value in results.items()]
        node |= {
            "phase": "Failed" if failure else "Succeeded",
            "finishedAt": write_time(begins + timedelta(seconds=PULL_SECONDS + seconds + SAVE_SECONDS)),
            "progress": "0/1" if failure else "1/1",
            "hostNodeName": HOSTS[int(node["id"].rpartition("-")[2]) % len(HOSTS)],
            "resourcesDuration": resources(seconds),
            "inputs": {key: value for key, value in inputs.items() if value},
            "outputs": outputs,
        }
        if failure:
            node["message"] = f"{failure.reason} (exit code {failure.exit_code})"
        if step.memoized_by:
            node["memoizationStatus"] = {"hit": is_memoized, **self._memo(step)}
        if is_memoized:  # Argo makes no pod for it
            node |= {"finishedAt": node["startedAt"], "resourcesDuration": resources(0)}
            del node["hostNodeName"]
            return node
        self.attempts.append(Attempt(node=node, step=step, failure=failure))
        return node

    def _seconds(self, step: Step, failure: Failure | None) -> int:
        if failure:
            return failure.seconds
        return 1 if step.name in self.run.cached else self.run.seconds.get(step.name, step.seconds)

    def _memo(self, step: Step) -> Json:
        return {"key": "-".join(self.run.arguments[name] for name in step.memoized_by), "cacheName": MEMO}

    def _writer(self, step: Step) -> str:
        """The run that wrote what a step came to: this one, or the one from which it was taken over."""
        if step.name in self.run.memoized:
            return scheduled_name(self.run.pipeline, self.story_began, self.run.memoized[step.name])
        return self.run.cached.get(step.name, self.name)

    def _arguments(self, step: Step, item: str) -> list[Json]:
        values = [parameter(name, self.run.arguments[name]) for name in step.parameters]
        return [*values, *([parameter(step.item, item)] if step.item else [])]

    # -------------------------------------------------------------------------------------- artifacts
    def _inputs(self, step: Step, item: str) -> Iterator[Json]:
        for name, source in step.reads.items():
            key = self._chosen_key(source, item) if "/" in source else self._output_key(*source.split("."))
            yield {"name": name, "path": f"/mnt/in/{name}", "s3": {"key": key}}

    def _output_key(self, step: str, output: str) -> str:
        artifacts: list[Json] = self.nodes[self.leaves[step][0]]["outputs"]["artifacts"]
        return next(str(artifact["s3"]["key"]) for artifact in artifacts if artifact["name"] == output)

    def _outputs(self, step: Step, node_name: str, item: str) -> Iterator[Json]:
        run = self._writer(step)
        for name in step.writes:
            chosen = step.keys.get(name)
            key = self._chosen_key(chosen, item) if chosen else self._own_key(run, step, node_name, f"{name}.tgz")
            removed = {**COLLECTED, "deleted": True} if name in step.collected else {}
            yield {"name": name, "path": f"/mnt/out/{name}", "s3": {"key": key}, **removed}

    def _chosen_key(self, key: str, item: str) -> str:
        return key.replace("{run}", self.name).replace("{item}", item)

    def _own_key(self, run: str, step: Step, node_name: str, file: str) -> str:
        """The key under which a node keeps what it wrote, or that of its twin in another run."""
        pod = pod_name(run, step, node_id_of(run, node_name.replace(self.name, run, 1)))
        folder = f"artifacts/{run}/{self.created_at:%Y/%m/%d}" if self.run.pipeline.is_kubeflow else run
        return f"{folder}/{pod}/{file}"
