"""The page for a first look: how much is known, the latest runs, what feeds the store, what can be asked.

Pure: values in, HTML out. Everything that comes from outside is escaped where it is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from urllib.parse import quote

import orjson

from lineage.metrics import as_text
from lineage.model import Counts, Phase
from lineage.workloads import WORKFLOW
from lineage_graphql import SavedQuery

REFRESH_SECONDS: Final = 2
METRICS_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the page shows. `runs`, `sources` and `artifacts` are as the saved queries answer them;
    of the artifacts only the newest matters: it fills in the queries that ask about one."""

    counts: Counts
    runs: Sequence[Mapping[str, Any]]
    sources: Sequence[Mapping[str, Any]]
    rejected: int
    artifacts: Sequence[Mapping[str, Any]]
    queries: Mapping[str, SavedQuery]


def page(overview: Overview) -> str:
    """Write the whole page."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>kfp-lineage</title>
<link rel="icon" href="{_ICON}">
<link rel="stylesheet" href="static/page.css">
<script src="static/page.js" defer data-seconds="{REFRESH_SECONDS}"></script>
<noscript><meta http-equiv="refresh" content="{REFRESH_SECONDS}"></noscript>
</head>
<body>
<header>
<h1>kfp-lineage</h1>
<nav><a href="graphiql">GraphiQL</a></nav>
<p id="state" role="status"></p>
</header>
<main>
{_section("counts", "What is known", _counts(overview.counts))}
{_section("runs", "Latest runs", _runs(overview))}
{_section("sources", "Sources", _sources(overview))}
{_section("queries", "Ask", _queries(overview))}
</main>
</body>
</html>
"""


_ICON: Final = "data:image/svg+xml," + quote(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#3b6fd4" stroke-width="2">'
    '<path d="M4 4 12 8 4 12"/><g fill="#3b6fd4" stroke="none"><circle cx="4" cy="4" r="3"/>'
    '<circle cx="12" cy="8" r="3"/><circle cx="4" cy="12" r="3"/></g></svg>'
)


def _section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{body}</section>'


# ------------------------------------------------------------------------------------------ sections
def _counts(counts: Counts) -> str:
    known = {
        "Runs": counts.runs,
        "Executions": counts.executions,
        "Artifacts": counts.artifacts,
        "Pipelines": counts.pipelines,
        "Experiments": counts.experiments,
        "Recurring runs": counts.recurring_runs,
        "Deployments": counts.deployments,
    }
    tiles = "".join(f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for name, number in known.items())
    phases = "".join(f"<li>{_chip(phase)} {counts.phases[phase]:,}</li>" for phase in Phase if counts.phases.get(phase))
    by_phase = f'<ul class="phases"><li>Runs by phase:</li>{phases}</ul>' if phases else ""
    return f'<dl class="tiles">{tiles}</dl>{by_phase}'


def _runs(overview: Overview) -> str:
    if not overview.runs:
        return '<p class="empty">No run has been recorded yet.</p>'
    text = overview.queries["run"].text
    rows = (
        (
            _chip(run["phase"]),
            _run_link(text, run),
            _pipeline(run) if run["kind"] == WORKFLOW else escape(run["kind"]),
            escape(run["namespace"]),
            _time(run["startedAt"]),
            _duration(run["durationSeconds"]),
            _metrics(run),
        )
        for run in overview.runs
    )
    return _table(("Phase", "Run", "Pipeline or kind", "Namespace", "Started (UTC)", "Took", "Metrics"), rows)


def _metrics(run: Mapping[str, Any]) -> str:
    """The first of those that somebody recorded."""
    recorded = [one for one in run["metrics"] if one["source"] != "built in"]
    shown = [
        f"{escape(one['name'])} {as_text(one['value'], one['special'], is_percentage=one['percentage'])}"
        for one in recorded[:METRICS_SHOWN]
    ]
    return ", ".join(shown) + (" …" if len(recorded) > METRICS_SHOWN else "") if shown else "–"


def _sources(overview: Overview) -> str:
    rejected = (
        f'<p class="warning">{overview.rejected:,} could not be recorded: '
        f'<a href="{_graphiql(overview.queries["ingestion"].text, {})}">why</a>.</p>'
        if overview.rejected
        else ""
    )
    if not overview.sources:
        return f'<p class="empty">Nothing is watched; what is known was ingested.</p>{rejected}'
    rows = (
        (
            _chip(source["state"]) + _note(source["message"]),
            escape(source["name"]),
            escape(source["kind"]),
            escape(source["cluster"]),
            "all" if source["namespace"] == "*" else escape(source["namespace"]),
            f"{int(source['observed']):,}",
            _time(source["lastEventAt"]),
            _gaps(source),
        )
        for source in overview.sources
    )
    titles = ("State", "Source", "Kind", "Cluster", "Namespace", "Observed", "Last seen (UTC)", "Not watched")
    return rejected + _table(titles, rows)


def _gaps(source: Mapping[str, Any]) -> str:
    """How many times a source was not watched, and the last of them."""
    if not source["gapCount"]:
        return "never"
    last = source["gaps"]["nodes"][0]
    until = f"to {_time(last['to'])}" if last["to"] else "and still is not"
    times = "once" if source["gapCount"] == 1 else f"{source['gapCount']:,} times"
    return f'{times}<small class="note">last from {_time(last["from"])} {until}: {escape(last["reason"])}</small>'


def _queries(overview: Overview) -> str:
    known = {
        "uid": next((run["uid"] for run in overview.runs if run["uid"]), None),
        "artifact": next((artifact["id"] for artifact in overview.artifacts), None),
    }
    links = (
        f'<li><a href="{_graphiql(query.text, _filled_in(query.text, known))}">{escape(query.description)}</a> '
        f"<code>{escape(name)}</code></li>"
        for name, query in overview.queries.items()
    )
    return f'<ul class="queries">{"".join(links)}</ul>'


# ------------------------------------------------------------------------------------------ parts
def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _chip(state: str) -> str:
    return f'<span class="chip {escape(state.lower())}">{escape(state.capitalize())}</span>'


def _note(message: str | None) -> str:
    return f'<small class="note">{escape(message)}</small>' if message else ""


def _run_link(text: str, run: Mapping[str, Any]) -> str:
    name = escape(run["displayName"])
    return f'<a href="{_graphiql(text, {"uid": run["uid"]})}">{name}</a>' if run["uid"] else name


def _pipeline(run: Mapping[str, Any]) -> str:
    version = run["pipelineVersion"]
    return escape(version["pipeline"]["name"]) if version else "–"


def _time(at: str | None) -> str:
    if at is None:
        return "–"
    readable = at.partition(".")[0].removesuffix("Z").replace("T", " ")
    return f'<time datetime="{escape(at)}">{escape(readable)}</time>'


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m" if hours else f"{minutes} m {rest:02d} s"


def _filled_in(text: str, known: Mapping[str, str | None]) -> Mapping[str, str]:
    """Choose the variables that a query needs from what is known."""
    return {name: value for name, value in known.items() if value is not None and f"${name}: " in text}


def _graphiql(text: str, variables: Mapping[str, str]) -> str:
    """Link to a query, opened in GraphiQL."""
    link = f"graphiql?query={quote(text, safe='')}"
    return f"{link}&amp;variables={quote(orjson.dumps(variables).decode(), safe='')}" if variables else link
