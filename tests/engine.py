"""Runs what Kubeflow compiled, as Argo and its drivers would: far enough to leave their nodes, and to say what each
step was given.

Written from what they do, and not from how we read that. Every step succeeds; what a user's code would have made is
made up. A condition holds unless its task is among `refused`, and a task that is among `cached` is found in the cache.
"""

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tests.factories import KubernetesObject, rfc3339

RUN: Final = "4be9f4a6-90ad-45ac-a90e-6e4d2f9e4b0c"
ROOT: Final = "minio://mlpipeline/v2/artifacts"
_PLACEHOLDER: Final = re.compile(r"\{\{([^{}]+)\}\}")

Values = Mapping[str, str]
Artifact = Mapping[str, Any]


class Records(Protocol):
    """Where drivers and launchers write down what they do. Executions and DAGs are known by ids, tasks by their names;
    `within` is the DAG around one."""

    def root(self) -> str:
        """Begin the root of the run."""

    def dag(self, task: str, within: str, turn: int | None) -> str:
        """Begin a DAG, or one turn of a loop."""

    def task(self, task: str, within: str, given: Mapping[str, Any], inputs: Mapping[str, Sequence[Artifact]]) -> str:
        """Begin a task."""

    def end(
        self, execution: str, parameters: Mapping[str, Any], outputs: Mapping[str, Artifact]
    ) -> Mapping[str, Artifact]:
        """Write down what came out of one. Returns its artifacts as they are known from now on."""

    def take_over(
        self, task: str, within: str, given: Mapping[str, Any], inputs: Mapping[str, Sequence[Artifact]]
    ) -> tuple[Mapping[str, Any], Mapping[str, Artifact]]:
        """Find a task in the cache. Returns the values and artifacts that came out of it."""

    def imported(self, task: str, within: str, outputs: Mapping[str, Artifact]) -> Mapping[str, Artifact]:
        """Write down what an importer named. Returns that as it is known from now on."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A step that somebody wrote, as it ran. `reads` and `writes` are uris by name; types by uri are in `types`.
    `outputs` are the values that came out, where there are records to keep them."""

    name: str
    iterations: tuple[int, ...]
    parameters: Mapping[str, Any]
    reads: Mapping[str, str]
    writes: Mapping[str, str]
    types: Mapping[str, str]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    cached: bool = False
    skipped: bool = False


@dataclass(kw_only=True)
class _Dag:
    """What a DAG of Kubeflow was given, and what its tasks made. `component` says what it hands out."""

    parameters: Mapping[str, Any]
    artifacts: Mapping[str, Sequence[Artifact]]
    component: Mapping[str, Any]
    made: dict[str, dict[str, Artifact]] = field(default_factory=dict)
    inner: dict[str, "_Dag"] = field(default_factory=dict)

    def output(self, task: str, key: str) -> list[Artifact]:
        """What a task of it hands out under a name, through the DAGs in it."""
        if key in self.made.get(task, {}):
            return [self.made[task][key]]
        inner = self.inner.get(task)
        if inner is None:
            return []
        handed = inner.component.get("dag", {}).get("outputs", {}).get("artifacts", {}).get(key, {})
        selected = handed.get("artifactSelectors", [])
        return [one for each in selected for one in inner.output(each["producerSubtask"], each["outputArtifactKey"])]


