"""Everything that is known of a run, in one value: what comparing, auditing and running it again work on.

Pure. `lineage.gathering` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from lineage.containers import Container, containers_of_images, containers_of_pod, containers_of_template
from lineage.identity import Key
from lineage.model import (
    Artifact,
    ArtifactLook,
    ArtifactUse,
    Completeness,
    Execution,
    Metric,
    Phase,
    PipelineVersion,
    PodSeen,
    Run,
    RunView,
    WorkflowIncarnation,
)
from lineage.templates import filled_in

CONTAINED: Final = frozenset({"POD", "CONTAINER"})
"""Kinds of steps whose work is that of containers."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One attempt at one step, with what belongs to it.

    `pods` and `pod_objects` are the pods that worked for it, oldest first, and the newest recorded object of each that
    was kept, by uid. `written` is its template as it stands in the workflow, and `asked` the containers
    that this asks for. `depends_on` are
    the keys of those that had to end before. `source_pods` worked for what it was taken over from.
    """

    execution: Execution
    pods: tuple[PodSeen, ...] = ()
    pod_objects: Mapping[str, Any] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict)
    asked: tuple[Container, ...] = ()
    inputs: tuple[ArtifactUse, ...] = ()
    outputs: tuple[ArtifactUse, ...] = ()
    cached_from: Execution | None = None
    source_pods: tuple[PodSeen, ...] = ()
    depends_on: tuple[Key, ...] = ()
    metrics: tuple[Metric, ...] = ()

    @property
    def ran(self) -> bool:
        """Say whether somebody's code ran for it: it is no plumbing, nothing was taken over, and it began."""
        one = self.execution
        did = one.phase not in (Phase.SKIPPED, Phase.OMITTED, Phase.PENDING)
        return did and not one.cached and not one.system and one.kind in CONTAINED

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """Its template, with its arguments filled in."""
        return filled_in(self.written, self.execution)

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """What its containers were to run, as its last pod says, or else its template."""
        for pod in reversed(self.pods):
            if pod.uid in self.pod_objects:
                return containers_of_pod(self.pod_objects[pod.uid], pod, self.template)
        return containers_of_images(self.pods[-1], self.written, self.asked) if self.pods else self.asked_for

    @cached_property
    def asked_for(self) -> tuple[Container, ...]:
        """What its containers are to run as its template says, whatever became of that on the way."""
        return containers_of_template(self.template)

    @property
    def code(self) -> tuple[Container, ...]:
        """Those of its containers that are somebody's own."""
        return tuple(one for one in self.containers if one.is_of_user)


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """Everything that is known of a run.

    `view` is what its newest views show; `raw` its newest recorded object, None where none was kept; `spec` the text of
    its pipeline, generated names set aside. `steps` are all attempts at its steps, in the order in which they began.
    `looks` are those at the artifacts that they read and wrote, by key, the newest first.
    """

    run: Run
    view: RunView
    workflows: tuple[WorkflowIncarnation, ...] = ()
    completeness: Completeness | None = None
    raw: Any = None
    version: PipelineVersion | None = None
    spec: Any = None
    steps: tuple[Step, ...] = ()
    metrics: tuple[Metric, ...] = ()
    looks: Mapping[Key, tuple[ArtifactLook, ...]] = field(default_factory=dict)

    @cached_property
    def current(self) -> tuple[Step, ...]:
        """The attempts that its newest state names, without plumbing of the engine."""
        return tuple(one for one in self.steps if not one.execution.superseded and not one.execution.system)

    @cached_property
    def written(self) -> Mapping[Key, Artifact]:
        """What its own steps wrote or took over."""
        return {use.artifact.key: use.artifact for step in self.steps for use in step.outputs}

    @cached_property
    def external_inputs(self) -> tuple[tuple[Step, ArtifactUse], ...]:
        """What its steps read that none of them wrote."""
        mine = self.written
        return tuple((step, use) for step in self.current for use in step.inputs if use.artifact.key not in mine)
