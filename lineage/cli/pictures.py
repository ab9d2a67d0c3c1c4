"""Runs, artifacts, deployments, and what was rejected, as tables and trees for a terminal. Pure: answers in, what rich
prints out.

Every text comes from outside: it is shown as it is, never read as markup, and cannot steer the terminal.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from lineage.cli.terminal import printable
from lineage.metrics import as_text
from lineage.model import Artifact, Rejected
from lineage.workloads import WORKFLOW

NOT_KNOWN: Final = "–"
LONGEST_TEXT: Final = 160  # characters; `--json` shows all
SHORT_DIGEST: Final = 12  # characters: one in 2⁴⁸
_STYLES: Final = {
    "SUCCEEDED": "green",
    "FAILED": "bold red",
    "ERROR": "bold red",
    "RUNNING": "cyan",
    "PENDING": "cyan",
    "UNKNOWN": "yellow",
}

_CALLED: Final = {"plots": "shows", "setAside": "set aside"}

Answer = Mapping[str, Any]


def table_of_runs(runs: Sequence[Answer]) -> Table:
    """A row a run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("run", "phase", "started (UTC)", "took", "pipeline or kind", "namespace", "uid"):
        table.add_column(column, overflow="fold", no_wrap=column in ("phase", "took"))
    for run in runs:
        table.add_row(
            _text(run["displayName"]),
            _phase(run["phase"]),
            _text(_time(run["startedAt"] or run["createdAt"])),
            _text(_took(run["durationSeconds"])),
            _text(_pipeline(run) or _other_kind(run)),
            _text(run["namespace"]),
            _text(run["uid"]),
        )
    return table


def picture_of_run(run: Answer) -> Iterator[RenderableType]:
    """What is known of a run, and under it its steps with what they read and wrote."""
    yield _facts(run)
    yield ""
    steps = run["executions"]["nodes"]
    tree = Tree(Text.assemble(_phase(run["phase"]), " ", _text(run["displayName"], "bold")), guide_style="dim")
    for step in steps:
        _add_step(tree, step)
    if not steps:
        tree.add(Text("no step was seen", "dim"))
    yield tree


def pictures_of_artifacts(artifacts: Sequence[Answer]) -> Iterator[RenderableType]:
    """What is known of each artifact, and below it what looks at it said."""
    for artifact in artifacts:
        facts = Table.grid(padding=(0, 2))
        for name, value in _facts_of_artifact(artifact):
            facts.add_row(Text(name, "bold"), value)
        yield facts
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("looked (UTC)", "state", "size", "evidence"):
            table.add_column(column, overflow="fold", no_wrap=column in ("state", "size"))
        for look in artifact["history"]["nodes"]:
            size = NOT_KNOWN if look["sizeBytes"] is None else _size(int(look["sizeBytes"]))
            table.add_row(_text(_time(look["at"])), _state(look["state"]), size, _text(look["evidence"]))
        yield table if artifact["history"]["nodes"] else Text("nobody has looked at it", "dim")
        yield ""


def _facts_of_artifact(artifact: Answer) -> Iterator[tuple[str, Text]]:
    producer = artifact["producer"]
    yield "artifact", _text(artifact["name"])
    if artifact["type"]:
        yield "type", _text(artifact["type"])
    yield "id", Text(artifact["id"])
    yield "uri", _text(artifact["uri"])
    yield "written", _text(_time(artifact["createdAt"]))
    if producer:
        yield "by", _text(f"{producer['displayName']} of {producer['run']['displayName']}")
    yield "state", _state(artifact["state"])
    if artifact["sizeBytes"] is not None:
        yield "size", _size(int(artifact["sizeBytes"]))
    yield "digest", _text(artifact["digest"])
    yield "content", _text(artifact["contentDigest"])
    for name, value in (artifact["metadata"] or {}).items():
        for number, line in enumerate(_lines(value)):
            yield _CALLED.get(name, name) if number == 0 else "", _text(line, "yellow" if name == "setAside" else "")


