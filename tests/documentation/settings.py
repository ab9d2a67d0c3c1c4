"""The reference of the settings: from the fields of `Settings`, and what is said of each there."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from lineage.settings import FILE_VARIABLE, PREFIX, ObjectStoreSettings, Settings, flag_of
from tests.documentation import WRITTEN, cell, row

PLACES: Final[Mapping[str, str]] = {"store": "`sqlite:///…/lineage.db` in `~/.local/share/kfp-lineage`"}


def reference() -> str:
    """Write the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("# Settings", "", WRITTEN, "")
    yield (
        "A flag wins over the environment, the environment over the file, the file over the default. The file is "
        f"`~/.config/kfp-lineage/config.toml`, or what `{FILE_VARIABLE}` names. `XDG_CONFIG_HOME` and `XDG_DATA_HOME` "
        "move the folders. What is wrong is said with its name and where it can be set; `lineage doctor` looks "
        "whether what the settings name is there."
    )
    yield from ("", "```toml", 'store = "postgresql://lineage@db.example/lineage"', 'namespaces = ["team-a", "team-b"]')
    yield from ("port = 8081", "```", "")
    yield "In the environment, several are separated by commas; `LINEAGE_OBJECT_STORES` is JSON."
    yield "[Commands](commands.md) says which of them take a flag."
    for name, field in Settings.model_fields.items():
        yield from ("", f"## {name}", "", field.description or "", "")
        yield row("In the environment", "As a flag", "Is", "Default")
        yield row("---", "---", "---", "---")
        yield row(f"`{PREFIX}{name.upper()}`", _flag(name), _kind(name, field), _default(name, field))
    yield from ("", "## An object store", "")
    yield "A member of [object_stores](#object_stores), as a table `[[object_stores]]` of the file. Secrets are given"
    yield "themselves or as a file. [Object stores](../guide/objects.md) shows two."
    yield from ("", row("Key", "Means", "Is"), row("---", "---", "---"))
    for name, field in ObjectStoreSettings.model_fields.items():
        yield row(f"`{name}`", cell(field.description or ""), _kind(name, field))


def _flag(name: str) -> str:
    flag = flag_of(name)
    return "none" if flag is None else f"`{flag}`"


def _kind(name: str, field: FieldInfo) -> str:
    members = _members(field.annotation)
    if any(get_origin(one) is tuple for one in members):
        several = next(one for one in members if get_origin(one) is tuple)
        of = get_args(several)[0]
        if isinstance(of, type) and issubclass(of, BaseModel):
            return "[tables](#an-object-store)"
        return f"several: {_words(_members(of))}"
    bounds = [_bound(one) for one in field.metadata if _bound(one)]
    return ", ".join([_words(members), *(one for one in bounds if one)])


def _bound(told: Any) -> str:
    for attribute, words in {"ge": "at least", "gt": "more than", "le": "at most"}.items():
        if (value := getattr(told, attribute, None)) is not None:
            return f"{words} {value:g}"
    return ""


def _members(annotation: Any) -> list[Any]:
    """The types that a setting may have, None aside."""
    if get_origin(annotation) in (Literal, tuple):
        return [annotation]
    parts = get_args(annotation)
    return (
        [one for part in parts for one in _members(part)] if parts else [] if annotation is type(None) else [annotation]
    )


def _words(members: Sequence[Any]) -> str:
    found: list[str] = []
    for one in members:
        if get_origin(one) is Literal:
            found += [f"`{value}`" for value in get_args(one)]
        elif isinstance(one, str):
            continue
        elif one is SecretStr:
            found.append("secret text")
        elif one is Path:
            found.append("file or folder")
        elif isinstance(one, type):
            words = {bool: "yes or no", int: "whole number", float: "number", str: "text"}
            found.append(words.get(one, "network"))
    return ", ".join(dict.fromkeys(found))


def _default(name: str, field: FieldInfo) -> str:
    if name in PLACES:
        return PLACES[name]
    value = field.default
    if value in (None, ()):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{cell(str(one))}`" for one in value)
    return f"`{value}`" if value != "" else "empty"
