"""What a process says of itself on standard error: its logs, and what it does when it begins."""

import logging
import sys
from collections.abc import Mapping

import structlog
import typer
from structlog.typing import EventDict, Processor

from lineage.cli.flags import LogFormat
from lineage.cli.terminal import printable


def configure_logs(level: int, form: LogFormat | None = None) -> None:
    """Log to standard error, one line an event: text for people on a terminal, else JSON. What libraries say is
    logged alike, from warnings on."""
    as_text = sys.stderr.isatty() if form is None else form == "text"
    first: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text),
    ]
    if as_text:
        first.append(_printable)
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


def _printable(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Keep texts from outside on their line, and from steering the terminal."""
    return {name: printable(value) if isinstance(value, str) else value for name, value in event.items()}


def introduce(form: LogFormat | None, facts: Mapping[str, str]) -> None:
    """Say what a process that stays does: a line each for people, one event where JSON was asked for."""
    if form == "json":
        structlog.get_logger(__name__).info("started", **facts)
        return
    for name, value in facts.items():
        typer.echo(f"{name:<9} {value}")
