"""The command line, and the composition root: the only place where adapters meet.

One file a command or family of commands, imported when one is called (`commands.py`). Every failure that we foresee
is one line on standard error; a traceback is a defect.
"""

import gc
import signal
import sys
from typing import Final

import typer

from lineage.cli.commands import MARKUP, LazyGroup, add_to
from lineage.cli.terminal import FAILURE, SIGNALLED, USAGE, complain
from lineage.errors import InvalidSettings, LineageError

GARBAGE_OBJECTS: Final = 50_000  # that are made and kept before cycles are looked for; Python's own is 700
EXIT_CODES: Final = "Exit codes: 0 fine · 1 failure · 2 wrong usage or settings · 3 some input was rejected."

app = typer.Typer(
    name="lineage",
    cls=LazyGroup,
    help=(
        "Record what ran in Kubeflow Pipelines and Argo Workflows, and ask where an artifact came from.\n\n"
        "```text\n"
        "lineage up --demo           see it work, without a cluster\n"
        "lineage up                  watch your cluster, record and serve\n"
        "lineage ingest runs/        record what was saved to files\n"
        "lineage runs                the latest runs\n"
        "lineage show RUN            what happened in one\n"
        "lineage logs RUN/STEP       what a step said\n"
        "lineage query recent-runs   ask in GraphQL, or by the name of a saved query\n"
        "lineage watch, record       the same in a cluster, with Kafka between them\n"
        "```"
    ),
    epilog=f"{EXIT_CODES} Settings: a flag, else LINEAGE_… in the environment, else config.toml, else a default.",
    rich_markup_mode=MARKUP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
add_to(app)


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    gc.set_threshold(GARBAGE_OBJECTS)
    # The first process of a container dies of no signal that it does not handle. So what is open is closed, too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(SIGNALLED + number))
    try:
        app()
    except LineageError as error:
        complain(str(error))
        sys.exit(USAGE if isinstance(error, InvalidSettings) else FAILURE)
