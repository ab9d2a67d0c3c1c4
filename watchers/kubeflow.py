"""Kubeflow Pipelines v2 on Argo: which nodes are its plumbing, and what its drivers tell of each task.

Pure. A task `X` is a DAG with one node `executor`, which runs the user's container in a launcher; `X-driver` came
before it and wrote the launcher's command. So that command says what the task is given and what it is to write,
whatever else stands in it: flags are found by name. What it says badly is not said, and no reason to refuse a workflow.

Sources: kubeflow/pipelines/backend/src/v2/compiler/argocompiler for templates, `initPodSpecPatch` in
backend/src/v2/driver/driver.go for the command, `ExecutorInput` in api/v2alpha1/pipeline_spec.proto for what it holds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import orjson

from lineage.limits import is_name
from lineage.model import Parameter
from lineage.redaction import is_redacted
from watchers.reading import mapping, mappings, scalar, text, texts

POD_SPEC_PATCH: Final = "pod-spec-patch"

_TEMPLATE: Final = re.compile(r"(?:.+-)?system-(container-driver|dag-driver|container-impl|importer(?:-workspace)?)")
_ATTEMPT: Final = re.compile(r"\([0-9]+\)$")
_NEVER_RUN: Final = "argostub/"  # the image of tasks that a driver does by itself, such as createpvc


class Role(Enum):
    """What a node is to Kubeflow."""

    DRIVER = auto()
    EXECUTOR = auto()
    IMPORTER = auto()
    BY_DRIVER = auto()  # a task that its driver does: there is no executor


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskArtifact:
    """An artifact that a task is given or is to write. `name` is that of the input or output, with an index where it
    holds several."""

    name: str
    uri: str
    type: str | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a driver tells of a task. `component` is what it runs, `told_as` the id by which Kubeflow's own records know
    this execution, and `pod_spec` the pod that runs it."""

    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[TaskArtifact, ...] = ()
    outputs: tuple[TaskArtifact, ...] = ()
    component: str | None = None
    told_as: str | None = None
    pod_spec: Mapping[str, Any] | None = None


# ------------------------------------------------------------------------------------------ nodes
def role_of(node: Mapping[str, Any]) -> Role | None:
    """Say what a node is to Kubeflow, by its template; None for all that is not of its making."""
    found = _TEMPLATE.fullmatch(text(node, "templateName"))
    if found is None:
        return None
    kind = found.group(1)
    if kind == "container-impl":
        return Role.EXECUTOR
    if kind.startswith("importer"):
        return Role.IMPORTER
    image = text(_json(_inputs(node).get("container")), "image") if kind == "container-driver" else ""
    return Role.BY_DRIVER if image.startswith(_NEVER_RUN) else Role.DRIVER


def task_name(node_name: str, role: Role) -> str:
    """Name the task that a node works for: of `wf.root(0).train(0).executor(1)` that is `train`."""
    within = _ATTEMPT.sub("", node_name)
    if role is Role.EXECUTOR:
        within = _ATTEMPT.sub("", within.rpartition(".")[0])
    return within.rpartition(".")[2]


def attempt_at_task(node_name: str) -> int:
    """Say which attempt at a task an executor belongs to, where the task as a whole is tried again."""
    found = _ATTEMPT.search(_ATTEMPT.sub("", node_name).rpartition(".")[0])
    return int(found.group()[1:-1]) if found else 0


def place_of(node: Mapping[str, Any]) -> str | None:
    """Say where in its run the task stands for which a driver or an importer works, as Kubeflow's records do: by the id
    of the DAG around it and the task's name; in a loop that is none, with its turn."""
    given = _inputs(node)
    parent = given.get("parent-dag-id") or given.get("parent-dag-task-id") or ""
    name = given.get("task-name") or _members(_json(given.get("task")), "taskInfo").get("name")
    return place(parent, name, given.get("iteration-index")) if parent and isinstance(name, str) and name else None


def place(parent: str, name: str, turn: str | None) -> str:
    """Write where a task stands. `turn` counts from 0; it is less where there is none."""
    within = f"{parent}/{name}"
    return f"{within}/{turn}" if turn and turn.isdecimal() else within


def driver_of(executor: str) -> str:
    """Name the node that drove the task of an executor: of `wf.root(0).train(0).executor(1)` that is
    `wf.root(0).train-driver`."""
    return f"{_ATTEMPT.sub('', _ATTEMPT.sub('', executor).rpartition('.')[0])}-driver"


def plain_node(name: str) -> str:
    """Name a node without saying which attempt it is."""
    return _ATTEMPT.sub("", name)


