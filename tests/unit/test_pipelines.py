"""Which pipeline a workflow ran, and which exact text of it."""

from typing import Any

import pytest

from lineage.facts import PipelineRef
from lineage.identity import sha256
from tests.factories import RUN_ID, KubernetesObject, a_workflow
from watchers.pipelines import PIPELINE_SPEC, pipeline_of

SPEC: KubernetesObject = {
    "entrypoint": "main",
    "arguments": {"parameters": [{"name": "lr", "value": "0.1"}]},
    "templates": [{"name": "main", "container": {"image": "train:1", "args": ["--lr", "{{inputs.parameters.lr}}"]}}],
}


def pipeline(item: KubernetesObject) -> PipelineRef:
    found = pipeline_of(item)
    assert found is not None
    return found


def generated(
    uid: str = "u1",
    suffix: str = "abcde",
    *,
    spec: KubernetesObject | None = None,
    labels: dict[str, str] | None = None,
    **more: Any,
) -> KubernetesObject:
    """A run of the pipeline `train`, made from a generateName."""
    name = {"generateName": "train-"}
    return a_workflow(uid=uid, name=f"train-{suffix}", spec=spec or SPEC, labels=labels, metadata=name, **more)


def with_spec(**members: Any) -> KubernetesObject:
    return {**SPEC, **members}


# ------------------------------------------------------------------------------------------ names
def test_a_template_reference_names_the_pipeline_before_anything_else() -> None:
    item = generated(
        spec={"workflowTemplateRef": {"name": "referenced"}}, annotations={PIPELINE_SPEC: '{"name": "annotated"}'}
    )
    assert (pipeline(item).name, pipeline(item).namespace) == ("referenced", "a")


def test_a_cluster_wide_template_has_no_namespace() -> None:
    item = a_workflow(spec={"workflowTemplateRef": {"name": "t", "clusterScope": True}})
    assert (pipeline(item).name, pipeline(item).namespace) == ("t", None)


def test_kubeflow_names_the_pipeline_in_an_annotation_before_generate_name() -> None:
    assert pipeline(generated(annotations={PIPELINE_SPEC: '{"name": "annotated"}'})).name == "annotated"


def test_what_workflows_are_generated_from_names_the_pipeline_at_last() -> None:
    assert pipeline(generated()).name == "train"


@pytest.mark.parametrize("annotation", ["", "no JSON", "[]", '{"name": 7}', '{"other": "x"}', '{"name": ""}'])
def test_an_annotation_that_names_nothing_is_passed_over(annotation: str) -> None:
    assert pipeline(generated(annotations={PIPELINE_SPEC: annotation})).name == "train"


def test_a_workflow_that_someone_named_by_hand_ran_no_pipeline() -> None:
    assert pipeline_of(a_workflow(spec=SPEC)) is None


# ------------------------------------------------------------------------------------------ texts
def test_two_runs_with_other_arguments_names_and_times_ran_one_version() -> None:
    """What was generated for one run stands wherever Kubeflow writes it into the text."""

    def run(uid: str, suffix: str, rate: str, made: str) -> KubernetesObject:
        container = {
            "image": "train:1",
            "args": ["--run", f"run-{uid}", "--name", f"train-{suffix}", f"--pipeline_job_create_time_utc={made}"],
        }
        template = {"name": "main", "container": container, "metadata": {"creationTimestamp": made}}
        spec = {
            "entrypoint": "main",
            "arguments": {"parameters": [{"name": "lr", "value": rate}]},
            "templates": [template],
        }
        return generated(uid, suffix, spec=spec, labels={RUN_ID: f"run-{uid}"})

    one = run("u1", "abcde", "0.1", "2026-01-31T08:00:00Z")
    other = run("u2", "vwxyz", "0.2", "2026-02-28T09:30:00Z")
    assert pipeline(one).digest == pipeline(other).digest
    assert pipeline(one).spec == pipeline(other).spec


def test_a_run_that_is_being_stopped_ran_the_same_version() -> None:
    stopped = generated(spec=with_spec(shutdown="Stop", suspend=True, activeDeadlineSeconds=0))
    assert pipeline(stopped).digest == pipeline(generated()).digest


