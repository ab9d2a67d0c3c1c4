"""Runs of Kubeflow Pipelines as its releases leave them on Argo: one pipeline, told in the shape of each.

Written from what compilers and drivers of Kubeflow do, and not from how we read that.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zlib import crc32

from tests.factories import KubernetesObject, a_workflow, rfc3339

V1: Final = "1.8"
RETRYING: Final = "2.17 with retries"  # as its manifests have it: every node can be tried again
V2: Final = ("2.0", "2.3", "2.17", RETRYING, "3.0")
WORKFLOW: Final = "churn-x7k2p"
RUN: Final = "0b9c6e8e-6f3a-4d0c-9a53-3a4d7f1f2a10"
PARENT: Final = "16"
"""The DAG around every task, as Kubeflow's own records call it."""
FIRST_ID: Final = 1001
"""How they call the first task that was run; those that follow are counted on."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a port of a task holds."""

    uri: str
    type: str = "system.Artifact"
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task:
    """A step that somebody wrote. `attempts` are how those that failed before ended, `mounts` claims by where they are
    mounted."""

    name: str
    after: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, Held] = field(default_factory=dict)
    writes: Mapping[str, Held] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    phase: str = "Succeeded"
    cached: bool = False


@dataclass(frozen=True, kw_only=True)
class Importer:
    """A step that names what is there already, by a constant or by a parameter of the pipeline."""

    name: str
    after: Sequence[str] = ()
    constant: str | None = None
    parameter: str | None = None
    type: str = "system.Dataset"
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Steps under a condition, which holds or not; in a loop over some items; or neither: a pipeline in a pipeline."""

    name: str
    body: Sequence["Step"]
    after: Sequence[str] = ()
    condition: str | None = None
    holds: bool = True
    items: int | None = None


@dataclass(frozen=True, kw_only=True)
class ByDriver:
    """A step that the driver does by itself, as it makes and deletes claims."""

    name: str
    after: Sequence[str] = ()


Step = Task | Importer | Group | ByDriver


def a_run(
    steps: Sequence[Step],
    *,
    release: str,
    parameters: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
    **more: Any,
) -> KubernetesObject:
    """A run of a pipeline of these steps, that has ended."""
    teller = _V1() if release == V1 else _V2(release, parameters or {}, defaults or {})
    labels = {"pipeline/runid": RUN}
    nodes = teller.run(steps)
    return a_workflow(
        nodes,
        name=WORKFLOW,
        phase="Succeeded",
        labels=labels,
        annotations=teller.annotations,
        spec=teller.spec(steps),
        metadata={"generateName": "churn-"},
        **more,
    )


def node_id(name: str) -> str:
    """Some id of its own for each node."""
    return name if name == WORKFLOW else f"{WORKFLOW}-{crc32(name.encode())}"


class _Teller:
    """Draws the nodes of a run: each begins as those before it end."""

    def __init__(self) -> None:
        self.nodes: dict[str, KubernetesObject] = {}
        self.annotations: dict[str, str] = {}
        self._clock = 0

    def _node(self, name: str, kind: str, template: str, parents: Sequence[str], **more: Any) -> str:
        self._clock += 10
        never = kind == "Skipped"
        self.nodes[node_id(name)] = {
            "name": name,
            "displayName": name.rpartition(".")[2],
            "type": kind,
            "templateName": template,
            "phase": "Skipped" if never else "Succeeded",
            "startedAt": rfc3339(self._clock),
            "finishedAt": rfc3339(self._clock if never else self._clock + 5),
            "children": [],
            **more,
        }
        for parent in parents:
            self.nodes[node_id(parent)]["children"].append(node_id(name))
        return name

    def _ends_of(self, step: Step, ends: Mapping[str, Sequence[str]], within: str) -> Sequence[str]:
        return [end for name in step.after for end in ends[name]] or [within]


class _V1(_Teller):
    """As the SDK compiled it to Argo: a step is a pod, and a condition or a loop a task of the DAG."""

    def run(self, steps: Sequence[Step]) -> Mapping[str, KubernetesObject]:
        self._body(steps, self._node(WORKFLOW, "DAG", "churn", ()))
        return self.nodes

    def spec(self, steps: Sequence[Step]) -> KubernetesObject:
        return {"entrypoint": "churn", "templates": [{"name": "churn", "dag": {}}]}

    def _body(self, steps: Sequence[Step], within: str) -> Sequence[str]:
        ends: dict[str, Sequence[str]] = {}
        for step in steps:
            ends[step.name] = self._step(step, within, self._ends_of(step, ends, within))
        followed = {name for step in steps for name in step.after}
        return [end for name, of in ends.items() if name not in followed for end in of]

    def _step(self, step: Step, within: str, before: Sequence[str]) -> Sequence[str]:
        name = f"{within}.{step.name}"
        if isinstance(step, Group):
            if not step.holds:
                message = "when 'tails == heads' evaluated false"
                return [self._node(name, "Skipped", step.name, before, message=message)]
            if step.items is None:
                return self._body(step.body, self._node(name, "DAG", step.name, before))
            loop = self._node(name, "TaskGroup", step.name, before)
            items = [self._node(f"{name}({index}:{index})", "DAG", step.name, [loop]) for index in range(step.items)]
            return [end for item in items for end in self._body(step.body, item)]
        given = step.parameters if isinstance(step, Task) else {}
        inputs = {"parameters": [{"name": name, "value": _written(value)} for name, value in given.items()]}
        return [self._node(name, "Pod", step.name, before, inputs=inputs)]


class _V2(_Teller):
    """As the API server compiled it: a driver before each step, and the step itself in a DAG of its own."""

    def __init__(self, release: str, parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        super().__init__()
        self._release = release
        self._parameters = parameters
        self._defaults = defaults
        self._ids = FIRST_ID - 1

    # -- the spec
    def spec(self, steps: Sequence[Step]) -> KubernetesObject:
        declared = {name: {"defaultValue": value, "isOptional": True} for name, value in self._defaults.items()}
        root = json.dumps({"dag": {"tasks": {}}, "inputDefinitions": {"parameters": declared}})
        typed = {name: {"stringValue": value} for name, value in self._parameters.items()}
        config = {"parameters": typed} if self._release == "2.0" else {"parameterValues": dict(self._parameters)}
        component = "{{workflow.parameters.components-root}}"
        spec: KubernetesObject = {"entrypoint": "entrypoint", "arguments": {"parameters": []}}
        if self._release == "2.0":
            component = "{{workflow.annotations.pipelines.kubeflow.org/components-root}}"
            self.annotations["pipelines.kubeflow.org/components-root"] = root
        elif self._release != "3.0":
            spec["arguments"]["parameters"] = [{"name": "components-root", "value": root}]
        told = {"component": component, "runtime-config": json.dumps(config), "driver-type": "ROOT_DAG"}
        entry = [_task("root-driver", "system-dag-driver", told), _task("root", "root", {})]
        flags = ["--type", "ROOT_DAG", "--pipeline_name", "churn", "--run_id", RUN, "--run_name", WORKFLOW]
        return spec | {
            "templates": [
                {"name": "system-dag-driver", "container": {"args": flags}},
                {"name": "system-container-driver", "container": {"args": flags}},
                {"name": "system-container-impl", "container": {"image": "set by the patch"}},
                {"name": "entrypoint", "dag": {"tasks": entry}},
                *_dags("root", steps),
            ]
        }

    # -- the nodes
    def run(self, steps: Sequence[Step]) -> Mapping[str, KubernetesObject]:
        entry, _ = self._wrapped(WORKFLOW, "DAG", "entrypoint", ())
        _, driven = self._driver(f"{entry}.root-driver", "system-dag-driver", [entry], {})
        root, _ = self._wrapped(f"{entry}.root", "DAG", "root", driven)
        self._body(steps, root)
        return self.nodes

    def _wrapped(
        self, name: str, kind: str, template: str, parents: Sequence[str], **more: Any
    ) -> tuple[str, Sequence[str]]:
        """A node, and what is drawn before those that come after it."""
        if self._release == RETRYING and kind != "Skipped":
            retry = self._node(name, "Retry", template, parents, **more)
            name, parents = f"{name}(0)", [retry]
        return self._node(name, kind, template, parents, **more), [name]

    def _driver(
        self, name: str, template: str, before: Sequence[str], told: Mapping[str, str], **outputs: str
    ) -> tuple[str, Sequence[str]]:
        given = [{"name": each, "value": value} for each, value in told.items()]
        made = [{"name": each, "value": value} for each, value in outputs.items()]
        return self._wrapped(name, "Pod", template, before, inputs={"parameters": given}, outputs={"parameters": made})

    def _body(self, steps: Sequence[Step], within: str) -> Sequence[str]:
        ends: dict[str, Sequence[str]] = {}
        for step in steps:
            ends[step.name] = self._step(step, within, self._ends_of(step, ends, within))
        followed = {name for step in steps for name in step.after}
        return [end for name, of in ends.items() if name not in followed for end in of]

    def _step(self, step: Step, within: str, before: Sequence[str]) -> Sequence[str]:
        name = f"{within}.{step.name}"
        match step:
            case Task():
                return self._task(step, name, before)
            case Importer():
                told = {**_of_importer(step), "parent-dag-id": PARENT}
                return self._driver(name, "system-importer", before, told)[1]
            case ByDriver():
                told = {"container": json.dumps({"image": "argostub/createpvc"}), **self._where(step.name)}
                return self._driver(name, "system-container-driver", before, told)[1]
            case Group():
                return self._group(step, name, before)

    def _where(self, name: str) -> dict[str, str]:
        """What a driver is told of the place of its task: its name by itself since 2.14, before that in the task."""
        parent = {"parent-dag-task-id" if self._release == "3.0" else "parent-dag-id": PARENT}
        if self._release in ("2.0", "2.3"):
            return {**parent, "task": json.dumps({"taskInfo": {"name": name}}), "iteration-index": "-1"}
        return {**parent, "task-name": name, "iteration-index": "-1"}

    def _task(self, step: Task, name: str, before: Sequence[str]) -> Sequence[str]:
        patch = "" if step.cached else json.dumps(self._pod_spec(step))
        told = self._where(step.name)
        if self._release != "3.0":
            told |= {"component": json.dumps({"executorLabel": f"exec-{step.name}"})}
        made = {"pod-spec-patch": patch, "cached-decision": str(step.cached).lower(), "condition": "true"}
        _, driven = self._driver(f"{name}-driver", "system-container-driver", before, told, **made)
        given = {"parameters": [{"name": "pod-spec-patch", "value": patch}]}
        dag, _ = self._wrapped(name, "DAG", "system-container-executor", driven, inputs=given)
        if step.cached:
            message = "when 'true != true' evaluated false"
            return [self._node(f"{dag}.executor", "Skipped", "system-container-impl", [dag], message=message)]
        ended = {"phase": step.phase, "inputs": given}
        return self._wrapped(f"{dag}.executor", "Pod", "system-container-impl", [dag], **ended)[1]

    def _pod_spec(self, step: Task) -> KubernetesObject:
        self._ids += 1
        given: KubernetesObject = {"parameterValues": dict(step.parameters), "artifacts": _ports(step.reads)}
        told = {"inputs": given, "outputs": {"artifacts": _ports(step.writes), "outputFile": "/out.json"}}
        words = ["--pipeline_name", "churn", "--executor_input", json.dumps(told)]
        words += ["--component_spec", json.dumps({"executorLabel": f"exec-{step.name}"})]
        if self._release == "3.0":
            words += ["--task_id", f"task-{self._ids}"]
        else:
            words += [f"--execution_id={self._ids}"] if self._release == "2.17" else ["--execution_id", str(self._ids)]
        launcher = ["/var/run/argo/argoexec", "emissary", "--", "/kfp-launcher/launch"]
        command = launcher if self._release == "2.0" else ["/kfp-launcher/launch", "--executor_type", "container"]
        volumes = [
            {"name": claim, "persistentVolumeClaim": {"claimName": claim}}
            for claim in dict.fromkeys(step.mounts.values())
        ]
        mounts = [{"name": claim, "mountPath": path} for path, claim in step.mounts.items()]
        container = {"name": "main", "image": "python:3.11", "command": [*command, *words, "--"], "args": ["run"]}
        return {"containers": [container | {"volumeMounts": mounts}], "volumes": volumes}

    def _group(self, step: Group, name: str, before: Sequence[str]) -> Sequence[str]:
        _, driven = self._driver(f"{name}-driver", "system-dag-driver", before, {}, condition=str(step.holds).lower())
        if not step.holds:
            message = "when 'false != false' evaluated false"
            return [self._node(name, "Skipped", f"comp-{step.name}", driven, message=message)]
        if step.items is None:
            dag, _ = self._wrapped(name, "DAG", f"comp-{step.name}", driven)
            return self._body(step.body, dag)
        loop, _ = self._wrapped(name, "DAG", f"comp-{step.name}-iterator", driven)
        _, driven = self._driver(f"{loop}.iteration-driver", "system-dag-driver", [loop], {})
        items = self._node(f"{loop}.iteration-iterations", "TaskGroup", f"comp-{step.name}-iteration", driven)
        return [end for index in range(step.items) for end in self._item(step, f"{items}({index}:{index})", items)]

    def _item(self, step: Group, name: str, items: str) -> Sequence[str]:
        outer, _ = self._wrapped(name, "DAG", f"comp-{step.name}-iteration", [items])
        _, driven = self._driver(f"{outer}.iteration-item-driver", "system-dag-driver", [outer], {})
        inner, _ = self._wrapped(f"{outer}.iteration-item", "DAG", f"comp-{step.name}", driven)
        return self._body(step.body, inner)


def _task(name: str, template: str, told: Mapping[str, str]) -> KubernetesObject:
    given = [{"name": each, "value": value} for each, value in told.items()]
    return {"name": name, "template": template, "arguments": {"parameters": given}}


def _dags(name: str, steps: Sequence[Step]) -> Iterator[KubernetesObject]:
    """The templates of steps, as far as they say what no node says."""
    tasks = []
    for step in steps:
        if isinstance(step, Group):
            told: KubernetesObject = {"inputs": {"parameters": {"handed-down": {"componentInputParameter": "source"}}}}
            if step.condition is not None:
                told |= {"triggerPolicy": {"condition": step.condition}}
            tasks.append(_task(f"{step.name}-driver", "system-dag-driver", {"task": json.dumps(told)}))
            tasks.append(_task(step.name, f"comp-{step.name}", {}))
            yield from _dags(f"comp-{step.name}", step.body)
    yield {"name": name, "dag": {"tasks": tasks}}


def _of_importer(step: Importer) -> Mapping[str, str]:
    where = {"constant": step.constant} if step.constant is not None else {"runtimeParameter": "uri"}
    importer = {"artifactUri": where, "typeSchema": {"schemaTitle": step.type}, "metadata": dict(step.metadata)}
    given = {"uri": {"componentInputParameter": step.parameter}} if step.parameter is not None else {}
    return {
        "importer": json.dumps(importer),
        "task": json.dumps({"inputs": {"parameters": given}, "taskInfo": {"name": step.name}}),
        "component": json.dumps({"outputDefinitions": {"artifacts": {"artifact": {}}}}),
    }


def _ports(held: Mapping[str, Held]) -> KubernetesObject:
    return {
        name: {
            "artifacts": [
                {"name": name, "uri": one.uri, "type": {"schemaTitle": one.type}, "metadata": dict(one.metadata)}
            ]
        }
        for name, one in held.items()
    }


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
