"""Where other pages show a run."""

from dataclasses import replace
from typing import Any, Final

import pytest
from msgspec import structs

from lineage.errors import InvalidSettings
from lineage.identity import RUN_ID_LABEL
from lineage.model import TOLD_RUNS, Origin, Run, RunView, WorkflowIncarnation
from lineage.pages import PageLink, Pages
from lineage.ports import EVERYTHING
from lineage.settings import load_settings
from lineage_graphql import Outside, execute
from tests.example import NIGHTLY, example
from tests.fakes import FakeStore

BOTH: Final = Pages(kubeflow_url="https://kubeflow.example/pipeline/", argo_url="https://argo.example")
PLAIN: Final = RunView(message=None)
OF_KUBEFLOW: Final = RunView(message=None, labels={RUN_ID_LABEL: NIGHTLY.uid or ""})
OLD, NEW = (
    WorkflowIncarnation(uid=uid, name=f"nightly-{uid}", created_at=None, phase=NIGHTLY.phase, in_cluster=False)
    for uid in ("old", "new")
)
IN_KUBEFLOW: Final = PageLink(
    name="Kubeflow Pipelines", url=f"https://kubeflow.example/pipeline/#/runs/details/{NIGHTLY.uid}"
)
IN_ARGO: Final = PageLink(
    name="Argo Workflows", url=f"https://argo.example/workflows/{NIGHTLY.namespace}/nightly-new?uid=new"
)


def test_a_run_of_kubeflow_is_shown_there_and_by_the_newest_of_its_workflows() -> None:
    assert BOTH.of(NIGHTLY, OF_KUBEFLOW, [OLD, NEW]) == (IN_KUBEFLOW, IN_ARGO)


def test_what_nobody_but_argo_knows_is_not_shown_by_kubeflow() -> None:
    assert BOTH.of(NIGHTLY, PLAIN, [NEW]) == (IN_ARGO,)


def test_what_kubeflow_alone_told_of_is_not_shown_by_argo() -> None:
    told = RunView(message=None, origins=(Origin(field="phase", source=TOLD_RUNS),))
    assert BOTH.of(NIGHTLY, told, []) == (IN_KUBEFLOW,)


def test_a_workflow_out_of_a_file_has_no_uid() -> None:
    found = Pages(argo_url="https://argo.example").of(NIGHTLY, PLAIN, [replace(NEW, uid=None)])
    assert [page.url for page in found] == [f"https://argo.example/workflows/{NIGHTLY.namespace}/nightly-new"]


def test_names_of_others_lead_nowhere_else() -> None:
    hostile = structs.replace(NIGHTLY, uid="../x#y", namespace="a/b")
    urls = [page.url for page in BOTH.of(hostile, OF_KUBEFLOW, [replace(NEW, name="c?d", uid="e&f")])]
    assert urls == [
        "https://kubeflow.example/pipeline/#/runs/details/..%2Fx%23y",
        "https://argo.example/workflows/a%2Fb/c%3Fd?uid=e%26f",
    ]


@pytest.mark.parametrize(("pages", "run"), [(Pages(), NIGHTLY), (BOTH, structs.replace(NIGHTLY, kind="PyTorchJob"))])
def test_without_an_address_and_for_what_is_no_workflow_there_are_none(pages: Pages, run: Run) -> None:
    assert pages.of(run, OF_KUBEFLOW, [NEW]) == ()


def test_a_run_leads_to_them() -> None:
    query = "query ($uid: String!) { run(uid: $uid) { pages { name url } } }"

    def asked(**more: Any) -> list[dict[str, str]]:
        answer = execute(FakeStore(example()), EVERYTHING, query, {"uid": NIGHTLY.uid}, **more)
        found: list[dict[str, str]] = answer["data"]["run"]["pages"]
        return found

    assert [page["name"] for page in asked(outside=Outside(pages=BOTH))] == [IN_KUBEFLOW.name, IN_ARGO.name]
    assert asked() == []


# ------------------------------------------------------------------------------------------ settings
def test_their_addresses_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_KUBEFLOW_URL", "https://kubeflow.example/pipeline")
    settings = load_settings({"argo_url": "http://localhost:2746"})
    assert (settings.kubeflow_url, settings.argo_url) == ("https://kubeflow.example/pipeline", "http://localhost:2746")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "argo.example", "https://u:p@argo.example", "https://argo.example/?x", "ftp://a"]
)
def test_an_address_that_is_no_page_is_refused(address: str) -> None:
    with pytest.raises(InvalidSettings, match=r"--argo-url, LINEAGE_ARGO_URL"):
        load_settings({"argo_url": address})
    with pytest.raises(InvalidSettings, match=r"--kubeflow-url, LINEAGE_KUBEFLOW_URL"):
        load_settings({"kubeflow_url": address})
