"""Of which runs somebody asks: those of a pipeline, an experiment, a recurring run or a namespace, by name or id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from lineage.cli.asking import LARGEST_PAGE, Ask, ask_saved
from lineage.cli.naming import key_of
from lineage.cli.terminal import USAGE, fail, printable

PipelineFlag = Annotated[
    str | None, typer.Option("--pipeline", metavar="NAME", help="The runs of this pipeline, by its name or id.")
]
ExperimentFlag = Annotated[
    str | None, typer.Option("--experiment", metavar="NAME", help="Those of this experiment, by its name or id.")
]
RecurringRunFlag = Annotated[
    str | None,
    typer.Option("--recurring-run", metavar="NAME", help="Those that this recurring run made, by its name, uid or id."),
]
NamespaceFlag = Annotated[str | None, typer.Option("--namespace", metavar="NAME", help="All runs of this namespace.")]

MOST_TOLD: Final = 5  # things that a name may mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What has runs: its words, the flag that names it, the saved query that finds it and the field of its answer."""

    words: str
    flag: str
    field: str
    node: str
    query: str
    answer: str
    names: tuple[str, ...] = ("name",)


PIPELINE: Final = Kind(
    words="pipeline", flag="--pipeline", field="pipeline", node="Pipeline", query="pipelines", answer="pipelines"
)
EXPERIMENT: Final = Kind(
    words="experiment",
    flag="--experiment",
    field="experiment",
    node="Experiment",
    query="experiments",
    answer="experiments",
)
RECURRING_RUN: Final = Kind(
    words="recurring run",
    flag="--recurring-run",
    field="recurringRun",
    node="RecurringRun",
    query="recurring-runs",
    answer="recurringRuns",
    names=("name", "uid"),
)
_FLAGS: Final = "--pipeline, --experiment, --recurring-run or --namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What somebody named, before anything is asked: a kind of what has runs, None for a namespace; and its name."""

    kind: Kind | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Runs that are meant: `field` is `pipeline`, `experiment` or `recurringRun`, of which `value` is the id, or
    `namespace`; `called` is for headlines."""

    field: str
    value: str
    called: str

    @property
    def of_trend(self) -> Mapping[str, str]:
        """Write it as `TrendScope`."""
        return {self.field: self.value}

    @property
    def where(self) -> Mapping[str, Any]:
        """Write it as `RunWhere`."""
        return {self.field: {"eq": self.value}}


def named(pipeline: str | None, experiment: str | None, recurring_run: str | None, namespace: str | None) -> Named:
    """Take the one that was given; end where that is not one."""
    given = list(_given(pipeline, experiment, recurring_run, namespace))
    if len(given) != 1:
        fail(f"say of which runs: give one of {_FLAGS}", code=USAGE)
    return given[0]


def named_if_any(
    pipeline: str | None, experiment: str | None, recurring_run: str | None, namespace: str | None
) -> Named | None:
    """Take the one that was given, or None where all runs are meant; end where there are several."""
    given = list(_given(pipeline, experiment, recurring_run, namespace))
    if len(given) > 1:
        fail(f"give at most one of {_FLAGS}", code=USAGE)
    return next(iter(given), None)


def _given(
    pipeline: str | None, experiment: str | None, recurring_run: str | None, namespace: str | None
) -> Iterator[Named]:
    flags = ((PIPELINE, pipeline), (EXPERIMENT, experiment), (RECURRING_RUN, recurring_run), (None, namespace))
    return (Named(kind=kind, name=name) for kind, name in flags if name is not None)


def scope_meant(ask: Ask, asked: Named) -> Scope:
    """Find what is meant by asking; end where nothing is called so, or several are."""
    kind, name = asked.kind, asked.name
    if kind is None:
        return Scope(field="namespace", value=name, called=f"namespace {name}")
    if (key := key_of(name)) is not None:
        if key[0] != kind.node:
            fail(f"{printable(name)} is the id of a {key[0]}: {kind.flag} takes that of a {kind.node}", code=USAGE)
        return Scope(field=kind.field, value=name, called=f"{kind.words} {name}")
    where = {"or": [{field: {"eq": name}} for field in kind.names]}
    found = ask_saved(ask, kind.query, {"where": where, "first": LARGEST_PAGE})[kind.answer]["nodes"]
    if not found:
        fail(f"no {kind.words} {printable(name)} is recorded: `lineage query {kind.query}` lists those that are")
    if len(found) > 1:
        told = [f"{one['id']} (in {one['namespace']} of {one['cluster']})" for one in found[:MOST_TOLD]]
        more = f" and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
        fail(f"{len(found)} {kind.words}s are called {printable(name)}, give the id of one: {', '.join(told)}{more}")
    return Scope(field=kind.field, value=str(found[0]["id"]), called=f"{kind.words} {found[0]['name']}")
