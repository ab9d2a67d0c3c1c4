"""Runs as a table, and one of them as a tree of its steps. Pure."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from lineage.cli.pictures.cells import NOT_KNOWN, Answer, number_of, phase_of, shown, time_of, times, took
from lineage.metrics import as_text
from lineage.workloads import WORKFLOW


def table_of_runs(runs: Sequence[Answer]) -> Table:
    """A row a run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("run", "phase", "started (UTC)", "took", "pipeline or kind", "namespace", "uid"):
        table.add_column(column, overflow="fold", no_wrap=column in ("phase", "took"))
    for run in runs:
        table.add_row(
            shown(run["displayName"]),
            phase_of(run["phase"]),
            shown(time_of(run["startedAt"] or run["createdAt"])),
            shown(took(run["durationSeconds"])),
            shown(_pipeline(run) or _other_kind(run)),
            shown(run["namespace"]),
            shown(run["uid"]),
        )
    return table


def picture_of_run(run: Answer) -> Iterator[RenderableType]:
    """What is known of a run, and under it its steps with what they read and wrote."""
    yield _facts(run)
    yield ""
    steps = run["executions"]["nodes"]
    tree = Tree(Text.assemble(phase_of(run["phase"]), " ", shown(run["displayName"], "bold")), guide_style="dim")
    for step in steps:
        _add_step(tree, step)
    if not steps:
        tree.add(Text("no step was seen", "dim"))
    yield tree


def _facts(run: Answer) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in _known_facts(run):
        table.add_row(Text(name, "bold"), value)
    return table


def _known_facts(run: Answer) -> Iterator[tuple[str, Text]]:
    yield "run", shown(run["name"])
    yield "id", Text(run["id"])
    yield "uid", shown(run["uid"])
    yield "namespace", shown(f"{run['namespace']} in {run['cluster']}{'' if run['inCluster'] else ', gone'}")
    yield "phase", Text.assemble(phase_of(run["phase"]), shown(f" {run['message']}" if run["message"] else ""))
    yield "started", shown(time_of(run["startedAt"]))
    yield "took", shown(took(run["durationSeconds"]))
    if run["pipelineVersion"]:
        yield "pipeline", shown(f"{_pipeline(run)}  {run['pipelineVersion']['digest']}")
    if _other_kind(run):
        yield "kind", shown(run["kind"])
    if run["startedBy"]:
        starter = run["startedBy"]
        yield "started by", shown(f"{starter['displayName']} of {starter['run']['displayName']}")
    if run["tuning"]:
        yield from _facts_of_tuning(run["tuning"])
    if run["experiment"]:
        yield "experiment", shown(run["experiment"]["name"])
    if run["recurringRun"]:
        due = f", for {time_of(run['scheduledAt'])}" if run["scheduledAt"] else ""
        yield "recurring run", shown(f"{run['recurringRun']['displayName'] or run['recurringRun']['name']}{due}")
    if run["resubmittedFrom"]:
        yield "resubmitted from", shown(run["resubmittedFrom"]["displayName"])
    for number, parameter in enumerate(run["parameters"]):
        value = "(redacted)" if parameter["redacted"] else parameter["value"]
        yield "parameters" if number == 0 else "", shown(f"{parameter['name']} = {value}")
    for number, metric in enumerate(run["metrics"]):
        yield "metrics" if number == 0 else "", _metric(metric)
    for missing in run["completeness"]["missing"]:
        yield "not seen", shown(missing, "yellow")


def _facts_of_tuning(tuning: Answer) -> Iterator[tuple[str, Text]]:
    """What a search is after, and what it has found."""
    goal = f", to {tuning['goal']}" if tuning["goal"] else ""
    yield "objective", shown(f"{tuning['direction'] or 'optimize'} {tuning['objective']}{goal}")
    yield "algorithm", shown(tuning["algorithm"])
    for number, one in enumerate(tuning["searched"]):
        step = f" by {one['step']}" if one["step"] else ""
        among = ", ".join(one["choices"]) or f"{one['min']} … {one['max']}{step}"
        yield "searched" if number == 0 else "", shown(f"{one['name']}: {among}")
    if tuning["bestTrialName"]:
        yield "best trial", shown(f"{tuning['bestTrialName']}  {_assigned(tuning['bestParameters'])}")


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
    return Text.assemble(shown(f"{metric['name']} = {value}"), shown(f"  {', '.join(notes)}" if notes else "", "dim"))


def _add_step(tree: Tree, step: Answer) -> None:
    notes = [
        took(step["durationSeconds"]),
        *([f"item {step['iteration'] + 1}"] if step["iteration"] is not None else []),
        *([f"attempt {step['attempt'] + 1}"] if step["attempt"] else []),
        *(["superseded"] if step["superseded"] else []),
        *(["cached"] if step["cached"] else []),
        *(["stopped early"] if step["stoppedEarly"] else []),
        *([f"restarted {times(step['restarts'])}"] if step["restarts"] else []),
        *([f"exit code {step['exitCode']}"] if step["exitCode"] else []),
    ]
    name = shown(step["displayName"], "dim" if step["superseded"] else "bold")
    branch = tree.add(Text.assemble(phase_of(step["phase"]), " ", name, shown(f"  {', '.join(notes)}", "dim")))
    if step["message"]:
        branch.add(shown(step["message"], "yellow"))
    before = sorted({each["displayName"] for each in step["dependsOn"]})
    if before:
        branch.add(shown(f"after {', '.join(before)}", "dim"))
    if step["observed"]:
        branch.add(shown(_assigned(step["inputParameters"])))
    for observed in step["observed"]:
        values = (f"{name} {observed[name]}" for name in ("min", "max", "latest") if observed[name] is not None)
        branch.add(shown(f"{observed['name']}: {', '.join(values)}"))
    for role in step["replicas"]:
        counts = (f"{role[name]} {name}" for name in ("active", "succeeded", "failed") if role[name])
        branch.add(shown(f"{role['role']} × {number_of(role['wanted'])}  {', '.join(counts)}".rstrip(), "dim"))
    for run in step["startedRuns"]["nodes"]:
        branch.add(Text.assemble("▶ ", phase_of(run["phase"]), shown(f" {run['kind']} {run['displayName']}")))
    more = step["startedRuns"]["totalCount"] - len(step["startedRuns"]["nodes"])
    if more > 0:
        branch.add(shown(f"▶ and {more} more", "dim"))
    for image in sorted({each["reference"] for each in step["images"]}):
        branch.add(shown(f"image {image}", "dim"))
    for use in step["inputs"]:
        branch.add(shown(f"← {_used(use)}"))
    for use in step["outputs"]:
        branch.add(shown(f"→ {_used(use)}{_taken(step) if use['role'] == 'REUSED' else ''}"))


def _taken(step: Answer) -> str:
    return " (from a cache)" if step["cached"] else " (was there before)"


def _used(use: Answer) -> str:
    artifact = use["artifact"]
    doubt = " (or another write of it)" if use["ambiguous"] else " (perhaps: it is mounted)" if use["inferred"] else ""
    type_of = f" [{artifact['type']}]" if artifact["type"] else ""
    return f"{use['name']}{type_of}  {artifact['uri'] or artifact['digest'] or NOT_KNOWN}{doubt}"


def _other_kind(run: Answer) -> str | None:
    """What a run is, where that is no workflow."""
    return run["kind"] if run["kind"] != WORKFLOW else None


def _pipeline(run: Answer) -> str | None:
    version = run["pipelineVersion"]
    return version["pipeline"]["name"] if version else None
