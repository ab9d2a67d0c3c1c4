"""What is measured: runs of ten steps, as Argo's workflows and pods, in two streams of events. Pure.

Each step reads what earlier steps of its run wrote, has five parameters and writes two artifacts. Each run begins with
one of fifty shared sources; within a lane, it adds to the data of the run before it and trains on from its model.
An *event* is one attempt that has ended: the workflow as it then stands, and the pod.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from lineage.facts import Fact, RunSeen
from lineage.identity import Key, written_key
from lineage.observation import ObjectSeen
from tests.factories import KubernetesObject, a_node, a_pod, a_workflow, an_artifact, interpreted, moment, observed

LANE: Final = 1_000  # runs of which each builds on the one before: enough for a closure of 10,000
SOURCES: Final = 50
RUN_SECONDS: Final = 1_000
STEP_SECONDS: Final = 60
FIRST_RUN: Final = 1_760_000_000


class Step(NamedTuple):
    """A step of the pipeline: its name, what it writes, and what it reads as (step, output)."""

    name: str
    writes: tuple[str, str]
    reads: tuple[tuple[int, int], ...]


STEPS: Final = (
    Step("ingest", ("raw", "schema"), ()),
    Step("validate", ("stats", "report"), ((0, 0), (0, 1))),
    Step("split", ("train-set", "test-set"), ((0, 0), (1, 0))),
    Step("featurize-a", ("features-a", "transform-a"), ((2, 0), (0, 1))),
    Step("featurize-b", ("features-b", "transform-b"), ((2, 0), (0, 1))),
    Step("featurize-c", ("features-c", "transform-c"), ((2, 1), (0, 1))),
    Step("train-a", ("model-a", "log-a"), ((3, 0), (4, 0))),
    Step("train-b", ("model-b", "log-b"), ((3, 0), (4, 0))),
    Step("evaluate", ("evaluation", "best-model"), ((6, 0), (7, 0), (5, 0))),
    Step("deploy", ("deployment", "endpoint"), ((8, 1), (1, 1))),
)
INGESTING: Final = 0
TRAINING: Final = 6
PARAMETERS: Final = ("learning_rate", "batch_size", "epochs", "optimizer", "seed")

Event: TypeAlias = tuple[ObjectSeen, ...]


# ------------------------------------------------------------------------------------------ streams
def live(runs: range) -> Iterator[Event]:
    """As a watch sees it: with each attempt that ends, the workflow anew and whole, and the pod."""
    for run in runs:
        for step in range(len(STEPS)):
            yield observed(workflow(run, ended=step + 1)), observed(pod(run, step))


def side_by_side(runs: range) -> Iterator[Event]:
    """As a watch of a busy cluster sees it: all these runs at a time, a step of each in turn."""
    for step in range(len(STEPS)):
        for run in runs:
            yield observed(workflow(run, ended=step + 1)), observed(pod(run, step))


def finished(runs: range) -> Iterator[Event]:
    """As a first list, or a file, shows it: each workflow once, at its end, with the first of its pods."""
    for run in runs:
        whole = observed(workflow(run, ended=len(STEPS)))
        for step in range(len(STEPS)):
            seen = observed(pod(run, step))
            yield (seen,) if step else (whole, seen)


def facts_of_event(event: Event) -> list[Fact]:
    """What an event means."""
    return [fact for seen in event for fact in interpreted(seen)]


# ------------------------------------------------------------------------------------------ objects
def name(run: int) -> str:
    """Name a run. "c00" is where `tests.bench.closures` puts the number of a copy."""
    return f"training-c00-r{run:05d}"


def uid(run: int) -> str:
    """The uid of a run's workflow, and of the run."""
    return f"uid-of-{name(run)}"


def key_of(run: int, step: int, output: int) -> str:
    """Name the place where a step writes."""
    return f"artifacts/{name(run)}/{STEPS[step].name}/{STEPS[step].writes[output]}"


def artifact_key(run: int, step: int, output: int) -> Key:
    """Key of what a step wrote."""
    return written_key(uid(run), _node_id(run, step), _start(run, step), STEPS[step].writes[output])


