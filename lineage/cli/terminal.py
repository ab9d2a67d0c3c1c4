"""What the commands have in common in how they speak: exit codes, messages, logs, the flags they share.

Answers go to standard output, everything else to standard error, so that answers can be piped.
"""

import logging
import sys
from typing import Annotated, Final, NoReturn

import structlog
import typer
from rich.console import Console, RenderableType
from rich.markup import escape

FAILURE: Final = 1
USAGE: Final = 2
SOME_REJECTED: Final = 3

notes: Final = Console(stderr=True, highlight=False, soft_wrap=True)
WIDTH_IN_A_PIPE: Final = 1000  # columns: what reads a pipe wraps nothing

StoreFlag = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="URL", help="Where knowledge is kept, such as sqlite:///lineage.db. Also LINEAGE_STORE."
    ),
]
ClusterFlag = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="NAME", help="Name of the cluster that the objects are from. Also LINEAGE_CLUSTER."
    ),
]
HostFlag = Annotated[str | None, typer.Option("--host", help="Address to listen on. Also LINEAGE_HOST.")]
PortFlag = Annotated[
    int | None, typer.Option("--port", metavar="PORT", help="Port to listen on; 0 is any free one. Also LINEAGE_PORT.")
]


def complain(message: str) -> None:
    """Say in one line what is wrong."""
    notes.print(f"[bold red]lineage:[/] {escape(' '.join(message.split()))}")


def fail(message: str, *, code: int = FAILURE) -> NoReturn:
    """Say in one line what is wrong, and end."""
    complain(message)
    raise typer.Exit(code)


def configure_logs(level: int) -> None:
    """Log to standard error: for people on a terminal, else as JSON lines."""
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if on_terminal else "iso", utc=not on_terminal),
            *([] if on_terminal else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=max(level, logging.WARNING), format="%(name)s: %(message)s", stream=sys.stderr)


def print_answer(*shown: RenderableType) -> None:
    """Print to standard output: as wide as the terminal, or as wide as it is where it goes to a file."""
    width = None if sys.stdout.isatty() else WIDTH_IN_A_PIPE
    Console(file=sys.stdout, highlight=False, width=width).print(*shown, sep="\n")


def printable(text: object) -> str:
    """Write a text that came from outside on one line: what would steer the terminal becomes a question mark."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in str(text))
