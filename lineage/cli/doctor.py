"""`lineage doctor`: whether everything that the settings name is there, lets us in, and agrees on what time it is."""

import logging
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.text import Text

from lineage.cli.asking import write_json
from lineage.cli.checkups import Finding, State, checkups, looked_at
from lineage.cli.flags import ContextFlag, JsonFlag, StoreFlag
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import FAILURE, notes, print_answer, printable
from lineage.settings import load_settings

MARKS: Final = {State.OK: "ok", State.WARNING: "warning", State.PROBLEM: "PROBLEM", State.UNUSED: "unused"}
STYLES: Final = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "bold red", State.UNUSED: "dim"}


def doctor(
    store: StoreFlag = None,
    context: ContextFlag = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings, too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Look at all that the settings name: the store, the cluster and what may be watched in it, the log, object stores,
    Kubeflow's services, who is let in, and the clocks of these. Changes nothing.

    Each line says what was found, and what to do where something is wrong; then the exit code is 1.

    ```
    lineage doctor
    lineage doctor --context staging --strict
    ```
    """
    configure_logs(logging.ERROR)
    settings = load_settings({"store": store, "context": context})
    found: list[Finding] = []
    for part, look in checkups(settings):
        with notes.status(f"looking at: {part}"):
            these = list(looked_at(part, look))
        found += these
        if not as_json:
            print_answer(*map(_line, these))
    if as_json:
        write_json({"findings": [asdict(one) for one in found]})
    failing = (State.PROBLEM, State.WARNING) if strict else (State.PROBLEM,)
    if any(one.state in failing for one in found):
        raise typer.Exit(FAILURE)


def _line(one: Finding) -> Text:
    line = Text.assemble((f"{MARKS[one.state]:<8}", STYLES[one.state]), f"{one.part:<19}", " ", printable(one.says))
    return line if one.remedy is None else line.append(f"\n{'':<28}→ {printable(one.remedy)}", STYLES[one.state])
