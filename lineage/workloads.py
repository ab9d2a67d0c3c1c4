"""What objects say of themselves that run something: conditions, replicas, what they were tuned for. Frozen values.

Pure. Most kinds of Kubernetes that end have these in common, so a new one needs no new words. Times are aware and in
UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

WORKFLOW: str = "Workflow"
"""The kind of what a run is, unless it says otherwise."""

WORKFLOWS: str = "workflows.argoproj.io"
"""The resource of what a run is, unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of an object, as Kubernetes has them. `status` is `True`, `False` or `Unknown`; `since` when it
    came to be so, None where the object does not say."""

    type: str
    status: str
    since: datetime | None = None
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """Pods of one role in a job, such as `Worker`. `wanted` is how many were asked for; the others are how many there
    were when it was last seen. None where the object does not say."""

    role: str
    wanted: int | None = None
    active: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    restart_policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many replicas of each role a job asked for as of one generation of its spec. `since` is when that was
    written, None where the object does not say."""

    generation: int
    since: datetime | None
    replicas: Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedMetric:
    """What became of a metric over a trial, as Katib writes it: text, as it may be `unavailable`."""

    name: str
    minimum: str | None = None
    maximum: str | None = None
    latest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A value that was chosen for a parameter. A secret stands as its keyed digest, with `redacted` true."""

    name: str
    value: str | None
    redacted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedParameter:
    """What a parameter may be: a range with or without a step, or one of a list. Numbers are texts, as Katib has
    them."""

    name: str
    type: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    step: str | None = None
    distribution: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What a search for good parameters is after, and what it has found. `goal` is a number, as text."""

    objective: str | None = None
    direction: str | None = None
    goal: str | None = None
    additional_metrics: tuple[str, ...] = ()
    algorithm: str | None = None
    early_stopping: str | None = None
    searched: tuple[SearchedParameter, ...] = ()
    parallel_trials: int | None = None
    max_trials: int | None = None
    max_failed_trials: int | None = None
    trials: Mapping[str, int] = field(default_factory=dict)
    best_trial: str | None = None
    best_parameters: tuple[Assignment, ...] = ()
    best_metrics: tuple[ObservedMetric, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What an object that runs something says of itself. `stopped_early`: it was ended as it would not get better.
    `details` are what only its kind has."""

    conditions: tuple[Condition, ...] = ()
    replicas: tuple[Replicas, ...] = ()
    observed: tuple[ObservedMetric, ...] = ()
    stopped_early: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


NOTHING_SAID = Workload()
"""Of a step of a workflow: the engine speaks for it."""