def _lines(said: Any) -> Iterator[str]:
    """What is said of an artifact under one name, whatever it is: JSON of others."""
    match said:
        case dict():
            yield from (f"{name} = {_written(value)}" for name, value in said.items())
        case list():
            for one in said:
                of = (
                    {"": one}
                    if not isinstance(one, dict)
                    else {"": str(one["type"]).replace("_", " ")}
                    if "type" in one
                    else one
                )
                yield ": ".join(_written(value) for value in of.values() if value)
        case _:
            yield _written(said)


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)


def table_of_states(artifacts: Sequence[tuple[Artifact, str]]) -> Table:
    """A row an artifact, with what its state rests on."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("state", "artifact", "written (UTC)", "uri", "evidence"):
        table.add_column(column, overflow="fold", no_wrap=column == "state")
    for one, evidence in artifacts:
        written = None if one.created_at is None else _time(one.created_at.isoformat())
        table.add_row(_state(one.state), _text(one.name), _text(written), _text(one.uri), _text(evidence))
    return table


def table_of_rejections(found: Sequence[Rejected]) -> Table:
    """A row a rejection."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("digest", "when (UTC)", "source", "size", "reason"):
        table.add_column(column, overflow="fold", no_wrap=column in ("digest", "size"))
    for one in found:
        table.add_row(
            _short_digest(one),
            _text(_time(one.at.isoformat())),
            _text(one.source),
            _size(one.size_bytes),
            _text(one.reason),
        )
    return table


def picture_of_rejection(found: Sequence[Rejected], text: str | None) -> Iterator[RenderableType]:
    """Why an object was set aside, for each reason, and below it what was kept of it."""
    for one in found:
        table = Table.grid(padding=(0, 2))
        for name, value in (
            ("digest", Text(one.digest)),
            ("when", _text(_time(one.at.isoformat()))),
            ("source", _text(f"{one.source} in {one.cluster}")),
            ("size", _size(one.size_bytes)),
            ("reason", Text(printable(one.reason), "yellow")),
        ):
            table.add_row(Text(name, "bold"), value)
        yield table
        yield ""
    if text is None:
        yield Text("nothing of it was kept: it could not be read, so no secret could be taken out", "dim")
    else:
        yield Text("\n".join(printable(line) for line in text.split("\n")))


# ------------------------------------------------------------------------------------------ schedules
def table_of_experiments(experiments: Sequence[Answer]) -> Table:
    """A row an experiment."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("experiment", "namespace", "runs", "last run", "phase", "made (UTC)"):
        table.add_column(column, overflow="fold", no_wrap=column == "phase")
    for one in experiments:
        last = next(iter(one["runs"]["nodes"]), None)
        table.add_row(
            _text(one["name"]),
            _text(one["namespace"]),
            str(one["runs"]["totalCount"]),
            _text(last and last["displayName"]),
            _phase(last["phase"]) if last else _text(None),
            _text(_time(last and last["createdAt"])),
        )
    return table


def table_of_recurring_runs(recurring: Sequence[Answer]) -> Table:
    """A row a recurring run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("recurring run", "namespace", "schedule", "state", "last due (UTC)", "became", "next due", "missed"):
        table.add_column(column, overflow="fold", no_wrap=column == "became")
    for one in recurring:
        last = next(reversed(one["slots"]), None)
        table.add_row(
            _text(one["name"]),
            _text(one["namespace"]),
            _text(_schedule(one)),
            _enabled(one),
            _text(_time(last and last["dueAt"])),
            _outcome(last["outcome"]) if last else _text(None),
            _text(_next(one)),
            _text(_missed(one)),
        )
    return table


def pictures_of_recurring_run(recurring: Sequence[Answer]) -> Iterator[RenderableType]:
    """What is known of each, below it what became of its last slots, and since when it is as it is."""
    for one in recurring:
        facts = Table.grid(padding=(0, 2))
        for name, value in _facts_of_recurring_run(one):
            facts.add_row(Text(name, "bold"), value)
        yield facts
        yield ""
        yield _table_of_slots(one["slots"]) if one["slots"] else Text("it was never due", "dim")
        yield ""
        yield _table_of_edits(one["edits"])
        yield ""