class Engine:
    """One run of a compiled workflow."""

    def __init__(
        self,
        compiled: KubernetesObject,
        *,
        refused: Container[str] = (),
        cached: Container[str] = (),
        run: str = RUN,
        begins: int = 0,
        records: Records | None = None,
    ) -> None:
        self._spec = compiled["spec"]
        self._metadata = compiled["metadata"]
        self._templates = {template["name"]: template for template in self._spec["templates"]}
        self._refused = refused
        self._cached = cached
        self._run = run
        self._records = records
        self._begins = self._clock = begins
        self._dags: dict[str, _Dag] = {}
        self.name = f"{self._metadata.get('generateName', 'w-').lower()}{run[:5]}"
        self.nodes: dict[str, KubernetesObject] = {}
        self.ran: list[Ran] = []

    def workflow(self) -> KubernetesObject:
        """Run it, and return what is left of it."""
        self._execute(self._spec["entrypoint"], self.name, self._arguments(), [])
        if handler := self._spec.get("onExit"):
            self._execute(handler, f"{self.name}.onExit", {}, [])
        metadata = self._metadata | {
            "name": self.name,
            "namespace": "a",
            "uid": f"u-{self._run}",
            "resourceVersion": "7",
        }
        labels = metadata.get("labels", {}) | {"pipeline/runid": self._run}
        times = {"startedAt": rfc3339(self._begins), "finishedAt": rfc3339(self._clock)}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": metadata | {"creationTimestamp": rfc3339(self._begins), "labels": labels},
            "spec": self._spec,
            "status": {"phase": "Succeeded", "nodes": self.nodes, **times},
        }

    # -- Argo
    def _execute(
        self, template: str, name: str, given: Values, parents: Sequence[str]
    ) -> tuple[dict[str, str], Sequence[str]]:
        """Run a template; returns its outputs and the nodes that what follows it is drawn under."""
        spec = self._templates[template]
        declared = spec.get("inputs", {}).get("parameters", [])
        defaults = {one["name"]: str(one["default"]) for one in declared if "default" in one}
        values = defaults | {
            name: value for name, value in given.items() if any(one["name"] == name for one in declared)
        }
        scope = {f"inputs.parameters.{each}": value for each, value in values.items()}
        if "retryStrategy" in spec:
            parents = [self._node(name, "Retry", template, parents, values)]
            name = f"{name}(0)"
        if "dag" in spec:
            self._node(name, "DAG", template, parents, values)
            return {}, self._dag(spec["dag"]["tasks"], name, scope) or [name]
        made = self._drive(template, name, values)
        if made is None:
            made = {one["name"]: f"made-{one['name']}" for one in spec.get("outputs", {}).get("parameters", [])}
        self._node(name, "Pod", template, parents, values, made)
        return made, [name]

    def _dag(self, tasks: Sequence[KubernetesObject], within: str, scope: Mapping[str, str]) -> Sequence[str]:
        ends: dict[str, Sequence[str]] = {}
        scope = dict(scope)
        waiting = {task["name"]: task for task in tasks}
        while waiting:
            ready = [each for each in waiting.values() if not _before(each, waiting.keys())]
            assert ready, f"{list(waiting)} wait for each other"
            for task in ready:
                before = [end for name in _before(task, ends.keys()) for end in ends[name]] or [within]
                ends[task["name"]] = self._task(task, f"{within}.{task['name']}", scope, before)
                del waiting[task["name"]]
        followed = {name for task in tasks for name in _before(task, ends.keys())}
        return [end for name, of in ends.items() if name not in followed for end in of]

    def _task(self, task: KubernetesObject, name: str, scope: dict[str, str], before: Sequence[str]) -> Sequence[str]:
        if "when" in task and not _holds(self._filled(task["when"], scope)):
            message = f"when '{self._filled(task['when'], scope)}' evaluated false"
            self._note_skipped(task, name)
            return [self._node(name, "Skipped", task["template"], before, {}, message=message)]
        items = self._items(task, scope)
        if items is None:
            return self._one(task, name, scope, before)
        loop = [self._node(name, "TaskGroup", task["template"], before, {})]
        return [
            end
            for index, item in enumerate(items)
            for end in self._one(task, f"{name}({index}:{_shown(item)})", scope | _of_item(item), loop)
        ] or loop

    def _one(self, task: KubernetesObject, name: str, scope: dict[str, str], before: Sequence[str]) -> Sequence[str]:
        given = task.get("arguments", {}).get("parameters", [])
        values = {one["name"]: self._filled(str(one["value"]), scope) for one in given}
        made, ends = self._execute(task["template"], name, values, before)
        scope |= {f"tasks.{task['name']}.outputs.parameters.{each}": value for each, value in made.items()}
        if "exit" in task.get("hooks", {}):
            hook = task["hooks"]["exit"]
            told = hook.get("arguments", {}).get("parameters", [])
            values = {one["name"]: self._filled(str(one["value"]), scope) for one in told}
            self._execute(hook["template"], f"{name}.onExit", values, ends)
        return ends

    def _items(self, task: KubernetesObject, scope: Mapping[str, str]) -> Sequence[Any] | None:
        if "withSequence" in task:
            return range(int(self._filled(str(task["withSequence"]["count"]), scope)))
        if "withItems" in task:
            return list(task["withItems"])
        if "withParam" in task:
            try:
                return list(json.loads(self._filled(task["withParam"], scope)))
            except json.JSONDecodeError:
                return ["a", "b"]  # what the user's code would have made
        return None

    def _arguments(self) -> dict[str, str]:
        given = self._spec.get("arguments", {}).get("parameters", [])
        return {one["name"]: str(one["value"]) for one in given if "value" in one}

    def _filled(self, written: str, scope: Mapping[str, str]) -> str:
        known = {f"workflow.parameters.{name}": value for name, value in self._arguments().items()}
        known |= {
            f"workflow.annotations.{name}": value for name, value in self._metadata.get("annotations", {}).items()
        }
        known |= {"workflow.name": self.name, "workflow.uid": RUN, **scope}
        return _PLACEHOLDER.sub(lambda found: str(known.get(found.group(1), found.group())), written)

    def _node(
        self,
        name: str,
        kind: str,
        template: str,
        parents: Sequence[str],
        given: Values,
        made: Values | None = None,
        **more: Any,
    ) -> str:
        self._clock += 10
        self.nodes[self._id(name)] = {
            "id": self._id(name),
            "name": name,
            "displayName": name.rpartition(".")[2],
            "type": kind,
            "templateName": template,
            "phase": "Skipped" if kind == "Skipped" else "Succeeded",
            "startedAt": rfc3339(self._clock),
            "finishedAt": rfc3339(self._clock + 5),
            "inputs": {"parameters": [{"name": each, "value": value} for each, value in given.items()]},
            "outputs": {"parameters": [{"name": each, "value": value} for each, value in (made or {}).items()]},
            "children": [],
            **more,
        }
        for parent in parents:
            self.nodes[self._id(parent)]["children"].append(self._id(name))
        return name

    def _id(self, name: str) -> str:
        if name == self.name:
            return name
        state = 2166136261
        for byte in name.encode():
            state = (state ^ byte) * 16777619 % 2**32
        return f"{self.name}-{state}"

    # -- the drivers of Kubeflow
    def _drive(self, template: str, name: str, told: Values) -> dict[str, str] | None:
        """Do what a driver or an importer does; None where the template is another."""
        kind = re.sub(r"^.*(system-)", r"\1", template)
        if kind == "system-dag-driver":
            return self._drive_dag(name, told)
        if kind == "system-container-driver":
            return self._drive_container(name, told)
        if kind.startswith("system-importer"):
            self._import(name, told)
            return {}
        return None

    def _drive_dag(self, name: str, told: Values) -> dict[str, str]:
        component, task = json.loads(told["component"]), json.loads(told.get("task") or "{}")
        key, made = str(1000 + len(self.nodes)), {"iteration-count": "0", "condition": "true"}
        records = self._records
        if told.get("driver-type") == "ROOT_DAG":
            config = json.loads(told["runtime-config"] or "{}")
            typed = {each: next(iter(of.values())) for each, of in config.get("parameters", {}).items()}
            self._dags[key] = _Dag(
                parameters=_defaults(component) | typed | config.get("parameterValues", {}),
                artifacts={},
                component=component,
            )
            if records is not None:
                self._dags[key := records.root()] = self._dags.pop(str(1000 + len(self.nodes)))
            return made | {"execution-id": key}
        outer = self._dags[told["parent-dag-id"]]
        of = _task_of(name)
        parameters, artifacts = self._given(task, outer, component)
        index = int(told["iteration-index"])
        if index >= 0:  # the DAG around it is that of the loop, and was given what the loop was
            parameters, artifacts = dict(outer.parameters), dict(outer.artifacts)
            parameters[task["parameterIterator"]["itemInput"]] = _loop_over(task, parameters)[index]
        elif "parameterIterator" in task:
            made["iteration-count"] = str(len(_loop_over(task, parameters)))
        if records is not None:
            key = records.dag(of, told["parent-dag-id"], index if index >= 0 else None)
        dag = _Dag(parameters=parameters, artifacts=artifacts, component=component)
        self._dags[key] = outer.inner[of] = dag
        if "condition" in task.get("triggerPolicy", {}):
            made["condition"] = str(of not in self._refused).lower()
        return made | {"execution-id": key}

    def _drive_container(self, name: str, told: Values) -> dict[str, str]:
        component, task = json.loads(told["component"]), json.loads(told["task"])
        outer = self._dags[told["parent-dag-id"]]
        parameters, artifacts = self._given(task, outer, component)
        image = json.loads(told["container"]).get("image", "")
        of = name.rpartition(".")[2].removesuffix("(0)") if image.startswith("argostub/") else _task_of(name)
        declared = component.get("outputDefinitions", {}).get("artifacts", {})
        planned: dict[str, Artifact] = {
            each: {
                "name": each,
                "uri": f"{ROOT}/p/{self._run}/{of}/{len(self.nodes)}/{each}",
                "type": {"schemaTitle": what.get("artifactType", {}).get("schemaTitle", "")},
                "metadata": {},
            }
            for each, what in declared.items()
        }
        outer.made[of] = dict(planned)
        made = {"condition": "true", "cached-decision": str(of in self._cached).lower(), "pod-spec-patch": ""}
        records, within = self._records, told["parent-dag-id"]
        if image.startswith("argostub/"):
            by_driver: Mapping[str, Any] = {}
            if records is not None:
                by_driver = _made_up(component)
                records.end(records.task(of, within, parameters, {}), by_driver, {})
            self._note(of, name, parameters if records is not None else {}, {}, {}, outputs=by_driver)
            return made
        if of in self._cached:
            outputs: Mapping[str, Any] = {}
            if records is not None:
                outputs, taken = records.take_over(of, within, parameters, artifacts)
                outer.made[of] = dict(taken)
            known = (parameters, artifacts, outer.made[of]) if records is not None else ({}, {}, {})
            self._note(of, name, *known, outputs=outputs, cached=True)
            return made
        given = {each: [dict(one) for one in of] for each, of in artifacts.items()}
        executor = {
            "inputs": {
                "parameterValues": dict(parameters),
                "artifacts": {each: {"artifacts": of} for each, of in given.items()},
            },
            "outputs": {"artifacts": {each: {"artifacts": [one]} for each, one in planned.items()}},
        }
        words = ["launch", "--executor_input", json.dumps(executor), "--component_spec", json.dumps(component), "--"]
        values: Mapping[str, Any] = {}
        if records is not None:
            execution, values = records.task(of, within, parameters, artifacts), _made_up(component)
            outer.made[of] = dict(records.end(execution, values, planned))
            words[1:1] = ["--execution_id", execution]
        made["pod-spec-patch"] = json.dumps({"containers": [{"name": "main", "image": image, "command": words}]})
        self._note(of, name, parameters, given, planned, outputs=values)
        return made

    def _import(self, name: str, told: Values) -> None:
        component, task, importer = (json.loads(told[each]) for each in ("component", "task", "importer"))
        outer = self._dags[told["parent-dag-id"]]
        parameters, _ = self._given(task, outer, component)
        of = name.rpartition(".")[2].removesuffix("(0)")
        where = importer["artifactUri"]
        uri = parameters[where["runtimeParameter"]] if "runtimeParameter" in where else _constant(where)
        kind = {"schemaTitle": importer["typeSchema"]["schemaTitle"]}
        one = {"name": "artifact", "uri": uri, "type": kind, "metadata": importer.get("metadata", {})}
        outer.made[of] = dict.fromkeys(component["outputDefinitions"]["artifacts"], one)
        if self._records is not None:
            outer.made[of] = dict(self._records.imported(of, told["parent-dag-id"], outer.made[of]))
        self._note(of, name, {}, {}, outer.made[of])

    def _given(
        self, task: Mapping[str, Any], outer: _Dag, component: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Sequence[Artifact]]]:
        inputs = task.get("inputs", {})
        parameters: dict[str, Any] = _defaults(component)
        for name, how in inputs.get("parameters", {}).items():
            if "runtimeValue" in how:
                parameters[name] = _constant(how["runtimeValue"])
            elif "componentInputParameter" in how:
                parameters[name] = outer.parameters.get(how["componentInputParameter"], "made up")
            else:
                parameters[name] = "made by a task"
        artifacts: dict[str, Sequence[Artifact]] = {}
        for name, how in inputs.get("artifacts", {}).items():
            if "componentInputArtifact" in how:
                artifacts[name] = outer.artifacts.get(how["componentInputArtifact"], [])
            elif "taskOutputArtifact" in how:
                from_task = how["taskOutputArtifact"]
                artifacts[name] = outer.output(from_task["producerTask"], from_task["outputArtifactKey"])
        return parameters, {name: of for name, of in artifacts.items() if of}

    # -- what is expected
    def _note(
        self,
        of: str,
        name: str,
        parameters: Mapping[str, Any],
        reads: Mapping[str, Sequence[Artifact]],
        writes: Mapping[str, Artifact],
        *,
        outputs: Mapping[str, Any] | None = None,
        cached: bool = False,
    ) -> None:
        read = dict(_ports(reads))
        both = [*read.values(), *writes.values()]
        self.ran.append(
            Ran(
                name=of,
                iterations=tuple(int(each) for each in re.findall(r"\((\d+):", name)),
                parameters=parameters,
                reads={each: one["uri"] for each, one in read.items()},
                writes={each: one["uri"] for each, one in writes.items()},
                types={one["uri"]: one["type"]["schemaTitle"] for one in both if one["type"]["schemaTitle"]},
                outputs=outputs or {},
                cached=cached,
            )
        )

    def _note_skipped(self, task: KubernetesObject, name: str) -> None:
        if task["name"] != "executor":  # of a cached task, which is noted
            iterations = tuple(int(each) for each in re.findall(r"\((\d+):", name))
            self.ran.append(
                Ran(
                    name=task["name"], iterations=iterations, parameters={}, reads={}, writes={}, types={}, skipped=True
                )
            )


