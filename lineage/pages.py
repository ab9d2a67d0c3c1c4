"""Where the web pages of others show a run: those of Kubeflow Pipelines, and of Argo Workflows. Pure.

Sources: kubeflow/pipelines, frontend/src/components/Router.tsx (`RUN_DETAILS`, behind the `#` of its router);
argoproj/argo-workflows, ui/src/workflows/components: workflows-container.tsx, and workflow-details.tsx, where `uid`
finds one that is archived or has a namesake.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from lineage.identity import RUN_ID_LABEL
from lineage.model import KEPT_RUNS, TOLD_RUNS, Run, RunView, WorkflowIncarnation
from lineage.workloads import WORKFLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A page, by the name of what it is of."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The addresses at which people open Kubeflow Pipelines and Argo Workflows; None where there is none."""

    kubeflow_url: str | None = None
    argo_url: str | None = None

    def of(self, run: Run, view: RunView, workflows: Sequence[WorkflowIncarnation]) -> tuple[PageLink, ...]:
        """Say where a run is shown: as one of Kubeflow's, and by the newest of its workflows, the last one."""
        return tuple(self._of(run, view, workflows)) if run.kind == WORKFLOW else ()

    def _of(self, run: Run, view: RunView, workflows: Sequence[WorkflowIncarnation]) -> Iterator[PageLink]:
        if self.kubeflow_url and run.uid and _is_of_kubeflow(view):
            yield PageLink(name="Kubeflow Pipelines", url=f"{_base(self.kubeflow_url)}/#/runs/details/{_part(run.uid)}")
        if self.argo_url and workflows:
            newest = workflows[-1]
            uid = f"?uid={_part(newest.uid)}" if newest.uid else ""
            where = f"workflows/{_part(run.namespace)}/{_part(newest.name)}"
            yield PageLink(name="Argo Workflows", url=f"{_base(self.argo_url)}/{where}{uid}")


def _is_of_kubeflow(view: RunView) -> bool:
    return RUN_ID_LABEL in view.labels or any(origin.source in (TOLD_RUNS, KEPT_RUNS) for origin in view.origins)


def _base(address: str) -> str:
    return address.rstrip("/")


def _part(text: str) -> str:
    return quote(text, safe="")