def _facts_of_recurring_run(one: Answer) -> Iterator[tuple[str, Text]]:
    yield "recurring run", _text(f"{one['name']}, a {one['kind']}")
    yield "id", Text(one["id"])
    yield "uid", _text(one["uid"])
    yield "namespace", _text(f"{one['namespace']} in {one['cluster']}{'' if one['inCluster'] else ', gone'}")
    yield "state", _enabled(one)
    yield "schedule", _text(_schedule(one))
    if one["scheduleError"]:
        yield "", _text(one["scheduleError"], "yellow")
    if one["experiment"]:
        yield "experiment", _text(one["experiment"]["name"])
    yield "runs", Text(str(one["runs"]["totalCount"]))
    yield "next due", _text(_next(one))


def _table_of_slots(slots: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("due (UTC)", "became", "after", "run", "reason"):
        table.add_column(column, overflow="fold", no_wrap=column in ("became", "after"))
    for slot in slots:
        table.add_row(
            _text(_time(slot["dueAt"])),
            _outcome(slot["outcome"]),
            _text(_took(slot["lateBySeconds"])),
            _text(slot["run"] and slot["run"]["displayName"]),
            _text(slot["reason"] or ""),
        )
    return table


def _table_of_edits(edits: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("since (UTC)", "schedule", "otherwise"):
        table.add_column(column, overflow="fold")
    for edit in edits:
        since = _text(_time(edit["since"]) if edit["told"] else f"{_time(edit['since'])}, seen")
        table.add_row(since, _text(_schedule(edit["spec"])), _text(", ".join(_conditions(edit["spec"]))))
    return table


def _conditions(spec: Answer) -> Iterator[str]:
    """What of a spec is not as it usually is."""
    if not spec["enabled"]:
        yield "suspended"
    if spec["startsAt"] or spec["endsAt"]:
        yield f"from {_time(spec['startsAt']) or NOT_KNOWN} to {_time(spec['endsAt']) or NOT_KNOWN}"
    if spec["maxConcurrency"]:
        yield f"{spec['maxConcurrency']} at a time"
    if spec["catchup"] is False:
        yield "no catch-up"
    if spec["concurrencyPolicy"] not in (None, "Allow"):
        yield spec["concurrencyPolicy"]
    for name in ("when", "stopStrategy"):
        if spec[name]:
            yield f"{'when' if name == 'when' else 'until'} {spec[name]}"
    for parameter in spec["parameters"]:
        yield f"{parameter['name']} = {'(redacted)' if parameter['redacted'] else parameter['value']}"


def _schedule(one: Answer) -> str:
    """The schedules of a recurring run, or of a spec of it."""
    written = ", ".join(one["schedules"]) or "none"
    return f"{written} ({one['timezone']})" if one["timezone"] else written


def _enabled(one: Answer) -> Text:
    if not one["inCluster"]:
        return Text("gone", "dim")
    if one["stopped"]:
        return Text("stopped", "yellow")
    if one["scheduleError"]:
        return Text("cannot be read", "bold red")
    return Text("enabled", "green") if one["enabled"] else Text("suspended", "yellow")


def _next(one: Answer) -> str | None:
    """When it is due next, if anything is to run then."""
    coming = one["next"]
    return _time(coming["dueAt"]) if coming and coming["outcome"] == "PENDING" else None


def _outcome(outcome: str) -> Text:
    styles = {"ON_TIME": "green", "MISSED": "bold red", "LATE": "yellow", "DUPLICATE": "yellow", "PENDING": "cyan"}
    return Text(outcome.lower().replace("_", " "), styles.get(outcome, "dim"))


def _missed(one: Answer) -> str:
    """How many of the last slots were missed, of how many, in which time."""
    slots, days = one["slots"], one["days"]
    if not slots:
        return NOT_KNOWN
    missed = sum(slot["outcome"] == "MISSED" for slot in slots)
    span = f"{days:g} days" if days > 1 else "a day" if days == 1 else "an hour" if days * 24 >= 1 else "a minute"
    return f"{missed} of {len(slots)} in {span}"


# ------------------------------------------------------------------------------------------ deployments
def table_of_deployments(deployments: Sequence[Answer]) -> Table:
    """A row a model that is served now, the deployment beside the first of each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("deployment", "namespace", "state", "revision", "model", "made by", "since then"):
        table.add_column(column, overflow="fold", no_wrap=column == "state")
    for one in deployments:
        head = (_text(one["name"]), _text(one["namespace"]), _ready(one))
        served = [each for each in one["served"] if each["servedNow"]]
        for each in served:
            table.add_row(
                *head,
                _text(each["revision"]),
                _text(each["artifact"]["uri"]),
                _text(_maker(each["artifact"])),
                _since(each),
            )
            head = (Text(), Text(), Text())
        if not served:
            table.add_row(*head, *(_text(None) for _ in range(4)))
    return table


def pictures_of_deployments(deployments: Sequence[Answer]) -> Iterator[RenderableType]:
    """What is known of each, below it all that it has served, which writes that were, and what these were made of."""
    for one in deployments:
        facts = Table.grid(padding=(0, 2))
        for name, value in _facts_of_deployment(one):
            facts.add_row(Text(name, "bold"), value)
        yield facts
        yield ""
        yield _table_of_revisions(one["revisions"])
        yield ""
        yield _table_of_served(one["served"]) if one["served"] else Text("nothing that it serves is known", "dim")
        yield ""


def _facts_of_deployment(one: Answer) -> Iterator[tuple[str, Text]]:
    yield "deployment", _text(f"{one['name']}, of the kind {one['kind']}")
    yield "id", Text(one["id"])
    yield "uid", _text(one["uid"])
    yield "namespace", _text(f"{one['namespace']} in {one['cluster']}{'' if one['inCluster'] else ', gone'}")
    yield "state", Text.assemble(_ready(one), f" since {_time(one['since'])}" if one["since"] else "")
    if one["message"]:
        yield "", _text(one["message"], "yellow")
    if one["url"]:
        yield "url", _text(one["url"])
    if one["parent"]:
        yield "loaded into", _text(one["parent"]["name"])
    behind = one["behind"]
    for name, found in (("made by", behind["runs"]), ("of", behind["data"])):
        for place, each in enumerate(found):
            yield "" if place else name, _text(each.get("displayName") or each.get("uri"))
    for reason in behind["reasons"]:
        yield "", _text(f"not all of it: {reason}", "yellow")


def _table_of_revisions(revisions: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("revision", "traffic", "served from (UTC)", "to", "models"):
        table.add_column(column, overflow="fold", no_wrap=column == "traffic")
    for one in revisions:
        models = [f"{model['name']} {model['uri']}".strip() for model in one["models"] or ()]
        percent = one["trafficPercent"]
        table.add_row(
            _text(one["name"]),
            _text(None if percent is None else f"{percent} %"),
            _text(_time(one["since"])),
            _text(_time(one["until"])),
            _text("nobody saw its spec" if one["models"] is None else "\n".join(models) or None),
        )
    return table


def _table_of_served(served: Sequence[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("revision", "artifact", "written (UTC)", "made by", "since then"):
        table.add_column(column, overflow="fold")
    for one in served:
        artifact, style = one["artifact"], "" if one["servedNow"] else "dim"
        doubt = " (of equal content)" if one["byContent"] else " (perhaps)" if one["inferred"] else ""
        table.add_row(
            _text(f"{one['revision']} {one['model']}".strip(), style),
            _text(f"{artifact['uri'] or artifact['digest']}{doubt}", style),
            _text(_time(artifact["createdAt"])),
            _text(_maker(artifact)),
            _since(one),
        )
    return table


def _maker(artifact: Answer) -> str | None:
    producer = artifact["producer"]
    return f"{producer['run']['displayName']}/{producer['displayName']}" if producer else None


def _since(served: Answer) -> Text:
    """What became of the place that was read."""
    if served["changedSince"] is None:
        return _text(None)
    if not served["changedSince"]:
        return Text("as it was", "green")
    replaced = served["replacedBy"]
    by = _maker(replaced) if replaced else None
    return _text(f"overwritten by {by}" if by else "changed" if replaced else "changed or gone", "yellow")


def _ready(one: Answer) -> Text:
    if not one["inCluster"]:
        return Text("gone", "dim")
    return {True: Text("ready", "green"), False: Text("not ready", "bold red")}.get(one["ready"], _text(None))


# ------------------------------------------------------------------------------------------ parts of a run
def _facts(run: Answer) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in _known_facts(run):
        table.add_row(Text(name, "bold"), value)
    return table


def _known_facts(run: Answer) -> Iterator[tuple[str, Text]]:
    yield "run", _text(run["name"])
    yield "id", Text(run["id"])
    yield "uid", _text(run["uid"])
    yield "namespace", _text(f"{run['namespace']} in {run['cluster']}{'' if run['inCluster'] else ', gone'}")
    yield "phase", Text.assemble(_phase(run["phase"]), _text(f" {run['message']}" if run["message"] else ""))
    yield "started", _text(_time(run["startedAt"]))
    yield "took", _text(_took(run["durationSeconds"]))
    if run["pipelineVersion"]:
        yield "pipeline", _text(f"{_pipeline(run)}  {run['pipelineVersion']['digest']}")
    if _other_kind(run):
        yield "kind", _text(run["kind"])
    if run["startedBy"]:
        starter = run["startedBy"]
        yield "started by", _text(f"{starter['displayName']} of {starter['run']['displayName']}")
    if run["tuning"]:
        yield from _facts_of_tuning(run["tuning"])
    if run["experiment"]:
        yield "experiment", _text(run["experiment"]["name"])
    if run["recurringRun"]:
        due = f", for {_time(run['scheduledAt'])}" if run["scheduledAt"] else ""
        yield "recurring run", _text(f"{run['recurringRun']['displayName'] or run['recurringRun']['name']}{due}")
    if run["resubmittedFrom"]:
        yield "resubmitted from", _text(run["resubmittedFrom"]["displayName"])
    for number, parameter in enumerate(run["parameters"]):
        value = "(redacted)" if parameter["redacted"] else parameter["value"]
        yield "parameters" if number == 0 else "", _text(f"{parameter['name']} = {value}")
    for number, metric in enumerate(run["metrics"]):
        yield "metrics" if number == 0 else "", _metric(metric)
    for missing in run["completeness"]["missing"]:
        yield "not seen", _text(missing, "yellow")


def _facts_of_tuning(tuning: Answer) -> Iterator[tuple[str, Text]]:
    """What a search is after, and what it has found."""
    goal = f", to {tuning['goal']}" if tuning["goal"] else ""
    yield "objective", _text(f"{tuning['direction'] or 'optimize'} {tuning['objective']}{goal}")
    yield "algorithm", _text(tuning["algorithm"])
    for number, one in enumerate(tuning["searched"]):
        step = f" by {one['step']}" if one["step"] else ""
        among = ", ".join(one["choices"]) or f"{one['min']} … {one['max']}{step}"
        yield "searched" if number == 0 else "", _text(f"{one['name']}: {among}")
    if tuning["bestTrialName"]:
        yield "best trial", _text(f"{tuning['bestTrialName']}  {_assigned(tuning['bestParameters'])}")


def _assigned(parameters: Sequence[Answer]) -> str:
    return ", ".join(f"{one['name']} = {'(redacted)' if one['redacted'] else one['value']}" for one in parameters)


def _metric(metric: Answer) -> Text:
    step = metric["execution"]
    notes = [
        *([step["displayName"]] if step else []),
        *([f"step {metric['step']}"] if metric["step"] else []),
        *(["cached"] if metric["cached"] else []),
    ]
    value = as_text(metric["value"], metric["special"], is_percentage=metric["percentage"])
    return Text.assemble(_text(f"{metric['name']} = {value}"), _text(f"  {', '.join(notes)}" if notes else "", "dim"))


def _add_step(tree: Tree, step: Answer) -> None:
    notes = [
        _took(step["durationSeconds"]),
        *([f"item {step['iteration'] + 1}"] if step["iteration"] is not None else []),
        *([f"attempt {step['attempt'] + 1}"] if step["attempt"] else []),
        *(["superseded"] if step["superseded"] else []),
        *(["cached"] if step["cached"] else []),
        *(["stopped early"] if step["stoppedEarly"] else []),
        *([f"restarted {_times(step['restarts'])}"] if step["restarts"] else []),
        *([f"exit code {step['exitCode']}"] if step["exitCode"] else []),
    ]
    name = _text(step["displayName"], "dim" if step["superseded"] else "bold")
    branch = tree.add(Text.assemble(_phase(step["phase"]), " ", name, _text(f"  {', '.join(notes)}", "dim")))
    if step["message"]:
        branch.add(_text(step["message"], "yellow"))
    before = sorted({each["displayName"] for each in step["dependsOn"]})
    if before:
        branch.add(_text(f"after {', '.join(before)}", "dim"))
    if step["observed"]:
        branch.add(_text(_assigned(step["inputParameters"])))
    for observed in step["observed"]:
        values = (f"{name} {observed[name]}" for name in ("min", "max", "latest") if observed[name] is not None)
        branch.add(_text(f"{observed['name']}: {', '.join(values)}"))
    for role in step["replicas"]:
        counts = (f"{role[name]} {name}" for name in ("active", "succeeded", "failed") if role[name])
        branch.add(_text(f"{role['role']} × {_number(role['wanted'])}  {', '.join(counts)}".rstrip(), "dim"))
    for run in step["startedRuns"]["nodes"]:
        branch.add(Text.assemble("▶ ", _phase(run["phase"]), _text(f" {run['kind']} {run['displayName']}")))
    more = step["startedRuns"]["totalCount"] - len(step["startedRuns"]["nodes"])
    if more > 0:
        branch.add(_text(f"▶ and {more} more", "dim"))
    for image in sorted({each["reference"] for each in step["images"]}):
        branch.add(_text(f"image {image}", "dim"))
    for use in step["inputs"]:
        branch.add(_text(f"← {_used(use)}"))
    for use in step["outputs"]:
        branch.add(_text(f"→ {_used(use)}{_taken(step) if use['role'] == 'REUSED' else ''}"))


def _taken(step: Answer) -> str:
    return " (from a cache)" if step["cached"] else " (was there before)"


def _used(use: Answer) -> str:
    artifact = use["artifact"]
    doubt = " (or another write of it)" if use["ambiguous"] else " (perhaps: it is mounted)" if use["inferred"] else ""
    type_of = f" [{artifact['type']}]" if artifact["type"] else ""
    return f"{use['name']}{type_of}  {artifact['uri'] or artifact['digest'] or NOT_KNOWN}{doubt}"


# ------------------------------------------------------------------------------------------ single values
def _text(value: object, style: str = "") -> Text:
    text = NOT_KNOWN if value is None else printable(value)
    return Text(text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…", style)


def _short_digest(one: Rejected) -> Text:
    return Text(one.digest.removeprefix("sha256:")[:SHORT_DIGEST], "bold")


def _size(size_bytes: int) -> Text:
    return Text(f"{size_bytes} B" if size_bytes < 10_000 else f"{size_bytes // 1024:,} KiB")


def _phase(phase: str) -> Text:
    return Text(phase.lower(), _STYLES.get(phase, "dim"))


def _state(state: str) -> Text:
    return Text(state.lower(), {"PRESENT": "green", "MISSING": "bold red", "CHANGED": "yellow"}.get(state, "dim"))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _number(count: int | None) -> str:
    return NOT_KNOWN if count is None else str(count)


def _other_kind(run: Answer) -> str | None:
    """What a run is, where that is no workflow."""
    return run["kind"] if run["kind"] != WORKFLOW else None


def _pipeline(run: Answer) -> str | None:
    version = run["pipelineVersion"]
    return version["pipeline"]["name"] if version else None


def _time(moment: str | None) -> str | None:
    return None if moment is None else moment[:19].replace("T", " ")


def _took(seconds: float | None) -> str:
    if seconds is None:
        return NOT_KNOWN
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f}s".replace(".0s", "s")
    minutes, hours = whole // 60, whole // 3600
    return f"{minutes}m {whole % 60:02}s" if hours == 0 else f"{hours}h {minutes % 60:02}m"
