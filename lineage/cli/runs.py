"""`lineage runs` and `lineage show`: runs as a table, and one of them as a tree."""

import logging
from typing import Annotated, Any

import typer

from lineage.cli.asking import Ask, UrlFlag, ask_pages, ask_saved, open_ask, write_json
from lineage.cli.flags import JsonFlag, OfNamespaceFlag, OfPipelineFlag, PhaseFlag, StoreFlag
from lineage.cli.meant import run_meant
from lineage.cli.pictures.runs import picture_of_run, table_of_runs
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import notes, print_answer


def runs(
    phase: PhaseFlag = None,
    pipeline: OfPipelineFlag = None,
    namespace: OfNamespaceFlag = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", metavar="KIND", help="Only those of this kind: Workflow, KatibExperiment, PyTorchJob, …"
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many at most.")] = 20,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """List runs, the newest first.

    ```
    lineage runs
    lineage runs --phase failed --phase error --limit 5
    lineage runs --pipeline churn-training --json
    lineage runs --kind KatibExperiment
    ```
    """
    configure_logs(logging.ERROR)
    wanted = {
        "phase": {"in": [each.value for each in phase]} if phase else None,
        "pipelineName": {"eq": pipeline} if pipeline is not None else None,
        "namespace": {"eq": namespace} if namespace is not None else None,
        "kind": {"eq": kind} if kind is not None else None,
    }
    where = {name: value for name, value in wanted.items() if value is not None}
    found, total = ask_pages(open_ask(store, url), "runs", "runs", where, limit)
    if as_json:
        write_json(found)
        return
    if found:
        print_answer(table_of_runs(found))
    if len(found) < total:
        notes.print(f"{len(found)} of {total} runs; --limit N shows more.")
    elif not found:
        notes.print("No run matches." if where else "No run is recorded yet.")


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id, the uid or the name of a run.")],
    system: Annotated[
        bool, typer.Option("--system", help="Show plumbing of the engine, too, such as the drivers of Kubeflow.")
    ] = False,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Show what happened in one run: its arguments, its steps, and what each read and wrote.

    Of several runs of one name it is the newest.

    ```
    lineage show churn-training-hl9ft
    lineage show 5f3c2a10-7e0b-4a51-9a53-0d1f1b6d9c0e --json
    ```
    """
    configure_logs(logging.ERROR)
    ask = open_ask(store, url)
    found = _steps(ask, run_meant(ask, run), system=system)
    if as_json:
        write_json(found)
    else:
        print_answer(*picture_of_run(found))


# ------------------------------------------------------------------------------------------ asking
def _steps(ask: Ask, run: str, *, system: bool) -> dict[str, Any]:
    """Read a run with all its executions, however many; with those that are plumbing, if `system`."""
    wanted = {"id": run, "system": None if system else False}
    found = dict(ask_saved(ask, "run-steps", wanted)["node"])
    executions = dict(found["executions"])
    while executions["pageInfo"]["hasNextPage"]:
        values = wanted | {"after": executions["pageInfo"]["endCursor"]}
        more = ask_saved(ask, "run-steps", values)["node"]["executions"]
        executions = {**more, "nodes": [*executions["nodes"], *more["nodes"]]}
    del executions["pageInfo"]
    return {**found, "executions": executions}