def task_of(node: Mapping[str, Any]) -> Task:
    """Read what the launcher of a task was told."""
    pod_spec = _json(_inputs(node).get(POD_SPEC_PATCH))
    words = list(_command(pod_spec))
    told = _json(_flag(words, "executor_input"))
    component = text(_json(_flag(words, "component_spec")), "executorLabel").removeprefix("exec-")
    given, planned = _members(told, "inputs"), _members(told, "outputs")
    return Task(
        parameters=tuple(_parameters(given)),
        inputs=tuple(_artifacts(_members(given, "artifacts"))),
        outputs=tuple(_artifacts(_members(planned, "artifacts"))),
        component=component or None,
        told_as=_flag(words, "execution_id") or _flag(words, "task_id"),
        pod_spec=pod_spec or None,
    )


def _command(pod_spec: Mapping[str, Any]) -> Iterator[str]:
    """The words of the main container's command, and then of its arguments."""
    containers = [one for one in _list(pod_spec, "containers") if isinstance(one, dict)]
    main = next((one for one in containers if one.get("name") == "main"), containers[0] if containers else {})
    for member in ("command", "args"):
        yield from (word for word in _list(main, member) if isinstance(word, str))


def _flag(words: Sequence[str], name: str) -> str | None:
    """Find what a flag is set to, wherever it stands."""
    for place, word in enumerate(words):
        if word == f"--{name}":
            return words[place + 1] if place + 1 < len(words) else None
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
    return None


def _parameters(given: Mapping[str, Any]) -> Iterator[Parameter]:
    for name, value in _values(given).items():
        yield parameter(name, value)


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of parameters, as releases write them since 2.0, and as 2.0 wrote some: `{"stringValue": "a"}`."""
    typed = _members(given, "parameters")
    old = {name: next(iter(_members(typed, name).values()), None) for name in typed}
    return old | _members(given, "parameterValues")


def parameter(name: str, value: object) -> Parameter:
    """Make a parameter of a JSON value."""
    written = scalar(value)
    return Parameter(name=name, value=written, redacted=written is not None and is_redacted(written))


def _artifacts(ports: Mapping[str, Any]) -> Iterator[TaskArtifact]:
    for name in ports:
        held = [one for one in _list(_members(ports, name), "artifacts") if isinstance(one, dict)]
        for place, one in enumerate(held):
            uri = one.get("uri")
            if isinstance(uri, str) and uri:
                yield TaskArtifact(
                    name=name if len(held) == 1 else f"{name}[{place}]",
                    uri=without_query(uri),
                    type=_type(_members(one, "type")),
                    metadata=_members(one, "metadata"),
                )


def without_query(uri: str) -> str:
    """Leave out what a pipeline root says of how to reach a store: it is no part of where something lies."""
    return uri.partition("?")[0] if uri.startswith(("minio://", "s3://", "gs://")) else uri


def _constant(told: Mapping[str, Any]) -> Any:
    """Read a constant, as it is written since 2.0, or as before: `{"constantValue": {"intValue": 7}}`."""
    return told["constant"] if "constant" in told else next(iter(_members(told, "constantValue").values()), None)


def _type(told: Mapping[str, Any]) -> str | None:
    name = told.get("schemaTitle")
    return name if isinstance(name, str) and name and is_name(name) else None


# ------------------------------------------------------------------------------------------ the pipeline
@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What the compiler of Kubeflow wrote into a workflow, beside what each node says. `arguments` holds the texts of
    components by the names by which templates refer to them: arguments, and annotations before 2.3."""

    templates: Mapping[str, Mapping[str, Any]]
    arguments: Mapping[str, str]
    entrypoint: str

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Compiled | None":
        """Read a workflow; None where it was not compiled for v2."""
        spec = mapping(item, "spec")
        templates = {text(template, "name"): template for template in mappings(spec, "templates")}
        if not any(name.endswith("system-dag-driver") for name in templates):
            return None
        arguments = {
            text(one, "name"): written
            for one in mappings(mapping(spec, "arguments"), "parameters")
            if (written := scalar(one.get("value"))) is not None
        }
        annotations = texts(mapping(item, "metadata"), "annotations")
        return cls(templates=templates, arguments=annotations | arguments, entrypoint=text(spec, "entrypoint"))

    # -- the run
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the run: those that the root driver is given, and the defaults of the others."""
        return tuple(parameter(name, value) for name, value in self._of_root().items())

    def pipeline(self) -> tuple[str | None, str]:
        """Name the pipeline, and the namespace that it was uploaded to, where it was uploaded to one."""
        told = self._told_to_drivers("pipeline_name") or ""
        parts = told.split("/")
        if len(parts) == 4 and parts[0] == "namespace" and parts[2] == "pipeline":
            return parts[1], parts[3]
        return None, told

    def _told_to_drivers(self, flag: str) -> str | None:
        for name, template in self.templates.items():
            if name.endswith("-driver"):
                words = [word for word in _list(mapping(template, "container"), "args") if isinstance(word, str)]
                if (found := _flag(words, flag)) is not None:
                    return found
        return None

    def _of_root(self) -> dict[str, Any]:
        given = self._arguments(self.entrypoint, "root-driver")
        config = _json(given.get("runtime-config"))
        defaults = self._defaults(given.get("component"))
        return defaults | _values(config)

    def _defaults(self, component: str | None) -> dict[str, Any]:
        """The defaults of a component's parameters, where it has any. Its text stands among the arguments."""
        name = _REFERENCE.fullmatch(component or "")
        spec = _json(self.arguments.get(name.group(1)) if name else component)
        declared = _members(_members(spec, "inputDefinitions"), "parameters")
        return {
            name: _members(declared, name)["defaultValue"]
            for name in declared
            if "defaultValue" in _members(declared, name)
        }

    # -- its tasks
    def skipped_because(self, task: str, template: str) -> str | None:
        """Say on which condition a task stands, that runs a template."""
        for name, other in self.templates.items():
            if any((text(one, "name"), text(one, "template")) == (task, template) for one in _tasks(other)):
                told = _json(self._arguments(name, f"{task}-driver").get("task"))
                condition = _members(told, "triggerPolicy").get("condition")
                return condition if isinstance(condition, str) and condition else None
        return None

    def resolve(self, node_name: str, workflow: str, told: Mapping[str, Any], name: str) -> Any:
        """Say what a parameter of a task is, that is told about it as `told`; None where only its run knows."""
        path = [_ATTEMPT.sub("", step) for step in node_name.removeprefix(workflow).split(".")[1:-1]]
        return self._resolve([step for step in path if step], told, name)

    def _resolve(self, path: list[str], told: Mapping[str, Any], name: str) -> Any:
        given = _members(_members(_members(told, "inputs"), "parameters"), name)
        if "runtimeValue" in given:
            return _constant(_members(given, "runtimeValue"))
        outer = given.get("componentInputParameter")
        if not isinstance(outer, str) or given.get("parameterExpressionSelector") or not path:
            return None
        if path == ["root"]:
            return self._of_root().get(outer)
        driver = self._driver(path)
        return None if driver is None else self._resolve(path[:-1], _json(driver.get("task")), outer)

    def _driver(self, path: Sequence[str]) -> Mapping[str, str] | None:
        """What the driver of the DAG at a path is told; None where that varies, as in a loop."""
        within = self.entrypoint
        for step in path[:-1]:
            found = next((one for one in _tasks(self.templates.get(within, {})) if text(one, "name") == step), None)
            if found is None:
                return None
            within = text(found, "template")
        return self._arguments(within, f"{path[-1]}-driver") or None

    def _arguments(self, template: str, task: str) -> Mapping[str, str]:
        """The arguments of a task of a DAG."""
        for one in _tasks(self.templates.get(template, {})):
            if text(one, "name") == task:
                given = mappings(mapping(one, "arguments"), "parameters")
                return {text(each, "name"): scalar(each.get("value")) or "" for each in given}
        return {}


