"""What the commands have in common in how they speak: exit codes, messages, logs, the flags they share.

Answers go to standard output, everything else to standard error, so that answers can be piped.
"""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
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
LogFlag = Annotated[
    str | None,
    typer.Option("--log", metavar="URL", help="The event log, such as kafka://HOST:9092/lineage. Also LINEAGE_LOG."),
]
NamespaceFlag = Annotated[
    list[str] | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="Watch this namespace; may be repeated. Without: all."),
]
ContextFlag = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="Context of the kubeconfig. Also LINEAGE_CONTEXT.")
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
    logging.getLogger("kafka").propagate = False  # ten lines a second while a broker is down; our own say it once
    logging.getLogger("kafka").addHandler(logging.NullHandler())
    logging.basicConfig(level=max(level, logging.WARNING), format="%(name)s: %(message)s", stream=sys.stderr)


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """Set an event at SIGINT or SIGTERM, for what ends in its own time; the second ends the process."""
    stop = Event()

    def end(number: int, _frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def print_answer(*shown: RenderableType) -> None:
    """Print to standard output: as wide as the terminal, or as wide as it is where it goes to a file."""
    width = None if sys.stdout.isatty() else WIDTH_IN_A_PIPE
    Console(file=sys.stdout, highlight=False, width=width).print(*shown, sep="\n")


def printable(text: object) -> str:
    """Write a text that came from outside on one line: what would steer the terminal becomes a question mark."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in str(text))