def workflow(run: int, *, ended: int) -> KubernetesObject:
    """A workflow of which so many steps have ended."""
    over, root = ended == len(STEPS), f"{name(run)}-00"
    begun, end = FIRST_RUN + run * RUN_SECONDS, _start(run, len(STEPS))
    nodes = {
        root: a_node(
            name(run),
            begun,
            end if over else None,
            "Succeeded" if over else "Running",
            kind="DAG",
            children=[_node_id(run, 0)],
            templateName="main",
        )
    }
    for step in range(ended):
        nodes[_node_id(run, step)] = _node(run, step, last=step + 1 == ended)
    return a_workflow(
        nodes,
        uid=uid(run),
        name=name(run),
        phase="Succeeded" if over else "Running",
        born=begun,
        version=1 + run * len(STEPS) + ended,
        labels={"pipeline/runid": uid(run), "workflows.argoproj.io/completed": str(over).lower()},
        metadata={"generateName": "training-"},
        spec={
            "entrypoint": "main",
            "arguments": {"parameters": _parameters(run)},
            "templates": [_template(step) for step in STEPS],
        },
        startedAt=nodes[root]["startedAt"],
        **({"finishedAt": nodes[root]["finishedAt"]} if over else {}),
    )


def pod(run: int, step: int) -> KubernetesObject:
    """The pod of a step, at its end."""
    begun = _start(run, step)
    return a_pod(
        f"pod-of-{_node_id(run, step)}",
        _node_id(run, step),
        begun,
        begun + STEP_SECONDS - 10,
        version=2 + run * len(STEPS) + step,
        owner=uid(run),
        workflow=name(run),
        labels={"pipeline/runid": uid(run)},
    )


def _node(run: int, step: int, *, last: bool) -> KubernetesObject:
    begun, what = _start(run, step), STEPS[step]
    reads = [an_artifact(STEPS[source].writes[output], key_of(run, source, output)) for source, output in what.reads]
    if step == INGESTING:
        reads.append(an_artifact("source", f"sources/c00/{run % SOURCES}.parquet"))
    if step in (INGESTING, TRAINING) and run % LANE:
        reads.append(an_artifact("before", key_of(run - 1, step, 0)))
    writes = [an_artifact(output, key_of(run, step, at)) for at, output in enumerate(what.writes)]
    node = a_node(
        f"{name(run)}.{what.name}",
        begun,
        begun + STEP_SECONDS - 10,
        children=[] if last else [_node_id(run, step + 1)],
        templateName=what.name,
        boundaryID=f"{name(run)}-00",
    )
    node["inputs"] = {"artifacts": reads, "parameters": _parameters(run)}
    node["outputs"] = {"artifacts": writes, "exitCode": "0"}
    return node


def _template(step: Step) -> KubernetesObject:
    container = {"image": "registry.example/step:1", "command": ["python", "-m", f"pipeline.{step.name}"]}
    return {"name": step.name, "container": container, "inputs": {"parameters": [{"name": one} for one in PARAMETERS]}}


def _parameters(run: int) -> list[dict[str, str]]:
    values = (f"0.{1 + run % 9}", str(32 << run % 4), str(5 + run % 7), ("adam", "sgd", "lamb")[run % 3], str(run))
    return [{"name": one, "value": value} for one, value in zip(PARAMETERS, values, strict=True)]


def _node_id(run: int, step: int) -> str:
    return f"{name(run)}-{step + 1:02d}"


def _start(run: int, step: int) -> int:
    return FIRST_RUN + run * RUN_SECONDS + step * STEP_SECONDS


# ------------------------------------------------------------------------------------------ for a peer
def for_a_peer(runs: range) -> Iterator[dict[str, Any]]:
    """The same executions as plain JSON, a run at a time: what each read and wrote by uri, and its parameters."""
    for run in runs:
        seen = next(
            fact for fact in interpreted(observed(workflow(run, ended=len(STEPS)))) if isinstance(fact, RunSeen)
        )
        yield {
            "name": seen.name,
            "executions": [
                {
                    "name": state.name,
                    "type": state.display_name,
                    "start": state.started_at,
                    "end": int((state.finished_at or moment(0)).timestamp()),
                    "parameters": {one.name: one.value for one in state.input_parameters},
                    "reads": [[read.name, read.location.uri] for read in state.reads],
                    "writes": [[write.name, write.location.uri] for write in state.writes],
                }
                for state in seen.executions or ()
                if not state.is_group
            ],
        }


def count(runs: Sequence[int]) -> int:
    """How many events runs come to."""
    return len(runs) * len(STEPS)