def _before(task: KubernetesObject, names: Iterable[str]) -> list[str]:
    """Which of some tasks come before one."""
    named = [*task.get("dependencies", []), *re.findall(r"[A-Za-z0-9_-]+(?=\.|\b)", task.get("depends", ""))]
    known = set(names)
    return [name for name in dict.fromkeys(named) if name in known]


def _holds(condition: str) -> bool:
    found = re.fullmatch(r"\s*\"?(.*?)\"?\s*(==|!=)\s*\"?(.*?)\"?\s*", condition)
    assert found is not None, condition
    return (found[1] == found[3]) == (found[2] == "==")


def _shown(item: Any) -> str:
    if isinstance(item, dict):
        return ",".join(f"{name}:{value}" for name, value in sorted(item.items()))
    return str(item)


def _of_item(item: Any) -> dict[str, str]:
    members = {f"item.{name}": str(value) for name, value in item.items()} if isinstance(item, dict) else {}
    return {"item": str(item)} | members


def _task_of(driver: str) -> str:
    return driver.rpartition(".")[2].removesuffix("(0)").removesuffix("-driver")


def _constant(how: Mapping[str, Any]) -> Any:
    return how["constant"] if "constant" in how else next(iter(how["constantValue"].values()))


def _made_up(component: Mapping[str, Any]) -> dict[str, Any]:
    """What might come out of a component, by the types of its output parameters."""
    declared = component.get("outputDefinitions", {}).get("parameters", {})
    values = {"NUMBER_DOUBLE": 0.5, "NUMBER_INTEGER": 7, "BOOLEAN": True, "LIST": [1, 2], "STRUCT": {"a": 1}}
    return {name: values.get(what.get("parameterType", ""), "made up") for name, what in declared.items()}


def _defaults(component: Mapping[str, Any]) -> dict[str, Any]:
    declared = component.get("inputDefinitions", {}).get("parameters", {})
    return {name: of["defaultValue"] for name, of in declared.items() if "defaultValue" in of}


def _loop_over(task: Mapping[str, Any], parameters: Mapping[str, Any]) -> Sequence[Any]:
    items = task["parameterIterator"]["items"]
    found = json.loads(items["raw"]) if "raw" in items else parameters.get(items["inputParameter"])
    return found if isinstance(found, list) else ["made", "up"]


def _ports(held: Mapping[str, Sequence[Artifact]]) -> Iterator[tuple[str, Artifact]]:
    for name, of in held.items():
        for index, one in enumerate(of):
            yield (name if len(of) == 1 else f"{name}[{index}]"), one
