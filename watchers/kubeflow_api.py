"""The questions that the API of Kubeflow Pipelines answers, in v2beta1, or in v1beta1 where there is no other.

No sockets: `Client` has them. Answers are given as objects (`watchers.answers.as_object`). Sources:
kubeflow/pipelines/backend/api/v2beta1 and v1beta1, the HTTP paths of each proto.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import orjson

from lineage.errors import BadAnswer, ClusterError, InvalidObservation, ResourceAbsent
from watchers.answers import (
    EXPERIMENTS,
    PIPELINE_VERSIONS,
    PIPELINES,
    RECURRING_RUNS,
    RUNS,
    TASKS,
    V1,
    V2,
    as_object,
    moment,
    name_of,
    namespace_of,
    phase_of_state,
    referred,
)
from watchers.reading import mapping, mappings, text
from watchers.source import KubernetesObject, Resource, uid_of
from watchers.yaml_values import InvalidYaml, load_yaml

PAGE_SIZE: Final = 100  # the API gives 200 at most
VERSIONS_A_PAGE: Final = 20  # each with its whole text
MOST_PAGES: Final = 50_000  # five million runs
NEWEST_FIRST: Final = "created_at desc"

_PATHS: Final[Mapping[str, Mapping[Resource, str]]] = {
    V2: {EXPERIMENTS: "experiments", PIPELINES: "pipelines", RECURRING_RUNS: "recurringruns", RUNS: "runs"},
    V1: {
        EXPERIMENTS: "experiments",
        PIPELINES: "pipelines",
        PIPELINE_VERSIONS: "pipeline_versions",
        RECURRING_RUNS: "jobs",
        RUNS: "runs",
    },
}
_LISTS: Final[Mapping[Resource, tuple[str, ...]]] = {
    EXPERIMENTS: ("experiments",),
    PIPELINES: ("pipelines",),
    PIPELINE_VERSIONS: ("pipeline_versions", "versions"),
    RECURRING_RUNS: ("recurringRuns", "recurring_runs", "jobs"),
    RUNS: ("runs",),
}
"""Under which name an answer has its list, by release."""
_IDS: Final[Mapping[Resource, str]] = {
    EXPERIMENTS: "experiment_id",
    PIPELINES: "pipeline_id",
    PIPELINE_VERSIONS: "pipeline_version_id",
    RECURRING_RUNS: "recurring_run_id",
    RUNS: "run_id",
}


class Client(Protocol):
    """Authenticated GETs. Whatever goes wrong is a ClusterError, or the more precise one of `refusal`."""

    def get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Read a JSON object."""

    def close(self) -> None:
        """Break off what is being read; later requests fail."""


