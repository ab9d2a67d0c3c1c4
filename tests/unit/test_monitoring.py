"""What is to be watched of a process: rules and dashboard ask for metrics and labels that there are."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from docs.included import slug
from lineage.model import SourceState, SourceStatus
from lineage.outage import Outage
from lineage.recorder import Outcome
from lineage.web.metrics import Metrics
from tests.documentation.blocks import anchors
from tests.manifests import DEPLOY, OVERLAYS, ROOT, Manifest, of_kind, pods, rendered

MONITORING: Final = DEPLOY / "optional" / "monitoring"
DASHBOARD: Final = MONITORING / "dashboard.json"
GIVEN: Final = {"pod", "le"}  # labels of whoever asks, and of histograms
_METRIC: Final = re.compile(r"\b(?:lineage|process)_[a-z_]+")
_LABELS: Final = re.compile(r"\b(?:by|on) \(([^)]*)\)")
_SELECTED: Final = re.compile(r"\{([^}]*)\}")


def exported() -> dict[str, set[str]]:
    """Every metric that a process may export, with its labels."""
    metrics = Metrics()
    metrics.watchers()
    metrics.recorder()(Outcome(objects=1, recorded=1))
    on_request, on_answer = metrics.requests()
    on_request("graphql", 200, 0.1)
    on_answer("OK")
    metrics.object_events()
    metrics.log_entries(int)
    metrics.subscriptions(int)
    metrics.waiting({"store": Outage(begins="", ends="")})
    now = datetime(2026, 1, 5, tzinfo=UTC)
    metrics.sources(
        lambda: [
            SourceStatus(
                name="pod",
                kind="pods",
                cluster="c",
                namespace="*",
                state=SourceState.SYNCED,
                message=None,
                observed=1,
                lag_seconds=0.1,
                last_event_at=now,
            )
        ]
    )
    found: dict[str, set[str]] = {"lineage_objects_seen_total": {"source"}}  # which has no value before the first
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def rules() -> list[dict[str, Any]]:
    (rule,) = yaml.safe_load_all((MONITORING / "rules.yaml").read_text())
    return [one for group in rule["spec"]["groups"] for one in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def questions() -> Iterator[tuple[str, str]]:
    """What rules and panels ask for, by their names."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("name", "question"), list(questions()))
def test_what_is_asked_for_is_exported_with_the_labels_that_are_named(name: str, question: str) -> None:
    there = exported()
    asked = set(_METRIC.findall(question))
    assert asked, name
    assert asked <= there.keys()
    labels = {label.strip() for found in _LABELS.findall(question) for label in found.split(",")}
    labels |= {part.partition("=")[0].rstrip("!~ ") for found in _SELECTED.findall(question) for part in parts(found)}
    assert labels <= GIVEN.union(*(there[one] for one in asked))


def parts(selector: str) -> list[str]:
    """The conditions of a selector."""
    return re.findall(r"(\w+(?:=|!=|=~|!~))\"[^\"]*\"", selector)


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    asked = {
        one for panel in panels() for target in panel.get("targets", ()) for one in _METRIC.findall(target["expr"])
    }
    ours = {one for one in exported() if one.startswith("lineage_") and not one.endswith("_created")}
    assert {_base(one) for one in ours} - {_base(one) for one in asked} == set()


def _base(metric: str) -> str:
    """The name of a histogram, without that of its parts."""
    return re.sub(r"_(?:bucket|sum|count)$", "", metric)


def test_every_alert_says_what_is_wrong_and_has_its_heading_in_the_documentation() -> None:
    there = anchors((ROOT / "docs" / "operations.md").read_text(encoding="utf-8"))
    for rule in rules():
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert slug(rule["alert"]) in there, rule["alert"]


def test_panels_do_not_lie_on_each_other_and_have_ids_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_that_stays_is_asked_for_metrics_where_that_is_wanted(name: str, tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    folder = tmp_path / "deploy" / "overlays" / name
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("components: [../../optional/monitoring]\n")
    found = rendered(folder)
    (monitor,) = of_kind(found, "PodMonitor").values()
    (told,) = [one for one in of_kind(found, "ConfigMap").values() if "dashboard.json" in one["data"]]
    assert told["data"]["dashboard.json"] == DASHBOARD.read_text()
    assert {one["metadata"]["namespace"] for one in (monitor, told, *of_kind(found, "PrometheusRule").values())} == {
        "kfp-lineage"
    }
    for pod, template in pods(found).items():
        if pod != "migrate":
            assert scraped(template, monitor), pod


def scraped(template: Manifest, monitor: Manifest) -> bool:
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    (container,) = template["spec"]["containers"]
    ports = {one["name"] for one in container["ports"]}
    return wanted <= template["metadata"]["labels"].items() and bool(
        ports & {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]}
    )
