"""What stays of views once the details of a run are forgotten. Pure.

It stays which run it was, what it was given and how it went; its steps, and which came before which; what they read
and wrote, with all digests; the images of their pods, and the nodes that these ran on; and what they measured. So
identities, edges, and the series of metrics with what may have moved them, are as they were. Of a long argument its
digest stays. What goes is what else was said: the arguments and results of steps, labels, messages, metadata of
artifacts, and what only objects of one kind say of themselves.

What stays of a view is a view of the same kind: whoever reads or joins views needs not know that anything went.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from lineage.facts import ExecutionSeen, ExecutionState, PodSeen, Read, RunSeen, RunTold, TasksTold, TaskTold, Write
from lineage.identity import sha256
from lineage.metrics import read_parameters
from lineage.model import Parameter
from lineage.workloads import NOTHING_SAID, Tuning

LONGEST_VALUE: Final = 256
"""Characters of an argument of a run that stays as it is."""
OWN_LABELS: Final = "kfp-lineage/"
"""How labels begin that say which run something is."""


def value_that_stays(value: str | None) -> str | None:
    """What stays of an argument: of a long one, its digest."""
    return value if value is None or len(value) <= LONGEST_VALUE else sha256(value.encode())


def run_that_stays(seen: RunSeen) -> RunSeen:
    """What stays of the view of a workflow, or of what else is a run."""
    tuning = seen.tuning
    return replace(
        seen,
        message=None,
        parameters=_parameters(seen.parameters),
        labels={name: value for name, value in seen.labels.items() if name.startswith(OWN_LABELS)},
        annotations={},
        details={},
        tuning=None if tuning is None else Tuning(best_trial=tuning.best_trial),
    )


def attempt_that_stays(state: ExecutionState, metric_parameters: Sequence[str]) -> ExecutionState:
    """What stays of an attempt at a step. `metric_parameters` are how output parameters are called that are metrics."""
    names = (*metric_parameters, *state.metrics)
    return replace(
        state,
        message=None,
        resources=None,
        input_parameters=(),
        output_parameters=tuple(p for p in state.output_parameters if _measures(p, state.template, names)),
        reads=_reads(state.reads),
        writes=_writes(state.writes),
        workload=NOTHING_SAID,
    )


def execution_that_stays(seen: ExecutionSeen, metric_parameters: Sequence[str]) -> ExecutionSeen:
    """What stays of an object that is an execution by itself."""
    return replace(seen, state=attempt_that_stays(seen.state, metric_parameters), scale=None)


def pod_that_stays(seen: PodSeen) -> PodSeen:
    """What stays of a pod."""
    return replace(seen, reason=None)


def run_told_that_stays(told: RunTold) -> RunTold:
    """What stays of what Kubeflow told of a run."""
    return replace(told, message=None, parameters=_parameters(told.parameters))


def tasks_that_stay(told: TasksTold) -> TasksTold:
    """What stays of what Kubeflow told of the tasks of a run."""
    return replace(told, tasks=tuple(map(task_that_stays, told.tasks)))


def task_that_stays(task: TaskTold) -> TaskTold:
    """What stays of what Kubeflow told of one task. Its metrics were reported as such, and stay."""
    return replace(
        task,
        input_parameters=(),
        output_parameters=(),
        reads=_reads(task.reads),
        writes=_writes(task.writes),
    )


def _parameters(given: Iterable[Parameter]) -> tuple[Parameter, ...]:
    return tuple(replace(one, value=value_that_stays(one.value)) for one in given)


def _measures(parameter: Parameter, template: str | None, names: Sequence[str]) -> bool:
    return bool(read_parameters((parameter,), template=template, names=names).values)


def _reads(reads: Sequence[Read]) -> tuple[Read, ...]:
    return tuple(replace(one, metadata={}) for one in reads)


def _writes(writes: Sequence[Write]) -> tuple[Write, ...]:
    return tuple(replace(one, metadata={}) for one in writes)
