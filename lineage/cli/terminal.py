"""What the commands have in common in how they speak: exit codes, messages, answers.

Answers go to standard output, everything else to standard error, so that answers can be piped.
"""

import json
import sys
from codecs import register_error
from io import TextIOWrapper
from pathlib import Path
from typing import Final, NoReturn

import typer
from rich.console import Console, RenderableType
from rich.markup import escape

FAILURE: Final = 1
USAGE: Final = 2
SOME_REJECTED: Final = 3
SIGNALLED: Final = 128  # and the number of the signal: what shells say of a process that one ended

notes: Final = Console(stderr=True, highlight=False, soft_wrap=True)
WIDTH_IN_A_PIPE: Final = 1000  # columns: what reads a pipe wraps nothing


def complain(message: str) -> None:
    """Say in one line what is wrong."""
    notes.print(f"[bold red]lineage:[/] {escape(printable(' '.join(message.split())))}")


def fail(message: str, *, code: int = FAILURE) -> NoReturn:
    """Say in one line what is wrong, and end."""
    complain(message)
    raise typer.Exit(code)


def print_answer(*shown: RenderableType) -> None:
    """Print to standard output: as wide as the terminal, or as wide as it is where it goes to a file."""
    width = None if sys.stdout.isatty() else WIDTH_IN_A_PIPE
    if isinstance(sys.stdout, TextIOWrapper):
        register_error(_PLAINLY, _plainly)
        sys.stdout.reconfigure(errors=_PLAINLY)
    Console(file=sys.stdout, highlight=False, width=width).print(*shown, sep="\n")


_PLAINLY: Final = "plainly"
_IN_ASCII: Final = {"−": "-", "–": "-", "→": "->", "←": "<-", "…": "...", "×": "x"}


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Write what a terminal does not know in letters that any knows: a minus must not be lost."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(letter, "?") for letter in unknown), error.end


def write_file(file: Path, text: str) -> None:
    """Write an answer to a file, or end where that cannot be."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror or error}")


def printable_json(text: str) -> str:
    """Write JSON that means the same, and in which nothing steers the terminal."""
    return text if text.isascii() and "\x7f" not in text else "".join(map(_escaped, text))


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1].replace("\x7f", "\\u007f")


def printable(text: object) -> str:
    """Write a text that came from outside on one line: what would steer the terminal becomes a question mark."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in str(text))
