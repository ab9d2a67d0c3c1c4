"""The saved queries as a cookbook: what each answers, its text, and an answer of the demo's story.

Which queries stand on which page, and what each is asked about, is said here. Answers are shortened, and what was left
out is said; those that the page of the program asks for itself are left out.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from lineage_graphql import saved_queries
from tests.documentation import WRITTEN
from tests.documentation.story import NOW, Ask

OWN: Final = "page-"  # what the page asks: parts of screens, and no questions of people
MOST_ITEMS: Final = 2
MOST_TEXT: Final = 96
MOST_LINES: Final = 110
ID_STARTS: Final = "WyJ"  # what global ids begin with: base64 of a list of texts
ID_SHOWN: Final = 8

Variables: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """What the questions are about, as the story has it: ids, and a uid."""

    retried: str
    retried_uid: str
    promoted: str
    not_promoted: str
    model: str
    customers: str
    log: str
    deployment: str
    recurring_run: str
    pipeline: str


Recipe: TypeAlias = Callable[[Things], Variables]


def _nothing(_: Things) -> Variables:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A page: its title, what it is about, and which queries it holds."""

    title: str
    about: str
    recipes: Mapping[str, Recipe]


CHAPTERS: Final[Mapping[str, Chapter]] = {
    "runs": Chapter(
        title="Runs",
        about="Which runs there were, how they went, and what one of them did.",
        recipes={
            "recent-runs": lambda _: {"first": 2},
            "runs": lambda _: {"where": {"displayName": {"startsWith": "model-promotion"}}},
            "failed-runs": _nothing,
            "search": lambda _: {"text": "churn", "first": 8},
            "run": lambda it: {"uid": it.retried_uid},
            "run-graph": lambda it: {"id": it.retried},
            "exported-runs": lambda _: {"first": 1},
            "pipelines": _nothing,
        },
    ),
    "steps": Chapter(
        title="Steps",
        about="Attempts at steps: what they ran, read and wrote, what a cache gave, and what a retry replaced.",
        recipes={
            "run-steps": lambda it: {"id": it.retried},
            "find-executions": lambda it: {"where": {"run": {"eq": it.retried}, "displayName": {"eq": "train(1)"}}},
            "superseded-executions": _nothing,
            "cached-executions": _nothing,
            "slowest-executions": lambda _: {"first": 3},
            "images": lambda _: {"image": "train", "first": 3},
            "images-of-run": lambda it: {"id": it.retried},
        },
    ),
    "lineage": Chapter(
        title="Artifacts and lineage",
        about="What was written, where it came from, what came of it, and what lies there now.",
        recipes={
            "artifacts": lambda _: {"text": "model", "first": 2},
            "find-artifacts": lambda _: {"where": {"uri": {"eq": "s3://ml-artifacts/models/churn/model.tgz"}}},
            "outside-artifacts": _nothing,
            "runs-using-artifact": lambda it: {"artifact": it.customers},
            "where-did-this-come-from": lambda it: {"artifact": it.model},
            "what-came-of-this": lambda it: {"artifact": it.customers, "maxDepth": 4},
            "provenance": lambda it: {"roots": [it.model], "maxDepth": 2},
            "paths": lambda it: {"one": [it.customers], "other": [it.model]},
            "impact": lambda it: {"roots": [it.customers]},
            "artifact-history": lambda it: {"ids": [it.model]},
            "artifact-text": lambda it: {"id": it.log, "first": 200},
        },
    ),
    "around": Chapter(
        title="Schedules, experiments and deployments",
        about="What makes runs and what becomes of them: schedules with the times that were due, experiments, "
        "searches for good parameters, and endpoints.",
        recipes={
            "recurring-runs": _nothing,
            "slots": lambda it: {
                "ids": [it.recurring_run],
                "from": "2026-01-05T08:00:00Z",
                "to": "2026-01-05T08:15:00Z",
            },
            "experiments": _nothing,
            "searches": _nothing,
            "deployments": _nothing,
            "behind-deployment": lambda it: {"deployment": it.deployment},
        },
    ),
    "metrics": Chapter(
        title="Metrics",
        about="What runs measured, and how that moves from run to run.",
        recipes={
            "metric-over-runs": lambda _: {"metric": "auc", "first": 2},
            "metric-trends": lambda it: {"scope": {"pipeline": it.pipeline}, "metrics": ["auc"]},
        },
    ),
    "verdicts": Chapter(
        title="Audits and comparison",
        about="Whether a run can be traced and made again, what differs between two, and what does not repeat itself.",
        recipes={
            "audit": lambda it: {"id": it.retried, "asOf": NOW.isoformat().replace("+00:00", "Z")},
            "run-diff": lambda it: {"base": it.not_promoted, "target": it.promoted},
            "rerun-manifest": lambda it: {"run": it.promoted},
            "nondeterminism": _nothing,
        },
    ),
    "operation": Chapter(
        title="Operation",
        about="What feeds the store and what was missed, what rules found, and where a graph is drawn.",
        recipes={
            "ingestion": _nothing,
            "alerts": _nothing,
            "layout": lambda _: {
                "boxes": [{"id": "train", "width": 120, "height": 40}, {"id": "model", "width": 120, "height": 40}],
                "links": [{"source": "train", "target": "model"}],
            },
        },
    ),
}


def pages(ask: Ask) -> Mapping[str, str]:
    """Write the pages, by their names."""
    things = _things(ask)
    return {name: "\n".join(_page(chapter, things, ask)) + "\n" for name, chapter in CHAPTERS.items()}


