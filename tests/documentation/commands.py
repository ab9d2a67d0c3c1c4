"""The reference of the command line: from the functions that the commands are, with their flags and examples."""

import inspect
import typing
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Literal

import typer
from typer.models import ArgumentInfo, OptionInfo

from lineage.cli import EXIT_CODES
from lineage.cli.commands import COMMANDS
from tests.documentation import WRITTEN, cell, row


def reference() -> str:
    """Write the page."""
    lines = [
        "# Commands",
        "",
        WRITTEN,
        "",
        f"{EXIT_CODES} 128 + n: ended by signal n. What a flag does not say, [settings](settings.md) do.",
    ]
    for name in COMMANDS:
        for words, function in functions_of(name):
            lines += ["", f"## lineage {' '.join(words)}", "", *_described(words, function)]
    return "\n".join(lines) + "\n"


def functions_of(name: str) -> Iterator[tuple[list[str], Callable[..., object]]]:
    """What a command runs, and by which words: a group runs several."""
    module, _, written = COMMANDS[name].place.partition(":")
    found = getattr(import_module(f"lineage.cli.{module}"), written)
    if not isinstance(found, typer.Typer):
        yield [name], found
        return
    for command in found.registered_commands:
        assert command.callback is not None
        yield [name, command.name or command.callback.__name__.replace("_", "-")], command.callback


def flags_of(function: Callable[..., object]) -> Iterator[str]:
    """The flags that a command takes, `--help` aside."""
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if isinstance(told := _info(parameter), OptionInfo):
            yield from _names(parameter, told)


# ------------------------------------------------------------------------------------------ writing
def _described(words: Sequence[str], function: Callable[..., object]) -> Iterator[str]:
    yield inspect.getdoc(function) or ""
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    arguments = [one for one in parameters if isinstance(_info(one), ArgumentInfo)]
    yield from ("", "```text", " ".join(["lineage", *words, *map(_argument, arguments), "[OPTIONS]"]), "```")
    if parameters:
        yield from ("", row("Argument, option", "Means", "Default"), row("---", "---", "---"))
    for one in parameters:
        told = _info(one)
        name = _argument(one) if isinstance(told, ArgumentInfo) else _option(one, told)
        yield row(f"`{cell(name)}`", cell(told.help or ""), _default(one))


def _info(parameter: inspect.Parameter) -> Any:
    """What Typer is told of a parameter."""
    assert typing.get_origin(parameter.annotation) is Annotated, f"{parameter} is not annotated"
    return parameter.annotation.__metadata__[0]


def _argument(parameter: inspect.Parameter) -> str:
    shown = str(_info(parameter).metavar or parameter.name.upper())
    return shown if shown.startswith("[") or _is_required(parameter) else f"[{shown}]"


def _option(parameter: inspect.Parameter, told: OptionInfo) -> str:
    names = ", ".join(_names(parameter, told))
    choices, kinds = _choices(parameter), _kinds(parameter)
    if bool in kinds:
        return names
    plain = {int: "INTEGER", float: "NUMBER"}.get(kinds[0], "TEXT")
    return f"{names} {told.metavar or '|'.join(choices) or plain}"


def _names(parameter: inspect.Parameter, told: OptionInfo) -> Sequence[str]:
    """The names of an option. Where it is annotated, Typer has the first of them for a default until it is called."""
    first = (told.default,) if isinstance(told.default, str) else ()
    return (*first, *(told.param_decls or ())) or (f"--{parameter.name.replace('_', '-')}",)


def _kinds(parameter: inspect.Parameter) -> list[Any]:
    """The types that a parameter may have, None aside; of a list, those of its members."""
    told = parameter.annotation.__origin__
    kinds = typing.get_args(told) if typing.get_origin(told) in (UnionType, typing.Union) else (told,)
    return [
        typing.get_args(one)[0] if typing.get_origin(one) is list else one for one in kinds if one is not type(None)
    ]


def _choices(parameter: inspect.Parameter) -> list[str]:
    found: list[str] = []
    for one in _kinds(parameter):
        if typing.get_origin(one) is Literal:
            found += map(str, typing.get_args(one))
        elif isinstance(one, type) and issubclass(one, Enum):
            found += [str(each.value) for each in one]
    return found


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default in (inspect.Parameter.empty, ...)


def _default(parameter: inspect.Parameter) -> str:
    value = parameter.default
    if _is_required(parameter):
        return "required"
    if value is None or value is False or value == []:
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"