class KubeflowApi:
    """Asks one installation. Which version of the API it has shows with the first list that it gives. Where runs are it
    does not say, but where their experiments are: these are remembered.

    Every method may raise ClusterError, also between two items of what it yields.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._version: str | None = None
        self._namespaces: dict[str, str] = {}  # of experiments, by id

    # -- lists, the newest first, page by page
    def pages(self, resource: Resource, namespace: str | None) -> Iterator[list[KubernetesObject]]:
        """List what there is in a namespace; None is all that the caller may see, where there is but one user."""
        for version in (V2, V1) if self._version is None else (self._version,):
            try:
                for page in self._pages(version, resource, _PATHS[version][resource], _in(version, namespace)):
                    self._version = version
                    yield [self._object(version, resource, answer, namespace or "") for answer in page]
            except ResourceAbsent:
                if version == V1:
                    self._version = None  # it was taken away, or changes its release: look anew
                    raise
                if self._version is not None:
                    self._version = None
                    raise
            else:
                return

    def versions(self, pipeline: KubernetesObject) -> Iterator[KubernetesObject]:
        """List the versions of a pipeline, the newest first."""
        version, uid = self._version or V2, uid_of(pipeline)
        path = f"pipelines/{uid}/versions" if version == V2 else "pipeline_versions"
        of = {} if version == V2 else {"resource_key.type": "PIPELINE", "resource_key.id": uid}
        for page in self._pages(version, PIPELINE_VERSIONS, path, of, size=VERSIONS_A_PAGE):
            for answer in page:
                yield self._version_of(version, pipeline, answer)

    # -- one by one
    def one(self, resource: Resource, uid: str, namespace: str = "") -> KubernetesObject:
        """Ask for one by its id."""
        version = self._version or V2
        answer = self._client.get(f"/apis/{version}/{_PATHS[version][resource]}/{uid}", {})
        within = answer.get("run")  # v1beta1 gives a run beside its workflow
        return self._object(version, resource, within if isinstance(within, dict) else answer, namespace)

    def version(self, uid: str, pipeline_uid: str) -> tuple[KubernetesObject, KubernetesObject]:
        """Ask for a version of a pipeline, and for that pipeline: the pipeline first."""
        version = self._version or V2
        if version == V2:
            pipeline = self.one(PIPELINES, pipeline_uid)
            answer = self._client.get(f"/apis/{V2}/pipelines/{pipeline_uid}/versions/{uid}", {})
        else:
            answer = self._client.get(f"/apis/{V1}/pipeline_versions/{uid}", {})
            pipeline = self.one(PIPELINES, _referred_pipeline(answer) or pipeline_uid)
        return pipeline, self._version_of(version, pipeline, answer)

    def workflow_of(self, run: str) -> KubernetesObject | None:
        """Ask for the workflow of a run, which v1beta1 gives whole, also when it is gone from the cluster. None where
        there is none."""
        answer = self._client.get(f"/apis/{V1}/runs/{run}", {})
        try:
            manifest = text(mapping(answer, "pipeline_runtime"), "workflow_manifest")
            workflow = orjson.loads(manifest) if manifest else None
        except (InvalidObservation, orjson.JSONDecodeError) as error:
            raise BadAnswer(f"the workflow of run {run} is no JSON, or was cut off") from error
        return workflow if isinstance(workflow, dict) and "status" in workflow else None

    def tasks_of(self, run: KubernetesObject) -> KubernetesObject | None:
        """Ask for the tasks of a run, and all that they read and wrote. None where the API tells of none: it does so
        since 3.0."""
        answer = self._client.get(f"/apis/{V2}/runs/{uid_of(run)}", {"view": "FULL"})
        if not answer.get("tasks"):
            return None
        told = {name: answer[name] for name in ("run_id", "created_at", "tasks") if name in answer}
        return as_object(TASKS, V2, told, uid=uid_of(run), namespace=place_of(run))

    def has_workflows(self) -> bool:
        """Say whether the API is one that gives workflows: 3.0 has taken v1beta1 out."""
        try:
            self._client.get(f"/apis/{V1}/runs", {"page_size": "1"})
        except ResourceAbsent:
            return False
        except ClusterError:
            return True
        return True

    # -- inside
    def _pages(
        self, version: str, resource: Resource, path: str, query: Mapping[str, str], *, size: int = PAGE_SIZE
    ) -> Iterator[list[Mapping[str, Any]]]:
        """Read the pages of a list. A token that comes again would lead in a circle."""
        asked = {"page_size": str(size), "sort_by": NEWEST_FIRST, **query}
        seen: set[str] = set()
        while True:
            answer = self._client.get(f"/apis/{version}/{path}", asked)
            try:
                name = next((name for name in _LISTS[resource] if name in answer), _LISTS[resource][0])
                items, token = mappings(answer, name), text(answer, "next_page_token")
            except InvalidObservation as error:
                raise BadAnswer(f"the list of {resource.plural} is none: {error}") from error
            yield list(items)
            if not token:
                return
            if token in seen or len(seen) >= MOST_PAGES:
                raise BadAnswer(f"the list of {resource.plural} has no end: after {len(seen) + 1} pages {token:.40}")
            seen.add(token)
            asked = {**asked, "page_token": token}

    def _object(self, version: str, resource: Resource, answer: Mapping[str, Any], namespace: str) -> KubernetesObject:
        uid = str(answer.get(_IDS[resource]) or answer.get("id") or "")
        item = as_object(resource, version, answer, uid=uid, namespace=namespace)
        if resource is EXPERIMENTS and (said := place_of(item)):
            self._namespaces[uid] = said
        elif resource is RUNS and not namespace and (said := self._namespaces.get(experiment_of(item), "")):
            item["metadata"]["namespace"] = said
        return item

    def _version_of(self, version: str, pipeline: KubernetesObject, answer: Mapping[str, Any]) -> KubernetesObject:
        """Put beside a version what its pipeline is called, and in v1beta1 its text."""
        if version == V1:
            answer = {**answer, "pipeline_spec": self._template(str(answer.get("id") or ""))}
        found = self._object(version, PIPELINE_VERSIONS, answer, "")
        return {**found, "pipeline": _named(pipeline)}

    def _template(self, uid: str) -> Any:
        answer = self._client.get(f"/apis/{V1}/pipeline_versions/{uid}/templates", {})
        try:
            return load_yaml(text(answer, "template").encode())
        except (InvalidObservation, InvalidYaml) as error:
            raise BadAnswer(f"the text of pipeline version {uid} cannot be read: {error}") from error


# ------------------------------------------------------------------------------------------ what answers say
# Only to decide what to ask for next: what is not as it should be is told by who interprets it.
def called(item: KubernetesObject) -> str:
    """Say what people call something."""
    try:
        return name_of(item["told"])
    except InvalidObservation:
        return ""


def place_of(item: KubernetesObject) -> str:
    """Say in which namespace something is; empty where nobody says."""
    try:
        return namespace_of(item, item["told"]) or ""
    except InvalidObservation:
        return ""


def made_at(item: KubernetesObject) -> datetime | None:
    """Say when something was made."""
    try:
        return moment(item["told"], "created_at")
    except InvalidObservation:
        return None


def has_ended(run: KubernetesObject) -> bool:
    """Say whether a run needs to be asked for no more."""
    state = run["told"].get("state") or run["told"].get("status")
    return not isinstance(state, str) or phase_of_state(state).ended


def experiment_of(run: KubernetesObject) -> str:
    """The experiment that a run names, by its id; empty where it names none."""
    try:
        return text(run["told"], "experiment_id") or referred(run["told"]).get("EXPERIMENT", "")
    except InvalidObservation:
        return ""


def version_of(run: KubernetesObject) -> tuple[str, str]:
    """The version that a run names, and the pipeline that it is of, by their ids; empty where it names none."""
    try:
        version = mapping(run["told"], "pipeline_version_reference")
        named = text(version, "pipeline_version_id") or referred(run["told"]).get("PIPELINE_VERSION", "")
        return named, text(version, "pipeline_id")
    except InvalidObservation:
        return "", ""


def _named(pipeline: KubernetesObject) -> dict[str, str]:
    """What a pipeline is called, and where it is, as far as it says."""
    told = pipeline["told"]
    try:
        name, namespace = text(told, "name") or text(told, "display_name"), namespace_of(pipeline, told)
    except InvalidObservation as error:
        raise BadAnswer(f"pipeline {uid_of(pipeline)} does not say what it is called: {error}") from error
    return {"name": name, "namespace": namespace} if namespace else {"name": name}


def _referred_pipeline(answer: Mapping[str, Any]) -> str | None:
    try:
        return referred(answer).get("PIPELINE")
    except InvalidObservation as error:
        raise BadAnswer(f"a pipeline version does not say whose it is: {error}") from error


def _in(version: str, namespace: str | None) -> Mapping[str, str]:
    if namespace is None:
        return {}
    if version == V2:
        return {"namespace": namespace}
    return {"resource_reference_key.type": "NAMESPACE", "resource_reference_key.id": namespace}
