"""What the commands have in common in how they speak: exit codes, messages, logs, the flags they share.

Answers go to standard output, everything else to standard error, so that answers can be piped.
"""

import logging
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Annotated, Final, Literal, NoReturn, TypeAlias

import structlog
import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from structlog.typing import Processor

FAILURE: Final = 1
USAGE: Final = 2
SOME_REJECTED: Final = 3
SIGNALLED: Final = 128  # and the number of the signal: what shells say of a process that one ended

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
HealthPortFlag = Annotated[
    int | None,
    typer.Option(
        "--health-port",
        metavar="PORT",
        help="Port for /healthz, /readyz and /metrics; without, there is none. Also LINEAGE_HEALTH_PORT.",
    ),
]
LogFormat: TypeAlias = Literal["json", "text"]
LogFormatFlag = Annotated[
    LogFormat | None,
    typer.Option("--log-format", help="How to log; without, text on a terminal, else JSON. Also LINEAGE_LOG_FORMAT."),
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


def configure_logs(level: int, form: LogFormat | None = None) -> None:
    """Log to standard error, one line an event: text for people on a terminal, else JSON. What libraries say is
    logged alike, from warnings on."""
    as_text = sys.stderr.isatty() if form is None else form == "text"
    first: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text),
    ]
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if as_text
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    logging.getLogger("kafka").propagate = False  # ten lines a second while a broker is down; our own say it once
    logging.getLogger("kafka").addHandler(logging.NullHandler())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *first],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
    logging.captureWarnings(True)


def introduce(form: LogFormat | None, facts: Mapping[str, str]) -> None:
    """Say what a process that stays does: a line each for people, one event where JSON was asked for."""
    if form == "json":
        structlog.get_logger(__name__).info("started", **facts)
        return
    for name, value in facts.items():
        typer.echo(f"{name:<9} {value}")


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
