"""Answers to `metricTrends`, made up: what the commands, the charts and the reports of metric trends are shown."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

BEGIN: Final = datetime(2026, 11, 1, 2, tzinfo=UTC)
EVERY: Final = timedelta(days=1)

Answer = Mapping[str, Any]


def a_trend(values: Sequence[float], **more: Any) -> dict[str, Any]:
    """A series of a metric, a point a day; nothing of note, but for what is given as a field of the answer."""
    plain: dict[str, Any] = {
        "metric": "accuracy",
        "task": None,
        "split": None,
        "direction": "HIGHER",
        "leastEffect": 0.005,
        "verdict": "STEADY",
        "points": [a_point(number, value) for number, value in enumerate(values)],
        "gaps": [],
        "shifts": [],
        "summary": a_summary(values),
        "alarm": None,
        "noise": None,
        "warnings": [],
    }
    return plain | more


def a_point(number: int, value: float, **more: Any) -> dict[str, Any]:
    """The value of a run, which was due on a day of that number."""
    at = BEGIN + number * EVERY
    plain = {
        "run": {**a_run(number), "phase": "SUCCEEDED"},
        "execution": None,
        "value": value,
        "at": written(at + timedelta(seconds=3)),
        "scheduledAt": written(at),
        "cached": False,
        "outlier": False,
        "versionChanged": False,
    }
    return plain | more


def a_run(number: int) -> dict[str, Any]:
    """A run as a point names it."""
    return {"id": f"run:{number}", "uid": f"uid-{number}", "displayName": f"nightly-{number}"}


def a_gap(number: float, reason: str = "the run failed", *, missed: bool = False) -> dict[str, Any]:
    """A run without a value, or with `missed` a slot without a run."""
    at = written(BEGIN + number * EVERY)
    run = None if missed else {"id": f"run:{number}", "displayName": f"nightly-{number}"}
    return {"at": at, "scheduledAt": at, "reason": reason, "missed": missed, "run": run}


def a_shift(after: int, before: float, level: float, **more: Any) -> dict[str, Any]:
    """A level that began with the run of a number, and may have begun one sooner or later."""
    edges = {
        name: {**a_run(number), "startedAt": written(BEGIN + number * EVERY)}
        for name, number in (("before", after - 1), ("after", after), ("earliest", after - 1), ("latest", after + 1))
    }
    plain: dict[str, Any] = {
        **edges,
        "at": edges["after"]["startedAt"],
        "medianBefore": before,
        "medianAfter": level,
        "relativeChange": (level - before) / before if before else None,
        "effect": 3.2,
        "pValue": 0.001,
        "verdict": "REGRESSION" if level < before else "IMPROVEMENT",
        "suspects": [],
        "notTracked": 0.1,
        "confounded": False,
        "together": [],
        "separating": [],
    }
    return plain | more


def a_suspect(path: str, score: float, **more: Any) -> dict[str, Any]:
    """Something that was another before a shift than after it."""
    change = {"kind": "PARAMETER", "step": None, "path": path, "before": "1", "after": "2", "detail": None}
    return {"score": score, "change": change | more}


def a_summary(values: Sequence[float], **more: Any) -> dict[str, Any]:
    """What is said of a series as a whole; only what is plain to see of its values is known."""
    unknown = (
        "relativeDifference best mad iqr zScore autocorrelation slopePerDay slopeLow slopeHigh trendPValue "
        "falseDiscovery"
    )
    ordered = sorted(values)
    plain: dict[str, Any] = {
        **dict.fromkeys(unknown.split()),
        "count": len(values),
        "latest": values[-1] if values else None,
        "previous": values[-2] if len(values) > 1 else None,
        "difference": values[-1] - values[-2] if len(values) > 1 else None,
        "median": ordered[len(ordered) // 2] if ordered else None,
        "min": min(values, default=None),
        "max": max(values, default=None),
        "missing": 0,
        "slotsMissed": 0,
    }
    return plain | more


def written(moment: datetime) -> str:
    """Write a time as answers do."""
    return moment.isoformat().replace("+00:00", "Z")


def a_regression() -> dict[str, Any]:
    """Forty runs whose accuracy falls with the twenty-fifth, with everything of note that there can be."""
    values = [(0.912 if number < 25 else 0.874) + (number * 37 % 11 - 5) / 1500 for number in range(40)]
    values[12] = 0.861
    points = [a_point(number, value) for number, value in enumerate(values)]
    points[12]["outlier"] = True
    for number in (6, 7, 30):
        points[number]["cached"] = True
    points[25]["versionChanged"] = True
    points[25]["execution"] = {"id": "execution:25", "displayName": "evaluate"}
    suspects = [
        a_suspect("containers[main].image", 0.62, kind="IMAGE", step="train", before=IMAGES[0], after=IMAGES[1]),
        a_suspect("parameters[rate]", 0.21, before="0.08", after="0.1"),
    ]
    shift = a_shift(
        25,
        0.912,
        0.874,
        suspects=suspects,
        notTracked=0.17,
        confounded=True,
        together=["train: containers[main].image", "parameters[rate]"],
        separating=["A run with the new image of train and the old rate 0.08."],
    )
    summary = a_summary(
        values, mad=0.002, iqr=0.004, zScore=-0.7, best=max(values), autocorrelation=0.34, missing=2, slotsMissed=1
    )
    return a_trend(
        values,
        verdict="REGRESSION",
        points=points,
        gaps=[a_gap(9.5), a_gap(18.5, missed=True, reason="no run was made for this slot")],
        shifts=[shift],
        summary=summary,
        warnings=["The values depend on those before them (lag-1 autocorrelation 0.34)."],
    )


IMAGES: Final = tuple(f"registry.example/train@sha256:{letter * 64}" for letter in "ab")


class Answers:
    """Answers saved queries by their names, and remembers what was asked. What has runs is found by its name."""

    def __init__(self, *trends: Answer) -> None:
        self.trends: Any = list(trends)
        self.named: dict[str, list[Answer]] = {
            "pipelines": [_named("Pipeline", "churn-training")],
            "experiments": [_named("Experiment", "tuning")],
            "recurringRuns": [_named("RecurringRun", "nightly")],
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, name: str, values: dict[str, Any]) -> Mapping[str, Any]:
        self.asked.append((name, values))
        if name == "metric-trends":
            return {"metricTrends": self.trends}
        wanted = [condition["eq"] for either in values["where"]["or"] for condition in either.values()]
        return {
            lists: {"nodes": [one for one in nodes if one["name"] in wanted]} for lists, nodes in self.named.items()
        }


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"id": f"{kind}:{name}", "name": name, "namespace": "team-a", "cluster": "default"}