@pytest.mark.parametrize(
    "changed",
    [
        {"templates": [{"name": "main", "container": {"image": "train:2"}}]},
        {"arguments": {"parameters": [{"name": "lr"}, {"name": "epochs"}]}},
        {"entrypoint": "other"},
        {"activeDeadlineSeconds": 60},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_text_is_another_version(changed: KubernetesObject) -> None:
    assert pipeline(generated(spec=with_spec(**changed))).digest != pipeline(generated()).digest


def test_the_text_of_a_referenced_template_is_the_one_that_was_stored() -> None:
    reference = {"workflowTemplateRef": {"name": "t"}}
    one = a_workflow(spec=reference, storedWorkflowTemplateSpec=SPEC)
    other = a_workflow(spec=reference, storedWorkflowTemplateSpec=with_spec(entrypoint="other"))
    assert pipeline(one).digest != pipeline(other).digest


def test_a_version_does_not_depend_on_where_and_when_it_ran() -> None:
    here = generated(phase="Running")
    there = generated("u2", "vwxyz", phase="Failed", namespace="b", born=99)
    assert pipeline(here).digest == pipeline(there).digest


def test_the_name_of_a_scheduled_run_is_generated_too() -> None:
    def scheduled(uid: str, name: str) -> KubernetesObject:
        labels = {"workflows.argoproj.io/cron-workflow": "nightly"}
        spec = {"workflowTemplateRef": {"name": "t"}, "hostname": name}
        return a_workflow(uid=uid, name=name, spec=spec, labels=labels)

    assert pipeline(scheduled("u1", "nightly-17")).digest == pipeline(scheduled("u2", "nightly-18")).digest


# ------------------------------------------------------------------------------------------ Kubeflow v2
def compiled(
    *,
    told: str = "churn",
    run: str = "r1",
    config: str = "{}",
    release: str = "2.14.3",
    code: str = "train()",
    annotated: bool = False,
) -> KubernetesObject:
    """A run of a pipeline that a release of Kubeflow compiled: the text of its component is an argument, which is named
    by its digest, or an annotation."""
    text = f"pip install 'kfp=={release}' && python -c '{code}'"
    name = f"implementations-{sha256(text.encode()).removeprefix('sha256:')}"
    flags = ["--pipeline_name", told, "--run_id", run, "--run_name", f"w-{run}", "--run_display_name", f"run {run}"]
    runtime = {"name": "runtime-config", "value": config}
    root = {"name": "root-driver", "template": "system-dag-driver", "arguments": {"parameters": [runtime]}}
    kubeflow = "pipelines.kubeflow.org/"
    reference = "annotations." + kubeflow if annotated else "parameters."
    spec: KubernetesObject = {
        "entrypoint": "entrypoint",
        "podMetadata": {"labels": {f"{kubeflow}kfp_sdk_version": release}},
        "arguments": {"parameters": [] if annotated else [{"name": name, "value": text}]},
        "templates": [
            {"name": "system-dag-driver", "container": {"args": flags}},
            {"name": "entrypoint", "dag": {"tasks": [root]}},
            {"name": "root", "inputs": {"parameters": [{"value": "{{workflow." + reference + name + "}}"}]}},
        ],
    }
    annotations = {kubeflow + name: text} if annotated else {}
    return a_workflow(uid=f"u-{run}", name=f"w-{run}", labels={RUN_ID: run}, spec=spec, annotations=annotations)


@pytest.mark.parametrize(
    ("told", "name", "namespace"),
    [("churn", "churn", "a"), ("namespace/team-b/pipeline/churn", "churn", "team-b"), ("a/b", "a/b", "a")],
)
def test_a_pipeline_of_kubeflow_is_called_as_its_drivers_are_told(told: str, name: str, namespace: str) -> None:
    found = pipeline(compiled(told=told))
    assert (found.name, found.namespace) == (name, namespace)


@pytest.mark.parametrize("annotated", [False, True])
@pytest.mark.parametrize(
    "other", [{"run": "r2"}, {"config": '{"parameterValues": {"rate": 0.1}}'}, {"release": "2.15.0"}]
)
def test_runs_arguments_and_the_release_that_compiled_it_make_no_version(
    other: dict[str, Any], annotated: bool
) -> None:
    assert pipeline(compiled(annotated=annotated)).digest == pipeline(compiled(annotated=annotated, **other)).digest


@pytest.mark.parametrize("annotated", [False, True])
def test_another_component_makes_another_version(annotated: bool) -> None:
    first, second = (compiled(code=code, annotated=annotated) for code in ("train()", "train(fast=True)"))
    assert pipeline(first).digest != pipeline(second).digest