_REFERENCE: Final = re.compile(r"\{\{workflow\.(?:parameters\.|annotations\.)?([^}]+)\}\}")


def _tasks(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    return mappings(mapping(template, "dag"), "tasks")


def imported(node: Mapping[str, Any], compiled: Compiled | None, workflow: str) -> TaskArtifact | None:
    """Say what an importer stands for; None where only its run knows from where."""
    given = _inputs(node)
    spec, told = _json(given.get("importer")), _json(given.get("task"))
    component = _json(given.get("component"))
    uri: Any = _constant(_members(spec, "artifactUri"))
    name = _members(spec, "artifactUri").get("runtimeParameter")
    if uri is None and isinstance(name, str) and compiled is not None:
        uri = compiled.resolve(text(node, "name"), workflow, told, name)
    if not isinstance(uri, str) or not uri:
        return None
    outputs = _members(_members(component, "outputDefinitions"), "artifacts")
    return TaskArtifact(
        name=next(iter(outputs), "artifact"),
        uri=without_query(uri),
        type=_type(_members(spec, "typeSchema")),
        metadata=_members(spec, "metadata"),
    )


# ------------------------------------------------------------------------------------------ reading
def _inputs(node: Mapping[str, Any]) -> dict[str, str]:
    given = mappings(mapping(node, "inputs"), "parameters")
    return {text(one, "name"): scalar(one.get("value")) or "" for one in given}


def _json(written: str | None) -> dict[str, Any]:
    """Read an object that is written in a text; empty where it is none."""
    if not written or written[0] != "{":
        return {}
    try:
        found = orjson.loads(written)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _members(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    found = holder.get(name)
    return found if isinstance(found, list) else []
