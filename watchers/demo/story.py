"""What happens in the demo: its pipelines and their runs.

Data only. A model of churn is trained on a schedule and by hand, where it fails on bad data, or runs out of
memory and is retried; a pipeline of Kubeflow takes over what an earlier run had made; forecasts fan out over
regions; a model is promoted, or not, if it is good enough, and served; and Katib looks for better values of its
parameters, which the nights after that use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a pipeline, which takes `seconds`.

    `parameters` are arguments of the run. `reads` says for each input which output it is (`train.model`), or
    its key in the bucket (`reference/customers.tgz`); `keys` are the keys of outputs that do not go to the pod's
    own; the `collected` are removed by Argo's garbage collection once the run is over. In keys, `{run}` is the
    run's name and `{item}` the item of the loop over `items`, which the step gets as the parameter `item`.
    `results` are output parameters, `types` what the component of a step says of its outputs, by
    their names there. `only_after_success`: it is omitted where a step before it was skipped. `memoized_by` are the
    arguments of the run under which Argo keeps what it came to, and takes it over the next time.
    """

    name: str
    image: str
    seconds: int
    after: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    reads: Mapping[str, str] = field(default_factory=dict)
    writes: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    collected: tuple[str, ...] = ()
    results: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    item: str = ""
    items: tuple[str, ...] = ()
    when: str = ""
    only_after_success: bool = False
    memoized_by: tuple[str, ...] = ()
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Steps in an order in which they can run. `is_template`: runs refer to a WorkflowTemplate of its name.

    `is_kubeflow`: it was compiled by the SDK of Kubeflow Pipelines, version 1.
    """

    name: str
    steps: tuple[Step, ...]
    on_exit: Step | None = None
    is_template: bool = False
    is_kubeflow: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an attempt failed."""

    seconds: int
    exit_code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, `begins` seconds after the story does; before it, where that is negative.

    `suffix` ends its name; a scheduled run is named by its time instead. `failures` are those of the attempts at a
    step, `skipped` the steps whose condition did not hold, `cached` the runs from which the results of steps were
    taken over, and `memoized` those that Argo took over from a scheduled run, by when that began. `retried_at` is when
    someone retried it by hand, with `retried_with` in the place of its arguments.
    """

    pipeline: Pipeline
    begins: int
    arguments: Mapping[str, str]
    suffix: str = ""
    scheduled: bool = False
    experiment: str = ""
    failures: Mapping[str, tuple[Failure, ...]] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    cached: Mapping[str, str] = field(default_factory=dict)
    memoized: Mapping[str, int] = field(default_factory=dict)
    retried_at: int | None = None
    retried_with: Mapping[str, str] = field(default_factory=dict)
    builds: Mapping[str, int] = field(default_factory=dict)
    """Which build of an image its tag stood for."""
    results: Mapping[str, str] = field(default_factory=dict)
    """Output parameters that came to something else than usual."""
    seconds: Mapping[str, int] = field(default_factory=dict)
    """Steps that took another time than usual."""
    tuned_by: str = ""
    """The Katib experiment of which a trial, of the run's name, made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One Katib experiment, `begins` seconds after the story does. Each of its `trials` runs a pipeline.

    `searched` are the least and the most that a parameter may be; `objective` is an output parameter of the pipeline's
    last step, which is to become as great as it can.
    """

    name: str
    begins: int
    objective: str
    goal: float
    searched: Mapping[str, tuple[str, str]]
    trials: tuple[Run, ...]


# ------------------------------------------------------------------------------------------ keys of the bucket
CUSTOMERS: Final = "reference/customers.tgz"
HOLIDAYS: Final = "reference/holidays.tgz"
CHURN_MODEL: Final = "models/churn/model.tgz"
CURVES: Final = "curves/{run}/training_metrics.json"
OUTSIDE_KEYS: Final = frozenset({CUSTOMERS, HOLIDAYS})
"""Nobody in the story writes them."""

# ------------------------------------------------------------------------------------------ images
REGISTRY: Final = "registry.example.com"
DATA_IMAGE: Final = f"{REGISTRY}/churn/data:1.8"
TRAIN_IMAGE: Final = f"{REGISTRY}/churn/train:latest"
FRAUD_IMAGE: Final = f"{REGISTRY}/fraud/steps:0.4.1"
FORECAST_IMAGE: Final = f"{REGISTRY}/forecast/worker:3.2"
TOOLS_IMAGE: Final = f"{REGISTRY}/platform/tools:2026.1"

# ------------------------------------------------------------------------------------------ pipelines
CHURN: Final = Pipeline(
    name="churn-training",
    is_template=True,
    steps=(
        Step(
            name="extract",
            image=DATA_IMAGE,
            seconds=9,
            parameters=("date", "db_password"),
            writes=("events",),
            results={"rows": "184213"},
        ),
        Step(name="validate", image=DATA_IMAGE, seconds=4, after=("extract",), reads={"events": "extract.events"}),
        Step(
            name="features",
            image=DATA_IMAGE,
            seconds=10,
            after=("validate",),
            reads={"events": "extract.events", "customers": CUSTOMERS},
            writes=("features",),
        ),
        Step(
            name="train",
            image=TRAIN_IMAGE,
            seconds=24,
            after=("features",),
            parameters=("learning_rate", "epochs"),
            reads={"features": "features.features"},
            writes=("model", "curves"),
            keys={"curves": CURVES},
            retries=1,
        ),
        Step(
            name="evaluate",
            image=TRAIN_IMAGE,
            seconds=6,
            after=("train",),
            reads={"model": "train.model", "features": "features.features"},
            writes=("report",),
            results={"auc": "0.871"},
            memoized_by=("date", "learning_rate", "epochs"),
        ),
        Step(
            name="register",
            image=TOOLS_IMAGE,
            seconds=3,
            after=("evaluate",),
            parameters=("date",),
            reads={"model": "train.model", "report": "evaluate.report"},
            writes=("registered",),
            keys={"registered": CHURN_MODEL},
        ),
    ),
)

FRAUD: Final = Pipeline(
    name="fraud-detection",
    is_kubeflow=True,
    description="Trains a detector of fraudulent payments",
    steps=(
        Step(
            name="load-payments",
            image=FRAUD_IMAGE,
            seconds=12,
            parameters=("month",),
            writes=("load-payments-payments",),
            types={"payments": "Dataset"},
        ),
        Step(
            name="train-detector",
            image=FRAUD_IMAGE,
            seconds=18,
            after=("load-payments",),
            parameters=("depth",),
            reads={"load-payments-payments": "load-payments.load-payments-payments"},
            writes=("train-detector-model", "mlpipeline-metrics"),
            types={"model": "Model", "mlpipeline_metrics": "Metrics"},
        ),
        Step(
            name="explain",
            image=FRAUD_IMAGE,
            seconds=7,
            after=("train-detector",),
            reads={"train-detector-model": "train-detector.train-detector-model"},
            writes=("mlpipeline-ui-metadata",),
            types={"mlpipeline_ui_metadata": "UI_metadata"},
        ),
    ),
)

REGIONS: Final = ("north", "south", "east", "west")
FORECAST: Final = Pipeline(
    name="demand-forecast",
    steps=(
        Step(
            name="prepare",
            image=FORECAST_IMAGE,
            seconds=6,
            parameters=("horizon",),
            reads={"holidays": HOLIDAYS},
            writes=("history",),
            collected=("history",),
        ),
        Step(
            name="forecast",
            image=FORECAST_IMAGE,
            seconds=14,
            after=("prepare",),
            item="region",
            items=REGIONS,
            reads={"history": "prepare.history"},
            writes=("forecast",),
            keys={"forecast": "forecasts/{run}/{item}.csv"},
        ),
        Step(
            name="combine",
            image=FORECAST_IMAGE,
            seconds=5,
            after=("forecast",),
            reads={region: f"forecasts/{{run}}/{region}.csv" for region in REGIONS},
            writes=("plan",),
        ),
    ),
)

PROMOTION: Final = Pipeline(
    name="model-promotion",
    steps=(
        Step(
            name="compare",
            image=TOOLS_IMAGE,
            seconds=5,
            parameters=("threshold",),
            reads={"candidate": CHURN_MODEL},
            writes=("comparison",),
            results={"gain": "0.004"},
        ),
        Step(
            name="promote",
            image=TOOLS_IMAGE,
            seconds=4,
            after=("compare",),
            parameters=("threshold",),
            reads={"candidate": CHURN_MODEL},
            when="{{tasks.compare.outputs.parameters.gain}} >= {{workflow.parameters.threshold}}",
        ),
        Step(name="announce", image=TOOLS_IMAGE, seconds=2, after=("promote",), only_after_success=True),
        Step(
            name="keep-current",
            image=TOOLS_IMAGE,
            seconds=2,
            after=("compare",),
            when="{{tasks.compare.outputs.parameters.gain}} < {{workflow.parameters.threshold}}",
        ),
    ),
    on_exit=Step(name="notify", image=TOOLS_IMAGE, seconds=2),
)


TRIAL: Final = Pipeline(
    name="churn-tuning",
    steps=(
        Step(
            name="train",
            image=TRAIN_IMAGE,
            seconds=14,
            parameters=("learning_rate", "epochs"),
            reads={"customers": CUSTOMERS},
            writes=("model",),
        ),
        Step(
            name="evaluate",
            image=TRAIN_IMAGE,
            seconds=4,
            after=("train",),
            reads={"model": "train.model"},
            results={"auc": "0.861"},
        ),
    ),
)


# ------------------------------------------------------------------------------------------ runs
AUC: Final = ("0.871", "0.874", "0.869", "0.842", "0.838", "0.841")
"""How good the model of each night is: since the image was built anew, it is worse."""


def training_arguments(learning_rate: str, epochs: str, date: str) -> dict[str, str]:
    """The arguments of a run of CHURN."""
    return {"learning_rate": learning_rate, "epochs": epochs, "date": date, "db_password": "c0rrect-h0rse-battery"}


NIGHT: Final = 120  # seconds from one to the next
MISSED_NIGHT: Final = 4  # nothing was made in it
NIGHTS: Final = 7
"""How many there were until the recurring run was suspended."""


BAD_DATA: Final = Failure(seconds=3, exit_code=1, reason="Error")


def _nightly(number: int, learning_rate: str, epochs: str) -> Run:
    return Run(
        pipeline=CHURN,
        begins=NIGHT * (number + (number >= MISSED_NIGHT)),
        arguments=training_arguments(learning_rate, epochs, f"2026-01-0{number + 1}"),
        scheduled=True,
        experiment="churn",
        builds={TRAIN_IMAGE: 1 if number < 3 else 2},
        results={"auc": AUC[number]},
    )


def _trial(suffix: str, begins: int, learning_rate: str, epochs: str, auc: str) -> Run:
    return Run(
        pipeline=TRIAL,
        begins=begins,
        suffix=suffix,
        arguments={"learning_rate": learning_rate, "epochs": epochs},
        results={"auc": auc},
        tuned_by=TRIAL.name,
    )


TUNING: Final = Tuning(
    name=TRIAL.name,
    begins=440,
    objective="auc",
    goal=0.9,
    searched={"learning_rate": ("0.02", "0.20"), "epochs": ("6", "20")},
    trials=(
        _trial("5kd2v", 446, "0.15", "9", "0.829"),
        _trial("8tqxw", 450, "0.08", "14", "0.858"),
        _trial("z4c7n", 486, "0.04", "18", "0.847"),
    ),
)
"""What it finds is what the nights after it use."""

_OUT_OF_MEMORY: Final = Failure(seconds=9, exit_code=137, reason="OOMKilled")

RUNS: Final = (
    _nightly(0, "0.10", "10"),
    Run(pipeline=FRAUD, begins=20, suffix="q8z2d", arguments={"month": "2025-12", "depth": "6"}, experiment="fraud"),
    Run(pipeline=FORECAST, begins=45, suffix="5vk7t", arguments={"horizon": "28"}, experiment="demand"),
    _nightly(1, "0.10", "12"),
    Run(
        pipeline=PROMOTION,
        begins=150,
        suffix="x2m9c",
        arguments={"threshold": "0.010"},
        skipped=frozenset({"promote"}),
    ),
    _nightly(2, "0.08", "12"),
    Run(
        pipeline=FRAUD,
        begins=265,
        suffix="w4n6p",
        arguments={"month": "2025-12", "depth": "8"},
        experiment="fraud",
        cached={"load-payments": "fraud-detection-q8z2d"},
    ),
    Run(
        pipeline=CHURN,
        begins=300,
        suffix="hl9ft",
        arguments=training_arguments("0.10", "50", "2026-01-03"),
        experiment="churn",
        failures={"train": (_OUT_OF_MEMORY, _OUT_OF_MEMORY)},
        retried_at=430,
        retried_with={"epochs": "20"},
    ),
    _nightly(3, "0.08", "12"),
    Run(pipeline=FORECAST, begins=410, suffix="bd3rs", arguments={"horizon": "56"}, experiment="demand"),
    _nightly(4, "0.08", "14"),
    Run(
        pipeline=CHURN,
        begins=535,
        suffix="t8r2d",
        arguments=training_arguments("0.08", "14", "2025-02-30"),
        experiment="churn",
        failures={"validate": (BAD_DATA,)},
    ),
    Run(
        pipeline=PROMOTION,
        begins=710,
        suffix="j6t4w",
        arguments={"threshold": "0.001"},
        skipped=frozenset({"keep-current"}),
    ),
    _nightly(5, "0.08", "14"),
    *TUNING.trials,
)