# ------------------------------------------------------------------------------------------ writing
def _page(chapter: Chapter, things: Things, ask: Ask) -> Iterator[str]:
    yield from (f"# {chapter.title}", "", WRITTEN, "", chapter.about, "")
    yield "Each is asked by its name, on the command line or of a server (`documentId`). Answers are those of the"
    yield "[demo](../start/laptop.md) when its story has been told; they are shortened, and so are ids."
    for name, recipe in chapter.recipes.items():
        saved, variables = saved_queries()[name], recipe(things)
        yield from ("", f"## {name}", "", saved.description, "")
        yield from ("```sh", _command(name, variables), "```", "")
        yield from ("```graphql", saved.text.rstrip(), "```", "", "Answers, for example:", "")
        yield from ("```json", *shortened(ask(saved.text, variables)), "```")


def _command(name: str, variables: Variables) -> str:
    if not variables:
        return f"lineage query {name}"
    return f"lineage query {name} --variables '{json.dumps(_shortened(variables), ensure_ascii=False)}'"


def shortened(answer: Any) -> Sequence[str]:
    """Write an answer as JSON, in few enough lines; in the place of what was left out stands a comment that says so."""
    for items in range(MOST_ITEMS, 0, -1):
        lines = list(_lines(_shortened(answer), "", items))
        if len(lines) <= MOST_LINES:
            return lines
    return [*lines[:MOST_LINES], f"// … and {len(lines) - MOST_LINES} lines more"]


def _lines(value: Any, indent: str, items: int) -> Iterator[str]:
    """Write a value as JSON; the first line without an indent, as it stands behind a name."""
    inner = f"{indent}  "
    if isinstance(value, dict) and value and not _fits(value, indent):
        yield "{"
        for place, (name, member) in enumerate(value.items()):
            first, *rest = _lines(member, inner, items)
            *all_but_last, last = [f"{inner}{json.dumps(name)}: {first}", *rest]
            yield from (*all_but_last, last + ("," if place < len(value) - 1 else ""))
        yield f"{indent}}}"
    elif isinstance(value, list) and value and not _fits(value, indent):
        yield "["
        shown = value[:items]
        for place, member in enumerate(shown):
            first, *rest = _lines(member, inner, items)
            *all_but_last, last = [f"{inner}{first}", *rest]
            yield from (*all_but_last, last + ("," if place < len(shown) - 1 else ""))
        if len(value) > items:
            yield f"{inner}// … and {len(value) - items} more"
        yield f"{indent}]"
    else:
        yield json.dumps(value, ensure_ascii=False)


def _fits(value: Any, indent: str) -> bool:
    """Say whether a value is short enough for a line, and holds nothing that holds something."""
    members = value.values() if isinstance(value, dict) else value
    plain = not any(isinstance(one, dict | list) and one for one in members)
    return (
        plain and len(indent) + len(json.dumps(value, ensure_ascii=False)) <= MOST_TEXT and len(value) <= MOST_ITEMS * 3
    )


def _shortened(value: Any) -> Any:
    """Shorten ids, long texts and numbers."""
    if isinstance(value, dict | Mapping):
        return {name: _shortened(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(member) for member in value]
    if isinstance(value, float):
        return float(f"{value:.6g}")  # the last digits are the processor's
    if not isinstance(value, str):
        return value
    if value.startswith(ID_STARTS):
        return f"{value[:ID_SHOWN]}…{value[-4:]}"
    return value if len(value) <= MOST_TEXT else f"{value[:MOST_TEXT]}…"


# ------------------------------------------------------------------------------------------ finding
def _things(ask: Ask) -> Things:
    found = ask(
        """
        query {
          retried: runs(first: 1, where: {displayName: {eq: "churn-training-hl9ft"}}) { nodes { id uid } }
          promoted: runs(first: 1, where: {displayName: {eq: "model-promotion-j6t4w"}}) { nodes { id } }
          notPromoted: runs(first: 1, where: {displayName: {eq: "model-promotion-x2m9c"}}) { nodes { id } }
          models: artifacts(
            first: 1
            where: {uri: {eq: "s3://ml-artifacts/models/churn/model.tgz"}}
            orderBy: [{field: CREATED_AT, direction: DESC}]
          ) { nodes { id } }
          customers: artifacts(
            first: 1, where: {uri: {eq: "s3://ml-artifacts/reference/customers.tgz"}}
          ) { nodes { id } }
          logs: artifacts(
            first: 1, where: {name: {eq: "main-logs"}}, orderBy: [{field: CREATED_AT, direction: DESC}]
          ) { nodes { id } }
          deployments(first: 1) { nodes { id } }
          recurringRuns(first: 1, where: {name: {eq: "churn-training"}}) { nodes { id } }
          pipelines(first: 1, where: {name: {eq: "churn-training"}}) { nodes { id } }
        }
        """,
        {},
    )

    def first(name: str, field: str = "id") -> str:
        return str(found[name]["nodes"][0][field])

    return Things(
        retried=first("retried"),
        retried_uid=first("retried", "uid"),
        promoted=first("promoted"),
        not_promoted=first("notPromoted"),
        model=first("models"),
        customers=first("customers"),
        log=first("logs"),
        deployment=first("deployments"),
        recurring_run=first("recurringRuns"),
        pipeline=first("pipelines"),
    )
